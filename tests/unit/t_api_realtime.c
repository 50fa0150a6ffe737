/* /v1/realtime: events of both vocabularies, turns by voice and by text, interruptions, hostile
 * clients; the real engine and voice, scripted speech. */
#include "t_api_world.h"
#include "t_chan_world.h"
#include <sodium.h>
#include "api_realtime.h"

struct rw {
	struct aw w;
	struct asr asr;
	struct tts tts;
	struct chan_speech speech;
	struct wsc c;
};

static int place(void *arg, struct chan_place *ret, const char **ret_data_dir)
{
	struct rw *x = arg;
	struct talk_shard *s = talk_hub_pick(x->w.hub, 0);
	*ret = (struct chan_place){ talk_shard_loop(s), talk_shard_mbox(s), talk_sink(), s,
				    &x->speech };
	x->asr.loop = x->tts.loop = talk_shard_loop(s);
	*ret_data_dir = NULL;
	return 0;
}

static const struct api_media_ops voice = { .place = place };

static const char *rw_script;        /* of a language model, NULL = none */

static struct rw *rw_up(const char *path)
{
	static struct rw x;
	char url[API_TOKEN_MAX + 96];
	x = (struct rw){ .w = { .o = { .media = &voice } } };
	x.w.o.media_arg = &x;
	x.w.script = rw_script;
	x.asr = (struct asr){ .lang = "en", .answer_ms = 20 };
	x.tts = (struct tts){ .lang = "en", .hz = 16000, .fail_after = -1, .first_ms = 1 };
	x.speech = (struct chan_speech){ &f_speech_ops, &x.asr, { &x.tts }, 1 };
	if (!aw_up(&x.w))
		return NULL;
	snprintf(url, sizeof(url), "%s&token=%s", path, aw_token(&x.w, "admin"));
	return wsc_open(&x.w, &x.c, url) ? &x : NULL;
}

static void rw_down(struct rw *x)
{
	wsc_close(&x->w, &x->c);
	aw_down(&x->w);
	EQ(x->asr.live + x->tts.live, 0);
}

/* The next event of that type, after the last one that was waited for. */
static const jv *next(struct rw *x, const char *type)
{
	const jv *ev = wsc_wait(&x->w, &x->c, type);
	for (size_t i = x->c.from; ev && i < x->c.frames.n; i++)
		if (x->c.frames.v[i] == ev)
			x->c.from = i + 1;
	if (!ev)
		t_fail(__FILE__, __LINE__, type);
	return ev;
}

static bool has(const struct rw *x, const char *type, size_t from)
{
	return wsc_find(&x->c, type, from) != NULL;
}

static sv str(const jv *ev, const char *path)
{
	return jv_as_str(jv_path(ev, path));
}

static void tell(struct rw *x, const char *json)
{
	wsc_send(&x->c, json);
}

/* ms of voice or silence as base64 24 kHz PCM, in pieces of 100 ms. */
static void sound(struct rw *x, int ms, bool loud)
{
	for (int t = 0; t < ms; t += 100) {
		int16_t s[2400];
		struct sb b;
		for (int i = 0; i < 2400; i++)
			s[i] = (int16_t)(loud ? 6000 * sin(2 * M_PI * 300 * i / 24000) : i % 7);
		sb_init(&b, LIM_SB);
		sb_cstr(&b, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
		sb_base64(&b, s, sizeof(s));
		sb_cstr(&b, "\"}");
		tell(x, sb_str(&b));
		sb_done(&b);
	}
}

#define RETURNS "How long may I return goods?"
#define TEXT_ONLY                                                                           \
	"{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"output_modalities\":" \
	"[\"text\"]}}"
#define MANUAL \
	"{\"type\":\"session.update\",\"session\":{\"audio\":{\"input\":{\"turn_detection\":" \
	"null}}}}"
#define ITEM(text) \
	"{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":" \
	"\"user\"," \
	"\"content\":[{\"type\":\"input_text\",\"text\":\"" text "\"}]}}"
#define CREATE "{\"type\":\"response.create\"}"

/* ---- who may ---- */

TEST(realtime_only_with_a_key)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	struct wsc c;
	char key[API_APIKEY_MAX], url[API_TOKEN_MAX + 64];
	CHECK(x != NULL);
	const jv *ev = next(x, "session.created");
	SV_EQ(str(ev, "session.object"), "realtime.session");
	SV_EQ(str(ev, "session.type"), "realtime");
	SV_EQ(str(ev, "session.audio.input.format.type"), "audio/pcm");
	SV_EQ(str(ev, "session.audio.input.turn_detection.type"), "server_vad");
	CHECK(str(ev, "event_id").n > 0);
	CHECK(!wsc_open(&x->w, &c, "/v1/realtime?model=callm"));
	wsc_close(&x->w, &c);
	CHECK(!wsc_open(&x->w, &c, "/v1/realtime?model=callm&token=sk-callm-1"));
	wsc_close(&x->w, &c);
	snprintf(url, sizeof(url), "/v1/realtime?model=other&token=%s", aw_token(&x->w, "admin"));
	CHECK(!wsc_open(&x->w, &c, url));
	wsc_close(&x->w, &c);
	struct resp r = { 0 };
	EQ(http(&x->w, "POST /api/v1/keys", aw_token(&x->w, "admin"), "{\"name\":\"rt\"}", &r),
	   201);
	snprintf(key, sizeof(key), SV_FMT, SV_ARG(jv_get_str(r.json, "key")));
	resp_done(&r);
	snprintf(url, sizeof(url), "/v1/realtime?token=%s", key);
	CHECK(wsc_open(&x->w, &c, url));
	wsc_close(&x->w, &c);
	rw_down(x);
}

