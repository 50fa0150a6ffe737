/* Unit tests of a call's sums: who hears whom in every mode, and sound between two clocks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "t.h"
#include "chan_mix.h"
#include "chan_pipe.h"

/* ---- the table */

#define S(m) { .there = true, .mode = (m) }
#define MUTED(m) { .there = true, .mode = (m), .muted = true }
#define AWAY(m) { .there = true, .mode = (m), .away = true }

/* want: for each ear, customer first, whom it hears: "c" the customer, "b" the engine, "1".. */
struct scene {
	const char *what;
	struct mix_seat s[CHAN_PARTIES_MAX];
	const char *want[5];
	bool served;
};
static const struct scene scenes[] = {
	{ "nobody", { { 0 } }, { "", "", "" }, false },
	{ "an agent", { S(CHAN_TALKS) }, { "1", "cb" }, true },
	{ "two talk", { S(CHAN_TALKS), S(CHAN_TALKS) }, { "12", "cb2", "cb1" }, true },
	{ "monitor", { S(CHAN_TALKS), S(CHAN_LISTENS) }, { "1", "cb", "cb1" }, true },
	{ "monitor of the engine", { S(CHAN_LISTENS) }, { "", "cb" }, false },
	{ "whisper", { S(CHAN_TALKS), S(CHAN_WHISPERS) }, { "1", "cb2", "cb1" }, true },
	{ "whisper, and another listens",
	  { S(CHAN_TALKS), S(CHAN_WHISPERS), S(CHAN_LISTENS) },
	  { "1", "cb2", "cb1", "cb12" },
	  true },
	{ "whisper to nobody", { S(CHAN_WHISPERS) }, { "", "cb" }, false },
	{ "consult", { S(CHAN_TALKS), S(CHAN_CONSULTS) }, { "", "2", "1" }, false },
	{ "consult while one listens and one whispers",
	  { S(CHAN_TALKS), S(CHAN_CONSULTS), S(CHAN_LISTENS), S(CHAN_WHISPERS) },
	  { "", "24", "14", "cb124", "cb12" },
	  false },
	{ "consult by who holds", { S(CHAN_ON_HOLD), S(CHAN_CONSULTS) }, { "", "2", "1" }, false },
	{ "consulted waits, agent is back",
	  { S(CHAN_TALKS), S(CHAN_ON_HOLD) },
	  { "1", "cb", "" },
	  true },
	{ "hold", { S(CHAN_ON_HOLD) }, { "", "" }, false },
	{ "hold and one listens", { S(CHAN_ON_HOLD), S(CHAN_LISTENS) }, { "", "", "cb" }, false },
	{ "muted", { MUTED(CHAN_TALKS), S(CHAN_LISTENS) }, { "", "cb", "cb" }, true },
	{ "muted whisper", { S(CHAN_TALKS), MUTED(CHAN_WHISPERS) }, { "1", "cb", "cb1" }, true },
	{ "their telephone holds", { AWAY(CHAN_TALKS) }, { "", "" }, false },
	{ "one of two holds", { AWAY(CHAN_TALKS), S(CHAN_TALKS) }, { "2", "", "cb" }, true },
	{ "two listen", { S(CHAN_LISTENS), S(CHAN_LISTENS) }, { "", "cb", "cb" }, false },
};

static void ear_of(bool want[MIX_EARS][MIX_MOUTHS], int e, char ret[16])
{
	static const char names[] = "c123456b";
	static const char order[] = "cb123456";
	int n = 0;
	for (int k = 0; k < 8; k++)
		if (want[e][strchr(names, order[k]) - names])
			ret[n++] = order[k];
	ret[n] = '\0';
}

TEST(mix_table_of_every_mode)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++) {
		const struct scene *x = &scenes[i];
		bool want[MIX_EARS][MIX_MOUTHS];
		char is[16];
		mix_table(x->s, want);
		for (int e = 0; e < MIX_EARS; e++) {
			const char *w = e < 5 && x->want[e] ? x->want[e] : "";
			ear_of(want, e, is);
			if (strcmp(is, w))
				printf("# %s: ear %d\n", x->what, e);
			STR_EQ(is, w);
		}
		EQ(mix_served(x->s), x->served);
	}
}

