/* weights_sha.h: SHA-256 of a stream as hex text; private to weights.
 *
 *	struct weights_sha *h = weights_sha_new();
 *	weights_sha_add(h, p, n);
 *	weights_sha_end(h, hex);         and h begins anew
 *	weights_sha_free(h);
 */
#ifndef CALLM_WEIGHTS_SHA_H
#define CALLM_WEIGHTS_SHA_H

#include <stddef.h>

struct weights_sha;
struct weights_sha *weights_sha_new(void);
void weights_sha_free(struct weights_sha *h);                 /* accepts NULL */
void weights_sha_add(struct weights_sha *h, const void *p, size_t n);
void weights_sha_end(struct weights_sha *h, char hex[65]);    /* small letters, NUL */

#endif
