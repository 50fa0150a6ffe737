/* shop_slot.c: when somebody comes: windows with room for so many visits, booked and moved.
 *
 * A slot is named by its local beginning, "2026-11-27T09:00". Which windows there are follows from
 * the shop's hours (struct shop_slots) and the call's time; only bookings are rows. A booking
 * counts the others of its window on the scribe's thread, so the room cannot be given away twice.
 */
#include "shop_int.h"

const char *shop_visit_name(enum shop_visit k)
{
	static const char *const names[SHOP_VISITS] = { "pickup", "truck", "delivery", "assembly" };
	return names[k];
}

static bool is_furniture(const struct shop_product *p)
{
	return sv_eq(p->category, SV("furniture"));
}

enum shop_visit shop_visit_for(const struct shop_pick *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_furniture(&v[i].it->p))
			return SHOP_TRUCK;
	return SHOP_PICKUP;
}

/* ---- windows ---- */

struct walk {
	const struct shop_slots *s;
	const struct shop *shop;
	int64_t day0;                /* the present day's number */
	int day, hour;
	int64_t from, to;
};

static struct walk walk_of(const struct shop_call *c, enum shop_visit k)
{
	const struct shop_slots *s = &c->s->slots[k];
	return (struct walk){ .s = s,
			      .shop = c->s,
			      .day0 = shop_day_of(c->s, c->r->now_ms),
			      .day = s->first_day,
			      .hour = s->open_h };
}

static bool walk_next(struct walk *w)
{
	if (w->hour + w->s->step_h > w->s->close_h) {
		w->day++;
		w->hour = w->s->open_h;
	}
	if (w->day > w->s->last_day)
		return false;
	w->from = shop_at(w->shop, w->day0 + w->day, w->hour);
	w->to = shop_at(w->shop, w->day0 + w->day, w->hour + w->s->step_h);
	w->hour += w->s->step_h;
	return true;
}

/* "2026-11-27T09:00", local. */
static sv slot_id(struct shop_call *c, int64_t from)
{
	struct cal_time t;
	cal_local(c->s->zone, from, &t);
	return sv_of(arena_fmt(c->a, "%04d-%02d-%02dT%02d:%02d", t.year, t.month, t.day, t.hour,
			       t.minute));
}

/* Visits of this kind and window, but not of ref. Negative: an error. */
static int64_t taken(struct shop_call *c, enum shop_visit k, int64_t from, sv ref)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "SELECT count(*) FROM shop_visit WHERE kind=?1 AND from_ms=?2 AND "
			    "state='booked' AND ref<>?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(shop_visit_name(k)));
	store_bind_int(q, 2, from);
	store_bind_sv(q, 3, ref.p ? ref : SV(""));
	rc = store_step(q);
	int64_t n = rc == 1 ? store_col_int(q, 0) : rc < 0 ? rc : 0;
	store_reset(q);
	return n;
}

int shop_slots_put(struct shop_call *c, enum shop_visit k, size_t *n)
{
	struct walk w = walk_of(c, k);
	jv *list = jv_arr();
	sv texts[3];
	*n = 0;
	jv_set(c->r->body, "slots", list);
	while (walk_next(&w)) {
		int64_t used = taken(c, k, w.from, SV_NULL);
		if (used < 0)
			return (int)used;
		if (used >= w.s->room)
			continue;
		jv *o = jv_obj();
		sv text = shop_window(c, w.from, w.to);
		jv_set_str(o, "id", slot_id(c, w.from));
		jv_set_str(o, "text", text);
		jv_push(list, o);
		if (*n < 3)
			texts[*n] = text;
		++*n;
	}
	shop_put(c, "slots_text", shop_and(c, texts, *n < 3 ? *n : 3));
	return 0;
}

/* No such window, or full: what is free is told. */
static int no_slot(struct shop_call *c, enum shop_visit k)
{
	size_t n;
	int rc = shop_slots_put(c, k, &n);
	if (rc)
		return rc;
	return shop_said(c, TOOL_REFUSED, n ? "slot_taken" : "no_slots",
			 n ? "that time is not free; slots has those that are" : "no time is free");
}

int shop_slot_arg(struct shop_call *c, enum shop_visit k, sv text, int64_t *from, int64_t *to)
{
	struct walk w = walk_of(c, k);
	char want[17] = "";
	size_t n = text.n < 16 ? text.n : 16;
	memcpy(want, text.p ? text.p : "", n);
	if (n > 10 && want[10] == ' ')
		want[10] = 'T';
	if (n && n < 10)
		return no_slot(c, k);
	while (walk_next(&w)) {
		if (!sv_starts(slot_id(c, w.from), sv_n(want, n)))
			continue;
		int64_t used = taken(c, k, w.from, SV_NULL);
		if (used < 0)
			return (int)used;
		if (used >= w.s->room)
			continue;
		*from = w.from;
		*to = w.to;
		return 0;
	}
	return no_slot(c, k);
}

