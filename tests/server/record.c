/* The files that a test reads: transcript, violations, messages, envelopes, statistics. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int transcript = -1, violations = -1;

void *must(void *p)
{
	if (p == NULL) {
		fputs("smarthost: out of memory\n", stderr);
		abort();
	}
	return p;
}

char *text_copy(const char *p, size_t n)
{
	char *copy = must(malloc(n + 1));

	memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

void bytes_add(struct bytes *b, const char *p, size_t n)
{
	if (b->len + n + 1 > b->cap) {
		b->cap = (b->len + n + 1) * 2;
		b->p = must(realloc(b->p, b->cap));
	}
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

static int open_log(const char *dir, const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0) {
		fprintf(stderr, "smarthost: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

void record_open(const char *dir)
{
	transcript = open_log(dir, "transcript");
	violations = open_log(dir, "violations");
}

/* One write per line, so that the lines of concurrent connections do not mix. */
static void put(int fd, const char *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t) n)
		fputs("smarthost: cannot write a log\n", stderr);
}

/* Control characters become \xHH; octets above 127 stay, so that a test can compare UTF-8. */
static void add_printable(struct bytes *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char) p[i];
		char hex[8];

		if (ch >= 32 && ch != 127) {
			bytes_add(b, p + i, 1);
		} else {
			snprintf(hex, sizeof(hex), "\\x%02X", (unsigned) ch);
			bytes_add(b, hex, strlen(hex));
		}
	}
}

void record_line(const struct conn *c, char who, const char *p, size_t n)
{
	struct bytes b = { 0 };
	char head[32];

	if (c->script->quiet)
		return;
	snprintf(head, sizeof(head), "%u %c: ", c->flight, who);
	bytes_add(&b, head, strlen(head));
	add_printable(&b, p, n > 2000 ? 2000 : n);
	if (n > 2000)
		bytes_add(&b, " ...", 4);
	bytes_add(&b, "\n", 1);
	put(transcript, b.p, b.len);
	free(b.p);
}

static void put_sentence(int fd, const char *head, const char *fmt, va_list ap)
{
	struct bytes b = { 0 };
	char text[1024];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	bytes_add(&b, head, strlen(head));
	add_printable(&b, text, n < (int) sizeof(text) ? (size_t) n : sizeof(text) - 1);
	bytes_add(&b, "\n", 1);
	put(fd, b.p, b.len);
	free(b.p);
}

void record_event(const struct conn *c, const char *fmt, ...)
{
	va_list ap;

	if (c->script->quiet)
		return;
	va_start(ap, fmt);
	put_sentence(transcript, "-- ", fmt, ap);
	va_end(ap);
}

void violation(const struct conn *c, const char *fmt, ...)
{
	char head[64];
	va_list ap;

	snprintf(head, sizeof(head), "connection %u, flight %u: ", c->number, c->flight);
	va_start(ap, fmt);
	put_sentence(violations, head, fmt, ap);
	va_end(ap);
}

static FILE *create(const char *dir, const char *name, unsigned number, char path[4096])
{
	FILE *f;

	snprintf(path, 4096, "%s/%s.%u", dir, name, number);
	f = fopen(path, "we");
	if (f == NULL) {
		fprintf(stderr, "smarthost: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return f;
}

static void put_envelope(const struct conn *c, FILE *f, const char *how)
{
	const struct mail *m = &c->mail;

	fprintf(f, "helo %s\n", c->helo);
	fprintf(f, "tls %s\n", c->tls_name[0] ? c->tls_name : "none");
	if (c->auth_mech != NULL)
		fprintf(f, "auth %s %s%s%s\n", c->auth_mech, c->authid, c->authzid[0] ? " " : "", c->authzid);
	fprintf(f, "mail <%s>%s%s\n", m->from, m->params[0] ? " " : "", m->params);
	for (const struct rcpt *r = m->rcpts; r != NULL; r = r->next)
		if (r->refused != NULL)
			fprintf(f, "refused <%s> %s\n", r->address, r->refused);
		else
			fprintf(f, "rcpt <%s>%s%s\n", r->address, r->params[0] ? " " : "", r->params);
	if (strcmp(how, "BDAT") == 0)
		fprintf(f, "body BDAT %u\n", c->body.chunks);
	else
		fprintf(f, "body %s\n", how);
	fprintf(f, "bytes %llu\n", c->body.octets);
}

/* The server accepts the message: gives it its number, and completes both files before the client gets the reply. */
void record_message(struct conn *c, const char *how)
{
	unsigned number = atomic_fetch_add(&c->shared->messages, 1) + 1;
	char path[4096], from[4096];
	FILE *env = create(c->dir, "env", number, path);

	put_envelope(c, env, how);
	fclose(env);
	if (c->body.file == NULL)
		return;
	fclose(c->body.file);
	c->body.file = NULL;
	snprintf(from, sizeof(from), "%s/incoming.%u", c->dir, c->number);
	snprintf(path, sizeof(path), "%s/msg.%u", c->dir, number);
	if (rename(from, path) < 0)
		fprintf(stderr, "smarthost: %s: %s\n", path, strerror(errno));
}

void record_stats(const char *dir, const struct shared *sh)
{
	char temp[4096], path[4096];
	FILE *f = create(dir, "stats.new", 0, temp);

	fprintf(f, "connections %u\n", atomic_load(&sh->connections));
	fprintf(f, "messages %u\n", atomic_load(&sh->messages));
	fprintf(f, "body_bytes %llu\n", atomic_load(&sh->body_bytes));
	fprintf(f, "client_bytes %llu\n", atomic_load(&sh->in_bytes));
	fprintf(f, "server_bytes %llu\n", atomic_load(&sh->out_bytes));
	fprintf(f, "reads %u\n", atomic_load(&sh->reads));
	fprintf(f, "tls_records %u\n", atomic_load(&sh->records));
	fclose(f);
	snprintf(path, sizeof(path), "%s/stats", dir);
	if (rename(temp, path) < 0)
		fprintf(stderr, "smarthost: %s: %s\n", path, strerror(errno));
}
