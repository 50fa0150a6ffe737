/* t_feel_slot.c: slots against tables of sentences (tests/unit/t_feel_slot.*.tsv) and what no
 * table can hold: spans, countries, time zones, the calendar, rubbish.
 */
#include <stdio.h>

#include "feel_slot.h"
#include "t.h"
#include "../fuzz/f_feel_slot.c"

#define NOW INT64_C(1795593600000) /* 2026-11-25T08:00:00Z: 16:00 in Shanghai */

#define LIT(s) { s, sizeof(s) - 1 }

static const struct feel_product products[] = {
	{ LIT("HH-1010"), LIT("Haven sofa|big couch|三人沙发|大沙发") },
	{ LIT("HH-1014"), LIT("recliner|lounge chair|懒人椅") },
};

static struct feel_catalogue *catalogue; /* of these, while a table is read */

/* Text with {type:words} marks: the marks out, their spans into seen. */
static sv unmark(sv text, struct sb *out, struct feel_seen *seen, char (*types)[24], size_t *n)
{
	*n = 0;
	while (text.n) {
		ptrdiff_t colon;
		if (text.p[0] == '{' && *n < 8 && (colon = sv_find_ch(text, ':')) > 1) {
			(void)snprintf(types[*n], 24, "%.*s", (int)colon - 1, text.p + 1);
			seen[*n] = (struct feel_seen){ types[*n], out->n, 0 };
			text = sv_slice(text, (size_t)colon + 1, text.n);
		} else if (text.p[0] == '}' && *n < 8) {
			seen[(*n)++].end = out->n;
			text = sv_slice(text, 1, text.n);
		} else {
			sb_ch(out, text.p[0]);
			text = sv_slice(text, 1, text.n);
		}
	}
	return sb_sv(out);
}

static void describe(const struct feel_slot *s, size_t n, struct sb *out)
{
	if (!n)
		sb_cstr(out, "-");
	for (size_t i = 0; i < n; i++)
		sb_fmt(out, "%s%s=" SV_FMT, i ? "; " : "", s[i].type, SV_ARG(s[i].value));
}

static bool spans_fit(sv text, const struct feel_slot *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i].start >= s[i].end || s[i].end > text.n || (i && s[i].start < s[i - 1].end))
			return false;
		if (sv_rune_offset(text, s[i].cp_start) != s[i].start ||
		    sv_rune_offset(text, s[i].cp_end) != s[i].end)
			return false;
	}
	return true;
}

static bool row_ok(sv marked, sv want, const char *country)
{
	struct arena a;
	struct sb plain, got;
	struct feel_seen seen[8];
	char types[8][24];
	struct feel_slot_ctx c = { .now_ms = NOW, .tz_min = 480, .country = country,
				   .seen = seen, .catalogue = catalogue };
	struct feel_slot *s = NULL;
	size_t n = 0;

	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&plain, LIM_SB);
	sb_init(&got, LIM_SB);
	sv text = unmark(marked, &plain, seen, types, &c.n_seen);
	bool ok = feel_slots(text, &c, &a, &s, &n) == 0;
	describe(s, n, &got);
	ok = ok && sv_eq(sb_sv(&got), want) && spans_fit(text, s, n);
	if (!ok)
		printf("# " SV_FMT "\n#   want " SV_FMT "\n#   got  %s\n", SV_ARG(marked),
		       SV_ARG(want), sb_str(&got));
	sb_done(&got);
	sb_done(&plain);
	arena_done(&a);
	return ok;
}

static void run_table(const char *name, const char *country, int least)
{
	struct sb path, text;
	int rows = 0, bad = 0;
	sv rest, line, marked;

	catalogue = feel_catalogue_new(products, 2);
	sb_init(&path, 4096);
	sb_init(&text, LIM_SB);
	sb_fmt(&path, "%s/tests/unit/%s", t_srcdir(), name);
	int e = file_read(sb_str(&path), LIM_SB, &text, NULL);
	rest = sb_sv(&text);
	while (e == 0 && sv_line(&rest, &line)) {
		if (line.n == 0 || line.p[0] == '#' || !sv_cut(&line, '\t', &marked))
			continue;
		rows++;
		bad += !row_ok(marked, line, country);
	}
	sb_done(&path);
	sb_done(&text);
	EQ(e, 0);
	EQ(bad, 0);
	CHECK(rows >= least);
	feel_catalogue_free(catalogue);
	catalogue = NULL;
}

