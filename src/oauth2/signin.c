#include "oauth2/signin.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/descriptor.h"
#include "base/signals.h"
#include "oauth2/browser.h"
#include "oauth2/client.h"
#include "oauth2/device.h"
#include "oauth2/renew.h"
#include "oauth2/tell.h"
#include "oauth2/visit.h"

enum {
	TOKEN_S = 60,      /* seconds for a request by client credentials, or for a device code */
	PATIENCE_S = 600,  /* for a store that cannot take a person's login at once */
	STORE_AGAIN_S = 2,
};

struct signin {
	struct plan   plan;
	struct login  was;     /* owned: the earlier login of that name */
	struct store  store;
	struct visit  visit;
	struct tokens t;
	int64_t       asked_at;
};

/* ---- before ------------------------------------------------------------------------------------------------------------- */

static bool read_earlier(struct signin *s, const char *name, struct err *e)
{
	bool found, ok = store_open(&s->store, false, e);

	if (!ok)
		ok = e->sys == ENOENT; /* no directory: no login */
	else
		ok = store_read_over(&s->store, name, &s->was, &found, e);
	store_close(&s->store);
	return ok;
}

/* Can what was given be written down?  A file's name, too, may be any octets. */
static bool check_text(const struct login *l, struct err *e)
{
	struct buf text = buf_max(ST_CONFIG, STORE_TEXT_MAX, "the login");
	bool ok = login_put(&text, l, e);

	buf_wipe(&text);
	if (!ok || l->user == NULL || access_user_ok(l->user, strlen(l->user)))
		return ok;
	fail(e, ST_USAGE, FATE_PERM, "a user cannot have this name: %s", l->user);
	return err_hint(e, "--user ADDRESS");
}

/* A login that cannot be stored is noticed before a person takes the trouble. */
static bool check_store(struct signin *s, const char *name, struct err *e)
{
	struct held_login h = { .lock = -1, .next = -1 };
	bool found, ok;

	if (!check_text(&s->plan.l, e) || !store_open(&s->store, true, e) || !wrap_try(&s->store.wrap, e))
		return false;
	ok = store_take_over(&s->store, name, &h, &found, e) && store_prepare(&s->store, &h, e);
	store_release(&s->store, &h);
	return ok;
}

static bool begin(struct signin *s, struct err *e)
{
	const struct cli *c = s->plan.c;
	bool browser = !c->no_browser && browser_is_there();

	return read_earlier(s, c->name, e)
	    && client_provider(&s->plan, e)
	    && client_endpoints(&s->plan, e)
	    && client_flow(&s->plan, browser, e)
	    && client_find(&s->plan, e)
	    && grant_check_secret(&s->plan.l, e)
	    && check_store(s, c->name, e)
	    && client_register(&s->plan, e);
}

/* ---- the flows ---------------------------------------------------------------------------------------------------------- */

static bool run_visit(struct signin *s, struct err *e)
{
	struct plan *p = &s->plan;

	s->visit = (struct visit){ .redirect = p->l.redirect, .host = client_host(p), .port = p->c->port,
				   .paste = p->flow == FLOW_PASTE, .browser = p->flow == FLOW_BROWSER && !p->c->no_browser,
				   .extra = client_extra(p), .site = p->site };
	return visit_begin(&s->visit, e) && visit_login(&s->visit, &p->l, &p->h, &s->t, &s->asked_at, e);
}

static bool run_flow(struct signin *s, struct err *e)
{
	struct plan *p = &s->plan;
	struct refusal r;

	p->h.until = clock_in_s(TOKEN_S);
	switch (p->flow) {
	case FLOW_DEVICE:
		return device_login(&p->l, &p->h, !p->c->no_browser, &s->t, &s->asked_at, e);
	case FLOW_CLIENT:
		s->asked_at = time(NULL);
		return grant_renew(&p->l, &p->h, true, &s->t, &r, e);
	default:
		return run_visit(s, e);
	}
}

/* ---- after -------------------------------------------------------------------------------------------------------------- */

