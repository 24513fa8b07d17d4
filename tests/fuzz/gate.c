/*
 * The strict parser of the test server reads what the gate accepts: an address must be one Mailbox, a parameter one value, a
 * name one domain.  The input is parsed, qualified and converted before it reaches the gate.
 */
#include "fuzz.h"

#include "../server/syntax.h"
#include "mail/mailbox.h"
#include "smtp/gate.h"
#include "smtp/esmtp.h"

static void one_address(const char *path, const char *end, bool utf8)
{
	MUST(path[0] == '<' && end > path && *end == '>');
	path++;
	if (end > path && !(end - path == 10 && str_same_n(path, 10, "postmaster")))
		MUST(syntax_mailbox(path, (size_t)(end - path), utf8));
}

/* Each parameter is one that was put there, with one value. */
static void parameters(const char *p, bool utf8)
{
	while (*p != '\0') {
		size_t n = strcspn(p + 1, " ");

		MUST(*p == ' ' && n > 0);
		MUST(strncmp(p + 1, "SIZE=", 5) == 0 || strncmp(p + 1, "BODY=8BITMIME", n) == 0
		     || strncmp(p + 1, "SMTPUTF8", n) == 0 || strncmp(p + 1, "ENVID=", 6) == 0
		     || strncmp(p + 1, "NOTIFY=", 7) == 0 || strncmp(p + 1, "ORCPT=", 6) == 0);
		MUST(utf8 ? syntax_utf8(p, n + 1) : syntax_ascii(p, n + 1));
		for (size_t i = 1; i <= n; i++)
			MUST((unsigned char)p[i] > 32 && p[i] != 127);
		p += n + 1;
	}
}

/* The end of the path: the first '>' outside of quotes, as a server would find it. */
static const char *path_end(const char *p)
{
	bool quoted = false;

	for (; *p != '\0' && (quoted || *p != '>'); p++) {
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

static void look(const struct buf *line, bool utf8)
{
	const char *end = path_end(buf_text(line));

	one_address(buf_text(line), end, utf8);
	parameters(end + 1, utf8);
}

static void say(const char *address, const char *envid, unsigned how)
{
	struct caps caps = { .ext = EXT_SIZE | EXT_8BITMIME | EXT_DSN | ((how & 1) != 0 ? EXT_SMTPUTF8 : 0) };
	struct wishes w = { .notify = 0 };
	struct rcpt r = { .address = (char *)(uintptr_t)address, .orcpt = (how & 4) != 0 ? (char *)(uintptr_t)envid : NULL };
	struct envelope v = { .sender = r.address, .rcpts = &r, .n = 1, .envid = (char *)(uintptr_t)envid };
	struct facts f = { .bytes = 10 };
	struct needs n;
	struct buf line = buf_max(ST_INPUT, 4096, "a command");
	struct err e;
	bool utf8;

	esmtp_needs(&n, &w, &v, &f);
	n.utf8 = n.utf8 || (how & 2) != 0;
	utf8 = n.utf8 && (how & 1) != 0;
	if (esmtp_mail(&line, &caps, &n, &e))
		look(&line, utf8);
	buf_clear(&line);
	if (esmtp_rcpt(&line, &caps, &n, &r, &e))
		look(&line, utf8);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *envid;
	struct mailbox box;
	struct err e;

	if (size == 0)
		return 0;
	text = fuzz_string(data + 1, size - 1);
	envid = text + strlen(text);
	envid += (size_t)(envid - text) < size - 1; /* the text behind the first NUL, or "" */
	say(text, envid, data[0]); /* without being parsed first */
	if (mailbox_one(text, strlen(text), true, &box, &e))
		say(box.addr, envid, data[0]);
	if (address_from_name(text, box.addr))
		say(box.addr, envid, data[0]);
	if (gate_is_domain(text))
		MUST(syntax_domain(text, strlen(text), false, false) || syntax_literal(text, strlen(text)));
	free(text);
	return 0;
}
