/* t_kb_dense.c: vectors of passages: kernels, the file, the index, what a question's vector
 * finds and what must not change without one.
 *
 * The "embedding model" here is a table of words of two languages: a text's vector counts the
 * meanings of its words, so that "send back" and 退 lie in one direction. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "kb_int.h"
#include "t.h"

#define NOW 1769817600000LL
enum { DIM = 72 };

/* ---- kernels ---- */

TEST(kd_dots_agree_with_the_plain_one)
{
	static const int strides[] = { 64, 128, 384, 1024 };
	int ways = 0;

	for (int s = 0; s < 4; s++) {
		int stride = strides[s];
		enum { N = 37 };
		int8_t *rows = xalloc((size_t)(N * stride));
		int16_t *q = xalloc((size_t)stride * sizeof(*q));
		int32_t want[N], got[N];
		bool same = true;

		for (int i = 0; i < N * stride; i++)
			rows[i] = (int8_t)(i < stride ? -127 : (int)rng_below(t_rng(), 255) - 127);
		for (int i = 0; i < stride; i++)
			q[i] = (int16_t)((int)rng_below(t_rng(), 32768) - 16384);
		kd_dots_plain(rows, N, stride, q, want);
		for (int way = 0; way < 3; way++) {
			memset(got, 0, sizeof(got));
			if (!kd_dots_by(way, rows, N, stride, q, got))
				continue;
			ways++;
			same = same && memcmp(want, got, sizeof(got)) == 0;
		}
		memset(got, 0, sizeof(got));
		kd_dots(rows, N, stride, q, got);
		same = same && memcmp(want, got, sizeof(got)) == 0;
		xfree(rows);
		xfree(q);
		CHECK(same);
	}
	CHECK(ways >= 4);
}

static void random_unit(float *v, int dim)
{
	float len = 0;

	for (int i = 0; i < dim; i++) {
		v[i] = (float)rng_normal(t_rng());
		len += v[i] * v[i];
	}
	for (int i = 0; i < dim; i++)
		v[i] /= sqrtf(len);
}

/* Cosines by bytes and 16-bit numbers are those of floats, also for the longest vectors. */
TEST(kd_cosines_are_right)
{
	static const int dims[] = { 1, 50, 384, KD_DIM_MAX };

	for (int k = 0; k < 4; k++) {
		int dim = dims[k], stride = kd_stride(dim);
		float *a = xalloc((size_t)dim * 4), *b = xalloc((size_t)dim * 4), scale;
		int8_t *q = xalloc((size_t)stride);
		struct kd_query kd = { 0 };
		struct arena mem;
		double want = 0;
		int32_t dot;

		arena_init(&mem, 1 << 20);
		random_unit(a, dim);
		random_unit(b, dim);
		for (int i = 0; i < dim; i++) { /* near each other */
			b[i] = 0.9f * a[i] + 0.3f * b[i];
			want += (double)a[i] * (double)b[i];
		}
		kd_quantise(b, dim, q, &scale);
		bool ok = kd_widen(a, dim, &mem, &kd);
		if (ok)
			kd_dots(q, 1, stride, kd.q, &dot);
		double got = ok ? (double)dot * (double)scale * (double)kd.scale : 9;
		arena_done(&mem);
		xfree(a);
		xfree(b);
		xfree(q);
		NEAR(got, want, 2e-3);
	}
}

TEST(kd_refuses_vectors_that_are_none)
{
	float v[4] = { 0, 0, 0, 0 };
	struct kd_query kd = { 0 };
	struct arena mem;

	arena_init(&mem, 1 << 16);
	bool zero = kd_widen(v, 4, &mem, &kd);
	v[1] = NAN;
	bool nan = kd_widen(v, 4, &mem, &kd);
	v[1] = INFINITY;
	bool inf = kd_widen(v, 4, &mem, &kd);
	arena_done(&mem);
	CHECK(!zero && !nan && !inf);
}

/* ---- the file ---- */

static const char *file_path(void)
{
	static char path[600];

	snprintf(path, sizeof(path), "%s/vectors.bin", t_tmpdir());
	return path;
}

static int put_n(struct kb_dense *d, int from, int to)
{
	int rc = 0;

	for (int i = from; i < to && !rc; i++) {
		float v[DIM] = { 0 };
		char text[32];

		v[i % DIM] = 1;
		v[(i + 1) % DIM] = 0.5f;
		snprintf(text, sizeof(text), "text %d", i);
		rc = kb_dense_put(d, sv_of(text), v, DIM);
	}
	return rc ? rc : kb_dense_flush(d);
}

