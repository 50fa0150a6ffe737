/* tool_out.c: the outbox: messages and calls of other systems that follow a commit.
 *
 * A row is written with the effect that asked for it and is carried out afterwards, until it
 * succeeded: at least once, in order within its lane (a kind and a customer), with an id that stays
 * the same, so that the other side can tell a repeat. What does not succeed waits longer each time
 * and is dead after TRIES_MAX: a row "alert" in the river, a count in the metrics, and it stands in
 * tool_undelivered until a person has seen to it (tool_outbox_again). A call that the other system
 * refuses at once is not dead: its asker was told. In one process a row is carried out by one
 * thread at a time (tool_fly); after a crash nothing flies and all that waits is carried out
 * again. Its text is emptied once it has gone out or was refused: one-time codes do not stay.
 */
#include "tool_int.h"

#include <stdio.h>

enum { TRIES_MAX = 20, BATCH = 64, WAIT_MS = 1000, WAIT_MAX_MS = 15 * 60 * 1000 };

/* ---- writing: on the scribe ---- */

static int64_t next_pos(struct store_db *db)
{
	struct store_stmt *q;
	int64_t pos = -1;
	if (store_prep(db, &q, "SELECT COALESCE(MAX(pos), 0) + 1 FROM tool_outbox"))
		return -1;
	if (store_step(q) == 1)
		pos = store_col_int(q, 0);
	store_reset(q);
	return pos;
}

struct letter {
	const char *kind;
	const jv *body;
	sv key, lane, customer;
	int64_t now_ms;
};

static int put_letter(struct store_db *db, const struct letter *l, char id[27])
{
	struct store_stmt *q;
	struct sb text;
	int64_t pos = next_pos(db);
	if (pos < 0)
		return ERR_DB;
	int rc = store_prep(db, &q,
			    "INSERT INTO tool_outbox (pos, id, k, lane, kind, body, customer, "
			    "made_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
	if (rc)
		return rc;
	id_new(id);
	sb_init(&text, LIM_JSON_BYTES);
	jv_dump(l->body, &text);
	store_bind_int(q, 1, pos);
	store_bind_sv(q, 2, sv_of(id));
	store_bind_sv(q, 3, l->key);
	store_bind_sv(q, 4, l->lane);
	store_bind_sv(q, 5, sv_of(l->kind));
	store_bind_sv(q, 6, sb_sv(&text));
	store_bind_sv(q, 7, l->customer.p ? l->customer : SV(""));
	store_bind_int(q, 8, l->now_ms);
	rc = sb_err(&text);
	if (rc)
		store_reset(q);
	else
		rc = store_run(q);
	sb_done(&text);
	return rc;
}

int tool_out_put(struct tool_work *w, struct store_db *db, const char *kind, const jv *body,
		 char id[27])
{
	const struct tool_who *who = &w->req.who;
	sv of = who->customer.n ? who->customer : who->conversation.n ? who->conversation :
								       w->req.key;
	/* whose it is: a code may go to one who is not known here yet; erasing finds it so */
	sv whose = jv_get_str(body, "customer");
	struct letter l = { kind, body, w->req.key,
			    sv_of(arena_fmt(&w->a, "%s:%.*s", kind, SV_ARG(of))),
			    whose.n ? whose : who->customer, w->req.now_ms };
	return put_letter(db, &l, id);
}

int tool_post(struct store_db *db, const char *kind, jv *body, sv customer, int64_t now_ms)
{
	char id[27], lane[160];
	(void)snprintf(lane, sizeof(lane), "%.30s:%.*s", kind,
		       (int)(customer.n < 100 ? customer.n : 100), customer.n ? customer.p : "");
	struct letter l = { kind, body, SV(""), sv_of(lane), customer, now_ms };
	int rc = put_letter(db, &l, id);
	jv_free(body);
	return rc;
}

int tool_send(struct tool_run *r, struct store_db *db, const char *kind, jv *body)
{
	char id[27];
	int rc = 0;
	if (!strcmp(kind, "remote"))
		rc = ERR_INVAL;
	else if (r->put->sent >= TOOL_SENDS)
		rc = ERR_FULL;
	else if (r->confirmed)
		rc = tool_out_put(r->put->work, db, kind, body, id);
	r->put->sent++;
	jv_free(body);
	return rc;
}

/* The call as it was made, to be made again by tool_outbox_run. */
jv *tool_request_json(const struct tool_work *w)
{
	const struct tool_who *who = &w->req.who;
	jv *o = jv_obj();
	jv_set_str(o, "tool", w->req.name);
	jv_set(o, "args", jv_copy(w->args));
	jv_set_str(o, "customer", who->customer);
	jv_set_int(o, "level", who->level);
	jv_set_str(o, "role", sv_of(tool_role_name(who->role)));
	jv_set_str(o, "conversation", who->conversation);
	jv_set_int(o, "turn", who->turn);
	jv_set_str(o, "actor", who->actor);
	jv_set_str(o, "channel", who->channel);
	jv_set_str(o, "address", who->address);
	jv_set_str(o, "lang", who->lang);
	jv_set_int(o, "now_ms", w->req.now_ms);
	return o;
}

struct tool_work *tool_request_work(struct tool_kit *k, const jv *o, sv key)
{
	struct sb args;
	sb_init(&args, LIM_JSON_BYTES);
	jv_dump(jv_get(o, "args"), &args);
	struct tool_req r = {
		.name = jv_get_str(o, "tool"),
		.args = sb_sv(&args),
		.key = key,
		.now_ms = jv_get_int(o, "now_ms", 0),
		.who = {
			.customer = jv_get_str(o, "customer"),
			.level = (enum tool_level)jv_get_int(o, "level", 0),
			.role = tool_role_read(jv_get(o, "role")),
			.conversation = jv_get_str(o, "conversation"),
			.turn = (int)jv_get_int(o, "turn", 0),
			.actor = jv_get_str(o, "actor"),
			.channel = jv_get_str(o, "channel"),
			.address = jv_get_str(o, "address"),
			.lang = jv_get_str(o, "lang"),
		},
	};
	struct tool_work *w = tool_work_new(k, &r);
	sb_done(&args);
	return w;
}

int tool_out_remote(struct tool_work *w, struct store_db *db)
{
	char id[27];
	jv *o = tool_request_json(w);
	jv_set(o, "body", jv_copy(w->run.body));
	int rc = tool_out_put(w, db, "remote", o, id);
	jv_free(o);
	if (rc)
		return rc;
	w->remote = arena_sv(&w->a, sv_of(id));
	return tool_fly(w->kit, w->remote) ? 0 : ERR_FULL;
}

/* ---- marking: on the scribe ---- */

enum mark { MARK_SENT, MARK_AGAIN, MARK_DEAD, MARK_REFUSED };

static int64_t wait_ms(int64_t tries)
{
	int64_t ms = tries < 20 ? (int64_t)WAIT_MS << tries : WAIT_MAX_MS;
	return ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS;
}

static int tries_of(struct store_db *db, sv id, int64_t *tries, char kind[32])
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT tries, kind FROM tool_outbox WHERE id = ?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1) {
		*tries = store_col_int(q, 0);
		(void)snprintf(kind, 32, "%.*s", SV_ARG(store_col_sv(q, 1)));
	}
	store_reset(q);
	return rc == 1 ? 0 : rc ? rc : ERR_NOTFOUND;
}

