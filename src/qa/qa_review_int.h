/* qa_review_int.h: a review in hand; qa_review.c, qa_person.c, qa_sample.c. */
#ifndef CALLM_QA_REVIEW_INT_H
#define CALLM_QA_REVIEW_INT_H

#include "qa_review.h"

enum { QR_TICKED = 200, QR_REASON_LEAST = 4 };
#define DAY_MS 86400000ll

struct review {
	struct arena a;              /* of the strings */
	char id[QR_ID];
	sv conversation, agent, form, reviewer, before_appeal, marks;
	enum qr_state state;
	int form_version;
	double score;                /* negative = none */
	bool taboo, passed;
	int64_t ended_ms, due_ms, version;
};
/* r is to be ended by review_done, also after an error. ERR_NOTFOUND. */
int review_load(struct store_db *db, sv id, struct review *r);
void review_done(struct review *r);
/* The state alone, with its deadline, history and row of the river. text may be empty. */
int review_to(struct store_db *db, struct review *r, enum qr_state to, sv text,
	      const struct qr_by *by);
/* 1: this person's scores count in it, in whatever round (not for calibration); 0; or an error. */
int review_scored_by(struct store_db *db, const struct review *r, sv who);
/* A score; negative = none. */
static inline void review_bind_score(struct store_stmt *q, int i, double d)
{
	if (d < 0)
		store_bind_sv(q, i, SV_NULL);
	else
		store_bind_num(q, i, d);
}
/* Whose hands may not touch it: agents see their own, nobody judges their own. */
int review_allowed(const struct review *r, const struct qr_by *by, struct err *e);

/* qa_risk.c: why people should look at this one. [{"kind","text"}] into why; the sum of weights. */
double qa_risk(const struct qa_talk *t, const struct qa_score *s, struct sb *why);

#endif
