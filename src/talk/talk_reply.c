/* talk_reply.c: what the bot says: from the customer's words to a reply with its record.
 *
 * talk_think decides whether a search is needed; talk_on_found lets the policy choose; the
 * reply is either a canned text (prompts/texts.*.yaml), the built-in engine's quotation of the
 * article, or the language model's text (talk_model.c). Every reply becomes one turn.bot row
 * and one say, in that order. */
#include "talk_core.h"
#include "talk_pick.h"

#include <stdio.h>

#define TONGUE_SURE 0.75
#define WISH_RUNES 60                /* a wish for a language is brief */
#define BYE_RUNES 6                  /* what is shorter may be a digit: 拜拜, bye */

sv talk_fill(struct arena *a, sv tmpl, const sv *pairs, size_t n_pairs)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	while (tmpl.n) {
		ptrdiff_t open = sv_find_ch(tmpl, '{');
		ptrdiff_t close =
			open < 0 ? -1 : sv_find_ch(sv_slice(tmpl, (size_t)open, tmpl.n), '}');
		if (close < 0)
			break;
		sv name = sv_slice(tmpl, (size_t)open + 1, (size_t)(open + close));
		sb_put(&b, sv_slice(tmpl, 0, (size_t)open));
		for (size_t i = 0; i + 1 < n_pairs; i += 2)
			if (sv_eq(name, pairs[i]))
				sb_put(&b, pairs[i + 1]);
		tmpl = sv_slice(tmpl, (size_t)(open + close) + 1, tmpl.n);
	}
	sb_put(&b, tmpl);
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

static void put_citation(struct sb *b, const struct kb_hit *h)
{
	sb_cstr(b, "{\"article_id\":");
	sb_json(b, h->article_id);
	sb_fmt(b, ",\"version\":%d,\"title\":", h->version);
	sb_json(b, h->title);
	sb_cstr(b, ",\"quote\":");
	sb_json(b, h->quote);
	sb_cstr(b, ",\"lang\":");
	sb_json(b, h->lang);
	sb_ch(b, '}');
}

static void put_citations(struct sb *b, const struct kb_result *found, uint64_t cited)
{
	bool first = true;
	sb_cstr(b, ",\"citations\":[");
	for (size_t i = 0; i < found->n && i < 64; i++) {
		if (!(cited >> i & 1))
			continue;
		if (!first)
			sb_ch(b, ',');
		put_citation(b, &found->hits[i]);
		first = false;
	}
	sb_ch(b, ']');
}

/* What the search found, used or not: who looks for gaps in the knowledge reads it. */
static void put_best(struct sb *b, const struct kb_result *found)
{
	sb_fmt(b, ",\"found\":{\"p\":%.3f,\"answerable\":%s,\"article_id\":", found->hits[0].p,
	       found->answerable ? "true" : "false");
	sb_json(b, found->hits[0].article_id);
	sb_ch(b, '}');
}

/* Which prompt was used and what it took; money in millionths. */
static void put_usage(struct sb *b, struct talk_core *c, const struct talk_turn *t)
{
	sb_cstr(b, ",\"prompt\":");
	sb_json(b, talk_text(c->cfg->texts, sv_of(c->lang), t->base ? "quote" : "prompt", 0));
	sb_fmt(b, ",\"usage\":{\"prompt_tokens\":%d,\"cached_tokens\":%d,\"completion_tokens\":%d,"
		  "\"first_ms\":%d,\"total_ms\":%d,\"cost_micros\":%lld}",
	       t->used.prompt_tokens, t->used.cached_tokens, t->used.completion_tokens,
	       t->used.first_ms, t->used.total_ms, (long long)t->used.cost);
}

