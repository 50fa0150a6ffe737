/* /asterisk/media and /twilio/media: the far side's messages against the real door, engine and
 * shards, scripted speech. */
#include "t_api_world.h"
#include "t_chan_world.h"
#include <sodium.h>
#include "api_stream.h"

struct sw {
	struct aw w;
	struct asr asr;
	struct tts tts;
	struct chan_speech speech;
	jv *cfg;
};
struct far {                           /* the far side's socket */
	struct sw *x;
	struct web_ws *ws;
	bool open, closed, twilio;
	int code, frames, loud, clears;
	size_t bytes;                  /* of the last sound */
	struct sb texts;               /* a line each */
	int64_t next_us;
	uint64_t phase;
	bool speaks;
};

static int place(void *arg, struct chan_place *ret, const char **ret_data_dir)
{
	struct sw *x = arg;
	struct talk_shard *s = talk_hub_pick(x->w.hub, 0);
	*ret = (struct chan_place){ talk_shard_loop(s), talk_shard_mbox(s), talk_sink(), s,
				    &x->speech };
	x->asr.loop = x->tts.loop = talk_shard_loop(s);
	*ret_data_dir = NULL;
	return 0;
}

static const struct api_media_ops voice = { .place = place };

static struct sw *up(const char *cfg)
{
	static struct sw x;
	x = (struct sw){ .w = { .o = { .media = &voice } } };
	x.w.o.media_arg = &x;
	x.cfg = jv_parse(sv_of(cfg), NULL);
	x.w.o.streams = x.cfg;
	x.asr = (struct asr){ .lang = "en", .answer_ms = 20 };
	x.asr.says[x.asr.n_says++] = "How long may I return goods?";
	x.tts = (struct tts){ .lang = "en", .hz = 16000, .fail_after = -1, .first_ms = 1 };
	x.speech = (struct chan_speech){ &f_speech_ops, &x.asr, { &x.tts }, 1 };
	return aw_up(&x.w) ? &x : NULL;
}

static void down(struct sw *x)
{
	aw_down(&x->w);
	jv_free(x->cfg);
	EQ(x->asr.live + x->tts.live, 0);
	EQ(metric_get(M_STREAM_ACTIVE), 0);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	((struct far *)arg)->open = true;
	return 0;
}

static void sound(struct far *f, const uint8_t *p, size_t n)
{
	int16_t s[2000];
	bool wide = n > 300;
	size_t k = wide ? n / 2 : n;
	f->frames++;
	f->bytes = n;
	if (!wide)
		pcm_ulaw_decode(p, k, s);
	for (size_t i = 0; wide && i < k; i++)
		s[i] = (int16_t)(p[2 * i] | p[2 * i + 1] << 8);
	f->loud += pcm_dbfs(s, k) > -30;
}

static void on_json(struct far *f, sv msg)
{
	jv *v = jv_parse(msg, NULL);
	sv b64 = jv_as_str(jv_path(v, "media.payload"));
	unsigned char raw[2000];
	size_t n = 0;
	bool mine = sv_eq(jv_get_str(v, "streamSid"), SV("MZ1"));
	if (mine && sodium_base642bin(raw, sizeof(raw), b64.p, b64.n, NULL, &n, NULL,
				      sodium_base64_VARIANT_ORIGINAL) == 0 && n)
		sound(f, raw, n);
	f->clears += mine && sv_eq(jv_get_str(v, "event"), SV("clear"));
	jv_free(v);
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct far *f = web_ws_arg(ws);
	if (binary) {
		sound(f, (const uint8_t *)msg.p, msg.n);
		return;
	}
	if (f->twilio)
		on_json(f, msg);
	else {
		sb_put(&f->texts, msg);
		sb_ch(&f->texts, '\n');
	}
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct far *f = web_ws_arg(ws);
	f->closed = true;
	f->code = code;
	f->ws = NULL;
}

static bool settled(void *arg)
{
	const struct far *f = arg;
	return f->open || f->closed;
}

static bool is_closed(void *arg)
{
	return ((const struct far *)arg)->closed;
}

