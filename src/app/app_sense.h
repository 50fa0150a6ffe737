/* app_sense.h: sentence vectors of the rows that `callm train` and `callm score` read. */
#ifndef CALLM_APP_SENSE_H
#define CALLM_APP_SENSE_H

#include "feel_task.h"
#include "model.h"

/*	struct app_sense s;
 *	rc = app_sense_rows(&s, &rows, &(struct app_sense_opts){ .workers = 2 }, &e);
 *	how.vecs = &s.vecs;
 *	...
 *	app_sense_done(&s);
 */
struct app_sense {
	struct feel_vecs vecs;   /* of all rows; name and numbers belong to the struct */
	double seconds;          /* that it took */
	char *name;
	float *v;
};
struct app_sense_opts {
	const struct model_spec *spec;   /* NULL: the installed embedding model */
	int workers;             /* processes of a model on this machine, 1 to 4 */
	sv want;                 /* its name must be this one; empty: any */
	const char *file;        /* the task that wants it, for the message */
	/* About four times a second: false stops. May be NULL. */
	bool (*progress)(void *arg, size_t done, size_t n);
	void *arg;
};
/* Embeds the last turn of each row, 768 bytes at most, as a question is (EMB_QUERY): about 4 ms
 * a short text and worker. ERR_NOTFOUND: no embedding model is installed (e says how to get
 * one); ERR_STATE: another one than `want` (e has both names); ERR_CANCELED; what the model
 * failed with. *s is whole only on 0; app_sense_done is right in any case. Blocking, any thread. */
int app_sense_rows(struct app_sense *s, const struct feel_rows *rows,
		   const struct app_sense_opts *o, struct err *e);
void app_sense_done(struct app_sense *s);

#endif
