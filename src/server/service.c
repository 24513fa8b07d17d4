#include "server/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DIRECTORY RUNSTATEDIR "/postern/users"

void service_begin(struct service *s)
{
	*s = (struct service){ .lock = -1, .nameless = -1, .seconds = SERVICE_DIALOGUE_S, .messages = SERVICE_MESSAGES,
			      .recipients = SERVICE_RECIPIENTS, .bytes = SERVICE_BYTES };
}

void service_end(struct service *s)
{
	if (s->lock >= 0)
		close(s->lock);
	if (s->nameless >= 0)
		close(s->nameless);
	s->lock = s->nameless = -1;
}

uint64_t service_bytes(const struct service *s)
{
	return s == NULL ? 0 : s->bytes;
}

bool service_takes(const struct service *s, uint64_t size, struct err *why)
{
	if (s == NULL || size <= s->bytes)
		return true;
	fail(why, ST_MAIL, FATE_PERM, "a message may have %u bytes here", s->bytes);
	why->esc = (struct esc){ 5, 3, 4 };
	return false;
}

bool service_meet(struct service *s, int fd, struct err *e)
{
	uid_t uid;

	if (!peer_uid(fd, &uid)) {
		fail(e, ST_CONFIG, FATE_PERM, "with --service standard input must be a unix socket whose peer is known");
		return err_hint(e, "a socket unit, or socat with `nofork`, starts it so: see postern-service(7)");
	}
	peer_name(&s->peer, uid);
	return true;
}

/* ---- who ----------------------------------------------------------------------------------------- */

static bool is_named(const struct peer *p, const char *name)
{
	uint64_t uid;

	if (str_number(name, 0, UINT32_MAX, &uid))
		return uid == p->uid;
	return p->login[0] != '\0' && strcmp(name, p->login) == 0;
}

static bool may_come(struct service *s, const struct account *a, struct err *e)
{
	bool listed = a->service.allow_users.n == 0;

	for (size_t i = 0; i < a->service.allow_users.n && !listed; i++)
		listed = is_named(&s->peer, a->service.allow_users.items[i]);
	if (listed)
		return true;
	s->unwanted = true;
	fail(e, ST_CONFIG, FATE_PERM, "uid %ld%s%s may not send here (allow_users)", (long)s->peer.uid,
	     s->peer.login[0] != '\0' ? ", " : "", s->peer.login);
	e->sys = EPERM;
	e->esc = (struct esc){ 5, 7, 1 };
	return false;
}

/* Would a message come back to us?  Both names may lead to the same socket. */
static bool leads_elsewhere(const struct account *a, int fd, struct err *e)
{
	struct sockaddr_un ours = { .sun_family = AF_UNIX };
	socklen_t len = sizeof ours;
	struct stat x, y;
	char path[sizeof ours.sun_path + 1];

	if (a->net.socket == NULL || getsockname(fd, (struct sockaddr *)&ours, &len) != 0)
		return true;
	snprintf(path, sizeof path, "%.*s", (int)sizeof ours.sun_path, ours.sun_path);
	if (strcmp(path, a->net.socket) != 0
	    && (stat(path, &x) != 0 || stat(a->net.socket, &y) != 0 || x.st_dev != y.st_dev || x.st_ino != y.st_ino))
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "the account %s leads back to this service: its socket is %s", a->name, path);
	return err_hint(e, "the service needs a file of its own, with `host`: -C /etc/postern/service.conf");
}

/* ---- how many ------------------------------------------------------------------------------------ */

static int open_users(const char *path, struct err *e)
{
	struct stat st;
	int dir;

	(void)!mkdir(path, 0700); /* it may be there */
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) != 0) {
		fail_sys(e, ST_CONFIG, errno, "the directory %s, for the locks of connections, cannot be used", path);
		e->fate = FATE_PERM;
	} else if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		fail(e, ST_CONFIG, FATE_PERM, "the directory %s, for the locks of connections, must be ours alone", path);
	} else {
		return dir;
	}
	err_hint(e, "see service_directory");
	if (dir >= 0)
		close(dir);
	return -1;
}

/* A lock of the open file description, not of the process: fcntl(2). */
static bool lock_byte(int fd, off_t at)
{
	struct flock one = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &one) == 0;
}

/* Takes one of so many places.  `whose` is for the error. */
static bool take_place(int dir, const char *name, off_t places, const char *whose, int *lock, struct err *e)
{
	*lock = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (*lock < 0)
		return fail_sys(e, ST_CONFIG, errno, "no lock can be made for %s", whose);
	for (off_t i = 0; i < places; i++)
		if (lock_byte(*lock, i))
			return true;
	if (errno != EAGAIN && errno != EACCES)
		return fail_sys(e, ST_CONFIG, errno, "no lock can be had for %s", whose);
	return fail(e, ST_CONFIG, FATE_TEMP, "%s has %d connections already", whose, (int)places);
}

static bool take_places(struct service *s, int dir, struct err *e)
{
	char whose[32];

	snprintf(whose, sizeof whose, "uid %lu", (unsigned long)s->peer.uid);
	return take_place(dir, whose + strlen("uid "), SERVICE_CONNECTIONS, whose, &s->lock, e)
	    && (s->peer.login[0] != '\0'
		|| take_place(dir, "nameless", SERVICE_NAMELESS, "the group of all uids without a login name", &s->nameless, e));
}

bool service_admit(struct service *s, const struct account *a, int fd, struct err *e)
{
	bool ok;
	int dir;

	if (!leads_elsewhere(a, fd, e))
		return false;
	dir = open_users(a->service.directory != NULL ? a->service.directory : DIRECTORY, e);
	ok = dir >= 0 && take_places(s, dir, e);
	if (dir >= 0)
		close(dir);
	return ok && may_come(s, a, e); /* a peer that is refused may stay until it says QUIT, so it needs a place, too */
}
