#include "oauth2/renew.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/str.h"
#include "secret/advice.h"

struct renewal {
	struct store            *s;
	const char              *name;
	const struct renew_wish *w;
	struct held_login        h;
	struct access           *a;       /* the stored one, then the new one */
	char                   **warning;
};

/* ---- the stored token ---------------------------------------------------------------------------- */

/* A file that is damaged or cannot be read is as good as none; one that cannot be trusted is an error. */
static bool read_stored(struct renewal *j, struct err *e)
{
	bool found, ok;

	access_free(j->a);
	ok = access_read(j->name, j->a, &found, e);
	if (j->a->machine)
		access_free(j->a); /* root's own file is meant, and not the copy for senders */
	return ok || e->fate == FATE_TEMP;
}

static bool is_refused(const struct renewal *j)
{
	char digest[ACCESS_DIGEST];
	struct err e;

	return j->w->unlike != NULL && j->a->token != NULL && access_digest(j->a->token, digest, &e)
	    && strcmp(digest, j->w->unlike) == 0;
}

/* Has the stored token at least so many seconds, and did no mail server refuse it? */
static bool is_usable(const struct renewal *j, unsigned margin)
{
	return access_is_good(j->a, time(NULL), margin) && !is_refused(j);
}

/* ---- failures ------------------------------------------------------------------------------------ */

static bool hint_login(const struct renewal *j, struct err *e)
{
	return err_hint(e, "postern-oauth2 login %s", j->name);
}

static bool fail_dead(const struct renewal *j, struct err *e)
{
	fail(e, ST_SECRET, FATE_PERM, "the login %s is over, and a person must log in again", j->name);
	err_quote(e, j->h.l.dead, strlen(j->h.l.dead));
	return !advice_add(e, j->name) && hint_login(j, e);
}

/* A refusal counts for ACCESS_FRESH_S: one that comes sooner does not begin it anew, or no token would ever be asked for. */
static bool counts(const struct login *l, int64_t now)
{
	return l->refused[0] != '\0' && now >= l->refused_at && now < l->refused_at + ACCESS_FRESH_S;
}

static void note_refusal(struct renewal *j, int64_t now)
{
	struct login *l = &j->h.l;

	if (!counts(l, now))
		l->refused_at = now;
	snprintf(l->refused, sizeof l->refused, "%s", j->w->unlike);
}

/* A token of the last minute comes from the run that tells us of it; one that took the place of a refused one is not at fault. */
static bool may_replace(const struct renewal *j, int64_t now)
{
	return now >= j->a->obtained + RENEW_JUST_S && !counts(&j->h.l, now);
}

/* For status, the refusal is written down. */
static bool fail_refused(struct renewal *j, struct err *e)
{
	struct err ignored;

	note_refusal(j, time(NULL));
	(void)!store_commit(j->s, &j->h, &ignored);
	fail(e, ST_SECRET, FATE_PERM, ACCESS_REFUSED " of the login %s, so another one does not help", j->name);
	return err_hint(e, "postern-oauth2 status %s shows the account and its scopes;"
			   " postern-oauth2 login %s logs in with others", j->name, j->name);
}

/* ---- asking -------------------------------------------------------------------------------------- */

static bool take_refresh(struct login *l, const struct tokens *t, int64_t asked_at, struct err *e)
{
	if (t->refresh == NULL || (l->refresh_token != NULL && strcmp(t->refresh, l->refresh_token) == 0))
		return true;
	l->refresh_since = asked_at;
	return login_set(&l->refresh_token, t->refresh, e);
}

static bool take_in(struct login *l, const struct tokens *t, int64_t asked_at, struct err *e)
{
	if (!take_refresh(l, t, asked_at, e))
		return false;
	l->renewed = asked_at;
	l->dead_since = l->failed_at = 0;
	return login_set(&l->dead, NULL, e) && login_set(&l->failed, NULL, e)
	    && (t->scope == NULL || l->kind == LOGIN_CLIENT || login_set(&l->scope, t->scope, e));
}

static bool make_access(struct access *a, const struct login *l, const struct tokens *t, int64_t asked_at, struct err *e)
{
	access_free(a);
	if ((a->token = str_dup(t->access, e)) == NULL || (l->user != NULL && (a->user = str_dup(l->user, e)) == NULL))
		return false;
	a->obtained = asked_at;
	a->expires = asked_at + t->lifetime;
	return true;
}

static void warn(struct renewal *j, const char *what, const struct err *e)
{
	char text[ERR_TEXT];

	if (*j->warning == NULL && asprintf(j->warning, "%s %s: %s", what, j->name, err_text(e, text)) < 0)
		*j->warning = NULL;
}

/* The provider has answered: whatever fails from here on, the token is good and is used. */
static bool keep(struct renewal *j, const struct tokens *t, int64_t asked_at, struct err *e)
{
	struct err why;

	if (!take_in(&j->h.l, t, asked_at, &why) || !store_commit(j->s, &j->h, &why))
		warn(j, t->refresh != NULL ? "the login could not be written, and may be lost:"
					   : "the login could not be written:", &why);
	if (!make_access(j->a, &j->h.l, t, asked_at, e))
		return false;
	if (!store_put_access(j->s, j->name, j->a, &why))
		warn(j, "the access token could not be written:", &why);
	return true;
}

