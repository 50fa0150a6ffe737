/* t_weights_fuzz.c: the corpora of the fuzzers of registry and package pages as unit tests, and
 * mutations of them. */
#define LLVMFuzzerTestOneInput f_reg
#include "../fuzz/f_weights_reg.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput f_index
#include "../fuzz/f_weights_index.c"
#undef LLVMFuzzerTestOneInput
#include <stdio.h>
#include "t.h"

enum { ROUNDS = 60 };

struct job {
	int (*fn)(const uint8_t *, size_t);
	size_t files;
};

static int one(void *arg, const char *path)
{
	struct job *j = arg;
	struct sb b;
	struct err e = { 0 };
	sb_init(&b, LIM_CFG_BYTES);
	int rc = file_read(path, LIM_CFG_BYTES, &b, &e);
	if (!rc)
		j->fn((const uint8_t *)sb_str(&b), b.n);
	for (int round = 0; !rc && b.n && round < ROUNDS; round++) {
		size_t at = rng_below(t_rng(), b.n);
		char was = b.p[at];
		b.p[at] = (char)rng_below(t_rng(), 256);
		j->fn((const uint8_t *)b.p, b.n);
		b.p[at] = was;
		j->fn((const uint8_t *)b.p, at);
	}
	sb_done(&b);
	j->files++;
	return rc;
}

static size_t corpus(const char *name, int (*fn)(const uint8_t *, size_t))
{
	struct job j = { fn, 0 };
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", t_srcdir(), name);
	return file_walk(path, one, &j) == 0 ? j.files : 0;
}

TEST(weights_fuzz_corpora)
{
	struct job own = { f_reg, 0 };
	char path[512];
	CHECK(corpus("weights_reg", f_reg) >= 4);
	CHECK(corpus("weights_index", f_index) >= 4);
	(void)snprintf(path, sizeof(path), "%s/models/registry.yaml", t_srcdir());
	OK(one(&own, path));
}
