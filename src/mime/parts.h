/*
 * parts.h - where the parts of a message are: RFC 2045 5 and 6, RFC 2046 5.1 and 5.2.1.
 *
 * A scanner, fed with the body in pieces of any size, that hands every octet on and says what it is: the header
 * of a part, its content, or what stands outside of parts.  What it hands on, in order, is what it was fed; where the
 * input was cut does not matter.  It judges nothing: a part that cannot be understood is a leaf with a `trouble`, and
 * its content ends where that of a part around it ends.
 */
#ifndef MIME_PARTS_H
#define MIME_PARTS_H

#include "base/buf.h"

enum {
	MIME_DEPTH = 32,               /* parts within parts, the message itself counted */
	MIME_HEADER_MAX = 1024 * 1024, /* bytes, as much as the head of a message */
	MIME_BOUNDARY = 256,           /* room; RFC 2046 allows 70 */
	MIME_DELIMITER = 998,          /* bytes of a line that can be a delimiter, blanks behind it included */
};

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

struct mime_part {
	size_t         number; /* in the order of the headers; 0: the message itself */
	enum mime_kind kind;
	char           type[128], encoding[64]; /* in lower case; "" where the header says nothing */
	char           boundary[MIME_BOUNDARY];
	const char    *trouble; /* why it is a leaf though it says otherwise, or why nobody knows; NULL: fine */
	bool           found;   /* multipart: there was a delimiter */
	bool           closed;  /* multipart: and the last one */
};

enum mime_event {
	MIME_HEADER,   /* the whole header of a part that now is the innermost, its empty line included */
	MIME_CONTENT,  /* of a leaf */
	MIME_LINE_END, /* LF or CRLF after a leaf's content: belongs to the delimiter that follows */
	MIME_END,      /* no bytes: the innermost part is over */
	MIME_OUTSIDE,  /* delimiters, what precedes the first one and what follows the last */
	MIME_EVENTS
};

struct mime {
	/* private, but for part[] and depth, which `take` may read */
	struct mime_part part[MIME_DEPTH]; /* those that are open: [0] is the message, [depth - 1] the innermost */
	size_t     depth, parts;
	bool     (*take)(void *to, enum mime_event what, const char *p, size_t n, struct err *e);
	void      *to;
	enum mime_where { IN_HEADER, IN_CONTENT, OUTSIDE } where;
	struct buf header;                 /* of the part that begins */
	size_t     line;                   /* where in it the last line starts */
	char       held[MIME_DELIMITER];   /* the start of a line that may become a delimiter */
	size_t     n_held;
	bool       in_line;
	char       line_end[2];            /* not handed on before it is known whose it is */
	size_t     n_line_end;
};

/* `head`: the fields of the message, handed on as the header of part 0.  From here on mime_free() is owed. */
bool mime_begin(struct mime *m, const char *head, size_t len,
		bool (*take)(void *to, enum mime_event what, const char *p, size_t n, struct err *e), void *to,
		struct err *e) MUST_CHECK;
bool mime_feed(struct mime *m, const char *p, size_t n, struct err *e) MUST_CHECK;
bool mime_end(struct mime *m, struct err *e) MUST_CHECK; /* every part gets its MIME_END */
void mime_free(struct mime *m);

/* 7bit, 8bit, binary or nothing: the content is what it looks like. */
bool mime_identity(const char *encoding);

#endif
