#include "deliver/submission.h"

const char *sender_origin_name(enum sender_origin o)
{
	static const char *const names[] = {
		[ORIGIN_NONE]   = "nowhere",
		[ORIGIN_OPTION] = "-f",
		[ORIGIN_FIELD]  = "the From field (--read-envelope-from)",
		[ORIGIN_CALLER] = "the caller's MAIL",
		[ORIGIN_FROM]   = "`from`",
		[ORIGIN_EMAIL]  = "the variable EMAIL",
		[ORIGIN_USER]   = "`user`",
		[ORIGIN_LOGIN]  = "the login name on this machine",
		[ORIGIN_MAP]    = "sender_map",
	};
	_Static_assert(COUNT(names) == ORIGIN_COUNT, "every origin has a name");

	return names[o];
}

void submission_begin(struct submission *x)
{
	*x = (struct submission){ .m = { .fd = -1 }, .began = clock_ms() };
}

void submission_free(struct submission *x)
{
	transaction_end(&x->t);
	rendition_free(&x->r);
	if (x->began != 0)
		message_free(&x->m);
	envelope_free(&x->v);
	*x = (struct submission){ .began = 0 };
}
