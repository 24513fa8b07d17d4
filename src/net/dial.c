#include "net/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/peer.h"
#include "base/signals.h"
#include "base/steps.h"
#include "net/resolve.h"

#define SERVICE_SOCKET RUNSTATEDIR "/postern/smtp"

enum {
	STAGGER_MS = 250, /* RFC 8305 5: the recommended Connection Attempt Delay */
	BACKLOG_MS = 50,  /* between two attempts at a unix socket with a full backlog */
};

enum attempt_state { WAITING, TRYING, FAILED };

struct attempt {
	int                fd;
	enum attempt_state state;
	int                why; /* if it failed: errno */
};

struct race {
	const struct addrs *to; /* borrowed */
	struct addr         from; /* len 0: any */
	struct attempt      tries[ADDRS_MAX];
	size_t              started, trying;
	int64_t             next; /* when the next attempt starts, even if none has failed */
};

static void name_peer(const struct addr *a, char *to, size_t room)
{
	if (getnameinfo(&a->at.any, a->len, to, (socklen_t)room, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(to, room, "?");
}

/* ---- the race ---- */

static int bind_source(const struct race *r, int fd, int family)
{
	if (r->from.len == 0)
		return 0;
	if (r->from.at.any.sa_family != family)
		return EAFNOSUPPORT;
	return bind(fd, &r->from.at.any, r->from.len) == 0 ? 0 : errno;
}

/* Starts an attempt.  0: it is under way, or connected already; else errno. */
static int begin(struct race *r, const struct addr *a, int *fd)
{
	int one = 1, why;

	*fd = socket(a->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return errno;
	(void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* we write whole flights: Nagle would only delay */
	why = bind_source(r, *fd, a->at.any.sa_family);
	if (why == 0 && connect(*fd, &a->at.any, a->len) != 0)
		why = errno == EINPROGRESS || errno == EINTR ? 0 : errno;
	if (why != 0)
		close(*fd);
	return why;
}

/* For --check; ECANCELED: another address was faster. */
static void tell_loss(const struct race *r, const struct attempt *t, int why)
{
	char peer[64];

	if (!steps_on() || why == ECANCELED)
		return;
	name_peer(&r->to->a[t - r->tries], peer, sizeof peer);
	step_failed(ST_CONNECT, "%s: %s", peer, strerror(why));
}

static void lose(struct race *r, struct attempt *t, int why)
{
	tell_loss(r, t, why);
	if (t->state == TRYING) {
		close(t->fd);
		r->trying--;
	}
	t->state = FAILED;
	t->why = why;
	r->next = 0; /* the next attempt starts at once */
}

static void start_next(struct race *r)
{
	struct attempt *t = &r->tries[r->started];
	int why = begin(r, &r->to->a[r->started], &t->fd);

	r->started++;
	r->next = clock_ms() + STAGGER_MS;
	if (why != 0) {
		lose(r, t, why);
		return;
	}
	t->state = TRYING;
	r->trying++;
}

/* If the server's port is an ephemeral one of this machine and closed, the kernel may give it to our socket: TCP then connects
 * the socket to itself. */
static bool is_self(int fd)
{
	struct addr a = { .len = sizeof a.at }, b = { .len = sizeof b.at };

	return getsockname(fd, &a.at.any, &a.len) == 0 && getpeername(fd, &b.at.any, &b.len) == 0
	    && a.len == b.len && memcmp(&a.at, &b.at, a.len) == 0;
}

static bool arrived(struct race *r, struct attempt *t)
{
	int why = 0;
	socklen_t len = sizeof why;

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0)
		why = errno;
	if (why == 0 && is_self(t->fd))
		why = ECONNREFUSED;
	if (why != 0)
		lose(r, t, why);
	return why == 0;
}

/* Waits once for all attempts under way; returns the index of one that has connected, or ADDRS_MAX. */
static size_t wait_once(struct race *r, int64_t deadline, int *why)
{
	struct pollfd fds[ADDRS_MAX];
	int64_t until = r->started < r->to->n ? clock_sooner(deadline, r->next) : deadline;
	enum io how;

	for (size_t i = 0; i < r->started; i++)
		fds[i] = (struct pollfd){ r->tries[i].state == TRYING ? r->tries[i].fd : -1, POLLOUT, 0 };
	how = descriptor_wait_any(fds, r->started, until);
	if (how == IO_STOPPED || how == IO_FAILED)
		*why = errno;
	for (size_t i = 0; how == IO_DONE && i < r->started; i++)
		if (fds[i].revents != 0 && arrived(r, &r->tries[i]))
			return i;
	return ADDRS_MAX;
}

/* The first socket that connects, or -1; the others are closed. */
static int run(struct race *r, int64_t deadline, size_t *winner)
{
	int fd = -1, why = 0;

	while (fd < 0 && why == 0 && (r->trying > 0 || r->started < r->to->n)) {
		if (r->started < r->to->n && (r->trying == 0 || clock_ms() >= r->next))
			start_next(r);
		if (r->trying > 0 && (*winner = wait_once(r, deadline, &why)) < ADDRS_MAX)
			fd = r->tries[*winner].fd;
		if (fd < 0 && why == 0 && clock_passed(deadline))
			why = ETIMEDOUT;
	}
	for (size_t i = 0; i < r->started; i++)
		if (r->tries[i].state == TRYING && r->tries[i].fd != fd)
			lose(r, &r->tries[i], why == 0 ? ECANCELED : why);
	return fd;
}

/* ---- errors ---- */

static void append(char *to, size_t room, const char *piece)
{
	size_t len = strlen(to);

	snprintf(to + len, room - len, "%s", piece);
}

/* "192.0.2.1, 192.0.2.2: Connection refused; 2001:db8::1: Network is unreachable" */
static void quote_reasons(const struct race *r, struct err *e)
{
	char words[sizeof e->quote] = "", peer[64];

	for (size_t i = 0; i < r->started; i++) {
		bool said = false;

		for (size_t j = 0; j < i; j++)
			said = said || r->tries[j].why == r->tries[i].why;
		for (size_t j = i; !said && j < r->started; j++) {
			if (r->tries[j].why != r->tries[i].why)
				continue;
			name_peer(&r->to->a[j], peer, sizeof peer);
			append(words, sizeof words, j > i ? ", " : i > 0 ? "; " : "");
			append(words, sizeof words, peer);
		}
		if (said)
			continue;
		append(words, sizeof words, ": ");
		append(words, sizeof words, strerror(r->tries[i].why));
	}
	err_quote(e, words, strlen(words));
}

static bool any_why(const struct race *r, int why)
{
	for (size_t i = 0; i < r->started; i++)
		if (r->tries[i].why == why)
			return true;
	return false;
}

static bool fail_race(const struct race *r, const char *host, unsigned port, struct err *e)
{
	if (signals_stopping())
		return signals_fail(e, ST_CONNECT);
	fail_sys(e, ST_CONNECT, r->started > 0 ? r->tries[0].why : ETIMEDOUT, "cannot connect to %s, port %u",
		 host, port);
	if (r->started > 0)
		quote_reasons(r, e);
	if (any_why(r, ECONNREFUSED))
		return err_hint(e, "nothing listens on port %u of %s: check `port`", port, host);
	if (any_why(r, ETIMEDOUT) || r->started == 0)
		return err_hint(e, "a firewall or the provider may block port %u%s", port,
				port == 25 ? ": try 587 or 465" : "");
	if (any_why(r, EADDRNOTAVAIL) || any_why(r, EAFNOSUPPORT))
		return r->from.len > 0 ? err_hint(e, "check `source_ip`") : false;
	if (any_why(r, ENETUNREACH) || any_why(r, EHOSTUNREACH))
		return err_hint(e, "is the network up?");
	return false;
}

static void tell_addresses(const char *host, const struct addrs *found)
{
	char list[ADDRS_MAX * 64] = "", peer[64];

	for (size_t i = 0; steps_on() && i < found->n; i++) {
		name_peer(&found->a[i], peer, sizeof peer);
		append(list, sizeof list, i > 0 ? ", " : "");
		append(list, sizeof list, peer);
	}
	step_ok(ST_RESOLVE, "%s is %s", host, list);
}

static bool dial_tcp(const struct net_params *p, const struct endpoint *to, int64_t deadline, struct dialed *d,
		     struct err *e)
{
	struct question q = { to->host, to->port, p->ip_version, deadline };
	struct addrs found;
	struct race r = { .to = &found };
	size_t winner = 0;

	if (p->source_ip != NULL && !resolve_literal(p->source_ip, 0, &r.from))
		return fail(e, ST_CONFIG, FATE_PERM, "source_ip is no address: %s", p->source_ip);
	if (!resolve(&q, &found, e))
		return false;
	tell_addresses(to->host, &found);
	d->fd = run(&r, deadline, &winner);
	if (d->fd < 0)
		return fail_race(&r, to->host, to->port, e);
	name_peer(&found.a[winner], d->peer, sizeof d->peer);
	step_ok(ST_CONNECT, "%s, port %u", d->peer, to->port);
	return true;
}

/* ---- unix sockets ---- */

/* If the backlog is full, connect(2) fails with EAGAIN at once, and poll(2) cannot wait for it: it is tried again until the
 * deadline. */
static int connect_unix(int fd, const struct sockaddr_un *to, int64_t deadline)
{
	while (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) {
		if (errno != EAGAIN && errno != EINTR)
			return errno;
		if (clock_passed(deadline))
			return ETIMEDOUT;
		if (descriptor_wait(-1, 0, clock_ms() + BACKLOG_MS) == IO_STOPPED)
			return EINTR;
	}
	return 0;
}

/* What is said there must not be for another user: only root, we and the owner of the socket's file may listen. */
static bool is_trusted(int fd, const char *path, struct err *e)
{
	struct stat st;
	uid_t uid;

	if (!peer_uid(fd, &uid))
		return fail(e, ST_CONNECT, FATE_TEMP, "it is not known who listens on %s", path);
	if (uid == 0 || uid == geteuid() || (stat(path, &st) == 0 && st.st_uid == uid))
		return true;
	return fail(e, ST_CONNECT, FATE_TEMP,
		    "uid %lu listens on %s, which is neither root's, nor ours, nor that of the file's owner",
		    (unsigned long)uid, path);
}

static bool hint_server(const char *path, struct err *e)
{
	if (strcmp(path, SERVICE_SOCKET) == 0)
		return err_hint(e, "the administrator can start the machine's service: systemctl enable --now postern.socket");
	return err_hint(e, "is the server that listens on %s running?", path);
}

bool dial_hint_ended(const char *path, struct err *e)
{
	if (strcmp(path, SERVICE_SOCKET) == 0)
		return err_hint(e, "the administrator sees why: journalctl -u postern.socket -u 'postern@*'");
	return err_hint(e, "the log of the server that listens on %s says why", path);
}

static bool dial_unix(const char *path, int64_t deadline, struct dialed *d, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int why;

	if (strlen(path) >= sizeof to.sun_path)
		return fail(e, ST_CONFIG, FATE_PERM, "the path of the socket is longer than %zu bytes: %s",
			    sizeof to.sun_path - 1, path);
	memcpy(to.sun_path, path, strlen(path));
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return fail_sys(e, ST_INTERNAL, errno, "cannot make a socket");
	why = connect_unix(d->fd, &to, deadline);
	if (why == 0 && is_trusted(d->fd, path, e)) {
		snprintf(d->peer, sizeof d->peer, "%.*s", (int)sizeof d->peer - 1, path);
		step_ok(ST_CONNECT, "%s", path);
		return true;
	}
	close(d->fd);
	d->fd = -1;
	if (why == 0)
		return false;
	if (signals_stopping())
		return signals_fail(e, ST_CONNECT);
	fail_sys(e, ST_CONNECT, why, "cannot connect to %s", path);
	return why == ENOENT || why == ECONNREFUSED ? hint_server(path, e) : false;
}

bool dial(const struct net_params *p, const struct endpoint *to, int64_t deadline, struct dialed *d, struct err *e)
{
	*d = (struct dialed){ .fd = -1 };
	if (to->socket != NULL)
		return dial_unix(to->socket, deadline, d, e);
	return dial_tcp(p, to, deadline, d, e);
}
