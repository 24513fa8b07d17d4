#include "smtp/negotiate.h"

#include "base/log.h"
#include "base/when.h"

static bool small_enough(const struct session *s, const struct rendition *r, struct err *e)
{
	if (s->caps.size == 0 || r->facts.bytes <= s->caps.size)
		return true;
	fail(e, ST_INPUT, FATE_PERM, "the message has %llu bytes, but %s takes at most %llu",
	     (unsigned long long)r->facts.bytes, s->host, (unsigned long long)s->caps.size);
	return err_hint(e, "send large files another way, or as a link");
}

static bool dsn_offered(const struct session *s, const struct needs *n, struct err *e)
{
	if (!s->p->dsn_require || !n->dsn || (s->caps.ext & EXT_DSN) != 0)
		return true;
	return fail(e, ST_EHLO, FATE_PERM, "%s does not offer delivery status notifications, and dsn_require is on",
		    s->host);
}

/* RFC 6531 3.1 (8) has 8BITMIME offered with it; a server that leaves that out takes 8-bit text all the same. */
static bool takes_utf8(const struct session *s)
{
	return s->p->utf8 != UTF8_OFF && (s->caps.ext & EXT_SMTPUTF8) != 0;
}

static bool utf8_carried(const struct session *s, const struct rendition *r, struct err *e)
{
	const char *who = r->facts.utf8_head ? "a header that is not ASCII" : "an address that is not ASCII";

	if (s->p->utf8 == UTF8_OFF)
		return fail(e, ST_INPUT, FATE_PERM, "%s needs SMTPUTF8, and smtputf8 is off", who);
	if (!takes_utf8(s))
		return fail(e, ST_INPUT, FATE_PERM, "%s does not offer SMTPUTF8, which %s needs", s->host, who);
	if (!str_is_utf8(buf_text(rendition_head(r)), rendition_head(r)->len))
		return fail(e, ST_INPUT, FATE_PERM, "the header is neither ASCII nor UTF-8");
	return true;
}

/* ---- wishes -------------------------------------------------------------------------------------- */

static bool wants_utf8(const struct needs *n)
{
	return n->p->utf8 == UTF8_ON;
}

static bool wants_priority(const struct needs *n)
{
	return n->p->priority != NULL;
}

static bool wants_tls(const struct needs *n)
{
	return n->p->require_tls;
}

/* RFC 8689 4.1: with a certificate that was verified, by a chain or by a pin. */
static bool tls_verified(const struct session *s, const struct needs *n, struct err *e)
{
	(void)n;
	return s->tls_facts.verified
	    || fail(e, ST_EHLO, FATE_PERM, "the certificate of %s was not verified, as require_tls asks for", s->host);
}

static bool wants_deliver_by(const struct needs *n)
{
	return n->p->deliver_by != NULL;
}

static bool by_long_enough(const struct session *s, const struct needs *n, struct err *e)
{
	struct deliver_by by;

	if (!params_deliver_by(n->p->deliver_by, &by) || !by.back || (uint64_t)by.seconds >= s->caps.by_min)
		return true;
	fail(e, ST_INPUT, FATE_PERM, "deliver_by gives it %lld seconds, but %s returns no message before %llu",
	     (long long)by.seconds, s->host, (unsigned long long)s->caps.by_min);
	return err_hint(e, "allow more time, or ask to be told instead: %lld,notify", (long long)by.seconds);
}

static bool wants_hold_for(const struct needs *n)
{
	return n->p->hold_for > 0;
}

static bool held_so_long(const struct session *s, const struct needs *n, struct err *e)
{
	return s->caps.hold_max == 0 || n->p->hold_for <= s->caps.hold_max
	    || fail(e, ST_INPUT, FATE_PERM, "hold_for asks for %u seconds, but %s holds messages for at most %llu",
		    n->p->hold_for, s->host, (unsigned long long)s->caps.hold_max);
}

static bool wants_hold_until(const struct needs *n)
{
	return n->p->hold_until != NULL;
}

static bool held_until(const struct session *s, const struct needs *n, struct err *e)
{
	char wanted[WHEN_DATE], last[WHEN_DATE];
	int64_t at;

	if (s->caps.hold_last == 0 || !when_date(n->p->hold_until, strlen(n->p->hold_until), &at)
	    || at <= s->caps.hold_last)
		return true;
	when_show_date(at, wanted);
	when_show_date(s->caps.hold_last, last);
	return fail(e, ST_INPUT, FATE_PERM, "hold_until asks for %s, but %s holds messages until %s at the latest", wanted,
		    s->host, last);
}

