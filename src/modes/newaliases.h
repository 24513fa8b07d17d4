/*
 * newaliases.h - -bi: the alias file looked at before mail depends on it.
 *
 * Builds no database, since the file is read for each message.  An alias that postern cannot obey is a warning: only mail for
 * that name is refused.
 */
#ifndef MODES_NEWALIASES_H
#define MODES_NEWALIASES_H

#include "config/opts.h"

/* Prints how many aliases there are, as sendmail does.  0, also where no alias file is configured (installation scripts call
 * this); a file that cannot be read or understood is EX_CONFIG. */
int newaliases(const struct options *o);

#endif
