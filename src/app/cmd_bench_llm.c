/* cmd_bench_llm.c: `callm bench llm`: many answers of a remote language model at once, against
 * a server of its own in a child process that sends a token each 20 ms: what a token costs
 * here, from the socket to the text; the worst first token; and how soon the provider sees
 * that it was cancelled. Every fifth answer is cancelled in its middle.
 *
 * The child shares a page of numbers with its parent: when it saw each connection closed. Both
 * read the same monotonic clock. Figures go to docs/SPEED.md with the command. */
#include "app_int.h"
#include "model.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GAP_MS = 20, REQUEST_MAX = 64 << 10 };

/* ---- the provider ---- */

struct mock {
	struct loop *loop;
	struct loop_io io;
	int64_t tokens;
	volatile int64_t *closed_us; /* by number of the question */
	struct rng rng;
};
struct mock_conn {
	struct mock *m;
	int fd;
	int64_t left, number;
	struct loop_io io;
	struct loop_timer timer;
	struct sb in;
};

static void conn_free(struct mock_conn *c)
{
	loop_io_stop(&c->io);
	loop_timer_stop(&c->timer);
	(void)close(c->fd);
	sb_done(&c->in);
	xfree(c);
}

static bool put(struct mock_conn *c, const char *text)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "%zx\r\n%s\r\n", strlen(text), text);
	bool ok = send(c->fd, sb_str(&b), b.n, MSG_NOSIGNAL) == (ssize_t)b.n;
	sb_done(&b);
	return ok;
}

/* One token as OpenAI's servers send it. */
static void say(void *arg)
{
	struct mock_conn *c = arg;
	char text[400];
	if (c->left-- > 0) {
		(void)snprintf(
			text, sizeof(text),
			"data: "
			"{\"id\":\"chatcmpl-%012lld\",\"object\":\"chat.completion.chunk\","
			"\"created\":1764000000,\"model\":\"bench-1\",\"system_fingerprint\":"
			"\"fp_0123456789\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
			"\" word%lld\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
			(long long)c->number, (long long)c->left);
		if (put(c, text))
			loop_after(c->m->loop, &c->timer, GAP_MS, say, c);
		return;
	}
	(void)put(c,
		  "data: "
		  "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
	(void)put(c, "data: "
		     "{\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":1}}"
		     "\n\ndata: [DONE]\n\n");
	(void)send(c->fd, "0\r\n\r\n", 5, MSG_NOSIGNAL);
}

static void conn_read(void *arg, int fd, unsigned events)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	struct mock_conn *c = arg;
	char buf[16384];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	if (n <= 0) {
		if (c->number >= 0)
			c->m->closed_us[c->number] = clk_mono_us();
		conn_free(c);
		return;
	}
	sb_put(&c->in, sv_n(buf, (size_t)n));
	sv s = sb_sv(&c->in);
	ptrdiff_t at = sv_find(s, SV("question #"));
	if (at < 0 || !sv_ends(s, SV("}"))) /* the body is JSON, so it ends like this */
		return;
	c->number = strtol(s.p + at + 10, NULL, 10);
	c->left = c->m->tokens;
	sb_reset(&c->in);
	(void)send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL);
	loop_after(c->m->loop, &c->timer, (int64_t)rng_below(&c->m->rng, GAP_MS), say, c);
}

static void mock_accept(void *arg, int fd, unsigned events)
{
	struct mock *m = arg;
	int s = accept(fd, NULL, NULL);
	if (s < 0)
		return;
	struct mock_conn *c = xalloc(sizeof(*c));
	*c = (struct mock_conn){ .m = m, .fd = s, .number = -1 };
	sb_init(&c->in, REQUEST_MAX);
	(void)loop_io_start(m->loop, &c->io, s, LOOP_READ, conn_read, c);
}

static int listen_here(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return -1;
	*port = ntohs(at.sin_port);
	return fd;
}

/* Until its parent is gone. */
static _Noreturn void provider(int fd, int64_t tokens, volatile int64_t *closed_us)
{
	struct mock m = { .loop = loop_new(), .tokens = tokens, .closed_us = closed_us };
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	rng_seed(&m.rng, 1);
	(void)loop_io_start(m.loop, &m.io, fd, LOOP_READ, mock_accept, &m);
	loop_run(m.loop);
	_exit(0);
}

/* ---- the customer ---- */

