/*
 * main.c - postern-oauth2 logs in to providers of OAuth2 and prints access tokens: calls the function of the command.
 */
#include "base/base.h"

#include <stdio.h>

int main(void)
{
	printf("postern-oauth2 %s\n", PACKAGE_VERSION);
	return 0;
}
