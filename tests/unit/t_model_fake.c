/* t_model_fake.c: see t_model_fake.h. One request a connection. */
#include "t_model_fake.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_conn {
	struct fake *f;
	int fd, slot;
	struct loop_io io;
	struct loop_timer timer;
	struct sb in;
	const struct fake_answer *a;
	int next;
};

static void drop(struct fake_conn *c)
{
	loop_io_stop(&c->io);
	loop_timer_stop(&c->timer);
	if (c->a && c->a->reset)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
				 sizeof(struct linger));
	(void)close(c->fd);
	sb_done(&c->in);
	c->f->conns[c->slot] = NULL;
	xfree(c);
}

static void gone(struct fake_conn *c)
{
	c->f->closed_by_peer += c->a != NULL;
	c->f->closed_us = loop_now_us(c->f->loop);
	drop(c);
}

static void step(void *arg)
{
	struct fake_conn *c = arg;
	const struct fake_answer *a = c->a;
	const char *piece = a->pieces[c->next];
	bool again = a->repeat_ms && piece && !a->pieces[c->next + 1];
	if (!piece) {
		if (!a->stall)
			drop(c);
		return;
	}
	c->next += !again;
	if (send(c->fd, piece, strlen(piece), MSG_NOSIGNAL) < 0) {
		gone(c);
		return;
	}
	loop_after(c->f->loop, &c->timer, again ? a->repeat_ms : a->gap_ms ? a->gap_ms : 2,
		   step, c);
}

/* The whole request is there when its body is as long as its head says. */
static bool complete(sv s)
{
	ptrdiff_t end = sv_find(s, SV("\r\n\r\n")),
		  at = sv_find(s, SV("Content-Length: "));
	if (end < 0)
		return false;
	long n = at >= 0 ? strtol(s.p + at + 16, NULL, 10) : 0;
	return s.n >= (size_t)end + 4 + (size_t)n;
}

static void on_read(void *arg, int fd, unsigned ev)
{
	struct fake_conn *c = arg;
	char buf[8192];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	(void)ev;
	if (n <= 0) {
		gone(c);
		return;
	}
	sb_put(&c->in, sv_n(buf, (size_t)n));
	if (c->a || !complete(sb_sv(&c->in)))
		return;
	struct fake *f = c->f;
	size_t k = f->requests < f->n_answers ? f->requests : f->n_answers - 1;
	f->requests++;
	sb_reset(&f->last);
	sb_put(&f->last, sb_sv(&c->in));
	c->a = f->pick ? f->pick(f->arg, f, sb_sv(&c->in)) : &f->answers[k];
	loop_after(f->loop, &c->timer, 0, step, c);
}

static void on_accept(void *arg, int fd, unsigned ev)
{
	struct fake *f = arg;
	int s = accept(fd, NULL, NULL), slot = 0;
	(void)ev;
	if (s < 0)
		return;
	while (slot < FAKE_CONNS && f->conns[slot])
		slot++;
	ASSERT(slot < FAKE_CONNS);
	struct fake_conn *c = xalloc(sizeof(*c));
	*c = (struct fake_conn){ .f = f, .fd = s, .slot = slot };
	sb_init(&c->in, 1 << 20);
	f->conns[slot] = c;
	ASSERT(loop_io_start(f->loop, &c->io, s, LOOP_READ, on_read, c) == 0);
}

void fake_open(struct fake *f, struct loop *l, const struct fake_answer *a, size_t n)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	*f = (struct fake){ .loop = l, .answers = a, .n_answers = n };
	sb_init(&f->last, 1 << 20);
	f->fd = socket(AF_INET, SOCK_STREAM, 0);
	ASSERT(f->fd >= 0 && bind(f->fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	       listen(f->fd, 64) == 0);
	ASSERT(getsockname(f->fd, (struct sockaddr *)&at, &len) == 0);
	f->port = ntohs(at.sin_port);
	ASSERT(loop_io_start(l, &f->io, f->fd, LOOP_READ, on_accept, f) == 0);
}

void fake_close(struct fake *f)
{
	loop_io_stop(&f->io);
	for (int i = 0; i < FAKE_CONNS; i++)
		if (f->conns[i])
			drop(f->conns[i]);
	(void)close(f->fd);
	sb_done(&f->last);
}
