#include "mail/message.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/str.h"
#include "base/trace.h"
#include "mail/ascii.h"
#include "mail/header.h"

enum {
	LINE_JUDGED = 1024, /* if this many bytes of a line have no colon, it is no field */
};

struct intake {
	struct message *m;
	message_source  from;     /* gives the next piece; NULL: `in` is read */
	void           *ctx;
	struct descriptor in;
	bool            dot_ends;
	struct buf      early;    /* all input so far, until the end of the head is found */
	size_t          judged;   /* bytes of `early` that are known to belong to the head */
	size_t          mbox;     /* bytes of mbox lines at its beginning */
	bool            ended;    /* the end of the head has been found */
	bool            lf;       /* there is an LF */
	bool            cr_ends;  /* there was none, so every CR is a line end */
	bool            other;    /* a field has a line that does not end with CR CR LF */
	size_t          held;     /* CRs at the end of the body so far, not kept yet; or 1: a CR came that became a line end */
	struct buf      lines;    /* a piece of text with its line ends mended */
	char            piece[MESSAGE_PIECE]; /* the last member, since begin() zeroes only those before it */
};

/* ---- reading ------------------------------------------------------------------------------------ */

/* *n == 0: the input has ended. */
static bool read_piece(struct intake *in, size_t *n, struct err *e)
{
	if (in->from != NULL)
		return in->from(in->ctx, in->piece, sizeof in->piece, n, e);
	switch (descriptor_read(&in->in, in->piece, sizeof in->piece, n)) {
	case IO_DONE:
	case IO_END:
		return true;
	case IO_STOPPED:
		return signals_fail(e, ST_INPUT);
	default:
		return fail_sys(e, ST_INPUT, errno, "cannot read the message from standard input");
	}
}

/* A terminal gives one line for each read(2), so the line with the dot is the whole piece. */
static bool is_lone_dot(const struct intake *in, size_t n)
{
	return in->dot_ends && ((n == 2 && memcmp(in->piece, ".\n", 2) == 0)
				|| (n == 3 && memcmp(in->piece, ".\r\n", 3) == 0));
}

static bool write_temp(struct message *m, const char *p, size_t n, struct err *e)
{
	if (!file_write_all(m->fd, p, n)) {
		fail_sys(e, ST_SPOOL, errno, "cannot write a temporary file in %s", m->temp_dir);
		return err_hint(e, "set TMPDIR to a directory with room for the message");
	}
	m->end += (off_t)n;
	return true;
}

/* Moves a body that is too large for memory to a temporary file.  A regular file on standard input is copied, too, like a
 * pipe: it may change after it has been counted and before it is sent. */
static bool spill(struct message *m, struct err *e)
{
	struct err passed_over;

	m->fd = file_temp(&m->temp_dir, &passed_over, e);
	if (passed_over.say[0] != '\0')
		trace_note(0, "TMPDIR is passed over: %s: %s", passed_over.say, passed_over.quote);
	if (m->fd < 0 || !write_temp(m, m->body.bytes, m->body.len, e))
		return false;
	buf_free(&m->body);
	return true;
}

static bool add_body(struct message *m, const char *p, size_t n, struct err *e)
{
	if (m->fd < 0 && m->body.len + n <= MESSAGE_MEMORY)
		return buf_add(&m->body, p, n, e);
	return (m->fd >= 0 || spill(m, e)) && write_temp(m, p, n, e);
}

/* ---- line ends ----------------------------------------------------------------------------------- */

/*
 * A text that was converted twice on its way ends its lines with CR CR LF, and one from an old Macintosh with CR alone.  The
 * first is certain if every line of the header ends so, the second if there is no LF.  Else such a CR is a part of its line.
 */
static bool is_doubled(const struct intake *in)
{
	return in->judged > in->mbox && !in->other;
}

