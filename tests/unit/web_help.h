/* web_help.h: a raw HTTP client on the test's own loop: send bytes, run the loop, see
 * what comes. */
#ifndef CALLM_T_WEB_HELP_H
#define CALLM_T_WEB_HELP_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "t.h"
#include "web.h"

struct raw {
	int fd;
	struct sb got;
	bool closed;
};

static inline void raw_open(struct raw *r, int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int one = 1;
	memset(r, 0, sizeof *r);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sb_init(&r->got, 64u << 20);
	if (connect(r->fd, (struct sockaddr *)&a, sizeof a) != 0)
		r->closed = true;
	fcntl(r->fd, F_SETFL, O_NONBLOCK);
	setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static inline void raw_close(struct raw *r)
{
	close(r->fd);
	sb_done(&r->got);
}

/* Reads what is there. */
static inline void raw_poll(struct raw *r)
{
	char buf[65536];
	for (;;) {
		ssize_t n = recv(r->fd, buf, sizeof buf, 0);
		if (n > 0) {
			sb_put(&r->got, sv_n(buf, (size_t)n));
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			r->closed = true;
		return;
	}
}

/* Sends all, running the loop while the socket is full. */
static inline void raw_send(struct raw *r, struct loop *l, sv s)
{
	for (int i = 0; s.n && i < 5000; i++) {
		ssize_t n = send(r->fd, s.p, s.n, MSG_NOSIGNAL);
		if (n > 0)
			s = sv_slice(s, (size_t)n, s.n);
		else if (errno != EAGAIN)
			return;
		if (s.n) {
			loop_run_once(l, 2);
			raw_poll(r);
		}
	}
}

/* Bytes of one whole answer at the front of s, 0 = not yet. Knows Content-Length and chunks. */
static inline size_t answer_len(sv s, bool head)
{
	ptrdiff_t end = sv_find(s, SV("\r\n\r\n"));
	if (end < 0)
		return 0;
	sv h = sv_slice(s, 0, (size_t)end);
	size_t n = (size_t)end + 4;
	ptrdiff_t cl = sv_find(h, SV("Content-Length: "));
	if (sv_find(h, SV("Transfer-Encoding: chunked")) >= 0) {
		ptrdiff_t z = sv_find(s, SV("0\r\n\r\n"));
		return z < 0 ? 0 : (size_t)z + 5;
	}
	if (cl < 0 || head)
		return n;
	sv num = sv_slice(h, (size_t)cl + 16, h.n), one;
	int64_t len = 0;
	sv_line(&num, &one);
	if (sv_i64(one, &len) != 0)
		return 0;
	return s.n >= n + (size_t)len ? n + (size_t)len : 0;
}

/* Runs the loop until `count` answers are there or the peer closed; false after ms. */
static inline bool raw_wait(struct raw *r, struct loop *l, int count, int ms)
{
	int64_t until = loop_now_us(l) + ms * 1000;
	while (loop_now_us(l) < until) {
		sv s = sb_sv(&r->got);
		size_t n;
		int k = 0;
		while (k < count && (n = answer_len(s, false)) > 0) {
			s = sv_slice(s, n, s.n);
			k++;
		}
		if (k == count || r->closed)
			return true;
		loop_run_once(l, 5);
		raw_poll(r);
	}
	return false;
}

static inline bool raw_wait_closed(struct raw *r, struct loop *l, int ms)
{
	int64_t until = loop_now_us(l) + ms * 1000;
	while (!r->closed && loop_now_us(l) < until) {
		loop_run_once(l, 5);
		raw_poll(r);
	}
	return r->closed;
}

static inline bool raw_wait_text(struct raw *r, struct loop *l, const char *text, int ms)
{
	int64_t until = loop_now_us(l) + ms * 1000;
	while (sv_find(sb_sv(&r->got), sv_of(text)) < 0 && loop_now_us(l) < until && !r->closed) {
		loop_run_once(l, 5);
		raw_poll(r);
	}
	return sv_find(sb_sv(&r->got), sv_of(text)) >= 0;
}

static inline int raw_status(const struct raw *r)
{
	sv s = sb_sv(&r->got);
	int64_t v = 0;
	return s.n > 12 && sv_i64(sv_slice(s, 9, 12), &v) == 0 ? (int)v : 0;
}

static inline void spin(struct loop *l, int turns)
{
	for (int i = 0; i < turns; i++)
		loop_run_once(l, 1);
}

#endif
