#include "base/proc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/str.h"

enum {
	LOOK_MS = 100,     /* between two looks at a program that writes nothing or has not ended yet */
	PIECE = 4096,      /* bytes read at once */
	NOT_STARTED = 126, /* the child's exit status if it could not start the program */
};

#define SAFE_PATH "/usr/bin:/bin" /* if we were started with more rights than our user has */

struct child {
	pid_t pid;
	int   out;     /* its standard output */
	int   words;   /* its standard error; -1: it has ours */
	int   trouble; /* has errno if the program could not be started; exec closes its other end */
	int   status;
	int   tty;     /* the terminal, at which it may ask; -1: it has none, and a session of its own */
	struct termios was; /* how the terminal was before */
	bool  reaped;
	bool  eof;
};

/* No program may see POSTERN_PASSWORD.  And if we were started with more rights than our user has (AT_SECURE), that user must
 * not choose which programs and files the child finds. */
static void clean_environment(void)
{
	child_forget_settings();
	if (getauxval(AT_SECURE) != 0 && (clearenv() != 0 || setenv("PATH", SAFE_PATH, 1) != 0))
		_exit(NOT_STARTED);
}

static void default_signals(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The descriptors 0 to 2 are in their places, or errno says why not. */
static void become(char *const argv[], bool placed, int trouble)
{
	ssize_t told;
	int why;

	if (placed) {
		clean_environment();
		execvp(argv[0], argv);
	}
	why = errno;
	told = write(trouble, &why, sizeof why);
	_exit(told < 0 ? 127 : NOT_STARTED);
}

static void be_child(char *const argv[], bool apart, int in, int out, int words, int trouble)
{
	int from = in >= 0 ? in : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (apart)
		setsid();
	default_signals();
	become(argv, from >= 0 && dup2(from, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0
		     && (words < 0 || dup2(words, STDERR_FILENO) >= 0), trouble);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

enum { OUT, WORDS, TROUBLE, PIPES };

static bool make_pipes(int pipes[PIPES][2], bool words)
{
	for (int i = 0; i < PIPES; i++)
		if ((i != WORDS || words) && pipe2(pipes[i], O_CLOEXEC) != 0)
			return false;
	return true;
}

static void take_terminal(struct child *c)
{
	c->tty = descriptor_terminal();
	if (c->tty >= 0 && tcgetattr(c->tty, &c->was) != 0)
		shut(&c->tty);
}

/* A program that was killed while it asked has left the terminal so that it does not show what is typed.  If it has ended by
 * itself, the terminal may be as another program of our pipeline needs it, such as less(1).  From the background we would be
 * stopped (SIGTTOU); there the shell has set it anew. */
static void restore_terminal(const struct child *c)
{
	if (c->tty >= 0 && WIFSIGNALED(c->status) && tcgetpgrp(c->tty) == getpgrp())
		(void)tcsetattr(c->tty, TCSANOW, &c->was);
}

static bool start(char *const argv[], int in, const char *what, const struct proc_extra *x, struct child *c, struct err *e)
{
	int pipes[PIPES][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };

	*c = (struct child){ .pid = -1, .tty = -1 };
	if (!x->alone)
		take_terminal(c);
	if (make_pipes(pipes, x->words != NULL))
		c->pid = child_fork((const int[]){ in, pipes[OUT][1], pipes[WORDS][1], pipes[TROUBLE][1] }, 1 + PIPES);
	if (c->pid == 0)
		be_child(argv, c->tty < 0, in, pipes[OUT][1], pipes[WORDS][1], pipes[TROUBLE][1]);
	if (c->pid < 0) {
		fail_sys(e, ST_INTERNAL, errno, "cannot start %s", what);
		shut(&c->tty);
	}
	for (int i = 0; i < PIPES; i++) {
		shut(&pipes[i][1]);
		if (c->pid < 0)
			shut(&pipes[i][0]);
	}
	c->out = pipes[OUT][0];
	c->words = pipes[WORDS][0];
	c->trouble = pipes[TROUBLE][0];
	(void)fcntl(c->out, F_SETFL, O_NONBLOCK);
	(void)fcntl(c->words, F_SETFL, O_NONBLOCK);
	return c->pid > 0;
}

/* Reads what the program has written to its standard error; keeps as much as there is room for. */
static void read_words(const struct child *c, struct buf *words)
{
	char piece[PIECE];
	ssize_t n;

	while (words != NULL && (n = read(c->words, piece, sizeof piece)) > 0) {
		size_t room = words->max - words->len;
		struct err unheard;

		(void)!buf_add(words, piece, (size_t)n < room ? (size_t)n : room, &unheard);
	}
}

/* Reads all that is there now. */
static bool read_answer(struct child *c, struct buf *answer, struct err *e)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read(c->out, piece, sizeof piece)) > 0) {
		bool fits = buf_add(answer, piece, (size_t)n, e);

		explicit_bzero(piece, sizeof piece);
		if (!fits) {
			e->fate = FATE_TEMP; /* the program may print less next time, and the user's input is not at fault */
			return false;
		}
	}
	c->eof = n == 0 || (errno != EAGAIN && errno != EINTR);
	return true;
}

