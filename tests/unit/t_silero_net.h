/* t_silero_net.h: a Silero network of random numbers, as tensors and as whisper.cpp's file. */
#ifndef CALLM_T_SILERO_NET_H
#define CALLM_T_SILERO_NET_H

#include <math.h>
#include <string.h>
#include "t.h"
#include "pcm_silero.h"

enum { BINS = 129, WIN = 256, FRAME = PCM_SILERO_FRAME };

static const struct {
	const char *name;
	int ne[3], dims;
	double scale;
} spec[] = {
	{ "_model.stft.forward_basis_buffer", { 256, 1, 258 }, 3, 0 },
	{ "_model.encoder.0.reparam_conv.weight", { 3, 129, 128 }, 3, 0.08 },
	{ "_model.encoder.0.reparam_conv.bias", { 128 }, 1, 0.2 },
	{ "_model.encoder.1.reparam_conv.weight", { 3, 128, 64 }, 3, 0.08 },
	{ "_model.encoder.1.reparam_conv.bias", { 64 }, 1, 0.2 },
	{ "_model.encoder.2.reparam_conv.weight", { 3, 64, 64 }, 3, 0.1 },
	{ "_model.encoder.2.reparam_conv.bias", { 64 }, 1, 0.2 },
	{ "_model.encoder.3.reparam_conv.weight", { 3, 64, 128 }, 3, 0.1 },
	{ "_model.encoder.3.reparam_conv.bias", { 128 }, 1, 0.2 },
	{ "_model.decoder.rnn.weight_ih", { 128, 512 }, 2, 0.1 },
	{ "_model.decoder.rnn.weight_hh", { 128, 512 }, 2, 0.1 },
	{ "_model.decoder.rnn.bias_ih", { 512 }, 1, 0.2 },
	{ "_model.decoder.rnn.bias_hh", { 512 }, 1, 0.2 },
	{ "_model.decoder.decoder.2.weight", { 128 }, 1, 0.4 },
	{ "_model.decoder.decoder.2.bias", { 1 }, 0, 0.4 },
};
enum { TENSORS = sizeof(spec) / sizeof(spec[0]) };

struct net {
	float *v[TENSORS];
	size_t n[TENSORS];
};

static inline float basis_at(size_t i)
{
	size_t row = i / WIN, k = i % WIN, bin = row % BINS;
	double a = 2 * M_PI * (double)(bin * k) / WIN,
	       w = 0.5 - 0.5 * cos(2 * M_PI * (double)k / WIN);
	return (float)(row < BINS ? w * cos(a) : -w * sin(a));
}

static inline void net_make(struct net *t)
{
	for (int i = 0; i < TENSORS; i++) {
		t->n[i] = 1;
		for (int d = 0; d < spec[i].dims; d++)
			t->n[i] *= (size_t)spec[i].ne[d];
		t->v[i] = xalloc(t->n[i] * sizeof(float));
		for (size_t k = 0; k < t->n[i]; k++)
			t->v[i][k] = i ? (float)(spec[i].scale * rng_normal(t_rng())) : basis_at(k);
	}
}

static inline void net_done(struct net *t)
{
	for (int i = 0; i < TENSORS; i++)
		xfree(t->v[i]);
}

static inline void put32(struct sb *b, int v)
{
	sb_put(b, sv_n((char *)&v, 4));
}

static inline void put_head(struct sb *b)
{
	static const int shape[] = { 6,   2,  0, 512, 64, 4,  129, 128, 3,   128, 64, 3,
				     64,  64, 3, 64,  128, 3, 128, 128, 128, 1 };
	sb_cstr(b, "lmgg");
	put32(b, 10);
	sb_cstr(b, "silero-16k");
	for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++)
		put32(b, shape[i]);
}

static inline void put_tensor(struct sb *b, const struct net *t, int i)
{
	put32(b, spec[i].dims);
	put32(b, (int)strlen(spec[i].name));
	put32(b, 0);
	for (int d = 0; d < spec[i].dims; d++)
		put32(b, spec[i].ne[d]);
	sb_cstr(b, spec[i].name);
	sb_put(b, sv_n((char *)t->v[i], t->n[i] * sizeof(float)));
}

static inline void put_file(struct sb *b, const struct net *t)
{
	sb_init(b, PCM_SILERO_FILE_MAX);
	put_head(b);
	for (int i = 0; i < TENSORS; i++)
		put_tensor(b, t, i);
}

#endif
