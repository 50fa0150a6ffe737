/* app_daily.c: see app_daily.h. */
#include "app_daily.h"

int app_daily_minute(sv s)
{
	int64_t h, m;
	sv hour;
	if (!s.n)
		return -1;
	if (!sv_cut(&s, ':', &hour) || sv_i64(hour, &h) || sv_i64(s, &m) || h < 0 || h > 23 ||
	    m < 0 || m > 59)
		return -2;
	return (int)(h * 60 + m);
}

bool app_daily_due(struct app_daily *d, int64_t now_ms)
{
	enum { DAY_S = CAL_DAY / 1000 };
	int64_t from, to, local = now_ms / 1000 + cal_offset(d->zone, now_ms, &from, &to);
	int64_t day = local / DAY_S;
	if (d->at_min < 0 || day == d->last_day || local % DAY_S / 60 < d->at_min)
		return false;
	d->last_day = day;
	return true;
}

int app_daily_open(struct app_daily *d, sv at, sv zone, const char *key, int64_t now_ms,
		   struct err *e)
{
	*d = (struct app_daily){ .at_min = app_daily_minute(at) };
	if (d->at_min == -2)
		return err_set(e, ERR_INVAL,
			       "%s: \"" SV_FMT "\" is no time of day such as 02:30", key,
			       SV_ARG(at));
	int rc = cal_zone_open(&d->zone, zone.n ? zone : SV("UTC"), e);
	if (rc == 0)
		(void)app_daily_due(d, now_ms);
	return rc;
}

void app_daily_done(struct app_daily *d)
{
	d->zone = obj_unref(d->zone);
}
