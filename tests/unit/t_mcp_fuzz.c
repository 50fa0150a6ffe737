/* t_mcp_fuzz.c: the corpus of the fuzzer of messages as a unit test, and mutations of it. */
#include "../fuzz/f_mcp_msg.c"

#include <stdio.h>

#include "t.h"

enum { ROUNDS = 200 };

static int one(void *arg, const char *path)
{
	struct sb b;
	int rc;

	sb_init(&b, 1 << 16);
	rc = file_read(path, 1 << 16, &b, NULL);
	if (!rc)
		(void)LLVMFuzzerTestOneInput((const uint8_t *)sb_str(&b), b.n);
	for (int round = 0; !rc && b.n && round < ROUNDS; round++) {
		size_t at = rng_below(t_rng(), b.n);
		char was = b.p[at];

		b.p[at] = (char)rng_below(t_rng(), 256);
		(void)LLVMFuzzerTestOneInput((const uint8_t *)b.p, b.n);
		b.p[at] = was;
		(void)LLVMFuzzerTestOneInput((const uint8_t *)b.p, at);
	}
	sb_done(&b);
	++*(int *)arg;
	return rc;
}

TEST(mcp_fuzz_corpus)
{
	char path[512];
	int files = 0;

	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/mcp_msg", t_srcdir());
	OK(file_walk(path, one, &files));
	CHECK(files >= 5);
}
