/* learn_mind.c: what of an item is compared: marks of the question, of the answer's sentences.
 *
 * "I'll ask a colleague and call you back" answers everything and nothing: a sentence that
 * agents say again and again after questions that have nothing to do with each other, nor with
 * it, is talk, and is left out here and of drafts. What is pasted again and again after the
 * same question is not. Words count as much as they are rare among the window's questions or
 * answers. A worker's thread.
 */
#include "learn_int.h"

#include <stdlib.h>

#define TALK_MIN 5               /* times a sentence was said */
#define TALK_SHARE 0.004         /* of the answered items */
#define TALK_LIKE 0.50f          /* of the questions before it, and of it to them: less is talk */
#define TALK_LOOK 14             /* questions compared */
#define W_WORDS 0.5f
#define LINES_MAX 40             /* of one item */

uint64_t learn_sentence_id(const struct kb_mark *m, size_t n)
{
	uint64_t h = 1469598103934665603u;
	for (size_t i = 0; i < n; i++)
		h = (h ^ m[i].id) * 1099511628211u;
	return h;
}

static sv key_of(const uint64_t *id)
{
	return sv_n((const char *)id, sizeof(*id));
}

bool learn_is_talk(const struct learn_work *w, uint64_t id)
{
	return w->talk && map_get(w->talk, key_of(&id));
}

/* ---- lines ---- */

struct lines {
	struct learn_work *w;
	struct learn_lang *l;
	struct learn_line v[LINES_MAX];
	size_t n;
};

static void take_line(void *arg, sv text)
{
	struct lines *t = arg;
	struct kb_mark m[KB_MARKS];
	size_t n = kb_sense_marks(t->l->sense, text, m);
	if (n < 3 || t->n == LINES_MAX)
		return;
	struct learn_line *x = &t->v[t->n];
	*x = (struct learn_line){ learn_marks_keep(t->w->a, m, n), (uint32_t)n,
				  learn_sentence_id(m, n), text };
	t->n += x->m != NULL;
}

static int first_look(struct learn_work *w, const struct learn_item *x, struct learn_mind *d)
{
	struct learn_lang *l = learn_lang_of(w, x->lang);
	struct lines t = { .w = w, .l = l };
	struct kb_mark m[KB_MARKS];
	sv asked = kb_asked(x->text, w->a); /* else "My order is ..." is what they have in common */
	d->n_q = kb_sense_marks(l->sense, asked, m);
	d->q = learn_marks_keep(w->a, m, d->n_q);
	kb_rarity_add(l->rare_q, m, d->n_q);
	kb_sense_vec(l->sense, asked, &d->vec);
	for (size_t i = 0; i < x->n_answer; i++)
		learn_sentences(x->answer[i].text, take_line, &t);
	d->line = arena_new(w->a, struct learn_line, t.n + 1);
	if (!d->q || !d->line)
		return ERR_NOMEM;
	memcpy(d->line, t.v, t.n * sizeof(*t.v));
	d->n_line = t.n;
	return 0;
}

/* ---- talk ---- */

struct said {
	uint64_t id;
	uint32_t item;
};

