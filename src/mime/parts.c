#include "mime/parts.h"

#include <stdio.h>

#include "base/str.h"
#include "mail/header.h"
#include "mail/mend.h"

bool mime_encoded(const char *encoding)
{
	return str_same(encoding, "base64") || str_same(encoding, "quoted-printable");
}

static struct mime_part *innermost(struct mime *m)
{
	return &m->part[m->depth - 1];
}

static bool hand_on(struct mime *m, enum mime_event what, const char *p, size_t n, struct err *e)
{
	return n == 0 || m->sink(m->to, what, p, n, e);
}

/* ---- headers ----------------------------------------------------------------------------------- */

/* The first word of a field. */
static void read_word(const struct field *f, char *to, size_t room)
{
	if (!header_token(f->body, f->body_len, to, room))
		snprintf(to, room, "?");
}

static bool has_parts(const char *type)
{
	return str_starts(type, "multipart/") || str_starts(type, "message/");
}

/* A header may have this field only once.  Another one that means the same, or that cannot be meant as another structure, is
 * passed over. */
static void read_type(struct mime_part *part, const struct field *f)
{
	char type[sizeof part->type], boundary[sizeof part->boundary];

	read_word(f, type, sizeof type);
	if (!header_parameter(f->body, f->body_len, "boundary", boundary, sizeof boundary))
		boundary[0] = '\0';
	if (part->type[0] == '\0') {
		memcpy(part->type, type, sizeof type);
		memcpy(part->boundary, boundary, sizeof boundary);
	} else if ((has_parts(type) || has_parts(part->type))
		   && (strcmp(type, part->type) != 0 || strcmp(boundary, part->boundary) != 0)) {
		part->trouble = "it has two Content-Type fields";
	}
}

static void read_encoding(struct mime_part *part, const struct field *f)
{
	char encoding[sizeof part->encoding];

	read_word(f, encoding, sizeof encoding);
	if (part->encoding[0] == '\0')
		memcpy(part->encoding, encoding, sizeof encoding);
	else if (strcmp(encoding, part->encoding) != 0 && (mime_encoded(encoding) || mime_encoded(part->encoding)))
		part->trouble = "it has two Content-Transfer-Encoding fields";
}

/* Reads the fields as they are after they have been mended: a NUL before the type, say, must not hide it from us alone. */
static bool read_fields(struct mime_part *part, const char *header, size_t len, struct err *e)
{
	struct buf mended = buf_max(ST_INPUT, 2 * len, "the header of a part"); /* a fold has some octets in a thousand */
	bool ok = mend_header(&mended, header, len, e);
	struct field f;

	for (size_t at = 0; ok && header_next(buf_text(&mended), mended.len, &at, &f);) {
		if (header_is(&f, "Content-Type"))
			read_type(part, &f);
		else if (header_is(&f, "Content-Transfer-Encoding"))
			read_encoding(part, &f);
	}
	buf_free(&mended);
	return ok;
}

/* RFC 2046 5.1.5: a part of a digest that has no type is a message. */
static void choose_kind(struct mime *m, struct mime_part *part)
{
	if (part->type[0] == '\0' && m->depth > 1 && str_same(part[-1].type, "multipart/digest"))
		snprintf(part->type, sizeof part->type, "message/rfc822");
	if (str_starts(part->type, "multipart/"))
		part->kind = MIME_MULTIPART;
	else if (str_same(part->type, "message/rfc822") && !mime_encoded(part->encoding))
		part->kind = MIME_MESSAGE;
}

static bool boundary_is_open(const struct mime *m, const struct mime_part *part)
{
	for (const struct mime_part *outer = m->part; outer < part; outer++)
		if (outer->kind == MIME_MULTIPART && strcmp(outer->boundary, part->boundary) == 0)
			return true;
	return false;
}

static const char no_field[] = "there is a line in its header that is no field";

/* If the parts inside of a part cannot be found for certain, it is a leaf, and `trouble` says why.  If the first line is no
 * field, there is no header; behind a field, such a line may belong to the header or to the content. */
