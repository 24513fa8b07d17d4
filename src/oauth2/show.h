/*
 * show.h - `list` and `status`: the logins, for people and as JSON.
 *
 * Reads files without their locks and asks no server.  Shows no secret.  What is wrong with a login is part of what is shown, and
 * no failure of the command.
 */
#ifndef OAUTH2_SHOW_H
#define OAUTH2_SHOW_H

#include "base/err.h"

/* All logins; if there are none, a line on standard error says so. */
bool show_list(bool json, struct err *e) MUST_CHECK;

/* One login.  False with e->say empty: it was shown, and with it what is wrong; *e has only the exit status of that. */
bool show_status(const char *name, bool json, struct err *e) MUST_CHECK;

#endif
