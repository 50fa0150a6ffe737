/* Rows that learn, over the river: choices are explored and recorded, a night makes a model of
 * them that fits the context, it goes through the stages of a roll-out, a restart keeps it, a
 * person takes it back. */
#include "learn_choice.h"
#include "learn_model.h"
#include "learn_night.h"
#include "learn_roll.h"

#include <math.h>
#include <stdio.h>

#include "t.h"

#define NOW 1767225600000LL
#define CHOICE                                                                                 \
	"try: {learn: true, explore: 0.2, ways: [{id: calm, do: {style: calm}}, {id: short, "  \
	"do: {style: brief}}]}}\n"
static const char yaml[] =
	"version: 1\nrows:\n  - {id: upset, priority: 9, when: {mood: frustrated}, do: {style: "
	"empathic}, " CHOICE "  - {id: everyone, do: {style: plain}}\n";

struct world {
	struct store *st;
	struct store_db *db;
	struct policy_table *t;
	struct rng rng;
	struct learn_roll *look;
	int n, followed, against;        /* the model's arm: as the context says, or not */
	int64_t now, back_to;
	int32_t turn;                    /* of the rows that are written */
	enum learn_roll_verb verb;
	struct learn_model *put;
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
	const struct store_event ev = { .ts_ms = w->now, .conversation = sv_of(id), .seq = seq,
					.turn = w->turn, .kind = sv_of(kind), .actor = SV("x"),
					.body = body };
	ASSERT(store_append(w->st, &ev, NULL, NULL, NULL) == 0);
}

/* A conversation, in a chat or by phone; good: how often each way goes well there. */
static void talk(struct world *w, const double good[3][2])
{
	static const struct feel_track track = { .mood = FEEL_FRUSTRATED, .turns = 1 };
	bool voice = rng_below(&w->rng, 2);
	struct policy_case k = { .track = &track, .seed = rng_u64(&w->rng), .turn = 1,
				 .voice = voice };
	struct policy_plan p;
	struct sb b;
	policy_plan(w->t, &k, &p);
	if (p.trial && p.arm) {
		w->followed += p.choice.way == (voice ? 1 : 2);
		w->against += p.choice.way != (voice ? 1 : 2);
	}
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"action\":\"reply\",\"strategy\":");
	policy_plan_json(w->t, &k, &p, &b);
	sb_ch(&b, '}');
	w->n++;
	row(w, 1, "turn.bot", sb_sv(&b));
	sb_done(&b);
	if (rng_unit(&w->rng) >= good[p.choice.way][voice])
		row(w, 2, rng_below(&w->rng, 2) ? "handover" : "feedback",
		    SV("{\"value\":\"down\"}"));
	row(w, 3, "conversation.closed", SV("{}"));
}

static void talk_days(struct world *w, int days, int n, const double good[3][2])
{
	for (int d = 0; d < days; d++, w->now += CAL_DAY)
		for (int i = 0; i < n; i++)
			talk(w, good);
}

static int save_fn(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return learn_roll_save(db, w->look);
}

static int back_fn(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return learn_model_back(db, SV("choice/upset"), SV("mei"), w->now, &w->back_to);
}

static int order_fn(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return learn_roll_order(db, SV("upset"), w->verb, SV("mei"), SV("so"), w->now);
}

/* One look as the server takes it; changes of stages, or the error. */
static int look(struct world *w)
{
	struct policy_table *t = NULL;
	struct learn_roll_opts o = { .now_ms = w->now, .roll = { .shadow = 20, .least = 300 } };
	ASSERT(store_flush(w->st) == 0);
	int moved = 0, rc = learn_roll_look(w->db, w->t, &o, &w->look);
	if (rc == 0 && w->look) {
		moved = (int)learn_roll_changes(w->look);
		rc = store_write_now(w->st, save_fn, w);
		learn_roll_free(w->look);
		w->look = NULL;
	}
	if (rc == 0)
		rc = learn_roll_shares(w->db, w->t, &t);
	if (rc)
		return rc;
	obj_unref(w->t);
	w->t = t;
	return moved;
}

/* The night's item; the caller's. */
static jv *night(struct world *w, const char *name)
{
	struct learn_night_opts o = { .store = w->st, .data = t_tmpdir(), .now_ms = w->now };
	struct err e = { 0 };
	jv *all = NULL, *ret = NULL;
	ASSERT(store_flush(w->st) == 0);
	ASSERT(learn_night_run(&all, &o, &e) == 0);
	const jv *items = jv_get(all, "items");
	for (size_t i = 0; i < jv_len(items); i++)
		if (sv_eq(jv_get_str(jv_at(items, i), "name"), sv_of(name)))
			ret = jv_copy(jv_at(items, i));
	jv_free(all);
	return ret;
}

