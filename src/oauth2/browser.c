#include "oauth2/browser.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static bool put_word(const char *word, const char *url, bool *has_url, struct buf *to, struct err *e)
{
	bool ok = true;

	for (const char *p = word; ok && *p != '\0'; p++) {
		if (*p != '%' || (p[1] != 's' && p[1] != '%')) {
			ok = buf_char(to, *p, e);
		} else if (*++p == '%') {
			ok = buf_char(to, '%', e);
		} else {
			*has_url = true;
			ok = buf_str(to, url, e);
		}
	}
	return ok;
}

bool browser_words(const char *command, const char *url, struct strlist *argv, struct err *e)
{
	struct strlist words = { 0 };
	struct buf word = buf_max(ST_CONFIG, strlen(command) + 2 * strlen(url) + 1, "$BROWSER");
	bool ok = proc_split(command, &words, e), has_url = false;

	for (size_t i = 0; ok && i < words.n; i++) {
		if (i > 0 && i + 1 == words.n && strcmp(words.items[i], "&") == 0)
			continue;
		buf_clear(&word);
		ok = put_word(words.items[i], url, &has_url, &word, e) && strlist_add(argv, buf_text(&word), e);
	}
	if (ok && !has_url)
		ok = strlist_add(argv, url, e);
	buf_wipe(&word);
	strlist_free(&words);
	return ok;
}

/* ---- what there is ------------------------------------------------------------------------------------------------------ */

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0';
}

/* Linux within Windows: its kernel says so. */
static bool in_windows(void)
{
	struct buf version = buf_max(ST_CONFIG, 4096, "/proc/version");
	struct err unheard;
	bool yes = is_set("WSL_DISTRO_NAME");

	if (!yes && file_read("/proc/version", ST_CONFIG, &version, NULL, &unheard))
		yes = strstr(buf_text(&version), "microsoft") != NULL || strstr(buf_text(&version), "Microsoft") != NULL;
	buf_free(&version);
	return yes;
}

static bool on_desktop(void)
{
	return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

bool browser_is_there(void)
{
	return is_set("BROWSER") || on_desktop() || in_windows();
}

static bool start(const char *command, const char *url)
{
	struct strlist argv = { 0 };
	struct err unheard;
	bool ok = browser_words(command, url, &argv, &unheard) && proc_detach(&argv, "a browser", &unheard);

	strlist_free(&argv);
	return ok;
}

/* $BROWSER: commands with a colon between, the first that can be started. */
static bool start_chosen(const char *list, const char *url)
{
	char *copy = strdup(list), *next = copy, *one;
	bool ok = false;

	while (!ok && (one = strsep(&next, ":")) != NULL)
		ok = start(one, url);
	free(copy);
	return ok;
}

/* The URL may be a provider's, and what is started may be a script or `sh -c`.  In a URL, all these can be written as octets. */
static bool put_safe(const char *url, struct buf *to)
{
	struct err unheard;
	bool ok = true;

	for (const char *p = url; ok && *p != '\0'; p++)
		ok = strchr("$'();!*", *p) != NULL ? buf_printf(to, &unheard, "%%%02X", (unsigned char)*p)
						   : buf_char(to, *p, &unheard);
	return ok;
}

static bool open_safe(const char *url)
{
	const char *chosen = getenv("BROWSER");

	if (chosen != NULL && start_chosen(chosen, url))
		return true;
	if (in_windows() && start("wslview", url))
		return true;
	return on_desktop() && (start("xdg-open", url) || start("sensible-browser", url));
}

bool browser_open(const char *url)
{
	struct buf safe = buf_max(ST_CONFIG, 3 * strlen(url), "a URL");
	bool ok = put_safe(url, &safe) && open_safe(buf_text(&safe));

	buf_wipe(&safe);
	return ok;
}
