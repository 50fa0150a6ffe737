/* ins_shift_int.h: what the parts of the shift solver share. */
#ifndef CALLM_INS_SHIFT_INT_H
#define CALLM_INS_SHIFT_INT_H

#include <limits.h>

#include "ins_shift.h"

#define SHIFT_FREE INT_MAX
/* Cells of tableaus that a search may touch: a few seconds. */
#define SHIFT_WORK ((size_t)3000000000)

/* A node of the search: bounds of the kinds, and what is needed beyond the lower ones. */
struct shift_node {
	int *least, *most;           /* most SHIFT_FREE: no bound */
	double *need;
};

/* The bound of what the node still needs (INFINITY: it cannot be covered), x of each kind, within
 * its bounds. *work grows, up to limit; *stopped: the optimum was not reached. */
double shift_relax(const struct ins_shift_set *s, const struct shift_node *n, double *x,
		   size_t limit, size_t *work, bool *stopped);

#endif
