/* api_chat.c: the life of a written conversation at the door: opened, fed, closed.
 *
 * The engine's half lives on a shard behind chan_web; its callbacks arrive here by mailbox:
 * rows, pieces of replies, acknowledgements (the row is on disk) and the end. A text is known
 * by its client id, so that a second try is not a second message; ids come back from the river
 * after a restart (api_chat_load.c). struct api owns its chats. Door's thread. */
#include "api_chat.h"
#include "api_word.h"

#include <stdio.h>

/* ---- the ids of texts ---- */

void chat_idem_id(const struct chat_msg *m, char out[48])
{
	snprintf(out, 48, "idem:%016llx:%016llx", (unsigned long long)m->key,
		 (unsigned long long)m->body);
}

static bool hex64(sv s, uint64_t *ret)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		bool digit = ch >= '0' && ch <= '9';
		if (!digit && !(ch >= 'a' && ch <= 'f'))
			return false;
		v = v << 4 | (uint64_t)(digit ? ch - '0' : ch - 'a' + 10);
	}
	*ret = v;
	return s.n == 16;
}

bool chat_idem_parse(sv id, uint64_t *key, uint64_t *body)
{
	return id.n == 5 + 16 + 1 + 16 && sv_starts(id, SV("idem:")) && id.p[21] == ':' &&
	       hex64(sv_slice(id, 5, 21), key) && hex64(sv_slice(id, 22, 38), body);
}

struct chat_id *chat_id_add(struct api_chat *c)
{
	struct chat_id *x = VEC_PUSH(&c->ids, CHAT_IDS);
	if (!x)
		x = &c->ids.v[c->ids_next++ % CHAT_IDS];
	*x = (struct chat_id){ .turn = -1 };
	return x;
}

static struct chat_id *id_find(struct api_chat *c, uint64_t hash)
{
	for (size_t i = 0; i < c->ids.n; i++)
		if (c->ids.v[i].hash == hash)
			return &c->ids.v[i];
	return NULL;
}

/* 0 = new. */
static int id_known(struct api_chat *c, const struct chat_msg *m, int64_t *ret_seq)
{
	const struct chat_id *x = NULL;
	for (size_t i = 0; m->key && i < c->ids.n && !x; i++)
		if (c->ids.v[i].key == m->key && c->ids.v[i].hash)
			x = &c->ids.v[i];
	if (x && x->body != m->body)
		return ERR_CONFLICT;
	if (!x)
		x = id_find(c, sv_hash(m->client_id));
	if (!x)
		return 0;
	*ret_seq = x->seq;
	return ERR_EXISTS;
}

/* ---- the end ---- */

void chat_free(struct api_chat *c, int status, const char *detail, const char *why)
{
	struct api *a = c->a;
	if (map_get(a->chats, sv_of(c->id)) == c)
		map_del(a->chats, sv_of(c->id));
	api_addr_drop(a, c->addr);
	for (struct api_wait *x = c->waits, *next; x; x = next) {
		next = x->next;
		if (x->kind == WAIT_CLOSED && status == 410)
			x->acked = true;
	}
	chat_waits_check(c);
	chat_waits_fail(c, status, detail);
	while (c->n_socks)
		chat_sock_closed(c->socks[0], why);
	loop_timer_stop(&c->page);
	api_words_go_on(c, ERR_NOTFOUND);
	chan_web_unref(c->w);
	for (size_t i = 0; i < c->pending.n; i++) {
		xfree(c->pending.v[i].text);
		xfree(c->pending.v[i].client_id);
	}
	VEC_FREE(&c->pending);
	VEC_FREE(&c->ids);
	xfree(c->greeting);
	xfree(c);
}

static void chat_ended(struct api_chat *c)
{
	chat_free(c, 410, "The conversation is closed; start a new one.", "closed");
}

void chat_close(struct api_chat *c)
{
	c->close_wanted = true;
	if (c->w)
		chan_web_close(c->w);
}

/* ---- callbacks of the channel ---- */

