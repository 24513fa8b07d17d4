#include "deliver/report.h"

#include <stdio.h>

#include "base/str.h"

/* The first row that matches counts, so the most particular come first.  A row without host, words or esc matches any.  A row
 * without a code matches every 5yz; after a 4yz the user only has to try again later. */
static const struct {
	enum stage  stage;
	int         code;
	struct esc  esc;
	const char *host, *words; /* globs */
	const char *hint;
} hints[] = {
	{ ST_AUTH, 534, { 5, 7, 9 }, NULL, "*pplication-specific*",
	  "Gmail wants an application password (myaccount.google.com/apppasswords) or OAuth2" },
	{ ST_AUTH, 0, { 0 }, "*.gmail.com", NULL,
	  "Gmail wants an application password (myaccount.google.com/apppasswords) or OAuth2 (auth xoauth2)" },
	{ ST_AUTH, 0, { 0 }, "*.googlemail.com", NULL,
	  "Gmail wants an application password (myaccount.google.com/apppasswords) or OAuth2 (auth xoauth2)" },
	{ ST_AUTH, 0, { 0 }, NULL, "*gsmtp*",
	  "Google wants an application password (myaccount.google.com/apppasswords) or OAuth2 (auth xoauth2)" },
	{ ST_AUTH, 0, { 0 }, NULL, "*SmtpClientAuthentication is disabled*",
	  "the administrator has to enable authenticated SMTP for this mailbox (aka.ms/smtp_auth_disabled)" },
	{ ST_AUTH, 0, { 0 }, NULL, "*basic authentication is disabled*",
	  "Microsoft takes no passwords any more: set auth xoauth2 and give an OAuth2 token as the password" },
	{ ST_AUTH, 0, { 0 }, "*.office365.com", NULL,
	  "Microsoft 365 needs OAuth2: set auth xoauth2 and give a token as the password" },
	{ ST_AUTH, 0, { 0 }, "*.outlook.com", NULL,
	  "Outlook needs OAuth2: set auth xoauth2 and give a token as the password" },
	{ ST_AUTH, 0, { 0 }, "*.mail.me.com", NULL,
	  "iCloud wants an app-specific password (account.apple.com), and the full address as `user`" },
	{ ST_AUTH, 0, { 0 }, "*.icloud.com", NULL,
	  "iCloud wants an app-specific password (account.apple.com), and the full address as `user`" },
	{ ST_AUTH, 0, { 0 }, "*.yahoo.*", NULL,
	  "Yahoo wants an application password (login.yahoo.com/account/security)" },
	{ ST_AUTH, 0, { 0 }, "*.aol.com", NULL, "AOL wants an application password (login.aol.com/account/security)" },
	{ ST_AUTH, 0, { 0 }, NULL, "*pplication*password*", "this provider wants an application password" },
	{ ST_AUTH, 535, { 0 }, NULL, NULL,
	  "check `user` and the password; many providers want an application password or OAuth2" },
	{ ST_AUTH, 534, { 0 }, NULL, NULL, "the server may want another mechanism: see `auth`" },
	{ ST_AUTH, 538, { 0 }, NULL, NULL, "the server wants TLS first: set tls on" },
	{ ST_AUTH, 454, { 0 }, NULL, NULL, "the server cannot check passwords at the moment: try again later" },
	{ ST_MAIL, 530, { 0 }, NULL, NULL, "the server wants a login: set `user` and a password" },
	{ ST_RCPT, 530, { 0 }, NULL, NULL, "the server wants a login: set `user` and a password" },
	{ ST_ETRN, 530, { 0 }, NULL, NULL, "the server wants a login: set `user` and a password" },
	{ ST_MAIL, 552, { 0 }, NULL, NULL, "the message is too big for this server" },
	{ ST_MAIL, 0, { 5, 3, 4 }, NULL, NULL, "the message is too big for this server" },
	{ ST_BODY, 0, { 5, 3, 4 }, NULL, NULL, "the message is too big for this server" },
	{ ST_BODY, 0, { 5, 2, 3 }, NULL, NULL, "the message is too big for this server" },
	{ ST_BODY, 0, { 5, 7, 60 }, NULL, NULL, "this login may not send with that sender: see `from` and set_from_header" },
	{ ST_BODY, 0, { 0 }, NULL, "*SendAsDenied*", "this login may not send with that sender: see `from` and set_from_header" },
	{ ST_MAIL, 550, { 0 }, NULL, NULL, "set `from` to an address that this login may send with" },
	{ ST_MAIL, 553, { 0 }, NULL, NULL, "set `from` to an address that this login may send with" },
	{ ST_MAIL, 554, { 0 }, NULL, NULL, "set `from` to an address that this login may send with" },
	{ ST_MAIL, 501, { 0 }, NULL, NULL, "the server does not understand the sender's address: check `from`" },
	{ ST_RCPT, 0, { 0 }, NULL, "*not owned by*", "set `from` to an address that this login may send with" },
	{ ST_RCPT, 0, { 0 }, NULL, "*sender*", "set `from` to an address that this login may send with" },
	{ ST_RCPT, 0, { 0 }, NULL, "*relay*",
	  "without a login the server accepts no mail for other domains: set `user` and a password, and check `port`" },
};

