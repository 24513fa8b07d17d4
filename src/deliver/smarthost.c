#include "deliver/smarthost.h"

#include <stdlib.h>

#include "base/signals.h"
#include "base/steps.h"
#include "base/trace.h"

/* After so long a silence a firewall may have dropped the connection without telling us, and the next command would wait for
 * its whole timeout. */
enum { IDLE_MS = 60 * 1000 };

/* ---- the endpoints ------------------------------------------------------------------------------- */

static enum tls_mode tls_mode(const struct account *a)
{
	return !a->tls.on ? TLS_NEVER : a->tls.starttls ? TLS_STARTTLS : TLS_IMPLICIT;
}

/* A unix socket leads to one server; `host` then only names it. */
static bool list_endpoints(struct smarthost *h, struct err *e)
{
	const struct net_params *net = &h->a->net;
	size_t n = net->hosts.n > 0 && net->socket == NULL ? net->hosts.n : 1;

	free(h->servers);
	h->n_servers = 0;
	h->servers = calloc(n, sizeof *h->servers);
	if (h->servers == NULL)
		return fail_memory(e);
	for (; h->n_servers < n; h->n_servers++)
		h->servers[h->n_servers] = (struct endpoint){
			.host = net->hosts.n > 0 ? net->hosts.items[h->n_servers] : "localhost",
			.port = net->port, .socket = net->socket, .tls = tls_mode(h->a) };
	h->host = h->servers[0].host;
	return true;
}

/* ---- ready --------------------------------------------------------------------------------------- */

static bool check_settings(struct smarthost *h, struct err *e)
{
	const struct account *a = h->a;

	return !a->tls.on || tls_check(&a->tls, &h->tls_files, e);
}

/* Without `user`, the login says who logs in. */
static bool take_user(struct smarthost *h, struct err *e)
{
	struct account *a = h->a;

	if (h->secret.user == NULL) {
		fail(e, ST_CONFIG, FATE_PERM, "the login %s does not say with which user name to log in", a->auth.oauth2);
		return err_hint(e, "set `user`");
	}
	a->auth.user = str_dup(h->secret.user, e);
	return a->auth.user != NULL;
}

static bool get_secret(struct smarthost *h, struct err *e)
{
	const struct account *a = h->a;

	secret_wipe(&h->secret);
	if (!a->auth.wanted || (a->auth.user == NULL && a->auth.oauth2 == NULL) || !sasl_wants_secret(&a->auth)) {
		step_fact(ST_SECRET, a->auth.wanted ? "no password is needed" : "no login is wanted, so no password is needed");
		return true;
	}
	return secret_get(&a->secret, h->host, a->auth.user, CLOCK_NEVER, &h->secret, e)
	    && (a->auth.user != NULL || take_user(h, e));
}

void smarthost_restart_clock(struct smarthost *h)
{
	unsigned most = h->a->smtp.total_timeout;

	h->until = most == 0 ? CLOCK_NEVER : clock_in_s(most);
	h->io.until = h->until;
}

bool smarthost_ready(struct smarthost *h, struct account *a, struct err *e)
{
	smarthost_disconnect(h);
	h->a = a;
	if (!list_endpoints(h, e) || !check_settings(h, e) || !get_secret(h, e)) {
		h->a = NULL;
		return false;
	}
	smarthost_restart_clock(h);
	return true;
}

/* ---- the connection ------------------------------------------------------------------------------ */

static bool connect_to(struct smarthost *h, const struct endpoint *to, int64_t limit_ms, struct err *e)
{
	struct dialed d = { .peer = "" };
	struct wire wire;

	if (!(h->reach != NULL ? h->reach(h->reach_ctx, &wire, e)
			       : dial(&h->a->net, to, clock_sooner(clock_ms() + limit_ms, h->until), &d, e)))
		return false;
	stream_open(&h->io, h->reach != NULL ? wire : wire_fd(d.fd), h->until);
	h->open = h->reached = true;
	h->idle = clock_ms();
	if (h->a->net.socket != NULL)
		trace_note(h->io.flights, "connected to %s", h->a->net.socket);
	else
		trace_note(h->io.flights, "connected to %s (%s), port %u", to->host, d.peer, to->port);
	return true;
}

