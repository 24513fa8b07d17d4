/*
 * ask.c - one request by oauth2/http, for tests/oauth2-http.bats: `ask [OPTION...] URL`.
 *
 *	--trust FILE, --insecure, --again, --seconds N, --form NAME=VALUE, --json TEXT, --basic ID:SECRET, --bearer TOKEN
 *
 * Prints "STATUS TYPE RETRY-AFTER LENGTH" and the body if it is short; or the error and its hint on standard error, with the exit
 * status of the error.
 */
#include "oauth2/http.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/signals.h"

enum { SHOWN = 200 /* bytes of a body */ };

struct ask {
	struct http         h;
	struct http_request q;
	struct buf          form, json;
};

static bool take(struct ask *k, const char *name, char *value, struct err *e)
{
	char *rest = strchr(value, strcmp(name, "--basic") == 0 ? ':' : '=');

	if (strcmp(name, "--trust") == 0)
		k->h.trust_file = value;
	else if (strcmp(name, "--seconds") == 0)
		k->h.until = clock_in_s((unsigned)strtoul(value, NULL, 10));
	else if (strcmp(name, "--json") == 0)
		return buf_str(&k->json, value, e);
	else if (strcmp(name, "--bearer") == 0)
		k->q.bearer = value;
	else if (rest == NULL)
		return fail(e, ST_USAGE, FATE_PERM, "what is %s %s?", name, value);
	else {
		*rest++ = '\0';
		if (strcmp(name, "--form") == 0)
			return http_form_add(&k->form, value, rest, e);
		k->q.id = value;
		k->q.secret = rest;
	}
	return true;
}

static bool ask(int argc, char **argv, struct ask *k, struct http_answer *a, struct err *e)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--insecure") == 0)
			k->h.insecure = true;
		else if (strcmp(argv[i], "--again") == 0)
			k->q.again = true;
		else if (!take(k, argv[i], argv[i + 1], e))
			return false;
		else
			i++;
	}
	k->q.url = argv[argc - 1];
	k->q.form = k->form.len > 0 ? &k->form : NULL;
	k->q.json = k->json.len > 0 ? &k->json : NULL;
	return http_ask(&k->h, &k->q, a, e);
}

int main(int argc, char **argv)
{
	struct ask k = { .h.until = clock_in_s(60), .form = buf_max(ST_USAGE, HTTP_BODY_MAX, "the form"),
			 .json = buf_max(ST_USAGE, HTTP_BODY_MAX, "the text") };
	struct http_answer a = { .status = 0 };
	char text[ERR_TEXT];
	struct err e;
	int status = 0;

	signals_catch();
	if (ask(argc, argv, &k, &a, &e)) {
		printf("%d %s %u %zu\n", a.status, a.type[0] == '\0' ? "-" : a.type, a.retry_after, a.body.len);
		if (a.body.len <= SHOWN)
			printf("%s\n", buf_text(&a.body));
	} else {
		status = err_exit_status(&e);
		fprintf(stderr, "%s\nhint: %s\n", err_text(&e, text), e.hint);
	}
	http_answer_free(&a);
	buf_wipe(&k.form);
	buf_wipe(&k.json);
	return status;
}
