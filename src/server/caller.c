#include "server/caller.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/printable.h"
#include "base/signals.h"

enum {
	SILENCE_S = 300,            /* RFC 5321 4.5.3.2.7 */
	TEXT_PIECE = 1000,          /* bytes of text that are worth as much as a line end */
	REPLIES_KEPT = 32 * 1024,   /* bytes of replies; if there are more, they are written at once */
	REPLIES_MAX = 128 * 1024,   /* bytes: REPLIES_KEPT and one reply more */
	REPLY_LINE = 500,           /* bytes of a line of a reply; RFC 5321 4.5.3.1.5 allows 512 */
};

void caller_open(struct caller *c, int in, int out, unsigned longest)
{
	*c = (struct caller){ .in = in, .out = out, .patience = SILENCE_S };
	c->until = longest == 0 ? CLOCK_NEVER : clock_in_s(longest);
	c->replies = buf_max(ST_INPUT, REPLIES_MAX, "what the caller has not read");
}

/* Writes with a deadline, since a caller may not read.  After a signal, only what can be written without waiting is. */
static bool write_replies(struct caller *c, struct err *e)
{
	struct descriptor d = { .fd = c->out, .blocks = true, .deadline = clock_in_s(SILENCE_S) };

	switch (descriptor_write(&d, buf_text(&c->replies), c->replies.len)) {
	case IO_DONE:
		return true;
	case IO_STOPPED:
		return signals_fail(e, ST_INPUT);
	case IO_LATE:
		return fail(e, ST_INPUT, FATE_TEMP, "the caller has not read its replies for %d seconds", SILENCE_S);
	default:
		return fail_sys(e, ST_INPUT, errno, "the caller does not listen any more");
	}
}

bool caller_flush(struct caller *c, struct err *e)
{
	bool ok = write_replies(c, e);

	buf_clear(&c->replies);
	return ok;
}

void caller_close(struct caller *c)
{
	struct err unheard;

	(void)!caller_flush(c, &unheard);
	buf_free(&c->replies);
}

/* ---- in ------------------------------------------------------------------------------------------ */

/* A new line, or piece of a text, may take its time. */
static void begin_wait(struct caller *c)
{
	c->deadline = clock_sooner(clock_in_s((unsigned)c->patience), c->until);
	c->fresh = 0;
}

static void make_room(struct caller *c)
{
	if (c->at == 0)
		return;
	memmove(c->text, c->text + c->at, c->have - c->at);
	c->have -= c->at;
	c->at = 0;
}

static bool fail_late(const struct caller *c, struct err *e)
{
	if (clock_passed(c->until))
		return fail(e, ST_INPUT, FATE_TEMP, "the dialogue took too long");
	return fail(e, ST_INPUT, FATE_TEMP, "the caller was silent for %d seconds", c->patience);
}

/* Writes the replies, then waits for something to read.  Without the first check a caller that never stops sending would never be
 * late. */
static bool wait_and_read(struct caller *c, struct err *e)
{
	struct descriptor d = { .fd = c->in, .blocks = true, .deadline = c->deadline };
	size_t n;

	make_room(c);
	if (!caller_flush(c, e))
		return false;
	if (clock_passed(c->deadline))
		return fail_late(c, e);
	switch (descriptor_read(&d, c->text + c->have, sizeof c->text - c->have, &n)) {
	case IO_DONE:
		c->have += n;
		return true;
	case IO_END:
		c->eof = true;
		return fail(e, ST_INPUT, FATE_TEMP, "the caller left");
	case IO_STOPPED:
		return signals_fail(e, ST_INPUT);
	case IO_LATE:
		return fail_late(c, e);
	default:
		return fail_sys(e, ST_INPUT, errno, "cannot read from standard input");
	}
}

static bool fill(struct caller *c, struct err *e)
{
	c->gone = !wait_and_read(c, e);
	return !c->gone;
}

/* Skips all bytes up to a line's end, and reads on until there is one. */
static bool skip_line(struct caller *c, struct err *e)
{
	for (;;) {
		char *nl = memchr(c->text + c->at, '\n', c->have - c->at);

		if (nl != NULL) {
			c->at = (size_t)(nl + 1 - c->text);
			return true;
		}
		c->at = c->have;
		if (!fill(c, e))
			return false;
	}
}

static bool line_is_there(const struct caller *c)
{
	return memchr(c->text + c->at, '\n', c->have - c->at) != NULL;
}

/* If the caller has left, the next wait finds that out. */
bool caller_has_line(struct caller *c)
{
	struct descriptor d = { .fd = c->in, .blocks = true, .deadline = 0 };
	size_t n = 1;

	while (n > 0 && !line_is_there(c)) {
		make_room(c);
		if (c->have == sizeof c->text || descriptor_read(&d, c->text + c->have, sizeof c->text - c->have, &n) != IO_DONE)
			return false;
		c->have += n;
	}
	return true;
}

