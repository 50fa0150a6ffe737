/* worker_sphinx.c: English speech recognition by pocketsphinx, one decoder a process.
 *
 *	callm worker pocketsphinx --lm FILE --dict FILE
 *
 * The company's own language model (asr_lm.c) is mixed with the general one, over the
 * dictionary's words only: own words are favoured, ordinary English around them stays
 * possible. The acoustic model is for 16 kHz; telephone sound is resampled, and the
 * cepstral mean starts at what telephone sound measures (CMN_PHONE), else the first
 * sentence of each call is lost: +7 points of word error in bench/b_asr. The mean
 * follows the caller until the next WF_RESET with gen 0. Frames come in order; what
 * arrives late is decoded late, nothing is dropped. */
#include <stdio.h>
#include <string.h>

#include "asr_lm_int.h"
#include "io.h"
#include "pcm.h"
#include "worker.h"

#if __has_include(<pocketsphinx.h>)
#include <pocketsphinx.h>
#include <sphinxbase/cmn.h>

enum { RATE = 16000, PARTIAL_SAMPLES = RATE / 5, CEPS = 13 };
#define GENERAL_WEIGHT 0.3f
/* Measured over flite's voices rms and slt through G.711 mu-law at 8 kHz. */
static const mfcc_t CMN_PHONE[CEPS] = { 47.3f, 34.2f, -29.3f, 50.2f, -15.6f,
					3.1f,  18.4f, -28.4f, 17.8f, -8.0f,
					2.3f,  17.6f, -10.5f };

static struct {
	ps_decoder_t *ps;
	uint32_t gen;
	bool open; /* an utterance is being decoded */
	size_t since_partial;
	int rate;             /* of what comes */
	struct pcm_rs *narrow; /* to the telephone's rate; NULL when it comes at that */
	struct pcm_rs *rs;    /* from there to the acoustic model's */
	struct sb out, last;
	int closed;
} d;

static void mean_of_phone(void)
{
	cmn_live_set(ps_get_feat(d.ps)->cmn_struct, CMN_PHONE);
}

static void send_text(uint8_t kind, uint32_t conf, const char *text)
{
	sb_reset(&d.out);
	wf_put(&d.out, d.gen);
	if (kind == WF_FINAL)
		wf_put(&d.out, conf);
	for (const char *p = text; *p; p++)
		sb_ch(&d.out, *p);
	if (io_child_write(IO_CHILD_FD, kind, sb_sv(&d.out)))
		d.closed = 1;
}

static void partial(void)
{
	int score;
	const char *h = ps_get_hyp(d.ps, &score);
	if (!h || !h[0] || sv_eq(sv_of(h), sb_sv(&d.last)))
		return;
	sb_reset(&d.last);
	sb_cstr(&d.last, h);
	send_text(WF_PARTIAL, 0, h);
}

static void decode(const int16_t *s, size_t n)
{
	(void)ps_process_raw(d.ps, s, n, FALSE, FALSE);
	d.since_partial += n;
	if (d.since_partial >= PARTIAL_SAMPLES) {
		d.since_partial = 0;
		partial();
	}
}

/* Everything goes through the telephone's band: the starting mean is the telephone's, and a
 * browser's wide-band sound decoded as it comes lost the first words ("one to have to return"
 * for "how long do I have to return"). */
static bool resampler(int rate)
{
	if (d.rs && d.rate == rate)
		return true;
	pcm_rs_close(d.rs);
	pcm_rs_close(d.narrow);
	d.rs = d.narrow = NULL;
	d.rate = rate;
	if (rate < 4000 || rate > 192000)
		return false;
	if (rate != PCM_HZ && pcm_rs_open(&d.narrow, rate, PCM_HZ, 8))
		return false;
	return pcm_rs_open(&d.rs, PCM_HZ, RATE, 8) == 0;
}

/* At most 400 samples at any rate. */
static void hear(const int16_t *in, size_t n)
{
	int16_t phone[2048], out[4096 + 512];
	if (d.narrow) {
		n = pcm_rs_run(d.narrow, in, n, phone, sizeof(phone) / sizeof(phone[0]));
		in = phone;
	}
	if (n)
		decode(out, pcm_rs_run(d.rs, in, n, out, sizeof(out) / sizeof(out[0])));
}

static void audio(uint32_t gen, sv p)
{
	int rate = (int)wf_get(&p);
	int16_t in[400];
	if (!d.open || gen != d.gen) {
		if (d.open)
			(void)ps_end_utt(d.ps);
		d.gen = gen;
		d.open = ps_start_utt(d.ps) == 0;
		d.since_partial = 0;
		sb_reset(&d.last);
	}
	while (p.n >= 2 && d.open && resampler(rate)) {
		size_t n = p.n / 2 < 400 ? p.n / 2 : 400;
		memcpy(in, p.p, n * 2);
		p = sv_slice(p, n * 2, p.n);
		hear(in, n);
	}
}

