#include "command/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/host.h"
#include "base/stop.h"
#include "command/report.h"
#include "config/secret.h"
#include "mail/address.h"
#include "mail/recode.h"
#include "mail/xtext.h"
#include "smtp/carry.h"

struct submission {
	const struct options *o;
	struct conf           conf;
	struct account       *a; /* borrowed from conf */
	struct message        m;
	struct envelope       v;
	struct secret         secret;
	struct session        s;
	struct stream         io;
	struct delivery       delivery;
	const char           *host;  /* the one being talked to, or last tried; borrowed from a */
	int64_t               began, until;
	bool                  connected;
};

/* ---- who and to whom ---------------------------------------------------------------------------- */

static bool check_usage(const struct options *o, struct err *e)
{
	if (o->take_recipients || o->n_recipients > 0)
		return true;
	fail(e, ST_USAGE, FATE_PERM, "no recipients were given");
	return err_hint(e, "name them as arguments, or use -t to take them from the message");
}

/* What the caller asks to send as: NULL when it leaves that to us. */
static bool wanted_sender(struct submission *x, char to[ADDRESS_MAX], bool *given, struct err *e)
{
	struct mailbox box;

	*given = true;
	if (x->o->sender != NULL) {
		if (!address_one(x->o->sender, strlen(x->o->sender), true, &box, e))
			return err_hint(e, "this is the sender given with -f");
		snprintf(to, ADDRESS_MAX, "%s", box.addr);
	} else if (!x->o->read_sender || !message_from(&x->m, to, ADDRESS_MAX)) {
		*given = false;
	}
	return true;
}

static bool choose_account(struct submission *x, const char *sender, struct err *e)
{
	return conf_choose(&x->conf, x->o->account, sender, &x->a, e);
}

static bool default_domain(struct submission *x, struct err *e)
{
	char domain[HOST_MAX];

	if (x->a->message.qualify_domain != NULL)
		return true;
	host_mail_domain(domain);
	x->a->message.qualify_domain = str_dup(domain, e);
	return x->a->message.qualify_domain != NULL;
}

/* The first of `from` that is an address and not a pattern. */
static const char *own_address(const struct account *a)
{
	for (size_t i = 0; i < a->from.n; i++)
		if (strpbrk(a->from.items[i], "*?") == NULL)
			return a->from.items[i];
	return NULL;
}

static bool set_sender(struct submission *x, const char *wanted, struct err *e)
{
	const char *own = own_address(x->a), *domain = x->a->message.qualify_domain;
	char login[HOST_MAX], sender[ADDRESS_MAX];

	if (wanted != NULL && (x->a->allow_from_override || own == NULL))
		own = wanted;
	if (own == NULL) {
		host_login(login);
		own = login;
	}
	return fix_qualify(own, domain, sender, e) && envelope_set_sender(&x->v, sender, e);
}

static bool set_envid(struct submission *x, struct err *e)
{
	struct buf text = buf_max(100, "the envelope identifier"); /* RFC 3461 4.4 */
	bool ok;

	if (x->o->envid == NULL)
		return true;
	ok = xtext_valid(x->o->envid) ? buf_str(&text, x->o->envid, e) : xtext_encode(&text, x->o->envid, e);
	if (!ok)
		e->stage = ST_USAGE;
	ok = ok && (x->v.envid = str_dup(buf_text(&text), e)) != NULL;
	buf_free(&text);
	return ok;
}

static bool add_recipients(struct submission *x, struct err *e)
{
	for (size_t i = 0; i < x->o->n_recipients; i++)
		if (!fix_add_recipients(&x->v, x->o->recipients[i], strlen(x->o->recipients[i]),
					x->a->message.qualify_domain, e))
			return false;
	return true;
}

static bool address_message(struct submission *x, struct err *e)
{
	char wanted[ADDRESS_MAX];
	bool given;

	return wanted_sender(x, wanted, &given, e) && choose_account(x, given ? wanted : NULL, e)
	    && default_domain(x, e) && set_sender(x, given ? wanted : NULL, e) && set_envid(x, e)
	    && add_recipients(x, e);
}

/* ---- the message -------------------------------------------------------------------------------- */

