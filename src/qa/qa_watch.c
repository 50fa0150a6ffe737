/* qa_watch.c: scores what ended, by reading the river on from a mark.
 *
 * A step reads a stretch of the river on the calling thread (a worker), scores its
 * conversations, hands the reviews to the scribe, waits for the disk, and only then moves the
 * mark: what breaks off is done again, and doing it again changes nothing. A conversation that
 * cannot be scored is counted and passed over. */
#include "qa_review.h"
#include "qa_int.h"
#include "qa_survey.h"

#include <stdio.h>

enum { STRETCH = 5000, FOUND = 100 };
#define MARK "qa.mark"

struct row {
	int64_t pos, ts_ms;
	sv conversation, kind, body; /* conversation: of the row, else as its body names it */
};
struct stretch {
	struct arena a;
	struct row v[FOUND];
	size_t n;
	int64_t from, to;            /* the mark before and after */
	bool more;
};

/* ---- reading ---- */

static int get_mark(struct store_db *db, int64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k='" MARK "'");
	*ret = 0;
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1)
		(void)sv_i64(store_col_sv(q, 0), ret);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int newest(struct store_db *db, int64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT MAX(pos) FROM event");
	*ret = 0;
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1)
		*ret = store_col_int(q, 0);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* Rows of the queue stand outside a conversation. */
static void name(struct row *r, struct arena *a)
{
	jv *o = jv_parse(r->body, NULL);
	r->conversation = arena_sv(a, jv_get_str(o, "conversation"));
	jv_free(o);
}

static int read_rows(struct store_db *db, struct stretch *s, int64_t until)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT pos, ts_ms, conversation, kind, body FROM event WHERE pos>?1 "
			    "AND pos<=?2 AND kind IN ('conversation.closed','queue.wrapped',"
			    "'queue.disposed','survey','survey.answer') ORDER BY pos LIMIT ?3");
	if (rc)
		return rc;
	store_bind_int(q, 1, s->from);
	store_bind_int(q, 2, until);
	store_bind_int(q, 3, FOUND);
	while ((rc = store_step(q)) == 1) {
		struct row *r = &s->v[s->n++];
		r->pos = store_col_int(q, 0);
		r->ts_ms = store_col_int(q, 1);
		r->conversation = arena_sv(&s->a, store_col_sv(q, 2));
		r->kind = arena_sv(&s->a, store_col_sv(q, 3));
		r->body = arena_sv(&s->a, store_col_sv(q, 4));
		if (!r->conversation.n)
			name(r, &s->a);
	}
	store_reset(q);
	return rc;
}

static int read_stretch(struct store_db *db, struct stretch *s)
{
	int64_t last = 0;
	int rc = get_mark(db, &s->from);
	if (rc == 0)
		rc = newest(db, &last);
	if (rc)
		return rc;
	s->to = last < s->from + STRETCH ? last : s->from + STRETCH;
	if (s->to <= s->from)
		return s->to = s->from, 0;
	rc = read_rows(db, s, s->to);
	if (s->n == FOUND)
		s->to = s->v[FOUND - 1].pos;
	s->more = s->to < last;
	return rc;
}

/* ---- one conversation ---- */

struct scored {
	sv conversation;
	struct qa_talk *t;
	struct qa_score *v[QA_PARTIES];
	size_t n;
	int rc;
};

static int save(void *arg, struct store_db *db)
{
	struct scored *s = arg;
	char id[QR_ID];
	s->rc = 0;
	for (size_t i = 0; i < s->n && s->rc == 0; i++)
		s->rc = qa_review_put(db, s->conversation, s->t, s->v[i], clk_wall_ms(), id);
	return s->rc;
}

static void scored_done(struct scored *s)
{
	for (size_t i = 0; i < s->n; i++)
		qa_score_free(s->v[i]);
	qa_talk_free(s->t);
}

static int score(struct store *st, struct store_db *db, sv conversation,
		 const struct qa_forms *fs, const struct qa_mind *mind, struct qa_did *did)
{
	struct scored s = { .conversation = conversation, .rc = ERR_DB };
	sv parties[QA_PARTIES];
	int rc = qa_talk_load(&s.t, db, conversation);
	size_t n = rc ? 0 : qa_talk_parties(s.t, parties);
	if (rc == 0 && !s.t->ended_ms)
		n = 0;                   /* its end brings it back */
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct qa_form *f = qa_forms_for(fs, s.t, parties[i]);
		if (f && (rc = qa_score(&s.v[s.n], f, s.t, parties[i], mind)) == 0)
			s.n++;
	}
	if (rc == 0 && s.n) {
		rc = store_write(st, save, &s, NULL, NULL);
		if (rc == 0)
			rc = store_flush(st);
		rc = rc ? rc : s.rc;
		did->scored += rc ? 0 : (int)s.n;
	}
	scored_done(&s);
	return rc;
}

