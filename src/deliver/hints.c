#include "deliver/hints.h"

#include <stdio.h>

#include "base/str.h"

enum kind { REFUSED, DEFERRED, EITHER }; /* 5yz, 4yz */

enum { CODES = 5 };

struct row {
	enum stage  from, to;     /* inclusive; `to` zeroed: only `from` */
	enum kind   kind;
	int         codes[CODES]; /* one of them; none: any */
	uint16_t    subject, detail; /* of the enhanced code; zeroed: any or none */
	unsigned    facts;        /* enum circumstance: all of them must be so */
	const char *host, *words; /* globs; NULL: any */
	bool        login;        /* say at the end how to log in again */
	bool        sender;       /* name the sender, where it comes from, and what changes it */
	const char *hint;         /* may be NULL with `sender` */
};

#define GMAIL "Gmail wants an application password (myaccount.google.com/apppasswords) or OAuth2 (postern-oauth2)"
#define ICLOUD "iCloud wants an app-specific password (account.apple.com), and the full address as `user`"
#define MICROSOFT "Microsoft takes no passwords any more: log in with postern-oauth2 and set `oauth2`"
#define DISABLED "the administrator has to enable authenticated SMTP for this mailbox (aka.ms/smtp_auth_disabled)"
#define OUTLOOK_TOKEN "Microsoft refuses a new token, too: it must be for https://outlook.office.com/SMTP.Send (not for Graph)," \
	" `user` must be the account that logged in, and the mailbox must be allowed to send by SMTP"
#define GOOGLE_TOKEN "Google refuses a new token, too: it must have the scope https://mail.google.com/," \
	" and `user` must be the account that logged in"
#define WANTS_TLS "the server wants TLS first: set tls on"
#define WANTS_LOGIN "the server wants a login: set `user` and a password"
#define NO_RELAY "without a login the server accepts no mail for other domains: set `user` and a password, and check `port`"
#define STILL_NO_RELAY "the login succeeded, but here it does not allow mail for other domains: check `host` and `port`"
#define NO_RIGHT "the login succeeded, but it does not allow sending: ask the provider what this mailbox may do"
#define BAD_NAME "the server does not accept the name that this machine gives in EHLO: set `domain` to its full name"
#define BAD_PARAMETER "the address is not at fault, but a parameter behind it, which -v shows: unset the key that asks for it"
#define TOO_BIG "the message is too big for this server"
#define LISTED "the server takes no mail from this machine's network without a login: set `user` and a password, and `port 587`"

