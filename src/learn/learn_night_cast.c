/* learn_night_cast.c: forecasts by night: for each queue and each channel the models are tried
 * on the past, the best is recorded, tomorrow is foretold, and what the night before foretold
 * is held against what came. Facts are those of reports (ins_fact.h), up to the day before the
 * night. */
#include "learn_night_int.h"
#include "ins_backtest.h"

#include <math.h>
#include <stdio.h>

enum { SERIES_MOST = 40, BACK_DAYS = 180, LEAST_DAYS = 21, PERIOD_MIN = 30 };
#define BETTER 0.98                      /* of the error of the one in use, to take its place */

struct fc {
	struct night *n;
	char name[LEARN_MODEL_NAME];
	sv queue, channel;
	struct ins_series *s;
	struct ins_plan *plan;
	struct ins_backtest tried[INS_MODELS];
	enum ins_model best, used;   /* used: INS_MODELS = none yet */
	int64_t old;                 /* its version */
	jv *item;
};

/* When the night's own day begins. */
static int64_t midnight_ms(const struct night *n)
{
	struct cal_time t = { 0 };
	cal_date(n->today, &t);
	return cal_instant(n->zone, &t);
}

/* Whole days, then today without a number: a day on which nobody was there is told from one without
 * calls only once it is over. */
static int load(struct fc *f, struct err *e)
{
	struct ins_facts_opts o = { .metric = f->queue.n ? "entered" : "interactions",
				    .queue = f->queue, .channel = f->channel,
				    .zone = cal_zone_name(f->n->zone), .period_min = PERIOD_MIN,
				    .days = BACK_DAYS + 1, .now_ms = midnight_ms(f->n) };
	int seen;
	return ins_series_facts(&f->s, &seen, f->n->db, &o, e);
}

static size_t open_days(const struct ins_series *s)
{
	size_t n = 0;
	for (size_t d = 0; d < s->days; d++)
		n += ins_series_open(s, d);
	return n;
}

