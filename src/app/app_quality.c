/* app_quality.c: quality put together: forms and surveys of the company, and the watcher.
 *
 * The watcher is a job on the pool, one at a time, begun every other second while there may be
 * something to score; it keeps its own place in the database, so a server that was killed goes on
 * where it stopped. Deadlines of reviews are looked at once a minute, on the scribe. Main thread
 * but for the job. */
#include "app_quality.h"
#include "app_company.h"
#include "app_int.h"
#include "app_quality_mind.h"
#include "qa_review.h"
#include "qa_survey.h"

#include <stdatomic.h>

enum { EVERY_S = 2, DUE_S = 60, FILES = 64, LATER_S = 30 };

struct app_quality {
	struct app_quality_opts o;
	struct snap *forms;
	struct qa_surveys *surveys;
	int64_t ticks;
	bool asks;                   /* a model, rubrics */
	atomic_bool stopped, busy, more, failing;
	/* a write of the deadlines waits for the scribe. */
	atomic_bool due_busy;
	int moved;
};

/* ---- forms ---- */

static int report_err(struct cfg_report *rep, int rc, const char *what, struct err *e)
{
	if (rc && rep->n)
		err_set(e, rc, "%s: %s. %s", rep->v[0].where, rep->v[0].what, rep->v[0].mend);
	else if (rc && (!e || !e->msg[0]))
		err_set(e, rc, "%s: %s", what, err_text(rc));
	cfg_report_done(rep);
	return rc;
}

static int texts_of(sv config, struct app_texts *t, struct err *e)
{
	struct app_company c;
	app_company_open(&c, config);
	int rc = app_company_texts(&c, "qa", t, e);
	if (rc == 0 && !t->n && config.n) {
		app_company_open(&c, SV(""));
		rc = app_company_texts(&c, "qa", t, e);
	}
	return rc;
}

static int forms_of(sv config, struct qa_forms **ret, struct cfg_report *rep, struct err *e)
{
	struct app_texts t = { 0 };
	struct qa_text v[FILES];
	int rc = texts_of(config, &t, e);
	for (size_t i = 0; i < t.n && i < FILES; i++)
		v[i] = (struct qa_text){ t.v[i].name, sv_of(t.v[i].text) };
	if (rc == 0)
		rc = qa_forms_new(ret, v, t.n < FILES ? t.n : FILES, rep);
	app_texts_done(&t);
	return rc;
}

int app_quality_load(sv config, struct qa_forms **ret, struct err *e)
{
	struct cfg_report rep = { 0 };
	return report_err(&rep, forms_of(config, ret, &rep, e), "qa", e);
}

static int surveys_of(sv config, struct qa_surveys **ret, struct cfg_report *rep, struct err *e)
{
	struct app_company c;
	struct sb b;
	sb_init(&b, LIM_CFG_BYTES);
	app_company_open(&c, config);
	int rc = app_company_file(&c, "surveys.yaml", &b, e);
	if (rc == ERR_NOTFOUND) {
		sb_reset(&b);
		app_company_open(&c, SV(""));
		rc = app_company_file(&c, "surveys.yaml", &b, e);
	}
	if (rc == 0)
		rc = qa_surveys_new(ret, sb_sv(&b), "surveys.yaml", rep);
	sb_done(&b);
	return rc;
}

void app_quality_check(sv company_file, struct cfg_report *rep)
{
	struct qa_forms *fs = NULL;
	struct qa_surveys *s = NULL;
	struct err e = { 0 };
	(void)forms_of(company_file, &fs, rep, &e);
	(void)surveys_of(company_file, &s, rep, &e);
	obj_unref(fs);
	obj_unref(s);
}

int app_quality_open(struct app_quality **ret, const struct app_quality_opts *o, struct err *e)
{
	struct app_quality *q = xalloc(sizeof(*q));
	struct qa_forms *forms = NULL;
	struct cfg_report rep = { 0 }, faults = { 0 };
	struct store_db *db;
	sv config = jv_get_str(o->cfg, "company");
	q->o = *o;
	q->asks = o->llm && jv_get_bool(jv_get(o->cfg, "quality"), "model", false);
	int rc = app_quality_load(config, &forms, e);
	if (rc == 0)
		rc = report_err(&faults, surveys_of(config, &q->surveys, &faults, e),
				"surveys.yaml", e);
	if (rc == 0)
		rc = store_reader(o->store, &db);
	if (rc == 0)
		rc = qa_forms_saved(&forms, db, &rep);
	for (size_t i = 0; i < rep.n; i++)
		LOG(WARN, "qa.form", "a saved form is passed over: %s: %s", rep.v[i].where,
		    rep.v[i].what);
	cfg_report_done(&rep);
	q->forms = snap_new(forms);
	if (rc) {
		app_quality_close(q);
		return rc;
	}
	*ret = q;
	return 0;
}

struct snap *app_quality_forms(const struct app_quality *q)
{
	return q->forms;
}

const struct qa_surveys *app_quality_surveys(const struct app_quality *q)
{
	return q->surveys;
}

/* ---- the watcher ---- */

static void watch_job(void *arg)
{
	struct app_quality *q = arg;
	struct qa_did did;
	struct qa_forms *fs = snap_get(q->forms);
	struct app_mind mind;
	app_mind_init(&mind, q->asks ? q->o.llm(q->o.llm_arg) : NULL, &q->stopped);
	int rc = qa_watch_step(q->o.store, fs, q->surveys, app_mind_of(&mind), &did);
	app_mind_done(&mind);
	obj_unref(fs);
	if (rc && rc != ERR_CANCELED && !atomic_exchange(&q->failing, true))
		LOG(WARN, "qa.failed", "what ended is not scored: %s", err_text(rc));
	if (rc == 0)
		atomic_store(&q->failing, false);
	if (did.scored || did.answers || did.failed)
		LOG(INFO, "qa.scored", "reviews=%d answers=%d passed_over=%d", did.scored,
		    did.answers, did.failed);
	atomic_store(&q->more, did.more);
}

static void watch_done(void *arg)
{
	struct app_quality *q = arg;
	atomic_store(&q->busy, false);
}

static void watch(struct app_quality *q)
{
	if (atomic_exchange(&q->busy, true))
		return;
	if (pool_submit(q->o.pool, watch_job, q, NULL, watch_done))
		atomic_store(&q->busy, false);
}

static int due_write(void *arg, struct store_db *db)
{
	struct app_quality *q = arg;
	return qa_review_tick(db, clk_wall_ms(), &q->moved);
}

static void due_done(void *arg, int rc)
{
	struct app_quality *q = arg;
	if (rc == 0 && q->moved)
		LOG(INFO, "qa.due", "moved=%d", q->moved);
	atomic_store(&q->due_busy, false);
}

void app_quality_tick(struct app_quality *q)
{
	if (atomic_load(&q->stopped))
		return;
	q->ticks++;
	if (atomic_load(&q->failing) ? q->ticks % LATER_S == 0 :
				       atomic_load(&q->more) || q->ticks % EVERY_S == 0)
		watch(q);
	if (q->ticks % DUE_S == 0 && !atomic_exchange(&q->due_busy, true) &&
	    store_write(q->o.store, due_write, q, NULL, due_done))
		atomic_store(&q->due_busy, false);
}

void app_quality_stop(struct app_quality *q)
{
	if (q)
		atomic_store(&q->stopped, true);
}

void app_quality_close(struct app_quality *q)
{
	if (!q)
		return;
	snap_free(q->forms);
	obj_unref(q->surveys);
	xfree(q);
}
