/* io_tcp.c: non-blocking IPv4 TCP on a loop, for protocols of their own: a listener that gives
 * its connections away, and connections that may move from loop to loop.
 *
 * What comes is appended to a bounded buffer and shown to the owner, who takes what is whole.
 * What is sent goes to the kernel at once, the rest waits in a bounded buffer. A callback may
 * close its own handle: the struct is freed once the callback is left. All of a handle belongs
 * to the thread of the loop it is attached to; between two loops, to whoever holds it.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io.h"

enum {
	BACKLOG = 128,
	ACCEPTS = 16,             /* a wake-up */
	READS = 4,                /* a wake-up */
	PAUSE_MS = 100,           /* of accepting, when descriptors are out */
	READ_BYTES = 16 << 10,
	QUEUE_BYTES = 64 << 10,
};

struct io_tcp_srv {
	struct loop *loop;
	struct loop_io io;
	struct loop_timer pause;
	io_tcp_accept_fn *fn;
	void *arg;
	int fd, port;
	bool closed, busy;
};

struct io_tcp {
	struct loop *loop;        /* NULL: not attached */
	struct loop_io io;
	struct loop_timer idle, kick;
	struct io_tcp_opts o;
	struct sb in, out;
	int64_t heard_ms;
	int fd, busy;             /* callbacks under way */
	bool broken;              /* a write failed */
	bool shut;                /* nothing more is sent */
	bool ended, closed;
};

/* ---- listener ---- */

static int srv_bind(int fd, const struct sockaddr_in *at, struct sockaddr_in *got)
{
	socklen_t len = sizeof(*got);
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)got, &len) < 0)
		return err_from_errno(errno);
	return 0;
}

int io_tcp_listen(struct io_tcp_srv **ret, const char *ip, int port)
{
	struct sockaddr_in at, got;
	struct io_tcp_srv *s;
	int fd, rc;

	if (io_addr_parse(sv_of(ip), &at) || sv_find_ch(sv_of(ip), ':') >= 0 || port < 0 ||
	    port > 65535)
		return ERR_PARSE;
	at.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_from_errno(errno);
	rc = srv_bind(fd, &at, &got);
	if (rc) {
		(void)close(fd);
		return rc;
	}
	s = xalloc(sizeof(*s));
	s->fd = fd;
	s->port = ntohs(got.sin_port);
	*ret = s;
	return 0;
}

int io_tcp_srv_port(const struct io_tcp_srv *s)
{
	return s->port;
}

static struct io_tcp *conn_new(int fd)
{
	struct io_tcp *c = xalloc(sizeof(*c));
	int on = 1;

	c->fd = fd;
	sb_init(&c->in, QUEUE_BYTES);
	sb_init(&c->out, QUEUE_BYTES);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return c;
}

static void on_acceptable(void *arg, int fd, unsigned events);

static void go_on(void *arg)
{
	struct io_tcp_srv *s = arg;

	(void)loop_io_start(s->loop, &s->io, s->fd, LOOP_READ, on_acceptable, s);
}

static void on_acceptable(void *arg, int fd, unsigned events)
{
	struct io_tcp_srv *s = arg;
	struct sockaddr_in from;

	(void)events;
	s->busy = true;
	for (int i = 0; i < ACCEPTS && !s->closed; i++) {
		socklen_t len = sizeof(from);
		int got = accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got >= 0) {
			s->fn(s->arg, conn_new(got), &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			loop_io_stop(&s->io);
			loop_after(s->loop, &s->pause, PAUSE_MS, go_on, s);
		}
		if (errno != ECONNABORTED && errno != EINTR)
			break;
	}
	s->busy = false;
	if (s->closed)
		xfree(s);
}

int io_tcp_srv_attach(struct io_tcp_srv *s, struct loop *l, io_tcp_accept_fn *fn, void *arg)
{
	ASSERT(!s->loop && fn);
	s->loop = l;
	s->fn = fn;
	s->arg = arg;
	return loop_io_start(l, &s->io, s->fd, LOOP_READ, on_acceptable, s);
}

void io_tcp_srv_close(struct io_tcp_srv *s)
{
	if (!s || s->closed)
		return;
	loop_io_stop(&s->io);
	loop_timer_stop(&s->pause);
	(void)close(s->fd);
	s->closed = true;
	if (!s->busy)
		xfree(s);
}

/* ---- connection ---- */

static void conn_free(struct io_tcp *c)
{
	sb_done(&c->in);
	sb_done(&c->out);
	xfree(c);
}

static void enter(struct io_tcp *c)
{
	c->busy++;
}

/* False when the connection is gone. */
static bool leave(struct io_tcp *c)
{
	if (--c->busy == 0 && c->closed) {
		conn_free(c);
		return false;
	}
	return !c->closed;
}

static void quiet(struct io_tcp *c)
{
	loop_io_stop(&c->io);
	loop_timer_stop(&c->idle);
	loop_timer_stop(&c->kick);
}

static void end(struct io_tcp *c, int why)
{
	if (c->ended || c->closed)
		return;
	c->ended = true;
	quiet(c);
	enter(c);
	c->o.on_end(c->o.arg, why);
	(void)leave(c);
}

static void drop_front(struct sb *b, size_t n)
{
	memmove(b->p, b->p + n, b->n - n);
	sb_truncate(b, b->n - n);
}

