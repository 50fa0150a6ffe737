/* feel_task_vocab.c: which features a task knows.
 *
 * Counting: a table of hashes with open addressing that doubles when it is half full. Taking: the
 * features that are in enough texts get a row, in the order of their hashes, and an idf. The
 * finished vocabulary is a table of the same kind that any number of threads read.
 */
#include "feel_task.h"

#include <math.h>
#include <stdlib.h>

enum { SLOTS_FIRST = 1 << 14 };

static size_t slot_of(const uint32_t *key, size_t slots, uint32_t k)
{
	size_t i = (size_t)(k * 0x9E3779B1u) & (slots - 1);

	while (key[i] && key[i] != k)
		i = (i + 1) & (slots - 1);
	return i;
}

static void counts_grow(struct feel_counts *c)
{
	struct feel_counts old = *c;

	c->slots = old.slots ? 2 * old.slots : SLOTS_FIRST;
	c->key = xalloc(c->slots * sizeof(*c->key));
	c->n = xalloc(c->slots * sizeof(*c->n));
	for (size_t i = 0; i < old.slots; i++)
		if (old.key[i]) {
			size_t at = slot_of(c->key, c->slots, old.key[i]);
			c->key[at] = old.key[i];
			c->n[at] = old.n[i];
		}
	xfree(old.key);
	xfree(old.n);
}

void feel_counts_add(struct feel_counts *c, const struct feel_feats *f)
{
	c->texts++;
	for (size_t i = 0; i < f->n; i++) {
		if (2 * c->used >= c->slots)
			counts_grow(c);
		size_t at = slot_of(c->key, c->slots, f->id[i]);
		c->used += c->key[at] == 0;
		c->key[at] = f->id[i];
		c->n[at]++;
	}
}

void feel_counts_done(struct feel_counts *c)
{
	xfree(c->key);
	xfree(c->n);
	*c = (struct feel_counts){ 0 };
}

/* The least count with which no more than `most` features stay. */
static uint32_t least_for(const struct feel_counts *c, uint32_t least, size_t most)
{
	enum { COUNTS = 4096 };
	size_t with[COUNTS] = { 0 }, left = 0;

	for (size_t i = 0; i < c->slots; i++)
		if (c->key[i] && c->n[i] >= least) {
			with[c->n[i] < COUNTS ? c->n[i] : COUNTS - 1]++;
			left++;
		}
	while (left > most && least < COUNTS - 1)
		left -= with[least++];
	return least;
}

static int by_key(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void feel_vocab_take(struct feel_vocab *v, const struct feel_counts *c, uint32_t least,
		     size_t most)
{
	uint32_t *key = xalloc((c->used + 1) * sizeof(*key));
	float *idf = xalloc((c->used + 1) * sizeof(*idf));
	size_t n = 0;

	least = least_for(c, least, most);
	for (size_t i = 0; i < c->slots; i++)
		if (c->key[i] && c->n[i] >= least)
			key[n++] = c->key[i];
	qsort(key, n, sizeof(*key), by_key);
	for (size_t i = 0; i < n; i++) {
		uint32_t texts = c->n[slot_of(c->key, c->slots, key[i])];
		idf[i] = 1 + logf((1 + (float)c->texts) / (1 + (float)texts));
	}
	feel_vocab_put(v, key, idf, n);
	xfree(key);
	xfree(idf);
}

static struct feel_word *word_slot(const struct feel_vocab *v, uint32_t key)
{
	size_t i = (size_t)(key * 0x9E3779B1u) & (v->slots - 1);

	while (v->slot[i].key && v->slot[i].key != key)
		i = (i + 1) & (v->slots - 1);
	return &v->slot[i];
}

int feel_vocab_put(struct feel_vocab *v, const uint32_t *key, const float *idf, size_t n)
{
	*v = (struct feel_vocab){ .n = n, .slots = 16 };
	while (v->slots < 2 * n + 2)
		v->slots *= 2;
	v->slot = xalloc(v->slots * sizeof(*v->slot));
	for (size_t i = 0; i < n; i++) {
		bool fine = key[i] && (i == 0 || key[i] > key[i - 1]) && idf[i] > 0 &&
			    idf[i] < 100;
		if (!fine) {
			feel_vocab_done(v);
			return ERR_CORRUPT;
		}
		*word_slot(v, key[i]) = (struct feel_word){ key[i], (uint32_t)i, idf[i] };
	}
	return 0;
}

void feel_vocab_hint(const struct feel_vocab *v, uint32_t key)
{
	if (v->n)
		__builtin_prefetch(&v->slot[(size_t)(key * 0x9E3779B1u) & (v->slots - 1)]);
}

const struct feel_word *feel_vocab_find(const struct feel_vocab *v, uint32_t key)
{
	if (!key || !v->n)
		return NULL;
	const struct feel_word *w = word_slot(v, key);
	return w->key ? w : NULL;
}

void feel_vocab_done(struct feel_vocab *v)
{
	xfree(v->slot);
	*v = (struct feel_vocab){ 0 };
}
