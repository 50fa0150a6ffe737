/* guard_fact.h: numbers, times and identifiers read out of a sentence; private to guard. */
#ifndef CALLM_GUARD_FACT_H
#define CALLM_GUARD_FACT_H

#include "guard_int.h"

/* Unit classes. Durations are in minutes, clock times in minutes after midnight, so that "24
 * hours" is "1 day" and "4 pm" is 16:00. */
enum fact_unit {
	FACT_PLAIN,
	FACT_PERCENT,
	FACT_MONEY,
	FACT_DURATION,
	FACT_MONTHS,
	FACT_CLOCK,
	FACT_WEIGHT,
	FACT_LENGTH,
	FACT_DISCOUNT,
	FACT_SPEED
};
struct fact {
	double value;
	enum fact_unit unit;
	size_t s, e;             /* code points */
};
#define FACTS_MAX 256

/* Facts of t between from and to; at most max, the number found is returned (max + 1 when more
 * stood there). */
size_t guard_facts(const struct guard_text *t, size_t from, size_t to, struct fact *ret,
		   size_t max);
/* Same value, and the same unit unless one of them has none. */
bool guard_fact_same(const struct fact *a, const struct fact *b);

#endif
