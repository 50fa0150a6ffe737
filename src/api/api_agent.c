/* api_agent.c: /ws/agent: what an agent is told, in order and without a gap.
 *
 * Each login has a ring of its last AGENT_RING events, numbered from 1 on above the time the
 * server began, so that numbers of an earlier run are never taken for these. A socket gets hello
 * first (all there is, read on a worker after what was written before), then what came since it
 * asked, or, when it comes again with `after` and the ring still has that, all it lacks. Frames
 * without a number (help, gauges) are for who is there. A ring outlives its last socket by ten
 * minutes. Who reads too slowly is closed by web.c and comes back. Door's thread; hello_run on a
 * worker. */
#include "api_people.h"
#include "api_user.h"
#include "api_hello.h"

#include "assist.h"

#include <stdio.h>

#define AGENTS_MAX 5000
#define KEEP_TICKS 600           /* seconds a ring lives without a socket */
#define OPS_A_SECOND 50
#define HELLO_HEAD 128           /* bytes around what hello carries */

struct told {
	int64_t seq;
	char *frame;
	size_t n;
};
struct api_agent {
	struct api *a;
	char login[64];
	struct told *ring;           /* AGENT_RING of them */
	size_t first, n, bytes;
	int64_t seq;                 /* of the last event */
	struct desk_sock *socks[AGENT_SOCKS];
	int n_socks, idle;           /* idle: ticks without a socket */
};
struct desk_sock {
	struct web_ws *ws;           /* NULL once gone */
	struct api_agent *g;         /* NULL once gone */
	struct api_user u;
	int refs;                    /* hello and orders under way */
	bool ready;                  /* hello is sent */
	int64_t after;               /* asked for; 0 = a new one */
	int64_t asked;               /* g->seq when hello was begun */
	int tokens;
	int64_t tokens_s;
};

/* ---- rings ---- */

static struct told *ring_at(const struct api_agent *g, size_t i)
{
	return &g->ring[(g->first + i) % AGENT_RING];
}

static void ring_drop(struct api_agent *g)
{
	struct told *t = ring_at(g, 0);
	g->bytes -= t->n;
	xfree(t->frame);
	t->frame = NULL;
	g->first = (g->first + 1) % AGENT_RING;
	g->n--;
}

static void ring_add(struct api_agent *g, sv frame)
{
	while (g->n == AGENT_RING || (g->n && g->bytes + frame.n > AGENT_RING_BYTES))
		ring_drop(g);
	*ring_at(g, g->n++) = (struct told){ g->seq, xstrdup(frame), frame.n };
	g->bytes += frame.n;
}

/* All after seq, if the ring still has them. */
static bool ring_has(const struct api_agent *g, int64_t seq)
{
	return seq <= g->seq && seq >= g->seq - (int64_t)g->n;
}

/* Bytes that all after seq, which the ring must have, takes of a socket's queue. */
static size_t ring_bytes(const struct api_agent *g, int64_t seq)
{
	size_t n = 0;
	for (size_t i = (size_t)((int64_t)g->n - (g->seq - seq)); i < g->n; i++)
		n += ring_at(g, i)->n + 1;
	return n;
}

static void sock_send(struct desk_sock *s, sv frame)
{
	api_mask_send(s->g->a, s->ws, sv_of(s->u.role), frame);
}

static void ring_send(const struct api_agent *g, struct desk_sock *s, int64_t after)
{
	for (size_t i = (size_t)((int64_t)g->n - (g->seq - after)); i < g->n && s->ws; i++) {
		const struct told *t = ring_at(g, i);
		sock_send(s, sv_n(t->frame, t->n));
	}
}

bool api_agent_lost(const struct api_agent *g, int64_t after, sv conversation)
{
	static const char *const ends[] = { "\"handover.ended\"", "\"handover.returned\"",
					    "\"handover.failed\"", "\"handover.queued\"" };
	if (!ring_has(g, after))
		return true;
	for (size_t i = (size_t)((int64_t)g->n - (g->seq - after)); i < g->n; i++) {
		const struct told *t = ring_at(g, i);
		sv head = sv_n(t->frame, t->n < 80 ? t->n : 80);
		bool over = false;
		for (size_t k = 0; k < sizeof(ends) / sizeof(*ends); k++)
			over |= sv_find(head, sv_of(ends[k])) >= 0;
		if (over && sv_find(sv_n(t->frame, t->n), conversation) >= 0)
			return true;
	}
	return false;
}

