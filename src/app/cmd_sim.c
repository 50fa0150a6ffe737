/* cmd_sim.c: `callm simulate`: days of a simulated call centre. One line a type
 * and a group: means over days with their 95 % intervals. With a second file the same days by it,
 * compared pairwise. Main thread. */
#include "app_int.h"
#include "ins_sim.h"

#include <math.h>
#include <stdio.h>

#define SIM_BYTES (1u << 20)
#define DAYS_MAX 1000000

enum figure { F_ARRIVED, F_SERVED, F_TARGET, F_ABANDONED, F_BLOCKED, F_CONTAINED, F_RETRIED,
	      F_WAIT, FIGURES };
static const char *const figure_name[FIGURES] = { "arrived", "served", "in_target", "abandoned",
						  "blocked", "contained", "retried", "wait_s" };

struct tally {
	struct sim_model m;
	struct sim_mean type[SIM_TYPES + 1][FIGURES];    /* the last: all types */
	struct sim_count sum[SIM_TYPES + 1];
	double busy[SIM_GROUPS], there[SIM_GROUPS], busy_all[SIM_GROUPS], there_all[SIM_GROUPS];
	int64_t events, cpu_ns;
};

static void figures(const struct sim_count *c, double v[FIGURES])
{
	v[F_ARRIVED] = (double)c->arrived;
	v[F_SERVED] = (double)c->served;
	v[F_TARGET] = (double)c->in_target;
	v[F_ABANDONED] = (double)c->abandoned;
	v[F_BLOCKED] = (double)c->blocked;
	v[F_CONTAINED] = (double)c->contained;
	v[F_RETRIED] = (double)c->retried;
	v[F_WAIT] = c->served ? c->wait_s / (double)c->served : 0;
}

static void take(struct tally *t, int row, const struct sim_count *c)
{
	double v[FIGURES];
	figures(c, v);
	for (int f = 0; f < FIGURES; f++)
		sim_mean_add(&t->type[row][f], v[f]);
	sim_add(&t->sum[row], c);
}

/* The day's "all": the types that come in; what is dialled is not added to it. */
static struct sim_count all_of(const struct sim_model *m, const struct sim_day *d)
{
	struct sim_count all = { 0 };
	for (int k = 0; k < m->types; k++)
		if (!m->type[k].outbound)
			sim_add(&all, &d->type[k]);
	return all;
}

static void take_day(struct tally *t, const struct sim_day *d)
{
	struct sim_count all = all_of(&t->m, d);
	for (int k = 0; k < t->m.types; k++)
		take(t, k, &d->type[k]);
	take(t, t->m.types, &all);
	for (int g = 0; g < t->m.groups; g++) {
		t->busy[g] += d->busy_s[g];
		t->there[g] += d->there_s[g];
		t->busy_all[g] += d->busy_all_s[g];
		t->there_all[g] += d->there_all_s[g];
	}
	t->events += d->events;
}

static void put(jv *o, const char *name, const struct sim_mean *m)
{
	jv *x = jv_obj();
	double half = sim_mean_half(m);
	jv_set_num(x, "mean", sim_mean_of(m));
	if (isfinite(half)) {
		jv_set_num(x, "lo", sim_mean_of(m) - half);
		jv_set_num(x, "hi", sim_mean_of(m) + half);
	}
	jv_set(o, name, x);
}

static void print_type(const struct tally *t, int row, bool json)
{
	const char *name = row < t->m.types ? t->m.type[row].name : "all";
	double sl = sim_service_level(&t->sum[row]);
	const struct sim_mean *v = t->type[row];
	if (json) {
		jv *o = jv_obj();
		jv_set_str(o, "type", sv_of(name));
		for (int f = 0; f < FIGURES; f++)
			put(o, figure_name[f], &v[f]);
		jv_set_num(o, "service_level", sl);
		cli_print_json(o);
		return;
	}
	printf("%-20s arrived %9.1f  served %9.1f +- %.1f  in target %9.1f  abandoned %8.1f +- "
	       "%.1f  wait %6.1f s  service level %.4f\n",
	       name, sim_mean_of(&v[F_ARRIVED]), sim_mean_of(&v[F_SERVED]),
	       sim_mean_half(&v[F_SERVED]), sim_mean_of(&v[F_TARGET]),
	       sim_mean_of(&v[F_ABANDONED]), sim_mean_half(&v[F_ABANDONED]),
	       sim_mean_of(&v[F_WAIT]), sl);
}

