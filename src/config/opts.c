#include "config/opts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "config/keys.h"
#include "config/msmtp.h"

static bool fail_usage(struct err *e, const char *say)
{
	return fail(e, ST_USAGE, FATE_PERM, "%s", say);
}

static bool add_setting(struct options *o, const char *key, const char *value)
{
	o->settings[o->n_settings++] = (struct setting){ key, value };
	return true;
}

/* ---------------------------------------------------------------------------------- what they do */

static bool take_account(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->account = value;
	return true;
}

static bool take_body(struct options *o, const char *value, struct err *e)
{
	(void)o;
	if (str_same(value, "7BIT") || str_same(value, "8BITMIME"))
		return true; /* what the body is like is seen, not believed */
	return fail(e, ST_USAGE, FATE_PERM, "-B must be 7BIT or 8BITMIME, not `%s`", value);
}

static bool take_config_file(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->config_file = value;
	return true;
}

static bool take_debug(struct options *o, const char *value, struct err *e)
{
	(void)e;
	if (value == NULL) /* msmtp's; sendmail's -d0.1 and the like choose what we do not have */
		o->verbose++;
	return true;
}

static bool take_envid(struct options *o, const char *value, struct err *e)
{
	if (value[0] == '\0')
		return fail_usage(e, "the envelope identifier of -V is empty");
	o->envid = value;
	return true;
}

static bool take_etrn(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->mode = MODE_ETRN;
	o->node = value;
	return true;
}

/* As in sendmail: with -bp it says what of the queue to list. */
static bool take_queue(struct options *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	if (o->mode == MODE_SUBMIT)
		o->mode = MODE_QUEUE_RUN;
	return true;
}

static bool take_hops(struct options *o, const char *value, struct err *e)
{
	uint64_t n;

	(void)o;
	if (str_number(value, 0, 10000, &n))
		return true;
	return fail(e, ST_USAGE, FATE_PERM, "the hop count of -h must be a number, not `%s`", value);
}

static bool take_ignore_dots(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->ignore_dots = true;
	return true;
}

static bool take_read_recipients(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->take_recipients = true;
	return true;
}

static bool take_read_sender(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->read_sender = true;
	return true;
}

static bool take_sender(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->sender = strcmp(value, "<>") == 0 ? "" : value;
	return true;
}

static bool take_verbose(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->verbose++;
	return true;
}

/* sendmail's old one-letter settings.  Of all of them only -oi and -ov ask for something that we have. */
static bool take_setting(struct options *o, const char *value, struct err *e)
{
	bool on = value[0] == '\0' || value[1] == '\0' || strchr("tTyY1", value[1]) != NULL;

	(void)e;
	if (value[0] == 'i')
		o->ignore_dots = on;
	else if (value[0] == 'v')
		o->verbose += on;
	return true;
}

/* Of sendmail's long settings those that are Postfix's (3.11) in truth; its names have no case. */
static const struct {
	const char *name, *key;
} long_settings[] = {
	{ "requiretls", "require_tls" },
	{ "smtputf8", "smtputf8" },
};

static bool take_long_setting(struct options *o, const char *value, struct err *e)
{
	size_t len = strcspn(value, "=");
	const char *said = value + len + (value[len] == '=');

	(void)e;
	said = str_same(said, "yes") ? "on" : str_same(said, "no") ? "off" : said;
	for (size_t i = 0; i < COUNT(long_settings); i++)
		if (str_same_n(value, len, long_settings[i].name))
			return add_setting(o, long_settings[i].key, said);
	return true;
}

/* What -b asks for.  Alphabetical. */
static const struct {
	char        letter;
	const char *refused, *instead;
	enum mode   mode;
} modes[] = {
	{ .letter = 'a', .refused = "ARPANET mode (-ba) is not available",
	  .instead = "give the message on standard input, and -t or recipients" },
	{ .letter = 'd', .refused = "postern is no daemon (-bd)",
	  .instead = "it sends at once: run it for each message" },
	{ .letter = 'D', .refused = "postern is no daemon (-bD)",
	  .instead = "it sends at once: run it for each message" },
	{ .letter = 'h', .refused = "there is no host status to show (-bh)",
	  .instead = "postern keeps none: each run is on its own" },
	{ .letter = 'H', .refused = "there is no host status to purge (-bH)",
	  .instead = "postern keeps none: each run is on its own" },
	{ .letter = 'i', .mode = MODE_ALIASES },
	{ .letter = 'm', .mode = MODE_SUBMIT },
	{ .letter = 'p', .mode = MODE_QUEUE_LIST },
	{ .letter = 'P', .refused = "there is no queue to count (-bP)",
	  .instead = "postern sends at once, or says that it could not" },
	{ .letter = 's', .mode = MODE_DIALOGUE },
	{ .letter = 't', .refused = "there are no rewriting rules to test (-bt)",
	  .instead = "--dump-config shows the settings in force" },
	{ .letter = 'v', .mode = MODE_VERIFY },
};

