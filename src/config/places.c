#include "config/places.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/home.h"

static bool join(char **path, const char *dir, const char *name, struct err *e)
{
	*path = NULL;
	if (dir == NULL || asprintf(path, "%s/%s", dir, name) >= 0)
		return true;
	*path = NULL;
	return fail_memory(e);
}

static bool in_config(char **path, const char *name, struct err *e)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME");
	char below[64];

	if (home_may_be(config))
		return join(path, config, name, e);
	snprintf(below, sizeof below, ".config/%s", name);
	return join(path, home_dir(), below, e);
}

bool places_user(char **path, struct err *e)
{
	return in_config(path, "postern/config", e);
}

bool places_msmtp_user(char **path, struct err *e)
{
	return join(path, home_dir(), ".msmtprc", e);
}

bool places_msmtp_second(char **path, struct err *e)
{
	return in_config(path, "msmtp/config", e);
}

bool places_is_msmtps(const char *path)
{
	static const char *const ends[] = { "/.msmtprc", "/msmtprc", "/msmtp/config" };
	size_t len = strlen(path);

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t n = strlen(ends[i]);

		if ((len >= n && strcmp(path + len - n, ends[i]) == 0) || strcmp(path, ends[i] + 1) == 0)
			return true;
	}
	return false;
}
