/* t_model_turn.c: end of turn: the features against a plain transform, the worker process with
 * its faults, and the real network where it and its runtime are installed. */
#include <glob.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "model.h"
#include "model_paths.h"
#include "turn_int.h"

/* ---- features: the same once more, the plain way, for one window */

static double hz_of(double mel)
{
	return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static void plain_window(const double *x, double *log_mel)
{
	double power[201];
	for (int b = 0; b <= 200; b++) {
		double re = 0, im = 0;
		for (int i = 0; i < 400; i++) {
			double w = 0.5 - 0.5 * cos(2 * M_PI * i / 400), a = 2 * M_PI * b * i / 400;
			re += w * x[i] * cos(a);
			im += w * x[i] * sin(a);
		}
		power[b] = re * re + im * im;
	}
	double top = 15 + log(8.0) * 27 / log(6.4);
	for (int m = 0; m < 80; m++) {
		double lo = hz_of(top * m / 81), mid = hz_of(top * (m + 1) / 81);
		double hi = hz_of(top * (m + 2) / 81), sum = 0;
		for (int b = 0; b <= 200; b++) {
			double f = 40.0 * b, w = fmin((f - lo) / (mid - lo), (hi - f) / (hi - mid));
			sum += (w > 0 ? w * 2 / (hi - lo) : 0) * power[b];
		}
		log_mel[m] = log10(fmax(1e-10, sum));
	}
}

/* All 8 s, normalised and mirrored. */
static double *plain_wave(const int16_t *s, size_t n)
{
	enum { N = TURN_SAMPLES };
	double *x = xalloc((N + 400) * sizeof(*x)), mean = 0, var = 0;
	for (size_t i = 0; i < n; i++)
		x[200 + N - n + i] = s[i] / 32768.0;
	for (size_t i = 0; i < N; i++)
		mean += x[200 + i] / N;
	for (size_t i = 0; i < N; i++)
		var += (x[200 + i] - mean) * (x[200 + i] - mean) / N;
	for (size_t i = 0; i < N; i++)
		x[200 + i] = (x[200 + i] - mean) / sqrt(var + 1e-7);
	for (size_t i = 1; i <= 200; i++) {
		x[200 - i] = x[200 + i];
		x[199 + N + i] = x[199 + N - i];
	}
	return x;
}

/* The features of the windows `at` agree with the plain ones. */
static void features_case(const int16_t *s, size_t n, const int *at, int n_at)
{
	struct turn_mel *m = turn_mel_new();
	float *got = xalloc(sizeof(*got) * TURN_MELS * TURN_TIMES);
	double *x = plain_wave(s, n), most = -100, want[80], worst = 0;
	turn_mel_run(m, s, n, got);
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < n_at; i++) {
			plain_window(x + (size_t)at[i] * 160, want);
			for (int j = 0; j < 80 && k == 0; j++)
				most = fmax(most, want[j]);
			for (int j = 0; j < 80 && k == 1; j++) {
				double w = (fmax(want[j], most - 8) + 4) / 4;
				worst = fmax(worst,
					     fabs(w - (double)got[j * TURN_TIMES + at[i]]));
			}
		}
	xfree(x);
	xfree(got);
	turn_mel_free(m);
	NEAR(worst, 0.0, 2e-3);
}

static void chirp(int16_t *s, size_t n, double amp)
{
	for (size_t i = 0; i < n; i++) {
		double t = (double)i / TURN_HZ;
		s[i] = (int16_t)lrint(amp * sin(2 * M_PI * (200 + 300 * t) * t) +
				      amp / 30 * rng_normal(t_rng()));
	}
}

TEST(turn_features_are_whispers)
{
	static int16_t s[TURN_SAMPLES];
	/* the last one must be among them: it holds the loudest */
	static const int at[] = { 0, 1, 2, 3, 100, 399, 640, 641, 642, 643, 700, 798, 799 };
	chirp(s, TURN_SAMPLES, 300);
	for (int i = TURN_SAMPLES - 400; i < TURN_SAMPLES; i++)
		s[i] = (int16_t)(i % 16 < 8 ? 20000 : -20000);
	features_case(s, TURN_SAMPLES, at, 13);
	features_case(s + TURN_SAMPLES - 25600, 25600, at, 13);    /* 1.6 s after silence */
	features_case(s + TURN_SAMPLES - 300, 300, at, 13);
}