static bool has_n(const struct kb_dense *d, int from, int to)
{
	for (int i = from; i < to; i++) {
		char text[32];
		float scale;
		const int8_t *q;

		snprintf(text, sizeof(text), "text %d", i);
		q = kb_dense_find(d, sv_of(text), &scale);
		if (!q || q[i % DIM] != 127 || q[(i + 1) % DIM] != 64 || q[DIM] != 0)
			return false;
	}
	return true;
}

static long size_of(const char *path)
{
	FILE *f = fopen(path, "rb");
	long n;

	fseek(f, 0, SEEK_END);
	n = ftell(f);
	fclose(f);
	return n;
}

TEST(kb_dense_file_keeps_vectors)
{
	struct kb_dense *d = NULL;
	struct err e = { 0 };

	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	EQ(kb_dense_count(d), 0);
	CHECK(!kb_dense_has(d, SV("text 0")));
	OK(put_n(d, 0, 3000));
	CHECK(has_n(d, 0, 3000));
	kb_dense_close(d);
	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	EQ(kb_dense_count(d), 3000);
	CHECK(has_n(d, 0, 3000));
	CHECK(!kb_dense_has(d, SV("text 3000")));
	OK(put_n(d, 2000, 3100)); /* known ones once more */
	EQ(kb_dense_count(d), 3100);
	kb_dense_close(d);
	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	EQ(kb_dense_count(d), 3100);
	float v[DIM] = { 1 };
	EQ(kb_dense_put(d, SV("x"), v, DIM - 1), ERR_INVAL);
	EQ(kb_dense_put(d, SV("x"), v, 0), ERR_INVAL);
	kb_dense_close(d);
}

TEST(kb_dense_file_of_another_model_begins_anew)
{
	struct kb_dense *d = NULL;
	struct err e = { 0 };

	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	OK(put_n(d, 0, 10));
	kb_dense_close(d);
	OK(kb_dense_open(&d, file_path(), SV("m:2"), &e));
	EQ(kb_dense_count(d), 0);
	kb_dense_close(d); /* nothing put: the old one is still whole */
	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	EQ(kb_dense_count(d), 10);
	kb_dense_close(d);
	OK(kb_dense_open(&d, file_path(), SV("m:2"), &e));
	OK(put_n(d, 5, 7));
	kb_dense_close(d);
	OK(kb_dense_open(&d, file_path(), SV("m:2"), &e));
	EQ(kb_dense_count(d), 2);
	CHECK(has_n(d, 5, 7));
	kb_dense_close(d);
	EQ(kb_dense_open(&d, "/nonexistent/x/y", SV("m"), &e), ERR_IO);
}

TEST(kb_dense_file_drops_what_is_damaged)
{
	struct kb_dense *d = NULL;
	struct err e = { 0 };

	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	OK(put_n(d, 0, 10));
	kb_dense_close(d);
	long n = size_of(file_path());
	OK(truncate(file_path(), n - 5)); /* a record cut off by a crash */
	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	EQ(kb_dense_count(d), 9);
	OK(put_n(d, 9, 12));
	kb_dense_close(d);
	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	EQ(kb_dense_count(d), 12);
	CHECK(has_n(d, 0, 12));
	kb_dense_close(d);
	FILE *f = fopen(file_path(), "r+b");
	fseek(f, n - 3 * (n / 11), SEEK_SET);
	fputc(0x55, f);
	fclose(f);
	OK(kb_dense_open(&d, file_path(), SV("m:1"), &e));
	size_t left = kb_dense_count(d);
	bool sound = has_n(d, 0, (int)left);
	kb_dense_close(d);
	CHECK(left >= 5 && left < 10 && sound);
}

/* ---- a small company and a small model ---- */

static const struct {
	const char *word;
	int meaning;
} words[] = {
	{ "return", 0 },  { "send back", 0 }, { "退货", 0 },  { "寄回", 0 },  { "giving up", 0 },
	{ "invoice", 1 }, { "receipt", 1 },   { "发票", 1 },  { "mattress", 2 }, { "床垫", 2 },
	{ "bed", 2 },	  { "long", 3 },      { "days", 3 },  { "多久", 3 },  { "weather", 4 },
	{ "天气", 4 },	  { "parking", 5 },   { "停车", 5 },  { "garage", 5 },
};

