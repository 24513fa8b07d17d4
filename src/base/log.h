/*
 * log.h - writes for people: warnings on stderr, the log file, syslog.
 *
 * No caller gives a secret to this module.  The trace of -v is base/trace.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

/* "postern: warning: ..." on stderr. */
void log_warn(const char *fmt, ...) PRINTF(1, 2);

enum log_format { LOG_TEXT, LOG_JSON };

const char *log_facility(size_t i); /* the facilities that `syslog` may name; NULL after the last */

struct log_params {
	char           *file;        /* a path, or "-", see log_standard(); NULL: none */
	char           *time_format; /* strftime(3); NULL: "%b %d %H:%M:%S" */
	enum log_format format;
	char           *syslog;      /* facility "mail", "local0" ...; NULL: off */
};

/* "-" is standard output, until a mode that needs standard output for itself gives another descriptor here. */
void log_standard(int fd);

struct log_field { /* a field whose value is NULL or "", or whose list is empty, is left out */
	const char *name, *value;
	const char *(*item)(const void *ctx, size_t i); /* in place of a value: gives a list, and NULL after its last item */
	const void *ctx;
};

/* Writes one line with the fields in order: "name=value" (quoted if the value has blanks, quotes or controls), or a JSON
 * object.  A value that is too long is cut and ends with "...".  A list that is too long is cut between items, and ends with
 * "...and 12 more".  If the log cannot be written, log_warn() says so, and nothing else changes. */
void log_entry(const struct log_params *p, const struct log_field *fields, size_t n, bool failed);

#endif
