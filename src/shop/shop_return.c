/* shop_return.c: sending something back: may it be, what comes back, when is it collected.
 *
 * Each line is asked about in the table "return" by itself; one no refuses the whole. The money
 * is worked out once, here, in whole fen: gross (what was paid for the pieces, less what price
 * protection gave back) = fee + deduct + refund, always. A fee is taken once for a collection,
 * never more than what is left. For used articles deduct is a range until the goods are checked.
 * A line remembers how many of its pieces are on their way back, so two returns cannot take the
 * same piece.
 */
#include "shop_int.h"

static bool is(sv s, const char *word)
{
	return sv_eq(s, sv_of(word));
}

static void fact(jv *f, const char *key, sv v)
{
	if (v.n)
		jv_set_str(f, key, v);
}

/* Our fault: wrong, broken, not working. The condition then does not matter. */
static bool our_fault(sv reason)
{
	return is(reason, "faulty") || is(reason, "wrong_item") || is(reason, "damaged");
}

jv *shop_return_facts(struct shop_call *c, const struct shop_order *o, const struct shop_pick *p)
{
	const jv *args = c->r->args;
	const struct shop_product *x = &p->it->p;
	sv reason = jv_get_str(args, "reason"), cond = jv_get_str(args, "condition");
	sv way = jv_get_str(args, "way");
	static const char *const flags[] = { "hygiene", "custom_made", "final_sale", "mattress",
					     "bulb" };
	jv *f = jv_obj();
	if (!cond.n && (is(reason, "faulty") || is(reason, "damaged")))
		cond = SV("faulty");
	fact(f, "category", x->category);
	fact(f, "state", o->state);
	fact(f, "reason", reason);
	fact(f, "condition", cond);
	fact(f, "payment", o->payment);
	fact(f, "tier", shop_tier(c, o->customer));
	fact(f, "way", way.n ? way : SV("pickup"));
	if (cond.n)
		jv_set_bool(f, "opened", !is(cond, "unused"));
	if (o->delivered_ms)
		jv_set_int(f, "days_since_delivery", shop_days(c, o->delivered_ms, c->r->now_ms));
	jv_set_int(f, "price_fen", p->it->price_fen);
	jv_set_int(f, "qty", p->qty);
	jv_set_int(f, "exchanges_before", p->it->exchanges);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		jv_set_bool(f, flags[i], jv_get_bool(x->body, flags[i], false));
	return f;
}

int shop_sendable(struct shop_call *c, const struct shop_order *o)
{
	shop_put(c, "state", o->state);
	if (is(o->state, "cancelled"))
		return shop_said(c, TOOL_REFUSED, "cancelled", "the order was cancelled");
	if (is(o->state, "shipped"))
		return shop_said(c, TOOL_REFUSED, "not_delivered",
				 "the order is on its way: the parcel can be refused at the door");
	if (!is(o->state, "delivered") && !is(o->state, "returned"))
		return shop_said(c, TOOL_REFUSED, "cancel_instead",
				 "the order is not shipped: it can be cancelled");
	sv reason = jv_get_str(c->r->args, "reason");
	if (!our_fault(reason) && !jv_get_str(c->r->args, "condition").n)
		return shop_said(c, TOOL_INVALID, "which_condition",
				 "condition is needed: unused, opened or used; ask the customer");
	return 0;
}

/* What is still paid for the pieces: price protection gave back a part of it, for those pieces that
 * were not on their way back then. The others go first. */
static int64_t paid_for(const struct shop_pick *p)
{
	const struct shop_item *it = p->it;
	int64_t all = it->price_fen * p->qty;
	if (it->drop_fen <= 0)
		return all;
	int64_t other = it->qty - it->claim_fen / it->drop_fen;
	int64_t before = it->back > other ? it->back - other : 0;
	int64_t after = it->back + p->qty > other ? it->back + p->qty - other : 0;
	return all - it->drop_fen * (after - before);
}

/* Half a fen is rounded up. */
static int64_t percent(int64_t fen, double pct)
{
	return (int64_t)((double)fen * pct / 100 + 0.5);
}

