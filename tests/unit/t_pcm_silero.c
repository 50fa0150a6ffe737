/* Unit tests of the Silero detector: a made-up network against a forward pass written the long
 * way here, every kernel against plain C, damaged files, and the real weights where they are
 * installed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "t.h"
#include "pcm.h"
#include "pcm_silero_int.h"
#include "t_silero_net.h"

/* ---- the forward pass, the long way */

struct slow {
	double h[128], c[128], context[64];
};

static double sigm(double x)
{
	return 1 / (1 + exp(-x));
}

/* in [channels][times] -> out; returns the number of times. */
static int slow_conv(const float *w, const float *bias, int in_c, int out_c, int stride, int times,
		     const double *in, double *out)
{
	int n = (times - 1) / stride + 1;
	for (int o = 0; o < out_c; o++)
		for (int t = 0; t < n; t++) {
			double sum = (double)bias[o];
			for (int c = 0; c < in_c; c++)
				for (int k = 0; k < 3; k++) {
					int at = t * stride + k - 1;
					if (at >= 0 && at < times)
						sum += (double)w[(o * in_c + c) * 3 + k] *
						       in[c * times + at];
				}
			out[o * n + t] = sum > 0 ? sum : 0;
		}
	return n;
}

static void slow_stft(const struct net *t, struct slow *st, const int16_t *s, double *mag)
{
	double x[640];
	memcpy(x, st->context, sizeof(st->context));
	for (int i = 0; i < FRAME; i++)
		x[64 + i] = s[i] / 32768.0;
	memcpy(st->context, x + FRAME, sizeof(st->context));
	for (int i = 0; i < 64; i++)
		x[576 + i] = x[574 - i];
	for (int at = 0; at < 4; at++)
		for (int b = 0; b < BINS; b++) {
			double re = 0, im = 0;
			for (int i = 0; i < WIN; i++) {
				re += (double)t->v[0][b * WIN + i] * x[at * 128 + i];
				im += (double)t->v[0][(BINS + b) * WIN + i] * x[at * 128 + i];
			}
			mag[b * 4 + at] = sqrt(re * re + im * im);
		}
}

static double slow_lstm(const struct net *t, struct slow *st, const double *x)
{
	double g[512], p = (double)t->v[14][0];
	for (int r = 0; r < 512; r++) {
		g[r] = (double)t->v[11][r] + (double)t->v[12][r];
		for (int i = 0; i < 128; i++)
			g[r] += (double)t->v[9][r * 128 + i] * x[i] +
				(double)t->v[10][r * 128 + i] * st->h[i];
	}
	for (int i = 0; i < 128; i++) {
		st->c[i] = sigm(g[128 + i]) * st->c[i] + sigm(g[i]) * tanh(g[256 + i]);
		st->h[i] = sigm(g[384 + i]) * tanh(st->c[i]);
		p += (st->h[i] > 0 ? st->h[i] : 0) * (double)t->v[13][i];
	}
	return sigm(p);
}

static double slow_run(const struct net *t, struct slow *st, const int16_t *s)
{
	static double a[BINS * 4], b[128 * 4], c[64 * 2], d[64], e[128];
	slow_stft(t, st, s, a);
	int n = slow_conv(t->v[1], t->v[2], 129, 128, 1, 4, a, b);
	n = slow_conv(t->v[3], t->v[4], 128, 64, 2, n, b, c);
	n = slow_conv(t->v[5], t->v[6], 64, 64, 2, n, c, d);
	(void)slow_conv(t->v[7], t->v[8], 64, 128, 1, n, d, e);
	return slow_lstm(t, st, e);
}

static void babble(int16_t *s, size_t n, double db)
{
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)(32768 * pow(10, db / 20) * 0.3 * rng_normal(t_rng()));
}

