#include "server/answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/identity.h"
#include "deliver/report.h"

enum {
	MISSED_MAX = 50,         /* recipients without the message that a reply names; the others are only counted */
	MISSED_LINE = 450,       /* bytes for each */
	OUTCOME_MAX = 64 * 1024, /* bytes of that reply */
};

bool answer(struct caller *c, const char *reply, struct err *e)
{
	struct esc none = { 0 };

	return caller_reply(c, (int)strtol(reply, NULL, 10), none, reply + 4, e);
}

bool answer_hello(struct caller *c, bool extended, const struct service *service, struct err *e)
{
	char name[HOST_MAX], size[64] = "", text[HOST_MAX + 200];
	struct esc none = { 0 };

	identity_fqdn(name);
	if (service != NULL)
		snprintf(size, sizeof size, " %u\nLIMITS MAILMAX=%u", service->bytes, service->messages);
	snprintf(text, sizeof text, "%s", name[0] == '\0' ? "localhost" : name);
	if (extended)
		snprintf(text + strlen(text), sizeof text - strlen(text),
			 "\nPIPELINING\nSIZE%s\n8BITMIME\nSMTPUTF8\nDSN\nCHUNKING\nENHANCEDSTATUSCODES\nHELP", size);
	return caller_reply(c, 250, none, text, e);
}

/* Codes of our own refusals: RFC 6531 3.5, RFC 5321 4.1.1.11, RFC 1870 6.3. */
static const struct {
	bool       rcpt; /* of a recipient */
	struct esc esc;  /* class 0: any */
	int        code;
} refusals[] = {
	{ true, { 5, 6, 7 }, 553 },
	{ true, { 5, 5, 4 }, 555 },
	{ true, { 0 }, 550 },
	{ false, { 5, 6, 7 }, 550 },
	{ false, { 5, 3, 4 }, 552 },
};

static int refusal_of(const struct err *e)
{
	for (size_t i = 0; i < COUNT(refusals); i++)
		if (refusals[i].rcpt == (e->stage == ST_RCPT)
		    && (refusals[i].esc.class == 0
			|| (refusals[i].esc.subject == e->esc.subject && refusals[i].esc.detail == e->esc.detail)))
			return refusals[i].code;
	return 554;
}

/* The smarthost's 4yz or 5yz for a recipient is passed on, but not 421, which would say that we close the connection. */
static int code_of(const struct err *e)
{
	if (e->code == 0 && e->fate == FATE_PERM)
		return refusal_of(e);
	if (e->stage == ST_RCPT && (e->code / 100 == 4 || e->code / 100 == 5) && e->code != 421)
		return e->code;
	if (e->stage == ST_SPOOL && e->esc.subject == 3 && e->esc.detail == 1) /* a full queue */
		return 452;
	return e->fate == FATE_PERM ? 554 : 451;
}

/* The enhanced code for a failure on our side: RFC 3463 3. */
static struct esc subject_of(const struct err *e, uint8_t class)
{
	static const struct {
		enum stage to;
		uint16_t   subject, detail;
	} rows[] = {
		{ ST_CONFIG, 3, 5 }, { ST_INPUT, 6, 0 }, { ST_SECRET, 7, 0 },   { ST_RESOLVE, 4, 4 },
		{ ST_CONNECT, 4, 1 }, { ST_TLS, 7, 5 },  { ST_STARTTLS, 4, 2 }, { ST_AUTH, 7, 8 },
		{ ST_QUIT, 4, 2 },   { ST_COUNT, 3, 0 },
	};
	size_t i = 0;

	if (e->esc.class == class)
		return e->esc;
	while (e->stage > rows[i].to)
		i++;
	return (struct esc){ class, rows[i].subject, rows[i].detail };
}

