/* loop_timer.c: the timers' binary heap, ordered by (due, start order).
 *
 * Each timer knows its position, so stopping is O(log n) without a search. The heap owns only
 * its array of pointers; timers are embedded in their owners. Loop's thread.
 */
#include "loop_int.h"

#include "arena.h"
#include "err.h"

static bool before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->seq < b->seq;
}

static void place(struct loop_heap *h, size_t i, struct loop_timer *t)
{
	h->v[i] = t;
	t->pos = (uint32_t)i + 1;
}

static void up(struct loop_heap *h, size_t i, struct loop_timer *t)
{
	while (i && before(t, h->v[(i - 1) / 2])) {
		place(h, i, h->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, t);
}

static void down(struct loop_heap *h, size_t i, struct loop_timer *t)
{
	for (;;) {
		size_t kid = 2 * i + 1;

		if (kid >= h->n)
			break;
		if (kid + 1 < h->n && before(h->v[kid + 1], h->v[kid]))
			kid++;
		if (!before(h->v[kid], t))
			break;
		place(h, i, h->v[kid]);
		i = kid;
	}
	place(h, i, t);
}

void heap_put(struct loop_heap *h, struct loop_timer *t)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 64;
		h->v = xrealloc(h->v, h->cap * sizeof(struct loop_timer *));
	}
	ASSERT(h->n < UINT32_MAX - 1);
	t->seq = ++h->seq;
	up(h, h->n++, t);
}

void heap_cut(struct loop_heap *h, struct loop_timer *t)
{
	size_t i = t->pos - 1;
	struct loop_timer *last;

	ASSERT(t->pos && i < h->n && h->v[i] == t);
	t->pos = 0;
	last = h->v[--h->n];
	if (last == t)
		return;
	if (i && before(last, h->v[(i - 1) / 2]))
		up(h, i, last);
	else
		down(h, i, last);
}
