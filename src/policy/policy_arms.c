/* policy_arms.c: ridge regression an arm, kept as the inverse of X'X + ridge I by rank-one updates
 * (Sherman and Morrison 1950), O(dim^2) a step. Thompson draws theta from N(mean, alpha^2 A^-1) by
 * a Cholesky factor that is made anew only after the arm has learned. The propensity of a Thompson
 * draw is what the choice is drawn from: the winners of DRAWS draws are counted, and the arm is
 * taken by these counts, so the probability told is the probability used. One thread. */
#include "policy_arms.h"

#include <math.h>

#define DRAWS 64

struct arm {
	double *inv, *b, *theta, *chol;  /* dim x dim, dim, dim, dim x dim (lower) */
	int64_t seen;
	bool stale;              /* chol */
};
struct policy_arms {
	struct policy_arms_opt o;
	double *work, *memory;
	struct arm arm[ARMS_MOST];
};

static double dot(const double *a, const double *b, int n)
{
	double s[4] = { 0 };
	int i = 0;
	for (; i + 4 <= n; i += 4)
		for (int k = 0; k < 4; k++)
			s[k] += a[i + k] * b[i + k];
	for (; i < n; i++)
		s[0] += a[i] * b[i];
	return s[0] + s[1] + s[2] + s[3];
}

struct policy_arms *policy_arms_new(const struct policy_arms_opt *opt)
{
	struct policy_arms_opt o = *opt;
	o.alpha = o.alpha > 0 ? o.alpha : 0.3;
	o.ridge = o.ridge > 0 ? o.ridge : 1;
	o.keep = o.keep > 0 && o.keep < 1 ? o.keep : 1;
	if (o.arms < 1 || o.arms > ARMS_MOST || o.dim < 1 || o.dim > ARMS_DIM || o.floor < 0 ||
	    o.floor > 1 || (unsigned)o.kind > ARMS_GREEDY)
		return NULL;
	size_t d = (size_t)o.dim, chol = o.kind == ARMS_THOMPSON ? d * d : 0;
	size_t each = d * d + 2 * d + chol;
	struct policy_arms *ret = xalloc(sizeof(*ret));
	ret->o = o;
	ret->memory = xalloc(sizeof(double) * (each * (size_t)o.arms + 2 * d));
	ret->work = ret->memory + each * (size_t)o.arms;
	for (int k = 0; k < o.arms; k++) {
		double *at = ret->memory + each * (size_t)k;
		ret->arm[k] = (struct arm){ .inv = at, .b = at + d * d, .theta = at + d * d + d,
					    .chol = chol ? at + d * d + 2 * d : NULL,
					    .stale = true };
		for (size_t i = 0; i < d; i++)
			at[i * d + i] = 1 / o.ridge;
	}
	return ret;
}

void policy_arms_free(struct policy_arms *b)
{
	if (!b)
		return;
	xfree(b->memory);
	xfree(b);
}

/* out = inv x; its inner product with x comes back. */
static double times(const struct arm *a, const double *x, int d, double *out)
{
	for (int i = 0; i < d; i++)
		out[i] = dot(a->inv + (size_t)i * (size_t)d, x, d);
	return dot(out, x, d);
}

static double mean_of(const struct policy_arms *b, int k, const double *x)
{
	if (b->o.optimist && !b->arm[k].seen)
		return 1;
	return dot(b->arm[k].theta, x, b->o.dim);
}

void policy_arms_value(struct policy_arms *b, const double *x, double *ret)
{
	for (int k = 0; k < b->o.arms; k++)
		ret[k] = mean_of(b, k, x);
}

/* ---- learning ---- */

static void fade(struct policy_arms *b, struct arm *a)
{
	size_t d = (size_t)b->o.dim;
	double trace = 0;
	for (size_t i = 0; i < d; i++)
		trace += a->inv[i * d + i];
	if (trace / b->o.keep > (double)d / b->o.ridge)
		return;          /* as uncertain as at the beginning */
	for (size_t i = 0; i < d * d; i++)
		a->inv[i] /= b->o.keep;
	for (size_t i = 0; i < d; i++)
		a->b[i] *= b->o.keep;
}

