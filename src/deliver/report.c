#include "deliver/report.h"

#include <stdio.h>

#include "base/printable.h"
#include "base/str.h"
#include "mail/address.h"

/* Joins the lines of a reply to one. */
static void print_joined(const char *words)
{
	for (; *words != '\0'; words++)
		fputc(*words == '\n' ? ' ' : *words, stderr);
	fputc('\n', stderr);
}

void report_error(const struct err *e)
{
	const char *perhaps = "; the server may have the message: sending it again may duplicate it";

	fprintf(stderr, "postern: %s: %s%s\n", err_stage_name(e->stage), e->say, e->fate == FATE_UNKNOWN ? perhaps : "");
	if (e->quote[0] != '\0')
		print_joined(e->quote);
	if (e->hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", e->hint);
}

void report_advice(struct err *e, const struct circumstances *c)
{
	hint_add(e, c);
	if (e->hint[0] != '\0')
		report_error(e);
}

void report_kept(const char *entry, const struct err *why)
{
	fprintf(stderr, "postern: the message is kept in the queue as %s%s%s\n", entry, why != NULL ? ": " : "",
		why != NULL ? why->say : "");
}

static void print_rcpt(const char *before, const struct rcpt *r, const char *after)
{
	char shown[2 * ADDRESS_MAX];

	printable(shown, sizeof shown, r->address, strlen(r->address), false);
	fprintf(stderr, "%s%s%s", before, shown, after);
}

void report_refusals(const struct envelope *v, const struct circumstances *c)
{
	bool some = envelope_count(v, RCPT_DONE) > 0, sender = false;

	for (size_t i = 0; i < v->n; i++) {
		struct err e;

		if (!rcpt_failed(&v->rcpts[i]))
			continue;
		if (v->rcpts[i].stage != ST_MAIL || !sender) {
			transaction_refusal(&v->rcpts[i], v->sender, &e);
			hint_add(&e, c);
			report_error(&e);
		}
		if (v->rcpts[i].stage == ST_MAIL) {
			sender = true; /* the same for all */
			if (some)
				print_rcpt("postern: not sent to ", &v->rcpts[i], "\n");
		}
	}
}

enum { DONE_MAX = 10 }; /* recipients with the message; if there are more, they are only counted */

/* Of many only the number: those that do not have the message are all named. */
static void print_done(const struct envelope *v, size_t n)
{
	const char *before = "postern: sent to ";

	if (n > DONE_MAX)
		fprintf(stderr, "%sthe other %zu recipients\n", before, n);
	for (size_t i = 0; n <= DONE_MAX && i < v->n; i++)
		if (v->rcpts[i].state == RCPT_DONE) {
			print_rcpt(before, &v->rcpts[i], "");
			before = ", ";
		}
	if (n > 0 && n <= DONE_MAX)
		fputc('\n', stderr);
}

void report_others(const struct envelope *v, const struct err *e)
{
	const char *how = e != NULL && e->fate == FATE_UNKNOWN ? "postern: perhaps not sent to " : "postern: not sent to ";
	size_t done = envelope_count(v, RCPT_DONE), open = envelope_count(v, RCPT_OPEN) + envelope_count(v, RCPT_TAKEN);

	if (done == v->n || open == v->n)
		return;
	for (size_t i = 0; i < v->n; i++)
		if (v->rcpts[i].state == RCPT_OPEN || v->rcpts[i].state == RCPT_TAKEN)
			print_rcpt(how, &v->rcpts[i], "\n");
	print_done(v, done);
}

enum { REFUSED_MAX = 1024 * 1024 }; /* bytes in the log */

/* ---- the log line ------------------------------------------------------------------------------- */

struct cursor { /* goes over some of the recipients */
	const struct envelope *v; /* NULL: none */
	bool                 (*in)(const struct rcpt *r); /* is it one of them? */
	size_t                 i, at; /* the i-th of them is the one at `at` */
};

/* Does this try concern it? */
static bool is_present(const struct rcpt *r) { return !r->past; }

/* Called with rising numbers, but may begin anew. */
static const char *recipient(const void *ctx, size_t i)
{
	struct cursor *c = *(struct cursor *const *)ctx;

	if (c->v == NULL)
		return NULL;
	if (i < c->i)
		c->i = c->at = 0;
	while (c->at < c->v->n && (!c->in(&c->v->rcpts[c->at]) || c->i < i)) {
		c->i += c->in(&c->v->rcpts[c->at]);
		c->at++;
	}
	return c->at < c->v->n ? c->v->rcpts[c->at].address : NULL;
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
	char size[32], uid[16], code[16], esc[ESC_TEXT], duration[32], status[32], said[700];
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
	if (o->peer != NULL)
		snprintf(t->uid, sizeof t->uid, "%lu", (unsigned long)o->peer->uid);
	snprintf(t->duration, sizeof t->duration, "%lld.%03llds", (long long)(o->duration_ms / 1000),
		 (long long)(o->duration_ms % 1000));
	put_verdict(t, o);
}

/* What a dialogue has of TLS or the login: its name; "off": not wanted; "failed": tried in vain; NULL: not tried. */
static const char *what_came(const char *name, bool wanted, bool tried)
{
	return name != NULL && name[0] != '\0' ? name : !wanted ? "off" : tried ? "failed" : NULL;
}

static const char *sender_of(const struct envelope *v)
{
	return v != NULL && v->sender != NULL && v->sender[0] != '\0' ? v->sender : "<>";
}

static void log_fields(const struct log_params *p, const struct outcome *o, const struct texts *t, const char *refused)
{
	const struct session *s = o->session;
	bool person = o->kept != NULL && o->e != NULL && err_needs_person(o->e);
	const char *tls = what_came(s != NULL ? s->tls_facts.version : NULL, o->wants_tls, s != NULL && s->tls_tried);
	const char *auth = what_came(s != NULL ? s->mechanism : NULL, o->wants_auth, s != NULL && s->auth_tried);
	struct cursor c = { .v = o->v, .in = is_present }, *at = &c;
	const struct log_field fields[] = {
		{ .name = "host", .value = o->host },
		{ .name = "tls", .value = tls },
		{ .name = "auth", .value = auth },
		{ .name = "user", .value = o->user },
		{ .name = "uid", .value = t->uid },
		{ .name = "login", .value = o->peer != NULL ? o->peer->login : NULL },
		{ .name = "from", .value = sender_of(o->v) },
		{ .name = "recipients", .item = recipient, .ctx = &at },
		{ .name = "refused", .value = refused },
		{ .name = "mailsize", .value = t->size },
		{ .name = "smtpstatus", .value = t->code },
		{ .name = "enhanced", .value = t->esc },
		{ .name = "smtpmsg", .value = t->said },
		{ .name = "queueid", .value = o->delivery != NULL ? o->delivery->queue_id : "" },
		{ .name = "msgid", .value = o->m != NULL ? o->m->id : "" },
		{ .name = "kept", .value = o->kept },
		{ .name = "needs", .value = person ? "person" : NULL },
		{ .name = "error", .value = o->e != NULL ? o->e->say : "" },
		{ .name = "hint", .value = person ? o->e->hint : "" },
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

void report_dead(const struct log_params *p, const struct envelope *v, const char *entry, const char *why)
{
	struct cursor c = { .v = v, .in = rcpt_is_open }, *at = &c;
	const struct log_field fields[] = {
		{ .name = "from", .value = sender_of(v) },
		{ .name = "recipients", .item = recipient, .ctx = &at },
		{ .name = "dead", .value = entry },
		{ .name = "needs", .value = "person" },
		{ .name = "error", .value = why },
	};

	log_entry(p, fields, COUNT(fields), true);
}

void report_expired(const struct log_params *p, const struct envelope *v, const char *entry, const char *report, const char *why)
{
	struct cursor c = { .v = v, .in = rcpt_is_lost }, *at = &c;
	const struct log_field fields[] = {
		{ .name = "from", .value = sender_of(v) },
		{ .name = "recipients", .item = recipient, .ctx = &at },
		{ .name = "expired", .value = entry },
		{ .name = "report", .value = report },
		{ .name = "error", .value = why },
	};

	log_entry(p, fields, COUNT(fields), true);
}
