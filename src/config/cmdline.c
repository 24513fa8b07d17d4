#include "config/cmdline.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "config/keys.h"
#include "config/msmtp.h"

/* Programs that sendmail is also called as. */
static const struct {
	const char *name;
	enum mode   mode;
} faces[] = {
	{ "mailq", MODE_QUEUE_LIST },
	{ "newaliases", MODE_ALIASES },
	{ "runq", MODE_QUEUE_RUN },
};

struct words { /* the arguments as they are gone through */
	char **argv;
	int    argc, at;
};

static const char *shown(const struct option *p, char to[32])
{
	if (p->letter != '\0')
		snprintf(to, 32, "-%c", p->letter);
	else
		snprintf(to, 32, "--%s", p->name);
	return to;
}

/* Before any of it gets near a header, a command or a file. */
static bool check_value(const char *name, const char *value, struct err *e)
{
	for (const char *p = value; *p != '\0'; p++)
		if (str_iscontrol(*p))
			return fail(e, ST_USAGE, FATE_PERM, "the value of %s has a control character in it", name);
	return true;
}

static bool apply(struct options *o, const struct option *p, const char *value, struct err *e)
{
	char name[32];

	if (p->refused != NULL) {
		fail(e, ST_USAGE, FATE_PERM, "%s", p->refused);
		return err_hint(e, "%s", p->instead);
	}
	if (value != NULL && !check_value(shown(p, name), value, e))
		return false;
	if (p->mode != MODE_SUBMIT)
		o->mode = p->mode;
	if (p->key != NULL)
		return opts_add_setting(o, p->key, value);
	return p->set == NULL || p->set(o, value, e);
}

#define SEE_HELP "--help shows the options"

/* The value that stands in the next word; `p` is NULL for a key. */
static bool next_word(struct words *w, const struct option *p, const char *name, const char **value, struct err *e)
{
	if (w->at + 1 >= w->argc) {
		fail(e, ST_USAGE, FATE_PERM, "%s needs a value", name);
		return err_hint(e, "%s", p != NULL && p->instead != NULL ? p->instead : SEE_HELP);
	}
	*value = w->argv[++w->at];
	return true;
}

static const struct option *by_letter(char letter)
{
	const struct option *p;

	for (size_t i = 0; (p = opts_row(i)) != NULL && p->letter != letter; i++)
		;
	return p;
}

static const struct option *by_name(const char *name, size_t len)
{
	const struct option *p;

	for (size_t i = 0; (p = opts_row(i)) != NULL && (p->name == NULL || !str_same_n(name, len, p->name)); i++)
		;
	return p;
}

static bool fail_letter(char letter, struct err *e)
{
	fail(e, ST_USAGE, FATE_PERM, "there is no option -%c", letter);
	return err_hint(e, SEE_HELP);
}

/* One word of letters: -i, -ti, -tif ADDRESS, -fADDRESS. */
static bool parse_letters(struct options *o, struct words *w, const char *word, struct err *e)
{
	for (const char *p = word + 1; *p != '\0'; p++) {
		const struct option *option = by_letter(*p);
		const char *value = NULL;
		char name[32];

		if (option == NULL)
			return fail_letter(*p, e);
		if (option->arity == ARITY_NONE) {
			if (!apply(o, option, NULL, e))
				return false;
			continue;
		}
		if (p[1] != '\0')
			value = p + 1;
		else if (option->arity == ARITY_VALUE && option->refused == NULL
			 && !next_word(w, option, shown(option, name), &value, e))
			return false;
		return apply(o, option, value, e);
	}
	return true;
}

/* Candidates for a misspelt long option: ours, then the keys. */
static const char *long_name(size_t i)
{
	size_t n = 0;

	for (size_t j = 0; opts_row(j) != NULL; j++)
		if (opts_row(j)->name != NULL && n++ == i)
			return opts_row(j)->name;
	return key_name(i - n);
}

static bool fail_unknown(const char *name, size_t len, struct err *e)
{
	char wrong[64] = "", near[64] = "";
	const char *word;

	if (len < sizeof wrong)
		memcpy(wrong, name, len);
	word = str_nearest(wrong, long_name);
	for (size_t i = 0; word != NULL && word[i] != '\0' && i + 1 < sizeof near; i++)
		near[i] = word[i] == '_' ? '-' : word[i];
	fail(e, ST_USAGE, FATE_PERM, "there is no option --%.*s%s%s%s", len > 100 ? 100 : (int)len, name,
	     word != NULL ? "; did you mean --" : "", near, word != NULL ? "?" : "");
	return err_hint(e, "--help and --list-keys show what there is");
}

