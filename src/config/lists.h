/*
 * lists.h - --list-keys and --list-options: shows the tables to programs, such as the completions.
 */
#ifndef CONFIG_LISTS_H
#define CONFIG_LISTS_H

#include "base/base.h"

#include <stdio.h>

/* Prints the keys, sorted: "key<TAB>form<TAB>default<TAB>summary"; for msmtp's keys "old<TAB>renamed to new",
 * "old<TAB>ignored: reason" or "old<TAB>not available". */
void list_keys(FILE *to);

/* "option<TAB>form of the value<TAB>summary", "...<TAB>accepted, ignored: why".  [FORM] is optional. */
void list_options(FILE *to);

#endif
