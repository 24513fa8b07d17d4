/* The script: one directive per line, one row per directive.  An error in it ends the server at once with status 2. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *script_path;
static unsigned script_line;

static void refuse(const char *fmt, ...) __attribute__((noreturn)) PRINTF(1, 2);

static void refuse(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", script_path, script_line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

struct directive {
	const char *name;
	void (*take)(struct script *s, const struct directive *d, char *args);
	size_t at;	/* offset of the field */
	int arg;	/* an argument for `take` */
};

static char *word(char **args)
{
	char *start = *args + strspn(*args, " \t");
	size_t n = strcspn(start, " \t");

	*args = start + n;
	if (**args != '\0')
		*(*args)++ = '\0';
	*args += strspn(*args, " \t");
	return start;
}

static unsigned long long number(const char *p, unsigned long long max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(p, &end, 10);
	if (end == p || *end != '\0' || *p == '-' || errno != 0 || n > max)
		refuse("'%s' is not a number up to %llu", p, max);
	return n;
}

/* Knows \r \n \t \0 \xHH \\, and \c at the end, which means that no CRLF is added. */
static struct text unescape(const char *p)
{
	struct bytes b = { 0 };

	for (; *p != '\0'; p++) {
		static const char from[] = "rnt0\\", to[] = "\r\n\t\0\\";
		const char *at;
		char ch = *p;

		if (ch == '\\') {
			p++;
			if (*p == 'c' && p[1] == '\0') {
				bytes_add(&b, "", 0);
				return (struct text) { b.p, b.len };
			}
			at = *p != '\0' ? strchr(from, *p) : NULL;
			if (at != NULL) {
				ch = to[at - from];
			} else if (*p == 'x' && isxdigit((unsigned char) p[1]) && isxdigit((unsigned char) p[2])) {
				char hex[3] = { p[1], p[2], '\0' };

				ch = (char) strtoul(hex, NULL, 16);
				p += 2;
			} else {
				refuse("unknown escape in a text");
			}
		}
		bytes_add(&b, &ch, 1);
	}
	bytes_add(&b, "\r\n", 2);
	return (struct text) { b.p, b.len };
}

/* Fields are found by offset and set by memcpy(), because the table does not know their types. */
static void *field(struct script *s, const struct directive *d) { return (void *) ((char *) s + d->at); }

static void take_flag(struct script *s, const struct directive *d, char *args)
{
	bool on = strcmp(args, "off") != 0;

	if (*args != '\0' && strcmp(args, "on") != 0 && on)
		refuse("%s takes nothing, on or off", d->name);
	memcpy(field(s, d), &on, sizeof(on));
}

static void take_number(struct script *s, const struct directive *d, char *args)
{
	unsigned n = (unsigned) number(args, 1000000000);

	memcpy(field(s, d), &n, sizeof(n));
}

static void take_octets(struct script *s, const struct directive *d, char *args)
{
	long long n = (long long) number(args, 1000000000000ULL);

	memcpy(field(s, d), &n, sizeof(n));
}

static void take_string(struct script *s, const struct directive *d, char *args)
{
	char *copy = must(strdup(args));

	if (d->arg != 0 && *args == '\0')
		refuse("%s wants a value", d->name);
	memcpy(field(s, d), &copy, sizeof(copy));
}

static void take_text(struct script *s, const struct directive *d, char *args)
{
	struct text t = unescape(args);

	memcpy(field(s, d), &t, sizeof(t));
}

static int choice(const struct directive *d, const char *value, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	refuse("%s does not know '%s'", d->name, value);
}

static void take_tls(struct script *s, const struct directive *d, char *args)
{
	static const char *const names[] = { "starttls", "none", "implicit", NULL };

	s->tls = (enum tls_mode) choice(d, args, names);
}

static void take_scram_bad(struct script *s, const struct directive *d, char *args)
{
	static const char *const names[] = { "no", "nonce", "signature", "proof", "missing", NULL };

	s->scram_bad = (enum scram_fault) choice(d, args, names);
}

static void take_garbage(struct script *s, const struct directive *d, char *args)
{
	static const char *const names[] = { "TLS", NULL };

	s->garbage_tls = choice(d, args, names) == 0;
}

static void take_client_cert(struct script *s, const struct directive *d, char *args)
{
	static const char *const names[] = { "", "require", NULL };

	s->request_cert = true;
	s->require_cert = choice(d, args, names) == 1;
}

