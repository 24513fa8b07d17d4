/*
 * refusal.h - what an answer of a provider means that is no success: RFC 6749 5.2 and its kin.
 *
 * The member `error` decides, by a table of the names that RFCs and providers have.  Without one, 200 is nonsense: the server
 * does not speak OAuth2.  Any other status is temporary, a redirect, too: a proxy or a server under repair may answer so.
 *
 * Pure.  A body of a 200, or one that names a token, is never quoted; what is quoted is short and printable.  No hint is given
 * here: secret/advice has them, by the words of the error.
 */
#ifndef OAUTH2_REFUSAL_H
#define OAUTH2_REFUSAL_H

#include "oauth2/http.h"

#include <jansson.h>

struct refusal { /* zeroed: the provider said nothing; all is printable */
	char error[64];        /* "": none */
	char description[301];
	char subtype[64];      /* Google's error_subtype, Microsoft's suberror */
	int  status;           /* of HTTP */
};

/* The body as an object, which the caller ends with json_decref().  NULL: it is none. */
json_t *refusal_object(const struct http_answer *a);

/* What the object (may be NULL) says.  False: it has no `error`. */
bool refusal_read(const json_t *object, int status, struct refusal *r);

/* What the provider said, in one line: "error (subtype): description".  recall() takes such a line apart
 * again. */
enum { REFUSAL_WORDS = sizeof(struct refusal) + 8 };
const char *refusal_words(const struct refusal *r, char to[REFUSAL_WORDS]); /* returns `to` */
void        refusal_recall(const char *words, struct refusal *r);

/* All return false.  `host` names the provider, `what` what was asked for.  The fate: TEMP worth another try; ST_SECRET PERM a
 * person must log in again (invalid_grant, and names that are not known); ST_CONFIG PERM the client, its scope or the request is
 * at fault (invalid_client, ...); NONSENSE. */
bool refusal_fail(const struct refusal *r, const char *host, struct err *e);
bool refusal_quote(struct err *e, const char *words, size_t len); /* foreign words in one short line */
bool refusal_fail_status(const struct http_answer *a, const char *host, const char *what, struct err *e);

#endif