/* ---- text ---- */

TEST(realtime_a_turn_by_text)
{
	static const char *const order[] = {
		"response.created", "rate_limits.updated", "response.output_item.added",
		"conversation.item.added", "response.content_part.added",
		"response.output_text.delta", "response.output_text.done",
		"response.content_part.done", "response.output_item.done",
		"conversation.item.done", "response.done",
	};
	struct rw *x = rw_up("/v1/realtime?model=callm");
	CHECK(x != NULL);
	tell(x, TEXT_ONLY);
	SV_EQ(str(next(x, "session.updated"), "session.output_modalities.0"), "text");
	tell(x, ITEM(RETURNS));
	SV_EQ(str(next(x, "conversation.item.added"), "item.content.0.text"), RETURNS);
	next(x, "conversation.item.done");
	tell(x, "{\"type\":\"response.create\",\"response\":{\"metadata\":{\"n\":\"1\"}}}");
	size_t from = x->c.from;
	const jv *done = next(x, "response.done");
	SV_EQ(str(done, "response.status"), "completed");
	SV_EQ(str(done, "response.metadata.n"), "1");
	HAS(str(done, "response.output.0.content.0.text"), "30 days");
	SV_EQ(str(done, "response.output.0.content.0.type"), "output_text");
	SV_EQ(str(done, "response.callm.citations.0.article_id"), "returns.en");
	CHECK(jv_as_int(jv_path(done, "response.usage.output_tokens"), 0) > 3);
	for (size_t i = 0; i < sizeof(order) / sizeof(*order) && from + i < x->c.frames.n; i++)
		SV_EQ(jv_get_str(x->c.frames.v[from + i], "type"), order[i]);
	CHECK(!has(x, "response.output_audio.delta", 0));
	/* no greeting before it, and it is a conversation like any other */
	struct resp r = { 0 };
	char id[27];
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(str(done, "response.conversation_id")));
	EQ(events(&x->w, id, aw_token(&x->w, "supervisor"), 0, &r), 200);
	EQ(kinds(&r, "conversation.opened"), 1);
	EQ(kinds(&r, "turn.bot"), 1);
	resp_done(&r);
	tell(x, CREATE);
	SV_EQ(str(next(x, "error"), "error.code"), "no_input");
	rw_down(x);
}

TEST(realtime_the_agent_begins_when_asked_to)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	CHECK(x != NULL);
	tell(x, CREATE);
	CHECK(jv_get_str(next(x, "response.output_audio_transcript.delta"), "delta").n > 10);
	next(x, "response.output_audio.delta");
	tell(x, CREATE);
	SV_EQ(str(next(x, "error"), "error.code"), "conversation_already_has_active_response");
	tell(x, "{\"type\":\"response.cancel\",\"event_id\":\"e9\"}");
	const jv *done = next(x, "response.done");
	SV_EQ(str(done, "response.status"), "cancelled");
	SV_EQ(str(done, "response.status_details.reason"), "client_cancelled");
	SV_EQ(str(done, "response.output.0.status"), "incomplete");
	tell(x, "{\"type\":\"response.cancel\",\"event_id\":\"e10\"}");
	const jv *e = next(x, "error");
	SV_EQ(str(e, "error.code"), "response_cancel_not_active");
	SV_EQ(str(e, "error.event_id"), "e10");
	rw_down(x);
}

