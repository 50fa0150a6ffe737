/* t_talk_profile.c: who is identified is served by what is known of them, each use on the record;
 * who is not hears and leaves nothing of it. */
#include <stdio.h>

#include "t_talk_help.h"

static const struct chan_profile li = { .id = SV("c1"), .name = SV("Li Wei"), .tier = SV("gold"),
					.language = SV("en"), .last_order = SV("HH2026-100777"),
					.last_status = SV("shipped"), .orders = 3 };

static const struct talk_act *row(const struct bench *b, const char *rec, const char *part)
{
	for (size_t i = 0; i < b->acts.n; i++) {
		const struct talk_act *x = &b->acts.v[i];
		if (x->kind == TACT_RECORD && strcmp(x->rec, rec) == 0 &&
		    sv_find(x->text, sv_of(part)) >= 0)
			return x;
	}
	return NULL;
}

static const struct talk_act *said(const struct bench *b)
{
	for (size_t i = 0; i < b->acts.n; i++)
		if (b->acts.v[i].kind == TACT_SAY)
			return &b->acts.v[i];
	return NULL;
}

static void open_as(struct bench *b, const struct chan_profile *who, struct policy_table **table)
{
	bench_open(b, 0, 0);
	*table = talk_own_strategy();
	b->c.table = *table;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat", .profile = who });
}

static void shut(struct bench *b, struct policy_table *table)
{
	bench_close(b);
	obj_unref(table);
}

/* The turn's search finds nothing, or the first article. */
static void ask(struct bench *b, const char *text, bool found)
{
	bench_feed(b, ev_text(text));
	static const struct kb_result nothing;
	if (b->c.in_turn)
		bench_feed(b, (struct talk_ev){ .kind = TEV_FOUND, .gen = b->c.gen,
						.found = found ? &b->found : &nothing });
}

TEST(talk_profile_greets_by_name_and_asks_for_the_order)
{
	struct bench b;
	struct policy_table *t;
	open_as(&b, &li, &t);
	CHECK(sv_find(said(&b)->text, SV("Welcome back, Li Wei.")) >= 0);
	CHECK(sv_find(said(&b)->text, SV("HH2026-100777")) >= 0);
	CHECK(row(&b, "profile.use", "\"name\",\"why\":\"greeting\""));
	CHECK(row(&b, "profile.use", "\"orders\",\"why\":\"open_order\""));
	CHECK(row(&b, "profile.use", "\"language\""));
	CHECK(!row(&b, "profile.use", "\"tier\""));
	shut(&b, t);
}

TEST(talk_profile_an_order_that_is_over_is_not_asked_for)
{
	struct bench b;
	struct policy_table *t;
	struct chan_profile p = li;
	p.last_status = SV("delivered");
	open_as(&b, &p, &t);
	CHECK(sv_find(said(&b)->text, SV("Li Wei")) >= 0);
	CHECK(sv_find(said(&b)->text, SV("HH2026")) < 0);
	CHECK(!row(&b, "profile.use", "\"orders\""));
	shut(&b, t);
}

TEST(talk_profile_answers_where_the_order_is)
{
	struct bench b;
	struct policy_table *t;
	open_as(&b, &li, &t);
	ask(&b, "Where is my order?", false);
	CHECK(said(&b));
	CHECK(sv_find(said(&b)->text, SV("HH2026-100777, is on its way")) >= 0);
	CHECK(row(&b, "profile.use", "\"orders\",\"why\":\"answer\""));
	CHECK(row(&b, "profile.use", "\"tier\",\"why\":\"strategy\""));
	CHECK(row(&b, "turn.bot", "\"grounded\":false"));
	ask(&b, "Where is my order now?", false);
	CHECK(!row(&b, "profile.use", ""));          /* once for each use */
	ask(&b, "How long may I return something?", true);
	CHECK(sv_find(said(&b)->text, SV("HH2026")) < 0);
	shut(&b, t);
}

TEST(talk_profile_language_is_the_customers)
{
	struct bench b;
	struct policy_table *t;
	struct chan_profile p = li;
	p.language = SV("zh");
	p.name = SV("李伟");
	open_as(&b, &p, &t);
	CHECK(sv_find(said(&b)->text, SV("李伟，欢迎回来")) >= 0);
	STR_EQ(b.c.lang, "zh");
	p.language = SV("fr");               /* not ours: as it was */
	shut(&b, t);
	open_as(&b, &p, &t);
	STR_EQ(b.c.lang, "en");
	CHECK(!row(&b, "profile.use", "\"language\""));
	shut(&b, t);
}

TEST(talk_profile_offers_follow_the_tier)
{
	struct bench b;
	struct policy_table *t;
	open_as(&b, &li, &t);
	ask(&b, "This is outrageous, how long may I return this rubbish?", true);
	CHECK(row(&b, "turn.bot", "\"row\":\"angry_vip\""));
	CHECK(row(&b, "offer.made", "voucher_50"));
	CHECK(sv_find(said(&b)->text, SV("50 yuan voucher")) >= 0);
	ask(&b, "You are thieves, how long may I return it?", true);
	CHECK(!row(&b, "offer.made", ""));   /* once */
	shut(&b, t);
}

TEST(talk_profile_nothing_of_a_stranger)
{
	static const char *const lines[] = { "Where is my order?",
					     "I am so angry, where is my order?",
					     "You are thieves!", "I want a person" };
	struct bench b;
	struct policy_table *t;
	open_as(&b, NULL, &t);
	CHECK(sv_find(said(&b)->text, SV("Welcome back")) < 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ask(&b, lines[i], i % 2 == 0);
		CHECK(!row(&b, "profile.use", ""));
		CHECK(!row(&b, "offer.made", ""));
		CHECK(said(&b) && sv_find(said(&b)->text, SV("voucher")) < 0);
	}
	shut(&b, t);
}
