#include "base/identity.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

enum { HOSTS_MAX = 256 * 1024 }; /* bytes; a larger /etc/hosts is ignored */

bool identity_is_domain(const char *name)
{
	size_t label = 0;

	if (strlen(name) >= HOST_MAX)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '.' && label == 0)
			return false;
		if (!str_isalnum(*p) && *p != '-' && *p != '.')
			return false;
		label = *p == '.' ? 0 : label + 1;
	}
	return label > 0;
}

static bool read_quietly(const char *path, struct buf *to)
{
	struct err quiet;

	return file_read(path, ST_INTERNAL, to, NULL, &quiet) && to->len > 0;
}

/* One line of /etc/hosts, "address canonical alias ...": if one of its names is `host`, the first name with a dot. */
static bool line_names(char *line, const char *host, char to[HOST_MAX])
{
	const char *full = NULL;
	bool ours = false;
	char *save, *word;

	line[strcspn(line, "#")] = '\0';
	if (strtok_r(line, " \t\r", &save) == NULL)
		return false;
	while ((word = strtok_r(NULL, " \t\r", &save)) != NULL) {
		if (full == NULL && strchr(word, '.') != NULL && identity_is_domain(word))
			full = word;
		ours = ours || str_same(word, host);
	}
	if (!ours || full == NULL)
		return false;
	snprintf(to, HOST_MAX, "%s", full);
	return true;
}

static bool ask_hosts(const char *host, char to[HOST_MAX])
{
	struct buf hosts = buf_max(ST_INTERNAL, HOSTS_MAX, "/etc/hosts");
	bool found = false;

	if (read_quietly("/etc/hosts", &hosts)) {
		char *save, *line = strtok_r(hosts.bytes, "\n", &save);

		for (; line != NULL && !found; line = strtok_r(NULL, "\n", &save))
			found = line_names(line, host, to);
	}
	buf_free(&hosts);
	return found;
}

bool identity_host(char to[HOST_MAX])
{
	if (gethostname(to, HOST_MAX) != 0)
		to[0] = '\0';
	to[HOST_MAX - 1] = '\0';
	return identity_is_domain(to);
}

void identity_fqdn(char to[HOST_MAX])
{
	char host[HOST_MAX];

	to[0] = '\0';
	if (!identity_host(host))
		return;
	if (strchr(host, '.') != NULL)
		snprintf(to, HOST_MAX, "%s", host);
	else if (!ask_hosts(host, to))
		to[0] = '\0';
}

void identity_mail_domain(char to[HOST_MAX])
{
	struct buf name = buf_max(ST_INTERNAL, 4096, "/etc/mailname");

	to[0] = '\0';
	if (read_quietly("/etc/mailname", &name)) {
		const char *word = name.bytes + strspn(name.bytes, " \t\r\n");

		snprintf(to, HOST_MAX, "%.*s", (int)strcspn(word, " \t\r\n"), word);
	}
	buf_free(&name);
	if (!identity_is_domain(to))
		identity_fqdn(to);
	if (to[0] == '\0' && !identity_host(to))
		snprintf(to, HOST_MAX, "localhost");
}

void identity_login(char to[HOST_MAX])
{
	const struct passwd *pw = getpwuid(getuid());
	const char *name = pw != NULL ? pw->pw_name : secure_getenv("LOGNAME");

	if (name == NULL || name[0] == '\0')
		name = secure_getenv("USER");
	if (name == NULL || name[0] == '\0')
		snprintf(to, HOST_MAX, "uid%ld", (long)getuid());
	else
		snprintf(to, HOST_MAX, "%s", name);
}
