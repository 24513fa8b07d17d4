#include "mail/grammar.h"

#include "mail/fields.h"

static const struct {
	const char  *name;
	enum grammar grammar;
} grammars[] = { /* besides those of addresses, which mail/fields lists; all others are GRAMMAR_TEXT */
	{ "Content-Disposition", GRAMMAR_PARAMETERS },
	{ "Content-ID", GRAMMAR_NATIVE },
	{ "Content-Type", GRAMMAR_PARAMETERS },
	{ "Date", GRAMMAR_PHRASES },
	{ "Disposition-Notification-To", GRAMMAR_ADDRESSES },
	{ "Errors-To", GRAMMAR_ADDRESSES },
	{ "In-Reply-To", GRAMMAR_PHRASES },
	{ "Keywords", GRAMMAR_PHRASES },
	{ "List-Archive", GRAMMAR_LINKS },
	{ "List-Help", GRAMMAR_LINKS },
	{ "List-Id", GRAMMAR_PHRASES },
	{ "List-Owner", GRAMMAR_LINKS },
	{ "List-Post", GRAMMAR_LINKS },
	{ "List-Subscribe", GRAMMAR_LINKS },
	{ "List-Unsubscribe", GRAMMAR_LINKS },
	{ "Mail-Followup-To", GRAMMAR_ADDRESSES },
	{ "Mail-Reply-To", GRAMMAR_ADDRESSES },
	{ "Message-ID", GRAMMAR_NATIVE },
	{ "Received", GRAMMAR_BARE },
	{ "References", GRAMMAR_PHRASES },
	{ "Resent-Date", GRAMMAR_PHRASES },
	{ "Resent-Message-ID", GRAMMAR_NATIVE },
	{ "Return-Path", GRAMMAR_BARE },
	{ "Return-Receipt-To", GRAMMAR_ADDRESSES },
	{ "X-Original-From", GRAMMAR_ADDRESSES },
};

enum grammar grammar_of(const struct field *f)
{
	for (size_t i = 0; i < COUNT(grammars); i++)
		if (header_is(f, grammars[i].name))
			return grammars[i].grammar;
	return field_is(fields_kind(f), FIELD_ADDRESSES) ? GRAMMAR_ADDRESSES : GRAMMAR_TEXT;
}
