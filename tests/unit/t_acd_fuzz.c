/* t_acd_fuzz.c: the corpus of the plan's fuzz target, and texts made of its pieces. */
#define LLVMFuzzerTestOneInput fuzz_plan
#include "../fuzz/f_acd_plan.c"
#undef LLVMFuzzerTestOneInput

#include <stdio.h>

#include "t.h"

/* The file, and the file cut, without a piece, with a piece twice, each with a byte changed. */
static int each(void *arg, const char *path)
{
	struct rng *g = t_rng();
	struct sb b, m;
	sb_init(&b, LIM_SB);
	sb_init(&m, LIM_SB);
	int e = file_read(path, LIM_SB, &b, NULL);
	if (e == 0)
		(void)fuzz_plan((const uint8_t *)b.p, b.n);
	for (int i = 0; e == 0 && b.n && i < 80; i++) {
		size_t at = rng_below(g, b.n), to = at + rng_below(g, b.n - at);
		sb_reset(&m);
		sb_put(&m, sv_slice(sb_sv(&b), 0, i % 3 == 0 ? at : to));
		if (i % 3)
			sb_put(&m, sv_slice(sb_sv(&b), i % 3 == 1 ? at : to, b.n));
		if (m.n)
			m.p[rng_below(g, m.n)] = (char)rng_below(g, 256);
		(void)fuzz_plan((const uint8_t *)(m.n ? m.p : ""), m.n);
	}
	++*(int *)arg;
	sb_done(&b);
	sb_done(&m);
	return e;
}

TEST(acd_fuzz_corpus)
{
	char dir[400];
	int files = 0;
	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/acd_plan", t_srcdir());
	OK(file_walk(dir, each, &files));
	CHECK(files >= 2);
}
