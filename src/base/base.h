/*
 * base.h - the first include of every header: config.h, the fixed-width and boolean types, and three macros.
 *
 * config.h must come before any system header; otherwise -std=c11 hides POSIX.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PRINTF(fmt_arg, first_arg) __attribute__((__format__(__printf__, fmt_arg, first_arg)))
#define MUST_CHECK __attribute__((warn_unused_result))

#endif