/* ---- agents ---- */

struct api_agent *api_agent_find(struct api *a, sv login)
{
	return login.n ? map_get(a->people->agents, login) : NULL;
}

static struct api_agent *agent_get(struct api *a, const char *login)
{
	struct api_people *p = a->people;
	struct api_agent *g = map_get(p->agents, sv_of(login));
	if (g)
		return g;
	g = xalloc(sizeof(*g));
	g->a = a;
	g->seq = p->seq0;
	g->ring = xalloc(sizeof(*g->ring) * AGENT_RING);
	snprintf(g->login, sizeof(g->login), "%s", login);
	if (map_put(p->agents, sv_of(login), g)) {
		xfree(g->ring);
		xfree(g);
		return NULL;
	}
	return g;
}

static void agent_free(struct api_agent *g)
{
	while (g->n)
		ring_drop(g);
	xfree(g->ring);
	xfree(g);
}

static void frame_send(struct api_agent *g, sv frame)
{
	for (int i = 0; i < g->n_socks; i++)
		if (g->socks[i]->ready && g->socks[i]->ws)
			sock_send(g->socks[i], frame);
}

void api_agent_tell(struct api_agent *g, const char *type, sv json)
{
	struct sb b;
	if (!g)
		return;
	sb_init(&b, 2 * LIM_SB);
	sb_fmt(&b, "{\"seq\":%lld,\"type\":\"%s\",\"data\":", (long long)g->seq + 1, type);
	sb_put(&b, json);
	sb_ch(&b, '}');
	if (!sb_err(&b)) {
		g->seq++;
		ring_add(g, sb_sv(&b));
		frame_send(g, sb_sv(&b));
	}
	sb_done(&b);
}

static void frame_of(struct sb *b, const char *type, sv json)
{
	sb_init(b, 2 * LIM_SB);
	sb_fmt(b, "{\"type\":\"%s\",\"data\":", type);
	sb_put(b, json);
	sb_ch(b, '}');
}

void api_agent_show(struct api_agent *g, const char *type, sv json)
{
	struct sb b;
	if (!g || g->n_socks == 0)
		return;
	frame_of(&b, type, json);
	if (!sb_err(&b))
		frame_send(g, sb_sv(&b));
	sb_done(&b);
}

void api_agents_show_but(struct api *a, sv login, const char *type, sv json)
{
	struct sb b;
	size_t it = 0;
	sv key;
	void *g;
	frame_of(&b, type, json);
	while (!sb_err(&b) && map_next(a->people->agents, &it, &key, &g))
		if (!sv_eq(key, login))
			frame_send(g, sb_sv(&b));
	sb_done(&b);
}

void api_agents_show(struct api *a, const char *type, sv json)
{
	api_agents_show_but(a, SV_NULL, type, json);
}

/* ---- who hears of a conversation ---- */

static void serve_end(struct map *m, struct api_served *x, sv conversation, sv login)
{
	int at = 0;
	while (at < x->n && !sv_eq(sv_of(x->login[at]), login))
		at++;
	if (at == x->n)
		return;
	memmove(x->login[at], x->login[at + 1], sizeof(x->login[0]) * (size_t)(--x->n - at));
	if (x->n == 0 && x->n_party == 0)
		xfree(map_del(m, conversation));
}

void api_serve(struct api *a, sv conversation, sv login, bool on)
{
	struct map *m = a->people->served;
	struct api_served *x = map_get(m, conversation);
	if (!id_ok(conversation) || !login.n || login.n >= sizeof(x->login[0]))
		return;
	if (!on && x)
		serve_end(m, x, conversation, login);
	if (!on || api_serves(a, conversation, login))
		return;
	if (!x) {
		x = xalloc(sizeof(*x));
		if (map_put(m, conversation, x)) {
			xfree(x);
			return;
		}
	}
	if (x->n == (int)(sizeof(x->login) / sizeof(*x->login)))
		return;
	snprintf(x->login[x->n++], sizeof(x->login[0]), SV_FMT, SV_ARG(login));
	if (x->n == 1 && a->o.assist)
		assist_watch(a->o.assist, conversation);
}

