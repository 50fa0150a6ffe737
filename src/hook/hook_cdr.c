/* hook_cdr.c: a record of each interaction when it is over and wrapped up: times, who served,
 * how it ended. The row interaction.ended of the river and the row of cdr are one write with
 * the mark up to which the river was looked at, so there is one record each, whatever crashes.
 *
 * Times come of the conversation's own rows (handover.queued, accepted, ended ...), hold and
 * wrap-up of its hand-overs. All of it is read on the hook's thread; record_write on the scribe;
 * hook_cdrs on any. */
#include "hook_int.h"

#include <stdio.h>
#include <string.h>

#define MARK "hook/cdr"
#define STRETCH 5000                 /* rows of the river in one step, */
#define FOUND 64                     /* and interactions */
#define AGENTS 16

struct cdr {
	sv conversation, interaction, channel, language, customer, end_by, recording, queue, left;
	sv dispositions[AGENTS];
	char agents[AGENTS][64];
	size_t n_agents, n_dispositions;
	int64_t started, ended, turns, queued, answered, wait_ms, talk_ms, hold_ms, wrap_ms,
		wrapped;
	int transfers, returned, csat;
	bool outbound, asked_person;
	bool spoke, served;          /* the customer; an agent */
};

/* ---- one record ---- */

static sv text_of(struct arena *a, struct store_stmt *q, int i)
{
	return arena_sv(a, store_col_sv(q, i));
}

/* 1, 0 = not there or not over, negative. */
static int read_conversation(struct store_db *db, struct arena *a, sv id, struct cdr *c)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT interaction_id, channel, language, customer_id, end_by, recording, "
		"started_ms, ended_ms, turns FROM conversation WHERE id=?1 AND "
		"ended_ms IS NOT NULL");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1) {
		c->conversation = arena_sv(a, id);
		c->interaction = text_of(a, q, 0);
		c->channel = text_of(a, q, 1);
		c->language = text_of(a, q, 2);
		c->customer = text_of(a, q, 3);
		c->end_by = text_of(a, q, 4);
		c->recording = text_of(a, q, 5);
		c->started = store_col_int(q, 6);
		c->ended = store_col_int(q, 7);
		c->turns = store_col_int(q, 8);
	}
	store_reset(q);
	return rc;
}

/* Where the rows of a conversation stand while they are read. */
struct walk {
	int64_t queued, accepted;    /* since when; 0 = is not */
};

static void talked(struct cdr *c, struct walk *w, int64_t ts)
{
	if (w->accepted)
		c->talk_ms += ts - w->accepted;
	w->accepted = 0;
}

static void waited(struct cdr *c, struct walk *w, int64_t ts)
{
	if (w->queued)
		c->wait_ms += ts - w->queued;
	w->queued = 0;
}

static void agent_add(struct cdr *c, sv login)
{
	for (size_t i = 0; i < c->n_agents; i++)
		if (sv_eq(login, sv_of(c->agents[i])))
			return;
	if (!login.n || login.n >= sizeof(c->agents[0]) || c->n_agents == AGENTS)
		return;
	memcpy(c->agents[c->n_agents], login.p, login.n);
	c->agents[c->n_agents++][login.n] = 0;
}

/* From one agent to another or back to the queue. */
static void moved(struct cdr *c, struct walk *w, int64_t ts)
{
	c->asked_person = true;
	c->transfers += w->accepted != 0;
	talked(c, w, ts);
}

static void on_queued(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	moved(c, w, ts);
	w->queued = w->queued ? w->queued : ts;
	c->queued = c->queued ? c->queued : ts;
}

static void on_accepted(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	jv *o = jv_parse(body, NULL);
	moved(c, w, ts);
	waited(c, w, ts);
	w->accepted = ts;
	c->answered = c->answered ? c->answered : ts;
	agent_add(c, jv_get_str(o, "agent"));
	jv_free(o);
}

static void on_over(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	talked(c, w, ts);
	waited(c, w, ts);
}

static void on_returned(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	c->returned++;
	on_over(c, w, ts, body);
}

static void on_failed(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	waited(c, w, ts);
}

static void on_asked(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	c->asked_person = true;
}

static void on_transfer(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	jv *o = jv_parse(body, NULL);
	c->asked_person |= sv_eq(jv_get_str(o, "state"), SV("asked"));
	jv_free(o);
}

static void on_customer(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	c->spoke = true;
}

static void on_agent(struct cdr *c, struct walk *w, int64_t ts, sv body)
{
	c->served = true;
}

