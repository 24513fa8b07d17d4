/* queue/entry: what is put is read again; torn and damaged text is noticed. */
#include "tap.h"

#include <stdlib.h>

#include "base/crc.h"
#include "queue/record.h"

static struct err e;

static struct buf text_buf(void)
{
	return (struct buf)buf_max(ST_SPOOL, 1024 * 1024, "a test");
}

static void must(bool good, const char *what)
{
	if (!good) {
		printf("Bail out! %s\n", what);
		exit(1);
	}
}

/* An entry with three recipients and everything that may be said of them. */
static struct entry sample(void)
{
	struct entry x = { .account = str_dup("work \\ \n\x7f home", &e), .config = str_dup("/home/me/j\303\266rg", &e), .created = 1798099200 };

	must(strlist_add(&x.settings, "dsn_notify=success,failure", &e) && strlist_add(&x.settings, "priority=", &e), "no memory");
	must(envelope_set_sender(&x.v, "\"a b\\\\\"@example.org", &e), "no memory");
	must(envelope_add_for(&x.v, "you@example.net", "you", &e) && envelope_add_for(&x.v, "j\303\266rg@example.net", "j\303\266rg@example.net", &e)
	     && envelope_add_for(&x.v, "her@example.net", "her@example.net", &e), "no memory");
	x.v.rcpts[0].orcpt = str_dup("rfc822;you+2Bx@example.net", &e);
	x.v.rcpts[1].notify = NOTIFY_NEVER;
	x.v.envid = str_dup("a+20b", &e);
	x.v.ret = RETURN_HDRS;
	return x;
}