static jv *listed(struct world *w)
{
	struct sb b;
	sb_init(&b, 1 << 20);
	jv *o = learn_roll_json(w->db, w->t, &b) ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return o;
}

static void night_says(struct world *w, const char *why)
{
	jv *o = night(w, "choice/upset");
	SV_EQ(jv_get_str(o, "why"), why);
	jv_free(o);
}

/* Stopped, restarted, taken back, restarted: nothing is put forward until it is let. */
static void a_person_decides(struct world *w)
{
	struct policy_trial x;
	w->verb = LEARN_ROLL_STOP;
	OK(store_write_now(w->st, order_fn, w));
	night_says(w, "choice_held");
	EQ(look(w), 0);
	CHECK(policy_trial_at(w->t, 0, &x));
	NEAR(x.share, 0, 1e-12);
	w->verb = LEARN_ROLL_RESTART;
	OK(store_write_now(w->st, order_fn, w));
	night_says(w, "choice_tried");
	OK(store_write_now(w->st, back_fn, w));
	EQ(w->back_to, 0);
	EQ(look(w), 0);
	CHECK(!policy_trial_at(w->t, 0, &x));
	night_says(w, "choice_held");
	OK(store_write_now(w->st, order_fn, w));
	night_says(w, "choice_better");
}

TEST(choices_are_learned_by_night_and_let_in_step_by_step)
{
	static const double good[3][2] = { { .5, .5 }, { .3, .9 }, { .9, .3 } };
	struct world w;
	struct policy_trial x;
	CHECK(world_open(&w));
	EQ(look(&w), 0);                     /* the row is known from now on */
	jv *o = night(&w, "choice/upset");
	SV_EQ(jv_get_str(o, "why"), "few_decisions");
	jv_free(o);
	talk_days(&w, 10, 250, good);
	o = night(&w, "choice/upset");
	SV_EQ(jv_get_str(o, "why"), "choice_better");
	CHECK(!jv_get_bool(o, "kept", true));
	SV_EQ(jv_get_str(o, "new"), "1");
	EQ(jv_get_int(o, "n", 0), 2500);
	NEAR(jv_get_num(o, "old_value", 0), .5, .08);
	NEAR(jv_get_num(o, "new_value", 0), .9, .15);
	EQ(jv_len(jv_get(o, "ways")), 3);
	jv_free(o);
	/* from the shadow on: nobody is served by it yet */
	CHECK(!policy_trial_at(w.t, 0, &x));
	EQ(look(&w), 0);
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, 0, 1e-12);
	o = night(&w, "choice/upset");       /* one at a time */
	SV_EQ(jv_get_str(o, "why"), "choice_tried");
	jv_free(o);
	talk_days(&w, 1, 60, good);
	EQ(w.followed + w.against, 0);
	EQ(look(&w), 1);
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, .05, 1e-9);
	talk_days(&w, 1, 700, good);
	CHECK(w.followed > 10 && w.followed < 80);
	EQ(w.against, 0);
	EQ(look(&w), 1);                     /* not worse: a quarter */
	o = listed(&w);
	SV_EQ(jv_as_str(jv_path(o, "items.0.stage")), "25");
	SV_EQ(jv_as_str(jv_path(o, "learned.0.row")), "upset");
	SV_EQ(jv_as_str(jv_path(o, "learned.0.night.why")), "choice_tried");
	EQ(jv_len(jv_path(o, "learned.0.night.ways")), 3);
	EQ(jv_as_int(jv_path(o, "learned.0.model"), 0), 1);
	jv_free(o);
	/* a restart: the table from its text, the models and shares from the disk */
	obj_unref(w.t);
	w.t = table(yaml);
	EQ(look(&w), 0);
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, .25, 1e-9);
	a_person_decides(&w);
	world_close(&w);
}

static int promote_fn(void *arg, struct store_db *db)
{
	struct world *w = arg;
	int rc = learn_model_put(db, w->put);
	return rc ? rc : learn_model_promote(db, w->put->name, w->put->version, SV("n"), w->now);
}

/* A model that takes `way` for all, live from now on; before: the way of the one before, 0: own. */
static void goes_live(struct world *w, int way, int before)
{
	struct policy_learn l;
	struct policy_model m = { .ways = 3, .has_before = before > 0 };
	struct learn_model x = { .name = SV("choice/upset"), .kind = SV("linear") };
	struct sb b;
	ASSERT(policy_learn_at(w->t, 0, &l));
	m.print = l.print;
	m.now.w[way][0] = 1;
	m.before.w[before][0] = before > 0;
	sb_init(&b, 16384);
	sb_cstr(&b, "{\"model\":");
	policy_model_json(&m, &b);
	sb_ch(&b, '}');
	x.scores = sb_sv(&b);
	w->put = &x;
	OK(store_write_now(w->st, promote_fn, w));
	EQ(look(w), 0);                      /* the table gets it */
	EQ(look(w), 0);                      /* its roll-out begins */
	sb_done(&b);
}

