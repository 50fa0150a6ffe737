/* talk_model.c: the language model's part of a turn: sentence by sentence release, the check of
 * each sentence against its sources, and the way back to the built-in engine. The prompt is
 * talk_prompt.c's, actions are talk_call.c's.
 *
 * Text from a model reaches the customer one sentence at a time, and only if guard_outbound
 * finds every statement of fact in a source. The first bad sentence ends the model's turn:
 * before anything was said the built-in engine answers instead, afterwards the rest is dropped.
 * Pure like the rest of the core. */
#include "talk_core.h"
#include "guard.h"

/* Between two pieces of a first sentence, when a caller listens. */
#define VOICE_GAP_MS 1500

/* What a model that only chooses may take: the quote is said already. */
#define MORE_MS 2500

/* A base model's answer begins with the quote that the search found, at once; it only chooses what
 * follows. */
void talk_model_begin(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const struct talk_limits *l = &c->cfg->limits;
	struct talk_act want = { .kind = TACT_MODEL };
	int ms = c->voice ? l->model_first_voice_ms : l->model_first_ms;
	if (!talk_prompt(c, a, &want)) {
		talk_without_model(c, false, a, acts);
		return;
	}
	if (c->t.base) {
		c->t.first_us = c->now_us;
		sv quote = talk_with_empathy(
			c, talk_unmarked(a, c->t.found.hits[0].quote), a);
		talk_release_sentence(c, quote, 1, a, acts);
		ms = MORE_MS;
	}
	if (talk_guess_adopt(c, &want, a, acts))
		return;
	talk_act_timer(acts, TT_MODEL, ms);
	want.gen = ++c->gen;
	c->t.asks = true;
	c->t.asked = TALK_ASKED_NOTHING;
	c->t.model = NULL; /* named by its first word or its end */
	*talk_act_add(acts, TACT_MODEL) = want;
}

/* With what its calls brought. */
void talk_model_again(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const struct talk_limits *l = &c->cfg->limits;
	struct talk_act want = { .kind = TACT_MODEL };
	if (!talk_prompt(c, a, &want)) {
		talk_model_failed(c, "no prompt", a, acts);
		return;
	}
	talk_act_timer(acts, TT_MODEL, c->voice ? l->model_first_voice_ms : l->model_first_ms);
	if (!c->filling && !c->t.sentences)
		talk_filler_arm(c, acts);
	want.gen = ++c->gen;
	c->t.asks = true;
	c->t.before = c->t.sentences;
	sb_reset(&c->t.draft);
	*talk_act_add(acts, TACT_MODEL) = want;
}

void talk_model_stop(struct talk_core *c, struct talk_acts *acts)
{
	if (!c->in_turn || !c->t.asks)
		return;
	talk_act_timer(acts, TT_MODEL, 0);
	talk_act_add(acts, TACT_MODEL_CANCEL);
	c->t.asks = false;
	c->gen++;
}

