/* ins_sim_heap.c: what happens next: a heap with four children a node, half as deep as a binary
 * one and as quick to read. Equal times come in the order of their making only by chance, which no
 * continuous law asks for. One thread. */
#include "ins_sim_int.h"

#define EVENTS_MAX 40000000u

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at < b->at;
}

void sim_heap_put(struct ins_sim *s, double at, enum sim_kind kind, uint32_t gen, uint32_t index)
{
	struct sim_event x = { at, (uint64_t)kind << 60 | (uint64_t)(gen & 0xfffffff) << 32 |
					   index };
	struct sim_event *v = VEC_PUSH(&s->heap, EVENTS_MAX);
	ASSERT(v);
	size_t i = s->heap.n - 1;
	for (v = s->heap.v; i > 0; i = (i - 1) / 4) {
		if (!before(&x, &v[(i - 1) / 4]))
			break;
		v[i] = v[(i - 1) / 4];
	}
	v[i] = x;
}

bool sim_heap_take(struct ins_sim *s, struct sim_event *ret)
{
	struct sim_event *v = s->heap.v;
	if (!s->heap.n)
		return false;
	*ret = v[0];
	size_t n = --s->heap.n, i = 0;
	struct sim_event x = v[n];
	for (;;) {
		size_t k = 4 * i + 1, best = k, end = k + 4 < n ? k + 4 : n;
		if (k >= n)
			break;
		for (k++; k < end; k++)
			if (before(&v[k], &v[best]))
				best = k;
		if (!before(&v[best], &x))
			break;
		v[i] = v[best];
		i = best;
	}
	v[i] = x;
	return true;
}
