/* t_learn_more.c: what a version did, and what people are shown: lists, the map. */
#include <stdio.h>
#include "learn_int.h"
#include "t.h"

#define NOW 1767225600000LL      /* 2026-01-01 */
#define DAY LEARN_DAY_MS

struct world {
	struct store *st;
	struct store_db *db;
	int n;
	size_t back, kept;
	int64_t now_ms;
	const char *sql;
	const struct kb_article *a;
	int rc;
};

static int put_article(void *arg, struct store_db *db)
{
	struct world *w = arg;
	bool changed;
	return w->rc = kb_put(db, w->a, NOW - 20 * DAY, &changed);
}

static int run_sql(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = store_exec(db, w->sql);
}

static int judge(void *arg, struct store_db *db)
{
	struct world *w = arg;
	struct arena a;
	struct learn_effect *v;
	size_t n;
	arena_init(&a, LIM_ARENA_TURN);
	w->rc = learn_effects(db, w->now_ms, &a, &v, &n);
	if (!w->rc)
		w->rc = learn_judge(db, v, n, w->now_ms, &w->back, &w->kept);
	arena_done(&a);
	return w->rc;
}

static int write_now(struct world *w, store_write_fn *fn)
{
	if (store_write(w->st, fn, w, NULL, NULL) || store_flush(w->st))
		return w->rc ? w->rc : ERR_DB;
	return w->rc;
}

static int exec(struct world *w, const char *sql)
{
	w->sql = sql;
	return write_now(w, run_sql);
}

static bool article(struct world *w, const char *id, const char *body)
{
	const struct kb_article a = { .id = sv_of(id), .group_id = sv_of(id), .lang = SV("en"),
				      .title = SV("Gift wrapping"), .body_md = sv_of(body),
				      .category = SV("service") };
	w->a = &a;
	return write_now(w, put_article) == 0;
}

static bool open_world(struct world *w)
{
	struct err e;
	memset(w, 0, sizeof(*w));
	w->now_ms = NOW;
	return kb_init() == 0 && store_open(&w->st, &(struct store_opts){ .dir = "" }, &e) == 0 &&
	       store_reader(w->st, &w->db) == 0;
}

static void row(struct world *w, int64_t seq, const char *kind, const char *body)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "conv-%05d", w->n);
	const struct store_event ev = { .ts_ms = NOW - DAY, .conversation = sv_of(id), .seq = seq,
					.kind = sv_of(kind), .actor = SV("x"),
					.body = sv_of(body) };
	ASSERT(store_append(w->st, &ev, NULL, NULL, NULL) == 0);
}

/* n conversations that cited this version, bad of them with a thumb down. */
static void cited(struct world *w, const char *id, int version, int n, int bad)
{
	char body[200];
	(void)snprintf(
		body, sizeof(body),
		"{\"action\":\"reply\",\"citations\":[{\"article_id\":\"%s\",\"version\":%d}]}",
		id, version);
	for (int i = 0; i < n; i++) {
		w->n++;
		row(w, 1, "turn.bot", body);
		if (i < bad)
			row(w, 2, i & 1 ? "handover" : "feedback", "{\"value\":\"down\"}");
	}
	ASSERT(store_flush(w->st) == 0);
}

static int64_t number(struct world *w, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, sql))
		return -1;
	int64_t v = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return v;
}

/* The second version has its share since two days ago. */
static bool second_version(struct world *w)
{
	char sql[400];
	(void)snprintf(
		sql, sizeof(sql),
		"UPDATE article SET canary=20 WHERE id='wrap.en'; INSERT INTO kb_canary (id, "
		"lang, version, share, since_ms) VALUES ('wrap.en', 'en', 2, 20, %lld)",
		(long long)(NOW - 2 * DAY));
	return article(w, "wrap.en", "We wrap for CNY 8.") &&
	       article(w, "wrap.en", "We wrap for CNY 9.") && exec(w, sql) == 0;
}

TEST(the_bound_is_newcombes)
{
	/* Newcombe 1998, his method 10 on 56/70 against 48/80: 95 % two-sided is 0.0524 to 0.3339;
	 * at one-sided 95 % the lower bound lies between that and the difference of 0.2. */
	double lo = learn_worse(56, 70, 48, 80);
	CHECK(lo > 0.0524 && lo < 0.2);
	NEAR(lo, 0.0765, 0.002);
	CHECK(learn_worse(5, 50, 5, 50) < 0);
	CHECK(learn_worse(0, 50, 0, 50) < 0);
	CHECK(learn_worse(1, 0, 1, 10) < 0);
}

TEST(a_version_that_is_worse_is_taken_back)
{
	struct world w;
	CHECK(open_world(&w) && second_version(&w));
	cited(&w, "wrap.en", 1, 200, 10);
	cited(&w, "wrap.en", 2, 60, 20);
	OK(write_now(&w, judge));
	EQ(w.back, 1);
	EQ(number(&w, "SELECT version FROM article WHERE id='wrap.en'"), 3);
	EQ(number(&w, "SELECT count(*) FROM article WHERE body_md LIKE '%CNY 8%'"), 1);
	EQ(number(&w, "SELECT count(*) FROM kb_canary WHERE state='back' AND n=60 AND bad=20 AND "
		      "n_before=200 AND bad_before=10"), 1);
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind='kb.taken_back'"), 1);
	OK(write_now(&w, judge));
	EQ(w.back + w.kept, 0);
	store_close(w.st);
}