static void record_fallback(struct talk_core *c, const char *to, const char *why, struct arena *a,
			    struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"from\":");
	sb_json(&b, c->t.model ? sv_of(c->t.model) : SV("model"));
	sb_fmt(&b, ",\"to\":\"%s\",\"reason\":", to);
	sb_json(&b, sv_of(why));
	sb_ch(&b, '}');
	talk_act_record(c, acts, "model.fallback", "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

void talk_model_finish(struct talk_core *c, enum policy_action action, struct arena *a,
		       struct talk_acts *acts)
{
	const char *expect = NULL;
	sv end = talk_ending(c, action, a, acts), back = talk_lead_back(c, a, &expect);
	if (end.n)
		talk_release_sentence(c, sv_of(arena_fmt(a, "%s" SV_FMT, talk_gap(c), SV_ARG(end))),
				      0, a, acts);
	if (back.n)
		talk_release_sentence(c,
				      sv_of(arena_fmt(a, "%s" SV_FMT, talk_gap(c), SV_ARG(back))),
				      0, a, acts);
	bool asks = back.n && c->svc.waits == WAITS_YES;
	struct talk_reply r = { .asks = asks, .expect = expect,
				.text = arena_sv(a, sb_sv(&c->t.reply)),
				.action = action,
				.grounded = c->t.cited != 0 || c->t.rounds > 0,
				.cited = c->t.cited,
				.streamed = true };
	talk_reply(c, &r, a, acts);
}

/* The built-in engine answers; what was already said stands. */
void talk_model_failed(struct talk_core *c, const char *why, struct arena *a,
		       struct talk_acts *acts)
{
	talk_model_stop(c, acts);
	c->failed_models++;
	if (c->t.sentences) {
		record_fallback(c, "what was said", why, a, acts);
		if (c->t.told.n && c->t.sentences == c->t.before)
			talk_release_sentence(c, sv_of(arena_fmt(a, "%s" SV_FMT, talk_gap(c),
								 SV_ARG(c->t.told))),
					      0, a, acts);
		talk_model_finish(c, POL_REPLY, a, acts);
		return;
	}
	record_fallback(c, c->t.told.n ? "the tool's words" : "builtin", why, a, acts);
	c->t.fallback = true;
	c->t.model = "builtin";
	if (c->t.told.n)
		talk_service_reply(c, c->t.told, POL_REPLY, a, acts);
	else
		talk_without_model(c, false, a, acts);
}

/* ---- sentences ---- */

/* Marks belong to the sentence before them, wherever the model puts the full stop: bytes of "
 * [1][2]" at the head of s; *open when what follows could still be one. */
static size_t marks_len(sv s, bool *open)
{
	size_t n = 0;
	for (;;) {
		size_t i = n;
		while (i < s.n && s.p[i] == ' ')
			i++;
		*open = i == s.n || (s.p[i] == '[' &&
				     (i + 1 == s.n || (i + 2 == s.n && s.p[i + 1] <= '9')));
		bool mark = i + 2 < s.n && s.p[i] == '[' && s.p[i + 1] >= '1' &&
			    s.p[i + 1] <= '9' && s.p[i + 2] == ']';
		if (!mark)
			return n;
		n = i + 3;
	}
}

/* "12." at the head of a line counts, it ends no sentence. */
static bool only_digits(sv s)
{
	s = sv_trim(s);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static bool ends_here(uint32_t r, sv before, sv rest)
{
	if (r == '\n' || r == 0x3002 || r == 0xFF01 || r == 0xFF1F || r == 0xFF1B)
		return true;
	if ((r != '.' && r != '!' && r != '?') || (r == '.' && only_digits(before)))
		return false;
	return rest.n && (*rest.p == ' ' || *rest.p == '\n' || *rest.p == '[');
}

/* Bytes of the first complete sentence of s (with its end mark and sources), 0 when none is
 * complete yet. */
size_t talk_sentence_end(sv s, bool at_end)
{
	sv rest = s;
	while (rest.n) {
		size_t from = (size_t)(rest.p - s.p);
		uint32_t r = sv_rune(&rest);
		size_t here = (size_t)(rest.p - s.p);
		bool open;
		if (!ends_here(r, sv_n(s.p, from), rest))
			continue;
		here += r == '\n' ? 0 : marks_len(rest, &open);
		if (r != '\n' && open && !at_end)
			return 0;
		return here;
	}
	return at_end ? s.n : 0;
}

/* Takes "[2]" marks off a sentence into bits; marks of sources that do not exist are dropped
 * too. */
static sv strip_marks(struct arena *a, sv s, size_t n_sources, uint64_t *cited)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < s.n; i++) {
		bool mark = s.p[i] == '[' && i + 2 < s.n && s.p[i + 2] == ']' &&
			    s.p[i + 1] >= '1' && s.p[i + 1] <= '9';
		if (!mark) {
			sb_ch(&b, s.p[i]);
			continue;
		}
		size_t k = (size_t)(s.p[i + 1] - '1');
		if (k < n_sources)
			*cited |= UINT64_C(1) << k;
		if (b.n && b.p[b.n - 1] == ' ')
			sb_truncate(&b, b.n - 1);
		i += 2;
	}
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

#define RECITED 15                   /* bytes of the prompt that are no chance */

/* The prompt's own words, a piece between its names and full stops. */
static bool recites(const struct talk_core *c, sv sentence)
{
	static const char *const langs[] = { "en", "zh" };
	for (int l = 0; l < 2; l++) {
		sv all = talk_text(c->cfg->texts, sv_of(langs[l]), "prompt_answer", 0);
		size_t from = 0;
		for (size_t i = 0; i <= all.n; i++) {
			bool stop = sv_starts(sv_slice(all, i, all.n), SV("。"));
			if (i < all.n && !stop && !strchr("{}.;\n", all.p[i]))
				continue;
			sv piece = sv_trim(sv_slice(all, from, i));
			if (piece.n >= RECITED && sv_find(sentence, piece) >= 0)
				return true;
			from = i + (stop ? 3 : 1);
		}
	}
	return false;
}

bool talk_grounded(struct talk_core *c, sv sentence, struct arena *a, const char **ret_why)
{
	struct guard_source src[TALK_SOURCES + 2 * TALK_FACTS + 1];
	size_t n = 0;
	sv own = talk_profile_facts(c, a);
	bool said = false, done = c->t.acted;
	for (; n < c->t.found.n && n < TALK_SOURCES; n++)
		src[n] = (struct guard_source){ c->t.found.hits[n].article_id,
						c->t.found.hits[n].body_md };
	for (int i = 0; i < c->svc.n_fact; i++) {
		const struct talk_fact *f = &c->svc.fact[i];
		src[n++] = (struct guard_source){ sv_of(f->name), sv_of(f->say) };
		src[n++] = (struct guard_source){ sv_of(f->name), sv_of(f->body) };
		done |= f->effect;
	}
	if (own.n)
		src[n++] = (struct guard_source){ SV("profile"), own };
	for (size_t i = 0; i < n && !said; i++)
		said = sv_find(src[i].text, sv_trim(sentence)) >= 0;
	if (c->box && !done && !said && talk_claims_effect(sentence)) {
		*ret_why = "claims what was not done";
		return false;
	}
	if (recites(c, sentence)) {
		*ret_why = "leaks instructions";
		return false;
	}
	struct guard_verdict v = { .ok = true };
	guard_outbound(sentence, src, n, c->t.model_text, &v);
	*ret_why = v.why;
	return v.ok;
}

/* What was said may end without a mark, as the line of a list does. */
static const char *full_stop(const struct talk_core *c)
{
	static const char *const marks[] = { ".", "!", "?", ":", ";", "。", "！", "？", "：", "；",
					     "…", "\"", "”", ")", "）", "」" };
	sv said = sv_trim(sb_sv(&c->t.reply));
	bool ended = !said.n;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks) && !ended; i++)
		ended = sv_ends(said, sv_of(marks[i]));
	return ended ? "" : strcmp(c->lang, "zh") == 0 ? "。" : ".";
}

