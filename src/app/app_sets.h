/* app_sets.h: runs of the knowledge base's test sets in the server (learn_set.h). Private to
 * app. Main thread. */
#ifndef CALLM_APP_SETS_H
#define CALLM_APP_SETS_H

#include "base.h"

struct app_sets;
struct store;
struct snap;
struct model_spec;
/* Both outlive it. Runs that were ordered before the server stopped go on. */
struct app_sets *app_sets_open(struct store *st, struct snap *kb);
/* The embedding model of runs from now on, NULL = by words. Lives until another one is named
 * and the run under way is over; app_sets_tick takes it up between runs. */
void app_sets_model(struct app_sets *s, const struct model_spec *spec);
/* A run was ordered. Any thread. */
void app_sets_wake(void *s);
void app_sets_tick(struct app_sets *s);      /* once a second */
/* stops a run, which waits for the next start; accepts NULL. */
void app_sets_close(struct app_sets *s);

#endif
