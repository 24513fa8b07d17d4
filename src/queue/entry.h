/*
 * entry.h - the format of a file in the queue: what is kept of a message that waits, as text that a person can read.
 *
 *	postern-queue 1 LENGTH LENGTH CRC CRC	the first line: lengths and checksums of the next two parts
 *	account NAME				the envelope: one fact in each line; the peer of a service comes first
 *	sender me@example.org
 *	rcpt you@example.net
 *	...
 *						an empty line
 *	Subject: ...				the message: the original as it was cleaned up, octet for octet
 *	CRC try 1798099200 1798099500 ...	records: what happened since, each with its own checksum
 *
 * The first three parts never change.  A record (queue/record) is appended for each thing that happens.
 *
 * Nothing is kept that can be counted from the message, and nothing of what one server was given.  The account is kept by name,
 * since its settings may have been corrected when the message is sent.
 *
 * Pure: bytes in, structs out.  queue/spool reads and writes the files.
 */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include "base/buf.h"
#include "mail/envelope.h"

enum {
	ENTRY_LINE = 66,                          /* bytes of the first line */
	ENTRY_ENVELOPE_MAX = 256 * 1024 * 1024,   /* bytes: 200000 recipients with all that can be said of them */
	ENTRY_RECORDS_MAX = 16 * 1024 * 1024,     /* bytes of all records */
	ENTRY_RECORD_MAX = 2 * 1024 * 1024,       /* bytes of one record */
	ENTRY_SETTINGS_MAX = 1000,
};

struct entry_line { /* the first line */
	uint64_t envelope, message; /* bytes */
	uint32_t envelope_crc, message_crc;
};

#define ENTRY_UID "uid %lu\n" /* the first fact of a message that a service has kept: the uid of its peer */

struct entry {
	/* the envelope; all owned */
	bool           has_uid;
	unsigned long  uid;      /* of the user that the service has kept it for */
	char           *account;
	char           *config;   /* absolute path of the file given with -C; NULL: the usual files */
	struct strlist  settings; /* "key=value": given on the command line, and they hold at each try */
	bool            report;   /* made by us, about another entry */
	int64_t         created;  /* seconds since 1970, as are all times here */
	int64_t         until;    /* it is held until then; 0: it is not, or it was released */
	struct envelope v;        /* all are RCPT_OPEN; after the records, the settled ones (also if lost) RCPT_DONE */
	/* what the records say */
	unsigned        tries;
	size_t          lost;     /* recipients that were given up */
	int64_t         due;      /* the earliest time of the next try */
	int64_t         at;       /* of the latest of all this; after now if the clock has gone back */
	int64_t         since;    /* the lifetime begins here: `created`, or the release, which may be still to come */
	bool            delay_told; /* the sender was told that the message is late */
	bool            held;     /* until somebody releases it */
	bool            alone;    /* the dialogue of a try broke: no flight is shared with another entry any more */
	char            last[400];/* how the last try ended, printable; "": there was none */
};

/* The line with its line end. */
void entry_put_line(const struct entry_line *l, char to[ENTRY_LINE + 1]);
bool entry_parse_line(const char text[ENTRY_LINE], struct entry_line *l) MUST_CHECK;

/* The envelope with the empty line behind it: account, config, settings, created and v. */
bool entry_put_envelope(struct buf *to, const struct entry *x, struct err *e) MUST_CHECK;

/* The opposite, into a zeroed entry.  False: the text is not one that entry_put_envelope() writes (ST_SPOOL PERM). */
bool entry_parse_envelope(struct entry *x, const char *text, size_t len, struct err *e) MUST_CHECK;

/* Is it held at this time, by somebody or until its release?  If the clock goes back, it is held for longer by as much. */
bool entry_is_held(const struct entry *x, int64_t now);

size_t entry_open(const struct entry *x); /* recipients that still need the message */

void entry_free(struct entry *x); /* accepts a zeroed struct, and leaves it zeroed */

#endif
