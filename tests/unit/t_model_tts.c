/* t_model_tts.c: speech out of worker processes: sound, marks, cancelling, several
 * requests, crashes. */
#include <signal.h>
#include <stdio.h>

#include "t.h"
#include "model.h"
#include "model_paths.h"
#include "worker_pinyin.h"

enum { MAX_MARKS = 200 };

struct heard {
	size_t samples, n_marks, chunks;
	int rate, ends, err, peak;
	size_t off[MAX_MARKS], at[MAX_MARKS];
	struct tts_run *run;
	bool cancel_at_first;
	struct tts *then; /* start another from on_end */
	struct heard *next;
};

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate)
{
	struct heard *h = arg;
	h->samples += n;
	h->rate = rate;
	h->chunks++;
	for (size_t i = 0; i < n; i++)
		h->peak = s[i] > h->peak ? s[i] : h->peak;
	if (h->cancel_at_first)
		tts_cancel(h->run);
}

static void on_mark(void *arg, size_t off, size_t at)
{
	struct heard *h = arg;
	if (h->n_marks >= MAX_MARKS)
		return;
	h->off[h->n_marks] = off;
	h->at[h->n_marks++] = at;
}

static void on_end(void *arg, int err);
static const struct tts_cb cb = { on_pcm, on_mark, on_end };

static void on_end(void *arg, int err)
{
	struct heard *h = arg;
	h->ends++;
	h->err = err;
	if (h->then)
		(void)tts_start(h->then, SV("And then."), SV("en"), &cb, h->next,
				&h->next->run);
}

/* espeak-ng is optional: without callm-espeak only flite is tested. */
static int n_kinds(void)
{
	return file_exists(MODEL_PATHS "/callm-espeak") ? 2 : 1;
}

static bool ended(void *arg)
{
	return ((struct heard *)arg)->ends > 0;
}

static bool begun(void *arg)
{
	return ((struct heard *)arg)->chunks > 0;
}

static int open_kind(struct tts **t, struct loop *l, const char *kind)
{
	static char exe[512];
	struct err e = { 0 };
	bool flite = !strcmp(kind, "flite");
	(void)snprintf(exe, sizeof(exe), "%s/%s", MODEL_PATHS,
		       flite ? "model_worker" : "callm-espeak");
	struct model_spec s = { .kind = kind, .exe = exe };
	int rc = tts_open(t, &s, l, &e);
	if (rc)
		(void)printf("# %s\n", e.msg);
	return rc;
}

static const char *const both[] = { "flite", "espeak" };
#define EACH_KIND(k) for (int k = 0; k < n_kinds(); k++)

static void check_marks(const struct heard *h, size_t text_n)
{
	CHECK(h->n_marks >= 5);
	for (size_t i = 0; i < h->n_marks; i++) {
		CHECK(h->off[i] < text_n);
		CHECK(h->at[i] <= h->samples);
		CHECK(i == 0 || h->off[i] >= h->off[i - 1]);
		CHECK(i == 0 || h->at[i] >= h->at[i - 1]);
	}
}

TEST(tts_says_and_marks)
{
	sv text = SV("Hello, your order HH2026-100123 costs CNY 129.00. It arrives on "
		     "2026-03-03!");
	EACH_KIND(k)
	{
		struct loop *l = loop_new();
		struct tts *t = NULL;
		struct heard h = { 0 };
		int rc = open_kind(&t, l, both[k]);
		if (!rc)
			rc = tts_start(t, text, SV("en"), &cb, &h, &h.run);
		bool done = !rc && t_wait(l, ended, &h, 20000);
		tts_close(t);
		loop_free(l);
		OK(rc);
		CHECK(done);
		OK(h.err);
		EQ(h.rate, k == 0 ? 16000 : 22050);
		CHECK(h.samples > (size_t)h.rate * 4 &&
		      h.samples < (size_t)h.rate * 25);
		CHECK(h.peak > 3000);
		EQ(h.off[0], 0);
		check_marks(&h, text.n);
		bool order = false, date = false;
		for (size_t i = 0; i < h.n_marks; i++) {
			order = order || h.off[i] == 18;
			date = date || h.off[i] == (size_t)sv_find(text, SV("2026-03"));
		}
		CHECK(order);
		CHECK(date);
	}
}

TEST(tts_chinese)
{
	if (n_kinds() < 2)
		SKIP("callm-espeak was not built");
	sv text = SV(
		"您好，您的订单HH2026-100123已发货，运费8元。请到重庆银行 app 还款。");
	struct loop *l = loop_new();
	struct tts *t = NULL;
	struct heard h = { 0 };
	int rc = open_kind(&t, l, "espeak");
	if (!rc)
		rc = tts_start(t, text, SV("zh"), &cb, &h, &h.run);
	bool done = !rc && t_wait(l, ended, &h, 20000);
	bool zh = t && tts_serves(t, SV("zh")), xx = t && tts_serves(t, SV("tlh"));
	tts_close(t);
	loop_free(l);
	OK(rc);
	CHECK(done);
	CHECK(zh && !xx);
	OK(h.err);
	CHECK(h.samples > 22050 * 4);
	check_marks(&h, text.n);
}

