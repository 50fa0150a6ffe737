/* digit_train.c: training a net of spoken words from clips.
 *
 * Few people speak in the rows, and strangers will on the line, so no clip is ever shown as it
 * is: another pitch, another length of vocal tract (warped bands) and another pace each time,
 * quicker here and slower there, noise, mu-law, no low tones, ends cut a little differently,
 * bands and moments left out (Park et al., "SpecAugment", 2019). The net: three convolutions
 * over moments and bands, a recurrent layer each way, the greatest and the mean over time,
 * dense. Where the set has vectors of a recogniser, a net of one layer learns from them apart
 * (together, the sound would learn nothing more once they are all right), and both go into one
 * file. A tenth of the rows is not learned from and sets the temperatures. Blocking; run it in
 * a worker or a command. Everything is owned by the call. */
#include "digit_int.h"
#include "nn_train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 32, ROWS_MIN = 20, EPOCHS = 40, HELD = 10 };
#define WARP 0.2                 /* of the logarithm, either way */
#define PITCH 0.25               /* the same */
#define LEAN 0.35                /* of the pace within a word */
#define PACE_MIN (-0.28)         /* of the logarithm, slower */
#define PACE_MAX 0.3

struct job {
	const struct digit_set *set;
	const struct digit_opt *o;
	struct nn_net *net;
	struct nn_trainer *trainer;
	int head;                        /* that learns */
	struct digit_heads heads;        /* of the whole net */
	uint32_t *order;                 /* rows to learn, then those held out */
	size_t n_learn, n_held;
	float *x;                        /* BATCH examples of DIGIT_STEPS steps */
	struct nn_in in[BATCH];
	int label[BATCH];
	float *logit;                    /* of the held-out rows */
	struct rng rng;
};

/* ---- another speaker, another line */

static float either(struct rng *r, double width)
{
	return (float)((2 * rng_unit(r) - 1) * width);
}

static double spread(struct rng *r, double log_width)
{
	return exp((2 * rng_unit(r) - 1) * log_width);
}

static bool toss(struct rng *r, double p)
{
	return rng_unit(r) < p;
}

static int16_t clip16(double v)
{
	return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
}

static void add_noise(struct rng *r, int16_t *s, size_t n)
{
	double level = pcm_dbfs(s, n) - (6 + 30 * rng_unit(r));
	double amp = 32768 * pow(10, level / 20), was = 0, hum = rng_unit(r);
	for (size_t i = 0; i < n; i++) {
		was = hum * was + (1 - hum) * rng_normal(r);
		s[i] = clip16(s[i] + amp * was / sqrt((1 - hum) / (1 + hum) + 1e-9));
	}
}

/* Another line or handset: a smooth curve over the bands. */
static void bend(struct rng *r, float *rows, size_t n)
{
	float curve[PCM_MEL_BANDS];
	double a = 0.9 * rng_normal(r), b = 0.6 * rng_normal(r), c = 0.4 * rng_normal(r);
	for (int k = 0; k < PCM_MEL_BANDS; k++) {
		double at = M_PI * (k + 0.5) / PCM_MEL_BANDS;
		curve[k] = (float)(a * cos(at) + b * cos(2 * at) + c * cos(3 * at));
	}
	for (size_t i = 0; i < n * PCM_MEL_BANDS; i++)
		rows[i] += curve[i % PCM_MEL_BANDS];
}

static void through_line(int16_t *s, size_t n)
{
	uint8_t b[4096];
	for (size_t at = 0; at < n; at += sizeof(b)) {
		size_t k = n - at < sizeof(b) ? n - at : sizeof(b);
		pcm_ulaw_encode(s + at, k, b);
		pcm_ulaw_decode(b, k, s + at);
	}
}

/* Bands and moments that tell nothing this time: 0 is the middle of the scale. */
static void leave_out(struct rng *r, float *x, int steps)
{
	enum { AT_ONCE = 6 };
	if (toss(r, 0.5)) {
		int n = 1 + (int)rng_below(r, AT_ONCE);
		int from = (int)rng_below(r, (uint64_t)(PCM_MEL_BANDS - n + 1));
		for (int i = 0; i < steps; i++)
			memset(x + i * PCM_MEL_BANDS + from, 0, sizeof(*x) * (size_t)n);
	}
	if (toss(r, 0.4) && steps > AT_ONCE) {
		int n = 1 + (int)rng_below(r, AT_ONCE);
		int from = (int)rng_below(r, (uint64_t)(steps - n + 1));
		memset(x + from * PCM_MEL_BANDS, 0, sizeof(*x) * PCM_MEL_BANDS * (size_t)n);
	}
}

