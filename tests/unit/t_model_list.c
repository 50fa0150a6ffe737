/* t_model_list.c: several language models as one, in simulated time: order, hedging, the queue,
 * deadlines of a whole turn, what it cost. What goes wrong on a wire is t_model_fault.c's. */
#include <stdio.h>

#include "t.h"
#include "llm_int.h"

#define MAX 256

struct got {
	struct sb text;
	int ends, err, order;
	struct llm_usage u;
	char model[64];
	struct llm_run *run;
};

struct world {
	struct loop *l;
	struct llm *m;
	jv *rules[3];
	struct got g[MAX];
	int started, ended; /* ended: how many so far */
};
static struct world *now; /* whose callbacks come */

static void on_delta(void *arg, sv text)
{
	sb_put(&((struct got *)arg)->text, text);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct got *g = arg;
	g->ends++;
	g->err = err;
	g->u = *u;
	g->order = ++now->ended;
	(void)snprintf(g->model, sizeof(g->model), "%s", u->model ? u->model : "");
}

/* Members from rules; their models are called a, b, c. */
static int set_up(struct world *w, const struct llm_list_opts *o, const char *a, const char *b,
		  const char *c)
{
	static const char *const names[] = { "a", "b", "c" };
	const char *texts[] = { a, b, c };
	struct model_spec s[3];
	struct err e = { 0 };
	size_t n = 0;
	memset(w, 0, sizeof(*w));
	now = w;
	w->l = loop_new_sim(0);
	for (; n < 3 && texts[n]; n++) {
		w->rules[n] = jv_parse(sv_of(texts[n]), &e);
		s[n] = (struct model_spec){ .kind = "scripted", .model = names[n],
					    .script = w->rules[n], .price_in = 3000000,
					    .price_out = 1000000 };
	}
	return llm_open_list(&w->m, s, n, o, w->l, &e);
}

static void tear_down(struct world *w)
{
	llm_close(w->m);
	for (int i = 0; i < 3; i++)
		jv_free(w->rules[i]);
	for (int i = 0; i < MAX; i++)
		sb_done(&w->g[i].text);
	loop_free(w->l);
}

static struct got *ask(struct world *w, enum llm_class cls, const char *text)
{
	static const struct llm_cb cb = { .on_delta = on_delta, .on_end = on_end };
	struct got *g = &w->g[w->started++];
	struct llm_msg m = { LLM_USER, sv_of(text) };
	struct llm_prompt p = { .msgs = &m, .n = 1, .cls = cls };
	sb_init(&g->text, LIM_SB);
	g->err = llm_start(w->m, &p, &cb, g, &g->run);
	return g;
}

static bool said(const struct got *g, const char *text, const char *model, int err)
{
	bool ok = g->ends == 1 && g->err == err && sv_eq(sb_sv(&g->text), sv_of(text)) &&
		  !strcmp(g->model, model);
	if (!ok)
		(void)printf("# ends %d err %s text \"%s\" by \"%s\"\n", g->ends, err_name(g->err),
			     sb_str(&g->text), g->model);
	return ok;
}

TEST(list_next_takes_over)
{
	struct world w;
	int rc = set_up(&w, NULL, "[{\"fail\":\"http500\"}]", "[{\"fail\":\"garbage\"}]",
			"[{\"say\":[\"It is \",\"open.\"]}]");
	struct got *g = ask(&w, LLM_CHAT, "x");
	loop_sim_advance(w.l, 100);
	bool ok = said(g, "It is open.", "scripted:c", 0);
	bool why = !strcmp(llm_error(w.m), "scripted:b: the remote service failed");
	bool name = !strcmp(llm_name(w.m), "scripted:a, scripted:b, scripted:c");
	tear_down(&w);
	OK(rc);
	CHECK(ok && why && name);
}

TEST(list_nobody_takes_over_after_text)
{
	struct world w;
	int rc = set_up(&w, NULL, "[{\"say\":[\"It \"],\"fail\":\"close\"}]",
			"[{\"say\":[\"It is open.\"]}]", NULL);
	struct got *g = ask(&w, LLM_CHAT, "x");
	loop_sim_advance(w.l, 1000);
	bool ok = said(g, "It ", "scripted:a", ERR_NET);
	tear_down(&w);
	OK(rc);
	CHECK(ok);
}

TEST(list_all_fail)
{
	struct world w;
	int rc = set_up(&w, NULL, "[{\"fail\":\"http500\"}]", "[{\"fail\":\"close\"}]", NULL);
	struct got *g[6];
	for (int i = 0; i < 3; i++) {
		g[i] = ask(&w, LLM_CHAT, "x");
		loop_sim_advance(w.l, 50);
	}
	bool closed = !llm_healthy(w.m); /* both breakers are open */
	int busy = ask(&w, LLM_CHAT, "x")->err;
	loop_sim_advance(w.l, 10000);
	bool probes = llm_healthy(w.m);
	bool ok = said(g[0], "", "scripted:a, scripted:b", ERR_NET);
	tear_down(&w);
	OK(rc);
	CHECK(ok && closed && probes);
	EQ(busy, ERR_BUSY);
}

