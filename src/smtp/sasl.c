#include "smtp/sasl.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/log.h"
#include "base/steps.h"
#include "base/trace.h"
#include "net/tls.h"
#include "smtp/exchange.h"

enum {
	STEPS_MAX = 10,                           /* challenges in one exchange; SCRAM needs 2 */
	INITIAL_LINE_MAX = 512 - 2,               /* bytes of an AUTH command, RFC 4954 4 */
	CHALLENGE_MAX = 12288,                    /* bytes of base64, RFC 4954 4; also of a response */
	RESPONSE_MAX = 128 * 1024,                /* bytes */
};

struct login {
	struct chat              *chat;
	const struct sasl_params *p;
	const struct mech        *mech;
	const char               *host, *secret;
	unsigned                  port;
	struct exchange           exchange;  /* unused with a token */
	bool                      told;      /* the token was put into a response */
	enum bearer_refusal       refusal;   /* of the token */
	struct buf                challenge; /* decoded */
	struct buf                response;  /* not encoded yet */
	struct buf                line;      /* the command or response as sent, in base64 */
};

typedef bool respond_fn(struct login *l, struct err *e);

static respond_fn respond_computed, respond_prompted, respond_oauthbearer, respond_xoauth2;

/* The strongest first: `auto` chooses in this order. */
static const struct mech {
	const char *name;
	enum { PASSWORD, TOKEN, CERT } wants;
	bool        automatic; /* may be chosen by `auto` */
	bool        plaintext; /* the secret is sent, or can be guessed from what is sent: needs TLS */
	bool        binds;     /* binds the login to the TLS channel */
	bool        proves;    /* the server proves that it knows the password */
	bool        first;     /* the client speaks first */
	enum crypto_hash hash; /* of SCRAM */
	respond_fn *respond;
} mechs[] = {
	{ "SCRAM-SHA-256-PLUS", PASSWORD, .automatic = true, .binds = true, .proves = true, .first = true,
	  .hash = CRYPTO_SHA256, .respond = respond_computed },
	{ "SCRAM-SHA-1-PLUS", PASSWORD, .automatic = true, .binds = true, .proves = true, .first = true,
	  .hash = CRYPTO_SHA1, .respond = respond_computed },
	{ "SCRAM-SHA-256", PASSWORD, .automatic = true, .proves = true, .first = true,
	  .hash = CRYPTO_SHA256, .respond = respond_computed },
	{ "SCRAM-SHA-1", PASSWORD, .automatic = true, .proves = true, .first = true, .hash = CRYPTO_SHA1,
	  .respond = respond_computed },
	{ "EXTERNAL", CERT, .automatic = true, .first = true, .respond = respond_computed },
	{ "PLAIN", PASSWORD, .automatic = true, .plaintext = true, .first = true, .respond = respond_prompted },
	{ "LOGIN", PASSWORD, .automatic = true, .plaintext = true, .respond = respond_prompted },
	/* a password is quickly guessed offline from its MD5 */
	{ "CRAM-MD5", PASSWORD, .plaintext = true, .respond = respond_computed },
	{ "OAUTHBEARER", TOKEN, .plaintext = true, .first = true, .respond = respond_oauthbearer },
	{ "XOAUTH2", TOKEN, .plaintext = true, .first = true, .respond = respond_xoauth2 },
};

static const struct verb AUTH = { .name = "AUTH", .stage = ST_AUTH, .timeout = 120, .last = true,
				  .classes = CLASS_USUAL | CLASS_3 };

static const char *name_of(size_t i)
{
	return i < COUNT(mechs) ? mechs[i].name : NULL;
}

static const struct mech *find(const char *name)
{
	for (size_t i = 0; i < COUNT(mechs); i++)
		if (str_same(mechs[i].name, name))
			return &mechs[i];
	return NULL;
}

static bool is_auto(const char *name)
{
	return str_same(name, "auto");
}

const char *sasl_who(const struct sasl_params *p)
{
	return p->user != NULL ? p->user : "our certificate";
}

