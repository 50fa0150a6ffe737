/* map.h: hash map from bytes to a pointer; keys are copied, values are not owned. One thread. */
#ifndef CALLM_BASE_MAP_H
#define CALLM_BASE_MAP_H

#include "sv.h"

struct map;

struct map *map_new(size_t max);                       /* max = greatest number of keys */
void map_free(struct map *m);                          /* accepts NULL */
void *map_get(const struct map *m, sv key);            /* NULL when absent */
/* Inserts or replaces; ERR_FULL at max; val not NULL. */
int map_put(struct map *m, sv key, void *val);
void *map_del(struct map *m, sv key);                  /* the removed value or NULL */
size_t map_count(const struct map *m);
/* Walk: size_t it = 0; while (map_next(m, &it, &key, &val)) ...; no insert or delete meanwhile. */
bool map_next(const struct map *m, size_t *it, sv *key, void **val);

#endif