/* An open breaker is passed over at once: no waiting for the one that is known to be down. */
TEST(list_passes_over_an_open_breaker)
{
	struct world w;
	int rc = set_up(&w, NULL, "[{\"say\":[],\"fail\":\"stall\"}]", "[{\"say\":[\"ok\"]}]",
			NULL);
	int slow = 0;
	for (int i = 0; i < 3; i++) {
		struct got *g = ask(&w, LLM_VOICE, "x");
		loop_sim_advance(w.l, 1499);
		slow += g->ends == 0;
		loop_sim_advance(w.l, 20);
		slow += g->ends == 1;
	}
	struct got *g = ask(&w, LLM_VOICE, "x");
	loop_sim_advance(w.l, 5);
	bool ok = said(g, "ok", "scripted:b", 0);
	tear_down(&w);
	OK(rc);
	EQ(slow, 6);
	CHECK(ok);
}

TEST(list_hedges_when_the_first_is_slow)
{
	static const struct llm_list_opts o = { .hedge_ms = 100, .hedge_percent = 100 };
	struct world w;
	int rc = set_up(&w, &o,
			"[{\"match\":\"quick\",\"say\":[\"A1 "
			"\",\"A2\"],\"delay_ms\":90},{\"say\":[\"A\"],"
			"\"delay_ms\":1000}]",
			"[{\"say\":[\"B1 \",\"B2\"],\"delay_ms\":10}]", NULL);
	struct got *quick = ask(&w, LLM_VOICE, "quick"), *slow = ask(&w, LLM_CHAT, "slow");
	struct got *batch = ask(&w, LLM_BATCH, "slow");
	loop_sim_advance(w.l, 109);
	bool none = slow->text.n == 0;
	loop_sim_advance(w.l, 30);
	bool ok = said(slow, "B1 B2", "scripted:b", 0);
	int first_ms = slow->u.first_ms;
	loop_sim_advance(w.l, 3000);
	ok = ok && said(quick, "A1 A2", "scripted:a", 0) && said(batch, "A", "scripted:a", 0);
	int64_t one = quick->u.cost, two = slow->u.cost;
	tear_down(&w);
	OK(rc);
	CHECK(ok && none);
	EQ(first_ms, 110);
	/* "quick" is 2 tokens by its bytes, 2 pieces came; the loser had said nothing yet */
	EQ(one, 3 * 2 + 2);
	EQ(two, 3 * 2 + 2);
}

/* The one that fails first leaves the field to the other; both failed: the third. */
TEST(list_hedge_and_failure)
{
	static const struct llm_list_opts o = { .hedge_ms = 100, .hedge_percent = 100 };
	struct world w;
	int rc = set_up(&w, &o, "[{\"say\":[],\"delay_ms\":300,\"fail\":\"close\"}]",
			"[{\"match\":\"both\",\"say\":[],\"delay_ms\":150,\"fail\":\"close\"},{"
			"\"say\":[\"B\"],"
			"\"delay_ms\":400}]",
			"[{\"say\":[\"C\"]}]");
	struct got *one = ask(&w, LLM_CHAT, "one"), *both = ask(&w, LLM_CHAT, "both");
	loop_sim_advance(w.l, 2000);
	bool ok = said(one, "B", "scripted:b", 0) && said(both, "C", "scripted:c", 0);
	tear_down(&w);
	OK(rc);
	CHECK(ok);
}

TEST(list_hedges_few)
{
	static const struct llm_list_opts o = { .hedge_ms = 50, .max_running = 100 };
	struct world w;
	int rc = set_up(&w, &o, "[{\"say\":[\"A\"],\"delay_ms\":500}]", "[{\"say\":[\"B\"]}]",
			NULL);
	int by_second = 0, ends = 0;
	for (int i = 0; i < 100; i++)
		(void)ask(&w, LLM_CHAT, "x");
	loop_sim_advance(w.l, 3000);
	for (int i = 0; i < 100; i++) {
		by_second += !strcmp(w.g[i].model, "scripted:b");
		ends += w.g[i].ends == 1 && w.g[i].text.n == 1;
	}
	tear_down(&w);
	OK(rc);
	EQ(ends, 100);
	EQ(by_second, 5);
}

TEST(list_voice_before_chat_before_batch)
{
	static const struct llm_list_opts o = { .max_running = 1, .max_waiting = 3 };
	static const char slow[] = "[{\"say\":[\"x\"],\"delay_ms\":100}]";
	struct world w;
	int rc = set_up(&w, &o, slow, NULL, NULL);
	struct got *running = ask(&w, LLM_BATCH, "1"), *batch = ask(&w, LLM_BATCH, "2"),
		   *chat = ask(&w, LLM_CHAT, "3"), *batch2 = ask(&w, LLM_BATCH, "4");
	int full = ask(&w, LLM_BATCH, "5")->err;   /* nobody below it to make room */
	struct got *voice = ask(&w, LLM_VOICE, "6"); /* the newest of the batch makes room */
	int inside = batch2->ends;                 /* but not from inside a start */
	loop_sim_advance(w.l, 2000);
	int order[] = { batch2->order, running->order, voice->order, chat->order, batch->order };
	int evicted = batch2->err;
	bool ok = !voice->err && !chat->err && !batch->err && !running->err;
	tear_down(&w);
	OK(rc);
	EQ(full, ERR_BUSY);
	EQ(inside, 0);
	EQ(evicted, ERR_BUSY);
	CHECK(ok);
	for (int i = 0; i < 5; i++)
		EQ(order[i], i + 1);
}

