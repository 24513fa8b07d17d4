#include "secret/token.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "secret/advice.h"

enum {
	WORDS_MAX = 4096, /* bytes of what postern-oauth2 says */
	WARNINGS_MAX = 4, /* lines */
};

#define PROGRAM "postern-oauth2"

/* What an exit status of postern-oauth2 means, which follows there from err_exit_status(); and the hint, with the name of the
 * login, if it gave none. */
static const struct {
	int         status;
	enum stage  stage;
	enum fate   fate;
	const char *say, *hint;
} meanings[] = {
	{ EX_TEMPFAIL, ST_SECRET, FATE_TEMP, "gets no access token at the moment", PROGRAM " status" },
	{ EX_PROTOCOL, ST_SECRET, FATE_NONSENSE, "gets no access token, since its provider does not speak OAuth2",
	  PROGRAM " status" },
	{ EX_NOPERM, ST_SECRET, FATE_PERM, "gets no access token any more", PROGRAM " login" },
	{ EX_CONFIG, ST_CONFIG, FATE_PERM, "gets no access token as it is set up", PROGRAM " status" },
};

/* ---- the program --------------------------------------------------------------------------------- */

static bool beside_us(char to[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || slash == path)
		return false;
	*slash = '\0';
	return snprintf(to, PATH_MAX, "%s/%s", path, PROGRAM) < PATH_MAX && access(to, X_OK) == 0;
}

static bool find_program(char to[PATH_MAX], struct err *e)
{
	if (beside_us(to))
		return true;
	snprintf(to, PATH_MAX, "%s/%s", BINDIR, PROGRAM);
	if (access(to, X_OK) == 0)
		return true;
	fail_sys(e, ST_CONFIG, errno, "the program %s is missing, which gets access tokens", to);
	e->fate = FATE_PERM;
	return err_hint(e, "it is a part of postern: install it (a postern that was built --without-oauth2 has none)");
}

/* ---- what it says -------------------------------------------------------------------------------- */

/* Its words, without its name. */
static const char *words_of(const struct buf *words)
{
	const char *text = buf_text(words);

	return str_starts(text, PROGRAM ": ") ? text + strlen(PROGRAM ": ") : text;
}

#define HINT    "\nhint: "
#define WARNING PROGRAM ": warning: "

/* They are "postern-oauth2: sentence", further lines, and at the end lines with "hint: ...", which become one. */
static void take_words(const struct buf *words, struct err *e)
{
	const char *text = words_of(words), *first = strstr(text, HINT);
	char hint[sizeof e->hint] = "";
	size_t len = 0;

	err_quote(e, text, first != NULL ? (size_t)(first - text) : strlen(text));
	for (const char *at = first; at != NULL && len < sizeof hint; at = strstr(at, HINT)) {
		at += strlen(HINT);
		len += (size_t)snprintf(hint + len, sizeof hint - len, "%s%.*s", len > 0 ? "; " : "", (int)strcspn(at, "\n"), at);
	}
	err_hint(e, "%s", hint);
}

/* What it warns of while it prints a token. */
static void pass_warnings(const struct buf *words)
{
	const char *at = buf_text(words);

	for (int lines = 0; lines < WARNINGS_MAX && *at != '\0'; lines++) {
		at += str_starts(at, WARNING) ? strlen(WARNING) : 0;
		log_warn(PROGRAM ": %.*s", (int)strcspn(at, "\n"), at);
		at += strcspn(at, "\n");
		at += strspn(at, "\n");
	}
}

static bool fail_status(const char *name, int status, const struct buf *words, struct err *e)
{
	size_t i = 0;

	while (i < COUNT(meanings) && meanings[i].status != status)
		i++;
	if (i == COUNT(meanings)) {
		fail(e, ST_SECRET, FATE_TEMP, PROGRAM " failed with exit status %d for the login %s", status, name);
	} else {
		fail(e, meanings[i].stage, meanings[i].fate, "the login %s %s", name, meanings[i].say);
	}
	take_words(words, e);
	if (!advice_add(e, name) && e->hint[0] == '\0')
		err_hint(e, "%s %s", i == COUNT(meanings) ? PROGRAM " status" : meanings[i].hint, name);
	return false;
}