/* A line or a piece of one.  CR CR LF becomes CR LF; CRs at the end of a piece wait for the next one. */
static bool undouble(struct intake *in, const char *p, size_t n, struct err *e)
{
	bool ends = n > 0 && p[n - 1] == '\n';
	size_t len = n - ends, crs = 0, keep;

	while (crs < 2 && crs < len && p[len - 1 - crs] == '\r')
		crs++;
	len -= crs;
	if (len > 0 && !buf_add(&in->lines, "\r\r", in->held, e))
		return false;
	crs += len == 0 ? in->held : 0;
	keep = ends ? crs - (crs >= 2) : crs > 2 ? crs - 2 : 0;
	in->held = ends ? 0 : crs - keep;
	return buf_add(&in->lines, p, len, e) && buf_add(&in->lines, "\r\r\r\r", keep, e)
	    && buf_add(&in->lines, "\n", ends, e);
}

/* Leaves the lines in in->lines. */
static bool undouble_all(struct intake *in, const char *p, size_t n, struct err *e)
{
	buf_clear(&in->lines);
	for (size_t at = 0, line; at < n; at += line) {
		line = header_line(p + at, n - at);
		if (!undouble(in, p + at, line, e))
			return false;
	}
	return true;
}

static bool add_head(struct intake *in, const char *p, size_t n, struct err *e)
{
	if (!is_doubled(in))
		return buf_add(&in->m->head, p, n, e);
	return undouble_all(in, p, n, e) && buf_add(&in->m->head, buf_text(&in->lines), in->lines.len, e);
}

static bool add_text(struct intake *in, const char *p, size_t n, struct err *e)
{
	if (!is_doubled(in))
		return add_body(in->m, p, n, e);
	return undouble_all(in, p, n, e) && add_body(in->m, buf_text(&in->lines), in->lines.len, e);
}

static bool end_text(struct intake *in, struct err *e)
{
	return !is_doubled(in) || add_body(in->m, "\r\r", in->held, e);
}

/* CR, or CR LF, becomes LF; returns the new length. */
static size_t cr_to_lf(struct intake *in, char *p, size_t n)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\n' || in->held == 0)
			p[made++] = p[i] == '\r' ? '\n' : p[i];
		in->held = p[i] == '\r';
	}
	return made;
}

/* Is it certain what ends a line?  If much text comes without an LF, no LF is expected any more. */
static bool know_line_end(struct intake *in, bool last)
{
	in->lf = in->lf || memchr(buf_text(&in->early), '\n', in->early.len) != NULL;
	if (!in->lf && !last && in->early.len < MESSAGE_HEAD_MAX)
		return false;
	if (!in->lf && !in->cr_ends && in->early.len > 0) {
		in->cr_ends = true;
		in->early.len = cr_to_lf(in, in->early.bytes, in->early.len);
	}
	return true;
}

/* ---- finding the end of the head ---------------------------------------------------------------- */

/*
 * An mbox file has "From user date" before a message, UUCP adds ">From ... remote from HOST", and both may be folded.  If a
 * header follows, these lines are not part of the message.  A text without a header may also begin with that word ("From
 * tomorrow on ...").
 */
static bool is_mbox_line(const char *line, size_t len)
{
	return (len >= 5 && memcmp(line, "From ", 5) == 0) || (len >= 6 && memcmp(line, ">From ", 6) == 0);
}

/* "Sat Nov 28 10:30": if no field follows, only the date shows that this is an mbox line and not a text with "From". */
static bool has_date(const char *line, size_t len)
{
	struct tm unused;

	for (size_t i = 0; i + 1 < len; i++)
		if (str_isblank(line[i]) && !str_isblank(line[i + 1])
		    && strptime(line + i + 1, "%a %b %d %H:%M", &unused) != NULL)
			return true;
	return false;
}

enum judgement { HEAD_LINE, MBOX_LINE, EMPTY_LINE, BODY_LINE, UNDECIDED };

static enum judgement judge(const struct intake *in, const char *line, size_t have, bool whole)
{
	size_t len = have - (whole && have > 0 && line[have - 1] == '\n');
	bool first = in->judged == in->mbox; /* there was no field before */

