/*
 * account.h - the settings for one sender: the parameters of all modules.
 *
 * A struct only.  config/set owns what is in it: account_begin() sets the defaults, account_free() frees it.
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

enum { ACCOUNT_KEYS_MAX = 128 }; /* rows of the key table */

enum queue_use {
	QUEUE_OFF,    /* the verdict is the exit status */
	QUEUE_ON,     /* try at once, and keep what may succeed later */
	QUEUE_ALWAYS, /* keep, and return at once */
};

struct queue_retry { /* seconds between tries */
	unsigned first, longest;
};

struct queue_params {
	enum queue_use     use;
	char              *directory; /* NULL: queue/place finds it */
	uint64_t           size;      /* bytes of all entries together at most; 0: no limit */
	unsigned           lifetime;  /* seconds after which a message that cannot be sent is given up */
	struct queue_retry retry;
	bool               bounce;    /* the sender gets a report about a message that is given up */
};

struct service_params { /* -bs --service */
	struct strlist     allow_users; /* logins and uids; empty: all */
	char              *directory;   /* of the locks; NULL: the usual one */
	bool               received;    /* a Received field names the uid */
};

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
	struct queue_params   queue;
	struct service_params service;
	struct strlist        from;                /* addresses, and patterns; a sender that matches one chooses the account */
	bool                  allow_from_override; /* -f may replace `from` */
	uint64_t              set[ACCOUNT_KEYS_MAX / 64]; /* private to set.c: a bit for each row, see key_was_set() */
	char                 *places[ACCOUNT_KEYS_MAX]; /* private to set.c: where the value of each row was set; NULL: nowhere */
	bool                  msmtps;              /* from a file of msmtp's, which has other defaults */
	bool                  loose;               /* its keys stand before any account line, so its name is `default` */
	char                 *origin;              /* where the account begins: "FILE:LINE"; "": in no file */
	unsigned              layer;               /* 0: the system's file; 1: the user's, or that of -C */
	uint16_t              hides;               /* private to conf.c: the account of this name in a lower layer; 0: none */
};

#endif
