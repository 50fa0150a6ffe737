/* kb_wish.c: a long text (a story, an e-mail, a task) searched wish by wish.
 *
 * One vector and one bag of words of a long text say a little of everything. So it is cut into
 * sentences and lines, each is looked up, and an article's evidence is added up over them: the
 * log of summed exponentials of the best passage's cosine (with some models its title's, too),
 * of the weight of the words that its title shares with the wish, and of those that its best
 * sentence shares. That lies between the best single wish and their mean: an article that
 * several sentences speak of wins over one that a stray sentence hits, and no sentence is lost
 * in the average. Each of the k best becomes a hit through the wish that found it best, so its
 * quote fits that wish. Pure functions over the index; any thread. */
#include <math.h>
#include <stdlib.h>
#include "kb_int.h"

#define WISH_WORDS 3 /* fewer say nothing by themselves; a CJK character is half a word */
#define SHARP_WORDS 0.3          /* on matched weight */
#define W_TITLE 0.8              /* by words alone; with vectors the model's */
#define W_SENTENCE 0.3
#define WISH_ARENA ((size_t)4 << 20)

/* ---- cutting ---- */

static bool long_enough(sv s)
{
	struct kb_scan k;
	int halves = 0;

	kb_scan_init(&k, s);
	while (halves < 2 * WISH_WORDS && kb_scan_next(&k))
		halves += k.cjk ? 1 : 2;
	return halves >= 2 * WISH_WORDS;
}

static bool ends_wish(uint32_t r, sv rest)
{
	bool gap = !rest.n || rest.p[0] == ' ' || rest.p[0] == '\n' || rest.p[0] == '"';

	return r == '\n' || r == 0x3002 || r == 0xFF01 || r == 0xFF1F || r == 0xFF1B ||
	       ((r == '.' || r == '!' || r == '?' || r == ';' || r == ':') && gap);
}

size_t kb_wishes(sv text, sv *out, size_t max)
{
	sv all = sv_slice(text, 0, sv_rune_offset(text, LIM_TEXT_MSG)), rest = all;
	size_t from = 0, n = 0;

	while (rest.n && n < max) {
		uint32_t r = sv_rune(&rest);
		size_t at = all.n - rest.n;
		sv one;

		if (rest.n && !ends_wish(r, rest))
			continue;
		one = sv_trim(sv_slice(all, from, at));
		from = at;
		if (long_enough(one))
			out[n++] = one;
	}
	return n;
}

/* ---- adding up ---- */

struct tally {
	const struct kb_space *sp;
	uint32_t art;
	double vec, sent, title; /* sums of exponentials */
	size_t n;                /* wishes that brought it up */
	double best;             /* of one wish, */
	size_t wish;             /* this one */
	double score;
};
struct tallies {
	struct tally *v;
	size_t n, cap;
	uint32_t *slot;          /* open addressing into v, +1 */
	size_t slots;
};

static struct tally *tally_of(struct tallies *t, const struct kb_space *sp, uint32_t art)
{
	size_t at = (art * 2654435761u) & (t->slots - 1);

	for (; t->slot[at]; at = (at + 1) & (t->slots - 1))
		if (t->v[t->slot[at] - 1].art == art && t->v[t->slot[at] - 1].sp == sp)
			return &t->v[t->slot[at] - 1];
	t->slot[at] = (uint32_t)++t->n;
	t->v[t->n - 1] = (struct tally){ .sp = sp, .art = art, .best = -1e9 };
	return &t->v[t->n - 1];
}

