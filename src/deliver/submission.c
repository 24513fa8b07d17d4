#include "deliver/submission.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/home.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/owned.h"
#include "base/random.h"
#include "base/signals.h"
#include "config/choose.h"
#include "config/load.h"
#include "deliver/report.h"
#include "mail/cleanup.h"
#include "mail/fields.h"
#include "mail/mailbox.h"
#include "mail/sendermap.h"
#include "mail/xtext.h"
#include "secret/secret.h"

/* ---- who and to whom ---------------------------------------------------------------------------- */

bool submission_wanted(const struct submission *x, char to[ADDRESS_MAX], bool *given, struct err *e)
{
	struct mailbox box;

	*given = true;
	if (x->o->sender != NULL) {
		if (!mailbox_one(x->o->sender, strlen(x->o->sender), true, &box, e))
			return err_hint(e, "this is the sender given with -f");
		snprintf(to, ADDRESS_MAX, "%s", box.addr);
	} else if (!x->o->read_sender || !fields_from(&x->m.head, to, ADDRESS_MAX)) {
		*given = false;
	}
	return true;
}

bool submission_choose(struct submission *x, const char *sender, struct err *e)
{
	if (!conf_choose(&x->conf, x->o->account, sender, &x->a, e))
		return false;
	file_patience(x->a->smtp.timeout);
	return true;
}

static bool default_domain(struct submission *x, struct err *e)
{
	char domain[HOST_MAX];

	if (x->a->message.qualify_domain != NULL)
		return true;
	identity_mail_domain(domain);
	x->a->message.qualify_domain = str_dup(domain, e);
	return x->a->message.qualify_domain != NULL;
}

/* A variable of the environment; NULL if the environment is another user's. */
static const char *of_user(const char *variable, const char *text)
{
	if (text == NULL || text[0] == '\0' || !home_is_foreign())
		return text;
	trace_note(0, "%s is ignored: the environment is another user's, as HOME shows", variable);
	return NULL;
}

/* Can this be a person's name?  It comes from the environment and may be anything. */
static bool is_name(const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	bool good = len > 0 && len <= 200 && str_is_utf8(text, len);

	for (size_t i = 0; good && i < len; i++)
		good = !str_iscontrol(text[i]);
	return good;
}

/* The full name is in MAILNAME for qmail and nullmailer, and in NAME for sendmail. */
static bool default_name(struct submission *x, struct err *e)
{
	const char *name;

	if (x->a->message.from_full_name != NULL)
		return true;
	name = of_user("MAILNAME", secure_getenv("MAILNAME"));
	if (!is_name(name))
		name = of_user("NAME", secure_getenv("NAME"));
	return !is_name(name) || (x->a->message.from_full_name = str_dup(name, e)) != NULL;
}

static bool read_list(const char *path, const char *name, uid_t as, struct buf *to, uid_t *reader, struct err *e)
{
	return owned_read_list(path, name, as, ST_CONFIG, to, reader, e);
}

/* The alias file is read anew for each sender, since another account may have another file. */
static bool load_expander(struct submission *x, struct err *e)
{
	const struct message_params *p = &x->a->message;
	struct buf text = buf_max(ST_CONFIG, ALIASES_BYTES_MAX, p->aliases);
	bool ok;

	expand_free(&x->expander);
	x->expander.machine.domain = p->qualify_domain;
	x->expander.recipients = &p->local_recipients;
	x->expander.read = read_list;
	if (!identity_host(x->expander.machine.host))
		x->expander.machine.host[0] = '\0';
	identity_fqdn(x->expander.machine.fqdn);
	ok = p->aliases == NULL
	  || (owned_read(p->aliases, p->aliases, ST_CONFIG, &text, e)
	      && aliases_parse(&x->expander.aliases, p->aliases, buf_text(&text), text.len, e));
	buf_free(&text);
	return ok;
}

/* The first of `from` that is an address and not a pattern. */
static const char *own_address(const struct account *a)
{
	for (size_t i = 0; i < a->from.n; i++)
		if (strpbrk(a->from.items[i], "*?") == NULL)
			return a->from.items[i];
	return NULL;
}

