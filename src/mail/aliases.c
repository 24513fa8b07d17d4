#include "mail/aliases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "mail/mailbox.h"

/* Stands in the parsed copy for a line end after a backslash: it is a blank, and it counts as a line. */
enum { JOINED = '\v' };

struct parse {
	struct aliases *a;
	char           *text; /* a copy, with blanks in place of comments */
	size_t          len;
	size_t          counted; /* the offset to which `line` belongs */
	unsigned        line;
	struct err     *e;
};

static bool is_blank(char c)
{
	return str_isblank(c) || c == '\n' || c == JOINED;
}

/* Must be called with rising offsets. */
static unsigned line_at(struct parse *p, size_t at)
{
	for (; p->counted < at; p->counted++)
		p->line += p->text[p->counted] == '\n' || p->text[p->counted] == JOINED;
	return p->line;
}

static bool bad(struct parse *p, size_t at, const char *what)
{
	return fail(p->e, ST_CONFIG, FATE_PERM, "%s:%u: %s", p->a->file, line_at(p, at), what);
}

/* ---- the text, made simple ----------------------------------------------------------------------- */

static void blank_comment(char *line, size_t n)
{
	bool quoted = false, word = true; /* does a word begin here? */

	for (size_t i = 0; i < n; i++) {
		if (line[i] == '#' && word && !quoted) {
			memset(line + i, ' ', n - i);
			return;
		}
		word = str_isblank(line[i]);
		if (line[i] == '\\')
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
	}
}

/* Turns a comment and the CR into blanks; a backslash at the end joins the next line.  Returns where the next line begins. */
static size_t simplify_line(char *text, size_t at, size_t len)
{
	const char *nl = memchr(text + at, '\n', len - at);
	size_t end = nl == NULL ? len : (size_t)(nl - text), last = end;

	blank_comment(text + at, end - at);
	if (last > at && text[last - 1] == '\r')
		text[--last] = ' ';
	if (last > at && text[last - 1] == '\\' && end < len) {
		text[last - 1] = ' ';
		text[end] = JOINED;
	}
	return end + 1;
}

static bool simplify(struct parse *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (str_iscontrol(p->text[i]) && strchr("\t\n\r", p->text[i]) == NULL)
			return bad(p, i, "there is a control character");
		else if (p->text[i] == '\0')
			return bad(p, i, "there is a NUL");
	for (size_t at = 0; at < p->len;)
		at = simplify_line(p->text, at, p->len);
	return true;
}

/* ---- entries ------------------------------------------------------------------------------------- */

static const struct {
	const char     *prefix;
	enum alias_kind kind;
	bool            strip;
} forms[] = { /* the longer prefix first */
	{ ":include:", ALIAS_INCLUDE, true },
	{ ":error:", ALIAS_ERROR, true },
	{ ":fail:", ALIAS_ERROR, true }, /* Exim's */
	{ "error:", ALIAS_ERROR, true },
	{ ":", ALIAS_ODD, false },
	{ "|", ALIAS_PIPE, false },
	{ "/", ALIAS_FILE, false },
	{ "\\", ALIAS_FINAL, true },
	{ "", ALIAS_ADDRESS, false },
};

static size_t form_of(const char *s, size_t n)
{
	size_t i = 0;

	while (strlen(forms[i].prefix) > n || !str_same_n(s, strlen(forms[i].prefix), forms[i].prefix))
		i++;
	return i;
}

static void trim(const char **s, size_t *n)
{
	while (*n > 0 && is_blank((*s)[0])) {
		(*s)++;
		(*n)--;
	}
	while (*n > 0 && is_blank((*s)[*n - 1]))
		(*n)--;
}

/* An entry in quotes that begins with `|`, `/` or `:` ("|program with arguments") is not an address. */
static void unquote(const char **s, size_t *n)
{
	if (*n < 3 || (*s)[0] != '"' || (*s)[*n - 1] != '"' || strchr("|/:", (*s)[1]) == NULL)
		return;
	(*s)++;
	*n -= 2;
}

