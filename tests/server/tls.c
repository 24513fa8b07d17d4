/* The server's side of TLS, and the faults that a script can ask for. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/x509.h>
#include <gsasl.h>

static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priorities;

static void check(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "smarthost: %s: %s\n", what, gnutls_strerror(rc));
	exit(2);
}

/* Makes a priority string of "1.2 1.3".  The old versions need SHA-1, which NORMAL no longer has. */
static char *version_priority(const char *versions)
{
	struct bytes b = { 0 };

	static const char legacy[] = ":+SHA1:+SIGN-ALL:%VERIFY_ALLOW_SIGN_WITH_SHA1";

	bytes_add(&b, "NORMAL:-VERS-ALL", 16);
	if (strstr(versions, "1.0") != NULL || strstr(versions, "1.1") != NULL)
		bytes_add(&b, legacy, sizeof(legacy) - 1);
	while (*(versions += strspn(versions, " ,|")) != '\0') {
		size_t n = strcspn(versions, " ,|");

		bytes_add(&b, ":+VERS-TLS", 10);
		bytes_add(&b, versions, n);
		versions += n;
	}
	return b.p;
}

/* Verifies a client certificate and records the result; the script decides whether a valid one is required. */
static int check_client(gnutls_session_t tls)
{
	struct conn *c = gnutls_session_get_ptr(tls);
	unsigned status = 0, count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls, &count);
	gnutls_x509_crt_t crt;
	char name[256];
	size_t size = sizeof(name);
	int rc = gnutls_certificate_verify_peers3(tls, NULL, &status);

	c->cert_ok = rc >= 0 && status == 0 && count > 0;
	if (count > 0 && gnutls_x509_crt_init(&crt) >= 0) {
		if (gnutls_x509_crt_import(crt, chain, GNUTLS_X509_FMT_DER) >= 0
		    && gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) >= 0)
			c->peer_name = text_copy(name, size);
		gnutls_x509_crt_deinit(crt);
	}
	record_event(c, "client-certificate %s %s", count == 0 ? "none" : c->cert_ok ? "good" : "bad",
	    c->peer_name != NULL ? c->peer_name : "");
	return c->cert_ok || !c->script->require_cert ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

void tls_prepare(const struct script *s, const char *certs)
{
	char cert[4096], key[4096], ca[4096];
	char *priority = NULL;
	const char *wanted;

	if (s->tls == TLS_NONE || certs == NULL) {
		if (s->tls != TLS_NONE)
			check(GNUTLS_E_FILE_ERROR, "TLS needs --certs");
		return;
	}
	if (s->tls_versions != NULL)
		priority = version_priority(s->tls_versions);
	wanted = s->tls_priority != NULL ? s->tls_priority : priority != NULL ? priority : "NORMAL";
	check(gnutls_priority_init(&priorities, wanted, NULL), wanted);
	free(priority);
	snprintf(cert, sizeof(cert), "%s/%s.pem", certs, s->cert);
	snprintf(key, sizeof(key), "%s/%s.key", certs, s->cert);
	snprintf(ca, sizeof(ca), "%s/ca.pem", certs);
	check(gnutls_certificate_allocate_credentials(&credentials), "credentials");
	check(gnutls_certificate_set_x509_key_file(credentials, cert, key, GNUTLS_X509_FMT_PEM), cert);
	if (s->request_cert) {
		check(gnutls_certificate_set_x509_trust_file(credentials, ca, GNUTLS_X509_FMT_PEM), ca);
		gnutls_certificate_set_verify_function(credentials, check_client);
	}
}

/* `drip TLS MS` applies until the handshake is complete.  With `rtt` the client waits for each octet. */
static ssize_t push(gnutls_transport_ptr_t p, const void *data, size_t n)
{
	struct conn *c = p;
	const struct rule *drip = c->tls == NULL ? rule_find(c, R_DRIP, V_TLS, "") : NULL;

	if (drip == NULL)
		return raw_write(c, data, n) ? (ssize_t) n : -1;
	for (size_t i = 0; i < n; i++) {
		if (c->script->rtt > 0)
			client_settle(c);
		if (!raw_write(c, (const char *) data + i, 1))
			return -1;
		pause_ms(drip->number);
	}
	return (ssize_t) n;
}

static ssize_t pull(gnutls_transport_ptr_t p, void *data, size_t n) { return raw_read(p, data, n); }

/* Sends something other than a handshake, and then nothing until the client leaves. */
static bool talk_nonsense(struct conn *c)
{
	static const char garbage[] = "\026\003\003\000\040\377\376garbage\001\002\003 and more of it than fits any hello.........";
	static const char hello[] = "220 hello\r\n";
	const struct script *s = c->script;

	record_event(c, s->plaintext_on_tls ? "plain text instead of TLS" : "garbage instead of TLS");
	io_readable(c, -1);
	if (s->tls_raw.bytes != NULL)
		raw_write(c, s->tls_raw.bytes, s->tls_raw.len);
	else
		raw_write(c, s->garbage_tls ? garbage : hello, (s->garbage_tls ? sizeof(garbage) : sizeof(hello)) - 1);
	io_drain(c);
	return false;
}

