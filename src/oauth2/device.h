/*
 * device.h - the device flow (RFC 8628): a code that a person enters on a page, on any machine, while we ask until it was done.
 *
 * The pace is ours: the provider's interval before the first question (3.2), 5 seconds more after each slow_down, and twice as
 * long after a question that found no answer (3.5).  It ends when the code does, by our own clock.
 */
#ifndef OAUTH2_DEVICE_H
#define OAUTH2_DEVICE_H

#include "oauth2/grant.h"

/* *asked_at: seconds since 1970, before the request that brought the tokens.  `browser`: one may be started. */
bool device_login(const struct login *l, const struct http *h, bool browser, struct tokens *t, int64_t *asked_at,
		  struct err *e) MUST_CHECK;

/* After a question that brought no tokens: may it be asked again?  Then *interval (seconds) is the new pace. */
bool device_goes_on(const struct refusal *r, const struct err *e, unsigned *interval);

#endif
