/* learn_group.c: questions that went wrong, put together by what they ask.
 *
 * Two questions are of one gap when they are alike in words and meaning, or when people
 * answered them alike: what agents say to "exit fee" and to "my father died, stop his line" is
 * the same, and nothing else is. First the answered ones find a leader, in order of time, then
 * leaders that have come together are joined, groups of two topics parted (learn_topics), then
 * the unanswered ones choose by their words; what stands alone is a gap of one. Words count as
 * much as they are rare among the window's questions or answers. A worker's thread.
 */
#include "learn_int.h"

#include <math.h>
#include <stdlib.h>

#define LIKE_ANSWER 0.50f        /* of answers, to a gap's sum of answers */
#define LIKE_BOTH 0.62f          /* of questions alone, both answered */
#define LIKE_QUESTION 0.45f      /* of questions, one of them unanswered */
#define LIKE_JOIN 0.62f          /* of two gaps' answers */
#define LIKE_LINE 0.60f          /* of a sentence of the answer, to one of the gap */
#define LIKE_LOOK 0.15f          /* of the sums: below it no sentences are compared */
#define LINE_MARKS 6             /* of a sentence that can tell */
#define LINES 80                 /* of a gap that are kept */
#define PART_MAX 400             /* answered questions: what is asked more often stays one */
#define W_WORDS 0.55f            /* of words against vectors */
#define SUM_MAX 600              /* marks of a gap's sum: the heaviest */

struct sum {                     /* of marks */
	struct kb_mark *v;
	size_t n, cap;
	float len;
};
struct group {
	VEC(uint32_t) in;
	struct sum q, a;
	float vec[KB_SENSE_DIM], vec_len;
	int dim;
	size_t n_answered;
	struct learn_line line[LINES];
	size_t n_line;
	struct learn_lang *lang;
	struct group *into;      /* joined to another */
};
struct grouping {
	struct learn_work *w;
	VEC(struct group *) g;

};

/* ---- languages ---- */

struct learn_lang *learn_lang_of(struct learn_work *w, sv lang)
{
	for (size_t i = 0; i < w->n_lang; i++)
		if (sv_eq(sv_of(w->lang[i].lang), lang))
			return &w->lang[i];
	if (w->n_lang == LEARN_LANGS || !lang.n || lang.n >= sizeof(w->lang[0].lang))
		return NULL;
	struct learn_lang *l = &w->lang[w->n_lang++];
	memcpy(l->lang, lang.p, lang.n);
	l->sense = kb_sense_new(lang);
	l->rare_q = kb_rarity_new();
	l->rare_a = kb_rarity_new();
	return l;
}

/* ---- sums ---- */

static float length(const struct kb_mark *m, size_t n)
{
	float s = 0;
	for (size_t i = 0; i < n; i++)
		s += m[i].w * m[i].w;
	return sqrtf(s);
}

static int heavier(const void *a, const void *b)
{
	const struct kb_mark *x = a, *y = b;
	return x->w > y->w ? -1 : x->w < y->w;
}

