#include "modes/submit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/printable.h"
#include "config/dump.h"
#include "deliver/report.h"
#include "deliver/submission.h"
#include "smtp/negotiate.h"

static bool check_usage(const struct options *o, struct err *e)
{
	if (o->take_recipients || o->n_recipients > 0)
		return true;
	fail(e, ST_USAGE, FATE_PERM, "no recipients were given");
	return err_hint(e, "name them as arguments, or use -t to take them from the message");
}

static bool read_message(struct submission *x, bool had_stdin, struct err *e)
{
	bool dot_ends = !x->o->ignore_dots && isatty(STDIN_FILENO);

	if (!had_stdin)
		return fail(e, ST_INPUT, FATE_TEMP, "standard input is closed, so there is no message to send");
	if (!message_read(&x->m, STDIN_FILENO, dot_ends, e))
		return false;
	if (x->o->take_recipients && x->m.head.len == 0 && x->m.body.len == 0 && x->m.fd < 0)
		return fail(e, ST_INPUT, FATE_PERM, "the message is empty, so -t finds no recipients in it");
	return true;
}

static bool names_anybody(const struct submission *x, struct err *e)
{
	return x->v.n > 0 || fail(e, ST_USAGE, FATE_PERM, "the message names no recipients");
}

static bool fix_message(struct submission *x, struct err *e)
{
	if (!submission_cleanup(x, x->o->take_recipients, e))
		return false;
	if (!names_anybody(x, e))
		return false;
	return rendition_begin(&x->r, &x->m, e); /* fails here, before connecting, if no server can take the message */
}

/* Is there a reason to connect?  Aliases refuse recipients before any server is asked. */
static bool anybody_left(const struct submission *x)
{
	size_t open = envelope_count(&x->v, RCPT_OPEN);

	return x->a->wishes.require_all_recipients ? open == x->v.n : open > 0;
}

/* Uses as many connections as the server's limits ask for. */
static bool send_message(struct submission *x, struct err *e)
{
	struct needs n;
	bool ok;

	do {
		if (!submission_connect(x, e))
			return false;
		ok = negotiate(&x->s, &x->v, &x->m, &x->a->wishes, &n, &x->r, e)
		  && transaction_send(&x->s, &x->v, &x->r, &n, &x->delivery, e);
		submission_disconnect(x);
	} while (ok && x->delivery.again);
	return ok;
}

/* ---- the end ------------------------------------------------------------------------------------ */

/* Does *e repeat a refusal that is printed with its recipients?  Then it is not printed on its own. */
static bool told_with_recipients(const struct submission *x, const struct err *e)
{
	for (size_t i = 0; i < x->v.n; i++)
		if (rcpt_failed(&x->v.rcpts[i]) && e->code != 0 && x->v.rcpts[i].code == e->code
		    && x->v.rcpts[i].stage == e->stage)
			return true;
	return false;
}

static int conclude(struct submission *x, bool ok, struct err *e)
{
	bool sent = ok;
	int status;

	if (!ok && !told_with_recipients(x, e))
		report_error(e, x->host);
	report_refusals(&x->v, x->host);
	if (!ok)
		report_unfinished(&x->v, e);
	if (ok)
		ok = transaction_verdict(&x->v, e);
	status = ok ? 0 : err_exit_status(e);
	trace_note(x->io.flights, "exit status %d (%s)%s%s", status, err_status_name(status),
		   sent && x->delivery.queue_id[0] != '\0' ? ", queue id " : "", x->delivery.queue_id);
	submission_log(x, ok ? NULL : e, status);
	return status;
}

int submit(const struct options *o, bool had_stdin)
{
	struct err e = { 0 };
	struct submission *x = submission_begin(o, &e);
	bool ok;
	int status;

	if (x == NULL)
		return err_exit_status(&e);
	ok = check_usage(o, &e) && submission_load(x, &e) && read_message(x, had_stdin, &e)
	  && submission_address(x, &e) && fix_message(x, &e)
	  && (!anybody_left(x) || (submission_ready(x, &e) && send_message(x, &e)));
	status = conclude(x, ok, &e);
	submission_free(x);
	return status;
}

/* ---- -bv ----------------------------------------------------------------------------------------- */

static bool find_recipients(struct submission *x, bool had_stdin, struct err *e)
{
	if (!check_usage(x->o, e) || !submission_load(x, e) || (x->o->take_recipients && !read_message(x, had_stdin, e)))
		return false;
	return submission_address(x, e)
	    && submission_cleanup(x, x->o->take_recipients, e) && names_anybody(x, e);
}

/* An address in UTF-8 may hold C1 controls, on which a terminal acts; so it is made printable. */
static void show(const char *before, const char *address, const char *after)
{
	char shown[4 * ADDRESS_MAX];

	printable(shown, sizeof shown, address, strlen(address), false);
	printf("%s%s%s", before, shown, after);
}

/* In sendmail's words for -bv. */
static void show_route(const struct submission *x, struct rcpt *r)
{
	const struct net_params *net = &x->a->net;

	r->state = RCPT_DONE;
	show("", r->original != NULL ? r->original : r->address, "... deliverable: account ");
	printf("%s, host ", x->a->name);
	for (size_t i = 0; net->socket == NULL && i < net->hosts.n; i++)
		printf("%s%s", i == 0 ? "" : "|", net->hosts.items[i]);
	if (net->socket != NULL)
		printf("%s", net->socket);
	else
		printf(":%u", net->port);
	show(", sender ", x->v.sender[0] == '\0' ? "<>" : x->v.sender, "");
	show(", user ", r->address, "\n");
}

int submit_verify(const struct options *o, bool had_stdin)
{
	struct err e = { 0 };
	struct submission *x = submission_begin(o, &e);
	bool ok;

	if (x == NULL)
		return err_exit_status(&e);
	ok = find_recipients(x, had_stdin, &e);
	for (size_t i = 0; ok && i < x->v.n; i++)
		if (!rcpt_failed(&x->v.rcpts[i]))
			show_route(x, &x->v.rcpts[i]);
	if (ok && (fflush(stdout) != 0 || ferror(stdout)))
		ok = fail(&e, ST_INTERNAL, FATE_TEMP, "cannot write to standard output");
	if (!ok)
		report_error(&e, NULL);
	report_refusals(&x->v, NULL);
	ok = ok && transaction_verdict(&x->v, &e);
	submission_free(x);
	return ok ? 0 : err_exit_status(&e);
}

/* ---- --dump-config ------------------------------------------------------------------------------- */

int submit_dump_config(const struct options *o)
{
	struct err e = { 0 };
	struct submission *x = submission_begin(o, &e);
	bool ok;

	if (x == NULL)
		return err_exit_status(&e);
	ok = submission_load(x, &e) && submission_choose(x, o->sender, &e);
	if (ok && !dump_account(x->a, stdout))
		ok = fail(&e, ST_INTERNAL, FATE_TEMP, "cannot write to standard output");
	if (!ok)
		report_error(&e, NULL);
	submission_free(x);
	return ok ? 0 : err_exit_status(&e);
}