static void embed(sv text, float *v)
{
	float len = 0;

	memset(v, 0, DIM * sizeof(*v));
	v[DIM - 1] = 2.2f; /* as real ones: all lie in one direction */
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sv_find(text, sv_of(words[i].word)) >= 0)
			v[words[i].meaning] = 1;
	v[8 + sv_hash(text) % 60] += 0.2f;
	for (int i = 0; i < DIM; i++)
		len += v[i] * v[i];
	for (int i = 0; i < DIM; i++)
		v[i] /= sqrtf(len);
}

struct world {
	struct store *st;
	struct kb_dense *d;
	struct arena a;
	struct err e;
	size_t missing;
};

struct entry {
	const char *id, *lang, *title, *aliases, *body;
};
static const struct entry company[] = {
	{ "return.en", "en", "How do I return an article?", "send something back\nreturn process",
	  "Choose the article in My Orders and book a pick-up. It is free to return." },
	{ "window.en", "en", "How long do I have to return something?", "",
	  "You have 30 days from delivery.\n\n## Members\n\nGold members have 60 days." },
	{ "invoice.en", "en", "How do I get an invoice?", "invoice as PDF",
	  "Tick the invoice box at checkout." },
	{ "parking.en", "en", "Where is your parking?", "parking near the store",
	  "The parking is behind the store, two hours are free." },
	{ "return.zh", "zh", "怎么退货？", "退货流程\n想退东西", "在我的订单里选择商品退货。" },
	{ "invoice.zh", "zh", "怎么开发票？", "发票", "结账时勾选电子发票。" },
	{ "mattress.zh", "zh", "侧睡适合哪款床垫？", "床垫怎么选", "侧睡请选软床垫。" },
};

static int put_all(void *arg, struct store_db *db)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(company) / sizeof(*company) && !rc; i++) {
		const struct entry *c = &company[i];
		bool changed;
		sv id = sv_of(c->id);

		if (arg && strcmp(c->lang, arg) != 0)
			continue;
		rc = kb_put(db, &(struct kb_article){ .id = id,
			.group_id = sv_slice(id, 0, id.n - 3), .lang = sv_of(c->lang),
			.title = sv_of(c->title), .aliases = sv_of(c->aliases),
			.body_md = sv_of(c->body) }, NOW, &changed);
	}
	return rc;
}

/* lang: articles of this language only; NULL = all. */
static bool world_open_in(struct world *w, const char *lang)
{
	struct store_opts o = { .dir = "" };

	memset(w, 0, sizeof(*w));
	arena_init(&w->a, LIM_ARENA_BIG);
	return kb_init() == 0 && store_open(&w->st, &o, &w->e) == 0 &&
	       store_write(w->st, put_all, (void *)(uintptr_t)lang, NULL, NULL) == 0 &&
	       store_flush(w->st) == 0 && kb_dense_open(&w->d, NULL, SV("words"), &w->e) == 0;
}

static bool world_open(struct world *w)
{
	return world_open_in(w, NULL);
}

static void world_close(struct world *w)
{
	store_close(w->st);
	kb_dense_close(w->d);
	arena_done(&w->a);
}

static struct kb_index *build(struct world *w, bool dense)
{
	struct kb_opts o = { .dense = dense ? w->d : NULL };
	struct store_db *db;
	struct kb_index *ix = NULL;

	if (store_reader(w->st, &db) != 0 || kb_build(&ix, db, &o, &w->e) != 0)
		fprintf(stderr, "# %s\n", w->e.msg);
	return ix;
}

static void embed_missing(void *arg, sv text)
{
	struct world *w = arg;
	float v[DIM];

	embed(text, v);
	w->missing++;
	if (kb_dense_put(w->d, text, v, DIM) != 0)
		abort();
}

/* With all vectors. */
static struct kb_index *build_dense(struct world *w)
{
	struct kb_index *ix = build(w, true);

	w->missing = 0;
	kb_dense_missing(ix, embed_missing, w);
	obj_unref(ix);
	return build(w, true);
}

