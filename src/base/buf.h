/*
 * buf.h - growing bytes with a ceiling given at birth.
 *
 *	struct buf b = buf_max(ST_INPUT, 64 * 1024, "the header");
 *
 * A NUL always follows the last byte, so that `bytes` can be read as a string when the content is
 * known to hold none; an empty buf has bytes == NULL (use buf_text()).  An append past the ceiling
 * adds nothing, fills *e (that stage, permanent, "the header is larger than 65536 bytes") and
 * returns false; running out of memory is fail_memory().  Zero is a valid start with no room.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"

struct buf {
	char       *bytes; /* owned */
	size_t      len, cap;
	size_t      max;  /* bytes of content at most */
	const char *what; /* borrowed: names the content in the error */
	enum stage  stage; /* of that error: the owner knows what is being attempted */
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
