/* talk_record.c: rows: every fact of a conversation goes to the river, the consoles and the
 * channel, and the conversation's view row follows.
 *
 * A customer's text is acknowledged to its channel only when the group that holds its row is on
 * disk. Shard's thread; the scribe's answer comes back through the shard's mailbox. */
#include "talk_int.h"

struct durable {
	struct talk *talk;
	struct chan_peer *peer;      /* kept alive by its ticket, see chan.h */
	void *ticket;
	int64_t seq;
};

static void on_durable(void *arg, int err)
{
	struct durable *d = arg;
	struct talk *t = d->talk;
	t->waiting--;
	chan_ack(d->peer, d->ticket, d->seq, err);
	xfree(d);
	talk_release(t);
}

static void event_json(const struct talk *t, const struct talk_act *x, int64_t ts, struct sb *b)
{
	char when[32];
	clk_rfc3339(ts, when);
	sb_fmt(b,
	       "{\"seq\":%lld,\"ts\":\"%s\",\"turn\":%d,\"kind\":\"%s\",\"actor\":\"%s\","
	       "\"body\":",
	       (long long)t->seq, when, x->n, x->rec, x->actor);
	sb_put(b, x->text);
	sb_ch(b, '}');
}

/* What we say to a known customer names them; the river, which never changes, does not. */
static sv nameless(struct talk *t, const struct talk_act *x)
{
	sv name = t->core.profile ? t->core.profile->name : SV_NULL, ret = x->text;
	struct sb text, body;
	if (!name.n || strcmp(x->rec, "turn.bot") != 0 || sv_find(x->text, name) < 0)
		return ret;
	jv *o = jv_parse(x->text, NULL);
	sb_init(&text, LIM_SB);
	sb_init(&body, LIM_SB);
	if (o && talk_nameless(jv_get_str(o, "text"), name, &text)) {
		jv_set_str(o, "text", sb_sv(&text));
		jv_dump(o, &body);
		ret = arena_sv(&t->turn, sb_sv(&body));
	}
	sb_done(&text);
	sb_done(&body);
	jv_free(o);
	return ret.p ? ret : x->text;
}

static void on_agent_durable(void *arg, int err)
{
	talk_order_over(arg, err);
}

/* An agent's words: who sent them hears when they are on disk. */
static void append_agent(struct talk *t, const struct store_event *ev)
{
	struct store *st = t->recorded ? t->shard->hub->o.store : NULL;
	struct talk_order *o = t->order;
	t->order = NULL;
	int rc = st ? store_append(st, ev, t->shard->mbox, on_agent_durable, o) : 0;
	if (rc)
		metric_inc(M_SCRIBE_FAILED);
	if (rc || !st)
		talk_order_over(o, rc);
}

/* Whose contact it is, on the rows that reports join contacts by. */
static sv whose(const struct talk *t, const char *rec)
{
	bool tells = strcmp(rec, "customer.known") == 0 || strcmp(rec, "conversation.closed") == 0;
	return tells ? sv_of(t->core.svc.customer) : SV_NULL;
}

static void append(struct talk *t, const struct talk_act *x, int64_t ts)
{
	struct store *st = t->shard->hub->o.store;
	struct store_event ev = { .ts_ms = ts,
				  .conversation = sv_of(t->id),
				  .customer = whose(t, x->rec),
				  .seq = t->seq,
				  .turn = (int32_t)x->n,
				  .kind = sv_of(x->rec),
				  .actor = sv_of(x->actor),
				  .body = nameless(t, x) };
	bool acks = t->ticket && strcmp(x->rec, "turn.customer") == 0;
	if (t->order && strcmp(x->rec, "turn.agent") == 0) {
		append_agent(t, &ev);
		return;
	}
	struct durable *d = NULL;
	if (acks) {
		d = xalloc(sizeof(*d));
		*d = (struct durable){ t, t->peer, t->ticket, t->seq };
		t->ticket = NULL;
		t->waiting++;
	}
	int rc = 0;
	if (st && t->recorded)
		rc = store_append(st, &ev, acks ? t->shard->mbox : NULL,
				  acks ? on_durable : NULL, d);
	else if (acks)
		on_durable(d, 0);
	if (rc && acks)
		on_durable(d, rc);
	if (rc)
		metric_inc(M_SCRIBE_FAILED);
	else if (st && t->recorded && strcmp(x->rec, "turn.customer") == 0)
		talk_seal_write(t, x);
}

static void set_str(char **p, sv s)
{
	xfree(*p);
	*p = xstrdup(s);
}

