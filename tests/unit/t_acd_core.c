/* t_acd_core.c: the machine of queues step by step: whom it asks, in which order, and what
 * becomes of an item. After each step everything is looked through for what must never be. */
#include "t_acd.h"

#define SKILLS \
	"skills:\n" \
	"  - {id: a, title: {zh: 甲, en: A}}\n" \
	"  - {id: b, title: {zh: 乙, en: B}}\n"
#define TITLE "title: {zh: 队, en: Q}, "

static const char plain[] = SKILLS "queues:\n"
				   "  - {id: q, " TITLE "ring_s: 20, wrapup_s: 10}\n"
				   "  - {id: r, " TITLE "priority: 5, wrapup_s: 0}\n";

TEST(acd_an_item_goes_from_queue_to_wrap_up)
{
	struct world w;
	struct acd_agent_now a;
	w_open(&w, plain);
	w.show |= SHOW(ACD_AGENT_IS) | SHOW(ACD_PLACE) | SHOW(ACD_WRAP_OVER);
	OK(w_agent(&w, "mei", "", "zh en", "q"));
	OK(w_enter(&w, "i1", "q", "zh", 0));
	STR_EQ(w_said(&w), "place i1 0;");
	OK(w_ready(&w, "mei"));
	STR_EQ(w_said(&w), "agent mei ready lunch;agent mei reserved lunch;offer i1 mei;");
	w_pass(&w, 3000);
	EQ(w_accept(&w, "i1", "tom"), ERR_STATE);
	OK(w_accept(&w, "i1", "mei"));
	EQ(w_accept(&w, "i1", "mei"), ERR_STATE);
	STR_EQ(w_said(&w), "agent mei talking lunch;");
	w_pass(&w, 60000);
	OK(acd_core_hold(w.c, SV("i1"), true, w.now));
	w_pass(&w, 5000);
	OK(acd_core_hold(w.c, SV("i1"), false, w.now));
	STR_EQ(w_said(&w), "agent mei hold lunch;agent mei talking lunch;");
	OK(w_end(&w, "i1"));
	EQ(w_end(&w, "i1"), ERR_NOTFOUND);
	STR_EQ(w_said(&w), "agent mei wrapup lunch;");
	w_pass(&w, 4000);
	OK(w_wrapped(&w, "i1", "mei"));
	STR_EQ(w_said(&w), "agent mei ready lunch;wrapped i1 mei done;");
	EQ(w_wrapped(&w, "i1", "mei"), ERR_NOTFOUND);
	struct acd_numbers n = w_numbers(&w, "q");
	EQ(n.entered, 1);
	EQ(n.answered, 1);
	EQ(n.in_sl, 1);
	EQ(n.wait_ms, 3000);
	EQ(n.talk_ms, 60000);
	EQ(n.hold_ms, 5000);
	EQ(n.acw_ms, 4000);
	EQ(n.ended, 1);
	OK(acd_core_agent_now(w.c, SV("mei"), w.now, &a));
	EQ(a.answered, 1);
	EQ(a.talk_ms, 60000);
	EQ(a.used[ACD_CHAT], 0);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_priority_then_first_come_and_ageing_overtakes)
{
	struct world w;
	w_open(&w, SKILLS "queues:\n"
			  "  - {id: q, " TITLE "ageing: 0}\n"
			  "  - {id: g, " TITLE "ageing: 1}\n");
	OK(w_agent(&w, "mei", "", "zh", "q g/2"));
	OK(w_enter(&w, "old", "q", "", 0));
	w_pass(&w, 3600 * 1000);
	OK(w_enter(&w, "high", "q", "", 1));
	w_pass(&w, 1000);
	OK(w_enter(&w, "late", "q", "", 1));
	OK(w_enter(&w, "waited", "g", "", 0));
	w_pass(&w, 181000);
	OK(w_enter(&w, "three", "g", "", 3));
	w_pass(&w, 0);
	OK(w_ready(&w, "mei"));
	/* without ageing priority decides whatever the wait; one a minute: 181 s beat 3 points */
	STR_EQ(w_said(&w), "offer high mei;");
	OK(w_accept(&w, "high", "mei"));
	STR_EQ(w_said(&w), "offer late mei;");
	OK(w_accept(&w, "late", "mei"));
	OK(w_accept(&w, "old", "mei"));
	OK(w_accept(&w, "waited", "mei"));
	OK(w_end(&w, "high"));
	w_pass(&w, 10000);
	STR_EQ(w_said(&w), "offer old mei;offer waited mei;offer three mei;");
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_no_skill_or_language_is_passed_over_before_its_step)
{
	struct world w;
	w_open(&w, SKILLS
	       "queues:\n"
	       "  - id: q\n    title: {zh: 队, en: Q}\n    max_wait_s: 600\n"
	       "    needs: [{skill: a, level: 6}, {skill: b, level: 2, preferred: true}]\n"
	       "    relax:\n"
	       "      - {after_s: 30, lower: 3}\n"
	       "      - {after_s: 60, drop_preferred: true}\n"
	       "      - {after_s: 90, queue: r}\n"
	       "      - {after_s: 120, any_language: true}\n"
	       "  - {id: r, " TITLE "strategy: top-down}\n");
	w.show |= SHOW(ACD_RELAXED);
	OK(w_agent(&w, "low", "a:3", "en", "q"));
	OK(w_agent(&w, "other", "a:9 b:9", "en", "r"));
	OK(w_agent(&w, "tongue", "a:9 b:9", "zh", "q"));
	OK(w_ready(&w, "low"));
	OK(w_ready(&w, "other"));
	OK(w_ready(&w, "tongue"));
	OK(w_enter(&w, "i", "q", "en", 0));
	w_pass(&w, 59999);
	STR_EQ(w_said(&w), "relaxed i 1;");
	w_pass(&w, 1);
	STR_EQ(w_said(&w), "relaxed i 2;offer i low;");
	OK(w_reject(&w, "i", "low", "reject"));
	OK(w_be(&w, "low", ACD_OFFLINE));
	w_pass(&w, 29999);
	STR_EQ(w_said(&w), "revoke i low rejected;");
	w_pass(&w, 1);
	STR_EQ(w_said(&w), "relaxed i 3;offer i other;");
	OK(w_reject(&w, "i", "other", "reject"));
	OK(w_be(&w, "other", ACD_OFFLINE));
	w_pass(&w, 29000);
	STR_EQ(w_said(&w), "revoke i other rejected;");
	w_pass(&w, 1000);
	STR_EQ(w_said(&w), "relaxed i 4;offer i tongue;");
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_tiers_are_asked_after_their_wait)
{
	struct world w;
	w_open(&w, SKILLS "queues:\n"
			  "  - {id: q, " TITLE "tier_wait_s: 15}\n"
			  "  - {id: n, " TITLE "sl: {s: 5, pct: 90}}\n");
	OK(w_agent(&w, "second", "", "zh", "q/2 n/2"));
	OK(w_agent(&w, "third", "", "zh", "q/3 n/3"));
	OK(w_ready(&w, "third"));
	OK(w_ready(&w, "second"));
	OK(w_enter(&w, "i", "q", "", 0));
	w_pass(&w, 14000);
	STR_EQ(w_said(&w), "");
	w_pass(&w, 2000);
	STR_EQ(w_said(&w), "offer i second;");
	/* without a wait tiers only order */
	OK(w_accept(&w, "i", "second"));
	OK(w_enter(&w, "k", "n", "", 0));
	STR_EQ(w_said(&w), "offer k second;");
	CHECK(!w.bad);
	w_close(&w);
}

