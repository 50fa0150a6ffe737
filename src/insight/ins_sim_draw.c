/* ins_sim_draw.c: random times. Gamma by Marsaglia and Tsang (2000). One thread. */
#include "ins_sim_int.h"

#include <math.h>

double sim_exp(struct rng *r, double mean)
{
	return -mean * log(1 - rng_unit(r));
}

double sim_gamma(struct rng *r, double shape, double scale)
{
	if (shape < 1)
		return sim_gamma(r, shape + 1, scale) * pow(1 - rng_unit(r), 1 / shape);
	double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d), x, v;
	do {
		do {
			x = rng_normal(r);
			v = 1 + c * x;
		} while (v <= 0);
		v = v * v * v;
	} while (log(1 - rng_unit(r)) >= 0.5 * x * x + d - d * v + d * log(v));
	return d * v * scale;
}

double sim_service(struct ins_sim *s, int type)
{
	const struct sim_type *t = &s->m.type[type];
	double mean = t->service_s[s->period], cv = t->service_cv;
	struct rng *r = &s->rng[type][RNG_SERVICE];
	if (cv >= 1 && cv <= 1)
		return sim_exp(r, mean);
	if (cv <= 0)
		return mean;
	double var = log(1 + cv * cv);
	return mean * exp(sqrt(var) * rng_normal(r) - var / 2);
}
