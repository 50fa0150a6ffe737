/* qa_review.c: a review's row: made from a score, moved from state to state.
 *
 * On the scribe's thread, within its savepoint: the row, its history and the row of the river are
 * there together or not at all. The river's rows stand outside a conversation's numbers; they name
 * it in their body. */
#include "qa_review_int.h"
#include "guard.h"
#include "qa_int.h"

#include <stdio.h>

/* ---- a row in hand ---- */

void review_done(struct review *r)
{
	arena_done(&r->a);
}

static double num(struct store_stmt *q, int i)
{
	return store_col_null(q, i) ? -1 : store_col_num(q, i);
}

int review_load(struct store_db *db, sv id, struct review *r)
{
	struct store_stmt *q;
	*r = (struct review){ 0 };
	arena_init(&r->a, LIM_SB * 4);
	int rc = store_prep(db, &q,
			    "SELECT id, conversation, agent, form, reviewer, before_appeal, "
			    "marks, state, form_version, score, taboo, passed, ended_ms, "
			    "due_ms, version FROM qa_review WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1) {
		sv *const text[] = { &r->conversation, &r->agent, &r->form, &r->reviewer,
				     &r->before_appeal, &r->marks };
		(void)snprintf(r->id, sizeof(r->id), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		for (int i = 0; i < 6; i++)
			*text[i] = arena_sv(&r->a, store_col_sv(q, i + 1));
		r->state = (enum qr_state)qr_state_of(store_col_sv(q, 7));
		r->form_version = (int)store_col_int(q, 8);
		r->score = num(q, 9);
		r->taboo = store_col_int(q, 10) != 0;
		r->passed = store_col_int(q, 11) != 0;
		r->ended_ms = store_col_int(q, 12);
		r->due_ms = store_col_int(q, 13);
		r->version = store_col_int(q, 14);
	}
	store_reset(q);
	return rc < 0 ? rc : rc ? 0 : ERR_NOTFOUND;
}

static void bind_time(struct store_stmt *q, int i, int64_t ms)
{
	if (ms)
		store_bind_int(q, i, ms);
	else
		store_bind_sv(q, i, SV_NULL);
}

/* Writes what may change, counts the version up. */
static int review_save(struct store_db *db, struct review *r, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE qa_review SET state=?2, score=?3, taboo=?4, passed=?5, "
			    "reviewer=?6, before_appeal=?7, due_ms=?8, changed_ms=?9, "
			    "form_version=?10, version=version+1 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->id));
	store_bind_sv(q, 2, sv_of(qr_state_name(r->state)));
	review_bind_score(q, 3, r->score);
	store_bind_int(q, 4, r->taboo);
	store_bind_int(q, 5, r->passed);
	store_bind_sv(q, 6, r->reviewer);
	store_bind_sv(q, 7, r->before_appeal);
	bind_time(q, 8, r->due_ms);
	store_bind_int(q, 9, now_ms);
	store_bind_int(q, 10, r->form_version);
	return store_run(q);
}

/* ---- history and river ---- */

static int river(struct store_db *db, const struct review *r, const char *kind, const jv *more,
		 const struct qr_by *by)
{
	struct sb b;
	jv *o = more ? jv_copy(more) : jv_obj();
	jv_set_str(o, "review", sv_of(r->id));
	jv_set_str(o, "conversation", r->conversation);
	jv_set_str(o, "agent", r->agent);
	jv_set_str(o, "form", r->form);
	sb_init(&b, LIM_SB);
	jv_dump(o, &b);
	jv_free(o);
	int rc = store_event_put(db, &(struct store_event){ .ts_ms = by->now_ms,
							    .kind = sv_of(kind),
							    .actor = by->who,
							    .body = sb_sv(&b) });
	sb_done(&b);
	return rc;
}

static int history(struct store_db *db, const struct review *r, const char *from, sv text,
		   const struct qr_by *by)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO qa_event (review, n, at_ms, by_whom, from_state, to_state, "
		"text) SELECT ?1, COALESCE(MAX(n),0)+1, ?2, ?3, ?4, ?5, ?6 FROM "
		"qa_event WHERE review=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->id));
	store_bind_int(q, 2, by->now_ms);
	store_bind_sv(q, 3, by->who);
	store_bind_sv(q, 4, sv_of(from));
	store_bind_sv(q, 5, sv_of(qr_state_name(r->state)));
	store_bind_sv(q, 6, text.p ? text : SV(""));
	return store_run(q);
}

static int64_t deadline(enum qr_state s, int64_t now_ms)
{
	static const int days[QR_STATES] = { [QR_DIS] = QR_DAYS_DIS,
					     [QR_DONE] = QR_DAYS_APPEAL,
					     [QR_RECHECK] = QR_DAYS_RECHECK,
					     [QR_APPEAL] = QR_DAYS_RECHECK,
					     [QR_ARBITRATE] = QR_DAYS_ARBITRATE };
	return days[s] ? now_ms + days[s] * DAY_MS : 0;
}

/* When its appeal time is over that ran before an appeal was taken back; 0 = unknown. */
static int due_before(struct store_db *db, const struct review *r, int64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT MAX(at_ms) FROM qa_event WHERE review=?1 AND to_state='done' "
			    "AND from_state<>'appeal'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->id));
	rc = store_step(q);
	*ret = rc == 1 && !store_col_null(q, 0) ? deadline(QR_DONE, store_col_int(q, 0)) : 0;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int review_to(struct store_db *db, struct review *r, enum qr_state to, sv text,
	      const struct qr_by *by)
{
	const char *from = qr_state_name(r->state);
	jv *o = jv_obj();
	jv_set_str(o, "from", sv_of(from));
	jv_set_str(o, "to", sv_of(qr_state_name(to)));
	jv_set_str(o, "by", by->who);
	bool taken_back = r->state == QR_APPEAL && to == QR_DONE;
	r->state = to;
	r->due_ms = deadline(to, by->now_ms);
	int rc = taken_back ? due_before(db, r, &r->due_ms) : 0;
	if (rc == 0)
		rc = review_save(db, r, by->now_ms);
	if (rc == 0)
		rc = history(db, r, from, text, by);
	if (rc == 0)
		rc = river(db, r, "qa.state", o, by);
	if (rc == 0 && to == QR_APPEAL) {
		jv_set_str(o, "reason", text);
		rc = river(db, r, "qa.appeal", o, by);
	}
	jv_free(o);
	return rc;
}

int review_scored_by(struct store_db *db, const struct review *r, sv who)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT 1 FROM qa_mark WHERE review=?1 AND by_whom=?2 AND "
			    "round<>'calibration' LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->id));
	store_bind_sv(q, 2, who);
	rc = store_step(q);
	store_reset(q);
	return rc;
}

int review_allowed(const struct review *r, const struct qr_by *by, struct err *e)
{
	if (by->role == QR_AGENT && !sv_eq(r->agent, by->who))
		return err_set(e, ERR_NOTFOUND, "There is no such review.");
	if (by->role != QR_AGENT && by->role != QR_SYSTEM && sv_eq(r->agent, by->who))
		return err_set(e, ERR_DENIED, "Nobody judges their own work.");
	return 0;
}

/* ---- moving ---- */

static bool wants_reason(enum qr_state from, enum qr_state to)
{
	return to == QR_APPEAL || to == QR_RECHECK || to == QR_ARBITRATE ||
	       (from == QR_ARBITRATE && to == QR_ARCHIVE);
}

static int check(struct store_db *db, const struct review *r, enum qr_state to, sv reason,
		 int64_t version, const struct qr_by *by, struct err *e)
{
	int rc = review_allowed(r, by, e);
	if (rc)
		return rc;
	if (version && version != r->version)
		return err_set(e, ERR_CONFLICT, "It has changed since you looked.");
	if (!qr_may_move(r->state, to, by->role)) {
		for (int role = 0; role < QR_ROLES; role++)
			if (qr_may_move(r->state, to, (enum qr_role)role))
				return err_set(e, ERR_DENIED, "Not with your role.");
		return err_set(e, ERR_STATE, "From %s it does not go to %s.",
			       qr_state_name(r->state), qr_state_name(to));
	}
	if (to == QR_DONE && by->role != QR_AGENT)
		return err_set(e, ERR_STATE, "It is done when scores are put (PUT).");
	if (wants_reason(r->state, to) && by->role != QR_SYSTEM &&
	    (sv_runes(sv_trim(reason)) < QR_REASON_LEAST || reason.n > QR_REASON))
		return err_set(e, ERR_INVAL, "A reason of %d to %d characters is wanted.",
			       QR_REASON_LEAST, QR_REASON);
	if (r->state == QR_DONE && to == QR_APPEAL && r->due_ms && by->now_ms > r->due_ms)
		return err_set(e, ERR_STATE, "The time to appeal is over.");
	rc = r->state == QR_ARBITRATE ? review_scored_by(db, r, by->who) : 0;
	return rc == 1 ? err_set(e, ERR_DENIED, "Who scored it does not decide on it.") : rc;
}

int qa_review_move(struct store_db *db, sv id, enum qr_state to, sv reason, int64_t version,
		   const struct qr_by *by, struct err *e)
{
	struct review r;
	struct arena a;
	int rc = review_load(db, id, &r);
	arena_init(&a, LIM_ARENA_TURN);
	if (rc == ERR_NOTFOUND)
		err_set(e, rc, "There is no such review.");
	/* Who takes an appeal back says "done": it goes to where it was. */
	if (rc == 0 && r.state == QR_APPEAL && to == QR_DONE &&
	    sv_eq(r.before_appeal, sv_of(qr_state_name(QR_NODIS))))
		to = QR_NODIS;
	if (rc == 0)
		rc = check(db, &r, to, reason, version, by, e);
	if (rc == 0) {
		/* Reasons go into the river, which never changes: without personal data. */
		sv text = guard_model_text(reason, &a);
		if (to == QR_APPEAL)
			r.before_appeal = sv_of(qr_state_name(r.state));
		if (to == QR_DIS && !r.reviewer.n)
			r.reviewer = by->who;
		if (to == QR_NODIS || to == QR_RECHECK || to == QR_ARBITRATE)
			r.reviewer = SV("");
		rc = review_to(db, &r, to, text, by);
	}
	arena_done(&a);
	review_done(&r);
	return rc;
}

/* ---- the automatic score ---- */

static int find(struct store_db *db, sv conversation, sv agent, sv form, char id[QR_ID],
		enum qr_state *state)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT id, state FROM qa_review WHERE conversation=?1 AND agent=?2 AND "
		"form=?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	store_bind_sv(q, 2, agent);
	store_bind_sv(q, 3, form);
	rc = store_step(q);
	if (rc == 1) {
		(void)snprintf(id, QR_ID, SV_FMT, SV_ARG(store_col_sv(q, 0)));
		*state = (enum qr_state)qr_state_of(store_col_sv(q, 1));
	}
	store_reset(q);
	return rc < 0 ? rc : rc ? 0 : ERR_NOTFOUND;
}