static bool keep_entry(struct parse *p, enum alias_kind kind, unsigned line, const char *text)
{
	struct aliases *a = p->a;
	struct alias_entry *more = array_grow(a->entries, a->n_entries, sizeof *more, p->e);
	char *copy;

	if (more == NULL)
		return false;
	a->entries = more;
	if ((copy = str_dup(text, p->e)) == NULL)
		return false;
	a->entries[a->n_entries++] = (struct alias_entry){ kind, line, copy };
	a->names[a->n - 1].n++;
	return true;
}

static bool keep_address(struct parse *p, enum alias_kind kind, unsigned line, const char *rest, const char *text)
{
	struct mailbox box;
	struct err unread;

	if (!mailbox_one(rest, strlen(rest), false, &box, &unread))
		return keep_entry(p, ALIAS_ODD, line, text);
	return keep_entry(p, kind, line, box.addr);
}

static bool add_entry(struct parse *p, const char *s, size_t n)
{
	size_t form;
	unsigned line;
	char *text;
	const char *rest;
	bool ok;

	trim(&s, &n);
	if (n == 0)
		return true;
	line = line_at(p, (size_t)(s - p->text));
	unquote(&s, &n);
	if ((text = strndup(s, n)) == NULL)
		return fail_memory(p->e);
	for (char *c = text; *c != '\0'; c++)
		*c = is_blank(*c) ? ' ' : *c;
	form = form_of(text, n);
	rest = text + (forms[form].strip ? strlen(forms[form].prefix) : 0);
	if (forms[form].kind == ALIAS_ADDRESS || forms[form].kind == ALIAS_FINAL)
		ok = keep_address(p, forms[form].kind, line, rest, text);
	else
		ok = keep_entry(p, forms[form].kind, line, rest + strspn(rest, " "));
	free(text);
	return ok;
}

/* The end of the entry at `at`: the next comma outside quotes and comments, or in a list a line end. */
static size_t entry_end(const char *s, size_t at, size_t end, bool list)
{
	bool quoted = false;
	unsigned comment = 0;

	for (; at < end; at++) {
		if (s[at] == '\\' && at + 1 < end && s[at + 1] != '\n')
			at++;
		else if (list && s[at] == '\n')
			break;
		else if (s[at] == '"' && comment == 0)
			quoted = !quoted;
		else if (s[at] == '(' && !quoted)
			comment++;
		else if (s[at] == ')' && !quoted && comment > 0)
			comment--;
		else if (s[at] == ',' && !quoted && comment == 0)
			break;
	}
	return at;
}

/* The words of an error entry may have commas. */
static bool is_error(const char *s, size_t n)
{
	trim(&s, &n);
	unquote(&s, &n);
	return forms[form_of(s, n)].kind == ALIAS_ERROR;
}

static bool add_entries(struct parse *p, size_t at, size_t end, bool list)
{
	while (at < end) {
		size_t to = !list && is_error(p->text + at, end - at) ? end : entry_end(p->text, at, end, list);

		if (!add_entry(p, p->text + at, to - at))
			return false;
		at = to + 1;
	}
	return true;
}

/* ---- names --------------------------------------------------------------------------------------- */

static bool add_name(struct parse *p, const char *name, unsigned line)
{
	struct aliases *a = p->a;
	struct alias *more = array_grow(a->names, a->n, sizeof *more, p->e);

	if (more == NULL)
		return false;
	a->names = more;
	a->names[a->n] = (struct alias){ .line = line, .first = a->n_entries };
	if (name != NULL && (a->names[a->n].name = str_dup(name, p->e)) == NULL)
		return false;
	a->n++;
	return true;
}

static void fold_case(char *to, const char *name)
{
	for (; *name != '\0'; name++)
		*to++ = str_lower(*name);
	*to = '\0';
}

