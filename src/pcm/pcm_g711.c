/* pcm_g711.c: G.711 mu-law and A-law.
 *
 * Decoding is a table of 256; encoding finds the segment by counting leading zeros,
 * which is as quick as a 64 KiB table and spares the cache. The tables are made before
 * main by a constructor, so no thread ever sees them unfinished. Pure functions, any
 * thread.
 */
#include "pcm.h"

static int16_t g711_u2s[256], g711_a2s[256];

/* Position of the highest bit; v > 0. */
static int top_bit(unsigned v)
{
	return 31 - __builtin_clz(v);
}

static int16_t ulaw_one(uint8_t u)
{
	unsigned x = (uint8_t)~u;
	int mag = (int)((((x & 15) << 3) + 0x84) << ((x >> 4) & 7)) - 0x84;

	return (int16_t)(x & 0x80 ? -mag : mag);
}

static int16_t alaw_one(uint8_t a)
{
	unsigned x = a ^ 0x55u, seg = (x >> 4) & 7;
	int mag = (int)((x & 15) << 4) + 8;

	if (seg)
		mag = (mag + 0x100) << (seg - 1);
	return (int16_t)(x & 0x80 ? mag : -mag);
}

__attribute__((constructor)) static void g711_init(void)
{
	for (int i = 0; i < 256; i++) {
		g711_u2s[i] = ulaw_one((uint8_t)i);
		g711_a2s[i] = alaw_one((uint8_t)i);
	}
}

static uint8_t ulaw_code(int16_t s)
{
	int v = s, sign = 0;

	if (v < 0) {
		v = -v;
		sign = 0x80;
	}
	if (v > 32635)
		v = 32635;
	v += 0x84;
	int seg = top_bit((unsigned)v) - 7;

	return (uint8_t) ~(sign | seg << 4 | ((v >> (seg + 3)) & 15));
}

static uint8_t alaw_code(int16_t s)
{
	int v = s, sign = 0x80, seg, code;

	if (v < 0) {
		v = -v - 1;
		sign = 0;
	}
	if (v < 256) {
		code = v >> 4;
	} else {
		seg = top_bit((unsigned)v) - 7;
		code = seg << 4 | ((v >> (seg + 3)) & 15);
	}
	return (uint8_t)((sign | code) ^ 0x55);
}

void pcm_ulaw_decode(const uint8_t *in, size_t n, int16_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = g711_u2s[in[i]];
}

void pcm_ulaw_encode(const int16_t *in, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ulaw_code(in[i]);
}

void pcm_alaw_decode(const uint8_t *in, size_t n, int16_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = g711_a2s[in[i]];
}

void pcm_alaw_encode(const int16_t *in, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = alaw_code(in[i]);
}
