/* app_knowledge.c: the knowledge base keeps itself current.
 *
 * ingest has a thread of its own for sources. A night's run and the hourly look at new texts each
 * are a thread that lives as long as its work, at low priority: it reads by itself and writes
 * through the scribe. One at a time; a stop waits for it (seconds at most). */
#include "app_knowledge.h"
#include "app_daily.h"
#include "app_int.h"
#include "app_job.h"
#include "app_rulebook.h"
#include "app_sets.h"
#include "learn.h"

#include <stdatomic.h>
#include <stdio.h>

enum { HOUR_S = 3600, NICE = 10, FOLDERS = 32 };

struct app_knowledge {
	struct app_knowledge_opts o;
	struct ing *ing;
	char own[4200];              /* DATA/sources */
	const char *roots[FOLDERS + 2];
	struct app_daily daily;
	int days;                    /* window */
	int64_t ticks;
	/* A look is wanted or under way; cleared when it is over. */
	atomic_bool asked;
	struct app_job job;
	bool learns;                 /* the job is a look */
	struct app_sets *sets;
	struct app_rulebook rulebook;
};

/* ---- what a thread does ---- */

struct saved {
	struct learn_run *run;
	const struct learn_effect *effect;
	size_t n, back, kept;
};

static int save_write(void *arg, struct store_db *db)
{
	struct saved *s = arg;
	return learn_save(db, s->run);
}

int app_knowledge_run(struct store *st, struct snap *kb, int days, struct learn_run **ret,
		      struct err *e)
{
	struct store_db *db;
	struct saved s = { 0 };
	struct learn_opts o = { .days = days, .kb = snap_get(kb) };
	int rc = store_reader(st, &db);
	if (rc == 0)
		rc = learn_run(&s.run, db, &o, e);
	if (rc == 0 && (rc = store_write_now(st, save_write, &s)))
		err_set(e, rc, "what was found could not be written: %s", err_text(rc));
	obj_unref(o.kb);
	if (rc)
		learn_run_free(s.run);
	else
		*ret = s.run;
	return rc;
}

static void learn_job(void *arg)
{
	struct app_knowledge *k = arg;
	struct err e = { 0 };
	struct learn_run *run = NULL;
	int64_t began = clk_mono_us();
	int rc = app_knowledge_run(k->o.store, k->o.kb, k->days, &run, &e);
	if (rc)
		LOG(WARN, "learn.failed", "%s", e.msg[0] ? e.msg : err_text(rc));
	else
		LOG(INFO, "learn.done",
		    "questions=%zu gone_wrong=%zu gaps=%zu conflicts=%zu ms=%lld",
		    run->questions, run->gone_wrong, run->n_gap, run->n_conflict,
		    (long long)(clk_mono_us() - began) / 1000);
	learn_run_free(run);
}

static int judge_write(void *arg, struct store_db *db)
{
	struct saved *s = arg;
	return learn_judge(db, s->effect, s->n, clk_wall_ms(), &s->back, &s->kept);
}

static void judge_job(void *arg)
{
	struct app_knowledge *k = arg;
	struct store_db *db;
	struct arena a;
	struct learn_effect *v = NULL;
	struct saved s = { 0 };
	arena_init(&a, LIM_ARENA_BIG);
	int rc = store_reader(k->o.store, &db);
	if (rc == 0)
		rc = learn_effects(db, clk_wall_ms(), &a, &v, &s.n);
	s.effect = v;
	if (rc == 0 && s.n)
		rc = store_write_now(k->o.store, judge_write, &s);
	if (rc)
		LOG(WARN, "learn.failed", "new texts are not judged: %s", err_text(rc));
	else if (s.back || s.kept)
		LOG(INFO, "learn.judged", "taken_back=%zu kept=%zu", s.back, s.kept);
	arena_done(&a);
}

/* ---- when ---- */

static void start(struct app_knowledge *k, bool learns)
{
	k->learns = learns;
	if (learns)
		atomic_store(&k->asked, true);
	if (app_job_start(&k->job, learns ? "learn" : "judge", NICE,
			  learns ? learn_job : judge_job, k) == 0)
		return;
	LOG(WARN, "learn.failed", "no thread for it");
	if (learns)
		atomic_store(&k->asked, false);
}

/* A look that is over may be asked for again. */
static bool runs(struct app_knowledge *k)
{
	bool was = k->job.runs, is = app_job_runs(&k->job);
	if (was && !is && k->learns)
		atomic_store(&k->asked, false);
	return is;
}

void app_knowledge_tick(struct app_knowledge *k)
{
	bool hour = ++k->ticks % HOUR_S == 0;
	app_sets_tick(k->sets);
	if (runs(k))
		return;
	bool due = app_daily_due(&k->daily, clk_wall_ms());
	if (due || atomic_load(&k->asked))
		start(k, true);
	else if (hour)
		start(k, false);
}

