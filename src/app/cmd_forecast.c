/* cmd_forecast.c: `callm forecast`: counts of a CSV file, or of the river, some days ahead with
 * intervals; with --backtest how good that would have been, beside the challengers. Main thread. */
#include "app_int.h"
#include "ins_backtest.h"

#include <math.h>
#include <stdio.h>

#define CSV_BYTES (512u << 20)

struct forecast {
	const char *horizon, *period, *calendar, *zone, *column, *model, *data, *queue, *channel;
	const char *until;
	int64_t from, step, seen_slots;
	bool json, backtest, mean, skip;
	/* from those: */
	size_t days;                 /* ahead, of open days */
	int period_min;
	struct cal_zone *tz;
	struct ins_series *series;
	int seen;                    /* slots of the last day that are known; -1: all, of a file */
};

static int spans(struct forecast *f)
{
	int64_t ms = 0;
	struct err e = { 0 };
	if (cal_span(NULL, sv_of(f->horizon), &ms) || ms < CAL_DAY || ms > 40 * CAL_DAY)
		return cli_fail("--horizon is 1d to 40d, not \"%s\"", f->horizon), 2;
	f->days = (size_t)(ms / CAL_DAY);
	ms = 0;
	if (f->period && (cal_span(NULL, sv_of(f->period), &ms) || ms < CAL_MINUTE ||
			  ms > CAL_DAY))
		return cli_fail("--period is a time like 30m, not \"%s\"", f->period), 2;
	f->period_min = (int)(ms / CAL_MINUTE);
	if (f->zone && cal_zone_open(&f->tz, sv_of(f->zone), &e))
		return cli_fail("%s", e.msg), 2;
	return 0;
}

/* ---- where the numbers are ---- */

static void tell(const char *kind, size_t n, int line, const char *what)
{
	if (n < INS_CSV_NAMED)
		(void)fprintf(stderr, "%s, line %d: %s\n", kind, line, what);
}

static int read_file(struct forecast *f, const char *path)
{
	const struct ins_csv_opts o = { .period_min = f->period_min, .zone = f->tz,
					.column = f->column, .mean = f->mean, .skip = f->skip };
	struct ins_csv_report rep = { 0 };
	struct err e = { 0 };
	struct sb b;
	sb_init(&b, CSV_BYTES);
	int rc = file_read(path, CSV_BYTES, &b, &e);
	if (rc) {
		sb_done(&b);
		return cli_fail("%s", e.msg);
	}
	rc = ins_series_read(&f->series, sb_sv(&b), &o, &rep, &e);
	sb_done(&b);
	for (size_t i = 0; i < rep.faults && i < INS_CSV_NAMED; i++)
		tell("fault", i, rep.fault[i].line, rep.fault[i].what);
	if (rep.faults > INS_CSV_NAMED)
		(void)fprintf(stderr, "... and %zu faults more\n", rep.faults - INS_CSV_NAMED);
	if (rc)
		return cli_fail("%s: %s%s", path, e.msg,
				rep.faults ? "; mend them, or leave them out with --skip" : "");
	for (size_t i = 0; i < rep.notes && i < 3; i++)
		tell("note", i, rep.note[i].line, rep.note[i].what);
	if (rep.notes > 3)
		(void)fprintf(stderr, "... and %zu notes more\n", rep.notes - 3);
	f->seen = -1;
	return 0;
}

static int read_river(struct forecast *f)
{
	struct err e = { 0 };
	struct app_desk d;
	struct store_db *db;
	int rc = app_desk_open(&d, f->data, true, false, &e);
	if (rc)
		return cli_fail("%s", e.msg);
	const char *zone = f->zone ? f->zone : jv_get_str(d.company, "timezone").p;
	const struct ins_facts_opts o = {
		.metric = f->column ? f->column : "entered", .queue = sv_of(f->queue),
		.channel = sv_of(f->channel), .zone = zone ? zone : "UTC", .days = 400,
		.period_min = f->period_min ? f->period_min : 30, .now_ms = clk_wall_ms()
	};
	rc = store_reader(d.store, &db);
	if (rc == 0)
		rc = ins_series_facts(&f->series, &f->seen, db, &o, &e);
	if (rc == 0 && !f->tz)
		rc = cal_zone_open(&f->tz, sv_of(o.zone), &e);
	app_desk_close(&d);
	return rc ? cli_fail("%s", e.msg[0] ? e.msg : err_text(rc)) : 0;
}

