/* Unit tests of calls between two telephones: sound both ways, keys, hold, every way to end. */
#include "t_tel_world.h"

TEST(tel_tones_travel_both_ways)
{
	struct world w;

	w_init(&w);
	w.a.say_hz = 700;
	w.b.say_hz = 1100;
	OK(w_open(&w));
	OK(w_dial(&w, "service"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	STR_EQ(w.a.from, "alice");
	STR_EQ(w.a.to, "service");
	CHECK(t_wait(w.loop, w_heard_60, &w, 5000));
	NEAR(w_heard_db(&w.b, 700), 20 * log10(8000 / 32768.0), 1);
	NEAR(w_heard_db(&w.a, 1100), 20 * log10(8000 / 32768.0), 1);
	CHECK(w_heard_db(&w.a, 700) < -50);
	CHECK(w_heard_db(&w.b, 1100) < -50);
	CHECK(tel_leg_is_up(w.a.leg));
	CHECK(tel_leg_stats(w.a.leg).rtp_in >= 50);
	EQ(tel_leg_stats(w.a.leg).rtp_bad, 0);
	CHECK(tel_leg_tx_samples(w.a.leg) >= 60 * 160);
	STR_EQ(tel_leg_call_id(w.a.leg), tel_leg_call_id(w.b.leg));
	tel_leg_hangup(w.b.leg, 0);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 200);
	EQ(w.b.status, 200);
	EQ(w.b.rings, 1);
	w_done(&w);
	EQ(w.a.closes, 1);
	EQ(w.b.closes, 1);
}

TEST(tel_bye_from_the_called_side)
{
	struct world w;

	w_init(&w);
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	tel_leg_hangup(w.a.leg, 0);
	CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
	EQ(w.a.status, 200);
	EQ(w.b.status, 200);
	w_done(&w);
}

TEST(tel_free_hangs_up)
{
	struct world w;

	w_init(&w);
	OK(w_open(&w));
	OK(w_dial(&w, "x"));
	CHECK(t_wait(w.loop, w_both_up, &w, 3000));
	tel_leg_free(w.b.leg);
	w.b.leg = NULL;
	CHECK(t_wait(w.loop, w_a_closed, &w, 3000));
	EQ(w.a.status, 200);
	EQ(w.b.closes, 0);
	w_done(&w);
}
