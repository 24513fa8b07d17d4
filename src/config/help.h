/*
 * help.h - the table of options as people and scripts read it.
 */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

#include "base/base.h"

#include <stdio.h>

void help_show(FILE *to);    /* --help: in groups by use, the common ones first; then the letters of the ignored ones */
void help_options(FILE *to); /* --list-options: "option<TAB>argument<TAB>summary", "...<TAB>accepted, ignored: why" */

#endif
