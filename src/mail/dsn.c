#include "mail/dsn.h"

#include "base/str.h"

static const struct {
	const char *word, *capitals;
	unsigned    bit;
} notices[] = {
	{ "never", "NEVER", NOTIFY_NEVER },
	{ "success", "SUCCESS", NOTIFY_SUCCESS },
	{ "failure", "FAILURE", NOTIFY_FAILURE },
	{ "delay", "DELAY", NOTIFY_DELAY },
};

static unsigned bit_of(const char *p, size_t len)
{
	for (size_t i = 0; i < COUNT(notices); i++)
		if (str_same_n(p, len, notices[i].word))
			return notices[i].bit;
	return 0;
}

bool dsn_parse_notify(const char *text, unsigned *notify)
{
	unsigned set = 0;

	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		unsigned bit = bit_of(p, len);

		if (bit == 0 || (set & bit) != 0)
			return false;
		set |= bit;
		p += len;
		if (*p == '\0')
			break;
	}
	if ((set & NOTIFY_NEVER) != 0 && set != NOTIFY_NEVER)
		return false;
	*notify = set;
	return true;
}

bool dsn_put_notify(struct buf *to, unsigned notify, bool capitals, struct err *e)
{
	bool first = true;

	for (size_t i = 0; i < COUNT(notices); i++) {
		if ((notify & notices[i].bit) == 0)
			continue;
		if (!buf_str(to, first ? "" : ",", e) || !buf_str(to, capitals ? notices[i].capitals : notices[i].word, e))
			return false;
		first = false;
	}
	return true;
}
