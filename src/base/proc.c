#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/descriptor.h"
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
	int   trouble; /* has errno if the program could not be started; exec closes its other end */
	int   status;
	bool  reaped;
	bool  eof;
};

/* No program may see POSTERN_PASSWORD.  And if we were started with more rights than our user has (AT_SECURE), that user must
 * not choose which programs and files the child finds.  A word without `=` is skipped: unsetenv(3) cannot remove it, and the
 * loop would not end. */
static void clean_environment(void)
{
	for (char **v = environ; *v != NULL;) {
		char name[128];
		size_t len = strcspn(*v, "=");

		if (!str_starts(*v, "POSTERN_") || len >= sizeof name || (*v)[len] == '\0') {
			v++;
			continue;
		}
		memcpy(name, *v, len);
		name[len] = '\0';
		unsetenv(name);
	}
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

static void be_child(char *const argv[], int out, int trouble)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), why;
	ssize_t told;

	setpgid(0, 0);
	default_signals();
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
		clean_environment();
		execvp(argv[0], argv);
	}
	why = errno;
	told = write(trouble, &why, sizeof why);
	_exit(told < 0 ? 127 : NOT_STARTED);
}

static bool start(char *const argv[], const char *what, struct child *c, struct err *e)
{
	int out[2], trouble[2];

	if (pipe2(out, O_CLOEXEC) != 0)
		return fail_sys(e, ST_INTERNAL, errno, "cannot start %s", what);
	if (pipe2(trouble, O_CLOEXEC) != 0) {
		fail_sys(e, ST_INTERNAL, errno, "cannot start %s", what);
		close(out[0]);
		close(out[1]);
		return false;
	}
	*c = (struct child){ .out = out[0], .trouble = trouble[0] };
	c->pid = child_fork((const int[]){ out[1], trouble[1] }, 2);
	if (c->pid == 0)
		be_child(argv, out[1], trouble[1]);
	if (c->pid < 0)
		fail_sys(e, ST_INTERNAL, errno, "cannot start %s", what);
	else
		setpgid(c->pid, c->pid); /* the child does so, too: either may run first */
	close(out[1]);
	close(trouble[1]);
	(void)fcntl(c->out, F_SETFL, O_NONBLOCK);
	if (c->pid < 0) {
		close(c->out);
		close(c->trouble);
	}
	return c->pid > 0;
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
static bool follow(struct child *c, const char *what, enum stage st, int64_t deadline,
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

static bool judge(const struct child *c, const char *program, const char *what, enum stage st, struct err *e)
{
	int why;

	if (WIFSIGNALED(c->status))
		return fail(e, st, FATE_TEMP, "%s was ended by signal %d", what, WTERMSIG(c->status));
	if (WEXITSTATUS(c->status) == NOT_STARTED && read(c->trouble, &why, sizeof why) == sizeof why)
		return fail_start(program, what, st, why, e);
	return WEXITSTATUS(c->status) == 0 || fail_exit(program, what, st, WEXITSTATUS(c->status), e);
}

bool proc_read(char *const argv[], const char *what, enum stage st, int64_t deadline,
	       struct buf *answer, struct err *e)
{
	struct child c = { 0 };
	bool ok;

	if (!start(argv, what, &c, e))
		return false;
	ok = follow(&c, what, st, deadline, answer, e) && judge(&c, argv[0], what, st, e);
	if (!ok)
		kill(-c.pid, SIGKILL);
	while (!c.reaped && waitpid(c.pid, &c.status, 0) < 0 && errno == EINTR)
		;
	close(c.out);
	close(c.trouble);
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
