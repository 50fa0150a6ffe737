/* t_acd_many.c: ten thousand items through a machine whose agents refuse, do not answer, pause,
 * vanish and come back, whose customers leave, and whose server is killed. A second book is
 * kept from what the machine tells and from the orders alone; at the end both must agree:
 * nothing lost, nothing doubled, the order kept, each counted once. Seeded; CALLM_ACD_ITEMS=n
 * for more. */
#include <stdlib.h>

#include "t_acd.h"

enum { QS = 6, AGENTS = 24, LANGS = 2, OFFERS = AGENTS };

static const char plan_yaml[] =
	"skills:\n"
	"  - {id: s0, title: {zh: 甲, en: A}}\n"
	"  - {id: s1, title: {zh: 乙, en: B}}\n"
	"  - {id: s2, title: {zh: 丙, en: C}}\n"
	"queues:\n"
	"  - {id: q0, " "title: {zh: 队, en: Q}, ring_s: 8, wrapup_s: 5, sticky_s: 10,\n"
	"     relax: [{after_s: 20, lower: 2}, {after_s: 60, drop_preferred: true}]}\n"
	"  - {id: q1, title: {zh: 队, en: Q}, strategy: round-robin, ageing: 0, ring_s: 5,\n"
	"     max_len: 12, overflow: {full: \"queue:q0\"}, needs: [{skill: s0, level: 3}]}\n"
	"  - {id: q2, title: {zh: 队, en: Q}, strategy: ring-all, ring_s: 6, wrapup_s: 0}\n"
	"  - {id: q3, title: {zh: 队, en: Q}, strategy: best-match, priority: 4, ageing: 3,\n"
	"     max_wait_s: 90, overflow: {late: callback}, sticky_s: 15, resume_s: 60,\n"
	"     needs: [{skill: s1, level: 5}],\n"
	"     relax: [{after_s: 15, lower: 3, queue: q0}, {after_s: 40, any_language: true}]}\n"
	"  - {id: q4, title: {zh: 队, en: Q}, strategy: ring-progressively, ring_s: 9,\n"
	"     ring_more_s: 3, tier_wait_s: 10, max_wait_s: 120, overflow: {late: \"queue:q2\"}}\n"
	"  - {id: q5, title: {zh: 队, en: Q}, strategy: random, ring_s: 4, no_agent_s: 20,\n"
	"     overflow: {empty: bot}}\n"
	"agents: {defaults: {capacity: {voice: 1, chat: 3}}}\n";

enum state { NEW, WAITS, OFFERED, SERVED, GONE };
struct it {
	enum state state;
	int queue, priority, skill, level, lang, agent;
	enum acd_media media;
	int64_t since, entered, served_at;
	bool asked[AGENTS], held, free_choice;
};
struct wr { int item, agent; int64_t since; };
struct sums { int64_t in, answered, left, callback, out, moved, ended, back, given; };
struct book {
	struct world w;
	struct it *it;
	int n, entered, alive;
	VEC(int) live;
	VEC(struct wr) wraps;
	struct sums sum[QS];
	int64_t wrapped, wraps_due, seen, offers;
	const char *wrong;
	int crashes;
};

static void wrong(struct book *b, bool ok, const char *what)
{
	if (!ok && !b->wrong)
		b->wrong = what;
}

static int number(sv s)
{
	int64_t i = -1;
	return s.n > 1 && sv_i64(sv_slice(s, 1, s.n), &i) == 0 ? (int)i : -1;
}

static sv id_of(char buf[16], char kind, int i)
{
	(void)snprintf(buf, 16, "%c%d", kind, i);
	return sv_of(buf);
}

/* ---- what the machine tells goes into the book ---- */

static int asked(const struct it *x)
{
	int n = 0;
	for (int i = 0; i < AGENTS; i++)
		n += x->asked[i];
	return n;
}

/* Of those that want the same in the same queue nobody with more points waits, unless less has been
 * relaxed for him. */
static void check_order(struct book *b, int i)
{
	static const double ageing[QS] = { 1, 0, 1, 3, 1, 1 };
	const struct it *x = &b->it[i];
	char buf[16];
	struct acd_item_now mine, other;
	double ag = ageing[x->queue];
	if (!x->free_choice || acd_core_item_now(b->w.c, id_of(buf, 'i', i), &mine))
		return;
	for (size_t k = 0; k < b->live.n; k++) {
		const struct it *y = &b->it[b->live.v[k]];
		if (y->state != WAITS || y->queue != x->queue || y->skill != x->skill || y == x ||
		    y->level != x->level || y->lang != x->lang || y->media != x->media ||
		    !y->free_choice)
			continue;
		double px = x->priority + ag * (double)(b->w.now - x->since) / 60000;
		double py = y->priority + ag * (double)(b->w.now - y->since) / 60000;
		bool first = py > px + 1e-6 || (py > px - 1e-6 && y->since < x->since);
		if (!first || acd_core_item_now(b->w.c, id_of(buf, 'i', b->live.v[k]), &other))
			continue;
		wrong(b, other.step < mine.step, "an item overtook another");
	}
}

