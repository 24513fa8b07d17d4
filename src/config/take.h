/*
 * take.h - reads values that have rules beyond their kind: addresses, hosts, domains, names with %C, %H, %M and %U,
 * mechanisms, words of DSN and syslog, times.
 *
 * Each function is the `take` of rows in the key table (value.h).
 */
#ifndef CONFIG_TAKE_H
#define CONFIG_TAKE_H

#include "config/value.h"

bool take_addresses(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_auth(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_deliver_by(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_domain(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_dsn_notify(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_ehlo_domain(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_hold_until(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_host(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_hosts(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_patterns(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_sender_map(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_syslog(struct account *a, const struct key *k, const char *text, struct err *e);
bool take_trust_file(struct account *a, const struct key *k, const char *text, struct err *e);

/* The `show` of values that are not kept as text. */
bool show_deliver_by(const struct account *a, struct buf *to, struct err *e);
bool show_dsn_notify(const struct account *a, struct buf *to, struct err *e);
bool show_hold_until(const struct account *a, struct buf *to, struct err *e);

#endif
