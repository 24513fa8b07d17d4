/*
 * dump.h - --dump-config and --check: show an account, and where it comes from.
 *
 * Changes nothing, and never shows a secret.
 */
#ifndef CONFIG_DUMP_H
#define CONFIG_DUMP_H

#include <stdio.h>

#include "config/conf.h"

/* Prints as comments the files that were read, and why (conf_why()) this account was chosen. */
void dump_sources(const struct conf *c, const struct account *a, const char *why, FILE *to);

/* Prints the account as a file that gives the same account when read.  Secrets are left out; a comment says so.
 * Whether `to` took all of it, the caller finds out. */
bool dump_account(const struct account *a, FILE *to, struct err *e) MUST_CHECK;

/* For --check: a step for each key that was set, with the file, variable or option that it comes from.  Neither secrets nor the
 * commands that give them are shown. */
void dump_places(const struct account *a);

#endif
