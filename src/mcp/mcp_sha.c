/* mcp_sha.c: see mcp_sha.h. Apart from the other files because libcrypto's headers claim names of
 * ours (ERR_STATE). Any thread.
 */
#include "mcp_sha.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

void mcp_sha256(const void *p, size_t n, char hex[65])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(n ? p : "", n, raw, &len, EVP_sha256(), NULL) != 1 || len != 32)
		abort();
	for (int i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", raw[i]);
}
