#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/printable.h"

/* From stage and fate to sysexits(3).  FATE_UNKNOWN exits like FATE_TEMP: the sentence warns the caller that a retry may
 * send the message twice.  FATE_NONSENSE is EX_PROTOCOL at every stage. */
static const struct {
	const char *name;
	int temp, perm;
	bool of_message; /* a permanent failure concerns the message or its recipients, not the account or the smarthost */
} stages[] = {
	[ST_USAGE]    = { "usage",    EX_TEMPFAIL,  EX_USAGE,       true },
	[ST_CONFIG]   = { "config",   EX_TEMPFAIL,  EX_CONFIG,      false },
	[ST_INPUT]    = { "input",    EX_IOERR,     EX_DATAERR,     true },
	[ST_SECRET]   = { "secret",   EX_TEMPFAIL,  EX_NOPERM,      false },
	[ST_RESOLVE]  = { "resolve",  EX_TEMPFAIL,  EX_NOHOST,      false },
	[ST_CONNECT]  = { "connect",  EX_TEMPFAIL,  EX_UNAVAILABLE, false },
	[ST_TLS]      = { "tls",      EX_TEMPFAIL,  EX_UNAVAILABLE, false },
	[ST_GREETING] = { "greeting", EX_TEMPFAIL,  EX_UNAVAILABLE, false },
	[ST_EHLO]     = { "ehlo",     EX_TEMPFAIL,  EX_UNAVAILABLE, false },
	[ST_STARTTLS] = { "starttls", EX_TEMPFAIL,  EX_UNAVAILABLE, false },
	[ST_AUTH]     = { "auth",     EX_TEMPFAIL,  EX_UNAVAILABLE, false },
	[ST_MAIL]     = { "mail",     EX_TEMPFAIL,  EX_UNAVAILABLE, true },
	[ST_RCPT]     = { "rcpt",     EX_TEMPFAIL,  EX_UNAVAILABLE, true },
	[ST_DATA]     = { "data",     EX_TEMPFAIL,  EX_UNAVAILABLE, true },
	[ST_BODY]     = { "body",     EX_TEMPFAIL,  EX_UNAVAILABLE, true },
	[ST_ETRN]     = { "etrn",     EX_TEMPFAIL,  EX_UNAVAILABLE, false },
	[ST_QUIT]     = { "quit",     EX_OK,        EX_OK,          false },
	[ST_SPOOL]    = { "spool",    EX_CANTCREAT, EX_CANTCREAT,   false },
	[ST_INTERNAL] = { "internal", EX_OSERR,     EX_SOFTWARE,    false },
};
_Static_assert(COUNT(stages) == ST_COUNT, "every stage has a row");

/* Exceptions to that table; 0 matches anything.  The first row that matches counts. */
static const struct {
	bool       temp;     /* for temporary failures, else for permanent ones */
	enum stage from, to; /* stages, inclusive */
	int        code;     /* SMTP reply code */
	int        sys;      /* errno */
	struct esc esc;      /* subject and detail are compared; the class only says that there is one */
	int        status;
} rows[] = {
	/* RFC 3463 3.2 and 3.8: the recipient is not at fault, but the sender (X.1.7, X.1.8), or what a policy says (X.7) */
	{ .from = ST_RCPT, .to = ST_RCPT, .esc = { 5, 1, 7 }, .status = EX_UNAVAILABLE },
	{ .from = ST_RCPT, .to = ST_RCPT, .esc = { 5, 1, 8 }, .status = EX_UNAVAILABLE },
	{ .from = ST_RCPT, .to = ST_RCPT, .code = 550, .esc = { 5, 7, ESC_ANY }, .status = EX_UNAVAILABLE },
	{ .from = ST_RCPT, .to = ST_RCPT, .code = 551, .esc = { 5, 7, ESC_ANY }, .status = EX_UNAVAILABLE },
	{ .from = ST_RCPT, .to = ST_RCPT, .code = 553, .esc = { 5, 7, ESC_ANY }, .status = EX_UNAVAILABLE },
	{ .from = ST_RCPT, .to = ST_RCPT, .code = 550, .status = EX_NOUSER },
	{ .from = ST_RCPT, .to = ST_RCPT, .code = 551, .status = EX_NOUSER },
	{ .from = ST_RCPT, .to = ST_RCPT, .code = 553, .status = EX_NOUSER },
	{ .from = ST_RCPT, .to = ST_RCPT, .code = 556, .status = EX_NOUSER }, /* RFC 7504 4: the domain takes no mail */
	{ .from = ST_RCPT, .to = ST_BODY, .esc = { 5, 1, 1 }, .status = EX_NOUSER }, /* also the alias file refuses it so */
	{ .from = ST_MAIL, .to = ST_MAIL, .esc = { 5, 5, 4 }, .status = EX_UNAVAILABLE }, /* a parameter, not the address */
	{ .from = ST_MAIL, .to = ST_MAIL, .code = 501, .status = EX_DATAERR },
	{ .from = ST_MAIL, .to = ST_MAIL, .code = 553, .status = EX_DATAERR },
	/* the message is too big, and the server did not announce SIZE or has a smaller limit: RFC 1870 6, RFC 3463 3.4 */
	{ .from = ST_MAIL, .to = ST_BODY, .esc = { 5, 3, 4 }, .status = EX_DATAERR },
	{ .from = ST_MAIL, .to = ST_BODY, .esc = { 5, 2, 3 }, .status = EX_DATAERR },
	{ .from = ST_AUTH, .to = ST_AUTH, .code = 535, .status = EX_NOPERM },
	{ .from = ST_AUTH, .to = ST_AUTH, .esc = { 5, 7, 3 }, .status = EX_NOPERM }, /* Microsoft's for an access token */
	{ .from = ST_AUTH, .to = ST_AUTH, .esc = { 5, 7, 8 }, .status = EX_NOPERM },
	{ .from = ST_AUTH, .to = ST_AUTH, .code = 534, .status = EX_NOPERM },
	{ .from = ST_AUTH, .to = ST_AUTH, .code = 538, .status = EX_NOPERM },
	{ .from = ST_AUTH, .to = ST_RCPT, .code = 530, .status = EX_NOPERM },
	{ .from = ST_ETRN, .to = ST_ETRN, .code = 501, .status = EX_DATAERR },
	{ .from = ST_ETRN, .to = ST_ETRN, .code = 530, .status = EX_NOPERM },
	{ .from = ST_CONFIG, .to = ST_CONFIG, .sys = EPERM, .status = EX_NOPERM }, /* allow_users */
	{ .from = ST_SECRET, .to = ST_SECRET, .sys = ENOENT, .status = EX_CONFIG }, /* the file that should have the password */
	{ .from = ST_SECRET, .to = ST_SECRET, .sys = ENOTDIR, .status = EX_CONFIG },
	{ .from = ST_TLS, .to = ST_TLS, .sys = ENOENT, .status = EX_OSFILE },
	/* signals_fail(): nothing is wrong with the message, but callers take EX_IOERR as permanent */
	{ .temp = true, .from = ST_USAGE, .to = ST_INTERNAL, .sys = EINTR, .status = EX_TEMPFAIL },
};

