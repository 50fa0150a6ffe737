/* pcm_silero_file.c: reads the detector's weights as whisper.cpp writes them, cuts a line's
 * frames into the detector's steps, and leaves out those of a quiet line.
 *
 * The file, all little-endian (github.com/ggml-org/whisper.cpp, models/convert-silero-vad-to-
 * ggml.py): u32 "ggml"; name; version; window and context; layers; shapes; then tensors until
 * the end: i32 dimensions, name length, type (0 = float, 1 = half); i32 sizes, fastest first;
 * name; numbers. Every tensor must come once with the sizes we know; anything else is refused.
 * Pure functions. */
#include "pcm_silero_int.h"

#include <math.h>

static const struct {
	const char *name;
	int32_t ne[3];               /* fastest first */
} known[SILERO_TENSORS] = {
	[SILERO_BASIS] = { "_model.stft.forward_basis_buffer", { 256, 1, 258 } },
	[SILERO_CONV + 0] = { "_model.encoder.0.reparam_conv.weight", { 3, 129, 128 } },
	[SILERO_CONV + 1] = { "_model.encoder.0.reparam_conv.bias", { 128, 1, 1 } },
	[SILERO_CONV + 2] = { "_model.encoder.1.reparam_conv.weight", { 3, 128, 64 } },
	[SILERO_CONV + 3] = { "_model.encoder.1.reparam_conv.bias", { 64, 1, 1 } },
	[SILERO_CONV + 4] = { "_model.encoder.2.reparam_conv.weight", { 3, 64, 64 } },
	[SILERO_CONV + 5] = { "_model.encoder.2.reparam_conv.bias", { 64, 1, 1 } },
	[SILERO_CONV + 6] = { "_model.encoder.3.reparam_conv.weight", { 3, 64, 128 } },
	[SILERO_CONV + 7] = { "_model.encoder.3.reparam_conv.bias", { 128, 1, 1 } },
	[SILERO_W_IH] = { "_model.decoder.rnn.weight_ih", { 128, 512, 1 } },
	[SILERO_W_HH] = { "_model.decoder.rnn.weight_hh", { 128, 512, 1 } },
	[SILERO_B_IH] = { "_model.decoder.rnn.bias_ih", { 512, 1, 1 } },
	[SILERO_B_HH] = { "_model.decoder.rnn.bias_hh", { 512, 1, 1 } },
	[SILERO_OUT_W] = { "_model.decoder.decoder.2.weight", { 128, 1, 1 } },
	[SILERO_OUT_B] = { "_model.decoder.decoder.2.bias", { 1, 1, 1 } },
};

static int cut_short(struct err *e)
{
	return err_set(e, ERR_PARSE, "the detector's weights are cut or damaged");
}

/* False at the end of the file. */
static bool get_i32(sv *s, int32_t *ret)
{
	if (s->n < 4)
		return false;
	memcpy(ret, s->p, 4);
	*s = sv_slice(*s, 4, s->n);
	return true;
}

static float half_to_float(uint16_t h)
{
	int exp = h >> 10 & 31, frac = h & 1023;
	double v = exp == 0 ? ldexp(frac, -24) : ldexp(frac + 1024, exp - 25);
	if (exp == 31)
		v = frac ? (double)NAN : (double)INFINITY;
	return (float)(h & 0x8000 ? -v : v);
}

static int read_numbers(sv *s, float **ret, size_t n, int32_t type, struct err *e)
{
	size_t each = type == 1 ? 2 : 4;
	if (s->n < n * each)
		return cut_short(e);
	float *v = xalloc(n * sizeof(*v));
	for (size_t i = 0; i < n; i++) {
		uint16_t h;
		memcpy(&h, s->p + i * each, sizeof(h));
		if (type == 1)
			v[i] = half_to_float(h);
		else
			memcpy(&v[i], s->p + i * each, sizeof(v[i]));
		if (isfinite(v[i]))
			continue;
		xfree(v);
		return err_set(e, ERR_PARSE, "the detector's weights hold a number that is none");
	}
	*s = sv_slice(*s, n * each, s->n);
	*ret = v;
	return 0;
}

static int find_tensor(sv name)
{
	for (int i = 0; i < SILERO_TENSORS; i++)
		if (sv_eq(name, sv_of(known[i].name)))
			return i;
	return -1;
}

static int read_tensor(struct silero_tensors *t, sv *s, int32_t dims, struct err *e)
{
	int32_t len, type, ne[4] = { 1, 1, 1, 1 };
	if (!get_i32(s, &len) || !get_i32(s, &type) || dims < 0 || dims > 4 || len < 0 ||
	    len > 200)
		return cut_short(e);
	for (int i = 0; i < dims; i++)
		if (!get_i32(s, &ne[i]))
			return cut_short(e);
	if (s->n < (size_t)len)
		return cut_short(e);
	sv name = sv_slice(*s, 0, (size_t)len);
	*s = sv_slice(*s, (size_t)len, s->n);
	int k = find_tensor(name);
	bool fits = k >= 0 && !t->v[k] && type >= 0 && type <= 1 && ne[3] == 1;
	for (int i = 0; fits && i < 3; i++)
		fits = ne[i] == known[k].ne[i];
	if (!fits)
		return err_set(e, ERR_UNSUPPORTED, "the detector's weights: unexpected \"" SV_FMT
			       "\"", SV_ARG(sv_slice(name, 0, 80)));
	size_t n = (size_t)ne[0] * (size_t)ne[1] * (size_t)ne[2];
	return read_numbers(s, &t->v[k], n, type, e);
}