/* The second one failed, the third one came after it: back from there is to the first one, which
 * serves at once as it did; and from that to the row's own way. */
TEST(choices_go_back_to_what_was_in_use)
{
	struct world w;
	struct policy_trial x;
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	goes_live(&w, 1, 0);
	goes_live(&w, 2, 1);
	w.verb = LEARN_ROLL_STOP;
	OK(store_write_now(w.st, order_fn, &w));
	goes_live(&w, 0, 1);
	OK(store_write_now(w.st, back_fn, &w));
	EQ(w.back_to, 1);
	EQ(look(&w), 0);
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, .95, 1e-9);
	night_says(&w, "choice_held");
	w.verb = LEARN_ROLL_RESTART;         /* ends the holding only */
	OK(store_write_now(w.st, order_fn, &w));
	night_says(&w, "few_decisions");
	EQ(look(&w), 0);
	CHECK(policy_trial_at(w.t, 0, &x));
	NEAR(x.share, .95, 1e-9);
	OK(store_write_now(w.st, back_fn, &w));
	EQ(w.back_to, 0);
	EQ(look(&w), 0);
	CHECK(!policy_trial_at(w.t, 0, &x));
	EQ(store_write_now(w.st, back_fn, &w), ERR_NOTFOUND);
	world_close(&w);
}

TEST(choices_where_nothing_differs_stay_as_they_are)
{
	static const double same[3][2] = { { .7, .6 }, { .7, .6 }, { .7, .6 } };
	struct world w;
	struct policy_trial x;
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	talk_days(&w, 8, 150, same);
	jv *o = night(&w, "choice/upset");
	CHECK(jv_get_bool(o, "kept", false));
	CHECK(!sv_eq(jv_get_str(o, "why"), SV("choice_better")));
	jv_free(o);
	EQ(look(&w), 0);
	CHECK(!policy_trial_at(w.t, 0, &x));
	world_close(&w);
}

struct got { int n, reward; int64_t last_ms; };

static void count(void *arg, size_t k, const struct policy_sample *s, int64_t closed_ms)
{
	struct got *g = arg;
	g->n++;
	g->reward += s->reward > 0;
	EQ(k, 0);
	EQ(s->way, 1);                       /* the first one's, not a later one's */
	NEAR(s->p, .06, 1e-9);
	NEAR((double)s->x[6], 1, 0);         /* voice */
	EQ(closed_ms, NOW);
}

/* What is kept by a hard rule, held from a turn before, of other ways or broken is not learned
 * from. */
TEST(choices_count_once_and_only_where_there_was_one)
{
	static const char *const replies[] = {
		"\"way\":\"calm\",\"p\":1,\"kept\":true,\"x\":{\"bias\":1}",
		"\"way\":\"calm\",\"p\":0.06,\"x\":{\"bias\":1,\"voice\":1}",
		"\"way\":\"calm\",\"p\":0.06,\"held\":true",
		"\"way\":\"none\",\"p\":0.06,\"x\":{\"bias\":1}",
		"\"way\":\"own\",\"p\":0,\"x\":{\"bias\":1}",
		"\"way\":\"own\",\"p\":0.8,\"x\":{\"bias\":1}",
	};
	struct world w;
	struct policy_learn l;
	struct got g = { 0 };
	char body[300];
	jv *states;
	CHECK(world_open(&w) && policy_learn_at(w.t, 0, &l));
	EQ(look(&w), 0);
	for (int c = 0; c < 3; c++, w.n++) {     /* the third is of other ways */
		for (size_t i = 0; i < 6; i++) {
			(void)snprintf(body, sizeof(body),
				       "{\"strategy\":{\"row\":\"upset\",\"choice\":{\"print\":"
				       "\"%016llx\",%s}}}",
				       (unsigned long long)l.print + (c == 2), replies[i]);
			row(&w, (int64_t)i + 1, "turn.bot", sv_of(body));
		}
		if (c == 1)
			row(&w, 8, "handover", SV("{}"));
		row(&w, 9, "conversation.closed", SV("{}"));
	}
	ASSERT(store_flush(w.st) == 0);
	EQ(learn_choice_states(w.db, &states), 0);
	EQ(jv_len(states), 1);
	EQ(learn_choice_samples(w.db, states, 0, count, &g), 0);
	EQ(g.n, 2);
	EQ(g.reward, 1);
	EQ(learn_choice_samples(w.db, states, NOW + 1, count, &g), 0);
	EQ(g.n, 2);
	jv_free(states);
	world_close(&w);
}

