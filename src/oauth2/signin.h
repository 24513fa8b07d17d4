/*
 * signin.h - `login`: finds the provider's endpoints and a client, chooses the flow, and has a person log in.
 *
 * Nothing is stored before the login has succeeded; Ctrl-C leaves no file.  What the person must see goes to standard error, so
 * that standard output stays empty.  Owns the order of the steps; the flows are oauth2/device, oauth2/browser (with
 * oauth2/loopback and oauth2/paste), and client credentials.
 */
#ifndef OAUTH2_SIGNIN_H
#define OAUTH2_SIGNIN_H

#include "oauth2/cli.h"

bool signin(const struct cli *c, struct err *e) MUST_CHECK;

#endif