static bool matches(size_t i, const struct err *e, const char *host)
{
	return hints[i].stage == e->stage && (hints[i].code == 0 ? e->code / 100 == 5 : hints[i].code == e->code)
	    && (hints[i].esc.class == 0
		|| (hints[i].esc.class == e->esc.class && hints[i].esc.subject == e->esc.subject
		    && hints[i].esc.detail == e->esc.detail))
	    && (hints[i].host == NULL || (host != NULL && str_glob(hints[i].host, host)))
	    && (hints[i].words == NULL || str_glob(hints[i].words, e->quote));
}

static const char *hint_for(const struct err *e, const char *host)
{
	if (e->hint[0] != '\0')
		return e->hint;
	for (size_t i = 0; i < COUNT(hints); i++)
		if (matches(i, e, host))
			return hints[i].hint;
	return "";
}

/* Joins the lines of a reply to one. */
static void print_joined(const char *words)
{
	for (; *words != '\0'; words++)
		fputc(*words == '\n' ? ' ' : *words, stderr);
	fputc('\n', stderr);
}

void report_error(const struct err *e, const char *host)
{
	const char *hint = hint_for(e, host);

	fprintf(stderr, "postern: %s: %s", err_stage_name(e->stage), e->say);
	fprintf(stderr, "%s\n", e->fate == FATE_UNKNOWN ? "; the server may have the message: sending it again may duplicate it" : "");
	if (e->quote[0] != '\0')
		print_joined(e->quote);
	if (hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", hint);
}

void report_refusals(const struct envelope *v, const char *host)
{
	bool some = envelope_count(v, RCPT_DONE) > 0, sender = false;

	for (size_t i = 0; i < v->n; i++) {
		struct err e;

		if (!rcpt_failed(&v->rcpts[i]))
			continue;
		if (v->rcpts[i].stage != ST_MAIL || !sender) {
			transaction_refusal(&v->rcpts[i], v->sender, &e);
			report_error(&e, host);
		}
		if (v->rcpts[i].stage == ST_MAIL) {
			sender = true; /* the same for all */
			if (some)
				fprintf(stderr, "postern: not sent to %s\n", v->rcpts[i].address);
		}
	}
}

void report_unfinished(const struct envelope *v, const struct err *e)
{
	const char *how = e->fate == FATE_UNKNOWN ? "perhaps not sent to" : "not sent to";
	bool differ = envelope_count(v, RCPT_DONE) > 0;

	for (size_t i = 0; i < v->n; i++)
		differ |= rcpt_failed(&v->rcpts[i]);
	for (size_t i = 0; i < v->n; i++)
		if (differ && (v->rcpts[i].state == RCPT_OPEN || v->rcpts[i].state == RCPT_TAKEN))
			fprintf(stderr, "postern: %s %s\n", how, v->rcpts[i].address);
}

enum { REFUSED_MAX = 1024 * 1024 }; /* bytes in the log */

/* ---- the log line ------------------------------------------------------------------------------- */

static const char *recipient(const void *ctx, size_t i)
{
	const struct envelope *v = ctx;

	return v != NULL && i < v->n ? v->rcpts[i].address : NULL;
}

/* If some recipients have the message, the refused ones: "a@example.org 550 5.1.1,b@example.org 452".  A refusal of all
 * recipients is in other fields. */
static void put_refused(struct buf *to, const struct envelope *v)
{
	size_t left_out = 0;
	struct err full;

	if (v == NULL || envelope_count(v, RCPT_DONE) == 0)
		return;
	for (size_t i = 0; i < v->n; i++) {
		const struct rcpt *r = &v->rcpts[i];
		char esc[ESC_TEXT], code[8] = "";

		if (!rcpt_failed(r))
			continue;
		if (r->code != 0)
			snprintf(code, sizeof code, " %d", r->code);
		if (to->len > REFUSED_MAX / 2
		    || !buf_printf(to, &full, "%s%s%s%s%s", to->len == 0 ? "" : ",", r->address, code,
				   r->esc.class == 0 ? "" : " ", esc_text(r->esc, esc)))
			left_out++;
	}
	if (left_out > 0)
		(void)!buf_printf(to, &full, "...and %zu more", left_out);
}

struct texts { /* numbers as text */
	char size[32], code[16], esc[ESC_TEXT], duration[32], status[32], said[700];
};

static void put_verdict(struct texts *t, const struct outcome *o)
{
	bool ok = o->e == NULL;
	int code = ok ? (o->delivery != NULL ? o->delivery->code : 0) : o->e->code;

	if (code != 0)
		snprintf(t->code, sizeof t->code, "%d", code);
	if (ok && o->delivery != NULL)
		esc_text(o->delivery->esc, t->esc);
	else if (!ok)
		esc_text(o->e->esc, t->esc);
	snprintf(t->said, sizeof t->said, "%s", !ok ? o->e->quote : o->delivery != NULL ? o->delivery->said : "");
	snprintf(t->status, sizeof t->status, "EX_%s", err_status_name(o->status));
}

static void put_texts(struct texts *t, const struct outcome *o)
{
	*t = (struct texts){ .size = "" };
	if (o->m != NULL)
		snprintf(t->size, sizeof t->size, "%llu", (unsigned long long)o->size);
	snprintf(t->duration, sizeof t->duration, "%lld.%03llds", (long long)(o->duration_ms / 1000),
		 (long long)(o->duration_ms % 1000));
	put_verdict(t, o);
}

static void log_fields(const struct log_params *p, const struct outcome *o, const struct texts *t, const char *refused)
{
	const struct session *s = o->session;
	const char *from = o->v != NULL && o->v->sender != NULL ? o->v->sender : "";
	const struct log_field fields[] = {
		{ .name = "host", .value = o->host },
		{ .name = "tls", .value = s != NULL && s->tls_facts.version[0] != '\0' ? s->tls_facts.version : "off" },
		{ .name = "auth", .value = s != NULL && s->mechanism != NULL ? s->mechanism : "off" },
		{ .name = "user", .value = o->user },
		{ .name = "from", .value = from[0] != '\0' ? from : "<>" },
		{ .name = "recipients", .item = recipient, .ctx = o->v },
		{ .name = "refused", .value = refused },
		{ .name = "mailsize", .value = t->size },
		{ .name = "smtpstatus", .value = t->code },
		{ .name = "enhanced", .value = t->esc },
		{ .name = "smtpmsg", .value = t->said },
		{ .name = "queueid", .value = o->delivery != NULL ? o->delivery->queue_id : "" },
		{ .name = "msgid", .value = o->m != NULL ? o->m->id : "" },
		{ .name = "error", .value = o->e != NULL ? o->e->say : "" },
		{ .name = "note", .value = o->note },
		{ .name = "duration", .value = t->duration },
		{ .name = "exitcode", .value = t->status },
	};

	log_entry(p, fields, COUNT(fields), o->status != 0);
}

void report_log(const struct log_params *p, const struct outcome *o)
{
	struct buf refused = buf_max(ST_INTERNAL, REFUSED_MAX, "the refused ones");
	struct texts t;

	if (p->file == NULL && p->syslog == NULL)
		return;
	put_texts(&t, o);
	put_refused(&refused, o->v);
	log_fields(p, o, &t, buf_text(&refused));
	buf_free(&refused);
}
