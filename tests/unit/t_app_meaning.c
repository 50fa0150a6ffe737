/* t_app_meaning.c: the server's search by meaning: vectors made in the background, kept, used by
 * the shards; a model that is not there, dies, or is changed. A tiny model, the real worker. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "app_meaning.h"
#include "model_paths.h"
#include "t_model_tiny.h"

static const struct {
	const char *id, *title, *body;
} company[] = {
	{ "ab", "ab abc", "ab c abc. 退货 ab." },
	{ "back", "退货 ab", "退 货 退货." },
	{ "letters", "a b c d e", "abc d e." },
};

struct world {
	struct store *st;
	struct snap *kb;
	struct kb_live *live;
	struct talk_hub *hub;
	struct app_meaning *m;
	struct talk_texts *texts;
	struct pool *pool;
	char dir[512], exe[600], file[600];
	struct model_spec spec;
};

static int put_all(void *arg, struct store_db *db)
{
	int rc = 0;
	(void)arg;
	for (size_t i = 0; i < 3 && !rc; i++) {
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

static int put_more(void *arg, struct store_db *db)
{
	bool changed;
	(void)arg;
	return kb_put(db, &(struct kb_article){ .id = SV("new.en"), .group_id = SV("new"),
						.lang = SV("en"), .title = SV("c d"),
						.body_md = SV("c d e.") },
		      1769817600000, &changed);
}

static int on_shard(void *arg, struct talk_hub *h, struct talk_shard *s, bool up)
{
	struct world *w = arg;
	(void)h;
	app_meaning_shard(w->m, s, up);
	return 0;
}

static struct talk_texts *texts(void)
{
	char path[4096];
	struct sb b;
	struct cfg_report rep = { 0 };
	struct talk_texts *t = NULL;
	(void)snprintf(path, sizeof(path), "%s/demo/company.yaml", t_srcdir());
	sb_init(&b, LIM_CFG_BYTES);
	ASSERT(file_read(path, LIM_CFG_BYTES, &b, NULL) == 0);
	jv *v = cfg_parse(sb_sv(&b), "company.yaml", &rep);
	ASSERT(v && talk_texts_new(&t, v, NULL) == 0);
	jv_free(v);
	cfg_report_done(&rep);
	sb_done(&b);
	return t;
}

static void index_now(struct world *w)
{
	struct store_db *db;
	struct kb_index *ix = NULL;
	ASSERT(store_reader(w->st, &db) == 0 && kb_build(&ix, db, NULL, NULL) == 0);
	snap_publish(w->kb, ix);
}

static void world_open(struct world *w)
{
	struct store_opts so = { .dir = "" };
	struct err e = { 0 };
	*w = (struct world){ .kb = snap_new(NULL), .texts = texts(), .pool = pool_new_inline() };
	(void)snprintf(w->dir, sizeof(w->dir), "%s", t_tmpdir());
	(void)snprintf(w->file, sizeof(w->file), "%s/tiny.bin", w->dir);
	(void)snprintf(w->exe, sizeof(w->exe), "%s/callm-embed", MODEL_PATHS);
	tiny_write(w->file, 11);
	w->spec = (struct model_spec){ .kind = "e5", .file = w->file, .exe = w->exe };
	ASSERT(kb_init() == 0 && store_open(&w->st, &so, &e) == 0);
	ASSERT(store_write(w->st, put_all, NULL, NULL, NULL) == 0 && store_flush(w->st) == 0);
	index_now(w);
	ASSERT(kb_live_open(&w->live, &(struct kb_live_opts){ .store = w->st, .kb = w->kb }) == 0);
	const struct app_meaning_opts mo = { w->st, w->kb, w->live, w->dir };
	ASSERT(app_meaning_open(&w->m, &mo) == 0);
	struct talk_opts o = { .shards = 2, .kb = w->kb, .texts = w->texts, .pool = w->pool,
			       .on_shard = on_shard, .on_shard_arg = w };
	ASSERT(talk_hub_open(&w->hub, &o, &e) == 0);
}

static void world_close(struct world *w)
{
	app_meaning_stop(w->m);
	talk_hub_close(w->hub);
	kb_live_close(w->live);
	app_meaning_close(w->m);
	snap_free(w->kb);
	store_close(w->st);
	pool_free(w->pool);
	obj_unref(w->texts);
}

static bool ready(void *arg)
{
	struct world *w = arg;
	struct kb_index *ix = snap_get(w->kb);
	bool yes = kb_dense_ready(ix, SV("en"));
	obj_unref(ix);
	return yes;
}

static bool by_words(void *arg)
{
	return !ready(arg);
}

/* Waits on a loop of its own: the work is done on other threads. */
static bool until(bool (*cond)(void *), struct world *w, int ms)
{
	struct loop *l = loop_new();
	bool ok = t_wait(l, cond, w, ms);
	loop_free(l);
	return ok;
}

