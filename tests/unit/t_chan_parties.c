/* Unit tests of the persons in a call, at browsers, on a simulated loop: who hears whom in every
 * situation a desk makes, what is told of it, and that nothing is left. */
#include <stdlib.h>

#include "pcm_music.h"
#include "t_chan_hall.h"

static struct hall h;

/* 1850 Hz, a loop that does not close by itself. */
static struct pcm_music *music(void)
{
	struct pcm_music *m = NULL;
	char path[300];
	const char *const v[] = { path };
	static int16_t s[24100];
	for (int i = 0; i < 24100; i++)
		s[i] = (int16_t)lrint(9000 * sin(2 * M_PI * 1850 * i / 16000));
	(void)snprintf(path, sizeof(path), "%s/m.wav", t_tmpdir());
	if (pcm_wav_write(path, s, 24100, 16000, NULL) || pcm_music_new(&m, v, 1, 9, NULL))
		t_fail(__FILE__, __LINE__, "no music");
	return m;
}

static void news(const char *want)
{
	STR_EQ(h.log, want);
	h.log[0] = '\0';
}

/* An agent has the customer. */
static void with_agent(int rate, int seats)
{
	h_open(&h, rate, seats);
	OK(h_add(&h, "agent", "web:mei", CHAN_TALKS));
	H_HEAR(&h, "1", "c", NULL, NULL);
	news("agent joined;");
}

TEST(party_agent_talks_at_both_rates)
{
	for (int rate = 8000; rate <= 16000; rate += 8000) {
		with_agent(rate, 1);
		EQ(h.seat[0].on, 1);
		CHECK(h.w.caps & CHAN_PARTIES);
		CHECK(!(h.w.caps & CHAN_MOVES)); /* nobody may be called */
		OK(h_drop(&h, "agent"));
		H_HEAR(&h, "", NULL, NULL, NULL);
		news("agent left dropped;");
		EQ(h.seat[0].off, 1);
		h_close(&h);
	}
}

TEST(party_supervisor_listens_whispers_barges)
{
	with_agent(8000, 2);
	OK(h_add(&h, "super", "web:tom", CHAN_LISTENS));
	H_HEAR(&h, "1", "c", "c1", NULL);
	OK(h_mode(&h, "super", CHAN_WHISPERS));
	H_HEAR(&h, "1", "c2", "c1", NULL);
	OK(h_mode(&h, "super", CHAN_TALKS));
	H_HEAR(&h, "12", "c2", "c1", NULL);
	OK(h_mode(&h, "super", CHAN_LISTENS));
	H_HEAR(&h, "1", "c", "c1", NULL);
	OK(h_mode(&h, "super", CHAN_LISTENS));   /* nothing new: nothing told */
	OK(h_drop(&h, "super"));
	H_HEAR(&h, "1", "c", NULL, NULL);
	news("super joined;super mode;super mode;super mode;super left dropped;");
	h_close(&h);
}

TEST(party_supervisor_takes_over)
{
	with_agent(8000, 4);
	OK(h_add(&h, "listener", "web:lin", CHAN_LISTENS));
	OK(h_add(&h, "colleague", "web:xia", CHAN_CONSULTS));
	h_run(&h, 100);
	OK(h_add(&h, "super", "web:tom", CHAN_TAKES_OVER));
	H_HEAR(&h, "2", NULL, "c", "c2");
	news("listener joined;colleague joined;super joined;agent left taken_over;"
	     "colleague left taken_over;");
	h_close(&h);
	with_agent(8000, 2);                     /* who listened first */
	OK(h_add(&h, "super", "web:tom", CHAN_LISTENS));
	h_run(&h, 100);
	OK(h_mode(&h, "super", CHAN_TAKES_OVER));
	H_HEAR(&h, "2", NULL, "c", NULL);
	news("super joined;super joined;agent left taken_over;");
	h_close(&h);
}

