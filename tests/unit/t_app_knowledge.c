/* t_app_knowledge.c: the server's clockwork for its knowledge: a run that was asked for reads the
 * river and writes the gap it finds; what is missed today waits for the night; a stop in the
 * middle of a run waits for it. */
#include "app_knowledge.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "t.h"

struct world {
	struct store *store;
	struct snap *kb;
	jv *cfg, *company;
	struct app_knowledge *k;
};

static int none(void *arg, struct store_db *db)
{
	(void)arg;
	(void)db;
	return 0;
}

/* Five customers ask for what no article tells. */
static int ask(void *arg, struct store_db *db)
{
	static const char *const said[] = { "can I rent a drill for the weekend",
					    "do you rent drills for a weekend",
					    "renting a drill on the weekend",
					    "may I rent a drill for a weekend",
					    "is it possible to rent a drill" };
	int64_t now = clk_wall_ms();
	int rc = 0;
	(void)arg;
	for (int i = 0; i < 5 && rc == 0; i++) {
		char conv[32], words[160], body[200];
		(void)snprintf(conv, sizeof(conv), "01HZZZZZZZZZZZZZZZZZZZZZ0%d", i);
		(void)snprintf(words, sizeof(words), "{\"text\":\"%s\",\"language\":\"en\"}",
			       said[i]);
		(void)snprintf(body, sizeof(body),
			       "{\"text\":\"I do not know\",\"language\":\"en\",\"action\":"
			       "\"decline\",\"citations\":[]}");
		struct store_event q = { .ts_ms = now - 60000,
					 .conversation = sv_of(conv),
					 .seq = 1,
					 .turn = 1,
					 .kind = SV("turn.customer"),
					 .actor = SV("customer"),
					 .body = sv_of(words) };
		struct store_event b = { .ts_ms = now - 59000,
					 .conversation = sv_of(conv),
					 .seq = 2,
					 .turn = 1,
					 .kind = SV("turn.bot"),
					 .actor = SV("bot"),
					 .body = sv_of(body) };
		rc = store_event_put(db, &q);
		rc = rc ? rc : store_event_put(db, &b);
	}
	return rc;
}

static bool up(struct world *w, const char *cfg, struct err *e)
{
	struct store_opts o = { .dir = "", .group_ms = -1 };
	struct store_db *db;
	struct kb_index *ix = NULL;
	*w = (struct world){ .cfg = jv_parse(sv_of(cfg), NULL),
			     .company = jv_parse(SV("{\"timezone\":\"Asia/Shanghai\"}"), NULL) };
	if (store_open(&w->store, &o, e) || store_write(w->store, ask, NULL, NULL, NULL) ||
	    store_flush(w->store) || store_reader(w->store, &db) ||
	    kb_build(&ix, db, &(struct kb_opts){ 0 }, e))
		return false;
	w->kb = snap_new(ix);
	const struct app_knowledge_opts k = { .cfg = w->cfg, .company = w->company,
						.data = t_tmpdir(),
					      .store = w->store, .kb = w->kb };
	return app_knowledge_open(&w->k, &k, e) == 0;
}

static void down(struct world *w)
{
	app_knowledge_close(w->k);
	store_close(w->store);
	snap_free(w->kb);
	jv_free(w->cfg);
	jv_free(w->company);
}

static int64_t count(struct world *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	if (store_write(w->store, none, NULL, NULL, NULL) || store_flush(w->store) ||
	    store_reader(w->store, &db) || store_prep(db, &q, sql))
		return n;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(app_knowledge_learns_when_asked)
{
	struct world w;
	struct err e = { 0 };
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	CHECK(app_knowledge_sources(w.k) != NULL);
	app_knowledge_tick(w.k);         /* never by itself */
	EQ(count(&w, "SELECT count(*) FROM gap"), 0);
	OK(app_knowledge_learn(w.k));
	EQ(app_knowledge_learn(w.k), ERR_AGAIN);
	app_knowledge_tick(w.k);
	struct app_knowledge *k = w.k;
	w.k = NULL;
	app_knowledge_close(k);          /* waits for the run */
	EQ(count(&w, "SELECT count(*) FROM gap WHERE lang='en' AND size>=3"), 1);
	down(&w);
}

TEST(app_knowledge_times)
{
	struct world w;
	struct err e = { 0 };
	EQ(app_knowledge_minute(SV("03:00")), 180);
	EQ(app_knowledge_minute(SV("23:59")), 1439);
	EQ(app_knowledge_minute(SV("")), -1);
	EQ(app_knowledge_minute(SV("24:00")), -2);
	EQ(app_knowledge_minute(SV("3")), -2);
	EQ(app_knowledge_minute(SV("3:x")), -2);
	CHECK(!up(&w, "{\"knowledge\":{\"learn_at\":\"late\"}}", &e));
	CHECK(strstr(e.msg, "learn_at"));
	down(&w);
}

/* A console's user cannot make any folder of the machine a source. */
TEST(app_knowledge_folders)
{
	struct world w;
	struct err e = { 0 };
	char id[27], cfg[200], allowed[] = "/tmp/callm-t-XXXXXX";
	CHECK(mkdtemp(allowed));
	(void)snprintf(cfg, sizeof(cfg), "{\"knowledge\":{\"learn_at\":\"\",\"folders\":[\"%s\"]}}",
		       allowed);
	CHECK(up(&w, cfg, &e));
	struct ing *g = app_knowledge_sources(w.k);
	struct ing_source s = { .kind = ING_FOLDER, .place = SV("/etc") };
	EQ(ing_source_add(g, &s, SV("admin"), id, &e), ERR_DENIED);
	CHECK(e.msg[0]);
	s.place = sv_of(allowed);
	OK(ing_source_add(g, &s, SV("admin"), id, &e));
	down(&w);
	(void)rmdir(allowed);
}
