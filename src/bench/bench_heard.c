/* bench_heard.c: what of an answer was heard in a call: the sentences that the fake synthesis made
 * for it are found in the received sound, in the order of the text.
 *
 * The server may keep the sound of a sentence and say it again without asking for it. Sentences
 * that were made in earlier calls count too, when they are heard. */
#include "bench_int.h"

#include <stdlib.h>

enum { CLIPS = 96, LONG = PCM_HZ / 5, NEAR_BY = PCM_HZ / 10 };

struct piece {
	const struct bench_clip *clip;
	size_t at;             /* in the text of the answer */
	bool own;              /* made for this call */
	double part, twice;    /* share of its loud sound that was heard, and again */
	size_t to;             /* sample behind the last that was heard */
};

static bool has(const struct piece *v, size_t n, const struct bench_clip *c)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].clip == c)
			return true;
	return false;
}

/* Sentences made in [from, to) of the fakes' record that are about topic, or about none. */
static size_t add(const struct bench_rep *r, size_t from, size_t to, int topic, bool own,
		  struct piece out[CLIPS], size_t n)
{
	const struct bench *b = r->b;
	for (size_t i = from; i < to && n < CLIPS; i++) {
		const struct bench_spoke *q = b->f.spoke.v[i];
		bool mine = topic < 0 ? q->topic < 0 : q->topic == topic;
		bool then = topic < 0 || q->at_us <= r->p->over_us;
		if (mine && then && q->clip && !has(out, n, q->clip))
			out[n++] = (struct piece){ .clip = q->clip, .own = own };
	}
	return n;
}

/* Where of the answer a sentence is; one that is not of it keeps its place in time. */
static void place(struct piece *v, size_t n, int topic)
{
	struct sb all;
	sb_init(&all, LIM_SB);
	for (int i = 0; i < BENCH_SENTENCES; i++)
		sb_fmt(&all, "%s ", bench_topics[topic].say[i]);
	size_t last = 0;
	for (size_t i = 0; i < n; i++) {
		ptrdiff_t at = sv_find(sb_sv(&all), sv_of(v[i].clip->text));
		v[i].at = at < 0 ? last : (size_t)at;
		last = v[i].at;
	}
	sb_done(&all);
}

static int by_place(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

/* Where its last part ends. A vowel that is like a later one of the clip must not count: a part
 * is long, or lies where a long one says, or at the clip's beginning. */
static size_t heard_to(const struct bench_clip *c, const struct bench_segs *segs)
{
	const struct bench_seg *main = NULL;
	size_t to = 0;
	for (size_t i = 0; i < segs->n; i++)
		if (segs->v[i].clip == c && (!main || segs->v[i].n > main->n))
			main = &segs->v[i];
	for (size_t i = 0; i < segs->n; i++) {
		const struct bench_seg *g = &segs->v[i];
		if (g->clip != c)
			continue;
		ptrdiff_t off = (ptrdiff_t)(g->at + main->from) - (ptrdiff_t)(main->at + g->from);
		bool there = g->n >= LONG || (main->n >= LONG ? off > -NEAR_BY && off < NEAR_BY :
								g->from < LONG);
		if (there && g->from + g->n > to)
			to = g->from + g->n;
	}
	return to;
}

static void cover(struct piece *x, const struct bench_segs *segs)
{
	const struct bench_clip *c = x->clip;
	size_t blocks = c->n / 40 + 1, once = 0, more = 0, all = 0;
	unsigned char *hit = xalloc(blocks);
	for (size_t i = 0; i < segs->n; i++) {
		const struct bench_seg *g = &segs->v[i];
		if (g->clip != c)
			continue;
		for (size_t k = g->from / 40; k < (g->from + g->n) / 40 && k < blocks; k++)
			hit[k] = hit[k] ? 2 : 1;
	}
	x->to = heard_to(c, segs);
	for (size_t k = 0; k + 1 < blocks; k++) {
		if (pcm_dbfs(c->s + k * 40, 40) < -45)
			continue;
		all++;
		once += hit[k] > 0;
		more += hit[k] > 1;
	}
	xfree(hit);
	x->part = all ? (double)once / (double)all : 0;
	x->twice = all ? (double)more / (double)all : 0;
}

/* Those of earlier calls that were not heard in this one are none of its answer. */
static size_t drop_strange(struct piece *v, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		if (v[i].own || v[i].part > 0.1)
			v[k++] = v[i];
	return k;
}

/* All that was made is looked for at once, so that nothing is taken for something alike. */
void bench_heard(struct bench_rep *r, int topic, size_t from, struct bench_heard *ret)
{
	struct bench *b = r->b;
	struct bench_phone *p = r->p;
	struct piece v[CLIPS] = { 0 };
	const struct bench_clip *clips[CLIPS];
	struct bench_segs segs = { 0 };
	bool open = true;
	*ret = (struct bench_heard){ 0 };
	size_t n = add(r, r->spoke0, b->f.spoke.n, topic, true, v, 0);
	n = add(r, 0, r->spoke0, topic, false, v, n);
	size_t all = add(r, 0, b->f.spoke.n, -1, false, v, n);
	for (size_t i = 0; i < all; i++)
		clips[i] = v[i].clip;
	from = from < p->heard.n ? from : p->heard.n;
	bench_match(p->heard.v + from, p->heard.n - from, clips, all, &segs);
	place(v, n, topic);
	for (size_t i = 0; i < n; i++)
		cover(&v[i], &segs);
	VEC_FREE(&segs);
	n = drop_strange(v, n);
	qsort(v, n, sizeof(*v), by_place);
	ret->clips = n;
	for (size_t i = 0; i < n; i++) {
		ret->whole += v[i].part / (double)n;
		ret->twice += v[i].twice / (double)n;
		ret->of += v[i].clip->words.n;
		if (open)
			ret->words += bench_words_at(v[i].clip, v[i].to);
		open = open && v[i].to + 800 >= v[i].clip->loud_to;
	}
}

struct bench_rep *bench_heard_next(struct bench *b, int *i, struct bench_heard *ret)
{
	while (*i < (int)b->n_reps) {
		struct bench_rep *r = &b->reps[(*i)++];
		if (!r->ok)
			continue;
		bench_heard(r, r->slot % BENCH_TOPICS, (size_t)r->v[0], ret);
		return r;
	}
	return NULL;
}

size_t bench_count_words(sv text)
{
	size_t n = 0;
	bool in = false;
	for (size_t i = 0; i < text.n; i++) {
		bool space = text.p[i] == ' ' || text.p[i] == '\n';
		n += !space && !in;
		in = !space;
	}
	return n;
}
