/*
 * wrap.h - the programs of store.conf, which encrypt what the store writes and decrypt what it reads.
 *
 * 	store_command gpg --batch --yes --quiet --encrypt --recipient me@example.org
 * 	load_command gpg --batch --quiet --decrypt
 *
 * Both read standard input and write standard output; they are run without a shell, with a time limit.  Only load_command can ask
 * for a passphrase on the terminal.  The file has both lines or neither.  A text that begins with `{` was written before there
 * was a store_command, and is read as it is.
 *
 * Owns no file.  Errors of the programs are ST_SECRET TEMP: a locked key ring is no lost login.
 */
#ifndef OAUTH2_WRAP_H
#define OAUTH2_WRAP_H

#include "base/buf.h"
#include "base/str.h"

enum { WRAP_S = 60 /* seconds for a program */ };

struct wrap { /* zeroed: there are no programs; owned */
	struct strlist store, load; /* their argv */
};

/* The text of store.conf, into a zeroed struct.  The error (ST_CONFIG PERM) names the line. */
bool wrap_parse(struct wrap *w, const char *text, size_t len, struct err *e) MUST_CHECK;

/* What is to be written for `plain`: the store_command's output, or a copy. */
bool wrap_store(const struct wrap *w, const struct buf *plain, struct buf *to, struct err *e) MUST_CHECK;

/* The opposite. */
bool wrap_load(const struct wrap *w, const struct buf *stored, struct buf *to, struct err *e) MUST_CHECK;

/* Before a new login: does load_command give back a text, without secrets, that store_command was given?  Else the login would be
 * lost with its first access token.  If the text is another one, the error is ST_CONFIG PERM. */
bool wrap_try(const struct wrap *w, struct err *e) MUST_CHECK;

void wrap_free(struct wrap *w);

#endif
