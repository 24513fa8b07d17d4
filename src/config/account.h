/*
 * account.h - the configuration in memory: accounts, each with the parameters of all modules.
 */
#ifndef CONFIG_ACCOUNT_H
#define CONFIG_ACCOUNT_H

#include "base/log.h"
#include "mail/cleanup.h"
#include "net/dial.h"
#include "net/tls.h"
#include "secret/secret.h"
#include "smtp/sasl.h"
#include "smtp/session.h"
#include "smtp/wishes.h"

struct account {
	char                 *name;
	struct net_params     net;
	struct tls_params     tls;
	struct sasl_params    auth;
	struct secret_params  secret;
	struct session_params smtp;
	struct wishes         wishes;
	struct message_params message;
	struct log_params     log;
	struct strlist        from;                /* addresses, and patterns; a sender that matches one chooses the account */
	bool                  allow_from_override; /* -f may replace `from` */
	/* private, in this order: a bit for each row of the key table, set if the key was set and not left at its default; where
	 * the account begins ("FILE:LINE"); its layer (0: the system's file, 1: the user's or that of -C); the number of the
	 * account that it hides, which has the same name in a lower layer (0: none) */
	uint64_t              set[2];
	char                 *origin;
	unsigned              layer;
	uint16_t              hides;
};

enum { CONF_SLOTS = 2048 }; /* a power of two, and at least twice the most accounts (ACCOUNTS_MAX in reader.c) */

struct conf {
	struct account *accounts; /* owned array; [0] holds the defaults of the file being read */
	size_t          n;
	bool            no_file;  /* no configuration file was read */
	char           *note;     /* which of the usual files were passed over, and why; NULL: none */
	/* private to reader.c: a hash table of names; each slot is the number of the account that has the name in the highest
	 * layer, 0: free */
	uint16_t        slots[CONF_SLOTS];
};

#endif
