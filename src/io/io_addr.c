/* io_addr.c: IPv4 addresses with a port, as text and back; networks. Pure functions. */
#include <arpa/inet.h>
#include <stdio.h>

#include "io.h"

int io_addr_parse(sv s, struct sockaddr_in *ret)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	char ip[INET_ADDRSTRLEN];
	bool has_port = sv_find_ch(s, ':') >= 0;
	int64_t port = 0;
	sv host;

	if (!sv_cut(&s, ':', &host) || host.n >= sizeof(ip))
		return ERR_PARSE;
	memcpy(ip, host.p, host.n);
	ip[host.n] = '\0';
	if (strlen(ip) != host.n || inet_pton(AF_INET, ip, &a.sin_addr) != 1)
		return ERR_PARSE;
	if (has_port && (sv_i64(s, &port) || port < 0 || port > 65535))
		return ERR_PARSE;
	a.sin_port = htons((uint16_t)port);
	*ret = a;
	return 0;
}

void io_addr_str(const struct sockaddr_in *a, char out[IO_ADDR_STR])
{
	char ip[INET_ADDRSTRLEN] = "?";

	(void)inet_ntop(AF_INET, &a->sin_addr, ip, sizeof(ip));
	(void)snprintf(out, IO_ADDR_STR, "%s:%u", ip, ntohs(a->sin_port));
}

bool io_addr_eq(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

int io_net_parse(sv s, struct io_net *ret)
{
	bool has_bits = sv_find_ch(s, '/') >= 0;
	struct sockaddr_in a;
	int64_t bits = 32;
	sv ip;

	if (!sv_cut(&s, '/', &ip) || sv_find_ch(ip, ':') >= 0 || io_addr_parse(ip, &a))
		return ERR_PARSE;
	if (has_bits && (sv_i64(s, &bits) || bits < 0 || bits > 32))
		return ERR_PARSE;
	ret->mask = bits ? ~UINT32_C(0) << (32 - bits) : 0;
	ret->net = ntohl(a.sin_addr.s_addr) & ret->mask;
	return 0;
}

bool io_net_has(const struct io_net *v, size_t n, const struct sockaddr_in *a)
{
	uint32_t ip = ntohl(a->sin_addr.s_addr);

	for (size_t i = 0; i < n; i++)
		if ((ip & v[i].mask) == v[i].net)
			return true;
	return false;
}
