#include "mail/expand.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/mailbox.h"

struct list { /* a list, read once for all entries that name it */
	struct list   *next;
	char          *path;
	uid_t          as, reader; /* see `read` in expand.h */
	struct aliases entries;
};

struct walk {
	struct expander *x;
	struct envelope *v;
	const char      *written;   /* the recipient as the caller named it */
	size_t           given;     /* addresses and refusals to which it has expanded so far */
	char             original[ADDRESS_MAX]; /* `written`, qualified */
};

struct where { /* the entry that is being expanded */
	const char               *file;
	uid_t                     reader; /* the user with whose rights the file was read; 0 for the alias file */
	const struct alias       *of;
	const struct alias_entry *entry;
	unsigned                  refused; /* number of refused entries of `of` */
};

/* ---- results of the expansion ------------------------------------------------------------------ */

static bool add_too_long(struct envelope *v, const char *address, const struct err *why, struct err *e)
{
	char shown[MAILBOX_SHOWN];

	mailbox_show(address, strlen(address), shown);
	return envelope_unread(v, shown, why->say, e);
}

static bool add(struct walk *w, const char *address, struct err *e)
{
	char whole[ADDRESS_MAX];
	struct err too_long;

	w->given++;
	if (address_qualify(address, w->x->machine.domain, whole, &too_long))
		return envelope_add_for(w->v, whole, w->original, e);
	return add_too_long(w->v, address, &too_long, e);
}

/* The name has no alias, or must not be expanded again. */
static bool stays(struct walk *w, const char *name, struct err *e)
{
	const struct strlist *to = w->x->recipients;

	if (to == NULL || to->n == 0)
		return add(w, name, e);
	for (size_t i = 0; i < to->n; i++) {
		struct mailbox box;

		if (!mailbox_one(to->items[i], strlen(to->items[i]), false, &box, e) || !add(w, box.addr, e))
			return false;
	}
	return true;
}

/* `fate` FATE_TEMP: a later attempt may succeed.  The number of refusals is limited: a list may belong to any user, and its
 * faults must not fill memory and the caller's log. */
static bool refuse(struct walk *w, struct where *at, enum fate fate, const char *why, const char *said, struct err *e)
{
	char text[ADDRESS_MAX + 500];

	if (at->refused > EXPAND_REFUSALS_MAX)
		return true;
	if (at->refused++ == EXPAND_REFUSALS_MAX)
		why = "has more entries that cannot be obeyed, from this line on";
	if (at->of->name != NULL)
		snprintf(text, sizeof text, "%s:%u: the alias %s %s", at->file, at->entry->line, at->of->name, why);
	else
		snprintf(text, sizeof text, "%s:%u: the list %s", at->file, at->entry->line, why);
	w->given++;
	return envelope_refuse(w->v, w->original, fate, text, said, e);
}

static const char *const complaints[] = {
	[ALIAS_PIPE] = "names a program, and postern runs none",
	[ALIAS_FILE] = "names a file, and postern writes to none",
	[ALIAS_ODD] = "has an entry that is no address",
};

const char *expand_complaint(const struct alias_entry *n)
{
	return n->kind < COUNT(complaints) ? complaints[n->kind] : NULL;
}

/* ---- lists --------------------------------------------------------------------------------------- */

static bool read_list(struct expander *x, struct list *made, const char *path, struct err *e)
{
	struct buf text = buf_max(ST_CONFIG, ALIASES_BYTES_MAX, "it");
	bool ok = (made->path = str_dup(path, e)) != NULL && x->read(path, "it", made->as, &text, &made->reader, e)
	       && aliases_parse_list(&made->entries, path, buf_text(&text), text.len, e);

	buf_free(&text);
	return ok;
}

static void free_list(struct list *list)
{
	free(list->path);
	aliases_free(&list->entries);
	free(list);
}

/* `as` must be equal, too: one user's right to read a list is no right for the lists of another user. */
static struct list *find_list(struct expander *x, const char *path, uid_t as, struct err *e)
{
	struct list *made = x->lists;

