#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

enum { FD_MANY = 65536 }; /* descriptors at most that are closed one by one where close_range(2) is missing */

#ifdef SYS_close_range
static bool close_at_once(unsigned from, unsigned to)
{
	return syscall(SYS_close_range, from, to, 0) == 0;
}
#else
static bool close_at_once(unsigned from, unsigned to)
{
	(void)from, (void)to;
	return false;
}
#endif

/* Closes the descriptors between these two. */
static void close_between(int low, int high)
{
	long most = sysconf(_SC_OPEN_MAX);

	if (high - low < 2 || close_at_once((unsigned)low + 1, (unsigned)high - 1))
		return;
	if (most < 0 || most > FD_MANY)
		most = FD_MANY;
	for (int fd = low + 1; fd < high && fd < most; fd++)
		close(fd);
}

/* The smallest of `keep` above `low`, or one more than there can be. */
static int next_kept(const int *keep, size_t n, int low)
{
	int next = INT_MAX;

	for (size_t i = 0; i < n; i++)
		if (keep[i] > low && keep[i] < next)
			next = keep[i];
	return next;
}

pid_t child_fork(const int *keep, size_t n)
{
	pid_t pid = fork();

	for (int low = STDERR_FILENO, next; pid == 0 && low < INT_MAX; low = next) {
		next = next_kept(keep, n, low);
		close_between(low, next);
	}
	return pid;
}

/* Nobody but init waits for the child of a child that has ended. */
int child_detach(const int *keep, size_t n)
{
	pid_t between = child_fork(keep, n), pid;
	int status = 0;

	if (between == 0) {
		setsid();
		if ((pid = child_fork(keep, n)) == 0)
			return 0;
		_exit(pid < 0);
	}
	if (between < 0)
		return -1;
	while (waitpid(between, &status, 0) < 0 && errno == EINTR)
		;
	errno = EAGAIN;
	return status == 0 ? 1 : -1;
}

bool child_leave_standard(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0;
}

/* A word without `=` is skipped: unsetenv(3) cannot remove it, and the loop would not end. */
void child_forget_settings(void)
{
	char **v = environ;

	if (v == NULL)
		return;
	while (*v != NULL) {
		char name[128];
		size_t len = strcspn(*v, "=");

		if (!str_starts(*v, "POSTERN_") || len >= sizeof name || (*v)[len] == '\0') {
			v++;
			continue;
		}
		memcpy(name, *v, len);
		name[len] = '\0';
		unsetenv(name); /* moves the next one here */
	}
}

bool child_take_environment(uid_t uid)
{
	static const char *const names[] = { "PATH", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES" };
	const struct passwd *pw = getpwuid(uid);
	const char *values[COUNT(names)];
	bool ok;

	for (size_t i = 0; i < COUNT(names); i++)
		values[i] = getenv(names[i]);
	ok = clearenv() == 0;
	for (size_t i = 0; ok && i < COUNT(names); i++)
		ok = values[i] == NULL || setenv(names[i], values[i], 1) == 0;
	if (ok && pw != NULL)
		ok = setenv("HOME", pw->pw_dir, 1) == 0 && setenv("USER", pw->pw_name, 1) == 0
		  && setenv("LOGNAME", pw->pw_name, 1) == 0;
	return ok;
}
