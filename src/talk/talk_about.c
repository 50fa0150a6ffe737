/* talk_about.c: what is being talked of: the order and the article named last, so that "is it in
 * stock?" and 多少钱 have a subject.
 *
 * Told by the customer's own words, by the arguments of an action and by its result. An article is
 * forgotten when another order comes up, when nobody has named it for some turns, or when it was
 * not found; an order, when it was not found. Nothing here makes sure that an order is the
 * customer's: the gate of tool.h does, each time. Pure; the strings are the core's. */
#include "talk_core.h"

#define FADES 8                      /* turns */

static void set_product(struct talk_core *c, sv sku)
{
	talk_set(&c->svc.product, sku);
	c->svc.product_turn = c->turn;
}

void talk_about_order(struct talk_core *c, sv order)
{
	struct talk_service *s = &c->svc;
	if (!order.n)
		return;
	bool other = s->about && !sv_eq(order, sv_of(s->about));
	if (other && s->product_turn < c->turn)
		set_product(c, SV_NULL); /* of the one before */
	if (!s->about || other)
		talk_set(&s->about, order);
	s->order_turn = c->turn;
}

const char *talk_about_product(const struct talk_core *c)
{
	const struct talk_service *s = &c->svc;
	return s->product && c->turn - s->product_turn <= FADES ? s->product : NULL;
}

const char *talk_about_it(const struct talk_core *c)
{
	const struct talk_service *s = &c->svc;
	bool order = s->about && c->turn - s->order_turn <= FADES;
	bool product = talk_about_product(c) != NULL;
	if (order && product)
		return s->product_turn > s->order_turn ? "product" : "order";
	return order ? "order" : product ? "product" : NULL;
}

/* The one value of that type; none when there are two: which of them is "it"? */
static sv only(const jv *slots, const char *type)
{
	sv found = SV_NULL;
	for (size_t i = 0; i < jv_len(slots); i++) {
		const jv *x = jv_at(slots, i);
		sv v = jv_get_str(x, "value");
		if (!sv_eq(jv_get_str(x, "type"), sv_of(type)))
			continue;
		if (found.n && !sv_eq(found, v))
			return SV_NULL;
		found = v;
	}
	return found;
}

void talk_about_words(struct talk_core *c)
{
	jv *slots = c->t.slots.n ? jv_parse(c->t.slots, NULL) : NULL;
	sv product = only(slots, "product"), order = only(slots, "order_number");
	if (product.n)
		set_product(c, product);
	talk_about_order(c, order);
	jv_free(slots);
}

/* The article of a result: its own number, or that of its only row. */
static sv sku_of(const jv *body)
{
	sv sku = jv_get_str(body, "sku");
	const jv *items = jv_get(body, "items");
	if (!sku.n)
		sku = jv_get_str(jv_get(body, "product"), "sku");
	if (!sku.n && jv_len(items) == 1)
		sku = jv_get_str(jv_at(items, 0), "sku");
	return sku;
}

void talk_about_result(struct talk_core *c, const struct talk_got *g)
{
	struct talk_service *s = &c->svc;
	if (g->outcome == TOOL_NOT_FOUND) {  /* not taken for granted once more */
		talk_set(&s->about, SV_NULL);
		set_product(c, SV_NULL);
		return;
	}
	if (g->outcome != TOOL_DONE)
		return;
	jv *body = jv_parse(g->body, NULL);
	talk_about_order(c, jv_get_str(body, "order"));
	sv sku = sku_of(body);
	if (sku.n)
		set_product(c, sku);
	jv_free(body);
}