/* The first row that matches counts, so the most particular come first.  Rows for all stages are before those for one. */
static const struct row rows[] = {
	/* TLS comes before everything else that a server may want: RFC 3207 4, RFC 4954 4 and 6 */
	{ .from = ST_EHLO, .to = ST_ETRN, .kind = EITHER, .facts = IS_CLEAR, .words = "*starttls*", .hint = WANTS_TLS },
	{ .from = ST_AUTH, .to = ST_ETRN, .codes = { 523, 538 }, .facts = IS_CLEAR, .hint = WANTS_TLS },
	{ .from = ST_AUTH, .codes = { 538 }, .hint = WANTS_TLS },

	/* the name in EHLO, which some servers judge only at MAIL or RCPT; Postfix also with 450, where waiting does not help */
	{ .from = ST_EHLO, .codes = { 501, 504, 550 }, .hint = BAD_NAME },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .words = "*helo command rejected*", .hint = BAD_NAME },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .words = "*fully-qualified hostname*", .hint = BAD_NAME },
	{ .from = ST_MAIL, .to = ST_BODY, .codes = { 501, 504, 550, 554 }, .words = "*helo*", .hint = BAD_NAME },
	{ .from = ST_MAIL, .to = ST_BODY, .codes = { 501, 504, 550, 554 }, .words = "*ehlo*", .hint = BAD_NAME },

	{ .from = ST_GREETING, .facts = IS_PORT_25 | IS_ANONYMOUS, .hint = LISTED },
	{ .from = ST_EHLO, .codes = { 500, 502 }, .facts = IS_LMTP,
	  .hint = "the server does not know LHLO: set `protocol smtp`" },
	{ .from = ST_STARTTLS, .kind = DEFERRED, .hint = "if this lasts, try TLS from the start: tls_starttls off (port 465)" },

	/* logins with an access token; those with a password are below, and the last row of these keeps a token from them */
	{ .from = ST_AUTH, .facts = IS_TOKEN, .words = "*smtpclientauthentication is disabled*", .hint = DISABLED },
	{ .from = ST_AUTH, .facts = IS_TOKEN, .subject = 7, .detail = 139, .words = "*security defaults*",
	  .hint = "the security defaults of the organisation forbid authenticated SMTP: its administrator has to change that" },
	{ .from = ST_AUTH, .facts = IS_TOKEN, .subject = 7, .detail = 139,
	  .hint = "a policy of the organisation forbids this login, and a new token does not help: ask its administrator" },
	{ .from = ST_AUTH, .facts = IS_TOKEN, .subject = 7, .detail = 3, .hint = OUTLOOK_TOKEN, .login = true },
	{ .from = ST_AUTH, .facts = IS_TOKEN, .host = "*.office365.com", .hint = OUTLOOK_TOKEN, .login = true },
	{ .from = ST_AUTH, .facts = IS_TOKEN, .host = "*.outlook.com", .hint = OUTLOOK_TOKEN, .login = true },
	{ .from = ST_AUTH, .facts = IS_TOKEN, .host = "*.gmail.com", .hint = GOOGLE_TOKEN, .login = true },
	{ .from = ST_AUTH, .facts = IS_TOKEN, .words = "*gsmtp*", .hint = GOOGLE_TOKEN, .login = true },
	{ .from = ST_AUTH, .facts = IS_TOKEN, /* Postfix answers 535 also while Dovecot cannot check tokens */
	  .hint = "a new token is refused, too: `user` must be the account that logged in, and the login must allow sending mail;"
		  " or the server cannot check tokens at the moment", .login = true },

	/* logins */
	{ .from = ST_AUTH, .codes = { 534 }, .subject = 7, .detail = 9, .words = "*application-specific*",
	  .hint = "Gmail wants an application password (myaccount.google.com/apppasswords) or OAuth2" },
	{ .from = ST_AUTH, .host = "*.gmail.com", .hint = GMAIL },
	{ .from = ST_AUTH, .host = "*.googlemail.com", .hint = GMAIL },
	{ .from = ST_AUTH, .words = "*gsmtp*",
	  .hint = "Google wants an application password (myaccount.google.com/apppasswords) or OAuth2 (postern-oauth2)" },
	{ .from = ST_AUTH, .words = "*smtpclientauthentication is disabled*",
	  .hint = DISABLED },
	{ .from = ST_AUTH, .words = "*basic authentication is *", .hint = MICROSOFT },
	{ .from = ST_AUTH, .host = "*.office365.com", .hint = MICROSOFT },
	{ .from = ST_AUTH, .host = "*.outlook.com", .hint = MICROSOFT },
	{ .from = ST_AUTH, .host = "*.mail.me.com", .hint = ICLOUD },
	{ .from = ST_AUTH, .host = "*.icloud.com", .hint = ICLOUD },
	{ .from = ST_AUTH, .host = "*.yahoo.*",
	  .hint = "Yahoo wants an application password (login.yahoo.com/account/security)" },
	{ .from = ST_AUTH, .host = "*.aol.com", .hint = "AOL wants an application password (login.aol.com/account/security)" },
	{ .from = ST_AUTH, .words = "*application*password*", .hint = "this provider wants an application password" },
	{ .from = ST_AUTH, .codes = { 535 },
	  .hint = "check `user` and the password: `user` mostly is the whole mail address, and many providers want an application"
		  " password or OAuth2" },
	{ .from = ST_AUTH, .codes = { 534 }, .hint = "the server may want another mechanism: see `auth`" },
	{ .from = ST_AUTH, .kind = DEFERRED, .subject = 7, .detail = 12, /* RFC 4954 6 */
	  .hint = "the server has to see the password itself once: set `auth plain` for one message" },
	{ .from = ST_AUTH, .kind = DEFERRED, .codes = { 454 },
	  .hint = "the server cannot check logins at the moment: try again later" },

	/* a login is wanted; providers that bind senders to logins say so about the sender */
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .facts = IS_ANONYMOUS, .words = "*not logged in*",
	  .hint = WANTS_LOGIN },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .facts = IS_ANONYMOUS, .words = "*authenticat*", .hint = WANTS_LOGIN },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .facts = IS_ANONYMOUS, .words = "*log in*", .hint = WANTS_LOGIN },
	{ .from = ST_MAIL, .to = ST_BODY, .facts = IS_ANONYMOUS, .words = "*invalid credentials for relay*",
	  .hint = "Google's relay does not know this machine's address: set `user` and a password, or register the address" },
	{ .from = ST_MAIL, .to = ST_ETRN, .codes = { 530 }, .facts = IS_ANONYMOUS, .hint = WANTS_LOGIN },

	/* the sender */
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*is not verified*", .sender = true,
	  .hint = "Amazon SES knows only verified addresses (in its sandbox recipients, too)" },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*verified sender identity*", .sender = true,
	  .hint = "SendGrid knows only senders that it has verified" },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*unconfigured sending domain*", .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*sender signature*", .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*relaying disallowed as*", .sender = true }, /* Zoho */
	{ .from = ST_MAIL, .to = ST_BODY, .codes = { 553 }, .facts = IS_LOGGED_IN, .words = "*relaying disallowed*",
	  .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*sendasdenied*", .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*not allowed to send as*", .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*not one of your addresses*", .sender = true }, /* iCloud */
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*from/sender*", .sender = true }, /* Postal */
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*envelope-from*", .sender = true }, /* Strato */
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*from header*not*", .sender = true }, /* SMTP2GO */
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .words = "*not owned by*", .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .words = "*sender address rejected*", .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .words = "*invalid return path*", .sender = true }, /* Proton */
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .subject = 1, .detail = 7, .sender = true },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .subject = 1, .detail = 8, .sender = true,
	  .hint = "the server finds no such domain" },
	{ .from = ST_MAIL, .to = ST_BODY, .subject = 7, .detail = 60, .sender = true }, /* Exchange */

	/* a login that is missing, or does not allow this */
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .facts = IS_ANONYMOUS, .words = "*relay*", .hint = NO_RELAY },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .facts = IS_LOGGED_IN, .words = "*relay*", .hint = STILL_NO_RELAY },
	{ .from = ST_MAIL, .to = ST_BODY, .subject = 7, .detail = 57, .facts = IS_LOGGED_IN, /* Exchange */
	  .hint = "the login succeeded, but this mailbox may not send by SMTP: " DISABLED },
	{ .from = ST_MAIL, .to = ST_BODY, .words = "*basic authentication is *", .hint = MICROSOFT },
	{ .from = ST_MAIL, .to = ST_ETRN, .codes = { 530 }, .facts = IS_LOGGED_IN, .hint = NO_RIGHT },
	{ .from = ST_MAIL, .to = ST_RCPT, .facts = IS_ANONYMOUS, .words = "*blocked*", .hint = LISTED },
	{ .from = ST_MAIL, .to = ST_RCPT, .facts = IS_ANONYMOUS, .words = "*block*list*", .hint = LISTED },
	{ .from = ST_MAIL, .to = ST_RCPT, .facts = IS_ANONYMOUS, .words = "*black*list*", .hint = LISTED },
	{ .from = ST_MAIL, .to = ST_RCPT, .words = "*blocked using*", /* nobody but the server's owner can help */
	  .hint = "the server takes no mail from this machine's network: ask its administrator" },

	/* the message, and what was asked for it */
	{ .from = ST_MAIL, .codes = { 552 }, .hint = TOO_BIG },
	{ .from = ST_MAIL, .to = ST_BODY, .subject = 3, .detail = 4, .hint = TOO_BIG },
	{ .from = ST_DATA, .to = ST_BODY, .subject = 2, .detail = 3, .hint = TOO_BIG },
	{ .from = ST_MAIL, .to = ST_BODY, .kind = EITHER, .subject = 7, .detail = 15, /* RFC 6710 4.1 */
	  .hint = "the server takes only mail of a higher priority now: set `priority`" },
	{ .from = ST_MAIL, .subject = 5, .detail = 4, .hint = BAD_PARAMETER },
	{ .from = ST_MAIL, .codes = { 504, 555 }, .hint = BAD_PARAMETER },
	{ .from = ST_RCPT, .codes = { 555 }, .hint = BAD_PARAMETER },
	{ .from = ST_RCPT, .codes = { 556 }, /* RFC 7504 4 */
	  .hint = "the domain of this recipient takes no mail: check the address" },

	/* no more is known than that MAIL was refused, or that it was something about the sender */
	{ .from = ST_MAIL, .codes = { 501 }, .sender = true, .hint = "the server does not understand the sender's address" },
	{ .from = ST_MAIL, .codes = { 550, 553, 554 }, .sender = true },
	{ .from = ST_RCPT, .to = ST_BODY, .words = "*sender*", .sender = true },
	{ .from = ST_RCPT, .to = ST_BODY, .words = "*from address*", .sender = true },
};

