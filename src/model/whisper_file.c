/* whisper_file.c: whisper.cpp's file format: written piece by piece, and checked before the library
 * reads it, which believes every size it finds.
 *
 * All little-endian: u32 magic, eleven i32 (struct wh_shape), i32 mels and bins, the mel filters,
 * i32 number of words and each as u32 length and bytes; then tensors to the end of the file: i32
 * rank, i32 length of the name, i32 type, i32 dimensions (fastest first), name, data. (whisper.cpp,
 * models/convert-pt-to-ggml.py.) */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "whisper_int.h"

enum { MAGIC = 0x67676d6c, STATE_MAX = 1280, LAYERS_MAX = 32, WORD_MAX = 1024, MEL_HZ = WH_HZ };

/* ---- writing ---- */

static void put32(struct sb *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		sb_ch(b, (char)(v >> (8 * i)));
}

/* Linear below 1 kHz, logarithmic above (Slaney's Auditory Toolbox). */
static double mel_of(double hz)
{
	return hz < 1000 ? hz * 3 / 200 : 15 + log(hz / 1000) * 27 / log(6.4);
}

static double hz_of(double mel)
{
	return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

void wh_mel_filters(int n_mels, float *out)
{
	double top = mel_of(MEL_HZ / 2.0), step = top / (n_mels + 1);
	for (int m = 0; m < n_mels; m++) {
		double lo = hz_of(m * step), mid = hz_of((m + 1) * step),
		       hi = hz_of((m + 2) * step);
		for (int k = 0; k < WH_N_FFT_BINS; k++) {
			double hz = k * (MEL_HZ / 2.0) / (WH_N_FFT_BINS - 1);
			double up = (hz - lo) / (mid - lo), down = (hi - hz) / (hi - mid);
			double w = up < down ? up : down;
			out[m * WH_N_FFT_BINS + k] = (float)((w > 0 ? w : 0) * 2 / (hi - lo));
		}
	}
}

void wh_put_head(struct sb *b, const struct wh_shape *s, const sv *words, size_t n_words)
{
	const int32_t *v = &s->n_vocab;
	size_t n = (size_t)s->n_mels * WH_N_FFT_BINS;
	put32(b, MAGIC);
	for (size_t i = 0; i < sizeof(*s) / sizeof(*v); i++)
		put32(b, (uint32_t)v[i]);
	put32(b, (uint32_t)s->n_mels);
	put32(b, WH_N_FFT_BINS);
	float *mel = xalloc(n * sizeof(*mel));
	wh_mel_filters(s->n_mels, mel);
	sb_put(b, sv_n((const char *)mel, n * sizeof(*mel)));
	xfree(mel);
	put32(b, (uint32_t)n_words);
	for (size_t i = 0; i < n_words; i++) {
		put32(b, (uint32_t)words[i].n);
		sb_put(b, words[i]);
	}
}

void wh_put_tensor(struct sb *b, const char *name, int type, const int32_t *dims, int n_dims)
{
	put32(b, (uint32_t)n_dims);
	put32(b, (uint32_t)strlen(name));
	put32(b, (uint32_t)type);
	for (int i = 0; i < n_dims; i++)
		put32(b, (uint32_t)dims[i]);
	sb_cstr(b, name);
}

/* ---- checking ---- */

/* Bytes of a block and its items, by ggml's type number; only what a Whisper file has. */
static const struct {
	int type, bytes, items;
} types[] = { { 0, 4, 1 },   { 1, 2, 1 },   { 2, 18, 32 }, { 3, 20, 32 },
	      { 6, 22, 32 }, { 7, 24, 32 }, { 8, 34, 32 } };

static bool get32(FILE *f, int32_t *ret)
{
	unsigned char b[4];
	if (fread(b, 1, 4, f) != 4)
		return false;
	*ret = (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
			 (uint32_t)b[3] << 24);
	return true;
}

static bool within(int32_t v, int32_t lo, int32_t hi)
{
	return v >= lo && v <= hi;
}

static bool shape_ok(const struct wh_shape *s)
{
	return within(s->n_vocab, 51864, 52000) && within(s->n_audio_ctx, 1500, 1500) &&
	       within(s->n_audio_state, 32, STATE_MAX) && s->n_audio_state % 32 == 0 &&
	       within(s->n_audio_head, 1, s->n_audio_state) &&
	       s->n_audio_state % s->n_audio_head == 0 && within(s->n_audio_layer, 1, LAYERS_MAX) &&
	       within(s->n_text_ctx, 32, 448) && s->n_text_state == s->n_audio_state &&
	       s->n_text_head == s->n_audio_head && within(s->n_text_layer, 1, LAYERS_MAX) &&
	       (s->n_mels == 80 || s->n_mels == 128) && within(s->ftype, 0, 100000);
}

static bool skip(FILE *f, int64_t bytes, int64_t size)
{
	long at = ftell(f);
	return at >= 0 && bytes >= 0 && bytes <= size - at && fseek(f, bytes, SEEK_CUR) == 0;
}

static const char *check_head(FILE *f, int64_t size, struct wh_shape *s)
{
	int32_t magic, mels, bins, words, len, *v = &s->n_vocab;
	if (!get32(f, &magic) || magic != MAGIC)
		return "it does not begin as a whisper.cpp model does";
	for (size_t i = 0; i < sizeof(*s) / sizeof(*v); i++)
		if (!get32(f, &v[i]))
			return "cut short in its head";
	if (!shape_ok(s))
		return "no Whisper model has such a shape";
	if (!get32(f, &mels) || !get32(f, &bins) || mels != s->n_mels || bins != WH_N_FFT_BINS ||
	    !skip(f, (int64_t)mels * bins * 4, size))
		return "damaged mel filters";
	if (!get32(f, &words) || !within(words, 1, s->n_vocab))
		return "damaged vocabulary";
	for (int32_t i = 0; i < words; i++)
		if (!get32(f, &len) || !within(len, 0, WORD_MAX) || !skip(f, len, size))
			return "damaged vocabulary";
	return NULL;
}

static int64_t tensor_bytes(int32_t type, const int32_t dims[4])
{
	int64_t items = 1;
	for (int i = 0; i < 4; i++) {
		if (!within(dims[i], 1, 1 << 20) || items > (1 << 28))
			return -1;
		items *= dims[i];
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return dims[0] % types[i].items ? -1 :
							  items / types[i].items * types[i].bytes;
	return -1;
}

static const char *check_tensors(FILE *f, int64_t size, const struct wh_shape *s)
{
	int n = 0, want = 11 + 15 * s->n_audio_layer + 24 * s->n_text_layer;
	while (ftell(f) < size) {
		int32_t rank, len, type, dims[4] = { 1, 1, 1, 1 };
		if (!get32(f, &rank) || !get32(f, &len) || !get32(f, &type) ||
		    !within(rank, 1, 4) || !within(len, 1, 200))
			return "damaged between its tensors";
		for (int i = 0; i < rank; i++)
			if (!get32(f, &dims[i]))
				return "cut short";
		int64_t bytes = tensor_bytes(type, dims);
		if (bytes < 0)
			return "a tensor has an impossible shape or type";
		if (!skip(f, len, size) || !skip(f, bytes, size))
			return "cut short";
		n++;
	}
	return n == want ? NULL : "tensors are missing";
}

int wh_check(const char *path, struct err *e)
{
	struct wh_shape s = { 0 };
	struct stat st;
	FILE *f = fopen(path, "rbe");
	if (!f)
		return err_set(e, err_from_errno(errno), "%s cannot be read: %s", path,
			       err_text(err_from_errno(errno)));
	const char *why = fstat(fileno(f), &st) || !S_ISREG(st.st_mode) ? "not a file" : NULL;
	if (!why)
		why = check_head(f, st.st_size, &s);
	if (!why)
		why = check_tensors(f, st.st_size, &s);
	(void)fclose(f);
	return why ? err_set(e, ERR_CORRUPT, "%s is damaged: %s", path, why) : 0;
}
