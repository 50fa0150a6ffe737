/* t_model_whisper.c: what callm-whisper is made of: reading CTranslate2's files, writing and
 * checking whisper.cpp's, cleaning text; and, where the program was built, converting a small
 * model of random weights and hearing with it. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"
#include "asr_vec.h"
#include "t_model_ct2.h"
#include "t_model_ear.h"
#include "model_paths.h"

#define PROGRAM MODEL_PATHS "/callm-whisper"
#define NEEDS_PROGRAM() \
	do { \
		if (!file_exists(PROGRAM)) \
			SKIP("callm-whisper was not built: scripts/deps_whisper.sh"); \
	} while (0)

static void path_of(char out[600], const char *name)
{
	(void)snprintf(out, 600, "%s/%s", t_tmpdir(), name);
}

/* ---- CTranslate2's files ---- */

static int reopen(struct t_ct2 *c, struct ct2 **ret, struct err *e)
{
	char path[600];
	path_of(path, "m.bin");
	int rc = file_write(path, sb_sv(&c->b), e);
	return rc ? rc : ct2_open(ret, path, e);
}

TEST(ct2_reads_every_type)
{
	static const float f32[4] = { 1.5f, -2, 0.25f, 1e-3f };
	static const uint16_t f16[4] = { 0x3E00, 0xC000, 0x0001, 0x7C00 },
			      bf16[4] = { 0x3FC0, 0xC000, 0x3E80, 0 };
	static const int8_t i8[4] = { 127, -128, 10, 0 };
	static const int16_t i16[4] = { 1000, -1000, 5, 0 };
	static const float rows[2] = { 10, 100 }, one[1] = { 4 };
	static const uint32_t two[3] = { 2, 2, 0 }, pair[2] = { 2, 0 }, single[2] = { 1, 0 };
	struct t_ct2 w;
	struct ct2 *c = NULL;
	struct err e = { 0 };
	float v[6][4];
	t_ct2_begin(&w, 6);
	t_ct2_var(&w, "a", two, CT2_F32, f32);
	t_ct2_var(&w, "b", two, CT2_F16, f16);
	t_ct2_var(&w, "c", two, CT2_BF16, bf16);
	t_ct2_var(&w, "d", two, CT2_I8, i8);
	t_ct2_var(&w, "d_scale", pair, CT2_F32, rows);
	t_ct2_var(&w, "e", two, CT2_I16, i16);
	t_ct2_var(&w, "e_scale", single, CT2_F32, one);
	t_ct2_var(&w, "f", two, CT2_I8, i8);
	t_ct2_end(&w, "other", "a");
	int rc = reopen(&w, &c, &e);
	bool all = !rc;
	static const char *const names[] = { "other", "b", "c", "d", "e" };
	for (int i = 0; i < 5 && all; i++)
		all = ct2_find(c, names[i]) && ct2_floats(c, ct2_find(c, names[i]), 0, 4, v[i]);
	bool tail = all && ct2_floats(c, ct2_find(c, "d"), 2, 2, v[5]);
	bool no_scale = all && !ct2_floats(c, ct2_find(c, "f"), 0, 4, v[0]);
	bool outside = all && !ct2_floats(c, ct2_find(c, "a"), 3, 2, v[0]);
	bool none = all && !ct2_find(c, "nothing");
	ct2_close(c);
	sb_done(&w.b);
	OK(rc);
	CHECK(all && tail && no_scale && outside && none);
	NEAR(v[1][0], 1.5, 1e-9);
	NEAR(v[1][1], -2, 1e-9);
	NEAR(v[1][2], 5.9604645e-8, 1e-12);
	CHECK(v[1][3] > 1e38f);
	NEAR(v[2][0], 1.5, 1e-9);
	NEAR(v[2][2], 0.25, 1e-9);
	NEAR(v[3][0], 12.7, 1e-5);
	NEAR(v[3][2], 0.1, 1e-6);
	NEAR(v[4][0], 250, 1e-4);
	NEAR(v[5][0], 0.1, 1e-6);
}

/* Version 3 wrote the size of an item instead of its type. */
TEST(ct2_reads_old_versions)
{
	static const float f32[2] = { 7, 8 };
	static const uint32_t pair[2] = { 2, 0 };
	for (uint32_t version = 2; version <= 7; version++) {
		struct t_ct2 w;
		struct ct2 *c = NULL;
		struct err e = { 0 };
		float v[2] = { 0 };
		t_ct2_begin(&w, version);
		t_ct2_var(&w, "x", pair, CT2_F32, f32);
		t_ct2_end(&w, NULL, NULL);
		int rc = reopen(&w, &c, &e);
		bool ok = !rc && ct2_floats(c, ct2_find(c, "x"), 0, 2, v) && v[1] > 7.5f;
		ct2_close(c);
		sb_done(&w.b);
		if (version < 3 || version > 6)
			EQ(rc, ERR_VERSION);
		else
			CHECK(ok);
	}
}