/* Somebody said something, and something could be judged. */
static bool worth_it(const struct qa_talk *t, const struct qa_score *s)
{
	size_t asked = 0;
	for (size_t i = 0; i < t->n; i++)
		asked += t->v[i].who == QW_CUSTOMER;
	return asked > 0 && s->judged > 0;
}

static const char upsert[] =
	"INSERT INTO qa_review (id, conversation, agent, form, form_version, state, channel, "
	"language, auto_score, score, taboo, passed, marks, risk, risks, ended_ms, created_ms, "
	"changed_ms) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,NULL,?10,?11,?12,?13,?14,?15,?16,?16) "
	"ON CONFLICT (conversation, agent, form) DO UPDATE SET form_version=excluded.form_version, "
	"state=excluded.state, auto_score=excluded.auto_score, taboo=excluded.taboo, "
	"passed=excluded.passed, marks=excluded.marks, risk=excluded.risk, risks=excluded.risks, "
	"changed_ms=excluded.changed_ms, version=qa_review.version+1 WHERE "
	"qa_review.form_version<>excluded.form_version OR qa_review.state<>excluded.state OR "
	"COALESCE(qa_review.auto_score,-1)<>COALESCE(excluded.auto_score,-1) OR "
	"qa_review.passed<>excluded.passed OR qa_review.marks<>excluded.marks OR "
	"qa_review.risks<>excluded.risks";