static bool renew(struct session *s, struct err *e)
{
	struct smarthost *h = s->renew_ctx;

	if (!secret_renew(&h->a->secret, &h->secret, e))
		return false;
	s->secret = h->secret.bytes;
	return h->renewed = true;
}

static bool open_session(struct smarthost *h, const struct endpoint *to, struct err *e)
{
	const struct account *a = h->a;

	h->s = (struct session){ .p = &a->smtp, .tls = &a->tls, .tls_files = &h->tls_files, .auth = &a->auth,
				 .to = to, .secret = h->secret.bytes, .io = &h->io };
	if (a->auth.oauth2 != NULL) {
		h->s.renew = renew;
		h->s.renew_ctx = h;
	}
	if (!session_open(&h->s, e))
		return false;
	secret_was_good(&h->secret);
	return true;
}

/* Is it a failure of this host, so that the next one may do?  After a failure that the user has to decide about (a certificate, a
 * refused login) no other host is tried. */
static bool next_may_help(const struct err *e)
{
	if (e->stage < ST_RESOLVE)
		return false;
	return e->stage <= ST_CONNECT || e->stage == ST_GREETING || e->stage == ST_EHLO
	    || (e->fate == FATE_TEMP && (e->stage == ST_TLS || e->stage == ST_STARTTLS));
}

/* Does this host lack what the message asks for, or is its limit too small for it? */
static bool next_may_offer(const struct err *e)
{
	return e->fate == FATE_PERM && (e->stage == ST_EHLO || e->stage == ST_INPUT || e->stage == ST_TLS);
}

/* All endpoints together have the time limit to connect; the dialogue with them has limits of its own.  Each gets an equal part
 * of what is left, so that a silent one leaves some for the next. */
static bool try_endpoint(struct smarthost *h, size_t i, int64_t *left_ms, struct err *e)
{
	const struct endpoint *to = &h->servers[i];
	int64_t began = clock_ms();
	bool ok;

	h->host = to->host;
	h->renewed = false;
	ok = connect_to(h, to, *left_ms / (int64_t)(h->n_servers - i), e);
	*left_ms -= clock_ms() - began;
	*left_ms = *left_ms < 0 ? 0 : *left_ms;
	return ok && open_session(h, to, e);
}

/* The server has closed the connection after it refused a token, so the newer one needs another connection. */
static bool lost_after_renewal(const struct smarthost *h, const struct err *e)
{
	return h->open && h->renewed && h->s.chat.broken && e->fate == FATE_TEMP && signals_stopping() == 0;
}

bool smarthost_connect(struct smarthost *h, smarthost_fits *fits, void *ctx, struct err *e)
{
	int64_t left_ms = 1000 * (int64_t)clock_limit(h->a->smtp.timeout, h->a->net.connect_timeout);
	struct err first = { 0 };

	if (secret_is_stale(&h->a->secret, &h->secret) && !get_secret(h, e))
		return false;
	for (size_t i = 0; i < h->n_servers; i++) {
		bool open = try_endpoint(h, i, &left_ms, e);

		if (!open && lost_after_renewal(h, e)) {
			smarthost_disconnect(h);
			open = try_endpoint(h, i, &left_ms, e);
		}
		if (open && (fits == NULL || fits(ctx, &h->s, e)))
			return true;
		step_error(e);
		smarthost_disconnect(h);
		if (signals_stopping() != 0 || !(next_may_help(e) || (open && next_may_offer(e))))
			return false;
		if (i == 0 || (first.fate != FATE_TEMP && e->fate == FATE_TEMP))
			first = *e;
		trace_note(h->io.flights, "%s: %s", h->host, e->say);
	}
	*e = first;
	return false;
}

bool smarthost_usable(const struct smarthost *h)
{
	const struct session *s = &h->s;

	return h->open && !s->chat.broken && clock_ms() - h->idle < IDLE_MS
	    && (s->caps.mailmax == 0 || s->mails < s->caps.mailmax);
}

void smarthost_disconnect(struct smarthost *h)
{
	if (h->open) {
		session_close(&h->s);
		stream_close(&h->io);
	}
	h->open = false;
}

void smarthost_free(struct smarthost *h)
{
	smarthost_disconnect(h);
	secret_wipe(&h->secret);
	tls_files_wipe(&h->tls_files);
	free(h->servers);
	h->servers = NULL;
	h->n_servers = 0;
}
