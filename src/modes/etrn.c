#include "modes/etrn.h"

#include <stdio.h>

#include "base/str.h"
#include "modes/mode.h"

enum { NODE_MAX = 500 }; /* bytes: with "ETRN " and CRLF at most the 512 of RFC 5321 4.5.3.1.4 */

static const struct verb ETRN = { .name = "ETRN", .stage = ST_ETRN, .timeout = 300, .last = true,
				  .classes = CLASS_USUAL };

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
	if (o->n_recipients > 0 || o->recipients_in_header)
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
	fail(e, ST_EHLO, FATE_PERM, "%s does not offer ETRN", s->to->host);
	return err_hint(e, "few servers offer it: it makes a server deliver the mail that waits there for a host");
}

static void show_answer(const struct reply *r)
{
	char words[1024];

	reply_quote(r->code, r->esc, r->text, words, sizeof words);
	puts(words);
}

static bool ask(struct session *s, const char *node, struct err *e)
{
	if (!offered(s, e) || !chat_say(&s->chat, &ETRN, 0, e, "ETRN %s", node))
		return false;
	if (!reply_ok(&s->chat.reply))
		return reply_fail(&s->chat.reply, ST_ETRN, e, "%s does not start the queue of %s", s->to->host, node);
	show_answer(&s->chat.reply);
	return true;
}

static bool connect_and_ask(struct work *w, struct err *e)
{
	bool ok;

	if (!smarthost_ready(&w->to, w->who.a, e))
		return false;
	secret_params_wipe(&w->who.a->secret);
	if (!smarthost_connect(&w->to, NULL, NULL, e))
		return false;
	ok = ask(&w->to.s, w->o->node, e);
	smarthost_disconnect(&w->to);
	return ok;
}

static bool steps(struct work *w, struct err *e)
{
	return check_usage(w->o, e) && sender_load(&w->who, e) && sender_choose(&w->who, w->o->sender, e)
	    && connect_and_ask(w, e);
}

int etrn(const struct options *o)
{
	return mode_run(o, false, steps, NULL);
}
