/* Roll-outs over the river: conversations served by the table, counted when they are closed, moved
 * through the stages, taken back, stopped by a person; a restart goes on; nothing counts twice. */
#include "learn_night.h"
#include "learn_roll.h"
#include "policy_ope.h"

#include <math.h>
#include <stdio.h>

#include "t.h"

#define NOW 1767225600000LL

static const char yaml[] =
	"version: 1\nrows:\n  - {id: upset, priority: 9, when: {mood: frustrated}, do: {style: "
	"empathic}, try: {rollout: true, do: {style: calm, apology: short}}}\n"
	"  - {id: everyone, do: {style: plain}}\n";

struct world {
	struct store *st;
	struct store_db *db;
	struct policy_table *t;
	struct rng rng;
	struct learn_roll *look;
	int n, rc;
	int64_t early;           /* so much before now the conversation was closed */
	sv row, reason;
	enum learn_roll_verb verb;
	int64_t now;
	bool gives_away;         /* the new way hands over, and says so before its reply */
};

static struct policy_table *table(const char *text)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	ASSERT(policy_table_new(&t, sv_of(text), "t.yaml", NULL, &rep) == 0);
	cfg_report_done(&rep);
	return t;
}

static bool world_open(struct world *w)
{
	struct err e;
	*w = (struct world){ .now = NOW, .t = table(yaml) };
	rng_seed(&w->rng, 21);
	return store_open(&w->st, &(struct store_opts){ .dir = "" }, &e) == 0 &&
	       store_reader(w->st, &w->db) == 0;
}

static void world_close(struct world *w)
{
	store_close(w->st);
	obj_unref(w->t);
}

static void row(struct world *w, int64_t seq, const char *kind, sv body)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "conv-%06d", w->n);
	const struct store_event ev = { .ts_ms = w->now - w->early,
					.conversation = sv_of(id),
					.seq = seq,
					.turn = 1,
					.kind = sv_of(kind),
					.actor = SV("x"),
					.body = body };
	ASSERT(store_append(w->st, &ev, NULL, NULL, NULL) == 0);
}

/* A conversation of a frustrated customer, served by the table of now; good[arm]: how often it
 * goes well. */
static void talk(struct world *w, const double good[2])
{
	static const struct feel_track track = { .mood = FEEL_FRUSTRATED, .turns = 1 };
	struct policy_case k = { .track = &track, .seed = rng_u64(&w->rng), .turn = 1 };
	struct policy_plan p;
	struct sb b;
	policy_plan(w->t, &k, &p);
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"action\":\"reply\",\"strategy\":");
	policy_plan_json(w->t, &k, &p, &b);
	sb_ch(&b, '}');
	w->n++;
	if (w->gives_away && p.explored)
		row(w, 0, "handover", SV("{}"));
	row(w, 1, "turn.bot", sb_sv(&b));
	sb_done(&b);
	if (rng_unit(&w->rng) >= good[p.explored])
		row(w, 2, "feedback", SV("{\"value\":\"down\"}"));
	row(w, 3, "conversation.closed", SV("{}"));
}

static int save_fn(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_roll_save(db, w->look);
}

static int order_fn(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_roll_order(db, w->row, w->verb, SV("mei"), w->reason, w->now);
}

static int write_now(struct world *w, store_write_fn *fn)
{
	if (store_write(w->st, fn, w, NULL, NULL) || store_flush(w->st))
		return w->rc ? w->rc : ERR_DB;
	return w->rc;
}

/* One look as the server takes it; changes of stages, or the error. */
static int look(struct world *w)
{
	struct policy_table *t = NULL;
	struct learn_roll_opts o = { .now_ms = w->now,
				     .roll = { .shadow = 20, .least = 300, .margin = 0.2 } };
	ASSERT(store_flush(w->st) == 0);
	int rc = learn_roll_look(w->db, w->t, &o, &w->look);
	if (rc || !w->look)
		return rc;
	int moved = (int)learn_roll_changes(w->look);
	rc = write_now(w, save_fn);
	learn_roll_free(w->look);
	w->look = NULL;
	if (rc == 0)
		rc = learn_roll_shares(w->db, w->t, &t);
	if (rc)
		return rc;
	obj_unref(w->t);
	w->t = t;
	return moved;
}

