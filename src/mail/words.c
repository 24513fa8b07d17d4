#include "mail/words.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/printable.h"
#include "base/str.h"
#include "mail/address.h"

enum {
	WORD_MAX = 75,  /* characters of an encoded word, RFC 2047 2 */
	WORD_LINE = 76, /* of a line that has one */
	LINE_WISH = 78, /* of any line, RFC 5322 2.1.1 */
	WORD_MIN = 16,  /* characters of text that make it worth to begin a word on a line */
};

/* ---- charsets ----------------------------------------------------------------------------------- */

static const struct charset { /* supersets of ASCII with one octet for each character */
	const char   *name;
	unsigned char first; /* of the characters that are not ASCII */
	const char   *holes; /* octets from `first` on that are no character */
} charsets[] = {
	{ "iso-8859-1", 0xa0, "" },
	{ "iso-8859-2", 0xa0, "" },
	{ "iso-8859-3", 0xa0, "\xa5\xae\xbe\xc3\xd0\xe3\xf0" },
	{ "iso-8859-4", 0xa0, "" },
	{ "iso-8859-5", 0xa0, "" },
	{ "iso-8859-6", 0xa0, "\xa1\xa2\xa3\xa5\xa6\xa7\xa8\xa9\xaa\xab\xae\xaf\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba"
			      "\xbc\xbd\xbe\xc0\xdb\xdc\xdd\xde\xdf\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff" },
	{ "iso-8859-7", 0xa0, "\xae\xd2\xff" },
	{ "iso-8859-8", 0xa0, "\xa1\xbf\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf\xd0\xd1\xd2\xd3\xd4\xd5"
			      "\xd6\xd7\xd8\xd9\xda\xdb\xdc\xdd\xde\xfb\xfc\xff" },
	{ "iso-8859-9", 0xa0, "" },
	{ "iso-8859-10", 0xa0, "" },
	{ "iso-8859-11", 0xa0, "\xdb\xdc\xdd\xde\xfc\xfd\xfe\xff" },
	{ "iso-8859-13", 0xa0, "" },
	{ "iso-8859-14", 0xa0, "" },
	{ "iso-8859-15", 0xa0, "" },
	{ "iso-8859-16", 0xa0, "" },
	{ "koi8-r", 0x80, "" },
	{ "koi8-u", 0x80, "" },
	{ "tis-620", 0xa1, "\xdb\xdc\xdd\xde\xfc\xfd\xfe\xff" },
	{ "windows-1250", 0x80, "\x81\x83\x88\x90\x98" },
	{ "windows-1251", 0x80, "\x98" },
	{ "windows-1252", 0x80, "\x81\x8d\x8f\x90\x9d" },
	{ "windows-1253", 0x80, "\x81\x88\x8a\x8c\x8d\x8e\x8f\x90\x98\x9a\x9c\x9d\x9e\x9f\xaa\xd2\xff" },
	{ "windows-1254", 0x80, "\x81\x8d\x8e\x8f\x90\x9d\x9e" },
	{ "windows-1255", 0x80, "\x81\x8a\x8c\x8d\x8e\x8f\x90\x9a\x9c\x9d\x9e\x9f\xca\xd9\xda\xdb\xdc\xdd\xde\xdf\xfb\xfc\xff" },
	{ "windows-1256", 0x80, "" },
	{ "windows-1257", 0x80, "\x81\x83\x88\x8a\x8c\x90\x98\x9a\x9c\x9f\xa1\xa5" },
	{ "windows-1258", 0x80, "\x81\x8a\x8d\x8e\x8f\x90\x9a\x9d\x9e" },
};

static bool fits(const struct charset *set, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is8bit(text[i]) && ((unsigned char)text[i] < set->first || strchr(set->holes, text[i]) != NULL))
			return false;
	return true;
}

const char *words_charset(const char *named, const char *text, size_t n)
{
	if (str_is_utf8(text, n))
		return "utf-8";
	for (size_t i = 0; i < COUNT(charsets); i++)
		if (str_same(charsets[i].name, named) && fits(&charsets[i], text, n))
			return charsets[i].name;
	return "unknown-8bit";
}

/* ---- characters --------------------------------------------------------------------------------- */

