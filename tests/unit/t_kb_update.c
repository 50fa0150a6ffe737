/* t_kb_update.c: the packed form answers as the open one; an index of changes answers as a new
 * one. */
#include <math.h>
#include <stdio.h>
#include "kb_int.h"
#include "t.h"

#define DAY (86400000LL)
#define NOW (1767225600000LL + 30 * DAY) /* 2026-01-31 */

struct base {
	struct store *st;
	struct store_db *db;
	struct arena a, b;
	struct err e;
	struct { struct kb_article *v; size_t n, cap; } put;
	sv retire;
	int rc;
};

static int put_all(void *arg, struct store_db *db)
{
	struct base *w = arg;
	bool changed;

	for (size_t i = 0; i < w->put.n && !w->rc; i++)
		w->rc = kb_put(db, &w->put.v[i], NOW, &changed);
	if (w->retire.n && !w->rc)
		w->rc = kb_retire(db, w->retire, NOW);
	w->put.n = 0;
	w->retire = SV_NULL;
	return w->rc;
}

static bool commit(struct base *w)
{
	w->rc = 0;
	return store_write(w->st, put_all, w, NULL, NULL) == 0 && store_flush(w->st) == 0 &&
	       w->rc == 0;
}

static int collect(void *arg, const struct kb_article *a)
{
	struct base *w = arg;
	struct kb_article *slot = VEC_PUSH(&w->put, 10000);

	if (!slot)
		return ERR_FULL;
	*slot = *a;
	return 0;
}

static void add(struct base *w, const char *id, const char *lang, const char *title,
		const char *body)
{
	(void)collect(w, &(struct kb_article){ .id = sv_of(id), .lang = sv_of(lang),
					       .title = sv_of(title), .body_md = sv_of(body) });
}

static bool base_open(struct base *w)
{
	struct store_opts o = { .dir = "" };

	memset(w, 0, sizeof(*w));
	arena_init(&w->a, LIM_ARENA_BIG);
	arena_init(&w->b, LIM_ARENA_BIG);
	return kb_init() == 0 && store_open(&w->st, &o, &w->e) == 0 &&
	       store_reader(w->st, &w->db) == 0;
}

static bool demo(struct base *w)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/demo/kb", t_srcdir());
	return kb_parse_path(path, &w->a, collect, w, &w->e) == 0 && commit(w);
}

static void base_close(struct base *w)
{
	VEC_FREE(&w->put);
	store_close(w->st);
	arena_done(&w->a);
	arena_done(&w->b);
}

static struct kb_index *built(struct base *w, bool packed)
{
	struct kb_index *ix = NULL;

	if (kb_build(&ix, w->db, &(struct kb_opts){ .packed = packed }, &w->e))
		fprintf(stderr, "# %s\n", w->e.msg);
	return ix;
}

static struct kb_index *updated(struct base *w, struct kb_index *was)
{
	struct kb_index *ix = NULL;

	if (kb_update(&ix, was, w->db, NULL, NULL, &w->e))
		fprintf(stderr, "# %s\n", w->e.msg);
	return ix;
}

static struct kb_result ask(struct kb_index *ix, struct arena *a, struct kb_query q)
{
	struct kb_result r = { 0 };

	arena_reset(a);
	q.k = q.k ? q.k : 5;
	q.now_ms = q.now_ms ? q.now_ms : NOW;
	if (kb_search(ix, &q, a, &r))
		r.n = 0;
	return r;
}

static sv quote(struct kb_index *ix, struct arena *a, const char *text)
{
	struct kb_result r = ask(ix, a, (struct kb_query){ .text = sv_of(text), .lang = SV("en") });

	return r.n ? r.hits[0].quote : SV("none");
}

/* Same articles, passages, quotes and probabilities, to the bit. */
static bool same(const struct kb_result *x, const struct kb_result *y)
{
	if (x->n != y->n || x->answerable != y->answerable || x->unsure != y->unsure)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		const struct kb_hit *a = &x->hits[i], *b = &y->hits[i];

		if (!sv_eq(a->article_id, b->article_id) || !sv_eq(a->passage, b->passage) ||
		    !sv_eq(a->quote, b->quote) || !sv_eq(a->heading, b->heading) ||
		    memcmp(&a->p, &b->p, sizeof(a->p)) != 0 ||
		    memcmp(&a->score, &b->score, sizeof(a->score)) != 0 ||
		    a->version != b->version)
			return false;
	}
	return true;
}

struct tally {
	size_t n, same;
};

