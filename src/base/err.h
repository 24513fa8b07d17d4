/*
 * err.h - how a function reports a failure, and the only place that turns a failure into an exit status.
 *
 * A function that can fail takes `struct err *e` last and returns bool: true means done, false means that *e says why.
 * The struct has no pointers and allocates nothing, so it can report that memory has run out, and assignment copies it.
 * A refusal by the server is not a failure of our code: it is kept with the transaction and the recipient, and
 * transaction_verdict() makes one err of all of them at the end.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

enum stage { /* what the program was doing; in the order of a submission */
	ST_USAGE,
	ST_CONFIG,
	ST_INPUT,
	ST_SECRET,
	ST_RESOLVE,
	ST_CONNECT,
	ST_TLS,
	ST_GREETING,
	ST_EHLO,
	ST_STARTTLS,
	ST_AUTH,
	ST_MAIL,
	ST_RCPT,
	ST_DATA,
	ST_BODY,
	ST_ETRN,
	ST_QUIT,
	ST_SPOOL,
	ST_INTERNAL,
	ST_COUNT
};

enum fate { /* what the failure means for the message */
	FATE_TEMP,     /* the same submission may succeed later */
	FATE_PERM,     /* the same submission fails again until something is changed */
	FATE_UNKNOWN,  /* the server may have the message (RFC 1047) */
	FATE_NONSENSE, /* the server at that address does not speak SMTP */
};

struct esc { /* enhanced status code, RFC 3463; class 0: none */
	uint8_t  class;
	uint16_t subject, detail;
};

enum { ESC_ANY = 1000 }; /* in a table: any detail */
enum { ESC_TEXT = 16 }; /* room for "5.999.999" and more */

struct err {
	enum stage stage;
	enum fate  fate;
	int        sys;        /* errno, or 0 */
	int        code;       /* SMTP reply code, or 0 */
	struct esc esc;
	char       say[400];   /* one sentence of ours, no newline, printable */
	char       quote[600]; /* the server's or a library's words, printable, perhaps several lines, or "" */
	char       hint[500];  /* what the user can do about it, or ""; several lines only by err_hint_lines() */
};

/* All of these return false, so that a caller can write `return fail(...)`.  Control characters in an argument are made
 * printable. */
bool fail(struct err *e, enum stage st, enum fate f, const char *fmt, ...) PRINTF(4, 5);
/* FATE_TEMP, with strerror(errnum) as the quote. */
bool fail_sys(struct err *e, enum stage st, int errnum, const char *fmt, ...) PRINTF(4, 5);
/* No memory is left: ST_INTERNAL, FATE_TEMP (EX_OSERR). */
bool fail_memory(struct err *e);
bool err_quote(struct err *e, const char *words, size_t len);
bool err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3);
bool err_hint_lines(struct err *e, const char *text); /* of ours: its line ends stay */

const char *err_stage_name(enum stage st);

/* "sentence: quote"; the quote may have several lines. */
enum { ERR_TEXT = sizeof ((struct err *)0)->say + sizeof ((struct err *)0)->quote + 2 };
const char *err_text(const struct err *e, char to[ERR_TEXT]); /* returns `to` */

/* "5.1.1", or "" when there is none; returns `to`. */
const char *esc_text(struct esc c, char to[ESC_TEXT]);

/* sysexits(3) for a failure: by stage and fate, unless a row for a reply code, an enhanced code or an errno matches first. */
int err_exit_status(const struct err *e);

/* Does it concern only this message or its recipients, so that a later try would fail as well?  What concerns the account or the
 * smarthost may be different then, after a person has mended it (err_needs_person()). */
bool err_is_final(const struct err *e);
bool err_needs_person(const struct err *e);

/* The name of an exit status without its EX_ ("TEMPFAIL"), or "?". */
const char *err_status_name(int status);

#endif
