#include "secret/advice.h"

#include <stdio.h>

#include "base/str.h"

#define AGAIN "postern-oauth2 login NAME"
#define POLICY "a policy of the organisation forbids this login: try " AGAIN " --browser, or ask the administrator"
#define FACTOR "a second factor is asked for: " AGAIN
#define CONSENT "the administrator has to allow this client (Entra: Enterprise applications, Permissions); then " AGAIN
#define CONSUMERS "the client is for personal accounts only: " AGAIN " --tenant consumers"
#define NEEDS_SECRET "this client has a secret: " AGAIN " --client-secret-file FILE"

/* The first row that matches counts, so the most particular come first.  NAME becomes the name of the login. */
static const struct {
	const char *words; /* a glob */
	const char *hint;
} rows[] = {
	/* Microsoft: learn.microsoft.com/entra/identity-platform/reference-error-codes */
	{ "*AADSTS50011*", "the client does not know the redirect: add http://localhost as \"Mobile and desktop application\""
	  " (Entra: App registrations, Authentication), or give the one that it has as --redirect-uri" },
	{ "*AADSTS50020*", "this account is of another organisation: give its own as --tenant (personal accounts: consumers)" },
	{ "*AADSTS50034*", "this organisation has no such account: check --user and --tenant (personal accounts: consumers)" },
	{ "*AADSTS50076*", FACTOR },
	{ "*AADSTS50078*", FACTOR },
	{ "*AADSTS50079*", FACTOR },
	{ "*AADSTS50097*", POLICY },
	{ "*AADSTS50105*", "the administrator has to assign this user to the client (Entra: Enterprise applications, Users)" },
	{ "*AADSTS50173*", "the password was changed, or all sessions were ended: " AGAIN },
	{ "*AADSTS50194*", "the client is of one organisation only: give that one's id as --tenant" },
	{ "*AADSTS5300*", POLICY },
	{ "*AADSTS65001*", CONSENT },
	{ "*AADSTS700016*", "this organisation has no such client: check --client-id and --tenant" },
	{ "*AADSTS700082*", "the login was not used for 90 days: " AGAIN },
	{ "*AADSTS700084*", "the login has lasted its time: " AGAIN },
	{ "*AADSTS7000112*", "the client was disabled: register one of your own, and give its --client-id" },
	{ "*AADSTS7000215*", "the client's secret is wrong: the file must have its value, not its id"
	  " (Entra: Certificates & secrets)" },
	{ "*AADSTS7000218*", "set \"Allow public client flows\" to Yes (Entra: App registrations, Authentication),"
	  " or, if the client has a secret, " AGAIN " --client-secret-file FILE" },
	{ "*AADSTS7000222*", "the client's secret has expired: make a new one (Entra: Certificates & secrets),"
	  " and put it into the file of --client-secret-file" },
	{ "*AADSTS70011*", "check --scope: all its words must be of one service,"
	  " https://outlook.office.com/SMTP.Send for sending" },
	{ "*AADSTS70043*", "the administrator limits how long a login lasts: " AGAIN },
	{ "*AADSTS90094*", CONSENT },
	{ "*AADSTS90095*", CONSENT },
	{ "*AADSTS9002331*", CONSUMERS },
	{ "*AADSTS9002346*", CONSUMERS },

	/* Google: developers.google.com/identity/protocols/oauth2 */
	{ "*invalid_rapt*", "the administrator lets logins end after some hours (Google Cloud session control): " AGAIN
	  ", or ask for an exemption of this client" },
	{ "*expired or revoked*", AGAIN "; if it is Google and ends after 7 days each time, the client's status is \"Testing\":"
	  " publish it (Google Cloud console, Audience)" },
	{ "*invalid device flow scope*", "Google's device flow is not for mail: " AGAIN " --browser" },
	{ "*client_secret is missing*", NEEDS_SECRET },
	{ "*admin_policy_enforced*", "the administrator has to trust this client (Google Workspace: API controls)" },
	{ "*deleted_client*", "register a client again, and give its --client-id" },
	{ "*disabled_client*", "the client was disabled: register another one, and give its --client-id" },
	{ "*org_internal*", "the client is for users of its own organisation: log in as one of them,"
	  " or register another client" },
	{ "*redirect_uri_mismatch*", "the client must be of the type \"Desktop app\","
	  " or give the redirect that it has as --redirect-uri" },

	/* any: RFC 6749 5.2 */
	{ "*invalid_client*", "check --client-id, and --client-secret-file if the client has a secret: " AGAIN },
	{ "*unauthorized_client*", "the client may not use this flow: check its registration at the provider,"
	  " or try another flow" },
	{ "*unsupported_grant_type*", "try another flow: " AGAIN " --browser, --device or --paste" },
	{ "*unsupported_response_type*", "try another flow: " AGAIN " --device" },
	{ "*invalid_scope*", "check --scope: the client must have been given it at the provider" },
	{ "*invalid_redirect_uri*", "register a client at the provider by hand, and give its --client-id" },
	{ "*invalid_client_metadata*", "register a client at the provider by hand, and give its --client-id" },
	{ "*access_denied*", "allow it in the browser: " AGAIN },
	{ "*authorization_declined*", "allow it in the browser: " AGAIN },
	{ "*expired_token*", "the code was not used in time: " AGAIN },
	{ "*invalid_grant*", AGAIN },
	{ "*_required*", AGAIN },
	{ "*no refresh token*", AGAIN },
};

/* The hint with the name in the place of NAME. */
static bool put_hint(struct err *e, const char *hint, const char *login)
{
	const char *name = login == NULL ? NULL : strstr(hint, "NAME");

	if (name == NULL)
		err_hint(e, "%s", hint);
	else
		err_hint(e, "%.*s%s%s", (int)(name - hint), hint, login, name + 4);
	return true;
}

bool advice_add(struct err *e, const char *login)
{
	char text[ERR_TEXT];

	err_text(e, text);
	for (size_t i = 0; e->hint[0] == '\0' && i < COUNT(rows); i++)
		if (str_glob(rows[i].words, text))
			return put_hint(e, rows[i].hint, login);
	return false;
}
