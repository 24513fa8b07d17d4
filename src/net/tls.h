/*
 * tls.h - a wire over a wire, and what was verified: RFC 8446, RFC 5246, RFC 9525.
 *
 * The verdict on the server's certificate is reached within the handshake: a server that is refused
 * gets an alert, but neither our Finished nor our certificate.  TLS 1.2 or newer, no renegotiation, no
 * compression, SNI except for address literals, no CN fallback, key purpose serverAuth checked, chain
 * length limited.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/str.h"
#include "net/stream.h"
#include "net/tlsfiles.h"

struct tls_params {
	bool           on, starttls;  /* on without starttls: implicit TLS (RFC 8314 3.3) */
	char          *trust_file;    /* PEM; NULL: the system's store */
	char          *crl_file;      /* PEM; NULL: none.  Out of date: refused */
	struct strlist fingerprints;  /* as verify_pin() reads them; one must match */
	bool           certcheck;
	char          *cert_file, *key_file; /* PEM; NULL: no client certificate */
	char          *priorities;    /* NULL: TLS_PRIORITIES */
	char          *host_override; /* the name to verify and send as SNI instead of the host */
	unsigned       timeout;       /* seconds for the handshake, if fewer than TLS_TIMEOUT_S; 0: those */
};

enum { TLS_TIMEOUT_S = 60 };

/* X25519 first: half a million instructions less than P-256, which a server still gets in one flight. */
#define TLS_PRIORITIES \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-GROUP-ALL:+GROUP-X25519:+GROUP-ALL:%PROFILE_MEDIUM"

struct tls; /* lives as the ctx of the stream's wire and goes with it */

struct tls_facts { /* for trace, log and error; filled as far as it came */
	char version[16];       /* "TLS1.3" */
	char cipher[80];        /* "(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(AES-256-GCM)", GnuTLS's words */
	char fingerprint[65];   /* SHA-256 of the certificate, lower-case hex; of a refused one too */
	bool verified;          /* by a pin or a chain; false only with certcheck off */
	bool resumed;
};

enum { TLS_BINDING_MAX = 64 };
enum tls_binding { TLS_UNIQUE, TLS_EXPORTER }; /* RFC 5929 (TLS 1.2 only), RFC 9266 (TLS 1.3) */

/* Everything that can fail without a server: priorities, files, pins are looked at, so that a mistake in
 * the configuration is found before connecting.  The files are in *files then, and read no more.  ST_CONFIG, or
 * ST_TLS with sys ENOENT for files.  A private key that others may read is refused. */
bool tls_check(const struct tls_params *p, struct tls_files *files, struct err *e) MUST_CHECK;

/* Handshake and verdict; the stream's wire is replaced by one that wraps the old.  Its flights are counted:
 * one for TLS 1.3, two for TLS 1.2 (with 1.3 our Finished travels with the next thing we say).
 * Refused when stream_unread(s) > 0: those bytes were sent in clear (RFC 3207 6, CVE-2011-0411).
 * Errors: ST_TLS TEMP when the handshake breaks off, ST_TLS PERM for a certificate that is not acceptable
 * (sentence and hint say which one, and which date or name), and a hint when the server answers in
 * clear text.  On failure the stream can only be closed. */
bool tls_start(struct stream *s, const struct tls_params *p, struct tls_files *files, const char *host,
	       struct tls_facts *facts, struct err *e) MUST_CHECK;

/* Is the stream's wire a TLS one?  NULL: no. */
struct tls *tls_of(const struct stream *s);

/* Channel binding data; false when this session has none of that kind. */
bool tls_binding(struct tls *t, enum tls_binding kind, unsigned char to[TLS_BINDING_MAX], size_t *len);

#endif
