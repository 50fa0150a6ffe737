/* learn_night_int.h: what the files of the night school share; private. */
#ifndef CALLM_LEARN_NIGHT_INT_H
#define CALLM_LEARN_NIGHT_INT_H

#include "learn_night.h"
#include "learn_model.h"

enum { NIGHT_TRAIN_MIN = 10, NIGHT_HELD_MIN = 30, NIGHT_ROWS_MAX = 200000 };

struct night {
	const struct learn_night_opts *o;
	struct store_db *db;         /* a reader */
	struct arena a;
	struct cal_zone *zone;
	int64_t now_ms, today;       /* today: local days since 1970 */
	char id[27];
	char began[32];
	jv *items;                   /* what was tried */
};
bool night_stopped(const struct night *n);
/* Wall clock; what the night was told to take for now, if it was. */
int64_t night_now(const struct night *n);
/* Local days since 1970. */
int64_t night_day(const struct night *n, int64_t ms);
/* fn on the scribe, and until it is on disk. */
int night_write(struct night *n, store_write_fn *fn, void *arg);
/* One thing tried: a row of the river, and an item of the report. item is taken over. */
int night_told(struct night *n, jv *item);
/* What could not be done, told: no reason not to do the next. rc itself when nothing more can be
 * done: a stop, a folder that may not be written. */
int night_failed(struct night *n, const char *name, const char *task, int rc, const struct err *e);

/* ---- learn_night_rows.c: turns that people labelled ---- */
struct night_row {
	sv label, text, conversation;        /* in the night's arena */
	int64_t day;                 /* of the conversation's first labelled turn */
	uint32_t group;
};
struct night_rows {
	struct night_row *v;         /* rows of one conversation stand together */
	size_t n;
	size_t unknown;              /* left out: a label that the task does not have */
	int64_t held_from;           /* days from here on are held back */
	size_t days;                 /* that have rows */
	size_t n_held;
};
/* Those with a label of the task, of the days looked back; keys begin with prefix ("label/").
 * ERR_FULL beyond NIGHT_ROWS_MAX. */
int night_rows_read(struct night *n, const char *prefix, const struct feel_task *t,
		    struct night_rows *r);
/* Chooses held_from: the newest days with a quarter of the rows of `after` on. False: there are
 * not two days. */
bool night_rows_split(struct night_rows *r, int64_t after);
/* label<TAB>text of days [from, to). */
void night_rows_put(const struct night_rows *r, int64_t from, int64_t to, struct sb *out);

/* ---- learn_night_gate.c: two tasks answer the same rows ---- */
struct night_try {
	struct learn_pair *v;
	size_t n;
	struct feel_figures was, now;        /* of the old one and of the new one */
	sv *name;                    /* of the labels in v; FEEL_LABELS_MAX */
	size_t n_name;
};
/* tsv: label<TAB>text. Labels of `was` have the same numbers in every pairing. group: a row's,
 * NULL = each its own. likely: the gain is of log likelihood instead of being right. In a. */
int night_try(struct night_try *t, struct feel_task *was, struct feel_task *now, sv tsv,
	      const uint32_t *group, bool likely, struct arena *a, struct err *e);
void night_figures(jv *item, const char *key, const struct feel_figures *f);

/* ---- the steps ---- */
int night_intents(struct night *n, struct err *e);
int night_temper_intents(struct night *n, struct err *e);
int night_temper_emotions(struct night *n, struct err *e);
int night_forecasts(struct night *n, struct err *e);
int night_policies(struct night *n, struct err *e);
int night_choices(struct night *n, struct err *e);

#endif
