/* app_daily.h: once a day, from a minute of the company's clock on. Private to app. One thread.
 *
 *	app_daily_open(&d, at, zone, "night.at", now_ms, &e);     "02:30"; empty = never
 *	if (app_daily_due(&d, now_ms)) ...                        as often as one likes
 *	app_daily_done(&d);
 */
#ifndef CALLM_APP_DAILY_H
#define CALLM_APP_DAILY_H

#include "base.h"

struct app_daily {
	struct cal_zone *zone;
	int at_min;                  /* of the day, -1 = never */
	int64_t last_day;            /* of the zone, that had its turn */
};
/* What was over when it was opened waits for the next day. zone empty = UTC. ERR_INVAL: key is no
 * time of day; or what cal_zone_open says. app_daily_done in any case. */
int app_daily_open(struct app_daily *d, sv at, sv zone, const char *key, int64_t now_ms,
		   struct err *e);
void app_daily_done(struct app_daily *d);
/* True once a day. */
bool app_daily_due(struct app_daily *d, int64_t now_ms);
/* "03:00" -> 180, empty -> -1 (never), else -2. */
int app_daily_minute(sv text);

#endif
