/* whisper_adapter.c: Whisper by whisper.cpp, one utterance at a time: the only file that knows it.
 *
 * whisper.cpp encodes and computes the next word's odds; the search is here, because a telephone
 * needs what whisper_full does not give. (1) The encoder looks at the sound's own length, not at
 * 30 s: a tenth of the time for 3 s. whisper_full alone can set that length, so it is called and
 * stopped just before it encodes. (2) The language is chosen among the configured ones from the
 * odds that the decoder gives anyway, without a second encoding. (3) The model's belief that nobody
 * speaks is kept. (4) Between two words the owner may stop it. The search is greedy; a run of
 * repetitions, which a short window can cause, is stopped and tried once more with a longer one.
 *
 * One thread uses a struct wh; the library's own threads live within a call. */
#include <math.h>
#include <stdio.h>

#include <ggml-cpu.h>
#include <ggml.h>
#include <whisper.h>

#include "whisper_int.h"

enum {
	SAMPLES_A_STEP = 320,  /* of the encoder: 20 ms */
	PAD_STEPS = 64,        /* silence after the sound */
	WORD_PAD_STEPS = 40,   /* after one word */
	RETRY_STEPS = 400,
	STEPS_MAX = 1500,
	LEAST_SAMPLES = WH_HZ / 2,
	PROMPT_MAX = 96,
	LOOP_TOKENS = 12,      /* so many tokens of one pattern are a loop */
	LOOP_TIMES = 3,
	TWICE_TOKENS = 6       /* a sentence that is said twice in a row */
};

struct wh {
	struct whisper_context *ctx;
	int n_vocab, eot;
	bool *mute;   /* tokens that are never said: brackets, music ... */
	float *sound; /* WH_SECONDS_MAX */
	int tokens[WH_TOKENS_MAX];
};

/* It also complains of being stopped before it encodes, which is how it is used here. */
static void quiet(enum wsp_ggml_log_level level, const char *text, void *arg)
{
	(void)level;
	(void)text;
	(void)arg;
}

/* ---- open ---- */

/* The library is compiled for the processor of the machine that built it. */
static const char *lacks(void)
{
#if defined(__x86_64__)
	if (wsp_ggml_cpu_has_avx2() && !__builtin_cpu_supports("avx2"))
		return "AVX2";
	if (wsp_ggml_cpu_has_fma() && !__builtin_cpu_supports("fma"))
		return "FMA";
	if (wsp_ggml_cpu_has_avx512() && !__builtin_cpu_supports("avx512f"))
		return "AVX-512";
	if (wsp_ggml_cpu_has_avx512_vbmi() && !__builtin_cpu_supports("avx512vbmi"))
		return "AVX-512 VBMI";
	if (wsp_ggml_cpu_has_avx512_vnni() && !__builtin_cpu_supports("avx512vnni"))
		return "AVX-512 VNNI";
	if (wsp_ggml_cpu_has_avx512_bf16() && !__builtin_cpu_supports("avx512bf16"))
		return "AVX-512 BF16";
#endif
	return NULL;
}

/* Nobody says brackets, notes or several dashes; a caption writer does. */
static bool unsayable(const char *token)
{
	static const char *const marks[] = { "(", ")", "[", "]", "{", "}", "<", ">",
					     "♪", "♫", "♩", "♬", "♭", "♯", "*", "_", "#",
					     "（", "）", "【", "】", "「", "」", "『", "』", "《",
					     "》", "--", "…", "...", "|", "~", "^", "\"" };
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(token, marks[i]))
			return true;
	return sv_eq(sv_of(token), SV(" -")) || sv_eq(sv_of(token), SV(" '"));
}

