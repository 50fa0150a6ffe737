/* Unit tests of telephone calls as conversations: a real call on 127.0.0.1 with scripted
 * engines. The test's own loop is the shard and serves the caller too. */
#include "t_chan_line.h"

TEST(phone_greets_listens_and_is_hung_up)
{
	static struct line x;
	OK(l_open(&x));
	x.w.asr.says[x.w.asr.n_says++] = "where is it";
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, played, &x, 5000));
	NEAR(x.heard, 17, 3);                     /* 340 ms of greeting */
	EQ(x.w.caps, CHAN_VOICE | CHAN_PARTIES | CHAN_DTMF | CHAN_ASR);
	HAS(sv_of(x.w.recording), "recordings/");
	OK(tel_leg_dtmf(x.leg, "6"));
	CHECK(t_wait(x.w.loop, keyed, &x, 3000));
	STR_EQ(w_msg(&x.w, CHAN_KEY, 0)->text, "6");
	x.speaks = true;
	CHECK(t_wait(x.w.loop, started, &x, 3000));
	x.speaks = false;
	CHECK(t_wait(x.w.loop, understood, &x, 3000));
	STR_EQ(w_msg(&x.w, CHAN_SPEECH_FINAL, 0)->text, "where is it");
	EQ(x.w.closes, 0);
	tel_leg_hangup(x.leg, 200);
	CHECK(t_wait(x.w.loop, engine_closed, &x, 3000));
	EQ(x.w.by, CHAN_BY_CUSTOMER);
	l_close(&x);
}

TEST(phone_engine_hangs_up_after_its_words)
{
	static struct line x;
	OK(l_open(&x));
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, up, &x, 3000));
	chan_hangup(x.w.peer, CHAN_BY_BOT);
	CHECK(t_wait(x.w.loop, far_closed, &x, 5000));
	EQ(x.status, 200);
	EQ(x.w.by, CHAN_BY_BOT);
	NEAR(x.heard, 17, 3);
	l_close(&x);
	EQ(x.w.closes, 1);
}

/* Everything of the shard's is gone when hangup returns; the front ends the session by itself. */
TEST(phone_shard_ends)
{
	static struct line x;
	OK(l_open(&x));
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, greeted, &x, 5000));
	chan_hangup(x.w.peer, CHAN_BY_SYSTEM);
	EQ(x.w.closes, 1);
	EQ(x.w.by, CHAN_BY_SYSTEM);
	EQ(x.w.asr.live, 0);
	EQ(x.w.tts[0].live, 0);
	CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
	l_close(&x);
	EQ(x.w.closes, 1);
}

TEST(phone_no_place_is_refused)
{
	static struct line x;
	OK(l_open(&x));
	x.refuse = ERR_FULL;
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
	EQ(x.status, err_sip(ERR_FULL));
	EQ(x.ups, 0);
	l_close(&x);
}

TEST(phone_engine_refuses)
{
	static struct line x;
	OK(l_open(&x));
	x.w.refuse = ERR_FULL;
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
	EQ(x.status, 503);
	EQ(x.w.closes, 0);
	l_close(&x);
}

TEST(phone_caller_gives_up_at_once)
{
	for (int i = 0; i < 5; i++) {
		static struct line x;
		OK(l_open(&x));
		OK(l_dial(&x));
		for (int k = 0; k < i; k++)
			(void)loop_run_once(x.w.loop, 2);
		tel_leg_hangup(x.leg, 0);
		CHECK(t_wait(x.w.loop, far_closed, &x, 3000));
		l_close(&x);
		EQ(x.w.closes, x.w.peer ? 1 : 0);
	}
}
