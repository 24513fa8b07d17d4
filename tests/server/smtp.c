/* The dialogue: one row per verb. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { FREE = 1, LAST = 2, BARE = 4 };

struct command {
	const char *name;
	enum verb verb;
	size_t max;		/* octets of the line, extensions included */
	unsigned flags;		/* FREE: before EHLO too; LAST: nothing may follow in the flight; BARE: no argument */
	void (*run)(struct conn *c, char *arg);
};

void mail_forget(struct conn *c)
{
	struct mail *m = &c->mail;

	while (m->rcpts != NULL) {
		struct rcpt *r = m->rcpts;

		m->rcpts = r->next;
		free(r->address);
		free(r->params);
		free(r->refused);
		free(r);
	}
	free(m->from);
	free(m->params);
	*m = (struct mail) { .size = -1 };
	body_forget(c);
}

static void hello(struct conn *c, char *name, bool extended)
{
	enum verb v = extended ? V_EHLO : V_HELO;
	struct bytes b = { 0 };
	int code;

	if (!syntax_literal(name, strlen(name)) && !syntax_domain(name, strlen(name), false, true))
		violation(c, "'%s' is neither a full domain name nor an address literal", name);
	if (!extended && !c->ehlo_tried)
		violation(c, "HELO without having tried EHLO");
	c->ehlo_tried = true;
	mail_forget(c);
	name = must(strdup(name));
	if (extended) {
		ehlo_compose(c, name, &b);
		code = answer(c, v, name, b.p, b.len);
	} else {
		code = answerf(c, v, name, "250 smarthost.test");
	}
	if (code / 100 == 2) {
		free(c->helo);
		c->helo = name;
		c->extended = extended;
		if (extended)
			ehlo_learn(c, c->said.p, c->said.len);
		else
			ehlo_forget(c);
	} else {
		free(name);
	}
	if (c->script->early.bytes != NULL && !c->over)
		bytes_add(&c->out, c->script->early.bytes, c->script->early.len);
	free(b.p);
}

static void run_ehlo(struct conn *c, char *arg)
{
	if (!c->script->lmtp) {
		hello(c, arg, true);
		return;
	}
	violation(c, "EHLO where LHLO is spoken");
	answerf(c, V_OTHER, "", "500 5.5.1 this is LMTP");
}

static void run_lhlo(struct conn *c, char *arg)
{
	if (c->script->lmtp) {
		hello(c, arg, true);
		return;
	}
	violation(c, "LHLO where EHLO is spoken");
	answerf(c, V_OTHER, "", "500 5.5.1 this is SMTP");
}

static void run_helo(struct conn *c, char *arg)
{
	if (!c->script->lmtp) {
		hello(c, arg, false);
		return;
	}
	violation(c, "HELO where LHLO is spoken");
	answerf(c, V_OTHER, "", "500 5.5.1 this is LMTP");
}

static void session_forget(struct conn *c)
{
	mail_forget(c);
	ehlo_forget(c);
	free(c->helo);
	c->helo = NULL;
	c->extended = c->ehlo_tried = false;
}

static void run_starttls(struct conn *c, char *arg)
{
	const struct text *inject = &c->script->inject;

	(void) arg;
	if (c->tls != NULL || ehlo_offered(c, "STARTTLS") == NULL) {
		violation(c, "STARTTLS was not offered");
		answerf(c, V_STARTTLS, "", c->tls != NULL ? "503 5.5.1 TLS is up" : "502 5.5.1 no TLS here");
		return;
	}
	if (answerf(c, V_STARTTLS, "", "220 2.0.0 go ahead") / 100 != 2)
		return;
	if (inject->bytes != NULL)
		bytes_add(&c->out, inject->bytes, inject->len);
	c->in_at = c->in.len;
	if (io_flush(c) && tls_start(c))
		session_forget(c);
}

static void run_auth(struct conn *c, char *arg) { auth_run(c, arg); }

/*
 * `FROM:<path> params`: cuts the path out and finds the parameters.  RFC 5321 3.3: no blank before or after the colon.
 * If this is not a path, answers and returns false.
 */
