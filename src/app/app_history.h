/* app_history.h: a made-up past of the demo company, so that reports, forecast and quality have
 * something to show. Private to app.
 *
 *	struct app_history_opts o = { .days = 90 };
 *	rc = app_history_write(st, &o, &did, &e);        an empty folder; again: nothing happens
 *
 * It is written as rows of the river, as real conversations would have been, and nothing else
 * knows of it but the flag that app_history_there tells. Everything follows from the seed, the
 * days and the moment of its end. docs/reports.md.
 */
#ifndef CALLM_APP_HISTORY_H
#define CALLM_APP_HISTORY_H

#include "store.h"

enum { APP_HISTORY_DAYS = 400 };     /* at most */

struct app_history_opts {
	int64_t days;                /* whole days before today, from 1 */
	int64_t now_ms;              /* where it ends; 0 = now */
	uint64_t seed;               /* 0 = 1 */
	const char *zone;            /* of the company's wall; NULL = UTC */
	/* After each day that is on disk; false stops there: the next call goes on. NULL: none. */
	bool (*progress)(void *arg, int64_t done, int64_t total);
	void *arg;
};
struct app_history_did {
	int64_t days, talks, rows;   /* written by this call; today is a day */
	bool there;                  /* it was whole already: nothing was written */
};
/* Writes it, a day a transaction, and counts it for the reports. What was broken off goes on with
 * the days, seed and end it began with. Needs the demo's articles. ERR_EXISTS: the folder has
 * conversations of its own; ERR_RANGE: days; ERR_CANCELED: progress said so. Not on a loop. */
int app_history_write(struct store *st, const struct app_history_opts *o,
		      struct app_history_did *ret, struct err *e);
/* Once: the rosters of the last two weeks and of the next, for the people of a past that is there;
 * they must be users by then. Nothing without a past. Not on a loop. */
int app_history_rosters(struct store *st, const char *zone, struct err *e);
/* Is the past of this river made up, in whole or in part? */
bool app_history_there(struct store *st);
/* "90d", "90" into days; ERR_RANGE. */
int app_history_days(const char *text, int64_t *ret, struct err *e);

#endif
