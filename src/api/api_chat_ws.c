/* api_chat_ws.c: /ws/chat: a customer's socket: start, resume, messages. What it gets and in
 * which order is api_chat_replay.c's. A socket watches one conversation at a time; a
 * conversation may have several. Door's thread. */
#include "api_chat.h"

#include <stdio.h>

static void send_error(struct api_sock *s, const char *code, const char *detail, sv client_id)
{
	struct sb b;
	sb_init(&b, 2048);
	sb_fmt(&b, "{\"type\":\"error\",\"data\":{\"code\":\"%s\",\"detail\":\"%s\"", code, detail);
	if (client_id.n && client_id.n <= 128) {
		sb_cstr(&b, ",\"client_id\":");
		sb_json(&b, client_id);
	}
	sb_cstr(&b, "}}");
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}

/* ---- rows and frames ---- */

static int64_t seq_of(sv json)
{
	int64_t seq = 0;
	sv head = SV("{\"seq\":");
	if (!sv_starts(json, head))
		return 0;
	for (size_t i = head.n; i < json.n && json.p[i] >= '0' && json.p[i] <= '9'; i++)
		seq = seq * 10 + (json.p[i] - '0');
	return seq;
}

void chat_send_row(struct api_sock *s, sv json)
{
	int64_t seq = seq_of(json);
	if (seq <= s->sent_seq)
		return;
	s->sent_seq = seq;
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"type\":\"event\",\"data\":");
	sb_put(&b, json);
	sb_ch(&b, '}');
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}

void chat_sock_event(struct api_sock *s, sv json)
{
	if (!s->replaying && seq_of(json) <= s->sent_seq + 1) {
		chat_send_row(s, json);
		return;
	}
	char **slot = VEC_PUSH(&s->held, CHAT_HELD);
	if (slot)
		*slot = xstrdup(json);
	else
		s->missed = true;
	if (!s->replaying)              /* a row before it is missing */
		chat_sock_replay(s);
}

void chat_sock_frame(struct api_chat *c, sv frame, bool while_replaying)
{
	for (int i = 0; i < c->n_socks; i++)
		if (while_replaying || !c->socks[i]->replaying)
			web_ws_send(c->socks[i]->ws, frame, false);
}

bool chat_attach(struct api_sock *s, struct api_chat *c)
{
	if (c->n_socks == CHAT_SOCKS)
		return false;
	c->socks[c->n_socks++] = s;
	s->chat = c;
	memcpy(s->id, c->id, sizeof(s->id));
	chat_page_opens(c);
	return true;
}

void chat_detach(struct api_sock *s)
{
	struct api_chat *c = s->chat;
	for (int i = 0; c && i < c->n_socks; i++)
		if (c->socks[i] == s) {
			c->socks[i] = c->socks[--c->n_socks];
			chat_page_shuts(c);
			break;
		}
	s->chat = NULL;
}

void chat_sock_session(struct api_sock *s)
{
	const struct api_chat *c = s->chat;
	char token[API_TOKEN_MAX];
	chat_token(s->a, c->id, token, sizeof(token));
	jv *data = jv_obj();
	jv_set_str(data, "id", sv_of(c->id));
	jv_set_str(data, "interaction_id", sv_of(c->interaction));
	jv_set_str(data, "token", sv_of(token));
	if (c->greeting)
		jv_set_str(data, "greeting", sv_of(c->greeting));
	jv *f = jv_obj();
	jv_set_str(f, "type", SV("session"));
	jv_set(f, "data", data);
	web_ws_send_json(s->ws, f);
}

/* ---- operations ---- */

static bool occupied(struct api_sock *s)
{
	if (s->chat)
		send_error(s, "already_started", "This socket has a conversation already.",
			   SV_NULL);
	else if (s->replaying)
		send_error(s, "busy", "The last conversation is being ended; try again.", SV_NULL);
	return s->chat || s->replaying;
}

static void op_message(struct api_sock *s, const jv *data);

