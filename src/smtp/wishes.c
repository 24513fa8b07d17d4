#include "smtp/wishes.h"

#include "base/datetime.h"
#include "net/tls.h"

/* ---- deliver by ---------------------------------------------------------------------------------- */

static bool parse_time(const char *text, size_t len, int64_t *seconds)
{
	bool minus = len > 0 && text[0] == '-';
	uint64_t n;

	if (!datetime_span(text + minus, len - minus, DELIVER_BY_MAX, &n))
		return false;
	*seconds = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

bool wishes_parse_by(const char *text, struct deliver_by *by)
{
	size_t len = strcspn(text, ",");
	bool first = true;

	*by = (struct deliver_by){ .wanted = true, .back = true };
	if (!parse_time(text, len, &by->seconds))
		return false;
	for (text += len; *text != '\0'; text += len, first = false) {
		len = strcspn(++text, ",");
		if (first && str_same_n(text, len, "notify"))
			by->back = false;
		else if (str_same_n(text, len, "trace") && !by->trace)
			by->trace = true;
		else if (!first || !str_same_n(text, len, "return"))
			return false;
	}
	return !by->back || by->seconds > 0;
}

bool wishes_put_by(struct buf *to, const struct deliver_by *by, struct err *e)
{
	return (by->seconds >= 0 || buf_char(to, '-', e))
	    && datetime_put_span(to, (uint64_t)(by->seconds < 0 ? -by->seconds : by->seconds), e)
	    && buf_str(to, by->back ? ",return" : ",notify", e) && buf_str(to, by->trace ? ",trace" : "", e);
}

static bool wants_by(const struct wishes *w)
{
	return w->by.wanted;
}

/* RFC 2852 3: the minimum concerns mode R only. */
static bool by_long_enough(const struct session *s, const struct wishes *w, struct err *e)
{
	if (!w->by.back || (uint64_t)w->by.seconds >= s->caps.by_min)
		return true;
	fail(e, ST_INPUT, FATE_PERM, "deliver_by allows %lld seconds, but %s needs at least %llu before it returns a message",
	     (long long)w->by.seconds, s->to->host, (unsigned long long)s->caps.by_min);
	return err_hint(e, "allow more time, or set deliver_by %lld,notify to get a notice instead", (long long)w->by.seconds);
}

static bool put_by(struct buf *to, const struct wishes *w, struct err *e)
{
	return buf_printf(to, e, "%lld;%c%s", (long long)w->by.seconds, w->by.back ? 'R' : 'N', w->by.trace ? "T" : "");
}

/* ---- future release ------------------------------------------------------------------------------ */

static bool wants_hold_for(const struct wishes *w)
{
	return w->hold_for > 0;
}

static bool held_so_long(const struct session *s, const struct wishes *w, struct err *e)
{
	return s->caps.hold_max == 0 || w->hold_for <= s->caps.hold_max
	    || fail(e, ST_INPUT, FATE_PERM, "hold_for asks for %u seconds, but %s holds messages for at most %llu",
		    w->hold_for, s->to->host, (unsigned long long)s->caps.hold_max);
}

static bool put_hold_for(struct buf *to, const struct wishes *w, struct err *e)
{
	return buf_printf(to, e, "%u", w->hold_for);
}

static bool wants_hold_until(const struct wishes *w)
{
	return w->hold_until != 0;
}

static bool held_until(const struct session *s, const struct wishes *w, struct err *e)
{
	char wanted[DATETIME_ROOM], last[DATETIME_ROOM];

	if (s->caps.hold_last == 0 || w->hold_until <= s->caps.hold_last)
		return true;
	datetime_show(w->hold_until, wanted);
	datetime_show(s->caps.hold_last, last);
	return fail(e, ST_INPUT, FATE_PERM, "hold_until asks for %s, but %s holds messages until %s at the latest", wanted,
		    s->to->host, last);
}

static bool put_hold_until(struct buf *to, const struct wishes *w, struct err *e)
{
	char utc[DATETIME_ROOM];

	datetime_show(w->hold_until, utc);
	return buf_str(to, utc, e);
}

/* ---- do they agree? ------------------------------------------------------------------------------ */

static bool has_passed(const struct wishes *w, int64_t now, struct err *e)
{
	char until[DATETIME_ROOM];

	if (w->hold_until == 0 || w->hold_until > now)
		return false;
	datetime_show(w->hold_until, until);
	fail(e, ST_INPUT, FATE_PERM, "hold_until is %s, which has passed", until);
	err_hint(e, "give a later date, or set hold_until off to send now");
	return true;
}

/* Is the time of deliver_by over when the message is released, or before? */
static bool ends_before_release(const struct wishes *w, int64_t now, struct err *e)
{
	int64_t held = w->hold_until != 0 ? w->hold_until - now : (int64_t)w->hold_for;

	if (!w->by.wanted || held == 0 || w->by.seconds > held)
		return false;
	fail(e, ST_INPUT, FATE_PERM, "deliver_by allows %lld seconds, but %s keeps the message for %lld",
	     (long long)w->by.seconds, w->hold_until != 0 ? "hold_until" : "hold_for", (long long)held);
	err_hint(e, "the time of deliver_by begins now and not with the release: allow more, or set one of them to off");
	return true;
}

bool wishes_agree(const struct wishes *w, bool bounce, int64_t now, struct err *e)
{
	return bounce || !(has_passed(w, now, e) || ends_before_release(w, now, e));
}

/* ---- the others ---------------------------------------------------------------------------------- */

static bool wants_utf8(const struct wishes *w)
{
	return w->utf8 == UTF8_ON;
}

static bool wants_priority(const struct wishes *w)
{
	return w->priority.given;
}

static bool put_priority(struct buf *to, const struct wishes *w, struct err *e)
{
	return buf_printf(to, e, "%d", w->priority.n);
}

static bool wants_tls(const struct wishes *w)
{
	return w->onward_tls == ONWARD_TLS_REQUIRED;
}

/* RFC 8689 2: REQUIRETLS needs a certificate that a chain of trust verifies.  A pin is no such chain. */
static bool tls_trusted(const struct session *s, const struct wishes *w, struct err *e)
{
	struct tls *tls = tls_of(s->io);

	(void)w;
	if (tls == NULL)
		fail(e, ST_EHLO, FATE_PERM, "there is no TLS with %s, and require_tls asks for it", s->to->host);
	else if (tls_trusts_chain(tls, e))
		return true;
	e->esc = (struct esc){ 5, 7, 10 }; /* 4.2.1 */
	return false;
}

static const struct wish wishes[] = {
	{ .ext = EXT_SMTPUTF8, .word = "SMTPUTF8", .key = "smtputf8", .wanted = wants_utf8 },
	{ .ext = EXT_REQUIRETLS, .word = "REQUIRETLS", .key = "require_tls", .wanted = wants_tls, .granted = tls_trusted,
	  .esc = { 5, 7, 30 }, .in_bounce = IN_BOUNCE_SPARE /* RFC 8689 5 */, .keyword = "REQUIRETLS" },
	{ .ext = EXT_DELIVERBY, .word = "DELIVERBY", .key = "deliver_by", .wanted = wants_by, .granted = by_long_enough,
	  .keyword = "BY", .value = put_by },
	{ .ext = EXT_FUTURERELEASE, .word = "FUTURERELEASE", .key = "hold_for", .wanted = wants_hold_for,
	  .granted = held_so_long, .in_bounce = IN_BOUNCE_NEVER /* RFC 4865 5.1.1, 5.3.1 */,
	  .keyword = "HOLDFOR", .value = put_hold_for },
	{ .ext = EXT_FUTURERELEASE, .word = "FUTURERELEASE", .key = "hold_until", .wanted = wants_hold_until,
	  .granted = held_until, .in_bounce = IN_BOUNCE_NEVER, .keyword = "HOLDUNTIL", .value = put_hold_until },
	/* RFC 6710 4.3: to a server without it, none is sent */
	{ .ext = EXT_MT_PRIORITY, .word = "MT-PRIORITY", .key = "priority", .wanted = wants_priority, .may_drop = true,
	  .keyword = "MT-PRIORITY", .value = put_priority },
};

const struct wish *wishes_row(size_t i)
{
	return i < COUNT(wishes) ? &wishes[i] : NULL;
}
