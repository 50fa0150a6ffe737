/* Unit tests of answering machine detection: greetings made of bursts and tones with exact times;
 * then greetings spoken by the voices that are installed, judged by sound alone and with words. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "t.h"
#include "chan_amd.h"

static const struct amd_words words = {
	.machine = { { SV("leave a message"), SV("after the tone"), SV("after the beep"),
		       SV("not available"), SV("请在"), SV("留言"), SV("无法接听") },
		     7 },
	.screen = { { SV("state your name"), SV("who is calling and why"), SV("说明来意") }, 3 },
	.full = { { SV("mailbox is full"), SV("信箱已满") }, 2 },
	.human = { { SV("speaking"), SV("help you"), SV("who is this"), SV("哪位") }, 4 },
};

/* ---- a line: what is heard, 20 ms at a time */

struct line {
	struct amd a;
	enum amd_ev ev[8];
	int64_t at[8];               /* ms of each event */
	int n;
	int64_t ms;
	uint64_t phase;
};

static void note(struct line *x, enum amd_ev e)
{
	if (e && x->n < 8) {
		x->at[x->n] = x->ms;
		x->ev[x->n++] = e;
	}
}

static void put(struct line *x, const int16_t *s)
{
	x->ms += 20;
	note(x, amd_push(&x->a, s));
}

/* kind 's' speech (a buzz with dips, level 0.1), 'p' pause with a quiet room, or a tone of hz. */
static void hear(struct line *x, char kind, int ms, double hz)
{
	int16_t s[PCM_FRAME];
	for (int f = 0; f < ms / 20; f++) {
		for (int i = 0; i < PCM_FRAME; i++, x->phase++) {
			double t = (double)x->phase / 8000, v = 0;
			double up = kind == 's' && f % 9 == 8 ? 0.02 : 1;
			for (int k = 1; kind == 's' && k < 6; k++)
				v += 900 * up * sin(2 * M_PI * 140 * k * t + k * k);
			if (kind == 't')
				v = 5000 * sin(2 * M_PI * hz * t);
			s[i] = (int16_t)lrint(v + (double)rng_below(t_rng(), 40) - 20);
		}
		put(x, s);
	}
}

static void l_init(struct line *x, bool hears)
{
	*x = (struct line){ 0 };
	amd_init(&x->a, &words, hears);
	hear(x, 'p', 400, 0);
}

static int64_t when(const struct line *x, enum amd_ev e)
{
	for (int i = 0; i < x->n; i++)
		if (x->ev[i] == e)
			return x->at[i];
	return -1;
}

TEST(amd_short_hello_is_a_person)
{
	for (int ms = 200; ms <= 1200; ms += 100) {
		struct line x;
		l_init(&x, ms % 200);
		hear(&x, 's', ms, 0);
		int64_t end = x.ms;
		hear(&x, 'p', 2000, 0);
		EQ(x.n, 1);
		EQ(x.ev[0], AMD_HUMAN);
		NEAR((double)(x.at[0] - end), 600, 60);
	}
}

TEST(amd_longer_greeting_of_a_person)
{
	struct line x;
	l_init(&x, false);
	hear(&x, 's', 1000, 0);
	hear(&x, 'p', 300, 0);
	hear(&x, 's', 1000, 0);
	int64_t end = x.ms;
	hear(&x, 'p', 2000, 0);
	EQ(x.n, 1);
	EQ(x.ev[0], AMD_HUMAN);
	NEAR((double)(x.at[0] - end), 900, 60);
}

TEST(amd_long_greeting_then_beep)
{
	struct line x;
	l_init(&x, false);
	hear(&x, 's', 6000, 0);
	int64_t said = when(&x, AMD_MACHINE);
	CHECK(said > 2700 && said < 3600);
	hear(&x, 'p', 500, 0);
	hear(&x, 't', 300, 1000);
	int64_t end = x.ms;
	hear(&x, 'p', 1000, 0);
	EQ(x.ev[x.n - 1], AMD_BEEP);
	NEAR((double)(x.at[x.n - 1] - end), 20, 20);
	EQ(x.n, 2);
}

TEST(amd_long_by_length_only_then_silence_is_talked_to)
{
	struct line x;
	l_init(&x, false);
	hear(&x, 's', 4000, 0);
	hear(&x, 'p', 3000, 0);
	EQ(x.n, 2);
	EQ(x.ev[0], AMD_MACHINE);
	EQ(x.ev[1], AMD_HUMAN);
}

TEST(amd_machine_by_words_without_beep_gets_its_message)
{
	struct line x;
	l_init(&x, true);
	hear(&x, 's', 2000, 0);
	note(&x, amd_words(&x.a, SV("you have reached bob Please LEAVE a message")));
	EQ(x.ev[0], AMD_MACHINE);
	note(&x, amd_words(&x.a, SV("please leave a message after the tone")));
	EQ(x.n, 1);
	hear(&x, 's', 1000, 0);
	hear(&x, 'p', 2400, 0);
	EQ(x.n, 1);
	hear(&x, 'p', 400, 0);
	EQ(x.ev[1], AMD_BEEP);
}

