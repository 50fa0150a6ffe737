/* obj.h: reference-counted objects with a destructor; counts are atomic, so immutable
 * objects may be shared between threads. */
#ifndef CALLM_BASE_OBJ_H
#define CALLM_BASE_OBJ_H

#include <stddef.h>

typedef void obj_free_fn(void *obj);

/* Zeroed, count 1; done (may be NULL) runs before the memory goes. */
void *obj_new(size_t n, obj_free_fn *done);
void *obj_ref(void *obj);                   /* accepts NULL; returns obj */
/* Accepts NULL; always returns NULL: p = obj_unref(p). */
void *obj_unref(void *obj);
/* Objects alive in the process: the leak check of tests. */
size_t obj_live(void);

#endif
