/*
 * parts.h - finds the parts of a message: RFC 2045 5 and 6, RFC 2046 5.1 and 5.2.1.
 *
 * The scanner takes the body in pieces of any size.  It gives every octet to `sink`, in order and unchanged, and says what
 * the octet belongs to: the header of a part, the content of a part, or the text outside of parts.  The result does not
 * depend on where the pieces end.  No fault in a part is an error.  A part whose structure is not clear is a leaf with a
 * `trouble`, and it ends at the next delimiter of a part around it.  A multipart without a boundary, or with that of a part
 * around it, has only text outside of parts.  A multipart is looked into whatever its encoding is: RFC 2045 6.4 allows none.
 */
#ifndef MIME_PARTS_H
#define MIME_PARTS_H

#include "base/buf.h"

enum {
	MIME_DEPTH = 32,               /* parts within parts; the message itself counts as one */
	MIME_HEADER_MAX = 1024 * 1024, /* bytes, the same as for the head of a message */
	MIME_BOUNDARY = 256,           /* room; RFC 2046 5.1.1 allows 70 */
	MIME_DELIMITER_MAX = 998,      /* bytes at most of a line that is a delimiter, with the blanks after it */
};

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

struct mime_part {
	size_t         number; /* in the order of the headers; 0: the message itself */
	enum mime_kind kind;
	char           type[128], encoding[64]; /* in lower case; "": the header has no such field */
	char           boundary[MIME_BOUNDARY];
	const char    *trouble; /* why its structure or encoding is not clear; NULL: it is clear */
	bool           found;   /* multipart: a delimiter has come */
	bool           closed;  /* multipart: the last delimiter has come, or it has no boundary of its own */
};

enum mime_event {
	MIME_HEADER,   /* the whole header of a new part, with its empty line; that part is now the innermost */
	MIME_CONTENT,  /* content of a leaf */
	MIME_LINE_END, /* LF or CRLF after a leaf's content, which belongs to the delimiter that follows */
	MIME_END,      /* no bytes: the innermost part ends */
	MIME_DELIMITER,/* with its line end; the multipart that it belongs to is now the innermost part */
	MIME_OUTSIDE,  /* the text of a multipart before the first delimiter and after the last one */
	MIME_EVENTS
};

struct mime {
	/* private, except that `sink` may read part[] and depth */
	struct mime_part part[MIME_DEPTH]; /* the open parts: [0] is the message, [depth - 1] the innermost */
	size_t     depth, parts;
	bool     (*sink)(void *to, enum mime_event what, const char *p, size_t n, struct err *e);
	void      *to;
	enum mime_where { MIME_IN_HEADER, MIME_IN_CONTENT, MIME_IN_NEITHER } where;
	struct buf header;                 /* of the part that begins */
	size_t     line;                   /* offset of its last line */
	char       held[MIME_DELIMITER_MAX]; /* the start of a line that may be a delimiter */
	size_t     n_held;
	bool       in_line;
	char       line_end[2];            /* kept until it is known whether a delimiter follows */
	size_t     n_line_end;
};

/* `head`: the fields of the message; `sink` gets them as the header of part 0.  After this call, even if it failed, the caller
 * must call mime_free(). */
bool mime_begin(struct mime *m, const char *head, size_t len,
		bool (*sink)(void *to, enum mime_event what, const char *p, size_t n, struct err *e), void *to,
		struct err *e) MUST_CHECK;
bool mime_feed(struct mime *m, const char *p, size_t n, struct err *e) MUST_CHECK;
bool mime_end(struct mime *m, struct err *e) MUST_CHECK; /* ends every open part (MIME_END) */
void mime_free(struct mime *m);

/* Is it base64 or quoted-printable?  With another encoding, even an unknown one, the content counts as it is. */
bool mime_encoded(const char *encoding);

#endif
