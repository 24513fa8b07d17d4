/*
 * downgrade.h - decides which parts of a message get another Content-Transfer-Encoding, so that a server can take a text that is
 * 8-bit, or that no server may get as it is: RFC 2045 6, RFC 6152 3, RFC 1847 2.1.
 *
 * It takes the whole body once and decides for each part; transcode.h then encodes.  Only leaves that need it are encoded.
 * If such a leaf is signed or encrypted, or if its end is not certain, it is an error (ST_INPUT PERM).
 */
#ifndef MIME_DOWNGRADE_H
#define MIME_DOWNGRADE_H

#include "mail/survey.h"
#include "mime/parts.h"

enum { DOWNGRADE_PARTS = 10000 }; /* in one message */

enum cte { /* what becomes of the Content-Transfer-Encoding of a part */
	CTE_KEEP,
	CTE_QP,
	CTE_BASE64,       /* of its lines, with CRLF as line ends: RFC 2045 6.8 */
	CTE_BASE64_EXACT, /* of its octets, unchanged */
	CTE_IS_7BIT,      /* a multipart or message with encoded parts: only its Content-Transfer-Encoding changes */
	CTE_IS_8BIT,
	CTES
};

struct downgrade {
	struct buf   ctes; /* an enum cte in each byte, by the number of the part */
	/* private */
	bool         eight_bit; /* 8-bit content must be encoded, too */
	const char  *why;       /* borrowed */
	struct mime  mime;
	struct facts facts;     /* of the present leaf's content, or of the text outside of parts since the last part */
	bool         changed[MIME_DEPTH], keeps_8bit[MIME_DEPTH]; /* for each open part: has it such a part inside? */
};

/* `why` begins the sentence of every error ("the server does not take 8-bit text").  After this call, even if it failed, the
 * caller must call downgrade_free(). */
bool downgrade_begin(struct downgrade *d, bool eight_bit, const char *why, const char *head, size_t len,
		     struct err *e) MUST_CHECK;
bool downgrade_feed(struct downgrade *d, const char *in, size_t n, struct err *e) MUST_CHECK;
bool downgrade_end(struct downgrade *d, struct err *e) MUST_CHECK;
void downgrade_free(struct downgrade *d);

enum cte downgrade_cte(const struct buf *ctes, size_t number);

#endif
