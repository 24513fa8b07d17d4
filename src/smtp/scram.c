#include "smtp/scram.h"

#include "base/base64.h"
#include "base/str.h"

enum { MESSAGE_MAX = 16 * 1024 }; /* bytes of one of our messages, and of a salt: a challenge is not longer */

static bool fail_scram(const char *host, const char *why, struct err *e)
{
	return fail(e, ST_AUTH, FATE_PERM, "the SCRAM exchange with %s failed: %s", host, why);
}

static bool fail_hash(struct err *e)
{
	return fail(e, ST_INTERNAL, FATE_TEMP, "GnuTLS cannot compute a SCRAM proof");
}

/* ---- our first message --------------------------------------------------------------------------- */

/* RFC 5802 5.1: a comma and an equals sign are written as =2C and =3D. */
static bool put_name(struct buf *to, const char *name, struct err *e)
{
	for (; *name != '\0'; name++)
		if (!(*name == ',' ? buf_str(to, "=2C", e) : *name == '=' ? buf_str(to, "=3D", e) : buf_char(to, *name, e)))
			return false;
	return true;
}

static bool put_header(struct scram *s, struct err *e)
{
	struct buf *to = &s->header;

	if (!(s->binding == SCRAM_BOUND ? buf_printf(to, e, "p=%s,", s->channel_name)
					: buf_str(to, s->binding == SCRAM_SERVER_CANNOT ? "y," : "n,", e)))
		return false;
	return (s->authzid == NULL || (buf_str(to, "a=", e) && put_name(to, s->authzid, e))) && buf_char(to, ',', e);
}

static bool begin(struct scram *s, struct buf *to, struct err *e)
{
	for (size_t i = 0; i < SCRAM_NONCE_BYTES; i += 3)
		base64_group(s->random + i, 3, s->nonce + i / 3 * 4);
	s->header = s->bare = buf_max(ST_AUTH, MESSAGE_MAX, "a SCRAM message");
	if (!put_header(s, e) || !buf_str(&s->bare, "n=", e) || !put_name(&s->bare, s->user, e)
	    || !buf_printf(&s->bare, e, ",r=%s", s->nonce))
		return false;
	s->state = SCRAM_PROVING;
	return buf_add(to, s->header.bytes, s->header.len, e) && buf_add(to, s->bare.bytes, s->bare.len, e);
}

/* ---- the proof ----------------------------------------------------------------------------------- */

struct first { /* the server's first message: "r=NONCE,s=SALT,i=COUNT" and extensions; the parts are borrowed from it */
	const char *nonce, *salt, *count;
	size_t      nonce_len, salt_len, count_len;
};

static bool parse_part(const char **at, const char *name, const char **part, size_t *len)
{
	if (strncmp(*at, name, 2) != 0)
		return false;
	*part = *at + 2;
	*len = strcspn(*part, ",");
	*at = *part + *len + ((*part)[*len] == ',');
	return *len > 0;
}

/* The nonce begins with ours, and the server has added to it. */
static bool parse_first(const struct scram *s, const char *message, struct first *f)
{
	size_t ours = strlen(s->nonce);

	return parse_part(&message, "r=", &f->nonce, &f->nonce_len) && parse_part(&message, "s=", &f->salt, &f->salt_len)
	    && parse_part(&message, "i=", &f->count, &f->count_len)
	    && f->nonce_len > ours && memcmp(f->nonce, s->nonce, ours) == 0;
}

static bool salt_password(struct scram *s, const char *host, const struct first *f, unsigned char key[CRYPTO_KEY_MAX],
			  struct err *e)
{
	struct buf salt = buf_max(ST_AUTH, MESSAGE_MAX, "the salt");
	uint64_t count;
	bool ok;

	if (!str_number_n(f->count, f->count_len, SCRAM_ITERATIONS_MIN, SCRAM_ITERATIONS_MAX, &count))
		return fail(e, ST_AUTH, FATE_PERM, "%s asks for a SCRAM iteration count outside of %d to %d", host,
			    SCRAM_ITERATIONS_MIN, SCRAM_ITERATIONS_MAX);
	if (!buf_room(&salt, f->salt_len, e))
		return false;
	if (!base64_decode(&salt, f->salt, f->salt_len))
		ok = fail_scram(host, "its salt is not base64", e);
	else
		ok = crypto_pbkdf2(s->hash, s->password, buf_text(&salt), salt.len, (unsigned)count, key, &s->hash_len)
		  || fail_hash(e);
	buf_free(&salt);
	return ok;
}

