/* app_report.c: facts for reports follow the river while the server runs.
 *
 * One job on the pool at a time, begun every other second: a few stretches of the river, then
 * days that do not change any more are packed. Its place is in the database, so a server that
 * was killed goes on where it stopped. Once a minute saved reports that are due are made and
 * handed to the outbox, in one transaction with their next time: each goes out once. Topics are
 * found once a day on a thread of low priority, so that facts follow meanwhile. Main thread but
 * for the job and that one. */
#include "app_report.h"
#include "api.h"
#include "app_company.h"
#include "app_job.h"
#include "app_sheet.h"
#include "app_vecs.h"
#include "ins_driver.h"
#include "acd.h"
#include "acd_plan.h"
#include "ins_report.h"
#include "ins_report_save.h"
#include "tool.h"

#include <stdatomic.h>

enum {
	EVERY_S = 2,
	LATER_S = 30,
	STRETCHES = 5,
	DUE_S = 60,
	TOPICS_AT = 4,
	SETTLE_S = 300,
	NICE = 19,
	TOPIC_DAYS = 28,
	AT_ONCE = 20,
	TEXT_MAX = 200 << 10
};

struct app_report {
	struct app_report_opts o;
	int64_t ticks, due_tick;
	struct acd_plan *plan;       /* the job's reference, or NULL */
	bool mails;                  /* this job looks for what is due */
	struct cal_zone *zone;
	int64_t topic_day;           /* the last that was looked at */
	struct app_job topics;
	atomic_bool stopped, busy, more, failing;
};

int app_report_open(struct app_report **ret, const struct app_report_opts *o, struct err *e)
{
	struct app_report *r = xalloc(sizeof(*r));
	r->o = *o;
	int rc = cal_zone_open(&r->zone, sv_of(o->zone && o->zone[0] ? o->zone : "UTC"), e);
	if (rc) {
		xfree(r);
		return rc;
	}
	*ret = r;
	return 0;
}

struct ins_rates app_report_rates(const jv *cfg)
{
	const jv *c = jv_get(cfg, "report");
	return (struct ins_rates){ jv_get_num(c, "agent_hour", 0),
				   jv_get_num(c, "voice_minute", 0) };
}

void app_report_door(const jv *cfg, struct api_opts *o)
{
	struct ins_rates r = app_report_rates(cfg);
	o->agent_hour = r.agent_hour;
	o->voice_minute = r.voice_minute;
#ifdef CALLM_XLSX
	o->sheet = app_sheet;
#endif
}

static const struct cal *any_hours(void *arg, sv name)
{
	return arg;
}

int app_report_plan(struct acd_plan **ret, sv company_file, struct store_db *db, struct err *e)
{
	struct app_company c;
	struct sb yaml;
	struct cal *always = cal_always();   /* hours do not matter to what is promised */
	struct acd_cals cals = { any_hours, always };
	sb_init(&yaml, LIM_CFG_BYTES);
	app_company_open(&c, company_file);
	int rc = app_company_file_or_own(&c, "queues.yaml", &yaml, e);
	if (rc == 0)
		rc = acd_plan_stored(ret, db, sb_sv(&yaml), "queues.yaml", &cals, e);
	sb_done(&yaml);
	obj_unref(always);
	return rc;
}

/* ---- reports that are due ---- */

/* Its name, then the table as CSV; what is wrong with it instead. */
static void letter(struct app_report *r, struct store_db *db, const struct ins_due *d, bool zh,
		   struct sb *out)
{
	const struct ins_ask_opts o = { .now_ms = clk_wall_ms(), .zone = r->o.zone,
					.rates = app_report_rates(r->o.cfg),
					.sl_ms = r->plan ? acd_promise : NULL, .arg = r->plan };
	struct ins_ask *a = NULL;
	struct ins_table *t = NULL;
	struct err e = { 0 };
	struct sb csv;
	jv *body = jv_parse(d->body, &e);
	sb_init(&csv, TEXT_MAX);
	int rc = ins_ask_new(&a, body, &o, &e);
	if (rc == 0)
		rc = ins_table_new(&t, db, a, &e);
	if (rc == 0)
		ins_table_csv(t, zh, &csv);
	sb_put(out, d->name);
	sb_cstr(out, "\n\n");
	if (rc == 0 && sb_err(&csv))
		sb_cstr(out, zh ? "报表太长，请在控制台查看。" :
				  "It is too long for a mail; see the console.");
	else if (rc)
		sb_cstr(out, e.msg);
	else
		sb_put(out, sv_slice(sb_sv(&csv), 3, csv.n)); /* without the byte order mark */
	ins_table_free(t);
	ins_ask_free(a);
	jv_free(body);
	sb_done(&csv);
}

struct posting {
	const struct app_report *r;
	const struct ins_due *d;
	sv text;
	bool zh;
	int rc;
};

static int post_write(void *arg, struct store_db *db)
{
	struct posting *p = arg;
	int64_t now = clk_wall_ms();
	bool goes;
	p->rc = ins_saved_sent(db, p->d, now, p->r->o.zone, &goes);
	if (p->rc || !goes)
		return p->rc;
	jv *o = jv_obj();
	jv_set_str(o, "to", p->d->mail);
	jv_set_str(o, "text", p->text);
	jv_set_str(o, "lang", p->zh ? SV("zh") : SV("en"));
	return p->rc = tool_post(db, "email", o, SV(""), now);
}

