/* acd_hand.c: hand-overs in memory, how they enter the machine and how they end.
 *
 * What lives is in two maps, by id and by conversation (one live one each). Callbacks and messages
 * are tasks: hand-overs of their own, with the place in the queue of the one they come from.
 * Owner's thread.
 */
#include "acd_int.h"

struct ho *acd_find(struct acd *a, sv id)
{
	return map_get(a->hos, id);
}

struct ho *acd_of_conversation(struct acd *a, sv conversation)
{
	return map_get(a->by_conv, conversation);
}

struct ho *acd_keep(struct acd *a, const struct ho *h)
{
	struct ho *n = xalloc(sizeof(*n));
	*n = *h;
	if (map_put(a->hos, sv_of(n->id), n)) {
		xfree(n);
		return NULL;
	}
	if (n->kind == HO_LIVE && ho_is_live(n))
		ASSERT(map_put(a->by_conv, sv_of(n->conversation), n) == 0);
	return n;
}

void acd_forget(struct acd *a, struct ho *h)
{
	if (map_get(a->by_conv, sv_of(h->conversation)) == h)
		(void)map_del(a->by_conv, sv_of(h->conversation));
	(void)map_del(a->hos, sv_of(h->id));
	ho_long_done(&h->more);
	xfree(h);
}

void acd_touch(struct acd *a, struct ho *h)
{
	if (h->dirty)
		return;
	struct ho **at = VEC_PUSH(&a->touched, ACD_MOST);
	ASSERT(at != NULL);
	*at = h;
	h->dirty = true;
}

jv *acd_body(const struct ho *h)
{
	jv *o = jv_obj();
	jv_set_str(o, "handover", sv_of(h->id));
	jv_set_str(o, "conversation", sv_of(h->conversation));
	jv_set_str(o, "queue", sv_of(h->queue));
	jv_set_str(o, "media", sv_of(acd_media_name(h->media)));
	jv_set_str(o, "kind", sv_of(ho_kind_names[h->kind]));
	return o;
}

void acd_over(struct acd *a, struct ho *h, enum ho_state state, sv why)
{
	h->state = state;
	h->in_core = false;
	h->rung[0] = 0;
	h->ended = a->now->now;
	h->until = 0;
	sv_copy(h->why, sizeof(h->why), why);
	if (map_get(a->by_conv, sv_of(h->conversation)) == h)
		(void)map_del(a->by_conv, sv_of(h->conversation));
	acd_touch(a, h);
}

/* ---- into the machine ---- */

/* "returns:3,english:2?" */
static int read_needs(const char *needs, struct arena *ar, struct acd_item *x)
{
	sv rest = sv_of(needs), one, name;
	x->n_need = 0;
	while (x->n_need < ACD_NEEDS && sv_cut(&rest, ',', &one)) {
		int64_t level = 1;
		bool preferred = sv_ends(one, SV("?"));
		if (preferred)
			one.n--;
		if (!sv_cut(&one, ':', &name) || !name.n)
			continue;
		(void)sv_i64(one, &level);
		x->need[x->n_need].skill = arena_sv(ar, name);
		x->need[x->n_need].level = (int)level;
		x->need[x->n_need++].preferred = preferred;
	}
	return 0;
}

static void write_needs(const struct acd_plan *p, const struct acd_route *r, char *to, size_t cap)
{
	struct sb b;
	sb_init(&b, cap);
	for (int i = 0; i < r->n_need; i++)
		sb_fmt(&b, "%s%s:%d%s", i ? "," : "", acd_plan_skill(p, r->need[i].skill),
		       r->need[i].level, r->need[i].preferred ? "?" : "");
	sv_copy(to, cap, sb_err(&b) ? SV("") : sb_sv(&b));
	sb_done(&b);
}

int acd_item(const struct ho *h, struct arena *ar, struct acd_item *ret)
{
	*ret = (struct acd_item){ .id = sv_of(h->id), .queue = sv_of(h->queue),
				  .language = sv_of(h->language), .sticky = sv_of(h->sticky),
				  .media = h->media, .priority = h->priority,
				  .since_ms = h->since, .hold_ms = h->hold_ms,
				  .held_ms = h->held };
	ret->caller = h->kind == HO_LIVE ? sv_of(h->customer) : SV("");
	return read_needs(h->needs, ar, ret);
}

