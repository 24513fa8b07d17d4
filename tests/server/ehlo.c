/* The extensions that the server offers before TLS, in TLS, and after AUTH. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct list {
	char *words[MAX_CAPS];
	size_t count;
};

/* Is `keyword` the first word of `line`? */
static bool names(const char *line, const char *keyword, size_t n)
{
	return strcspn(line, " ") == n && strncasecmp(line, keyword, n) == 0;
}

static void list_remove(struct list *l, const char *words)
{
	size_t n = strcspn(words, " "), kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (names(l->words[i], words, n))
			free(l->words[i]);
		else
			l->words[kept++] = l->words[i];
	}
	l->count = kept;
}

static void list_append(struct list *l, const char *words)
{
	if (l->count < MAX_CAPS)
		l->words[l->count++] = must(strdup(words));
}

/* Replaces an earlier line with the same keyword, or appends one. */
static void list_set(struct list *l, const char *words)
{
	for (size_t i = 0; i < l->count; i++)
		if (names(l->words[i], words, strcspn(words, " "))) {
			free(l->words[i]);
			l->words[i] = must(strdup(words));
			return;
		}
	list_append(l, words);
}

/* Without TLS a -PLUS mechanism has no channel to bind to. */
static void list_auth(struct list *l, const char *mechs, bool plus)
{
	struct bytes b = { 0 };

	bytes_add(&b, "AUTH", 4);
	while (*(mechs += strspn(mechs, " ,")) != '\0') {
		size_t n = strcspn(mechs, " ,");

		if (plus || n < 5 || strncasecmp(mechs + n - 5, "-PLUS", 5) != 0) {
			bytes_add(&b, " ", 1);
			bytes_add(&b, mechs, n);
		}
		mechs += n;
	}
	list_set(l, b.p);
	free(b.p);
}

static void list_default(const struct conn *c, struct list *l)
{
	static const char *const always[] = {
		"PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "DSN",
	};
	const struct script *s = c->script;
	char words[512];

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		list_append(l, always[i]);
		if (i == 0) {
			snprintf(words, sizeof(words), "SIZE %lld", s->size);
			list_append(l, words);
		}
	}
	if (s->limits != NULL) {
		snprintf(words, sizeof(words), "LIMITS %s", s->limits);
		list_append(l, words);
	}
	if (s->tls == TLS_STARTTLS && c->tls == NULL)
		list_append(l, "STARTTLS");
	if (c->tls != NULL || s->auth_clear)
		list_auth(l, s->auth_mechs, c->tls != NULL);
}

/* ehlo_only: keywords, each with its arguments, separated by commas. */
static void list_only(struct list *l, const char *only)
{
	while (*(only += strspn(only, " ,")) != '\0') {
		size_t n = strcspn(only, ",");
		char *words = text_copy(only, n);

		list_append(l, words);
		free(words);
		only += n;
	}
}

static void list_script(const struct conn *c, struct list *l)
{
	enum phase now = c->auth_mech != NULL ? PHASE_AUTH : c->tls != NULL ? PHASE_TLS : PHASE_CLEAR;

	for (size_t i = 0; i < c->script->offer_count; i++) {
		const struct offer *o = &c->script->offers[i];

		if (o->phase != PHASE_ALL && o->phase != now && !(o->phase == PHASE_TLS && c->tls != NULL))
			continue;
		if (o->hide)
			list_remove(l, o->words);
		else if (o->raw)
			list_append(l, o->words);
		else
			list_set(l, o->words);
	}
}

void ehlo_compose(struct conn *c, const char *name, struct bytes *out)
{
	struct list l = { .count = 0 };

	if (c->script->ehlo_only != NULL)
		list_only(&l, c->script->ehlo_only);
	else
		list_default(c, &l);
	list_script(c, &l);
	bytes_add(out, l.count > 0 ? "250-" : "250 ", 4);
	bytes_add(out, "smarthost.test greets ", 22);
	bytes_add(out, name, strlen(name));
	bytes_add(out, "\r\n", 2);
	for (size_t i = 0; i < l.count; i++) {
		bytes_add(out, i + 1 < l.count ? "250-" : "250 ", 4);
		bytes_add(out, l.words[i], strlen(l.words[i]));
		bytes_add(out, "\r\n", 2);
		free(l.words[i]);
	}
}

void ehlo_forget(struct conn *c)
{
	for (size_t i = 0; i < c->cap_count; i++)
		free(c->caps[i]);
	c->cap_count = 0;
}

/* The client may use whatever EHLO's reply offered, even if the script wrote it.  So the reply itself is parsed. */
void ehlo_learn(struct conn *c, const char *reply, size_t len)
{
	const char *end = reply + len;
	bool first = true;

	ehlo_forget(c);
	while (reply < end) {
		const char *lf = memchr(reply, '\n', (size_t) (end - reply));
		size_t n = lf != NULL ? (size_t) (lf - reply) : (size_t) (end - reply);
		size_t text = n;

		if (text > 0 && reply[text - 1] == '\r')
			text--;
		if (!first && text > 4 && c->cap_count < MAX_CAPS)
			c->caps[c->cap_count++] = text_copy(reply + 4, text - 4);
		first = false;
		reply += n + (lf != NULL);
	}
}

/* The arguments of a keyword that the last EHLO offered ("" without arguments); NULL if it did not. */
const char *ehlo_offered(const struct conn *c, const char *keyword)
{
	for (size_t i = 0; i < c->cap_count; i++)
		if (names(c->caps[i], keyword, strlen(keyword)))
			return c->caps[i] + strlen(keyword) + (c->caps[i][strlen(keyword)] == ' ');
	return NULL;
}
