#include "config/choose.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/keys.h"
#include "config/own.h"
#include "config/places.h"
#include "config/set.h"

/* Is it hidden by an account of the same name in the user's file? */
static bool is_hidden(const struct conf *c, const struct account *a)
{
	return conf_account(c, a->name) != a;
}

/* The user's accounts are tried before the system's, each in the order of the file. */
static struct account *first_that_fits(const struct conf *c, bool (*fits)(const struct account *a, const char *sender),
				       const char *sender)
{
	for (unsigned layer = LAYER_USER + 1; layer-- > 0;)
		for (size_t i = 1; i < c->n; i++)
			if (c->accounts[i].layer == layer && fits(&c->accounts[i], sender)
			    && !is_hidden(c, &c->accounts[i]))
				return &c->accounts[i];
	return NULL;
}

/* An explicit `from` wins over a login name. */
static struct account *by_sender(const struct conf *c, const char *sender)
{
	struct account *found = first_that_fits(c, own_from_fits, sender);

	return found != NULL ? found : first_that_fits(c, own_login_fits, sender);
}

static struct account *the_only(const struct conf *c)
{
	struct account *found = NULL;

	for (size_t i = 1; i < c->n; i++) {
		if (is_hidden(c, &c->accounts[i]))
			continue;
		if (found != NULL)
			return NULL;
		found = &c->accounts[i];
	}
	return found;
}

/* Adds a hint: the advice, "the accounts are: work, home", and which file was passed over. */
static bool hint_names(const struct conf *c, const char *advice, struct err *e)
{
	struct buf names = buf_max(ST_CONFIG, 200, "the names of accounts");
	struct err full;
	bool ok = true;

	for (size_t i = 1; ok && i < c->n; i++)
		if (!is_hidden(c, &c->accounts[i]))
			ok = buf_printf(&names, &full, "%s%s", names.len > 0 ? ", " : "", c->accounts[i].name);
	err_hint(e, "%sthe accounts are: %s%s%s%s", advice, buf_text(&names), ok ? "" : ", ...", c->note != NULL ? "; " : "",
		 c->note != NULL ? c->note : "");
	buf_free(&names);
	return false;
}

static bool find_account(const struct conf *c, const char *name, const char *sender, struct account **chosen,
			 struct err *e)
{
	*chosen = NULL;
	if (name != NULL) {
		*chosen = conf_account(c, name);
		if (*chosen != NULL)
			return true;
		fail(e, ST_CONFIG, FATE_PERM, "there is no account `%s`", name);
		return hint_names(c, "", e);
	}
	if (sender != NULL && sender[0] != '\0')
		*chosen = by_sender(c, sender);
	if (*chosen == NULL)
		*chosen = conf_account(c, "default");
	if (*chosen == NULL)
		*chosen = the_only(c);
	if (*chosen != NULL)
		return true;
	fail(e, ST_CONFIG, FATE_PERM, "no account was asked for, and none is called default%s%s",
	     sender != NULL && sender[0] != '\0' ? " or is for " : "", sender != NULL ? sender : "");
	return hint_names(c, "choose one with -a, or with a line such as `account default : work`; ", e);
}

/* If `auth` was set but no login is possible, that is an error: the message must not be sent without a login. */
static bool lacks_user(const struct account *a)
{
	return key_was_set(a, "auth") && a->auth.auth.n > 0 && a->auth.user == NULL && a->auth.oauth2 == NULL && !a->auth.has_cert
	    && !str_same(a->auth.auth.items[0], "EXTERNAL");
}

static bool lacks_server(const struct account *a)
{
	return a->net.hosts.n == 0 && a->net.socket == NULL;
}

static bool lacks_port(const struct account *a)
{
	return a->net.port == 0 && a->net.socket == NULL;
}

static bool lacks_key(const struct account *a)
{
	return a->tls.cert_file != NULL && a->tls.key_file == NULL;
}

static bool lacks_certificate(const struct account *a)
{
	return a->tls.cert_file == NULL && a->tls.key_file != NULL;
}

/* RFC 8689 2: REQUIRETLS may only be sent over verified TLS. */
static bool lacks_tls(const struct account *a)
{
	return a->wishes.onward_tls == ONWARD_TLS_REQUIRED && (!a->tls.on || (!a->tls.certcheck && a->tls.fingerprints.n == 0));
}

/* RFC 4865 4.1 (2). */
static bool holds_twice(const struct account *a)
{
	return a->wishes.hold_for > 0 && a->wishes.hold_until != 0;
}

static bool lacks_name(const struct account *a)
{
	return a->tls.on && a->net.hosts.n == 0 && a->tls.host_override == NULL && a->tls.certcheck
	    && a->tls.fingerprints.n == 0;
}

/* An access token goes only to the server that the certificate names. */
static bool lacks_tls_for_token(const struct account *a)
{
	return a->auth.oauth2 != NULL && a->auth.wanted && !a->tls.on;
}