/* ---- voice ---- */

TEST(realtime_a_turn_by_voice)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	CHECK(x != NULL);
	x->asr.says[x->asr.n_says++] = RETURNS;
	sound(x, 300, false);
	sound(x, 700, true);
	sound(x, 1200, false);
	const jv *started = next(x, "input_audio_buffer.speech_started");
	NEAR((double)jv_get_int(started, "audio_start_ms", 0), 300, 120);
	sv item = jv_get_str(started, "item_id");
	const jv *stopped = next(x, "input_audio_buffer.speech_stopped");
	NEAR((double)jv_get_int(stopped, "audio_end_ms", 0), 1000, 160);
	CHECK(sv_eq(jv_get_str(next(x, "input_audio_buffer.committed"), "item_id"), item));
	CHECK(sv_eq(str(next(x, "conversation.item.added"), "item.id"), item));
	const jv *t = next(x, "conversation.item.input_audio_transcription.completed");
	SV_EQ(jv_get_str(t, "transcript"), RETURNS);
	NEAR(jv_as_num(jv_path(t, "usage.seconds"), 0), 0.7, 0.2);
	next(x, "response.created");
	size_t from = x->c.from, pieces = 0, bytes = 0;
	const jv *done = next(x, "response.done");
	SV_EQ(str(done, "response.status"), "completed");
	HAS(str(done, "response.output.0.content.0.transcript"), "30 days");
	for (size_t i = from; i < x->c.frames.n; i++)
		if (sv_eq(jv_get_str(x->c.frames.v[i], "type"),
			  SV("response.output_audio.delta"))) {
			pieces++;
			bytes += jv_get_str(x->c.frames.v[i], "delta").n;
		}
	/* 10 ms a byte of text, 24 kHz, 16 bit, base64 */
	size_t text = str(done, "response.output.0.content.0.transcript").n;
	CHECK(pieces > 10);
	NEAR((double)bytes, (double)text * 10 * 24 * 2 * 4 / 3, 4000);
	rw_down(x);
}

/* Sentences are spoken while the model still writes: one response, its transcript in pieces. */
TEST(realtime_a_model_speaks_in_pieces)
{
	rw_script =
		"[{\"match\":\"return\",\"say\":[\"You may return unused goods within 30 days "
		"of \","
		"\"delivery. [1] The refund \",\"arrives in 5 days. [1]\"],\"delay_ms\":150}]";
	struct rw *x = rw_up("/v1/realtime?model=callm");
	rw_script = NULL;
	CHECK(x != NULL);
	tell(x, ITEM(RETURNS));
	tell(x, CREATE);
	const jv *first = next(x, "response.output_audio_transcript.delta");
	HAS(jv_get_str(first, "delta"), "30 days");
	next(x, "response.output_audio.delta");
	CHECK(!has(x, "response.done", 0));
	HAS(jv_get_str(next(x, "response.output_audio_transcript.delta"), "delta"), "5 days");
	const jv *done = next(x, "response.done");
	SV_EQ(str(done, "response.status"), "completed");
	SV_EQ(str(done, "response.output.0.content.0.transcript"),
	      "You may return unused goods within 30 days of delivery. The refund arrives in 5 "
	      "days.");
	SV_EQ(str(done, "response.callm.citations.0.article_id"), "returns.en");
	size_t created = 0;
	for (size_t i = 0; i < x->c.frames.n; i++)
		created += sv_eq(jv_get_str(x->c.frames.v[i], "type"), SV("response.created"));
	EQ(created, 1);
	rw_down(x);
}

