#include "config/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/home.h"
#include "base/identity.h"
#include "base/proc.h"
#include "config/value.h"
#include "mail/idn.h"
#include "mail/mailbox.h"
#include "net/resolve.h"
#include "net/verify.h"
#include "secret/access.h"
#include "smtp/gate.h"
#include "smtp/sasl.h"

enum { TEXT_MAX = 64 * 1024 };

/* ----------------------------------------------------------------------------------- %C %H %M %U */

static void host_name(char to[HOST_MAX])
{
	const char *set = secure_getenv("HOSTNAME");

	to[0] = '\0';
	if (set != NULL && set[0] != '\0' && strlen(set) < HOST_MAX)
		memcpy(to, set, strlen(set) + 1);
	else if (gethostname(to, HOST_MAX - 1) != 0)
		to[0] = '\0';
	to[HOST_MAX - 1] = '\0';
}

/* For %C msmtp asks the resolver.  postern does not, so that it never waits for a name server here. */
static void full_host_name(char to[HOST_MAX])
{
	identity_fqdn(to);
	if (to[0] == '\0')
		host_name(to);
}

/* The login name, in quotes if it needs them as a local part. */
static void login(char to[HOST_MAX])
{
	char name[HOST_MAX], local[ADDRESS_MAX];

	identity_login(name);
	snprintf(to, HOST_MAX, "%s", address_from_name(name, local) && strlen(local) < HOST_MAX ? local : name);
}

static const struct {
	char letter;
	void (*get)(char to[HOST_MAX]);
} substitutes[] = {
	{ 'C', full_host_name },
	{ 'H', host_name },
	{ 'M', identity_mail_domain },
	{ 'U', login },
};

static bool put_char(struct buf *to, const char **p, struct err *e)
{
	char value[HOST_MAX];

	for (size_t i = 0; **p == '%' && i < COUNT(substitutes); i++)
		if ((*p)[1] == substitutes[i].letter) {
			substitutes[i].get(value);
			++*p;
			return buf_str(to, value, e);
		}
	return buf_char(to, **p, e);
}

static bool substitute(const char *text, struct buf *to, struct err *e)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!put_char(to, &p, e))
			return false;
	return true;
}

/* ------------------------------------------------------------------------------------- addresses */

static bool check_address(const struct key *k, char **item, struct err *e)
{
	struct mailbox m;
	struct err why = { 0 };
	char *normal;

	if (!mailbox_one(*item, strlen(*item), false, &m, &why))
		return fail(e, ST_CONFIG, FATE_PERM, "%s: %s", k->name, why.say);
	normal = str_dup(m.addr, e);
	if (normal == NULL)
		return false;
	free(*item);
	*item = normal;
	return true;
}

/* "Ann <ann@example.org>": an item has no name, so the name would be an address of its own. */
static bool check_nameless(const struct key *k, const struct strlist *l, struct err *e)
{
	for (size_t i = 1; i < l->n; i++)
		if (l->items[i][0] == '<' && strpbrk(l->items[i - 1], "@*?") == NULL) {
			fail(e, ST_CONFIG, FATE_PERM, "%s takes addresses without names, not `%s %s`", k->name, l->items[i - 1],
			     l->items[i]);
			return err_hint(e, "write the address alone; the name of the sender is `from_full_name`");
		}
	return true;
}

static bool check_items(const struct key *k, struct strlist *l, bool patterns, struct err *e)
{
	if (!check_nameless(k, l, e))
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (!(patterns && strpbrk(l->items[i], "*?") != NULL) && !check_address(k, &l->items[i], e))
			return false;
	return true;
}

bool parse_addresses(struct account *a, const struct key *k, const char *text, struct err *e)
{
	return value_set_list(a, k, text, e) && check_items(k, value_list(a, k), false, e);
}

bool parse_patterns(struct account *a, const struct key *k, const char *text, struct err *e)
{
	struct buf whole = buf_max(ST_CONFIG, TEXT_MAX, k->name);
	bool ok = substitute(text, &whole, e)
	       && value_set_list(a, k, buf_text(&whole), e)
	       && check_items(k, value_list(a, k), true, e);

	buf_free(&whole);
	return ok;
}