static bool healthy(void *arg)
{
	jv *h = app_meaning_health(((struct world *)arg)->m);
	bool ok = sv_eq(jv_get_str(h, "status"), SV("ok")) &&
		  sv_find(jv_get_str(h, "detail"), SV("texts of the knowledge base, by")) > 0;
	jv_free(h);
	return ok;
}

static bool ill(void *arg)
{
	jv *h = app_meaning_health(((struct world *)arg)->m);
	bool yes = sv_eq(jv_get_str(h, "status"), SV("degraded"));
	jv_free(h);
	return yes;
}

static bool by_other(void *arg)
{
	jv *h = app_meaning_health(((struct world *)arg)->m);
	bool yes = sv_find(jv_get_str(h, "detail"), SV("6 texts of the knowledge base, by "
						       "e5:other.bin")) >= 0;
	jv_free(h);
	return yes;
}

static size_t kept_of(const struct world *w, const char *name)
{
	char path[700];
	struct kb_dense *d = NULL;
	(void)snprintf(path, sizeof(path), "%s/vectors.bin", w->dir);
	if (kb_dense_open(&d, path, sv_of(name), NULL))
		return 0;
	size_t n = kb_dense_count(d);
	kb_dense_close(d);
	return n;
}

static size_t kept(const struct world *w)
{
	return kept_of(w, "e5:tiny.bin");
}

TEST(app_meaning_embeds_in_the_background_and_keeps_it)
{
	struct world w;
	world_open(&w);
	bool before = ready(&w);
	int rc = app_meaning_use(w.m, w.hub, &w.spec);
	bool then = until(ready, &w, 20000) && until(healthy, &w, 5000);
	world_close(&w);
	OK(rc);
	CHECK(!before && then);
	EQ(kept(&w), 6); /* three titles, three chunks */
}

TEST(app_meaning_embeds_only_what_is_new)
{
	struct world w;
	world_open(&w);
	OK(app_meaning_use(w.m, w.hub, &w.spec));
	bool first = until(ready, &w, 20000);
	ASSERT(store_write(w.st, put_more, NULL, NULL, NULL) == 0 && store_flush(w.st) == 0);
	bool off = until(by_words, &w, 20000); /* the new article is searchable, without vectors */
	app_meaning_refresh(w.m);
	bool again = until(ready, &w, 20000);
	world_close(&w);
	CHECK(first && off && again);
	EQ(kept(&w), 8);
}

/* Chosen while the server runs: as many numbers a vector, and yet nothing of the first is kept. */
TEST(app_meaning_takes_another_model)
{
	struct world w;
	char file[600];
	world_open(&w);
	(void)snprintf(file, sizeof(file), "%s/other.bin", w.dir);
	tiny_write(file, 12);
	struct model_spec other = { .kind = "e5", .file = file, .exe = w.exe };
	OK(app_meaning_use(w.m, w.hub, &w.spec));
	bool first = until(ready, &w, 20000) && until(healthy, &w, 5000);
	OK(app_meaning_use(w.m, w.hub, &other));
	bool then = until(by_other, &w, 20000) && until(ready, &w, 5000);
	world_close(&w);
	CHECK(first && then);
	EQ(kept_of(&w, "e5:other.bin"), 6);
}

TEST(app_meaning_lives_without_a_model)
{
	struct world w;
	world_open(&w);
	struct model_spec missing = { .kind = "e5", .file = "/nonexistent.bin", .exe = w.exe };
	bool fine = !ill(&w);
	OK(app_meaning_use(w.m, w.hub, NULL));
	OK(app_meaning_use(w.m, w.hub, &missing));
	bool said = until(ill, &w, 10000);
	OK(app_meaning_use(w.m, w.hub, &w.spec)); /* it was pulled meanwhile */
	bool then = until(ready, &w, 20000) && until(healthy, &w, 5000);
	OK(app_meaning_use(w.m, w.hub, NULL));
	world_close(&w);
	CHECK(fine && said && then);
}

static void on_reply(void *arg, jv *reply)
{
	_Atomic int *n = arg;
	jv_free(reply);
	(*n)++;
}

struct question {
	struct world *w;
	struct talk_shard *s;
	_Atomic int n;
};

static void ask(void *arg)
{
	struct question *q = arg;
	ASSERT(talk_ask(q->s, SV("退货 ab c"), SV("en"), on_reply, (void *)&q->n) == 0);
}

static bool replied(void *arg)
{
	return ((struct question *)arg)->n > 0;
}

TEST(app_meaning_serves_every_shard)
{
	struct world w;
	static struct question q[2];
	bool ok;
	world_open(&w);
	OK(app_meaning_use(w.m, w.hub, &w.spec));
	ok = until(ready, &w, 20000) && until(healthy, &w, 5000);
	for (size_t i = 0; i < 2; i++) {
		struct loop *l = loop_new();
		q[i] = (struct question){ .w = &w, .s = talk_hub_shard(w.hub, i) };
		ok = ok && mbox_post(talk_shard_mbox(q[i].s), ask, &q[i]) == 0 &&
		     t_wait(l, replied, &q[i], 5000);
		loop_free(l);
	}
	world_close(&w);
	CHECK(ok);
}