TEST(amd_words_of_a_person_hold_the_clock)
{
	struct line x;
	l_init(&x, true);
	hear(&x, 's', 2500, 0);
	note(&x, amd_words(&x.a, SV("harbour home julia speaking")));
	hear(&x, 's', 3000, 0);
	EQ(x.n, 0);
	hear(&x, 'p', 700, 0);
	EQ(x.ev[0], AMD_HUMAN);
}

TEST(amd_screening_full_and_chinese)
{
	static const struct {
		const char *said;
		enum amd_ev ev;
	} all[] = { { "please state your name and why you are calling", AMD_SCREEN },
		    { "请说明来意", AMD_SCREEN },
		    { "the mailbox is full", AMD_FULL },
		    { "对方信箱已满", AMD_FULL },
		    { "您拨打的用户无法接听", AMD_MACHINE },
		    { "hello", AMD_NONE },
		    { "", AMD_NONE } };
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct line x;
		l_init(&x, true);
		hear(&x, 's', 1000, 0);
		EQ(amd_words(&x.a, sv_of(all[i].said)), all[i].ev);
	}
}

/* A screening assistant speaks long before it asks; after our answer it is listened to anew. */
TEST(amd_screening_after_a_long_greeting)
{
	struct line x;
	l_init(&x, true);
	hear(&x, 's', 5000, 0);
	EQ(x.ev[0], AMD_MACHINE);
	EQ(amd_words(&x.a, SV("state your name")), AMD_SCREEN);
	EQ(amd_words(&x.a, SV("state your name")), AMD_NONE); /* once */
	amd_again(&x.a);
	x.n = 0;
	hear(&x, 'p', 1000, 0);
	hear(&x, 's', 500, 0);
	hear(&x, 'p', 700, 0);
	EQ(x.n, 1);
	EQ(x.ev[0], AMD_HUMAN);
}

TEST(amd_silence_is_asked)
{
	struct line x;
	l_init(&x, true);
	hear(&x, 'p', 4000, 0);
	EQ(x.n, 1);
	EQ(x.ev[0], AMD_SILENT);
	NEAR((double)x.at[0], 2500, 20);
	amd_again(&x.a);
	hear(&x, 'p', 4000, 0);
	EQ(x.n, 2);
	EQ(x.ev[1], AMD_SILENT);
}

TEST(amd_beeps)
{
	static const struct {
		double hz;
		int ms;
		bool is;
	} all[] = { { 440, 300, true },  { 800, 120, true },   { 1000, 200, true },
		    { 1400, 500, true }, { 2000, 1000, true }, { 1000, 60, false },
		    { 440, 100, false }, { 1000, 3000, false }, { 200, 500, false },
		    { 3000, 500, false } };
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct amd_beep b = { 0 };
		int16_t s[PCM_FRAME];
		int n = 0;
		for (int f = 0; f < all[i].ms / 20 + 10; f++) {
			for (int k = 0; k < PCM_FRAME; k++) {
				double t = (double)(f * PCM_FRAME + k) / 8000;
				double v = f * 20 < all[i].ms ?
						   3000 * sin(2 * M_PI * all[i].hz * t) :
						   0;
				s[k] = (int16_t)lrint(v + (double)rng_below(t_rng(), 200) - 100);
			}
			n += amd_beep_push(&b, s);
		}
		if (n != all[i].is)
			printf("# %g Hz %d ms: %d\n", all[i].hz, all[i].ms, n);
		EQ(n, all[i].is);
	}
}

/* ---- greetings as voices speak them */

struct greeting {
	const char *lang, *text;
	bool machine;
};
static const struct greeting greetings[] = {
	{ "en", "Hello?", false },
	{ "en", "Hi.", false },
	{ "en", "Yes?", false },
	{ "en", "Hello, this is Anna.", false },
	{ "en", "Hello? Hello?", false },
	{ "en", "Anna Smith speaking.", false },
	{ "en", "Good morning, this is Peter Miller speaking.", false },
	{ "en", "Hello, Miller residence, who is this please?", false },
	{ "en", "Good afternoon, Harbour Home, Julia speaking, how can I help you?", false },
	{ "zh", "喂", false },
	{ "zh", "喂，你好。", false },
	{ "zh", "你好，请问哪位？", false },
	{ "en", "Hi, you have reached Bob. I am not available right now. Please leave a message "
		"after the beep.", true },
	{ "en", "The person you are calling is not available. At the tone, please record your "
		"message. When you have finished you may hang up. Please leave a message.", true },
	{ "en", "Hello, this is Susan Brown, I can not come to the phone at the moment, so please "
		"leave a message and I will call you back.", true },
	{ "zh", "您好，您拨打的用户暂时无法接听，请在提示音后留言。", true },
	{ "zh", "您拨打的电话无人接听，现在已转到语音信箱，听到嘀声后请留言。", true },
};
static const char *const voices[] = { "kal", "rms", "slt", "awb" };

