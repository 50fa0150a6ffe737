/* qa_person.c: what people say of a review, and what its deadlines do. On the scribe. */
#include "qa_review_int.h"
#include "guard.h"
#include "qa_int.h"

static int put_mark(struct store_db *db, const struct review *r, const char *round, double score,
		    sv items, sv comment, const struct qr_by *by)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO qa_mark (review, by_whom, round, score, items, comment, "
			    "at_ms) VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (review, by_whom, "
			    "round) DO UPDATE SET score=excluded.score, items=excluded.items, "
			    "comment=excluded.comment, at_ms=excluded.at_ms");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->id));
	store_bind_sv(q, 2, by->who);
	store_bind_sv(q, 3, sv_of(round));
	review_bind_score(q, 4, score);
	store_bind_sv(q, 5, items);
	store_bind_sv(q, 6, comment.p ? comment : SV(""));
	store_bind_int(q, 7, by->now_ms);
	return store_run(q);
}

/* The marks as they count: what the rules found, over it what the person says; alone: only that. */
static int settle(const struct qa_form *f, const struct review *r, const jv *items, bool alone,
		  enum qa_state states[QA_ITEMS], struct err *e)
{
	void *it = NULL;
	sv key;
	jv *v, *marks = alone ? NULL : jv_parse(r->marks, NULL);
	for (size_t i = 0; i < qa_form_items(f); i++)
		states[i] = QA_NA;
	for (size_t i = 0; i < jv_len(marks); i++) {
		int at = qa_form_find(f, jv_get_str(jv_at(marks, i), "item"));
		int s = qa_state_of(jv_get_str(jv_at(marks, i), "state"));
		if (at >= 0 && s >= 0)
			states[at] = (enum qa_state)s;
	}
	jv_free(marks);
	while (jv_next(items, &it, &key, &v)) {
		int at = qa_form_find(f, key), s = qa_state_of(jv_as_str(v));
		if (at < 0)
			return err_set(e, ERR_INVAL, "The form has no item \"%.40s\".", key.p);
		if (s < 0 || s == QA_ABSTAIN)
			return err_set(e, ERR_INVAL, "%.40s must be pass, fail or n_a.", key.p);
		states[at] = (enum qa_state)s;
	}
	return 0;
}

/* Which round this is; NULL and e: not now, or not by this person. */
static const char *round_of(struct store_db *db, const struct review *r, bool calibration,
			    const struct qr_by *by, int *rc, struct err *e)
{
	bool look = by->role == QR_QUALITY || by->role == QR_SUPERVISOR;
	int scored = review_scored_by(db, r, by->who);
	*rc = scored < 0 ? scored : review_allowed(r, by, e);
	if (*rc)
		return NULL;
	if (!look)
		*rc = err_set(e, ERR_DENIED, "Scores are for people of quality.");
	else if (calibration)
		return r->state == QR_NO ?
			       (*rc = err_set(e, ERR_STATE, "There is nothing to judge."),
				NULL) :
			       "calibration";
	else if (r->state == QR_DIS && r->reviewer.n && !sv_eq(r->reviewer, by->who))
		*rc = err_set(e, ERR_DENIED, "Somebody else has this review.");
	else if (r->state == QR_DIS)
		return "review";
	else if (r->state == QR_RECHECK && scored)
		*rc = err_set(e, ERR_DENIED, "Who scored it does not recheck it.");
	else if (r->state == QR_RECHECK)
		return "recheck";
	else if (r->state == QR_ARBITRATE && !qr_may_move(r->state, QR_ARCHIVE, by->role))
		*rc = err_set(e, ERR_DENIED, "Supervisors decide here.");
	else if (r->state == QR_ARBITRATE && scored)
		*rc = err_set(e, ERR_DENIED, "Who scored it does not decide on it.");
	else if (r->state == QR_ARBITRATE)
		return "arbitrate";
	else
		*rc = err_set(e, ERR_STATE, "In state %s nobody scores.", qr_state_name(r->state));
	return NULL;
}

