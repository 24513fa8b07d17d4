#include "oauth2/wrap.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/proc.h"

enum { WRAP_TRY_MAX = 64 * 1024 /* bytes of a short text, encrypted */ };

static bool parse_line(struct wrap *w, const char *line, struct err *e)
{
	static const char *const names[] = { "store_command", "load_command" };
	size_t word = strcspn(line, " \t");

	if (line[strspn(line, " \t")] == '\0' || line[0] == '#')
		return true;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct strlist *argv = i == 0 ? &w->store : &w->load;

		if (!str_same_n(line, word, names[i]))
			continue;
		return (argv->n == 0 || fail(e, ST_CONFIG, FATE_PERM, "store.conf has two lines with %s", names[i]))
		    && proc_split(line + word, argv, e);
	}
	return fail(e, ST_CONFIG, FATE_PERM,
		    "store.conf has a line that begins neither with store_command nor with load_command");
}

bool wrap_parse(struct wrap *w, const char *text, size_t len, struct err *e)
{
	bool ok = memchr(text, '\0', len) == NULL || fail(e, ST_CONFIG, FATE_PERM, "store.conf has a NUL in it");

	for (size_t at = 0; ok && at < len;) {
		size_t n = strcspn(text + at, "\n");
		char *line = strndup(text + at, n);

		ok = line != NULL ? parse_line(w, line, e) : fail_memory(e);
		free(line);
		at += n + 1;
	}
	if (ok && (w->store.n == 0) != (w->load.n == 0))
		return fail(e, ST_CONFIG, FATE_PERM, "store.conf has only one of store_command and load_command");
	return ok;
}

static bool run(const struct strlist *command, const char *what, const struct proc_extra *x, struct buf *to, struct err *e)
{
	char **argv = calloc(command->n + 1, sizeof *argv);
	bool ok;

	if (argv == NULL)
		return fail_memory(e);
	for (size_t i = 0; i < command->n; i++)
		argv[i] = command->items[i];
	ok = proc_run(argv, what, ST_SECRET, clock_in_s(WRAP_S), x, to, e);
	free(argv);
	return ok;
}

bool wrap_store(const struct wrap *w, const struct buf *plain, struct buf *to, struct err *e)
{
	if (w->store.n == 0)
		return buf_add(to, plain->bytes, plain->len, e);
	/* Ctrl-C must not end it: the provider may have replaced the refresh token already. */
	if (!run(&w->store, "store_command", &(struct proc_extra){ .input = plain, .alone = true }, to, e))
		return false;
	return to->len > 0 || fail(e, ST_SECRET, FATE_TEMP, "store_command wrote nothing");
}

bool wrap_load(const struct wrap *w, const struct buf *stored, struct buf *to, struct err *e)
{
	if (w->load.n == 0 || (stored->len > 0 && stored->bytes[0] == '{'))
		return buf_add(to, stored->bytes, stored->len, e);
	return run(&w->load, "load_command", &(struct proc_extra){ .input = stored }, to, e);
}

bool wrap_try(const struct wrap *w, struct err *e)
{
	static char text[] = "{ \"try\": true }\n";
	const struct buf plain = { .bytes = text, .len = sizeof text - 1 };
	struct buf stored = buf_max(ST_SECRET, WRAP_TRY_MAX, "what store_command wrote");
	struct buf back = buf_max(ST_SECRET, WRAP_TRY_MAX, "what load_command wrote");
	bool ok = w->store.n == 0 || (wrap_store(w, &plain, &stored, e) && wrap_load(w, &stored, &back, e));

	if (ok && w->store.n > 0 && (back.len != plain.len || memcmp(buf_text(&back), text, plain.len) != 0)) {
		fail(e, ST_CONFIG, FATE_PERM, "load_command does not give back what store_command was given");
		ok = err_hint(e, "echo text | STORE_COMMAND | LOAD_COMMAND must show it, with the programs of store.conf");
	}
	buf_free(&stored);
	buf_free(&back);
	return ok;
}

void wrap_free(struct wrap *w)
{
	strlist_free(&w->store);
	strlist_free(&w->load);
}