TEST(party_consult_then_merge)
{
	with_agent(8000, 2);
	OK(h_add(&h, "consult", "web:tom", CHAN_CONSULTS));
	H_HEAR(&h, "t", "2", "1", NULL);
	OK(h_mode(&h, "consult", CHAN_ON_HOLD)); /* back to the customer for a moment */
	H_HEAR(&h, "1", "c", "", NULL);
	OK(h_mode(&h, "consult", CHAN_CONSULTS));
	H_HEAR(&h, "t", "2", "1", NULL);
	OK(h_mode(&h, "consult", CHAN_TALKS));
	H_HEAR(&h, "12", "c2", "c1", NULL);
	h_close(&h);
}

TEST(party_consult_then_the_agent_leaves)
{
	with_agent(8000, 2);
	OK(h_add(&h, "consult", "web:tom", CHAN_CONSULTS));
	H_HEAR(&h, "t", "2", "1", NULL);
	OK(h_drop(&h, "agent"));                 /* a warm transfer is done */
	H_HEAR(&h, "2", NULL, "c", NULL);
	news("consult joined;agent left dropped;consult mode;");
	h_close(&h);
	with_agent(8000, 2);
	OK(h_add(&h, "consult", "web:tom", CHAN_CONSULTS));
	H_HEAR(&h, "t", "2", "1", NULL);
	OK(h_drop(&h, "consult"));               /* or the colleague cannot help */
	H_HEAR(&h, "1", "c", NULL, NULL);
	news("consult joined;consult left dropped;");
	h_close(&h);
}

/* All are let go: nobody has the customer for a moment. */
TEST(party_consult_then_all_are_dropped)
{
	with_agent(8000, 2);
	OK(h_add(&h, "consult", "web:tom", CHAN_CONSULTS));
	H_HEAR(&h, "t", "2", "1", NULL);
	OK(h_drop(&h, ""));
	H_HEAR(&h, "", NULL, NULL, NULL);
	news("consult joined;consult left dropped;agent left dropped;");
	h_close(&h);
}

TEST(party_hold_and_mute)
{
	with_agent(8000, 2);
	OK(h_add(&h, "super", "web:tom", CHAN_LISTENS));
	OK(h_mode(&h, "agent", CHAN_ON_HOLD));
	H_HEAR(&h, "t", "", "c", NULL);
	OK(h_mode(&h, "agent", CHAN_TALKS));
	H_HEAR(&h, "1", "c", "c1", NULL);
	OK(h_mute(&h, "agent", true));
	OK(h_mute(&h, "agent", true));
	H_HEAR(&h, "", "c", "c", NULL);          /* muted: no tune, somebody is there */
	OK(h_mute(&h, "agent", false));
	H_HEAR(&h, "1", "c", "c1", NULL);
	news("super joined;agent mode;agent mode;agent muted;agent unmuted;");
	h_close(&h);
}

/* Before anybody has come: a tune, under our words only silence; who listens hears us too. */
TEST(party_engine_speaks_and_the_customer_waits)
{
	h_open(&h, 8000, 2);
	OK(h_do(&h, (struct chan_party){ .act = CHAN_PARTY_WAIT, .mute = true }));
	H_HEAR(&h, "t", NULL, NULL, NULL);
	OK(h_add(&h, "super", "web:tom", CHAN_LISTENS));
	h_run(&h, 100);
	w_say(&h.w, 1, "You are the second in the queue, please wait a moment for us.", true);
	H_HEAR(&h, "b", NULL, "cb", NULL);
	h_run(&h, 600);
	H_HEAR(&h, "t", NULL, "c", NULL);
	OK(h_do(&h, (struct chan_party){ .act = CHAN_PARTY_WAIT }));
	H_HEAR(&h, "", NULL, "c", NULL);
	OK(h_do(&h, (struct chan_party){ .act = CHAN_PARTY_WAIT, .mute = true }));
	H_HEAR(&h, "t", NULL, NULL, NULL);
	OK(h_add(&h, "agent", "web:mei", CHAN_TALKS));
	H_HEAR(&h, "1", "c", "c1", NULL);
	h_close(&h);
}

