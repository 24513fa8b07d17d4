#include "modes/newaliases.h"

#include <stdio.h>

#include "deliver/report.h"
#include "deliver/submission.h"

static void check_entry(const struct expander *x, const struct alias *of, const struct alias_entry *n)
{
	char text[1200];
	const char *why = expand_complaint(n);

	if (n->kind == ALIAS_INCLUDE && !expand_check_list(x, n, text, sizeof text))
		why = text;
	if (why != NULL)
		log_warn("%s:%u: the alias %s %s", x->aliases.file, n->line, of->name, why);
}

static void check(const struct expander *x)
{
	const struct aliases *a = &x->aliases;
	size_t longest = 0, total = 0;

	for (size_t i = 0; i < a->n; i++) {
		size_t size = 0;

		for (size_t j = 0; j < a->names[i].n; j++) {
			const struct alias_entry *n = &a->entries[a->names[i].first + j];

			check_entry(x, &a->names[i], n);
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
		printf("there is no configuration, and so no alias file%s%s\n", x->conf.note != NULL ? "; " : "",
		       x->conf.note != NULL ? x->conf.note : "");
		return true;
	}
	if (!submission_sender(x, x->o->sender, e))
		return false;
	if (x->a->message.aliases == NULL) {
		puts("no alias file is configured (`aliases`)");
		return true;
	}
	check(&x->expander);
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
