/* f_cust_norm.c: fuzz target of addresses: whatever a channel calls an address gets one spelling or
 * is refused; the spelling of a spelling is itself, and a mask is good text that hides it. */
#include "cust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void one(enum cust_kind kind, sv raw, sv cc, struct arena *a)
{
	sv value, again;
	if (cust_normal(kind, raw, cc, a, &value))
		return;
	ASSERT(value.n > 0 && value.n <= 512);
	ASSERT(cust_normal(kind, value, cc, a, &again) == 0 && sv_eq(value, again));
	sv masked = cust_masked(kind, value, a);
	/* but for what looks like a mask itself */
	ASSERT(masked.n > 0 && (sv_find(masked, value) < 0 || sv_find_ch(value, '*') >= 0));
	ASSERT(!sv_utf8_ok(value) || sv_utf8_ok(masked));
	if (kind != CUST_PHONE)
		return;
	ASSERT(value.p[0] == '+' && value.n <= 16);
	for (size_t i = 1; i < value.n; i++)
		ASSERT(value.p[i] >= '0' && value.p[i] <= '9');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const cc[] = { "86", "1", "44", "39", "" };
	sv raw = sv_n((const char *)data, n);
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	for (int k = 0; k < CUST_KINDS; k++)
		for (size_t i = 0; i < sizeof(cc) / sizeof(*cc); i++)
			one((enum cust_kind)k, raw, sv_of(cc[i]), &a);
	arena_done(&a);
	return 0;
}
