/* obj.c: reference-counted objects: a 16-byte header in front of the caller's bytes.
 *
 * Counts are atomic: release on the way down, acquire before the destructor, so that the last owner
 * sees everything the others wrote. Any thread.
 */
#include "obj.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "err.h"

struct head {
	obj_free_fn *done;
	_Atomic size_t refs;
	_Alignas(16) unsigned char body[];
};

static _Atomic size_t live;

static struct head *head_of(void *obj)
{
	return (struct head *)(void *)((unsigned char *)obj - offsetof(struct head, body));
}

void *obj_new(size_t n, obj_free_fn *done)
{
	struct head *h = calloc(1, sizeof(*h) + n);

	ASSERT(h != NULL);
	h->done = done;
	atomic_init(&h->refs, 1);
	atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return h->body;
}

void *obj_ref(void *obj)
{
	size_t before;

	if (!obj)
		return NULL;
	before = atomic_fetch_add_explicit(&head_of(obj)->refs, 1, memory_order_relaxed);
	ASSERT(before > 0);
	return obj;
}

void *obj_unref(void *obj)
{
	struct head *h;
	size_t before;

	if (!obj)
		return NULL;
	h = head_of(obj);
	before = atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel);
	ASSERT(before > 0);
	if (before > 1)
		return NULL;
	if (h->done)
		h->done(obj);
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
	free(h);
	return NULL;
}

size_t obj_live(void)
{
	return atomic_load_explicit(&live, memory_order_relaxed);
}
