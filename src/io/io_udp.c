/* io_udp.c: non-blocking IPv4 UDP sockets on a loop.
 *
 * Reading takes up to 16 datagrams a wake-up with one recvmmsg into a buffer of the calling
 * thread, so a socket costs no receive memory of its own: ten thousand calls share one buffer
 * per shard. A callback may close its socket: the struct is freed once the batch is left. Who
 * has a clock of its own (a call reads every 20 ms anyway) polls instead: no descriptor in
 * epoll, no wake-up a packet, and the kernel's receive time, which a late reader does not blur.
 * Thread of the loop it is attached to; before that, of whoever opened it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io.h"

enum { BATCH = 16 };

struct io_udp {
	struct loop_io io;
	io_udp_fn *fn;
	void *arg;
	int fd, port;
	bool connected, closed, reading, stamped;
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

int io_udp_open_beside(struct io_udp **ret, const struct io_udp *u, int by)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	if (getsockname(u->fd, (struct sockaddr *)&at, &len) < 0)
		return err_from_errno(errno);
	if (u->port + by < 1 || u->port + by > 65535)
		return ERR_INVAL;
	at.sin_port = htons((uint16_t)(u->port + by));
	return open_socket(ret, &at);
}

/* From a stranger, or longer than we take. */
static bool unwanted(struct io_udp *u, const struct mmsghdr *m, const struct sockaddr_in *from)
{
	bool stranger = u->connected && !io_addr_eq(from, &u->peer);
	bool drop = stranger || (m->msg_hdr.msg_flags & MSG_TRUNC);

	u->dropped += drop;
	return drop;
}

static void give(struct io_udp *u, const struct mmsghdr *m, const struct sockaddr_in *from)
{
	if (!unwanted(u, m, from))
		u->fn(u->arg, sv_n(m->msg_hdr.msg_iov->iov_base, m->msg_len), from);
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

/* ---- reading on somebody's clock */

enum { POLL_BATCH = 4 };
struct poll_buf {
	char data[POLL_BATCH][IO_UDP_MAX];
	char ctl[POLL_BATCH][CMSG_SPACE(sizeof(struct timespec))];
	struct sockaddr_in from[POLL_BATCH];
	struct iovec iov[POLL_BATCH];
	struct mmsghdr m[POLL_BATCH];
};

static void poll_ready(struct poll_buf *b, int i)
{
	struct msghdr *h = &b->m[i].msg_hdr;

	b->iov[i] = (struct iovec){ b->data[i], IO_UDP_MAX };
	*h = (struct msghdr){ .msg_name = &b->from[i],
			      .msg_namelen = sizeof(b->from[i]),
			      .msg_iov = &b->iov[i],
			      .msg_iovlen = 1,
			      .msg_control = b->ctl[i],
			      .msg_controllen = sizeof(b->ctl[i]) };
}

/* When the kernel got it, on our clock; off_us = monotonic minus wall clock. */
static int64_t got_at(struct msghdr *h, int64_t off_us)
{
	int64_t now = clk_mono_us();
	struct timespec ts;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		int64_t at = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 + off_us;
		return at < now ? at : now;  /* the two clocks are read one after the other */
	}
	return now;
}

static int64_t clock_gap_us(void)
{
	struct timespec wall;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	return clk_mono_us() - ((int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000);
}

/* One batch; returns how many were read, < 0 when nothing is left. */
static int poll_once(struct io_udp *u, int max, int64_t *off_us, io_udp_at_fn *fn, void *arg)
{
	static _Thread_local struct poll_buf b;
	int n;

	max = max < POLL_BATCH ? max : POLL_BATCH;
	for (int i = 0; i < max; i++)
		poll_ready(&b, i);
	n = recvmmsg(u->fd, b.m, (unsigned)max, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == ECONNREFUSED ? 0 : -1; /* an ICMP report: the next one */
	if (!*off_us)
		*off_us = clock_gap_us();
	for (int i = 0; i < n && !u->closed; i++)
		if (!unwanted(u, &b.m[i], &b.from[i]))
			fn(arg, sv_n(b.data[i], b.m[i].msg_len), &b.from[i],
			   got_at(&b.m[i].msg_hdr, *off_us));
	return n;
}

int io_udp_poll(struct io_udp *u, int max, io_udp_at_fn *fn, void *arg)
{
	int64_t off_us = 0;
	int on = 1, n, got = 0;

	ASSERT(!u->io.impl && !u->reading && fn);
	if (!u->stamped)
		(void)setsockopt(u->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	u->stamped = true;
	u->reading = true;
	for (int tries = 0; got < max && !u->closed && tries < max; tries++) {
		int want = max - got < POLL_BATCH ? max - got : POLL_BATCH;

		n = poll_once(u, want, &off_us, fn, arg);
		if (n < 0)
			break;
		got += n;
		if (n && n < want)
			break; /* the queue is empty */
	}
	u->reading = false;
	if (u->closed)
		xfree(u);
	return got;
}

int io_udp_connect(struct io_udp *u, const struct sockaddr_in *peer)
{
	static const struct sockaddr_in anyone = { .sin_family = AF_UNSPEC };

	if (!peer) {
		u->connected = false;
		(void)connect(u->fd, (const struct sockaddr *)&anyone, sizeof(anyone));
		return 0;
	}
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