/* Who has logged in is known if the provider says so.  A wrong account is noticed only when a mail server refuses it. */
static bool settle_user(struct signin *s, struct err *e)
{
	struct login *l = &s->plan.l;
	const char *who = s->t.who;

	if (l->user == NULL && who != NULL && strchr(who, '@') != NULL)
		return login_set(&l->user, who, e);
	if (l->user != NULL && who != NULL && !str_same(l->user, who)) {
		tell("warning: the login is for %s, and %s has logged in", l->user, who);
		tell("If this is another account, log in again (first log out at %s in the browser).", s->plan.site);
	}
	return true;
}

static bool store_login(struct signin *s, struct err *e)
{
	struct held_login h = { .lock = -1, .next = -1 };
	struct login *l = &s->plan.l;
	bool found, ok = store_take_over(&s->store, s->plan.c->name, &h, &found, e), moved = ok;

	if (ok) {
		json_decref(l->other);
		l->other = h.l.other; /* members of a later version survive */
		h.l.other = NULL;
		login_free(&h.l);
		h.l = *l;
		*l = (struct login){ 0 };
		h.l.logged_in = time(NULL);
		ok = store_prepare(&s->store, &h, e)
		  && renew_accept(&s->store, &h, &s->t, s->asked_at, e);
	}
	if (moved && !ok) { /* it is still ours */
		*l = h.l;
		h.l = (struct login){ 0 };
	}
	store_release(&s->store, &h);
	return ok;
}

/* A person has taken the trouble: a full disk, or a lock that somebody holds, can be mended while the login waits. */
static bool store_patiently(struct signin *s, struct err *e)
{
	int64_t until = clock_in_s(s->plan.flow == FLOW_CLIENT ? 0 : PATIENCE_S);
	bool ok, told = false;

	while (!(ok = store_login(s, e)) && e->fate == FATE_TEMP && e->sys != EINTR && !clock_passed(until)) {
		char text[ERR_TEXT];

		if (!told)
			tell("The login cannot be stored yet, and is tried again for %d minutes: %s", PATIENCE_S / 60,
			     err_text(e, text));
		told = true;
		if (descriptor_wait(-1, 0, clock_in_s(STORE_AGAIN_S)) == IO_STOPPED)
			return signals_fail(e, ST_SECRET);
	}
	return ok;
}

static void tell_end(const struct cli *c, const char *user, const char *scope, const char *site, bool lasts)
{
	tell("%s", "");
	tell("Logged in: %s%s%s at %s.", c->name, user != NULL ? " is " : "", user != NULL ? user : "", site);
	if (scope != NULL)
		tell("It may: %s", scope);
	if (!lasts)
		tell("warning: %s gave no refresh token, so this login ends with its first access token", site);
	tell("%s", "");
	tell("In the configuration, the account that sends with it has %s, and no password:",
	     user != NULL ? "this line" : "these lines");
	tell("%s", "");
	tell("    oauth2 %s", c->name);
	if (user == NULL)
		tell("    user ADDRESS");
}

/* The words for the end are kept, since the login goes to the store. */
static bool finish(struct signin *s, struct err *e)
{
	struct plan *p = &s->plan;
	bool lasts = s->t.refresh != NULL || p->flow == FLOW_CLIENT, ok;
	char *user = NULL, *scope = NULL;

	ok = client_can_send(p, s->t.scope, e)
	  && (s->t.scope == NULL || p->flow == FLOW_CLIENT || login_set(&p->l.scope, s->t.scope, e))
	  && settle_user(s, e)
	  && login_set(&user, p->l.user, e)
	  && login_set(&scope, p->l.scope, e)
	  && store_patiently(s, e);
	if (ok)
		tell_end(p->c, user, scope, p->site, lasts);
	free(user);
	free(scope);
	return ok;
}

bool signin(const struct cli *c, struct err *e)
{
	struct signin s = { .asked_at = 0 };
	bool ok;

	s.plan.c = c;
	s.plan.was = &s.was;
	ok = begin(&s, e) && run_flow(&s, e) && finish(&s, e);
	visit_end(&s.visit, ok);
	tokens_free(&s.t);
	store_close(&s.store);
	login_free(&s.was);
	plan_free(&s.plan);
	return ok;
}
