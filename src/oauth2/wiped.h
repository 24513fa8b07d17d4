/*
 * wiped.h - memory for libraries that handle secrets: it is overwritten before it is freed.
 *
 * jansson and libcurl take functions of this kind; a library that has them gives back all that it allocates, and nothing else, by
 * wiped_free().
 */
#ifndef OAUTH2_WIPED_H
#define OAUTH2_WIPED_H

#include "base/base.h"

void *wiped_malloc(size_t n);
void *wiped_calloc(size_t n, size_t size);
void *wiped_realloc(void *p, size_t n);
char *wiped_strdup(const char *s);
void  wiped_free(void *p);

#endif