static void note_row(struct talk *t, const struct talk_act *x, int64_t ts)
{
	struct talk_row *r = &t->row;
	r->last_ms = ts;
	r->turns = t->core.turn;
	r->dirty = true;
	memcpy(r->lang, t->core.lang, sizeof(r->lang));
	memcpy(r->emotion, t->core.feel.emotion, sizeof(r->emotion));
	if (strcmp(x->rec, "conversation.closed") == 0) {
		jv *body = jv_parse(x->text, NULL);
		sv by = jv_get_str(body, "by");
		static const char *const known[] = { "customer", "bot", "agent", "system",
						     "timeout" };
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (sv_eq(by, sv_of(known[i])))
				r->end_by = known[i];
		jv_free(body);
		r->ended_ms = ts;
	}
	if (!x->said.p)
		return;
	set_str(&r->last_text, sv_slice(x->said, 0, sv_rune_offset(x->said, 120)));
	set_str(&r->last_actor, sv_of(x->actor));
	if (x->did)
		set_str(&r->last_action, sv_of(x->did));
}

void talk_record(struct talk *t, const struct talk_act *x)
{
	int64_t ts = loop_wall_ms(t->shard->loop);
	t->seq++;
	metric_inc(M_EVENTS);
	if (strcmp(x->rec, "model.fallback") == 0)
		metric_inc(M_MODEL_FALLBACK);
	if (x->reply && t->core.turn > 0) {
		metric_inc(M_TURNS);
		metric_observe_us(M_TURN_US, loop_now_us(t->shard->loop) - t->began_us);
	}
	append(t, x, ts);
	note_row(t, x, ts);
	struct sb b;
	sb_init(&b, LIM_SB);
	event_json(t, x, ts, &b);
	sv json = arena_sv(&t->turn, sb_sv(&b));
	sb_done(&b);
	const struct talk_feed *f = &t->shard->hub->o.feed;
	if (f->on_event && t->recorded) {
		struct sb conv;
		sb_init(&conv, LIM_SB);
		talk_row_json(t, &conv);
		f->on_event(f->arg, sv_of(t->id), json, sb_sv(&conv));
		sb_done(&conv);
	}
	if (x->reply)
		t->reply_json = json;
	else if (t->peer && !x->inner)
		chan_event(t->peer, json);
}

/* ---- the view row ---- */

static void put_time(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	if (ms)
		sb_fmt(b, ",\"%s\":\"%s\"", key, when);
	else
		sb_fmt(b, ",\"%s\":null", key);
}

static void put_text(struct sb *b, const char *key, const char *text)
{
	sb_fmt(b, ",\"%s\":", key);
	if (text)
		sb_json(b, sv_of(text));
	else
		sb_cstr(b, "null");
}

void talk_row_json(const struct talk *t, struct sb *b)
{
	const struct talk_row *r = &t->row;
	sb_fmt(b,
	       "{\"id\":\"%s\",\"interaction_id\":\"%s\",\"channel\":\"%s\",\"state\":\"%s\"",
	       t->id, t->interaction, r->channel ? r->channel : "",
	       r->ended_ms ? "closed" : "open");
	sb_fmt(b, ",\"language\":\"%s\",\"customer\":{\"name\":", r->lang);
	if (r->customer)
		sb_json(b, sv_of(r->customer));
	else
		sb_cstr(b, "null");
	sb_ch(b, '}');
	put_text(b, "address", r->address);
	put_time(b, "started_at", r->started_ms);
	put_time(b, "last_at", r->last_ms);
	put_time(b, "ended_at", r->ended_ms);
	put_text(b, "end_by", r->end_by);
	sb_fmt(b, ",\"turns\":%d,\"last_seq\":%lld", r->turns, (long long)t->seq);
	put_text(b, "last_text", r->last_text ? r->last_text : "");
	put_text(b, "last_actor", r->last_actor ? r->last_actor : "");
	put_text(b, "last_action", r->last_action ? r->last_action : "");
	put_text(b, "emotion", r->emotion[0] ? r->emotion : NULL);
	sb_fmt(b, ",\"recording\":%s}", r->recording ? "true" : "false");
}

struct row_write {
	char id[27], interaction[27];
	struct talk_row r;
	int64_t seq;
};

static void row_write_free(struct row_write *w)
{
	talk_row_done(&w->r);
	xfree(w);
}

static void bind_opt(struct store_stmt *q, int i, const char *s)
{
	store_bind_sv(q, i, s ? sv_of(s) : SV_NULL);
}