	while (made != NULL && (made->as != as || strcmp(made->path, path) != 0))
		made = made->next;
	if (made != NULL)
		return made;
	if (x->read == NULL || path[0] != '/' || x->n_lists == EXPAND_LISTS_MAX) {
		fail(e, ST_CONFIG, FATE_PERM, "%s",
		     path[0] != '/' ? "its path does not begin with a slash" : "there are too many");
		return NULL;
	}
	if ((made = calloc(1, sizeof *made)) == NULL) {
		fail_memory(e);
		return NULL;
	}
	made->as = as;
	if (!read_list(x, made, path, e)) {
		free_list(made);
		return NULL;
	}
	made->next = x->lists;
	x->lists = made;
	x->n_lists++;
	return made;
}

/* ---- the expansion ------------------------------------------------------------------------------- */

static bool expand(struct walk *w, const struct aliases *in, uid_t reader, struct alias *a, unsigned depth,
		   struct err *e);

/* Errors about opening a list do not show its path, which is part of the entry.  Errors about its content do, since the
 * refusals of its entries show it, too. */
static void say_list(const struct err *why, char *to, size_t room)
{
	char text[ERR_TEXT];

	snprintf(to, room, "includes a list: %s", err_text(why, text));
}

static bool include(struct walk *w, struct where *at, unsigned depth, struct err *e)
{
	struct err why = { 0 };
	struct list *list = find_list(w->x, at->entry->text, at->reader, &why);
	char text[ERR_TEXT + 200];

	if (list != NULL)
		return expand(w, &list->entries, list->reader, &list->entries.names[0], depth + 1, e);
	if (why.stage == ST_INTERNAL) {
		*e = why;
		return false;
	}
	say_list(&why, text, sizeof text);
	return refuse(w, at, why.fate, text, NULL, e);
}

/* The alias of a name, else the alias `default`.  Without an alias, mailer-daemon is postmaster, and postmaster is root:
 * every host must have a postmaster (RFC 5321 4.5.1). */
static struct alias *alias_of(const struct expander *x, const char *name)
{
	struct alias *a = aliases_find(&x->aliases, name);

	if (a == NULL && str_same(name, "mailer-daemon"))
		a = aliases_find(&x->aliases, name = "postmaster");
	if (a == NULL && str_same(name, "postmaster"))
		a = aliases_find(&x->aliases, "root");
	return a != NULL ? a : aliases_find(&x->aliases, "default");
}

/* If the name's alias is being expanded, the name is not expanded again (a loop).  If it has been expanded already, it adds
 * nothing. */
static bool look_up(struct walk *w, const char *name, unsigned depth, struct err *e)
{
	struct alias *a = alias_of(w->x, name);

	if (a == NULL && depth == 0 && (w->x->recipients == NULL || w->x->recipients->n == 0))
		return add(w, w->written, e); /* as written: user@localhost keeps its domain */
	if (a == NULL || (a->seen == w->x->turn && a->open))
		return stays(w, name, e);
	return expand(w, &w->x->aliases, 0, a, depth, e);
}

/* An address at this machine is expanded further.  One at qualify_domain is not: that may be the domain of a whole
 * organisation. */
static bool obey_address(struct walk *w, const char *address, unsigned depth, struct err *e)
{
	const char *domain = address_domain(address);
	char name[ADDRESS_MAX];

	if (domain != NULL && !machine_named(&w->x->machine, domain))
		return add(w, address, e);
	snprintf(name, sizeof name, "%.*s", (int)address_local_len(address), address);
	return look_up(w, name, depth + 1, e);
}

static bool obey(struct walk *w, struct where *at, unsigned depth, struct err *e)
{
	const struct alias_entry *n = at->entry;
	bool list = at->of->name == NULL;

	switch (n->kind) {
	case ALIAS_ADDRESS:
		return obey_address(w, n->text, depth, e);
	case ALIAS_FINAL:
		return address_domain(n->text) != NULL ? add(w, n->text, e) : stays(w, n->text, e);
	case ALIAS_INCLUDE:
		return include(w, at, depth, e);
	case ALIAS_ERROR: /* the words are for the sender; those in a list are not shown, since any file can be named as a list */
		return refuse(w, at, FATE_PERM, "refuses it", list ? NULL : n->text, e);
	case ALIAS_PIPE:
	case ALIAS_FILE:
	case ALIAS_ODD:
		break;
	}
	return refuse(w, at, FATE_PERM, expand_complaint(n), NULL, e);
}

