/*
 * The test smarthost.  It is correct and strict unless its script says otherwise.  It shares no code with src/: a mistake about
 * an RFC would otherwise be in both, and no test would find it.  One process listens, and each connection has its own child.
 */
#ifndef SMARTHOST_SERVER_H
#define SMARTHOST_SERVER_H

#ifdef HAVE_CONFIG_H
#include "syntax.h"

#include "config.h"
#endif

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <gnutls/gnutls.h>

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum {
	MAX_RULES = 256,
	MAX_LISTEN = 8,
	MAX_CHILDREN = 512,
	MAX_CAPS = 128,
	LINE_MAX_OCTETS = 512,		/* RFC 5321 4.5.3.1.4, with CRLF */
};

/* The points of a session for which a script can have rules. */
enum verb {
	V_NONE, V_CONNECT, V_TLS, V_GREETING, V_EHLO, V_HELO, V_STARTTLS, V_AUTH, V_AUTHLINE, V_MAIL, V_RCPT, V_DATA,
	V_BDAT, V_LAST, V_DOT, V_BODY, V_AFTERDOT, V_RSET, V_NOOP, V_VRFY, V_ETRN, V_QUIT, V_OTHER, V_COUNT,
};

enum rule_kind { R_REPLY, R_DROP, R_DELAY, R_DRIP, R_ENDLESS, R_LONGLINE, R_FLOOD, R_GATHER };
enum drop { DROP_CLOSE, DROP_RESET, DROP_SILENCE, DROP_HALF };
enum tls_mode { TLS_STARTTLS, TLS_NONE, TLS_IMPLICIT };
enum phase { PHASE_CLEAR, PHASE_TLS, PHASE_AUTH, PHASE_ALL };
enum scram_fault { SCRAM_GOOD, SCRAM_NONCE, SCRAM_SIGNATURE, SCRAM_PROOF, SCRAM_MISSING };

struct text {
	char *bytes;
	size_t len;
};

struct rule {
	enum rule_kind kind;
	enum verb verb;
	char *glob;		/* NULL: any argument */
	unsigned nth;		/* 0: every time; else counted over all connections */
	size_t at;		/* BODY@N: octets of the body */
	unsigned number;	/* ms, octets or enum drop */
	struct text text;
};

struct offer {
	enum phase phase;
	bool hide, raw;
	char *words;
};

struct script {
	enum tls_mode tls;
	char *cert, *tls_priority, *tls_versions;
	bool request_cert, require_cert;
	struct offer offers[MAX_CAPS];
	size_t offer_count;
	char *ehlo_only, *auth_mechs, *user, *password, *token, *limits, *auth_prompt, *iterations, *charset, *oauth_error;
	bool auth_clear, require_auth, xoauth_fail, garbage_tls, plaintext_on_tls, discard, quiet, lmtp, no_close_notify;
	bool greeting_before_tls, rekey;
	enum scram_fault scram_bad;
	struct text inject, early, second_mail, tls_raw, tls_spoil;
	unsigned split, rcptmax, max_connections, rtt, slow_bytes, slow_ms, tls_alerts;
	unsigned rcpt_limit, mail_limit;	/* from `limits`; 0: none */
	long long size, stop_reading;		/* -1: never stop */
	struct rule rules[MAX_RULES];
	size_t rule_count;
	char *listen[MAX_LISTEN];
	size_t listen_count;
};

/* Shared by all children. */
struct shared {
	atomic_uint connections, messages, records, reads;
	atomic_ullong body_bytes, in_bytes, out_bytes;
	atomic_uint seen[MAX_RULES];
	atomic_llong waiting[MAX_CHILDREN];	/* the time in ms since which a child waits for its client; 0: it does not wait */
};

struct bytes {
	char *p;
	size_t len, cap;
};

struct rcpt {
	char *address, *params;
	char *refused;		/* the reply, or NULL */
	struct rcpt *next;
};

/* One mail transaction. */
struct mail {
	bool open, tried, rcpt_tried;	/* tried: the client sent the command, whatever the reply */
	char *from, *params;
	struct rcpt *rcpts, *last;
	unsigned accepted, flight;	/* flight: of the latest MAIL or RCPT */
	bool body8, binary, utf8, held;
	long long size;			/* declared; -1: not */
};