/* The turn.bot row. Outside a turn (greeting, reminder) there is nothing to cite and no latency. */
static sv reply_body(struct talk_core *c, const struct talk_reply *r, struct arena *a)
{
	static const struct kb_result nothing;
	const struct talk_turn *t = c->in_turn ? &c->t : NULL;
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, r->as.n ? r->as : r->text);
	sb_fmt(&b, ",\"say_id\":%u,\"language\":\"%s\",\"action\":\"%s\",\"intent\":\"%s\"",
	       c->say_id, c->lang, policy_action_name(r->action), c->feel.intent);
	sb_fmt(&b, ",\"emotion\":\"%s\"", c->feel.emotion);
	put_citations(&b, t ? &t->found : &nothing, r->cited);
	sb_fmt(&b, ",\"grounded\":%s,\"model\":", r->grounded ? "true" : "false");
	sb_json(&b, sv_of(t && t->model ? t->model : "builtin"));
	if (t && t->fallback)
		sb_cstr(&b, ",\"fallback\":true");
	if (t && t->picked)
		sb_cstr(&b, ",\"picked\":true");
	if (t && t->used.completion_tokens)
		put_usage(&b, c, t);
	if (t && t->act.reason)
		sb_fmt(&b, ",\"policy\":{\"reason\":\"%s\",\"version\":%d,\"propensity\":%.3f}",
		       t->act.reason, t->act.version, t->act.propensity);
	if (t && c->plans) {
		sb_cstr(&b, ",\"strategy\":");
		talk_put_plan(c, &b);
	}
	if (t && t->found.n)
		put_best(&b, &t->found);
	if (t && t->began_us)
		sb_fmt(&b, ",\"latency_us\":%lld", (long long)(t->first_us - t->began_us));
	sb_ch(&b, '}');
	sv body = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return body;
}

static void record_reply(struct talk_core *c, const struct talk_reply *r, struct arena *a,
			 struct talk_acts *acts)
{
	sv kept = r->as.n ? r->as : r->text;
	talk_act_record(c, acts, "turn.bot", "bot", reply_body(c, r, a));
	acts->v[acts->n - 1].said = arena_sv(a, kept); /* outlives the turn */
	acts->v[acts->n - 1].did = policy_action_name(r->action);
	acts->v[acts->n - 1].reply = true;
	talk_remember(c, true, kept);
}

static void note_expect(struct talk_core *c, const struct talk_reply *r)
{
	static const struct {
		const char *name;
		enum chan_expect is;
	} told[] = { { "yes_no", CHAN_EXPECT_YESNO }, { "order_number", CHAN_EXPECT_DIGITS },
		     { "digits", CHAN_EXPECT_DIGITS }, { "phone", CHAN_EXPECT_DIGITS } };
	if (r->expect) {
		c->expect = CHAN_EXPECT_OPEN;
		c->order_asked = strcmp(r->expect, "order_number") == 0;
		for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
			if (strcmp(r->expect, told[i].name) == 0)
				c->expect = told[i].is;
		return;
	}
	c->expect = r->key ? talk_text_expect(c->cfg->texts, sv_of(c->lang), r->key, r->text,
					      &c->order_asked) :
			     talk_expect(r->text, &c->order_asked);
}

/* The customer cut in while the model's text was being said: what was released is the reply. */
void talk_record_partial(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_reply r = { .text = sb_sv(&c->t.reply), .action = POL_REPLY, .grounded = true,
				.cited = c->t.cited };
	note_expect(c, &r);          /* who keys at once what it asks for is not in the menu */
	record_reply(c, &r, a, acts);
}

/* What the next question may be short for. Small talk changes no subject; a question that found
 * nothing leaves none; a follow-up answered by the same article keeps the fuller question
 * before it. */
static void note_topic(struct talk_core *c, const struct talk_reply *r)
{
	if (!c->in_turn || !c->t.text.n || c->feel.small_talk)
		return;
	if (c->t.picked && c->topic && c->t.found.n) {       /* the question before stays */
		xfree(c->topic_article);
		c->topic_article = xstrdup(c->t.found.hits[0].article_id);
		return;
	}
	bool led = c->t.found.n && (r->cited || r->action == POL_CLARIFY);
	sv article = led ? c->t.found.hits[0].article_id : SV_NULL;
	if (led && c->topic && sv_eq(article, sv_of(c->topic_article)) &&
	    strlen(c->topic) >= c->t.text.n)
		return;
	xfree(c->topic);
	xfree(c->topic_article);
	c->topic = led ? xstrdup(c->t.text) : NULL;
	c->topic_article = led ? xstrdup(article) : NULL;
}

