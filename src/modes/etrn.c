#include "modes/etrn.h"

#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "deliver/report.h"
#include "deliver/submission.h"

enum { NODE_MAX = 500 }; /* bytes: with "ETRN " and CRLF at most the 512 of RFC 5321 4.5.3.1.4 */

static void got_answer(void *ctx, size_t arg, const struct reply *r)
{
	(void)ctx; /* ETRN has `last`: the reply is in chat->reply when chat_say() returns */
	(void)arg;
	(void)r;
}

static const struct verb ETRN = { .name = "ETRN", .stage = ST_ETRN, .timeout = 300, .last = true,
				  .classes = CLASS_USUAL, .got = got_answer };

/* "node", "@domain" with its subdomains, or "#queue": RFC 1985 5.3. */
static bool check_node(const char *node, struct err *e)
{
	const char *name = node + (node[0] == '@' || node[0] == '#');
	bool good = name[0] != '\0' && strlen(node) <= NODE_MAX;

	for (const char *p = name; *p != '\0'; p++)
		good = good && *p > ' ' && *p < 0x7f;
	if (good)
		return true;
	fail(e, ST_USAGE, FATE_PERM, "--etrn must be a node, @domain or #queue in ASCII, not `%.100s`", node);
	return err_hint(e, "other domains are written in their ASCII form, xn--...");
}

static bool check_usage(const struct options *o, struct err *e)
{
	if (o->n_recipients > 0 || o->take_recipients)
		return fail(e, ST_USAGE, FATE_PERM, "--etrn sends no message, so it takes no recipients");
	return check_node(o->node, e);
}

/* Some servers offer ETRN only after a login. */
static bool offered(struct session *s, struct err *e)
{
	if ((s->caps.ext & EXT_ETRN) == 0 && s->mechanism != NULL && !session_ask_again(s, e))
		return false;
	if ((s->caps.ext & EXT_ETRN) != 0)
		return true;
	fail(e, ST_EHLO, FATE_PERM, "%s does not offer ETRN", s->host);
	return err_hint(e, "few servers offer it: it makes a server deliver the mail that waits there for a host");
}

static bool show_answer(const struct reply *r, struct err *e)
{
	char words[1024];

	reply_quote(r->code, r->esc, r->text, words, sizeof words);
	if (puts(words) >= 0 && fflush(stdout) == 0)
		return true;
	return fail(e, ST_INTERNAL, FATE_TEMP, "cannot write to standard output");
}

static bool ask(struct session *s, const char *node, struct err *e)
{
	if (!offered(s, e) || !chat_say(&s->chat, &ETRN, 0, e, "ETRN %s", node))
		return false;
	if (!reply_ok(&s->chat.reply))
		return reply_fail(&s->chat.reply, ST_ETRN, e, "%s does not start the queue of %s", s->host, node);
	return show_answer(&s->chat.reply, e);
}

static bool connect_and_ask(struct submission *x, struct err *e)
{
	bool ok = submission_connect(x, e);

	if (!ok)
		return false;
	ok = ask(&x->s, x->o->node, e);
	submission_disconnect(x);
	return ok;
}

int etrn(const struct options *o)
{
	struct err e = { 0 };
	struct submission *x = submission_begin(o, &e);
	int status = 0;

	if (x == NULL)
		return err_exit_status(&e);
	if (!check_usage(o, &e) || !submission_load(x, &e) || !submission_choose(x, o->sender, &e)
	    || !submission_ready(x, &e) || !connect_and_ask(x, &e)) {
		report_error(&e, x->host);
		status = err_exit_status(&e);
	}
	trace_note(x->io.flights, "exit status %d (%s)", status, err_status_name(status));
	submission_free(x);
	return status;
}