static bool same_or_none(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void same_entry(const struct entry *got, const struct entry *want)
{
	ok(same_or_none(got->account, want->account) && same_or_none(got->config, want->config), "account and configuration");
	ok(got->created == want->created && got->since == want->created && got->due == want->created, "times");
	ok(got->report == want->report && !got->held && got->tries == 0 && got->lost == 0 && got->last[0] == '\0', "no record yet");
	ok(same_or_none(got->v.sender, want->v.sender) && same_or_none(got->v.envid, want->v.envid) && got->v.ret == want->v.ret,
	   "sender, ENVID, RET");
	ok(got->settings.n == want->settings.n && got->v.n == want->v.n, "settings and recipients");
	for (size_t i = 0; i < got->settings.n && i < want->settings.n; i++)
		same(got->settings.items[i], want->settings.items[i], "setting");
	for (size_t i = 0; i < got->v.n && i < want->v.n; i++) {
		const struct rcpt *g = &got->v.rcpts[i], *w = &want->v.rcpts[i];

		ok(strcmp(g->address, w->address) == 0 && same_or_none(g->original, w->original) && same_or_none(g->orcpt, w->orcpt)
		   && g->notify == w->notify && g->state == RCPT_OPEN, "recipient %zu", i);
	}
}

static void put_and_parse(void)
{
	struct entry x = sample(), again = { .created = 0 };
	struct buf text = text_buf();
	size_t lines = 0;

	must(entry_put_envelope(&text, &x, &e), "no envelope");
	for (size_t i = 0; i < text.len; i++) {
		lines += text.bytes[i] == '\n';
		must(text.bytes[i] == '\n' || !str_iscontrol(text.bytes[i]), "a control in the text");
	}
	ok(lines == 15, "a line for each fact: %zu", lines);
	ok(entry_parse_envelope(&again, text.bytes, text.len, &e), "an envelope is read again");
	same_entry(&again, &x);
	entry_free(&again);
	ok(again.account == NULL && again.v.n == 0, "a freed entry is zeroed");

	x.v.rcpts[0].state = RCPT_DONE; /* it does not need the message */
	x.v.rcpts[1].state = RCPT_REFUSED;
	x.report = true;
	buf_clear(&text);
	must(entry_put_envelope(&text, &x, &e) && entry_parse_envelope(&again, text.bytes, text.len, &e), "no second envelope");
	ok(again.v.n == 1 && strcmp(again.v.rcpts[0].address, "her@example.net") == 0 && again.report, "only open recipients are kept");
	entry_free(&again);
	entry_free(&x);
	buf_free(&text);
}

/* ---- the first line ------------------------------------------------------------------------------ */

static void first_line(void)
{
	struct entry_line l = { .envelope = 123, .message = 4567890123, .envelope_crc = 0xdeadbeef, .message_crc = 1 }, again;
	char text[ENTRY_LINE + 1], bad[ENTRY_LINE + 1];

	entry_put_line(&l, text);
	ok(strlen(text) == ENTRY_LINE && text[ENTRY_LINE - 1] == '\n', "the line has its length");
	ok(entry_parse_line(text, &again) && again.envelope == l.envelope && again.message == l.message
	   && again.envelope_crc == l.envelope_crc && again.message_crc == l.message_crc, "the line is read again");
	for (size_t i = 0; i < ENTRY_LINE; i++)
		for (int c = 0; c < 256; c++) {
			if ((unsigned char)text[i] == c)
				continue;
			memcpy(bad, text, sizeof bad);
			bad[i] = (char)c;
			if (entry_parse_line(bad, &again) && again.envelope == l.envelope && again.message == l.message
			    && again.envelope_crc == l.envelope_crc && again.message_crc == l.message_crc)
				ok(false, "octet %zu as %02x is not noticed", i, c);
		}
	memcpy(bad, text, sizeof bad);
	bad[14] = '2';
	ok(!entry_parse_line(bad, &again), "another version is not read");
}

/* ---- envelopes that are none --------------------------------------------------------------------- */

#define USUAL "account a\ncreated 1\nsender b@c\nrcpt d@e\n"

static const struct {
	const char *text;
	bool        good;
} envelopes[] = {
	{ USUAL "\n", true },
	{ "rcpt d@e\nsender \naccount a\n\n", true }, /* in any order; the null sender; without a date it is old */
	{ USUAL "report yes\n\n", true },
	{ USUAL, false },
	{ USUAL "\n\n", false },
	{ USUAL "\nx", false },
	{ "", false },
	{ "\n", false },
	{ "created 1\nsender b@c\nrcpt d@e\n\n", false },
	{ "account a\nrcpt d@e\n\n", false },
	{ "account a\nsender b@c\n\n", false },
	{ USUAL "rcpt d@e\n\n", false },
	{ USUAL "account a\n\n", false },
	{ USUAL "sender b@c\n\n", false },
	{ USUAL "future fact\n\n", false },
	{ USUAL "word\n\n", false },
	{ USUAL "rcpt \n\n", false },
	{ USUAL "rcpt a\\x0ab\n\n", false },
	{ USUAL "rcpt a\\x0db\n\n", false },
	{ USUAL "rcpt a\\x00b\n\n", false },
	{ USUAL "rcpt a\\xAb\n\n", false },
	{ USUAL "rcpt a\\x\n\n", false },
	{ USUAL "rcpt a\\\n\n", false },
	{ USUAL "set x\n\n", false },
	{ USUAL "notify 16\n\n", false },
	{ USUAL "ret 3\n\n", false },
	{ USUAL "ret -1\n\n", false },
	{ USUAL "report no\n\n", false },
	{ "orcpt a\n" USUAL "\n", false },
	{ USUAL "created 99999999999999999999\n\n", false },
};

static void bad_envelopes(void)
{
	for (size_t i = 0; i < COUNT(envelopes); i++) {
		struct entry x = { .created = 0 };
		bool good = entry_parse_envelope(&x, envelopes[i].text, strlen(envelopes[i].text), &e);

		ok(good == envelopes[i].good && (good || (e.stage == ST_SPOOL && e.fate == FATE_PERM)), "envelope %zu: %s", i, envelopes[i].text);
		entry_free(&x);
	}
}

/* ---- records ------------------------------------------------------------------------------------- */

static const char entry_text[] = "account a\ncreated 10\nsender b@c\nrcpt 0@e\nrcpt 1@e\nrcpt 2@e\nrcpt 3@e\n\n";

static struct entry fresh(void)
{
	struct entry x = { .created = 0 };

	must(entry_parse_envelope(&x, entry_text, sizeof entry_text - 1, &e), "no entry");
	return x;
}

/* Two tries, with a hold between them. */
static void put_story(struct buf *to)
{
	struct entry x = fresh();

	x.v.rcpts[0].state = RCPT_DONE;
	x.v.rcpts[2].state = RCPT_REFUSED;
	must(record_put_try(to, &x.v, 20, 30, "451 later : done 0-3\n\x01", &e), "no try");
	must(record_put_hold(to, 40, &e) && record_put_release(to, 50, &e), "no hold");
	record_is_durable(&x.v);
	x.v.rcpts[1].state = RCPT_DONE;
	must(record_put_sent(to, &x.v, 55, &e) && record_put_try(to, NULL, 60, 70, "", &e), "no second try");
	entry_free(&x);
}

static void records(void)
{
	struct buf story = text_buf();
	struct entry x = fresh();
	size_t whole;

	put_story(&story);
	ok(record_apply(&x, story.bytes, story.len, &whole, &e) && whole == story.len, "all records are whole");
	ok(x.tries == 2 && x.due == 70 && x.since == 50 && !x.held && x.last[0] == '\0', "what they say of the entry");
	ok(x.v.rcpts[0].state == RCPT_DONE && x.v.rcpts[1].state == RCPT_DONE && x.v.rcpts[2].state == RCPT_DONE && x.v.rcpts[3].state == RCPT_OPEN
	   && x.lost == 1 && entry_open(&x) == 1, "what they say of the recipients");
	entry_free(&x);

	x = fresh();
	buf_clear(&story);
	must(record_put_try(&story, NULL, 20, 30, "451 later : done 0-3\n\x01", &e), "no try");
	ok(memchr(story.bytes, '\n', story.len) == story.bytes + story.len - 1, "a record is one line");
	must(record_put_wait(&story, 40, 50, "451 later : done 0-3\n\x01", &e), "no wait");
	ok(record_apply(&x, story.bytes, story.len, &whole, &e) && entry_open(&x) == 4 && x.tries == 1 && x.due == 50 && strstr(x.last, "451 later : done 0-3") == x.last,
	   "words of the server are no part of the record");
	entry_free(&x);
	buf_free(&story);
}

static struct entry told(bool delay, bool relay)
{
	struct buf text = text_buf();
	struct entry x = fresh();
	size_t whole;

	x.v.rcpts[1].state = x.v.rcpts[2].state = RCPT_DONE;
	x.v.rcpts[2].relayed = x.v.rcpts[3].relayed = true; /* only who has it counts */
	must(record_put_sent(&text, &x.v, 20, &e), "no record");
	must((!delay || record_put_told(&text, true, 30, &e)) && (!relay || record_put_told(&text, false, 40, &e)), "no record");
	entry_free(&x);
	x = fresh();
	must(record_apply(&x, text.bytes, text.len, &whole, &e) && whole == text.len, "records");
	buf_free(&text);
	return x;
}

static void reports(void)
{
	struct entry x = told(false, false);

	ok(x.v.rcpts[2].relayed && x.v.rcpts[2].past && !x.v.rcpts[1].relayed && !x.v.rcpts[3].relayed && !x.delay_told, "a report is owed");
	entry_free(&x);
	x = told(true, false);
	ok(x.v.rcpts[2].relayed && x.delay_told, "the delay was told");
	entry_free(&x);
	x = told(false, true);
	ok(!x.v.rcpts[2].relayed && !x.delay_told && entry_open(&x) == 2, "that it was passed on was told");
	entry_free(&x);
}

/* A time of release counts until it has passed, or somebody releases the entry. */
static void releases(void)
{
	static const char text[] = "account a\ncreated 10\nrelease 1000\nsender b@c\nrcpt 0@e\ncopy yes\n\n";
	struct buf record = text_buf(), again = text_buf();
	struct entry x = { .created = 0 };
	size_t whole;

	must(entry_parse_envelope(&x, text, sizeof text - 1, &e) && entry_put_envelope(&again, &x, &e), "no entry");
	ok(again.len == sizeof text - 1 && memcmp(again.bytes, text, again.len) == 0 && x.v.rcpts[0].copy, "written and read again");
	ok(entry_is_held(&x, 999) && !entry_is_held(&x, 1000) && x.due == 1000 && x.since == 1000, "held until its release");
	must(record_put_release(&record, 50, &e) && record_apply(&x, record.bytes, record.len, &whole, &e), "no record");
	ok(!entry_is_held(&x, 50) && x.due == 50 && x.since == 50, "released");
	entry_free(&x);
	buf_free(&record);
	buf_free(&again);
}

/* Is the state that of the first `whole` octets alone? */
static bool state_is_of(const struct entry *x, const char *text, size_t whole)
{
	struct entry want = fresh();
	size_t again;
	bool good = record_apply(&want, text, whole, &again, &e) && again == whole && want.tries == x->tries && want.due == x->due
		 && want.held == x->held && want.lost == x->lost && entry_open(&want) == entry_open(x);

	entry_free(&want);
	return good;
}

static void torn(void)
{
	struct buf story = text_buf();
	bool good = true;

	put_story(&story);
	for (size_t len = 0; len <= story.len; len++) {
		struct entry x = fresh();
		size_t whole;

		good = good && record_apply(&x, story.bytes, len, &whole, &e) && whole <= len && (whole == 0 || story.bytes[whole - 1] == '\n')
		    && state_is_of(&x, story.bytes, whole);
		entry_free(&x);
	}
	ok(good, "after a cut anywhere, the whole records count and no other");
	buf_free(&story);
}

static void flipped(void)
{
	struct buf story = text_buf();
	size_t unseen = 0;

	put_story(&story);
	for (size_t i = 0; i < story.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct entry x = fresh();
			char was = story.bytes[i];
			size_t whole;

			story.bytes[i] = (char)(was ^ 1 << bit);
			must(record_apply(&x, story.bytes, story.len, &whole, &e), "no memory");
			story.bytes[i] = was;
			unseen += whole > i || !state_is_of(&x, story.bytes, whole);
			entry_free(&x);
		}
	ok(unseen == 0, "%zu flipped bits in records were not noticed", unseen);
	buf_free(&story);
}

/* ---- records with a checksum, and without sense -------------------------------------------------- */

static const char *const senseless[] = {
	"try", "try 1", "try 1 x : a", "try -1 2 : a", "try 1 2 done : a", "try 1 2 done 4 : a", "try 1 2 done 1-9 : a", "try 1 2 done 2-1 : a",
	"try 1 2 done 0,9 : a", "try 1 2 gone 0 : a", "try 1 2 done -1 : a", "hold", "hold x", "release", "release -1", "frob 1", " ", "sent", "sent x done 0", "told", "told x", "told x delayed",
	"sent 1 done 0 relayed 9", "sent 1 relayed",
};

static void without_sense(void)
{
	for (size_t i = 0; i < COUNT(senseless); i++) {
		struct entry x = fresh();
		struct buf text = text_buf();
		size_t whole;

		must(buf_printf(&text, &e, "%08x %s\n", crc_add(0, senseless[i], strlen(senseless[i])), senseless[i]), "no memory");
		ok(record_apply(&x, text.bytes, text.len, &whole, &e) && whole == text.len && entry_open(&x) == 4 && !x.held && x.tries == 0 && x.due == 10,
		   "passed over: %s", senseless[i]);
		buf_free(&text);
		entry_free(&x);
	}
}

/* ---- checksums ----------------------------------------------------------------------------------- */

static void checksums(void)
{
	ok(crc_add(0, "123456789", 9) == 0xcbf43926, "the CRC of zlib");
	ok(crc_add(crc_add(0, "1234", 4), "56789", 5) == 0xcbf43926, "in two parts");
	ok(crc_add(0, "", 0) == 0, "of nothing");
	uint32_t n;
	ok(crc_parse("cbf43926", &n) && n == 0xcbf43926 && !crc_parse("CBF43926", &n) && !crc_parse("cbf4392", &n) && !crc_parse("cbf4392:", &n),
	   "read from text");
}

int main(void)
{
	checksums();
	first_line();
	put_and_parse();
	bad_envelopes();
	records();
	reports();
	releases();
	torn();
	flipped();
	without_sense();
	return done();
}