/* Four agents join d, c, b, a; each serves one item, in an order given. */
static void strategy_world(struct world *w, const char *strategy, const char *more)
{
	char yaml[400];
	(void)snprintf(yaml, sizeof(yaml),
		       "queues:\n  - {id: q, " TITLE "strategy: %s, wrapup_s: 0%s}\n"
		       "agents: {defaults: {capacity: {chat: 2}}}\n",
		       strategy, more);
	w_open(w, yaml);
	(void)w_agent(w, "d", "", "zh", "q/1/4");
	(void)w_agent(w, "c", "", "zh", "q/1/3");
	(void)w_agent(w, "b", "", "zh", "q/1/2");
	(void)w_agent(w, "a", "", "zh", "q/1/1");
	for (const char *s = "c\0a\0d\0b\0"; *s; s += 2, w->now += 1000)
		(void)w_ready(w, s);
}

/* Serves an item for ms and tells whom it was offered to. */
static char served(struct world *w, const char *id, int64_t ms)
{
	const char *said;
	char who[2] = "";
	(void)w_enter(w, id, "q", "", 0);
	said = w_said(w);
	who[0] = strlen(said) > 2 ? said[strlen(said) - 2] : '?';
	(void)w_accept(w, id, who);
	w_pass(w, ms);
	(void)w_end(w, id);
	return who[0];
}