static size_t find_colon(const char *s, size_t at, size_t end)
{
	bool quoted = false;

	for (; at < end && (quoted || s[at] != ':'); at++) {
		if (s[at] == '\\' && at + 1 < end)
			at++;
		else if (s[at] == '"')
			quoted = !quoted;
	}
	return at < end ? at : end;
}

static bool add_alias(struct parse *p, size_t at, size_t end)
{
	size_t colon = find_colon(p->text, at, end);
	const char *s = p->text + at;
	size_t n = colon - at;
	struct mailbox box;
	struct err unread;

	if (colon == end)
		return bad(p, at, "an alias has a name and a colon");
	trim(&s, &n);
	at = (size_t)(s - p->text);
	if (!mailbox_one(s, n, false, &box, &unread))
		return bad(p, at, "this is no name of an alias");
	if (address_domain(box.addr) != NULL)
		return bad(p, at, "the name of an alias is a local one, without a domain");
	fold_case(box.addr, box.addr);
	return add_name(p, box.addr, line_at(p, at)) && add_entries(p, colon + 1, end, false);
}

/* The end of a logical line.  Empty lines and comments count as blanks and do not end it. */
static size_t logical_end(const struct parse *p, size_t at)
{
	while (at < p->len && !(p->text[at] == '\n' && (at + 1 == p->len || !is_blank(p->text[at + 1]))))
		at++;
	return at;
}

static bool add_aliases(struct parse *p)
{
	for (size_t at = 0, end; at < p->len; at = end + 1) {
		end = logical_end(p, at);
		while (at < end && is_blank(p->text[at]))
			at++;
		if (at < end && !add_alias(p, at, end))
			return false;
	}
	return true;
}

static bool add_list(struct parse *p)
{
	return add_name(p, NULL, 1) && add_entries(p, 0, p->len, true);
}

static int compare(const void *x, const void *y)
{
	const struct alias *a = x, *b = y;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : a->first < b->first ? -1 : a->first > b->first;
}

/* ---- outside ------------------------------------------------------------------------------------- */

/* Some editors put a byte order mark at the beginning of UTF-8; it would become part of the first name. */
static void blank_mark(char *text, size_t len)
{
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		memset(text, ' ', 3);
}

static bool parse(struct aliases *a, const char *file, const char *text, size_t len, bool (*add)(struct parse *p),
		  struct err *e)
{
	struct parse p = { .a = a, .len = len, .line = 1, .e = e };
	char *copy;
	bool ok;

	*a = (struct aliases){ 0 };
	if ((a->file = str_dup(file, e)) == NULL)
		return false;
	if ((copy = malloc(len + 1)) == NULL)
		return fail_memory(e);
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	blank_mark(copy, len);
	p.text = copy;
	ok = simplify(&p) && add(&p);
	free(copy);
	return ok;
}

bool aliases_parse(struct aliases *a, const char *file, const char *text, size_t len, struct err *e)
{
	if (!parse(a, file, text, len, add_aliases, e))
		return false;
	if (a->n > 0)
		qsort(a->names, a->n, sizeof *a->names, compare);
	return true;
}

bool aliases_parse_list(struct aliases *a, const char *file, const char *text, size_t len, struct err *e)
{
	return parse(a, file, text, len, add_list, e);
}

struct alias *aliases_find(const struct aliases *a, const char *name)
{
	char folded[ADDRESS_MAX];
	size_t low = 0, high = a->n;

	if (strlen(name) >= sizeof folded)
		return NULL;
	fold_case(folded, name);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(a->names[middle].name, folded) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->n && strcmp(a->names[low].name, folded) == 0 ? &a->names[low] : NULL;
}

void aliases_free(struct aliases *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->names[i].name);
	for (size_t i = 0; i < a->n_entries; i++)
		free(a->entries[i].text);
	free(a->names);
	free(a->entries);
	free(a->file);
	*a = (struct aliases){ 0 };
}
