#include "mail/envelope.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/printable.h"
#include "mail/address.h"

bool envelope_set_sender(struct envelope *v, const char *address, struct err *e)
{
	char *copy = str_dup(address, e);

	if (copy == NULL)
		return false;
	free(v->sender);
	v->sender = copy;
	return true;
}

static uint32_t hash_more(uint32_t h, const char *text)
{
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)str_lower(*text)) * 16777619U;
	return h;
}

/* FNV-1a from a start that is random, so that nobody can prepare addresses that all collide.  The hash ignores case in the whole
 * address; same_rcpt() compares exactly.  It includes `why`, since one address may be refused for very many reasons. */
static uint32_t hash(const struct envelope *v, const char *address, const char *why)
{
	uint32_t h = hash_more(2166136261U ^ v->seed, address);

	h = why == NULL ? h : hash_more(h, why);
	return h ^ h >> 15;
}

/* A recipient that we refuse differs from one with the same address that may be sent to. */
static bool same_rcpt(const struct rcpt *r, const char *address, const char *why)
{
	if (r->apart != (why != NULL) || !address_same(r->address, address))
		return false;
	return why == NULL || strcmp(r->why, why) == 0;
}

/* The slot of the recipient, or the empty slot in which it belongs; slots hold the index plus 1. */
static uint32_t *find(const struct envelope *v, const char *address, const char *why)
{
	size_t i = hash(v, address, why) & (v->n_slots - 1);

	while (v->slots[i] != 0 && !same_rcpt(&v->rcpts[v->slots[i] - 1], address, why))
		i = (i + 1) & (v->n_slots - 1);
	return &v->slots[i];
}

/* Fills the empty hash again. */
static void index_all(struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		*find(v, v->rcpts[i].address, v->rcpts[i].apart ? v->rcpts[i].why : NULL) = (uint32_t)i + 1;
}

/* Room for one recipient more, in the array and in the hash, which is never more than half full. */
static bool grow(struct envelope *v, struct err *e)
{
	struct rcpt *rcpts = array_grow(v->rcpts, v->n, sizeof *rcpts, e);
	size_t n_slots = v->n_slots == 0 ? 16 : v->n_slots * 2;
	uint32_t *slots;

	if (rcpts == NULL)
		return false;
	v->rcpts = rcpts;
	if (v->n < v->n_slots / 2)
		return true;
	if ((slots = calloc(n_slots, sizeof *slots)) == NULL)
		return fail_memory(e);
	free(v->slots);
	v->slots = slots;
	v->n_slots = n_slots;
	index_all(v);
	return true;
}

/* The noted recipients are a linked list, so that a dialogue with many RCPTs takes linear time. */
static void note(struct envelope *v, uint32_t slot)
{
	struct rcpt *r = &v->rcpts[slot - 1];

	if (r->turn == v->turn)
		return;
	r->turn = v->turn;
	r->next = 0;
	if (v->last == 0)
		v->first = slot;
	else
		v->rcpts[v->last - 1].next = slot;
	v->last = slot;
}

void envelope_name(struct envelope *v)
{
	v->turn++;
	v->first = v->last = 0;
}

struct rcpt *envelope_named(const struct envelope *v, const struct rcpt *after)
{
	uint32_t slot = after == NULL ? v->first : after->next;

	return slot == 0 ? NULL : &v->rcpts[slot - 1];
}

static void rcpt_free(struct rcpt *r)
{
	free(r->address);
	free(r->said);
	free(r->orcpt);
	free(r->original);
	free(r->why);
}

static bool make(struct rcpt *r, const char *address, const char *original, const char *why, struct err *e)
{
	if ((r->address = str_dup(address, e)) != NULL
	    && (original == NULL || (r->original = str_dup(original, e)) != NULL)
	    && (why == NULL || (r->why = str_dup(why, e)) != NULL))
		return true;
	rcpt_free(r);
	return false;
}

/* *added: the new recipient, or NULL if the envelope has it already. */
static bool put(struct envelope *v, const char *address, const char *original, const char *why, struct rcpt **added,
		struct err *e)
{
	struct rcpt made = { 0 };
	uint32_t *slot;

