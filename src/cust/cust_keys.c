/* cust_keys.c: what makes the customer tables unreadable without the data key.
 *
 * From the data key (guard_key) two keys are derived by libsodium's KDF: one seals values, one
 * makes the hashes by which they are found. A hash is keyed BLAKE2b over a purpose and two texts,
 * each with its length before it, so that no two readings of the same bytes exist. An obj, wiped
 * when it goes; immutable, any thread.
 */
#include "cust_int.h"
#include "guard.h"

#include <sodium.h>

static void keys_free(void *obj)
{
	sodium_memzero(obj, sizeof(struct cust_keys));
}

int cust_keys_new(struct cust_keys **ret, const unsigned char *key32)
{
	if (sodium_init() < 0)
		return ERR_FAIL;
	struct cust_keys *k = obj_new(sizeof(*k), keys_free);
	if (crypto_kdf_derive_from_key(k->seal, sizeof(k->seal), 1, "callmcus", key32) ||
	    crypto_kdf_derive_from_key(k->hash, sizeof(k->hash), 2, "callmcus", key32)) {
		obj_unref(k);
		return ERR_FAIL;
	}
	*ret = k;
	return 0;
}

static void add(crypto_generichash_state *st, sv s)
{
	uint64_t n = s.n;
	crypto_generichash_update(st, (const unsigned char *)&n, sizeof(n));
	crypto_generichash_update(st, (const unsigned char *)s.p, s.n);
}

void cust_hash(const struct cust_keys *k, const char *what, sv a, sv b, char ret[CUST_HASH])
{
	crypto_generichash_state st;
	unsigned char h[32];
	crypto_generichash_init(&st, k->hash, sizeof(k->hash), sizeof(h));
	add(&st, sv_of(what));
	add(&st, a);
	add(&st, b);
	crypto_generichash_final(&st, h, sizeof(h));
	sodium_bin2hex(ret, CUST_HASH, h, sizeof(h));
}

bool cust_hash_same(const char *a, const char *b)
{
	return sodium_memcmp(a, b, CUST_HASH) == 0;
}

static void place(struct sb *b, const char *kind, sv id)
{
	sb_init(b, 512);
	sb_fmt(b, "%s/" SV_FMT, kind, SV_ARG(id));
}

int cust_seal(const struct cust_keys *k, const char *kind, sv id, sv plain, struct sb *out)
{
	struct sb where;
	place(&where, kind, id);
	int rc = guard_seal(k->seal, plain, sb_sv(&where), out);
	sb_done(&where);
	return rc;
}

int cust_unseal(const struct cust_keys *k, const char *kind, sv id, sv sealed, struct arena *a,
		sv *ret)
{
	struct sb where, plain;
	place(&where, kind, id);
	sb_init(&plain, LIM_SB);
	int rc = guard_unseal(k->seal, sealed, sb_sv(&where), &plain);
	if (rc == 0) {
		*ret = arena_sv(a, sb_sv(&plain));
		rc = plain.n && !ret->p ? ERR_TOOBIG : 0;
	}
	if (plain.p)
		sodium_memzero(plain.p, plain.n);
	sb_done(&plain);
	sb_done(&where);
	return rc;
}
