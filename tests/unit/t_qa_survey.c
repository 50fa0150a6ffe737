/* Surveys: definitions and their faults, one answer each, who it is bound to, the arithmetic. */
#include "t_qa_help.h"

struct answer {
	struct qw *w;
	const char *talk, *kind, *text;
	int64_t value, at;
	struct err e;
};

static int run_answer(void *arg, struct store_db *db)
{
	struct answer *a = arg;
	return qa_survey_answer(db, a->w->surveys, sv_of(a->talk), sv_of(a->kind), a->value,
				sv_of(a->text), SV("link"), true, a->at, &a->e);
}

static int answer(struct qw *w, const char *talk, const char *kind, int64_t value, int64_t at)
{
	struct answer a = { w, talk, kind, "", value, at, { 0 } };
	return qw_write(w, run_answer, &a);
}

TEST(qa_survey_one_answer_the_last_of_a_day)
{
	struct qw w;
	char talk[27];
	CHECK(qw_up(&w));
	OK(qw_chat(&w, NULL, "good", QNOW, talk));
	OK(answer(&w, talk, "csat", 2, QNOW));
	OK(answer(&w, talk, "csat", 5, QNOW + QDAY));
	EQ(answer(&w, talk, "csat", 1, QNOW + QDAY + 1), ERR_STATE);
	EQ(qw_count(&w, "SELECT value FROM survey"), 5);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM survey"), 1);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM event WHERE kind='survey.taken'"), 2);
	EQ(answer(&w, talk, "csat", 0, QNOW), ERR_RANGE);
	EQ(answer(&w, talk, "csat", 6, QNOW), ERR_RANGE);
	EQ(answer(&w, talk, "stars", 3, QNOW), ERR_NOTFOUND);
	EQ(answer(&w, "01NOBODY000000000000000000", "csat", 3, QNOW), ERR_NOTFOUND);
	struct answer long_one = { &w, talk, "nps", NULL, 9, QNOW, { 0 } };
	char *text = xalloc(QA_SURVEY_TEXT + 2);
	memset(text, 'x', QA_SURVEY_TEXT + 1);
	long_one.text = text;
	EQ(qw_write(&w, run_answer, &long_one), ERR_TOOBIG);
	xfree(text);
	struct answer masked = { &w, talk, "nps", "ring 13800138000", 9, QNOW, { 0 } };
	OK(qw_write(&w, run_answer, &masked));
	EQ(qw_count(&w, "SELECT COUNT(*) FROM survey WHERE text LIKE '%13800138000%'"), 0);
	qw_down(&w);
}

/* By link after an agent served: about the agent, whoever asks. */
TEST(qa_survey_by_link_is_of_who_served_last)
{
	struct qw w;
	char talk[27];
	CHECK(qw_up(&w));
	OK(qw_chat(&w, "mei", "good", QNOW, talk));
	OK(answer(&w, talk, "csat", 4, QNOW));
	EQ(qw_count(&w, "SELECT COUNT(*) FROM survey WHERE agent='mei'"), 1);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM event WHERE kind='survey.taken' AND body LIKE "
			"'%\"agent\":\"mei\"%'"), 1);
	OK(qw_chat(&w, NULL, "good", QNOW, talk));
	OK(answer(&w, talk, "csat", 4, QNOW));
	EQ(qw_count(&w, "SELECT COUNT(*) FROM survey WHERE agent='bot'"), 1);
	qw_down(&w);
}

static int ask_run(void *arg, struct store_db *db)
{
	const char *const *a = arg;
	return qa_survey_asked(db, sv_of(a[0]), sv_of(a[1]), sv_of(a[2]), QNOW);
}

static jv *report(struct qw *w, struct qa_survey_query q)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	jv *o = qa_survey_report(w->db, w->surveys, &q, &b) ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return o;
}

/* NPS 10 9 9 8 7 6 0 of eight asked: promoters 3, detractors 2 of 7: 14.3; rate 7/8. */
TEST(qa_survey_arithmetic)
{
	static const int nps[] = { 10, 9, 9, 8, 7, 6, 0 }, csat[] = { 5, 4, 4, 3, 1 };
	struct qw w;
	char talk[27];
	CHECK(qw_up(&w));
	for (int i = 0; i < 8; i++) {
		OK(qw_chat(&w, NULL, "good", QNOW, talk));
		const char *ask[] = { talk, "nps", i < 4 ? "mei" : "" };
		OK(qw_write(&w, ask_run, ask));
		if (i < 7)
			OK(answer(&w, talk, "nps", nps[i], QNOW));
		if (i < 5)
			OK(answer(&w, talk, "csat", csat[i], QNOW));
	}
	jv *o = report(&w, (struct qa_survey_query){ .by = SV("") });
	SV_EQ(jv_as_str(jv_path(o, "items.0.kind")), "csat");
	NEAR(jv_as_num(jv_path(o, "items.0.good"), 0), 0.6, 1e-4);      /* top two of five */
	NEAR(jv_as_num(jv_path(o, "items.0.mean"), 0), 3.4, 1e-3);
	CHECK(jv_is_null(jv_path(o, "items.0.nps")));
	EQ(jv_as_int(jv_path(o, "items.1.asked"), 0), 8);
	NEAR(jv_as_num(jv_path(o, "items.1.rate"), 0), 0.875, 1e-4);
	NEAR(jv_as_num(jv_path(o, "items.1.nps"), 0), 14.3, 0.05);
	EQ(jv_as_int(jv_path(o, "items.1.spread.9.n"), 0), 2);
	jv_free(o);
	o = report(&w, (struct qa_survey_query){ .by = SV("agent"), .agent = SV("mei") });
	EQ(jv_len(jv_get(o, "items")), 1);
	SV_EQ(jv_as_str(jv_path(o, "items.0.by")), "mei");
	NEAR(jv_as_num(jv_path(o, "items.0.nps"), 0), 75, 0.05);        /* 10 9 9 8 */
	jv_free(o);
	o = report(&w, (struct qa_survey_query){ .from_ms = QNOW + 1 });
	EQ(jv_len(jv_get(o, "items")), 0);
	jv_free(o);
	CHECK(!report(&w, (struct qa_survey_query){ .by = SV("weather") }));
	qw_down(&w);
}

