/* t_api_roll.c: roll-outs over REST: the list, a person's stop and restart, decisions as a table,
 * and the table in use that changes on the door's thread. */
#include "t_api_world.h"
#include "learn_roll.h"

#define PATH "/api/v1/policies/rollouts"

static const char yaml[] = "version: 1\nrows:\n  - {id: all, do: {style: plain}, try: {rollout: "
			   "true, do: {style: warm}}}\n";

struct work { struct learn_roll *look; int rc; };

static int save(void *arg, struct store_db *db)
{
	struct work *x = arg;
	return x->rc = learn_roll_save(db, x->look);
}

/* What the server's look does, with a shadow of two conversations. */
static int look(struct aw *w, int64_t now_ms)
{
	struct store_db *db;
	struct work x = { 0 };
	struct policy_table *t = talk_hub_strategy_now(w->hub), *shared = NULL;
	struct learn_roll_opts o = { .now_ms = now_ms, .roll = { .shadow = 2 } };
	int rc = store_flush(w->store);
	if (rc == 0)
		rc = store_reader(w->store, &db);
	if (rc == 0)
		rc = learn_roll_look(db, t, &o, &x.look);
	if (rc == 0 && x.look && !(rc = store_write(w->store, save, &x, NULL, NULL)))
		rc = store_flush(w->store);
	rc = rc ? rc : x.rc;
	if (rc == 0)
		rc = learn_roll_shares(db, t, &shared);
	if (rc == 0 && shared != t)
		rc = api_strategy_swap(w->api, t, obj_ref(shared));
	learn_roll_free(x.look);
	obj_unref(shared);
	obj_unref(t);
	return rc;
}

static bool talk(struct aw *w, int n)
{
	static const char *const kinds[] = { "turn.bot", "conversation.closed" };
	char id[27], body[400];
	struct policy_table *t = talk_hub_strategy_now(w->hub);
	struct policy_trial x = { 0 };
	bool there = policy_trial_at(t, 0, &x);
	(void)snprintf(id, sizeof(id), "01ROLLROLLROLLROLLROLL%04d", n);
	(void)snprintf(body, sizeof(body),
		       "{\"strategy\":{\"row\":\"all\",\"propensity\":1,\"trial\":{\"print\":"
		       "\"%016llx\",\"arm\":%d,\"share\":%.3f}}}",
		       (unsigned long long)x.print, x.share > 0 && n % 20 == 0, x.share);
	obj_unref(t);
	for (int i = 0; there && i < 2; i++) {
		const struct store_event ev = { .ts_ms = 1000, .conversation = sv_of(id),
						.seq = i + 1, .kind = sv_of(kinds[i]),
						.actor = SV("x"), .body = sv_of(i ? "{}" : body) };
		there = store_append(w->store, &ev, NULL, NULL, NULL) == 0;
	}
	return there;
}

static bool share_is(struct aw *w, double want)
{
	for (int i = 0; i < 500; i++) {      /* the door takes it soon */
		struct policy_trial x = { .share = -1 };
		struct policy_table *t = talk_hub_strategy_now(w->hub);
		(void)policy_trial_at(t, 0, &x);
		obj_unref(t);
		if (x.share > want - 1e-9 && x.share < want + 1e-9)
			return true;
		(void)usleep(10000);
	}
	return false;
}

