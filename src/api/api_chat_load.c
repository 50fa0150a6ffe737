/* api_chat_load.c: a conversation comes back after a restart: its row says whether it is open,
 * its events give the numbers to go on with, the ids of the texts that were taken, and the last
 * question and answer.
 *
 * The read waits for the scribe: a conversation that has just ended is not taken for an open
 * one. Meanwhile sockets and requests may join and texts are kept; all of it goes on when the
 * load is through. Door's thread, load_run on a worker. */
#include "api_chat.h"
#include "api_word.h"

#include <stdio.h>

struct load {
	struct api_chat *c;
	bool found, open, written;
	sv interaction, greeting;
	struct chan_resume resume;   /* from talk_recall */
	struct chat_id *ids;         /* CHAT_IDS of them, in the query's arena */
	size_t n_ids;
};

static bool load_row(struct api_query *q, struct load *l, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT state, interaction_id, channel FROM conversation "
				"WHERE id=?1")) {
		q->status = 500;
		return false;
	}
	store_bind_sv(st, 1, q->s1);
	if (api_row(q, st)) {
		l->found = true;
		l->open = sv_eq(store_col_sv(st, 0), SV("open"));
		l->written = sv_eq(store_col_sv(st, 2), SV("webchat"));
		l->interaction = arena_sv(&q->arena, store_col_sv(st, 1));
	}
	store_reset(st);
	return l->found && l->open && l->written;
}

static void load_customer(struct load *l, const jv *body, int64_t seq, int turn)
{
	sv id = jv_get_str(body, "client_id");
	if (!id.n)
		return;
	struct chat_id *x = &l->ids[l->n_ids++ % CHAT_IDS];
	*x = (struct chat_id){ .hash = sv_hash(id), .seq = seq, .turn = turn };
	chat_idem_parse(id, &x->key, &x->body);
}

static void load_event(struct api_query *q, struct load *l, struct store_stmt *st)
{
	sv kind = store_col_sv(st, 3);
	bool customer = sv_eq(kind, SV("turn.customer"));
	if (!customer && !sv_eq(kind, SV("turn.bot")))
		return;
	jv *body = jv_parse(store_col_sv(st, 5), NULL);
	if (!customer && !l->greeting.p)
		l->greeting = arena_sv(&q->arena, jv_get_str(body, "text"));
	if (customer)
		load_customer(l, body, store_col_int(st, 0), (int)store_col_int(st, 2));
	jv_free(body);
}

static void load_events(struct api_query *q, struct load *l, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st,
		       "SELECT " API_EVENT_COLS
		       " FROM event WHERE conversation=?1 ORDER BY seq")) {
		q->status = 500;
		return;
	}
	l->ids = arena_new(&q->arena, struct chat_id, CHAT_IDS);
	store_bind_sv(st, 1, q->s1);
	while (api_row(q, st))
		load_event(q, l, st);
	store_reset(st);
}

static void load_run(struct api_query *q, struct store_db *db)
{
	struct load *l = q->p;
	bool open;
	if (!load_row(q, l, db))
		return;
	load_events(q, l, db);
	if (talk_recall(db, q->s1, &q->arena, &l->resume, &open))
		q->status = 500;
}

/* ---- back at the door ---- */

static void take_over(struct api_chat *c, const struct load *l)
{
	size_t n = l->n_ids < CHAT_IDS ? l->n_ids : CHAT_IDS;
	snprintf(c->interaction, sizeof(c->interaction), SV_FMT, SV_ARG(l->interaction));
	c->greeting = xstrdup(l->greeting);
	for (size_t i = 0; i < n; i++)
		*chat_id_add(c) = l->ids[i];
	c->ids_next = l->n_ids > n ? l->n_ids % CHAT_IDS : 0;
}

/* What was handed in meanwhile, now that it is known what was handed in before. */
static void hand_in_kept(struct api_chat *c)
{
	for (size_t i = 0; i < c->pending.n; i++) {
		struct chat_pending *p = &c->pending.v[i];
		struct chat_msg m = { sv_of(p->text), sv_of(p->client_id), p->key, p->body };
		int64_t seq = 0;
		int rc = chat_text(c, &m, &seq);
		if (rc == ERR_EXISTS) {
			if (seq)
				chat_ack_frame(c, m.client_id, seq);
			for (struct api_wait *x = c->waits; x; x = x->next)
				if (x->client_id && sv_eq(sv_of(x->client_id), m.client_id))
					chat_wait_duplicate(x, seq);
		} else if (rc) {
			chat_refuse(c, m.client_id, rc);
		}
		xfree(p->text);
		xfree(p->client_id);
	}
	VEC_FREE(&c->pending);
}

static void load_failed(struct api_chat *c, const struct load *l, int status)
{
	bool wanted = false;
	for (const struct api_wait *x = c->waits; x; x = x->next)
		wanted |= x->kind == WAIT_MADE;
	if (status >= 500) {
		chat_free(c, 503, "The conversation could not be read; try again.", "busy");
	} else if (!l->found && wanted) {
		chat_unclaim(c->a, c->id);      /* the server died between claim and opening */
		chat_free(c, 503, "The conversation was not opened the first time; try again.",
			  "not_found");
	} else if (!l->found) {
		chat_free(c, 404, "There is no such conversation.", "not_found");
	} else if (!l->written) {
		chat_free(c, 409, "This conversation is spoken, not written.", "denied");
	} else {
		chat_free(c, 410, "The conversation is closed; start a new one.", "closed");
	}
}

static void load_good(struct api_chat *c, const struct load *l)
{
	take_over(c, l);
	struct chan_info info = { .channel = "webchat",
				  .id = sv_of(c->id),
				  .interaction_id = sv_of(c->interaction),
				  .language = l->resume.language,
				  .resume = &l->resume };
	int rc = chat_start(c, &info);
	if (rc) {
		chat_free(c, err_http(rc), "The conversation could not be opened; try again.",
			  "busy");
		return;
	}
	for (int i = 0; i < c->n_socks; i++) {
		chat_sock_session(c->socks[i]);
		chat_sock_replay(c->socks[i]);
	}
	hand_in_kept(c);
	api_words_go_on(c, 0);
	chat_waits_check(c);
	if (c->close_wanted)
		chan_web_close(c->w);
}

static void load_done(struct api_query *q)
{
	struct load *l = q->p;
	struct api_chat *c = l->c;
	c->loading = false;
	if (q->a->ending)
		chat_free(c, 503, "The server is closing.", "closing");
	else if (q->status != 200 || !l->found || !l->open || !l->written)
		load_failed(c, l, q->status);
	else
		load_good(c, l);
	api_query_free(q);
}

struct api_chat *chat_find_or_load(struct api *a, sv id)
{
	struct api_chat *c = map_get(a->chats, id);
	if (c || !id_ok(id))
		return c;
	c = xalloc(sizeof(*c));
	c->a = a;
	c->waits_end = &c->waits;
	memcpy(c->id, id.p, 26);
	if (map_put(a->chats, id, c)) {
		xfree(c);
		return NULL;
	}
	c->loading = c->person = true;
	struct api_query *q = api_query_new(a, NULL);
	struct load *l = arena_new(&q->arena, struct load, 1);
	l->c = c;
	q->s1 = arena_sv(&q->arena, id);
	q->p = l;
	q->settled = true;
	q->run = load_run;
	q->done = load_done;
	api_query_start(q);
	return map_get(a->chats, id);
}