static int alert(struct store_db *db, sv id, const char *kind, int64_t tries, const char *why)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"what\":\"outbox\",\"id\":");
	sb_json(&b, id);
	sb_cstr(&b, ",\"kind\":");
	sb_json(&b, sv_of(kind));
	sb_fmt(&b, ",\"tries\":%lld,\"why\":", (long long)tries);
	sb_json(&b, sv_of(why));
	sb_ch(&b, '}');
	struct store_event ev = { .kind = SV("alert"), .actor = SV("system"), .body = sb_sv(&b) };
	int rc = sb_err(&b) ? sb_err(&b) : store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

/* *how may become MARK_DEAD. */
static int mark(struct store_db *db, sv id, enum mark *how, const char *why)
{
	static const char *const states[] = { "sent", "waiting", "dead", "refused" };
	struct store_stmt *q;
	char kind[32] = "";
	int64_t tries = 0;
	int rc = tries_of(db, id, &tries, kind);
	if (rc)
		return rc;
	if (*how == MARK_AGAIN && ++tries >= TRIES_MAX)
		*how = MARK_DEAD;
	/* Of a call that was refused at once its asker has heard. */
	enum mark to = *how == MARK_DEAD && !strcmp(kind, "remote") && !tries ? MARK_REFUSED : *how;
	if (to == MARK_DEAD && (rc = alert(db, id, kind, tries, why)) != 0)
		return rc;
	rc = store_prep(db, &q,
			"UPDATE tool_outbox SET state = ?2, tries = ?3, next_ms = ?4, why = ?5, "
			"done_ms = ?6, body = CASE WHEN ?2 IN ('sent', 'refused') THEN '{}' ELSE "
			"body END "
			"WHERE id = ?1 AND state = 'waiting'");
	if (rc)
		return rc;
	int64_t now = clk_wall_ms();
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, sv_of(states[to]));
	store_bind_int(q, 3, tries);
	store_bind_int(q, 4, *how == MARK_AGAIN ? now + wait_ms(tries - 1) : 0);
	store_bind_sv(q, 5, sv_of(why));
	if (*how == MARK_AGAIN)
		store_bind_sv(q, 6, SV_NULL);
	else
		store_bind_int(q, 6, now);
	rc = store_run(q);
	if (rc == 0 && to == MARK_DEAD)
		metric_inc(M_OUTBOX_DEAD);
	return rc;
}

