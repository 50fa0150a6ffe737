/* t_io_tcp.c: TCP listeners and connections on a real loop, their peers plain sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"
#include "io.h"

struct end {                      /* a connection we serve */
	struct loop *l;
	struct io_tcp_srv *srv;
	struct io_tcp *c;
	struct io_tcp_opts o;
	struct sockaddr_in from;
	char got[256];
	size_t n, calls, unit;    /* unit: takes whole ones only */
	int why, conns;
	bool ended, echo, close_on_bytes, close_on_end, close_srv;
};

static size_t on_bytes(void *arg, sv b)
{
	struct end *e = arg;
	size_t take = e->unit ? b.n / e->unit * e->unit : b.n;

	e->calls++;
	for (size_t i = 0; i < take && e->n < sizeof(e->got) - 1; i++)
		e->got[e->n++] = b.p[i];
	if (e->echo)
		(void)io_tcp_send(e->c, sv_n(b.p, take));
	if (e->close_on_bytes) {
		io_tcp_close(e->c);
		e->c = NULL;
	}
	return take;
}

static void on_end(void *arg, int why)
{
	struct end *e = arg;

	if (e->ended)
		t_fail(__FILE__, __LINE__, "on_end comes once");
	e->ended = true;
	e->why = why;
	if (e->close_on_end) {
		io_tcp_close(e->c);
		e->c = NULL;
	}
}

static void on_conn(void *arg, struct io_tcp *c, const struct sockaddr_in *from)
{
	struct end *e = arg;

	e->conns++;
	e->from = *from;
	if (e->c) {               /* one is enough */
		io_tcp_close(c);
	} else {
		e->c = c;
		if (io_tcp_attach(c, e->l, &e->o))
			t_fail(__FILE__, __LINE__, "attach");
	}
	if (e->close_srv) {
		io_tcp_srv_close(e->srv);
		e->srv = NULL;
	}
}

static bool is_ended(void *arg)
{
	return ((struct end *)arg)->ended;
}

static bool has_conn(void *arg)
{
	return ((struct end *)arg)->conns > 0;
}

static bool has_some(void *arg)
{
	return ((struct end *)arg)->n > 0;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static int peer_open(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	return fd;
}

static void put(int fd, const void *p, size_t n)
{
	if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n)
		t_fail(__FILE__, __LINE__, "the peer cannot send");
}

/* A server with one peer. */
static int up(struct end *e)
{
	e->l = loop_new();
	e->o.on_bytes = on_bytes;
	e->o.on_end = on_end;
	e->o.arg = e;
	ASSERT(io_tcp_listen(&e->srv, "127.0.0.1", 0) == 0);
	ASSERT(io_tcp_srv_attach(e->srv, e->l, on_conn, e) == 0);
	int fd = peer_open(io_tcp_srv_port(e->srv));

	ASSERT(t_wait(e->l, has_conn, e, 5000));
	return fd;
}

static void down(struct end *e, int fd)
{
	if (fd >= 0)
		(void)close(fd);
	io_tcp_close(e->c);
	io_tcp_srv_close(e->srv);
	loop_free(e->l);
}

TEST(tcp_bytes_both_ways)
{
	struct end e = { .echo = true };
	int fd = up(&e);
	char back[8] = { 0 };

	EQ(ntohl(e.from.sin_addr.s_addr), INADDR_LOOPBACK);
	put(fd, "hello", 5);
	CHECK(t_wait(e.l, has_some, &e, 5000));
	STR_EQ(e.got, "hello");
	EQ(recv(fd, back, 8, 0), 5);
	STR_EQ(back, "hello");
	EQ(io_tcp_queued(e.c), 0);
	(void)close(fd);
	CHECK(t_wait(e.l, is_ended, &e, 5000));
	EQ(e.why, ERR_CLOSED);
	EQ(io_tcp_send(e.c, SV("x")), ERR_CLOSED);
	down(&e, -1);
}

