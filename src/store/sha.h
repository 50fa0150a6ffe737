/* sha.h: SHA-256 of libcrypto, kept apart: its headers and base.h both have a name
 * ERR_STATE.
 *
 *	store_sha_begin(h);
 *	store_sha_add(h, p, n);
 *	if (store_sha_end(h, out)) use(out);
 *
 * One thread at a time.
 */
#ifndef CALLM_STORE_SHA_H
#define CALLM_STORE_SHA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_sha;
struct store_sha *store_sha_new(void);    /* NULL when the hash is not to be had */
void store_sha_free(struct store_sha *h); /* accepts NULL */
void store_sha_begin(struct store_sha *h);
void store_sha_add(struct store_sha *h, const void *p, size_t n);
bool store_sha_end(struct store_sha *h,
		   uint8_t out[32]); /* false: something failed since begin */

#endif
