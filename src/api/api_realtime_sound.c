/* api_realtime_sound.c: the client's sound to the voice's 16 kHz and back: base64, 24 kHz PCM,
 * G.711, keys in the telephone's sound.
 *
 * Sound may come in bursts: how long all of it lasts is known here, and what would wait longer
 * than the voice keeps is refused, not half taken. Door's thread. */
#include "api_realtime.h"

#include <sodium.h>
#include <stdio.h>

#define VOICE_HZ 16000
#define LEAST_MS 100             /* a shorter commit is an accident */

static int hz(enum rt_format f)
{
	return f == RT_PCM ? 24000 : 8000;
}

static void sound_close(struct rt_sound *x)
{
	pcm_rs_close(x->rs_in);
	pcm_rs_close(x->rs_out);
	pcm_dtmf_close(x->dtmf);
	x->rs_in = x->rs_out = NULL;
	x->dtmf = NULL;
	x->has_odd = false;
}

void rt_sound_set(struct rt *s, enum rt_format in, enum rt_format out)
{
	struct rt_sound *x = &s->sound;
	sound_close(x);
	x->in = in;
	x->out = out;
	if (pcm_rs_open(&x->rs_in, hz(in), VOICE_HZ, 5))
		x->rs_in = NULL;
	if (pcm_rs_open(&x->rs_out, VOICE_HZ, hz(out), 5))
		x->rs_out = NULL;
	if (in != RT_PCM && pcm_dtmf_open(&x->dtmf))
		x->dtmf = NULL;
}

void rt_sound_done(struct rt *s)
{
	sound_close(&s->sound);
}

/* ---- in ---- */

static void key(struct rt *s, char digit)
{
	jv *ev = rt_ev("input_audio_buffer.dtmf_event_received");
	jv_set_str(ev, "event", sv_n(&digit, 1));
	jv_set_int(ev, "received_at", clk_wall_ms() / 1000);
	rt_send(s, ev);
	chan_realtime_key(s->voice_of, digit);
}

static void keys_in(struct rt *s, const int16_t *pcm, size_t n)
{
	char digit;
	if (!s->sound.dtmf)
		return;
	pcm_dtmf_push(s->sound.dtmf, pcm, n);
	while ((digit = pcm_dtmf_next(s->sound.dtmf)))
		key(s, digit);
}

/* At most 4000 samples of the client's rate. */
static void feed(struct rt *s, const int16_t *pcm, size_t n)
{
	int16_t out[9000];
	if (!s->sound.rs_in || pcm_rs_cap(s->sound.rs_in, n) > sizeof(out) / sizeof(*out))
		return;
	size_t made = pcm_rs_run(s->sound.rs_in, pcm, n, out, sizeof(out) / sizeof(*out));
	chan_realtime_rx(s->voice_of, out, made);
	keys_in(s, pcm, n);
}

static void g711_in(struct rt *s, const uint8_t *p, size_t n)
{
	int16_t pcm[4000];
	while (n) {
		size_t k = n < 4000 ? n : 4000;
		if (s->sound.in == RT_ULAW)
			pcm_ulaw_decode(p, k, pcm);
		else
			pcm_alaw_decode(p, k, pcm);
		feed(s, pcm, k);
		p += k;
		n -= k;
	}
}

static void pcm_in(struct rt *s, const uint8_t *p, size_t n)
{
	struct rt_sound *x = &s->sound;
	int16_t pcm[4000];
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		if (!x->has_odd) {
			x->odd = p[i];
			x->has_odd = true;
			continue;
		}
		pcm[k++] = (int16_t)(uint16_t)(x->odd | p[i] << 8);
		x->has_odd = false;
		if (k == 4000) {
			feed(s, pcm, k);
			k = 0;
		}
	}
	if (k)
		feed(s, pcm, k);
}

/* Is there room for so much more? */
static bool room(struct rt *s, int64_t us)
{
	struct rt_sound *x = &s->sound;
	int64_t now = loop_now_ms(s->a->loop), from = x->until_ms > now ? x->until_ms : now;
	if (from + us / 1000 - now > CHAN_RT_BACKLOG_S * 1000)
		return false;
	x->until_ms = from + us / 1000;
	x->in_us += us;
	x->buffered_us += us;
	return true;
}

