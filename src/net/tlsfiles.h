/*
 * tlsfiles.h - the files that TLS needs; each is read once in a run.
 *
 * A file is read at its first tls_files_get(): those that the configuration names before the program connects, the system's
 * CA store in the handshake.  Every later call gives the same content.  So a pipe can be used like a file, and a file that
 * changes after it was checked has no effect.  This module owns the contents; tls_files_wipe() overwrites those that others
 * may not read, since a private key may be among them.  It does not parse them.
 */
#ifndef NET_TLSFILES_H
#define NET_TLSFILES_H

#include "base/file.h"

struct tls_file {
	char             *path;
	struct buf        text;
	struct file_facts facts; /* at the time when it was read */
	struct tls_file  *next;
};

struct tls_files {
	struct tls_file *first;
};

/* The file of that name, borrowed from *f until tls_files_wipe().  A buffer of `usual` bytes is allocated at once.  On failure
 * NULL and *e: a missing file is ST_TLS with sys ENOENT (EX_OSFILE), other errors are ST_CONFIG; the next call tries again. */
const struct tls_file *tls_files_get(struct tls_files *f, const char *path, size_t usual, struct err *e) MUST_CHECK;

void tls_files_wipe(struct tls_files *f); /* accepts a zeroed one */

#endif
