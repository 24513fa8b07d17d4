/* The alias file: its expansion ends and gives addresses that are fit for an envelope.  Each included list is the input again. */
#include "fuzz.h"

#include "mail/expand.h"
#include "mail/mailbox.h"

static const uint8_t *bytes;
static size_t n_bytes;

/* Every list is the input itself. */
static bool read_input(const char *path, const char *name, uid_t as, struct buf *to, uid_t *reader, struct err *e)
{
	(void)path;
	(void)name;
	*reader = as;
	return buf_add(to, bytes, n_bytes, e);
}

static void check_entries(const struct aliases *a)
{
	for (size_t i = 0; i < a->n; i++)
		MUST(a->names[i].first + a->names[i].n <= a->n_entries);
	for (size_t i = 0; i < a->n_entries; i++) {
		struct mailbox box;
		struct err e;

		if (a->entries[i].kind <= ALIAS_FINAL)
			MUST(mailbox_one(a->entries[i].text, strlen(a->entries[i].text), false, &box, &e)
			     && strcmp(box.addr, a->entries[i].text) == 0);
	}
}

static void expand_all(struct expander *x)
{
	struct envelope v = { 0 };
	struct err e;

	for (size_t i = 0; i < x->aliases.n && i < 1000; i++) {
		MUST(aliases_find(&x->aliases, x->aliases.names[i].name) != NULL);
		(void)!expand_recipient(x, &v, x->aliases.names[i].name, &e);
	}
	(void)!expand_recipient(x, &v, "somebody@localhost", &e);
	for (size_t i = 0; i < v.n; i++)
		MUST(v.rcpts[i].address[0] != '\0' && (v.rcpts[i].why != NULL) == (v.rcpts[i].state == RCPT_BARRED));
	envelope_free(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expander x = { .machine.domain = "home.example", .read = read_input };
	struct aliases list;
	struct err e;

	bytes = data;
	n_bytes = size;
	if (aliases_parse(&x.aliases, "fuzz", (const char *)data, size, &e)) {
		check_entries(&x.aliases);
		expand_all(&x);
	}
	if (aliases_parse_list(&list, "fuzz", (const char *)data, size, &e))
		check_entries(&list);
	aliases_free(&list);
	expand_free(&x);
	return 0;
}
