/*
 * json.h - a JSON object as the body of a field (X-SMTPAPI and others): RFC 8259 7.
 *
 * Knows quotes and brackets only: it parses no values, and finds no other faults.  Bytes in, bytes out.
 */
#ifndef MAIL_JSON_H
#define MAIL_JSON_H

#include "mail/words.h"

/* Is it a JSON object, as far as its quotes and brackets tell, and valid UTF-8? */
bool json_is_object(const char *p, size_t n);

/* Writes it with \uXXXX for characters that are not ASCII, folded after commas outside of strings. */
bool json_put(struct words_line *l, const char *p, size_t n, struct err *e) MUST_CHECK;

#endif
