/* b_silero.c: our forward pass of the Silero voice detector beside ONNX Runtime's: the same
 * probabilities, and how fast.
 *
 *	b_silero WEIGHTS ONNX RUNTIME FILE.wav...
 *
 * WEIGHTS: ggml-silero-v6.2.0.bin; ONNX: silero_vad.onnx of the same version (PyPI silero-vad
 * 6.2.0, also within pipecat-ai); RUNTIME: the folder of libonnxruntime.so. Each file is judged
 * step by step by both; then microseconds of CPU a step at batch 1, 8, 32 and 128 for each
 * kernel this processor has and for the runtime with one thread, taken in turns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ort.h"
#include "pcm.h"
#include "pcm_silero.h"

enum { FRAME = PCM_SILERO_FRAME, IN = FRAME + PCM_SILERO_CONTEXT, BATCH_MAX = 128, ROUNDS = 5 };

struct theirs {
	struct ort *rt;
	struct ort_model *m;
	float in[BATCH_MAX * IN], state[2 * BATCH_MAX * PCM_SILERO_UNITS];
};
static struct theirs theirs;

static int their_step(size_t n, float *p, struct err *e)
{
	int64_t hz = PCM_SILERO_HZ;
	struct ort_tensor in[] = {
		{ .name = "input", .type = ORT_FLOAT, .n_dims = 2, .dims = { (int64_t)n, IN },
		  .data = theirs.in },
		{ .name = "state", .type = ORT_FLOAT, .n_dims = 3,
		  .dims = { 2, (int64_t)n, PCM_SILERO_UNITS }, .data = theirs.state },
		{ .name = "sr", .type = ORT_INT64, .n_dims = 0, .data = &hz },
	};
	struct ort_tensor out[] = { { .name = "output" }, { .name = "stateN" } };
	int rc = ort_run(theirs.m, in, 3, out, 2, e);
	if (rc)
		return rc;
	memcpy(p, out[0].data, n * sizeof(*p));
	memcpy(theirs.state, out[1].data, 2 * n * PCM_SILERO_UNITS * sizeof(float));
	ort_release(theirs.m, out, 2);
	return 0;
}

/* ---- the same probabilities */

static int compare(const struct pcm_silero *w, const char *path, double *worst, size_t *steps,
		   struct err *e)
{
	struct pcm_clip c;
	struct pcm_silero_state st, *sp = &st;
	int rc = pcm_wav_read(path, PCM_SILERO_HZ, &c, e);
	pcm_silero_reset(&st);
	memset(&theirs.in, 0, sizeof(theirs.in));
	memset(&theirs.state, 0, sizeof(theirs.state));
	for (size_t i = 0; rc == 0 && i + FRAME <= c.n; i += FRAME, (*steps)++) {
		float a, b;
		const int16_t *f = c.s + i;
		pcm_silero_run(w, &sp, &f, 1, &a);
		for (int k = 0; k < FRAME; k++)
			theirs.in[PCM_SILERO_CONTEXT + k] = (float)f[k] / 32768;
		rc = their_step(1, &b, e);
		memcpy(theirs.in, theirs.in + FRAME, PCM_SILERO_CONTEXT * sizeof(float));
		*worst = fmax(*worst, fabs((double)a - (double)b));
	}
	if (rc == 0)
		pcm_clip_done(&c);
	return rc;
}

/* ---- how fast */

static double cpu_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double our_us(const struct pcm_silero *w, size_t n, int times)
{
	static struct pcm_silero_state st[BATCH_MAX];
	static int16_t s[BATCH_MAX][FRAME];
	struct pcm_silero_state *sp[BATCH_MAX];
	const int16_t *f[BATCH_MAX];
	float p[BATCH_MAX];
	for (size_t i = 0; i < n; i++) {
		sp[i] = &st[i];
		f[i] = s[i];
		for (size_t k = 0; k < FRAME; k++)
			s[i][k] = (int16_t)((k * 7919 + i * 104729) % 8000 - 4000);
	}
	double from = cpu_us();
	for (int i = 0; i < times; i++)
		pcm_silero_run(w, sp, f, n, p);
	return (cpu_us() - from) / times / (double)n;
}

static double their_us(size_t n, int times)
{
	float p[BATCH_MAX];
	struct err e;
	for (size_t i = 0; i < n * IN; i++)
		theirs.in[i] = (float)(i * 7919 % 8000) / 32768 - 0.12f;
	double from = cpu_us();
	for (int i = 0; i < times; i++)
		if (their_step(n, p, &e))
			return 0;
	return (cpu_us() - from) / times / (double)n;
}

static void speed(struct pcm_silero *w)
{
	static const char *const kernels[] = { "avx512", "avx2", "vec4", "plain" };
	static const size_t batch[] = { 1, 8, 32, BATCH_MAX };
	for (size_t b = 0; b < 4; b++) {
		int times = 2000 / (int)batch[b] + 4;
		double best[4] = { 1e9, 1e9, 1e9, 1e9 }, other = 1e9;
		for (int round = 0; round < ROUNDS; round++) {
			for (int k = 0; k < 4; k++)
				if (pcm_silero_use(w, kernels[k]) == 0)
					best[k] = fmin(best[k], our_us(w, batch[b],
								       k == 3 ? times / 10 + 1 :
										times));
			other = fmin(other, their_us(batch[b], times));
		}
		(void)printf("batch %3zu: runtime %6.1f us", batch[b], other);
		for (int k = 0; k < 4; k++)
			if (best[k] < 1e9)
				(void)printf(" | %s %.1f us, ratio %.1f", kernels[k], best[k],
					     other / best[k]);
		(void)printf("\n");
	}
}

int main(int argc, char **argv)
{
	struct pcm_silero *w;
	struct err e = { 0 };
	double worst = 0;
	size_t steps = 0;
	if (argc < 4)
		return (void)fprintf(stderr, "b_silero WEIGHTS ONNX RUNTIME FILE.wav...\n"), 2;
	int rc = pcm_silero_open(&w, argv[1], &e);
	rc = rc ? rc : ort_open(&theirs.rt, argv[3], &e);
	rc = rc ? rc : ort_model_open(&theirs.m, theirs.rt, argv[2], NULL, &e);
	for (int i = 4; rc == 0 && i < argc; i++)
		rc = compare(w, argv[i], &worst, &steps, &e);
	if (rc)
		return (void)fprintf(stderr, "b_silero: %s\n", e.msg), 1;
	(void)printf(
		"kernel %s, runtime %s: %zu steps of %d files, probabilities differ by %.4f at "
		"most\n",
		pcm_silero_kernel(w), ort_version(theirs.rt), steps, argc - 4, worst);
	speed(w);
	ort_model_close(theirs.m);
	ort_close(theirs.rt);
	obj_unref(w);
	return 0;
}
