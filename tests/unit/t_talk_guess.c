/* An answer prepared before the words are certain: what counts as the same words, and every race
 * between the certain words and what comes back. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR)
#define ASKED "how long can I return an article"
#define ANSWER "You have 30 days to return an article."
#define MORE " articles only. [1]"
#define ALL ANSWER " Unused articles only."

TEST(talk_guess_same_words)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "How long?", "how  long", true },
		{ "how long", "how long can", false },
		{ "how long can", "how long", false },
		{ "", "", true },
		{ "?!", "", true },
		{ "a", "", false },
		{ "多久可以退货？", "多久 可以退货", true },
		{ "多久可以退货。", "多久可以退", false },
		{ "“Points”, please", "points please", true },
		{ "30 days", "3 days", false },
		{ "ｏｋ", "ok", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		EQ(talk_same_words(sv_of(rows[i].a), sv_of(rows[i].b)), rows[i].same);
	CHECK(talk_words_begin(SV("how long can I"), SV("How long")));
	CHECK(!talk_words_begin(SV("how"), SV("how long")));
}

static struct talk_ev ev_likely(const char *text)
{
	struct talk_ev ev = ev_text(text);
	ev.kind = TEV_LIKELY;
	return ev;
}

static struct talk_ev ev_spare(struct bench *b)
{
	struct talk_ev ev = ev_found(b);
	ev.spare = true;
	return ev;
}

static struct talk_ev ev_said(const char *text)
{
	struct talk_ev ev = ev_text(text);
	ev.via = "speech";
	return ev;
}

/* A call in which the customer begins to speak. */
static void bench_call(struct bench *b, int n_llm)
{
	bench_open(b, PHONE, n_llm);
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
	bench_feed(b, (struct talk_ev){ .kind = TEV_SPEECH_START });
}

static bool quiet(const struct bench *b)
{
	return !bench_act(b, TACT_SAY) && !bench_act(b, TACT_RECORD) &&
	       !bench_act(b, TACT_HANGUP) && !bench_act(b, TACT_TRANSFER);
}

static bool says(const struct bench *b, const char *text)
{
	for (size_t i = 0; i < b->acts.n; i++)
		if (b->acts.v[i].kind == TACT_SAY && sv_find(b->acts.v[i].text, sv_of(text)) >= 0)
			return true;
	return false;
}

/* How far the preparation is when the words become certain. */
enum far { NOT_FOUND, FOUND, ASKED_MODEL, WROTE_HALF, WROTE, ENDED };

static void prepare(struct bench *b, enum far far)
{
	bench_feed(b, ev_likely(ASKED));
	CHECK(bench_act(b, TACT_SEARCH) && quiet(b));
	SV_EQ(bench_act(b, TACT_SEARCH)->safe, ASKED);
	if (far >= FOUND)
		bench_feed(b, far == FOUND ? ev_found(b) : ev_spare(b));
	CHECK((far < ASKED_MODEL) == !bench_act(b, TACT_MODEL));
	struct talk_ev d =
		ev_delta(b, far == WROTE_HALF ? "You have 30 days" : ANSWER " [1] Unused");
	if (far >= WROTE_HALF) {
		bench_feed(b, d);
		CHECK(b->acts.n == 0);
	}
	struct talk_ev end = ev_end(b, 0);
	end.usage = (struct llm_usage){ .completion_tokens = 9, .cost = 700 };
	if (far == ENDED) {
		bench_feed(b, ev_delta(b, MORE));
		bench_feed(b, end);
		CHECK(quiet(b));
	}
	EQ(b->c.sm.now, TS_LISTENING);
	CHECK(!b->c.in_turn && b->c.guess.on);
}

/* From there on: what is still missing comes, and the same answer is said once. */
TEST(talk_guess_final_at_any_time_gives_one_answer)
{
	for (int far = NOT_FOUND; far <= ENDED; far++) {
		struct bench b;
		bench_call(&b, 1);
		prepare(&b, (enum far)far);
		bench_feed(&b, ev_said("How long can I return an article?"));
		CHECK(bench_rec(&b, "turn.customer"));
		HAS(bench_rec(&b, "turn.customer")->text, "How long can I return an article?");
		CHECK(!bench_act(&b, TACT_SEARCH) && !b.c.guess.on);
		EQ(!bench_act(&b, TACT_MODEL), far != FOUND);
		EQ(says(&b, ANSWER), far >= WROTE);
		if (far == NOT_FOUND) {
			bench_feed(&b, ev_found(&b));
			CHECK(bench_act(&b, TACT_MODEL));
		}
		if (far <= ASKED_MODEL)
			bench_feed(&b, ev_delta(&b, "You have 30 days"));
		if (far <= WROTE_HALF)
			bench_feed(&b, ev_delta(&b, " to return an article. [1] Unused"));
		if (far < ENDED)
			bench_feed(&b, ev_delta(&b, MORE));
		if (far < ENDED)
			bench_feed(&b, ev_end(&b, 0));
		const struct talk_act *r = bench_rec(&b, "turn.bot");
		CHECK(r && r->n == 1);
		HAS(r->text, ALL);
		HAS(r->text, "\"model\":\"m\"");
		STR_EQ(b.c.past[b.c.n_past - 1].text, ALL);
		EQ(b.c.sm.now, TS_SPEAKING);
		EQ(b.c.cost, far == ENDED ? 700 : 0);
		EQ(b.c.tally.tries, 1);
		EQ(b.c.tally.hits, 1);
		EQ(b.c.tally.discards, 0);
		bench_close(&b);
	}
}