/* $EMAIL, as other programs use it.  If it is no address, that is a warning only. */
static bool email(char to[ADDRESS_MAX])
{
	const char *text = of_user("EMAIL", secure_getenv("EMAIL"));
	struct mailbox box;
	struct err e;

	if (text == NULL || text[0] == '\0')
		return false;
	if (!mailbox_one(text, strlen(text), false, &box, &e)) {
		log_warn("EMAIL is no address: %s", e.say);
		return false;
	}
	snprintf(to, ADDRESS_MAX, "%s", box.addr);
	return true;
}

static bool login_address(char to[ADDRESS_MAX], struct err *e)
{
	char login[HOST_MAX];

	identity_login(login);
	if (address_from_name(login, to))
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "the login name %s cannot be a sender", login);
	return err_hint(e, "set `from`");
}

static bool set_sender(struct submission *x, const char *wanted, struct err *e)
{
	const char *own = own_address(x->a), *mapped;
	char login[ADDRESS_MAX], sender[ADDRESS_MAX];

	if (wanted != NULL && (x->a->allow_from_override || own == NULL))
		own = wanted;
	if (own == NULL) {
		if (!email(login) && !login_address(login, e))
			return false;
		own = login;
	}
	if ((mapped = sendermap_find(&x->a->message.sender_map, &x->expander.machine, own)) != NULL)
		own = mapped;
	return address_qualify(own, x->a->message.qualify_domain, sender, e) && envelope_set_sender(&x->v, sender, e);
}

static bool set_envid(struct submission *x, struct err *e)
{
	struct buf text = buf_max(ST_USAGE, 100, "the envelope identifier"); /* RFC 3461 4.4 */
	bool ok;

	if (x->o->envid == NULL)
		return true;
	ok = xtext_valid(x->o->envid) ? buf_str(&text, x->o->envid, e) : xtext_encode(&text, x->o->envid, e);
	ok = ok && (x->v.envid = str_dup(buf_text(&text), e)) != NULL;
	buf_free(&text);
	return ok;
}

bool submission_add(struct submission *x, const char *text, struct err *e)
{
	return expand_list(&x->expander, &x->v, text, strlen(text), e);
}

static bool add_recipients(struct submission *x, struct err *e)
{
	for (size_t i = 0; i < x->o->n_recipients; i++)
		if (!submission_add(x, x->o->recipients[i], e))
			return false;
	return true;
}

/* Without random numbers the envelope works, too; only addresses that were chosen to collide make it slow. */
static void seed_envelope(struct envelope *v)
{
	struct err none;

	if (v->seed == 0 && !random_fill(&v->seed, sizeof v->seed, &none))
		v->seed = 0;
}

bool submission_sender(struct submission *x, const char *wanted, struct err *e)
{
	seed_envelope(&x->v);
	return submission_choose(x, wanted, e) && default_domain(x, e) && default_name(x, e) && load_expander(x, e)
	    && set_sender(x, wanted, e);
}

/* The domain of the sender, or of the address that a From shows for the null sender; if that cannot stand in a Message-ID, the
 * name of this machine. */
static void id_domain(const struct submission *x, char to[HOST_MAX])
{
	const char *domain = x->v.sender[0] == '\0' ? x->a->message.qualify_domain : address_domain(x->v.sender);

	if (domain != NULL && identity_is_domain(domain))
		snprintf(to, HOST_MAX, "%s", domain);
	else
		identity_mail_domain(to);
}

bool submission_cleanup(struct submission *x, bool take_recipients, struct err *e)
{
	char domain[HOST_MAX];
	struct stamp stamp = { .now = time(NULL), .domain = domain, .random = random_fill };

	id_domain(x, domain);
	return cleanup_message(&x->m, &x->a->message, &stamp, &x->expander, take_recipients, &x->v, e);
}

bool submission_address(struct submission *x, struct err *e)
{
	char wanted[ADDRESS_MAX];
	bool given;

	return submission_wanted(x, wanted, &given, e) && submission_sender(x, given ? wanted : NULL, e)
	    && set_envid(x, e) && add_recipients(x, e);
}

/* ---- the server --------------------------------------------------------------------------------- */

