/* t_kb_index.c: put, versions, validity, search, verdict, hostile questions, threads, the demo. */
#include <pthread.h>
#include <stdio.h>
#include "kb_int.h"
#include "t.h"

#define DAY (86400000LL)
#define GOALS \
	{ "en", "dev.en.tsv", "dev_oos.en.txt", 90, 90 }, \
	{ "zh", "dev.zh.tsv", "dev_oos.zh.txt", 90, 90 }, \
	{ "en", "questions.en.tsv", "unanswerable.en.txt", 85, 90 }, \
	{ "zh", "questions.zh.tsv", "unanswerable.zh.txt", 85, 90 }
#define NOW (1767225600000LL + 30 * DAY) /* 2026-01-31 */

struct world {
	struct store *st;
	struct store_db *db;
	struct arena a;
	struct err e;
};

static bool world_open(struct world *w)
{
	struct store_opts o = { .dir = "" };

	memset(w, 0, sizeof(*w));
	arena_init(&w->a, LIM_ARENA_BIG);
	return kb_init() == 0 && store_open(&w->st, &o, &w->e) == 0;
}

static void world_close(struct world *w)
{
	store_close(w->st);
	arena_done(&w->a);
}

struct put {
	struct world *w;
	const struct kb_article *a;
	const char *path;        /* a file or folder instead of one article */
	bool products, changed;
	sv retire;
	int rc;
};

static int put_one(void *arg, const struct kb_article *a)
{
	bool changed;

	return kb_put(arg, a, NOW, &changed);
}

static int put_fn(void *arg, struct store_db *db)
{
	struct put *p = arg;
	struct sb b;

	if (p->retire.n)
		return p->rc = kb_retire(db, p->retire, NOW);
	if (p->a)
		return p->rc = kb_put(db, p->a, NOW, &p->changed);
	if (!p->products)
		return p->rc = kb_parse_path(p->path, &p->w->a, put_one, db, &p->w->e);
	sb_init(&b, LIM_KB_DOC);
	p->rc = file_read(p->path, LIM_KB_DOC, &b, &p->w->e);
	if (!p->rc)
		p->rc = kb_parse_products(sb_sv(&b), p->path, &p->w->a, put_one, db, NULL,
					  &p->w->e);
	sb_done(&b);
	return p->rc;
}

static int do_put(struct world *w, struct put *p)
{
	p->w = w;
	if (store_write(w->st, put_fn, p, NULL, NULL) != 0 || store_flush(w->st) != 0)
		return ERR_DB;
	return p->rc;
}

static bool put(struct world *w, const struct kb_article *a)
{
	struct put p = { .a = a };

	return do_put(w, &p) == 0 && p.changed;
}

static struct kb_index *build(struct world *w)
{
	struct kb_index *ix = NULL;

	if (store_reader(w->st, &w->db) != 0 || kb_build(&ix, w->db, NULL, &w->e) != 0)
		fprintf(stderr, "# %s\n", w->e.msg);
	return ix;
}

static struct kb_article article(const char *id, const char *lang, const char *title,
				 const char *body)
{
	return (struct kb_article){ .id = sv_of(id), .group_id = sv_of(id), .lang = sv_of(lang),
		.title = sv_of(title), .body_md = sv_of(body) };
}

static struct kb_article with(struct kb_article a, const char *aliases)
{
	a.aliases = sv_of(aliases);
	return a;
}

/* A small company of six articles. */
static bool small_world(struct world *w)
{
	const struct kb_article all[] = {
		with(article("return.en", "en", "How do I return an article?",
			     "Choose the article in My Orders and book a pick-up. It is free."),
		     "send something back\nreturn process"),
		article("window.en", "en", "How long do I have to return something?",
			"You have 30 days from delivery.\n\n## Members\n\n- Gold members have "
			"60 days."),
		article("invoice.en", "en", "How do I get an invoice?",
			"Tick the invoice box at checkout. It comes as a PDF."),
		article("mattress.en", "en", "Which mattress suits a side sleeper?",
			"A side sleeper takes the soft mattress."),
		with(article("return.zh", "zh", "怎么退货？",
			     "在我的订单里选择商品，预约上门取件。"),
		     "退货流程\n想退东西"),
		article("invoice.zh", "zh", "怎么开发票？", "结账时勾选电子发票。"),
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!put(w, &all[i]))
			return false;
	return true;
}

static struct kb_result ask(struct kb_index *ix, struct arena *a, const char *lang, sv text)
{
	struct kb_query q = { .text = text, .lang = sv_of(lang), .k = 5, .now_ms = NOW };
	struct kb_result r;

