/* api_chat.c: written conversations over REST, and what WebSockets share with it.
 *
 * A chat is in the map from its opening (or loading) until the engine closes it. After a restart the first
 * request with a valid token loads it again: its row says whether it is open, its events give the numbers to go
 * on with. A POSTed message is answered when its row is on disk and its reply is there. Door's thread. */
#include "api_chat.h"

#include <stdio.h>

/* ---- waiting requests ---- */

static void wait_free(struct api_wait *x)
{
	xfree(x->client_id);
	xfree(x->text);
	jv_free(x->reply);
	xfree(x);
}

static void wait_answer(struct api_chat *c, struct api_wait *x)
{
	char token[API_TOKEN_MAX];
	jv *out = x->reply ? x->reply : jv_obj();
	x->reply = NULL;
	if (x->create) {
		jv *made = jv_obj();
		jv_set_str(made, "id", sv_of(c->id));
		jv_set_str(made, "interaction_id", sv_of(c->interaction));
		chat_token(c->a, c->id, token, sizeof(token));
		jv_set_str(made, "token", sv_of(token));
		if (c->greeting)
			jv_set_str(made, "greeting", sv_of(c->greeting));
		if (x->text)
			jv_set(made, "reply", out);
		else
			jv_free(out);
		out = made;
	}
	web_reply_json(x->r, x->create ? 201 : 200, out);
	wait_free(x);
}

static bool wait_ready(const struct api_chat *c, const struct api_wait *x)
{
	if (x->create && !x->text)
		return c->greeting != NULL;
	return x->acked && x->reply && (!x->create || c->greeting);
}

static void waits_check(struct api_chat *c)
{
	for (struct api_wait **p = &c->waits; *p;) {
		struct api_wait *x = *p;
		if (!wait_ready(c, x)) {
			p = &x->next;
			continue;
		}
		*p = x->next;
		wait_answer(c, x);
	}
}

static void waits_fail(struct api_chat *c, int status, const char *detail)
{
	while (c->waits) {
		struct api_wait *x = c->waits;
		c->waits = x->next;
		web_reply_problem(x->r, status, detail);
		wait_free(x);
	}
}

/* A row of interest to a waiting request: its own text (gives the turn), or the reply to that turn. */
static void waits_event(struct api_chat *c, sv json)
{
	jv *ev = jv_parse(json, NULL);
	sv kind = jv_get_str(ev, "kind");
	int turn = (int)jv_get_int(ev, "turn", 0);
	sv client_id = jv_as_str(jv_path(ev, "body.client_id"));
	for (struct api_wait *x = c->waits; x; x = x->next) {
		if (sv_eq(kind, SV("turn.customer")) && client_id.n && x->client_id &&
		    sv_eq(client_id, sv_of(x->client_id)))
			x->turn = turn;
		else if (sv_eq(kind, SV("turn.bot")) && x->turn == turn && !x->reply && x->turn > 0)
			x->reply = talk_reply_of(json);
	}
	if (!c->greeting && sv_eq(kind, SV("turn.bot")))
		c->greeting = xstrdup(jv_as_str(jv_path(ev, "body.text")));
	jv_free(ev);
	waits_check(c);
}

/* ---- callbacks of the channel ---- */

static void chat_free(struct api_chat *c)
{
	map_del(c->a->chats, sv_of(c->id));
	waits_fail(c, 410, "The conversation is closed.");
	while (c->n_socks)
		chat_sock_closed(c->socks[0], "closed");
	chan_web_unref(c->w);
	xfree(c->greeting);
	xfree(c);
}

static void on_event(void *arg, struct chan_web *w, sv json)
{
	struct api_chat *c = arg;
	for (int i = 0; i < c->n_socks; i++)
		chat_sock_event(c->socks[i], json);
	if (c->waits || !c->greeting)
		waits_event(c, json);
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
	chat_sock_frame(c, sb_sv(&b));
	sb_done(&b);
}

static void on_typing(void *arg, struct chan_web *w)
{
	chat_sock_frame(arg, SV("{\"type\":\"typing\"}"));
}

