/* Unit tests of endings: goodbye, the far side that goes in every state, freeing from within
 * callbacks. */
#include "t_chan_world.h"

TEST(end_hangup_waits_for_the_goodbye)
{
	static struct world w;
	w_init(&w, 8000);
	w.tts[0].first_ms = 1500; /* a slow voice: nothing is made when hangup comes */
	OK(w_open(&w));
	const char *bye =
		"Thank you for calling the parcel service and have a pleasant day. Goodbye.";
	OK(w_say(&w, 1, bye, true));
	w_run(&w, 200);
	chan_hangup(w.peer, CHAN_BY_BOT);
	chan_hangup(w.peer, CHAN_BY_BOT);
	EQ(w.closes, 0);
	for (int i = 0; i < 500 && !w.closes; i++)
		w_step(&w);
	EQ(w.samples, strlen(bye) * 80);
	EQ(w_count(&w, CHAN_PLAYED), 1);
	EQ(w.closes, 1);
	EQ(w.by, CHAN_BY_BOT);
	EQ(w.hangups, 1);
	w_done(&w);
	EQ(w.closes, 1);
}

TEST(end_hangup_in_silence_is_soon_but_not_from_within)
{
	static struct world w;
	w_init(&w, 8000);
	OK(w_open(&w));
	w_run(&w, 100);
	chan_hangup(w.peer, CHAN_BY_AGENT);
	EQ(w.closes, 0);
	w_step(&w);
	EQ(w.closes, 1);
	EQ(w.by, CHAN_BY_AGENT);
	chan_hangup(w.peer, CHAN_BY_BOT);         /* too late: no harm */
	EQ(w_say(&w, 2, "nor this", true), ERR_CLOSED);
	chan_voice_key(w.v, '1');
	chan_voice_hold(w.v, true);
	w_run(&w, 100);
	EQ(w.n_msgs, 0);
	EQ(w.hangups, 1);
	w_done(&w);
}

TEST(end_hangup_is_bounded)
{
	static struct world w;
	w_init(&w, 8000);
	w.tts[0].stuck = true;
	OK(w_open(&w));
	OK(w_say(&w, 1, "never made", true));     /* 10 bytes: 0.8 s, and 2 s more */
	chan_hangup(w.peer, CHAN_BY_BOT);
	int64_t from = loop_now_ms(w.loop);
	while (!w.closes)
		w_step(&w);
	ABOUT(loop_now_ms(w.loop) - from, 2800, 40);
	w_done(&w);
}

/* Before the call is answered no frame passes: the end must not wait for frames. */
TEST(end_hangup_before_any_frame)
{
	static struct world w;
	w_init(&w, 8000);
	w.greeting = "Hello.";
	OK(w_open(&w));
	chan_hangup(w.peer, CHAN_BY_AGENT);
	loop_sim_advance(w.loop, 4000);
	EQ(w.closes, 1);
	w_done(&w);
}

TEST(end_system_closes_at_once)
{
	static struct world w;
	w_init(&w, 8000);
	w.greeting = "Hello, this is the parcel service.";
	w.free_on_hangup = true;
	OK(w_open(&w));
	w_run(&w, 100);
	chan_hangup(w.peer, CHAN_BY_BOT);
	chan_hangup(w.peer, CHAN_BY_SYSTEM);
	EQ(w.closes, 1);
	EQ(w.by, CHAN_BY_SYSTEM);
	CHECK(!w.v);
	w_done(&w);
	EQ(w.closes, 1);
}

TEST(end_engine_refuses)
{
	static struct world w;
	w_init(&w, 8000);
	w.o.data_dir = t_tmpdir();
	w.o.info.interaction_id = SV("01J0000000000000000000000A");
	w.refuse = ERR_FULL;
	EQ(w_open(&w), ERR_FULL);
	CHECK(!w.v);
	char path[4300];
	snprintf(path, sizeof(path), "%s/recordings/01J0000000000000000000000A.wav", w.o.data_dir);
	CHECK(!file_exists(path));                /* no empty recording stays */
	w_done(&w);
	EQ(w.closes, 0);
}

/* The shard ends while the engine greets: the opener is told by the return, not by hangup. */
TEST(end_system_closes_from_within_open)
{
	static struct world w;
	w_init(&w, 8000);
	w.greeting = "Hello, this is the parcel service.";
	w.end_on_open = w.free_on_hangup = true;
	EQ(w_open(&w), ERR_CLOSED);
	CHECK(!w.v);
	EQ(w.closes, 1);
	EQ(w.by, CHAN_BY_SYSTEM);
	EQ(w.hangups, 0);
	w_done(&w);
	EQ(w.closes, 1);
}