static void both(struct base *w, struct kb_index *x, struct kb_index *y, const char *lang,
		 struct tally *t)
{
	char path[512];
	struct sb b;
	sv rest, line, id;

	snprintf(path, sizeof(path), "%s/demo/tests/dev.%s.tsv", t_srcdir(), lang);
	sb_init(&b, LIM_KB_DOC);
	CHECK(file_read(path, LIM_KB_DOC, &b, &w->e) == 0);
	rest = sb_sv(&b);
	while (sv_line(&rest, &line) && sv_cut(&line, '\t', &id) && line.n) {
		struct kb_query q = { .text = line, .lang = sv_of(lang) };
		struct kb_result r = ask(x, &w->a, q), s = ask(y, &w->b, q);

		t->n++;
		t->same += same(&r, &s);
	}
	sb_done(&b);
}

/* The candidates' order decides nothing but who is the 40th: so all but a few are the same. */
TEST(kb_packed_articles_answer_as_open_ones_do_to_the_bit)
{
	static const char *const langs[] = { "en", "zh" };
	struct kb_index *open, *packed;
	struct tally t = { 0 };
	struct kb_article x, y;
	struct base w;

	CHECK(base_open(&w) && demo(&w));
	open = built(&w, false);
	packed = built(&w, true);
	CHECK(open && packed && kb_count(open) == kb_count(packed));
	CHECK(packed->space[0].seg && !packed->space[0].art && !open->space[0].seg);
	for (int i = 0; i < 2; i++)
		both(&w, open, packed, langs[i], &t);
	fprintf(stderr, "# %zu of %zu questions answered the same\n", t.same, t.n);
	CHECK(t.n > 300 && t.same * 100 >= t.n * 99);
	OK(kb_get(open, SV("return-how.zh"), &x));
	OK(kb_get(packed, SV("return-how.zh"), &y));
	CHECK(sv_eq(x.body_md, y.body_md) && sv_eq(x.aliases, y.aliases) && x.version == y.version);
	EQ(kb_get(packed, SV("return-how.z"), &y), ERR_NOTFOUND);
	CHECK(kb_bytes(packed) < kb_bytes(open));
	obj_unref(open);
	obj_unref(packed);
	base_close(&w);
}

static void small(struct base *w)
{
	add(w, "fee.en", "en", "What is the delivery fee?", "It is CNY 10.");
	add(w, "hours.en", "en", "When are you open?", "From nine to six.");
	add(w, "lamp.en", "en", "How do I mount the lamp?", "With two screws.");
	add(w, "fee.zh", "zh", "运费多少？", "十元。");
	CHECK(commit(w));
}

static void changes_on(bool packed)
{
	struct kb_index *root, *one, *two;
	struct kb_article got;
	struct base w;

	CHECK(base_open(&w));
	small(&w);
	root = built(&w, packed);
	CHECK(root);
	one = updated(&w, root);
	CHECK(one == root); /* nothing differs */
	obj_unref(one);
	add(&w, "fee.en", "en", "What is the delivery fee?", "It is CNY 12 since May.");
	add(&w, "gift.en", "en", "Do you wrap presents?", "Yes, in glittering zirconia foil.");
	w.retire = SV("lamp.en");
	CHECK(commit(&w));
	one = updated(&w, root);
	CHECK(one && one != root && one->root == root);
	EQ(kb_count(one), 4);
	EQ(kb_count(root), 4);
	SV_EQ(quote(one, &w.a, "what is the delivery fee"), "It is CNY 12 since May.");
	SV_EQ(quote(root, &w.a, "what is the delivery fee"), "It is CNY 10.");
	SV_EQ(quote(one, &w.a, "zirconia foil"), "Yes, in glittering zirconia foil.");
	SV_EQ(quote(one, &w.a, "zircomia foil"), "Yes, in glittering zirconia foil.");
	CHECK(!sv_eq(quote(one, &w.a, "how do I mount the lamp"), SV("With two screws.")));
	EQ(kb_get(one, SV("lamp.en"), &got), ERR_NOTFOUND);
	OK(kb_get(one, SV("fee.en"), &got));
	EQ(got.version, 2);
	SV_EQ(got.body_md, "It is CNY 12 since May.");
	OK(kb_get(root, SV("fee.en"), &got));
	SV_EQ(got.body_md, "It is CNY 10.");
	two = updated(&w, one);
	CHECK(two == one);
	obj_unref(two);
	add(&w, "lamp.en", "en", "How do I mount the lamp?", "With three screws.");
	add(&w, "fee.zh", "zh", "运费多少？", "十二元。");
	CHECK(commit(&w));
	two = updated(&w, one);
	obj_unref(one);
	CHECK(two && two->root == root);
	obj_unref(root); /* two keeps it */
	SV_EQ(quote(two, &w.a, "how do I mount the lamp"), "With three screws.");
	SV_EQ(quote(two, &w.a, "when are you open"), "From nine to six.");
	EQ(kb_count(two), 5);
	obj_unref(two);
	base_close(&w);
}

