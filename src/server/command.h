/*
 * command.h - an SMTP command as a client says it: RFC 5321 4.1.1, and the parameters of RFC 1870, 6152, 6531, 3461, 3030.
 *
 * Pure: a line in, a struct out.  Syntax only: server/dialogue decides whether the command may come now, and what it does.
 */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include "mail/address.h"
#include "mail/dsn.h"

enum {
	COMMAND_LINE_MAX = 4096, /* bytes; RFC 5321 4.5.3.1.4 says 512, each extension adds some */
	COMMAND_XTEXT = 501,     /* ORCPT: RFC 3461 4.2 */
};

enum command_id {
	COMMAND_AUTH,
	COMMAND_BDAT,
	COMMAND_DATA,
	COMMAND_EHLO,
	COMMAND_EXPN,
	COMMAND_HELO,
	COMMAND_HELP,
	COMMAND_MAIL,
	COMMAND_NOOP,
	COMMAND_QUIT,
	COMMAND_RCPT,
	COMMAND_RSET,
	COMMAND_STARTTLS,
	COMMAND_VRFY,
	COMMAND_COUNT,
};

struct command {
	enum command_id id;
	char           *arg;              /* the rest of the line, without outer blanks; borrowed from the line */
	char            address[ADDRESS_MAX]; /* MAIL, RCPT: normalised, perhaps unqualified; "": the null sender */
	uint64_t        size;             /* SIZE of MAIL, octets of BDAT */
	bool            last;             /* BDAT */
	bool            eight_bit, seven_bit; /* BODY=8BITMIME, BODY=7BIT; neither: nothing was said */
	bool            utf8;             /* SMTPUTF8 */
	enum dsn_return ret;
	char            envid[101];       /* xtext, "": none; RFC 3461 4.4 */
	unsigned        notify;           /* enum dsn_notify; 0: none */
	char            orcpt[COMMAND_XTEXT]; /* type, ';' and xtext, as given; "": none */
};

/* Returns NULL, or the reply that says what is wrong with the line: "501 5.5.4 ..." (static).  The line is NUL-terminated
 * and has no CRLF.  It is changed in place and must outlive *c. */
const char *command_parse(char *line, struct command *c);

#endif
