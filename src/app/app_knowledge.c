/* app_knowledge.c: the knowledge base keeps itself current.
 *
 * ingest has a thread of its own for sources. A night's run and the hourly look at new texts each
 * are a thread that lives as long as its work, at low priority: it reads by itself and writes
 * through the scribe. One at a time; a stop waits for it (seconds at most). */
#include "app_knowledge.h"
#include "app_int.h"
#include "learn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HOUR_S = 3600, DAY_S = 86400, NICE = 10, FOLDERS = 32 };

struct app_knowledge {
	struct app_knowledge_opts o;
	struct ing *ing;
	char own[4200];              /* DATA/sources */
	const char *roots[FOLDERS + 2];
	struct cal_zone *zone;
	int days, at_min;            /* window; minute of the day, -1 = never */
	int64_t learned_day;         /* of the zone, so that it runs once a day */
	int64_t ticks;
	atomic_bool asked;           /* by somebody, for now */
	pthread_t thread;
	bool runs;                   /* thread is to be joined */
	atomic_bool over;            /* its work is done */
};

/* ---- what a thread does ---- */

static void low_priority(const char *name)
{
	(void)pthread_setname_np(pthread_self(), name);
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
}

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

/* Waits for the scribe: what was handed in is on disk, or its error. */
static int write_now(struct app_knowledge *k, store_write_fn *fn, struct saved *s)
{
	int rc = store_write(k->o.store, fn, s, NULL, NULL);
	return rc ? rc : store_flush(k->o.store);
}

static void *learn_thread(void *arg)
{
	struct app_knowledge *k = arg;
	struct err e = { 0 };
	struct store_db *db;
	struct saved s = { 0 };
	int64_t began = clk_mono_us();
	low_priority("learn");
	struct learn_opts o = { .days = k->days, .kb = snap_get(k->o.kb) };
	int rc = store_reader(k->o.store, &db);
	if (rc == 0)
		rc = learn_run(&s.run, db, &o, &e);
	if (rc == 0)
		rc = write_now(k, save_write, &s);
	if (rc)
		LOG(WARN, "learn.failed", "%s", e.msg[0] ? e.msg : err_text(rc));
	else
		LOG(INFO, "learn.done",
		    "questions=%zu gone_wrong=%zu gaps=%zu conflicts=%zu ms=%lld",
		    s.run->questions, s.run->gone_wrong, s.run->n_gap, s.run->n_conflict,
		    (long long)(clk_mono_us() - began) / 1000);
	learn_run_free(s.run);
	obj_unref(o.kb);
	atomic_store(&k->over, true);
	return NULL;
}

static int judge_write(void *arg, struct store_db *db)
{
	struct saved *s = arg;
	return learn_judge(db, s->effect, s->n, clk_wall_ms(), &s->back, &s->kept);
}

static void *judge_thread(void *arg)
{
	struct app_knowledge *k = arg;
	struct store_db *db;
	struct arena a;
	struct learn_effect *v = NULL;
	struct saved s = { 0 };
	low_priority("judge");
	arena_init(&a, LIM_ARENA_BIG);
	int rc = store_reader(k->o.store, &db);
	if (rc == 0)
		rc = learn_effects(db, clk_wall_ms(), &a, &v, &s.n);
	s.effect = v;
	if (rc == 0 && s.n)
		rc = write_now(k, judge_write, &s);
	if (rc)
		LOG(WARN, "learn.failed", "new texts are not judged: %s", err_text(rc));
	if (s.back || s.kept)
		LOG(INFO, "learn.judged", "taken_back=%zu kept=%zu", s.back, s.kept);
	arena_done(&a);
	atomic_store(&k->over, true);
	return NULL;
}

/* ---- when ---- */

static void start(struct app_knowledge *k, void *(*fn)(void *))
{
	atomic_store(&k->over, false);
	k->runs = pthread_create(&k->thread, NULL, fn, k) == 0;
	if (!k->runs)
		LOG(WARN, "learn.failed", "no thread for it");
}

/* Once a day, from that minute on. */
static bool night_has_come(struct app_knowledge *k)
{
	int64_t now = clk_wall_ms(), from, to;
	int64_t local = now / 1000 + cal_offset(k->zone, now, &from, &to), day = local / DAY_S;
	if (k->at_min < 0 || day == k->learned_day || local % DAY_S / 60 < k->at_min)
		return false;
	k->learned_day = day;
	return true;
}

void app_knowledge_tick(struct app_knowledge *k)
{
	bool hour = ++k->ticks % HOUR_S == 0;
	if (k->runs && atomic_load(&k->over)) {
		(void)pthread_join(k->thread, NULL);
		k->runs = false;
	}
	if (k->runs)
		return;
	if (atomic_exchange(&k->asked, false) || night_has_come(k))
		start(k, learn_thread);
	else if (hour)
		start(k, judge_thread);
}

int app_knowledge_learn(void *arg)
{
	struct app_knowledge *k = arg;
	return atomic_exchange(&k->asked, true) ? ERR_AGAIN : 0;
}

int app_knowledge_minute(sv s)
{
	int64_t h, m;
	sv hour;
	if (!s.n)
		return -1;
	if (!sv_cut(&s, ':', &hour) || sv_i64(hour, &h) || sv_i64(s, &m) || h < 0 || h > 23 ||
	    m < 0 || m > 59)
		return -2;
	return (int)(h * 60 + m);
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

int app_knowledge_open(struct app_knowledge **ret, const struct app_knowledge_opts *o,
		       struct err *e)
{
	struct app_knowledge *k = xalloc(sizeof(*k));
	const jv *cfg = jv_get(o->cfg, "knowledge");
	sv zone = jv_get_str(o->company, "timezone"), at = jv_get_str(cfg, "learn_at");
	*k = (struct app_knowledge){ .o = *o, .days = (int)jv_get_int(cfg, "learn_days", 30) };
	k->at_min = app_knowledge_minute(at);
	int rc = k->at_min == -2 ? err_set(e, ERR_INVAL,
					   "knowledge.learn_at: \"" SV_FMT
					   "\" is no time of day such as 03:00",
					   SV_ARG(at)) :
				   0;
	if (rc == 0)
		rc = cal_zone_open(&k->zone, zone.n ? zone : SV("UTC"), e);
	if (rc == 0)
		(void)night_has_come(k); /* what was missed today waits for the next night */
	take_roots(k, jv_get(cfg, "folders"));
	struct ing_opts io = { .store = o->store,
			       .roots = k->roots,
			       .allow_private = jv_get_bool(cfg, "private_addresses", false) };
	if (rc == 0)
		rc = ing_open(&k->ing, &io, e);
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
	if (k->runs)
		(void)pthread_join(k->thread, NULL);
	ing_close(k->ing);
	obj_unref(k->zone);
	xfree(k);
}
