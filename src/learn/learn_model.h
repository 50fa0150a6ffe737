/* learn_model.h: the registry of what the night school made: each version of a model, what it was
 * trained on, its scores, and which one is in use.
 *
 *	learn_model_put(db, &m);                     the scribe: a candidate, m.version is given
 *	learn_model_promote(db, name, version, by, now);
 *	learn_model_back(db, name, by, now, &to);    the one before again; 0 = the program's own
 *	learn_model_live(db, name, &m, &a);          a reader
 *
 * Files lie below the data folder, never changed once they are there. docs/night.md.
 */
#ifndef CALLM_LEARN_MODEL_H
#define CALLM_LEARN_MODEL_H

#include "base.h"
#include "store.h"

struct feel_task;

#define LEARN_MODEL_NAME 100             /* bytes, with the end */

struct learn_model {
	sv name;                         /* "intent", "forecast/queue/sales" */
	int64_t version;                 /* from 1; 0 = the one in the program */
	sv state, kind, file, hash;      /* hash: SHA-256 of the file, hex */
	int64_t rows, from_day, to_day;
	sv scores, night, promoted_by;   /* scores: a JSON object */
	int64_t made_ms, live_ms, retired_ms;
};
/* A new candidate with the next version of its name. On the scribe. */
int learn_model_put(struct store_db *db, struct learn_model *m);
/* A candidate is in use from now on, what was is retired; in one savepoint with a row of the river
 * ("model.live"). On the scribe. ERR_NOTFOUND: no such candidate. */
int learn_model_promote(struct store_db *db, sv name, int64_t version, sv by, int64_t now_ms);
/* Takes the live one back: what was in use before it is again (*to its version, 0 = the program's
 * own), with a row of the river ("model.back"). On the scribe. ERR_NOTFOUND: none is live. */
int learn_model_back(struct store_db *db, sv name, sv by, int64_t now_ms, int64_t *to);
/* Candidates that no night will promote any more become retired. On the scribe. */
int learn_model_sweep(struct store_db *db, int64_t now_ms);
/* What is in use, its texts in a. ERR_NOTFOUND: the program's own. */
int learn_model_live(struct store_db *db, sv name, struct learn_model *m, struct arena *a);
/* An array, by name, newest first. */
int learn_models_json(struct store_db *db, sv name, struct sb *out);

/* SHA-256 of a file as hex. ERR_NOTFOUND, ERR_TOOBIG, ERR_IO. */
int learn_model_hash(const char *path, char out[65], struct err *e);
/* The live model of a text task from its file, which must be as it was. *ret NULL: the program's
 * own is meant. base: feel_task_base's. On any thread. ERR_CORRUPT and what reading says: *ret is
 * NULL then as well. The caller unrefs *ret. */
int learn_model_load(struct store_db *db, const char *data, sv name, struct feel_task *base,
		     struct feel_task **ret, struct err *e);

#endif
