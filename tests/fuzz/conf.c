/* A configuration file, read from memory. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/choose.h"
#include "config/dump.h"
#include "config/load.h"
#include "secret/netrc.h"

static void as_netrc(const uint8_t *data, size_t size)
{
	struct buf password = buf_max(ST_INPUT, 4096, "the password");
	struct err e;
	bool found;

	(void)!netrc_find((const char *)data, size, "mail.example.org", "me", &password, &found, &e);
	buf_wipe(&password);
}

/* The file has no neighbours, so that "include *" finds nothing else: an include of /proc/self/fd would wait for pipes. */
static char directory[] = "/tmp/fuzz-conf.XXXXXX", path[sizeof directory + 5];

static void remove_path(void)
{
	(void)unlink(path);
	(void)rmdir(directory);
}

/* A link to a file in memory, which keeps its descriptor. */
static int make_file(void)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	char target[64];

	MUST(fd >= 0 && fchmod(fd, 0600) == 0 && mkdtemp(directory) != NULL && atexit(remove_path) == 0);
	snprintf(path, sizeof path, "%s/conf", directory);
	snprintf(target, sizeof target, "/proc/self/fd/%d", fd);
	MUST(symlink(target, path) == 0);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static FILE *nowhere;
	struct conf c = { 0 };
	struct account *a;
	struct err e;

	as_netrc(data, size);
	if (fd < 0)
		fd = make_file();
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	MUST(nowhere != NULL && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	if (conf_load(&c, &(const struct options){ .config_file = path }, &e) && conf_choose(&c, NULL, "me@example.org", &a, &e))
		(void)!dump_account(a, nowhere, &e);
	conf_free(&c);
	return 0;
}
