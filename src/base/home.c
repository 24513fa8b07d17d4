#include "base/home.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static const char *database_home(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

/* A directory that stat(2) cannot look at (root's home is closed to others) counts as another user's. */
static bool is_own(const char *dir)
{
	struct stat s;

	return stat(dir, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid();
}

bool home_may_be(const char *dir)
{
	return dir != NULL && dir[0] == '/' && (is_own(dir) || database_home() == NULL);
}

const char *home_dir(void)
{
	const char *home = secure_getenv("HOME");

	return home_may_be(home) ? home : database_home();
}

static bool is_anothers(const char *dir)
{
	struct stat s;

	return stat(dir, &s) == 0 ? s.st_uid != geteuid() : errno == EACCES;
}

bool home_is_foreign(void)
{
	const char *home = secure_getenv("HOME"), *usual = database_home();

	return home != NULL && home[0] == '/' && usual != NULL && strcmp(home, usual) != 0 && is_anothers(home);
}

char *home_expand(const char *path, struct err *e)
{
	const char *home;
	char *whole = NULL;

	if (path[0] != '~' || (path[1] != '\0' && path[1] != '/'))
		return str_dup(path, e);
	home = home_dir();
	if (home == NULL)
		fail(e, ST_CONFIG, FATE_PERM, "there is no home directory for %s", path);
	else if (asprintf(&whole, "%s%s", home, path + 1) < 0) {
		whole = NULL;
		fail_memory(e);
	}
	return whole;
}

char *home_state(const char *name, enum stage st, const char *what, struct err *e)
{
	const char *state = secure_getenv("XDG_STATE_HOME");
	bool given = home_may_be(state);
	const char *base = given ? state : home_dir();
	char *whole = NULL;

	if (base == NULL || (!given && strcmp(base, "/") == 0 && access("/", W_OK) != 0)) /* system users have "/" for none */
		fail(e, st, FATE_PERM, "the user has no home directory, so there is no place for %s", what);
	else if (asprintf(&whole, "%s%s%s", base, given ? "" : "/.local/state", name) < 0) {
		whole = NULL;
		fail_memory(e);
	}
	return whole;
}
