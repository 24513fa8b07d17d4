#include "smtp/session.h"

#include <errno.h>
#include <stdio.h>

#include "base/identity.h"
#include "base/signals.h"
#include "base/steps.h"
#include "base/trace.h"
#include "smtp/gate.h"

enum { UNLIKELY_S = 15 }; /* seconds for a greeting in clear on port 465 */

/* RFC 5321 4.5.3.2, in protocol order. */
static const struct verb GREETING = { .name = "", .stage = ST_GREETING, .timeout = 300, .last = true,
				      .classes = CLASS_USUAL };
static const struct verb EHLO = { .name = "EHLO", .stage = ST_EHLO, .timeout = 300, .last = true,
				  .classes = CLASS_USUAL };
static const struct verb STARTTLS = { .name = "STARTTLS", .stage = ST_STARTTLS, .timeout = 120, .last = true,
				      .classes = CLASS_USUAL };
static const struct verb QUIT = { .name = "QUIT", .stage = ST_QUIT, .timeout = 5, .last = false,
				  .classes = CLASS_USUAL };

static bool needs_tls(const struct session *s)
{
	return s->to->tls != TLS_NEVER;
}

static bool needs_auth(const struct session *s)
{
	return s->auth->wanted;
}

/* ---- hello -------------------------------------------------------------------------------------- */

static void our_name(const struct session *s, char to[HOST_MAX])
{
	if (s->p->domain != NULL)
		snprintf(to, HOST_MAX, "%s", s->p->domain);
	else
		identity_fqdn(to);
	if (!gate_is_domain(to)) /* only the machine's name: p->domain was checked with the configuration */
		stream_literal(s->io, to);
}

/* RFC 5321 3.2 and 4.1.4: HELO is for servers that do not know EHLO, not for those that refuse us.  501 and 504 may be about the
 * name, but HELO may do all the same.  After HELO there is no TLS and no login, so hello_plain() does not use it if one
 * of them is needed. */
static bool helo_may_do(const struct reply *r)
{
	return r->code == 500 || r->code == 501 || r->code == 502 || r->code == 504;
}

static bool fail_name(const struct session *s, const char *word, const char *name, struct err *e)
{
	return reply_fail(&s->chat.reply, ST_EHLO, e, "%s refused our %s %s", s->to->host, word, name);
}

static bool hello_plain(struct session *s, const char *name, struct err *e)
{
	bool name_is_bad = s->chat.reply.code == 501 || s->chat.reply.code == 504;

	if ((needs_tls(s) || needs_auth(s)) && name_is_bad)
		return fail_name(s, "EHLO", name, e);
	if (needs_tls(s) || needs_auth(s)) {
		reply_fail(&s->chat.reply, ST_EHLO, e, "%s does not know EHLO, so %s cannot be used", s->to->host,
			   needs_tls(s) ? "TLS" : "authentication");
		return err_hint(e, "check `host` and `port`: a submission server knows EHLO");
	}
	if (!chat_say(&s->chat, &EHLO, 0, e, "HELO %s", name))
		return false;
	s->caps = (struct caps){ 0 };
	if (!reply_ok(&s->chat.reply))
		return fail_name(s, "HELO", name, e);
	step_ok(ST_EHLO, "HELO %s, since the server does not know EHLO", name);
	return true;
}

/* For --check: the extensions, which are the lines of the reply after the first. */
static void tell_caps(const struct session *s, const char *word, const char *name)
{
	const char *p = strchr(s->chat.reply.text, '\n');
	size_t len = 0;
	char list[2048] = "";

	for (; steps_on() && p != NULL && len < sizeof list; p = strchr(p, '\n')) {
		size_t n = strcspn(++p, "\n");

		len += (size_t)snprintf(list + len, sizeof list - len, "%s%.*s", len > 0 ? ", " : ": ", (int)n, p);
	}
	step_ok(ST_EHLO, "%s %s %s TLS%s", word, name, tls_of(s->io) != NULL ? "within" : "without",
		len > 0 ? list : ": no extension is offered");
}