static int mark(struct store_db *db, const struct qa_form *f, struct review *r, const jv *o,
		const struct qr_by *by, struct err *e)
{
	enum qa_state states[QA_ITEMS];
	int rc = 0;
	bool taboo, calibration = jv_get_bool(o, "calibration", false);
	const char *round = round_of(db, r, calibration, by, &rc, e);
	if (round)
		rc = settle(f, r, jv_get(o, "items"), calibration, states, e);
	if (rc)
		return rc;
	struct arena a;
	struct sb items;
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&items, LIM_SB);
	double score = qa_sum(f, states, qa_form_items(f), &taboo);
	sb_ch(&items, '{');
	for (size_t i = 0; i < qa_form_items(f); i++) {
		if (calibration && !jv_member(jv_get(o, "items"), qa_form_item(f, i)))
			continue;
		sb_cstr(&items, items.n > 1 ? "," : "");
		sb_json(&items, qa_form_item(f, i));
		sb_fmt(&items, ":\"%s\"", qa_state_name(states[i]));
	}
	sb_ch(&items, '}');
	sv comment = guard_model_text(jv_get_str(o, "comment"), &a);
	rc = put_mark(db, r, round, score, sb_sv(&items), comment, by);
	if (rc == 0 && !calibration) {
		r->score = score;
		r->taboo = taboo;
		r->passed = qa_passes(f, score, taboo);
		r->form_version = qa_form_version(f);
		r->reviewer = by->who;
		rc = review_to(db, r, r->state == QR_ARBITRATE ? QR_ARCHIVE : QR_DONE, comment, by);
	}
	sb_done(&items);
	arena_done(&a);
	return rc;
}

int qa_review_mark(struct store_db *db, const struct qa_forms *fs, sv id, const jv *marks,
		   int64_t version, const struct qr_by *by, struct err *e)
{
	struct review r;
	int rc = review_load(db, id, &r);
	const struct qa_form *f = rc ? NULL : qa_forms_find(fs, r.form);
	const jv *items = jv_get(marks, "items");
	if (rc == ERR_NOTFOUND)
		err_set(e, rc, "There is no such review.");
	else if (rc == 0 && version && version != r.version)
		rc = err_set(e, ERR_CONFLICT, "It has changed since you looked.");
	else if (rc == 0 && !f)
		rc = err_set(e, ERR_STATE, "Its form is not in use any more.");
	else if (rc == 0 && !jv_is_obj(items))
		rc = err_set(e, ERR_INVAL, "items must be an object of item: pass, fail or n_a.");
	else if (rc == 0 && jv_get_str(marks, "comment").n > QR_REASON)
		rc = err_set(e, ERR_INVAL, "The comment is too long.");
	if (rc == 0)
		rc = mark(db, f, &r, marks, by, e);
	review_done(&r);
	return rc;
}

/* ---- deadlines ---- */

static int due(struct store_db *db, int64_t now_ms, char ids[QR_TICKED][QR_ID])
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
				   "SELECT id FROM qa_review WHERE due_ms<=?1 AND state IN "
				   "('dis','done','recheck','appeal') ORDER BY due_ms LIMIT ?2");
	if (rc)
		return rc;
	store_bind_int(q, 1, now_ms);
	store_bind_int(q, 2, QR_TICKED);
	while ((rc = store_step(q)) == 1) {
		sv id = store_col_sv(q, 0);
		memcpy(ids[n], id.p, id.n < QR_ID - 1 ? id.n : QR_ID - 1);
		ids[n++][QR_ID - 1] = 0;
	}
	store_reset(q);
	return rc < 0 ? rc : n;
}

int qa_review_tick(struct store_db *db, int64_t now_ms, int *moved)
{
	static const enum qr_state next[QR_STATES] = { [QR_DIS] = QR_NODIS,
						       [QR_DONE] = QR_ARCHIVE,
						       [QR_RECHECK] = QR_ARBITRATE,
						       [QR_APPEAL] = QR_ARBITRATE };
	char(*ids)[QR_ID] = xalloc(QR_TICKED * QR_ID);
	struct qr_by by = { .who = SV("system"), .role = QR_SYSTEM, .now_ms = now_ms };
	int n = due(db, now_ms, ids), rc = n < 0 ? n : 0;
	*moved = 0;
	for (int i = 0; i < n && rc == 0; i++) {
		struct review r;
		rc = review_load(db, sv_of(ids[i]), &r);
		if (rc == 0 && !qr_may_move(r.state, next[r.state], by.role))
			rc = ERR_STATE;
		if (rc == 0) {
			r.reviewer = r.state == QR_DONE ? r.reviewer : SV("");
			rc = review_to(db, &r, next[r.state], SV("the time was over"), &by);
		}
		review_done(&r);
		*moved += rc == 0;
	}
	xfree(ids);
	return rc;
}