static void on_event(void *arg, struct chan_web *w, sv json)
{
	struct api_chat *c = arg;
	for (int i = 0; i < c->n_socks; i++)
		chat_sock_event(c->socks[i], json);
	jv *ev = jv_parse(json, NULL);
	sv kind = jv_get_str(ev, "kind"), id = jv_as_str(jv_path(ev, "body.client_id"));
	struct chat_id *x =
		id.n && sv_eq(kind, SV("turn.customer")) ? id_find(c, sv_hash(id)) : NULL;
	if (x)
		x->turn = (int)jv_get_int(ev, "turn", -1);
	chat_page_row(c, kind);
	if (!c->greeting && sv_eq(kind, SV("turn.bot")))
		c->greeting = xstrdup(jv_as_str(jv_path(ev, "body.text")));
	chat_waits_event(c, ev, json);
	jv_free(ev);
}

static void on_delta(void *arg, struct chan_web *w, sv text)
{
	struct api_chat *c = arg;
	if (!c->n_socks)
		return;
	struct sb b;
	sb_init(&b, LIM_WS_MSG);
	sb_cstr(&b, "{\"type\":\"delta\",\"data\":{\"text\":");
	sb_json(&b, text);
	sb_cstr(&b, "}}");
	if (!sb_err(&b))
		chat_sock_frame(c, sb_sv(&b), false);
	sb_done(&b);
}

static void on_typing(void *arg, struct chan_web *w)
{
	chat_sock_frame(arg, SV("{\"type\":\"typing\"}"), false);
}

void chat_ack_frame(struct api_chat *c, sv client_id, int64_t seq)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "{\"type\":\"ack\",\"data\":{\"seq\":%lld,\"client_id\":", (long long)seq);
	sb_json(&b, client_id);
	sb_cstr(&b, "}}");
	chat_sock_frame(c, sb_sv(&b), true);
	sb_done(&b);
}

/* The text is forgotten, so that the client's next try is taken. */
void chat_refuse(struct api_chat *c, sv client_id, int err)
{
	struct chat_id *x = id_find(c, sv_hash(client_id));
	if (x)
		*x = (struct chat_id){ .turn = -1 };
	const char *code = err == ERR_RATE || err == ERR_FULL ? "busy" :
			   err == ERR_INVAL || err == ERR_TOOBIG ? "bad_message" : "not_saved";
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b,
	       "{\"type\":\"error\",\"data\":{\"code\":\"%s\",\"detail\":\"%s\",\"client_id\":",
	       code, err_text(err));
	sb_json(&b, client_id);
	sb_cstr(&b, "}}");
	chat_sock_frame(c, sb_sv(&b), true);
	sb_done(&b);
	chat_waits_ack(c, client_id, 0, err);
}

static void on_ack(void *arg, struct chan_web *w, sv client_id, int64_t seq, int err)
{
	struct api_chat *c = arg;
	if (err == ERR_CLOSED) {        /* its on_closed was lost in a full mailbox */
		chat_ended(c);
		return;
	}
	if (err) {
		chat_refuse(c, client_id, err);
		return;
	}
	struct chat_id *x = id_find(c, sv_hash(client_id));
	if (x)
		x->seq = seq;
	chat_ack_frame(c, client_id, seq);
	chat_waits_ack(c, client_id, seq, 0);
}

static void on_closed(void *arg, struct chan_web *w, int err)
{
	struct api_chat *c = arg;
	if (err)
		chat_free(c, err_http(err), "The conversation could not be opened; try again.",
			  "busy");
	else
		chat_ended(c);
}

/* ---- opening ---- */

int chat_start(struct api_chat *c, const struct chan_info *info)
{
	struct api *a = c->a;
	struct talk_shard *s = talk_hub_pick(a->o.hub, a->next++);
	if (!s)
		return ERR_FULL;
	struct chan_web_opts o = {
		.door = a->mbox, .shard = talk_shard_mbox(s), .shard_loop = talk_shard_loop(s),
		.sink = talk_sink(), .sink_arg = s, .arg = c, .info = *info,
		.cb = { on_event, on_delta, on_typing, on_ack, on_closed },
	};
	return chan_web_open(&c->w, &o);
}

static void name_chat(struct api_chat *c, const struct chat_made *m)
{
	if (m->id && m->interaction) {
		snprintf(c->id, sizeof(c->id), "%s", m->id);
		snprintf(c->interaction, sizeof(c->interaction), "%s", m->interaction);
		return;
	}
	id_new(c->id);
	id_new(c->interaction);
}

