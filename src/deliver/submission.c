#include "deliver/submission.h"

void submission_begin(struct submission *x)
{
	*x = (struct submission){ .m = { .fd = -1 }, .began = clock_ms() };
}

void submission_free(struct submission *x)
{
	rendition_free(&x->r);
	if (x->began != 0)
		message_free(&x->m);
	envelope_free(&x->v);
	*x = (struct submission){ .began = 0 };
}
