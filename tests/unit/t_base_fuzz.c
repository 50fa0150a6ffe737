/* t_base_fuzz.c: the fuzz targets of this room over their corpora, and over small random damage
 * to them. */
#include "t.h"

#define LLVMFuzzerTestOneInput fuzz_json
#include "../fuzz/f_base_json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_cfg
#include "../fuzz/f_base_cfg.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_text
#include "../fuzz/f_base_text.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_tzif
#include "../fuzz/f_base_tzif.c"
#undef LLVMFuzzerTestOneInput

struct corpus {
	int (*target)(const uint8_t *data, size_t size);
	int files;
};

static void damage(struct sb *b)
{
	static const char nasty[] = "\"\\{}[]:,-&*!|>%@`'#\n\t \xff\xc3\xe4\x00\x7f";
	uint64_t edits = 1 + rng_below(t_rng(), 4);

	while (edits-- && b->n) {
		size_t at = (size_t)rng_below(t_rng(), b->n);

		b->p[at] = nasty[rng_below(t_rng(), sizeof(nasty))];
		if (!rng_below(t_rng(), 8))
			sb_truncate(b, at);
	}
}

static int run_file(void *arg, const char *path)
{
	struct corpus *c = arg;
	struct sb whole, b;

	sb_init(&whole, 8 << 20);
	sb_init(&b, 8 << 20);
	ASSERT(file_read(path, 8 << 20, &whole, NULL) == 0);
	(void)c->target((const uint8_t *)sb_str(&whole), whole.n);
	for (int i = 0; i < 40 && whole.n < 5000; i++) {
		sb_reset(&b);
		sb_put(&b, sb_sv(&whole));
		damage(&b);
		(void)c->target((const uint8_t *)sb_str(&b), b.n);
	}
	sb_done(&whole);
	sb_done(&b);
	c->files++;
	return 0;
}

static int files_run(const char *name, int (*target)(const uint8_t *data, size_t size))
{
	struct corpus c = { target, 0 };
	struct sb dir;

	sb_init(&dir, 4096);
	sb_fmt(&dir, "%s/tests/fuzz/corpus/%s", t_srcdir(), name);
	(void)file_walk(sb_str(&dir), run_file, &c);
	sb_done(&dir);
	return c.files;
}

TEST(fuzz_corpus_json)
{
	CHECK(files_run("base_json", fuzz_json) >= 15);
}

TEST(fuzz_corpus_cfg)
{
	CHECK(files_run("base_cfg", fuzz_cfg) >= 15);
}

TEST(fuzz_corpus_text)
{
	CHECK(files_run("base_text", fuzz_text) >= 8);
}

TEST(fuzz_corpus_tzif)
{
	CHECK(files_run("base_tzif", fuzz_tzif) >= 4);
}