static void on_wrap_over(struct book *b, const struct acd_out *o)
{
	int item = number(o->item), agent = number(o->login);
	for (size_t i = 0; i < b->wraps.n; i++)
		if (b->wraps.v[i].item == item && b->wraps.v[i].agent == agent) {
			b->wraps.v[i] = b->wraps.v[--b->wraps.n];
			b->wrapped++;
			return;
		}
	b->wrapped++;
	b->wraps_due--;              /* of no length: it was over before the book knew of it */
}

static void on_out(void *arg, const struct acd_out *o)
{
	struct book *b = arg;
	int i = number(o->item), a = number(o->login), q = number(o->queue);
	struct it *x = i >= 0 ? &b->it[i] : NULL;
	b->seen++;
	switch (o->kind) {
	case ACD_OFFER:
		wrong(b, x->state == WAITS || x->state == OFFERED || x->state == NEW,
		      "offered what does not wait");
		wrong(b, !x->asked[a], "asked the same agent twice");
		wrong(b, x->state != OFFERED || q == 2 || q == 4, "asked two agents");
		check_order(b, i);
		x->asked[a] = true;
		x->state = OFFERED;
		b->offers++;
		break;
	case ACD_REVOKE:
		wrong(b, x->asked[a], "took back what was not offered");
		x->asked[a] = false;
		if (x->state == OFFERED && !asked(x))
			x->state = WAITS;
		break;
	case ACD_MOVED:
		b->sum[number(o->from)].moved++;
		b->sum[q].in++;
		x->queue = q;
		x->entered = b->w.now;
		break;
	case ACD_OUT_OF_QUEUE:
		wrong(b, x->state == WAITS || x->state == NEW, "sent away what does not wait");
		if (o->how == ACD_TO_CALLBACK)
			b->sum[q].callback++;
		else
			b->sum[q].out++;
		x->state = GONE;
		break;
	case ACD_WRAP_OVER: on_wrap_over(b, o); break;
	default: break;
	}
}

/* ---- a fresh machine, at the start and after each crash ---- */

static void add_agent(struct book *b, int i)
{
	static const char *const seats[] = { "q0 q1/2 q4", "q1 q2 q5", "q2 q3 q0/2", "q3 q4/2 q1",
					     "q4 q5 q0", "q5 q0 q2/3" };
	char buf[16], skills[40];
	(void)snprintf(skills, sizeof(skills), "s0:%d s1:%d s2:%d", 1 + i % 7, 1 + i * 3 % 10,
		       1 + i * 5 % 9);
	(void)w_agent(&b->w, id_of(buf, 'a', i).p, skills, i % 3 ? "zh en" : i % 2 ? "en" : "zh",
		      seats[i % 6]);
}

static void set_numbers(struct book *b, int q)
{
	const struct sums *s = &b->sum[q];
	struct acd_numbers n = { .entered = s->in, .answered = s->answered, .abandoned = s->left,
				 .callbacks = s->callback, .out = s->out, .moved = s->moved,
				 .ended = s->ended, .returned = s->back, .transferred = s->given };
	char buf[16];
	wrong(b, !acd_core_numbers_set(b->w.c, id_of(buf, 'q', q), &n), "no such queue");
}

static void restore(struct book *b, int i)
{
	struct it *x = &b->it[i];
	char id[16], q[16], s[16], a[16];
	struct acd_item in = { .id = id_of(id, 'i', i), .queue = id_of(q, 'q', x->queue),
			       .language = x->lang ? SV("en") : SV("zh"), .media = x->media,
			       .priority = x->priority, .since_ms = x->since, .n_need = 1 };
	bool serves = x->state == SERVED;
	in.need[0].skill = id_of(s, 's', x->skill);
	in.need[0].level = x->level;
	memset(x->asked, 0, sizeof(x->asked));
	if (x->state == OFFERED)
		x->state = WAITS;
	x->free_choice = true;
	int rc = acd_core_restore(b->w.c, &in, serves ? id_of(a, 'a', x->agent) : SV(""),
				  serves ? (x->held ? ACD_HELD : ACD_SERVED) : ACD_WAITING,
				  serves ? x->served_at : x->entered, b->w.now);
	wrong(b, rc == 0, "not restored");
}