/* Takes the line end off. */
static bool check_answer(struct buf *answer, struct err *e)
{
	if (answer->len > 0 && answer->bytes[answer->len - 1] == '\n')
		answer->bytes[--answer->len] = '\0';
	return access_token_ok(buf_text(answer), answer->len)
	    || fail(e, ST_SECRET, FATE_TEMP, PROGRAM " has printed something that is no access token");
}

/* ---- a new one ----------------------------------------------------------------------------------- */

/* Who logs in, and until when, is in the file that postern-oauth2 has written.  Without it, the token is used all the same. */
static bool take_facts(const char *name, const struct buf *token, struct access *a, struct err *e)
{
	struct err unheard;
	bool found;

	access_free(a);
	if (!access_read(name, a, &found, &unheard) || !found || strcmp(a->token, buf_text(token)) != 0)
		a->obtained = a->expires = 0;
	if (a->token != NULL)
		explicit_bzero(a->token, strlen(a->token));
	free(a->token);
	a->token = str_dup(buf_text(token), e);
	a->machine = false;
	return a->token != NULL;
}

static bool run(const char *name, const char *digest, int64_t until, struct buf *answer, struct err *e)
{
	char path[PATH_MAX], command[] = "token", unlike[] = "--unlike", login[ACCESS_NAME_MAX + 1], of[ACCESS_DIGEST];
	char *argv[6] = { path, command };
	struct buf words = buf_max(ST_SECRET, WORDS_MAX, "the words of " PROGRAM);
	size_t n = 2;
	int status = 0;
	bool ok;

	snprintf(login, sizeof login, "%s", name);
	snprintf(of, sizeof of, "%s", digest != NULL ? digest : "");
	if (digest != NULL) {
		argv[n++] = unlike;
		argv[n++] = of;
	}
	argv[n] = login;
	ok = find_program(path, e)
	  && proc_run(argv, PROGRAM, ST_SECRET, until, &(struct proc_extra){ .words = &words, .status = &status, .gentle = true },
		      answer, e);
	if (ok && status != 0)
		ok = fail_status(name, status, &words, e);
	else if (ok)
		pass_warnings(&words);
	buf_free(&words);
	return ok;
}

static bool ask(const char *name, const char *digest, int64_t until, struct access *a, struct err *e)
{
	struct buf answer = buf_max(ST_SECRET, ACCESS_TOKEN_MAX + 2, "the access token");
	bool ok = run(name, digest, until, &answer, e) && check_answer(&answer, e) && take_facts(name, &answer, a, e);

	buf_wipe(&answer);
	return ok;
}

bool token_renew(const char *name, const char *refused, int64_t until, struct access *a, struct err *e)
{
	char digest[ACCESS_DIGEST];

	return access_digest(refused, digest, e) && ask(name, digest, until, a, e);
}

void token_tell(const char *name, const char *refused, int64_t until)
{
	struct access unused = { 0 };
	struct err unheard;

	(void)!token_renew(name, refused, until, &unused, &unheard);
	access_free(&unused);
}

bool token_blame_timer(const char *name, struct err *e)
{
	struct err was = *e;

	fail(e, was.stage, FATE_TEMP, "%s; " PROGRAM "@%s.timer renews the token of this machine's login", was.say, name);
	e->code = was.code;
	e->esc = was.esc;
	err_quote(e, was.quote, strlen(was.quote));
	return err_hint(e, "systemctl status " PROGRAM "@%s.service", name); /* it shows the last run, and the timer's state */
}

bool token_get(const char *name, int64_t until, struct access *a, bool *fresh, struct err *e)
{
	bool found = false;
	bool ok = access_read(name, a, &found, e);

	*fresh = false;
	if (!ok && (a->machine || e->fate != FATE_TEMP))
		return a->machine && e->fate == FATE_TEMP ? token_blame_timer(name, e) : false;
	if (ok && found && access_is_good(a, time(NULL), ACCESS_MARGIN_S))
		return true;
	if (a->machine) {
		fail(e, ST_SECRET, FATE_TEMP, "the access token of the login %s has expired", name);
		return token_blame_timer(name, e);
	}
	*fresh = true;
	return ask(name, NULL, until, a, e);
}
