/* A person takes over: the sentence, the transfer, how it goes, the way back; and 200 races in
 * which one wish must be one transfer. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR)
#define WISH "I want to talk to a person"
#define DESK "sip:desk@127.0.0.1"

static void call_up(struct bench *b, unsigned caps, int n_llm)
{
	bench_open(b, caps, n_llm);
	b->cfg.transfer_to = DESK;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone", .who = SV("Ms Li") });
	bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static void played(struct bench *b)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static struct talk_ev moved(enum talk_ev_kind kind, const char *step, const char *why)
{
	return (struct talk_ev){ .kind = kind, .text = sv_of(step), .client_id = sv_of(why) };
}

static sv key_text(struct bench *b, const char *key, unsigned v)
{
	return talk_text(b->texts, sv_of(b->c.lang), key, v);
}

/* Says one of the variants of key. */
static bool says(struct bench *b, const char *key)
{
	const struct talk_act *s = bench_act(b, TACT_SAY);
	for (unsigned v = 0; s && v < 3; v++)
		if (sv_eq(s->text, key_text(b, key, v)))
			return true;
	return false;
}

static void to_person(struct bench *b)
{
	call_up(b, PHONE | CHAN_MOVES, 0);
	bench_feed(b, ev_text(WISH));
	played(b);
}

TEST(talk_move_sentence_then_transfer_with_briefing)
{
	struct bench b;
	call_up(&b, PHONE | CHAN_MOVES, 0);
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	played(&b);
	bench_feed(&b, ev_text("this is terrible, I am furious! " WISH));
	CHECK(says(&b, "transfer"));
	HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"handoff\"");
	CHECK(!bench_act(&b, TACT_TRANSFER));
	played(&b);
	const struct talk_act *x = bench_act(&b, TACT_TRANSFER);
	CHECK(x);
	SV_EQ(x->text, DESK);
	SV_EQ(x->lang, "en");
	HAS(x->context, "Ms Li");
	HAS(x->context, "English");
	HAS(x->context, "angry");
	HAS(x->context, "how long can I return an article");
	HAS(x->context, "You have 30 days");
	CHECK(sv_find(x->context, SV("{")) < 0);
	HAS(bench_rec(&b, "call.transfer")->text, "\"state\":\"asked\"");
	EQ(b.c.sm.now, TS_LISTENING);
	bench_close(&b);
}

TEST(talk_move_briefing_without_a_question)
{
	struct bench b;
	to_person(&b);
	HAS(bench_act(&b, TACT_TRANSFER)->context, "asks for a person");
	CHECK(sv_find(bench_act(&b, TACT_TRANSFER)->context, SV("question")) < 0);
	bench_close(&b);
}

/* Without a way to connect nothing changes: the customer is told how to reach a person. */
TEST(talk_move_without_a_way_tells_the_number)
{
	for (int i = 0; i < 3; i++) {
		struct bench b;
		call_up(&b, i == 0 ? PHONE : PHONE | CHAN_MOVES, 0);
		b.cfg.transfer_to = i == 1 ? "" : i == 2 ? NULL : DESK;
		bench_feed(&b, ev_text(WISH));
		CHECK(says(&b, "handoff"));
		played(&b);
		CHECK(!bench_act(&b, TACT_TRANSFER));
		bench_close(&b);
	}
}

TEST(talk_move_every_way_to_wish)
{
	for (int way = 0; way < 4; way++) {
		struct bench b;
		call_up(&b, PHONE | CHAN_MOVES, 1);
		if (way == 0)
			bench_feed(&b, ev_text(WISH));
		if (way == 1)
			bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0") });
		if (way >= 2) {
			bench_feed(&b, ev_text("how long can I return an article"));
			bench_feed(&b, ev_found(&b));
		}
		if (way == 3)
			bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. A"));
		if (way >= 2)
			bench_feed(&b, ev_call(&b, "handoff", "{}"));
		if (way == 3)
			b.c.t.draft.n = 0;
		if (way >= 2)
			bench_feed(&b, ev_end(&b, 0));
		HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"handoff\"");
		CHECK(b.c.move == MOVE_WANTED);
		played(&b);
		CHECK(bench_act(&b, TACT_TRANSFER));
		bench_close(&b);
	}
}