TEST(tts_pinyin_table)
{
	size_t n;
	STR_EQ(pinyin_find(SV("银行卡"), &n), "yin2 hang2");
	EQ(n, 6);
	STR_EQ(pinyin_find(SV("还可以吗"), &n), "hai2 ke2 yi3");
	EQ(n, 9);
	CHECK(!pinyin_find(SV("你好"), &n));
	CHECK(!pinyin_find(SV("ab"), &n));
}

TEST(tts_queue_keeps_order_and_cancel_is_final)
{
	EACH_KIND(k)
	{
		struct loop *l = loop_new();
		struct tts *t = NULL;
		struct heard a = { 0 }, b = { .cancel_at_first = true }, c = { 0 },
			     d = { 0 };
		sv text = SV("This is a sentence of several words that takes a while "
			     "to say.");
		int rc = open_kind(&t, l, both[k]);
		if (!rc) {
			(void)tts_start(t, text, SV("en"), &cb, &a, &a.run);
			(void)tts_start(t, text, SV("en"), &cb, &b, &b.run);
			(void)tts_start(t, text, SV("en"), &cb, &d, &d.run);
			(void)tts_start(t, SV("Short."), SV("en"), &cb, &c, &c.run);
			tts_cancel(d.run);
			tts_cancel(NULL);
		}
		bool done = !rc && t_wait(l, ended, &c, 20000);
		tts_close(t);
		loop_free(l);
		OK(rc);
		CHECK(done);
		EQ(a.ends, 1);
		EQ(b.ends, 0);
		EQ(b.chunks, 1);
		EQ(d.chunks + (size_t)d.ends, 0);
		EQ(c.ends, 1);
		CHECK(a.samples > c.samples && c.samples > 0);
	}
}

/* The worker is killed, or hangs, while it speaks: that request ends with an error within ms,
 * the next one works, also one that is started before the process is back. */
static void lose_worker(int sig, int64_t ms)
{
	struct loop *l = loop_new();
	struct tts *t = NULL;
	struct heard a = { 0 }, b = { 0 };
	struct sb big;
	sb_init(&big, LIM_SB);
	for (int i = 0; i < 100; i++)
		sb_cstr(&big, "This takes the worker some time to say. ");
	int rc = open_kind(&t, l, "flite");
	if (!rc)
		rc = tts_start(t, sb_sv(&big), SV("en"), &cb, &a, &a.run);
	a.then = t;
	a.next = &b;
	bool one = !rc && t_wait(l, begun, &a, 20000);
	int64_t at = loop_now_ms(l);
	if (one) {
		int pid = tts_worker_pid(t);
		CHECK(pid > 1);
		(void)kill(pid, sig);
	}
	bool died = one && t_wait(l, ended, &a, 20000);
	int64_t took = loop_now_ms(l) - at;
	bool again = died && t_wait(l, ended, &b, 20000);
	tts_close(t);
	loop_free(l);
	sb_done(&big);
	OK(rc);
	CHECK(one);
	CHECK(died);
	CHECK(took < ms);
	EQ(a.err, ERR_UPSTREAM);
	CHECK(again);
	OK(b.err);
	CHECK(b.samples > 4000);
}

TEST(tts_survives_a_crash)
{
	lose_worker(SIGKILL, 4500);
}

TEST(tts_survives_a_worker_that_hangs)
{
	lose_worker(SIGSTOP, 4500);
}

TEST(tts_odd_texts_end)
{
	static const char *const texts[] = { "",  " ",  "...",   "😀",    "\xff\xfe",
					     "a", "!?", "ß é ñ", "你好", "-----" };
	EACH_KIND(k)
	{
		struct loop *l = loop_new();
		struct tts *t = NULL;
		struct heard h[10] = { 0 };
		int rc = open_kind(&t, l, both[k]);
		for (int i = 0; i < 10 && !rc; i++)
			rc = tts_start(t, sv_of(texts[i]), SV("en"), &cb, &h[i],
				       &h[i].run);
		bool done = !rc && t_wait(l, ended, &h[9], 20000);
		tts_close(t);
		loop_free(l);
		OK(rc);
		CHECK(done);
		for (int i = 0; i < 10; i++)
			EQ(h[i].ends, 1);
	}
}

TEST(tts_open_explains)
{
	struct loop *l = loop_new();
	struct tts *t = NULL;
	struct err e = { 0 };
	int rc = tts_open(&t,
			  &(struct model_spec){ .kind = "espeak",
						.exe = "/nonexistent/x" },
			  l, &e);
	int rc2 = tts_open(&t, &(struct model_spec){ .kind = "siren" }, l, NULL);
	loop_free(l);
	EQ(rc, ERR_NOTFOUND);
	HAS(sv_of(e.msg), "/nonexistent/x");
	EQ(rc2, ERR_UNSUPPORTED);
}
