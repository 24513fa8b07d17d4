/*
 * parse.h - parses values that have rules beyond their kind: addresses, hosts, domains, names with %C, %H, %M and %U,
 * mechanisms, fingerprints, commands, the words of syslog.
 *
 * Each function is the `parse` of rows in the key table (config/types.h).
 */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include "config/types.h"

bool parse_addresses(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_auth(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_command(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_domain(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_ehlo_domain(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_host(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_hosts(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_ip(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_login(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_patterns(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_pins(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_sender_map(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_syslog(struct account *a, const struct key *k, const char *text, struct err *e);
bool parse_trust_file(struct account *a, const struct key *k, const char *text, struct err *e);

#endif
