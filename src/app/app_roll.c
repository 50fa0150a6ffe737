/* app_roll.c: each look is a thread of low priority that lives as long as its work (well below a
 * second as a rule): reads, writes through the scribe, hands the door another table when shares
 * have changed. One at a time; a close waits for it. What two have decided at once (a person and
 * this) is refused by the store and looked at again. */
#include "app_roll.h"
#include "app_int.h"
#include "app_job.h"
#include "api.h"
#include "learn_roll.h"

#include <stdatomic.h>

enum { EVERY_S = 30, NICE = 10, SETTLE_MS = 60000 };

struct app_roll {
	struct store *store;
	struct talk_hub *hub;
	struct api *api;
	int64_t ticks;
	struct app_job job;
	atomic_bool asked;
};

static int save(void *arg, struct store_db *db)
{
	return learn_roll_save(db, arg);
}

static int look(struct app_roll *r, struct store_db *db, struct policy_table *t)
{
	struct learn_roll *x = NULL;
	struct learn_roll_opts o = { .now_ms = clk_wall_ms(), .settle_ms = SETTLE_MS };
	int rc = learn_roll_look(db, t, &o, &x);
	if (rc == 0 && x)
		rc = store_write_now(r->store, save, x);
	if (rc == 0 && learn_roll_changes(x))
		LOG(INFO, "policy.stage", "changes=%zu", learn_roll_changes(x));
	learn_roll_free(x);
	return rc;
}

static void look_job(void *arg)
{
	struct app_roll *r = arg;
	struct store_db *db;
	struct policy_table *t = talk_hub_strategy_now(r->hub), *shared = NULL;
	struct policy_trial any;
	struct policy_learn learns;
	bool looks = policy_trial_at(t, 0, &any) || policy_learn_at(t, 0, &learns);
	int rc = looks ? store_reader(r->store, &db) : ERR_NOTFOUND;
	if (rc == 0)
		rc = look(r, db, t);
	if (rc == 0 || rc == ERR_CONFLICT) {
		rc = learn_roll_shares(db, t, &shared);
		if (rc == 0 && shared != t)
			rc = api_strategy_swap(r->api, t, obj_ref(shared));
		obj_unref(shared);
	}
	if (rc && rc != ERR_NOTFOUND)
		LOG(WARN, "policy.failed", "the roll-outs stay as they were: %s", err_text(rc));
	obj_unref(t);
}

struct app_roll *app_roll_open(struct store *st, struct talk_hub *hub)
{
	struct app_roll *r = xalloc(sizeof(*r));
	r->store = st;
	r->hub = hub;
	return r;
}

void app_roll_door(struct app_roll *r, struct api *api)
{
	r->api = api;
}

void app_roll_tick(struct app_roll *r)
{
	if (!r || !r->api)
		return;
	bool due = r->ticks++ % EVERY_S == 1;
	if (!app_job_runs(&r->job) && (atomic_exchange(&r->asked, false) || due))
		(void)app_job_start(&r->job, "roll", NICE, look_job, r);
}

static void soon(void *arg)
{
	struct app_roll *r = arg;
	atomic_store(&r->asked, true);       /* the next tick sees it; any thread */
}

void app_roll_opts(struct app_roll *r, struct api_opts *o)
{
	o->roll = soon;
	o->roll_arg = r;
}

void app_roll_stop(struct app_roll *r)
{
	if (r)
		app_job_end(&r->job);
}

void app_roll_close(struct app_roll *r)
{
	xfree(r);
}