static void strategy_is(const char *strategy, const char *want)
{
	struct world w;
	char got[9] = "";
	strategy_world(&w, strategy, "");
	for (int i = 0; i < 8; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "i%d", i);
		/* what the k-th takes is longer each time: least talk time differs from fewest */
		got[i] = served(&w, id, 1000 * (i + 1) * (i + 1));
	}
	got[8] = 0;
	STR_EQ(got, want);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_strategies_by_freeswitchs_and_asterisks_names)
{
	strategy_is("longest-idle-agent", "cadbcadb");
	strategy_is("leastrecent", "cadbcadb");
	strategy_is("round-robin", "abcdabcd");
	strategy_is("rrmemory", "abcdabcd");
	strategy_is("top-down", "aaaaaaaa");
	strategy_is("linear", "aaaaaaaa");
	strategy_is("sequentially-by-agent-order", "aaaaaaaa");
	strategy_is("agent-with-fewest-calls", "cadbcadb");
	strategy_is("fewestcalls", "cadbcadb");
	/* 1 4 9 16 s: c has 1, then 1+25=26; a 4, then 4+36; d 9 + 49; b 16 + 64 */
	strategy_is("agent-with-least-talk-time", "cadbcadb");
}

TEST(acd_least_talk_time_is_not_fewest_calls)
{
	struct world w;
	strategy_world(&w, "agent-with-least-talk-time", "");
	EQ(served(&w, "i1", 60000), 'c');
	EQ(served(&w, "i2", 1000), 'a');
	EQ(served(&w, "i3", 50000), 'd');
	EQ(served(&w, "i4", 50000), 'b');
	EQ(served(&w, "i5", 1000), 'a');
	EQ(served(&w, "i6", 1000), 'a');
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_random_is_even_and_wrandom_weighs)
{
	struct world w;
	int n[2][4] = { 0 };
	for (int k = 0; k < 2; k++) {
		strategy_world(&w, k ? "wrandom" : "random", "");
		for (int i = 0; i < 1200; i++) {
			char id[16];
			(void)snprintf(id, sizeof(id), "i%d", i);
			n[k][served(&w, id, 10) - 'a']++;
		}
		CHECK(!w.bad);
		w_close(&w);
	}
	for (int i = 0; i < 4; i++)
		CHECK(n[0][i] > 240 && n[0][i] < 360);
	/* weights 1, 1/2, 1/3, 1/4 of 25/12: 576, 288, 192, 144 */
	CHECK(n[1][0] > 500 && n[1][0] < 650);
	CHECK(n[1][3] > 100 && n[1][3] < 190);
}

TEST(acd_least_busy_and_best_match)
{
	struct world w;
	w_open(&w, SKILLS "queues:\n"
			  "  - {id: q, " TITLE "strategy: least-busy}\n"
			  "  - {id: m, " TITLE
			  "strategy: best-match, needs: [{skill: a, level: 2}]}\n");
	OK(w_agent(&w, "x", "a:4", "zh", "q m"));
	OK(w_agent(&w, "y", "a:8", "zh", "q m"));
	OK(w_ready(&w, "x"));
	w_pass(&w, 10);
	OK(w_ready(&w, "y"));
	OK(w_enter(&w, "i1", "q", "", 0));
	OK(w_accept(&w, "i1", "x"));
	OK(w_enter(&w, "i2", "q", "", 0));
	OK(w_accept(&w, "i2", "y"));
	OK(w_enter(&w, "i3", "m", "", 0));
	STR_EQ(w_said(&w), "offer i1 x;offer i2 y;offer i3 y;");
	CHECK(!w.bad);
	w_close(&w);
}

static double likes_x(void *arg, const struct acd_pair *p)
{
	++*(int *)arg;
	return sv_eq(p->login, SV("x")) ? 10 : p->spare_levels;
}

