/*
 * dump.h - --dump-config: shows an account.
 */
#ifndef CONFIG_DUMP_H
#define CONFIG_DUMP_H

#include <stdio.h>

#include "config/account.h"

/* Prints the account as a file that gives the same account when read.  Secrets are left out; a comment says so. */
bool dump_account(const struct account *a, FILE *to) MUST_CHECK;

#endif
