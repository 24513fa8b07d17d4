#include "config/opts.h"

#include "base/datetime.h"
#include "base/str.h"

static bool fail_usage(struct err *e, const char *say)
{
	return fail(e, ST_USAGE, FATE_PERM, "%s", say);
}

bool opts_add_setting(struct options *o, const char *key, const char *value)
{
	o->settings[o->n_settings++] = (struct setting){ key, value };
	return true;
}

/* ---------------------------------------------------------------------------------- what they do */

static bool set_account(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->account = value;
	return true;
}

static bool check_body(struct options *o, const char *value, struct err *e)
{
	(void)o;
	if (str_same(value, "7BIT") || str_same(value, "8BITMIME"))
		return true; /* what the body is like is seen, not believed */
	return fail(e, ST_USAGE, FATE_PERM, "-B must be 7BIT or 8BITMIME, not `%s`", value);
}

static bool set_config_file(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->config_file = value;
	return true;
}

static bool set_debug(struct options *o, const char *value, struct err *e)
{
	(void)e;
	if (value == NULL) /* msmtp's; sendmail's -d0.1 and the like choose what we do not have */
		o->verbose++;
	return true;
}

static bool set_envid(struct options *o, const char *value, struct err *e)
{
	if (value[0] == '\0')
		return fail_usage(e, "the envelope identifier of -V is empty");
	o->envid = value;
	return true;
}

static bool set_etrn(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->mode = MODE_ETRN;
	o->node = value;
	return true;
}

static bool set_check(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->mode = MODE_CHECK;
	o->address = value;
	if (value != NULL)
		o->recipients[o->n_recipients++] = value;
	return true;
}

static bool set_interval(struct options *o, const char *value, struct err *e)
{
	uint64_t seconds;

	if (!datetime_span(value, strlen(value), 366 * 24 * 3600, &seconds) || seconds == 0)
		return fail(e, ST_USAGE, FATE_PERM, "-q takes a time such as 15m, or I, R or S and a text, not `%s`", value);
	o->interval = (unsigned)seconds;
	return true;
}

/* As in sendmail: with -bp a choice says what of the queue to list. */
static bool run_queue(struct options *o, const char *value, struct err *e)
{
	bool others = value != NULL && value[0] == '!';
	const char *what = value == NULL ? "" : value + others;

	if (o->mode == MODE_SUBMIT)
		o->mode = MODE_QUEUE_RUN;
	if (!others && (what[0] == '\0' || strcmp(what, "f") == 0)) /* -qf: in the foreground, as always here */
		return true;
	if (what[0] == '\0' || strchr("IRS", what[0]) == NULL)
		return set_interval(o, value, e);
	o->choices[o->n_choices++] = (struct queue_choice){ .what = what[0], .others = others, .text = what + 1 };
	return true;
}

static bool set_entry(struct options *o, enum mode mode, const char *value)
{
	o->mode = mode;
	o->entry = value;
	return true;
}

#define ON_ENTRY(name, mode) \
	static bool name(struct options *o, const char *value, struct err *e) { (void)e; return set_entry(o, mode, value); }

ON_ENTRY(show_entry, MODE_QUEUE_SHOW)
ON_ENTRY(remove_entry, MODE_QUEUE_REMOVE)
ON_ENTRY(hold_entry, MODE_QUEUE_HOLD)
ON_ENTRY(release_entry, MODE_QUEUE_RELEASE)
ON_ENTRY(retry_entry, MODE_QUEUE_RETRY)

static bool check_hops(struct options *o, const char *value, struct err *e)
{
	uint64_t n;

	(void)o;
	if (str_number(value, 0, 10000, &n))
		return true;
	return fail(e, ST_USAGE, FATE_PERM, "the hop count of -h must be a number, not `%s`", value);
}

static bool set_ignore_dots(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->ignore_dots = true;
	return true;
}

