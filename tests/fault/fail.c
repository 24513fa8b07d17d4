/*
 * fail.c - to be preloaded: the n-th allocation that a program asks for fails.
 *
 *	FAIL_ALLOC_AT=n		counted from main() on, in every process of the program; 0 or unset: none
 *	FAIL_ALLOC_COUNT=file	how many there were is written there at the end, by the first process
 *
 * malloc, calloc and realloc are all: the rest of the C library's family asks them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *(*real_malloc)(size_t n);
static void *(*real_calloc)(size_t n, size_t size);
static void *(*real_realloc)(void *p, size_t n);

static bool          counting;
static unsigned long count, fail_at;
static pid_t         first;

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

static bool fails(void)
{
	if (!counting || ++count != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t n)
{
	if (real_malloc == NULL)
		*(void **)&real_malloc = next("malloc");
	return fails() ? NULL : real_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	if (real_calloc == NULL)
		*(void **)&real_calloc = next("calloc");
	return fails() ? NULL : real_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	if (real_realloc == NULL)
		*(void **)&real_realloc = next("realloc");
	return fails() ? NULL : real_realloc(p, n);
}

static void report(void)
{
	const char *path = getenv("FAIL_ALLOC_COUNT");
	unsigned long n = count;
	char text[32];
	int fd;

	counting = false;
	if (path == NULL || getpid() != first)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, (size_t)snprintf(text, sizeof text, "%lu\n", n)) < 0)
		abort();
	close(fd);
}

static int (*real_main)(int argc, char **argv, char **env);

/* What libraries do before main() is no business of the program. */
static int counted_main(int argc, char **argv, char **env)
{
	const char *at = getenv("FAIL_ALLOC_AT");
	int status;

	fail_at = at == NULL ? 0 : strtoul(at, NULL, 10);
	first = getpid();
	counting = true;
	status = real_main(argc, argv, env);
	report();
	return status;
}

typedef int start_fn(int (*start)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		     void (*rtld_fini)(void), void *stack_end);

start_fn __libc_start_main;

int __libc_start_main(int (*start)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_fn *real;

	*(void **)&real = next("__libc_start_main");
	real_main = start;
	return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
