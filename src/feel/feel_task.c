/* feel_task.c: asking a trained task.
 *
 * A text becomes hashed features (feel_task_feat.c). The base, a net that all tasks share, turns
 * them into a vector of meaning; the task's own net reads that vector and the features and gives a
 * logit a label. Temperature makes probabilities of logits; thresholds found on held-out rows turn
 * them into an answer. Tasks are immutable and shared; a reader is one thread's scratch.
 */
#include <math.h>

#include "feel_task_int.h"

unsigned feel_task_blocks(int kind)
{
	if (kind == FEEL_BASE)
		return 1u << FEEL_WORDS | 1u << FEEL_CHARS;
	if (kind == FEEL_LANGUAGE)
		return 1u << FEEL_WORDS | 1u << FEEL_CHARS;
	return ~0u;
}

int feel_task_dense(int kind, int base_dim)
{
	if (kind == FEEL_PAIRS)
		return 2 * base_dim + FEEL_PAIR_STATS;
	return base_dim;
}

static int base_of(struct feel_reader *base, const struct feel_feats *raw, float *v)
{
	struct feel_feats *f = &base->weighed;

	feel_feats_weigh(raw, &base->t->vocab, feel_task_blocks(FEEL_BASE), f);
	nn_run(base->pass, &(struct nn_in){ .slot[0] = { .id = f->id, .w = f->w,
							 .n = (uint32_t)f->n } });
	int dim = nn_dim(base->t->net, base->t->out);
	const float *y = nn_out(base->pass, base->t->out, NULL);
	float sum = 0;
	for (int i = 0; i < dim; i++)
		sum += y[i] * y[i];
	float scale = sum > 0 ? 1 / sqrtf(sum) : 0;
	for (int i = 0; i < dim; i++)
		v[i] = y[i] * scale;
	return dim;
}

/* A component of a unit vector is about 1 / sqrt(dim); the net likes numbers of about 0.3. */
static void scale_up(float *x, int dim)
{
	float s = 0.3f * sqrtf((float)dim);

	for (int i = 0; i < dim; i++)
		x[i] *= s;
}

static void pair_input(struct feel_reader *base, struct feel_feats *f, struct feel_feats *b,
		       float *x)
{
	float va[FEEL_BASE_MAX], vb[FEEL_BASE_MAX], stats[FEEL_PAIR_STATS];
	int dim = base ? base_of(base, f, va) : 0;

	if (base)
		base_of(base, b, vb);
	feel_feats_pair(f, b, stats);
	if (!base)
		return;
	stats[FEEL_PAIR_STATS - 1] = 2 * nn_cos(va, vb, dim);
	scale_up(va, dim);
	scale_up(vb, dim);
	for (int i = 0; i < dim; i++) {
		x[i] = fabsf(va[i] - vb[i]);
		x[dim + i] = va[i] * vb[i];
	}
	memcpy(x + 2 * dim, stats, sizeof(stats));
}

void feel_task_input(int kind, struct feel_reader *base, sv text, sv other, struct feel_feats *f,
		     struct feel_feats *scratch, float *x)
{
	feel_feats_text(f, kind, text);
	if (kind == FEEL_PAIRS) {
		feel_feats_text(scratch, kind, other);
		pair_input(base, f, scratch, x);
	} else if (base) {
		scale_up(x, base_of(base, f, x));
	}
}

/* Sentence vectors of e5 lie close together; what tells them apart is how they differ from their
 * mean. */
void feel_task_middle(const struct feel_task *t, const float *v, float *out)
{
	const float *mean = t->middle + 1;

	for (size_t i = 0; i < t->sense; i++)
		out[i] = t->middle[0] * (v[i] - mean[i]);
}

void feel_task_unknown(struct feel_task *t)
{
	for (size_t i = 0; i < t->vocab.n && t->sense; i++)
		if (t->vocab.idf[i] > t->vocab.unknown)
			t->vocab.unknown = t->vocab.idf[i];
}

void feel_task_known(const struct feel_feats *weighed, const float *x, size_t n, float *out)
{
	float sum = 0;

	for (size_t i = 0; i < weighed->n; i++)
		sum += weighed->w[i] * weighed->w[i];
	float share = sqrtf(sum);
	for (size_t i = 0; i < n; i++)
		out[i] = x[i] * share;
}

/* ---- answers ---- */

