/* Unit tests of the written channel: door and shard in one thread, each with its own mailbox.
 * The engine is scripted: it notes texts, answers when told to and keeps tickets as long as it
 * likes. */
#include <pthread.h>
#include <stdio.h>
#include "t.h"
#include "chan_web.h"

#define ID "01J0000000000000000000000D"
#define N 128

struct desk {
	struct loop *loop;             /* the shard's */
	struct mbox *door, *shard;
	struct chan_web *w;
	struct chan_web_opts o;
	/* the engine */
	struct chan_peer *peer;
	char texts[N][64], ids[N][32];
	void *tickets[N];
	int n_texts, opens, shard_closes, refuse;
	enum chan_close_by by;
	bool ack_at_once;
	struct chan_info info;
	char name[64], question[64];
	/* the door's callbacks, in order */
	char log[4096];
	int events, deltas, typings, acks, ack_errs, closes, close_err;
	int64_t last_seq;
	pthread_t engine_thread, door_thread;
};

static int e_open(void *arg, struct chan_peer *p, const struct chan_info *info, void **user)
{
	struct desk *d = arg;
	d->opens++;
	if (d->refuse)
		return d->refuse;
	d->peer = p;
	d->info = *info;
	snprintf(d->name, sizeof(d->name), SV_FMT, SV_ARG(info->customer_name));
	if (info->resume)
		snprintf(d->question, sizeof(d->question), SV_FMT,
			 SV_ARG(info->resume->last_question));
	*user = d;
	return 0;
}

static void e_msg(void *user, const struct chan_msg *m)
{
	struct desk *d = user;
	d->engine_thread = pthread_self();
	snprintf(d->texts[d->n_texts], 64, SV_FMT, SV_ARG(m->text));
	snprintf(d->ids[d->n_texts], 32, SV_FMT, SV_ARG(m->client_id));
	d->tickets[d->n_texts++] = m->ticket;
	if (d->ack_at_once)
		chan_ack(d->peer, m->ticket, d->n_texts, 0);
}

static void e_close(void *user, enum chan_close_by by)
{
	struct desk *d = user;
	d->shard_closes++;
	d->by = by;
}

static const struct chan_sink sink = { e_open, e_msg, e_close };

static void note(struct desk *d, const char *what, sv text)
{
	size_t n = strlen(d->log);
	snprintf(d->log + n, sizeof(d->log) - n, "%s:" SV_FMT " ", what, SV_ARG(text));
	d->door_thread = pthread_self();
}

static void c_event(void *arg, struct chan_web *w, sv json)
{
	struct desk *d = arg;
	d->events++;
	note(d, "event", json);
}

static void c_delta(void *arg, struct chan_web *w, sv text)
{
	struct desk *d = arg;
	d->deltas++;
	note(d, "delta", text);
}

static void c_typing(void *arg, struct chan_web *w)
{
	struct desk *d = arg;
	d->typings++;
	note(d, "typing", SV_NULL);
}

static void c_ack(void *arg, struct chan_web *w, sv client_id, int64_t seq, int err)
{
	struct desk *d = arg;
	d->acks++;
	d->ack_errs += err != 0;
	d->last_seq = seq;
	note(d, "ack", client_id);
}

static void c_closed(void *arg, struct chan_web *w, int err)
{
	struct desk *d = arg;
	d->closes++;
	d->close_err = err;
	note(d, "closed", SV_NULL);
}

static void d_init(struct desk *d)
{
	*d = (struct desk){ .loop = loop_new_sim(1800000000000) };
	d->shard = mbox_new(d->loop);
	d->door = mbox_new(NULL);
	d->o = (struct chan_web_opts){
		.door = d->door,
		.shard = d->shard,
		.shard_loop = d->loop,
		.sink = &sink,
		.sink_arg = d,
		.arg = d,
		.cb = { c_event, c_delta, c_typing, c_ack, c_closed },
		.info = { .channel = "webchat", .id = SV(ID), .language = SV("en") }
	};
}

/* Runs both sides until nothing moves. */
static void d_run(struct desk *d)
{
	for (int i = 0; i < 4; i++) {
		loop_sim_advance(d->loop, 1);
		mbox_drain(d->door);
	}
}

static void d_shard(struct desk *d)
{
	loop_sim_advance(d->loop, 1);
}

static void d_done(struct desk *d)
{
	chan_web_unref(d->w);
	mbox_free(d->door);
	mbox_free(d->shard);
	loop_free(d->loop);
}

