/* ins_report_ask.c: a question in JSON, checked, with its range of time worked out.
 *
 * Facts count by quarters of an hour, so a range begins and ends at one. Days, weeks and months are
 * those of the question's zone: where clocks change a day has 23 or 25 hours. */
#include "ins_report_int.h"

#include <stdio.h>

static const char *const steps[INS_STEPS] = { "",    "15min", "30min", "hour",
					      "day", "week",  "month" };
const char *const ins_time_dims[] = { "time", "hour", "weekday" };
enum { LIMIT_MAX = INS_GROUPS, VALUES_MAX = 200 };

static int dim_of(sv name)
{
	for (int i = 0; i < 3; i++)
		if (sv_eq(name, sv_of(ins_time_dims[i])))
			return INS_TIME_OF + i;
	return ins_dim_of(name);
}

/* ---- time ---- */

int64_t ins_step_start(const struct cal_zone *z, enum ins_step step, int64_t ms)
{
	struct cal_time t;
	int64_t unit = step == INS_QUARTER ? INS_QUARTER_MS :
		       step == INS_HALF ? 2 * INS_QUARTER_MS : 4 * INS_QUARTER_MS;
	cal_local(z, ms, &t);
	if (step <= INS_HOUR) {
		/* on the wall, with the offset that holds now: the hour that comes twice is two */
		int64_t wall = ms + t.offset_s * INT64_C(1000);
		return ms - ((wall % unit) + unit) % unit;
	}
	t.hour = t.minute = t.second = t.ms = 0;
	if (step == INS_MONTH)
		t.day = 1;
	if (step == INS_WEEK)
		cal_date(cal_days(t.year, t.month, t.day) - (t.weekday - 1), &t);
	return cal_instant(z, &t);
}

/* "2026-11-26" is midnight in the zone; else RFC 3339. Down to the quarter. */
static int moment(const struct cal_zone *z, sv text, int64_t *ret)
{
	int64_t ms;
	struct cal_time t = { 0 };
	if (clk_parse_rfc3339(text, &ms))
		return ERR_PARSE;
	if (text.n == 10) {
		cal_date(ms / INS_DAY_MS, &t);
		t.hour = t.minute = t.second = t.ms = 0;
		ms = cal_instant(z, &t);
	}
	if (ms < 0)
		return ERR_RANGE;
	*ret = ms - ms % INS_QUARTER_MS;
	return 0;
}

static int64_t day_off(const struct cal_zone *z, int64_t ms, int days)
{
	struct cal_time t;
	cal_local(z, ms, &t);
	cal_date(cal_days(t.year, t.month, t.day) + days, &t);
	t.hour = t.minute = t.second = t.ms = 0;
	return cal_instant(z, &t);
}

/* today, yesterday, 7d: so many whole days before today; week, month: the last whole one. */
static int last_of(struct ins_ask *a, sv last, int64_t now_ms)
{
	int64_t n = 0, today = day_off(a->zone, now_ms, 0);
	a->to_ms = today;
	if (sv_eq(last, SV("today"))) {
		a->from_ms = today;
		a->to_ms = day_off(a->zone, now_ms, 1);
	} else if (sv_eq(last, SV("yesterday"))) {
		a->from_ms = day_off(a->zone, now_ms, -1);
	} else if (sv_eq(last, SV("week")) || sv_eq(last, SV("month"))) {
		enum ins_step s = sv_eq(last, SV("week")) ? INS_WEEK : INS_MONTH;
		a->to_ms = ins_step_start(a->zone, s, now_ms);
		a->from_ms = ins_step_start(a->zone, s, a->to_ms - 1);
	} else if (sv_ends(last, SV("d")) && sv_i64(sv_slice(last, 0, last.n - 1), &n) == 0 &&
		   n >= 1 && n <= 800) {
		a->from_ms = day_off(a->zone, now_ms, -(int)n);
	} else {
		return ERR_INVAL;
	}
	return 0;
}

static int read_time(struct ins_ask *a, const jv *o, const struct ins_ask_opts *opts,
		     struct err *e)
{
	sv zone = jv_get_str(o, "zone"), last = jv_get_str(o, "last");
	sv from = jv_get_str(o, "from"), to = jv_get_str(o, "to");
	int rc = cal_zone_open(&a->zone, zone.n ? zone : opts->zone ? sv_of(opts->zone) : SV("UTC"),
			       e);
	if (rc)
		return err_set(e, ERR_INVAL, "zone is no time zone; write one like Asia/Shanghai.");
	if (from.n || to.n) {
		if (moment(a->zone, from, &a->from_ms) || moment(a->zone, to, &a->to_ms))
			return err_set(e, ERR_INVAL,
				       "from and to are dates (2026-11-26) or times (RFC 3339).");
	} else if (last_of(a, last.n ? last : SV("7d"), opts->now_ms)) {
		return err_set(
			e, ERR_INVAL,
			"last is today, yesterday, week, month or a number of days like 28d.");
	}
	if (a->to_ms <= a->from_ms)
		return err_set(e, ERR_INVAL, "to must be after from.");
	if (a->to_ms - a->from_ms > 1100 * INS_DAY_MS)
		return err_set(e, ERR_INVAL, "At most three years at once.");
	return 0;
}

/* ---- what is asked ---- */

static int read_step(struct ins_ask *a, sv name, struct err *e)
{
	for (int i = 1; i < INS_STEPS; i++)
		if (sv_eq(name, sv_of(steps[i])))
			a->step = (enum ins_step)i;
	if (name.n && !a->step)
		return err_set(e, ERR_INVAL,
			       "interval is 15min, 30min, hour, day, week or month.");
	return 0;
}

