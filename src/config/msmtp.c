#include "config/msmtp.h"

#include "config/keys.h"
#include "config/set.h"

static const struct msmtp rows[] = {
	{ .name = "add_missing_date_header", .key = "set_date_header", .on = "auto", .off = "off" },
	{ .name = "add_missing_from_header", .key = "set_from_header", .on = "auto", .off = "off" },
	/* login@qualify_domain is the sender anyhow when there is no `from` */
	{ .name = "auto_from", .key = "from", .on = "", .off = NULL },
	{ .name = "keepbcc", .key = "remove_bcc_headers", .on = "off", .off = "on" },
	{ .name = "maildomain", .key = "qualify_domain" },
	{ .name = "ntlmdomain", .ignored = "NTLM is insecure and not supported" },
	{ .name = "proxy_host" },
	{ .name = "proxy_port" },
	{ .name = "tls_force_sslv3", .ignored = "SSL 3.0 is insecure and not supported" },
	{ .name = "tls_min_dh_prime_bits", .ignored = "the default is secure, and tls_priorities can change it" },
	{ .name = "tls_nocertcheck", .key = "tls_certcheck", .on = "off", .off = "on" },
	{ .name = "tls_nostarttls", .key = "tls_starttls", .on = "off", .off = "on" },
	{ .name = "undisclosed_recipients", .key = "set_to_header", .on = "undisclosed_recipients", .off = "off" },
};

const struct msmtp *msmtp_row(size_t i)
{
	return i < COUNT(rows) ? &rows[i] : NULL;
}

const struct msmtp *msmtp_find(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (key_is_named(name, len, rows[i].name))
			return &rows[i];
	return NULL;
}

static bool is_off(const char *text)
{
	return text[0] == '\0' || str_same(text, "off");
}

static bool rename_key(const struct msmtp *m, const char **text, const struct key **k, struct err *e)
{
	*k = key_find(m->key, strlen(m->key));
	if (m->on == NULL)
		return true;
	if ((*text)[0] == '\0' || str_same(*text, "on"))
		*text = m->on;
	else if (str_same(*text, "off"))
		*text = m->off;
	else
		return fail(e, ST_CONFIG, FATE_PERM, "%s must be on or off, not `%s`", m->name, *text);
	if (*text == NULL)
		*k = NULL;
	return true;
}

static bool translate(const struct msmtp *m, const char **text, const struct key **k, const char *place, struct err *e)
{
	*k = NULL;
	if (!key_check(m->name, *text, e))
		return false;
	if (m->key != NULL)
		return rename_key(m, text, k, e);
	if (is_off(*text))
		return true;
	if (m->ignored == NULL) {
		fail(e, ST_CONFIG, FATE_PERM, "%s is not supported yet", m->name);
		return err_hint(e, "remove the key, if mail can be sent without it");
	}
	log_warn("%s: %s is ignored: %s", place, m->name, m->ignored);
	return true;
}

bool msmtp_translate(const struct msmtp *m, const char **text, const struct key **k, const char *place, enum stage st,
		     struct err *e)
{
	return translate(m, text, k, place, e) || key_fail_at(place, st, e);
}
