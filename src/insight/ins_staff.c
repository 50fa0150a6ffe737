/* ins_staff.c: Erlang B, C and A. With impatience the wait behind k others is a sum of
 * exponentials of rates nm + j*theta, whose distribution is a beta function: no integration.
 * Pure. */
#include "ins_staff.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

double ins_erlang_b(double a, int n)
{
	double inv = 1;
	if (a <= 0)
		return n > 0 ? 0 : 1;
	for (int i = 1; i <= n; i++)
		inv = 1 + inv * i / a;
	return 1 / inv;
}

double ins_erlang_c(double a, int n)
{
	double b, rho = n > 0 ? a / n : 1;
	if (rho >= 1)
		return 1;
	b = ins_erlang_b(a, n);
	return b / (1 - rho * (1 - b));
}

/* Lentz's evaluation of the continued fraction. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), h;
	if (fabs(d) < 1e-300)
		d = 1e-300;
	h = d = 1 / d;
	for (int m = 1; m < 100000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / (1 + even * d);
		c = 1 + even / c;
		h *= d * c;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		h *= d * c;
		if (fabs(d * c - 1) < 2 * DBL_EPSILON)
			break;
	}
	return h;
}

double ins_beta_inc(double a, double b, double x)
{
	double front;
	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

static int wrong(const struct ins_load *l, struct err *e)
{
	const struct {
		const char *name;
		double v, least, most;
	} rule[] = {
		{ "calls", l->calls, 0, 1e7 },
		{ "interval", l->interval_s, 1, 86400 * 31.0 },
		{ "aht", l->aht_s, 0.001, 86400 },
		{ "patience", l->patience_s, 0, 86400 * 31.0 },
		{ "within", l->within_s, 0, 86400 * 31.0 },
		{ "goal", l->goal, 0, 0.999999 },
		{ "occupancy", l->occupancy_max, 0, 1 },
		{ "shrinkage", l->shrinkage, 0, 0.95 },
		{ "concurrency", l->concurrency, 0, 50 },
	};
	for (size_t i = 0; i < sizeof(rule) / sizeof(*rule); i++)
		if (!(rule[i].v >= rule[i].least && rule[i].v <= rule[i].most))
			return err_set(e, ERR_INVAL, "%s is %g; it must be %g to %g", rule[i].name,
				       rule[i].v, rule[i].least, rule[i].most);
	return 0;
}

static void patient(const struct ins_load *l, int n, struct ins_staffing *s)
{
	double mu = 1 / l->aht_s, lambda = l->calls / l->interval_s, a = lambda / mu;
	double spare = n * mu - lambda;
	s->p_wait = ins_erlang_c(a, n);
	s->p_abandon = 0;
	s->occupancy = a < n ? a / n : 1;
	if (spare <= 0) {
		s->service_level = 0;
		s->asa_s = s->queue = INFINITY;
		return;
	}
	s->service_level = 1 - s->p_wait * exp(-spare * l->within_s);
	s->asa_s = s->p_wait / spare;
	s->queue = s->asa_s * lambda;
}

/* ---- Erlang A: birth and death, k waiting while all n are busy ---- */

/* Beyond: so many wait that their number hardly varies (a third of a percent). */
#define FLUID 1e5
enum { TURNS = 50000 };              /* states to each side of the most likely one */

struct birth {
	double mu, lambda, theta;    /* of all n, a second */
	double b, u;                 /* mu / theta; share whose patience ends within_s */
	double all, waiting, in_time;
};

static void weigh(struct birth *q, double k, double w)
{
	q->all += w;
	q->waiting += k * w;
	/* below a billionth of what is sought nobody counts them */
	if (q->u > 0 && w > 1e-18 * q->all)
		q->in_time += w * q->b / (k + 1 + q->b) * ins_beta_inc(k + 1, q->b + 1, q->u);
}

/* Sums over the states from the most likely one to both sides, whose weight is 1, so nothing
 * overflows. Returns the weight of "all busy, nobody waits"; 0 when it is beyond sight. */
static double sums(struct birth *q, double peak)
{
	double w = 1, k = peak;
	for (int i = 0; i < TURNS && w >= 1e-18 * q->all; i++, k++) {
		weigh(q, k, w);
		w *= q->lambda / (q->mu + (k + 1) * q->theta);
	}
	w = 1;
	k = peak;
	for (int i = 0; i < TURNS && k > 0 && w >= 1e-18 * q->all; i++) {
		w *= (q->mu + k * q->theta) / q->lambda;
		weigh(q, --k, w);
	}
	return k > 0 ? 0 : w;
}

