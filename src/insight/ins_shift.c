/* ins_shift.c: shifts and the search for the cheapest roster: branch and bound, with a roster
 * mended from each node's linear program. Owns its kinds; the need is the caller's. Pure. */
#include "ins_shift_int.h"

#include <math.h>
#include <string.h>

#include "arena.h"
#include "vec.h"

/* ---- shifts ---- */

bool ins_shift_works(const struct ins_shift *k, int slot)
{
	int at = slot - k->from;
	return at >= 0 && at < k->length && (at < k->pause_at || at >= k->pause_at + k->pause);
}

int ins_shift_add(struct ins_shift_set *s, const struct ins_shift *k, struct err *e)
{
	bool pause_ok = k->pause == 0 || (k->pause_at > 0 && k->pause > 0 && k->pause < k->length &&
					  k->pause_at <= k->length - k->pause - 1);
	if (k->from < 0 || k->length < 1 || k->length > s->slots ||
	    k->from > s->slots - k->length || !pause_ok || k->cost < 0 || k->cost > 1000000)
		return err_set(e, ERR_INVAL, "a shift of %d slots from slot %d with a pause of %d "
			       "at %d does not fit a day of %d slots", k->length, k->from, k->pause,
			       k->pause_at, s->slots);
	if (!vec_grow((void **)&s->kind, s->kinds, &s->cap, sizeof(*s->kind), INS_SHIFT_KINDS))
		return err_set(e, ERR_TOOBIG, "more than %d kinds of shifts", (int)INS_SHIFT_KINDS);
	s->kind[s->kinds] = *k;
	if (!k->cost)
		s->kind[s->kinds].cost = k->length - k->pause;
	s->kinds++;
	return 0;
}

int ins_shift_add_all(struct ins_shift_set *s, const struct ins_shift *k, int first, int last,
		      int margin, struct err *e)
{
	struct ins_shift one = *k;
	int rc = 0;
	for (one.from = first; rc == 0 && one.from <= last; one.from++) {
		one.pause_at = k->pause ? margin : 0;
		do
			rc = ins_shift_add(s, &one, e);
		while (rc == 0 && k->pause && ++one.pause_at + k->pause + margin <= k->length);
	}
	return rc;
}

void ins_shift_set_done(struct ins_shift_set *s)
{
	xfree(s->kind);
	s->kind = NULL;
	s->kinds = s->cap = 0;
}

void ins_roster_done(struct ins_roster *r)
{
	xfree(r->count);
	r->count = NULL;
}

void ins_roster_cover(const struct ins_shift_set *s, const struct ins_roster *r, int *ret)
{
	for (int t = 0; t < s->slots; t++) {
		ret[t] = 0;
		for (size_t i = 0; i < s->kinds; i++)
			if (ins_shift_works(&s->kind[i], t))
				ret[t] += r->count[i];
	}
}

/* ---- a roster from a fraction of one ---- */

struct search {
	const struct ins_shift_set *s;
	int *best;
	long best_cost;
	size_t nodes, nodes_max, work, work_max;
};

static void put(const struct ins_shift *k, int *lack, int by)
{
	for (int t = k->from; t < k->from + k->length; t++)
		if (ins_shift_works(k, t))
			lack[t] -= by;
}

/* Slots that lack and the shift would fill, per cost. */
static double gain(const struct ins_shift *k, const int *lack)
{
	int n = 0;
	for (int t = k->from; t < k->from + k->length; t++)
		n += lack[t] > 0 && ins_shift_works(k, t);
	return n / (k->cost > 0 ? (double)k->cost : 0.5);
}

/* How many of them are wanted until one more slot is filled. */
static int wanted(const struct ins_shift *k, const int *lack)
{
	int n = INT_MAX;
	for (int t = k->from; t < k->from + k->length; t++)
		if (lack[t] > 0 && lack[t] < n && ins_shift_works(k, t))
			n = lack[t];
	return n;
}

/* How many of them nobody would miss. */
static int spare(const struct ins_shift *k, const int *lack)
{
	int n = INT_MAX;
	for (int t = k->from; t < k->from + k->length; t++)
		if (-lack[t] < n && ins_shift_works(k, t))
			n = -lack[t];
	return n > 0 ? n : 0;
}