TEST(pcm_silero_is_the_long_way_on_every_kernel)
{
	struct net t;
	struct sb b;
	struct pcm_silero *w = NULL;
	struct err e = { 0 };
	int16_t s[6][FRAME];
	double want[6], worst = 0, low = 1, high = 0;
	struct slow slow = { 0 };
	net_make(&t);
	put_file(&b, &t);
	OK(pcm_silero_parse(&w, sb_sv(&b), &e));
	for (int i = 0; i < 6; i++) {
		babble(s[i], FRAME, -6.0 * i);
		want[i] = slow_run(&t, &slow, s[i]);
		low = fmin(low, want[i]);
		high = fmax(high, want[i]);
	}
	CHECK(high > low);
	for (size_t k = 0; k < silero_kerns_n; k++) {
		struct pcm_silero_state st, *sp = &st;
		if (pcm_silero_use(w, silero_kerns[k]->name))
			continue;
		STR_EQ(pcm_silero_kernel(w), silero_kerns[k]->name);
		pcm_silero_reset(&st);
		for (int i = 0; i < 6; i++) {
			float p;
			const int16_t *f = s[i];
			pcm_silero_run(w, &sp, &f, 1, &p);
			worst = fmax(worst, fabs((double)p - want[i]));
		}
		NEAR(worst, 0.0, 2e-5);
	}
	EQ(pcm_silero_use(w, "none such"), ERR_UNSUPPORTED);
	obj_unref(w);
	sb_done(&b);
	net_done(&t);
}

TEST(pcm_silero_a_batch_is_its_calls)
{
	enum { N = 21 };
	struct net t;
	struct sb b;
	struct pcm_silero *w = NULL;
	struct err e = { 0 };
	static struct pcm_silero_state one[N], many[N];
	struct pcm_silero_state *sp[N];
	static int16_t s[N][FRAME];
	const int16_t *f[N];
	float p[N], q;
	net_make(&t);
	put_file(&b, &t);
	OK(pcm_silero_parse(&w, sb_sv(&b), &e));
	memset(one, 0, sizeof(one));
	memset(many, 0, sizeof(many));
	for (size_t n = 1; n <= N; n += n < 9 ? 1 : 6) {
		for (size_t i = 0; i < n; i++) {
			babble(s[i], FRAME, -3.0 * (double)i);
			f[i] = s[i];
			sp[i] = &many[i];
		}
		pcm_silero_run(w, sp, f, n, p);
		for (size_t i = 0; i < n; i++) {
			struct pcm_silero_state *o = &one[i];
			pcm_silero_run(w, &o, &f[i], 1, &q);
			NEAR((double)p[i], (double)q, 2e-5);
		}
	}
	obj_unref(w);
	sb_done(&b);
	net_done(&t);
}

/* ---- kernels alone */

static void fill(float *v, size_t n, double scale)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (float)(scale * rng_normal(t_rng()));
}

static double apart(const float *a, const float *b, size_t n)
{
	double worst = 0;
	for (size_t i = 0; i < n; i++)
		worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
	return worst;
}

static void mul_case(const struct silero_kern *k, const struct silero_kern *plain, int rows,
		     int cols, size_t n, bool relu)
{
	static float w[128 * 97], bias[128], x[19][97], y[19][128], z[19][128];
	const float *in[19];
	float *out[19], *ref[19];
	fill(w, (size_t)rows * (size_t)cols, 0.3);
	fill(bias, (size_t)rows, 1);
	for (size_t i = 0; i < n; i++) {
		fill(x[i], (size_t)cols, 1);
		in[i] = x[i];
		out[i] = y[i];
		ref[i] = z[i];
	}
	struct silero_mat m = { w, cols % 2 ? bias : NULL, rows, cols, relu };
	k->mul(&m, in, out, n);
	plain->mul(&m, in, ref, n);
	for (size_t i = 0; i < n; i++)
		NEAR(apart(y[i], z[i], (size_t)rows), 0.0, 1e-4);
}

TEST(pcm_silero_kernels_multiply_alike)
{
	const struct silero_kern *plain = silero_kerns[silero_kerns_n - 1];
	STR_EQ(plain->name, "plain");
	for (size_t k = 0; k + 1 < silero_kerns_n; k++)
		for (size_t n = 1; silero_kerns[k]->usable() && n <= 19; n++) {
			mul_case(silero_kerns[k], plain, 64, 65, n, false);
			mul_case(silero_kerns[k], plain, 128, (int)(1 + rng_below(t_rng(), 97)), n,
				 true);
			mul_case(silero_kerns[k], plain, 32, (int)(1 + n % 3), n, true);
		}
}

