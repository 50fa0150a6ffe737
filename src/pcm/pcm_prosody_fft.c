/* pcm_prosody_fft.c: the one Fourier transform that prosody needs: 512 real points, as 256 complex
 * ones (even samples real, odd ones imaginary), by Stockham's method: it needs no bit reversal,
 * and its inner loops run over neighbours. Pure functions; tables belong to the caller. */
#include "pcm_prosody_int.h"

#include <math.h>

enum { N = PROS_HALF };          /* complex points */

void pros_fft_init(struct pros_fft *f)
{
	for (int k = 0; k < PROS_HALF; k++) {
		f->cos[k] = (float)cos(2 * M_PI * k / PROS_N);
		f->sin[k] = (float)-sin(2 * M_PI * k / PROS_N);
	}
}

struct cplx {
	float re[N], im[N];
};

/* One stage: n points in s interleaved rows become two of n / 2. */
static void stage(const struct pros_fft *f, int n, int s, const struct cplx *restrict x,
		  struct cplx *restrict y)
{
	int m = n / 2;
	for (int p = 0; p < m; p++) {
		float wr = f->cos[2 * p * s], wi = f->sin[2 * p * s];
		const float *ar = x->re + s * p, *ai = x->im + s * p;
		const float *br = x->re + s * (p + m), *bi = x->im + s * (p + m);
		float *cr = y->re + s * 2 * p, *ci = y->im + s * 2 * p;
		float *dr = cr + s, *di = ci + s;
		for (int q = 0; q < s; q++) {
			float re = ar[q] - br[q], im = ai[q] - bi[q];
			cr[q] = ar[q] + br[q];
			ci[q] = ai[q] + bi[q];
			dr[q] = re * wr - im * wi;
			di[q] = re * wi + im * wr;
		}
	}
}

/* 256 complex points, forward, in place; eight stages end where they began. */
static void transform(const struct pros_fft *f, struct cplx *x)
{
	struct cplx y;
	for (int n = N, s = 1; n > 1; n /= 4, s *= 4) {
		stage(f, n, s, x, &y);
		stage(f, n / 2, 2 * s, &y, x);
	}
}

void pros_power(const struct pros_fft *f, const float *x, float *power)
{
	struct cplx z;
	for (int i = 0; i < N; i++) {
		z.re[i] = x[2 * i];
		z.im[i] = x[2 * i + 1];
	}
	transform(f, &z);
	float dc = z.re[0] + z.im[0], top = z.re[0] - z.im[0];
	power[0] = dc * dc;
	power[N] = top * top;
	for (int k = 1; k < N; k++) {
		/* the transforms of the even and of the odd samples, then their sum */
		float er = (z.re[k] + z.re[N - k]) / 2, ei = (z.im[k] - z.im[N - k]) / 2;
		float or = (z.im[k] + z.im[N - k]) / 2, oi = (z.re[N - k] - z.re[k]) / 2;
		float re = er + or * f->cos[k] - oi * f->sin[k];
		float im = ei + or * f->sin[k] + oi * f->cos[k];
		power[k] = re * re + im * im;
	}
}

/* A power spectrum is real and even, so its transform is too: the same packing, backwards. */
void pros_autocor(const struct pros_fft *f, const float *power, float *r)
{
	struct cplx z;
	for (int i = 0; i < N; i++) {
		int a = 2 * i, b = 2 * i + 1;
		z.re[i] = power[a <= N ? a : PROS_N - a];
		z.im[i] = power[b <= N ? b : PROS_N - b];
	}
	transform(f, &z);
	r[0] = z.re[0] + z.im[0];
	r[N] = z.re[0] - z.im[0];
	for (int k = 1; k < N; k++) {
		float er = (z.re[k] + z.re[N - k]) / 2;
		float or = (z.im[k] + z.im[N - k]) / 2, oi = (z.re[N - k] - z.re[k]) / 2;
		r[k] = er + or * f->cos[k] - oi * f->sin[k];
	}
}