static int add_dim(struct ins_ask *a, sv name, struct err *e)
{
	int d = dim_of(name);
	if (d < 0)
		return err_set(
			e, ERR_INVAL,
			"rows and columns are of time, hour, weekday, queue, agent, channel, "
			"topic, language, campaign.");
	for (size_t i = 0; i < a->n_dims; i++)
		if (a->dim[i] == d)
			return err_set(e, ERR_INVAL, "A dimension is named twice.");
	if (a->n_dims == INS_ASK_DIMS)
		return err_set(e, ERR_INVAL, "At most %d dimensions.", INS_ASK_DIMS);
	if (d == INS_TIME_OF && !a->step)
		a->step = INS_DAY;
	a->dim[a->n_dims++] = d;
	return 0;
}

static int read_dims(struct ins_ask *a, const jv *o, struct err *e)
{
	const jv *rows = jv_get(o, "rows");
	sv column = jv_get_str(o, "columns");
	int rc = read_step(a, jv_get_str(o, "interval"), e);
	if (rc == 0 && rows && !jv_is_arr(rows))
		return err_set(e, ERR_INVAL, "rows is a list of dimensions.");
	for (size_t i = 0; i < jv_len(rows) && rc == 0; i++)
		rc = add_dim(a, jv_as_str(jv_at(rows, i)), e);
	if (rc == 0 && column.n) {
		rc = add_dim(a, column, e);
		a->columns = true;
	}
	return rc;
}

static int read_metrics(struct ins_ask *a, const jv *o, struct err *e)
{
	const jv *v = jv_get(o, "metrics");
	if (!jv_is_arr(v) || !jv_len(v) || jv_len(v) > INS_ASK_METRICS)
		return err_set(e, ERR_INVAL, "metrics is a list of 1 to %d names.",
			       INS_ASK_METRICS);
	for (size_t i = 0; i < jv_len(v); i++) {
		sv name = jv_as_str(jv_at(v, i));
		int k = 0;
		while (k < INS_METRICS && !sv_eq(name, sv_of(ins_formulas[k].name)))
			k++;
		if (k == INS_METRICS)
			return err_set(e, ERR_INVAL,
				       "\"" SV_FMT
				       "\" is no metric; GET /api/v1/reports/metrics lists "
				       "them.",
				       SV_ARG(sv_slice(name, 0, 60)));
		a->metric[a->n_metrics++] = k;
	}
	return 0;
}

static int read_filters(struct ins_ask *a, const jv *o, struct err *e)
{
	const jv *filters = jv_get(o, "filters");
	void *it = NULL;
	jv *val;
	sv key;
	while (filters && jv_next(filters, &it, &key, &val)) {
		int d = ins_dim_of(key);
		if (d < 0 || !jv_is_arr(val) || jv_len(val) > VALUES_MAX)
			return err_set(e, ERR_INVAL,
				       "filters names queue, agent, channel, topic, language or "
				       "campaign with a list of up to %d values each.", VALUES_MAX);
		if (!jv_len(val))
			continue;
		a->only[d] = map_new(VALUES_MAX);
		for (size_t i = 0; i < jv_len(val); i++)
			(void)map_put(a->only[d], jv_as_str(jv_at(val, i)), a);
	}
	return 0;
}

static int read_rest(struct ins_ask *a, const jv *o, struct err *e)
{
	int64_t sl = jv_get_int(o, "sl_s", 0), limit = jv_get_int(o, "limit", 5000);
	sv sort = jv_get_str(o, "sort");
	if (sl < 0 || sl > 86400)
		return err_set(e, ERR_INVAL, "sl_s is 1 to 86400 seconds.");
	if (limit < 1 || limit > LIMIT_MAX)
		return err_set(e, ERR_INVAL, "limit is 1 to %d rows.", LIMIT_MAX);
	a->sl_ms = sl * 1000;
	a->limit = (int)limit;
	a->sort = -1;
	for (size_t k = 0; k < a->n_metrics; k++)
		if (sv_eq(sort, sv_of(ins_formulas[a->metric[k]].name)))
			a->sort = (int)k;
	if (sort.n && a->sort < 0)
		return err_set(e, ERR_INVAL, "sort is one of the metrics that are asked for.");
	return 0;
}

int ins_ask_new(struct ins_ask **ret, const jv *body, const struct ins_ask_opts *o, struct err *e)
{
	struct ins_ask *a = xalloc(sizeof(*a));
	int rc = jv_is_obj(body) ? 0 : err_set(e, ERR_INVAL, "A report is a JSON object.");
	arena_init(&a->a, LIM_SB);
	a->queue_sl_ms = o->sl_ms;
	a->arg = o->arg;
	a->rates = o->rates;
	if (rc == 0)
		rc = read_time(a, body, o, e);
	if (rc == 0)
		rc = read_dims(a, body, e);
	if (rc == 0)
		rc = read_metrics(a, body, e);
	if (rc == 0)
		rc = read_filters(a, body, e);
	if (rc == 0)
		rc = read_rest(a, body, e);
	if (rc) {
		ins_ask_free(a);
		return rc;
	}
	*ret = a;
	return 0;
}

void ins_ask_free(struct ins_ask *a)
{
	if (!a)
		return;
	for (int d = 0; d < INS_DIMS; d++)
		map_free(a->only[d]);
	obj_unref(a->zone);
	arena_done(&a->a);
	xfree(a);
}

void ins_ask_range(const struct ins_ask *a, int64_t *from_ms, int64_t *to_ms)
{
	*from_ms = a->from_ms;
	*to_ms = a->to_ms;
}
