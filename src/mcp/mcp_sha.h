/* mcp_sha.h: SHA-256 as hex text; private to mcp. */
#ifndef CALLM_MCP_SHA_H
#define CALLM_MCP_SHA_H

#include <stddef.h>

void mcp_sha256(const void *p, size_t n, char hex[65]);      /* aborts without memory */

#endif