/* Units of four bytes, sent in pieces: only whole ones are taken, nothing is lost or doubled. */
TEST(tcp_partial_units_come_again)
{
	struct end e = { .unit = 4 };
	int fd = up(&e);

	for (int i = 0; i < 26; i++) {
		size_t had = e.calls;
		char c = (char)('a' + i);

		put(fd, &c, 1);
		while (e.calls == had)
			(void)loop_run_once(e.l, 50);
	}
	EQ(e.n, 24);
	STR_EQ(e.got, "abcdefghijklmnopqrstuvwx");
	put(fd, "!!", 2);
	(void)shutdown(fd, SHUT_WR);
	CHECK(t_wait(e.l, is_ended, &e, 5000));
	STR_EQ(e.got, "abcdefghijklmnopqrstuvwxyz!!");
	EQ(e.why, ERR_CLOSED);
	down(&e, fd);
}

TEST(tcp_what_nobody_takes_is_bounded)
{
	struct end e = { .unit = 1 << 20, .o = { .read_max = 1000 } };
	int fd = up(&e);
	static char junk[5000];

	put(fd, junk, sizeof(junk));
	CHECK(t_wait(e.l, is_ended, &e, 5000));
	EQ(e.why, ERR_TOOBIG);
	EQ(e.n, 0);
	down(&e, fd);
}

TEST(tcp_idle_peer_is_told)
{
	struct end e = { .o = { .idle_ms = 30 }, .close_on_end = true };
	int fd = up(&e);

	CHECK(t_wait(e.l, is_ended, &e, 5000));
	EQ(e.why, ERR_TIMEOUT);
	CHECK(!e.c);
	down(&e, fd);
}

/* The peer does not read: what waits is bounded, and all that was accepted arrives in the end. */
TEST(tcp_send_queue_is_bounded)
{
	struct end e = { .o = { .write_max = 20000, .send_buf = 4096 } };
	int fd = up(&e), rc = 0;
	static char block[1000], buf[4096];
	size_t sent = 0, got = 0;

	while (sent < (64u << 20) && (rc = io_tcp_send(e.c, sv_n(block, sizeof(block)))) == 0)
		sent += sizeof(block);
	EQ(rc, ERR_FULL);
	CHECK(io_tcp_queued(e.c) <= 20000 && io_tcp_queued(e.c) > 19000);
	io_tcp_shutdown(e.c);
	EQ(io_tcp_send(e.c, SV("x")), ERR_CLOSED);
	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n == 0)
			break;
		if (n > 0)
			got += (size_t)n;
		else
			(void)loop_run_once(e.l, 20);
	}
	EQ(got, sent);
	down(&e, fd);
}