/* In the order in which they are looked at. */
static const struct {
	enum ext    ext;
	const char *word, *key; /* of the server's EHLO, and of the user's settings */
	bool (*wanted)(const struct needs *n);
	bool (*granted)(const struct session *s, const struct needs *n, struct err *e); /* NULL: to offer it is enough */
	struct esc  esc;
	bool        may_drop; /* the message goes without */
} wishes[] = {
	{ EXT_SMTPUTF8, "SMTPUTF8", "smtputf8", .wanted = wants_utf8 },
	{ EXT_REQUIRETLS, "REQUIRETLS", "require_tls", wants_tls, tls_verified, .esc = { 5, 7, 30 } },
	{ EXT_DELIVERBY, "DELIVERBY", "deliver_by", .wanted = wants_deliver_by, .granted = by_long_enough },
	{ EXT_FUTURERELEASE, "FUTURERELEASE", "hold_for", .wanted = wants_hold_for, .granted = held_so_long },
	{ EXT_FUTURERELEASE, "FUTURERELEASE", "hold_until", .wanted = wants_hold_until, .granted = held_until },
	{ EXT_MT_PRIORITY, "MT-PRIORITY", "priority", .wanted = wants_priority, .may_drop = true },
};

static bool not_offered(const struct session *s, size_t i, struct err *e)
{
	char code[ESC_TEXT];
	bool coded = wishes[i].esc.class != 0;

	if (wishes[i].may_drop) {
		trace_note(s->io->flights, "%s does not offer %s, so %s is left out", s->host, wishes[i].word,
			   wishes[i].key);
		return true;
	}
	fail(e, ST_EHLO, FATE_PERM, "%s does not offer %s, which %s asks for, so nothing was sent%s%s%s", s->host,
	     wishes[i].word, wishes[i].key, coded ? " (" : "", esc_text(wishes[i].esc, code), coded ? ")" : "");
	e->esc = wishes[i].esc;
	return err_hint(e, "send through another server, or without %s", wishes[i].key);
}

static bool wishes_granted(const struct session *s, const struct needs *n, struct err *e)
{
	for (size_t i = 0; i < COUNT(wishes); i++) {
		bool offered = (s->caps.ext & wishes[i].ext) != 0;

		if (wishes[i].wanted(n)
		    && !(offered ? wishes[i].granted == NULL || wishes[i].granted(s, n, e) : not_offered(s, i, e)))
			return false;
	}
	return true;
}

/* What this message needs and the server has not offered, as extension bits. */
static unsigned missing(const struct session *s, const struct needs *n)
{
	unsigned want = (n->utf8 ? EXT_SMTPUTF8 : 0) | (n->eight_bit ? EXT_8BITMIME : 0)
		      | (s->p->dsn_require ? EXT_DSN : 0);

	for (size_t i = 0; i < COUNT(wishes); i++)
		want |= wishes[i].wanted(n) && !wishes[i].may_drop ? wishes[i].ext : 0;
	return want & ~s->caps.ext;
}

static bool ask_again(struct session *s, const struct needs *n, struct err *e)
{
	return missing(s, n) == 0 || s->mechanism == NULL || session_ask_again(s, e);
}

bool negotiate_envelope(struct session *s, const struct needs *n, struct err *e)
{
	return ask_again(s, n, e) && wishes_granted(s, n, e);
}

bool negotiate_message(const struct session *s, const struct envelope *v, const struct message *m, bool said,
		       struct needs *n, struct rendition *r, struct err *e)
{
	bool utf8 = takes_utf8(s) && (!said || n->utf8);

	if (!rendition_begin(r, m, e) || (r->facts.utf8_head && !utf8 && !rendition_ascii_domains(r, e)))
		return false;
	if (said && r->facts.utf8_head && !n->utf8 && s->p->utf8 != UTF8_OFF)
		return fail(e, ST_INPUT, FATE_PERM, "the header is not ASCII, and MAIL did not say SMTPUTF8");
	if (!said)
		params_needs(n, s->p, v, &r->facts);
	if ((r->facts.utf8_head || (!said && n->not_ascii)) && !utf8_carried(s, r, e))
		return false;
	if (r->facts.eight_bit && (s->caps.ext & EXT_8BITMIME) == 0 && !rendition_7bit(r, e))
		return false;
	if (!said)
		n->size = r->facts.bytes;
	return small_enough(s, r, e) && dsn_offered(s, n, e);
}

bool negotiate(struct session *s, const struct envelope *v, const struct message *m, struct needs *n,
	       struct rendition *r, struct err *e)
{
	params_needs(n, s->p, v, &m->facts);
	return ask_again(s, n, e) && negotiate_message(s, v, m, false, n, r, e) && wishes_granted(s, n, e);
}
