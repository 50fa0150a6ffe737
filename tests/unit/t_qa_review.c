/* Reviews: scored from the river once and after a restart, a person's scores, appeal, recheck and
 * arbitration with who may what, deadlines, sampling, calibration. */
#include "t_qa_help.h"

struct move {
	const char *id, *reason;
	enum qr_state to;
	int64_t version;
	struct qr_by by;
	struct err e;
};

static int run_move(void *arg, struct store_db *db)
{
	struct move *m = arg;
	return qa_review_move(db, sv_of(m->id), m->to, sv_of(m->reason), m->version, &m->by, &m->e);
}

static int moved(struct qw *w, const char *id, enum qr_state to, const char *reason,
		 const char *who, enum qr_role role)
{
	struct move m = { id, reason, to, 0, { sv_of(who), role, QNOW }, { 0 } };
	return qw_write(w, run_move, &m);
}

struct marking {
	struct qw *w;
	const char *id, *json;
	int64_t version;
	struct qr_by by;
	struct err e;
};

static int run_mark(void *arg, struct store_db *db)
{
	struct marking *m = arg;
	jv *o = jv_parse(sv_of(m->json), NULL);
	int rc = qa_review_mark(db, m->w->fs, sv_of(m->id), o, m->version, &m->by, &m->e);
	jv_free(o);
	return rc;
}

static int marked(struct qw *w, const char *id, const char *json, const char *who,
		  enum qr_role role)
{
	struct marking m = { w, id, json, 0, { sv_of(who), role, QNOW }, { 0 } };
	return qw_write(w, run_mark, &m);
}

static bool state_is(struct qw *w, const char *id, const char *state)
{
	jv *o = qw_get(w, id, "", QR_SUPERVISOR);
	bool ok = sv_eq(jv_get_str(o, "state"), sv_of(state));
	if (!ok)
		printf("# state is " SV_FMT "\n", SV_ARG(jv_get_str(o, "state")));
	jv_free(o);
	return ok;
}

/* A world with one chat of mei's that was scored; id gets her review. */
static bool one_review(struct qw *w, const char *kind, char talk[27], char id[QR_ID])
{
	return qw_up(w) && qw_chat(w, "mei", kind, QNOW, talk) == 0 && qw_watch(w) == 2 &&
	       qw_review(w, talk, "mei", id);
}

TEST(qa_watch_scores_what_ended_once)
{
	struct qw w;
	char a[27], b[27], id[QR_ID], again[QR_ID];
	CHECK(qw_up(&w));
	OK(qw_chat(&w, NULL, "good", QNOW, a));
	OK(qw_chat(&w, "mei", "angry", QNOW, b));
	EQ(qw_watch(&w), 3);             /* the bot twice, mei once */
	EQ(qw_watch(&w), 0);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review"), 3);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM event WHERE kind='qa.scored'"), 3);
	CHECK(qw_review(&w, b, "mei", id));
	jv *o = qw_get(&w, id, "", QR_QUALITY);
	CHECK(jv_get_bool(o, "taboo", false) && !jv_get_bool(o, "passed", true));
	NEAR(jv_get_num(o, "auto_score", -1), 0, 0);
	CHECK(jv_is_null(jv_get(o, "score")));
	SV_EQ(jv_get_str(o, "state"), "nodis");
	SV_EQ(jv_as_str(jv_path(o, "risks.0.kind")), "taboo");
	CHECK(jv_len(jv_get(o, "marks")) >= 20);
	jv_free(o);
	/* The mark is lost: all again, nothing doubled, the same ids. */
	OK(qw_sql(&w, "DELETE FROM kv WHERE k='qa.mark'"));
	EQ(qw_watch(&w), 3);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review WHERE version=1"), 3);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM event WHERE kind='qa.scored'"), 3);
	CHECK(qw_review(&w, b, "mei", again));
	STR_EQ(id, again);
	qw_down(&w);
}