/* A sentence without a mark belongs to the source it was checked against: the best hit. */
void talk_release_sentence(struct talk_core *c, sv sentence, uint64_t cited, struct arena *a,
		    struct talk_acts *acts)
{
	talk_filler_stop(c, acts);
	if (c->t.sentences == 0) {
		c->say_id++;
		xfree(c->saying);
		c->saying = xstrdup(SV(""));
		while (sentence.n && *sentence.p == ' ')
			sentence = sv_slice(sentence, 1, sentence.n);
		sentence = talk_with_news(c, sentence, a);
	} else if (c->t.base && *sentence.p != ' ') {
		sentence = sv_of(arena_fmt(a, "%s%s" SV_FMT, full_stop(c), talk_gap(c),
					   SV_ARG(sentence)));
	}
	c->t.sentences++;
	c->t.cited |= cited || c->t.rounds ? cited : 1;
	sb_put(&c->t.reply, sentence);
	xfree(c->saying);
	c->saying = xstrdup(sb_sv(&c->t.reply));
	struct talk_act *x = talk_act_add(acts, TACT_SAY);
	x->text = arena_sv(a, sentence);
	x->lang = sv_of(c->lang);
	bool order;
	x->say_id = c->say_id;
	x->expect = talk_expect(sentence, &order);
	x->delta = true;
	x->rate = talk_pace(c);
	if (c->voice)
		c->speaking = c->say_id;
}