/* Whatever else happens throws it away, at any time, and stops what runs. */
TEST(talk_guess_is_dropped_by_anything_else)
{
	static const enum talk_ev_kind kinds[] = { TEV_SPEECH_START, TEV_SPEECH_NOTHING, TEV_KEY,
						   TEV_HOLD,         TEV_ASR_LOST,
						   TEV_CLOSE,        TEV_TEXT };
	for (int far = NOT_FOUND; far <= ENDED; far++) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
			struct bench b;
			bench_call(&b, 1);
			prepare(&b, (enum far)far);
			uint32_t gen = b.c.gen;
			struct talk_ev ev = { .kind = kinds[i], .text = SV("6") };
			if (kinds[i] == TEV_TEXT)
				ev = ev_said("what does delivery cost");
			bench_feed(&b, ev);
			CHECK(!b.c.guess.on && !says(&b, ANSWER));
			EQ(!bench_act(&b, TACT_MODEL_CANCEL), far < ASKED_MODEL || far == ENDED);
			EQ(b.c.tally.discards, 1);
			EQ(b.c.cost, far == ENDED ? 700 : 0);
			struct talk_ev late = ev_delta(&b, ANSWER " ");
			late.gen = gen;
			bench_feed(&b, late);
			EQ(b.acts.n, 0);
			bench_close(&b);
		}
	}
}

TEST(talk_guess_other_words_begin_anew_three_times)
{
	static const char *const heard[] = { "how long", "how long can I",
					     "how long can I return", ASKED };
	struct bench b;
	bench_call(&b, 1);
	for (int i = 0; i < 4; i++) {
		bench_feed(&b, ev_likely(heard[i]));
		EQ(!bench_act(&b, TACT_SEARCH), i >= TALK_GUESSES);
		bench_feed(&b, ev_likely(heard[i]));
		EQ(b.acts.n, 0);     /* the same again changes nothing */
		if (i < TALK_GUESSES) {
			bench_feed(&b, ev_spare(&b));
			CHECK(bench_act(&b, TACT_MODEL));
		}
	}
	bench_feed(&b, ev_said(ASKED));
	CHECK(bench_act(&b, TACT_SEARCH));
	EQ(b.c.tally.tries, 3);
	EQ(b.c.tally.discards, 3);
	EQ(b.c.tries, 0);            /* the next turn may guess again */
	bench_close(&b);
}

TEST(talk_guess_partial_words_that_go_on_drop_it)
{
	struct bench b;
	bench_call(&b, 1);
	prepare(&b, WROTE);
	struct talk_ev p = { .kind = TEV_PARTIAL, .text = SV("how long can") };
	bench_feed(&b, p);
	CHECK(b.c.guess.on && b.acts.n == 0);
	p.text = SV("how long can I return an article at night");
	bench_feed(&b, p);
	CHECK(!b.c.guess.on && bench_act(&b, TACT_MODEL_CANCEL) && quiet(&b));
	bench_close(&b);
}

/* The words before, of a turn that the customer went on with, belong to it. */
TEST(talk_guess_joins_what_waits)
{
	struct bench b;
	bench_call(&b, 1);
	bench_feed(&b, ev_said("how long can I"));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	EQ(b.c.n_queue, 1);
	bench_feed(&b, ev_likely("return an article"));
	SV_EQ(bench_act(&b, TACT_SEARCH)->text, ASKED);
	bench_feed(&b, ev_spare(&b));
	bench_feed(&b, ev_delta(&b, ANSWER " [1] Unused"));
	bench_feed(&b, ev_said("return an article"));
	CHECK(says(&b, ANSWER) && b.c.n_queue == 0);
	bench_close(&b);
}

/* An action is done only when the words are certain, and once. */
TEST(talk_guess_holds_an_action_back)
{
	for (int certain = 0; certain < 2; certain++) {
		struct bench b;
		bench_call(&b, 1);
		bench_feed(&b, ev_likely(ASKED));
		bench_feed(&b, ev_spare(&b));
		bench_feed(&b, ev_call(&b, "handoff", "{}"));
		CHECK(quiet(&b));
		bench_feed(&b, ev_end(&b, 0));
		CHECK(quiet(&b));
		bench_feed(&b, ev_said(certain ? ASKED : "points"));
		EQ(!bench_rec(&b, "turn.bot"), !certain);
		if (certain)
			HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"handoff\"");
		bench_close(&b);
	}
}

