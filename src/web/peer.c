/* peer.c: what is remembered per client address: open connections and a token bucket.
 *
 * IPv6 addresses count by their /64. The map holds at most WEB_PEERS addresses; full
 * buckets without connections are forgotten by the sweep. When the map is full of busy
 * addresses a new one shares the "other" bucket, so that an attack with many addresses
 * cannot grow it. Owner: the server. Thread: the loop's.
 */
#include <arpa/inet.h>
#include "web_int.h"

static double burst(const struct web_srv *s)
{
	return s->o.rate_burst > 0 ? s->o.rate_burst : 2 * s->o.rate_per_s;
}

/* The part of an address that counts: all of an IPv4 one, the first 64 bits of an IPv6 one. */
static sv peer_key(const char *addr, char buf[46])
{
	struct in6_addr a6;
	if (!strchr(addr, ':') || inet_pton(AF_INET6, addr, &a6) != 1)
		return sv_of(addr);
	if (IN6_IS_ADDR_V4MAPPED(&a6))
		return sv_of(inet_ntop(AF_INET, &a6.s6_addr[12], buf, 46));
	memset(&a6.s6_addr[8], 0, 8);
	return sv_of(inet_ntop(AF_INET6, &a6, buf, 46));
}

struct web_peer *web_peer_get(struct web_srv *s, const char *addr)
{
	char buf[46];
	sv key = peer_key(addr, buf);
	struct web_peer *p = map_get(s->peers, key);
	if (p)
		return p;
	if (map_count(s->peers) >= WEB_PEERS) {
		key = SV("other");
		p = map_get(s->peers, key);
		if (p)
			return p;
	}
	p = xalloc(sizeof *p);
	memcpy(p->addr, key.p, key.n < sizeof p->addr ? key.n : sizeof p->addr - 1);
	p->tokens = burst(s);
	p->at_ms = loop_now_ms(s->loop);
	if (map_put(s->peers, key, p) != 0) {
		xfree(p);
		return NULL;
	}
	return p;
}

static void refill(const struct web_srv *s, struct web_peer *p)
{
	int64_t now = loop_now_ms(s->loop);
	p->tokens += (double)(now - p->at_ms) * s->o.rate_per_s / 1000;
	if (p->tokens > burst(s))
		p->tokens = burst(s);
	p->at_ms = now;
}

bool web_peer_take(struct web_srv *s, struct web_peer *p, int *ret_wait_s)
{
	if (s->o.rate_per_s <= 0 || !p)
		return true;
	refill(s, p);
	if (p->tokens >= 1) {
		p->tokens -= 1;
		return true;
	}
	*ret_wait_s = 1 + (int)((1 - p->tokens) / s->o.rate_per_s);
	return false;
}

void web_peers_sweep(struct web_srv *s)
{
	struct web_peer *dead[64];
	size_t n = 0, it = 0;
	sv key;
	void *val;
	while (n < 64 && map_next(s->peers, &it, &key, &val)) {
		struct web_peer *p = val;
		refill(s, p);
		if (p->conns == 0 && p->tokens >= burst(s))
			dead[n++] = p;
	}
	while (n--) {
		map_del(s->peers, sv_of(dead[n]->addr));
		xfree(dead[n]);
	}
}

void web_peers_done(struct web_srv *s)
{
	size_t it = 0;
	sv key;
	void *val;
	while (map_next(s->peers, &it, &key, &val))
		xfree(val);
	map_free(s->peers);
	s->peers = NULL;
}
