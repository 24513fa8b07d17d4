/*
 * cmdline.h - parses the command line: options of the table in opts.c, every key as --key=value, and recipients.
 *
 * Touches no file and no environment.
 */
#ifndef CONFIG_CMDLINE_H
#define CONFIG_CMDLINE_H

#include "config/opts.h"

/* Errors are ST_USAGE.  For an unknown option the error names the nearest known one; for a refused one it is its sentence. */
bool cmdline_parse(int argc, char **argv, struct options *o, struct err *e) MUST_CHECK;

void cmdline_free(struct options *o);

#endif
