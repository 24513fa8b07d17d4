/*
 * value.h - the value of a key: how it is parsed, shown, copied and freed.
 *
 * Names no key: a row of the key table says where in the account the value is, and of which kind.  One table has the kinds;
 * config/amount does what concerns numbers, times and sizes.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"
#include "config/types.h"

/* Errors are sentences about the key, ST_CONFIG.  They never show a secret. */
bool value_parse(struct account *a, const struct key *k, const char *text, struct err *e) MUST_CHECK;

/* For the `parse` of rows: set a text (NULL, or "" unless k->empty: unset) or a list. */
bool value_set_text(struct account *a, const struct key *k, const char *text, struct err *e) MUST_CHECK;
bool value_set_list(struct account *a, const struct key *k, const char *text, struct err *e) MUST_CHECK;
struct strlist *value_list(struct account *a, const struct key *k);

bool value_is_set(const struct account *a, const struct key *k); /* is there a value to show? */

/* Appends the value as it would be written in a file; nothing for a secret. */
bool value_show(const struct account *a, const struct key *k, struct buf *to, struct err *e) MUST_CHECK;

bool value_copy(struct account *to, const struct account *from, const struct key *k, struct err *e) MUST_CHECK;
void value_clear(struct account *a, const struct key *k);

/* Appends what a value looks like, for lists: "on|off", "path", "seconds" ... */
bool value_form(const struct key *k, struct buf *to, struct err *e) MUST_CHECK;

#endif
