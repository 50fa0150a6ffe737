/* acd_order.c: what each order does: one function an order, in a table.
 *
 * A function checks, calls the machine, and notes the rows that follow. It returns before anything
 * is on disk; an error means that it has changed nothing. Owner's thread, inside a turn.
 */
#include "acd_int.h"
#include "guard.h"

typedef int order_fn(struct acd *a, struct acd_job *j);

static sv by_of(const struct acd_job *j)
{
	return j->o.by.n ? j->o.by : j->o.agent.n ? j->o.agent : SV("system");
}

/* The hand-over an order names. */
static struct ho *of_job(struct acd *a, struct acd_job *j)
{
	struct ho *h = j->o.handover.n ? acd_find(a, j->o.handover) :
					 acd_of_conversation(a, j->o.conversation);
	if (h)
		sv_copy(j->id, sizeof(j->id), sv_of(h->id));
	return h;
}

static bool served_by(const struct ho *h, sv login)
{
	return h->state == HO_ACCEPTED && (!login.n || sv_eq(sv_of(h->agent), login));
}

/* ---- the customer ---- */

/* quiet: after a restart; the next announcement has its time. */
static void say_where(struct acd *a, struct ho *h, bool quiet)
{
	struct acd_say s = { .kind = WORD_QUEUED, .position = h->position, .wait_ms = h->wait_ms,
			     .quiet = quiet };
	struct acd_wait w;
	if (h->state == HO_ACCEPTED) {
		acd_line(a, sv_of(h->agent), s.to, s.name);
		sv_copy(s.agent, sizeof(s.agent), sv_of(h->agent));
		s.kind = WORD_JOINED;
		s.to[0] = 0;
	} else if (acd_core_wait(a->core, sv_of(h->id), a->now->now, &w) == 0) {
		s.position = w.position;
		s.wait_ms = w.ms;
		s.nobody = w.nobody;
	}
	acd_say(a, h, s);
}

/* The conversation believes to be with an agent: one that an agent has begun, or one that was over
 * here before its own rows could say so. */
static int with_agent(struct acd *a, struct acd_job *j)
{
	struct acd_say s = { .kind = WORD_BACK, .why = "over" };
	struct store_db *db;
	struct ho last, *h = NULL;
	int rc = store_reader(a->store, &db);
	rc = rc ? rc : ho_last(db, j->ask.conversation, &last);
	if (rc == 0) {
		sv_copy(j->id, sizeof(j->id), sv_of(last.id));
		sv_copy(s.agent, sizeof(s.agent), j->ask.agent);
		acd_say(a, &last, s);
		return 0;
	}
	rc = rc == ERR_NOTFOUND ? acd_ask_served(a, &j->ask, &h) : rc;
	if (h)
		sv_copy(j->id, sizeof(j->id), sv_of(h->id));
	if (rc == 0)
		say_where(a, h, false);
	return rc;
}

/* An agent takes it over from the bot; the customer may have asked for somebody meanwhile. */
static int taken(struct acd *a, struct acd_job *j, struct ho *h)
{
	struct ho *n = h;
	bool theirs = h && served_by(h, j->ask.agent);
	int rc = !h     ? acd_ask_served(a, &j->ask, &n) :
		 theirs ? 0 :
			  acd_take_over(a, h, j->ask.agent, SV_NULL, j->ask.agent);
	if (n)
		sv_copy(j->id, sizeof(j->id), sv_of(n->id));
	if (rc == 0 && (!h || theirs))
		say_where(a, n, false);
	return rc;
}

static int do_ask(struct acd *a, struct acd_job *j)
{
	struct ho *h = acd_of_conversation(a, j->ask.conversation);
	int rc = 0;
	if (j->ask.agent.n && !j->ask.again)
		return taken(a, j, h);
	if (!h && j->ask.again && j->ask.agent.n)
		return with_agent(a, j);
	j->known = h != NULL;
	if (h && acd_parked(h))
		acd_page(a, h, true);        /* who asks is here */
	if (h)
		say_where(a, h, j->ask.again);       /* asked twice: still one hand-over */
	else
		rc = acd_ask(a, &j->ask, &h);
	if (rc == 0)
		sv_copy(j->id, sizeof(j->id), sv_of(h->id));
	return rc;
}

