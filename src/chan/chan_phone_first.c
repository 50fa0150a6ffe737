/* chan_phone_first.c: a call that a person of the company places by a click: their own line is rung
 * first, then the customer's, and when that answers the conversation begins with both in it.
 *
 * Until then the person is alone in a room of their own (chan_parties) and hears its tune; the room
 * goes over to the conversation's voice, which tells again who is there. Whoever does not answer or
 * leaves ends the other's line. Shard's thread. */
#include "chan_phone_int.h"

static void on_news(void *arg, const struct chan_msg *m, bool own)
{
	struct call *c = arg;
	if (m->kind != CHAN_PARTY)
		return;
	if (sv_eq(m->text, SV("joined")))
		out_first(c);
	else if (sv_eq(m->text, SV("failed")) || sv_eq(m->text, SV("left")))
		out_first_gone(c, m->status);
}

int first_ring(struct call *c)
{
	c->parties = parties_new(&(struct parties_opts){ .loop = c->place.loop,
							 .box = c->place.box,
							 .speech = c->place.speech,
							 .people = c->ph->people,
							 .rate = PCM_HZ,
							 .news = on_news,
							 .arg = c });
	return parties_order(c->parties,
			     &(struct chan_party){ .act = CHAN_PARTY_ADD,
						   .mode = CHAN_TALKS,
						   .id = sv_of(c->party),
						   .to = sv_of(c->party_to),
						   .lang = sv_of(c->language) },
			     false);
}

void first_free(struct call *c)
{
	if (!c->parties)
		return;
	parties_stop(c->parties);
	c->parties = obj_unref(c->parties);
}