static int plan_of(const struct forecast *f, struct ins_plan *p)
{
	struct err e = { 0 };
	struct sb b;
	if (!f->calendar)
		return 0;
	sb_init(&b, LIM_CFG_BYTES);
	int rc = file_read(f->calendar, LIM_CFG_BYTES, &b, &e);
	if (rc == 0)
		rc = ins_plan_read(p, f->series, sb_sv(&b), &e);
	sb_done(&b);
	return rc ? cli_fail("%s", e.msg) : 0;
}

/* ---- the backtest ---- */

static void row(const struct forecast *f, const struct ins_backtest *t, size_t horizon, bool best)
{
	const struct ins_tally *a = &t->all;
	if (!f->json) {
		printf("%c %-9s %6.2f %% %6.3f %8.2f %7.2f %% %6.1f %6.1f %9.1f %7.2f\n",
		       best ? '*' : ' ', ins_model_name(t->model), 100 * t->wape, t->mase,
		       ins_tally_rmse(a), 100 * a->bias / a->actual, 100 * a->in80 / a->banded,
		       100 * a->in95 / a->banded, a->winkler95 / a->banded, t->ms);
		return;
	}
	jv *o = jv_obj();
	jv_set_str(o, "model", sv_of(ins_model_name(t->model)));
	jv_set_bool(o, "chosen", best);
	jv_set_int(o, "period_min", f->series->period_min);
	jv_set_int(o, "horizon_days", (int64_t)horizon);
	jv_set_int(o, "origins", (int64_t)t->origins);
	jv_set_num(o, "wape", t->wape);
	jv_set_num(o, "mase", t->mase);
	jv_set_num(o, "rmse", ins_tally_rmse(a));
	jv_set_num(o, "bias", a->bias / a->actual);
	jv_set_num(o, "coverage80", a->in80 / a->banded);
	jv_set_num(o, "coverage95", a->in95 / a->banded);
	jv_set_num(o, "winkler95", a->winkler95 / a->banded);
	jv_set_num(o, "fit_ms", t->ms);
	cli_print_json(o);
}

static int table(const struct forecast *f, const struct ins_plan *p, size_t horizon, size_t step)
{
	const struct ins_backtest_opts o = { .from = (size_t)f->from, .step = step,
					     .horizon = horizon };
	struct ins_backtest t[INS_MODELS];
	enum ins_model best;
	struct err e = { 0 };
	if (ins_backtest_choose(f->series, p, &o, t, &best, &e))
		return cli_fail("%s", e.msg);
	if (!f->json)
		printf("%zu days ahead, %zu origins, slots of %d min\n"
		       "  model       WAPE    MASE     RMSE      bias  in 80  in 95  Winkler95 "
		       " ms\n",
		       horizon, t[0].origins, f->series->period_min);
	for (int m = 0; m < INS_MODELS; m++)
		row(f, &t[m], horizon, m == (int)best);
	return 0;
}