void api_serve_none(struct api *a, sv conversation, bool over)
{
	struct api_served *x = map_get(a->people->served, conversation);
	if (x)
		x->n = 0;
	if (x && a->o.assist)
		assist_leave(a->o.assist, conversation);
	if (x && over)
		xfree(map_del(a->people->served, conversation));
}

struct api_served *api_served(struct api *a, sv conversation)
{
	return map_get(a->people->served, conversation);
}

bool api_serves(struct api *a, sv conversation, sv login)
{
	const struct api_served *x = api_served(a, conversation);
	for (int i = 0; x && i < x->n; i++)
		if (sv_eq(sv_of(x->login[i]), login))
			return true;
	return false;
}

bool api_hears(struct api *a, sv conversation, sv party)
{
	const struct api_served *x = api_served(a, conversation);
	for (int i = 0; x && i < x->n_party; i++)
		if (sv_eq(sv_of(x->party[i]), party))
			return true;
	return false;
}

void api_agents_serving(struct api *a, sv conversation, const char *type, sv json, bool kept)
{
	const struct api_served *x = map_get(a->people->served, conversation);
	for (int i = 0; x && i < x->n; i++) {
		struct api_agent *g = api_agent_find(a, sv_of(x->login[i]));
		if (kept)
			api_agent_tell(g, type, json);
		else
			api_agent_show(g, type, json);
	}
}

/* What a customer's row says of the mood, for those who look at a face and not at the text. */
static void mood_of(struct api *a, sv conversation, const jv *row)
{
	struct sb b;
	const jv *body = jv_get(row, "body"), *mood = jv_get(body, "mood");
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"conversation\":\"" SV_FMT "\",\"emotion\":", SV_ARG(conversation));
	sb_json(&b, jv_get_str(body, "emotion"));
	sb_fmt(&b, ",\"valence\":%.2f,\"arousal\":%.2f,\"trend\":",
	       jv_get_num(mood, "valence", jv_get_num(body, "sentiment", 0)),
	       jv_get_num(mood, "arousal", 0));
	sb_json(&b, jv_get_str(mood, "trend"));
	sb_ch(&b, '}');
	if (jv_get_str(body, "emotion").n && !sb_err(&b)) {
		api_agents_serving(a, conversation, "emotion.updated", sb_sv(&b), true);
		api_alert_mood(a, conversation, jv_get_str(body, "emotion"));
	}
	sb_done(&b);
}

void api_agents_row(struct api *a, sv conversation, sv row)
{
	struct sb b;
	if (a->ending || !map_get(a->people->served, conversation))
		return;
	if (a->o.assist)
		assist_row(a->o.assist, conversation, row);
	sb_init(&b, 2 * LIM_SB);
	sb_fmt(&b, "{\"conversation\":\"" SV_FMT "\",\"row\":", SV_ARG(conversation));
	sb_put(&b, row);
	sb_ch(&b, '}');
	api_agents_serving(a, conversation, "message.created", sb_sv(&b), true);
	sb_done(&b);
	jv *v = jv_parse(row, NULL);
	sv kind = jv_get_str(v, "kind");
	if (sv_eq(kind, SV("turn.customer")))
		mood_of(a, conversation, v);
	else if (sv_starts(kind, SV("call.")))
		api_call_row(a, conversation, v);
	jv_free(v);
}

/* ---- sockets ---- */

struct api *desk_sock_api(const struct desk_sock *s)
{
	return s->g->a;
}

sv desk_sock_peer(const struct desk_sock *s)
{
	return s->ws ? web_ws_peer(s->ws) : SV_NULL;
}

void desk_sock_ref(struct desk_sock *s)
{
	s->refs++;
}

void desk_sock_unref(struct desk_sock *s)
{
	if (--s->refs == 0 && !s->ws)
		xfree(s);
}

