#include "oauth2/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/descriptor.h"
#include "base/signals.h"
#include "base/str.h"
#include "oauth2/wiped.h"

#ifdef TRUST_FILE
static const char *const authorities = TRUST_FILE;
#else
static const char *const authorities = NULL; /* those that libcurl was built with */
#endif

/* ---- what libcurl says --------------------------------------------------------------------------- */

#define PROXY_HINT "https_proxy and ALL_PROXY name the proxy, no_proxy the hosts that are reached without one"

/* The first row with the code counts; the last one is for all others. */
static const struct row {
	CURLcode    code;
	enum stage  stage;
	enum fate   fate;
	bool        soon; /* it may succeed in a few seconds */
	const char *say;  /* with the host */
	const char *hint; /* NULL: none */
} rows[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, ST_SECRET, FATE_TEMP, true, "the name of %s cannot be resolved", NULL },
	{ CURLE_COULDNT_RESOLVE_PROXY, ST_SECRET, FATE_TEMP, true, "the name of the proxy for %s cannot be resolved",
	  PROXY_HINT },
	{ CURLE_COULDNT_CONNECT, ST_SECRET, FATE_TEMP, true, "there is no connection to %s", NULL },
	{ CURLE_PROXY, ST_SECRET, FATE_TEMP, false, "the proxy gives no connection to %s", PROXY_HINT },
	{ CURLE_OPERATION_TIMEDOUT, ST_SECRET, FATE_TEMP, true, "%s did not answer in time", NULL },
	{ CURLE_SSL_CONNECT_ERROR, ST_SECRET, FATE_TEMP, true, "TLS with %s failed", NULL },
	{ CURLE_PEER_FAILED_VERIFICATION, ST_SECRET, FATE_TEMP, false, "the certificate of %s is not trusted",
	  "check this machine's clock; if an authority of your own has signed the certificate, log in with --tls-trust-file FILE,"
	  " or set POSTERN_TLS_TRUST_FILE" },
	{ CURLE_SSL_CACERT_BADFILE, ST_CONFIG, FATE_PERM, false, "the authorities that could vouch for %s cannot be read",
	  "check the file of --tls-trust-file or POSTERN_TLS_TRUST_FILE; if there is none, install the package ca-certificates" },
	{ CURLE_PARTIAL_FILE, ST_SECRET, FATE_TEMP, true, "the answer of %s was cut", NULL },
	{ CURLE_RECV_ERROR, ST_SECRET, FATE_TEMP, true, "the answer of %s was cut", NULL },
	{ CURLE_GOT_NOTHING, ST_SECRET, FATE_TEMP, true, "%s ended the connection without an answer", NULL },
	{ CURLE_SEND_ERROR, ST_SECRET, FATE_TEMP, true, "the request to %s was cut", NULL },
	{ CURLE_WEIRD_SERVER_REPLY, ST_SECRET, FATE_TEMP, false, "%s does not speak HTTP", NULL },
	{ CURLE_UNSUPPORTED_PROTOCOL, ST_SECRET, FATE_TEMP, false, "%s does not speak HTTP", NULL }, /* HTTP/0.9 */
	{ CURLE_OK, ST_SECRET, FATE_TEMP, false, "the request to %s failed", NULL },
};

static const struct row *row_of(CURLcode code)
{
	size_t i = 0;

	while (rows[i].code != code && rows[i].code != CURLE_OK)
		i++;
	return &rows[i];
}

/* ---- URLs ---------------------------------------------------------------------------------------- */

enum { URL_MAX = 2048 /* bytes; longer than any endpoint */ };

static bool is_loopback(const char *host)
{
	struct in_addr a;

	return str_same(host, "localhost") || strcmp(host, "[::1]") == 0
	    || (inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127);
}

static bool scheme_ok(CURLU *u, bool insecure)
{
	char *scheme = NULL, *host = NULL;
	bool ok;

	ok = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK
	  && host[0] != '\0' && (strcmp(scheme, "https") == 0 || (insecure && strcmp(scheme, "http") == 0 && is_loopback(host)));
	curl_free(scheme);
	curl_free(host);
	return ok;
}

/* The characters of RFC 3986 2, but no fragment.  A backslash is refused also because browsers take it for a slash, and libcurl
 * does not; one slash or three because libcurl takes them for two. */
