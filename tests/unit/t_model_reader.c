/* t_model_reader.c: the reader of chat completions: reasoning, odd chunks, ends. */
#include "t.h"
#include "llm_int.h"
#define LLVMFuzzerTestOneInput fuzz_reader
#include "../fuzz/f_model_reader.c"

static bool take(void *arg, sv text)
{
	sb_put(arg, text);
	return true;
}

/* Feeds chunks and compares the text and the result. */
static bool reads(const char *const *chunks, const char *want, int want_rc)
{
	struct llm_reader r;
	struct sb b;
	sb_init(&b, LIM_SB);
	llm_reader_init(&r, take, &b);
	int rc = 0;
	for (size_t i = 0; chunks[i] && !rc; i++)
		rc = llm_reader_event(&r, sv_of(chunks[i]));
	rc = rc ? rc : llm_reader_end(&r);
	bool ok = t_sv_eq(__FILE__, __LINE__, "text", sb_sv(&b), sv_of(want)) &&
		  t_eq(__FILE__, __LINE__, "rc", rc, want_rc);
	sb_done(&b);
	return ok;
}

#define D(text) "{\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}"
#define READS(want, rc, ...) \
	CHECK(reads((const char *const[]){ __VA_ARGS__, NULL }, want, rc))

TEST(reader_plain)
{
	READS("Hello there", 0, D("Hello"), D(" there"), "[DONE]");
	READS("Hello", 0, D("Hello"));
	READS("Hello", 0, "{\"choices\":[]}",
	      "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}",
	      D("Hello"), "{\"choices\":[],\"usage\":{\"prompt_tokens\":5}}", "[DONE]");
	READS("ab", 0, D("a"), "not json", "{\"truncated\":", D("b"), "[DONE]",
	      D("after the end"));
	READS("a", 0, "{\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}");
}

TEST(reader_strips_reasoning)
{
	READS("Hi", 0, D("<think>secret</think>\\n\\nHi"));
	READS("Hi", 0, D("<thi"), D("nk>sec"), D("ret</"), D("think>"), D("\\n"),
	      D("\\nHi"));
	READS("a < b <the", 0, D("a <"), D(" b <t"), D("he"));
	READS("x <thin", 0, D("x <thin"));
	READS("xy", 0, D("x<think>a</think>y"));
	READS("y", 0, D("<think>a < b </thin k></think>y"));
	READS("Hi", 0, "{\"choices\":[{\"delta\":{\"reasoning_content\":\"secret\"}}]}",
	      D("Hi"));
	READS("", ERR_UPSTREAM, D("<think>never ends"));
}

/* However the answer is cut into deltas, the text is the same. */
TEST(reader_any_cut)
{
	static const char whole[] = "<think>plan \xe4\xbd\xa0</think>\n Hello "
				    "<b>\xe5\xa5\xbd</b> <think>x</think>end";
	for (int k = 0; k < 500; k++) {
		struct llm_reader r;
		struct sb b;
		sb_init(&b, LIM_SB);
		llm_reader_init(&r, take, &b);
		sv s = sv_of(whole);
		while (s.n) {
			size_t n = 1 + (size_t)rng_below(t_rng(), 7);
			while (n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
				n++;
			n = n < s.n ? n : s.n;
			struct sb c;
			sb_init(&c, LIM_SB);
			sb_cstr(&c, "{\"choices\":[{\"delta\":{\"content\":");
			sb_json(&c, sv_slice(s, 0, n));
			sb_cstr(&c, "}}]}");
			(void)llm_reader_event(&r, sb_sv(&c));
			sb_done(&c);
			s = sv_slice(s, n, s.n);
		}
		int rc = llm_reader_end(&r);
		bool ok = t_sv_eq(__FILE__, __LINE__, "text", sb_sv(&b),
				  SV("Hello <b>\xe5\xa5\xbd</b> end"));
		sb_done(&b);
		OK(rc);
		CHECK(ok);
	}
}

TEST(reader_errors)
{
	READS("", ERR_UPSTREAM, "{\"error\":{\"message\":\"overloaded\"}}");
	READS("a", ERR_UPSTREAM, D("a"), "{\"error\":\"broken\"}");
	READS("", ERR_RATE, "{\"error\":{\"message\":\"slow down\",\"code\":429}}");
	READS("", ERR_DENIED,
	      "{\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}");
	READS("", ERR_UPSTREAM, "{\"choices\":[]}");
	READS("", 0,
	      "{\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]"
	      "}");
}

static int run_file(void *arg, const char *path)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	int rc = file_read(path, LIM_SB, &b, NULL);
	if (!rc)
		(void)LLVMFuzzerTestOneInput((const uint8_t *)sb_str(&b), b.n);
	(*(size_t *)arg)++;
	sb_done(&b);
	return rc;
}

TEST(reader_fuzz_corpus)
{
	struct sb p;
	size_t n = 0;
	sb_init(&p, 4096);
	sb_fmt(&p, "%s/tests/fuzz/corpus/model_reader", t_srcdir());
	int rc = file_walk(sb_str(&p), run_file, &n);
	sb_done(&p);
	OK(rc);
	CHECK(n >= 4);
}
