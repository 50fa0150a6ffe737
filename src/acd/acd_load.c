/* acd_load.c: the machine from what the disk says: at the start, and after a write that failed.
 *
 * What waited or was offered waits again, with the time it asked first, so with its place. A chat
 * that was served stays with its agent, who has a minute to come back. Calls ended with the
 * process: each becomes a callback with the same place. Wrap-ups go on. The rows that say so are
 * written by the first turn (acd_recover), and tried again until they are on disk. Owner's thread,
 * or the opener's before there is one.
 */
#include "acd_int.h"

struct load {
	struct acd *a;
	int rc;
	int64_t now;
};

static void put_agent(void *arg, const struct ag *row)
{
	struct load *l = arg;
	struct ag *g = acd_agent_of(l->a, sv_of(row->login), true);
	if (!g)
		return;
	sv_copy(g->reason, sizeof(g->reason), sv_of(row->reason));
	sv_copy(g->state, sizeof(g->state), sv_of(row->state));
	g->presence = row->presence;
	g->console = row->console;
	g->since = row->since;
	g->present = row->present;
}

/* One stage of the machine from a row; without its skills rather than not at all. */
static int restore(struct acd *a, struct ho *h, int64_t now)
{
	struct acd_item x;
	struct arena ar;
	enum acd_stage stage = ACD_WAITING;
	int64_t since = h->entered;
	if (h->in_wrap)
		stage = ACD_WRAPPING, since = h->ended;
	else if (h->state == HO_ACCEPTED)
		stage = h->held ? ACD_HELD : ACD_SERVED, since = h->accepted;
	if (stage != ACD_WAITING)
		(void)acd_agent_of(a, sv_of(h->agent), true);
	arena_init(&ar, 65536);
	acd_item(h, &ar, &x);
	int rc = acd_core_restore(a->core, &x, sv_of(h->agent), stage, since, now);
	if (rc == ERR_NOTFOUND || rc == ERR_INVAL) {
		acd_fit(a, h);
		acd_item(h, &ar, &x);
		rc = acd_core_restore(a->core, &x, sv_of(h->agent), stage, since, now);
	}
	arena_done(&ar);
	return rc;
}

static void put_row(void *arg, const struct ho *row)
{
	struct load *l = arg;
	struct ho h = *row, *n;
	if (l->rc)
		return;
	h.in_wrap = !ho_is_live(&h);
	h.was_offered = h.state == HO_OFFERED;
	if (h.was_offered) {
		h.state = HO_QUEUED;
		h.agent[0] = 0;
		h.until = 0;
	}
	h.in_core = ho_is_live(&h) && h.state != HO_REQUESTED;
	n = acd_keep(l->a, &h);
	if (!n)
		l->rc = ERR_FULL;
	else if (n->in_core || n->in_wrap)
		l->rc = restore(l->a, n, l->now);
	if (l->rc)
		LOG(ERROR, "acd.load", "handover=%s err=%s", h.id, err_name(l->rc));
}

int64_t acd_day_of(const struct acd *a, int64_t now)
{
	struct cal_time t;
	if (!a->o.zone)
		return now - now % CAL_DAY;
	cal_local(a->o.zone, now, &t);
	t.hour = t.minute = t.second = t.ms = 0;
	return cal_instant(a->o.zone, &t);
}

int64_t acd_new_day(struct acd *a)
{
	static const struct acd_numbers none;
	int64_t now = a->now->now;
	if (now >= a->day + 20 * CAL_HOUR && acd_day_of(a, now) != a->day) {
		a->day = acd_day_of(a, now);
		for (int i = 0; i < acd_plan_queues(a->plan); i++)
			(void)acd_core_numbers_set(a->core,
						   sv_of(acd_plan_queue(a->plan, i)->id), &none);
		acd_core_agents_anew(a->core);
	}
	return a->day + 20 * CAL_HOUR > now ? a->day + 20 * CAL_HOUR : now + CAL_MINUTE;
}

/* What the day had already, for the boards. */
static int put_numbers(struct acd *a, struct store_db *db, int64_t now)
{
	struct acd_count *v;
	struct arena ar;
	size_t n;
	arena_init(&ar, LIM_ARENA_TURN);
	a->day = acd_day_of(a, now);
	int rc = acd_recount(db, a->day, now + 1, acd_promise, a->plan, &ar, &v, &n);
	for (size_t i = 0; i < n && rc == 0; i++)
		(void)acd_core_numbers_set(a->core, sv_of(v[i].queue), &v[i].n);
	arena_done(&ar);
	return rc;
}

int acd_load(struct acd *a, bool restart, struct err *e)
{
	struct load l = { .a = a, .now = acd_now(a) };
	struct store_db *db;
	int rc = store_reader(a->store, &db);
	if (rc)
		return err_set(e, rc, "hand-overs: %s", err_text(rc));
	if (!a->plan)
		rc = acd_plan_load(a, db, &a->plan, e);
	if (rc)
		return rc;
	rc = acd_core_new(&a->core, a->plan, a->o.seed ? a->o.seed : 1, l.now, acd_on_out, a);
	if (rc)
		return err_set(e, rc, "queues: %s", err_text(rc));
	acd_match_use(a);
	if (!a->match) {
		a->match = acd_match_new(a->o.seed ? a->o.seed : 1);
		rc = acd_match_load(a->match, db);
	}
	a->quiet = true;
	if (rc == 0)
		rc = acd_agents_enrol(a, l.now);
	if (rc == 0)
		rc = ag_load(db, put_agent, &l);
	if (rc == 0)
		rc = ho_load(db, put_row, &l);
	rc = rc ? rc : l.rc;
	if (rc == 0)
		rc = put_numbers(a, db, l.now);
	a->quiet = false;
	a->task_due = a->away_due = 0;
	return rc ? err_set(e, rc, "hand-overs: %s", err_text(rc)) : acd_recover_order(a, restart);
}