/* In about half of the 7^6 tables, drawn by chance: nobody hears themselves, listeners are heard by
 * nobody, a whisper never reaches the customer, who holds hears nothing of the customer. */
TEST(mix_table_never)
{
	for (int code = 0; code < 117649; code += 1 + (int)rng_below(t_rng(), 3)) {
		struct mix_seat s[CHAN_PARTIES_MAX] = { 0 };
		bool want[MIX_EARS][MIX_MOUTHS];
		for (int i = 0, c = code; i < CHAN_PARTIES_MAX; i++, c /= 7) {
			s[i].there = c % 7 != 6;
			s[i].mode = (enum chan_party_mode)(c % 7 % 6);
			s[i].muted = rng_below(t_rng(), 5) == 0;
		}
		mix_table(s, want);
		for (int i = 0; i < CHAN_PARTIES_MAX; i++) {
			bool heard = false;
			for (int e = 0; e < MIX_EARS; e++)
				heard |= want[e][i + 1];
			CHECK(!want[i + 1][i + 1]);
			CHECK(s[i].there || !heard);
			CHECK(!heard || (!s[i].muted && s[i].mode != CHAN_LISTENS));
			CHECK(!want[0][i + 1] || s[i].mode == CHAN_TALKS);
			CHECK(s[i].mode != CHAN_ON_HOLD || !want[i + 1][MIX_CUSTOMER]);
		}
		CHECK(!want[0][MIX_CUSTOMER] && !want[0][MIX_BOT]);
	}
}

/* ---- sums */

static void sine(int16_t *s, int n, double hz, double level, int rate, int at)
{
	for (int i = 0; i < n; i++)
		s[i] = (int16_t)lrint(level * sin(2 * M_PI * hz * (at + i) / rate));
}

static int jump(const int16_t *s, int n, int last)
{
	int most = 0;
	for (int i = 0; i < n; last = s[i++])
		most = abs(s[i] - last) > most ? abs(s[i] - last) : most;
	return most;
}

TEST(mix_sums_saturate_and_fade)
{
	static struct mix m;
	bool want[MIX_EARS][MIX_MOUTHS] = { 0 }, sound[MIX_EARS];
	int16_t a[160], b[160], out[160], none[160];
	const int16_t *src[MIX_MOUTHS] = { a, b };
	int16_t *ears[MIX_EARS] = { [2] = out, [3] = none };
	m = (struct mix){ 0 };
	want[2][0] = want[2][1] = true;
	for (int i = 0; i < 160; i++)
		a[i] = b[i] = 30000;
	mix_run(&m, want, src, 160, ears, sound);
	EQ(out[0], 0);                           /* from silence */
	EQ(out[159], 32767);                     /* never round to the other end */
	mix_run(&m, want, src, 160, ears, sound);
	EQ(out[0], 32767);
	CHECK(sound[2] && !sound[3] && !sound[0]);
	EQ(none[80], 0);
	want[2][1] = false;                      /* one goes */
	mix_run(&m, want, src, 160, ears, sound);
	EQ(out[0], 32767);
	NEAR(out[159], 30000, 300);
	mix_run(&m, want, src, 160, ears, sound);
	EQ(out[0], 30000);
	src[0] = NULL;
	mix_run(&m, want, src, 160, ears, sound);
	CHECK(!sound[2]);
	EQ(out[5], 0);
}

/* Modes change in the middle of sound, many times: no step larger than the tones' own. */
TEST(mix_changes_do_not_click)
{
	static struct mix m;
	bool want[MIX_EARS][MIX_MOUTHS] = { 0 }, sound[MIX_EARS];
	int16_t a[160], b[160], out[160];
	const int16_t *src[MIX_MOUTHS] = { a, b };
	int16_t *ears[MIX_EARS] = { out };
	int last = 0, worst = 0;
	m = (struct mix){ 0 };
	for (int at = 0; at < 500 * 160; at += 160) {
		sine(a, 160, 300, 4000, 8000, at);
		sine(b, 160, 430, 4000, 8000, at);
		want[0][0] = rng_below(t_rng(), 2);
		want[0][1] = rng_below(t_rng(), 2);
		mix_run(&m, want, src, 160, ears, sound);
		int j = jump(out, 160, last);
		worst = j > worst ? j : worst;
		last = out[159];
	}
	CHECK(worst < 4000 * 2 * M_PI * 730 / 8000 + 60);
	CHECK(worst > 1500);                     /* the tones themselves */
}