void desk_sock_reply(struct desk_sock *s, sv re, int status, sv json, const char *detail)
{
	struct sb b;
	if (!s->ws)
		return;
	sb_init(&b, 2 * LIM_SB);
	sb_cstr(&b, "{\"re\":");
	sb_json(&b, re);
	sb_fmt(&b, ",\"ok\":%s,\"status\":%d", status < 400 ? "true" : "false", status);
	if (status < 400) {
		sb_cstr(&b, ",\"data\":");
		sb_put(&b, json);
	} else {
		sb_cstr(&b, ",\"detail\":");
		sb_json(&b, sv_of(detail ? detail : ""));
	}
	sb_ch(&b, '}');
	sock_send(s, sb_sv(&b));
	sb_done(&b);
}

static void hello_sent(struct desk_sock *s, sv work)
{
	struct api_agent *g = s->g;
	/* more than the socket's queue holds would close it, and again when it comes back */
	bool resumed = s->after && ring_has(g, s->after) &&
		       ring_bytes(g, s->after) + work.n + HELLO_HEAD <= LIM_WS_QUEUE;
	struct sb b;
	sb_init(&b, 16u << 20);
	sb_fmt(&b, "{\"seq\":%lld,\"type\":\"hello\",\"data\":{\"resumed\":%s",
	       (long long)(resumed ? s->after : s->asked), resumed ? "true" : "false");
	sb_put(&b, work);
	sb_cstr(&b, "}}");
	if (sb_err(&b) || !ring_has(g, s->asked))
		web_ws_close(s->ws, 1013, SV("too much happens just now"));
	else
		sock_send(s, sb_sv(&b));
	s->ready = true;
	if (s->ws && ring_has(g, s->asked))
		ring_send(g, s, resumed ? s->after : s->asked);
	sb_done(&b);
}

static void hello_done(struct api_query *q)
{
	struct desk_sock *s = q->p2;
	if (s->ws && q->status != 200)
		web_ws_close(s->ws, 1011, SV("the database could not be read"));
	else if (s->ws)
		hello_sent(s, sb_sv(&q->out));
	api_hello_over(q, s->g, s->asked);
	desk_sock_unref(s);
	api_query_free(q);
}

static void hello(struct desk_sock *s)
{
	struct api_query *q = api_query_new(s->g->a, NULL);
	s->asked = s->g->seq;
	q->p2 = s;
	q->settled = true;
	q->run = api_hello_run;
	q->done = hello_done;
	api_hello_of(q, &s->u);
	desk_sock_ref(s);
	api_query_start(q);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	sv token = web_req_arg(r, "token");
	if (!api_user_of_token(a, token.n ? token : web_req_bearer(r), &u))
		return 401;
	if (!api_role_may(a, sv_of(u.role), "desk.open"))
		return 403;
	struct api_agent *g = a->draining ? NULL : agent_get(a, u.login);
	if (!g || g->n_socks == AGENT_SOCKS)
		return 503;
	struct desk_sock *s = xalloc(sizeof(*s));
	s->ws = ws;
	s->g = g;
	s->u = u;
	s->tokens = OPS_A_SECOND;
	if (sv_i64(web_req_arg(r, "after"), &s->after) || s->after < 0)
		s->after = 0;
	web_ws_set_user(ws, s);
	g->socks[g->n_socks++] = s;
	g->idle = 0;
	metric_add(M_WS_OPEN, 1);
	if (g->n_socks == 1)
		api_agent_came(a, sv_of(g->login), true);
	hello(s);
	return 0;
}

