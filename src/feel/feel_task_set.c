/* feel_task_set.c: rows made ready for training: features and vocabulary.
 *
 * Two passes over the texts: the first counts in how many each feature is, the second weighs
 * them. The second pass is cut into parts that threads do together; each part writes lists of
 * its own, which are then joined in order, so that the number of threads changes nothing.
 */
#include "feel_task_fit.h"

#include <math.h>

enum { PARTS = 64 };

struct part {
	uint32_t *id, *n;        /* n: features of each row */
	float *w;
	size_t n_id, cap;
};
struct making {
	struct feel_set *s;
	struct feel_task *t;
	const struct feel_rows *rows;
	struct part part[PARTS];
};

static size_t begin_of(const struct making *m, int part)
{
	return m->rows->n * (size_t)part / PARTS;
}

static void keep(struct part *p, const struct feel_feats *f)
{
	if (p->n_id + f->n > p->cap) {
		p->cap = 2 * (p->n_id + f->n);
		p->id = xrealloc(p->id, p->cap * sizeof(*p->id));
		p->w = xrealloc(p->w, p->cap * sizeof(*p->w));
	}
	if (f->n) {
		memcpy(p->id + p->n_id, f->id, f->n * sizeof(*f->id));
		memcpy(p->w + p->n_id, f->w, f->n * sizeof(*f->w));
	}
	p->n_id += f->n;
}

static void weigh_part(void *arg, int k)
{
	struct making *m = arg;
	struct part *p = &m->part[k];
	size_t from = begin_of(m, k), to = begin_of(m, k + 1);
	struct feel_feats raw = { 0 }, raw2 = { 0 }, weighed = { 0 };
	struct feel_reader *base = m->t->base ? feel_reader_new(m->t->base) : NULL;

	p->n = xalloc((to - from + 1) * sizeof(*p->n));
	for (size_t i = from; i < to; i++) {
		const struct feel_row *r = &m->rows->v[i];
		feel_task_input(m->t->kind, base, r->text, r->other, &raw, &raw2,
				m->s->dense ? m->s->x + i * m->s->dense : NULL);
		feel_feats_weigh(&raw, &m->t->vocab, feel_task_blocks(m->t->kind), &weighed);
		p->n[i - from] = (uint32_t)weighed.n;
		float *x = m->s->x + i * m->s->dense;
		if (m->t->sense)
			feel_task_known(&weighed, x, m->s->dense, x);
		keep(p, &weighed);
	}
	feel_reader_free(base);
	feel_feats_done(&raw);
	feel_feats_done(&raw2);
	feel_feats_done(&weighed);
}

/* Features of blocks a kind does not read are not worth a row. */
static void only_blocks(struct feel_feats *f, unsigned blocks)
{
	size_t to = 0, from = 0;

	for (int b = 0; b < FEEL_BLOCKS; b++) {
		size_t n = f->end[b] - from;
		if (blocks >> b & 1) {
			memmove(f->id + to, f->id + from, n * sizeof(*f->id));
			to += n;
		}
		from = f->end[b];
	}
	f->n = to;
}

static void count(struct feel_task *t, const struct feel_rows *rows, size_t most,
		  const bool *held)
{
	struct feel_feats raw = { 0 }, raw2 = { 0 };
	struct feel_counts counts = { 0 };
	float stats[FEEL_PAIR_STATS];

	for (size_t i = 0; i < rows->n; i++) {
		if (held && held[i])
			continue;
		feel_feats_text(&raw, t->kind, rows->v[i].text);
		if (t->kind == FEEL_PAIRS) {
			feel_feats_text(&raw2, t->kind, rows->v[i].other);
			feel_feats_pair(&raw, &raw2, stats);
		}
		only_blocks(&raw, feel_task_blocks(t->kind));
		feel_counts_add(&counts, &raw);
	}
	feel_vocab_take(&t->vocab, &counts, rows->n < 1000 ? 1 : 2, most);
	feel_counts_done(&counts);
	feel_feats_done(&raw);
	feel_feats_done(&raw2);
}

