/* addr.c: which addresses are nobody's business but our own network's: for allow_addr of requests
 * whose address somebody else names. Pure, any thread. */
#include <arpa/inet.h>
#include <string.h>
#include "fetch.h"

static bool v4_private(uint32_t a)
{
	static const struct {
		uint32_t net;
		int bits;
	} nets[] = {
		/* IANA special-purpose registry, RFC 6890 and later */
		{ 0x00000000, 8 }, { 0x0A000000, 8 }, { 0x64400000, 10 }, { 0x7F000000, 8 },
		{ 0xA9FE0000, 16 }, { 0xAC100000, 12 }, { 0xC0000000, 24 }, { 0xC0000200, 24 },
		{ 0xC0586300, 24 }, { 0xC0A80000, 16 }, { 0xC6120000, 15 }, { 0xC6336400, 24 },
		{ 0xCB007100, 24 }, { 0xE0000000, 4 }, { 0xF0000000, 4 },
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++)
		if (((a ^ nets[i].net) >> (32 - nets[i].bits)) == 0)
			return true;
	return false;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool fetch_addr_private(const char *addr)
{
	static const uint8_t zeros[12];
	struct in_addr v4;
	struct in6_addr v6;
	const uint8_t *b = v6.s6_addr;

	if (inet_pton(AF_INET, addr, &v4) == 1)
		return v4_private(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, addr, &v6) != 1)
		return true;
	if (memcmp(b, zeros, 10) == 0 && b[10] == 0xFF && b[11] == 0xFF)
		return v4_private(be32(b + 12)); /* ::ffff:1.2.3.4 */
	if (memcmp(b, zeros, 12) == 0)
		return true; /* ::, ::1, ::1.2.3.4 */
	if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xFF && b[3] == 0x9B)
		return v4_private(be32(b + 12)); /* NAT64 */
	if (b[0] == 0x20 && b[1] == 0x02)
		return v4_private(be32(b + 2)); /* 6to4 */
	if (b[0] == 0x20 && b[1] == 0x01 && b[2] < 2)
		return true; /* Teredo, ORCHID ... */
	if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8)
		return true; /* documentation */
	return (b[0] & 0xE0) != 0x20; /* only 2000::/3 is given out */
}
