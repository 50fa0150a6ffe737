/* Learned Q: a dialogue of several turns learned from a randomised log beats the best fixed
 * rule, and an N-shaped centre (one pool for one type, one for both) comes within 1 % of the
 * optimum. */
#include "policy_q.h"

#include <math.h>
#include <stdio.h>

#include "t.h"

/* ---- a dialogue: mood 0 calm, 1 upset, 2 angry; attempts 0..2; answer, apologise, offer,
 * person ---- */

enum { MOODS = 3, TRIES = 3, ACTS = 4, DIM = MOODS * TRIES * ACTS };
struct turn { int mood, tries; };

static double solves(struct turn s, int act)
{
	static const double p[3][3] = { { .62, .55, .60 }, { .35, .52, .58 }, { .12, .33, .60 } };
	if (act == 3)
		return 1;
	/* a plain answer grows better with what was said before, an apology helps once */
	double again = act == 0 ? 1 + 0.25 * s.tries :
		       act == 1 ? 1 - 0.4 * s.tries :
				  1 - 0.2 * s.tries;
	return fmin(p[s.mood][act] * again, 0.95);
}

static double earns(int act)
{
	static const double v[ACTS] = { 1, 0.97, 0.7, 0.45 };    /* what solving so is worth */
	return v[act];
}

static double worsens(struct turn s, int act)
{
	return act == 0 ? 0.5 + 0.1 * s.tries : 0.25;
}

static void features(struct turn s, int act, double x[DIM])
{
	memset(x, 0, sizeof(*x) * DIM);
	x[(s.mood * TRIES + s.tries) * ACTS + act] = 1;
}

static int by_q(const struct policy_q *q, struct turn s)
{
	double c[ACTS * DIM];
	for (int a = 0; a < ACTS; a++)
		features(s, a, c + a * DIM);
	return policy_q_best(q, c, ACTS);
}

/* Rules a person might write: one act, another when upset, another when angry, a person after so
 * many tries. */
static int by_rule(int rule, struct turn s)
{
	int act = s.mood == 2 ? rule / 16 % 4 : s.mood == 1 ? rule / 4 % 4 : rule % 4;
	return s.tries >= 1 + rule / 64 ? 3 : act;
}

static double talk(struct rng *r, const struct policy_q *q, int rule)
{
	struct turn s = { (int)rng_below(r, MOODS), 0 };
	while (s.tries < TRIES) {
		int act = q ? by_q(q, s) : by_rule(rule, s);
		double u = rng_unit(r), v = rng_unit(r);
		if (u < solves(s, act))
			return earns(act);
		s.mood += v < worsens(s, act) && s.mood < 2;
		s.tries++;
	}
	return 0;
}

struct log { VEC(struct policy_q_step) step; VEC(double *) mem; };

static void log_talks(struct log *l, int n, uint64_t seed)
{
	struct rng r;
	rng_seed(&r, seed);
	for (int i = 0; i < n; i++) {
		struct turn s = { (int)rng_below(&r, MOODS), 0 };
		for (bool open = true; open && s.tries < TRIES;) {
			struct policy_q_step *t = VEC_PUSH(&l->step, 1000000);
			double **mem = VEC_PUSH(&l->mem, 1000000);
			int act = (int)rng_below(&r, ACTS);
			*mem = xalloc(sizeof(double) * DIM * (ACTS + 1));
			features(s, act, *mem);
			*t = (struct policy_q_step){ .x = *mem };
			open = rng_unit(&r) >= solves(s, act);
			t->reward = open ? 0 : earns(act);
			s.mood += rng_unit(&r) < worsens(s, act) && s.mood < 2;
			if (!open || ++s.tries == TRIES)
				continue;
			for (int a = 0; a < ACTS; a++)
				features(s, a, *mem + DIM * (a + 1));
			t->next = *mem + DIM;
			t->n_next = ACTS;
		}
	}
}