static int by_id(const void *a, const void *b)
{
	const struct kb_mark *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Adds m, each row brought to length one unless it is a sum itself. */
static void sum_add(struct sum *s, const struct kb_mark *m, size_t n, bool unit)
{
	float len = unit ? length(m, n) : 1;
	struct kb_mark *out = xalloc((s->n + n + 1) * sizeof(*out));
	size_t i = 0, k = 0, o = 0;
	while (len > 0 && (i < s->n || k < n)) {
		if (k == n || (i < s->n && s->v[i].id < m[k].id)) {
			out[o++] = s->v[i++];
			continue;
		}
		out[o] = (struct kb_mark){ m[k].id, m[k].w / len };
		if (i < s->n && s->v[i].id == m[k].id)
			out[o].w += s->v[i++].w;
		k++;
		o++;
	}
	if (len <= 0) {
		xfree(out);
		return;
	}
	if (o > 2 * SUM_MAX) {
		qsort(out, o, sizeof(*out), heavier);
		o = SUM_MAX;
		qsort(out, o, sizeof(*out), by_id);
	}
	xfree(s->v);
	s->v = out;
	s->n = o;
	s->len = length(out, o);
}

static float sum_like(const struct sum *s, const struct kb_mark *m, size_t n)
{
	float len = length(m, n) * s->len;
	return len > 0 ? kb_marks_shared(m, n, s->v, s->n) / len : 0;
}

static float vec_like(const struct group *g, const struct kb_sense_vec *v)
{
	float ab = 0, bb = 0;
	for (int i = 0; i < v->n; i++) {
		ab += g->vec[i] * (float)v->v[i];
		bb += (float)v->v[i] * (float)v->v[i];
	}
	return g->vec_len > 0 && bb > 0 ? ab / (g->vec_len * sqrtf(bb)) : 0;
}

static void group_add(struct grouping *k, struct group *g, uint32_t item)
{
	const struct learn_mind *d = &k->w->mind.v[item];
	uint32_t *slot = VEC_PUSH(&g->in, LEARN_ITEMS_MAX);
	float len = 0;
	if (!slot)
		return;
	*slot = item;
	sum_add(&g->q, d->q, d->n_q, true);
	if (d->n_a)
		sum_add(&g->a, d->a, d->n_a, true);
	g->n_answered += d->n_a > 0;
	for (size_t i = 0; i < d->n_line && g->n_line < LINES; i++)
		if (d->line[i].n >= LINE_MARKS)
			g->line[g->n_line++] = d->line[i];
	g->dim = d->vec.n;
	for (int i = 0; i < d->vec.n; i++)
		g->vec[i] += (float)d->vec.v[i];
	for (int i = 0; i < d->vec.n; i++)
		len += g->vec[i] * g->vec[i];
	g->vec_len = sqrtf(len);
}

/* ---- leaders ---- */

static float question_like(const struct group *g, const struct learn_mind *d)
{
	float words = sum_like(&g->q, d->q, d->n_q);
	return d->vec.n ? W_WORDS * words + (1 - W_WORDS) * vec_like(g, &d->vec) : words;
}

/* The best likeness of two of their sentences. */
static float line_like(const struct group *g, const struct learn_line *v, size_t n)
{
	float best = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < g->n_line && v[i].n >= LINE_MARKS; k++)
			best = fmaxf(best,
				     kb_marks_cos(v[i].m, v[i].n, g->line[k].m, g->line[k].n));
	return best;
}

/* How near an item is to a group, 1 = near enough. */
static float nearness(const struct group *g, const struct learn_mind *d)
{
	float q = question_like(g, d), a;
	if (!d->n_a || !g->n_answered)
		return q / LIKE_QUESTION;
	a = sum_like(&g->a, d->a, d->n_a);
	float near = fmaxf(a / LIKE_ANSWER, (q / LIKE_BOTH) * (a < 0.1f ? 0.8f : 1.0f));
	if (near < 1 && a >= LIKE_LOOK)
		near = fmaxf(near, line_like(g, d->line, d->n_line) / LIKE_LINE);
	return near;
}

static struct group *nearest(struct grouping *k, const struct learn_lang *l,
			     const struct learn_mind *d, float *ret)
{
	struct group *best = NULL;
	*ret = 0;
	for (size_t i = 0; i < k->g.n; i++) {
		struct group *g = k->g.v[i];
		if (g->into || g->lang != l)
			continue;
		float near = nearness(g, d);
		if (near > *ret) {
			*ret = near;
			best = g;
		}
	}
	return best;
}

static struct group *group_new(struct grouping *k, struct learn_lang *l)
{
	struct group **slot = VEC_PUSH(&k->g, LEARN_GAPS_MAX);
	if (!slot)
		return NULL;
	*slot = xalloc(sizeof(**slot));
	(*slot)->lang = l;
	return *slot;
}

static void place(struct grouping *k, uint32_t item)
{
	const struct learn_mind *d = &k->w->mind.v[item];
	struct learn_lang *l = learn_lang_of(k->w, k->w->item.v[item]->lang);
	float near;
	struct group *g = nearest(k, l, d, &near);
	if (near < 1)
		g = group_new(k, l);
	if (g)
		group_add(k, g, item);
}

static void join(struct grouping *k, struct group *g, struct group *o)
{
	for (size_t i = 0; i < o->in.n; i++)
		group_add(k, g, o->in.v[i]);
	o->into = g;
}

