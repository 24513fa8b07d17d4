#include "command/newaliases.h"

#include <stdio.h>

#include "base/file.h"
#include "command/report.h"
#include "command/submission.h"

/* Can what an entry includes be read? */
static bool check_list(const char *path, char *to, size_t room)
{
	struct buf text = buf_max(ALIASES_BYTES_MAX, path);
	struct aliases list = { 0 };
	struct err e = { 0 };
	bool ok = file_read_regular(path, ST_CONFIG, &text, &e)
	       && aliases_parse_list(&list, path, buf_text(&text), text.len, &e);

	if (!ok)
		snprintf(to, room, "includes %.100s: %s", path, e.say);
	aliases_free(&list);
	buf_free(&text);
	return ok;
}

static void check_entry(const struct aliases *a, const struct alias *of, const struct alias_entry *n)
{
	char why[600];
	bool bad = n->kind == ALIAS_INCLUDE ? !check_list(n->text, why, sizeof why) : local_complaint(n, why, sizeof why);

	if (bad)
		log_warn("%s:%u: the alias %s %s", a->file, n->line, of->name, why);
}

static void check(const struct aliases *a)
{
	size_t longest = 0, total = 0;

	for (size_t i = 0; i < a->n; i++) {
		size_t size = 0;

		for (size_t j = 0; j < a->names[i].n; j++) {
			const struct alias_entry *n = &a->entries[a->names[i].first + j];

			check_entry(a, &a->names[i], n);
			size += strlen(n->text);
		}
		longest = size > longest ? size : longest;
		total += size + strlen(a->names[i].name);
	}
	printf("%s: %zu aliases, longest %zu bytes, %zu bytes total\n", a->file, a->n, longest, total);
}

static bool look(struct submission *x, struct err *e)
{
	if (!submission_load(x, e))
		return false;
	if (x->conf.no_file && x->o->n_settings == 0) {
		puts("there is no configuration, and so no alias file");
		return true;
	}
	if (!submission_sender(x, x->o->sender, e))
		return false;
	if (x->a->message.aliases == NULL) {
		puts("no alias file is configured (`aliases`)");
		return true;
	}
	check(&x->local.aliases);
	return true;
}

int newaliases(const struct options *o)
{
	struct err e = { 0 };
	struct submission *x = submission_begin(o, &e);
	bool ok;

	if (x == NULL)
		return err_exit_status(&e);
	ok = look(x, &e);
	if (ok && (fflush(stdout) != 0 || ferror(stdout)))
		ok = fail(&e, ST_INTERNAL, FATE_TEMP, "cannot write to standard output");
	if (!ok)
		report_error(&e, NULL);
	submission_free(x);
	return ok ? 0 : err_exit_status(&e);
}