TEST(qa_watch_takes_the_wrap_up_in_later)
{
	struct qw w;
	char a[27], id[QR_ID];
	CHECK(one_review(&w, "good", a, id));
	jv *o = qw_get(&w, id, "", QR_SUPERVISOR);
	double before = jv_get_num(o, "auto_score", -1);
	jv_free(o);
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b,
	       "[{\"kind\":\"queue.wrapped\",\"actor\":\"mei\",\"body\":{\"conversation\":\"%s\","
	       "\"agent\":\"mei\",\"disposition\":{\"id\":\"solved\"}}}]",
	       a);
	struct qw_talk t = { &w, "01QAOTHER00000000000000000", sb_str(&b), "webchat", QNOW + 9000 };
	OK(qw_write(&w, qw_put_run, &t));
	sb_done(&b);
	EQ(qw_watch(&w), 2);
	o = qw_get(&w, id, "", QR_SUPERVISOR);
	NEAR(jv_get_num(o, "auto_score", -1), before + 5, 1e-6);
	EQ(jv_get_int(o, "version", 0), 2);      /* the bot's is as it was: no row for it */
	jv_free(o);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM event WHERE kind='qa.scored'"), 3);
	/* Both in one stretch: scored once, with all there is. */
	OK(qw_sql(&w, "DELETE FROM kv WHERE k='qa.mark'"));
	EQ(qw_watch(&w), 2);
	qw_down(&w);
}

/* A ticket's rows stand outside the conversation: the link names it. */
TEST(qa_watch_sees_tickets_that_are_linked)
{
	struct qw w;
	char a[27], id[QR_ID], rows[400];
	CHECK(one_review(&w, "good", a, id));
	(void)snprintf(rows, sizeof(rows),
		       "[{\"kind\":\"ticket.link\",\"actor\":\"mei\",\"body\":{\"kind\":"
		       "\"conversation\",\"ref\":\"%s\",\"type\":\"complaint\"}},{\"kind\":"
		       "\"queue.wrapped\",\"actor\":\"mei\",\"body\":{\"conversation\":\"%s\","
		       "\"agent\":\"mei\"}}]", a, a);
	struct qw_talk t = { &w, "01QAOTHER00000000000000000", rows, "webchat", QNOW + 9000 };
	EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review WHERE risks LIKE '%complaint%'"), 0);
	OK(qw_write(&w, qw_put_run, &t));
	EQ(qw_watch(&w), 2);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review WHERE risks LIKE '%complaint%'"), 2);
	qw_down(&w);
}

/* Other tickets and a complaint that was not taken are no complaint. */
TEST(qa_risk_counts_complaints_that_were_taken)
{
	static const struct { const char *row; int64_t n; } v[] = {
		{ "\"ticket.link\",\"body\":{\"kind\":\"conversation\",\"ref\":\"%s\",\"type\":"
		  "\"enquiry\"}", 0 },
		{ "\"tool.result\",\"body\":{\"tool\":\"complaint_open\",\"outcome\":\"refused\","
		  "\"x\":\"%s\"}", 0 },
		{ "\"tool.result\",\"body\":{\"tool\":\"complaint_open\",\"outcome\":\"done\","
		  "\"x\":\"%s\"}", 1 },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct qw w;
		struct sb b;
		CHECK(qw_up(&w));
		sb_init(&b, LIM_SB);
		sb_cstr(&b, "[{\"kind\":\"turn.customer\",\"body\":{\"text\":\"so\"}},"
			    "{\"kind\":\"turn.bot\",\"body\":{\"text\":\"Hello\"}},{\"kind\":");
		const char *id = "01QARISK000000000000000000", *at = strstr(v[i].row, "%s");
		sb_put(&b, sv_n(v[i].row, (size_t)(at - v[i].row)));
		sb_cstr(&b, id);
		sb_cstr(&b, at + 2);
		sb_cstr(&b, "},{\"kind\":\"conversation.closed\",\"body\":{}}]");
		struct qw_talk t = { &w, id, sb_str(&b), "webchat", QNOW };
		OK(qw_write(&w, qw_put_run, &t));
		sb_done(&b);
		EQ(qw_watch(&w), 1);
		EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review WHERE risks LIKE '%complaint%'"),
		   v[i].n);
		qw_down(&w);
	}
}

static int stopped(void *arg, sv system, sv user, struct sb *answer)
{
	(void)system, (void)user, (void)answer;
	return *(int *)arg;
}

