/* ins_series.c: the grid of counts. An obj, immutable once built. */
#include "ins_series.h"

#include <math.h>

#include "arena.h"
#include "obj.h"

static void series_done(void *obj)
{
	struct ins_series *s = obj;
	xfree(s->v);
}

struct ins_series *ins_series_new(int64_t first, size_t days, int period_min)
{
	if (!days || days > INS_DAYS_MAX || period_min < 1 || 1440 % period_min)
		return NULL;
	struct ins_series *s = obj_new(sizeof(*s), series_done);
	s->first = first;
	s->days = days;
	s->period_min = period_min;
	s->slots = 1440 / period_min;
	s->v = xalloc(days * (size_t)s->slots * sizeof(double));
	for (size_t i = 0; i < days * (size_t)s->slots; i++)
		s->v[i] = NAN;
	return s;
}

bool ins_series_open(const struct ins_series *s, size_t day)
{
	for (int t = s->lo; t < s->hi; t++)
		if (!isnan(ins_series_at(s, day, t)))
			return true;
	return false;
}

bool ins_series_rare(const struct ins_series *s)
{
	double sum = 0;
	size_t open = 0, days = s->days - 1;
	for (size_t d = 0; d < days; d++)
		open += ins_series_open(s, d);
	for (size_t i = 0; i < days * (size_t)s->slots; i++)
		sum += s->v[i] > 0 ? s->v[i] : 0;
	return open && sum < INS_RARE_DAY * (double)open;
}

void ins_series_bounds_until(const struct ins_series *s, size_t days, int *lo, int *hi)
{
	size_t used[INS_SLOTS_MAX] = { 0 }, most = 0;
	*lo = 0;
	*hi = s->slots;
	for (size_t d = 0; d < days; d++)
		for (int t = 0; t < s->slots; t++)
			used[t] += !isnan(ins_series_at(s, d, t));
	for (int t = 0; t < s->slots; t++)
		most = used[t] > most ? used[t] : most;
	while (*hi > *lo && used[*hi - 1] * 10 <= most)
		(*hi)--;
	while (*lo < *hi && used[*lo] * 10 <= most)
		(*lo)++;
}

void ins_series_bounds(struct ins_series *s)
{
	ins_series_bounds_until(s, s->days, &s->lo, &s->hi);
}