void acd_entered(struct acd *a, struct ho *h, sv how, sv by)
{
	if (sv_eq(how, SV("asked")))
		acd_match_note(a, h, SV(""));
	jv *o = acd_body(h);
	jv_set_int(o, "priority", h->priority);
	jv_set_int(o, "since_ms", h->since);
	jv_set_str(o, "language", sv_of(h->language));
	jv_set_str(o, "needs", sv_of(h->needs));
	jv_set_str(o, "how", how);
	acd_event(a, "queue.entered", sv_of(h->customer), by, o);
}

void acd_fit(struct acd *a, struct ho *h)
{
	sv rest = sv_of(h->needs), one, name;
	if (acd_plan_queue_of(a->plan, sv_of(h->queue)) < 0)
		sv_copy(h->queue, sizeof(h->queue), sv_of(acd_plan_queue(a->plan, 0)->id));
	while (sv_cut(&rest, ',', &one))
		if (!sv_cut(&one, ':', &name) || acd_plan_skill_of(a->plan, name) < 0)
			h->needs[0] = 0;
}

int acd_enter(struct acd *a, struct ho *h)
{
	struct acd_item x;
	struct acd_item_now at;
	struct arena ar;
	acd_fit(a, h);
	arena_init(&ar, 65536);
	acd_item(h, &ar, &x);
	sv how = acd_parked(h) ? SV("back") : SV("asked");
	h->state = HO_QUEUED;
	h->why[0] = 0;
	h->queued = h->entered = a->now->now;
	h->in_core = true;
	acd_touch(a, h);
	size_t rows = a->now->events.n;
	acd_entered(a, h, how, SV("system"));
	int rc = acd_core_enter(a->core, &x, a->now->now);
	if (rc) {
		h->in_core = false;
		acd_events_back(a, rows);    /* nothing has followed from it */
	}
	if (rc == 0 && h->in_core && acd_core_item_now(a->core, sv_of(h->id), &at) == 0)
		h->since = at.since_ms;      /* who comes again soon has the old place */
	arena_done(&ar);
	return rc;
}

/* The sealed number of a callback goes on with the next try; sealed for the conversation. */
static char *number_of(struct acd *a, const struct ho *of)
{
	struct store_db *db;
	struct store_stmt *q;
	char *number = of->more.number ? xstrdup(sv_of(of->more.number)) : NULL;
	if (number || store_reader(a->store, &db) ||
	    store_prep(db, &q, "SELECT number_sealed FROM handover WHERE id=?1"))
		return number;
	store_bind_sv(q, 1, sv_of(of->id));
	if (store_step(q) == 1 && store_col_sv(q, 0).n)
		number = xstrdup(store_col_sv(q, 0));
	store_reset(q);
	return number;
}

struct ho *acd_task(struct acd *a, const struct ho *of, enum ho_kind kind)
{
	struct ho t = *of;
	id_new(t.id);
	t.kind = kind;
	t.media = kind == HO_VOICEMAIL ? ACD_TASK : ACD_VOICE;
	t.state = HO_REQUESTED;
	t.more = (struct ho_long){ .number = number_of(a, of) };
	t.dirty = t.in_core = t.in_wrap = t.was_offered = false;
	t.not_before = t.queued = t.offered = t.until = t.accepted = t.held = t.ended = 0;
	t.wrapped = t.hold_ms = t.entered = t.away = 0;
	t.page = false;
	t.offers = t.tries = 0;
	t.agent[0] = t.why[0] = t.rung[0] = 0;
	sv_copy(t.parent, sizeof(t.parent), sv_of(of->id));
	t.party[0] = 0;
	struct ho *n = acd_keep(a, &t);
	if (n)
		acd_touch(a, n);
	else
		ho_long_done(&t.more);
	return n;
}

/* ---- a wish for a person ---- */

const struct acd_queue *acd_queue_of(const struct acd *a, const struct ho *h)
{
	int i = acd_plan_queue_of(a->plan, sv_of(h->queue));
	return i < 0 ? NULL : acd_plan_queue(a->plan, i);
}