TEST(kb_changes_lie_on_top_of_an_open_index)
{
	changes_on(false);
}

TEST(kb_changes_lie_on_top_of_a_packed_index)
{
	changes_on(true);
}

static void validity(bool packed)
{
	struct kb_article a = { .id = SV("fee.en"), .lang = SV("en"),
				.title = SV("What is the delivery fee?"),
				.body_md = SV("It is CNY 12."), .valid_from_ms = NOW + DAY,
				.valid_to_ms = NOW + 2 * DAY };
	struct kb_query q = { .text = SV("what is the delivery fee"), .lang = SV("en"), .k = 1 };
	const struct { int64_t at; const char *says; } at[] = {
		{ NOW, "It is CNY 10." }, { NOW + DAY - 1, "It is CNY 10." },
		{ NOW + DAY, "It is CNY 12." }, { NOW + 2 * DAY, "It is CNY 12." },
		{ NOW + 2 * DAY + 1, "From nine to six." } };
	struct kb_index *root, *ix;
	struct base w;

	CHECK(base_open(&w));
	clk_pin_wall(NOW);
	small(&w);
	root = built(&w, packed);
	CHECK(collect(&w, &a) == 0 && commit(&w));
	ix = updated(&w, root);
	for (int round = 0; round < 2; round++) { /* as a change, then as part of a new index */
		CHECK(ix != NULL);
		for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
			struct kb_result r;

			q.now_ms = at[i].at;
			r = ask(ix, &w.a, q);
			CHECK(i == 4 || (r.n && sv_eq(r.hits[0].quote, sv_of(at[i].says))));
			CHECK(i < 4 || !r.n || !sv_eq(r.hits[0].article_id, SV("fee.en")));
		}
		obj_unref(ix);
		ix = round ? NULL : built(&w, packed);
	}
	clk_pin_wall(0);
	obj_unref(root);
	base_close(&w);
}

TEST(kb_a_version_to_come_and_its_end_are_kept_to_the_millisecond)
{
	validity(false);
	validity(true);
}

TEST(kb_many_changes_are_due_for_a_new_index_and_a_new_language_makes_one)
{
	struct kb_index *root, *ix = NULL;
	struct base w;
	bool large = true;
	char id[80][16];

	CHECK(base_open(&w));
	small(&w);
	root = built(&w, false);
	for (int i = 0; i < 80; i++) {
		snprintf(id[i], sizeof(id[i]), "n%02d.en", i);
		add(&w, id[i], "en", "What about number so and so?", "It is so and so.");
		if (i == 10) {
			CHECK(commit(&w));
			OK(kb_update(&ix, root, w.db, NULL, &large, &w.e));
			CHECK(!large && ix->root == root);
			obj_unref(ix);
		}
	}
	CHECK(commit(&w));
	OK(kb_update(&ix, root, w.db, NULL, &large, &w.e));
	CHECK(large && ix->root == root);
	EQ(kb_count(ix), 84);
	obj_unref(ix);
	add(&w, "frais.fr", "fr", "Combien coûte la livraison ?", "Dix yuans.");
	CHECK(commit(&w));
	OK(kb_update(&ix, root, w.db, NULL, &large, &w.e));
	CHECK(!large && !ix->root && kb_count(ix) == 85);
	obj_unref(ix);
	obj_unref(root);
	base_close(&w);
}

TEST(kb_passages_have_names_that_last)
{
	struct kb_result r;
	struct kb_index *ix;
	struct base w;
	char buf[512];

	CHECK(base_open(&w));
	add(&w, "long.en", "en", "How do returns work?",
	    "# Start\n\nChoose the article.\n\n# Pick-up\n\nA courier collects it for free.");
	CHECK(commit(&w));
	for (int packed = 0; packed < 2; packed++) {
		ix = built(&w, packed != 0);
		r = ask(ix, &w.a, (struct kb_query){ .text = SV("does a courier collect it"),
						     .lang = SV("en") });
		CHECK(r.n == 1);
		SV_EQ(r.hits[0].passage, "A courier collects it for free.");
		SV_EQ(r.hits[0].heading, "How do returns work? > Pick-up");
		SV_EQ(kb_passage_id(&r.hits[0], buf), "long.en@1:41-72");
		CHECK(sv_eq(sv_n(r.hits[0].body_md.p + r.hits[0].quote_at.off,
				 r.hits[0].quote_at.len), r.hits[0].quote));
		obj_unref(ix);
	}
	base_close(&w);
}

