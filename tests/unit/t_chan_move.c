/* Unit tests of transfers: a customer, the server and a person on 127.0.0.1; each way it can go
 * and who hears what. */
#include "t_chan_line.h"
#include "chan_parties.h"

static bool greeted_whole(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_PLAYED) == 1;
}

static bool failed(void *arg)
{
	struct line *x = arg;
	return x->n_steps && strcmp(x->steps[x->n_steps - 1], "failed") == 0;
}

static bool joined(void *arg)
{
	struct line *x = arg;
	return x->n_steps && strcmp(x->steps[x->n_steps - 1], "joined") == 0;
}

static bool briefing(void *arg)
{
	struct line *x = arg;
	return x->n_steps && strcmp(x->steps[x->n_steps - 1], "briefing") == 0;
}

static bool person_rings(void *arg)
{
	struct line *x = arg;
	return x->person.leg && x->n_steps == 1;
}

static bool person_gone(void *arg)
{
	return ((struct line *)arg)->person.closes == 1;
}

static bool both_heard(void *arg)
{
	struct line *x = arg;
	return x->heard_person > 15 && x->person.heard_caller > 15;
}

/* What the customer said to the person has been recognised too. */
static bool silent_again(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_SPEECH_FINAL) == 1;
}

static int move_to(struct line *x, bool warm, const char *text)
{
	char uri[64];
	snprintf(uri, sizeof(uri), "sip:ann@127.0.0.1:%d", tel_port(x->person.tel));
	return chan_transfer(x->w.peer, &(struct chan_move){ .to = sv_of(uri),
							     .warm = warm,
							     .briefing = sv_of(text),
							     .lang = SV("en"),
							     .ring_ms = 0 });
}

/* Open, greeted, asked to be moved. */
static bool m_start(struct line *x, const struct chan_transfer_opts *o, int does, const char *text)
{
	if (l_open_with(x, o))
		return false;
	x->person.does = does;
	x->person.speaks = true;
	if (l_dial(x) || !t_wait(x->w.loop, greeted_whole, x, 5000))
		return false;
	x->tune = x->heard = 0;
	return (x->w.caps & CHAN_MOVES) && move_to(x, true, text) == 0;
}

static bool customer_has(struct line *x, const char *why, int status)
{
	int i = x->n_steps - 1;
	return t_wait(x->w.loop, failed, x, 5000) && (i = x->n_steps - 1) >= 0 &&
	       strcmp(x->whys[i], why) == 0 && x->statuses[i] == status && x->w.closes == 0;
}

/* After a failure the bot's words are heard again, without the tune. */
static bool bot_heard(void *arg)
{
	return ((struct line *)arg)->heard > 4;
}

static bool bot_speaks(struct line *x)
{
	x->heard = 0;
	return w_say(&x->w, 9, "I am still here.", true) == 0 &&
	       t_wait(x->w.loop, bot_heard, x, 3000);
}

static const struct chan_transfer_opts plain;

TEST(move_person_answers_is_told_and_joined)
{
	static struct line x;
	CHECK(m_start(&x, &plain, P_ANSWERS, "Ann asks about a parcel."));
	EQ(move_to(&x, true, "again"), ERR_STATE);
	CHECK(t_wait(x.w.loop, joined, &x, 5000));
	CHECK(x.n_steps == 3 || x.n_steps == 2); /* a quick person: "ringing" may be overtaken */
	STR_EQ(x.steps[x.n_steps - 2], "briefing");
	NEAR(x.person.briefed, 12, 4);           /* 240 ms of briefing, to the person only */
	EQ(x.heard, 0);
	EQ(x.heard_person, 0);
	CHECK(x.tune > 0);
	EQ(x.person.invites, 1);
	x.speaks = true;
	CHECK(t_wait(x.w.loop, both_heard, &x, 5000));
	x.speaks = false;
	CHECK(t_wait(x.w.loop, silent_again, &x, 5000));
	tel_leg_hangup(x.person.leg, 200);
	CHECK(customer_has(&x, "gone", 200));
	x.person.speaks = false;
	CHECK(bot_speaks(&x));
	tel_leg_hangup(x.leg, 200);
	l_close(&x);
	EQ(x.w.by, CHAN_BY_CUSTOMER);
	EQ(x.w.closes, 1);
}

TEST(move_busy_declined_no_place)
{
	static const struct {
		int does, status;
		const char *why;
	} all[] = { { P_BUSY, 486, "busy" },
		    { P_DECLINES, 603, "declined" },
		    { P_NO_PLACE, 503, "unreachable" } };
	for (size_t i = 0; i < 3; i++) {
		static struct line x;
		CHECK(m_start(&x, &plain, all[i].does, "Ann."));
		CHECK(customer_has(&x, all[i].why, all[i].status));
		CHECK(bot_speaks(&x));
		EQ(x.person.ups, 0);
		EQ(x.person.invites, 1);
		l_close(&x);
	}
}

