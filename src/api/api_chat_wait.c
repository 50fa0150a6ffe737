/* api_chat_wait.c: REST requests that wait in a conversation: for its greeting, for the reply
 * to their text, for its end.
 *
 * Each is answered exactly once: when what it waits for is there, when the conversation ends or
 * fails, when its time is over (202 if its text is on disk), or when the door closes. The
 * client may have hung up meanwhile; the answer then goes nowhere, which web_reply allows.
 * Owned by their chat, in the order they came. Door's thread. */
#include "api_chat.h"

static void unlink_wait(struct api_wait *x)
{
	struct api_chat *c = x->c;
	struct api_wait **p = &c->waits;
	while (*p != x)
		p = &(*p)->next;
	*p = x->next;
	if (c->waits_end == &x->next)
		c->waits_end = p;
	c->n_waits--;
	api_due_cut(c->a, &x->due);
}

static void wait_free(struct api_wait *x)
{
	xfree(x->client_id);
	jv_free(x->reply);
	xfree(x);
}

void chat_wait_problem(struct api_wait *x, int status, const char *detail)
{
	unlink_wait(x);
	api_problem(x->r, status, detail);
	wait_free(x);
}

/* ---- answers ---- */

static jv *made(struct api_chat *c)
{
	char token[API_TOKEN_MAX];
	jv *o = jv_obj();
	chat_token(c->a, c->id, token, sizeof(token));
	jv_set_str(o, "id", sv_of(c->id));
	jv_set_str(o, "interaction_id", sv_of(c->interaction));
	jv_set_str(o, "token", sv_of(token));
	if (c->greeting)
		jv_set_str(o, "greeting", sv_of(c->greeting));
	return o;
}

static void closed_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	bool closed = false;
	if (store_prep(db, &st, "SELECT 1 FROM conversation WHERE id=?1 AND state='closed'") == 0) {
		store_bind_sv(st, 1, q->s1);
		closed = api_row(q, st);
		store_reset(st);
	}
	if (!closed) {
		q->status = 503;
		q->detail = "The end of the conversation could not be saved; try again.";
		return;
	}
	sb_cstr(&q->out, "{\"id\":");
	sb_json(&q->out, q->s1);
	sb_cstr(&q->out, ",\"state\":\"closed\"}");
}

/* It has ended here, and its last row is with the scribe: answered when it is on disk. */
static void answer_closed(struct api_wait *x)
{
	struct api_query *q = api_query_new(x->c->a, x->r);
	q->s1 = arena_sv(&q->arena, sv_of(x->c->id));
	q->run = closed_run;
	q->settled = true;
	unlink_wait(x);
	wait_free(x);
	api_query_start(q);
}

static void answer(struct api_wait *x, bool in_time)
{
	if (x->kind == WAIT_CLOSED) {
		answer_closed(x);
		return;
	}
	jv *reply = x->reply, *o = x->kind == WAIT_MADE ? made(x->c) : jv_obj();
	x->reply = NULL;
	if (x->kind == WAIT_MADE && reply) {
		jv_set(o, "reply", reply);
	} else if (reply) {
		jv_free(o);
		o = reply;
	}
	if (x->kind == WAIT_REPLY && x->seq)
		jv_set_int(o, "message_seq", x->seq);
	if (x->duplicate)
		jv_set_bool(o, "duplicate", true);
	if (!in_time)
		jv_set_bool(o, "pending", true);
	unlink_wait(x);
	web_reply_json(x->r, x->kind == WAIT_MADE ? 201 : in_time ? 200 : 202, o);
	wait_free(x);
}

/* Its time is over. A text on disk is not lost: the reply will be among the events. */
static void too_late(struct api_due *d)
{
	struct api_wait *x = (struct api_wait *)(void *)d;
	bool begun = x->kind == WAIT_MADE && x->c->greeting && !x->c->loading;
	if (begun || (x->kind == WAIT_REPLY && x->acked))
		answer(x, false);
	else
		chat_wait_problem(x, 504, "The conversation did not answer in time; try again.");
}

static bool ready(const struct api_wait *x)
{
	const struct api_chat *c = x->c;
	if (x->kind == WAIT_CLOSED)
		return x->acked;
	bool said = !x->client_id || (x->acked && x->reply);
	return said && (x->kind != WAIT_MADE || (c->greeting && !c->loading));
}

void chat_waits_check(struct api_chat *c)
{
	for (struct api_wait *x = c->waits, *next; x; x = next) {
		next = x->next;
		if (ready(x))
			answer(x, true);
	}
}

