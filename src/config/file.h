/*
 * file.h - reads configuration files: lines, accounts, includes.
 *
 * Does not know where the usual files are (config/places), or which of them count (config/load).
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "config/conf.h"

enum conf_found { /* of the file itself, without regard to its lines and to the files that it includes */
	CONF_OPENED,
	CONF_MISSING,
	CONF_CLOSED, /* it may not be read, or it belongs neither to root nor to us */
};

/* Adds the accounts of a file and of those that it includes, all as one layer.  Within a layer a name may occur only once.  An
 * account may inherit from one of a lower layer, and hides one of the same name there.  Errors are ST_CONFIG and begin with
 * "FILE:LINE: ".  If the file cannot be opened, that is an error, too, and nothing was added. */
bool conf_read_file(struct conf *c, const char *path, unsigned layer, enum conf_found *found, struct err *e) MUST_CHECK;

#endif
