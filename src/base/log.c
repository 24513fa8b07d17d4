#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/str.h"

/* The most bytes in a line, and in one of its values.  A line with very many recipients is still one line.  A syslog daemon
 * cuts lines that are too long, most of them at 8 KiB, and that includes the prefix that the daemon adds. */
struct limits {
	size_t line, value; /* bytes */
};

static const struct limits file_limits = { 1024 * 1024, 16 * 1024 }, syslog_limits = { 8000, 1000 };

enum { ENTRY_MAX = 2 * 1024 * 1024 }; /* room for the time, and for the item that is cut off again because it does not fit */

static int standard = STDOUT_FILENO;

void log_warn(const char *fmt, ...)
{
	char raw[2048], shown[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	printable(shown, sizeof shown, raw, strlen(raw), false);
	fprintf(stderr, "postern: warning: %s\n", shown);
}

void log_standard(int fd)
{
	standard = fd;
}

/* Every backslash and quote of the value gets a backslash before it.  In text, those without one are ours: the backslash of
 * \xHH and the quotes around the value.  In JSON, \xHH is no valid escape (RFC 8259 7): there its backslash gets one, too. */
static bool put_piece(struct buf *b, enum log_format format, const char *piece, size_t n, size_t took, struct err *e)
{
	bool escape = piece[0] == '"' || (piece[0] == '\\' && (format == LOG_JSON || n == took));

	return (!escape || buf_char(b, '\\', e)) && buf_add(b, piece, n, e);
}

static void cut(struct buf *b, size_t to)
{
	b->len = to;
	b->bytes[to] = '\0';
}

/* A value.  If it is longer than `max` bytes, it is cut and ends with "...". */
static bool put_value(struct buf *b, enum log_format format, const char *s, size_t max, struct err *e)
{
	size_t from = b->len, fits = b->len, len = strlen(s), took;

	for (; len > 0; s += took, len -= took) {
		char piece[PRINTABLE_PIECE];
		size_t n = printable_piece(s, len, false, piece, &took);

		if (!put_piece(b, format, piece, n, took, e))
			return false;
		if (b->len - from > max) {
			cut(b, fits);
			return buf_str(b, "...", e);
		}
		if (b->len - from + 3 <= max)
			fits = b->len;
	}
	return true;
}

/* As many whole items as fit into `max` bytes, and the number of those that do not. */
static bool put_list(struct buf *b, enum log_format format, const struct log_field *f, size_t max,
		     const struct limits *limits, struct err *e)
{
	size_t from = b->len, fits = b->len, n = 0;
	const char *item = NULL;

	while (b->len - from <= max && (item = f->item(f->ctx, n)) != NULL) {
		fits = b->len;
		if (!(n == 0 || buf_char(b, ',', e)) || !put_value(b, format, item, limits->value, e))
			return false;
		n++;
	}
	if (b->len - from <= max)
		return true;
	cut(b, fits);
	for (fits = --n; f->item(f->ctx, n) != NULL;)
		n++;
	return buf_printf(b, e, "%s...and %zu more", fits > 0 ? "," : "", n - fits);
}

static bool put_content(struct buf *b, enum log_format format, const struct log_field *f, size_t list_max,
			const struct limits *limits, struct err *e)
{
	return f->item != NULL ? put_list(b, format, f, list_max, limits, e)
			       : f->value == NULL || put_value(b, format, f->value, limits->value, e);
}

/* Text is quoted only if a reader could not tell where the value ends. */
static bool put_field(struct buf *b, enum log_format format, const char *name, const char *content, struct err *e)
{
	const char *quote = format == LOG_JSON || content[strcspn(content, " \t\"=\\")] != '\0' ? "\"" : "";

	return format == LOG_JSON ? buf_printf(b, e, "%s\"%s\":\"%s\"", b->len > 1 ? "," : "", name, content)
				  : buf_printf(b, e, "%s%s=%s%s%s", b->len > 0 ? " " : "", name, quote, content, quote);
}

static bool put_fields(struct buf *b, const struct log_params *p, const struct log_field *fields, size_t n,
		       size_t list_max, const struct limits *limits, struct err *e)
{
	struct buf content = buf_max(ST_INTERNAL, ENTRY_MAX, "the log line");
	bool ok = p->format != LOG_JSON || buf_char(b, '{', e);

	for (size_t i = 0; ok && i < n; i++) {
		buf_clear(&content);
		ok = put_content(&content, p->format, &fields[i], list_max, limits, e)
		  && (content.len == 0 || put_field(b, p->format, fields[i].name, buf_text(&content), e));
	}
	buf_free(&content);
	return ok && (p->format != LOG_JSON || buf_char(b, '}', e));
}

/* The list gets the room that the other fields leave in the line. */
static bool put_entry(struct buf *b, const struct log_params *p, const struct log_field *fields, size_t n,
		      const struct limits *limits, struct err *e)
{
	struct buf rest = buf_max(ST_INTERNAL, ENTRY_MAX, "the log line");
	bool ok = put_fields(&rest, p, fields, n, 0, limits, e);
	size_t list_max = ok && rest.len < limits->line ? limits->line - rest.len : 0;

	buf_free(&rest);
	return ok && put_fields(b, p, fields, n, list_max, limits, e);
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
	bool ours = strcmp(path, "-") != 0;

	if (ours ? file_append(path, line->bytes, line->len) : file_write_all(standard, line->bytes, line->len))
		return;
	log_warn("cannot write the log %s: %s", path, errno == ENXIO ? "no program reads from it" : strerror(errno));
}

static void log_line(const struct log_params *p, const struct log_field *fields, size_t n, struct err *e)
{
	struct buf line = buf_max(ST_INTERNAL, ENTRY_MAX, "the log line"), rest = buf_max(ST_INTERNAL, ENTRY_MAX, "the log line");
	char time_text[128];
	struct log_field time_field = { .name = "time", .value = time_text };
	bool ok;

	now(p, time_text, sizeof time_text);
	ok = put_entry(&rest, p, fields, n, &file_limits, e);
	if (p->format == LOG_JSON) /* {"time":"...", and then the rest without its { */
		ok = ok && put_fields(&line, p, &time_field, 1, 0, &file_limits, e)
		  && buf_splice(&line, line.len - 1, 1, rest.len > 2 ? "," : "", rest.len > 2 ? 1 : 0, e)
		  && buf_printf(&line, e, "%s\n", rest.bytes + 1);
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
	struct buf line = buf_max(ST_INTERNAL, ENTRY_MAX, "the log line");
	int facility = LOG_MAIL;

	for (size_t i = 0; i < COUNT(facilities); i++)
		if (str_same(p->syslog, facilities[i].name))
			facility = facilities[i].facility;
	if (put_entry(&line, p, fields, n, &syslog_limits, e)) {
		openlog("postern", LOG_PID, facility);
		syslog(failed ? LOG_ERR : LOG_INFO, "%s", buf_text(&line));
		closelog();
	} else {
		log_warn("no log line: %s", e->say);
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