/* Facts about the octets of a body so far. */
struct body {
	FILE *file;
	unsigned long long octets;	/* of the message, dots undone */
	unsigned long long wire;	/* as received */
	size_t line;
	bool cr, head, long_line, bare_cr, bare_lf, nul, high, high_head;
	bool recorded;			/* its length is in the transcript already, because the connection was broken in it */
	bool started, failed;		/* BDAT: a chunk was received, a chunk was refused */
	unsigned failed_flight;
	unsigned chunks;
	char last[2];
};

struct conn {
	const struct script *script;
	struct shared *shared;
	const char *dir;
	int fd, tell;			/* tell: pipe to the listener */
	unsigned number, flight, mails;
	bool turned;			/* the server sent last: the next octets are a new flight */
	size_t arrived;			/* octets of the last flight that had arrived before the answer, and are not read yet */
	bool over, closed_by_peer, quit;
	bool more;			/* what is written is sent in one segment with what follows */
	gnutls_session_t tls;
	char tls_name[16];
	bool cert_ok;
	char *peer_name;		/* the client certificate's CN */
	struct bytes in, out;
	struct bytes said;		/* the last answer, NUL-terminated */
	size_t in_at;
	char *helo;			/* NULL: not greeted since the last reset of the session */
	bool extended, ehlo_tried;
	char *caps[MAX_CAPS];
	size_t cap_count;
	char *auth_mech, *authid, *authzid;
	struct mail mail;
	struct body body;
};

/* script.c */
void script_read(struct script *s, const char *path);
void script_default(struct script *s);
enum verb verb_named(const char *name, size_t len);

/* rules.c */
const struct rule *rule_find(struct conn *c, enum rule_kind kind, enum verb v, const char *arg);
const struct rule *rule_body(struct conn *c, unsigned long long from, unsigned long long to);
int answer(struct conn *c, enum verb v, const char *arg, const char *text, size_t len);
int answerf(struct conn *c, enum verb v, const char *arg, const char *fmt, ...) PRINTF(4, 5);
bool spoil(struct conn *c, enum verb v, const char *arg);
void drop(struct conn *c, unsigned how, const char *reply, size_t len);

/* io.c */
bool io_fill(struct conn *c, bool middle);
bool io_flush(struct conn *c);
bool io_send(struct conn *c, const char *p, size_t n);
bool io_readable(struct conn *c, int ms);
void io_drain(struct conn *c);
void io_park(struct conn *c);
bool raw_write(struct conn *c, const char *p, size_t n);
ssize_t raw_read(struct conn *c, void *p, size_t n);
size_t io_unread(const struct conn *c);
bool io_line(struct conn *c, size_t max, char **line, size_t *len);
void pause_ms(unsigned ms);
long long now_ms(void);

/* settle.c */
void client_settle(const struct conn *c);

/* record.c */
void bytes_add(struct bytes *b, const char *p, size_t n);
void *must(void *p);
char *text_copy(const char *p, size_t n);
void record_open(const char *dir);
void record_line(const struct conn *c, char who, const char *p, size_t n);
void record_event(const struct conn *c, const char *fmt, ...) PRINTF(2, 3);
void violation(const struct conn *c, const char *fmt, ...) PRINTF(2, 3);
void record_message(struct conn *c, const char *how);
void record_stats(const char *dir, const struct shared *sh);

/* tls.c */
void tls_prepare(const struct script *s, const char *certs);
bool tls_start(struct conn *c);
bool tls_binding(struct conn *c, bool exporter, char **base64);

/* ehlo.c */
void ehlo_compose(struct conn *c, const char *name, struct bytes *out);
void ehlo_learn(struct conn *c, const char *reply, size_t len);
void ehlo_forget(struct conn *c);
const char *ehlo_offered(const struct conn *c, const char *keyword);

/* params.c */
bool esmtp_mail(struct conn *c, char *params);
bool esmtp_rcpt(struct conn *c, char *params);

/* auth.c */
void auth_run(struct conn *c, char *arg);

/* body.c */
void body_data(struct conn *c);
void body_bdat(struct conn *c, const char *arg);
void body_forget(struct conn *c);

/* smtp.c */
void smtp_serve(struct conn *c);
void mail_forget(struct conn *c);

/* certs.c */
int certs_make(const char *dir);

#endif