TEST(acd_a_learned_score_goes_before_levels)
{
	struct world w;
	int asked = 0;
	w_open(&w, SKILLS "queues:\n  - {id: m, " TITLE
			  "strategy: best-match, needs: [{skill: a, level: 2}]}\n");
	acd_core_score(w.c, likes_x, &asked);
	OK(w_agent(&w, "x", "a:2", "zh", "m"));
	OK(w_agent(&w, "y", "a:8", "zh", "m"));
	OK(w_agent(&w, "z", "a:1", "zh", "m"));
	OK(w_ready(&w, "z"));
	OK(w_ready(&w, "x"));
	OK(w_ready(&w, "y"));
	OK(w_enter(&w, "i", "m", "", 0));
	STR_EQ(w_said(&w), "offer i x;");
	EQ(asked, 2);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_ring_all_the_first_takes_it_and_who_comes_rings_too)
{
	struct world w;
	w_open(&w, "queues:\n  - {id: q, " TITLE "strategy: ring-all, ring_s: 20}\n");
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_agent(&w, "y", "", "zh", "q"));
	OK(w_agent(&w, "z", "", "zh", "q"));
	OK(w_ready(&w, "x"));
	OK(w_ready(&w, "y"));
	OK(w_enter(&w, "i", "q", "", 0));
	STR_EQ(w_said(&w), "offer i y;offer i x;");
	OK(w_ready(&w, "z"));
	STR_EQ(w_said(&w), "offer i z;");
	OK(w_reject(&w, "i", "z", "reject"));
	OK(w_accept(&w, "i", "x"));
	EQ(w_accept(&w, "i", "y"), ERR_STATE);
	STR_EQ(w_said(&w), "revoke i z rejected;revoke i y accepted;");
	/* nobody takes the next: all have not answered, once */
	OK(w_enter(&w, "k", "q", "", 0));
	w_said(&w);
	w_pass(&w, 20000);
	EQ(w_numbers(&w, "q").unanswered, 3);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_ring_progressively_adds_one_more)
{
	struct world w;
	strategy_world(&w, "ring-progressively", ", ring_s: 25, ring_more_s: 10");
	OK(w_enter(&w, "i", "q", "", 0));
	STR_EQ(w_said(&w), "offer i a;");
	w_pass(&w, 9999);
	STR_EQ(w_said(&w), "");
	w_pass(&w, 1);
	STR_EQ(w_said(&w), "offer i b;");
	w_pass(&w, 10000);
	STR_EQ(w_said(&w), "offer i c;");
	OK(w_accept(&w, "i", "a"));
	STR_EQ(w_said(&w), "revoke i c accepted;revoke i b accepted;");
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_no_answer_rests_then_pauses)
{
	struct world w;
	struct acd_agent_now a;
	w_open(&w, plain);
	OK(w_agent(&w, "mei", "", "zh", "q"));
	OK(w_ready(&w, "mei"));
	OK(w_enter(&w, "i", "q", "", 0));
	/* 20 s ringing and 7 s rest, three times */
	w_pass(&w, 20000 + 7000 + 20000 + 7000 + 19999);
	STR_EQ(w_said(&w), "offer i mei;revoke i mei rejected;offer i mei;revoke i mei rejected;"
			   "offer i mei;");
	w_pass(&w, 1);
	STR_EQ(w_said(&w), "revoke i mei paused;");
	OK(acd_core_agent_now(w.c, SV("mei"), w.now, &a));
	EQ(a.presence, ACD_PAUSED);
	SV_EQ(a.reason, "no_answer");
	EQ(a.unanswered, 3);
	OK(w_ready(&w, "mei"));
	w_pass(&w, 7000);
	STR_EQ(w_said(&w), "offer i mei;");
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_reject_busy_and_another_is_asked)
{
	struct world w;
	w_open(&w, plain);
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_agent(&w, "y", "", "zh", "q"));
	OK(w_ready(&w, "x"));
	w_pass(&w, 10);
	OK(w_ready(&w, "y"));
	OK(w_enter(&w, "i", "q", "", 0));
	OK(w_reject(&w, "i", "x", "busy"));
	EQ(w_reject(&w, "i", "x", "busy"), ERR_STATE);
	STR_EQ(w_said(&w), "offer i x;revoke i x rejected;offer i y;");
	OK(w_reject(&w, "i", "y", "reject"));
	STR_EQ(w_said(&w), "revoke i y rejected;");
	/* y rests 5 s, x 6 s after a busy line */
	w_pass(&w, 5000);
	STR_EQ(w_said(&w), "offer i y;");
	EQ(w_numbers(&w, "q").rejected, 2);
	/* the phone rings longer than an offer usually holds */
	OK(acd_core_prolong(w.c, SV("i"), SV("y"), w.now + 60000, w.now));
	w_pass(&w, 59000);
	OK(w_accept(&w, "i", "y"));
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_pause_and_offline_take_offers_back_but_not_service)
{
	struct world w;
	w_open(&w, plain);
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_ready(&w, "x"));
	OK(w_enter(&w, "i", "q", "", 0));
	OK(w_accept(&w, "i", "x"));
	OK(w_enter(&w, "k", "q", "", 0));
	OK(w_be(&w, "x", ACD_PAUSED));
	STR_EQ(w_said(&w), "offer i x;offer k x;revoke k x paused;");
	OK(w_be(&w, "x", ACD_OFFLINE));
	OK(w_end(&w, "i"));
	OK(w_ready(&w, "x"));
	STR_EQ(w_said(&w), "offer k x;");
	OK(w_accept(&w, "k", "x"));
	/* dropped: what he served waits again, with its place */
	OK(w_did(&w, acd_core_agent_drop(w.c, SV("x"), w.now)));
	EQ(acd_core_agent_drop(w.c, SV("x"), w.now), ERR_NOTFOUND);
	struct acd_item_now x;
	OK(acd_core_item_now(w.c, SV("k"), &x));
	EQ(x.stage, ACD_WAITING);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_capacity_per_medium_and_calls_alone_unless_blended)
{
	struct world w;
	w_open(&w, "queues:\n  - {id: q, " TITLE "wrapup_s: 0}\n"
		   "agents: {defaults: {capacity: {voice: 1, chat: 2}}}\n");
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_ready(&w, "x"));
	struct acd_item call = { .id = SV("call"), .queue = SV("q"), .media = ACD_VOICE };
	OK(w_enter(&w, "c1", "q", "", 0));
	OK(w_accept(&w, "c1", "x"));
	OK(w_did(&w, acd_core_enter(w.c, &call, w.now)));
	OK(w_enter(&w, "c2", "q", "", 0));
	OK(w_accept(&w, "c2", "x"));
	OK(w_enter(&w, "c3", "q", "", 0));
	STR_EQ(w_said(&w), "offer c1 x;offer c2 x;");
	OK(w_end(&w, "c1"));
	STR_EQ(w_said(&w), "offer c3 x;");
	OK(w_leave(&w, "c3", "abandoned"));
	OK(w_end(&w, "c2"));
	STR_EQ(w_said(&w), "revoke c3 x left;offer call x;");
	OK(w_accept(&w, "call", "x"));
	OK(w_enter(&w, "c4", "q", "", 0));
	STR_EQ(w_said(&w), "");
	struct acd_agent b = { .login = SV("x"), .capacity = { -1, -1, -1, -1, -1 },
			       .blended = true, .n_seats = 1,
			       .seat[0] = { .queue = SV("q") } };
	OK(w_did(&w, acd_core_agent(w.c, &b, w.now)));
	STR_EQ(w_said(&w), "offer c4 x;");
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_sticky_agent_first_then_whoever)
{
	struct world w;
	struct acd_item x = { .id = SV("i"), .queue = SV("q"), .media = ACD_CHAT,
			      .sticky = SV("mei") };
	w_open(&w, "queues:\n  - {id: q, " TITLE "sticky_s: 30}\n"
		   "agents: {defaults: {capacity: {chat: 1}}}\n");
	OK(w_agent(&w, "mei", "", "zh", "q"));
	OK(w_agent(&w, "tom", "", "zh", "q"));
	OK(w_ready(&w, "mei"));
	OK(w_enter(&w, "busy", "q", "", 0));
	OK(w_accept(&w, "busy", "mei"));
	OK(w_ready(&w, "tom"));
	OK(w_did(&w, acd_core_enter(w.c, &x, w.now)));
	STR_EQ(w_said(&w), "offer busy mei;");
	w_pass(&w, 29999);
	STR_EQ(w_said(&w), "");
	w_pass(&w, 1);
	STR_EQ(w_said(&w), "offer i tom;");
	OK(w_accept(&w, "i", "tom"));
	/* one who is not here is not waited for */
	x.id = SV("k");
	OK(w_be(&w, "mei", ACD_OFFLINE));
	OK(w_agent(&w, "sue", "", "zh", "q"));
	OK(w_ready(&w, "sue"));
	OK(w_did(&w, acd_core_enter(w.c, &x, w.now)));
	STR_EQ(w_said(&w), "offer k sue;");
	OK(w_reject(&w, "k", "sue", "reject"));
	/* and one who goes frees what waits for her */
	OK(w_ready(&w, "mei"));
	OK(w_end(&w, "busy"));
	OK(w_leave(&w, "k", "bot"));
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_overflow_by_length_wait_hours_and_empty_seats)
{
	struct world w;
	w_open(&w, "queues:\n"
		   "  - {id: q, " TITLE
		   "max_len: 1, max_wait_s: 60, overflow: {full: \"queue:r\", late: callback}}\n"
		   "  - {id: r, " TITLE "max_len: 1, overflow: {full: \"queue:q\"}}\n"
		   "  - {id: h, " TITLE "hours: office, overflow: {closed: voicemail}}\n"
		   "  - {id: e, " TITLE "no_agent_s: 30, overflow: {empty: bot}}\n");
	OK(w_agent(&w, "x", "", "zh", "e"));
	OK(w_ready(&w, "x"));
	OK(w_enter(&w, "q1", "q", "", 0));
	OK(w_enter(&w, "q2", "q", "", 0));
	STR_EQ(w_said(&w), "moved q2 r full;");
	/* both full: it goes nowhere twice, and waits */
	OK(w_enter(&w, "q3", "q", "", 0));
	STR_EQ(w_said(&w), "moved q3 r full;");
	w_pass(&w, 60000);
	STR_EQ(w_said(&w), "out q1 q callback late;");
	EQ(w_numbers(&w, "q").callbacks, 1);
	EQ(w_numbers(&w, "q").moved, 2);
	EQ(w_numbers(&w, "q").entered, 3);
	EQ(w_numbers(&w, "r").entered, 2);
	OK(w_enter(&w, "h1", "h", "", 0));
	w.now += 8 * CAL_HOUR;
	OK(w_enter(&w, "h2", "h", "", 0));
	STR_EQ(w_said(&w), "out h2 h voicemail closed;");
	/* seats: nobody is logged in since x left */
	OK(w_enter(&w, "e1", "e", "", 0));
	OK(w_be(&w, "x", ACD_OFFLINE));
	w_said(&w);
	w_pass(&w, 29999);
	STR_EQ(w_said(&w), "");
	w_pass(&w, 1);
	STR_EQ(w_said(&w), "out e1 e bot empty;");
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_who_calls_again_has_the_old_place)
{
	struct world w;
	w_open(&w, "queues:\n  - {id: q, " TITLE "resume_s: 60}\n");
	struct acd_item x = { .id = SV("i1"), .queue = SV("q"), .caller = SV("p1") };
	struct acd_item_now now;
	OK(w_did(&w, acd_core_enter(w.c, &x, w.now)));
	w_pass(&w, 30000);
	OK(w_leave(&w, "i1", "abandoned"));
	w_pass(&w, 60000);
	x.id = SV("i2");
	OK(w_did(&w, acd_core_enter(w.c, &x, w.now)));
	OK(acd_core_item_now(w.c, SV("i2"), &now));
	EQ(now.since_ms, w.now - 90000);
	OK(w_leave(&w, "i2", "abandoned"));
	w_pass(&w, 60001);
	x.id = SV("i3");
	OK(w_did(&w, acd_core_enter(w.c, &x, w.now)));
	OK(acd_core_item_now(w.c, SV("i3"), &now));
	EQ(now.since_ms, w.now);
	EQ(w_numbers(&w, "q").abandoned, 1);
	EQ(w_numbers(&w, "q").short_abandoned, 1);
	EQ(w_numbers(&w, "q").in_sl, 0);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_service_level_as_the_queue_means_it)
{
	static const char *const of[] = { "removed", "answered", "offered" };
	static const double want[] = { 0.7, 0.75, 0.6 };
	/* 8 answered, 6 of them in time; 2 abandoned late, 5 at once; 0 called back */
	const struct acd_numbers n = { .answered = 8, .answered_in_sl = 6, .abandoned = 2,
				       .short_abandoned = 5, .in_sl = 7 };
	const struct acd_numbers none = { 0 };
	for (int i = 0; i < 3; i++) {
		struct world w;
		char yaml[200];
		(void)snprintf(yaml, sizeof(yaml),
			       "queues:\n  - {id: q, " TITLE "sl: {s: 20, pct: 80, of: %s}}\n",
			       of[i]);
		w_open(&w, yaml);
		NEAR(acd_queue_sl(acd_plan_queue(w.p, 0), &n), want[i], 1e-9);
		NEAR(acd_queue_sl(acd_plan_queue(w.p, 0), &none), 1, 1e-9);
		w_close(&w);
	}
}