/* A password mechanism in `auth` would give the token to a server that stores it as a wrong password. */
static bool lacks_token_mechanism(const struct account *a)
{
	return a->auth.oauth2 != NULL && a->auth.wanted && !sasl_takes_token(&a->auth);
}

static const struct {
	bool (*lacks)(const struct account *a);
	const char *say, *hint;
} demands[] = {
	{ lacks_server, "names no server", "set `host`" },
	{ lacks_port, "is for LMTP, which has no usual port", "set `port` or `socket`" },
	{ lacks_key, "has tls_cert_file without tls_key_file", "set both or neither" },
	{ lacks_certificate, "has tls_key_file without tls_cert_file", "set both or neither" },
	{ lacks_name, "uses TLS over a socket and has no name to verify", "set `host`, or `tls off`" },
	{ lacks_tls, "has require_tls without verified TLS of its own", "set tls and tls_certcheck on" },
	{ holds_twice, "has hold_for and hold_until, which exclude each other", "set one of them to off" },
	{ lacks_tls_for_token, "has `oauth2` without TLS", "set `tls on`: without it an access token is not sent" },
	{ lacks_token_mechanism, "has `oauth2`, and `auth` names a mechanism that takes no access token",
	  "leave `auth` out, or set it to oauthbearer or xoauth2" },
	{ lacks_user, "has `auth` but no `user`", "set `user`, or `auth off`" },
};

/* The hint names the user's file as postern computed it, since HOME may be another in the user's shell. */
static bool fail_no_file(const struct conf *c, struct err *e)
{
	bool closed = c->note != NULL;
	char *path;

	if (!places_user(&path, e))
		return false;
	fail(e, ST_CONFIG, FATE_PERM, "there is no configuration, and no host was given%s%s", closed ? "; " : "",
	     closed ? c->note : "");
	err_hint(e, "write `host`, `user` and `password_command` into %s%s%s", path != NULL ? path : "",
		 path != NULL ? " or " : "", PLACES_SYSTEM);
	free(path);
	return false;
}

static bool unsaid(const struct account *a, const char *key)
{
	return key_place(a, key_find(key, strlen(key))) == NULL;
}

/* Where msmtp's default is another one than ours and the file does not name the key, we cannot know what is meant. */
static bool check_msmtps(const struct account *a, struct err *e)
{
	bool tls = unsaid(a, "tls"), starttls = a->tls.on && a->tls.starttls;
	bool port = unsaid(a, "port") && a->net.socket == NULL && (tls || starttls);
	bool auth = unsaid(a, "auth") && a->auth.user != NULL;

	if (!a->msmtps || (!tls && !port && !auth))
		return true;
	fail(e, ST_CONFIG, FATE_PERM,
	     "%s: account %s is in a file of msmtp's and leaves out%s%s%s, for which msmtp has another default", a->origin,
	     a->name, tls ? " `tls`" : "", port ? " `port`" : "", auth ? " `auth`" : "");
	return err_hint(e, "add the lines that you mean: as msmtp takes it%s%s%s; as postern does%s%s%s",
			tls ? ", `tls off`" : "", port ? ", `port 25`" : "", auth ? ", `auth off`" : "", tls ? ", `tls on`" : "",
			port ? starttls ? ", `port 587`" : ", `port 465`" : "", auth ? ", `auth on`" : "");
}

bool conf_check(const struct conf *c, const struct account *a, struct err *e)
{
	bool somewhere = a->origin[0] != '\0';

	if (c->no_file && lacks_server(a))
		return fail_no_file(c, e);
	for (size_t i = 0; i < COUNT(demands); i++)
		if (demands[i].lacks(a)) {
			fail(e, ST_CONFIG, FATE_PERM, "%s%saccount %s %s", a->origin, somewhere ? ": " : "",
			     a->name, demands[i].say);
			if (demands[i].lacks == lacks_server && a->loose && c->n > 2)
				return conf_hint_loose(e);
			return err_hint(e, "%s", demands[i].hint);
		}
	return check_msmtps(a, e);
}

bool conf_choose(const struct conf *c, const char *name, const char *sender, struct account **chosen, struct err *e)
{
	return find_account(c, name, sender, chosen, e) && conf_check(c, *chosen, e);
}

void conf_why(const struct conf *c, const char *name, const char *sender, const struct account *chosen, char to[WHY_MAX])
{
	bool asked = sender != NULL && sender[0] != '\0';

	if (name != NULL)
		snprintf(to, WHY_MAX, "-a names it");
	else if (asked && by_sender(c, sender) == chosen)
		snprintf(to, WHY_MAX, "its %s is for the sender %s", own_from_fits(chosen, sender) ? "`from`" : "`user`", sender);
	else if (conf_account(c, "default") == chosen)
		snprintf(to, WHY_MAX, "its name is default%s%s", asked ? " and no other one is for the sender " : "",
			 asked ? sender : "");
	else
		snprintf(to, WHY_MAX, "there is no other one");
}