TEST(move_nobody_answers)
{
	static struct line x;
	CHECK(m_start(&x, &(struct chan_transfer_opts){ .ring_ms = 300 }, P_RINGS, "Ann."));
	CHECK(customer_has(&x, "no answer", 408));
	STR_EQ(x.steps[0], "ringing");
	CHECK(x.tune > 5);
	CHECK(t_wait(x.w.loop, person_gone, &x, 3000)); /* CANCEL */
	CHECK(bot_speaks(&x));
	l_close(&x);
}

/* The customer leaves while it rings, while the person is told, while both talk: the person's
 * leg ends too, and everything is given back. */
TEST(move_customer_leaves_in_every_state)
{
	bool (*const when[])(void *) = { person_rings, briefing, joined };
	for (int i = 0; i < 3; i++) {
		static struct line x;
		CHECK(m_start(&x, &plain, i ? P_ANSWERS : P_RINGS,
			      "A long story about a parcel that has not come for many days now."));
		CHECK(t_wait(x.w.loop, when[i], &x, 5000));
		tel_leg_hangup(x.leg, 200);
		CHECK(t_wait(x.w.loop, person_gone, &x, 3000));
		EQ(x.w.by, CHAN_BY_CUSTOMER);
		l_close(&x);
		EQ(x.w.closes, 1);
		EQ(x.person.invites, 1);
	}
}

/* The bot or the shard ends it meanwhile. */
TEST(move_engine_hangs_up_in_every_state)
{
	bool (*const when[])(void *) = { person_rings, briefing, joined };
	for (int i = 0; i < 6; i++) {
		static struct line x;
		CHECK(m_start(&x, &plain, i / 2 ? P_ANSWERS : P_RINGS,
			      "A long story about a parcel that has not come for many days now."));
		CHECK(t_wait(x.w.loop, when[i / 2], &x, 5000));
		chan_hangup(x.w.peer, i % 2 ? CHAN_BY_SYSTEM : CHAN_BY_BOT);
		CHECK(t_wait(x.w.loop, person_gone, &x, 3000));
		l_close(&x);
		EQ(x.w.closes, 1);
	}
}

TEST(move_person_hangs_up_while_told)
{
	static struct line x;
	CHECK(m_start(&x, &plain, P_ANSWERS,
		      "A long story about a parcel that has not come for many days now."));
	CHECK(t_wait(x.w.loop, briefing, &x, 5000));
	tel_leg_hangup(x.person.leg, 200);
	CHECK(customer_has(&x, "declined", 200));
	CHECK(bot_speaks(&x));
	l_close(&x);
}

/* "One or two?" is 110 ms of sound, about 6 frames. */
static bool question_heard(void *arg)
{
	return ((struct line *)arg)->person.briefed > 4;
}

static bool silent_for_long(void *arg)
{
	return ((struct line *)arg)->person.frames > 60;
}

/* Who answers (it may be a voicemail) hears the question only; what it is about after the key. */
TEST(move_person_takes_it_with_a_key)
{
	static struct line x;
	struct chan_transfer_opts o = { .confirm = true };
	CHECK(m_start(&x, &o, P_ANSWERS, "Ann waits for a parcel for many days now."));
	CHECK(t_wait(x.w.loop, question_heard, &x, 5000));
	x.person.frames = 0;
	CHECK(t_wait(x.w.loop, silent_for_long, &x, 5000));
	CHECK(x.person.briefed < 9);
	CHECK(!briefing(&x) && !joined(&x));     /* not before the key */
	OK(tel_leg_dtmf(x.person.leg, "1"));
	CHECK(t_wait(x.w.loop, briefing, &x, 3000));
	CHECK(t_wait(x.w.loop, joined, &x, 3000));
	NEAR(x.person.briefed, 6 + 20, 5);       /* 410 ms of briefing, all of it */
	l_close(&x);
}

TEST(move_person_needs_no_briefing)
{
	static struct line x;
	struct chan_transfer_opts o = { .confirm = true };
	CHECK(m_start(&x, &o, P_ANSWERS, ""));
	CHECK(t_wait(x.w.loop, question_heard, &x, 5000));
	OK(tel_leg_dtmf(x.person.leg, "1"));
	CHECK(t_wait(x.w.loop, joined, &x, 3000));
	CHECK(!briefing(&x));
	l_close(&x);
}

TEST(move_person_cuts_the_briefing_short)
{
	static struct line x;
	struct chan_transfer_opts o = { .confirm = true };
	static char longer[2000];
	memset(longer, 'a', sizeof(longer) - 1); /* 20 s */
	CHECK(m_start(&x, &o, P_ANSWERS, longer));
	CHECK(t_wait(x.w.loop, question_heard, &x, 5000));
	OK(tel_leg_dtmf(x.person.leg, "1"));
	CHECK(t_wait(x.w.loop, briefing, &x, 3000));
	OK(tel_leg_dtmf(x.person.leg, "1"));
	CHECK(t_wait(x.w.loop, joined, &x, 3000));
	l_close(&x);
}

