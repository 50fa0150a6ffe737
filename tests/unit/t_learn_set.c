/* t_learn_set.c: test sets: files with faults by line, runs, what differs, a draft before its
 * yes. */
#include "learn_set.h"
#include "learn_int.h"

#include <stdio.h>
#include <unistd.h>

#include "t.h"

#define NOW 1767225600000LL      /* 2026-01-01 */

struct world {
	struct store *st;
	struct store_db *db;
	struct snap *kb;
	struct learn_set_put put;
	struct learn_set_order order;
	const char *sql;
	const struct kb_article *art;
	struct sb out;
	jv *json;
	int rc;
};

static int do_put(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_set_put(db, &w->put);
}

static int do_order(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_set_order(db, &w->order);
}

static int do_sql(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = store_exec(db, w->sql);
}

static int do_article(void *arg, struct store_db *db)
{
	struct world *w = arg;
	bool changed;
	return w->rc = kb_put(db, w->art, clk_wall_ms(), &changed);
}

static int scribe(struct world *w, store_write_fn *fn)
{
	w->rc = ERR_FAIL;
	(void)store_write(w->st, fn, w, NULL, NULL);
	(void)store_flush(w->st);
	return w->rc;
}

static int article(struct world *w, const char *id, const char *title, const char *body)
{
	char group[64];
	(void)snprintf(group, sizeof(group), "%.*s", (int)(strlen(id) - 3), id);
	const struct kb_article a = { .id = sv_of(id), .group_id = sv_of(group), .lang = SV("en"),
				      .title = sv_of(title), .body_md = sv_of(body) };
	w->art = &a;
	return scribe(w, do_article);
}

static bool up(struct world *w)
{
	struct err e;
	struct kb_index *ix;
	*w = (struct world){ 0 };
	sb_init(&w->out, LIM_JSON_BYTES);
	if (kb_init() || store_open(&w->st, &(struct store_opts){ .dir = "" }, &e) ||
	    article(w, "fee.en", "What is the delivery fee?", "It is CNY 10.") ||
	    article(w, "hours.en", "When are you open?", "From nine to six.") ||
	    article(w, "lamp.en", "How do I mount the lamp?", "With two screws.") ||
	    store_reader(w->st, &w->db) || kb_build(&ix, w->db, &(struct kb_opts){ 0 }, &e))
		return false;
	w->kb = snap_new(ix);
	return true;
}

static void down(struct world *w)
{
	jv_free(w->json);
	sb_done(&w->out);
	store_close(w->st);
	snap_free(w->kb);
}

static int put(struct world *w, const char *set, const char *name, const char *file)
{
	struct learn_set_rows rows = { 0 };
	struct cfg_report faults = { 0 };
	struct arena a;
	char id[64];
	(void)snprintf(id, sizeof(id), "%s", set); /* it may be the one of the last put */
	arena_init(&a, LIM_ARENA_BIG);
	int rc = learn_set_read(sv_of(file), &a, &rows, &faults);
	w->put = (struct learn_set_put){ .set = sv_of(id), .name = sv_of(name), .row = rows.v,
					 .n = rows.n, .by = SV("mei") };
	if (!rc)
		rc = scribe(w, do_put);
	cfg_report_done(&faults);
	VEC_FREE(&rows);
	arena_done(&a);
	return rc;
}

static int order(struct world *w, const char *draft)
{
	w->order = (struct learn_set_order){ .set = sv_of(w->put.id), .by = SV("mei"),
					     .draft = sv_of(draft) };
	return scribe(w, do_order);
}

static size_t work(struct world *w)
{
	const struct learn_set_work k = { .store = w->st, .kb = w->kb };
	size_t n = 99;
	return learn_sets_work(&k, &n) ? 99 : n;
}

static const jv *parsed(struct world *w, int rc)
{
	jv_free(w->json);
	w->json = rc ? NULL : jv_parse(sb_sv(&w->out), NULL);
	if (!w->json)
		fprintf(stderr, "# %d: %s\n", rc, sb_str(&w->out));
	sb_reset(&w->out);
	return w->json;
}

static const jv *run_of(struct world *w, const char *run)
{
	return parsed(w, learn_set_run_json(w->db, sv_of(run), SV(""), &w->out));
}

/* ---- files ---- */

