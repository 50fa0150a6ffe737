/* pcm_line.c: codecs that carry a memory from packet to packet: G.722 and Opus.
 *
 * The voice is 8 kHz everywhere here (recognisers and recordings too), so both work at 8 kHz and
 * no resampler is between: spandsp's G.722 in its 8 kHz mode codes the lower band of the 16 kHz
 * signal, libopus codes and decodes at any of its rates. The other side hears and sends what the
 * codec allows; we use the telephone band of it. Opus: complexity 1 (a server has many calls), 20
 * ms packets, in-band FEC, so that a lost packet is made up from the next one (RFC 7587).
 *
 * An object has its coder made with its first use and belongs to one thread.
 */
#include <opus.h>
#include <spandsp.h>

#include "pcm.h"

enum { G722_RATE = 64000, OPUS_BITS = 16000, OPUS_COMPLEXITY = 1, OPUS_LOSS_PCT = 5 };

struct pcm_line {
	enum pcm_line_kind kind;
	g722_encode_state_t *g_enc;
	g722_decode_state_t *g_dec;
	OpusEncoder *o_enc;
	OpusDecoder *o_dec;
};

int pcm_line_open(struct pcm_line **ret, enum pcm_line_kind kind)
{
	struct pcm_line *l;

	if (kind != PCM_LINE_G722 && kind != PCM_LINE_OPUS)
		return ERR_INVAL;
	l = xalloc(sizeof(*l));
	l->kind = kind;
	*ret = l;
	return 0;
}

void pcm_line_close(struct pcm_line *l)
{
	if (!l)
		return;
	if (l->g_enc)
		g722_encode_free(l->g_enc);
	if (l->g_dec)
		g722_decode_free(l->g_dec);
	if (l->o_enc)
		opus_encoder_destroy(l->o_enc);
	if (l->o_dec)
		opus_decoder_destroy(l->o_dec);
	xfree(l);
}

static int opus_enc_open(struct pcm_line *l)
{
	int e = 0;

	if (l->o_enc)
		return 0;
	l->o_enc = opus_encoder_create(PCM_HZ, 1, OPUS_APPLICATION_VOIP, &e);
	if (!l->o_enc)
		return ERR_FAIL;
	(void)opus_encoder_ctl(l->o_enc, OPUS_SET_BITRATE(OPUS_BITS));
	(void)opus_encoder_ctl(l->o_enc, OPUS_SET_COMPLEXITY(OPUS_COMPLEXITY));
	(void)opus_encoder_ctl(l->o_enc, OPUS_SET_INBAND_FEC(1));
	(void)opus_encoder_ctl(l->o_enc, OPUS_SET_PACKET_LOSS_PERC(OPUS_LOSS_PCT));
	return 0;
}

int pcm_line_encode(struct pcm_line *l, const int16_t in[PCM_FRAME], uint8_t *out, size_t cap)
{
	int n;

	if (cap < PCM_FRAME)
		return ERR_TOOBIG;
	if (l->kind == PCM_LINE_G722) {
		if (!l->g_enc)
			l->g_enc = g722_encode_init(NULL, G722_RATE, G722_SAMPLE_RATE_8000);
		return l->g_enc ? g722_encode(l->g_enc, out, in, PCM_FRAME) : ERR_FAIL;
	}
	if (opus_enc_open(l))
		return ERR_FAIL;
	n = opus_encode(l->o_enc, in, PCM_FRAME, out, (opus_int32)(cap < 4000 ? cap : 4000));
	return n > 0 ? n : ERR_FAIL;
}

static bool opus_dec_open(struct pcm_line *l)
{
	int e = 0;

	if (!l->o_dec)
		l->o_dec = opus_decoder_create(PCM_HZ, 1, &e);
	return l->o_dec;
}

int pcm_line_decode(struct pcm_line *l, const uint8_t *p, size_t n, int16_t *out, size_t cap)
{
	int got;

	if (!n)
		return ERR_PARSE;
	if (l->kind == PCM_LINE_G722) {
		if (n > cap)
			return ERR_TOOBIG;
		if (!l->g_dec)
			l->g_dec = g722_decode_init(NULL, G722_RATE, G722_SAMPLE_RATE_8000);
		return l->g_dec ? g722_decode(l->g_dec, out, p, (int)n) : ERR_FAIL;
	}
	if (n > 1500 || !opus_dec_open(l))
		return n > 1500 ? ERR_TOOBIG : ERR_FAIL;
	got = opus_decode(l->o_dec, p, (opus_int32)n, out, (int)cap, 0);
	if (got == OPUS_BUFFER_TOO_SMALL)
		return ERR_TOOBIG;
	return got > 0 ? got : ERR_PARSE;
}

int pcm_line_lost(struct pcm_line *l, const uint8_t *next, size_t n, int16_t out[PCM_FRAME])
{
	int got;

	if (l->kind != PCM_LINE_OPUS || !l->o_dec || n > 1500)
		return 0;
	/* other lengths than ours: what was lost is not known */
	if (next && opus_packet_get_nb_samples(next, (opus_int32)n, PCM_HZ) != PCM_FRAME)
		return 0;
	got = opus_decode(l->o_dec, next, next ? (opus_int32)n : 0, out, PCM_FRAME, next != NULL);
	return got == PCM_FRAME ? got : 0;
}