static int by_id(const void *a, const void *b)
{
	const struct said *x = a, *y = b;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

static float question_like(const struct learn_mind *a, const struct learn_mind *b)
{
	float words = kb_marks_cos(a->q, a->n_q, b->q, b->n_q);
	return a->vec.n ? W_WORDS * words + (1 - W_WORDS) * kb_sense_cos(&a->vec, &b->vec) : words;
}

/* How near the sentence is to the questions before it. */
static float to_questions(struct learn_work *w, const struct said *v, size_t n, size_t step)
{
	const struct learn_mind *d = &w->mind.v[v[0].item];
	const struct learn_lang *l = learn_lang_of(w, w->item.v[v[0].item]->lang);
	struct kb_sense_vec vec;
	size_t i = 0, seen = 0;
	float sum = 0;
	while (i + 1 < d->n_line && d->line[i].id != v[0].id)
		i++;
	kb_sense_vec(l->sense, d->line[i].text, &vec);
	for (size_t k = 0; k < n; k += step, seen++) {
		const struct learn_mind *q = &w->mind.v[v[k].item];
		sum += kb_marks_cos(d->line[i].m, d->line[i].n, q->q, q->n_q) +
		       kb_sense_cos(&vec, &q->vec);
	}
	return seen ? sum / (float)seen : 0;
}

static bool is_talk(struct learn_work *w, const struct said *v, size_t n)
{
	size_t step = n > TALK_LOOK ? n / TALK_LOOK : 1, pairs = 0;
	float sum = 0;
	for (size_t i = 0; i < n; i += step)
		for (size_t k = i + step; k < n; k += step) {
			sum += question_like(&w->mind.v[v[i].item], &w->mind.v[v[k].item]);
			pairs++;
		}
	return pairs && sum / (float)pairs + to_questions(w, v, n, step) < TALK_LIKE;
}

static int find_talk(struct learn_work *w)
{
	VEC(struct said) all = { 0 };
	size_t answered = 0, least;
	int rc = 0;
	w->talk = map_new(KB_RARITY_MAX);
	for (uint32_t i = 0; i < w->mind.n; i++) {
		answered += w->mind.v[i].n_line > 0;
		for (size_t k = 0; k < w->mind.v[i].n_line; k++) {
			struct said *s = VEC_PUSH(&all, LEARN_ITEMS_MAX * 4);
			if (s)
				*s = (struct said){ w->mind.v[i].line[k].id, i };
		}
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_id);
	least = (size_t)(TALK_SHARE * (double)answered);
	least = least > TALK_MIN ? least : TALK_MIN;
	for (size_t i = 0, k; i < all.n && !rc; i = k) {
		for (k = i; k < all.n && all.v[k].id == all.v[i].id; k++)
			;
		if (k - i >= least && is_talk(w, &all.v[i], k - i))
			rc = map_put(w->talk, key_of(&all.v[i].id), w);
	}
	VEC_FREE(&all);
	return rc;
}

/* ---- the answer as a whole ---- */

/* The union of the lines that are left. */
static int sum_lines(struct learn_work *w, struct learn_mind *d)
{
	size_t n = 0, k = 0;
	for (size_t i = 0; i < d->n_line; i++)
		if (!learn_is_talk(w, d->line[i].id))
			d->line[n++] = d->line[i];
	d->n_line = n;
	struct kb_mark *v = NULL;
	for (size_t i = 0; i < n; i++) {
		struct kb_mark *to = arena_new(w->a, struct kb_mark, k + d->line[i].n + 1);
		size_t a = 0, b = 0, o = 0;
		if (!to)
			return ERR_NOMEM;
		while ((v && a < k) || b < d->line[i].n) {
			if (b == d->line[i].n || (a < k && v[a].id <= d->line[i].m[b].id)) {
				b += b < d->line[i].n && v[a].id == d->line[i].m[b].id;
				to[o++] = v[a++];
			} else {
				to[o++] = d->line[i].m[b++];
			}
		}
		v = to;
		k = o;
	}
	d->a = v;
	d->n_a = k;
	return 0;
}

int learn_minds(struct learn_work *w)
{
	int rc = 0;
	for (size_t i = 0; i < w->item.n && !rc; i++) {
		struct learn_mind *d = VEC_PUSH(&w->mind, LEARN_ITEMS_MAX);
		rc = d ? first_look(w, w->item.v[i], d) : ERR_FULL;
	}
	for (size_t i = 0; i < w->mind.n && !rc; i++) {
		struct learn_lang *l = learn_lang_of(w, w->item.v[i]->lang);
		kb_rarity_scale(l->rare_q, w->mind.v[i].q, w->mind.v[i].n_q);
	}
	if (!rc)
		rc = find_talk(w);
	for (size_t i = 0; i < w->mind.n && !rc; i++) {
		struct learn_lang *l = learn_lang_of(w, w->item.v[i]->lang);
		rc = sum_lines(w, &w->mind.v[i]);
		if (!rc && w->mind.v[i].n_a)
			kb_rarity_add(l->rare_a, w->mind.v[i].a, w->mind.v[i].n_a);
	}
	for (size_t i = 0; i < w->mind.n && !rc; i++) {
		struct learn_lang *l = learn_lang_of(w, w->item.v[i]->lang);
		struct learn_mind *d = &w->mind.v[i];
		kb_rarity_scale(l->rare_a, d->a, d->n_a);
		for (size_t k = 0; k < d->n_line; k++)
			kb_rarity_scale(l->rare_a, d->line[k].m, d->line[k].n);
	}
	return rc;
}
