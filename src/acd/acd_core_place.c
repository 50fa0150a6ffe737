/* acd_core_place.c: where an item waits: the line of those who want the same, the order in its
 * queue, the steps by which its wishes are relaxed, where a queue sends what it cannot keep,
 * and the counters of all that.
 *
 * The order: points = priority + ageing * minutes waited. As all age alike the order of two
 * never changes, so it is kept as a moment: since - priority / ageing. Without ageing it is
 * priority, then who came first. In one line all have one priority: it is a plain line. One
 * thread.
 */
#include "acd_core_int.h"

/* ---- steps ---- */

static int step_at(const struct queue *q, int64_t waited_ms)
{
	int i = 0;
	while (i + 1 < q->n_steps && waited_ms >= q->step[i + 1].after_s * INT64_C(1000))
		i++;
	return i;
}

static void add_time(struct queue *q, int s)
{
	int i = q->n_steps;
	for (int k = 0; k < q->n_steps; k++)
		if (q->step[k].after_s == s)
			return;
	for (; i > 0 && q->step[i - 1].after_s > s; i--)
		q->step[i] = q->step[i - 1];
	q->step[i] = (struct step){ .after_s = s };
	q->n_steps++;
}

void place_steps(struct queue *q)
{
	const struct acd_queue *p = q->q;
	bool drops = false;
	q->n_steps = 0;
	memset(q->reach, 0, sizeof(q->reach));
	add_time(q, 0);
	for (int i = 0; i < p->n_relax; i++) {
		add_time(q, p->relax[i].after_s);
		drops |= p->relax[i].drop_preferred;
	}
	for (int tier = 2; p->tier_wait_s && tier <= 9; tier++)
		add_time(q, (tier - 1) * p->tier_wait_s);
	for (int k = 0; k < q->n_steps; k++) {
		struct step *s = &q->step[k];
		int tiers = p->tier_wait_s ? 1 + s->after_s / p->tier_wait_s : 9;
		s->max_tier = tiers >= 9 ? INT_MAX : tiers;
		s->drop_preferred = !drops;
		for (int i = 0; i < p->n_relax && p->relax[i].after_s <= s->after_s; i++) {
			const struct acd_relax *x = &p->relax[i];
			s->lower = x->lower > s->lower ? x->lower : s->lower;
			s->drop_preferred |= x->drop_preferred;
			s->any_lang |= x->any_language;
			if (x->queue >= 0) {
				bit_set(s->queues, x->queue);
				bit_set(q->reach, x->queue);
			}
		}
	}
}

/* What the queue and the item itself want, each skill once with the higher level. */
void place_wants(struct acd_core *c, struct item *x)
{
	const struct acd_queue *q = c->queue[x->queue].q;
	x->n_want = 0;
	for (int i = 0; i < q->n_need; i++)
		x->want[x->n_want++] = (struct want){ (int16_t)q->need[i].skill,
						      (int8_t)q->need[i].level,
						      q->need[i].preferred };
	for (int i = 0; i < x->n_own; i++) {
		const struct want *w = &x->own[i];
		int k = 0;
		while (k < x->n_want && x->want[k].skill != w->skill)
			k++;
		if (k == x->n_want) {
			x->want[x->n_want++] = *w;
			continue;
		}
		x->want[k].level = w->level > x->want[k].level ? w->level : x->want[k].level;
		x->want[k].preferred &= w->preferred;
	}
}

/* ---- lines ---- */

static void fill_key(const struct item *x, struct demand_key *k)
{
	memset(k, 0, sizeof(*k));
	k->queue = x->queue;
	k->lang = x->lang;
	k->priority = x->priority;
	k->step = x->step;
	k->only = x->only ? x->only->serial : 0;
	k->direct = x->only && x->direct;
	k->media = (int8_t)x->media;
	k->n_want = (int8_t)x->n_want;
	for (int i = 0; i < x->n_want; i++) {
		k->want[i].skill = x->want[i].skill;
		k->want[i].level = x->want[i].level;
		k->want[i].preferred = x->want[i].preferred;
	}
}

