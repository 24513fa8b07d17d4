#include "mail/recode.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "mail/header.h"

enum { LINE_MAX_SMTP = 998 }; /* octets without CRLF, RFC 5321 4.5.3.1.6 */

bool recode_needed(const struct facts *f)
{
	return f->bare_cr || f->nul || f->longest > LINE_MAX_SMTP;
}

const char *recode_why(const struct facts *f)
{
	return f->nul ? "the text has NUL bytes" : f->bare_cr ? "the text has carriage returns within lines"
							      : "the text has lines of more than 998 bytes";
}

struct mime { /* what the head says about the body; "" where it says nothing */
	bool version;
	char type[128], encoding[64];
	bool has_type;
};

static void look(const struct message *m, struct mime *mime)
{
	struct field f;

	*mime = (struct mime){ 0 };
	for (size_t at = 0; header_next(buf_text(&m->head), m->head.len, &at, &f);) {
		if (header_is(&f, "MIME-Version"))
			mime->version = true;
		if (header_is(&f, "Content-Type")) {
			mime->has_type = true;
			if (!header_token(f.body, f.body_len, mime->type, sizeof mime->type))
				snprintf(mime->type, sizeof mime->type, "?");
		}
		if (header_is(&f, "Content-Transfer-Encoding")
		    && !header_token(f.body, f.body_len, mime->encoding, sizeof mime->encoding))
			snprintf(mime->encoding, sizeof mime->encoding, "?");
	}
}

static bool is_identity(const char *encoding)
{
	return encoding[0] == '\0' || str_same(encoding, "7bit") || str_same(encoding, "8bit")
	    || str_same(encoding, "binary");
}

static bool can_recode(const struct mime *mime, const char *why, struct err *e)
{
	if (!is_identity(mime->encoding))
		return fail(e, ST_INPUT, FATE_PERM, "%s, and a body in %s encoding cannot be encoded again", why,
			    mime->encoding);
	if (mime->has_type && strncmp(mime->type, "text/", 5) != 0)
		return fail(e, ST_INPUT, FATE_PERM, "%s, and a body of type %s cannot be re-encoded", why, mime->type);
	return true;
}

/* A head has no encoding of its own that would carry these. */
static bool head_carries(const struct message *m, const char *why, struct err *e)
{
	struct facts head = { 0 };

	facts_feed(&head, buf_text(&m->head), m->head.len);
	facts_end(&head);
	if (!recode_needed(&head))
		return true;
	return fail(e, ST_INPUT, FATE_PERM, "%s, and it is in the header", why);
}

/* Can this byte come next in UTF-8?  *owed: how many the character that has begun still wants. */
static bool utf8_continues(unsigned char c, unsigned *owed)
{
	if ((c & 0xc0) == 0x80)
		return *owed > 0 && (*owed)-- > 0;
	if (*owed > 0 || c == 0xc0 || c == 0xc1 || c >= 0xf5)
		return false;
	*owed = (c >= 0xc0) + (c >= 0xe0) + (c >= 0xf0);
	return true;
}

/* The charset of an unlabelled body: what its bytes can be, across the ends of pieces. */
static bool guess_charset(struct message *m, const char **charset, struct err *e)
{
	char *piece = malloc(MESSAGE_PIECE);
	size_t n = 0;
	unsigned owed = 0;
	bool ok, utf8 = true, ascii = true;

	if (piece == NULL)
		return fail_memory(e);
	message_rewind(m);
	while ((ok = message_piece(m, piece, &n, e)) && n > 0)
		for (size_t i = 0; i < n; i++) {
			ascii = ascii && !str_is8bit(piece[i]);
			utf8 = utf8 && utf8_continues((unsigned char)piece[i], &owed);
		}
	free(piece);
	*charset = ascii ? "us-ascii" : utf8 && owed == 0 ? "utf-8" : "unknown-8bit";
	return ok;
}

static bool label(struct message *m, const struct mime *mime, struct err *e)
{
	struct buf out = buf_max(m->head.max, m->head.what);
	const char *charset = "us-ascii", *head = buf_text(&m->head);
	struct field f;
	bool ok = mime->has_type || guess_charset(m, &charset, e);

	for (size_t at = 0; ok && header_next(head, m->head.len, &at, &f);)
		if (!header_is(&f, "Content-Transfer-Encoding"))
			ok = buf_add(&out, f.raw, f.raw_len, e)
			  && (out.bytes[out.len - 1] == '\n' || buf_char(&out, '\n', e));
	ok = ok && (mime->version || buf_str(&out, "MIME-Version: 1.0\n", e))
	  && (mime->has_type || buf_printf(&out, e, "Content-Type: text/plain; charset=%s\n", charset))
	  && buf_str(&out, "Content-Transfer-Encoding: quoted-printable\n", e);
	if (ok) {
		buf_free(&m->head);
		m->head = out;
	} else {
		buf_free(&out);
	}
	return ok;
}

bool message_recode(struct message *m, const char *why, struct err *e)
{
	struct mime mime;

	look(m, &mime);
	if (!can_recode(&mime, why, e) || !head_carries(m, why, e) || !label(m, &mime, e))
		return false;
	m->encode = true;
	return message_count(m, e);
}