static bool take_mode(struct options *o, const char *value, struct err *e)
{
	for (size_t i = 0; i < COUNT(modes); i++) {
		if (value[0] != modes[i].letter)
			continue;
		if (modes[i].refused == NULL) {
			o->mode = modes[i].mode;
			return true;
		}
		fail_usage(e, modes[i].refused);
		return err_hint(e, "%s", modes[i].instead);
	}
	return fail(e, ST_USAGE, FATE_PERM, "there is no mode -b%.1s", value);
}

/* By use, as --help shows them: most people need the first three groups. */
static const struct option options[] = {
	{ .heading = "Sending a message", .letter = 'f', .name = "from", .arity = VALUE, .arg = "ADDRESS", .take = take_sender,
	  .summary = "the sender; it also chooses the account" },
	{ .letter = 't', .name = "read-recipients", .take = take_read_recipients,
	  .summary = "take recipients from To, Cc and Bcc as well" },
	{ .letter = 'F', .arity = VALUE, .arg = "NAME", .key = "from_full_name",
	  .summary = "the full name for a From field that is added" },
	{ .letter = 'i', .take = take_ignore_dots, .summary = "typed input: a lone dot does not end it" },

	{ .heading = "Account and configuration", .letter = 'a', .name = "account", .arity = VALUE, .arg = "ACCOUNT",
	  .take = take_account, .summary = "use this account of the configuration" },
	{ .letter = 'C', .name = "file", .arity = VALUE, .arg = "FILE", .take = take_config_file,
	  .summary = "read only this configuration file" },

	{ .heading = "Looking", .name = "dump-config", .mode = MODE_DUMP_CONFIG,
	  .summary = "show the settings of the account; send nothing" },
	{ .letter = 'v', .name = "verbose", .take = take_verbose, .summary = "show the session, without the password" },
	{ .name = "list-keys", .mode = MODE_LIST_KEYS, .summary = "list the keys of the configuration" },
	{ .name = "list-options", .mode = MODE_LIST_OPTIONS, .summary = "list all options" },
	{ .name = "version", .mode = MODE_VERSION, .summary = "show the version" },
	{ .name = "help", .mode = MODE_HELP, .summary = "show this help" },

	{ .heading = "More about a message", .letter = 'N', .arity = VALUE, .arg = "WHEN", .key = "dsn_notify",
	  .summary = "when to report: never, or success,failure,delay" },
	{ .letter = 'R', .arity = VALUE, .arg = "WHAT", .key = "dsn_return",
	  .summary = "what a report brings back: full or hdrs" },
	{ .letter = 'V', .arity = VALUE, .arg = "ID", .take = take_envid,
	  .summary = "an identifier that reports repeat" },
	{ .letter = 'X', .arity = VALUE, .arg = "FILE", .key = "logfile", .summary = "append a line about the message to this log" },
	{ .name = "read-envelope-from", .take = take_read_sender, .summary = "without -f, the From field gives the sender" },
	{ .letter = 'r', .arity = VALUE, .arg = "ADDRESS", .take = take_sender, .summary = "the same as -f" },
	{ .letter = 'o', .arity = VALUE, .arg = "XVALUE", .form = "i|v|XVALUE",
	  .take = take_setting, .summary = "-oi is -i, -ov is -v; others are ignored" },
	{ .letter = 'O', .arity = VALUE, .arg = "NAME=VALUE",
	  .form = "requiretls=yes|requiretls=no|smtputf8=yes|smtputf8=no|NAME=VALUE", .take = take_long_setting,
	  .summary = "requiretls=yes, smtputf8=yes; others are ignored" },

	{ .heading = "Modes and queue", .letter = 'b', .arity = VALUE, .arg = "MODE", .form = "m|s|v|i|p",
	  .take = take_mode, .summary = "m: send, s: SMTP, v: verify, i: aliases, p: queue" },
	{ .letter = 'I', .mode = MODE_ALIASES, .summary = "the same as -bi: check the alias file" },
	{ .letter = 'q', .arity = ATTACHED, .arg = "INTERVAL", .take = take_queue,
	  .summary = "do nothing: there is no queue" },
	{ .name = "etrn", .arity = VALUE, .arg = "NODE", .take = take_etrn,
	  .summary = "ask the server for the mail it holds for NODE" },

	{ .heading = "Other names", .letter = 'P', .name = "pretend", .mode = MODE_DUMP_CONFIG,
	  .summary = "msmtp's name for --dump-config" },
	{ .name = "rmqs", .arity = VALUE, .arg = "NODE", .take = take_etrn, .summary = "msmtp's name for --etrn" },
	{ .letter = 'd', .name = "debug", .arity = ATTACHED, .arg = "LEVEL", .take = take_debug,
	  .summary = "the same as -v; with a level it is ignored" },

	/* accepted and ignored */
	{ .letter = 'A', .arity = VALUE, .arg = "c|m", .ignored = "there is one configuration" },
	{ .letter = 'B', .arity = VALUE, .arg = "TYPE", .take = take_body, .ignored = "postern looks at the body itself" },
	{ .letter = 'G', .ignored = "relayed mail is treated like any other" },
	{ .letter = 'L', .arity = VALUE, .arg = "TAG", .ignored = "the name in the log is postern" },
	{ .letter = 'M', .arity = VALUE, .arg = "X=VALUE", .ignored = "there are no macros" },
	{ .letter = 'Q', .arity = ATTACHED, .arg = "REASON", .ignored = "there is no quarantine" },
	{ .letter = 'T', .ignored = "obsolete in sendmail" },
	{ .letter = 'U', .ignored = "SMTPUTF8 is used when it is needed" },
	{ .letter = 'c', .ignored = "obsolete in sendmail" },
	{ .letter = 'e', .arity = VALUE, .arg = "MODE", .ignored = "errors go to standard error and the exit status" },
	{ .letter = 'h', .arity = VALUE, .arg = "N", .take = take_hops, .ignored = "the server counts hops" },
	{ .letter = 'm', .ignored = "the sender is never taken out of the recipients" },
	{ .letter = 'n', .ignored = "aliases are always followed" },
	{ .letter = 'p', .arity = VALUE, .arg = "PROTOCOL", .ignored = "no Received field is added" },
	{ .letter = 's', .ignored = "obsolete in sendmail" },
	{ .letter = 'x', .ignored = "an option of AIX without effect" },

	/* not available */
	{ .letter = 'S', .name = "serverinfo", .refused = "showing what a server offers (-S) is not available yet",
	  .instead = "-v shows the session while a message is sent" },
	{ .name = "configure", .arity = VALUE, .arg = "ADDRESS",
	  .refused = "writing a configuration (--configure) is not available yet",
	  .instead = "three lines are enough: host, user, password_command" },
};

