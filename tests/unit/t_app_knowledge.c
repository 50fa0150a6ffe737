/* t_app_knowledge.c: the server's clockwork for its knowledge: a run that was asked for reads the
 * river and writes the gap it finds; what is missed today waits for the night; a stop in the
 * middle of a run waits for it. */
#include "app_knowledge.h"
#include "app_int.h"
#include "learn.h"
#include "learn_set.h"

#include <fcntl.h>
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
	EQ(app_knowledge_learn(w.k), ERR_AGAIN); /* until it is over */
	struct app_knowledge *k = w.k;
	w.k = NULL;
	app_knowledge_close(k);          /* waits for the run */
	EQ(count(&w, "SELECT count(*) FROM gap WHERE lang='en' AND size>=3"), 1);
	down(&w);
}

static bool free_again(void *arg)
{
	struct world *w = arg;
	app_knowledge_tick(w->k);
	return app_knowledge_learn(w->k) == 0;
}

TEST(app_knowledge_may_be_asked_again)
{
	struct world w;
	struct err e = { 0 };
	struct loop *l = loop_new();
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	OK(app_knowledge_learn(w.k));
	CHECK(t_wait(l, free_again, &w, 20000));
	down(&w);
	loop_free(l);
}

static int refuse_gaps(void *arg, struct store_db *db)
{
	(void)arg;
	return store_exec(db, "CREATE TRIGGER no_gap BEFORE INSERT ON gap BEGIN SELECT "
			      "RAISE(ABORT, 'no'); END");
}

TEST(app_knowledge_tells_what_could_not_be_written)
{
	struct world w;
	struct err e = { 0 };
	struct learn_run *r = NULL;
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	OK(store_write(w.store, refuse_gaps, NULL, NULL, NULL));
	OK(store_flush(w.store));
	CHECK(app_knowledge_run(w.store, w.kb, 0, &r, &e) < 0);
	CHECK(!r);
	HAS(sv_of(e.msg), "could not be written");
	EQ(count(&w, "SELECT count(*) FROM gap"), 0);
	down(&w);
}

/* ---- test sets ---- */

static int order_run(void *arg, struct store_db *db)
{
	const struct learn_set_row row = { .question = SV("can I rent a drill"), .lang = SV("en"),
					   .article = SV("") };
	struct learn_set_put p = { .set = SV(""), .name = SV("All"), .row = &row, .n = 1,
				   .by = SV("mei") };
	int rc = learn_set_put(db, &p);
	struct learn_set_order o = { .set = sv_of(p.id), .by = SV("mei") };
	return *(int *)arg = rc ? rc : learn_set_order(db, &o);
}

static bool run_over(void *arg)
{
	struct world *w = arg;
	app_knowledge_tick(w->k);
	return count(w, "SELECT count(*) FROM kb_set_run WHERE state='done' AND right_n=1") == 1;
}

static int order_again(void *arg, struct store_db *db)
{
	int rc = store_exec(db, "DELETE FROM kb_set_answer");
	(void)arg;
	return rc ? rc : store_exec(db, "UPDATE kb_set_run SET state='waiting', right_n=0");
}

/* One that was ordered, and one that waited while the server was down. */
TEST(app_knowledge_runs_test_sets)
{
	struct world w;
	struct err e = { 0 };
	struct loop *l = loop_new();
	int rc = -1;
	CHECK(up(&w, "{\"knowledge\":{\"learn_at\":\"\"}}", &e));
	OK(store_write(w.store, order_run, &rc, NULL, NULL));
	OK(store_flush(w.store));
	OK(rc);
	app_knowledge_tick(w.k); /* nobody told it */
	EQ(count(&w, "SELECT count(*) FROM kb_set_run WHERE state='waiting'"), 1);
	app_knowledge_sets(w.k);
	CHECK(t_wait(l, run_over, &w, 20000));
	app_knowledge_close(w.k);
	OK(store_write(w.store, order_again, NULL, NULL, NULL));
	OK(store_flush(w.store));
	const struct app_knowledge_opts k = { .cfg = w.cfg, .company = w.company,
					      .data = t_tmpdir(), .store = w.store, .kb = w.kb };
	OK(app_knowledge_open(&w.k, &k, &e));
	CHECK(t_wait(l, run_over, &w, 20000));
	down(&w);
	loop_free(l);
}

TEST(app_knowledge_wants_a_time_of_day)
{
	struct world w;
	struct err e = { 0 };
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

static int sync_silently(struct app_desk *d, const struct kb_source_opts *o, char *path)
{
	int out = dup(1), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	(void)fflush(stdout);
	(void)dup2(null, 1);
	int rc = kb_source_cmd(d, "sync", o, 1, &path);
	(void)fflush(stdout);
	(void)dup2(out, 1);
	(void)close(out);
	(void)close(null);
	return rc;
}

/* What the console set up is not wiped because somebody reads the folder by hand. */
TEST(app_knowledge_sync_by_hand_keeps_what_was_set)
{
	struct store_opts so = { .dir = "", .group_ms = -1 };
	struct kb_source_opts o = { .lang = "en", .every = -1, .depth = -1 };
	struct app_desk d = { 0 };
	struct world w = { 0 };
	struct err e = { 0 };
	struct ing *g;
	char id[27], dir[] = "/tmp/callm-t-XXXXXX";
	CHECK(mkdtemp(dir));
	OK(store_open(&w.store, &so, &e));
	OK(ing_open(&g, &(struct ing_opts){ .store = w.store }, &e));
	d.store = w.store;
	const struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(dir), .name = SV("Help"),
				      .category = SV("house"), .owner = SV("anna"),
				      .every_s = 600, .docs_max = 50 };
	OK(ing_source_add(g, &s, SV("anna"), id, &e));
	OK(sync_silently(&d, &o, dir));
#define KEPT \
	"SELECT count(*) FROM source WHERE name='Help' AND category='house' AND owner='anna' AND " \
	"docs_max=50 AND every_s="
	EQ(count(&w, KEPT "600"), 1);
	o.every = 60;
	OK(sync_silently(&d, &o, dir));
	EQ(count(&w, KEPT "60"), 1);
	o.every = ((int64_t)1 << 32) + 30; /* no int */
	CHECK(sync_silently(&d, &o, dir) != 0);
	EQ(count(&w, KEPT "60"), 1);
#undef KEPT
	ing_close(g);
	store_close(w.store);
	(void)rmdir(dir);
}