	len -= len > 0 && line[len - 1] == '\r';
	if (whole && (len == 0 || (len == 1 && line[0] == '\r' && is_doubled(in))))
		return EMPTY_LINE;
	if (first && (is_mbox_line(line, len) || (in->mbox > 0 && str_isblank(line[0]))))
		return whole ? MBOX_LINE : have > LINE_JUDGED ? BODY_LINE : UNDECIDED;
	if (first && !whole && have < strlen(">From "))
		return UNDECIDED;
	if (str_isblank(line[0]) && !first)
		return HEAD_LINE;
	if (header_starts_field(line, len))
		return HEAD_LINE;
	return whole || have > LINE_JUDGED ? BODY_LINE : UNDECIDED;
}

/* `body_at`: where the body begins in `early`.  If there was no field, the body begins at 0; but if the text begins with an
 * mbox line and an empty line, it begins after them. */
static bool end_head(struct intake *in, size_t body_at, bool empty_line, struct err *e)
{
	const char *text = buf_text(&in->early);

	if (in->judged == in->mbox && in->mbox > 0 && !(empty_line && has_date(text, in->mbox)))
		body_at = in->judged = in->mbox = 0;
	in->ended = true;
	return add_head(in, text + in->mbox, in->judged - in->mbox, e)
	    && add_text(in, text + body_at, in->early.len - body_at, e);
}

/* A line of the head: complete (`whole`), or its beginning. */
static bool keep_head_line(struct intake *in, size_t len, bool whole, bool mbox, struct err *e)
{
	const char *end = in->early.bytes + in->judged + len;

	if (!whole)
		return in->early.len < MESSAGE_HEAD_MAX
		    || fail(e, ST_INPUT, FATE_PERM, "the head of the message is larger than %d bytes", MESSAGE_HEAD_MAX);
	in->judged += len;
	if (mbox)
		in->mbox = in->judged;
	else if (end[-1] == '\n')
		in->other = in->other || len < 3 || memcmp(end - 3, "\r\r", 2) != 0;
	return true;
}

/* Looks for the end of the head in the lines read so far; `last`: no more input follows. */
static bool find_end(struct intake *in, bool last, struct err *e)
{
	if (!know_line_end(in, last))
		return true;
	while (!in->ended && in->judged < in->early.len) {
		const char *line = in->early.bytes + in->judged;
		size_t have = in->early.len - in->judged;
		const char *nl = memchr(line, '\n', have);
		size_t len = nl == NULL ? have : (size_t)(nl + 1 - line);
		enum judgement is = judge(in, line, len, nl != NULL || last);

		if (is == UNDECIDED)
			return true;
		if (is == EMPTY_LINE || is == BODY_LINE)
			return end_head(in, in->judged + (is == EMPTY_LINE ? len : 0), is == EMPTY_LINE, e);
		if (!keep_head_line(in, len, nl != NULL || last, is == MBOX_LINE, e))
			return false;
		if (nl == NULL && !last)
			return true;
	}
	return in->ended || !last || end_head(in, in->early.len, false, e);
}

static bool add_piece(struct intake *in, size_t n, struct err *e)
{
	if (in->cr_ends)
		n = cr_to_lf(in, in->piece, n);
	if (in->ended)
		return add_text(in, in->piece, n, e);
	return buf_add(&in->early, in->piece, n, e) && find_end(in, false, e);
}

static bool read_all(struct intake *in, struct err *e)
{
	for (;;) {
		size_t n = 0;

		if (!read_piece(in, &n, e))
			return false;
		if (n == 0 || is_lone_dot(in, n))
			return (in->ended || find_end(in, true, e)) && end_text(in, e);
		if (!add_piece(in, n, e))
			return false;
	}
}

static struct intake *begin(struct message *m, struct err *e)
{
	struct intake *in = malloc(sizeof *in);

	*m = (struct message){ .fd = -1 };
	m->head = buf_max(ST_INPUT, MESSAGE_HEAD_MAX, "the head of the message");
	m->body = buf_max(ST_INPUT, MESSAGE_MEMORY, "the body in memory");
	if (in == NULL) {
		fail_memory(e);
		return NULL;
	}
	memset(in, 0, offsetof(struct intake, piece));
	in->m = m;
	in->early = buf_max(ST_INPUT, MESSAGE_HEAD_MAX + MESSAGE_PIECE, m->head.what);
	in->lines = buf_max(ST_INPUT, MESSAGE_HEAD_MAX + MESSAGE_PIECE + 4, "a piece of the text");
	return in;
}

