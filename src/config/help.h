/*
 * help.h - --help: shows the options to people.
 */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

#include "base/base.h"

#include <stdio.h>

/* Groups by use, common options first; then the letters of ignored options. */
void help_show(FILE *to);

#endif
