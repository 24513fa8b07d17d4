#include "oauth2/visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/descriptor.h"
#include "base/signals.h"
#include "oauth2/browser.h"
#include "oauth2/grant.h"
#include "oauth2/paste.h"
#include "oauth2/tell.h"

enum {
	URL_MAX = 16 * 1024, /* of the page that the person visits */
	EXCHANGE_S = 60,     /* for the code */
};

/* ---- the redirect URI ------------------------------------------------------------------------------------------------ */

static bool listen_for(struct visit *v, const char *host, unsigned port, const char *path, struct err *e)
{
	v->server = calloc(1, sizeof *v->server);
	if (v->server == NULL)
		return fail_memory(e);
	if (loopback_open(v->server, host, port, path, e))
		return true;
	free(v->server);
	v->server = NULL;
	return false;
}

static bool set_uri(struct visit *v, const char *host, unsigned port, const char *path, struct err *e)
{
	char at[16] = "";

	if (port != 0)
		snprintf(at, sizeof at, ":%u", port);
	if (snprintf(v->uri, sizeof v->uri, "http://%s%s%s", host, at, path) < (int)sizeof v->uri)
		return true;
	return fail(e, ST_USAGE, FATE_PERM, "the redirect URI is too long");
}

/* A URI of the user's own that names its port, or is none that we can listen for, is used byte for byte. */
static bool begin_own(struct visit *v, struct err *e)
{
	char host[16], path[256];
	unsigned port = 0;
	bool ours = loopback_uri(v->redirect, host, &port, path);

	if (strlen(v->redirect) >= sizeof v->uri)
		return fail(e, ST_USAGE, FATE_PERM, "the redirect URI is too long");
	snprintf(v->uri, sizeof v->uri, "%s", v->redirect);
	if (!ours || v->paste)
		return true;
	if (!listen_for(v, host, port != 0 ? port : v->port, path, e))
		return false;
	/* what stands behind the host: a URI without a path stays one */
	return port != 0 || set_uri(v, host, v->server->port, v->redirect + strlen("http://") + strlen(host), e);
}

bool visit_begin(struct visit *v, struct err *e)
{
	if (v->redirect != NULL)
		return begin_own(v, e);
	if (v->paste)
		return set_uri(v, v->host, v->port, "", e);
	return listen_for(v, v->host, v->port, "/", e) && set_uri(v, v->host, v->server->port, "", e);
}

/* ---- the wait -------------------------------------------------------------------------------------------------------- */

struct wait {
	const struct login    *l;
	const struct visit    *v;
	struct authorize       a;
	struct paste           paste;
	enum authorize_answer  answer;
	char                  *code;
	struct err             e; /* of the answer */
};

static bool takes(void *ctx, const char *query)
{
	struct wait *w = ctx;

	w->answer = authorize_parse(&w->a, &w->l->at, w->v->site, query, &w->code, &w->e);
	return w->answer != AUTHORIZE_FOREIGN;
}

static void ask_paste(void)
{
	tell("Paste the address here (it is not shown), and press Enter:");
}

static void take_paste(struct wait *w)
{
	paste_read(&w->paste);
	if (w->paste.tty < 0 || !w->paste.whole || w->paste.line.len == 0)
		return;
	w->answer = authorize_paste(&w->a, &w->l->at, w->v->site, buf_text(&w->paste.line), &w->code, &w->e);
	if (w->answer == AUTHORIZE_FOREIGN) {
		tell("%s: %s", w->e.say, w->e.hint);
		ask_paste();
	}
}

static bool fail_late(struct err *e)
{
	fail(e, ST_SECRET, FATE_PERM, "nobody has logged in within %d minutes", VISIT_S / 60);
	return err_hint(e, "run the same command again; if the page showed an error, check --client-id, and the redirect URI that"
			" the client has at the provider");
}

static bool fail_deaf(const struct wait *w, struct err *e)
{
	fail(e, ST_USAGE, FATE_PERM, "there is no terminal into which the address could be pasted");
	if (w->v->paste)
		return err_hint(e, "run it in a terminal; or leave out --paste, if the browser is on this machine");
	return err_hint(e, "run it in a terminal: nothing can listen for the redirect to %s", w->v->uri);
}

