/*
 * reader.h - reads configuration files: lines, accounts, includes.
 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/account.h"

enum reader_found { /* of the file itself, without regard to its lines and to the files that it includes */
	READER_OPENED,
	READER_MISSING,
	READER_CLOSED, /* it may not be read, or it belongs neither to root nor to us */
};

/* Adds the accounts of a file and of those that it includes, all as one layer.  Within a layer a name may occur only once.  An
 * account may inherit from one of a lower layer, and hides one of the same name there.  Errors are ST_CONFIG and begin with
 * "FILE:LINE: ".  If the file cannot be opened, that is an error, too, and nothing was added. */
bool reader_file(struct conf *c, const char *path, unsigned layer, enum reader_found *found, struct err *e) MUST_CHECK;

/* The account of this name in the highest layer that has it, or NULL. */
struct account *reader_account(const struct conf *c, const char *name);

/* Adds an account with the present defaults.  *made is valid until another account is added. */
bool reader_add(struct conf *c, const char *name, const char *origin, unsigned layer,
		struct account **made, struct err *e) MUST_CHECK;

#endif
