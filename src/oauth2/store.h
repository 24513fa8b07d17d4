/*
 * store.h - the files of the logins: NAME.json, NAME.access, NAME.lock, in one directory with mode 0700.
 *
 * Files are 0600, opened with O_NOFOLLOW, and checked by their descriptor: regular, ours, one link, closed to others.  A file is
 * replaced whole: written beside, synced, renamed, and the directory synced; never truncated in place.  The lock is flock(2) on
 * NAME.lock, which is never renamed or removed.
 *
 * With a store_command (the file store.conf in the directory, oauth2/wrap) NAME.json is what the command made of it.
 *
 * What is to become NAME.json is first NAME.json.new.  If the machine or the program stops between its last byte and the rename,
 * the next one that takes the lock finds the file whole, and renames it: no refresh token is lost.  A file that is not whole is
 * removed.
 *
 * Errors: ST_SECRET PERM with the line that mends it (mode, owner), or TEMP (a full disk, a locked key ring).
 */
#ifndef OAUTH2_STORE_H
#define OAUTH2_STORE_H

#include "base/clock.h"
#include "base/str.h"
#include "oauth2/folder.h"
#include "oauth2/login.h"
#include "oauth2/wrap.h"
#include "secret/access.h"

enum {
	STORE_LOCK_S = 60,           /* seconds that the lock is waited for */
	STORE_TEXT_MAX = 256 * 1024, /* bytes of NAME.json */
};

struct store {
	struct folder at;
	struct wrap   wrap;
};

/* Opens the user's directory (access_directory()); `make`: it is made if it is missing, with its parents.  False with sys ==
 * ENOENT: there is none. */
bool store_open(struct store *s, bool make, struct err *e) MUST_CHECK;
void store_close(struct store *s); /* accepts a zeroed struct */

/* The names of all logins, in order. */
bool store_list(struct store *s, struct strlist *names, struct err *e) MUST_CHECK;

struct held_login { /* a login whose lock we have */
	struct login l;
	int          lock;    /* owned; -1: none */
	int          next;    /* owned: the file that is to become NAME.json, with room reserved; -1: none */
	bool         holding; /* stop signals wait (base/signals) */
	char         name[ACCESS_NAME_MAX + 1];
};

/* Takes the lock and then reads the login.  *found unset: there is no NAME.json (the lock is held all the same, for a new
 * one). */
bool store_take(struct store *s, const char *name, struct held_login *h, bool *found, struct err *e) MUST_CHECK;

/* The same for what replaces a login: one that cannot be used (damaged, of a later version, open to others) counts as none. */
bool store_take_over(struct store *s, const char *name, struct held_login *h, bool *found, struct err *e) MUST_CHECK;
bool store_read_over(struct store *s, const char *name, struct login *l, bool *found, struct err *e) MUST_CHECK;

void store_release(struct store *s, struct held_login *h); /* gives up a prepared file; wipes */

/* Reads a login without its lock. */
bool store_read(struct store *s, const char *name, struct login *l, bool *found, struct err *e) MUST_CHECK;

/* Before a request that may rotate the refresh token: makes sure that the new file can be written (makes it, reserves room), and
 * blocks SIGTERM, SIGINT and SIGHUP until store_release().  False: the request must not be made. */
bool store_prepare(struct store *s, struct held_login *h, struct err *e) MUST_CHECK;

/* Writes h->l as NAME.json, into the prepared file if there is one. */
bool store_commit(struct store *s, struct held_login *h, struct err *e) MUST_CHECK;

/* Writes NAME.access (after store_commit(): a rotated refresh token is safe before the token is used). */
bool store_put_access(struct store *s, const char *name, const struct access *a, struct err *e) MUST_CHECK;

/* For root: puts the token into the machine's directory, where the senders of the directory's group read it. */
bool store_put_machine(const char *name, const struct access *a, struct err *e) MUST_CHECK;
bool store_drop_machine(const char *name, struct err *e) MUST_CHECK; /* true if there is none */

/* Removes the access token, or the whole login with what was set aside. */
bool store_drop_access(struct store *s, const char *name, struct err *e) MUST_CHECK;
bool store_remove(struct store *s, struct held_login *h, struct err *e) MUST_CHECK;

/* NAME.json becomes NAME.exported, which is not used, and back (which fails if there is a NAME.json again). */
bool store_set_aside(struct store *s, struct held_login *h, struct err *e) MUST_CHECK;
bool store_take_back(struct store *s, struct held_login *h, struct err *e) MUST_CHECK;
bool store_was_set_aside(struct store *s, const char *name);

/* Returns false: there is no such login in the directory, which the error names, since HOME may not be what the user expects.
 * The hint knows of one that was set aside.  The directory may be missing. */
bool store_fail_missing(struct store *s, const char *name, struct err *e);

#endif
