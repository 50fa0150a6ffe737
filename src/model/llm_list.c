/* llm_list.c: several language models as one.
 *
 * The list is a backend whose answers come from its members. A run holds a copy of its
 * prompt and up to two tries: the first member that may be asked, and, when that is slow,
 * one more (the hedge). Who first passes on text or a call has won: the other is cancelled
 * at once, and from then on nobody takes over. A try that fails before that is replaced by
 * the next member not asked yet, and only the last one is asked repeatedly itself. At most
 * max_running answers run; others wait in three queues, voice before chat before batch;
 * batch fills at most half of the places; when the queues are full a waiting one of a lower
 * class makes room. What falls out, and what cannot be begun, ends from a timer, never from
 * inside a start. Owner: struct llm. The loop's thread. */
#include <stdio.h>

#include "llm_int.h"

enum { MAX_RUNNING = 64, MAX_WAITING = 256, HEDGE_PERCENT = 5, HEDGE_WINDOW = 1000 };

struct try {
	struct ask *ask;
	struct llm_run *run; /* NULL = none */
	size_t member;
};
struct ask { /* one run of the list */
	struct llm_run *r;
	struct list *list;
	struct arena a;
	struct llm_prompt p;
	struct try tries[2];
	unsigned asked;          /* a bit per member */
	int winner;              /* 0, 1; -1 = nobody yet */
	bool running;            /* else it waits, or was refused its place */
	struct loop_timer hedge; /* also: the end of one that was refused */
	struct llm_usage spent;  /* by tries that have ended */
	struct ask *next, **at;  /* in its queue */
};
struct queue {
	struct ask *first, **tail;
};
struct list {
	struct llm *self, *m[LLM_MEMBERS_MAX];
	size_t n;
	struct llm_list_opts o;
	struct queue waiting[LLM_CLASSES];
	size_t n_waiting, running, batches;
	int64_t requests, hedges;
	struct loop_timer kick;
};

/* ---- queues ---- */

static void push(struct queue *q, struct ask *a)
{
	a->next = NULL;
	a->at = q->tail;
	*q->tail = a;
	q->tail = &a->next;
}

static void pull(struct queue *q, struct ask *a)
{
	*a->at = a->next;
	if (a->next)
		a->next->at = a->at;
	else
		q->tail = a->at;
	a->at = NULL;
}

static void unqueue(struct ask *a)
{
	if (!a->at)
		return;
	pull(&a->list->waiting[a->r->cls], a);
	a->list->n_waiting--;
}

static bool room_for(const struct list *l, enum llm_class cls)
{
	size_t half = (size_t)(l->o.max_running + 1) / 2;
	return l->running < (size_t)l->o.max_running &&
	       (cls != LLM_BATCH || l->batches < half);
}

static const enum llm_class order[] = { LLM_VOICE, LLM_CHAT, LLM_BATCH };

/* Who may begin next; NULL when nobody waits or no place is free. */
static struct ask *next_waiting(struct list *l)
{
	for (size_t i = 0; i < LLM_CLASSES; i++)
		if (l->waiting[order[i]].first && room_for(l, order[i]))
			return l->waiting[order[i]].first;
	return NULL;
}

static void on_refused(void *arg)
{
	struct ask *a = arg;
	llm_set_error(a->list->self, SV("too many requests wait"));
	llm_emit_end(a->r, ERR_BUSY);
}

/* The newest of the lowest class below cls makes room. */
static bool evict(struct list *l, enum llm_class cls)
{
	for (size_t i = LLM_CLASSES - 1; order[i] != cls; i--) {
		struct ask *a = l->waiting[order[i]].first;
		while (a && a->next)
			a = a->next;
		if (!a)
			continue;
		unqueue(a);
		loop_after(l->self->loop, &a->hedge, 0, on_refused, a);
		return true;
	}
	return false;
}

/* ---- tries ---- */

static void add_spent(struct ask *a, const struct llm_usage *u)
{
	a->spent.prompt_tokens += u->prompt_tokens;
	a->spent.cached_tokens += u->cached_tokens;
	a->spent.completion_tokens += u->completion_tokens;
	a->spent.cost += u->cost;
}

struct llm_usage llm_list_count(const struct llm_run *r)
{
	const struct ask *a = r->priv;
	struct llm_usage u = r->usage;
	struct ask sum = { 0 };
	if (!a)
		return u;
	add_spent(&sum, &a->spent);
	for (int i = 0; i < 2; i++) {
		if (!a->tries[i].run)
			continue;
		struct llm_usage part = llm_count(a->tries[i].run);
		add_spent(&sum, &part);
	}
	sum.spent.first_ms = u.first_ms;
	sum.spent.model = u.model;
	return sum.spent;
}

