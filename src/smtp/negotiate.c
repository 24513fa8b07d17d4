#include "smtp/negotiate.h"

#include <stdio.h>

#include "base/trace.h"
#include "mail/address.h"

enum { WHY_ROOM = 300 };

static bool small_enough(const struct session *s, const struct rendition *r, struct err *e)
{
	if (s->caps.size == 0 || r->facts.bytes <= s->caps.size)
		return true;
	fail(e, ST_INPUT, FATE_PERM, "the message has %llu bytes, but %s takes at most %llu",
	     (unsigned long long)r->facts.bytes, s->to->host, (unsigned long long)s->caps.size);
	return err_hint(e, "send large files another way, or as a link");
}

static bool dsn_offered(const struct session *s, const struct needs *n, struct err *e)
{
	if (!n->w->dsn_require || !n->dsn || (s->caps.ext & EXT_DSN) != 0)
		return true;
	return fail(e, ST_EHLO, FATE_PERM, "%s does not offer delivery status notifications, and dsn_require is on",
		    s->to->host);
}

/* RFC 6531 3.1 (8): a server with SMTPUTF8 offers 8BITMIME, too.  If it does not, it takes 8-bit text all the same. */
static bool takes_utf8(const struct session *s, const struct wishes *w)
{
	return w->utf8 != UTF8_OFF && (s->caps.ext & EXT_SMTPUTF8) != 0;
}

/* Why MAIL does not say SMTPUTF8. */
static void why_not(const struct session *s, const struct wishes *w, char why[WHY_ROOM])
{
	if (w->utf8 == UTF8_OFF)
		snprintf(why, WHY_ROOM, "smtputf8 is off");
	else if (!takes_utf8(s, w))
		snprintf(why, WHY_ROOM, "%s does not offer it", s->to->host);
	else
		snprintf(why, WHY_ROOM, "MAIL did not say so");
}

/* The address of the sender or of a recipient needs SMTPUTF8, and MAIL cannot say it. */
static bool address_refused(const struct session *s, const struct wishes *w, struct err *e)
{
	static const char who[] = "an address that is not ASCII";

	if (w->utf8 == UTF8_OFF)
		return fail(e, ST_INPUT, FATE_PERM, "%s needs SMTPUTF8, and smtputf8 is off", who);
	return fail(e, ST_INPUT, FATE_PERM, "%s does not offer SMTPUTF8, which %s needs", s->to->host, who);
}

static void note_encoded(const struct session *s, const struct rendition *r)
{
	if (r->ascii.changed[0] != '\0')
		trace_note(s->io->flights, "encoded in the header: %s", r->ascii.changed);
}

/* ---- wishes -------------------------------------------------------------------------------------- */

static bool fail_not_offered(const struct session *s, const struct wishes *w, const struct wish *row, struct err *e)
{
	char code[ESC_TEXT];
	bool coded = row->esc.class != 0;

	if (row->ext == EXT_FUTURERELEASE && w->hold_here)
		return fail(e, ST_EHLO, FATE_TEMP, "%s does not offer %s, so the message is held here", s->to->host, row->word);
	fail(e, ST_EHLO, FATE_PERM, "%s does not offer %s, which %s asks for, so nothing was sent%s%s%s", s->to->host,
	     row->word, row->key, coded ? " (" : "", esc_text(row->esc, code), coded ? ")" : "");
	e->esc = row->esc;
	return err_hint(e, "send through another server, or without %s", row->key);
}

static bool is_offered(const struct session *s, const struct wish *row)
{
	return (s->caps.ext & row->ext) != 0;
}

/* Is the server to be asked? */
static bool is_asked(const struct needs *n, const struct wish *row)
{
	return row->wanted(n->w) && !(row->in_bounce == IN_BOUNCE_NEVER && esmtp_is_bounce(n->v));
}

static bool is_granted(const struct session *s, const struct needs *n, const struct wish *row, struct err *e)
{
	if (!is_offered(s, row))
		return fail_not_offered(s, n->w, row, e);
	return row->granted == NULL || row->granted(s, n->w, e);
}

/* May the message go without it? */
static bool is_spared(const struct session *s, const struct needs *n, const struct wish *row)
{
	return (row->may_drop && !is_offered(s, row)) || (row->in_bounce == IN_BOUNCE_SPARE && esmtp_is_bounce(n->v));
}

