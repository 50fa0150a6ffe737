/* eval_flywheel.h: the proof of the flywheel (docs/flywheel.md): a fifth of the articles is
 * deleted, customers ask, people answer what the bot cannot, and the deleted articles must come
 * back as drafts.
 *
 *	jv *result;
 *	eval_flywheel(&(struct eval_fly_opts){ .store = st, .seed = 1 }, &result, &e);
 *
 * The search is the real one, the rows are those of real conversations; customers and agents are
 * made by a seeded generator (eval_fly_say.c): several agents who word an article's sentences each
 * their own way, with greetings, personal data, small talk, mistakes and wrong numbers.
 */
#ifndef CALLM_EVAL_FLYWHEEL_H
#define CALLM_EVAL_FLYWHEEL_H

#include "base.h"
#include "kb.h"
#include "store.h"

struct eval_fly_opts {
	struct store *store;     /* with articles; it is changed */
	uint64_t seed;
	double deleted;          /* share; 0 = 0.2 */
	size_t conversations;    /* 0 = 3000 */
	/* groups of articles that are asked about; 0 = all (fewer: a small form). */
	size_t groups;
	/* "group<TAB>question" lines that are part of what customers ask, by language en, zh. */
	sv ask[2];
	/* the same, asked before and after only. */
	sv held[2];
	sv oos[2];               /* a question a line that nobody answers; may be empty */
	bool keep;               /* drafts in the result, and questions not answered rightly */
	/* Search by meaning, NULL = by words: an index of the store with all vectors, and a
	 * question's vector (one of each living until the next call). */
	int (*index)(void *arg, struct store *st, struct kb_index **ret, struct err *e);
	kb_vec_fn *vec;
	void *arg;               /* of both */
};
/* Blocking; on no loop. {articles, deleted, conversations, rows, questions, gone_wrong, gaps,
 * drafts, right, wrong, twice, edits, edits_right, blocked, back, recall, precision, contradict,
 * alarms (of the check of facts, about true values too), coverage: {held: {n, before, after,
 * wrong_before, wrong_after, of_deleted, of_deleted_back, of_deleted_right, of_deleted_other,
 * of_heard, of_heard_right (of deleted ones in a way that was asked in the four weeks; traffic
 * alone)}, traffic: {..}, unanswerable: {..} (right = declined)}, list: [..], missed: [..]}. */
int eval_flywheel(const struct eval_fly_opts *o, jv **ret, struct err *e);

/* One number changed in n articles (seeded), each beside the article it was made of, and in place
 * against its translation: {n, found, found_translation, false_alarms, articles}. */
int eval_contradictions(struct store *st, uint64_t seed, size_t n, jv **ret, struct err *e);

#endif
