/* snap.c: an atomically swapped reference.
 *
 * A reader must turn the pointer into a counted reference before a publisher drops the old one,
 * so the pointer is read and counted under a lock held for a few instructions; destructors run
 * outside it.
 */
#include "snap.h"

#include <pthread.h>

#include "arena.h"

struct snap {
	pthread_mutex_t lock;
	void *obj;
};

struct snap *snap_new(void *first)
{
	struct snap *s = xalloc(sizeof(*s));

	(void)pthread_mutex_init(&s->lock, NULL);
	s->obj = first;
	return s;
}

void snap_free(struct snap *s)
{
	if (!s)
		return;
	(void)obj_unref(s->obj);
	(void)pthread_mutex_destroy(&s->lock);
	xfree(s);
}

void *snap_get(struct snap *s)
{
	void *obj;

	(void)pthread_mutex_lock(&s->lock);
	obj = obj_ref(s->obj);
	(void)pthread_mutex_unlock(&s->lock);
	return obj;
}

void snap_publish(struct snap *s, void *obj)
{
	void *old;

	(void)pthread_mutex_lock(&s->lock);
	old = s->obj;
	s->obj = obj;
	(void)pthread_mutex_unlock(&s->lock);
	(void)obj_unref(old);
}