/* Sends n warnings, which do not end the handshake, until the client leaves. */
static void send_alerts(struct conn *c, unsigned n)
{
	record_event(c, "%u alerts", n);
	io_readable(c, -1);
	while (n-- > 0 && raw_write(c, "\025\003\003\000\002\001\132", 7))	/* user_canceled */
		;
}

/*
 * TLS 1.3: a KeyUpdate that asks the client to change its keys, too (RFC 8446 4.6.3), in one segment with the next reply, as
 * session tickets often are.  Earlier versions: renegotiation.
 */
static void rekey(struct conn *c)
{
	if (gnutls_protocol_get_version(c->tls) >= GNUTLS_TLS1_3) {
		c->more = true;
		gnutls_session_key_update(c->tls, GNUTLS_KU_PEER);
		c->more = false;
	} else {
		gnutls_rehandshake(c->tls);
	}
}

/* `drop TLS` takes effect when the ClientHello has arrived; true if the connection is over. */
static bool spoil_handshake(struct conn *c)
{
	const struct rule *r = rule_find(c, R_DROP, V_TLS, "");

	if (r == NULL)
		return spoil(c, V_TLS, "");
	io_readable(c, -1);
	drop(c, r->number, "\026\003\003\002\000\002\000\001\374\003\003\001", 12);
	return true;
}

/* RFC 6066 3: SNI has host names only. */
static void look_at_sni(struct conn *c)
{
	char name[256];
	size_t size = sizeof(name) - 1;
	unsigned type;
	unsigned char binary[16];

	if (gnutls_server_name_get(c->tls, name, &size, &type, 0) < 0)
		return;
	name[size] = '\0';
	record_event(c, "sni %s", name);
	if (inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1)
		violation(c, "SNI with an address");
}

bool tls_start(struct conn *c)
{
	gnutls_session_t tls;
	int rc;

	if (c->script->garbage_tls || c->script->plaintext_on_tls || c->script->tls_raw.bytes != NULL)
		return talk_nonsense(c);
	if (spoil_handshake(c))
		return false;
	if (c->script->tls_alerts > 0)
		send_alerts(c, c->script->tls_alerts);
	check(gnutls_init(&tls, GNUTLS_SERVER), "gnutls_init");
	check(gnutls_priority_set(tls, priorities), "priorities");
	check(gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials), "credentials");
	if (c->script->request_cert)
		gnutls_certificate_server_set_request(tls, c->script->require_cert ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	gnutls_session_set_ptr(tls, c);
	gnutls_transport_set_ptr(tls, c);
	gnutls_transport_set_push_function(tls, push);
	gnutls_transport_set_pull_function(tls, pull);
	do
		rc = gnutls_handshake(tls);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0) {
		if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
			record_event(c, "tls-alert %s", gnutls_alert_get_name(gnutls_alert_get(tls)));
		record_event(c, "tls-failed %s", gnutls_strerror(rc));
		if (rc == GNUTLS_E_NO_CERTIFICATE_FOUND && gnutls_protocol_get_version(tls) < GNUTLS_TLS1_3)
			gnutls_alert_send(tls, GNUTLS_AL_FATAL, GNUTLS_A_HANDSHAKE_FAILURE);	/* RFC 5246 7.4.6 */
		else
			gnutls_alert_send_appropriate(tls, rc);
		gnutls_deinit(tls);
		c->over = true;
		return false;
	}
	/* With TLS 1.3 the client sends the end of the handshake and may go on in the same flight. */
	if (gnutls_protocol_get_version(tls) >= GNUTLS_TLS1_3)
		c->turned = false;
	c->tls = tls;
	snprintf(c->tls_name, sizeof(c->tls_name), "%s", gnutls_protocol_get_name(gnutls_protocol_get_version(tls)));
	record_event(c, "tls %s", c->tls_name);
	look_at_sni(c);
	if (c->script->rekey)
		rekey(c);
	if (c->script->tls_spoil.bytes != NULL)
		raw_write(c, c->script->tls_spoil.bytes, c->script->tls_spoil.len);
	return true;
}

/* RFC 9266 for TLS 1.3, RFC 5929 3 for earlier versions. */
bool tls_binding(struct conn *c, bool exporter, char **base64)
{
	gnutls_datum_t value;
	bool modern;
	int rc;

	if (c->tls == NULL)
		return false;
	modern = gnutls_protocol_get_version(c->tls) >= GNUTLS_TLS1_3;
	if (modern != exporter)
		return false;
	if (gnutls_session_channel_binding(c->tls, exporter ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE, &value) < 0)
		return false;
	rc = gsasl_base64_to((const char *) value.data, value.size, base64, NULL);
	gnutls_free(value.data);
	return rc == GSASL_OK;
}
