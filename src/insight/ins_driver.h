/* ins_driver.h: topics of the company's own conversations: what they cost, how customers feel
 * with them, what grows and since when, with the interactions that say so.
 *
 *	rc = ins_drivers_run(st, &(struct ins_driver_opts){ from, to, vec, arg, rates }, &n);
 *	rc = ins_drivers_json(db, out);              what was found last
 */
#ifndef CALLM_INS_DRIVER_H
#define CALLM_INS_DRIVER_H

#include "ins_report.h"

enum { INS_DRIVER_TEXTS = 5000 };

struct ins_driver_opts {
	int64_t from_ms, to_ms;
	/* A text's vector, good until the next call; NULL, or NULL for all: by words. */
	const float *(*vec)(void *arg, sv text, int *dim);
	void *arg;
	struct ins_rates rates;
	bool (*stop)(void *arg);     /* true: no more, ERR_CANCELED; may be NULL */
};
/* Takes the first words of substance of each conversation in the range (an even sample beyond
 * INS_DRIVER_TEXTS), finds topics, tests them, and writes the result (kv "insight.topics"). On
 * a worker; waits for the disk. ERR_INVAL: fewer than 10 conversations. *ret_n: topics. */
int ins_drivers_run(struct store *st, const struct ins_driver_opts *o, size_t *ret_n);
/* {from, to, made_at, texts, by, items: [..]}; items is empty when nothing was found yet. */
int ins_drivers_json(struct store_db *db, struct sb *out);

#endif
