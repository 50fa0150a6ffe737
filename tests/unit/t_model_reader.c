/* t_model_reader.c: the reader of chat completions: reasoning, odd chunks, ends, bytes that
 * are no text, frames cut anywhere. */
#include "t.h"
#include "fetch.h"
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
	llm_reader_done(&r);
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

TEST(reader_errors_in_other_shapes)
{
	READS("", ERR_UPSTREAM, "{\"object\":\"error\",\"message\":\"no\",\"code\":503}");
	READS("", ERR_INVAL, "{\"object\":\"error\",\"message\":\"too long\",\"code\":400}");
	READS("", ERR_RATE, "{\"error\":{\"message\":\"slow\",\"type\":\"rate_limit_error\"}}");
	READS("", ERR_RATE, "{\"error\":{\"message\":\"slow\",\"code\":\"rate_limit_exceeded\"}}");
	READS("", ERR_AUTH, "[{\"error\":{\"message\":\"key\",\"code\":401}}]");
	READS("a", 0, "{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}");
	READS("a", 0, "{\"error\":\"\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}");
	READS("", ERR_DENIED, "{\"choices\":[{\"delta\":{\"refusal\":\"I cannot\"},"
			      "\"finish_reason\":\"stop\"}]}");
	READS("ab", 0, "{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
		       "{\"type\":\"text\",\"text\":\"b\"}]}}]}");
}

TEST(reader_whole_refusals)
{
	static const struct {
		const char *body, *says;
		int rc;
	} cases[] = {
		{ "{\"detail\":\"Not Found\"}", "Not Found", ERR_UPSTREAM },
		{ "{\"message\":\"no route\"}", "no route", ERR_UPSTREAM },
		{ "{\"error\":\"model is loading\"}", "model is loading", ERR_UPSTREAM },
		{ "<html>", "not JSON", ERR_UPSTREAM },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct llm_reader r;
		llm_reader_init(&r, take, NULL);
		EQ(llm_reader_whole(&r, sv_of(cases[i].body)), cases[i].rc);
		HAS(sv_of(r.error), cases[i].says);
		llm_reader_done(&r);
	}
}

/* A chunk with something that JSON forbids is mended, so that its text is not lost. */
TEST(reader_mends_bytes)
{
	READS("a\xef\xbf\xbd" "b", 0, D("a\xff" "b"));
	READS("\xef\xbf\xbd\xef\xbf\xbd", 0, D("\xe4\xbd"));
	READS("a\xef\xbf\xbd" "b", 0, D("a\\u0000b"));
	READS("a\\u0000b", 0, D("a\\\\u0000b"));
	READS("a\xef\xbf\xbd!", 0, D("a\\ud83d!"));
	READS("\xef\xbf\xbd" "A", 0, D("\\udc00\\u0041"));
	READS("\xf0\x9f\x98\x80\xef\xbf\xbd", 0, D("\\ud83d\\ude00\\u0000"));
	READS("a b", 0, D("a\tb"));
	READS("x", 0, "{\"choices\":[{\"delta\":{\"content\":\"bad \\u12\"}}]}", D("x"));
	READS("x", 0, "{\\", "[\"\\", D("x"));
	struct llm_reader r;
	struct sb b;
	sb_init(&b, LIM_SB);
	llm_reader_init(&r, take, &b);
	static const char nul[] = "{\"choices\":[{\"delta\":{\"content\":\"a\0b\"}}]}";
	int rc = llm_reader_event(&r, sv_n(nul, sizeof(nul) - 1));
	bool ok = t_sv_eq(__FILE__, __LINE__, "nul", sb_sv(&b), SV("a b"));
	sb_done(&b);
	OK(rc);
	CHECK(ok);
}

/* Thoughts in fields of their own are not said; nothing but thoughts is no answer. */
TEST(reader_thoughts_by_dialect)
{
	static const char *const names[] = { "reasoning_content", "reasoning" };
	for (int i = 0; i < 2; i++) {
		struct llm_dialect d;
		struct llm_reader r;
		struct sb chunk, b;
		struct err e;
		OK(llm_dialect_load(&d, "vllm", &e));
		sb_init(&b, LIM_SB);
		sb_init(&chunk, LIM_SB);
		sb_fmt(&chunk, "{\"choices\":[{\"delta\":{\"%s\":\"hm\"},\"finish_reason\":"
			       "\"length\"}]}", names[i]);
		llm_reader_init(&r, take, &b);
		r.d = &d;
		int rc = llm_reader_event(&r, sb_sv(&chunk)), end = llm_reader_end(&r);
		bool none = b.n == 0;
		sb_done(&chunk);
		sb_done(&b);
		llm_reader_done(&r);
		llm_dialect_done(&d);
		OK(rc);
		EQ(end, ERR_UPSTREAM);
		CHECK(none);
	}
}

struct both {
	struct llm_reader r;
	struct sb text;
};

static int into_reader(void *arg, sv event, sv data, sv id)
{
	return llm_reader_event(&((struct both *)arg)->r, data);
}

static bool into_text(void *arg, sv text)
{
	sb_put(&((struct both *)arg)->text, text);
	return true;
}

/* The same stream, with comments, CRLF, event lines and a call, cut at any bytes. */
TEST(reader_frames_cut_anywhere)
{
	static const char stream[] =
		"\xef\xbb\xbf: hi\r\n\r\nevent: message\r\nid: 1\r\n"
		"data: {\"choices\":[{\"delta\":{\"content\":\"\xe4\xbd\xa0\"}}]}\r\n\r\n"
		": keep-alive\n\n"
		"data:{\"choices\":[{\"delta\":{\"content\":\"\xe5\xa5\xbd, \"}}]}\n\n\n\n"
		"data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"you\"}}]}\n\n"
		"data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\","
		"\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\r\r"
		"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n"
		"data: [DONE]\n\n"
		"data: {\"choices\":[{\"delta\":{\"content\":\"no\"}}]}\n\n";
	for (int k = 0; k < 300; k++) {
		struct both x;
		struct fetch_sse sse;
		sv s = sv_n(stream, sizeof(stream) - 1);
		size_t most = k == 0 ? 1 : 1 + (size_t)rng_below(t_rng(), 40);
		sb_init(&x.text, LIM_SB);
		llm_reader_init(&x.r, into_text, &x);
		fetch_sse_init(&sse, LIM_SB, into_reader, &x);
		int rc = 0;
		while (s.n && !rc) {
			size_t n = 1 + (size_t)rng_below(t_rng(), most);
			rc = fetch_sse_feed(&sse, sv_slice(s, 0, n));
			s = sv_slice(s, n, s.n);
		}
		rc = rc ? rc : llm_reader_end(&x.r);
		bool ok = t_sv_eq(__FILE__, __LINE__, "text", sb_sv(&x.text),
				  SV("\xe4\xbd\xa0\xe5\xa5\xbd, you")) &&
			  x.r.done && x.r.parts && x.r.parts->n == 1 && x.r.prompt_tokens == 3;
		sb_done(&x.text);
		llm_reader_done(&x.r);
		fetch_sse_done(&sse);
		OK(rc);
		CHECK(ok);
	}
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
	CHECK(n >= 7);
}
