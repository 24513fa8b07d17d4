#include "deliver/sender.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/home.h"
#include "base/identity.h"
#include "base/log.h"
#include "base/owned.h"
#include "base/random.h"
#include "base/steps.h"
#include "base/trace.h"
#include "config/choose.h"
#include "config/load.h"
#include "config/own.h"
#include "config/set.h"
#include "mail/cleanup.h"
#include "mail/fields.h"
#include "mail/header.h"
#include "mail/mailbox.h"
#include "mail/sendermap.h"
#include "mail/xtext.h"

static bool read_from(const struct message *m, char to[ADDRESS_MAX])
{
	struct err why = { 0 };

	if (fields_from(&m->head, to, ADDRESS_MAX, &why))
		return true;
	if (why.say[0] != '\0')
		log_warn("the From of the message cannot be read, so it does not set the sender: %s", why.say);
	return false;
}

bool sender_wanted(const struct sender *who, const struct message *m, char to[ADDRESS_MAX], enum sender_origin *from,
		   struct err *e)
{
	struct mailbox box;

	*from = ORIGIN_OPTION;
	if (who->o->sender != NULL) {
		if (!mailbox_one(who->o->sender, strlen(who->o->sender), true, &box, e))
			return err_hint(e, "this is the sender given with -f");
		snprintf(to, ADDRESS_MAX, "%s", box.addr);
	} else {
		*from = who->o->read_sender && read_from(m, to) ? ORIGIN_FIELD : ORIGIN_NONE;
	}
	return true;
}

static void tell_account(const struct sender *who, const char *sender)
{
	const char *origin = who->a->origin;
	char why[WHY_MAX];

	conf_why(&who->conf, who->o->account, sender, who->a, why);
	trace_note(0, "account %s%s%s, since %s", who->a->name, origin[0] != '\0' ? " of " : "", origin, why);
	step_ok(ST_CONFIG, "account %s%s%s, since %s", who->a->name, origin[0] != '\0' ? " of " : "", origin, why);
}

bool sender_choose(struct sender *who, const char *sender, struct err *e)
{
	sender = who->peer != NULL ? NULL : sender;
	if (!conf_choose(&who->conf, who->o->account, sender, &who->a, e))
		return false;
	tell_account(who, sender);
	file_patience(who->a->smtp.timeout);
	return true;
}

bool sender_keeps_account(const struct sender *who, const char *sender)
{
	struct account *a;
	struct err unheard;

	return who->peer != NULL || (conf_choose(&who->conf, who->o->account, sender, &a, &unheard) && a == who->a);
}

static bool default_domain(struct sender *who, struct err *e)
{
	char domain[HOST_MAX];

	if (who->a->message.qualify_domain != NULL)
		return true;
	identity_mail_domain(domain);
	who->a->message.qualify_domain = str_dup(domain, e);
	return who->a->message.qualify_domain != NULL;
}

/* A variable of the environment; NULL if the environment is another user's. */
static const char *of_user(const char *variable, const char *text)
{
	if (text == NULL || text[0] == '\0' || !home_is_foreign())
		return text;
	trace_note(0, "%s is ignored: the environment is another user's, as HOME shows", variable);
	return NULL;
}

/* Can this be a person's name?  It comes from the environment and may be anything. */
static bool is_name(const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	bool good = len > 0 && len <= 200 && str_is_utf8(text, len);

	for (size_t i = 0; good && i < len; i++)
		good = !str_iscontrol(text[i]);
	return good;
}

/* The full name is in MAILNAME for qmail and nullmailer, and in NAME for sendmail. */
static bool default_name(struct sender *who, struct err *e)
{
	const char *name;

	if (who->a->message.from_full_name != NULL || who->peer != NULL)
		return true;
	name = of_user("MAILNAME", secure_getenv("MAILNAME"));
	if (!is_name(name))
		name = of_user("NAME", secure_getenv("NAME"));
	return !is_name(name) || (who->a->message.from_full_name = str_dup(name, e)) != NULL;
}

static bool read_list(const char *path, const char *name, uid_t as, struct buf *to, uid_t *reader, struct err *e)
{
	return owned_read_list(path, name, as, ST_CONFIG, to, reader, e);
}

static bool read_aliases(const char *path, struct buf *text, struct err *e)
{
	return owned_read(path, path, ST_CONFIG, text, e)
	    || (e->sys != 0 && e->hint[0] == '\0' ? err_hint(e, "the key `aliases` names it") : false);
}

