/* ins_forecast.c: the forecast of a queue from the facts, with what was and who is needed, as JSON.
 * A reader's thread. */
#include "ins_staffing.h"

#include <math.h>
#include <stdio.h>

#include "arena.h"
#include "clk.h"
#include "ins_aht.h"
#include "ins_backtest.h"
#include "ins_staff.h"
#include "obj.h"

enum { BACK_DAYS = 400, HISTORY_DAYS = 14 };

struct made {
	const struct ins_forecast_ask *q;
	struct ins_series *s;
	struct ins_cast *all;        /* of all queues; NULL: not asked for one queue */
	struct ins_series *all_s;
	struct ins_plan *plan;
	struct ins_cast *cast;
	struct cal_zone *zone;
	int seen;
	struct ins_pick pick;
	double aht_s;
	double aht[INS_SLOTS_MAX];   /* by slot */
};

static struct ins_facts_opts facts_of(const struct ins_forecast_ask *q, const char *metric)
{
	return (struct ins_facts_opts){ .metric = metric, .queue = q->queue,
					.channel = q->channel, .zone = q->zone,
					.period_min = q->period_min, .days = BACK_DAYS,
					.hours = q->hours,
					.now_ms = q->now_ms };
}

/* Days ahead on which the calendar knows no hour are closed, those with one open. */
static void hours(struct made *m)
{
	const struct cal *c = m->q->hours;
	for (size_t d = m->s->days - 1; c && d < m->plan->days; d++)
		m->plan->open[d] = ins_day_open(c, m->zone, m->s->first + (int64_t)d);
}

static void handling(struct made *m, struct store_db *db, const struct ins_facts_opts *o)
{
	m->aht_s = m->q->aht_s > 0 ? m->q->aht_s : ins_aht_slots(db, o, m->aht);
	for (int t = 0; t < INS_SLOTS_MAX && m->q->aht_s > 0; t++)
		m->aht[t] = m->q->aht_s;
}

/* All queues together, for a queue of which little is known. Failing is no matter. */
static void lean(struct made *m, struct store_db *db)
{
	struct ins_facts_opts o = facts_of(m->q, m->q->metric);
	int seen;
	o.queue = o.channel = SV("");
	if ((!m->q->queue.n && !m->q->channel.n) || !ins_cast_thin(m->s, m->s->days - 1) ||
	    ins_series_facts(&m->all_s, &seen, db, &o, NULL) || m->all_s->days != m->s->days)
		return;
	const struct ins_cast_opts io = { .until = m->s->days - 1, .ahead = (size_t)m->q->days };
	if (ins_cast_fit(&m->all, m->all_s, m->plan, &io, NULL))
		m->all = NULL;
}

static int fit(struct made *m, struct store_db *db, struct err *e)
{
	struct ins_facts_opts o = facts_of(m->q, m->q->metric);
	int rc = ins_series_facts(&m->s, &m->seen, db, &o, e);
	if (rc)
		return rc;
	rc = cal_zone_open(&m->zone, sv_of(m->q->zone), e);
	if (rc)
		return rc;
	m->plan = ins_plan_new(m->s, INS_AHEAD_MAX);
	ins_plan_today(m->plan, m->s);
	hours(m);
	ins_backtest_pick(m->s, m->plan, m->s->days - 1, 1, &m->pick); /* without today */
	lean(m, db);
	const struct ins_cast_opts io = { .until = m->s->days - 1, .ahead = (size_t)m->q->days,
					  .model = m->pick.model, .like = m->all };
	handling(m, db, &o);
	return ins_cast_fit(&m->cast, m->s, m->plan, &io, e) ? ERR_NOTFOUND : 0;
}

/* ---- JSON ---- */

static void stamp(const struct made *m, size_t day, int slot, char out[32])
{
	struct cal_time t = { 0 };
	int min = slot * m->s->period_min;
	cal_date(m->s->first + (int64_t)day, &t);
	t.hour = min / 60;
	t.minute = min % 60;
	clk_rfc3339(cal_instant(m->zone, &t), out);
}