/* Cut or not, the wish stands; "no" takes it back. */
TEST(talk_move_a_cut_sentence)
{
	static const struct {
		const char *then; /* NULL = nothing was understood */
		bool moves;
	} rows[] = { { NULL, true }, { "thanks", true }, { WISH, true }, { "no", false } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		call_up(&b, PHONE | CHAN_MOVES, 0);
		bench_feed(&b, ev_text(WISH));
		struct talk_ev start = { .kind = TEV_SPEECH_START,
					 .heard = { b.c.speaking, i ? 0 : 9, 1, 2 } };
		talk_step(&b.c, &start, &b.a, &b.acts);
		CHECK(!bench_act(&b, TACT_TRANSFER));
		bench_feed(&b, rows[i].then ? ev_text(rows[i].then) :
					      (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
		EQ(!bench_act(&b, TACT_TRANSFER), !rows[i].moves);
		EQ(b.c.tally.transfers, rows[i].moves);
		bench_close(&b);
	}
}

TEST(talk_move_asked_again_while_it_rings)
{
	struct bench b;
	to_person(&b);
	bench_feed(&b, moved(TEV_MOVED, "ringing", ""));
	HAS(bench_rec(&b, "call.transfer")->text, "ringing");
	bench_feed(&b, ev_text(WISH));
	CHECK(says(&b, "transfer_wait") && !bench_act(&b, TACT_TRANSFER));
	played(&b);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0") });
	CHECK(says(&b, "transfer_wait") && !bench_act(&b, TACT_TRANSFER));
	played(&b);
	/* another question is answered meanwhile */
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	CHECK(bench_act(&b, TACT_SAY));
	EQ(b.c.tally.transfers, 1);
	bench_close(&b);
}

/* A phrase at least every six seconds, beside the turns; in the end nobody comes. */
TEST(talk_move_waits_with_phrases_and_not_for_ever)
{
	struct bench b;
	to_person(&b);
	int phrases = 0, past = b.c.n_past;
	const struct talk_act *t = bench_act(&b, TACT_TIMER);
	CHECK(t && t->timer == TT_SILENCE);
	while (b.c.move == MOVE_ASKED && phrases < 40) {
		bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
		if (!bench_rec(&b, "turn.aside"))
			break;
		CHECK(says(&b, "transfer_wait"));
		CHECK(bench_act(&b, TACT_SAY)->aside);
		CHECK(bench_act(&b, TACT_TIMER)->ms <= 6000);
		played(&b);
		phrases++;
	}
	CHECK(phrases >= 5 && phrases < 30);
	EQ(b.c.move, MOVE_NONE);
	HAS(bench_act(&b, TACT_SAY)->text, "nobody answered");
	EQ(b.c.n_past, past + 1);
	EQ(b.c.sm.now, TS_SPEAKING);
	bench_close(&b);
}

TEST(talk_move_fails_with_its_reason)
{
	static const struct {
		const char *why, *says;
	} rows[] = { { "busy", "busy" },
		     { "no answer", "nobody answered" },
		     { "declined", "nobody is free" },
		     { "unreachable", "cannot be reached" },
		     { "something new", "cannot be reached" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		to_person(&b);
		bench_feed(&b, moved(TEV_BACK, "failed", rows[i].why));
		HAS(bench_act(&b, TACT_SAY)->text, rows[i].says);
		HAS(bench_rec(&b, "call.transfer")->text, "\"state\":\"failed\"");
		EQ(b.c.sm.now, TS_SPEAKING);
		EQ(b.c.move, MOVE_NONE);
		played(&b);
		bench_feed(&b, ev_text(WISH)); /* a new wish is a new transfer */
		played(&b);
		CHECK(bench_act(&b, TACT_TRANSFER));
		EQ(b.c.tally.transfers, 2);
		bench_close(&b);
	}
}

/* The reason is not said over the customer, nor over an answer: after it. */
TEST(talk_move_failure_waits_for_silence)
{
	for (int how = 0; how < 3; how++) {
		struct bench b;
		to_person(&b);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
		if (how > 0)
			bench_feed(&b, ev_text("how long can I return an article"));
		if (how > 1)
			bench_feed(&b, ev_found(&b));
		bench_feed(&b, moved(TEV_BACK, "failed", "busy"));
		CHECK(!bench_act(&b, TACT_SAY));
		if (how == 0)
			bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
		if (how == 1)
			bench_feed(&b, ev_found(&b));
		if (how > 0)
			played(&b);
		CHECK(bench_act(&b, TACT_SAY));
		HAS(bench_act(&b, TACT_SAY)->text, "busy");
		bench_close(&b);
	}
}

/* With a person: we say nothing, write down, and are back when the person is gone. */
TEST(talk_move_joined_we_only_listen)
{
	struct bench b;
	to_person(&b);
	bench_feed(&b, moved(TEV_JOINED, "joined", ""));
	EQ(b.c.sm.now, TS_AWAY);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	bench_feed(&b, ev_text("how long can I return an article"));
	CHECK(bench_rec(&b, "turn.customer"));
	EQ(b.acts.n, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0") });
	CHECK(bench_rec(&b, "call.dtmf") && b.acts.n == 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
	EQ(b.acts.n, 0);
	bench_feed(&b, moved(TEV_MOVED, "left", ""));
	HAS(bench_rec(&b, "call.transfer")->text, "left");
	bench_feed(&b, moved(TEV_BACK, "failed", "gone"));
	CHECK(says(&b, "transfer_back"));
	EQ(b.c.sm.now, TS_SPEAKING);
	bench_close(&b);
}

/* In every state of the conversation the join ends our part at once. */
/* The recogniser went while the person spoke: the bot knows when it has the customer back. */
TEST(talk_move_ears_lost_meanwhile)
{
	struct bench b;
	to_person(&b);
	bench_feed(&b, moved(TEV_JOINED, "joined", ""));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_ASR_LOST });
	CHECK(!bench_act(&b, TACT_SAY));
	EQ(b.c.sm.now, TS_AWAY);
	bench_feed(&b, moved(TEV_BACK, "failed", "gone"));
	CHECK(b.c.asr_lost);
	bench_close(&b);
}

TEST(talk_move_joined_at_any_time)
{
	for (int at = 0; at < 5; at++) {
		struct bench b;
		to_person(&b);
		if (at >= 1)
			bench_feed(&b, ev_text("how long can I return an article"));
		if (at == 2)
			bench_feed(&b, ev_found(&b));
		if (at == 3)
			bench_feed(&b, (struct talk_ev){ .kind = TEV_HOLD });
		if (at == 4) {
			bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
			struct talk_ev l = ev_text("return an article");
			l.kind = TEV_LIKELY;
			bench_feed(&b, l);
		}
		bench_feed(&b, moved(TEV_JOINED, "joined", ""));
		EQ(b.c.sm.now, TS_AWAY);
		CHECK(!b.c.in_turn && !b.c.n_queue && !b.c.guess.on && !b.c.speaking);
		CHECK(!bench_act(&b, TACT_SAY));
		bench_feed(&b, (struct talk_ev){ .kind = TEV_CLOSE });
		CHECK(bench_rec(&b, "conversation.closed"));
		bench_close(&b);
	}
}

/* ---- one wish, one transfer ---- */

struct race {
	struct bench b;
	struct rng *rng;
	int transfers;
	bool search, model, mouth;
};

static void race_feed(struct race *r, struct talk_ev ev)
{
	bench_feed(&r->b, ev);
	for (size_t i = 0; i < r->b.acts.n; i++) {
		const struct talk_act *x = &r->b.acts.v[i];
		r->transfers += x->kind == TACT_TRANSFER;
		if (x->kind == TACT_SEARCH)
			r->search = true;
		if (x->kind == TACT_MODEL_CANCEL)
			r->model = false;
		if (x->kind == TACT_MODEL)
			r->model = true;
	}
}

static void speak(struct race *r, const char *words)
{
	struct talk_ev ev = ev_text(words);
	if (!r->mouth)
		race_feed(r, (struct talk_ev){ .kind = TEV_SPEECH_START });
	r->mouth = true;
	for (int i = (int)rng_below(r->rng, 3); i > 0; i--) {
		ev.kind = TEV_LIKELY;
		race_feed(r, ev);
	}
	ev.kind = TEV_TEXT;
	if (rng_below(r->rng, 4) == 0 && words[0] != 'I')
		ev = (struct talk_ev){ .kind = TEV_SPEECH_NOTHING };
	race_feed(r, ev);
	r->mouth = false;
}

/* What is asked for is answered: the search finds, the model wants a hand-over (or, before the
 * words are certain, breaks down). */
static void answer(struct race *r)
{
	struct bench *b = &r->b;
	uint32_t gen = b->c.guess.on ? b->c.guess.gen : b->c.gen;
	if (r->search) {
		r->search = false;
		struct talk_ev f = ev_found(b);
		f.spare = true;
		f.gen = gen;
		race_feed(r, f);
	} else if (r->model) {
		bool breaks = b->c.guess.on && rng_below(r->rng, 3) == 0;
		struct talk_ev call = ev_call(b, "handoff", "{}"), end = ev_end(b, 0);
		call.gen = end.gen = gen;
		end.err = breaks ? ERR_NET : 0;
		if (!breaks)
			race_feed(r, call);
		if (rng_below(r->rng, 3) == 0)
			race_feed(r, call); /* a server that repeats itself */
		r->model = false;
		race_feed(r, end);
	}
}

static void chaos(struct race *r)
{
	static const char *const others[] = { "thanks", "points please", WISH, WISH };
	struct bench *b = &r->b;
	switch (rng_below(r->rng, 7)) {
	case 0:
		race_feed(r, (struct talk_ev){ .kind = TEV_SPEECH_START });
		r->mouth = true;
		break;
	case 1:
		speak(r, others[rng_below(r->rng, 4)]);
		break;
	case 2:
		race_feed(r, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.speaking });
		break;
	case 3:
		race_feed(r, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0") });
		r->mouth = false;
		break;
	case 4:
		race_feed(r, (struct talk_ev){ .kind = TEV_HOLD });
		race_feed(r, (struct talk_ev){ .kind = TEV_RESUME });
		r->mouth = false;
		break;
	default:
		answer(r);
	}
}

/* Until nothing is under way any more. */
static void settle(struct race *r)
{
	struct bench *b = &r->b;
	for (int i = 0; i < 40; i++) {
		if (r->mouth)
			race_feed(r, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
		r->mouth = false;
		if (b->c.in_turn)
			answer(r);
		if (b->c.speaking)
			race_feed(r, (struct talk_ev){ .kind = TEV_PLAYED,
						       .say_id = b->c.speaking });
	}
}

TEST(talk_move_one_wish_is_one_transfer_in_200_races)
{
	for (int i = 0; i < 200; i++) {
		struct race r = { .rng = t_rng() };
		call_up(&r.b, PHONE | CHAN_MOVES, 1);
		bool by_model = rng_below(r.rng, 2);
		speak(&r, by_model ? "I have a question about my article" : WISH);
		for (int k = (int)rng_below(r.rng, 12); k > 0; k--)
			chaos(&r);
		settle(&r);
		if (r.transfers != 1)
			printf("# race %d, by model %d: %d transfers, state %s, move %d\n", i,
			       by_model, r.transfers, talk_core_state(&r.b.c), (int)r.b.c.move);
		EQ(r.transfers, 1);
		bench_close(&r.b);
	}
}