static void gather(void *arg, size_t k, const struct policy_sample *s, int64_t closed_ms)
{
	struct got *g = arg;
	(void)k;
	CHECK(closed_ms >= g->last_ms);      /* oldest first */
	g->last_ms = closed_ms;
	g->n++;
	g->reward += s->reward > 0;
}

/* A call that is moved away: the hand-over's row stands before that of the reply with the choice.
 * One of an earlier turn is no matter of the choice's. */
TEST(choices_fail_by_a_hand_over_of_their_own_turn)
{
	struct world w;
	struct policy_learn l;
	char body[300];
	jv *states;
	CHECK(world_open(&w) && policy_learn_at(w.t, 0, &l));
	EQ(look(&w), 0);
	(void)snprintf(body, sizeof(body),
		       "{\"strategy\":{\"row\":\"upset\",\"choice\":{\"print\":\"%016llx\","
		       "\"way\":\"calm\",\"p\":0.06,\"x\":{\"bias\":1}}}}",
		       (unsigned long long)l.print);
	for (w.n = 3; w.n > 0; w.n--) {      /* later ones have earlier names */
		w.turn = 1;
		if (w.n > 1)
			row(&w, 1, "handover", SV("{}"));
		w.turn = w.n == 3 ? 1 : 2;
		row(&w, 2, "turn.bot", sv_of(body));
		row(&w, 3, "conversation.closed", SV("{}"));
		w.now += 1000;
	}
	ASSERT(store_flush(w.st) == 0);
	struct got g = { 0 };
	EQ(learn_choice_states(w.db, &states), 0);
	EQ(learn_choice_samples(w.db, states, 0, gather, &g), 0);
	EQ(g.n, 3);
	EQ(g.reward, 2);
	jv_free(states);
	world_close(&w);
}

TEST(choices_of_other_ways_are_learned_anew)
{
	struct world w;
	jv *o;
	CHECK(world_open(&w));
	EQ(look(&w), 0);
	EQ(learn_roll_look(w.db, w.t, &(struct learn_roll_opts){ .now_ms = w.now }, &w.look), 0);
	CHECK(!w.look);                      /* nothing is new */
	obj_unref(w.t);
	w.t = table("version: 1\nrows:\n  - {id: upset, do: {style: plain}, " CHOICE);
	EQ(look(&w), 0);
	o = listed(&w);
	EQ(jv_len(jv_get(o, "learned")), 1);
	CHECK(!jv_path(o, "learned.0.night"));
	jv_free(o);
	/* a row that learns no more is forgotten */
	obj_unref(w.t);
	w.t = table("version: 1\nrows:\n  - {id: upset, do: {style: plain}}\n");
	EQ(look(&w), 0);
	EQ(learn_choice_states(w.db, &o), 0);
	EQ(jv_len(o), 0);
	jv_free(o);
	EQ(learn_roll_look(w.db, w.t, &(struct learn_roll_opts){ .now_ms = w.now }, &w.look), 0);
	CHECK(!w.look);
	world_close(&w);
}

TEST(choices_are_reported_in_both_languages)
{
	jv *n = jv_parse(SV("{\"id\":\"x\",\"state\":\"done\",\"began\":\"a\",\"ended\":\"b\","
			    "\"items\":[{\"name\":\"choice/upset\",\"task\":\"choice\",\"kept\":"
			    "false,\"why\":\"choice_better\",\"held\":600,\"ess\":120,\"old_value\""
			    ":0.5,\"new_value\":0.8,\"lower\":0.1,\"differ\":0.5,\"ways\":[{\"id\":"
			    "\"own\",\"n\":900,\"mean\":0.5},{\"id\":\"calm\",\"n\":100,\"mean\":"
			    "0.75}]}]}"), NULL);
	struct sb b;
	sb_init(&b, LIM_SB);
	learn_report_put(n, false, false, &b);
	HAS(sb_sv(&b), "let in step by step");
	HAS(sb_sv(&b), "calm: 100 conversations, 75.0 % went well");
	HAS(sb_sv(&b), "at least +0.100 (99 %)");
	sb_reset(&b);
	learn_report_put(n, true, true, &b);
	HAS(sb_sv(&b), "哪种做法适合哪种情形");
	HAS(sb_sv(&b), "原有做法：900 个会话");
	sb_done(&b);
	jv_free(n);
}
