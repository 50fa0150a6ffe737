/* cmd_score_anom.c: `callm score anomalies`: series with labelled windows (Numenta's NAB)
 * against the scores of ins_anom.h: windows found, and how much of what is told lies in a
 * window. */
#include "app_int.h"
#include "ins_anom.h"

#include <math.h>
#include <stdio.h>

enum { ROWS = 200000, RUNS = 2000, WINDOWS = 200 };

struct window {
	sv file;
	int64_t from_ms, to_ms;
};
struct nab {
	struct arena a;
	struct window w[WINDOWS];
	size_t n;
	int64_t windows, found, told, right, rows;
};

/* "2014-07-01 00:00:00" of no zone. */
static int read_time(sv text, int64_t *ret)
{
	char iso[32];
	if (text.n < 19)
		return ERR_PARSE;
	(void)snprintf(iso, sizeof(iso), "%.10sT%.8sZ", text.p, text.p + 11);
	return clk_parse_rfc3339(sv_of(iso), ret);
}

static int read_windows(struct nab *x, const char *dir, struct err *e)
{
	char path[4200];
	struct sb b;
	sv rest, line;
	(void)snprintf(path, sizeof(path), "%s/anomaly_windows.tsv", dir);
	sb_init(&b, LIM_SB);
	int rc = file_read(path, LIM_SB, &b, e);
	rest = arena_sv(&x->a, sb_sv(&b));
	sb_done(&b);
	while (rc == 0 && x->n < WINDOWS && sv_line(&rest, &line)) {
		struct window *w = &x->w[x->n];
		sv from;
		if (sv_cut(&line, '\t', &w->file) && sv_cut(&line, '\t', &from) &&
		    read_time(from, &w->from_ms) == 0 && read_time(line, &w->to_ms) == 0)
			x->n++;
	}
	return rc;
}

struct series {
	double *v, *z, *expected;
	int64_t *at;
	size_t n;
};

static int read_series(struct nab *x, const char *dir, sv file, struct series *s, struct err *e)
{
	char path[4200];
	struct sb b;
	sv rest, line, when;
	(void)snprintf(path, sizeof(path), "%s/" SV_FMT, dir, SV_ARG(file));
	sb_init(&b, LIM_KB_DOC);
	int rc = file_read(path, LIM_KB_DOC, &b, e);
	rest = sb_sv(&b);
	s->n = 0;
	while (rc == 0 && s->n < ROWS && sv_line(&rest, &line))
		if (sv_cut(&line, ',', &when) && read_time(when, &s->at[s->n]) == 0 &&
		    sv_f64(line, &s->v[s->n]) == 0)
			s->n++;
	sb_done(&b);
	return rc;
}

static void judge(struct nab *x, sv file, struct series *s, jv *out)
{
	static struct ins_anom_run runs[RUNS];
	int64_t step = s->n > 1 ? s->at[1] - s->at[0] : 0, found = 0, windows = 0, right = 0;
	bool half_hours = step >= 1800000;   /* a week of half hours; a day of five minutes */
	size_t season = half_hours ? 336 : 288, width = half_hours ? 6 : 12;
	ins_anom_scores(s->v, s->n, season, INS_ANOM_BACK, s->z, s->expected);
	size_t n = ins_anom_runs(s->z, s->n, width, INS_ANOM_LIMIT * 2, runs, RUNS);
	bool hit[RUNS] = { false };
	for (size_t k = 0; k < x->n; k++) {
		bool seen = false;
		if (!sv_eq(x->w[k].file, file))
			continue;
		for (size_t i = 0; i < n; i++) {
			bool in = s->at[runs[i].from] <= x->w[k].to_ms &&
				  s->at[runs[i].to - 1] >= x->w[k].from_ms;
			hit[i] |= in;
			seen |= in;
		}
		windows++;
		found += seen;
	}
	for (size_t i = 0; i < n; i++)
		right += hit[i];
	jv *j = jv_obj();
	jv_set_int(j, "windows", windows);
	jv_set_int(j, "found", found);
	jv_set_int(j, "told", (int64_t)n);
	jv_set_int(j, "in_a_window", right);
	char name[80];
	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(sv_slice(file, 0, 79)));
	jv_set(out, name, j);
	x->windows += windows;
	x->found += found;
	x->told += (int64_t)n;
	x->right += right;
	x->rows += (int64_t)s->n;
}

static int score(struct nab *x, const char *dir, struct err *e)
{
	struct series s = { xalloc(ROWS * sizeof(double)), xalloc(ROWS * sizeof(double)),
			    xalloc(ROWS * sizeof(double)), xalloc(ROWS * sizeof(int64_t)), 0 };
	jv *out = jv_obj();
	int rc = read_windows(x, dir, e);
	for (size_t k = 0; k < x->n && rc == 0; k++) {
		if (k && sv_eq(x->w[k].file, x->w[k - 1].file))
			continue;
		rc = read_series(x, dir, x->w[k].file, &s, e);
		if (rc == 0)
			judge(x, x->w[k].file, &s, out);
	}
	jv_set_int(out, "rows", x->rows);
	jv_set_num(out, "recall", x->windows ? (double)x->found / (double)x->windows : 0);
	jv_set_num(out, "precision", x->told ? (double)x->right / (double)x->told : 0);
	if (rc == 0)
		cli_print_json(out);
	else
		jv_free(out);
	xfree(s.v);
	xfree(s.z);
	xfree(s.expected);
	xfree(s.at);
	return rc;
}

int cmd_score_anomalies(int argc, char **argv)
{
	const char *dir = NULL;
	struct err e = { 0 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "data", CLI_STR, &dir, "folder of CSV files with anomaly_windows.tsv" },
	};
	if (!cli_parse(argc, argv, opts, 1, &rest, &status))
		return status;
	if (!dir)
		return cli_fail("score anomalies --data DIR"), 2;
	struct nab *x = xalloc(sizeof(*x));
	arena_init(&x->a, LIM_ARENA_BIG);
	int rc = score(x, dir, &e);
	arena_done(&x->a);
	xfree(x);
	return rc ? cli_fail("%s", e.msg[0] ? e.msg : err_text(rc)) : 0;
}