TEST(turn_features_of_silence)
{
	struct turn_mel *m = turn_mel_new();
	float *got = xalloc(sizeof(*got) * TURN_MELS * TURN_TIMES);
	int16_t none = 0;
	float lo = 1e9f, hi = -1e9f;
	turn_mel_run(m, &none, 0, got);
	for (int i = 0; i < TURN_MELS * TURN_TIMES; i++) {
		lo = fminf(lo, got[i]);
		hi = fmaxf(hi, got[i]);
	}
	xfree(got);
	turn_mel_free(m);
	NEAR((double)lo, (-10.0 + 4) / 4, 1e-6);
	NEAR((double)hi, (-10.0 + 4) / 4, 1e-6);
}

/* ---- the worker, with an engine that obeys the sound (tests/turn_worker.c) */

struct world {
	struct loop *l;
	struct turn *t;
	int rc;
};
struct got {
	int calls, err, cancel_other;
	double p;
	struct turn_run *run, *other;
	struct world *again; /* ask once more from inside the callback */
	struct got *second;
};

static int ask(struct world *w, struct got *g, int order, size_t n, int rate);

static void on_p(void *arg, int err, double p)
{
	struct got *g = arg;
	g->calls++;
	g->err = err;
	g->p = p;
	turn_cancel(g->other);
	g->other = NULL;
	if (g->again)
		(void)ask(g->again, g->second, 7000, 16000, 16000);
}

static int ask(struct world *w, struct got *g, int order, size_t n, int rate)
{
	int16_t *s = xalloc(n * sizeof(*s) + 1);
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)order;
	int rc = turn_start(w->t, s, n, rate, on_p, g, &g->run);
	xfree(s);
	return rc;
}

static bool ended(void *arg)
{
	return ((struct got *)arg)->calls > 0;
}

static bool answered(struct world *w, struct got *g)
{
	return t_wait(w->l, ended, g, 15000);
}

static void world_open(struct world *w, const char *name)
{
	char exe[600], file[600];
	struct err e = { 0 };
	*w = (struct world){ .l = loop_new() };
	(void)snprintf(exe, sizeof(exe), "%s/turn_worker", MODEL_PATHS);
	(void)snprintf(file, sizeof(file), "%s/%s", t_tmpdir(), name);
	(void)file_write(file, SV("x"), &e);
	struct model_spec s = { .kind = "smart", .exe = exe, .file = file };
	w->rc = turn_open(&w->t, &s, w->l, &e);
	if (w->rc)
		(void)printf("# %s\n", e.msg);
}

static void world_close(struct world *w)
{
	turn_close(w->t);
	loop_free(w->l);
}

TEST(turn_answers_in_order_at_any_rate)
{
	struct world w;
	struct got g[4] = { 0 };
	static const int rates[] = { 16000, 8000, 24000, 48000 };
	world_open(&w, "good");
	int rc = w.rc;
	for (int i = 0; i < 4 && !rc; i++)
		rc = ask(&w, &g[i], 1000 + 2000 * i, (size_t)rates[i] * (size_t)(1 + 3 * i),
			 rates[i]);
	bool none_yet = !g[0].calls, all = !rc;
	for (int i = 0; i < 4 && all; i++)
		all = answered(&w, &g[i]);
	world_close(&w);
	OK(rc);
	CHECK(none_yet && all);
	for (int i = 0; i < 4; i++) {
		EQ(g[i].calls, 1);
		OK(g[i].err);
		NEAR(g[i].p, 0.1 + 0.2 * i, 0.01);
	}
}

TEST(turn_refuses_a_crowd)
{
	struct world w;
	struct got g[TURN_WAITING_MAX + 1] = { 0 };
	world_open(&w, "good");
	int rc = w.rc;
	for (int i = 0; i < TURN_WAITING_MAX && !rc; i++)
		rc = ask(&w, &g[i], 5000, 8000, 16000);
	int busy = rc ? rc : ask(&w, &g[TURN_WAITING_MAX], 5000, 8000, 16000);
	bool all = !rc && answered(&w, &g[TURN_WAITING_MAX - 1]);
	int later = all ? ask(&w, &g[TURN_WAITING_MAX], 9000, 8000, 16000) : -1;
	all = all && answered(&w, &g[TURN_WAITING_MAX]);
	world_close(&w);
	OK(rc);
	EQ(busy, ERR_BUSY);
	OK(later);
	CHECK(all);
}

TEST(turn_cancel_is_final)
{
	struct world w;
	struct got g[3] = { 0 };
	world_open(&w, "good");
	int rc = w.rc;
	for (int i = 0; i < 3 && !rc; i++)
		rc = ask(&w, &g[i], 2500, 16000, 16000);
	if (!rc)
		turn_cancel(g[1].run);
	bool all = !rc && answered(&w, &g[0]) && answered(&w, &g[2]);
	turn_cancel(NULL);
	world_close(&w);
	OK(rc);
	CHECK(all);
	EQ(g[1].calls, 0);
	EQ(g[2].calls, 1);
}