const struct option *opts_row(size_t i)
{
	return i < COUNT(options) ? &options[i] : NULL;
}

/* Programs that sendmail is also called as. */
static const struct {
	const char *name;
	enum mode   mode;
} faces[] = {
	{ "mailq", MODE_QUEUE_LIST },
	{ "newaliases", MODE_ALIASES },
	{ "runq", MODE_QUEUE_RUN },
};

/* --------------------------------------------------------------------------------------- parsing */

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
		fail_usage(e, p->refused);
		return err_hint(e, "%s", p->instead);
	}
	if (value != NULL && !check_value(shown(p, name), value, e))
		return false;
	if (p->mode != MODE_SUBMIT)
		o->mode = p->mode;
	if (p->key != NULL)
		return add_setting(o, p->key, value);
	return p->take == NULL || p->take(o, value, e);
}

/* The value that stands in the next word. */
static bool next_word(struct words *w, const char *name, const char **value, struct err *e)
{
	if (w->at + 1 >= w->argc)
		return fail(e, ST_USAGE, FATE_PERM, "%s needs a value", name);
	*value = w->argv[++w->at];
	return true;
}

static const struct option *by_letter(char letter)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

/* One word of letters: -i, -ti, -tif ADDRESS, -fADDRESS. */
static bool take_letters(struct options *o, struct words *w, const char *word, struct err *e)
{
	for (const char *p = word + 1; *p != '\0'; p++) {
		const struct option *option = by_letter(*p);
		const char *value = NULL;
		char name[32];

		if (option == NULL)
			return fail(e, ST_USAGE, FATE_PERM, "there is no option -%c", *p);
		if (option->arity == NOTHING) {
			if (!apply(o, option, NULL, e))
				return false;
			continue;
		}
		if (p[1] != '\0')
			value = p + 1;
		else if (option->arity == VALUE && option->refused == NULL
			 && !next_word(w, shown(option, name), &value, e))
			return false;
		return apply(o, option, value, e);
	}
	return true;
}