void feel_task_p(const struct feel_task *t, const float *logit, float *p)
{
	if (!t->multi) {
		nn_softmax(logit, (int)t->n_label, t->temperature, p);
		return;
	}
	for (size_t i = 0; i < t->n_label; i++)
		p[i] = nn_sigmoid(logit[i] / t->temperature + t->bias);
}

static void say_one(const struct feel_task *t, struct feel_guess *g)
{
	size_t best = t->oos == 0 && t->n_label > 1;

	for (size_t i = 0; i < t->n_label; i++)
		if ((int)i != t->oos && g->p[i] * t->lift[i] > g->p[best] * t->lift[best])
			best = i;
	float rest = t->oos >= 0 ? 1 - g->p[t->oos] : 1;
	g->said[0] =
		(struct feel_said){ (uint16_t)best, rest > g->p[best] ? g->p[best] / rest : 1 };
	g->n = 1;
	g->oos_p = t->oos >= 0 ? 1 - g->p[best] : 0;
	g->oos = t->oos >= 0 && g->oos_p > t->oos_at;
}

/* Labels over their thresholds, most probable first. */
static void say_some(const struct feel_task *t, struct feel_guess *g)
{
	g->oos_p = t->oos >= 0 ? g->p[t->oos] : 0;
	for (size_t i = 0; i < t->n_label; i++) {
		if (g->p[i] < t->threshold[i] || (int)i == t->oos)
			continue;
		size_t at = g->n < FEEL_ROW_LABELS ? g->n++ : FEEL_ROW_LABELS - 1;
		if (at == FEEL_ROW_LABELS - 1 && g->said[at].p >= g->p[i])
			continue;
		for (; at > 0 && g->said[at - 1].p < g->p[i]; at--)
			g->said[at] = g->said[at - 1];
		g->said[at] = (struct feel_said){ (uint16_t)i, g->p[i] };
	}
	g->oos = t->oos >= 0 && (g->n == 0 || g->p[t->oos] >= t->threshold[t->oos]);
}

void feel_task_say(const struct feel_task *t, const float *p, struct feel_guess *g)
{
	*g = (struct feel_guess){ .p = p };
	if (t->multi)
		say_some(t, g);
	else
		say_one(t, g);
}

struct feel_reader *feel_reader_new(struct feel_task *t)
{
	struct feel_reader *r = xalloc(sizeof(*r));

	r->t = obj_ref(t);
	r->pass = nn_pass_new(t->net);
	/* as many as any layer of a (forged) file may read */
	r->x = xalloc(NN_DIM_MAX * sizeof(float));
	if (t->base)
		r->base = feel_reader_new(t->base);
	if (!t->sense)
		return r;
	r->sense = xalloc(NN_DIM_MAX * sizeof(float));
	r->known = xalloc(NN_DIM_MAX * sizeof(float));
	r->n_known = t->base ? (size_t)feel_task_dense(t->kind,
						       nn_dim(t->base->net, t->base->out)) : 0;
	return r;
}

void feel_reader_free(struct feel_reader *r)
{
	if (!r)
		return;
	feel_reader_free(r->base);
	nn_pass_free(r->pass);
	feel_feats_done(&r->raw);
	feel_feats_done(&r->raw2);
	feel_feats_done(&r->weighed);
	xfree(r->x);
	xfree(r->sense);
	xfree(r->known);
	feel_task_unref(r->t);
	xfree(r);
}

/* Runs once with as many features, so that everything inside has the room. */
void feel_reader_reserve(struct feel_reader *r, size_t n)
{
	struct feel_feats *f = &r->weighed;

	feel_feats_reserve(&r->raw, n);
	feel_feats_reserve(f, n);
	memset(f->id, 0, n * sizeof(*f->id));
	memset(f->w, 0, n * sizeof(*f->w));
	nn_run(r->pass, &(struct nn_in){ .slot[0] = { .id = f->id, .w = f->w, .n = (uint32_t)n },
					 .slot[1] = { .x = r->x, .steps = 1 } });
	if (r->base)
		feel_reader_reserve(r->base, n);
}

size_t feel_reader_room(const struct feel_reader *r)
{
	return r->raw.cap;
}

void feel_read(struct feel_reader *r, sv text, sv other)
{
	feel_task_input(r->t->kind, r->base, text, other, &r->raw, &r->raw2, r->x);
}

void feel_sense(struct feel_reader *r, const float *v)
{
	if (!r->sense)
		return;
	feel_task_middle(r->t, v, r->sense);
	r->sensed = true;
}

