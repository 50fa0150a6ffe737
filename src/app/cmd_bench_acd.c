/* cmd_bench_acd.c: `callm bench acd`: how fast queues decide at the size of a large centre.
 *
 * A plan of 12 queues and 12 skills with three steps of relaxation, agents with some of the
 * skills and languages, as many items waiting as wanted, each with wishes of its own. Then, on
 * a virtual clock: an agent ends, the machine looks for who is next, the offer is accepted,
 * another item comes; each decision is timed alone. After that all are free and items come one
 * by one. The seed is fixed: the same decisions every run. One thread. */
#include "app_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "acd_core.h"

enum { QUEUES = 12, SKILLS = 12 };

struct times { int64_t *ns; size_t n, cap; };
struct acd_bench {
	struct acd_core *core;
	struct acd_plan *plan;
	struct rng rng;
	int64_t now, made, offers, events;
	int agents;
	char (*serves)[24];          /* by agent: the item, "" = none */
	char offered[24], to[24];    /* the last offer */
	struct times freed, busy, idle, ticks;
};

static void add(struct times *t, int64_t ns)
{
	if (t->n < t->cap)
		t->ns[t->n++] = ns;
}

static void on_out(void *arg, const struct acd_out *o)
{
	struct acd_bench *b = arg;
	b->events++;
	if (o->kind != ACD_OFFER)
		return;
	b->offers++;
	(void)snprintf(b->offered, sizeof(b->offered), SV_FMT, SV_ARG(o->item));
	(void)snprintf(b->to, sizeof(b->to), SV_FMT, SV_ARG(o->login));
}

static int make_plan(struct acd_bench *b, struct err *e)
{
	static const char *const strategies[] = { "longest-idle-agent", "best-match", "round-robin",
						  "least-busy" };
	struct cfg_report rep = { 0 };
	struct sb y;
	int rc;
	sb_init(&y, LIM_SB);
	sb_cstr(&y, "skills:\n");
	for (int i = 0; i < SKILLS; i++)
		sb_fmt(&y, "  - {id: s%d, title: {zh: 技能, en: Skill}}\n", i);
	sb_cstr(&y, "queues:\n");
	for (int i = 0; i < QUEUES; i++)
		sb_fmt(&y,
		       "  - {id: q%d, title: {zh: 队列, en: Queue}, strategy: %s, wrapup_s: "
		       "0,\n"
		       "     priority: %d, announce: {every_s: 30},\n"
		       "     relax: [{after_s: 30, lower: 1}, {after_s: 60, lower: 2, queue: "
		       "q%d},\n"
		       "             {after_s: 240, any_language: true}]}\n",
		       i, strategies[i % 4], i % 3, (i + 1) % QUEUES);
	rc = acd_plan_new(&b->plan, sb_sv(&y), "bench", NULL, &rep);
	if (rc)
		err_set(e, rc, "%s: %s", rep.n ? rep.v[0].where : "", rep.n ? rep.v[0].what : "");
	cfg_report_done(&rep);
	sb_done(&y);
	return rc;
}

static int hire(struct acd_bench *b, int i)
{
	struct acd_agent *a = xalloc(sizeof(*a));
	char login[24], skills[SKILLS][8], queues[QUEUES][8];
	int rc;
	(void)snprintf(login, sizeof(login), "%d", i);
	a->login = sv_of(login);
	a->capacity[ACD_VOICE] = a->capacity[ACD_CHAT] = 1;
	a->languages[a->n_languages++] = i % 3 ? SV("zh") : SV("en");
	if (i % 3 == 1)
		a->languages[a->n_languages++] = SV("en");
	for (int k = 0; k < SKILLS; k++) {
		(void)snprintf(skills[k], sizeof(skills[k]), "s%d", k);
		if (rng_below(&b->rng, 12) >= 6)
			continue;
		a->skill[a->n_skills].skill = sv_of(skills[k]);
		a->skill[a->n_skills++].level = 1 + (int)rng_below(&b->rng, 10);
	}
	for (int k = 0; k < 4; k++) {
		int q = (i + k * k) % QUEUES;
		(void)snprintf(queues[k], sizeof(queues[k]), "q%d", q);
		a->seat[a->n_seats].queue = sv_of(queues[k]);
		a->seat[a->n_seats++].tier = 1 + k / 2;
	}
	rc = acd_core_agent(b->core, a, b->now);
	xfree(a);
	return rc ? rc : acd_core_presence(b->core, sv_of(login), ACD_READY, SV(""), false, b->now);
}