/* The process is gone and starts again with what the book (the disk) says. */
static void crash(struct book *b)
{
	enum acd_presence was[AGENTS];
	char id[16], a[16];
	for (int i = 0; i < AGENTS; i++) {
		struct acd_agent_now now = { 0 };
		(void)acd_core_agent_now(b->w.c, id_of(a, 'a', i), b->w.now, &now);
		was[i] = now.presence;
	}
	acd_core_free(b->w.c);
	(void)acd_core_new(&b->w.c, b->w.p, (uint64_t)b->seen, b->w.now, on_out, b);
	for (int i = 0; i < AGENTS; i++)
		add_agent(b, i);
	for (size_t i = 0; i < b->live.n; i++)
		if (b->it[b->live.v[i]].state != GONE)
			restore(b, b->live.v[i]);
	for (size_t i = 0; i < b->wraps.n; i++) {
		struct wr *w = &b->wraps.v[i];
		struct acd_item in = { .id = id_of(id, 'i', w->item), .queue = SV("q0"),
				       .media = b->it[w->item].media };
		if (b->it[w->item].state != GONE)
			continue;    /* given on: its wrap-up ends with the process */
		wrong(b, acd_core_restore(b->w.c, &in, id_of(a, 'a', w->agent), ACD_WRAPPING,
					  w->since, b->w.now) == 0,
		      "wrap-up not restored");
	}
	for (size_t i = 0; i < b->wraps.n; i++)
		if (b->it[b->wraps.v[i].item].state != GONE) {
			b->wraps.v[i--] = b->wraps.v[--b->wraps.n];
			b->wraps_due--;
		}
	for (int q = 0; q < QS; q++)
		set_numbers(b, q);
	for (int i = 0; i < AGENTS; i++)
		(void)acd_core_presence(b->w.c, id_of(a, 'a', i), was[i], SV(""), false, b->w.now);
	(void)acd_core_tick(b->w.c, b->w.now);
	b->crashes++;
}

/* ---- what happens ---- */

static void enter(struct book *b, struct rng *r)
{
	int i = b->entered++;
	struct it *x = &b->it[i];
	char id[16], q[16], s[16], who[16], caller[16];
	*x = (struct it){ .queue = (int)rng_below(r, QS), .priority = (int)rng_below(r, 3),
			  .skill = (int)rng_below(r, 3), .level = 1 + (int)rng_below(r, 3),
			  .lang = (int)rng_below(r, 2), .agent = -1, .since = b->w.now,
			  .entered = b->w.now, .free_choice = rng_below(r, 8) != 0,
			  .media = rng_below(r, 2) ? ACD_CHAT : ACD_VOICE };
	struct acd_item in = { .id = id_of(id, 'i', i), .queue = id_of(q, 'q', x->queue),
			       .language = x->lang ? SV("en") : SV("zh"), .media = x->media,
			       .priority = x->priority, .n_need = 1,
			       .caller = id_of(caller, 'c', (int)rng_below(r, 100000)) };
	in.need[0].skill = id_of(s, 's', x->skill);
	in.need[0].level = x->level;
	if (!x->free_choice)
		in.sticky = id_of(who, 'a', (int)rng_below(r, AGENTS));
	b->sum[x->queue].in++;
	int *slot = VEC_PUSH(&b->live, 1000);
	*slot = i;
	wrong(b, acd_core_enter(b->w.c, &in, b->w.now) == 0, "not let in");
	if (x->state == NEW)
		x->state = WAITS;
	struct acd_item_now now;
	if (x->state != GONE && acd_core_item_now(b->w.c, in.id, &now) == 0)
		x->since = now.since_ms;     /* a caller who came again */
}

static void served_no_more(struct book *b, int i, bool gone)
{
	struct it *x = &b->it[i];
	/* the queue's wrap-up, else the agent's ten seconds; q2 has none */
	struct wr *w = VEC_PUSH(&b->wraps, 100000);
	*w = (struct wr){ i, x->agent, b->w.now };
	b->wraps_due++;
	x->agent = -1;
	x->held = false;
	x->state = gone ? GONE : WAITS;
}