/* A sentence that no source bears is stopped at the commit as anywhere. */
TEST(talk_guess_sentences_pass_the_usual_check)
{
	struct bench b;
	bench_call(&b, 1);
	bench_feed(&b, ev_likely(ASKED));
	bench_feed(&b, ev_spare(&b));
	bench_feed(&b, ev_delta(&b, "You have 99 days. [1] Unused"));
	bench_feed(&b, ev_said(ASKED));
	CHECK(bench_rec(&b, "model.fallback") && bench_act(&b, TACT_MODEL_CANCEL));
	HAS(bench_rec(&b, "turn.bot")->text, "30 days");
	CHECK(!says(&b, "99 days"));
	bench_close(&b);
}

/* The same words said in another mood give another prompt: asked anew. */
TEST(talk_guess_another_prompt_is_asked_anew)
{
	struct bench b;
	bench_call(&b, 1);
	prepare(&b, WROTE);
	xfree(b.c.past[0].text);      /* the conversation is another one meanwhile */
	b.c.past[0].text = xstrdup(SV("Something else was said."));
	bench_feed(&b, ev_said(ASKED));
	CHECK(bench_act(&b, TACT_MODEL_CANCEL) && bench_act(&b, TACT_MODEL));
	CHECK(!says(&b, ANSWER));
	EQ(b.c.tally.discards, 1);
	bench_feed(&b, ev_delta(&b, ANSWER " [1] Unused"));
	CHECK(says(&b, ANSWER));
	bench_close(&b);
}

TEST(talk_guess_failed_model_is_asked_again)
{
	struct bench b;
	bench_call(&b, 1);
	prepare(&b, WROTE_HALF);
	bench_feed(&b, ev_end(&b, ERR_NET));
	CHECK(!b.c.guess.on && quiet(&b));
	bench_feed(&b, ev_said(ASKED));
	CHECK(bench_act(&b, TACT_SEARCH));
	bench_feed(&b, ev_found(&b));
	CHECK(bench_act(&b, TACT_MODEL));
	bench_close(&b);
}

TEST(talk_guess_only_where_it_is_worth_it)
{
	static const struct {
		const char *what;
		bool spare, base, off;
		int64_t cost;
		const char *words;
		bool search, model;
	} rows[] = {
		{ "usual", true, false, false, 0, ASKED, true, true },
		{ "busy", false, false, false, 0, ASKED, true, false },
		{ "base", true, true, false, 0, ASKED, true, false },
		{ "switched off", true, false, true, 0, ASKED, false, false },
		{ "over budget", true, false, false, 1000, ASKED, false, false },
		{ "small talk", true, false, false, 0, "thanks", false, false },
		{ "a person", true, false, false, 0, "I want to talk to a person", false, false },
		{ "nothing", true, false, false, 0, " ", false, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		bench_call(&b, 1);
		b.base = rows[i].base;
		b.cfg.no_speculation = rows[i].off;
		b.cfg.limits.model_cost = 1000;
		b.c.cost = rows[i].cost;
		bench_feed(&b, ev_likely(rows[i].words));
		if (!bench_act(&b, TACT_SEARCH) == rows[i].search)
			printf("# %s\n", rows[i].what);
		EQ(!bench_act(&b, TACT_SEARCH), !rows[i].search);
		struct talk_ev f = ev_found(&b);
		f.spare = rows[i].spare;
		bench_feed(&b, f);
		EQ(!bench_act(&b, TACT_MODEL), !rows[i].model);
		bench_close(&b);
	}
}

/* What was thrown away is paid for: a customer who hesitates cannot spend more than the budget. */
TEST(talk_guess_cost_counts_against_the_budget)
{
	struct bench b;
	bench_call(&b, 1);
	b.cfg.limits.model_cost = 1000;
	prepare(&b, ENDED);
	bench_feed(&b, ev_likely("points"));
	EQ(b.c.cost, 700);
	bench_feed(&b, ev_spare(&b));
	struct talk_ev end = ev_end(&b, 0);
	end.usage.cost = 400;
	bench_feed(&b, end);
	bench_feed(&b, ev_likely("what does delivery cost"));
	EQ(b.c.cost, 1100);
	CHECK(!bench_act(&b, TACT_SEARCH) || !b.c.guess.asks);
	bench_feed(&b, ev_said("what does delivery cost"));
	bench_feed(&b, ev_found(&b));
	HAS(bench_rec(&b, "model.fallback")->text, "budget");
	bench_close(&b);
}

TEST(talk_guess_not_in_chats_nor_while_we_speak)
{
	struct bench b;
	bench_open(&b, CHAN_STREAM | CHAN_RICH, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	bench_feed(&b, ev_likely(ASKED));
	EQ(b.acts.n, 0);
	bench_close(&b);
	bench_open(&b, PHONE, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	bench_feed(&b, ev_likely(ASKED));
	EQ(b.acts.n, 0);
	bench_close(&b);
}
