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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct conf c = { 0 };
	struct account *a;
	struct err e;
	char path[64];
	static FILE *nowhere;

	as_netrc(data, size);
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	MUST(fd >= 0 && nowhere != NULL && write(fd, data, size) == (ssize_t)size && fchmod(fd, 0600) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (conf_load(&c, &(const struct options){ .config_file = path }, &e) && conf_choose(&c, NULL, "me@example.org", &a, &e))
		(void)!dump_account(a, nowhere, &e);
	conf_free(&c);
	close(fd);
	return 0;
}
