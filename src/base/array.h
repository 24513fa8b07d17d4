/*
 * array.h - how every array of structs or pointers grows: one by one, in memory that doubles.
 *
 * The array is full when its length is 0 or a power of two, so no field is needed for its room.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/err.h"

/* The array of n elements of `size` bytes with room for one more, perhaps at another address; NULL: no memory is left, and the
 * old array is unchanged.  The new element is not zeroed.  The caller frees the array with free(3). */
void *array_grow(void *items, size_t n, size_t size, struct err *e) MUST_CHECK;

#endif