/* ---- the far side goes, in every state */

static void s_new(struct world *w)
{
}

static void s_making(struct world *w)
{
	w_say(w, 1, "being made", true);
}

static void s_saying(struct world *w)
{
	w_say(w, 1, "one two three four five six seven eight nine ten", false);
	w_say(w, 1, "eleven", true);
	w_run(w, 300);
}

static void s_fading(struct world *w)
{
	struct chan_heard h;
	s_saying(w);
	chan_hush(w->peer, &h);
}

static void s_grace(struct world *w)
{
	w_say(w, 1, "short", true);
	while (w->samples < 400)
		w_step(w);
}

static void s_hearing(struct world *w)
{
	w_speak(w, 1000);
	w_run(w, 500);
}

static void s_ducking(struct world *w)
{
	s_saying(w);
	w_speak(w, 1000);
	w_run(w, 120);
}

static void s_pausing(struct world *w)
{
	w_speak(w, 400);
	w_run(w, 800);
}

static void s_awaiting(struct world *w)
{
	w->asr.answer_ms = 3000;
	w_speak(w, 400);
	w_run(w, 1200);
}

static void s_holding_words(struct world *w)
{
	w->asr.says[w->asr.n_says++] = "kept back";
	w->asr.answer_ms = 500;
	w_speak(w, 400);
	w_run(w, 1080);
	w_speak(w, 2000);
	w_run(w, 800);
}

static void s_held(struct world *w)
{
	s_saying(w);
	chan_voice_hold(w->v, true);
}

static void s_ending(struct world *w)
{
	s_saying(w);
	chan_hangup(w->peer, CHAN_BY_BOT);
}

static void s_deaf(struct world *w)
{
	w_run(w, 100);
	f_asr_break(&w->asr);
}

static void s_lost_is_due(struct world *w)
{
	chan_say(w->peer, &(struct chan_out){ .say_id = 1, .text = SV("x"), .lang = SV("zh") });
}

static void s_over(struct world *w)
{
	chan_hangup(w->peer, CHAN_BY_BOT);
	w_run(w, 100);
}

static void (*const states[])(struct world *) = {
	s_new, s_making, s_saying, s_fading, s_grace, s_hearing, s_ducking, s_pausing, s_awaiting,
	s_holding_words, s_held, s_ending, s_deaf, s_lost_is_due, s_over,
};

TEST(end_far_side_goes_in_every_state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		for (int how = 0; how < 3; how++) {
			static struct world w;
			w_init(&w, how == 2 ? 16000 : 8000);
			w.o.data_dir = t_tmpdir();
			w.o.info.interaction_id = SV("01J0000000000000000000000B");
			OK(w_open(&w));
			states[i](&w);
			int told = w.n_msgs - w_count(&w, CHAN_RECORDED);
			if (how == 0)
				chan_voice_gone(w.v, CHAN_BY_CUSTOMER);
			else if (how == 1)
				chan_hangup(w.peer, CHAN_BY_SYSTEM);
			if (how != 2 && states[i] != s_over)
				EQ(w.by, how ? CHAN_BY_SYSTEM : CHAN_BY_CUSTOMER);
			if (how != 2)
				w_run(&w, 5000);          /* nothing comes any more */
			EQ(w.n_msgs - w_count(&w, CHAN_RECORDED), told);
			w_done(&w);
			EQ(w.closes, 1);
		}
}

/* The engine ends it from within a message, and the far side frees the voice from within hangup. */
TEST(end_from_within_each_message)
{
	static const enum chan_msg_kind kinds[] = { CHAN_SPEECH_START, CHAN_SPEECH_FINAL,
						    CHAN_KEY,          CHAN_PLAYED,
						    CHAN_HOLD,         CHAN_RESUME,
						    CHAN_ASR_LOST };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		static struct world w;
		w_init(&w, 8000);
		w.free_on_hangup = w.ends = true;
		w.end_on = kinds[i];
		OK(w_open(&w));
		OK(w_say(&w, 1, "short.", true));
		w_run(&w, 400);
		w_speak(&w, 500);
		w_run(&w, 1500);
		if (w.v)
			chan_voice_key(w.v, '5');
		if (w.v)
			chan_voice_hold(w.v, true);
		if (w.v)
			chan_voice_hold(w.v, false);
		if (w.v)
			f_asr_break(&w.asr);
		CHECK(!w.v);
		EQ(w.msgs[w.n_msgs - 1].kind, kinds[i]);
		w_done(&w);
		EQ(w.closes, 1);
	}
}
