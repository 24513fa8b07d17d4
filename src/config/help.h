/*
 * help.h - prints the table of options for people and for scripts.
 */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

#include "base/base.h"

#include <stdio.h>

void help_show(FILE *to); /* --help: groups by use, common options first; then the letters of ignored options */

/* --list-options: "option<TAB>form of the value<TAB>summary", "...<TAB>accepted, ignored: why".  [FORM] is optional. */
void help_options(FILE *to);

#endif