TEST(turn_callback_may_ask_and_cancel)
{
	struct world w;
	struct got g[3] = { 0 };
	world_open(&w, "good");
	int rc = w.rc ? w.rc : ask(&w, &g[0], 1000, 16000, 16000);
	rc = rc ? rc : ask(&w, &g[1], 1000, 16000, 16000);
	g[0].other = g[1].run;
	g[0].again = &w;
	g[0].second = &g[2];
	bool all = !rc && answered(&w, &g[2]);
	world_close(&w);
	OK(rc);
	CHECK(all);
	EQ(g[1].calls, 0);
	NEAR(g[2].p, 0.7, 1e-6);
}

TEST(turn_close_with_work_tells_nobody)
{
	struct world w;
	struct got g = { 0 };
	world_open(&w, "good");
	int rc = w.rc ? w.rc : ask(&w, &g, 1000, 16000, 16000);
	world_close(&w);
	OK(rc);
	EQ(g.calls, 0);
}

TEST(turn_survives_a_crash)
{
	struct world w;
	struct got g[3] = { 0 };
	world_open(&w, "good");
	int rc = w.rc ? w.rc : ask(&w, &g[0], 20003, 16000, 16000);
	bool all = !rc && answered(&w, &g[0]);       /* it failed, and lives */
	rc = rc ? rc : ask(&w, &g[1], 20001, 16000, 16000);
	all = all && answered(&w, &g[1]);
	rc = rc ? rc : ask(&w, &g[2], 4000, 16000, 16000);
	all = all && answered(&w, &g[2]);
	int pid = w.t ? turn_worker_pid(w.t) : 0;
	world_close(&w);
	OK(rc);
	CHECK(all && pid > 0);
	EQ(g[0].err, ERR_FAIL);
	EQ(g[1].err, ERR_UPSTREAM);
	OK(g[2].err);
	NEAR(g[2].p, 0.4, 1e-6);
}

TEST(turn_killed_between_two_questions)
{
	struct world w;
	struct got g[2] = { 0 };
	world_open(&w, "good");
	int rc = w.rc ? w.rc : ask(&w, &g[0], 3000, 16000, 16000);
	bool all = !rc && answered(&w, &g[0]);
	if (all)
		(void)kill(turn_worker_pid(w.t), SIGKILL);
	rc = rc ? rc : ask(&w, &g[1], 6000, 16000, 16000);
	all = all && answered(&w, &g[1]);
	world_close(&w);
	OK(rc);
	CHECK(all);
	CHECK(g[1].err == ERR_UPSTREAM || (g[1].err == 0 && fabs(g[1].p - 0.6) < 1e-6));
}

TEST(turn_kills_what_hangs)
{
	struct world w;
	struct got g[2] = { 0 };
	world_open(&w, "good");
	int rc = w.rc ? w.rc : ask(&w, &g[0], 20002, 16000, 16000);
	bool all = !rc && answered(&w, &g[0]);
	rc = rc ? rc : ask(&w, &g[1], 8000, 16000, 16000);
	all = all && answered(&w, &g[1]);
	world_close(&w);
	OK(rc);
	CHECK(all);
	EQ(g[0].err, ERR_UPSTREAM);
	NEAR(g[1].p, 0.8, 1e-6);
}

TEST(turn_worker_that_refuses)
{
	struct world w;
	struct got g[2] = { 0 };
	world_open(&w, "refuse");
	int rc = w.rc ? w.rc : ask(&w, &g[0], 1000, 16000, 16000);
	bool all = !rc && answered(&w, &g[0]);
	int later = all ? ask(&w, &g[1], 1000, 16000, 16000) : 0;
	world_close(&w);
	OK(rc);
	CHECK(all);
	EQ(g[0].err, ERR_UPSTREAM);
	EQ(later, ERR_UPSTREAM);
}

TEST(turn_open_says_what_is_missing)
{
	struct loop *l = loop_new(), *sim = loop_new_sim(0);
	struct turn *t = NULL;
	struct err e = { 0 };
	struct model_spec s = { .kind = "clever", .file = "/nowhere/turn.onnx" };
	int kind = turn_open(&t, &s, l, &e);
	s.kind = "smart";
	int file = turn_open(&t, &s, l, &e);
	char msg[sizeof(e.msg)];
	memcpy(msg, e.msg, sizeof(msg));
	int simulated = turn_open(&t, &s, sim, &e);
	s.file = "/bin/sh";
	s.exe = "/nowhere/callm-onnx";
	int exe = turn_open(&t, &s, l, &e);
	loop_free(l);
	loop_free(sim);
	EQ(kind, ERR_UNSUPPORTED);
	EQ(file, ERR_NOTFOUND);
	HAS(sv_of(msg), "models pull");
	EQ(simulated, ERR_UNSUPPORTED);
	EQ(exe, ERR_NOTFOUND);
	CHECK(t == NULL);
}

