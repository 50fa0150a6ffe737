/* learn_mine.c: from the river's rows to questions, and what went wrong with each.
 *
 * Rows come conversation by conversation. A customer's turn that asks something opens an item;
 * what follows is told of it until the next one: what the bot did, thumbs, hand-overs, what an
 * agent looked up and wrote. Only what a person wrote himself is an answer; a suggestion of the
 * bot that an agent sent on is not. Who picks one of the titles offered asks nothing new: the
 * article is told of the question before. A worker's thread; everything lives in the run's arena.
 */
#include "learn_int.h"

#include <stdlib.h>

#define REPEAT_MS (7 * LEARN_DAY_MS)
#define REPEAT_LIKE 0.55f
#define LOW_P 0.65               /* of the best article: less is little certainty */

static const char *const signal_names[LEARN_SIGNALS] = { "no_answer", "low_score", "thumb_down",
							 "escalated", "repeated",  "agent_typed" };
/* Minutes of somebody's time, about. */
static const double signal_cost[LEARN_SIGNALS] = { 1.0, 0.5, 2.0, 4.0, 3.0, 2.0 };

const char *learn_signal_name(int bit)
{
	return bit >= 0 && bit < LEARN_SIGNALS ? signal_names[bit] : "";
}

struct reader {
	struct learn_work *w;
	char conversation[64];
	size_t first;            /* of this conversation in all */
	struct learn_item *now;  /* the question under way, or NULL */
	struct learn_item *before;   /* the one before it */
	bool searched, upset, closed, down;
	struct arena tmp;
};

static sv kept(struct learn_work *w, sv s)
{
	sv out = s.n ? arena_sv(w->a, sv_slice(s, 0, LEARN_TEXT)) : SV("");
	return out.p ? out : SV("");
}

/* ---- one row ---- */

static void on_customer(struct reader *r, const jv *body, struct store_stmt *q)
{
	struct learn_work *w = r->w;
	struct feel_state f = { 0 };
	sv text = sv_slice(jv_get_str(body, "text"), 0, LEARN_TEXT);
	sv lang = jv_get_str(body, "language"), mood = jv_get_str(body, "emotion");
	feel_turn(&f, text, lang.n ? lang : SV("en"));
	r->upset = sv_eq(mood, SV("angry")) || sv_eq(mood, SV("frustrated"));
	if (r->now && r->now->n_answer && r->upset)
		r->down = true;
	if (f.small_talk || f.wants_human || sv_runes(text) < 3) {
		if (f.wants_human && r->now)
			r->now->signals |= LEARN_ESCALATED;
		return;
	}
	struct learn_item **slot = VEC_PUSH(&w->all, LEARN_ROWS_MAX);
	struct learn_item *x = slot ? arena_new(w->a, struct learn_item, 1) : NULL;
	if (!x) {
		w->all.n -= slot != NULL;
		return;
	}
	*slot = x;
	*x = (struct learn_item){ .conversation = kept(w, sv_of(r->conversation)),
				  .customer = kept(w, store_col_sv(q, 1)),
				  .seq = store_col_int(q, 2),
				  .at_ms = store_col_int(q, 3),
				  .turn = (int)store_col_int(q, 4),
				  .text = kept(w, text),
				  .lang = kept(w, lang.n ? lang : sv_of(f.lang)) };
	r->before = r->now;
	r->now = x;
	r->searched = false;
	r->down = false;
}

/* The words of this turn only chose a title: they open no item. */
static void on_pick(struct reader *r, int turn)
{
	struct learn_work *w = r->w;
	if (!r->now || r->now->turn != turn || w->all.n <= r->first ||
	    w->all.v[w->all.n - 1] != r->now)
		return;
	w->all.n--;
	r->now = r->before;
	r->before = NULL;
}

