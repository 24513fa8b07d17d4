/* The text of an EHLO reply. */
#include "fuzz.h"

#include "smtp/caps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct caps c;

	caps_parse(&c, text);
	MUST(strlen(c.mechs) < sizeof c.mechs);
	MUST(c.rcptmax <= 999999 && c.by_min <= 999999999 && c.hold_max <= UINT32_MAX);
	(void)caps_offer_mech(&c, "PLAIN");
	free(text);
	return 0;
}
