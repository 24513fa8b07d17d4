/*
 * browser.h - opens a URL in a browser: by $BROWSER, in Windows (WSL), or on the desktop.
 *
 * The program is started without a shell, in a session of its own and with /dev/null, so that none can take our terminal
 * (xdg-open would start w3m there).  Nobody waits for it.  Without a display and without $BROWSER nothing is started.
 */
#ifndef OAUTH2_BROWSER_H
#define OAUTH2_BROWSER_H

#include "base/err.h"

bool browser_is_there(void); /* is there anything to start? */

/* True: a program was started.  Whether a person sees the page is not known, so that the URL is always shown, too. */
bool browser_open(const char *url);

/* One word list of $BROWSER: `%s` in a word becomes the URL, `%%` a `%`; without `%s` the URL is the last word.  A last `&` is
 * left out. */
struct strlist;
bool browser_words(const char *command, const char *url, struct strlist *argv, struct err *e) MUST_CHECK;

#endif
