/* b_turn.c: how well the end of a turn is heard: whole utterances against the same cut off inside.
 *
 *	b_turn MODEL RUNTIME WORKER FILE.wav...        WORKER: the program callm-onnx
 *
 * Each file is one whole utterance. It is judged whole and cut after 30, 50 and 70 % of its
 * length, each followed by 200 ms of silence, as the ear asks; first at 16 kHz, then at 8 kHz
 * through G.711 mu-law. Prints a line a file (whole, then the cuts), and at the end: area under
 * the curve, share right at 0.5, milliseconds of an answer and CPU of the worker. A cut may fall
 * on the end of a sentence within: then "complete" is counted as an error all the same. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model.h"
#include "turn_int.h"

enum { FILES_MAX = 500, CUTS = 3, TAIL_MS = 200, TALL = FILES_MAX * (CUTS + 1) };
static struct {
	double p[TALL];
	bool whole[TALL];
	size_t n;
	int64_t wall_us;
} sum;
struct got {
	struct loop *l;
	bool done;
	int err;
	double p;
};

static void on_p(void *arg, int err, double p)
{
	struct got *g = arg;
	g->done = true;
	g->err = err;
	g->p = p;
}

static double judge(struct loop *l, struct turn *t, const int16_t *s, size_t n, int rate)
{
	struct got g = { .l = l };
	struct turn_run *r;
	size_t tail = (size_t)rate * TAIL_MS / 1000;
	int16_t *x = xalloc((n + tail) * sizeof(*x));
	memcpy(x, s, n * sizeof(*x));
	int64_t from = loop_now_us(l);
	g.err = turn_start(t, x, n + tail, rate, on_p, &g, &r);
	while (!g.err && !g.done)
		loop_run_once(l, 100);
	sum.wall_us += loop_now_us(l) - from;
	xfree(x);
	return g.err ? -1 : g.p;
}

static void add(double p, bool whole)
{
	if (p < 0 || sum.n == TALL)
		return;
	sum.p[sum.n] = p;
	sum.whole[sum.n++] = whole;
}

static void one_file(struct loop *l, struct turn *t, const char *path, int rate)
{
	struct pcm_clip c;
	struct err e = { 0 };
	uint8_t *u;
	if (pcm_wav_read(path, rate, &c, &e)) {
		(void)fprintf(stderr, "b_turn: %s\n", e.msg);
		return;
	}
	u = xalloc(c.n + 1);
	if (rate == 8000) {
		pcm_ulaw_encode(c.s, c.n, u);
		pcm_ulaw_decode(u, c.n, c.s);
	}
	double p = judge(l, t, c.s, c.n, rate);
	add(p, true);
	(void)printf("%5d %.4f |", rate, p);
	for (int i = 0; i < CUTS; i++) {
		p = judge(l, t, c.s, c.n * (size_t)(30 + 20 * i) / 100, rate);
		add(p, false);
		(void)printf(" %.4f", p);
	}
	(void)printf("  %s\n", path);
	xfree(u);
	pcm_clip_done(&c);
}

static double worker_cpu_s(int pid)
{
	char path[64], line[1024] = "";
	unsigned long user = 0, sys = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	const char *at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	(void)fclose(f);
	for (int i = 0; at && i < 12; i++)   /* fields 14 and 15, proc(5) */
		at = strchr(at + 1, ' ');
	char *next = NULL;
	user = at ? strtoul(at, &next, 10) : 0;
	sys = next ? strtoul(next, NULL, 10) : 0;
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static void print(int rate, double cpu_s)
{
	double right = 0, pairs = 0, won = 0;
	for (size_t i = 0; i < sum.n; i++) {
		right += (sum.p[i] > 0.5) == sum.whole[i];
		for (size_t k = 0; sum.whole[i] && k < sum.n; k++) {
			if (sum.whole[k])
				continue;
			pairs++;
			won += sum.p[i] > sum.p[k] ? 1 : sum.p[i] == sum.p[k] ? 0.5 : 0;
		}
	}
	(void)printf("%d Hz: %zu judged, auc %.3f, right at 0.5 %.3f, %.0f ms an answer, %.0f ms "
		     "CPU\n",
		     rate, sum.n, pairs > 0 ? won / pairs : 0, right / (double)sum.n,
		     (double)sum.wall_us / 1000 / (double)sum.n, cpu_s * 1000 / (double)sum.n);
	memset(&sum, 0, sizeof(sum));
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return (void)fprintf(stderr, "b_turn MODEL RUNTIME WORKER FILE.wav...\n"), 2;
	struct err e = { 0 };
	struct loop *l = loop_new();
	struct turn *t;
	struct model_spec s = { .kind = "smart", .file = argv[1], .runtime = argv[2],
				.exe = argv[3] };
	if (turn_open(&t, &s, l, &e))
		return (void)fprintf(stderr, "b_turn: %s\n", e.msg), 1;
	int16_t none[160] = { 0 };
	(void)judge(l, t, none, 160, 16000);   /* loads it */
	sum.wall_us = 0;
	for (int rate = 16000; rate >= 8000; rate /= 2) {
		double from = worker_cpu_s(turn_worker_pid(t));
		for (int i = 4; i < argc && i < FILES_MAX; i++)
			one_file(l, t, argv[i], rate);
		print(rate, worker_cpu_s(turn_worker_pid(t)) - from);
	}
	turn_close(t);
	loop_free(l);
	return 0;
}
