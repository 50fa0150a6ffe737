/* learn_choice_back.c: the model of a row that learns is taken back: what served before it serves
 * again. On the scribe. */
#include "learn_choice.h"
#include "learn_model.h"
#include "learn_roll.h"

/* A model is the scores that the version before it had when that was let in to the end. */
static bool is_before(const struct policy_model *live, sv scores, struct policy_model *ret)
{
	jv *o = jv_parse(scores, NULL);
	bool same = policy_model_load(jv_get(o, "model"), ret) && ret->print == live->print &&
		    ret->ways == live->ways &&
		    memcmp(&ret->now, &live->before, sizeof(ret->now)) == 0;
	jv_free(o);
	return same;
}

static int find(struct store_db *db, sv name, const struct policy_model *live, int64_t *version,
		struct policy_model *to)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT version, scores FROM learn_model WHERE name=?1 AND "
			    "state='retired' AND back=0 AND live_ms>0 ORDER BY version DESC");
	if (rc)
		return rc;
	store_bind_sv(q, 1, name);
	while (!*version && (rc = store_step(q)) == 1)
		if (is_before(live, store_col_sv(q, 1), to))
			*version = store_col_int(q, 0);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int learn_choice_back(struct store_db *db, sv name, sv by, int64_t now_ms, int64_t *to)
{
	struct learn_model m = { 0 };
	struct policy_model live = { 0 }, old = { 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	*to = 0;
	int rc = learn_model_live(db, name, &m, &a);
	jv *o = rc == 0 ? jv_parse(m.scores, NULL) : NULL;
	bool is = policy_model_load(jv_get(o, "model"), &live);
	if (is && live.has_before)
		rc = find(db, name, &live, to, &old);
	if (rc == 0 && is)
		rc = learn_roll_back(db, sv_slice(name, sizeof("choice/") - 1, name.n),
				     *to ? &old : &live, *to != 0, by, now_ms);
	jv_free(o);
	arena_done(&a);
	return rc;
}
