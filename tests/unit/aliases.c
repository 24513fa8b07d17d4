/* mail/aliases and mail/expand: the addresses that a recipient expands to. */
#include "tap.h"

#include <stdlib.h>

#include "mail/expand.h"

/* The list /one is a name, a comment and two addresses; /self includes itself; other lists do not exist. */
static bool read_list(const char *path, const char *name, uid_t as, struct buf *to, uid_t *reader, struct err *e)
{
	*reader = as;
	if (strcmp(path, "/one") == 0)
		return buf_str(to, "b # c\n# d@x\n\ne@x,f@x", e);
	if (strcmp(path, "/odd") == 0)
		return buf_str(to, "b@x\nroot:x:0:0\n\n|secret\n/secret, :error: secret, :include:secret", e);
	if (strcmp(path, "/empty") == 0)
		return true;
	if (strcmp(path, "/self") == 0)
		return buf_str(to, ":include:/self\ng@x", e);
	return fail_sys(e, ST_CONFIG, 2, "cannot read %s", name);
}

/* The recipients joined by '|'; a refused one is "!FILE:LINE: the alias ...". */
static const char *outcome(const struct envelope *v)
{
	static char text[2000];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < v->n && at < sizeof text; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%s", i == 0 ? "" : "|",
				       v->rcpts[i].why != NULL ? "!" : "",
				       v->rcpts[i].why != NULL ? v->rcpts[i].why : v->rcpts[i].address);
	return text;
}