static bool read_and_end(struct intake *in, struct err *e)
{
	bool ok = read_all(in, e);

	buf_free(&in->early);
	buf_free(&in->lines);
	free(in);
	return ok;
}

bool message_read(struct message *m, int fd, bool dot_ends, struct err *e)
{
	struct intake *in = begin(m, e);
	struct stat s;

	if (in == NULL)
		return false;
	in->in = (struct descriptor){ fd, .blocks = fstat(fd, &s) != 0 || !S_ISREG(s.st_mode), .deadline = CLOCK_NEVER };
	in->dot_ends = dot_ends;
	return read_and_end(in, e);
}

bool message_read_from(struct message *m, message_source from, void *ctx, struct err *e)
{
	struct intake *in = begin(m, e);

	if (in == NULL)
		return false;
	in->from = from;
	in->ctx = ctx;
	return read_and_end(in, e);
}

/* ---- reading it again --------------------------------------------------------------------------- */

static bool put_pieces(const char *p, size_t n, message_sink sink, void *to, struct err *e)
{
	for (size_t piece; n > 0; p += piece, n -= piece) {
		piece = n < MESSAGE_PIECE ? n : MESSAGE_PIECE;
		if (!sink(to, p, piece, e))
			return false;
	}
	return true;
}

bool message_put_head(const struct buf *head, message_sink sink, void *to, struct err *e)
{
	bool unended = head->len > 0 && head->bytes[head->len - 1] != '\n';

	return put_pieces(buf_text(head), head->len, sink, to, e) && sink(to, "\n\n", unended ? 2 : 1, e);
}

static bool read_at(const struct message *m, char *to, size_t n, off_t at, struct err *e)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pread(m->fd, to + done, n - done, at + (off_t)done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return fail_sys(e, ST_SPOOL, errno, "cannot read the temporary file");
		if (r == 0)
			return fail(e, ST_SPOOL, FATE_TEMP, "the temporary file became shorter");
		done += (size_t)r;
	}
	return true;
}

static bool put_file(const struct message *m, message_sink sink, void *to, struct err *e)
{
	char *piece = malloc(MESSAGE_PIECE);
	bool ok = piece != NULL || fail_memory(e);

	for (off_t at = 0; ok && at < m->end;) {
		size_t n = m->end - at < MESSAGE_PIECE ? (size_t)(m->end - at) : MESSAGE_PIECE;

		ok = (!signals_stopping() || signals_fail(e, ST_INPUT)) && read_at(m, piece, n, at, e) && sink(to, piece, n, e);
		at += (off_t)n;
	}
	free(piece);
	return ok;
}

bool message_put_body(const struct message *m, message_sink sink, void *to, struct err *e)
{
	return m->fd < 0 ? put_pieces(buf_text(&m->body), m->body.len, sink, to, e) : put_file(m, sink, to, e);
}

static bool count(void *to, const char *p, size_t n, struct err *e)
{
	(void)e;
	survey_feed(to, p, n);
	return true;
}

static bool look_at_head(const struct buf *head, struct facts *f, struct err *e)
{
	struct ascii how = { .utf8 = false };
	struct buf out = buf_max(ST_INPUT, ASCII_MAX, head->what);
	bool ok = !str_has_8bit(buf_text(head), head->len) || ascii_header(&how, &out, buf_text(head), head->len, e);

	f->utf8_head = how.stuck[0] != '\0';
	buf_free(&out);
	return ok;
}

bool message_count(struct message *m, struct err *e)
{
	struct facts f = { 0 };
	bool ok = look_at_head(&m->head, &f, e) && message_put_head(&m->head, count, &f, e)
	       && message_put_body(m, count, &f, e);

	survey_end(&f);
	m->facts = f;
	return ok;
}

void message_free(struct message *m)
{
	buf_free(&m->head);
	buf_free(&m->body);
	if (m->fd >= 0)
		close(m->fd);
	*m = (struct message){ .fd = -1 };
}
