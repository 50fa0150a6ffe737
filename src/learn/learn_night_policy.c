/* learn_night_policy.c: second ways of the strategy table by night: what always doing the other way
 * would have earned, from decisions that recorded how likely each choice was. It only tells: the
 * shares are moved by roll-outs (learn_roll.h) and by people. */
#include "learn_night_int.h"
#include "learn_roll.h"
#include "policy_ope.h"

#include <math.h>

enum { WAYS_MOST = 64 };
#define ESS_LEAST 30.0                   /* effective decisions, to say anything */

/* Self-normalised estimate of always taking way k. */
static int value_of(const struct ope_log *log, int k, struct ope_result *r, struct err *e)
{
	struct ope_log mine = *log;
	double *pi = xalloc(sizeof(*pi) * (2 * log->n + 1));
	for (size_t i = 0; i < log->n; i++)
		pi[2 * i + (size_t)k] = 1;
	mine.pi = pi;
	mine.q = NULL;
	int rc = ope_run(&mine, &(struct ope_opt){ .level = 0.9 }, r, e);
	xfree(pi);
	return rc;
}

/* Lower bound of the difference of two independent estimates (level .9 of each: one-sided .95). */
static double lower_of(const struct ope_est *was, const struct ope_est *now)
{
	double a = now->value - now->lo, b = was->hi - was->value;
	return now->value - was->value - sqrt(a * a + b * b);
}

static int judge(jv *item, const struct ope_log *log, struct err *e)
{
	struct ope_result r[2];
	int rc = 0;
	for (int k = 0; k < 2 && rc == 0; k++)
		rc = value_of(log, k, &r[k], e);
	if (rc)
		return rc;
	const struct ope_est *was = &r[0].est[OPE_SNIPS], *now = &r[1].est[OPE_SNIPS];
	double ess = fmin(r[0].ess, r[1].ess), lower = lower_of(was, now);
	bool few = !was->known || !now->known || ess < ESS_LEAST;
	jv_set_num(item, "ess", ess);
	if (!few) {
		jv_set_num(item, "old_value", was->value);
		jv_set_num(item, "new_value", now->value);
		jv_set_num(item, "lower", lower);
	}
	jv_set_str(item, "why", few ? SV("few_decisions") : lower > 0 ? SV("way_better") :
		   now->value > was->value ? SV("way_not_certain") : SV("way_no_better"));
	return 0;
}

/* ---- the log of a way ---- */

struct way {
	sv row;
	VEC(int) action;
	VEC(double) reward, p;
};
struct ways {
	struct way v[WAYS_MOST];
	size_t n;
};

static void take(void *arg, sv row, const struct learn_decision *d)
{
	struct ways *g = arg;
	for (size_t i = 0; i < g->n; i++) {
		struct way *w = &g->v[i];
		if (!sv_eq(w->row, row))
			continue;
		int *action = VEC_PUSH(&w->action, OPE_ROWS);
		double *reward = VEC_PUSH(&w->reward, OPE_ROWS), *p = VEC_PUSH(&w->p, OPE_ROWS);
		if (action && reward && p) {
			*action = d->arm;
			*reward = d->reward;
			*p = d->p;
		}
	}
}

static int one_way(struct night *n, const struct way *w, struct err *e)
{
	const struct ope_log log = { .n = w->p.n, .actions = 2, .action = w->action.v,
				     .reward = w->reward.v, .pscore = w->p.v };
	struct sb name;
	sb_init(&name, LEARN_MODEL_NAME);
	sb_fmt(&name, "strategy/" SV_FMT, SV_ARG(w->row));
	jv *item = jv_obj();
	jv_set_str(item, "name", sb_sv(&name));
	jv_set_str(item, "task", SV("policy"));
	jv_set_str(item, "old", SV("as now"));
	jv_set_str(item, "new", SV("other way"));
	jv_set_bool(item, "kept", true);
	jv_set_int(item, "n", (int64_t)log.n);
	int rc = 0;
	if (log.n)
		rc = judge(item, &log, e);
	else
		jv_set_str(item, "why", SV("few_decisions"));
	sb_done(&name);
	if (rc == 0)
		return night_told(n, item);
	jv_free(item);
	return rc;
}

static int ways_read(struct night *n, struct ways *g)
{
	struct store_stmt *q;
	int rc = store_prep(n->db, &q,
			    "SELECT k FROM kv WHERE k>='rollout/' AND k<'rollout0' ORDER BY k");
	if (rc)
		return rc;
	while (g->n < WAYS_MOST && (rc = store_step(q)) == 1)
		g->v[g->n++].row = arena_sv(&n->a, sv_slice(store_col_sv(q, 0), 8, 200));
	store_reset(q);
	return rc < 0 ? rc : learn_roll_decisions(n->db, SV(""), take, g);
}

int night_policies(struct night *n, struct err *e)
{
	struct ways *g = xalloc(sizeof(*g));
	int rc = ways_read(n, g);
	if (rc)
		err_set(e, rc, "%s", store_error(n->db));
	for (size_t i = 0; i < g->n && rc == 0; i++)
		rc = night_stopped(n) ? ERR_CANCELED : one_way(n, &g->v[i], e);
	for (size_t i = 0; i < g->n; i++) {
		VEC_FREE(&g->v[i].action);
		VEC_FREE(&g->v[i].reward);
		VEC_FREE(&g->v[i].p);
	}
	xfree(g);
	return rc;
}