static void walk_row(struct cdr *c, struct walk *w, sv kind, int64_t ts, sv body)
{
	static const struct {
		const char *kind;
		void (*fn)(struct cdr *c, struct walk *w, int64_t ts, sv body);
	} steps[] = {
		{ "call.transfer", on_transfer },     { "conversation.closed", on_over },
		{ "handover", on_asked },	      { "handover.accepted", on_accepted },
		{ "handover.ended", on_over },	      { "handover.failed", on_failed },
		{ "handover.queued", on_queued },     { "handover.returned", on_returned },
		{ "turn.agent", on_agent },	      { "turn.customer", on_customer },
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (sv_eq(kind, sv_of(steps[i].kind)))
			steps[i].fn(c, w, ts, body);
}

static int read_rows(struct store_db *db, struct cdr *c)
{
	struct store_stmt *q;
	struct walk w = { 0 };
	int rc = store_prep(
		db, &q,
		"SELECT kind, ts_ms, body FROM event WHERE conversation=?1 AND (kind LIKE "
		"'handover%' OR kind IN ('conversation.closed','call.transfer','turn.customer',"
		"'turn.agent')) "
		"ORDER BY seq");
	if (rc)
		return rc;
	store_bind_sv(q, 1, c->conversation);
	while ((rc = store_step(q)) == 1)
		walk_row(c, &w, store_col_sv(q, 0), store_col_int(q, 1), store_col_sv(q, 2));
	store_reset(q);
	return rc;
}

/* A call that we placed has rows of its own; that of the moment a person is there names the
 * conversation, and stands beside its beginning. */
static int read_direction(struct store_db *db, struct cdr *c)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT body FROM event WHERE ts_ms BETWEEN ?1-10000 AND ?1+60000 "
			    "AND kind='outbound.human'");
	if (rc)
		return rc;
	store_bind_int(q, 1, c->started);
	while (!c->outbound && (rc = store_step(q)) == 1) {
		jv *o = jv_parse(store_col_sv(q, 0), NULL);
		c->outbound = sv_eq(jv_get_str(o, "conversation_id"), c->conversation);
		jv_free(o);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* Hand-overs; *ret_open: one of them is still served or wrapped up. */
static int read_handovers(struct store_db *db, struct arena *a, struct cdr *c, bool *ret_open)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT queue, hold_ms, ended_ms, wrapped_ms, state, live, wrap, "
			    "why FROM "
			    "handover WHERE conversation=?1 AND kind='live' ORDER BY id");
	*ret_open = false;
	if (rc)
		return rc;
	store_bind_sv(q, 1, c->conversation);
	while ((rc = store_step(q)) == 1) {
		int64_t ended = store_col_int(q, 2), wrapped = store_col_int(q, 3);
		sv state = store_col_sv(q, 4);
		bool served = sv_eq(state, SV("ENDED")) || sv_eq(state, SV("RETURNED"));
		jv *wrap = jv_parse(store_col_sv(q, 6), NULL);
		sv what = jv_get_str(wrap, "disposition");
		*ret_open |= store_col_int(q, 5) || (served && !wrapped);
		c->queue = text_of(a, q, 0);
		c->left = sv_eq(state, SV("FAILED")) ? text_of(a, q, 7) : SV("");
		c->hold_ms += store_col_int(q, 1);
		if (ended && wrapped > ended)
			c->wrap_ms += wrapped - ended;
		c->wrapped = wrapped > c->wrapped ? wrapped : c->wrapped;
		if (what.n && c->n_dispositions < AGENTS)
			c->dispositions[c->n_dispositions++] = arena_sv(a, what);
		jv_free(wrap);
	}
	store_reset(q);
	return rc;
}

static int read_csat(struct store_db *db, sv conversation)
{
	struct store_stmt *q;
	if (store_prep(db, &q,
		       "SELECT value FROM survey WHERE conversation=?1 AND kind='csat' AND "
		       "answered_ms IS NOT NULL"))
		return 0;
	store_bind_sv(q, 1, conversation);
	int v = store_step(q) == 1 ? (int)store_col_int(q, 0) : 0;
	store_reset(q);
	return v;
}

static const char *reason_of(const struct cdr *c)
{
	/* as the queue counted it, docs/reports.md; short ones are no abandons there */
	if (!c->answered && sv_eq(c->left, SV("abandoned")))
		return "abandoned";
	if (!c->answered && sv_eq(c->left, SV("short_abandoned")))
		return "short_abandoned";
	return sv_eq(c->end_by, SV("customer")) ? "customer_left" :
	       sv_eq(c->end_by, SV("agent"))	? "agent_ended" :
	       sv_eq(c->end_by, SV("bot"))	? "bot_ended" :
	       sv_eq(c->end_by, SV("error"))	? "failed" :
						  "system";
}

/* As the reports have it (docs/reports.md, Containment; settle() of ins_fact_fold.c). */
static bool is_contained(const struct cdr *c)
{
	return c->spoke && !c->asked_person && !c->served;
}

