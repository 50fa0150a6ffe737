/* acd.c: opening, the thread, and the door for orders.
 *
 * Orders come through a mailbox to the owner's thread and wait in a list; a turn (acd_batch.c)
 * takes them in their order. What a mailbox carries is bounded, the list too. Consoles are counted
 * on arrival, because a socket is there or not whatever becomes of a write.
 */
#include "acd_int.h"

#include <string.h>
#include <time.h>

enum { CLOSE_POSTS = 1000 };         /* a millisecond each: answers for a full mailbox */

/* ---- orders ---- */

static void count_socket(struct acd *a, struct acd_job *j)
{
	int *n = map_get(a->sockets, j->o.agent);
	if (!n) {
		n = xalloc(sizeof(*n));
		if (map_put(a->sockets, j->o.agent, n)) {
			xfree(n);
			return;
		}
	}
	*n += j->o.on ? 1 : -1;
	if (*n < 0)
		*n = 0;
}

static void wait_turn(struct acd *a, struct acd_job *j)
{
	*a->last = j;
	a->last = &j->next;
	a->waiting++;
}

static void on_order(void *arg)
{
	struct acd_job *j = arg;
	struct acd *a = j->a;
	if (j->o.act == ACD_DO_SOCKET && j->o.agent.n)
		count_socket(a, j);
	if (a->closing || a->waiting >= ACD_ORDERS) {
		j->err = a->closing ? ERR_CLOSED : ERR_FULL;
		j->known = j->o.act == ACD_DO_ASK &&
			   acd_of_conversation(a, j->ask.conversation) != NULL;
		acd_job_finish(a, j);
		return;
	}
	wait_turn(a, j);
	acd_turn(a);
}

int acd_do(struct acd *a, const struct acd_order *o)
{
	int rc;
	if ((unsigned)o->act >= ACD_DOS)
		return ERR_INVAL;
	struct acd_job *j = acd_job_new(a, o, &rc);
	if (!j)
		return rc;
	rc = mbox_post(a->box, on_order, j);
	if (rc)
		acd_job_free(j);
	return rc;
}

int acd_recover_order(struct acd *a, bool restart)
{
	int rc;
	struct acd_order o = { .act = (enum acd_do)ACD_DO_RECOVER, .on = restart };
	struct acd_job *j = acd_job_new(a, &o, &rc);
	if (!j)
		return rc;
	j->next = a->first;                  /* before all that waits */
	if (!a->first)
		a->last = &j->next;
	a->first = j;
	a->waiting++;
	return 0;
}

bool acd_idle(const struct acd *a)
{
	return !a->flight && !a->first && !a->now && !a->broken;
}

/* ---- what talk calls ---- */

static int people_ask(void *arg, const struct talk_ask *x)
{
	return acd_do(arg,
		      &(struct acd_order){ .act = ACD_DO_ASK, .ask = x, .by = SV("customer") });
}

static void people_gone(void *arg, sv conversation, const char *why)
{
	(void)acd_do(arg, &(struct acd_order){ .act = ACD_DO_GONE, .conversation = conversation,
					       .why = sv_of(why), .by = SV("customer") });
}

static void people_phone(void *arg, sv conversation, sv party, const char *step, const char *why,
			 int status)
{
	(void)acd_do(arg, &(struct acd_order){ .act = ACD_DO_PHONE, .conversation = conversation,
					       .party = party, .step = sv_of(step),
					       .why = sv_of(why), .status = status });
}

static void people_callback(void *arg, sv conversation, sv number)
{
	(void)acd_do(arg, &(struct acd_order){ .act = ACD_DO_CALLBACK,
					       .conversation = conversation, .number = number,
					       .by = SV("customer") });
}

void acd_people(struct acd *a, struct talk_people *ret)
{
	*ret = (struct talk_people){ .ask = people_ask, .gone = people_gone, .phone = people_phone,
				     .callback = people_callback, .arg = a };
}

/* ---- opening and closing ---- */

static void on_real(void *arg)
{
	struct acd *a = arg;
	if (!a->broken)
		acd_realtime(a);
	loop_after(a->loop, &a->real, a->o.realtime_ms, on_real, a);
}

