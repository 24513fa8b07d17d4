#include "oauth2/authorize.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/printable.h"
#include "base/random.h"
#include "net/crypto.h"

enum {
	BITS_256 = 32,           /* octets */
	CODE_MAX = 32 * 1024,    /* octets; those of work accounts are some thousand octets long */
};

/* base64url (RFC 4648 5) without padding: 43 characters. */
static bool put_word(const unsigned char p[BITS_256], char to[AUTHORIZE_WORD], struct err *e)
{
	struct buf b = buf_max(ST_INTERNAL, AUTHORIZE_WORD, "a random word");
	bool ok = base64_encode(&b, p, BITS_256, e);

	if (ok) {
		memcpy(to, b.bytes, AUTHORIZE_WORD - 1);
		to[AUTHORIZE_WORD - 1] = '\0';
		for (char *c = to; *c != '\0'; c++)
			*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	}
	buf_wipe(&b);
	return ok;
}

static bool random_word(char to[AUTHORIZE_WORD], struct err *e)
{
	unsigned char octets[BITS_256];
	bool ok = random_fill(octets, sizeof octets, e) && put_word(octets, to, e);

	explicit_bzero(octets, sizeof octets);
	return ok;
}

bool authorize_begin(struct authorize *a, struct err *e)
{
	return random_word(a->state, e) && random_word(a->verifier, e);
}

bool authorize_challenge(const char *verifier, char to[AUTHORIZE_WORD], struct err *e)
{
	unsigned char digest[CRYPTO_KEY_MAX];

	_Static_assert((int)CRYPTO_KEY_MAX == (int)BITS_256, "SHA-256 has 256 bits");
	return crypto_start(e)
	    && (crypto_digest(CRYPTO_SHA256, verifier, strlen(verifier), digest)
		|| fail(e, ST_INTERNAL, FATE_TEMP, "GnuTLS cannot compute SHA-256"))
	    && put_word(digest, to, e);
}

bool authorize_url(const struct login *l, const struct authorize *a, const char *redirect, const char *extra, struct buf *to,
		   struct err *e)
{
	const char *url = l->at.authorization;
	struct buf form = buf_like(to);
	char challenge[AUTHORIZE_WORD];
	bool ok = authorize_challenge(a->verifier, challenge, e)
	       && http_form_add(&form, "response_type", "code", e)
	       && http_form_add(&form, "client_id", l->client_id, e)
	       && http_form_add(&form, "redirect_uri", redirect, e)
	       && http_form_add(&form, "scope", l->scope, e)
	       && http_form_add(&form, "state", a->state, e)
	       && http_form_add(&form, "code_challenge", challenge, e)
	       && http_form_add(&form, "code_challenge_method", "S256", e)
	       && http_form_add(&form, "login_hint", l->user, e)
	       && (extra == NULL || (buf_char(&form, '&', e) && buf_str(&form, extra, e)))
	       /* RFC 6749 3.1: the endpoint may have a query, which must be retained */
	       && buf_str(to, url, e)
	       && buf_char(to, strchr(url, '?') == NULL ? '?' : '&', e)
	       && buf_str(to, buf_text(&form), e);

	buf_wipe(&form);
	return ok;
}

/* NULL is a member that is not there; *bad: one that is there twice or cannot be decoded.  RFC 6749 3.1 forbids repetition. */
static char *member(const char *query, const char *name, bool *bad)
{
	bool broken = false;
	char *value = http_form_get(query, name, &broken);

	*bad = *bad || broken;
	return value;
}

static bool same_secret(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned char differ = 0;

	if (strlen(b) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return differ == 0;
}

static bool check_issuer(const struct endpoints *at, const char *iss, const char *host, struct err *e)
{
	if (iss == NULL && at->promises_iss)
		fail(e, ST_SECRET, FATE_NONSENSE, "the redirect does not name its issuer, as %s promises (RFC 9207)", host);
	else if (iss != NULL && at->issuer != NULL && strcmp(iss, at->issuer) != 0)
		fail(e, ST_SECRET, FATE_NONSENSE, "the redirect comes from %s and not from %s", iss, at->issuer);
	else
		return true;
	return err_hint(e, "nothing was sent to it; if this happens again, do not log in at this provider");
}

static void wipe(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static bool take_code(const struct endpoints *at, const char *host, const char *query, bool bad, char **code, struct err *e)
{
	char *iss = member(query, "iss", &bad), *text = member(query, "error_description", &bad);
	char *error = member(query, "error", &bad);
	struct refusal r = { 0 };
	bool ok = false;

	*code = member(query, "code", &bad);
	if (bad) {
		fail(e, ST_SECRET, FATE_NONSENSE,
		     "the redirect of %s has a parameter that is there twice or cannot be read", host);
	} else if (!check_issuer(at, iss, host, e)) {
		;
	} else if (error != NULL) {
		printable(r.error, sizeof r.error, error, strlen(error), false);
		if (text != NULL)
			printable(r.description, sizeof r.description, text, strlen(text), false);
		refusal_fail(&r, host, e);
	} else if (*code == NULL || **code == '\0' || strlen(*code) > CODE_MAX) {
		fail(e, ST_SECRET, FATE_NONSENSE, "the redirect of %s has no code", host);
	} else {
		ok = true;
	}
	if (!ok)
		wipe(code);
	free(iss);
	free(text);
	free(error);
	return ok;
}

enum authorize_answer authorize_parse(const struct authorize *a, const struct endpoints *at, const char *host, const char *query,
				      char **code, struct err *e)
{
	bool bad = false;
	char *state = member(query, "state", &bad);
	bool ours = !bad && state != NULL && same_secret(state, a->state);

	*code = NULL;
	if (!ours)
		fail(e, ST_SECRET, FATE_PERM, state == NULL && !bad ? "this redirect has no `state`"
								    : "this redirect belongs to another login");
	wipe(&state);
	if (!ours)
		return AUTHORIZE_FOREIGN;
	return take_code(at, host, query, false, code, e) ? AUTHORIZE_CODE : AUTHORIZE_FAILED;
}

enum authorize_answer authorize_paste(const struct authorize *a, const struct endpoints *at, const char *host, const char *text,
				      char **code, struct err *e)
{
	const char *mark = strchr(text, '?'), *from = mark != NULL ? mark + 1 : text;
	char *query = strndup(from, strcspn(from, "# \t\r\n"));
	enum authorize_answer answer;

	*code = NULL;
	if (query == NULL) {
		fail_memory(e);
		return AUTHORIZE_FAILED;
	}
	answer = authorize_parse(a, at, host, query, code, e);
	if (answer == AUTHORIZE_FOREIGN)
		err_hint(e, "the whole address of the page is needed: it begins with http and has `code=` and `state=` in it;"
			    " a code alone does not show that it belongs to this login");
	wipe(&query);
	return answer;
}