TEST(learn_set_reads_tables)
{
	static const struct {
		const char *text;
		size_t n;
		const char *question, *lang, *article; /* of the first */
	} rows[] = {
		{ "how much is it\ten\tfee.en\n", 1, "how much is it", "en", "fee.en" },
		{ "how much is it,fee.en\n# none\n\nwhen,hours\n", 2, "how much is it", "en",
		  "fee.en" },
		{ "\xef\xbb\xbfquestion;lang;article\n运费多少;;fee\n", 1, "运费多少", "zh",
		  "fee" },
		{ "article,question\r\n-,\"well, \"\"now\"\"\"\r\n", 1, "well, \"now\"", "en",
		  "" },
		{ "Lang\tExpected\tQuestion\tnote\nde\tnone\twas kostet es\tx\n", 1,
		  "was kostet es", "de", "" },
		{ "question\tlang\tarticle\n\"\"\"now\"\"\tor later\"\ten\t-\n\"# 1\"\ten\ta\n", 2,
		  "\"now\"\tor later", "en", "" },
		{ "# my questions, of May\nhow much\ten\tfee\n#\n#1 lamp\ten\tlamp\n", 2,
		  "how much", "en", "fee" },
		{ "问题,文章\n多少钱,无\n多少钱,无\n", 1, "多少钱", "zh", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct learn_set_rows got = { 0 };
		struct cfg_report faults = { 0 };
		struct arena a;
		arena_init(&a, LIM_ARENA_TURN);
		OK(learn_set_read(sv_of(rows[i].text), &a, &got, &faults));
		EQ(got.n, rows[i].n);
		SV_EQ(got.v[0].question, rows[i].question);
		SV_EQ(got.v[0].lang, rows[i].lang);
		SV_EQ(got.v[0].article, rows[i].article);
		VEC_FREE(&got);
		cfg_report_done(&faults);
		arena_done(&a);
	}
}

TEST(learn_set_tells_faults_by_line)
{
	static const struct {
		const char *text, *line;
		size_t n;
	} rows[] = {
		{ "a question,en,fee.en\n\nno article,en\nanother,en,\n", "4", 1 },
		{ "question,lang\nhello,en\n", "1", 1 },
		{ "ok,en,fee\nwell,ENGLISH,fee\n,en,fee\nbad id,en,a b\n", "2", 3 },
		{ "same,en,fee\nsame,en,hours\n", "2", 1 },
		{ "\"open,en,fee\n", "1", 1 },
		{ "\"open\" x,en,fee\n", "1", 1 },
		{ "1,2,3,4,5,6,7,8,9\n", "1", 1 },
		{ "ok,en,fee\n\xff\xfe,en,fee\n", "2", 1 },
		{ "ok,en,fee\n\xef\xbf\xbd\xef\xbf\xbd,zh,fee\n", "2", 1 },
		{ "\n \n# nothing\n", "3", 1 },
		{ "", "0", 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct learn_set_rows got = { 0 };
		struct cfg_report faults = { 0 };
		struct arena a;
		arena_init(&a, LIM_ARENA_TURN);
		EQ(learn_set_read(sv_of(rows[i].text), &a, &got, &faults), ERR_INVAL);
		EQ(faults.n, rows[i].n);
		SV_EQ(sv_of(faults.v[0].where), rows[i].line);
		CHECK(faults.v[0].what[0] && faults.v[0].mend[0]);
		EQ(got.n, 0);
		cfg_report_done(&faults);
		arena_done(&a);
	}
}

/* A file of nothing but faults tells of fifty; one of too many questions says so. */
TEST(learn_set_reads_large_files_within_bounds)
{
	struct learn_set_rows got = { 0 };
	struct cfg_report faults = { 0 };
	struct arena a;
	struct sb b;
	arena_init(&a, LIM_ARENA_BIG);
	sb_init(&b, LIM_KB_DOC);
	for (int i = 0; i < LEARN_SET_QUESTIONS + 1; i++)
		sb_fmt(&b, "question %d,en,fee.en\n", i);
	EQ(learn_set_read(sb_sv(&b), &a, &got, &faults), ERR_INVAL);
	SV_EQ(sv_of(faults.v[0].where), "5001");
	cfg_report_done(&faults);
	sb_reset(&b);
	for (int i = 0; i < 200; i++)
		sb_cstr(&b, ",en,fee.en\n");
	faults = (struct cfg_report){ 0 };
	EQ(learn_set_read(sb_sv(&b), &a, &got, &faults), ERR_INVAL);
	EQ(faults.n, 50);
	cfg_report_done(&faults);
	sb_done(&b);
	arena_done(&a);
}

/* ---- sets ---- */

TEST(learn_set_takes_questions_and_changes_them)
{
	struct world w;
	char id[27];
	CHECK(up(&w));
	EQ(put(&w, "", "", "a,fee"), ERR_INVAL);
	OK(put(&w, "", "Fees", "what does it cost,fee\nopen on monday,hours.en\nto the moon,-\n"));
	EQ(w.put.added, 3);
	(void)snprintf(id, sizeof(id), "%s", w.put.id);
	EQ(put(&w, "", "Fees", "x,fee"), ERR_EXISTS);
	EQ(put(&w, "01HZZZZZZZZZZZZZZZZZZZZZZZ", "", "x,fee"), ERR_NOTFOUND);
	OK(put(&w, id, "Fees 2", "what does it cost,fee\nopen on monday,nowhere\nnew one,fee\n"));
	EQ(w.put.same, 1);
	EQ(w.put.changed, 1);
	EQ(w.put.added, 1);
	const jv *o = parsed(&w, learn_set_json(w.db, sv_of(id), &w.out));
	SV_EQ(jv_get_str(o, "name"), "Fees 2");
	EQ(jv_get_int(o, "questions", 0), 4);
	EQ(jv_get_int(o, "unanswered", 0), 1);
	CHECK(jv_is_null(jv_get(o, "last")));
	o = parsed(&w, learn_set_questions_json(w.db, sv_of(id), 0, 2, &w.out));
	EQ(jv_len(jv_get(o, "items")), 2);
	SV_EQ(jv_get_str(o, "next"), "2");
	CHECK(jv_get_bool(jv_at(jv_get(o, "items"), 0), "known", false)); /* the group */
	CHECK(!jv_get_bool(jv_at(jv_get(o, "items"), 1), "known", true));
	o = parsed(&w, learn_set_questions_json(w.db, sv_of(id), 2, 2, &w.out));
	EQ(jv_len(jv_get(o, "items")), 2);
	CHECK(jv_is_null(jv_get(o, "next")));
	EQ(learn_set_json(w.db, SV("none"), &w.out), ERR_NOTFOUND);
	/* sixty characters, of any script */
	char name[60 * 3 + 1] = "";
	for (int i = 0; i < 60; i++)
		(void)snprintf(name + 3 * i, 4, "问");
	OK(put(&w, id, name, "new one,fee\n"));
	down(&w);
}

/* ---- runs ---- */

TEST(learn_set_runs_and_tells_what_became_right_and_wrong)
{
	struct world w;
	char first[27], second[27];
	CHECK(up(&w));
	OK(put(&w, "", "All",
	       "what is the delivery fee,fee\nhow do I mount the lamp,lamp.en\n"
	       "do you wrap presents,gift.en\nhow far is the moon from mars,-\n"));
	CHECK(!learn_sets_wait(w.db));
	OK(order(&w, ""));
	(void)snprintf(first, sizeof(first), "%s", w.order.run);
	OK(order(&w, "")); /* it waits already */
	SV_EQ(sv_of(w.order.run), first);
	CHECK(learn_sets_wait(w.db));
	EQ(work(&w), 1);
	CHECK(!learn_sets_wait(w.db));
	const jv *o = run_of(&w, first), *r = jv_get(o, "run");
	SV_EQ(jv_get_str(r, "state"), "done");
	EQ(jv_get_int(r, "questions", 0), 4);
	EQ(jv_get_int(r, "right", 0), 3);
	EQ(jv_get_int(r, "first", 0), 2);
	EQ(jv_get_int(r, "articles", 0), 3);
	CHECK(!jv_get_bool(r, "meaning", true) && jv_get_str(r, "newest_change").n);
	CHECK(jv_is_null(jv_get(o, "against")));
	/* the knowledge base changes: one more answer, one answer less */
	OK(article(&w, "gift.en", "Do you wrap presents?", "Yes, in foil."));
	w.sql = "UPDATE article SET status='retired' WHERE id='lamp.en'";
	OK(scribe(&w, do_sql));
	OK(order(&w, ""));
	(void)snprintf(second, sizeof(second), "%s", w.order.run);
	EQ(work(&w), 1);
	o = run_of(&w, second);
	SV_EQ(jv_get_str(jv_get(o, "against"), "id"), first);
	EQ(jv_get_int(o, "compared", 0), 4);
	EQ(jv_get_int(o, "better_n", 0), 1);
	EQ(jv_get_int(o, "worse_n", 0), 1);
	const jv *x = jv_at(jv_get(o, "better"), 0);
	SV_EQ(jv_get_str(x, "question"), "do you wrap presents");
	SV_EQ(jv_get_str(jv_get(x, "after"), "found"), "gift.en");
	CHECK(!sv_eq(jv_get_str(jv_get(x, "before"), "outcome"), SV("right")));
	SV_EQ(jv_get_str(jv_at(jv_get(o, "worse"), 0), "article"), "lamp.en");
	o = parsed(&w, learn_set_answers_json(w.db, sv_of(second), SV("right"), 0, 2, &w.out));
	EQ(jv_len(jv_get(o, "items")), 2);
	CHECK(jv_get_str(o, "next").n);
	o = parsed(&w, learn_sets_json(w.db, &w.out));
	SV_EQ(jv_get_str(jv_get(jv_at(jv_get(o, "items"), 0), "last"), "id"), second);
	o = parsed(&w, learn_set_runs_json(w.db, sv_of(w.put.id), false, &w.out));
	EQ(jv_len(jv_get(o, "items")), 2);
	EQ(learn_set_run_json(w.db, SV("none"), SV(""), &w.out), ERR_NOTFOUND);
	down(&w);
}

#define DRAFT "01HZZZZZZZZZZZZZZZZZZZZDRA"
#define GAP   "01HZZZZZZZZZZZZZZZZZZZZGAP"

static int draft(struct world *w, const char *kind, const char *article, const char *title,
		 const char *body)
{
	static char sql[900];
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO draft (id, gap, lang, kind, article_id, base_version, title, "
		       "body_md, made_ms, updated_ms) VALUES ('" DRAFT "', '" GAP "', 'en', '%s', "
		       "'%s', 1, '%s', '%s', 1, 1)",
		       kind, article, title, body);
	w->sql = sql;
	return scribe(w, do_sql);
}

static int64_t count(struct world *w, const char *sql)
{
	struct store_stmt *q;
	int64_t n = -1;
	if (store_prep(w->db, &q, sql) == 0 && store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(learn_set_tries_a_draft_before_its_yes)
{
	struct world w;
	char live[27], trial[27];
	struct kb_index *before;
	CHECK(up(&w));
	OK(put(&w, "", "All", "what is the delivery fee,fee\n"));
	EQ(order(&w, DRAFT), ERR_NOTFOUND); /* no draft */
	OK(draft(&w, "new", "", "Do you wrap presents?", "Yes, in glittering foil."));
	char id[128];
	learn_article_id(GAP, SV("en"), id);
	char file[200];
	(void)snprintf(file, sizeof(file), "do you wrap presents,%s", id);
	OK(put(&w, w.put.id, "", file));
	before = snap_get(w.kb);
	OK(order(&w, DRAFT));
	(void)snprintf(trial, sizeof(trial), "%s", w.order.run);
	EQ(work(&w), 1);
	const jv *o = run_of(&w, trial);
	EQ(jv_get_int(jv_get(o, "run"), "right", 0), 2);
	EQ(jv_get_int(jv_get(o, "run"), "articles", 0), 4);
	EQ(jv_get_int(jv_get(o, "run"), "draft_version", 0), 1);
	EQ(jv_get_int(jv_get(o, "against"), "right", 0), 1);
	EQ(jv_get_int(jv_get(o, "against"), "articles", 0), 3);
	EQ(jv_get_int(o, "better_n", 0), 1);
	EQ(jv_get_int(o, "worse_n", 9), 0);
	SV_EQ(jv_get_str(jv_get(jv_at(jv_get(o, "better"), 0), "after"), "found"), id);
	(void)snprintf(live, sizeof(live), SV_FMT, SV_ARG(jv_get_str(jv_get(o, "run"), "against")));
	/* nobody saw it: no article, the same index; only the run without it is on the curve */
	EQ(count(&w, "SELECT count(*) FROM article"), 3);
	struct kb_index *after = snap_get(w.kb);
	CHECK(after == before);
	obj_unref(after);
	obj_unref(before);
	o = parsed(&w, learn_set_runs_json(w.db, sv_of(w.put.id), false, &w.out));
	EQ(jv_len(jv_get(o, "items")), 1);
	SV_EQ(jv_get_str(jv_at(jv_get(o, "items"), 0), "id"), live);
	o = parsed(&w, learn_set_runs_json(w.db, sv_of(w.put.id), true, &w.out));
	EQ(jv_len(jv_get(o, "items")), 2);
	/* again: nothing has changed, so the run without it is taken over */
	OK(order(&w, DRAFT));
	(void)snprintf(trial, sizeof(trial), "%s", w.order.run);
	EQ(work(&w), 1);
	o = run_of(&w, trial);
	SV_EQ(jv_get_str(jv_get(o, "run"), "against"), live);
	/* what is decided is not tried */
	w.sql = "UPDATE draft SET state='approved'";
	OK(scribe(&w, do_sql));
	EQ(order(&w, DRAFT), ERR_STATE);
	down(&w);
}

/* An edit that takes an answer away is seen before anybody says yes. */
TEST(learn_set_sees_what_an_edit_would_break)
{
	struct world w;
	CHECK(up(&w));
	OK(put(&w, "", "All", "how do I mount the lamp,lamp\nwhen are you open,hours\n"));
	OK(draft(&w, "edit", "lamp.en", "Which bulbs fit?", "E27, up to 60 watts."));
	OK(order(&w, DRAFT));
	EQ(work(&w), 1);
	const jv *o = run_of(&w, w.order.run);
	EQ(jv_get_int(o, "worse_n", 0), 1);
	EQ(jv_get_int(o, "better_n", 9), 0);
	SV_EQ(jv_get_str(jv_at(jv_get(o, "worse"), 0), "article"), "lamp");
	/* the article goes: the run is told as failed, and waits no more */
	OK(order(&w, DRAFT));
	w.sql = "DELETE FROM article WHERE id='lamp.en'";
	OK(scribe(&w, do_sql));
	EQ(work(&w), 1);
	o = run_of(&w, w.order.run);
	SV_EQ(jv_get_str(jv_get(o, "run"), "state"), "failed");
	CHECK(jv_get_str(jv_get(o, "run"), "error").n);
	CHECK(!learn_sets_wait(w.db));
	down(&w);
}

static bool stop_now(void *arg)
{
	(void)arg;
	return true;
}

static int do_drop(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_set_drop(db, sv_of(w->put.id));
}

static int do_cut(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_set_cut(db, sv_of(w->put.id), 1);
}

TEST(learn_set_waits_through_a_stop_and_goes_as_a_whole)
{
	struct world w;
	size_t n;
	CHECK(up(&w));
	OK(put(&w, "", "All", "how do I mount the lamp,lamp\nwhen are you open,hours\n"));
	OK(order(&w, ""));
	const struct learn_set_work k = { .store = w.st, .kb = w.kb, .stopped = stop_now };
	EQ(learn_sets_work(&k, &n), ERR_CANCELED);
	CHECK(learn_sets_wait(w.db));
	EQ(work(&w), 1);
	OK(scribe(&w, do_cut));
	EQ(scribe(&w, do_cut), ERR_NOTFOUND);
	/* its number is not given to another: the runs of before would be held against that; nor
	 * that of one which no run knows */
	OK(put(&w, w.put.id, "", "what is the delivery fee,fee\n"));
	OK(order(&w, ""));
	EQ(work(&w), 1);
	const jv *o = run_of(&w, w.order.run);
	EQ(jv_get_int(o, "compared", 0), 1);
	/* a drop is one small write: nobody sees its runs any more, their rows go afterwards */
	OK(scribe(&w, do_drop));
	EQ(scribe(&w, do_drop), ERR_NOTFOUND);
	EQ(count(&w, "SELECT count(*) FROM kb_set_answer"), 4);
	EQ(learn_set_run_json(w.db, sv_of(w.order.run), SV(""), &w.out), ERR_NOTFOUND);
	sb_reset(&w.out);
	o = parsed(&w, learn_set_answers_json(w.db, sv_of(w.order.run), SV(""), 0, 9, &w.out));
	EQ(jv_len(jv_get(o, "items")), 0);
	CHECK(learn_sets_wait(w.db));
	EQ(learn_sets_work(&k, &n), ERR_CANCELED);
	EQ(work(&w), 0);
	CHECK(!learn_sets_wait(w.db));
	EQ(count(&w, "SELECT (SELECT count(*) FROM kb_set_answer) + (SELECT count(*) FROM "
		     "kb_set_run) + (SELECT count(*) FROM kb_set_question)"), 0);
	EQ(order(&w, ""), ERR_NOTFOUND);
	OK(put(&w, "", "Empty", "x,fee\n"));
	w.sql = "DELETE FROM kb_set_question";
	OK(scribe(&w, do_sql));
	EQ(order(&w, ""), ERR_STATE);
	down(&w);
}

TEST(learn_set_keeps_so_many_runs)
{
	struct world w;
	char trial[27];
	CHECK(up(&w));
	OK(put(&w, "", "All", "when are you open,hours\n"));
	OK(draft(&w, "new", "", "Do you wrap presents?", "Yes, in glittering foil."));
	OK(order(&w, DRAFT));
	EQ(work(&w), 1);
	(void)snprintf(trial, sizeof(trial), "%s", w.order.run);
	for (int i = 0; i < LEARN_SET_RUNS + 3; i++) {
		OK(order(&w, ""));
		EQ(work(&w), 1);
	}
	EQ(count(&w, "SELECT count(*) FROM kb_set_run"), LEARN_SET_RUNS + 2);
	EQ(count(&w, "SELECT count(*) FROM kb_set_answer"), LEARN_SET_RUNS + 2);
	/* the trial, and what it is held against */
	const jv *o = run_of(&w, trial);
	EQ(jv_get_int(o, "compared", 0), 1);
	/* and when it is gone all the same, the run is told without it */
	w.sql = "DELETE FROM kb_set_run WHERE draft='' AND id=(SELECT min(id) FROM kb_set_run "
		"WHERE draft='')";
	OK(scribe(&w, do_sql));
	o = run_of(&w, trial);
	SV_EQ(jv_get_str(jv_get(o, "run"), "id"), trial);
	CHECK(jv_is_null(jv_get(o, "against")));
	EQ(jv_get_int(o, "compared", 9), 0);
	EQ(learn_set_run_json(w.db, sv_of(trial), SV("none"), &w.out), ERR_NOTFOUND);
	down(&w);
}

/* The oldest answers of all sets go when there are too many; not the last run of a set. */
TEST(learn_set_keeps_so_many_answers)
{
	struct world w;
	char other[27];
	CHECK(up(&w));
	OK(put(&w, "", "Other", "when are you open,hours\n"));
	for (int i = 0; i < 2; i++) {
		OK(order(&w, ""));
		EQ(work(&w), 1);
	}
	(void)snprintf(other, sizeof(other), "%s", w.order.run);
	OK(put(&w, "", "All", "when are you open,hours\n"));
	for (int i = 0; i < 3; i++) {
		w.sql = "UPDATE kb_set_run SET questions=900000";
		OK(scribe(&w, do_sql));
		OK(order(&w, ""));
		EQ(work(&w), 1);
	}
	/* two of 900,000, the newest, and the last one of the other set */
	EQ(count(&w, "SELECT count(*) FROM kb_set_run"), 4);
	EQ(count(&w, "SELECT count(*) FROM kb_set_answer"), 4);
	const jv *o = run_of(&w, other);
	SV_EQ(jv_get_str(jv_get(o, "run"), "state"), "done");
	down(&w);
}

/* ---- a trial shows what a yes can do ---- */

static const jv *tried(struct world *w, const struct learn_set_work *k)
{
	size_t n = 0;
	if (order(w, DRAFT) || learn_sets_work(k, &n) || n != 1)
		return NULL;
	return run_of(w, w->order.run);
}

TEST(learn_set_tries_no_draft_that_is_behind)
{
	struct world w;
	CHECK(up(&w));
	const struct learn_set_work k = { .store = w.st, .kb = w.kb };
	OK(put(&w, "", "All", "when are you open,hours\n"));
	OK(draft(&w, "edit", "lamp.en", "How do I mount the lamp?", "With four screws."));
	SV_EQ(jv_get_str(jv_get(tried(&w, &k), "run"), "state"), "done");
	OK(article(&w, "lamp.en", "How do I mount the lamp?", "With three screws."));
	const jv *r = jv_get(tried(&w, &k), "run");
	SV_EQ(jv_get_str(r, "state"), "failed");
	SV_EQ(jv_get_str(r, "error"), "the article it changes has changed meanwhile");
	/* decided between the order and the run */
	w.sql = "UPDATE draft SET base_version=2";
	OK(scribe(&w, do_sql));
	OK(order(&w, DRAFT));
	w.sql = "UPDATE draft SET state='rejected'";
	OK(scribe(&w, do_sql));
	EQ(work(&w), 1);
	r = jv_get(run_of(&w, w.order.run), "run");
	SV_EQ(jv_get_str(r, "error"), "the draft is decided already");
	down(&w);
}

/* The run without the draft is asked again when a date has come, or by another process. */
TEST(learn_set_takes_over_only_what_is_the_same)
{
	struct world w;
	struct learn_set_work k;
	char before[27];
	CHECK(up(&w));
	k = (struct learn_set_work){ .store = w.st, .kb = w.kb, .process = 1 };
	OK(put(&w, "", "All", "when are you open,hours\n"));
	OK(draft(&w, "new", "", "Do you wrap presents?", "Yes, in glittering foil."));
	CHECK(tried(&w, &k) && tried(&w, &k));
	EQ(count(&w, "SELECT count(*) FROM kb_set_run WHERE draft=''"), 1);
	k.process = 2;
	CHECK(tried(&w, &k));
	EQ(count(&w, "SELECT count(*) FROM kb_set_run WHERE draft=''"), 2);
	const int64_t soon = clk_wall_ms() + 300;
	char sql[120];
	(void)snprintf(sql, sizeof(sql), "UPDATE article SET valid_to_ms=%lld WHERE id='lamp.en'",
		       (long long)soon);
	w.sql = sql;
	OK(scribe(&w, do_sql));
	const jv *o = tried(&w, &k);
	(void)snprintf(before, sizeof(before), SV_FMT,
		       SV_ARG(jv_get_str(jv_get(o, "against"), "id")));
	while (clk_wall_ms() <= soon)
		usleep(10000);
	o = tried(&w, &k);
	CHECK(!sv_eq(jv_get_str(jv_get(o, "against"), "id"), sv_of(before)));
	/* and when it is old */
	w.sql = "UPDATE kb_set_run SET at_ms=at_ms-3600000";
	OK(scribe(&w, do_sql));
	int64_t n = count(&w, "SELECT count(*) FROM kb_set_run WHERE draft=''");
	CHECK(tried(&w, &k));
	EQ(count(&w, "SELECT count(*) FROM kb_set_run WHERE draft=''"), n + 1);
	down(&w);
}

/* ---- by meaning ---- */

struct dense {
	struct kb_dense *live, *d;
	int questions, passages;
	int late_from;               /* no vector from this question on */
	bool broken;                 /* none of passages */
};
static float v64[64] = { 1 };

static const float *question(void *arg, sv text, int *dim)
{
	struct dense *x = arg;
	(void)text;
	x->questions++;
	*dim = 64;
	return x->late_from && x->questions >= x->late_from ? NULL : v64;
}

static void put_vector(void *arg, sv text)
{
	struct dense *x = arg;
	x->passages += kb_dense_put(x->d, text, v64, 64) == 0;
}

static int fill(void *arg, const struct kb_index *ix, struct kb_dense *d)
{
	struct dense *x = arg;
	x->d = d;
	if (x->broken)
		return ERR_TIMEOUT;
	(void)kb_dense_behind(ix, put_vector, x, NULL);
	return 0;
}

/* An index whose English is searched by meaning, as customers have it. */
static bool up_dense(struct world *w, struct dense *x)
{
	struct err e;
	struct kb_index *ix;
	*x = (struct dense){ 0 };
	if (!up(w) || kb_dense_open(&x->live, NULL, SV("test"), &e) ||
	    kb_build(&ix, w->db, &(struct kb_opts){ .dense = x->live }, &e))
		return false;
	x->d = x->live;
	(void)kb_dense_missing(ix, put_vector, x);
	obj_unref(ix);
	if (kb_build(&ix, w->db, &(struct kb_opts){ .dense = x->live }, &e) ||
	    !kb_dense_ready(ix, SV("en")))
		return false;
	snap_publish(w->kb, ix);
	x->questions = x->passages = 0;
	return true;
}

static void down_dense(struct world *w, struct dense *x)
{
	kb_dense_close(x->live);
	down(w);
}

/* Only the draft's texts lack a vector; with them its index is searched by meaning as the other. */
TEST(learn_set_gives_a_draft_vectors_of_its_own)
{
	struct world w;
	struct dense x;
	CHECK(up_dense(&w, &x));
	OK(put(&w, "", "All", "when are you open,hours\ndo you wrap presents,-\n"));
	OK(draft(&w, "new", "", "Do you wrap presents?", "Yes, in glittering foil."));
	const struct learn_set_work k = { .store = w.st, .kb = w.kb, .question = question,
					  .passages = fill, .arg = &x };
	const jv *o = tried(&w, &k);
	EQ(x.questions, 4);
	EQ(x.passages, 2);
	CHECK(jv_get_bool(jv_get(o, "run"), "meaning", false));
	CHECK(jv_get_bool(jv_get(o, "against"), "meaning", false));
	/* without a model the same index is asked by words */
	OK(order(&w, ""));
	EQ(work(&w), 1);
	o = run_of(&w, w.order.run);
	CHECK(!jv_get_bool(jv_get(o, "run"), "meaning", true));
	/* a language that has none is no part of what was changed, however large it is */
	w.art = &(struct kb_article){ .id = SV("fee.zh"), .group_id = SV("fee"), .lang = SV("zh"),
				      .title = SV("运费多少？"), .body_md = SV("十元。") };
	OK(scribe(&w, do_article));
	struct kb_index *ix;
	struct err e;
	OK(kb_build(&ix, w.db, &(struct kb_opts){ .dense = x.live }, &e));
	CHECK(kb_dense_missing(ix, NULL, NULL) > 0);
	CHECK(kb_dense_lacks(ix, SV("zh")) && !kb_dense_lacks(ix, SV("en")));
	snap_publish(w.kb, ix);
	x.passages = 0;
	o = tried(&w, &k);
	EQ(x.passages, 2);
	CHECK(jv_get_bool(jv_get(o, "run"), "meaning", false));
	OK(put(&w, w.put.id, "", "运费多少,fee\n"));
	o = tried(&w, &k); /* its questions are asked by words */
	SV_EQ(jv_get_str(jv_get(o, "run"), "state"), "done");
	CHECK(!jv_get_bool(jv_get(o, "run"), "meaning", true));
	down_dense(&w, &x);
}

/* What was committed and is not published yet is in both runs of a trial: no draft's doing. */
TEST(learn_set_does_not_give_a_draft_what_others_did)
{
	struct world w;
	struct dense x;
	CHECK(up_dense(&w, &x));
	OK(put(&w, "", "All", "do you wrap presents,gift\nwhen are you open,hours\n"));
	OK(article(&w, "gift.en", "Do you wrap presents?", "Yes, in foil."));
	OK(draft(&w, "edit", "lamp.en", "How do I mount the lamp?", "With four screws."));
	const struct learn_set_work k = { .store = w.st, .kb = w.kb, .question = question,
					  .passages = fill, .arg = &x };
	const jv *o = tried(&w, &k);
	SV_EQ(jv_get_str(jv_get(o, "run"), "state"), "done");
	EQ(jv_get_int(jv_get(o, "against"), "articles", 0), 4);
	EQ(jv_get_int(jv_get(o, "run"), "articles", 0), 4);
	EQ(jv_get_int(o, "better_n", 9), 0);
	CHECK(jv_get_bool(jv_get(o, "run"), "meaning", false));
	CHECK(jv_get_bool(jv_get(o, "against"), "meaning", false));
	EQ(x.passages, 2 + 2); /* of the article, and of the draft: each once */
	/* the published index has the article now, by words until it has its vectors */
	struct kb_index *ix, *now = snap_get(w.kb);
	struct err e;
	OK(kb_update(&ix, now, w.db, NULL, NULL, &e));
	CHECK(!kb_dense_ready(ix, SV("en")) && kb_dense_behind(ix, NULL, NULL, NULL));
	obj_unref(now);
	snap_publish(w.kb, ix);
	OK(order(&w, ""));
	size_t n;
	OK(learn_sets_work(&k, &n));
	o = run_of(&w, w.order.run);
	CHECK(jv_get_bool(jv_get(o, "run"), "meaning", false));
	down_dense(&w, &x);
}

/* A model that is late: by words, and the run says so; a trial does not mix the two. */
TEST(learn_set_tells_when_the_model_is_late)
{
	struct world w;
	struct dense x;
	size_t n;
	CHECK(up_dense(&w, &x));
	const struct learn_set_work k = { .store = w.st, .kb = w.kb, .question = question,
					  .passages = fill, .arg = &x };
	OK(put(&w, "", "All", "do you wrap presents,-\nwhen are you open,hours\n"));
	x.late_from = 1;
	OK(order(&w, ""));
	OK(learn_sets_work(&k, &n));
	const jv *o = run_of(&w, w.order.run);
	SV_EQ(jv_get_str(jv_get(o, "run"), "state"), "done");
	CHECK(!jv_get_bool(jv_get(o, "run"), "meaning", true));
	/* it is not taken over; what is asked then is late once more, with the draft alone */
	OK(draft(&w, "edit", "lamp.en", "How do I mount the lamp?", "With four screws."));
	x.late_from = x.questions + 3;
	o = tried(&w, &k);
	SV_EQ(jv_get_str(jv_get(o, "run"), "state"), "failed");
	SV_EQ(jv_get_str(jv_get(o, "run"), "error"), "the embedding model was late: try again");
	/* five in a row: it is not waited for any more */
	OK(put(&w, w.put.id, "", "one,-\ntwo,-\nthree,-\nfour,-\nfive,-\nsix,-\n"));
	x.questions = 0;
	x.late_from = 3;
	OK(order(&w, ""));
	OK(learn_sets_work(&k, &n));
	EQ(x.questions, 2 + 5);
	/* changes that cannot have their vectors are searched by words */
	x = (struct dense){ .live = x.live, .broken = true };
	OK(article(&w, "gift.en", "Do you wrap presents?", "Yes, in foil."));
	OK(order(&w, ""));
	OK(learn_sets_work(&k, &n));
	o = run_of(&w, w.order.run);
	SV_EQ(jv_get_str(jv_get(o, "run"), "state"), "done");
	EQ(jv_get_int(jv_get(o, "run"), "articles", 0), 4);
	CHECK(!jv_get_bool(jv_get(o, "run"), "meaning", true));
	down_dense(&w, &x);
}
