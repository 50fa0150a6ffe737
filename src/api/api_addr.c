/* api_addr.c: what the door remembers of client addresses: conversations that are open without
 * sign-in, and wrong passwords.
 *
 * An IPv6 address counts by its /64. The map is bounded; when it is full of busy addresses a
 * new one shares the entry "other", so that an attack with many addresses cannot grow it. An
 * entry without chats and without fresh failures is forgotten. Behind a reverse proxy all
 * customers have the proxy's address: raise the limits there. Door's thread. */
#include "api_chat.h"

#include <arpa/inet.h>
#include <stdio.h>

#define ADDRS_MAX 65536
#define FREE_FAILS 5             /* wrong passwords before waiting begins */
#define WAIT_MAX_S 300
#define FORGET_MS (15 * 60 * 1000)

static sv key_of(sv peer, char buf[48])
{
	struct in6_addr a6;
	char text[48];
	if (peer.n >= sizeof(text) || sv_find_ch(peer, ':') < 0)
		return peer.n ? sv_slice(peer, 0, 47) : SV("unknown");
	snprintf(text, sizeof(text), SV_FMT, SV_ARG(peer));
	if (inet_pton(AF_INET6, text, &a6) != 1)
		return peer;
	if (IN6_IS_ADDR_V4MAPPED(&a6))
		return sv_of(inet_ntop(AF_INET, &a6.s6_addr[12], buf, 48));
	memset(&a6.s6_addr[8], 0, 8);
	return sv_of(inet_ntop(AF_INET6, &a6, buf, 48));
}

static struct api_addr *find(struct api *a, sv peer)
{
	char buf[48];
	struct api_addr *x = map_get(a->addrs, key_of(peer, buf));
	return x || map_count(a->addrs) < ADDRS_MAX ? x : map_get(a->addrs, SV("other"));
}

static struct api_addr *get(struct api *a, sv peer)
{
	char buf[48];
	sv key = key_of(peer, buf);
	struct api_addr *x = find(a, peer);
	if (x)
		return x;
	if (map_count(a->addrs) >= ADDRS_MAX)
		key = SV("other");
	x = xalloc(sizeof(*x));
	memcpy(x->key, key.p, key.n);
	if (map_put(a->addrs, key, x)) {
		xfree(x);
		return NULL;
	}
	return x;
}

static bool idle(const struct api_addr *x, int64_t now)
{
	return x->chats == 0 && (x->fails == 0 || now > x->until_ms + FORGET_MS);
}

static void forget_if_idle(struct api *a, struct api_addr *x)
{
	if (!idle(x, loop_now_ms(a->loop)))
		return;
	map_del(a->addrs, sv_of(x->key));
	xfree(x);
}

/* ---- conversations ---- */

static int limit(int wanted, int def)
{
	return wanted == 0 ? def : wanted < 0 ? INT32_MAX : wanted;
}

int api_room(struct api *a, sv peer, bool signed_in, const char **why)
{
	const struct api_addr *x = find(a, peer);
	size_t open = map_count(a->chats) + (size_t)a->n_media;
	*why = a->draining ? "The server is closing; try again soon." :
			     "Too many conversations are open; try again soon.";
	if (a->draining || open >= (size_t)limit(a->o.chats_max, 10000))
		return 503;
	int most = limit(a->o.chats_per_addr, 50);
	if (signed_in || !x || x->chats < most || x->chats - chat_left(a, x) < most)
		return 0;
	*why = "Too many conversations are open from your address; close one, or sign in.";
	return 429;
}

struct api_addr *api_addr_take(struct api *a, sv peer)
{
	struct api_addr *x = get(a, peer);
	if (x)
		x->chats++;
	return x;
}

void api_addr_drop(struct api *a, struct api_addr *x)
{
	if (!x)
		return;
	x->chats--;
	forget_if_idle(a, x);
}

/* ---- passwords ---- */

int api_login_wait_s(struct api *a, sv peer)
{
	const struct api_addr *x = find(a, peer);
	int64_t left = x ? x->until_ms - loop_now_ms(a->loop) : 0;
	return left > 0 ? (int)((left + 999) / 1000) : 0;
}

/* The first few cost nothing, then each doubles the wait. */
void api_login_failed(struct api *a, sv peer)
{
	struct api_addr *x = get(a, peer);
	if (!x)
		return;
	int64_t now = loop_now_ms(a->loop);
	if (now > x->until_ms + FORGET_MS)
		x->fails = 0;
	x->fails++;
	int over = x->fails - FREE_FAILS;
	int wait = over < 0 ? 0 : over > 8 ? WAIT_MAX_S : 1 << over;
	x->until_ms = now + (int64_t)wait * 1000;
}

void api_login_passed(struct api *a, sv peer)
{
	struct api_addr *x = find(a, peer);
	if (!x)
		return;
	x->fails = 0;
	x->until_ms = 0;
	forget_if_idle(a, x);
}

/* ---- end ---- */

void api_addrs_sweep(struct api *a)
{
	int64_t now = loop_now_ms(a->loop);
	for (;;) {
		struct api_addr *old[64];
		size_t n = 0, it = 0;
		sv key;
		void *val;
		while (n < 64 && map_next(a->addrs, &it, &key, &val))
			if (idle(val, now))
				old[n++] = val;
		for (size_t i = 0; i < n; i++)
			forget_if_idle(a, old[i]);
		if (n < 64)
			return;
	}
}

void api_addrs_done(struct api *a)
{
	size_t it = 0;
	sv key;
	void *val;
	while (a->addrs && map_next(a->addrs, &it, &key, &val))
		xfree(val);
	map_free(a->addrs);
	a->addrs = NULL;
}
