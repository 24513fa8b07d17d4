/*
 * plan.h - decides which parts of a body must be encoded before they can be sent: RFC 2045 6, RFC 6152 3, RFC 1847 2.1.
 *
 * It takes the whole body once and decides for each part; transcode.h then encodes.  Only leaves that need it are encoded.
 * If such a leaf is signed or encrypted, or if its end is not certain, it is an error (ST_INPUT PERM).
 */
#ifndef MIME_PLAN_H
#define MIME_PLAN_H

#include "mail/survey.h"
#include "mime/parts.h"

enum { PLAN_PARTS = 10000 }; /* in one message */

enum action {
	PART_KEEP,
	PART_QP,
	PART_BASE64,      /* of its lines, with CRLF as line ends: RFC 2045 6.8 */
	PART_BASE64_EXACT,/* of its octets, unchanged */
	PART_IS_7BIT,     /* a multipart or message with encoded parts: only its Content-Transfer-Encoding changes */
	PART_IS_8BIT,
	PART_ACTIONS
};

struct plan {
	struct buf   actions; /* an enum action in each char, by the number of the part */
	/* private */
	bool         eight_bit; /* 8-bit content must be encoded, too */
	const char  *why;       /* borrowed */
	struct mime  mime;
	struct facts facts;     /* of the present leaf's content, or of the text outside of parts since the last part */
	bool         changed[MIME_DEPTH], keeps_8bit[MIME_DEPTH]; /* for each open part: has it such a part inside? */
};

/* `why` begins the sentence of every error ("the server does not take 8-bit text").  After this call, even if it failed, the
 * caller must call plan_free(). */
bool plan_begin(struct plan *p, bool eight_bit, const char *why, const char *head, size_t len, struct err *e) MUST_CHECK;
bool plan_feed(struct plan *p, const char *in, size_t n, struct err *e) MUST_CHECK;
bool plan_end(struct plan *p, struct err *e) MUST_CHECK;
void plan_free(struct plan *p);

enum action plan_action(const struct buf *actions, size_t number);

#endif
