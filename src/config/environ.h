/*
 * environ.h - keys from the environment: POSTERN_KEY, or POSTERN_KEY_FILE for a file that holds the value.
 *
 * Nothing is found when we run with more rights than our caller (AT_SECURE).
 */
#ifndef CONFIG_ENVIRON_H
#define CONFIG_ENVIRON_H

#include "base/buf.h"
#include "config/value.h"

struct environ_value {
	bool       found;
	char       place[80]; /* "POSTERN_TLS_TRUST_FILE" */
	struct buf text;
};

/* Is there any variable that begins with POSTERN_?  Where there is none, no key need be looked for. */
bool environ_any(void);

bool environ_get(const struct key *k, struct environ_value *v, struct err *e) MUST_CHECK;
void environ_free(struct environ_value *v); /* wipes; accepts a zeroed one */

#endif
