#include "modes/mode.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/trace.h"
#include "deliver/report.h"

bool mode_printed(struct err *e)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	return fail(e, ST_INTERNAL, FATE_TEMP, "cannot write to standard output");
}

int mode_conclude(struct work *w, bool ok, struct err *e)
{
	struct circumstances c = circumstances_of(&w->who, &w->to, &w->x);
	int status = ok ? 0 : err_exit_status(e);

	if (!ok) {
		hint_add(e, &c);
		report_error(e);
	}
	trace_note(w->to.io.flights, "exit status %d (%s)", status, err_status_name(status));
	return status;
}

static int no_memory(void)
{
	struct err e;

	fail_memory(&e);
	report_error(&e);
	return err_exit_status(&e);
}

int mode_run(const struct options *o, bool had_stdin, bool (*steps)(struct work *w, struct err *e),
	     int (*conclude)(struct work *w, bool ok, struct err *e))
{
	struct work *w = calloc(1, sizeof *w);
	struct err e = { 0 };
	bool ok;
	int status;

	if (w == NULL)
		return no_memory();
	w->o = o;
	w->had_stdin = had_stdin;
	sender_begin(&w->who, o);
	submission_begin(&w->x);
	ok = steps(w, &e) && mode_printed(&e);
	status = conclude != NULL ? conclude(w, ok, &e) : mode_conclude(w, ok, &e);
	smarthost_free(&w->to);
	submission_free(&w->x);
	sender_free(&w->who);
	free(w);
	return status;
}
