/* app_profile.c: a customer's card (cust.h) as the profile of a conversation.
 *
 * Whoever asks gets a plain pointer, as a request needs it for the moment between sign-in and
 * the shard; the conversation then keeps a reference. So each profile is held here for ten
 * minutes after it was given out, oldest first, and goes when the next one is asked for. One
 * thread. */
#include "app_profile.h"
#include "cust.h"

#define HELD_MS (10 * 60 * 1000)

struct held {
	struct held *next;
	struct profile *p;           /* a reference */
	int64_t at_ms;
};
struct profile {                     /* an obj */
	struct chan_profile c;
	struct cust_card *card;      /* its strings live there */
};
struct app_profiles {
	struct store *store;
	const struct cust_keys *keys;
	struct held *first, *last;
	size_t n;
};

void app_profiles_open(struct app_profiles **ret, struct store *st, const struct cust_keys *keys)
{
	struct app_profiles *p = xalloc(sizeof(*p));
	p->store = st;
	p->keys = keys;
	*ret = p;
}

static void drop_first(struct app_profiles *p)
{
	struct held *h = p->first;
	p->first = h->next;
	if (!p->first)
		p->last = NULL;
	p->n--;
	obj_unref(h->p);
	xfree(h);
}

void app_profiles_close(struct app_profiles *p)
{
	while (p && p->first)
		drop_first(p);
	xfree(p);
}

static void profile_free(void *obj)
{
	obj_unref(((struct profile *)obj)->card);
}

static struct profile *profile_of(struct cust_card *moved)
{
	struct profile *x = obj_new(sizeof(*x), profile_free);
	x->card = moved;
	x->c = (struct chan_profile){ .id = sv_of(moved->id),
				      .name = moved->name,
				      .tier = moved->tier,
				      .language = moved->language,
				      .since = moved->since,
				      .last_order = moved->last_order,
				      .last_status = moved->last_status,
				      .orders = moved->orders,
				      .contacts_7d = moved->contacts_7d,
				      .keep = x };
	return x;
}

static void hold(struct app_profiles *p, struct profile *moved, int64_t now)
{
	struct held *h = xalloc(sizeof(*h));
	*h = (struct held){ .p = moved, .at_ms = now };
	if (p->last)
		p->last->next = h;
	else
		p->first = h;
	p->last = h;
	p->n++;
}

const struct chan_profile *app_profile(struct app_profiles *p, sv id)
{
	struct store_db *db;
	struct cust_card *card;
	int64_t now = clk_mono_us() / 1000;
	struct cust_look look = { .customer = id, .now_ms = clk_wall_ms() };
	while (p->first && now - p->first->at_ms > HELD_MS)
		drop_first(p);
	if (!id.n || store_reader(p->store, &db) || cust_look_up(db, p->keys, &look, &card))
		return NULL;
	struct profile *x = profile_of(card);
	hold(p, x, now);
	return &x->c;
}

size_t app_profiles_held(const struct app_profiles *p)
{
	return p->n;
}
