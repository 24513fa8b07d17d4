#include "oauth2/loopback.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/str.h"

enum {
	BACKLOG = 16,
	FAREWELL_MS = 300, /* for the others that have asked while the code was exchanged */
	PORT_TRIES = 20,   /* for a port that is free in both families */
};

/* ---- the URI ------------------------------------------------------------------------------------------------------- */

static bool parse_port(const char *text, size_t len, unsigned *port)
{
	uint64_t n = 0;

	if (len > 0 && !str_number_n(text, len, 1, 65535, &n))
		return false;
	*port = (unsigned)n;
	return true;
}

bool loopback_uri(const char *uri, char host[16], unsigned *port, char path[256])
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	const char *from = uri + strlen("http://");

	if (!str_starts(uri, "http://"))
		return false;
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *rest = from + strlen(names[i]), *end = rest + strcspn(rest, "/");

		if (!str_starts(from, names[i]) || (*rest != '\0' && *rest != ':' && *rest != '/') || strpbrk(rest, "?#") != NULL)
			continue;
		*port = 0;
		snprintf(host, 16, "%s", names[i]);
		return (*rest != ':' || (end > rest + 1 && parse_port(rest + 1, (size_t)(end - rest - 1), port)))
		    && snprintf(path, 256, "%s", *end == '\0' ? "/" : end) < 256;
	}
	return false;
}

/* ---- listening ------------------------------------------------------------------------------------------------------ */

static int listen_at(int family, unsigned port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct sockaddr *at = family == AF_INET ? (const void *)&v4 : (const void *)&v6;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, why;

	if (fd < 0)
		return -1;
	if (port != 0) /* not with a free port, which could then be one that another program has just left */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, at, family == AF_INET ? sizeof v4 : sizeof v6) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static unsigned port_of(int fd)
{
	union {
		struct sockaddr     any;
		struct sockaddr_in  v4;
		struct sockaddr_in6 v6;
	} at = { .v6 = { .sin6_port = 0 } };
	socklen_t len = sizeof at;

	if (getsockname(fd, &at.any, &len) != 0)
		return 0;
	return ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
}

/* A machine without IPv6 has no ::1, so that no browser asks there. */
static bool has_no_family(int why)
{
	return why == EAFNOSUPPORT || why == EADDRNOTAVAIL || why == EPROTONOSUPPORT;
}

/* Both families with one port, since a browser may take either one for localhost. */
static bool listen_both(struct loopback *b, unsigned port)
{
	for (int n = 0; n < PORT_TRIES; n++) {
		b->listen[0] = listen_at(AF_INET, port);
		if (b->listen[0] < 0)
			return false;
		b->listen[1] = listen_at(AF_INET6, port_of(b->listen[0]));
		if (b->listen[1] >= 0 || has_no_family(errno))
			return true;
		close(b->listen[0]);
		b->listen[0] = -1;
		if (port != 0)
			return false;
	}
	return false;
}

bool loopback_open(struct loopback *b, const char *host, unsigned port, const char *path, struct err *e)
{
	bool both = strcmp(host, "localhost") == 0;

	b->listen[0] = b->listen[1] = b->winner = -1;
	for (size_t i = 0; i < LOOPBACK_GUESTS; i++)
		b->guests[i].fd = -1;
	snprintf(b->path, sizeof b->path, "%s", path);
	if (!both)
		b->listen[0] = listen_at(host[0] == '[' ? AF_INET6 : AF_INET, port);
	if (both ? listen_both(b, port) : b->listen[0] >= 0) {
		b->port = port_of(b->listen[0]);
		return true;
	}
	fail_sys(e, errno == EADDRINUSE || errno == EACCES ? ST_CONFIG : ST_INTERNAL, errno, "cannot listen on %s, port %u",
		 host, port);
	if (e->stage == ST_CONFIG) {
		e->fate = FATE_PERM;
		return err_hint(e, "--port N takes another port; --paste needs none");
	}
	return false;
}

void loopback_fds(const struct loopback *b, struct pollfd fds[LOOPBACK_FDS])
{
	for (size_t i = 0; i < LOOPBACK_LISTEN; i++)
		fds[i] = (struct pollfd){ .fd = b->listen[i], .events = POLLIN };
	for (size_t i = 0; i < LOOPBACK_GUESTS; i++)
		fds[LOOPBACK_LISTEN + i] = (struct pollfd){ .fd = b->guests[i].fd, .events = POLLIN };
}