static void look_for_trouble(struct mime *m, struct mime_part *part, size_t header_len)
{
	part->closed = part->kind == MIME_MULTIPART && (part->boundary[0] == '\0' || boundary_is_open(m, part));
	if (part->trouble == no_field && header_len == 0 && part->kind != MIME_MESSAGE)
		part->trouble = NULL;
	if (part->trouble == NULL && part->kind != MIME_LEAF && !part->closed && m->depth == MIME_DEPTH)
		part->trouble = "it lies too deep within other parts";
	if (part->trouble != NULL)
		part->kind = MIME_LEAF;
}

/* ---- parts begin and end ------------------------------------------------------------------------ */

static void open_part(struct mime *m)
{
	m->part[m->depth++] = (struct mime_part){ .number = m->parts++ };
	m->where = MIME_IN_HEADER;
	m->line = 0;
	buf_clear(&m->header);
}

/* The header of a part ends, complete or not. */
static bool enter_part(struct mime *m, const char *header, size_t len, const char *trouble, struct err *e)
{
	struct mime_part *part = innermost(m);

	part->trouble = trouble;
	if (!read_fields(part, header, len, e))
		return false;
	choose_kind(m, part);
	look_for_trouble(m, part, len);
	if (!m->sink(m->to, MIME_HEADER, header, len, e))
		return false;
	m->where = part->kind == MIME_MULTIPART ? MIME_IN_NEITHER : MIME_IN_CONTENT;
	if (part->kind == MIME_MESSAGE)
		open_part(m); /* its content starts with a header */
	return true;
}

/* A part that ends within its header has no content. */
static bool enter_unfinished(struct mime *m, struct err *e)
{
	while (m->where == MIME_IN_HEADER)
		if (!enter_part(m, buf_text(&m->header), m->header.len, NULL, e))
			return false;
	return true;
}

static bool close_parts(struct mime *m, size_t depth, struct err *e)
{
	for (; m->depth > depth; m->depth--)
		if (!m->sink(m->to, MIME_END, "", 0, e))
			return false;
	return true;
}

static bool pass_line_end(struct mime *m, enum mime_event what, struct err *e)
{
	size_t n = m->n_line_end;

	m->n_line_end = 0;
	return hand_on(m, m->where == MIME_IN_NEITHER ? MIME_OUTSIDE : what, m->line_end, n, e);
}

/* ---- lines -------------------------------------------------------------------------------------- */

/* A line or a piece of one.  Its line end, or a CR that may be a part of it, is kept until the next piece comes. */
static bool pass_content(struct mime *m, const char *p, size_t n, struct err *e)
{
	bool completes = m->n_line_end == 1 && m->line_end[0] == '\r' && p[0] == '\n';
	size_t len = n - (p[n - 1] == '\n');

	if (!completes && !pass_line_end(m, MIME_CONTENT, e))
		return false;
	len -= len > 0 && p[len - 1] == '\r';
	memcpy(m->line_end + m->n_line_end, p + len, n - len);
	m->n_line_end += n - len;
	return hand_on(m, m->where == MIME_IN_NEITHER ? MIME_OUTSIDE : MIME_CONTENT, p, len, e);
}

/* From `m->line` on this is no header: the header ends there, and the rest is content. */
static bool break_header(struct mime *m, const char *trouble, struct err *e)
{
	size_t len = m->line, rest = m->header.len - len;

	return enter_part(m, buf_text(&m->header), len, trouble, e)
	    && (rest == 0 || pass_content(m, m->header.bytes + len, rest, e));
}

/* The last line of the header, perhaps without its end. */
static bool judge_line(struct mime *m, struct err *e)
{
	const char *line = buf_text(&m->header) + m->line;
	size_t len = m->header.len - m->line;
	bool ends = len > 0 && line[len - 1] == '\n';

	len -= ends;
	len -= len > 0 && line[len - 1] == '\r';
	if (len == 0)
		return !ends || enter_part(m, m->header.bytes, m->header.len, NULL, e);
	if (!(m->line > 0 && str_isblank(line[0])) && !header_starts_field(line, len))
		return break_header(m, no_field, e);
	m->line = m->header.len;
	return true;
}

static bool collect_header(struct mime *m, const char *p, size_t n, struct err *e)
{
	if (m->header.len + n > MIME_HEADER_MAX)
		return break_header(m, "its header is too long", e) && pass_content(m, p, n, e);
	return buf_add(&m->header, p, n, e) && (p[n - 1] != '\n' || judge_line(m, e));
}