/* What was to be told before it, and what leads back after it. */
static struct talk_reply whole(struct talk_core *c, const struct talk_reply *r, struct arena *a)
{
	struct talk_reply out = *r;
	if (r->streamed)
		return out;
	out.text = talk_with_news(c, r->text, a);
	const char *expect = NULL;
	sv back = talk_lead_back(c, a, &expect);
	if (back.n) {
		/* the last of a list is no part of the question */
		bool list = !c->voice && sv_find_ch(out.text, '\n') >= 0;
		out.text = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(out.text),
					   list ? "\n" : talk_gap(c), SV_ARG(back)));
		out.asks = c->svc.waits == WAITS_YES;
		out.expect = expect;
		out.key = NULL;
	}
	return out;
}

/* A bit for each article that talk_quotes says. */
static uint64_t quoted(const struct talk_core *c)
{
	return c->t.answers > 1 ? (UINT64_C(1) << c->t.answers) - 1 : 1;
}

void talk_reply(struct talk_core *c, const struct talk_reply *given, struct arena *a,
		struct talk_acts *acts)
{
	bool acted = (c->in_turn && c->t.acted) || c->svc.news_acted;
	struct talk_reply all = whole(c, given, a), *r = &all;
	if (c->in_turn && c->t.answers && c->t.parts.rest.n)
		all.cited = quoted(c);       /* of what was said before it */
	if (!r->streamed) {
		c->say_id++;
		c->t.first_us = c->now_us;
	}
	c->answers = c->in_turn && c->t.text.n > 0;
	c->acted = acted || (c->in_turn && c->t.acted);
	c->mouth = false;
	if (r->asks) {
		c->svc.asked_in = c->say_id;
		c->svc.heard = !c->voice;
	}
	c->answered |= c->answers;
	note_topic(c, r);
	note_expect(c, r);
	talk_tell_others(c, r->action, a, acts);
	record_reply(c, r, a, acts);
	struct talk_act *x = talk_act_add(acts, TACT_SAY);
	x->text = r->streamed ? SV("") : arena_sv(a, r->text);
	x->lang = sv_of(c->lang);
	x->say_id = c->say_id;
	x->final = true;
	x->delta = r->streamed;
	x->expect = c->expect;
	x->rate = talk_pace(c);
	x->hidden = r->as.n > 0;
	if (r->as.n)
		c->person.read_in = c->say_id;
	x->uninterruptible =
		r->key && talk_text_legal(c->cfg->texts, sv_of(c->lang), r->key);
	if (!r->streamed) {
		xfree(c->saying);
		c->saying = xstrdup(r->text);
	}
	if (c->in_turn && r->cited)
		talk_person_cites(c, r->cited);
	if (c->in_turn)
		talk_end_turn(c, acts);
	if (c->voice)
		c->speaking = c->say_id;
	if (c->goodbye)
		sm_move(&c->sm, TS_WRAPPING);
	else
		sm_move(&c->sm, c->voice ? TS_SPEAKING : TS_LISTENING);
	if (c->goodbye && !c->voice)
		talk_act_add(acts, TACT_HANGUP);
	else if (!c->voice)
		talk_await_customer(c, acts);
	/* The place is held while the sentence is spoken; nothing has to be heard to its end. */
	if (!c->goodbye && talk_people_there(c))
		talk_move_due(c, a, acts);
	if (!c->voice && !c->goodbye && c->person.there)
		talk_notice_due(c, a, acts);
}

void talk_end_turn(struct talk_core *c, struct talk_acts *acts)
{
	c->gen++;
	if (c->t.text.n && !(c->t.picked && c->last_question)) {
		xfree(c->last_question);
		xfree(c->last_model);
		c->last_question = xstrdup(c->t.text);
		c->last_model = xstrdup(c->t.model_text);
		c->last_turn = c->t.number;
	}
	sb_done(&c->t.draft);
	sb_done(&c->t.reply);
	sb_done(&c->t.written);
	sb_done(&c->t.again);
	c->in_turn = false;
	talk_filler_stop(c, acts);
	talk_act_timer(acts, TT_MODEL, 0);
}

/* What is said first to words of a language that nobody here answers in; may be empty. */
static sv in_their_tongue(const struct talk_core *c)
{
	char key[24];
	const char *lang = c->feel.lang;
	if (c->voice || !strcmp(lang, "zh") || !strcmp(lang, "en") || c->feel.lang_p < TONGUE_SURE)
		return SV_NULL;
	snprintf(key, sizeof(key), "tongue_%s", lang);
	return talk_text(c->cfg->texts, SV("en"), key, 0);
}