/* A wish that is not served any more, for one of the reasons the machine counts. */
static int drop(struct acd *a, struct ho *h, sv why)
{
	int64_t waited = a->now->now - h->entered;
	const struct acd_queue *q = acd_queue_of(a, h);
	jv *o = acd_body(h);
	bool in_core = h->in_core;
	int rc = in_core ? acd_core_leave(a->core, sv_of(h->id), why, a->now->now) : 0;
	if (rc) {
		jv_free(o);
		return rc;
	}
	if (sv_eq(why, SV("left")))
		why = q && waited <= q->short_abandon_s * INT64_C(1000) ? SV("short_abandoned") :
									 SV("abandoned");
	jv_set_str(o, "why", why);
	jv_set_int(o, "waited_ms", waited);
	/* who was offered a callback has left the queue before */
	acd_event(a, in_core ? "queue.left" : "queue.dropped", sv_of(h->customer),
		  SV("customer"), o);
	acd_over(a, h, HO_FAILED, why);
	acd_tell(a, "handover.failed", SV_NULL, h, NULL);
	return 0;
}

static int do_page(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	if (h && h->kind == HO_LIVE && h->media != ACD_VOICE)
		acd_page(a, h, j->o.on);
	return 0;                    /* most pages want nobody */
}

/* What a task follows from: the live hand-over, or the last one of the conversation. */
static int task_source(struct acd *a, struct acd_job *j, struct ho *ret, struct ho **live)
{
	struct store_db *db;
	*live = of_job(a, j);
	if (*live) {
		*ret = **live;
		return 0;
	}
	int rc = store_reader(a->store, &db);
	if (rc == 0)
		rc = j->o.handover.n ? ho_one(db, j->o.handover, ret) :
				       ho_last(db, j->o.conversation, ret);
	ret->more = (struct ho_long){ 0 };
	return rc;
}

static void seal_number(struct acd *a, struct ho *t, sv number)
{
	struct sb s;
	if (!number.n || !a->has_key)
		return;
	sb_init(&s, 4096);
	if (guard_seal(a->key, number, sv_of(t->conversation), &s) == 0 && sb_err(&s) == 0) {
		xfree(t->more.number);
		t->more.number = xstrdup(sb_sv(&s));
	}
	sb_done(&s);
}

static int make_task(struct acd *a, struct acd_job *j, enum ho_kind kind)
{
	struct ho of, *live, *t;
	bool served;
	int rc = task_source(a, j, &of, &live);
	if (rc)
		return rc;
	served = live && live->state == HO_ACCEPTED;
	if (live && !served)
		rc = drop(a, live, kind == HO_CALLBACK ? SV("callback") : SV("voicemail"));
	t = rc ? NULL : acd_task(a, &of, kind);
	if (!t)
		return rc ? rc : ERR_FULL;
	seal_number(a, t, j->o.number);
	if (j->o.note.n && kind == HO_VOICEMAIL)
		t->more.recording = xstrdup(j->o.note);
	else if (j->o.note.n)
		t->more.note = xstrdup(j->o.note);
	if (served)
		t->since = a->now->now;      /* it was served: a new wish, not an old one */
	t->not_before = j->o.not_before_ms;
	sv_copy(j->id, sizeof(j->id), sv_of(t->id));
	acd_wake_task(a, t);
	return 0;
}

static int do_callback(struct acd *a, struct acd_job *j)
{
	return make_task(a, j, HO_CALLBACK);
}

static int do_voicemail(struct acd *a, struct acd_job *j)
{
	return make_task(a, j, HO_VOICEMAIL);
}

static int do_gone(struct acd *a, struct acd_job *j)
{
	struct ho *h;
	if (sv_eq(j->o.why, SV("voicemail")))
		return make_task(a, j, HO_VOICEMAIL);
	h = of_job(a, j);
	if (!h)
		return ERR_NOTFOUND;
	if (h->state == HO_ACCEPTED)
		return acd_service_over(a, h, SV("customer"), SV("customer"));
	return drop(a, h, j->o.why.n ? j->o.why : SV("left"));
}

/* ---- offers ---- */

static int do_accept(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	int rc;
	if (!h)
		return ERR_NOTFOUND;
	if (served_by(h, j->o.agent) && j->o.agent.n)
		return 0;                    /* the same click twice */
	if (h->state != HO_OFFERED)
		return ERR_STATE;
	if (h->media == ACD_VOICE && h->kind == HO_LIVE) {
		rc = acd_core_prolong(a->core, sv_of(h->id), j->o.agent,
				      a->now->now + ACD_RING_MS, a->now->now);
		if (rc == 0 && !acd_rings(h, j->o.agent))
			acd_ring(a, h, j->o.agent, j->o.to);
		return rc;
	}
	rc = acd_core_accept(a->core, sv_of(h->id), j->o.agent, a->now->now);
	if (rc == 0)
		acd_accepted(a, h, j->o.agent, SV_NULL, "offer");
	return rc;
}

