#include "smtp/caps.h"

#include "base/datetime.h"

static size_t word_len(const char *p)
{
	return strcspn(p, " \t\n");
}

/* Exchange says "SIZE" without a number, other servers say 0 or nonsense: all of these mean "no limit said". */
static void parse_size(struct caps *c, const char *arg)
{
	if (!str_number_n(arg, word_len(arg), 0, UINT64_MAX, &c->size))
		c->size = 0;
}

/* Several AUTH lines are joined.  If the list is too long, names that have no room are left out. */
static void add_mechs(struct caps *c, const char *arg)
{
	size_t used = strlen(c->mechs);

	while (*arg != '\0' && *arg != '\n') {
		size_t n = word_len(arg);

		if (n > 0 && used + n + 2 < sizeof c->mechs) {
			memcpy(c->mechs + used, arg, n);
			used += n;
			c->mechs[used++] = ' ';
			c->mechs[used] = '\0';
		}
		arg += n;
		arg += strspn(arg, " \t");
	}
}

static bool is_limit_name(const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!str_isalnum(word[i]) && word[i] != '-' && word[i] != '_')
			return false;
	return n > 0;
}

/* "name" or "name=value", RFC 9422 3 (5). */
static bool is_limit(const char *word, size_t n)
{
	size_t name = strcspn(word, "= \t\n");

	if (!is_limit_name(word, name))
		return false;
	for (size_t i = name + 1; i < n; i++)
		if (word[i] < '!' || word[i] > '~' || word[i] == ';')
			return false;
	return name == n || name + 1 < n;
}

/* RFC 9422 4.1, 4.2: 1 to 999999 without a zero in front.  Any other value is as if the limit were not there (3.7). */
static void parse_limit(const char *word, size_t n, const char *name, uint64_t *to)
{
	size_t len = strlen(name);

	if (n > len + 1 && word[len] == '=' && str_same_n(word, len, name)
	    && (word[len + 1] == '0' || !str_number_n(word + len + 1, n - len - 1, 1, 999999, to)))
		*to = 0;
}

/* If a word is no limit at all, none of them counts (RFC 9422 3.7). */
static void parse_limits(struct caps *c, const char *arg)
{
	bool valid = true;

	while (*arg != '\0' && *arg != '\n') {
		size_t n = word_len(arg);

		valid = valid && is_limit(arg, n);
		parse_limit(arg, n, "RCPTMAX", &c->rcptmax);
		parse_limit(arg, n, "MAILMAX", &c->mailmax);
		arg += n;
		arg += strspn(arg, " \t");
	}
	if (!valid)
		c->rcptmax = c->mailmax = 0;
}

/* RFC 2852 2 (3): "[minimum] *(,extension-token)". */
static void parse_deliver_by(struct caps *c, const char *arg)
{
	if (!str_number_n(arg, strcspn(arg, ", \t\n"), 0, 999999999, &c->by_min))
		c->by_min = 0;
}

/* RFC 4865 3: both limits are obligatory.  A missing or senseless one is taken as no limit. */
static void parse_future(struct caps *c, const char *arg)
{
	size_t n = word_len(arg);
	const char *date = arg + n + strspn(arg + n, " \t");

	if (!str_number_n(arg, n, 0, UINT32_MAX, &c->hold_max))
		c->hold_max = 0;
	if (!datetime_parse(date, word_len(date), &c->hold_last))
		c->hold_last = 0;
}

/* In the order of `enum ext`. */
static const struct {
	const char *word;
	enum ext    bit;
	void (*parse)(struct caps *c, const char *arg); /* NULL: arguments are ignored */
} extensions[] = {
	{ "PIPELINING", EXT_PIPELINING, NULL },
	{ "SIZE", EXT_SIZE, parse_size },
	{ "8BITMIME", EXT_8BITMIME, NULL },
	{ "SMTPUTF8", EXT_SMTPUTF8, NULL },
	{ "CHUNKING", EXT_CHUNKING, NULL },
	{ "STARTTLS", EXT_STARTTLS, NULL },
	{ "AUTH", EXT_AUTH, add_mechs },
	{ "DSN", EXT_DSN, NULL },
	{ "ENHANCEDSTATUSCODES", EXT_ENHANCEDSTATUSCODES, NULL },
	{ "LIMITS", EXT_LIMITS, parse_limits },
	{ "REQUIRETLS", EXT_REQUIRETLS, NULL },
	{ "MT-PRIORITY", EXT_MT_PRIORITY, NULL },
	{ "DELIVERBY", EXT_DELIVERBY, parse_deliver_by },
	{ "FUTURERELEASE", EXT_FUTURERELEASE, parse_future },
	{ "ETRN", EXT_ETRN, NULL },
};

static void parse_line(struct caps *c, const char *line)
{
	size_t n = word_len(line), skip;

	/* Servers before RFC 2554 said "AUTH=LOGIN PLAIN", and some still do. */
	if (n > 5 && str_same_n(line, 4, "AUTH") && line[4] == '=')
		n = 4;
	skip = n + (line[n] == '=' ? 1 : 0);
	skip += strspn(line + skip, " \t");
	for (size_t i = 0; i < COUNT(extensions); i++)
		if (str_same_n(line, n, extensions[i].word)) {
			c->ext |= extensions[i].bit;
			if (extensions[i].parse != NULL)
				extensions[i].parse(c, line + skip);
		}
}

void caps_parse(struct caps *c, const char *text)
{
	const char *line = strchr(text, '\n');

	*c = (struct caps){ 0 };
	for (; line != NULL; line = strchr(line, '\n'))
		parse_line(c, ++line);
}

bool caps_offer_mech(const struct caps *c, const char *mech)
{
	const char *p = c->mechs;

	while (*p != '\0') {
		size_t n = word_len(p);

		if (str_same_n(p, n, mech))
			return true;
		p += n + 1;
	}
	return false;
}