/* A company's music instead of the tune, entered where its loop stands and without a click; what is
 * said comes alone, and whoever joins ends it. */
TEST(party_music_sounds_where_the_tune_did)
{
	for (int rate = 8000; rate <= 16000; rate += 8000) {
		h_open(&h, rate, 1);
		struct pcm_music *m = music();
		h.silent = h.seat[0].silent = true;
		struct chan_party wait = { .act = CHAN_PARTY_WAIT, .mute = true, .music = m };
		OK(h_do(&h, wait));
		m = obj_unref(m);            /* the call has its own */
		h_run(&h, 400);
		STR_EQ(h_hears(&h.ear), "");
		CHECK(h_tone(&h.ear, 1850, 200));
		int most = 0;
		for (int i = 1; i < h.ear.n; i++) {
			int d = abs(h.ear.s[i] - h.ear.s[i - 1]);
			most = d > most ? d : most;
		}
		/* a sine of 1850 Hz at -24 dBFS (RMS) */
		CHECK(most <= (int)(2 * 2924 * sin(M_PI * 1850 / rate) * 1.1));
		w_say(&h.w, 1, "You are the second in the queue, please wait a moment for us.",
		      true);
		H_HEAR(&h, "b", NULL, NULL, NULL);
		CHECK(!h_tone(&h.ear, 1850, 200));
		h_run(&h, 5000);
		CHECK(h_tone(&h.ear, 1850, 200));
		OK(h_add(&h, "agent", "web:mei", CHAN_TALKS));
		h_run(&h, 400);
		CHECK(!h_tone(&h.ear, 1850, 200));
		OK(h_mode(&h, "agent", CHAN_ON_HOLD));   /* held: the queue's again */
		h_run(&h, 400);
		CHECK(h_tone(&h.ear, 1850, 200));
		wait.music = NULL;
		OK(h_do(&h, wait));
		H_HEAR(&h, "t", NULL, NULL, NULL);
		h_close(&h);
	}
}

TEST(party_no_music_is_silence)
{
	struct pcm_music *none = NULL;
	h_open(&h, 8000, 1);
	OK(pcm_music_new(&none, NULL, 0, 0, NULL));
	OK(h_do(&h, (struct chan_party){ .act = CHAN_PARTY_WAIT, .mute = true, .music = none }));
	none = obj_unref(none);
	H_HEAR(&h, "", NULL, NULL, NULL);
	EQ(pcm_peak(h.ear.s, (size_t)h.ear.n), 0);
	h_close(&h);
}

/* Who comes after our words hears none of them, not even a frame. */
TEST(party_comes_after_our_words)
{
	h_open(&h, 8000, 1);
	w_say(&h.w, 1, "One moment please.", true);
	h_run(&h, 1000);
	CHECK(h_tone(&h.ear, 500, 900));
	OK(h_add(&h, "agent", "web:mei", CHAN_TALKS));
	h_run(&h, 400);
	const struct ear_of *e = &h.seat[0].ear;
	for (int at = 0; at + 320 <= e->n; at += 320)
		CHECK(pcm_goertzel_db(e->s + at, 320, 500, 16000) < -40);
	h_close(&h);
}

/* The briefing is for the person alone; meanwhile the customer has the tune. */
TEST(party_is_told_first)
{
	h_open(&h, 8000, 1);
	OK(h_do(&h, (struct chan_party){
			    .act = CHAN_PARTY_ADD,
			    .id = SV("agent"),
			    .to = SV("web:mei"),
			    .lang = SV("en"),
			    .briefing = SV("Ann waits for a parcel, it is the third "
					   "time she calls, and she is not happy.") }));
	H_HEAR(&h, "t", "b", NULL, NULL);
	news("agent briefing;");
	h_run(&h, 600);
	H_HEAR(&h, "1", "c", NULL, NULL);
	news("agent joined;");
	h_close(&h);
}

