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

static int one_way(struct night *n, sv row, struct err *e)
{
	struct ope_file f = { 0 };
	struct sb csv, name;
	sb_init(&csv, 64u << 20);
	sb_init(&name, LEARN_MODEL_NAME);
	sb_fmt(&name, "strategy/" SV_FMT, SV_ARG(row));
	jv *item = jv_obj();
	jv_set_str(item, "name", sb_sv(&name));
	jv_set_str(item, "task", SV("policy"));
	jv_set_str(item, "old", SV("as now"));
	jv_set_str(item, "new", SV("other way"));
	jv_set_bool(item, "kept", true);
	int rc = learn_roll_csv(n->db, row, &csv);
	bool none = rc == ERR_NOTFOUND;
	if (rc == 0)
		rc = ope_read(sb_sv(&csv), 2, &f, e);
	none |= rc == ERR_PARSE;             /* no decisions yet */
	jv_set_int(item, "n", none ? 0 : (int64_t)f.log.n);
	if (none)
		jv_set_str(item, "why", SV("few_decisions"));
	else if (rc == 0)
		rc = judge(item, &f.log, e);
	ope_file_done(&f);
	sb_done(&csv);
	sb_done(&name);
	if (rc == 0 || none)
		return night_told(n, item);
	jv_free(item);
	return rc;
}

int night_policies(struct night *n, struct err *e)
{
	struct store_stmt *q;
	sv row[WAYS_MOST];
	size_t k = 0;
	int rc = store_prep(n->db, &q,
			    "SELECT k FROM kv WHERE k>='rollout/' AND k<'rollout0' ORDER BY k");
	if (rc)
		return err_set(e, rc, "%s", store_error(n->db));
	while (k < WAYS_MOST && (rc = store_step(q)) == 1)
		row[k++] = arena_sv(&n->a, sv_slice(store_col_sv(q, 0), 8, 200));
	store_reset(q);
	rc = rc < 0 ? rc : 0;
	for (size_t i = 0; i < k && rc == 0; i++)
		rc = night_stopped(n) ? ERR_CANCELED : one_way(n, row[i], e);
	return rc;
}
