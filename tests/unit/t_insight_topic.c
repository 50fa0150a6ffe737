/* Topics: groups by words and by vectors, their names in both languages, agreement with labels;
 * tests of shares, means and changes; drivers over a river, with what grows found and chance
 * not. */
#include <math.h>
#include "t_insight_help.h"
#include "ins_driver.h"
#include "ins_stat.h"
#include "ins_topic.h"

static const char *const texts[][4] = {
	{ "my parcel has not arrived, where is the parcel", "the parcel is late",
	  "track the parcel for me", "parcel lost in delivery" },
	{ "refund the money to my card", "when does the refund come",
	  "I want a refund of the order", "no refund on my card yet" },
	{ "发票怎么开", "我要开发票", "发票抬头写错了", "电子发票没有收到" },
	{ "地址填错了要修改地址", "修改收货地址", "收货地址不对", "换一个收货地址" },
};

TEST(insight_topics_by_words_with_names)
{
	struct ins_said v[16];
	struct ins_topics *t = NULL;
	size_t group[16], label[16];
	for (size_t i = 0; i < 16; i++)
		v[i] = (struct ins_said){ sv_of(texts[i / 4][i % 4]), NULL };
	OK(ins_topics_new(&t, v, 16, &(struct ins_topic_opts){ .k = 4 }));
	EQ(ins_topics_n(t), 4);
	for (size_t i = 0; i < 16; i++) {
		group[i] = ins_topics_of(t, i);
		label[i] = i / 4;
	}
	NEAR(ins_v_measure(group, label, 16).v, 1, 1e-9);
	SV_EQ(ins_topics_at(t, group[0])->word[0], "parcel");
	SV_EQ(ins_topics_at(t, group[4])->word[0], "refund");
	SV_EQ(ins_topics_at(t, group[8])->word[0], "发票");
	CHECK(sv_find(ins_topics_at(t, group[12])->word[0], SV("地址")) >= 0);
	EQ(ins_topics_at(t, 0)->n_quotes, 3);
	EQ(ins_topics_of(t, ins_topics_at(t, 0)->quote[0]), 0);
	ins_topics_free(t);
	EQ(ins_topics_new(&t, v, 1, &(struct ins_topic_opts){ 0 }), ERR_INVAL);
	EQ(ins_topics_new(&t, v, 16, &(struct ins_topic_opts){ .k = 17 }), ERR_TOOBIG);
}

/* Twelve clouds of vectors: found, and how many there are too. */
TEST(insight_topics_by_vectors_as_many_as_there_are)
{
	enum { N = 480, K = 12, DIM = 24 };
	static float x[N][DIM], mid[K][DIM];
	static struct ins_said v[N];
	static size_t group[N], label[N];
	struct ins_topics *t = NULL, *again = NULL;
	for (int k = 0; k < K; k++)
		for (int d = 0; d < DIM; d++)
			mid[k][d] = (float)rng_normal(t_rng());
	for (int i = 0; i < N; i++) {
		label[i] = (size_t)i % K;
		for (int d = 0; d < DIM; d++)
			x[i][d] = mid[i % K][d] + 0.35f * (float)rng_normal(t_rng());
		v[i] = (struct ins_said){ SV("word"), x[i] };
	}
	const struct ins_topic_opts o = { .dim = DIM };
	OK(ins_topics_new(&t, v, N, &o));
	OK(ins_topics_new(&again, v, N, &o));
	for (size_t i = 0; i < N; i++) {
		group[i] = ins_topics_of(t, i);
		EQ(group[i], ins_topics_of(again, i));
	}
	CHECK(ins_v_measure(group, label, N).v > 0.9);
	CHECK(ins_topics_n(t) >= 11 && ins_topics_n(t) <= 20);
	ins_topics_free(t);
	ins_topics_free(again);
}

TEST(insight_v_measure_of_known_cases)
{
	const size_t a[] = { 0, 0, 1, 1 }, b[] = { 0, 1, 0, 1 }, one[] = { 0, 0, 0, 0 };
	const size_t finer[] = { 0, 1, 2, 3 };
	NEAR(ins_v_measure(a, a, 4).v, 1, 1e-9);
	NEAR(ins_v_measure(b, a, 4).v, 0, 1e-9);
	NEAR(ins_v_measure(one, a, 4).homogeneity, 0, 1e-9);
	NEAR(ins_v_measure(finer, a, 4).homogeneity, 1, 1e-9);
	NEAR(ins_v_measure(finer, a, 4).completeness, 0.5, 1e-9);
	NEAR(ins_v_measure(finer, a, 4).v, 2.0 / 3, 1e-9);
}