static void on_ack(void *arg, struct chan_web *w, sv client_id, int64_t seq, int err)
{
	struct api_chat *c = arg;
	uint64_t hash = sv_hash(client_id);
	for (int i = 0; i < CHAT_IDS; i++)
		if (c->ids[i].hash == hash)
			c->ids[i].seq = err ? 0 : seq;
	for (struct api_wait *x = c->waits; x; x = x->next) {
		if (!x->client_id || !sv_eq(client_id, sv_of(x->client_id)))
			continue;
		x->acked = err == 0;
		x->seq = seq;
	}
	struct sb b;
	sb_init(&b, 4096);
	if (err)
		sb_fmt(&b, "{\"type\":\"error\",\"data\":{\"code\":\"not_saved\",\"detail\":\"%s\",\"client_id\":",
		       err_text(err));
	else
		sb_fmt(&b, "{\"type\":\"ack\",\"data\":{\"seq\":%lld,\"client_id\":", (long long)seq);
	sb_json(&b, client_id);
	sb_cstr(&b, "}}");
	chat_sock_frame(c, sb_sv(&b));
	sb_done(&b);
	if (err)
		waits_fail(c, 503, "The message could not be saved; send it again.");
	waits_check(c);
}

static void on_closed(void *arg, struct chan_web *w, int err)
{
	struct api_chat *c = arg;
	if (err)
		waits_fail(c, err_http(err), "The conversation could not be opened; try again.");
	chat_free(c);
}

/* ---- opening ---- */

static int start_channel(struct api_chat *c, const struct chan_info *info)
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

static struct api_chat *chat_new(struct api *a)
{
	struct api_chat *c = xalloc(sizeof(*c));
	c->a = a;
	return c;
}

struct api_chat *chat_open(struct api *a, const char *channel, sv language, sv name, sv address)
{
	if (a->draining)
		return NULL;
	struct api_chat *c = chat_new(a);
	id_new(c->id);
	id_new(c->interaction);
	struct chan_info info = { .channel = channel, .language = language, .customer_name = name,
				  .address = address, .id = sv_of(c->id),
				  .interaction_id = sv_of(c->interaction) };
	if (map_put(a->chats, sv_of(c->id), c)) {
		xfree(c);
		return NULL;
	}
	if (start_channel(c, &info)) {
		map_del(a->chats, sv_of(c->id));
		xfree(c);
		return NULL;
	}
	return c;
}

/* ---- loading after a restart ---- */

struct load {
	struct api_chat *c;
	bool found, open;
	char channel[16];
	struct chan_resume resume;
	uint64_t ids[CHAT_IDS];
	int64_t seqs[CHAT_IDS];
	unsigned n_ids;
};

static void load_row(struct api_query *q, struct load *l, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT state, language, interaction_id, started_ms, channel FROM conversation "
				"WHERE id=?1"))
		return;
	store_bind_sv(st, 1, q->s1);
	if (store_step(st) == 1) {
		l->found = true;
		l->open = sv_eq(store_col_sv(st, 0), SV("open"));
		l->resume.language = arena_sv(&q->arena, store_col_sv(st, 1));
		q->s2 = arena_sv(&q->arena, store_col_sv(st, 2));
		l->resume.started_ms = store_col_int(st, 3);
		snprintf(l->channel, sizeof(l->channel), SV_FMT, SV_ARG(store_col_sv(st, 4)));
	}
	store_reset(st);
}

static void load_event(struct api_query *q, struct load *l, struct store_stmt *st)
{
	l->resume.seq = store_col_int(st, 0);
	int turn = (int)store_col_int(st, 2);
	if (turn > l->resume.turn)
		l->resume.turn = turn;
	sv kind = store_col_sv(st, 3);
	bool customer = sv_eq(kind, SV("turn.customer"));
	if (!customer && !sv_eq(kind, SV("turn.bot")))
		return;
	jv *body = jv_parse(store_col_sv(st, 5), NULL);
	sv text = arena_sv(&q->arena, jv_get_str(body, "text"));
	if (customer)
		l->resume.last_question = text;
	else
		l->resume.last_reply = text;
	sv id = jv_get_str(body, "client_id");
	if (id.n) {
		l->ids[l->n_ids % CHAT_IDS] = sv_hash(id);
		l->seqs[l->n_ids++ % CHAT_IDS] = l->resume.seq;
	}
	jv_free(body);
}

static void load_run(struct api_query *q, struct store_db *db)
{
	struct load *l = (struct load *)(void *)q->s3.p;
	struct store_stmt *st;
	load_row(q, l, db);
	if (!l->found || store_prep(db, &st, "SELECT " API_EVENT_COLS " FROM event WHERE conversation=?1 "
					     "ORDER BY seq"))
		return;
	store_bind_sv(st, 1, q->s1);
	while (store_step(st) == 1)
		load_event(q, l, st);
	store_reset(st);
}

