/* The context is what was heard: a caller cuts in at random moments of a long reply, on the
 * simulated line with the real playout; what the model would see next is compared with what
 * the line carried, word by word. */
#include <stdio.h>
#include "t.h"
#include "world.h"

#define MS_A_BYTE 65                 /* the simulated voice, English */
#define ASKED "How long do I have to return something"

static const char *const reply[] = {
	"You have 30 days from the day of delivery to return unused articles; Gold and Platinum "
	"members have 60 days. [1] For",
	" articles bought in a store, the days count from the day of purchase. [1] Mattresses",
	" are a case of their own: they follow the 100-night trial. [1]",
};

static jv *script(int delay_ms)
{
	jv *rule = jv_obj(), *say = jv_arr(), *list = jv_arr();
	for (size_t i = 0; i < sizeof(reply) / sizeof(*reply); i++)
		jv_push(say, jv_str(sv_of(reply[i])));
	jv_set_str(rule, "match", SV("return"));
	jv_set(rule, "say", say);
	jv_set_int(rule, "delay_ms", delay_ms);
	jv_push(list, rule);
	return list;
}

static bool is_quiet(void *arg)
{
	const struct actor *a = arg;
	return !a->sounding && a->mouth.left_ms <= 0;
}

static bool is_loud(void *arg)
{
	return ((const struct actor *)arg)->sounding;
}

/* The last row of a kind, its body. */
static const jv *last(const struct actor *a, const char *kind)
{
	for (size_t i = a->rows.n; i > 0; i--)
		if (sv_eq(jv_get_str(a->rows.v[i - 1].v, "kind"), sv_of(kind)))
			return jv_get(a->rows.v[i - 1].v, "body");
	return NULL;
}

static int words(sv s)
{
	int n = 0;
	bool in = false;
	for (size_t i = 0; i < s.n; i++) {
		bool letter = s.p[i] != ' ';
		n += letter && !in;
		in = letter;
	}
	return n;
}

/* What a model would see as our last words. */
static sv context(struct actor *a)
{
	const struct talk_core *c = &actor_talk(a)->core;
	for (int i = c->n_past - 1; i >= 0; i--)
		if (c->past[i].bot)
			return sv_of(c->past[i].text);
	return SV("");
}

static bool was_cut(void *arg)
{
	return last(arg, "turn.cut") != NULL;
}

struct cut {
	sv heard, seen;
	int sent;                    /* words that the line carried, by the clock */
	bool filler;
};

/* Cuts in ms after the reply (or the filler before it) began to sound. */
static struct actor *cut_at(struct world *w, int64_t ms, struct cut *ret)
{
	struct actor *a = world_call(w, SV("p1"), SV("en"), SV("on"));
	ASSERT(world_until(w, is_loud, a, 5000) && world_until(w, is_quiet, a, 30000));
	actor_speak(a, SV(ASKED), 2600, 0, 0.9);
	world_until(w, is_loud, a, 8000);
	int64_t began = a->sound_since_ms;
	world_run(w, ms);
	actor_speak(a, SV("wait a moment please"), 1500, 0, 0.9);
	ASSERT(world_until(w, was_cut, a, 4000));
	ret->seen = context(a);      /* before the next words change it */
	world_run(w, 140);
	ret->heard = jv_get_str(last(a, "turn.cut"), "heard_text");
	int64_t bytes = (a->silent_since_ms - began) / MS_A_BYTE;
	sv whole = SV("You have 30 days from the day of delivery to return unused articles; Gold "
		      "and Platinum members have 60 days. For articles bought in a store, the days "
		      "count from the day of purchase. Mattresses are a case of their own: they "
		      "follow the 100-night trial.");
	ret->sent = words(sv_slice(whole, 0, (size_t)(bytes < 0 ? 0 : bytes)));
	ret->filler = last(a, "turn.aside") != NULL;
	return a;
}

static void one(int delay_ms, int64_t ms, bool filler)
{
	struct world_opts o = { .lang = "en", .llm = { script(delay_ms) }, .n_llm = 1 };
	struct world *w = world_open(&o);
	struct cut c;
	ASSERT(w);
	struct actor *a = cut_at(w, ms, &c);
	EQ(c.filler, filler);
	if (!filler) {
		CHECK(sv_eq(c.seen, c.heard));
		int off = words(c.seen) - c.sent;
		if (off > 0 || off < -2)
			printf("# cut at %d ms: %d words in the context, %d sent: \"" SV_FMT
			       "\"\n", (int)ms, words(c.seen), c.sent, SV_ARG(c.seen));
		CHECK(off >= -2 && off <= 0);
	} else {                     /* nothing of the reply: the greeting was heard last */
		CHECK(sv_find(c.seen, SV("30 days")) < 0);
		CHECK(sv_find(c.seen, SV("moment")) < 0 && sv_find(c.seen, SV("check")) < 0);
	}
	(void)a;
	world_close(w);
	jv_free((jv *)(uintptr_t)o.llm[0]);
}

TEST(talk_heard_context_is_what_the_line_carried)
{
	for (int i = 0; i < 16; i++)
		one(30, 300 + (int64_t)rng_below(t_rng(), 11000), false);
	world_forget();
}

/* Cut while the filler sounds: nothing of the reply counts, nor does the filler. */
TEST(talk_heard_nothing_behind_a_filler)
{
	for (int i = 0; i < 6; i++)
		one(1400, 100 + (int64_t)rng_below(t_rng(), 900), true);
	world_forget();
}

/* From the caller's last sound to our first. */
static int64_t gap_ms(bool speculate, int model_ms, const char *words)
{
	struct world_opts o = { .lang = "en", .llm = { script(model_ms) }, .n_llm = 1,
				.no_speculation = !speculate };
	struct world *w = world_open(&o);
	ASSERT(w);
	struct actor *a = world_call(w, SV("p1"), SV("en"), SV("on"));
	ASSERT(world_until(w, is_loud, a, 5000) && world_until(w, is_quiet, a, 30000));
	actor_speak(a, sv_of(words), 2600, 0, 0.9);
	world_run(w, 2700);
	ASSERT(world_until(w, is_loud, a, 8000));
	int64_t gap = a->sound_since_ms - a->spoke_ms;
	const struct talk_tally *t = &actor_talk(a)->core.tally;
	ASSERT(t->fillers == 0 && t->hits == (unsigned)speculate);
	world_close(w);
	jv_free((jv *)(uintptr_t)o.llm[0]);
	return gap;
}

/* The model works while the ear still waits for more words; the same words, the same answer. */
TEST(talk_heard_prepared_answers_come_earlier)
{
	static const char *const said[] = { ASKED, "I bought a lamp and want to return the lamp" };
	for (size_t i = 0; i < 2; i++) {
		int64_t with = gap_ms(true, 400, said[i]), without = gap_ms(false, 400, said[i]);
		printf("# \"%s\": %d ms, %d ms without preparing\n", said[i], (int)with,
		       (int)without);
		CHECK(with <= without);
		CHECK(i == 0 || with < without);
	}
	world_forget();
}