int64_t loopback_until(const struct loopback *b)
{
	int64_t until = CLOCK_NEVER;

	for (size_t i = 0; i < LOOPBACK_GUESTS; i++)
		if (b->guests[i].fd >= 0)
			until = clock_sooner(until, b->guests[i].until);
	return until;
}

/* ---- what a request gets -------------------------------------------------------------------------------------------- */

enum page { PAGE_DONE, PAGE_FAILED, PAGE_USED, PAGE_BAD, PAGE_NONE, PAGE_METHOD, PAGE_LATE, PAGE_LARGE };

static const struct {
	const char *status, *title, *text;
} pages[] = {
	[PAGE_DONE]   = { "200 OK", "Logged in", "postern-oauth2 has the login.  You can close this page." },
	[PAGE_FAILED] = { "200 OK", "Not logged in", "The login has failed."
						     "  The terminal in which postern-oauth2 runs says why." },
	[PAGE_USED]   = { "400 Bad Request", "Used already", "This login is over."
							     "  The terminal in which postern-oauth2 runs says how it ended." },
	[PAGE_BAD]    = { "400 Bad Request", "Not this login", "This address does not belong to the login"
							       " that postern-oauth2 waits for."
							       "  Open the address that it shows in the terminal." },
	[PAGE_NONE]   = { "404 Not Found", "Not found", "There is no such page." },
	[PAGE_METHOD] = { "405 Method Not Allowed", "Not allowed", "Only GET is answered here." },
	[PAGE_LATE]   = { "408 Request Timeout", "Too late", "The request did not come in time." },
	[PAGE_LARGE]  = { "431 Request Header Fields Too Large", "Too large", "The request is too large." },
};

/* It is short enough for the socket's buffer, so that it needs no wait.  An answer to HEAD has no body (RFC 9110 9.3.2). */
static void send_page(int fd, enum page page, bool body)
{
	char html[600], text[1200];
	int n = snprintf(html, sizeof html,
			 "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title></head>\n"
			 "<body><h1>%s</h1><p>%s</p></body></html>\n",
			 pages[page].title, pages[page].title, pages[page].text);

	n = snprintf(text, sizeof text,
		     "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n%s"
		     "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
		     "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nConnection: close\r\n\r\n%s",
		     pages[page].status, n, page == PAGE_METHOD ? "Allow: GET\r\n" : "", body ? html : "");
	(void)send(fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
}

/* The value of the Host field of a head whose lines end with CRLF or LF; NULL: there is none, or there are two. */
static const char *host_field(const char *head, size_t *len)
{
	const char *found = NULL;

	for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line, '\n')) {
		const char *value = ++line + strlen("Host:");

		if (strlen(line) < strlen("Host:") || !str_same_n(line, strlen("Host:"), "Host:"))
			continue;
		if (found != NULL)
			return NULL;
		found = value + strspn(value, " \t");
		*len = strcspn(found, " \t\r\n");
	}
	return found;
}

/* Another name for our address can be a web page's trick (DNS rebinding). */
static bool host_is_ours(const struct loopback *b, const char *head)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	size_t len = 0;
	const char *host = host_field(head, &len);

	for (size_t i = 0; host != NULL && i < COUNT(names); i++) {
		char whole[32];

		snprintf(whole, sizeof whole, "%s:%u", names[i], b->port);
		if (str_same_n(host, len, whole) || (b->port == 80 && str_same_n(host, len, names[i])))
			return true;
	}
	return false;
}

/* "GET /path?query HTTP/1.1": cuts the line into its words. */
static bool cut_line(char *head, char **method, char **target)
{
	char *end = strpbrk(head, "\r\n"), *blank = strchr(head, ' '), *second;

	*method = head;
	if (end == NULL || blank == NULL || blank > end)
		return false;
	second = strchr(blank + 1, ' ');
	if (second == NULL || second > end || !str_starts(second + 1, "HTTP/1."))
		return false;
	*target = blank + 1;
	*blank = *second = '\0';
	return true;
}

/* *query: what stands behind the path.  PAGE_DONE: the caller may have it. */
static enum page judge(const struct loopback *b, char *head, const char **query, bool *is_head)
{
	bool ours = host_is_ours(b, head);
	char *method, *target, *mark;

	*is_head = str_starts(head, "HEAD ");
	if (!cut_line(head, &method, &target) || !ours)
		return PAGE_BAD;
	if (strcmp(method, "GET") != 0)
		return PAGE_METHOD;
	mark = strchr(target, '?');
	if (mark != NULL)
		*mark++ = '\0';
	*query = mark != NULL ? mark : "";
	return strcmp(target, b->path) == 0 ? PAGE_DONE : PAGE_NONE;
}