	arena_reset(a);
	if (kb_search(ix, &q, a, &r) != 0)
		r.n = 999;
	return r;
}

TEST(kb_search_finds_titles_aliases_and_synonyms)
{
	struct world w;
	struct kb_index *ix;
	struct kb_result r;
	struct kb_article got;

	CHECK(world_open(&w) && small_world(&w));
	ix = build(&w);
	CHECK(ix && kb_count(ix) == 6);
	r = ask(ix, &w.a, "en", SV("how do i return an article"));
	CHECK(r.n >= 1 && r.answerable);
	SV_EQ(r.hits[0].article_id, "return.en");
	SV_EQ(r.hits[0].quote, "Choose the article in My Orders and book a pick-up.");
	r = ask(ix, &w.a, "en", SV("I want to send it back"));
	SV_EQ(r.hits[0].article_id, "return.en");
	r = ask(ix, &w.a, "en", SV("fapiao please"));
	SV_EQ(r.hits[0].article_id, "invoice.en");
	r = ask(ix, &w.a, "en", SV("fapaio please")); /* a misspelt synonym */
	CHECK(r.n && r.n < 999);
	SV_EQ(r.hits[0].article_id, "invoice.en");
	r = ask(ix, &w.a, "en", SV("get an invioce"));
	SV_EQ(r.hits[0].article_id, "invoice.en");
	r = ask(ix, &w.a, "", SV("寄回流程"));
	SV_EQ(r.hits[0].article_id, "return.zh");
	r = ask(ix, &w.a, "zh", SV("退"));
	SV_EQ(r.hits[0].article_id, "return.zh");
	r = ask(ix, &w.a, "en", SV("how many days for gold members"));
	SV_EQ(r.hits[0].article_id, "window.en");
	SV_EQ(r.hits[0].quote, "Gold members have 60 days.");
	SV_EQ(r.hits[0].heading, "How long do I have to return something? > Members");
	OK(kb_get(ix, SV("return.zh"), &got));
	SV_EQ(got.title, "怎么退货？");
	EQ(kb_get(ix, SV("none"), &got), ERR_NOTFOUND);
	obj_unref(ix);
	world_close(&w);
}

/* Large indexes take their candidates from FTS5: the same answers. */
TEST(kb_full_text_candidates_agree_with_postings)
{
	static const char *const ask_en[] = { "how do i return an article", "send it back please",
		"how many days for gold members", "invoice", "mattress for side sleepers" };
	static const char *const ask_zh[] = { "退", "怎么退货", "想退东西", "开发票" };
	struct kb_opts o = { .full_text = true };
	struct kb_index *mem, *fts = NULL;
	struct world w;
	struct arena a2 = { 0 };

	CHECK(world_open(&w) && small_world(&w));
	arena_init(&a2, LIM_ARENA_TURN);
	mem = build(&w);
	OK(kb_build(&fts, w.db, &o, &w.e));
	for (size_t i = 0; i < 9; i++) {
		const char *lang = i < 5 ? "en" : "zh";
		sv text = sv_of(i < 5 ? ask_en[i] : ask_zh[i - 5]);
		struct kb_result x = ask(mem, &w.a, lang, text), y = ask(fts, &a2, lang, text);

		CHECK(x.n && x.n < 999 && y.n && y.n < 999);
		CHECK(sv_eq(x.hits[0].article_id, y.hits[0].article_id));
		EQ(x.answerable, y.answerable);
	}
	arena_done(&a2);
	obj_unref(mem);
	obj_unref(fts);
	world_close(&w);
}

TEST(kb_synonyms_from_a_folder)
{
	struct world w;
	struct kb_opts o = { .synonyms_dir = sv_of(t_tmpdir()) };
	struct kb_index *ix = NULL;
	struct kb_result r;
	char path[300];

	CHECK(world_open(&w) && small_world(&w));
	snprintf(path, sizeof(path), "%s/synonyms.en.tsv", t_tmpdir());
	OK(file_write(path, SV("paper\tinvoice; blue slip\n"), &w.e));
	OK(store_reader(w.st, &w.db));
	OK(kb_build(&ix, w.db, &o, &w.e));
	r = ask(ix, &w.a, "en", SV("blue slip"));
	CHECK(r.n && r.n < 999);
	SV_EQ(r.hits[0].article_id, "invoice.en");
	obj_unref(ix);
	ix = NULL;
	OK(file_write(path, SV("no tab\n"), &w.e));
	EQ(kb_build(&ix, w.db, &o, &w.e), ERR_PARSE);
	HAS(sv_of(w.e.msg), "synonyms.en.tsv:1");
	CHECK(!ix);
	world_close(&w);
}

