/* f_policy_rules.c: what is read as a table passes its own cases; what is not tells why. */
#include "policy_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_rules *r = NULL;
	struct cfg_report rep = { 0 };
	const struct policy_rules_file f = { .name = "f", .yaml = sv_n((const char *)data, size) };
	jv *out = NULL;
	struct sb b;
	if (policy_rules_new(&r, &f, 1, &rep)) {
		ASSERT(!r && rep.n > 0);
		cfg_report_done(&rep);
		return 0;
	}
	ASSERT(rep.n == 0);
	ASSERT(policy_rules_conform(r, SV_NULL, &out));
	jv_free(out);
	sb_init(&b, LIM_JSON_BYTES);
	ASSERT(policy_rules_json(r, sv_of(policy_rules_id(r, 0)), &b) == 0);
	sb_done(&b);
	obj_unref(r);
	return 0;
}
