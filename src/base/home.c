#include "base/home.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

const char *home_dir(void)
{
	const char *home = secure_getenv("HOME");
	const struct passwd *pw;

	if (home != NULL && home[0] == '/')
		return home;
	pw = getpwuid(getuid());
	return pw != NULL && pw->pw_dir != NULL && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
}

char *home_expand(const char *path, struct err *e)
{
	const char *home;
	char *whole = NULL;

	if (path[0] != '~' || (path[1] != '\0' && path[1] != '/'))
		return str_dup(path, e);
	home = home_dir();
	if (home == NULL)
		fail(e, ST_CONFIG, FATE_PERM, "there is no home directory for %s", path);
	else if (asprintf(&whole, "%s%s", home, path + 1) < 0) {
		whole = NULL;
		fail_memory(e);
	}
	return whole;
}