static void load_failed(struct api_chat *c, const struct load *l)
{
	waits_fail(c, l->found ? 410 : 404,
		   l->found ? "The conversation is closed; start a new one." : "There is no such conversation.");
	while (c->n_socks) {
		struct api_sock *s = c->socks[0];
		if (l->found)
			chat_sock_replay(s, s->sent_seq);
		chat_sock_closed(s, l->found ? "closed" : "not_found");
	}
	chat_free(c);
}

static void load_done(struct api_query *q)
{
	struct load *l = (struct load *)(void *)q->s3.p;
	struct api_chat *c = l->c;
	c->loading = false;
	if (c->a->ending) {
		waits_fail(c, 503, "The server is closing.");
		xfree(c);
		api_query_free(q);
		return;
	}
	if (!l->found || !l->open) {
		load_failed(c, l);
		api_query_free(q);
		return;
	}
	snprintf(c->interaction, sizeof(c->interaction), SV_FMT, SV_ARG(q->s2));
	c->greeting = xstrdup(SV(""));
	c->n_ids = l->n_ids;
	for (int i = 0; i < CHAT_IDS; i++) {
		c->ids[i].hash = l->ids[i];
		c->ids[i].seq = l->seqs[i];
	}
	struct chan_info info = { .channel = strcmp(l->channel, "talk") == 0 ? "talk" : "webchat",
				  .id = sv_of(c->id), .interaction_id = sv_of(c->interaction),
				  .language = l->resume.language, .resume = &l->resume };
	int rc = start_channel(c, &info);
	if (rc) {
		waits_fail(c, err_http(rc), "The conversation could not be opened; try again.");
		chat_free(c);
		api_query_free(q);
		return;
	}
	for (struct api_wait *x = c->waits; x; x = x->next)
		if (!x->sent && x->text)
			x->sent = chan_web_send(c->w, sv_of(x->text), sv_of(x->client_id)) == 0;
	for (int i = 0; i < c->n_socks; i++)
		chat_sock_replay(c->socks[i], c->socks[i]->sent_seq);
	api_query_free(q);
}

struct api_chat *chat_find_or_load(struct api *a, sv id)
{
	struct api_chat *c = map_get(a->chats, id);
	if (c || id.n != 26)
		return c;
	c = chat_new(a);
	memcpy(c->id, id.p, 26);
	if (map_put(a->chats, id, c)) {
		xfree(c);
		return NULL;
	}
	c->loading = true;
	struct api_query *q = api_query_new(a, NULL);
	struct load *l = arena_alloc(&q->arena, sizeof(*l));
	l->c = c;
	q->s1 = arena_sv(&q->arena, id);
	q->s3 = sv_n((char *)l, sizeof(*l));
	q->run = load_run;
	q->done = load_done;
	api_query_start(q);
	return map_get(a->chats, id);
}

bool chat_token(struct api *a, const char *id, char *out, size_t cap)
{
	return api_token_make(a, "conv", sv_of(id), 0, out, cap);
}

int chat_text(struct api_chat *c, sv text, sv client_id, int64_t *ret_seq)
{
	uint64_t hash = sv_hash(client_id);
	*ret_seq = 0;
	for (int i = 0; i < CHAT_IDS; i++) {
		if (c->ids[i].hash != hash)
			continue;
		*ret_seq = c->ids[i].seq;
		return ERR_EXISTS;
	}
	if (c->loading)
		return ERR_AGAIN;
	int rc = chan_web_send(c->w, text, client_id);
	if (rc == 0) {
		c->ids[c->n_ids % CHAT_IDS].hash = hash;
		c->ids[c->n_ids++ % CHAT_IDS].seq = 0;
	}
	return rc;
}

/* ---- REST ---- */

/* The client may hang up; the answer then goes nowhere, which web_reply allows. */
static struct api_wait *wait_add(struct api_chat *c, struct web_req *r, sv text, sv client_id, bool create)
{
	struct api_wait *x = xalloc(sizeof(*x));
	char made[27];
	id_new(made);
	x->r = r;
	x->create = create;
	x->turn = -1;
	x->text = text.n ? xstrdup(text) : NULL;
	x->client_id = xstrdup(client_id.n ? client_id : sv_of(made));
	x->next = c->waits;
	c->waits = x;
	return x;
}

static void wait_drop(struct api_chat *c, struct api_wait *x)
{
	for (struct api_wait **p = &c->waits; *p; p = &(*p)->next)
		if (*p == x) {
			*p = x->next;
			break;
		}
	wait_free(x);
}