/* Groups whose answers have come together. */
static void join_all(struct grouping *k)
{
	for (size_t i = 0; i < k->g.n; i++)
		for (size_t j = i + 1; j < k->g.n && !k->g.v[i]->into; j++) {
			struct group *a = k->g.v[i], *b = k->g.v[j];
			if (b->into || a->lang != b->lang || !a->n_answered || !b->n_answered)
				continue;
			float c = sum_like(&a->a, b->a.v, b->a.n);
			if (c >= LIKE_JOIN ||
			    (c >= LIKE_LOOK && line_like(a, b->line, b->n_line) >= LIKE_LINE))
				join(k, a, b);
		}
}

/* ---- two topics in one ---- */

static struct group *nearest_of(struct learn_work *w, struct group *const *to, size_t n,
				uint32_t item)
{
	struct group *best = to[0];
	float most = -1;
	for (size_t i = 0; i < n; i++) {
		float q = question_like(to[i], &w->mind.v[item]);
		if (q > most) {
			most = q;
			best = to[i];
		}
	}
	return best;
}

/* A group for each topic that people agree on; what is of none goes to the nearest question's. */
static void part(struct grouping *k, struct group *g)
{
	struct learn_work *w = k->w;
	const struct learn_item **item = arena_new(w->a, const struct learn_item *, g->in.n);
	uint32_t *topic = arena_new(w->a, uint32_t, g->in.n);
	struct learn_gap gap = { .lang = sv_of(g->lang->lang), .item = item, .n = g->in.n };
	struct group *to[LEARN_TOPICS];
	size_t n;
	for (size_t i = 0; item && i < g->in.n; i++)
		item[i] = w->item.v[g->in.v[i]];
	n = item && topic ? learn_topics(w, &gap, topic) : 0;
	if (n < 2)
		return;
	for (size_t i = 0; i < n; i++)
		if (!(to[i] = group_new(k, g->lang)))
			return;
	for (size_t i = 0; i < g->in.n; i++)
		if (topic[i] != LEARN_NO_TOPIC)
			group_add(k, to[topic[i]], g->in.v[i]);
	for (size_t i = 0; i < g->in.n; i++)
		if (topic[i] == LEARN_NO_TOPIC)
			group_add(k, nearest_of(w, to, n, g->in.v[i]), g->in.v[i]);
	g->into = g;
}

static void part_all(struct grouping *k)
{
	for (size_t i = 0, n = k->g.n; i < n; i++)
		if (!k->g.v[i]->into && k->g.v[i]->n_answered > 3 &&
		    k->g.v[i]->n_answered <= PART_MAX)
			part(k, k->g.v[i]);
}

static void group_free(struct group *g)
{
	VEC_FREE(&g->in);
	xfree(g->q.v);
	xfree(g->a.v);
	xfree(g);
}

/* ---- a group as a gap ---- */

/* With guard's masks in place of personal data. */
static sv masked(struct arena *a, sv text)
{
	struct guard_in in;
	if (guard_inbound(text, a, &in) || !in.masked.p)
		return SV("");
	return in.masked;
}

/* The question that is most like all of them, of a length that reads as a title. */
static sv medoid(struct learn_work *w, const struct group *g)
{
	float best = -1;
	sv ret = SV_NULL;
	for (size_t i = 0; i < g->in.n; i++) {
		const struct learn_item *x = w->item.v[g->in.v[i]];
		size_t runes = sv_runes(x->text);
		float near = question_like(g, &w->mind.v[g->in.v[i]]);
		if (near <= best || runes > 90)
			continue;
		sv name = learn_name(w->a, x->text);
		if (!name.n)
			continue;
		best = near;
		ret = name;
	}
	if (!ret.n)
		ret = learn_clean(w->a, w->item.v[g->in.v[0]]->text);
	return ret.n ? ret : masked(w->a, w->item.v[g->in.v[0]]->text);
}

struct texts {
	VEC(sv) v;
};

static bool said_before(struct texts *t, sv s)
{
	for (size_t i = 0; i < t->v.n; i++)
		if (sv_eq(t->v.v[i], s))
			return true;
	sv *slot = VEC_PUSH(&t->v, LEARN_ITEMS_MAX);
	if (slot)
		*slot = s;
	return false;
}