const char *err_stage_name(enum stage st)
{
	return stages[st].name;
}

const char *err_text(const struct err *e, char to[ERR_TEXT])
{
	snprintf(to, ERR_TEXT, "%s%s%s", e->say, e->quote[0] == '\0' ? "" : ": ", e->quote);
	return to;
}

static bool row_matches(size_t i, const struct err *e)
{
	return rows[i].temp == (e->fate != FATE_PERM) && e->stage >= rows[i].from && e->stage <= rows[i].to
	    && (rows[i].code == 0 || rows[i].code == e->code)
	    && (rows[i].sys == 0 || rows[i].sys == e->sys)
	    && (rows[i].esc.class == 0
		|| (e->esc.class != 0 && rows[i].esc.subject == e->esc.subject
		    && (rows[i].esc.detail == ESC_ANY || rows[i].esc.detail == e->esc.detail)));
}

int err_exit_status(const struct err *e)
{
	if (e->fate == FATE_NONSENSE)
		return EX_PROTOCOL;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (row_matches(i, e))
			return rows[i].status;
	return e->fate == FATE_PERM ? stages[e->stage].perm : stages[e->stage].temp;
}

bool err_is_final(const struct err *e)
{
	return e->fate == FATE_PERM && stages[e->stage].of_message;
}

bool err_needs_person(const struct err *e)
{
	return (e->fate == FATE_PERM || e->fate == FATE_NONSENSE) && !stages[e->stage].of_message;
}

const char *err_status_name(int status)
{
	static const char *const names[] = {
		"USAGE", "DATAERR", "NOINPUT", "NOUSER", "NOHOST", "UNAVAILABLE", "SOFTWARE", "OSERR",
		"OSFILE", "CANTCREAT", "IOERR", "TEMPFAIL", "PROTOCOL", "NOPERM", "CONFIG",
	};

	if (status == EX_OK)
		return "OK";
	if (status < EX__BASE || status > EX__MAX)
		return "?";
	return names[status - EX__BASE];
}

static void say(char *to, size_t room, const char *fmt, va_list ap)
{
	char raw[1024];

	vsnprintf(raw, sizeof raw, fmt, ap);
	printable(to, room, raw, strlen(raw), false);
}

bool fail(struct err *e, enum stage st, enum fate f, const char *fmt, ...)
{
	struct err made = { .stage = st, .fate = f }; /* the arguments may point into *e */
	va_list ap;

	va_start(ap, fmt);
	say(made.say, sizeof made.say, fmt, ap);
	va_end(ap);
	*e = made;
	return false;
}

bool fail_sys(struct err *e, enum stage st, int errnum, const char *fmt, ...)
{
	struct err made = { .stage = st, .fate = FATE_TEMP, .sys = errnum };
	va_list ap;

	va_start(ap, fmt);
	say(made.say, sizeof made.say, fmt, ap);
	va_end(ap);
	snprintf(made.quote, sizeof made.quote, "%s", strerror(errnum));
	*e = made;
	return false;
}

bool fail_memory(struct err *e)
{
	return fail_sys(e, ST_INTERNAL, ENOMEM, "out of memory");
}

bool err_quote(struct err *e, const char *words, size_t len)
{
	printable(e->quote, sizeof e->quote, words, len, true);
	return false;
}

bool err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(e->hint, sizeof e->hint, fmt, ap);
	va_end(ap);
	return false;
}

bool err_hint_lines(struct err *e, const char *text)
{
	printable(e->hint, sizeof e->hint, text, strlen(text), true);
	return false;
}

const char *esc_text(struct esc c, char to[ESC_TEXT])
{
	to[0] = '\0';
	if (c.class != 0)
		snprintf(to, ESC_TEXT, "%u.%u.%u", c.class, c.subject % 1000U, c.detail % 1000U);
	return to;
}