TEST(party_browser_goes)
{
	with_agent(8000, 2);
	chan_seat_close(h.seat[0].s);            /* the page is loaded anew */
	h.seat[0].s = NULL;
	h_run(&h, 3000);
	OK(h_sit(&h, 0));
	H_HEAR(&h, "1", "c", NULL, NULL);
	news("");
	chan_seat_close(h.seat[0].s);
	h.seat[0].s = NULL;
	h_run(&h, CHAN_SEAT_MS - 200);
	news("");
	h_run(&h, 400);
	news("agent left gone;");
	OK(h_add(&h, "agent", "web:tom", CHAN_TALKS));
	H_HEAR(&h, "2", NULL, "c", NULL);
	h_close(&h);
}

TEST(party_bad_orders)
{
	with_agent(8000, 2);
	EQ(h_add(&h, "agent", "web:tom", CHAN_TALKS), ERR_EXISTS);
	EQ(h_add(&h, "customer", "web:tom", CHAN_TALKS), ERR_EXISTS);
	EQ(h_add(&h, "", "web:tom", CHAN_TALKS), ERR_INVAL);
	EQ(h_add(&h, "b", "web:mei", CHAN_TALKS), ERR_BUSY);
	EQ(h_add(&h, "b", "web:nobody", CHAN_TALKS), ERR_NOTFOUND);
	EQ(h_add(&h, "b", "sip:premium@10.9.9.9", CHAN_TALKS), ERR_INVAL);
	EQ(h_add(&h, "b", "", CHAN_TALKS), ERR_INVAL);
	EQ(h_add(&h, "b", "web:tom", (enum chan_party_mode)17), ERR_INVAL);
	EQ(h_drop(&h, "nobody"), ERR_NOTFOUND);
	EQ(h_mode(&h, "nobody", CHAN_TALKS), ERR_NOTFOUND);
	EQ(h_mute(&h, "nobody", true), ERR_NOTFOUND);
	struct chan_party keys = { .act = CHAN_PARTY_KEYS, .id = SV("agent"), .keys = SV("12") };
	EQ(h_do(&h, keys), ERR_STATE);           /* a browser takes none */
	keys.keys = SV("");
	EQ(h_do(&h, keys), ERR_INVAL);
	struct chan_move m = { .to = SV("sip:ann@127.0.0.1"), .warm = true };
	EQ(chan_transfer(h.w.peer, &m), ERR_UNSUPPORTED);
	H_HEAR(&h, "1", "c", NULL, NULL);        /* and nothing of it harmed the call */
	news("");
	OK(h_drop(&h, ""));                      /* all of them */
	h_run(&h, 40);
	news("agent left dropped;");
	h_close(&h);
}

TEST(party_at_most_six)
{
	static struct chan_seat *s[CHAN_PARTIES_MAX];
	char token[8], to[16], id[8];
	h_open(&h, 8000, 1);
	for (int i = 0; i < CHAN_PARTIES_MAX; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		snprintf(to, sizeof(to), "web:t%d", i);
		snprintf(id, sizeof(id), "p%d", i);
		struct chan_seat_opts o = { .door = h.door, .token = sv_of(token),
					    .cb = { h_on_audio, h_on_line, h_on_closed },
					    .arg = &h.seat[1] };
		OK(chan_seat_open(&s[i], h.people, &o));
		OK(h_add(&h, id, to, CHAN_LISTENS));
	}
	EQ(h_add(&h, "agent", "web:mei", CHAN_TALKS), ERR_FULL);
	h_run(&h, 200);
	OK(h_drop(&h, "p3"));
	OK(h_add(&h, "agent", "web:mei", CHAN_TALKS));
	H_HEAR(&h, "1", "c", NULL, NULL);
	for (int i = 0; i < CHAN_PARTIES_MAX; i++)
		chan_seat_close(s[i]);
	h_close(&h);
}