/* Adds the most useful kinds until nothing lacks; each turn fills a slot. */
static void complete(const struct ins_shift_set *s, int *count, int *lack)
{
	for (;;) {
		size_t best = 0;
		double most = 0;
		for (size_t i = 0; i < s->kinds; i++) {
			double g = gain(&s->kind[i], lack);
			if (g > most)
				most = g, best = i;
		}
		if (most <= 0)
			return;
		int by = wanted(&s->kind[best], lack);
		count[best] += by;
		put(&s->kind[best], lack, by);
	}
}

static void drop(const struct ins_shift_set *s, int *count, int *lack)
{
	for (size_t i = 0; i < s->kinds; i++) {
		int by = count[i] > 0 ? spare(&s->kind[i], lack) : 0;
		by = by < count[i] ? by : count[i];
		if (by > 0) {
			count[i] -= by;
			put(&s->kind[i], lack, -by);
		}
	}
}

/* One shift away for a cheaper one that fills what it leaves open. */
static bool exchange(const struct ins_shift_set *s, int *count, int *lack)
{
	for (size_t i = 0; i < s->kinds; i++) {
		if (!count[i])
			continue;
		put(&s->kind[i], lack, -1);
		for (size_t j = 0; j < s->kinds; j++) {
			if (s->kind[j].cost >= s->kind[i].cost)
				continue;
			bool fills = true;
			for (int t = s->kind[i].from;
			     fills && t < s->kind[i].from + s->kind[i].length; t++)
				fills = lack[t] <= 0 ||
					(lack[t] == 1 && ins_shift_works(&s->kind[j], t));
			if (fills) {
				count[i]--;
				count[j]++;
				put(&s->kind[j], lack, 1);
				return true;
			}
		}
		put(&s->kind[i], lack, 1);
	}
	return false;
}

static long cost_of(const struct ins_shift_set *s, const int *count)
{
	long c = 0;
	for (size_t i = 0; i < s->kinds; i++)
		c += (long)count[i] * s->kind[i].cost;
	return c;
}

static bool exhausted(const struct search *q)
{
	return q->nodes >= q->nodes_max || q->work >= q->work_max;
}

/* Rounds x (beyond least) at the share `up` and mends; keeps what is better than the best. */
static void mend(struct search *q, const struct shift_node *n, const double *x, double up)
{
	const struct ins_shift_set *s = q->s;
	int *count = xalloc((s->kinds + (size_t)s->slots) * sizeof(int)), *lack = count + s->kinds;
	for (int t = 0; t < s->slots; t++)
		lack[t] = s->need[t];
	for (size_t i = 0; i < s->kinds; i++) {
		count[i] = n->least[i] + (int)floor(x[i] + 1 - up + 1e-9);
		put(&s->kind[i], lack, count[i]);
	}
	complete(s, count, lack);
	drop(s, count, lack);
	while (q->work < q->work_max && exchange(s, count, lack)) {
		q->work += s->kinds * s->kinds;
		drop(s, count, lack);
	}
	long cost = cost_of(s, count);
	if (cost < q->best_cost) {
		q->best_cost = cost;
		memcpy(q->best, count, s->kinds * sizeof(int));
	}
	xfree(count);
}

/* ---- the search ---- */

enum { DEPTH_MAX = 1000 };

static void raise(const struct ins_shift_set *s, struct shift_node *n, size_t i, int by)
{
	n->least[i] += by;
	for (int t = s->kind[i].from; t < s->kind[i].from + s->kind[i].length; t++)
		if (ins_shift_works(&s->kind[i], t))
			n->need[t] -= by;
}

static size_t most_fractional(const struct ins_shift_set *s, const double *x)
{
	size_t best = SIZE_MAX;
	double most = 1e-6;
	for (size_t i = 0; i < s->kinds; i++) {
		double f = x[i] - floor(x[i] + 1e-9);
		f = f < 1 - f ? f : 1 - f;
		if (f > most)
			most = f, best = i;
	}
	return best;
}

static double base_cost(const struct ins_shift_set *s, const struct shift_node *n)
{
	return (double)cost_of(s, n->least);
}

