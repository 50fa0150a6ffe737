/* kb_seg_top.c: the articles of a packed space that say most of what a question asks.
 *
 * The score of an article is the sum over the question's words of question weight x idf x how much
 * the word says there. Words are taken in the order of the most they can add. Their postings are
 * summed into one number an article (64 Ki articles, a bank, at a time, which stays in the
 * processor's second cache); as soon as the words left over cannot lift an article that has
 * nothing yet among the best, only the few articles still in the running are looked up in the
 * remaining postings by binary search. That is MaxScore (Turtle and Flood, 1995) term by term, and
 * exact. Read-only but for the caller's arena; any thread, no lock. */
#include <stdlib.h>
#include "kb_seg.h"

#define LOOK_EVERY 12000         /* postings between two looks whether the rest can be skipped */
#define RUNNING_MAX 3000         /* articles that are looked up one by one */

struct list {                    /* of one word of the question, in one bank */
	const uint16_t *doc;
	const uint8_t *step;
	uint32_t n, word;
	float scale;             /* of a step */
	float most;              /* that it can add to an article */
};
struct top {
	const struct kb_space *sp;
	const struct kb_query *q;
	int64_t now_ms;
	struct list *l;
	size_t n_l, max, n;
	struct seg_hit *hit;     /* best first */
	float *sum;
	size_t first, len;       /* articles of the bank */
	struct seg_hit *run;     /* those still in the running */
	size_t n_run;
};

static int by_most(const void *x, const void *y)
{
	const struct list *a = x, *b = y;

	if (a->most != b->most)
		return a->most > b->most ? -1 : 1;
	return a->word < b->word ? -1 : a->word > b->word;
}

/* The least that an article must have to be among the best. */
static float bar(const struct top *t)
{
	return t->n == t->max ? t->hit[t->max - 1].w : 0;
}

static void offer(struct top *t, uint32_t art, float w)
{
	size_t i;

	if (!kb_space_may(t->sp, art, t->q, t->now_ms))
		return;
	i = t->n < t->max ? t->n++ : t->max - 1;
	for (; i && t->hit[i - 1].w < w; i--)
		t->hit[i] = t->hit[i - 1];
	t->hit[i] = (struct seg_hit){ w, art };
}

static void add(struct top *t, const struct list *l)
{
	float *sum = t->sum;

	for (uint32_t i = 0; i < l->n; i++)
		sum[l->doc[i]] += l->scale * (float)l->step[i];
}

/* The bar if no word were left: sums so far are less than those to come. */
static float bar_so_far(struct top *t)
{
	struct seg_hit was[SEG_HITS];
	size_t n = t->n;
	float b;

	memcpy(was, t->hit, n * sizeof(*was));
	for (size_t i = 0; i < t->len; i++)
		if (t->sum[i] > bar(t))
			offer(t, (uint32_t)(t->first + i), t->sum[i]);
	b = bar(t);
	memcpy(t->hit, was, n * sizeof(*was));
	t->n = n;
	return b;
}

/* Those that may still come above the bar; false when they are too many. */
static bool gather(struct top *t, float least)
{
	t->n_run = 0;
	for (size_t i = 0; i < t->len; i++) {
		if (t->sum[i] < least || t->sum[i] <= 0)
			continue;
		if (t->n_run == RUNNING_MAX)
			return false;
		t->run[t->n_run++] = (struct seg_hit){ t->sum[i], (uint32_t)i };
	}
	return true;
}

/* Adds the words from l[i] on to those in the running, which ascend by number. */
static void look_up(struct top *t, size_t i)
{
	for (; i < t->n_l; i++) {
		const struct list *l = &t->l[i];
		uint32_t lo = 0;

		for (size_t k = 0; k < t->n_run && lo < l->n; k++) {
			uint32_t hi = l->n, doc = t->run[k].art;

			while (lo < hi) {
				uint32_t mid = (lo + hi) / 2;

				if (l->doc[mid] < doc)
					lo = mid + 1;
				else
					hi = mid;
			}
			if (lo < l->n && l->doc[lo] == doc)
				t->run[k].w += l->scale * (float)l->step[lo];
		}
	}
}

static void bank(struct top *t)
{
	size_t i = 0, since = 0;
	float rest = 0, left;
	bool all = true;

	memset(t->sum, 0, t->len * sizeof(*t->sum));
	qsort(t->l, t->n_l, sizeof(*t->l), by_most);
	for (size_t k = 0; k < t->n_l; k++)
		rest += t->l[k].most;
	if (rest <= bar(t))
		return;
	for (left = rest; i < t->n_l; i++) {
		float least;

		add(t, &t->l[i]);
		left -= t->l[i].most;
		since += t->l[i].n;
		if (since < LOOK_EVERY || i + 1 == t->n_l)
			continue;
		since = 0;
		least = bar_so_far(t);
		if (least > left && gather(t, least - left - 1e-3f * least)) {
			look_up(t, i + 1);
			all = false;
			break;
		}
	}
	if (all) {
		for (size_t k = 0; k < t->len; k++)
			if (t->sum[k] > bar(t))
				offer(t, (uint32_t)(t->first + k), t->sum[k]);
		return;
	}
	for (size_t k = 0; k < t->n_run; k++)
		if (t->run[k].w > bar(t))
			offer(t, (uint32_t)(t->first + t->run[k].art), t->run[k].w);
}

/* The postings of the question's words in bank b. */
static void open_lists(struct top *t, const struct kb_qvec *v, size_t b)
{
	const struct kb_seg *g = t->sp->seg;

	t->n_l = 0;
	for (size_t i = 0; i < v->n; i++) {
		uint32_t id = v->t[i].id;
		size_t at;
		float scale;

		if (id == KB_UNKNOWN || id >= t->sp->n_w)
			continue;
		at = id * g->banks + b;
		scale = v->t[i].w * t->sp->w[id].idf * (SEG_TOP / SEG_STEPS);
		if (g->at[at] == g->at[at + 1])
			continue;
		t->l[t->n_l++] = (struct list){ .doc = g->doc + g->at[at],
						.step = g->step + g->at[at],
						.n = g->at[at + 1] - g->at[at],
						.word = id,
						.scale = scale,
						.most = scale * (float)g->most[id] };
	}
}

size_t kb_seg_top(const struct kb_space *sp, const struct kb_query *q, const struct kb_qvec *v,
		  struct arena *a, struct seg_hit *out, size_t max)
{
	const struct kb_seg *g = sp->seg;
	size_t len = g->n < SEG_BANK ? g->n : SEG_BANK;
	struct top t = { .sp = sp, .q = q, .max = max < SEG_HITS ? max : SEG_HITS, .hit = out,
			 .now_ms = q->now_ms ? q->now_ms : clk_wall_ms() };

	t.l = arena_new(a, struct list, KB_TERMS_MAX);
	t.run = arena_new(a, struct seg_hit, RUNNING_MAX);
	t.sum = arena_new(a, float, len + 1);
	if (!t.l || !t.run || !t.sum)
		return 0;
	for (size_t b = 0; b < g->banks; b++) {
		t.first = b * SEG_BANK;
		t.len = g->n - t.first < SEG_BANK ? g->n - t.first : SEG_BANK;
		open_lists(&t, v, b);
		bank(&t);
	}
	return t.n;
}