static const struct {
	const char *file, *address, *result;
} rows[] = {
	{ "", "root", "root@home" },
	{ "", "root@else", "root@else" },
	{ "a: b@x", "a", "b@x" },
	{ "a: b@x", "A@HOME", "b@x" },
	{ "a: b@x", "a@localhost", "b@x" },
	{ "a: b@x", "a@box", "b@x" },
	{ "a: b@x", "a@box.example", "b@x" },
	{ "a: b@x", "a@sub.box.example", "a@sub.box.example" },
	{ "a: b@x", "c@localhost", "c@localhost" },
	{ "A: b@x", "a", "b@x" },
	{ "a: b@x\na: c@x", "a", "b@x" },
	{ "a:b@x,c@x", "a", "b@x|c@x" },
	{ "  a : b@x ,, c@x,", "a", "b@x|c@x" },
	{ "a:", "a", "!f:1: the alias a stands for no address" },
	{ "a: b@x\nb: a", "c", "c@home" },
	{ "a: b\nb: # c@x", "a", "!f:1: the alias a stands for no address" },
	{ "a: b, c@x\nb:", "a", "c@x" },
	{ "default: :include:/empty", "a", "!f:1: the alias default stands for no address" },
	{ "a: b@x, B@x, b@X", "a", "b@x|B@x" },
	{ "a: b\nb: c\nc: d@x", "a", "d@x" },
	{ "a: a", "a", "a@home" },
	{ "a: a, b@x", "a", "a@home|b@x" },
	{ "a: b\nb: a", "a", "a@home" },
	{ "a: \\a, \\b, \\c@x\nb: d@x", "a", "a@home|b@home|c@x" },
	{ "a: a@home", "a", "a@home" },
	{ "a: b@home\nb: c@x", "a", "b@home" },
	/* syntax */
	{ "a: b@x\n c@x", "a", "!f:1: the alias a has an entry that is no address" },
	{ "a: b@x,\n\tc@x", "a", "b@x|c@x" },
	{ "a: b@x,\r\n\tc@x\r\n", "a", "b@x|c@x" },
	{ "a: b@x,\n\n# no\n   # no, d@x\n c@x\n", "a", "b@x|c@x" },
	{ "a: b@x,\\\nc@x", "a", "b@x|c@x" },
	{ "a: b@x # , c@x", "a", "b@x" },
	{ "a: b#c@x", "a", "b#c@x" },
	{ "a: \" #b\"@x", "a", "\" #b\"@x" },
	{ "\"a b\": c@x", "\"A b\"", "c@x" },
	{ "\"a:b\": c@x", "\"a:b\"", "c@x" },
	{ "\"a\": c@x", "a", "c@x" },
	{ "a: \"b, c\"@x, (d, e) f@x, G <h@x>", "a", "\"b, c\"@x|f@x|h@x" },
	/* entries that postern refuses */
	{ "a: |b c, d@x", "a", "!f:1: the alias a names a program, and postern runs none|d@x" },
	{ "a: \"|b c, d\"", "a", "!f:1: the alias a names a program, and postern runs none" },
	{ "a: |\"b, c\"", "a", "!f:1: the alias a names a program, and postern runs none" },
	{ "x: y\na: b@x,\n /c", "a", "b@x|!f:3: the alias a names a file, and postern writes to none" },
	{ "a: :error: b, c", "a", "!f:1: the alias a refuses it" },
	{ "a: b@x, :error: c", "a", "b@x|!f:1: the alias a refuses it" },
	{ "a: ERROR:b", "a", "!f:1: the alias a refuses it" },
	{ "a: :fail: b", "a", "!f:1: the alias a refuses it" },
	{ "a: :blackhole:", "a", "!f:1: the alias a has an entry that is no address" },
	{ "a: b c", "a", "!f:1: the alias a has an entry that is no address" },
	{ "a: \"b", "a", "!f:1: the alias a has an entry that is no address" },
	/* lists */
	{ "a: :include:/one", "a", "b@home|e@x|f@x" },
	{ "a: :include: /one, z@x\nb: y@x", "a", "y@x|e@x|f@x|z@x" },
	{ "a: :include:/self", "a", "g@x" },
	{ "a: :include:one", "a", "!f:1: the alias a includes a list: its path does not begin with a slash" },
	/* a list whose text must not be shown */
	{ "a: :include:/odd", "a",
	  "b@x|!/odd:2: the list has an entry that is no address|!/odd:4: the list names a program, and postern runs none"
	  "|!/odd:5: the list names a file, and postern writes to none|!/odd:5: the list refuses it"
	  "|!/odd:5: the list includes a list: its path does not begin with a slash" },
	{ "a: :include:/none", "a", "!f:1: the alias a includes a list: cannot read it: No such file or directory" },
	/* names that every host must accept */
	{ "root: r@x", "Postmaster", "r@x" },
	{ "root: r@x", "MAILER-DAEMON", "r@x" },
	{ "postmaster: p@x\nroot: r@x", "mailer-daemon@localhost", "p@x" },
	{ "mailer-daemon: m@x\npostmaster: p@x\nroot: r@x", "mailer-daemon", "m@x" },
	{ "mailer-daemon: m@x\npostmaster: p@x\nroot: r@x", "postmaster", "p@x" },
	{ "mailer-daemon: m@x", "postmaster", "postmaster@home" },
	{ "default: d@x", "mailer-daemon", "d@x" },
	/* the alias default */
	{ "default: d@x\na: a", "b", "d@x" },
	{ "default: d@x\na: a", "a", "a@home" },
	{ "default: d@x\na: \\b", "a", "b@home" },
	{ "default: d@x\na: b, c@x", "a", "d@x|c@x" },
	{ "default: d@x", "b@else", "b@else" },
	{ "default: default", "b", "default@home" },
};

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct expander x = { .machine = { .domain = "home", .host = "box", .fqdn = "box.example" }, .read = read_list };
		struct envelope v = { 0 };
		struct err e;
		bool good = aliases_parse(&x.aliases, "f", rows[i].file, strlen(rows[i].file), &e)
			 && expand_recipient(&x, &v, rows[i].address, &e);

		same(good ? outcome(&v) : e.say, rows[i].result, rows[i].file);
		envelope_free(&v);
		expand_free(&x);
	}
}