static void join(struct making *m)
{
	struct feel_set *s = m->s;
	size_t at = 0;

	for (int k = 0; k < PARTS; k++)
		s->n_id += m->part[k].n_id;
	s->id = xalloc((s->n_id + 1) * sizeof(*s->id));
	s->w = xalloc((s->n_id + 1) * sizeof(*s->w));
	for (int k = 0; k < PARTS; k++) {
		struct part *p = &m->part[k];
		if (p->n_id) {
			memcpy(s->id + at, p->id, p->n_id * sizeof(*p->id));
			memcpy(s->w + at, p->w, p->n_id * sizeof(*p->w));
		}
		for (size_t i = begin_of(m, k); i < begin_of(m, k + 1); i++) {
			uint32_t n = p->n[i - begin_of(m, k)];
			s->in[i].slot[0] = (struct nn_slot){ .id = s->id + at, .w = s->w + at,
							     .n = n };
			if (s->dense)
				s->in[i].slot[1] = (struct nn_slot){ .x = s->x + i * s->dense,
								     .steps = 1 };
			if (s->sense)
				s->in[i].slot[2] = (struct nn_slot){
					.x = s->sense + i * m->t->sense, .steps = 1 };
			at += n;
		}
		xfree(p->id);
		xfree(p->w);
		xfree(p->n);
	}
}

/* The mean of all vectors, and the factor with which their numbers differ from it by 0.3, which
 * the net likes. */
static void middle(struct feel_task *t, const struct feel_vecs *v, size_t n)
{
	double *mean = xalloc(v->dim * sizeof(*mean)), sum = 0;

	for (size_t i = 0; i < n * v->dim; i++)
		mean[i % v->dim] += (double)v->v[i] / (double)n;
	for (size_t i = 0; i < n * v->dim; i++) {
		double d = (double)v->v[i] - mean[i % v->dim];
		sum += d * d;
	}
	t->own_middle = xalloc((v->dim + 1) * sizeof(float));
	t->own_middle[0] = sum > 1e-12 ? (float)(0.3 / sqrt(sum / (double)(n * v->dim))) : 1;
	for (size_t k = 0; k < v->dim; k++)
		t->own_middle[k + 1] = (float)mean[k];
	t->middle = t->own_middle;
	t->sense = v->dim;
	t->sense_name = sv_of(v->name);
	xfree(mean);
}

static void add_vecs(struct feel_set *s, struct feel_task *t, const struct feel_vecs *v)
{
	middle(t, v, s->n);
	s->sense = xalloc(s->n * v->dim * sizeof(float));
	for (size_t i = 0; i < s->n; i++)
		feel_task_middle(t, v->v + i * v->dim, s->sense + i * v->dim);
}

void feel_set_make(struct feel_set *s, struct feel_task *t, const struct feel_rows *rows,
		   const struct feel_train *how, const bool *held)
{
	struct making *m = xalloc(sizeof(*m));
	struct team *team = team_new(how->threads < 1 ? 1 : how->threads);

	*s = (struct feel_set){ .n = rows->n };
	*m = (struct making){ .s = s, .t = t, .rows = rows };
	if (t->base)
		s->dense = (size_t)feel_task_dense(t->kind, nn_dim(t->base->net, t->base->out));
	s->in = xalloc(rows->n * sizeof(*s->in));
	s->x = xalloc((rows->n * s->dense + 1) * sizeof(*s->x));
	if (how->vecs)
		add_vecs(s, t, how->vecs);
	count(t, rows, how->features ? how->features : FEEL_VOCAB_MOST, held);
	feel_task_unknown(t);
	team_run(team, weigh_part, m, PARTS);
	join(m);
	team_free(team);
	xfree(m);
}

void feel_set_done(struct feel_set *s)
{
	xfree(s->in);
	xfree(s->id);
	xfree(s->w);
	xfree(s->x);
	xfree(s->sense);
	*s = (struct feel_set){ 0 };
}