/* The customer, the engine or the shard ends it: all lines are given back. */
TEST(party_the_call_ends)
{
	for (int i = 0; i < 3; i++) {
		with_agent(8000, 2);
		OK(h_add(&h, "super", "web:tom", CHAN_LISTENS));
		h_run(&h, 100);
		if (i == 0)
			chan_voice_gone(h.w.v, CHAN_BY_CUSTOMER);
		else
			chan_hangup(h.w.peer, i == 1 ? CHAN_BY_BOT : CHAN_BY_SYSTEM);
		h_run(&h, 100);
		EQ(h.w.closes, 1);
		EQ(h.seat[0].off, 1);
		EQ(h.seat[1].off, 1);
		EQ(h_add(&h, "b", "web:tom", CHAN_TALKS), ERR_CLOSED);
		h_close(&h);
	}
}

/* ---- words of the persons */

TEST(party_words_of_who_talks)
{
	with_agent(8000, 2);
	h.silent = true;
	h.seat[0].silent = h.seat[1].silent = true;
	OK(h_add(&h, "super", "web:tom", CHAN_WHISPERS));
	h_run(&h, 1500);                         /* what was said before is over */
	h.log[0] = '\0';
	h.w.asr.n_says = 0;
	h.w.asr.says[h.w.asr.n_says++] = "your parcel comes today";
	int flushes = h.w.asr.flushes;
	h.seat[0].silent = false;
	h_run(&h, 600);
	h.seat[0].silent = true;
	h_run(&h, 1500);
	news("agent your parcel comes today;");
	EQ(h.w.asr.flushes, flushes + 1);
	const struct w_msg *m = w_msg(&h.w, CHAN_PARTY_WORDS, w_count(&h.w, CHAN_PARTY_WORDS) - 1);
	CHECK(!m->toned);                        /* how it was said is never looked at */
	CHECK(m->end_ms > m->start_ms && m->end_ms <= loop_now_ms(h.w.loop));
	h.seat[1].silent = false;                /* a whisper is nobody's record */
	h_run(&h, 600);
	h.seat[1].silent = true;
	h_run(&h, 1500);
	EQ(h.w.asr.flushes, flushes + 1);
	news("");
	chan_set_record(h.w.peer, CHAN_RECORD_SECRET);
	h.w.asr.says[h.w.asr.n_says++] = "four one one one";
	h.seat[0].silent = false;
	h_run(&h, 600);
	h.seat[0].silent = true;
	h_run(&h, 1500);
	news("agent " CHAN_MASKED ";");
	h_close(&h);
}

/* ---- clicks, delay, the recording */

/* Wide-band energy of a jump: tones below 2 kHz leave hardly anything at 3.7 kHz through a Hann
 * window of 20 ms; a step of 500 in a frame is over -60 dB. */
static double worst_click(const struct ear_of *e, int from)
{
	double worst = PCM_SILENT_DB;
	int n = e->rate / 50;
	for (int at = from; at + n <= e->n; at += n / 4) {
		double re = 0, im = 0;
		for (int i = 0; i < n; i++) {
			double x = e->s[at + i] * (0.5 - 0.5 * cos(2 * M_PI * i / n)) / 32768;
			re += x * cos(2 * M_PI * 3700 * i / e->rate);
			im += x * sin(2 * M_PI * 3700 * i / e->rate);
		}
		double db = 20 * log10(sqrt(re * re + im * im) * 4 / n + 1e-9);
		worst = db > worst ? db : worst;
	}
	return worst;
}