TEST(acd_given_to_a_queue_to_an_agent_and_back)
{
	struct world w;
	struct acd_item_now now;
	w_open(&w, plain);
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_agent(&w, "y", "", "zh", "r"));
	OK(w_ready(&w, "x"));
	OK(w_enter(&w, "i", "q", "", 0));
	OK(w_accept(&w, "i", "x"));
	int64_t since = w.now;
	w_pass(&w, 60000);
	struct acd_give to_r = { .queue = SV("r") }, to_x = { .login = SV("x") };
	struct acd_give nobody = { .login = SV("zoe") }, nowhere = { .queue = SV("s") };
	EQ(acd_core_give(w.c, SV("i"), &nobody, w.now), ERR_NOTFOUND);
	EQ(acd_core_give(w.c, SV("i"), &nowhere, w.now), ERR_NOTFOUND);
	EQ(acd_core_give(w.c, SV("i"), &to_x, w.now), ERR_STATE);
	OK(w_did(&w, acd_core_give(w.c, SV("i"), &to_r, w.now)));
	OK(acd_core_item_now(w.c, SV("i"), &now));
	EQ(now.since_ms, since);
	EQ(now.stage, ACD_WAITING);
	w_said(&w);
	/* x has no seat in r, yet is named by a person */
	OK(w_did(&w, acd_core_give(w.c, SV("i"), &to_x, w.now)));
	STR_EQ(w_said(&w), "offer i x;");
	OK(w_reject(&w, "i", "x", "reject"));
	OK(w_ready(&w, "y"));
	STR_EQ(w_said(&w), "revoke i x rejected;offer i y;");
	OK(w_accept(&w, "i", "y"));
	OK(w_did(&w, acd_core_back(w.c, SV("i"), w.now)));
	EQ(acd_core_back(w.c, SV("i"), w.now), ERR_NOTFOUND);
	EQ(w_numbers(&w, "q").transferred, 1);
	EQ(w_numbers(&w, "r").returned, 1);
	EQ(w_numbers(&w, "r").entered, 1);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_taken_over_whatever_the_state)
{
	struct world w;
	struct acd_item_now now;
	w_open(&w, plain);
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_agent(&w, "boss", "", "zh", ""));
	OK(w_ready(&w, "x"));
	OK(w_enter(&w, "i", "q", "", 0));
	OK(w_enter(&w, "k", "q", "", 0));
	OK(w_did(&w, acd_core_take(w.c, SV("i"), SV("boss"), w.now)));
	STR_EQ(w_said(&w), "offer i x;revoke i x taken;offer k x;");
	OK(w_accept(&w, "k", "x"));
	OK(w_did(&w, acd_core_take(w.c, SV("k"), SV("boss"), w.now)));
	OK(acd_core_item_now(w.c, SV("k"), &now));
	SV_EQ(now.login, "boss");
	EQ(now.stage, ACD_SERVED);
	EQ(w_numbers(&w, "q").answered, 2);
	OK(w_wrapped(&w, "k", "x"));
	OK(w_end(&w, "k"));
	OK(w_end(&w, "i"));
	EQ(acd_core_take(w.c, SV("i"), SV("boss"), w.now), ERR_NOTFOUND);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_a_restart_puts_everything_where_it_was)
{
	struct world w;
	w_open(&w, plain);
	OK(w_agent(&w, "x", "", "zh", "q"));
	struct acd_item x = { .id = SV("wait2"), .queue = SV("q"), .since_ms = w.now - 5000 };
	OK(w_did(&w, acd_core_restore(w.c, &x, SV(""), ACD_WAITING, w.now - 5000, w.now)));
	x.id = SV("wait1");
	x.since_ms = w.now - 9000;
	OK(w_did(&w, acd_core_restore(w.c, &x, SV("x"), ACD_OFFERED, w.now - 9000, w.now)));
	x.id = SV("served");
	OK(w_did(&w, acd_core_restore(w.c, &x, SV("x"), ACD_HELD, w.now - 9000, w.now)));
	x.id = SV("wrap");
	OK(w_did(&w, acd_core_restore(w.c, &x, SV("x"), ACD_WRAPPING, w.now - 4000, w.now)));
	EQ(acd_core_restore(w.c, &x, SV("y"), ACD_SERVED, w.now, w.now), ERR_NOTFOUND);
	struct acd_numbers n = { .entered = 30, .answered = 25, .abandoned = 2, .ended = 24 };
	OK(w_did(&w, acd_core_numbers_set(w.c, SV("q"), &n)));
	OK(w_ready(&w, "x"));
	STR_EQ(w_said(&w), "");
	w_pass(&w, 0);
	/* a call that is on hold keeps him */
	STR_EQ(w_said(&w), "");
	OK(w_end(&w, "served"));
	w_pass(&w, 10000);
	STR_EQ(w_said(&w), "offer wait1 x;");
	EQ(w_numbers(&w, "q").ended, 25);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_a_place_is_told_again_after_a_restart)
{
	struct world w;
	struct acd_item x = { .id = SV("i"), .queue = SV("q"), .media = ACD_CHAT };
	w_open(&w, "queues:\n  - {id: q, " TITLE "announce: {position: true, every_s: 30}}\n");
	w.show |= SHOW(ACD_PLACE);
	OK(w_did(&w, acd_core_restore(w.c, &x, SV(""), ACD_WAITING, w.now - 5000, w.now)));
	w_pass(&w, 24999);           /* it was told 5 s before it was restored */
	STR_EQ(w_said(&w), "");
	w_pass(&w, 1);
	STR_EQ(w_said(&w), "place i 1;");
	w_close(&w);
}

