/* t_acd_day.c: a day of the demo company's queues on a virtual clock: 2,000 interactions in two
 * languages by chat and phone, 60 agents with 12 skills who take breaks, do not answer and refuse,
 * customers who lose patience. What is offered is judged here anew, from the plan alone. And a
 * day with too few agents: are expected waits true? Seeded. */
#include <math.h>
#include <stdlib.h>

#include "t_acd.h"

enum { PEOPLE = 60, ITEMS = 2000, EVENTS = 40000 };
#define DAY_MS (12 * CAL_HOUR)

enum kind { ARRIVE, ANSWER, LOSE, DONE, SHIFT, PAUSE };
struct ev { int64_t at; enum kind kind; int i, gen; };
struct cust {
	int queue, gen, agent;
	bool zh, in, told, silent;   /* silent: whoever is asked now will not answer */
	enum acd_media media;
	int64_t came, patience, answered, out, entered, waits; /* waits: not asked for since */
	struct acd_need need[2 * ACD_NEEDS];
	int n_need;
	struct acd_wait guess;
};
struct pers {
	int level[ACD_SKILLS];
	bool zh, en, seat[ACD_QUEUES];
	int64_t free_at;             /* became ready, and rests no more */
};
struct day {
	struct acd_core *c;
	struct acd_plan *p;
	struct rng r;
	struct ev heap[EVENTS];
	int n_heap, n_people, n_items;
	struct cust cust[ITEMS];
	struct pers pers[PEOPLE];
	int64_t now, slowest, answered, lost, sent, offers, unanswered;
	const char *wrong;
};

static const struct cal *any_cal(void *arg, sv name)
{
	return arg;
}

/* ---- what will happen ---- */

static void later(struct day *d, int64_t at, enum kind kind, int i, int gen)
{
	int k = d->n_heap++;
	ASSERT(k < EVENTS);
	for (; k > 0 && d->heap[(k - 1) / 2].at > at; k = (k - 1) / 2)
		d->heap[k] = d->heap[(k - 1) / 2];
	d->heap[k] = (struct ev){ at, kind, i, gen };
}

static struct ev soonest(struct day *d)
{
	struct ev first = d->heap[0], last = d->heap[--d->n_heap];
	int k = 0;
	for (int m; (m = 2 * k + 1) < d->n_heap; k = m) {
		m += m + 1 < d->n_heap && d->heap[m + 1].at < d->heap[m].at;
		if (d->heap[m].at >= last.at)
			break;
		d->heap[k] = d->heap[m];
	}
	d->heap[k] = last;
	return first;
}

static double lognormal(struct day *d, double mean, double cv)
{
	double s2 = log(1 + cv * cv);
	return mean * exp(sqrt(s2) * rng_normal(&d->r) - s2 / 2);
}

/* ---- judged anew ---- */

static bool relaxed(const struct acd_queue *q, const struct acd_relax *x, int64_t waited)
{
	return waited >= x->after_s * INT64_C(1000);
}

/* May this agent serve this customer after so long, by the letter of the plan? */
static bool lawful(const struct day *d, const struct cust *x, const struct pers *a, int64_t waited)
{
	const struct acd_queue *q = acd_plan_queue(d->p, x->queue);
	bool seat = a->seat[x->queue], drop = false, drops = false, any_lang = false;
	int lower = 0;
	for (int i = 0; i < q->n_relax; i++) {
		const struct acd_relax *r = &q->relax[i];
		drops |= r->drop_preferred;
		if (!relaxed(q, r, waited))
			continue;
		seat |= r->queue >= 0 && a->seat[r->queue];
		lower = r->lower > lower ? r->lower : lower;
		drop |= r->drop_preferred;
		any_lang |= r->any_language;
	}
	if (!seat || (!any_lang && !(x->zh ? a->zh : a->en)))
		return false;
	for (int i = 0; i < x->n_need; i++) {
		int level = x->need[i].level - lower;
		if (x->need[i].preferred && (drop || !drops))
			continue;
		if (a->level[x->need[i].skill] < (level < 1 ? 1 : level))
			return false;
	}
	return true;
}

