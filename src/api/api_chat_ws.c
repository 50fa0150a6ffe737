/* api_chat_ws.c: /ws/chat: a customer's socket: start, resume with replay, messages.
 *
 * A resumed socket first gets what the river holds after the last row it knows, then what came meanwhile, each
 * row once, in order. The replay waits for the scribe, so that no row falls between the two. Door's thread. */
#include "api_chat.h"

#include <stdio.h>

static void send_error(struct api_sock *s, const char *code, const char *detail)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_fmt(&b, "{\"type\":\"error\",\"data\":{\"code\":\"%s\",\"detail\":\"%s\"}}", code, detail);
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}

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

static void send_row(struct api_sock *s, sv json)
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
	if (!s->replaying) {
		send_row(s, json);
		return;
	}
	char **slot = VEC_PUSH(&s->held, 4096);
	if (slot)
		*slot = xstrdup(json);
}

void chat_sock_frame(struct api_chat *c, sv frame)
{
	for (int i = 0; i < c->n_socks; i++)
		if (!c->socks[i]->replaying)
			web_ws_send(c->socks[i]->ws, frame, false);
}

static void sock_free(struct api_sock *s)
{
	if (!s->gone || s->replays)
		return;
	for (size_t i = 0; i < s->held.n; i++)
		xfree(s->held.v[i]);
	VEC_FREE(&s->held);
	xfree(s);
}

void chat_sock_detach(struct api_sock *s)
{
	struct api_chat *c = s->chat;
	if (!c)
		return;
	for (int i = 0; i < c->n_socks; i++)
		if (c->socks[i] == s) {
			c->socks[i] = c->socks[--c->n_socks];
			break;
		}
	s->chat = NULL;
}

void chat_sock_closed(struct api_sock *s, const char *why)
{
	chat_sock_detach(s);
	struct sb b;
	sb_init(&b, 256);
	sb_fmt(&b, "{\"type\":\"closed\",\"data\":{\"reason\":\"%s\"}}", why);
	if (!s->gone)
		web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
}

static bool attach(struct api_sock *s, struct api_chat *c)
{
	if (c->n_socks == CHAT_SOCKS)
		return false;
	c->socks[c->n_socks++] = s;
	s->chat = c;
	return true;
}

/* ---- replay ---- */

struct replay {
	struct api_sock *s;
	char id[27];
	int64_t after;
	struct sb rows;              /* one JSON row a line */
};

static void replay_run(void *arg, struct store_db *db)
{
	struct replay *p = arg;
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT " API_EVENT_COLS " FROM event WHERE conversation=?1 AND seq>?2 "
				"ORDER BY seq LIMIT 2000"))
		return;
	store_bind_sv(st, 1, sv_of(p->id));
	store_bind_int(st, 2, p->after);
	while (store_step(st) == 1) {
		api_event_row(st, &p->rows);
		sb_ch(&p->rows, '\n');
	}
	store_reset(st);
}

static void replay_done(void *arg)
{
	struct replay *p = arg;
	struct api_sock *s = p->s;
	sv rest = sb_sv(&p->rows), line;
	s->replays--;
	s->replaying = false;
	while (!s->gone && sv_line(&rest, &line))
		if (line.n)
			send_row(s, line);
	for (size_t i = 0; i < s->held.n; i++) {
		if (!s->gone)
			send_row(s, sv_of(s->held.v[i]));
		xfree(s->held.v[i]);
	}
	s->held.n = 0;
	sb_done(&p->rows);
	xfree(p);
	sock_free(s);
}

static int nothing(void *arg, struct store_db *db)
{
	return 0;
}

/* Everything handed to the scribe before this is on disk now. */
static void replay_read(void *arg, int err)
{
	struct replay *p = arg;
	struct api *a = p->s->a;
	if (store_read(a->o.store, a->o.pool, a->mbox, replay_run, p, replay_done))
		replay_done(p);
}