static void give(struct book *b, int i, struct rng *r)
{
	struct it *x = &b->it[i];
	char id[16], q[16], a[16];
	int to = (int)rng_below(r, QS), from = x->queue, who = (int)rng_below(r, AGENTS);
	bool named = rng_below(r, 2) != 0, was = x->state == SERVED, stays = !was && to == from;
	struct acd_give g = { .queue = id_of(q, 'q', to) };
	struct acd_agent_now now;
	if (named)
		g.login = id_of(a, 'a', who);
	if (named && (acd_core_agent_now(b->w.c, g.login, b->w.now, &now) ||
		      now.presence == ACD_OFFLINE || who == x->agent))
		return;
	int agent = x->agent;
	x->free_choice = false;
	x->queue = to;
	x->entered = stays ? x->entered : b->w.now;
	if (was)
		x->state = WAITS;
	if (was)
		b->sum[from].given++;
	else if (!stays)
		b->sum[from].moved++;
	b->sum[to].in += !stays;
	if (was) {
		struct wr *w = VEC_PUSH(&b->wraps, 100000);
		*w = (struct wr){ i, agent, b->w.now };
		b->wraps_due++;
		x->agent = -1;
		x->held = false;
	}
	wrong(b, acd_core_give(b->w.c, id_of(id, 'i', i), &g, b->w.now) == 0, "not given");
}

static void on_offered(struct book *b, int i, struct rng *r)
{
	static const char *const whys[] = { "reject", "busy", "gone", "no_answer" };
	struct it *x = &b->it[i];
	char id[16], a[16];
	int who = (int)rng_below(r, AGENTS);
	uint64_t dice = rng_below(r, 10);
	while (!x->asked[who])
		who = (who + 1) % AGENTS;
	if (dice < 6) {
		b->sum[x->queue].answered++;
		x->state = SERVED;
		x->agent = who;
		x->asked[who] = false;
		x->served_at = b->w.now;
		wrong(b, acd_core_accept(b->w.c, id_of(id, 'i', i), id_of(a, 'a', who), b->w.now) ==
				 0,
		      "not accepted");
	} else if (dice < 8) {
		(void)acd_core_reject(b->w.c, id_of(id, 'i', i), id_of(a, 'a', who),
				      sv_of(whys[rng_below(r, 4)]), b->w.now);
	}                            /* else nobody answers */
}

static void on_waits(struct book *b, int i, struct rng *r)
{
	struct it *x = &b->it[i];
	char id[16], a[16];
	uint64_t dice = rng_below(r, 40);
	if (dice < 4) {
		b->sum[x->queue].left += dice < 2;
		b->sum[x->queue].callback += dice == 2;
		b->sum[x->queue].out += dice == 3;
		wrong(b, acd_core_leave(b->w.c, id_of(id, 'i', i),
					dice < 2 ? SV("abandoned") :
					dice == 2 ? SV("callback") : SV("bot"),
					b->w.now) == 0,
		      "could not leave");
		x->state = GONE;
	} else if (dice == 4) {
		give(b, i, r);
	} else if (dice == 5) {
		int who = (int)rng_below(r, AGENTS);
		b->sum[x->queue].answered++;
		x->agent = who;
		x->state = SERVED;
		x->served_at = b->w.now;
		x->asked[who] = false;
		wrong(b, acd_core_take(b->w.c, id_of(id, 'i', i), id_of(a, 'a', who), b->w.now) ==
				 0,
		      "not taken");
	}
}

static void on_served(struct book *b, int i, struct rng *r)
{
	struct it *x = &b->it[i];
	char buf[16];
	sv id = id_of(buf, 'i', i);
	uint64_t dice = rng_below(r, 30);
	if (dice < 8) {
		b->sum[x->queue].ended += dice < 7;
		b->sum[x->queue].back += dice == 7;
		served_no_more(b, i, true);
		wrong(b, (dice < 7 ? acd_core_end(b->w.c, id, SV("agent"), b->w.now) :
				     acd_core_back(b->w.c, id, b->w.now)) == 0,
		      "not ended");
	} else if (dice < 10) {
		give(b, i, r);
	} else if (dice < 12) {
		x->held = !x->held;
		wrong(b, acd_core_hold(b->w.c, id, x->held, b->w.now) == 0, "not held");
	}
}

