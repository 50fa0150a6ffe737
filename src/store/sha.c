/* sha.c: see sha.h. The algorithm is looked up once; a context is used again and again.
 */
#include "sha.h"

#include <openssl/evp.h>
#include "arena.h"

struct store_sha {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	int ok;
};

struct store_sha *store_sha_new(void)
{
	struct store_sha *h = xalloc(sizeof(*h));

	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	if (h->md && h->ctx)
		return h;
	store_sha_free(h);
	return NULL;
}

void store_sha_free(struct store_sha *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	xfree(h);
}

void store_sha_begin(struct store_sha *h)
{
	h->ok = EVP_DigestInit_ex2(h->ctx, h->md, NULL);
}

void store_sha_add(struct store_sha *h, const void *p, size_t n)
{
	if (n)
		h->ok &= EVP_DigestUpdate(h->ctx, p, n);
}

bool store_sha_end(struct store_sha *h, uint8_t out[32])
{
	h->ok &= EVP_DigestFinal_ex(h->ctx, out, NULL);
	return h->ok == 1;
}
