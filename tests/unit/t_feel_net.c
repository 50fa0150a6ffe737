/* t_feel_net.c: the nets in the program: they are there, and on the held-out rows of train/data
 * not far below what their cards say. */
#include <stdio.h>

#include "feel_int.h"
#include "t.h"

TEST(feel_net_each_is_there)
{
	static const char *const has[FEEL_NETS] = { "ja", "oos", "relieved" };
	static const size_t labels[FEEL_NETS] = { 40, 20, 8 };
	struct feel_net x;
	for (int i = 0; i < FEEL_NETS; i++) {
		CHECK(feel_net(i, SV("hello there"), &x));
		EQ(x.n, labels[i]);
		double sum = 0;
		bool there = false;
		for (size_t k = 0; k < x.n; k++) {
			sum += x.p[k];
			there |= sv_eq(x.name[k], sv_of(has[i]));
		}
		NEAR(sum, 1, 0.03);
		CHECK(there);
		NEAR(feel_net_p(&x, SV("no such label")), 0, 1e-12);
	}
}

TEST(feel_net_same_answer_each_time)
{
	struct feel_net a, b;
	CHECK(feel_net(FEEL_NET_INTENT, SV("where is my parcel"), &a));
	CHECK(feel_net(FEEL_NET_INTENT, SV("我要退货"), &b));
	CHECK(feel_net_p(&b, SV("return_goods")) > 0.7);
	CHECK(feel_net(FEEL_NET_INTENT, SV("where is my parcel"), &b));
	for (size_t i = 0; i < a.n; i++)
		NEAR(a.p[i], b.p[i], 1e-12);
	CHECK(feel_net_p(&a, SV("order_status")) > 0.7);
}

TEST(feel_net_one_reading_for_two_nets)
{
	static const char *const said[] = { "this is the third time I ask, where is it",
					    "又坏了，我要换一个", "", "ok" };
	struct feel_net together, alone;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct feel_ear *x = feel_ear_take();
		feel_ear_read(x, FEEL_NET_INTENT, sv_of(said[i]));
		CHECK(feel_ear_say(x, FEEL_NET_EMOTION, &together));
		/* letters with accents are read another way */
		CHECK(!feel_ear_say(x, FEEL_NET_LANG, &alone) && alone.n == 0);
		feel_ear_give(x);
		CHECK(feel_net(FEEL_NET_EMOTION, sv_of(said[i]), &alone));
		EQ(together.n, alone.n);
		for (size_t k = 0; k < alone.n; k++)
			NEAR(together.p[k], alone.p[k], 1e-12);
		NEAR(together.valence, alone.valence, 1e-12);
	}
}

static sv top(const struct feel_net *x)
{
	size_t best = 0;
	for (size_t i = 0; i < x->n; i++)
		best = x->p[i] > x->p[best] ? i : best;
	return x->name[best];
}

/* Share of the rows of a held-out file that the net (or feel_language, net < 0) gets right. */
static double held(int net, const char *name)
{
	struct sb path, text;
	sv rest, line, label;
	int n = 0, right = 0;
	sb_init(&path, 4096);
	sb_init(&text, LIM_SB);
	sb_fmt(&path, "%s/train/data/held/%s.tsv", t_srcdir(), name);
	if (file_read(sb_str(&path), LIM_SB, &text, NULL))
		printf("# %s cannot be read\n", sb_str(&path));
	rest = sb_sv(&text);
	while (sv_line(&rest, &line)) {
		char lang[4] = "";
		struct feel_net x = { .n = 0 };
		sv said;
		if (!sv_cut(&line, '\t', &label) || !sv_cut(&line, '\t', &said))
			continue;
		if (net < 0)
			feel_language(said, lang);
		else
			feel_net(net, said, &x);
		right += sv_eq(label, net < 0 ? sv_of(lang) : top(&x));
		n++;
	}
	sb_done(&path);
	sb_done(&text);
	printf("# %s: %d of %d\n", name, right, n);
	return n ? (double)right / n : 0;
}

TEST(feel_net_held_out_rows)
{
	CHECK(held(FEEL_NET_INTENT, "intent.en") >= 0.72);
	CHECK(held(FEEL_NET_INTENT, "intent.zh") >= 0.66);
	CHECK(held(FEEL_NET_EMOTION, "emotion.en") >= 0.70);
	CHECK(held(FEEL_NET_EMOTION, "emotion.zh") >= 0.63);
	CHECK(held(FEEL_NET_INTENT, "intent_far.en") >= 0.76);
	CHECK(held(FEEL_NET_INTENT, "intent_far.zh") >= 0.70);
	CHECK(held(FEEL_NET_EMOTION, "emotion_far.en") >= 0.61);
	CHECK(held(FEEL_NET_EMOTION, "emotion_far.zh") >= 0.56);
	CHECK(held(-1, "language") >= 0.93);
}

TEST(feel_net_any_bytes)
{
	struct feel_net x;
	static const char *const odd[] = { "", "\xff\xfe", "😀😀", "\xe4\xb8", "|||", "a|||b" };
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		CHECK(feel_net(FEEL_NET_EMOTION, sv_of(odd[i]), &x) && x.n == 8);
}
