/*
 * proc.h - runs a program and reads its output within a deadline.
 *
 * The child gets /dev/null (or `input`) as stdin, our stderr, no other descriptor of ours, default signals, and our environment
 * without the POSTERN_ variables (only a fixed PATH if we were started with more rights than our user has).
 *
 * It may ask a person for a passphrase: if our process group has the terminal, the child stays in that group, since a program in
 * another group is stopped when it reads the terminal.  Otherwise, and with `alone`, it has a session of its own, where there is
 * no terminal to wait for.
 *
 * On any failure (deadline, answer too long, exit status, stop signal) the child is killed.  If the session is its own, all that
 * runs there is killed with it; else the terminal becomes as it was before, also if another signal has ended the child.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/buf.h"

/* argv ends with NULL; argv[0] is looked up in PATH.  For a shell give { "/bin/sh", "-c", text }.  If the exit status is not
 * 0, the error is of stage `st` (FATE_TEMP) and names `what` and the status or signal, but never the output.  If there is no such
 * program, it is ST_CONFIG (FATE_PERM) and names the program and PATH. */
bool proc_read(char *const argv[], const char *what, enum stage st, int64_t deadline,
	       struct buf *answer, struct err *e) MUST_CHECK;

/* The same for a command line, which proc_split() splits. */
bool proc_read_command(const char *command, const char *what, enum stage st, int64_t deadline, struct buf *answer,
		       struct err *e) MUST_CHECK;

/* The same as proc_read() for a program that is told more, or says more. */
struct proc_extra { /* zeroed: as above */
	const struct buf *input;  /* what it reads on its standard input; the text is kept in memory only */
	struct buf       *words;  /* gets the beginning of what it writes to its standard error; NULL: that is ours */
	int              *status; /* becomes its exit status, none of which is an error then */
	bool              gentle; /* on a failure it gets SIGTERM, is not waited for, and may end what must not be cut off */
	bool              alone;  /* it does not ask a person, and Ctrl-C must not end it */
};
bool proc_run(char *const argv[], const char *what, enum stage st, int64_t deadline, const struct proc_extra *x,
	      struct buf *answer, struct err *e) MUST_CHECK;

/* Starts a program that nobody waits for: in a session of its own and with /dev/null, so that it can neither read nor write our
 * terminal.  False: it could not be started; the error is that of proc_read(). */
struct strlist;
bool proc_detach(const struct strlist *argv, const char *what, struct err *e) MUST_CHECK;

/* Splits "prog 'arg one' \"two\" th\ ree" into an argv, which the caller frees; expands nothing. */
bool proc_split(const char *command, struct strlist *argv, struct err *e) MUST_CHECK;

/* The first character of a command that means something to a shell and nothing to proc_split(): `~`, `$`, '`', an operator
 * beside a blank.  '\0': there is none.  Single quotes and backslashes protect it; double quotes protect all but `$` and '`'. */
char proc_shell_sign(const char *command);

#endif