static void print(const struct tally *t, bool json)
{
	for (int k = 0; k <= t->m.types; k++)
		if (k < t->m.types || t->m.types > 1)
			print_type(t, k, json);
	for (int g = 0; g < t->m.groups; g++) {
		double ratio = t->there[g] > 0 ? t->busy[g] / t->there[g] : 0;
		double all = t->there_all[g] > 0 ? t->busy_all[g] / t->there_all[g] : 0;
		if (!json) {
			printf("%-20s occupancy %.4f, until its last call is over %.4f\n",
			       t->m.group[g].name, ratio, all);
			continue;
		}
		jv *o = jv_obj();
		jv_set_str(o, "group", sv_of(t->m.group[g].name));
		jv_set_num(o, "occupancy", ratio);
		jv_set_num(o, "occupancy_to_last", all);
		cli_print_json(o);
	}
	double rate = t->cpu_ns ? (double)t->events * 1e3 / (double)t->cpu_ns : 0;
	if (!json) {
		printf("%lld events, %.1f million a second\n", (long long)t->events, rate);
		return;
	}
	jv *o = jv_obj();
	jv_set_int(o, "events", t->events);
	jv_set_num(o, "million_events_per_s", rate);
	cli_print_json(o);
}

static int load(const char *file, struct sim_model *m)
{
	struct sb text;
	struct err e = { 0 };
	struct cfg_report rep = { 0 };
	sb_init(&text, SIM_BYTES);
	int rc = file_read(file, SIM_BYTES, &text, &e);
	if (rc)
		(void)cli_fail("%s", e.msg);
	else
		rc = sim_model_yaml(m, sb_sv(&text), file, &rep);
	for (size_t i = 0; i < rep.n; i++)
		(void)fprintf(stderr, "%s: %s\n    %s\n", rep.v[i].where, rep.v[i].what,
			      rep.v[i].mend);
	cfg_report_done(&rep);
	sb_done(&text);
	return rc;
}

static void compare(const struct sim_mean diff[FIGURES], bool json)
{
	jv *o = jv_obj();
	for (int f = 0; f < FIGURES; f++) {
		put(o, figure_name[f], &diff[f]);
		if (!json)
			printf("second - first: %-10s %+.2f +- %.2f\n", figure_name[f],
			       sim_mean_of(&diff[f]), sim_mean_half(&diff[f]));
	}
	if (!json) {
		jv_free(o);
		return;
	}
	jv *line = jv_obj();
	jv_set(line, "difference", o);
	cli_print_json(line);
}

static void run(struct tally t[2], int n, int64_t days, int64_t seed, bool json)
{
	struct sim_day day;
	struct sim_mean diff[FIGURES] = { { 0 } };
	struct ins_sim *s[2] = { ins_sim_new(&t[0].m), n > 1 ? ins_sim_new(&t[1].m) : NULL };
	for (int64_t d = 0; d < days; d++) {
		double v[2][FIGURES] = { { 0 } };
		for (int i = 0; i < n; i++) {
			int64_t from = cli_cpu_ns();
			ins_sim_day(s[i], (uint64_t)seed, (int)d, NULL, &day);
			t[i].cpu_ns += cli_cpu_ns() - from;
			take_day(&t[i], &day);
			struct sim_count all = all_of(&t[i].m, &day);
			figures(&all, v[i]);
		}
		for (int f = 0; f < FIGURES; f++)
			sim_mean_add(&diff[f], v[1][f] - v[0][f]);
	}
	for (int i = 0; i < n; i++) {
		print(&t[i], json);
		ins_sim_free(s[i]);
	}
	if (n > 1)
		compare(diff, json);
}

int cmd_sim(int argc, char **argv)
{
	bool json = false;
	int rest, status, rc = 0;
	int64_t days = 100, seed = 1;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object a line" },
		{ "days", CLI_INT, &days, "how many; 100" },
		{ "seed", CLI_INT, &seed, "of the random numbers; 1" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	int n = argc - rest;
	if (n < 1 || n > 2 || days < 1 || days > DAYS_MAX)
		return cli_fail("callm simulate [--days N] FILE.yaml [OTHER.yaml]; 1 to %d days",
				DAYS_MAX),
		       2;
	struct tally *t = xalloc(sizeof(*t) * 2);
	for (int i = 0; rc == 0 && i < n; i++)
		rc = load(argv[rest + i], &t[i].m);
	if (rc == 0)
		run(t, n, days, seed, json);
	xfree(t);
	return rc ? 1 : 0;
}
