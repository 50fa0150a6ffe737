/* chan_cache.h: spoken forms of the company's own texts, kept in memory: greetings, menus,
 * quoted articles sound at once when they are said again. Never for text with a customer's words
 * in it (chan_out.shared). One a shard.
 *
 *	c = chan_cache_new(6 << 20);
 *	if ((hit = chan_cache_find(c, text, lang, 8000))) play(hit);
 *	chan_cache_put(c, text, lang, 8000, &sound);
 */
#ifndef CALLM_CHAN_CACHE_H
#define CALLM_CHAN_CACHE_H

#include "base.h"

struct chan_cache;
struct chan_mark {                   /* see playout_mark */
	size_t sample, text;
};
struct chan_sound {
	VEC(int16_t) s;              /* at the rate of the leg */
	VEC(struct chan_mark) marks; /* samples at hz */
	int hz;                      /* of the engine */
};

struct chan_cache *chan_cache_new(size_t max_bytes);
void chan_cache_free(struct chan_cache *c);          /* accepts NULL */
/* NULL when absent. Valid until the next put. */
const struct chan_sound *chan_cache_find(struct chan_cache *c, sv text, sv lang, int rate);
/* Takes the sound over (zeroed on return), whether kept or not. The longest unused go when it
 * is full. */
void chan_cache_put(struct chan_cache *c, sv text, sv lang, int rate, struct chan_sound *sound);
/* Forgets all: another voice speaks from now on. What find gave is invalid. */
void chan_cache_clear(struct chan_cache *c);
size_t chan_cache_bytes(const struct chan_cache *c);
void chan_sound_done(struct chan_sound *s);

#endif
