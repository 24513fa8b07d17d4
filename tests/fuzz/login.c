/* NAME.json, as somebody may have edited it: what is read is safe to use, and reads the same when it is put again. */
#include "fuzz.h"

#include "base/str.h"
#include "oauth2/login.h"

enum { TEXT = 256 * 1024 };

static void check_texts(const struct login *l)
{
	const char *texts[] = { l->provider, l->at.token, l->at.authorization, l->client_id, l->client_secret, l->client_secret_command,
				l->scope, l->user, l->trust_file, l->refresh_token, l->redirect, l->dead, l->refused };

	for (size_t i = 0; i < COUNT(texts); i++)
		for (const char *p = texts[i]; p != NULL && *p != '\0'; p++)
			MUST(!str_iscontrol(*p));
	MUST(l->at.token != NULL && l->client_id != NULL);
	MUST(l->refused[0] == '\0' || strlen(l->refused) == 64);
	MUST(l->logged_in >= 0 && l->renewed >= 0 && l->dead_since >= 0 && l->refused_at >= 0 && l->refresh_since >= 0);
}

static void check_again(const struct login *l)
{
	struct buf first = buf_max(ST_SECRET, 8 * TEXT, "a test"), second = buf_like(&first);
	struct login again = { 0 };
	struct err e;

	MUST(login_put(&first, l, &e) && login_parse(&again, buf_text(&first), first.len, &e) && login_put(&second, &again, &e));
	MUST(strcmp(buf_text(&first), buf_text(&second)) == 0);
	login_free(&again);
	buf_wipe(&first);
	buf_wipe(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct login l = { 0 };
	struct err e = { .say = "" };
	char *text;

	if (size > TEXT)
		return 0;
	text = fuzz_string(data, size);
	if (login_parse(&l, text, size, &e)) {
		check_texts(&l);
		check_again(&l);
	} else {
		MUST(e.say[0] != '\0' && l.at.token == NULL && l.refresh_token == NULL && l.other == NULL);
	}
	login_free(&l);
	free(text);
	return 0;
}