#define HELD_MS (2 * 60 * 1000)

int chat_left(struct api *a, const struct api_addr *x)
{
	int64_t held = a->o.chat_held_ms > 0 ? a->o.chat_held_ms : HELD_MS;
	int64_t now = loop_now_ms(a->loop);
	size_t it = 0;
	sv key;
	void *val;
	int n = 0;
	while (map_next(a->chats, &it, &key, &val)) {
		const struct api_chat *c = val;
		n += c->addr == x && !c->n_socks && !c->n_waits && now - c->used_ms > held;
	}
	return n;
}

struct api_chat *chat_open(struct api *a, const struct chat_made *m, int *ret_status,
			   const char **ret_why)
{
	*ret_status = api_room(a, m->peer, m->signed_in, ret_why);
	if (*ret_status)
		return NULL;
	*ret_status = 503;
	*ret_why = "Too many conversations are open; try again soon.";
	struct api_chat *c = xalloc(sizeof(*c));
	c->a = a;
	c->used_ms = loop_now_ms(a->loop);
	c->waits_end = &c->waits;
	name_chat(c, m);
	struct chan_info info = { .channel = "webchat",
				  .language = m->language,
				  .customer_name = m->profile && !m->name.n ? m->profile->name :
									      m->name,
				  .profile = m->profile,
				  .address = m->address,
				  .id = sv_of(c->id),
				  .interaction_id = sv_of(c->interaction) };
	if (map_get(a->chats, sv_of(c->id)) || map_put(a->chats, sv_of(c->id), c)) {
		xfree(c);
		return NULL;
	}
	if (chat_start(c, &info)) {
		map_del(a->chats, sv_of(c->id));
		xfree(c);
		return NULL;
	}
	if (!m->signed_in)
		c->addr = api_addr_take(a, m->peer);
	return c;
}

bool chat_token(struct api *a, const char *id, char *out, size_t cap)
{
	return api_token_make(a, "conv", sv_of(id), 0, out, cap);
}

/* ---- texts ---- */

/* Twice the second's worth may come at once. */
static bool rate_ok(struct api_chat *c)
{
	double per_s = c->a->o.msgs_per_s > 0 ? c->a->o.msgs_per_s : 20;
	int64_t now = loop_now_ms(c->a->loop);
	c->tokens = c->tokens_ms ? c->tokens + (double)(now - c->tokens_ms) * per_s / 1000 :
				   2 * per_s;
	if (c->tokens > 2 * per_s)
		c->tokens = 2 * per_s;
	c->tokens_ms = now;
	if (c->tokens < 1)
		return false;
	c->tokens -= 1;
	return true;
}

static int keep(struct api_chat *c, const struct chat_msg *m)
{
	struct chat_pending *p = VEC_PUSH(&c->pending, CHAT_PENDING);
	if (!p)
		return ERR_FULL;
	*p = (struct chat_pending){ xstrdup(m->text), xstrdup(m->client_id), m->key, m->body };
	return 0;
}

int chat_text(struct api_chat *c, const struct chat_msg *m, int64_t *ret_seq)
{
	*ret_seq = 0;
	if (c->loading)
		return keep(c, m);
	int rc = id_known(c, m, ret_seq);
	if (rc)
		return rc;
	if (!rate_ok(c))
		return ERR_RATE;
	rc = chan_web_send(c->w, m->text, m->client_id);
	if (rc)
		return rc;
	c->used_ms = loop_now_ms(c->a->loop);
	struct chat_id *x = chat_id_add(c);
	*x = (struct chat_id){
		.hash = sv_hash(m->client_id), .key = m->key, .body = m->body, .turn = -1
	};
	return 0;
}

void api_chats_done(struct api *a)
{
	size_t it = 0;
	sv key;
	void *val;
	while (map_next(a->chats, &it, &key, &val)) {
		struct api_chat *c = val;
		it = 0;
		map_del(a->chats, sv_of(c->id));
		if (!c->loading)        /* else its query frees it when it comes back */
			chat_free(c, 503, "The server is closing.", "closing");
	}
}
