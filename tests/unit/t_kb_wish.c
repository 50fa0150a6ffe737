/* t_kb_wish.c: long texts cut into wishes and searched together; a young company's weights;
 * several articles of another language.
 *
 * The "embedding model" is a table of words of two languages, as in t_kb_dense.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_int.h"
#include "t.h"

#define NOW 1769817600000LL
enum { DIM = 72 };

/* ---- cutting ---- */

static bool cuts(const char *text, const char *want)
{
	sv part[KB_WISHES];
	size_t n = kb_wishes(sv_of(text), part, KB_WISHES);
	struct sb b;
	bool same;

	sb_init(&b, 4096);
	for (size_t i = 0; i < n; i++) {
		if (i)
			sb_ch(&b, '|');
		sb_put(&b, part[i]);
	}
	same = sv_eq(sb_sv(&b), sv_of(want));
	if (!same)
		fprintf(stderr, "# got " SV_FMT "\n", SV_ARG(sb_sv(&b)));
	sb_done(&b);
	return same;
}

TEST(kb_wishes_are_sentences_and_lines)
{
	CHECK(cuts("", ""));
	CHECK(cuts("Hello.", ""));
	CHECK(cuts("I moved last week. Can I keep my number? Thanks!",
		   "I moved last week.|Can I keep my number?"));
	CHECK(cuts("It cost 3.50 at the store", "It cost 3.50 at the store"));
	CHECK(cuts("- change my address\n- stop the paper bills\n- ok",
		   "- change my address|- stop the paper bills"));
	CHECK(cuts("我上周搬家了。能不能保留号码？谢谢！还有发票开错了；",
		   "我上周搬家了。|能不能保留号码？|还有发票开错了；"));
	CHECK(cuts("see https://x.example/a?b=c now please",
		   "see https://x.example/a?b=c now please"));
}

TEST(kb_wishes_stay_within_bounds)
{
	sv part[4];
	struct sb b;
	size_t n, long_n;

	sb_init(&b, 1 << 20);
	for (int i = 0; i < 9000; i++)
		sb_cstr(&b, "one two three. ");
	n = kb_wishes(sb_sv(&b), part, 4);
	sb_reset(&b);
	for (int i = 0; i < 9000; i++)
		sb_cstr(&b, "\xff\xfe word. ");
	long_n = kb_wishes(sb_sv(&b), part, 4);
	sb_done(&b);
	EQ(n, 4);
	CHECK(long_n <= 4);
}

/* ---- a young company: titles and texts, no further names ---- */

static const struct {
	const char *word;
	int meaning;
} words[] = {
	{ "return", 0 },  { "send", 0 },    { "退货", 0 }, { "invoice", 1 }, { "tax", 1 },
	{ "发票", 1 },    { "parking", 2 }, { "car", 2 },  { "停车", 2 },    { "mattress", 3 },
	{ "sleep", 3 },   { "床垫", 3 },    { "doors", 4 }, { "营业", 4 },   { "opening", 4 },
	{ "member", 5 },  { "会员", 5 },
};

static void embed(sv text, float *v)
{
	float len = 0;

	memset(v, 0, DIM * sizeof(*v));
	v[DIM - 1] = 2.2f;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sv_find(text, sv_of(words[i].word)) >= 0)
			v[words[i].meaning] = 1;
	v[8 + sv_hash(text) % 60] += 0.2f;
	for (int i = 0; i < DIM; i++)
		len += v[i] * v[i];
	for (int i = 0; i < DIM; i++)
		v[i] /= sqrtf(len);
}

struct entry {
	const char *id, *lang, *title, *body;
};
static const struct entry company[] = {
	{ "return.en", "en", "How to return an article", "Book a pick-up to return it." },
	{ "invoice.en", "en", "Getting an invoice", "Tick the invoice box at checkout." },
	{ "parking.en", "en", "Parking at the store", "Two hours of parking are free." },
	{ "mattress.en", "en", "Which mattress suits you", "A soft mattress for your side." },
	{ "hours.en", "en", "Opening hours", "The doors are open from nine to six." },
	{ "member.zh", "zh", "会员等级", "会员每年积分升级，金卡会员享九折。" },
	{ "points.zh", "zh", "会员积分怎么用", "会员积分可以抵现。" },
};