/* ---- surveys ---- */

struct answer {
	const struct row *row;
	const struct qa_surveys *surveys;
	sv kind, text, agent;
	int64_t value;
	bool answers;
	int rc;
};

static int save_answer(void *arg, struct store_db *db)
{
	struct answer *a = arg;
	struct err e = { 0 };
	a->rc = qa_survey_asked(db, a->row->conversation, a->kind, a->agent, a->row->ts_ms);
	if (a->rc == 0 && a->answers)
		a->rc = qa_survey_answer(db, a->surveys, a->row->conversation, a->kind, a->value,
					 a->text, SV("conversation"), false, a->row->ts_ms, &e);
	return a->rc;
}

static int take_survey(struct store *st, const struct row *r, const struct qa_surveys *surveys,
		       struct qa_did *did)
{
	jv *o = jv_parse(r->body, NULL);
	struct answer a = { .row = r, .surveys = surveys, .kind = jv_get_str(o, "kind"),
			    .text = jv_get_str(o, "text"), .agent = jv_get_str(o, "agent"),
			    .answers = sv_eq(r->kind, SV("survey.answer")), .rc = ERR_DB };
	const jv *value = jv_get(o, "value");
	int rc = a.kind.n ? 0 : ERR_INVAL;
	/* Whom it is about, as the row says; else who served last. */
	if (sv_eq(jv_get_str(o, "of"), SV("bot")))
		a.agent = SV("bot");
	if (jv_is_num(value))
		a.value = jv_as_int(value, (int64_t)jv_as_num(value, 0));
	else if (a.answers && rc == 0)
		rc = sv_i64(jv_as_str(value), &a.value);
	if (rc == 0)
		rc = store_write(st, save_answer, &a, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	rc = rc ? rc : a.rc;
	did->answers += rc == 0 && a.answers;
	jv_free(o);
	return rc;
}

/* ---- a step ---- */

struct mark {
	int64_t pos;
	int rc;
};

static int save_mark(void *arg, struct store_db *db)
{
	struct mark *m = arg;
	struct store_stmt *q;
	char text[32];
	(void)snprintf(text, sizeof(text), "%lld", (long long)m->pos);
	m->rc = store_prep(db, &q,
			   "INSERT INTO kv (k, v, updated_ms) VALUES ('" MARK
			   "',?1,?2) ON CONFLICT "
			   "(k) DO UPDATE SET v=excluded.v, updated_ms=excluded.updated_ms");
	if (m->rc)
		return m->rc;
	store_bind_sv(q, 1, sv_of(text));
	store_bind_int(q, 2, clk_wall_ms());
	return m->rc = store_run(q);
}

static bool of_survey(const struct row *r)
{
	return sv_starts(r->kind, SV("survey"));
}

/* A later row of the stretch brings the same conversation, with all of its rows. */
static bool comes_again(const struct stretch *s, size_t i)
{
	for (size_t j = i + 1; j < s->n; j++)
		if (!of_survey(&s->v[j]) && sv_eq(s->v[j].conversation, s->v[i].conversation))
			return true;
	return false;
}

/* The store itself is in trouble: try again later, from the same mark. */
static bool store_down(int rc)
{
	return rc == ERR_DB || rc == ERR_FULL || rc == ERR_CLOSED || rc == ERR_IO ||
	       rc == ERR_CORRUPT;
}

int qa_watch_step(struct store *st, const struct qa_forms *fs, const struct qa_surveys *surveys,
		  const struct qa_mind *mind, struct qa_did *did)
{
	struct store_db *db;
	struct stretch *s = xalloc(sizeof(*s));
	*did = (struct qa_did){ 0 };
	arena_init(&s->a, LIM_ARENA_BIG);
	int rc = store_reader(st, &db);
	if (rc == 0)
		rc = read_stretch(db, s);
	for (size_t i = 0; i < s->n && rc == 0; i++) {
		const struct row *r = &s->v[i];
		int one = 0;
		if (of_survey(r))
			one = take_survey(st, r, surveys, did);
		else if (!comes_again(s, i))
			one = score(st, db, r->conversation, fs, mind, did);
		did->rows++;
		if (one == ERR_CANCELED || store_down(one))
			rc = one;
		did->failed += one && one != ERR_CANCELED;
	}
	if (rc == 0 && s->to > s->from) {
		struct mark m = { .pos = s->to, .rc = ERR_DB };
		rc = store_write(st, save_mark, &m, NULL, NULL);
		if (rc == 0)
			rc = store_flush(st);
		rc = rc ? rc : m.rc;
	}
	did->more = rc == 0 && s->more;
	arena_done(&s->a);
	xfree(s);
	return rc;
}
