/* t_cust_fuzz.c: the corpus of the fuzzer of addresses as a unit test, and mutations of it. */
#include "../fuzz/f_cust_norm.c"

#include <stdio.h>

#include "t.h"

enum { ROUNDS = 300 };

static int one_file(void *arg, const char *path)
{
	struct sb b;
	sb_init(&b, 1 << 16);
	int rc = file_read(path, 1 << 16, &b, NULL);
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

TEST(cust_fuzz_corpus)
{
	char path[512];
	int files = 0;
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/cust_norm", t_srcdir());
	OK(file_walk(path, one_file, &files));
	CHECK(files >= 8);
}
