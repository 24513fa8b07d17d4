/*
 * account.h - what a configuration comes to: accounts, each the parameters of every module.
 */
#ifndef CONFIG_ACCOUNT_H
#define CONFIG_ACCOUNT_H

#include "base/log.h"
#include "mail/fix.h"
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
	struct strlist        from;                /* address, or patterns that choose this account */
	bool                  allow_from_override; /* -f may replace `from` */
	/* private: which keys were set (not left at a default), a bit for each row of the table; where
	 * the account begins ("FILE:LINE"); 0 the system's file, 1 the user's or -C's; the account of the same
	 * name in a lower layer, 0: none */
	uint64_t              set[2];
	char                 *origin;
	unsigned              layer;
	uint16_t              hides;
};

enum { CONF_SLOTS = 2048 }; /* twice as many as there can be accounts, and a power of two */

struct conf {
	struct account *accounts; /* owned array; [0] holds the defaults of the file being read */
	size_t          n;
	bool            no_file;  /* none was found */
	char           *note;     /* which default files were passed over, and why; NULL: none */
	/* private to reader.c: a hash of names; the number of the highest account that has the name, 0: free */
	uint16_t        slots[CONF_SLOTS];
};

#endif
