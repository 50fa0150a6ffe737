/* policy_ope.c: the estimators. Each is a mean over rows, or a ratio of two means; its deviation
 * follows from what each row adds (influence), so all seven cost one pass. The bootstrap draws
 * rows again and is for those who do not trust the normal law. Pure; any thread. */
#include "policy_ope.h"

#include <math.h>
#include <stdlib.h>

#define DEF_TAU 10.0
#define DEF_LAMBDA 100.0
#define BOOTS_MAX 10000

static const char *const names[OPE_KINDS] = { "ips", "snips", "dm", "dr", "sndr", "switch_dr",
					      "dros" };

const char *ope_name(enum ope_kind k)
{
	return (unsigned)k < OPE_KINDS ? names[k] : "";
}

/* What a row gives: each estimate is mean(num) / mean(den) + mean(base). */
struct part { double num[OPE_KINDS], base[OPE_KINDS], w; };

static bool probability(double p)
{
	return p >= 0 && p <= 1 + 1e-9;
}

static int check_row(const struct ope_log *l, size_t i, struct err *e)
{
	const double *pi = l->pi + i * (size_t)l->actions;
	double sum = 0;
	if (l->action[i] < 0 || l->action[i] >= l->actions)
		return err_set(e, ERR_INVAL, "row %zu: action %d is not one of 0..%d", i + 1,
			       l->action[i], l->actions - 1);
	if (!(l->pscore[i] > 0) || !probability(l->pscore[i]))
		return err_set(e, ERR_INVAL,
			       "row %zu: pscore %g; it is the probability of what was done, above "
			       "0 and at most 1",
			       i + 1, l->pscore[i]);
	if (!isfinite(l->reward[i]))
		return err_set(e, ERR_INVAL, "row %zu: the reward is no number", i + 1);
	for (int a = 0; a < l->actions; a++) {
		if (!probability(pi[a]))
			return err_set(e, ERR_INVAL, "row %zu: pi_%d = %g is no probability",
				       i + 1, a, pi[a]);
		if (l->q && !isfinite(l->q[i * (size_t)l->actions + (size_t)a]))
			return err_set(e, ERR_INVAL, "row %zu: q_%d is no number", i + 1, a);
		sum += pi[a];
	}
	if (fabs(sum - 1) > 1e-6)
		return err_set(e, ERR_INVAL, "row %zu: pi adds up to %g instead of 1", i + 1, sum);
	return 0;
}

static void part_of(const struct ope_log *l, const struct ope_opt *o, size_t i, struct part *ret)
{
	size_t at = i * (size_t)l->actions, a = at + (size_t)l->action[i];
	double w = l->pi[a] / l->pscore[i], r = l->reward[i], dm = 0, left;
	*ret = (struct part){ .w = w };
	ret->num[OPE_IPS] = ret->num[OPE_SNIPS] = w * r;
	if (!l->q)
		return;
	for (int k = 0; k < l->actions; k++)
		dm += l->pi[at + (size_t)k] * l->q[at + (size_t)k];
	left = r - l->q[a];
	for (int k = OPE_DM; k < OPE_KINDS; k++)
		ret->base[k] = dm;
	ret->num[OPE_DR] = ret->num[OPE_SNDR] = w * left;
	ret->num[OPE_SWITCH] = w <= o->tau ? w * left : 0;
	ret->num[OPE_DROS] = o->lambda * w / (w * w + o->lambda) * left;
}

static bool is_ratio(int k)
{
	return k == OPE_SNIPS || k == OPE_SNDR;
}

struct sums { double num[OPE_KINDS], base[OPE_KINDS], w, w2, most; };

static void add(struct sums *s, const struct part *p)
{
	for (int k = 0; k < OPE_KINDS; k++) {
		s->num[k] += p->num[k];
		s->base[k] += p->base[k];
	}
	s->w += p->w;
	s->w2 += p->w * p->w;
	s->most = p->w > s->most ? p->w : s->most;
}

static double value_of(const struct sums *s, int k, double n)
{
	double den = is_ratio(k) ? s->w / n : 1;
	return (den > 0 ? s->num[k] / n / den : 0) + s->base[k] / n;
}

