/* Unit tests of calls that we place: a telephone on 127.0.0.1 that is called and plays what a
 * person, a machine or nobody would. */
#include <stdlib.h>
#include "t_chan_line.h"
#include "chan_amd.h"

struct out {
	struct line x;               /* first; its person is the one we call */
	char states[16][32];         /* "failed: busy" */
	int statuses[16], n;
	char conversation[27];
	const char *plays;           /* "s500 p800 t300": speech, pause, tone of 1 kHz */
	int left;                    /* frames of the piece being played */
	char kind;
	uint64_t phase;
};

static void on_call(void *arg, const struct chan_call_news *n)
{
	struct out *o = arg;
	if (o->n == 16 || n->n != o->n + 1)
		t_fail(__FILE__, __LINE__, "news are numbered");
	snprintf(o->states[o->n], sizeof(o->states[0]), "%s%s%s", n->state, n->why[0] ? ": " : "",
		 n->why);
	o->statuses[o->n++] = n->status;
	if (n->conversation[0])
		snprintf(o->conversation, sizeof(o->conversation), "%s", n->conversation);
}

/* What machines and assistants say, for the recogniser of this test. */
static sv out_text(void *arg, const char *key, sv lang, unsigned variant)
{
	static const struct {
		const char *key, *text;
	} all[] = { { "amd_machine", "leave a message" },
		    { "amd_screen", "state your name" },
		    { "amd_full", "mailbox is full" },
		    { "outbound_hello", "Hello?" },
		    { "outbound_screen", "About {purpose}." } };
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(key, all[i].key) == 0)
			return sv_of(all[i].text);
	return SV("");
}

static int next_piece(struct out *o)
{
	while (o->left == 0 && o->plays && *o->plays) {
		o->kind = o->plays[0];
		o->left = (int)strtol(o->plays + 1, NULL, 10) / 20;
		const char *next = strchr(o->plays, ' ');
		o->plays = next ? next + 1 : "";
	}
	return o->left > 0 ? o->left-- : 0;
}

static int their_pull(void *arg, int16_t out[160])
{
	struct out *o = arg;
	bool on = next_piece(o) > 0;
	double up = o->left % 9 == 8 ? 0.02 : 1; /* speech dips */
	for (int i = 0; i < 160; i++, o->phase++) {
		double t = (double)o->phase / 8000, v = 0;
		for (int k = 1; on && o->kind == 's' && k < 6; k++)
			v += 900 * up * sin(2 * M_PI * 140 * k * t + k * k);
		if (on && o->kind == 't')
			v = 5000 * sin(2 * M_PI * 1000 * t);
		out[i] = (int16_t)(v + (double)rng_below(t_rng(), 40) - 20);
	}
	return 160;
}

static const struct tel_leg_cb their_cb = {
	.on_up = p_up, .on_frame = p_frame, .on_pull = their_pull, .on_close = p_close
};

static void their_take(void *arg)
{
	struct line *x = arg;
	tel_leg_attach(x->person.leg, x->w.loop, x->box, &their_cb, x);
	if (x->person.does == P_ANSWERS)
		tel_leg_answer(x->person.leg);
	else if (x->person.does == P_BUSY)
		tel_leg_hangup(x->person.leg, 486);
}

static int their_invite(void *arg, struct tel_leg *leg, const struct tel_info *info)
{
	struct line *x = arg;
	x->person.invites++;
	x->person.leg = leg;
	return mbox_post(x->box, their_take, x);
}

static bool o_open(struct out *o, int does, const char *plays, int ring_ms)
{
	static const struct tel_sink sink = { .on_invite = their_invite };
	static const char *const allow[] = { "sip:*@127.0.0.1" };
	struct tel_opts t;
	struct err e = { 0 };
	*o = (struct out){ .plays = plays };
	struct line *x = &o->x;
	l_loop(x);
	x->w.greeting = "We have your parcel.";
	x->person.does = does;
	struct chan_phone_opts po = { .pick = pick, .arg = o, .language = "en", .text = out_text,
				      .on_call = on_call,
				      .outbound = { .allow = allow, .n_allow = 1,
						    .ring_ms = ring_ms } };
	tel_defaults(&t);
	t.ip = "127.0.0.1";
	if (chan_phone_open(&x->phone, &po) ||
	    tel_open(&x->tel, &t, chan_phone_sink(), x->phone, &e) ||
	    tel_open(&x->far, &t, NULL, NULL, &e) || tel_open(&x->person.tel, &t, &sink, x, &e))
		return false;
	chan_phone_set_tel(x->phone, x->tel);
	x->objs = obj_live();
	return true;
}

