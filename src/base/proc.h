/*
 * proc.h - run a program and read its answer within a deadline.
 *
 * The child gets /dev/null as stdin, our stderr, no other descriptor of ours, default signals and
 * its own process group, which is killed as a whole when the deadline passes, when the answer is too long,
 * or when we leave.  Nothing but the argv given here is passed.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/buf.h"

/* argv ends with NULL; argv[0] is looked up in PATH.  For a shell give { "/bin/sh", "-c", text }.
 * The exit status is looked at before the output: anything but 0 is an error of stage `st`
 * (FATE_TEMP) that names what, the status or signal, and never the output. */
bool proc_read(char *const argv[], const char *what, enum stage st, int64_t deadline,
	       struct buf *answer, struct err *e) MUST_CHECK;

/* Split "prog 'arg one' \"two\" th\ ree" into an argv (owned strlist); no expansion of any kind. */
struct strlist;
bool proc_split(const char *command, struct strlist *argv, struct err *e) MUST_CHECK;

#endif
