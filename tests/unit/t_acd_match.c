/* t_acd_match.c: learned-match: who resolves more gets more, a customer who comes back counts
 * against, what is transferred too, and a restart knows what was. */
#include "t_acd.h"
#include "t_acd_help.h"

static const char yaml[] =
	"languages: [zh]\nqueues:\n"
	"  - {id: m, title: {zh: \"甲\", en: M}, strategy: learned-match}\n"
	"  - {id: n, title: {zh: \"乙\", en: N}, strategy: best-match-learned}\n";

static void served(struct acd_match *x, const char *agent, const char *queue, const char *how,
		   int n, int64_t from)
{
	struct acd_lesson l = { .accepted = 0 };
	sv_copy(l.agent, sizeof(l.agent), sv_of(agent));
	sv_copy(l.queue, sizeof(l.queue), sv_of(queue));
	sv_copy(l.how, sizeof(l.how), sv_of(how));
	for (int i = 0; i < n; i++) {
		l.accepted = from + i * 400000;
		l.at = l.accepted + 300000;
		acd_match_learn(x, &l);
	}
}

/* Share of offers that go to an agent, of n items that come while both are free. */
static double share_of(struct world *w, const char *agent, const char *queue, int n)
{
	int got = 0;
	for (int i = 0; i < n; i++) {
		char id[24], want[64];
		(void)snprintf(id, sizeof(id), "i%s%d", queue, i);
		(void)w_said(w);
		if (w_enter(w, id, queue, "", 0))
			return -1;
		(void)snprintf(want, sizeof(want), "offer %s %s;", id, agent);
		got += strcmp(w_said(w), want) == 0;
		(void)acd_core_leave(w->c, sv_of(id), SV("left"), w->now);
		w_pass(w, 1000);
	}
	return (double)got / n;
}

static double likes_last(void *arg, const struct acd_pair *p)
{
	(void)arg;
	return !p->fit ? 0 : sv_eq(p->queue, SV("a")) ? 1 : sv_eq(p->queue, SV("b")) ? 2 : 3;
}

/* One waits 100 s, one 60 s, one 31 s, and suits the better the shorter it waits: the second is
 * taken, for the third waits less than half as long as the first.
 * In any order. */
TEST(acd_the_best_fit_waits_half_as_long_as_the_longest)
{
	static const char *const orders[] = { "abc", "acb", "bac", "bca", "cab", "cba" };
	static const struct {
		const char *queue;
		int64_t at_ms;
	} item[] = { { "a", 0 }, { "b", 40000 }, { "c", 69000 } };
	for (int k = 0; k < 6; k++) {
		struct world w;
		struct sb b;
		int64_t at = 0;
		sb_init(&b, 1000);
		sb_cstr(&b, "queues:\n");
		for (int i = 0; i < 3; i++)
			sb_fmt(&b, "  - {id: %c, title: {zh: \"队\", en: Q}, strategy: "
			       "learned-match}\n", orders[k][i]);
		w_open(&w, sb_str(&b));
		acd_core_score(w.c, likes_last, NULL);
		OK(w_agent(&w, "x", "", "zh", "a b c"));
		for (int i = 0; i < 3; i++) {
			w_pass(&w, item[i].at_ms - at);
			at = item[i].at_ms;
			OK(w_enter(&w, item[i].queue, item[i].queue, "", 0));
		}
		w_pass(&w, 100000 - at);
		OK(w_ready(&w, "x"));
		STR_EQ(w_said(&w), "offer b x;");
		CHECK(!w.bad);
		w_close(&w);
		sb_done(&b);
	}
}

TEST(acd_learned_match_prefers_who_resolves)
{
	struct world w;
	struct acd a = { 0 };
	int64_t n;
	w_open(&w, yaml);
	a.core = w.c;
	a.match = acd_match_new(3);
	acd_match_use(&a);
	EQ(w_agent(&w, "good", "", "zh", "m n"), 0);
	EQ(w_agent(&w, "other", "", "zh", "m n"), 0);
	EQ(w_ready(&w, "good"), 0);
	EQ(w_ready(&w, "other"), 0);
	/* alike: by turns, more or less */
	double before = share_of(&w, "good", "m", 60);
	CHECK(before > 0.15 && before < 0.85);
	served(a.match, "good", "m", "agent", 60, 1000);
	served(a.match, "other", "m", "agent", 15, 1000);
	served(a.match, "other", "m", "transferred", 45, 1000000000);
	served(a.match, "other", "m", "restart", 9, 2000000000);     /* nobody's fault */
	CHECK(acd_match_share(a.match, SV("good"), SV("m"), &n) > 0.85);
	EQ(n, 60);
	CHECK(acd_match_share(a.match, SV("other"), SV("m"), &n) < 0.45);
	EQ(n, 60);
	w_close(&w);
	w_open(&w, yaml);
	a.core = w.c;
	acd_match_use(&a);
	EQ(w_agent(&w, "good", "", "zh", "m n"), 0);
	EQ(w_agent(&w, "other", "", "zh", "m n"), 0);
	EQ(w_ready(&w, "good"), 0);
	EQ(w_ready(&w, "other"), 0);
	double after = share_of(&w, "good", "m", 60);
	CHECK(after > 0.85);
	CHECK(!w.bad);
	acd_match_free(a.match);
	w_close(&w);
}