/* The access token of the answer cannot be used, but the provider may have replaced the refresh token. */
static void keep_refresh(struct renewal *j, const struct tokens *t, int64_t asked_at)
{
	struct err why;

	if (t->refresh != NULL && (!take_refresh(&j->h.l, t, asked_at, &why) || !store_commit(j->s, &j->h, &why)))
		warn(j, "the login could not be written, and may be lost:", &why);
}

/* Is the login over?  A name of an error that is not known does not end what a person typed a login for. */
static bool is_over(const struct refusal *r)
{
	static const char *const names[] = { "invalid_grant", "interaction_required", "consent_required", "login_required" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(r->error, names[i]) == 0)
			return true;
	return false;
}

/* Where the lock does not reach (a home on two machines), another one may have got a new refresh token. */
static bool is_rotated(struct renewal *j)
{
	struct login now = { 0 };
	struct err e;
	bool found, other;

	other = store_read(j->s, j->name, &now, &found, &e) && found && now.refresh_token != NULL
	     && (j->h.l.refresh_token == NULL || strcmp(now.refresh_token, j->h.l.refresh_token) != 0);
	login_free(&now);
	return other;
}

/* A login that is over is marked, so that the next runs do not ask for it. */
static bool bury(struct renewal *j, const struct refusal *r, struct err *e)
{
	char text[REFUSAL_WORDS];
	struct err ignored, ours = *e;

	if (is_rotated(j)) {
		if (read_stored(j, e) && is_usable(j, j->w->margin))
			return true;
		return fail(e, ST_SECRET, FATE_TEMP, "another machine has renewed the login %s meanwhile", j->name);
	}
	if (login_set(&j->h.l.dead, refusal_words(r, text), &ignored)) {
		j->h.l.dead_since = time(NULL);
		(void)!store_commit(j->s, &j->h, &ignored);
	}
	*e = ours;
	return !advice_add(e, j->name) && hint_login(j, e);
}

/* The provider refused something else, say the client: for status, this is written down.  Only once, since each run may hear it,
 * and store_command may ask a person for a key. */
static bool note_failure(struct renewal *j, const struct refusal *r, struct err *e)
{
	struct login *l = &j->h.l;
	char text[REFUSAL_WORDS];
	struct err ignored;

	if (r->error[0] != '\0' && (l->failed == NULL || strcmp(refusal_words(r, text), l->failed) != 0)
	    && login_set(&l->failed, refusal_words(r, text), &ignored)) {
		l->failed_at = time(NULL);
		(void)!store_commit(j->s, &j->h, &ignored);
	}
	return login_client_is_gone(l) ? err_hint(e, LOGIN_REGISTERS, j->name) : false;
}

/* If the answer is lost, the provider may have replaced the refresh token already, and a strict one ends the login when it sees
 * the old one again.  So it is asked again at once only if there is no access token for this run. */
static bool ask(struct renewal *j, struct err *e)
{
	const struct http http = { .trust_file = j->h.l.trust_file, .insecure = j->h.l.insecure_http, .until = j->w->until };
	struct tokens t = { 0 };
	struct refusal r = { .status = 0 };
	int64_t asked_at;
	bool ok;

	if (j->h.l.kind == LOGIN_USER && j->h.l.refresh_token == NULL) {
		fail(e, ST_SECRET, FATE_PERM,
		     "the access token of the login %s is over, and the provider gave no refresh token", j->name);
		return hint_login(j, e);
	}
	if (!store_prepare(j->s, &j->h, e))
		return false;
	asked_at = time(NULL);
	if (grant_renew(&j->h.l, &http, !is_usable(j, 0), &t, &r, e)) {
		ok = keep(j, &t, asked_at, e);
	} else {
		keep_refresh(j, &t, asked_at);
		if (e->fate != FATE_PERM)
			ok = false;
		else
			ok = e->stage == ST_SECRET && is_over(&r) ? bury(j, &r, e) : note_failure(j, &r, e);
	}
	tokens_free(&t);
	return ok;
}

/* With the lock. */
static bool decide(struct renewal *j, bool found, struct err *e)
{
	int64_t now = time(NULL);

	if (!read_stored(j, e))
		return false;
	if (is_usable(j, j->w->margin))
		return true;
	if (!found)
		return store_fail_missing(j->s, j->name, e);
	if (j->h.l.dead != NULL)
		return fail_dead(j, e);
	if (is_refused(j) && access_is_good(j->a, now, 0)) {
		if (!may_replace(j, now))
			return fail_refused(j, e);
		note_refusal(j, now);
	}
	return ask(j, e);
}

bool renew(struct store *s, const char *name, const struct renew_wish *w, struct access *a, char **warning, struct err *e)
{
	struct renewal j = { .s = s, .name = name, .w = w, .a = a, .warning = warning, .h = { .lock = -1, .next = -1 } };
	bool found, ok;

	*warning = NULL;
	if (!read_stored(&j, e))
		return false;
	if (is_usable(&j, w->margin))
		return true;
	ok = store_take(s, name, &j.h, &found, e) && decide(&j, found, e);
	store_release(s, &j.h);
	return ok || (e->fate != FATE_PERM && is_usable(&j, 0));
}

bool renew_accept(struct store *s, struct held_login *h, const struct tokens *t, int64_t asked_at, struct err *e)
{
	struct access a = { 0 };
	bool ok;

	h->l.refused[0] = '\0';
	h->l.refused_at = 0;
	ok = take_in(&h->l, t, asked_at, e) && store_commit(s, h, e)
	  && make_access(&a, &h->l, t, asked_at, e) && store_put_access(s, h->name, &a, e);

	access_free(&a);
	return ok;
}
