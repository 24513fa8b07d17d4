#include "base/crc.h"

/* The remainders of all values of four bits. */
static const uint32_t rows[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t crc_add(uint32_t crc, const void *p, size_t n)
{
	const unsigned char *bytes = p;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		crc = (crc >> 4) ^ rows[crc & 15];
		crc = (crc >> 4) ^ rows[crc & 15];
	}
	return ~crc;
}

bool crc_parse(const char text[8], uint32_t *crc)
{
	*crc = 0;
	for (size_t i = 0; i < 8; i++) {
		char c = text[i];

		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		*crc = *crc << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return true;
}