static void on_bot(struct reader *r, const jv *body, int turn)
{
	if (jv_get_bool(body, "picked", false))
		on_pick(r, turn);
	struct learn_item *x = r->now;
	sv action = jv_get_str(body, "action");
	const jv *cited = jv_at(jv_get(body, "citations"), 0);
	if (!x || x->n_answer)
		return;
	if (cited) {
		x->picked = jv_get_bool(body, "picked", false);
		x->article = kept(r->w, jv_get_str(cited, "article_id"));
		x->version = (int)jv_get_int(cited, "version", 0);
	}
	if (sv_eq(action, SV("decline")))
		x->signals |= LEARN_NO_ANSWER;
	if (sv_eq(action, SV("handoff")))
		x->signals |= LEARN_ESCALATED | (cited ? 0u : (unsigned)LEARN_NO_ANSWER);
	double p = jv_as_num(jv_path(body, "found.p"), 1);
	if (sv_eq(action, SV("clarify")) || (cited && p < LOW_P))
		x->signals |= LEARN_LOW;
}

static void on_agent(struct reader *r, const jv *body, struct store_stmt *q)
{
	struct learn_work *w = r->w;
	struct learn_item *x = r->now;
	if (!x)
		return;
	if (!(x->signals & (LEARN_ESCALATED | LEARN_NO_ANSWER)))
		x->signals |= LEARN_ESCALATED;
	if (r->searched)
		x->signals |= LEARN_TYPED;
	sv text = jv_get_str(body, "text"), by = jv_get_str(body, "by");
	if (jv_get_bool(body, "suggested", false) || x->n_answer >= LEARN_ANSWERS_MAX)
		return;          /* the bot's words are no evidence */
	arena_reset(&r->tmp);
	text = learn_clean_evidence(w, &r->tmp, text);
	if (sv_runes(text) < 8)
		return;
	struct learn_answer *v = arena_new(w->a, struct learn_answer, x->n_answer + 1);
	if (!v)
		return;
	if (x->n_answer)
		memcpy(v, x->answer, x->n_answer * sizeof(*v));
	v[x->n_answer++] = (struct learn_answer){ kept(w, by.n ? by : store_col_sv(q, 6)),
						  kept(w, text), store_col_int(q, 3) };
	x->answer = v;
	r->down = false;
}

static void on_feedback(struct reader *r, const jv *body)
{
	struct learn_work *w = r->w;
	struct learn_item *x = r->now;
	int64_t turn = jv_get_int(body, "turn", 0);
	for (size_t i = r->first; turn && i < w->all.n; i++)
		if (w->all.v[i]->turn <= turn)
			x = w->all.v[i];
	if (!x || !sv_eq(jv_get_str(body, "value"), SV("down")))
		return;
	if (!x->n_answer) {
		x->signals |= LEARN_DOWN;
		return;
	}
	x->answer[x->n_answer - 1].refused = true; /* of what the agent said last */
	x->resolved = false;
	r->down |= x == r->now;
}

/* The question of now is done with. */
static void over(struct reader *r)
{
	if (!r->now)
		return;
	r->now->resolved = r->now->n_answer && !r->down;
}

static void take_row(struct reader *r, struct store_stmt *q)
{
	sv kind = store_col_sv(q, 5);
	if (sv_eq(kind, SV("handover"))) {
		if (r->now)
			r->now->signals |= LEARN_ESCALATED;
		return;
	}
	if (sv_eq(kind, SV("conversation.closed"))) {
		r->closed = true;
		return;
	}
	jv *body = jv_parse(store_col_sv(q, 7), NULL);
	if (sv_eq(kind, SV("turn.customer"))) {
		over(r);
		on_customer(r, body, q);
	} else if (sv_eq(kind, SV("turn.bot"))) {
		on_bot(r, body, (int)store_col_int(q, 4));
	} else if (sv_eq(kind, SV("turn.agent"))) {
		on_agent(r, body, q);
	} else if (sv_eq(kind, SV("feedback"))) {
		on_feedback(r, body);
	} else if (sv_eq(kind, SV("agent.search"))) {
		r->searched = true;
	}
	jv_free(body);
}

/* An answer after which nobody complained, in a conversation that ended. */
static void conversation_over(struct reader *r)
{
	struct learn_work *w = r->w;
	over(r);
	for (size_t i = r->first; i < w->all.n; i++) {
		struct learn_item *x = w->all.v[i];
		x->resolved &= r->closed;
		x->content = r->closed && x->article.n && !x->n_answer && !r->upset;
	}
	r->first = w->all.n;
	r->now = r->before = NULL;
	r->searched = r->upset = r->closed = r->down = false;
}

