/* ins_table_int.h: a report's answer, between the file that counts and those that tell it. */
#ifndef CALLM_INS_TABLE_INT_H
#define CALLM_INS_TABLE_INT_H

#include "ins_report_int.h"

struct ins_value {
	double v;
	bool there;
};
struct ins_group {
	uint64_t key;
	double *sum;
	sv *word;                    /* a value a dimension */
	struct ins_value *value;     /* one a metric */
	const struct ins_table *table;
};
struct ins_table {
	struct arena a;
	VEC(struct ins_group) group; /* in order */
	double *all;
	struct ins_value *total;
	int dim[INS_ASK_DIMS], metric[INS_ASK_METRICS];
	size_t n_dims, n_metrics;
	bool columns, cut;           /* cut: there are more rows than limit */
	int sort;
	char from[40], to[40], zone[64];
};

#endif
