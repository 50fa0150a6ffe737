/* t_io_udp.c: UDP sockets and addresses. */
#include <arpa/inet.h>
#include <pthread.h>
#include "t.h"
#include "io.h"

struct sink {
	struct io_udp *u;
	char got[64];
	size_t n, packets, close_after;
	struct sockaddr_in from;
};

static void on_packet(void *arg, sv packet, const struct sockaddr_in *from)
{
	struct sink *s = arg;

	for (size_t i = 0; i < packet.n && s->n < sizeof(s->got) - 1; i++)
		s->got[s->n++] = packet.p[i];
	s->packets++;
	s->from = *from;
	if (s->close_after == s->packets) {
		io_udp_close(s->u);
		s->u = NULL;
	}
}

static bool got_two(void *arg)
{
	return ((struct sink *)arg)->packets >= 2;
}

static bool got_one(void *arg)
{
	return ((struct sink *)arg)->packets >= 1;
}

static struct sockaddr_in local(const struct io_udp *u)
{
	struct sockaddr_in a;

	ASSERT(io_addr_parse(SV("127.0.0.1"), &a) == 0);
	a.sin_port = htons((uint16_t)io_udp_local_port(u));
	return a;
}

TEST(addresses_as_text)
{
	static const char *const bad[] = {
		"",           "1.2.3",       "1.2.3.4:",        "1.2.3.4:65536",
		"1.2.3.4:-1", "1.2.3.4:x",   "host:5060",       "1.2.3.256",
		"::1",        "1.2.3.4:5:6", "123.123.123.1234"
	};
	struct sockaddr_in a, b;
	char out[IO_ADDR_STR];

	OK(io_addr_parse(SV("255.255.255.255:65535"), &a));
	io_addr_str(&a, out);
	STR_EQ(out, "255.255.255.255:65535");
	OK(io_addr_parse(SV("255.255.255.255"), &b));
	EQ(ntohs(b.sin_port), 0);
	CHECK(!io_addr_eq(&a, &b) && io_addr_eq(&a, &a));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EQ(io_addr_parse(sv_of(bad[i]), &a), ERR_PARSE);
}

TEST(udp_sends_and_receives)
{
	struct loop *l = loop_new();
	struct io_udp *a, *b;
	struct sink sa = { 0 }, sb = { 0 };
	struct sockaddr_in to;
	char big[IO_UDP_MAX + 1] = { 0 };

	OK(io_udp_open(&a, l, "127.0.0.1", 0, on_packet, &sa));
	OK(io_udp_open(&b, l, "127.0.0.1", 0, on_packet, &sb));
	OK(io_udp_dscp(a, 46));
	to = local(b);
	EQ(io_udp_send(a, SV("x"), NULL), ERR_INVAL);
	OK(io_udp_send(a, sv_n(big, sizeof(big)), &to));
	OK(io_udp_send(a, SV("one"), &to));
	OK(io_udp_send(a, SV("two"), &to));
	CHECK(t_wait(l, got_two, &sb, 2000));
	STR_EQ(sb.got, "onetwo");
	EQ(io_udp_dropped(b), 1); /* the large one */
	EQ(ntohs(sb.from.sin_port), io_udp_local_port(a));
	OK(io_udp_send(b, SV("back"), &sb.from));
	CHECK(t_wait(l, got_one, &sa, 2000));
	STR_EQ(sa.got, "back");
	io_udp_close(a);
	io_udp_close(b);
	io_udp_close(NULL);
	loop_free(l);
}

TEST(udp_latches_on_one_peer)
{
	struct loop *l = loop_new();
	struct io_udp *a, *b, *c;
	struct sink s = { 0 };
	struct sockaddr_in to, peer;

	OK(io_udp_open(&a, NULL, "127.0.0.1", 0, NULL, NULL));
	OK(io_udp_open(&b, NULL, "127.0.0.1", 0, NULL, NULL));
	OK(io_udp_open(&c, NULL, "127.0.0.1", 0, NULL, NULL));
	to = local(a);
	peer = local(b);
	OK(io_udp_send(c, SV("early stranger"), &to)); /* waits in a's buffer */
	OK(io_udp_connect(a, &peer));
	OK(io_udp_attach(a, l, on_packet, &s));
	OK(io_udp_send(c, SV("late stranger"), &to));
	OK(io_udp_send(b, SV("friend"), &to));
	CHECK(t_wait(l, got_one, &s, 2000));
	STR_EQ(s.got, "friend");
	EQ(io_udp_dropped(a), 1);
	OK(io_udp_send(a, SV("to the peer"), NULL));
	io_udp_close(b);
	OK(io_udp_send(a, SV("nobody there"), NULL)); /* an ICMP refusal is no error of ours */
	OK(io_udp_send(a, SV("nobody there"), NULL));
	io_udp_close(a);
	io_udp_close(c);
	loop_free(l);
}

TEST(udp_callback_may_close_its_socket)
{
	struct loop *l = loop_new();
	struct io_udp *a;
	struct sink s = { .close_after = 1 };
	struct sockaddr_in to;

	OK(io_udp_open(&s.u, NULL, "127.0.0.1", 0, NULL, NULL));
	OK(io_udp_open(&a, NULL, "127.0.0.1", 0, NULL, NULL));
	to = local(s.u);
	for (int i = 0; i < 5; i++)
		OK(io_udp_send(a, SV("x"), &to));
	OK(io_udp_attach(s.u, l, on_packet, &s));
	CHECK(t_wait(l, got_one, &s, 2000));
	(void)loop_run_once(l, 0);
	EQ(s.packets, 1);
	CHECK(!s.u);
	io_udp_close(a);
	loop_free(l);
}

