/* nn_kern.h: the arithmetic, several times: plain C says what is right, the others are quick.
 * Private to the room. */
#ifndef CALLM_NN_KERN_H
#define CALLM_NN_KERN_H

#include "nn.h"

/* A product of tables; ld: floats from one row to the next. */
struct nn_prod {
	const float *x; /* t x k */
	const float *w; /* n x k */
	const float *b; /* n, may be NULL */
	float *y;       /* t x n */
	int t, n, k;
	int ldx, ldw, ldy;
};

struct nn_adam {
	float rate, beta1, beta2, eps, decay, scale; /* scale: of the gradient */
	float fix1, fix2;                            /* 1 / (1 - beta^step) */
};

struct nn_kern {
	const char *name;
	bool (*has)(void);
	float (*dot)(const float *a, const float *b, int n);
	void (*axpy)(float *y, float a, const float *x, int n); /* y += a x */
	void (*axpy_q)(float *y, float a, const int8_t *q, int n);
	int32_t (*dot_q)(const int8_t *a, const int8_t *b, int n); /* |values| <= 127 */
	void (*mul)(const struct nn_prod *p);   /* y = x w^T + b */
	/* x += y w     (x and w as in mul: derivative by x). */
	void (*mul_t)(const struct nn_prod *p);
	void (*outer)(const struct nn_prod *p); /* w += y^T x   (derivative by w) */
	void (*act)(enum nn_act a, const float *x, float *y, int n);
	/* dx += dy * act'(x); y is act(x) */
	void (*act_back)(enum nn_act a, const float *x, const float *dy, float *dx, int n);
	float (*soft)(float *x, int n); /* x = e^(x - greatest), returns the sum */
	void (*adam)(const struct nn_adam *a, float *w, float *const mv[2], const float *g, int n);
};

extern const struct nn_kern *nn_k; /* the one in use */

/* Floats to bytes with one scale for all: q = round(x / scale), |q| <= 127. Returns the scale
 * (0: all 0). */
float nn_quantise(const float *x, int n, int8_t *q);

#endif
