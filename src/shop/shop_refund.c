/* shop_refund.c: money that goes back: one path, whatever it is for.
 *
 * due -> (a person approves, when it is beyond the authority of who asks: table "approval") ->
 * released -> paid; or void. What is released goes to the company's payment system by the
 * outbox, kind "pay", under its number, by which that system can tell a repeat:
 * {"refund","order","customer", "amount","currency","payment","what","lang","text"}. When it
 * was taken there shop_refund_paid makes it paid, and the customer hears of it (text). No row
 * goes the same step twice. On the scribe.
 */
#include "shop_int.h"

#include <stdio.h>

/* ---- authority ---- */

/* 1: the table "approval" lets who asks pay so much alone (or there is no table); 0; negative. */
static int may_alone(struct shop_call *c, int64_t fen)
{
	static const char *const roles[] = { "bot", "agent", "supervisor", "manager", "manager" };
	jv *f = jv_obj(), *d = NULL;
	jv_set_str(f, "what", SV("refund"));
	jv_set_str(f, "role", sv_of(roles[c->r->who->role]));
	jv_set_int(f, "amount_fen", fen);
	int rc = c->r->rules ? policy_decide(c->r->rules, SV("approval"), f, &d) : ERR_NOTFOUND;
	bool ok = rc == ERR_NOTFOUND || jv_get_bool(d, "allowed", false);
	jv_free(f);
	jv_free(d);
	return rc && rc != ERR_NOTFOUND ? rc : ok;
}

int shop_may_pay(struct shop_call *c, const char *what, int64_t fen)
{
	int rc = may_alone(c, fen);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = tool_ask_person(c->r, c->db, what, shop_num(fen));
	return rc ? rc : SHOP_SAID;
}

/* ---- due ---- */

static int refund_row(struct shop_call *c, const struct shop_order *o, const char *kind, sv source,
		      int64_t fen, sv id)
{
	struct store_stmt *q;
	int rc = store_prep(
		c->db, &q,
		"INSERT INTO shop_refund (id, order_id, source, kind, state, amount_fen, "
		"payment, made_ms) VALUES (?1, ?2, ?3, ?4, 'due', ?5, ?6, ?7) ON CONFLICT (id) DO "
		"NOTHING");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, o->id);
	store_bind_sv(q, 3, source);
	store_bind_sv(q, 4, sv_of(kind));
	store_bind_int(q, 5, fen);
	store_bind_sv(q, 6, o->payment);
	store_bind_int(q, 7, c->r->now_ms);
	return store_run(q);
}

/* Six digits that a bank can find it by; those that came in by import are passed over. */
int shop_refund_add(struct shop_call *c, const struct shop_order *o, const char *kind, sv source,
		    int64_t fen, sv *ret_id)
{
	for (int tries = 0; tries < 1000; tries++) {
		int64_t n = shop_number(c->db, "refund", 500001);
		if (n < 0)
			return (int)n;
		*ret_id = sv_of(arena_fmt(c->a, "%06lld", (long long)n));
		int rc = refund_row(c, o, kind, source, fen, *ret_id);
		if (rc || store_changes(c->db) == 1)
			return rc;
	}
	return ERR_FULL;
}

int shop_refund_due(struct shop_call *c, sv source, sv *ret_id, int64_t *ret_fen)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "SELECT id, amount_fen FROM shop_refund WHERE source=?1 AND "
			    "state='due' ORDER BY id LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, source);
	rc = store_step(q);
	if (rc == 1) {
		*ret_id = arena_sv(c->a, store_col_sv(q, 0));
		*ret_fen = store_col_int(q, 1);
	}
	store_reset(q);
	return rc == 1 ? 0 : rc ? rc : ERR_NOTFOUND;
}

/* ---- released ---- */

struct refund {
	sv id, what;
	int64_t fen;
};

/* What the customer is told once it is paid. */
static sv paid_text(struct shop_call *c, const struct shop_order *o, const struct refund *f)
{
	jv *v = jv_obj();
	jv_set_str(v, "refund", f->id);
	jv_set_str(v, "order", o->id);
	jv_set_str(v, "amount", shop_money(c, f->fen));
	jv_set_str(v, "payment", shop_pay_text(c, o->payment));
	jv_set_str(v, "bank", shop_bank_text(c, o->payment));
	sv text = shop_fill_text(c, shop_word(c->lang, SV("msg.paid")), v);
	jv_free(v);
	return text;
}

static int order_payment(struct shop_call *c, const struct shop_order *o, const struct refund *f)
{
	jv *m = jv_obj();
	jv_set_str(m, "refund", f->id);
	jv_set_str(m, "order", o->id);
	jv_set_str(m, "customer", o->customer);
	jv_set_num(m, "amount", shop_num(f->fen));
	jv_set_str(m, "currency", sv_of(c->s->currency));
	jv_set_str(m, "payment", o->payment);
	jv_set_str(m, "what", f->what);
	jv_set_str(m, "lang", c->lang ? SV("en") : SV("zh"));
	jv_set_str(m, "text", paid_text(c, o, f));
	return tool_send(c->r, c->db, "pay", m);
}

static int release(struct shop_call *c, const struct shop_order *o, const struct refund *f)
{
	int rc = shop_exec1(c->db,
			    "UPDATE shop_refund SET state='released', released_ms=?2 WHERE id=?1 "
			    "AND state='due'",
			    f->id, c->r->now_ms);
	if (rc)
		return rc;
	if (store_changes(c->db) != 1)
		return ERR_STATE;
	if (shop_real(c))
		shop_put(c, "refund_reference", f->id);
	return f->fen > 0 ? order_payment(c, o, f) : 0;
}