static int morning(const struct forecast *f, const struct ins_plan *p)
{
	const struct ins_backtest_opts o = { .from = (size_t)f->from, .step = (size_t)f->step };
	struct ins_morning m;
	struct err e = { 0 };
	if (ins_backtest_morning(f->series, p, &o, (int)f->seen_slots, &m, &e))
		return cli_fail("%s", e.msg);
	if (!f->json) {
		printf("rest of the day after %lld slots, %zu days: %.2f %% off by the evening "
		       "before, "
		       "%.2f %% by the morning (in 80: %.1f, in 95: %.1f)\n",
		       (long long)f->seen_slots, m.origins, 100 * ins_tally_wape(&m.before),
		       100 * ins_tally_wape(&m.after), 100 * m.after.in80 / m.after.banded,
		       100 * m.after.in95 / m.after.banded);
		return 0;
	}
	jv *j = jv_obj();
	jv_set_int(j, "seen", f->seen_slots);
	jv_set_int(j, "origins", (int64_t)m.origins);
	jv_set_num(j, "wape_before", ins_tally_wape(&m.before));
	jv_set_num(j, "wape_after", ins_tally_wape(&m.after));
	jv_set_num(j, "coverage80", m.after.in80 / m.after.banded);
	jv_set_num(j, "coverage95", m.after.in95 / m.after.banded);
	cli_print_json(j);
	return 0;
}

static int backtest(const struct forecast *f, const struct ins_plan *p)
{
	if (f->seen_slots)
		return morning(f, p);
	int rc = table(f, p, f->days, (size_t)f->step);
	if (rc == 0 && f->days > 1 && !f->step)
		rc = table(f, p, 1, 1);
	return rc;
}

/* ---- the forecast ---- */

static int choose(const struct forecast *f, const struct ins_plan *p, size_t until,
		  enum ins_model *ret)
{
	struct ins_pick pick;
	if (f->model && strcmp(f->model, "auto") != 0) {
		if (ins_model_parse(sv_of(f->model), ret))
			return cli_fail("--model is auto, calendar, week, weeks4, mean, winters or "
					"svd, not \"%s\"", f->model), 2;
		return 0;
	}
	ins_backtest_pick(f->series, p, until, f->days, &pick);
	*ret = pick.model;
	if (pick.origins)
		(void)fprintf(stderr,
			      "model %s: %.2f %% off on %zu later origins than it was chosen on "
			      "(last week again: %.2f %%)\n",
			      ins_model_name(*ret), 100 * pick.wape, pick.origins,
			      100 * pick.week);
	return 0;
}

static void stamp(const struct forecast *f, int64_t date, int slot, char out[40])
{
	struct cal_time t = { 0 };
	int min = slot * f->series->period_min;
	cal_date(date, &t);
	t.hour = min / 60;
	t.minute = min % 60;
	if (f->tz)
		clk_rfc3339(cal_instant(f->tz, &t), out);
	else
		snprintf(out, 40, "%04d-%02d-%02dT%02d:%02d:00", t.year, t.month, t.day, t.hour,
			 t.minute);
}

static void print_day(const struct forecast *f, int64_t date, const struct ins_point *p)
{
	for (int t = 0; t < f->series->slots; t++) {
		char ts[40];
		if (isnan(p[t].mean))
			continue;
		stamp(f, date, t, ts);
		if (f->json)
			printf("{\"ts\":\"%s\",\"mean\":%.3f,\"p10\":%.3f,\"p90\":%.3f,"
			       "\"p025\":%.3f,\"p975\":%.3f}\n",
			       ts, p[t].mean, p[t].p10, p[t].p90, p[t].p025, p[t].p975);
		else
			printf("%-24s %10.1f   80 %% %9.1f .. %-9.1f 95 %% %9.1f .. %-9.1f\n", ts,
			       p[t].mean, p[t].p10, p[t].p90, p[t].p025, p[t].p975);
	}
}

/* Calendar days that hold so many open ones, or all that the plan has. */
static size_t reach(const struct ins_plan *p, size_t until, size_t open)
{
	size_t d = 0;
	while (open && until + d < p->days)
		open -= p->open[until + d++];
	return d;
}

/* Days that are learned from; 0: --until is no good. */
static size_t until_of(const struct forecast *f)
{
	int64_t ms, days;
	if (!f->until)
		return f->seen < 0 ? f->series->days : f->series->days - 1;
	if (clk_parse_rfc3339(sv_of(f->until), &ms))
		return 0;
	days = ms / CAL_DAY - f->series->first;
	return days > 0 && days <= (int64_t)f->series->days ? (size_t)days : 0;
}