static void fill_demand(struct acd_core *c, struct demand *d)
{
	const struct step *s = &c->queue[d->k.queue].step[d->k.step];
	d->queues[0] = s->queues[0];
	d->queues[1] = s->queues[1];
	d->max_tier = s->max_tier;
	d->any_lang = s->any_lang || d->k.lang < 0;
	for (int i = 0; i < d->k.n_want; i++) {
		struct want w = d->k.want[i];
		if (w.preferred && s->drop_preferred)
			continue;
		w.level = (int8_t)(w.level > s->lower ? w.level - s->lower : 1);
		d->need[d->n_need++] = w;
		d->skills |= UINT64_C(1) << w.skill;
	}
}

void place_demand(struct acd_core *c, const struct item *x, struct demand *d)
{
	memset(d, 0, sizeof(*d));
	fill_key(x, &d->k);
	fill_demand(c, d);
}

static struct lines *lines_of(struct acd_core *c, const struct demand *d)
{
	return d->k.only ? &c->only : &c->queue[d->k.queue].lines;
}

static struct demand *demand_get(struct acd_core *c, const struct item *x)
{
	struct demand_key k;
	struct demand *d;
	fill_key(x, &k);
	d = map_get(c->demands, sv_n((const char *)&k, sizeof(k)));
	if (d)
		return d;
	d = xalloc(sizeof(*d));
	d->k = k;
	fill_demand(c, d);
	struct lines *lines = lines_of(c, d);
	struct line *l = VEC_PUSH(lines, ACD_CORE_ITEMS);
	ASSERT(l && map_put(c->demands, sv_n((const char *)&d->k, sizeof(d->k)), d) == 0);
	*l = (struct line){ .d = d,
			    .skills = k.direct ? 0 : d->skills,
			    .only = k.only,
			    .media = k.media,
			    .lang = (int8_t)(d->any_lang || k.direct ? -1 : k.lang) };
	d->at = (int)lines->n - 1;
	return d;
}

/* Another item is its first, or there is none any more. */
static void demand_changed(struct acd_core *c, struct demand *d)
{
	struct lines *lines = lines_of(c, d);
	if (d->root) {
		lines->v[d->at].key = rank_first(d->root)->key;
		return;
	}
	lines->v[d->at] = lines->v[--lines->n];
	lines->v[d->at].d->at = d->at;
	(void)map_del(c->demands, sv_n((const char *)&d->k, sizeof(d->k)));
	xfree(d);
}

/* ---- in and out ---- */

void place_key(struct acd_core *c, struct item *x)
{
	double ageing = c->queue[x->queue].q->ageing;
	if (ageing > 0)
		x->key.a = x->since - (int64_t)(x->priority * 60000.0 / ageing);
	else
		x->key.a = -x->priority;
	x->key.b = x->since;
}

void place_in(struct acd_core *c, struct item *x, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	wait_seen(q, now);
	if (x->only && x->only->presence == ACD_OFFLINE)
		x->only = NULL;
	x->stage = ACD_WAITING;
	x->stage_since = now;
	x->step = step_at(q, now - x->entered);
	place_key(c, x);
	x->demand = demand_get(c, x);
	x->in_queue.x = x->in_demand.x = x;
	x->in_queue.pri = (uint32_t)rng_u64(&c->rng);
	x->in_demand.pri = (uint32_t)rng_u64(&c->rng);
	rank_put(&q->root, &x->in_queue);
	rank_put(&x->demand->root, &x->in_demand);
	demand_changed(c, x->demand);
	place_timer(c, x, now);
}

void place_out(struct acd_core *c, struct item *x, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	wait_seen(q, now);
	rank_cut(&q->root, &x->in_queue);
	rank_cut(&x->demand->root, &x->in_demand);
	demand_changed(c, x->demand);
	x->demand = NULL;
	due_set(c, &x->t, CORE_NEVER);
}

void place_again(struct acd_core *c, struct item *x, int64_t now)
{
	int64_t since = x->stage_since;
	place_out(c, x, now);
	place_in(c, x, now);
	x->stage_since = since;
	(void)match_item(c, x, now);
}

int place_list(const struct node *root, struct item **v)
{
	int n = 0;
	if (!root)
		return 0;
	n = place_list(root->l, v);
	v[n++] = root->x;
	return n + place_list(root->r, v + n);
}

