/*
 * reader.h - configuration files: lines, accounts, includes.
 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/account.h"

/* Adds the accounts of a file, which is one layer together with what it includes: no name twice in it,
 * those of lower layers may be inherited from and are hidden by equal names.   ST_CONFIG with
 * "FILE:LINE: "; sys == ENOENT when the file is missing. */
bool reader_file(struct conf *c, const char *path, unsigned layer, struct err *e) MUST_CHECK;

/* The account of this name in the highest layer that has it, or NULL. */
struct account *reader_account(const struct conf *c, const char *name);

/* An account of this name with the present defaults; *made is valid until the next is added. */
bool reader_add(struct conf *c, const char *name, const char *origin, unsigned layer,
		struct account **made, struct err *e) MUST_CHECK;

#endif
