/* talk_guess.c: an answer prepared while the customer pauses, before the words are certain.
 *
 * On TEV_LIKELY the search and the language model are asked as if the words were final, on a
 * copy of the conversation that is thrown away: nothing is said, recorded or done, what comes
 * back is kept. When the words become final and are the same, the turn runs as it always does;
 * where it would search it takes what was found, and where it would ask the model it takes the
 * text already written - if the prompt is the same to the byte, else it asks anew. Sentences
 * then pass the usual checks, an action is done only now. Other words, a key, more speech: the
 * guess is dropped, at most TALK_GUESSES are made for a turn. A base model and a busy one are
 * not asked for what may be for nothing; a conversation over its budget is not either. Pure. */
#include "talk_core.h"

/* ---- the same words ---- */

/* ASCII marks and spaces; General Punctuation; CJK, fullwidth and other forms of them. */
static bool silent_rune(uint32_t r)
{
	bool letter = (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z');
	return (r < 0x80 && !letter) || r == 0xA0 || (r >= 0x2000 && r <= 0x206F) ||
	       (r >= 0x3000 && r <= 0x303F) || (r >= 0xFF01 && r <= 0xFF0F) ||
	       (r >= 0xFF1A && r <= 0xFF20) || (r >= 0xFF3B && r <= 0xFF40) ||
	       (r >= 0xFF5B && r <= 0xFF65);
}

/* The next rune that sounds, in lower case; 0 at the end. */
static uint32_t next_sound(sv *s)
{
	while (s->n) {
		uint32_t r = sv_rune(s);
		if (!silent_rune(r))
			return r >= 'A' && r <= 'Z' ? r + 32 : r;
	}
	return 0;
}

bool talk_words_begin(sv whole, sv head)
{
	for (;;) {
		uint32_t want = next_sound(&head);
		if (!want)
			return true;
		if (next_sound(&whole) != want)
			return false;
	}
}

bool talk_same_words(sv a, sv b)
{
	return talk_words_begin(a, b) && talk_words_begin(b, a);
}

bool talk_guess_same(const struct talk_core *c, sv words)
{
	return talk_same_words(words, c->guess.text);
}

/* ---- as if the words were final ---- */

/* A copy of c in the turn that c may have; its strings are c's or lie in the arena. Never
 * talk_core_done. */
static struct talk_core as_if(const struct talk_core *c, struct arena *a)
{
	struct talk_core as = *c;
	const struct talk_guess *g = &c->guess;
	sv line = sv_slice(g->model_text, 0, sv_rune_offset(g->model_text, TALK_LINE_RUNES));
	if (as.n_past == TALK_HISTORY)
		memmove(&as.past[0], &as.past[1], sizeof(as.past[0]) * (size_t)--as.n_past);
	as.past[as.n_past++] = (struct talk_said){ false, arena_cstr(a, line) };
	as.in_turn = true;
	as.t = (struct talk_turn){ .number = c->turn + 1, .text = g->text,
				   .model_text = g->model_text, .found = g->found,
				   .date = g->date, .base = g->base };
	as.models = g->models;
	return as;
}

static uint64_t print_of(const struct talk_act *x)
{
	uint64_t h = sv_hash(x->grammar) + x->n_tools;
	for (size_t i = 0; i < x->n_msgs; i++)
		h = (h ^ sv_hash(x->msgs[i].text) ^ (uint64_t)x->msgs[i].role) *
		    0x9E3779B97F4A7C15u;
	return h;
}

static bool may_guess(const struct talk_core *c)
{
	int64_t most = c->cfg->limits.model_cost;
	return c->voice && !c->cfg->no_speculation && !c->in_turn && !c->speaking &&
	       c->sm.now == TS_LISTENING && c->move == MOVE_NONE && c->n_digits == 0 &&
	       c->turn < c->cfg->limits.max_turns && (!most || c->cost < most);
}

void talk_on_likely(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	if (!may_guess(c))
		return;
	bool head = c->n_queue > 0;
	sv text = talk_joined(a, head ? c->queue[0].text : NULL, ev->text);
	if (c->guess.on && talk_guess_same(c, text))
		return;
	talk_guess_drop(c, acts);
	struct talk_core as = *c;
	feel_turn(&as.feel, ev->text, sv_of(c->lang));
	talk_follow(&as, ev->text);
	talk_feel_joined(c, text, &as.feel);
	if (c->tries >= TALK_GUESSES || !sv_trim(text).n || !talk_needs_search(&as, text))
		return;
	c->tries++;
	c->tally.tries++;
	c->guess = (struct talk_guess){
		.on = true,
		.gen = ++c->gen,
		.text = text,
		.own = arena_sv(a, ev->text),
		.model_text = talk_joined(a, head ? c->queue[0].model_text : NULL, ev->model_text),
		.at_us = ev->now_us,
	};
	sb_init(&c->guess.draft, LIM_SB);
	struct talk_act *x = talk_act_add(acts, TACT_SEARCH);
	x->text = text;
	x->safe = c->guess.model_text;
	x->lang = sv_of(c->lang);
	x->gen = c->gen;
	x->context = sv_of(c->topic);
	x->topic = sv_of(c->topic_article);
}

/* Recognition goes on and hears something else. */
void talk_on_partial(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts)
{
	(void)a;
	const char *head = c->n_queue ? c->queue[0].text : NULL;
	sv all = c->guess.on ? c->guess.text : SV_NULL;
	if (head && talk_words_begin(all, sv_of(head)))
		return;              /* the part before is in it: left to the next pause */
	if (c->guess.on && !talk_words_begin(all, ev->text))
		talk_guess_drop(c, acts);
}

void talk_guess_drop(struct talk_core *c, struct talk_acts *acts)
{
	struct talk_guess *g = &c->guess;
	if (!g->on)
		return;
	bool used = g->sure && g->found_there && !g->asks;
	c->tally.discards += !used;
	if (g->asks && !g->ended) {
		talk_act_timer(acts, TT_MODEL, 0);
		talk_act_add(acts, TACT_MODEL_CANCEL);
	}
	c->cost += g->used.cost;
	sb_done(&g->draft);
	*g = (struct talk_guess){ 0 };
}

/* ---- what comes back ---- */

static void on_found(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts)
{
	struct talk_guess *g = &c->guess;
	struct talk_act want = { .kind = TACT_MODEL };
	g->found_there = true;
	g->found = *ev->found;
	g->models = ev->models;
	g->base = ev->base;
	g->down = ev->down;
	g->date = ev->date;
	if (!ev->models || ev->base || !ev->spare || (g->found.n == 0 && !talk_has_tools(c)))
		return;
	struct talk_core as = as_if(c, a);
	feel_turn(&as.feel, g->own, sv_of(c->lang));
	talk_follow(&as, g->own);
	as.turn++;
	talk_feel_joined(c, g->text, &as.feel);
	talk_decide(&as, false, &as.t.act);
	if (!talk_model_may(&as) || !talk_asks_model(&as, ev) ||
	    !talk_prompt(&as, a, &want))
		return;
	g->print = print_of(&want);
	g->asks = true;
	g->gen = want.gen = ++c->gen;
	talk_act_timer(acts, TT_MODEL, c->cfg->limits.model_total_ms);
	*talk_act_add(acts, TACT_MODEL) = want;
}

static void on_end(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	struct talk_guess *g = &c->guess;
	talk_act_timer(acts, TT_MODEL, 0);
	g->ended = true;
	g->used = ev->usage;
	g->used.model = NULL;
	g->model = arena_cstr(a, sv_of(ev->model));
	if (ev->err || sb_err(&g->draft))
		talk_guess_drop(c, acts); /* asked again when the words are certain */
}

bool talk_guess_event(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		      struct talk_acts *acts)
{
	struct talk_guess *g = &c->guess;
	bool answers = ev->kind == TEV_FOUND || ev->kind == TEV_DELTA || ev->kind == TEV_CALL ||
		       ev->kind == TEV_MODEL_END;
	if (!g->on || !answers || ev->gen != g->gen)
		return false;
	if (ev->kind == TEV_FOUND) {
		on_found(c, ev, a, acts);
	} else if (ev->kind == TEV_MODEL_END) {
		on_end(c, ev, a, acts);
	} else if (ev->kind == TEV_DELTA) {
		g->model = arena_cstr(a, sv_of(ev->model));
		sb_put(&g->draft, ev->text);
	} else if (g->n_calls < TALK_CALLS) {
		g->model = arena_cstr(a, sv_of(ev->model));
		g->call[g->n_calls] = arena_sv(a, ev->text);
		g->args[g->n_calls++] = arena_sv(a, ev->args);
	}
	return true;
}

/* ---- the words are final ---- */

bool talk_guess_found(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_guess *g = &c->guess;
	if (!g->on || !g->sure)
		return false;
	c->tally.hits++;
	if (!g->found_there) {       /* the search is under way: it is this turn's now */
		sb_done(&g->draft);
		*g = (struct talk_guess){ 0 };
		return true;
	}
	struct kb_result found = g->found;
	struct talk_ev ev = { .kind = TEV_FOUND, .found = &found, .gen = c->gen,
			      .models = g->models, .base = g->base, .down = g->down,
			      .date = g->date, .now_us = c->now_us };
	talk_on_found(c, &ev, a, acts);
	return true;
}

/* What the model did while the words were not final happens now. */
static void replay(struct talk_core *c, const struct talk_guess *g, struct arena *a,
		   struct talk_acts *acts)
{
	struct talk_ev ev = { .gen = g->gen, .model = g->model, .now_us = c->now_us };
	if (g->draft.n) {
		ev.kind = TEV_DELTA;
		ev.text = sb_sv(&g->draft);
		talk_on_delta(c, &ev, a, acts);
	}
	for (int i = 0; c->in_turn && c->t.asks && i < g->n_calls; i++) {
		ev.kind = TEV_CALL;
		ev.text = g->call[i];
		ev.args = g->args[i];
		talk_on_call(c, &ev, a, acts);
	}
	if (c->in_turn && c->t.asks && g->ended) {
		ev.kind = TEV_MODEL_END;
		ev.usage = g->used;
		talk_on_model_end(c, &ev, a, acts);
	}
}

bool talk_guess_adopt(struct talk_core *c, const struct talk_act *want, struct arena *a,
		      struct talk_acts *acts)
{
	struct talk_guess g = c->guess;
	if (!g.on || !g.sure || !g.asks || g.gen != c->gen || g.print != print_of(want)) {
		talk_guess_drop(c, acts);
		return false;
	}
	c->guess = (struct talk_guess){ 0 };
	c->t.asks = true;
	c->t.asked = TALK_ASKED_NOTHING;
	c->t.model = NULL;
	if (!g.ended)
		talk_act_timer(acts, TT_MODEL, c->cfg->limits.model_first_voice_ms);
	replay(c, &g, a, acts);
	sb_done(&g.draft);
	return true;
}