/* A queue so long that it is as good as a flow: all wait equally long or leave. */
static void flow(const struct ins_load *l, const struct birth *q, struct ins_staffing *s)
{
	double served = q->mu / q->lambda;
	s->p_wait = s->occupancy = 1;
	s->p_abandon = 1 - served;
	s->queue = (q->lambda - q->mu) / q->theta;
	s->asa_s = s->queue / q->lambda;
	s->service_level = -log(served) * l->patience_s <= l->within_s ? served : 0;
}

static void impatient(const struct ins_load *l, int n, struct ins_staffing *s)
{
	struct birth q = { .mu = n / l->aht_s, .lambda = l->calls / l->interval_s,
			   .theta = 1 / l->patience_s };
	double below = 1 / ins_erlang_b(q.lambda * l->aht_s, n) - 1;   /* states with one idle */
	double peak = q.lambda > q.mu ? floor((q.lambda - q.mu) / q.theta) : 0;
	q.b = q.mu / q.theta;
	q.u = -expm1(-q.theta * l->within_s);
	if (isinf(below)) {          /* nobody ever waits; service_level is 1 */
		s->occupancy = q.lambda / q.mu;
		return;
	}
	if (peak > FLUID) {
		flow(l, &q, s);
		return;
	}
	below *= sums(&q, peak);
	s->p_wait = q.all / (below + q.all);
	s->queue = q.waiting / (below + q.all);
	s->asa_s = s->queue / q.lambda;
	s->p_abandon = q.theta * s->queue / q.lambda;
	s->service_level = (below + q.in_time) / (below + q.all);
	s->occupancy = q.lambda * (1 - s->p_abandon) / q.mu;
}

static void figures(const struct ins_load *l, int agents, struct ins_staffing *s)
{
	int n = agents * (l->concurrency > 1 ? l->concurrency : 1);
	*s = (struct ins_staffing){ .agents = agents, .service_level = 1 };
	s->scheduled = (int)ceil(agents / (1 - l->shrinkage) - 1e-9);
	if (l->calls <= 0)
		return;
	if (n < 1) {
		s->service_level = 0;
		s->p_wait = s->occupancy = 1;
		s->p_abandon = l->patience_s > 0;
		s->asa_s = l->patience_s > 0 ? l->patience_s : INFINITY;
		s->queue = s->asa_s * l->calls / l->interval_s;
	} else if (l->patience_s > 0) {
		impatient(l, n, s);
	} else {
		patient(l, n, s);
	}
}

int ins_staff_at(const struct ins_load *l, int agents, struct ins_staffing *ret, struct err *e)
{
	int rc = wrong(l, e);
	if (rc)
		return rc;
	if (agents < 0 || agents > INS_AGENTS_MAX)
		return err_set(e, ERR_INVAL, "agents is %d; it must be 0 to %d", agents,
			       INS_AGENTS_MAX);
	figures(l, agents, ret);
	return 0;
}

static bool enough(const struct ins_load *l, int agents, struct ins_staffing *s)
{
	figures(l, agents, s);
	return s->service_level >= l->goal &&
	       (l->occupancy_max <= 0 || s->occupancy <= l->occupancy_max);
}

int ins_staff_need(const struct ins_load *l, struct ins_staffing *ret, struct err *e)
{
	struct ins_staffing s;
	int low = -1, high = 1, rc = wrong(l, e);
	if (rc)
		return rc;
	if (enough(l, 0, &s)) {
		*ret = s;
		return 0;
	}
	/* who is answered in time was served: fewer than goal x erlangs cannot be enough */
	double least = floor(l->goal * l->calls * l->aht_s / l->interval_s /
			     (l->concurrency > 1 ? l->concurrency : 1) * (1 - 1e-9));
	low = least < INS_AGENTS_MAX ? (int)least : INS_AGENTS_MAX;
	low = low > 0 ? low - 1 : 0;
	high = low + 1;
	while (!enough(l, high, &s)) {
		if (high >= INS_AGENTS_MAX)
			return err_set(e, ERR_RANGE, "%d agents do not reach the goal",
				       INS_AGENTS_MAX);
		low = high;
		high = high * 2 < INS_AGENTS_MAX ? high * 2 : INS_AGENTS_MAX;
	}
	while (high - low > 1) {
		int mid = low + (high - low) / 2;
		if (enough(l, mid, &s))
			high = mid;
		else
			low = mid;
	}
	figures(l, high, ret);
	return 0;
}
