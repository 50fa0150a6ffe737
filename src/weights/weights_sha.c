/* weights_sha.c: see weights_sha.h. Apart from the other files because libcrypto's headers claim
 * names of ours (ERR_STATE). What can only fail for want of memory aborts.
 */
#include "weights_sha.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"

struct weights_sha {
	EVP_MD_CTX *ctx;
};

static void must(int ok)
{
	if (ok != 1)
		abort();
}

struct weights_sha *weights_sha_new(void)
{
	struct weights_sha *h = xalloc(sizeof(*h));
	h->ctx = EVP_MD_CTX_new();
	must(h->ctx != NULL);
	must(EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL));
	return h;
}

void weights_sha_free(struct weights_sha *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	xfree(h);
}

void weights_sha_add(struct weights_sha *h, const void *p, size_t n)
{
	if (n)
		must(EVP_DigestUpdate(h->ctx, p, n));
}

void weights_sha_end(struct weights_sha *h, char hex[65])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	must(EVP_DigestFinal_ex(h->ctx, raw, NULL));
	for (int i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
	must(EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL));
}
