/* tel_listen.c: opens the sockets and layers of SIP, and proves that they receive.
 * Front thread, once.
 *
 * libre binds to addresses, not to 0.0.0.0: that is spelled out here as every IPv4
 * address of the machine at that moment, the loopback last, all with one port.
 */
#include "tel_front.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static void dns_open(struct tel *t)
{
	struct sa srv[8];
	char domain[256];
	uint32_t n = 8;

	/* without a name server only numeric addresses can be dialled */
	if (!dns_srv_get(domain, sizeof(domain), srv, &n) && n)
		(void)dnsc_alloc(&t->dnsc, NULL, srv, n);
}

static bool on_ifaddr(const char *ifname, const struct sa *sa, void *arg)
{
	struct tel *t = arg;
	int at = t->n_addrs;

	if (sa_af(sa) != AF_INET || at == TEL_ADDRS)
		return false;
	if (!sa_is_loopback(sa) && at && sa_is_loopback(&t->addrs[0])) {
		t->addrs[at] = t->addrs[0];
		at = 0;
	}
	t->addrs[at] = *sa;
	t->n_addrs++;
	return false;
}

static int addresses(struct tel *t)
{
	struct sa la;
	int e = sa_set_str(&la, t->o.ip, 0);

	if (e)
		return e;
	if (sa_in(&la)) {
		t->addrs[0] = la;
		t->n_addrs = 1;
		return 0;
	}
	t->any = true;
	e = net_getifaddrs(on_ifaddr, t);
	return e ? e : t->n_addrs ? 0 : EADDRNOTAVAIL;
}

static int bind_tls(struct tel *t, const struct sa *addr)
{
	struct sa la = *addr, got;
	int e;

	sa_set_port(&la, (uint16_t)(t->tls_port	   ? t->tls_port :
				    t->o.tls_port < 0 ? 0 :
							t->o.tls_port));
	e = sip_transp_add(t->sip, SIP_TRANSP_TLS, &la, t->tls);
	if (!e && !t->tls_port) {
		e = sip_transp_laddr(t->sip, &got, SIP_TRANSP_TLS, NULL);
		t->tls_port = e ? 0 : sa_port(&got);
	}
	return e;
}

static int bind_one(struct tel *t, struct sa *la)
{
	struct sa got;
	int e;

	sa_set_port(la, (uint16_t)(t->port ? t->port : t->o.sip_port));
	e = sip_transp_add(t->sip, SIP_TRANSP_UDP, la);
	if (e)
		return e;
	if (!t->port) { /* the first: which port did it get? */
		e = sip_transp_laddr(t->sip, &got, SIP_TRANSP_UDP, NULL);
		if (e)
			return e;
		t->port = sa_port(&got);
		sa_set_port(la, (uint16_t)t->port);
	}
	e = t->o.tcp ? sip_transp_add(t->sip, SIP_TRANSP_TCP, la) : 0;
	return e || !t->tls ? e : bind_tls(t, la);
}

/* With port 0 the system chooses a free UDP port on the first address; the same number
 * may be taken over TCP or on another address: then all are given back and another one
 * is tried. */
static int bind_all(struct tel *t)
{
	int e = 0;

	for (int tries = t->o.sip_port ? 1 : 16; tries > 0; tries--) {
		e = 0;
		t->port = t->tls_port = 0;
		for (int i = 0; !e && i < t->n_addrs; i++)
			e = bind_one(t, &t->addrs[i]);
		if (e != EADDRINUSE)
			return e;
		sip_transp_flush(t->sip);
	}
	return e;
}

int tel_listen(struct tel *t)
{
	int e = addresses(t);

	dns_open(t);
	if (!e)
		e = hash_alloc(&t->by_id, 1024);
	if (!e)
		e = sip_alloc(&t->sip, t->dnsc, 64, 4096, 64, "callm/" CALLM_VERSION,
			      NULL, NULL);
	if (!e)
		e = bind_all(t);
	if (!e)
		e = tel_guard_open(t);
	if (!e)
		e = sipsess_listen(&t->sock, t->sip, 1024, tel_call_invite, t);
	return e ? e : tel_guard_last(t);
}

/* One OPTIONS to each of our addresses brings the socket that its guard sits on. */
int tel_probe(const struct tel *t)
{
	static const char msg[] =
		"OPTIONS sip:callm@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKprobe\r\n"
		"From: <sip:probe@127.0.0.1>;tag=probe\r\nTo: <sip:callm@127.0.0.1>\r\n"
		"Call-ID: probe@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\n"
		"Content-Length: 0\r\n\r\n";
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), e = 0;

	if (fd < 0)
		return ERR_NET;
	for (int i = 0; i < t->n_addrs; i++)
		if (sendto(fd, msg, sizeof(msg) - 1, 0, &t->addrs[i].u.sa,
			   t->addrs[i].len) != (ssize_t)sizeof(msg) - 1)
			e = ERR_NET;
	close(fd);
	return e;
}
