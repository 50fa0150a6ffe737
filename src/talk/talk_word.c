/* talk_word.c: words of the people's side on their way to a conversation: copied, brought to its
 * shard, carried out there, answered.
 *
 * A conversation is on one of the shards: one after the other is asked, as for a recording's
 * orders. What changes the conversation is an event of the core; a note and "is typing" are not.
 * An order is one block of memory with its strings behind it; whoever holds it owns it. */
#include "talk_int.h"

#include <stdio.h>

#define TEXT_MAX 8000                /* bytes of one string */

struct talk_order {
	struct talk_hub *hub;
	size_t shard;                /* asked next */
	struct talk_word w;          /* its strings lie in text */
	int err;
	size_t n;
	char text[];
};

enum { STRINGS = 11 };

static void strings(struct talk_word *w, sv *ret[STRINGS])
{
	sv *all[STRINGS] = { &w->conversation, &w->agent,    &w->name,      &w->text,
			     &w->lang,         &w->original, &w->client_id, &w->why,
			     &w->party,        &w->to,       &w->keys };
	memcpy(ret, all, sizeof(all));
}

static void order_free(struct talk_order *o)
{
	obj_unref(o->w.music);
	xfree(o);
}

static struct talk_order *order_new(struct talk_hub *h, const struct talk_word *w)
{
	struct talk_word from = *w;
	sv *s[STRINGS];
	size_t n = 0;
	strings(&from, s);
	for (int i = 0; i < STRINGS; i++) {
		if (s[i]->n > TEXT_MAX)
			return NULL;
		n += s[i]->n;
	}
	struct talk_order *o = xalloc(sizeof(*o) + n + 1);
	*o = (struct talk_order){ .hub = h, .w = from, .err = ERR_NOTFOUND };
	(void)obj_ref(o->w.music);
	strings(&o->w, s);
	for (int i = 0; i < STRINGS; i++) {
		if (s[i]->n)
			memcpy(o->text + o->n, s[i]->p, s[i]->n);
		s[i]->p = o->text + o->n;
		o->n += s[i]->n;
	}
	return o;
}

static void answer(void *arg)
{
	struct talk_order *o = arg;
	o->w.done(o->w.arg, o->err);
	order_free(o);
}

static void over(struct talk_order *o)
{
	if (!o->w.back || !o->w.done || mbox_post(o->w.back, answer, o))
		order_free(o);
}

void talk_order_over(struct talk_order *o, int err)
{
	o->err = err;
	over(o);
}

/* What a person says is answered when it is kept (talk_record.c takes the order), all else at
 * once. */
static void take(struct talk *t, struct talk_order *o)
{
	t->order = o->w.kind == WORD_SAYS ? o : NULL;
	int err = talk_take_word(t, &o->w);
	bool kept = o->w.kind == WORD_SAYS && !t->order;
	t->order = NULL;
	if (!kept)
		talk_order_over(o, err);
}

static void look(void *arg)
{
	struct talk_order *o = arg;
	struct talk *t = talk_find(&o->hub->shards[o->shard], o->w.conversation);
	if (t) {
		take(t, o);
		return;
	}
	int err = ++o->shard < o->hub->n ? mbox_post(o->hub->shards[o->shard].mbox, look, o) :
					   ERR_NOTFOUND;
	if (err)
		talk_order_over(o, err);
}

int talk_hub_word(struct talk_hub *h, const struct talk_word *w)
{
	if (w->conversation.n != 26)
		return ERR_NOTFOUND;
	struct talk_order *o = (unsigned)w->kind < WORDS ? order_new(h, w) : NULL;
	if (!o)
		return ERR_INVAL;
	int rc = mbox_post(h->shards[0].mbox, look, o);
	if (rc)
		order_free(o);
	return rc;
}
