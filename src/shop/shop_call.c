/* shop_call.c: what every operation needs: its values' keeper, outcomes, numbers, the company's
 * decision, a message. On the thread of the call's db. */
#include "shop_int.h"

#include <stdio.h>

jv *shop_keep(struct shop_call *c, jv *v)
{
	jv **slot = v ? VEC_PUSH(&c->kept, SHOP_PRODUCTS_MAX * 2) : NULL;
	if (slot)
		*slot = v;
	else
		jv_free(v);
	return slot ? v : NULL;
}

bool shop_real(const struct shop_call *c)
{
	return c->r->confirmed && !c->r->dry;
}

bool shop_staff(const struct shop_call *c)
{
	return c->r->who->role >= TOOL_AGENT;
}

int shop_said(struct shop_call *c, enum tool_outcome o, const char *key, const char *why)
{
	tool_outcome(c->r, o, why);
	if (key)
		tool_say(c->r, key);
	return SHOP_SAID;
}

int shop_exec1(struct store_db *db, const char *sql, sv s1, int64_t i2)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, s1);
	store_bind_int(q, 2, i2);
	return store_run(q);
}

int64_t shop_number(struct store_db *db, const char *k, int64_t first)
{
	struct store_stmt *q;
	int64_t v = first;
	int rc = store_prep(db, &q, "SELECT v FROM shop_count WHERE k=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(k));
	rc = store_step(q);
	if (rc == 1)
		v = store_col_int(q, 0) + 1;
	store_reset(q);
	if (rc < 0)
		return rc;
	rc = shop_exec1(db,
			"INSERT INTO shop_count (k, v) VALUES (?1, ?2) "
			"ON CONFLICT (k) DO UPDATE SET v=excluded.v",
			sv_of(k), v);
	return rc ? rc : v;
}

sv shop_tier(struct shop_call *c, sv customer)
{
	struct store_stmt *q;
	sv tier = SV_NULL;
	if (store_prep(c->db, &q, "SELECT tier FROM customer WHERE id=?1"))
		return SV_NULL;
	store_bind_sv(q, 1, customer);
	if (store_step(q) == 1)
		tier = arena_sv(c->a, store_col_sv(q, 0));
	store_reset(q);
	return tier;
}

/* No table: nobody has said what the company wants, so a person has to. */
static int no_table(struct shop_call *c, const char *table)
{
	const char *why = arena_fmt(c->a, "there is no decision table \"%s\"", table);
	if (!c->r->decl->effect)
		return shop_said(c, TOOL_APPROVE, NULL, why);
	int rc = tool_ask_person(c->r, c->db, why, 0);
	return rc ? rc : SHOP_SAID;
}

int shop_decide(struct shop_call *c, const char *table, jv *facts, const jv **ret)
{
	jv *d = NULL;
	int rc = tool_decide(c->r, table, facts, &d);
	shop_keep(c, d);
	if (rc == ERR_NOTFOUND)
		return no_table(c, table);
	if (rc)
		return rc;
	*ret = d;
	if (!jv_is_bool(jv_get(d, "allowed")))
		return shop_said(c, TOOL_REFUSED, NULL,
				 "the table does not say that it is allowed");
	if (!jv_get_bool(d, "allowed", false))
		return SHOP_SAID;
	shop_put(c, "rule", sv_of(arena_fmt(c->a, "%s/" SV_FMT, table,
					    SV_ARG(jv_get_str(d, "rule")))));
	return 0;
}

int shop_notify(struct shop_call *c, sv customer, const char *key)
{
	sv text = shop_fill(c, key);
	if (!text.n)
		return 0;
	jv *o = jv_obj();
	jv_set_str(o, "customer", customer);
	jv_set_str(o, "lang", c->lang ? SV("en") : SV("zh"));
	jv_set_str(o, "text", text);
	return tool_send(c->r, c->db, "sms", o);
}
