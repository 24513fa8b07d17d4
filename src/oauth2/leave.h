/*
 * leave.h - how a login leaves this machine, and how it comes: `logout`, `export`, `import`.
 *
 * A refresh token that is replaced at each use must live in one place, so an export sets the login aside, and an import never
 * replaces a login unasked.
 */
#ifndef OAUTH2_LEAVE_H
#define OAUTH2_LEAVE_H

#include "base/err.h"

/* Revokes the login at the provider (RFC 7009), then deletes it.  If the provider cannot be asked, it stays, unless `force`.
 * What was only left here by an export is deleted, and not revoked, since it is used on another machine. */
bool leave_logout(const char *name, bool force, struct err *e) MUST_CHECK;

/* Prints the login on standard output, which must not be a terminal, and then sets it aside. */
bool leave_export(const char *name, struct err *e) MUST_CHECK;

/* Reads on standard input what export has printed.  `force`: it replaces a login of that name. */
bool leave_import(const char *name, bool force, struct err *e) MUST_CHECK;
bool leave_import_undo(const char *name, struct err *e) MUST_CHECK;

#endif
