/* replay.c - runs a target over its corpus, in TAP: one test a file, and the empty input first. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);

	MUST(data != NULL);
	*size = f == NULL ? 0 : fread(data, 1, 1 << 20, f);
	if (f != NULL)
		fclose(f);
	return data;
}

static void run(const char *dir, const char *name, unsigned n)
{
	char path[4096];
	size_t size;
	uint8_t *data, *exact;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	data = read_file(path, &size);
	exact = malloc(size > 0 ? size : 1); /* of exactly this size, so that ASan finds a read past its end */
	MUST(exact != NULL);
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	free(data);
	printf("ok %u - %s\n", n, name);
}

int main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/'), *src = getenv("SRCDIR");
	char dir[2048];
	struct dirent *entry;
	unsigned n = 1;
	DIR *d;

	snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", src == NULL ? "." : src, base == NULL ? argv[0] : base + 1);
	if (argc > 1)
		snprintf(dir, sizeof dir, "%s", argv[1]);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok 1 - the empty input\n");
	d = opendir(dir);
	while (d != NULL && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			run(dir, entry->d_name, ++n);
	if (d == NULL)
		printf("not ok 2 - there is no corpus in %s\n", dir);
	else
		closedir(d);
	printf("1..%u\n", d == NULL ? 2 : n);
	return d == NULL;
}
