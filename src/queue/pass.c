#include "queue/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/rights.h"
#include "base/signals.h"
#include "queue/flush.h"

enum {
	PASS_S = 3600,   /* for a pass of another user */
	GRACE_S = 120,   /* between the request to stop and the end */
	STOPPED_S = 5,   /* that it may be stopped by a signal */
	LOOK_MS = 500,
	PIECE = 4096,
	PIECES = 16,     /* that are read from one child before it is the next one's turn */
	WORDS_MAX = 1024 * 1024, /* bytes that are printed of what one child says */
};

struct outcome { /* of the child */
	struct flush f;
	struct err   e;
	bool         ok;
};
_Static_assert(sizeof(struct outcome) <= PIPE_BUF, "one write(2) is enough");

struct pass {
	char   *path;    /* owned: the queue's */
	pid_t   child;
	int     from;    /* the outcome */
	int     words;   /* its standard output and standard error */
	size_t  printed; /* bytes of them */
	int64_t until;   /* it is asked to stop; afterwards: it is killed */
	bool    asked, killed, ended;
	int64_t stopped; /* when it is killed, since it was stopped; CLOCK_NEVER: it was not */
};

/* ---- the child ----------------------------------------------------------------------------------- */

/* The session is a new one, so that the terminal of root is not the child's.  The process must stay closed to its new user. */
static bool become_owner(struct spool *s, struct err *e)
{
	struct stat st;

	rights_act_as_root();
	s->as_owner = false;
	if (fstat(s->dir, &st) != 0)
		return spool_failed(s, "look", e);
	if (!rights_become(st.st_uid, e))
		return false;
	rights_harden();
	return child_take_environment(st.st_uid) || fail_memory(e);
}

static bool leave_ours(int words)
{
	return setsid() >= 0 && chdir("/") == 0 && child_leave_standard() && dup2(words, STDOUT_FILENO) >= 0
	    && dup2(words, STDERR_FILENO) >= 0;
}

static void work_as_owner(struct flush *f, int to, int words)
{
	struct outcome o = { .ok = false };

	if (!leave_ours(words))
		_exit(1);
	o.ok = become_owner(f->s, &o.e) && flush_run(f, &o.e);
	o.f = *f;
	_exit(write(to, &o, sizeof o) == (ssize_t)sizeof o ? 0 : 1);
}

static void close_both(const int ends[2])
{
	if (ends[0] >= 0)
		close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
}

static bool start(struct pass *p, struct flush *f, struct err *e)
{
	int outcome[2] = { -1, -1 }, words[2] = { -1, -1 };

	p->child = -1;
	if (pipe2(outcome, O_CLOEXEC | O_NONBLOCK) == 0 && pipe2(words, O_CLOEXEC) == 0
	    && fcntl(words[0], F_SETFL, O_NONBLOCK) == 0)
		p->child = child_fork((const int[]){ outcome[1], words[1], f->s->dir }, 3);
	if (p->child == 0)
		work_as_owner(f, outcome[1], words[1]);
	if (p->child < 0) {
		fail_sys(e, ST_INTERNAL, errno, "cannot start a process");
		close_both(outcome);
		close_both(words);
		return false;
	}
	close(outcome[1]);
	close(words[1]);
	p->from = outcome[0];
	p->words = words[0];
	return true;
}

static bool run_as_owner(struct passes *all, struct flush *f, struct err *e)
{
	struct pass p = { .until = clock_in_s(PASS_S), .stopped = CLOCK_NEVER }, *more;

	more = array_grow(all->children, all->n, sizeof *more, e);
	if (more == NULL)
		return false;
	all->children = more;
	p.path = str_dup(f->s->path, e);
	if (p.path == NULL || !start(&p, f, e)) {
		free(p.path);
		return false;
	}
	more[all->n++] = p;
	return true;
}

/* ---- what becomes of it -------------------------------------------------------------------------- */

static void add(struct flush *sum, const struct flush *f)
{
	sum->sent += f->sent;
	sum->ended += f->ended;
	sum->waiting += f->waiting;
	sum->person |= f->person;
	sum->late |= f->late;
}