bool submission_ready(struct submission *x, struct err *e)
{
	struct account *a = x->a;
	const char *host = a->net.hosts.n > 0 ? a->net.hosts.items[0] : "localhost";

	x->host = host;
	if ((a->tls.on && !tls_check(&a->tls, &x->tls_files, e)) || (a->auth.wanted && !sasl_check(&a->auth, e)))
		return false;
	if (a->auth.wanted && a->auth.user != NULL && sasl_wants_secret(&a->auth)
	    && !secret_get(&a->secret, host, a->auth.user, CLOCK_NEVER, &x->secret, e))
		return false;
	if (x->o->mode != MODE_DIALOGUE) /* -bs may need this account again */
		secret_params_wipe(&a->secret);
	x->until = a->smtp.total_timeout == 0 ? CLOCK_NEVER : clock_in_s(a->smtp.total_timeout);
	return true;
}

void submission_disconnect(struct submission *x)
{
	session_close(&x->s);
	stream_close(&x->io);
}

static bool connect_host(struct submission *x, const char *host, int64_t deadline, struct err *e)
{
	struct dialed d = { .peer = "" };
	struct wire wire;

	if (!(x->reach != NULL ? x->reach(x->reach_ctx, &wire, e)
			       : dial(&x->a->net, host, clock_sooner(deadline, x->until), &d, e)))
		return false;
	stream_open(&x->io, x->reach != NULL ? wire : wire_fd(d.fd), x->until);
	x->connected = true;
	trace_note(x->io.flights, "connected to %s (%s), port %u", x->host, d.peer, x->a->net.port);
	return true;
}

static bool one_connection(struct submission *x, const char *host, int64_t deadline, struct err *e)
{
	const struct account *a = x->a;

	if (!connect_host(x, host, deadline, e))
		return false;
	x->s = (struct session){ .p = &a->smtp, .tls = &a->tls, .tls_files = &x->tls_files, .auth = &a->auth,
				 .host = x->host, .port = a->net.port, .secret = x->secret.bytes, .io = &x->io };
	if (session_open(&x->s, e))
		return true;
	submission_disconnect(x);
	return false;
}

/* Is it a failure of this host, so that the next one may do?  After a failure that the user has to decide about (a certificate, a
 * refused login) no other host is tried. */
static bool next_may_help(const struct err *e)
{
	if (signals_stopping() != 0 || e->stage < ST_RESOLVE)
		return false;
	return e->stage <= ST_CONNECT || e->stage == ST_GREETING || e->stage == ST_EHLO
	    || (e->fate == FATE_TEMP && (e->stage == ST_TLS || e->stage == ST_STARTTLS));
}

/* Each host gets an equal part of the time that is left to connect, so that a silent one leaves some for the next. */
static int64_t share(const struct submission *x, int64_t deadline, size_t hosts_left)
{
	int64_t now = clock_ms();

	(void)x;
	return now + (deadline - now) / (int64_t)hosts_left;
}

/* If no host takes part in the dialogue, the first error is reported, but a temporary one is preferred: then trying again later
 * may help. */
bool submission_connect(struct submission *x, struct err *e)
{
	size_t n = x->a->net.hosts.n > 0 && x->a->net.socket == NULL ? x->a->net.hosts.n : 1;
	unsigned longest = x->a->net.connect_timeout, cap = x->a->smtp.timeout;
	int64_t deadline = clock_in_s(clock_limit(cap, longest));
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

void submission_log(struct submission *x, const struct err *e, int status)
{
	if (x->a == NULL)
		return;
	report_log(&x->a->log, &(struct outcome){
		.host = x->host, .session = x->connected ? &x->s : NULL, .v = &x->v, .m = &x->m,
		.size = x->r.m != NULL ? x->r.facts.bytes : x->m.facts.bytes,
		.delivery = &x->delivery, .user = x->a->auth.wanted ? x->a->auth.user : NULL,
		.note = x->conf.note, .e = e, .duration_ms = clock_ms() - x->began, .status = status });
}

/* ---- its life ----------------------------------------------------------------------------------- */

struct submission *submission_begin(const struct options *o, struct err *e)
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

bool submission_load(struct submission *x, struct err *e)
{
	return conf_load(&x->conf, x->o->config_file, x->o->settings, x->o->n_settings, e);
}

void submission_free(struct submission *x)
{
	secret_wipe(&x->secret);
	tls_files_wipe(&x->tls_files);
	rendition_free(&x->r);
	message_free(&x->m);
	envelope_free(&x->v);
	expand_free(&x->expander);
	conf_free(&x->conf);
	free(x);
}
