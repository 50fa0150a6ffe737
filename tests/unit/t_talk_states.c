/* Every word of the people's side in every state of a conversation: a table of both. Nothing may
 * stop the program, hang, swallow the customer's next question, or say an empty sentence. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR | CHAN_PARTIES)
#define WISH "I want to talk to a person"
#define ASKS "how long can I return an article"

static void heard(struct bench *b)
{
	if (b->c.voice && b->c.speaking)
		bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.speaking });
}

static void told(struct bench *b, struct talk_word w)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_WORD, .word = &w, .text = w.text,
					.masked = w.text, .model_text = w.text,
					.now_us = b->c.now_us + 1000 });
}

static void in_party(struct bench *b)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_PARTY_IN, .text = SV("joined"),
					.client_id = SV("agent:mei"), .mode = CHAN_TALKS });
}

static void st_idle(struct bench *b)
{
	heard(b);
}

static void st_thinks(struct bench *b)
{
	heard(b);
	bench_feed(b, ev_text(ASKS));
}

static void st_streams(struct bench *b)
{
	st_thinks(b);
	bench_feed(b, ev_found(b));
	bench_feed(b, ev_delta(b, "You have 30 days [1]. Unused "));
}

static void st_speaks(struct bench *b)
{
	heard(b);
	bench_feed(b, ev_text("hello"));
}

static void st_mouth(struct bench *b)
{
	heard(b);
	bench_feed(b, (struct talk_ev){ .kind = TEV_SPEECH_START });
}

static void st_held(struct bench *b)
{
	heard(b);
	bench_feed(b, (struct talk_ev){ .kind = TEV_HOLD });
}

static void st_wraps(struct bench *b)
{
	heard(b);
	bench_feed(b, ev_text("goodbye"));
}

static void st_waits(struct bench *b)
{
	heard(b);
	bench_feed(b, ev_text(WISH));
	heard(b);
}

static void st_waits_thinks(struct bench *b)
{
	st_waits(b);
	st_thinks(b);
}

static void st_waits_streams(struct bench *b)
{
	st_waits(b);
	st_streams(b);
}

static void st_waits_held(struct bench *b)
{
	st_waits(b);
	st_held(b);
}

static void st_waits_wraps(struct bench *b)
{
	st_waits(b);
	st_wraps(b);
}

static void st_with(struct bench *b)
{
	st_waits(b);
	if (b->c.voice)
		in_party(b);
	else
		told(b, (struct talk_word){ .kind = WORD_JOINED, .agent = SV("mei") });
}

static void st_offered(struct bench *b)
{
	st_waits(b);
	told(b, (struct talk_word){ .kind = WORD_NOBODY, .why = SV("callback_offer") });
	heard(b);
}

static void st_number(struct bench *b)
{
	st_offered(b);
	bench_feed(b, ev_text("yes"));
	heard(b);
}

static void st_read(struct bench *b)
{
	st_number(b);
	bench_feed(b, ev_text("13800138000"));
	heard(b);
}

static void st_message(struct bench *b)
{
	st_waits(b);
	told(b, (struct talk_word){ .kind = WORD_NOBODY, .why = SV("voicemail") });
	heard(b);
}

static void st_rates(struct bench *b)
{
	st_with(b);
	told(b, (struct talk_word){ .kind = WORD_END, .survey = SURVEY_CSAT });
	heard(b);
}

static const struct {
	const char *name;
	void (*go)(struct bench *b);
	bool voice;                  /* there only */
} states[] = {
	{ "idle", st_idle, false },
	{ "thinks", st_thinks, false },
	{ "streams", st_streams, false },
	{ "speaks", st_speaks, true },
	{ "mouth", st_mouth, true },
	{ "held", st_held, true },
	{ "wraps", st_wraps, true },
	{ "waits", st_waits, false },
	{ "waits, thinks", st_waits_thinks, false },
	{ "waits, streams", st_waits_streams, false },
	{ "waits, held", st_waits_held, true },
	{ "waits, wraps", st_waits_wraps, true },
	{ "with", st_with, false },
	{ "offered", st_offered, false },
	{ "number", st_number, false },
	{ "read", st_read, false },
	{ "message", st_message, false },
	{ "rates", st_rates, false },
};
#define HEAD .agent = { "mei", 3 }, .name = { "Mei", 3 }
static const struct talk_word words[] = {
	{ .kind = WORD_QUEUED, .position = 2, .wait_ms = 60000 },
	{ .kind = WORD_QUEUED, .wait_ms = -1, .why = { "lost", 4 } },
	{ .kind = WORD_CONNECT, HEAD, .party = { "agent:mei", 9 }, .to = { "sip:1@pbx", 9 } },
	{ .kind = WORD_JOINED, HEAD },
	{ .kind = WORD_JOINED },
	{ .kind = WORD_SAYS, HEAD, .text = { "hello", 5 } },
	{ .kind = WORD_SAYS, HEAD },
	{ .kind = WORD_BACK, HEAD },
	{ .kind = WORD_BACK, HEAD, .text = { "return the article", 18 } },
	{ .kind = WORD_BACK, .why = { "lost", 4 } },
	{ .kind = WORD_NOBODY, .why = { "closed", 6 } },
	{ .kind = WORD_NOBODY, .why = { "callback_offer", 14 } },
	{ .kind = WORD_NOBODY, .why = { "voicemail", 9 } },
	{ .kind = WORD_END, HEAD },
	{ .kind = WORD_END, HEAD, .survey = SURVEY_NPS },
	{ .kind = WORD_SURVEY, .survey = SURVEY_CES },
};