static int write_row(struct store_db *db, const struct review *r, const struct qa_talk *t,
		     const struct qa_score *s, int64_t now_ms)
{
	struct store_stmt *q;
	struct sb marks, why;
	int rc = store_prep(db, &q, upsert);
	if (rc)
		return rc;
	sb_init(&marks, LIM_SB);
	sb_init(&why, LIM_SB);
	qa_marks_json(s, &marks);
	double risk = qa_risk(t, s, &why);
	store_bind_sv(q, 1, sv_of(r->id));
	store_bind_sv(q, 2, r->conversation);
	store_bind_sv(q, 3, r->agent);
	store_bind_sv(q, 4, r->form);
	store_bind_int(q, 5, qa_form_version(s->form));
	store_bind_sv(q, 6, sv_of(qr_state_name(r->state)));
	store_bind_sv(q, 7, t->channel.p ? t->channel : SV(""));
	store_bind_sv(q, 8, t->lang.p ? t->lang : SV(""));
	review_bind_score(q, 9, s->score);
	store_bind_int(q, 10, s->taboo);
	store_bind_int(q, 11, s->passed);
	store_bind_sv(q, 12, sb_sv(&marks));
	store_bind_num(q, 13, risk);
	store_bind_sv(q, 14, sb_sv(&why));
	store_bind_int(q, 15, r->ended_ms);
	store_bind_int(q, 16, now_ms);
	rc = store_run(q);
	if (rc == 0 && (sb_err(&marks) || sb_err(&why)))
		rc = ERR_TOOBIG;
	sb_done(&marks);
	sb_done(&why);
	return rc;
}

