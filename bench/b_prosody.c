/* b_prosody.c: what prosody costs, and what it says of recordings.
 *
 *	b_prosody                       microseconds per frame of 20 ms, voice
 *	b_prosody table [8k|mu] < LIST  LIST: WAV<TAB>anything; a TSV with a header: the anything
 *	                                and every figure, at 16 kHz, 8 kHz, or through mu-law
 *
 * The clock runs over a made-up voice with noise in it, of which every frame has a pitch: the
 * dearest case. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pcm_prosody.h"

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void voice(int16_t *s, int n, int rate)
{
	struct rng r;
	double phase = 0;
	rng_seed(&r, 1);
	for (int i = 0; i < n; i++) {
		double v = 0.05 * rng_normal(&r);
		phase += 2 * M_PI / rate * (150 + 40 * sin(2 * M_PI * i / rate));
		for (int k = 1; k < 16; k++)
			v += sin(k * phase) / k;
		s[i] = (int16_t)(4000 * v);
	}
}

static void measure(int rate)
{
	enum { ROUNDS = 40, FRAMES = 250 };
	static int16_t s[FRAMES * 2 * PCM_FRAME];
	int n = rate / 50, pitched = 0;
	double best = 1e9;
	voice(s, FRAMES * n, rate);
	for (int i = 0; i < ROUNDS; i++) {
		struct pcm_prosody *p;
		double from = seconds();
		if (pcm_prosody_open(&p, rate))
			exit(1);
		for (int k = 0; k < FRAMES; k++) {
			const struct pcm_prosody_frame *f =
				pcm_prosody_push(p, s + k * n, (size_t)n, true, false);
			pitched += f && f->f0_hz > 0;
		}
		pcm_prosody_close(p);
		best = fmin(best, (seconds() - from) / FRAMES);
	}
	printf("%5d Hz: %.1f us a frame, %d %% of them with pitch\n", rate, best * 1e6,
	       pitched * 100 / (ROUNDS * FRAMES));
}

/* The detector hears each frame before it is known whether it begins a voice: 60 ms back. */
static void hear(struct pcm_prosody *p, const struct pcm_clip *c)
{
	enum { BACK = 3 };
	size_t n = (size_t)c->rate / 50, frames = c->n / n;
	bool *is = xalloc(frames + 1);
	struct pcm_vad v;
	pcm_vad_init(&v, NULL);
	for (size_t i = 0; i < frames; i++) {
		bool start = pcm_vad_push(&v, c->s + i * n, n, PCM_NO_ECHO) == PCM_VAD_START;
		is[i] = v.speech && v.voiced;
		for (size_t k = 1; start && k <= BACK && k <= i; k++)
			is[i - k] = true;
	}
	for (size_t i = 0; i < frames; i++)
		(void)pcm_prosody_push(p, c->s + i * n, n, is[i], false);
	xfree(is);
}

static void through_mu_law(struct pcm_clip *c)
{
	uint8_t *b = xalloc(c->n + 1);
	pcm_ulaw_encode(c->s, c->n, b);
	pcm_ulaw_decode(b, c->n, c->s);
	xfree(b);
}

static void row(const char *path, const char *rest, int rate, bool mu)
{
	struct pcm_clip c = { 0 };
	struct pcm_prosody *p;
	struct pcm_prosody_sum s;
	struct err e = { 0 };
	if (pcm_wav_read(path, rate, &c, &e) || pcm_prosody_open(&p, rate)) {
		fprintf(stderr, "b_prosody: %s: %s\n", path, e.msg);
		exit(1);
	}
	if (mu)
		through_mu_law(&c);
	hear(p, &c);
	bool ok = pcm_prosody_sum(p, &s);
	printf("%s\t%d", rest, ok);
#define COL(name) printf("\t%.5g", (double)s.name);
	PCM_PROSODY_SUM(COL)
	for (int i = 0; i < PCM_PROSODY_MFCC; i++)
		printf("\t%.5g\t%.5g", (double)s.mfcc_mean[i], (double)s.mfcc_sd[i]);
	putchar('\n');
	pcm_prosody_close(p);
	pcm_clip_done(&c);
}

int main(int argc, char **argv)
{
	char line[4096];
	if (argc < 2) {
		measure(8000);
		measure(16000);
		return 0;
	}
	bool mu = argc > 2 && strcmp(argv[2], "mu") == 0;
	int rate = mu || (argc > 2 && strcmp(argv[2], "8k") == 0) ? 8000 : 16000;
	printf("row\tok");
#define HEAD(name) printf("\t%s", #name);
	PCM_PROSODY_SUM(HEAD)
	for (int i = 0; i < PCM_PROSODY_MFCC; i++)
		printf("\tmfcc%d\tmfcc%d_sd", i + 1, i + 1);
	putchar('\n');
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		char *tab = strchr(line, '\t');
		if (tab)
			*tab = '\0';
		row(line, tab ? tab + 1 : "", rate, mu);
	}
	return 0;
}