static enum acd_media media_of(const struct talk_ask *x)
{
	static const struct { const char *channel; enum acd_media m; } t[] = {
		{ "email", ACD_EMAIL }, { "sms", ACD_MESSAGE }, { "wechat", ACD_MESSAGE },
		{ "whatsapp", ACD_MESSAGE }, { "telegram", ACD_MESSAGE }, { "social", ACD_MESSAGE },
	};
	if (x->voice)
		return ACD_VOICE;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		if (sv_eq(x->channel, sv_of(t[i].channel)))
			return t[i].m;
	return ACD_CHAT;
}

static void route(struct acd *a, const struct talk_ask *x, struct ho *h)
{
	struct acd_route r;
	jv *packet = jv_parse(x->packet, NULL);
	struct acd_wish w = { .topic = x->topic, .reason = x->reason, .language = x->language,
			      .channel = x->channel, .media = h->media, .priority = x->priority };
	w.tier = jv_get_str(jv_get(packet, "customer"), "tier");
	acd_plan_route(a->plan, &w, &r);
	sv_copy(h->queue, sizeof(h->queue), sv_of(acd_plan_queue(a->plan, r.queue)->id));
	h->priority = r.priority;
	write_needs(a->plan, &r, h->needs, sizeof(h->needs));
	jv_free(packet);
}

static struct ho *wished(struct acd *a, const struct talk_ask *x)
{
	struct store_db *db;
	struct ho h = { .kind = HO_LIVE, .state = HO_REQUESTED, .since = a->now->now };
	if (map_count(a->hos) >= ACD_LIVE)
		return NULL;
	id_new(h.id);
	h.media = media_of(x);
	sv_copy(h.conversation, sizeof(h.conversation), x->conversation);
	sv_copy(h.interaction, sizeof(h.interaction), x->interaction);
	sv_copy(h.customer, sizeof(h.customer), x->customer);
	sv_copy(h.channel, sizeof(h.channel), x->channel);
	sv_copy(h.language, sizeof(h.language), x->language);
	sv_copy(h.reason, sizeof(h.reason), x->reason);
	sv_copy(h.topic, sizeof(h.topic), x->topic);
	route(a, x, &h);
	if (h.customer[0] && store_reader(a->store, &db) == 0)
		(void)ho_last_agent(db, sv_of(h.customer), h.sticky);
	struct ho *n = acd_keep(a, &h);
	if (n)
		n->more.packet = xstrdup(x->packet.n ? x->packet : SV("{}"));
	return n;
}

int acd_ask_served(struct acd *a, const struct talk_ask *x, struct ho **ret)
{
	struct acd_item item;
	struct arena ar;
	struct ho *n;
	if (!acd_agent_of(a, x->agent, true))
		return ERR_NOTFOUND;
	n = wished(a, x);
	if (!n)
		return ERR_FULL;
	arena_init(&ar, 65536);
	acd_item(n, &ar, &item);
	n->state = HO_ACCEPTED;
	n->in_core = true;
	n->queued = n->entered = n->accepted = a->now->now;
	sv_copy(n->agent, sizeof(n->agent), x->agent);
	if (n->media == ACD_VOICE)
		acd_party_of(x->agent, n->party);
	acd_touch(a, n);
	int rc = acd_core_restore(a->core, &item, x->agent, ACD_SERVED, n->accepted, a->now->now);
	arena_done(&ar);
	if (rc)
		acd_over(a, n, HO_FAILED, SV("error"));
	jv *o = acd_body(n);
	jv_set_str(o, "agent", x->agent);
	acd_event(a, "queue.served", sv_of(n->customer), x->agent, o);
	acd_tell(a, rc ? "handover.failed" : "handover.accepted", x->agent, n, NULL);
	*ret = n;
	return rc;
}

int acd_ask(struct acd *a, const struct talk_ask *x, struct ho **ret)
{
	struct ho *n = wished(a, x);
	if (!n)
		return ERR_FULL;
	*ret = n;
	int rc = acd_enter(a, n);
	if (rc)
		acd_over(a, n, HO_FAILED, SV("error"));
	return rc;
}
