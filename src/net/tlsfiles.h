/*
 * tlsfiles.h - the files that TLS needs, each read once in a run.
 *
 * A file is read when it is asked for first, which is before connecting; every later look and every
 * handshake gets what was read then.  So a pipe does as well as a file, and a file that changes after it
 * was checked changes nothing.  Owns the contents, and overwrites in the end those that others
 * may not read: a private key may be among them.  Does not know what is in them.
 */
#ifndef NET_TLSFILES_H
#define NET_TLSFILES_H

#include "base/file.h"

struct tls_file {
	char             *path;
	struct buf        text;
	struct file_facts facts; /* as they were when it was read */
	struct tls_file  *next;
};

struct tls_files {
	struct tls_file *first;
};

/* The file of that name, borrowed from *f until tls_files_wipe().  `usual` bytes of room are made at once.
 * NULL and *e: a missing file is ST_TLS with sys ENOENT (EX_OSFILE), all else ST_CONFIG; neither is
 * remembered. */
const struct tls_file *tls_files_get(struct tls_files *f, const char *path, size_t usual, struct err *e) MUST_CHECK;

void tls_files_wipe(struct tls_files *f); /* accepts a zeroed one */

#endif