/* Name, version, window, context, four layers of three numbers, four numbers of the end. */
static int read_head(sv *s, struct err *e)
{
	static const int32_t want[] = { 512, 64,  4,  129, 128, 3,   128, 64, 3, 64,
					64,  3,   64, 128, 3,   128, 128, 128, 1 };
	int32_t magic, len, v;
	if (!get_i32(s, &magic) || magic != 0x67676d6c)
		return err_set(e, ERR_UNSUPPORTED, "not a file of detector weights (ggml)");
	if (!get_i32(s, &len) || len < 0 || len > 200 || s->n < (size_t)len + 12)
		return cut_short(e);
	sv name = sv_slice(*s, 0, (size_t)len);
	if (!sv_eq(name, SV("silero-16k")))
		return err_set(e, ERR_UNSUPPORTED, "weights of \"" SV_FMT "\", not of silero-16k",
			       SV_ARG(name));
	*s = sv_slice(*s, (size_t)len + 12, s->n);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		if (!get_i32(s, &v))
			return cut_short(e);
		if (v != want[i])
			return err_set(
				e, ERR_UNSUPPORTED,
				"weights of another silero network (number %zu is %d, not %d)",
				i, v, want[i]);
	}
	return 0;
}

int silero_tensors_read(struct silero_tensors *t, sv bytes, struct err *e)
{
	int32_t dims;
	int rc = read_head(&bytes, e);
	while (rc == 0 && get_i32(&bytes, &dims))
		rc = read_tensor(t, &bytes, dims, e);
	if (rc == 0 && bytes.n)
		rc = cut_short(e);
	for (int i = 0; rc == 0 && i < SILERO_TENSORS; i++)
		if (!t->v[i])
			rc = err_set(e, ERR_PARSE, "the detector's weights lack \"%s\"",
				     known[i].name);
	if (rc)
		silero_tensors_done(t);
	return rc;
}

void silero_tensors_done(struct silero_tensors *t)
{
	for (int i = 0; i < SILERO_TENSORS; i++) {
		xfree(t->v[i]);
		t->v[i] = NULL;
	}
}

/* ---- steps */

/* Halfway between two samples: sinc(k) at k = -7.5 .. 7.5 under a Kaiser window (beta 5), sum 1:
 * flat to 3 kHz within 0.04 dB, -0.9 dB at 3.4 kHz. */
static const float between[PCM_SILERO_TAPS] = {
	-0.00155839f, 0.00589049f,  -0.01441037f, 0.02935466f, -0.05451567f, 0.09873804f,
	-0.19395822f, 0.63045946f,  0.63045946f,  -0.19395822f, 0.09873804f, -0.05451567f,
	0.02935466f,  -0.01441037f, 0.00589049f,  -0.00155839f,
};

void pcm_silero_in_init(struct pcm_silero_in *in, int rate)
{
	ASSERT(rate == 8000 || rate == PCM_SILERO_HZ);
	memset(in, 0, sizeof(*in));
	in->rate = rate;
}

/* past: the last samples, oldest first; the one at 7 goes out, then what lies between it and the
 * next. */
static void put_double(struct pcm_silero_in *in, const int16_t *s, size_t n)
{
	enum { T = PCM_SILERO_TAPS };
	float x[T + PCM_SILERO_PUSH / 2];
	int16_t *to = in->s + in->n;
	for (int i = 0; i < T; i++)
		x[i] = in->past[i];
	for (size_t i = 0; i < n; i++)
		x[T + i] = s[i];
	for (size_t i = 0; i < n; i++) {
		float sum = 0;
		for (int k = 0; k < T; k++)
			sum += between[k] * x[i + 1 + (size_t)k];
		to[2 * i] = (int16_t)x[i + T / 2];
		to[2 * i + 1] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
	}
	for (int i = 0; i < T; i++)
		in->past[i] = (int16_t)x[n + (size_t)i];
	in->n += 2 * n;
}

bool pcm_silero_push(struct pcm_silero_in *in, const int16_t *s, size_t n)
{
	ASSERT(n * PCM_SILERO_HZ / (size_t)in->rate <= PCM_SILERO_PUSH);
	if (in->n >= PCM_SILERO_FRAME) {
		in->n -= PCM_SILERO_FRAME;
		memmove(in->s, in->s + PCM_SILERO_FRAME, in->n * sizeof(*in->s));
	}
	if (in->rate == PCM_SILERO_HZ) {
		memcpy(in->s + in->n, s, n * sizeof(*s));
		in->n += n;
	} else {
		put_double(in, s, n);
	}
	return in->n >= PCM_SILERO_FRAME;
}

/* ---- quiet lines */

#define GATE_DB 2.0
enum { GATE_HOLD_MS = 500, LINE_FRAME_MS = 20 };

void pcm_silero_line_init(struct pcm_silero_line *l, int rate)
{
	pcm_silero_in_init(&l->in, rate);
	pcm_silero_reset(&l->st);
	l->quiet_ms = 0;
	l->p = 0;
}

/* What the network would remember of silence is close to nothing; the sound before stays. */
static void rest(struct pcm_silero_line *l)
{
	const int16_t *end = l->in.s + PCM_SILERO_FRAME - PCM_SILERO_CONTEXT;
	pcm_silero_reset(&l->st);
	for (int i = 0; i < PCM_SILERO_CONTEXT; i++)
		l->st.context[i] = (float)end[i] / 32768;
	l->p = 0;
}

bool pcm_silero_line_push(struct pcm_silero_line *l, const int16_t *s, size_t n, double level_db,
			  double floor_db)
{
	if (level_db > floor_db + GATE_DB)
		l->quiet_ms = 0;
	else if (l->quiet_ms < GATE_HOLD_MS)
		l->quiet_ms += LINE_FRAME_MS;
	if (!pcm_silero_push(&l->in, s, n))
		return false;
	if (l->quiet_ms < GATE_HOLD_MS)
		return true;
	rest(l);
	return false;
}