TEST(slot_table_zh)
{
	run_table("t_feel_slot.zh.tsv", "CN", 300);
}

TEST(slot_table_en)
{
	run_table("t_feel_slot.en.tsv", NULL, 300);
}

/* The value of the only slot of text, "" when there is not exactly one. */
static const char *only(const char *text, const struct feel_slot_ctx *c, char out[64])
{
	struct arena a;
	struct feel_slot *s = NULL;
	size_t n = 0;

	arena_init(&a, LIM_ARENA_TURN);
	out[0] = 0;
	if (feel_slots(sv_of(text), c, &a, &s, &n) == 0 && n == 1)
		(void)snprintf(out, 64, SV_FMT, SV_ARG(s[0].value));
	arena_done(&a);
	return out;
}

/* Is the name at i in text, as a word? Names and texts are of a, b, c and blanks. */
static bool stands_at(sv text, size_t i, sv name)
{
	if (i + name.n > text.n || memcmp(text.p + i, name.p, name.n) != 0)
		return false;
	bool head = i == 0 || text.p[i - 1] == ' ' || name.p[0] == ' ';
	return head && (i + name.n == text.n || text.p[i + name.n] == ' ');
}

TEST(slot_catalogue_finds_what_a_search_finds)
{
	enum { NAMES = 3000, TEXT = 120 };
	static char name[NAMES][16], id[NAMES][8];
	struct feel_product *p = xalloc(NAMES * sizeof(*p));
	struct rng r;
	char text[TEXT];

	rng_seed(&r, 17);
	for (int i = 0; i < NAMES; i++) {
		size_t n = 2 + rng_below(&r, 9);
		for (size_t k = 0; k < n; k++)
			name[i][k] = k && k + 1 < n ? "abc "[rng_below(&r, 4)] :
						      "abc"[rng_below(&r, 3)];
		snprintf(id[i], sizeof(id[i]), "p%d", i);
		p[i] = (struct feel_product){ sv_of(id[i]), sv_n(name[i], n) };
	}
	struct feel_catalogue *c = feel_catalogue_new(p, NAMES);
	for (int round = 0; round < 100; round++) {
		struct feel_slot_ctx ctx = { .now_ms = NOW, .catalogue = c };
		struct feel_slot *s = NULL;
		struct arena a;
		size_t n = 0, longest = 0;
		for (int k = 0; k < TEXT; k++)
			text[k] = "aabbcc  "[rng_below(&r, 8)];
		arena_init(&a, LIM_ARENA_TURN);
		OK(feel_slots(sv_n(text, TEXT), &ctx, &a, &s, &n));
		for (size_t i = 0; i < n; i++) {
			longest = s[i].end - s[i].start > longest ? s[i].end - s[i].start : longest;
			int64_t no = 0; /* p17: the name of that number */
			if (strcmp(s[i].type, "product") != 0)
				continue;
			OK(sv_i64(sv_slice(s[i].value, 1, s[i].value.n), &no));
			CHECK(stands_at(sv_n(text, TEXT), s[i].start, p[no].name));
		}
		size_t want = 0; /* the longest name that stands is found, whatever overlaps */
		for (int i = 0; i < NAMES; i++)
			for (size_t k = 0; k < TEXT; k++)
				if (stands_at(sv_n(text, TEXT), k, p[i].name) && p[i].name.n > want)
					want = p[i].name.n;
		EQ(longest, want);
		arena_done(&a);
	}
	feel_catalogue_free(c);
	feel_catalogue_free(NULL);
	xfree(p);
}

TEST(slot_country_decides_what_is_open)
{
	struct feel_slot_ctx c = { .now_ms = NOW, .tz_min = 0 };
	char v[64];

	STR_EQ(only("03/04/2026", &c, v), "2026-03-04");
	c.country = "GB";
	STR_EQ(only("03/04/2026", &c, v), "2026-04-03");
	STR_EQ(only("03/25/2026", &c, v), "2026-03-25");
	c.country = "AU";
	STR_EQ(only("30 dollars", &c, v), "30.00 AUD");
	STR_EQ(only("$30", &c, v), "30.00 AUD");
	STR_EQ(only("us$30", &c, v), "30.00 USD");
	c.country = "JP";
	STR_EQ(only("¥3000", &c, v), "3000.00 JPY");
}