int wh_open(struct wh **ret, const char *path, struct err *e)
{
	struct whisper_context_params p = whisper_context_default_params();
	int rc = wh_check(path, e);
	if (rc)
		return rc;
	if (lacks())
		return err_set(e, ERR_UNSUPPORTED,
			       "callm-whisper was built for a processor with %s, which this one "
			       "lacks: run scripts/setup.sh here",
			       lacks());
	whisper_log_set(quiet, NULL);
	p.use_gpu = false;
	/* Its keys are padded to 256 with what an earlier, longer sound left there: words of
	 * another caller. */
	p.flash_attn = false;
	struct whisper_context *ctx = whisper_init_from_file_with_params(path, p);
	if (!ctx)
		return err_set(e, ERR_CORRUPT, "%s cannot be loaded", path);
	struct wh *w = xalloc(sizeof(*w));
	w->ctx = ctx;
	w->n_vocab = whisper_n_vocab(ctx);
	w->eot = whisper_token_eot(ctx);
	w->mute = xalloc((size_t)w->n_vocab * sizeof(*w->mute));
	for (int i = 0; i < w->n_vocab; i++)
		w->mute[i] = i > w->eot || (i < w->eot && unsayable(whisper_token_to_str(ctx, i)));
	w->sound = xalloc((size_t)WH_SECONDS_MAX * WH_HZ * sizeof(*w->sound));
	*ret = w;
	return 0;
}

void wh_close(struct wh *w)
{
	if (!w)
		return;
	whisper_free(w->ctx);
	xfree(w->mute);
	xfree(w->sound);
	xfree(w);
}

bool wh_multilingual(const struct wh *w)
{
	return whisper_is_multilingual(w->ctx) != 0;
}

/* ---- one utterance ---- */

static bool stop_here(struct whisper_context *ctx, struct whisper_state *state, void *arg)
{
	(void)ctx;
	(void)state;
	(void)arg;
	return false;
}

/* Spectrogram of the job's sound, `steps` steps of the encoder. */
static int encode(struct wh *w, const struct wh_job *j, int steps)
{
	struct whisper_full_params p = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
	size_t n = j->n > LEAST_SAMPLES ? j->n : LEAST_SAMPLES;
	memcpy(w->sound, j->s, j->n * sizeof(*w->sound));
	memset(w->sound + j->n, 0, (n - j->n) * sizeof(*w->sound));
	p.n_threads = j->threads;
	p.audio_ctx = steps;
	p.language = "en";
	p.print_progress = false;
	p.encoder_begin_callback = stop_here;
	(void)whisper_full(w->ctx, p, w->sound, (int)n);
	return whisper_encode(w->ctx, 0, j->threads) ? ERR_FAIL : 0;
}

static const float *decode(struct wh *w, const int *t, int n, int past, int threads)
{
	if (whisper_decode(w->ctx, t, n, past, threads))
		return NULL;
	return whisper_get_logits(w->ctx) + (size_t)(n - 1) * (size_t)w->n_vocab;
}

static double log_sum(const float *x, int n, const bool *mute)
{
	double top = -INFINITY, sum = 0;
	for (int i = 0; i < n; i++)
		if (!(mute && mute[i]) && x[i] > top)
			top = x[i];
	for (int i = 0; i < n; i++)
		if (!(mute && mute[i]) && x[i] > top - 18) /* e^-18 * 51865 is no more than 0.1 % */
			sum += exp(x[i] - top);
	return top + log(sum);
}

/* Token and odds of the i-th language that may be chosen; -1 = no such token. */
static int lang_token(const struct wh *w, const struct wh_job *j, int i, const float *odds,
		      double *odd)
{
	int id = j->n_langs ? whisper_lang_id(j->langs[i]) : i;
	int t = id < 0 ? -1 : whisper_token_lang(w->ctx, id);
	if (t < 0 || t >= w->n_vocab)
		return -1;
	*odd = odds[t] + (i == 0 && j->n_langs ? j->prior : 0);
	return t;
}

/* The likeliest of the job's languages, from the odds after the first token; -1 = none. */
static int pick_lang(struct wh *w, const struct wh_job *j, const float *odds, struct wh_heard *h,
		     int *token)
{
	int best = -1, n = j->n_langs ? j->n_langs : whisper_lang_max_id() + 1;
	double top = -INFINITY, odd = 0;
	for (int i = 0; i < n; i++) {
		int t = lang_token(w, j, i, odds, &odd);
		if (t < 0 || (best >= 0 && odd <= top))
			continue;
		top = odd;
		best = i;
		*token = t;
	}
	if (best < 0)
		return -1;
	(void)snprintf(h->lang, sizeof(h->lang), "%.3s",
		       j->n_langs ? j->langs[best] : whisper_lang_str(best));
	return best;
}

/* Who speaks which language, if anybody does. *lang: its token, -1 when the model knows one only.
 * ERR_FAIL, ERR_INVAL. */
