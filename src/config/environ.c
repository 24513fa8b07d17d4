#include "config/environ.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "config/keys.h"

#define PREFIX "POSTERN_"

enum { VALUE_MAX = 64 * 1024 };

bool environ_any(void)
{
	for (char *const *p = environ; p != NULL && *p != NULL; p++)
		if (str_starts(*p, PREFIX))
			return true;
	return false;
}

static void variable_of(const struct key *k, const char *suffix, char *to, size_t room)
{
	snprintf(to, room, PREFIX "%s%s", k->name, suffix);
	for (char *p = to; *p != '\0'; p++)
		if (str_islower(*p))
			*p = (char)(*p - 32);
}

/* Is the variable of this key that of another key's file?  POSTERN_PASSWORD_FILE is taken as the file of `password`; for
 * `password_file` it would mean the same. */
static bool is_shadowed(const struct key *k)
{
	size_t len = strlen(k->name), suffix = strlen("_file");
	const struct key *stem = NULL;

	if (len > suffix && strcmp(k->name + len - suffix, "_file") == 0)
		stem = key_find(k->name, len - suffix);
	return stem != NULL && stem->kind == KIND_SECRET;
}

/* May POSTERN_KEY_FILE name a file with the value?  Not if it is the variable of another key. */
static bool has_file_variable(const struct key *k)
{
	char name[64];
	const struct key *other;

	snprintf(name, sizeof name, "%s_file", k->name);
	other = key_find(name, strlen(name));
	return other == NULL || is_shadowed(other);
}

/* An empty variable counts as unset: containers often have such variables. */
static char *variable(const char *name)
{
	char *value = secure_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The permissions of the file are not checked: in a container such files belong to root and can be read by all. */
static bool read_value(const char *path, struct environ_value *v, struct err *e)
{
	struct err why;

	if (!file_read(path, ST_CONFIG, &v->text, NULL, &why)) {
		*e = why;
		fail(e, ST_CONFIG, why.fate, "%s: %s", v->place, why.say);
		e->sys = why.sys;
		return err_quote(e, why.quote, strlen(why.quote));
	}
	if (v->text.len > 0 && v->text.bytes[v->text.len - 1] == '\n')
		v->text.bytes[--v->text.len] = '\0';
	if (v->text.len > 0 && v->text.bytes[v->text.len - 1] == '\r')
		v->text.bytes[--v->text.len] = '\0';
	if (v->text.len == 0 || memchr(v->text.bytes, '\0', v->text.len) != NULL)
		return fail(e, ST_CONFIG, FATE_PERM, "%s: %s %s", v->place, path,
			    v->text.len == 0 ? "is empty" : "has a NUL byte in it");
	return true;
}

bool environ_get(const struct key *k, struct environ_value *v, struct err *e)
{
	char *value, *path, name[80];

	*v = (struct environ_value){ .text = buf_max(ST_CONFIG, VALUE_MAX, k->name) };
	if (is_shadowed(k))
		return true;
	variable_of(k, "_FILE", name, sizeof name);
	variable_of(k, "", v->place, sizeof v->place);
	value = variable(v->place);
	path = has_file_variable(k) ? variable(name) : NULL;
	if (value != NULL && path != NULL)
		return fail(e, ST_CONFIG, FATE_PERM, "%s and %s are both set", v->place, name);
	v->found = value != NULL || path != NULL;
	if (path != NULL) {
		memcpy(v->place, name, sizeof name);
		return read_value(path, v, e);
	}
	if (value == NULL)
		return true;
	if (!buf_str(&v->text, value, e))
		return fail(e, ST_CONFIG, FATE_PERM, "%s is too long", v->place);
	if (k->kind == KIND_SECRET) /* wiped, since /proc/PID/environ shows this memory */
		explicit_bzero(value, strlen(value));
	return true;
}

void environ_free(struct environ_value *v)
{
	buf_wipe(&v->text);
}
