/* acd_batch.c: first the disk, then the world.
 *
 * A turn takes the orders that wait and what is due, lets the machine decide, and notes in a batch
 * what follows: rows, river events, words for conversations, events for consoles, answers. The
 * batch is one write of the scribe; only one is under way. When it is durable the batch is told,
 * and the next turn begins. When it failed nothing of it is told: orders get the error, the machine
 * and the memory are read again from the disk, and what happened outside all the same (a customer
 * left, a telephone was picked up) is tried again. Owner's thread, but for write_all.
 */
#include "acd_int.h"

#include <stdio.h>

static void event_done(struct acd_event *e)
{
	xfree(e->kind);
	xfree(e->customer);
	xfree(e->actor);
	xfree(e->body);
}

static void say_done(struct acd_say *s)
{
	xfree(s->text);
	obj_unref(s->music);
}

struct acd_batch *acd_batch_new(struct acd *a)
{
	struct acd_batch *b = xalloc(sizeof(*b));
	b->a = a;
	b->jobs_end = &b->jobs;
	return b;
}

void acd_batch_free(struct acd_batch *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->rows.n; i++)
		ho_long_done(&b->rows.v[i].more);
	for (size_t i = 0; i < b->events.n; i++)
		event_done(&b->events.v[i]);
	for (size_t i = 0; i < b->tells.n; i++)
		xfree(b->tells.v[i].json);
	for (size_t i = 0; i < b->says.n; i++)
		say_done(&b->says.v[i]);
	for (struct acd_job *j = b->jobs, *next; j; j = next) {
		next = j->next;
		acd_job_free(j);
	}
	VEC_FREE(&b->rows);
	VEC_FREE(&b->agents);
	VEC_FREE(&b->events);
	VEC_FREE(&b->tells);
	VEC_FREE(&b->says);
	VEC_FREE(&b->lessons);
	xfree(b);
}

static char *dump(jv *body)
{
	struct sb s;
	sb_init(&s, LIM_JSON_BYTES);
	jv_dump(body, &s);
	jv_free(body);
	char *p = xstrdup(sb_err(&s) ? SV("{}") : sb_sv(&s));
	sb_done(&s);
	return p;
}

void acd_event(struct acd *a, const char *kind, sv customer, sv actor, jv *body)
{
	struct acd_event *e = VEC_PUSH(&a->now->events, ACD_MOST);
	ASSERT(e != NULL);
	*e = (struct acd_event){ xstrdup(sv_of(kind)), xstrdup(customer), xstrdup(actor),
				 dump(body) };
}

void acd_events_back(struct acd *a, size_t n)
{
	while (a->now->events.n > n)
		event_done(&a->now->events.v[--a->now->events.n]);
}

void acd_tell(struct acd *a, const char *type, sv agent, const struct ho *h, jv *body)
{
	struct acd_tell *t = VEC_PUSH(&a->now->tells, ACD_MOST);
	ASSERT(t != NULL);
	t->type = type;
	sv_copy(t->agent, sizeof(t->agent), agent);
	if (h)
		sv_copy(t->id, sizeof(t->id), sv_of(h->id));
	t->json = body ? dump(body) : NULL;
}

void acd_say(struct acd *a, const struct ho *h, struct acd_say say)
{
	const struct acd_queue *q = acd_queue_of(a, h);
	struct acd_say *s;
	if (h->kind != HO_LIVE)
		return;
	s = VEC_PUSH(&a->now->says, ACD_MOST);
	ASSERT(s != NULL);
	*s = say;
	if (q) {
		s->no_callback = !q->callback;
		s->voicemail = q->voicemail;
		s->paced = q->say_every_s > 0;
		s->music = obj_ref(q->tune);
	}
	s->text = say.text ? xstrdup(sv_of(say.text)) : NULL;
	sv_copy(s->conversation, sizeof(s->conversation), sv_of(h->conversation));
}

int64_t acd_now(struct acd *a)
{
	int64_t now = loop_wall_ms(a->loop);
	if (now > a->clock)
		a->clock = now;
	return a->clock;
}

/* ---- what a turn changed, copied for the scribe ---- */

static void take_rows(struct acd *a, struct acd_batch *b)
{
	for (size_t i = 0; i < a->touched.n; i++) {
		struct ho *h = a->touched.v[i];
		struct ho *row = VEC_PUSH(&b->rows, ACD_MOST);
		ASSERT(row != NULL);
		*row = *h;                   /* the long texts go with it */
		h->more = (struct ho_long){ 0 };
		h->dirty = false;
	}
	for (size_t i = 0; i < a->touched.n; i++)
		if (!ho_is_live(a->touched.v[i]) && !a->touched.v[i]->in_wrap)
			acd_forget(a, a->touched.v[i]);
	a->touched.n = 0;
	for (size_t i = 0; i < a->changed.n; i++) {
		struct ag *g = VEC_PUSH(&b->agents, ACD_MOST);
		ASSERT(g != NULL);
		*g = *a->changed.v[i];
		a->changed.v[i]->dirty = false;
	}
	a->changed.n = 0;
}

