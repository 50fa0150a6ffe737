/* learn_night.h: the night school: trains candidates from what people corrected, tries them on days
 * they have not seen, and puts one to use only when it is better for certain.
 *
 *	struct learn_night_opts o = { .store = st, .data = dir, .now_ms = now, ... };
 *	jv *night;
 *	rc = learn_night_run(&night, &o, &e);        a thread of its own; minutes
 *	learn_report_put(night, true, true, &sb);    the report: Chinese, HTML
 *
 * One night at a time. Killed at any moment the models in use stay as they are, and the next night
 * begins anew. docs/night.md.
 */
#ifndef CALLM_LEARN_NIGHT_H
#define CALLM_LEARN_NIGHT_H

#include "base.h"
#include "store.h"
#include "feel_task.h"

struct learn_night_opts {
	struct store *store;
	const char *data;            /* folder: files go below models/night and nights */
	int64_t now_ms;              /* 0 = the wall clock */
	const char *zone;            /* of days; NULL = UTC */
	bool dry;                    /* tries all, writes nothing */
	/* rows that every candidate learns beside the labelled ones, and rows that none may get
	 * worse at: label<TAB>text */
	sv shipped, anchors;
	struct feel_task *base;      /* what candidates begin with; may be NULL */
	sv own, own_emotion;         /* the bytes of the tasks in the program */
	int epochs, threads;         /* of training; 0 = by the rows; 0 = 1 */
	/* true: end soon. Any thread; may be NULL. */
	bool (*stopped)(void *arg);
	/* A task is in use from now on (NULL: the program's own); called after it is on disk. May
	 * be NULL. */
	void (*live)(void *arg, sv name, struct feel_task *t);
	void *arg;
};
/* Everything. *ret: {id, began, ended, state, items: [..]} as the report reads it, the caller's.
 * ERR_CANCELED when stopped; ERR_DENIED beside a server (unless dry); what the store says. */
int learn_night_run(jv **ret, const struct learn_night_opts *o, struct err *e);

/* ---- the gate: is the new one better on rows that it was not trained on? ---- */
struct learn_pair {                  /* one row, answered by both */
	uint32_t group;              /* its conversation; rows of one stand together */
	uint16_t label;              /* what it is */
	bool old_right, new_right;
	bool oos, old_oos, new_oos;  /* it is out of scope; they say so */
	double gain;                 /* of a score, new - old: shares right, or likelihood */
};
struct learn_verdict {
	const char *why;             /* "better", or why the old one is kept; static */
	size_t n, groups;
	double diff, lower;          /* mean gain; its one-sided 95 % lower bound */
	double sign_p;               /* of as many groups that gained by luck alone */
	int label;                   /* that lost too much, -1 = none */
};
/* v: rows of held-back days; guard: the anchors, or v when there are none. Conversations are the
 * units, for turns of one are alike. Better: the lower bound is above zero and the sign test over
 * conversations says so as well (p <= 0.05); and no intent lost more than `loss` of its rows (three
 * at least), no more in scope are called out of scope (2 points), not fewer out of scope are found
 * (5 points). Pure. */
void learn_gate(const struct learn_pair *v, size_t n, const struct learn_pair *guard,
		size_t n_guard, double loss, struct learn_verdict *ret);

/* ---- lists, reports ---- */
/* {"items":[{id, state, began, ended, tried, promoted}]}, newest first. */
int learn_nights_json(struct store_db *db, struct sb *out);
/* The report of a night in plain words: one HTML file, or Markdown. Pure. */
void learn_report_put(const jv *night, bool zh, bool html, struct sb *out);
/* "DATA/nights/ID.zh.html". ERR_INVAL: no such id can be. */
int learn_report_path(const char *data, sv id, bool zh, bool html, char *out, size_t n);

#endif