void rt_on_append(struct rt *s, const jv *ev)
{
	const jv *v = jv_get(ev, "audio");
	sv b64 = jv_as_str(v);
	size_t n = 0;
	if (!jv_is_str(v)) {
		rt_error(s, ev, "invalid_value", "audio", "Give audio, sound as base64.");
		return;
	}
	unsigned char *bytes = xalloc(b64.n / 4 * 3 + 3);
	bool good = sodium_base642bin(bytes, b64.n / 4 * 3 + 3, b64.p, b64.n, NULL, &n, NULL,
				      sodium_base64_VARIANT_ORIGINAL) == 0;
	int64_t us = (int64_t)n * 1000000 / hz(s->sound.in) / (s->sound.in == RT_PCM ? 2 : 1);
	if (!good)
		rt_error(s, ev, "invalid_value", "audio", "audio is not base64.");
	else if (!room(s, us))
		rt_error(s, ev, "input_audio_buffer_full", "audio",
			 "More than %d seconds of sound wait to be heard; send it slower.",
			 CHAN_RT_BACKLOG_S);
	else if (n && rt_begin(s, false))
		(s->sound.in == RT_PCM ? pcm_in : g711_in)(s, bytes, n);
	xfree(bytes);
}

void rt_on_commit(struct rt *s, const jv *ev)
{
	if (s->vad) {
		rt_error(s, ev, "invalid_state", NULL,
			 "The server finds the ends of utterances itself; to commit, set "
			 "turn_detection to null.");
		return;
	}
	if (!s->voice_of || s->sound.buffered_us < LEAST_MS * 1000) {
		rt_error(s, ev, "input_audio_buffer_commit_empty", NULL,
			 "The buffer holds %.0f ms of sound; at least %d ms are needed.",
			 (double)s->sound.buffered_us / 1000, LEAST_MS);
		return;
	}
	if (s->n_commits == RT_COMMITS) {
		rt_error(s, ev, "rate_limit_exceeded", NULL,
			 "The words of %d commits are still awaited.", RT_COMMITS);
		return;
	}
	s->sound.buffered_us = 0;
	jv *out = rt_ev("input_audio_buffer.committed");
	jv_set(out, "previous_item_id",
	       s->last_item[0] ? jv_str(sv_of(s->last_item)) : jv_null());
	struct rt_item *it = rt_item_add(s, SV_NULL, RT_USER, true, SV_NULL);
	memcpy(s->commits[s->n_commits++], it->id, sizeof(it->id));
	jv_set_str(out, "item_id", sv_of(it->id));
	rt_send(s, out);
	rt_item_tell(s, it);
	chan_realtime_commit(s->voice_of);
}

void rt_on_clear(struct rt *s, const jv *ev)
{
	s->sound.buffered_us = 0;
	s->sound.has_odd = false;
	s->sound.until_ms = loop_now_ms(s->a->loop);
	if (s->voice_of)
		chan_realtime_clear(s->voice_of);
	rt_send(s, rt_ev("input_audio_buffer.cleared"));
}

/* ---- out ---- */

static size_t encode(const struct rt_sound *x, const int16_t *pcm, size_t n, uint8_t *out)
{
	for (size_t i = 0; x->out == RT_PCM && i < n; i++) {
		out[2 * i] = (uint8_t)((uint16_t)pcm[i] & 0xff);
		out[2 * i + 1] = (uint8_t)((uint16_t)pcm[i] >> 8);
	}
	if (x->out == RT_ULAW)
		pcm_ulaw_encode(pcm, n, out);
	if (x->out == RT_ALAW)
		pcm_alaw_encode(pcm, n, out);
	return x->out == RT_PCM ? 2 * n : n;
}

void rt_audio_out(struct rt *s, sv bytes)
{
	struct rt_sound *x = &s->sound;
	int16_t in[320], pcm[1000];
	uint8_t out[2000];
	if (!s->resp.on || !s->resp.begun || s->resp.text_only || bytes.n != sizeof(in) ||
	    !x->rs_out)
		return;
	memcpy(in, bytes.p, sizeof(in));
	size_t n = encode(x, pcm, pcm_rs_run(x->rs_out, in, 320, pcm, 1000), out);
	s->resp.audio_us += 20000;
	char id[40];
	struct sb b;
	rt_id("event", id);
	sb_init(&b, LIM_WS_MSG);
	sb_fmt(&b,
	       "{\"type\":\"%s\",\"event_id\":\"%s\",\"response_id\":\"%s\",\"item_id\":\"%s\","
	       "\"output_index\":0,\"content_index\":0,\"delta\":\"",
	       rt_name(s, "response.output_audio.delta"), id, s->resp.id, s->resp.item);
	sb_base64(&b, out, n);
	sb_cstr(&b, "\"}");
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}
