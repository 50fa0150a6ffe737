/* qa_sample.c: which reviews people should look at: some by risk, the rest at random, so many a
 * party.
 *
 * Seeded: the same rows and seed choose the same, whoever asks. Each chosen one says why. What
 * was chosen before in the time counts against the quota. On the scribe. */
#include "qa_review_int.h"

#include <math.h>
#include <stdlib.h>

enum { POOL = 20000 };

struct cand {
	char id[QR_ID];
	sv agent, risks;
	double risk;
	uint64_t lot;
	bool taken, by_risk;
};
struct pool_of {
	struct arena a;
	struct cand *v;
	size_t n;
};

static int by_agent_risk(const void *x, const void *y)
{
	const struct cand *a = x, *b = y;
	int c = sv_cmp(a->agent, b->agent);
	if (c)
		return c;
	if (a->risk != b->risk)
		return a->risk > b->risk ? -1 : 1;
	return a->lot < b->lot ? -1 : a->lot > b->lot;
}

static int by_lot(const void *x, const void *y)
{
	const struct cand *a = *(const struct cand *const *)x, *b = *(const struct cand *const *)y;
	return a->lot < b->lot ? -1 : a->lot > b->lot;
}

static int load(struct store_db *db, const struct qa_sampling *o, struct pool_of *p)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT id, agent, risk, risks FROM qa_review WHERE state='nodis' AND "
			    "ended_ms>=?1 AND ended_ms<?2 AND (?3='' OR form=?3) ORDER BY id "
			    "LIMIT ?4");
	if (rc)
		return rc;
	store_bind_int(q, 1, o->from_ms);
	store_bind_int(q, 2, o->to_ms);
	store_bind_sv(q, 3, o->form.p ? o->form : SV(""));
	store_bind_int(q, 4, POOL);
	while ((rc = store_step(q)) == 1) {
		struct cand *c = &p->v[p->n++];
		struct rng r;
		sv id = store_col_sv(q, 0);
		memcpy(c->id, id.p, id.n < QR_ID - 1 ? id.n : QR_ID - 1);
		c->agent = arena_sv(&p->a, store_col_sv(q, 1));
		c->risk = store_col_num(q, 2);
		c->risks = arena_sv(&p->a, store_col_sv(q, 3));
		/* Of the id, not of the order: one row more changes no other's lot. */
		rng_seed(&r, o->seed ^ sv_hash(id));
		c->lot = rng_u64(&r);
	}
	store_reset(q);
	return rc;
}

/* How many of this party were chosen in that time already. */
static int had(struct store_db *db, const struct qa_sampling *o, sv agent, int *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT COUNT(*) FROM qa_review WHERE agent=?1 AND ended_ms>=?2 AND "
			    "ended_ms<?3 AND state NOT IN ('no','nodis') AND (?4='' OR form=?4)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, agent);
	store_bind_int(q, 2, o->from_ms);
	store_bind_int(q, 3, o->to_ms);
	store_bind_sv(q, 4, o->form.p ? o->form : SV(""));
	rc = store_step(q);
	*ret = rc == 1 ? (int)store_col_int(q, 0) : 0;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* v: all of one party, riskiest first. */
static void choose(struct cand *v, size_t n, int quota, int share)
{
	int risky = (int)ceil(quota * share / 100.0), got = 0;
	const struct cand **rest = xalloc(sizeof(*rest) * (n + 1));
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		if (got < risky && v[i].risk > 0) {
			v[i].taken = v[i].by_risk = true;
			got++;
		} else {
			rest[m++] = &v[i];
		}
	}
	qsort(rest, m, sizeof(*rest), by_lot);
	for (size_t i = 0; i < m && got < quota; i++, got++)
		v[rest[i] - v].taken = true;
	xfree(rest);
}

static int give(struct store_db *db, const struct cand *c, const struct qa_sampling *o, sv reviewer,
		const struct qr_by *by, struct sb *out)
{
	struct review r;
	struct store_stmt *q;
	struct sb why;
	int rc = review_load(db, sv_of(c->id), &r);
	sb_init(&why, LIM_SB);
	if (c->by_risk)
		sb_put(&why, c->risks);
	else
		sb_fmt(&why, "[{\"kind\":\"random\",\"text\":\"drawn with seed %llu\"}]",
		       (unsigned long long)o->seed);
	if (rc == 0)
		rc = store_prep(db, &q, "UPDATE qa_review SET why=?2 WHERE id=?1");
	if (rc == 0) {
		store_bind_sv(q, 1, sv_of(c->id));
		store_bind_sv(q, 2, sb_sv(&why));
		rc = store_run(q);
	}
	if (rc == 0) {
		r.reviewer = reviewer;
		rc = review_to(db, &r, QR_DIS, SV("sampled"), by);
	}
	sb_fmt(out, "{\"id\":\"%s\",\"agent\":", c->id);
	sb_json(out, c->agent);
	sb_cstr(out, ",\"reviewer\":");
	sb_json(out, reviewer);
	sb_cstr(out, ",\"why\":");
	sb_put(out, sb_sv(&why));
	sb_ch(out, '}');
	sb_done(&why);
	review_done(&r);
	return rc;
}

/* The next of the reviewers who is not the agent; empty = whoever takes it. */
static sv whose_turn(const struct qa_sampling *o, sv agent, size_t *next)
{
	for (size_t k = 0; k < o->n_reviewers; k++) {
		sv who = o->reviewers[(*next)++ % o->n_reviewers];
		if (!sv_eq(who, agent))
			return who;
	}
	return SV("");
}

static int give_all(struct store_db *db, const struct pool_of *p, const struct qa_sampling *o,
		    const struct qr_by *by, struct sb *out)
{
	size_t next = 0, given = 0;
	int rc = 0;
	sb_cstr(out, "{\"picked\":[");
	for (size_t i = 0; i < p->n && rc == 0; i++) {
		if (!p->v[i].taken)
			continue;
		sb_cstr(out, given++ ? "," : "");
		rc = give(db, &p->v[i], o, whose_turn(o, p->v[i].agent, &next), by, out);
	}
	sb_fmt(out, "],\"of\":%zu,\"seed\":%llu}", p->n, (unsigned long long)o->seed);
	return rc;
}

int qa_sample(struct store_db *db, const struct qa_sampling *given, const struct qr_by *by,
	      struct sb *out)
{
	struct qa_sampling o = *given;
	struct pool_of p = { .v = xalloc(sizeof(struct cand) * POOL) };
	arena_init(&p.a, LIM_ARENA_BIG);
	o.to_ms = o.to_ms ? o.to_ms : by->now_ms + 1;
	o.from_ms = o.from_ms ? o.from_ms : o.to_ms - 7 * DAY_MS;
	o.per_agent = o.per_agent > 0 ? o.per_agent : 3;
	o.risk_share = o.risk_share > 0 ? o.risk_share : 50;
	int rc = load(db, &o, &p);
	qsort(p.v, p.n, sizeof(*p.v), by_agent_risk);
	for (size_t i = 0, j; i < p.n && rc == 0; i = j) {
		int before = 0;
		for (j = i + 1; j < p.n && sv_eq(p.v[j].agent, p.v[i].agent);)
			j++;
		rc = had(db, &o, p.v[i].agent, &before);
		if (rc == 0 && before < o.per_agent)
			choose(&p.v[i], j - i, o.per_agent - before, o.risk_share);
	}
	if (rc == 0)
		rc = give_all(db, &p, &o, by, out);
	arena_done(&p.a);
	xfree(p.v);
	return rc;
}