static int write_all(void *arg, struct store_db *db)
{
	struct acd_batch *b = arg;
	int rc = 0;
	for (size_t i = 0; i < b->rows.n && rc == 0; i++)
		rc = ho_save(db, &b->rows.v[i]);
	for (size_t i = 0; i < b->agents.n && rc == 0; i++)
		rc = ag_save(db, &b->agents.v[i]);
	for (size_t i = 0; i < b->events.n && rc == 0; i++) {
		const struct acd_event *e = &b->events.v[i];
		struct store_event ev = { .ts_ms = b->now, .kind = sv_of(e->kind),
					  .customer = sv_of(e->customer),
					  .actor = sv_of(e->actor), .body = sv_of(e->body) };
		rc = store_event_put(db, &ev);
	}
	return rc;
}

/* ---- telling ---- */

static void say_all(struct acd *a, struct acd_batch *b)
{
	for (size_t i = 0; i < b->says.n && a->o.word; i++) {
		const struct acd_say *s = &b->says.v[i];
		struct talk_word w = {
			.kind = s->kind, .conversation = sv_of(s->conversation),
			.agent = sv_of(s->agent), .name = sv_of(s->name), .text = sv_of(s->text),
			.why = sv_of(s->why), .position = s->position, .wait_ms = s->wait_ms,
			.survey = s->survey ? SURVEY_CSAT : SURVEY_NONE,
			.party = sv_of(s->party), .to = sv_of(s->to), .act = s->act,
			.mode = s->mode, .ring_ms = s->ring_ms,
			.no_callback = s->no_callback, .voicemail = s->voicemail,
			.quiet = s->quiet, .paced = s->paced, .nobody = s->nobody,
			.music = s->music
		};
		(void)a->o.word(a->o.word_arg, &w);
	}
}

static void tell_all(struct acd *a, struct acd_batch *b)
{
	struct store_db *db;
	struct sb s;
	if (!a->o.feed || store_reader(a->store, &db))
		return;
	sb_init(&s, LIM_JSON_BYTES);
	for (size_t i = 0; i < b->tells.n; i++) {
		const struct acd_tell *t = &b->tells.v[i];
		sb_reset(&s);
		if (t->json)
			sb_cstr(&s, t->json);
		else if (acd_get(db, sv_of(t->id), NULL, &s))
			continue;
		if (sb_err(&s) == 0)
			a->o.feed(a->o.feed_arg, t->type, sv_of(t->agent), sb_sv(&s));
	}
	sb_done(&s);
}

static void job_tell(void *arg)
{
	struct acd_job *j = arg;
	j->o.done(j->o.arg, j->err, j->json.n ? sb_sv(&j->json) : SV("{}"));
	acd_job_free(j);
}

static void on_post(void *arg)
{
	acd_job_post_unsent(arg);
}

/* One that does not even take so many in all that time does not live any more. */
static void keep_unsent(struct acd *a, struct acd_job *j)
{
	if (a->n_unsent >= ACD_ORDERS) {
		acd_job_free(j);
		return;
	}
	a->n_unsent++;
	j->next = NULL;
	*a->unsent_end = j;
	a->unsent_end = &j->next;
	if (!loop_timer_on(&a->post))
		loop_after(a->loop, &a->post, ACD_POST_MS, on_post, a);
}

/* A full mailbox belongs to a busy owner: false, it is posted again. One that is gone needs no
 * answer. */
static bool job_post(struct acd_job *j)
{
	int rc = mbox_post(j->o.back, job_tell, j);
	if (rc && rc != ERR_FULL)
		acd_job_free(j);
	return rc != ERR_FULL;
}

static bool unsent_to(const struct acd *a, const struct mbox *box)
{
	for (const struct acd_job *j = a->unsent; j; j = j->next)
		if (j->o.back == box)
			return true;
	return false;
}

void acd_job_post_unsent(struct acd *a)
{
	struct acd_job *j = a->unsent, *next;
	a->unsent = NULL;
	a->unsent_end = &a->unsent;
	a->n_unsent = 0;
	for (; j; j = next) {
		next = j->next;
		if (unsent_to(a, j->o.back) || !job_post(j))
			keep_unsent(a, j);
	}
}

/* A wish that came to nothing leaves nobody waiting. */
static void ask_failed(struct acd *a, const struct acd_job *j)
{
	struct talk_word w = { .kind = WORD_NOBODY, .conversation = j->ask.conversation,
			       .why = SV("full") };
	if (j->ask.agent.n) {                /* it believes to be with somebody */
		w.kind = WORD_BACK;
		w.agent = j->ask.agent;
		w.why = SV("over");
	}
	if (a->o.word && !j->known && j->err != ERR_CLOSED)
		(void)a->o.word(a->o.word_arg, &w);
}

void acd_job_finish(struct acd *a, struct acd_job *j)
{
	struct store_db *db;
	if (j->err && j->o.act == ACD_DO_ASK)
		ask_failed(a, j);
	if (!j->o.done) {
		acd_job_free(j);
		return;
	}
	if (j->err == 0 && j->id[0] && j->json.n == 0 && store_reader(a->store, &db) == 0)
		(void)acd_get(db, sv_of(j->id), NULL, &j->json);
	if (!j->o.back)
		job_tell(j);
	else if (a->unsent || !job_post(j))  /* behind those that wait */
		keep_unsent(a, j);
}