static bool say_why(struct caller *c, int code, struct esc esc, const struct err *why, struct err *e)
{
	const char *perhaps = why->fate == FATE_UNKNOWN ? ", and may have the message" : "";
	char text[sizeof why->say + sizeof why->quote + 40];

	snprintf(text, sizeof text, "%s%s%s%s", why->say, perhaps, why->quote[0] == '\0' ? "" : ": ", why->quote);
	return caller_reply(c, code, esc, text, e);
}

bool answer_error(struct caller *c, const struct err *why, struct err *e)
{
	int code = code_of(why);

	return say_why(c, code, subject_of(why, (uint8_t)(code / 100)), why, e);
}

bool answer_greeting(struct caller *c, const struct err *why, bool for_good, struct err *e)
{
	struct esc none = { 0 };

	return say_why(c, for_good ? 554 : 421, none, why, e);
}

bool answer_with(struct caller *c, int code, struct esc esc, const char *text, struct err *e)
{
	if (esc.class == 0) /* we offer ENHANCEDSTATUSCODES, so there must be one: RFC 2034 4 */
		esc.class = (uint8_t)(code / 100);
	if (code == 421) /* would say that we close the connection */
		code = 451;
	if (code / 100 == 2 && (code < 250 || code > 252)) /* accepted; 221 or 235 would mean something else here */
		code = 250;
	return caller_reply(c, code, esc, text, e);
}

bool answer_failure(struct caller *c, const struct relay *u, const struct err *why, struct err *e)
{
	struct circumstances circumstances = relay_circumstances(u);
	struct err told = *why;

	hint_add(&told, &circumstances);
	report_error(&told);
	return answer_error(c, why, e);
}

/* Adds one line, also if the server wrote several: "but the server refused b@example.org (for team@example.org): 550 no". */
static bool put_missed(struct buf *to, const struct rcpt *r, const struct err *why, struct err *e)
{
	bool alias = r->original != NULL;
	size_t from = to->len;

	if (!buf_printf(to, e, "\nbut %s%s%s%s%s%s", why->say, alias ? " (for " : "", alias ? r->original : "",
			alias ? ")" : "", why->quote[0] == '\0' ? "" : ": ", why->quote))
		return false;
	if (to->len - from > MISSED_LINE)
		to->len = from + MISSED_LINE;
	for (size_t i = from + 1; i < to->len; i++)
		if (to->bytes[i] == '\n')
			to->bytes[i] = ' ';
	return true;
}

/* Reports the recipients that do not have the message although the caller was told that they were accepted: on stderr and, if
 * there is memory, in `text`, after the server's words. */
static void tell_missed(const struct relay *u, const char *said, struct buf *text)
{
	const struct envelope *v = &relay_now(u)->x.v;
	struct circumstances c = relay_circumstances(u);
	size_t n = 0;
	bool room = true;
	struct err why;

	if (envelope_count(v, RCPT_DONE) == 0)
		return;
	for (size_t i = 0; i < v->n; i++) {
		if (!handover_missed(&v->rcpts[i]))
			continue;
		transaction_refusal(&v->rcpts[i], v->sender, &why);
		hint_add(&why, &c);
		report_error(&why);
		if (n++ == 0)
			room = buf_str(text, said, &why);
		if (room && n <= MISSED_MAX)
			(void)!put_missed(text, &v->rcpts[i], &why, &why);
	}
	if (room && n > MISSED_MAX)
		(void)!buf_printf(text, &why, "\nand %zu recipients more were refused", n - MISSED_MAX);
}

bool answer_outcome(struct caller *c, const struct relay *u, struct err *e)
{
	struct buf text = buf_max(ST_INTERNAL, OUTCOME_MAX, "the answer");
	struct err why = { 0 };
	struct esc esc;
	const char *said;
	int code;
	bool ok;

	if (!handover_outcome(u, &code, &esc, &said, &why))
		return answer_failure(c, u, &why, e);
	tell_missed(u, said, &text);
	ok = answer_with(c, code, esc, text.len > 0 ? buf_text(&text) : said, e);
	buf_free(&text);
	return ok;
}