static bool cut_path(struct conn *c, enum verb v, const char *word, char *arg, char **path, char **params)
{
	size_t n = strlen(word);
	bool quoted = false;
	char *p;

	if (strncasecmp(arg, word, n) != 0 || arg[n] != '<')
		goto bad;
	for (p = arg + n + 1; *p != '\0' && (quoted || *p != '>'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p[1] != '\0')
			p++;
	}
	if (*p != '>' || (p[1] != '\0' && p[1] != ' '))
		goto bad;
	*p = '\0';
	*path = arg + n + 1;
	*params = p + 1 + (p[1] == ' ');
	return true;
bad:
	violation(c, "malformed path in '%s'", arg);
	answerf(c, v, "", "501 5.5.4 malformed path");
	return false;
}

/* Non-ASCII addresses need the transaction's SMTPUTF8. */
static bool good_address(struct conn *c, enum verb v, const char *address)
{
	size_t n = strlen(address);

	if (!c->mail.utf8 && !syntax_ascii(address, n))
		violation(c, "non-ASCII in a command without SMTPUTF8");
	else if (!syntax_mailbox(address, n, c->mail.utf8))
		violation(c, "malformed address <%s>", address);
	else
		return true;
	answerf(c, v, address, v == V_MAIL ? "501 5.1.7 bad sender" : "501 5.1.3 bad recipient");
	return false;
}

static int answer_mail(struct conn *c, const char *from)
{
	const struct script *s = c->script;

	if (s->require_auth && c->auth_mech == NULL)
		return answerf(c, V_MAIL, from, "530 5.7.0 authentication required");
	if (s->mail_limit > 0 && c->mails > s->mail_limit) {
		violation(c, "more than MAILMAX=%u transactions", s->mail_limit);
		return answerf(c, V_MAIL, from, "452 4.5.3 too many messages");
	}
	if (s->second_mail.bytes != NULL && c->mails > 1)
		return answer(c, V_MAIL, from, s->second_mail.bytes, s->second_mail.len);
	if (s->size > 0 && c->mail.size > s->size)
		return answerf(c, V_MAIL, from, "552 5.3.4 %lld octets are too many", c->mail.size);
	return answerf(c, V_MAIL, from, "250 2.1.0 sender accepted");
}

static void run_mail(struct conn *c, char *arg)
{
	char *path, *params, *copy;

	if (c->mail.open) {
		violation(c, "MAIL in a transaction");
		answerf(c, V_MAIL, "", "503 5.5.1 nested MAIL");
		return;
	}
	mail_forget(c);
	c->mail.tried = true;
	c->mail.flight = c->flight;
	c->mails++;
	if (!cut_path(c, V_MAIL, "FROM:", arg, &path, &params))
		return;
	copy = must(strdup(params));
	if (esmtp_mail(c, params) && (*path == '\0' || good_address(c, V_MAIL, path)) && answer_mail(c, path) / 100 == 2) {
		c->mail.open = true;
		c->mail.from = must(strdup(path));
		c->mail.params = copy;
		copy = NULL;
	}
	free(copy);
}

static int answer_rcpt(struct conn *c, const char *to)
{
	const struct script *s = c->script;

	if (s->rcpt_limit > 0 && c->mail.accepted >= s->rcpt_limit)
		violation(c, "more than RCPTMAX=%u recipients", s->rcpt_limit);
	if ((s->rcptmax > 0 && c->mail.accepted >= s->rcptmax) || (s->rcpt_limit > 0 && c->mail.accepted >= s->rcpt_limit))
		return answerf(c, V_RCPT, to, "452 4.5.3 too many recipients");
	return answerf(c, V_RCPT, to, "250 2.1.5 recipient accepted");
}

static void run_rcpt(struct conn *c, char *arg)
{
	struct rcpt *r;
	char *path, *params, *copy;
	int code;

	if (!c->mail.tried)
		violation(c, "RCPT without MAIL");
	c->mail.rcpt_tried = true;
	c->mail.flight = c->flight;
	if (!cut_path(c, V_RCPT, "TO:", arg, &path, &params))
		return;
	if (!c->mail.open) {
		answerf(c, V_RCPT, path, "503 5.5.1 no transaction");
		return;
	}
	copy = must(strdup(params));
	if (!esmtp_rcpt(c, params) || (strcasecmp(path, "postmaster") != 0 && !good_address(c, V_RCPT, path))) {
		free(copy);
		return;
	}
	code = answer_rcpt(c, path);
	r = must(calloc(1, sizeof(*r)));
	r->address = must(strdup(path));
	r->params = copy;
	if (code / 100 == 2)
		c->mail.accepted++;
	else
		r->refused = text_copy(c->said.p, strcspn(c->said.p, "\r\n"));
	*(c->mail.last != NULL ? &c->mail.last->next : &c->mail.rcpts) = r;
	c->mail.last = r;
}

