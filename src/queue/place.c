#include "queue/place.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/home.h"

static bool is_ours(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

char *place_path(const struct queue_params *p, struct err *e)
{
	if (p->directory != NULL)
		return str_dup(p->directory, e);
	if (geteuid() == 0 || is_ours(QUEUE_SYSTEM))
		return str_dup(QUEUE_SYSTEM, e);
	return home_state("/postern/queue", ST_SPOOL, "a queue (" QUEUE_SYSTEM " is missing, or another user's)", e);
}

/* Is one of them the same directory, perhaps by another name? */
static bool has(const struct strlist *places, const char *path)
{
	struct stat st, other;
	bool exists = stat(path, &st) == 0;

	for (size_t i = 0; i < places->n; i++)
		if (strcmp(places->items[i], path) == 0
		    || (exists && stat(places->items[i], &other) == 0 && st.st_ino == other.st_ino && st.st_dev == other.st_dev))
			return true;
	return false;
}

static bool is_closed(const char *path)
{
	struct stat st;

	return geteuid() != 0 && (stat(path, &st) != 0 ? errno == EACCES : st.st_uid != geteuid());
}

static bool add(const struct queue_params *p, bool any_owner, struct strlist *to, struct err *e)
{
	char *path = place_path(p, e);
	bool ok = path != NULL && (has(to, path) || (!any_owner && is_closed(path)) || strlist_add(to, path, e));

	free(path);
	return ok;
}

static bool add_all(const struct conf *c, struct strlist *to, struct err *e)
{
	for (size_t i = 1; i < c->n; i++)
		if (conf_account(c, c->accounts[i].name) == &c->accounts[i] && !add(&c->accounts[i].queue, false, to, e))
			return false;
	return true;
}

bool place_all(const struct conf *c, const char *name, const struct account *chosen, struct strlist *to, struct err *e)
{
	static const struct queue_params usual = { .directory = NULL };

	if (name != NULL)
		chosen = conf_account(c, name);
	if (chosen != NULL && !add(&chosen->queue, true, to, e))
		return false;
	return (name != NULL && chosen != NULL) || (add_all(c, to, e) && (to->n > 0 || add(&usual, true, to, e)));
}

bool place_system_exists(void)
{
	struct stat st;

	return stat(QUEUE_SYSTEM, &st) == 0 && S_ISDIR(st.st_mode);
}