static bool wait_once(struct wait *w, int64_t end, struct err *e)
{
	struct pollfd fds[LOOPBACK_FDS + 1];
	struct loopback *b = w->v->server;
	size_t n = 0;
	enum io how;

	if (b == NULL && w->paste.tty < 0)
		return fail_deaf(w, e);
	if (b != NULL) {
		loopback_fds(b, fds);
		n = LOOPBACK_FDS;
	}
	fds[n] = (struct pollfd){ .fd = w->paste.tty, .events = POLLIN };
	how = descriptor_wait_any(fds, n + 1, b == NULL ? end : clock_sooner(end, loopback_until(b)));
	if (how == IO_STOPPED)
		return signals_fail(e, ST_SECRET);
	if (how == IO_FAILED)
		return fail_sys(e, ST_INTERNAL, errno, "cannot wait for the redirect");
	if (clock_passed(end))
		return fail_late(e);
	if (b != NULL)
		(void)loopback_serve(b, fds, takes, w);
	if (w->answer == AUTHORIZE_FOREIGN && fds[n].revents != 0)
		take_paste(w);
	return true;
}

static bool wait_for_code(struct wait *w, struct err *e)
{
	int64_t end = clock_in_s(VISIT_S);
	bool ok = true;

	w->answer = AUTHORIZE_FOREIGN;
	while (ok && w->answer == AUTHORIZE_FOREIGN)
		ok = wait_once(w, end, e);
	if (ok && w->answer == AUTHORIZE_FAILED) {
		*e = w->e;
		ok = false;
	}
	return ok;
}

/* ---- what the person sees -------------------------------------------------------------------------------------------- */

static void show(const struct wait *w, const char *url)
{
	bool hears = w->v->server != NULL;

	tell("Open this page in a browser%s%s:", w->l->user != NULL ? ", and log in as " : "",
	     w->l->user != NULL ? w->l->user : "");
	tell("%s", "");
	tell("    %s", url);
	tell("%s", "");
	if (w->v->browser && browser_open(url))
		tell("A browser was started with it.");
	if (w->paste.tty < 0) {
		if (hears)
			tell("There is no terminal into which an address could be pasted.  For a browser on another machine,"
			     " use ssh -t, or --port N and ssh -L.");
		return;
	}
	tell(hears ? "If the browser runs on another machine, its last page is an error.  Then copy the address of that page."
		   : "At the end, the browser is sent to a page that may be an error.  Copy the address of that page.");
	ask_paste();
}

static bool find_code(struct wait *w, struct err *e)
{
	struct buf url = buf_max(ST_CONFIG, URL_MAX, "the address of the page");
	bool ok = authorize_url(w->l, &w->a, w->v->uri, w->v->extra, &url, e);

	if (ok) {
		paste_open(&w->paste);
		show(w, buf_text(&url));
		ok = wait_for_code(w, e);
		paste_close(&w->paste);
	}
	buf_wipe(&url);
	return ok;
}

bool visit_login(struct visit *v, const struct login *l, struct http *h, struct tokens *t, int64_t *asked_at, struct err *e)
{
	struct wait w = { .l = l, .v = v, .paste.tty = -1 };
	struct refusal r = { 0 };
	bool ok = authorize_begin(&w.a, e) && find_code(&w, e);

	if (ok) {
		h->until = clock_in_s(EXCHANGE_S);
		*asked_at = time(NULL);
		ok = grant_code(l, h, w.code, w.a.verifier, v->uri, t, &r, e);
	}
	if (w.code != NULL)
		explicit_bzero(w.code, strlen(w.code));
	free(w.code);
	explicit_bzero(&w.a, sizeof w.a);
	return ok;
}

void visit_end(struct visit *v, bool logged_in)
{
	if (v->server != NULL)
		loopback_finish(v->server, logged_in);
	free(v->server);
	v->server = NULL;
}
