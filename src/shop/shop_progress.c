/* shop_progress.c: how a return or an exchange goes on: withdrawn, collected, checked, paid
 * back, and what is said about it.
 *
 * A return goes requested -> collected -> checked -> refunded (or refused at the check), an
 * exchange requested -> sent -> done; either can be withdrawn while it is requested. Only moves
 * that stand in the table below are made. The amount changes at the check alone, within the
 * range that the customer was told.
 */
#include "shop_int.h"

struct moved {
	sv id, order, customer, kind, state, new_sku, reason;
	int64_t gross, fee, deduct, deduct_max, refund, differ, at[5];   /* requested ... ended */
	struct shop_order o;
};

#define COLS \
	"id, order_id, customer_id, kind, state, new_sku, reason, gross_fen, fee_fen, " \
	"deduct_fen, deduct_max_fen, refund_fen, differ_fen, requested_ms, collected_ms, " \
	"checked_ms, " \
	"refunded_ms, ended_ms"

static bool is(sv s, const char *word)
{
	return sv_eq(s, sv_of(word));
}

/* ---- which return is meant ---- */

static int read_row(struct shop_call *c, struct store_stmt *q, struct moved *m)
{
	sv *texts[] = { &m->id,    &m->order,   &m->customer, &m->kind,
			&m->state, &m->new_sku, &m->reason };
	int64_t *nums[] = { &m->gross,      &m->fee,    &m->deduct, &m->deduct_max,
			    &m->refund,     &m->differ, &m->at[0],  &m->at[1],
			    &m->at[2],      &m->at[3],  &m->at[4] };
	int rc = store_step(q);
	for (int i = 0; rc == 1 && i < 7; i++)
		*texts[i] = arena_sv(c->a, store_col_sv(q, i));
	for (int i = 0; rc == 1 && i < 11; i++)
		*nums[i] = store_col_int(q, i + 7);
	store_reset(q);
	return rc;
}

/* By its number, else the order's newest, else the customer's newest; staff may name any. */
static int find(struct shop_call *c, sv id, sv order, struct moved *m)
{
#define FIND(where)                                                                              \
	CUST_GROUP_SQL "SELECT " COLS " FROM shop_return WHERE " where                            \
		       " ORDER BY +requested_ms DESC, id DESC LIMIT 1"
	struct store_stmt *q;
	int rc = store_prep(
		c->db, &q,
		id.n ? FIND("id=?2 AND (?3='' OR order_id=?3) AND (?4=1 OR customer_id IN "
			    "(SELECT "
			    "id FROM g))") :
		order.n ?
		       FIND("?2='' AND order_id=?3 AND (?4=1 OR customer_id IN (SELECT id FROM "
			    "g))") :
		       FIND("?2='' AND ?3='' AND ?4>=0 AND customer_id IN (SELECT id FROM g)"));
#undef FIND
	if (rc)
		return rc;
	store_bind_sv(q, 1, c->r->who->customer.p ? c->r->who->customer : SV(""));
	store_bind_sv(q, 2, id.p ? id : SV(""));
	store_bind_sv(q, 3, order.p ? order : SV(""));
	store_bind_int(q, 4, shop_staff(c) && !c->r->who->customer.n);
	return read_row(c, q, m);
}

static sv number_of(struct shop_call *c, sv s)
{
	struct sb b;
	sb_init(&b, 64);
	while (s.n && b.n < 32) {
		uint32_t r = sv_fold(sv_rune(&s));
		if (r >= '0' && r <= '9') {
			if (!b.n)
				sb_ch(&b, 'R');
			sb_ch(&b, (char)r);
		}
	}
	sv ret = arena_sv(c->a, sb_sv(&b));
	sb_done(&b);
	return ret;
}

static int put_pieces(struct shop_call *c, struct moved *m)
{
	struct store_stmt *q;
	struct shop_pick v[SHOP_LINES];
	size_t n = 0;
	int rc = shop_order_load(c, m->order, &m->o);
	if (rc == 0)
		rc = store_prep(c->db, &q,
				"SELECT line, qty FROM shop_return_item WHERE return_id=?1 "
				"ORDER BY line");
	if (rc)
		return rc;
	store_bind_sv(q, 1, m->id);
	while (n < SHOP_LINES && (rc = store_step(q)) == 1)
		for (size_t i = 0; i < m->o.n; i++)
			if (m->o.items[i].line == store_col_int(q, 0))
				v[n++] = (struct shop_pick){ &m->o.items[i], store_col_int(q, 1) };
	store_reset(q);
	shop_put(c, "items_text", shop_items_text(c, v, n));
	return rc < 0 ? rc : 0;
}