static bool got_text(struct mime *m, const char *p, size_t n, struct err *e)
{
	return m->where == MIME_IN_HEADER ? collect_header(m, p, n, e) : pass_content(m, p, n, e);
}

/* ---- delimiters --------------------------------------------------------------------------------- */

/* RFC 2046 5.1.1: "--" boundary ["--"], then only blanks.  A longer boundary that begins with this one is another boundary. */
static bool is_delimiter(const char *line, size_t len, const char *boundary, bool *last)
{
	size_t n = strlen(boundary);

	if (len < n + 2 || memcmp(line, "--", 2) != 0 || memcmp(line + 2, boundary, n) != 0)
		return false;
	line += n + 2;
	len -= n + 2;
	*last = len >= 2 && memcmp(line, "--", 2) == 0;
	for (size_t i = *last ? 2 : 0; i < len; i++)
		if (!str_isblank(line[i]))
			return false;
	return true;
}

/* If this line is a delimiter: the number of parts that stay open, up to the innermost multipart with this boundary; else 0. */
static size_t find_delimiter(const struct mime *m, bool *last)
{
	size_t len = m->n_held;

	len -= len > 0 && m->held[len - 1] == '\n';
	len -= len > 0 && m->held[len - 1] == '\r';
	for (size_t i = m->depth; i > 0; i--) {
		const struct mime_part *part = &m->part[i - 1];

		if (part->kind == MIME_MULTIPART && !part->closed && is_delimiter(m->held, len, part->boundary, last))
			return i;
	}
	return 0;
}

static bool got_delimiter(struct mime *m, size_t depth, bool last, struct err *e)
{
	if (!enter_unfinished(m, e) || !pass_line_end(m, MIME_LINE_END, e) || !close_parts(m, depth, e))
		return false;
	innermost(m)->found = true;
	innermost(m)->closed = last;
	m->where = MIME_IN_NEITHER;
	if (!hand_on(m, MIME_DELIMITER, m->held, m->n_held, e))
		return false;
	if (!last)
		open_part(m);
	return true;
}

static bool decide_held(struct mime *m, struct err *e)
{
	bool last = false, ok;
	size_t depth = find_delimiter(m, &last);

	ok = depth > 0 ? got_delimiter(m, depth, last, e) : m->n_held == 0 || got_text(m, m->held, m->n_held, e);
	m->n_held = 0;
	return ok;
}

/* Takes a whole line, or a piece of one. */
static bool got_piece(struct mime *m, const char *p, size_t n, struct err *e)
{
	bool may_be = m->n_held > 0 || (!m->in_line && *p == '-');
	size_t held = m->n_held;

	m->in_line = p[n - 1] != '\n';
	if (!may_be)
		return got_text(m, p, n, e);
	if (held + n > sizeof m->held) {
		m->n_held = 0;
		return (held == 0 || got_text(m, m->held, held, e)) && got_text(m, p, n, e);
	}
	memcpy(m->held + held, p, n);
	m->n_held += n;
	return m->in_line || decide_held(m, e);
}

/* ---- from outside ------------------------------------------------------------------------------- */

bool mime_begin(struct mime *m, const char *head, size_t len,
		bool (*sink)(void *to, enum mime_event what, const char *p, size_t n, struct err *e), void *to,
		struct err *e)
{
	*m = (struct mime){ .sink = sink, .to = to };
	m->header = buf_max(ST_INPUT, MIME_HEADER_MAX, "the header of a part");
	open_part(m);
	return enter_part(m, head, len, NULL, e);
}

bool mime_feed(struct mime *m, const char *p, size_t n, struct err *e)
{
	const char *end = p + n;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl == NULL ? end : nl + 1;

		if (!got_piece(m, p, (size_t)(stop - p), e))
			return false;
		p = stop;
	}
	return true;
}

/* The last line may be a delimiter even without a line end. */
bool mime_end(struct mime *m, struct err *e)
{
	return decide_held(m, e) && (m->where != MIME_IN_HEADER || judge_line(m, e)) && enter_unfinished(m, e)
	    && pass_line_end(m, MIME_CONTENT, e) && close_parts(m, 0, e);
}

void mime_free(struct mime *m)
{
	buf_free(&m->header);
}
