/*
 * http.h - one request to an endpoint of a provider: libcurl, and what it may do.  No other module knows libcurl.
 *
 * Only https, TLS 1.2 and later, with certificates checked; plain http only to a loopback host, and only if `insecure` allows it.
 * No redirect is followed, no netrc, no cookie; a body is bounded while it comes (a chunked one, too).  Proxies are those of the
 * environment (https_proxy, no_proxy).  Nothing is printed or logged: requests have secrets in them.
 *
 * A request is made again after a temporary failure (no connection, a cut answer, 408, 429, 5xx: after 1 and 3 seconds, or as
 * Retry-After says if that is soon enough) only if `again` allows it.
 */
#ifndef OAUTH2_HTTP_H
#define OAUTH2_HTTP_H

#include "base/buf.h"
#include "base/clock.h"

enum { HTTP_BODY_MAX = 64 * 1024 /* bytes */ };

struct http {
	const char *trust_file; /* borrowed; NULL: the system's authorities */
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

/* False: there is no whole answer (ST_SECRET TEMP, naming the host and libcurl's words; PERM (ST_CONFIG) if the URL may not be
 * used).  A redirect is an answer like any other. */
bool http_ask(const struct http *h, const struct http_request *q, struct http_answer *a, struct err *e) MUST_CHECK;
void http_answer_free(struct http_answer *a);

/* May this URL be used: https with a host, without user, control characters, or a fragment? */
bool http_url_ok(const char *url, bool insecure);

/* "name=value" with both percent-encoded (RFC 6749 B), and an "&" before if `to` is not empty.  value NULL: adds nothing. */
bool http_form_add(struct buf *to, const char *name, const char *value, struct err *e) MUST_CHECK;

/* The value of `name` in a query or form, decoded; the caller frees it.  NULL: it is not there, is there twice, or has a NUL or a
 * broken escape (*twice_or_broken then), or no memory. */
char *http_form_get(const char *query, const char *name, bool *twice_or_broken);

#endif
