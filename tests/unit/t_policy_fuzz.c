/* t_policy_fuzz.c: the corpora of both fuzz targets, and texts made of their pieces. */
#define LLVMFuzzerTestOneInput fuzz_expr
#include "../fuzz/f_policy_expr.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_rules
#include "../fuzz/f_policy_rules.c"
#undef LLVMFuzzerTestOneInput

#include "t.h"

#include <stdio.h>

typedef int fuzz_fn(const uint8_t *data, size_t size);
struct corpus {
	fuzz_fn *fn;
	int files;
};

/* The file, and the file cut, with a piece twice and with a byte changed. */
static int each(void *arg, const char *path)
{
	struct corpus *c = arg;
	struct rng *g = t_rng();
	struct sb b, m;
	sb_init(&b, LIM_SB);
	sb_init(&m, LIM_SB);
	int e = file_read(path, LIM_SB, &b, NULL);
	if (e == 0)
		(void)c->fn((const uint8_t *)b.p, b.n);
	for (int i = 0; e == 0 && b.n && i < 60; i++) {
		size_t at = rng_below(g, b.n), to = at + rng_below(g, b.n - at);
		sb_reset(&m);
		sb_put(&m, sv_slice(sb_sv(&b), 0, i % 3 == 0 ? at : to));
		if (i % 3)
			sb_put(&m, sv_slice(sb_sv(&b), i % 3 == 1 ? at : to, b.n));
		if (m.n)
			m.p[rng_below(g, m.n)] = (char)rng_below(g, 256);
		(void)c->fn((const uint8_t *)(m.n ? m.p : ""), m.n);
	}
	sb_done(&b);
	sb_done(&m);
	c->files++;
	return e;
}

static int walk(const char *name, struct corpus *c)
{
	char path[400];
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", t_srcdir(), name);
	return file_walk(path, each, c);
}

TEST(policy_fuzz_corpora)
{
	struct corpus x = { fuzz_expr, 0 }, r = { fuzz_rules, 0 };
	OK(walk("policy_expr", &x));
	OK(walk("policy_rules", &r));
	CHECK(x.files >= 2 && r.files >= 2);
}