static void wrong(struct day *d, bool ok, const char *what)
{
	if (!ok && !d->wrong)
		d->wrong = what;
}

/* ---- what the machine tells ---- */

static int number(sv s)
{
	int64_t i = -1;
	(void)sv_i64(sv_slice(s, 1, s.n), &i);
	return (int)i;
}

static void on_offer(struct day *d, const struct acd_out *o)
{
	struct cust *x = &d->cust[number(o->item)];
	int a = number(o->login);
	struct pers *p = &d->pers[a];
	uint64_t dice = rng_below(&d->r, 100);
	d->offers++;
	wrong(d, lawful(d, x, p, d->now - x->entered), "an offer against the plan");
	/* one who waited already when the agent became free is offered at once */
	int64_t from = p->free_at > x->waits ? p->free_at : x->waits;
	if (lawful(d, x, p, from - x->entered) && d->now - from > d->slowest)
		d->slowest = d->now - from;
	x->agent = a;
	x->gen++;
	if (dice < 94)
		later(d, d->now + 500 + (int64_t)rng_below(&d->r, 5000), ANSWER, number(o->item),
		      x->gen);
	else if (dice < 96)
		later(d, d->now + 1000, ANSWER, number(o->item), -x->gen); /* refuses */
	x->silent = dice >= 96;
}

/* When he is free again: now, or after the rest that follows an offer not taken. */
static void on_freed(struct day *d, const struct acd_out *o)
{
	bool rests = o->kind == ACD_REVOKE && sv_eq(o->why, SV("rejected"));
	int64_t rest = rests ? acd_plan_default(d->p)->no_answer_delay_s * INT64_C(1000) : 0;
	struct pers *p = &d->pers[number(o->login)];
	if (o->kind == ACD_REVOKE) {
		struct cust *x = &d->cust[number(o->item)];
		x->waits = d->now;
		d->unanswered += x->silent && rests;
	}
	if (o->kind != ACD_AGENT_IS || p->free_at < d->now)
		p->free_at = d->now + rest;
}

static void on_out(void *arg, const struct acd_out *o)
{
	struct day *d = arg;
	if (o->kind == ACD_OFFER) {
		on_offer(d, o);
	} else if (o->kind == ACD_AGENT_IS || o->kind == ACD_WRAP_OVER || o->kind == ACD_REVOKE) {
		on_freed(d, o);
	} else if (o->kind == ACD_OUT_OF_QUEUE) {
		d->cust[number(o->item)].in = false;
		d->cust[number(o->item)].out = d->now;
		d->sent++;
	} else if (o->kind == ACD_PLACE) {
		d->cust[number(o->item)].told = true;
	} else if (o->kind == ACD_MOVED) {
		struct cust *x = &d->cust[number(o->item)];
		x->queue = acd_plan_queue_of(d->p, o->queue);
		x->entered = d->now;
		wrong(d, x->queue >= 0, "moved nowhere");
	}
}

/* ---- people ---- */