TEST(pcm_silero_kernels_keep_cells_alike)
{
	const struct silero_kern *plain = silero_kerns[silero_kerns_n - 1];
	float gates[512], c[128], h[128], d[128], g[128], out_w[128], re[128], im[128];
	for (size_t k = 0; k + 1 < silero_kerns_n; k++) {
		if (!silero_kerns[k]->usable())
			continue;
		for (int round = 0; round < 12; round++) {
			fill(gates, 512, round < 9 ? 1 << round : 1e4);
			fill(c, 128, 2);
			fill(out_w, 128, 1);
			memcpy(d, c, sizeof(d));
			float a = silero_kerns[k]->cell(gates, c, h, out_w);
			float b = plain->cell(gates, d, g, out_w);
			NEAR(apart(c, d, 128), 0.0, 3e-6);
			NEAR(apart(h, g, 128), 0.0, 3e-6);
			NEAR((double)a, (double)b, 2e-4);
			fill(re, 128, 3);
			fill(im, 128, 3);
			silero_kerns[k]->magnitude(re, im, h, 128);
			plain->magnitude(re, im, g, 128);
			NEAR(apart(h, g, 128), 0.0, 1e-5);
		}
	}
}

/* ---- files that are not right */

static int parse(sv bytes)
{
	struct pcm_silero *w = NULL;
	struct err e = { 0 };
	int rc = pcm_silero_parse(&w, bytes, &e);
	if (rc && (w || !e.msg[0]))
		t_fail(__FILE__, __LINE__, "a refusal says why and gives nothing");
	obj_unref(w);
	return rc;
}

TEST(pcm_silero_refuses_a_cut_file)
{
	struct net t;
	struct sb b;
	net_make(&t);
	put_file(&b, &t);
	sv all = sb_sv(&b);
	OK(parse(all));
	for (size_t n = 0; n < all.n; n += n < 400 ? 1 : all.n / 60)
		CHECK(parse(sv_slice(all, 0, n)) != 0);
	EQ(parse(sv_slice(all, 0, all.n - 1)), ERR_PARSE);
	sb_cstr(&b, "xy");
	EQ(parse(sb_sv(&b)), ERR_PARSE);
	sb_done(&b);
	net_done(&t);
}

TEST(pcm_silero_survives_damaged_heads)
{
	struct net t;
	struct sb b;
	net_make(&t);
	put_file(&b, &t);
	char *p = xalloc(b.n);
	for (int i = 0; i < 150; i++) {
		memcpy(p, sb_str(&b), b.n);
		for (int k = 0; k < 1 + i % 3; k++)
			p[rng_below(t_rng(), 160)] = (char)rng_below(t_rng(), 256);
		(void)parse(sv_n(p, b.n));
	}
	xfree(p);
	sb_done(&b);
	net_done(&t);
}

/* The whole file again, tensor `twice` twice, `without` not, and a byte changed. */
static int parse_mended(const struct net *t, int twice, int without)
{
	struct sb b;
	sb_init(&b, PCM_SILERO_FILE_MAX);
	put_head(&b);
	for (int i = 0; i < TENSORS; i++) {
		if (i != without)
			put_tensor(&b, t, i);
		if (i == twice)
			put_tensor(&b, t, i);
	}
	int rc = parse(sb_sv(&b));
	sb_done(&b);
	return rc;
}

TEST(pcm_silero_wants_every_tensor_once)
{
	struct net t;
	net_make(&t);
	OK(parse_mended(&t, -1, -1));
	EQ(parse_mended(&t, 3, -1), ERR_UNSUPPORTED);
	EQ(parse_mended(&t, -1, 13), ERR_PARSE);
	t.v[9][77] = NAN;
	EQ(parse_mended(&t, -1, -1), ERR_PARSE);
	t.v[9][77] = 0;
	t.v[0][100 * 256 + 100] += 0.1f;
	EQ(parse_mended(&t, -1, -1), ERR_UNSUPPORTED);
	EQ(parse(SV("RIFF, something else entirely")), ERR_UNSUPPORTED);
	net_done(&t);
}