static bool read_message(struct submission *x, bool had_stdin, struct err *e)
{
	bool dot_ends = !x->o->ignore_dots && isatty(STDIN_FILENO);

	if (!had_stdin)
		return fail(e, ST_INPUT, FATE_TEMP, "standard input is closed, so there is no message to send");
	if (!message_read(&x->m, STDIN_FILENO, dot_ends, e))
		return false;
	if (x->o->take_recipients && x->m.head.len == 0 && x->m.body.len == 0 && x->m.fd < 0)
		return fail(e, ST_INPUT, FATE_PERM, "the message is empty, so -t finds no recipients in it");
	return true;
}

static const char *what_is_wrong(const struct facts *f)
{
	return f->nul ? "the text has NUL bytes" : f->bare_cr ? "the text has carriage returns within lines"
							      : "the text has lines of more than 998 bytes";
}

static bool fix_message(struct submission *x, struct err *e)
{
	if (!message_fix(&x->m, &x->a->message, x->o->take_recipients, &x->v, e))
		return false;
	if (x->v.n == 0)
		return fail(e, ST_USAGE, FATE_PERM, "the message names no recipients");
	return !recode_needed(&x->m.facts) || message_recode(&x->m, what_is_wrong(&x->m.facts), e);
}

/* ---- the server --------------------------------------------------------------------------------- */

static bool logs_in(const struct account *a)
{
	return a->auth.user != NULL && a->auth.auth.n > 0;
}

/* Before connecting, so that a slow helper or a prompt costs no server time. */
static bool get_ready(struct submission *x, struct err *e)
{
	struct account *a = x->a;
	const char *host = a->net.hosts.n > 0 ? a->net.hosts.items[0] : "localhost";

	x->host = host;
	if ((a->tls.on && !tls_check(&a->tls, e)) || (logs_in(a) && !sasl_check(&a->auth, e)))
		return false;
	if (logs_in(a) && sasl_wants_secret(&a->auth)
	    && !secret_get(&a->secret, host, a->auth.user, CLOCK_NEVER, &x->secret, e))
		return false;
	secret_params_wipe(&a->secret);
	x->until = a->smtp.total_timeout == 0 ? CLOCK_NEVER : clock_in_s(a->smtp.total_timeout);
	return true;
}

static bool connect_host(struct submission *x, const char *host, int64_t deadline, struct err *e)
{
	struct dialed d;

	if (!dial(&x->a->net, host, clock_sooner(deadline, x->until), &d, e))
		return false;
	stream_open(&x->io, wire_fd(d.fd), x->until);
	x->connected = true;
	trace_note(x->io.flights, "connected to %s (%s), port %u", x->host, d.peer, x->a->net.port);
	return true;
}

static bool converse(struct submission *x, struct err *e)
{
	const struct account *a = x->a;

	x->s = (struct session){ .p = &a->smtp, .tls = &a->tls, .auth = &a->auth, .host = x->host,
				 .port = a->net.port, .secret = x->secret.bytes, .io = &x->io };
	return session_open(&x->s, e) && carry_check(&x->s, &x->v, &x->m, e)
	    && transaction_send(&x->s, &x->v, &x->m, &x->delivery, e);
}

static bool one_connection(struct submission *x, const char *host, int64_t deadline, struct err *e)
{
	bool ok = connect_host(x, host, deadline, e);

	if (!ok)
		return false;
	ok = converse(x, e);
	session_close(&x->s);
	stream_close(&x->io);
	return ok;
}

/* Is it this host's trouble, so that the next one may do better?  Nothing was sent yet then; and what
 * the user must decide (a certificate, a refused login) is no reason to look elsewhere. */
static bool next_may_help(const struct err *e)
{
	if (stop_asked() != 0 || e->stage < ST_RESOLVE)
		return false;
	return e->stage <= ST_CONNECT || e->stage == ST_GREETING || e->stage == ST_EHLO
	    || (e->fate == FATE_TEMP && (e->stage == ST_TLS || e->stage == ST_STARTTLS));
}

