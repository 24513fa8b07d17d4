/* Lists of addresses: each address of the result is fit for an envelope, and parsing it gives the same address. */
#include "fuzz.h"

#include "mail/mailbox.h"

static bool check(void *ctx, const struct mailbox *m, struct err *e)
{
	size_t size = *(const size_t *)ctx;
	struct mailbox again;
	struct err unheard;

	(void)e;
	MUST(m->at + m->len <= size && m->name_at + m->name_len <= size);
	MUST(strlen(m->addr) < ADDRESS_MAX && str_is_utf8(m->addr, strlen(m->addr)));
	for (const char *p = m->addr; *p != '\0'; p++)
		MUST(!str_iscontrol(*p));
	if (m->addr[0] != '\0') {
		MUST(mailbox_one(m->addr, strlen(m->addr), false, &again, &unheard));
		MUST(strcmp(again.addr, m->addr) == 0);
	}
	return true;
}

static bool check_unread(void *ctx, const char *piece, size_t len, const char *what, struct err *e)
{
	size_t size = *(const size_t *)ctx;
	char shown[MAILBOX_SHOWN];

	(void)e;
	MUST(len > 0 && len <= size && what != NULL);
	mailbox_show(piece, len, shown);
	for (const char *p = shown; *p != '\0'; p++)
		MUST(!str_iscontrol(*p));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mailbox one;
	struct err e;
	bool null_ok = size > 0 && (data[0] & 1) != 0;

	(void)!mailbox_list((const char *)data, size, null_ok ? MAILBOX_NULL : 0, check, &size, &e);
	for (unsigned liberties = 0; liberties < 8; liberties++)
		MUST(mailbox_each((const char *)data, size, liberties, check, check_unread, &size, &e));
	(void)!mailbox_one((const char *)data, size, null_ok, &one, &e);
	return 0;
}