/* ---- pipes */

/* One brings, one takes, each every 20 ms, the taker off by phase ms and jitter ms late at most;
 * what goes in must come out without a gap or an edge, and late by so much. */
static void run_pipe(int rate, int cushion, int chunk_ms, double phase, double jitter,
		     double *worst, double *delay_ms, struct chan_pipe *p)
{
	int16_t s[1600], out[320];
	int at = 0, last = 0, frame = rate / 50, got = 0, began = -1;
	pipe_init(p, rate, cushion);
	*worst = 0;
	for (int t = 0; t < 600; t++) {          /* 20 ms each: 12 s */
		double late = jitter * (double)rng_below(t_rng(), 1000) / 1000;
		bool first = phase + late >= 0 ? true : false;
		for (int k = 0; k < 2; k++) {
			if ((k == 0) == first && t * 20 % chunk_ms == 0) {
				sine(s, rate / 1000 * chunk_ms, 400, 8000, rate, at);
				pipe_put(p, s, (size_t)(rate / 1000 * chunk_ms));
				at += rate / 1000 * chunk_ms;
			} else if ((k == 0) != first) {
				bool is = pipe_get(p, out);
				double j = jump(out, frame, last);
				*worst = j > *worst ? j : *worst;
				last = out[frame - 1];
				got += is;
				if (is && began < 0)
					began = t;
			}
		}
	}
	*delay_ms = (at - got * frame) * 1000.0 / rate;
}

TEST(pipe_two_clocks_do_not_click)
{
	static struct chan_pipe p;
	for (int rate = 8000; rate <= 16000; rate += 8000) {
		double own = 8000 * 2 * M_PI * 400 / rate, worst, delay;
		run_pipe(rate, 20, 20, 5, 3, &worst, &delay, &p);
		CHECK(worst < own + 100);
		EQ(p.gaps, 0);
		NEAR(delay, 20, 20);
		run_pipe(rate, 20, 20, -0.5, 1, &worst, &delay, &p);     /* the order turns round */
		CHECK(worst < own + 100);
		EQ(p.gaps, 0);
		NEAR(delay, 30, 20);
		run_pipe(rate, 40, 60, 5, 3, &worst, &delay, &p);        /* in bursts of three */
		CHECK(worst < own + 100);
		EQ(p.gaps, 0);
	}
}

TEST(pipe_empty_fades_and_begins_softly)
{
	static struct chan_pipe p;
	int16_t s[160], out[160];
	pipe_init(&p, 8000, 20);
	for (int i = 0; i < 160; i++)
		s[i] = 10000;
	pipe_put(&p, s, 160);
	CHECK(!pipe_get(&p, out));               /* the cushion is not there yet */
	pipe_put(&p, s, 160);
	CHECK(pipe_get(&p, out));
	EQ(out[0], 0);
	EQ(out[100], 10000);
	CHECK(pipe_get(&p, out));
	CHECK(pipe_get(&p, out));                /* empty: it fades away */
	CHECK(jump(out, 160, 10000) < 300);
	EQ(out[159], 0);
	EQ(p.gaps, 1);
	CHECK(!pipe_get(&p, out));
	CHECK(!pipe_get(&p, out));
	EQ(p.gaps, 1);
}

/* Half a second at once does not stay as delay, and the cut is smooth. */
TEST(pipe_surplus_goes)
{
	static struct chan_pipe p;
	int16_t s[8000], out[160];
	int last = 0, worst = 0;
	pipe_init(&p, 8000, 20);
	sine(s, 8000, 400, 8000, 8000, 0);
	pipe_put(&p, s, 8000);                   /* a second: half of it is kept */
	EQ(p.n, 4000);
	for (int t = 0; t < 60; t++) {
		sine(s, 160, 400, 8000, 8000, t * 160);
		pipe_put(&p, s, 160);
		pipe_get(&p, out);
		int j = jump(out, 160, last);
		worst = j > worst ? j : worst;
		last = out[159];
	}
	CHECK(p.n <= 320 + 160);
	EQ(p.drops, 2);
	CHECK(worst < 8000 * 2 * M_PI * 400 / 8000 + 500);
}