static int reject(struct acd *a, struct ho *h, sv login, sv why)
{
	struct acd_item_now x;
	char id[ACD_ID];
	sv_copy(id, sizeof(id), sv_of(h->id));
	int rc = acd_core_item_now(a->core, sv_of(id), &x);
	if (rc || x.stage != ACD_OFFERED)
		return rc ? rc : ERR_STATE;
	a->why = why;
	rc = acd_core_reject(a->core, sv_of(id), login, why, a->now->now);
	a->why = SV_NULL;
	return rc;
}

static int do_reject(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	return h ? reject(a, h, j->o.agent, j->o.why.n ? j->o.why : SV("reject")) : ERR_NOTFOUND;
}

/* ---- service ---- */

static int do_hold(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	int64_t now = a->now->now;
	if (!h)
		return ERR_NOTFOUND;
	if (!served_by(h, j->o.agent))
		return ERR_STATE;
	if (j->o.on == (h->held != 0))
		return 0;
	int rc = acd_core_hold(a->core, sv_of(h->id), j->o.on, now);
	if (rc)
		return rc;
	if (!j->o.on)
		h->hold_ms += now - h->held;
	h->held = j->o.on ? now : 0;
	jv *o = acd_body(h);
	jv_set_str(o, "agent", sv_of(h->agent));
	jv_set_bool(o, "on", j->o.on);
	acd_event(a, "queue.held", sv_of(h->customer), by_of(j), o);
	acd_touch(a, h);
	acd_tell(a, "handover.held", sv_of(h->agent), h, NULL);
	return 0;
}

/* Nobody answered at the customer's: again later, some times. */
static int call_again(struct acd *a, const struct ho *h)
{
	struct ho *t;
	if (h->tries + 1 >= ACD_TRIES)
		return 0;
	t = acd_task(a, h, HO_CALLBACK);
	if (!t)
		return ERR_FULL;
	t->tries = h->tries + 1;
	t->not_before = a->now->now + ACD_TRY_MS;
	acd_wake_task(a, t);
	return 0;
}

static int do_end(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j), was;
	struct acd_say s = { .kind = WORD_END, .survey = j->o.survey };
	bool again = sv_eq(j->o.why, SV("no_answer")) || sv_eq(j->o.why, SV("busy"));
	if (!h)
		return ERR_NOTFOUND;
	if (!served_by(h, j->o.agent))
		return ERR_STATE;
	was = *h;
	sv_copy(s.agent, sizeof(s.agent), sv_of(h->agent));
	acd_say(a, h, s);
	int rc = acd_service_over(a, h, again ? j->o.why : SV("agent"), by_of(j));
	return rc == 0 && again && was.kind == HO_CALLBACK ? call_again(a, &was) : rc;
}

/* Nobody ends the wrap-up of another, nor writes what came of it. */
static bool wraps(const struct ho *h, sv login)
{
	return !login.n || sv_eq(sv_of(h->agent), login);
}

/* Of one who gave it away: their own time ends, what was chosen is another's to say. */
static int former_wrapped(struct acd *a, sv id, sv login)
{
	int rc = acd_core_wrapped(a->core, id, login, a->now->now);
	return rc == ERR_NOTFOUND ? ERR_STATE : rc;
}

/* Ended; what the agent chose at the end of the wrap-up. */
static int do_wrapped(struct acd *a, struct acd_job *j)
{
	struct store_db *db;
	struct ho row, *h = of_job(a, j);
	jv *wrap = jv_parse(j->o.json.n ? j->o.json : SV("{}"), NULL);
	int rc = jv_is_obj(wrap) ? 0 : ERR_INVAL;
	jv_free(wrap);
	if (rc)
		return rc;
	if (!h) { /* the time for it is over: what was chosen counts still */
		rc = store_reader(a->store, &db);
		if (rc == 0)
			rc = ho_one(db, j->o.handover, &row);
		if (rc)
			return rc;
		if (ho_is_live(&row) || !row.accepted)
			return ERR_STATE;
		if (!wraps(&row, j->o.agent))
			return former_wrapped(a, sv_of(row.id), j->o.agent);
		sv_copy(j->id, sizeof(j->id), sv_of(row.id));
		h = acd_keep(a, &row);
	}
	if (!h)
		return ERR_FULL;
	if (ho_is_live(h) || !wraps(h, j->o.agent))
		return former_wrapped(a, sv_of(h->id), j->o.agent);
	if (j->o.json.n) {
		xfree(h->more.wrap);
		h->more.wrap = xstrdup(j->o.json);
	}
	acd_touch(a, h);
	if (h->in_wrap)
		return acd_core_wrapped(a->core, sv_of(h->id), sv_of(h->agent), a->now->now);
	jv *o = acd_body(h);
	jv_set_str(o, "agent", sv_of(h->agent));
	jv_set(o, "disposition", acd_disposition(h));
	acd_event(a, "queue.disposed", sv_of(h->customer), by_of(j), o);
	acd_tell(a, "handover.wrapup", sv_of(h->agent), h, NULL);
	return 0;
}