static int o_dial(struct out *o, const char *message)
{
	char uri[64];
	snprintf(uri, sizeof(uri), "sip:bob@127.0.0.1:%d", tel_port(o->x.person.tel));
	return chan_phone_dial(o->x.phone, &(struct chan_call_opts){
						   .id = SV("01J0000000000000000000CALL"),
						   .to = sv_of(uri),
						   .name = SV("Bob"),
						   .opening = SV("We have your parcel."),
						   .message = sv_of(message),
						   .purpose = SV("a parcel") });
}

static bool state_is(const struct out *o, const char *want)
{
	return o->n && strcmp(o->states[o->n - 1], want) == 0;
}

static bool over(void *arg)
{
	struct out *o = arg;
	return o->n && (strncmp(o->states[o->n - 1], "ended", 5) == 0 ||
			strncmp(o->states[o->n - 1], "failed", 6) == 0);
}

static bool talking(void *arg)
{
	return state_is(arg, "human");
}

static bool asked_us(void *arg)
{
	return state_is(arg, "screening");
}

static bool at_machine(void *arg)
{
	return state_is(arg, "machine");
}

static bool they_closed(void *arg)
{
	return ((struct out *)arg)->x.person.closes == 1;
}

static bool they_hear(void *arg)
{
	return ((struct out *)arg)->x.person.briefed > 5;
}

static void all_states(const struct out *o, char ret[256])
{
	size_t n = 0;
	ret[0] = '\0';
	for (int i = 0; i < o->n && n < 250; i++)
		n += (size_t)snprintf(ret + n, 256 - n, "%s%s", i ? ", " : "", o->states[i]);
}

TEST(out_person_is_talked_to)
{
	static struct out o;
	char all[256];
	CHECK(o_open(&o, P_ANSWERS, "p300 s500 p5000", 0));
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, talking, &o, 5000));
	CHECK(o.x.w.peer && (o.x.w.caps & CHAN_VOICE));
	EQ(strlen(o.conversation), 26);
	CHECK(t_wait(o.x.w.loop, they_hear, &o, 3000));
	tel_leg_hangup(o.x.person.leg, 200);
	CHECK(t_wait(o.x.w.loop, over, &o, 3000));
	all_states(&o, all);
	STR_EQ(all, "ringing, answered, human, ended");
	EQ(o.x.w.by, CHAN_BY_CUSTOMER);
	EQ(o.x.person.invites, 1);
	l_close(&o.x);
	EQ(o.x.w.closes, 1);
}

TEST(out_bot_hangs_up)
{
	static struct out o;
	CHECK(o_open(&o, P_ANSWERS, "p300 s500 p5000", 0));
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, talking, &o, 5000));
	chan_hangup(o.x.w.peer, CHAN_BY_BOT);
	CHECK(t_wait(o.x.w.loop, over, &o, 5000));
	CHECK(state_is(&o, "ended"));
	CHECK(t_wait(o.x.w.loop, they_closed, &o, 3000));
	l_close(&o.x);
}

TEST(out_machine_gets_the_message_after_its_beep)
{
	static struct out o;
	char all[256];
	CHECK(o_open(&o, P_ANSWERS, "s3200 p200 t300 p9000", 0));
	o.x.w.asr.start_rc = ERR_BUSY;           /* by sound alone */
	OK(o_dial(&o, "Please call us about your parcel."));
	CHECK(t_wait(o.x.w.loop, at_machine, &o, 6000));
	EQ(o.x.person.briefed, 0);
	CHECK(t_wait(o.x.w.loop, over, &o, 8000));
	NEAR(o.x.person.briefed, 16, 4);         /* all of it */
	all_states(&o, all);
	STR_EQ(all, "ringing, answered, machine, message, ended: machine");
	EQ(o.x.w.closes, 0);                     /* no conversation */
	l_close(&o.x);
}

TEST(out_machine_without_a_message_is_hung_up)
{
	static struct out o;
	CHECK(o_open(&o, P_ANSWERS, "s400 t300 p9000", 0));
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, over, &o, 6000));
	CHECK(state_is(&o, "ended: machine"));
	EQ(o.x.person.briefed, 0);
	l_close(&o.x);
}

