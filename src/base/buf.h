/*
 * buf.h - an array of bytes that grows up to a ceiling; the ceiling is given when it is made.
 *
 *	struct buf b = buf_max(ST_INPUT, 64 * 1024, "the header");
 *
 * A NUL always follows the last byte: if the content has no NUL, `bytes` can be read as a string.  Before the first append,
 * and after buf_free(), `bytes` is NULL: buf_text() gives "" then.  An append past the ceiling adds nothing, fills *e (that
 * stage, permanent, "the header is larger than 65536 bytes") and returns false.  When memory runs out, it is fail_memory().
 * A zeroed buf is valid, and has a ceiling of 0.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"

struct buf {
	char       *bytes; /* owned */
	size_t      len, cap;
	size_t      max;  /* bytes of content at most */
	const char *what; /* borrowed: names the content in the error */
	enum stage  stage; /* of that error; the owner of the buf gives it */
};

struct buf buf_max(enum stage stage, size_t max, const char *what);
struct buf buf_like(const struct buf *b); /* an empty one with the same ceiling, name and stage */

bool buf_room(struct buf *b, size_t n, struct err *e) MUST_CHECK; /* cap - len >= n afterwards */
bool buf_add(struct buf *b, const void *p, size_t n, struct err *e) MUST_CHECK;
bool buf_str(struct buf *b, const char *s, struct err *e) MUST_CHECK;
bool buf_char(struct buf *b, char c, struct err *e) MUST_CHECK;
bool buf_printf(struct buf *b, struct err *e, const char *fmt, ...) PRINTF(3, 4) MUST_CHECK;

/* Replace `cut` bytes at offset `at` by the n bytes at p. */
bool buf_splice(struct buf *b, size_t at, size_t cut, const void *p, size_t n, struct err *e) MUST_CHECK;

const char *buf_text(const struct buf *b); /* the bytes, or "" */
void        buf_clear(struct buf *b);      /* len = 0, keeps the memory */
void        buf_free(struct buf *b);       /* leaves it empty with the same ceiling */
void        buf_wipe(struct buf *b);       /* overwrites the whole memory, then frees it */

#endif
