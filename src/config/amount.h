/*
 * amount.h - values that are text in a file and a number in the account: numbers, ports, times, dates, sizes, DSN's conditions.
 *
 * For the table of kinds in config/value.  `at` is the field of the account; its type is that of the kind (config/types.h).
 */
#ifndef CONFIG_AMOUNT_H
#define CONFIG_AMOUNT_H

#include "base/buf.h"
#include "config/types.h"

/* Set the field.  The errors are sentences about the key, ST_CONFIG. */
bool amount_parse_seconds(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool amount_parse_port(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool amount_parse_number(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool amount_parse_date(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool amount_parse_notify(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool amount_parse_by(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool amount_parse_size(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool amount_parse_retry(void *at, const struct key *k, const char *text, struct err *e) MUST_CHECK;

/* Append the value as it would be written in a file. */
bool amount_show_seconds(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;
bool amount_show_port(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;
bool amount_show_number(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;
bool amount_show_date(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;
bool amount_show_notify(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;
bool amount_show_by(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;
bool amount_show_size(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;
bool amount_show_retry(const void *at, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;

/* Is there a value to show? */
bool amount_is_not_zero(const void *at);
bool amount_number_is_set(const void *at);
bool amount_date_is_set(const void *at);
bool amount_by_is_set(const void *at);

#endif
