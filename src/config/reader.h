/*
 * reader.h - configuration files: lines, accounts, includes.
 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/account.h"

enum reader_found { /* what became of the file itself, apart from what is in it and what it includes */
	READER_OPENED,
	READER_MISSING,
	READER_CLOSED, /* it may not be read, or belongs to another user than root and us */
};

/* Adds the accounts of a file, which is one layer together with what it includes: no name twice in it,
 * those of lower layers may be inherited from and are hidden by equal names.  ST_CONFIG with
 * "FILE:LINE: "; a file that was not opened is a failure, too, and has added nothing. */
bool reader_file(struct conf *c, const char *path, unsigned layer, enum reader_found *found, struct err *e) MUST_CHECK;

/* The account of this name in the highest layer that has it, or NULL. */
struct account *reader_account(const struct conf *c, const char *name);

/* An account of this name with the present defaults; *made is valid until the next is added. */
bool reader_add(struct conf *c, const char *name, const char *origin, unsigned layer,
		struct account **made, struct err *e) MUST_CHECK;

#endif
