/*
 * choose.h - chooses the account, and checks that it is complete.
 *
 * Changes nothing, and reads no file.
 */
#ifndef CONFIG_CHOOSE_H
#define CONFIG_CHOOSE_H

#include "config/conf.h"

enum { WHY_MAX = 400 };

/* Chooses the account by name (-a).  Without a name: by the sender ("" or NULL: none), else the one named `default`, else the
 * only one.  An account without a server or with keys that contradict each other is an error only here, since an account from
 * which others inherit need not be complete. */
bool conf_choose(const struct conf *c, const char *name, const char *sender, struct account **chosen,
		 struct err *e) MUST_CHECK;

/* Is the account complete, and do its keys agree?  conf_choose() has asked that of the one that it chose. */
bool conf_check(const struct conf *c, const struct account *a, struct err *e) MUST_CHECK;

/* Says which of these reasons chose it: "its name is default".  The arguments are those of conf_choose(). */
void conf_why(const struct conf *c, const char *name, const char *sender, const struct account *chosen, char to[WHY_MAX]);

#endif
