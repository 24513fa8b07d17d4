/*
 * environ.h - keys from the environment: POSTERN_KEY, or POSTERN_KEY_FILE, which names a file with the value.
 *
 * If postern runs with more rights than the user who started it (AT_SECURE), no key is found.
 */
#ifndef CONFIG_ENVIRON_H
#define CONFIG_ENVIRON_H

#include "base/buf.h"
#include "config/types.h"

struct environ_value {
	bool       found;
	char       place[80]; /* the variable, for errors: "POSTERN_TLS_TRUST_FILE" */
	struct buf text;
};

/* Does any variable begin with POSTERN_?  If not, environ_get() need not be called. */
bool environ_any(void);

bool environ_get(const struct key *k, struct environ_value *v, struct err *e) MUST_CHECK;
void environ_free(struct environ_value *v); /* wipes; accepts a zeroed struct */

#endif
