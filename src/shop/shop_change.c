/* shop_change.c: what changes an order that is not at home yet, and what is owed afterwards:
 * cancel, another address, price protection, warranty.
 *
 * The company's table decides; the checks here are those that no table may lift: nothing is
 * cancelled twice, no money goes out twice. Writes run on the scribe in one savepoint. An
 * address is sealed under the data key; only the town is kept readable.
 */
#include "shop_int.h"

static bool is(sv s, const char *word)
{
	return sv_eq(s, sv_of(word));
}

static void fact(jv *facts, const char *key, sv v)
{
	if (v.n)
		jv_set_str(facts, key, v);
}

static bool flag(const struct shop_product *p, const char *key)
{
	return jv_get_bool(p->body, key, false);
}

/* ---- order_cancel ---- */

/* The clock of whoever took the order may be a little ahead of ours: nothing lies in the future. */
static int64_t shop_hours(int64_t from_ms, int64_t to_ms)
{
	return to_ms > from_ms ? (to_ms - from_ms) / 3600000 : 0;
}

static jv *cancel_facts(struct shop_call *c, const struct shop_order *o)
{
	jv *f = jv_obj();
	bool custom = false;
	for (size_t i = 0; i < o->n; i++)
		custom |= flag(&o->items[i].p, "custom_made");
	fact(f, "state", o->state);
	fact(f, "payment", o->payment);
	fact(f, "tier", shop_tier(c, o->customer));
	jv_set_bool(f, "custom_made", custom);
	jv_set_int(f, "total_fen", o->total_fen);
	if (!is(o->state, "placed"))
		jv_set_int(f, "hours_since_payment", shop_hours(o->placed_ms, c->r->now_ms));
	return f;
}

/* What price protection gave back already. */
static int64_t claims(const struct shop_order *o)
{
	int64_t fen = 0;
	for (size_t i = 0; i < o->n; i++)
		fen += o->items[i].claim_fen;
	return fen;
}

static int give_stock_back(struct shop_call *c, const struct shop_order *o)
{
	int rc = 0;
	for (size_t i = 0; i < o->n && rc == 0; i++)
		rc = shop_stock_take(c->db, o->items[i].p.sku, -o->items[i].qty);
	return rc;
}

static int cancel_it(struct shop_call *c, struct shop_order *o, bool paid, int64_t refund)
{
	sv ref = SV_NULL;
	int rc = shop_order_state(c, o, "cancelled");
	if (rc == 0)
		rc = shop_event_add(c->db, o->id, c->r->now_ms, "cancelled", SV_NULL, SV_NULL);
	if (rc == 0)
		rc = give_stock_back(c, o);
	if (rc == 0)
		rc = shop_visit_cancel(c, o->id);
	if (rc == 0 && paid && refund > 0)
		rc = shop_refund_add(c, o, "cancel", o->id, refund, &ref);
	if (rc == 0 && ref.n)
		rc = shop_refund_settle(c, o, "cancel", ref, refund);
	shop_put(c, "money_text", shop_fill(c, paid ? "back" : "unpaid"));
	return rc ? rc : shop_notify(c, o->customer, paid ? "sms" : "sms_unpaid");
}

int shop_op_cancel(struct shop_call *c)
{
	struct shop_order o;
	const jv *d;
	int rc = shop_order_arg(c, false, &o);
	if (rc)
		return rc;
	if (is(o.state, "cancelled"))
		return shop_said(c, TOOL_REFUSED, "already", "the order is cancelled already");
	if (is(o.state, "delivered") || is(o.state, "returned"))
		return shop_said(c, TOOL_REFUSED, "delivered",
				 "the order is delivered: it can be returned, not cancelled");
	bool paid = !is(o.state, "placed");
	rc = shop_decide(c, "cancel", cancel_facts(c, &o), &d);
	if (rc)
		return rc;
	int64_t fee = jv_get_int(d, "fee_fen", 0);
	int64_t left = o.total_fen - claims(&o);
	int64_t refund = paid && fee < left ? left - fee : 0;
	jv_set(c->r->body, "items", shop_items_jv(c, &o));
	shop_put_order_items(c, &o);
	shop_put(c, "payment_text", shop_pay_text(c, o.payment));
	shop_put(c, "bank_text", shop_bank_text(c, o.payment));
	shop_put_money(c, "fee", paid ? left - refund : 0);
	shop_put_money(c, "refund", refund);
	tool_say(c->r, paid ? "done" : "unpaid");
	return cancel_it(c, &o, paid, refund);
}