/* False when the connection is gone, or moved. */
static bool deliver(struct io_tcp *c)
{
	struct loop *l = c->loop;
	size_t took;

	if (c->in.n == 0)
		return true;
	enter(c);
	took = c->o.on_bytes(c->o.arg, sb_sv(&c->in));
	if (took && !c->closed)
		drop_front(&c->in, took < c->in.n ? took : c->in.n);
	return leave(c) && c->loop == l;
}

static bool writable_now(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

static void on_ready(void *arg, int fd, unsigned events);

static void watch(struct io_tcp *c)
{
	unsigned want = LOOP_READ | (c->out.n ? (unsigned)LOOP_WRITE : 0u);

	if (c->loop && !c->ended)
		(void)loop_io_start(c->loop, &c->io, c->fd, want, on_ready, c);
}

static void on_kick(void *arg)
{
	struct io_tcp *c = arg;

	if (c->broken)
		end(c, ERR_NET);
	else
		(void)deliver(c);
}

static void broke(struct io_tcp *c)
{
	c->broken = true;
	if (c->loop)              /* not from within io_tcp_send */
		loop_after(c->loop, &c->kick, 0, on_kick, c);
}

static void flush(struct io_tcp *c)
{
	while (c->out.n) {
		ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0) {
			if (!writable_now(errno))
				broke(c);
			return;
		}
		drop_front(&c->out, (size_t)n);
	}
	if (c->shut)
		(void)shutdown(c->fd, SHUT_WR);
}

/* One read; false when there is nothing more to read now. */
static bool take_some(struct io_tcp *c)
{
	static _Thread_local char buf[READ_BYTES];
	size_t max = c->o.read_max ? c->o.read_max : QUEUE_BYTES, room = max - c->in.n;
	ssize_t n;

	if (c->in.n >= max) {
		end(c, ERR_TOOBIG);
		return false;
	}
	n = recv(c->fd, buf, room < sizeof(buf) ? room : sizeof(buf), MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || !writable_now(errno))
			end(c, n == 0 ? ERR_CLOSED : ERR_NET);
		return false;
	}
	c->heard_ms = loop_now_ms(c->loop);
	sb_put(&c->in, sv_n(buf, (size_t)n));
	return deliver(c) && !c->ended && (size_t)n == sizeof(buf);
}

static void on_ready(void *arg, int fd, unsigned events)
{
	struct io_tcp *c = arg;

	(void)fd;
	enter(c);
	if (events & LOOP_WRITE) {
		flush(c);
		if (!c->out.n && !c->broken)
			watch(c);
	}
	if (events & LOOP_READ)
		for (int i = 0; i < READS && c->loop && take_some(c); i++)
			;
	(void)leave(c);
}

static void on_idle(void *arg)
{
	struct io_tcp *c = arg;
	int64_t left = c->heard_ms + c->o.idle_ms - loop_now_ms(c->loop);

	if (left > 0)
		loop_after(c->loop, &c->idle, left, on_idle, c);
	else
		end(c, ERR_TIMEOUT);
}

int io_tcp_attach(struct io_tcp *c, struct loop *l, const struct io_tcp_opts *o)
{
	ASSERT(!c->loop && !c->ended && o->on_bytes && o->on_end);
	c->loop = l;
	c->o = *o;
	c->in.max = (o->read_max ? o->read_max : QUEUE_BYTES) + c->in.n;
	c->out.max = (o->write_max ? o->write_max : QUEUE_BYTES) + c->out.n;
	c->heard_ms = loop_now_ms(l);
	if (o->send_buf)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &o->send_buf,
				 sizeof(o->send_buf));
	if (o->idle_ms > 0)
		loop_after(l, &c->idle, o->idle_ms, on_idle, c);
	if (c->in.n || c->broken)
		loop_after(l, &c->kick, 0, on_kick, c);
	return loop_io_start(l, &c->io, c->fd, LOOP_READ | (c->out.n ? (unsigned)LOOP_WRITE : 0u),
			     on_ready, c);
}

void io_tcp_detach(struct io_tcp *c)
{
	ASSERT(!c->busy);
	quiet(c);
	c->loop = NULL;
}

int io_tcp_send(struct io_tcp *c, sv bytes)
{
	size_t max = c->o.write_max ? c->o.write_max : QUEUE_BYTES;
	bool waits = c->out.n > 0;

	if (c->ended || c->closed || c->shut)
		return ERR_CLOSED;
	if (c->broken)
		return ERR_NET;
	if (c->out.n + bytes.n > max)
		return ERR_FULL;
	sb_put(&c->out, bytes);
	if (waits)
		return 0;
	flush(c);
	if (c->out.n && !c->broken)
		watch(c);
	return c->broken ? ERR_NET : 0;
}

void io_tcp_shutdown(struct io_tcp *c)
{
	if (c->shut || c->ended || c->closed)
		return;
	c->shut = true;
	if (c->out.n == 0)
		(void)shutdown(c->fd, SHUT_WR);
}

size_t io_tcp_queued(const struct io_tcp *c)
{
	return c->out.n;
}

/* What the peer sent and nobody read would make the kernel reset the connection, and the reset
 * may overtake our last bytes: so it is read first. */
static void read_out(int fd)
{
	char buf[4096];

	for (int i = 0; i < 64 && recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0; i++)
		;
}

void io_tcp_close(struct io_tcp *c)
{
	if (!c || c->closed)
		return;
	quiet(c);
	read_out(c->fd);
	(void)close(c->fd);
	c->closed = true;
	if (!c->busy)
		conn_free(c);
}
