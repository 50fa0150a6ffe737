/* metric.h: counters, gauges and histograms from tbl/metrics.def, written as Prometheus text
 * 0.0.4. */
#ifndef CALLM_BASE_METRIC_H
#define CALLM_BASE_METRIC_H

#include "sb.h"

enum metric_id {
#define X(id, kind, name, help) M_##id,
#include "../tbl/metrics.def"
#undef X
	M_COUNT
};
void metric_inc(enum metric_id m);                 /* counters; thread-safe, lock-free */
void metric_add(enum metric_id m, int64_t n);      /* counters and gauges */
void metric_set(enum metric_id m, int64_t v);      /* gauges */
int64_t metric_get(enum metric_id m);              /* counter/gauge value, histogram count */
void metric_observe_us(enum metric_id m, int64_t us); /* histograms, in seconds on the page */
/* Quantile 0..1 estimated from the buckets, in microseconds; 0 when empty. */
int64_t metric_quantile_us(enum metric_id m, double q);
/* For measuring a stretch: from this call on metric_since_us counts. One at a time. */
void metric_mark(void);
int64_t metric_since_us(enum metric_id m, double q);
void metric_write(struct sb *out);

#endif