static bool load_expander(struct sender *who, struct err *e)
{
	const struct message_params *p = &who->a->message;
	struct buf text = buf_max(ST_CONFIG, ALIASES_BYTES_MAX, p->aliases);
	bool ok;

	expand_free(&who->expander);
	who->expander.machine.domain = p->qualify_domain;
	who->expander.recipients = &p->local_recipients;
	who->expander.read = read_list;
	if (!identity_host(who->expander.machine.host))
		who->expander.machine.host[0] = '\0';
	identity_fqdn(who->expander.machine.fqdn);
	ok = p->aliases == NULL
	  || (read_aliases(p->aliases, &text, e)
	      && aliases_parse(&who->expander.aliases, p->aliases, buf_text(&text), text.len, e));
	buf_free(&text);
	return ok;
}

/* $EMAIL, as other programs use it.  If it is no address, that is a warning only. */
static bool email(char to[ADDRESS_MAX])
{
	const char *text = of_user("EMAIL", secure_getenv("EMAIL"));
	struct mailbox box;
	struct err e;

	if (text == NULL || text[0] == '\0')
		return false;
	if (!mailbox_one(text, strlen(text), false, &box, &e)) {
		log_warn("EMAIL is no address: %s", e.say);
		return false;
	}
	snprintf(to, ADDRESS_MAX, "%s", box.addr);
	return true;
}

static bool login_address(const struct peer *peer, char to[ADDRESS_MAX], struct err *e)
{
	char login[HOST_MAX] = "";

	if (peer == NULL)
		identity_login(login);
	else
		memcpy(login, peer->login, sizeof login);
	if (login[0] != '\0' && address_from_name(login, to))
		return true;
	if (peer != NULL && login[0] == '\0')
		fail(e, ST_CONFIG, FATE_PERM, "uid %lu has no login name, which could be the sender", (unsigned long)peer->uid);
	else
		fail(e, ST_CONFIG, FATE_PERM, "the login name %s cannot be a sender", login);
	return err_hint(e, "set `from`");
}

/* The sender if neither the options nor `from` name one.  `to` has room for one that is not in the account. */
static bool default_sender(const struct sender *who, char to[ADDRESS_MAX], const char **own, enum sender_origin *from,
			   struct err *e)
{
	*own = to;
	*from = ORIGIN_EMAIL;
	if (who->peer == NULL && email(to))
		return true;
	*from = ORIGIN_USER;
	if ((*own = own_login(who->a)) != NULL)
		return true;
	*own = to;
	*from = ORIGIN_LOGIN;
	return login_address(who->peer, to, e);
}

static const char *mapped(const struct sender *who, const char *address)
{
	return sendermap_find(&who->a->message.sender_map, &who->expander.machine, address);
}

/* What sender_map has for the login of the peer, NULL: nothing. */
static const char *mapped_peer(const struct sender *who)
{
	return sendermap_find_login(&who->a->message.sender_map, &who->expander.machine, who->peer->login);
}

/* By default a peer sends as itself. */
static bool may_override(const struct sender *who)
{
	return who->a->allow_from_override && (who->peer == NULL || key_was_set(who->a, "allow_from_override"));
}

static bool set_address(struct sender *who, const char *wanted, enum sender_origin from, struct submission *x, struct err *e)
{
	const struct account *a = who->a;
	const char *own = own_from(a), *other = NULL;
	bool override = may_override(who);
	char room[ADDRESS_MAX], sender[ADDRESS_MAX];

	x->origin = own != NULL ? ORIGIN_FROM : from;
	if (wanted != NULL && (override || (own == NULL && who->peer == NULL))) {
		own = wanted;
		x->origin = from;
	} else if (who->peer != NULL) {
		other = mapped_peer(who);
	}
	if (own == NULL && other == NULL && !default_sender(who, room, &own, &x->origin, e))
		return false;
	if (other != NULL || (other = mapped(who, own)) != NULL) {
		own = other;
		x->origin = ORIGIN_MAP;
	}
	if (!address_qualify(own, a->message.qualify_domain, sender, e) || !envelope_set_sender(&x->v, sender, e))
		return false;
	trace_note(0, "the sender is %s, from %s", sender[0] != '\0' ? sender : "<>", sender_origin_name(x->origin));
	return true;
}

