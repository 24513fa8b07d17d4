/*
 * downgrade.h - decides which parts of a message get another Content-Transfer-Encoding, so that a server can take a text that is
 * 8-bit, or that no server may get as it is: RFC 2045 6, RFC 6152 3, RFC 1847 2.1.
 *
 * It takes the whole body once and decides for each part; transcode.h then encodes.  Only what needs it is changed:
 *
 *	a leaf			is encoded, or if it is encoded already, it is encoded again in the same way
 *	a multipart		whose parts are not found becomes a text
 *	the header of a part	is mended and becomes ASCII (mail/ascii.h), as far as that is possible
 *	text outside of parts	means nothing to readers (RFC 2046 5.1.1): it is written as quoted-printable
 *	a missing end		is added to a multipart in which something changes: what follows must not become a part of it
 *
 * What is signed or encrypted is never changed: that is an error (ST_INPUT PERM), like a part whose structure is not certain.
 */
#ifndef MIME_DOWNGRADE_H
#define MIME_DOWNGRADE_H

#include "mail/survey.h"
#include "mime/charset.h"
#include "mime/parts.h"

enum { DOWNGRADE_PARTS = 10000 }; /* in one message */

enum cte { /* what becomes of the Content-Transfer-Encoding of a part */
	CTE_KEEP,
	CTE_QP,
	CTE_BASE64,       /* of its lines, with CRLF as line ends: RFC 2045 6.8 */
	CTE_BASE64_EXACT, /* of its octets, unchanged */
	CTE_QP_AGAIN,     /* it is quoted-printable already, but not as it must be */
	CTE_BASE64_AGAIN, /* the same for base64 */
	CTE_TEXT,         /* a multipart without parts: quoted-printable, and the type becomes text/plain */
	CTE_TEXT_UTF8,
	CTE_TEXT_UNKNOWN,
	CTE_IS_7BIT,      /* a multipart or message with encoded parts: only its Content-Transfer-Encoding changes */
	CTE_IS_8BIT,
	CTES
};

enum { /* added to the enum cte of a part */
	PART_CTE = 0x0f,
	PART_CLOSE = 0x10,   /* a multipart: its end is added */
	PART_HEADER = 0x20,  /* its header goes through ascii_header() */
	PART_UTF8 = 0x40,    /* and valid UTF-8 stays in it */
	PART_OUTSIDE = 0x80, /* a multipart: the text outside of its parts becomes quoted-printable */
};
_Static_assert(CTES <= PART_CTE + 1, "an enum cte has room");

enum { /* why parts are changed, besides what no server takes */
	DOWNGRADE_7BIT = 1, /* 8-bit content must be encoded, too */
	DOWNGRADE_UTF8 = 2, /* MAIL says SMTPUTF8, so UTF-8 may stay in headers */
};

struct downgrade {
	struct buf   ctes; /* for each part, by its number: an enum cte and some of PART_... */
	bool         any;  /* something must change; false: the body is sent as it is */
	/* private */
	bool         eight_bit, utf8;
	bool         over; /* there are more than DOWNGRADE_PARTS */
	const char  *why;       /* borrowed */
	struct mime  mime;
	struct facts facts;     /* of the present leaf's content, or of the text outside of parts since the last part */
	struct charset_guess charset; /* of the text outside of parts */
	bool         changed[MIME_DEPTH], keeps_8bit[MIME_DEPTH]; /* for each open part: has it such a part inside? */
};

/* `how`: DOWNGRADE_7BIT and DOWNGRADE_UTF8.  `why` begins the sentence of every error ("the server does not take 8-bit text").
 * After this call, even if it failed, the caller must call downgrade_free(). */
bool downgrade_begin(struct downgrade *d, unsigned how, const char *why, const char *head, size_t len,
		     struct err *e) MUST_CHECK;
bool downgrade_feed(struct downgrade *d, const char *in, size_t n, struct err *e) MUST_CHECK;
bool downgrade_end(struct downgrade *d, struct err *e) MUST_CHECK;
void downgrade_free(struct downgrade *d);

enum cte downgrade_cte(const struct buf *ctes, size_t number);
bool     downgrade_has(const struct buf *ctes, size_t number, unsigned what); /* PART_... */

#endif