TEST(q_dialogue_beats_the_best_rule)
{
	struct log l = { 0 };
	struct policy_q q = { 0 };
	double best = -1, sum = 0, sq = 0;
	int rule = 0, n = 20000;
	struct rng a, b;
	log_talks(&l, 6000, 5);
	EQ(policy_q_fit(&(struct policy_q_opt){ .dim = DIM, .gamma = 1 }, l.step.v, l.step.n, &q),
	   0);
	for (int k = 0; k < 192; k++) {
		double v = 0;
		rng_seed(&a, 99);
		for (int i = 0; i < 3000; i++)
			v += talk(&a, NULL, k);
		if (v > best) {
			best = v;
			rule = k;
		}
	}
	for (int i = 0; i < n; i++) {        /* the same customers for both */
		rng_seed(&a, (uint64_t)i + 1);
		rng_seed(&b, (uint64_t)i + 1);
		double d = talk(&a, &q, 0) - talk(&b, NULL, rule);
		sum += d;
		sq += d * d;
	}
	double mean = sum / n, half = 1.96 * sqrt((sq / n - mean * mean) / n);
	(void)fprintf(stderr, "# dialogue: learned - best of 192 rules: %+.4f +- %.4f\n", mean,
		      half);
	CHECK(mean - half > 0);
	for (size_t i = 0; i < l.mem.n; i++)
		xfree(l.mem.v[i]);
	VEC_FREE(&l.mem);
	VEC_FREE(&l.step);
	xfree(q.w);
}

TEST(q_ranges)
{
	struct policy_q q;
	double x[1] = { 1 };
	struct policy_q_step s = { .x = x, .reward = 2 };
	EQ(policy_q_fit(&(struct policy_q_opt){ .dim = 0 }, &s, 1, &q), ERR_INVAL);
	EQ(policy_q_fit(&(struct policy_q_opt){ .dim = 1, .gamma = 1.5 }, &s, 1, &q), ERR_INVAL);
	EQ(policy_q_fit(&(struct policy_q_opt){ .dim = 1 }, &s, 0, &q), ERR_INVAL);
	EQ(policy_q_fit(&(struct policy_q_opt){ .dim = 1, .ridge = 1e-9 }, &s, 1, &q), 0);
	NEAR(policy_q_value(&q, x), 2, 1e-6);
	xfree(q.w);
}

/* ---- an N-shaped centre: pool 1 (2 agents) serves type 1; pool 2 (3) serves both; type 2 waits
 * dearer. Discounted, one event of the uniformised chain a step. ---- */

enum { P1 = 2, P2 = 3, Q1 = 12, Q2 = 12, STATES = (P1 + 1) * (P2 + 1) * (Q1 + 1) * (Q2 + 1) };
#define L1 1.6
#define L2 1.7
#define RATE (L1 + L2 + P1 + P2)
#define GAMMA 0.97
struct n_state { int b1, b2, q1, q2; };

static int index_of(struct n_state s)
{
	return ((s.b1 * (P2 + 1) + s.b2) * (Q1 + 1) + s.q1) * (Q2 + 1) + s.q2;
}

static struct n_state state_of(int k)
{
	return (struct n_state){ k / ((Q2 + 1) * (Q1 + 1) * (P2 + 1)),
				 k / ((Q2 + 1) * (Q1 + 1)) % (P2 + 1), k / (Q2 + 1) % (Q1 + 1),
				 k % (Q2 + 1) };
}

static double cost(struct n_state s)
{
	return s.q1 + 3.0 * s.q2;
}

/* Choices in a state: pool 2 takes one of type 1, or of type 2, or waits. Pool 1 never waits. */
static int choices(struct n_state s, struct n_state out[3])
{
	int n = 0;
	if (s.q1 && s.b1 < P1) {
		s.q1--;
		s.b1++;
	}
	out[n++] = s;
	if (s.b2 < P2 && s.q1)
		out[n++] = (struct n_state){ s.b1, s.b2 + 1, s.q1 - 1, s.q2 };
	if (s.b2 < P2 && s.q2)
		out[n++] = (struct n_state){ s.b1, s.b2 + 1, s.q1, s.q2 - 1 };
	return n;
}

/* The i-th event: arrivals, ends of service; its probability. */
static double event(struct n_state s, int i, struct n_state *to)
{
	*to = s;
	if (i == 0) {
		to->q1 += s.q1 < Q1;
		return L1 / RATE;
	}
	if (i == 1) {
		to->q2 += s.q2 < Q2;
		return L2 / RATE;
	}
	if (i == 2) {
		to->b1--;
		return s.b1 / RATE;
	}
	if (i == 3) {
		to->b2--;
		return s.b2 / RATE;
	}
	return (P1 - s.b1 + P2 - s.b2) / RATE;
}

/* Values after a choice: by the optimum (q NULL), or of the policy q. */
static int by_features(const struct policy_q *q, struct n_state s, struct n_state out[3]);

static int by_value(const double *v, struct n_state s)
{
	struct n_state out[3];
	int n = choices(s, out), best = index_of(out[0]);
	for (int i = 1; i < n; i++)
		best = v[index_of(out[i])] > v[best] ? index_of(out[i]) : best;
	return best;
}