/* ---- matching ------------------------------------------------------------------------------------ */

static bool matches_code(const struct row *r, const struct err *e)
{
	int class = e->code / 100;

	if (class != 4 && class != 5)
		return false;
	if (r->kind != EITHER && class != (r->kind == REFUSED ? 5 : 4))
		return false;
	for (size_t i = 0; i < CODES && r->codes[i] != 0; i++)
		if (r->codes[i] == e->code)
			return true;
	return r->codes[0] == 0;
}

static bool matches(const struct row *r, const struct err *e, const struct circumstances *c)
{
	return e->stage >= r->from && e->stage <= (r->to == 0 ? r->from : r->to) && matches_code(r, e)
	    && (r->subject == 0 || (e->esc.class != 0 && r->subject == e->esc.subject && r->detail == e->esc.detail))
	    && (r->facts & ~c->facts) == 0
	    && (r->host == NULL || (c->host != NULL && str_glob(r->host, c->host)))
	    && (r->words == NULL || str_glob(r->words, e->quote))
	    && (!r->sender || c->origin != ORIGIN_NONE);
}

/* ---- the sender ---------------------------------------------------------------------------------- */

static const char *const remedies[] = {
	[ORIGIN_NONE]   = "",
	[ORIGIN_OPTION] = "give -f an address that you may use here, or set `from` and allow_from_override off",
	[ORIGIN_FIELD]  = "write an address there that you may use here, or leave that option out and set `from`",
	[ORIGIN_CALLER] = "let it give an address that you may use here, or set `from` and allow_from_override off",
	[ORIGIN_FROM]   = "set `from` to an address that you may use here",
	[ORIGIN_EMAIL]  = "set `from` to an address that you may use here, or change EMAIL",
	[ORIGIN_USER]   = "set `from` to an address that you may use here",
	[ORIGIN_LOGIN]  = "set `from` to an address that you may use here",
	[ORIGIN_MAP]    = "change its row for this sender to an address that you may use here",
};
_Static_assert(COUNT(remedies) == ORIGIN_COUNT, "every origin has a row");