TEST(kb_search_declines_what_no_article_answers)
{
	static const char *const strange[] = { "who painted the mona lisa", "今天股市怎么样",
		"zxqv wvut", "what is the capital of France", "how do i" };
	struct world w;
	struct kb_index *ix;

	CHECK(world_open(&w) && small_world(&w));
	ix = build(&w);
	CHECK(ix);
	for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
		struct kb_result r = ask(ix, &w.a, "", sv_of(strange[i]));

		CHECK(r.n < 999 && !r.answerable);
	}
	obj_unref(ix);
	world_close(&w);
}

TEST(kb_search_survives_hostile_questions)
{
	static const char *const hostile[] = { "",          " ",
					       "\"",        "\" OR 1=1 --",
					       "NEAR(a b)", "title:x",
					       "*",         "a*",
					       "(((((",     "AND OR NOT",
					       "^return",   "{title aliases}: x",
					       "\xFF\xFE",  "'; DROP TABLE f0; --",
					       "-",         "return - invoice",
					       "\xE9\x80" };
	struct world w;
	struct kb_index *ix;
	struct sb b;

	CHECK(world_open(&w) && small_world(&w));
	ix = build(&w);
	CHECK(ix);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++)
		CHECK(ask(ix, &w.a, "en", sv_of(hostile[i])).n < 999);
	sb_init(&b, LIM_SB);
	for (int i = 0; i < 30000; i++)
		sb_cstr(&b, i % 3 ? "return " : "退\" ");
	CHECK(ask(ix, &w.a, "", sb_sv(&b)).n < 999);
	for (int round = 0; round < 300; round++) {
		char buf[80];

		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = (char)rng_below(t_rng(), 256);
		CHECK(ask(ix, &w.a, round & 1 ? "en" : "zh", sv_n(buf, sizeof(buf))).n < 999);
	}
	EQ(ask(ix, &w.a, "xx", SV("return")).n, 0);
	sb_done(&b);
	obj_unref(ix);
	world_close(&w);
}

TEST(kb_follow_up_uses_the_question_before)
{
	struct world w;
	struct kb_index *ix;
	struct kb_query q = { .text = SV("and for gold members?"), .lang = SV("en"), .k = 3,
			      .context = SV("how long can I return something") };
	struct kb_result r;

	CHECK(world_open(&w) && small_world(&w));
	ix = build(&w);
	CHECK(ix);
	OK(kb_search(ix, &q, &w.a, &r));
	CHECK(r.n);
	SV_EQ(r.hits[0].article_id, "window.en");
	obj_unref(ix);
	world_close(&w);
}

