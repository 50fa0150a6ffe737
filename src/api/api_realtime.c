/* api_realtime.c: /v1/realtime: the socket: who may, what comes, what a session is allowed.
 *
 * The key comes as Authorization: Bearer, or from browsers as the subprotocol
 * openai-insecure-api-key.KEY. Events have the names of OpenAI's general availability; a client
 * that says OpenAI-Beta: realtime=v1 gets the older names, and both shapes of session.update are
 * read. The conversation begins with the first sound, text or response.create, so that its
 * language and format are known by then. Door's thread. */
#include "api_realtime.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- events out ---- */

jv *rt_ev(const char *type)
{
	jv *o = jv_obj();
	jv_set_str(o, "type", sv_of(type));
	return o;
}

void rt_id(const char *head, char out[40])
{
	char ulid[27];
	id_new(ulid);
	snprintf(out, 40, "%s_%s", head, ulid);
}

void rt_send(struct rt *s, jv *ev)
{
	char id[40];
	rt_id("event", id);
	jv_set_str(ev, "event_id", sv_of(id));
	web_ws_send_json(s->ws, ev);
}

const char *rt_name(const struct rt *s, const char *ga)
{
	static const char *const beta[][2] = {
		{ "response.output_audio.delta", "response.audio.delta" },
		{ "response.output_audio.done", "response.audio.done" },
		{ "response.output_audio_transcript.delta", "response.audio_transcript.delta" },
		{ "response.output_audio_transcript.done", "response.audio_transcript.done" },
		{ "response.output_text.delta", "response.text.delta" },
		{ "response.output_text.done", "response.text.done" },
	};
	for (size_t i = 0; s->beta && i < sizeof(beta) / sizeof(*beta); i++)
		if (strcmp(beta[i][0], ga) == 0)
			return beta[i][1];
	return ga;
}

static jv *str_or_null(sv s)
{
	return s.n ? jv_str(s) : jv_null();
}

