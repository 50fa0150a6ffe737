/* f_base_json.c: whatever parses must be written out, read again, and be the same. */
#include "base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jv *check_roundtrip(const jv *v)
{
	struct sb a, b;
	jv *again;

	sb_init(&a, 8 * LIM_JSON_BYTES);
	sb_init(&b, 8 * LIM_JSON_BYTES);
	jv_dump(v, &a);
	ASSERT(!sb_err(&a));
	again = jv_parse(sb_sv(&a), NULL);
	ASSERT(again || a.n > LIM_JSON_BYTES);
	if (again) {
		jv_dump(again, &b);
		ASSERT(sv_eq(sb_sv(&a), sb_sv(&b)));
	}
	sb_done(&a);
	sb_done(&b);
	return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	jv *v = jv_parse(sv_n((const char *)data, size), &e), *copy;

	if (!v) {
		ASSERT(e.code < 0 && e.msg[0] && e.offset <= size);
		return 0;
	}
	copy = jv_copy(v);
	jv_free(check_roundtrip(copy));
	jv_free(copy);
	jv_free(v);
	return 0;
}