TEST(pcm_silero_open_says_what_is_missing)
{
	struct pcm_silero *w = NULL;
	struct err e = { 0 };
	EQ(pcm_silero_open(&w, "/nowhere/silero.bin", &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "silero.bin");
}

/* ---- steps from a line's frames */

TEST(pcm_silero_push_cuts_steps)
{
	struct pcm_silero_in in;
	int16_t s[320], got[FRAME * 20];
	size_t steps = 0;
	pcm_silero_in_init(&in, 16000);
	for (int i = 0, v = 0; i < 32; i++) {
		for (int k = 0; k < 320; k++)
			s[k] = (int16_t)v++;
		if (pcm_silero_push(&in, s, 320))
			memcpy(got + FRAME * steps++, in.s, sizeof(in.s[0]) * FRAME);
	}
	EQ(steps, 20);
	for (size_t i = 0; i < FRAME * steps; i++)
		EQ(got[i], (int16_t)i);
}

TEST(pcm_silero_doubles_a_telephone_line)
{
	for (int hz = 200; hz <= 3400; hz += 400) {
		struct pcm_silero_in in;
		int16_t s[160];
		int64_t pos = 0;
		int steps = 0;
		double in_db = 0, image_db = 0;
		pcm_silero_in_init(&in, 8000);
		for (int i = 0; i < 32; i++) {
			for (int k = 0; k < 160; k++, pos++)
				s[k] = (int16_t)lrint(8000 *
						      sin(2 * M_PI * hz * (double)pos / 8000));
			if (!pcm_silero_push(&in, s, 160) || ++steps < 3)
				continue;
			in_db = pcm_goertzel_db(in.s, FRAME, hz, 16000);
			image_db = pcm_goertzel_db(in.s, FRAME, 8000 - hz, 16000);
		}
		EQ(steps, 20);
		NEAR(in_db, 20 * log10(8000 / 32768.0), hz < 3200 ? 0.6 : 1.2);
		CHECK(image_db < in_db - (hz < 3000 ? 30 : 15));
	}
}

TEST(pcm_silero_push_never_overflows)
{
	struct pcm_silero_in in;
	int16_t s[160];
	pcm_silero_in_init(&in, 8000);
	for (int i = 0; i < 50; i++) {
		for (int k = 0; k < 160; k++)
			s[k] = (k / 3 + i) % 2 ? 32767 : -32768;
		(void)pcm_silero_push(&in, s, 160);
		CHECK(in.n <= FRAME + PCM_SILERO_PUSH);
	}
}

/* ---- a quiet line */

static int steps_of(struct pcm_silero_line *l, const int16_t *s, int ms, double level_db)
{
	int due = 0;
	for (int t = 0; t < ms; t += 20)
		due += pcm_silero_line_push(l, s, 320, level_db, -60);
	return due;
}

TEST(pcm_silero_line_leaves_quiet_steps_out)
{
	struct pcm_silero_line l;
	int16_t s[320];
	for (int i = 0; i < 320; i++)
		s[i] = (int16_t)(i - 160);
	pcm_silero_line_init(&l, 16000);
	EQ(steps_of(&l, s, 1600, -30), 50);
	int held = steps_of(&l, s, 500, -59);
	CHECK(held >= 14 && held <= 16);         /* half a second is judged all the same */
	l.p = 0.7f;
	for (int i = 0; i < PCM_SILERO_UNITS; i++)
		l.st.h[i] = l.st.c[i] = 1;
	EQ(steps_of(&l, s, 3200, -59), 0);
	NEAR((double)l.p, 0.0, 0);
	for (int i = 0; i < PCM_SILERO_UNITS; i++)
		NEAR((double)(l.st.h[i] + l.st.c[i]), 0.0, 0);
	/* the sound before the first step goes on where the last one ended */
	size_t at = (640 - l.in.n % PCM_SILERO_FRAME) % 320;
	for (size_t i = 0; i < PCM_SILERO_CONTEXT; i++)
		NEAR((double)l.st.context[i],
		     s[(at + 320 - PCM_SILERO_CONTEXT + i) % 320] / 32768.0, 1e-6);
	CHECK(steps_of(&l, s, 40, -57) >= 1);    /* one frame opens it */
}

/* ---- the real weights: how the detector judges */

static char found[4096];

static int look(void *arg, const char *path)
{
	(void)arg;
	if (!sv_ends(sv_of(path), SV("/ggml-silero-v6.2.0.bin")))
		return 0;
	(void)snprintf(found, sizeof(found), "%s", path);
	return 1;
}

static const char *real_weights(void)
{
	char dir[4096];
	const char *cache = getenv("CALLM_CACHE"), *home = getenv("HOME");
	if (cache)
		(void)snprintf(dir, sizeof(dir), "%s", cache);
	else
		(void)snprintf(dir, sizeof(dir), "%s/.cache/callm", home ? home : "");
	found[0] = '\0';
	if (file_exists(dir))
		(void)file_walk(dir, look, NULL);
	return found[0] ? found : NULL;
}

/* A voice: pulses of a falling pitch through three resonances that glide between two vowels, in
 * syllables and phrases, at -24 dBFS. */
static void voice(int16_t *s, size_t n)
{
	static const double vowel[2][3] = { { 730, 1090, 2440 }, { 300, 2200, 3000 } };
	double y[3][2] = { { 0 } }, phase = 0, power = 0;
	double *v = xalloc(n * sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		double at = (double)i / 16000, part = fmod(at, 0.18) / 0.18;
		double glide = 0.5 - 0.5 * cos(M_PI * at / 0.18);
		double x = 0.002 * rng_normal(t_rng());
		phase += (110 - 30 * fmod(at, 1.1) + 4 * sin(30 * at)) / 16000;
		x += phase >= 1;
		phase -= phase >= 1;
		for (int k = 0; k < 3; k++) {
			double f = vowel[0][k] + glide * (vowel[1][k] - vowel[0][k]);
			double r = exp(-M_PI * (60 + 30 * k) / 16000);
			double o = x + 2 * r * cos(2 * M_PI * f / 16000) * y[k][0] -
				   r * r * y[k][1];
			y[k][1] = y[k][0];
			y[k][0] = x = o;
		}
		v[i] = fmod(at, 1.1) < 0.9 ? x * sin(M_PI * fmin(1, part * 1.25)) : 0;
		power += v[i] * v[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)fmax(-32768, fmin(32767, v[i] * 2000 / sqrt(power)));
	xfree(v);
}

static double mean_p(const struct pcm_silero *w, const int16_t *s, size_t n)
{
	struct pcm_silero_state st, *sp = &st;
	double sum = 0;
	size_t k = 0;
	pcm_silero_reset(&st);
	for (size_t i = 0; i + FRAME <= n; i += FRAME, k++) {
		float p;
		const int16_t *f = s + i;
		pcm_silero_run(w, &sp, &f, 1, &p);
		sum += (double)p;
	}
	return sum / (double)k;
}

TEST(pcm_silero_tells_a_voice_from_noise)
{
	struct pcm_silero *w = NULL;
	struct err e = { 0 };
	enum { N = 48000 };
	static int16_t s[N];
	const char *path = real_weights();
	if (!path)
		SKIP("the detector's weights are not installed: callm models pull");
	OK(pcm_silero_open(&w, path, &e));
	memset(s, 0, sizeof(s));
	CHECK(mean_p(w, s, N) < 0.05);
	for (int db = -50; db <= -10; db += 20) {
		babble(s, N, db);
		CHECK(mean_p(w, s, N) < 0.1);
	}
	for (int i = 0; i < N; i++)
		s[i] = (int16_t)(6000 * sin(2 * M_PI * 440 * i / 16000));
	CHECK(mean_p(w, s, N) < 0.2);
	voice(s, N);
	double p = mean_p(w, s, N);
	if (p < 0.7)
		t_near(__FILE__, __LINE__, "a voice", p, 1, 0.3);
	obj_unref(w);
}
