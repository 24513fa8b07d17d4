#include "base/rights.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	GROUPS_MAX = 1024, /* groups of a list's owner; more are ignored */
	NO_GROUP = 65534,  /* the group of an owner without an account: Debian's nogroup, the kernel's overflow id */
};

/* ---- for good ------------------------------------------------------------------------------------ */

static bool user_is_real(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) == 0 && effective == real && saved == real;
}

static bool group_is_real(void)
{
	gid_t real, effective, saved;

	return getresgid(&real, &effective, &saved) == 0 && effective == real && saved == real;
}

/* The group first: after the user's rights are dropped, the kernel would refuse to change it. */
static bool drop_ids(void)
{
	uid_t uid = getuid(), was_uid = geteuid();
	gid_t gid = getgid(), was_gid = getegid();

	if (!group_is_real() && (setresgid(gid, gid, gid) != 0 || !group_is_real()))
		return false;
	if (!user_is_real() && (setresuid(uid, uid, uid) != 0 || !user_is_real()))
		return false;
	if (uid == 0) /* root can always restore them */
		return true;
	return (was_uid == uid || seteuid(was_uid) != 0) && (was_gid == gid || setegid(was_gid) != 0);
}

/* setcap(8) on our file gives rights as a set-user-ID bit does, and sets AT_SECURE.  Capabilities that a service manager gives
 * to a user on purpose do not set AT_SECURE, and stay. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (getauxval(AT_SECURE) == 0 || getuid() == 0)
		return true;
	return syscall(SYS_capset, &head, none) == 0;
}

void rights_drop(void)
{
	if (!drop_ids() || !drop_capabilities())
		_exit(EX_OSERR);
}

/* ---- for one file -------------------------------------------------------------------------------- */

static bool keep_groups(struct rights *was, struct err *e)
{
	was->groups = calloc(NGROUPS_MAX, sizeof *was->groups);
	if (was->groups == NULL)
		return fail_memory(e);
	was->n = getgroups(NGROUPS_MAX, was->groups);
	was->gid = getegid();
	return true;
}

static int groups_of(uid_t uid, gid_t to[GROUPS_MAX], gid_t *primary)
{
	const struct passwd *pw = getpwuid(uid);
	int n = GROUPS_MAX;

	*primary = pw == NULL ? NO_GROUP : pw->pw_gid;
	if (pw == NULL)
		return 0;
	(void)getgrouplist(pw->pw_name, pw->pw_gid, to, &n);
	return n < GROUPS_MAX ? n : GROUPS_MAX;
}

/* setfsuid(2) reports no failure; a second call with -1 returns the id that is set. */
static bool files_are_of(uid_t uid, gid_t gid)
{
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	return (gid_t)setfsgid((gid_t)-1) == gid && (uid_t)setfsuid((uid_t)-1) == uid;
}

bool rights_take(uid_t uid, struct rights *was, struct err *e)
{
	gid_t groups[GROUPS_MAX], gid;
	int n = groups_of(uid, groups, &gid);

	*was = (struct rights){ 0 };
	if (!keep_groups(was, e))
		return false;
	was->changed = true;
	if (setgroups((size_t)n, groups) == 0 && files_are_of(uid, gid))
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "the rights of user %ld cannot be taken, to read as that user", (long)uid);
	return false;
}

bool rights_restore(struct rights *was, struct err *e)
{
	bool ok = true;

	if (was->changed)
		ok = files_are_of(geteuid(), was->gid) && setgroups((size_t)was->n, was->groups) == 0;
	free(was->groups);
	*was = (struct rights){ 0 };
	return ok || fail_sys(e, ST_INTERNAL, errno, "cannot get the rights of root back");
}

/* ---- for a directory ----------------------------------------------------------------------------- */

static bool fail_become(uid_t uid, struct err *e)
{
	return fail(e, ST_SPOOL, FATE_PERM, "the rights of user %ld cannot be taken, to work in that user's queue", (long)uid);
}

static struct rights roots; /* while rights_act_as() holds */

/* The groups, too: a file that root's groups may read is none of that user's. */
bool rights_act_as(uid_t uid, struct err *e)
{
	gid_t groups[GROUPS_MAX], gid;
	int n = groups_of(uid, groups, &gid);

	if (!keep_groups(&roots, e))
		return false;
	roots.changed = true;
	return (setgroups((size_t)n, groups) == 0 && setegid(gid) == 0 && seteuid(uid) == 0) || fail_become(uid, e);
}

void rights_act_as_root(void)
{
	if (seteuid(0) != 0 || setegid(getgid()) != 0
	    || (roots.changed && setgroups((size_t)roots.n, roots.groups) != 0))
		_exit(EX_OSERR);
	free(roots.groups);
	roots = (struct rights){ 0 };
}

bool rights_become(uid_t uid, struct err *e)
{
	gid_t groups[GROUPS_MAX], gid;
	int n = groups_of(uid, groups, &gid);

	return (setgroups((size_t)n, groups) == 0 && setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0)
	    || fail_become(uid, e);
}

#ifdef __SANITIZE_ADDRESS__
enum { DUMPABLE = 1 }; /* the leak checker attaches to its own process */
#else
enum { DUMPABLE = 0 };
#endif

void rights_harden(void)
{
	struct rlimit none = { 0, 0 };

	(void)prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}
