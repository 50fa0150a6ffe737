/* pcm_echo.c: what of a line's sound is our own voice coming back?
 *
 * The path is learned, not modelled: one delay and one gain. Candidates come from a correlation
 * of the last 60 ms heard with the last half second sent, both at 2 kHz, a few times a second
 * while we speak and something is heard; the best is refined to a sample and believed at once
 * when nearly all it heard is ours, else when the next search agrees. From then on each frame is
 * split: how loud our echo is in it, and how loud the rest. A path that explains nothing for
 * half a second although it should is forgotten. Nothing is taken out of the sound: this is for
 * judging whether somebody speaks (pcm_vad.c). A path with a long tail is explained in part, and
 * the part is learned too. One thread. */
#include "pcm.h"

#include <math.h>
#include <stdlib.h>

enum {
	LOW_HZ = 2000,
	BACK_MS = 500,       /* the longest way */
	HEAR_MS = 60,        /* compared in a search */
	SEARCH_MS = 100,
	FORGET_MS = 500,
	NEAR_SAMPLES = 2,    /* a path may drift by so much a frame */
	LOW_N = LOW_HZ / 1000 * BACK_MS,
	LOW_HEAR = LOW_HZ / 1000 * HEAR_MS,
};
#define SURE 0.93            /* share of the energy that is ours: one search is enough */
#define LIKELY 0.4
#define MOVED 0.85           /* another one than was known */
#define MINE 0.6             /* only we are heard: the path's gain is learned */
#define MOSTLY 0.8          /* the same, once it is known well */
#define LOUD_DB (-45.0)      /* of ours, for a search */
#define TAIL_DB 6.0          /* a frame, of what echoes on */

struct pcm_echo {
	int rate, dec;       /* samples of ours for one at LOW_HZ */
	size_t cap, hear;    /* samples kept of tx and rx */
	int16_t *tx, *rx;    /* the newest last */
	float low_tx[LOW_N], low_rx[LOW_HEAR];
	int delay;           /* samples, < 0 = no path is known */
	int hint;            /* of the last search that was not sure, < 0 = none */
	double gain_db, rest_db; /* learned: of the path; of what it leaves, against the echo */
	double tail_db;      /* a syllable's echo does not end at once */
	int since_ms, bad_ms, learned;
	struct pcm_echo_part part;
};

int pcm_echo_open(struct pcm_echo **ret, int rate)
{
	if (rate != 8000 && rate != 16000)
		return ERR_INVAL;
	struct pcm_echo *x = xalloc(sizeof(*x));
	x->rate = rate;
	x->dec = rate / LOW_HZ;
	x->cap = (size_t)rate / 1000 * BACK_MS;
	x->hear = (size_t)rate / 1000 * HEAR_MS;
	x->tx = xalloc(x->cap * sizeof(*x->tx));
	x->rx = xalloc(x->hear * sizeof(*x->rx));
	pcm_echo_reset(x);
	*ret = x;
	return 0;
}

void pcm_echo_close(struct pcm_echo *x)
{
	if (!x)
		return;
	xfree(x->tx);
	xfree(x->rx);
	xfree(x);
}

void pcm_echo_reset(struct pcm_echo *x)
{
	memset(x->tx, 0, x->cap * sizeof(*x->tx));
	memset(x->rx, 0, x->hear * sizeof(*x->rx));
	memset(x->low_tx, 0, sizeof(x->low_tx));
	memset(x->low_rx, 0, sizeof(x->low_rx));
	x->delay = x->hint = -1;
	x->since_ms = x->bad_ms = x->learned = 0;
	x->rest_db = 0;
	x->tail_db = PCM_SILENT_DB;
	x->part = (struct pcm_echo_part){ .echo_db = PCM_SILENT_DB, .rest_db = PCM_SILENT_DB };
}

static void keep(int16_t *line, size_t cap, const int16_t *s, size_t n)
{
	memmove(line, line + n, (cap - n) * sizeof(*line));
	if (s)
		memcpy(line + cap - n, s, n * sizeof(*line));
	else
		memset(line + cap - n, 0, n * sizeof(*line));
}

static void keep_low(float *line, size_t cap, const int16_t *s, size_t n, int dec)
{
	size_t m = n / (size_t)dec;
	memmove(line, line + m, (cap - m) * sizeof(*line));
	for (size_t i = 0; i < m; i++) {
		float sum = 0;
		for (int k = 0; s && k < dec; k++)
			sum += (float)s[i * (size_t)dec + (size_t)k];
		line[cap - m + i] = sum;
	}
}

static double to_db(double energy, size_t n)
{
	double db = energy > 0 ? 10 * log10(energy / (double)n / (32768.0 * 32768.0)) :
				 PCM_SILENT_DB;
	return db < PCM_SILENT_DB ? PCM_SILENT_DB : db;
}

/* ---- the search */

/* The delay at LOW_HZ whose sound of ours resembles what was heard most. */
static int best_low(const struct pcm_echo *x)
{
	const float *h = x->low_rx;
	double energy = 0, top = 0;
	int best = -1;
	for (int i = 0; i < LOW_HEAR; i++) {
		double v = (double)x->low_tx[LOW_N - LOW_HEAR + i];
		energy += v * v;
	}
	for (int lag = 0; lag <= LOW_N - LOW_HEAR; lag++) {
		const float *t = x->low_tx + LOW_N - LOW_HEAR - lag;
		float c = 0;
		for (int i = 0; i < LOW_HEAR; i++)
			c += h[i] * t[i];
		double like = energy > 1 ? (double)c * (double)c / energy : 0;
		if (like > top) {
			top = like;
			best = lag;
		}
		if (lag == LOW_N - LOW_HEAR)
			break;
		double out = (double)t[LOW_HEAR - 1], in = (double)t[-1];
		energy += in * in - out * out;
	}
	return best;
}

