/* b_vad.c: how well voice is told from the rest: the energy detector, Silero, and Silero behind
 * the energy gate, on clips with hand-made labels, at 16 kHz and over a telephone (8 kHz, G.711
 * mu-law).
 *
 *	b_vad WEIGHTS FOLDER [option=value ...]
 *
 * FOLDER holds NAME.wav (16 kHz) and NAME.scv ("name,from,to,label,..." in seconds, 1 = speech),
 * as in TEN-framework/ten-vad's testset. Everything runs as in a call: frames of 20 ms, a step of
 * the network when 32 ms are there, START after 60 ms of voice, END after 200 ms without.
 * Options: on, off (probabilities), loud (dB). One line a detector: area under the curve of the
 * score, frames right, precision and recall of voiced frames; START after a labelled onset and
 * END after a labelled end that 300 ms of silence follow; number of STARTs; steps computed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pcm.h"
#include "pcm_silero.h"

enum { FRAMES_MAX = 400000, EDGES_MAX = 20000, HANG_MS = 200 };
struct label {
	double from, to;
	int speech;
};
struct opts {
	double on, off, loud;
	int rate;
	bool all;                    /* no step left out */
};
struct tally {
	double score[FRAMES_MAX];
	bool truth[FRAMES_MAX], said[FRAMES_MAX], turn[FRAMES_MAX];
	size_t n, steps, run, starts;
	double onset[EDGES_MAX], offset[EDGES_MAX];
	size_t n_onset, n_offset, missed;
};
static struct tally sum;

/* ---- one clip */

struct ear {
	struct pcm_vad vad;
	struct pcm_silero_line line;
};

static bool hear(struct ear *e, const struct pcm_silero *w, const struct opts *o, const int16_t *s,
		 double *score)
{
	size_t n = (size_t)o->rate / 50, before = e->line.in.n;
	double level = o->all ? 0 : pcm_dbfs(s, n);
	if (!w) {
		(void)pcm_vad_push(&e->vad, s, n, PCM_NO_ECHO);
		*score = e->vad.level_db - e->vad.floor_db;
		return e->vad.voiced;
	}
	struct pcm_silero_state *st = &e->line.st;
	const int16_t *f = e->line.in.s;
	if (pcm_silero_line_push(&e->line, s, n, level, e->vad.floor_db)) {
		pcm_silero_run(w, &st, &f, 1, &e->line.p);
		sum.run++;
	}
	sum.steps += before % PCM_SILERO_FRAME + 320 >= PCM_SILERO_FRAME;
	*score = (double)e->line.p;
	(void)pcm_vad_push_p(&e->vad, s, n, PCM_NO_ECHO, *score);
	return e->vad.voiced;
}

static void add_edges(const struct label *l, size_t n, size_t first, size_t frames)
{
	for (size_t i = 0; i < n; i++) {
		size_t from = (size_t)(l[i].from * 50), to = (size_t)(l[i].to * 50), at;
		if (!l[i].speech || to - from < 15 || to > frames)
			continue;
		for (at = from; at < to && !sum.turn[first + at];)
			at++;
		if (at == to)
			sum.missed++;
		else if (i > 0 && l[i - 1].to - l[i - 1].from >= 0.2 && !sum.turn[first + from - 1])
			sum.onset[sum.n_onset++] = 20 * (double)(at + 1) - l[i].from * 1000;
		if (i + 1 == n || l[i + 1].to - l[i + 1].from < 0.3)
			continue;
		size_t end = (size_t)(l[i + 1].to * 50);
		for (at = to; at < end && at < frames && sum.turn[first + at];)
			at++;
		sum.offset[sum.n_offset++] = 20 * (double)at - l[i].to * 1000;
	}
}

static int truth_at(const struct label *l, size_t n, double t)
{
	for (size_t i = 0; i < n; i++)
		if (t >= l[i].from && t < l[i].to)
			return l[i].speech;
	return -1;
}

static void run_clip(const int16_t *s, size_t n, const struct label *l, size_t n_l,
		     const struct pcm_silero *w, const struct opts *o)
{
	struct ear e = { 0 };
	struct pcm_vad_opts vo;
	size_t each = (size_t)o->rate / 50, first = sum.n;
	pcm_vad_defaults(&vo);
	vo.p_on = o->on;
	vo.p_off = o->off;
	vo.loud_db = o->loud;
	vo.hang_ms = HANG_MS;
	pcm_vad_init(&e.vad, &vo);
	pcm_silero_line_init(&e.line, o->rate);
	size_t frames = 0;
	for (size_t i = 0; i + each <= n && sum.n < FRAMES_MAX; i += each, frames++) {
		double score;
		bool said = hear(&e, w, o, s + i, &score);
		int truth = truth_at(l, n_l, ((double)i + (double)each / 2) / o->rate);
		sum.said[sum.n] = said;
		sum.turn[sum.n] = e.vad.speech;
		sum.starts += e.vad.speech && (sum.n == first || !sum.turn[sum.n - 1]);
		sum.score[sum.n] = truth < 0 ? (double)NAN : score;
		sum.truth[sum.n++] = truth == 1;
	}
	add_edges(l, n_l, first, frames);
}

/* ---- figures */

struct scored {
	double score;
	bool truth;
};

