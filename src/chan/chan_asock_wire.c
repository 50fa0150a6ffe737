/* chan_asock_wire.c: messages of AudioSocket. Pure functions. */
#include "chan_asock.h"

/* Kinds 0x10 to 0x18, from Asterisk's res_audiosocket.h. */
static const int rates[] = { 8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000 };
#define N_RATES (sizeof(rates) / sizeof(*rates))

int chan_asock_hz(uint8_t kind)
{
	size_t i = (size_t)kind - CHAN_ASOCK_AUDIO;
	return kind >= CHAN_ASOCK_AUDIO && i < N_RATES ? rates[i] : 0;
}

uint8_t chan_asock_kind_of(int hz)
{
	for (size_t i = 0; i < N_RATES; i++)
		if (rates[i] == hz)
			return (uint8_t)(CHAN_ASOCK_AUDIO + i);
	return CHAN_ASOCK_AUDIO;
}

/* What a message of this kind may weigh: false for kinds that do not exist. */
static bool fits(uint8_t kind, size_t n)
{
	switch (kind) {
	case CHAN_ASOCK_UUID:
		return n == 16;
	case CHAN_ASOCK_DTMF:
		return n == 1;
	case CHAN_ASOCK_HANGUP:
	case CHAN_ASOCK_SILENCE:
	case CHAN_ASOCK_ERROR:
		return true;
	default:
		return chan_asock_hz(kind) > 0;
	}
}

int chan_asock_next(sv *rest, struct chan_asock_msg *ret)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	if (rest->n == 0)
		return 0;
	if (rest->n < CHAN_ASOCK_HEAD)
		return fits(p[0], p[0] == CHAN_ASOCK_UUID ? 16 : 1) ? 0 : ERR_PARSE;
	size_t n = (size_t)p[1] << 8 | p[2];
	if (!fits(p[0], n))
		return ERR_PARSE;
	if (n > CHAN_ASOCK_BODY)
		return ERR_TOOBIG;
	if (rest->n < CHAN_ASOCK_HEAD + n)
		return 0;
	*ret = (struct chan_asock_msg){ p[0], sv_slice(*rest, CHAN_ASOCK_HEAD,
						       CHAN_ASOCK_HEAD + n) };
	*rest = sv_slice(*rest, CHAN_ASOCK_HEAD + n, rest->n);
	return 1;
}

size_t chan_asock_put(uint8_t kind, sv body, unsigned char *out, size_t cap)
{
	ASSERT(body.n <= UINT16_MAX && body.n + CHAN_ASOCK_HEAD <= cap);
	out[0] = kind;
	out[1] = (unsigned char)(body.n >> 8);
	out[2] = (unsigned char)body.n;
	if (body.n)
		memcpy(out + CHAN_ASOCK_HEAD, body.p, body.n);
	return body.n + CHAN_ASOCK_HEAD;
}

void chan_asock_uuid_str(sv uuid, char out[CHAN_ASOCK_UUID_STR])
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < 16; i++) {
		unsigned char b = i < uuid.n ? (unsigned char)uuid.p[i] : 0;
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = hex[b >> 4];
		*out++ = hex[b & 15];
	}
	*out = '\0';
}