static bool expand(struct walk *w, const struct aliases *in, uid_t reader, struct alias *a, unsigned depth,
		   struct err *e)
{
	struct where at = { .file = in->file, .reader = reader, .of = a };
	bool ok = true;

	if (a->seen == w->x->turn)
		return true;
	a->seen = w->x->turn;
	a->open = true;
	for (size_t i = 0; ok && i < a->n; i++) {
		at.entry = &in->entries[a->first + i];
		if (++w->x->steps > EXPAND_STEPS_MAX)
			ok = fail(e, ST_INPUT, FATE_PERM, "the aliases of %s come to too many recipients", w->written);
		else if (depth == EXPAND_DEPTH_MAX)
			ok = refuse(w, &at, FATE_PERM, "is nested too deeply", NULL, e);
		else
			ok = obey(w, &at, depth, e);
	}
	a->open = false;
	return ok;
}

/* ---- outside ------------------------------------------------------------------------------------- */

/* With an alias that has no entries, or an empty list, nobody would get the message: the recipient is refused. */
static bool refuse_empty(struct walk *w, const char *name, struct err *e)
{
	const struct alias *a = alias_of(w->x, name);
	char why[ADDRESS_MAX + 500];

	snprintf(why, sizeof why, "%s:%u: the alias %s stands for no address", w->x->aliases.file, a->line, a->name);
	return envelope_refuse(w->v, w->original, FATE_PERM, why, NULL, e);
}

static bool add_local(struct walk *w, const char *address, struct err *e)
{
	char name[ADDRESS_MAX];

	snprintf(name, sizeof name, "%.*s", (int)address_local_len(address), address);
	w->x->turn++;
	return look_up(w, name, 0, e) && (w->given > 0 || refuse_empty(w, name, e));
}

bool expand_recipient(struct expander *x, struct envelope *v, const char *address, struct err *e)
{
	const char *domain = address_domain(address);
	bool mapped = x->aliases.n > 0 || (x->recipients != NULL && x->recipients->n > 0);
	struct walk w = { .x = x, .v = v, .written = address };
	struct err too_long;

	if (!address_qualify(address, x->machine.domain, w.original, &too_long))
		return add_too_long(v, address, &too_long, e);
	if (!mapped || (domain != NULL && !machine_is_local(&x->machine, domain)))
		return envelope_add_for(v, w.original, w.original, e);
	return add_local(&w, address, e);
}

struct adding {
	struct expander *x;
	struct envelope *v;
	const char      *where;
};

static bool add_mailbox(void *ctx, const struct mailbox *m, struct err *e)
{
	const struct adding *a = ctx;

	return m->addr[0] == '\0' || expand_recipient(a->x, a->v, m->addr, e);
}

static bool add_unread(void *ctx, const char *piece, size_t len, const char *what, struct err *e)
{
	const struct adding *a = ctx;
	char shown[MAILBOX_SHOWN], why[sizeof e->say + 100];
	struct err made;

	mailbox_show(piece, len, shown);
	mailbox_fail(piece, len, what, &made);
	snprintf(why, sizeof why, "%s%s", made.say, a->where);
	return envelope_unread(a->v, shown, why, e);
}

bool expand_list(struct expander *x, struct envelope *v, const char *text, size_t len, unsigned liberties, const char *where,
		 struct err *e)
{
	struct adding a = { x, v, where == NULL ? "" : where };

	return mailbox_each(text, len, liberties, add_mailbox, add_unread, &a, e);
}

void expand_free(struct expander *x)
{
	while (x->lists != NULL) {
		struct list *next = x->lists->next;

		free_list(x->lists);
		x->lists = next;
	}
	aliases_free(&x->aliases);
	*x = (struct expander){ 0 };
}

bool expand_check_list(const struct expander *x, const struct alias_entry *n, char *to, size_t room)
{
	struct expander alone = { .read = x->read }; /* a fresh one, since EXPAND_LISTS_MAX counts for each message */
	struct err why = { 0 };
	bool ok = find_list(&alone, n->text, 0, &why) != NULL;

	if (!ok)
		say_list(&why, to, room);
	expand_free(&alone);
	return ok;
}