/* ---- connections ------------------------------------------------------------------------------------------------------ */

static void end_guest(struct loopback_guest *g)
{
	if (g->fd >= 0)
		close(g->fd);
	explicit_bzero(g->head, g->len);
	g->fd = -1;
	g->len = 0;
}

static void dismiss(struct loopback_guest *g, enum page page)
{
	send_page(g->fd, page, true);
	end_guest(g);
}

static struct loopback_guest *place_for_guest(struct loopback *b)
{
	struct loopback_guest *oldest = &b->guests[0];

	for (size_t i = 0; i < LOOPBACK_GUESTS; i++) {
		if (b->guests[i].fd < 0)
			return &b->guests[i];
		if (b->guests[i].until < oldest->until)
			oldest = &b->guests[i];
	}
	end_guest(oldest);
	return oldest;
}

static void welcome(struct loopback *b, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		struct loopback_guest *g = place_for_guest(b);

		g->fd = fd;
		g->until = clock_in_s(LOOPBACK_GUEST_S);
	}
}

/* Reads what is there.  True: the head is whole. */
static bool read_head(struct loopback_guest *g)
{
	ssize_t n = read(g->fd, g->head + g->len, LOOPBACK_HEAD_MAX - g->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0 || memchr(g->head + g->len, '\0', (size_t)n) != NULL) {
		end_guest(g);
		return false;
	}
	g->len += (size_t)n;
	g->head[g->len] = '\0';
	if (strstr(g->head, "\r\n\r\n") != NULL || strstr(g->head, "\n\n") != NULL)
		return true;
	if (g->len == LOOPBACK_HEAD_MAX)
		dismiss(g, PAGE_LARGE);
	return false;
}

/* True: this request ends the wait. */
static bool serve_guest(struct loopback *b, struct loopback_guest *g, loopback_takes takes, void *ctx)
{
	const char *query = NULL;
	bool is_head = false;
	enum page page;

	if (!read_head(g))
		return false;
	page = judge(b, g->head, &query, &is_head);
	if (page == PAGE_DONE && takes == NULL)
		page = PAGE_USED;
	else if (page == PAGE_DONE && !takes(ctx, query))
		page = PAGE_BAD;
	if (page == PAGE_DONE) {
		b->winner = g->fd;
		g->fd = -1;
	} else {
		send_page(g->fd, page, !is_head);
	}
	end_guest(g);
	return page == PAGE_DONE;
}

bool loopback_serve(struct loopback *b, const struct pollfd fds[LOOPBACK_FDS], loopback_takes takes, void *ctx)
{
	for (size_t i = 0; i < LOOPBACK_GUESTS; i++) {
		struct loopback_guest *g = &b->guests[i];

		if (g->fd < 0)
			continue;
		if (fds[LOOPBACK_LISTEN + i].revents != 0 && serve_guest(b, g, takes, ctx))
			return true;
		if (g->fd >= 0 && clock_passed(g->until))
			dismiss(g, PAGE_LATE);
	}
	/* last: fds[] does not know those that come now */
	for (size_t i = 0; i < LOOPBACK_LISTEN; i++)
		if (b->listen[i] >= 0 && fds[i].revents != 0)
			welcome(b, b->listen[i]);
	return false;
}

void loopback_finish(struct loopback *b, bool logged_in)
{
	int64_t until = clock_ms() + FAREWELL_MS;
	struct pollfd fds[LOOPBACK_FDS];

	if (b->winner >= 0)
		send_page(b->winner, logged_in ? PAGE_DONE : PAGE_FAILED, true);
	do {
		loopback_fds(b, fds);
		if (descriptor_wait_any(fds, LOOPBACK_FDS, until) != IO_DONE)
			break;
		(void)loopback_serve(b, fds, NULL, NULL);
	} while (!clock_passed(until));
	loopback_close(b);
}

void loopback_close(struct loopback *b)
{
	for (size_t i = 0; i < LOOPBACK_LISTEN; i++)
		if (b->listen[i] >= 0)
			close(b->listen[i]);
	for (size_t i = 0; i < LOOPBACK_GUESTS; i++)
		end_guest(&b->guests[i]);
	if (b->winner >= 0)
		close(b->winner);
	b->listen[0] = b->listen[1] = b->winner = -1;
}