static bool may_ask(struct desk_sock *s)
{
	int64_t now = loop_now_ms(s->g->a->loop) / 1000;
	if (now != s->tokens_s)
		s->tokens = OPS_A_SECOND;
	s->tokens_s = now;
	return s->tokens-- > 0;
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct desk_sock *s = web_ws_user(ws);
	jv *v = binary ? NULL : jv_parse(msg, NULL);
	sv re = jv_get_str(v, "id"), op = jv_get_str(v, "op");
	jv *data = jv_get(v, "data");
	if (!op.n || re.n > 64 || (data && !jv_is_obj(data)))
		desk_sock_reply(s, sv_slice(re, 0, re.n < 64 ? re.n : 0), 400, SV_NULL,
				"A frame is {\"id\":\"x1\",\"op\":\"..\",\"data\":{..}}.");
	else if (!may_ask(s))
		desk_sock_reply(s, re, 429, SV_NULL, "Too many orders in one second.");
	else
		api_op_frame(s, &s->u, re, op, data ? jv_copy(data) : jv_obj());
	jv_free(v);
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct desk_sock *s = web_ws_user(ws);
	struct api_agent *g = s->g;
	metric_add(M_WS_OPEN, -1);
	for (int i = 0; i < g->n_socks; i++)
		if (g->socks[i] == s) {
			g->socks[i] = g->socks[--g->n_socks];
			break;
		}
	if (g->n_socks == 0)
		api_agent_came(g->a, sv_of(g->login), false);
	s->ws = NULL;
	s->g = NULL;
	s->refs++;
	desk_sock_unref(s);
}

const struct web_ws_ops api_agent_ws = { on_open, on_msg, on_close, NULL };

void api_agent_cut(struct api *a, sv login, int64_t from_ms)
{
	struct api_agent *g = a->people ? api_agent_find(a, login) : NULL;
	for (int i = 0; g && i < g->n_socks; i++)
		if (g->socks[i]->u.made_ms < from_ms)
			web_ws_close(g->socks[i]->ws, 1008, SV("sign in again"));
}

/* ---- once a second ---- */

static void agents_sweep(struct api_people *p)
{
	size_t it = 0;
	sv key;
	void *v;
	struct api_agent *old = NULL;
	while (map_next(p->agents, &it, &key, &v)) {
		struct api_agent *g = v;
		g->idle = g->n_socks ? 0 : g->idle + 1;
		if (g->idle > KEEP_TICKS)
			old = g;
	}
	if (!old)
		return;              /* one a tick is enough: they come one by one, too */
	map_del(p->agents, sv_of(old->login));
	agent_free(old);
}

/* A full mailbox lost events: all come again for everything, with numbers of which no ring
 * knows. */
static void agents_again(struct api *a)
{
	size_t it = 0;
	sv key;
	void *v;
	while (map_next(a->people->agents, &it, &key, &v)) {
		struct api_agent *g = v;
		while (g->n)
			ring_drop(g);
		g->seq++;
		for (int i = g->n_socks - 1; i >= 0; i--)
			if (g->socks[i]->ws)
				web_ws_close(g->socks[i]->ws, 1013, SV("events were lost"));
	}
}

static void tick(void *arg)
{
	struct api_people *p = arg;
	int64_t lost = metric_get(M_MBOX_FULL);
	loop_after(p->a->loop, &p->tick, 1000, tick, p);
	agents_sweep(p);
	if (lost != p->lost)
		agents_again(p->a);
	p->lost = lost;
}

int api_people_open(struct api *a)
{
	struct api_people *p = xalloc(sizeof(*p));
	p->a = a;
	p->agents = map_new(AGENTS_MAX);
	p->served = map_new(LIM_CONVERSATIONS);
	p->seq0 = clk_wall_ms();
	p->lost = metric_get(M_MBOX_FULL);
	a->people = p;
	api_alerts_open(a);
	loop_after(a->loop, &p->tick, 1000, tick, p);
	return 0;
}

void api_people_stop(struct api *a)
{
	if (a->people)
		loop_timer_stop(&a->people->tick);
}

void api_people_done(struct api *a)
{
	struct api_people *p = a->people;
	size_t it = 0;
	sv key;
	void *v;
	if (!p)
		return;
	while (map_next(p->agents, &it, &key, &v))
		agent_free(v);
	it = 0;
	while (map_next(p->served, &it, &key, &v))
		xfree(v);
	map_free(p->agents);
	map_free(p->served);
	api_alerts_done(a);
	xfree(p->queues_now);
	xfree(p->agents_now);
	xfree(p);
	a->people = NULL;
}