/* Mean over the words of how likely each is the right one, 0..1000. */
static uint32_t confidence(void)
{
	double sum = 0;
	int n = 0;
	for (ps_seg_t *g = ps_seg_iter(d.ps); g; g = ps_seg_next(g)) {
		int32 ascr, lscr, lback;
		const char *w = ps_seg_word(g);
		int32 post = ps_seg_prob(g, &ascr, &lscr, &lback);
		if (w[0] == '<' || w[0] == '[')
			continue;
		double p = logmath_exp(ps_get_logmath(d.ps), post);
		sum += p < 1 ? p : 1;
		n++;
	}
	return n ? (uint32_t)(1000 * sum / n) : 0;
}

static void flush(uint32_t gen)
{
	int score;
	const char *h = NULL;
	uint32_t conf = 0;
	if (d.open && gen == d.gen) {
		(void)ps_end_utt(d.ps);
		h = ps_get_hyp(d.ps, &score);
		conf = h ? confidence() : 0;
	}
	d.open = false;
	d.gen = gen;
	send_text(WF_FINAL, conf, h ? h : "");
}

static void reset(uint32_t gen)
{
	if (d.open)
		(void)ps_end_utt(d.ps);
	d.open = false;
	if (gen == 0)
		mean_of_phone();
}

static bool mix_general(cmd_ln_t *cf, const char *lm)
{
	logmath_t *lmath = ps_get_logmath(d.ps);
	ngram_model_t *own = ngram_model_read(cf, lm, NGRAM_AUTO, lmath);
	ngram_model_t *general = ngram_model_read(cf, LM_GENERAL, NGRAM_AUTO, lmath);
	if (!own || !general) {
		ngram_model_free(own);
		ngram_model_free(general);
		return general != NULL ||
		       own != NULL; /* without the general one it works, less well */
	}
	ngram_model_t *both[2] = { own, general };
	char *names[2] = { "own", "general" };
	const float weights[2] = { 1 - GENERAL_WEIGHT, GENERAL_WEIGHT };
	ngram_model_t *set = ngram_model_set_init(cf, both, names, weights, 2);
	if (!set)
		return false;
	(void)ngram_model_apply_weights(set, (float)cmd_ln_float_r(cf, "-lw"),
					(float)cmd_ln_float_r(cf, "-wip"));
	int rc = ps_set_lm(d.ps, "mix", set) || ps_set_search(d.ps, "mix");
	ngram_model_free(set);
	ngram_model_free(own);
	ngram_model_free(general);
	return rc == 0;
}

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	return NULL;
}

static int refuse(const char *why)
{
	sb_reset(&d.out);
	sb_cstr(&d.out, "{\"error\":");
	sb_json(&d.out, sv_of(why));
	sb_ch(&d.out, '}');
	(void)io_child_write(IO_CHILD_FD, WF_READY, sb_sv(&d.out));
	(void)fprintf(stderr, "%s\n", why);
	sb_done(&d.out);
	return 1;
}

static void serve(void)
{
	struct sb in;
	uint8_t kind;
	sb_init(&in, LIM_PROC_FRAME);
	while (!d.closed && io_child_read(IO_CHILD_FD, &kind, &in) == 0) {
		sv p = sb_sv(&in);
		uint32_t gen = wf_get(&p);
		if (kind == WF_AUDIO)
			audio(gen, p);
		else if (kind == WF_FLUSH)
			flush(gen);
		else if (kind == WF_RESET)
			reset(gen);
	}
	sb_done(&in);
}

int worker_sphinx(int argc, char **argv)
{
	const char *lm = option(argc, argv, "--lm"),
		   *dict = option(argc, argv, "--dict");
	sb_init(&d.out, LIM_PROC_FRAME);
	sb_init(&d.last, 4096);
	if (!lm || !dict)
		return refuse("usage: callm worker pocketsphinx --lm FILE --dict FILE");
	if (!file_exists(LM_HMM_DIR "/mdef"))
		return refuse("no acoustic model: install pocketsphinx-en-us");
	/* The second pass over the whole utterance made nothing better and the result 5
	 * times later (docs/model.md). */
	cmd_ln_t *cf =
		cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", LM_HMM_DIR, "-dict", dict,
			    "-lm", lm, "-fwdflat", "no", "-logfn", "/dev/null", NULL);
	d.ps = cf ? ps_init(cf) : NULL;
	if (!d.ps || !mix_general(cf, lm))
		return refuse("pocketsphinx cannot load its language model");
	mean_of_phone();
	sb_fmt(&d.out, "{\"rate\":%d}", RATE);
	if (io_child_write(IO_CHILD_FD, WF_READY, sb_sv(&d.out)) == 0)
		serve();
	pcm_rs_close(d.rs);
	pcm_rs_close(d.narrow);
	(void)ps_free(d.ps);
	(void)cmd_ln_free_r(cf);
	sb_done(&d.out);
	sb_done(&d.last);
	return 0;
}

#else

int worker_sphinx(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)fprintf(stderr, "callm was built without pocketsphinx: install "
			      "libpocketsphinx-dev and build again\n");
	return 1;
}

#endif