/* Twins of the English ones. */
static const struct entry twins[] = {
	{ "return.zh", "zh", "怎么退货", "预约上门取件退货。" },
	{ "invoice.zh", "zh", "怎么开发票", "下单时勾选发票。" },
	{ "parking.zh", "zh", "门店停车", "停车两小时免费。" },
	{ "mattress.zh", "zh", "选哪种床垫", "侧睡选软床垫。" },
	{ "hours.zh", "zh", "营业时间", "九点到六点营业。" },
};

static int put_entries(struct store_db *db, const struct entry *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		const struct entry *c = &v[i];
		sv id = sv_of(c->id);
		bool changed;

		rc = kb_put(db, &(struct kb_article){ .id = id,
			.group_id = sv_slice(id, 0, id.n - 3), .lang = sv_of(c->lang),
			.title = sv_of(c->title), .body_md = sv_of(c->body) }, NOW, &changed);
	}
	return rc;
}

static int put_all(void *arg, struct store_db *db)
{
	(void)arg;
	return put_entries(db, company, sizeof(company) / sizeof(*company));
}

static int put_twins(void *arg, struct store_db *db)
{
	(void)arg;
	return put_entries(db, twins, sizeof(twins) / sizeof(*twins));
}

struct world {
	struct store *st;
	struct kb_dense *d;
	struct kb_index *ix;
	struct arena a;
	struct err e;
};

static void embed_missing(void *arg, sv text)
{
	float v[DIM];

	embed(text, v);
	if (kb_dense_put(arg, text, v, DIM) != 0)
		abort();
}

static void build(struct world *w)
{
	struct store_db *db;

	w->ix = obj_unref(w->ix);
	if (store_reader(w->st, &db) != 0 ||
	    kb_build(&w->ix, db, &(struct kb_opts){ .dense = w->d }, &w->e) != 0)
		fprintf(stderr, "# %s\n", w->e.msg);
}

static bool world_open(struct world *w)
{
	struct store_opts o = { .dir = "" };

	memset(w, 0, sizeof(*w));
	arena_init(&w->a, LIM_ARENA_BIG);
	if (kb_init() != 0 || store_open(&w->st, &o, &w->e) != 0 ||
	    store_write(w->st, put_all, NULL, NULL, NULL) != 0 || store_flush(w->st) != 0 ||
	    kb_dense_open(&w->d, NULL, SV("words"), &w->e) != 0)
		return false;
	build(w);
	kb_dense_missing(w->ix, embed_missing, w->d);
	build(w);
	return kb_dense_missing(w->ix, NULL, NULL) == 0;
}

static void world_close(struct world *w)
{
	(void)obj_unref(w->ix);
	store_close(w->st);
	kb_dense_close(w->d);
	arena_done(&w->a);
}

static struct kb_query query(struct world *w, sv text, bool vec)
{
	struct kb_query q = { .text = text, .lang = SV("en"), .k = 5, .now_ms = NOW };
	float *v = arena_new(&w->a, float, DIM);

	embed(text, v);
	if (vec) {
		q.vec = v;
		q.dim = DIM;
	}
	return q;
}

/* The first two of a story, in either order. */
static bool finds_both(struct world *w, const char *story, bool vec, const char *one,
		       const char *two)
{
	sv part[KB_WISHES];
	struct kb_query q[KB_WISHES];
	struct kb_result r;
	size_t n = kb_wishes(sv_of(story), part, KB_WISHES);
	bool a = false, b = false, literal = true;

	for (size_t i = 0; i < n; i++)
		q[i] = query(w, part[i], vec);
	if (kb_search_many(w->ix, q, n, 2, &w->a, &r) != 0)
		return false;
	for (size_t i = 0; i < r.n; i++) {
		a = a || sv_eq(r.hits[i].article_id, sv_of(one));
		b = b || sv_eq(r.hits[i].article_id, sv_of(two));
		literal = literal && r.hits[i].quote.n &&
			  kb_quote_in(r.hits[i].quote, r.hits[i].body_md);
	}
	return r.n == 2 && a && b && literal && !r.answerable && !r.unsure;
}