void acd_unload(struct acd *a)
{
	size_t it = 0;
	sv key;
	void *p;
	acd_core_free(a->core);
	a->core = NULL;
	while (map_next(a->hos, &it, &key, &p)) {
		struct ho *h = p;
		ho_long_done(&h->more);
		xfree(h);
	}
	map_free(a->hos);
	map_free(a->by_conv);
	a->hos = map_new(ACD_LIVE + 1);
	a->by_conv = map_new(ACD_LIVE + 1);
	a->touched.n = a->changed.n = 0;
	for (it = 0; map_next(a->agents, &it, &key, &p);)
		((struct ag *)p)->dirty = false;
}

/* ---- the first turn afterwards ---- */

static int64_t last_row_ms(struct acd *a)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t ms = 0;
	if (store_reader(a->store, &db) ||
	    store_prep(db, &q, "SELECT ts_ms FROM event ORDER BY pos DESC LIMIT 1"))
		return 0;
	if (store_step(q) == 1)
		ms = store_col_int(q, 0);
	store_reset(q);
	return ms;
}

static void agent_again(struct acd *a, struct ag *g, bool restart)
{
	if (g->console && acd_sockets(a, g) == 0) {
		if (!g->gone)
			g->gone = a->now->now;
		g->away = restart || g->away;
		if (restart || g->away)
			return;              /* offline until the console is back */
	}
	if (g->presence != ACD_OFFLINE)
		(void)acd_core_presence(a->core, sv_of(g->login), g->presence, sv_of(g->reason),
					false, a->now->now);
}

/* What the disk last said an agent is, and what the machine has now. */
static void tell_change(struct acd *a, struct ag *g, bool restart, int64_t last)
{
	struct acd_agent_now x;
	int64_t now = a->now->now, until = restart && last < now ? last : now;
	if (acd_core_agent_now(a->core, sv_of(g->login), now, &x) ||
	    sv_eq(sv_of(g->state), sv_of(acd_state_name(x.state))))
		return;
	jv *o = jv_obj();
	jv_set_str(o, "agent", sv_of(g->login));
	jv_set_str(o, "from", sv_of(g->state));
	jv_set_str(o, "to", sv_of(acd_state_name(x.state)));
	jv_set_str(o, "reason", restart ? SV("restart") : x.reason);
	jv_set_int(o, "ms", g->since && until > g->since ? until - g->since : 0);
	if (restart && g->since)
		jv_set_int(o, "since_ms", g->since); /* ms ends before the stop, not here */
	acd_event(a, "agent.state", SV_NULL, SV("system"), o);
	sv_copy(g->state, sizeof(g->state), sv_of(acd_state_name(x.state)));
	g->since = now;
	acd_changed(a, g);
}

/* A call ends with the process; the customer is called back. */
static int call_lost(struct acd *a, struct ho *h)
{
	struct ho *t = acd_task(a, h, HO_CALLBACK);
	int64_t now = a->now->now;
	int rc;
	if (!t)
		return ERR_FULL;
	if (h->state == HO_ACCEPTED) {
		acd_stint_over(a, h, SV("restart"), SV("system"));
		rc = acd_core_end(a->core, sv_of(h->id), SV("restart"), now);
	} else {
		jv *o = acd_body(h);
		jv_set_str(o, "why", SV("restart"));
		jv_set_str(o, "how", SV("callback"));
		jv_set_int(o, "waited_ms", now - h->entered);
		acd_event(a, "queue.left", sv_of(h->customer), SV("system"), o);
		rc = acd_core_leave(a->core, sv_of(h->id), SV("callback"), now);
	}
	acd_over(a, h, HO_FAILED, SV("restart"));
	acd_tell(a, "handover.failed", SV_NULL, h, NULL);
	acd_wake_task(a, t);
	return rc;
}

static int calls_lost(struct acd *a)
{
	VEC(struct ho *) calls = { 0 };
	size_t it = 0;
	sv key;
	void *p;
	int rc = 0;
	while (map_next(a->hos, &it, &key, &p)) {
		struct ho *h = p, **at;
		if (h->kind == HO_LIVE && h->media == ACD_VOICE && h->in_core) {
			at = VEC_PUSH(&calls, ACD_MOST);
			ASSERT(at != NULL);
			*at = h;
		}
	}
	for (size_t i = 0; i < calls.n && rc == 0; i++)
		rc = call_lost(a, calls.v[i]);
	VEC_FREE(&calls);
	return rc;
}

int acd_recover(struct acd *a, bool restart)
{
	int64_t last = restart ? last_row_ms(a) : 0;
	size_t it = 0;
	sv key;
	void *p;
	while (map_next(a->hos, &it, &key, &p))
		if (((struct ho *)p)->was_offered) {
			((struct ho *)p)->was_offered = false;
			acd_touch(a, p);
		}
	a->quiet = true;
	int rc = restart ? calls_lost(a) : 0;
	if (restart)
		acd_pages_gone(a);
	for (it = 0; map_next(a->agents, &it, &key, &p);)
		agent_again(a, p, restart);
	a->quiet = false;
	for (it = 0; map_next(a->agents, &it, &key, &p);)
		tell_change(a, p, restart, last);
	a->restart = restart;                /* until it is written */
	return rc;
}