TEST(realtime_a_voice_cuts_in)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	char item[40];
	CHECK(x != NULL);
	x->asr.says[x->asr.n_says++] = RETURNS;
	x->asr.says[x->asr.n_says++] = "How long does delivery take?";
	sound(x, 500, true);
	sound(x, 900, false);
	for (int i = 0; i < 10; i++)
		next(x, "response.output_audio.delta");
	sound(x, 600, true);
	sound(x, 900, false);
	next(x, "output_audio_buffer.cleared");
	const jv *done = next(x, "response.done");
	SV_EQ(str(done, "response.status"), "cancelled");
	SV_EQ(str(done, "response.status_details.reason"), "turn_detected");
	sv heard = str(done, "response.output.0.content.0.transcript");
	CHECK(heard.n > 5 && heard.n < 80);
	snprintf(item, sizeof(item), SV_FMT, SV_ARG(str(done, "response.output.0.id")));
	done = next(x, "response.done");
	SV_EQ(str(done, "response.status"), "completed");
	HAS(str(done, "response.output.0.content.0.transcript"), "two to four");
	/* what the client says it played */
	char json[256];
	snprintf(json, sizeof(json), "{\"type\":\"conversation.item.truncate\",\"item_id\":\"%s\","
				     "\"content_index\":0,\"audio_end_ms\":100}", item);
	tell(x, json);
	EQ(jv_get_int(next(x, "conversation.item.truncated"), "audio_end_ms", 0), 100);
	snprintf(json, sizeof(json), "{\"type\":\"conversation.item.retrieve\",\"item_id\":\"%s\"}",
		 item);
	tell(x, json);
	const jv *got = next(x, "conversation.item.retrieved");
	CHECK(str(got, "item.content.0.transcript").n < heard.n);
	SV_EQ(str(got, "item.status"), "incomplete");
	rw_down(x);
}

TEST(realtime_truncating_what_sounds_stops_it)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	char json[256];
	CHECK(x != NULL);
	tell(x, CREATE);
	sv item = jv_get_str(next(x, "response.output_audio.delta"), "item_id");
	for (int i = 0; i < 6; i++)
		next(x, "response.output_audio.delta");
	snprintf(json, sizeof(json),
		 "{\"type\":\"conversation.item.truncate\",\"item_id\":\"" SV_FMT
		 "\",\"content_index\":0,\"audio_end_ms\":60}",
		 SV_ARG(item));
	tell(x, json);
	const jv *done = next(x, "response.done");
	SV_EQ(str(done, "response.status"), "cancelled");
	CHECK(str(done, "response.output.0.content.0.transcript").n < 12);
	struct resp r = { 0 };
	char id[27];
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(str(done, "response.conversation_id")));
	store_flush(x->w.store);
	EQ(events(&x->w, id, aw_token(&x->w, "supervisor"), 0, &r), 200);
	EQ(kinds(&r, "turn.cut"), 1);                    /* the engine knows too */
	resp_done(&r);
	rw_down(x);
}

TEST(realtime_a_commit_by_hand)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	CHECK(x != NULL);
	x->asr.says[x->asr.n_says++] = RETURNS;
	x->asr.says[x->asr.n_says++] = "never mind";
	x->asr.says[x->asr.n_says++] = "How long does delivery take?";
	tell(x, MANUAL);
	next(x, "session.updated");
	tell(x, "{\"type\":\"input_audio_buffer.commit\"}");
	SV_EQ(str(next(x, "error"), "error.code"), "input_audio_buffer_commit_empty");
	sound(x, 400, true);
	tell(x, "{\"type\":\"input_audio_buffer.commit\"}");
	tell(x, CREATE);
	sv item = jv_get_str(next(x, "input_audio_buffer.committed"), "item_id");
	next(x, "response.created");
	const jv *t = next(x, "conversation.item.input_audio_transcription.completed");
	CHECK(sv_eq(jv_get_str(t, "item_id"), item));
	const jv *done = next(x, "response.done");
	HAS(str(done, "response.output.0.content.0.transcript"), "30 days");
	CHECK(!has(x, "input_audio_buffer.speech_started", 0));
	sound(x, 400, true);
	tell(x, "{\"type\":\"input_audio_buffer.clear\"}");
	next(x, "input_audio_buffer.cleared");
	tell(x, "{\"type\":\"input_audio_buffer.commit\"}");
	SV_EQ(str(next(x, "error"), "error.code"), "input_audio_buffer_commit_empty");
	rw_down(x);
}

TEST(realtime_answers_wait_when_told_to)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	CHECK(x != NULL);
	x->asr.says[x->asr.n_says++] = RETURNS;
	tell(x, "{\"type\":\"session.update\",\"session\":{\"audio\":{\"input\":{\"turn_"
		"detection\":"
		"{\"type\":\"server_vad\",\"create_response\":false,\"idle_timeout_ms\":6000}}}"
		"}}");
	const jv *up = next(x, "session.updated");
	EQ(jv_as_int(jv_path(up, "session.audio.input.turn_detection.idle_timeout_ms"), 0), 8000);
	sound(x, 500, true);
	sound(x, 900, false);
	next(x, "conversation.item.input_audio_transcription.completed");
	next(x, "conversation.item.done");
	CHECK(!has(x, "response.created", 0));
	tell(x, CREATE);
	HAS(str(next(x, "response.done"), "response.output.0.content.0.transcript"), "30 days");
	rw_down(x);
}

