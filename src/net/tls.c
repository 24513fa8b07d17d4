#include "net/tls.h"

#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/crypto.h"
#include "net/explain.h"
#include "net/records.h"
#include "net/resolve.h"
#include "net/tlsconf.h"
#include "net/verify.h"

enum {
	HANDSHAKE_MAX = 256 * 1024, /* bytes that a server may send in the handshake */
	MESSAGE_MAX = 64 * 1024,    /* bytes of one handshake message; the chain is the largest */
	ROUNDS_MAX = 64,            /* tickets and key updates in a row, before the deadline is checked again */
	WARNINGS_MAX = 8,           /* alerts that do not end the session; RFC 8446 6 does not limit them */
	EARLY_MAX = 600,            /* bytes quoted of an answer that comes before the handshake */
};

struct tls {
	gnutls_session_t                 session;
	gnutls_certificate_credentials_t cred;
	struct verify                    verify;
	struct verdict                   verdict;
	bool                             hold;   /* our Finished is sent with the first command */
	bool                             talked; /* the server has sent data inside TLS */
	unsigned                         warnings;
	size_t                           taken; /* bytes of the present write that are encrypted, but not yet sent */
	/* `failed` also after a failed check of the certificate or a failure of TLS; `broken` also if a close_notify cannot be
	 * sent any more.  The last member, since tls_new() leaves it to records_open(). */
	struct records                   records;
};

/* ---- the wire that the stream sees ---- */

/* With TLS 1.3 our handshake ends before the server has checked our certificate: its refusal comes as an alert later. */
static bool late_refusal(const struct tls *t, ssize_t r, struct err *e)
{
	struct breakdown b = { .host = t->verify.host, .error = (int)r };

	if (t->talked || r != GNUTLS_E_FATAL_ALERT_RECEIVED)
		return false;
	b.alert = (int)gnutls_alert_get(t->session);
	explain_handshake(&b, e);
	return true;
}

static void tell_loss(struct tls *t, ssize_t r, struct err *e)
{
	const char *words = gnutls_strerror((int)r);

	if (late_refusal(t, r, e))
		return;
	if (r == GNUTLS_E_REHANDSHAKE)
		fail(e, e->stage, FATE_TEMP, "the server wants to renegotiate TLS, which is refused");
	else
		fail(e, e->stage, FATE_TEMP, "lost the TLS session with the server");
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED && gnutls_alert_get_name(gnutls_alert_get(t->session)) != NULL)
		words = gnutls_alert_get_name(gnutls_alert_get(t->session));
	err_quote(e, words, strlen(words));
}

/* The session is lost for good.  The error is kept and given again, since stream_peek() ignores it, and since GnuTLS would go
 * on after some errors. */
static ptrdiff_t lost(struct tls *t, ssize_t r, struct err *e)
{
	if (!t->records.failed)
		tell_loss(t, r, &t->records.why);
	t->records.failed = t->records.broken = true;
	*e = t->records.why;
	return WIRE_ERROR;
}

/* May the call be repeated after this result? */
static bool goes_on(struct tls *t, ssize_t r)
{
	return r != GNUTLS_E_REHANDSHAKE && gnutls_error_is_fatal((int)r) == 0 && ++t->warnings <= WARNINGS_MAX;
}

/* After a session ticket or a KeyUpdate (RFC 8446 4.6) GnuTLS returns GNUTLS_E_AGAIN, too.  Bytes that came together with it are
 * in `in` already, so it is called again: to wait for the socket could take for ever. */
static ssize_t receive(struct tls *t, void *to, size_t n)
{
	ssize_t r;
	unsigned rounds = 0;

	do
		r = gnutls_record_recv(t->session, to, n);
	while (r == GNUTLS_E_AGAIN && records_unread(&t->records) && ++rounds < ROUNDS_MAX);
	return r;
}

