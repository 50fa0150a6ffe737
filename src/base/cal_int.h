/* cal_int.h: what cal.c and cal_zone.c share; private to base. */
#ifndef CALLM_BASE_CAL_INT_H
#define CALLM_BASE_CAL_INT_H

#include <stdint.h>

/* Rounded down, for negative numbers too. */
static inline int64_t cal_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}
static inline int64_t cal_mod(int64_t a, int64_t b)
{
	return a - cal_div(a, b) * b;
}

#endif