static int listen_first(struct wh *w, const struct wh_job *j, struct wh_heard *h, int *lang,
			const char **prompt)
{
	int sot = whisper_token_sot(w->ctx);
	const float *odds = decode(w, &sot, 1, 0, j->threads);
	if (!odds)
		return ERR_FAIL;
	h->no_speech = exp(odds[whisper_token_nosp(w->ctx)] - log_sum(odds, w->n_vocab, NULL));
	if (!wh_multilingual(w)) {
		(void)snprintf(h->lang, sizeof(h->lang), "en");
		for (int i = 0; i < j->n_langs; i++)
			if (!strcmp(j->langs[i], "en"))
				*prompt = j->prompts[i];
		return 0;
	}
	int which = pick_lang(w, j, odds, h, lang);
	if (which < 0)
		return ERR_INVAL;
	*prompt = j->n_langs ? j->prompts[which] : NULL;
	return 0;
}

static int begin(struct wh *w, int lang, const char *prompt, int out[PROMPT_MAX + 8])
{
	int n = 0;
	if (prompt && prompt[0]) {
		out[n++] = whisper_token_prev(w->ctx);
		int k = whisper_tokenize(w->ctx, prompt, out + n, PROMPT_MAX);
		n = k > 0 ? n + k : 0;
	}
	out[n++] = whisper_token_sot(w->ctx);
	if (lang >= 0) {
		out[n++] = lang;
		out[n++] = whisper_token_transcribe(w->ctx);
	}
	out[n++] = whisper_token_not(w->ctx);
	return n;
}

static bool has_digit(const struct wh *w, const int *t, int n)
{
	for (int i = 0; i < n; i++)
		for (const char *c = whisper_token_to_str(w->ctx, t[i]); *c; c++)
			if (*c >= '0' && *c <= '9')
				return true;
	return false;
}

/* The end of the tokens goes in circles: one pattern LOOP_TIMES times and LOOP_TOKENS long, or a
 * longer one twice. Numbers may repeat themselves. *pattern: how much too much there is. */
static bool loops(const struct wh *w, int n, int *pattern)
{
	const int *t = w->tokens;
	for (int k = 1; k * 2 <= n; k++) {
		int times = k >= TWICE_TOKENS && !has_digit(w, t + n - k, k) ? 2 :
			    k * LOOP_TIMES >= LOOP_TOKENS ? LOOP_TIMES :
							    (LOOP_TOKENS + k - 1) / k;
		int same = 0, need = k * (times - 1);
		while (n - 1 - same - k >= 0 && same < need &&
		       t[n - 1 - same] == t[n - 1 - same - k])
			same++;
		if (same == need) {
			*pattern = need;
			return true;
		}
	}
	return false;
}

static int best_token(const struct wh *w, const float *odds, double *logprob)
{
	int best = w->eot;
	for (int i = 0; i < w->eot; i++)
		if (!w->mute[i] && odds[i] > odds[best])
			best = i;
	*logprob = odds[best] - log_sum(odds, w->n_vocab, w->mute);
	return best;
}

static int search(struct wh *w, const struct wh_job *j, int lang, const char *prompt,
		  struct wh_heard *h)
{
	int start[PROMPT_MAX + 8], n = begin(w, lang, prompt, start), past = n, pattern = 0;
	int most = 16 + (int)(j->n * 15 / WH_HZ);
	double sum = 0, lp;
	const float *odds = decode(w, start, n, 0, j->threads);
	most = most < WH_TOKENS_MAX ? most : WH_TOKENS_MAX;
	h->looped = false;
	h->tokens = 0;
	for (n = 0; odds; n++) {
		if (j->go_on && !j->go_on(j->arg))
			return ERR_CANCELED;
		int t = best_token(w, odds, &lp);
		sum += lp;
		if (t == w->eot || n == most)
			break;
		w->tokens[n] = t;
		if (loops(w, n + 1, &pattern)) {
			h->looped = true;
			n = n + 1 - pattern;
			break;
		}
		odds = decode(w, &t, 1, past++, j->threads);
	}
	h->tokens = n;
	h->logprob = sum / (n + 1);
	return odds ? 0 : ERR_FAIL;
}

static int attempt(struct wh *w, const struct wh_job *j, int steps, struct wh_heard *h)
{
	int lang = -1;
	const char *prompt = NULL;
	int rc = encode(w, j, steps < STEPS_MAX ? steps : STEPS_MAX);
	if (!rc && j->go_on && !j->go_on(j->arg))
		rc = ERR_CANCELED;
	rc = rc ? rc : listen_first(w, j, h, &lang, &prompt);
	return rc ? rc : search(w, j, lang, prompt, h);
}