static void hire(struct day *d, int i, int skills)
{
	struct acd_agent a = { .wrapup_ms = -1, .max_no_answer = -1, .reject_delay_ms = -1,
			       .busy_delay_ms = -1, .no_answer_delay_ms = -1 };
	struct pers *p = &d->pers[i];
	char login[16];
	(void)snprintf(login, sizeof(login), "a%d", i);
	a.login = sv_of(login);
	for (int m = 0; m < ACD_MEDIAS; m++)
		a.capacity[m] = -1;
	p->zh = i % 3 != 2;
	p->en = i % 3 != 0;
	a.languages[a.n_languages++] = p->zh ? SV("zh") : SV("en");
	if (p->zh && p->en)
		a.languages[a.n_languages++] = SV("en");
	for (int k = 0; k < acd_plan_skills(d->p); k++) {
		if ((int)rng_below(&d->r, 12) >= skills)
			continue;
		p->level[k] = 2 + (int)rng_below(&d->r, 8);
		a.skill[a.n_skills].skill = sv_of(acd_plan_skill(d->p, k));
		a.skill[a.n_skills++].level = p->level[k];
	}
	for (int q = 0; q < acd_plan_queues(d->p); q++) {
		if (rng_below(&d->r, 6) >= 4 && q != i % acd_plan_queues(d->p))
			continue;
		p->seat[q] = true;
		a.seat[a.n_seats++].queue = sv_of(acd_plan_queue(d->p, q)->id);
	}
	wrong(d, acd_core_agent(d->c, &a, d->now) == 0, "not hired");
	later(d, (int64_t)rng_below(&d->r, (uint64_t)(CAL_HOUR / 2)), SHIFT, i, ACD_READY);
	later(d, 3 * CAL_HOUR + i * CAL_MINUTE, PAUSE, i, 45);
	later(d, 7 * CAL_HOUR + i * CAL_MINUTE, PAUSE, i, 15);
}

/* More in the middle of the day. */
static void customers(struct day *d)
{
	static const char *const topics[] = {
		"complaint", "technical_fault", "billing_query", "product_info", "refund_status",
		"return_goods", "order_status", "delivery_time", "stock_check", "thanks"
	};
	for (int i = 0; i < d->n_items; i++) {
		struct cust *x = &d->cust[i];
		struct acd_wish w = { .topic = sv_of(topics[rng_below(&d->r, 10)]),
				      .tier = rng_below(&d->r, 20) ? SV("standard") : SV("gold") };
		struct acd_route route;
		double at = (rng_unit(&d->r) + rng_unit(&d->r)) / 2;
		acd_plan_route(d->p, &w, &route);
		const struct acd_queue *q = acd_plan_queue(d->p, route.queue);
		x->queue = route.queue;
		x->zh = rng_below(&d->r, 10) < 6;
		x->media = rng_below(&d->r, 20) < 11 ? ACD_VOICE : ACD_CHAT;
		x->patience = (int64_t)(-log(1 - rng_unit(&d->r)) *
					(x->media == ACD_VOICE ? 240000 : 600000));
		memcpy(x->need, q->need, sizeof(q->need));
		memcpy(x->need + q->n_need, route.need, sizeof(route.need));
		x->n_need = q->n_need + route.n_need;
		later(d, CAL_HOUR / 2 + (int64_t)(at * (double)(DAY_MS - CAL_HOUR)), ARRIVE, i, 0);
	}
}

static void arrive(struct day *d, int i)
{
	struct cust *x = &d->cust[i];
	const struct acd_queue *q = acd_plan_queue(d->p, x->queue);
	char id[16];
	struct acd_item in = { .queue = sv_of(q->id), .language = x->zh ? SV("zh") : SV("en"),
			       .media = x->media };
	(void)snprintf(id, sizeof(id), "i%d", i);
	in.id = sv_of(id);
	for (int k = q->n_need; k < x->n_need; k++) {
		in.need[in.n_need].skill = sv_of(acd_plan_skill(d->p, x->need[k].skill));
		in.need[in.n_need].level = x->need[k].level;
		in.need[in.n_need++].preferred = x->need[k].preferred;
	}
	x->in = true;
	x->came = x->entered = x->waits = d->now;
	wrong(d, acd_core_enter(d->c, &in, d->now) == 0, "not let in");
	if (x->told)
		(void)acd_core_wait(d->c, in.id, d->now, &x->guess);
	later(d, d->now + x->patience, LOSE, i, 0);
}

