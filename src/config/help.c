#include "config/help.h"

#include "config/opts.h"

enum { COLUMN = 30 }; /* where the summaries begin; 79 is where they end (tests/docs.bats) */

static const char *arg_of(const struct option *p)
{
	return p->arg != NULL ? p->arg : "";
}

static void put_long(const struct option *p, char *to, size_t room)
{
	char letter[] = { '-', p->letter, ',', '\0' };

	snprintf(to, room, "%-3s --%s%s%s%s", p->letter != '\0' ? letter : "", p->name,
		 p->arity == ARITY_ATTACHED ? "[=" : p->arity == ARITY_VALUE ? "=" : "", arg_of(p),
		 p->arity == ARITY_ATTACHED ? "]" : "");
}

static void show_option(const struct option *p, FILE *to)
{
	char names[80];

	if (p->heading != NULL)
		fprintf(to, "\n%s:\n", p->heading);
	if (p->name != NULL)
		put_long(p, names, sizeof names);
	else
		snprintf(names, sizeof names, p->arity == ARITY_ATTACHED ? "-%c[%s]" : "-%c %s", p->letter, arg_of(p));
	fprintf(to, "  %-*s %s\n", COLUMN - 3, names, p->summary);
}

static void show_ignored(FILE *to)
{
	const struct option *p;

	fputs("\nAccepted and ignored:", to);
	for (size_t i = 0; (p = opts_row(i)) != NULL; i++)
		if (p->ignored != NULL)
			fprintf(to, " -%c", p->letter);
	fputc('\n', to);
}

void help_show(FILE *to)
{
	const struct option *p;

	fputs("Usage: postern [OPTION...] [--] RECIPIENT... < message\n"
	      "  or:  postern [OPTION...] -t [--] [RECIPIENT...] < message\n"
	      "Hands the message on standard input to a mail server.\n"
	      "Every key of postern.conf(5) is an option, too: --host=NAME.\n", to);
	for (size_t i = 0; (p = opts_row(i)) != NULL; i++)
		if (p->summary != NULL)
			show_option(p, to);
	show_ignored(to);
	fputs("\nOptions may follow recipients.  After -- there are only recipients.\n"
	      "The exit status says what became of the message: see postern(1).\n", to);
}
