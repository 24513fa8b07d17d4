#include "secret/netrc.h"

#include "base/str.h"

enum { TOKEN_MAX = 64 * 1024 };

struct entry { /* the `machine` or `default` that is being read */
	bool       host_fits; /* it is for our host, or the default */
	bool       user_fits, has_user, has_password;
	struct buf password;  /* of an entry for our host */
};

struct scan {
	const char  *text, *host, *user;
	size_t       len, at;
	struct buf   token;
	struct entry entry;
};

static bool fail_line(const struct scan *s, struct err *e, const char *what)
{
	size_t line = 1;

	for (size_t i = 0; i < s->at && i < s->len; i++)
		line += s->text[i] == '\n';
	return fail(e, ST_SECRET, FATE_PERM, "line %zu of the netrc file: %s", line, what);
}

static bool is_space(char c)
{
	return str_isblank(c) || c == '\n' || c == '\r';
}

/* A comment may stand before a word of the grammar, but not before a value: a password may begin with '#'. */
static void skip_space(struct scan *s, bool comments)
{
	while (s->at < s->len) {
		if (comments && s->text[s->at] == '#')
			while (s->at < s->len && s->text[s->at] != '\n')
				s->at++;
		else if (is_space(s->text[s->at]))
			s->at++;
		else
			return;
	}
}

/* The character that a backslash and c stand for.  Only within quotes \n, \r and \t are control characters, as in curl. */
static char unescape(char c, bool quoted)
{
	static const char names[] = "nrt", meant[] = "\n\r\t";
	const char *name = quoted && c != '\0' ? strchr(names, c) : NULL;

	return name != NULL ? meant[name - names] : c;
}

/* Reads the next token into s->token, or sets *end. */
static bool next(struct scan *s, bool value, bool *end, struct err *e)
{
	bool quoted;

	buf_clear(&s->token);
	skip_space(s, !value);
	*end = s->at == s->len;
	if (*end)
		return true;
	quoted = s->text[s->at] == '"';
	for (s->at += quoted; s->at < s->len; s->at++) {
		char c = s->text[s->at];

		if (quoted ? c == '"' : is_space(c))
			break;
		if (c == '\0')
			return fail_line(s, e, "there is a NUL byte");
		if (quoted && c == '\n')
			break;
		if (c == '\\' && s->at + 1 < s->len)
			c = unescape(s->text[++s->at], quoted);
		if (!buf_char(&s->token, c, e))
			return e->stage == ST_SECRET ? fail_line(s, e, "a word is too long") : false;
	}
	if (quoted && (s->at == s->len || s->text[s->at] != '"'))
		return fail_line(s, e, "a quote is not closed");
	s->at += quoted;
	return true;
}

static bool word_is(const struct scan *s, const char *word)
{
	return s->token.len == strlen(word) && memcmp(buf_text(&s->token), word, s->token.len) == 0;
}

/* Skips a macro, which ends with the first empty line. */
static void skip_macro(struct scan *s)
{
	bool empty = false;

	while (s->at < s->len && s->text[s->at] != '\n')
		s->at++;
	for (size_t start = ++s->at; s->at < s->len && !empty; start = ++s->at) {
		while (s->at < s->len && s->text[s->at] != '\n')
			s->at++;
		empty = s->at == start || (s->at == start + 1 && s->text[start] == '\r');
	}
	s->at = s->at > s->len ? s->len : s->at;
}

static bool got_machine(struct scan *s, struct err *e)
{
	(void)e;
	s->entry.host_fits = str_same(buf_text(&s->token), s->host);
	return true;
}

static bool got_user(struct scan *s, struct err *e)
{
	if (s->entry.has_user)
		return fail_line(s, e, "an entry has two logins");
	s->entry.has_user = true;
	s->entry.user_fits = word_is(s, s->user);
	return true;
}

static bool got_password(struct scan *s, struct err *e)
{
	if (s->entry.has_password)
		return fail_line(s, e, "an entry has two passwords");
	s->entry.has_password = s->token.len > 0;
	return !s->entry.host_fits || buf_add(&s->entry.password, buf_text(&s->token), s->token.len, e);
}

static bool got_nothing(struct scan *s, struct err *e)
{
	(void)s, (void)e;
	return true;
}

static bool got_macro(struct scan *s, struct err *e)
{
	(void)e;
	skip_macro(s);
	return true;
}

static const struct {
	const char *name;
	bool        begins; /* begins an entry, and so ends the one before */
	bool (*got)(struct scan *s, struct err *e); /* is called with the value in s->token; NULL: the word has none */
} words[] = {
	{ "account", .got = got_nothing },
	{ "default", .begins = true },
	{ "login", .got = got_user },
	{ "macdef", .got = got_macro },
	{ "machine", .begins = true, .got = got_machine },
	{ "password", .got = got_password },
	{ "port", .got = got_nothing }, /* GNU's; ignored */
	{ "user", .got = got_user },
};

static bool entry_complete(const struct entry *n)
{
	return n->host_fits && n->has_user && n->user_fits && n->has_password;
}

static void entry_begin(struct entry *n, bool host_fits)
{
	buf_wipe(&n->password);
	*n = (struct entry){ .host_fits = host_fits, .password = n->password };
}

static bool apply_word(struct scan *s, size_t word, struct err *e)
{
	bool end = false;

	if (words[word].begins)
		entry_begin(&s->entry, words[word].got == NULL);
	if (words[word].got == NULL)
		return true;
	if (!next(s, true, &end, e))
		return false;
	if (end)
		return fail_line(s, e, "the last word needs a value");
	return words[word].got(s, e);
}

/* Reads entries up to the first that fits. */
static bool search(struct scan *s, struct err *e)
{
	for (;;) {
		bool end;
		size_t word = 0;

		if (!next(s, false, &end, e))
			return false;
		while (!end && word < COUNT(words) && !word_is(s, words[word].name))
			word++;
		if (!end && word == COUNT(words)) /* the word is not shown, since it may be part of a password */
			return fail_line(s, e, "there is a word that is none of machine, default, login, "
					       "user, password, account, macdef");
		if (end || (words[word].begins && entry_complete(&s->entry)))
			return true;
		if (!apply_word(s, word, e))
			return false;
	}
}

bool netrc_find(const char *text, size_t len, const char *host, const char *user,
		struct buf *password, bool *found, struct err *e)
{
	struct scan s = {
		.text = text, .len = len, .host = host, .user = user,
		.token = buf_max(ST_SECRET, TOKEN_MAX, "a word of the netrc file"),
		.entry = { .password = buf_max(ST_SECRET, TOKEN_MAX, "a password of the netrc file") },
	};
	bool ok = search(&s, e);

	*found = ok && entry_complete(&s.entry);
	if (*found)
		ok = buf_add(password, buf_text(&s.entry.password), s.entry.password.len, e);
	buf_wipe(&s.token);
	buf_wipe(&s.entry.password);
	return ok;
}