static void tell_batch(struct acd *a, struct acd_batch *b)
{
	struct acd_job *j = b->jobs, *next;
	b->jobs = NULL;
	for (size_t i = 0; i < b->lessons.n; i++)
		acd_match_learn(a->match, &b->lessons.v[i]);
	tell_all(a, b);              /* who serves it from now hears the rows of what is said */
	say_all(a, b);
	for (; j; j = next) {
		next = j->next;
		acd_job_finish(a, j);
	}
}

/* ---- turns ---- */

static void on_retry(void *arg)
{
	struct acd *a = arg;
	if (a->unread && acd_load(a, a->restart, NULL)) {
		acd_unload(a);
		loop_after(a->loop, &a->retry, ACD_RETRY_MS, on_retry, a);
		return;
	}
	a->unread = a->broken = false;
	acd_turn(a);
}

static void put_back(struct acd *a, struct acd_job *j)
{
	a->waiting++;
	if (j->tries > ACD_PATIENCE) {       /* others go on meanwhile */
		*a->last = j;
		a->last = &j->next;
		return;
	}
	j->next = a->first;
	if (!a->first)
		a->last = &j->next;
	a->first = j;
}

/* Facts are tried again, before what waits and in their order, each alone: what is wrong may be one
 * of them. Requests are refused. */
static void undo(struct acd *a, struct acd_batch *b, int err)
{
	struct acd_job *facts = NULL, *j = b->jobs, *next;
	b->jobs = NULL;
	for (; j; j = next) {
		next = j->next;
		j->next = NULL;
		if (j->o.act == (enum acd_do)ACD_DO_RECOVER) {
			a->restart |= j->o.on;       /* reading again orders the next */
			acd_job_free(j);
		} else if (acd_is_fact(j->o.act) && ++j->tries < ACD_FACT_TRIES) {
			j->err = 0;
			j->id[0] = 0;
			j->next = facts;
			facts = j;
		} else {
			j->err = err;
			acd_job_finish(a, j);
		}
	}
	for (j = facts; j; j = next) {
		next = j->next;
		j->next = NULL;
		put_back(a, j);
	}
	acd_unload(a);
	a->unread = acd_load(a, a->restart, NULL) != 0;
	if (a->unread)
		acd_unload(a);
	a->broken = true;
	loop_after(a->loop, &a->retry, ACD_RETRY_MS, on_retry, a);
}

static void on_written(void *arg, int err)
{
	struct acd_batch *b = arg;
	struct acd *a = b->a;
	a->flight = NULL;
	if (err) {
		if (!a->failing)
			LOG(ERROR, "acd.write",
			    "err=%s orders are refused until it can be written", err_name(err));
		a->failing = true;
		undo(a, b, err);
	} else {
		if (a->failing)
			LOG(INFO, "acd.write", "it can be written again");
		a->failing = a->restart = false;
		tell_batch(a, b);
	}
	acd_batch_free(b);
	acd_turn(a);
}

static void take_orders(struct acd *a, struct acd_batch *b)
{
	for (int n = 0; n < ACD_BATCH && a->first; n++) {
		struct acd_job *j = a->first;
		if (n && (j->tries || b->jobs->tries))
			break;
		a->first = j->next;
		if (!a->first)
			a->last = &a->first;
		a->waiting--;
		j->next = NULL;
		*b->jobs_end = j;
		b->jobs_end = &j->next;
		acd_order_run(a, j);
	}
}

static void on_due(void *arg)
{
	acd_turn(arg);
}

static int64_t do_due(struct acd *a)
{
	int64_t mine = acd_due(a), core = acd_core_tick(a->core, a->now->now);
	acd_sync(a);
	return mine < core ? mine : core;
}

static void set_timer(struct acd *a, int64_t due)
{
	int64_t now = a->clock, ms = due - now;
	if (due == INT64_MAX)
		loop_timer_stop(&a->tick);
	else
		loop_after(a->loop, &a->tick, ms < 1 ? 1 : ms > 60000 ? 60000 : ms, on_due, a);
}

static bool nothing_to_write(const struct acd_batch *b)
{
	return b->rows.n == 0 && b->agents.n == 0 && b->events.n == 0;
}

void acd_turn(struct acd *a)
{
	if (a->flight || a->broken || a->now)
		return;
	struct acd_batch *b = acd_batch_new(a);
	a->now = b;
	b->now = acd_now(a);
	(void)acd_new_day(a);
	take_orders(a, b);
	int64_t due = b->jobs && b->jobs->tries ? b->now : do_due(a);
	set_timer(a, a->first ? b->now : due);
	take_rows(a, b);
	a->now = NULL;
	if (nothing_to_write(b)) {
		tell_batch(a, b);
		acd_batch_free(b);
		return;
	}
	a->flight = b;
	int rc = store_write(a->store, write_all, b, a->box, on_written);
	if (rc)
		on_written(b, rc);
}
