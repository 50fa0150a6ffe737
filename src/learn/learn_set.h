/* learn_set.h: test sets: questions that must find an article, asked of the index as customers ask
 * it, again and again; and of an index that a draft would make (docs/kb.md).
 *
 *	learn_set_read(text, &a, &rows, &faults);              TSV or CSV
 *	learn_set_put(db, &put);                               the scribe
 *	learn_set_order(db, &order);                           the scribe: somebody wants a run
 *	learn_sets_work(&work, &n, &e);                        a worker: runs what waits
 *	learn_set_run_json(db, run, SV(""), &out);             what became right, what wrong
 *
 * A run that was ordered is a row: a stop of the server loses none.
 */
#ifndef CALLM_LEARN_SET_H
#define CALLM_LEARN_SET_H

#include "base.h"
#include "store.h"
#include "kb.h"

#define LEARN_SETS 100
#define LEARN_SET_QUESTIONS 5000     /* of a set */
#define LEARN_SET_RUNS 60            /* kept of a set; and so many with drafts */
#define LEARN_SET_ANSWERS 2000000    /* kept of all runs, but the last one of each set stays */
#define LEARN_SET_TEXT 1000          /* bytes of a question */
#define LEARN_SET_NAME 240           /* bytes */

struct learn_set_row {
	sv question, lang;
	sv article;                  /* an article's id or its group; "" = nothing answers it */
};
struct learn_set_rows {
	struct learn_set_row *v;
	size_t n, cap;
};
/* Lines "question, lang, article" or "question, article", apart by tabs, commas or semicolons, a
 * field with those in quotes; a first line may name the columns. "-" for article: nothing answers.
 * Without lang: by the text's script. Whole or not at all: ERR_INVAL with each bad line in faults
 * (the caller's, up to 50). Texts in a. VEC_FREE(ret). */
int learn_set_read(sv text, struct arena *a, struct learn_set_rows *ret,
		   struct cfg_report *faults);

/* What is wrong with one row, or NULL; static. mend: how to mend it. */
const char *learn_set_bad(const struct learn_set_row *x, const char **mend);
/* "-", "none": the words of a table for "nothing answers it". */
bool learn_set_nothing(sv article);

/* ---- changes: on the scribe ---- */
struct learn_set_put {
	sv set;                      /* "": a new one, of that name */
	sv name;                     /* "": as it is */
	const struct learn_set_row *row;
	size_t n;                    /* a question that is there gets the row's article */
	sv by;
	int64_t now_ms;
	/* filled: */
	char id[27];
	int64_t added, changed, same;
	const char *why;             /* of a refusal; static */
};
/* 0; ERR_NOTFOUND, ERR_EXISTS (the name), ERR_INVAL, ERR_STATE (too many). */
int learn_set_put(struct store_db *db, struct learn_set_put *p);
/* Nobody sees its runs from then on; learn_sets_work takes them away. ERR_NOTFOUND. */
int learn_set_drop(struct store_db *db, sv set);
int learn_set_cut(struct store_db *db, sv set, int64_t n);       /* a question; ERR_NOTFOUND */
struct learn_set_order {
	sv set, by;
	sv draft;                    /* "": the index as it is */
	int64_t now_ms;
	/* filled; the one that waits already when it is the same. */
	char run[27];
};
/* 0; ERR_NOTFOUND (set or draft), ERR_STATE (the draft is decided, or the set is empty). */
int learn_set_order(struct store_db *db, struct learn_set_order *o);

/* ---- runs: on a worker ---- */
struct learn_set_work {
	struct store *store;
	struct snap *kb;
	/* Vectors, where the index has some: of a question; of the texts that kb_dense_behind tells
	 * of, into d. Both or none (words alone). */
	kb_vec_fn *question;
	int (*passages)(void *arg, const struct kb_index *ix, struct kb_dense *d);
	sv model;                    /* whose vectors */
	/* Of this process; runs of another are not taken over: it may have ranked otherwise. */
	uint64_t process;
	bool (*stopped)(void *arg);  /* may be NULL; what waits goes on waiting */
	void *arg;
};
/* Runs what waits, oldest first, and takes away what is gone; ret_runs: how many came to an end.
 * Waits for the scribe. 0, ERR_CANCELED, ERR_DB; a run that cannot be done is a row "failed". */
int learn_sets_work(const struct learn_set_work *w, size_t *ret_runs);
/* Is there work: a run that waits, or rows to take away? */
bool learn_sets_wait(struct store_db *db);

/* ---- as JSON; on a worker ---- */
/* {"items": [{id, name, questions, waiting, last: RUN or null}]} */
int learn_sets_json(struct store_db *db, struct sb *out);
int learn_set_json(struct store_db *db, sv set, struct sb *out);         /* ERR_NOTFOUND */
/* {"items":[{n, question, lang, article, known}], "next"}; cursor: n of the last row. */
int learn_set_questions_json(struct store_db *db, sv set, int64_t cursor, int limit,
			     struct sb *out);
/* Newest first, those with a draft left out unless drafts. */
int learn_set_runs_json(struct store_db *db, sv set, bool drafts, struct sb *out);
/* A run, the one it is held against ("": of its own, or the one before), and what differs:
 * better, worse, other: [{n, question, lang, article, before, after}], 200 each at most.
 * "against" is null when there is none, or none any more. ERR_NOTFOUND (the run, or the one that
 * was asked for). */
int learn_set_run_json(struct store_db *db, sv run, sv against, struct sb *out);
/* {"items":[{n, question, lang, article, outcome, ..}], "next"} of a run; outcome "": all. */
int learn_set_answers_json(struct store_db *db, sv run, sv outcome, int64_t cursor, int limit,
			   struct sb *out);

#endif
