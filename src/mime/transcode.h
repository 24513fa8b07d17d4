/*
 * transcode.h - carries a plan out: the body in, in pieces, and out with its parts encoded as plan.h decided.
 *
 * Whatever needs nothing comes out byte for byte.  The same body gives the same output each time.
 */
#ifndef MIME_TRANSCODE_H
#define MIME_TRANSCODE_H

#include "mime/plan.h"

enum { TRANSCODE_PIECE = 8 * 1024 }; /* bytes that transcode_feed() takes at most */

struct transcode; /* memory: a few times TRANSCODE_PIECE, and the header of a part */

/* Takes the actions over, whatever happens; `head` is borrowed and read each time the body begins.  NULL: *e. */
struct transcode *transcode_new(struct buf *actions, const struct buf *head, struct err *e) MUST_CHECK;
void transcode_rewind(struct transcode *r); /* the body begins again; accepts NULL */
void transcode_free(struct transcode *r);   /* accepts NULL */

/* Only once all that is there has been taken. */
bool transcode_feed(struct transcode *r, const char *in, size_t n, struct err *e) MUST_CHECK;
bool transcode_end(struct transcode *r, struct err *e) MUST_CHECK;
size_t transcode_take(struct transcode *r, char *to, size_t room); /* 0: nothing is there */

/* A header, or the fields of one, with the Content-Transfer-Encoding that this action gives it. */
bool transcode_header(struct buf *to, const char *header, size_t len, enum action action, struct err *e) MUST_CHECK;

#endif
