/* ins_fact.h: facts for reports: what the river says, one row a conversation, a stay in a queue
 * or with an agent, and a quarter of an hour of an agent's time.
 *
 *	do rc = ins_fact_step(st, &did); while (rc == 0 && did.more);
 *	rc = ins_fact_recount(st, &r);           the same from the first row on, compared
 *
 * The river alone makes them: they can be counted again at any time. docs/reports.md.
 */
#ifndef CALLM_INS_FACT_H
#define CALLM_INS_FACT_H

#include "store.h"

enum ins_measure {
#define X(name) INS_##name,
#include "ins_measure.def"
#undef X
	INS_MEASURES
};
const char *ins_measure_name(int m);

enum ins_dim { INS_QUEUE, INS_AGENT, INS_CHANNEL, INS_TOPIC, INS_LANGUAGE, INS_CAMPAIGN, INS_DIMS };
const char *ins_dim_name(int d);
int ins_dim_of(sv name);                     /* -1 = none */

#define INS_QUARTER_MS (15 * INT64_C(60000)) /* the least interval */
#define INS_DAY_MS INT64_C(86400000)
#define INS_AGAIN_MS (7 * INS_DAY_MS) /* who comes again within: not solved at first contact \
				       */
#define INS_DEAD_MS 4000                     /* a call's silence from here on is dead air */

struct ins_did {
	int64_t rows;                /* of the river */
	int facts;                   /* written */
	bool more;                   /* of the river is there */
};
/* Reads the river on from its mark (kv "insight.mark"), writes what follows and the new mark in
 * one transaction and waits for the disk. Killed at any moment it goes on where the mark is. On
 * a worker, one at a time. */
int ins_fact_step(struct store *st, struct ins_did *did);

struct ins_recount {
	int64_t rows, facts;         /* of the river; made of it */
	int64_t differ;              /* facts that were not as the river says, now mended */
	char first[64];              /* the id of one of them */
};
/* Counts all anew from the first row, up to the mark, and compares; what differs is mended. One
 * at a time with ins_fact_step; not on a loop. */
int ins_fact_recount(struct store *st, struct ins_recount *ret);

#endif