/* Ends when the program has ended, even if a background process of it still holds our pipe.  A program that has closed its
 * output is waited for. */
static bool follow(struct child *c, const char *what, enum stage st, int64_t deadline, struct buf *words,
		   struct buf *answer, struct err *e)
{
	int nap = 1;

	while (!c->reaped) {
		int64_t look = clock_ms() + (c->eof ? nap : LOOK_MS);

		if (clock_passed(deadline))
			return fail(e, st, FATE_TEMP, "%s did not answer in time", what);
		if (descriptor_wait(c->eof ? -1 : c->out, POLLIN, clock_sooner(deadline, look)) == IO_STOPPED)
			return signals_fail(e, st);
		c->reaped = waitpid(c->pid, &c->status, WNOHANG) == c->pid;
		read_words(c, words);
		if (!c->eof && !read_answer(c, answer, e))
			return false;
		nap = nap < LOOK_MS ? nap * 2 : LOOK_MS;
	}
	return true;
}

/* What execvp(3) searches in the child. */
static const char *search_path(void)
{
	const char *path = getauxval(AT_SECURE) != 0 ? SAFE_PATH : getenv("PATH");

	return path != NULL ? path : "the system's default";
}

static bool hint_path(struct err *e)
{
	return err_hint(e, "install the program; if it is installed, write its whole path, since cron and services have another"
			   " PATH than a terminal");
}

/* Trying again does not help if the program is not there: what names it is at fault. */
static bool fail_start(const char *program, const char *what, enum stage st, int why, struct err *e)
{
	bool searched = strchr(program, '/') == NULL;

	if (why != ENOENT && why != ENOTDIR && why != EACCES && why != ENOEXEC)
		return fail_sys(e, st, why, "cannot start %s", what);
	fail_sys(e, ST_CONFIG, why, "cannot start %s: %s%s%s", what, program, searched ? ", searched for in PATH: " : "",
		 searched ? search_path() : "");
	e->fate = FATE_PERM;
	if (searched)
		return hint_path(e);
	return false;
}

/* POSIX, 2.8.2: a shell that does not find a command ends with 127. */
static bool fail_exit(const char *program, const char *what, enum stage st, int status, struct err *e)
{
	if (status != 127 || strcmp(program, "/bin/sh") != 0)
		return fail(e, st, FATE_TEMP, "%s failed with exit status %d", what, status);
	fail(e, ST_CONFIG, FATE_PERM, "%s failed with exit status %d: the shell did not find a program in PATH: %s", what, status,
	     search_path());
	return hint_path(e);
}

static bool judge(const struct child *c, const char *program, const char *what, enum stage st, int *status, struct err *e)
{
	int why;

	if (WIFSIGNALED(c->status))
		return fail(e, st, FATE_TEMP, "%s was ended by signal %d", what, WTERMSIG(c->status));
	if (WEXITSTATUS(c->status) == NOT_STARTED && read(c->trouble, &why, sizeof why) == sizeof why)
		return fail_start(program, what, st, why, e);
	if (status != NULL)
		*status = WEXITSTATUS(c->status);
	return status != NULL || WEXITSTATUS(c->status) == 0 || fail_exit(program, what, st, WEXITSTATUS(c->status), e);
}

/* A child that has no session yet has started nothing that would have to be killed with it. */
static void stop(const struct child *c, int sig)
{
	if (!(c->tty < 0 && kill(-c->pid, sig) == 0) && !c->reaped)
		kill(c->pid, sig);
}