	*added = NULL;
	if (!grow(v, e))
		return false;
	slot = find(v, address, why);
	if (*slot != 0) {
		note(v, *slot);
		return true;
	}
	if (v->n == ENVELOPE_RCPTS_MAX)
		return fail(e, ST_INPUT, FATE_PERM, "there are more than %d recipients", ENVELOPE_RCPTS_MAX);
	if (!make(&made, address, original, why, e))
		return false;
	*added = &v->rcpts[v->n++];
	**added = made;
	*slot = (uint32_t)v->n;
	note(v, *slot);
	return true;
}

bool envelope_add_for(struct envelope *v, const char *address, const char *original, struct err *e)
{
	const struct rcpt *before;
	struct rcpt *added;

	if (!put(v, address, address_same(address, original) ? NULL : original, NULL, &added, e))
		return false;
	if (added == NULL)
		return true;
	before = v->latest > 0 ? &v->rcpts[v->latest - 1] : NULL;
	added->copy = before != NULL && address_same(before->original != NULL ? before->original : before->address, original);
	v->latest = v->n;
	return true;
}

/* *added as in put(). */
static bool put_barred(struct envelope *v, const char *address, enum stage stage, enum fate fate, struct esc esc, const char *why,
		       struct rcpt **added, struct err *e)
{
	if (!put(v, address, NULL, why, added, e))
		return false;
	if (*added == NULL)
		return true;
	(*added)->state = RCPT_BARRED;
	(*added)->stage = stage;
	(*added)->fate = fate;
	(*added)->esc = esc;
	(*added)->apart = true;
	return true;
}

bool envelope_refuse(struct envelope *v, const char *address, enum fate fate, const char *why, const char *said,
		     struct err *e)
{
	struct esc esc = fate == FATE_TEMP ? (struct esc){ 4, 3, 5 } : (struct esc){ 5, 1, 1 };
	struct rcpt *r;

	if (!put_barred(v, address, ST_RCPT, fate, esc, why, &r, e))
		return false;
	if (r != NULL && said != NULL)
		(void)rcpt_say(r, said, strlen(said)); /* if there is no memory, the words are lost and the code stays */
	return true;
}

bool envelope_unread(struct envelope *v, const char *shown, const char *why, struct err *e)
{
	struct rcpt *r;

	if (!put_barred(v, shown, ST_INPUT, FATE_PERM, (struct esc){ 5, 1, 3 }, why, &r, e))
		return false;
	if (r != NULL)
		r->unread = true;
	return true;
}

bool rcpt_bar(struct rcpt *r, enum stage stage, enum fate fate, struct esc esc, const char *why, struct err *e)
{
	char *copy = str_dup(why, e);

	if (copy == NULL)
		return false;
	free(r->why);
	r->why = copy;
	r->state = RCPT_BARRED;
	r->stage = stage;
	r->fate = fate;
	r->esc = esc;
	r->code = 0;
	return true;
}

size_t envelope_count(const struct envelope *v, enum rcpt_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += v->rcpts[i].state == state;
	return n;
}

bool rcpt_say(struct rcpt *r, const char *words, size_t len)
{
	free(r->said);
	r->said = malloc(RCPT_SAID);
	if (r->said != NULL)
		printable(r->said, RCPT_SAID, words, len, true);
	return r->said != NULL;
}

void envelope_cut(struct envelope *v, size_t n)
{
	envelope_name(v);
	if (v->n == n)
		return;
	while (v->n > n)
		rcpt_free(&v->rcpts[--v->n]);
	v->latest = 0;
	if (v->slots != NULL) {
		memset(v->slots, 0, v->n_slots * sizeof *v->slots);
		index_all(v);
	}
}

void envelope_free(struct envelope *v)
{
	for (size_t i = 0; i < v->n; i++)
		rcpt_free(&v->rcpts[i]);
	free(v->rcpts);
	free(v->slots);
	free(v->sender);
	free(v->envid);
	*v = (struct envelope){ 0 };
}
