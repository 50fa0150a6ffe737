/* t_talk_tone.c: the customer's voice in the conversation: it changes the mood and is on the
 * record, and an event log keeps it to the last bit; logs without it read as before. */
#include <stdio.h>
#include "t_talk_help.h"
#include "talk_wire.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR)

static struct pcm_prosody_sum tone(double up)
{
	return (struct pcm_prosody_sum){ .f0_mean = (float)(13.123456789 + 4 * up),
					 .db_mean = (float)(-30 + 5 * up),
					 .tilt_mean = (float)(-11 + 4 * up),
					 .rate = (float)(4.2 + up / 2),
					 .f0_move = (float)(35 + 8 * up),
					 .speech_s = 2.5F, .voiced = 0.7F, .pause = 0.1F };
}

static struct talk_ev spoken(const char *text, const struct pcm_prosody_sum *s)
{
	struct talk_ev ev = ev_text(text);
	ev.via = "speech";
	ev.confidence = 0.9;
	ev.tone = s;
	return ev;
}

/* The body of the customer's row among the last actions. */
static sv row_of(const struct bench *b)
{
	for (size_t i = 0; i < b->acts.n; i++)
		if (b->acts.v[i].kind == TACT_RECORD &&
		    strcmp(b->acts.v[i].rec, "turn.customer") == 0)
			return b->acts.v[i].text;
	return SV_NULL;
}

static void calls(struct bench *b)
{
	struct pcm_prosody_sum s = tone(0);
	bench_open(b, PHONE, 0);
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
	for (int i = 0; i < 5; i++) {
		bench_feed(b, spoken("what does delivery cost", &s));
		bench_feed(b, ev_found(b));
	}
}

TEST(talk_tone_is_on_the_record_and_counts)
{
	struct bench b;
	struct pcm_prosody_sum loud = tone(2.2), same = tone(0);

	calls(&b);
	bench_feed(&b, spoken("what does delivery cost", &same));
	CHECK(sv_find(row_of(&b), SV("\"voice\":{\"arousal\":")) >= 0);
	CHECK(sv_find(row_of(&b), SV("\"cue\"")) < 0);
	double calm = b.c.feel.now.arousal;
	bench_feed(&b, ev_found(&b));
	bench_feed(&b, spoken("what does delivery cost", &loud));
	CHECK(b.c.tone.known && b.c.tone.anger > 0.2);
	CHECK(b.c.feel.now.arousal > calm + 0.2);
	CHECK(b.c.feel.now.share[FEEL_ANGRY] > 0.1);
	CHECK(sv_find(row_of(&b), SV("\"cue\":\"")) >= 0);
	bench_feed(&b, ev_found(&b));
	/* typed or keyed words have no voice, and the last one's is not theirs */
	bench_feed(&b, ev_text("what does delivery cost"));
	CHECK(!b.c.tone.known);
	CHECK(sv_find(row_of(&b), SV("\"voice\"")) < 0);
	bench_close(&b);
}

/* A chat has no voice, whatever a channel hands in. */
TEST(talk_tone_of_a_chat_is_not_looked_at)
{
	struct bench b;
	struct pcm_prosody_sum s = tone(2);

	bench_open(&b, CHAN_STREAM, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	bench_feed(&b, spoken("what does delivery cost", &s));
	CHECK(!b.c.tone.known);
	NEAR(b.c.tone.heard_s, 0, 0);
	bench_close(&b);
}

static sv no_body(void *arg, int64_t number)
{
	return SV_NULL;
}

static int read_back(sv line, struct arena *a, struct talk_ev *ret)
{
	jv *o = jv_parse(line, NULL);
	int rc = o ? wire_get_ev(o, a, no_body, NULL, ret) : ERR_PARSE;
	jv_free(o);
	return rc;
}

TEST(talk_tone_in_the_log_to_the_last_bit)
{
	struct arena a;
	struct sb b, again;
	struct pcm_prosody_sum s = tone(1.0 / 3);
	struct talk_ev ev = spoken("hello", &s), got;

	arena_init(&a, 1 << 16);
	sb_init(&b, 1 << 14);
	sb_init(&again, 1 << 14);
	wire_put_ev(&b, &ev, NULL, NULL);
	EQ(read_back(sb_sv(&b), &a, &got), 0);
	CHECK(got.tone);
#define SAME(name) CHECK(memcmp(&got.tone->name, &s.name, sizeof(float)) == 0);
	PCM_PROSODY_SUM(SAME)
	wire_put_ev(&again, &got, NULL, NULL);
	CHECK(sv_eq(sb_sv(&b), sb_sv(&again)));
	sb_done(&b);
	sb_done(&again);
	arena_done(&a);
}

TEST(talk_tone_logs_of_before_have_none)
{
	struct arena a;
	struct sb b;
	struct talk_ev ev = spoken("hello", NULL), got;

	arena_init(&a, 1 << 16);
	sb_init(&b, 1 << 14);
	wire_put_ev(&b, &ev, NULL, NULL);
	CHECK(sv_find(sb_sv(&b), SV("tone")) < 0);
	EQ(read_back(sb_sv(&b), &a, &got), 0);
	CHECK(!got.tone);
	/* what a hostile log holds is a number at most */
	EQ(read_back(SV("{\"kind\":\"text\",\"tone\":{\"rate\":\"x\",\"f0_mean\":[1],\"over\":"
			"1e99}}"),
		     &a, &got),
	   0);
	CHECK(got.tone && got.tone->rate == 0);
	sb_done(&b);
	arena_done(&a);
}