/* Without random numbers the envelope works, too; only addresses that were chosen to collide make it slow. */
static void seed_envelope(struct envelope *v)
{
	struct err none;

	if (v->seed == 0 && !random_fill(&v->seed, sizeof v->seed, &none))
		v->seed = 0;
}

bool sender_set(struct sender *who, const char *wanted, enum sender_origin from, struct submission *x, struct err *e)
{
	seed_envelope(&x->v);
	return sender_choose(who, wanted, e) && default_domain(who, e) && default_name(who, e) && load_expander(who, e)
	    && set_address(who, wanted, from, x, e);
}

/* The domain of the sender, or of the address that a From shows for the null sender; if that cannot stand in a Message-ID, the
 * name of this machine. */
static void id_domain(const struct sender *who, const struct envelope *v, char to[HOST_MAX])
{
	const char *domain = v->sender[0] == '\0' ? who->a->message.qualify_domain : address_domain(v->sender);

	if (domain != NULL && identity_is_domain(domain))
		snprintf(to, HOST_MAX, "%s", domain);
	else
		identity_mail_domain(to);
}

/* "Received: by mail.example.org (postern, from uid 1000); ...": RFC 5321 4.4; the name of the user stays here. */
static bool put_received(const struct sender *who, struct submission *x, time_t now, struct err *e)
{
	struct buf field = buf_max(ST_INTERNAL, 1000, "the Received field");
	bool ok = buf_printf(&field, e, "Received: by %s (postern, from uid %lu);\n\t",
			     who->expander.machine.fqdn[0] != '\0' ? who->expander.machine.fqdn : "localhost",
			     (unsigned long)who->peer->uid)
	       && header_date(&field, now, e) && buf_char(&field, '\n', e)
	       && buf_splice(&x->m.head, 0, 0, buf_text(&field), field.len, e) && message_count(&x->m, e);

	buf_free(&field);
	return ok;
}

bool sender_cleanup(struct sender *who, struct submission *x, bool recipients_in_header, struct err *e)
{
	char domain[HOST_MAX];
	struct stamp stamp = { .now = time(NULL), .domain = domain, .random = random_fill,
			       .tls_waived = who->a->wishes.onward_tls == ONWARD_TLS_WAIVED };

	id_domain(who, &x->v, domain);
	return cleanup_message(&x->m, &who->a->message, &stamp, &who->expander, recipients_in_header, &x->v, e)
	    && (who->peer == NULL || !who->a->service.received || put_received(who, x, stamp.now, e));
}

/* ---- the command line ---------------------------------------------------------------------------- */

static bool set_envid(const struct options *o, struct envelope *v, struct err *e)
{
	struct buf text = buf_max(ST_USAGE, 100, "the envelope identifier"); /* RFC 3461 4.4 */
	bool ok;

	if (o->envid == NULL)
		return true;
	ok = xtext_valid(o->envid) ? buf_str(&text, o->envid, e) : xtext_encode(&text, o->envid, e);
	if (ok && !xtext_is_printable(buf_text(&text)))
		ok = fail(e, ST_USAGE, FATE_PERM, "the envelope identifier must be printable ASCII, not %s", o->envid);
	ok = ok && (v->envid = str_dup(buf_text(&text), e)) != NULL;
	buf_free(&text);
	return ok;
}

static bool add_recipients(struct sender *who, struct envelope *v, struct err *e)
{
	for (size_t i = 0; i < who->o->n_recipients; i++) {
		const char *list = who->o->recipients[i];

		if (!expand_list(&who->expander, v, list, strlen(list), MAILBOX_BLANKS, NULL, e))
			return false;
	}
	return true;
}

bool sender_address(struct sender *who, struct submission *x, struct err *e)
{
	char wanted[ADDRESS_MAX];
	enum sender_origin from;

	return sender_wanted(who, &x->m, wanted, &from, e) && sender_set(who, from != ORIGIN_NONE ? wanted : NULL, from, x, e)
	    && set_envid(who->o, &x->v, e) && add_recipients(who, &x->v, e);
}

/* ---- its life ------------------------------------------------------------------------------------ */

void sender_begin(struct sender *who, const struct options *o)
{
	*who = (struct sender){ .o = o };
}

bool sender_load(struct sender *who, struct err *e)
{
	return conf_load(&who->conf, who->o, e);
}

void sender_free(struct sender *who)
{
	expand_free(&who->expander);
	conf_free(&who->conf);
	who->a = NULL;
}
