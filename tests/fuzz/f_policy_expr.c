/* f_policy_expr.c: what parses evaluates, always to the same; what does not tells where. */
#include "policy_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char facts[] = "{\"a\":1,\"b\":\"x\",\"c\":[1,\"x\",{\"d\":null}],"
				    "\"e\":{\"f\":true}}";
	struct policy_expr *x = NULL;
	struct err e = { 0 };
	struct sb s[2];
	if (policy_expr_new(&x, sv_n((const char *)data, size), &e)) {
		ASSERT(!x && e.code < 0 && e.msg[0] && e.offset <= size);
		return 0;
	}
	jv *f = jv_parse(sv_of(facts), NULL);
	for (int i = 0; i < 2; i++) {
		jv *v = policy_expr_eval(x, f);
		sb_init(&s[i], LIM_SB);
		jv_dump(v, &s[i]);
		jv_free(v);
	}
	ASSERT(sv_eq(sb_sv(&s[0]), sb_sv(&s[1])));
	sb_done(&s[0]);
	sb_done(&s[1]);
	jv_free(f);
	obj_unref(x);
	return 0;
}
