/* api_stream_twilio.c: /twilio/media: calls from a carrier's media stream as Twilio has it
 * (<Connect><Stream>, "Media Streams - WebSocket Messages"): JSON messages both ways, sound as
 * base64 of 8 kHz mu-law.
 *
 * Such a client can send no header and no query, so the key may come in start.customParameters,
 * with who calls and in which language. Ours are media and clear; what is sent paced needs no
 * marks to be counted. Closing the socket ends the stream, the carrier's script goes on. Door's
 * thread. */
#include "api_stream.h"

#include <sodium.h>
#include <stdio.h>

static void on_start(struct api_stream *s, const jv *ev)
{
	const jv *start = jv_get(ev, "start"), *own = jv_get(start, "customParameters");
	const jv *format = jv_get(start, "mediaFormat");
	sv sid = jv_get_str(start, "streamSid"), enc = jv_get_str(format, "encoding");
	if (!api_stream_key_ok(s, jv_get_str(own, "token"))) {
		api_stream_fail(s, "no key: give a Parameter named token");
		return;
	}
	if (!sid.n || sid.n >= sizeof(s->sid)) {
		api_stream_fail(s, "start has no streamSid");
		return;
	}
	if ((enc.n && !sv_eq(enc, SV("audio/x-mulaw"))) ||
	    jv_get_int(format, "sampleRate", 8000) != 8000) {
		api_stream_fail(s, "only 8 kHz mu-law is served");
		return;
	}
	snprintf(s->sid, sizeof(s->sid), SV_FMT, SV_ARG(sid));
	api_stream_who(s, jv_get_str(own, "from"), jv_get_str(own, "name"),
		       jv_get_str(own, "lang"));
	sv call = jv_get_str(start, "callSid");
	api_stream_begin(s, call.n ? call : sid, CHAN_ULAW, 8000);
}

static void on_media(struct api_stream *s, const jv *ev)
{
	const jv *media = jv_get(ev, "media");
	sv b64 = jv_get_str(media, "payload"), track = jv_get_str(media, "track");
	unsigned char raw[8192];
	size_t n = 0;
	if (!s->line || (track.n && !sv_eq(track, SV("inbound"))))
		return;
	if (sodium_base642bin(raw, sizeof(raw), b64.p, b64.n, NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) == 0)
		chan_stream_rx(s->line, sv_n((char *)raw, n));
}

static void on_dtmf(struct api_stream *s, const jv *ev)
{
	api_stream_key(s, jv_get_str(jv_get(ev, "dtmf"), "digit"));
}

/* The caller hung up, or the carrier's script took the call away: its close follows. */
static void on_stop(struct api_stream *s, const jv *ev)
{
	web_ws_close(s->ws, 1000, SV("stopped"));
}

static const struct {
	const char *name;
	void (*fn)(struct api_stream *s, const jv *ev);
} events[] = {
	{ "media", on_media }, { "start", on_start }, { "dtmf", on_dtmf }, { "stop", on_stop },
};

static void on_text(struct api_stream *s, sv msg)
{
	jv *v = jv_parse(msg, NULL);
	sv name = jv_get_str(v, "event");
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (sv_eq(name, sv_of(events[i].name)))
			events[i].fn(s, v);
	jv_free(v);
}

static void on_binary(struct api_stream *s, sv msg)
{
}

static void send_audio(struct api_stream *s, sv bytes)
{
	struct sb b;
	sb_init(&b, 8192);
	sb_cstr(&b, "{\"event\":\"media\",\"streamSid\":");
	sb_json(&b, sv_of(s->sid));
	sb_cstr(&b, ",\"media\":{\"payload\":\"");
	sb_base64(&b, bytes.p, bytes.n);
	sb_cstr(&b, "\"}}");
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}

static void send_flush(struct api_stream *s)
{
	struct sb b;
	sb_init(&b, 512);
	sb_cstr(&b, "{\"event\":\"clear\",\"streamSid\":");
	sb_json(&b, sv_of(s->sid));
	sb_cstr(&b, "}");
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	static const struct api_stream_kind kind = { .way = "twilio",
						     .late_key = true,
						     .lead = 3,
						     .text = on_text,
						     .binary = on_binary,
						     .audio = send_audio,
						     .flush = send_flush };
	return api_stream_open(ws, r, arg, &kind);
}

const struct web_ws_ops api_twilio_ws = { on_open, api_stream_on_msg, api_stream_on_close, NULL };
