/* ins_report_int.h: what the files of the reports share: the question, a day by columns. */
#ifndef CALLM_INS_REPORT_INT_H
#define CALLM_INS_REPORT_INT_H

#include "ins_fact_int.h"
#include "ins_report.h"

/* Worked out per fact, beside the measures. */
enum ins_worked {
	INS_none = INS_MEASURES,     /* ends a list */
#define X(name, ...) INS_##name,
#include "ins_worked.def"
#undef X
	INS_WORKED
};
enum { INS_TERMS = 6 };
struct ins_formula {
	const char *name, *title[2], *what[2];       /* zh, en */
	enum ins_unit unit;
	int num[INS_TERMS], den[INS_TERMS];          /* up to INS_none */
};
extern const struct ins_formula ins_formulas[INS_METRICS];
double ins_scale(enum ins_unit unit);        /* of the ratio, to what is shown */

enum ins_step { INS_NO_TIME, INS_QUARTER, INS_HALF, INS_HOUR, INS_DAY, INS_WEEK, INS_MONTH,
		INS_STEPS };
/* Dimensions of a question beyond enum ins_dim. */
enum { INS_TIME_OF = INS_DIMS, INS_HOUR_OF, INS_WEEKDAY_OF, INS_ALL_DIMS };
extern const char *const ins_time_dims[INS_ALL_DIMS - INS_DIMS];

struct ins_ask {
	struct arena a;
	struct cal_zone *zone;
	int64_t from_ms, to_ms;
	enum ins_step step;
	int dim[INS_ASK_DIMS];       /* the column's last */
	size_t n_dims;
	bool columns;                /* the last one goes across */
	int metric[INS_ASK_METRICS];
	size_t n_metrics;
	struct map *only[INS_DIMS];  /* values that count; NULL = all */
	int64_t sl_ms;               /* of all queues; 0 = each its own */
	int64_t (*queue_sl_ms)(void *arg, sv queue);
	void *arg;
	struct ins_rates rates;
	int limit, sort;             /* sort: metric of the question, -1 = by the dimensions */
};
/* The start of the step that holds ms, on the clocks of the zone. */
int64_t ins_step_start(const struct cal_zone *z, enum ins_step step, int64_t ms);

/* A day by columns. NULL: no fact of the day has it. */
struct ins_cols {
	size_t n;
	int64_t day;
	uint8_t *slot, *kind;
	struct ins_words {
		sv *v;
		size_t n;
		uint32_t *code;
	} dim[INS_DIMS];
	int64_t *m[INS_MEASURES];
	struct arena a;
};
/* need: the measures and dimensions that are read; the others stay NULL. Free with
 * ins_cols_done, also after an error. */
struct ins_need {
	bool m[INS_MEASURES], dim[INS_DIMS];
};
int ins_cols_load(struct store_db *db, int64_t day, const struct ins_need *need,
		  struct ins_cols *ret);
void ins_cols_done(struct ins_cols *c);

#endif
