/* ins_topic.c: texts in groups, and what each group is called.
 *
 * Vectors are taken about their common middle first: those of an embedding model all point one
 * way, and what they share tells nothing. How many groups: of some numbers the one whose texts
 * lie nearest to the middle of the others of their group against the next group's (simplified
 * silhouette, Hruschka et al. 2004, each text left out of its own middle: else one text a group
 * wins). Pure. */
#include "ins_topic_int.h"

#include <math.h>
#include <stdlib.h>

enum { DIM = 384, DIM_MAX = 2048, TRIES = 3, SMALL = 500 };

struct ins_topics {
	struct ins_lex lex;
	struct ins_topic *v;
	size_t n, *group;
};

static void unit(float *row, int dim)
{
	double len = 0;
	for (int d = 0; d < dim; d++)
		len += (double)row[d] * (double)row[d];
	for (int d = 0; d < dim && len > 0; d++)
		row[d] = (float)((double)row[d] / sqrt(len));
}

static void centre(float *x, size_t n, int dim)
{
	double *mid = xalloc((size_t)dim * sizeof(*mid));
	for (size_t i = 0; i < n; i++)
		for (int d = 0; d < dim; d++)
			mid[d] += (double)x[i * (size_t)dim + (size_t)d] / (double)n;
	for (size_t i = 0; i < n; i++) {
		for (int d = 0; d < dim; d++)
			x[i * (size_t)dim + (size_t)d] -= (float)mid[d];
		unit(x + i * (size_t)dim, dim);
	}
	xfree(mid);
}

/* ---- how many ---- */

static float cosine(const float *a, const float *b, int dim)
{
	float s = 0;
	for (int d = 0; d < dim; d++)
		s += a[d] * b[d];
	return s;
}

/* The cosine of a text to the middle of the others of its group; len: of the sum of all of them. */
static double own_cosine(double c, double len)
{
	double others = len * len - 2 * len * c + 1;
	return others > 1e-9 ? (len * c - 1) / sqrt(others) : 0;
}

static double silhouette(const float *x, size_t n, int dim, size_t k, const size_t *group,
			 const float *mid)
{
	double *len = xalloc((k + 1) * sizeof(*len)), *c = xalloc((n + 1) * sizeof(*c)), sum = 0;
	for (size_t i = 0; i < n; i++) {
		c[i] = (double)cosine(x + i * (size_t)dim, mid + group[i] * (size_t)dim, dim);
		len[group[i]] += c[i];
	}
	for (size_t i = 0; i < n; i++) {
		double own = 1 - own_cosine(c[i], len[group[i]]), next = 4;
		for (size_t g = 0; g < k; g++) {
			double d = g == group[i] ?
					   4 :
					   1 - (double)cosine(x + i * (size_t)dim,
							      mid + g * (size_t)dim, dim);
			next = d < next ? d : next;
		}
		double most = own > next ? own : next;
		sum += most > 0 ? (next - own) / most : 0;
	}
	xfree(len);
	xfree(c);
	return sum / (double)n;
}

struct try {
	size_t k;
	double score;
	size_t *group;
	float *mid;
};

static void try_free(struct try *t)
{
	xfree(t->group);
	xfree(t->mid);
}

/* The best of some beginnings. */
static struct try groups_of(const float *x, size_t n, int dim, size_t k, struct rng *r)
{
	struct try best = { .k = k, .score = -1e30 };
	int tries = dim > DIM_MAX ? 1 : n * k < SMALL ? TRIES * 10 : TRIES;
	for (int i = 0; i < tries; i++) {
		struct try t = { .k = k, .group = xalloc(n * sizeof(size_t)),
				 .mid = xalloc(k * (size_t)dim * sizeof(float)) };
		t.score = ins_groups(x, n, dim, k, r, t.group, t.mid);
		struct try *worse = t.score > best.score ? &best : &t;
		try_free(worse);
		best = worse == &best ? t : best;
	}
	return best;
}

static struct try as_many_as_show(const float *x, size_t n, int dim, struct rng *r)
{
	struct try best = { .score = -2 };
	size_t least = (size_t)sqrt((double)n / 2), most = n / 8 < INS_TOPICS ? n / 8 : INS_TOPICS;
	least = least < 2 ? 2 : least;
	for (size_t k = least; k == least || k <= most; k = k + k / 4 + 1) {
		struct try t = groups_of(x, n, dim, k, r);
		t.score = silhouette(x, n, dim, k, t.group, t.mid);
		struct try *worse = t.score > best.score ? &best : &t;
		try_free(worse);
		best = worse == &best ? t : best;
	}
	return best;
}

/* ---- what they are ---- */