/* ---- counting ---- */

void place_count(struct acd_core *c, const struct item *x, enum place_how how, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	struct acd_numbers *n = &q->n;
	int64_t waited = now - x->entered;
	bool in = waited <= q->q->sl_s * INT64_C(1000);
	bool brief = waited <= q->q->short_abandon_s * INT64_C(1000);
	switch (how) {
	case LEFT_ANSWERED:
		n->answered++;
		n->answered_in_sl += in;
		n->wait_ms += waited;
		n->wait_most_ms = waited > n->wait_most_ms ? waited : n->wait_most_ms;
		wait_answered(q, x, waited);
		break;
	case LEFT_ABANDONED:
		n->abandoned += !brief;
		n->short_abandoned += brief;
		wait_left(q);
		break;
	case LEFT_CALLBACK: n->callbacks++; break;
	case LEFT_OUT: n->out++; break;
	case LEFT_MOVED: n->moved++; break;
	}
	if (how == LEFT_ANSWERED || how == LEFT_CALLBACK || (how == LEFT_ABANDONED && !brief))
		n->in_sl += in;
}

/* ---- overflow ---- */

static bool may(const struct item *x, const struct acd_over *o)
{
	return o->where != ACD_TO_NONE && (o->where != ACD_TO_QUEUE || !bit_of(x->seen, o->queue));
}

/* The item is in no tree. */
static void send_on(struct acd_core *c, struct item *x, const struct acd_over *o, const char *why,
		    int64_t now)
{
	struct acd_out t = { .item = x->id, .why = sv_of(why), .how = o->where };
	sv here = sv_of(c->queue[x->queue].q->id);
	if (o->where == ACD_TO_QUEUE) {
		t.kind = ACD_MOVED;
		t.from = here;
		t.queue = sv_of(c->queue[o->queue].q->id);
		place_count(c, x, LEFT_MOVED, now);
		core_tell(c, &t);
		place_enter(c, x, o->queue, false, now);
		return;
	}
	t.kind = ACD_OUT_OF_QUEUE;
	t.queue = here;
	place_count(c, x, o->where == ACD_TO_CALLBACK ? LEFT_CALLBACK : LEFT_OUT, now);
	core_tell(c, &t);
	core_forget(c, x);
}

static int64_t first_say(const struct queue *q, const struct item *x)
{
	return x->entered + q->q->say_first_s * INT64_C(1000);
}

int64_t place_next_say(const struct queue *q, const struct item *x, int64_t now)
{
	int64_t first = first_say(q, x), every = q->q->say_every_s * INT64_C(1000);
	if (now < first)
		return first;
	return every ? first + ((now - first) / every + 1) * every : CORE_NEVER;
}

void place_enter(struct acd_core *c, struct item *x, int queue, bool forced, int64_t now)
{
	struct queue *q = &c->queue[queue];
	x->queue = queue;
	x->entered = now;
	bit_set(x->seen, queue);
	q->n.entered++;
	x->guess_var = 0;
	place_wants(c, x);
	x->next_say = first_say(q, x);       /* offered at once and taken back: said then */
	if (!forced && q->q->hours && may(x, &q->q->closed) && !cal_open(q->q->hours, now)) {
		send_on(c, x, &q->q->closed, "closed", now);
		return;
	}
	place_in(c, x, now);
	if (match_item(c, x, now))
		return;
	if (!forced && q->q->max_len && rank_size(q->root) > q->q->max_len && may(x, &q->q->full)) {
		place_out(c, x, now);
		send_on(c, x, &q->q->full, "full", now);
		return;
	}
	x->next_say = place_next_say(q, x, now);
	if (x->next_say != CORE_NEVER)
		place_timer(c, x, now);
	place_say(c, x, false, now);
}

