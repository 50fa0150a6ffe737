/* t_tool_http.h: a server for tests: one connection a request, answered by a script. */
#ifndef CALLM_T_TOOL_HTTP_H
#define CALLM_T_TOOL_HTTP_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"

#define UNUSED_FN __attribute__((unused))

struct http {
	int fd, port, stop[2], held[16], n_held;
	pthread_t thread;
	const char *const *answers;          /* NULL: says nothing; the last repeats */
	int n_answers, asked;
	struct sb seen;
	pthread_mutex_t lock;
};

static bool whole(sv s)
{
	ptrdiff_t end = sv_find(s, SV("\r\n\r\n")), at = sv_find(s, SV("Content-Length: "));
	int64_t n = 0;
	if (end < 0)
		return false;
	if (at >= 0 && at < end) {
		sv num = sv_slice(s, (size_t)at + 16, s.n), one;
		sv_line(&num, &one);
		(void)sv_i64(one, &n);
	}
	return s.n >= (size_t)end + 4 + (size_t)n;
}

static void serve_one(struct http *h, int c)
{
	char buf[8192];
	struct sb in;
	ssize_t n;
	sb_init(&in, 1u << 20);
	while (!whole(sb_sv(&in)) && (n = recv(c, buf, sizeof(buf), 0)) > 0)
		sb_put(&in, sv_n(buf, (size_t)n));
	pthread_mutex_lock(&h->lock);
	sb_put(&h->seen, sb_sv(&in));
	int i = h->asked++;
	const char *a = h->answers[i < h->n_answers ? i : h->n_answers - 1];
	pthread_mutex_unlock(&h->lock);
	sb_done(&in);
	if (!a && h->n_held < 16) {
		h->held[h->n_held++] = c;
		return;
	}
	for (size_t at = 0; a && at < strlen(a) && (n = send(c, a + at, strlen(a) - at,
							     MSG_NOSIGNAL)) > 0;)
		at += (size_t)n;
	close(c);
}

static void *http_main(void *arg)
{
	struct http *h = arg;
	struct pollfd p[2] = { { h->fd, POLLIN, 0 }, { h->stop[0], POLLIN, 0 } };
	while (poll(p, 2, -1) > 0 && !p[1].revents) {
		int c = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC);
		if (c >= 0)
			serve_one(h, c);
	}
	return NULL;
}

UNUSED_FN static bool http_open(struct http *h, const char *const *answers, int n)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	*h = (struct http){ .answers = answers, .n_answers = n };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sb_init(&h->seen, 1u << 20);
	pthread_mutex_init(&h->lock, NULL);
	if (bind(h->fd, (struct sockaddr *)&a, sizeof(a)) || listen(h->fd, 16) ||
	    getsockname(h->fd, (struct sockaddr *)&a, &len) || pipe(h->stop))
		return false;
	h->port = ntohs(a.sin_port);
	return pthread_create(&h->thread, NULL, http_main, h) == 0;
}

UNUSED_FN static void http_close(struct http *h)
{
	(void)!write(h->stop[1], "x", 1);
	pthread_join(h->thread, NULL);
	for (int i = 0; i < h->n_held; i++)
		close(h->held[i]);
	close(h->fd);
	close(h->stop[0]);
	close(h->stop[1]);
	sb_done(&h->seen);
	pthread_mutex_destroy(&h->lock);
}

#endif
