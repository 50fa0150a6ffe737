/* t_feel_table.c: feel against tables of sentences (tests/unit/t_feel_*.tsv): each row of the
 * tables of both languages, and a level on the held-out table, which nobody tunes on. */
#include <stdio.h>
#include <stdlib.h>

#include "feel.h"
#include "t.h"

/* What the first measurement on the held-out table gave, rounded down. */
#define HELD_INTENT 0.93
#define HELD_EMOTION 0.96

struct tally {
	int rows, bad, n_intent, ok_intent, n_emotion, ok_emotion, n_small, ok_small, n_human,
		ok_human;
};

static bool agrees(sv want, const char *got, int *n, int *ok)
{
	if (sv_eq(want, SV("*")))
		return true;
	bool same = sv_eq(want, sv_of(got[0] ? got : "-"));
	(*n)++;
	*ok += same;
	return same;
}

static void try_row(sv line, const char *lang, bool loud, struct tally *t)
{
	sv f[5];
	struct feel_state s = { 0 };

	for (int i = 0; i < 4; i++)
		if (!sv_cut(&line, '\t', &f[i]))
			return;
	f[4] = line;
	feel_turn(&s, f[0], lang ? sv_of(lang) : SV("en"));
	bool ok = agrees(f[1], s.intent, &t->n_intent, &t->ok_intent);
	ok &= agrees(f[2], s.emotion, &t->n_emotion, &t->ok_emotion);
	ok &= agrees(f[3], s.small_talk ? s.small : "", &t->n_small, &t->ok_small);
	ok &= agrees(f[4], s.wants_human ? "1" : "0", &t->n_human, &t->ok_human);
	ok &= !lang || strcmp(lang, s.lang) == 0;
	t->rows++;
	t->bad += !ok;
	if (!ok && loud)
		printf("# " SV_FMT ": %s %s (%.2f) small=%s human=%d lang=%s\n", SV_ARG(f[0]),
		       s.intent, s.emotion, s.emotion_p, s.small_talk ? s.small : "-",
		       s.wants_human, s.lang);
}

static struct tally run_table(const char *name, const char *lang, bool loud)
{
	struct tally t = { 0 };
	struct sb path, text;
	sv rest, line;

	sb_init(&path, 4096);
	sb_init(&text, LIM_SB);
	sb_fmt(&path, "%s/tests/unit/%s", t_srcdir(), name);
	if (file_read(sb_str(&path), LIM_SB, &text, NULL))
		t.bad = 1000;
	rest = sb_sv(&text);
	while (sv_line(&rest, &line))
		if (line.n && line.p[0] != '#')
			try_row(line, lang, loud, &t);
	sb_done(&path);
	sb_done(&text);
	return t;
}

TEST(feel_table_en)
{
	struct tally t = run_table("t_feel_en.tsv", "en", true);
	CHECK(t.rows >= 150);
	EQ(t.bad, 0);
}

TEST(feel_table_zh)
{
	struct tally t = run_table("t_feel_zh.tsv", "zh", true);
	CHECK(t.rows >= 150);
	EQ(t.bad, 0);
}

static double share(int ok, int n)
{
	return n ? (double)ok / n : 0;
}

TEST(feel_held_out)
{
	struct tally t = run_table("t_feel_held.tsv", NULL, getenv("CALLM_TEST_LOUD") != NULL);
	printf("# held out: intent %d/%d emotion %d/%d small talk %d/%d human %d/%d\n",
	       t.ok_intent, t.n_intent, t.ok_emotion, t.n_emotion, t.ok_small, t.n_small,
	       t.ok_human, t.n_human);
	CHECK(t.rows >= 100);
	CHECK(share(t.ok_intent, t.n_intent) >= HELD_INTENT);
	CHECK(share(t.ok_emotion, t.n_emotion) >= HELD_EMOTION);
	CHECK(share(t.ok_small, t.n_small) >= 0.97);
	CHECK(share(t.ok_human, t.n_human) >= 0.97);
}
