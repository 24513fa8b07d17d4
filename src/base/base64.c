#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The same the other way round; the unit test compares the two. */
#define VALUE(c)                                                                                                                 \
	(signed char)((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A'                                                                     \
		      : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26                                                                \
		      : (c) >= '0' && (c) <= '9' ? (c) - '0' + 52                                                                \
		      : (c) == '+'               ? 62                                                                            \
		      : (c) == '/'               ? 63                                                                            \
						 : -1)
#define VALUES_4(c)  VALUE(c), VALUE((c) + 1), VALUE((c) + 2), VALUE((c) + 3)
#define VALUES_16(c) VALUES_4(c), VALUES_4((c) + 4), VALUES_4((c) + 8), VALUES_4((c) + 12)
#define VALUES_64(c) VALUES_16(c), VALUES_16((c) + 16), VALUES_16((c) + 32), VALUES_16((c) + 48)

const signed char base64_value[256] = { VALUES_64(0), VALUES_64(64), VALUES_64(128), VALUES_64(192) };

void base64_group(const unsigned char *p, size_t n, char four[4])
{
	uint32_t bits = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);

	four[0] = alphabet[bits >> 18];
	four[1] = alphabet[bits >> 12 & 63];
	four[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
	four[3] = n > 2 ? alphabet[bits & 63] : '=';
}

bool base64_encode(struct buf *to, const void *p, size_t n, struct err *e)
{
	const unsigned char *u = p;

	if (!buf_room(to, (n + 2) / 3 * 4, e))
		return false;
	for (size_t i = 0; i < n; i += 3) {
		base64_group(u + i, n - i, to->bytes + to->len);
		to->len += 4;
	}
	to->bytes[to->len] = '\0';
	return true;
}

/* The last group, `pad` characters of which are '='.  The bits that are not used because of padding must be zero. */
static bool last_bytes(const char *p, size_t pad, unsigned char three[3])
{
	char four[4];

	memcpy(four, p, sizeof four);
	memset(four + 4 - pad, alphabet[0], pad);
	return base64_bytes(four, three) && (pad < 1 || three[2] == 0) && (pad < 2 || three[1] == 0);
}

bool base64_decode(struct buf *to, const char *p, size_t n)
{
	size_t pad = n < 4 || p[n - 1] != '=' ? 0 : p[n - 2] == '=' ? 2 : 1;
	struct err unheard;

	if (n % 4 != 0)
		return false;
	for (size_t i = 0; i < n; i += 4) {
		bool last = i + 4 == n;
		unsigned char three[3];

		if (!(last ? last_bytes(p + i, pad, three) : base64_bytes(p + i, three))
		    || !buf_add(to, three, last ? 3 - pad : 3, &unheard))
			return false;
	}
	return true;
}
