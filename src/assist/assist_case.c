/* assist_case.c: a conversation as its rows tell it: who said what, what flows learned, what was
 * tried and done, how the customer's mood went, who served.
 *
 * Rows come one by one, live or from the river. A customer's turn is a wish when a flow begins with
 * it, or when its intent is clear and it is no answer to a flow's question; so it is judged by the
 * row that follows. Strings live in the case's arena; once that is full, or there are too many
 * rows, the rest is not read and the summary says so. One thread at a time. */
#include "assist_int.h"

#define WISH_SURE 0.5

sv assist_keep(struct assist_case *c, sv s)
{
	sv out = s.n ? arena_sv(&c->a, s) : SV("");
	c->truncated |= !out.p;
	return out.p ? out : SV("");
}

struct assist_case *assist_case_new(void)
{
	struct assist_case *c = xalloc(sizeof(*c));
	arena_init(&c->a, ASSIST_ARENA);
	return c;
}

void assist_case_free(struct assist_case *c)
{
	if (!c)
		return;
	VEC_FREE(&c->said);
	VEC_FREE(&c->tick);
	VEC_FREE(&c->slot);
	VEC_FREE(&c->call);
	VEC_FREE(&c->wish);
	VEC_FREE(&c->mood);
	VEC_FREE(&c->facts);
	arena_done(&c->a);
	xfree(c);
}

bool assist_zh(const struct assist_case *c)
{
	return c->zh > c->en;
}

const char *assist_case_lang(const struct assist_case *c)
{
	return assist_zh(c) ? "zh" : "en";
}

const struct assist_slot *assist_slot_of(const struct assist_case *c, sv name)
{
	for (size_t i = c->slot.n; i-- > 0;)
		if (sv_eq(c->slot.v[i].name, name))
			return &c->slot.v[i];
	return NULL;
}

int64_t assist_case_seq(const struct assist_case *c)
{
	return c->seq;
}

/* ---- turns ---- */

static struct assist_said *add_said(struct assist_case *c, enum assist_who who, const jv *row,
				    const jv *body)
{
	struct assist_said *x = VEC_PUSH(&c->said, ASSIST_ROWS);
	if (!x) {
		c->truncated = true;
		return NULL;
	}
	*x = (struct assist_said){ .who = who,
				   .turn = (int)jv_get_int(row, "turn", 0),
				   .seq = c->seq,
				   .ts_ms = c->last_ms,
				   .text = assist_keep(c, jv_get_str(body, "text")),
				   .lang = assist_keep(c, jv_get_str(body, "language")),
				   .intent = assist_keep(c, jv_get_str(body, "intent")),
				   .action = assist_keep(c, jv_get_str(body, "action")),
				   .by = assist_keep(c, jv_get_str(body, "by")),
				   .intent_p = jv_get_num(body, "intent_p", 0) };
	return x;
}

static void add_wish(struct assist_case *c, size_t i, sv flow)
{
	const struct assist_said *x = &c->said.v[i];
	for (size_t k = 0; k < c->wish.n; k++) {
		struct assist_wish *w = &c->wish.v[k];
		bool same = flow.n && w->flow.n ? sv_eq(w->flow, flow) :
						  sv_eq(w->intent, x->intent) && !flow.n;
		if (same)
			return;
	}
	struct assist_wish *w = VEC_PUSH(&c->wish, ASSIST_WISHES);
	c->truncated |= !w;
	if (w)
		*w = (struct assist_wish){ flow, x->intent, x->text, x->turn, i };
}

/* The turn that waits was no answer to a flow's question. */
static void judge_wish(struct assist_case *c)
{
	size_t i = c->wish_from - 1;
	bool waits = c->wish_from > 0;
	c->wish_from = 0;
	if (!waits || c->flow.n || c->said.v[i].small || c->said.v[i].wants_human)
		return;
	if (c->said.v[i].intent.n && c->said.v[i].intent_p >= WISH_SURE)
		add_wish(c, i, SV(""));
}