/* n samples of what was heard against ours of so long ago. */
struct match {
	double cross, own, heard;    /* sums of products */
};

static bool match_at(const struct pcm_echo *x, int delay, size_t n, struct match *m)
{
	if (delay < 0 || (size_t)delay + n > x->cap)
		return false;
	const int16_t *t = x->tx + x->cap - n - (size_t)delay, *h = x->rx + x->hear - n;
	int64_t cross = 0, own = 0, heard = 0;
	for (size_t i = 0; i < n; i++) {
		cross += (int32_t)t[i] * h[i];
		own += (int32_t)t[i] * t[i];
		heard += (int32_t)h[i] * h[i];
	}
	*m = (struct match){ (double)cross, (double)own, (double)heard };
	return true;
}

/* The share of the energy heard that ours explains, 0..1. */
static double share(const struct match *m)
{
	return m->own > 0 && m->heard > 0 ? m->cross * m->cross / (m->own * m->heard) : 0;
}

static int best_near(const struct pcm_echo *x, int delay, int around, size_t n, struct match *ret)
{
	int best = -1;
	double top = -1;
	for (int d = delay - around; d <= delay + around; d++) {
		struct match m;
		if (!match_at(x, d, n, &m) || share(&m) <= top)
			continue;
		top = share(&m);
		best = d;
		*ret = m;
	}
	return best;
}

static void believe(struct pcm_echo *x, int delay, const struct match *m)
{
	if (x->delay < 0 || abs(x->delay - delay) > NEAR_SAMPLES || !x->learned) {
		x->gain_db = to_db(m->cross * m->cross / m->own, x->hear) - to_db(m->own, x->hear);
		x->rest_db = 0;
		x->learned = 1;
	}
	x->delay = delay;
	x->hint = -1;
	x->bad_ms = 0;
}

static void search(struct pcm_echo *x)
{
	struct match m = { 0 };
	int low = best_low(x);
	x->since_ms = 0;
	if (low < 0)
		return;
	int at = best_near(x, low * x->dec, x->dec + NEAR_SAMPLES, x->hear, &m);
	double is = at < 0 ? 0 : share(&m);
	bool again = x->delay < 0 && x->hint >= 0 && abs(x->hint - at) <= NEAR_SAMPLES;
	if (is >= (x->delay < 0 ? SURE : MOVED) || (is >= LIKELY && again))
		believe(x, at, &m);
	else
		x->hint = is >= LIKELY ? at : -1;
}

/* ---- each frame */

static void split(struct pcm_echo *x, size_t n, double floor_db)
{
	struct match m = { 0 };
	int at = best_near(x, x->delay, NEAR_SAMPLES, n, &m);
	if (at < 0)
		return;
	double is = share(&m), heard = to_db(m.heard, n), will = to_db(m.own, n) + x->gain_db;
	x->part.known = true;
	x->tail_db = will > x->tail_db - TAIL_DB ? will : x->tail_db - TAIL_DB;
	x->part.echo_db = x->tail_db < PCM_SILENT_DB ? PCM_SILENT_DB : x->tail_db;
	x->part.rest_db = to_db(m.heard * (1 - is), n);
	if (is >= (x->learned < 10 ? MINE : MOSTLY) && heard > floor_db + 6) {
		double gain = heard + 10 * log10(is) - to_db(m.own, n);
		double k = x->learned < 10 ? 1.0 / x->learned : 0.1;
		double left = x->part.rest_db - heard;
		/* somebody in step with us may double it: not believed */
		if (x->learned < 10 || fabs(gain - x->gain_db) < 3)
			x->gain_db += k * (gain - x->gain_db);
		x->learned += x->learned < 10;
		x->rest_db += (left > x->rest_db ? k / 3 : k) * (left - x->rest_db);
		x->delay = at;
		x->bad_ms = 0;
	} else if (will > floor_db + 8 && is < MINE / 6) {
		/* somebody louder hides it; but where less is heard it is not there */
		x->bad_ms += heard < will - 4 ? PCM_FRAME_MS : PCM_FRAME_MS / 5;
		if (x->bad_ms >= (x->learned < 10 ? FORGET_MS / 4 : FORGET_MS))
			x->delay = -1;
	}
	x->part.left_db = x->rest_db;
	x->part.loss_db = -x->gain_db;
}

void pcm_echo_sent(struct pcm_echo *x, const int16_t *s, size_t n)
{
	ASSERT(n <= x->hear);
	keep(x->tx, x->cap, s, n);
	keep_low(x->low_tx, LOW_N, s, n, x->dec);
}

const struct pcm_echo_part *pcm_echo_heard(struct pcm_echo *x, const int16_t *s, size_t n,
					   double floor_db, bool doubt)
{
	ASSERT(n <= x->hear);
	keep(x->rx, x->hear, s, n);
	keep_low(x->low_rx, LOW_HEAR, s, n, x->dec);
	double heard = pcm_dbfs(s, n);
	x->part = (struct pcm_echo_part){ .echo_db = PCM_SILENT_DB, .rest_db = heard };
	x->since_ms += PCM_FRAME_MS;
	bool due = x->delay < 0 && x->since_ms >= SEARCH_MS && heard > floor_db + 3;
	due |= doubt;
	if (due && pcm_dbfs(x->tx, x->cap) > LOUD_DB)
		search(x);
	if (x->delay >= 0)
		split(x, n, floor_db);
	return &x->part;
}