/* Quantile of the normal law (Acklam's rational approximation, error below 1.2e-9). */
static double normal_quantile(double p)
{
	static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02,
				    -2.759285104469687e+02, 1.383577518672690e+02,
				    -3.066479806614716e+01, 2.506628277459239e+00 };
	static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02,
				    -1.556989798598866e+02, 6.680131188771972e+01,
				    -1.328068155288572e+01 };
	static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01,
				    -2.400758277161838e+00, -2.549732539343734e+00,
				    4.374664141464968e+00, 2.938163982698783e+00 };
	static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01,
				    2.445134137142996e+00, 3.754408661907416e+00 };
	double q, r;
	if (p > 0.97575)
		return -normal_quantile(1 - p);
	if (p < 0.02425) {
		q = sqrt(-2 * log(p));
		return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
		       ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
	}
	q = p - 0.5;
	r = q * q;
	return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
	       (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

/* Influence of row p on estimate k: for ratios by the delta method. */
static double influence(const struct sums *s, const struct part *p, int k, double n)
{
	double base = p->base[k] - s->base[k] / n;
	if (!is_ratio(k))
		return p->num[k] - s->num[k] / n + base;
	double den = s->w / n, ratio = den > 0 ? s->num[k] / n / den : 0;
	return den > 0 ? (p->num[k] - ratio * p->w) / den + base : base;
}

static void by_normal_law(const struct ope_log *l, const struct ope_opt *o, const struct sums *s,
			  struct ope_result *ret)
{
	double var[OPE_KINDS] = { 0 }, n = (double)l->n, z = normal_quantile(0.5 + o->level / 2);
	struct part p;
	for (size_t i = 0; i < l->n; i++) {
		part_of(l, o, i, &p);
		for (int k = 0; k < OPE_KINDS; k++) {
			double x = influence(s, &p, k, n);
			var[k] += x * x;
		}
	}
	for (int k = 0; k < OPE_KINDS; k++) {
		double half = n > 1 ? z * sqrt(var[k] / (n - 1) / n) : INFINITY;
		ret->est[k].lo = ret->est[k].value - half;
		ret->est[k].hi = ret->est[k].value + half;
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void by_bootstrap(const struct ope_log *l, const struct ope_opt *o, struct ope_result *ret)
{
	struct rng r;
	size_t boots = (size_t)o->boots, cut = (size_t)((1 - o->level) / 2 * (double)boots);
	double *v = xalloc(sizeof(*v) * boots * OPE_KINDS);
	rng_seed(&r, o->seed);
	for (size_t b = 0; b < boots; b++) {
		struct sums s = { 0 };
		struct part p;
		for (size_t i = 0; i < l->n; i++) {
			part_of(l, o, (size_t)rng_below(&r, l->n), &p);
			add(&s, &p);
		}
		for (int k = 0; k < OPE_KINDS; k++)
			v[(size_t)k * boots + b] = value_of(&s, k, (double)l->n);
	}
	for (int k = 0; k < OPE_KINDS; k++) {
		double *x = v + (size_t)k * boots;
		qsort(x, boots, sizeof(*x), ascending);
		ret->est[k].lo = x[cut];
		ret->est[k].hi = x[boots - 1 - cut];
	}
	xfree(v);
}

int ope_run(const struct ope_log *log, const struct ope_opt *opt, struct ope_result *ret,
	    struct err *e)
{
	struct ope_opt o = *opt;
	struct ope_result r = { 0 };
	struct sums s = { 0 };
	struct part p;
	o.tau = o.tau > 0 ? o.tau : DEF_TAU;
	o.lambda = o.lambda > 0 ? o.lambda : DEF_LAMBDA;
	o.level = o.level > 0 ? o.level : 0.95;
	if (!log->n || log->actions < 1 || log->actions > OPE_ACTIONS)
		return err_set(e, ERR_INVAL, "a log has at least one row and 1 to %d actions",
			       (int)OPE_ACTIONS);
	if (o.level >= 1 || o.boots < 0 || o.boots > BOOTS_MAX)
		return err_set(e, ERR_INVAL, "level is below 1, bootstrap samples at most %d",
			       BOOTS_MAX);
	for (size_t i = 0; i < log->n; i++) {
		int rc = check_row(log, i, e);
		if (rc)
			return rc;
		part_of(log, &o, i, &p);
		add(&s, &p);
	}
	for (int k = 0; k < OPE_KINDS; k++)
		r.est[k] = (struct ope_est){ .value = value_of(&s, k, (double)log->n),
					     .known = k == OPE_DM ? log->q != NULL :
						      s.w2 > 0 && (log->q || k < OPE_DM) };
	r.mean_weight = s.w / (double)log->n;
	r.max_weight = s.most;
	r.ess = s.w2 > 0 ? s.w * s.w / s.w2 : 0;
	if (o.boots)
		by_bootstrap(log, &o, &r);
	else
		by_normal_law(log, &o, &s, &r);
	*ret = r;
	return 0;
}