static void count(struct learn_work *w, struct learn_gap *gap)
{
	struct texts who = { 0 };
	int64_t mid;
	double late = 0;
	gap->first_ms = gap->item[0]->at_ms;
	gap->last_ms = gap->item[gap->n - 1]->at_ms;
	mid = w->o->now_ms - (int64_t)w->o->days * LEARN_DAY_MS / 2;
	for (size_t i = 0; i < gap->n; i++) {
		const struct learn_item *x = gap->item[i];
		sv c = x->customer.n ? x->customer : x->conversation;
		gap->customers += !said_before(&who, c);
		gap->answers += x->n_answer > 0;
		gap->cost += x->cost;
		late += x->at_ms >= mid;
	}
	/* -1 = all in the first half of the window, 1 = all in the second */
	gap->trend = 2 * late / (double)gap->n - 1;
	VEC_FREE(&who.v);
}

/* What today's knowledge answers of it: the share of a few of its questions. */
static void coverage(struct learn_work *w, struct learn_gap *gap)
{
	size_t step = gap->n > 12 ? gap->n / 12 : 1, asked = 0, ok = 0;
	struct arena a;
	sv topic[12];
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < gap->n && asked < 12; i += step) {
		const struct learn_item *x = gap->item[i];
		struct kb_query q = { .text = x->text, .lang = gap->lang, .k = 3,
				      .now_ms = w->o->now_ms };
		struct kb_result r = { 0 };
		arena_reset(&a);
		if (w->o->kb && kb_search(w->o->kb, &q, &a, &r) == 0 && r.n) {
			ok += r.answerable && !(x->signals & (LEARN_DOWN | LEARN_REPEAT));
			topic[asked] = arena_sv(w->a, r.hits[0].category);
		} else {
			topic[asked] = SV("");
		}
		asked++;
	}
	size_t most = 0;
	for (size_t i = 0; i < asked; i++) {
		size_t same = 0;
		for (size_t k = 0; k < asked; k++)
			same += sv_eq(topic[i], topic[k]);
		if (topic[i].n && same > most) {
			most = same;
			gap->category = topic[i];
		}
	}
	gap->coverage = asked ? (double)ok / (double)asked : 0;
	gap->priority = gap->cost * (1 - gap->coverage);
	arena_done(&a);
}

static int to_gap(struct grouping *k, const struct group *g)
{
	struct learn_work *w = k->w;
	struct learn_gap *gap = VEC_PUSH(&w->gap, LEARN_GAPS_MAX);
	const struct learn_item **item = arena_new(w->a, const struct learn_item *, g->in.n);
	if (!gap || !item)
		return ERR_FULL;
	for (size_t i = 0; i < g->in.n; i++)
		item[i] = w->item.v[g->in.v[i]];
	*gap = (struct learn_gap){ .lang = sv_of(g->lang->lang), .item = item, .n = g->in.n,
				   .category = SV("") };
	gap->question = medoid(w, g);
	count(w, gap);
	coverage(w, gap);
	return 0;
}

static int by_priority(const void *a, const void *b)
{
	const struct learn_gap *x = a, *y = b;
	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return sv_cmp(x->question, y->question);
}

static int older(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

int learn_group(struct learn_work *w)
{
	struct grouping k = { .w = w };
	int rc = learn_minds(w);
	for (uint32_t i = 0; i < w->item.n && !rc; i++)
		if (w->mind.v[i].n_a)
			place(&k, i);
	join_all(&k);
	part_all(&k);
	for (uint32_t i = 0; i < w->item.n && !rc; i++)
		if (!w->mind.v[i].n_a)
			place(&k, i);
	for (size_t i = 0; i < k.g.n && !rc; i++) {
		struct group *g = k.g.v[i];
		if (g->into || !g->in.n)
			continue;
		qsort(g->in.v, g->in.n, sizeof(*g->in.v), older);
		rc = to_gap(&k, g);
	}
	for (size_t i = 0; i < k.g.n; i++)
		group_free(k.g.v[i]);
	VEC_FREE(&k.g);
	if (w->gap.n)
		qsort(w->gap.v, w->gap.n, sizeof(*w->gap.v), by_priority);
	return rc;
}
