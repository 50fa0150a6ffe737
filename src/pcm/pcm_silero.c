/* pcm_silero.c: the forward pass of the Silero voice detector.
 *
 * A step is 512 samples at 16 kHz with 64 of the step before in front and 64 mirrored behind:
 * four Fourier transforms of 256 (Hann window, hop 128) -> magnitudes of 129 bins -> four
 * convolutions of three taps (128, 64, 64, 128 channels; strides 1, 2, 2, 1), which leave one
 * column -> LSTM of 128 units -> relu, one weighted sum, sigmoid.
 *
 * Columns of one call lie side by side, so a convolution's three columns are one long one and
 * every layer is the same matrix product over the columns of all calls (pcm_silero_kern.c).
 * Taps that only ever see padding are left out. The transform's basis in the file is checked to
 * be the windowed Fourier one and replaced: sums and differences of mirrored samples leave
 * a quarter of the multiplications. Bins are kept even ones first, then odd, then the last; the
 * first convolution's weights follow that order.
 *
 * Weights are one block, immutable, counted; a run's memory is on its stack, CHUNK calls at a
 * time. */
#include "pcm_silero_int.h"

#include <math.h>
#include <stdlib.h>

enum {
	BINS = 129,
	HALF = 64,                   /* even bins, odd bins */
	WIN = 256,
	HOP = 128,
	TIMES = 4,                   /* transforms of a step */
	UNITS = PCM_SILERO_UNITS,
	CHUNK = 8,
	AUDIO = PCM_SILERO_CONTEXT + PCM_SILERO_FRAME + 64,
};

struct pcm_silero {
	const struct silero_kern *kern;
	struct silero_mat re_even, re_odd, im_even, im_odd;
	struct silero_mat conv[4], lstm;
	const float *out_w;
	float out_bias;
	float window[WIN];
	float *block;                /* owned; everything above points into it */
};

/* ---- the forward pass */

struct work {                        /* of one call */
	float audio[AUDIO];
	float fold[TIMES][4][HALF + 1];
	float re[TIMES][2 * HALF], im[TIMES][2 * HALF];
	float mag[TIMES + 2][BINS];      /* a column of zeros at either end */
	float c0[TIMES + 1][128];        /* one in front */
	float c1[2][64], c2[64];
	float xh[2 * UNITS], gates[4 * UNITS];
};
enum { RE_EVEN, RE_ODD, IM_EVEN, IM_ODD };

static void load_audio(struct work *k, struct pcm_silero_state *st, const int16_t *s)
{
	float *a = k->audio;
	memcpy(a, st->context, sizeof(st->context));
	a += PCM_SILERO_CONTEXT;
	for (int i = 0; i < PCM_SILERO_FRAME; i++)
		a[i] = (float)s[i] / 32768;
	a += PCM_SILERO_FRAME;
	memcpy(st->context, a - PCM_SILERO_CONTEXT, sizeof(st->context));
	for (int i = 0; i < 64; i++)
		a[i] = a[-2 - i];
}

/* cos is even around the middle, sin odd; and each once more around the quarter, by the parity
 * of the bin. */
static void fold(const struct pcm_silero *w, const float *x, float to[4][HALF + 1], float *last)
{
	float u[WIN], e[HOP + 1], o[HOP + 1], sum = 0;
	for (int i = 0; i < WIN; i++)
		u[i] = w->window[i] * x[i];
	e[0] = u[0];
	e[HOP] = u[HOP];
	o[0] = o[HOP] = 0;
	for (int i = 1; i < HOP; i++) {
		e[i] = u[i] + u[WIN - i];
		o[i] = u[i] - u[WIN - i];
	}
	for (int i = 0; i < HALF; i++) {
		to[RE_EVEN][i] = e[i] + e[HOP - i];
		to[RE_ODD][i] = e[i] - e[HOP - i];
		to[IM_EVEN][i] = o[i] - o[HOP - i];
		to[IM_ODD][i] = o[i] + o[HOP - i];
	}
	to[RE_EVEN][HALF] = e[HALF];
	to[RE_ODD][HALF] = to[IM_EVEN][HALF] = 0;
	to[IM_ODD][HALF] = o[HALF];
	for (int i = 0; i < HALF; i += 2)
		sum += to[RE_EVEN][i] - to[RE_EVEN][i + 1];
	*last = fabsf(sum + to[RE_EVEN][HALF]);
}

static void transform(const struct pcm_silero *w, struct work *k, size_t n)
{
	const float *x[4][CHUNK * TIMES];
	float *y[4][CHUNK * TIMES];
	const struct silero_mat *m[4] = { &w->re_even, &w->re_odd, &w->im_even, &w->im_odd };
	for (size_t i = 0; i < n * TIMES; i++) {
		struct work *c = &k[i / TIMES];
		size_t t = i % TIMES;
		fold(w, c->audio + t * HOP, c->fold[t], &c->mag[t + 1][BINS - 1]);
		for (int j = 0; j < 4; j++)
			x[j][i] = c->fold[t][j];
		y[RE_EVEN][i] = c->re[t];
		y[RE_ODD][i] = c->re[t] + HALF;
		y[IM_EVEN][i] = c->im[t];
		y[IM_ODD][i] = c->im[t] + HALF;
	}
	for (int j = 0; j < 4; j++)
		w->kern->mul(m[j], x[j], y[j], n * TIMES);
	for (size_t i = 0; i < n * TIMES; i++) {
		struct work *c = &k[i / TIMES];
		size_t t = i % TIMES;
		w->kern->magnitude(c->re[t], c->im[t], c->mag[t + 1], 2 * HALF);
	}
}