static int forecast(const struct forecast *f, const struct ins_plan *p)
{
	struct ins_cast *c = NULL;
	struct err e = { 0 };
	const struct ins_series *s = f->series;
	struct ins_cast_opts o = { .until = until_of(f) };
	if (!o.until)
		return cli_fail("--until is a date within the data, not \"%s\"", f->until), 2;
	int rc = choose(f, p, o.until, &o.model);
	if (rc)
		return rc;
	o.ahead = reach(p, o.until, f->days);
	if (!o.ahead || ins_cast_fit(&c, s, p, &o, &e))
		return cli_fail("%s", o.ahead ? e.msg : "no day ahead is open");
	for (size_t d = 0; d < o.ahead; d++) {
		struct ins_point q[INS_SLOTS_MAX];
		bool open = ins_cast_day(c, d, q);
		if (open && d == 0 && f->seen > 0 && !f->until)
			ins_cast_now(c, s->v + o.until * (size_t)s->slots, f->seen, q);
		if (open)
			print_day(f, s->first + (int64_t)(o.until + d), q);
	}
	ins_cast_free(c);
	return 0;
}

static int run(struct forecast *f, const char *path)
{
	int rc = spans(f);
	if (rc == 0)
		rc = path ? read_file(f, path) : read_river(f);
	if (rc == 0) {
		struct ins_plan *p = ins_plan_new(f->series, INS_AHEAD_MAX);
		if (f->seen >= 0)
			ins_plan_today(p, f->series);
		rc = plan_of(f, p);
		if (rc == 0)
			rc = f->backtest ? backtest(f, p) : forecast(f, p);
		ins_plan_free(p);
	}
	obj_unref(f->series);
	obj_unref(f->tz);
	return rc;
}

int cmd_forecast(int argc, char **argv)
{
	struct forecast f = { .horizon = "5d" };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &f.json, "a line {ts, mean, p10, p90, p025, p975} a slot" },
		{ "horizon", CLI_STR, &f.horizon, "working days ahead (5d)" },
		{ "period", CLI_STR, &f.period, "length of a slot (the file's; 30m)" },
		{ "calendar", CLI_STR, &f.calendar, "lines date,closed | date,open | date,EVENT" },
		{ "zone", CLI_STR, &f.zone, "time zone of the wall clock, as Asia/Shanghai" },
		{ "column", CLI_STR, &f.column, "of the file (the second); a metric of the river" },
		{ "mean", CLI_FLAG, &f.mean, "a slot is the mean of its parts, as of times" },
		{ "skip", CLI_FLAG, &f.skip, "leave faulty lines out (they are named)" },
		{ "model", CLI_STR, &f.model, "auto, calendar, week, weeks4, mean, winters, svd" },
		{ "backtest", CLI_FLAG, &f.backtest, "how good it and the challengers were" },
		{ "until", CLI_STR, &f.until, "as of this date: later lines are not looked at" },
		{ "from", CLI_INT, &f.from, "backtest: first origin, in days with data" },
		{ "step", CLI_INT, &f.step, "backtest: days between origins (the horizon)" },
		{ "seen", CLI_INT, &f.seen_slots,
		  "backtest: the rest of a day of which so many slots are known" },
		{ "data", CLI_STR, &f.data, "data folder, when there is no FILE" },
		{ "queue", CLI_STR, &f.queue, "of the river: this queue (all)" },
		{ "channel", CLI_STR, &f.channel, "of the river: this channel (all)" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest + 1 < argc || f.from < 0 || f.step < 0 || f.seen_slots < 0 ||
	    f.seen_slots > INS_SLOTS_MAX)
		return cli_fail("one FILE.csv, or none for the river; see callm forecast "
				"--help"),
		       2;
	return run(&f, rest < argc ? argv[rest] : NULL);
}