static void run_data(struct conn *c, char *arg)
{
	(void) arg;
	body_data(c);
}

static void run_bdat(struct conn *c, char *arg) { body_bdat(c, arg); }

static void run_rset(struct conn *c, char *arg)
{
	(void) arg;
	mail_forget(c);
	answerf(c, V_RSET, "", "250 2.0.0 forgotten");
}

static void run_noop(struct conn *c, char *arg) { answerf(c, V_NOOP, arg, "250 2.0.0 fine"); }
static void run_vrfy(struct conn *c, char *arg) { answerf(c, V_VRFY, arg, "252 2.1.5 send and see"); }

/* RFC 1985 5: a node, `@` and a domain with all below it, or `#` and a queue */
static void run_etrn(struct conn *c, char *arg)
{
	const char *name = arg + (*arg == '@' || *arg == '#');

	if (ehlo_offered(c, "ETRN") == NULL) {
		violation(c, "ETRN was not offered");
		answerf(c, V_ETRN, arg, "500 5.5.1 no ETRN here");
	} else if (*name == '\0' || strchr(name, ' ') != NULL
		   || (*arg != '#' && !syntax_domain(name, strlen(name), false, false))) {
		violation(c, "malformed ETRN of '%s'", arg);
		answerf(c, V_ETRN, arg, "501 5.5.4 what node?");
	} else if (c->mail.tried) {
		violation(c, "ETRN in a transaction");
		answerf(c, V_ETRN, arg, "503 5.5.1 not now");
	} else {
		answerf(c, V_ETRN, arg, "250 2.0.0 queuing for %s started", arg);
	}
}

static void run_help(struct conn *c, char *arg)
{
	(void) arg;
	answerf(c, V_OTHER, "HELP", "214 2.0.0 read tests/README");
}

static void run_quit(struct conn *c, char *arg)
{
	(void) arg;
	c->quit = true;
	answerf(c, V_QUIT, "", "221 2.0.0 goodbye");
	io_flush(c);
}

/* LAST: RFC 2920 3.1 names the commands that end a flight; for AUTH and STARTTLS, RFC 4954 and RFC 3207 do. */
static const struct command commands[] = {
	{ "EHLO", V_EHLO, LINE_MAX_OCTETS, FREE | LAST, run_ehlo },
	{ "LHLO", V_EHLO, LINE_MAX_OCTETS, FREE | LAST, run_lhlo },
	{ "HELO", V_HELO, LINE_MAX_OCTETS, FREE | LAST, run_helo },
	{ "STARTTLS", V_STARTTLS, LINE_MAX_OCTETS, LAST | BARE, run_starttls },
	{ "AUTH", V_AUTH, LINE_MAX_OCTETS, LAST, run_auth },
	{ "MAIL", V_MAIL, LINE_MAX_OCTETS + 1024, 0, run_mail },
	{ "RCPT", V_RCPT, LINE_MAX_OCTETS + 1024, 0, run_rcpt },
	{ "DATA", V_DATA, LINE_MAX_OCTETS, LAST | BARE, run_data },
	{ "BDAT", V_BDAT, LINE_MAX_OCTETS, 0, run_bdat },
	{ "RSET", V_RSET, LINE_MAX_OCTETS, FREE | BARE, run_rset },
	{ "NOOP", V_NOOP, LINE_MAX_OCTETS, FREE | LAST, run_noop },
	{ "HELP", V_OTHER, LINE_MAX_OCTETS, FREE | LAST, run_help },
	{ "VRFY", V_VRFY, LINE_MAX_OCTETS, FREE | LAST, run_vrfy },
	{ "ETRN", V_ETRN, LINE_MAX_OCTETS, 0, run_etrn },
	{ "QUIT", V_QUIT, LINE_MAX_OCTETS, FREE | LAST | BARE, run_quit },
};