static void on_start(void *arg)
{
	struct acd *a = arg;
	if (a->o.realtime_ms > 0 && a->o.feed)
		loop_after(a->loop, &a->real, a->o.realtime_ms, on_real, a);
	acd_turn(a);
}

static void *run(void *arg)
{
	struct acd *a = arg;
	loop_run(a->loop);
	return NULL;
}

static struct acd *make(const struct acd_opts *o)
{
	struct acd *a = xalloc(sizeof(*a));
	a->o = *o;
	a->store = o->store;
	a->own = !o->loop;
	a->loop = o->loop ? o->loop : loop_new();
	a->box = mbox_new(a->loop);
	a->yaml = xstrdup(o->yaml);
	a->o.yaml = sv_n(a->yaml, o->yaml.n);
	a->yaml_name = xstrdup(sv_of(o->yaml_name ? o->yaml_name : "queues.yaml"));
	a->last = &a->first;
	a->unsent_end = &a->unsent;
	a->hos = map_new(ACD_LIVE + 1);
	a->by_conv = map_new(ACD_LIVE + 1);
	a->agents = map_new(ACD_CORE_AGENTS);
	a->sockets = map_new(ACD_CORE_AGENTS);
	a->has_key = o->key != NULL;
	if (o->key)
		memcpy(a->key, o->key, sizeof(a->key));
	a->plans = snap_new(NULL);
	return a;
}

static void free_values(struct map *m)
{
	size_t it = 0;
	sv key;
	void *p;
	while (map_next(m, &it, &key, &p))
		xfree(p);
	map_free(m);
}

static void free_jobs(struct acd_job *j)
{
	for (struct acd_job *next; j; j = next) {
		next = j->next;
		acd_job_free(j);
	}
}

static void release(struct acd *a)
{
	loop_timer_stop(&a->tick);
	loop_timer_stop(&a->real);
	loop_timer_stop(&a->retry);
	loop_timer_stop(&a->post);
	mbox_free(a->box);
	acd_unload(a);
	free_jobs(a->first);
	free_jobs(a->unsent);
	map_free(a->hos);
	map_free(a->by_conv);
	acd_match_free(a->match);
	free_values(a->agents);
	free_values(a->sockets);
	snap_free(a->plans);
	obj_unref(a->plan);
	VEC_FREE(&a->touched);
	VEC_FREE(&a->changed);
	if (a->own)
		loop_free(a->loop);
	memset(a->key, 0, sizeof(a->key));
	xfree(a->yaml);
	xfree(a->yaml_name);
	xfree(a);
}

int acd_open(struct acd **ret, const struct acd_opts *o, struct err *e)
{
	struct acd *a = make(o);
	int rc = acd_load(a, true, e);
	if (rc == 0)
		snap_publish(a->plans, obj_ref(a->plan));
	if (rc == 0 && mbox_post(a->box, on_start, a))
		rc = err_set(e, ERR_FAIL, "hand-overs: the thread cannot be started");
	if (rc == 0 && a->own && pthread_create(&a->thread, NULL, run, a))
		rc = err_set(e, ERR_FAIL, "hand-overs: no thread could be started");
	if (rc) {
		release(a);
		return rc;
	}
	*ret = a;
	return 0;
}

static void on_stop(void *arg)
{
	struct acd *a = arg;
	a->closing = true;
	if (a->own)
		loop_stop(a->loop);
}

void acd_close(struct acd *a)
{
	if (!a)
		return;
	if (mbox_post(a->box, on_stop, a))
		loop_stop(a->loop);
	if (a->own)
		(void)pthread_join(a->thread, NULL);
	/* What was ordered is written; a turn may order the next. */
	for (int i = 0; i < 1000 && !(acd_idle(a) && a->closing) && !a->broken; i++) {
		(void)store_flush(a->store);
		(void)mbox_drain(a->box);
	}
	a->closing = true;
	for (struct acd_job *j = a->first, *next; j; j = next) {
		next = j->next;
		j->err = ERR_CLOSED;
		acd_job_finish(a, j);
	}
	a->first = NULL;
	a->last = &a->first;
	/* no loop waits for this thread any more */
	for (int i = 0; i < CLOSE_POSTS && a->unsent; i++) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		acd_job_post_unsent(a);
	}
	release(a);
}