int shop_return_plan(struct shop_call *c, const char *table, const struct shop_order *o,
		     const struct shop_pick *v, size_t n, struct shop_plan *p)
{
	*p = (struct shop_plan){ 0 };
	for (size_t i = 0; i < n; i++) {
		const jv *d;
		shop_put(c, "name", v[i].it->p.name[c->lang]);
		int rc = shop_decide(c, table, shop_return_facts(c, o, &v[i]), &d);
		if (rc)
			return rc;
		int64_t paid = paid_for(&v[i]), fee = jv_get_int(d, "fee_fen", 0);
		double low = jv_get_num(d, "deduct_min_pct", 0);
		p->gross += paid;
		p->fee = fee > p->fee ? fee : p->fee;
		p->deduct += percent(paid, low);
		p->deduct_max += percent(paid, jv_get_num(d, "deduct_max_pct", low));
		p->window_days = jv_get_int(d, "window_days", 0);
	}
	int64_t left = p->gross - p->deduct;
	p->fee = p->fee < left ? p->fee : left;
	p->refund = left - p->fee;
	p->refund_low = p->gross - p->deduct_max - p->fee;
	if (p->refund_low < 0)
		p->refund_low = 0;
	return 0;
}

static void put_plan(struct shop_call *c, const struct shop_order *o, const struct shop_pick *v,
		     size_t n, const struct shop_plan *p)
{
	bool store = is(jv_get_str(c->r->args, "way"), "store");
	shop_put(c, "items_text", shop_items_text(c, v, n));
	shop_put(c, "payment_text", shop_pay_text(c, o->payment));
	shop_put(c, "bank_text", shop_bank_text(c, o->payment));
	shop_put_money(c, "paid", p->gross);
	shop_put_money(c, "fee", p->fee);
	shop_put_money(c, "deduct", p->deduct);
	shop_put_money(c, "refund", p->refund);
	shop_put_money(c, "refund_from", p->refund_low);
	if (p->window_days)
		jv_set_int(c->r->body, "window_days", p->window_days);
	shop_put(c, "fee_note", shop_fill(c, p->fee ? "fee" : store ? "nofee" : "free"));
	shop_put(c, "estimate_text",
		 shop_fill(c, p->refund_low < p->refund ? "range" : "estimate"));
}

/* Order, pieces and plan of the arguments. */
static int look(struct shop_call *c, struct shop_order *o, struct shop_pick **v, size_t *n,
		struct shop_plan *p)
{
	int rc = shop_order_arg(c, false, o);
	if (rc == 0)
		rc = shop_sendable(c, o);
	if (rc == 0)
		rc = shop_pick_arg(c, o, v, n);
	if (rc == 0)
		rc = shop_return_plan(c, "return", o, *v, *n, p);
	if (rc == 0)
		put_plan(c, o, *v, *n, p);
	return rc;
}

int shop_op_return_check(struct shop_call *c)
{
	struct shop_order o;
	struct shop_pick *v;
	struct shop_plan p;
	size_t n;
	int rc = look(c, &o, &v, &n, &p);
	if (rc)
		return rc;
	jv_set_bool(c->r->body, "allowed", true);
	tool_say(c->r, "done");
	return 0;
}

/* ---- rows ---- */

static int put_row(struct shop_call *c, const struct shop_order *o, const struct shop_return *t)
{
	struct store_stmt *q;
	const jv *args = c->r->args;
	int rc = store_prep(
		c->db, &q,
		"INSERT INTO shop_return (id, order_id, customer_id, kind, state, reason, "
		"condition, way, new_sku, gross_fen, fee_fen, deduct_fen, deduct_max_fen, "
		"refund_fen, differ_fen, rule, by_actor, requested_ms, updated_ms) VALUES "
		"(?1, ?2, ?3, ?4, 'requested', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
		"?15, ?16, ?17, ?17)");
	if (rc)
		return rc;
	sv texts[] = { t->id,
		       o->id,
		       o->customer,
		       sv_of(t->kind),
		       jv_get_str(args, "reason"),
		       jv_get_str(args, "condition"),
		       jv_get_str(args, "way").n ? jv_get_str(args, "way") : SV("pickup"),
		       t->new_sku };
	int64_t nums[] = { t->plan.gross,  t->plan.fee,    t->plan.deduct, t->plan.deduct_max,
			   t->plan.refund, t->differ_fen };
	for (int i = 0; i < 8; i++)
		store_bind_sv(q, i + 1, texts[i].p ? texts[i] : SV(""));
	for (int i = 0; i < 6; i++)
		store_bind_int(q, i + 9, nums[i]);
	store_bind_sv(q, 15, jv_get_str(c->r->body, "rule"));
	store_bind_sv(q, 16, c->r->who->actor.p ? c->r->who->actor : SV(""));
	store_bind_int(q, 17, c->r->now_ms);
	return store_run(q);
}

