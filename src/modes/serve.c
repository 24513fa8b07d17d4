#include "modes/serve.h"

#include <unistd.h>

#include "modes/mode.h"
#include "queue/background.h"
#include "server/dialogue.h"

static bool may_begin(struct work *w, struct err *e)
{
	if (w->o->n_recipients > 0)
		return fail(e, ST_USAGE, FATE_PERM, "with -bs the recipients come in the dialogue");
	if (!w->had_stdin)
		return fail(e, ST_INPUT, FATE_TEMP, "standard input is closed, so there is no caller to talk to");
	return sender_load(&w->who, e);
}

static bool talk(struct work *w, struct err *e)
{
	struct err why_not = { 0 };
	bool begins = may_begin(w, &why_not), ok;

	ok = dialogue(&w->who, &w->to, STDIN_FILENO, STDOUT_FILENO, begins ? NULL : &why_not, e);
	background_flush(&w->who);
	return ok;
}

int serve(const struct options *o, bool had_stdin)
{
	return mode_run(o, had_stdin, talk, NULL);
}