/* Candidates for a misspelt long option: ours, then the keys. */
static const char *long_name(size_t i)
{
	size_t n = 0;

	for (size_t j = 0; j < COUNT(options); j++)
		if (options[j].name != NULL && n++ == i)
			return options[j].name;
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
static bool take_key(struct options *o, struct words *w, const char *name, size_t len, struct err *e)
{
	const struct key *k = key_find(name, len);
	const struct msmtp *old = k == NULL ? msmtp_find(name, len) : NULL;
	const char *word = w->argv[w->at], *value = name[len] == '=' ? name + len + 1 : NULL;
	const char *key = k != NULL ? k->name : old != NULL ? old->name : NULL;

	if (key == NULL)
		return fail_unknown(name, len, e);
	if (value == NULL && (k != NULL ? !k->bare : old->on == NULL) && !next_word(w, word, &value, e))
		return false;
	if (value == NULL)
		value = "on";
	return check_value(key, value, e) && add_setting(o, key, value);
}

/* Names are not abbreviated: what is short today is ambiguous tomorrow. */
static bool take_long(struct options *o, struct words *w, struct err *e)
{
	const char *word = w->argv[w->at], *name = word + strlen("--"), *value = NULL;
	size_t len = strcspn(name, "="), i = 0;

	while (i < COUNT(options) && (options[i].name == NULL || !str_same_n(name, len, options[i].name)))
		i++;
	if (i == COUNT(options))
		return take_key(o, w, name, len, e);
	if (name[len] == '=')
		value = name + len + 1;
	if (options[i].arity == NOTHING && value != NULL)
		return fail(e, ST_USAGE, FATE_PERM, "--%s takes no value", options[i].name);
	if (options[i].arity == VALUE && options[i].refused == NULL && value == NULL
	    && !next_word(w, word, &value, e))
		return false;
	return apply(o, &options[i], value, e);
}

/* The last one counts. */
static bool asks_for(const struct options *o, const char *key)
{
	for (size_t i = o->n_settings; i-- > 0;)
		if (str_same(o->settings[i].key, key))
			return !str_same(o->settings[i].value, "off");
	return false;
}

/* RFC 4865 4. */
static bool check_hold(const struct options *o, struct err *e)
{
	return !asks_for(o, "hold_for") || !asks_for(o, "hold_until")
	    || fail_usage(e, "--hold-for and --hold-until exclude each other");
}

/* Somebody with a message to send would never learn that nobody has it. */
static bool check_queue(const struct options *o, struct err *e)
{
	return o->mode != MODE_QUEUE_RUN || (o->n_recipients == 0 && !o->take_recipients)
	    || fail_usage(e, "-q sends no message, so it takes no recipients");
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
static bool take_words(struct options *o, struct words *w, struct err *e)
{
	bool only_recipients = false;

	for (w->at = 1; w->at < w->argc; w->at++) {
		const char *word = w->argv[w->at];

		if (only_recipients || word[0] != '-' || word[1] == '\0') {
			o->recipients[o->n_recipients++] = word;
		} else if (strcmp(word, "--") == 0) {
			only_recipients = true;
		} else if (word[1] == '-') {
			if (!take_long(o, w, e))
				return false;
		} else if (!take_letters(o, w, word, e)) {
			return false;
		}
	}
	return true;
}

bool opts_parse(int argc, char **argv, struct options *o, struct err *e)
{
	struct words w = { .argv = argv, .argc = argc };
	size_t room = argc > 0 ? (size_t)argc : 1; /* each word gives one of them at most */

	*o = (struct options){ .mode = face(argc > 0 ? argv[0] : NULL) };
	o->settings = calloc(room, sizeof *o->settings);
	o->recipients = calloc(room, sizeof *o->recipients);
	if (o->settings == NULL || o->recipients == NULL)
		return fail_memory(e);
	return take_words(o, &w, e) && check_hold(o, e) && check_queue(o, e);
}

void opts_free(struct options *o)
{
	free(o->settings);
	free(o->recipients);
	*o = (struct options){ 0 };
}