static struct kb_result ask(struct world *w, struct kb_index *ix, const char *lang,
			    const char *text, bool vec)
{
	struct kb_query q = { .text = sv_of(text), .lang = sv_of(lang), .k = 5, .now_ms = NOW };
	struct kb_result r = { 0 };
	static float v[DIM];

	embed(q.text, v);
	if (vec) {
		q.vec = v;
		q.dim = DIM;
	}
	arena_reset(&w->a);
	if (kb_search(ix, &q, &w->a, &r) != 0)
		r.n = 0;
	return r;
}

static bool first_is(const struct kb_result *r, const char *id)
{
	return r->n && sv_eq(r->hits[0].article_id, sv_of(id));
}

TEST(kb_dense_says_what_is_missing)
{
	struct world w;

	CHECK(world_open(&w));
	struct kb_index *plain = build(&w, false), *ix = build(&w, true);
	/* titles 7, aliases 2 + 1 + 1 + 2 + 1 + 1, chunks 8 */
	size_t none = kb_dense_missing(plain, NULL, NULL), all = kb_dense_missing(ix, NULL, NULL);
	bool ready = kb_dense_ready(ix, SV_NULL);
	obj_unref(ix);
	ix = build_dense(&w);
	size_t left = kb_dense_missing(ix, NULL, NULL), known = kb_dense_count(w.d);
	bool then = kb_dense_ready(ix, SV("en")) && kb_dense_ready(ix, SV("zh")) &&
		    !kb_dense_ready(ix, SV("fr"));
	obj_unref(ix);
	obj_unref(plain);
	world_close(&w);
	EQ(none, 0);
	EQ(all, 7 + 8 + 8);
	CHECK(!ready);
	EQ(left, 0);
	EQ(known, 7 + 8 + 8);
	CHECK(then);
}

/* Scores, order, quotes: everything is as without vectors when the question brings none, when
 * the index has none, or when they do not fit. */
TEST(kb_dense_changes_nothing_without_a_vector)
{
	static const char *const texts[][2] = {
		{ "en", "how can i return this" },
		{ "en", "invoice" },
		{ "en", "xyzzy" },
		{ "zh", "我想退货" },
		{ "zh", "床垫" },
		{ "en", "how long may I wait to return it" },
	};
	struct world w;
	bool same = true;

	CHECK(world_open(&w));
	struct kb_index *plain = build(&w, false), *some = build(&w, true), *ix = build_dense(&w);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (int k = 0; k < 2; k++) {
			struct kb_result a = ask(&w, plain, texts[i][0], texts[i][1], k), b;
			struct kb_hit hits[5];

			for (size_t h = 0; h < a.n; h++)
				hits[h] = a.hits[h];
			b = ask(&w, k ? some : ix, texts[i][0], texts[i][1], k);
			same = same && a.n == b.n && a.answerable == b.answerable &&
			       a.unsure == b.unsure;
			for (size_t h = 0; same && h < a.n; h++)
				same = sv_eq(hits[h].article_id, b.hits[h].article_id) &&
				       !(hits[h].score < b.hits[h].score) &&
				       !(hits[h].score > b.hits[h].score) &&
				       !(hits[h].p < b.hits[h].p) && !(hits[h].p > b.hits[h].p) &&
				       sv_eq(hits[h].quote, b.hits[h].quote);
		}
	obj_unref(plain);
	obj_unref(some);
	obj_unref(ix);
	world_close(&w);
	CHECK(same);
}

TEST(kb_dense_finds_what_shares_no_word)
{
	struct world w;

	CHECK(world_open_in(&w, "en"));
	struct kb_index *ix = build_dense(&w);
	struct kb_result r = ask(&w, ix, "en", "garage for our vehicle", false);
	bool blind = !first_is(&r, "parking.en");
	r = ask(&w, ix, "en", "garage for our vehicle", true);
	bool seen = first_is(&r, "parking.en");
	double meaning = r.n ? r.hits[0].why.meaning : 0;
	bool literal = r.n && kb_quote_in(r.hits[0].quote, r.hits[0].body_md);
	obj_unref(ix);
	world_close(&w);
	CHECK(blind && seen && literal);
	CHECK(meaning > 0.9 && meaning < 1.01);
}

