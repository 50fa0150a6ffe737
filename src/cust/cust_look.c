/* cust_look.c: who is it that calls or writes? A card made on a worker at the start of a
 * conversation: the customer of the channel's address (claimed: a caller number can be forged),
 * or the one of whom the channel is sure (a token of a signed-in page).
 *
 * The card is an obj with an arena of its own, immutable once it is posted. The conversation's
 * row gets the customer by a write that follows; it never lowers what a check of identity has
 * put there.
 */
#include "cust_int.h"
#include "tool.h"

#include <stdio.h>

enum cust_kind cust_kind_of_channel(sv channel)
{
	static const struct {
		const char *channel;
		enum cust_kind kind;
	} rows[] = {
		{ "phone", CUST_PHONE },   { "sms", CUST_PHONE },         { "email", CUST_EMAIL },
		{ "wechat", CUST_WECHAT }, { "whatsapp", CUST_WHATSAPP }, { "social", CUST_SOCIAL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (sv_eq(channel, sv_of(rows[i].channel)))
			return rows[i].kind;
	return CUST_COOKIE;
}

static void card_free(void *obj)
{
	arena_done(&((struct cust_card *)obj)->a);
}

static struct cust_card *card_new(void)
{
	struct cust_card *c = obj_new(sizeof(*c), card_free);
	arena_init(&c->a, LIM_ARENA_CONV);
	c->where = SV("{}");
	return c;
}

/* ---- reading ---- */

static int find_who(struct store_db *db, const struct cust_keys *k, const struct cust_look *l,
		    struct cust_card *c)
{
	struct cust_ident i = { .kind = l->kind };
	struct cust_found f;
	if (l->customer.n) {
		int rc = cust_alive(db, l->customer);
		if (rc == 0)
			rc = cust_lead(db, l->customer, c->id);
		c->level = rc ? TOOL_NOBODY : TOOL_PROVEN;
		return rc == ERR_STATE ? ERR_NOTFOUND : rc;
	}
	/* what is no address is nobody's */
	if (!l->address.n || cust_normal(l->kind, l->address, l->default_cc, &c->a, &i.value))
		return 0;
	int rc = cust_find(db, k, &i, 1, &f);
	if (rc == 0 && f.matches == 1) {
		snprintf(c->id, sizeof(c->id), "%s", f.id);
		c->level = TOOL_CLAIMED;
	}
	return rc;
}

static int fill_card(struct store_db *db, const struct cust_keys *k, const struct cust_look *l,
		     struct cust_card *c)
{
	struct cust who = { 0 };
	struct cust_numbers n;
	struct sb where;
	int rc = cust_get(db, k, sv_of(c->id), &c->a, &who);
	if (rc == 0)
		rc = cust_numbers(db, sv_of(c->id), l->conversation, l->now_ms, &n);
	if (rc) {
		cust_done(&who);
		return rc;
	}
	c->name = arena_sv(&c->a, who.name);
	c->tier = who.tier;
	c->language = who.language;
	c->since = who.since;
	c->last_order = arena_sv(&c->a, sv_of(n.last_order));
	c->last_status = arena_sv(&c->a, sv_of(n.last_status));
	c->orders = n.orders;
	c->contacts_7d = n.contacts_7d;
	c->open_tickets = n.open_tickets;
	cust_done(&who);
	sb_init(&where, 64u << 10);
	rc = cust_where_but(db, sv_of(c->id), l->conversation, l->now_ms, &where);
	if (rc == 0 && !sb_err(&where))
		c->where = arena_sv(&c->a, sb_sv(&where));
	sb_done(&where);
	return rc;
}

int cust_look_up(struct store_db *db, const struct cust_keys *k, const struct cust_look *look,
		 struct cust_card **ret)
{
	struct cust_card *c = card_new();
	int rc = find_who(db, k, look, c);
	if (rc == 0 && c->id[0])
		rc = fill_card(db, k, look, c);
	if (rc) {
		obj_unref(c);
		return rc;
	}
	*ret = c;
	return 0;
}

/* ---- on a worker ---- */

struct looking {
	struct store *st;
	struct cust_keys *k;
	struct cust_look look;
	struct arena a;
	struct cust_card *card;
	cust_look_fn *done;
	void *arg;
};

static void looking_free(struct looking *x)
{
	obj_unref(x->card);
	obj_unref(x->k);
	arena_done(&x->a);
	xfree(x);
}

struct link {
	char conversation[40], customer[CUST_ID_MAX];
	int level;
};

static int link_write(void *arg, struct store_db *db)
{
	struct link *l = arg;
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE conversation SET customer_id=?2, customer_level=?3 WHERE id=?1 AND "
		"customer_level<?3");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(l->conversation));
	store_bind_sv(q, 2, sv_of(l->customer));
	store_bind_int(q, 3, l->level);
	return store_run(q);
}

static void link_done(void *arg, int err)
{
	xfree(arg);
}

static void link_conversation(const struct looking *x)
{
	sv conv = x->look.conversation;
	if (!x->card->id[0] || !conv.n || conv.n >= 40)
		return;
	struct link *l = xalloc(sizeof(*l));
	snprintf(l->conversation, sizeof(l->conversation), SV_FMT, SV_ARG(conv));
	snprintf(l->customer, sizeof(l->customer), "%s", x->card->id);
	l->level = x->card->level;
	if (store_write(x->st, link_write, l, NULL, link_done))
		xfree(l);
}

static void look_run(void *arg, struct store_db *db)
{
	struct looking *x = arg;
	if (cust_look_up(db, x->k, &x->look, &x->card))
		x->card = card_new();
	else
		link_conversation(x);
}

static void look_done(void *arg)
{
	struct looking *x = arg;
	struct cust_card *card = x->card ? x->card : card_new();
	x->card = NULL;
	x->done(x->arg, card);
	looking_free(x);
}

int cust_look_start(struct store *st, struct pool *pool, struct cust_keys *k,
		    const struct cust_look *look, struct mbox *back, cust_look_fn *done, void *arg)
{
	struct looking *x = xalloc(sizeof(*x));
	*x = (struct looking){ .st = st, .k = obj_ref(k), .look = *look, .done = done, .arg = arg };
	arena_init(&x->a, 64u << 10);
	x->look.address = arena_sv(&x->a, look->address);
	x->look.customer = arena_sv(&x->a, look->customer);
	x->look.conversation = arena_sv(&x->a, look->conversation);
	x->look.default_cc = arena_sv(&x->a, look->default_cc);
	int rc = store_read(st, pool, back, look_run, x, look_done);
	if (rc)
		looking_free(x);
	return rc;
}
