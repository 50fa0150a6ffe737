/* t_kb_try.c: an index with a draft on top; one question with a known answer. */
#include "kb_int.h"
#include "t.h"

struct base {
	struct store *st;
	struct store_db *db;
	struct arena a, b;
	struct err e;
	const struct kb_article *put;
	int rc;
};

static int put_one(void *arg, struct store_db *db)
{
	struct base *w = arg;
	bool changed;

	return w->rc = kb_put(db, w->put, clk_wall_ms(), &changed);
}

static bool put(struct base *w, const struct kb_article *a)
{
	w->put = a;
	w->rc = ERR_FAIL;
	return store_write(w->st, put_one, w, NULL, NULL) == 0 && store_flush(w->st) == 0 &&
	       w->rc == 0;
}

static bool add(struct base *w, const char *id, const char *lang, const char *title,
		const char *body)
{
	const struct kb_article a = { .id = sv_of(id), .lang = sv_of(lang), .title = sv_of(title),
				      .body_md = sv_of(body) };

	return put(w, &a);
}

static bool base_open(struct base *w)
{
	memset(w, 0, sizeof(*w));
	arena_init(&w->a, LIM_ARENA_BIG);
	arena_init(&w->b, LIM_ARENA_BIG);
	return kb_init() == 0 &&
	       store_open(&w->st, &(struct store_opts){ .dir = "" }, &w->e) == 0 &&
	       store_reader(w->st, &w->db) == 0 &&
	       add(w, "fee.en", "en", "What is the delivery fee?", "It is CNY 10.") &&
	       add(w, "hours.en", "en", "When are you open?", "From nine to six.") &&
	       add(w, "lamp.en", "en", "How do I mount the lamp?", "With two screws.") &&
	       add(w, "fee.zh", "zh", "运费多少？", "十元。");
}

static void base_close(struct base *w)
{
	store_close(w->st);
	arena_done(&w->a);
	arena_done(&w->b);
}

static struct kb_index *built(struct base *w, bool packed)
{
	struct kb_index *ix = NULL;

	(void)kb_build(&ix, w->db, &(struct kb_opts){ .packed = packed }, &w->e);
	return ix;
}

static struct kb_result ask(struct kb_index *ix, struct arena *a, const char *text)
{
	struct kb_query q = { .text = sv_of(text), .lang = SV("en"), .k = 5 };
	struct kb_result r = { 0 };

	arena_reset(a);
	if (kb_search(ix, &q, a, &r))
		r.n = 0;
	return r;
}

static sv quote(struct kb_index *ix, struct arena *a, const char *text)
{
	struct kb_result r = ask(ix, a, text);

	return r.n ? r.hits[0].quote : SV("none");
}

/* A draft on top answers as the index does once it is published, and nobody else sees it. */
static void with_draft(bool packed, const struct kb_article *draft, const char *question)
{
	struct kb_index *root, *now = NULL, *with = NULL, *after = NULL;
	struct kb_result r, s;
	struct kb_article got;
	struct base w;

	CHECK(base_open(&w));
	root = built(&w, packed);
	CHECK(add(&w, "hours.en", "en", "When are you open?", "From nine to seven."));
	OK(kb_update(&now, root, w.db, NULL, NULL, &w.e));
	OK(kb_update_with(&with, now, w.db, NULL, draft, &w.e));
	CHECK(with != now && with->root == root);
	SV_EQ(quote(with, &w.a, question), draft->body_md.p);
	CHECK(!sv_eq(quote(now, &w.a, question), draft->body_md));
	SV_EQ(quote(with, &w.a, "when are you open"), "From nine to seven.");
	OK(kb_get(with, draft->id, &got));
	EQ(got.version, draft->version);
	OK(kb_update(&after, now, w.db, NULL, NULL, &w.e));
	CHECK(after == now); /* nothing was written */
	obj_unref(after);
	CHECK(put(&w, draft));
	OK(kb_update(&after, now, w.db, NULL, NULL, &w.e));
	r = ask(with, &w.a, question);
	s = ask(after, &w.b, question);
	CHECK(r.n && r.n == s.n && r.answerable == s.answerable);
	for (size_t i = 0; i < r.n; i++) {
		SV_EQ(r.hits[i].article_id, s.hits[i].article_id.p);
		CHECK(memcmp(&r.hits[i].p, &s.hits[i].p, sizeof(double)) == 0);
		CHECK(memcmp(&r.hits[i].score, &s.hits[i].score, sizeof(double)) == 0);
		EQ(r.hits[i].version, s.hits[i].version);
	}
	EQ(kb_count(with), kb_count(after));
	obj_unref(after);
	obj_unref(with);
	obj_unref(now);
	obj_unref(root);
	base_close(&w);
}

TEST(kb_a_draft_is_tried_on_top_of_an_index)
{
	const struct kb_article edit = { .id = SV("lamp.en"),
					 .lang = SV("en"),
					 .title = SV("How do I mount the lamp?"),
					 .body_md = SV("With four screws."),
					 .version = 2 };
	const struct kb_article fresh = { .id = SV("gift.en"),
					  .lang = SV("en"),
					  .title = SV("Do you wrap presents?"),
					  .body_md = SV("Yes, in glittering zirconia foil."),
					  .version = 1 };

	for (int packed = 0; packed < 2; packed++) {
		with_draft(packed, &edit, "how do I mount the lamp");
		with_draft(packed, &fresh, "do you wrap presents");
	}
}

TEST(kb_a_draft_needs_articles_of_its_language)
{
	const struct kb_article fr = { .id = SV("frais.fr"),
				       .lang = SV("fr"),
				       .title = SV("Combien ?"),
				       .body_md = SV("Dix."),
				       .version = 1 };
	struct kb_index *root, *with = NULL;
	struct base w;

	CHECK(base_open(&w));
	root = built(&w, false);
	EQ(kb_update_with(&with, root, w.db, NULL, &fr, &w.e), ERR_UNSUPPORTED);
	CHECK(!with && w.e.msg[0]);
	/* a language that came since: over an index that is made for it */
	CHECK(add(&w, "retour.fr", "fr", "Comment renvoyer un article ?", "Par la poste."));
	OK(kb_update_with(&with, root, w.db, NULL, &fr, &w.e));
	CHECK(with && with->root && with->root != root);
	EQ(kb_count(with), kb_count(root) + 2);
	obj_unref(with);
	obj_unref(root);
	base_close(&w);
}

TEST(kb_what_becomes_of_a_question_with_a_known_answer)
{
	static const struct {
		const char *text, *want;
		enum kb_outcome outcome;
		int place;
	} rows[] = {
		{ "what is the delivery fee", "fee.en", KB_RIGHT, 1 },
		{ "what is the delivery fee", "hours.en", KB_WRONG, -1 },
		{ "what is the delivery fee", "", KB_WRONG, 0 },
		{ "how far is the moon from mars", "", KB_RIGHT, 0 },
		{ "how far is the moon from mars", "fee.en", KB_DECLINED, -1 },
	};
	struct kb_index *ix;
	struct base w;

	CHECK(base_open(&w));
	ix = built(&w, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kb_query q = { .text = sv_of(rows[i].text), .lang = SV("en"), .k = 5 };
		struct kb_asked got;

		arena_reset(&w.a);
		OK(kb_ask(ix, &q, sv_of(rows[i].want), &w.a, &got));
		EQ(got.outcome, rows[i].outcome);
		CHECK(rows[i].place < 0 || got.place == rows[i].place);
	}
	obj_unref(ix);
	base_close(&w);
}
