/*
 * http.h - one request to an endpoint of a provider: libcurl, and what it may do.  No other module knows libcurl.
 *
 * Only https, TLS 1.2 and later, with certificates checked; plain http only to a loopback host, and only if `insecure` allows it.
 * No redirect is followed, no netrc, no cookie; a body is bounded while it comes (a chunked one, too).  Proxies are those of the
 * environment (https_proxy, no_proxy).  Nothing is printed or logged: requests have secrets in them.
 *
 * A request that did not leave (no connection) is made again after 1 and after 3 seconds.  One that may have arrived is made
 * again only if `again` allows it: after 408, 429 and 5xx in the same way, or as Retry-After says if that is soon enough, and
 * once if its answer was lost or cut.
 */
#ifndef OAUTH2_HTTP_H
#define OAUTH2_HTTP_H

#include "base/buf.h"
#include "base/clock.h"

enum {
	HTTP_BODY_MAX = 64 * 1024, /* bytes */
	HTTP_HEAD_MAX = 64 * 1024,
	HTTP_CONNECT_S = 10,       /* for a connection, TLS included */
	HTTP_ANSWER_S = 30,        /* for the whole of one request and its answer */
};

struct http {
	const char *trust_file; /* borrowed; NULL: http_trust_file(), or without that the system's authorities */
	bool        insecure;   /* http to a loopback host is allowed */
	int64_t     until;      /* the end of all requests (base/clock) */
};

struct http_request {
	const char       *url;    /* borrowed, as are all here */
	const struct buf *form;   /* application/x-www-form-urlencoded; NULL: see json */
	const struct buf *json;   /* application/json; NULL and no form: GET */
	const char       *id, *secret; /* HTTP Basic (RFC 6749 2.3.1: each is form-encoded before); NULL: none */
	const char       *bearer; /* Authorization: Bearer; NULL: none */
	bool              again;
};

struct http_answer {
	int         status;      /* 100 to 599 */
	char        type[100];   /* of the content, without parameters, in lower case; "": none */
	unsigned    retry_after; /* seconds; 0: not said */
	struct buf  body;        /* owned; wiped by http_answer_free() */
};

/* False: there is no whole answer.  That is ST_SECRET TEMP, with the host and libcurl's words; NONSENSE if it is too large and
 * its status is 200; ST_CONFIG PERM if the URL may not be used or the trust file cannot be read.  A redirect is an answer like
 * any other. */
bool http_ask(const struct http *h, const struct http_request *q, struct http_answer *a, struct err *e) MUST_CHECK;

/* The statuses after which the same request may succeed soon. */
static inline bool http_is_busy(int status) { return status == 408 || status == 429 || status >= 500; }

void http_answer_free(struct http_answer *a); /* leaves it zeroed */

/* The file of authorities that POSTERN_TLS_TRUST_FILE names; NULL: none.  A login keeps it, since the sender starts us without
 * the variable. */
const char *http_trust_file(void);

/* May this URL be used: https (or http to a loopback host, if that is allowed) with a host, in printable ASCII, without a user
 * and a fragment? */
bool http_url_ok(const char *url, bool insecure);

/* The host of a URL, with its port if there is one: for sentences.  Returns `to`. */
enum { HTTP_HOST = 264 };
const char *http_host(const char *url, char to[HTTP_HOST]);

/* "name=value" with both percent-encoded (RFC 6749 B), and an "&" before if `to` is not empty.  value NULL: adds nothing. */
bool http_form_add(struct buf *to, const char *name, const char *value, struct err *e) MUST_CHECK;

/* The value of `name` in a query or form, decoded; the caller frees it.  NULL: it is not there, is there twice, or has a NUL or a
 * broken escape (*twice_or_broken then), or no memory. */
char *http_form_get(const char *query, const char *name, bool *twice_or_broken);

#endif