TEST(web_text_ack_reply_close)
{
	static struct desk d;
	d_init(&d);
	OK(chan_web_open(&d.w, &d.o));
	STR_EQ(chan_web_id(d.w), ID);
	OK(chan_web_send(d.w, SV("Where is my parcel?"), SV("c-1")));
	EQ(d.opens, 0);                           /* nothing of the shard's runs on the door */
	d_run(&d);
	EQ(d.opens, 1);
	EQ(d.info.caps, CHAN_STREAM | CHAN_RICH);
	STR_EQ(d.texts[0], "Where is my parcel?");
	STR_EQ(d.ids[0], "c-1");
	EQ(d.acks, 0);
	chan_typing(d.peer);
	chan_ack(d.peer, d.tickets[0], 17, 0);
	chan_say(d.peer, &(struct chan_out){ .say_id = 1, .text = SV("It is "), .delta = true });
	chan_say(d.peer, &(struct chan_out){ .say_id = 1,
					     .text = SV("here."),
					     .delta = true,
					     .final = true,
					     .event_json = SV("{1}") });
	chan_event(d.peer, SV("{2}"));
	STR_EQ(d.log, "");                        /* nothing of the door's on the shard */
	d_run(&d);
	STR_EQ(d.log, "typing: ack:c-1 delta:It is  delta:here. event:{1} event:{2} ");
	EQ(d.last_seq, 17);
	chan_web_close(d.w);
	chan_web_close(d.w);
	d_run(&d);
	EQ(d.shard_closes, 1);
	EQ(d.by, CHAN_BY_CUSTOMER);
	EQ(d.closes, 1);
	EQ(d.close_err, 0);
	CHECK(chan_web_closed(d.w));
	EQ(chan_web_send(d.w, SV("late"), SV("c-2")), ERR_CLOSED);
	chan_web_close(d.w);
	d_run(&d);
	EQ(d.closes, 1);
	d_done(&d);
}

TEST(web_whole_reply_is_its_event_only)
{
	static struct desk d;
	struct chan_heard h = { 5, 5, 5, 5 };
	d_init(&d);
	OK(chan_web_open(&d.w, &d.o));
	d_run(&d);
	chan_say(d.peer, &(struct chan_out){ .say_id = 1, .text = SV("Hello."), .final = true,
					     .event_json = SV("{r}") });
	chan_hush(d.peer, &h);
	EQ(h.say_id, 0);
	d_run(&d);
	STR_EQ(d.log, "event:{r} ");
	chan_web_unref(d.w);                      /* the door goes, the shard's half stays ... */
	d.w = NULL;
	d_run(&d);
	EQ(d.shard_closes, 0);
	chan_hangup(d.peer, CHAN_BY_SYSTEM);      /* ... until the shard ends it */
	EQ(d.shard_closes, 1);
	d_run(&d);
	d_done(&d);
}

TEST(web_system_end_is_at_once)
{
	static struct desk d;
	d_init(&d);
	OK(chan_web_open(&d.w, &d.o));
	d_run(&d);
	chan_hangup(d.peer, CHAN_BY_BOT);
	EQ(d.shard_closes, 0);                    /* never from within */
	chan_hangup(d.peer, CHAN_BY_SYSTEM);
	EQ(d.shard_closes, 1);
	EQ(d.by, CHAN_BY_SYSTEM);
	d_run(&d);
	EQ(d.shard_closes, 1);
	EQ(d.closes, 1);
	d_done(&d);
}

TEST(web_bot_ends_after_its_last_words)
{
	static struct desk d;
	d_init(&d);
	OK(chan_web_open(&d.w, &d.o));
	d_run(&d);
	chan_hangup(d.peer, CHAN_BY_BOT);
	chan_say(d.peer,
		 &(struct chan_out){ .say_id = 1, .final = true, .event_json = SV("{bye}") });
	d_run(&d);
	EQ(d.by, CHAN_BY_BOT);
	STR_EQ(d.log, "event:{bye} closed: ");
	d_done(&d);
}

TEST(web_acks_come_exactly_once_also_after_the_end)
{
	static struct desk d;
	d_init(&d);
	OK(chan_web_open(&d.w, &d.o));
	OK(chan_web_send(d.w, SV("one"), SV("c-1")));
	OK(chan_web_send(d.w, SV("two"), SV("c-2")));
	d_run(&d);
	EQ(d.n_texts, 2);
	chan_hangup(d.peer, CHAN_BY_BOT);
	d_shard(&d); /* the shard has closed, the door does not know yet */
	EQ(d.shard_closes, 1);
	OK(chan_web_send(d.w, SV("three"), SV("c-3")));
	d_run(&d);
	EQ(d.n_texts, 2);                         /* came too late for the engine */
	STR_EQ(d.log, "ack:c-3 ");
	EQ(d.ack_errs, 1);
	EQ(d.closes, 0);                          /* two are still to be written */
	CHECK(chan_web_closed(d.w));
	chan_ack(d.peer, d.tickets[1], 9, 0);
	d_run(&d);
	EQ(d.closes, 0);
	chan_ack(d.peer, d.tickets[0], 8, ERR_IO);
	d_run(&d);
	STR_EQ(d.log, "ack:c-3 ack:c-2 ack:c-1 closed: ");
	EQ(d.ack_errs, 2);
	EQ(d.closes, 1);
	d_done(&d);
}

TEST(web_ack_from_within_the_message)
{
	static struct desk d;
	d_init(&d);
	d.ack_at_once = true;
	OK(chan_web_open(&d.w, &d.o));
	for (int i = 0; i < 50; i++) {
		OK(chan_web_send(d.w, SV("x"), SV("c")));
		d_run(&d);
	}
	EQ(d.acks, 50);
	chan_web_close(d.w);
	d_run(&d);
	d_done(&d);
}

