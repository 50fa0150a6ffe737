/* t_talk_seek.c: the question's vector in a turn: found by meaning when it comes in time, by
 * words when it does not, and nothing left behind when the conversation ends meanwhile. A real
 * loop, an index of four articles with vectors of a made-up model, an HTTP server that plays the
 * model. */
#include <stdio.h>
#include "t.h"
#include "t_model_fake.h"
#include "t_talk_help.h"

enum { DIM = 3 };

static const struct {
	const char *id, *title, *body;
	float v[DIM];
} company[] = {
	{ "parking", "Where is your parking?", "The parking is behind the store.", { 1, 0, 0 } },
	{ "invoice", "How do I get an invoice?", "Tick the box at checkout.", { 0, 1, 0 } },
	{ "return", "How do I return an article?", "Book a pick-up.", { 0, 0, 1 } },
	{ "hours", "When is the store open?", "From nine to six.", { 0, 0.7f, 0.7f } },
};

struct answer {
	int n;
	jv *reply;
};
struct world {
	struct loop *l;
	struct store *st;
	struct snap *kb;
	struct pool *pool;
	struct talk_hub *hub;
	struct emb *emb;
	struct fake fake;
	struct answer a;
};

static int put_all(void *arg, struct store_db *db)
{
	int rc = 0;
	(void)arg;
	for (size_t i = 0; i < 4 && !rc; i++) {
		char id[40];
		bool changed;
		(void)snprintf(id, sizeof(id), "%s.en", company[i].id);
		struct kb_article a = { .id = sv_of(id), .group_id = sv_of(company[i].id),
					.lang = SV("en"), .title = sv_of(company[i].title),
					.body_md = sv_of(company[i].body) };
		rc = kb_put(db, &a, 1769817600000, &changed);
	}
	return rc;
}

static void embed(void *arg, sv text)
{
	for (size_t i = 0; i < 4; i++)
		if (sv_starts(text, sv_of(company[i].title)))
			ASSERT(kb_dense_put(arg, text, company[i].v, DIM) == 0);
}

static void index_company(struct world *w)
{
	struct store_opts so = { .dir = "" };
	struct kb_dense *d = NULL;
	struct kb_index *ix = NULL;
	struct store_db *db;
	ASSERT(kb_init() == 0 && store_open(&w->st, &so, NULL) == 0);
	ASSERT(store_write(w->st, put_all, NULL, NULL, NULL) == 0 && store_flush(w->st) == 0);
	ASSERT(kb_dense_open(&d, NULL, SV("toy"), NULL) == 0);
	ASSERT(store_reader(w->st, &db) == 0);
	for (int i = 0; i < 2; i++) {
		obj_unref(ix);
		ASSERT(kb_build(&ix, db, &(struct kb_opts){ .dense = d }, NULL) == 0);
		(void)kb_dense_missing(ix, embed, d);
	}
	ASSERT(kb_dense_ready(ix, SV("en")));
	kb_dense_close(d);
	w->kb = snap_new(ix);
}

static void world_open(struct world *w, const struct fake_answer *answer)
{
	char url[64];
	struct err e = { 0 };
	*w = (struct world){ .l = loop_new(), .pool = pool_new_inline() };
	index_company(w);
	fake_open(&w->fake, w->l, answer, 1);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", w->fake.port);
	struct model_spec s = { .kind = "openai", .url = url, .model = "toy" };
	ASSERT(emb_open(&w->emb, &s, w->l, &e) == 0);
	struct talk_opts o = { .loop = w->l, .kb = w->kb, .pool = w->pool,
			       .texts = bench_texts() };
	ASSERT(talk_hub_open(&w->hub, &o, &e) == 0);
	obj_unref(o.texts);
	talk_shard_set_emb(talk_hub_pick(w->hub, 0), w->emb);
}

static void world_close(struct world *w)
{
	talk_hub_close(w->hub);
	emb_close(w->emb);
	fake_close(&w->fake);
	snap_free(w->kb);
	pool_free(w->pool);
	store_close(w->st);
	loop_free(w->l);
	jv_free(w->a.reply);
}

static void on_reply(void *arg, jv *reply)
{
	struct answer *a = arg;
	a->n++;
	jv_free(a->reply);
	a->reply = reply;
}

static bool answered(void *arg)
{
	return ((struct world *)arg)->a.n > 0;
}