/* Cut anywhere or with any byte changed: an error or a sane result, never a crash. */
TEST(ct2_damaged_files)
{
	static const uint32_t m[3] = { 6, 5, 0 }, rows[2] = { 6, 0 };
	struct t_ct2 w;
	int opened = 0;
	t_ct2_begin(&w, 6);
	t_ct2_var(&w, "weight", m, CT2_I8, NULL);
	t_ct2_var(&w, "weight_scale", rows, CT2_F32, NULL);
	t_ct2_var(&w, "half", m, CT2_F16, NULL);
	t_ct2_end(&w, "alias", "weight");
	size_t whole = w.b.n;
	for (size_t n = 0; n < whole; n++) {
		struct ct2 *c = NULL;
		struct err e = { 0 };
		w.b.n = n;
		if (reopen(&w, &c, &e) == 0)
			opened++;
		else if (!e.msg[0])
			opened += 1000;
		ct2_close(c);
	}
	w.b.n = whole;
	for (int i = 0; i < 1500; i++) {
		struct ct2 *c = NULL;
		struct err e = { 0 };
		float v[30];
		size_t at = rng_below(t_rng(), (uint32_t)whole);
		char old = w.b.p[at];
		w.b.p[at] = (char)rng_u64(t_rng());
		if (reopen(&w, &c, &e) == 0 && ct2_find(c, "alias"))
			(void)ct2_floats(c, ct2_find(c, "alias"), 0,
					 ct2_find(c, "alias")->items < 30 ?
						 ct2_find(c, "alias")->items :
						 30,
					 v);
		ct2_close(c);
		w.b.p[at] = old;
	}
	sb_done(&w.b);
	EQ(opened, 1); /* cut exactly before the aliases */
}

/* ---- filters, vocabulary ---- */

/* Against librosa.filters.mel(sr=16000, n_fft=400, n_mels=80), as shipped with Whisper. */
TEST(whisper_mel_filters)
{
	static float m[80 * WH_N_FFT_BINS];
	double sum = 0;
	int gaps = 0;
	wh_mel_filters(80, m);
	for (int i = 0; i < 80; i++) {
		int on = 0;
		for (int k = 0; k < WH_N_FFT_BINS; k++) {
			on += m[i * WH_N_FFT_BINS + k] > 0;
			sum += m[i * WH_N_FFT_BINS + k];
		}
		gaps += on == 0;
	}
	NEAR(m[1], 0.02486259, 1e-7);
	NEAR(m[WH_N_FFT_BINS + 1], 0.00199082, 1e-7);
	NEAR(m[WH_N_FFT_BINS + 2], 0.02287177, 1e-7);
	NEAR(m[0], 0, 1e-9);
	EQ(gaps, 0);
	NEAR(sum / 80 * 40, 1, 0.02); /* area 1 each, in steps of 40 Hz */
}

static int vocab(const char *json, sv **words, size_t *n, struct arena *a, struct err *e)
{
	char path[600];
	path_of(path, "tokenizer.json");
	ASSERT(file_write(path, sv_of(json), NULL) == 0);
	return wh_vocab_read(path, words, n, a, e);
}

TEST(whisper_vocabulary)
{
	struct arena a;
	struct err e = { 0 };
	sv *w = NULL;
	size_t n = 0;
	arena_init(&a, LIM_ARENA_BIG);
	/* space is U+0120, newline U+010A; the bytes of an e with acute stand for themselves */
	int rc = vocab("{\"model\":{\"vocab\":{\"a\":1,\"\\u0120b\\u010a\":0,\"\":3,"
		       "\"\\u00c3\\u00a9\":2,\"<|endoftext|>\":4}}}",
		       &w, &n, &a, &e);
	bool words = !rc && n == 4 && sv_eq(w[0], SV(" b\n")) && sv_eq(w[1], SV("a")) &&
		     sv_eq(w[2], SV("\xC3\xA9")) && w[3].n == 0;
	xfree(w);
	static const char *const bad[] = {
		"{\"model\":{\"vocab\":{\"a\":0,\"<|endoftext|>\":2}}}",
		"{\"model\":{\"vocab\":{\"a\":0,\"b\":0,\"<|endoftext|>\":2}}}",
		"{\"model\":{\"vocab\":{\"a\":0,\"\\u4f60\":1,\"<|endoftext|>\":2}}}",
		"{\"model\":{\"vocab\":{\"a\":0}}}",
		"{\"model\":{\"vocab\":{\"a\":0,\"<|endoftext|>\":2000000000}}}",
		"{\"added_tokens\":[{\"content\":\"<|endoftext|>\"}]}",
		"[]",
		"{",
	};
	int wrong = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err why = { 0 };
		wrong += vocab(bad[i], &w, &n, &a, &why) == 0 || !why.msg[0];
	}
	arena_done(&a);
	OK(rc);
	CHECK(words);
	EQ(wrong, 0);
}