/* Runs a program to its end, silently; its exit status. */
static int runs(const char *const *argv)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		int nul = open("/dev/null", O_RDWR);
		dup2(nul, 1);
		dup2(nul, 2);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
		       WEXITSTATUS(status) :
		       127;
}

static bool spoken(const struct greeting *g, const char *voice, struct pcm_clip *ret)
{
	char path[4200];
	struct err e = { 0 };
	snprintf(path, sizeof(path), "%s/g.wav", t_tmpdir());
	const char *en[] = { "flite", "-voice", voice, "-t", g->text, "-o", path, NULL };
	const char *zh[] = { "espeak-ng", "-v", "cmn", "-w", path, g->text, NULL };
	return runs(strcmp(g->lang, "en") == 0 ? en : zh) == 0 &&
	       pcm_wav_read(path, PCM_HZ, ret, &e) == 0;
}

/* The share of its letters that a recogniser 0.6 s behind would have written. */
static sv so_far(const struct greeting *g, size_t at, size_t n)
{
	size_t late = 4800, len = strlen(g->text);
	if (at <= late)
		return SV("");
	size_t k = at >= n ? len : len * (at - late) / n;
	return sv_n(g->text, k < len ? k : len);
}

/* One greeting, then silence, or a beep: what is it taken for, and when? */
static void play(struct line *x, const struct greeting *g, const struct pcm_clip *c, bool hears)
{
	int16_t s[PCM_FRAME];
	int k = 0;
	l_init(x, hears);
	for (size_t at = 0; at + PCM_FRAME <= c->n + 4800; at += PCM_FRAME) {
		for (int i = 0; i < PCM_FRAME; i++) {
			int v = at + (size_t)i < c->n ? c->s[at + (size_t)i] : 0;
			v += (int)rng_below(t_rng(), 60) - 30;
			s[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
		}
		if (hears && k++ % 10 == 9)
			note(x, amd_words(&x->a, so_far(g, at, c->n)));
		put(x, s);
	}
	if (g->machine)
		hear(x, 't', 300, 1000);
	hear(x, 'p', 3000, 0);
}

/* Where the sound of a clip ends. */
static int64_t end_ms(const struct pcm_clip *c)
{
	size_t n = c->n;
	while (n >= PCM_FRAME && pcm_dbfs(c->s + n - PCM_FRAME, PCM_FRAME) < -45)
		n -= PCM_FRAME;
	return 400 + (int64_t)(n / 8);
}

struct tally {
	int people, false_machine, machines, messages, late;
	int64_t wait[128];
};

static void judge(struct tally *t, const struct greeting *g, const struct line *x,
		  const struct pcm_clip *c, const char *voice)
{
	enum amd_ev last = x->n ? x->ev[x->n - 1] : AMD_NONE;
	int64_t at = x->n ? x->at[x->n - 1] : 0;
	if (g->machine) {
		t->machines++;
		t->messages += last == AMD_BEEP;
	} else if (t->people < 128) {
		t->wait[t->people++] = at - end_ms(c);
		t->false_machine += last != AMD_HUMAN;
	}
	if ((last == AMD_HUMAN) == g->machine)
		printf("# %s, %s: %s\n", voice, g->text, amd_name(last));
}

static int by_size(const void *a, const void *b)
{
	int64_t d = *(const int64_t *)a - *(const int64_t *)b;
	return d < 0 ? -1 : d > 0;
}

static void all_greetings(struct tally *t, bool hears)
{
	for (size_t i = 0; i < sizeof(greetings) / sizeof(*greetings); i++)
		for (size_t v = 0; v < (greetings[i].lang[0] == 'e' ? 4u : 1u); v++) {
			struct pcm_clip c = { 0 };
			static struct line x;
			if (!spoken(&greetings[i], voices[v], &c))
				continue;
			play(&x, &greetings[i], &c, hears);
			judge(t, &greetings[i], &x, &c, voices[v]);
			pcm_clip_done(&c);
		}
	qsort(t->wait, (size_t)t->people, sizeof(t->wait[0]), by_size);
	printf("# %s: %d people, %d taken for machines; %d machines, %d messages after the beep; "
	       "decided after the end of a hello: p50 %lld ms, p95 %lld ms\n",
	       hears ? "sound and words" : "sound alone", t->people, t->false_machine,
	       t->machines, t->messages, (long long)(t->people ? t->wait[t->people / 2] : 0),
	       (long long)(t->people ? t->wait[t->people * 95 / 100] : 0));
}

TEST(amd_spoken_greetings)
{
	const char *flite[] = { "flite", "--version", NULL };
	const char *espeak[] = { "espeak-ng", "--version", NULL };
	if (runs(flite) == 127 || runs(espeak) == 127)
		SKIP("flite or espeak-ng is not installed");
	for (int hears = 0; hears < 2; hears++) {
		struct tally t = { 0 };
		all_greetings(&t, hears);
		CHECK(t.people >= 20 && t.machines >= 5);
		CHECK(t.false_machine * 100 <= t.people * 3);
		CHECK(t.messages * 100 >= t.machines * 90);
		CHECK(t.wait[t.people * 95 / 100] <= 1400);
	}
}
