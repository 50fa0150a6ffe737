/* t_base_text.c: views, builders, UTF-8, errors. */
#include <errno.h>
#include <stdlib.h>
#include "t.h"

TEST(base_sv_says_whole_words)
{
	static const struct {
		const char *s, *words;
		bool says;
	} v[] = {
		{ "and to us?", "us", true },	   { "the bus stops", "us", false },
		{ "our business", "us", false },   { "US, then", "us", true },
		{ "type A1 please", "a1", true },  { "type A12", "A1", false },
		{ "type XA1", "A1", false },	   { "costs 10 euros", "1", false },
		{ "at 10pm", "pm", true },	   { "支付宝付款", "支付宝", true },
		{ "用Alipay付款", "alipay", true }, { "rye bread", "rye bread", true },
		{ "rye", "rye bread", false },	   { "anything", "", false },
		{ "", "us", false },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		EQ(sv_says(sv_of(v[i].s), sv_of(v[i].words)), v[i].says);
}

TEST(sv_compares)
{
	CHECK(sv_eq(SV("abc"), sv_of("abc")));
	CHECK(!sv_eq(SV("abc"), SV("abd")));
	CHECK(sv_eq(SV_NULL, SV("")));
	CHECK(sv_eq_nocase(SV("Content-TYPE"), SV("content-type")));
	CHECK(!sv_eq_nocase(SV("a"), SV("ab")));
	EQ(sv_cmp(SV("a"), SV("b")), -1);
	EQ(sv_cmp(SV("ab"), SV("a")), 1);
	EQ(sv_cmp(SV("\xff"), SV("a")), 1);
	EQ(sv_cmp(SV_NULL, SV_NULL), 0);
	CHECK(sv_starts(SV("hello"), SV("he")) && sv_starts(SV("x"), SV_NULL));
	CHECK(sv_ends(SV("hello"), SV("lo")) && !sv_ends(SV("o"), SV("lo")));
}

TEST(sv_cuts_and_trims)
{
	sv s = SV("a,b,,c"), h;

	CHECK(sv_cut(&s, ',', &h));
	SV_EQ(h, "a");
	CHECK(sv_cut(&s, ',', &h) && sv_cut(&s, ',', &h));
	EQ(h.n, 0);
	CHECK(sv_cut(&s, ',', &h));
	SV_EQ(h, "c");
	CHECK(!sv_cut(&s, ',', &h));
	s = SV("one\r\ntwo\n\nlast");
	CHECK(sv_line(&s, &h));
	SV_EQ(h, "one");
	CHECK(sv_line(&s, &h) && sv_line(&s, &h));
	EQ(h.n, 0);
	CHECK(sv_line(&s, &h));
	SV_EQ(h, "last");
	SV_EQ(sv_trim(SV(" \t\xe3\x80\x80 x y \xe3\x80\x80\n")), "x y");
	EQ(sv_trim(SV("\xe3\x80\x80")).n, 0);
	SV_EQ(sv_slice(SV("hello"), 1, 3), "el");
	EQ(sv_slice(SV("hello"), 4, 2).n, 0);
	SV_EQ(sv_slice(SV("hello"), 3, 99), "lo");
	EQ(sv_find(SV("hello"), SV("lo")), 3);
	EQ(sv_find(SV("hello"), SV("world!")), -1);
	EQ(sv_find(SV_NULL, SV_NULL), 0);
	EQ(sv_find_ch(SV("a:b"), ':'), 1);
}

TEST(sv_reads_numbers)
{
	int64_t i = 7;
	double d = 7;

	OK(sv_i64(SV("-9223372036854775808"), &i));
	CHECK(i == INT64_MIN);
	OK(sv_i64(SV("9223372036854775807"), &i));
	CHECK(i == INT64_MAX);
	EQ(sv_i64(SV("9223372036854775808"), &i), ERR_RANGE);
	EQ(sv_i64(SV("-9223372036854775809"), &i), ERR_RANGE);
	OK(sv_i64(SV("+5"), &i));
	EQ(i, 5);
	i = 7;
	EQ(sv_i64(SV(""), &i), ERR_PARSE);
	EQ(sv_i64(SV("-"), &i), ERR_PARSE);
	EQ(sv_i64(SV(" 1"), &i), ERR_PARSE);
	EQ(sv_i64(SV("1x"), &i), ERR_PARSE);
	EQ(i, 7);
	OK(sv_f64(SV("-1.5e3"), &d));
	NEAR(d, -1500, 0);
	EQ(sv_f64(SV("nan"), &d), ERR_PARSE);
	EQ(sv_f64(SV("0x10"), &d), ERR_PARSE);
	EQ(sv_f64(SV("1e999"), &d), ERR_RANGE);
	EQ(sv_f64(SV("1.2.3"), &d), ERR_PARSE);
	EQ(sv_f64(SV(""), &d), ERR_PARSE);
	CHECK(sv_hash(SV("a")) == UINT64_C(0xaf63dc4c8601ec8c)); /* FNV-1a test vector */
}

TEST(utf8_strictness)
{
	static const struct { sv s; bool ok; size_t runes; } rows[] = {
		{ { "a\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80", 10 }, true, 4 },
		{ { "\xc0\xaf", 2 }, false, 2 },             /* overlong / */
		{ { "\xe0\x80\xaf", 3 }, false, 3 },
		{ { "\xed\xa0\x80", 3 }, false, 3 },         /* surrogate */
		{ { "\xf4\x90\x80\x80", 4 }, false, 4 },     /* > 10FFFF */
		{ { "\xe4\xbd", 2 }, false, 2 },             /* cut short */
		{ { "\x80", 1 }, false, 1 },
		{ { "\xff\xfe", 2 }, false, 2 },
		{ { "", 0 }, true, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQ(sv_utf8_ok(rows[i].s), rows[i].ok);
		EQ(sv_runes(rows[i].s), rows[i].runes);
	}
	EQ(sv_rune_offset(SV("a\xe4\xbd\xa0" "b"), 2), 4);
	EQ(sv_rune_offset(SV("ab"), 9), 2);
}

TEST(utf8_head_cuts_no_code_point)
{
	sv s = SV("a\xe4\xbd\xa0" "b");
	const size_t want[] = { 0, 1, 1, 1, 4, 5, 5 };
	for (size_t n = 0; n < sizeof(want) / sizeof(*want); n++) {
		char to[8] = "xxxxxxx";
		EQ(sv_head(s, n).n, want[n]);
		sv_copy(to, n + 1, s);
		EQ(strlen(to), want[n]);
		CHECK(sv_eq(sv_of(to), sv_slice(s, 0, want[n])));
	}
	EQ(sv_head(SV("\x80\x80\x80"), 2).n, 0);     /* nothing begins there */
	EQ(sv_head(SV_NULL, 3).n, 0);
}

TEST(utf8_roundtrip_of_every_code_point)
{
	for (uint32_t r = 1; r <= 0x10FFFF; r++) {
		char buf[4];
		size_t n = sv_encode(r, buf);
		sv s = sv_n(buf, n);
		uint32_t want = r >= 0xD800 && r <= 0xDFFF ? 0xFFFD : r;

		CHECK(sv_utf8_ok(s));
		EQ(sv_rune(&s), want);
		EQ(s.n, 0);
	}
}

TEST(fold_matches_what_people_type)
{
	static const struct {
		uint32_t from, to;
	} rows[] = {
		{ 'A', 'a' },       { 'z', 'z' },     { '5', '5' },     { 0xFF21, 'a' },
		{ 0xFF15, '5' },    { 0x3000, ' ' },  { 0xC9, 'e' },    { 0xE9, 'e' },
		{ 0xFC, 'u' },      { 0xD1, 'n' },    { 0xE7, 'c' },    { 0x17D, 'z' },
		{ 0x141, 'l' },     { 0x15F, 's' },   { 0x11B, 'e' },   { 0x130, 'i' },
		{ 0x151, 'o' },     { 0xFF, 'y' },    { 0x1EA4, 'a' },  { 0x1EF3, 'y' },
		{ 0x1EC7, 'e' },    { 0x1ED9, 'o' },  { 0x1A1, 'o' },   { 0x1B0, 'u' },
		{ 0xDF, 0xDF },     { 0xC6, 0xE6 },   { 0xD7, 0xD7 },   { 0x152, 0x153 },
		{ 0x391, 0x3B1 },   { 0x3CE, 0x3C9 }, { 0x416, 0x436 }, { 0x401, 0x451 },
		{ 0x4F60, 0x4F60 }, { 0x1D0, 'i' },   { 0x1E9E, 0xDF }, { 0x12E, 'i' },
		{ 0x162, 't' },     { 0x178, 'y' },   { 0x1E84, 'w' },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		EQ(sv_fold(rows[i].from), rows[i].to);
	for (uint32_t r = 0; r < 0x20000; r++)
		EQ(sv_fold(sv_fold(r)), sv_fold(r)); /* folding twice changes nothing */
	CHECK(sv_is_cjk(0x4F60) && sv_is_cjk(0x3042) && sv_is_cjk(0xAC00) && sv_is_cjk(0x20000));
	CHECK(!sv_is_cjk('a') && !sv_is_cjk(0xFF01) && !sv_is_cjk(0x3002));
}

TEST(sb_builds_and_stops_at_its_bound)
{
	struct sb b;

	sb_init(&b, 10);
	STR_EQ(sb_str(&b), "");
	sb_fmt(&b, "%d-%s", 12, "abc");
	sb_ch(&b, '!');
	SV_EQ(sb_sv(&b), "12-abc!");
	sb_cstr(&b, "1234");
	EQ(sb_err(&b), ERR_TOOBIG);
	sb_ch(&b, 'x');
	SV_EQ(sb_sv(&b), "12-abc!");
	sb_reset(&b);
	EQ(sb_err(&b), 0);
	sb_cstr(&b, "0123456789");
	EQ(sb_err(&b), 0);
	sb_truncate(&b, 3);
	STR_EQ(sb_str(&b), "012");
	sb_done(&b);
	sb_done(&b);
}

TEST(sb_formats_long_text)
{
	struct sb b;
	char *taken;

	sb_init(&b, LIM_SB);
	sb_fmt(&b, "%0500d", 7);
	EQ(sb_sv(&b).n, 500);
	sb_fmt(&b, "%s", "tail");
	CHECK(sv_ends(sb_sv(&b), SV("7tail")));
	taken = sb_take(&b);
	EQ(strlen(taken), 504);
	free(taken);
	EQ(b.n, 0);
	taken = sb_take(&b);
	STR_EQ(taken, "");
	free(taken);
}

TEST(sb_escapes)
{
	struct sb b;

	sb_init(&b, LIM_SB);
	sb_json(&b, SV("a\"\\\n\x01\x7f\xe4\xbd\xa0\xff/"));
	SV_EQ(sb_sv(&b), "\"a\\\"\\\\\\n\\u0001\\u007f\xe4\xbd\xa0\xef\xbf\xbd/\"");
	sb_reset(&b);
	sb_html(&b, SV("<a href='x'>&\"</a>"));
	SV_EQ(sb_sv(&b), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
	sb_reset(&b);
	sb_url(&b, sv_n("a b/\xe4~\0", 7));
	SV_EQ(sb_sv(&b), "a%20b%2F%E4~%00");
	sb_reset(&b);
	sb_base64(&b, "", 0);
	sb_base64(&b, "f", 1);
	sb_base64(&b, "fo", 2);
	sb_base64(&b, "foo", 3);
	sb_base64(&b, "foobar", 6);
	SV_EQ(sb_sv(&b), "Zg==Zm8=Zm9vZm9vYmFy"); /* RFC 4648 section 10 */
	sb_reset(&b);
	sb_rune(&b, 0x1F600);
	sb_rune(&b, 0xD800);
	SV_EQ(sb_sv(&b), "\xf0\x9f\x98\x80\xef\xbf\xbd");
	sb_done(&b);
}

TEST(errors_have_names_and_protocol_codes)
{
	struct err e = { 0 };

	STR_EQ(err_name(0), "OK");
	STR_EQ(err_name(ERR_NOTFOUND), "NOTFOUND");
	STR_EQ(err_text(ERR_TOOBIG), "too large");
	STR_EQ(err_name(-999), "UNKNOWN");
	STR_EQ(err_name(5), "UNKNOWN");
	STR_EQ(err_name(-2147483647 - 1), "UNKNOWN");
	EQ(err_http(0), 200);
	EQ(err_http(ERR_DENIED), 403);
	EQ(err_sip(ERR_BUSY), 486);
	CHECK(err_retryable(ERR_TIMEOUT) && !err_retryable(ERR_PARSE));
	EQ(err_from_errno(ENOENT), ERR_NOTFOUND);
	EQ(err_from_errno(EADDRINUSE), ERR_BUSY);
	EQ(err_from_errno(0), 0);
	EQ(err_from_errno(12345), ERR_IO);
	e.line = 9;
	EQ(err_set(&e, ERR_PARSE, "bad %s\nhere", "thing"), ERR_PARSE);
	STR_EQ(e.msg, "bad thing here");
	EQ(e.line, 0);
	EQ(err_set(NULL, ERR_IO, "x"), ERR_IO);
}