static void convolve(const struct pcm_silero *w, struct work *k, size_t n)
{
	const float *x[CHUNK * TIMES];
	float *y[CHUNK * TIMES];
	for (size_t i = 0; i < n * TIMES; i++) {
		x[i] = k[i / TIMES].mag[i % TIMES];
		y[i] = k[i / TIMES].c0[i % TIMES + 1];
	}
	w->kern->mul(&w->conv[0], x, y, n * TIMES);
	for (size_t i = 0; i < n * 2; i++) {
		x[i] = k[i / 2].c0[i % 2 * 2];
		y[i] = k[i / 2].c1[i % 2];
	}
	w->kern->mul(&w->conv[1], x, y, n * 2);
	for (size_t i = 0; i < n; i++) {
		x[i] = k[i].c1[0];
		y[i] = k[i].c2;
	}
	w->kern->mul(&w->conv[2], x, y, n);
	for (size_t i = 0; i < n; i++) {
		x[i] = k[i].c2;
		y[i] = k[i].xh;
	}
	w->kern->mul(&w->conv[3], x, y, n);
}

static void run_chunk(const struct pcm_silero *w, struct pcm_silero_state *const *st,
		      const int16_t *const *frames, size_t n, float *p)
{
	struct work k[CHUNK] __attribute__((aligned(64)));
	const float *x[CHUNK];
	float *y[CHUNK];
	for (size_t i = 0; i < n; i++) {
		load_audio(&k[i], st[i], frames[i]);
		memset(k[i].mag[0], 0, sizeof(k[i].mag[0]));
		memset(k[i].mag[TIMES + 1], 0, sizeof(k[i].mag[0]));
		memset(k[i].c0[0], 0, sizeof(k[i].c0[0]));
		memcpy(k[i].xh + UNITS, st[i]->h, sizeof(st[i]->h));
		x[i] = k[i].xh;
		y[i] = k[i].gates;
	}
	transform(w, k, n);
	convolve(w, k, n);
	w->kern->mul(&w->lstm, x, y, n);
	for (size_t i = 0; i < n; i++) {
		float sum = w->kern->cell(y[i], st[i]->c, st[i]->h, w->out_w);
		p[i] = 1 / (1 + expf(-(sum + w->out_bias)));
	}
}

void pcm_silero_run(const struct pcm_silero *w, struct pcm_silero_state *const *st,
		    const int16_t *const *frames, size_t n, float *p)
{
	for (size_t i = 0; i < n; i += CHUNK)
		run_chunk(w, st + i, frames + i, n - i < CHUNK ? n - i : CHUNK, p + i);
}

void pcm_silero_reset(struct pcm_silero_state *st)
{
	memset(st, 0, sizeof(*st));
}

/* ---- weights, laid out for the kernels */

struct layout {                      /* of the block, in floats; first counted, then filled */
	float *block;
	size_t n;
};

static float *take(struct layout *l, size_t n)
{
	float *p = l->block ? l->block + l->n : NULL;
	l->n += (n + 15) / 16 * 16;  /* each part begins a cache line */
	return p;
}

static float *take_mat(struct layout *l, struct silero_mat *m, int rows, int cols, bool relu)
{
	float *w = take(l, (size_t)rows * (size_t)cols);
	*m = (struct silero_mat){ .w = w, .rows = rows, .cols = cols, .relu = relu };
	return w;
}

static float *cell_of(const struct silero_mat *m, float *w, int row, int col)
{
	return w + ((size_t)(row / SILERO_PANEL) * (size_t)m->cols + (size_t)col) * SILERO_PANEL +
	       row % SILERO_PANEL;
}

static void lay_basis(struct layout *l, struct silero_mat *m, bool odd, bool sine)
{
	float *w = take_mat(l, m, HALF, HALF + 1, false);
	for (int j = 0; w && j < HALF; j++)
		for (int i = 0; i <= HALF; i++) {
			double a = 2 * M_PI * (2 * j + odd) * i / WIN;
			*cell_of(m, w, j, i) = (float)(sine ? sin(a) : cos(a));
		}
}

static int bin_at(int place)         /* which bin of the file lies at a place of ours */
{
	return place == 2 * HALF ? BINS - 1 : place < HALF ? 2 * place : 2 * (place - HALF) + 1;
}