TEST(acd_many_free_at_once_longest_idle_first)
{
	struct world w;
	struct acd_item x = { .id = SV("second"), .queue = SV("q"), .media = ACD_CHAT };
	w_open(&w, plain);
	OK(w_agent(&w, "c", "", "zh", "q"));
	OK(w_agent(&w, "a", "", "zh", "q"));
	OK(w_agent(&w, "b", "", "zh", "q"));
	x.since_ms = w.now - 5000;
	OK(w_did(&w, acd_core_restore(w.c, &x, SV(""), ACD_WAITING, w.now, w.now)));
	x.id = SV("first");
	x.since_ms = w.now - 9000;
	OK(w_did(&w, acd_core_restore(w.c, &x, SV(""), ACD_WAITING, w.now, w.now)));
	OK(w_ready(&w, "b"));
	w.now += 10;
	OK(w_ready(&w, "c"));
	w.now += 10;
	OK(w_ready(&w, "a"));
	STR_EQ(w_said(&w), "");
	w_pass(&w, 0);
	STR_EQ(w_said(&w), "offer first b;offer second c;");
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_another_plan_and_what_waits_goes_on)
{
	struct world w;
	struct acd_item_now now;
	w_open(&w, SKILLS "queues:\n"
			  "  - {id: gone, " TITLE "strategy: top-down}\n"
			  "  - {id: q, " TITLE "needs: [{skill: a, level: 3}]}\n");
	OK(w_agent(&w, "x", "a:5 b:5", "zh en", "q gone"));
	OK(w_enter(&w, "i1", "q", "zh", 0));
	w_pass(&w, 1000);
	OK(w_enter(&w, "i2", "q", "en", 0));
	OK(w_enter(&w, "g", "gone", "zh", 0));
	OK(w_enter(&w, "g2", "gone", "zh", 0));
	OK(w_ready(&w, "x"));
	OK(w_accept(&w, "i1", "x"));
	w_said(&w);
	struct acd_plan *p = w_plan(&w, "skills:\n  - {id: b, title: {zh: 乙, en: B}}\n"
					"queues:\n"
					"  - {id: new, " TITLE "strategy: linear}\n"
					"  - {id: q, " TITLE "needs: [{skill: b, level: 3}]}\n");
	acd_core_plan(w.c, p, w.now);
	CHECK(!acd_core_check(w.c, w.now));
	HAS(sv_of(w_said(&w)), "moved g2 new plan;");
	OK(acd_core_item_now(w.c, SV("i1"), &now));
	SV_EQ(now.login, "x");
	OK(w_end(&w, "i1"));
	EQ(w_numbers(&w, "q").answered, 1);
	OK(acd_core_item_now(w.c, SV("g"), &now));
	SV_EQ(now.queue, "new");
	OK(w_leave(&w, "g", "bot"));
	OK(w_leave(&w, "g2", "bot"));
	CHECK(!w.bad);
	obj_unref(p);
	w_close(&w);
}