TEST(slot_phone_by_country)
{
	static const struct {
		const char *country, *text, *want;
	} rows[] = {
		{ "US", "212-555-0123", "+12125550123" },
		{ "US", "1-312-555-0123", "+13125550123" },
		{ "GB", "020 7946 0958", "+442079460958" },
		{ "GB", "07700 063 966", "+447700063966" },
		{ "DE", "030 1234567", "+49301234567" },
		{ "FR", "03.93.92.16.85", "+33393921685" },
		{ "HK", "2345 6789", "+85223456789" },
		{ "CN", "021-62345678", "+862162345678" },
		{ "CN", "138 0013 8000", "+8613800138000" },
		{ NULL, "13800138000", "+8613800138000" },
		{ NULL, "467 3395", "4673395" },
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct feel_seen seen = { "phone", 0, strlen(rows[k].text) };
		struct feel_slot_ctx c = { .now_ms = NOW, .country = rows[k].country,
					   .seen = &seen, .n_seen = 1 };
		char v[64];
		STR_EQ(only(rows[k].text, &c, v), rows[k].want);
	}
}

TEST(slot_today_is_the_zone_s)
{
	struct feel_slot_ctx c = { .now_ms = NOW + 9 * 3600000, .tz_min = 0 };
	char v[64];

	STR_EQ(only("today", &c, v), "2026-11-25"); /* 17:00 UTC */
	c.tz_min = 480;
	STR_EQ(only("today", &c, v), "2026-11-26"); /* 01:00 next day */
	c.tz_min = -720;
	STR_EQ(only("in 30 minutes", &c, v), "2026-11-25T05:30");
	c.now_ms = -1000;
	STR_EQ(only("明天", &c, v), "1970-01-01");  /* a second before: 12:00 of the day before */
}

TEST(slot_calendar_goes_both_ways)
{
	int y, m, d;

	EQ(slot_days(1970, 1, 1), 0);
	EQ(slot_days(2000, 3, 1), 11017);
	EQ(slot_weekday(slot_days(2026, 11, 25)), 2);
	for (int64_t day = -800000; day < 800000; day += 37) {
		slot_civil(day, &y, &m, &d);
		EQ(slot_days(y, m, d), day);
	}
	EQ(slot_month_len(2024, 2), 29);
	EQ(slot_month_len(2100, 2), 28);
	EQ(slot_month_len(2026, 13), 0);
}

TEST(slot_chinese_years_join)
{
	/* each year ends where the next begins; known first days (HKO) */
	for (int y = 2000; y < 2059; y++)
		EQ(slot_lunar_eve(y) + 1, slot_lunar(y + 1, 1, 1));
	EQ(slot_lunar(2000, 1, 1), slot_days(2000, 2, 5));
	EQ(slot_lunar(2023, 1, 1), slot_days(2023, 1, 22));
	EQ(slot_lunar(2025, 8, 15), slot_days(2025, 10, 6)); /* behind a leap sixth month */
	EQ(slot_lunar(2026, 1, 1), slot_days(2026, 2, 17));
	EQ(slot_lunar(2030, 1, 1), slot_days(2030, 2, 3));
	EQ(slot_lunar(1999, 1, 1), -1);
	EQ(slot_lunar(2060, 1, 1), -1);
	EQ(slot_lunar(2026, 0, 1), -1);
}

TEST(slot_numbers_stay_bounded)
{
	static const char *const long_ones[] = {
		"99999999999999999999999999999999元",
		"9999999999999亿元",
		"九九九九九九九九九九九九九九九九九九九九九九九九九元",
		"亿亿亿亿亿亿亿亿亿元",
		"万万万万万万万万万块",
		"$999999999999999999999999.99",
		"999,999,999,999,999,999 dollars",
		"nine million million million dollars",
		"1e400 dollars",
		"0000000000000000000000001元",
		"99999999999999999999999999天后",
		"in 999999999999 days",
		"1 week 499999999999 days",
		"999999999999年",
		"十十十十十十十十十十十",
		"一百百百百百",
		"三点点点点",
		"第第第第第",
		"周周周周周",
		"下下下下下下下下下下下周三",
		"double double double double double",
		"2026-99-99",
		"99/99/9999",
		"32号",
		"13月40号",
		"25:61",
		"24:00",
		"0:00pm",
		"农历十三月三十一",
	};
	struct arena a;

	for (size_t k = 0; k < sizeof(long_ones) / sizeof(long_ones[0]); k++) {
		struct feel_slot_ctx c = { .now_ms = NOW, .tz_min = 480 };
		struct feel_slot *s = NULL;
		size_t n = 0;
		sv text = sv_of(long_ones[k]);
		arena_init(&a, LIM_ARENA_TURN);
		int e = feel_slots(text, &c, &a, &s, &n);
		bool fit = spans_fit(text, s, n);
		arena_done(&a);
		EQ(e, 0);
		CHECK(fit);
	}
}

