/* Unit tests of a model that is let go while somebody speaks over us, and asked again. */
#include <stdio.h>
#include "t_talk_help.h"

#define ONE "You have 30 days to return an article. [1]"
#define TWO " Unused articles only. [1]"
#define THREE " 100 points are worth CNY 1 at checkout. [3]"

static const struct talk_ev halted = { .kind = TEV_HALTED }, goes_on = { .kind = TEV_GOES_ON };

/* A call in which the model has written `text` so far. */
static void writing(struct bench *b, const char *text)
{
	bench_open(b, CHAN_VOICE | CHAN_DTMF | CHAN_ASR, 1);
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
	bench_feed(b, ev_text("how long can I return an article"));
	bench_feed(b, ev_found(b));
	CHECK(bench_act(b, TACT_MODEL));
	bench_feed(b, ev_delta(b, text));
}

static int said(const struct bench *b, const char *text)
{
	int n = 0;
	for (size_t i = 0; i < b->acts.n; i++)
		n += b->acts.v[i].kind == TACT_SAY &&
		     sv_find(b->acts.v[i].text, sv_of(text)) >= 0;
	return n;
}

static uint64_t print_of(const struct talk_act *m)
{
	uint64_t h = m->n_msgs;
	for (size_t i = 0; i < m->n_msgs; i++)
		h = h * 31 + sv_hash(m->msgs[i].text);
	return h;
}

TEST(halt_the_same_words_again_are_said_once)
{
	struct bench b;
	writing(&b, ONE TWO " 100 po");
	EQ(said(&b, "30 days"), 1);
	bench_feed(&b, halted);
	CHECK(bench_act(&b, TACT_MODEL_CANCEL));
	uint32_t old = b.c.gen;
	bench_feed(&b, (struct talk_ev){ .kind = TEV_DELTA, .text = SV("ints"), .gen = old - 1 });
	EQ(b.acts.n, 0);
	bench_feed(&b, goes_on);
	const struct talk_act *m = bench_act(&b, TACT_MODEL);
	CHECK(m && m->gen == b.c.gen && m->gen != old);
	CHECK(bench_act(&b, TACT_TIMER));
	const char *all = ONE TWO THREE;
	for (size_t i = 0; all[i]; i += 7) {             /* in pieces that begin anywhere */
		char piece[8];
		snprintf(piece, sizeof(piece), "%.7s", all + i);
		bench_feed(&b, ev_delta(&b, piece));
		EQ(said(&b, "30 days") + said(&b, "Unused"), 0);
		if (!all[i + 1] || strlen(all + i) < 7)
			break;
	}
	bench_feed(&b, ev_end(&b, 0));
	EQ(said(&b, "100 points are worth CNY 1"), 1);
	const struct talk_act *row = bench_rec(&b, "turn.bot");
	CHECK(row);
	HAS(row->text, "\"text\":\"You have 30 days to return an article. Unused articles only. "
		       "100 points are worth CNY 1 at checkout.\"");
	bench_close(&b);
}

TEST(halt_the_prompt_is_the_same_to_the_byte)
{
	struct bench b;
	bench_open(&b, CHAN_VOICE | CHAN_DTMF | CHAN_ASR, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	bench_feed(&b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b.c.say_id });
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	uint64_t first = print_of(bench_act(&b, TACT_MODEL));
	bench_feed(&b, ev_delta(&b, ONE " 100"));
	bench_feed(&b, halted);
	bench_feed(&b, goes_on);
	EQ(print_of(bench_act(&b, TACT_MODEL)), first);
	bench_close(&b);
}

/* It words it otherwise now: two sentences were said, it goes on with its third. */
TEST(halt_other_words_go_on_after_as_many_sentences)
{
	struct bench b;
	writing(&b, ONE TWO " Delivery is fr");
	bench_feed(&b, halted);
	bench_feed(&b, goes_on);
	bench_feed(&b, ev_delta(&b, "You have 30 days to return it. [1] Unused"));
	EQ(said(&b, ""), 0);
	bench_feed(&b, ev_delta(&b, " articles only. [1]" THREE " And"));
	EQ(said(&b, "30 days") + said(&b, "Unused"), 0);
	EQ(said(&b, "100 points"), 1);
	bench_feed(&b, ev_end(&b, 0));
	CHECK(sv_find(bench_rec(&b, "turn.bot")->text, SV("Delivery")) < 0);
	bench_close(&b);
}

/* It has no more to say than before: half a sentence has no end. */
TEST(halt_shorter_the_second_time)
{
	static const char *const again[] = { ONE, "You have 30 days to return it. [1]", "" };
	for (int i = 0; i < 3; i++) {
		struct bench b;
		writing(&b, ONE " Unused art");
		bench_feed(&b, halted);
		bench_feed(&b, goes_on);
		if (again[i][0])
			bench_feed(&b, ev_delta(&b, again[i]));
		bench_feed(&b, ev_end(&b, i == 2 ? ERR_NET : 0));
		EQ(said(&b, "30 days") + said(&b, "Unused"), 0);
		const struct talk_act *row = bench_rec(&b, "turn.bot");
		CHECK(row);
		HAS(row->text, "\"text\":\"You have 30 days to return an article.\"");
		CHECK(!b.c.in_turn);
		bench_close(&b);
	}
}

TEST(halt_that_was_meant_is_a_cut)
{
	struct bench b;
	writing(&b, ONE TWO " 100 po");
	bench_feed(&b, halted);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START,
					 .heard = { b.c.speaking, 16, 1000, 2500 } });
	CHECK(bench_rec(&b, "turn.cut"));
	CHECK(!b.c.in_turn && !bench_act(&b, TACT_MODEL));
	bench_feed(&b, goes_on);                         /* late: nothing to go on with */
	EQ(b.acts.n, 0);
	bench_close(&b);
}

TEST(halt_twice)
{
	struct bench b;
	writing(&b, ONE " Unus");
	for (int i = 0; i < 2; i++) {
		bench_feed(&b, halted);
		CHECK(bench_act(&b, TACT_MODEL_CANCEL));
		bench_feed(&b, goes_on);
		bench_feed(&b, ev_delta(&b, ONE));       /* the second time in the midst of it */
	}
	bench_feed(&b, ev_delta(&b, TWO));
	bench_feed(&b, ev_end(&b, 0));
	EQ(said(&b, "Unused articles only."), 1);
	HAS(bench_rec(&b, "turn.bot")->text,
	    "\"text\":\"You have 30 days to return an article. Unused articles only.\"");
	bench_close(&b);
}

/* Before the first sentence nothing of ours sounds; an action that was asked for is done. */
TEST(halt_not_where_it_would_lose_something)
{
	struct bench b;
	writing(&b, "You have 30");
	bench_feed(&b, halted);
	EQ(b.acts.n, 0);
	bench_feed(&b, ev_delta(&b, " days to return an article. [1] Un"));
	bench_feed(&b, ev_call(&b, "handoff", "{}"));
	bench_feed(&b, halted);
	EQ(b.acts.n, 0);
	bench_feed(&b, ev_end(&b, 0));
	bench_feed(&b, halted);
	EQ(b.acts.n, 0);
	bench_close(&b);
}