/* "PATTERN:ADDRESS": the address is normalised in place. */
static bool check_mapping(const struct key *k, char **item, struct err *e)
{
	const char *colon = strchr(*item, ':');
	struct mailbox m;
	struct err why = { 0 };
	char *made;

	if (colon == NULL || colon == *item || colon[1] == '\0' || colon - *item >= ADDRESS_MAX) {
		fail(e, ST_CONFIG, FATE_PERM, "%s must be PATTERN:ADDRESS, not `%s`", k->name, *item);
		return err_hint(e, "there is no blank at the colon: `%s root:you@example.org`", k->name);
	}
	if (!mailbox_one(colon + 1, strlen(colon + 1), false, &m, &why))
		return fail(e, ST_CONFIG, FATE_PERM, "%s: %s", k->name, why.say);
	if (address_domain(m.addr) == NULL)
		return fail(e, ST_CONFIG, FATE_PERM, "%s: the address `%s` has no domain", k->name, m.addr);
	if (asprintf(&made, "%.*s:%s", (int)(colon - *item), *item, m.addr) < 0)
		return fail_memory(e);
	free(*item);
	*item = made;
	return true;
}

bool parse_sender_map(struct account *a, const struct key *k, const char *text, struct err *e)
{
	struct strlist *l = value_list(a, k);
	bool ok = value_set_list(a, k, text, e);

	for (size_t i = 0; ok && i < l->n; i++)
		ok = check_mapping(k, &l->items[i], e);
	return ok;
}

/* ----------------------------------------------------------------------------- hosts and domains */

static bool is_host(const char *host, struct err *e)
{
	const char *colon = strchr(host, ':');

	if (strchr(host, '/') != NULL) {
		fail(e, ST_CONFIG, FATE_PERM, "host must be a name or an address, not `%s`", host);
		return err_hint(e, "smtps://host and the like are values of `url`");
	}
	if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		fail(e, ST_CONFIG, FATE_PERM, "host must be a name or an address, not `%s`", host);
		return err_hint(e, "the port has a key of its own: `port %s`", colon + 1);
	}
	return true;
}

/* A host may be given in UTF-8.  It is kept in A-labels, since the resolver, SNI and certificates use these. */
static bool host_to_ascii(const struct key *k, const char *host, char ascii[IDN_MAX], struct err *e)
{
	struct err why;

	return idn_to_ascii(host, ascii, ST_CONFIG, &why)
	    || fail(e, ST_CONFIG, FATE_PERM, "%s must be a name or an address, not `%s`", k->name, host);
}

static bool check_host(const struct key *k, char **host, struct err *e)
{
	char ascii[IDN_MAX], *made;

	if (!is_host(*host, e) || !host_to_ascii(k, *host, ascii, e))
		return false;
	made = str_dup(ascii, e);
	if (made == NULL)
		return false;
	free(*host);
	*host = made;
	return true;
}

bool parse_hosts(struct account *a, const struct key *k, const char *text, struct err *e)
{
	const struct strlist *hosts = value_list(a, k);
	bool ok = value_set_list(a, k, text, e);

	for (size_t i = 0; ok && i < hosts->n; i++)
		ok = check_host(k, &hosts->items[i], e);
	return ok;
}

bool parse_host(struct account *a, const struct key *k, const char *text, struct err *e)
{
	char ascii[IDN_MAX];

	return host_to_ascii(k, text, ascii, e) && value_set_text(a, k, ascii, e);
}

bool parse_ip(struct account *a, const struct key *k, const char *text, struct err *e)
{
	struct addr ignored;

	if (text[0] != '\0' && !resolve_literal(text, 0, &ignored))
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be an IP address, not `%s`", k->name, text);
	return value_set_text(a, k, text, e);
}

/* The domain becomes part of a command or of addresses.  It may be an address literal. */
static bool check_domain(const struct key *k, const char *text, char ascii[IDN_MAX], struct err *e)
{
	struct err why;

	return (idn_to_ascii(text, ascii, ST_CONFIG, &why) && (ascii[0] == '\0' || gate_is_domain(ascii)))
	    || fail(e, ST_CONFIG, FATE_PERM, "%s must be a domain, not `%s`", k->name, text);
}