static ptrdiff_t tls_read(void *ctx, void *to, size_t n, struct err *e)
{
	struct tls *t = ctx;
	ssize_t r;

	if (t->records.failed)
		return lost(t, 0, e);
	t->records.why.stage = e->stage;
	do {
		r = receive(t, to, n);
		t->talked = t->talked || r > 0;
		if (r >= 0)
			return r;
		if (r == GNUTLS_E_PREMATURE_TERMINATION) /* no close_notify, which SMTP does not need: its replies have an end */
			return 0;
		if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED) {
			ptrdiff_t d = t->hold ? 1 : records_send(&t->records, e);

			return d == 1 ? WIRE_WANT_READ : d;
		}
	} while (goes_on(t, r));
	return lost(t, r, e);
}

/* Encrypts as many records as `out` has room for. */
static bool encrypt(struct tls *t, const char *from, size_t n, struct err *e)
{
	while (t->taken < n && records_fit(&t->records)) {
		size_t left = n - t->taken;
		ssize_t r = gnutls_record_send(t->session, from + t->taken, left < RECORD_MAX ? left : RECORD_MAX);

		if (r < 0) {
			lost(t, r, e);
			return false;
		}
		t->taken += (size_t)r;
	}
	return true;
}

/* After a WIRE_WANT_* the stream passes the same bytes again.  Bytes that are encrypted already are not encrypted again, and are
 * counted as written only when they have been sent. */
static ptrdiff_t tls_write(void *ctx, const void *from, size_t n, struct err *e)
{
	struct tls *t = ctx;
	ptrdiff_t r;
	size_t done;

	if (t->records.failed)
		return lost(t, 0, e);
	t->records.why.stage = e->stage;
	t->hold = false;
	do {
		if (t->taken == 0 && !encrypt(t, from, n, e))
			return WIRE_ERROR;
		r = records_send(&t->records, e);
	} while (r == 1 && t->taken == 0);
	if (r != 1)
		return r;
	done = t->taken;
	t->taken = 0;
	return (ptrdiff_t)done;
}

static int tls_fd(void *ctx)
{
	struct tls *t = ctx;

	return t->records.under.fd(t->records.under.ctx);
}

/* The records are not wiped, since they are encrypted; GnuTLS wipes the keys. */
static void tls_free(struct tls *t)
{
	if (t->session != NULL)
		gnutls_deinit(t->session);
	if (t->cred != NULL)
		gnutls_certificate_free_credentials(t->cred);
	free(t);
}

/* RFC 8446 6.1: sends our close_notify, and does not wait for the server's. */
static void tls_close(void *ctx, int64_t deadline)
{
	struct tls *t = ctx;
	struct wire under = t->records.under;

	if (!t->records.broken && t->taken == 0)
		(void)gnutls_bye(t->session, GNUTLS_SHUT_WR);
	if (!t->records.broken)
		records_send_until(&t->records, deadline);
	tls_free(t);
	under.close(under.ctx, deadline);
}

/* ---- the handshake ---- */

static bool fail_handshake(const struct stream *s, const struct tls *t, int r, const struct tls_params *p, struct err *e)
{
	char first[RECORDS_FIRST_MAX + 1];
	struct breakdown b = { .host = t->verify.host, .error = r, .first = first, .starttls = p->starttls };

	b.first_len = stream_quotable(s, t->records.first, t->records.first_len, first);
	if (t->records.failed) {
		*e = t->records.why;
		return false;
	}
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		b.alert = (int)gnutls_alert_get(t->session);
		b.wants_cert = gnutls_certificate_client_get_request_status(t->session) != 0;
	}
	return explain_handshake(&b, e);
}