static void iterate(const struct policy_q *q, double *v)
{
	double *next = xalloc(sizeof(*next) * STATES);
	int *chosen = xalloc(sizeof(*chosen) * STATES);
	for (int k = 0; q && k < STATES; k++) {
		struct n_state out[3];
		chosen[k] = index_of(out[by_features(q, state_of(k), out)]);
	}
	for (int round = 0; round < 500; round++) {
		for (int k = 0; k < STATES && !q; k++)
			chosen[k] = by_value(v, state_of(k));
		for (int k = 0; k < STATES; k++) {
			struct n_state s = state_of(k), to;
			double sum = -cost(s);
			for (int i = 0; i < 5; i++) {
				double p = event(s, i, &to);
				if (p > 0)
					sum += GAMMA * p * v[chosen[index_of(to)]];
			}
			next[k] = sum;
		}
		memcpy(v, next, sizeof(*v) * STATES);
	}
	xfree(next);
	xfree(chosen);
}

/* A quadratic in the queues for each number of busy agents. */
enum { PART = 6, NDIM = (P1 + 1) * (P2 + 1) * PART };
static void n_features(struct n_state s, double x[NDIM])
{
	double a = s.q1 / 6.0, b = s.q2 / 6.0, v[PART] = { 1, a, b, a * a, b * b, a * b };
	memset(x, 0, sizeof(*x) * NDIM);
	memcpy(x + (s.b1 * (P2 + 1) + s.b2) * PART, v, sizeof(v));
}

static int by_features(const struct policy_q *q, struct n_state s, struct n_state out[3])
{
	double x[3 * NDIM];
	int n = choices(s, out);
	for (int i = 0; i < n; i++)
		n_features(out[i], x + i * NDIM);
	return policy_q_best(q, x, n);
}

/* Appends decisions: by chance at first, later by what was learned, one in five by chance. */
static void n_log(const struct policy_q *q, struct rng *r, double *mem, struct policy_q_step *step,
		  int from, int to_step)
{
	struct n_state s = { 0 }, out[3], to;
	for (int t = from; t < to_step; t++) {
		double *x = mem + (size_t)t * NDIM * 4, u = rng_unit(r);
		if (t % 50 == 0)
			s = (struct n_state){ (int)rng_below(r, P1 + 1),
					      (int)rng_below(r, P2 + 1),
					      (int)rng_below(r, Q1 / 2),
					      (int)rng_below(r, Q2 / 2) };
		n_features(s, x);
		for (int i = 0; i < 5; i++) {
			u -= event(s, i, &to);
			if (u < 0)
				break;
		}
		int n = choices(to, out);
		for (int i = 0; i < n; i++)
			n_features(out[i], x + NDIM * (i + 1));
		step[t] = (struct policy_q_step){ x, -cost(s), x + NDIM, n };
		s = q->w && rng_below(r, 5) ? out[policy_q_best(q, x + NDIM, n)] :
					      out[rng_below(r, (uint64_t)n)];
	}
}

TEST(q_n_model_within_one_percent)
{
	enum { STEPS = 60000, BATCHES = 3 };
	double *mem = xalloc(sizeof(double) * STEPS * NDIM * 4);
	struct policy_q_step *step = xalloc(sizeof(*step) * STEPS);
	double *best = xalloc(sizeof(double) * STATES), *own = xalloc(sizeof(double) * STATES);
	struct policy_q q = { .dim = NDIM };
	struct rng r;
	rng_seed(&r, 12);
	for (int k = 0; k < BATCHES; k++) {
		int from = STEPS / BATCHES * k, end = STEPS / BATCHES * (k + 1);
		n_log(&q, &r, mem, step, from, end);
		xfree(q.w);
		/* of the log only what was decided lately */
		int use = k > 1 ? STEPS / BATCHES : 0;
		EQ(policy_q_fit(&(struct policy_q_opt){ .dim = NDIM, .gamma = GAMMA, .ridge = 0.1,

							.rounds = 120 }, step + use,
				(size_t)(end - use), &q), 0);
	}
	iterate(NULL, best);
	iterate(&q, own);
	double a = best[index_of((struct n_state){ 0 })], b = own[index_of((struct n_state){ 0 })];
	(void)fprintf(stderr, "# N-model: optimum %.4f, learned %.4f (%+.2f %%)\n", -a, -b,
		      100 * (b / a - 1));
	CHECK(b >= a * 1.01 && b <= a + 1e-6);       /* costs: both are negative */
	xfree(mem);
	xfree(step);
	xfree(best);
	xfree(own);
	xfree(q.w);
}
