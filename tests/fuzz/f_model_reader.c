/* f_model_reader.c: any bytes as a stream of events, and as a whole answer: no crash, the text
 * passed on is valid UTF-8, calls stay within their bounds, and what came out does not depend
 * on where the bytes were cut. */
#include "fetch.h"
#include "llm_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_reader {
	struct llm_reader r;
	struct sb text;
};

static bool fuzz_text(void *arg, sv text)
{
	struct fuzz_reader *f = arg;
	sb_put(&f->text, text);
	return f->text.n < 100000;
}

static int fuzz_event(void *arg, sv event, sv line, sv id)
{
	(void)event;
	(void)id;
	return llm_reader_event(&((struct fuzz_reader *)arg)->r, line);
}

static void fuzz_calls(const struct llm_reader *r, struct sb *out)
{
	for (size_t i = 0; r->parts && i < r->parts->n; i++) {
		const struct llm_part *p = &r->parts->v[i];
		ASSERT(p->args.n <= LLM_ARGS_MAX && r->parts->n <= LLM_CALLS_MAX);
		sb_fmt(out, "\n" SV_FMT "/" SV_FMT "/" SV_FMT, SV_ARG(sb_sv(&p->id)),
		       SV_ARG(sb_sv(&p->name)), SV_ARG(sb_sv(&p->args)));
	}
}

/* In steps of so many bytes; text and calls into out. */
static int fuzz_stream(sv s, size_t step, struct sb *out)
{
	struct fuzz_reader f;
	struct fetch_sse sse;
	int rc = 0;
	sb_init(&f.text, LIM_SB);
	llm_reader_init(&f.r, fuzz_text, &f);
	fetch_sse_init(&sse, LIM_SB, fuzz_event, &f);
	for (; s.n && !rc; s = sv_slice(s, step, s.n))
		rc = fetch_sse_feed(&sse, sv_slice(s, 0, step));
	rc = rc ? rc : fetch_sse_end(&sse);
	rc = rc ? rc : llm_reader_end(&f.r);
	ASSERT(rc <= 0 && sv_utf8_ok(sb_sv(&f.text)));
	sb_put(out, sb_sv(&f.text));
	fuzz_calls(&f.r, out);
	llm_reader_done(&f.r);
	fetch_sse_done(&sse);
	sb_done(&f.text);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sv s = sv_n((const char *)data, size);
	struct fuzz_reader f;
	struct sb a, b;
	sb_init(&a, 16 * LIM_SB);
	sb_init(&b, 16 * LIM_SB);
	int whole = fuzz_stream(s, size + 1, &a), cut = fuzz_stream(s, 3, &b);
	ASSERT(whole == cut && sv_eq(sb_sv(&a), sb_sv(&b)));
	sb_done(&a);
	sb_done(&b);
	sb_init(&f.text, LIM_SB);
	llm_reader_init(&f.r, fuzz_text, &f);
	(void)llm_reader_whole(&f.r, s);
	(void)llm_reader_end(&f.r);
	ASSERT(sv_utf8_ok(sb_sv(&f.text)));
	llm_reader_done(&f.r);
	sb_done(&f.text);
	return 0;
}