TEST(acd_wrong_calls_change_nothing)
{
	struct world w;
	struct acd_item x = { .id = SV("i"), .queue = SV("none"), .media = ACD_CHAT };
	struct acd_agent a = { .login = SV("x"), .n_skills = 1, .skill[0] = { SV("nope"), 3 } };
	struct acd_wait wait;
	w_open(&w, plain);
	EQ(acd_core_enter(w.c, &x, w.now), ERR_NOTFOUND);
	x.queue = SV("q");
	x.n_need = 1;
	x.need[0].skill = SV("nope");
	EQ(acd_core_enter(w.c, &x, w.now), ERR_NOTFOUND);
	x.need[0].skill = SV("a");
	x.need[0].level = 11;
	EQ(acd_core_enter(w.c, &x, w.now), ERR_INVAL);
	x.n_need = 0;
	OK(w_did(&w, acd_core_enter(w.c, &x, w.now)));
	EQ(acd_core_enter(w.c, &x, w.now), ERR_EXISTS);
	x.id = SV("");
	EQ(acd_core_enter(w.c, &x, w.now), ERR_INVAL);
	EQ(w_agent(&w, "x", "", "", "nowhere"), ERR_NOTFOUND);
	EQ(acd_core_agent(w.c, &a, w.now), ERR_NOTFOUND);
	a.skill[0] = (typeof(a.skill[0])){ SV("a"), 0 };
	EQ(acd_core_agent(w.c, &a, w.now), ERR_INVAL);
	EQ(w_ready(&w, "x"), ERR_NOTFOUND);
	EQ(w_accept(&w, "i", "x"), ERR_STATE);
	EQ(w_accept(&w, "none", "x"), ERR_NOTFOUND);
	EQ(w_end(&w, "i"), ERR_STATE);
	EQ(acd_core_hold(w.c, SV("i"), true, w.now), ERR_STATE);
	OK(acd_core_wait(w.c, SV("i"), w.now, &wait));
	EQ(wait.position, 1);
	EQ(wait.ms, -1);
	EQ(w_leave(&w, "none", ""), ERR_NOTFOUND);
	EQ(w_numbers(&w, "q").entered, 1);
	CHECK(!w.bad);
	w_close(&w);
}