TEST(kb_a_question_may_be_for_one_category_or_source_only)
{
	struct kb_article a = { .lang = SV("en"), .title = SV("What is the fee?") };
	struct kb_query q = { .text = SV("what is the fee"), .lang = SV("en") };
	struct base w;

	CHECK(base_open(&w));
	a.id = SV("a.en");
	a.body_md = SV("Ten.");
	a.category = SV("shipping");
	a.source = SV("files/fees.md");
	CHECK(collect(&w, &a) == 0);
	a.id = SV("b.en");
	a.body_md = SV("Twenty.");
	a.category = SV("service");
	a.source = SV("https://example.com/fees");
	CHECK(collect(&w, &a) == 0 && commit(&w));
	for (int packed = 0; packed < 2; packed++) {
		struct kb_index *ix = built(&w, packed != 0);
		struct kb_query c = q, s = q, none = q;

		EQ(ask(ix, &w.a, q).n, 2);
		c.category = SV("service");
		EQ(ask(ix, &w.a, c).n, 1);
		SV_EQ(ask(ix, &w.a, c).hits[0].article_id, "b.en");
		s.source = SV("files/");
		EQ(ask(ix, &w.a, s).n, 1);
		SV_EQ(ask(ix, &w.a, s).hits[0].article_id, "a.en");
		none.category = SV("nothing");
		EQ(ask(ix, &w.a, none).n, 0);
		obj_unref(ix);
	}
	base_close(&w);
}

/* Conversations for which it is on trial get the new text, all others the former one. */
TEST(kb_a_version_on_trial_is_seen_by_its_cohorts_alone)
{
	struct kb_article a = { .id = SV("fee.en"), .lang = SV("en"), .canary = 30,
				.title = SV("What is the delivery fee?"),
				.body_md = SV("It is CNY 12.") };
	struct kb_query q = { .text = SV("what is the delivery fee"), .lang = SV("en"), .k = 5 };
	static const struct { int cohort; const char *says; } all[] = {
		{ 0, "It is CNY 10." }, { 1, "It is CNY 12." }, { 30, "It is CNY 12." },
		{ 31, "It is CNY 10." }, { 100, "It is CNY 10." } };
	struct base w;

	CHECK(base_open(&w));
	small(&w);
	for (int packed = 0; packed < 2; packed++) {
		struct kb_index *root = built(&w, packed != 0), *ix;

		CHECK(packed || (collect(&w, &a) == 0 && commit(&w)));
		ix = packed ? obj_ref(root) : updated(&w, root);
		CHECK(packed || ix != root);
		for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
			struct kb_result r;
			size_t n = 0;

			q.cohort = all[i].cohort;
			r = ask(ix, &w.a, q);
			CHECK(r.n && sv_eq(r.hits[0].quote, sv_of(all[i].says)));
			for (size_t k = 0; k < r.n; k++)
				n += sv_eq(r.hits[k].article_id, SV("fee.en"));
			EQ(n, 1); /* never both */
		}
		obj_unref(ix);
		obj_unref(root);
	}
	base_close(&w);
}

TEST(kb_articles_for_staff_are_not_for_customers)
{
	struct kb_article a = { .id = SV("margin.en"), .lang = SV("en"), .audience = SV("agent"),
				.title = SV("What goodwill may I give?"),
				.body_md = SV("Up to CNY 50.") };
	struct kb_query q = { .text = SV("what goodwill may I give"), .lang = SV("en"), .k = 5 };
	struct base w;

	CHECK(base_open(&w));
	small(&w);
	CHECK(collect(&w, &a) == 0);
	a.id = SV("limit.en");
	a.audience = SV("role:supervisor");
	a.title = SV("What goodwill may a supervisor give?");
	CHECK(collect(&w, &a) == 0 && commit(&w));
	for (int packed = 0; packed < 2; packed++) {
		struct kb_index *ix = built(&w, packed != 0);
		struct kb_result r;

		r = ask(ix, &w.a, q);
		for (size_t i = 0; i < r.n; i++)
			CHECK(!sv_eq(r.hits[i].quote, SV("Up to CNY 50.")));
		q.audience = SV("agent");
		r = ask(ix, &w.a, q);
		CHECK(r.n && sv_eq(r.hits[0].article_id, SV("margin.en")));
		for (size_t i = 0; i < r.n; i++)
			CHECK(!sv_eq(r.hits[i].article_id, SV("limit.en")));
		q.audience = SV("supervisor");
		EQ(ask(ix, &w.a, q).n, 2);
		q.audience = SV("");
		obj_unref(ix);
	}
	base_close(&w);
}