static void set_caps(struct session *s)
{
	caps_parse(&s->caps, s->chat.reply.wire);
	s->chat.depth = (s->caps.ext & EXT_PIPELINING) != 0 ? CHAT_DEPTH : 1;
}

static bool hello(struct session *s, struct err *e)
{
	const char *word = s->p->lmtp ? "LHLO" : "EHLO";
	char name[HOST_MAX];

	our_name(s, name);
	s->caps = (struct caps){ 0 };
	s->chat.depth = 1;
	if (!chat_say(&s->chat, &EHLO, 0, e, "%s %s", word, name))
		return false;
	if (!s->p->lmtp && helo_may_do(&s->chat.reply))
		return hello_plain(s, name, e);
	if (!reply_ok(&s->chat.reply))
		return fail_name(s, word, name, e);
	set_caps(s);
	tell_caps(s, word, name);
	return true;
}

bool session_ask_again(struct session *s, struct err *e)
{
	char name[HOST_MAX];

	our_name(s, name);
	if (!chat_say(&s->chat, &EHLO, 0, e, "%s %s", s->p->lmtp ? "LHLO" : "EHLO", name))
		return false;
	if (reply_ok(&s->chat.reply))
		set_caps(s);
	return true;
}

/* ---- TLS ---------------------------------------------------------------------------------------- */

static bool start_tls(struct session *s, struct err *e)
{
	s->tls_tried = true;
	if (!tls_start(s->io, s->tls, s->tls_files, s->to->host, &s->tls_facts, e)) {
		chat_break(&s->chat);
		return false;
	}
	trace_note(s->io->flights, "%s %s, certificate %s", s->tls_facts.version, s->tls_facts.cipher,
		   s->tls_facts.verified ? "verified" : "NOT verified");
	step_ok(ST_TLS, "%s %s", s->tls_facts.version, s->tls_facts.cipher);
	return true;
}

static bool say_starttls(struct session *s, struct err *e)
{
	if ((s->caps.ext & EXT_STARTTLS) == 0) {
		fail(e, ST_STARTTLS, FATE_PERM, "%s does not offer STARTTLS, so nothing was sent", s->to->host);
		e->esc = (struct esc){ 5, 7, 10 }; /* "encryption needed": RFC 8689 4.2.1 */
		return err_hint(e, "if the server has TLS from the start, as most have at port 465, set tls_starttls off;"
				   " the network may also be hiding the offer");
	}
	s->tls_tried = true;
	if (!chat_say(&s->chat, &STARTTLS, 0, e, "STARTTLS"))
		return false;
	if (!reply_ok(&s->chat.reply))
		return reply_fail(&s->chat.reply, ST_STARTTLS, e, "%s refused STARTTLS, so nothing was sent", s->to->host);
	step_ok(ST_STARTTLS, "%d %s", s->chat.reply.code, s->chat.reply.text);
	return start_tls(s, e) && hello(s, e);
}

/* ---- the way in --------------------------------------------------------------------------------- */

/* The greeting did not come.  Behind a unix socket, the process that was started for us has failed.  A server that expects TLS
 * from the start waits for our first bytes, or sends a TLS alert: hence the hints. */
static bool fail_greeting(const struct session *s, struct err *e)
{
	bool implicit = s->to->tls == TLS_IMPLICIT;

	if (s->to->socket != NULL && e->fate == FATE_TEMP && e->sys != ETIMEDOUT && !signals_stopping())
		return dial_hint_ended(s->to->socket, e);
	if (implicit || (e->fate != FATE_NONSENSE && e->sys != ETIMEDOUT))
		return false;
	if (!needs_tls(s))
		return err_hint(e, "does this port expect TLS from the start? then set tls on and tls_starttls off");
	return err_hint(e, "if this port has TLS from the start, as 465 mostly has, set tls_starttls off");
}