static void drop(struct try *t)
{
	if (!t->run)
		return;
	struct llm_usage u = llm_count(t->run);
	add_spent(t->ask, &u);
	llm_cancel(t->run);
	t->run = NULL;
}

static struct try *other(struct try *t)
{
	return &t->ask->tries[t == &t->ask->tries[0]];
}

static void win(struct try *t)
{
	struct ask *a = t->ask;
	if (a->winner >= 0)
		return;
	a->winner = t == &a->tries[1];
	a->r->usage.model = llm_name(a->list->m[t->member]);
	loop_timer_stop(&a->hedge);
	drop(other(t));
}

static void on_delta(void *arg, sv text)
{
	struct try *t = arg;
	win(t);
	(void)llm_emit_delta(t->ask->r, text);
}

static void on_call(void *arg, const struct llm_call *call)
{
	struct try *t = arg;
	win(t);
	(void)llm_emit_call(t->ask->r, call);
}

static void on_end(void *arg, int err, const struct llm_usage *u);

static bool another(const struct ask *a)
{
	for (size_t i = 0; i < a->list->n; i++)
		if (!(a->asked & 1u << i) && llm_healthy(a->list->m[i]))
			return true;
	return false;
}

/* Asks the next member that was not asked yet: 0, or why there is none. */
static int ask_next(struct ask *a, struct try *t, int rc)
{
	static const struct llm_cb cb = { on_delta, on_call, on_end };
	struct list *l = a->list;
	for (size_t i = 0; i < l->n; i++) {
		if (a->asked & 1u << i)
			continue;
		a->asked |= 1u << i;
		t->ask = a;
		t->member = i;
		bool patient = a->p.cls == LLM_BATCH || !another(a);
		int err = llm_start_with(l->m[i], &a->p, patient ? LLM_RETRIES : 0, &cb, t,
					 &t->run);
		if (!err) {
			t->run->outer = a->r;
			return 0;
		}
		rc = err == ERR_BUSY && rc ? rc : err;
	}
	return rc;
}

static void note_error(struct try *t, int err)
{
	struct list *l = t->ask->list;
	char line[256];
	const char *why = llm_error(l->m[t->member]);
	(void)snprintf(line, sizeof(line), "%.60s: %.180s", llm_name(l->m[t->member]),
		       why[0] ? why : err_text(err));
	llm_set_error(l->self, sv_of(line));
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct try *t = arg;
	struct ask *a = t->ask;
	t->run = NULL;
	add_spent(a, u);
	if (err)
		note_error(t, err);
	else
		win(t);
	if (err && a->winner < 0) {
		if (other(t)->run)
			return;
		err = ask_next(a, t, err);
		if (!err)
			return;
	}
	llm_emit_end(a->r, err);
}

/* At most hedge_percent of the requests, counted over a window that fades; a caller's silence
 * costs more than tokens. */
static bool may_hedge(struct list *l, enum llm_class cls)
{
	if (cls == LLM_VOICE)
		return true;
	if (l->hedges * 100 > l->o.hedge_percent * (l->requests - 1))
		return false;
	l->hedges++;
	return true;
}

static void on_hedge(void *arg)
{
	struct ask *a = arg;
	struct try *first = &a->tries[0];
	if (first->run && !first->run->useful && another(a) && may_hedge(a->list, a->p.cls))
		(void)ask_next(a, &a->tries[1], 0);
}

static int begin(struct ask *a)
{
	struct list *l = a->list;
	int rc = ask_next(a, &a->tries[0], 0);
	if (rc)
		return rc;
	a->running = true;
	l->running++;
	l->batches += a->p.cls == LLM_BATCH;
	l->requests++;
	if (l->requests >= HEDGE_WINDOW) {
		l->requests /= 2;
		l->hedges /= 2;
	}
	if (l->o.hedge_ms > 0 && a->p.cls != LLM_BATCH)
		loop_after(l->self->loop, &a->hedge, l->o.hedge_ms, on_hedge, a);
	return 0;
}

static void on_kick(void *arg)
{
	struct list *l = arg;
	struct ask *a;
	while ((a = next_waiting(l))) {
		unqueue(a);
		int rc = begin(a);
		if (rc)
			llm_emit_end(a->r, rc);
	}
}

/* ---- the backend ---- */

static void ask_free(struct ask *a)
{
	llm_prompt_done(&a->p);
	arena_done(&a->a);
	xfree(a);
}

/* Does somebody wait who goes first, or is no place free? */
static bool must_wait(const struct list *l, enum llm_class cls)
{
	for (size_t i = 0; i < LLM_CLASSES; i++) {
		if (l->waiting[order[i]].first)
			return true;
		if (order[i] == cls)
			break;
	}
	return !room_for(l, cls);
}