/* ---- bookings ---- */

bool shop_visit_get(struct shop_call *c, sv ref, enum shop_visit k, int64_t *from, int64_t *to,
		    int64_t *moves)
{
	struct store_stmt *q;
	if (store_prep(c->db, &q,
		       "SELECT from_ms, to_ms, moves FROM shop_visit WHERE ref=?1 AND kind=?2 AND "
		       "state='booked'"))
		return false;
	store_bind_sv(q, 1, ref);
	store_bind_sv(q, 2, sv_of(shop_visit_name(k)));
	bool has = store_step(q) == 1;
	*from = has ? store_col_int(q, 0) : 0;
	*to = has ? store_col_int(q, 1) : 0;
	*moves = has ? store_col_int(q, 2) : 0;
	store_reset(q);
	return has;
}

static int visit_move(struct shop_call *c, enum shop_visit k, sv ref, int64_t from, int64_t to)
{
	struct store_stmt *q;
	int rc = store_prep(
		c->db, &q,
		"UPDATE shop_visit SET from_ms=?3, to_ms=?4, moves=moves+1, updated_ms=?5 "
		"WHERE ref=?1 AND kind=?2 AND state='booked'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, ref);
	store_bind_sv(q, 2, sv_of(shop_visit_name(k)));
	store_bind_int(q, 3, from);
	store_bind_int(q, 4, to);
	store_bind_int(q, 5, c->r->now_ms);
	return store_run(q);
}

int shop_visit_book(struct shop_call *c, enum shop_visit k, sv ref, sv order, int64_t from,
		    int64_t to)
{
	struct store_stmt *q;
	int64_t old_from, old_to, moves;
	if (shop_visit_get(c, ref, k, &old_from, &old_to, &moves))
		return visit_move(c, k, ref, from, to);
	int64_t n = shop_number(c->db, "visit", 1);
	if (n < 0)
		return (int)n;
	int rc = store_prep(c->db, &q,
			    "INSERT INTO shop_visit (id, kind, ref, order_id, from_ms, to_ms, "
			    "updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(arena_fmt(c->a, "V%08lld", (long long)n)));
	store_bind_sv(q, 2, sv_of(shop_visit_name(k)));
	store_bind_sv(q, 3, ref);
	store_bind_sv(q, 4, order);
	store_bind_int(q, 5, from);
	store_bind_int(q, 6, to);
	store_bind_int(q, 7, c->r->now_ms);
	return store_run(q);
}

int shop_visit_cancel(struct shop_call *c, sv ref)
{
	return shop_exec1(c->db,
			  "UPDATE shop_visit SET state='cancelled', updated_ms=?2 WHERE ref=?1 AND "
			  "state='booked'",
			  ref, c->r->now_ms);
}

/* The one of its kind: the delivery of an order stays when its assembly is called off. */
static int cancel_one(struct shop_call *c, sv ref, enum shop_visit k)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "UPDATE shop_visit SET state='cancelled', updated_ms=?3 WHERE ref=?1 "
			    "AND kind=?2 AND state='booked'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, ref);
	store_bind_sv(q, 2, sv_of(shop_visit_name(k)));
	store_bind_int(q, 3, c->r->now_ms);
	return store_run(q);
}

/* ---- pickup_slots, appointment_create, appointment_cancel ---- */

/* As named; else by the article that is meant, or by anything in the order that is furniture. */
static enum shop_visit kind_arg(struct shop_call *c, const struct shop_order *o)
{
	sv kind = jv_get_str(c->r->args, "kind"), item = jv_get_str(c->r->args, "item");
	struct shop_item *it = item.n && o->n ? shop_item_named(c, o, item) : NULL;
	enum shop_visit k = SHOP_PICKUP;
	for (int i = 0; i < SHOP_VISITS; i++)
		if (sv_eq(kind, sv_of(shop_visit_name(i))))
			k = (enum shop_visit)i;
	for (size_t i = 0; i < o->n && !kind.n; i++)
		if ((!it || it == &o->items[i]) && is_furniture(&o->items[i].p))
			k = SHOP_TRUCK;
	shop_put(c, "kind", sv_of(shop_visit_name(k)));
	shop_put(c, "kind_text", shop_word(c->lang, sv_of(shop_visit_name(k))));
	return k;
}

/* slots has all; items the first few, to be read out and chosen from. */
int shop_op_slots(struct shop_call *c)
{
	struct shop_order o = { 0 };
	size_t n;
	int rc = jv_get_str(c->r->args, "order").n ? shop_order_arg(c, false, &o) : 0;
	if (rc == 0)
		rc = shop_slots_put(c, kind_arg(c, &o), &n);
	if (rc)
		return rc;
	if (!n)
		return shop_said(c, TOOL_REFUSED, "no_slots", "no time is free");
	jv *few = jv_arr();
	for (size_t i = 0; i < n && i < SHOP_SLOTS_SAID; i++)
		jv_push(few, jv_copy(jv_at(jv_get(c->r->body, "slots"), i)));
	jv_set(c->r->body, "items", few);
	tool_say(c->r, "done");
	return 0;
}

/* The open return of the order that is still to be collected; empty: none. */
static sv open_return(struct shop_call *c, sv order)
{
	struct store_stmt *q;
	sv id = SV_NULL;
	if (store_prep(c->db, &q,
		       "SELECT id FROM shop_return WHERE order_id=?1 AND state='requested' "
		       "ORDER BY id "
		       "DESC LIMIT 1"))
		return SV_NULL;
	store_bind_sv(q, 1, order);
	if (store_step(q) == 1)
		id = arena_sv(c->a, store_col_sv(q, 0));
	store_reset(q);
	return id;
}

/* May such a visit be booked for this order? Rules of the articles delivery-slot-change and
 * assembly-book. */
static int visit_ok(struct shop_call *c, const struct shop_order *o, enum shop_visit k, sv *ref)
{
	bool fits = false;
	sv state = o->state;
	*ref = o->id;
	if (k == SHOP_PICKUP || k == SHOP_TRUCK) {
		*ref = open_return(c, o->id);
		return ref->n ? 0 :
				shop_said(c, TOOL_REFUSED, "no_return",
					  "the order has no return that waits to be collected");
	}
	for (size_t i = 0; i < o->n; i++)
		fits |= is_furniture(&o->items[i].p) ||
			(k == SHOP_ASSEMBLY && sv_eq(o->items[i].p.category, SV("storage")));
	if (!fits)
		return shop_said(c, TOOL_REFUSED, "not_needed",
				 "nothing in the order is furniture");
	if (k == SHOP_ASSEMBLY && !sv_eq(state, SV("delivered")))
		return shop_said(c, TOOL_REFUSED, "after_delivery",
				 "assembly is booked once the order is delivered");
	bool ended = sv_eq(state, SV("delivered")) || sv_eq(state, SV("returned"));
	if (k == SHOP_DELIVERY && (ended || sv_eq(state, SV("cancelled"))))
		return shop_said(c, TOOL_REFUSED, "too_late",
				 "nothing is to be delivered any more");
	return 0;
}

/* A booked visit is moved or cancelled until 18:00 of the day before. */
static int not_late(struct shop_call *c, int64_t from)
{
	if (c->r->now_ms < shop_at(c->s, shop_day_of(c->s, from) - 1, 18))
		return 0;
	return shop_said(c, TOOL_REFUSED, "too_late",
			 "it can be changed until 18:00 of the day before");
}

/* A delivery is moved twice at most. */
static int move_ok(struct shop_call *c, enum shop_visit k, sv ref)
{
	int64_t from, to, moves;
	if (!shop_visit_get(c, ref, k, &from, &to, &moves))
		return 0;
	if (k == SHOP_DELIVERY && moves >= 2)
		return shop_said(c, TOOL_REFUSED, "moved_twice", "it was moved twice already");
	return not_late(c, from);
}

int shop_op_visit(struct shop_call *c)
{
	struct shop_order o;
	enum shop_visit k;
	int64_t from, to;
	sv ref;
	int rc = shop_order_arg(c, false, &o);
	if (rc)
		return rc;
	k = kind_arg(c, &o);
	rc = visit_ok(c, &o, k, &ref);
	if (rc == 0)
		rc = move_ok(c, k, ref);
	if (rc == 0)
		rc = shop_slot_arg(c, k, jv_get_str(c->r->args, "slot"), &from, &to);
	if (rc)
		return rc;
	shop_put(c, "slot", slot_id(c, from));
	shop_put(c, "slot_text", shop_window(c, from, to));
	tool_say(c->r, "done");
	return shop_visit_book(c, k, ref, o.id, from, to);
}

int shop_op_visit_cancel(struct shop_call *c)
{
	struct shop_order o;
	enum shop_visit k;
	int64_t from, to, moves;
	sv ref;
	int rc = shop_order_arg(c, false, &o);
	if (rc)
		return rc;
	k = kind_arg(c, &o);
	rc = visit_ok(c, &o, k, &ref);
	if (rc)
		return rc;
	if (!shop_visit_get(c, ref, k, &from, &to, &moves))
		return shop_said(c, TOOL_NOT_FOUND, "no_visit", "no such visit is booked");
	rc = not_late(c, from);
	if (rc)
		return rc;
	shop_put(c, "slot_text", shop_window(c, from, to));
	tool_say(c->r, "done");
	return cancel_one(c, ref, k);
}