/* ---- address_change ---- */

static int seal_address(struct shop_call *c, const struct shop_order *o, sv city)
{
	struct store_stmt *q;
	struct sb plain, sealed;
	const jv *args = c->r->args;
	static const char *const keys[] = { "city",     "district", "line",
					    "postcode", "name",     "phone" };
	jv *a = jv_obj();
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		fact(a, keys[i], jv_get_str(args, keys[i]));
	sb_init(&plain, LIM_SB);
	sb_init(&sealed, LIM_SB);
	jv_dump(a, &plain);
	jv_free(a);
	int rc = c->s->has_key ? guard_seal(c->s->key, sb_sv(&plain), o->id, &sealed) : ERR_STATE;
	if (rc == 0)
		rc = store_prep(c->db, &q,
				"UPDATE order_ref SET address=?2, city=?3, "
				"address_changes=address_changes+1, updated_ms=?4 WHERE id=?1");
	if (rc == 0) {
		store_bind_sv(q, 1, o->id);
		store_bind_sv(q, 2, sb_sv(&sealed));
		store_bind_sv(q, 3, city);
		store_bind_int(q, 4, c->r->now_ms);
		rc = store_run(q);
	}
	sb_done(&plain);
	sb_done(&sealed);
	return rc;
}

/* Where the order goes: what it says itself, else where the customer lives. */
static sv town_of(struct shop_call *c, const struct shop_order *o)
{
	struct cust who;
	if (o->city.n || !c->s->people || cust_get(c->db, c->s->people, o->customer, c->a, &who))
		return o->city;
	sv town = arena_sv(c->a, jv_get_str(who.address, "city"));
	cust_done(&who);
	return town;
}

/* "江苏省南京市" is "南京": one name stands in the other. */
static bool same_town(struct shop_call *c, sv a, sv b)
{
	sv x = shop_fold(c->a, a), y = shop_fold(c->a, b), shi = SV("市");
	if (sv_ends(x, shi))
		x.n -= shi.n;
	if (sv_ends(y, shi))
		y.n -= shi.n;
	return x.n && y.n && (sv_find(x, y) >= 0 || sv_find(y, x) >= 0);
}

int shop_op_address(struct shop_call *c)
{
	struct shop_order o;
	const jv *d;
	sv city = jv_get_str(c->r->args, "city");
	int rc = shop_order_arg(c, false, &o);
	if (rc)
		return rc;
	if (is(o.state, "cancelled") || is(o.state, "delivered") || is(o.state, "returned"))
		return shop_said(c, TOOL_REFUSED, "too_late",
				 "nothing is to be delivered any more");
	jv *f = jv_obj();
	fact(f, "state", o.state);
	jv_set_int(f, "changes", o.changes);
	sv town = town_of(c, &o);
	if (town.n)
		jv_set_bool(f, "same_city", same_town(c, town, city));
	rc = shop_decide(c, "address", f, &d);
	if (rc)
		return rc;
	shop_put_money(c, "fee", jv_get_int(d, "fee_fen", 0));
	tool_say(c->r, is(o.state, "shipped") ? "redirected" : "done");
	rc = seal_address(c, &o, city);
	if (rc == 0 && is(o.state, "shipped"))
		rc = shop_event_add(c->db, o.id, c->r->now_ms, "redirected", city, SV_NULL);
	return rc;
}

/* ---- price_protect ---- */

static int claimed(struct shop_call *c, const struct shop_order *o, int line)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q, "SELECT 1 FROM shop_claim WHERE order_id=?1 AND line=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	store_bind_int(q, 2, line);
	rc = store_step(q);
	store_reset(q);
	return rc;
}

static jv *price_facts(struct shop_call *c, const struct shop_order *o, const struct shop_item *it,
		       int64_t drop, bool again)
{
	jv *f = jv_obj();
	struct cal_time placed;
	fact(f, "state", o->state);
	fact(f, "tier", shop_tier(c, o->customer));
	fact(f, "category", it->p.category);
	jv_set_int(f, "price_drop_fen", drop);
	jv_set_bool(f, "claimed", again);
	jv_set_bool(f, "final_sale", flag(&it->p, "final_sale"));
	jv_set_bool(f, "flash_sale", flag(&it->p, "flash_sale"));
	jv_set_int(f, "days_since_purchase", shop_days(c, o->placed_ms, c->r->now_ms));
	if (o->delivered_ms)
		jv_set_int(f, "days_since_delivery", shop_days(c, o->delivered_ms, c->r->now_ms));
	cal_local(c->s->zone, o->placed_ms, &placed);
	jv_set_int(f, "placed_month", placed.month);
	jv_set_int(f, "placed_day", placed.day);
	return f;
}