static void take_mood(struct assist_case *c, const jv *body)
{
	const jv *m = jv_get(body, "mood");
	sv now = jv_get_str(m, "class");
	int mood = feel_mood_of(now.n ? now : jv_get_str(body, "emotion"));
	if (mood < 0)
		return;
	struct feel_track *t = &c->track;
	sv name = sv_of(feel_mood_name(mood));
	c->first_mood = c->first_mood.n ? c->first_mood : name;
	c->last_mood = name;
	t->p[t->mood] = 0;
	t->mood = mood;
	t->p[mood] = mood != FEEL_NEUTRAL;
	t->valence = jv_get_num(m, "valence", feel_mood_valence(mood));
	t->arousal = jv_get_num(m, "arousal", feel_mood_arousal(mood));
	t->trend = jv_get_num(m, "trend", 0);
	t->turns++;
	t->angry = mood == FEEL_ANGRY ? t->angry + 1 : 0;
	t->upset += mood == FEEL_ANGRY || mood == FEEL_FRUSTRATED;
	t->lowest = t->valence < t->lowest ? t->valence : t->lowest;
}

static void on_customer(struct assist_case *c, const jv *row, const jv *body)
{
	struct feel_state f = { 0 };
	struct assist_said *x = add_said(c, ASSIST_CUSTOMER, row, body);
	if (!x)
		return;
	judge_wish(c);
	sv words = x->text;
	feel_turn(&f, words, x->lang);
	if (!sv_starts(words, SV("[digits]"))) {
		c->zh += sv_eq(x->lang, SV("zh"));
		c->en += !sv_eq(x->lang, SV("zh"));
	}
	x->small = f.small_talk || sv_starts(words, SV("[digits]")) || sv_runes(words) < 2;
	x->wants_human = f.wants_human || sv_eq(x->intent, SV("talk_to_human"));
	c->turn = x->turn;
	c->wish_from = c->said.n;
	take_mood(c, body);
}

static void on_bot(struct assist_case *c, const jv *row, const jv *body)
{
	struct assist_said *x = add_said(c, ASSIST_BOT, row, body);
	const jv *cites = jv_get(body, "citations");
	judge_wish(c);
	size_t n = jv_len(cites) < 8 ? jv_len(cites) : 8;
	if (!x || !n)
		return;
	x->cite = arena_new(&c->a, struct assist_cite, n);
	for (size_t i = 0; x->cite && i < n; i++) {
		const jv *k = jv_at(cites, i);
		x->cite[x->n_cite++] = (struct assist_cite){
			assist_keep(c, jv_get_str(k, "article_id")),
			assist_keep(c, jv_get_str(k, "title")),
			assist_keep(c, jv_get_str(k, "quote")) };
	}
}

static void on_agent(struct assist_case *c, const jv *row, const jv *body)
{
	(void)add_said(c, ASSIST_AGENT, row, body);
	judge_wish(c);
	c->was_person = true;
}

/* ---- flows ---- */

static sv label_in(const jv *v, sv value, int depth);

/* The name of what has this value among its members. */
static sv label_of_obj(const jv *v, sv value, int depth)
{
	static const char *const names[] = { "name", "label", "text", "title" };
	void *it = NULL;
	sv key, found = SV("");
	jv *x;
	bool has = false;
	while (!found.n && jv_next(v, &it, &key, &x)) {
		has |= assist_one_of(SV("sku|id|value|code|key|from|slot"), key) &&
		       sv_eq(jv_as_str(x), value);
		if (jv_is_obj(x) || jv_is_arr(x))
			found = label_in(x, value, depth + 1);
	}
	for (size_t i = 0; has && !found.n && i < 4; i++)
		found = jv_get_str(v, names[i]);
	return found.p && !sv_eq(found, value) ? found : SV("");
}

static sv label_in(const jv *v, sv value, int depth)
{
	sv found = SV("");
	if (depth > 6)
		return found;
	if (jv_is_obj(v))
		return label_of_obj(v, value, depth);
	for (size_t i = 0; !found.n && i < jv_len(v); i++)
		found = label_in(jv_at(v, i), value, depth);
	return found;
}

/* What results in a flow's state say of a chosen value. */
static sv label_of(const jv *vars, sv value)
{
	void *it = NULL;
	sv key, found = SV("");
	jv *x;
	while (!found.n && jv_next(vars, &it, &key, &x))
		if (jv_is_obj(x) || jv_is_arr(x))
			found = label_in(x, value, 0);
	return found;
}