TEST(insight_tests_of_known_cases)
{
	/* 45 of 100 against 30 of 100: z = 2.1909, p = 0.0285 */
	NEAR(ins_two_shares(45, 100, 30, 100), 0.02846, 1e-4);
	NEAR(ins_two_shares(0, 10, 0, 10), 1, 1e-9);
	NEAR(ins_two_shares(1, 0, 0, 10), 1, 1e-9);
	const double p[] = { 0.01, 0.04, 0.03, 0.005, 0.8 };
	double q[5];
	ins_false_rates(p, 5, q);    /* by hand: sorted .005 .01 .03 .04 .8 */
	NEAR(q[3], 0.025, 1e-9);
	NEAR(q[0], 0.025, 1e-9);
	NEAR(q[2], 0.05, 1e-9);
	NEAR(q[1], 0.05, 1e-9);
	NEAR(q[4], 0.8, 1e-9);
	double x[20], n[20], at_p;
	for (int d = 0; d < 20; d++) {
		n[d] = 100;
		x[d] = d < 13 ? 5 : 20;
	}
	EQ(ins_change_day(x, n, 20, &at_p), 13);
	CHECK(at_p < 1e-6);
	for (int d = 0; d < 20; d++)
		x[d] = 5;
	(void)ins_change_day(x, n, 20, &at_p);
	CHECK(at_p > 0.9);
	double v[] = { 3, 1, 2, 9 };
	NEAR(ins_median(v, 4), 2.5, 1e-9);
	struct ins_moments a = { 0 }, b = { 0 };
	for (int i = 0; i < 50; i++) {
		ins_moments_add(&a, i % 5);
		ins_moments_add(&b, i % 5 + 1);
	}
	CHECK(ins_two_means(&a, &b) < 0.001);
	NEAR(ins_two_means(&a, &a), 1, 1e-9);
}

/* A fortnight: parcels as ever, refunds that begin on the ninth day and anger. */
static void fortnight(struct iw *w)
{
	for (int day = 0; day < 14; day++)
		for (int i = 0; i < 12; i++) {
			int of = i < (day < 8 ? 1 : 6) ? 1 : i % 2 ? 0 : 2;
			w->now = IW_BEGIN + day * INS_DAY_MS + i * 600000;
			(void)snprintf(w->talk, sizeof(w->talk), "f%02d-%02d", day, i);
			w->seq = 0;
			iw_row(w, true, "conversation.opened", "{\"channel\":\"webchat\"}");
			iw_row(w, true, "turn.customer",
			       "{\"text\":\"hello\",\"intent\":\"greeting\"}");
			iw_row(w, true, "turn.customer",
			       "{\"text\":\"%s\",\"intent\":\"x\",\"mood\":{\"turn_valence\":%."
			       "2f}}",
			       texts[of][i % 4],
			       of == 1 ? -0.8 - 0.01 * (i % 5) : 0.1 + 0.01 * (i % 7));
			iw_row(w, true, "turn.bot",
			       "{\"text\":\"y\",\"usage\":{\"cost_micros\":2000000}}");
			iw_row(w, true, "conversation.closed", "{\"by\":\"customer\"}");
		}
}

