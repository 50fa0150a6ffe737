/* vec.c: the one function behind the VEC macros: doubling growth up to a maximum, new slot
 * zeroed. */
#include "vec.h"

#include <string.h>

#include "arena.h"

int vec_grow(void **v, size_t n, size_t *cap, size_t size, size_t max)
{
	if (n >= max)
		return 0;
	if (n >= *cap) {
		size_t more = *cap ? *cap * 2 : 8;

		if (more > max)
			more = max;
		*v = xrealloc(*v, more * size);
		*cap = more;
	}
	memset((char *)*v + n * size, 0, size);
	return 1;
}