int qa_review_put(struct store_db *db, sv conversation, const struct qa_talk *t,
		  const struct qa_score *s, int64_t now_ms, char id[QR_ID])
{
	struct review r = { .conversation = conversation, .agent = s->party,
			    .form = qa_form_id(s->form), .state = QR_NODIS };
	struct qr_by by = { .who = SV("system"), .role = QR_SYSTEM, .now_ms = now_ms };
	enum qr_state was = QR_NO;
	int rc = find(db, conversation, s->party, r.form, r.id, &was);
	bool fresh = rc == ERR_NOTFOUND;
	if (rc && !fresh)
		return rc;
	if (fresh)
		id_new(r.id);
	memcpy(id, r.id, QR_ID);
	if (!fresh && was != QR_NO && was != QR_NODIS)
		return 0;                /* a person has it: what they saw stays */
	if (!worth_it(t, s))
		r.state = QR_NO;
	r.ended_ms = t->ended_ms ? t->ended_ms : now_ms;
	rc = write_row(db, &r, t, s, now_ms);
	if (rc == 0 && !store_changes(db))
		return 0;                /* scored before, and the same */
	if (rc == 0 && (fresh || was != r.state))
		rc = history(db, &r, fresh ? "" : qr_state_name(was), SV(""), &by);
	if (rc)
		return rc;
	jv *o = jv_obj();
	jv_set_num(o, "score", s->score);
	jv_set_bool(o, "taboo", s->taboo);
	jv_set_bool(o, "passed", s->passed);
	rc = river(db, &r, "qa.scored", o, &by);
	jv_free(o);
	return rc;
}