int wh_hear(struct wh *w, const struct wh_job *j, struct wh_heard *h)
{
	if (j->n > (size_t)WH_SECONDS_MAX * WH_HZ || j->threads < 1)
		return ERR_INVAL;
	int steps = (int)(j->n / SAMPLES_A_STEP);
	int rc = attempt(w, j, steps + PAD_STEPS, h);
	if (!rc && h->looped)
		rc = attempt(w, j, steps + RETRY_STEPS, h);
	sb_reset(&h->text);
	for (int i = 0; i < h->tokens && !rc; i++)
		sb_cstr(&h->text, whisper_token_to_str(w->ctx, w->tokens[i]));
	return rc;
}

/* Which tokens depends on the vocabulary alone; of a small one some count twice. */
int wh_sense(struct wh *w, const struct wh_job *j, float out[WH_SENSE])
{
	int start[PROMPT_MAX + 8], id = whisper_lang_id(j->langs[0]);
	int lang = wh_multilingual(w) && id >= 0 ? whisper_token_lang(w->ctx, id) : -1;
	double mean = 0, var = 0;
	if (j->n > (size_t)WH_SECONDS_MAX * WH_HZ || j->threads < 1 ||
	    (wh_multilingual(w) && (lang < 0 || lang >= w->n_vocab)))
		return ERR_INVAL;
	if (encode(w, j, (int)(j->n / SAMPLES_A_STEP) + WORD_PAD_STEPS))
		return ERR_FAIL;
	if (j->go_on && !j->go_on(j->arg))
		return ERR_CANCELED;
	int n = begin(w, lang, NULL, start);
	const float *odds = decode(w, start, n, 0, j->threads);
	for (int i = 0; odds && i < WH_SENSE; i++) {
		out[i] = odds[(int)((int64_t)i * w->eot / WH_SENSE)];
		mean += (double)out[i] / WH_SENSE;
	}
	for (int i = 0; odds && i < WH_SENSE; i++)
		var += (out[i] - mean) * (out[i] - mean) / WH_SENSE;
	for (int i = 0; odds && i < WH_SENSE; i++)
		out[i] = (float)((out[i] - mean) / sqrt(var + 1e-9));
	return odds ? 0 : ERR_FAIL;
}

/* ---- storing weights ---- */

bool wh_quant_find(const char *name, struct wh_quant *ret)
{
	static const struct {
		const char *name;
		int ftype, type;
	} forms[] = { { "f32", WSP_GGML_FTYPE_ALL_F32, WSP_GGML_TYPE_F32 },
		      { "f16", WSP_GGML_FTYPE_MOSTLY_F16, WSP_GGML_TYPE_F16 },
		      { "q8_0", WSP_GGML_FTYPE_MOSTLY_Q8_0, WSP_GGML_TYPE_Q8_0 },
		      { "q5_1", WSP_GGML_FTYPE_MOSTLY_Q5_1, WSP_GGML_TYPE_Q5_1 } };
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(name, forms[i].name) == 0) {
			bool packed = forms[i].type > WSP_GGML_TYPE_F16;
			*ret = (struct wh_quant){
				.ftype = forms[i].ftype +
					 (packed ? WSP_GGML_QNT_VERSION *
							   WSP_GGML_QNT_VERSION_FACTOR :
						   0),
				.type = forms[i].type
			};
			return true;
		}
	return false;
}

size_t wh_quant_row_bytes(const struct wh_quant *q, size_t n)
{
	return wsp_ggml_row_size((enum wsp_ggml_type)q->type, (int64_t)n);
}

void wh_quant_row(const struct wh_quant *q, const float *src, void *dst, size_t n)
{
	if (q->type == WSP_GGML_TYPE_F32)
		memcpy(dst, src, n * sizeof(*src));
	else if (q->type == WSP_GGML_TYPE_F16)
		wsp_ggml_fp32_to_fp16_row(src, dst, (int64_t)n);
	else
		(void)wsp_ggml_wsp_quantize_chunk((enum wsp_ggml_type)q->type, src, dst, 0, 1,
					      (int64_t)n, NULL);
}
