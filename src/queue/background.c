#include "queue/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

#include "queue/flush.h"
#include "queue/place.h"

#define LOCK ".flushing"

/* Nothing of ours stays open, but the lock, which is kept until the flush ends. */
static void close_all(int lock)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (lock > 3)
		close_range(3, (unsigned)lock - 1, 0);
	close_range((unsigned)lock + 1, ~0U, 0);
}

/* What the caller's environment says about its own message is not for the others that wait. */
static void forget_settings(void)
{
	for (char **v = environ; *v != NULL;) {
		char name[200];
		size_t len = strcspn(*v, "=");

		if (str_starts(*v, "POSTERN_") && len < sizeof name) {
			snprintf(name, sizeof name, "%.*s", (int)len, *v);
			unsetenv(name); /* moves the next one here */
		} else {
			v++;
		}
	}
}

static void become_postern(const struct spool *s, const struct options *o, int lock)
{
	/* our directory will be another one */
	char *file = o->config_file == NULL ? NULL : realpath(o->config_file, NULL);
	char *place = NULL;
	sigset_t none;

	if (asprintf(&place, "--queue-directory=%s", s->path) < 0 || (o->config_file != NULL && file == NULL) || chdir("/") != 0)
		_exit(0);
	close_all(lock);
	forget_settings();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl("/proc/self/exe", "postern", "-q", place, file != NULL ? "-C" : (char *)NULL, file, (char *)NULL);
	_exit(0);
}

static void start(const struct spool *s, const struct options *o)
{
	/* not close-on-exec: the lock passes to the flush */
	int lock = openat(s->dir, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	pid_t child;

	if (lock < 0)
		return;
	if (flock(lock, LOCK_EX | LOCK_NB) == 0 && (child = fork()) >= 0) {
		if (child == 0) {
			setsid();
			if (fork() == 0)
				become_postern(s, o, lock);
			_exit(0);
		}
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(lock);
}

void background_flush(const struct sender *who)
{
	struct spool s = { .dir = -1 };
	struct err unheard;
	char *path;

	if (who->a == NULL || who->a->queue.use == QUEUE_OFF)
		return;
	path = queue_place(&who->a->queue, &unheard);
	if (path != NULL && spool_open(&s, path, false, &unheard) && flush_is_due(&s))
		start(&s, who->o);
	spool_close(&s);
	free(path);
}
