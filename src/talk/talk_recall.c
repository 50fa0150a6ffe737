/* talk_recall.c: what the river remembers of a conversation, so that it can go on after a
 * restart.
 *
 * One walk over its rows in order. A customer's text that has no reply of its turn or a later
 * one is owed: it was acknowledged, so it will be answered. A flow that was saved and did not end
 * goes on, with the key of the call it waited for. Runs on a reading thread; the strings lie in
 * the caller's arena. */
#include "talk.h"

#define OWED_MAX 16

struct recall {
	struct arena *a;
	struct chan_resume *r;
	struct {
		int turn;
		char *text;          /* owned */
	} asked[OWED_MAX];           /* not answered so far, oldest first */
	int n;
	char *question, *reply;      /* the last answered one, the last said; owned */
	char *flow, *flow_key;       /* of the flow under way; owned, NULL = none */
	enum chan_person person;
	char *agent, *agent_name;    /* of the last who took over; owned */
};

static void keep(char **slot, char *moved)
{
	xfree(*slot);
	*slot = moved;
}

static void drop_asked(struct recall *x, int n)
{
	x->n -= n;
	memmove(&x->asked[0], &x->asked[n], sizeof(x->asked[0]) * (size_t)x->n);
}

static void note_customer(struct recall *x, int turn, sv text)
{
	if (x->n == OWED_MAX) {
		xfree(x->asked[0].text);
		drop_asked(x, 1);
	}
	x->asked[x->n].turn = turn;
	x->asked[x->n++].text = xstrdup(text);
}

static void note_bot(struct recall *x, int turn, sv text)
{
	int n = 0;
	keep(&x->reply, xstrdup(text));
	while (n < x->n && x->asked[n].turn <= turn)
		keep(&x->question, x->asked[n++].text);
	drop_asked(x, n);
}

static void note_flow(struct recall *x, sv body)
{
	jv *o = jv_parse(body, NULL);
	sv state = jv_get_str(o, "state");
	keep(&x->flow, state.n ? xstrdup(state) : NULL);
	keep(&x->flow_key, state.n ? xstrdup(jv_get_str(o, "key")) : NULL);
	jv_free(o);
}

/* Where it stood with the people's side. An agent's words are an answer too. */
static void note_person(struct recall *x, sv kind, sv body)
{
	jv *o = jv_parse(body, NULL);
	/* without a packet nobody was asked: a note for a queue elsewhere */
	if (sv_eq(kind, SV("handover")) && jv_get(o, "handover") &&
	    x->person == CHAN_PERSON_NONE)
		x->person = CHAN_PERSON_WAITS;
	else if (sv_eq(kind, SV("handover.queued")))
		x->person = CHAN_PERSON_WAITS;
	else if (sv_eq(kind, SV("handover.accepted")))
		x->person = CHAN_PERSON_WITH;
	else if (sv_starts(kind, SV("handover.")))
		x->person = CHAN_PERSON_NONE;
	if (sv_eq(kind, SV("handover.accepted"))) {
		keep(&x->agent, xstrdup(jv_get_str(o, "agent")));
		keep(&x->agent_name, xstrdup(jv_get_str(o, "name")));
	}
	jv_free(o);
}

static void note_row(struct recall *x, struct store_stmt *q)
{
	sv kind = store_col_sv(q, 2);
	int turn = (int)store_col_int(q, 1);
	bool customer = sv_eq(kind, SV("turn.customer"));
	x->r->seq = store_col_int(q, 0);
	if (turn > x->r->turn)
		x->r->turn = turn;
	if (sv_eq(kind, SV("flow.saved")) || sv_eq(kind, SV("flow.ended")))
		note_flow(x, store_col_sv(q, 3));
	if (sv_starts(kind, SV("handover")))
		note_person(x, kind, store_col_sv(q, 3));
	bool agent = sv_eq(kind, SV("turn.agent"));
	if (!customer && !agent && !sv_eq(kind, SV("turn.bot")))
		return;
	jv *body = jv_parse(store_col_sv(q, 3), NULL);
	sv text = jv_get_str(body, "text");
	if (customer)
		note_customer(x, turn, text);
	else
		note_bot(x, turn, text);
	jv_free(body);
}

/* Into the caller's arena; several that are owed become one question, as if asked in one breath. */
static void settle(struct recall *x)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	x->r->owed_turn = x->n ? x->asked[x->n - 1].turn : 0;
	for (int i = 0; i < x->n; i++) {
		sb_fmt(&b, "%s%s", i ? "\n" : "", x->asked[i].text);
		xfree(x->asked[i].text);
	}
	x->r->owed = arena_sv(x->a, sb_sv(&b));
	x->r->last_question = arena_sv(x->a, sv_of(x->question));
	x->r->last_reply = arena_sv(x->a, sv_of(x->reply));
	x->r->flow = arena_sv(x->a, sv_of(x->flow));
	x->r->flow_key = arena_sv(x->a, sv_of(x->flow_key));
	x->r->person = x->person;
	x->r->agent = arena_sv(x->a, sv_of(x->agent));
	x->r->agent_name = arena_sv(x->a, sv_of(x->agent_name));
	xfree(x->agent);
	xfree(x->agent_name);
	sb_done(&b);
	xfree(x->question);
	xfree(x->reply);
	xfree(x->flow);
	xfree(x->flow_key);
}

static int recall_head(struct store_db *db, sv id, struct recall *x, bool *ret_open)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT state, language, started_ms, customer_id, customer_level "
			    "FROM conversation WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1) {
		*ret_open = sv_eq(store_col_sv(q, 0), SV("open"));
		x->r->language = arena_sv(x->a, store_col_sv(q, 1));
		x->r->started_ms = store_col_int(q, 2);
		x->r->customer = arena_sv(x->a, store_col_sv(q, 3));
		x->r->level = (int)store_col_int(q, 4);
	}
	store_reset(q);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOTFOUND : rc;
}

int talk_recall(struct store_db *db, sv id, struct arena *a, struct chan_resume *ret,
		bool *ret_open)
{
	struct recall x = { .a = a, .r = ret };
	struct store_stmt *q;
	*ret = (struct chan_resume){ 0 };
	int rc = recall_head(db, id, &x, ret_open);
	if (rc == 0)
		rc = store_prep(db, &q,
				"SELECT seq, turn, kind, body FROM event WHERE conversation=?1 "
				"ORDER BY seq");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	while ((rc = store_step(q)) == 1)
		note_row(&x, q);
	store_reset(q);
	settle(&x);
	return rc;
}