static int64_t rows(struct world *w, const char *sql)
{
	struct store_stmt *q;
	int64_t n = -1;

	if (store_reader(w->st, &w->db) != 0 || store_prep(w->db, &q, sql) != 0)
		return -1;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(kb_put_keeps_versions)
{
	struct world w;
	struct kb_article a = article("x.en", "en", "Title", "One.");
	struct put p = { .a = &a };

	CHECK(world_open(&w));
	CHECK(put(&w, &a));
	a.source = SV("elsewhere");
	OK(do_put(&w, &p));
	CHECK(!p.changed);
	a.body_md = SV("Two.");
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT version FROM article WHERE id = 'x.en'"), 2);
	EQ(rows(&w,
		"SELECT count(*) FROM article_version WHERE body_md = 'One.' AND version = 1"),
	   1);
	a.body_md = SV("One.");
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT version FROM article WHERE id = 'x.en'"), 3);
	p = (struct put){ .retire = SV("x.en") };
	OK(do_put(&w, &p));
	EQ(do_put(&w, &p), ERR_NOTFOUND);
	EQ(rows(&w, "SELECT count(*) FROM article WHERE status = 'published'"), 0);
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT version FROM article WHERE id = 'x.en'"), 4);
	a.title = SV_NULL;
	p = (struct put){ .a = &a };
	EQ(do_put(&w, &p), ERR_INVAL);
	world_close(&w);
}

/* A new version, a re-import, a rollback that does not say who may read it opens nothing. */
TEST(kb_put_keeps_who_may_read_it)
{
	struct world w;
	struct kb_article a = article("x.en", "en", "Title", "One.");
	struct put p = { .a = &a };
	char longest[200];

	CHECK(world_open(&w));
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT count(*) FROM article WHERE audience = 'public'"), 1);
	a.audience = SV("agent");
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT count(*) FROM article WHERE audience = 'agent'"), 1);
	a.audience = SV_NULL;
	OK(do_put(&w, &p));
	CHECK(!p.changed);
	a.body_md = SV("Two.");
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT count(*) FROM article WHERE audience = 'agent' AND version = 3"), 1);
	p = (struct put){ .retire = SV("x.en") };
	OK(do_put(&w, &p));
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT count(*) FROM article WHERE audience = 'agent' AND version = 4"), 1);
	a.audience = SV("");
	CHECK(put(&w, &a));
	EQ(rows(&w, "SELECT count(*) FROM article WHERE audience = 'public' AND version = 5"), 1);
	memset(longest, 'x', sizeof(longest));
	a.audience = sv_n(longest, sizeof(longest));
	p = (struct put){ .a = &a };
	EQ(do_put(&w, &p), ERR_INVAL);
	world_close(&w);
}

static sv first_quote(struct kb_index *ix, struct arena *a, int64_t now)
{
	struct kb_query q = { .text = SV("delivery fee"), .lang = SV("en"), .k = 1, .now_ms = now };
	struct kb_result r;

	arena_reset(a);
	return kb_search(ix, &q, a, &r) == 0 && r.n ? r.hits[0].quote : SV("none");
}

TEST(kb_validity_is_respected_at_the_time_of_the_question)
{
	struct world w;
	struct kb_article a = article("fee.en", "en", "What is the delivery fee?", "It is CNY 10.");
	struct kb_index *ix;

	CHECK(world_open(&w));
	clk_pin_wall(NOW);
	CHECK(put(&w, &a));
	a.body_md = SV("It is CNY 12.");
	a.valid_from_ms = NOW + 10 * DAY;
	a.valid_to_ms = NOW + 20 * DAY;
	CHECK(put(&w, &a));
	ix = build(&w);
	CHECK(ix);
	EQ(kb_count(ix), 1);
	SV_EQ(first_quote(ix, &w.a, NOW), "It is CNY 10.");
	SV_EQ(first_quote(ix, &w.a, NOW + 10 * DAY - 1), "It is CNY 10.");
	SV_EQ(first_quote(ix, &w.a, NOW + 10 * DAY), "It is CNY 12.");
	SV_EQ(first_quote(ix, &w.a, NOW + 20 * DAY), "It is CNY 12.");
	SV_EQ(first_quote(ix, &w.a, NOW + 20 * DAY + 1), "none");
	clk_pin_wall(0);
	obj_unref(ix);
	world_close(&w);
}

struct searcher {
	struct snap *snap;
	atomic_bool *stop;
	atomic_int *asked, bad;
};

static void *search_loop(void *arg)
{
	struct searcher *s = arg;
	struct arena a = { 0 };

	arena_init(&a, LIM_ARENA_TURN);
	while (!atomic_load(s->stop)) {
		struct kb_index *ix = snap_get(s->snap);
		struct kb_result r = ask(ix, &a, "en", SV("how do I return an article"));

		if (r.n == 999 || !r.n || !sv_starts(r.hits[0].article_id, SV("return.en")))
			atomic_fetch_add(&s->bad, 1);
		atomic_fetch_add(s->asked, 1);
		obj_unref(ix);
	}
	arena_done(&a);
	return NULL;
}

TEST(kb_two_threads_search_while_another_publishes)
{
	struct world w;
	struct snap *snap;
	pthread_t t[2];
	atomic_bool stop = false;
	atomic_int asked = 0;
	struct searcher s[2];

	CHECK(world_open(&w) && small_world(&w));
	snap = snap_new(build(&w));
	for (int i = 0; i < 2; i++) {
		s[i] = (struct searcher){ .snap = snap, .stop = &stop, .asked = &asked };
		pthread_create(&t[i], NULL, search_loop, &s[i]);
	}
	for (int round = 0; round < 12 || atomic_load(&asked) < 60; round++)
		snap_publish(snap, build(&w));
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	EQ(atomic_load(&s[0].bad) + atomic_load(&s[1].bad), 0);
	snap_free(snap);
	world_close(&w);
}

static bool read_test(struct sb *b, const char *name)
{
	char path[512];
	struct err e = { 0 };

	snprintf(path, sizeof(path), "%s/demo/tests/%s", t_srcdir(), name);
	sb_init(b, LIM_KB_DOC);
	return file_read(path, LIM_KB_DOC, b, &e) == 0;
}

struct goal {
	const char *lang, *questions, *oos;
	int first_percent, declined_percent;
};

static bool measure(struct kb_index *ix, const struct goal *g)
{
	struct sb q, o;
	struct kb_score s = { 0 };
	struct err e = { 0 };
	bool ok = read_test(&q, g->questions) & read_test(&o, g->oos);

	ok = ok && kb_evaluate(ix, sv_of(g->lang), sb_sv(&q), sb_sv(&o), &s, &e) == 0;
	fprintf(stderr,
		"# %s %s: first and answered %zu/%zu, in 3 %zu, unanswerable declined "
		"%zu/%zu, quotes %zu/%zu\n",
		g->lang, g->questions, s.first, s.n, s.in3, s.oos_declined, s.n_oos,
		s.quotes_ok, s.quotes);
	ok = ok && s.n && s.first * 100 >= s.n * (size_t)g->first_percent &&
	     s.oos_declined * 100 >= s.n_oos * (size_t)g->declined_percent &&
	     s.quotes == s.quotes_ok;
	sb_done(&q);
	sb_done(&o);
	return ok;
}

static bool answers(struct kb_index *ix, struct arena *a, const char *question, const char *id,
		    const char *in_quote)
{
	struct kb_result r = ask(ix, a, "", sv_of(question));

	return r.n && r.n < 999 && r.answerable && sv_eq(r.hits[0].article_id, sv_of(id)) &&
	       sv_find(r.hits[0].quote, sv_of(in_quote)) >= 0;
}

/* A bare topic that several articles are about; asked for one hit as well as for many. */
static bool asks_back(struct kb_index *ix, struct arena *a, const char *topic)
{
	struct kb_query q = { .text = sv_of(topic), .k = 1 };
	struct kb_result one, r = ask(ix, a, "", sv_of(topic));

	return kb_search(ix, &q, a, &one) == 0 && one.n == 1 && r.n > 1 && r.n < 999 &&
	       r.unsure && !r.answerable && one.unsure && !one.answerable;
}

TEST(kb_demo_knowledge_base)
{
	static const struct goal goals[] = { GOALS };
	struct world w;
	struct kb_index *ix;
	char path[512];
	struct put p = { .path = path };

	CHECK(world_open(&w));
	snprintf(path, sizeof(path), "%s/demo/kb", t_srcdir());
	OK(do_put(&w, &p));
	snprintf(path, sizeof(path), "%s/demo/products.jsonl", t_srcdir());
	p = (struct put){ .path = path, .products = true };
	OK(do_put(&w, &p));
	ix = build(&w);
	CHECK(ix && kb_count(ix) > 300);
	for (size_t i = 0; i < sizeof(goals) / sizeof(*goals); i++)
		CHECK(measure(ix, &goals[i]));
	CHECK(answers(ix, &w.a, "how much is the Haven sofa", "product-hh-1010.en", "CNY 2899.00"));
	CHECK(answers(ix, &w.a, "do you have a recliner", "product-hh-1014.en", "CNY 1699.00"));
	CHECK(answers(ix, &w.a, "怎么退货", "return-how.zh", "点“退货”"));
	CHECK(answers(ix, &w.a, "you sent me the wrong colour", "delivery-wrong-item.en",
		      "free of charge"));
	CHECK(answers(ix, &w.a, "颜色发错了", "delivery-wrong-item.zh", "免费换货或退款"));
	CHECK(answers(ix, &w.a, "能便宜点不", "promo-dates.zh", "价格固定"));
	CHECK(answers(ix, &w.a, "有人盗了我的号！", "account-locked.zh", "400-810-6600"));
	CHECK(answers(ix, &w.a, "the chair arrived with a broken leg", "delivery-damaged.en",
		      "48 hours"));
	CHECK(answers(ix, &w.a, "椅子送来腿就是断的", "delivery-damaged.zh", "48小时"));
	CHECK(answers(ix, &w.a, "can u deliver on sunday?", "delivery-days.en", "Sundays"));
	CHECK(answers(ix, &w.a, "我明天不在家，能放门卫吗", "delivery-leave.zh", "门卫"));
	CHECK(answers(ix, &w.a, "发到拉萨要多久", "delivery-time.zh", "西藏"));
	CHECK(answers(ix, &w.a, "发票开公司抬头", "invoice-how.zh", "开发票"));
	CHECK(answers(ix, &w.a, "can I put the pan in the dishwasher", "care-nonstick-pan.en",
		      "never in the dishwasher"));
	CHECK(asks_back(ix, &w.a, "gift card") && asks_back(ix, &w.a, "沙发"));
	CHECK(asks_back(ix, &w.a, "发票"));
	obj_unref(ix);
	world_close(&w);
}

struct leads {
	size_t n, bad;
};

static int look_at_lead(void *arg, const struct kb_article *a)
{
	static const char *const bare[] = { "Yes",    "No,",    "No.",    "Sure",   "可以。",
					    "可以，", "有。",   "有，",   "能，",   "能。",
					    "不能",   "会，",   "要的",   "是的",   "不行" };
	struct leads *l = arg;

	l->n++;
	for (size_t i = 0; i < sizeof(bare) / sizeof(*bare); i++)
		if (sv_starts(sv_trim(a->body_md), sv_of(bare[i]))) {
			fprintf(stderr, "# " SV_FMT " begins with %s\n", SV_ARG(a->id), bare[i]);
			l->bad++;
		}
	return 0;
}

/* An article may be found for another question than its own: a "yes" there is a wrong promise. */
TEST(kb_demo_articles_are_true_by_themselves)
{
	struct leads l = { 0 };
	struct arena a;
	struct err e;
	char path[512];

	arena_init(&a, 64u << 20);
	snprintf(path, sizeof(path), "%s/demo/kb", t_srcdir());
	OK(kb_parse_path(path, &a, look_at_lead, &l, &e));
	CHECK(l.n >= 248);
	EQ(l.bad, 0);
	arena_done(&a);
}

static void count_text(void *arg, sv text)
{
	*(size_t *)arg += text.n > 0;
}

TEST(kb_utterances_and_evaluate_errors)
{
	struct world w;
	struct kb_index *ix;
	struct kb_score s;
	size_t n = 0;

	CHECK(world_open(&w) && small_world(&w));
	ix = build(&w);
	CHECK(ix);
	kb_utterances(ix, SV("zh"), count_text, &n);
	EQ(n, 6);
	EQ(kb_evaluate(ix, SV("en"), SV("a\tb\nno tab\n"), SV(""), &s, &w.e), ERR_PARSE);
	HAS(sv_of(w.e.msg), "questions:2");
	OK(kb_evaluate(ix, SV("en"), SV("return.en\thow do i return an article\n"),
		       SV("who painted the mona lisa\n"), &s, &w.e));
	EQ(s.first, 1);
	EQ(s.oos_declined, 1);
	obj_unref(ix);
	world_close(&w);
}

TEST(kb_an_empty_base_is_an_index_that_finds_nothing)
{
	struct world w;
	struct kb_result r = { 0 };
	struct kb_query q = { .text = SV("How do I return an article?"), .lang = SV("en"), .k = 5 };

	CHECK(world_open(&w));
	struct kb_index *ix = build(&w);
	CHECK(ix != NULL);
	EQ(kb_count(ix), 0);
	OK(kb_search(ix, &q, &w.a, &r));
	EQ(r.n, 0);
	CHECK(!r.answerable && !r.unsure);
	obj_unref(ix);
	world_close(&w);
}

static bool is_bad(sv passage)
{
	return sv_find(passage, SV("bad")) >= 0;
}

/* The rest keeps its order; a verdict goes with the first hit. */
TEST(kb_hits_are_left_out_by_their_passage)
{
	static const struct {
		const char *passage[3], *left;
		bool answerable, unsure, then, then_unsure;
	} row[] = {
		{ { "a", "b", "c" }, "abc", true, false, true, false },
		{ { "a", "bad", "c" }, "ac", true, false, true, false },
		{ { "bad", "b", "c" }, "bc", true, false, false, true },
		{ { "bad", "b", "bad" }, "b", false, true, false, true },
		{ { "bad", "b", "c" }, "bc", false, false, false, false },
		{ { "bad", "bad", "bad" }, "", true, false, false, false },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct kb_hit hit[3] = { 0 };
		struct kb_result r = { hit, 3, row[i].answerable, row[i].unsure };
		char left[16] = "";

		for (size_t k = 0; k < 3; k++)
			hit[k].passage = sv_of(row[i].passage[k]);
		kb_leave_out(&r, is_bad);
		for (size_t k = 0; k < r.n; k++)
			left[k] = r.hits[k].passage.p[0];
		STR_EQ(left, row[i].left);
		EQ(r.answerable, row[i].then);
		EQ(r.unsure, row[i].then_unsure);
	}
}
