/*
 * conf.h - the configuration in memory: accounts, found by name.
 *
 * Owns every `struct account`.  file.c and load.c fill it; choose.c chooses from it.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include "config/account.h"

enum {
	CONF_ACCOUNTS_MAX = 1000,
	CONF_SLOTS = 2048, /* a power of two, and at least twice the most accounts */
};

enum { LAYER_SYSTEM, LAYER_USER }; /* of accounts; each hides those of the same name in the layer below */

struct conf {
	struct account *accounts; /* owned array; [0] holds the defaults of the file being read */
	size_t          n;
	bool            no_file;  /* no configuration file was read */
	struct strlist  files;    /* the configuration files that were read, with those that they include */
	char           *note;     /* which of the usual files were passed over, and why; NULL: none */
	/* private to conf.c: a hash table of names; each slot is the number of the account that has the name in the highest
	 * layer, 0: free */
	uint16_t        slots[CONF_SLOTS];
};

/* Adds an account with the present defaults.  *made is valid until another account is added. */
bool conf_add(struct conf *c, const char *name, const char *origin, unsigned layer, struct account **made,
	      struct err *e) MUST_CHECK;

/* The account of this name in the highest layer that has it, or NULL. */
struct account *conf_account(const struct conf *c, const char *name);
struct account *conf_below(const struct conf *c, const char *name, size_t below); /* the same, of accounts before this number */

/* For an account that is `loose`: adds the hint that its keys may have been meant for all accounts.  Returns false. */
bool conf_hint_loose(struct err *e);

void conf_free(struct conf *c); /* wipes secrets */

#endif
