/* vec.h: growing array as a macro pair over one function.
 *
 *	struct { int *v; size_t n, cap; } xs = { 0 };
 *	int *slot = VEC_PUSH(&xs, 1000);        NULL when 1000 are in it
 *	VEC_FREE(&xs);
 */
#ifndef CALLM_BASE_VEC_H
#define CALLM_BASE_VEC_H

#include <stddef.h>

/* Makes room for one more of `size` bytes; false at max. */
int vec_grow(void **v, size_t n, size_t *cap, size_t size, size_t max);
#define VEC(type) struct { type *v; size_t n, cap; }
/* Pointer to a new zeroed last element, or NULL when the vector already holds max. */
#define VEC_PUSH(x, max)                                                        \
	(vec_grow((void **)&(x)->v, (x)->n, &(x)->cap, sizeof(*(x)->v), (max)) ? \
		 &(x)->v[(x)->n++] : NULL)
#define VEC_FREE(x) (xfree((x)->v), (x)->v = NULL, (x)->n = (x)->cap = 0)

#endif