static void op_start(struct api_sock *s, const jv *data)
{
	if (occupied(s))
		return;
	int status;
	const char *why = api_customer_bad(data);
	if (why) {
		send_error(s, "bad_frame", why, SV_NULL);
		return;
	}
	struct chat_made m = { .peer = web_ws_peer(s->ws) };
	api_customer_read(data, &m);
	struct api_chat *c = chat_open(s->a, &m, &status, &why);
	if (!c) {
		send_error(s, s->a->draining ? "busy" : "full", why, SV_NULL);
		return;
	}
	s->sent_seq = 0;
	chat_attach(s, c);
	chat_sock_session(s);
	if (jv_get_str(data, "text").n)
		op_message(s, data);
}

static void op_resume(struct api_sock *s, const jv *data)
{
	char subject[128];
	sv id = jv_get_str(data, "id");
	if (occupied(s))
		return;
	if (!api_token_check(s->a, "conv", jv_get_str(data, "token"), subject, sizeof(subject)) ||
	    !sv_eq(id, sv_of(subject))) {
		send_error(s, "denied", "The conversation cannot be resumed with this token.",
			   SV_NULL);
		return;
	}
	struct api_chat *c = chat_find_or_load(s->a, id);
	int64_t after = jv_get_int(data, "after", 0);
	s->sent_seq = after > 0 ? after : 0;
	if (!c || !chat_attach(s, c)) {
		send_error(s, "busy", "The conversation cannot be resumed just now.", SV_NULL);
		return;
	}
	s->replaying = true;
	if (c->loading)                 /* goes on when it is there */
		return;
	chat_sock_session(s);
	chat_sock_replay(s);
}

static void op_message(struct api_sock *s, const jv *data)
{
	sv text = jv_get_str(data, "text"), client_id = jv_get_str(data, "client_id");
	char made[27];
	id_new(made);
	if (!s->chat) {
		send_error(s, s->id[0] ? "closed" : "no_session",
			   s->id[0] ? "The conversation has ended." :
				      "Send session.start or session.resume first.",
			   client_id);
		return;
	}
	if (!sv_trim(text).n || sv_runes(text) > LIM_TEXT_MSG || client_id.n > 128) {
		send_error(s, "bad_message",
			   "Give text, at most 4000 characters, and at most 128 bytes of "
			   "client_id.",
			   client_id);
		return;
	}
	struct chat_msg m = { .text = text, .client_id = client_id.n ? client_id : sv_of(made) };
	int64_t seq = 0;
	int rc = chat_text(s->chat, &m, &seq);
	if (rc == ERR_EXISTS && seq)
		chat_ack_frame(s->chat, client_id, seq);
	else if (rc && rc != ERR_EXISTS)
		send_error(s, rc == ERR_RATE ? "busy" : "not_taken",
			   "Send the message again in a moment.", client_id);
}

static void op_ping(struct api_sock *s, const jv *data)
{
	web_ws_send(s->ws, SV("{\"type\":\"pong\"}"), false);
}

static void op_typing(struct api_sock *s, const jv *data)
{
}

static const struct {
	const char *name;
	void (*fn)(struct api_sock *s, const jv *data);
} ops[] = {
	{ "session.start", op_start },  { "session.resume", op_resume },
	{ "message.send", op_message }, { "ping", op_ping },
	{ "typing", op_typing },
};

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct api_sock *s = web_ws_user(ws);
	jv *v = binary ? NULL : jv_parse(msg, NULL);
	sv op = jv_get_str(v, "op");
	size_t i = 0, n = sizeof(ops) / sizeof(*ops);
	while (i < n && !sv_eq(op, sv_of(ops[i].name)))
		i++;
	if (i < n)
		ops[i].fn(s, jv_get(v, "data"));
	else
		send_error(s, "bad_frame", "Send {op, data} with op session.start, session.resume, "
					   "message.send, typing or ping.", SV_NULL);
	jv_free(v);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct api_sock *s = xalloc(sizeof(*s));
	s->a = arg;
	s->ws = ws;
	web_ws_set_user(ws, s);
	metric_add(M_WS_OPEN, 1);
	return 0;
}

static void on_drain(struct web_ws *ws)
{
	chat_sock_drained(web_ws_user(ws));
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct api_sock *s = web_ws_user(ws);
	metric_add(M_WS_OPEN, -1);
	s->gone = true;
	chat_detach(s);
	chat_sock_free(s);
}

const struct web_ws_ops api_chat_ws = { on_open, on_msg, on_close, on_drain };