void chat_waits_fail(struct api_chat *c, int status, const char *detail)
{
	while (c->waits)
		chat_wait_problem(c->waits, status, detail);
}

struct api_wait *chat_wait_add(struct api_chat *c, struct web_req *r, enum chat_wait_kind kind)
{
	struct api_wait *x = xalloc(sizeof(*x));
	x->c = c;
	x->r = r;
	x->kind = kind;
	x->number = ++c->a->waits_made;
	x->turn = -1;
	*c->waits_end = x;
	c->waits_end = &x->next;
	c->n_waits++;
	api_due_add(c->a, &x->due, too_late);
	return x;
}

/* ---- what happens meanwhile ---- */

/* A row of interest: a waiting request's own text (gives the turn), or the reply to that turn. */
void chat_waits_event(struct api_chat *c, const jv *ev, sv json)
{
	sv kind = jv_get_str(ev, "kind"), id = jv_as_str(jv_path(ev, "body.client_id"));
	int turn = (int)jv_get_int(ev, "turn", 0);
	bool asked = id.n && sv_eq(kind, SV("turn.customer")), said = sv_eq(kind, SV("turn.bot"));
	for (struct api_wait *x = c->waits; x; x = x->next) {
		if (asked && x->client_id && sv_eq(id, sv_of(x->client_id)))
			x->turn = turn;
		else if (said && x->turn == turn && turn > 0 && !x->reply)
			x->reply = talk_reply_of(json);
	}
	chat_waits_check(c);
}

/* ---- a text that was taken before ---- */

static void find_run(struct api_query *q, struct store_db *db)
{
	static const char sql[] =
		"SELECT " API_EVENT_COLS
		" FROM event WHERE conversation=?1 AND kind='turn.bot' AND turn="
		"(SELECT turn FROM event WHERE conversation=?1 AND seq=?2) AND turn>0 ORDER BY "
		"seq LIMIT 1";
	struct store_stmt *st;
	if (store_prep(db, &st, sql)) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_int(st, 2, q->i1);
	if (api_row(q, st))
		api_event_row(st, &q->out);
	store_reset(st);
}

/* Not there: the reply is still being made, the wait goes on. */
static void find_done(struct api_query *q)
{
	struct api_chat *c = q->a->ending ? NULL : map_get(q->a->chats, q->s1);
	struct api_wait *x = c ? c->waits : NULL;
	while (x && x->number != (uint64_t)q->i2)
		x = x->next;
	if (x && !x->reply && q->status == 200 && q->out.n) {
		x->reply = talk_reply_of(sb_sv(&q->out));
		chat_waits_check(c);
	}
	api_query_free(q);
}

static void find_reply(const struct api_wait *x)
{
	struct api_query *q = api_query_new(x->c->a, NULL);
	q->s1 = arena_sv(&q->arena, sv_of(x->c->id));
	q->i1 = x->seq;
	q->i2 = (int64_t)x->number;
	q->settled = true;
	q->run = find_run;
	q->done = find_done;
	api_query_start(q);
}

/* Its row is on disk now or soon: the reply may have passed already, then it is in the river. */
void chat_wait_duplicate(struct api_wait *x, int64_t seq)
{
	const struct api_chat *c = x->c;
	x->duplicate = true;
	x->acked = seq > 0;
	x->seq = seq;
	for (size_t i = 0; i < c->ids.n; i++)
		if (c->ids.v[i].hash == sv_hash(sv_of(x->client_id)))
			x->turn = c->ids.v[i].turn;
	if (seq)
		find_reply(x);
}

/* ---- acknowledgements ---- */

static void not_saved(struct api_wait *x, int err)
{
	bool its_own =
		err == ERR_INVAL || err == ERR_TOOBIG || err == ERR_RATE || err == ERR_CONFLICT;
	if (its_own)
		chat_wait_problem(x, err, "The message was not taken.");
	else
		chat_wait_problem(x, 503, "The message was not saved; send it again.");
}

void chat_waits_ack(struct api_chat *c, sv client_id, int64_t seq, int err)
{
	for (struct api_wait *x = c->waits, *next; x; x = next) {
		next = x->next;
		if (!x->client_id || !sv_eq(client_id, sv_of(x->client_id)))
			continue;
		if (err) {
			not_saved(x, err);
			continue;
		}
		x->acked = true;
		x->seq = seq;
		if (x->duplicate && !x->reply)
			find_reply(x);
	}
	chat_waits_check(c);
}