static int on_certificate(gnutls_session_t session)
{
	struct tls *t = gnutls_session_get_ptr(session);

	if (verify_server(session, t->cred, &t->verify, &t->verdict, &t->records.why))
		return 0;
	t->records.failed = true;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* Without this function, GnuTLS would write the session's secrets to $SSLKEYLOGFILE. */
static int no_keylog(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
	(void)session;
	(void)label;
	(void)secret;
	return 0;
}

static bool send_and_wait(struct stream *s, struct tls *t, struct err *e)
{
	if (records_pending(&t->records)) {
		ptrdiff_t r;

		e->stage = ST_TLS;
		while ((r = records_send(&t->records, e)) == WIRE_WANT_WRITE)
			if (!stream_wait(s, POLLOUT, e))
				return false;
		if (r != 1)
			return false;
		s->flights++;
	}
	return stream_wait(s, POLLIN, e);
}

static bool shake(struct stream *s, struct tls *t, const struct tls_params *p, struct err *e)
{
	for (;;) {
		int r = gnutls_handshake(t->session);

		if (r == 0)
			return true;
		if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED) {
			if (send_and_wait(s, t, e))
				continue;
			return false;
		}
		if (!t->records.failed && goes_on(t, r))
			continue;
		(void)gnutls_alert_send_appropriate(t->session, r);
		return fail_handshake(s, t, r, p, e);
	}
}

static bool shake_in_time(struct stream *s, struct tls *t, const struct tls_params *p, struct err *e)
{
	unsigned seconds = clock_limit(p->timeout, TLS_TIMEOUT_S);
	enum stage during = s->stage;
	int64_t before = s->deadline;
	bool ok;

	stream_attempt(s, ST_TLS, clock_in_s(seconds));
	ok = shake(s, t, p, e);
	if (!ok)
		records_send_until(&t->records, clock_sooner(s->until, clock_in_s(1))); /* sends the alert */
	stream_attempt(s, during, before);
	s->waiting = true;
	return ok;
}

/* ---- making it ---- */

static bool configure(struct tls *t, const struct tls_params *p, struct tls_files *files, const char *host, struct err *e)
{
	struct addr literal;
	size_t len = host != NULL ? strlen(host) : 0;

	gnutls_session_set_ptr(t->session, t);
	gnutls_session_set_keylog_function(t->session, no_keylog);
	gnutls_session_set_verify_function(t->session, on_certificate);
	gnutls_handshake_set_max_packet_length(t->session, MESSAGE_MAX);
	gnutls_certificate_set_verify_limits(t->cred, CHAIN_KEY_BITS_MAX, CHAIN_MAX);
	if (gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->cred) != 0)
		return fail_memory(e);
	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len > 0 && !resolve_literal(host, 0, &literal) /* RFC 6066 3: SNI must not be an address */
	    && gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, host, len) != 0)
		return fail(e, ST_CONFIG, FATE_PERM, "%s cannot be the name of a TLS server", host);
	return tlsconf_priorities(t->session, p->priorities, TLS_PRIORITIES, e)
	    && tlsconf_identity(t->cred, files, p->cert_file, p->key_file, e);
}

static struct verify what_to_verify(const struct tls_params *p, struct tls_files *files, const char *host)
{
	return (struct verify){ .host = host != NULL ? host : "the server", .trust_file = p->trust_file,
				.crl_file = p->crl_file, .files = files, .pins = &p->fingerprints,
				.certcheck = p->certcheck };
}

/* NULL: *e says why. */
static struct tls *tls_new(const struct tls_params *p, struct tls_files *files, const char *host, struct err *e)
{
	struct tls *t;

	if (!crypto_start(e))
		return NULL;
	t = malloc(sizeof *t);
	if (t != NULL)
		memset(t, 0, offsetof(struct tls, records));
	if (t == NULL || gnutls_certificate_allocate_credentials(&t->cred) != 0
	    || gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) != 0) {
		fail_memory(e);
	} else if (configure(t, p, files, host, e)) {
		t->verify = what_to_verify(p, files, host);
		return t;
	}
	if (t != NULL)
		tls_free(t);
	return NULL;
}

bool tls_check(const struct tls_params *p, struct tls_files *files, struct err *e)
{
	struct verify v = what_to_verify(p, files, NULL);
	gnutls_certificate_credentials_t cred;
	bool ok;

	if (!p->on)
		return true;
	if (!crypto_start(e) || !verify_check(&v, e)
	    || (p->priorities != NULL && !tlsconf_priorities(NULL, p->priorities, "", e)))
		return false;
	if (p->cert_file == NULL && p->key_file == NULL)
		return true;
	if (gnutls_certificate_allocate_credentials(&cred) != 0)
		return fail_memory(e);
	ok = tlsconf_identity(cred, files, p->cert_file, p->key_file, e);
	gnutls_certificate_free_credentials(cred);
	return ok;
}

