/* t_acd_wait.c: expected waits against their formula, term by term. */
#include "t_acd.h"

#include <math.h>

#include "acd_core_int.h"

static const char yaml[] = "queues:\n  - {id: q, title: {zh: 队, en: Q}}\n";

/* A queue that was answered every ten seconds and lost one in theta_ms of waiting. */
static struct queue busy(double theta_ms)
{
	return (struct queue){ .answers = 400, .busy_ms = 400 * 10000.0, .left = theta_ms > 0,
			       .person_ms = theta_ms };
}

TEST(acd_wait_is_a_sum_of_exponential_times)
{
	struct world w;
	static const double thetas[] = { 0, 60000, 600000, 1e9 };
	static const int aheads[] = { 0, 1, 9, 63, 64, 200, 900 };
	w_open(&w, yaml);
	for (int t = 0; t < 4; t++)
		for (int k = 0; k < 7; k++) {
			struct queue q = busy(thetas[t]);
			struct acd_wait g;
			double mean = 0;
			for (int j = 0; j <= aheads[k]; j++)
				mean += 1 / (1e-4 + (thetas[t] > 0 ? j / thetas[t] : 0));
			wait_guess(w.c, &q, aheads[k], &g);
			EQ(g.position, aheads[k] + 1);
			if (mean > 4 * 3600e3) {
				EQ(g.ms, -1);
				continue;
			}
			NEAR((double)g.ms, mean, 2 + mean * 0.001);
			CHECK(g.low_ms >= 0 && g.low_ms < g.ms && g.ms < g.high_ms);
		}
	/* one exponential time of 10 s: its percentiles are 1.05 and 23.0 s */
	struct queue q = busy(0);
	struct acd_wait g;
	wait_guess(w.c, &q, 0, &g);
	NEAR((double)g.low_ms, 1054, 300);
	NEAR((double)g.high_ms, 23026, 700);
	CHECK(!w.bad);
	w_close(&w);
}

/* Nobody speaks with who is rung for: the board counts them as offered and their wait goes on. */
TEST(acd_wait_goes_on_while_an_agent_is_rung)
{
	struct world w;
	struct acd_queue_now now;
	w_open(&w, "queues:\n  - {id: q, title: {zh: 队, en: Q}, ring_s: 60}\n");
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_enter(&w, "i", "q", "", 0));
	w_pass(&w, 5000);
	OK(w_ready(&w, "x"));
	w_pass(&w, 7000);
	OK(acd_core_queue_now(w.c, SV("q"), w.now, &now));
	EQ(now.waiting, 0);
	EQ(now.offered, 1);
	EQ(now.longest_ms, 12000);
	OK(w_accept(&w, "i", "x"));
	OK(acd_core_queue_now(w.c, SV("q"), w.now, &now));
	EQ(now.longest_ms, 0);
	CHECK(!w.bad);
	w_close(&w);
}

TEST(acd_wait_without_answers_is_handling_time_over_who_is_ready)
{
	struct world w;
	struct acd_wait g;
	struct acd_queue_now now;
	w_open(&w, "queues:\n  - {id: q, title: {zh: 队, en: Q}}\n"
		   "agents: {defaults: {capacity: {voice: 0, chat: 1, message: 0, email: 0, "
		   "task: 0}}}\n");
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_agent(&w, "y", "", "zh", "q"));
	OK(w_enter(&w, "i", "q", "", 0));
	OK(acd_core_wait(w.c, SV("i"), w.now, &g));
	EQ(g.ms, -1);
	CHECK(g.nobody && g.position == 1);
	OK(w_ready(&w, "x"));
	OK(w_ready(&w, "y"));
	OK(acd_core_queue_now(w.c, SV("q"), w.now, &now));
	EQ(now.next.ms, 0);          /* y is free */
	OK(w_enter(&w, "k", "q", "", 0));
	OK(w_accept(&w, "i", "x"));
	OK(w_accept(&w, "k", "y"));
	OK(acd_core_queue_now(w.c, SV("q"), w.now, &now));
	/* two answers and one of belief in four minutes by two agents */
	EQ(now.next.ms, 40000);
	CHECK(now.next.low_ms < 40000 && now.next.high_ms > 40000);
	CHECK(!w.bad);
	w_close(&w);
}

/* However quick the queue was: without anybody there no wait is told. */
TEST(acd_wait_is_not_told_when_nobody_is_there)
{
	struct world w;
	struct acd_wait g;
	w_open(&w, "queues:\n"
		   "  - {id: q, title: {zh: 队, en: Q}, relax: [{after_s: 60, queue: r}]}\n"
		   "  - {id: r, title: {zh: 二, en: R}}\n  - {id: s, title: {zh: 三, en: S}}\n"
		   "agents: {defaults: {capacity: {voice: 0, chat: 1}}}\n");
	OK(w_agent(&w, "x", "", "zh", "r"));
	OK(w_agent(&w, "y", "", "zh", "s"));
	OK(w_enter(&w, "i", "q", "", 0));
	OK(w_ready(&w, "y"));
	for (int k = 0; k < w.c->n_queues; k++)
		w.c->queue[k].answers = 400, w.c->queue[k].busy_ms = 400 * 10000.0;
	OK(acd_core_wait(w.c, SV("i"), w.now, &g));
	CHECK(g.nobody && g.ms == -1);
	OK(w_ready(&w, "x"));                /* asked after a minute */
	OK(acd_core_wait(w.c, SV("i"), w.now, &g));
	CHECK(!g.nobody && g.ms > 0);
	w_close(&w);
}

/* A queue that nobody serves is not at 100 %. */
TEST(acd_wait_beyond_the_promise_has_missed_it)
{
	struct world w;
	struct acd_queue_now now;
	w_open(&w, "queues:\n  - {id: q, title: {zh: 队, en: Q}, sl: {s: 20, pct: 80}}\n"
		   "agents: {defaults: {capacity: {voice: 0, chat: 2, message: 0, email: 0, "
		   "task: 0}}}\n");
	OK(w_agent(&w, "x", "", "zh", "q"));
	OK(w_ready(&w, "x"));
	OK(w_enter(&w, "i", "q", "", 0));
	OK(w_accept(&w, "i", "x"));          /* at once */
	OK(acd_core_presence(w.c, SV("x"), ACD_OFFLINE, SV(""), true, w.now));
	OK(w_enter(&w, "k", "q", "", 0));
	OK(w_enter(&w, "l", "q", "", 0));
	OK(acd_core_queue_now(w.c, SV("q"), w.now + 20000, &now));
	EQ(now.late, 0);
	NEAR(acd_queue_sl_now(&now), 1, 1e-9);
	OK(acd_core_queue_now(w.c, SV("q"), w.now + 20001, &now));
	EQ(now.late, 2);
	NEAR(acd_queue_sl_now(&now), 1.0 / 3, 1e-9);
	NEAR(acd_queue_sl(now.q, &now.n), 1, 1e-9);
	w_close(&w);
}

TEST(acd_wait_bounds_widen_by_misses)
{
	struct world w;
	w_open(&w, yaml);
	struct queue q = busy(0), r = busy(0);
	struct acd_wait a, b;
	struct item x = { .guess = 10000, .guess_var = 1e8 };
	for (int i = 0; i < 20; i++)
		wait_answered(&r, &x, 40000);
	r.answers = q.answers;
	wait_guess(w.c, &q, 3, &a);
	wait_guess(w.c, &r, 3, &b);
	EQ(a.ms, b.ms);
	CHECK(b.high_ms > a.high_ms * 3 / 2 && b.low_ms < a.low_ms);
	w_close(&w);
}