TEST(party_nothing_clicks)
{
	static const enum chan_party_mode modes[] = { CHAN_LISTENS, CHAN_WHISPERS, CHAN_TALKS,
						      CHAN_CONSULTS, CHAN_ON_HOLD };
	with_agent(8000, 2);
	OK(h_add(&h, "super", "web:tom", CHAN_LISTENS));
	h_run(&h, 200);
	int from[3] = { h.ear.n, h.seat[0].ear.n, h.seat[1].ear.n };
	h_run(&h, 1000);
	for (int i = 0; i < 40; i++) {
		OK(h_mode(&h, "super", modes[rng_below(t_rng(), 5)]));
		OK(h_mute(&h, "agent", rng_below(t_rng(), 4) == 0));
		h_run(&h, 20 + 20 * (int)rng_below(t_rng(), 10));
	}
	OK(h_drop(&h, "agent"));                 /* in the middle of a tone */
	h_run(&h, 200);
	double c = worst_click(&h.ear, from[0]), a = worst_click(&h.seat[0].ear, from[1]),
	       s = worst_click(&h.seat[1].ear, from[2]);
	printf("# worst at 3.7 kHz: customer %.1f, agent %.1f, supervisor %.1f dB\n", c, a, s);
	CHECK(c < -60 && a < -60 && s < -60);
	int at = from[0] + 4000;                 /* and a jump would be seen */
	memmove(h.ear.s + at, h.ear.s + at + 37, (size_t)(h.ear.n - at - 37) * sizeof(int16_t));
	CHECK(worst_click(&h.ear, from[0]) > -60);
	h_close(&h);
}

/* Of a tone that begins: until it is heard on the other side. */
static int heard_after(struct hall *x, bool *speaks, const struct ear_of *e, double hz)
{
	int n = e->rate / 50;
	*speaks = true;
	for (int t = 0; t < 25; t++) {
		h_step(x);
		if (pcm_goertzel_db(e->s + e->n - n, (size_t)n, hz, e->rate) > -40)
			return t * 20;
	}
	return 1000;
}

TEST(party_delay)
{
	with_agent(16000, 1);
	h.seat[0].silent = h.silent = true;
	h_run(&h, 400);
	h.seat[0].silent = false;
	bool on = true;
	int there = heard_after(&h, &on, &h.ear, h_hz[1]);
	h.silent = false;
	int back = heard_after(&h, &on, &h.seat[0].ear, h_hz[0]);
	printf("# browser to customer %d ms, customer to browser %d ms\n", there, back);
	CHECK(there <= 80 && back <= 80);
	h_close(&h);
}

/* One side of a recording. */
static void side(const char *path, int which, struct ear_of *ret)
{
	struct sb b;
	sb_init(&b, 8 << 20);
	OK(file_read(path, 8 << 20, &b, NULL));
	sv all = sb_sv(&b);
	ptrdiff_t at = sv_find(all, SV("data"));
	CHECK(at > 0);
	*ret = (struct ear_of){ .rate = PCM_HZ };
	for (size_t i = (size_t)at + 8 + 2 * (size_t)which; i + 2 <= all.n && ret->n < H_KEEP;
	     i += 4)
		memcpy(&ret->s[ret->n++], all.p + i, 2);
	sb_done(&b);
}

TEST(party_whisper_is_not_on_the_recording)
{
	static struct ear_of e;
	const char *dir = t_tmpdir();
	char path[512];
	h_open(&h, 8000, 2);
	chan_voice_free(h.w.v);
	h.w.closes = 0;
	h.w.o.data_dir = dir;
	h.w.o.info.interaction_id = SV("01J0000000000000000000000E");
	OK(w_open(&h.w));
	OK(h_add(&h, "agent", "web:mei", CHAN_TALKS));
	OK(h_add(&h, "super", "web:tom", CHAN_WHISPERS));
	H_HEAR(&h, "1", "c2", "c1", NULL);
	h_run(&h, 1000);
	chan_voice_gone(h.w.v, CHAN_BY_CUSTOMER);
	snprintf(path, sizeof(path), "%s/%s", dir, h.w.recording);
	side(path, 0, &e);
	STR_EQ(h_hears(&e), "c");
	side(path, 1, &e);
	STR_EQ(h_hears(&e), "1");
	h_close(&h);
}
