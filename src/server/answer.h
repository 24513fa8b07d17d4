/*
 * answer.h - what the caller of -bs is told: our own answers, the smarthost's, and errors in the form of a reply.
 *
 * RFC 2034 4: each reply has an enhanced code, since we offer ENHANCEDSTATUSCODES, but not the greeting, the answers to HELO and
 * EHLO, and 354.  A smarthost's code that would mean something else here is replaced (421, 221).
 */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "server/caller.h"
#include "server/handover.h"
#include "server/service.h"

/* A reply that is written as "250 2.0.0 text". */
bool answer(struct caller *c, const char *reply, struct err *e) MUST_CHECK;

/* The answer to HELO, or with what we offer (`extended`) to EHLO.  A service (NULL: none) announces its limits. */
bool answer_hello(struct caller *c, bool extended, const struct service *service, struct err *e) MUST_CHECK;

/* The smarthost's reply, or one like it.  Class 0: the enhanced code is made from the code. */
bool answer_with(struct caller *c, int code, struct esc esc, const char *text, struct err *e) MUST_CHECK;

/* An error: one of ours, or of the smarthost outside of MAIL, RCPT and the message. */
bool answer_error(struct caller *c, const struct err *why, struct err *e) MUST_CHECK;

/* An error in place of the greeting: 554, after which the caller may go on until QUIT (RFC 5321 3.1), or 421. */
bool answer_greeting(struct caller *c, const struct err *why, bool for_good, struct err *e) MUST_CHECK;

/* The same as answer_error(); the error is also printed on stderr, with a hint. */
bool answer_failure(struct caller *c, const struct relay *u, const struct err *why, struct err *e) MUST_CHECK;

/* After the message: one reply for all recipients.  Those that do not have it although the caller was told that they were
 * accepted are named on stderr and, if there is memory, behind the server's words. */
bool answer_outcome(struct caller *c, const struct relay *u, struct err *e) MUST_CHECK;

#endif
