/* queue/tally: what is counted when an entry gets its name while the directory is read. */
#include "tap.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queue/tally.h"

#define NAME "60000000-0000000000000000"

static struct err e;
static bool       renames; /* another process adds the entry while the directory is read */

/* Stands before the C library's: the file that it names may have another name when the caller looks at it. */
struct dirent *readdir(DIR *d)
{
	static struct dirent *(*real)(DIR *);
	struct dirent *got;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "readdir");
	got = real(d);
	if (got != NULL && renames && strcmp(got->d_name, TALLY_TEMPORARY NAME) == 0)
		renames = renameat(dirfd(d), TALLY_TEMPORARY NAME, dirfd(d), NAME) != 0;
	return got;
}

static int file(int dir, const char *name, mode_t mode, off_t size)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0 || ftruncate(fd, size) != 0) {
		puts("Bail out! no file");
		exit(1);
	}
	return fd;
}

int main(void)
{
	const struct tally_limit limit = { .limited = true, .bytes = 250, .n = SIZE_MAX };
	char path[] = "/tmp/postern-tally-XXXXXX";
	int dir, own;

	if (mkdtemp(path) == NULL || (dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		puts("Bail out! no directory");
		return 1;
	}
	close(file(dir, TALLY_TEMPORARY NAME, TALLY_COUNTS, 200));
	own = file(dir, TALLY_TEMPORARY "own", TALLY_WAITS, 100);
	ok(!tally_add(dir, path, NULL, &limit, own, 100, &e) && e.fate == FATE_TEMP, "what is being added counts");
	renames = true;
	ok(!tally_add(dir, path, NULL, &limit, own, 100, &e), "it counts, too, if it gets its own name meanwhile");
	ok(!renames, "  and it did");
	unlinkat(dir, NAME, 0);
	ok(tally_add(dir, path, NULL, &limit, own, 100, &e), "what is no more there does not count");
	unlinkat(dir, TALLY_TEMPORARY "own", 0);
	unlinkat(dir, TALLY_FILE, 0);
	rmdir(path);
	return done();
}
