#include "queue/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/home.h"
#include "base/rights.h"

#define SYSTEM_QUEUE LOCALSTATEDIR "/spool/postern"

static bool is_ours(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static char *join(const char *dir, const char *rest, struct err *e)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof path, "%s%s", dir, rest) < sizeof path)
		return str_dup(path, e);
	fail(e, ST_SPOOL, FATE_PERM, "the name of the queue's directory is too long");
	return NULL;
}

char *queue_place(const struct queue_params *p, struct err *e)
{
	const char *state = secure_getenv("XDG_STATE_HOME");

	if (p->directory != NULL)
		return str_dup(p->directory, e);
	if (geteuid() == 0 || is_ours(SYSTEM_QUEUE))
		return str_dup(SYSTEM_QUEUE, e);
	if (home_may_be(state))
		return join(state, "/postern/queue", e);
	if (home_dir() != NULL)
		return join(home_dir(), "/.local/state/postern/queue", e);
	fail(e, ST_SPOOL, FATE_PERM, "the user has no home directory, so there is no place for a queue");
	return NULL;
}

bool queue_become_owner(const char *path, struct err *e)
{
	struct stat st;

	return geteuid() != 0 || stat(path, &st) != 0 || st.st_uid == 0 || rights_become(st.st_uid, e);
}
