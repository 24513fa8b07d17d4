/*
 * dump.h - --dump-config and --check: show an account.
 */
#ifndef CONFIG_DUMP_H
#define CONFIG_DUMP_H

#include <stdio.h>

#include "config/account.h"

/* Prints the account as a file that gives the same account when read.  Secrets are left out; a comment says so. */
bool dump_account(const struct account *a, FILE *to) MUST_CHECK;

/* For --check: a step for each key that was set, with the file, variable or option that it comes from.  Neither secrets nor the
 * commands that give them are shown. */
void dump_places(const struct account *a);

#endif
