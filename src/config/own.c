#include "config/own.h"

#include "mail/mailbox.h"

/* Login names of relays that have the form of an address; mail to them is lost, and as senders they are refused. */
static const char *const no_mailboxes[] = {
	"*@smtp-brevo.com",     /* Brevo */
	"MS_*@*",               /* MailerSend */
	"ocid1.user.*@ocid1.*", /* Oracle Cloud */
	"smtp@mailtrap.io",     /* Mailtrap */
};

const char *own_from(const struct account *a)
{
	for (size_t i = 0; i < a->from.n; i++)
		if (strpbrk(a->from.items[i], "*?") == NULL)
			return a->from.items[i];
	return NULL;
}

static bool is_mailbox(const char *address)
{
	const char *domain = address_domain(address);

	for (size_t i = 0; i < COUNT(no_mailboxes); i++)
		if (str_glob(no_mailboxes[i], address))
			return false;
	return domain != NULL && strchr(domain, '.') != NULL;
}

const char *own_login(const struct account *a)
{
	const char *user = a->auth.wanted ? a->auth.user : NULL;
	struct mailbox box;
	struct err none;

	if (user == NULL || strpbrk(user, "*?") != NULL || !mailbox_one(user, strlen(user), false, &box, &none))
		return NULL;
	return strcmp(box.addr, user) == 0 && is_mailbox(user) ? user : NULL;
}

bool own_from_fits(const struct account *a, const char *sender)
{
	for (size_t i = 0; i < a->from.n; i++)
		if (address_matches(sender, a->from.items[i]))
			return true;
	return false;
}

bool own_login_fits(const struct account *a, const char *sender)
{
	const char *login = a->from.n == 0 ? own_login(a) : NULL;

	return login != NULL && address_matches(sender, login);
}