TEST(web_unanswered_texts_are_bounded)
{
	static struct desk d;
	int ok = 0, rc = 0;
	d_init(&d);
	OK(chan_web_open(&d.w, &d.o));
	while ((rc = chan_web_send(d.w, SV("x"), SV("c"))) == 0)
		ok++;
	EQ(rc, ERR_FULL);
	EQ(ok, 64);
	d_run(&d);
	for (int i = 0; i < 64; i++)
		chan_ack(d.peer, d.tickets[i], i, 0);
	d_run(&d);
	EQ(d.acks, 64);
	OK(chan_web_send(d.w, SV("again"), SV("c")));
	chan_web_close(d.w);
	d_run(&d);
	chan_ack(d.peer, d.tickets[64], 1, 0);
	d_run(&d);
	EQ(d.closes, 1);
	d_done(&d);
}

TEST(web_engine_refuses)
{
	static struct desk d;
	d_init(&d);
	d.refuse = ERR_FULL;
	OK(chan_web_open(&d.w, &d.o));
	OK(chan_web_send(d.w, SV("quick"), SV("c-1")));
	chan_web_close(d.w);
	d_run(&d);
	STR_EQ(d.log, "ack:c-1 closed: ");
	EQ(d.close_err, ERR_FULL);
	EQ(d.n_texts, 0);
	EQ(d.shard_closes, 0);
	d_done(&d);
}

TEST(web_unref_with_messages_under_way)
{
	static struct desk d;
	d_init(&d);
	OK(chan_web_open(&d.w, &d.o));
	OK(chan_web_send(d.w, SV("one"), SV("c-1")));
	d_run(&d);
	OK(chan_web_send(d.w, SV("two"), SV("c-2")));     /* towards the shard */
	chan_typing(d.peer);                              /* towards the door */
	chan_event(d.peer, SV("{1}"));
	chan_web_close(d.w);
	chan_web_unref(d.w);
	d.w = NULL;
	d_run(&d);
	EQ(d.n_texts, 2);                                 /* what was sent is still heard */
	EQ(d.shard_closes, 1);
	chan_ack(d.peer, d.tickets[0], 1, 0);             /* tickets outlive all */
	chan_ack(d.peer, d.tickets[1], 2, 0);
	d_run(&d);
	STR_EQ(d.log, "");                                /* no callback after unref */
	d_done(&d);
}

TEST(web_info_and_resume_are_copied)
{
	static struct desk d;
	char name[] = "Ann", question[] = "Where is it?";
	d_init(&d);
	struct chan_resume r = { .seq = 5, .turn = 2, .last_question = sv_of(question) };
	d.o.info.customer_name = sv_of(name);
	d.o.info.resume = &r;
	OK(chan_web_open(&d.w, &d.o));
	memset(name, 'x', 3);
	memset(question, 'x', 5);
	r.seq = 99;
	d_run(&d);
	STR_EQ(d.name, "Ann");
	STR_EQ(d.question, "Where is it?");
	EQ(d.info.resume->seq, 5);
	chan_web_set_user(d.w, &d);
	CHECK(chan_web_user(d.w) == &d);
	chan_web_close(d.w);
	d_run(&d);
	d_done(&d);
}

TEST(web_boxes_that_are_full_or_bad)
{
	static struct desk d;
	d_init(&d);
	d.o.info.id = SV("short");
	EQ(chan_web_open(&d.w, &d.o), ERR_INVAL);
	CHECK(!d.w);
	chan_web_unref(NULL);
	d_done(&d);
}

/* ---- two real threads */

static void *shard_main(void *arg)
{
	loop_run(arg);
	return NULL;
}

static void stop_here(void *arg)
{
	loop_stop(arg);
}

static bool door_until(struct desk *d, const int *what, int n)
{
	for (int i = 0; i < 5000 && *what < n; i++)
		if (mbox_drain(d->door) == 0)
			(void)loop_run_once(d->loop, 1);
	return *what >= n;
}

TEST(web_across_threads)
{
	static struct desk d;
	struct loop *shard = loop_new();
	pthread_t t;
	d_init(&d);
	mbox_free(d.shard);
	loop_free(d.loop);
	d.loop = loop_new();                      /* the door's, for waiting only */
	d.shard = mbox_new(shard);
	d.o.shard = d.shard;
	d.o.shard_loop = shard;
	d.ack_at_once = true;
	CHECK(pthread_create(&t, NULL, shard_main, shard) == 0);
	OK(chan_web_open(&d.w, &d.o));
	for (int i = 0; i < 60; i++)
		OK(chan_web_send(d.w, SV("hello"), SV("c")));
	CHECK(door_until(&d, &d.acks, 60));
	chan_web_close(d.w);
	CHECK(door_until(&d, &d.closes, 1));
	CHECK(pthread_equal(d.engine_thread, t));
	CHECK(pthread_equal(d.door_thread, pthread_self()));
	OK(mbox_post(d.shard, stop_here, shard));
	pthread_join(t, NULL);
	chan_web_unref(d.w);
	mbox_free(d.door);
	mbox_free(d.shard);
	loop_free(d.loop);
	loop_free(shard);
}