TEST(acd_who_becomes_free_takes_whom_they_help_best)
{
	struct world w;
	struct acd a = { 0 };
	w_open(&w, yaml);
	a.core = w.c;
	a.match = acd_match_new(3);
	acd_match_use(&a);
	for (int k = 0; k < 2; k++) {        /* x is good at n, y at m */
		served(a.match, "x", k ? "n" : "m", k ? "agent" : "transferred", 80, 1000);
		served(a.match, "y", k ? "n" : "m", k ? "transferred" : "agent", 80, 1000);
	}
	EQ(w_agent(&w, "x", "", "zh", "m n"), 0);
	EQ(w_enter(&w, "one", "m", "", 0), 0);
	w_pass(&w, 20000);
	EQ(w_enter(&w, "two", "n", "", 0), 0);
	w_pass(&w, 30000);                   /* 50 and 30 s: about as long */
	(void)w_said(&w);
	EQ(w_ready(&w, "x"), 0);
	STR_EQ(w_said(&w), "offer two x;");
	w_close(&w);
	w_open(&w, yaml);
	a.core = w.c;
	acd_match_use(&a);
	EQ(w_agent(&w, "x", "", "zh", "m n"), 0);
	EQ(w_enter(&w, "one", "m", "", 0), 0);
	w_pass(&w, 60000);
	EQ(w_enter(&w, "two", "n", "", 0), 0);
	w_pass(&w, 10000);                   /* 70 and 10 s: nobody waits for a match */
	(void)w_said(&w);
	EQ(w_ready(&w, "x"), 0);
	STR_EQ(w_said(&w), "offer one x;");
	CHECK(!w.bad);
	acd_match_free(a.match);
	w_close(&w);
}

static bool one(struct aw *w, const char *conversation, const char *customer)
{
	if (aw_ask(w, conversation, "", false, customer))
		return false;
	char id[ACD_ID];
	sv_copy(id, sizeof(id), sv_of(w->id));
	if (aw_act(w, ACD_DO_ACCEPT, id, "mei"))
		return false;
	aw_pass(w, 60000);
	return aw_act(w, ACD_DO_END, id, "mei") == 0 && aw_act(w, ACD_DO_WRAPPED, id, "mei") == 0;
}

TEST(acd_who_comes_back_was_not_helped)
{
	struct aw w;
	int64_t n;
	if (!aw_open(&w, ""))
		return;
	CHECK(aw_console(&w, "mei", true) == 0);
	CHECK(aw_state(&w, "mei", ACD_READY, "") == 0);
	CHECK(one(&w, "C1", "c1") && one(&w, "C2", "c2") && one(&w, "C3", "c3"));
	double all = acd_match_share(w.acd->match, SV("mei"), SV("general"), &n);
	EQ(n, 3);
	CHECK(one(&w, "C4", "c1"));          /* the same customer again */
	double again = acd_match_share(w.acd->match, SV("mei"), SV("general"), &n);
	EQ(n, 4);
	CHECK(again < all);
	CHECK(aw_restart(&w, 1000));
	NEAR(acd_match_share(w.acd->match, SV("mei"), SV("general"), &n), again, 0.02);
	EQ(n, 4);
	aw_close(&w);
}

static int run_sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

static void sql(struct aw *w, char *text)
{
	OK(store_write(w->store, run_sql, text, NULL, NULL));
	(void)store_flush(w->store);
}

/* What could not be written has taught nothing, however often it was tried. */
TEST(acd_a_write_that_is_tried_again_counts_once)
{
	struct aw w;
	int64_t n;
	if (!aw_open(&w, t_tmpdir()))
		return;
	OK(aw_console(&w, "mei", true));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	CHECK(one(&w, "C1", "c1"));
	OK(aw_ask(&w, "C2", "", false, "c2"));
	OK(aw_act(&w, ACD_DO_ACCEPT, w.id, "mei"));
	double before = acd_match_share(w.acd->match, SV("mei"), SV("general"), &n);
	EQ(n, 1);
	sql(&w, "CREATE TRIGGER full_disk BEFORE UPDATE ON handover BEGIN SELECT "
		"RAISE(ABORT, 'no'); END");
	OK(acd_do(w.acd, &(struct acd_order){ ACD_DO_GONE, .conversation = SV("C2"),
					      .why = SV("left") }));
	for (int i = 0; i < 20; i++) {
		loop_sim_advance(w.loop, 500);
		(void)store_flush(w.store);
	}
	NEAR(acd_match_share(w.acd->match, SV("mei"), SV("general"), &n), before, 1e-12);
	EQ(n, 1);
	sql(&w, "DROP TRIGGER full_disk");
	for (int i = 0; i < 6; i++) {
		loop_sim_advance(w.loop, 500);
		(void)store_flush(w.store);
	}
	aw_settle(&w);
	CHECK(acd_match_share(w.acd->match, SV("mei"), SV("general"), &n) > before);
	EQ(n, 2);
	aw_close(&w);
}
