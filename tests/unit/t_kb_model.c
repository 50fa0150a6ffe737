/* t_kb_model.c: each embedding model by its own scale and weights: found by its name, kept by the
 * space that was built with it, taken by every question of that space. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_int.h"
#include "t.h"

#define NOW 1769817600000LL
#define E5 "e5:e5-small-q4.bin"
#define GEMMA "llama:embeddinggemma-300m-q8_0.gguf"
enum { DIM = 16 };

TEST(kb_models_are_told_by_their_names)
{
	const struct kb_model *e5 = kb_model_of(SV(E5)), *gemma = kb_model_of(SV(GEMMA));

	CHECK(e5 != gemma);
	CHECK(kb_model_of(SV("llama:EmbeddingGemma-300M-Q4_0.gguf")) == gemma);
	CHECK(kb_model_of(SV("openai:google/embeddinggemma")) == gemma);
	CHECK(kb_model_of(SV("embeddinggemm")) == e5);
	CHECK(kb_model_of(SV("llama:gemma-3-270m.gguf")) == e5);
	CHECK(kb_model_of(SV("words")) == e5);
	CHECK(kb_model_of(SV_NULL) == e5);
	CHECK(strcmp(e5->tag, "") == 0 && strcmp(gemma->tag, "gemma") == 0);
}

/* What E5 was always asked with. */
TEST(kb_model_e5_is_as_it_was)
{
	const struct kb_model *m = kb_model_of(SV(E5));

	CHECK(m->middle >= 0.8 && m->middle <= 0.8 && m->stretch >= 10 && m->stretch <= 10);
	CHECK(m->middle_centred >= 0.3 && m->middle_centred <= 0.3);
	CHECK(m->sharp >= 5 && m->sharp <= 5 && m->far >= -8 && m->far <= -8);
	CHECK(m->wish_sharp >= 6 && m->wish_sharp <= 6 && m->wish_far >= -1 && m->wish_far <= -1);
	CHECK(m->wish_name >= 0 && m->wish_name <= 0);
	CHECK(m->wish_title >= 0.8 && m->wish_title <= 0.8);
	CHECK(m->lone_title >= 0.3 && m->lone_title <= 0.3);
}

TEST(kb_models_have_weights_for_everything)
{
	static const char *const names[] = { E5, GEMMA };
	static const char *const langs[] = { "en", "zh", "ja", "fr" };

	for (int i = 0; i < 2; i++) {
		const struct kb_model *m = kb_model_of(sv_of(names[i]));

		for (int l = 0; l < 4; l++)
			for (int young = 0; young < 2; young++) {
				const struct kb_weights *w =
					kb_weights_of(sv_of(langs[l]), m, young);

				EQ(w->gate.n, KG_MAX);
				CHECK(w->unsure > 0 && w->unsure < w->answer && w->answer < 1);
			}
		for (int young = 0; young < 2; young++)
			CHECK(m->abroad[young]->unsure > 0 &&
			      m->abroad[young]->unsure < m->abroad[young]->answer);
		/* what is far is farther than any cosine of 0 */
		CHECK(m->far <= -m->middle * m->stretch);
	}
	for (int l = 0; l < 4; l++)
		for (int i = 0; i < 3; i++) {
			const struct kb_model *m = i < 2 ? kb_model_of(sv_of(names[i])) : NULL;
			const struct kb_few *few = kb_few_of(sv_of(langs[l]), m);

			EQ(few->gate.n, m ? KG_MAX : KG_N);
			CHECK(few->answer > 0 && few->answer < 1);
			/* its score stands beside the others' */
			CHECK(fabs(few->bias) < 3);
			for (int k = 0; k < KF_N + (m ? KD_N : 0); k++)
				CHECK(isfinite(few->rank[k]));
		}
	CHECK(kb_few_of(SV("en"), NULL) != kb_few_of(SV("zh"), NULL));
	for (int l = 0; l < 2; l++) /* each has its own */
		for (int young = 0; young < 2; young++)
			CHECK(kb_weights_of(sv_of(langs[l]), kb_model_of(SV(E5)), young) !=
			      kb_weights_of(sv_of(langs[l]), kb_model_of(SV(GEMMA)), young));
	CHECK(kb_weights_of(SV("ja"), NULL, false) == kb_weights_of(SV("zh"), NULL, false));
	CHECK(kb_weights_of(SV("fr"), NULL, true) == kb_weights_of(SV("en"), NULL, true));
	EQ(kb_weights_of(SV("en"), NULL, false)->gate.n, KG_N);
}

/* ---- a space of each ---- */