static void need(const struct made *m, double calls, int slot, struct sb *out)
{
	const struct ins_forecast_ask *q = m->q;
	const struct ins_load l = { .calls = calls, .interval_s = q->period_min * 60.0,
				    .aht_s = m->aht[slot], .patience_s = q->patience_s,
				    .within_s = q->within_s, .goal = q->goal,
				    .occupancy_max = q->occupancy_max, .shrinkage = q->shrinkage,
				    .concurrency = q->concurrency };
	struct ins_staffing s;
	if (ins_staff_need(&l, &s, NULL) == 0)
		sb_fmt(out, ",\"aht_s\":%.1f,\"agents\":%d,\"scheduled\":%d", l.aht_s,
		       s.agents, s.scheduled);
}

static void put_day(const struct made *m, size_t ahead, bool *first, struct sb *out)
{
	struct ins_point p[INS_SLOTS_MAX];
	size_t day = m->s->days - 1 + ahead;
	const double *today = m->s->v + (m->s->days - 1) * (size_t)m->s->slots;
	bool open = ins_cast_day(m->cast, ahead, p);
	if (open && !ahead && m->seen > 0)
		ins_cast_now(m->cast, today, m->seen, p);
	for (int t = 0; open && t < m->s->slots; t++) {
		char ts[32];
		if (isnan(p[t].mean))
			continue;
		stamp(m, day, t, ts);
		sb_fmt(out, "%s{\"ts\":\"%s\",\"mean\":%.2f,\"p025\":%.2f,\"p10\":%.2f,"
			    "\"p90\":%.2f,\"p975\":%.2f", *first ? "" : ",", ts, p[t].mean,
		       p[t].p025, p[t].p10, p[t].p90, p[t].p975);
		need(m, p[t].mean, t, out);
		if (!ahead && t < m->seen && !isnan(today[t]))
			sb_fmt(out, ",\"actual\":%g", today[t]);
		sb_ch(out, '}');
		*first = false;
	}
}

static void put_history(const struct made *m, struct sb *out)
{
	size_t from = m->s->days > HISTORY_DAYS + 1 ? m->s->days - 1 - HISTORY_DAYS : 0;
	bool first = true;
	for (size_t d = from; d + 1 < m->s->days; d++)
		for (int t = m->s->lo; t < m->s->hi; t++) {
			char ts[32];
			if (isnan(ins_series_at(m->s, d, t)))
				continue;
			stamp(m, d, t, ts);
			sb_fmt(out, "%s{\"ts\":\"%s\",\"value\":%g}", first ? "" : ",", ts,
			       ins_series_at(m->s, d, t));
			first = false;
		}
}

static void put_share(struct sb *out, const char *key, double v)
{
	if (isnan(v))
		sb_fmt(out, ",\"%s\":null", key);
	else
		sb_fmt(out, ",\"%s\":%.4f", key, v);
}

static void put_all(const struct made *m, struct sb *out)
{
	bool first = true;
	sb_cstr(out, "{\"zone\":");
	sb_json(out, sv_of(m->q->zone));
	sb_fmt(out, ",\"period_min\":%d,\"model\":\"%s\",\"pooled\":%s", m->s->period_min,
	       ins_model_name(m->pick.model), ins_cast_sparse(m->cast) ? "true" : "false");
	put_share(out, "wape", m->pick.wape);
	put_share(out, "baseline_wape", m->pick.week);
	sb_fmt(out, ",\"aht_s\":%.1f,\"goal\":%g,\"within_s\":%g,\"history\":[", m->aht_s,
	       m->q->goal, m->q->within_s);
	put_history(m, out);
	sb_cstr(out, "],\"items\":[");
	for (size_t d = 0; d < (size_t)m->q->days; d++)
		put_day(m, d, &first, out);
	sb_cstr(out, "]}");
}

int ins_forecast_json(struct store_db *db, const struct ins_forecast_ask *q, struct sb *out,
		      struct err *e)
{
	struct made m = { .q = q };
	if (q->days < 1 || q->days > 28)
		return err_set(e, ERR_INVAL, "days is 1 to 28");
	int rc = fit(&m, db, e);
	if (rc == 0)
		put_all(&m, out);
	ins_cast_free(m.cast);
	ins_cast_free(m.all);
	ins_plan_free(m.plan);
	obj_unref(m.all_s);
	obj_unref(m.s);
	obj_unref(m.zone);
	return rc ? rc : sb_err(out);
}
