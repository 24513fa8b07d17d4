#include "oauth2/device.h"

#include <errno.h>
#include <time.h>

#include "base/descriptor.h"
#include "base/signals.h"
#include "oauth2/browser.h"
#include "oauth2/tell.h"

enum {
	SLOWER_S = 5,        /* RFC 8628 3.5 */
	LONGEST_S = 60,      /* between two questions when there was no answer: the person waits */
	QUESTION_S = 40,     /* for one */
};

bool device_goes_on(const struct refusal *r, const struct err *e, unsigned *interval)
{
	if (e->sys == EINTR)
		return false;
	if (strcmp(r->error, "authorization_pending") == 0)
		return true;
	if (strcmp(r->error, "slow_down") == 0) {
		*interval += SLOWER_S;
		return true;
	}
	if (e->fate == FATE_TEMP && *interval < LONGEST_S)
		*interval = *interval * 2 < LONGEST_S ? *interval * 2 : LONGEST_S;
	return e->fate == FATE_TEMP;
}

static void show(const struct login *l, const struct device_code *d)
{
	unsigned minutes = d->lifetime / 60;

	tell("Open this page in a browser, on any machine%s%s:", l->user != NULL ? ", and log in as " : "",
	     l->user != NULL ? l->user : "");
	tell("%s", "");
	tell("    %s", d->uri);
	tell("%s", "");
	tell("and enter this code:  %s", d->user_code);
	tell("%s", "");
	if (d->complete_uri != NULL) {
		tell("This page has the code in it already:");
		tell("%s", "");
		tell("    %s", d->complete_uri);
		tell("%s", "");
	}
	if (minutes > 1)
		tell("The code is valid for %u minutes.  Enter it only because you have just started this login yourself.", minutes);
	else
		tell("The code is valid for %u seconds.  Enter it only because you have just started this login yourself.", d->lifetime);
}

static bool expired(struct err *e)
{
	fail(e, ST_SECRET, FATE_PERM, "the code has expired, and nobody has entered it");
	return err_hint(e, "run the same command again for a new code");
}

/* The next question, after the pause that must come before it. */
static bool ask(const struct login *l, const struct http *h, const struct device_code *d, int64_t end, unsigned interval,
		struct refusal *r, struct tokens *t, int64_t *asked_at, struct err *e)
{
	int64_t at = clock_in_s(interval);
	struct http one = *h;

	*r = (struct refusal){ .status = 0 };
	if (at >= end) {
		if (descriptor_wait(-1, 0, end) == IO_STOPPED)
			return signals_fail(e, ST_SECRET);
		return expired(e);
	}
	if (descriptor_wait(-1, 0, at) == IO_STOPPED)
		return signals_fail(e, ST_SECRET);
	one.until = clock_in_s(QUESTION_S);
	*asked_at = time(NULL);
	return grant_poll(l, &one, d, t, r, e);
}

bool device_login(const struct login *l, const struct http *h, bool browser, struct tokens *t, int64_t *asked_at, struct err *e)
{
	struct device_code d = { 0 };
	struct refusal r;
	unsigned interval;
	int64_t end;
	bool ok;

	if (!grant_device(l, h, &d, &r, e))
		return false;
	end = clock_in_s(d.lifetime);
	interval = d.interval;
	show(l, &d);
	if (browser)
		(void)browser_open(d.complete_uri != NULL ? d.complete_uri : d.uri);
	do {
		ok = ask(l, h, &d, end, interval, &r, t, asked_at, e);
	} while (!ok && device_goes_on(&r, e, &interval));
	device_code_free(&d);
	return ok;
}
