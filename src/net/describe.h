/*
 * describe.h - the server's certificates in words, for --check: whose they are, who issued them, how long they are valid, and
 * what made the first one trusted.
 *
 * Decides nothing and says nothing unless steps_on(): verify.h decides.
 */
#ifndef NET_DESCRIBE_H
#define NET_DESCRIBE_H

#include "base/base.h"

#include <gnutls/x509.h>

/* A line for each of the n DER certificates that the server sent, the server's own first; also if they are then refused. */
void describe_chain(const gnutls_datum_t *der, unsigned n, const char *fingerprint);

/* The line about the CA certificate of `list`, read from `file`, that the last certificate of a chain leads to. */
void describe_trust(gnutls_x509_trust_list_t list, gnutls_x509_crt_t last, const char *file);

#endif