/* Questions and answers of the conversation itself, read from the river by the watcher. */
TEST(qa_survey_from_the_river)
{
	struct qw w;
	CHECK(qw_up(&w));
	struct qw_talk t = {
		&w, "01QASURVEY0000000000000000",
		"[{\"kind\":\"conversation.opened\",\"actor\":\"system\",\"body\":{"
		"\"channel\":\"phone\",\"language\":\"en\"}},"
		"{\"kind\":\"turn.agent\",\"actor\":\"mei\",\"body\":{\"text\":\"Hello\","
		"\"by\":\"mei\"}},"
		"{\"kind\":\"survey\",\"actor\":\"system\",\"body\":{\"kind\":\"csat\"}},"
		"{\"kind\":\"survey.answer\",\"actor\":\"customer\",\"body\":{\"kind\":"
		"\"csat\",\"value\":3}},"
		"{\"kind\":\"survey.answer\",\"actor\":\"customer\",\"body\":{\"kind\":"
		"\"csat\",\"value\":\"4\"}},"
		"{\"kind\":\"survey.answer\",\"actor\":\"customer\",\"body\":{\"kind\":"
		"\"csat\",\"value\":6}}]",
		"phone", QNOW
	};
	OK(qw_write(&w, qw_put_run, &t));
	struct qa_did did;
	OK(qa_watch_step(w.st, w.fs, w.surveys, NULL, &did));
	EQ(did.answers, 2);
	EQ(did.failed, 1);               /* 6 is no answer of it */
	EQ(qw_count(&w, "SELECT value FROM survey WHERE kind='csat' AND agent='mei' AND "
			"channel='phone'"), 4);
	OK(qa_watch_step(w.st, w.fs, w.surveys, NULL, &did));
	EQ(did.rows, 0);
	/* The row says whom it is about: here the bot, after an agent. */
	struct qw_talk bot = {
		&w, "01QASURVEY0000000000000001",
		"[{\"kind\":\"turn.agent\",\"actor\":\"mei\",\"body\":{\"text\":\"Hi\","
		"\"by\":\"mei\"}},{\"kind\":\"survey\",\"actor\":\"bot\",\"body\":{"
		"\"kind\":\"nps\",\"of\":\"bot\",\"agent\":\"\"}},"
		"{\"kind\":\"survey\",\"actor\":\"bot\",\"body\":{\"kind\":\"ces\","
		"\"of\":\"agent\",\"agent\":\"tom\"}}]",
		"webchat", QNOW
	};
	OK(qw_write(&w, qw_put_run, &bot));
	OK(qa_watch_step(w.st, w.fs, w.surveys, NULL, &did));
	EQ(qw_count(&w, "SELECT COUNT(*) FROM survey WHERE kind='nps' AND agent='bot'"), 1);
	EQ(qw_count(&w, "SELECT COUNT(*) FROM survey WHERE kind='ces' AND agent='tom'"), 1);
	qw_down(&w);
}

static bool refused(const char *was, const char *is, const char *says)
{
	struct sb b, c;
	struct cfg_report rep = { 0 };
	struct qa_surveys *s = NULL;
	if (!qw_file("demo/surveys.yaml", &b))
		return false;
	const char *at = strstr(sb_str(&b), was);
	sb_init(&c, LIM_CFG_BYTES);
	sb_put(&c, sv_n(sb_str(&b), (size_t)(at - sb_str(&b))));
	sb_cstr(&c, is);
	sb_cstr(&c, at + strlen(was));
	bool ok = qa_surveys_new(&s, sb_sv(&c), "surveys.yaml", &rep) == ERR_INVAL && rep.n &&
		  strstr(rep.v[0].what, says);
	if (!ok)
		printf("# %s\n", rep.n ? rep.v[0].what : "taken");
	obj_unref(s);
	cfg_report_done(&rep);
	sb_done(&b);
	sb_done(&c);
	return ok;
}

TEST(qa_surveys_with_faults)
{
	CHECK(refused("kind: nps", "kind: mood", "mood"));
	CHECK(refused("good: 9", "good: 8", "do not fit"));
	CHECK(refused("good: 4", "good: 9", "do not fit"));
	CHECK(refused("id: ces", "id: csat", "there twice"));
	CHECK(refused("    max: 7\n", "", ""));
}