/* Servers that refuse the sender after the message may mean its From field. */
static void put_sender(const struct row *r, struct err *e, const struct circumstances *c)
{
	bool field = e->stage >= ST_DATA && c->origin != ORIGIN_FIELD;

	err_hint(e, "%s%sthe sender %s comes from %s: %s%s", r->hint != NULL ? r->hint : "", r->hint != NULL ? "; " : "",
		 c->sender == NULL || c->sender[0] == '\0' ? "<>" : c->sender, sender_origin_name(c->origin),
		 remedies[c->origin],
		 field ? "; set_from_header on gives a From field the same address" : "");
}

void hint_add(struct err *e, const struct circumstances *c)
{
	if (e->hint[0] != '\0')
		return;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (matches(&rows[i], e, c)) {
			if (rows[i].sender)
				put_sender(&rows[i], e, c);
			else if (rows[i].login && c->login != NULL)
				err_hint(e, "%s; to log in again: postern-oauth2 login %s", rows[i].hint, c->login);
			else
				err_hint(e, "%s", rows[i].hint);
			return;
		}
}

/* ---- circumstances ------------------------------------------------------------------------------- */

static unsigned facts(const struct account *a, const struct session *s)
{
	return (s->mechanism != NULL ? IS_LOGGED_IN : IS_ANONYMOUS) | (a->auth.oauth2 != NULL ? IS_TOKEN : 0)
	     | (a->tls.on ? 0 : IS_CLEAR)
	     | (s->to->port == 25 ? IS_PORT_25 : 0) | (a->smtp.lmtp ? IS_LMTP : 0);
}

struct circumstances circumstances_of(const struct sender *who, const struct smarthost *to, const struct submission *x)
{
	return (struct circumstances){
		.host = to->host, .login = who->a != NULL ? who->a->auth.oauth2 : NULL, .sender = x->v.sender,
		.origin = x->v.sender == NULL ? ORIGIN_NONE : x->origin,
		.facts = to->reached && to->a != NULL && to->a == who->a ? facts(to->a, &to->s) : 0,
	};
}