static int by_score(const void *a, const void *b)
{
	double x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
	return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double area(void)
{
	struct scored *v = xalloc(sizeof(*v) * sum.n);
	size_t n = 0;
	double pos = 0, rank = 0;
	for (size_t i = 0; i < sum.n; i++)
		if (!isnan(sum.score[i]))
			v[n++] = (struct scored){ sum.score[i], sum.truth[i] };
	qsort(v, n, sizeof(*v), by_score);
	for (size_t i = 0; i < n;) {
		size_t j = i;
		while (j < n && v[j].score <= v[i].score)
			j++;
		for (size_t k = i; k < j; k++) {
			pos += v[k].truth;
			rank += v[k].truth ? (double)(i + j + 1) / 2 : 0;
		}
		i = j;
	}
	xfree(v);
	return (rank - pos * (pos + 1) / 2) / (pos * ((double)n - pos));
}

static double quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), by_value);
	return n ? v[(size_t)(q * (double)(n - 1))] : 0;
}

static void print(const char *name)
{
	double tp = 0, fp = 0, fn = 0, tn = 0;
	for (size_t i = 0; i < sum.n; i++) {
		if (isnan(sum.score[i]))
			continue;
		tp += sum.truth[i] && sum.said[i];
		fp += !sum.truth[i] && sum.said[i];
		fn += sum.truth[i] && !sum.said[i];
		tn += !sum.truth[i] && !sum.said[i];
	}
	(void)printf("%-24s auc %.4f right %.4f precision %.3f recall %.3f | onset p50 %+.0f p90 "
		     "%+.0f ms (%zu), missed %zu | offset p50 %+.0f p90 %+.0f ms (%zu) | %zu "
		     "starts | steps run %.0f %%\n",
		     name, area(), (tp + tn) / (tp + tn + fp + fn), tp / (tp + fp), tp / (tp + fn),
		     quantile(sum.onset, sum.n_onset, 0.5), quantile(sum.onset, sum.n_onset, 0.9),
		     sum.n_onset, sum.missed, quantile(sum.offset, sum.n_offset, 0.5),
		     quantile(sum.offset, sum.n_offset, 0.9), sum.n_offset,
		     sum.starts, sum.steps ? 100.0 * (double)sum.run / (double)sum.steps : 0);
	memset(&sum, 0, sizeof(sum));
}

/* ---- clips */

struct clip {
	struct pcm_clip wide;
	int16_t *narrow;             /* 8 kHz through G.711 */
	size_t n_narrow;
	struct label l[400];
	size_t n_l;
};
static struct clip clips[200];
static size_t n_clips;

static void through_telephone(struct clip *c)
{
	if (pcm_resample(c->wide.s, c->wide.n, 16000, 8000, &c->narrow, &c->n_narrow))
		return;
	uint8_t *u = xalloc(c->n_narrow);
	pcm_ulaw_encode(c->narrow, c->n_narrow, u);
	pcm_ulaw_decode(u, c->n_narrow, c->narrow);
	xfree(u);
}

static int load(void *arg, const char *path)
{
	struct err e = { 0 };
	struct sb b;
	sv p = sv_of(path);
	(void)arg;
	if (!sv_ends(p, SV(".scv")) || n_clips == sizeof(clips) / sizeof(clips[0]))
		return 0;
	struct clip *c = &clips[n_clips];
	sb_init(&b, LIM_SB);
	sb_fmt(&b, SV_FMT ".wav", SV_ARG(sv_slice(p, 0, p.n - 4)));
	int rc = pcm_wav_read(sb_str(&b), 16000, &c->wide, &e);
	sb_reset(&b);
	if (rc == 0)
		rc = file_read(path, LIM_SB, &b, &e);
	if (rc) {
		(void)fprintf(stderr, "b_vad: %s\n", e.msg);
		return rc;
	}
	char *at = strchr(sb_str(&b), ',');
	while (at && c->n_l < sizeof(c->l) / sizeof(c->l[0])) {
		struct label *l = &c->l[c->n_l++];
		l->from = strtod(at + 1, &at);
		l->to = strtod(at + 1, &at);
		l->speech = (int)strtol(at + 1, &at, 10);
		at = *at == ',' ? at : NULL;
	}
	sb_done(&b);
	through_telephone(c);
	n_clips++;
	return 0;
}

static void run_all(const char *name, const struct pcm_silero *w, struct opts o)
{
	for (size_t i = 0; i < n_clips; i++) {
		struct clip *c = &clips[i];
		bool wide = o.rate == 16000;
		run_clip(wide ? c->wide.s : c->narrow, wide ? c->wide.n : c->n_narrow, c->l,
			 c->n_l, w, &o);
	}
	print(name);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct pcm_silero *w;
	struct opts o = { .on = 0.5, .off = 0.35, .loud = 3 };
	if (argc < 3)
		return (void)fprintf(stderr, "b_vad WEIGHTS FOLDER [option=value]\n"), 2;
	if (pcm_silero_open(&w, argv[1], &e))
		return (void)fprintf(stderr, "b_vad: %s\n", e.msg), 1;
	for (int i = 3; i < argc; i++) {
		const char *eq = strchr(argv[i], '=');
		double v = eq ? strtod(eq + 1, NULL) : 0;
		if (strncmp(argv[i], "on=", 3) == 0)
			o.on = v;
		else if (strncmp(argv[i], "off=", 4) == 0)
			o.off = v;
		else if (strncmp(argv[i], "loud=", 5) == 0)
			o.loud = v;
	}
	if (file_walk(argv[2], load, NULL))
		return 1;
	for (o.rate = 16000; o.rate >= 8000; o.rate /= 2) {
		struct opts open = o;
		open.all = true;
		(void)printf("%d Hz, %zu clips\n", o.rate, n_clips);
		run_all("energy", NULL, o);
		run_all("silero", w, open);
		run_all("silero behind the gate", w, o);
	}
	obj_unref(w);
	return 0;
}