void talk_canned(struct talk_core *c, const char *key, enum policy_action action, struct arena *a,
		 struct talk_acts *acts)
{
	char buf[TALK_KEY];
	sv text = talk_vary(c, c->in_turn ? talk_key(c, key, buf) : key);
	sv end = action == POL_HANDOFF ? talk_ending(c, action, a, acts) : SV_NULL;
	if (action == POL_DECLINE && c->in_turn)
		text = talk_two(c, in_their_tongue(c), text, a);
	if (strcmp(key, "queue_again") == 0)
		end = talk_person_place(c, a);
	if (end.n)
		text = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(text), talk_gap(c),
				       SV_ARG(end)));
	struct talk_reply r = { .text = text, .action = action, .key = key };
	talk_reply(c, &r, a, acts);
}

/* ---- thinking ---- */

void talk_offers_forget(struct talk_core *c)
{
	for (int i = 0; i < c->n_offered; i++) {
		xfree(c->offered[i]);
		xfree(c->offered_as[i]);
	}
	c->n_offered = 0;
}

/* Which of the titles offered: its place, PICK_NOT or PICK_NONE. A bare yes or no, or words that a
 * title has, too, may as well answer what is open or be a wish that something begins with. */
static int chosen(const struct talk_core *c, sv text)
{
	bool sure;
	int k = talk_pick(text, c->offered_as, c->n_offered, &sure);
	if (k == PICK_NOT || sure)
		return k;
	if (c->flow || c->svc.waits != WAITS_NOTHING)
		return PICK_NOT;
	if (k == PICK_NONE)
		return k;
	bool wish = c->feel.wants_human ||
		    (c->flows && flow_for(c->flows, c->feel.intent, text));
	return wish ? PICK_NOT : k;
}

static void ask_for(struct talk_core *c, enum talk_act_kind kind, sv text, struct talk_acts *acts)
{
	talk_filler_arm(c, acts);
	struct talk_act *x = talk_act_add(acts, kind);
	x->text = text;
	x->safe = c->t.model_text;
	x->lang = sv_of(c->lang);
	x->gen = ++c->gen;
	x->context = sv_of(c->topic);
	x->topic = sv_of(c->topic_article);
}

static bool small_talk_key(const struct talk_core *c, char key[48])
{
	sv lang = sv_of(c->lang);
	snprintf(key, 48, "small_%s_voice", c->feel.small);
	if (!c->voice || !talk_text(c->cfg->texts, lang, key, 0).n)
		snprintf(key, 48, "small_%s", c->feel.small);
	return c->feel.small_talk && talk_text(c->cfg->texts, lang, key, 0).n;
}

bool talk_needs_search(const struct talk_core *c, sv text)
{
	char key[48];
	if (!c->topic && talk_says_only(c, text, "trouble_alone", "wait_small"))
		return false;
	return chosen(c, text) == PICK_NOT && !c->feel.wants_human &&
	       !c->person.offer && !c->person.rating &&
	       !small_talk_key(c, key) && c->svc.waits == WAITS_NOTHING && !c->flow &&
	       !talk_parts_many(c, text);
}

static bool small_talk(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	char key[48];
	bool refuses = talk_yes(text) == FLOW_NO && talk_weight(text) <= 2;
	if (!c->topic && talk_says_only(c, text, "trouble_alone", "wait_small")) {
		talk_canned(c, "trouble_ask", POL_CLARIFY, a, acts);
		return true;
	}
	if (!small_talk_key(c, key) && !refuses)
		return false;
	bool bye = strcmp(c->feel.small, "bye") == 0;
	bool no = refuses || strcmp(c->feel.small, "no") == 0;
	bool off_topic = strcmp(c->feel.small, "off_topic") == 0;
	if (bye && talk_rating_ask(c, c->cfg->survey, c->voice, SV_NULL, a, acts))
		return true;
	c->goodbye = bye && c->voice;
	if (no)                      /* at the very start it is to nothing */
		(void)snprintf(key, sizeof(key),
			       c->t.number <= 1 ? "small_no_first" : "small_no");
	talk_canned(c, key, bye ? POL_END : off_topic ? POL_DECLINE : POL_REPLY, a, acts);
	return true;
}