static void on_agent(struct book *b, struct rng *r)
{
	char a[16];
	int i = (int)rng_below(r, AGENTS);
	uint64_t dice = rng_below(r, 12);
	if (dice == 0 && b->wraps.n) {
		struct wr w = b->wraps.v[rng_below(r, b->wraps.n)];
		char id[16];
		wrong(b, acd_core_wrapped(b->w.c, id_of(id, 'i', w.item), id_of(a, 'a', w.agent),
					  b->w.now) == 0,
		      "not wrapped up");
		return;
	}
	(void)acd_core_presence(b->w.c, id_of(a, 'a', i),
				dice < 2 ? ACD_OFFLINE : dice < 4 ? ACD_PAUSED : ACD_READY, SV("x"),
				dice == 5, b->w.now);
}

static void step(struct book *b, struct rng *r, int alive)
{
	uint64_t dice = rng_below(r, 100);
	if (dice < 30 && b->entered < b->n && (int)b->live.n < alive) {
		enter(b, r);
	} else if (dice < 92 && b->live.n) {
		size_t k = rng_below(r, b->live.n);
		int i = b->live.v[k];
		if (b->it[i].state == OFFERED && rng_below(r, 8))
			on_offered(b, i, r);
		else if (b->it[i].state == SERVED)
			on_served(b, i, r);
		else if (b->it[i].state != GONE)
			on_waits(b, i, r);
		if (b->it[i].state == GONE)
			b->live.v[k] = b->live.v[--b->live.n];
	} else if (dice < 99) {
		on_agent(b, r);
	} else if (rng_below(r, 12) == 0) {
		crash(b);
	}
	int64_t end = b->w.now + (int64_t)rng_below(r, 900), next;
	while ((next = acd_core_tick(b->w.c, b->w.now)) <= end)
		b->w.now = next > b->w.now ? next : b->w.now;
	b->w.now = end;
}

static void agree(struct book *b, int q)
{
	const struct sums *s = &b->sum[q];
	char buf[16];
	struct acd_numbers n = w_numbers(&b->w, id_of(buf, 'q', q).p);
	wrong(b, n.entered == s->in, "entered");
	wrong(b, n.answered == s->answered, "answered");
	wrong(b, n.abandoned + n.short_abandoned == s->left, "abandoned");
	wrong(b, n.callbacks == s->callback, "callbacks");
	wrong(b, n.out == s->out, "out");
	wrong(b, n.moved == s->moved, "moved");
	wrong(b, n.ended == s->ended, "ended");
	wrong(b, n.returned == s->back, "returned");
	wrong(b, n.transferred == s->given, "transferred");
}

TEST(acd_nothing_is_lost_doubled_or_counted_twice)
{
	const char *more = getenv("CALLM_ACD_ITEMS");
	int64_t n = 10000;
	(void)sv_i64(sv_of(more), &n);
	struct book b = { .n = (int)n };
	struct rng *r = t_rng();
	int64_t steps = 0;
	size_t in_core = 0;
	w_open(&b.w, plan_yaml);
	acd_core_free(b.w.c);
	OK(acd_core_new(&b.w.c, b.w.p, 7, b.w.now, on_out, &b));
	b.it = xalloc(sizeof(*b.it) * (size_t)b.n);
	for (int i = 0; i < AGENTS; i++) {
		char buf[16];
		add_agent(&b, i);
		(void)w_ready(&b.w, id_of(buf, 'a', i).p);
	}
	while ((b.entered < b.n || b.live.n) && !b.wrong && !b.w.bad && steps < 200LL * b.n) {
		step(&b, r, 20 + (int)(steps / 5000 % 4) * 60);
		if (steps++ % 20 == 0 || b.n <= 1000)
			(void)w_did(&b.w, 0);
	}
	w_pass(&b.w, 60000);
	for (int q = 0; q < QS; q++)
		agree(&b, q);
	wrong(&b, b.live.n == 0 && b.entered == b.n, "lost");
	wrong(&b, b.wraps.n == 0 && b.wrapped == b.wraps_due, "wrap-ups");
	for (int i = 0; i < b.n && i < b.entered; i++)
		in_core += b.it[i].state != GONE;
	if (b.wrong || b.w.bad)
		printf("# step %lld, item %d of %d: %s; %s\n", (long long)steps, b.entered, b.n,
		       b.wrong ? b.wrong : "-", b.w.bad ? b.w.bad : "-");
	printf("# %d items, %lld steps, %lld offers, %d crashes\n", b.n, (long long)steps,
	       (long long)b.offers, b.crashes);
	const char *bad = b.wrong, *found = b.w.bad;
	int crashes = b.crashes;
	xfree(b.it);
	VEC_FREE(&b.live);
	VEC_FREE(&b.wraps);
	w_close(&b.w);
	CHECK(!bad);
	CHECK(!found);
	EQ(in_core, 0);
	CHECK(crashes > n / 2000);
}