/* Another pitch and pace: read more quickly or slowly; returns how many samples. */
static size_t retune(double by, const int16_t *s, size_t n, int16_t *out, size_t room)
{
	size_t k = 0;
	for (double at = 0; k < room && at + 1 < (double)n; at += by, k++) {
		size_t i = (size_t)at;
		double part = at - (double)i;
		out[k] = (int16_t)lrint((1 - part) * s[i] + part * s[i + 1]);
	}
	return k;
}

/* Pitch and vocal tract are drawn apart: bands are warped by what reading did not. */
static int make(struct rng *r, const struct digit_clip *c, float *out)
{
	static const size_t most = (size_t)DIGIT_MAX_MS * PCM_HZ / 1000;
	int16_t s[2 * DIGIT_MAX_MS * PCM_HZ / 1000];
	float rows[DIGIT_FRAMES * PCM_MEL_BANDS];
	size_t n = c->n < most ? c->n : most;
	size_t off = n > 2000 ? rng_below(r, 240) : 0;
	double pitch = toss(r, 0.7) ? spread(r, PITCH) : 1;
	n = retune(pitch, c->s + off, n - off, s, sizeof(s) / sizeof(*s));
	if (toss(r, 0.7))
		add_noise(r, s, n);
	if (toss(r, 0.5))
		through_line(s, n);
	struct pcm_mel *mel = pcm_mel_new(pitch * spread(r, WARP));
	double pace = exp(PACE_MIN + (PACE_MAX - PACE_MIN) * rng_unit(r));
	size_t k = pcm_mel_frames(mel, s, n, 80 * pace / pitch, rows, DIGIT_FRAMES);
	pcm_mel_free(mel);
	bend(r, rows, k);
	struct digit_cut cut = { (float)(2.5 + 6 * rng_unit(r)), (int)rng_below(r, 6),
				 { either(r, LEAN), either(r, LEAN) } };
	int steps = digit_steps(rows, k, &cut, out);
	leave_out(r, out, steps);
	return steps;
}

/* ---- training */

static double each(void *arg, struct nn_pass *p, size_t i)
{
	struct job *j = arg;
	const struct nn_ce ce = { .label = j->label[i], .smooth = 0.1F };
	return nn_ce(nn_out(p, j->head, NULL), j->set->n_label, &ce, nn_grad(p, j->head));
}

/* The recogniser's vector of a clip; NULL: it has none. */
static const float *vec_of(const struct digit_set *set, const struct digit_clip *c)
{
	const float *v = set->vec ? set->vec + (size_t)(c - set->v) * ASR_VEC_DIM : NULL;
	for (int i = 0; v && i < ASR_VEC_DIM; i++)
		if (v[i] != 0)
			return v;
	return NULL;
}

static bool put(struct job *j, size_t k, const struct digit_clip *c, int steps)
{
	j->in[k].slot[0] = (struct nn_slot){ .x = j->x + k * DIGIT_STEPS * PCM_MEL_BANDS,
					     .steps = (uint32_t)steps };
	j->label[k] = c->label;
	return steps > 0;
}

/* By the sound, each clip made anew; or by the recogniser's vectors. */
static bool show(struct job *j, bool by_vector, size_t k, const struct digit_clip *c)
{
	const float *v = by_vector ? vec_of(j->set, c) : NULL;
	if (!by_vector)
		return put(j, k, c, make(&j->rng, c, j->x + k * DIGIT_STEPS * PCM_MEL_BANDS));
	j->in[k].slot[1] = (struct nn_slot){ .x = v };
	j->label[k] = c->label;
	return v != NULL;
}

static double epoch(struct job *j, bool by_vector)
{
	const struct nn_in *ptr[BATCH];
	double loss = 0;
	size_t batches = 0;
	nn_shuffle(j->order, j->n_learn, &j->rng);
	for (size_t at = 0; at < j->n_learn; at += BATCH) {
		size_t n = 0;
		for (size_t i = at; i < at + BATCH && i < j->n_learn; i++) {
			if (show(j, by_vector, n, &j->set->v[j->order[i]])) {
				ptr[n] = &j->in[n];
				n++;
			}
		}
		if (n)
			loss += nn_step(j->trainer, ptr, n,
					&(struct nn_loss){ .each = each, .arg = j });
		batches += n > 0;
	}
	return batches ? loss / (double)batches : 0;
}

/* What is found out about those held out. */
struct held {
	float temperature, temperature_by;
	size_t right, right_by;
};