static int sent(const struct bench *b, enum talk_act_kind kind)
{
	int n = 0;
	for (size_t i = 0; i < b->acts.n; i++)
		n += b->acts.v[i].kind == kind;
	return n;
}

/* An answer that streams was begun with a say of its own. */
static bool empty_say(const struct bench *b)
{
	for (size_t i = 0; i < b->acts.n; i++) {
		const struct talk_act *x = &b->acts.v[i];
		if (x->kind == TACT_SAY && !x->delta && !sv_trim(x->text).n)
			return true;
	}
	return false;
}

static const char *at_once(const struct bench *b, bool thought, bool asked)
{
	const struct talk_core *c = &b->c;
	if (empty_say(b))
		return "an empty sentence";
	if (c->in_turn && c->sm.now == TS_AWAY)
		return "the bot thinks with a person there";
	if (!c->in_turn && c->sm.now == TS_THINKING)
		return "thinks about nothing";
	if ((c->move == MOVE_JOINED) != (c->sm.now == TS_AWAY))
		return "with a person, or not?";
	if (thought && c->sm.now != TS_AWAY && c->sm.now != TS_WRAPPING && !c->in_turn &&
	    !sent(b, TACT_SAY) && !c->n_queue)
		return "the question is lost";
	if (asked && !c->in_turn && !sent(b, TACT_MODEL_CANCEL))
		return "a model goes on for nobody";
	return NULL;
}

/* Then everything owed is said, and the customer asks: they are answered or written down. */
static const char *afterwards(struct bench *b)
{
	struct talk_core *c = &b->c;
	for (int i = 0; i < 8 && c->sm.now != TS_CLOSED; i++) {
		if (c->voice && c->speaking)
			heard(b);
		else if (c->in_turn && c->t.asks)
			bench_feed(b, ev_end(b, 0));
		else if (c->in_turn)
			bench_feed(b, ev_found(b));
		else if (c->n_queue)
			bench_feed(b, (struct talk_ev){ .kind = TEV_NEXT });
		else
			break;
		if (empty_say(b))
			return "an empty sentence later";
	}
	if (c->sm.now == TS_HELD)
		bench_feed(b, (struct talk_ev){ .kind = TEV_RESUME });
	bool ends = c->sm.now == TS_WRAPPING;
	bench_feed(b, ev_text(ASKS));
	bool row = bench_rec(b, "turn.customer") != NULL;
	bool goes = c->sm.now == TS_AWAY || c->in_turn || sent(b, TACT_SAY) || c->n_queue || ends;
	return !row ? "words without a row" : !goes ? "no answer" : NULL;
}