void app_knowledge_sets(void *arg)
{
	struct app_knowledge *k = arg;
	app_sets_wake(k->sets);
}

void app_knowledge_model(struct app_knowledge *k, const struct model_spec *spec)
{
	app_sets_model(k->sets, spec);
}

int app_knowledge_learn(void *arg)
{
	struct app_knowledge *k = arg;
	return atomic_exchange(&k->asked, true) ? ERR_AGAIN : 0;
}

/* Where files of sources may lie: the data folder's own place, and what the configuration names. */
static void take_roots(struct app_knowledge *k, const jv *folders)
{
	size_t n = 0;
	(void)snprintf(k->own, sizeof(k->own), "%s/sources", k->o.data);
	k->roots[n++] = k->own;
	for (size_t i = 0; i < jv_len(folders) && n <= FOLDERS; i++)
		k->roots[n++] = jv_as_str(jv_at(folders, i)).p;
}

/* ---- the products' table is a source by itself ---- */

#define PRODUCTS_MARK "source.products"

/* There are products, nobody has decided about such a source, and nobody has edited the articles
 * that it would write. */
static bool products_wanted(struct store_db *db)
{
	struct store_stmt *q;
	int64_t n = 0;
	if (store_prep(db, &q,
		       "SELECT (SELECT count(*) FROM product) > 0 AND NOT EXISTS (SELECT 1 FROM kv "
		       "WHERE k='" PRODUCTS_MARK "') AND NOT EXISTS (SELECT 1 FROM source WHERE "
		       "kind='table' AND place='products') AND NOT EXISTS (SELECT 1 FROM article "
		       "WHERE category='products' AND updated_by<>'')"))
		return false;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n != 0;
}

static int mark_products(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO kv (k, v, updated_ms) VALUES ('" PRODUCTS_MARK
			    "', 'added', ?1) ON CONFLICT (k) DO NOTHING");
	(void)arg;
	if (rc)
		return rc;
	store_bind_int(q, 1, clk_wall_ms());
	return store_run(q);
}

/* Once: who removes it has it removed. */
static void products_once(struct app_knowledge *k)
{
	const struct ing_source s = { .kind = ING_TABLE, .place = SV("products"),
				      .category = SV("products") };
	struct store_db *db;
	struct err e = { 0 };
	char id[27];
	if (store_reader(k->o.store, &db) || !products_wanted(db))
		return;
	int rc = ing_source_add(k->ing, &s, SV("callm"), id, &e);
	if (rc == 0)
		rc = store_write_now(k->o.store, mark_products, NULL);
	if (rc)
		LOG(WARN, "sources.failed", "the products are no source: %s",
		    e.msg[0] ? e.msg : err_text(rc));
}

int app_knowledge_open(struct app_knowledge **ret, const struct app_knowledge_opts *o,
		       struct err *e)
{
	struct app_knowledge *k = xalloc(sizeof(*k));
	const jv *cfg = jv_get(o->cfg, "knowledge");
	sv zone = jv_get_str(o->company, "timezone"), at = jv_get_str(cfg, "learn_at");
	*k = (struct app_knowledge){ .o = *o, .days = (int)jv_get_int(cfg, "learn_days", 30) };
	int rc = app_daily_open(&k->daily, at, zone, "knowledge.learn_at", clk_wall_ms(), e);
	take_roots(k, jv_get(cfg, "folders"));
	k->sets = app_sets_open(o->store, o->kb);
	struct ing_opts io = { .store = o->store,
			       .roots = k->roots,
			       .allow_private = jv_get_bool(cfg, "private_addresses", false) };
	if (rc == 0)
		rc = ing_open(&k->ing, &io, e);
	k->rulebook = (struct app_rulebook){ .now = o->rules, .arg = o->rules_arg };
	if (rc == 0 && o->rules)
		rc = ing_table(k->ing, "rules", app_rulebook_articles, app_rulebook_stamp,
			       &k->rulebook);
	if (rc == 0)
		products_once(k);
	if (rc == 0 && (rc = ing_start(k->ing)))
		err_set(e, rc, "no thread for the sources of knowledge");
	if (rc) {
		app_knowledge_close(k);
		return rc;
	}
	*ret = k;
	return 0;
}

struct ing *app_knowledge_sources(const struct app_knowledge *k)
{
	return k->ing;
}

void app_knowledge_close(struct app_knowledge *k)
{
	if (!k)
		return;
	app_sets_close(k->sets);
	app_job_end(&k->job);
	ing_close(k->ing);
	app_daily_done(&k->daily);
	xfree(k);
}
