#include "smtp/bearer.h"

#include "base/str.h"

enum { NESTED_MAX = 16 };

/* ---- responses ----------------------------------------------------------------------------------- */

/* RFC 7628 3.1: in the identity `,` and `=` must be escaped. */
static bool put_gs2_name(struct buf *to, const char *name, struct err *e)
{
	for (; *name != '\0'; name++)
		if (!(*name == ','   ? buf_str(to, "=2C", e)
		      : *name == '=' ? buf_str(to, "=3D", e)
				     : buf_char(to, *name, e)))
			return false;
	return true;
}

bool bearer_oauthbearer(struct buf *to, const char *user, const char *host, unsigned port, const char *token, struct err *e)
{
	return buf_str(to, "n,a=", e) && put_gs2_name(to, user, e)
	    && buf_printf(to, e, ",\1host=%s\1port=%u\1auth=Bearer %s\1\1", host, port, token);
}

bool bearer_xoauth2(struct buf *to, const char *user, const char *token, struct err *e)
{
	return buf_printf(to, e, "user=%s\1auth=Bearer %s\1\1", user, token);
}

/* ---- the JSON of a refusal ----------------------------------------------------------------------- */

struct scan {
	const char *at, *end;
};

static void skip_space(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
		s->at++;
}

static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->at >= s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* A string without its quotes; escapes stay as they are. */
static bool take_string(struct scan *s, const char **text, size_t *len)
{
	if (!take(s, '"'))
		return false;
	*text = s->at;
	for (; s->at < s->end && *s->at != '"'; s->at++)
		if (*s->at == '\\' && s->at + 1 < s->end)
			s->at++;
	if (s->at >= s->end)
		return false;
	*len = (size_t)(s->at++ - *text);
	return true;
}

/* A number, true, false or null. */
static bool take_word(struct scan *s, const char **text, size_t *len)
{
	skip_space(s);
	*text = s->at;
	while (s->at < s->end && (str_isalnum(*s->at) || (*s->at != '\0' && strchr("+-.", *s->at) != NULL)))
		s->at++;
	*len = (size_t)(s->at - *text);
	return *len > 0;
}

static bool is_next(struct scan *s, const char *any)
{
	skip_space(s);
	return s->at < s->end && *s->at != '\0' && strchr(any, *s->at) != NULL;
}

/* Passes over an object or array; which brackets belong together is not looked at. */
static bool skip_nested(struct scan *s)
{
	unsigned depth = 0;
	const char *text;
	size_t len;

	do {
		if (is_next(s, "{[")) {
			if (++depth > NESTED_MAX)
				return false;
			s->at++;
		} else if (is_next(s, "}]")) {
			depth--;
			s->at++;
		} else if (is_next(s, ",:")) {
			s->at++;
		} else if (!(is_next(s, "\"") ? take_string(s, &text, &len) : take_word(s, &text, &len))) {
			return false;
		}
	} while (depth > 0);
	return true;
}

/* The value of a member: *text is NULL if it is an object or array. */
static bool take_value(struct scan *s, const char **text, size_t *len)
{
	*text = NULL;
	*len = 0;
	if (is_next(s, "{["))
		return skip_nested(s);
	return is_next(s, "\"") ? take_string(s, text, len) : take_word(s, text, len);
}

bool bearer_status(const char *json, size_t n, char *to, size_t room)
{
	struct scan s = { json, json + n };
	const char *name, *value;
	size_t name_len, len;

	if (!take(&s, '{'))
		return false;
	do {
		if (!take_string(&s, &name, &name_len) || !take(&s, ':') || !take_value(&s, &value, &len))
			return false;
		if (name_len == strlen("status") && memcmp(name, "status", name_len) == 0) {
			if (value == NULL || len == 0 || len >= room)
				return false;
			memcpy(to, value, len);
			to[len] = '\0';
			return true;
		}
	} while (take(&s, ','));
	return false;
}

/* ---- the verdict --------------------------------------------------------------------------------- */

static bool is_esc(struct esc e, unsigned subject, unsigned detail)
{
	return e.class != 0 && e.subject == subject && e.detail == detail;
}

/* Replies that may be about the token.  Others are about the command (500, 501, 504, 555), or want something else (530, 538). */
static bool is_about_token(int code, struct esc esc)
{
	return code == 535 || is_esc(esc, 7, 8) || is_esc(esc, 7, 3)
	    || is_esc(esc, 5, 127); /* Microsoft: the token has less than ten minutes left */
}

/* What a status means that is not about the token itself.  It is a name with OAUTHBEARER, of RFC 6750 3.1 or of the server's own
 * (Dovecot 2.4: internal_failure if it cannot ask the provider), and a number of HTTP with XOAUTH2. */
static enum bearer_refusal judge_status(const char *status)
{
	static const struct {
		const char         *name;
		enum bearer_refusal means;
	} names[] = {
		{ "403", BEARER_SCOPE },
		{ "insufficient_scope", BEARER_SCOPE },
		{ "internal_failure", BEARER_LATER },
		{ "server_error", BEARER_LATER }, /* these two are names of RFC 6749 4.1.2.1 */
		{ "temporarily_unavailable", BEARER_LATER },
	};
	uint64_t number;

	for (size_t i = 0; i < COUNT(names); i++)
		if (str_same(status, names[i].name))
			return names[i].means;
	return str_number(status, 500, 599, &number) ? BEARER_LATER : BEARER_STALE;
}

/* Dovecot refuses with 535 after a status which says that it could not check the token.  5.7.139 is Microsoft's for a mailbox or
 * tenant that may not do this. */
enum bearer_refusal bearer_judge(const char *challenge, size_t n, int code, struct esc esc)
{
	char status[64];

	if (code / 100 == 4)
		return BEARER_LATER;
	if (is_esc(esc, 7, 139))
		return BEARER_FINAL;
	if (n == 0 || !bearer_status(challenge, n, status, sizeof status))
		return n > 0 || is_about_token(code, esc) ? BEARER_STALE : BEARER_FINAL;
	return judge_status(status);
}