static void put_slot(struct assist_case *c, sv flow, sv name, sv value, sv label)
{
	struct assist_slot *x = NULL;
	for (size_t i = 0; i < c->slot.n && !x; i++)
		if (sv_eq(c->slot.v[i].flow, flow) && sv_eq(c->slot.v[i].name, name))
			x = &c->slot.v[i];
	bool fresh = !x;
	x = x ? x : VEC_PUSH(&c->slot, ASSIST_SLOTS);
	c->truncated |= !x;
	if (!x || (!fresh && sv_eq(x->value, value) && (x->label.n || !label.n)))
		return;
	if (fresh || !sv_eq(x->value, value))
		x->turn = c->turn;
	x->flow = flow;
	x->name = fresh ? assist_keep(c, name) : x->name;
	x->value = assist_keep(c, value);
	x->label = assist_keep(c, label);
}

static void take_slots(struct assist_case *c, sv flow, const jv *vars)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(vars, &it, &key, &v)) {
		struct sb b;
		if (sv_eq(key, SV("outcome")) || sv_eq(key, SV("known")) || jv_is_obj(v) ||
		    jv_is_arr(v) || jv_is_null(v))
			continue;
		sb_init(&b, 4096);
		if (jv_is_str(v))
			sb_put(&b, jv_as_str(v));
		else
			jv_dump(v, &b);
		sv value = sb_sv(&b);
		if (value.n && !sb_err(&b) && value.n < 1000)
			put_slot(c, flow, key, value, label_of(vars, value));
		sb_done(&b);
	}
}

static void keep_fact(struct assist_case *c, sv text)
{
	sv *kept = VEC_PUSH(&c->facts, ASSIST_ROWS);
	c->truncated |= !kept;
	if (kept)
		*kept = assist_keep(c, text);
}

static void on_flow(struct assist_case *c, const jv *body)
{
	sv flow = assist_keep(c, jv_get_str(body, "flow"));
	jv *state = jv_parse(jv_get_str(body, "state"), NULL);
	bool begins = !sv_eq(flow, c->flow);
	if (begins && c->wish_from)
		add_wish(c, c->wish_from - 1, flow);
	c->wish_from = 0;
	c->withdrawn = false;
	c->flow = flow;
	take_slots(c, flow, jv_get(state, "vars"));
	keep_fact(c, jv_get_str(body, "state"));
	jv_free(state);
}

/* A flow that needed one turn only was never saved: it is told by its end. */
static void on_flow_end(struct assist_case *c, const jv *body)
{
	sv flow = assist_keep(c, jv_get_str(body, "flow"));
	if (c->wish_from && !sv_eq(flow, c->flow))
		add_wish(c, c->wish_from - 1, flow);
	c->wish_from = 0;
	c->flow = SV("");
	c->withdrawn = assist_one_of(SV("declined|cancelled"), jv_get_str(body, "how"));
}

/* ---- actions ---- */

static void on_call(struct assist_case *c, const jv *row, const jv *body)
{
	struct assist_call *x = VEC_PUSH(&c->call, ASSIST_ROWS);
	c->truncated |= !x;
	if (x)
		*x = (struct assist_call){ .tool = assist_keep(c, jv_get_str(body, "tool")),
					   .key = assist_keep(c, jv_get_str(body, "key")),
					   .whose = assist_keep(c, jv_get_str(body, "for")),
					   .turn = (int)jv_get_int(row, "turn", 0),
					   .seq = c->seq };
}

static void on_result(struct assist_case *c, const jv *row, const jv *body)
{
	sv tool = jv_get_str(body, "tool");
	struct assist_call *x = NULL;
	for (size_t i = c->call.n; i-- > 0 && !x;)
		if (!c->call.v[i].over && sv_eq(c->call.v[i].tool, tool))
			x = &c->call.v[i];
	if (!x)
		return;
	x->outcome = assist_keep(c, jv_get_str(body, "outcome"));
	x->why = assist_keep(c, jv_get_str(body, "why"));
	x->effect = jv_get_bool(body, "effect", false);
	x->turn = (int)jv_get_int(row, "turn", x->turn);
	x->seq = c->seq;
	x->over = true;
}

/* ---- people, moods, the end ---- */

static void on_tick(struct assist_case *c, const jv *body)
{
	sv item = jv_get_str(body, "item");
	struct assist_tick *x = NULL;
	for (size_t i = 0; i < c->tick.n && !x; i++)
		if (sv_eq(c->tick.v[i].item, item))
			x = &c->tick.v[i];
	if (!x && (x = VEC_PUSH(&c->tick, ASSIST_SLOTS)))
		x->item = assist_keep(c, item);
	if (x)
		x->done = jv_get_bool(body, "done", true);
}

