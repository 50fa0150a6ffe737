/* app_vecs.h: vectors for a one-shot command: the installed embedding model, waited for. */
#ifndef CALLM_APP_VECS_H
#define CALLM_APP_VECS_H

#include "kb.h"
#include "store.h"

/*	app_vecs_open(&v, data, NULL, &e);       ERR_NOTFOUND: no embedding model is installed
 *	app_vecs_index(v, store, &ix, &e);       all passages have their vectors
 *	kb_evaluate_by(ix, ..., app_vecs_question, v, ...);
 *	app_vecs_close(v);
 *
 * One thread, that of the command. */
struct app_vecs;

/* data: the data folder ("" = the default one) where models may be named; keep: a file that
 * keeps the passages' vectors for the next time, or NULL. */
int app_vecs_open(struct app_vecs **ret, const char *data, const char *keep, struct err *e);
/* An index over the store's articles with the vectors of all of them; about 4 ms a text that is
 * new. The caller unrefs it. */
int app_vecs_index(struct app_vecs *v, struct store *st, struct kb_index **ret, struct err *e);
/* A kb_vec_fn; arg: the app_vecs. */
const float *app_vecs_question(void *arg, sv text, int *dim);
const char *app_vecs_name(const struct app_vecs *v);
void app_vecs_close(struct app_vecs *v);         /* accepts NULL */

#endif
