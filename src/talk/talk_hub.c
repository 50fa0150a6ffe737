/* talk_hub.c: the shards: a thread each with its loop, mailbox, language models and
 * conversations.
 *
 * A conversation never leaves the shard that opened it. With opts.loop there is one shard on
 * the caller's loop and no thread: tests and one-shot commands. */
#include "talk_int.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct talk_threads {
	pthread_t v[64];
	bool up[64];
	pthread_barrier_t ready;
	int err;
	struct err why;
};

static int shard_up(struct talk_shard *s, struct err *e)
{
	int rc = talk_models_open(s, s->hub->o.llm, s->hub->o.n_llm, e);
	if (rc)
		return rc;
	if (s->hub->o.on_shard)
		rc = s->hub->o.on_shard(s->hub->o.on_shard_arg, s->hub, s, true);
	return rc ? err_set(e, rc, "shard %d: the speech engines did not start", s->index) : 0;
}

static void shard_close_all(struct talk_shard *s)
{
	while (s->first) {
		struct talk *t = s->first;
		chan_hangup(t->peer, CHAN_BY_SYSTEM);   /* closes before it returns: see chan.h */
		ASSERT(s->first != t);
	}
}

static void shard_down(struct talk_shard *s)
{
	shard_close_all(s);
	if (s->hub->o.on_shard)
		s->hub->o.on_shard(s->hub->o.on_shard_arg, s->hub, s, false);
	talk_models_close(s);
}

static void stop_here(void *arg)
{
	loop_stop(arg);
}

/* Sound leaves on a 20 ms clock: ahead of queries and training where the system allows it
 * (root, CAP_SYS_NICE or LimitNICE=); otherwise as it is. */
#define SHARD_NICE (-10)
#define SLICE_NS 500000
#define RESET_ON_FORK 1u             /* SCHED_FLAG_RESET_ON_FORK: not for what it starts */

/* A short slice is what lets a thread that wakes up go before one that runs (Linux 6.12 and
 * later, sched(7), EEVDF): without it the clock waits for up to two ticks behind a busy process
 * on the same core. Older kernels take the niceness and ignore the slice. */
static void go_ahead(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = { .size = 48, .flags = RESET_ON_FORK, .runtime = SLICE_NS };
	int own = getpriority(PRIO_PROCESS, 0);
	a.nice = own + SHARD_NICE < -20 ? -20 : own + SHARD_NICE;
	if (syscall(SYS_sched_setattr, 0, &a, 0u) == 0)
		return;
	a.nice = own;                /* not allowed to be ahead: the slice helps all the same */
	(void)syscall(SYS_sched_setattr, 0, &a, 0u);
}

static void *shard_main(void *arg)
{
	struct talk_shard *s = arg;
	struct talk_threads *th = s->hub->threads;
	char name[16];
	snprintf(name, sizeof(name), "shard-%d", s->index);
	pthread_setname_np(pthread_self(), name);
	go_ahead();
	struct err e = { 0 };
	int rc = shard_up(s, &e);
	if (rc) {
		th->err = rc;
		th->why = e;
	}
	pthread_barrier_wait(&th->ready);
	if (!rc)
		loop_run(s->loop);
	mbox_drain(s->mbox); /* what still waits finds its engines */
	shard_down(s);
	return NULL;
}

static int start_threads(struct talk_hub *h, struct err *e)
{
	struct talk_threads *th = xalloc(sizeof(*th));
	h->threads = th;
	pthread_barrier_init(&th->ready, NULL, (unsigned)h->n + 1);
	for (size_t i = 0; i < h->n; i++)
		if (pthread_create(&th->v[i], NULL, shard_main, &h->shards[i]))
			return err_set(e, ERR_FAIL, "no thread for shard %zu", i);
		else
			th->up[i] = true;
	pthread_barrier_wait(&th->ready);
	if (th->err && e)
		*e = th->why;
	return th->err;
}

static void set_defaults(struct talk_limits *l)
{
	if (!l->idle_chat_ms)
		l->idle_chat_ms = 30 * 60 * 1000;
	if (!l->silence_ms)
		l->silence_ms = 8000;
	if (!l->max_turns)
		l->max_turns = 200;
	if (!l->model_first_ms)
		l->model_first_ms = 5000;
	if (!l->model_first_voice_ms)
		l->model_first_voice_ms = 2400; /* the first gives up at 1500, a second has a
						   turn; a filler sounds meanwhile */
	if (!l->model_total_ms)
		l->model_total_ms = 12000;
	if (!l->model_gap_ms)
		l->model_gap_ms = 3000;
}