static void note(const struct tls *t, struct tls_facts *f)
{
	char *desc = gnutls_session_get_desc(t->session); /* "(TLS1.3)-(ECDHE-..." */
	const char *cipher = desc != NULL ? strchr(desc, '-') : NULL;

	snprintf(f->version, sizeof f->version, "%s",
		 gnutls_protocol_get_name(gnutls_protocol_get_version(t->session)));
	snprintf(f->cipher, sizeof f->cipher, "%s", cipher != NULL ? cipher + 1 : "");
	gnutls_free(desc);
}

static bool fail_early_words(const struct stream *s, struct err *e)
{
	char words[EARLY_MAX + 1];
	size_t n = stream_unread(s) < EARLY_MAX ? stream_unread(s) : EARLY_MAX;

	n = stream_quotable(s, s->in + s->in_pos, n, words);
	fail(e, ST_TLS, FATE_PERM,
	     "the server, or a machine on the way to it, sent text before TLS that no command had asked for");
	err_quote(e, words, n);
	return err_hint(e, "somebody may be changing what is sent: port 465 (tls_starttls off) has TLS from its first byte");
}

static bool fail_nameless(struct err *e)
{
	fail(e, ST_CONFIG, FATE_PERM, "a socket has no host name, so the name in the certificate cannot be checked");
	return err_hint(e, "set `tls_host_override`, or tls off");
}

bool tls_start(struct stream *s, const struct tls_params *p, struct tls_files *files, const char *host,
	       struct tls_facts *facts, struct err *e)
{
	const char *name = p->host_override != NULL ? p->host_override : host;
	struct tls *t;
	bool ok;

	*facts = (struct tls_facts){ 0 };
	if (stream_unread(s) > 0)
		return fail_early_words(s, e);
	if (name == NULL && p->certcheck && p->fingerprints.n == 0)
		return fail_nameless(e);
	t = tls_new(p, files, name, e);
	if (t == NULL)
		return false;
	records_open(&t->records, t->session, s->wire, HANDSHAKE_MAX);
	ok = shake_in_time(s, t, p, e);
	memcpy(facts->fingerprint, t->verdict.fingerprint, sizeof facts->fingerprint);
	facts->verified = t->verdict.verified;
	if (!ok) {
		tls_free(t);
		return false;
	}
	note(t, facts);
	t->records.budget = SIZE_MAX;
	t->warnings = 0;
	t->hold = p->starttls; /* RFC 3207 4.2: the client sends the next command */
	s->wire = (struct wire){ tls_read, tls_write, tls_close, tls_fd, t };
	return true;
}

struct tls *tls_of(const struct stream *s)
{
	return s->wire.read == tls_read ? s->wire.ctx : NULL;
}

bool tls_trusts_chain(struct tls *t, struct err *e)
{
	return verify_chain(t->session, t->cred, &t->verify, &t->verdict, e);
}

bool tls_binding(struct tls *t, enum tls_binding kind, unsigned char to[TLS_BINDING_MAX], size_t *len)
{
	bool is_13 = gnutls_protocol_get_version(t->session) >= GNUTLS_TLS1_3;
	gnutls_datum_t cb;
	bool fits;

	if (is_13 != (kind == TLS_EXPORTER))
		return false;
	/* RFC 7627: without the extended master secret, two sessions can share their tls-unique */
	if (!is_13 && (gnutls_session_get_flags(t->session) & GNUTLS_SFLAGS_EXT_MASTER_SECRET) == 0)
		return false;
	if (gnutls_session_channel_binding(t->session, is_13 ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE, &cb) != 0)
		return false;
	fits = cb.size > 0 && cb.size <= TLS_BINDING_MAX;
	if (fits) {
		memcpy(to, cb.data, cb.size);
		*len = cb.size;
	}
	gnutls_free(cb.data);
	return fits;
}
