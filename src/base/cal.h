/* cal.h: time zones and business calendars: when a company works, and how much working time lies
 * between two moments.
 *
 *	struct cal *c;
 *	jv *spec = ...;  {"zone":"Asia/Shanghai","week":{"mon-fri":["09:00-18:00"]}}
 *	if (cal_new(&c, SV("office"), spec, &e)) print(e.msg);
 *	due = cal_add(c, now_ms, 4 * CAL_HOUR);          four working hours from now
 *	spent = cal_between(c, began_ms, now_ms);
 *	obj_unref(c);
 *
 * A moment is open when the clock on the wall of the zone reads a time inside an interval of that
 * day. So an hour that daylight saving takes away is no working time, and one that comes twice
 * counts twice. Everything here is immutable (objs): any thread. Times are milliseconds since 1970
 * UTC without leap seconds, business time is milliseconds. docs/desk.md.
 */
#ifndef CALLM_BASE_CAL_H
#define CALLM_BASE_CAL_H

#include "err.h"
#include "jv.h"
#include "sv.h"

#define CAL_MINUTE INT64_C(60000)
#define CAL_HOUR INT64_C(3600000)
#define CAL_DAY INT64_C(86400000)
#define CAL_NEVER INT64_MAX          /* of a calendar that does not open any more */

/* ---- time zones: TZif files (RFC 8536) ---- */

struct cal_zone;                     /* an obj */
/* By its name in /usr/share/zoneinfo ("Asia/Shanghai"; $TZDIR instead when it is set). "UTC" is
 * always there. ERR_NOTFOUND, ERR_INVAL (no such name can be), ERR_CORRUPT, ERR_UNSUPPORTED (with
 * leap seconds); e says how to mend it. */
int cal_zone_open(struct cal_zone **ret, sv name, struct err *e);
/* From the bytes of such a file. */
int cal_zone_parse(struct cal_zone **ret, sv name, sv tzif, struct err *e);
const char *cal_zone_name(const struct cal_zone *z);

struct cal_time {
	int year, month, day;        /* 1..12, 1..31 */
	int hour, minute, second, ms;
	int weekday;                 /* 1 Monday .. 7 Sunday */
	int32_t offset_s;            /* east of Greenwich */
	bool dst;
	char abbr[12];               /* "CST" */
};
void cal_local(const struct cal_zone *z, int64_t ms, struct cal_time *ret);
/* The moment at which the clock on the wall reads year..ms (the other members are not looked at).
 * A time that comes twice: the first; one that is left out: the moment the clocks jump. */
int64_t cal_instant(const struct cal_zone *z, const struct cal_time *t);
/* The stretch of one offset that holds the moment: [*from_ms, *to_ms), INT64_MIN and INT64_MAX
 * where there is no end. */
int32_t cal_offset(const struct cal_zone *z, int64_t ms, int64_t *from_ms, int64_t *to_ms);
/* Days since 1970-01-01 of a date of the Gregorian calendar, and back (sets year, month, day,
 * weekday). */
int64_t cal_days(int year, int month, int day);
void cal_date(int64_t days, struct cal_time *ret);

/* ---- business calendars ---- */

struct cal;                          /* an obj */
enum { CAL_INTERVALS = 8, CAL_SPECIAL_DAYS = 4000 };
/* spec: zone (needed); week: {"mon-fri" | "sat" | "sun,wed": ["09:00-12:00", "13:00-18:00"]}, days
 * that are not named are closed; closed: ["2026-10-01..2026-10-07", "2026-01-01"]; make_up:
 * ["2026-10-10"], open like a Monday although it is a weekend; special: {"2026-12-24":
 * ["09:00-12:00"]}; day: "8h", what a day of a deadline is worth (default: the longest day of the
 * week). special goes before make_up before closed before week. ERR_INVAL and others: e names the
 * place in spec, what is wrong and how to mend it. */
int cal_new(struct cal **ret, sv name, const jv *spec, struct err *e);
/* Always open, in UTC. */
struct cal *cal_always(void);
const char *cal_name(const struct cal *c);
const struct cal_zone *cal_zone_of(const struct cal *c);
int64_t cal_day_ms(const struct cal *c);

bool cal_open(const struct cal *c, int64_t ms);
/* The first open moment from ms on; CAL_NEVER when there is none within ten years. */
int64_t cal_next(const struct cal *c, int64_t ms);
/* The first moment at which business_ms of working time have gone by since ms; ms itself for 0 or
 * less; CAL_NEVER when the calendar stays closed for ten years. */
int64_t cal_add(const struct cal *c, int64_t ms, int64_t business_ms);
/* Working time in [a, b); 0 when b <= a. */
int64_t cal_between(const struct cal *c, int64_t a, int64_t b);
/* "90m", "24h", "5d" (days are cal_day_ms each; c NULL: 24 hours), into milliseconds; ERR_PARSE. */
int cal_span(const struct cal *c, sv text, int64_t *ret_ms);

#endif
