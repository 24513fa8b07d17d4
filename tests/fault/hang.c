/*
 * hang.c - to be preloaded: the resolver never answers.
 *
 *	HANG_PID=file		the process that waits for it writes its number there
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	FILE *to = getenv("HANG_PID") == NULL ? NULL : fopen(getenv("HANG_PID"), "w");

	if (to != NULL) {
		fprintf(to, "%ld\n", (long)getpid());
		fclose(to);
	}
	(void)node, (void)service, (void)hints, (void)found;
	for (;;)
		pause();
}
