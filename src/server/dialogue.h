/*
 * dialogue.h - -bs: SMTP on standard input and output, RFC 5321 from the server's side, for callers that speak nothing else.
 *
 * The answers are the smarthost's.  It is called when the first MAIL comes, each command is passed on when it comes, and
 * its reply is passed back, so that the caller learns the truth for each recipient; later messages use the same connection.
 * What the smarthost cannot do is done here, as for any message: missing fields, qualification, 8-bit text.  Owns the
 * order of commands; their syntax is server/command.h's, the bytes are caller.h's.
 */
#ifndef SERVER_DIALOGUE_H
#define SERVER_DIALOGUE_H

#include "deliver/submission.h"

/* Until QUIT or the end of input: 0, whatever became of the messages, since the caller was told.  Otherwise why it ended. */
int dialogue(const struct options *o, bool had_stdin);

/* The same where x is loaded, with a caller at two descriptors, which stay open.  `why_not` (NULL: nothing) keeps it from
 * beginning and stands in place of the greeting, RFC 5321 3.1.  False: it ended early. */
bool dialogue_with(struct submission *x, int in, int out, const struct err *why_not, struct err *e) MUST_CHECK;

#endif