void policy_arms_learn(struct policy_arms *b, int arm, const double *x, double reward)
{
	int d = b->o.dim;
	struct arm *a = &b->arm[arm];
	double *v = b->work;
	ASSERT(arm >= 0 && arm < b->o.arms);
	if (!isfinite(reward))
		return;
	if (b->o.keep < 1)
		fade(b, a);
	double scale = 1 / (1 + times(a, x, d, v)), err;
	for (int i = 0; i < d; i++) {
		double f = scale * v[i], *row = a->inv + (size_t)i * (size_t)d;
		for (int j = 0; f != 0 && j < d; j++)
			row[j] -= f * v[j];
		a->b[i] += reward * x[i];
	}
	err = reward - dot(a->theta, x, d);
	for (int i = 0; i < d; i++)          /* the new inverse times x is scale * v */
		a->theta[i] += scale * v[i] * err;
	a->seen++;
	a->stale = true;
}

int64_t policy_arms_seen(const struct policy_arms *b, int arm)
{
	return arm >= 0 && arm < b->o.arms ? b->arm[arm].seen : 0;
}

/* ---- choosing ---- */

static void factor(struct arm *a, int d)
{
	for (int i = 0; i < d; i++) {
		double *row = a->chol + (size_t)i * (size_t)d;
		for (int j = 0; j <= i; j++) {
			const double *other = a->chol + (size_t)j * (size_t)d;
			double s = a->inv[(size_t)i * (size_t)d + (size_t)j] - dot(row, other, j);
			row[j] = i == j ? sqrt(s > 1e-12 ? s : 1e-12) : s / other[j];
		}
	}
	a->stale = false;
}

/* The reward along x is normal: mean theta'x, deviation alpha sqrt(x' A^-1 x) = alpha |L'x|. */
static double spread(struct policy_arms *b, struct arm *a, const double *x)
{
	int d = b->o.dim;
	double s = 0;
	if (a->stale)
		factor(a, d);
	for (int j = 0; j < d; j++)
		b->work[j] = 0;
	for (int i = 0; i < d; i++)
		for (int j = 0; x[i] != 0 && j <= i; j++)
			b->work[j] += a->chol[(size_t)i * (size_t)d + (size_t)j] * x[i];
	s = dot(b->work, b->work, d);
	return b->o.alpha * sqrt(s);
}

static int best_of(const double *v, int n, uint32_t may)
{
	int ret = -1;
	for (int k = 0; k < n; k++)
		if (may >> k & 1 && (ret < 0 || v[k] > v[ret]))
			ret = k;
	return ret;
}

static void by_thompson(struct policy_arms *b, const double *x, uint32_t may, struct rng *r,
			double p[])
{
	double mean[ARMS_MOST], dev[ARMS_MOST], draw[ARMS_MOST];
	for (int k = 0; k < b->o.arms; k++) {
		mean[k] = mean_of(b, k, x);
		dev[k] = may >> k & 1 ? spread(b, &b->arm[k], x) : 0;
	}
	for (int i = 0; i < DRAWS; i++) {
		for (int k = 0; k < b->o.arms; k++)
			draw[k] = may >> k & 1 ? mean[k] + dev[k] * rng_normal(r) : 0;
		p[best_of(draw, b->o.arms, may)] += 1.0 / DRAWS;
	}
}

static void by_best(struct policy_arms *b, const double *x, uint32_t may, double p[])
{
	double v[ARMS_MOST];
	for (int k = 0; k < b->o.arms; k++) {
		v[k] = mean_of(b, k, x);
		if (b->o.kind == ARMS_LINUCB && may >> k & 1)
			v[k] += b->o.alpha * sqrt(times(&b->arm[k], x, b->o.dim, b->work));
	}
	p[best_of(v, b->o.arms, may)] = 1;
}