TEST(a_version_that_is_not_worse_goes_to_all_after_a_week)
{
	struct world w;
	CHECK(open_world(&w) && second_version(&w));
	cited(&w, "wrap.en", 1, 200, 10);
	cited(&w, "wrap.en", 2, 60, 3);
	OK(write_now(&w, judge));
	EQ(w.back + w.kept, 0);
	EQ(number(&w, "SELECT canary FROM article WHERE id='wrap.en'"), 20);
	w.now_ms = NOW + 6 * DAY;
	OK(write_now(&w, judge));
	EQ(w.kept, 1);
	EQ(number(&w, "SELECT canary FROM article WHERE id='wrap.en'"), 0);
	EQ(number(&w, "SELECT version FROM article WHERE id='wrap.en'"), 2);
	store_close(w.st);
}

/* Neither for nor against it, however long it takes. */
TEST(too_few_conversations_judge_nothing)
{
	struct world w;
	CHECK(open_world(&w) && second_version(&w));
	cited(&w, "wrap.en", 1, 20, 0);
	cited(&w, "wrap.en", 2, 10, 10);
	OK(write_now(&w, judge));
	EQ(w.back + w.kept, 0);
	w.now_ms = NOW + 30 * DAY;
	OK(write_now(&w, judge));
	EQ(w.back + w.kept, 0);
	EQ(number(&w, "SELECT canary FROM article WHERE id='wrap.en' AND version=2"), 20);
	EQ(number(&w, "SELECT count(*) FROM kb_canary WHERE state='waiting'"), 1);
	cited(&w, "wrap.en", 1, 40, 8);
	cited(&w, "wrap.en", 2, 60, 1);
	OK(write_now(&w, judge));
	EQ(w.kept, 1);
	store_close(w.st);
}

/* Two on trial one after the other: what all had before both of them comes back. */
TEST(a_version_that_was_on_trial_itself_does_not_come_back)
{
	struct world w;
	char sql[400];
	(void)snprintf(
		sql, sizeof(sql),
		"UPDATE article SET canary=20 WHERE id='wrap.en'; INSERT INTO kb_canary (id, "
		"lang, version, share, since_ms) VALUES ('wrap.en', 'en', 3, 20, %lld)",
		(long long)(NOW - 2 * DAY + 1));
	CHECK(open_world(&w) && second_version(&w));
	CHECK(article(&w, "wrap.en", "We wrap for CNY 10.") && exec(&w, sql) == 0);
	cited(&w, "wrap.en", 1, 200, 10);
	cited(&w, "wrap.en", 3, 60, 20);
	OK(write_now(&w, judge));
	EQ(w.back, 1);
	EQ(number(&w, "SELECT count(*) FROM article WHERE version=4 AND canary=0 AND body_md LIKE "
		      "'%CNY 8%'"), 1);
	store_close(w.st);
}

TEST(a_bad_new_article_is_retired)
{
	struct world w;
	CHECK(open_world(&w));
	CHECK(article(&w, "wrap.en", "We wrap for CNY 8."));
	CHECK(article(&w, "other.en", "Other things."));
	OK(exec(&w, "INSERT INTO kb_canary (id, lang, version, share, since_ms) VALUES ('wrap.en', "
		    "'en', 1, 20, 1767000000000)"));
	cited(&w, "other.en", 1, 100, 4);
	cited(&w, "wrap.en", 1, 40, 20);
	OK(write_now(&w, judge));
	EQ(w.back, 1);
	EQ(number(&w, "SELECT count(*) FROM article WHERE id='wrap.en' AND status='retired'"), 1);
	store_close(w.st);
}

/* ---- lists ---- */

static jv *parsed(struct sb *b)
{
	struct err e;
	jv *v = jv_parse(sb_sv(b), &e);
	if (!v)
		fprintf(stderr, "# %s in %s\n", e.msg, sb_str(b));
	sb_reset(b);
	return v;
}

static int gaps(struct world *w)
{
	char sql[400], id[27];
	int rc = 0;
	for (int i = 0; i < 5 && !rc; i++) {
		id_new(id);
		(void)snprintf(
			sql, sizeof(sql),
			"INSERT INTO gap (id, lang, question, category, state, size, "
			"customers, "
			"answers, cost, trend, coverage, priority, first_ms, last_ms, "
			"updated_ms) VALUES ('%s', '%s', 'q\"%d', 'service', 'open', 3, 2, 1, "
			"4.5, 0.5, 0.25, %d, 1, %lld, 3)",
			id, i < 4 ? "en" : "zh", i, i / 2, (long long)(NOW - DAY));
		rc = exec(w, sql);
	}
	return rc;
}

