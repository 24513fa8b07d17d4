#include "modes/serve.h"

#include <unistd.h>

#include "modes/mode.h"
#include "queue/background.h"
#include "server/dialogue.h"

/* The one account of a service is chosen before the peer has said a word. */
static bool admit(struct work *w, struct service *s, struct err *e)
{
	w->who.peer = &s->peer;
	return sender_choose(&w->who, NULL, e) && service_admit(s, w->who.a, STDIN_FILENO, e);
}

static bool may_begin(struct work *w, struct service *s, struct err *e)
{
	if (w->o->n_recipients > 0)
		return fail(e, ST_USAGE, FATE_PERM, "with -bs the recipients come in the dialogue");
	if (!w->had_stdin)
		return fail(e, ST_INPUT, FATE_TEMP, "standard input is closed, so there is no caller to talk to");
	if (s == NULL)
		return sender_load(&w->who, e);
	return service_meet(s, STDIN_FILENO, e) && sender_load(&w->who, e) && admit(w, s, e);
}

static bool talk_to(struct work *w, struct service *s, struct err *e)
{
	struct err why_not = { 0 };
	bool begins = may_begin(w, s, &why_not), ok;

	ok = dialogue(&w->who, &w->to, s, STDIN_FILENO, STDOUT_FILENO, begins ? NULL : &why_not, e);
	/* a service manager ends what a connection has started, so the service has a timer */
	if (s == NULL && w->o->delivery != DELIVERY_QUEUE)
		background_flush(&w->who);
	return ok;
}

static bool talk(struct work *w, struct err *e)
{
	struct service s;
	bool ok;

	if (!w->o->service)
		return talk_to(w, NULL, e);
	service_begin(&s);
	ok = talk_to(w, &s, e);
	service_end(&s);
	w->who.peer = NULL;
	return ok;
}

int serve(const struct options *o, bool had_stdin)
{
	return mode_run(o, had_stdin, talk, NULL);
}
