/* half.h: 16-bit floats of IEEE 754, as weights' files hold them; private to model. */
#ifndef CALLM_MODEL_HALF_H
#define CALLM_MODEL_HALF_H

#include <stdint.h>
#include <string.h>

/* Exact; infinities and what is no number stay what they are. */
static inline float half_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = (h >> 10) & 31, man = h & 1023, bits;
	float f;
	if (exp == 0) {
		f = (float)man / 16777216.0f; /* 2^-24: zero and subnormals */
		return sign ? -f : f;
	}
	bits = sign | (exp == 31 ? 255u : exp + 112) << 23 | man << 13;
	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* The same of two bytes, little-endian. */
static inline float half_float_at(const uint8_t *p)
{
	return half_float((uint16_t)(p[0] | p[1] << 8));
}

#endif