static bool hint_mechanism(const char *name, struct err *e)
{
	static const char *const negations[] = { "none", "no", "false", "0" };
	const char *near = str_nearest(name, name_of);

	for (size_t i = 0; i < COUNT(negations); i++)
		if (str_same(name, negations[i]))
			return err_hint(e, "`auth off` means no login");
	if (near != NULL)
		return err_hint(e, "did you mean %s?", near);
	/* msmtp's DIGEST-MD5, NTLM and GSSAPI are not near to any name */
	return err_hint(e, "without `auth` the strongest that the server offers is used; see postern.conf(5)");
}

bool sasl_check(const struct strlist *names, struct err *e)
{
	for (size_t i = 0; i < names->n; i++)
		if (!is_auto(names->items[i]) && find(names->items[i]) == NULL) {
			fail(e, ST_CONFIG, FATE_PERM, "there is no authentication mechanism named %s", names->items[i]);
			return hint_mechanism(names->items[i], e);
		}
	return true;
}

bool sasl_wants_secret(const struct sasl_params *p)
{
	for (size_t i = 0; i < p->auth.n; i++)
		if (is_auto(p->auth.items[i]) || find(p->auth.items[i])->wants != CERT)
			return true;
	return false;
}

bool sasl_cert_may_do(const struct sasl_params *p)
{
	for (size_t i = 0; i < p->auth.n; i++)
		if (p->has_cert && (is_auto(p->auth.items[i]) || str_same(p->auth.items[i], "EXTERNAL")))
			return true;
	return false;
}