static int lose_articles(void *arg, struct store_db *db)
{
	struct base *w = arg;

	return w->rc = store_exec(db, "ALTER TABLE article RENAME TO elsewhere");
}

TEST(kb_what_the_database_said_is_told)
{
	struct kb_index *root, *ix = NULL;
	struct base w;

	CHECK(base_open(&w));
	small(&w);
	root = built(&w, false);
	CHECK(store_write(w.st, lose_articles, &w, NULL, NULL) == 0 && store_flush(w.st) == 0);
	OK(w.rc);
	EQ(kb_update(&ix, root, w.db, NULL, NULL, &w.e), ERR_DB);
	HAS(sv_of(w.e.msg), "no such table");
	obj_unref(root);
	base_close(&w);
}

/* Two languages of a group know of each other also when one of them came by an edit. */
TEST(kb_changes_know_their_group_in_other_languages)
{
	struct kb_article a = { .group_id = SV("fee"), .title = SV("Fee?"), .body_md = SV("Ten.") };
	const struct kb_space *en;
	struct kb_index *root, *ix;
	struct base w;

	CHECK(base_open(&w));
	small(&w);
	a.id = SV("cost.zh");
	a.lang = SV("zh");
	CHECK(collect(&w, &a) == 0 && commit(&w));
	root = built(&w, false);
	CHECK(root);
	a.id = SV("cost.en");
	a.lang = SV("en");
	CHECK(collect(&w, &a) == 0);
	add(&w, "alone.en", "en", "Alone?", "Yes.");
	CHECK(commit(&w));
	ix = updated(&w, root);
	CHECK(ix && ix->root == root && ix->n_space == 2);
	en = kb_space_of(ix, SV("en"));
	CHECK(en && en->more && en->more->n_art == 2);
	EQ(en->more->art[0].also, 1u << (en - ix->space)); /* alone.en */
	EQ(en->more->art[1].also, 3u);
	obj_unref(ix);
	obj_unref(root);
	base_close(&w);
}

/* ---- vectors over packed articles ---- */

enum { DIM = 64, MANY = 3000 };

/* Words in common make texts alike; a direction of its own that all share, as models have it. */
static void embed(sv text, float v[DIM])
{
	struct kb_scan s;
	double len = 0;

	for (int k = 0; k < DIM; k++)
		v[k] = k == 3 ? 3.0f : 0.0f;
	kb_scan_init(&s, text);
	while (kb_scan_next(&s)) {
		struct rng r;

		rng_seed(&r, sv_hash(kb_scan_sv(&s)));
		for (int k = 0; k < DIM; k++)
			v[k] += (float)rng_normal(&r);
	}
	for (int k = 0; k < DIM; k++)
		len += (double)v[k] * (double)v[k];
	for (int k = 0; k < DIM; k++)
		v[k] /= (float)sqrt(len);
}

static void put_vector(void *arg, sv text)
{
	float v[DIM];

	embed(text, v);
	ASSERT(kb_dense_put(arg, text, v, DIM) == 0);
}

static struct kb_index *with_vectors(struct base *w, struct kb_dense *d, bool packed)
{
	struct kb_opts o = { .dense = d, .packed = packed };
	struct kb_index *ix = NULL;

	ASSERT(kb_build(&ix, w->db, &o, &w->e) == 0);
	if (!kb_dense_missing(ix, put_vector, d))
		return ix;
	obj_unref(ix);
	ASSERT(kb_build(&ix, w->db, &o, &w->e) == 0 && !kb_dense_missing(ix, NULL, NULL));
	return ix;
}

