/* metric.c: counters, gauges and histograms: one static table of atomics, relaxed.
 *
 * Histogram buckets go up in six steps a decade from 50 us to 100 s, the same for all, so that a
 * quantile is at most one step (factor 1.5) off before interpolation. Any thread.
 */
#include "metric.h"

#include <inttypes.h>
#include <stdatomic.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const struct {
	enum kind kind;
	const char *name, *help;
} info[M_COUNT] = {
#define X(id, kind, name, help) { kind, name, help },
#include "../tbl/metrics.def"
#undef X
};

static const int64_t bound_us[] = {
	50,       70,       100,      150,      200,      300,       500,     700,
	1000,     1500,     2000,     3000,     5000,     7000,      10000,   15000,
	20000,    30000,    50000,    70000,    100000,   150000,    200000,  300000,
	500000,   700000,   1000000,  1500000,  2000000,  3000000,   5000000, 7000000,
	10000000, 15000000, 20000000, 30000000, 50000000, 100000000,
};
enum { N_BOUNDS = sizeof(bound_us) / sizeof(bound_us[0]) };

static _Atomic int64_t value[M_COUNT];               /* histograms: the number of observations */
static _Atomic int64_t sum_us[M_COUNT];
static _Atomic int64_t bucket[M_COUNT][N_BOUNDS + 1];
static int64_t marked[M_COUNT][N_BOUNDS + 1];        /* of whoever measures */

static int64_t load(_Atomic int64_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

void metric_inc(enum metric_id m)
{
	metric_add(m, 1);
}

void metric_add(enum metric_id m, int64_t n)
{
	atomic_fetch_add_explicit(&value[m], n, memory_order_relaxed);
}

void metric_set(enum metric_id m, int64_t v)
{
	atomic_store_explicit(&value[m], v, memory_order_relaxed);
}

int64_t metric_get(enum metric_id m)
{
	return load(&value[m]);
}

void metric_observe_us(enum metric_id m, int64_t us)
{
	int lo = 0, hi = N_BOUNDS;

	if (us < 0)
		us = 0;
	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (us <= bound_us[mid])
			hi = mid;
		else
			lo = mid + 1;
	}
	atomic_fetch_add_explicit(&bucket[m][lo], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&sum_us[m], us, memory_order_relaxed);
	atomic_fetch_add_explicit(&value[m], 1, memory_order_relaxed);
}

/* Of n observations a bucket; less = what is not to be counted, NULL = nothing. */
static int64_t quantile(enum metric_id m, const int64_t *less, double q)
{
	int64_t n[N_BOUNDS + 1], total = 0, below = 0;
	double rank;

	for (int i = 0; i <= N_BOUNDS; i++) {
		n[i] = load(&bucket[m][i]) - (less ? less[i] : 0);
		total += n[i];
	}
	if (!total)
		return 0;
	q = q < 0 ? 0 : q > 1 ? 1 : q;
	rank = q * (double)total;
	for (int i = 0; i < N_BOUNDS; i++) {
		int64_t in = n[i], lo = i ? bound_us[i - 1] : 0;

		if (in && (double)(below + in) >= rank)
			return lo + (int64_t)((double)(bound_us[i] - lo) * (rank - (double)below) /
					      (double)in);
		below += in;
	}
	return bound_us[N_BOUNDS - 1];
}

int64_t metric_quantile_us(enum metric_id m, double q)
{
	return quantile(m, NULL, q);
}

void metric_mark(void)
{
	for (int m = 0; m < M_COUNT; m++)
		for (int i = 0; i <= N_BOUNDS; i++)
			marked[m][i] = load(&bucket[m][i]);
}

int64_t metric_since_us(enum metric_id m, double q)
{
	return quantile(m, marked[m], q);
}

static void write_histogram(struct sb *out, int m)
{
	int64_t cum = 0;

	for (int i = 0; i < N_BOUNDS; i++) {
		cum += load(&bucket[m][i]);
		sb_fmt(out, "%s_bucket{le=\"%g\"} %" PRId64 "\n", info[m].name,
		       (double)bound_us[i] / 1e6, cum);
	}
	cum += load(&bucket[m][N_BOUNDS]);
	sb_fmt(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", info[m].name, cum);
	sb_fmt(out, "%s_sum %.6f\n%s_count %" PRId64 "\n", info[m].name,
	       (double)load(&sum_us[m]) / 1e6, info[m].name, cum);
}

void metric_write(struct sb *out)
{
	static const char *const type[] = { "counter", "gauge", "histogram" };

	for (int m = 0; m < M_COUNT; m++) {
		sb_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", info[m].name, info[m].help,
		       info[m].name, type[info[m].kind]);
		if (info[m].kind == HISTOGRAM)
			write_histogram(out, m);
		else
			sb_fmt(out, "%s %" PRId64 "\n", info[m].name, load(&value[m]));
	}
}
