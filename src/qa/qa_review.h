/* qa_review.h: reviews: from an automatic score to what people say of it, with appeal, recheck,
 * arbitration, sampling and calibration (docs/qa.md).
 *
 *	qa_watch_step(st, forms, surveys, NULL, &did);      a worker, every few seconds: scores
 * what ended
 *	...on the scribe:
 *	qa_sample(db, &(struct qa_sampling){ .per_agent = 3, .seed = 7 }, &by, &out);
 *	qa_review_mark(db, forms, id, marks, 0, &by, &e);   a person's scores
 *	qa_review_move(db, id, QR_APPEAL, SV("I did say it"), 0, &by, &e);
 *	...on a reader:
 *	qa_reviews_json(db, &query, &out);
 *
 * One review a conversation, party (the bot, or an agent) and form. A review changes only here,
 * on the scribe's thread, with its history row and its row of the river (qa.scored, qa.state,
 * qa.appeal: no words of a customer in them).
 */
#ifndef CALLM_QA_REVIEW_H
#define CALLM_QA_REVIEW_H

#include "qa.h"

/* no: not for people to look at (short, nothing to judge); nodis: scored, nobody has it; dis: a
 * reviewer has it; done: a person has scored it. */
enum qr_state { QR_NO, QR_NODIS, QR_DIS, QR_DONE, QR_RECHECK, QR_APPEAL, QR_ARBITRATE, QR_ARCHIVE,
		QR_STATES };
enum qr_role { QR_SYSTEM, QR_AGENT, QR_QUALITY, QR_SUPERVISOR, QR_ROLES };
const char *qr_state_name(enum qr_state s);      /* "no", "nodis", "dis" ... */
int qr_state_of(sv s);                           /* -1 */
/* The table alone. Beside it: an agent moves own reviews only; who rechecks or arbitrates has
 * not scored it and is not the agent (qa_review_move). */
bool qr_may_move(enum qr_state from, enum qr_state to, enum qr_role role);

struct qr_by {
	sv who;
	enum qr_role role;
	int64_t now_ms;
};
enum { QR_ID = 27, QR_REASON = 2000, QR_DAYS_APPEAL = 5, QR_DAYS_RECHECK = 5,
       QR_DAYS_ARBITRATE = 10, QR_DAYS_DIS = 7 };

/* Puts an automatic score: a new review, or the automatic part of the one that is there and that no
 * person has scored yet; nothing changes when it is the same. id gets it. On the scribe. */
int qa_review_put(struct store_db *db, sv conversation, const struct qa_talk *t,
		  const struct qa_score *s, int64_t now_ms, char id[QR_ID]);
/* Another state. From appeal an agent's done goes to where it was before. reason is wanted for
 * appeal, recheck and arbitrate. version 0 = any, else ERR_CONFLICT. ERR_NOTFOUND; ERR_DENIED,
 * ERR_STATE with words in e. On the scribe. */
int qa_review_move(struct store_db *db, sv id, enum qr_state to, sv reason, int64_t version,
		   const struct qr_by *by, struct err *e);
/* A person's marks: {"items":{ID:"pass|fail|n_a"},"comment":"..","calibration":bool}. What is
 * not named stays as the rules found it. In dis it becomes done; in recheck done again with the
 * new score; in arbitrate archive, with the last word; with calibration nothing moves, and what
 * is not named has no mark. On the scribe. ERR_INVAL, ERR_NOTFOUND, ERR_STATE, ERR_DENIED,
 * ERR_CONFLICT. */
int qa_review_mark(struct store_db *db, const struct qa_forms *fs, sv id, const jv *marks,
		   int64_t version, const struct qr_by *by, struct err *e);
/* What is due: done without appeal is archived, an appeal nobody decided goes to arbitration, a
 * review nobody scored goes back to the pool. At most 200 a call. On the scribe. */
int qa_review_tick(struct store_db *db, int64_t now_ms, int *moved);

/* ---- sampling ---- */

struct qa_sampling {
	int64_t from_ms, to_ms;      /* conversations ended in; 0,0 = the last 7 days */
	int per_agent;               /* reviews each party may have in that time; 0 = 3 */
	int risk_share;              /* percent of those by risk, the rest at random; 0 = 50 */
	uint64_t seed;
	sv form;                     /* empty = any */
	const sv *reviewers;         /* in turn; none: they wait in dis for whoever takes one */
	size_t n_reviewers;
};
/* Chooses among nodis reviews and moves them to dis; each says why it was chosen. The same seed and
 * rows choose the same. On the scribe; out gets {"picked":[{"id","agent","why":[..]}],..}. */
int qa_sample(struct store_db *db, const struct qa_sampling *o, const struct qr_by *by,
	      struct sb *out);

/* ---- the watcher ---- */

struct qa_surveys;                   /* qa_survey.h */
struct qa_did {
	int rows, scored, answers, failed;
	bool more;                   /* call again at once */
};
/* Reads the river on from its mark, scores what ended since and takes in survey answers.
 * Blocking, a worker's thread; safe to break off and begin again at any time. What fails for
 * one conversation holds up no other; ERR_CANCELED of the mind ends the step, all of it is done
 * again. */
int qa_watch_step(struct store *st, const struct qa_forms *fs, const struct qa_surveys *surveys,
		  const struct qa_mind *mind, struct qa_did *did);

/* ---- reading ---- */

struct qr_query {
	sv state, agent, form, reviewer, conversation;   /* empty = any */
	sv cursor;
	int limit;                   /* 1..200 */
};
/* {"items":[..],"next":CURSOR|null}. ERR_INVAL: cursor. */
int qa_reviews_json(struct store_db *db, const struct qr_query *q, struct sb *out);
/* One whole: automatic and people's marks, history, where this role may move it. agent not empty:
 * ERR_NOTFOUND unless it is theirs. */
int qa_review_json(struct store_db *db, sv id, sv agent, enum qr_role role, int64_t *version,
		   struct sb *out);
/* {"items":[{"item","n","raters","agree","kappa"}],"reviews":..}: people who scored the same
 * reviews, Cohen for two, Fleiss for several; and people against the rules. form may be empty. */
int qa_calibration_json(struct store_db *db, sv form, struct sb *out);

#endif
