#include "modes/newaliases.h"

#include <stdio.h>

#include "modes/mode.h"

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

static bool look(struct work *w, struct err *e)
{
	struct sender *who = &w->who;

	if (!sender_load(who, e))
		return false;
	if (who->conf.no_file && w->o->n_settings == 0) {
		printf("there is no configuration, and so no alias file%s%s\n", who->conf.note != NULL ? "; " : "",
		       who->conf.note != NULL ? who->conf.note : "");
		return true;
	}
	if (!sender_set(who, w->o->sender, ORIGIN_OPTION, &w->x, e))
		return false;
	if (who->a->message.aliases == NULL)
		puts("no alias file is configured (`aliases`)");
	else
		check(&who->expander);
	return true;
}

int newaliases(const struct options *o)
{
	return mode_run(o, false, look, NULL);
}