TEST(slot_rubbish_gives_an_answer)
{
	struct arena a;
	struct sb b;
	struct rng r;
	static const char *const bits[] = { "3",      "点",       "万",    "周",   "号",
					    "天",     "$",        "k",     "two ", "hundred ",
					    "\xff",   "\xe4\xb8", "下",    "月",   " ",
					    "-",      "😀",        "ש",     "年",   "半",
					    "March ", "half ",    "past ", "of ",  "the ",
					    "5th ",   "零",       ":",     "元" };
	rng_seed(&r, 20261125);
	for (int round = 0; round < 400; round++) {
		struct feel_slot_ctx c = { .now_ms = NOW, .tz_min = 480, .country = "US" };
		struct feel_slot *s = NULL;
		size_t n = 0;
		sb_init(&b, LIM_SB);
		int parts = (int)(rng_u64(&r) % 60);
		for (int k = 0; k < parts; k++)
			sb_cstr(&b, bits[rng_u64(&r) % (sizeof(bits) / sizeof(bits[0]))]);
		arena_init(&a, LIM_ARENA_TURN);
		int e = feel_slots(sb_sv(&b), &c, &a, &s, &n);
		bool fit = spans_fit(sb_sv(&b), s, n);
		arena_done(&a);
		sb_done(&b);
		EQ(e, 0);
		CHECK(fit);
	}
}

TEST(slot_long_text_is_cut_not_refused)
{
	struct arena a;
	struct sb b;
	struct feel_slot_ctx c = { .now_ms = NOW };
	struct feel_slot *s = NULL;
	size_t n = 0;

	sb_init(&b, 4u << 20);
	for (int k = 0; k < 200000; k++)
		sb_cstr(&b, "3元 ");
	arena_init(&a, LIM_ARENA_TURN);
	int e = feel_slots(sb_sv(&b), &c, &a, &s, &n);
	bool fit = n && s[n - 1].cp_end <= LIM_TEXT_MSG;
	arena_done(&a);
	sb_done(&b);
	EQ(e, 0);
	EQ(n, FEEL_SLOTS_MAX);
	CHECK(fit);
}

TEST(slot_seen_beyond_the_text_is_left_out)
{
	struct arena a;
	struct feel_seen seen[] = { { "phone", 3, 900 }, { "name", 5, 5 }, { NULL, 0, 2 } };
	struct feel_slot_ctx c = { .now_ms = NOW, .seen = seen, .n_seen = 3 };
	struct feel_slot *s = NULL;
	size_t n = 9;

	arena_init(&a, LIM_ARENA_TURN);
	int e = feel_slots(SV("hello there"), &c, &a, &s, &n);
	arena_done(&a);
	EQ(e, 0);
	CHECK(n <= 1);
}

static int fuzz_file(void *arg, const char *path)
{
	struct sb b;

	sb_init(&b, LIM_SB);
	int e = file_read(path, LIM_SB, &b, NULL);
	if (e == 0)
		LLVMFuzzerTestOneInput((const uint8_t *)b.p, b.n);
	sb_done(&b);
	++*(int *)arg;
	return e;
}

TEST(slot_fuzz_corpus)
{
	struct sb path;
	int n = 0;

	sb_init(&path, 4096);
	sb_fmt(&path, "%s/tests/fuzz/corpus/feel_slot", t_srcdir());
	int e = file_walk(sb_str(&path), fuzz_file, &n);
	sb_done(&path);
	EQ(e, 0);
	CHECK(n >= 7);
}