static bool far_open(struct far *f, struct sw *x, const char *path, const char *headers)
{
	static const struct web_ws_ops ops = { on_open, on_msg, on_close, NULL };
	char url[API_TOKEN_MAX + 128];
	snprintf(url, sizeof(url), "ws://127.0.0.1:%d%s", x->w.port, path);
	*f = (struct far){ .x = x, .twilio = sv_starts(sv_of(path), SV("/twilio")) };
	sb_init(&f->texts, LIM_SB);
	struct web_ws_client_opts o = { .url = url, .ops = &ops, .arg = f, .headers = headers,
					.subprotocol = f->twilio ? NULL : "media" };
	return web_ws_connect(&f->ws, x->w.loop, &o, NULL) == 0 &&
	       t_wait(x->w.loop, settled, f, 10000) && f->open;
}

static void far_close(struct far *f)
{
	if (f->ws)
		web_ws_close(f->ws, 1000, SV_NULL);
	t_wait(f->x->w.loop, is_closed, f, 10000);
	sb_done(&f->texts);
}

static void tell(struct far *f, const char *text)
{
	if (f->ws)
		web_ws_send(f->ws, sv_of(text), false);
}

/* 20 ms of mu-law, when they are due: a voice or a quiet room. */
static void speak(struct far *f)
{
	int16_t s[160];
	uint8_t u[160];
	int64_t now = clk_mono_us();
	if (!f->ws || now < f->next_us)
		return;
	f->next_us = f->next_us && now - f->next_us < 60000 ? f->next_us + 20000 : now + 20000;
	for (int i = 0; i < 160; i++, f->phase++)
		s[i] = (int16_t)(f->speaks ? 14000 * sin(2 * M_PI * 300 * (double)f->phase / 8000) :
					     0);
	pcm_ulaw_encode(s, 160, u);
	if (!f->twilio) {
		web_ws_send(f->ws, sv_n((char *)u, 160), true);
		return;
	}
	struct sb b;
	sb_init(&b, 1024);
	sb_cstr(&b, "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"track\":\"inbound\","
		    "\"payload\":\"");
	sb_base64(&b, u, sizeof(u));
	sb_cstr(&b, "\"}}");
	web_ws_send(f->ws, sb_sv(&b), false);
	sb_done(&b);
}

/* Speaks and listens for ms, or until *value >= least. */
static bool listen_for(struct far *f, const int *value, int least, int ms)
{
	int64_t end = clk_mono_us() + (int64_t)ms * 1000;
	while (clk_mono_us() < end && (!value || *value < least)) {
		speak(f);
		(void)loop_run_once(f->x->w.loop, 5);
	}
	return value && *value >= least;
}

static bool listen_text(struct far *f, const char *text, int ms)
{
	for (; ms > 0 && sv_find(sb_sv(&f->texts), sv_of(text)) < 0; ms -= 20)
		(void)listen_for(f, NULL, 0, 20);
	return sv_find(sb_sv(&f->texts), sv_of(text)) >= 0;
}

/* The rows of the newest conversation by telephone. */
static bool newest(struct sw *x, struct resp *r)
{
	const char *t = aw_token(&x->w, "admin");
	struct resp list = { 0 };
	char id[64];
	bool ok = http(&x->w, "GET /api/v1/conversations?state=all&channel=phone&limit=1", t, NULL,
		       &list) == 200;
	const jv *items = jv_get(list.json, "items");
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(jv_at(items, 0), "id")));
	ok = ok && events(&x->w, id, t, 0, r) == 200;
	resp_done(&list);
	return ok;
}

static bool row_has(const struct resp *r, const char *kind, const char *path, const char *want)
{
	const jv *items = jv_get(r->json, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *row = jv_at(items, i);
		if (sv_eq(jv_get_str(row, "kind"), sv_of(kind)) &&
		    sv_eq(jv_as_str(jv_path(row, path)), sv_of(want)))
			return true;
	}
	return false;
}

/* Within seconds: rows are written behind what is heard. */
static bool written(struct sw *x, const char *kind, const char *path, const char *want)
{
	for (int i = 0; i < 100; i++) {
		struct resp r = { 0 };
		bool has = newest(x, &r) && row_has(&r, kind, path, want);
		resp_done(&r);
		if (has)
			return true;
		(void)t_wait(x->w.loop, settled, &(struct far){ 0 }, 20);
	}
	return false;
}

static const char *with_token(struct sw *x, const char *path)
{
	static char url[2][API_TOKEN_MAX + 96];
	static int i;
	i = !i;
	snprintf(url[i], sizeof(url[i]), "%s%ctoken=%s", path, strchr(path, '?') ? '&' : '?',
		 aw_token(&x->w, "admin"));
	return url[i];
}

