#include "base/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t asked;
static sigset_t before;  /* the mask before signals_hold() */
static sigset_t outside; /* the mask within ppoll(2), where our signals are not blocked */
static bool     caught, held;

static const int ours[] = { SIGTERM, SIGINT, SIGHUP };

static void ask(int sig)
{
	asked = sig;
}

void signals_catch(void)
{
	struct sigaction stop = { .sa_handler = ask }, plain = { .sa_handler = SIG_DFL };
	struct sigaction deaf = { .sa_handler = SIG_IGN }, was;

	sigprocmask(SIG_SETMASK, NULL, &outside);
	for (size_t i = 0; i < COUNT(ours); i++) {
		/* nohup(1), or a shell for a background job, has made us ignore some: those stay ignored */
		if (sigaction(ours[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			sigaction(ours[i], &stop, NULL);
		sigdelset(&outside, ours[i]);
	}
	sigaction(SIGPIPE, &deaf, NULL);
	sigaction(SIGXFSZ, &deaf, NULL);
	sigaction(SIGCHLD, &plain, NULL);
	caught = true;
}

int signals_stopping(void)
{
	return asked;
}

bool signals_fail(struct err *e, enum stage st)
{
	fail(e, st, FATE_TEMP, "stopped by signal %d", (int)asked);
	e->sys = EINTR;
	return false;
}

static void fill(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < COUNT(ours); i++)
		sigaddset(set, ours[i]);
}

void signals_hold(void)
{
	sigset_t block;

	fill(&block);
	sigprocmask(SIG_BLOCK, &block, &before);
	held = true;
}

void signals_let(void)
{
	if (held)
		sigprocmask(SIG_SETMASK, &before, NULL);
	held = false;
}

int signals_poll(struct pollfd *fds, unsigned long n, int timeout_ms)
{
	struct timespec t = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	sigset_t block, was;
	int r;

	if (!caught || held)
		return poll(fds, n, timeout_ms);
	fill(&block);
	sigprocmask(SIG_BLOCK, &block, &was);
	if (asked) {
		r = -1;
		errno = EINTR;
	} else {
		r = ppoll(fds, n, timeout_ms < 0 ? NULL : &t, &outside);
	}
	sigprocmask(SIG_SETMASK, &was, NULL);
	return r;
}