static int read_rows(struct reader *r, int64_t since_ms)
{
	static const char sql[] =
		"SELECT conversation, customer, seq, ts_ms, turn, kind, actor, body FROM event "
		"WHERE ts_ms >= ?1 AND conversation IS NOT NULL AND kind IN ('turn.customer', "
		"'turn.bot', 'turn.agent', 'feedback', 'handover', 'agent.search', "
		"'conversation.closed') ORDER BY conversation, seq LIMIT ?2";
	struct store_stmt *q;
	int rc = store_prep(r->w->db, &q, sql);
	if (rc)
		return rc;
	store_bind_int(q, 1, since_ms);
	store_bind_int(q, 2, LEARN_ROWS_MAX);
	while ((rc = store_step(q)) == 1) {
		sv c = store_col_sv(q, 0);
		if (!sv_eq(c, sv_of(r->conversation))) {
			conversation_over(r);
			size_t n = c.n < sizeof(r->conversation) ? c.n :
								   sizeof(r->conversation) - 1;
			memcpy(r->conversation, c.p, n);
			r->conversation[n] = 0;
		}
		take_row(r, q);
		r->w->rows++;
	}
	conversation_over(r);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* ---- asked again ---- */

static int by_customer(const void *a, const void *b)
{
	const struct learn_item *x = *(struct learn_item *const *)a,
				*y = *(struct learn_item *const *)b;
	int c = sv_cmp(x->customer, y->customer);
	return c ? c : (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static bool alike(struct learn_work *w, const struct learn_item *a, const struct learn_item *b)
{
	struct learn_lang *l = learn_lang_of(w, a->lang);
	struct kb_mark x[KB_MARKS], y[KB_MARKS];
	if (!l || !sv_eq(a->lang, b->lang))
		return false;
	size_t n = kb_sense_marks(l->sense, a->text, x), m = kb_sense_marks(l->sense, b->text, y);
	return kb_marks_cos(x, n, y, m) >= REPEAT_LIKE;
}

static void repeats(struct learn_work *w)
{
	if (!w->all.n)
		return;
	qsort(w->all.v, w->all.n, sizeof(*w->all.v), by_customer);
	for (size_t i = 0; i + 1 < w->all.n; i++) {
		struct learn_item *x = w->all.v[i];
		for (size_t k = i + 1; k < w->all.n && k < i + 20; k++) {
			const struct learn_item *y = w->all.v[k];
			if (!x->customer.n || !sv_eq(x->customer, y->customer) ||
			    y->at_ms - x->at_ms > REPEAT_MS)
				break;
			if (sv_eq(x->conversation, y->conversation) || !alike(w, x, y))
				continue;
			x->signals |= LEARN_REPEAT;
			x->resolved = false;
		}
	}
}

static int by_time(const void *a, const void *b)
{
	const struct learn_item *x = *(struct learn_item *const *)a,
				*y = *(struct learn_item *const *)b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	int c = sv_cmp(x->conversation, y->conversation);
	return c ? c : (x->seq > y->seq) - (x->seq < y->seq);
}

int learn_mine(struct learn_work *w, int64_t since_ms)
{
	struct reader r = { .w = w };
	arena_init(&r.tmp, LIM_ARENA_TURN);
	int rc = read_rows(&r, since_ms);
	arena_done(&r.tmp);
	if (rc)
		return rc;
	repeats(w);
	if (w->all.n)
		qsort(w->all.v, w->all.n, sizeof(*w->all.v), by_time);
	for (size_t i = w->all.n; i-- > 0;) {
		struct learn_item *x = w->all.v[i];
		/* asked back, and the customer took one of the titles: an answer like any other */
		x->content &= !(x->signals & ~(x->picked ? (unsigned)LEARN_LOW : 0u));
		for (int s = 0; s < LEARN_SIGNALS; s++)
			x->cost += x->signals >> s & 1 ? signal_cost[s] : 0;
		if (!x->signals || !learn_lang_of(w, x->lang))
			continue;
		struct learn_item **slot = VEC_PUSH(&w->item, LEARN_ITEMS_MAX);
		if (!slot)
			break;
		*slot = x;
	}
	if (w->item.n)
		qsort(w->item.v, w->item.n, sizeof(*w->item.v), by_time);
	return 0;
}
