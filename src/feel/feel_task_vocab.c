/* feel_task_vocab.c: which features a task knows.
 *
 * Counting: a table of hashes with open addressing that doubles when it is half full. Taking:
 * the features that are in enough texts get a row, in the order of their hashes, and an idf.
 * The finished vocabulary is those two lists, as they lie in a file, and a table of where the
 * hashes that begin alike are; any number of threads read it.
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
	size_t n = 0;

	least = least_for(c, least, most);
	for (size_t i = 0; i < c->slots; i++)
		if (c->key[i] && c->n[i] >= least)
			key[n++] = c->key[i];
	qsort(key, n, sizeof(*key), by_key);
	key = xrealloc(key, (n + 1) * sizeof(*key));
	float *idf = xalloc((n + 1) * sizeof(*idf));
	for (size_t i = 0; i < n; i++) {
		uint32_t texts = c->n[slot_of(c->key, c->slots, key[i])];
		idf[i] = 1 + logf((1 + (float)c->texts) / (1 + (float)texts));
	}
	(void)feel_vocab_put(v, key, idf, n);
	v->own = true;
}

/* As many buckets as rows, about: the hashes are even, so few are in one. */
static void fill_buckets(struct feel_vocab *v)
{
	size_t buckets = 16, row = 0;

	for (v->shift = 28; 2 * buckets <= v->n; v->shift--)
		buckets *= 2;
	v->from = xalloc((buckets + 1) * sizeof(*v->from));
	for (size_t b = 0; b <= buckets; b++) {
		while (row < v->n && v->key[row] >> v->shift < b)
			row++;
		v->from[b] = (uint32_t)row;
	}
}

int feel_vocab_put(struct feel_vocab *v, const uint32_t *key, const float *idf, size_t n)
{
	*v = (struct feel_vocab){ .key = key, .idf = idf, .n = n };
	for (size_t i = 0; i < n; i++) {
		bool fine = key[i] && (i == 0 || key[i] > key[i - 1]) && idf[i] > 0 &&
			    idf[i] < 100;
		if (!fine) {
			*v = (struct feel_vocab){ 0 };
			return ERR_CORRUPT;
		}
	}
	fill_buckets(v);
	return 0;
}

void feel_vocab_hint(const struct feel_vocab *v, uint32_t key)
{
	if (v->n)
		__builtin_prefetch(&v->from[key >> v->shift]);
}

ptrdiff_t feel_vocab_find(const struct feel_vocab *v, uint32_t key)
{
	if (!key || !v->n)
		return -1;
	const uint32_t *from = &v->from[key >> v->shift];
	for (size_t i = from[0]; i < from[1]; i++)
		if (v->key[i] >= key)
			return v->key[i] == key ? (ptrdiff_t)i : -1;
	return -1;
}

void feel_vocab_done(struct feel_vocab *v)
{
	if (v->own) {
		xfree((void *)(uintptr_t)v->key);
		xfree((void *)(uintptr_t)v->idf);
	}
	xfree(v->from);
	*v = (struct feel_vocab){ 0 };
}
