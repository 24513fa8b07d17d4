/*
 * paste.h - reads the redirect URL that a person pastes into the terminal, while other descriptors are waited for.
 *
 * In its canonical mode a terminal cuts a line at 4095 characters, and the codes of work accounts are longer.  So that mode is
 * off while we read, and the text is not shown, since it has a secret in it.  Ctrl-C is a signal as always; Ctrl-Z and Ctrl-\
 * are off, because the shell would get back a terminal that shows nothing.  paste_close() restores the terminal.
 */
#ifndef OAUTH2_PASTE_H
#define OAUTH2_PASTE_H

#include "base/buf.h"

#include <termios.h>

enum { PASTE_MAX = 32 * 1024 }; /* characters */

struct paste {
	int            tty; /* owned; -1: there is no terminal, or not for us */
	struct termios was;
	struct buf     line;
	bool           whole; /* the line has ended */
};

/* Opens the terminal, if this process has one and is in its foreground; else tty is -1. */
void paste_open(struct paste *p);

/* The terminal can be read.  If p->whole is set then, a line has ended: it is in p->line, without its end and without blanks
 * around it, and the next call begins a new one.  At the end of the input the terminal is closed. */
void paste_read(struct paste *p);

void paste_close(struct paste *p); /* restores the terminal and wipes what was read; accepts tty -1 */

#endif
