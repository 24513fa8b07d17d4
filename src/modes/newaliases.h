/*
 * newaliases.h - -bi: checks the alias file.
 *
 * Builds no database, since the file is read for each message.  For an alias that postern cannot follow it prints a warning
 * only, since only mail for that name is refused.
 */
#ifndef MODES_NEWALIASES_H
#define MODES_NEWALIASES_H

#include "config/opts.h"

/* Prints the number of aliases, as sendmail does, and returns the exit status.  This is 0 also if no alias file is configured,
 * since installation scripts call -bi.  If the file cannot be read or understood, it is EX_CONFIG. */
int newaliases(const struct options *o);

#endif