/* ---- text ---- */

TEST(whisper_text)
{
	static const struct {
		const char *lang, *in, *out;
	} rows[] = {
		{ "zh", " 請問這個訂單什麼時候到?", "请问这个订单什么时候到？" },
		{ "zh", "你好, 我想問一下 退貨的事.", "你好，我想问一下，退货的事。" },
		{ "zh", "我的 Wi-Fi 7 不行,", "我的Wi-Fi 7不行，" },
		{ "zh", "訂單號是HH2026-100123.5", "订单号是HH2026-100123.5" },
		{ "zh-TW", "著名的裡程碑", "著名的里程碑" },
		{ "en", "  Where   is\n my order ? ", "Where is my order ?" },
		{ "en", "caf\xC3\xA9 \xFF\xFE ok", "caf\xC3\xA9 ok" },
		{ "zh", "", "" },
	};
	struct sb b;
	sb_init(&b, LIM_SB);
	int wrong = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wh_text_clean(sv_of(rows[i].in), sv_of(rows[i].lang), &b);
		if (!sv_eq(sb_sv(&b), sv_of(rows[i].out))) {
			(void)printf("# %s -> %s\n", rows[i].in, sb_str(&b));
			wrong++;
		}
	}
	sb_done(&b);
	EQ(wrong, 0);
}

TEST(whisper_noise)
{
	static const struct {
		const char *text;
		double seconds;
		bool noise;
	} rows[] = {
		{ "Where is my order?", 2, false },
		{ "Thank you.", 1, false },
		{ "I want to subscribe to the premium plan", 3, false },
		{ "Is the copyright of the pictures on www.harbour.example yours?", 5, false },
		{ "这首歌的词曲作者是谁", 3, false },
		{ "Thanks for watching!", 2, true },
		{ "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", 5, true },
		{ "字幕由志愿者提供", 3, true },
		{ "谢谢", 1, false },
		{ "谢谢观看", 2, true },
		{ "...", 2, true },
		{ "。。。", 2, true },
		{ "", 2, true },
		{ "13800138000", 4, false },
		{ "1111 1111 1111 1111", 5, false },
		{ "no no no no", 2, false },
		{ "the order of the order of the order of the order of the order of", 6, true },
		{ "我要退货我要退货我要退货我要退货我要退货", 4, true },
		{ "我想问一下我上周买的沙发什么时候可以送到我家里来", 0.4, true },
		{ "how long do I have to return a sofa that I bought last week", 0.5, true },
		{ "\xC3\xA7" "a va", 1, false },
		{ "\xD0\x94\xD0\xB0", 1, false },
	};
	int wrong = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wh_text_is_noise(sv_of(rows[i].text), rows[i].seconds) != rows[i].noise) {
			(void)printf("# %s\n", rows[i].text);
			wrong++;
		}
	EQ(wrong, 0);
}

/* ---- the program ---- */

/* Exit status; -1 when a signal ended it. What it says goes to the file "said". */
static int run(const char *const *argv)
{
	char said[600];
	int status = 0;
	path_of(said, "said");
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd >= 0 && dup2(fd, 2) == 2)
			(void)execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int convert(const char *model, const char *out, const char *quant)
{
	char tokenizer[600];
	path_of(tokenizer, "tokenizer.json");
	const char *const argv[] = { PROGRAM, "--convert", model, tokenizer, out, quant, NULL };
	return run(argv);
}

static int64_t bytes_of(const char *path)
{
	struct sb b;
	sb_init(&b, 64 << 20);
	int64_t n = file_read(path, 64 << 20, &b, NULL) == 0 ? (int64_t)b.n : -1;
	sb_done(&b);
	return n;
}