/* What is asked beside the wish for a language: from the first clause that asks. */
static sv beside_wish(const struct talk_core *c, sv text, const char *key)
{
	static const char *const marks[] = { ",", ":", ".", "!", "?", ";", "，", "：", "。",
					     "！", "？", "；" };
	for (size_t from = 0, i = 0; i <= text.n; i++) {
		sv rest = sv_slice(text, i, text.n);
		size_t mark = 0;
		for (size_t k = 0; k < sizeof(marks) / sizeof(*marks); k++)
			mark = sv_starts(rest, sv_of(marks[k])) ? strlen(marks[k]) : mark;
		if (rest.n && !mark)
			continue;
		sv clause = sv_trim(sv_slice(text, from, i + mark));
		bool asks = talk_is_question(clause) ||
			    (c->flows && flow_for(c->flows, c->feel.intent, clause));
		if (asks && !talk_says_one_of(c, clause, key))
			return sv_trim(sv_slice(text, from, text.n));
		from = i + mark;
	}
	return SV_NULL;
}

/* "English, please": answered in it; what is asked beside it goes on in it. A call has its ear to
 * change, too: by key. */
static bool language_wish(struct talk_core *c, sv *text, struct arena *a, struct talk_acts *acts)
{
	bool en = talk_says_one_of(c, *text, "wish_english"),
	     zh = talk_says_one_of(c, *text, "wish_chinese");
	const char *lang = zh ? "zh" : "en", *key = zh ? "wish_chinese" : "wish_english";
	if (c->voice || en == zh)
		return false;
	bool only = talk_says_only(c, *text, key, "wish_small");
	sv rest = only ? SV_NULL : beside_wish(c, *text, key);
	if (!only && !rest.n && (strcmp(c->lang, lang) == 0 || sv_runes(*text) > WISH_RUNES))
		return false;        /* "is the manual in English, please"; a story about it */
	memcpy(c->lang, lang, 3);
	if (!only && rest.n)
		*text = rest;
	else
		talk_canned(c, "language_now", POL_REPLY, a, acts);
	return !rest.n;
}

void talk_look_up(struct talk_core *c, sv text, struct talk_acts *acts)
{
	if (c->models && !c->voice)
		talk_act_add(acts, TACT_TYPING);
	ask_for(c, TACT_SEARCH, text, acts);
}

/* "Goodbye" in the middle of a service ends it, too; but where a yes is awaited what stands
 * beside it counts, and where a number is being said, a digit is easily heard as one. */
static bool bye_midway(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	static const char *const numbers[] = { "order_number", "phone", "digits" };
	const char *expect = NULL;
	bool waits = c->svc.waits != WAITS_NOTHING, yes = c->svc.waits == WAITS_YES;
	if (!c->feel.small_talk || strcmp(c->feel.small, "bye") != 0 || (!c->flow && !waits) ||
	    !talk_says_one_of(c, text, "bye_plain") ||
	    (yes && !talk_says_only(c, text, "bye_plain", "bye_plain")))
		return false;
	(void)talk_flow_question(c, a, &expect);
	bool number = waits && !yes;
	for (size_t i = 0; i < 3 && expect; i++)
		number = number || strcmp(expect, numbers[i]) == 0;
	size_t brief = strcmp(c->lang, "zh") == 0 ? BYE_RUNES / 2 : BYE_RUNES;
	if (c->voice && number && sv_runes(text) < brief)
		return false;
	if (yes)
		talk_tool_dropped(c, a, acts);
	talk_service_quit(c);
	return small_talk(c, text, a, acts);
}

