/*
 * places.h - where the usual configuration files are: postern's and msmtp's.
 *
 * Opens no file.
 */
#ifndef CONFIG_PLACES_H
#define CONFIG_PLACES_H

#include "base/err.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define PLACES_SYSTEM SYSCONFDIR "/postern.conf"
#define PLACES_MSMTP_SYSTEM "/etc/msmtprc"

/* The user's file, whether it exists or not: postern/config in $XDG_CONFIG_HOME or ~/.config.  If there is no home, *path is
 * NULL.  The caller frees it. */
bool places_user(char **path, struct err *e) MUST_CHECK;

/* The user's files of msmtp's, in the same way: ~/.msmtprc, and the one that counts if that does not exist, msmtp/config. */
bool places_msmtp_user(char **path, struct err *e) MUST_CHECK;
bool places_msmtp_second(char **path, struct err *e) MUST_CHECK;

/* Is this a file of msmtp's, by its name: .msmtprc, msmtprc, or config in a directory msmtp? */
bool places_is_msmtps(const char *path);

#endif
