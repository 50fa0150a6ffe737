/* The client against a raw socket server on the same loop that says what the test tells it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "t.h"
#include "fetch.h"

enum { CONNS = 16 };

struct peer {
	struct loop_io io;
	int fd;
	struct sb got;
	bool used, answered;
};

struct world {
	struct loop *l;
	struct fetch *f;
	struct fetch_req *r;
	int lfd, port;
	struct loop_io lio;
	struct peer peers[CONNS];
	int n_peers, requests;
	/* one a request; NULL entry = say nothing; the last repeats */
	const char *const *answers;
	int n_answers;
	bool hang_up, cancel_in_data, cancel_in_head, stop_data;
	struct sb asked, body;
	int heads, datas, ends, err, status;
	char ctype[64], why[256];
};

static void on_peer(void *arg, int fd, unsigned ev);

static struct world *W;

static void peer_close(struct peer *p)
{
	loop_io_stop(&p->io);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	sb_done(&p->got);
}

static void on_accept(void *arg, int fd, unsigned ev)
{
	struct world *w = arg;
	int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c < 0 || w->n_peers == CONNS) {
		if (c >= 0)
			close(c);
		return;
	}
	struct peer *p = &w->peers[w->n_peers++];
	p->fd = c;
	p->used = true;
	sb_init(&p->got, 1u << 20);
	loop_io_start(w->l, &p->io, c, LOOP_READ, on_peer, p);
}

static bool whole(sv s)
{
	ptrdiff_t end = sv_find(s, SV("\r\n\r\n")), cl = sv_find(s, SV("Content-Length: "));
	if (end < 0)
		return false;
	if (cl < 0)
		return true;
	sv num = sv_slice(s, (size_t)cl + 16, s.n), one;
	int64_t n = 0;
	sv_line(&num, &one);
	sv_i64(one, &n);
	return s.n >= (size_t)end + 4 + (size_t)n;
}

static void on_peer(void *arg, int fd, unsigned ev)
{
	struct peer *p = arg;
	char buf[8192];
	ssize_t n = recv(fd, buf, sizeof buf, 0);
	if (n <= 0) {
		peer_close(p);
		return;
	}
	sb_put(&p->got, sv_n(buf, (size_t)n));
	if (!whole(sb_sv(&p->got)))
		return;
	int i = W->requests < W->n_answers ? W->requests : W->n_answers - 1;
	W->requests++;
	sb_put(&W->asked, sb_sv(&p->got));
	sb_reset(&p->got);
	if (W->answers[i])
		send(fd, W->answers[i], strlen(W->answers[i]), MSG_NOSIGNAL);
	if (W->hang_up)
		peer_close(p);
}

static void c_head(void *arg, int status, struct fetch_req *r)
{
	struct world *w = arg;
	w->heads++;
	sv t = fetch_header(r, "content-type");
	snprintf(w->ctype, sizeof w->ctype, SV_FMT, SV_ARG(t));
	if (w->cancel_in_head)
		fetch_cancel(r);
}

static int c_data(void *arg, sv piece)
{
	struct world *w = arg;
	w->datas++;
	sb_put(&w->body, piece);
	if (w->cancel_in_data)
		fetch_cancel(w->r);
	return w->stop_data ? 1 : 0;
}

static void c_end(void *arg, int err, int status)
{
	struct world *w = arg;
	w->ends++;
	w->err = err;
	w->status = status;
	snprintf(w->why, sizeof w->why, "%s", fetch_error(w->r));
}

static void up(struct world *w, const char *const *answers, int n)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	memset(w, 0, sizeof *w);
	W = w;
	w->answers = answers;
	w->n_answers = n;
	sb_init(&w->asked, 1u << 20);
	sb_init(&w->body, 16u << 20);
	w->l = loop_new();
	w->f = fetch_new(w->l);
	w->lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(w->lfd, (struct sockaddr *)&a, sizeof a);
	listen(w->lfd, 16);
	getsockname(w->lfd, (struct sockaddr *)&a, &len);
	w->port = ntohs(a.sin_port);
	loop_io_start(w->l, &w->lio, w->lfd, LOOP_READ, on_accept, w);
}

static void down(struct world *w)
{
	fetch_free(w->f);
	for (int i = 0; i < w->n_peers; i++)
		peer_close(&w->peers[i]);
	loop_io_stop(&w->lio);
	close(w->lfd);
	sb_done(&w->asked);
	sb_done(&w->body);
	loop_free(w->l);
}

static int start(struct world *w, struct fetch_opts *o, const char *path)
{
	char url[300];
	struct err e = { 0 };
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", w->port, path);
	if (!o->url)
		o->url = url;
	o->on_head = c_head;
	o->on_data = c_data;
	o->on_end = c_end;
	o->arg = w;
	int err = fetch_start(&w->r, w->f, o, &e);
	o->url = NULL;
	return err;
}

