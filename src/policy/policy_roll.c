/* policy_roll.c: stages of a roll-out and the bounds that decide about them. Each comparison of a
 * stage (reward, guards; both arms) has an equal part of alpha, and so has each stage: whatever
 * is looked at, and whenever, the chance to promote what is no better stays below alpha. Pure; any
 * thread. */
#include "policy_roll.h"

#include <math.h>

#define LAMBDA_MOST 0.5          /* of the plug-in, as in the paper */
#define LIVE_STAGES 3
#define BOUNDS (2 * (1 + ROLL_GUARDS))
/* Shares of who got what may differ by so many deviations, else something is wrong with them. */
#define RATIO_Z 4.0

static const char *const names[ROLL_STAGES] = { "shadow", "5", "25", "100", "back", "no_gain" };

const char *policy_roll_name(enum roll_stage s)
{
	return (unsigned)s < ROLL_STAGES ? names[s] : "";
}

int policy_roll_of(sv name)
{
	for (int i = 0; i < ROLL_STAGES; i++)
		if (sv_eq(name, sv_of(names[i])))
			return i;
	return -1;
}

void policy_roll_defaults(struct roll_opt *o)
{
	o->alpha = o->alpha > 0 && o->alpha < 1 ? o->alpha : 0.05;
	o->control = o->control > 0 && o->control < 0.5 ? o->control : 0.05;
	o->margin = o->margin > 0 ? o->margin : 0.05;
	o->shadow = o->shadow > 0 ? o->shadow : 100;
	o->least = o->least > 0 ? o->least : 1000;
	o->most = o->most > 0 ? o->most : 50000;
}

/* One more bound each: of what a stage compares. */
static double alpha_of(const struct roll_opt *o)
{
	return o->alpha / LIVE_STAGES / BOUNDS;
}

/* ---- bounds ---- */

static double psi(double lambda)
{
	return (-log1p(-lambda) - lambda) / 4;
}

void roll_seq_add(struct roll_seq *s, double x, double alpha)
{
	/* mean and variance of what came before, begun at 1/2 and 1/4 */
	double n = s->n + 1, mean = (0.5 + s->mean * s->n) / n, var = (0.25 + s->sq) / n;
	double t = n + 1, lambda = sqrt(2 * log(1 / alpha) / (var * n * log(t)));
	lambda = lambda < LAMBDA_MOST ? lambda : LAMBDA_MOST;
	s->weight += lambda;
	s->weighted += lambda * x;
	s->width += 4 * (x - mean) * (x - mean) * psi(lambda);
	s->n += 1;
	s->mean += (x - s->mean) / s->n;
	mean = (0.5 + s->mean * s->n) / (s->n + 1);
	s->sq += (x - mean) * (x - mean);
}

static double half(const struct roll_seq *s, double alpha)
{
	return (log(1 / alpha) + s->width) / s->weight;
}

double roll_seq_lo(const struct roll_seq *s, double alpha)
{
	double x = s->weight > 0 ? s->weighted / s->weight - half(s, alpha) : 0;
	return x > 0 ? x : 0;
}

double roll_seq_hi(const struct roll_seq *s, double alpha)
{
	double x = s->weight > 0 ? s->weighted / s->weight + half(s, alpha) : 1;
	return x < 1 ? x : 1;
}

/* ---- stages ---- */

double policy_roll_share(enum roll_stage s, const struct roll_opt *o)
{
	static const double share[ROLL_STAGES] = { 0, 0.05, 0.25, 1, 0, 0 };
	double x = (unsigned)s < ROLL_STAGES ? share[s] : 0;
	return x < 1 - o->control ? x : 1 - o->control;
}

bool policy_roll_over(enum roll_stage s)
{
	return s == ROLL_BACK || s == ROLL_NO_GAIN;
}

static double unit(double x)
{
	return !(x > 0) ? 0 : x < 1 ? x : 1;
}

void policy_roll_see(struct policy_roll *r, const struct roll_opt *o, int arm, double reward,
		     const double guard[ROLL_GUARDS])
{
	double alpha = alpha_of(o);
	ASSERT(arm == 0 || arm == 1);
	if (policy_roll_over(r->stage))
		return;
	r->seen[arm]++;
	roll_seq_add(&r->reward[arm], unit(reward), alpha);
	for (int g = 0; g < ROLL_GUARDS; g++)
		roll_seq_add(&r->guard[arm][g], unit(guard[g]), alpha);
}

static bool to(struct policy_roll *r, enum roll_stage s, const char **why, const char *text)
{
	*r = (struct policy_roll){ .stage = s };
	*why = text;
	return true;
}

static bool guard_worse(const struct policy_roll *r, double alpha)
{
	for (int g = 0; g < ROLL_GUARDS; g++)
		if (roll_seq_lo(&r->guard[1][g], alpha) > roll_seq_hi(&r->guard[0][g], alpha))
			return true;
	return false;
}