int tool_out_asked(void *work, struct store_db *db)
{
	struct tool_work *w = work;
	struct store_event ev = { 0 };
	struct sb body;
	enum mark how = !w->rc ? MARK_SENT :
			w->put.outcome == TOOL_LATER ? MARK_AGAIN : MARK_DEAD;
	int rc = mark(db, w->remote, &how, w->rc ? err_text(w->rc) : "");
	if (!rc && how == MARK_DEAD && w->put.outcome == TOOL_LATER)
		tool_failed(w, w->rc);
	bool keep = w->put.outcome == TOOL_DONE || w->put.outcome == TOOL_LATER;
	if (!rc)
		rc = keep ? tool_keep_put(w, db) : tool_keep_drop(w, db);
	sb_init(&body, LIM_JSON_BYTES);
	tool_row(w, &ev, &body);
	if (!rc)
		rc = sb_err(&body) ? sb_err(&body) : store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

/* ---- going on with what waits: on a worker ---- */

struct out_row {
	sv id, key, kind, body;
};
struct out_run {
	struct tool_kit *k;
	tool_send_fn *sender;
	void *arg;
	struct arena a;
	struct out_row rows[BATCH];
	size_t n, sent;
};

static int read_rows(struct out_run *o, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT id, k, kind, body FROM tool_outbox o WHERE state = 'waiting' "
			    "AND next_ms <= ?1 AND NOT EXISTS (SELECT 1 FROM tool_outbox p WHERE "
			    "p.state = 'waiting' AND p.lane = o.lane AND p.pos < o.pos) "
			    "ORDER BY pos LIMIT ?2");
	if (rc)
		return rc;
	o->n = 0;
	store_bind_int(q, 1, clk_wall_ms());
	store_bind_int(q, 2, BATCH);
	while ((rc = store_step(q)) == 1) {
		struct out_row *r = &o->rows[o->n++];
		r->id = arena_sv(&o->a, store_col_sv(q, 0));
		r->key = arena_sv(&o->a, store_col_sv(q, 1));
		r->kind = arena_sv(&o->a, store_col_sv(q, 2));
		r->body = arena_sv(&o->a, store_col_sv(q, 3));
	}
	store_reset(q);
	return rc;
}

/* Somebody may have carried it out between our reading and our claim. */
static bool still_waits(struct store_db *db, sv id)
{
	struct store_stmt *q;
	bool yes = false;
	if (store_prep(db, &q, "SELECT 1 FROM tool_outbox WHERE id = ?1 AND state = 'waiting'"))
		return false;
	store_bind_sv(q, 1, id);
	yes = store_step(q) == 1;
	store_reset(q);
	return yes;
}

struct marking {
	sv id;
	enum mark how;
	const char *why;
};

static int mark_it(void *arg, struct store_db *db)
{
	struct marking *m = arg;
	return mark(db, m->id, &m->how, m->why);
}

static int send_message(struct out_run *o, const struct out_row *r)
{
	jv *body = jv_parse(r->body, NULL);
	int rc = body ? o->sender(o->arg, r->id, r->kind, body) : ERR_CORRUPT;
	struct marking m = { r->id, !rc ? MARK_SENT : err_retryable(rc) ? MARK_AGAIN : MARK_DEAD,
			     rc ? err_text(rc) : "" };
	jv_free(body);
	o->sent += rc == 0;
	return tool_kit_write(o->k, mark_it, &m);
}

static int ask_system(struct out_run *o, const struct out_row *r)
{
	jv *req = jv_parse(r->body, NULL);
	struct tool_work *w = tool_request_work(o->k, req, r->key);
	w->remote = r->id;
	w->run.body = jv_obj();
	if (!tool_gate(w)) {                 /* no longer declared so: nothing to ask */
		tool_failed(w, ERR_NOTFOUND);
	} else {
		jv *had = jv_copy(jv_get(req, "body"));
		if (jv_is_obj(had)) {
			jv_free(w->run.body);
			w->run.body = had;
		} else {
			jv_free(had);
		}
		tool_run_remote(w);
	}
	int rc = tool_kit_write(o->k, tool_out_asked, w);
	o->sent += !rc && !w->rc;
	w->remote = SV_NULL;
	tool_work_free(w);
	jv_free(req);
	return rc;
}

/* One pass; *moved: rows that left the queue. */
static int pass(struct out_run *o, size_t *tried)
{
	struct store_db *db;
	int rc = store_reader(o->k->store, &db);
	if (rc || (rc = read_rows(o, db)) != 0)
		return rc;
	*tried = 0;
	for (size_t i = 0; i < o->n && !rc; i++) {
		const struct out_row *r = &o->rows[i];
		if (!tool_fly(o->k, r->id))
			continue;
		if (still_waits(db, r->id)) {
			bool remote = sv_eq(r->kind, SV("remote"));
			rc = remote ? ask_system(o, r) : o->sender ? send_message(o, r) : 0;
			*tried += remote || o->sender;
		}
		tool_land(o->k, r->id);
	}
	return rc;
}

int tool_outbox_run(struct tool_kit *k, tool_send_fn *sender, void *arg, size_t *ret_n)
{
	struct out_run o = { .k = k, .sender = sender, .arg = arg };
	size_t tried = 1;
	int rc = tool_kit_enter(k);
	if (rc)
		return rc;
	while (!rc && tried) {
		arena_init(&o.a, LIM_ARENA_BIG);
		rc = pass(&o, &tried);
		arena_done(&o.a);
	}
	tool_kit_leave(k);
	if (ret_n)
		*ret_n = o.sent;
	return rc;
}