TEST(realtime_the_older_names)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	static const struct web_ws_ops ops = { wsc_on_open, wsc_on_msg, wsc_on_close, NULL };
	struct wsc c = { 0 };
	char url[API_TOKEN_MAX + 128];
	CHECK(x != NULL);
	snprintf(url, sizeof(url), "ws://127.0.0.1:%d/v1/realtime?token=%s", x->w.port,
		 aw_token(&x->w, "admin"));
	struct web_ws_client_opts o = { .url = url, .ops = &ops, .arg = &c,
					.headers = "OpenAI-Beta: realtime=v1\r\n" };
	wsc_close(&x->w, &x->c);
	x->c = (struct wsc){ 0 };
	OK(web_ws_connect(&c.ws, x->w.loop, &o, NULL));
	CHECK(wsc_wait(&x->w, &c, "session.created") != NULL);
	SV_EQ(str(wsc_find(&c, "session.created", 0), "session.input_audio_format"), "pcm16");
	wsc_send(
		&c,
		"{\"type\":\"session.update\",\"session\":{\"modalities\":[\"text\",\"audio\"],"
		"\"input_audio_format\":\"g711_ulaw\",\"output_audio_format\":\"g711_alaw\","
		"\"turn_detection\":null,\"input_audio_transcription\":null}}");
	const jv *up = wsc_wait(&x->w, &c, "session.updated");
	SV_EQ(str(up, "session.output_audio_format"), "g711_alaw");
	wsc_send(&c, ITEM(RETURNS));
	CHECK(wsc_wait(&x->w, &c, "conversation.item.created") != NULL);
	wsc_send(&c, CREATE);
	CHECK(wsc_wait(&x->w, &c, "response.done") != NULL);
	const jv *delta = wsc_find(&c, "response.audio.delta", 0);
	EQ(jv_get_str(delta, "delta").n, (160 + 2) / 3 * 4);     /* 20 ms of G.711 */
	CHECK(wsc_find(&c, "response.audio_transcript.done", 0) != NULL);
	CHECK(!wsc_find(&c, "conversation.item.added", 0));
	wsc_close(&x->w, &c);
	aw_down(&x->w);
}

TEST(realtime_keys_in_the_sound)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	int16_t pcm[2400];
	uint8_t g711[2400];
	struct sb b;
	CHECK(x != NULL);
	tell(x, "{\"type\":\"session.update\",\"session\":{\"audio\":{\"input\":{\"format\":{"
		"\"type\":"
		"\"audio/pcmu\"}}}}}");
	next(x, "session.updated");
	memset(pcm, 0, sizeof(pcm));
	EQ(pcm_dtmf_gen('5', 120, pcm + 400, 1600), 960);
	pcm_ulaw_encode(pcm, 2400, g711);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
	sb_base64(&b, g711, sizeof(g711));
	sb_cstr(&b, "\"}");
	tell(x, sb_str(&b));
	SV_EQ(jv_get_str(next(x, "input_audio_buffer.dtmf_event_received"), "event"), "5");
	next(x, "response.done");                        /* there is no such menu entry */
	sb_done(&b);
	rw_down(x);
}

/* ---- the unfriendly ---- */