static void leave_out(const struct session *s, struct needs *n, const struct wish *row)
{
	n->left_out |= row->ext;
	if (is_asked(n, row) && !is_offered(s, row))
		trace_note(s->io->flights, "%s does not offer %s, so %s is left out", s->to->host, row->word, row->key);
	else
		trace_note(s->io->flights, "the sender is <>, so %s is left out", row->key);
}

static bool wishes_granted(const struct session *s, struct needs *n, struct err *e)
{
	const struct wish *row;

	n->left_out = 0;
	for (size_t i = 0; (row = wishes_row(i)) != NULL; i++) {
		if (!row->wanted(n->w) || (is_asked(n, row) && is_granted(s, n, row, e)))
			continue;
		if (is_asked(n, row) && !is_spared(s, n, row))
			return false;
		leave_out(s, n, row);
	}
	return true;
}

/* The extensions (enum ext) that the message needs and the server has not offered. */
static unsigned missing(const struct session *s, const struct needs *n)
{
	unsigned want = (n->utf8 ? EXT_SMTPUTF8 : 0) | (n->eight_bit ? EXT_8BITMIME : 0)
		      | (n->w->dsn_require ? EXT_DSN : 0);

	const struct wish *row;

	for (size_t i = 0; (row = wishes_row(i)) != NULL; i++)
		want |= is_asked(n, row) && !row->may_drop ? row->ext : 0;
	return want & ~s->caps.ext;
}

bool negotiate_knows(const struct session *s, const struct needs *n)
{
	return missing(s, n) == 0 || s->mechanism == NULL;
}

static bool ask_again(struct session *s, const struct needs *n, struct err *e)
{
	return negotiate_knows(s, n) || session_ask_again(s, e);
}

bool negotiate_envelope(struct session *s, struct needs *n, struct err *e)
{
	return ask_again(s, n, e) && wishes_granted(s, n, e);
}

bool negotiate_message(const struct session *s, const struct envelope *v, const struct message *m, bool said,
		       struct needs *n, struct rendition *r, struct err *e)
{
	bool utf8 = n->utf8 && takes_utf8(s, n->w);
	char why[WHY_ROOM];

	why_not(s, n->w, why);
	if (!rendition_begin(r, m, utf8 ? NULL : why, e))
		return false;
	if (!said)
		esmtp_needs(n, n->w, v, &r->facts);
	if (!said && n->not_ascii && !utf8)
		return address_refused(s, n->w, e);
	note_encoded(s, r);
	if (r->facts.eight_bit && ((s->caps.ext & EXT_8BITMIME) == 0 || (said && !n->eight_bit)) && !rendition_7bit(r, e))
		return false;
	if (!said)
		n->size = r->facts.bytes;
	return small_enough(s, r, e) && dsn_offered(s, n, e);
}

static bool is_unsendable(const struct rcpt *r)
{
	return r->state == RCPT_OPEN && !address_local_is_ascii(r->address);
}

/* A recipient with a local part that this server cannot take does not keep the message from the others. */
static bool bar_unsendable(const struct session *s, const struct wishes *w, struct envelope *v, struct err *e)
{
	const char *why = w->utf8 == UTF8_OFF ? "the address needs SMTPUTF8, and smtputf8 is off"
			: "the server does not offer SMTPUTF8, which the address needs";
	size_t open = envelope_count(v, RCPT_OPEN), bad = 0;

	for (size_t i = 0; i < v->n; i++)
		bad += is_unsendable(&v->rcpts[i]);
	if (takes_utf8(s, w) || bad == open || w->require_all_recipients)
		return true;
	for (size_t i = 0; i < v->n; i++)
		if (is_unsendable(&v->rcpts[i])
		    && !rcpt_bar(&v->rcpts[i], ST_INPUT, FATE_PERM, (struct esc){ 5, 6, 7 }, why, e))
			return false;
	return true;
}

bool negotiate(struct session *s, struct envelope *v, const struct message *m, const struct wishes *w,
	       struct needs *n, struct rendition *r, struct err *e)
{
	esmtp_needs(n, w, v, &m->facts);
	return ask_again(s, n, e) && bar_unsendable(s, w, v, e) && negotiate_message(s, v, m, false, n, r, e)
	    && wishes_granted(s, n, e);
}
