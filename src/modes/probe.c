#include "modes/probe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/signals.h"
#include "base/steps.h"

enum { PROBE_S = 5 }; /* seconds for one connection */

enum speech { NOTHING_OPEN, NO_SMTP, CLEAR, CLEAR_STARTTLS, FROM_START };

static const unsigned usual[] = { 465, 587, 25 };

unsigned probe_port(unsigned configured, size_t i)
{
	size_t n = 0;

	for (size_t j = 0; j < COUNT(usual); j++)
		if (usual[j] != configured && n++ == i)
			return usual[j];
	return 0;
}

/* ---- one connection ------------------------------------------------------------------------------ */

struct visit { /* a session apart from the smarthost's, which keeps what the hints need */
	struct stream         io;
	struct session        s;
	struct session_params p;
	struct tls_params     tls;
	struct sasl_params    auth; /* none */
};

static bool converse(struct visit *v, struct smarthost *h, const struct endpoint *to, struct err *e)
{
	int64_t until = clock_sooner(clock_in_s(PROBE_S), h->until);
	struct dialed d = { .fd = -1 };

	v->p = h->a->smtp;
	v->p.timeout = PROBE_S;
	v->tls = h->a->tls;
	v->tls.on = true;
	v->tls.starttls = false;
	v->tls.timeout = PROBE_S;
	if (!dial(&h->a->net, to, until, &d, e))
		return false;
	stream_open(&v->io, wire_fd(d.fd), until);
	v->s = (struct session){ .p = &v->p, .tls = &v->tls, .tls_files = &h->tls_files, .auth = &v->auth, .to = to,
				 .secret = h->secret.bytes, .io = &v->io };
	return session_open(&v->s, e);
}

/* Its steps are not shown: the finding is. */
static bool visit(struct smarthost *h, const struct endpoint *to, unsigned *ext, struct err *e)
{
	struct visit *v = calloc(1, sizeof *v);
	bool ok;

	if (v == NULL)
		return fail_memory(e);
	steps_pause(true);
	ok = converse(v, h, to, e);
	steps_pause(false);
	*ext = v->s.caps.ext;
	session_close(&v->s);
	stream_close(&v->io);
	free(v);
	return ok;
}

/* ---- one port ------------------------------------------------------------------------------------ */

/* A refused certificate is TLS, too.  A server that begins in clear text answers a handshake with its greeting at once, so this
 * is tried first: a server that waits for a handshake would be silent. */
static bool is_tls(bool ok, const struct err *e)
{
	return ok || e->stage > ST_TLS || (e->stage == ST_TLS && e->fate == FATE_PERM);
}

static enum speech listen_to(struct smarthost *h, struct endpoint to, struct err *e)
{
	unsigned ext = 0;
	bool ok;

	to.tls = TLS_IMPLICIT;
	ok = visit(h, &to, &ext, e);
	if (is_tls(ok, e))
		return FROM_START;
	if (e->stage <= ST_CONNECT)
		return NOTHING_OPEN;
	to.tls = TLS_NEVER;
	if (!visit(h, &to, &ext, e))
		return e->stage <= ST_CONNECT ? NOTHING_OPEN : NO_SMTP;
	return (ext & EXT_STARTTLS) != 0 ? CLEAR_STARTTLS : CLEAR;
}

static const struct {
	const char *verdict, *words;
} findings[] = {
	[NOTHING_OPEN]   = { "failed", "no connection" },
	[NO_SMTP]        = { "failed", "open, but no answer in SMTP, neither in clear text nor with TLS from the start" },
	[CLEAR]          = { "ok", "begins in clear text, and does not offer STARTTLS" },
	[CLEAR_STARTTLS] = { "ok", "begins in clear text, and offers STARTTLS" },
	[FROM_START]     = { "ok", "speaks TLS from the start" },
};

/* The settings that suit what was found, unless they are in force: then the failure has another reason.  Nobody is advised to do
 * without TLS. */
static bool advise(const struct smarthost *h, const struct endpoint *to, enum speech found, struct err *e)
{
	bool starttls = found == CLEAR_STARTTLS;
	const struct account *a = h->a;
	char port[32] = "";

	if ((found != FROM_START && !starttls) || (to->port == a->net.port && a->tls.on && a->tls.starttls == starttls))
		return false;
	if (to->port != a->net.port)
		snprintf(port, sizeof port, "`port %u`, ", to->port);
	err_hint(e, "%s %s at port %u: set %s`tls on` and `tls_starttls %s`", to->host,
		 starttls ? "offers STARTTLS" : "speaks TLS from the start", to->port, port, starttls ? "on" : "off");
	return true;
}

/* True: there is advice. */
static bool look(struct smarthost *h, struct endpoint to, unsigned port, struct err *e)
{
	struct err why = { 0 };
	enum speech found;

	if (signals_stopping() != 0)
		return false;
	to.port = port;
	found = listen_to(h, to, &why);
	step_say("probe", findings[found].verdict, "%s, port %u: %s", to.host, port, findings[found].words);
	return advise(h, &to, found, e);
}

/* ---- all ports ----------------------------------------------------------------------------------- */

/* Did the server behave as if it expected another beginning?  If it has greeted us, it is known how it begins. */
static bool begins_otherwise(const struct err *e)
{
	return (e->stage == ST_TLS && e->fate != FATE_PERM) || (e->stage == ST_GREETING && e->code == 0);
}

/* Is it a failure for which another port may be the remedy? */
static bool other_port_may_help(const struct err *e)
{
	return e->stage == ST_CONNECT || e->stage == ST_STARTTLS || begins_otherwise(e);
}

/* On this machine the usual ports may be those of another server, which is not meant. */
static bool stands_alone(const struct endpoint *to)
{
	bool is_usual = false;

	for (size_t i = 0; i < COUNT(usual); i++)
		is_usual = is_usual || usual[i] == to->port;
	return !is_usual && resolve_is_loopback(to->host);
}

/* A unix socket has no other port, and leads to a server that this machine's administrator knows. */
static void look_at(struct smarthost *h, const struct endpoint *to, const struct err *why, struct err *e)
{
	bool advised = to->socket != NULL || !other_port_may_help(why);
	unsigned port;

	if (!advised && begins_otherwise(why))
		advised = look(h, *to, to->port, e);
	advised = advised || stands_alone(to);
	for (size_t i = 0; !advised && (port = probe_port(to->port, i)) != 0; i++)
		advised = look(h, *to, port, e);
}

void probe_server(struct smarthost *h, struct err *e)
{
	const struct err why = *e;

	for (size_t i = 0; i < h->n_servers; i++) {
		look_at(h, &h->servers[i], &why, e);
		if (h->servers[i].host == h->host)
			return;
	}
}