TEST(tcp_peer_resets)
{
	struct end e = { 0 };
	int fd = up(&e);
	struct linger hard = { 1, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	(void)close(fd);
	CHECK(t_wait(e.l, is_ended, &e, 5000));
	EQ(e.why, ERR_NET);
	down(&e, -1);
}

TEST(tcp_callbacks_may_close)
{
	struct end e = { .close_on_bytes = true, .close_srv = true };
	int fd = up(&e);
	char c;

	CHECK(!e.srv);
	put(fd, "bytes", 5);
	CHECK(t_wait(e.l, has_some, &e, 5000));
	CHECK(!e.c && !e.ended);
	EQ(recv(fd, &c, 1, 0), 0);
	down(&e, fd);
	struct end f = { .close_on_end = true };

	fd = up(&f);
	(void)close(fd);
	CHECK(t_wait(f.l, is_ended, &f, 5000));
	CHECK(!f.c);
	down(&f, -1);
}

/* Our last words are read although the peer sends on and we close with its bytes unread. */
TEST(tcp_close_is_no_reset)
{
	struct end e = { .unit = 1 << 20 };
	int fd = up(&e);
	char got[4] = { 0 };

	put(fd, "unread", 6);
	for (int i = 0; i < 3; i++)
		(void)loop_run_once(e.l, 5);
	OK(io_tcp_send(e.c, SV("bye")));
	io_tcp_shutdown(e.c);
	io_tcp_close(e.c);
	e.c = NULL;
	EQ(recv(fd, got, 3, 0), 3);
	STR_EQ(got, "bye");
	EQ(recv(fd, got, 1, 0), 0);
	down(&e, fd);
}

/* ---- from one loop to another, in another thread */

struct mover {
	struct end a, b;
	pthread_t t;
};

static void *move_main(void *arg)
{
	struct mover *m = arg;

	m->b.l = loop_new();
	m->b.o = (struct io_tcp_opts){ .on_bytes = on_bytes, .on_end = on_end, .arg = &m->b };
	if (io_tcp_attach(m->b.c, m->b.l, &m->b.o) || !t_wait(m->b.l, is_ended, &m->b, 5000))
		t_fail(__FILE__, __LINE__, "the other loop");
	io_tcp_close(m->b.c);
	loop_free(m->b.l);
	return NULL;
}

TEST(tcp_moves_with_what_waits)
{
	static struct mover m;
	char back[8] = { 0 };

	m = (struct mover){ .a.unit = 8, .b.echo = true };
	int fd = up(&m.a);

	put(fd, "12345678abc", 11);
	CHECK(t_wait(m.a.l, has_some, &m.a, 5000));
	STR_EQ(m.a.got, "12345678");
	io_tcp_detach(m.a.c);
	io_tcp_detach(m.a.c);
	put(fd, "def", 3);
	(void)t_wait(m.a.l, never, NULL, 20);
	m.b.c = m.a.c;
	m.a.c = NULL;
	CHECK(pthread_create(&m.t, NULL, move_main, &m) == 0);
	EQ(recv(fd, back, 6, MSG_WAITALL), 6);
	STR_EQ(back, "abcdef");
	(void)close(fd);
	pthread_join(m.t, NULL);
	STR_EQ(m.b.got, "abcdef");
	EQ(m.b.why, ERR_CLOSED);
	down(&m.a, -1);
}

TEST(tcp_bad_places)
{
	struct io_tcp_srv *s, *t;

	EQ(io_tcp_listen(&s, "localhost", 0), ERR_PARSE);
	EQ(io_tcp_listen(&s, "127.0.0.1:1", 0), ERR_PARSE);
	EQ(io_tcp_listen(&s, "127.0.0.1", 65536), ERR_PARSE);
	CHECK(io_tcp_listen(&s, "203.0.113.1", 0) < 0);  /* not ours (RFC 5737) */
	OK(io_tcp_listen(&s, "127.0.0.1", 0));
	EQ(io_tcp_listen(&t, "127.0.0.1", io_tcp_srv_port(s)), ERR_BUSY);
	io_tcp_srv_close(s);
	io_tcp_srv_close(NULL);
	io_tcp_close(NULL);
}

TEST(networks)
{
	static const char *const bad[] = { "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0/8",
					   "10.0.0.0:1/8", "x/8", "::1/128" };
	struct io_net v[2];
	struct sockaddr_in a;

	OK(io_net_parse(SV("10.1.2.3/8"), &v[0]));
	OK(io_net_parse(SV("192.0.2.7"), &v[1]));
	OK(io_addr_parse(SV("10.255.0.1:99"), &a));
	CHECK(io_net_has(v, 2, &a));
	OK(io_addr_parse(SV("192.0.2.7"), &a));
	CHECK(io_net_has(v, 2, &a) && !io_net_has(v, 1, &a));
	OK(io_addr_parse(SV("192.0.2.8"), &a));
	CHECK(!io_net_has(v, 2, &a));
	OK(io_net_parse(SV("0.0.0.0/0"), &v[0]));
	CHECK(io_net_has(v, 1, &a));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(io_net_parse(sv_of(bad[i]), &v[0]), ERR_PARSE);
}