static void put_list(struct sb *b, const char *key, const sv *v, size_t n)
{
	sb_fmt(b, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		sb_cstr(b, i ? "," : "");
		sb_json(b, v[i]);
	}
	sb_ch(b, ']');
}

static void put_int(struct sb *b, const char *key, int64_t v)
{
	sb_fmt(b, ",\"%s\":%lld", key, (long long)v);
}

static void record_put(const struct cdr *c, struct sb *b)
{
	sv agents[AGENTS];
	for (size_t i = 0; i < c->n_agents; i++)
		agents[i] = sv_of(c->agents[i]);
	sb_cstr(b, "{\"conversation\":");
	sb_json(b, c->conversation);
	hook_put(b, "interaction_id", c->interaction);
	hook_put(b, "channel", c->channel);
	hook_put(b, "direction", c->outbound ? SV("outbound") : SV("inbound"));
	hook_put(b, "language", c->language);
	hook_put(b, "customer_id", c->customer);
	hook_put_ms(b, "started_at", c->started);
	hook_put_ms(b, "queued_at", c->queued);
	hook_put_ms(b, "answered_at", c->answered);
	hook_put_ms(b, "ended_at", c->ended);
	hook_put_ms(b, "wrapped_at", c->wrapped);
	put_int(b, "duration_ms", c->ended - c->started);
	put_int(b, "queue_wait_ms", c->wait_ms);
	put_int(b, "talk_ms", c->talk_ms > c->hold_ms ? c->talk_ms - c->hold_ms : 0);
	put_int(b, "hold_ms", c->hold_ms);
	put_int(b, "wrap_up_ms", c->wrap_ms);
	hook_put(b, "end_by", c->end_by);
	hook_put(b, "end_reason", sv_of(reason_of(c)));
	hook_put(b, "queue", c->queue);
	put_list(b, "agents", agents, c->n_agents);
	put_list(b, "dispositions", c->dispositions, c->n_dispositions);
	put_int(b, "transfers", c->transfers);
	put_int(b, "returned", c->returned);
	put_int(b, "turns", c->turns);
	sb_fmt(b, ",\"contained\":%s", is_contained(c) ? "true" : "false");
	if (c->csat)
		put_int(b, "csat", c->csat);
	else
		sb_cstr(b, ",\"csat\":null");
	hook_put(b, "recording", c->recording);
	sb_ch(b, '}');
}

/* ---- writing ---- */

struct found {
	char id[27];
	bool over;                   /* closed and wrapped up: c and body are its record */
	struct arena a;              /* of c */
	struct cdr c;
	struct sb body;
};
struct batch {
	struct hook *h;
	int64_t to;
	size_t n;
	struct found v[FOUND];
};

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		sb_done(&b->v[i].body);
		arena_done(&b->v[i].a);
	}
	xfree(b);
}

static int cdr_put(struct store_db *db, const struct cdr *c, sv body)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO cdr (conversation, ended_ms, body) VALUES (?1,?2,?3) "
			    "ON CONFLICT (conversation) DO NOTHING");
	if (rc)
		return rc;
	store_bind_sv(q, 1, c->conversation);
	store_bind_int(q, 2, c->ended);
	store_bind_sv(q, 3, body);
	rc = store_run(q);
	if (rc || store_changes(db) == 0)
		return rc;
	const struct store_event ev = { .kind = SV("interaction.ended"), .actor = SV("system"),
					.customer = c->customer, .body = body };
	return store_event_put(db, &ev);
}

static int record_write(void *arg, struct store_db *db)
{
	struct batch *b = arg;
	struct store_stmt *q;
	char text[24];
	int rc = 0;
	for (size_t i = 0; i < b->n && rc == 0; i++)
		rc = b->v[i].over ? cdr_put(db, &b->v[i].c, sb_sv(&b->v[i].body)) : 0;
	if (rc == 0)
		rc = store_prep(db, &q,
				"INSERT INTO kv (k, v, updated_ms) VALUES ('" MARK "',?1,?2) "
				"ON CONFLICT (k) DO UPDATE SET v=?1, updated_ms=?2");
	if (rc)
		return rc;
	(void)snprintf(text, sizeof(text), "%lld", (long long)b->to);
	store_bind_sv(q, 1, sv_of(text));
	store_bind_int(q, 2, clk_wall_ms());
	return store_run(q);
}

static void record_done(void *arg, int err)
{
	struct batch *b = arg;
	b->h->recording = false;
	if (!err)
		b->h->cdr_pos = b->to;
	batch_free(b);
}

/* ---- reading on ---- */