/* If the value may be left out, it is `on` then ("--tls-certcheck"). */
static bool parse_key(struct options *o, struct words *w, const char *name, size_t len, struct err *e)
{
	const struct key *k = key_find(name, len);
	const struct msmtp *old = k == NULL ? msmtp_find(name, len) : NULL;
	const char *word = w->argv[w->at], *value = name[len] == '=' ? name + len + 1 : NULL;
	const char *key = k != NULL ? k->name : old != NULL ? old->name : NULL;

	if (key == NULL)
		return fail_unknown(name, len, e);
	if (value == NULL && (k != NULL ? !k->bare : old->on == NULL) && !next_word(w, NULL, word, &value, e))
		return false;
	if (value == NULL)
		value = "on";
	return check_value(key, value, e) && opts_add_setting(o, key, value);
}

/* Names are not abbreviated: what is short today is ambiguous tomorrow. */
static bool parse_long(struct options *o, struct words *w, struct err *e)
{
	const char *word = w->argv[w->at], *name = word + strlen("--"), *value = NULL;
	size_t len = strcspn(name, "=");
	const struct option *p = by_name(name, len);

	if (p == NULL)
		return parse_key(o, w, name, len, e);
	if (name[len] == '=')
		value = name + len + 1;
	if (p->arity == ARITY_NONE && value != NULL)
		return fail(e, ST_USAGE, FATE_PERM, "--%s takes no value", p->name);
	if (p->arity == ARITY_VALUE && p->refused == NULL && value == NULL && !next_word(w, p, word, &value, e))
		return false;
	return apply(o, p, value, e);
}

/* The last one counts. */
static bool asks_for(const struct options *o, const char *key)
{
	for (size_t i = o->n_settings; i-- > 0;)
		if (str_same(o->settings[i].key, key))
			return !str_same(o->settings[i].value, "off");
	return false;
}

/* RFC 4865 4.1 (2). */
static bool check_hold(const struct options *o, struct err *e)
{
	return !asks_for(o, "hold_for") || !asks_for(o, "hold_until")
	    || fail(e, ST_USAGE, FATE_PERM, "--hold-for and --hold-until exclude each other");
}

/* Somebody with a message to send would never learn that nobody has it. */
static bool check_queue(const struct options *o, struct err *e)
{
	return o->mode != MODE_QUEUE_RUN || (o->n_recipients == 0 && !o->recipients_in_header)
	    || fail(e, ST_USAGE, FATE_PERM, "-q sends no message, so it takes no recipients");
}

static bool check_server(const struct options *o, struct err *e)
{
	return o->server == NULL || (o->config_file == NULL && o->account == NULL)
	    || fail(e, ST_USAGE, FATE_PERM, "-S uses no configuration, so it excludes %s", o->account != NULL ? "-a" : "-C");
}

static bool check_service(const struct options *o, struct err *e)
{
	return !o->service || o->mode == MODE_DIALOGUE || fail(e, ST_USAGE, FATE_PERM, "--service goes with -bs only");
}

static enum mode face(const char *name)
{
	const char *slash = name == NULL ? NULL : strrchr(name, '/');
	const char *base = slash != NULL ? slash + 1 : name;

	for (size_t i = 0; base != NULL && i < COUNT(faces); i++)
		if (strcmp(base, faces[i].name) == 0)
			return faces[i].mode;
	return MODE_SUBMIT;
}

/* Options may stand behind recipients, as in GNU's getopt and msmtp: no address that anybody has begins
 * with a hyphen.  After `--` there are only recipients. */
static bool parse_words(struct options *o, struct words *w, struct err *e)
{
	bool only_recipients = false;

	for (w->at = 1; w->at < w->argc; w->at++) {
		const char *word = w->argv[w->at];

		if (only_recipients || word[0] != '-' || word[1] == '\0') {
			o->recipients[o->n_recipients++] = word;
		} else if (strcmp(word, "--") == 0) {
			only_recipients = true;
		} else if (word[1] == '-') {
			if (!parse_long(o, w, e))
				return false;
		} else if (!parse_letters(o, w, word, e)) {
			return false;
		}
	}
	return true;
}

bool cmdline_parse(int argc, char **argv, struct options *o, struct err *e)
{
	struct words w = { .argv = argv, .argc = argc };
	size_t room = argc > 0 ? (size_t)argc : 1; /* each word gives one of them at most */

	*o = (struct options){ .mode = face(argc > 0 ? argv[0] : NULL) };
	o->settings = calloc(room, sizeof *o->settings);
	o->recipients = calloc(room, sizeof *o->recipients);
	o->choices = calloc(room, sizeof *o->choices);
	if (o->settings == NULL || o->recipients == NULL || o->choices == NULL)
		return fail_memory(e);
	return parse_words(o, &w, e) && check_hold(o, e) && check_server(o, e) && check_queue(o, e) && check_service(o, e);
}

void cmdline_free(struct options *o)
{
	free(o->settings);
	free(o->recipients);
	free(o->choices);
	*o = (struct options){ 0 };
}
