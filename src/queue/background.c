#include "queue/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/child.h"
#include "base/rights.h"
#include "base/signals.h"
#include "queue/due.h"
#include "queue/place.h"

enum { WAIT_S = 3600 }; /* for the end of another flush */

/* The first lock is that of the flush that runs, until it ends.  That one may have listed the queue before our message came: so
 * another one waits for its end, which has the second lock until it has the first.  Whoever finds both taken need not start a
 * flush, since the second is still to list the queue. */
struct locks {
	int runs;
	int waits; /* -1: it need not wait */
};

static void wake(int sig)
{
	(void)sig;
}

/* Waits for the end of the flush that runs.  Its lock may be held for ever, so after a time we no longer wait: two flushes at
 * once do no harm. */
static bool await(int lock)
{
	struct sigaction soon = { .sa_handler = wake };
	bool ok;

	sigaction(SIGALRM, &soon, NULL);
	alarm(WAIT_S);
	ok = flock(lock, LOCK_EX) == 0 || (errno == EINTR && !signals_stopping());
	alarm(0);
	return ok;
}

static void become_postern(const struct spool *s, const struct options *o, const struct locks *l)
{
	char *file = NULL, *place = NULL;
	sigset_t none;

	if (s->as_owner)
		rights_act_as_root();
	if (o->config_file != NULL)
		file = realpath(o->config_file, NULL); /* our directory will be another one */
	if (asprintf(&place, "--queue-directory=%s", s->path) < 0 || (o->config_file != NULL && file == NULL) || chdir("/") != 0)
		_exit(0);
	/* the caller's pipes must not stay open with us, and what its environment says is not for the other messages that wait */
	(void)child_leave_standard();
	child_forget_settings();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (l->waits >= 0) {
		if (!await(l->runs))
			_exit(0);
		close(l->waits);
	}
	execl("/proc/self/exe", "postern", "-q", place, file != NULL ? "-C" : (char *)NULL, file, (char *)NULL);
	_exit(0);
}

/* Not close-on-exec: the lock passes to the flush. */
static int open_lock(const struct spool *s, const char *name)
{
	return openat(s->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
}

static bool lock(int fd)
{
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void start(struct spool *s, const struct options *o)
{
	struct locks l = { open_lock(s, SPOOL_LOCK_RUNS), -1 };

	if (l.runs < 0)
		return;
	if ((lock(l.runs) || lock(l.waits = open_lock(s, SPOOL_LOCK_WAITS))) && due_any(s)
	    && child_detach((const int[]){ l.runs, l.waits }, 2) == 0)
		become_postern(s, o, &l);
	if (l.waits >= 0)
		close(l.waits);
	close(l.runs);
}

void background_flush(const struct sender *who)
{
	struct spool s = { .dir = -1 };
	struct err unheard;
	char *path;

	if (who->a == NULL || who->a->queue.use == QUEUE_OFF)
		return;
	path = place_path(&who->a->queue, &unheard);
	if (path != NULL && spool_open(&s, path, false, &unheard))
		start(&s, who->o);
	spool_close(&s);
	free(path);
}