static const char *stage(struct world *w, char out[16])
{
	struct sb b;
	sb_init(&b, 1 << 20);
	out[0] = 0;
	if (learn_roll_json(w->db, w->t, &b) == 0) {
		jv *o = jv_parse(sb_sv(&b), NULL);
		(void)snprintf(out, 16, SV_FMT, SV_ARG(jv_as_str(jv_path(o, "items.0.stage"))));
		jv_free(o);
	}
	sb_done(&b);
	return out;
}

static int64_t number(struct world *w, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, sql))
		return -1;
	int64_t v = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return v;
}

static bool until(struct world *w, const char *want, const double good[2], int most)
{
	char s[16];
	for (int i = 0; i < most && strcmp(stage(w, s), want) != 0; i++) {
		for (int k = 0; k < 100; k++)
			talk(w, good);
		if (look(w) < 0)
			return false;
	}
	return strcmp(stage(w, s), want) == 0;
}

TEST(roll_out_goes_through_its_stages_and_back)
{
	static const double better[2] = { .45, .95 }, worse[2] = { .9, .1 };
	struct world w;
	struct policy_trial x;
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	CHECK(until(&w, "5", better, 3));
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, 0.05, 1e-9);
	CHECK(until(&w, "25", better, 15));
	CHECK(until(&w, "100", better, 25));
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, 0.95, 1e-9);           /* the control stays */
	CHECK(until(&w, "back", worse, 20));
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, 0, 1e-9);
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind='policy.stage'"), 4);
	/* it stays so */
	for (int i = 0; i < 50; i++)
		talk(&w, better);
	EQ(look(&w), 0);
	world_close(&w);
}

static void give_away(void *arg, sv r, const struct learn_decision *d)
{
	int *n = arg;
	(void)r;
	n[d->arm]++;
	NEAR(d->reward, d->arm ? 0 : 1, 0);
}

/* "Give everybody away" is no success, though its hand-over stands before the reply. */
TEST(roll_out_sees_a_hand_over_of_the_same_turn)
{
	static const double good[2] = { 1, 1 };
	struct world w;
	int n[2] = { 0 };
	CHECK(world_open(&w));
	w.gives_away = true;
	EQ(look(&w), 0);
	CHECK(until(&w, "5", good, 2));
	CHECK(until(&w, "back", good, 15));
	EQ(learn_roll_decisions(w.db, SV("upset"), give_away, n), 0);
	CHECK(n[0] > 100 && n[1] > 3);
	world_close(&w);
}

TEST(roll_out_counts_nothing_twice)
{
	static const double even[2] = { .5, .5 };
	struct world w;
	char s[16];
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	for (int i = 0; i < 15; i++)
		talk(&w, even);
	EQ(look(&w), 0);
	STR_EQ(stage(&w, s), "shadow");      /* 15 of 20 */
	EQ(look(&w), 0);
	EQ(look(&w), 0);
	STR_EQ(stage(&w, s), "shadow");
	/* two looks of one moment: the second one's word does not count */
	for (int i = 0; i < 4; i++)
		talk(&w, even);
	ASSERT(store_flush(w.st) == 0);
	struct learn_roll *a = NULL, *b = NULL;
	struct learn_roll_opts o = { .now_ms = w.now, .roll = { .shadow = 20 } };
	EQ(learn_roll_look(w.db, w.t, &o, &a), 0);
	EQ(learn_roll_look(w.db, w.t, &o, &b), 0);
	CHECK(a && b);
	w.look = a;
	EQ(write_now(&w, save_fn), 0);
	w.look = b;
	EQ(write_now(&w, save_fn), ERR_CONFLICT);
	learn_roll_free(a);
	learn_roll_free(b);
	w.look = NULL;
	EQ(look(&w), 0);
	STR_EQ(stage(&w, s), "shadow");      /* 19 */
	talk(&w, even);
	EQ(look(&w), 1);
	STR_EQ(stage(&w, s), "5");
	world_close(&w);
}

