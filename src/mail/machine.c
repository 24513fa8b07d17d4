#include "mail/machine.h"

#include "base/str.h"

bool machine_named(const struct machine *m, const char *domain)
{
	return str_same(domain, "localhost") || (m->host[0] != '\0' && str_same(domain, m->host))
	    || (m->fqdn[0] != '\0' && str_same(domain, m->fqdn));
}

bool machine_is_local(const struct machine *m, const char *domain)
{
	return (m->domain != NULL && str_same(domain, m->domain)) || machine_named(m, domain);
}
