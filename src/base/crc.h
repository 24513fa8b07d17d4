/*
 * crc.h - CRC-32 (IEEE 802.3, as zlib, gzip and PNG compute it): finds accidents, not forgeries.
 */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include "base/base.h"

/* The checksum of the n bytes behind those whose checksum is `crc`; 0: they are the first. */
uint32_t crc_add(uint32_t crc, const void *p, size_t n);

/* Reads the eight hexadecimal digits, in small letters, of a checksum. */
bool crc_parse(const char text[8], uint32_t *crc) MUST_CHECK;

#endif