/* False when the model's turn is over (a bad sentence, or it has no answer). */
static bool take_sentence(struct talk_core *c, sv raw, struct arena *a, struct talk_acts *acts)
{
	if (sv_find(raw, SV("NO_ANSWER")) >= 0 && c->t.sentences == 0) {
		talk_model_stop(c, acts);
		c->declined++;
		talk_canned(c, "decline", POL_DECLINE, a, acts);
		return false;
	}
	uint64_t cited = 0;
	size_t n_src = c->t.found.n < TALK_SOURCES ? c->t.found.n : TALK_SOURCES;
	sv s = strip_marks(a, raw, n_src, &cited);
	if (!sv_trim(s).n)
		return true;
	const char *why = NULL;
	if (!talk_grounded(c, s, a, &why)) {
		talk_model_failed(c, why ? why : "not grounded", a, acts);
		return false;
	}
	talk_release_sentence(c, s, cited, a, acts);
	return true;
}

/* Sentences that one event may release, so that the actions stay bounded; the rest waits in the
 * draft. */
#define SENTENCES_A_STEP 6

static bool drain_draft(struct talk_core *c, bool at_end, struct arena *a, struct talk_acts *acts)
{
	for (int i = 0; i < SENTENCES_A_STEP; i++) {
		sv draft = sb_sv(&c->t.draft);
		size_t n = talk_sentence_end(draft, at_end);
		if (at_end && i == SENTENCES_A_STEP - 1)
			n = draft.n;
		if (n == 0)
			return true;
		sv sentence = arena_sv(a, sv_slice(draft, 0, n));
		sv rest = arena_sv(a, sv_slice(draft, n, draft.n));
		sb_reset(&c->t.draft);
		sb_put(&c->t.draft, rest);
		if (!take_sentence(c, sentence, a, acts))
			return false;
	}
	return true;
}

/* A model that goes on and on: bytes of text without the end of a sentence, bytes said. */
#define DRAFT_MAX 8000
#define SAID_MAX 16000

/* How long the model's next words may take: what is left of its whole time, at most a gap. A caller
 * who has heard nothing yet waits no longer than for the first word. */
static int gap_ms(const struct talk_core *c)
{
	const struct talk_limits *l = &c->cfg->limits;
	int gap = c->voice && !c->t.sentences ? VOICE_GAP_MS : l->model_gap_ms;
	int64_t left = l->model_total_ms - (c->now_us - c->t.first_us) / 1000;
	return left < 1 ? 1 : left < gap ? (int)left : gap;
}

void talk_on_delta(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	if (!c->t.asks)
		return;
	if (!c->t.model || c->t.draft.n == 0)
		c->t.model = ev->model;
	if (c->t.sentences == 0 && c->t.draft.n == 0)
		c->t.first_us = ev->now_us;
	if (ev->text.n)
		talk_act_timer(acts, TT_MODEL, gap_ms(c));
	sv news = talk_halt_news(c, ev->text, a);
	sb_put(&c->t.draft, news);
	if (!drain_draft(c, false, a, acts))
		return;
	if (c->t.draft.n > DRAFT_MAX || c->t.reply.n > SAID_MAX)
		talk_model_failed(c, "too long", a, acts);
}

void talk_on_model_end(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts)
{
	if (!c->t.asks)
		return;
	c->t.model = ev->model;
	c->t.used = ev->usage;
	c->cost += ev->usage.cost;
	if (ev->err) {
		talk_model_failed(c, err_text(ev->err), a, acts);
		return;
	}
	talk_halt_end(c);
	if (!drain_draft(c, true, a, acts))
		return;
	if (talk_do_asked(c, a, acts) || talk_wishes_due(c, a, acts))
		return;
	if (c->t.sentences == 0) {
		talk_model_failed(c, "said nothing", a, acts);
		return;
	}
	c->t.asks = false;
	c->failed_models = 0;
	talk_act_timer(acts, TT_MODEL, 0);
	talk_model_finish(c, POL_REPLY, a, acts);
}