/* What is read here is at least as new as the row that named it. */
static int one_read(struct store_db *db, struct found *f)
{
	bool open = false;
	int rc = read_conversation(db, &f->a, sv_of(f->id), &f->c);
	if (rc != 1)
		return rc;
	rc = read_handovers(db, &f->a, &f->c, &open);
	if (rc || open)
		return rc;
	rc = read_rows(db, &f->c);
	if (rc == 0 && sv_eq(f->c.channel, SV("phone")))
		rc = read_direction(db, &f->c);
	if (rc)
		return rc;
	f->c.csat = read_csat(db, f->c.conversation);
	record_put(&f->c, &f->body);
	f->over = sb_err(&f->body) == 0;     /* half a record is none; the others go on */
	if (!f->over)
		LOG(ERROR, "cdr.toobig", "conv=%s", f->id);
	return 0;
}

static void found_add(struct batch *b, struct store_stmt *q)
{
	struct found *f = &b->v[b->n];
	hook_conversation(q, 1, f->id);
	bool known = !id_ok(sv_of(f->id));
	for (size_t i = 0; i < b->n && !known; i++)
		known = strcmp(f->id, b->v[i].id) == 0;
	if (known)
		return;
	arena_init(&f->a, LIM_ARENA_TURN);
	sb_init(&f->body, LIM_SB);
	b->n++;
}

static bool look(struct store_db *db, int64_t from, int64_t last, struct batch *b)
{
	struct store_stmt *q;
	int rc;
	b->to = last < from + STRETCH ? last : from + STRETCH;
	if (store_prep(db, &q,
		       "SELECT pos, conversation, body FROM event WHERE pos>?1 AND pos<=?2 AND "
		       "kind IN "
		       "('conversation.closed','queue.wrapped','queue.ended','queue.returned',"
		       "'queue.left','queue.dropped') "
		       "ORDER BY pos"))
		return false;
	store_bind_int(q, 1, from);
	store_bind_int(q, 2, b->to);
	while ((rc = store_step(q)) == 1) {
		if (b->n == FOUND) {
			b->to = store_col_int(q, 0) - 1;
			break;
		}
		found_add(b, q);
	}
	store_reset(q);
	for (size_t i = 0; i < b->n && rc >= 0; i++)
		rc = one_read(db, &b->v[i]);
	return rc >= 0;
}

void hook_record(struct hook *h, struct store_db *db)
{
	if (h->recording)
		return;
	int64_t last = 0;
	if (h->cdr_pos < 0 &&
	    hook_number(db, "SELECT CAST(v AS INTEGER) FROM kv WHERE k='" MARK "'", &h->cdr_pos))
		return;
	if (hook_number(db, "SELECT max(pos) FROM event", &last) || last <= h->cdr_pos)
		return;
	struct batch *b = xalloc(sizeof(*b));
	b->h = h;
	bool ok = look(db, h->cdr_pos, last, b);
	if (ok && (b->n || b->to - h->cdr_pos >= STRETCH)) {
		h->recording = true;
		if (store_write(h->o.store, record_write, b, h->mbox, record_done) == 0)
			return;
		h->recording = false;
	} else if (ok) {
		h->cdr_pos = b->to;  /* nothing ended: the mark on disk may stay behind */
	}
	batch_free(b);
}

/* ---- for readers ---- */

static int give(struct store_db *db, struct store_stmt *q,
		int (*fn)(void *arg, int64_t ended_ms, sv conversation, jv *record), void *arg)
{
	sv id = store_col_sv(q, 1);
	jv *o = jv_parse(store_col_sv(q, 2), NULL);
	if (store_col_int(q, 3))
		jv_set_int(o, "csat", store_col_int(q, 3));
	int rc = o ? fn(arg, store_col_int(q, 0), id, o) : 0;
	jv_free(o);
	return rc;
}

int hook_cdrs(struct store_db *db, const struct hook_cdr_query *c,
	      int (*fn)(void *arg, int64_t ended_ms, sv conversation, jv *record), void *arg)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT c.ended_ms, c.conversation, c.body, (SELECT value FROM survey s "
		"WHERE s.conversation=c.conversation AND s.kind='csat' AND s.answered_ms "
		"IS NOT NULL) FROM cdr c WHERE c.ended_ms>=?1 AND c.ended_ms<?2 AND "
		"(c.ended_ms>?3 OR (c.ended_ms=?3 AND c.conversation>?4)) ORDER BY "
		"c.ended_ms, c.conversation LIMIT ?5");
	if (rc)
		return rc;
	store_bind_int(q, 1, c->from);
	store_bind_int(q, 2, c->to);
	store_bind_int(q, 3, c->after.n ? c->after_ms : -1);
	store_bind_sv(q, 4, c->after.n ? c->after : SV(""));
	store_bind_int(q, 5, c->limit);
	while ((rc = store_step(q)) == 1)
		if (give(db, q, fn, arg))
			break;
	store_reset(q);
	return rc < 0 ? rc : 0;
}