static const struct {
	const char *file;
	size_t      len; /* 0: up to the NUL */
	const char *say;
} errors[] = {
	{ "a", 0, "f:1: an alias has a name and a colon" },
	{ "a: b\n\n# x\nc d\n", 0, "f:4: an alias has a name and a colon" },
	{ "a: b,\\\nc\nd", 0, "f:3: an alias has a name and a colon" },
	{ "a: b\n: c", 0, "f:2: this is no name of an alias" },
	{ "a b: c", 0, "f:1: this is no name of an alias" },
	{ "a@b: c", 0, "f:1: the name of an alias is a local one, without a domain" },
	{ "a: b\n\001", 0, "f:2: there is a control character" },
	{ "a: b\n\0", 6, "f:2: there is a NUL" },
};

static void test_errors(void)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct aliases a;
		struct err e = { 0 };
		size_t len = errors[i].len == 0 ? strlen(errors[i].file) : errors[i].len;

		ok(!aliases_parse(&a, "f", errors[i].file, len, &e) && e.stage == ST_CONFIG, "refused: %s", errors[i].file);
		same(e.say, errors[i].say, "  with this error");
		aliases_free(&a);
	}
}

static void test_local_recipients(void)
{
	struct strlist to = { 0 };
	struct err e;
	struct envelope v = { 0 };
	struct expander x = { .machine.domain = "home", .recipients = &to };
	const char *file = "a: a, c@x\nyou: d@x\ngone: :error: no";

	ok(strlist_add(&to, "Me <you>", &e) && aliases_parse(&x.aliases, "f", file, strlen(file), &e)
	   && expand_recipient(&x, &v, "nobody@localhost", &e) && expand_recipient(&x, &v, "b@else", &e) && expand_recipient(&x, &v, "a", &e),
	   "local recipients are accepted");
	same(outcome(&v), "you@home|b@else|c@x", "and replaced by local_recipients, which is not expanded further");
	same(v.rcpts[0].original, "nobody@localhost", "the address as it was written is kept");
	ok(v.rcpts[1].original == NULL, "if it differs from the new one");
	ok(expand_recipient(&x, &v, "gone", &e) && expand_recipient(&x, &v, "gone@home", &e) && v.n == 4, "a recipient that its alias refuses is entered once");
	ok(v.rcpts[3].state == RCPT_BARRED && v.rcpts[3].fate == FATE_PERM && v.rcpts[3].code == 0, "  the refusal is permanent");
	same(v.rcpts[3].said, "no", "  with the text of the alias");
	envelope_free(&v);
	expand_free(&x);
	strlist_free(&to);
}

/* Aliases with 2^200 paths, and a list that does not exist. */
static void test_limits(void)
{
	static char file[20000];
	struct expander x = { .machine.domain = "home", .read = read_list };
	struct envelope v = { 0 };
	struct err e;
	size_t at = 0;

	for (unsigned i = 0; i < 200; i++)
		at += (size_t)snprintf(file + at, sizeof file - at, "a%u: a%u, a%u, u%u@x\n", i, i + 1, i + 1, i);
	ok(aliases_parse(&x.aliases, "f", file, at, &e) && expand_recipient(&x, &v, "a0", &e), "the expansion of deep aliases ends");
	ok(x.steps < 1000 && v.n == EXPAND_DEPTH_MAX + 1, "after %zu steps, with %zu recipients", x.steps, v.n);
	envelope_free(&v);
	expand_free(&x);
	x = (struct expander){ .machine.domain = "home", .read = read_list };
	ok(aliases_parse(&x.aliases, "f", "a: :include:/none", 17, &e) && expand_recipient(&x, &v, "a", &e) && v.n == 1,
	   "a list that cannot be read");
	ok(v.rcpts[0].fate == FATE_TEMP && v.rcpts[0].esc.class == 4, "  is a temporary refusal");
	envelope_free(&v);
	expand_free(&x);
}

int main(void)
{
	test_rows();
	test_errors();
	test_local_recipients();
	test_limits();
	return done();
}