static int do_give(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	struct acd_give g = { .queue = j->o.queue, .login = j->o.to };
	struct acd_agent_now who;
	if (!h)
		return ERR_NOTFOUND;
	if (!h->in_core || (h->state == HO_ACCEPTED && !served_by(h, j->o.agent)) ||
	    (h->state != HO_ACCEPTED && j->o.own))
		return ERR_STATE;
	if (g.queue.n && acd_plan_queue_of(a->plan, g.queue) < 0)
		return ERR_NOTFOUND;
	if (g.login.n && acd_core_agent_now(a->core, g.login, a->now->now, &who))
		return ERR_NOTFOUND;
	if (g.login.n && (who.presence == ACD_OFFLINE || !who.capacity[h->media] ||
			  served_by(h, g.login)))
		return ERR_STATE;
	if (!g.queue.n && !g.login.n)
		return ERR_INVAL;
	if (j->o.note.n) {
		xfree(h->more.note);
		h->more.note = xstrdup(j->o.note);
	}
	return acd_give_on(a, h, &g, SV("transferred"), by_of(j));
}

static int do_back(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	struct acd_say s = { .kind = WORD_BACK, .why = "agent" };
	char id[ACD_ID];
	if (!h)
		return ERR_NOTFOUND;
	if (!served_by(h, j->o.agent) || h->kind != HO_LIVE)
		return ERR_STATE;
	sv_copy(id, sizeof(id), sv_of(h->id));
	sv_copy(s.agent, sizeof(s.agent), sv_of(h->agent));
	if (j->o.note.n) {
		xfree(h->more.note);
		h->more.note = xstrdup(j->o.note);
	}
	s.text = h->more.note;
	acd_say(a, h, s);
	acd_hang_up(a, h, sv_of(h->party));
	acd_stint_over(a, h, SV("returned"), by_of(j));
	h->in_wrap = true;
	jv *o = acd_body(h);
	jv_set_str(o, "agent", sv_of(h->agent));
	acd_event(a, "queue.returned", sv_of(h->customer), by_of(j), o);
	acd_over(a, h, HO_RETURNED, SV("returned"));
	acd_tell(a, "handover.returned", sv_of(h->agent), h, NULL);
	return acd_core_back(a->core, sv_of(id), a->now->now);
}

static int do_take(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	if (!h)
		return ERR_NOTFOUND;
	if (!j->o.agent.n || (!h->in_core && !acd_parked(h)))
		return ERR_STATE;
	if (h->media == ACD_VOICE && h->kind == HO_LIVE && !j->o.party.n)
		return ERR_STATE;            /* nobody would be in the call */
	if (served_by(h, j->o.agent))
		return 0;
	if (!acd_agent_of(a, j->o.agent, true))
		return ERR_NOTFOUND;
	int rc = acd_parked(h) ? acd_enter(a, h) : 0;        /* the page is closed still */
	if (rc)
		return rc;
	return acd_take_over(a, h, j->o.agent, j->o.party, by_of(j));
}

/* ---- telephones ---- */

static int phone_joined(struct acd *a, struct acd_job *j, struct ho *h, sv login)
{
	int rc = h->state != HO_OFFERED ?
			 ERR_STATE :
			 acd_core_accept(a->core, sv_of(h->id), login, a->now->now);
	if (rc == 0)
		acd_accepted(a, h, login, j->o.party, "offer");
	else if (!served_by(h, login))
		acd_hang_up(a, h, j->o.party);       /* picked up too late */
	return 0;
}

static const char *why_failed(sv why)
{
	return sv_eq(why, SV("busy"))     ? "busy" :
	       sv_eq(why, SV("declined")) ? "reject" :
					    "no_answer";
}