static int come(struct acd_bench *b, struct times *t)
{
	char id[24], queue[16], skill[2][16];
	struct acd_item x = { .language = rng_below(&b->rng, 10) < 6 ? SV("zh") : SV("en"),
			      .media = rng_below(&b->rng, 2) ? ACD_VOICE : ACD_CHAT,
			      .priority = (int)rng_below(&b->rng, 4), .n_need = 2 };
	int64_t from;
	int rc;
	(void)snprintf(id, sizeof(id), "i%lld", (long long)b->made++);
	(void)snprintf(queue, sizeof(queue), "q%d", (int)rng_below(&b->rng, QUEUES));
	for (int k = 0; k < 2; k++) {
		int s = (int)rng_below(&b->rng, SKILLS / 2) + k * SKILLS / 2;
		(void)snprintf(skill[k], sizeof(skill[k]), "s%d", s);
		x.need[k].skill = sv_of(skill[k]);
		x.need[k].level = 1 + (int)rng_below(&b->rng, 6);
		x.need[k].preferred = k > 0;
	}
	x.id = sv_of(id);
	x.queue = sv_of(queue);
	from = cli_cpu_ns();
	rc = acd_core_enter(b->core, &x, b->now);
	add(t, cli_cpu_ns() - from);
	return rc;
}

/* The offer that is out is accepted; false when there is none. */
static bool take(struct acd_bench *b)
{
	int64_t who = 0;
	if (!b->offered[0])
		return false;
	(void)sv_i64(sv_of(b->to), &who);
	(void)snprintf(b->serves[who], sizeof(b->serves[who]), "%s", b->offered);
	char id[24];
	memcpy(id, b->offered, sizeof(id));
	b->offered[0] = 0;
	(void)acd_core_accept(b->core, sv_of(id), sv_of(b->to), b->now);
	return true;
}

static void pass(struct acd_bench *b, int64_t ms)
{
	int64_t end = b->now + ms;
	for (;;) {
		int64_t from = cli_cpu_ns();
		int64_t next = acd_core_tick(b->core, b->now);
		add(&b->ticks, cli_cpu_ns() - from);
		take(b);
		if (next > end)
			break;
		b->now = next > b->now ? next : b->now;
	}
	b->now = end;
}

/* Everybody talks and `waiting` wait. */
static int fill(struct acd_bench *b, int64_t waiting)
{
	struct times none = { 0 };
	int rc = 0;
	for (int64_t i = 0; i < waiting + b->agents && rc == 0; i++) {
		rc = come(b, &none);
		while (take(b))
			;
		if (i % 20 == 0)
			pass(b, 30);
	}
	return rc;
}

/* One ends, the next is found and taken, another comes. */
static int turn_over(struct acd_bench *b)
{
	int who = (int)rng_below(&b->rng, (uint64_t)b->agents);
	char id[24];
	int64_t from;
	if (b->serves[who][0]) {
		memcpy(id, b->serves[who], sizeof(id));
		b->serves[who][0] = 0;
		from = cli_cpu_ns();
		(void)acd_core_end(b->core, sv_of(id), SV("agent"), b->now);
		add(&b->freed, cli_cpu_ns() - from);
		while (take(b))
			;
	}
	pass(b, 3);
	int rc = come(b, &b->busy);
	while (take(b))
		;
	return rc;
}

/* ---- the report ---- */

