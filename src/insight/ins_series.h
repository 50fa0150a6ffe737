/* ins_series.h: counts by day and slot of the day, keyed by the calendar, read from CSV with every
 * doubt named by its line.
 *
 *	struct ins_series *s;
 *	struct ins_csv_opts o = { .period_min = 30 };
 *	struct ins_csv_report rep = { 0 };
 *	rc = ins_series_read(&s, text, &o, &rep, &e);
 *	... ins_series_at(s, day, slot)
 *	obj_unref(s);
 *
 * A series never moves by an index when a day is missing: day 0 is a date, slot 0 begins at local
 * midnight. What is missing is NAN and is never filled. A series is an immutable obj once built:
 * any thread. docs/forecast.md.
 */
#ifndef CALLM_INS_SERIES_H
#define CALLM_INS_SERIES_H

#include <stdbool.h>
#include <stdint.h>
#include "cal.h"
#include "err.h"
#include "sv.h"

/* Counts of a day, below which a day without any is no wonder. */
#define INS_RARE_DAY 8.0
enum { INS_DAYS_MAX = 4000, INS_SLOTS_MAX = 1440, INS_CSV_NAMED = 20 };

struct ins_series {                  /* an obj */
	int64_t first;               /* date of day 0: days since 1970-01-01, local */
	size_t days;
	int period_min, slots;       /* minutes of a slot, slots of 24 hours */
	int lo, hi;                  /* slots [lo, hi) are those that are ever in use */
	double *v;                   /* days x slots; NAN: not known */
};
/* All NAN; period_min divides 1440. NULL when days or period are out of range. */
struct ins_series *ins_series_new(int64_t first, size_t days, int period_min);
static inline double ins_series_at(const struct ins_series *s, size_t day, int slot)
{
	return s->v[day * (size_t)s->slots + (size_t)slot];
}
/* Finds lo and hi after v was filled: slots known on at least a tenth of the days that have any. */
void ins_series_bounds(struct ins_series *s);
/* The same of the first days alone. */
void ins_series_bounds_until(const struct ins_series *s, size_t days, int *lo, int *hi);
/* Are there any numbers on the day? */
bool ins_series_open(const struct ins_series *s, size_t day);
/* Is it less than INS_RARE_DAY an open day? The last day may have only begun: it is left out. */
bool ins_series_rare(const struct ins_series *s);

/* ---- CSV: a header line, then ts,value (or more columns) ---- */

struct ins_csv_opts {
	int period_min;              /* of the slots wanted; 0: as the file has them */
	/* for times with an offset or Z; NULL: the file's wall clock. */
	const struct cal_zone *zone;
	const char *column;          /* name of the column to read; NULL: the second */
	bool mean;                   /* a slot is the mean of its parts (AHT), not their sum */
	/* leave faulty lines out (they are named) instead of refusing. */
	bool skip;
};
struct ins_csv_report {
	size_t lines, used;          /* of data */
	size_t faults;               /* lines that cannot be used */
	size_t notes;                /* gaps inside days, days missing between: nothing wrong */
	struct { int line; char what[120]; } fault[INS_CSV_NAMED], note[INS_CSV_NAMED];
	int file_period_min;
};
/* ts: RFC 3339, or "YYYY-MM-DD[ T]HH:MM[:SS]" of the wall clock. Faults: times that cannot be
 * read or lie off the file's own rhythm, a second line for a time, an hour that the zone's clocks
 * leave out, a mixture of times with and without an offset, negative, not a number, more than a
 * hundred times what is usual, or years from the other times. ERR_PARSE: the file has faults and
 * skip is not set, or no line can be used; e names the first. ERR_INVAL: period. The caller
 * unrefs *ret. */
int ins_series_read(struct ins_series **ret, sv text, const struct ins_csv_opts *o,
		    struct ins_csv_report *rep, struct err *e);

/* ---- from the facts of reports (ins_fact.h) ---- */

struct store_db;
struct ins_facts_opts {
	const char *metric;          /* "entered", "interactions", "aht" ... */
	sv queue, channel;           /* empty: all */
	const char *zone;            /* its name */
	int period_min;              /* 15, 30, 60 */
	int days;                    /* how far back */
	const struct cal *hours;     /* when the queue is open; NULL: not known */
	int64_t now_ms;
};
/* The last day is today, known as far as it went (*seen slots). On open days a slot in use without
 * a fact is 0 for counts, but not for times. A day with facts is open. One without is closed, but
 * of less than INS_RARE_DAY a day: then it is open when its hours say so, or, hours not known, when
 * the company had work (or usually has on that weekday), from the first fact on. Reads on the
 * calling thread. ERR_NOTFOUND: no facts; ERR_INVAL: e says what. *ret is the caller's to unref. */
int ins_series_facts(struct ins_series **ret, int *seen, struct store_db *db,
		     const struct ins_facts_opts *o, struct err *e);
/* Is there any open hour on that date (days since 1970) of the zone? */
bool ins_day_open(const struct cal *hours, const struct cal_zone *z, int64_t date);

#endif