/* Those held out, as they are: the temperature of their logits; how many are right. */
static float test_held(struct job *j, bool by, size_t *right)
{
	static const size_t most = (size_t)DIGIT_MAX_MS * PCM_HZ / 1000;
	struct digit_ways *ways = xalloc(sizeof(*ways));
	struct nn_pass *p = nn_pass_new(j->net);
	int k = j->set->n_label, *label = xalloc(sizeof(*label) * (j->n_held + 1));
	size_t n = 0;
	*right = 0;
	digit_ways_open(ways);
	for (size_t i = 0; i < j->n_held; i++) {
		const struct digit_clip *c = &j->set->v[j->order[j->n_learn + i]];
		const float *v = by ? vec_of(j->set, c) : NULL;
		float *out = j->logit + n * (size_t)k;
		int best = 0;
		if ((by && !v) || !digit_ways_run(ways, p, &j->heads, c->s,
						  c->n < most ? c->n : most, v, out))
			continue;
		for (int m = 1; m < k; m++)
			best = out[m] > out[best] ? m : best;
		*right += best == c->label;
		label[n++] = c->label;
	}
	digit_ways_close(ways);
	xfree(ways);
	float t = nn_fit_temperature(j->logit, label, n, k);
	nn_pass_free(p);
	xfree(label);
	return t;
}

static void write_card(struct job *j, const struct held *h, struct sb *out)
{
	const struct digit_opt *o = j->o;
	sb_fmt(out, "{\"format\":\"%s\",\"labels\":[", DIGIT_FORMAT);
	for (int i = 0; i < j->set->n_label; i++) {
		if (i)
			sb_ch(out, ',');
		sb_json(out, sv_of(j->set->label[i]));
	}
	sb_fmt(out, "],\"temperature\":%.4f,\"rows\":%zu,\"held_out\":%zu,\"held_out_right\":%zu",
	       (double)h->temperature, j->set->n, j->n_held, h->right);
	if (j->heads.fits >= 0) {
		sb_fmt(out, ",\"temperature_by\":%.4f,\"held_out_right_by\":%zu,\"sense\":",
		       (double)h->temperature_by, h->right_by);
		sb_json(out, sv_of(j->set->sense));
		sb_cstr(out, ",\"lang\":");
		sb_json(out, sv_of(j->set->lang));
	}
	sb_fmt(out, ",\"data_hash\":\"%016llx\",\"seed\":%llu,\"licence\":",
	       (unsigned long long)j->set->hash, (unsigned long long)o->seed);
	sb_json(out, sv_of(o->licence ? o->licence : "not stated"));
	sb_cstr(out, ",\"source\":");
	sb_json(out, sv_of(o->source ? o->source : "not stated"));
	sb_ch(out, '}');
}

static int save(struct job *j, const char *path, struct err *e)
{
	struct sb card;
	struct held h = { 0 };
	sb_init(&card, 1 << 16);
	h.temperature = test_held(j, false, &h.right);
	if (j->heads.fits >= 0)
		h.temperature_by = test_held(j, true, &h.right_by);
	write_card(j, &h, &card);
	int rc = nn_save(j->net, path, &(struct nn_save){ .card = sb_sv(&card), .int8 = true }, e);
	sb_done(&card);
	return rc;
}

/* Trains a net of its own; by_vector: what the other one did is told already. */
static int learn(struct job *j, struct nn_net *net, bool by_vector, struct err *e)
{
	int epochs = j->o->epochs > 0 ? j->o->epochs : EPOCHS, rc = 0;
	size_t batches = (j->n_learn + BATCH - 1) / BATCH;
	/* What is kept is a mean over the last steps; of few steps over few. */
	float ema = fminf(0.995F, 1 - 4 / fmaxf(8, (float)epochs * (float)batches));
	struct nn_opt opt = { .rate = 0.003F, .steps = epochs * (int)batches,
			      .warm = (int)batches, .decay = 0.02F, .clip = 1, .ema = ema,
			      .seed = j->o->seed, .threads = j->o->threads ? j->o->threads : 2 };
	j->head = nn_find(net, by_vector ? "fits" : "word");
	j->trainer = nn_trainer_new(net, &opt);
	for (int i = 0; i < epochs && rc == 0; i++) {
		double loss = epoch(j, by_vector);
		if (j->o->progress && !j->o->progress(j->o->arg, by_vector ? epochs : i + 1,
						      epochs, loss))
			rc = err_set(e, ERR_CANCELED, "stopped");
	}
	nn_ema_swap(j->trainer);
	nn_trainer_free(j->trainer);
	return rc;
}