static void on_mood(struct assist_case *c, const jv *body)
{
	struct assist_mood *x = VEC_PUSH(&c->mood, ASSIST_SLOTS);
	c->truncated |= !x;
	if (x)
		*x = (struct assist_mood){ assist_keep(c, jv_get_str(body, "from")),
					   assist_keep(c, jv_get_str(body, "to")),
					   assist_keep(c, jv_get_str(body, "why")),
					   (int)jv_get_int(body, "turn", 0) };
}

static void on_handover(struct assist_case *c, const jv *body)
{
	const jv *said = jv_path(body, "case.said");
	c->handovers++;
	c->attempts = (int)jv_get_int(body, "attempts", c->attempts);
	for (size_t i = 0; i < jv_len(said); i++)
		keep_fact(c, jv_as_str(jv_at(said, i)));
}

static void on_other(struct assist_case *c, sv kind, const jv *body)
{
	if (sv_eq(kind, SV("conversation.opened"))) {
		c->channel = assist_keep(c, jv_get_str(body, "channel"));
	} else if (sv_eq(kind, SV("conversation.closed"))) {
		judge_wish(c);
		c->closed = true;
	} else if (sv_eq(kind, SV("tool.dropped"))) {
		c->withdrawn = true;
	} else if (sv_eq(kind, SV("customer.known"))) {
		c->level = (int)jv_get_int(body, "level", c->level);
	} else if (sv_eq(kind, SV("handover.accepted"))) {
		c->was_person = true;
	} else if (sv_eq(kind, SV("handover.failed"))) {
		c->callback |= sv_eq(jv_get_str(body, "why"), SV("callback"));
	}
}

static void take(struct assist_case *c, sv kind, const jv *row, const jv *body)
{
	static const struct {
		const char *kind;
		void (*fn)(struct assist_case *c, const jv *row, const jv *body);
	} with_row[] = { { "turn.customer", on_customer }, { "turn.bot", on_bot },
			 { "turn.agent", on_agent },	   { "tool.call", on_call },
			 { "tool.result", on_result } };
	static const struct {
		const char *kind;
		void (*fn)(struct assist_case *c, const jv *body);
	} plain[] = { { "flow.saved", on_flow },	{ "flow.ended", on_flow_end },
		      { "mood.turn", on_mood },		{ "handover", on_handover },
		      { "agent.check", on_tick } };
	for (size_t i = 0; i < sizeof(with_row) / sizeof(*with_row); i++)
		if (sv_eq(kind, sv_of(with_row[i].kind))) {
			with_row[i].fn(c, row, body);
			return;
		}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (sv_eq(kind, sv_of(plain[i].kind))) {
			plain[i].fn(c, body);
			return;
		}
	on_other(c, kind, body);
}

void assist_case_row(struct assist_case *c, const jv *row)
{
	int64_t seq = jv_get_int(row, "seq", 0), ts = 0;
	const jv *body = jv_get(row, "body");
	if (seq <= c->seq || !jv_is_obj(body))
		return;
	c->seq = seq;
	if (jv_is_num(jv_get(row, "ts_ms")))
		c->last_ms = jv_get_int(row, "ts_ms", c->last_ms);
	else if (clk_parse_rfc3339(jv_get_str(row, "ts"), &ts) == 0)
		c->last_ms = ts;
	take(c, jv_get_str(row, "kind"), row, body);
}

int assist_case_load(struct assist_case *c, struct store_db *db, sv conversation)
{
	struct store_stmt *q;
	size_t n = 0;
	int rc = store_prep(db, &q,
			    "SELECT seq, ts_ms, turn, kind, body FROM event WHERE "
			    "conversation=?1 AND seq>?2 ORDER BY seq LIMIT ?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	store_bind_int(q, 2, c->seq);
	store_bind_int(q, 3, ASSIST_ROWS + 1);
	while ((rc = store_step(q)) == 1 && n++ < ASSIST_ROWS) {
		jv *row = jv_obj(), *body = jv_parse(store_col_sv(q, 4), NULL);
		jv_set_int(row, "seq", store_col_int(q, 0));
		jv_set_int(row, "ts_ms", store_col_int(q, 1));
		jv_set_int(row, "turn", store_col_int(q, 2));
		jv_set_str(row, "kind", store_col_sv(q, 3));
		jv_set(row, "body", body ? body : jv_obj());
		assist_case_row(c, row);
		jv_free(row);
	}
	store_reset(q);
	c->truncated |= n > ASSIST_ROWS;
	return rc < 0 ? rc : n ? 0 : ERR_NOTFOUND;
}