static const struct command *command_named(const char *line)
{
	size_t n = strcspn(line, " ");

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strlen(commands[i].name) == n && strncasecmp(line, commands[i].name, n) == 0)
			return &commands[i];
	return NULL;
}

/* Checks the form of a line and its place in the flight; the command's own function checks the rest. */
static void check_line(struct conn *c, const struct command *cmd, const char *line, size_t len)
{
	bool pipelining = ehlo_offered(c, "PIPELINING") != NULL;

	if (len + 2 > cmd->max)
		violation(c, "%s with a line of %zu octets, where %zu are allowed", cmd->name, len + 2, cmd->max);
	if (cmd->verb != V_MAIL && cmd->verb != V_RCPT && !syntax_ascii(line, len))
		violation(c, "non-ASCII in %s", cmd->name);
	if ((cmd->flags & BARE) && line[strlen(cmd->name)] != '\0')
		violation(c, "%s takes no argument", cmd->name);
	if ((cmd->flags & LAST) && io_unread(c) == 0 && io_readable(c, 0))
		io_fill(c, false);
	if (io_unread(c) > 0 && (cmd->flags & LAST))
		violation(c, "octets after %s, which must be the last of its flight", cmd->name);
	else if (io_unread(c) > 0 && cmd->verb != V_BDAT && !pipelining)
		violation(c, "a command after %s did not wait, and PIPELINING was not offered", cmd->name);
}

static void run_line(struct conn *c, char *line, size_t len)
{
	const struct command *cmd = command_named(line);
	char *arg = line + strcspn(line, " ");

	if (cmd == NULL) {
		violation(c, "unknown command '%s'", line);
		answerf(c, V_OTHER, line, "500 5.5.1 unknown command");
		return;
	}
	check_line(c, cmd, line, len);
	arg += *arg == ' ';
	if (c->helo == NULL && !(cmd->flags & FREE)) {
		violation(c, "%s before EHLO", cmd->name);
		answerf(c, cmd->verb, arg, "503 5.5.1 EHLO first");
		return;
	}
	cmd->run(c, arg);
	if ((cmd->verb == V_DATA || cmd->verb == V_BDAT) && io_unread(c) > 0 && ehlo_offered(c, "PIPELINING") == NULL
	    && !c->over)
		violation(c, "a command after the message did not wait, and PIPELINING was not offered");
}

static void greet(struct conn *c)
{
	const struct script *s = c->script;
	unsigned char first = 0;

	if (s->max_connections > 0 && c->number > s->max_connections)
		answerf(c, V_GREETING, "", "421 smarthost.test too many connections");
	else
		answerf(c, V_GREETING, "", "220 smarthost.test %s ready", s->lmtp ? "LMTP" : "ESMTP");
	if (c->over || !io_readable(c, 0))
		return;
	if (c->tls == NULL && recv(c->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first == 0x16)
		record_event(c, "a TLS handshake, where plain text is spoken");
	else if (c->tls != NULL || first != 0)
		violation(c, "the client spoke before the greeting");
}

/* Sends the last reply, and waits until the client leaves, so that the transcript says how it left. */
static void goodbye(struct conn *c)
{
	if (c->fd < 0)
		return;
	io_flush(c);
	if (c->tls != NULL && !c->script->no_close_notify && !c->closed_by_peer)
		gnutls_bye(c->tls, GNUTLS_SHUT_WR);
	shutdown(c->fd, SHUT_WR);
	io_drain(c);
}

void smtp_serve(struct conn *c)
{
	char *line, *copy;
	size_t len;

	if (c->script->greeting_before_tls)
		greet(c);
	if (spoil(c, V_CONNECT, "") || (c->script->tls == TLS_IMPLICIT && io_flush(c) && !tls_start(c))) {
		goodbye(c);
		return;
	}
	if (!c->script->greeting_before_tls)
		greet(c);
	while (!c->over && !c->quit && strncmp(c->said.p, "421", 3) != 0 && io_line(c, SIZE_MAX, &line, &len)) {
		copy = text_copy(line, len);
		run_line(c, copy, len);
		free(copy);
	}
	goodbye(c);
	session_forget(c);
}