static bool ended(void *arg)
{
	return ((struct world *)arg)->ends > 0;
}

static bool run(struct world *w, struct fetch_opts *o, const char *path)
{
	return start(w, o, path) == 0 && w->ends == 0 && t_wait(w->l, ended, w, 5000);
}

#define OKAY "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

TEST(fetch_gets_head_body_and_end)
{
	static const char *const a[] = { OKAY };
	struct world w;
	struct fetch_opts o = { .headers = "X-One: 1\r\nX-Two: 2\r\n" };
	up(&w, a, 1);
	CHECK(run(&w, &o, "/a?b=c"));
	OK(w.err);
	EQ(w.status, 200);
	EQ(w.heads, 1);
	STR_EQ(w.ctype, "text/plain");
	SV_EQ(sb_sv(&w.body), "hello");
	HAS(sb_sv(&w.asked), "GET /a?b=c HTTP/1.1\r\n");
	HAS(sb_sv(&w.asked), "X-Two: 2\r\n");
	EQ(fetch_active(w.f), 0);
	/* the connection is used again */
	w.ends = 0;
	CHECK(run(&w, &o, "/again"));
	EQ(w.n_peers, 1);
	down(&w);
}

TEST(fetch_posts_put_and_head)
{
	static const char *const a[] = { OKAY };
	static const char *const h[] = { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" };
	struct world w;
	struct fetch_opts o = { .body = SV("{\"a\":1}"),
				.headers = "Content-Type: application/json" };
	up(&w, a, 1);
	CHECK(run(&w, &o, "/p"));
	HAS(sb_sv(&w.asked), "POST /p HTTP/1.1\r\n");
	CHECK(sv_ends(sb_sv(&w.asked), SV("{\"a\":1}")));
	CHECK(sv_find(sb_sv(&w.asked), SV("Expect")) < 0);
	w.ends = 0;
	o.method = "PUT";
	CHECK(run(&w, &o, "/q"));
	HAS(sb_sv(&w.asked), "PUT /q HTTP/1.1\r\n");
	w.ends = 0;
	w.answers = h;
	o.method = "HEAD";
	o.body = SV_NULL;
	CHECK(run(&w, &o, "/h"));
	OK(w.err);
	down(&w);
}

TEST(fetch_statuses_are_not_errors)
{
	static const char *const a[] = { "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno" };
	struct world w;
	struct fetch_opts o = { .retries = 2 };
	up(&w, a, 1);
	CHECK(run(&w, &o, "/"));
	OK(w.err);
	EQ(w.status, 404);
	SV_EQ(sb_sv(&w.body), "no");
	EQ(w.requests, 1);
	down(&w);
}

TEST(fetch_retries_what_may_work_and_only_before_delivery)
{
	static const char *const a[] = {
		"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy",
		"HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nslow", OKAY
	};
	struct world w;
	struct fetch_opts o = { .retries = 2 };
	up(&w, a, 3);
	CHECK(run(&w, &o, "/"));
	EQ(w.status, 200);
	EQ(w.heads, 1);
	SV_EQ(sb_sv(&w.body), "hello");
	EQ(w.requests, 3);
	down(&w);
	/* not with POST */
	o.body = SV("x");
	up(&w, a, 3);
	CHECK(run(&w, &o, "/"));
	EQ(w.status, 503);
	EQ(w.requests, 1);
	down(&w);
	/* unless it says so */
	o.retry_unsafe = true;
	up(&w, a, 3);
	CHECK(run(&w, &o, "/"));
	EQ(w.status, 200);
	down(&w);
	/* the last answer is delivered whatever it is */
	o.retries = 1;
	up(&w, a, 2);
	CHECK(run(&w, &o, "/"));
	EQ(w.status, 429);
	SV_EQ(sb_sv(&w.body), "slow");
	down(&w);
}

TEST(fetch_broken_answers_are_errors)
{
	static const char *const hostile[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
		"garbage without any sense\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"\r\n\r\n", "",
	};
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct world w;
		struct fetch_opts o = { .first_byte_ms = 1500 };
		up(&w, &hostile[i], 1);
		w.hang_up = true;
		CHECK(run(&w, &o, "/"));
		EQ(w.err, ERR_NET);
		CHECK(w.why[0]);
		down(&w);
	}
}

