/* acd_board.c: what wallboards show: queues with their figures, agents with what they do.
 *
 * From the machine, so of this moment; on the owner's thread, between turns or inside one.
 */
#include "acd_int.h"

#include <stdlib.h>
#include <string.h>

struct board {
	struct acd *a;
	struct sb *out;
	int64_t now;
	bool settings;               /* with what the plan says of them */
	int n;
	VEC(const struct ho *) work;
};

static void put_text(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

static void put_num(struct sb *b, const char *key, int64_t v)
{
	sb_fmt(b, ",\"%s\":%lld", key, (long long)v);
}

static int64_t mean(int64_t sum, int64_t n)
{
	return n > 0 ? sum / n : 0;
}

static void put_numbers(struct sb *b, const struct acd_numbers *n)
{
	int64_t over = n->ended + n->returned + n->transferred;
	put_num(b, "entered", n->entered);
	put_num(b, "answered", n->answered);
	put_num(b, "abandoned", n->abandoned);
	put_num(b, "short_abandoned", n->short_abandoned);
	put_num(b, "callbacks", n->callbacks);
	put_num(b, "out", n->out);
	put_num(b, "moved", n->moved);
	put_num(b, "rejected", n->rejected);
	put_num(b, "unanswered", n->unanswered);
	put_num(b, "ended", n->ended);
	put_num(b, "returned", n->returned);
	put_num(b, "transferred", n->transferred);
	put_num(b, "asa_ms", mean(n->wait_ms, n->answered));
	put_num(b, "wait_most_ms", n->wait_most_ms);
	put_num(b, "talk_ms", n->talk_ms);
	put_num(b, "hold_ms", n->hold_ms);
	put_num(b, "acw_ms", n->acw_ms);
	put_num(b, "aht_ms", mean(n->talk_ms + n->hold_ms, over) + mean(n->acw_ms, n->wrapped));
}

static void put_queue(void *arg, const struct acd_queue_now *q)
{
	struct board *b = arg;
	struct sb *s = b->out;
	if (b->n++)
		sb_ch(s, ',');
	sb_cstr(s, "{\"id\":");
	sb_json(s, sv_of(q->q->id));
	sb_cstr(s, ",\"title\":{\"zh\":");
	sb_json(s, sv_of(q->q->title[0]));
	sb_cstr(s, ",\"en\":");
	sb_json(s, sv_of(q->q->title[1]));
	sb_ch(s, '}');
	put_text(s, "strategy", sv_of(acd_strategy_name(q->q->strategy)));
	put_text(s, "hours", sv_of(q->q->hours ? cal_name(q->q->hours) : ""));
	sb_fmt(s, ",\"open\":%s", q->open ? "true" : "false");
	put_num(s, "promise_s", q->q->sl_s);
	put_num(s, "promise_pct", q->q->sl_pct);
	put_num(s, "waiting", q->waiting);
	put_num(s, "offered", q->offered);
	put_num(s, "serving", q->serving);
	put_num(s, "longest_ms", q->longest_ms);
	put_num(s, "late", q->late);
	put_num(s, "wait_ms", q->next.ms);
	put_num(s, "ready", q->agents[ACD_IS_READY]);
	put_num(s, "talking", q->agents[ACD_IS_TALKING] + q->agents[ACD_IS_HOLD]);
	put_num(s, "paused", q->agents[ACD_IS_PAUSED]);
	put_num(s, "wrapup", q->agents[ACD_IS_WRAPUP]);
	put_numbers(s, &q->n);
	sb_fmt(s, ",\"sl\":%.4f", acd_queue_sl_now(q));
	if (b->settings) {
		sb_cstr(s, ",\"settings\":");
		acd_plan_queue_json(b->a->plan,
				    acd_plan_queue_of(b->a->plan, sv_of(q->q->id)), s);
	}
	sb_ch(s, '}');
}

static int by_agent(const void *x, const void *y)
{
	const struct ho *a = *(const struct ho *const *)x, *b = *(const struct ho *const *)y;
	int d = strcmp(a->agent, b->agent);
	return d ? d : strcmp(a->id, b->id);
}

/* What is served, by agent: looked through once a board. */
static void sort_work(struct board *b)
{
	size_t it = 0;
	sv key;
	void *p;
	while (map_next(b->a->hos, &it, &key, &p)) {
		const struct ho *h = p, **at;
		if (h->state != HO_ACCEPTED)
			continue;
		at = VEC_PUSH(&b->work, ACD_MOST);
		ASSERT(at != NULL);
		*at = h;
	}
	if (b->work.n)
		qsort(b->work.v, b->work.n, sizeof(*b->work.v), by_agent);
}

static void put_work(struct board *b, sv login)
{
	struct sb *s = b->out;
	size_t lo = 0, hi = b->work.n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (sv_cmp(sv_of(b->work.v[mid]->agent), login) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	sb_cstr(s, ",\"handovers\":[");
	for (size_t i = lo; i < b->work.n && sv_eq(sv_of(b->work.v[i]->agent), login); i++) {
		if (i > lo)
			sb_ch(s, ',');
		sb_json(s, sv_of(b->work.v[i]->id));
	}
	sb_ch(s, ']');
}

static void put_person(struct board *b, const struct acd_person *p)
{
	const struct acd_plan *plan = b->a->plan;
	struct sb *s = b->out;
	sb_cstr(s, ",\"queues\":[");
	for (int i = 0; i < p->n_seats; i++) {
		sb_cstr(s, i ? "," : "");
		sb_json(s, sv_of(acd_plan_queue(plan, p->seats[i].queue)->id));
	}
	sb_cstr(s, "],\"skills\":{");
	for (int i = 0; i < p->n_skills; i++) {
		sb_cstr(s, i ? "," : "");
		sb_json(s, sv_of(acd_plan_skill(plan, p->skills[i].skill)));
		sb_fmt(s, ":%d", p->skills[i].level);
	}
	sb_cstr(s, "},\"languages\":[");
	for (int i = 0, n = 0; i < acd_plan_langs(plan); i++)
		if (p->languages >> i & 1) {
			sb_cstr(s, n++ ? "," : "");
			sb_json(s, sv_of(acd_plan_lang(plan, i)));
		}
	sb_ch(s, ']');
	if (b->settings) {
		sb_cstr(s, ",\"settings\":");
		acd_plan_person_json(plan, p, s);
	}
}

static void put_agent(void *arg, const struct acd_agent_now *x)
{
	struct board *b = arg;
	struct sb *s = b->out;
	const struct ag *g = acd_agent_of(b->a, x->login, false);
	int i = acd_plan_person_of(b->a->plan, x->login);
	char when[32];
	if (b->n++)
		sb_ch(s, ',');
	sb_cstr(s, "{\"login\":");
	sb_json(s, x->login);
	put_text(s, "name", g ? sv_of(g->name) : x->name);
	put_text(s, "extension", x->extension);
	if (i >= 0)
		put_person(b, acd_plan_person(b->a->plan, i));
	clk_rfc3339(g && g->since ? g->since : x->state_since_ms, when);
	put_text(s, "state", sv_of(acd_state_name(x->state)));
	put_text(s, "presence", sv_of(acd_presence_name(x->presence)));
	put_text(s, "reason", x->reason);
	put_text(s, "since", sv_of(when));
	put_num(s, "talking", x->served);
	put_num(s, "wrapping", x->wrapping);
	put_text(s, "offer", x->offer);
	put_num(s, "consoles", g ? acd_sockets(b->a, g) : 0);
	put_num(s, "answered", x->answered);
	put_num(s, "rejected", x->rejected);
	put_num(s, "unanswered", x->unanswered);
	put_num(s, "talk_ms", x->talk_ms);
	put_num(s, "hold_ms", x->hold_ms);
	put_num(s, "acw_ms", x->acw_ms);
	put_work(b, x->login);
	sb_ch(s, '}');
}

static void put_queues(struct acd *a, bool settings, struct sb *out)
{
	struct board b = { .a = a, .out = out, .now = acd_now(a), .settings = settings };
	sb_ch(out, '[');
	acd_core_queues(a->core, b.now, put_queue, &b);
	sb_ch(out, ']');
}

static void put_agents(struct acd *a, bool settings, struct sb *out)
{
	struct board b = { .a = a, .out = out, .now = acd_now(a), .settings = settings };
	sort_work(&b);
	sb_ch(out, '[');
	acd_core_agents(a->core, b.now, put_agent, &b);
	sb_ch(out, ']');
	VEC_FREE(&b.work);
}

void acd_board(struct acd *a, struct sb *out)
{
	struct sb skills;
	sb_init(&skills, LIM_SB);
	acd_plan_skills_json(a->plan, &skills);
	jv *o = jv_parse(sb_sv(&skills), NULL);
	sb_done(&skills);
	sb_cstr(out, "{\"queues\":");
	put_queues(a, true, out);
	sb_cstr(out, ",\"agents\":");
	put_agents(a, true, out);
	sb_cstr(out, ",\"skills\":");
	if (jv_get(o, "items"))
		jv_dump(jv_get(o, "items"), out);
	else
		sb_cstr(out, "[]");
	sb_ch(out, '}');
	jv_free(o);
}

void acd_realtime(struct acd *a)
{
	struct sb b;
	sb_init(&b, LIM_JSON_BYTES);
	sb_cstr(&b, "{\"items\":");
	put_queues(a, false, &b);
	sb_ch(&b, '}');
	if (sb_err(&b) == 0)
		a->o.feed(a->o.feed_arg, "queue.realtime", SV_NULL, sb_sv(&b));
	sb_reset(&b);
	sb_cstr(&b, "{\"items\":");
	put_agents(a, false, &b);
	sb_ch(&b, '}');
	if (sb_err(&b) == 0)
		a->o.feed(a->o.feed_arg, "agent.realtime", SV_NULL, sb_sv(&b));
	sb_done(&b);
}