struct streams {
	struct loop *loop;
	struct llm *m;
	struct one {
		struct streams *s;
		struct llm_run *run;
		int64_t deltas, cancelled_us, first_ms;
		bool over, victim;
	} *v;
	volatile int64_t *closed_us;
	int64_t n, tokens, over, failed, deltas, started;
	struct loop_timer start, end;
};

static void stop(void *arg)
{
	loop_stop(arg);
}

static void one_over(struct one *o)
{
	o->over = true;
	if (++o->s->over == o->s->n) /* time for the provider to see the last ones go */
		loop_after(o->s->loop, &o->s->end, 300, stop, o->s->loop);
}

static void on_delta(void *arg, sv text)
{
	struct one *o = arg;
	o->s->deltas++;
	if (++o->deltas < o->s->tokens / 2 || !o->victim)
		return;
	struct llm_usage u;
	llm_spent(o->run, &u);
	o->first_ms = u.first_ms;
	o->cancelled_us = clk_mono_us();
	llm_cancel(o->run);
	one_over(o);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct one *o = arg;
	o->first_ms = u->first_ms;
	o->s->failed += err != 0;
	one_over(o);
}

/* A few at a time, as customers come. */
static void start_some(void *arg)
{
	static const struct llm_cb cb = { .on_delta = on_delta, .on_end = on_end };
	struct streams *s = arg;
	for (int i = 0; i < 10 && s->started < s->n; i++) {
		struct one *o = &s->v[s->started];
		char text[64];
		(void)snprintf(text, sizeof(text), "question #%lld.", (long long)s->started++);
		struct llm_msg m = { LLM_USER, sv_of(text) };
		struct llm_prompt p = { .msgs = &m, .n = 1, .cls = LLM_BATCH };
		o->s = s;
		o->victim = s->started % 5 == 0;
		if (llm_start(s->m, &p, &cb, o, &o->run)) {
			s->failed++;
			one_over(o);
		}
	}
	if (s->started < s->n)
		loop_after(s->loop, &s->start, 5, start_some, s);
}

static int64_t cpu_us(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000LL + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

static void print(struct streams *s, int64_t cpu)
{
	int64_t first = 0, cancel = 0, cancelled = 0, unseen = 0;
	for (int64_t i = 0; i < s->n; i++) {
		const struct one *o = &s->v[i];
		first = o->first_ms > first ? o->first_ms : first;
		if (!o->cancelled_us)
			continue;
		int64_t took = s->closed_us[i] - o->cancelled_us;
		cancelled++;
		unseen += s->closed_us[i] == 0;
		cancel = took > cancel ? took : cancel;
	}
	jv *o = jv_obj();
	jv_set_int(o, "streams", s->n);
	jv_set_int(o, "tokens", s->deltas);
	jv_set_int(o, "failed", s->failed);
	jv_set_num(o, "cpu_us_per_token", (double)cpu / (double)(s->deltas ? s->deltas : 1));
	jv_set_int(o, "worst_first_token_ms", first);
	jv_set_int(o, "cancelled", cancelled);
	jv_set_int(o, "cancel_unseen", unseen);
	jv_set_num(o, "worst_cancel_seen_ms", (double)cancel / 1000.0);
	cli_print_json(o);
}

static int run(struct streams *s, int port, struct err *e)
{
	char url[64];
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1", port);
	struct model_spec spec = { .kind = "openai", .url = url, .model = "bench-1",
				   .connect_ms = 5000 };
	s->loop = loop_new();
	int rc = llm_open(&s->m, &spec, s->loop, e);
	if (!rc) {
		int64_t before = cpu_us();
		loop_after(s->loop, &s->start, 0, start_some, s);
		loop_run(s->loop);
		print(s, cpu_us() - before);
		llm_close(s->m);
	}
	loop_free(s->loop);
	return rc;
}

int bench_llm(int64_t streams, int64_t tokens)
{
	struct err e = { 0 };
	int port = 0, fd = listen_here(&port);
	size_t bytes = sizeof(int64_t) * (size_t)streams;
	int64_t *shared =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || shared == MAP_FAILED)
		return cli_fail("the provider of the measurement does not start");
	pid_t child = fork();
	if (child == 0)
		provider(fd, tokens, shared);
	(void)close(fd);
	struct streams s = { .n = streams, .tokens = tokens, .closed_us = shared };
	s.v = xalloc(sizeof(*s.v) * (size_t)streams);
	int rc = child < 0 ? err_set(&e, ERR_IO, "fork failed") : run(&s, port, &e);
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	xfree(s.v);
	(void)munmap(shared, bytes);
	return rc ? cli_fail("%s", e.msg) : s.failed ? 1 : 0;
}
