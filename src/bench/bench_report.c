/* bench_report.c: figures and rows: quantiles, limits, the table for people, JSON for programs,
 * the progress bar. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { NUMS_MAX = 50000000, ROWS_MAX = 200, BAR = 24 };

void bench_num(struct bench_nums *x, double v)
{
	double *slot = VEC_PUSH(x, NUMS_MAX);
	if (slot)
		*slot = v;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Nearest rank. */
double bench_q(struct bench_nums *x, double q)
{
	if (!x->n)
		return NAN;
	qsort(x->v, x->n, sizeof(*x->v), by_value);
	size_t k = (size_t)ceil(q * (double)x->n);
	return x->v[k ? k - 1 : 0];
}

struct bench_row *bench_row_add(struct bench *b, const char *id, const char *what)
{
	struct bench_row *r = VEC_PUSH(&b->rows, ROWS_MAX);
	ASSERT(r);
	(void)snprintf(r->id, sizeof(r->id), "%s", id);
	(void)snprintf(r->what, sizeof(r->what), "%s", what);
	r->p50 = r->p95 = r->p99 = NAN;
	return r;
}

void bench_row_nums(struct bench *b, const char *id, const char *what, const char *unit,
		    struct bench_nums *x, double p50_max, double p95_max, size_t need)
{
	struct bench_row *r = bench_row_add(b, id, what);
	(void)snprintf(r->unit, sizeof(r->unit), "%s", unit);
	r->n = x->n;
	r->p50 = bench_q(x, 0.5);
	r->p95 = bench_q(x, 0.95);
	r->p99 = bench_q(x, 0.99);
	r->pass = x->n >= need && x->n > 0;
	if (!isnan(p50_max))
		r->pass = r->pass && r->p50 <= p50_max;
	if (!isnan(p95_max))
		r->pass = r->pass && r->p95 <= p95_max;
	char a[24] = "", z[24] = "";
	if (!isnan(p50_max))
		(void)snprintf(a, sizeof(a), "p50 <= %g", p50_max);
	if (!isnan(p95_max))
		(void)snprintf(z, sizeof(z), "p95 <= %g", p95_max);
	(void)snprintf(r->threshold, sizeof(r->threshold), "%s%s%s", a, *a && *z ? ", " : "", z);
	if (x->n < need)
		(void)snprintf(r->note, sizeof(r->note), "only %zu of %zu were measured", x->n,
			       need);
}

void bench_row_share(struct bench *b, const char *id, const char *what, size_t good, size_t n,
		     double at_least, const char *note)
{
	struct bench_row *r = bench_row_add(b, id, what);
	(void)snprintf(r->unit, sizeof(r->unit), "%%");
	r->n = n;
	r->p50 = n ? 100.0 * (double)good / (double)n : NAN;
	r->pass = n && r->p50 >= at_least;
	(void)snprintf(r->threshold, sizeof(r->threshold), ">= %g %%", at_least);
	(void)snprintf(r->note, sizeof(r->note), "%zu of %zu%s%s", good, n,
		       note && *note ? "; " : "", note ? note : "");
}

void bench_row_missing(struct bench *b, const char *id, const char *what, const char *why)
{
	struct bench_row *r = bench_row_add(b, id, what);
	(void)snprintf(r->note, sizeof(r->note), "not there yet: %s", why);
}

/* ---- for people ---- */

static void cell(double v, char out[16])
{
	if (isnan(v))
		(void)snprintf(out, 16, "-");
	else
		(void)snprintf(out, 16, fabs(v) >= 100 ? "%.0f" : "%.1f", v);
}

void bench_print(struct bench *b, size_t from)
{
	if (b->drawn_us)
		fprintf(stderr, "\r\033[K");
	if (!b->printed)
		printf("%-4s %-44s %6s %9s %9s %9s %-5s %-28s %s\n", "test", "what", "n", "p50",
		       "p95", "p99", "", "threshold", "");
	b->printed = true;
	for (size_t i = from; i < b->rows.n; i++) {
		const struct bench_row *r = &b->rows.v[i];
		char a[16], m[16], z[16];
		cell(r->p50, a);
		cell(r->p95, m);
		cell(r->p99, z);
		printf("%-4s %-44s %6zu %9s %9s %9s %-5s %-28s %s%s%s\n", r->id, r->what, r->n, a,
		       m, z, r->unit, r->threshold, r->pass ? "pass" : "FAIL",
		       r->note[0] ? "  " : "", r->note);
	}
	(void)fflush(stdout);
}

bool bench_sum(struct bench *b)
{
	size_t good = 0;
	for (size_t i = 0; i < b->rows.n; i++)
		good += b->rows.v[i].pass;
	printf("%zu of %zu passed, %lld s\n", good, b->rows.n,
	       (long long)(bench_now_us() - b->began_us) / 1000000);
	return good && good == b->rows.n;
}

void bench_progress(struct bench *b)
{
	int64_t now = bench_now_us();
	if (!isatty(2) || now - b->drawn_us < 200000)
		return;
	b->drawn_us = now;
	size_t part = b->n_reps ? b->n_done * BAR / b->n_reps : 0;
	char bar[BAR + 1];
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < part ? '#' : '.';
	bar[BAR] = 0;
	fprintf(stderr, "\r%-4s [%s] %zu/%zu  %lld s \033[K", b->now ? b->now : "", bar, b->n_done,
		b->n_reps, (long long)(now - b->began_us) / 1000000);
}

/* ---- for programs ---- */

static void put_num(jv *o, const char *key, double v)
{
	if (isnan(v))
		jv_set(o, key, jv_null());
	else
		jv_set_num(o, key, v);
}

int bench_write_json(struct bench *b, struct err *e)
{
	if (!b->o.json)
		return 0;
	jv *o = jv_obj(), *rows = jv_arr();
	struct utsname u;
	double load[3] = { 0 };
	char when[32];
	clk_rfc3339(clk_wall_ms(), when);
	(void)getloadavg(load, 3);
	jv_set_str(o, "version", SV(CALLM_VERSION));
	jv_set_str(o, "at", sv_of(when));
	jv_set_int(o, "seed", (int64_t)b->o.seed);
	jv_set_bool(o, "quick", b->o.quick);
	jv_set_str(o, "target", sv_of(b->o.target ? b->o.target : "own"));
	jv_set_str(o, "caller", sv_of(b->o.caller ? b->o.caller : "own"));
	if (uname(&u) == 0)
		jv_set_str(o, "kernel", sv_of(u.release));
	jv_set_int(o, "cores", sysconf(_SC_NPROCESSORS_ONLN));
	jv_set_num(o, "load", load[0]);
	for (size_t i = 0; i < b->rows.n; i++) {
		const struct bench_row *r = &b->rows.v[i];
		jv *x = jv_obj();
		jv_set_str(x, "test", sv_of(r->id));
		jv_set_str(x, "what", sv_of(r->what));
		jv_set_int(x, "n", (int64_t)r->n);
		jv_set_str(x, "unit", sv_of(r->unit));
		put_num(x, "p50", r->p50);
		put_num(x, "p95", r->p95);
		put_num(x, "p99", r->p99);
		jv_set_str(x, "threshold", sv_of(r->threshold));
		jv_set_bool(x, "pass", r->pass);
		jv_set_str(x, "note", sv_of(r->note));
		jv_push(rows, x);
	}
	jv_set(o, "rows", rows);
	struct sb text;
	sb_init(&text, LIM_SB);
	jv_dump(o, &text);
	sb_ch(&text, '\n');
	jv_free(o);
	int rc = file_write(b->o.json, sb_sv(&text), e);
	sb_done(&text);
	return rc;
}