TEST(gaps_come_page_by_page)
{
	struct world w;
	struct learn_query q = { .lang = SV("en"), .limit = 3 };
	struct arena a;
	struct sb b;
	CHECK(open_world(&w));
	OK(gaps(&w));
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&b, LIM_JSON_BYTES);
	OK(learn_gaps_json(w.db, &q, &b));
	jv *r = parsed(&b);
	EQ(jv_len(jv_get(r, "items")), 3);
	NEAR(jv_as_num(jv_path(r, "items.0.priority"), -1), 1, 1e-9);
	q.cursor = arena_sv(&a, jv_get_str(r, "next"));
	CHECK(q.cursor.n > 0);
	jv_free(r);
	OK(learn_gaps_json(w.db, &q, &b));
	r = parsed(&b);
	EQ(jv_len(jv_get(r, "items")), 1);
	CHECK(jv_is_null(jv_get(r, "next")));
	jv_free(r);
	q.cursor = SV("nonsense");
	EQ(learn_gaps_json(w.db, &q, &b), ERR_INVAL);
	EQ(learn_gap_json(w.db, SV("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &b), ERR_NOTFOUND);
	sb_done(&b);
	arena_done(&a);
	store_close(w.st);
}

TEST(drafts_and_conflicts_are_shown_whole)
{
	struct world w;
	struct learn_query q = { .state = SV("open") };
	struct sb b;
	int64_t version = 0;
	CHECK(open_world(&w));
	CHECK(article(&w, "wrap.en", "We wrap for CNY 8."));
	OK(exec(&w,
		"INSERT INTO draft (id, gap, lang, kind, article_id, title, body_md, made_ms, "
		"updated_ms) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'g', 'en', 'edit', "
		"'wrap.en', "
		"'T', 'B', 1, 2)"));
	OK(exec(&w, "INSERT INTO kb_conflict (id, lang, article_id, other_id, kind, value, "
		    "other_value, sentence, other_sentence, likeness, at_ms) VALUES "
		    "('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'en', 'a', 'b', 'money', '1', '2', 's', "
		    "'t', 0.9, "
		    "5)"));
	sb_init(&b, LIM_JSON_BYTES);
	OK(learn_drafts_json(w.db, &q, &b));
	jv *r = parsed(&b);
	SV_EQ(jv_as_str(jv_path(r, "items.0.kind")), "edit");
	CHECK(jv_is_arr(jv_path(r, "items.0.gates")));
	jv_free(r);
	OK(learn_draft_json(w.db, SV("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &version, &b));
	EQ(version, 1);
	r = parsed(&b);
	SV_EQ(jv_as_str(jv_path(r, "before.body_md")), "We wrap for CNY 8.");
	jv_free(r);
	EQ(learn_draft_json(w.db, SV("x"), &version, &b), ERR_NOTFOUND);
	sb_reset(&b);
	q.state = SV("b");       /* of an article, either side */
	OK(learn_conflicts_json(w.db, &q, &b));
	r = parsed(&b);
	EQ(jv_len(jv_get(r, "items")), 1);
	CHECK(!jv_as_bool(jv_path(r, "items.0.translation"), true));
	jv_free(r);
	sb_done(&b);
	store_close(w.st);
}

static int owner(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_topic_put(db, SV("service"), SV("lily"), 10, NOW);
}

TEST(the_map_tells_by_topic)
{
	struct world w;
	struct learn_query q = { .now_ms = NOW };
	struct sb b;
	CHECK(open_world(&w));
	CHECK(article(&w, "wrap.en", "We wrap for CNY 8."));
	CHECK(article(&w, "soon.en", "Until Sunday."));
	OK(exec(&w, "UPDATE article SET valid_to_ms=1767225600001 WHERE id='soon.en'"));
	OK(gaps(&w));
	/* one more that nobody has asked for thirty days */
	OK(exec(&w, "INSERT INTO gap (id, lang, question, category, state, size, customers, "
		    "answers, cost, trend, coverage, priority, first_ms, last_ms, updated_ms) "
		    "SELECT 'old', lang, question, category, state, size, customers, answers, "
		    "cost, trend, coverage, priority, first_ms, last_ms - 2592000000, updated_ms "
		    "FROM gap WHERE lang='en' LIMIT 1"));
	OK(write_now(&w, owner));
	cited(&w, "wrap.en", 1, 12, 0);
	sb_init(&b, LIM_JSON_BYTES);
	OK(learn_coverage_json(w.db, &q, &b));
	jv *r = parsed(&b), *t = jv_path(r, "items.0");
	SV_EQ(jv_get_str(t, "category"), "service");
	SV_EQ(jv_get_str(t, "lang"), "en");
	SV_EQ(jv_get_str(t, "owner"), "lily");
	EQ(jv_get_int(t, "articles", 0), 2);
	EQ(jv_get_int(t, "gaps", 0), 4);
	EQ(jv_get_int(t, "answered", 0), 12);
	EQ(jv_get_int(t, "unanswered", 0), 12);
	NEAR(jv_get_num(t, "coverage", 0), 0.5, 1e-3);
	EQ(jv_get_int(t, "stale", 0), 2);
	EQ(jv_get_int(t, "expiring", 0), 1);
	jv_free(r);
	sb_done(&b);
	store_close(w.st);
}