static void happens(struct day *d, const struct ev *e)
{
	struct cust *x = e->kind < SHIFT ? &d->cust[e->i] : NULL;
	char id[16], who[16];
	(void)snprintf(id, sizeof(id), "i%d", e->i);
	(void)snprintf(who, sizeof(who), "a%d", x ? x->agent : e->i);
	switch (e->kind) {
	case ARRIVE: arrive(d, e->i); break;
	case ANSWER:
		if (!x->in || abs(e->gen) != x->gen)
			break;
		if (e->gen < 0) {
			(void)acd_core_reject(d->c, sv_of(id), sv_of(who), SV("reject"), d->now);
			break;
		}
		d->pers[x->agent].free_at = d->now;
		if (acd_core_accept(d->c, sv_of(id), sv_of(who), d->now))
			break;
		x->answered = d->now;
		d->answered++;
		later(d, d->now + (int64_t)lognormal(d, x->media == ACD_VOICE ? 240e3 : 420e3, 0.8),
		      DONE, e->i, 0);
		break;
	case LOSE:
		if (!x->in || x->answered ||
		    acd_core_leave(d->c, sv_of(id), SV("abandoned"), d->now))
			break;
		x->in = false;
		x->out = d->now;
		d->lost++;
		break;
	case DONE:
		x->in = false;
		wrong(d, acd_core_end(d->c, sv_of(id), SV("agent"), d->now) == 0, "not ended");
		break;
	case SHIFT:
		(void)acd_core_presence(d->c, sv_of(who), (enum acd_presence)e->gen, SV(""), false,
					d->now);
		break;
	case PAUSE:
		(void)acd_core_presence(d->c, sv_of(who), ACD_PAUSED, SV("lunch"), false, d->now);
		later(d, d->now + e->gen * CAL_MINUTE, SHIFT, e->i, ACD_READY);
		break;
	}
}

/* ---- the day ---- */

static void day_run(struct day *d, int people, int items, int skills, uint64_t seed)
{
	struct cfg_report rep = { 0 };
	struct cal *always = cal_always();
	struct acd_cals cals = { any_cal, always };
	struct sb text;
	char path[400];
	int64_t steps = 0;
	sb_init(&text, LIM_CFG_BYTES);
	(void)snprintf(path, sizeof(path), "%s/demo/queues.yaml", t_srcdir());
	wrong(d, file_read(path, LIM_CFG_BYTES, &text, NULL) == 0, "no demo/queues.yaml");
	wrong(d, acd_plan_new(&d->p, sb_sv(&text), "queues.yaml", &cals, &rep) == 0,
	      rep.n ? rep.v[0].what : "no plan");
	sb_done(&text);
	cfg_report_done(&rep);
	obj_unref(always);
	if (d->wrong)
		return;
	rng_seed(&d->r, seed);
	d->n_people = people;
	d->n_items = items;
	wrong(d, acd_core_new(&d->c, d->p, seed, 0, on_out, d) == 0, "no machine");
	for (int i = 0; i < people; i++)
		hire(d, i, skills);
	customers(d);
	while (d->n_heap && !d->wrong) {
		int64_t due = acd_core_tick(d->c, d->now);
		if (due < d->heap[0].at) {
			d->now = due > d->now ? due : d->now;
		} else {
			struct ev e = soonest(d);
			d->now = e.at;
			happens(d, &e);
		}
		if (steps++ % 10 == 0)
			wrong(d, !acd_core_check(d->c, d->now), "something that must never be");
	}
}

static void day_done(struct day *d)
{
	acd_core_free(d->c);
	obj_unref(d->p);
	xfree(d);
}