/* The server stops while a model is asked: nothing is scored without it, the next start does. */
TEST(qa_watch_leaves_what_a_stop_broke_off)
{
	struct qw w;
	char a[27];
	int rc = ERR_CANCELED;
	struct qa_mind mind = { stopped, &rc };
	struct qa_did did;
	CHECK(qw_up(&w));
	OK(qw_chat(&w, NULL, "good", QNOW, a));
	EQ(qa_watch_step(w.st, w.fs, w.surveys, &mind, &did), ERR_CANCELED);
	EQ(did.scored + did.failed, 0);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review"), 0);
	rc = ERR_NET;
	OK(qa_watch_step(w.st, w.fs, w.surveys, &mind, &did));
	EQ(did.scored, 1);
	qw_down(&w);
}

TEST(qa_watch_passes_over_what_cannot_be_scored)
{
	struct qw w;
	char a[27];
	CHECK(qw_up(&w));
	struct qw_talk empty = {
		&w, "01QAEMPTY00000000000000000",
		"[{\"kind\":\"conversation.closed\",\"actor\":\"system\",\"body\":{}}]",
		"webchat", QNOW
	};
	struct qw_talk odd = {
		&w, "01QAODD0000000000000000000",
		"[{\"kind\":\"queue.wrapped\",\"actor\":\"x\",\"body\":{}},{\"kind\":"
		"\"survey.answer\",\"actor\":\"customer\",\"body\":{\"kind\":\"\"}}]",
		"webchat", QNOW
	};
	OK(qw_write(&w, qw_put_run, &empty));
	OK(qw_write(&w, qw_put_run, &odd));
	OK(qw_chat(&w, NULL, "good", QNOW, a));
	EQ(qw_watch(&w), 1);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review"), 1);
	qw_down(&w);
}

/* From the automatic score through appeal and recheck to arbitration, and who may not. */
TEST(qa_review_goes_its_way)
{
	struct qw w;
	char a[27], id[QR_ID];
	CHECK(one_review(&w, "angry", a, id));
	EQ(moved(&w, id, QR_DONE, "", "qin", QR_QUALITY), ERR_STATE);
	OK(moved(&w, id, QR_DIS, "", "qin", QR_QUALITY));
	EQ(marked(&w, id, "{\"items\":{\"rude\":\"pass\"}}", "lin", QR_SUPERVISOR), ERR_DENIED);
	EQ(marked(&w, id, "{\"items\":{\"rude\":\"pass\"}}", "mei", QR_AGENT), ERR_DENIED);
	EQ(marked(&w, id, "{\"items\":{\"nothing\":\"pass\"}}", "qin", QR_QUALITY), ERR_INVAL);
	EQ(marked(&w, id, "{\"items\":{\"rude\":\"maybe\"}}", "qin", QR_QUALITY), ERR_INVAL);
	EQ(marked(&w, id, "{\"items\":7}", "qin", QR_QUALITY), ERR_INVAL);
	OK(marked(&w, id, "{\"items\":{\"rude\":\"fail\",\"solved\":\"fail\"},\"comment\":\"call "
			  "13800138000\"}", "qin", QR_QUALITY));
	CHECK(state_is(&w, id, "done"));
	jv *o = qw_get(&w, id, "", QR_SUPERVISOR);
	NEAR(jv_get_num(o, "score", -1), 0, 0);
	SV_EQ(jv_as_str(jv_path(o, "people.0.items.solved")), "fail");
	CHECK(sv_find(jv_as_str(jv_path(o, "people.0.comment")), SV("13800138000")) < 0);
	jv_free(o);
	EQ(moved(&w, id, QR_APPEAL, "I was polite", "tom", QR_AGENT), ERR_NOTFOUND);
	EQ(moved(&w, id, QR_APPEAL, "no", "mei", QR_AGENT), ERR_INVAL);
	OK(moved(&w, id, QR_APPEAL, "I was polite to 13900139000", "mei", QR_AGENT));
	EQ(qw_count(&w, "SELECT COUNT(*) FROM event WHERE kind='qa.appeal' AND body LIKE "
			"'%I was polite%' AND body NOT LIKE '%13900139000%'"), 1);
	EQ(moved(&w, id, QR_ARCHIVE, "", "lin", QR_SUPERVISOR), ERR_STATE);
	OK(moved(&w, id, QR_RECHECK, "looked at again", "qin", QR_QUALITY));
	EQ(marked(&w, id, "{\"items\":{\"rude\":\"pass\"}}", "qin", QR_QUALITY), ERR_DENIED);
	OK(marked(&w, id, "{\"items\":{\"rude\":\"fail\"},\"calibration\":true}", "lin",
		  QR_SUPERVISOR));       /* which is no score of it */
	OK(marked(&w, id, "{\"items\":{\"rude\":\"pass\"}}", "hua", QR_QUALITY));
	CHECK(state_is(&w, id, "done"));
	OK(moved(&w, id, QR_RECHECK, "once more", "lin", QR_SUPERVISOR));
	EQ(marked(&w, id, "{\"items\":{\"rude\":\"pass\"}}", "hua", QR_QUALITY), ERR_DENIED);
	OK(marked(&w, id, "{\"items\":{\"rude\":\"pass\"}}", "ida", QR_QUALITY));
	OK(moved(&w, id, QR_APPEAL, "still too low", "mei", QR_AGENT));
	OK(moved(&w, id, QR_ARBITRATE, "to be decided", "hua", QR_QUALITY));
	EQ(marked(&w, id, "{\"items\":{}}", "hua", QR_QUALITY), ERR_DENIED);
	/* Who rechecked has scored it, whatever the role. */
	EQ(marked(&w, id, "{\"items\":{}}", "hua", QR_SUPERVISOR), ERR_DENIED);
	EQ(moved(&w, id, QR_ARCHIVE, "it stays so", "hua", QR_SUPERVISOR), ERR_DENIED);
	EQ(marked(&w, id, "{\"items\":{}}", "qin", QR_SUPERVISOR), ERR_DENIED);
	EQ(marked(&w, id, "{\"items\":{}}", "mei", QR_SUPERVISOR), ERR_DENIED);
	OK(marked(&w, id, "{\"items\":{\"rude\":\"pass\",\"solved\":\"pass\"},\"comment\":\"as it "
			  "stands\"}", "lin", QR_SUPERVISOR));
	CHECK(state_is(&w, id, "archive"));
	for (int to = 0; to < QR_STATES; to++)
		CHECK(moved(&w, id, (enum qr_state)to, "again please", "lin", QR_SUPERVISOR) != 0);
	o = qw_get(&w, id, "mei", QR_AGENT);
	EQ(jv_len(jv_get(o, "people")), 5);
	CHECK(jv_len(jv_get(o, "history")) >= 8 && jv_len(jv_get(o, "moves")) == 0);
	jv_free(o);
	CHECK(!qw_get(&w, id, "tom", QR_AGENT));
	qw_down(&w);
}

