/*
 * log.h - what is written for people: -v trace on stderr, warnings, the log file, syslog.
 *
 * Secrets are masked by construction: nothing in here is ever handed one.  chat.c gives the trace
 * the text to show, which for AUTH is not the text that is sent.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

/* -v.  Level 0 says nothing, 1 the session.  Times are counted from this call. */
void trace_start(int level);
bool trace_on(void);

/* One line of the session: who is 'C', 'S' or '*' (a remark of ours); text is made printable. */
void trace_line(char who, unsigned flight, const char *text, size_t len);
void trace_note(unsigned flight, const char *fmt, ...) PRINTF(2, 3);

/* "postern: warning: ..." on stderr. */
void log_warn(const char *fmt, ...) PRINTF(1, 2);

enum log_format { LOG_TEXT, LOG_JSON };

const char *log_facility(size_t i); /* syslog's names that `syslog` may be; NULL past the end */

struct log_params {
	char           *file;        /* path, "-": see log_standard(); NULL: none */
	char           *time_format; /* strftime(3); NULL: "%b %d %H:%M:%S" */
	enum log_format format;
	char           *syslog;      /* facility "mail", "local0" ...; NULL: off */
};

/* "-" is standard output until its owner, who has something else to say there, names another descriptor. */
void log_standard(int fd);

struct log_field { /* value NULL or "", or no item: left out */
	const char *name, *value;
	const char *(*item)(const void *ctx, size_t i); /* a list in place of a value: until NULL */
	const void *ctx;
};

/* One line with the fields in order: "name=value" (quoted where blanks, quotes or controls are in
 * it), or a JSON object.  A value that is too long ends with "..."; of a list that is too long whole items are
 * there, and the last one is "...and 12 more".  A log that cannot be written is a warning and changes nothing else. */
void log_entry(const struct log_params *p, const struct log_field *fields, size_t n, bool failed);

#endif