bool http_url_ok(const char *url, bool insecure)
{
	size_t len = strlen(url);
	const char *host = strstr(url, "://");
	CURLU *u;
	bool ok;

	if (len > URL_MAX || host == NULL || host[3] == '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (url[i] <= ' ' || url[i] > '~' || strchr("\\#\"<>`{|}^", url[i]) != NULL)
			return false;
	u = curl_url();
	ok = u != NULL && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK && scheme_ok(u, insecure);
	curl_url_cleanup(u);
	return ok;
}

const char *http_host(const char *url, char to[HTTP_HOST])
{
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL;

	snprintf(to, HTTP_HOST, "the provider");
	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK
	    && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		bool other = curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK;

		snprintf(to, HTTP_HOST, "%s%s%s", host, other ? ":" : "", other ? port : "");
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return to;
}

/* ---- forms: RFC 6749 B --------------------------------------------------------------------------- */

static bool add_encoded(struct buf *to, const char *s, struct err *e)
{
	for (; *s != '\0'; s++) {
		bool plain = str_isalnum(*s) || strchr("-._~", *s) != NULL;

		if (!(plain ? buf_char(to, *s, e) : buf_printf(to, e, "%%%02X", (unsigned char)*s)))
			return false;
	}
	return true;
}

bool http_form_add(struct buf *to, const char *name, const char *value, struct err *e)
{
	return value == NULL
	    || ((to->len == 0 || buf_char(to, '&', e)) && add_encoded(to, name, e) && buf_char(to, '=', e)
		&& add_encoded(to, value, e));
}

/* Decodes in place; false: a broken escape or a NUL. */
static bool decode(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s != '%') {
			*to++ = *s == '+' ? ' ' : *s;
			continue;
		}
		if (str_hex_digit(s[1]) < 0 || str_hex_digit(s[2]) < 0)
			return false;
		*to = (char)(str_hex_digit(s[1]) * 16 + str_hex_digit(s[2]));
		if (*to++ == '\0')
			return false;
		s += 2;
	}
	*to = '\0';
	return true;
}

char *http_form_get(const char *query, const char *name, bool *twice_or_broken)
{
	size_t n = strlen(name);
	const char *found = NULL;
	char *value;

	*twice_or_broken = false;
	for (const char *p = query; *p != '\0'; p += strcspn(p, "&"), p += *p == '&')
		if (strncmp(p, name, n) == 0 && p[n] == '=') {
			*twice_or_broken = found != NULL;
			found = p + n + 1;
			if (*twice_or_broken)
				return NULL;
		}
	value = found == NULL ? NULL : strndup(found, strcspn(found, "&"));
	if (found == NULL || (value != NULL && decode(value)))
		return value;
	*twice_or_broken = true;
	free(value);
	return NULL;
}

/* ---- one request --------------------------------------------------------------------------------- */

struct attempt {
	CURL              *curl;
	struct curl_slist *fields; /* of the request's header; wiped */
	struct http_answer *a;
	size_t             head;   /* bytes of the answer's header */
	bool               too_large;
	bool               sent;   /* the request, or a part of it */
	char               words[CURL_ERROR_SIZE];
};

static size_t got_head(char *p, size_t size, size_t n, void *context)
{
	struct attempt *x = context;

	(void)p;
	x->head += size * n;
	x->too_large = x->head > HTTP_HEAD_MAX;
	return x->too_large ? 0 : size * n;
}

/* MAXFILESIZE of libcurl 7.88 does not stop a chunked body. */
static size_t got_body(char *p, size_t size, size_t n, void *context)
{
	struct attempt *x = context;
	struct err e;

	if (buf_add(&x->a->body, p, size * n, &e))
		return size * n;
	x->too_large = e.stage != ST_INTERNAL;
	return 0;
}

static int got_time(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)context, (void)a, (void)b, (void)c, (void)d;
	return signals_stopping() != 0;
}

static bool add_field(struct attempt *x, const char *field, struct err *e)
{
	struct curl_slist *more = curl_slist_append(x->fields, field);

	if (more == NULL)
		return fail_memory(e);
	x->fields = more;
	return true;
}

