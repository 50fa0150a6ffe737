/* io_udp.c: non-blocking IPv4 UDP sockets on a loop.
 *
 * Reading takes up to 16 datagrams a wake-up with one recvmmsg into a buffer of the calling
 * thread, so a socket costs no receive memory of its own: ten thousand calls share one buffer
 * per shard. A callback may close its socket: the struct is freed once the batch is left.
 * Thread of the loop it is attached to; before that, of whoever opened it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"

enum { BATCH = 16 };

struct io_udp {
	struct loop_io io;
	io_udp_fn *fn;
	void *arg;
	int fd, port;
	bool connected, closed, reading;
	struct sockaddr_in peer;
	uint64_t dropped;
};

static int open_socket(struct io_udp **ret, const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in got;
	socklen_t len = sizeof(got);
	struct io_udp *u;

	if (fd < 0)
		return err_from_errno(errno);
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&got, &len) < 0) {
		int rc = err_from_errno(errno);

		(void)close(fd);
		return rc;
	}
	u = xalloc(sizeof(*u));
	u->fd = fd;
	u->port = ntohs(got.sin_port);
	*ret = u;
	return 0;
}

int io_udp_open(struct io_udp **ret, struct loop *l, const char *ip, int port, io_udp_fn *fn,
		void *arg)
{
	struct sockaddr_in at;
	struct io_udp *u;
	int rc;

	if (io_addr_parse(sv_of(ip), &at) || port < 0 || port > 65535)
		return ERR_PARSE;
	at.sin_port = htons((uint16_t)port);
	rc = open_socket(&u, &at);
	if (rc)
		return rc;
	rc = l ? io_udp_attach(u, l, fn, arg) : 0;
	if (rc)
		io_udp_close(u);
	else
		*ret = u;
	return rc;
}

int io_udp_open_even(struct io_udp **ret, const char *ip, int lo, int hi)
{
	struct sockaddr_in at;
	uint32_t start, n;
	int rc = ERR_BUSY;

	lo += lo & 1;
	if (io_addr_parse(sv_of(ip), &at) || lo < 2 || hi > 65535 || lo > hi)
		return ERR_PARSE;
	n = (uint32_t)(hi - lo) / 2 + 1;
	rng_secure(&start, sizeof(start));
	start %= n;
	for (uint32_t i = 0; i < n && rc == ERR_BUSY; i++) {
		at.sin_port = htons((uint16_t)((uint32_t)lo + (start + i) % n * 2));
		rc = open_socket(ret, &at);
	}
	return rc;
}

static void give(struct io_udp *u, const struct mmsghdr *m, const struct sockaddr_in *from)
{
	const struct iovec *v = m->msg_hdr.msg_iov;
	bool stranger = u->connected && !io_addr_eq(from, &u->peer);

	if (stranger || (m->msg_hdr.msg_flags & MSG_TRUNC)) {
		u->dropped++;
		return;
	}
	u->fn(u->arg, sv_n(v->iov_base, m->msg_len), from);
}

static void on_readable(void *arg, int fd, unsigned events)
{
	static _Thread_local char buf[BATCH][IO_UDP_MAX];
	struct sockaddr_in from[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr m[BATCH];
	struct io_udp *u = arg;
	int n;

	(void)events;
	memset(m, 0, sizeof(m));
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ buf[i], IO_UDP_MAX };
		m[i].msg_hdr.msg_name = &from[i];
		m[i].msg_hdr.msg_namelen = sizeof(from[i]);
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	/* Errors are ICMP reports: the next call goes on. */
	n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
	u->reading = true;
	for (int i = 0; i < n && !u->closed && u->io.impl; i++)
		give(u, &m[i], &from[i]);
	u->reading = false;
	if (u->closed)
		xfree(u);
}

int io_udp_attach(struct io_udp *u, struct loop *l, io_udp_fn *fn, void *arg)
{
	ASSERT(!u->io.impl && fn);
	u->fn = fn;
	u->arg = arg;
	return loop_io_start(l, &u->io, u->fd, LOOP_READ, on_readable, u);
}

void io_udp_detach(struct io_udp *u)
{
	loop_io_stop(&u->io);
}

int io_udp_connect(struct io_udp *u, const struct sockaddr_in *peer)
{
	if (connect(u->fd, (const struct sockaddr *)peer, sizeof(*peer)) < 0)
		return err_from_errno(errno);
	u->peer = *peer;
	u->connected = true;
	return 0;
}

int io_udp_send(struct io_udp *u, sv packet, const struct sockaddr_in *to)
{
	socklen_t len = to && !u->connected ? sizeof(*to) : 0;
	ssize_t n;

	if (!len && !u->connected)
		return ERR_INVAL;
	do
		n = sendto(u->fd, packet.p, packet.n, MSG_DONTWAIT | MSG_NOSIGNAL,
			   len ? (const struct sockaddr *)to : NULL, len);
	while (n < 0 && errno == EINTR);
	if (n >= 0 || errno == ECONNREFUSED) /* an ICMP report about an earlier packet */
		return 0;
	return errno == ENOBUFS ? ERR_AGAIN : err_from_errno(errno);
}

int io_udp_local_port(const struct io_udp *u)
{
	return u->port;
}

int io_udp_dscp(struct io_udp *u, int dscp)
{
	int tos = dscp << 2;
	int rc = setsockopt(u->fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));

	return rc < 0 ? err_from_errno(errno) : 0;
}

uint64_t io_udp_dropped(const struct io_udp *u)
{
	return u->dropped;
}

void io_udp_close(struct io_udp *u)
{
	if (!u || u->closed)
		return;
	io_udp_detach(u);
	(void)close(u->fd);
	u->closed = true;
	if (!u->reading)
		xfree(u);
}