static int put_piece(struct shop_call *c, sv id, const struct shop_order *o,
		     const struct shop_pick *p, bool exchange)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "INSERT INTO shop_return_item (return_id, line, sku, qty, price_fen) "
			    "VALUES (?1, ?2, ?3, ?4, ?5)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_int(q, 2, p->it->line);
	store_bind_sv(q, 3, p->it->p.sku);
	store_bind_int(q, 4, p->qty);
	store_bind_int(q, 5, p->it->price_fen);
	rc = store_run(q);
	if (rc == 0)
		rc = store_prep(c->db, &q,
				"UPDATE shop_item SET back=back+?3, exchanges=exchanges+?4 WHERE "
				"order_id=?1 AND line=?2 AND back+?3<=qty");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	store_bind_int(q, 2, p->it->line);
	store_bind_int(q, 3, p->qty);
	store_bind_int(q, 4, exchange ? p->qty : 0);
	rc = store_run(q);
	return rc ? rc : store_changes(c->db) == 1 ? 0 : ERR_STATE;
}

int shop_return_put(struct shop_call *c, const struct shop_order *o, const struct shop_pick *v,
		    size_t n, struct shop_return *t)
{
	int64_t no = shop_number(c->db, "return", 10000001);
	if (no < 0)
		return (int)no;
	t->id = sv_of(arena_fmt(c->a, "R%08lld", (long long)no));
	bool exchange = strcmp(t->kind, "exchange") == 0;
	int rc = put_row(c, o, t);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_piece(c, t->id, o, &v[i], exchange);
	if (rc == 0 && t->to_ms)
		rc = shop_visit_book(c, t->visit, t->id, o->id, t->from_ms, t->to_ms);
	if (rc == 0 && shop_real(c))
		shop_put(c, "return_id", t->id);
	return rc;
}

int shop_return_way(struct shop_call *c, const struct shop_pick *v, size_t n, struct shop_return *t)
{
	t->visit = shop_visit_for(v, n);
	if (is(jv_get_str(c->r->args, "way"), "store")) {
		shop_put(c, "way_text", shop_fill(c, "store"));
		return 0;
	}
	int rc = shop_slot_arg(c, t->visit, jv_get_str(c->r->args, "slot"), &t->from_ms, &t->to_ms);
	if (rc)
		return rc;
	shop_put(c, "slot_text", shop_window(c, t->from_ms, t->to_ms));
	shop_set_time(c->r->body, "slot_from", t->from_ms);
	shop_set_time(c->r->body, "slot_to", t->to_ms);
	shop_put(c, "way_text", shop_fill(c, t->visit == SHOP_TRUCK ? "truck" : "pickup"));
	return 0;
}

int shop_op_return(struct shop_call *c)
{
	struct shop_order o;
	struct shop_pick *v;
	struct shop_return t = { .kind = "return" };
	size_t n;
	sv ref;
	int rc = look(c, &o, &v, &n, &t.plan);
	if (rc == 0)
		rc = shop_return_way(c, v, n, &t);
	if (rc == 0)
		rc = shop_return_put(c, &o, v, n, &t);
	if (rc == 0)
		rc = shop_refund_add(c, &o, "return", t.id, t.plan.refund, &ref);
	if (rc)
		return rc;
	tool_say(c->r, "done");
	return shop_notify(c, o.customer, "sms");
}
