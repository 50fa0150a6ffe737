/* app_hearing.h: what a recogniser makes of the clips that `callm train digits` and `callm score
 * digits` read. */
#ifndef CALLM_APP_HEARING_H
#define CALLM_APP_HEARING_H

#include "digit.h"
#include "model.h"

struct app_hearing_opts {
	const struct model_spec *spec;   /* NULL: the first installed recogniser that can */
	int workers;             /* processes, 1 to 4 */
	const char *lang;        /* ISO code */
	sv want;                 /* its name must be this one; empty: any */
	const char *file;        /* the net that wants it, for the message */
	/* About four times a second: false stops. May be NULL. */
	bool (*progress)(void *arg, size_t done, size_t n);
	void *arg;
};
/* Fills set->vec, sense and lang: about 0.1 s a clip and worker; a clip without a sound has zeros.
 * ERR_NOTFOUND: no such recogniser is installed (e says how to get one); ERR_STATE: another one
 * than `want` (e has both names); ERR_CANCELED; what it failed with. Blocking, any thread. */
int app_hearing(struct digit_set *set, const struct app_hearing_opts *o, struct err *e);

#endif