enum { B = PCM_MEL_BANDS, SOUND_LAYERS = 21, VECTOR_LAYERS = 3 };
static const struct nn_layer layers[SOUND_LAYERS + VECTOR_LAYERS] = {
	{ "in", .kind = NN_INPUT, .dim = B, .steps = DIGIT_STEPS },
	{ "fine", .kind = NN_CONV, .rows = B, .dim = 12 },
	{ .kind = NN_HALVE, .rows = B },
	{ "fine_even", .kind = NN_EVEN, .rows = B / 2 },
	{ .kind = NN_ACT, .act = NN_GELU },
	{ "mid", .kind = NN_CONV, .rows = B / 2, .dim = 24 },
	{ .kind = NN_HALVE, .rows = B / 2 },
	{ "mid_even", .kind = NN_EVEN, .rows = B / 4 },
	{ .kind = NN_ACT, .act = NN_GELU },
	{ "coarse", .kind = NN_CONV, .rows = B / 4, .dim = 48 },
	{ "coarse_even", .kind = NN_EVEN, .rows = B / 4 },
	{ .kind = NN_ACT, .act = NN_GELU },
	{ "sound", .kind = NN_DENSE, .dim = 96, .act = NN_GELU, .drop = 0.2F },
	{ "on", .kind = NN_GRU, .dim = 64 },
	{ "back", .from = "sound", .kind = NN_GRU, .dim = 64, .reverse = true },
	{ "both", .from = "on back", .kind = NN_CAT },
	{ "mean", .kind = NN_POOL, .how = NN_AVERAGE },
	{ "most", .from = "both", .kind = NN_POOL, .how = NN_GREATEST },
	{ "all", .from = "mean most", .kind = NN_CAT },
	{ "thin", .kind = NN_DROP, .drop = 0.3F },
	{ "word", .kind = NN_DENSE },
	/* what a recogniser makes of it */
	{ "said", .kind = NN_INPUT, .slot = 1, .dim = ASR_VEC_DIM },
	{ "less", .kind = NN_DROP, .drop = 0.5F },
	{ "fits", .kind = NN_DENSE, .zero = true },
};

static struct nn_net *design(int labels, int from, int n, uint64_t seed, struct err *e)
{
	struct nn_layer l[SOUND_LAYERS + VECTOR_LAYERS];
	memcpy(l, layers + from, sizeof(*l) * (size_t)n);
	for (int i = 0; i < n; i++)
		if (l[i].name && (!strcmp(l[i].name, "word") || !strcmp(l[i].name, "fits")))
			l[i].dim = labels;
	return nn_new(l, (size_t)n, seed, e);
}

/* The weights of a part into the whole. */
static int take(struct nn_net *whole, const struct nn_net *part, int from, int n, struct err *e)
{
	int rc = 0;
	for (int i = from; i < from + n && rc == 0; i++)
		if (layers[i].name)
			rc = nn_take(whole, layers[i].name, part, layers[i].name, e);
	return rc;
}

/* The net of the sound is the same bytes with and without vectors. */
static int run(struct job *j, struct err *e)
{
	int labels = j->set->n_label, both = SOUND_LAYERS + VECTOR_LAYERS;
	struct nn_net *sound = design(labels, 0, SOUND_LAYERS, j->o->seed, e);
	int rc = sound ? learn(j, sound, false, e) : e->code;
	j->net = sound;
	if (rc || !j->set->vec)
		return rc;
	struct nn_net *vec = design(labels, SOUND_LAYERS, VECTOR_LAYERS, j->o->seed, e);
	j->net = design(labels, 0, both, j->o->seed, e);
	rc = vec && j->net ? learn(j, vec, true, e) : e->code;
	rc = rc ? rc : take(j->net, sound, 0, SOUND_LAYERS, e);
	rc = rc ? rc : take(j->net, vec, SOUND_LAYERS, VECTOR_LAYERS, e);
	nn_unref(sound);
	nn_unref(vec);
	return rc;
}

int digit_train(const struct digit_set *set, const struct digit_opt *o, const char *path,
		struct err *e)
{
	if (set->n < ROWS_MIN || set->n_label < 2)
		return err_set(e, ERR_INVAL, "%zu rows of %d words are too few: at least %d of 2",
			       set->n, set->n_label, ROWS_MIN);
	struct job j = { .set = set, .o = o };
	j.order = xalloc(sizeof(*j.order) * set->n);
	j.x = xalloc(sizeof(*j.x) * BATCH * DIGIT_STEPS * PCM_MEL_BANDS);
	j.logit = xalloc(sizeof(*j.logit) * (set->n + 1) * (size_t)set->n_label);
	rng_seed(&j.rng, o->seed);
	for (size_t i = 0; i < set->n; i++)
		j.order[i] = (uint32_t)i;
	nn_shuffle(j.order, set->n, &j.rng);
	j.n_held = set->n / HELD;
	j.n_learn = set->n - j.n_held;
	int rc = run(&j, e);
	if (rc == 0) {
		j.heads.word = nn_find(j.net, "word");
		j.heads.fits = nn_find(j.net, "fits");
		rc = save(&j, path, e);
	}
	nn_unref(j.net);
	xfree(j.order);
	xfree(j.x);
	xfree(j.logit);
	return rc;
}
