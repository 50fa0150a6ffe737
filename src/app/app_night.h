/* app_night.h: the night school in the server and on the command line (docs/night.md). Private
 * to app.
 *
 *	app_night_open(&s, &opts, &e);        after the store: models in use are put to use
 *	app_night_tick(s);                    once a second, main thread
 *	app_night_stop(s);                    a night under way ends soon
 *	app_night_close(s);                   waits for it; before the store; accepts NULL
 */
#ifndef CALLM_APP_NIGHT_H
#define CALLM_APP_NIGHT_H

#include "base.h"
#include "learn_night.h"

struct app_night;
struct app_night_opts {
	const jv *cfg, *company;         /* night; timezone. Outlive it */
	const char *data;
	struct store *store;
};
int app_night_open(struct app_night **ret, const struct app_night_opts *o, struct err *e);
void app_night_tick(struct app_night *s);
/* A model of the registry was taken back: what it has live is asked. Any thread. */
void app_night_models(void *s);
void app_night_stop(struct app_night *s);        /* accepts NULL */
void app_night_close(struct app_night *s);

int cmd_night(int argc, char **argv);            /* cmd_night.c */

/* What every night needs of the program: rows it ships, rows none may get worse at, the base. */
struct app_school {
	struct sb shipped, anchors;
	struct feel_task *base;
};
int app_school_open(struct app_school *s, struct err *e);
void app_school_done(struct app_school *s);      /* accepts one that failed to open */
void app_school_fill(const struct app_school *s, struct learn_night_opts *o);
/* What the registry has live is asked from the next turn on; a file that is not as it was is
 * told in the log and passed over. base: feel_task_base's. */
void app_night_use(struct store_db *db, const char *data, struct feel_task *base);

#endif