TEST(kb_search_many_serves_every_wish)
{
	static const char story[] =
		"I bought a lamp for my mother last week. I would like to return it "
		"to you. My accountant also wants an invoice for the lamp. Have a nice day!";
	struct world w;
	bool words_do, both_do, far_do;

	CHECK(world_open(&w));
	words_do = finds_both(&w, story, false, "return.en", "invoice.en");
	both_do = finds_both(&w, story, true, "return.en", "invoice.en");
	/* words that stand in no article: meaning alone */
	far_do =
		finds_both(&w, "Where do I leave my car meanwhile? I hardly sleep on this one.",
			   true, "parking.en", "mattress.en");
	world_close(&w);
	CHECK(words_do);
	CHECK(both_do);
	CHECK(far_do);
}

TEST(kb_search_many_of_nothing_finds_nothing)
{
	struct world w;
	struct kb_result none, blank;
	struct kb_query q = { .text = SV("   "), .lang = SV("en"), .now_ms = NOW };
	struct kb_query odd = { .text = SV("tariff"), .lang = SV("fr"), .now_ms = NOW };
	int rc[3];

	CHECK(world_open(&w));
	rc[0] = kb_search_many(w.ix, NULL, 0, 5, &w.a, &none);
	rc[1] = kb_search_many(w.ix, &q, 1, 5, &w.a, &blank);
	rc[2] = kb_search_many(w.ix, &odd, 1, 5, &w.a, &blank);
	world_close(&w);
	OK(rc[0]);
	OK(rc[1]);
	OK(rc[2]);
	EQ(none.n, 0);
	EQ(blank.n, 0);
}

TEST(kb_search_many_is_the_same_each_time)
{
	struct world w;
	struct kb_query q[3];
	struct kb_result r[2];
	bool same = true;

	CHECK(world_open(&w));
	q[0] = query(&w, SV("can I return it"), true);
	q[1] = query(&w, SV("is there parking for my car"), true);
	q[2] = query(&w, SV("what are the opening hours"), true);
	for (int i = 0; i < 2; i++)
		OK(kb_search_many(w.ix, q, 3, 5, &w.a, &r[i]));
	same = r[0].n == r[1].n;
	for (size_t i = 0; same && i < r[0].n; i++)
		same = sv_eq(r[0].hits[i].article_id, r[1].hits[i].article_id) &&
		       r[0].hits[i].score == r[1].hits[i].score &&
		       (!i || r[0].hits[i].score <= r[0].hits[i - 1].score);
	world_close(&w);
	CHECK(same && r[0].n >= 3);
}

/* ---- which weights ---- */

TEST(kb_young_is_told_by_the_names_of_the_candidates)
{
	struct kb_cand c[2] = { { .art = 0 }, { .art = 1 } };
	const struct kb_model *e5 = kb_model_of(SV("e5:e5-small-q4.bin"));

	CHECK(!kb_young(c, 0));
	CHECK(kb_young(c, 2)); /* a title each */
	c[0].f[KF_NAMES] = log(30) / 3;
	c[1].f[KF_NAMES] = log(20) / 3;
	CHECK(!kb_young(c, 2));
	c[1].f[KF_NAMES] = 0; /* one of many names, one of none: the mean */
	CHECK(!kb_young(c, 2));
	c[0].f[KF_NAMES] = log(3) / 3;
	CHECK(kb_young(c, 2));
	CHECK(kb_weights_of(SV("en"), e5, true) != kb_weights_of(SV("en"), e5, false));
	CHECK(kb_weights_of(SV("zh"), NULL, true) != kb_weights_of(SV("zh"), NULL, false));
	EQ(kb_weights_of(SV("zh"), e5, true)->gate.n, KG_MAX);
	EQ(kb_weights_of(SV("en"), NULL, true)->gate.n, KG_N);
}

/* ---- another language ---- */

