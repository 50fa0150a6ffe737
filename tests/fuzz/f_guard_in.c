/* f_guard_in.c: fuzz target of the inbound gate: any bytes give clean UTF-8 and spans in order. */
#include "guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a;
	struct guard_in in = { 0 };
	size_t at = 0;

	arena_init(&a, LIM_ARENA_TURN);
	if (guard_inbound(sv_n((const char *)data, n), &a, &in) == 0) {
		ASSERT(sv_utf8_ok(in.clean) && sv_utf8_ok(in.masked) && sv_utf8_ok(in.model));
		for (size_t i = 0; i < in.n; i++) {
			ASSERT(in.spans[i].start >= at && in.spans[i].end > in.spans[i].start);
			ASSERT(in.spans[i].end <= in.clean.n);
			at = in.spans[i].end;
		}
		struct guard_source src = { SV("a"), in.masked };
		struct guard_verdict v;
		guard_outbound(in.clean, &src, 1, in.clean, &v);
		ASSERT(v.ok == !v.why);
	}
	arena_done(&a);
	return 0;
}