TEST(list_batch_leaves_places)
{
	static const struct llm_list_opts o = { .max_running = 4 };
	struct world w;
	int rc = set_up(&w, &o, "[{\"say\":[\"x\"],\"delay_ms\":100}]", NULL, NULL);
	for (int i = 0; i < 4; i++)
		(void)ask(&w, LLM_BATCH, "x");
	struct got *voice = ask(&w, LLM_VOICE, "x"), *chat = ask(&w, LLM_CHAT, "x");
	loop_sim_advance(w.l, 250); /* one round: 2 of the batch, voice and chat */
	int first = w.ended;
	bool ok = voice->ends == 1 && chat->ends == 1 && !w.g[2].ends && !w.g[3].ends;
	loop_sim_advance(w.l, 250);
	int all = w.ended;
	tear_down(&w);
	OK(rc);
	CHECK(ok);
	EQ(first, 4);
	EQ(all, 6);
}

TEST(list_cancel_and_close)
{
	static const struct llm_list_opts o = { .max_running = 2, .hedge_ms = 10,
						.hedge_percent = 100 };
	struct world w;
	int rc = set_up(&w, &o, "[{\"say\":[\"x\"],\"delay_ms\":500}]",
			"[{\"say\":[\"y\"],\"delay_ms\":500}]", NULL);
	for (int i = 0; i < 6; i++)
		(void)ask(&w, LLM_CHAT, "x");
	loop_sim_advance(w.l, 50); /* two run, hedged; four wait */
	llm_cancel(w.g[0].run);
	llm_cancel(w.g[3].run);
	llm_cancel(w.g[3].run = NULL);
	loop_sim_advance(w.l, 100); /* number 2 has the free place */
	struct llm_usage u;
	llm_spent(w.g[2].run, &u);
	loop_sim_advance(w.l, 870); /* number 1 says its piece at 500 and ends at 1000 */
	int ended = w.ended;
	bool ok = w.g[1].ends == 1 && w.g[2].ends == 0 && w.g[0].ends == 0 && w.g[3].ends == 0;
	tear_down(&w); /* the rest is cancelled */
	OK(rc);
	CHECK(ok);
	EQ(ended, 1);
	EQ(u.total_ms, 150);
}

/* A whole turn of voice waits 3 s for its first word, whatever happens behind it. */
TEST(list_deadline_of_the_turn)
{
	static const char dead[] = "[{\"say\":[],\"fail\":\"stall\"}]";
	struct world w;
	int rc = set_up(&w, NULL, dead, dead, dead);
	struct got *voice = ask(&w, LLM_VOICE, "x"), *chat = ask(&w, LLM_CHAT, "x");
	loop_sim_advance(w.l, 2999);
	int early = voice->ends;
	loop_sim_advance(w.l, 1);
	int64_t at = voice->u.total_ms;
	loop_sim_advance(w.l, 20000);
	int64_t chat_at = chat->u.total_ms;
	tear_down(&w);
	OK(rc);
	EQ(early, 0);
	EQ(at, 3000);
	EQ(voice->err, ERR_TIMEOUT);
	EQ(chat_at, 10000);
}

/* Silence after the first words ends a voice turn 1.5 s later; nobody takes over. */
TEST(list_stall_after_words)
{
	struct world w;
	int rc = set_up(&w, NULL,
			"[{\"say\":[\"One \",\"two\"],\"delay_ms\":200,\"fail\":\"stall\"}]",
			"[{\"say\":[\"no\"]}]", NULL);
	struct got *g = ask(&w, LLM_VOICE, "x");
	loop_sim_advance(w.l, 5000);
	bool ok = said(g, "One two", "scripted:a", ERR_TIMEOUT);
	int total = g->u.total_ms;
	tear_down(&w);
	OK(rc);
	CHECK(ok);
	EQ(total, 400 + 1500);
}

TEST(list_open_explains)
{
	struct loop *l = loop_new_sim(0);
	struct err e;
	struct llm *m = NULL;
	jv *r = jv_parse(SV("[]"), &e);
	struct model_spec s[9] = { { .kind = "scripted", .script = r }, { .kind = "oracle" } };
	int none = llm_open_list(&m, s, 0, NULL, l, &e),
	    many = llm_open_list(&m, s, 9, NULL, l, &e);
	int second = llm_open_list(&m, s, 2, NULL, l, &e);
	jv_free(r);
	loop_free(l);
	EQ(none, ERR_INVAL);
	EQ(many, ERR_INVAL);
	EQ(second, ERR_UNSUPPORTED);
	HAS(sv_of(e.msg), "oracle");
	CHECK(!m);
}
