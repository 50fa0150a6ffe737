/* api_stream_asterisk.c: /asterisk/media: calls from Asterisk's chan_websocket (20.16, 21.11,
 * 22.6 and later), which connects to us with Dial(WebSocket/...).
 *
 * Binary messages are sound in the codec that MEDIA_START names; text messages are events, to
 * us, and commands, from us: plain words ("DTMF_END digit:5"), or JSON objects when the channel
 * is set so. Asterisk takes frames of its own size from a queue each 20 ms and fills with
 * silence; it drops what is left over of a message unless it was told to buffer, so when our 20
 * ms are not its frame, it is told. Names and formats from channels/chan_websocket.c. Door's
 * thread. */
#include "api_stream.h"

#include <stdio.h>

static void command(struct api_stream *s, const char *name)
{
	char text[64];
	snprintf(text, sizeof(text), s->json ? "{\"command\":\"%s\"}" : "%s", name);
	web_ws_send(s->ws, sv_of(text), false);
}

/* The value of a "name:value" in a plain event. */
static sv word(sv event, const char *name)
{
	sv one, key;
	while (sv_cut(&event, ' ', &one)) {
		sv rest = one;
		if (sv_cut(&rest, ':', &key) && sv_eq(key, sv_of(name)))
			return rest;
	}
	return SV_NULL;
}

/* An event of either form. */
struct event {
	const jv *json;              /* NULL: plain */
	sv plain;
};

static sv field(const struct event *ev, const char *name)
{
	return ev->json ? jv_get_str(ev->json, name) : word(ev->plain, name);
}

static int64_t number(const struct event *ev, const char *name)
{
	int64_t n = 0;
	if (ev->json)
		return jv_get_int(ev->json, name, 0);
	return sv_i64(word(ev->plain, name), &n) ? 0 : n;
}

static const struct {
	const char *name;
	enum chan_codec codec;
	int hz;
} formats[] = {
	{ "ulaw", CHAN_ULAW, 8000 },    { "alaw", CHAN_ALAW, 8000 },
	{ "slin", CHAN_SLIN, 8000 },    { "slin12", CHAN_SLIN, 12000 },
	{ "slin16", CHAN_SLIN, 16000 }, { "slin24", CHAN_SLIN, 24000 },
	{ "slin32", CHAN_SLIN, 32000 }, { "slin44", CHAN_SLIN, 44100 },
	{ "slin48", CHAN_SLIN, 48000 }, { "slin96", CHAN_SLIN, 96000 },
	{ "slin192", CHAN_SLIN, 192000 },
};
#define N_FORMATS (sizeof(formats) / sizeof(*formats))

static void media_start(struct api_stream *s, const struct event *ev)
{
	sv format = field(ev, "format"), ref = field(ev, "channel_id");
	size_t i = 0;
	while (i < N_FORMATS && !sv_eq(format, sv_of(formats[i].name)))
		i++;
	if (i == N_FORMATS) {
		api_stream_fail(s, "a format that is not served; set c(ulaw) or c(slin16)");
		return;
	}
	int64_t size = number(ev, "optimal_frame_size");
	int ours = formats[i].hz / 50 * (formats[i].codec == CHAN_SLIN ? 2 : 1);
	api_stream_begin(s, ref.n ? ref : field(ev, "connection_id"), formats[i].codec,
			 formats[i].hz);
	if (!s->line)
		return;
	s->bulk = size > 0 && size != ours;
	if (s->bulk)
		command(s, "START_MEDIA_BUFFERING");
	if (s->answer)
		command(s, "ANSWER");
}

static void dtmf_end(struct api_stream *s, const struct event *ev)
{
	api_stream_key(s, field(ev, "digit"));
}

static void xoff(struct api_stream *s, const struct event *ev)
{
	if (s->line)
		chan_stream_pause(s->line, true);
}

static void xon(struct api_stream *s, const struct event *ev)
{
	if (s->line)
		chan_stream_pause(s->line, false);
}

static void error(struct api_stream *s, const struct event *ev)
{
	LOG(WARN, "asterisk", "it reports an error to a command of ours");
}

/* Others (STATUS, QUEUE_DRAINED, MEDIA_MARK_PROCESSED, ...) are answers to what we do not ask. */
static const struct {
	const char *name;
	void (*fn)(struct api_stream *s, const struct event *ev);
} events[] = {
	{ "MEDIA_START", media_start }, { "DTMF_END", dtmf_end }, { "MEDIA_XOFF", xoff },
	{ "MEDIA_XON", xon },           { "ERROR", error },
};

static void on_text(struct api_stream *s, sv msg)
{
	struct event ev = { .plain = sv_trim(msg) };
	sv name, rest = ev.plain;
	jv *v = NULL;
	sv_cut(&rest, ' ', &name);
	if (sv_starts(ev.plain, SV("{"))) {
		v = jv_parse(ev.plain, NULL);
		name = jv_get_str(v, "event");
		ev.json = v;
		s->json = s->json || (v && !s->line);
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (sv_eq(name, sv_of(events[i].name)))
			events[i].fn(s, &ev);
	jv_free(v);
}

static void on_binary(struct api_stream *s, sv msg)
{
	if (s->line)
		chan_stream_rx(s->line, msg);
}

static void send_audio(struct api_stream *s, sv bytes)
{
	web_ws_send(s->ws, bytes, true);
}

/* Flushing ends buffering too. */
static void send_flush(struct api_stream *s)
{
	command(s, "FLUSH_MEDIA");
	if (s->bulk)
		command(s, "START_MEDIA_BUFFERING");
}

static void send_bye(struct api_stream *s)
{
	command(s, "HANGUP");
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	static const struct api_stream_kind kind = { .way = "asterisk",
						     .lead = 1,
						     .text = on_text,
						     .binary = on_binary,
						     .audio = send_audio,
						     .flush = send_flush,
						     .bye = send_bye };
	return api_stream_open(ws, r, arg, &kind);
}

const struct web_ws_ops api_asterisk_ws = { on_open, api_stream_on_msg, api_stream_on_close,
					    NULL };