static bool set_read_recipients(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->recipients_in_header = true;
	return true;
}

static bool set_read_sender(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->read_sender = true;
	return true;
}

static bool set_sender(struct options *o, const char *value, struct err *e)
{
	(void)e;
	o->sender = strcmp(value, "<>") == 0 ? "" : value;
	return true;
}

#define SERVER_INSTEAD "--check shows what the server of the configuration offers (in msmtp: -S)"

static bool set_server(struct options *o, const char *value, struct err *e)
{
	o->server = value;
	if (value[0] != '-')
		return true;
	fail_usage(e, "-S needs a server: HOST or HOST:PORT");
	return err_hint(e, SERVER_INSTEAD);
}

static bool set_service(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->service = true;
	return true;
}

static bool set_verbose(struct options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->verbose++;
	return true;
}

/* -odi, -odb, -odq; -odd is -odq without name servers. */
static enum delivery_mode delivery_of(char c)
{
	return c == 'i' ? DELIVERY_NOW : c == 'b' ? DELIVERY_BACKGROUND : c == 'q' || c == 'd' ? DELIVERY_QUEUE
	       : DELIVERY_CONFIGURED;
}

/* sendmail's old one-letter settings.  Of all of them only -oi, -ov and -od ask for something that we have. */
static bool set_letter(struct options *o, const char *value, struct err *e)
{
	bool on = value[0] == '\0' || value[1] == '\0' || strchr("tTyY1", value[1]) != NULL;

	(void)e;
	if (value[0] == 'i')
		o->ignore_dots = on;
	else if (value[0] == 'v')
		o->verbose += on;
	else if (value[0] == 'd')
		o->delivery = delivery_of(value[1]);
	return true;
}

/* Of sendmail's long settings those that are Postfix's (3.11) in truth; its names have no case. */
static const struct {
	const char *name, *key;
} long_settings[] = {
	{ "requiretls", "require_tls" },
	{ "smtputf8", "smtputf8" },
};

static bool set_word(struct options *o, const char *value, struct err *e)
{
	size_t len = strcspn(value, "=");
	const char *said = value + len + (value[len] == '=');

	(void)e;
	said = str_same(said, "yes") ? "on" : str_same(said, "no") ? "off" : said;
	for (size_t i = 0; i < COUNT(long_settings); i++)
		if (str_same_n(value, len, long_settings[i].name))
			return opts_add_setting(o, long_settings[i].key, said);
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
	  .instead = "run it for each message, and -q by a timer if the key queue is on" },
	{ .letter = 'D', .refused = "postern is no daemon (-bD)",
	  .instead = "run it for each message, and -q by a timer if the key queue is on" },
	{ .letter = 'h', .refused = "there is no host status to show (-bh)",
	  .instead = "postern keeps no status of hosts between two runs" },
	{ .letter = 'H', .refused = "there is no host status to purge (-bH)",
	  .instead = "postern keeps no status of hosts between two runs" },
	{ .letter = 'i', .mode = MODE_ALIASES },
	{ .letter = 'm', .mode = MODE_SUBMIT },
	{ .letter = 'p', .mode = MODE_QUEUE_LIST },
	{ .letter = 'P', .refused = "the queue is not counted alone (-bP)",
	  .instead = "-bp lists it, with the number of messages in the last line" },
	{ .letter = 's', .mode = MODE_DIALOGUE },
	{ .letter = 't', .refused = "there are no rewriting rules to test (-bt)",
	  .instead = "--dump-config shows the settings in force" },
	{ .letter = 'v', .mode = MODE_VERIFY },
};