static int pay_difference(struct shop_call *c, const struct shop_order *o,
			  const struct shop_item *it, int64_t fen)
{
	struct store_stmt *q;
	sv ref;
	int rc = store_prep(
		c->db, &q,
		"INSERT INTO shop_claim (order_id, line, paid_fen, now_fen, amount_fen, "
		"at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	store_bind_int(q, 2, it->line);
	store_bind_int(q, 3, it->price_fen);
	store_bind_int(q, 4, it->p.price_fen);
	store_bind_int(q, 5, fen);
	store_bind_int(q, 6, c->r->now_ms);
	rc = store_run(q);
	if (rc == 0)
		rc = shop_refund_add(c, o, "price", o->id, fen, &ref);
	return rc ? rc : shop_refund_release(c, o, "price", ref, fen);
}

int shop_op_price(struct shop_call *c)
{
	struct shop_order o;
	struct shop_pick *v;
	const jv *d;
	size_t n;
	int rc = shop_order_arg(c, false, &o);
	if (rc == 0)
		rc = shop_pick_arg(c, &o, &v, &n);
	if (rc)
		return rc;
	struct shop_item *it = v[0].it;
	int64_t drop = it->price_fen - it->p.price_fen, qty = it->qty - it->back;
	int again = claimed(c, &o, it->line);
	if (again < 0)
		return again;
	shop_put(c, "name", it->p.name[c->lang]);
	shop_put_money(c, "paid_price", it->price_fen);
	shop_put_money(c, "price_now", it->p.price_fen);
	if (!it->p.body)
		return shop_said(c, TOOL_REFUSED, "not_sold", "the article is no longer sold");
	if (again)
		return shop_said(c, TOOL_REFUSED, "claimed", "price protection was used already");
	if (drop <= 0)
		return shop_said(c, TOOL_REFUSED, "no_drop", "the price has not fallen");
	rc = shop_decide(c, "price_protection", price_facts(c, &o, it, drop, again), &d);
	if (rc)
		return rc;
	jv_set_int(c->r->body, "qty", qty);
	shop_put_money(c, "amount", drop * qty);
	shop_put(c, "payment_text", shop_pay_text(c, o.payment));
	rc = shop_may_pay(c, "price protection", drop * qty);
	if (rc)
		return rc;
	tool_say(c->r, "done");
	rc = pay_difference(c, &o, it, drop * qty);
	return rc ? rc : shop_notify(c, o.customer, "sms");
}

/* ---- warranty_check ---- */

int shop_op_warranty(struct shop_call *c)
{
	struct shop_order o;
	struct shop_pick *v;
	const jv *d;
	size_t n;
	int rc = shop_order_arg(c, false, &o);
	if (rc == 0)
		rc = shop_pick_arg(c, &o, &v, &n);
	if (rc)
		return rc;
	const struct shop_item *it = v[0].it;
	shop_put(c, "name", it->p.name[c->lang]);
	if (!o.delivered_ms)
		return shop_said(c, TOOL_REFUSED, "not_delivered",
				 "the order is not delivered yet");
	jv *f = jv_obj();
	fact(f, "category", it->p.category);
	sv cause = jv_get_str(c->r->args, "cause");
	fact(f, "cause", cause.n ? cause : SV("fault"));
	jv_set_int(f, "warranty_months", it->p.warranty_months);
	jv_set_int(f, "months_since_delivery", shop_months(c, o.delivered_ms, c->r->now_ms));
	jv_set_int(f, "days_since_delivery", shop_days(c, o.delivered_ms, c->r->now_ms));
	jv_set_bool(f, "bulb", flag(&it->p, "bulb"));
	jv_set_bool(f, "mattress", flag(&it->p, "mattress"));
	shop_put_time(c, "delivered_at", o.delivered_ms);
	jv_set_int(c->r->body, "warranty_months", it->p.warranty_months);
	rc = shop_decide(c, "warranty", f, &d);
	if (rc)
		return rc;
	sv way = jv_get_str(d, "way");
	shop_put(c, "way", way);
	tool_say(c->r, way.n ? arena_fmt(c->a, "way_" SV_FMT, SV_ARG(way)) : "done");
	return 0;
}
