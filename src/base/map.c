/* map.c: hash map from bytes to a pointer.
 *
 * A dense array of entries and an open-addressed table of indices into it (linear probing,
 * deletion by shifting back). The hash is SipHash-1-3 with a key drawn once a process, since
 * keys come from strangers; walks follow the dense array, so their order never depends on the
 * hash: insertion order, except that a deletion moves the last entry into the hole. One thread.
 */
#include "map.h"

#include <pthread.h>

#include "arena.h"
#include "err.h"
#include "rng.h"

struct entry {
	uint64_t hash;
	char *key;
	size_t n;
	void *val;
};
struct map {
	struct entry *v;
	size_t n, cap, max;
	uint32_t *slot;         /* index + 1, 0 = free; nslots is a power of two, load <= 1/2 */
	size_t nslots;
};

static uint64_t hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
	rng_secure(hash_key, sizeof(hash_key));
}

#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))

static void sip_round(uint64_t v[4])
{
	v[0] += v[1], v[1] = ROTL(v[1], 13), v[1] ^= v[0], v[0] = ROTL(v[0], 32);
	v[2] += v[3], v[3] = ROTL(v[3], 16), v[3] ^= v[2];
	v[0] += v[3], v[3] = ROTL(v[3], 21), v[3] ^= v[0];
	v[2] += v[1], v[1] = ROTL(v[1], 17), v[1] ^= v[2], v[2] = ROTL(v[2], 32);
}

/* SipHash-1-3, Aumasson and Bernstein 2012. */
static uint64_t siphash(sv s)
{
	uint64_t v[4] = { hash_key[0] ^ UINT64_C(0x736f6d6570736575),
			  hash_key[1] ^ UINT64_C(0x646f72616e646f6d),
			  hash_key[0] ^ UINT64_C(0x6c7967656e657261),
			  hash_key[1] ^ UINT64_C(0x7465646279746573) };
	uint64_t last = (uint64_t)s.n << 56, m;
	size_t i;

	for (i = 0; i + 8 <= s.n; i += 8) {
		memcpy(&m, s.p + i, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	for (size_t k = 0; i + k < s.n; k++)
		last |= (uint64_t)(unsigned char)s.p[i + k] << (8 * k);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xFF;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(size_t max)
{
	struct map *m = xalloc(sizeof(*m));

	(void)pthread_once(&hash_once, draw_key);
	ASSERT(max < UINT32_MAX);
	m->max = max;
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		xfree(m->v[i].key);
	xfree(m->v);
	xfree(m->slot);
	xfree(m);
}

/* Slot that holds key, or the free slot where it would go. nslots > 0. */
static size_t probe(const struct map *m, sv key, uint64_t hash)
{
	size_t mask = m->nslots - 1, s = (size_t)hash & mask;

	for (; m->slot[s]; s = (s + 1) & mask) {
		const struct entry *e = &m->v[m->slot[s] - 1];

		if (e->hash == hash && sv_eq(sv_n(e->key, e->n), key))
			return s;
	}
	return s;
}

static size_t slot_of_entry(const struct map *m, size_t i)
{
	size_t mask = m->nslots - 1, s = (size_t)m->v[i].hash & mask;

	while (m->slot[s] != i + 1)
		s = (s + 1) & mask;
	return s;
}

static void rehash(struct map *m)
{
	xfree(m->slot);
	m->nslots = m->nslots ? m->nslots * 2 : 16;
	m->slot = xalloc(m->nslots * sizeof(*m->slot));
	for (size_t i = 0; i < m->n; i++) {
		size_t mask = m->nslots - 1, s = (size_t)m->v[i].hash & mask;

		while (m->slot[s])
			s = (s + 1) & mask;
		m->slot[s] = (uint32_t)i + 1;
	}
}

void *map_get(const struct map *m, sv key)
{
	size_t s;

	if (!m->n)
		return NULL;
	s = probe(m, key, siphash(key));
	return m->slot[s] ? m->v[m->slot[s] - 1].val : NULL;
}

int map_put(struct map *m, sv key, void *val)
{
	uint64_t hash = siphash(key);
	size_t s = m->nslots ? probe(m, key, hash) : 0;

	ASSERT(val != NULL);
	if (m->nslots && m->slot[s]) {
		m->v[m->slot[s] - 1].val = val;
		return 0;
	}
	if (m->n >= m->max)
		return ERR_FULL;
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 8;
		m->v = xrealloc(m->v, m->cap * sizeof(*m->v));
	}
	if ((m->n + 1) * 2 > m->nslots) {
		rehash(m);
		s = probe(m, key, hash);
	}
	m->v[m->n] = (struct entry){ hash, xstrdup(key), key.n, val };
	m->slot[s] = (uint32_t)++m->n;
	return 0;
}

/* Close the hole at s by moving later members of its run back (Knuth 6.4, algorithm R). */
static void shift_back(struct map *m, size_t s)
{
	size_t mask = m->nslots - 1, hole = s;

	for (size_t j = (s + 1) & mask; m->slot[j]; j = (j + 1) & mask) {
		size_t home = (size_t)m->v[m->slot[j] - 1].hash & mask;

		if (((j - home) & mask) < ((j - hole) & mask))
			continue;
		m->slot[hole] = m->slot[j];
		hole = j;
	}
	m->slot[hole] = 0;
}

void *map_del(struct map *m, sv key)
{
	size_t s, i, last;
	void *val;

	if (!m->n)
		return NULL;
	s = probe(m, key, siphash(key));
	if (!m->slot[s])
		return NULL;
	i = m->slot[s] - 1;
	val = m->v[i].val;
	last = m->n - 1;
	xfree(m->v[i].key);
	shift_back(m, s);
	if (i != last) {
		m->slot[slot_of_entry(m, last)] = (uint32_t)i + 1;
		m->v[i] = m->v[last];
	}
	m->n = last;
	return val;
}

size_t map_count(const struct map *m)
{
	return m->n;
}

bool map_next(const struct map *m, size_t *it, sv *key, void **val)
{
	if (*it >= m->n)
		return false;
	*key = sv_n(m->v[*it].key, m->v[*it].n);
	*val = m->v[*it].val;
	++*it;
	return true;
}