/* Texts lie in directions of their own, all near one axis: cosines from 0.8 to 0.95. */
static void embed(sv text, float *v)
{
	float len = 0;

	memset(v, 0, DIM * sizeof(*v));
	v[0] = 1;
	v[1] = sv_find(text, SV("return")) >= 0 ? 0.4f : 0;
	v[2] = sv_find(text, SV("invoice")) >= 0 ? 0.4f : 0;
	v[4 + sv_hash(text) % 12] += 0.1f;
	for (int i = 0; i < DIM; i++)
		len += v[i] * v[i];
	for (int i = 0; i < DIM; i++)
		v[i] /= sqrtf(len);
}

enum { ALL, CHANGED, NAMED };    /* what is put: all three, one anew, all with aliases */

static int put(void *arg, struct store_db *db)
{
	static const char *const rows[][3] = {
		{ "return.en", "How do I return it?", "Book a pick-up for the return." },
		{ "invoice.en", "How do I get an invoice?", "Tick the invoice box." },
		{ "parking.en", "Where may I park?", "Behind the store." },
	};
	int what = *(int *)arg;
	bool changed;
	int rc = 0;

	for (int i = what == CHANGED ? 2 : 0; !rc && i < 3; i++) {
		struct kb_article a = { .id = sv_of(rows[i][0]), .lang = SV("en"),
					.group_id = sv_of(rows[i][0]), .title = sv_of(rows[i][1]),
					.body_md = sv_of(rows[i][2]) };

		if (what == NAMED)
			a.aliases = SV("one\ntwo\nthree");
		if (what == CHANGED)
			a.body_md = SV("In front of it.");
		rc = kb_put(db, &a, NOW, &changed);
	}
	return rc;
}

static void embed_missing(void *arg, sv text)
{
	float v[DIM];

	embed(text, v);
	if (kb_dense_put(arg, text, v, DIM) != 0)
		abort();
}

static struct kb_index *built(struct store_db *db, struct kb_dense *d, struct kb_index *was)
{
	struct kb_index *ix = NULL;
	struct err e = { 0 };

	for (int i = 0; i < 2; i++) {
		int rc;

		obj_unref(ix);
		ix = NULL;
		rc = was ? kb_update(&ix, was, db, &(struct kb_opts){ .dense = d }, NULL, &e) :
			   kb_build(&ix, db, &(struct kb_opts){ .dense = d }, &e);
		if (rc)
			fprintf(stderr, "# %s\n", e.msg), abort();
		(void)kb_dense_missing(ix, embed_missing, d);
		(void)kb_dense_behind(ix, embed_missing, d, NULL);
	}
	return ix;
}

struct seen {
	const struct kb_model *space, *query;
	const struct kb_model *changed;  /* of the space, once an article on top has changed */
	double d[3][KD_N];               /* of each article */
	double cosine[3];                /* of its title, by hand */
	double best, second, meaning;
	size_t n;
	struct kb_abroad abroad;         /* asked as if in another language */
};

static void look(struct kb_index *ix, struct arena *a, struct seen *s)
{
	struct kb_found *f = arena_new(a, struct kb_found, 1);
	float v[DIM], t[DIM];
	struct kb_query q = { .text = SV("I want to return a lamp"), .lang = SV("en"), .k = 3,
			      .now_ms = NOW, .vec = v, .dim = DIM };
	struct kb_result r;
	struct kd_query kd;

	embed(q.text, v);
	if (kb_candidates(ix, &q, a, f) || kb_search(ix, &q, a, &r))
		abort();
	s->space = f->sp->model;
	s->query = f->dense.model;
	s->best = f->dense.best;
	s->second = f->dense.second;
	s->n = f->n;
	for (size_t i = 0; i < f->n && i < 3; i++) {
		memcpy(s->d[i], f->c[i].d, sizeof(s->d[i]));
		embed(f->c[i].a->a.title, t);
		for (int k = 0; k < DIM; k++)
			s->cosine[i] += (double)v[k] * (double)t[k];
	}
	if (!kb_abroad_query(v, DIM, NULL, f->sp, a, &kd) ||
	    !kb_abroad_look(f->sp, &q, &kd, 0, SV_NULL, &s->abroad))
		abort();
	s->abroad.p = kb_abroad_p(&s->abroad);
	s->meaning = r.n ? r.hits[0].why.meaning : -1;
}

static struct seen see(const char *name, int what)
{
	int changed = CHANGED;
	struct store_opts o = { .dir = "" };
	struct store *st = NULL;
	struct store_db *db;
	struct kb_dense *d = NULL;
	struct arena a;
	struct err e = { 0 };
	struct seen s = { 0 };

	arena_init(&a, LIM_ARENA_BIG);
	if (kb_init() || store_open(&st, &o, &e) || store_write(st, put, &what, NULL, NULL) ||
	    store_flush(st) || store_reader(st, &db) ||
	    kb_dense_open(&d, NULL, sv_of(name), &e))
		abort();
	struct kb_index *ix = built(db, d, NULL);
	look(ix, &a, &s);
	if (store_write(st, put, &changed, NULL, NULL) || store_flush(st))
		abort();
	struct kb_index *more = built(db, d, ix);
	s.abroad.sp = NULL; /* goes with the index */
	s.changed = more->space[0].more ? more->space[0].model : NULL;
	obj_unref(more);
	obj_unref(ix);
	kb_dense_close(d);
	store_close(st);
	arena_done(&a);
	return s;
}

