/* whisper_int.h: inside the program callm-whisper: the engine's adapter, reading CTranslate2 files,
 * writing whisper.cpp's. Private to model; callm itself links none of it.
 *
 *	struct wh *w;
 *	if (wh_open(&w, "base-q8_0.bin", &e) == 0)
 *		wh_hear(w, &job, &heard);
 *	wh_close(w);
 */
#ifndef CALLM_MODEL_WHISPER_INT_H
#define CALLM_MODEL_WHISPER_INT_H

#include "base.h"

/* ---- whisper_adapter.c: the only file that includes whisper.h and ggml.h ---- */
enum { WH_HZ = 16000, WH_SECONDS_MAX = 30, WH_LANGS_MAX = 8, WH_TOKENS_MAX = 224 };
struct wh;
struct wh_job {
	const float *s; /* at WH_HZ, -1..1; at most WH_SECONDS_MAX */
	size_t n;
	char langs[WH_LANGS_MAX][4]; /* ISO codes to choose from; one = that; none = all */
	int n_langs;
	double prior;       /* the first has so much better odds from the start (logarithm) */
	const char *prompts[WH_LANGS_MAX]; /* words that are likely in each, or NULL */
	int threads;        /* >= 1 */
	/* Called between the steps; false stops with ERR_CANCELED. May be NULL. */
	bool (*go_on)(void *arg);
	void *arg;
};
struct wh_heard {
	struct sb text;       /* as the model writes it; initialised by the caller */
	char lang[4];
	double logprob;       /* mean over the tokens, end included */
	double no_speech;     /* the model's own belief that nobody speaks, 0..1 */
	int tokens;
	bool looped;          /* it repeated itself and was stopped */
};
/* Loads a file of whisper.cpp's format, checked first (wh_check). ERR_NOTFOUND, ERR_CORRUPT,
 * ERR_UNSUPPORTED (this processor lacks what the program was compiled for). */
int wh_open(struct wh **ret, const char *path, struct err *e);
void wh_close(struct wh *w);                    /* accepts NULL */
/* 0, ERR_CANCELED, ERR_INVAL, ERR_FAIL. One at a time. */
int wh_hear(struct wh *w, const struct wh_job *j, struct wh_heard *h);
/* What the first word would be, in the job's first language: the odds (logarithms) of WH_SENSE
 * tokens, evenly spread over the vocabulary, brought to mean 0 and spread 1. Errors as above. */
enum { WH_SENSE = 1024 };
int wh_sense(struct wh *w, const struct wh_job *j, float out[WH_SENSE]);
bool wh_multilingual(const struct wh *w);
/* How weights are stored. name: "f16", "q8_0", "q5_1". False for others. */
struct wh_quant {
	int ftype, type;      /* ggml's numbers */
};
bool wh_quant_find(const char *name, struct wh_quant *ret);
size_t wh_quant_row_bytes(const struct wh_quant *q, size_t n);
void wh_quant_row(const struct wh_quant *q, const float *src, void *dst, size_t n);

/* ---- whisper_file.c: whisper.cpp's file format ---- */
enum { WH_N_FFT_BINS = 201 };
struct wh_shape {
	int32_t n_vocab, n_audio_ctx, n_audio_state, n_audio_head, n_audio_layer, n_text_ctx,
		n_text_state, n_text_head, n_text_layer, n_mels, ftype;
};
/* Walks the whole file: every size is plausible and the file ends where its last tensor does.
 * ERR_NOTFOUND, ERR_CORRUPT. */
int wh_check(const char *path, struct err *e);
/* The mel filter bank of n_mels x WH_N_FFT_BINS for 16 kHz and a 400-point transform: Slaney's
 * scale, each triangle of area 1 (as librosa's filters.mel computes it). */
void wh_mel_filters(int n_mels, float *out);
/* Magic, shape, filters, vocabulary. */
void wh_put_head(struct sb *b, const struct wh_shape *s, const sv *words, size_t n_words);
/* Head of one tensor; its data follow. dims: fastest first. */
void wh_put_tensor(struct sb *b, const char *name, int type, const int32_t *dims, int n_dims);

/* ---- whisper_ct2.c: CTranslate2's model.bin, versions 3 to 6 ---- */
enum ct2_type { CT2_F32, CT2_I8, CT2_I16, CT2_I32, CT2_F16, CT2_BF16 };
struct ct2_var {
	sv name;
	uint32_t dims[4];
	int n_dims;
	enum ct2_type type;
	const unsigned char *data;
	size_t bytes, items;
};
struct ct2;
/* Maps the file and finds its variables. ERR_NOTFOUND, ERR_CORRUPT, ERR_VERSION. */
int ct2_open(struct ct2 **ret, const char *path, struct err *e);
void ct2_close(struct ct2 *c);                  /* accepts NULL */
/* aliases too; or NULL. */
const struct ct2_var *ct2_find(const struct ct2 *c, const char *name);
/* n items from item `from` on as floats; 8 and 16 bit integers are divided by their row's scale
 * (name_scale), rows being the first dimension. False when it has no scale. */
bool ct2_floats(const struct ct2 *c, const struct ct2_var *v, size_t from, size_t n, float *out);

/* ---- whisper_vocab.c ---- */
/* The bytes of each ordinary token, from the tokenizer.json of a byte-level BPE; *ret is
 * xalloc'ed, its strings live in a. ERR_NOTFOUND, ERR_PARSE, ERR_CORRUPT. */
int wh_vocab_read(const char *path, sv **ret, size_t *n, struct arena *a, struct err *e);

/* ---- whisper_convert.c ---- */
/* model.bin + tokenizer.json -> OUT, whole or not at all, loaded once to prove it. */
int wh_convert(const char *model, const char *tokenizer, const char *out, const char *quant,
	       struct err *e);

/* ---- whisper_text.c: what a recogniser writes and what is to be believed of it ---- */
/* Traditional characters to simplified ones, punctuation to full width between Chinese, no
 * spaces there; white space collapsed. */
void wh_text_clean(sv text, sv lang, struct sb *out);
/* The text says the same thing again and again, or is one of the sentences that such models
 * write over silence. seconds: length of the sound. */
bool wh_text_is_noise(sv text, double seconds);

#endif
