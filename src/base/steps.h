/*
 * steps.h - the steps of --check on standard output: a line for each as it happens, with its time, its verdict, and a fact.
 *
 * Says nothing before steps_start().  So every module can tell what it has done, as it does for the trace.  No caller gives a
 * secret to this module.  Text is made printable, since servers and certificates may hold anything.
 */
#ifndef BASE_STEPS_H
#define BASE_STEPS_H

#include "base/err.h"

void steps_start(void);       /* from now on there are lines; the time of the first counts from this call */
void steps_pause(bool pause); /* between two calls no line is printed */
bool steps_on(void);          /* is there anybody to tell? */

/* A line: the name of the stage, the milliseconds since the line before, "ok" or "-" (a fact without a verdict), and the text. */
void step_ok(enum stage st, const char *fmt, ...) PRINTF(2, 3);
void step_fact(enum stage st, const char *fmt, ...) PRINTF(2, 3);

/* The same with "failed": with our sentence, and with the words of the server or the system, if they say more. */
void step_failed(enum stage st, const char *fmt, ...) PRINTF(2, 3);
void step_error(const struct err *e);

/* The same with a word that is the name of no stage. */
void step_say(const char *word, const char *verdict, const char *fmt, ...) PRINTF(3, 4);

#endif