TEST(qa_review_of_an_older_version_is_refused)
{
	struct qw w;
	char a[27], id[QR_ID];
	CHECK(one_review(&w, "good", a, id));
	OK(moved(&w, id, QR_DIS, "", "qin", QR_QUALITY));
	struct move m = { id, "", QR_NODIS, 1, { SV("qin"), QR_QUALITY, QNOW }, { 0 } };
	EQ(qw_write(&w, run_move, &m), ERR_CONFLICT);
	struct marking k = { &w, id, "{\"items\":{}}", 1, { SV("qin"), QR_QUALITY, QNOW }, { 0 } };
	EQ(qw_write(&w, run_mark, &k), ERR_CONFLICT);
	m.version = k.version = 2;
	OK(qw_write(&w, run_mark, &k));
	EQ(moved(&w, "01NOBODY000000000000000000", QR_DIS, "", "qin", QR_QUALITY), ERR_NOTFOUND);
	/* The agent takes an appeal back. */
	OK(moved(&w, id, QR_APPEAL, "not fair at all", "mei", QR_AGENT));
	OK(moved(&w, id, QR_DONE, "", "mei", QR_AGENT));
	CHECK(state_is(&w, id, "done"));
	/* A person has it: the watcher leaves it alone. */
	OK(qw_sql(&w, "DELETE FROM kv WHERE k='qa.mark'"));
	EQ(qw_watch(&w), 2);
	CHECK(state_is(&w, id, "done"));
	qw_down(&w);
}