static int ask(struct world *w, const char *text)
{
	return talk_ask(talk_hub_pick(w->hub, 0), sv_of(text), SV("en"), on_reply, &w->a);
}

static bool cites(const jv *reply, const char *id)
{
	return sv_eq(jv_get_str(jv_at(jv_get(reply, "citations"), 0), "article_id"), sv_of(id));
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"

/* A search that waited asks the language model like any other. */
TEST(talk_seek_then_the_language_model)
{
	static const struct fake_answer good = { .pieces = {
		HEAD "{\"data\":[{\"embedding\":[0.99,0.05,0.05]}]}" } };
	jv *script = jv_parse(SV("[{\"call\":{\"name\":\"no_answer\",\"args\":{}}}]"), NULL);
	struct model_spec spec = { .kind = "scripted", .model = "m", .script = script };
	struct world w;
	world_open(&w, &good);
	talk_hub_models(w.hub, &spec, 1, NULL, NULL);
	int rc = ask(&w, "garage for our vehicle please");
	bool done = !rc && t_wait(w.l, answered, &w, 5000);
	bool declined = sv_eq(jv_get_str(w.a.reply, "action"), SV("decline"));
	bool by = sv_eq(jv_get_str(w.a.reply, "model"), SV("scripted:m"));
	world_close(&w);
	jv_free(script);
	OK(rc);
	CHECK(done);
	CHECK(declined && by);
}

TEST(talk_seek_finds_by_meaning)
{
	static const struct fake_answer good = { .pieces = {
		HEAD "{\"data\":[{\"embedding\":[0.99,0.05,0.05]}]}" } };
	struct world w;
	world_open(&w, &good);
	int rc = ask(&w, "garage for our vehicle please");
	bool done = !rc && t_wait(w.l, answered, &w, 5000);
	bool found = cites(w.a.reply, "parking.en");
	size_t asked = w.fake.requests;
	world_close(&w);
	OK(rc);
	CHECK(done);
	CHECK(found);
	EQ(asked, 1);
}

TEST(talk_seek_goes_on_without_a_vector_that_is_late)
{
	static const struct fake_answer late = { .pieces = { HEAD }, .stall = true };
	struct world w;
	world_open(&w, &late);
	int64_t t0 = clk_mono_us();
	int rc = ask(&w, "How do I get an invoice?");
	bool done = !rc && t_wait(w.l, answered, &w, 5000);
	int64_t ms = (clk_mono_us() - t0) / 1000;
	bool found = cites(w.a.reply, "invoice.en");
	size_t asked = w.fake.requests;
	world_close(&w);
	OK(rc);
	CHECK(done && found);
	EQ(asked, 1);
	CHECK(ms >= 55 && ms < 1500);
}

TEST(talk_seek_goes_on_without_a_model_that_fails)
{
	static const struct fake_answer bad = { .pieces = { HEAD "nonsense" } };
	struct world w;
	bool found = true;
	int rc = 0;
	world_open(&w, &bad);
	for (int i = 0; i < 5 && !rc; i++) { /* the last ones meet its open breaker */
		w.a.n = 0;
		rc = ask(&w, "How do I get an invoice?");
		found = found && !rc && t_wait(w.l, answered, &w, 5000) &&
			cites(w.a.reply, "invoice.en");
	}
	world_close(&w);
	OK(rc);
	CHECK(found);
}

TEST(talk_seek_ends_with_the_conversation)
{
	static const struct fake_answer late = { .pieces = { HEAD }, .stall = true };
	struct world w;
	world_open(&w, &late);
	int rc = ask(&w, "garage for our vehicle please");
	bool early = answered(&w);
	world_close(&w); /* the hub ends while the model is being waited for */
	OK(rc);
	CHECK(!early);
	EQ(w.a.n, 1);
}

TEST(talk_seek_goes_on_when_the_model_is_taken_away)
{
	static const struct fake_answer late = { .pieces = { HEAD }, .stall = true };
	struct world w;
	world_open(&w, &late);
	int rc = ask(&w, "How do I get an invoice?");
	bool waits = !answered(&w);
	talk_shard_set_emb(talk_hub_pick(w.hub, 0), NULL);
	emb_close(w.emb);
	w.emb = NULL;
	bool done = !rc && t_wait(w.l, answered, &w, 5000);
	bool found = cites(w.a.reply, "invoice.en");
	world_close(&w);
	OK(rc);
	CHECK(waits && done && found);
}