TEST(insight_drivers_say_what_grows_and_hurts)
{
	struct iw w;
	struct sb b;
	size_t n = 0;
	bool found = false, changed = false, others = true;
	CHECK(iw_up(&w, 1));
	fortnight(&w);
	OK(iw_fold(&w));
	const struct ins_driver_opts o = { .from_ms = IW_BEGIN,
					   .to_ms = IW_BEGIN + 14 * INS_DAY_MS };
	OK(ins_drivers_run(w.st, &o, &n));
	sb_init(&b, LIM_JSON_BYTES);
	OK(ins_drivers_json(w.db, &b));
	jv *all = jv_parse(sb_sv(&b), NULL), *items = jv_get(all, "items");
	EQ(jv_get_int(all, "texts", 0), 168);
	double share = 0;
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *t = jv_at(items, i);
		sv quote = jv_as_str(jv_path(t, "quotes.0.text")),
		   says = jv_as_str(jv_path(t, "trend.says"));
		bool refund = sv_find(quote, SV("refund")) >= 0;
		share += jv_get_num(t, "share", 0);
		CHECK(jv_len(jv_get(t, "words")) > 0 && jv_len(jv_get(t, "interactions")) > 0);
		if (refund && sv_eq(says, SV("more")) &&
		    sv_eq(jv_get_str(t, "mood_says"), SV("worse")))
			found = true;
		others &= refund || !sv_eq(says, SV("more"));
		NEAR(jv_get_num(t, "cost", 0), 2, 1e-6);
		NEAR(jv_get_num(t, "containment", 0), 1, 1e-6);
		if (refund && jv_is_obj(jv_get(t, "change"))) {
			HAS(jv_as_str(jv_path(t, "change.at")), "2026-11-09");
			changed = true;
		}
	}
	NEAR(share, 1, 1e-3);
	CHECK(found && changed && others);
	jv_free(all);
	sb_done(&b);
	iw_down(&w);
}

static int sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

static int exec(struct iw *w, const char *text)
{
	int rc = store_write(w->st, sql, (void *)(uintptr_t)text, NULL, NULL);
	return rc ? rc : store_flush(w->st);
}

/* Nothing that a customer said is kept twice; who is erased is not quoted. */
TEST(insight_drivers_quote_nobody_who_was_erased)
{
	struct iw w;
	struct sb b;
	size_t n = 0;
	CHECK(iw_up(&w, 1));
	fortnight(&w);
	OK(iw_fold(&w));
	const struct ins_driver_opts o = { .from_ms = IW_BEGIN,
					   .to_ms = IW_BEGIN + 14 * INS_DAY_MS };
	OK(ins_drivers_run(w.st, &o, &n));
	EQ(iw_int(w.db, "SELECT count(*) FROM kv WHERE k='insight.topics' AND v LIKE '%\"text\"%'"),
	   0);
	sb_init(&b, LIM_JSON_BYTES);
	OK(ins_drivers_json(w.db, &b));
	HAS(sb_sv(&b), "\"text\":\"");
	OK(exec(&w, "INSERT INTO customer (id, since_ms, updated_ms, erased_ms) VALUES "
		    "('gone',1,1,1)"));
	OK(exec(&w, "INSERT INTO conversation (id, interaction_id, channel, started_ms, last_ms, "
		    "customer_id) SELECT DISTINCT conversation, conversation, 'webchat', 1, 1, "
		    "'gone' FROM event WHERE conversation IS NOT NULL"));
	EQ(iw_int(w.db, "SELECT count(*) FROM conversation WHERE customer_id='gone'"), 168);
	sb_reset(&b);
	OK(ins_drivers_json(w.db, &b));
	CHECK(sv_find(sb_sv(&b), SV("\"text\":\"")) < 0);
	HAS(sb_sv(&b), "\"quotes\":[]");
	sb_done(&b);
	iw_down(&w);
}

static bool stop_now(void *arg)
{
	return true;
}

static const float *no_vector(void *arg, sv text, int *dim)
{
	return NULL;
}

TEST(insight_drivers_need_conversations_and_may_stop)
{
	struct iw w;
	struct sb b;
	size_t n = 0;
	CHECK(iw_up(&w, 1));
	struct ins_driver_opts o = { .from_ms = IW_BEGIN, .to_ms = IW_BEGIN + INS_DAY_MS };
	EQ(ins_drivers_run(w.st, &o, &n), ERR_INVAL);
	sb_init(&b, LIM_SB);
	OK(ins_drivers_json(w.db, &b));
	HAS(sb_sv(&b), "\"items\":[]");
	sb_done(&b);
	fortnight(&w);
	OK(iw_fold(&w));
	o.vec = no_vector;
	OK(ins_drivers_run(w.st, &o, &n));   /* by words then */
	o.stop = stop_now;
	EQ(ins_drivers_run(w.st, &o, &n), ERR_CANCELED);
	iw_down(&w);
}