void feel_guess_read(struct feel_reader *r, const struct feel_reader *read, struct feel_guess *g)
{
	const struct feel_task *t = r->t;
	struct feel_feats *f = &r->weighed;

	feel_feats_weigh(&read->raw, &t->vocab, feel_task_blocks(t->kind), f);
	const float *x = read->x;
	if (r->known) {
		feel_task_known(f, x, r->n_known, r->known);
		x = r->known;
	}
	nn_run(r->pass, &(struct nn_in){ .slot[0] = { .id = f->id, .w = f->w,
						      .n = (uint32_t)f->n },
					 .slot[1] = { .x = x, .steps = 1 },
					 .slot[2] = { .x = r->sensed ? r->sense : NULL,
						      .steps = 1 } });
	r->sensed = false;
	feel_task_p(t, nn_out(r->pass, t->out, NULL), r->p);
	feel_task_say(t, r->p, g);
	if (t->value < 0)
		return;
	const float *v = nn_out(r->pass, t->value, NULL);
	g->has_value = true;
	for (int i = 0; i < FEEL_VALUES; i++)
		g->value[i] = v[i];
}

void feel_guess(struct feel_reader *r, sv text, sv other, struct feel_guess *g)
{
	feel_read(r, text, other);
	feel_guess_read(r, r, g);
}

size_t feel_reader_hidden(const struct feel_reader *r, const float **ret)
{
	int layer = nn_find(r->t->net, "mid");

	if (layer < 0)
		return 0;
	*ret = nn_out(r->pass, layer, NULL);
	return (size_t)nn_dim(r->t->net, layer);
}

bool feel_reads_alike(const struct feel_task *a, const struct feel_task *b)
{
	bool turns_a = a->kind == FEEL_INTENT || a->kind == FEEL_EMOTION,
	     turns_b = b->kind == FEEL_INTENT || b->kind == FEEL_EMOTION;

	return turns_a && turns_b && (a->base ? a->base->id : 0) == (b->base ? b->base->id : 0);
}

/* ---- scoring ---- */

/* Labels of the rows to those of the tally. */
static size_t match_labels(const struct feel_task *t, const struct feel_rows *rows, sv *name,
			   uint16_t *to)
{
	size_t n = t->n_label;

	memcpy(name, t->name, n * sizeof(*name));
	for (size_t i = 0; i < rows->n_name; i++) {
		size_t k = 0;
		while (k < n && !sv_eq(name[k], rows->name[i]))
			k++;
		if (k == n && n < FEEL_LABELS_MAX)
			name[n++] = rows->name[i];
		to[i] = (uint16_t)k;
	}
	return n;
}

void feel_tally_guess(struct feel_tally *tally, const struct feel_guess *g, bool multi,
		      const uint16_t *want, size_t n_want)
{
	uint16_t got[FEEL_ROW_LABELS];
	size_t n = 0;
	bool near = false;

	for (size_t i = 0; i < g->n && !(g->oos && !multi); i++)
		got[n++] = g->said[i].label;
	if (g->oos && n < FEEL_ROW_LABELS)
		got[n++] = (uint16_t)tally->oos_label;
	feel_tally_add(tally, want, n_want, got, n);
	for (size_t i = 0; i < n_want; i++) {
		if ((int)want[i] == tally->oos_label)
			return;
		near |= g->n > 0 && want[i] == g->said[0].label;
	}
	if (g->n > 0)
		feel_tally_sure(tally, (double)g->said[0].p, near);
}

void feel_task_test(struct feel_task *t, const struct feel_rows *rows, const float *vecs,
		    struct feel_tally *tally, sv name[FEEL_LABELS_MAX])
{
	struct feel_reader *r = feel_reader_new(t);
	uint16_t to[FEEL_LABELS_MAX], want[FEEL_ROW_LABELS];
	struct feel_guess g;
	size_t n = match_labels(t, rows, name, to);
	int oos = -1;

	for (size_t i = 0; i < n; i++)
		if (sv_eq(name[i], SV("oos")))
			oos = (int)i;
	feel_tally_init(tally, n, oos);
	for (size_t i = 0; i < rows->n; i++) {
		const struct feel_row *row = &rows->v[i];
		for (int k = 0; k < row->n_label; k++)
			want[k] = to[row->label[k]];
		if (vecs)
			feel_sense(r, vecs + i * t->sense);
		feel_guess(r, row->text, row->other, &g);
		feel_tally_guess(tally, &g, t->multi, want, row->n_label);
	}
	feel_reader_free(r);
}