void api_conv_create(struct web_req *r, void *arg)
{
	struct api *a = arg;
	jv *body = api_body(r);
	if (!body)
		return;
	sv channel = jv_get_str(body, "channel");
	jv *customer = jv_get(body, "customer");
	sv address = jv_get_str(customer, "phone");
	sv text = jv_get_str(body, "text");
	bool known = !channel.n || sv_eq(channel, SV("webchat")) || sv_eq(channel, SV("talk"));
	if (!known || (jv_get(body, "text") && !jv_is_str(jv_get(body, "text")))) {
		jv_free(body);
		web_reply_problem(r, 400, known ? "text must be a string." : "channel must be webchat or talk.");
		return;
	}
	if (sv_eq(channel, SV("talk"))) {   /* opened by its media socket: only names are needed now */
		char id[27], interaction[27], token[API_TOKEN_MAX];
		id_new(id);
		id_new(interaction);
		api_token_make(a, "media",
			       sv_of(arena_fmt(web_req_arena(r), "%s:%s:" SV_FMT, id, interaction,
					       SV_ARG(sv_slice(jv_get_str(body, "language"), 0, 8)))),
			       0, token, sizeof(token));
		jv *out = jv_obj();
		jv_set_str(out, "id", sv_of(id));
		jv_set_str(out, "interaction_id", sv_of(interaction));
		jv_set_str(out, "token", sv_of(token));
		jv_free(body);
		web_reply_json(r, 201, out);
		return;
	}
	if (!address.n)
		address = jv_get_str(customer, "email");
	struct api_chat *c = chat_open(a, "webchat", jv_get_str(body, "language"),
				       jv_get_str(customer, "name"), address);
	if (!c) {
		jv_free(body);
		web_reply_problem(r, 503, "Too many conversations are open, or the server is closing.");
		return;
	}
	struct api_wait *x = wait_add(c, r, text, SV_NULL, true);
	int64_t seq;
	if (x->text && chat_text(c, sv_of(x->text), sv_of(x->client_id), &seq)) {
		wait_drop(c, x);
		web_reply_problem(r, 503, "The message could not be taken; try again.");
	}
	jv_free(body);
}

static void reply_duplicate(struct web_req *r, int64_t seq)
{
	jv *out = jv_obj();
	jv_set_bool(out, "duplicate", true);
	jv_set_int(out, "seq", seq);
	web_reply_json(r, seq ? 200 : 202, out);
}

void api_conv_message(struct web_req *r, void *arg)
{
	struct api *a = arg;
	sv id = web_req_param(r, "id");
	if (!api_need_conversation(a, r, id))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv text = jv_get_str(body, "text"), client_id = jv_get_str(body, "client_id");
	if (!sv_trim(text).n || text.n > LIM_TEXT_MSG * 4 || client_id.n > 128) {
		jv_free(body);
		web_reply_problem(r, text.n > LIM_TEXT_MSG * 4 ? 413 : 400,
				  "Give text, what the customer says, and at most 128 bytes of client_id.");
		return;
	}
	struct api_chat *c = chat_find_or_load(a, id);
	if (!c) {
		jv_free(body);
		web_reply_problem(r, 404, "There is no such conversation.");
		return;
	}
	struct api_wait *x = wait_add(c, r, text, client_id, false);
	jv_free(body);
	int64_t seq = 0;
	int rc = chat_text(c, sv_of(x->text), sv_of(x->client_id), &seq);
	x->sent = rc == 0;
	if (rc == 0 || rc == ERR_AGAIN)
		return;
	wait_drop(c, x);
	if (rc == ERR_EXISTS)
		reply_duplicate(r, seq);
	else
		web_reply_problem(r, rc, "The message could not be taken.");
}

void api_conv_close(struct web_req *r, void *arg)
{
	struct api *a = arg;
	sv id = web_req_param(r, "id");
	if (!api_need_conversation(a, r, id))
		return;
	struct api_chat *c = map_get(a->chats, id);
	if (!c || !c->w) {
		web_reply_problem(r, 404, "There is no such open conversation.");
		return;
	}
	chan_web_close(c->w);
	web_reply_json(r, 202, jv_obj());
}

void api_chats_done(struct api *a)
{
	size_t it;
	sv key;
	void *val;
	a->ending = true;
	for (;;) {
		it = 0;
		if (!map_next(a->chats, &it, &key, &val))
			return;
		struct api_chat *c = val;
		if (c->loading)   /* its query answers later, to nobody */
			map_del(a->chats, sv_of(c->id));
		else
			chat_free(c);
	}
}