TEST(kb_abroad_offers_more_than_one)
{
	struct world w;
	struct kb_query q;
	struct kb_result home, only;
	bool first = false, second = false, has_home = false, all_zh = true;

	CHECK(world_open(&w));
	/* no English article speaks of members */
	q = query(&w, SV("what does a gold member get"), true);
	OK(kb_search(w.ix, &q, &w.a, &home));
	for (size_t i = 0; i < home.n; i++) {
		first = first || sv_eq(home.hits[i].article_id, SV("member.zh"));
		second = second || sv_eq(home.hits[i].article_id, SV("points.zh"));
		has_home = has_home || sv_eq(home.hits[i].lang, SV("en"));
	}
	/* a language without any article: all places are theirs */
	q.lang = SV("fr");
	q.k = 2;
	OK(kb_search(w.ix, &q, &w.a, &only));
	for (size_t i = 0; i < only.n; i++)
		all_zh = all_zh && only.hits[i].quote.n &&
			 kb_quote_in(only.hits[i].quote, only.hits[i].body_md);
	world_close(&w);
	CHECK(home.n <= 5 && first && second && has_home);
	EQ(only.n, 2);
	CHECK(all_zh);
}

/* Words find the parking at home, the model hears of members: the foreign articles join in, and go
 * first only when they are the surer ones. */
TEST(kb_abroad_joins_an_answer_of_home)
{
	struct world w;
	struct kb_query q;
	struct kb_result sure, plain, one, home, less;
	float member[DIM];
	size_t foreign = 0, strangers = 0;

	CHECK(world_open(&w));
	OK(store_write(w.st, put_twins, NULL, NULL, NULL));
	OK(store_flush(w.st));
	build(&w);
	kb_dense_missing(w.ix, embed_missing, w.d);
	build(&w);
	embed(SV("会员等级"), member);
	q = query(&w, SV("Parking at the store"), true);
	OK(kb_search(w.ix, &q, &w.a, &plain));
	q.vec = member;
	OK(kb_search(w.ix, &q, &w.a, &sure));
	q.k = 1;
	OK(kb_search(w.ix, &q, &w.a, &one));
	q = query(&w, SV("store parking place"), true);
	OK(kb_search(w.ix, &q, &w.a, &home));
	q.vec = member;
	OK(kb_search(w.ix, &q, &w.a, &less));
	for (size_t i = 0; i < sure.n; i++)
		foreign += sv_eq(sure.hits[i].lang, SV("zh"));
	for (size_t i = 0; i < plain.n; i++)
		strangers += sv_eq(plain.hits[i].lang, SV("zh"));
	CHECK(plain.answerable && sure.answerable && one.answerable);
	SV_EQ(sure.hits[0].article_id, "parking.en");
	SV_EQ(sure.hits[1].lang, "zh");
	EQ(foreign, 2);
	EQ(strangers, 0);
	EQ(one.n, 1);
	SV_EQ(one.hits[0].article_id, "parking.en");
	CHECK(home.answerable && less.answerable);
	SV_EQ(home.hits[0].article_id, "parking.en");
	SV_EQ(less.hits[0].article_id, "member.zh");
	world_close(&w);
}

/* Four titles, and what the model says is certain. */
TEST(kb_young_company_of_four_is_answered_by_meaning)
{
	struct world w;
	struct kb_query q;
	struct kb_result blind, seen, nothing;

	CHECK(world_open(&w));
	q = query(&w, SV("where do I leave my car please"), false);
	OK(kb_search(w.ix, &q, &w.a, &blind));
	q = query(&w, SV("where do I leave my car please"), true);
	OK(kb_search(w.ix, &q, &w.a, &seen));
	q = query(&w, SV("does it rain in Lisbon tomorrow"), false);
	OK(kb_search(w.ix, &q, &w.a, &nothing));
	bool car = seen.n && sv_eq(seen.hits[0].article_id, SV("parking.en")) &&
		   (seen.answerable || seen.unsure);
	bool dumb = !blind.answerable, rain = !nothing.answerable;
	world_close(&w);
	CHECK(dumb);
	CHECK(car);
	CHECK(rain);
}