/* Hosts share the time to connect: one that is silent leaves some for the next. */
static int64_t share(const struct submission *x, int64_t deadline, size_t hosts_left)
{
	int64_t now = clock_ms();

	(void)x;
	return now + (deadline - now) / (int64_t)hosts_left;
}

/* All hosts in order, until one takes part in the dialogue.  Where none does, a temporary trouble is
 * what is reported: trying again later is right then. */
static bool try_hosts(struct submission *x, struct err *e)
{
	size_t n = x->a->net.hosts.n > 0 && x->a->net.socket == NULL ? x->a->net.hosts.n : 1;
	int64_t deadline = clock_in_s(x->a->net.connect_timeout);
	struct err first = { 0 };

	for (size_t i = 0; i < n; i++) {
		const char *host = x->a->net.socket == NULL ? x->a->net.hosts.items[i] : NULL;

		if (host != NULL)
			x->host = host;
		if (one_connection(x, host, share(x, deadline, n - i), e))
			return true;
		if (!next_may_help(e))
			return false;
		if (i == 0 || (first.fate != FATE_TEMP && e->fate == FATE_TEMP))
			first = *e;
		trace_note(x->io.flights, "%s: %s", x->host, e->say);
	}
	*e = first;
	return false;
}

static bool send_message(struct submission *x, struct err *e)
{
	do
		if (!try_hosts(x, e))
			return false;
	while (x->delivery.again);
	return true;
}

/* ---- the end ------------------------------------------------------------------------------------ */

static int conclude(struct submission *x, bool ok, struct err *e)
{
	bool sent = ok;
	int status;

	if (!ok) {
		report_error(e, x->host);
		report_unfinished(&x->v);
	}
	report_refusals(&x->v, x->host);
	if (ok)
		ok = transaction_verdict(&x->v, e);
	status = ok ? 0 : err_exit_status(e);
	trace_note(x->io.flights, "exit status %d (%s)%s%s", status, err_status_name(status),
		   sent && x->delivery.queue_id[0] != '\0' ? ", queue id " : "", x->delivery.queue_id);
	if (x->a != NULL)
		report_log(&x->a->log, &(struct outcome){
			.host = x->host, .session = x->connected ? &x->s : NULL, .v = &x->v, .m = &x->m,
			.delivery = &x->delivery, .user = logs_in(x->a) ? x->a->auth.user : NULL,
			.e = ok ? NULL : e, .duration_ms = clock_ms() - x->began, .status = status });
	return status;
}

static void clean_up(struct submission *x)
{
	secret_wipe(&x->secret);
	message_free(&x->m);
	envelope_free(&x->v);
	conf_free(&x->conf);
	free(x);
}

static bool load(struct submission *x, struct err *e)
{
	return conf_load(&x->conf, x->o->config_file, x->o->settings, x->o->n_settings, e);
}

static struct submission *begin(const struct options *o, struct err *e)
{
	struct submission *x = calloc(1, sizeof *x);

	if (x == NULL) {
		fail_memory(e);
		report_error(e, NULL);
		return NULL;
	}
	x->o = o;
	x->m.fd = -1;
	x->began = clock_ms();
	return x;
}

int submit(const struct options *o, bool had_stdin)
{
	struct err e = { 0 };
	struct submission *x = begin(o, &e);
	bool ok;
	int status;

	if (x == NULL)
		return err_exit_status(&e);
	ok = check_usage(o, &e) && load(x, &e) && read_message(x, had_stdin, &e) && address_message(x, &e)
	  && fix_message(x, &e) && get_ready(x, &e) && send_message(x, &e);
	status = conclude(x, ok, &e);
	clean_up(x);
	return status;
}

int submit_dump_config(const struct options *o)
{
	struct err e = { 0 };
	struct submission *x = begin(o, &e);
	bool ok;

	if (x == NULL)
		return err_exit_status(&e);
	ok = load(x, &e) && choose_account(x, o->sender, &e);
	if (ok && !conf_dump(x->a, stdout))
		ok = fail(&e, ST_INTERNAL, FATE_TEMP, "cannot write to standard output");
	if (!ok)
		report_error(&e, NULL);
	clean_up(x);
	return ok ? 0 : err_exit_status(&e);
}