#define START_ULAW                                                                            \
	"MEDIA_START connection_id:media1 channel:WebSocket/media1/0x1 channel_id:1764.12 "   \
	"format:ulaw optimal_frame_size:160 ptime:20"

/* ---- who may ---- */

TEST(stream_only_with_a_key)
{
	struct sw *x = up("{}");
	struct far f;
	char basic[1024], plain[API_TOKEN_MAX + 16];
	struct sb b;
	CHECK(x != NULL);
	int64_t refused = metric_get(M_STREAM_REFUSED);
	CHECK(!far_open(&f, x, "/asterisk/media", NULL));
	far_close(&f);
	CHECK(!far_open(&f, x, "/asterisk/media?token=sk-callm-1", NULL));
	far_close(&f);
	CHECK(!far_open(&f, x, "/asterisk/media", "Authorization: Basic bm8=\r\n"));
	far_close(&f);
	CHECK(!far_open(&f, x, "/asterisk/media", "Authorization: Basic !!!\r\n"));
	far_close(&f);
	CHECK(!far_open(&f, x, "/twilio/media?token=wrong", NULL));
	far_close(&f);
	EQ(metric_get(M_STREAM_REFUSED), refused + 5);
	CHECK(far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
	far_close(&f);
	snprintf(plain, sizeof(plain), "asterisk:%s", aw_token(&x->w, "admin"));
	sb_init(&b, 1024);
	sb_cstr(&b, "Authorization: Basic ");
	sb_base64(&b, plain, strlen(plain));
	sb_cstr(&b, "\r\n");
	snprintf(basic, sizeof(basic), "%s", sb_str(&b));
	sb_done(&b);
	CHECK(far_open(&f, x, "/asterisk/media", basic));
	far_close(&f);
	down(x);
}

TEST(stream_from_allowed_networks_and_not_too_many)
{
	struct far f, g;
	struct sw *x = up("{\"allow\":[\"10.0.0.0/8\"]}");
	CHECK(x != NULL);
	CHECK(!far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
	far_close(&f);
	down(x);
	x = up("{\"allow\":[\"10.0.0.0/8\",\"127.0.0.1\"],\"max_calls\":1}");
	CHECK(x != NULL);
	CHECK(far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
	CHECK(!far_open(&g, x, with_token(x, "/asterisk/media"), NULL));
	far_close(&g);
	far_close(&f);
	api_drain(x->w.api);
	CHECK(!far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
	far_close(&f);
	down(x);
}

/* ---- Asterisk ---- */

TEST(stream_asterisk_call)
{
	struct sw *x = up("{}");
	struct far f;
	CHECK(x != NULL);
	CHECK(far_open(&f, x, with_token(x, "/asterisk/media?from=5550100&name=Ann&lang=en"),
		       NULL));
	int64_t total = metric_get(M_STREAM_TOTAL);
	tell(&f, START_ULAW);
	CHECK(listen_for(&f, &f.loud, 10, 5000));
	EQ(f.bytes, 160);
	EQ(metric_get(M_STREAM_ACTIVE), 1);
	EQ(metric_get(M_STREAM_TOTAL), total + 1);
	CHECK(written(x, "conversation.opened", "body.way", "asterisk"));
	CHECK(written(x, "conversation.opened", "body.ref", "1764.12"));
	f.speaks = true;                          /* into the greeting */
	CHECK(listen_text(&f, "FLUSH_MEDIA", 3000));
	f.speaks = false;
	int loud = f.loud;
	CHECK(listen_for(&f, &f.loud, loud + 20, 8000));   /* the answer */
	CHECK(written(x, "turn.customer", "body.text", "How long may I return goods?"));
	tell(&f, "DTMF_END digit:7 channel_id:1764.12");
	CHECK(written(x, "call.dtmf", "body.digit", "7"));
	far_close(&f);
	CHECK(written(x, "conversation.closed", "body.by", "customer"));
	down(x);
}

TEST(stream_asterisk_in_json)
{
	struct sw *x = up("{}");
	struct far f;
	CHECK(x != NULL);
	CHECK(far_open(&f, x, with_token(x, "/asterisk/media?answer=1"), NULL));
	tell(&f, "{\"event\":\"MEDIA_START\",\"connection_id\":\"c\",\"channel\":\"WebSocket/c\","
		 "\"channel_id\":\"1764.13\",\"format\":\"slin16\",\"optimal_frame_size\":480,"
		 "\"ptime\":20}");
	CHECK(listen_for(&f, &f.loud, 5, 5000));
	EQ(f.bytes, 640);
	STR_EQ(sb_str(&f.texts), "{\"command\":\"START_MEDIA_BUFFERING\"}\n"
				 "{\"command\":\"ANSWER\"}\n");
	tell(&f, "{\"event\":\"MEDIA_XOFF\",\"channel_id\":\"1764.13\"}");
	(void)listen_for(&f, NULL, 0, 200);
	int frames = f.frames;
	(void)listen_for(&f, NULL, 0, 400);
	EQ(f.frames, frames);                     /* full: nothing is sent */
	tell(&f, "{\"event\":\"MEDIA_XON\",\"channel_id\":\"1764.13\"}");
	CHECK(listen_for(&f, &f.frames, frames + 5, 3000));
	tell(&f, "{\"event\":\"DTMF_END\",\"channel_id\":\"1764.13\",\"digit\":\"5\"}");
	CHECK(written(x, "call.dtmf", "body.digit", "5"));
	far_close(&f);
	down(x);
}

/* Our end of it: the shards go, the far side is told and closed. */
TEST(stream_server_ends)
{
	struct sw *x = up("{}");
	struct far f;
	CHECK(x != NULL);
	CHECK(far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
	tell(&f, START_ULAW);
	CHECK(listen_for(&f, &f.loud, 3, 5000));
	aw_stop(&x->w);
	CHECK(t_wait(x->w.loop, is_closed, &f, 5000));
	sb_done(&f.texts);
	web_client_done(x->w.loop);
	loop_free(x->w.loop);
	jv_free(x->cfg);
	EQ(x->asr.live + x->tts.live, 0);
	EQ(metric_get(M_STREAM_ACTIVE), 0);
}

TEST(stream_without_sound_ends)
{
	struct sw *x = up("{\"silent_s\":1}");
	struct far f;
	CHECK(x != NULL);
	CHECK(far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
	tell(&f, START_ULAW);
	CHECK(t_wait(x->w.loop, is_closed, &f, 5000));     /* it never sends a thing */
	EQ(f.code, 1000);
	HAS(sb_sv(&f.texts), "HANGUP\n");
	CHECK(written(x, "conversation.closed", "body.by", "timeout"));
	far_close(&f);
	down(x);
}

TEST(stream_asterisk_hostile)
{
	static const char *const junk[] = { "",
					    " ",
					    "{",
					    "{}",
					    "[]",
					    "{\"event\":5}",
					    "MEDIA_START",
					    "DTMF_END",
					    "DTMF_END digit:",
					    "MEDIA_XOFF",
					    "NO_SUCH x:y",
					    "{\"event\":\"DTMF_END\",\"digit\":\"55\"}" };
	static const char *const starts[] = {
		"MEDIA_START format:opus", "MEDIA_START connection_id:x format:",
		"{\"event\":\"MEDIA_START\",\"format\":{\"a\":1}}", "MEDIA_START formatulaw",
	};
	struct sw *x = up("{}");
	struct far f;
	CHECK(x != NULL);
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		CHECK(far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
		tell(&f, starts[i]);
		CHECK(t_wait(x->w.loop, is_closed, &f, 5000));
		EQ(f.code, 1008);
		HAS(sb_sv(&f.texts), "HANGUP");
		far_close(&f);
	}
	CHECK(far_open(&f, x, with_token(x, "/asterisk/media"), NULL));
	web_ws_send(f.ws, SV("sound before the beginning"), true);
	for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++)
		if (!sv_starts(sv_of(junk[i]), SV("MEDIA_START")))
			tell(&f, junk[i]);
	tell(&f, START_ULAW);
	for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++)
		if (!sv_starts(sv_of(junk[i]), SV("MEDIA_START")) && strcmp(junk[i], "MEDIA_XOFF"))
			tell(&f, junk[i]);
	tell(&f, START_ULAW);                     /* twice: the first one holds */
	static char big[60000];
	web_ws_send(f.ws, sv_n(big, sizeof(big)), true);
	CHECK(listen_for(&f, &f.loud, 5, 5000));  /* served all the same */
	CHECK(!f.closed);
	far_close(&f);
	down(x);
}

/* ---- Twilio ---- */

#define TW_START(own, enc)                                                                     \
	"{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"MZ1\",\"start\":{"      \
	"\"streamSid\":\"MZ1\",\"callSid\":\"CA1\",\"tracks\":[\"inbound\"],"                  \
	"\"customParameters\":{" own "},\"mediaFormat\":{\"encoding\":\"" enc                  \
	"\",\"sampleRate\":8000,\"channels\":1}}}"

TEST(stream_twilio_call)
{
	struct sw *x = up("{}");
	struct far f;
	char start[API_TOKEN_MAX + 600];
	CHECK(x != NULL);
	CHECK(far_open(&f, x, "/twilio/media", NULL));     /* the key comes with start */
	tell(&f, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
	snprintf(start, sizeof(start), TW_START("\"token\":\"%s\",\"from\":\"+15550100\"",
						"audio/x-mulaw"), aw_token(&x->w, "admin"));
	tell(&f, start);
	CHECK(listen_for(&f, &f.loud, 10, 5000));
	EQ(f.bytes, 160);
	CHECK(written(x, "conversation.opened", "body.way", "twilio"));
	CHECK(written(x, "conversation.opened", "body.ref", "CA1"));
	f.speaks = true;
	CHECK(listen_for(&f, &f.clears, 1, 3000));
	f.speaks = false;
	int loud = f.loud;
	CHECK(listen_for(&f, &f.loud, loud + 20, 8000));
	CHECK(written(x, "turn.customer", "body.text", "How long may I return goods?"));
	tell(&f, "{\"event\":\"dtmf\",\"streamSid\":\"MZ1\",\"dtmf\":{\"track\":\"inbound_track\","
		 "\"digit\":\"7\"}}");
	CHECK(written(x, "call.dtmf", "body.digit", "7"));
	tell(&f, "{\"event\":\"stop\",\"streamSid\":\"MZ1\",\"stop\":{\"callSid\":\"CA1\"}}");
	CHECK(t_wait(x->w.loop, is_closed, &f, 5000));
	CHECK(written(x, "conversation.closed", "body.by", "customer"));
	far_close(&f);
	down(x);
}

/* Sockets without a key wait for their first message: only so many, and they keep nobody else
 * out. */
TEST(stream_strangers_are_few)
{
	static struct far f[17], g;
	struct sw *x = up("{}");
	CHECK(x != NULL);
	for (int i = 0; i < 16; i++)
		CHECK(far_open(&f[i], x, "/twilio/media", NULL));
	CHECK(!far_open(&f[16], x, "/twilio/media", NULL));
	CHECK(far_open(&g, x, with_token(x, "/twilio/media"), NULL));
	far_close(&f[0]);
	far_close(&f[16]);
	/* the server sees the end a moment after we do */
	for (int i = 0; i < 100 && !far_open(&f[0], x, "/twilio/media", NULL); i++)
		far_close(&f[0]);
	CHECK(f[0].open);
	for (int i = 0; i < 16; i++)
		far_close(&f[i]);
	far_close(&g);
	down(x);
}

TEST(stream_twilio_hostile)
{
	static const char *const starts[] = {
		TW_START("", "audio/x-mulaw"),
		TW_START("\"token\":\"sk-callm-0\"", "audio/x-mulaw"),
		"{\"event\":\"start\"}",
		"{\"event\":\"start\",\"start\":[]}",
	};
	struct sw *x = up("{}");
	struct far f;
	CHECK(x != NULL);
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		CHECK(far_open(&f, x, "/twilio/media", NULL));
		tell(&f, starts[i]);
		CHECK(t_wait(x->w.loop, is_closed, &f, 5000));
		EQ(f.code, 1008);
		far_close(&f);
	}
	CHECK(far_open(&f, x, with_token(x, "/twilio/media"), NULL));
	tell(&f, "not JSON");
	tell(&f, "{\"event\":\"media\",\"media\":{\"payload\":\"AAAA\"}}");
	tell(&f, TW_START("", "audio/l16"));
	CHECK(t_wait(x->w.loop, is_closed, &f, 5000));
	EQ(f.code, 1008);
	far_close(&f);
	CHECK(far_open(&f, x, with_token(x, "/twilio/media"), NULL));
	tell(&f, TW_START("", "audio/x-mulaw"));
	tell(&f, "{\"event\":\"media\",\"media\":{\"payload\":\"!!\"}}");
	tell(&f, "{\"event\":\"media\",\"media\":{\"payload\":5}}");
	tell(&f, "{\"event\":\"media\"}");
	tell(&f, "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"Q\"}}");
	CHECK(listen_for(&f, &f.loud, 5, 5000));
	far_close(&f);
	down(x);
}