TEST(whisper_converts)
{
	char model[600], out[3][600];
	NEEDS_PROGRAM();
	path_of(model, "model.bin");
	t_ct2_model(t_tmpdir(), CT2_F16);
	path_of(out[0], "f16.bin");
	path_of(out[1], "q8.bin");
	path_of(out[2], "i8.bin");
	int f16 = convert(model, out[0], "f16"), q8 = convert(model, out[1], "q8_0");
	int bad_form = convert(model, out[1], "q9");
	t_ct2_model(t_tmpdir(), CT2_I8);
	int i8 = convert(model, out[2], "q5_1");
	struct err e = { 0 };
	int check = wh_check(out[0], &e) ? -1 : wh_check(out[1], &e) ? -2 : wh_check(out[2], &e);
	int64_t a = bytes_of(out[0]), b = bytes_of(out[1]), c = bytes_of(out[2]);
	OK(f16);
	OK(q8);
	OK(i8);
	OK(check);
	EQ(bad_form, 1);
	CHECK(a > b && b > c && c > 0);
}

static bool said_something(void)
{
	char said[600];
	path_of(said, "said");
	struct sb b;
	sb_init(&b, 65536);
	bool ok = file_read(said, 65536, &b, NULL) == 0 &&
		  sv_starts(sb_sv(&b), SV("callm-whisper: ")) && sv_ends(sb_sv(&b), SV("\n"));
	sb_done(&b);
	return ok;
}

/* A model that is cut short, or a converted one that is: a clear line, exit 1, no file left. */
TEST(whisper_damaged_models)
{
	char model[600], part[600], out[600];
	struct sb b;
	NEEDS_PROGRAM();
	path_of(model, "model.bin");
	path_of(part, "part.bin");
	path_of(out, "out.bin");
	t_ct2_model(t_tmpdir(), CT2_F16);
	sb_init(&b, 64 << 20);
	int rc = file_read(model, 64 << 20, &b, NULL), bad = 0, left = 0, passed = 0;
	for (int i = 0; i < 6 && !rc; i++) {
		size_t n = rng_below(t_rng(), (uint32_t)b.n);
		ASSERT(file_write(part, sv_slice(sb_sv(&b), 0, n), NULL) == 0);
		bad += convert(part, out, "q8_0") != 1 || !said_something();
		left += file_exists(out);
	}
	rc = rc ? rc : convert(model, out, "q8_0");
	sb_reset(&b);
	rc = rc ? rc : file_read(out, 64 << 20, &b, NULL);
	for (int i = 0; i < 40 && !rc; i++) { /* cut, or a byte of the head changed */
		size_t n = i < 20 ? rng_below(t_rng(), (uint32_t)b.n) : b.n;
		size_t at = rng_below(t_rng(), 48);
		char old = b.p[at];
		struct err e = { 0 };
		if (i >= 20)
			b.p[at] = (char)(b.p[at] + 1 + (char)rng_below(t_rng(), 200));
		ASSERT(file_write(part, sv_slice(sb_sv(&b), 0, n), NULL) == 0);
		int check = wh_check(part, &e);
		passed += check == 0 && i < 20;
		bad += check != 0 && !e.msg[0];
		b.p[at] = old;
	}
	sb_done(&b);
	const char *const argv[] = { PROGRAM, "--convert", part, NULL },
			  *const none[] = { PROGRAM, "--check", "/nonexistent", NULL };
	int usage = run(argv), missing = run(none);
	OK(rc);
	EQ(bad, 0);
	EQ(left, 0);
	EQ(passed, 0);
	EQ(usage, 2);
	EQ(missing, 1);
}

/* Hears with random weights: nonsense or nothing, but always an answer; killed with a job in
 * hand it is back and answers. */
TEST(whisper_worker_lives)
{
	char model[600], out[600];
	struct asr *a = NULL;
	struct asr_run *r = NULL, *r2 = NULL;
	struct ear_said h;
	struct err e = { 0 };
	NEEDS_PROGRAM();
	path_of(model, "model.bin");
	path_of(out, "q8.bin");
	t_ct2_model(t_tmpdir(), CT2_F16);
	OK(convert(model, out, "q8_0"));
	struct loop *l = loop_new();
	struct model_spec s = { .kind = "whisper", .exe = PROGRAM, .file = out, .lang = "zh,en",
				.threads = 1 };
	ear_said_init(&h);
	int rc = asr_open(&a, &s, l, &e);
	rc = rc ? rc : asr_start(a, SV("zh"), &ear_cb, &h, &r);
	ear_speak(l, r, "31415 926");
	asr_flush(r);
	bool first = t_wait(l, ear_ended, &h, 30000) && h.finals == 1;
	h.finals = 0;
	ear_speak(l, r, "27");
	asr_flush(r);
	int pid = rc ? 0 : asr_worker_pid(r);
	if (pid > 1)
		(void)kill(pid, SIGKILL);
	bool second = t_wait(l, ear_ended, &h, 30000) && h.finals == 1;
	rc = rc ? rc : asr_start(a, SV("en-GB"), &ear_cb, &h, &r2);
	asr_cancel(r2);
	bool utf8 = sv_utf8_ok(sb_sv(&h.text));
	int errors = h.errors;
	asr_close(a);
	ear_said_done(&h);
	loop_free(l);
	OK(rc);
	CHECK(first && second && utf8);
	CHECK(pid > 1);
	EQ(errors, 0);
}