TEST(api_rollouts_listed_stopped_and_begun_again)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 16);
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "GET " PATH, t, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, sv_of(yaml));
	sb_cstr(&b, ",\"base\":0}");
	EQ(http(&w, "PUT /api/v1/policies/strategy", t, sb_str(&b), &r), 200);
	EQ(look(&w, 5000), 0);
	EQ(http(&w, "GET " PATH "/all/decisions", t, NULL, &r), 404);
	for (int i = 1; i <= 3; i++)
		CHECK(talk(&w, i));
	EQ(look(&w, 6000), 0);
	CHECK(share_is(&w, 0.05));
	EQ(http(&w, "GET " PATH, t, NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.row")), "all");
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.stage")), "5");
	CHECK(jv_get_bool(jv_path(r.json, "items.0"), "in_use", false));
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.history.0.to")), "5");
	EQ(jv_as_int(jv_path(r.json, "items.0.history.0.arms.0.seen"), 0), 3);
	for (int i = 20; i <= 40; i++)
		CHECK(talk(&w, i));
	EQ(store_flush(w.store), 0);
	EQ(http(&w, "GET " PATH "/all/decisions", t, NULL, &r), 200);
	HAS(sb_sv(&r.body), "action,reward,pscore,pi_0,pi_1\n");
	HAS(sb_sv(&r.body), "1,1,0.05,0,1\n");
	/* the table that is saved meanwhile has its share at once */
	EQ(http(&w, "POST " PATH "/all", t, "{\"action\":\"stop\",\"reason\":\"\"}", &r), 400);
	EQ(http(&w, "POST " PATH "/all", t, "{\"action\":\"end\",\"reason\":\"x\"}", &r), 400);
	EQ(http(&w, "POST " PATH "/none", t, "{\"action\":\"stop\",\"reason\":\"x\"}", &r), 404);
	EQ(http(&w, "POST " PATH "/all", t, "{\"action\":\"stop\",\"reason\":\"x\"}", &r), 200);
	SV_EQ(jv_get_str(r.json, "stage"), "back");
	EQ(http(&w, "POST " PATH "/all", t, "{\"action\":\"stop\",\"reason\":\"x\"}", &r), 409);
	EQ(look(&w, 7000), 0);
	CHECK(share_is(&w, 0));
	EQ(http(&w, "POST " PATH "/all", t, "{\"action\":\"restart\",\"reason\":\"x\"}", &r), 200);
	EQ(http(&w, "GET " PATH, t, NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.stage")), "shadow");
	CHECK(jv_as_str(jv_path(r.json, "items.0.history.2.by")).n > 0);
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

/* A row that learns is listed with its ways before any night, and its state is on disk. */
TEST(api_rollouts_list_rows_that_learn)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 16);
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, SV("version: 1\nrows:\n  - {id: all, do: {style: plain}, try: {learn: true, "
		       "explore: 0.2, ways: [{id: warm, do: {style: warm}}]}}\n"));
	sb_cstr(&b, ",\"base\":0}");
	EQ(http(&w, "PUT /api/v1/policies/strategy", t, sb_str(&b), &r), 200);
	EQ(look(&w, 5000), 0);
	EQ(http(&w, "GET " PATH, t, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	SV_EQ(jv_as_str(jv_path(r.json, "learned.0.row")), "all");
	SV_EQ(jv_as_str(jv_path(r.json, "learned.0.ways.1")), "warm");
	NEAR(jv_as_num(jv_path(r.json, "learned.0.explore"), 0), 0.2, 1e-12);
	CHECK(!jv_path(r.json, "learned.0.night") && !jv_path(r.json, "learned.0.model"));
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_a_table_saved_meanwhile_is_not_lost)
{
	struct aw w = { 0 };
	CHECK(aw_up(&w));
	struct policy_table *old = NULL, *mine = NULL;
	struct cfg_report rep = { 0 };
	EQ(policy_table_new(&old, sv_of(yaml), "t", NULL, &rep), 0);
	EQ(policy_table_new(&mine, sv_of(yaml), "t", NULL, &rep), 0);
	struct policy_trial x;
	CHECK(policy_trial_at(mine, 0, &x));
	x.share = 0.25;
	/* made from a table that is not in use: dropped; the next one is taken */
	EQ(api_strategy_swap(w.api, old, policy_trial_share(mine, &x, 1)), 0);
	struct policy_table *now = talk_hub_strategy_now(w.hub);
	x.share = 0.05;
	EQ(api_strategy_swap(w.api, now, policy_trial_share(mine, &x, 1)), 0);
	obj_unref(now);
	CHECK(share_is(&w, 0.05));
	obj_unref(old);
	obj_unref(mine);
	cfg_report_done(&rep);
	aw_down(&w);
}
