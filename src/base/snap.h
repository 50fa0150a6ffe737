/* snap.h: an atomically swapped reference to an immutable obj (config, knowledge, policy).
 * Readers take a reference and keep the version they saw. */
#ifndef CALLM_BASE_SNAP_H
#define CALLM_BASE_SNAP_H

#include "obj.h"

struct snap;

struct snap *snap_new(void *first);       /* takes over the caller's reference; may be NULL */
void snap_free(struct snap *s);
/* A new reference, obj_unref it; NULL when empty; thread-safe. */
void *snap_get(struct snap *s);
/* Takes over the caller's reference; old one is unref'd; thread-safe. */
void snap_publish(struct snap *s, void *obj);

#endif
