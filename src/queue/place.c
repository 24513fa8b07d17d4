#include "queue/place.h"

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

char *queue_place(const struct queue_params *p, struct err *e)
{
	if (p->directory != NULL)
		return str_dup(p->directory, e);
	if (geteuid() == 0 || is_ours(SYSTEM_QUEUE))
		return str_dup(SYSTEM_QUEUE, e);
	return home_state("/postern/queue", ST_SPOOL, "a queue", e);
}

bool queue_become_owner(const char *path, struct err *e)
{
	struct stat st;

	return geteuid() != 0 || stat(path, &st) != 0 || st.st_uid == 0 || rights_become(st.st_uid, e);
}