int talk_hub_open(struct talk_hub **ret, const struct talk_opts *o, struct err *e)
{
	struct talk_hub *h = xalloc(sizeof(*h));
	h->o = *o;
	h->own_threads = o->loop == NULL;
	int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	int n = o->loop ? 1 : o->shards > 0 ? o->shards : cores > 2 ? cores / 2 : 1;
	h->n = (size_t)(n > 64 ? 64 : n);
	h->cfg = (struct talk_cfg){ .texts = o->texts,
				    .limits = o->limits,
				    .voice_lang = o->voice_lang,
				    .transfer_to = o->transfer_to,
				    .disclosure = o->disclosure,
				    .survey = o->survey,
				    .no_speculation = o->no_speculation };
	set_defaults(&h->cfg.limits);
	obj_ref(o->texts);
	h->strategy = snap_new(o->strategy ? obj_ref(o->strategy) : talk_own_strategy());
	h->flows = snap_new(obj_ref(o->flows));
	h->shards = xalloc(sizeof(*h->shards) * h->n);
	for (size_t i = 0; i < h->n; i++) {
		struct talk_shard *s = &h->shards[i];
		*s = (struct talk_shard){ .hub = h, .index = (int)i };
		s->loop = o->loop ? o->loop : loop_new();
		s->mbox = mbox_new(s->loop);
	}
	int rc = o->replay_dir ? talk_logs_open(&h->logs, o->replay_dir, o->pool, e) : 0;
	if (rc == 0)
		rc = h->own_threads ? start_threads(h, e) : shard_up(&h->shards[0], e);
	if (rc) {
		talk_hub_close(h);
		return rc;
	}
	*ret = h;
	return 0;
}

static void stop_threads(struct talk_hub *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->threads->up[i])
			mbox_post(h->shards[i].mbox, stop_here, h->shards[i].loop);
	for (size_t i = 0; i < h->n; i++)
		if (h->threads->up[i])
			pthread_join(h->threads->v[i], NULL);
	pthread_barrier_destroy(&h->threads->ready);
	xfree(h->threads);
}

void talk_hub_close(struct talk_hub *h)
{
	if (!h)
		return;
	if (h->threads)
		stop_threads(h);
	else if (!h->own_threads)
		shard_down(&h->shards[0]);
	if (h->o.store)
		store_flush(h->o.store); /* acknowledgements under way find their mailboxes
					    still open */
	for (size_t i = 0; i < h->n; i++) {
		mbox_drain(h->shards[i].mbox);
		for (; h->shards[i].logs || h->shards[i].calls; mbox_drain(h->shards[i].mbox))
			usleep(1000);        /* the last of a log; a tool's answer */
		mbox_free(h->shards[i].mbox);
		if (h->own_threads)
			loop_free(h->shards[i].loop);
	}
	obj_unref(h->o.texts);
	snap_free(h->strategy);
	snap_free(h->flows);
	talk_logs_close(h->logs);
	xfree(h->shards);
	xfree(h);
}

void talk_hub_strategy(struct talk_hub *h, struct policy_table *moved)
{
	snap_publish(h->strategy, moved);
}

void talk_hub_flows(struct talk_hub *h, struct flow_set *moved)
{
	snap_publish(h->flows, moved);
}

struct policy_table *talk_hub_strategy_now(struct talk_hub *h)
{
	return snap_get(h->strategy);
}

struct talk_shard *talk_hub_pick(struct talk_hub *h, unsigned n)
{
	if (metric_get(M_CONV_LIVE) >= LIM_CONVERSATIONS)
		return NULL;
	return &h->shards[n % h->n];
}

struct talk_shard *talk_hub_shard(struct talk_hub *h, size_t i)
{
	return i < h->n ? &h->shards[i] : NULL;
}

size_t talk_hub_shards(const struct talk_hub *h)
{
	return h->n;
}

struct loop *talk_shard_loop(struct talk_shard *s)
{
	return s->loop;
}

struct mbox *talk_shard_mbox(struct talk_shard *s)
{
	return s->mbox;
}

int talk_shard_index(const struct talk_shard *s)
{
	return s->index;
}

void *talk_shard_user(const struct talk_shard *s)
{
	return s->user;
}

void talk_shard_set_user(struct talk_shard *s, void *user)
{
	s->user = user;
}