/* RFC 5802 3: proof := ClientKey XOR ClientSignature; s->signature := ServerSignature. */
static bool sign(struct scram *s, const unsigned char *salted, const struct buf *signed_text, unsigned char *proof)
{
	unsigned char key[CRYPTO_KEY_MAX], stored[CRYPTO_KEY_MAX], signature[CRYPTO_KEY_MAX];
	size_t n = s->hash_len;
	bool ok = crypto_hmac(s->hash, salted, n, "Client Key", 10, proof) && crypto_digest(s->hash, proof, n, stored)
	       && crypto_hmac(s->hash, stored, n, signed_text->bytes, signed_text->len, signature)
	       && crypto_hmac(s->hash, salted, n, "Server Key", 10, key)
	       && crypto_hmac(s->hash, key, n, signed_text->bytes, signed_text->len, s->signature);

	for (size_t i = 0; ok && i < n; i++)
		proof[i] ^= signature[i];
	explicit_bzero(key, sizeof key);
	explicit_bzero(stored, sizeof stored);
	explicit_bzero(signature, sizeof signature);
	return ok;
}

/* "c=HEADER AND CHANNEL,r=NONCE" */
static bool put_unproved(const struct scram *s, const struct first *f, struct buf *to, struct err *e)
{
	struct buf channel = buf_max(ST_AUTH, MESSAGE_MAX, "the channel binding");
	bool ok = buf_add(&channel, s->header.bytes, s->header.len, e)
	       && (s->binding != SCRAM_BOUND || buf_add(&channel, s->channel, s->channel_len, e))
	       && buf_str(to, "c=", e) && base64_encode(to, channel.bytes, channel.len, e)
	       && buf_str(to, ",r=", e) && buf_add(to, f->nonce, f->nonce_len, e);

	buf_free(&channel);
	return ok;
}

static bool put_proof(struct scram *s, const char *host, const char *message, const struct first *f, struct buf *to,
		      struct err *e)
{
	struct buf text = buf_max(ST_AUTH, 3 * MESSAGE_MAX, "a SCRAM message"); /* what both sides sign */
	unsigned char salted[CRYPTO_KEY_MAX], proof[CRYPTO_KEY_MAX];
	size_t from = to->len;
	bool ok = salt_password(s, host, f, salted, e) && put_unproved(s, f, to, e)
	       && buf_add(&text, s->bare.bytes, s->bare.len, e) && buf_char(&text, ',', e)
	       && buf_str(&text, message, e) && buf_char(&text, ',', e)
	       && buf_add(&text, to->bytes + from, to->len - from, e) && (sign(s, salted, &text, proof) || fail_hash(e))
	       && buf_str(to, ",p=", e) && base64_encode(to, proof, s->hash_len, e);

	explicit_bzero(salted, sizeof salted);
	explicit_bzero(proof, sizeof proof);
	buf_free(&text);
	return ok;
}

/* ---- the server's proof -------------------------------------------------------------------------- */

/* In a time that does not tell how many bytes are equal. */
static bool same_bytes(const unsigned char *a, const unsigned char *b, size_t n)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* "v=SIGNATURE", or "e=ERROR". */
static bool check_server(struct scram *s, const char *host, const char *message, struct err *e)
{
	struct buf shown = buf_max(ST_AUTH, MESSAGE_MAX, "the server's proof");
	const char *part;
	size_t len;
	bool ok;

	if (!parse_part(&message, "v=", &part, &len)) {
		fail_scram(host, "the server does not prove that it knows the password", e);
		return err_quote(e, message, strlen(message));
	}
	if (!buf_room(&shown, len, e))
		return false;
	ok = base64_decode(&shown, part, len) && shown.len == s->hash_len
	  && same_bytes((const unsigned char *)shown.bytes, s->signature, s->hash_len);
	buf_free(&shown);
	if (ok)
		s->state = SCRAM_DONE;
	return ok || fail_scram(host, "the server's proof that it knows the password is wrong", e);
}

bool scram_step(struct scram *s, const char *host, const char *message, size_t n, struct buf *to, struct err *e)
{
	int state = s->state;
	struct first f;

	s->state = SCRAM_FAILED; /* unless the step succeeds */
	if (state == SCRAM_BEGIN)
		return begin(s, to, e);
	if (state == SCRAM_CHECKING)
		return check_server(s, host, message, e);
	if (state != SCRAM_PROVING || n >= MESSAGE_MAX || !parse_first(s, message, &f))
		return fail_scram(host, "its message makes no sense", e);
	if (!put_proof(s, host, message, &f, to, e))
		return false;
	s->state = SCRAM_CHECKING;
	return true;
}

void scram_wipe(struct scram *s)
{
	buf_free(&s->header);
	buf_free(&s->bare);
	explicit_bzero(s, sizeof *s);
}