static int return_arg(struct shop_call *c, struct moved *m)
{
	sv id = number_of(c, jv_get_str(c->r->args, "return")), order = SV_NULL;
	struct shop_order o;
	int rc = 0;
	*m = (struct moved){ 0 };
	if (jv_get_str(c->r->args, "order").n) {
		rc = shop_order_arg(c, false, &o);
		order = o.id;
	}
	if (rc)
		return rc;
	if (jv_get_str(c->r->args, "return").n && !id.n)
		id = SV("?");
	rc = find(c, id, order, m);
	if (rc == 0)
		return shop_said(c, TOOL_NOT_FOUND, "no_return",
				 "this customer has no such return");
	if (rc < 0)
		return rc;
	shop_put(c, "return_id", m->id);
	shop_put(c, "order", m->order);
	shop_put(c, "kind", m->kind);
	shop_put(c, "state", m->state);
	sv key = sv_of(arena_fmt(c->a, "rt." SV_FMT, SV_ARG(m->state)));
	shop_put(c, "state_text", shop_word(c->lang, key));
	return put_pieces(c, m);
}

/* ---- return_status ---- */

static sv reference(struct shop_call *c, sv source)
{
	struct store_stmt *q;
	sv id = SV_NULL;
	if (store_prep(c->db, &q,
		       "SELECT id FROM shop_refund WHERE source=?1 AND state IN ('released', "
		       "'paid') LIMIT 1"))
		return SV_NULL;
	store_bind_sv(q, 1, source);
	if (store_step(q) == 1)
		id = arena_sv(c->a, store_col_sv(q, 0));
	store_reset(q);
	return id;
}

int shop_op_return_status(struct shop_call *c)
{
	static const char *const names[] = { "requested_at", "collected_at", "checked_at",
					     "refunded_at", "ended_at" };
	struct moved m;
	int64_t from, to, moves;
	int rc = return_arg(c, &m);
	if (rc)
		return rc;
	bool exchange = is(m.kind, "exchange"), visit = false;
	for (int i = 0; i < 5; i++)
		shop_put_time(c, names[i], m.at[i]);
	for (int k = SHOP_PICKUP; k <= SHOP_TRUCK && !visit; k++)
		visit = shop_visit_get(c, m.id, (enum shop_visit)k, &from, &to, &moves);
	if (visit)
		shop_put(c, "slot_text", shop_window(c, from, to));
	shop_put_money(c, "fee", m.fee);
	shop_put_money(c, "refund", m.refund);
	shop_put(c, "payment_text", shop_pay_text(c, m.o.payment));
	shop_put(c, "bank_text", shop_bank_text(c, m.o.payment));
	shop_put(c, "refund_reference", reference(c, m.id));
	if (exchange)
		tool_say(c->r, "exchange");
	else
		tool_say(c->r, visit && is(m.state, "requested") ? "requested_visit" :
								   arena_cstr(c->a, m.state));
	return 0;
}

/* ---- refund_status: of an order, or the newest of the customer ---- */

/* What refunds that are due wait for: goods; a person's yes (a cancelled order's, of an exchange
 * that is done); nothing, for a person said no. */
struct waits {
	bool goods, yes, no;
};

/* The state as it is told: due, or held when a person said no. */
static sv refund_state(struct store_stmt *q, struct waits *w)
{
	sv kind = store_col_sv(q, 1), state = store_col_sv(q, 2);
	if (!is(state, "due"))
		return state;
	if (is(store_col_sv(q, 7), "no")) {
		w->no = true;
		return SV("held");
	}
	if (is(kind, "cancel") || is(store_col_sv(q, 6), "done"))
		w->yes = true;
	else
		w->goods = true;
	return state;
}

static int put_refunds(struct shop_call *c, const struct shop_order *o, size_t *n, sv *last,
		       struct waits *w)
{
	struct store_stmt *q;
	jv *list = jv_arr();
	int64_t due = 0, held = 0, sent = 0, at = 0;
	*n = 0;
	*w = (struct waits){ 0 };
	jv_set(c->r->body, "items", list);
	int rc = store_prep(
		c->db, &q,
		"SELECT f.id, f.kind, f.state, f.amount_fen, f.made_ms, f.released_ms, t.state, "
		"p.state FROM shop_refund f LEFT JOIN shop_return t ON t.id=f.source LEFT JOIN "
		"tool_approval p ON p.id=f.approval WHERE f.order_id=?1 AND f.state<>'void' "
		"ORDER BY f.made_ms, f.id LIMIT 100");
	if (rc)
		return rc;
	store_bind_sv(q, 1, o->id);
	while ((rc = store_step(q)) == 1) {
		bool out = !is(store_col_sv(q, 2), "due");
		sv state = refund_state(q, w);
		jv *x = jv_obj();
		jv_set_str(x, "kind", store_col_sv(q, 1));
		jv_set_str(x, "state", state);
		jv_set_num(x, "amount", shop_num(store_col_int(q, 3)));
		shop_set_time(x, "at", store_col_int(q, out ? 5 : 4));
		if (out) {
			jv_set_str(x, "reference", store_col_sv(q, 0));
			*last = arena_sv(c->a, store_col_sv(q, 0));
			sent += store_col_int(q, 3);
			at = store_col_int(q, 5);
		} else if (is(state, "held")) {
			held += store_col_int(q, 3);
		} else {
			due += store_col_int(q, 3);
		}
		jv_push(list, x);
		++*n;
	}
	store_reset(q);
	/* of what is held nothing is promised; alone, its sum is told as such */
	shop_put_money(c, "due", w->yes || w->goods ? due : held);
	shop_put_money(c, "released", sent);
	shop_put_time(c, "released_at", at);
	return rc;
}

