/*
 * tls.h - TLS as a wire on top of another wire, and the facts of the session: RFC 8446, RFC 5246, RFC 9525.
 *
 * The server's certificate is checked within the handshake: a server that is refused gets an alert, but neither our Finished
 * nor our certificate.  TLS 1.2 or newer (unless tls_priorities names an older version), no renegotiation, no compression,
 * SNI except for address literals, no CN in place of a SAN, key purpose serverAuth, limited length of the chain.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/str.h"
#include "net/stream.h"
#include "net/tlsfiles.h"

struct tls_params {
	bool           on, starttls;  /* on without starttls: implicit TLS (RFC 8314 3.3) */
	char          *trust_file;    /* PEM; NULL: the system's store */
	char          *crl_file;      /* PEM; NULL: none.  If a list in it is out of date, the server is refused */
	struct strlist fingerprints;  /* as verify_pin() reads them; if there are any, one must match */
	bool           certcheck;
	char          *cert_file, *key_file; /* PEM; cert_file NULL: no client certificate */
	char          *priorities;    /* NULL: TLS_PRIORITIES */
	char          *host_override; /* verified and sent as SNI in place of the host's name; NULL: the host's name */
	unsigned       timeout;       /* seconds for the handshake, if fewer than TLS_TIMEOUT_S; 0: TLS_TIMEOUT_S */
};

enum { TLS_TIMEOUT_S = 60 };

/* X25519 first: it costs half a million instructions less than P-256; a server that wants P-256 still needs only one flight. */
#define TLS_PRIORITIES \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-GROUP-ALL:+GROUP-X25519:+GROUP-ALL:%PROFILE_MEDIUM"

struct tls; /* the ctx of the stream's wire, and freed with it */

struct tls_facts { /* for trace, log and errors; if the handshake fails, only the first facts are filled in */
	char version[16];       /* "TLS1.3" */
	char cipher[80];        /* "(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(AES-256-GCM)", as GnuTLS writes it */
	char fingerprint[65];   /* SHA-256 of the certificate, lower-case hex; also of a refused certificate */
	bool verified;          /* by a pin or a chain; after a handshake false only with certcheck off */
};

enum { TLS_BINDING_MAX = 64 };
enum tls_binding { TLS_UNIQUE, TLS_EXPORTER }; /* RFC 5929 (TLS 1.2 only), RFC 9266 (TLS 1.3) */

/* Checks priorities, files and pins, so that a mistake in the configuration is found before the program connects.  The files
 * that the configuration names are then in *files and are not read again; the system's store is only looked for.  Errors:
 * ST_CONFIG, or for a missing file ST_TLS with sys ENOENT.  A private key that others may read is an error. */
bool tls_check(const struct tls_params *p, struct tls_files *files, struct err *e) MUST_CHECK;

/* Does the handshake and checks the certificate; a wire that wraps the old one then becomes the stream's wire.  The flights
 * are counted: one for TLS 1.3, two for TLS 1.2 (with TLS 1.3 and STARTTLS, our Finished is sent with the next command).
 * If stream_unread(s) > 0, it fails: those bytes came in clear (RFC 3207 6, CVE-2011-0411).  Errors: ST_TLS TEMP if the
 * handshake breaks off or the server answers in clear text; ST_TLS PERM for such early bytes, for reasons of policy and for a
 * certificate that is not acceptable (sentence and hint say which one, and which date or name); ST_CONFIG if there is no name
 * to verify, and those of tls_check().  After a failure the stream can only be closed. */
bool tls_start(struct stream *s, const struct tls_params *p, struct tls_files *files, const char *host,
	       struct tls_facts *facts, struct err *e) MUST_CHECK;

/* The TLS session of the stream; NULL: its wire is not TLS. */
struct tls *tls_of(const struct stream *s);

/* Does a chain of trust verify the server's certificate?  If it was accepted by a pin, or not checked, the chain is checked now.
 * False: *e says why, as tls_start() would. */
bool tls_trusts_chain(struct tls *t, struct err *e) MUST_CHECK;

/* Channel binding data; false if this session has none of that kind. */
bool tls_binding(struct tls *t, enum tls_binding kind, unsigned char to[TLS_BINDING_MAX], size_t *len);

#endif
