/* api_chat_page.c: whether the customer's page is open, for the hand-overs.
 *
 * A page is a socket. One that is gone may come back within chat_page_ms (a reload, a tunnel); then
 * the customer is away until a socket or a text comes. Only conversations that want a person are
 * told of; one that never had a socket (REST) has no page. Door's thread. */
#include "acd.h"
#include "api_chat.h"

#define PAGE_MS (20 * 1000)

static void tell(const struct api_chat *c)
{
	struct acd_order o = { .act = ACD_DO_PAGE, .conversation = sv_of(c->id), .on = !c->away,
			       .by = SV("customer") };
	if (c->a->o.acd && !c->a->ending && c->watched && c->person)
		(void)acd_do(c->a->o.acd, &o);
}

static void gone(void *arg)
{
	struct api_chat *c = arg;
	if (c->n_socks)
		return;
	c->away = true;
	tell(c);
}

void chat_page_shuts(struct api_chat *c)
{
	int ms = c->a->o.chat_page_ms > 0 ? c->a->o.chat_page_ms : PAGE_MS;
	if (!c->n_socks && c->watched && !c->a->ending)
		loop_after(c->a->loop, &c->page, ms, gone, c);
}

void chat_page_opens(struct api_chat *c)
{
	bool was = c->watched && !c->away;
	loop_timer_stop(&c->page);
	c->watched = true;
	c->away = false;
	if (!was)
		tell(c);
}

/* A hand-over begins, or goes on, with whether somebody is there. */
void chat_page_row(struct api_chat *c, sv kind)
{
	if (sv_eq(kind, SV("turn.customer")) && c->away) {
		chat_page_opens(c);
		chat_page_shuts(c);
	}
	if (!sv_starts(kind, SV("handover.")))
		return;
	c->person = true;
	tell(c);
}