/* No guard is worse by more than the margin, for certain. */
static bool guards_hold(const struct policy_roll *r, double alpha, double margin)
{
	for (int g = 0; g < ROLL_GUARDS; g++)
		if (roll_seq_hi(&r->guard[1][g], alpha) >
		    roll_seq_lo(&r->guard[0][g], alpha) + margin)
			return false;
	return true;
}

/* Who got the new way is as many as the share says: else the log is not to be trusted. */
static bool ratio_true(const struct policy_roll *r, const struct roll_opt *o)
{
	double n = (double)(r->seen[0] + r->seen[1]), p = policy_roll_share(r->stage, o);
	return fabs((double)r->seen[1] - n * p) <= RATIO_Z * sqrt(n * p * (1 - p)) + 1;
}

bool policy_roll_judge(struct policy_roll *r, const struct roll_opt *o, const char **why)
{
	double alpha = alpha_of(o);
	if (policy_roll_over(r->stage))
		return false;
	if (r->stage == ROLL_SHADOW)
		return r->seen[0] >= o->shadow &&
		       to(r, ROLL_5, why, "shadow_done");
	double lo = roll_seq_lo(&r->reward[1], alpha), hi = roll_seq_hi(&r->reward[1], alpha);
	double lo0 = roll_seq_lo(&r->reward[0], alpha), hi0 = roll_seq_hi(&r->reward[0], alpha);
	if (hi < lo0)
		return to(r, ROLL_BACK, why, "worse");
	if (guard_worse(r, alpha))
		return to(r, ROLL_BACK, why, "guard_worse");
	if (r->seen[0] + r->seen[1] >= o->least && !ratio_true(r, o))
		return to(r, ROLL_BACK, why, "shares_differ");
	bool better = lo > hi0 && guards_hold(r, alpha, o->margin);
	if (r->stage == ROLL_5 && r->seen[1] * 10 >= o->least &&
	    r->reward[1].mean >= r->reward[0].mean - o->margin)
		return to(r, ROLL_25, why, "not_worse");
	if (r->stage == ROLL_25 && r->seen[1] >= o->least && better)
		return to(r, ROLL_100, why, "better");
	if (r->stage != ROLL_100 && r->seen[0] + r->seen[1] >= o->most)
		return to(r, ROLL_NO_GAIN, why, "no_gain");
	return false;
}

/* ---- on paper ---- */

static const char *const guard_names[ROLL_GUARDS] = { "handover", "thumb_down" };

static jv *seq_json(const struct roll_seq *s, double alpha)
{
	jv *o = jv_obj();
	jv_set_num(o, "n", s->n);
	jv_set_num(o, "mean", s->mean);
	jv_set_num(o, "lo", roll_seq_lo(s, alpha));
	jv_set_num(o, "hi", roll_seq_hi(s, alpha));
	jv_set_num(o, "sq", s->sq);
	jv_set_num(o, "weight", s->weight);
	jv_set_num(o, "weighted", s->weighted);
	jv_set_num(o, "width", s->width);
	return o;
}

static void seq_load(const jv *o, struct roll_seq *s)
{
	*s = (struct roll_seq){
		.n = jv_get_num(o, "n", 0), .mean = jv_get_num(o, "mean", 0),
		.sq = jv_get_num(o, "sq", 0), .weight = jv_get_num(o, "weight", 0),
		.weighted = jv_get_num(o, "weighted", 0), .width = jv_get_num(o, "width", 0),
	};
}

void policy_roll_json(const struct policy_roll *r, const struct roll_opt *o, jv *out)
{
	double alpha = alpha_of(o);
	jv *arms = jv_arr();
	jv_set_str(out, "stage", sv_of(policy_roll_name(r->stage)));
	jv_set_num(out, "share", policy_roll_share(r->stage, o));
	for (int a = 0; a < 2; a++) {
		jv *x = jv_obj();
		jv_set_str(x, "arm", a ? SV("new") : SV("before"));
		jv_set_int(x, "seen", r->seen[a]);
		jv_set(x, "reward", seq_json(&r->reward[a], alpha));
		for (int g = 0; g < ROLL_GUARDS; g++)
			jv_set(x, guard_names[g], seq_json(&r->guard[a][g], alpha));
		jv_push(arms, x);
	}
	jv_set(out, "arms", arms);
}

bool policy_roll_load(const jv *t, struct policy_roll *ret)
{
	int stage = policy_roll_of(jv_get_str(t, "stage"));
	const jv *arms = jv_get(t, "arms");
	if (stage < 0 || jv_len(arms) != 2)
		return false;
	*ret = (struct policy_roll){ .stage = (enum roll_stage)stage };
	for (int a = 0; a < 2; a++) {
		const jv *x = jv_at(arms, (size_t)a);
		ret->seen[a] = jv_get_int(x, "seen", 0);
		seq_load(jv_get(x, "reward"), &ret->reward[a]);
		for (int g = 0; g < ROLL_GUARDS; g++)
			seq_load(jv_get(x, guard_names[g]), &ret->guard[a][g]);
	}
	return true;
}