int shop_op_refund_status(struct shop_call *c)
{
	struct moved m;
	struct shop_order o;
	size_t n;
	sv last = SV_NULL;
	struct waits w = { 0 };
	int rc;
	if (jv_get_str(c->r->args, "order").n) {
		rc = shop_order_arg(c, false, &o);
	} else {
		rc = return_arg(c, &m);
		o = m.o;
	}
	if (rc == 0)
		rc = put_refunds(c, &o, &n, &last, &w);
	if (rc)
		return rc;
	shop_put(c, "payment_text", shop_pay_text(c, o.payment));
	shop_put(c, "bank_text", shop_bank_text(c, o.payment));
	shop_put(c, "refund_reference", last);
	if (!n)
		return shop_said(c, TOOL_NOT_FOUND, "none", "the order has no refund");
	bool due = jv_get_num(c->r->body, "due", 0) > 0;
	bool held = w.no && !w.yes && !w.goods;
	tool_say(c->r, due && held ? "due_held" : last.n && due ? "both" : last.n ? "released" :
			 w.yes ? "due_asked" : "due");
	return 0;
}

/* ---- moves ---- */

static int set_state(struct shop_call *c, struct moved *m, const char *state, const char *col)
{
	struct store_stmt *q;
	const char *sql = arena_fmt(
		c->a,
		"UPDATE shop_return SET state=?2, %s=?3, updated_ms=?3, deduct_fen=?4, "
		"refund_fen=?5 WHERE id=?1",
		col);
	int rc = store_prep(c->db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, m->id);
	store_bind_sv(q, 2, sv_of(state));
	store_bind_int(q, 3, c->r->now_ms);
	store_bind_int(q, 4, m->deduct);
	store_bind_int(q, 5, m->refund);
	m->state = sv_of(state);
	shop_put(c, "state", m->state);
	shop_put(c, "state_text", shop_word(c->lang, sv_of(arena_fmt(c->a, "rt.%s", state))));
	return store_run(q);
}

static int set_refund(struct shop_call *c, const struct moved *m, const char *state)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "UPDATE shop_refund SET state=?2, amount_fen=?3 WHERE source=?1 AND "
			    "state='due'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, m->id);
	store_bind_sv(q, 2, sv_of(state));
	store_bind_int(q, 3, m->refund);
	return store_run(q);
}

/* A return is paid back (who moves it may, that was looked at); what an exchange gives back
 * goes out when it is done, or waits for a person. */
static int pay_back(struct shop_call *c, const struct moved *m)
{
	sv id = SV_NULL;
	int64_t fen = 0;
	int rc = shop_refund_due(c, m->id, &id, &fen);
	/* of an exchange nothing comes back; of a return a supervisor released it before */
	if (rc == ERR_NOTFOUND && (is(m->kind, "exchange") || reference(c, m->id).n))
		return 0;
	if (rc)
		return rc;
	return is(m->kind, "exchange") ?
		       shop_refund_settle(c, &m->o, "exchange", id, fen) :
		       shop_refund_release(c, &m->o, "return", id, fen);
}

/* The pieces are the customer's again. */
static int pieces_back(struct shop_call *c, const struct moved *m)
{
	static const char *const sql =
		"UPDATE shop_item SET back=back-(SELECT i.qty FROM shop_return_item i WHERE "
		"i.return_id=?1 AND i.line=shop_item.line), exchanges=exchanges-CASE WHEN ?2=1 "
		"THEN "
		"(SELECT i.qty FROM shop_return_item i WHERE i.return_id=?1 AND "
		"i.line=shop_item.line) "
		"ELSE 0 END WHERE order_id=(SELECT order_id FROM shop_return WHERE id=?1) AND "
		"line IN "
		"(SELECT line FROM shop_return_item WHERE return_id=?1)";
	return shop_exec1(c->db, sql, m->id, is(m->kind, "exchange"));
}