int shop_refund_release(struct shop_call *c, const struct shop_order *o, const char *what, sv id,
			int64_t fen)
{
	struct refund f = { id, sv_of(what), fen };
	return release(c, o, &f);
}

/* Whom it waits for; not while the call is only looked at. */
static int note_asked(struct shop_call *c, sv id)
{
	struct store_stmt *q;
	sv approval = jv_get_str(c->r->body, "approval");
	if (!approval.n)
		return 0;
	int rc = store_prep(c->db, &q, "UPDATE shop_refund SET approval=?2 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, approval);
	return store_run(q);
}

int shop_refund_settle(struct shop_call *c, const struct shop_order *o, const char *what, sv id,
		       int64_t fen)
{
	int rc = may_alone(c, fen);
	if (rc < 0)
		return rc;
	if (rc)
		return shop_refund_release(c, o, what, id, fen);
	shop_put(c, "bank_text", shop_word(c->lang, SV("bank.asked")));
	const char *text = arena_fmt(c->a, "refund of order " SV_FMT " (%s)", SV_ARG(o->id), what);
	jv *args = jv_obj();
	jv_set_str(args, "refund", id);
	rc = tool_ask_for(c->r, c->db, "refund_release", args, text, shop_num(fen));
	if (rc != ERR_NOTFOUND)
		return rc ? rc : note_asked(c, id);
	rc = tool_ask_person(c->r, c->db, text, shop_num(fen));  /* then about all of it */
	return rc ? rc : SHOP_SAID;
}

/* ---- refund_release: a supervisor's, or what an approval carries out ---- */

/* Of a return is paid what was checked, of an exchange what is done; others wait for no goods. */
static bool goods_are_back(sv kind, sv at)
{
	if (sv_eq(kind, SV("return")))
		return sv_eq(at, SV("checked")) || sv_eq(at, SV("refunded"));
	return !sv_eq(kind, SV("exchange")) || sv_eq(at, SV("done"));
}

/* *wait: why it cannot be released now, or NULL. */
static int load(struct shop_call *c, struct refund *f, sv *order, const char **wait)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q,
			    "SELECT f.order_id, f.state, f.kind, f.amount_fen, t.state FROM "
			    "shop_refund f LEFT JOIN shop_return t ON t.id=f.source WHERE "
			    "f.id=?1");
	if (rc)
		return rc;
	f->id = sv_trim(jv_get_str(c->r->args, "refund"));
	store_bind_sv(q, 1, f->id);
	rc = store_step(q);
	if (rc == 1) {
		*order = arena_sv(c->a, store_col_sv(q, 0));
		f->what = arena_sv(c->a, store_col_sv(q, 2));
		f->fen = store_col_int(q, 3);
		*wait = !sv_eq(store_col_sv(q, 1), SV("due")) ?
				"it is released, paid or void already" :
			!goods_are_back(f->what, store_col_sv(q, 4)) ?
				"the goods are not back and checked yet" :
				NULL;
	}
	store_reset(q);
	return rc == 1 ? 0 : rc ? rc : ERR_NOTFOUND;
}

int shop_op_refund_release(struct shop_call *c)
{
	struct refund f = { 0 };
	struct shop_order o;
	const char *wait = NULL;
	sv order;
	int rc = load(c, &f, &order, &wait);
	if (rc == ERR_NOTFOUND)
		return shop_said(c, TOOL_NOT_FOUND, "no_refund", "there is no such refund");
	if (rc == 0)
		rc = shop_order_load(c, order, &o);
	if (rc)
		return rc;
	shop_put(c, "refund_id", f.id);
	shop_put(c, "order", o.id);
	shop_put_money(c, "refund", f.fen);
	shop_put(c, "payment_text", shop_pay_text(c, o.payment));
	if (wait)
		return shop_said(c, TOOL_REFUSED, "not_due", wait);
	rc = may_alone(c, f.fen);
	if (rc == 0)
		return shop_said(c, TOOL_REFUSED, "too_much",
				 "it is beyond the authority of who asks");
	if (rc < 0)
		return rc;
	tool_say(c->r, "done");
	return release(c, &o, &f);
}

/* ---- paid ---- */

static int paid_row(struct store_db *db, const jv *body, int64_t now_ms)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_cstr(&b, "{\"refund\":");
	sb_json(&b, jv_get_str(body, "refund"));
	sb_cstr(&b, ",\"order\":");
	sb_json(&b, jv_get_str(body, "order"));
	sb_fmt(&b, ",\"amount\":%.2f}", jv_get_num(body, "amount", 0));
	struct store_event ev = { .ts_ms = now_ms, .customer = jv_get_str(body, "customer"),
				  .kind = SV("refund.paid"), .actor = SV("system"),
				  .body = sb_sv(&b) };
	int rc = sb_err(&b) ? sb_err(&b) : store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

int shop_refund_paid(struct store_db *db, const jv *body, int64_t now_ms)
{
	struct store_stmt *q;
	sv customer = jv_get_str(body, "customer"), text = jv_get_str(body, "text");
	int rc = store_prep(db, &q,
			    "UPDATE shop_refund SET state='paid' WHERE id=?1 AND state='released'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, jv_get_str(body, "refund"));
	rc = store_run(q);
	if (rc || store_changes(db) != 1)
		return rc;                   /* told already: the same payment once more */
	rc = paid_row(db, body, now_ms);
	if (rc || !text.n || cust_alive(db, customer))
		return rc;
	jv *m = jv_obj();
	jv_set_str(m, "customer", customer);
	jv_set_str(m, "lang", jv_get_str(body, "lang"));
	jv_set_str(m, "text", text);
	return tool_post(db, "sms", m, customer, now_ms);
}