static int larger(const void *a, const void *b)
{
	const size_t *x = a, *y = b;         /* n, number */
	return x[0] != y[0] ? (x[0] < y[0] ? 1 : -1) : x[1] < y[1] ? -1 : x[1] > y[1];
}

/* Numbers by size, empty groups left out; the middles follow. Returns how many. */
static size_t by_size(struct try *t, size_t n, size_t *to)
{
	size_t (*order)[2] = xalloc((t->k + 1) * sizeof(*order)), used = 0;
	for (size_t g = 0; g < t->k; g++)
		order[g][1] = g;
	for (size_t i = 0; i < n; i++)
		order[t->group[i]][0]++;
	qsort(order, t->k, sizeof(*order), larger);
	for (size_t g = 0; g < t->k; g++) {
		to[order[g][1]] = g;
		used += order[g][0] > 0;
	}
	xfree(order);
	return used;
}

static void quotes(struct ins_topic *t, const struct try *g, const size_t *to, size_t at,
		   const float *x, size_t n, int dim)
{
	double best[INS_TOPIC_QUOTES];
	for (size_t i = 0; i < n; i++) {
		if (to[g->group[i]] != at)
			continue;
		double c = (double)cosine(x + i * (size_t)dim,
					  g->mid + g->group[i] * (size_t)dim, dim);
		size_t p = t->n_quotes < INS_TOPIC_QUOTES ? t->n_quotes++ : INS_TOPIC_QUOTES;
		t->n++;
		while (p > 0 && c > best[p - 1]) {
			if (p < INS_TOPIC_QUOTES) {
				best[p] = best[p - 1];
				t->quote[p] = t->quote[p - 1];
			}
			p--;
		}
		if (p < INS_TOPIC_QUOTES) {
			best[p] = c;
			t->quote[p] = i;
		}
	}
}

static void describe(struct ins_topics *t, struct try *g, const struct ins_said *v, const float *x,
		     size_t n, int dim)
{
	size_t *to = xalloc((g->k + 1) * sizeof(*to));
	t->n = by_size(g, n, to);
	t->v = xalloc((t->n + 1) * sizeof(*t->v));
	for (size_t i = 0; i < n; i++)
		t->group[i] = to[g->group[i]];
	double *total = ins_lex_totals(&t->lex);
	for (size_t k = 0; k < t->n; k++) {
		quotes(&t->v[k], g, to, k, x, n, dim);
		ins_lex_names(&t->lex, v, t->group, k, t->n, total, &t->v[k]);
	}
	xfree(total);
	xfree(to);
}

static float *vectors(const struct ins_lex *x, const struct ins_said *v, size_t n, int *dim,
		      const struct ins_topic_opts *o)
{
	bool given = *dim > 0;
	for (size_t i = 0; i < n; i++)
		given = given && v[i].vec;
	given = given && !o->plain;
	*dim = given ? *dim : o->plain ? (int)x->word.n : DIM;
	float *out = xalloc(n * (size_t)*dim * sizeof(*out));
	if (o->plain)
		ins_lex_weights(x, out);
	else if (!given)
		ins_lex_vectors(x, *dim, o->seed, out);
	for (size_t i = 0; given && i < n; i++)
		memcpy(out + i * (size_t)*dim, v[i].vec, (size_t)*dim * sizeof(*out));
	if (given)
		centre(out, n, *dim);
	return out;
}

int ins_topics_new(struct ins_topics **ret, const struct ins_said *v, size_t n,
		   const struct ins_topic_opts *o)
{
	struct ins_topics *t;
	struct rng r;
	int dim = o->dim;
	if (n < 2)
		return ERR_INVAL;
	if (n > INS_TOPIC_TEXTS || o->k > INS_TOPICS || o->k > n)
		return ERR_TOOBIG;
	t = xalloc(sizeof(*t));
	t->group = xalloc(n * sizeof(*t->group));
	int rc = ins_lex_new(&t->lex, v, n);
	if (rc) {
		ins_topics_free(t);
		return rc;
	}
	rng_seed(&r, o->seed + 1);
	float *x = vectors(&t->lex, v, n, &dim, o);
	struct try g = o->k ? groups_of(x, n, dim, o->k, &r) : as_many_as_show(x, n, dim, &r);
	describe(t, &g, v, x, n, dim);
	try_free(&g);
	xfree(x);
	*ret = t;
	return 0;
}

void ins_topics_free(struct ins_topics *t)
{
	if (!t)
		return;
	ins_lex_done(&t->lex);
	xfree(t->group);
	xfree(t->v);
	xfree(t);
}

size_t ins_topics_n(const struct ins_topics *t)
{
	return t->n;
}

const struct ins_topic *ins_topics_at(const struct ins_topics *t, size_t k)
{
	return &t->v[k];
}

size_t ins_topics_of(const struct ins_topics *t, size_t text)
{
	return t->group[text];
}