/* RFC 6749 2.3.1: id and secret are form-encoded before. */
static bool put_basic(struct buf *field, const struct http_request *q, struct err *e)
{
	struct buf pair = buf_like(field);
	bool ok;

	ok = add_encoded(&pair, q->id, e) && buf_char(&pair, ':', e) && add_encoded(&pair, q->secret, e)
	  && buf_str(field, "Authorization: Basic ", e) && base64_encode(field, buf_text(&pair), pair.len, e);
	buf_wipe(&pair);
	return ok;
}

static bool add_fields(struct attempt *x, const struct http_request *q, struct err *e)
{
	struct buf field = buf_max(ST_SECRET, HTTP_BODY_MAX, "the request");
	bool ok;

	ok = add_field(x, "Accept: application/json", e)
	  && (q->json == NULL || add_field(x, "Content-Type: application/json", e))
	  && (q->secret == NULL || (put_basic(&field, q, e) && add_field(x, buf_text(&field), e)));
	buf_wipe(&field);
	ok = ok && (q->bearer == NULL || (buf_printf(&field, e, "Authorization: Bearer %s", q->bearer)
					  && add_field(x, buf_text(&field), e)));
	buf_wipe(&field);
	return ok;
}

const char *http_trust_file(void)
{
	const char *path = secure_getenv("POSTERN_TLS_TRUST_FILE");

	return path == NULL || path[0] == '\0' ? NULL : path;
}

#define SET(option, value) (curl_easy_setopt(x->curl, option, value) == CURLE_OK)

/* Only the authorities of this file count.  libcurl would also trust those of the directory that it was built with.  If a libcurl
 * knows no directories, it refuses the option. */
static bool trust_only(struct attempt *x, const char *file)
{
	CURLcode code = curl_easy_setopt(x->curl, CURLOPT_CAPATH, NULL);

	return (code == CURLE_OK || code == CURLE_NOT_BUILT_IN || code == CURLE_UNKNOWN_OPTION) && SET(CURLOPT_CAINFO, file);
}

/* VERBOSE is never set: it prints secrets. */
static bool set_rules(struct attempt *x, const struct http *h)
{
	long answer_ms = clock_left_ms(clock_sooner(h->until, clock_in_s(HTTP_ANSWER_S)));
	const char *named = h->trust_file != NULL ? h->trust_file : http_trust_file();
	const char *trust = named != NULL ? named : authorities;

	return SET(CURLOPT_PROTOCOLS_STR, h->insecure ? "https,http" : "https")
	    && SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L)
	    && SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L)
	    && SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1)
	    && SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_SSL_VERIFYPEER, 1L)
	    && SET(CURLOPT_SSL_VERIFYHOST, 2L) && (trust == NULL || trust_only(x, trust))
	    && SET(CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_S) && SET(CURLOPT_TIMEOUT_MS, answer_ms > 0 ? answer_ms : 1L)
	    && SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_NOPROGRESS, 0L) && SET(CURLOPT_XFERINFOFUNCTION, got_time)
	    && SET(CURLOPT_USERAGENT, "postern-oauth2/" PACKAGE_VERSION);
}

static bool set_request(struct attempt *x, const struct http_request *q)
{
	const struct buf *body = q->form != NULL ? q->form : q->json;

	return SET(CURLOPT_URL, q->url) && SET(CURLOPT_HTTPHEADER, x->fields)
	    && (body == NULL || (SET(CURLOPT_POSTFIELDSIZE, (long)body->len) && SET(CURLOPT_POSTFIELDS, buf_text(body))))
	    && SET(CURLOPT_ERRORBUFFER, x->words) && SET(CURLOPT_HEADERFUNCTION, got_head) && SET(CURLOPT_HEADERDATA, x)
	    && SET(CURLOPT_WRITEFUNCTION, got_body) && SET(CURLOPT_WRITEDATA, x);
}

static void keep_type(struct http_answer *a, const char *type)
{
	size_t n = type == NULL ? 0 : strcspn(type, "; \t");

	for (size_t i = 0; i < n && i + 1 < sizeof a->type; i++)
		a->type[i] = type[i] < '!' || type[i] > '~' ? '?' : str_lower(type[i]);
}

static void keep_facts(struct attempt *x)
{
	curl_off_t after = 0;
	long status = 0, bytes = 0;
	char *type = NULL;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x->curl, CURLINFO_REQUEST_SIZE, &bytes);
	curl_easy_getinfo(x->curl, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(x->curl, CURLINFO_RETRY_AFTER, &after);
	x->sent = bytes > 0;
	x->a->status = status < 0 || status > 599 ? 0 : (int)status;
	x->a->retry_after = after < 0 ? 0 : after > 86400 ? 86400 : (unsigned)after;
	keep_type(x->a, type);
}

