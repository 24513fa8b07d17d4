/*
 * advice.h - what a user can do when a provider of OAuth2 refuses: a table from the provider's words to a hint.
 *
 * Both programs use it: postern-oauth2 has the words from the provider, and postern from postern-oauth2.  What mail servers
 * answer is in deliver/hints.
 */
#ifndef SECRET_ADVICE_H
#define SECRET_ADVICE_H

#include "base/err.h"

/* Gives the error the hint of the first row whose words are in its sentence or quote, unless it has a hint.  `login` is the name
 * of the login; NULL: it is not known.  False: no row matches. */
bool advice_add(struct err *e, const char *login);

#endif