static int write_row(void *arg, struct store_db *db)
{
	static const char sql[] =
		"INSERT INTO conversation (id, interaction_id, channel, state, language, "
		"address_masked, "
		"started_ms, last_ms, ended_ms, end_by, turns, last_seq, last_text, "
		"last_actor, last_action, "
		"emotion, recording, token_hash, customer_name) "
		"VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19) "
		"ON CONFLICT (id) DO UPDATE SET state=?4, language=?5, last_ms=?8, "
		"ended_ms=?9, end_by=?10, "
		"turns=?11, last_seq=?12, last_text=?13, last_actor=?14, last_action=?15, "
		"emotion=?16, "
		"recording=COALESCE(?17, recording)";
	struct row_write *w = arg;
	const struct talk_row *r = &w->r;
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(w->id));
	store_bind_sv(q, 2, sv_of(w->interaction));
	store_bind_sv(q, 3, sv_of(r->channel));
	store_bind_sv(q, 4, r->ended_ms ? SV("closed") : SV("open"));
	store_bind_sv(q, 5, sv_of(r->lang));
	bind_opt(q, 6, r->address);
	store_bind_int(q, 7, r->started_ms);
	store_bind_int(q, 8, r->last_ms);
	if (r->ended_ms)
		store_bind_int(q, 9, r->ended_ms);
	else
		bind_opt(q, 9, NULL);
	bind_opt(q, 10, r->end_by);
	store_bind_int(q, 11, r->turns);
	store_bind_int(q, 12, w->seq);
	store_bind_sv(q, 13, r->last_text ? sv_of(r->last_text) : SV(""));
	store_bind_sv(q, 14, r->last_actor ? sv_of(r->last_actor) : SV(""));
	store_bind_sv(q, 15, r->last_action ? sv_of(r->last_action) : SV(""));
	bind_opt(q, 16, r->emotion[0] ? r->emotion : NULL);
	bind_opt(q, 17, r->recording);
	bind_opt(q, 18, r->token_hash);
	bind_opt(q, 19, r->customer);
	rc = store_step(q);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static void row_written(void *arg, int err)
{
	row_write_free(arg);
}

static char *copy(const char *s)
{
	return s ? xstrdup(sv_of(s)) : NULL;
}

void talk_row_flush(struct talk *t)
{
	struct store *st = t->shard->hub->o.store;
	if (!t->row.dirty || !st || !t->recorded)
		return;
	t->row.dirty = false;
	struct row_write *w = xalloc(sizeof(*w));
	w->r = t->row;
	w->seq = t->seq;
	memcpy(w->id, t->id, sizeof(w->id));
	memcpy(w->interaction, t->interaction, sizeof(w->interaction));
	w->r.address = copy(t->row.address);
	w->r.customer = copy(t->row.customer);
	w->r.recording = copy(t->row.recording);
	w->r.token_hash = copy(t->row.token_hash);
	w->r.last_text = copy(t->row.last_text);
	w->r.last_actor = copy(t->row.last_actor);
	w->r.last_action = copy(t->row.last_action);
	w->r.sealed = (struct sb){ 0 };
	if (store_write(st, write_row, w, NULL, row_written)) {
		metric_inc(M_SCRIBE_FAILED);
		t->row.dirty = true;
		row_write_free(w);
	}
}

void talk_row_done(struct talk_row *r)
{
	xfree(r->address);
	xfree(r->customer);
	xfree(r->recording);
	xfree(r->token_hash);
	xfree(r->last_text);
	xfree(r->last_actor);
	xfree(r->last_action);
	sb_done(&r->sealed);
	*r = (struct talk_row){ 0 };
}

/* ---- the reply as the outside sees it ---- */

static void move_member(jv *from, jv *to, const char *key, const char *as)
{
	jv *v = jv_get(from, key);
	if (v)
		jv_set(to, as, jv_copy(v));
}

jv *talk_reply_of(sv json)
{
	static const char *const keys[] = { "language", "intent", "emotion", "action", "citations",
					    "grounded", "model", "fallback",
					    "strategy" };
	jv *ev = jv_parse(json, NULL);
	jv *body = jv_get(ev, "body");
	if (!body || !sv_eq(jv_get_str(ev, "kind"), SV("turn.bot"))) {
		jv_free(ev);
		return NULL;
	}
	jv *out = jv_obj();
	move_member(body, out, "text", "reply");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		move_member(body, out, keys[i], keys[i]);
	jv_set_num(out, "latency_ms", (double)jv_get_int(body, "latency_us", 0) / 1000.0);
	move_member(ev, out, "seq", "seq");
	move_member(ev, out, "turn", "turn");
	jv_free(ev);
	return out;
}