static size_t near_of(struct kb_index *ix, struct arena *a, const char *text, sv id[KD_TOP])
{
	struct kb_found *f = arena_new(a, struct kb_found, 1);
	uint32_t top[KD_TOP];
	float v[DIM];
	size_t n;

	embed(sv_of(text), v);
	f->sp = &ix->space[0];
	n = kb_dense_query(&(struct kb_query){ .vec = v, .dim = DIM, .now_ms = NOW }, a, f, top);
	for (size_t i = 0; i < n; i++)
		id[i] = kb_space_art(f->sp, top[i], a)->a.id;
	return n;
}

static void some_words(struct rng *r, char *out, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, 16, "w%04u ", (unsigned)rng_below(r, 900));
}

static void many(struct base *w)
{
	struct rng r;

	rng_seed(&r, 5);
	for (int i = 0; i < MANY; i++) {
		char id[16], title[128], body[256];

		(void)snprintf(id, sizeof(id), "a%04d.en", i);
		some_words(&r, title, 4);
		some_words(&r, body, 12);
		add(w, arena_cstr(&w->b, sv_of(id)), "en", arena_cstr(&w->b, sv_of(title)),
		    arena_cstr(&w->b, sv_of(body)));
	}
	CHECK(commit(w));
}

/* By signs first, then in full: nearly the same ten as by looking at everything. */
TEST(kb_packed_vectors_find_what_all_vectors_do)
{
	struct kb_index *open, *packed;
	struct kb_dense *d;
	struct base w;
	struct rng r;
	size_t same = 0, all = 0, first = 0;

	CHECK(base_open(&w));
	many(&w);
	OK(kb_dense_open(&d, NULL, SV("hash"), &w.e));
	open = with_vectors(&w, d, false);
	packed = with_vectors(&w, d, true);
	CHECK(open->space[0].dim == DIM && packed->space[0].dim == DIM && packed->space[0].seg);
	rng_seed(&r, 6);
	for (int q = 0; q < 60; q++) {
		sv x[KD_TOP], y[KD_TOP];
		char text[128];
		size_t n, m;

		some_words(&r, text, 5);
		n = near_of(open, &w.a, text, x);
		m = near_of(packed, &w.a, text, y);
		EQ(n, KD_TOP);
		EQ(m, KD_TOP);
		first += sv_eq(x[0], y[0]);
		all += n;
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < m; k++)
				same += sv_eq(x[i], y[k]);
		arena_reset(&w.a);
	}
	fprintf(stderr, "# %zu of %zu nearest by signs, %zu of 60 first\n", same, all, first);
	CHECK(same * 100 >= all * 90 && first >= 57);
	obj_unref(open);
	obj_unref(packed);
	kb_dense_close(d);
	base_close(&w);
}

/* A question with a vector: packed as open, and with an edit on top once it has its vectors. */
TEST(kb_packed_articles_with_vectors_answer_as_open_ones)
{
	struct kb_query q = { .text = SV("what is the delivery fee"),
			      .lang = SV("en"),
			      .dim = DIM };
	struct kb_index *ix[2], *next = NULL;
	struct kb_opts o = { 0 };
	struct kb_result r[2];
	struct kb_dense *d;
	struct base w;
	float v[DIM];

	CHECK(base_open(&w));
	small(&w);
	OK(kb_dense_open(&d, NULL, SV("hash"), &w.e));
	embed(q.text, v);
	q.vec = v;
	for (int i = 0; i < 2; i++) {
		ix[i] = with_vectors(&w, d, i == 1);
		r[i] = ask(ix[i], i ? &w.a : &w.b, q);
	}
	CHECK(r[0].n && r[0].hits[0].why.meaning > 0 && same(&r[0], &r[1]));
	add(&w, "fee.en", "en", "What is the delivery fee?", "It is CNY 12 since May.");
	CHECK(commit(&w));
	o.dense = d;
	OK(kb_update(&next, ix[1], w.db, &o, NULL, &w.e));
	CHECK(!kb_dense_ready(next, SV("en")) && kb_dense_ready(next, SV("zh")));
	CHECK(kb_dense_missing(next, put_vector, d) == 1); /* the title is known */
	obj_unref(next);
	OK(kb_update(&next, ix[1], w.db, &o, NULL, &w.e));
	CHECK(kb_dense_ready(next, SV("en")) && next->root == ix[1]);
	r[0] = ask(next, &w.a, q);
	CHECK(r[0].n && r[0].hits[0].why.meaning > 0);
	SV_EQ(r[0].hits[0].quote, "It is CNY 12 since May.");
	obj_unref(next);
	obj_unref(ix[0]);
	obj_unref(ix[1]);
	kb_dense_close(d);
	base_close(&w);
}