static void take_offer(struct script *s, const struct directive *d, char *args)
{
	struct offer *o = &s->offers[s->offer_count];

	if (s->offer_count++ == MAX_CAPS || *args == '\0')
		refuse("too many offers, or an empty one");
	*o = (struct offer) { .phase = (enum phase) (d->arg & 3), .words = must(strdup(args)) };
	o->hide = (d->arg & 4) != 0;
	o->raw = (d->arg & 8) != 0;
}

static void take_listen(struct script *s, const struct directive *d, char *args)
{
	if (s->listen_count == MAX_LISTEN || *args == '\0')
		refuse("%s: too many addresses, or none", d->name);
	s->listen[s->listen_count++] = must(strdup(args));
}

static void take_slow_read(struct script *s, const struct directive *d, char *args)
{
	s->slow_bytes = (unsigned) number(word(&args), 65536);
	s->slow_ms = (unsigned) number(args, 600000);
	if (s->slow_bytes == 0)
		refuse("%s of nothing", d->name);
}

static void take_limits(struct script *s, const struct directive *d, char *args)
{
	char *at;

	take_string(s, d, args);
	if ((at = strcasestr(args, "RCPTMAX=")) != NULL)
		s->rcpt_limit = (unsigned) strtoul(at + 8, NULL, 10);
	if ((at = strcasestr(args, "MAILMAX=")) != NULL)
		s->mail_limit = (unsigned) strtoul(at + 8, NULL, 10);
}

/* VERB[:GLOB][#N], or BODY@OCTETS */
static void take_selector(struct rule *r, char *selector)
{
	size_t n = strcspn(selector, ":#@");
	char *hash = strrchr(selector, '#');

	r->verb = verb_named(selector, n);
	if (r->verb == V_NONE)
		refuse("unknown verb '%.*s'", (int) n, selector);
	if (hash != NULL && hash[1] != '\0' && strspn(hash + 1, "0123456789") == strlen(hash + 1)) {
		r->nth = (unsigned) number(hash + 1, 1000000);
		*hash = '\0';
	}
	if (selector[n] == ':')
		r->glob = must(strdup(selector + n + 1));
	if (selector[n] == '@')
		r->at = (size_t) number(selector + n + 1, 1000000000000ULL);
	if ((selector[n] == '@') != (r->verb == V_BODY && r->kind == R_DROP))
		refuse("BODY@OCTETS goes with drop, and with nothing else");
}

static void take_rule(struct script *s, const struct directive *d, char *args)
{
	static const char *const ways[] = { "close", "reset", "silence", "half", NULL };
	struct rule *r = &s->rules[s->rule_count];

	if (s->rule_count++ == MAX_RULES)
		refuse("too many rules");
	*r = (struct rule) { .kind = (enum rule_kind) d->arg };
	if (r->kind == R_FLOOD && isdigit((unsigned char) *args))
		r->verb = V_EHLO;
	else
		take_selector(r, word(&args));
	if (r->kind == R_REPLY)
		r->text = unescape(args);
	else if (r->kind == R_DROP)
		r->number = (unsigned) choice(d, args, ways);
	else if (r->kind != R_ENDLESS)
		r->number = (unsigned) number(args, 1000000000);
	else if (*args != '\0')
		refuse("endless takes a verb only");
}

#define FIELD(name) offsetof(struct script, name)

