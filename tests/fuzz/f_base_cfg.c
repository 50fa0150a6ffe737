/* f_base_cfg.c: any text is either a tree or at least one issue; checking it never crashes, and
 * a tree that passed the check passes again. */
#include "base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cfg_rule fuzz_rules[] = {
	{ "http.listen", CFG_STR, true, 3, 60, NULL, NULL, "Address" },
	{ "http.workers", CFG_INT, false, 1, 64, NULL, "2", NULL },
	{ "log.level", CFG_STR, false, 0, 0, "debug|info", "info", NULL },
	{ "gain", CFG_NUM, false, -10, 10, NULL, "0.5", NULL },
	{ "llm[].kind", CFG_STR, true, 0, 0, "openai|builtin", NULL, NULL },
	{ "llm[].on", CFG_BOOL, false, 0, 0, NULL, "true", NULL },
	{ "llm[].key", CFG_SECRET, false, 0, 0, NULL, NULL, NULL },
	{ "numbers[]", CFG_STR, false, 0, 0, NULL, NULL, NULL },
	{ "labels", CFG_OBJ, false, 0, 0, NULL, NULL, NULL },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { N_RULES = sizeof(fuzz_rules) / sizeof(fuzz_rules[0]) };
	sv text = sv_n((const char *)data, size);
	struct cfg_report rep = { 0 };
	jv *t = cfg_parse(text, "f.yaml", &rep);

	ASSERT(!t == (rep.n > 0));
	if (t && cfg_check(t, text, "f.yaml", fuzz_rules, N_RULES, &rep) == 0) {
		ASSERT(rep.n == 0);
		ASSERT(cfg_check(t, text, "f.yaml", fuzz_rules, N_RULES, &rep) == 0);
	} else {
		ASSERT(rep.n > 0);
	}
	for (size_t i = 0; i < rep.n; i++)
		ASSERT(rep.v[i].where[0] && rep.v[i].what[0] && rep.v[i].mend[0]);
	jv_free(t);
	cfg_report_done(&rep);
	return 0;
}
