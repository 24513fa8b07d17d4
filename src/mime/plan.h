/*
 * plan.h - what must be done to the parts of a body that the wire cannot carry: RFC 2045 6, RFC 6152 3, RFC 1847 2.1.
 *
 * Fed with the whole body once, it decides for each part; transcode.h then does it.  Only leaves that need it are encoded,
 * and nothing at all where a signature covers them or nobody can tell for certain where they end: that is an error
 * (ST_INPUT PERM).
 */
#ifndef MIME_PLAN_H
#define MIME_PLAN_H

#include "mail/lines.h"
#include "mime/parts.h"

enum { PLAN_PARTS = 10000 }; /* in one message */

enum action {
	PART_KEEP,
	PART_QP,
	PART_BASE64,      /* of its lines, which end with CRLF: RFC 2045 6.8 */
	PART_BASE64_EXACT,/* of its octets as they came */
	PART_IS_7BIT,     /* a multipart or message whose content was encoded: only what it says of itself changes */
	PART_IS_8BIT,
	PART_ACTIONS
};

struct plan {
	struct buf   actions; /* a char each, by the number of the part */
	/* private */
	bool         eight_bit; /* 8-bit content must go, too */
	const char  *why;       /* borrowed */
	struct mime  mime;
	struct facts facts;     /* of a leaf's content, or of what stands outside since the last part */
	bool         changed[MIME_DEPTH], keeps_8bit[MIME_DEPTH]; /* within the parts that are open */
};

/* `why` starts the sentence of every refusal ("the server does not take 8-bit text").  From here on plan_free() is
 * owed. */
bool plan_begin(struct plan *p, bool eight_bit, const char *why, const char *head, size_t len, struct err *e) MUST_CHECK;
bool plan_feed(struct plan *p, const char *in, size_t n, struct err *e) MUST_CHECK;
bool plan_end(struct plan *p, struct err *e) MUST_CHECK;
void plan_free(struct plan *p);

enum action plan_action(const struct buf *actions, size_t number);

#endif