TEST(acd_a_day_without_violation_or_starvation)
{
	struct day *d = xalloc(sizeof(*d));
	int64_t longest = 0, sum = 0, bound = 0;
	struct acd_numbers all = { 0 };
	day_run(d, PEOPLE, ITEMS, 7, 20260302);
	for (int i = 0; i < ITEMS && !d->wrong; i++) {
		struct cust *x = &d->cust[i];
		const struct acd_queue *q = acd_plan_queue(d->p, x->queue);
		int64_t end = x->answered ? x->answered : x->out;
		wrong(d, end > 0 || x->patience == 0, "neither answered nor gone");
		sum += x->answered ? end - x->came : 0;
		longest = end - x->came > longest ? end - x->came : longest;
		bound = q->max_wait_s * 1000 > bound ? q->max_wait_s * 1000 : bound;
		wrong(d, end - x->entered <= (q->max_wait_s + q->ring_s) * INT64_C(1000),
		      "waited beyond what the plan allows");
	}
	for (int q = 0; q < acd_plan_queues(d->p) && !d->wrong; q++) {
		struct acd_queue_now now;
		(void)acd_core_queue_now(d->c, sv_of(acd_plan_queue(d->p, q)->id), d->now, &now);
		all.entered += now.n.entered - now.n.moved;
		all.answered += now.n.answered;
		all.abandoned += now.n.abandoned + now.n.short_abandoned;
		all.callbacks += now.n.callbacks + now.n.out;
		all.unanswered += now.n.unanswered;
		all.in_sl += now.n.in_sl;
	}
	printf("# %lld answered, %lld gave up, %lld sent on; %lld offers, %lld unanswered; "
	       "mean wait "
	       "%lld ms, longest %lld ms (bound %lld); slowest offer %lld ms; within sl %lld\n",
	       (long long)d->answered, (long long)d->lost, (long long)d->sent,
	       (long long)d->offers, (long long)d->unanswered,
	       (long long)(sum / (d->answered ? d->answered : 1)), (long long)longest,
	       (long long)bound, (long long)d->slowest, (long long)all.in_sl);
	const char *bad = d->wrong;
	if (bad)
		printf("# %s\n", bad);
	int64_t slowest = d->slowest, answered = d->answered, lost = d->lost, sent = d->sent;
	int64_t unanswered = d->unanswered;
	day_done(d);
	CHECK(!bad);
	CHECK(slowest <= 200);
	EQ(all.entered, ITEMS);
	EQ(all.answered, answered);
	EQ(all.abandoned, lost);
	EQ(all.callbacks, sent);
	/* and those after which he was paused */
	CHECK(all.unanswered >= unanswered && all.unanswered <= unanswered + PEOPLE);
	EQ(answered + lost + sent, ITEMS);
	CHECK(answered > ITEMS * 9 / 10);
}

TEST(acd_expected_waits_are_true)
{
	struct day *d = xalloc(sizeof(*d));
	double said = 0, was = 0;
	int known = 0, inside = 0, told = 0;
	day_run(d, 18, ITEMS, 11, 4711);
	for (int i = 0; i < ITEMS && !d->wrong; i++) {
		struct cust *x = &d->cust[i];
		const struct acd_wait *g = &x->guess;
		int64_t waited = (x->answered ? x->answered : x->out) - x->came;
		told += x->told;
		wrong(d, !g->position || g->ms == -1 ||
				 (g->low_ms >= 0 && g->low_ms <= g->ms && g->ms <= g->high_ms),
		      "bounds that are none");
		/* who gave up tells only that it would have been longer */
		if (!g->position || g->ms < 0 || (!x->answered && waited < g->low_ms))
			continue;
		known++;
		inside += x->answered ? waited >= g->low_ms && waited <= g->high_ms :
					waited <= g->high_ms;
		said += x->answered ? (double)g->ms : 0;
		was += x->answered ? (double)waited : 0;
	}
	printf("# %d waited, %d could be judged: %.1f %% within the bounds, expected %.2f of "
	       "what it "
	       "was\n",
	       told, known, 100.0 * inside / (known ? known : 1), said / (was > 0 ? was : 1));
	const char *bad = d->wrong;
	if (bad)
		printf("# %s\n", bad);
	day_done(d);
	CHECK(!bad);
	CHECK(known > 300);
	CHECK(inside > known * 7 / 10);
	CHECK(said > was * 0.6 && said < was * 1.7);
}
