/* ins_report.h: reports over the facts: what is asked (JSON), the table that answers it, and the
 * interactions behind a number.
 *
 *	rc = ins_ask_new(&ask, body, &opts, &e);
 *	rc = ins_table_new(&t, db, ask, &e);         a reader
 *	ins_table_json(t, out);  ins_table_csv(t, zh, out);
 *	rc = ins_drill_json(db, ask, cursor, out);
 *
 * All is a ratio of sums. A day whose facts do not change any more is read by columns (ins_pack).
 * docs/reports.md.
 */
#ifndef CALLM_INS_REPORT_H
#define CALLM_INS_REPORT_H

#include "ins_fact.h"

enum ins_unit { INS_COUNT, INS_PERCENT, INS_MS, INS_MONEY, INS_NUMBER, INS_MOOD };
enum ins_metric {
#define X(name, ...) INS_METRIC_##name,
#include "ins_metric.def"
#undef X
	INS_METRICS
};
const char *ins_metric_name(int k);
const char *ins_metric_title(int k, bool zh);
enum ins_unit ins_metric_unit(int k);
/* All of them: name, unit, title and definition in both languages, numerator, denominator. */
void ins_metrics_json(struct sb *out);

struct ins_rates {                   /* money is in the company's currency */
	double agent_hour, voice_minute;
};
struct ins_ask_opts {
	int64_t now_ms;
	const char *zone;            /* where none is asked for; NULL = UTC */
	struct ins_rates rates;
	/* A queue's service level time; NULL = 20 s. */
	int64_t (*sl_ms)(void *arg, sv queue);
	void *arg;
};
enum { INS_ASK_METRICS = 20, INS_ASK_DIMS = 4, INS_GROUPS = 20000 };

/* {metrics: [..], rows: [..], columns, interval, from, to | last, zone, filters: {dim: [..]},
 * sl_s, limit, sort} (docs/reports.md). Only what o points to is kept of it. e says what is
 * wrong and what is possible. */
struct ins_ask;
int ins_ask_new(struct ins_ask **ret, const jv *body, const struct ins_ask_opts *o, struct err *e);
void ins_ask_free(struct ins_ask *a);        /* accepts NULL */
/* The range it covers, [*from, *to). */
void ins_ask_range(const struct ins_ask *a, int64_t *from_ms, int64_t *to_ms);

struct ins_table;
/* Reads and counts on the calling thread. ERR_TOOBIG beyond INS_GROUPS rows. */
int ins_table_new(struct ins_table **ret, struct store_db *db, const struct ins_ask *a,
		  struct err *e);
void ins_table_free(struct ins_table *t);    /* accepts NULL */
size_t ins_table_rows(const struct ins_table *t);
size_t ins_table_dims(const struct ins_table *t);
size_t ins_table_metrics(const struct ins_table *t);
sv ins_table_dim_name(const struct ins_table *t, size_t d);
const char *ins_table_dim_title(const struct ins_table *t, size_t d, bool zh);
int ins_table_metric(const struct ins_table *t, size_t k);
sv ins_table_key(const struct ins_table *t, size_t row, size_t d);
/* False where its denominator is 0. row == ins_table_rows: of all. */
bool ins_table_value(const struct ins_table *t, size_t row, size_t k, double *ret);
void ins_table_json(const struct ins_table *t, struct sb *out);
/* A heading and a line a row, RFC 4180, with a byte order mark; times in the zone. */
void ins_table_csv(const struct ins_table *t, bool zh, struct sb *out);

/* The interactions that a's filters and range hold, newest first, 100 a page, those alone that
 * count in its first metric (a share: in its denominator). cursor: next of the page before, or
 * empty. ERR_INVAL for another. */
int ins_drill_json(struct store_db *db, const struct ins_ask *a, sv cursor, struct sb *out);

struct ins_packed {
	int days;
	bool more;
};
/* Writes the days before today that changed as columns, so many a call. On a worker, never while
 * ins_fact_step runs; waits for the disk. */
int ins_pack(struct store *st, int64_t now_ms, struct ins_packed *ret);

#endif
