#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/str.h"

enum { ENTRY_MAX = 1024 * 1024 }; /* a line with very many recipients is still one line */

static int     trace_level;
static int64_t trace_zero;

void trace_start(int level)
{
	trace_level = level;
	trace_zero = clock_ms();
}

bool trace_on(void)
{
	return trace_level > 0;
}

void trace_line(char who, unsigned flight, const char *text, size_t len)
{
	char shown[4096];
	int64_t ms = clock_ms() - trace_zero;

	if (!trace_on())
		return;
	printable(shown, sizeof shown, text, len, false);
	fprintf(stderr, "%4lld.%03lld %2u %c %s\n", (long long)(ms / 1000), (long long)(ms % 1000), flight,
		who, shown);
}

void trace_note(unsigned flight, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!trace_on())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	trace_line('*', flight, text, strlen(text));
}

void log_warn(const char *fmt, ...)
{
	char raw[1024], shown[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	printable(shown, sizeof shown, raw, strlen(raw), false);
	fprintf(stderr, "postern: warning: %s\n", shown);
}

/* Every backslash twice, so that one before a quote or an x can only be ours. */
static void double_backslashes(char *to, size_t room, const char *from)
{
	size_t n = 0;

	for (; *from != '\0' && n + 2 < room; from++) {
		if (*from == '\\')
			to[n++] = '\\';
		to[n++] = *from;
	}
	to[n] = '\0';
}

/* Text: quoted only where a reader could lose the thread; what is not printable becomes \xHH. */
static bool add_text(struct buf *b, const struct log_field *f, struct err *e)
{
	char raw[2048], shown[2048];
	const char *special = " \t\"=\\";
	bool quote = f->value[strcspn(f->value, special)] != '\0';

	double_backslashes(raw, sizeof raw, f->value);
	printable(shown, sizeof shown, raw, strlen(raw), false);
	if (!buf_printf(b, e, "%s%s=%s", b->len > 0 ? " " : "", f->name, quote ? "\"" : ""))
		return false;
	for (const char *p = shown; *p != '\0'; p++)
		if ((*p == '"' && !buf_char(b, '\\', e)) || !buf_char(b, *p, e))
			return false;
	return !quote || buf_char(b, '"', e);
}

/* JSON, RFC 8259 7: printable() has left no control character, so quote and backslash remain. */
static bool add_json(struct buf *b, const struct log_field *f, struct err *e)
{
	char shown[2048];

	printable(shown, sizeof shown, f->value, strlen(f->value), false);
	if (!buf_printf(b, e, "%s\"%s\":\"", b->len > 1 ? "," : "", f->name))
		return false;
	for (const char *p = shown; *p != '\0'; p++)
		if (((*p == '"' || *p == '\\') && !buf_char(b, '\\', e)) || !buf_char(b, *p, e))
			return false;
	return buf_char(b, '"', e);
}

static bool put_fields(struct buf *b, enum log_format format, const struct log_field *fields, size_t n,
		       struct err *e)
{
	if (format == LOG_JSON && !buf_char(b, '{', e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (fields[i].value != NULL && fields[i].value[0] != '\0'
		    && !(format == LOG_JSON ? add_json : add_text)(b, &fields[i], e))
			return false;
	return format != LOG_JSON || buf_char(b, '}', e);
}

static void now(const struct log_params *p, char *to, size_t room)
{
	time_t t = time(NULL);
	struct tm tm;
	const char *format = p->time_format != NULL	 ? p->time_format
			     : p->format == LOG_JSON ? "%Y-%m-%dT%H:%M:%S%z"
						     : "%b %d %H:%M:%S";

	if (localtime_r(&t, &tm) == NULL || strftime(to, room, format, &tm) == 0)
		snprintf(to, room, "%lld", (long long)t);
}

static void to_file(const char *path, const struct buf *line)
{
	bool standard = strcmp(path, "-") == 0;

	if (standard ? file_write_all(STDOUT_FILENO, line->bytes, line->len)
		     : file_append(path, line->bytes, line->len))
		return;
	log_warn("cannot write the log %s: %s", path, errno == ENXIO ? "nobody reads from it" : strerror(errno));
}

static void log_line(const struct log_params *p, const struct log_field *fields, size_t n, struct err *e)
{
	struct buf line = buf_max(ENTRY_MAX, "the log line"), rest = buf_max(ENTRY_MAX, "the log line");
	char time_text[128];
	struct log_field time_field = { "time", time_text };
	bool ok;

	now(p, time_text, sizeof time_text);
	ok = put_fields(&rest, p->format, fields, n, e);
	if (p->format == LOG_JSON)
		ok = ok && buf_char(&line, '{', e) && add_json(&line, &time_field, e)
		  && buf_printf(&line, e, "%s%s\n", rest.len > 2 ? "," : "", rest.bytes + 1);
	else
		ok = ok && buf_printf(&line, e, "%s %s\n", time_text, buf_text(&rest));
	if (ok)
		to_file(p->file, &line);
	else
		log_warn("no log line: %s", e->say);
	buf_free(&line);
	buf_free(&rest);
}

static const struct {
	const char *name;
	int         facility;
} facilities[] = {
	{ "auth", LOG_AUTH },	  { "authpriv", LOG_AUTHPRIV }, { "cron", LOG_CRON },	  { "daemon", LOG_DAEMON },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },	{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	{ "mail", LOG_MAIL },	  { "user", LOG_USER },
};

const char *log_facility(size_t i)
{
	return i < COUNT(facilities) ? facilities[i].name : NULL;
}

static void log_syslog(const struct log_params *p, const struct log_field *fields, size_t n, bool failed,
		       struct err *e)
{
	struct buf line = buf_max(ENTRY_MAX, "the log line");
	int facility = LOG_MAIL;

	for (size_t i = 0; i < COUNT(facilities); i++)
		if (str_same(p->syslog, facilities[i].name))
			facility = facilities[i].facility;
	if (put_fields(&line, p->format, fields, n, e)) {
		openlog("postern", LOG_PID, facility);
		syslog(failed ? LOG_ERR : LOG_INFO, "%s", buf_text(&line));
		closelog();
	}
	buf_free(&line);
}

void log_entry(const struct log_params *p, const struct log_field *fields, size_t n, bool failed)
{
	struct err e;

	if (p->file != NULL)
		log_line(p, fields, n, &e);
	if (p->syslog != NULL)
		log_syslog(p, fields, n, failed, &e);
}