/* An appeal against the automatic score that is taken back: it is in the pool again. */
TEST(qa_review_taken_back_goes_where_it_was)
{
	struct qw w;
	char a[27], id[QR_ID];
	CHECK(one_review(&w, "good", a, id));
	OK(moved(&w, id, QR_APPEAL, "not fair at all", "mei", QR_AGENT));
	jv *o = qw_get(&w, id, "mei", QR_AGENT);
	EQ(jv_len(jv_get(o, "moves")), 1);
	SV_EQ(jv_as_str(jv_path(o, "moves.0")), "done");
	jv_free(o);
	EQ(moved(&w, id, QR_DONE, "", "qin", QR_QUALITY), ERR_DENIED);
	OK(moved(&w, id, QR_DONE, "", "mei", QR_AGENT));
	CHECK(state_is(&w, id, "nodis"));
	EQ(qw_count(&w, "SELECT COUNT(*) FROM qa_review WHERE state='nodis' AND score IS NULL AND "
			"due_ms IS NULL AND agent='mei'"), 1);
	/* One that a person scored is done again, and no day longer open to appeals. */
	OK(moved(&w, id, QR_DIS, "", "qin", QR_QUALITY));
	OK(marked(&w, id, "{\"items\":{}}", "qin", QR_QUALITY));
	struct move m = { id, "not fair at all", QR_APPEAL, 0,
			  { SV("mei"), QR_AGENT, QNOW + 2 * QDAY }, { 0 } };
	OK(qw_write(&w, run_move, &m));
	m.to = QR_DONE;
	OK(qw_write(&w, run_move, &m));
	CHECK(state_is(&w, id, "done"));
	EQ(qw_count(&w, "SELECT due_ms FROM qa_review WHERE state='done'"), QNOW + 5 * QDAY);
	qw_down(&w);
}

/* Scored by a person after the form was changed: the sum and the version belong together. */
TEST(qa_review_names_the_form_it_was_summed_by)
{
	struct qw w;
	char a[27], id[QR_ID];
	struct sb b;
	struct qa_form *f = NULL;
	struct qa_forms *now = NULL;
	CHECK(one_review(&w, "good", a, id));
	CHECK(qw_file("demo/qa/chat.yaml", &b));
	char *version = strstr(sb_str(&b), "version: 1");
	CHECK(version);
	version[9] = '7';
	OK(qa_form_new(&f, sb_sv(&b), "chat", NULL));
	OK(qa_forms_with(&now, w.fs, f));
	sb_done(&b);
	obj_unref(f);
	obj_unref(w.fs);
	w.fs = now;
	OK(marked(&w, id, "{\"items\":{\"rude\":\"pass\"},\"calibration\":true}", "lin",
		  QR_SUPERVISOR));
	EQ(qw_count(&w, "SELECT form_version FROM qa_review WHERE agent='mei'"), 1);
	OK(moved(&w, id, QR_DIS, "", "qin", QR_QUALITY));
	OK(marked(&w, id, "{\"items\":{}}", "qin", QR_QUALITY));
	EQ(qw_count(&w, "SELECT form_version FROM qa_review WHERE agent='mei'"), 7);
	qw_down(&w);
}

struct tick {
	int64_t now;
	int moved;
};

static int run_tick(void *arg, struct store_db *db)
{
	struct tick *t = arg;
	return qa_review_tick(db, t->now, &t->moved);
}

TEST(qa_review_deadlines)
{
	struct qw w;
	char a[27], b[27], done[QR_ID], appeal[QR_ID];
	CHECK(qw_up(&w));
	OK(qw_chat(&w, "mei", "good", QNOW, a));
	OK(qw_chat(&w, "tom", "good", QNOW, b));
	EQ(qw_watch(&w), 4);
	CHECK(qw_review(&w, a, "mei", done) && qw_review(&w, b, "tom", appeal));
	OK(moved(&w, done, QR_DIS, "", "qin", QR_QUALITY));
	OK(marked(&w, done, "{\"items\":{}}", "qin", QR_QUALITY));
	OK(moved(&w, appeal, QR_APPEAL, "the rule is wrong", "tom", QR_AGENT));
	struct tick t = { QNOW + 5 * QDAY - 1, 0 };
	OK(qw_write(&w, run_tick, &t));
	EQ(t.moved, 0);
	t.now = QNOW + 5 * QDAY;
	OK(qw_write(&w, run_tick, &t));
	EQ(t.moved, 2);
	CHECK(state_is(&w, done, "archive") && state_is(&w, appeal, "arbitrate"));
	OK(qw_write(&w, run_tick, &t));
	EQ(t.moved, 0);
	/* Whom nobody scored in time goes back; whom nobody rechecked is decided. */
	CHECK(qw_review(&w, b, "bot", done) && qw_review(&w, a, "bot", appeal));
	OK(moved(&w, appeal, QR_DIS, "", "qin", QR_QUALITY));
	OK(marked(&w, appeal, "{\"items\":{}}", "qin", QR_QUALITY));
	OK(moved(&w, appeal, QR_RECHECK, "once more", "lin", QR_SUPERVISOR));
	OK(moved(&w, done, QR_DIS, "", "qin", QR_QUALITY));
	t.now = QNOW + 8 * QDAY;
	OK(qw_write(&w, run_tick, &t));
	CHECK(state_is(&w, done, "nodis") && state_is(&w, appeal, "arbitrate"));
	qw_down(&w);
}

