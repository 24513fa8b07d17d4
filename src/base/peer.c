#include "base/peer.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>

static bool has(int fd, int option, int value)
{
	int is;
	socklen_t len = sizeof is;

	return getsockopt(fd, SOL_SOCKET, option, &is, &len) == 0 && is == value;
}

bool peer_uid(int fd, uid_t *uid)
{
	struct ucred of;
	socklen_t len = sizeof of;

	if (!has(fd, SO_DOMAIN, AF_UNIX) || !has(fd, SO_TYPE, SOCK_STREAM) || !has(fd, SO_ACCEPTCONN, 0))
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &of, &len) != 0 || len != sizeof of || of.uid == (uid_t)-1)
		return false;
	*uid = of.uid;
	return true;
}

void peer_name(struct peer *p, uid_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	p->uid = uid;
	snprintf(p->login, sizeof p->login, "%s", pw == NULL || strlen(pw->pw_name) >= sizeof p->login ? "" : pw->pw_name);
}
