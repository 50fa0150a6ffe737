/* t_acd_thread.c: the hub on a thread of its own: orders of any thread, answers on theirs. */
#include "t_acd_help.h"

struct far {
	int n, err;
};

static void on_far(void *arg, int err, sv json)
{
	struct far *f = arg;
	f->n++;
	f->err |= err;
	(void)json;
}

static bool far_done(void *arg)
{
	return ((struct far *)arg)->n == 200;
}

TEST(acd_a_thread_of_its_own_takes_orders_from_any)
{
	struct store *st;
	struct acd *a;
	struct err e = { 0 };
	struct far f = { 0 };
	struct store_opts so = { .dir = "", .group_ms = -1 };
	OK(store_open(&st, &so, &e));
	struct loop *l = loop_new();
	struct mbox *box = mbox_new(l);
	struct acd_opts o = { .store = st, .yaml = sv_of(aw_yaml) };
	OK(acd_open(&a, &o, &e));
	struct talk_people people;
	acd_people(a, &people);
	for (int i = 0; i < 200; i++) {
		char conv[16];
		(void)snprintf(conv, sizeof(conv), "C%d", i / 2);
		struct talk_ask x = { .conversation = sv_of(conv), .language = SV("en") };
		if (i % 2) {
			struct acd_order again = { ACD_DO_GONE, .conversation = sv_of(conv),
						   .why = SV("left"), .back = box,
						   .done = on_far, .arg = &f };
			OK(acd_do(a, &again));
		} else {
			struct acd_order ask = { ACD_DO_ASK, .ask = &x, .back = box,
						 .done = on_far, .arg = &f };
			OK(acd_do(a, &ask));
		}
	}
	CHECK(t_wait(l, far_done, &f, 20000));
	OK(f.err);
	OK(people.ask(people.arg, &(struct talk_ask){ .conversation = SV("last") }));
	acd_close(a);                           /* what was ordered is written */
	struct store_db *db;
	struct store_stmt *q;
	OK(store_reader(st, &db));
	OK(store_prep(db, &q, "SELECT count(*), sum(live) FROM handover"));
	EQ(store_step(q), 1);
	EQ(store_col_int(q, 0), 101);
	EQ(store_col_int(q, 1), 1);
	store_reset(q);
	mbox_free(box);
	store_close(st);
	loop_free(l);
}

struct owner {
	pthread_t me;
	int n;
	bool here;
};

static void on_mine(void *arg, int err, sv json)
{
	struct owner *o = arg;
	o->n++;
	o->here = pthread_equal(pthread_self(), o->me) && err == 0;
	(void)json;
}

static void nothing(void *arg)
{
	(void)arg;
}

static bool owner_done(void *arg)
{
	return ((struct owner *)arg)->n == 1;
}

static bool was_full(void *arg)
{
	return metric_get(M_MBOX_FULL) > *(int64_t *)arg;
}

TEST(acd_an_answer_waits_for_a_full_mailbox)
{
	struct store *st;
	struct acd *a;
	struct err e = { 0 };
	struct owner o = { .me = pthread_self() };
	struct store_opts so = { .dir = "", .group_ms = -1 };
	int64_t full = metric_get(M_MBOX_FULL);
	OK(store_open(&st, &so, &e));
	struct loop *l = loop_new(), *other = loop_new();
	struct mbox *box = mbox_new(l);
	struct acd_opts opts = { .store = st, .yaml = sv_of(aw_yaml) };
	OK(acd_open(&a, &opts, &e));
	for (int i = 0; i < LIM_MBOX; i++)
		OK(mbox_post(box, nothing, NULL));
	OK(acd_do(a, &(struct acd_order){ ACD_DO_BOARD, .back = box, .done = on_mine, .arg = &o }));
	CHECK(t_wait(other, was_full, &full, 20000));
	CHECK(t_wait(l, owner_done, &o, 20000));
	CHECK(o.here);
	acd_close(a);
	mbox_free(box);
	store_close(st);
	loop_free(l);
	loop_free(other);
}

static void on_two(void *arg, int err, sv json)
{
	struct owner *o = arg;
	(void)json;
	if (err == 0)
		o->n = 10 * o->n + 2;
}

static void on_one(void *arg, int err, sv json)
{
	struct owner *o = arg;
	(void)json;
	if (err == 0)
		o->n = 10 * o->n + 1;
}

/* Others are served meanwhile; what waits goes in its order. */
TEST(acd_a_full_mailbox_holds_up_nobody_else)
{
	struct aw w;
	struct owner o = { .n = 0 };
	if (!aw_open(&w, ""))
		return;
	struct mbox *box = mbox_new(NULL);
	for (int i = 0; i < LIM_MBOX; i++)
		OK(mbox_post(box, nothing, NULL));
	int64_t from = clk_mono_us();
	OK(acd_do(w.acd, &(struct acd_order){ ACD_DO_BOARD, .back = box, .done = on_one,
					      .arg = &o }));
	OK(acd_do(w.acd, &(struct acd_order){ ACD_DO_BOARD, .back = box, .done = on_two,
					      .arg = &o }));
	OK(aw_state(&w, "mei", ACD_READY, ""));
	CHECK(clk_mono_us() - from < 4000000);
	aw_pass(&w, 20);
	EQ(mbox_drain(box), LIM_MBOX);
	EQ(o.n, 0);
	aw_pass(&w, 20);
	EQ(mbox_drain(box), 2);
	EQ(o.n, 12);
	CHECK(!w.acd->unsent);
	aw_close(&w);
	mbox_free(box);
}
