/*
 * main.c - postern, a sendmail-compatible mail submission client: calls the function of the mode that the options choose.
 */
#include "base/base.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/rights.h"
#include "base/signals.h"
#include "base/trace.h"
#include "config/cmdline.h"
#include "config/help.h"
#include "config/lists.h"
#include "deliver/report.h"
#include "modes/check.h"
#include "modes/etrn.h"
#include "modes/mode.h"
#include "modes/newaliases.h"
#include "modes/queue.h"
#include "modes/serve.h"
#include "modes/submit.h"

static int print(void (*what)(FILE *))
{
	struct err e;

	what(stdout);
	if (mode_printed(&e))
		return 0;
	report_error(&e);
	return err_exit_status(&e);
}

static void version(FILE *to)
{
	fprintf(to, "postern %s\n", PACKAGE_VERSION);
}

static int run(const struct options *o, bool had_stdin)
{
	trace_start(o->verbose);
	if (o->mode != MODE_SUBMIT) /* the log stays off standard output, where the other modes print their answers */
		log_standard(STDERR_FILENO);
	switch (o->mode) {
	case MODE_DUMP_CONFIG: return submit_dump_config(o);
	case MODE_LIST_KEYS: return print(list_keys);
	case MODE_LIST_OPTIONS: return print(list_options);
	case MODE_VERSION: return print(version);
	case MODE_HELP: return print(help_show);
	case MODE_ALIASES: return newaliases(o);
	case MODE_QUEUE_LIST: return queue_list(o);
	case MODE_QUEUE_RUN: return queue_run(o);
	case MODE_QUEUE_SHOW: return queue_show(o);
	case MODE_QUEUE_REMOVE: return queue_remove(o);
	case MODE_QUEUE_HOLD: return queue_hold(o);
	case MODE_QUEUE_RELEASE: return queue_release(o);
	case MODE_QUEUE_RETRY: return queue_retry(o);
	case MODE_VERIFY: return submit_verify(o, had_stdin);
	case MODE_DIALOGUE: return serve(o, had_stdin);
	case MODE_ETRN: return etrn(o);
	case MODE_CHECK: return check(o);
	case MODE_SUBMIT: break;
	}
	return submit(o, had_stdin);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err e;
	bool had_stdin;
	int status;

	rights_drop();
	had_stdin = file_sanitise_std();
	rights_harden();
	signals_catch();
	if (cmdline_parse(argc, argv, &o, &e)) {
		status = run(&o, had_stdin);
	} else {
		report_error(&e);
		status = err_exit_status(&e);
	}
	cmdline_free(&o);
	return status;
}