static int mail_one(struct app_report *r, struct store_db *db, struct arena *a)
{
	struct ins_due d;
	struct sb text;
	int rc = ins_saved_due(db, clk_wall_ms(), a, &d);
	if (rc != 1)
		return rc;
	jv *body = jv_parse(d.body, NULL);
	struct posting p = { .r = r, .d = &d, .zh = sv_eq(jv_get_str(body, "lang"), SV("zh")),
			     .rc = ERR_DB };
	jv_free(body);
	sb_init(&text, 2 * TEXT_MAX);
	letter(r, db, &d, p.zh, &text);
	p.text = sb_sv(&text);
	rc = store_write(r->o.store, post_write, &p, NULL, NULL);
	if (rc == 0)
		rc = store_flush(r->o.store);
	rc = rc ? rc : p.rc;
	LOG(INFO, "report.mailed", "report=" SV_FMT " rc=%d", SV_ARG(d.id), rc);
	sb_done(&text);
	return rc ? rc : 1;
}

static int mail_due(struct app_report *r)
{
	struct store_db *db;
	struct arena a;
	int rc = store_reader(r->o.store, &db);
	arena_init(&a, LIM_ARENA_TURN);
	for (int i = 0;
	     i < AT_ONCE && rc >= 0 && (i == 0 || rc == 1) && !atomic_load(&r->stopped); i++)
		rc = mail_one(r, db, &a);
	arena_done(&a);
	return rc < 0 ? rc : 0;
}

/* ---- topics, at night ---- */

struct embedder {
	struct app_report *r;
	struct app_vecs *v;
	bool none;
};

static const float *vec_of(void *arg, sv text, int *dim)
{
	struct embedder *x = arg;
	if (!x->v && !x->none)       /* only when there is something to find */
		x->none = app_vecs_open(&x->v, x->r->o.data ? x->r->o.data : "", NULL, NULL) != 0;
	return x->none ? NULL : app_vecs_question(x->v, text, dim);
}

static bool stop_of(void *arg)
{
	struct embedder *x = arg;
	return atomic_load(&x->r->stopped);
}

/* The day that has its topics: a day begins at TOPICS_AT. */
static int64_t topic_day(const struct app_report *r, int64_t ms)
{
	struct cal_time t;
	cal_local(r->zone, ms, &t);
	return cal_days(t.year, t.month, t.day) - (t.hour < TOPICS_AT);
}

static int64_t found_last(struct store_db *db)
{
	struct store_stmt *q;
	if (store_prep(db, &q, "SELECT updated_ms FROM kv WHERE k='insight.topics'"))
		return 0;
	int64_t ms = store_step(q) == 1 ? store_col_int(q, 0) : 0;
	store_reset(q);
	return ms;
}

static void topic_job(void *arg)
{
	struct app_report *r = arg;
	struct embedder x = { .r = r };
	struct store_db *db;
	int64_t now = clk_wall_ms();
	struct ins_driver_opts o = { .from_ms = now - TOPIC_DAYS * INS_DAY_MS, .to_ms = now,
				     .rates = app_report_rates(r->o.cfg), .vec = vec_of,
				     .stop = stop_of, .arg = &x };
	size_t n = 0;
	int rc = store_reader(r->o.store, &db);
	if (rc == 0 && topic_day(r, found_last(db)) != topic_day(r, now)) {
		rc = ins_drivers_run(r->o.store, &o, &n);
		app_vecs_close(x.v);
		LOG(INFO, "report.topics", "topics=%zu rc=%d", n, rc);
	}
}

/* Once a day, after the hour or as soon as the server is up for a while. */
static void topics_tick(struct app_report *r)
{
	int64_t day = topic_day(r, clk_wall_ms());
	if (app_job_runs(&r->topics) || r->ticks < SETTLE_S || day == r->topic_day)
		return;
	r->topic_day = day;
	if (app_job_start(&r->topics, "topics", NICE, topic_job, r))
		LOG(WARN, "report.failed", "no thread for the topics");
}

/* ---- the job ---- */

static void follow(void *arg)
{
	struct app_report *r = arg;
	struct ins_did did = { .more = true };
	struct ins_packed p = { 0 };
	int rc = 0;
	for (int i = 0; i < STRETCHES && rc == 0 && did.more && !atomic_load(&r->stopped); i++)
		rc = ins_fact_step(r->o.store, &did);
	if (rc == 0 && !did.more && !atomic_load(&r->stopped))
		rc = ins_pack(r->o.store, clk_wall_ms(), &p);
	if (rc == 0 && r->mails && !did.more)
		rc = mail_due(r);
	if (rc && !atomic_exchange(&r->failing, true))
		LOG(WARN, "report.failed", "facts do not follow: %s", err_text(rc));
	if (rc == 0)
		atomic_store(&r->failing, false);
	atomic_store(&r->more, rc == 0 && (did.more || p.more));
}

static void followed(void *arg)
{
	struct app_report *r = arg;
	obj_unref(r->plan);
	r->plan = NULL;
	atomic_store(&r->busy, false);
}

void app_report_tick(struct app_report *r)
{
	int every = atomic_load(&r->failing) ? LATER_S : EVERY_S;
	r->ticks++;
	if (!atomic_load(&r->stopped))
		topics_tick(r);
	if (atomic_load(&r->stopped) || (!atomic_load(&r->more) && r->ticks % every))
		return;
	if (atomic_exchange(&r->busy, true))
		return;
	r->mails = r->ticks >= r->due_tick;
	if (r->mails) {
		r->due_tick = r->ticks + DUE_S;
		r->plan = r->o.acd ? acd_plan_now(r->o.acd) : NULL;
	}
	if (pool_submit(r->o.pool, follow, r, NULL, followed))
		followed(r);
}

void app_report_stop(struct app_report *r)
{
	if (r)
		atomic_store(&r->stopped, true);
}

void app_report_close(struct app_report *r)
{
	if (r) {
		app_report_stop(r);
		app_job_end(&r->topics);
		obj_unref(r->zone);
	}
	xfree(r);
}