void place_say(struct acd_core *c, struct item *x, bool quiet, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	const struct acd_queue *how = q->q;
	int64_t first = first_say(q, x), ago = now - first;
	int64_t nth = ago > 0 && how->say_every_s ? ago / (how->say_every_s * INT64_C(1000)) : 0;
	struct acd_wait w;
	wait_seen(q, now);
	wait_promise(c, q, x, &w);
	bool nobody = wait_nobody(c, q);
	bool near = how->say_position && (!how->say_limit || w.position <= how->say_limit);
	bool wait = how->say_wait && !(how->say_once && nth) && !nobody;
	core_tell(c, &(struct acd_out){ .kind = ACD_PLACE,
					.item = x->id,
					.queue = sv_of(how->id),
					.quiet = quiet || ago < 0,
					.nobody = nobody,
					.own = !quiet && how->say[0][0] &&
					       (nth % 2 || !(how->say_position || how->say_wait)),
					.position = near ? w.position : 0,
					.wait_ms = wait ? w.ms : -1 });
}

/* ---- what is due ---- */

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t late_at(const struct queue *q, const struct item *x)
{
	return q->q->max_wait_s && may(x, &q->q->late) ?
		       x->entered + q->q->max_wait_s * INT64_C(1000) :
		       CORE_NEVER;
}

static int64_t empty_at(const struct queue *q, const struct item *x)
{
	int64_t from = x->entered > q->empty_since ? x->entered : q->empty_since;
	return q->n_present == 0 && q->q->no_agent_s && may(x, &q->q->empty) ?
		       from + q->q->no_agent_s * INT64_C(1000) :
		       CORE_NEVER;
}

void place_timer(struct acd_core *c, struct item *x, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	int64_t due = sooner(late_at(q, x), empty_at(q, x));
	if (x->step + 1 < q->n_steps)
		due = sooner(due, x->entered + q->step[x->step + 1].after_s * INT64_C(1000));
	if (x->only)
		due = sooner(due, x->only_until);
	due_set(c, &x->t, sooner(due, x->next_say));
}

void place_due(struct acd_core *c, struct item *x, int64_t now)
{
	struct queue *q = &c->queue[x->queue];
	int step = step_at(q, now - x->entered), from = x->step;
	bool other = x->only && x->only_until <= now;
	if (late_at(q, x) <= now || empty_at(q, x) <= now) {
		bool late = late_at(q, x) <= now;
		place_out(c, x, now);
		send_on(c, x, late ? &q->q->late : &q->q->empty, late ? "late" : "empty", now);
		return;
	}
	if (other)
		x->only = NULL;
	if (step != from)
		core_tell(c, &(struct acd_out){ .kind = ACD_RELAXED,
						.item = x->id,
						.queue = sv_of(q->q->id),
						.position = step });
	if (x->next_say <= now) {
		x->next_say = place_next_say(q, x, now);
		place_say(c, x, false, now);
	}
	if (other || step != from)
		place_again(c, x, now);
	else
		place_timer(c, x, now);
}

void place_only_gone(struct acd_core *c, const struct agent *a, bool dropped, int64_t now)
{
	/* one who is being asked, or is offered, is looked at when he waits again (place_in) */
	if (!c->only.n && !dropped)
		return;
	for (struct item *x = c->first, *next; x; x = next) {
		next = x->next;
		if (x->refused == a)
			x->refused = NULL;
		if (x->only != a)
			continue;
		x->only = NULL;
		if (x->stage == ACD_WAITING)
			place_again(c, x, now);
	}
}

/* Nobody is logged in for it any more: what waits goes where the plan says, at once when the
 * queue is closed, else after no_agent_s. */
static void deserted(struct acd_core *c, struct queue *q, int64_t now)
{
	int n = rank_size(q->root);
	bool closed = q->q->hours && !cal_open(q->q->hours, now);
	q->empty_since = now;
	if (!n)
		return;
	struct item **v = xalloc(sizeof(struct item *) * (size_t)n);
	(void)place_list(q->root, v);
	for (int i = 0; i < n; i++) {
		if (!closed || !may(v[i], &q->q->closed)) {
			place_timer(c, v[i], now);
			continue;
		}
		place_out(c, v[i], now);
		send_on(c, v[i], &q->q->closed, "closed", now);
	}
	xfree(v);
}

void place_present(struct acd_core *c, const struct agent *a, int by, int64_t now)
{
	for (int i = 0; i < a->n_seats; i++) {
		struct queue *q = &c->queue[a->seat[i].queue];
		q->n_present += by;
		if (q->n_present == 0)
			deserted(c, q, now);
	}
}