/* Taps from..to of a convolution as one matrix over their columns side by side. */
static void lay_conv(struct layout *l, struct pcm_silero *s, int which, const float *w,
		     const float *bias)
{
	static const struct {
		int in, out, from, to;
	} shape[4] = {
		{ BINS, 128, 0, 2 }, { 128, 64, 0, 2 }, { 64, 64, 1, 2 }, { 64, 128, 1, 1 }
	};
	int in = shape[which].in, out = shape[which].out, from = shape[which].from;
	int taps = shape[which].to - from + 1;
	struct silero_mat *m = &s->conv[which];
	float *to = take_mat(l, m, out, taps * in, true), *b = take(l, (size_t)out);
	m->bias = b;
	if (!to)
		return;
	memcpy(b, bias, sizeof(*b) * (size_t)out);
	for (int o = 0; o < out; o++)
		for (int t = 0; t < taps; t++)
			for (int c = 0; c < in; c++) {
				int from_c = which == 0 ? bin_at(c) : c;
				*cell_of(m, to, o, t * in + c) =
					w[(o * in + from_c) * 3 + from + t];
			}
}

static void lay_lstm(struct layout *l, struct pcm_silero *s, const struct silero_tensors *t)
{
	float *w = take_mat(l, &s->lstm, 4 * UNITS, 2 * UNITS, false);
	float *b = take(l, 4 * UNITS), *out = take(l, UNITS);
	s->lstm.bias = b;
	s->out_w = out;
	if (!w)
		return;
	for (int r = 0; r < 4 * UNITS; r++) {
		b[r] = t->v[SILERO_B_IH][r] + t->v[SILERO_B_HH][r];
		for (int c = 0; c < UNITS; c++) {
			*cell_of(&s->lstm, w, r, c) = t->v[SILERO_W_IH][r * UNITS + c];
			*cell_of(&s->lstm, w, r, UNITS + c) = t->v[SILERO_W_HH][r * UNITS + c];
		}
	}
	memcpy(out, t->v[SILERO_OUT_W], sizeof(*out) * UNITS);
	s->out_bias = t->v[SILERO_OUT_B][0];
}

static void lay_all(struct layout *l, struct pcm_silero *s, const struct silero_tensors *t)
{
	lay_basis(l, &s->re_even, false, false);
	lay_basis(l, &s->re_odd, true, false);
	lay_basis(l, &s->im_even, false, true);
	lay_basis(l, &s->im_odd, true, true);
	for (int i = 0; i < 4; i++)
		lay_conv(l, s, i, t->v[SILERO_CONV + 2 * i], t->v[SILERO_CONV + 2 * i + 1]);
	lay_lstm(l, s, t);
}

/* Half a ten-bit mantissa of noise is what the file's half floats may add. */
static bool is_fourier(const struct pcm_silero *s, const float *basis)
{
	for (int b = 0; b < BINS; b++)
		for (int i = 0; i < WIN; i++) {
			double a = 2 * M_PI * b * i / WIN, win = (double)s->window[i];
			if (fabs((double)basis[b * WIN + i] - win * cos(a)) > 1e-3 ||
			    fabs((double)basis[(BINS + b) * WIN + i] + win * sin(a)) > 1e-3)
				return false;
		}
	return true;
}

static void silero_done(void *obj)
{
	struct pcm_silero *s = obj;
	free(s->block);
}

int pcm_silero_parse(struct pcm_silero **ret, sv bytes, struct err *e)
{
	struct silero_tensors t = { 0 };
	int rc = silero_tensors_read(&t, bytes, e);
	if (rc)
		return rc;
	struct pcm_silero *s = obj_new(sizeof(*s), silero_done);
	for (int i = 0; i < WIN; i++)
		s->window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / WIN));
	if (!is_fourier(s, t.v[SILERO_BASIS])) {
		rc = err_set(e, ERR_UNSUPPORTED,
			     "the detector's transform is not a Hann-windowed Fourier one");
		obj_unref(s);
	} else {
		struct layout l = { 0 };
		lay_all(&l, s, &t);
		s->block = aligned_alloc(64, l.n * sizeof(float));
		ASSERT(s->block);
		l = (struct layout){ .block = s->block };
		lay_all(&l, s, &t);
		(void)pcm_silero_use(s, "");
		*ret = s;
	}
	silero_tensors_done(&t);
	return rc;
}

int pcm_silero_open(struct pcm_silero **ret, const char *path, struct err *e)
{
	struct sb b;
	sb_init(&b, PCM_SILERO_FILE_MAX);
	int rc = file_read(path, PCM_SILERO_FILE_MAX, &b, e);
	if (rc == 0)
		rc = pcm_silero_parse(ret, sb_sv(&b), e);
	sb_done(&b);
	return rc;
}

const char *pcm_silero_kernel(const struct pcm_silero *w)
{
	return w->kern->name;
}

int pcm_silero_use(struct pcm_silero *w, const char *kernel)
{
	for (size_t i = 0; i < silero_kerns_n; i++) {
		const struct silero_kern *k = silero_kerns[i];
		if ((*kernel && strcmp(kernel, k->name) != 0) || !k->usable())
			continue;
		w->kern = k;
		return 0;
	}
	return ERR_UNSUPPORTED;
}