/* Servers at port 465 begin with TLS (RFC 8314 7.3).  If the settings say STARTTLS, no greeting is likely to come there, and the
 * wait is short. */
static bool expect_greeting(struct session *s, struct err *e)
{
	unsigned cap = s->chat.cap;
	bool ok;

	if (s->to->tls == TLS_STARTTLS && s->to->port == 465 && (cap == 0 || cap > UNLIKELY_S))
		s->chat.cap = UNLIKELY_S;
	ok = chat_expect(&s->chat, &GREETING, 0, e);
	s->chat.cap = cap;
	return ok;
}

static bool greeting(struct session *s, struct err *e)
{
	if (!expect_greeting(s, e))
		return fail_greeting(s, e);
	if (!reply_ok(&s->chat.reply))
		return reply_fail(&s->chat.reply, ST_GREETING, e, "%s refuses the connection", s->to->host);
	step_ok(ST_GREETING, "%d %s", s->chat.reply.code, s->chat.reply.text);
	return true;
}

/* The secret is hidden from the first reply on, since the server may know it from another connection. */
static bool hide_secret(struct session *s, struct err *e)
{
	if (s->secret == NULL || chat_hide(&s->chat, s->secret, e))
		return true;
	chat_break(&s->chat); /* before the greeting not even QUIT may be said */
	return false;
}

/* If the server refuses an access token, there may be a newer one: renew() gives at most one. */
static bool try_login(struct session *s, struct err *e)
{
	enum bearer_refusal why;

	while (!sasl_login(&s->chat, &s->caps, s->auth, s->to, s->secret, &s->mechanism, &why, e)) {
		s->mechanism = NULL; /* sasl_login() names it in its error */
		if (why != BEARER_STALE || s->renew == NULL || !s->renew(s, e))
			return false;
		trace_note(s->io->flights, "the access token was refused; there is a newer one");
		if (!hide_secret(s, e))
			return false;
	}
	return true;
}

static bool login(struct session *s, struct err *e)
{
	if (!needs_auth(s)) {
		step_fact(ST_AUTH, "no login, because the settings ask for none");
		return true;
	}
	s->auth_tried = true;
	if (!try_login(s, e))
		return false;
	trace_note(s->io->flights, "logged in as %s with %s", sasl_who(s->auth), s->mechanism);
	step_ok(ST_AUTH, "logged in as %s with %s", sasl_who(s->auth), s->mechanism);
	return true;
}

bool session_open(struct session *s, struct err *e)
{
	chat_open(&s->chat, s->io, NULL);
	s->chat.cap = s->p->timeout;
	s->caps = (struct caps){ 0 };
	s->mechanism = NULL;
	s->tls_tried = s->auth_tried = false;
	s->mails = s->ended = 0;
	s->doubt = false;
	return hide_secret(s, e) && (s->to->tls != TLS_IMPLICIT || start_tls(s, e))
	    && greeting(s, e) && hello(s, e) && (s->to->tls != TLS_STARTTLS || say_starttls(s, e)) && login(s, e);
}

bool session_was_in_turn(struct session *s)
{
	struct chat *c = &s->chat;
	struct err unheard;
	bool so = chat_say(c, &QUIT, 0, &unheard, "QUIT") && chat_settle(c, &unheard) && c->reply.code == 221;

	chat_break(c);
	return so;
}

void session_close(struct session *s)
{
	struct err unheard;

	s->chat.depth = CHAT_DEPTH; /* so that chat_say() does not wait for the answer, which changes nothing */
	if (s->io != NULL && s->io->wire.close != NULL && !s->chat.broken && s->chat.owed == 0
	    && chat_say(&s->chat, &QUIT, 0, &unheard, "QUIT"))
		(void)!stream_flush(s->io, &unheard);
	if (s->io != NULL)
		chat_close(&s->chat);
}
