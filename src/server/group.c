#include "server/group.h"

#include <stdlib.h>

#include "base/array.h"

bool group_add(struct group *g, const struct command *c, bool over, struct err *e)
{
	struct member *members = array_grow(g->members, g->n, sizeof *members, e);

	if (members == NULL)
		return false;
	g->members = members;
	g->members[g->n] = (struct member){ .command = *c, .over = over };
	g->members[g->n++].command.arg = NULL; /* its line is overwritten by the next one */
	return true;
}

void group_say(struct group *g, struct relay *to, size_t i)
{
	for (bool goes_on = true; goes_on && i < g->n && !g->members[i].over; i++) {
		relay_say_rcpt(to, &g->members[i].asked, &g->members[i].command);
		goes_on = g->members[i].asked.said;
	}
}

void group_unsay(struct group *g)
{
	for (size_t i = 0; i < g->n; i++)
		job_asked_free(&g->members[i].asked);
}

void group_clear(struct group *g)
{
	group_unsay(g);
	g->n = g->answered = 0;
}

void group_free(struct group *g)
{
	group_clear(g);
	free(g->members);
	g->members = NULL;
}
