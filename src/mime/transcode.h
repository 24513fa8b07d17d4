/*
 * transcode.h - carries out a downgrade: takes the body in pieces, and gives it back with its parts encoded as downgrade.h
 * decided.
 *
 * Parts that need no encoding stay byte for byte.  The same body always gives the same output.
 */
#ifndef MIME_TRANSCODE_H
#define MIME_TRANSCODE_H

#include "mime/downgrade.h"

enum { TRANSCODE_PIECE = 8 * 1024 }; /* bytes that transcode_feed() takes at most */

struct transcode; /* its memory: a few times TRANSCODE_PIECE, and the header of a part */

/* Takes over the ctes of a struct downgrade, even if it fails (NULL and *e).  `head` is borrowed, and read each time the body
 * begins. */
struct transcode *transcode_new(struct buf *ctes, const struct buf *head, struct err *e) MUST_CHECK;
void transcode_rewind(struct transcode *r); /* the body begins again; accepts NULL */
void transcode_free(struct transcode *r);   /* accepts NULL */

/* To be called only when transcode_output() has returned 0, that is, all earlier output has been taken. */
bool transcode_feed(struct transcode *r, const char *in, size_t n, struct err *e) MUST_CHECK;
bool transcode_end(struct transcode *r, struct err *e) MUST_CHECK;
size_t transcode_output(struct transcode *r, char *to, size_t room); /* 0: there is no output */

/* Copies a header, or the fields of one, with the Content-Transfer-Encoding, and if it becomes a text, the Content-Type of this;
 * X-Original-Content-Type then keeps the other type. */
bool transcode_header(struct buf *to, const char *header, size_t len, enum cte cte, struct err *e) MUST_CHECK;

#endif
