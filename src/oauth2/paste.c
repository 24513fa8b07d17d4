#include "oauth2/paste.h"

#include <errno.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/str.h"

enum { PIECE = 4096 };

void paste_open(struct paste *p)
{
	struct termios quiet;

	*p = (struct paste){ .tty = descriptor_terminal(), .line = buf_max(ST_SECRET, PASTE_MAX, "what was pasted") };
	if (p->tty >= 0 && tcgetattr(p->tty, &p->was) != 0) {
		close(p->tty);
		p->tty = -1;
	}
	if (p->tty < 0)
		return;
	quiet = p->was;
	quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	quiet.c_cc[VSUSP] = quiet.c_cc[VQUIT] = _POSIX_VDISABLE;
	tcsetattr(p->tty, TCSAFLUSH, &quiet);
}

static void trim(struct buf *b)
{
	size_t blanks = strspn(buf_text(b), " \t");

	while (b->len > 0 && str_isblank(b->bytes[b->len - 1]))
		b->bytes[--b->len] = '\0';
	if (b->len > 0 && blanks > 0) {
		b->len -= blanks;
		memmove(b->bytes, b->bytes + blanks, b->len + 1);
	}
}

/* What the terminal does itself in its canonical mode: it takes back a character, or all of them. */
static bool edit(struct paste *p, char c)
{
	if (c == (char)p->was.c_cc[VERASE] || c == '\b' || c == 0x7f)
		p->line.len -= p->line.len > 0;
	else if (c == (char)p->was.c_cc[VKILL])
		p->line.len = 0;
	else
		return false;
	if (p->line.bytes != NULL)
		p->line.bytes[p->line.len] = '\0';
	return true;
}

/* Takes characters up to the end of a line.  Those that cannot be in a URL are left out. */
static bool take(struct paste *p, const char *from, size_t n)
{
	struct err unheard;

	for (size_t i = 0; i < n; i++) {
		if (from[i] == '\n' || from[i] == '\r')
			return true;
		if (!edit(p, from[i]) && !str_iscontrol(from[i]) && !buf_char(&p->line, from[i], &unheard))
			return true; /* too long: the caller finds out that it is no redirect */
	}
	return false;
}

void paste_read(struct paste *p)
{
	char piece[PIECE];
	ssize_t n = read(p->tty, piece, sizeof piece);

	if (p->whole)
		buf_clear(&p->line);
	p->whole = false;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || (n == 1 && p->line.len == 0 && piece[0] == (char)p->was.c_cc[VEOF])) {
		paste_close(p);
		return;
	}
	p->whole = take(p, piece, (size_t)n);
	explicit_bzero(piece, sizeof piece);
	if (p->whole)
		trim(&p->line);
}

void paste_close(struct paste *p)
{
	if (p->tty >= 0) {
		tcsetattr(p->tty, TCSAFLUSH, &p->was); /* what was typed behind the line is not for the shell */
		close(p->tty);
	}
	p->tty = -1;
	buf_wipe(&p->line);
}