/* The bound of the node; the tree below it is searched. */
static double branch(struct search *q, struct shift_node *n, int depth)
{
	const struct ins_shift_set *s = q->s;
	double *x = xalloc(s->kinds * sizeof(*x));
	bool stopped;
	double bound = shift_relax(s, n, x, q->work_max, &q->work, &stopped) + base_cost(s, n);
	q->nodes = stopped ? q->nodes_max : q->nodes + 1;    /* stopped: nothing is proven */
	if (isfinite(bound) && ceil(bound - 1e-6) < (double)q->best_cost) {
		static const double up[] = { 0.999999, 0.75, 0.5, 0.25 };
		for (size_t k = 0; k < sizeof(up) / sizeof(*up); k++)
			mend(q, n, x, up[k]);
	}
	size_t i = most_fractional(s, x);
	if (depth == DEPTH_MAX)
		q->nodes = q->nodes_max;     /* given up, so nothing is proven */
	if (isfinite(bound) && i != SIZE_MAX && !exhausted(q) &&
	    ceil(bound - 1e-6) < (double)q->best_cost) {
		int by = (int)floor(x[i]) + 1, old = n->most[i], cap = n->least[i] + by - 1;
		raise(s, n, i, by);
		(void)branch(q, n, depth + 1);
		raise(s, n, i, -by);
		if (!exhausted(q)) {
			n->most[i] = cap;
			(void)branch(q, n, depth + 1);
			n->most[i] = old;
		}
	}
	xfree(x);
	return bound;
}

static int check(const struct ins_shift_set *s, struct err *e)
{
	if (s->slots < 1 || s->slots > INS_SHIFT_SLOTS || !s->kinds)
		return err_set(e, ERR_INVAL, "1 to %d slots and at least one shift are needed",
			       (int)INS_SHIFT_SLOTS);
	for (int t = 0; t < s->slots; t++) {
		bool can = false;
		if (s->need[t] < 0 || s->need[t] > 100000)
			return err_set(e, ERR_INVAL, "slot %d needs %d people; 0 to 100000", t,
				       s->need[t]);
		for (size_t i = 0; i < s->kinds && !can; i++)
			can = ins_shift_works(&s->kind[i], t);
		if (!can && s->need[t] > 0)
			return err_set(e, ERR_NOTFOUND, "slot %d needs %d people and no shift "
				       "works then", t, s->need[t]);
	}
	return 0;
}

int ins_shift_solve(const struct ins_shift_set *s, size_t nodes, struct ins_roster *ret,
		    struct err *e)
{
	int rc = check(s, e);
	if (rc)
		return rc;
	struct search q = { .s = s, .best_cost = LONG_MAX, .nodes_max = nodes ? nodes : 1,
			    .work_max = s->work ? s->work : SHIFT_WORK };
	struct shift_node n = { .least = xalloc(2 * s->kinds * sizeof(int)),
				.need = xalloc((size_t)s->slots * sizeof(double)) };
	n.most = n.least + s->kinds;
	q.best = xalloc(s->kinds * sizeof(int));
	for (size_t i = 0; i < s->kinds; i++)
		n.most[i] = SHIFT_FREE;
	for (int t = 0; t < s->slots; t++)
		n.need[t] = s->need[t];
	double *none = xalloc(s->kinds * sizeof(*none));
	mend(&q, &n, none, 1);       /* whatever happens there is one */
	xfree(none);
	double bound = branch(&q, &n, 0);
	bool whole = !exhausted(&q) || ceil(bound - 1e-6) >= (double)q.best_cost;
	*ret = (struct ins_roster){ .count = q.best, .cost = q.best_cost, .nodes = q.nodes,
				    .proven = whole,
				    .bound = whole ? (double)q.best_cost : bound };
	xfree(n.least);
	xfree(n.need);
	return 0;
}

void ins_shift_lp(const struct ins_shift_set *s, struct sb *out)
{
	sb_cstr(out, "Minimize\n cost:");
	for (size_t i = 0; i < s->kinds; i++)
		sb_fmt(out, " + %d x%zu\n", s->kind[i].cost, i);
	sb_cstr(out, "Subject To\n");
	for (int t = 0; t < s->slots; t++) {
		bool any = false;
		for (size_t i = 0; i < s->kinds; i++)
			if (ins_shift_works(&s->kind[i], t)) {
				if (!any)
					sb_fmt(out, " t%d:", t);
				sb_fmt(out, " + x%zu", i);
				any = true;
			}
		if (any)
			sb_fmt(out, " >= %d\n", s->need[t]);
	}
	sb_cstr(out, "General\n");
	for (size_t i = 0; i < s->kinds; i++)
		sb_fmt(out, " x%zu\n", i);
	sb_cstr(out, "End\n");
}