bool caller_line(struct caller *c, char **line, struct err *e)
{
	char *nl;
	size_t len;

	*line = NULL;
	begin_wait(c);
	if (clock_passed(c->until)) { /* also for a caller that sends so fast that we never wait */
		c->gone = true;
		return fail_late(c, e);
	}
	while ((nl = memchr(c->text + c->at, '\n', c->have - c->at)) == NULL) {
		if (c->have - c->at > COMMAND_LINE_MAX)
			return skip_line(c, e);
		if (!fill(c, e))
			return false;
	}
	len = (size_t)(nl - (c->text + c->at));
	c->lf = len == 0 || nl[-1] != '\r';
	len -= !c->lf;
	if (len <= COMMAND_LINE_MAX && memchr(c->text + c->at, '\0', len) == NULL) {
		*line = c->text + c->at;
		(*line)[len] = '\0';
	}
	c->at = (size_t)(nl + 1 - c->text);
	return true;
}

/* ---- out ----------------------------------------------------------------------------------------- */

/* The memory for all replies is allocated with the greeting.  Later a reply cannot fail for lack of memory: otherwise a caller
 * that is not told that its message was sent would send it again. */
static bool room_for_line(struct caller *c, struct err *e)
{
	enum { LINE = REPLY_LINE + 40 };

	if (c->replies.cap == 0)
		return buf_room(&c->replies, REPLIES_KEPT + LINE, e);
	return c->replies.cap - c->replies.len > LINE || caller_flush(c, e);
}

static bool put_line(struct caller *c, int code, struct esc esc, const char *p, size_t len, bool more, struct err *e)
{
	char shown[REPLY_LINE];

	printable(shown, sizeof shown - 20, p, len, false);
	if (!room_for_line(c, e))
		return false;
	if (esc.class == 0)
		return buf_printf(&c->replies, e, "%d%c%s\r\n", code, more ? '-' : ' ', shown);
	return buf_printf(&c->replies, e, "%d%c%d.%d.%d %s\r\n", code, more ? '-' : ' ', esc.class, esc.subject,
			  esc.detail, shown);
}

bool caller_reply(struct caller *c, int code, struct esc esc, const char *text, struct err *e)
{
	for (;;) {
		size_t len = strcspn(text, "\n");
		bool more = text[len] != '\0' && text[len + 1] != '\0';

		if (!put_line(c, code, esc, text, len, more, e))
			return false;
		if (!more)
			return c->replies.len < REPLIES_KEPT || caller_flush(c, e);
		text += len + 1;
	}
}

/* ---- text ---------------------------------------------------------------------------------------- */

/* Decodes one byte of a text with doubled dots, RFC 5321 4.5.2, into `to`. */
static char *decode_byte(struct caller_text *t, char b, char *to)
{
	if (t->state == TEXT_START && b == '.') {
		t->state = TEXT_DOT;
		return to;
	}
	if (t->state == TEXT_DOT && (b == '\r' || (b == '\n' && t->lf))) {
		t->state = b == '\r' ? TEXT_DOT_CR : TEXT_END;
		return to;
	}
	if (t->state == TEXT_DOT_CR) {
		if (b == '\n') {
			t->state = TEXT_END;
			return to;
		}
		*to++ = '\r';
		t->state = TEXT_CR;
	}
	if (b == '\n')
		t->state = t->lf || t->state == TEXT_CR ? TEXT_START : TEXT_LINE;
	else
		t->state = b == '\r' ? TEXT_CR : TEXT_LINE;
	*to++ = b;
	return to;
}

static size_t copy_chunk(struct caller_text *t, char *to, size_t room)
{
	size_t n = t->c->have - t->c->at;

	n = n < room ? n : room;
	n = n < t->left ? n : (size_t)t->left;
	memcpy(to, t->c->text + t->c->at, n);
	t->c->at += n;
	t->left -= n;
	return n;
}

static size_t decode_text(struct caller_text *t, char *to, size_t room)
{
	char *p = to;

	/* decode_byte() may write two bytes */
	while (t->c->at < t->c->have && t->state != TEXT_END && (size_t)(p - to) + 2 <= room)
		p = decode_byte(t, t->c->text[t->c->at++], p);
	return (size_t)(p - to);
}

bool caller_text(struct caller_text *t, char *to, size_t room, size_t *n, struct err *e)
{
	*n = 0;
	if (!t->begun)
		begin_wait(t->c);
	t->begun = true;
	while (*n == 0 && t->state != TEXT_END && (t->state != TEXT_CHUNK || t->left > 0)) {
		if (t->c->at == t->c->have && !fill(t->c, e))
			return false;
		*n = t->state == TEXT_CHUNK ? copy_chunk(t, to, room) : decode_text(t, to, room);
	}
	t->came += *n;
	if (t->most > 0 && t->came > t->most) {
		fail(e, ST_INPUT, FATE_PERM, "the message is larger than %llu bytes", (unsigned long long)t->most);
		e->esc = (struct esc){ 5, 3, 4 };
		return false;
	}
	t->c->fresh += *n;
	if (t->c->fresh >= TEXT_PIECE || memchr(to, '\n', *n) != NULL)
		begin_wait(t->c);
	return true;
}

bool caller_skip_text(struct caller_text *t, struct err *e)
{
	char piece[4096];
	size_t n;

	t->most = 0;
	do
		if (!caller_text(t, piece, sizeof piece, &n, e))
			return false;
	while (n > 0);
	return true;
}