/* ---- sampling ---- */

struct sampling {
	struct qa_sampling o;
	struct sb out;
};

static int run_sample(void *arg, struct store_db *db)
{
	struct sampling *s = arg;
	struct qr_by by = { SV("qin"), QR_QUALITY, QNOW + QDAY };
	sb_reset(&s->out);
	return qa_sample(db, &s->o, &by, &s->out);
}

static jv *sampled(struct qw *w, struct sampling *s)
{
	sb_init(&s->out, LIM_SB);
	int rc = qw_write(w, run_sample, s);
	jv *o = rc ? NULL : jv_parse(sb_sv(&s->out), NULL);
	sb_done(&s->out);
	return o;
}

static int of_agent(const jv *picked, const char *agent, const char *why)
{
	int n = 0;
	for (size_t i = 0; i < jv_len(picked); i++) {
		const jv *o = jv_at(picked, i);
		n += (!agent || sv_eq(jv_get_str(o, "agent"), sv_of(agent))) &&
		     (!why || sv_eq(jv_as_str(jv_path(o, "why.0.kind")), sv_of(why)));
	}
	return n;
}

TEST(qa_sample_has_quota_risk_and_seed)
{
	struct qw w[2];
	char id[27];
	jv *first = NULL;
	for (int k = 0; k < 2; k++) {
		CHECK(qw_up(&w[k]));
		for (int i = 0; i < 12; i++)
			OK(qw_chat(&w[k], i % 2 ? "mei" : "tom", i < 4 ? "angry" : "good",
				   QNOW + i * 1000, id));
		EQ(qw_watch(&w[k]), 24);
	}
	const sv people[] = { SV("qin"), SV("mei") };
	struct sampling s = { .o = { .per_agent = 4, .risk_share = 50, .seed = 11,
				     .reviewers = people, .n_reviewers = 2 } };
	first = sampled(&w[0], &s);
	const jv *picked = jv_get(first, "picked");
	EQ(jv_len(picked), 12);          /* bot, mei, tom: four each */
	EQ(of_agent(picked, "mei", NULL), 4);
	EQ(of_agent(picked, "mei", "taboo"), 2);
	EQ(of_agent(picked, "mei", "random"), 2);
	for (size_t i = 0; i < jv_len(picked); i++) /* nobody judges their own */
		CHECK(!sv_eq(jv_get_str(jv_at(picked, i), "reviewer"),
			     jv_get_str(jv_at(picked, i), "agent")));
	jv *again = sampled(&w[0], &s);  /* the quota is used up */
	EQ(jv_len(jv_get(again, "picked")), 0);
	jv_free(again);
	EQ(qw_count(&w[0], "SELECT COUNT(*) FROM qa_review WHERE state='dis'"), 12);
	/* Reviews have their own ids in the other store: the same share of risk all the same. */
	jv *other = sampled(&w[1], &s);
	EQ(of_agent(jv_get(other, "picked"), "tom", "taboo"), 2);
	jv_free(other);
	jv_free(first);
	qw_down(&w[0]);
	qw_down(&w[1]);
}