TEST(move_person_declines_with_a_key)
{
	static struct line x;
	struct chan_transfer_opts o = { .confirm = true };
	CHECK(m_start(&x, &o, P_ANSWERS, "Ann."));
	CHECK(t_wait(x.w.loop, question_heard, &x, 5000));
	OK(tel_leg_dtmf(x.person.leg, "92"));
	CHECK(customer_has(&x, "declined", 0));
	CHECK(t_wait(x.w.loop, person_gone, &x, 3000)); /* BYE */
	l_close(&x);
}

static bool left_and_closed(void *arg)
{
	struct line *x = arg;
	return x->w.closes == 1 && x->closes == 1;
}

TEST(move_call_ends_with_the_person)
{
	static struct line x;
	struct chan_transfer_opts o = { .end = true };
	CHECK(m_start(&x, &o, P_ANSWERS, ""));
	CHECK(t_wait(x.w.loop, joined, &x, 5000));
	tel_leg_hangup(x.person.leg, 200);
	CHECK(t_wait(x.w.loop, left_and_closed, &x, 3000));
	STR_EQ(x.steps[x.n_steps - 1], "left");
	EQ(x.w.by, CHAN_BY_AGENT);
	l_close(&x);
}

/* Cold, and the customer's telephone takes no REFER: joined here instead. */
TEST(move_cold_falls_back_to_joining)
{
	static struct line x;
	OK(l_open_with(&x, &plain));
	x.person.speaks = true;
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, greeted_whole, &x, 5000));
	OK(move_to(&x, false, ""));
	CHECK(t_wait(x.w.loop, joined, &x, 8000));
	x.speaks = true;
	CHECK(t_wait(x.w.loop, both_heard, &x, 5000));
	EQ(x.person.invites, 1);
	l_close(&x);
}

static bool person_keyed(void *arg)
{
	return ((struct line *)arg)->person.key != 0;
}

TEST(move_keys_of_the_customer_reach_the_person)
{
	static struct line x;
	CHECK(m_start(&x, &plain, P_ANSWERS, ""));
	CHECK(t_wait(x.w.loop, joined, &x, 5000));
	int told = w_count(&x.w, CHAN_KEY);
	OK(tel_leg_dtmf(x.leg, "5"));
	CHECK(t_wait(x.w.loop, person_keyed, &x, 3000));
	EQ(x.person.key, '5');
	EQ(w_count(&x.w, CHAN_KEY), told + 1);
	l_close(&x);
}

TEST(move_not_allowed)
{
	static struct line x;
	OK(l_open_with(&x, &plain));
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, greeted_whole, &x, 5000));
	struct chan_move m = { .to = SV("sip:premium@10.9.9.9"), .warm = true };
	EQ(chan_transfer(x.w.peer, &m), ERR_INVAL);
	m.to = SV("+4990012345");
	EQ(chan_transfer(x.w.peer, &m), ERR_INVAL);
	chan_phone_set_tel(x.phone, NULL);
	EQ(move_to(&x, true, ""), ERR_STATE);
	EQ(x.n_steps, 0);
	l_close(&x);
}

TEST(move_nobody_to_call)
{
	static struct line x;
	OK(l_open(&x));
	OK(l_dial(&x));
	CHECK(t_wait(x.w.loop, greeted_whole, &x, 5000));
	CHECK(!(x.w.caps & CHAN_MOVES));
	struct chan_move m = { .to = SV("sip:ann@127.0.0.1"), .warm = true };
	EQ(chan_transfer(x.w.peer, &m), ERR_UNSUPPORTED);
	l_close(&x);
}

TEST(move_tune_is_quiet_and_smooth)
{
	int16_t s[PCM_FRAME];
	int last = 0, step = 0;
	double loudest = PCM_SILENT_DB;
	for (uint64_t pos = 0; pos < 8 * PCM_HZ; pos += PCM_FRAME) {
		parties_tune(PCM_HZ, pos, s);
		for (int i = 0; i < PCM_FRAME; i++) {
			int d = s[i] > last ? s[i] - last : last - s[i];
			step = d > step ? d : step;
			last = s[i];
		}
		double db = pcm_dbfs(s, PCM_FRAME);
		loudest = db > loudest ? db : loudest;
	}
	CHECK(step < 1500);                      /* no click: 2000 at 880 Hz moves by 1380 */
	CHECK(loudest < -24 && loudest > -34);
}

TEST(move_reasons)
{
	STR_EQ(parties_why(486), "busy");
	STR_EQ(parties_why(600), "busy");
	STR_EQ(parties_why(480), "no answer");
	STR_EQ(parties_why(408), "no answer");
	STR_EQ(parties_why(603), "declined");
	STR_EQ(parties_why(404), "unreachable");
	STR_EQ(parties_why(503), "unreachable");
}