void talk_serve_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	if (c->feel.wants_human) {
		talk_service_quit(c);
		talk_canned(c, talk_hand_over(c, "handoff"), POL_HANDOFF, a, acts);
		return;
	}
	if (c->feel.small_talk && c->plans && c->plan.act.human == HUMAN_NOW) {
		talk_service_quit(c);
		talk_canned(c, talk_hand_over(c, "handoff_offer"), POL_HANDOFF, a, acts);
		return;      /* insults, for the second time */
	}
	if (talk_meta_words(c, a, acts) || bye_midway(c, text, a, acts))
		return;
	if (c->plans && c->plan.act.human == HUMAN_NOW && talk_can_move(c))
		talk_service_quit(c);        /* anger goes before any step */
	else if (talk_service_words(c, text, a, acts) ||
		 (c->svc.waits == WAITS_NOTHING && talk_flow_words(c, text, a, acts)))
		return;
	if (small_talk(c, text, a, acts))
		return;
	if (c->guess.on && c->guess.sure)
		talk_filler_arm(c, acts);
	if (!talk_guess_found(c, a, acts))
		talk_look_up(c, text, acts);
}

void talk_think(struct talk_core *c, sv text, sv model_text, int64_t now_us, struct arena *a,
		struct talk_acts *acts)
{
	c->t.began_us = c->t.first_us = now_us;
	sm_move(&c->sm, TS_THINKING);
	talk_remember(c, false, model_text);
	talk_about_words(c);
	talk_plan(c, FOUND_UNKNOWN);
	if (talk_offer_words(c, text, a, acts))
		return;
	int k = chosen(c, text);
	sv article = k >= 0 ? arena_sv(a, sv_of(c->offered[k])) : SV_NULL;
	sv title = k >= 0 ? arena_sv(a, sv_of(c->offered_as[k])) : SV_NULL;
	if (article.n || !c->feel.small_talk || strcmp(c->feel.small, "again") != 0)
		talk_offers_forget(c);
	if (article.n) {
		c->t.picked = true;
		talk_remember_as(c, title);
		ask_for(c, TACT_ARTICLE, article, acts);
		return;
	}
	if (language_wish(c, &text, a, acts))
		return;
	if (k == PICK_NONE) {
		talk_offer_person(c, "clarify_none", a, acts);
		return;
	}
	if (c->t.number >
	    c->cfg->limits.max_turns) { /* whoever or whatever this is, a person should look */
		c->goodbye = true;
		talk_canned(c, "handoff_offer", POL_END, a, acts);
		return;
	}
	if (!talk_parts_begin(c, text, a, acts))
		talk_serve_words(c, text, a, acts);
}

const char *talk_gap(const struct talk_core *c)
{
	return strcmp(c->lang, "zh") != 0 ? " " : "";
}

void talk_clarify(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 4096);
	talk_offers_forget(c);
	size_t n = c->t.found.n < TALK_OFFERS ? c->t.found.n : TALK_OFFERS;
	if (c->voice && n > 2)
		n = 2;
	for (size_t i = 0; i < n; i++) {
		const struct kb_hit *h = &c->t.found.hits[i];
		sb_fmt(&b, c->voice ? "%s%zu, " SV_FMT : "%s%zu. " SV_FMT,
		       i ? (c->voice ? "; " : "\n") : "", i + 1, SV_ARG(h->title));
		c->offered_as[c->n_offered] = xstrdup(h->title);
		c->offered[c->n_offered++] = xstrdup(h->article_id);
	}
	char buf[TALK_KEY];
	sv tmpl = talk_vary(c, talk_key(c, "clarify", buf));
	sv pairs[] = { SV("options"), sb_sv(&b) };
	sv text = talk_with_empathy(c, talk_fill(a, tmpl, pairs, 2), a);
	text = talk_two(c, in_their_tongue(c), text, a);
	struct talk_reply r = { .text = text, .action = POL_CLARIFY };
	sb_done(&b);
	c->clarified++;
	talk_reply(c, &r, a, acts);
}