static void add_wish(struct tallies *t, const struct kb_found *f, size_t wish)
{
	const struct kb_model *m = f->dense.model;
	double w_title = m ? m->wish_title : W_TITLE;

	for (size_t i = 0; i < f->n; i++) {
		const struct kb_cand *c = &f->c[i];
		struct tally *x = tally_of(t, f->sp, c->art);
		double sent = c->f[KF_SENT_Q] * (double)f->q.sum;
		double title = c->f[KF_TITLE_Q] * (double)f->q.sum;
		double one = W_SENTENCE * sent + w_title * title;

		if (m) {
			double near = (1 - m->wish_name) * c->d[KD_CHUNK] +
				      m->wish_name * c->d[KD_NAME];

			x->vec += exp(m->wish_sharp * near);
			one += m->wish_sharp * near;
		}
		x->n++;
		x->sent += exp(SHARP_WORDS * sent);
		x->title += exp(SHARP_WORDS * title);
		if (one > x->best) {
			x->best = one;
			x->wish = wish;
		}
	}
}

static int by_score(const void *x, const void *y)
{
	const struct tally *a = x, *b = y;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->art < b->art ? -1 : a->art > b->art;
}

/* Looks every wish up; the tallies come back sorted. */
static int add_up(struct kb_index *ix, const struct kb_query *q, size_t n, struct arena *tmp,
		  struct tallies *t)
{
	for (size_t i = 0; i < n; i++) {
		struct kb_found *f;
		int rc;

		arena_reset(tmp);
		f = arena_new(tmp, struct kb_found, 1);
		rc = f ? kb_candidates(ix, &q[i], tmp, f) : ERR_NOMEM;
		if (rc)
			return rc;
		add_wish(t, f, i);
	}
	for (size_t i = 0; i < t->n; i++) {
		struct tally *x = &t->v[i];
		const struct kb_model *m = x->sp->model;
		double rest = (double)(n - x->n); /* a share of nothing each */
		double w_title = x->vec > 0 ? m->wish_title : W_TITLE;

		if (x->vec > 0)
			x->score = log(x->vec + rest * exp(m->wish_sharp * m->wish_far));
		x->score += W_SENTENCE * log(x->sent + rest) / SHARP_WORDS +
			    w_title * log(x->title + rest) / SHARP_WORDS;
	}
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_score);
	return 0;
}

/* The article as a hit of the wish that found it best. */
static int one_hit(struct kb_index *ix, const struct kb_query *q, const struct tally *x,
		   struct arena *a, struct kb_hit *h)
{
	struct kb_found *f = arena_new(a, struct kb_found, 1);
	size_t i = 0;
	int rc = f ? kb_candidates(ix, q, a, f) : ERR_NOMEM;

	if (rc)
		return rc;
	while (i < f->n && f->c[i].art != x->art)
		i++;
	if (i == f->n)
		return ERR_NOTFOUND;
	f->c[i].score = x->score;
	kb_fill_hit(f, &f->c[i], a, h);
	return 0;
}

int kb_search_many(struct kb_index *ix, const struct kb_query *q, size_t n, size_t k,
		   struct arena *a, struct kb_result *ret)
{
	struct tallies t = { .slots = 1024 };
	struct arena tmp;
	int rc;

	*ret = (struct kb_result){ 0 };
	n = n < KB_WISHES ? n : KB_WISHES;
	k = k < 1 ? 1 : k > 20 ? 20 : k;
	while (t.slots < 2 * n * KB_CAND)
		t.slots *= 2;
	t.v = xalloc((n * KB_CAND + 1) * sizeof(*t.v));
	t.slot = xalloc(t.slots * sizeof(*t.slot));
	arena_init(&tmp, WISH_ARENA);
	rc = add_up(ix, q, n, &tmp, &t);
	ret->hits = rc ? NULL : arena_new(a, struct kb_hit, k);
	for (size_t i = 0; ret->hits && !rc && i < t.n && i < k; i++) {
		rc = one_hit(ix, &q[t.v[i].wish], &t.v[i], a, &ret->hits[i]);
		ret->n += !rc;
	}
	arena_done(&tmp);
	xfree(t.v);
	xfree(t.slot);
	return rc ? rc : ret->hits ? 0 : ERR_NOMEM;
}
