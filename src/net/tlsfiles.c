#include "net/tlsfiles.h"

#include <errno.h>
#include <stdlib.h>

enum { FILE_MAX = 64 * 1024 * 1024 }; /* bytes; some revocation lists are larger than 10 MB */

/* A file that all may read, such as the store of CA certificates, is no secret and need not be wiped. */
static void forget(struct tls_file *one)
{
	if (one->facts.open_read)
		buf_free(&one->text);
	else
		buf_wipe(&one->text);
	free(one->path);
	free(one);
}

static bool fill(struct tls_file *one, const char *path, size_t usual, struct err *e)
{
	one->path = str_dup(path, e);
	if (one->path == NULL)
		return false;
	one->text = buf_max(ST_CONFIG, FILE_MAX, one->path);
	if (!buf_room(&one->text, usual, e))
		return false;
	if (file_read(path, ST_TLS, &one->text, &one->facts, e))
		return true;
	if (e->sys == ENOTDIR)
		e->sys = ENOENT;
	if (e->sys != ENOENT && e->stage == ST_TLS)
		e->stage = ST_CONFIG;
	return false;
}

const struct tls_file *tls_files_get(struct tls_files *f, const char *path, size_t usual, struct err *e)
{
	struct tls_file *one;

	for (one = f->first; one != NULL; one = one->next)
		if (strcmp(one->path, path) == 0)
			return one;
	one = calloc(1, sizeof *one);
	if (one == NULL) {
		fail_memory(e);
		return NULL;
	}
	if (!fill(one, path, usual, e)) {
		forget(one);
		return NULL;
	}
	one->next = f->first;
	f->first = one;
	return one;
}

void tls_files_wipe(struct tls_files *f)
{
	while (f->first != NULL) {
		struct tls_file *one = f->first;

		f->first = one->next;
		forget(one);
	}
}