TEST(roll_out_is_stopped_by_a_person)
{
	static const double even[2] = { .5, .5 };
	struct world w;
	char s[16];
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	CHECK(until(&w, "5", even, 2));
	w.row = SV("upset");
	w.verb = LEARN_ROLL_STOP;
	w.reason = SV(" ");
	EQ(write_now(&w, order_fn), ERR_INVAL);
	char reason[601];
	for (int i = 0; i < 200; i++)
		memcpy(reason + 3 * i, "慢", 3);
	w.reason = sv_n(reason, 600);
	EQ(write_now(&w, order_fn), 0);
	STR_EQ(stage(&w, s), "back");
	EQ(number(&w, "SELECT length(json_extract(body,'$.why')) FROM event WHERE "
		      "kind='policy.stage' AND actor='mei'"),
	   200);
	EQ(write_now(&w, order_fn), ERR_STATE);
	w.verb = LEARN_ROLL_RESTART;
	w.reason = SV("write to anna.berg@example.org");
	EQ(write_now(&w, order_fn), 0);
	EQ(number(&w, "SELECT (SELECT count(*) FROM event WHERE body LIKE '%anna.berg%') + (SELECT "
		      "count(*) FROM kv WHERE v LIKE '%anna.berg%')"),
	   0);
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind='policy.stage' AND "
		      "json_extract(body,'$.why') LIKE 'write to %'"),
	   1);
	STR_EQ(stage(&w, s), "shadow");
	w.row = SV("nothing");
	EQ(write_now(&w, order_fn), ERR_NOTFOUND);
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind='policy.stage' AND actor='mei'"), 2);
	/* another text of the row begins anew */
	CHECK(until(&w, "5", even, 3));
	obj_unref(w.t);
	w.t = table("version: 1\nrows:\n  - {id: upset, do: {style: empathic}, try: {rollout: "
		    "true, do: {style: warm}}}\n");
	EQ(look(&w), 0);
	STR_EQ(stage(&w, s), "shadow");
	world_close(&w);
}

TEST(roll_out_decisions_can_be_judged)
{
	static const double good[2] = { .5, .9 };
	struct world w;
	struct sb b;
	struct ope_file f = { 0 };
	struct ope_result r;
	struct err e = { 0 };
	CHECK(world_open(&w));
	sb_init(&b, 1 << 22);
	EQ(learn_roll_csv(w.db, SV("upset"), &b), ERR_NOTFOUND);
	sb_reset(&b);
	EQ(look(&w), 0);
	CHECK(until(&w, "25", good, 15));
	for (int i = 0; i < 600; i++)
		talk(&w, good);
	ASSERT(store_flush(w.st) == 0);
	EQ(learn_roll_csv(w.db, SV("upset"), &b), 0);
	EQ(ope_read(sb_sv(&b), 2, &f, &e), 0);
	EQ(ope_run(&f.log, &(struct ope_opt){ 0 }, &r, &e), 0);
	CHECK(r.est[OPE_SNIPS].lo < .9 && r.est[OPE_SNIPS].hi > .82);
	CHECK(r.mean_weight > 0.6 && r.mean_weight < 1.5);
	ope_file_done(&f);
	/* another text of the row: nothing is known of that one; the first one again has its own */
	size_t of_first = b.n;
	obj_unref(w.t);
	w.t = table("version: 1\nrows:\n  - {id: upset, when: {mood: frustrated}, do: {style: "
		    "empathic}, try: {rollout: true, do: {style: warm}}}\n"
		    "  - {id: everyone, do: {style: plain}}\n");
	EQ(look(&w), 0);
	sb_reset(&b);
	EQ(learn_roll_csv(w.db, SV("upset"), &b), ERR_NOTFOUND);
	obj_unref(w.t);
	w.t = table(yaml);
	EQ(look(&w), 0);
	sb_reset(&b);
	EQ(learn_roll_csv(w.db, SV("upset"), &b), 0);
	EQ(b.n, of_first);
	EQ(learn_roll_csv(w.db, SV("nothing"), &b), ERR_NOTFOUND);
	sb_done(&b);
	world_close(&w);
}