bool sasl_takes_token(const struct sasl_params *p)
{
	for (size_t i = 0; i < p->auth.n; i++)
		if (!is_auto(p->auth.items[i]) && find(p->auth.items[i])->wants != TOKEN)
			return false;
	return true;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static bool can_bind(const struct login *l)
{
	unsigned char data[TLS_BINDING_MAX];
	struct tls *tls = tls_of(l->chat->io);
	size_t len;

	return tls != NULL && (tls_binding(tls, TLS_EXPORTER, data, &len) || tls_binding(tls, TLS_UNIQUE, data, &len));
}

static bool usable(const struct login *l, const struct caps *caps, const struct mech *m)
{
	if (!caps_offer_mech(caps, m->name) || (m->wants != CERT && (l->secret == NULL || l->p->user == NULL)))
		return false;
	if (m->plaintext && tls_of(l->chat->io) == NULL && (!l->p->cleartext || l->p->oauth2 != NULL))
		return false;
	return !m->binds || can_bind(l);
}

/* Servers offer EXTERNAL also if they did not ask for a certificate.  So `auto` takes it only if we have a certificate and no
 * password. */
static bool fit_for_auto(const struct login *l, const struct mech *m)
{
	if (l->p->oauth2 != NULL)
		return m->wants == TOKEN;
	return m->automatic && (m->wants != CERT || (l->p->has_cert && l->secret == NULL));
}

static const struct mech *choose(const struct login *l, const struct caps *caps)
{
	for (size_t i = 0; i < l->p->auth.n; i++) {
		const char *want = l->p->auth.items[i];

		for (size_t j = 0; j < COUNT(mechs); j++)
			if ((is_auto(want) ? fit_for_auto(l, &mechs[j]) : str_same(want, mechs[j].name))
			    && usable(l, caps, &mechs[j]))
				return &mechs[j];
	}
	return NULL;
}

/* For --check. */
static void tell_choice(const struct login *l, const struct caps *caps)
{
	struct caps shown = *caps;

	chat_redact(l->chat, shown.mechs);
	shown.mechs[strlen(shown.mechs) - 1] = '\0'; /* there is at least the chosen one, and a blank behind the last */
	step_fact(ST_AUTH, "%s is used, of these: %s", l->mech->name, shown.mechs);
}

/* The mechanisms as offered, redacted: a server that knows the secret from an earlier login may repeat it. */
static void quote_mechs(const struct login *l, const struct caps *caps, struct err *e)
{
	struct caps shown = *caps;

	chat_redact(l->chat, shown.mechs);
	err_quote(e, shown.mechs, strlen(shown.mechs));
}

static bool fail_no_mech(const struct login *l, const struct caps *caps, struct err *e)
{
	if ((caps->ext & EXT_AUTH) == 0) {
		fail(e, ST_AUTH, FATE_PERM, "%s does not offer authentication here", l->host);
		if (tls_of(l->chat->io) == NULL)
			return err_hint(e, "most servers offer it only within TLS: set tls on");
		return err_hint(e, "check `host` and `port`; if the server needs no login, set auth off");
	}
	fail(e, ST_AUTH, FATE_PERM, "no authentication mechanism of %s can be used", l->host);
	quote_mechs(l, caps, e);
	if (tls_of(l->chat->io) == NULL && !l->p->cleartext)
		return err_hint(e, "without TLS no password is sent: set tls on (auth_cleartext on would send it in clear)");
	if (l->p->oauth2 != NULL)
		return err_hint(e, "an access token needs OAUTHBEARER or XOAUTH2: check `host` and `auth`,"
				   " or set a password in place of `oauth2`");
	if (l->secret == NULL)
		return err_hint(e, "a certificate can be used only with EXTERNAL; for the others a password is needed");
	if (caps_offer_mech(caps, "XOAUTH2") || caps_offer_mech(caps, "OAUTHBEARER"))
		return err_hint(e, "for OAuth2 log in with postern-oauth2 and set `oauth2`,"
				   " or set auth xoauth2 or oauthbearer and give a token as the password");
	if (l->p->auth.n > 0 && !is_auto(l->p->auth.items[0]))
		return err_hint(e, "`auth` allows none of these: without `auth` the strongest is used");
	return err_hint(e, "`auth auto` uses none of these: see `auth` in postern.conf(5)");
}

/* ---- responding ----------------------------------------------------------------------------- */

static bool respond_computed(struct login *l, struct err *e)
{
	return exchange_step(&l->exchange, buf_text(&l->challenge), l->challenge.len, &l->response, e);
}

/* The server's prompt is ignored: it is for people and may be any text ("VXNlcm5hbWU6", "Username:", nothing). */
static bool respond_prompted(struct login *l, struct err *e)
{
	return exchange_step(&l->exchange, "", 0, &l->response, e);
}

static void show_oauth_error(const struct login *l)
{
	trace_note(l->chat->io->flights, "the server says: %s", buf_text(&l->challenge));
}

static bool respond_oauthbearer(struct login *l, struct err *e)
{
	if (l->told) { /* the challenge explains the refusal, RFC 7628 3.2.3 */
		show_oauth_error(l);
		return buf_char(&l->response, '\1', e);
	}
	l->told = true;
	return bearer_oauthbearer(&l->response, l->p->user, l->host, l->port, l->secret, e);
}

static bool respond_xoauth2(struct login *l, struct err *e)
{
	if (l->told) {
		show_oauth_error(l);
		return true; /* an empty line */
	}
	l->told = true;
	return bearer_xoauth2(&l->response, l->p->user, l->secret, e);
}

/* ---- the exchange --------------------------------------------------------------------------- */

/* RFC 4954 4 ends a line here.  Dovecot answers a longer one with 500, and Postfix with 535, as if the secret were wrong. */
static bool encoded(struct login *l, struct err *e)
{
	if ((l->response.len + 2) / 3 * 4 > CHALLENGE_MAX) {
		fail(e, ST_AUTH, FATE_PERM, "the %s is too long: no server takes more than %d octets of base64 (RFC 4954)",
		     l->mech->wants == TOKEN ? "access token" : "password", CHALLENGE_MAX);
		return err_hint(e, "ask the provider for a shorter one");
	}
	return base64_encode(&l->line, buf_text(&l->response), l->response.len, e);
}

/* Says AUTH, with an initial response if that fits into a command line.  If not, *held is set and the response is sent after
 * the first challenge (RFC 4954 4). */
static bool say_auth(struct login *l, bool *held, struct err *e)
{
	const char *name = l->mech->name;
	char shown[64];

	*held = false;
	if (!l->mech->first)
		return chat_say(l->chat, &AUTH, 0, e, "AUTH %s", name);
	if (!l->mech->respond(l, e) || !buf_printf(&l->line, e, "AUTH %s ", name))
		return false;
	if (!(l->response.len == 0 ? buf_char(&l->line, '=', e) : encoded(l, e)))
		return false;
	*held = l->line.len > INITIAL_LINE_MAX;
	if (*held)
		return chat_say(l->chat, &AUTH, 0, e, "AUTH %s", name);
	snprintf(shown, sizeof shown, "AUTH %s ***", name);
	return chat_say_secret(l->chat, &AUTH, shown, &l->line, e);
}

static bool decode_challenge(struct login *l, struct err *e)
{
	const struct reply *r = &l->chat->reply;

	buf_clear(&l->challenge);
	if (l->mech->respond == respond_prompted)
		return true;
	if (r->wire_len <= CHALLENGE_MAX && !buf_room(&l->challenge, r->wire_len, e))
		return false;
	if (r->wire_len <= CHALLENGE_MAX && base64_decode(&l->challenge, r->wire, r->wire_len)
	    && memchr(buf_text(&l->challenge), '\0', l->challenge.len) == NULL) {
		if (l->mech->wants == TOKEN && l->challenge.len > 0) /* will be shown: it explains a refusal */
			chat_redact(l->chat, l->challenge.bytes);
		return true;
	}
	return fail(e, ST_AUTH, FATE_PERM, "%s sent a challenge that is not base64 text", l->host);
}

/* Our side cannot go on.  "*" ends the exchange, since the server would take QUIT for a response.  The error stays ours,
 * whatever the server answers. */
static bool cancel(struct login *l)
{
	struct err unheard;

	(void)(l->chat->broken || chat_say(l->chat, &AUTH, 0, &unheard, "*"));
	return false;
}

static bool answer(struct login *l, bool held, struct err *e)
{
	buf_wipe(&l->line);
	if (!held) {
		buf_wipe(&l->response);
		if (!decode_challenge(l, e) || !l->mech->respond(l, e))
			return cancel(l);
	}
	return (encoded(l, e) && buf_str(&l->line, "", e) && chat_say_secret(l->chat, &AUTH, "***", &l->line, e))
	    || cancel(l);
}

/* Appends what the server says in its challenge to its words. */
static void quote_challenge(const struct login *l, struct err *e)
{
	char both[sizeof e->quote + 512];

	snprintf(both, sizeof both, "%s %.400s", e->quote, l->challenge.bytes);
	err_quote(e, both, strlen(both));
}

static bool token_refused(struct login *l, struct err *e)
{
	const struct reply *r = &l->chat->reply;

	if (l->challenge.len > 0)
		quote_challenge(l, e);
	l->refusal = bearer_judge(buf_text(&l->challenge), l->challenge.len, r->code, r->esc);
	if (l->refusal == BEARER_LATER && e->fate == FATE_PERM) { /* 5yz, but the challenge knows better */
		e->fate = FATE_TEMP;
		return err_hint(e, "the server cannot check the access token at the moment: try again later");
	}
	if (l->p->oauth2 == NULL)
		return r->code / 100 != 5 ? false
		     : err_hint(e, "most tokens are valid for about an hour: check that this one is new and allows sending mail");
	if (l->refusal == BEARER_SCOPE)
		return err_hint(e, "the login does not allow sending mail: postern-oauth2 login %s, and allow it there",
				l->p->oauth2);
	return false;
}

static bool refused(struct login *l, struct err *e)
{
	reply_fail(&l->chat->reply, ST_AUTH, e, "%s refused the login of %s with %s", l->host, sasl_who(l->p), l->mech->name);
	return l->mech->wants == TOKEN ? token_refused(l, e) : false;
}

/* The server accepted the login: with 235 by RFC 4954 4, but any 2yz counts, since RFC 5321 4.3.2 has clients go by the first
 * digit.  If the mechanism has a proof by the server, the login counts only with this proof. */
static bool accepted(const struct login *l, struct err *e)
{
	if (l->mech->proves && !l->exchange.finished)
		return fail(e, ST_AUTH, FATE_PERM, "%s did not prove that it knows the password", l->host);
	return true;
}

static bool converse(struct login *l, struct err *e)
{
	bool held;

	if (!say_auth(l, &held, e))
		return false;
	for (int steps = 0; steps < STEPS_MAX; steps++) {
		if (reply_ok(&l->chat->reply))
			return accepted(l, e);
		if (l->chat->reply.code / 100 != 3)
			return refused(l, e);
		if (!answer(l, held, e))
			return false;
		held = false;
	}
	fail(e, ST_AUTH, FATE_PERM, "%s sent more than %d challenges", l->host, STEPS_MAX);
	return cancel(l);
}

/* The user to act as; NULL: the server derives it from the login.  A certificate may be good for several users, so EXTERNAL
 * sends `user`, as other clients do.  If there is no `user`, the response of EXTERNAL is empty (RFC 4422 A). */
static const char *identity(const struct login *l)
{
	if (l->p->authzid != NULL || l->mech->wants != CERT)
		return l->p->authzid;
	return l->p->user != NULL ? l->p->user : "";
}

/* RFC 5802 6: `y` tells a server that it should have offered -PLUS, if a machine on the way has hidden the offer. */
static enum scram_binding binding_of(const struct login *l, const struct caps *caps)
{
	if (l->mech->binds)
		return SCRAM_BOUND;
	for (size_t i = 0; i < COUNT(mechs); i++)
		if (mechs[i].binds && caps_offer_mech(caps, mechs[i].name))
			return SCRAM_CANNOT_BIND;
	return can_bind(l) ? SCRAM_SERVER_CANNOT : SCRAM_CANNOT_BIND;
}

static bool begin(struct login *l, const struct caps *caps, struct err *e)
{
	l->exchange = (struct exchange){
		.mech = l->mech->name, .host = l->host, .hash = l->mech->hash,
		.user = l->p->user, .authzid = identity(l), .secret = l->secret,
		.binding = binding_of(l, caps), .channel = tls_of(l->chat->io),
	};
	/* libgsasl lacks the mechanisms with a token, and they need no computing */
	return l->mech->wants == TOKEN || exchange_begin(&l->exchange, e);
}

bool sasl_login(struct chat *c, const struct caps *caps, const struct sasl_params *p, const struct endpoint *to,
		const char *secret, const char **chosen, enum bearer_refusal *why, struct err *e)
{
	struct login l = {
		.chat = c, .p = p, .host = to->host, .port = to->port, .secret = secret,
		.challenge = buf_max(ST_AUTH, CHALLENGE_MAX, "the challenge"),
		.response = buf_max(ST_AUTH, RESPONSE_MAX, "the response"),
		.line = buf_max(ST_AUTH, RESPONSE_MAX * 2, "the response"),
	};
	bool ok;

	*why = BEARER_FINAL;
	l.mech = choose(&l, caps);
	if (l.mech == NULL)
		return fail_no_mech(&l, caps, e);
	*chosen = l.mech->name;
	if (steps_on())
		tell_choice(&l, caps);
	if (l.mech->plaintext && tls_of(c->io) == NULL)
		log_warn("sending a secret to %s without TLS, because auth_cleartext is on", to->host);
	ok = begin(&l, caps, e) && converse(&l, e);
	*why = l.refusal;
	exchange_end(&l.exchange);
	buf_wipe(&l.challenge);
	buf_wipe(&l.response);
	buf_wipe(&l.line);
	return ok;
}