static int list_start(struct llm *m, const struct llm_prompt *p, struct llm_run *r)
{
	struct list *l = m->priv;
	bool wait = must_wait(l, p->cls);
	if (wait && l->n_waiting >= (size_t)l->o.max_waiting && !evict(l, p->cls)) {
		llm_set_error(m, SV("too many requests wait"));
		return ERR_BUSY;
	}
	struct ask *a = xalloc(sizeof(*a));
	*a = (struct ask){ .r = r, .list = l, .winner = -1 };
	arena_init(&a->a, LLM_ASK_MAX);
	int rc = llm_prompt_copy(&a->p, p, &a->a);
	if (!rc && wait) {
		push(&l->waiting[p->cls], a);
		l->n_waiting++;
	} else if (!rc) {
		rc = begin(a);
	}
	if (rc)
		ask_free(a);
	else
		r->priv = a;
	return rc;
}

static void list_cancel(struct llm_run *r)
{
	struct ask *a = r->priv;
	if (!a)
		return;
	struct list *l = a->list;
	r->priv = NULL;
	loop_timer_stop(&a->hedge);
	unqueue(a);
	llm_cancel(a->tries[0].run);
	llm_cancel(a->tries[1].run);
	if (a->running) {
		l->running--;
		l->batches -= a->p.cls == LLM_BATCH;
		loop_after(l->self->loop, &l->kick, 0, on_kick, l);
	}
	ask_free(a);
}

static void list_close(struct llm *m)
{
	struct list *l = m->priv;
	loop_timer_stop(&l->kick);
	for (size_t i = 0; i < l->n; i++)
		llm_close(l->m[i]);
	xfree(l);
}

static bool list_healthy(const struct llm *m)
{
	const struct list *l = m->priv;
	for (size_t i = 0; i < l->n; i++)
		if (llm_healthy(l->m[i]))
			return true;
	return false;
}

static bool list_base(const struct llm *m)
{
	const struct list *l = m->priv;
	for (size_t i = 0; i < l->n; i++)
		if (!llm_base(l->m[i]))
			return false;
	return true;
}

static int list_open(struct llm *m, const struct model_spec *s, struct err *e)
{
	m->healthy = list_healthy;
	m->all_base = list_base;
	return 0;
}

static const struct llm_ops llm_list = { "list", list_open, list_start, list_cancel,
					 list_close };

/* The whole list has the time of its two slowest members for a first token, and of the
 * slowest for the whole answer. */
static void set_waits(struct llm *m, const struct list *l)
{
	for (int c = 0; c < LLM_CLASSES; c++) {
		int one = 0, two = 0, total = 0;
		for (size_t i = 0; i < l->n; i++) {
			const struct llm_wait *w = &l->m[i]->wait;
			int f = w->first[c];
			two = f > one ? one : f > two ? f : two;
			one = f > one ? f : one;
			total = w->total[c] > total ? w->total[c] : total;
		}
		m->wait.first[c] = one + two < total ? one + two : total;
		m->wait.total[c] = total;
	}
}

static void set_name(struct llm *m, const struct list *l)
{
	struct sb b;
	sb_init(&b, 256);
	for (size_t i = 0; i < l->n; i++)
		sb_fmt(&b, "%s%s", i ? ", " : "", llm_name(l->m[i]));
	xfree(m->name);
	m->name = xstrdup(sb_sv(&b));
	sb_done(&b);
}

static struct list *list_new(struct llm *m, const struct llm_list_opts *o)
{
	struct list *l = xalloc(sizeof(*l));
	l->self = m;
	l->o = *o;
	l->o.max_running = o->max_running > 0 ? o->max_running : MAX_RUNNING;
	l->o.max_waiting = o->max_waiting > 0 ? o->max_waiting : MAX_WAITING;
	l->o.hedge_percent = o->hedge_percent > 0 ? o->hedge_percent : HEDGE_PERCENT;
	for (int i = 0; i < LLM_CLASSES; i++)
		l->waiting[i].tail = &l->waiting[i].first;
	m->priv = l;
	return l;
}

int llm_open_list(struct llm **ret, const struct model_spec *s, size_t n,
		  const struct llm_list_opts *o, struct loop *loop, struct err *e)
{
	static const struct llm_list_opts usual = { 0 };
	static const struct model_spec none = { .kind = "list" };
	struct llm *m;
	if (!n || n > LLM_MEMBERS_MAX)
		return err_set(e, ERR_INVAL, "a list has 1 to %d language models",
			       LLM_MEMBERS_MAX);
	int rc = llm_make(&m, &llm_list, &none, loop, e);
	if (rc)
		return rc;
	struct list *l = list_new(m, o ? o : &usual);
	for (; !rc && l->n < n; l->n += !rc)
		rc = llm_open(&l->m[l->n], &s[l->n], loop, e);
	if (rc) {
		llm_close(m);
		return rc;
	}
	set_waits(m, l);
	set_name(m, l);
	*ret = m;
	return 0;
}
