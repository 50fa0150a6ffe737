/* guard.h: the gates: what comes in is masked before a model or a log sees it; what goes out is
 * checked against its sources.
 *
 *	struct guard_in in;
 *	guard_inbound(SV("my card is 4111 1111 1111 1111"), &arena, &in);
 *	in.masked -> "my card is [bank_card]"
 *
 * Pure functions, any thread; results live in the arena.
 */
#ifndef CALLM_GUARD_H
#define CALLM_GUARD_H

#include "base.h"

enum guard_pii { PII_PHONE, PII_EMAIL, PII_ID_CARD, PII_BANK_CARD, PII_ADDRESS, PII_NAME,
		 PII_ORDER_NUMBER, PII_DATE_OF_BIRTH, PII_PLATE, PII_COUNT };
const char *guard_pii_name(enum guard_pii t);   /* "phone", as in CONTRACT */

struct guard_span {
	enum guard_pii type;
	size_t start, end;       /* bytes */
	size_t cp_start, cp_end; /* code points, for the outside */
};
struct guard_in {
	/* control characters and invisible tricks removed, NFC not needed; <= LIM_TEXT_MSG. */
	sv clean;
	sv masked;               /* clean with personal data as [type] */
	sv model;                /* like masked but order numbers stay: what a model may see */
	struct guard_span *spans;
	size_t n;
	/* Where each code point of clean stood in the text, one more for its end. */
	uint32_t *from;
	bool truncated;
	/* looks like an attempt to steer the model; recorded, never trusted as a filter. */
	bool suspicious;
};
int guard_inbound(sv text, struct arena *a, struct guard_in *ret);

struct guard_source {
	sv id, text;             /* article id and its body */
};
struct guard_verdict {
	bool ok;
	/* static: "number without source", "leaks instructions", ... */
	const char *why;
	sv sentence;             /* the first one that failed */
};
/* Strict grounding of generated text: every number, price, date, percentage, address and link
 * must stand in a source, and enough of each sentence's content words too. small talk sentences
 * pass. */
void guard_outbound(sv reply, const struct guard_source *src, size_t n, sv customer_text,
		    struct guard_verdict *ret);

#endif