TEST(kb_dense_ignores_vectors_of_another_size)
{
	struct world w;
	float v[DIM + 1] = { 1 };
	struct kb_result r = { 0 };

	CHECK(world_open(&w));
	struct kb_index *ix = build_dense(&w);
	struct kb_query q = { .text = SV("how do i get an invoice"), .lang = SV("en"), .k = 3,
			      .now_ms = NOW, .vec = v, .dim = DIM + 1 };
	int rc = kb_search(ix, &q, &w.a, &r);
	bool first = first_is(&r, "invoice.en");
	double meaning = r.n ? r.hits[0].why.meaning : 1;
	q.dim = 0;
	rc = rc ? rc : kb_search(ix, &q, &w.a, &r);
	obj_unref(ix);
	world_close(&w);
	OK(rc);
	CHECK(first);
	NEAR(meaning, 0, 1e-9);
}

/* The parking article has no Chinese twin, the mattress no English one; returns have both. */
TEST(kb_dense_answers_from_another_language)
{
	struct world w;

	CHECK(world_open(&w));
	struct kb_index *ix = build_dense(&w);
	struct kb_result r = ask(&w, ix, "zh", "你们那里哪里停车方便", true);
	bool parking = r.answerable && first_is(&r, "parking.en") &&
		       sv_eq(r.hits[0].lang, SV("en")) &&
		       kb_quote_in(r.hits[0].quote, r.hits[0].body_md);
	r = ask(&w, ix, "zh", "你们那里哪里停车方便", false);
	bool blind = !first_is(&r, "parking.en");
	r = ask(&w, ix, "en", "which bed is good for my back", true);
	bool bed = r.answerable && first_is(&r, "mattress.zh");
	r = ask(&w, ix, "zh", "请问退货流程", true);
	bool home = first_is(&r, "return.zh");
	r = ask(&w, ix, "zh", "今天天气怎么样呢", true);
	bool declined = !r.answerable;
	r = ask(&w, ix, "fr", "parking", true); /* a language without articles; a bare topic */
	bool topic = !r.answerable;
	r = ask(&w, ix, "fr", "ou est votre parking svp merci", true);
	bool french = r.answerable && first_is(&r, "parking.en");
	obj_unref(ix);
	world_close(&w);
	CHECK(parking);
	CHECK(blind);
	CHECK(bed);
	CHECK(home);
	CHECK(declined);
	CHECK(topic);
	CHECK(french);
}

static int put_new(void *arg, struct store_db *db)
{
	struct kb_article a = { .id = SV("new.en"), .group_id = SV("new"), .lang = SV("en"),
				.title = SV("What is the weather at the store?"),
				.body_md = SV("The weather is fine.") };
	bool changed;

	(void)arg;
	return kb_put(db, &a, NOW, &changed);
}

/* A new article: its language is searched by words until its vectors are there. */
TEST(kb_dense_waits_for_new_articles)
{
	struct world w;

	CHECK(world_open(&w));
	struct kb_index *ix = build_dense(&w);
	size_t first = w.missing;
	obj_unref(ix);
	bool ok = store_write(w.st, put_new, NULL, NULL, NULL) == 0 && store_flush(w.st) == 0;
	ix = build(&w, true);
	bool en = kb_dense_ready(ix, SV("en")), zh = kb_dense_ready(ix, SV("zh"));
	size_t missing = kb_dense_missing(ix, NULL, NULL);
	obj_unref(ix);
	ix = build_dense(&w);
	bool then = kb_dense_ready(ix, SV("en"));
	size_t again = w.missing;
	obj_unref(ix);
	world_close(&w);
	EQ(first, 23);
	CHECK(ok && !en && zh && then);
	EQ(missing, 2);
	EQ(again, 2); /* nothing is computed twice */
}

static const float *vector_of(void *arg, sv text, int *dim)
{
	embed(text, arg);
	*dim = DIM;
	return arg;
}

TEST(kb_dense_evaluates_with_vectors)
{
	static const char questions[] = "parking\tgarage for our vehicle\n";
	struct world w;
	struct kb_score without, with;
	float v[DIM];

	CHECK(world_open_in(&w, "en"));
	struct kb_index *ix = build_dense(&w);
	int rc = kb_evaluate(ix, SV("en"), sv_of(questions), SV_NULL, &without, &w.e);
	rc = rc ? rc : kb_evaluate_by(ix, SV("en"), sv_of(questions), SV_NULL, vector_of, v, &with,
				      &w.e);
	obj_unref(ix);
	world_close(&w);
	OK(rc);
	EQ(without.n, 1);
	EQ(without.right_first, 0);
	EQ(with.right_first, 1);
	EQ(with.in5, 1);
}
