/* t_model_norm.c: properties of the normaliser: the map, bounds, hostile bytes. */
#include "t.h"
#define LLVMFuzzerTestOneInput fuzz_normalize
#include "../fuzz/f_model_normalize.c"

static int run_file(void *arg, const char *path)
{
	struct sb b;
	struct err e;
	sb_init(&b, LIM_SB);
	int rc = file_read(path, LIM_SB, &b, &e);
	if (!rc) {
		(void)LLVMFuzzerTestOneInput((const uint8_t *)sb_str(&b), b.n);
		(*(size_t *)arg)++;
	}
	sb_done(&b);
	return rc;
}

TEST(norm_fuzz_corpus)
{
	struct sb p;
	size_t n = 0;
	sb_init(&p, 4096);
	sb_fmt(&p, "%s/tests/fuzz/corpus/model_normalize", t_srcdir());
	int rc = file_walk(sb_str(&p), run_file, &n);
	sb_done(&p);
	OK(rc);
	CHECK(n >= 10);
}

/* Random sentences out of pieces that rules care about: every invariant of the fuzz
 * target holds. */
TEST(norm_random_pieces)
{
	static const char *const pieces[] = {
		"5",  "12",  "2026",  "-",    "–",   ":",  "/",    ".",    ",",    " ",
		"¥",  "$",   "%",     "kg",   "m²",  "元", "天",   "月",   "日",   "年",
		"第", "No.", "March", "p.m.", "a",   "HH", "@",    "www.", ".com", "**",
		"[",  "](",  ")",     "\n",   "#",   "x",  "×",    "😀",    "\xff", "１",
		"~",  "+86", "400",   "to",   "the", "|",  "<br>", "'",    "_",    "2"
	};
	for (int k = 0; k < 3000; k++) {
		struct sb b;
		sb_init(&b, 4096);
		int n = 1 + (int)rng_below(t_rng(), 14);
		for (int i = 0; i < n; i++)
			sb_cstr(&b,
				pieces[rng_below(t_rng(),
						 sizeof(pieces) / sizeof(pieces[0]))]);
		(void)LLVMFuzzerTestOneInput((const uint8_t *)sb_str(&b), b.n);
		sb_done(&b);
	}
}

/* A mark at a spoken word tells the place of the written one. */
TEST(norm_map_points_at_source)
{
	struct arena a;
	struct sb out;
	uint32_t *map = NULL;
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&out, LIM_SB);
	sv in = SV("Pay CNY 129.00 by 3 March **now**.");
	int rc = tts_normalize(in, SV("en"), &out, &map, &a);
	sv s = sb_sv(&out);
	ptrdiff_t yuan = sv_find(s, SV("yuan")), by = sv_find(s, SV("by")),
		  march = sv_find(s, SV("third")), now = sv_find(s, SV("now"));
	bool found = !rc && yuan > 0 && by > 0 && march > 0 && now > 0;
	uint32_t at[4] = { 0 };
	if (found) {
		at[0] = map[yuan];
		at[1] = map[by];
		at[2] = map[march];
		at[3] = map[now];
	}
	sb_done(&out);
	arena_done(&a);
	CHECK(found);
	EQ(at[0], sv_find(in, SV("CNY")));
	EQ(at[1], sv_find(in, SV("by")));
	EQ(at[2], sv_find(in, SV("3 March")));
	EQ(at[3], sv_find(in, SV("now")));
}

TEST(norm_appends_and_bounds)
{
	struct sb out, big;
	sb_init(&out, LIM_SB);
	sb_cstr(&out, "kept ");
	int rc = tts_normalize(SV("5"), SV("en"), &out, NULL, NULL);
	bool kept = sv_eq(sb_sv(&out), SV("kept five"));
	sb_init(&big, LIM_SB);
	for (int i = 0; i < 70000; i++)
		sb_ch(&big, 'a');
	int toobig = tts_normalize(sb_sv(&big), SV("en"), &out, NULL, NULL);
	struct sb tight;
	sb_init(&tight, 8);
	int full = tts_normalize(SV("1234567"), SV("en"), &tight, NULL, NULL);
	sb_done(&tight);
	sb_done(&out);
	sb_done(&big);
	OK(rc);
	CHECK(kept);
	EQ(toobig, ERR_TOOBIG);
	EQ(full, ERR_TOOBIG);
}
