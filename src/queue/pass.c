#include "queue/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/rights.h"
#include "queue/flush.h"

struct outcome { /* of the child; it fits into any pipe, so that one write(2) is enough */
	struct flush f;
	struct err   e;
	bool         ok;
};

static bool become_owner(struct spool *s, struct err *e)
{
	struct stat st;

	rights_act_as_root();
	s->as_owner = false;
	return (fstat(s->dir, &st) == 0 || spool_failed(s, "look", e)) && rights_become(st.st_uid, e);
}

static void work_as_owner(struct flush *f, int to)
{
	struct outcome o = { .ok = become_owner(f->s, &o.e) && flush_run(f, &o.e) };

	o.f = *f;
	_exit(write(to, &o, sizeof o) == (ssize_t)sizeof o ? 0 : 1);
}

/* The answer may take hours.  The first stop signal is for the child, whose answer is still waited for. */
static bool hear(int from, pid_t child, struct outcome *o)
{
	ssize_t n;

	if (descriptor_wait(from, POLLIN, CLOCK_NEVER) == IO_STOPPED)
		kill(child, SIGTERM);
	do
		n = read(from, o, sizeof *o);
	while (n < 0 && errno == EINTR);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return n == (ssize_t)sizeof *o;
}

static bool run_as_owner(struct flush *f, struct err *e)
{
	struct outcome o = { .ok = false };
	int ends[2];
	pid_t child;
	bool heard;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return fail_sys(e, ST_INTERNAL, errno, "cannot make a pipe");
	child = child_fork((const int[]){ ends[1], f->s->dir }, 2);
	if (child == 0)
		work_as_owner(f, ends[1]);
	close(ends[1]);
	heard = child > 0 && hear(ends[0], child, &o);
	close(ends[0]);
	if (child < 0)
		return fail_sys(e, ST_INTERNAL, errno, "cannot start a process");
	if (!heard)
		return fail(e, ST_INTERNAL, FATE_TEMP, "the process that flushes the queue %s died", f->s->path);
	f->sent = o.f.sent;
	f->waiting = o.f.waiting;
	f->ended = o.f.ended;
	f->person = o.f.person;
	f->late = o.f.late;
	if (!o.ok)
		*e = o.e;
	return o.ok;
}

bool pass_run(struct flush *f, struct err *e)
{
	return f->s->as_owner ? run_as_owner(f, e) : flush_run(f, e);
}