static bool is_word(char c)
{
	return talk_latin(c) || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* "**", and "*" at one side of a word; "2 * 3" and "2*3" have none. */
static size_t star_at(sv s, size_t i)
{
	bool before = i && is_word(s.p[i - 1]), after = i + 1 < s.n && is_word(s.p[i + 1]);
	if (s.p[i] != '*')
		return 0;
	if (i + 1 < s.n && s.p[i + 1] == '*')
		return 2;
	bool sign = i && s.p[i - 1] != ' ' && s.p[i - 1] != '\n';
	return before != after && (after || sign) ? 1 : 0;
}

sv talk_unmarked(struct arena *a, sv s)
{
	struct sb b;
	bool line = true;            /* its beginning */
	if (sv_find_ch(s, '*') < 0 && sv_find_ch(s, '`') < 0 && sv_find_ch(s, '#') < 0)
		return s;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < s.n; i++) {
		size_t stars = star_at(s, i);
		if (stars) {
			i += stars - 1;
			continue;
		}
		if (s.p[i] == '`' || (line && (s.p[i] == '#' || (s.p[i] == ' ' && b.n == 0))))
			continue;
		if (line && i && s.p[i] == ' ' && s.p[i - 1] == '#')
			continue;
		sb_ch(&b, s.p[i]);
		line = s.p[i] == '\n';
	}
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

/* The article is in another language than the customer's: said before it is quoted. */
static sv in_its_language(struct talk_core *c, const struct kb_hit *h, struct arena *a)
{
	sv quote = talk_unmarked(a, h->quote);
	const struct talk_texts *t = c->cfg->texts;
	if (!h->lang.n || sv_eq(h->lang, sv_of(c->lang)))
		return quote;
	const char *name = sv_eq(h->lang, SV("zh")) ? "language_zh" : "language_en";
	sv pairs[] = { SV("language"), talk_text(t, sv_of(c->lang), name, 0), SV("quote"), quote };
	return talk_fill(a, talk_text(t, sv_of(c->lang), "other_language", 0), pairs, 4);
}

sv talk_quotes(struct talk_core *c, struct arena *a)
{
	sv all = in_its_language(c, &c->t.found.hits[0], a);
	for (int i = 1; i < c->t.answers && (size_t)i < c->t.found.n; i++)
		all = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(all),
				      c->voice ? talk_gap(c) : "\n\n",
				      SV_ARG(in_its_language(c, &c->t.found.hits[i], a))));
	return all;
}

/* The built-in engine: what the article says, word for word, with a fitting opening; never more. */
void talk_builtin_reply(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	sv quote = talk_two(c, talk_quotes(c, a), talk_parts_missed(c, a), a);
	sv own = talk_profile_answer(c, a, acts);
	if (own.n)
		quote = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(own), talk_gap(c),
					SV_ARG(quote)));
	sv text = talk_with_empathy(c, quote, a), end = talk_ending(c, POL_REPLY, a, acts);
	if (end.n)
		text = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(text), talk_gap(c),
				       SV_ARG(end)));
	struct talk_reply r = { .text = text, .action = POL_REPLY, .grounded = !own.n,
				.cited = quoted(c) };
	talk_reply(c, &r, a, acts);
}

/* No article answers it, but the customer's own orders do. */
static bool answered_by_profile(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	sv own = talk_profile_answer(c, a, acts);
	if (!own.n)
		return false;
	sv text = talk_with_empathy(c, own, a), end = talk_ending(c, POL_REPLY, a, acts);
	if (end.n)
		text = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(text), talk_gap(c),
				       SV_ARG(end)));
	c->declined = c->clarified = 0;
	talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_REPLY }, a, acts);
	return true;
}

/* A person is due and cannot be connected from here: the answer first, then where people are. */
static void answer_and_hand_over(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	char buf[TALK_KEY];
	sv text = talk_with_empathy(c, talk_quotes(c, a), a);
	sv end = talk_ending(c, POL_HANDOFF, a, acts);
	sv where = talk_vary(c, talk_key(c, "handoff_too", buf));
	text = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT "%s" SV_FMT, SV_ARG(text), talk_gap(c),
			       SV_ARG(end), end.n ? talk_gap(c) : "", SV_ARG(where)));
	struct talk_reply r = { .text = text, .action = POL_HANDOFF, .grounded = true,
				.cited = quoted(c) };
	talk_reply(c, &r, a, acts);
}