/* A program that writes without an end gets no more of our time than the others. */
static void print_words(struct pass *p)
{
	char piece[PIECE];
	ssize_t n = 1;

	for (int i = 0; i < PIECES && n > 0; i++) {
		n = read(p->words, piece, sizeof piece);
		if (n > 0 && p->printed < WORDS_MAX)
			(void)file_write_printable(STDERR_FILENO, piece, (size_t)n);
		p->printed += n > 0 ? (size_t)n : 0;
	}
}

static void ask_to_stop(struct pass *p)
{
	kill(p->child, SIGTERM);
	p->asked = true;
	p->until = clock_in_s(GRACE_S);
}

static void look_after(struct pass *p)
{
	int status;
	pid_t changed = waitpid(p->child, &status, WNOHANG | WUNTRACED | WCONTINUED);

	if (changed == p->child && (WIFEXITED(status) || WIFSIGNALED(status)))
		p->ended = true;
	else if (changed == p->child)
		p->stopped = WIFSTOPPED(status) ? clock_in_s(STOPPED_S) : CLOCK_NEVER;
	print_words(p);
	if (p->ended)
		return;
	if (clock_passed(p->stopped) || (p->asked && clock_passed(p->until)))
		p->killed = kill(p->child, SIGKILL) == 0;
	else if (clock_passed(p->until) || (signals_stopping() && !p->asked))
		ask_to_stop(p);
}

/* What the other process says is not believed to be well formed. */
static bool quote_error(const struct err *of, struct err *e)
{
	char say[sizeof of->say], quote[sizeof of->quote];

	snprintf(say, sizeof say, "%.*s", (int)sizeof of->say - 1, of->say);
	snprintf(quote, sizeof quote, "%.*s", (int)sizeof of->quote - 1, of->quote);
	fail(e, of->stage < ST_COUNT ? of->stage : ST_SPOOL, of->fate == FATE_PERM ? FATE_PERM : FATE_TEMP, "%s", say);
	e->sys = of->sys;
	return err_quote(e, quote, strlen(quote));
}

/* After its end. */
static bool conclude(struct pass *p, struct flush *sum, struct err *e)
{
	struct outcome o;
	bool heard = read(p->from, &o, sizeof o) == (ssize_t)sizeof o;

	close(p->from);
	close(p->words);
	if (heard)
		add(sum, &o.f);
	else
		fail(e, ST_INTERNAL, FATE_TEMP, "the process that flushes the queue %s %s", p->path,
		     p->killed ? "was killed, since it was stopped by a signal or did not end" : "died");
	free(p->path);
	return heard && (o.ok || quote_error(&o.e, e));
}

/* A look at all children, and a pause.  After a stop signal base/descriptor does not wait any more. */
static bool attend(struct passes *all, struct pollfd *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (!all->children[i].ended)
			look_after(&all->children[i]);
	for (size_t i = 0; i < all->n; i++)
		if (!all->children[i].ended)
			fds[n++] = (struct pollfd){ .fd = all->children[i].from, .events = POLLIN };
	if (n > 0 && descriptor_wait_any(fds, n, clock_ms() + LOOK_MS) == IO_STOPPED)
		(void)poll(NULL, 0, LOOK_MS / 10);
	return n > 0;
}

bool pass_end(struct passes *all, bool ok, struct err *e)
{
	struct pollfd *fds = calloc(all->n + 1, sizeof *fds);
	struct err why;

	if (fds == NULL && ok)
		ok = fail_memory(e);
	while (fds != NULL && attend(all, fds))
		;
	for (size_t i = 0; i < all->n; i++)
		if (!conclude(&all->children[i], &all->sum, &why) && ok) {
			*e = why;
			ok = false;
		}
	free(fds);
	free(all->children);
	all->children = NULL;
	all->n = 0;
	return ok;
}

bool pass_run(struct passes *all, struct flush *f, struct err *e)
{
	bool ok;

	if (f->s->as_owner)
		return run_as_owner(all, f, e);
	ok = flush_run(f, e);
	add(&all->sum, f);
	return ok;
}