struct vec_seen {
	int told, err;
	float v[ASR_VEC_DIM];
};

static void on_vec(void *arg, int err, const float *v)
{
	struct vec_seen *g = arg;
	g->told++;
	g->err = err;
	if (v)
		memcpy(g->v, v, sizeof(g->v));
}

static bool vec_told(void *arg)
{
	return ((struct vec_seen *)arg)->told > 0;
}

static int vec_heard(struct loop *l, struct asr_vec *x, struct vec_seen *g, int hz,
		     const char *lang)
{
	int16_t s[4000];
	struct asr_vec_run *run;
	for (int i = 0; i < 4000; i++)
		s[i] = (int16_t)(hz ? 8000 * sin(2 * M_PI * hz * i / 8000.0) : 0);
	g->told = 0;
	int rc = asr_vec_start(x, s, 4000, 8000, sv_of(lang), on_vec, g, &run);
	return rc ? rc : t_wait(l, vec_told, g, 30000) ? g->err : ERR_TIMEOUT;
}

/* The odds of a first word from random weights: numbers of mean 0 and spread 1, the same for the
 * same sound. */
TEST(whisper_tells_what_it_makes_of_a_word)
{
	char model[600], out[600];
	struct err e = { 0 };
	static struct vec_seen a, b, c;
	double mean = 0, var = 0, far = 0;
	NEEDS_PROGRAM();
	path_of(model, "model.bin");
	path_of(out, "q8.bin");
	t_ct2_model(t_tmpdir(), CT2_F16);
	OK(convert(model, out, "q8_0"));
	struct loop *l = loop_new();
	struct asr_vec *x = NULL;
	OK(asr_vec_open(&x, &(struct model_spec){ .kind = "whisper", .exe = PROGRAM, .file = out },
			l, &e));
	OK(vec_heard(l, x, &a, 440, "en"));
	OK(vec_heard(l, x, &b, 1200, "en"));
	OK(vec_heard(l, x, &c, 440, "en"));
	EQ(memcmp(a.v, c.v, sizeof(a.v)), 0);
	for (int i = 0; i < ASR_VEC_DIM; i++) {
		mean += (double)a.v[i] / ASR_VEC_DIM;
		var += (double)a.v[i] * (double)a.v[i] / ASR_VEC_DIM;
		far = fmax(far, fabs((double)a.v[i] - (double)b.v[i]));
	}
	NEAR(mean, 0, 1e-4);
	NEAR(var, 1, 1e-3);
	CHECK(far > 1e-6);
	EQ(vec_heard(l, x, &a, 0, "en"), ERR_NOTFOUND);
	EQ(vec_heard(l, x, &a, 440, "qq"), ERR_INVAL);
	asr_vec_close(x);
	loop_free(l);
}

TEST(whisper_refuses_bad_weights)
{
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct asr_run *r = NULL;
	struct ear_said h;
	struct err e = { 0 };
	char why[240];
	ear_said_init(&h);
	if (!file_exists(PROGRAM)) {
		ear_said_done(&h);
		loop_free(l);
		SKIP("callm-whisper was not built: scripts/deps_whisper.sh");
	}
	struct model_spec s = { .kind = "whisper", .exe = PROGRAM,
				.file = ear_orders("broken.bin", "lmgg and then nothing") };
	int rc = asr_open(&a, &s, l, &e);
	rc = rc ? rc : asr_start(a, SV("en"), &ear_cb, &h, &r);
	bool told = !rc && t_wait(l, ear_ended, &h, 20000) && h.errors == 1;
	(void)snprintf(why, sizeof(why), "%s", a ? asr_error(a) : "");
	bool serves = asr_serves(a, SV("en"));
	asr_close(a);
	ear_said_done(&h);
	loop_free(l);
	OK(rc);
	CHECK(told && !serves);
	HAS(sv_of(why), "damaged");
}
