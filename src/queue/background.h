/*
 * background.h - starts a flush that goes on after this process has ended.
 *
 * The new process has no terminal, and no descriptor, group or parent in common with us: a caller that waits for our pipes or
 * our exit is not kept waiting.  Only one such flush runs at a time in a queue, and
 * at most one waits for its end.
 */
#ifndef QUEUE_BACKGROUND_H
#define QUEUE_BACKGROUND_H

#include "deliver/sender.h"

/* If something in the account's queue is due, starts `postern -q`, with -C if we were given one: for a user without a timer it is
 * the next chance for what waits.  What goes wrong is not told: the messages stay in the queue. */
void background_flush(const struct sender *who);

#endif