static const jv *item_of(const jv *night, const char *name)
{
	const jv *items = jv_get(night, "items");
	for (size_t i = 0; i < jv_len(items); i++)
		if (sv_eq(jv_get_str(jv_at(items, i), "name"), sv_of(name)))
			return jv_at(items, i);
	return NULL;
}

/* All trials in one go: one that has many decisions, one that has none. */
TEST(roll_outs_are_judged_by_night)
{
	static const double good[2] = { .3, .9 };
	struct world w;
	struct err e = { 0 };
	jv *night = NULL;
	CHECK(world_open(&w));
	obj_unref(w.t);
	w.t = table("version: 1\nrows:\n  - {id: upset, priority: 9, when: {mood: frustrated}, do: "
		    "{style: empathic}, try: {rollout: true, do: {style: calm}}}\n"
		    "  - {id: worried, priority: 9, when: {mood: anxious}, do: {style: empathic}, "
		    "try: {rollout: true, do: {style: warm}}}\n"
		    "  - {id: everyone, do: {style: plain}}\n");
	EQ(look(&w), 0);
	CHECK(until(&w, "25", good, 15));
	for (int i = 0; i < 300; i++)
		talk(&w, good);
	ASSERT(store_flush(w.st) == 0);
	struct learn_night_opts o = {
		.store = w.st, .data = t_tmpdir(), .now_ms = NOW, .dry = true
	};
	OK(learn_night_run(&night, &o, &e));
	const jv *x = item_of(night, "strategy/upset");
	SV_EQ(jv_get_str(x, "why"), "way_better");
	CHECK(jv_get_int(x, "n", 0) > 300);
	NEAR(jv_get_num(x, "old_value", 0), .3, .1);
	NEAR(jv_get_num(x, "new_value", 0), .9, .1);
	x = item_of(night, "strategy/worried");
	SV_EQ(jv_get_str(x, "why"), "few_decisions");
	EQ(jv_get_int(x, "n", -1), 0);
	jv_free(night);
	world_close(&w);
}

/* Rows of the river stand in the order of their writes, not of their times. */
TEST(roll_out_passes_over_none_that_was_too_young)
{
	static const double even[2] = { .5, .5 };
	struct world w;
	char s[16];
	struct learn_roll_opts o = { .settle_ms = 10000, .roll = { .shadow = 20 } };
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	w.early = 9000;                      /* ten too young, before ten that are old enough */
	for (int i = 0; i < 20; i++, w.early = i < 10 ? 9000 : 12000)
		talk(&w, even);
	o.now_ms = w.now;
	for (int i = 0; i < 2; i++, o.now_ms += 60000) {
		ASSERT(store_flush(w.st) == 0);
		EQ(learn_roll_look(w.db, w.t, &o, &w.look), 0);
		if (w.look)
			EQ(write_now(&w, save_fn), 0);
		learn_roll_free(w.look);
		w.look = NULL;
	}
	STR_EQ(stage(&w, s), "5");
	world_close(&w);
}

/* A clock that was ahead and was set back holds up nothing. */
TEST(roll_out_does_not_wait_for_a_clock_that_was_wrong)
{
	static const double even[2] = { .5, .5 };
	struct world w;
	char s[16];
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	for (int i = 0; i < 20; i++, w.early = i < 10 ? -(int64_t)CAL_DAY : 0)
		talk(&w, even);
	EQ(look(&w), 1);
	STR_EQ(stage(&w, s), "5");
	world_close(&w);
}