/* The agent hung up: the customer is asked how it was, and the call is over. */
static int phone_left(struct acd *a, struct ho *h, sv login)
{
	struct acd_say s = { .kind = WORD_END, .survey = true };
	sv_copy(s.agent, sizeof(s.agent), login);
	acd_say(a, h, s);
	return acd_service_over(a, h, SV("agent"), login);
}

/* Colleagues who are asked and supervisors have other names than "agent:". */
static int do_phone(struct acd *a, struct acd_job *j)
{
	struct ho *h = of_job(a, j);
	sv login = j->o.party, kind;
	bool agent;
	if (!h)
		return ERR_NOTFOUND;
	if (!sv_cut(&login, ':', &kind))
		return ERR_INVAL;
	agent = sv_eq(kind, SV("agent"));
	if (agent && sv_eq(j->o.step, SV("joined")))
		return phone_joined(a, j, h, login);
	if (agent && sv_eq(j->o.step, SV("failed")) && h->state == HO_OFFERED) {
		a->phone = j->o.why.n ? j->o.why : SV("failed");
		int rc = reject(a, h, login, sv_of(why_failed(j->o.why)));
		a->phone = SV_NULL;
		return rc;
	}
	if (sv_eq(j->o.step, SV("left")) && served_by(h, login) &&
	    sv_eq(j->o.party, sv_of(h->party)) && !sv_eq(j->o.why, SV("dropped")) &&
	    !sv_eq(j->o.why, SV("taken_over")))
		return phone_left(a, h, login);
	return 0;
}

/* ---- agents ---- */

static int do_presence(struct acd *a, struct acd_job *j)
{
	struct ag *g = acd_agent_of(a, j->o.agent, true);
	if (!g || j->o.presence > ACD_PAUSED)
		return g ? ERR_INVAL : ERR_NOTFOUND;
	return acd_presence(a, g, j->o.presence, j->o.why,
			    j->o.act == ACD_DO_FORCE);
}

static int do_socket(struct acd *a, struct acd_job *j)
{
	struct ag *g = acd_agent_of(a, j->o.agent, true);
	if (!g)
		return ERR_NOTFOUND;
	acd_socket(a, g);            /* the number of them was changed on arrival */
	return 0;
}

static int do_plan(struct acd *a, struct acd_job *j)
{
	struct store_db *db;
	struct acd_plan *p = NULL;
	int rc = store_reader(a->store, &db);
	if (rc == 0)
		rc = acd_plan_load(a, db, &p, NULL);
	if (rc == 0)
		acd_plan_take(a, p);
	return rc;
}

static int do_board(struct acd *a, struct acd_job *j)
{
	acd_board(a, &j->json);
	return sb_err(&j->json);
}

static int do_recover(struct acd *a, struct acd_job *j)
{
	return acd_recover(a, j->o.on);
}

static const struct { order_fn *fn; bool fact; } orders[] = {
	[ACD_DO_ASK] = { do_ask, false },	    [ACD_DO_GONE] = { do_gone, true },
	[ACD_DO_CALLBACK] = { do_callback, true },  [ACD_DO_VOICEMAIL] = { do_voicemail, true },
	[ACD_DO_ACCEPT] = { do_accept, false },	    [ACD_DO_REJECT] = { do_reject, false },
	[ACD_DO_HOLD] = { do_hold, false },	    [ACD_DO_END] = { do_end, false },
	[ACD_DO_WRAPPED] = { do_wrapped, false },   [ACD_DO_GIVE] = { do_give, false },
	[ACD_DO_BACK] = { do_back, false },	    [ACD_DO_PRESENCE] = { do_presence, false },
	[ACD_DO_FORCE] = { do_presence, false },    [ACD_DO_TAKE] = { do_take, false },
	[ACD_DO_PHONE] = { do_phone, true },	    [ACD_DO_SOCKET] = { do_socket, true },
	[ACD_DO_PAGE] = { do_page, true },
	[ACD_DO_PLAN] = { do_plan, false },	    [ACD_DO_BOARD] = { do_board, false },
	[ACD_DO_RECOVER] = { do_recover, true },
};

bool acd_is_fact(enum acd_do act)
{
	return orders[act].fact;
}

void acd_order_run(struct acd *a, struct acd_job *j)
{
	a->by = by_of(j);
	j->err = orders[j->o.act].fn(a, j);
	a->by = SV_NULL;
	acd_sync(a);
}