void rt_error(struct rt *s, const jv *from, const char *code, const char *param, const char *fmt,
	      ...)
{
	char msg[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	jv *e = jv_obj(), *ev = rt_ev("error");
	sv type = sv_starts(sv_of(code), SV("server_")) ? SV("server_error") :
							   SV("invalid_request_error");
	jv_set_str(e, "type", type);
	jv_set_str(e, "code", sv_of(code));
	jv_set_str(e, "message", sv_of(msg));
	jv_set(e, "param", str_or_null(sv_of(param)));
	jv_set(e, "event_id", str_or_null(sv_slice(jv_get_str(from, "event_id"), 0, 512)));
	jv_set(ev, "error", e);
	rt_send(s, ev);
}

/* ---- the conversation ---- */

unsigned rt_mode(const struct rt *s)
{
	unsigned m = s->vad ? 0u : (unsigned)CHAN_RT_MANUAL;
	m |= s->vad && s->create ? 0u : (unsigned)CHAN_RT_KEEP;
	m |= s->vad && !s->interrupt ? (unsigned)CHAN_RT_STEADY : 0u;
	return m | (s->text_only ? (unsigned)CHAN_RT_MUTE : 0u);
}

static void on_audio(void *arg, sv pcm)
{
	rt_audio_out(arg, pcm);
}

/* The engine said goodbye, or the server ends. */
static void on_closed(void *arg)
{
	struct rt *s = arg;
	s->ended = true;
	if (s->resp.on)
		rt_response_end(s, "completed", NULL);
	chan_realtime_close(s->voice_of);
	s->voice_of = NULL;
	web_ws_close(s->ws, 1000, SV("the conversation has ended"));
}

bool rt_begin(struct rt *s, bool greet)
{
	struct api *a = s->a;
	struct chan_place place;
	const char *data_dir = NULL;
	if (s->voice_of)
		return true;
	int rc = s->ended ? ERR_CLOSED : a->o.media->place(a->o.media_arg, &place, &data_dir);
	struct chan_realtime_opts o = { .door = a->mbox,
					.place = place,
					.data_dir = data_dir,
					.id = sv_of(s->conv_id),
					.interaction_id = sv_of(s->interaction),
					.language = sv_of(s->lang),
					.customer_name = sv_of(s->owner),
					.mode = rt_mode(s),
					.greet = greet,
					.remind = s->vad && s->idle_ms > 0,
					.cb = { on_audio, rt_engine, on_closed },
					.arg = s };
	if (rc == 0)
		rc = chan_realtime_open(&s->voice_of, &o);
	if (rc == 0)
		return true;
	s->voice_of = NULL;
	rt_error(s, NULL, "server_busy", NULL, "The conversation cannot begin: %s.", err_text(rc));
	return false;
}

/* ---- opening ---- */

static sv key_of(struct web_req *r)
{
	sv key = web_req_bearer(r), head = SV("openai-insecure-api-key."), one;
	sv list = web_req_header(r, "sec-websocket-protocol");
	if (key.n)
		return key;
	while (sv_cut(&list, ',', &one)) {
		one = sv_trim(one);
		if (sv_starts(one, head))
			return sv_slice(one, head.n, one.n);
	}
	return web_req_arg(r, "token");
}

static bool wants_beta(struct web_req *r)
{
	return sv_find(web_req_header(r, "openai-beta"), SV("realtime=v1")) >= 0 ||
	       sv_find(web_req_header(r, "sec-websocket-protocol"),
		       SV("openai-beta.realtime-v1")) >= 0;
}

static int may_open(struct api *a, struct web_req *r, char *owner, size_t cap)
{
	sv model = web_req_arg(r, "model");
	if (!api_owner_of(a, key_of(r), owner, cap))
		return 401;
	if (model.n && !sv_eq(model, SV("callm")))
		return 404;
	if (a->draining || !a->o.media || !a->o.media->place || a->n_realtime >= RT_SESSIONS)
		return 503;
	return 0;
}

static void too_long(void *arg)
{
	struct rt *s = arg;
	rt_error(s, NULL, "session_expired", NULL, "The session is over after sixty minutes.");
	web_ws_close(s->ws, 1000, SV("session expired"));
}

static void tell_begin(struct rt *s)
{
	jv *ev = rt_ev("session.created");
	jv_set(ev, "session", rt_session(s));
	rt_send(s, ev);
	if (!s->beta)
		return;
	jv *c = jv_obj();
	ev = rt_ev("conversation.created");
	jv_set_str(c, "id", sv_of(s->conv_id));
	jv_set_str(c, "object", SV("realtime.conversation"));
	jv_set(ev, "conversation", c);
	rt_send(s, ev);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct api *a = arg;
	char owner[96];
	int status = may_open(a, r, owner, sizeof(owner));
	if (status)
		return status;
	struct rt *s = xalloc(sizeof(*s));
	s->a = a;
	s->ws = ws;
	s->beta = wants_beta(r);
	memcpy(s->owner, owner, sizeof(owner));
	id_new(s->conv_id);
	id_new(s->interaction);
	rt_id("sess", s->id);
	s->expires_s = (clk_wall_ms() + RT_SESSION_MS) / 1000;
	sb_init(&s->pending, LIM_WS_MSG);
	rt_session_init(s);
	web_ws_set_user(ws, s);
	web_ws_set_max(ws, RT_MSG_MAX);
	a->n_realtime++;
	metric_add(M_WS_OPEN, 1);
	loop_after(a->loop, &s->timer, RT_SESSION_MS, too_long, s);
	tell_begin(s);
	return 0;
}

/* ---- what comes ---- */

static const struct {
	const char *type;
	void (*fn)(struct rt *s, const jv *ev);
} client_events[] = {
	{ "input_audio_buffer.append", rt_on_append },
	{ "input_audio_buffer.commit", rt_on_commit },
	{ "input_audio_buffer.clear", rt_on_clear },
	{ "session.update", rt_on_update },
	{ "conversation.item.create", rt_on_item_create },
	{ "conversation.item.retrieve", rt_on_item_retrieve },
	{ "conversation.item.delete", rt_on_item_delete },
	{ "conversation.item.truncate", rt_on_item_truncate },
	{ "response.create", rt_on_create },
	{ "response.cancel", rt_on_cancel },
	{ "output_audio_buffer.clear", rt_on_cancel },
};

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct rt *s = web_ws_user(ws);
	struct err e = { 0 };
	jv *v = binary ? NULL : jv_parse(msg, &e);
	sv type = jv_get_str(v, "type");
	size_t i = 0, n = sizeof(client_events) / sizeof(*client_events);
	while (i < n && !sv_eq(type, sv_of(client_events[i].type)))
		i++;
	if (binary)
		rt_error(s, NULL, "invalid_event", NULL,
			 "Events are JSON text; sound is base64 in input_audio_buffer.append.");
	else if (!jv_is_obj(v))
		rt_error(s, NULL, "invalid_json", NULL, "The event is no JSON object. %s", e.msg);
	else if (i == n)
		rt_error(s, v, "unknown_event", "type", "There is no client event \"" SV_FMT "\".",
			 SV_ARG(sv_slice(type, 0, 80)));
	else if (!s->ended)
		client_events[i].fn(s, v);
	jv_free(v);
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct rt *s = web_ws_user(ws);
	metric_add(M_WS_OPEN, -1);
	s->a->n_realtime--;
	loop_timer_stop(&s->timer);
	chan_realtime_close(s->voice_of);
	rt_turn_done(s);
	rt_items_done(s);
	rt_sound_done(s);
	sb_done(&s->pending);
	xfree(s->instructions);
	xfree(s);
}

const struct web_ws_ops api_realtime_ws = { on_open, on_msg, on_close, NULL };
