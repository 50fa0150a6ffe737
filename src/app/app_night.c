/* app_night.c: the night school's clock: a thread of its own at the lowest priority, once a day
 * at night.at of the company's time, while the server serves. It reads by itself and writes
 * through the scribe. What it promotes is asked from the next turn on (feel_use). Main thread
 * but for that one. */
#include "app_night.h"
#include "app_daily.h"
#include "app_int.h"
#include "app_job.h"
#include "learn_model.h"

#include <stdatomic.h>

enum { NICE = 19 };
#define ROWS_BYTES (8u << 20)

extern const struct embed_file train_files[];
extern const size_t train_files_n;

struct app_night {
	struct app_night_opts o;
	struct app_daily daily;
	struct app_job job;
	atomic_bool stopped, asked;
	bool again;                  /* asked for during a night, which may promote meanwhile */
};

/* ---- what the program brings ---- */

/* Rows of one label; several in one row are not for a task that names one. */
static void put_rows(const char *const *name, struct sb *out)
{
	struct sb b;
	sb_init(&b, ROWS_BYTES);
	for (; *name; name++) {
		const struct embed_file *f = embed_find(train_files, train_files_n, sv_of(*name));
		sv line, rest;
		sb_reset(&b);
		if (!f || embed_text(f, &b))
			continue;
		rest = sb_sv(&b);
		while (sv_line(&rest, &line)) {
			ptrdiff_t tab = sv_find_ch(line, '\t');
			if (tab < 0 || line.p[0] == '#' ||
			    sv_find_ch(sv_slice(line, 0, (size_t)tab), ',') >= 0)
				continue;
			sb_put(out, line);
			sb_ch(out, '\n');
		}
	}
	sb_done(&b);
}

int app_school_open(struct app_school *s, struct err *e)
{
	static const char *const shipped[] = { "intent.en.tsv", "intent.zh.tsv", NULL };
	static const char *const held[] = { "held/intent.en.tsv", "held/intent.zh.tsv", NULL };
	*s = (struct app_school){ 0 };
	sb_init(&s->shipped, ROWS_BYTES);
	sb_init(&s->anchors, ROWS_BYTES);
	put_rows(shipped, &s->shipped);
	put_rows(held, &s->anchors);
	s->base = feel_task_base(e);
	return s->base ? 0 : e->code;
}

void app_school_done(struct app_school *s)
{
	sb_done(&s->shipped);
	sb_done(&s->anchors);
	s->base = feel_task_unref(s->base);
}

void app_school_fill(const struct app_school *s, struct learn_night_opts *o)
{
	o->shipped = sb_sv(&s->shipped);
	o->anchors = sb_sv(&s->anchors);
	o->base = s->base;
	o->own = feel_task_embedded("intent.bin");
	o->own_emotion = feel_task_embedded("emotion.bin");
}

void app_night_use(struct store_db *db, const char *data, struct feel_task *base)
{
	static const char *const names[] = { "intent", "emotion" };
	for (int i = 0; i < 2; i++) {
		struct feel_task *t = NULL;
		struct err e = { 0 };
		int rc = learn_model_load(db, data, sv_of(names[i]), base, &t, &e);
		if (rc)
			LOG(WARN, "night.model", "%s: the program's own is asked: %s", names[i],
			    e.msg[0] ? e.msg : err_text(rc));
		rc = feel_use(t, i == 1);
		if (rc)
			LOG(WARN, "night.model", "%s: %s", names[i], err_text(rc));
		feel_task_unref(t);
	}
}

/* ---- a night ---- */

static bool stopped(void *arg)
{
	const struct app_night *s = arg;
	return atomic_load(&s->stopped);
}

static void put_live(void *arg, sv name, struct feel_task *t)
{
	(void)feel_use(t, sv_eq(name, SV("emotion")));
	LOG(INFO, "night.live", SV_FMT " is asked anew", SV_ARG(name));
}

static void night_job(void *arg)
{
	struct app_night *s = arg;
	struct app_school school;
	struct err e = { 0 };
	jv *night = NULL;
	sv zone = jv_get_str(s->o.company, "timezone");
	struct learn_night_opts o = { .store = s->o.store, .data = s->o.data,
				      .zone = zone.n ? zone.p : NULL, .stopped = stopped,
				      .live = put_live, .arg = s };
	int rc = app_school_open(&school, &e);
	app_school_fill(&school, &o);
	if (rc == 0)
		rc = learn_night_run(&night, &o, &e);
	if (rc == ERR_CANCELED)
		LOG(INFO, "night.stopped", "the server stops");
	else if (rc)
		LOG(WARN, "night.failed", "%s", e.msg[0] ? e.msg : err_text(rc));
	else
		LOG(INFO, "night.done", "id=" SV_FMT " tried=%zu",
		    SV_ARG(jv_get_str(night, "id")), jv_len(jv_get(night, "items")));
	jv_free(night);
	app_school_done(&school);
}

/* ---- when ---- */

static void use_models(struct app_night *s)
{
	struct store_db *db;
	struct err e = { 0 };
	struct feel_task *base = feel_task_base(&e);
	int rc = base ? store_reader(s->o.store, &db) : e.code;
	if (rc == 0)
		app_night_use(db, s->o.data, base);
	else
		LOG(WARN, "night.model", "%s", err_text(rc));
	feel_task_unref(base);
}

void app_night_models(void *arg)
{
	struct app_night *s = arg;
	atomic_store(&s->asked, true);
}

void app_night_tick(struct app_night *s)
{
	bool runs = app_job_runs(&s->job);
	if (atomic_exchange(&s->asked, false) || (s->again && !runs)) {
		use_models(s);
		s->again = runs;
	}
	if (runs || atomic_load(&s->stopped) || !app_daily_due(&s->daily, clk_wall_ms()))
		return;
	if (app_job_start(&s->job, "night", NICE, night_job, s))
		LOG(WARN, "night.failed", "no thread for it");
}

int app_night_open(struct app_night **ret, const struct app_night_opts *o, struct err *e)
{
	struct app_night *s = xalloc(sizeof(*s));
	sv at = jv_get_str(jv_get(o->cfg, "night"), "at"),
	   zone = jv_get_str(o->company, "timezone");
	s->o = *o;
	int rc = app_daily_open(&s->daily, at, zone, "night.at", clk_wall_ms(), e);
	if (rc) {
		app_night_close(s);
		return rc;
	}
	use_models(s);
	*ret = s;
	return 0;
}

void app_night_stop(struct app_night *s)
{
	if (s)
		atomic_store(&s->stopped, true);
}

void app_night_close(struct app_night *s)
{
	if (!s)
		return;
	app_night_stop(s);
	app_job_end(&s->job);
	(void)feel_use(NULL, false);
	(void)feel_use(NULL, true);
	app_daily_done(&s->daily);
	xfree(s);
}
