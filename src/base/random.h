/*
 * random.h - random numbers from the kernel, good enough for secrets.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/err.h"

/* Fills n bytes, 256 at most.  The error is ST_INTERNAL TEMP. */
bool random_fill(void *to, size_t n, struct err *e) MUST_CHECK;

#endif