TEST(fetch_bodies_and_heads_are_bounded)
{
	static char big[90000];
	static const char *const a[] = { big };
	struct world w;
	struct fetch_opts o = { .max_bytes = 1000 };
	int n = snprintf(big, sizeof big, "HTTP/1.1 200 OK\r\nContent-Length: 80000\r\n\r\n");
	memset(big + n, 'b', 80000);
	up(&w, a, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_TOOBIG);
	CHECK(w.body.n <= 1000);
	down(&w);
	n = snprintf(big, sizeof big, "HTTP/1.1 200 OK\r\n");
	while (n < 80000)
		n += snprintf(big + n, sizeof big - (size_t)n,
			      "X-Header: 0123456789012345678901234567890\r\n");
	snprintf(big + n, sizeof big - (size_t)n, "Content-Length: 0\r\n\r\n");
	up(&w, a, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_TOOBIG);
	down(&w);
}

TEST(fetch_deadlines_first_byte_stall_total)
{
	static const char *const none[] = { NULL };
	static const char *const part[] = { "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart" };
	struct world w;
	struct fetch_opts o = { .first_byte_ms = 100 };
	up(&w, none, 1);
	int64_t t0 = loop_now_us(w.l);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_TIMEOUT);
	EQ(w.status, 0);
	int64_t took = (loop_now_us(w.l) - t0) / 1000;
	CHECK(took >= 90 && took < 2000);
	down(&w);
	o = (struct fetch_opts){ .stall_ms = 100 };
	up(&w, part, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_TIMEOUT);
	EQ(w.status, 200);
	SV_EQ(sb_sv(&w.body), "part");
	down(&w);
	o = (struct fetch_opts){ .total_ms = 150 };
	up(&w, part, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_TIMEOUT);
	down(&w);
}

TEST(fetch_cancel_is_silent_everywhere)
{
	static const char *const none[] = { NULL };
	static const char *const a[] = { OKAY };
	struct world w;
	struct fetch_opts o = { 0 };
	fetch_cancel(NULL);
	up(&w, none, 1);
	OK(start(&w, &o, "/"));
	fetch_cancel(w.r);              /* before it began */
	OK(start(&w, &o, "/"));
	for (int i = 0; i < 20 && w.requests == 0; i++)
		loop_run_once(w.l, 20);
	EQ(w.requests, 1);
	fetch_cancel(w.r);              /* on its way */
	EQ(fetch_active(w.f), 0);
	for (int i = 0; i < 10; i++)
		loop_run_once(w.l, 1);
	EQ(w.ends, 0);
	down(&w);
	for (int where = 0; where < 2; where++) {
		up(&w, a, 1);
		w.cancel_in_head = where == 0;
		w.cancel_in_data = where == 1;
		OK(start(&w, &o, "/"));
		for (int i = 0; i < 200 && fetch_active(w.f); i++)
			loop_run_once(w.l, 10);
		EQ(fetch_active(w.f), 0);
		EQ(w.ends, 0);
		EQ(w.datas, where);
		down(&w);
	}
	up(&w, a, 1);
	w.stop_data = true;
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_CANCELED);
	down(&w);
	/* free with one running */
	up(&w, none, 1);
	OK(start(&w, &o, "/"));
	loop_run_once(w.l, 10);
	down(&w);
}

TEST(fetch_redirects_stay_in_place_and_are_counted)
{
	static const char *const a[] = {
		"HTTP/1.1 302 Found\r\nLocation: /two\r\nContent-Length: 1\r\n\r\nx",
		"HTTP/1.1 307 Again\r\nLocation: /three\r\nContent-Length: 0\r\n\r\n", OKAY
	};
	static const char *const loop_for_ever[] = {
		"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n" };
	static const char *const away[] = {
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/\r\nContent-Length: "
		"0\r\n\r\n"
	};
	static const char *const file[] = {
		"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n" };
	struct world w;
	struct fetch_opts o = { .redirects = 3, .body = SV("form") };
	up(&w, a, 3);
	CHECK(run(&w, &o, "/one"));
	OK(w.err);
	EQ(w.status, 200);
	EQ(w.heads, 1);
	SV_EQ(sb_sv(&w.body), "hello");
	HAS(sb_sv(&w.asked), "GET /two HTTP/1.1\r\n");
	HAS(sb_sv(&w.asked), "GET /three HTTP/1.1\r\n");
	down(&w);
	o = (struct fetch_opts){ .redirects = 3 };
	up(&w, loop_for_ever, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.status, 302);
	EQ(w.requests, 4);
	down(&w);
	up(&w, away, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_DENIED);
	down(&w);
	up(&w, file, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_DENIED);
	down(&w);
	o.redirects = 0;
	up(&w, a, 3);
	CHECK(run(&w, &o, "/"));
	OK(w.err);
	EQ(w.status, 302);
	down(&w);
}

