/* policy_learn.c: models of a row's ways from logged choices, and their judgement. The reward is
 * centred before the fit, so that a way of few rows is drawn to the mean of all and not to zero.
 * Pure; any thread; owns nothing. */
#include "policy_learn.h"
#include "policy_arms.h"
#include "policy_ope.h"

#include <math.h>

#define Z99 2.3263478740408408           /* one-sided 99 % of the normal distribution */
#define ESS_LEAST 30.0
#define WEIGHT_Z 4.0                     /* deviations that the mean weight may be off */

static void wide(const struct policy_sample *s, double x[POLICY_FEATURES])
{
	for (int i = 0; i < POLICY_FEATURES; i++)
		x[i] = (double)s->x[i];
}

/* The expected rewards, as weights: the way's own, from the statistics of the arms. */
static void weights(struct policy_arms *b, int ways, double mean, struct policy_scores *ret)
{
	double x[POLICY_FEATURES] = { 0 }, v[ARMS_MOST];
	for (int i = 0; i < POLICY_FEATURES; i++) {
		x[i] = 1;
		policy_arms_value(b, x, v);
		x[i] = 0;
		for (int a = 0; a < ways; a++)
			ret->w[a][i] = (double)(float)(v[a] + (i == 0 ? mean : 0));
	}
}

void policy_learn_fit(const struct policy_sample *v, size_t n, int ways, struct policy_scores *ret)
{
	struct policy_arms_opt o = { .arms = ways, .dim = POLICY_FEATURES, .kind = ARMS_GREEDY };
	struct policy_arms *b = policy_arms_new(&o);
	double x[POLICY_FEATURES], mean = 0;
	ASSERT(b && ways <= POLICY_WAYS);
	*ret = (struct policy_scores){ 0 };
	for (size_t i = 0; i < n; i++)
		mean += v[i].reward / (double)n;
	for (size_t i = 0; i < n; i++) {
		wide(&v[i], x);
		policy_arms_learn(b, v[i].way, x, v[i].reward - mean);
	}
	weights(b, ways, mean, ret);
	for (int a = 1; a < ways; a++) {
		if (policy_arms_seen(b, a) >= POLICY_LEARN_SEEN)
			continue;
		memcpy(ret->w[a], ret->w[0], sizeof(ret->w[a]));
		ret->w[a][0] -= 1;
	}
	policy_arms_free(b);
}

/* ---- judging ---- */

struct logs {                        /* both policies on the same rows */
	struct ope_log was, now;
	int *action;
	double *num;
};

static double score(const struct policy_scores *s, int a, const double *x)
{
	double v = 0;
	for (int i = 0; i < POLICY_FEATURES; i++)
		v += s->w[a][i] * x[i];
	return v;
}

static void logs_new(struct logs *l, const struct policy_sample *v, size_t n,
		     const struct policy_with *w, size_t *differ)
{
	size_t k = (size_t)w->ways;
	*l = (struct logs){ .action = xalloc(sizeof(int) * n),
			    .num = xalloc(sizeof(double) * n * (2 + 3 * k)) };
	double *reward = l->num, *p = reward + n, *was = p + n, *now = was + n * k,
	       *q = now + n * k, x[POLICY_FEATURES];
	*differ = 0;
	for (size_t i = 0; i < n; i++) {
		wide(&v[i], x);
		int a = w->was ? policy_scores_best(w->was, w->ways, x) : 0,
		    b = policy_scores_best(w->now, w->ways, x);
		l->action[i] = v[i].way;
		reward[i] = v[i].reward;
		p[i] = v[i].p;
		was[i * k + (size_t)a] = now[i * k + (size_t)b] = 1;
		for (size_t j = 0; j < k; j++)
			q[i * k + j] = score(w->now, (int)j, x);
		*differ += a != b;
	}
	l->was = (struct ope_log){ .n = n, .actions = w->ways, .action = l->action,
				   .reward = reward, .pscore = p, .pi = was, .q = q };
	l->now = l->was;
	l->now.pi = now;
}

static void logs_done(struct logs *l)
{
	xfree(l->action);
	xfree(l->num);
}

struct one { double w, dr; };        /* a row's weight and its doubly robust value */

static struct one one_of(const struct ope_log *l, size_t i)
{
	size_t at = i * (size_t)l->actions, a = at + (size_t)l->action[i];
	struct one r = { .w = l->pi[a] / l->pscore[i] };
	for (size_t k = 0; k < (size_t)l->actions; k++)
		r.dr += l->pi[at + k] * l->q[at + k];
	r.dr += r.w * (l->reward[i] - l->q[a]);
	return r;
}