static const char *one(struct bench *b, size_t s, size_t w)
{
	b->c.person.there = true;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	states[s].go(b);
	bool thought = b->c.in_turn, asked = thought && b->c.t.asks;
	bool fits = talk_word_fits(&b->c, &words[w]);
	int now = b->c.sm.now;
	told(b, words[w]);
	if (!fits && (b->acts.n || b->c.sm.now != now))
		return "it did not fit and did something";
	const char *bad = fits ? at_once(b, thought && !b->c.in_turn, asked) : NULL;
	return bad ? bad : afterwards(b);
}

TEST(talk_states_every_word_in_every_state)
{
	struct talk_texts *texts = bench_texts();
	int bad = 0;
	for (size_t s = 0; s < sizeof(states) / sizeof(*states); s++)
		for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++)
			for (int how = 0; how < 4; how++) {
				struct bench b;
				bool voice = how & 1;
				if (states[s].voice && !voice)
					continue;
				bench_open_with(&b, obj_ref(texts), voice ? PHONE : 0, how >> 1);
				const char *why = one(&b, s, w);
				if (why && ++bad)
					printf("# %s, %s, word %zu, models %d: %s\n",
					       states[s].name, voice ? "voice" : "chat", w,
					       b.models, why);
				bench_close(&b);
			}
	obj_unref(texts);
	EQ(bad, 0);
}

/* An article without an id leaves no subject behind, and the next one finds none. */
TEST(talk_states_an_article_without_an_id)
{
	struct bench b;
	bench_open(&b, 0, 0);
	b.hits[0].article_id = SV("");
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	for (int i = 0; i < 2; i++) {
		bench_feed(&b, ev_text(ASKS));
		bench_feed(&b, ev_found(&b));
		CHECK(bench_act(&b, TACT_SAY));
	}
	bench_close(&b);
}

/* Odd words of a customer who waits, is with a person, or was offered something: one wish at a
 * time, each on the record, nothing said by the bot to who is with a person. */
TEST(talk_states_odd_words)
{
	static char lots[8001];
	static const char *const odd[] = { "",         " ",
					   "agent",    "agent",
					   "agent",    "agent",
					   "AGENT!!",  "0",
					   "4",        "13800138000",
					   "[phone]",  "{\"a\":1}",
					   "转人工",   "人工人工人工",
					   "\xc2\xa0", "???",
					   lots };
	static const size_t at[] = { 0, 7, 12, 13, 14, 15, 16, 17 };
	struct talk_texts *texts = bench_texts();
	memset(lots, 'x', sizeof(lots) - 1);
	int lost = 0, twice = 0, behind = 0;
	for (size_t s = 0; s < 2 * sizeof(at) / sizeof(*at); s++) {
		struct bench b;
		bench_open_with(&b, obj_ref(texts), s & 1 ? PHONE : 0, 0);
		b.c.person.there = true;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
		states[at[s / 2]].go(&b);
		for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
			bool lives = b.c.move == MOVE_ASKED || b.c.move == MOVE_JOINED;
			bool away = b.c.sm.now == TS_AWAY;
			bench_feed(&b, ev_text(odd[i]));
			lost += !bench_rec(&b, "turn.customer");
			twice += lives && bench_act(&b, TACT_PERSON);
			behind += away && bench_act(&b, TACT_SAY);
			while (b.c.in_turn && !b.c.t.asks)
				bench_feed(&b, ev_found(&b));
			heard(&b);
		}
		bench_close(&b);
	}
	obj_unref(texts);
	EQ(lost, 0);
	EQ(twice, 0);
	EQ(behind, 0);
}