/* The model of the registry; INS_MODELS: none, or one this program does not have. */
static int in_use(struct fc *f)
{
	struct learn_model m = { 0 };
	struct arena *a = &f->n->a;
	int rc = learn_model_live(f->n->db, sv_of(f->name), &m, a);
	f->used = INS_MODELS;
	if (rc == 0 && ins_model_parse(m.kind, &f->used))
		f->used = INS_MODELS;
	f->old = m.version;
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static void put_date(jv *o, int64_t day)
{
	char text[24];
	struct cal_time t = { 0 };
	cal_date(day, &t);
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02d", t.year, t.month, t.day);
	jv_set_str(o, "date", sv_of(text));
}

static void put_wapes(struct fc *f)
{
	jv *list = jv_arr();
	for (int m = 0; m < INS_MODELS; m++) {
		if (!f->tried[m].origins || !isfinite(f->tried[m].wape))
			continue;
		jv *o = jv_obj();
		jv_set_str(o, "model", sv_of(ins_model_name((enum ins_model)m)));
		jv_set_num(o, "wape", f->tried[m].wape);
		jv_set_num(o, "naive", f->tried[INS_MODEL_WEEK].wape);
		jv_push(list, o);
	}
	jv_set(f->item, "wape", list);
}

/* The night's own day by the model that is in use from now on. */
static int foretell(struct fc *f, enum ins_model model, struct err *e)
{
	struct ins_cast *c = NULL;
	struct ins_cast_opts o = { .until = f->s->days - 1, .ahead = 1, .model = model };
	struct ins_point *p = xalloc(sizeof(*p) * (size_t)f->s->slots);
	double mean = 0, lo = 0, hi = 0;
	int rc = ins_cast_fit(&c, f->s, f->plan, &o, e);
	if (rc == 0 && ins_cast_day(c, 0, p))
		for (int k = 0; k < f->s->slots; k++) {
			if (isnan(p[k].mean))
				continue;
			mean += p[k].mean;
			lo += isnan(p[k].p10) ? p[k].mean : p[k].p10;
			hi += isnan(p[k].p90) ? p[k].mean : p[k].p90;
		}
	if (rc == 0) {
		jv *next = jv_obj();
		put_date(next, f->n->today);
		jv_set_num(next, "mean", mean);
		jv_set_num(next, "p10", lo);
		jv_set_num(next, "p90", hi);
		jv_set(f->item, "next", next);
	}
	ins_cast_free(c);
	xfree(p);
	return rc;
}

/* What came on a date; false: the series does not reach there. */
static bool came(const struct ins_series *s, sv date, double *ret)
{
	int64_t ms;
	if (clk_parse_rfc3339(date, &ms))
		return false;
	int64_t at = ms / CAL_DAY - s->first;
	if (at < 0 || at >= (int64_t)s->days || !ins_series_open(s, (size_t)at))
		return false;
	*ret = 0;
	for (int k = 0; k < s->slots; k++) {
		double v = ins_series_at(s, (size_t)at, k);
		*ret += isnan(v) ? 0 : v;
	}
	return true;
}

/* What the last night that came to its end foretold. */
static void look_back(struct fc *f)
{
	struct store_stmt *q;
	double actual;
	if (store_prep(f->n->db, &q, "SELECT result FROM learn_night WHERE state='done' ORDER BY "
				     "began_ms DESC LIMIT 1"))
		return;
	jv *night = store_step(q) == 1 ? jv_parse(store_col_sv(q, 0), NULL) : NULL;
	store_reset(q);
	const jv *items = jv_get(night, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *item = jv_at(items, i), *next = jv_get(item, "next");
		if (!next || !sv_eq(jv_get_str(item, "name"), sv_of(f->name)) ||
		    !came(f->s, jv_get_str(next, "date"), &actual))
			continue;
		jv *last = jv_copy(next);
		jv_set_num(last, "actual", actual);
		jv_set(f->item, "last", last);
		break;
	}
	jv_free(night);
}

static int enter(void *arg, struct store_db *db)
{
	struct learn_model *m = arg;
	int rc = learn_model_put(db, m);
	return rc ? rc : learn_model_promote(db, m->name, m->version, SV("night"), m->made_ms);
}

static int record(struct fc *f)
{
	struct sb scores;
	sb_init(&scores, LIM_SB);
	sb_fmt(&scores, "{\"wape\":%.5f,\"naive\":%.5f}", f->tried[f->best].wape,
	       f->tried[INS_MODEL_WEEK].wape);
	struct learn_model m = { .name = sv_of(f->name), .kind = sv_of(ins_model_name(f->best)),
				 .rows = (int64_t)open_days(f->s), .from_day = f->s->first,
				 .to_day = f->n->today - 1,
				 .scores = sb_sv(&scores), .night = sv_of(f->n->id),
				 .made_ms = night_now(f->n) };
	int rc = f->n->o->dry ? 0 : night_write(f->n, enter, &m);
	sb_done(&scores);
	return rc;
}

/* The best takes the place of the one in use when its error is clearly less. */
static int decide(struct fc *f, struct err *e)
{
	bool none = f->used == INS_MODELS;
	bool other = none || (f->best != f->used &&
			      f->tried[f->best].wape < BETTER * f->tried[f->used].wape);
	enum ins_model model = other ? f->best : f->used;
	jv_set_str(f->item, "old", none ? SV("") : sv_of(ins_model_name(f->used)));
	jv_set_str(f->item, "new", sv_of(ins_model_name(f->best)));
	jv_set_bool(f->item, "kept", !other);
	jv_set_str(f->item, "why", other ? SV("chosen") : SV("best_yet"));
	int rc = foretell(f, model, e);
	return rc == 0 && other ? record(f) : rc;
}

static int try_models(struct fc *f, struct err *e)
{
	struct ins_backtest_opts o = { .horizon = 1 };
	f->plan = ins_plan_new(f->s, 1);
	ins_plan_today(f->plan, f->s);
	int rc = ins_backtest_choose(f->s, f->plan, &o, f->tried, &f->best, e);
	if (rc == 0)
		rc = in_use(f);
	if (rc)
		return rc;
	put_wapes(f);
	look_back(f);
	return decide(f, e);
}

static int one_forecast(struct night *n, sv queue, sv channel, struct err *e)
{
	struct fc f = { .n = n, .queue = queue, .channel = channel, .item = jv_obj() };
	(void)snprintf(f.name, sizeof(f.name), "forecast/%s/" SV_FMT,
		       queue.n ? "queue" : "channel", SV_ARG(queue.n ? queue : channel));
	jv_set_str(f.item, "name", sv_of(f.name));
	jv_set_str(f.item, "task", SV("forecast"));
	int rc = load(&f, e);
	bool few = rc == ERR_NOTFOUND || (rc == 0 && open_days(f.s) < LEAST_DAYS);
	bool rare = rc == 0 && ins_series_rare(f.s); /* the least error is to say 0 */
	if (few || rare) {
		jv_set_bool(f.item, "kept", true);
		jv_set_str(f.item, "why", few ? SV("few_days") : SV("few_counts"));
		rc = 0;
	} else if (rc == 0) {
		rc = try_models(&f, e);
	}
	if (rc == 0) {
		rc = night_told(n, f.item);
	} else {
		jv_free(f.item);
		rc = night_failed(n, f.name, "forecast", rc, e);
	}
	ins_plan_free(f.plan);
	obj_unref(f.s);
	return rc;
}

static int each_of(struct night *n, const char *sql, bool queue, struct err *e)
{
	struct store_stmt *q;
	sv name[SERIES_MOST];
	size_t k = 0;
	int rc = store_prep(n->db, &q, sql);
	if (rc)
		return err_set(e, rc, "%s", store_error(n->db));
	store_bind_int(q, 1, n->now_ms / CAL_DAY - BACK_DAYS);
	store_bind_int(q, 2, SERIES_MOST);
	while (k < SERIES_MOST && (rc = store_step(q)) == 1)
		name[k++] = arena_sv(&n->a, store_col_sv(q, 0));
	store_reset(q);
	rc = rc < 0 ? rc : 0;
	for (size_t i = 0; i < k && rc == 0; i++) {
		*e = (struct err){ 0 };
		rc = night_stopped(n) ? ERR_CANCELED :
		     one_forecast(n, queue ? name[i] : SV_NULL, queue ? SV_NULL : name[i], e);
	}
	return rc;
}

int night_forecasts(struct night *n, struct err *e)
{
	int rc = each_of(n, "SELECT queue FROM ins_fact WHERE kind=1 AND queue<>'' AND day>=?1 "
			    "GROUP BY queue ORDER BY COUNT(*) DESC, queue LIMIT ?2", true, e);
	if (rc == 0)
		rc = each_of(n, "SELECT channel FROM ins_fact WHERE kind=0 AND channel<>'' AND "
				"day>=?1 GROUP BY channel ORDER BY COUNT(*) DESC, channel LIMIT ?2",
			     false, e);
	return rc;
}
