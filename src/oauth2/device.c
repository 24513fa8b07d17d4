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
		tell("The code is valid for %u minutes.  Enter it only because you have just started this login yourself.",
		     minutes);
	else
		tell("The code is valid for %u seconds.  Enter it only because you have just started this login yourself.",
		     d->lifetime);
}

static bool expired(struct err *e)
{
	fail(e, ST_SECRET, FATE_PERM, "the code has expired, and nobody has entered it");
	return err_hint(e, "run the same command again for a new code");
}

struct questions {
	const struct login *l;
	struct http         h;
	struct device_code  d;
	int64_t             end;      /* of the code */
	unsigned            interval; /* seconds */
	int64_t             asked_at; /* seconds since 1970: the last one */
	struct refusal      r;        /* of the last one */
};

static bool pause_until(int64_t at, struct err *e)
{
	return descriptor_wait(-1, 0, at) != IO_STOPPED || signals_fail(e, ST_SECRET);
}

/* The next question, after the pause that must come before it. */
static bool ask(struct questions *q, struct tokens *t, struct err *e)
{
	int64_t at = clock_in_s(q->interval);

	q->r = (struct refusal){ .status = 0 };
	if (at >= q->end)
		return pause_until(q->end, e) && expired(e);
	if (!pause_until(at, e))
		return false;
	q->h.until = clock_in_s(QUESTION_S);
	q->asked_at = time(NULL);
	return grant_poll(q->l, &q->h, &q->d, t, &q->r, e);
}

bool device_login(const struct login *l, const struct http *h, bool browser, struct tokens *t, int64_t *asked_at, struct err *e)
{
	struct questions q = { .l = l, .h = *h };
	bool ok;

	if (!grant_device(l, h, &q.d, &q.r, e))
		return false;
	q.end = clock_in_s(q.d.lifetime);
	q.interval = q.d.interval;
	show(l, &q.d);
	if (browser)
		(void)browser_open(q.d.complete_uri != NULL ? q.d.complete_uri : q.d.uri);
	do {
		ok = ask(&q, t, e);
	} while (!ok && device_goes_on(&q.r, e, &q.interval));
	*asked_at = q.asked_at;
	device_code_free(&q.d);
	return ok;
}