void chat_sock_replay(struct api_sock *s, int64_t after)
{
	if (!s->chat)
		return;
	struct replay *p = xalloc(sizeof(*p));
	p->s = s;
	p->after = after;
	memcpy(p->id, s->chat->id, sizeof(p->id));
	sb_init(&p->rows, 16u << 20);
	s->replaying = true;
	s->replays++;
	if (store_write(s->a->o.store, nothing, p, s->a->mbox, replay_read))
		replay_read(p, 0);
}

/* ---- operations ---- */

static void send_session(struct api_sock *s)
{
	char token[API_TOKEN_MAX];
	chat_token(s->a, s->chat->id, token, sizeof(token));
	jv *data = jv_obj();
	jv_set_str(data, "id", sv_of(s->chat->id));
	jv_set_str(data, "interaction_id", sv_of(s->chat->interaction));
	jv_set_str(data, "token", sv_of(token));
	jv *f = jv_obj();
	jv_set_str(f, "type", SV("session"));
	jv_set(f, "data", data);
	web_ws_send_json(s->ws, f);
}

static void op_message(struct api_sock *s, const jv *data);

static void op_start(struct api_sock *s, const jv *data)
{
	if (s->chat) {
		send_error(s, "already_started", "This socket has a conversation already.");
		return;
	}
	jv *customer = jv_get(data, "customer");
	struct api_chat *c = chat_open(s->a, "webchat", jv_get_str(data, "language"),
				       jv_get_str(customer, "name"), jv_get_str(customer, "phone"));
	if (!c) {
		send_error(s, "busy", "Too many conversations are open; try again soon.");
		return;
	}
	attach(s, c);
	send_session(s);
	if (jv_get_str(data, "text").n)
		op_message(s, data);
}

static void op_resume(struct api_sock *s, const jv *data)
{
	char subject[64];
	sv id = jv_get_str(data, "id");
	bool mine = api_token_check(s->a, "conv", jv_get_str(data, "token"), subject, sizeof(subject)) &&
		    sv_eq(id, sv_of(subject));
	struct api_chat *c = mine && !s->chat ? chat_find_or_load(s->a, id) : NULL;
	if (!c || !attach(s, c)) {
		send_error(s, mine ? "busy" : "denied", "The conversation cannot be resumed with this token.");
		return;
	}
	s->sent_seq = jv_get_int(data, "after", 0);
	s->replaying = true;
	send_session(s);
	if (!c->loading)
		chat_sock_replay(s, s->sent_seq);
}

static void op_message(struct api_sock *s, const jv *data)
{
	sv text = jv_get_str(data, "text"), client_id = jv_get_str(data, "client_id");
	char made[27];
	id_new(made);
	if (!s->chat) {
		send_error(s, "no_session", "Send session.start or session.resume first.");
		return;
	}
	if (!sv_trim(text).n || text.n > LIM_TEXT_MSG * 4 || client_id.n > 128) {
		send_error(s, "bad_message", "text is missing or too long, or client_id is over 128 bytes.");
		return;
	}
	int64_t seq = 0;
	int rc = chat_text(s->chat, text, client_id.n ? client_id : sv_of(made), &seq);
	if (rc == 0 || (rc == ERR_EXISTS && seq == 0))
		return;
	if (rc != ERR_EXISTS) {
		send_error(s, rc == ERR_AGAIN ? "loading" : "not_taken", "Send the message again in a moment.");
		return;
	}
	struct sb b;
	sb_init(&b, 1024);
	sb_fmt(&b, "{\"type\":\"ack\",\"data\":{\"seq\":%lld,\"client_id\":", (long long)seq);
	sb_json(&b, client_id);
	sb_cstr(&b, "}}");
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
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
	{ "session.start", op_start }, { "session.resume", op_resume }, { "message.send", op_message },
	{ "ping", op_ping },           { "typing", op_typing },
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
					   "message.send, typing or ping.");
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

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct api_sock *s = web_ws_user(ws);
	metric_add(M_WS_OPEN, -1);
	s->gone = true;
	chat_sock_detach(s);
	sock_free(s);
}

const struct web_ws_ops api_chat_ws = { on_open, on_msg, on_close, NULL };
