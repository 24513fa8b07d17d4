/* The values that smtp/gate lets into a command: RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3. */
#include "tap.h"

#include "mail/address.h"
#include "mail/idn.h"
#include "smtp/gate.h"

static const struct {
	const char *address;
	bool        ascii, utf8; /* accepted without and with SMTPUTF8 */
} addresses[] = {
	{ "a@b.example", true, true },
	{ "a.b+c@b", true, true },
	{ "\"a b\"@b.example", true, true },
	{ "\"a\\\"b\"@b.example", true, true },
	{ "a@my_app.example", true, true },
	{ "a@[192.0.2.1]", true, true },
	{ "a@[IPv6:2001:db8::1]", true, true },
	{ "\303\274@b.example", false, true },
	{ "a@b\303\274cher.example", false, true },
	{ "\377@b.example", false, false },
	{ "", false, false }, /* the null sender is not a Mailbox */
	{ "a", false, false },
	{ "a@", false, false },
	{ "@b", false, false },
	{ "a@b@c", false, false },
	{ "a..b@c", false, false },
	{ ".a@c", false, false },
	{ "a.@c", false, false },
	{ "a b@c", false, false },
	{ "a@b>", false, false },
	{ "a@b> NOTIFY=NEVER", false, false },
	{ "a@[h> NOTIFY=NEVER ]", false, false },
	{ "a@[192.0.2.256]", false, false },
	{ "a@[IPv6:1::2::3]", false, false },
	{ "a@[tag:content]", false, false },
	{ "a@[]", false, false },
	{ "a@b.", false, false },
	{ "a@b..c", false, false },
	{ "a@-b", false, false },
	{ "a@b-.c", false, false },
	{ "a@b c", false, false },
	{ "a\r\n@b", false, false },
	{ "\"a\r\"@b", false, false },
	{ "\"a@b", false, false },
	{ "\"a\"b@c", false, false },
	{ "\"a\\", false, false },
	{ "EXAMPLE\\john@b", false, false },
	{ "a@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.c", false, false },
};

static void test_addresses(void)
{
	for (size_t i = 0; i < COUNT(addresses); i++) {
		const char *a = addresses[i].address;

		ok((gate_complaint(a, false) == NULL) == addresses[i].ascii, "%s", a);
		ok((gate_complaint(a, true) == NULL) == addresses[i].utf8, "with SMTPUTF8 %s", a);
	}
}

static void test_paths(void)
{
	struct buf to = buf_max(ST_INPUT, 1000, "a path");
	struct err e;

	ok(gate_put_sender(&to, "", false, &e) && strcmp(to.bytes, "<>") == 0, "the null sender is accepted");
	buf_clear(&to);
	ok(!gate_put_recipient(&to, "", false, &e) && to.len == 0, "an empty recipient is refused");
	ok(gate_put_recipient(&to, "Postmaster", false, &e) && strcmp(to.bytes, "<Postmaster>") == 0, "the recipient postmaster is accepted");
	buf_clear(&to);
	ok(!gate_put_sender(&to, "postmaster", false, &e) && e.stage == ST_INPUT && e.fate == FATE_PERM, "the sender postmaster is refused");
	ok(!gate_put_recipient(&to, "a@b> X=", false, &e) && to.len == 0, "a refused address leaves the command as it was");
	buf_free(&to);
}

static void test_params(void)
{
	static const char *const bad[] = { "", "a b", "a=b", "a\tb", "a\nb", "\303\274" };
	struct buf to = buf_max(ST_INPUT, 1000, "parameters");
	struct err e;

	ok(gate_put_param(&to, "RET", "FULL", false, &e) && gate_put_param(&to, "SMTPUTF8", NULL, false, &e)
	       && strcmp(to.bytes, " RET=FULL SMTPUTF8") == 0, "two parameters");
	buf_clear(&to);
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!gate_put_param(&to, "ENVID", bad[i], false, &e) && to.len == 0, "not a value: %s", bad[i]);
	ok(gate_put_param(&to, "ORCPT", "utf-8;\303\274", true, &e), "UTF-8 with SMTPUTF8");
	buf_free(&to);
}

static void test_domains(void)
{
	ok(gate_is_domain("a.example") && gate_is_domain("localhost") && gate_is_domain("[127.0.0.1]") && gate_is_domain("my_app"),
	   "names and literals");
	ok(!gate_is_domain("") && !gate_is_domain("a b") && !gate_is_domain("b\303\274cher.example") && !gate_is_domain("[x]")
	       && !gate_is_domain("a."), "invalid domains");
}

/* Login names from the user database, and the local parts made of them. */
static const struct {
	const char *name, *local;
} names[] = {
	{ "john", "john" },
	{ "EXAMPLE\\john doe", "\"EXAMPLE\\\\john doe\"" },
	{ "john@example", "\"john@example\"" },
	{ "a\"b", "\"a\\\"b\"" },
	{ "a.", "\"a.\"" },
	{ "", NULL },
	{ "a\nb", NULL },
	{ "\377", NULL },
};

static void test_names(void)
{
	char local[ADDRESS_MAX], whole[ADDRESS_MAX + 10];

	for (size_t i = 0; i < COUNT(names); i++) {
		bool made = address_from_name(names[i].name, local);

		ok(made == (names[i].local != NULL) && (!made || strcmp(local, names[i].local) == 0), "login %s", names[i].name);
		snprintf(whole, sizeof whole, "%s@b.example", made ? local : "x");
		ok(gate_complaint(whole, false) == NULL, "  is accepted");
	}
}

/* IDNA's mapping makes '>', a blank and '@' of some characters. */
static void test_idn(void)
{
	char to[ADDRESS_MAX];
	struct err e;

	ok(!idn_address_to_ascii("x@a.example\357\274\236\343\200\200\357\274\257\357\274\235y", to, sizeof to, &e),
	   "a full-width > in a domain is refused");
	ok(!idn_address_to_ascii("x@a\357\274\240b.example", to, sizeof to, &e), "a full-width @ in a domain is refused");
	ok(idn_address_to_ascii("x@b\303\274cher.test", to, sizeof to, &e) && strcmp(to, "x@xn--bcher-kva.test") == 0, "a U-label");
	ok(idn_address_to_utf8("\303\274@b\303\274cher.test", to, sizeof to, &e)
	       && strcmp(to, "\303\274@b\303\274cher.test") == 0, "a valid U-label stays");
	ok(idn_address_to_utf8("\303\274@B\303\234CHER.test", to, sizeof to, &e)
	       && strcmp(to, "\303\274@xn--bcher-kva.test") == 0, "a U-label that IDNA maps becomes an A-label");
}

int main(void)
{
	test_addresses();
	test_paths();
	test_params();
	test_domains();
	test_names();
	test_idn();
	return done();
}
