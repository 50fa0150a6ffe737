/* t_tool_fuzz.c: the corpus of the fuzzer of declarations, and mutations of it. */
#define LLVMFuzzerTestOneInput f_tool_box
#include "../fuzz/f_tool_box.c"
#undef LLVMFuzzerTestOneInput
#include <stdio.h>
#include "t.h"

static int one(void *arg, const char *path)
{
	struct sb b;
	sb_init(&b, LIM_CFG_BYTES);
	int rc = file_read(path, LIM_CFG_BYTES, &b, NULL);
	if (!rc)
		f_tool_box((const uint8_t *)sb_str(&b), b.n);
	for (int round = 0; !rc && b.n && round < 40; round++) {
		size_t at = rng_below(t_rng(), b.n);
		char was = b.p[at];
		b.p[at] = (char)rng_below(t_rng(), 256);
		f_tool_box((const uint8_t *)b.p, b.n);
		b.p[at] = was;
		f_tool_box((const uint8_t *)b.p, at);
	}
	sb_done(&b);
	++*(int *)arg;
	return rc;
}

TEST(tool_fuzz_corpus)
{
	char path[512];
	int files = 0;
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/tool_box", t_srcdir());
	OK(file_walk(path, one, &files));
	CHECK(files >= 2);
}
