/* chan_ring.c: sound that waits, in a chain of small blocks.
 *
 * A call holds what it has not sent yet and little more: blocks are given back as they are
 * played, and all are of one size, so that the memory of one call serves the next. Owned by its
 * playout; shard's thread. */
#include "chan_ring.h"

enum { BLOCK = 2040 };               /* samples: with its head and malloc's, a page */

struct ring_block {
	struct ring_block *next;
	int16_t s[BLOCK];
};

static void add_block(struct chan_ring *r)
{
	struct ring_block *b = xalloc(sizeof(*b));
	if (r->last)
		r->last->next = b;
	else
		r->first = b;
	r->last = b;
	r->end = 0;
}

void ring_put(struct chan_ring *r, const int16_t *s, size_t n)
{
	while (n) {
		if (!r->last || r->end == BLOCK)
			add_block(r);
		size_t k = BLOCK - r->end < n ? BLOCK - r->end : n;
		memcpy(r->last->s + r->end, s, k * sizeof(*s));
		r->end += k;
		r->n += k;
		s += k;
		n -= k;
	}
}

size_t ring_peek(const struct chan_ring *r, int16_t *out, size_t most)
{
	size_t left = r->n < most ? r->n : most, at = r->at, done = 0;
	for (const struct ring_block *b = r->first; left; b = b->next) {
		size_t k = BLOCK - at < left ? BLOCK - at : left;
		memcpy(out + done, b->s + at, k * sizeof(*out));
		done += k;
		left -= k;
		at = 0;
	}
	return done;
}

void ring_drop(struct chan_ring *r, size_t n)
{
	ASSERT(n <= r->n);
	if (n == r->n) {
		ring_clear(r);
		return;
	}
	r->n -= n;
	r->at += n;
	while (r->at >= BLOCK) {
		struct ring_block *b = r->first;
		r->first = b->next;
		r->at -= BLOCK;
		xfree(b);
	}
}

void ring_clear(struct chan_ring *r)
{
	while (r->first) {
		struct ring_block *b = r->first;
		r->first = b->next;
		xfree(b);
	}
	*r = (struct chan_ring){ 0 };
}
