/* rng.h: reproducible random numbers (xoshiro256**), passed in, never global; and secure bytes. */
#ifndef CALLM_BASE_RNG_H
#define CALLM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);   /* 0..n-1, unbiased; n > 0 */
double rng_unit(struct rng *r);                  /* [0,1) */
double rng_normal(struct rng *r);                /* mean 0, deviation 1 */
void rng_secure(void *p, size_t n);              /* getrandom; aborts when it fails */

#endif