/* ---- the rows that differ ---- */

/* A policy there: sums of weights, of their squares, of weighted rewards. */
struct side { double w, w2, good; };

static void side_add(struct side *s, const struct ope_log *l, size_t i)
{
	double w = l->pi[i * (size_t)l->actions + (size_t)l->action[i]] / l->pscore[i];
	s->w += w;
	s->w2 += w * w;
	s->good += w * l->reward[i];
}

static double side_ess(const struct side *s)
{
	return s->w2 > 0 ? s->w * s->w / s->w2 : 0;
}

/* How far the score interval (Wilson 1927) of p goes to one side: down when dir is -1. */
static double score_off(double p, double n, double dir)
{
	double z2 = Z99 * Z99, mid = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half = Z99 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
	return fmax(0, dir * (mid + dir * half - p));
}

struct gains { double dr, part, dr_lower, part_lower, weight_off, ess; };

/* Where both take the same way they gain nothing, so only the rest is compared: two means of
 * disjoint rows, bounded by their score intervals (Newcombe 1998, method 10), which hold where
 * few of 20 fail; the normal law with the variance of the rows does not. */
static void part_of(const struct logs *l, size_t differ, struct gains *g)
{
	struct side was = { 0 }, now = { 0 };
	for (size_t i = 0; i < l->was.n; i++) {
		size_t at = i * (size_t)l->was.actions, k = (size_t)l->was.actions;
		if (memcmp(l->was.pi + at, l->now.pi + at, sizeof(double) * k) == 0)
			continue;
		side_add(&was, &l->was, i);
		side_add(&now, &l->now, i);
	}
	double n0 = side_ess(&was), n1 = side_ess(&now), share = (double)differ / (double)l->was.n;
	g->ess = fmin(n0, n1);
	if (!(g->ess > 0))
		return;
	double p0 = fmin(1, fmax(0, was.good / was.w)), p1 = fmin(1, fmax(0, now.good / now.w));
	double down = score_off(p1, n1, -1), up = score_off(p0, n0, 1);
	g->part = share * (p1 - p0);
	g->part_lower = g->part - share * sqrt(down * down + up * up);
}

static void gains_of(const struct logs *l, const struct ope_result *was,
		     const struct ope_result *now, struct gains *g)
{
	double n = (double)l->was.n, dr2 = 0, w2 = 0;
	g->dr = now->est[OPE_DR].value - was->est[OPE_DR].value;
	for (size_t i = 0; i < l->was.n; i++) {
		struct one a = one_of(&l->was, i), b = one_of(&l->now, i);
		double d = b.dr - a.dr - g->dr;
		dr2 += d * d;
		w2 += (b.w - now->mean_weight) * (b.w - now->mean_weight);
	}
	g->dr_lower = g->dr - Z99 * sqrt(dr2 / (n - 1) / n);
	g->weight_off = fabs(now->mean_weight - 1) / (sqrt(w2 / (n - 1) / n) + 1e-9);
}

static const char *why_of(const struct policy_verdict *v, const struct gains *g)
{
	if (v->lower > 0)
		return "choice_better";
	return g->dr > 0 ? "choice_not_certain" : "choice_no_better";
}

void policy_learn_judge(const struct policy_sample *v, size_t n, const struct policy_with *w,
			struct policy_verdict *ret)
{
	struct logs l;
	struct ope_result was, now;
	struct gains g = { 0 };
	struct err e;
	*ret = (struct policy_verdict){ .n = n, .why = "few_decisions" };
	if (n < (size_t)ESS_LEAST)
		return;
	logs_new(&l, v, n, w, &ret->differ);
	bool ok = ope_run(&l.was, &(struct ope_opt){ 0 }, &was, &e) == 0 &&
		  ope_run(&l.now, &(struct ope_opt){ 0 }, &now, &e) == 0;
	if (ok) {
		gains_of(&l, &was, &now, &g);
		part_of(&l, ret->differ, &g);
		ret->was = was.est[OPE_DR].value;
		ret->now = now.est[OPE_DR].value;
		ret->lo = now.est[OPE_DR].lo;
		ret->hi = now.est[OPE_DR].hi;
		ret->ess = ret->differ ? g.ess : now.ess;
		ret->gain = fmin(g.dr, g.part);
		ret->lower = fmin(g.dr_lower, g.part_lower);
	}
	if (ok && !ret->differ)
		ret->why = "choice_same";
	else if (ok && g.weight_off > WEIGHT_Z)
		ret->why = "choice_shares";
	else if (ok && g.ess >= ESS_LEAST)
		ret->why = why_of(ret, &g);
	logs_done(&l);
}