void policy_arms_choose(struct policy_arms *b, const double *x, uint32_t may, struct rng *r,
			struct policy_pick *ret)
{
	int n = 0;
	may &= (uint32_t)((UINT64_C(1) << b->o.arms) - 1);
	ASSERT(may);
	*ret = (struct policy_pick){ .arm = -1 };
	if (b->o.kind == ARMS_THOMPSON)
		by_thompson(b, x, may, r, ret->p);
	else
		by_best(b, x, may, ret->p);
	for (int k = 0; k < b->o.arms; k++)
		n += may >> k & 1;
	for (int k = 0; k < b->o.arms; k++)
		if (may >> k & 1)
			ret->p[k] = (1 - b->o.floor) * ret->p[k] + b->o.floor / n;
	double u = rng_unit(r);
	for (int k = 0; k < b->o.arms; k++) {
		if (!(may >> k & 1) || ret->p[k] <= 0)
			continue;
		ret->arm = k;
		if ((u -= ret->p[k]) < 0)
			break;
	}
}

/* ---- on paper ---- */

static void put(struct sb *out, const char *name, const double *v, size_t n)
{
	sb_fmt(out, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		sb_fmt(out, i ? ",%.17g" : "%.17g", v[i]);
	sb_ch(out, ']');
}

int policy_arms_json(const struct policy_arms *b, struct sb *out)
{
	size_t d = (size_t)b->o.dim;
	sb_fmt(out,
	       "{\"arms\":%d,\"dim\":%d,\"kind\":%d,\"alpha\":%.17g,\"ridge\":%.17g,"
	       "\"floor\":%.17g,\"keep\":%.17g,\"optimist\":%s,\"arm\":[",
	       b->o.arms, b->o.dim, (int)b->o.kind, b->o.alpha, b->o.ridge, b->o.floor, b->o.keep,
	       b->o.optimist ? "true" : "false");
	for (int k = 0; k < b->o.arms; k++) {
		const struct arm *a = &b->arm[k];
		sb_fmt(out, "%s{\"seen\":%lld", k ? "," : "", (long long)a->seen);
		put(out, "inv", a->inv, d * d);
		put(out, "b", a->b, d);
		put(out, "theta", a->theta, d);
		sb_ch(out, '}');
	}
	sb_cstr(out, "]}");
	return sb_err(out);
}

static bool take(const jv *list, double *to, size_t n)
{
	if (jv_len(list) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!jv_is_num(jv_at(list, i)))
			return false;
		to[i] = jv_as_num(jv_at(list, i), 0);
	}
	return true;
}

int policy_arms_load(const jv *t, struct policy_arms **ret)
{
	struct policy_arms_opt o = {
		.arms = (int)jv_get_int(t, "arms", 0), .dim = (int)jv_get_int(t, "dim", 0),
		.kind = (enum policy_arms_kind)jv_get_int(t, "kind", -1),
		.alpha = jv_get_num(t, "alpha", 0), .ridge = jv_get_num(t, "ridge", 0),
		.floor = jv_get_num(t, "floor", 0), .keep = jv_get_num(t, "keep", 1),
		.optimist = jv_get_bool(t, "optimist", false),
	};
	const jv *list = jv_get(t, "arm");
	struct policy_arms *b = policy_arms_new(&o);
	bool ok = b && jv_len(list) == (size_t)o.arms;
	for (int k = 0; ok && k < o.arms; k++) {
		const jv *x = jv_at(list, (size_t)k);
		size_t d = (size_t)o.dim;
		struct arm *a = &b->arm[k];
		a->seen = jv_get_int(x, "seen", 0);
		ok = take(jv_get(x, "inv"), a->inv, d * d) && take(jv_get(x, "b"), a->b, d) &&
		     take(jv_get(x, "theta"), a->theta, d);
	}
	if (!ok) {
		policy_arms_free(b);
		return ERR_INVAL;
	}
	*ret = b;
	return 0;
}