/* The same rows and seed draw the same; another seed another draw. */
TEST(qa_sample_is_reproducible)
{
	struct qw w;
	char id[27];
	struct sampling s = { .o = { .per_agent = 5, .risk_share = 1, .seed = 3 } };
	char drawn[3][512] = { "", "", "" };
	CHECK(qw_up(&w));
	for (int i = 0; i < 30; i++)
		OK(qw_chat(&w, NULL, "good", QNOW + i * 1000, id));
	EQ(qw_watch(&w), 30);
	for (int k = 0; k < 3; k++) {
		s.o.seed = k < 2 ? 3 : 4;
		jv *o = sampled(&w, &s);
		EQ(jv_len(jv_get(o, "picked")), 5);
		for (size_t i = 0; i < 5; i++)
			(void)strncat(drawn[k],
				      jv_get_str(jv_at(jv_get(o, "picked"), i), "id").p, 26);
		jv_free(o);
		OK(qw_sql(&w, "UPDATE qa_review SET state='nodis', reviewer=''"));
	}
	STR_EQ(drawn[0], drawn[1]);
	CHECK(strcmp(drawn[0], drawn[2]) != 0);
	qw_down(&w);
}

/* Two people mark four reviews: rude p,p,f,f against p,f,f,f: po 3/4, pe 1/2*1/4 + 1/2*3/4 = 1/2,
 * kappa 1/2. */
TEST(qa_calibration_by_hand)
{
	struct qw w;
	char talk[27], id[QR_ID];
	static const char *const a[] = { "pass", "pass", "fail", "fail" },
				 * const b[] = { "pass", "fail", "fail", "fail" };
	struct sb out;
	CHECK(qw_up(&w));
	for (int i = 0; i < 4; i++) {
		char json[120];
		OK(qw_chat(&w, NULL, "good", QNOW + i, talk));
		EQ(qw_watch(&w), 1);
		CHECK(qw_review(&w, talk, "bot", id));
		(void)snprintf(json, sizeof(json),
			       "{\"items\":{\"rude\":\"%s\"},\"calibration\":true}", a[i]);
		OK(marked(&w, id, json, "qin", QR_QUALITY));
		(void)snprintf(json, sizeof(json),
			       "{\"items\":{\"rude\":\"%s\"},\"calibration\":true}", b[i]);
		OK(marked(&w, id, json, "lin", QR_SUPERVISOR));
		CHECK(state_is(&w, id, "nodis"));
	}
	sb_init(&out, LIM_SB);
	OK(qa_calibration_json(w.db, SV("chat"), &out));
	jv *o = jv_parse(sb_sv(&out), NULL);
	EQ(jv_get_int(o, "reviews", 0), 4);
	EQ(jv_len(jv_get(o, "items")), 1);       /* what nobody marked is not there */
	bool seen = false;
	for (size_t i = 0; i < jv_len(jv_get(o, "items")); i++) {
		const jv *x = jv_at(jv_get(o, "items"), i);
		if (!sv_eq(jv_get_str(x, "item"), SV("rude")))
			continue;
		seen = true;
		NEAR(jv_get_num(x, "kappa", -9), 0.5, 1e-4);
		NEAR(jv_get_num(x, "agree", -9), 0.75, 1e-4);
		EQ(jv_get_int(x, "rule_n", 0), 8);
	}
	CHECK(seen);
	jv_free(o);
	sb_done(&out);
	qw_down(&w);
}

TEST(qa_reviews_list_by_pages)
{
	struct qw w;
	char id[27];
	struct sb b;
	CHECK(qw_up(&w));
	for (int i = 0; i < 7; i++)
		OK(qw_chat(&w, i % 2 ? "mei" : NULL, "good", QNOW + i / 3 * 1000, id));
	EQ(qw_watch(&w), 10);
	char cursor[80] = "";
	size_t all = 0, pages = 0;
	do {
		struct qr_query q = { .limit = 4, .cursor = sv_of(cursor) };
		sb_init(&b, LIM_SB);
		OK(qa_reviews_json(w.db, &q, &b));
		jv *o = jv_parse(sb_sv(&b), NULL);
		all += jv_len(jv_get(o, "items"));
		(void)snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(o, "next")));
		jv_free(o);
		sb_done(&b);
	} while (++pages < 9 && cursor[0]);
	EQ(all, 10);
	EQ(pages, 3);
	sb_init(&b, LIM_SB);
	OK(qa_reviews_json(w.db, &(struct qr_query){ .agent = SV("mei"), .state = SV("nodis") },
			   &b));
	jv *o = jv_parse(sb_sv(&b), NULL);
	EQ(jv_len(jv_get(o, "items")), 3);
	jv_free(o);
	EQ(qa_reviews_json(w.db, &(struct qr_query){ .cursor = SV("x") }, &b), ERR_INVAL);
	sb_done(&b);
	qw_down(&w);
}
