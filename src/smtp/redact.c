#include "smtp/redact.h"

#include "base/base64.h"
#include "base/str.h"

enum {
	WORD_MIN = 4,             /* bytes */
	PART_MIN = 8, PART_MAX = 16, /* bytes: the beginning of a word that is hidden without the rest */
	WORDS_MAX = 1024 * 1024,
};

enum { KIND_PLAIN = 'p', KIND_BASE64 = 'b' };

void redact_begin(struct redact *r)
{
	r->words = buf_max(ST_AUTH, WORDS_MAX, "the memory of what was sent");
}

void redact_end(struct redact *r)
{
	buf_wipe(&r->words);
}

/* Adds the whole word or nothing: a part of it would hide other text. */
static bool remember(struct redact *r, char kind, const char *word, size_t len, struct err *e)
{
	if (len < WORD_MIN)
		return true;
	return buf_room(&r->words, len + 2, e) && buf_char(&r->words, kind, e) && buf_add(&r->words, word, len, e)
	    && buf_char(&r->words, '\0', e);
}

/* Base64 of a text that holds the secret depends on how many bytes (modulo 3) stand before it: `before`.  The characters that
 * are made of the secret's bits alone are then always the same, and are remembered. */
static bool remember_encoded(struct redact *r, const char *secret, size_t before, struct err *e)
{
	struct buf plain = buf_max(ST_AUTH, WORDS_MAX, "the secret"), coded = buf_max(ST_AUTH, WORDS_MAX, "the secret");
	size_t from = (before * 8 + 5) / 6, to = (before + strlen(secret)) * 8 / 6;
	bool ok = buf_add(&plain, "\0\0", before, e) && buf_str(&plain, secret, e)
	       && base64_encode(&coded, plain.bytes, plain.len, e)
	       && (to <= from || remember(r, KIND_BASE64, coded.bytes + from, to - from, e));

	buf_wipe(&plain);
	buf_wipe(&coded);
	return ok;
}

bool redact_secret(struct redact *r, const char *secret, struct err *e)
{
	return strlen(secret) < WORD_MIN
	    || (remember(r, KIND_PLAIN, secret, strlen(secret), e) && remember_encoded(r, secret, 0, e)
		&& remember_encoded(r, secret, 1, e) && remember_encoded(r, secret, 2, e));
}

bool redact_base64(struct redact *r, const char *word, struct err *e)
{
	size_t len = strlen(word);

	while (len > 0 && word[len - 1] == '=')
		len--;
	return remember(r, KIND_BASE64, word, len, e);
}

static bool is_base64(char c)
{
	return str_isalnum(c) || c == '+' || c == '/' || c == '=';
}

/* The length of what may stand between a line's end and the server's words: an enhanced code and blanks. */
static size_t before_words(const char *line)
{
	size_t n = strspn(line, "0123456789.");

	if (n < 5 || line[n] != ' ')
		n = 0;
	return n + strspn(line + n, " ");
}

/* A word that began on the line before goes on here.  How many bytes stand before its rest?  As many as before_words() says,
 * unless the word itself goes on with these bytes.  Only one of both is tried: trying both at each line end would take
 * exponential time if a server put line ends between all characters. */
static size_t between(const char *line, const char *rest)
{
	size_t skip = before_words(line), same = 0;

	while (rest[same] != '\0' && line[same] == rest[same])
		same++;
	return rest[same] == '\0' || same > skip || line[skip] != rest[0] ? 0 : skip;
}

/* How many bytes of the word's beginning stand at p, and where they end.  Line ends may stand between them. */
static size_t match(const char *p, const char *word, const char **end)
{
	size_t n = 0;

	for (;;) {
		while (word[n] != '\0' && *p == word[n]) {
			p++;
			n++;
		}
		*end = p;
		if (*p != '\n' || word[n] == '\0' || n == 0)
			return n;
		p += 1 + between(p + 1, word + n);
		if (*p != word[n])
			return n;
	}
}

/* So many bytes of a word's beginning are enough to hide them. */
static size_t enough(size_t len)
{
	size_t half = len / 2 < PART_MIN ? PART_MIN : len / 2 > PART_MAX ? PART_MAX : len / 2;

	return len < half ? len : half;
}

/* The end of what is to be hidden from p on; p: nothing is.  Of base64 the whole run of characters is hidden, since those
 * beside the word hold some of its bits, too. */
static char *hidden_to(const char *start, char *p, const char *stop, char kind, const char *word, bool cut)
{
	const char *end;
	size_t n = match(p, word, &end);

	if (n == 0 || (n < enough(strlen(word)) && !(cut && end == stop)))
		return p;
	if (kind == KIND_BASE64) {
		for (char *q = p; q > start && is_base64(q[-1]); q--)
			q[-1] = '*';
		while (is_base64(*end))
			end++;
	}
	return p + (end - p);
}

/* Marks the bytes that words begin with: at other bytes no word need be compared. */
static void mark_first(const struct redact *r, bool first[256])
{
	memset(first, 0, 256 * sizeof first[0]);
	for (size_t i = 0; i < r->words.len; i += strlen(r->words.bytes + i) + 1)
		first[(unsigned char)r->words.bytes[i + 1]] = true;
}

/* A byte is overwritten only after all words were looked for at it, since words may overlap. */
void redact(const struct redact *r, char *text, size_t len, bool cut)
{
	char *upto = text;
	bool first[256];

	mark_first(r, first);
	for (char *p = text; p < text + len; p++) {
		for (size_t i = 0; first[(unsigned char)*p] && i < r->words.len; i += strlen(r->words.bytes + i) + 1) {
			const char *word = r->words.bytes + i;
			char *end = hidden_to(text, p, text + len, word[0], word + 1, cut);

			upto = end > upto ? end : upto;
		}
		if (p < upto && *p != '\n')
			*p = '*';
	}
}
