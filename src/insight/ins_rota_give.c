/* ins_rota_give.c: whose shift is it? A matching of shifts and people, then swaps that even out
 * the minutes of the last weeks. Pure.
 *
 * Shifts are taken in order; each goes to the one with the least minutes who is still free, or,
 * where nobody is, along the shortest chain in which others change shifts. Who was looked at in
 * vain can be left out from then on (Kuhn 1955), so the whole takes one look at each pair. */
#include "ins_rota.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

enum { STEPS = 50000000 };           /* of swaps: a fraction of a second */

struct give {
	const struct ins_post *post;
	const struct ins_taker *p;
	size_t n, m, steps;
	int *who, *of;               /* person of a shift, shift of a person; -1 */
	int *order;                  /* people by minutes */
	int *from, *queue;           /* of a search: from which shift a person was found */
	bool *seen, *dead;
};

static bool fits(const struct give *g, int i, int k)
{
	const struct ins_post *s = &g->post[i];
	const struct ins_taker *p = &g->p[k];
	return p->able && s->from_min >= p->earliest && s->to_min <= p->latest;
}

/* The chain that ends with person k: each takes the shift they were found from. */
static void hand_over(struct give *g, int k)
{
	while (k >= 0) {
		int post = g->from[k], before = g->who[post];
		g->who[post] = k;
		g->of[k] = post;
		k = before;
	}
}

/* A free person for shift i, at the end of a chain; -1. */
static int find(struct give *g, int i)
{
	size_t head = 0, tail = 0;
	memset(g->seen, 0, g->m * sizeof(*g->seen));
	g->queue[tail++] = i;
	while (head < tail) {
		int post = g->queue[head++];
		for (size_t a = 0; a < g->m; a++) {
			int k = g->order[a];
			if (g->seen[k] || g->dead[k] || !fits(g, post, k))
				continue;
			g->seen[k] = true;
			g->from[k] = post;
			if (g->of[k] < 0)
				return k;
			g->queue[tail++] = g->of[k];
		}
	}
	for (size_t k = 0; k < g->m; k++)
		g->dead[k] = g->dead[k] || g->seen[k];
	return -1;
}

/* Somebody free with less minutes takes it. */
static bool pass_on(struct give *g, int i)
{
	int a = g->who[i];
	for (size_t x = 0; x < g->m; x++) {
		int k = g->order[x];
		if (g->p[k].minutes >= g->p[a].minutes)
			return false;
		g->steps++;
		if (g->of[k] >= 0 || !fits(g, i, k))
			continue;
		g->of[a] = -1;
		g->of[k] = i;
		g->who[i] = k;
		return true;
	}
	return false;
}

/* Two change shifts: the longer one to who has less. */
static bool swap(struct give *g, int i)
{
	for (size_t j = 0; j < g->n; j++) {
		int a = g->who[i], b = g->who[j];
		g->steps++;
		if (b < 0 || g->post[i].work_min <= g->post[j].work_min ||
		    g->p[a].minutes <= g->p[b].minutes || !fits(g, i, b) || !fits(g, (int)j, a))
			continue;
		g->who[i] = b;
		g->who[j] = a;
		g->of[b] = i;
		g->of[a] = (int)j;
		return true;
	}
	return false;
}

static void even_out(struct give *g)
{
	bool more = true;
	while (more && g->steps < STEPS) {
		more = false;
		for (size_t i = 0; i < g->n && g->steps < STEPS; i++)
			if (g->who[i] >= 0)
				more = pass_on(g, (int)i) || swap(g, (int)i) || more;
	}
}

static int less(const void *a, const void *b, void *arg)
{
	const struct ins_taker *p = arg;
	int x = *(const int *)a, y = *(const int *)b;
	return p[x].minutes != p[y].minutes ? (p[x].minutes > p[y].minutes) -
						      (p[x].minutes < p[y].minutes) :
					      (x > y) - (x < y);
}

size_t ins_give(const struct ins_post *post, size_t n, const struct ins_taker *p, size_t m,
		int *who)
{
	struct give g = { .post = post, .p = p, .n = n, .m = m, .who = who };
	size_t given = 0;
	for (size_t i = 0; i < n; i++)
		who[i] = -1;
	if (!n || !m)
		return 0;
	g.of = xalloc(m * sizeof(*g.of));
	g.order = xalloc(m * sizeof(*g.order));
	g.from = xalloc(m * sizeof(*g.from));
	g.queue = xalloc((m + 1) * sizeof(*g.queue));
	g.seen = xalloc(m * sizeof(*g.seen));
	g.dead = xalloc(m * sizeof(*g.dead));
	for (size_t k = 0; k < m; k++) {
		g.of[k] = -1;
		g.order[k] = (int)k;
	}
	qsort_r(g.order, m, sizeof(*g.order), less, (void *)p);
	for (size_t i = 0; i < n; i++) {
		int k = find(&g, (int)i);
		if (k >= 0)
			hand_over(&g, k);
		given += k >= 0;
	}
	even_out(&g);
	xfree(g.of);
	xfree(g.order);
	xfree(g.from);
	xfree(g.queue);
	xfree(g.seen);
	xfree(g.dead);
	return given;
}