/* For libcurl the refusal of a proxy is a cut answer. */
static CURLcode perform(struct attempt *x)
{
	CURLcode code = curl_easy_perform(x->curl);
	long proxy = 0;

	curl_easy_getinfo(x->curl, CURLINFO_HTTP_CONNECTCODE, &proxy);
	return code != CURLE_OK && proxy >= 300 ? CURLE_PROXY : code;
}

static bool failed(const struct attempt *x, CURLcode code, const char *url, struct err *e)
{
	const struct row *r = row_of(code);
	const char *words = x->words[0] != '\0' ? x->words : curl_easy_strerror(code);
	char host[HTTP_HOST];

	http_host(url, host);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return signals_fail(e, ST_SECRET);
	if (x->too_large)
		return fail(e, ST_SECRET, x->a->status == 200 ? FATE_NONSENSE : FATE_TEMP, "the answer of %s is too large", host);
	if (code == CURLE_OUT_OF_MEMORY || code == CURLE_WRITE_ERROR)
		return fail_memory(e);
	fail(e, r->stage, r->fate, r->say, host);
	if (r->hint != NULL)
		err_hint(e, "%s", r->hint);
	return err_quote(e, words, strlen(words));
}

static void attempt_free(struct attempt *x)
{
	for (struct curl_slist *s = x->fields; s != NULL; s = s->next)
		explicit_bzero(s->data, strlen(s->data));
	curl_slist_free_all(x->fields);
	curl_easy_cleanup(x->curl);
}

static bool ask_once(const struct http *h, const struct http_request *q, struct attempt *x, CURLcode *code, struct err *e)
{
	bool ok;

	*code = CURLE_OK;
	x->curl = curl_easy_init();
	x->a->body = buf_max(ST_SECRET, HTTP_BODY_MAX, "the answer");
	ok = x->curl != NULL && add_fields(x, q, e) && set_rules(x, h) && set_request(x, q);
	if (!ok) {
		fail_memory(e);
	} else {
		*code = perform(x);
		keep_facts(x);
		ok = *code == CURLE_OK || failed(x, *code, q->url, e);
	}
	attempt_free(x);
	return ok;
}

/* ---- and again ----------------------------------------------------------------------------------- */

static const unsigned pauses_s[] = { 1, 3 };

/* The end of the pause before the next attempt; 0: there is none. */
static int64_t next_attempt(const struct http *h, const struct http_answer *a, size_t tries)
{
	unsigned s = tries >= COUNT(pauses_s) ? 0 : a->retry_after > pauses_s[tries] ? a->retry_after : pauses_s[tries];
	int64_t at = clock_in_s(s);

	return s == 0 || at >= h->until ? 0 : at;
}

static bool start_once(struct err *e)
{
	static bool ready;

	ready = ready || curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiped_malloc, wiped_free, wiped_realloc, wiped_strdup,
					      wiped_calloc) == CURLE_OK;
	return ready || fail_memory(e);
}

bool http_ask(const struct http *h, const struct http_request *q, struct http_answer *a, struct err *e)
{
	bool lost = false;

	*a = (struct http_answer){ .status = 0 };
	if (!http_url_ok(q->url, h->insecure))
		return fail(e, ST_CONFIG, FATE_PERM, "%s is no https:// URL that may be used", q->url);
	if (!start_once(e))
		return false;
	for (size_t tries = 0;; tries++) {
		struct attempt x = { .a = a };
		CURLcode code;
		bool ok = ask_once(h, q, &x, &code, e), again;
		int64_t at = next_attempt(h, a, tries);

		again = ok ? q->again && http_is_busy(a->status) : row_of(code)->soon && (!x.sent || (q->again && !lost));
		again = again && at != 0;
		if (!ok || again)
			http_answer_free(a);
		if (!again)
			return ok;
		lost = lost || x.sent;
		if (descriptor_wait(-1, 0, at) == IO_STOPPED)
			return signals_fail(e, ST_SECRET);
	}
}

void http_answer_free(struct http_answer *a)
{
	buf_wipe(&a->body);
	*a = (struct http_answer){ .status = 0 };
}
