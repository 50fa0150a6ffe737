/* tel_acl.c: lists of IPv4 networks. Pure, any thread. */
#include "tel_int.h"

#include <arpa/inet.h>

int tel_net_parse(const char *cidr, struct tel_net *ret)
{
	sv rest = sv_of(cidr), addr;
	struct in_addr in;
	char ip[16];
	int64_t bits = 32;

	if (!sv_cut(&rest, '/', &addr) || addr.n >= sizeof(ip))
		return ERR_PARSE;
	if (memchr(cidr, '/', strlen(cidr)) &&
	    (sv_i64(rest, &bits) || bits < 0 || bits > 32))
		return ERR_PARSE;
	memcpy(ip, addr.p, addr.n);
	ip[addr.n] = 0;
	if (inet_pton(AF_INET, ip, &in) != 1)
		return ERR_PARSE;
	ret->mask = bits ? ~UINT32_C(0) << (32 - bits) : 0;
	ret->net = ntohl(in.s_addr) & ret->mask;
	return 0;
}

bool tel_net_has(const struct tel_net *v, size_t n, uint32_t ip)
{
	for (size_t i = 0; i < n; i++)
		if ((ip & v[i].mask) == v[i].net)
			return true;
	return false;
}