/* The next character of a text, as it is to be encoded: *len octets of it, in place of *took octets of the text. */
static const char *next_char(const char *p, size_t left, bool utf8, size_t *took, size_t *len)
{
	size_t n = utf8 ? printable_utf8(p, left) : 1;
	bool control = str_iscontrol(*p) || (n == 2 && (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0);

	*took = n == 0 ? 1 : n;
	*len = control ? 1 : *took;
	return *p == '\t' ? " " : control ? "?" : p;
}

/* RFC 2047 5 (3): the characters that an encoded word in a phrase may have as they are. */
static bool is_q_plain(char c)
{
	return str_isalnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t q_width(const char *c, size_t len)
{
	return len == 1 && (is_q_plain(*c) || *c == ' ') ? 1 : 3 * len;
}

static bool put_q(struct buf *to, const char *p, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!(p[i] == ' ' ? buf_char(to, '_', e) : is_q_plain(p[i]) ? buf_char(to, p[i], e)
								: buf_printf(to, e, "=%02X", (unsigned char)p[i])))
			return false;
	return true;
}

/* ---- lines -------------------------------------------------------------------------------------- */

static bool add(struct words_line *l, const char *p, size_t n, struct err *e)
{
	if (n == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		l->column = p[i] == '\n' ? 0 : l->column + 1;
	return buf_add(l->to, p, n, e);
}

/* Writes blanks, or a fold and then the blanks if `n` octets that follow do not fit in the line. */
static bool add_blanks(struct words_line *l, const char *blanks, size_t n_blanks, size_t n, struct err *e)
{
	bool folded = n_blanks > 0 && memchr(blanks, '\n', n_blanks) != NULL;

	if (!folded && n_blanks > 0 && l->column > 0 && l->column + n_blanks + n > WORD_LINE && !add(l, "\n", 1, e))
		return false;
	return add(l, blanks, n_blanks, e);
}

bool words_keep(struct words_line *l, const char *blanks, size_t n_blanks, const char *text, size_t n, size_t ahead,
		struct err *e)
{
	return (n == 0 ? add(l, blanks, n_blanks, e) : add_blanks(l, blanks, n_blanks, ahead, e)) && add(l, text, n, e);
}

/* ---- encoded words ------------------------------------------------------------------------------ */

struct coding { /* how a text is encoded */
	bool   utf8, b64;
	char   open[48];
	size_t fixed; /* characters of a word without its text */
	size_t whole; /* of the whole text as one word */
};

static void choose(struct coding *c, const char *text, size_t n, const char *charset)
{
	size_t octets = 0, width = 0, took, len;

	c->utf8 = strcmp(charset, "utf-8") == 0;
	for (size_t i = 0; i < n; i += took) {
		const char *at = next_char(text + i, n - i, c->utf8, &took, &len);

		octets += len;
		width += q_width(at, len);
	}
	c->b64 = width > 2 * octets; /* more than half of the octets take three characters */
	snprintf(c->open, sizeof c->open, "=?%s?%c?", charset, c->b64 ? 'B' : 'Q');
	c->fixed = strlen(c->open) + 2;
	c->whole = c->fixed + (c->b64 ? (octets + 2) / 3 * 4 : width);
}

/* Writes one word with as many characters as fit in `room`, and one at least; *took: the octets of the text. */
static bool put_word(struct words_line *l, const struct coding *c, const char *text, size_t n, size_t room, size_t *took,
		     struct err *e)
{
	struct buf raw = buf_max(ST_INPUT, WORD_MAX, "a word"), word = buf_max(ST_INPUT, 4 * WORD_MAX, "a word");
	size_t width = 0, step, len;
	bool ok = true;

	for (*took = 0; ok && *took < n; *took += step) {
		const char *at = next_char(text + *took, n - *took, c->utf8, &step, &len);

		width = c->b64 ? (raw.len + len + 2) / 3 * 4 : width + q_width(at, len);
		if (raw.len > 0 && c->fixed + width > room)
			break;
		ok = buf_add(&raw, at, len, e);
	}
	ok = ok && buf_str(&word, c->open, e)
	  && (c->b64 ? base64_encode(&word, raw.bytes, raw.len, e) : put_q(&word, raw.bytes, raw.len, e))
	  && buf_str(&word, "?=", e) && add(l, word.bytes, word.len, e);
	buf_free(&raw);
	buf_free(&word);
	return ok;
}

/* The room for a word in this line, with one character left for what may follow (a comma, a parenthesis).  If too few characters
 * would fit, the word is not put here. */
static size_t room_at(const struct coding *c, size_t column)
{
	size_t room = column + 1 < WORD_LINE ? WORD_LINE - 1 - column : 0;

	room = room < WORD_MAX ? room : WORD_MAX;
	return c->whole <= room || c->fixed + WORD_MIN <= room ? room : 0;
}

bool words_put(struct words_line *l, const char *blanks, size_t n_blanks, const char *text, size_t n, const char *charset,
	       struct err *e)
{
	struct coding c;
	size_t took;

	choose(&c, text, n, charset);
	if (n_blanks == 0 && room_at(&c, l->column) == 0) {
		blanks = " ";
		n_blanks = 1;
	}
	if (!add_blanks(l, blanks, n_blanks, room_at(&c, l->column + n_blanks) == 0 ? WORD_LINE : 0, e))
		return false;
	for (size_t at = 0; at < n; at += took) {
		size_t room = room_at(&c, l->column);

		if ((at > 0 && !add(l, "\n ", 2, e))
		    || !put_word(l, &c, text + at, n - at, at > 0 || room == 0 ? room_at(&c, 1) : room, &took, e))
			return false;
	}
	return true;
}

/* ---- parameters --------------------------------------------------------------------------------- */

static bool is_attribute_char(char c)
{
	return str_isalnum(c) || (c != '\0' && strchr("!#$&+-.^_`{|}~", c) != NULL);
}

/* `also`: more characters that stay. */
static bool put_percent(struct words_line *l, const char *p, size_t n, const char *also, struct err *e)
{
	char hex[4];

	for (size_t i = 0; i < n; i++) {
		bool plain = is_attribute_char(p[i]) || (p[i] != '\0' && strchr(also, p[i]) != NULL);

		snprintf(hex, sizeof hex, "%%%02X", (unsigned char)p[i]);
		if (!(plain ? add(l, p + i, 1, e) : add(l, hex, 3, e)))
			return false;
	}
	return true;
}

static size_t percent_width(const char *p, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += is_attribute_char(p[i]) ? 1 : 3;
	return width;
}

/* Characters of the value, until the line is full; all of them if `max` is 0. */
static bool put_value(struct words_line *l, const char **value, size_t *n, bool utf8, size_t max, const char *also, struct err *e)
{
	size_t took, len;

	for (bool first = true; *n > 0; first = false, *value += took, *n -= took) {
		const char *at = next_char(*value, *n, utf8, &took, &len);

		if (max > 0 && !first && l->column + percent_width(at, len) > max)
			break;
		if (!put_percent(l, at, len, also, e))
			return false;
	}
	return true;
}

static size_t value_width(const char *p, size_t n, bool utf8)
{
	size_t width = 0, took, len;

	for (; n > 0; p += took, n -= took) {
		const char *at = next_char(p, n, utf8, &took, &len);

		width += percent_width(at, len);
	}
	return width;
}

static bool put_pieces(struct words_line *l, const char *name, int name_len, const char *value, size_t n, const char *charset,
		       struct err *e)
{
	bool utf8 = strcmp(charset, "utf-8") == 0;

	for (unsigned i = 0; n > 0; i++) {
		char start[WORDS_NAME_MAX + 100];
		int len = snprintf(start, sizeof start, "%s\n %.*s*%u*=%s%s", i == 0 ? "" : ";", name_len, name, i,
				   i == 0 ? charset : "", i == 0 ? "''" : "");

		if (!add(l, start, (size_t)len, e) || !put_value(l, &value, &n, utf8, WORD_LINE - 1, "", e))
			return false;
	}
	return true;
}

/* A piece of a value ("name*1"), or a value that is extended already ("name*"). */
static bool put_starred(struct words_line *l, const char *name, size_t name_len, const char *value, size_t n, const char *charset,
			struct err *e)
{
	bool extended = name[name_len - 1] == '*', utf8 = strcmp(charset, "utf-8") == 0;
	bool first = !extended && name_len > 2 && name[name_len - 2] == '*' && name[name_len - 1] == '0';

	return add(l, "\n ", 2, e) && add(l, name, name_len, e) && add(l, extended ? "=" : "*=", extended ? 1 : 2, e)
	    && (!first || (add(l, charset, strlen(charset), e) && add(l, "''", 2, e)))
	    && put_value(l, &value, &n, utf8, 0, extended ? "'%" : "", e);
}

bool words_parameter(struct words_line *l, const char *name, size_t name_len, const char *value, size_t n, const char *charset,
		     struct err *e)
{
	bool utf8 = strcmp(charset, "utf-8") == 0;
	size_t whole = name_len + strlen("*=''") + strlen(charset) + value_width(value, n, utf8);

	if (memchr(name, '*', name_len) != NULL)
		return put_starred(l, name, name_len, value, n, charset, e);
	if (1 + whole >= WORD_LINE)
		return put_pieces(l, name, (int)name_len, value, n, charset, e);
	return (l->column + 1 + whole >= WORD_LINE ? add(l, "\n ", 2, e) : add(l, " ", 1, e)) && add(l, name, name_len, e)
	    && add(l, "*=", 2, e) && add(l, charset, strlen(charset), e) && add(l, "''", 2, e)
	    && put_value(l, &value, &n, utf8, 0, "", e);
}

/* ---- encoded words that are there already ------------------------------------------------------- */

static bool is_token(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~' || strchr("()<>@,;:\\\"/[]?.=", p[i]) != NULL)
			return false;
	return n > 0;
}

static bool is_q(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int high = p[i] == '=' && i + 2 < n ? str_hex_digit(p[i + 1]) : -1;
		int low = high < 0 ? -1 : str_hex_digit(p[i + 2]);

		if (p[i] == '=' && (low < 0 || str_iscontrol((char)(high * 16 + low))))
			return false;
		if (p[i] != '=' && (p[i] <= ' ' || p[i] > '~' || p[i] == '?'))
			return false;
		i += p[i] == '=' ? 2 : 0;
	}
	return n > 0;
}

static bool is_b(const char *p, size_t n)
{
	struct buf plain = buf_max(ST_INPUT, n, "a word");
	bool good = n > 0 && base64_decode(&plain, p, n);

	for (size_t i = 0; good && i < plain.len; i++)
		good = !str_iscontrol(plain.bytes[i]);
	buf_free(&plain);
	return good;
}

bool words_is_word(const char *p, size_t n)
{
	const char *encoding, *text, *end;

	if (n < 8 || memcmp(p, "=?", 2) != 0 || memcmp(p + n - 2, "?=", 2) != 0)
		return false;
	end = p + n - 2;
	encoding = memchr(p + 2, '?', n - 4);
	if (encoding == NULL || !is_token(p + 2, (size_t)(encoding - p - 2)) || encoding + 3 > end || encoding[2] != '?')
		return false;
	text = encoding + 3;
	return str_lower(encoding[1]) == 'q' ? is_q(text, (size_t)(end - text))
	     : str_lower(encoding[1]) == 'b' && is_b(text, (size_t)(end - text));
}

/* ---- a display name ----------------------------------------------------------------------------- */

static bool is_atoms(const char *name)
{
	bool blank = true;

	for (; *name != '\0'; name++) {
		if (*name == ' ' && blank)
			return false;
		blank = *name == ' ';
		if (!blank && !address_is_atext(*name))
			return false;
	}
	return !blank;
}

static bool put_quoted(struct words_line *l, const char *p, size_t n, struct err *e)
{
	if (!add(l, "\"", 1, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (((p[i] == '"' || p[i] == '\\') && !add(l, "\\", 1, e)) || !add(l, p + i, 1, e))
			return false;
	return add(l, "\"", 1, e);
}

static bool is_atom(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!address_is_atext(p[i]))
			return false;
	return n > 0;
}

static bool looks_encoded(const char *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (p[i] == '=' && p[i + 1] == '?')
			return true;
	return false;
}

/* Does it have encoded words, and no piece that looks like one and is none that fits in a phrase (RFC 2047 5 (3))? */
static bool is_encoded_already(const char *name)
{
	bool found = false;

	for (size_t n; *name != '\0'; name += n + (name[n] == ' ')) {
		n = strcspn(name, " ");
		if (looks_encoded(name, n) && !(words_is_word(name, n) && is_atom(name, n)))
			return false;
		found = found || looks_encoded(name, n);
	}
	return found;
}

/* Encoded words and atoms as they are, other pieces quoted. */
static bool put_encoded(struct words_line *l, const char *name, struct err *e)
{
	for (size_t n; *name != '\0'; name += n) {
		size_t blanks = strspn(name, " ");

		name += blanks;
		n = strcspn(name, " ");
		if (n > 0 && (!add_blanks(l, " ", blanks > 0, n, e)
			      || !(is_atom(name, n) ? add(l, name, n, e) : put_quoted(l, name, n, e))))
			return false;
	}
	return true;
}

/* A long ASCII name becomes encoded words, too: a quoted one would make the line too long. */
bool words_phrase(struct buf *to, const char *name, size_t column, struct err *e)
{
	struct words_line l = { to, column };
	size_t n = strlen(name);
	bool eight_bit = str_has_8bit(name, n), words = strstr(name, "=?") != NULL;

	for (size_t i = 0; i < n; i++)
		if (str_iscontrol(name[i]))
			return fail(e, ST_INPUT, FATE_PERM, "there is a control character in the name %s", name);
	if (!eight_bit && is_encoded_already(name))
		return put_encoded(&l, name, e);
	/* a name that looks like an encoded word and is none is encoded, so that no reader decodes it */
	if (eight_bit || n + column > LINE_WISH || words)
		return words_put(&l, "", 0, name, n, words_charset("", name, n), e);
	return is_atoms(name) ? buf_str(to, name, e) : put_quoted(&l, name, n, e);
}
