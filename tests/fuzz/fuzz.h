/*
 * fuzz.h - what every fuzz target has: one function over (data, size).
 *
 * `./configure --enable-fuzzing CC=clang` links it with libFuzzer; otherwise replay.c runs it over the
 * files of tests/fuzz/corpus/NAME, as `make check` does.  A finding becomes a file there.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/base.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant that must hold whatever the input: libFuzzer takes the abort for a finding. */
#define MUST(claim) \
	do { \
		if (!(claim)) \
			abort(); \
	} while (0)

/* The input as a string of its own, so that one byte too far is seen. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	MUST(s != NULL);
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

#endif
