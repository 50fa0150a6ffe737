/* chan_ring.h: sound that waits, first in first out. Private to chan; one thread.
 *
 *	ring_put(&r, samples, n);
 *	n = ring_peek(&r, out, 160);    copies, takes nothing
 *	ring_drop(&r, n);
 *	ring_clear(&r);
 */
#ifndef CALLM_CHAN_RING_H
#define CALLM_CHAN_RING_H

#include "base.h"

struct ring_block;
struct chan_ring {                   /* zeroed = empty */
	struct ring_block *first, *last;
	size_t at, end;              /* in the first, in the last */
	size_t n;                    /* samples in all */
};

void ring_put(struct chan_ring *r, const int16_t *s, size_t n);
/* The first samples, `most` at most; returns how many. */
size_t ring_peek(const struct chan_ring *r, int16_t *out, size_t most);
void ring_drop(struct chan_ring *r, size_t n);       /* n <= r->n */
void ring_clear(struct chan_ring *r);                /* gives all memory back; idempotent */

#endif
