/*
 * fast.c - to be preloaded: for the process, time goes by when the test says so, and not while the machine is busy.
 *
 *	FAST_STEP=SECONDS	each octet of standard input takes so long; read(2) gives one at a time
 *	FAST_SOCKET=SECONDS	each octet that comes from a socket takes so long, in the same way
 *	FAST_WHEN=FILE		for each line that comes to FILE, one wait that has a limit reaches it: its time has gone by
 *	FAST_WORDS=TEXT		only the lines with this text count
 *	FAST_SECONDS=N		and so long goes by then, for a program that waits in naps
 *	FAST_PAUSES=1		a wait for no descriptor is over at once, and its time has gone by; no other one takes time
 *
 * So a limit of half an hour is over at once, and a limit of a second never before the event that the test is about.  Counts for
 * clock_gettime(CLOCK_MONOTONIC or _RAW), poll(2) and ppoll(2), which are all that base/clock, base/descriptor and libcurl use;
 * the date stays what it is.
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOK_MS = 20, /* how often FILE is read */
	NAP_MS = 1000 /* a shorter wait is no limit but a nap, after which the program looks again */
};

static long long gone_ms; /* on this process's clock */
static int reached;	  /* lines of FILE that were there at the beginning, or have ended a wait */

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	static struct timespec began;

	if (real == NULL)
		*(void **)&real = next("clock_gettime");
	if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_RAW)
		return real(id, t);
	if (began.tv_sec == 0)
		real(CLOCK_MONOTONIC, &began);
	*t = began;
	t->tv_sec += (time_t)(gone_ms / 1000);
	t->tv_nsec += (long)(gone_ms % 1000 * 1000000);
	if (t->tv_nsec >= 1000000000) {
		t->tv_nsec -= 1000000000;
		t->tv_sec++;
	}
	return 0;
}

static int is_socket(int fd)
{
	int type;
	socklen_t size = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

ssize_t read(int fd, void *to, size_t room)
{
	static ssize_t (*real)(int, void *, size_t);
	const char *step = getenv("FAST_STEP"), *each = getenv("FAST_SOCKET");
	ssize_t n;

	if (real == NULL)
		*(void **)&real = next("read");
	if (fd != 0 || step == NULL)
		step = each != NULL && is_socket(fd) ? each : NULL;
	if (step == NULL || room == 0)
		return real(fd, to, room);
	n = real(fd, to, 1);
	if (n > 0)
		gone_ms += atol(step) * 1000;
	return n;
}

static int lines(void)
{
	const char *path = getenv("FAST_WHEN"), *words = getenv("FAST_WORDS");
	FILE *file = path == NULL ? NULL : fopen(path, "re");
	char line[4096];
	int n = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		n += words == NULL || strstr(line, words) != NULL;
	if (file != NULL)
		fclose(file);
	return n;
}

__attribute__((constructor)) static void begin(void) { reached = lines(); }

static bool is_pause(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].fd >= 0)
			return false;
	return true;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *limit, const sigset_t *mask)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	const struct timespec look = { 0, LOOK_MS * 1000000L }, now = { 0, 0 };
	const bool pauses = getenv("FAST_PAUSES") != NULL;
	long long ms = limit == NULL ? 0 : limit->tv_sec * 1000LL + limit->tv_nsec / 1000000;
	int ready;

	if (real == NULL)
		*(void **)&real = next("ppoll");
	if (ms == 0)
		return real(fds, n, limit, mask);
	if (pauses && is_pause(fds, n)) {
		gone_ms += ms;
		return real(fds, n, &now, mask);
	}
	for (long long past = 0;; past += LOOK_MS) {
		ready = real(fds, n, &look, mask);
		if (ready != 0)
			return ready;
		if (lines() > reached) {
			const char *more = getenv("FAST_SECONDS");

			reached++;
			gone_ms += more == NULL ? ms : atol(more) * 1000;
			return 0;
		}
		if (ms < NAP_MS && past >= ms) {
			gone_ms += pauses ? 0 : ms;
			return 0;
		}
	}
}

int poll(struct pollfd *fds, nfds_t n, int limit)
{
	struct timespec t = { limit / 1000, limit % 1000 * 1000000L };

	return ppoll(fds, n, limit < 0 ? NULL : &t, NULL);
}