/* Alphabetical. */
static const struct directive directives[] = {
	{ "auth_clear", take_flag, FIELD(auth_clear), 0 },
	{ "auth_mechs", take_string, FIELD(auth_mechs), 1 },
	{ "auth_prompt", take_string, FIELD(auth_prompt), 0 },
	{ "cert", take_string, FIELD(cert), 1 },
	{ "delay", take_rule, 0, R_DELAY },
	{ "discard", take_flag, FIELD(discard), 0 },
	{ "drip", take_rule, 0, R_DRIP },
	{ "drop", take_rule, 0, R_DROP },
	{ "early", take_text, FIELD(early), 0 },
	{ "ehlo_line", take_offer, 0, PHASE_ALL | 8 },
	{ "ehlo_only", take_string, FIELD(ehlo_only), 0 },
	{ "endless", take_rule, 0, R_ENDLESS },
	{ "flood", take_rule, 0, R_FLOOD },
	{ "garbage", take_garbage, 0, 0 },
	{ "gather", take_rule, 0, R_GATHER },
	{ "hide", take_offer, 0, PHASE_ALL | 4 },
	{ "hide_auth", take_offer, 0, PHASE_AUTH | 4 },
	{ "hide_clear", take_offer, 0, PHASE_CLEAR | 4 },
	{ "hide_tls", take_offer, 0, PHASE_TLS | 4 },
	{ "inject", take_text, FIELD(inject), 0 },
	{ "limits", take_limits, FIELD(limits), 1 },
	{ "listen", take_listen, 0, 0 },
	{ "lmtp", take_flag, FIELD(lmtp), 0 },
	{ "longline", take_rule, 0, R_LONGLINE },
	{ "max_connections", take_number, FIELD(max_connections), 0 },
	{ "no_close_notify", take_flag, FIELD(no_close_notify), 0 },
	{ "no_transcript", take_flag, FIELD(quiet), 0 },
	{ "oauth_error", take_string, FIELD(oauth_error), 0 },
	{ "offer", take_offer, 0, PHASE_ALL },
	{ "offer_auth", take_offer, 0, PHASE_AUTH },
	{ "offer_clear", take_offer, 0, PHASE_CLEAR },
	{ "offer_tls", take_offer, 0, PHASE_TLS },
	{ "password", take_string, FIELD(password), 0 },
	{ "plaintext_on_tls", take_flag, FIELD(plaintext_on_tls), 0 },
	{ "rcptmax", take_number, FIELD(rcptmax), 0 },
	{ "reply", take_rule, 0, R_REPLY },
	{ "request_client_cert", take_client_cert, 0, 0 },
	{ "require_auth", take_flag, FIELD(require_auth), 0 },
	{ "rtt", take_number, FIELD(rtt), 0 },
	{ "scram_bad", take_scram_bad, 0, 0 },
	{ "scram_iterations", take_string, FIELD(iterations), 1 },
	{ "second_mail", take_text, FIELD(second_mail), 0 },
	{ "size", take_octets, FIELD(size), 0 },
	{ "slow_read", take_slow_read, 0, 0 },
	{ "smtps_greeting_early", take_flag, FIELD(greeting_before_tls), 0 },
	{ "split", take_number, FIELD(split), 0 },
	{ "stop_reading", take_octets, FIELD(stop_reading), 0 },
	{ "tls", take_tls, 0, 0 },
	{ "tls_alerts", take_number, FIELD(tls_alerts), 0 },
	{ "tls_priority", take_string, FIELD(tls_priority), 1 },
	{ "tls_raw", take_text, FIELD(tls_raw), 0 },
	{ "tls_rekey", take_flag, FIELD(rekey), 0 },
	{ "tls_spoil", take_text, FIELD(tls_spoil), 0 },
	{ "tls_versions", take_string, FIELD(tls_versions), 1 },
	{ "token", take_string, FIELD(token), 0 },
	{ "user", take_string, FIELD(user), 0 },
	{ "xoauth_fail", take_flag, FIELD(xoauth_fail), 0 },
};

void script_default(struct script *s)
{
	static char good[] = "good", user[] = "user", secret[] = "secret", token[] = "token";
	static char mechs[] = "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN LOGIN";

	*s = (struct script) { .cert = good, .user = user, .password = secret, .token = token, .auth_mechs = mechs };
	s->size = 104857600;
	s->stop_reading = -1;
}

static void obey(struct script *s, char *line)
{
	char *name = word(&line);

	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (strcmp(name, directives[i].name) == 0) {
			directives[i].take(s, &directives[i], line);
			return;
		}
	refuse("unknown directive '%s'", name);
}

/* A blank at the end of a line must be written as \x20.  A `#` begins a comment only at the start of a line. */
void script_read(struct script *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	script_path = path;
	if (f == NULL)
		refuse("%s", strerror(errno));
	while ((n = getline(&line, &cap, f)) >= 0) {
		char *start = line + strspn(line, " \t");

		script_line++;
		while (n > 0 && strchr(" \t\r\n", line[n - 1]) != NULL)
			line[--n] = '\0';
		if (*start != '\0' && *start != '#')
			obey(s, start);
	}
	free(line);
	fclose(f);
}