static int64_t pieces(struct shop_call *c, sv id)
{
	struct store_stmt *q;
	if (store_prep(c->db, &q,
		       "SELECT coalesce(sum(qty),0) FROM shop_return_item WHERE return_id=?1"))
		return 0;
	store_bind_sv(q, 1, id);
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : 0;
	store_reset(q);
	return n;
}

int shop_op_return_cancel(struct shop_call *c)
{
	struct moved m;
	int rc = return_arg(c, &m);
	if (rc)
		return rc;
	if (is(m.state, "cancelled"))
		return shop_said(c, TOOL_REFUSED, "already", "it was withdrawn already");
	if (!is(m.state, "requested"))
		return shop_said(c, TOOL_REFUSED, "too_late", "the goods are collected already");
	rc = set_state(c, &m, "cancelled", "ended_ms");
	if (rc == 0)
		rc = pieces_back(c, &m);
	if (rc == 0)
		rc = shop_visit_cancel(c, m.id);
	if (rc == 0)
		rc = set_refund(c, &m, "void");
	if (rc == 0 && m.new_sku.n)
		rc = shop_stock_take(c->db, m.new_sku, -pieces(c, m.id));
	tool_say(c->r, "done");
	return rc ? rc : shop_notify(c, m.customer, "sms");
}

/* After the check: what is taken off, of the range that was told. */
static int checked(struct shop_call *c, struct moved *m)
{
	const jv *pct = jv_get(c->r->args, "deduct_pct");
	int64_t off = pct ? (int64_t)((double)m->gross * jv_as_num(pct, 0) / 100 + 0.5) : m->deduct;
	if (off < m->deduct || off > m->deduct_max)
		return shop_said(c, TOOL_REFUSED, "out_of_range",
				 "the deduction is not within what the customer was told");
	m->deduct = off;
	int64_t left = m->gross - off - m->fee;
	m->refund = left > 0 ? left : 0;
	if (left < 0)
		m->fee += left;      /* gross = fee + deduct + refund still */
	return shop_exec1(c->db, "UPDATE shop_return SET fee_fen=?2 WHERE id=?1", m->id, m->fee);
}

/* An order all of whose pieces came back is a returned one. */
static int order_back(struct shop_call *c, struct moved *m)
{
	for (size_t i = 0; i < m->o.n; i++)
		if (m->o.items[i].back < m->o.items[i].qty)
			return 0;
	return shop_order_state(c, &m->o, "returned");
}

static int after_move(struct shop_call *c, struct moved *m)
{
	shop_put_money(c, "refund", m->refund);
	shop_put(c, "payment_text", shop_pay_text(c, m->o.payment));
	shop_put(c, "bank_text", shop_bank_text(c, m->o.payment));
	if (is(m->state, "collected"))
		return shop_notify(c, m->customer, "sms_collected");
	if (is(m->state, "checked"))
		return set_refund(c, m, "due");
	if (is(m->state, "refused")) {
		int rc = pieces_back(c, m);
		return rc ? rc : set_refund(c, m, "void");
	}
	if (is(m->state, "done"))
		return pay_back(c, m);
	if (!is(m->state, "refunded"))
		return 0;
	int rc = pay_back(c, m);         /* the amount is that of the check */
	if (rc == 0)
		rc = order_back(c, m);
	shop_put(c, "refund_reference", reference(c, m->id));
	return rc ? rc : shop_notify(c, m->customer, "sms_refunded");
}

int shop_op_return_move(struct shop_call *c)
{
	static const struct {
		const char *kind, *from, *to, *col;
	} moves[] = {
		{ "return", "requested", "collected", "collected_ms" },
		{ "return", "collected", "checked", "checked_ms" },
		{ "return", "collected", "refused", "ended_ms" },
		{ "return", "checked", "refunded", "refunded_ms" },
		{ "exchange", "requested", "sent", "collected_ms" },
		{ "exchange", "sent", "done", "ended_ms" },
	};
	struct moved m;
	sv to = jv_get_str(c->r->args, "state");
	int rc = return_arg(c, &m);
	for (size_t i = 0; rc == 0 && i < sizeof(moves) / sizeof(*moves); i++) {
		if (!is(m.kind, moves[i].kind) || !is(m.state, moves[i].from) ||
		    !is(to, moves[i].to))
			continue;
		rc = is(to, "checked")  ? checked(c, &m) :
		     is(to, "refunded") && !reference(c, m.id).n ? /* not released before */
				     shop_may_pay(c, "refund of a return", m.refund) :
				     0;
		if (rc == 0)
			rc = set_state(c, &m, moves[i].to, moves[i].col);
		if (rc == 0)
			rc = after_move(c, &m);
		if (rc == 0)
			tool_say(c->r, "done");
		return rc;
	}
	return rc ? rc :
		    shop_said(c, TOOL_REFUSED, "no_move",
			      "it cannot go there from where it is");
}
