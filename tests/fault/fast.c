/*
 * fast.c - to be preloaded: for the process, time goes by FAST_FACTOR times as fast.
 *
 * So a limit of half an hour is over in seconds.  Counts for clock_gettime(CLOCK_MONOTONIC), poll(2) and ppoll(2), which are all
 * that base/clock and base/descriptor use; the date stays what it is.
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum { NS = 1000000000 };

static long factor(void)
{
	const char *text = getenv("FAST_FACTOR");
	long n = text == NULL ? 1 : strtol(text, NULL, 10);

	return n > 0 ? n : 1;
}

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
	static time_t began; /* the factor would let the seconds since the start of the machine overflow */
	int r;

	if (real == NULL)
		*(void **)&real = next("clock_gettime");
	r = real(id, t);
	if (r != 0 || id != CLOCK_MONOTONIC)
		return r;
	if (began == 0)
		began = t->tv_sec;
	long long ns = ((long long)(t->tv_sec - began) * NS + t->tv_nsec) * factor();

	t->tv_sec = began + (time_t)(ns / NS);
	t->tv_nsec = (long)(ns % NS);
	return 0;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	struct timespec sooner;

	if (real == NULL)
		*(void **)&real = next("ppoll");
	if (timeout != NULL) {
		long long ns = ((long long)timeout->tv_sec * NS + timeout->tv_nsec) / factor() + 1;

		sooner = (struct timespec){ (time_t)(ns / NS), (long)(ns % NS) };
	}
	return real(fds, n, timeout == NULL ? NULL : &sooner, mask);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec t = { timeout / 1000, timeout % 1000 * 1000000L };

	return ppoll(fds, n, timeout < 0 ? NULL : &t, NULL);
}