TEST(fetch_redirects_to_other_hosts_on_demand)
{
	static const char *const away[] = {
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/\r\nContent-Length: "
		"0\r\n\r\n"
	};
	static const char *const file[] = {
		"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n" };
	struct world w;
	struct fetch_opts o = { .redirects = 1, .any_host = true };
	up(&w, away, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_NET);     /* it went there; nobody listens */
	down(&w);
	up(&w, file, 1);
	CHECK(run(&w, &o, "/"));
	EQ(w.err, ERR_DENIED);
	down(&w);
}

TEST(fetch_urls_are_joined)
{
	static const char *const base = "https://u:p@h.example/simple/thing/";
	struct sb b;
	sb_init(&b, 4096);
	OK(fetch_url_join(base, "../../files/a.whl", &b));
	STR_EQ(sb_str(&b), "https://u:p@h.example/files/a.whl");
	sb_reset(&b);
	OK(fetch_url_join(base, "https://other.example/b", &b));
	STR_EQ(sb_str(&b), "https://other.example/b");
	EQ(fetch_url_join("no address", "x", &b), ERR_INVAL);
	sb_done(&b);
}

static bool refuse_all(void *arg, const char *addr, int port)
{
	return strcmp(addr, "127.0.0.1") != 0;
}

TEST(fetch_addresses_can_be_refused)
{
	static const char *const a[] = { OKAY };
	static const char *const tricks[] = { "http://127.0.0.1:%d/", "http://0x7f.1:%d/",
					      "http://2130706433:%d/", "http://user@127.1:%d/" };
	struct world w;
	up(&w, a, 1);
	for (size_t i = 0; i < 4; i++) {
		char url[100], num[16], *at;
		snprintf(url, sizeof url, "%s", tricks[i]);
		at = strstr(url, "%d");
		snprintf(num, sizeof num, "%d/", w.port);
		memcpy(at, num, strlen(num) + 1);
		struct fetch_opts o = { .url = url, .allow_addr = refuse_all };
		w.ends = 0;
		CHECK(run(&w, &o, ""));
		EQ(w.err, ERR_DENIED);
	}
	EQ(w.n_peers, 0);
	down(&w);
}

TEST(fetch_bad_arguments_and_dead_ports)
{
	static const char *const a[] = { OKAY };
	static const char *const bad[] = { "",
					   "ftp://x/",
					   "file:///etc/passwd",
					   "http://",
					   "http://a b/",
					   "gopher://x/",
					   "http://x/\r\nX: y",
					   "javascript:1" };
	struct world w;
	struct err e = { 0 };
	up(&w, a, 1);
	struct fetch_opts o = { 0 };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		o.url = bad[i];
		EQ(fetch_start(&w.r, w.f, &o, &e), ERR_INVAL);
	}
	o.url = "http://127.0.0.1/";
	o.method = "GE T";
	EQ(fetch_start(&w.r, w.f, &o, &e), ERR_INVAL);
	o.method = NULL;
	o.headers = "Bad header\r\n";
	EQ(fetch_start(&w.r, w.f, &o, &e), ERR_INVAL);
	EQ(fetch_active(w.f), 0);
	o = (struct fetch_opts){ .url = "http://127.0.0.1:1/", .retries = 1 };
	CHECK(run(&w, &o, ""));
	EQ(w.err, ERR_NET);
	CHECK(w.why[0]);
	down(&w);
}

TEST(fetch_many_at_once_and_the_limit)
{
	static const char *const a[] = { NULL };
	struct world w;
	struct err e = { 0 };
	up(&w, a, 1);
	struct fetch_opts o = { .url = "http://127.0.0.1:1/" };
	for (int i = 0; i < 1024; i++)
		OK(fetch_start(&w.r, w.f, &o, &e));
	EQ(fetch_start(&w.r, w.f, &o, &e), ERR_FULL);
	down(&w);
}

TEST(fetch_retry_waits_are_bounded)
{
	struct rng *g = t_rng();
	for (int i = 0; i < 100; i++) {
		int a = fetch_retry_wait_ms(1, SV_NULL, g), b = fetch_retry_wait_ms(2, SV_NULL, g);
		CHECK(a >= 100 && a <= 300);
		CHECK(b >= 200 && b <= 600);
	}
	EQ(fetch_retry_wait_ms(1, SV(" 3 "), g), 3000);
	EQ(fetch_retry_wait_ms(1, SV("99999"), g), 10000);
	CHECK(fetch_retry_wait_ms(1, SV("Wed, 21 Oct 2026 07:28:00 GMT"), g) <= 300);
	CHECK(fetch_retryable(0, 503) && fetch_retryable(ERR_NET, 0));
	CHECK(!fetch_retryable(0, 500) && !fetch_retryable(ERR_TIMEOUT, 0));
}