TEST(out_who_asks_hears_why)
{
	static struct out o;
	CHECK(o_open(&o, P_ANSWERS, "s900 p9000", 0));
	o.x.w.asr.partial = "please state your name";
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, asked_us, &o, 6000));
	CHECK(t_wait(o.x.w.loop, they_hear, &o, 3000));
	EQ(o.x.w.closes, 0);
	o.x.w.asr.partial = NULL;
	o.plays = "p900 s500 p9000";             /* then the person comes */
	o.left = 0;
	CHECK(t_wait(o.x.w.loop, talking, &o, 8000));
	l_close(&o.x);
}

TEST(out_full_mailbox_is_hung_up)
{
	static struct out o;
	CHECK(o_open(&o, P_ANSWERS, "s900 p9000", 0));
	o.x.w.asr.partial = "the mailbox is full";
	OK(o_dial(&o, "Please call us."));
	CHECK(t_wait(o.x.w.loop, over, &o, 6000));
	CHECK(state_is(&o, "ended: mailbox full"));
	l_close(&o.x);
}

/* Nobody says anything: we ask, then we begin. */
TEST(out_silence_is_asked_then_talked_to)
{
	static struct out o;
	CHECK(o_open(&o, P_ANSWERS, "p20000", 0));
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, talking, &o, 9000));
	CHECK(o.x.person.briefed >= 2);
	l_close(&o.x);
}

TEST(out_busy_and_no_answer)
{
	static struct out o;
	CHECK(o_open(&o, P_BUSY, "", 0));
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, over, &o, 5000));
	CHECK(state_is(&o, "failed: busy"));
	EQ(o.statuses[o.n - 1], 486);
	l_close(&o.x);
	CHECK(o_open(&o, P_RINGS, "", 300));
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, over, &o, 5000));
	CHECK(state_is(&o, "failed: no answer"));
	STR_EQ(o.states[0], "ringing");
	CHECK(t_wait(o.x.w.loop, they_closed, &o, 3000)); /* CANCEL */
	l_close(&o.x);
}

/* They hang up while we listen, speak or ask; and the engine has no room. */
TEST(out_they_hang_up_early)
{
	static const char *const plays[] = { "s9000", "p9000", "s400 t300 p9000" };
	for (int i = 0; i < 3; i++) {
		static struct out o;
		CHECK(o_open(&o, P_ANSWERS, plays[i], 0));
		OK(o_dial(&o, "A long message that is not heard to its end by anybody at all."));
		int want = i == 1 ? 2 : 20;
		for (int64_t end = loop_now_ms(o.x.w.loop) + 6000;
		     loop_now_ms(o.x.w.loop) < end && o.x.person.frames < 40 + want * 5 &&
		     o.x.person.briefed < want;)
			(void)loop_run_once(o.x.w.loop, 20);
		tel_leg_hangup(o.x.person.leg, 200);
		CHECK(t_wait(o.x.w.loop, over, &o, 3000));
		EQ(o.x.w.closes, 0);
		l_close(&o.x);
	}
}

TEST(out_no_room_for_a_conversation)
{
	static struct out o;
	CHECK(o_open(&o, P_ANSWERS, "p300 s500 p5000", 0));
	o.x.w.refuse = ERR_FULL;
	OK(o_dial(&o, ""));
	CHECK(t_wait(o.x.w.loop, over, &o, 5000));
	CHECK(state_is(&o, "ended: no room"));
	l_close(&o.x);
}

TEST(out_not_allowed_or_no_telephone)
{
	static struct out o;
	CHECK(o_open(&o, P_ANSWERS, "", 0));
	struct chan_call_opts c = { .id = SV("01J0000000000000000000CALL"), .opening = SV("Hi.") };
	c.to = SV("sip:bob@10.1.2.3");
	EQ(chan_phone_dial(o.x.phone, &c), ERR_INVAL);
	c.to = SV("+49900123");
	EQ(chan_phone_dial(o.x.phone, &c), ERR_INVAL);
	o.x.refuse = ERR_FULL;
	EQ(o_dial(&o, ""), ERR_FULL);
	chan_phone_set_tel(o.x.phone, NULL);
	EQ(o_dial(&o, ""), ERR_STATE);
	EQ(o.n, 0);
	l_close(&o.x);
}