static bool read_domain(struct account *a, const struct key *k, const char *text, bool to_ascii, struct err *e)
{
	struct buf whole = buf_max(ST_CONFIG, TEXT_MAX, k->name);
	char ascii[IDN_MAX];
	bool ok = substitute(text, &whole, e) && check_domain(k, buf_text(&whole), ascii, e)
	       && value_set_text(a, k, to_ascii ? ascii : buf_text(&whole), e);

	buf_free(&whole);
	return ok;
}

bool parse_domain(struct account *a, const struct key *k, const char *text, struct err *e)
{
	return read_domain(a, k, text, false, e);
}

/* RFC 6531 3.7.1: our name in EHLO is ASCII, also if the server offers SMTPUTF8. */
bool parse_ehlo_domain(struct account *a, const struct key *k, const char *text, struct err *e)
{
	return read_domain(a, k, text, true, e);
}

/* ---------------------------------------------------------------------------------------- others */

bool parse_login(struct account *a, const struct key *k, const char *text, struct err *e)
{
	if (text[0] != '\0' && !access_name_ok(text)) {
		fail(e, ST_CONFIG, FATE_PERM, "%s must be the name of a login, not `%s`", k->name, text);
		return err_hint(e, ACCESS_NAME_RULE "; `postern-oauth2 list` has them all");
	}
	return value_set_text(a, k, text, e);
}

static bool check_pin(const struct key *k, const char *pin, struct err *e)
{
	char hex[SHA256_HEX + 1];
	bool of_key;

	if (verify_pin(pin, &of_key, hex))
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "%s must be a SHA-256 in %s, not `%s`", k->name,
	     of_key ? "base64" : "64 hexadecimal digits", pin);
	return of_key ? false : err_hint(e, "openssl x509 -in FILE -noout -fingerprint -sha256 shows it");
}

bool parse_pins(struct account *a, const struct key *k, const char *text, struct err *e)
{
	const struct strlist *pins = value_list(a, k);
	bool ok = value_set_list(a, k, text, e);

	for (size_t i = 0; ok && i < pins->n; i++)
		ok = check_pin(k, pins->items[i], e);
	return ok;
}

/* The value is not shown, since a secret may stand in it. */
bool parse_command(struct account *a, const struct key *k, const char *text, struct err *e)
{
	struct strlist argv = { 0 };
	struct err why = { 0 };
	char sign = proc_shell_sign(text);
	bool ok = text[0] == '\0' || proc_split(text, &argv, &why);

	strlist_free(&argv);
	if (!ok)
		return fail(e, ST_CONFIG, FATE_PERM, "%s: %s", k->name, why.say);
	if (sign == '\0')
		return value_set_text(a, k, text, e);
	fail(e, ST_CONFIG, FATE_PERM, "%s is run without a shell, which alone would understand the %c in it", k->name, sign);
	return err_hint(e, "use `passwordeval`, which runs a shell; if the program itself wants the %c, put it in single quotes",
			sign);
}

/* ----------------------------------------------------------------------------------------- words */

bool parse_auth(struct account *a, const struct key *k, const char *text, struct err *e)
{
	const char *mechanisms = str_same(text, "on") ? "auto" : str_same(text, "off") ? "" : text;

	return value_set_list(a, k, mechanisms, e) && sasl_check(value_list(a, k), e);
}

bool parse_trust_file(struct account *a, const struct key *k, const char *text, struct err *e)
{
	char *path;
	bool ok;

	if (str_same(text, "system"))
		return value_set_text(a, k, NULL, e);
	path = home_expand(text, e);
	ok = path != NULL && value_set_text(a, k, path, e);
	free(path);
	return ok;
}

bool parse_syslog(struct account *a, const struct key *k, const char *text, struct err *e)
{
	const char *facility;

	if (str_same(text, "off"))
		return value_set_text(a, k, NULL, e);
	if (str_same(text, "on"))
		text = "mail";
	else if (str_same_n(text, strnlen(text, strlen("LOG_")), "LOG_")) /* msmtp's spelling */
		text += strlen("LOG_");
	for (size_t i = 0; (facility = log_facility(i)) != NULL; i++)
		if (str_same(text, facility))
			return value_set_text(a, k, facility, e);
	return fail(e, ST_CONFIG, FATE_PERM, "%s must be on, off or a facility such as mail or local0, not `%s`",
		    k->name, text);
}