/* ---- the real network */

static char *cached(const char *pattern)
{
	const char *cache = getenv("CALLM_CACHE"), *home = getenv("HOME");
	char all[4200];
	glob_t g = { 0 };
	char *ret = NULL;
	if (cache)
		(void)snprintf(all, sizeof(all), "%s/%s", cache, pattern);
	else
		(void)snprintf(all, sizeof(all), "%s/.cache/callm/%s", home ? home : "", pattern);
	if (glob(all, 0, NULL, &g) == 0)
		ret = xstrdup(sv_of(g.gl_pathv[g.gl_pathc - 1]));
	globfree(&g);
	return ret;
}

static int real_open(struct world *w)
{
	char exe[600];
	char *file = cached("models/smart-turn*/smart-turn-v3*.onnx");
	char *runtime = cached("deps/onnxruntime-*");
	struct err e = { 0 };
	*w = (struct world){ .rc = ERR_NOTFOUND };
	(void)snprintf(exe, sizeof(exe), "%s/callm-onnx", MODEL_PATHS);
	if (file && runtime) {
		struct model_spec s = { .kind = "smart", .exe = exe, .file = file,
					.runtime = runtime };
		w->l = loop_new();
		w->rc = turn_open(&w->t, &s, w->l, &e);
	}
	xfree(file);
	xfree(runtime);
	return w->rc;
}

struct spoken {
	int16_t s[16000 * 12];
	size_t n;
	int ends, err;
};

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate)
{
	struct spoken *x = arg;
	size_t room = sizeof(x->s) / sizeof(x->s[0]) - x->n;
	(void)rate;
	n = n < room ? n : room;
	memcpy(x->s + x->n, s, n * sizeof(*s));
	x->n += n;
}

static void on_end(void *arg, int err)
{
	struct spoken *x = arg;
	x->ends++;
	x->err = err;
}

static bool said(void *arg)
{
	return ((struct spoken *)arg)->ends > 0;
}

static bool speak(struct loop *l, const char *text, struct spoken *x)
{
	static const struct tts_cb cb = { on_pcm, NULL, on_end };
	char exe[600];
	struct tts *t = NULL;
	struct tts_run *r;
	struct err e;
	(void)snprintf(exe, sizeof(exe), "%s/model_worker", MODEL_PATHS);
	struct model_spec s = { .kind = "flite", .exe = exe };
	*x = (struct spoken){ 0 };
	bool ok = tts_open(&t, &s, l, &e) == 0 &&
		  tts_start(t, sv_of(text), SV("en"), &cb, x, &r) == 0 &&
		  t_wait(l, said, x, 15000) && x->err == 0 && x->n > 8000;
	tts_close(t);
	return ok;
}

static bool judged(struct world *w, const struct spoken *x, size_t n, struct got *g)
{
	int16_t *s = xalloc((n + 3200) * sizeof(*s));    /* and 200 ms of silence */
	memcpy(s, x->s, n * sizeof(*s));
	*g = (struct got){ 0 };
	int rc = turn_start(w->t, s, n + 3200, 16000, on_p, g, &g->run);
	xfree(s);
	return rc == 0 && answered(w, g) && g->err == 0;
}

/* Whole sentences, each against itself cut off before its last words. The network was made for
 * people: by a synthetic voice it is only asked whether it is there and listens. */
TEST(turn_network_tells_whole_from_cut)
{
	static const char *const texts[] = {
		"Please cancel my subscription.",
		"I want to send back the blue jacket, please.",
		"What are your opening hours?",
		"My parcel has not arrived.",
	};
	static struct spoken x;
	struct world w;
	struct got whole, cut, again;
	double more = 0;
	bool ok = true, same = true;
	if (real_open(&w))
		SKIP("no end-of-turn model or no ONNX Runtime: callm models pull");
	for (int i = 0; i < 4 && ok; i++) {
		ok = speak(w.l, texts[i], &x) && judged(&w, &x, x.n, &whole) &&
		     judged(&w, &x, x.n * 6 / 10, &cut) && judged(&w, &x, x.n, &again);
		(void)printf("# %.3f cut %.3f: %s\n", whole.p, cut.p, texts[i]);
		same = same && whole.p == again.p;
		more += (whole.p - cut.p) / 4;
	}
	world_close(&w);
	CHECK(ok);
	CHECK(same);
	CHECK(more > 0.15);
}
