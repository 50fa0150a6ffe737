/* Server-sent events, cut at every possible place. */
#include <stdlib.h>
#include "t.h"
#include "fetch.h"
#include "../fuzz/f_fetch_sse.c"

struct log {
	struct sb b;
	int n, stop_at;
};

static int on_event(void *arg, sv event, sv data, sv id)
{
	struct log *l = arg;
	sb_fmt(&l->b, "[" SV_FMT "|" SV_FMT "|" SV_FMT "]", SV_ARG(event), SV_ARG(data),
	       SV_ARG(id));
	return ++l->n == l->stop_at;
}

static void feed(struct log *l, sv s, size_t cut1, size_t cut2, int *err, int *retry)
{
	struct fetch_sse x;
	sb_init(&l->b, 65536);
	l->n = 0;
	fetch_sse_init(&x, 4096, on_event, l);
	fetch_sse_feed(&x, sv_slice(s, 0, cut1));
	fetch_sse_feed(&x, sv_slice(s, cut1, cut2));
	fetch_sse_feed(&x, sv_slice(s, cut2, s.n));
	*err = fetch_sse_end(&x);
	*retry = x.retry_ms;
	fetch_sse_done(&x);
}

TEST(sse_same_events_wherever_the_pieces_are_cut)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "data: a\n\ndata: b\n\n", "[message|a|][message|b|]" },
		{ "data: a\r\n\r\ndata:b\r\n\r\n", "[message|a|][message|b|]" },
		{ "data: a\r\rdata: b\r\r", "[message|a|][message|b|]" },
		{ "\xef\xbb\xbf"
		  "data: a\n\n",
		  "[message|a|]" },
		{ ": ping\n\n: ping\n\ndata: x\n\n", "[message|x|]" },
		{ "event: delta\nid: 7\ndata: one\ndata: two\n\ndata\n\n",
		  "[delta|one\ntwo|7][message||7]" },
		{ "data: last", "[message|last|]" },
		{ "data: {\"a\":\"b: c\"}\n\ndata: [DONE]\n\n",
		  "[message|{\"a\":\"b: c\"}|][message|[DONE]|]" },
		{ "event: x\n\nfoo: bar\n\ndata:  two spaces\n\n", "[message| two spaces|]" },
		{ "", "" },
		{ "\n\n\n", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		sv s = sv_of(cases[i].in);
		for (size_t a = 0; a <= s.n; a++)
			for (size_t b = a; b <= s.n; b++) {
				struct log l = { .stop_at = -1 };
				int err, retry;
				feed(&l, s, a, b, &err, &retry);
				bool same = sv_eq(sb_sv(&l.b), sv_of(cases[i].out)) && err == 0;
				if (!same)
					SV_EQ(sb_sv(&l.b), cases[i].out);
				sb_done(&l.b);
				CHECK(same);
			}
	}
}

TEST(sse_limits_stop_and_retry)
{
	struct log l = { .stop_at = 2 };
	int err, retry;
	feed(&l, SV("retry: 1500\ndata: a\n\ndata: b\n\ndata: c\n\n"), 3, 9, &err, &retry);
	EQ(err, ERR_CANCELED);
	EQ(l.n, 2);
	EQ(retry, 1500);
	sb_done(&l.b);
	char *p = xalloc(9000);
	memset(p, 'x', 9000);
	memcpy(p, "data: ", 6);
	l.stop_at = -1;
	feed(&l, sv_n(p, 9000), 1, 2, &err, &retry);
	EQ(err, ERR_TOOBIG);
	EQ(l.n, 0);
	sb_done(&l.b);
	struct fetch_sse x;
	fetch_sse_init(&x, 4096, on_event, &l);
	for (int i = 0; i < 2000; i++)
		err = fetch_sse_feed(&x, SV("data: yyyyyyyyyy\n"));
	EQ(err, ERR_TOOBIG);
	EQ(fetch_sse_feed(&x, SV("\n")), ERR_TOOBIG);
	fetch_sse_done(&x);
	xfree(p);
}

static int one_file(void *arg, const char *path)
{
	struct sb b;
	struct err e = { 0 };
	sb_init(&b, 1u << 20);
	if (file_read(path, 1u << 20, &b, &e) == 0) {
		LLVMFuzzerTestOneInput((const uint8_t *)b.p, b.n);
		(*(int *)arg)++;
	}
	sb_done(&b);
	return 0;
}

TEST(sse_fuzz_corpus)
{
	char dir[600];
	int n = 0;
	struct sb b;
	sb_init(&b, sizeof dir);
	sb_fmt(&b, "%s/tests/fuzz/corpus/fetch_sse", t_srcdir());
	file_walk(sb_str(&b), one_file, &n);
	sb_done(&b);
	CHECK(n >= 10);
}
