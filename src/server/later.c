#include "server/later.h"

#include <stdio.h>

bool later_may(const struct sender *who, const struct err *why)
{
	const char *why_not;

	return !err_is_final(why) && keep_allowed(who, &why_not);
}

void later_begin(struct job *j, const struct err *why)
{
	j->away = j->keeps = true;
	j->why = *why;
	job_reopen(j);
	j->t.refused = 0;
}

void later_answer(struct reply *to, bool mail)
{
	const char *text = mail ? "accepted, to be sent later" : "accepted for later";

	to->code = 250;
	to->esc = (struct esc){ 2, 1, mail ? 0 : 5 };
	to->lines = 1;
	to->len = strlen(text);
	memcpy(to->text, text, to->len + 1);
}

bool later_keep(struct job *j, struct sender *who, const struct err *why, struct err *e)
{
	char how[ERR_TEXT];
	size_t done = envelope_count(&j->x.v, RCPT_DONE);

	if (!keep(who, &j->x, err_text(why, how), j->kept, e))
		return false;
	snprintf(j->told, sizeof j->told, "%s%skept as %s, to be sent later", done > 0 ? j->x.delivery.said : "",
		 done > 0 ? "; for others " : "", j->kept);
	return true;
}