static jv *times_json(struct times *t)
{
	jv *o = jv_obj();
	cli_sort(t->ns, t->n);
	jv_set_int(o, "n", (int64_t)t->n);
	if (t->n) {
		jv_set_num(o, "p50_us", (double)t->ns[t->n / 2] / 1000.0);
		jv_set_num(o, "p99_us", (double)t->ns[t->n * 99 / 100] / 1000.0);
		jv_set_num(o, "max_us", (double)t->ns[t->n - 1] / 1000.0);
	}
	return o;
}

static void count_waiting(void *arg, const struct acd_queue_now *q)
{
	*(int64_t *)arg += q->waiting;
}

static int run(struct acd_bench *b, int64_t waiting, int64_t steps)
{
	int64_t left = 0, cpu, ns;
	struct rusage ru;
	jv *o = jv_obj();
	int rc = 0;
	for (int i = 0; i < b->agents && rc == 0; i++)
		rc = hire(b, i);
	for (int64_t i = 0; i < b->agents / 2 && rc == 0; i++) {
		rc = come(b, &b->idle);
		while (take(b))
			;
	}
	rc = rc ? rc : fill(b, waiting);
	b->ticks.n = 0;
	b->events = 0;
	cpu = clk_cpu_us();
	for (int64_t i = 0; i < steps && rc == 0; i++)
		rc = turn_over(b);
	cpu = clk_cpu_us() - cpu;
	acd_core_queues(b->core, b->now, count_waiting, &left);
	ns = cli_cpu_ns();
	acd_core_queues(b->core, b->now, count_waiting, &(int64_t){ 0 });
	ns = cli_cpu_ns() - ns;
	getrusage(RUSAGE_SELF, &ru);
	jv_set_int(o, "agents", b->agents);
	jv_set_int(o, "waiting", left);
	jv_set_int(o, "offers", b->offers);
	jv_set(o, "agent_becomes_free", times_json(&b->freed));
	jv_set(o, "item_comes_all_busy", times_json(&b->busy));
	jv_set(o, "item_comes_half_free", times_json(&b->idle));
	jv_set(o, "tick", times_json(&b->ticks));
	jv_set_num(o, "board_us", (double)ns / 1000.0);
	jv_set_num(o, "rounds_per_cpu_s", (double)steps * 1e6 / (double)(cpu ? cpu : 1));
	jv_set_num(o, "events_per_cpu_s", (double)b->events * 1e6 / (double)(cpu ? cpu : 1));
	jv_set_int(o, "max_rss_kb", ru.ru_maxrss);
	cli_print_json(o);
	return rc;
}

static struct times times_new(int64_t n)
{
	return (struct times){ .ns = xalloc(sizeof(int64_t) * (size_t)n), .cap = (size_t)n };
}

int bench_acd(int64_t agents, int64_t waiting, int64_t rounds)
{
	struct acd_bench b = { .now = 1000, .agents = (int)agents };
	struct err e = { 0 };
	int rc;
	if (agents < 1 || agents > ACD_CORE_AGENTS || waiting < 0 || rounds < 1 ||
	    rounds > 10000000 || waiting + agents > ACD_CORE_ITEMS - 1000)
		return cli_fail("1 to %d agents, at most %d waiting", ACD_CORE_AGENTS,
				ACD_CORE_ITEMS - 1000 - ACD_CORE_AGENTS);
	rng_seed(&b.rng, 1);
	b.serves = xalloc(sizeof(*b.serves) * (size_t)agents);
	b.freed = times_new(rounds);
	b.busy = times_new(rounds);
	b.idle = times_new(rounds + agents);
	b.ticks = times_new(rounds * 20);
	rc = make_plan(&b, &e);
	if (rc == 0 && (rc = acd_core_new(&b.core, b.plan, 1, b.now, on_out, &b)) == 0)
		rc = run(&b, waiting, rounds);
	acd_core_free(b.core);
	obj_unref(b.plan);
	xfree(b.serves);
	xfree(b.freed.ns);
	xfree(b.busy.ns);
	xfree(b.idle.ns);
	xfree(b.ticks.ns);
	return rc ? cli_fail("%s", e.msg[0] ? e.msg : err_text(rc)) : 0;
}