TEST(udp_even_ports)
{
	struct io_udp *u[3], *v;
	int base;

	/* Find three even ports in a row that are free. */
	for (base = 40000; base < 60000; base += 6) {
		if (io_udp_open_even(&u[0], "127.0.0.1", base, base + 1))
			continue;
		if (!io_udp_open_even(&u[1], "127.0.0.1", base, base + 3))
			break;
		io_udp_close(u[0]);
	}
	CHECK(base < 60000);
	EQ(io_udp_local_port(u[0]), base);
	EQ(io_udp_local_port(u[1]), base + 2);
	EQ(io_udp_open_even(&v, "127.0.0.1", base, base + 3), ERR_BUSY);
	EQ(io_udp_open(&v, NULL, "127.0.0.1", base, NULL, NULL), ERR_BUSY);
	EQ(io_udp_open_even(&v, "127.0.0.1", 9, 9), ERR_PARSE);
	EQ(io_udp_open(&v, NULL, "localhost", 0, NULL, NULL), ERR_PARSE);
	EQ(io_udp_open(&v, NULL, "192.0.2.1", 0, NULL, NULL), ERR_NET); /* not ours: RFC 5737 */
	OK(io_udp_open_even(&u[2], "127.0.0.1", 30001, 39999));
	EQ(io_udp_local_port(u[2]) % 2, 0);
	for (int i = 0; i < 3; i++)
		io_udp_close(u[i]);
}

struct moved {
	struct io_udp *u;
	struct sink s;
};

/* A shard: attaches a socket that another thread opened. */
static void *shard(void *arg)
{
	struct moved *m = arg;
	struct loop *l = loop_new();

	ASSERT(io_udp_attach(m->u, l, on_packet, &m->s) == 0);
	(void)t_wait(l, got_two, &m->s, 5000);
	io_udp_close(m->u);
	loop_free(l);
	return NULL;
}

TEST(udp_moves_to_another_thread)
{
	struct moved m = { 0 };
	struct io_udp *a;
	struct sockaddr_in to;
	pthread_t t;

	OK(io_udp_open_even(&m.u, "127.0.0.1", 30000, 59999));
	OK(io_udp_open(&a, NULL, "127.0.0.1", 0, NULL, NULL));
	to = local(m.u);
	OK(io_udp_send(a, SV("before "), &to));
	EQ(pthread_create(&t, NULL, shard, &m), 0);
	OK(io_udp_send(a, SV("after"), &to));
	EQ(pthread_join(t, NULL), 0);
	STR_EQ(m.s.got, "before after");
	io_udp_close(a);
}

static void on_polled(void *arg, sv packet, const struct sockaddr_in *from, int64_t at_us)
{
	CHECK(at_us <= clk_mono_us() && at_us > clk_mono_us() - 5000000);
	on_packet(arg, packet, from);
}

TEST(udp_is_read_on_somebodys_clock)
{
	struct io_udp *a, *b, *c;
	struct sink s = { 0 };
	struct sockaddr_in to, from;

	OK(io_udp_open(&a, NULL, "127.0.0.1", 0, NULL, NULL));
	OK(io_udp_open_even(&b, "127.0.0.1", 20000, 30000));
	OK(io_udp_open(&c, NULL, "127.0.0.1", 0, NULL, NULL));
	to = local(b);
	EQ(io_udp_poll(b, 8, on_polled, &s), 0);
	for (int i = 0; i < 7; i++)
		OK(io_udp_send(a, sv_n("0123456" + i, 1), &to));
	EQ(io_udp_poll(b, 5, on_polled, &s), 5); /* no more than asked for */
	EQ(io_udp_poll(b, 64, on_polled, &s), 2);
	CHECK(!memcmp(s.got, "0123456", 7));
	from = local(a);
	OK(io_udp_connect(b, &from));
	OK(io_udp_send(c, SV("x"), &to));
	OK(io_udp_send(a, SV("7"), &to));
	EQ(io_udp_poll(b, 64, on_polled, &s), 1); /* the stranger stays outside */
	OK(io_udp_connect(b, NULL));
	OK(io_udp_send(c, SV("8"), &to));
	EQ(io_udp_poll(b, 64, on_polled, &s), 1);
	CHECK(!memcmp(s.got, "012345678", 9));
	EQ(io_udp_local_port(b), ntohs(to.sin_port));
	s.u = b;
	s.close_after = s.packets + 1;
	OK(io_udp_send(a, SV("9"), &to));
	OK(io_udp_send(a, SV("!"), &to));
	CHECK(io_udp_poll(b, 64, on_polled, &s) > 0); /* closed from within: nothing more */
	EQ(s.packets, 10);
	io_udp_close(a);
	io_udp_close(c);
}

TEST(udp_poll_survives_a_port_nobody_has)
{
	struct io_udp *a, *b;
	struct sink s = { 0 };
	struct sockaddr_in to;

	OK(io_udp_open(&a, NULL, "127.0.0.1", 0, NULL, NULL));
	OK(io_udp_open(&b, NULL, "127.0.0.1", 0, NULL, NULL));
	to = local(b);
	OK(io_udp_connect(a, &to));
	io_udp_close(b);
	for (int i = 0; i < 3; i++) {
		OK(io_udp_send(a, SV("x"), NULL));
		EQ(io_udp_poll(a, 4, on_polled, &s), 0);
	}
	EQ(s.packets, 0);
	io_udp_close(a);
}
