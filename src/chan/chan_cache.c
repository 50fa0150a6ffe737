/* chan_cache.c: a small least-recently-used store of sounds by (rate, language, text).
 *
 * A list in order of use and a map from the key; bounded in bytes. What is larger than a
 * quarter of it is not kept. Shard's thread; owns keys and sounds. */
#include "chan_cache.h"

struct entry {
	struct entry *newer, *older;
	struct chan_sound sound;
	size_t bytes, n_key;
	char key[];
};
struct chan_cache {
	struct map *by_key;
	struct entry *newest, *oldest;
	size_t bytes, max;
};

#define KEYS_MAX 4096
#define KEY_BYTES 2048

void chan_sound_done(struct chan_sound *s)
{
	VEC_FREE(&s->s);
	VEC_FREE(&s->marks);
	*s = (struct chan_sound){ 0 };
}

struct chan_cache *chan_cache_new(size_t max_bytes)
{
	struct chan_cache *c = xalloc(sizeof(*c));
	c->by_key = map_new(KEYS_MAX);
	c->max = max_bytes;
	return c;
}

static void unlink_entry(struct chan_cache *c, struct entry *e)
{
	if (e->newer)
		e->newer->older = e->older;
	else
		c->newest = e->older;
	if (e->older)
		e->older->newer = e->newer;
	else
		c->oldest = e->newer;
	e->newer = e->older = NULL;
}

static void link_newest(struct chan_cache *c, struct entry *e)
{
	e->older = c->newest;
	if (c->newest)
		c->newest->newer = e;
	c->newest = e;
	if (!c->oldest)
		c->oldest = e;
}

static void drop(struct chan_cache *c, struct entry *e)
{
	unlink_entry(c, e);
	map_del(c->by_key, sv_n(e->key, e->n_key));
	c->bytes -= e->bytes;
	chan_sound_done(&e->sound);
	xfree(e);
}

void chan_cache_clear(struct chan_cache *c)
{
	while (c->newest)
		drop(c, c->newest);
}

void chan_cache_free(struct chan_cache *c)
{
	if (!c)
		return;
	while (c->oldest)
		drop(c, c->oldest);
	map_free(c->by_key);
	xfree(c);
}

static bool make_key(struct sb *b, sv text, sv lang, int rate)
{
	sb_fmt(b, "%d " SV_FMT " ", rate, SV_ARG(lang));
	sb_put(b, text);
	return sb_err(b) == 0;
}

const struct chan_sound *chan_cache_find(struct chan_cache *c, sv text, sv lang, int rate)
{
	struct sb key;
	struct entry *e = NULL;
	sb_init(&key, KEY_BYTES);
	if (make_key(&key, text, lang, rate))
		e = map_get(c->by_key, sb_sv(&key));
	sb_done(&key);
	if (!e)
		return NULL;
	unlink_entry(c, e);
	link_newest(c, e);
	return &e->sound;
}

static void keep(struct chan_cache *c, sv key, size_t bytes, struct chan_sound *sound)
{
	struct entry *e = xalloc(sizeof(*e) + key.n);
	e->n_key = key.n;
	memcpy(e->key, key.p, key.n);
	if (map_put(c->by_key, key, e)) {
		xfree(e);
		return;
	}
	e->bytes = bytes;
	e->sound = *sound;
	*sound = (struct chan_sound){ 0 };
	c->bytes += bytes;
	link_newest(c, e);
	while (c->bytes > c->max)
		drop(c, c->oldest);
}

void chan_cache_put(struct chan_cache *c, sv text, sv lang, int rate, struct chan_sound *sound)
{
	struct sb key;
	size_t bytes = sound->s.n * sizeof(int16_t) +
		       sound->marks.n * sizeof(struct chan_mark) + text.n;
	sb_init(&key, KEY_BYTES);
	if (make_key(&key, text, lang, rate) && bytes <= c->max / 4 && sound->s.n &&
	    !map_get(c->by_key, sb_sv(&key)))
		keep(c, sb_sv(&key), bytes, sound);
	sb_done(&key);
	chan_sound_done(sound);
}

size_t chan_cache_bytes(const struct chan_cache *c)
{
	return c->bytes;
}