void talk_decide(struct talk_core *c, bool exact, struct policy_act *ret)
{
	struct policy_ctx ctx = {
		.feel = &c->feel,
		.answerable = exact ? c->t.found.n > 0 : c->t.found.answerable,
		.unsure = !exact && c->t.found.unsure,
		.top_p = c->t.found.n ? c->t.found.hits[0].p : 0,
		.declined_before = c->declined,
		.clarified_before = c->clarified,
		.voice = c->voice,
		.human_available = talk_can_move(c),
	};
	policy_choose(&ctx, ret);
	if (!c->table)
		return;
	talk_plan(c, ctx.answerable ? FOUND_ANSWER : ctx.unsure ? FOUND_UNSURE : FOUND_NOTHING);
	const struct policy_do *plan = &c->plan.act;
	ret->tone = plan->style;
	bool refused = ret->action == POL_DECLINE && plan->human == HUMAN_OFFER;
	if (ret->action != POL_HANDOFF && (plan->human == HUMAN_NOW || refused)) {
		ret->action = POL_HANDOFF;
		ret->reason = "the strategy table brings a person";
	}
}

/* A conversation has a budget for models; beyond it the built-in engine answers. */
static bool over_budget(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	int64_t most = c->cfg->limits.model_cost;
	if (!most || c->cost < most)
		return false;
	talk_act_record(c, acts, "model.fallback", "system",
			SV("{\"from\":\"model\",\"to\":\"builtin\",\"reason\":\"budget\"}"));
	return true;
}

/* On the telephone a base model's one more sentence is not worth the processor that recogniser
 * and voice need. */
bool talk_asks_model(const struct talk_core *c, const struct talk_ev *ev)
{
	bool same = c->t.found.n && sv_eq(c->t.found.hits[0].lang, sv_of(c->lang));
	bool alone = !same || c->t.answers; /* it goes on from one article */
	return c->models && !ev->exact && !(ev->base && (c->voice || alone));
}

bool talk_model_may(const struct talk_core *c)
{
	enum policy_action act = c->t.act.action;
	if (act == POL_REPLY && c->t.found.n)
		return true;
	return act != POL_HANDOFF && !c->t.base && talk_has_tools(c);
}

void talk_without_model(struct talk_core *c, bool down, struct arena *a, struct talk_acts *acts)
{
	enum policy_action act = c->t.act.action;
	bool has = c->t.found.n > 0;
	if (c->t.steers && act != POL_REPLY) {   /* plainly: no anger to calm, no question back */
		c->declined++;
		talk_canned(c, "decline_rules", POL_DECLINE, a, acts);
	} else if (act == POL_REPLY && has) {
		talk_builtin_reply(c, a, acts);
	} else if (act == POL_CLARIFY && has) {
		talk_clarify(c, a, acts);
	} else if (act == POL_HANDOFF && has && c->t.found.answerable && !talk_can_move(c)) {
		answer_and_hand_over(c, a, acts);
	} else if (act == POL_HANDOFF) {
		talk_service_quit(c);
		c->person.reason = c->t.act.action == POL_HANDOFF && !c->t.found.answerable ?
					   "no_answer" :
					   NULL;
		talk_canned(c, talk_hand_over(c, "handoff_offer"), POL_HANDOFF, a, acts);
	} else {
		bool outage = c->voice && (down || c->failed_models);
		c->declined++;
		bool offers = !outage && talk_offer_may(c);
		c->person.offer = offers ? OFFER_PERSON : c->person.offer;
		talk_canned(c, outage ? "outage" : offers ? "decline_offer" : "decline",
			    POL_DECLINE, a, acts);
	}
}

void talk_on_found(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	struct kb_result found = *ev->found;
	c->models = ev->models;
	if (!c->t.parts.on)
		c->t.answers = 0;    /* another search than that of several matters */
	else if (talk_parts_found(c, &found, a, acts))
		return;
	c->t.found = found;
	c->t.first_us = ev->now_us;
	c->t.date = ev->date;
	c->t.base = ev->base;
	talk_decide(c, ev->exact, &c->t.act);
	enum policy_action act = c->t.act.action;
	bool model = talk_model_may(c) && talk_asks_model(c, ev);
	if ((act == POL_DECLINE || act == POL_CLARIFY) && answered_by_profile(c, a, acts))
		return;
	if (act == POL_REPLY && c->t.found.n)
		c->declined = c->clarified = 0;
	if (model && !over_budget(c, a, acts)) {
		if (talk_profile_facts(c, a).n)
			talk_profile_use(c, TALK_USE_PROMPT, a, acts);
		talk_model_begin(c, a, acts);
	} else {
		talk_without_model(c, ev->down, a, acts);
	}
}