static const struct {
	const char *json, *code;
} hostile[] = {
	{ "", "invalid_json" },
	{ "{", "invalid_json" },
	{ "[]", "invalid_json" },
	{ "{}", "unknown_event" },
	{ "{\"type\":7}", "unknown_event" },
	{ "{\"type\":\"session.delete\"}", "unknown_event" },
	{ "{\"type\":\"input_audio_buffer.append\"}", "invalid_value" },
	{ "{\"type\":\"input_audio_buffer.append\",\"audio\":7}", "invalid_value" },
	{ "{\"type\":\"input_audio_buffer.append\",\"audio\":\"@@@@\"}", "invalid_value" },
	{ "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAA\"}", "invalid_value" },
	{ "{\"type\":\"input_audio_buffer.commit\"}", "invalid_state" },
	{ "{\"type\":\"session.update\"}", "invalid_value" },
	{ "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\"}}",
	  "invalid_value" },
	{ "{\"type\":\"session.update\",\"session\":{\"output_modalities\":[]}}",
	  "invalid_value" },
	{ "{\"type\":\"session.update\",\"session\":{\"audio\":{\"input\":{\"format\":{"
	  "\"type\":"
	  "\"audio/opus\"}}}}}",
	  "invalid_value" },
	{ "{\"type\":\"session.update\",\"session\":{\"audio\":{\"input\":{\"format\":{"
	  "\"type\":"
	  "\"audio/pcm\",\"rate\":48000}}}}}",
	  "invalid_value" },
	{ "{\"type\":\"session.update\",\"session\":{\"turn_detection\":{\"type\":\"x\"}}}",
	  "invalid_value" },
	{ "{\"type\":\"conversation.item.create\"}", "invalid_value" },
	{ "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":"
	  "\"user\","
	  "\"content\":[{\"type\":\"input_audio\",\"audio\":\"AAAA\"}]}}",
	  "invalid_value" },
	{ ITEM(" "), "invalid_value" },
	{ "{\"type\":\"conversation.item.retrieve\",\"item_id\":\"no\"}", "item_not_found" },
	{ "{\"type\":\"conversation.item.delete\",\"item_id\":\"no\"}", "item_not_found" },
	{ "{\"type\":\"conversation.item.truncate\",\"item_id\":\"no\"}", "item_not_found" },
	{ "{\"type\":\"response.cancel\"}", "response_cancel_not_active" },
	{ "{\"type\":\"response.create\",\"response\":{\"conversation\":\"none\"}}",
	  "unsupported_value" },
};

TEST(realtime_nonsense_gets_an_error_and_the_session_lives)
{
	struct rw *x = rw_up("/v1/realtime?model=callm");
	struct sb b;
	CHECK(x != NULL);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		tell(x, hostile[i].json);
		const jv *e = next(x, "error");
		SV_EQ(str(e, "error.code"), hostile[i].code);
		CHECK(str(e, "error.message").n > 0 && jv_get(jv_get(e, "error"), "param"));
	}
	web_ws_send(x->c.ws, SV("\x00\xff\xfe"), true);
	SV_EQ(str(next(x, "error"), "error.code"), "invalid_event");
	tell(x, "{\"type\":\"session.update\",\"session\":{\"input_audio_format\":\"g711_ulaw\"}}");
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
	while (b.n < 107000)                             /* 10 s of silence */
		sb_cstr(&b, "////");
	sb_cstr(&b, "\"}");
	for (int i = 0; i < 7; i++)                      /* more than waits */
		tell(x, sb_str(&b));
	SV_EQ(str(next(x, "error"), "error.code"), "input_audio_buffer_full");
	sb_done(&b);
	tell(x, "{\"type\":\"input_audio_buffer.clear\"}");
	tell(x, TEXT_ONLY);
	tell(x, ITEM("what was written is taken back"));
	char json[160];
	sv id = str(next(x, "conversation.item.added"), "item.id");
	snprintf(json, sizeof(json),
		 "{\"type\":\"conversation.item.delete\",\"item_id\":\"" SV_FMT "\"}", SV_ARG(id));
	tell(x, json);
	next(x, "conversation.item.deleted");
	tell(x, ITEM(RETURNS));
	tell(x, CREATE);
	HAS(str(next(x, "response.done"), "response.output.0.content.0.text"), "30 days");
	rw_down(x);
}

TEST(realtime_ends_in_every_state)
{
	for (int how = 0; how < 5; how++) {
		struct rw *x = rw_up("/v1/realtime?model=callm");
		CHECK(x != NULL);
		x->asr.says[x->asr.n_says++] = RETURNS;
		if (how == 1)
			sound(x, 400, true);
		if (how == 2) {
			tell(x, CREATE);
			next(x, "response.output_audio.delta");
		}
		if (how == 3) {
			tell(x, MANUAL);
			sound(x, 300, true);
			tell(x, "{\"type\":\"input_audio_buffer.commit\"}");
			tell(x, CREATE);
			next(x, "response.created");
		}
		if (how == 4) {                          /* the server ends first */
			tell(x, CREATE);
			next(x, "response.output_audio.delta");
			aw_stop(&x->w);
			wsc_close(&x->w, &x->c);
			web_client_done(x->w.loop);
			loop_free(x->w.loop);
			continue;
		}
		rw_down(x);
	}
}