/* A program that may not be cut off (`gentle`) gets SIGTERM, and is not waited for. */
static void end(struct child *c, bool ok, bool gentle)
{
	if (!ok)
		stop(c, gentle ? SIGTERM : SIGKILL);
	while (!c->reaped && waitpid(c->pid, &c->status, !ok && gentle ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	restore_terminal(c);
	shut(&c->out);
	shut(&c->words);
	shut(&c->trouble);
	shut(&c->tty);
}

/* A descriptor with this content, in memory only, at its beginning. */
static bool open_input(const struct buf *b, int *fd, struct err *e)
{
	*fd = memfd_create("input", MFD_CLOEXEC);
	return (*fd >= 0 && file_write_all(*fd, b->bytes, b->len) && lseek(*fd, 0, SEEK_SET) == 0)
	    || fail_sys(e, ST_INTERNAL, errno, "cannot keep the input of a program in memory");
}

bool proc_run(char *const argv[], const char *what, enum stage st, int64_t deadline, const struct proc_extra *x,
	      struct buf *answer, struct err *e)
{
	struct child c = { 0 };
	int in = -1;
	bool ok = (x->input == NULL || open_input(x->input, &in, e)) && start(argv, in, what, x, &c, e);

	shut(&in);
	if (!ok)
		return false;
	ok = follow(&c, what, st, deadline, x->words, answer, e) && judge(&c, argv[0], what, st, x->status, e);
	end(&c, ok, x->gentle);
	return ok;
}

bool proc_read(char *const argv[], const char *what, enum stage st, int64_t deadline, struct buf *answer, struct err *e)
{
	return proc_run(argv, what, st, deadline, &(struct proc_extra){ 0 }, answer, e);
}

/* The words, and the NULL that ends them.  The caller frees the array, but not the words. */
static char **vector_of(const struct strlist *argv, struct err *e)
{
	char **vector = calloc(argv->n + 1, sizeof *vector);

	assert(argv->n > 0);
	if (vector == NULL)
		fail_memory(e);
	for (size_t i = 0; vector != NULL && i < argv->n; i++)
		vector[i] = argv->items[i];
	return vector;
}

bool proc_detach(const struct strlist *argv, const char *what, struct err *e)
{
	char **vector = vector_of(argv, e);
	int trouble[2] = { -1, -1 }, begun = -1, why = 0;
	bool ok = false;

	if (vector == NULL)
		return false;
	if (pipe2(trouble, O_CLOEXEC) == 0)
		begun = child_detach(&trouble[1], 1);
	if (begun == 0) {
		default_signals();
		become(vector, child_leave_standard(), trouble[1]);
	}
	if (begun < 0)
		fail_sys(e, ST_INTERNAL, errno, "cannot start %s", what);
	shut(&trouble[1]);
	if (begun > 0)
		ok = read(trouble[0], &why, sizeof why) != sizeof why || fail_start(vector[0], what, ST_INTERNAL, why, e);
	shut(&trouble[0]);
	free(vector);
	return ok;
}

/* One word without its quotes and backslashes; then *at is the offset after it. */
static bool split_word(const char *s, size_t *at, struct buf *word, struct err *e)
{
	char quote = '\0';

	for (; s[*at] != '\0' && (quote != '\0' || !str_isblank(s[*at])); ++*at) {
		char c = s[*at];
		bool ends = quote != '\0' && c == quote, begins = quote == '\0' && (c == '\'' || c == '"');
		bool escapes = c == '\\' && quote != '\''
			    && (quote == '\0' || s[*at + 1] == '"' || s[*at + 1] == '\\');

		if (escapes && s[*at + 1] == '\0')
			return fail(e, ST_CONFIG, FATE_PERM, "the command ends in a backslash");
		if (ends || begins)
			quote = ends ? '\0' : c;
		else if (!buf_char(word, escapes ? s[++*at] : c, e))
			return false;
	}
	if (quote != '\0')
		return fail(e, ST_CONFIG, FATE_PERM, "the command has a %c without a second one", quote);
	return true;
}

bool proc_split(const char *command, struct strlist *argv, struct err *e)
{
	struct buf word = buf_max(ST_CONFIG, strlen(command), "the command");
	bool ok = true;
	size_t at = 0;

	for (;;) {
		while (str_isblank(command[at]))
			at++;
		if (!ok || command[at] == '\0')
			break;
		buf_clear(&word);
		ok = split_word(command, &at, &word, e) && strlist_add(argv, buf_text(&word), e);
	}
	buf_wipe(&word);
	if (ok && argv->n == 0)
		return fail(e, ST_CONFIG, FATE_PERM, "the command is empty");
	return ok;
}

bool proc_read_command(const char *command, const char *what, enum stage st, int64_t deadline, struct buf *answer, struct err *e)
{
	struct strlist argv = { 0 };
	char **vector = proc_split(command, &argv, e) ? vector_of(&argv, e) : NULL;
	bool ok = vector != NULL && proc_read(vector, what, st, deadline, answer, e);

	free(vector);
	strlist_free(&argv);
	return ok;
}

static bool means_something(const char *s, bool starts, bool quoted)
{
	bool ends = s[1] == '\0' || str_isblank(s[1]);

	switch (s[0]) {
	case '`': return true;
	case '$': return str_isalnum(s[1]) || (s[1] != '\0' && strchr("_{(", s[1]) != NULL);
	case '~': return starts && !quoted && (ends || s[1] == '/');
	case '|':
	case '&':
	case ';': return !quoted && (starts || ends);
	case '<':
	case '>': return !quoted && starts;
	default:  return false;
	}
}

char proc_shell_sign(const char *command)
{
	char quote = '\0';
	bool starts = true;

	for (const char *s = command; *s != '\0'; s++) {
		if (quote != '\'' && means_something(s, starts, quote != '\0'))
			return *s;
		starts = quote == '\0' && (str_isblank(*s) || (starts && *s == '2' && s[1] == '>'));
		if (*s == '\\' && quote != '\'' && s[1] != '\0')
			s++;
		else if (quote == '\0' && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == quote)
			quote = '\0';
	}
	return '\0';
}