static bool set_mode(struct options *o, const char *value, struct err *e)
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
	{ .heading = "Sending a message", .letter = 'f', .name = "from", .arity = ARITY_VALUE, .arg = "ADDRESS",
	  .set = set_sender,
	  .summary = "the sender; it also chooses the account" },
	{ .letter = 't', .name = "read-recipients", .set = set_read_recipients,
	  .summary = "take recipients from To, Cc and Bcc as well" },
	{ .letter = 'F', .arity = ARITY_VALUE, .arg = "NAME", .key = "from_full_name",
	  .summary = "the full name for a From field that is added" },
	{ .letter = 'i', .set = set_ignore_dots, .summary = "a line of one dot is text, also from a terminal" },

	{ .heading = "Account and configuration", .letter = 'a', .name = "account", .arity = ARITY_VALUE, .arg = "ACCOUNT",
	  .set = set_account, .summary = "use this account of the configuration" },
	{ .letter = 'C', .name = "file", .arity = ARITY_VALUE, .arg = "FILE", .set = set_config_file,
	  .summary = "read only this configuration file" },
	{ .letter = 'S', .arity = ARITY_VALUE, .arg = "HOST:PORT", .set = set_server, .instead = SERVER_INSTEAD,
	  .summary = "send to this server, without any configuration" },

	{ .heading = "Looking", .name = "check", .arity = ARITY_ATTACHED, .arg = "ADDRESS", .set = set_check,
	  .summary = "try the account step by step; send nothing" },
	{ .name = "dump-config", .mode = MODE_DUMP_CONFIG,
	  .summary = "show the settings of the account; send nothing" },
	{ .letter = 'v', .name = "verbose", .set = set_verbose, .summary = "show the session, without the password" },
	{ .name = "list-keys", .mode = MODE_LIST_KEYS, .summary = "list the keys of the configuration" },
	{ .name = "list-options", .mode = MODE_LIST_OPTIONS, .summary = "list all options" },
	{ .name = "version", .mode = MODE_VERSION, .summary = "show the version" },
	{ .name = "help", .mode = MODE_HELP, .summary = "show this help" },

	{ .heading = "More about a message", .letter = 'N', .arity = ARITY_VALUE, .arg = "WHEN", .key = "dsn_notify",
	  .summary = "when to report: never, or success,failure,delay" },
	{ .letter = 'R', .arity = ARITY_VALUE, .arg = "WHAT", .key = "dsn_return",
	  .summary = "what a report brings back: full or hdrs" },
	{ .letter = 'V', .arity = ARITY_VALUE, .arg = "ID", .set = set_envid,
	  .summary = "an identifier that reports repeat" },
	{ .letter = 'X', .arity = ARITY_VALUE, .arg = "FILE", .key = "logfile",
	  .summary = "append a line about the message to this log" },
	{ .name = "read-envelope-from", .set = set_read_sender, .summary = "without -f, take the sender from the From field" },
	{ .letter = 'r', .arity = ARITY_VALUE, .arg = "ADDRESS", .set = set_sender, .summary = "the same as -f" },
	{ .letter = 'o', .arity = ARITY_VALUE, .arg = "XVALUE", .form = "i|v|di|db|dq|XVALUE",
	  .set = set_letter, .summary = "-oi is -i, -ov is -v, -odi sends now, -odq queues" },
	{ .letter = 'O', .arity = ARITY_VALUE, .arg = "NAME=VALUE",
	  .form = "requiretls=yes|requiretls=no|smtputf8=yes|smtputf8=no|NAME=VALUE", .set = set_word,
	  .summary = "requiretls=yes, smtputf8=yes; others are ignored" },

	{ .heading = "Modes and queue", .letter = 'b', .arity = ARITY_VALUE, .arg = "MODE", .form = "m|s|v|i|p",
	  .set = set_mode, .summary = "m: send, s: SMTP, v: verify, i: aliases, p: queue" },
	{ .letter = 'I', .mode = MODE_ALIASES, .summary = "the same as -bi: check the alias file" },
	{ .letter = 'q', .arity = ARITY_ATTACHED, .arg = "INTERVAL", .set = run_queue,
	  .summary = "send what is due; -q15m: again every 15 minutes" },
	{ .name = "queue-show", .arity = ARITY_VALUE, .arg = "ID", .set = show_entry, .summary = "show a message of the queue" },
	{ .name = "queue-remove", .arity = ARITY_VALUE, .arg = "ID", .form = "ALL|ID", .set = remove_entry,
	  .summary = "remove a message from the queue, or all" },
	{ .name = "queue-hold", .arity = ARITY_VALUE, .arg = "ID", .form = "ALL|ID", .set = hold_entry,
	  .summary = "keep it from being sent" },
	{ .name = "queue-release", .arity = ARITY_VALUE, .arg = "ID", .form = "ALL|ID", .set = release_entry,
	  .summary = "let a held one be sent" },
	{ .name = "queue-retry", .arity = ARITY_VALUE, .arg = "ID", .form = "ALL|ID", .set = retry_entry,
	  .summary = "let the next -q try it, although it is not due" },
	{ .name = "service", .set = set_service,
	  .summary = "with -bs: serve the user at a unix socket" },
	{ .name = "etrn", .arity = ARITY_VALUE, .arg = "NODE", .set = set_etrn,
	  .summary = "ask the server for the mail it holds for NODE" },

	{ .heading = "Other names", .letter = 'P', .name = "pretend", .mode = MODE_DUMP_CONFIG,
	  .summary = "msmtp's name for --dump-config" },
	{ .name = "rmqs", .arity = ARITY_VALUE, .arg = "NODE", .set = set_etrn, .summary = "msmtp's name for --etrn" },
	{ .name = "serverinfo", .set = set_check, .summary = "msmtp's name for --check" },
	{ .letter = 'd', .name = "debug", .arity = ARITY_ATTACHED, .arg = "LEVEL", .set = set_debug,
	  .summary = "the same as -v; with a level it is ignored" },

	/* accepted and ignored */
	{ .letter = 'A', .arity = ARITY_VALUE, .arg = "c|m", .ignored = "there is one configuration" },
	{ .letter = 'B', .arity = ARITY_VALUE, .arg = "TYPE", .set = check_body, .ignored = "postern looks at the body itself" },
	{ .letter = 'G', .ignored = "relayed mail is treated like any other" },
	{ .letter = 'L', .arity = ARITY_VALUE, .arg = "TAG", .ignored = "the name in the log is postern" },
	{ .letter = 'M', .arity = ARITY_VALUE, .arg = "X=VALUE", .ignored = "there are no macros" },
	{ .letter = 'Q', .arity = ARITY_ATTACHED, .arg = "REASON", .ignored = "there is no quarantine" },
	{ .letter = 'T', .ignored = "obsolete in sendmail" },
	{ .letter = 'U', .ignored = "SMTPUTF8 is used when it is needed" },
	{ .letter = 'c', .ignored = "obsolete in sendmail" },
	{ .letter = 'e', .arity = ARITY_VALUE, .arg = "MODE", .ignored = "errors go to standard error and the exit status" },
	{ .letter = 'h', .arity = ARITY_VALUE, .arg = "N", .set = check_hops, .ignored = "the server counts hops" },
	{ .letter = 'm', .ignored = "the sender is never taken out of the recipients" },
	{ .letter = 'n', .ignored = "aliases are always followed" },
	{ .letter = 'p', .arity = ARITY_VALUE, .arg = "PROTOCOL", .ignored = "no Received field is added" },
	{ .letter = 's', .ignored = "obsolete in sendmail" },
	{ .letter = 'x', .ignored = "an option of AIX without effect" },

	/* not available */
	{ .name = "configure", .arity = ARITY_VALUE, .arg = "ADDRESS",
	  .refused = "writing a configuration (--configure) is not available yet",
	  .instead = "three lines are enough: host, user, password_command" },
};

const struct option *opts_row(size_t i)
{
	return i < COUNT(options) ? &options[i] : NULL;
}
