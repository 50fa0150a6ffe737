/* acd_match.c: what "learned-match" queues ask: how good an agent is for a queue's customers,
 * learned from what became of earlier ones (policy_match.h).
 *
 * Service that ended counts as resolved; one that was transferred or returned to the bot does
 * not, and neither does one after which the customer is back within a week. At a start the last
 * hand-overs on the disk are gone through, by who served each last; then each stint counts as its
 * end is written. For one in twenty who is idle longest is taken, learned or not: so it can be told
 * what the learning brings, and nobody is written off. Owner's thread. */
#include "acd_int.h"
#include "policy_match.h"

#include <stdio.h>

enum { PAST = 50000, CUSTOMERS = 100000, CONTROL = 20 };
#define WEEK_MS (7 * (int64_t)CAL_DAY)
#define PAUSE_MS (30 * (int64_t)CAL_MINUTE)      /* idle longer is a pause, or another day */

struct last { int agent, kind; int64_t ms; char customer[ACD_NAME]; };
struct acd_match {
	struct policy_match *m;
	struct map *last;            /* customer -> struct last, resolved so far */
	VEC(struct last *) ring;     /* the oldest makes room */
	size_t next;
	VEC(int64_t) ended;          /* by agent */
	struct rng rng;
};

struct acd_match *acd_match_new(uint64_t seed)
{
	struct acd_match *x = xalloc(sizeof(*x));
	x->m = policy_match_new(0, false);
	x->last = map_new(CUSTOMERS + 1);
	rng_seed(&x->rng, seed);
	return x;
}

void acd_match_free(struct acd_match *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->ring.n; i++)
		xfree(x->ring.v[i]);
	VEC_FREE(&x->ring);
	VEC_FREE(&x->ended);
	map_free(x->last);
	policy_match_free(x->m);
	xfree(x);
}

/* The customer is there again: what we took for resolved was not. */
static void entered(struct acd_match *x, sv customer, int64_t now)
{
	struct last *l = customer.n ? map_get(x->last, customer) : NULL;
	if (!l || l->agent < 0)
		return;
	if (now - l->ms <= WEEK_MS)
		policy_match_undo(x->m, l->agent, l->kind);
	l->agent = -1;
}

static void remember(struct acd_match *x, sv customer, int agent, int kind, int64_t now)
{
	struct last *l = customer.n ? map_get(x->last, customer) : NULL;
	if (!customer.n || customer.n >= ACD_NAME)
		return;
	if (!l && x->ring.n < CUSTOMERS) {
		struct last **slot = VEC_PUSH(&x->ring, CUSTOMERS);
		if (slot)
			l = *slot = xalloc(sizeof(*l));
	} else if (!l) {
		l = x->ring.v[x->next++ % CUSTOMERS];
		(void)map_del(x->last, sv_of(l->customer));
	}
	if (!l)
		return;
	sv_copy(l->customer, sizeof(l->customer), customer);
	l->agent = agent;
	l->kind = kind;
	l->ms = now;
	(void)map_put(x->last, customer, l);
}

static int64_t *ended_of(struct acd_match *x, int agent)
{
	while (x->ended.n <= (size_t)agent) {
		int64_t *next = VEC_PUSH(&x->ended, MATCH_AGENTS);
		if (!next)
			return NULL;
	}
	return &x->ended.v[agent];
}

/* 1 resolved, 0 not, -1 says nothing about the agent. */
static int outcome(sv how)
{
	static const char *const nothing[] = { "agent_gone", "taken_over", "restart", "no_answer",
					       "busy" };
	if (sv_eq(how, SV("transferred")) || sv_eq(how, SV("returned")))
		return 0;
	return acd_name_of(nothing, 5, how) >= 0 ? -1 : 1;
}

static void ended(struct acd_match *x, const struct acd_lesson *l)
{
	int agent = policy_match_agent(x->m, sv_of(l->agent));
	int kind = policy_match_kind(x->m, sv_of(l->queue)), good = outcome(sv_of(l->how));
	int64_t *before = agent < 0 ? NULL : ended_of(x, agent);
	if (!before || kind < 0 || !l->accepted || l->at < l->accepted)
		return;
	int64_t idle = l->accepted - *before;
	if (*before && idle >= 0)
		policy_match_stint(x->m, agent, (double)(idle < PAUSE_MS ? idle : 0) / 1000,
				   (double)(l->at - l->accepted + 1) / 1000);
	*before = l->at;
	if (good < 0)
		return;
	policy_match_outcome(x->m, agent, kind, good == 1);
	if (good == 1)
		remember(x, sv_of(l->customer), agent, kind, l->at);
}

void acd_match_note(struct acd *a, const struct ho *h, sv how)
{
	struct acd_lesson *l = VEC_PUSH(&a->now->lessons, ACD_MOST);
	ASSERT(l != NULL);
	*l = (struct acd_lesson){ .accepted = h->accepted, .at = a->now->now };
	sv_copy(l->how, sizeof(l->how), how);
	sv_copy(l->agent, sizeof(l->agent), sv_of(h->agent));
	sv_copy(l->queue, sizeof(l->queue), sv_of(h->queue));
	sv_copy(l->customer, sizeof(l->customer), sv_of(h->customer));
}

void acd_match_learn(struct acd_match *x, const struct acd_lesson *l)
{
	if (l->how[0])
		ended(x, l);
	else
		entered(x, sv_of(l->customer), l->at);
}

double acd_match_share(struct acd_match *x, sv agent, sv queue, int64_t *n)
{
	return policy_match_share(x->m, policy_match_agent(x->m, agent),
				  policy_match_kind(x->m, queue), n);
}

/* ---- what the machine asks ---- */

static double score(void *arg, const struct acd_pair *p)
{
	struct acd_match *x = ((struct acd *)arg)->match;
	if (p->strategy != ACD_LEARNED_MATCH)
		return p->spare_levels;
	int agent = policy_match_agent(x->m, p->login), kind = policy_match_kind(x->m, p->queue);
	if (p->fit)
		return policy_match_fit(x->m, agent, kind);
	if (sv_hash(p->item) % CONTROL == 0)
		return (double)p->idle_ms;
	return policy_match_score(x->m, agent, kind, &x->rng);
}

void acd_match_use(struct acd *a)
{
	acd_core_score(a->core, score, a);
}

/* ---- at a start ---- */

static const char past_sql[] =
	"SELECT agent, queue, customer, state, why, accepted_ms, ended_ms, entered_ms FROM (SELECT "
	"id, agent, queue, customer, state, why, accepted_ms, ended_ms, entered_ms FROM handover "
	"WHERE kind='live' AND live=0 ORDER BY id DESC LIMIT ?1) AS p ORDER BY id";

int acd_match_load(struct acd_match *x, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, past_sql);
	if (rc)
		return rc;
	store_bind_int(q, 1, PAST);
	while ((rc = store_step(q)) == 1) {
		struct acd_lesson l = { .accepted = store_col_int(q, 5),
					.at = store_col_int(q, 6) };
		sv_copy(l.how, sizeof(l.how), sv_eq(store_col_sv(q, 3), SV("RETURNED")) ?
						       SV("returned") : store_col_sv(q, 4));
		sv_copy(l.agent, sizeof(l.agent), store_col_sv(q, 0));
		sv_copy(l.queue, sizeof(l.queue), store_col_sv(q, 1));
		sv_copy(l.customer, sizeof(l.customer), store_col_sv(q, 2));
		entered(x, sv_of(l.customer), store_col_int(q, 7));
		if (l.agent[0])
			ended(x, &l);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}
