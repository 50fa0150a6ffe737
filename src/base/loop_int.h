/* loop_int.h: what loop.c, loop_timer.c and mbox.c share; private to base. */
#ifndef CALLM_BASE_LOOP_INT_H
#define CALLM_BASE_LOOP_INT_H

#include <stdatomic.h>
#include <stddef.h>

#include "loop.h"
#include "mbox.h"

struct loop_heap {
	struct loop_timer **v;
	size_t n, cap;
	uint64_t seq;
};
void heap_put(struct loop_heap *h, struct loop_timer *t);  /* t must be idle */
void heap_cut(struct loop_heap *h, struct loop_timer *t);  /* t must be in it */

/* Simulated loops have no descriptors: they drain their mailboxes themselves, in order of
 * creation. */
void loop_mbox_add(struct loop *l, struct mbox *m);
void loop_mbox_cut(struct loop *l, struct mbox *m);
struct mbox **mbox_link(struct mbox *m); /* where the loop keeps its list pointer */

#endif
