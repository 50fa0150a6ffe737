/* acd_core_wait.c: how long it will be.
 *
 * A queue remembers, fading with time, how often somebody was answered while somebody waited
 * (mu), and how often one of those who waited gave up (theta, a person and moment). Who has k
 * before him then waits the sum of k+1 exponential times with the rates mu + j theta, j = 0..k:
 * the many-server queue with impatience (Erlang A; Garnett, Mandelbaum and Reiman 2002;
 * docs/acd.md). Mean and variance are sums; the bounds are the tenth and the ninetieth
 * percentile of the gamma distribution that has both (Wilson and Hilferty's cube root). Without
 * answers of late the guess is the handling time over those who serve. One thread.
 */
#include "acd_core_int.h"

#include <math.h>

#define FADE_MS (15.0 * 60000)       /* what is older than this counts e times less */
#define ENOUGH 3.0                   /* answers before they are believed alone */
#define EXACT 64                     /* terms that are summed; the rest is an integral */
#define HANDLE_MS 240000.0           /* handling time of a queue that knows nothing yet */
#define Z10 1.2816                   /* ninetieth percentile of the normal distribution */
#define KNOWN_MS (4.0 * CAL_HOUR)    /* longer waits are not known */
#define BELIEF 2.0                   /* guesses' worth of belief that the formula is right */
#define MISS_MOST 25.0               /* of one guess: five deviations */

void wait_seen(struct queue *q, int64_t now)
{
	double ms = (double)(now - q->seen_ms), keep;
	int n = rank_size(q->root);
	if (ms <= 0)
		return;
	keep = exp(-ms / FADE_MS);
	q->answers *= keep;
	q->left *= keep;
	q->handled *= keep;
	q->handle_ms *= keep;
	q->misses *= keep;
	q->judged *= keep;
	q->busy_ms = q->busy_ms * keep + (n + q->n_offered > 0 ? ms : 0);
	q->person_ms = q->person_ms * keep + ms * n;
	q->seen_ms = now;
}

void wait_answered(struct queue *q, const struct item *x, int64_t waited)
{
	double miss = (double)waited - x->guess;
	q->answers += 1;
	if (x->guess_var <= 0)
		return;
	q->misses += fmin(miss * miss / x->guess_var, MISS_MOST);
	q->judged += 1;
}

void wait_left(struct queue *q)
{
	q->left += 1;
}

void wait_handled(struct queue *q, int64_t ms)
{
	q->handled += 1;
	q->handle_ms += (double)ms;
}

/* Those who could serve this queue now or soon: logged in and not on a break. */
static double servers(struct acd_core *c, const struct queue *q)
{
	int i = (int)(q - c->queue);
	double n = 0;
	for (size_t k = 0; k < c->all.n; k++) {
		const struct agent *a = c->all.v[k];
		if (a->presence == ACD_READY && bit_of(a->queues, i))
			n += 1.0 / a->n_seats;
	}
	return n;
}

bool wait_nobody(const struct acd_core *c, const struct queue *q)
{
	int i = (int)(q - c->queue);
	for (size_t k = 0; k < c->all.n; k++) {
		const struct agent *a = c->all.v[k];
		if (a->presence == ACD_READY && match_reaches(c, a, i))
			return false;
	}
	return true;
}

/* Answers a millisecond while somebody waits; 0 = nobody serves. */
static double rate(struct acd_core *c, const struct queue *q)
{
	double handle = q->handled >= 1 ? q->handle_ms / q->handled : HANDLE_MS;
	double seen = q->answers, ms = q->busy_ms, n;
	if (seen >= ENOUGH && ms > 0)
		return seen / ms;
	n = servers(c, q);
	if (n <= 0)
		return seen >= 1 && ms > 0 && q->n_present > 0 ? seen / ms : 0;
	/* one answer's worth of belief in the guess, beside what was seen */
	return (seen + 1) / (ms + fmax(handle, 1000) / n);
}

/* Percentile of a gamma distribution by its mean and variance, z of the normal one. */
static double gamma_at(double mean, double var, double z)
{
	double shape = mean * mean / var, d = 1 / (9 * shape);
	double root = 1 - d + z * sqrt(d);
	return root <= 0 ? 0 : mean * root * root * root;
}

/* Mean (below 0: not known) and variance of the wait of who has `ahead` before him. */
static double moments(struct acd_core *c, const struct queue *q, int ahead, double *ret_var)
{
	double mu = rate(c, q), theta = q->person_ms > 0 ? q->left / q->person_ms : 0;
	double mean = 0, var = 0;
	if (mu <= 0)
		return -1;
	for (int j = 0; j <= ahead && j < EXACT; j++) {
		double t = 1 / (mu + j * theta);
		mean += t;
		var += t * t;
	}
	if (ahead >= EXACT) {
		double from = mu + (EXACT - 0.5) * theta, to = mu + (ahead + 0.5) * theta;
		bool flat = theta * ahead < 1e-6 * mu;
		mean += flat ? (ahead + 1 - EXACT) / mu : log(to / from) / theta;
		var += flat ? (ahead + 1 - EXACT) / (mu * mu) : (1 / from - 1 / to) / theta;
	}
	/* the rate itself is only known from so many answers */
	*ret_var = var + mean * mean / (q->answers + 1);
	return mean > KNOWN_MS ? -1 : mean;
}

static void guess(const struct queue *q, int ahead, double mean, double var, struct acd_wait *ret)
{
	*ret = (struct acd_wait){ .position = ahead + 1, .ms = -1, .high_ms = -1 };
	if (mean < 0)
		return;
	/* What skills, tiers and breaks add: as much as earlier guesses were wrong by. */
	var *= fmax(1, (BELIEF + q->misses) / (BELIEF + q->judged));
	ret->ms = (int64_t)mean;
	ret->low_ms = (int64_t)fmin(gamma_at(mean, var, -Z10), mean);
	ret->high_ms = (int64_t)fmax(gamma_at(mean, var, Z10), mean);
}

void wait_guess(struct acd_core *c, const struct queue *q, int ahead, struct acd_wait *ret)
{
	double var = 0, mean = moments(c, q, ahead, &var);
	guess(q, ahead, mean, var, ret);
}

void wait_promise(struct acd_core *c, const struct queue *q, struct item *x, struct acd_wait *ret)
{
	int ahead = rank_of(q->root, x);
	double var = 0, mean = moments(c, q, ahead, &var);
	guess(q, ahead, mean, var, ret);
	if (mean <= 0 || x->guess_var > 0)
		return;
	x->guess = mean;
	x->guess_var = var;
}