TEST(kb_space_keeps_the_model_it_was_built_with)
{
	struct seen x = see(E5, ALL), y = see(GEMMA, ALL);
	const struct kb_model *e5 = kb_model_of(SV(E5)), *gemma = kb_model_of(SV(GEMMA));

	CHECK(x.space == e5 && x.query == e5 && x.changed == e5);
	CHECK(y.space == gemma && y.query == gemma && y.changed == gemma);
}

/* The same cosines, each on its model's scale. */
static void count_missing(void *arg, sv text)
{
	(void)text;
	++*(size_t *)arg;
}

/* Vectors of the same length from another model, while the server runs: all is embedded anew. */
TEST(kb_update_does_not_mix_the_vectors_of_two_models)
{
	int all = ALL;
	size_t n = 0;
	struct store_opts o = { .dir = "" };
	struct store *st = NULL;
	struct store_db *db;
	struct kb_dense *d = NULL, *other = NULL;
	struct kb_index *ix, *same = NULL, *next = NULL;
	struct err e = { 0 };

	OK(kb_init());
	OK(store_open(&st, &o, &e));
	OK(store_write(st, put, &all, NULL, NULL));
	OK(store_flush(st));
	OK(store_reader(st, &db));
	OK(kb_dense_open(&d, NULL, SV(E5), &e));
	OK(kb_dense_open(&other, NULL, SV("openai:some"), &e));
	ix = built(db, d, NULL);
	OK(kb_update(&same, ix, db, &(struct kb_opts){ .dense = d }, NULL, &e));
	EQ(kb_dense_missing(same, count_missing, &n), 0);
	EQ(same->space[0].dim, DIM);
	OK(kb_update(&next, ix, db, &(struct kb_opts){ .dense = other }, NULL, &e));
	CHECK(kb_dense_missing(next, count_missing, &n) > 5 && n > 5);
	EQ(next->space[0].dim, 0);
	obj_unref(next);
	next = built(db, other, ix);
	EQ(next->space[0].dim, DIM);
	EQ(kb_dense_missing(next, count_missing, &n), 0);
	obj_unref(next);
	obj_unref(same);
	obj_unref(ix);
	kb_dense_close(d);
	kb_dense_close(other);
	store_close(st);
}

TEST(kb_features_are_on_the_scale_of_the_model)
{
	struct seen x = see(E5, ALL), y = see(GEMMA, ALL);
	const struct kb_model *m = kb_model_of(SV(GEMMA));

	EQ(x.n, 3);
	EQ(y.n, 3);
	for (int i = 0; i < 3; i++) {
		NEAR(x.d[i][KD_NAME], (x.cosine[i] - 0.8) * 10, 0.02);
		NEAR(y.d[i][KD_NAME], (y.cosine[i] - m->middle) * m->stretch, 0.006);
		for (int k = 0; k < KD_N; k++)
			NEAR(y.d[i][k], (x.d[i][k] / 10 + 0.8 - m->middle) * m->stretch, 1e-9);
	}
	NEAR(y.best, (x.best / 10 + 0.8 - m->middle) * m->stretch, 1e-9);
	NEAR(y.second, (x.second / 10 + 0.8 - m->middle) * m->stretch, 1e-9);
	CHECK(x.best > x.second);
	/* what the console shows is the cosine, whatever the scale */
	CHECK(x.meaning > 0.8 && x.meaning < 1.001);
	NEAR(y.meaning, x.meaning, 1e-9);
}

/* Of another language: grown and young articles are judged by weights of their own. */
TEST(kb_abroad_is_judged_by_the_model_and_the_age_of_its_articles)
{
	struct seen x = see(GEMMA, ALL), y = see(GEMMA, NAMED), z = see(E5, NAMED);
	const struct kb_model *gemma = kb_model_of(SV(GEMMA)), *e5 = kb_model_of(SV(E5));
	const struct {
		const struct seen *s;
		const struct kb_abroad_weights *w;
	} by[] = {
		{ &x, gemma->abroad[1] }, { &y, gemma->abroad[0] }, { &z, e5->abroad[0] },
	};

	CHECK(x.abroad.young && !y.abroad.young && !z.abroad.young);
	CHECK(gemma->abroad[0] != gemma->abroad[1]);
	for (int i = 0; i < 3; i++) {
		double sum = by[i].w->w[KA_N];

		for (int k = 0; k < KA_N; k++)
			sum += by[i].w->w[k] * by[i].s->abroad.g[k];
		NEAR(by[i].s->abroad.p, 1 / (1 + exp(-sum)), 1e-12);
	}
}
