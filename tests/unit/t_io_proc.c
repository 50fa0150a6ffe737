/* t_io_proc.c: supervised workers. The child is this very program, started again with
 * CALLM_T_CHILD set. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "t.h"
#include "io.h"

/* ---- the child ---- */

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void answer(uint8_t kind, const struct sb *in)
{
	char text[64];

	switch (kind) {
	case 'e': /* echo */
		(void)io_child_write(IO_CHILD_FD, 'E', sb_sv(in));
		break;
	case 'f':
		(void)snprintf(text, sizeof(text), "%d", open_descriptors());
		(void)io_child_write(IO_CHILD_FD, 'F', sv_of(text));
		break;
	case 'p':
		(void)printf("on stdout\n");
		(void)fflush(stdout);
		(void)fprintf(stderr, "on stderr\r\nlast words");
		(void)io_child_write(IO_CHILD_FD, 'P', SV("bye"));
		_exit(7);
	case 'c':
		abort();
	case 'n': /* nonsense: a frame of 4 GB */
		(void)!write(IO_CHILD_FD, "\xff\xff\xff\xff?", 5);
		break;
	case 'h': /* hang */
		for (;;)
			(void)pause();
	default:
		_exit(3);
	}
}

__attribute__((constructor)) static void be_the_child(void)
{
	struct sb in;
	uint8_t kind;

	if (getenv("CALLM_T_STDIO")) {
		(void)fprintf(stderr, "%d descriptors\n", open_descriptors());
		for (int c; (c = getchar()) != EOF; (void)fflush(stdout))
			(void)putchar(c);
		(void)fprintf(stderr, "end of input\n");
		_exit(0);
	}
	if (!getenv("CALLM_T_CHILD"))
		return;
	sb_init(&in, LIM_PROC_FRAME);
	while (io_child_read(IO_CHILD_FD, &kind, &in) == 0)
		answer(kind, &in);
	_exit(0);
}

/* ---- the parent ---- */

struct boss {
	struct loop *l;
	struct io_proc *p;
	int ups, downs, status, frames, lines;
	size_t bytes;
	uint8_t kind;
	char last[64], line[3][64];
	bool stop_on_frame, stop_on_down;
};

static void on_frame(void *arg, uint8_t kind, sv payload)
{
	struct boss *b = arg;

	b->frames++;
	b->kind = kind;
	b->bytes += payload.n;
	(void)snprintf(b->last, sizeof(b->last), SV_FMT, SV_ARG(sv_slice(payload, 0, 60)));
	if (b->stop_on_frame) {
		io_proc_stop(b->p);
		b->p = NULL;
	}
}

static void on_state(void *arg, bool up, int status)
{
	struct boss *b = arg;

	b->ups += up;
	b->downs += !up;
	if (!up)
		b->status = status;
	if (!up && b->stop_on_down) {
		io_proc_stop(b->p);
		b->p = NULL;
	}
}

static void on_line(void *arg, sv line)
{
	struct boss *b = arg;

	if (b->lines < 3)
		(void)snprintf(b->line[b->lines], 64, SV_FMT, SV_ARG(sv_slice(line, 0, 60)));
	b->lines++;
}

static int start(struct boss *b, size_t queue_max)
{
	static const char *const argv[] = { "/proc/self/exe", NULL };
	static const char *const envp[] = { "CALLM_T_CHILD=1",
					    "ASAN_OPTIONS=detect_leaks=0:handle_abort=0",
					    NULL };
	struct io_proc_opts o = { .argv = argv, .envp = envp, .name = "child", .on_frame = on_frame,
		.on_state = on_state, .on_line = on_line, .arg = b, .backoff_min_ms = 20,
		.backoff_max_ms = 200, .queue_max = queue_max, .nice_by = 5 };

	*b = (struct boss){ .l = loop_new() };
	return io_proc_start(&b->p, b->l, &o);
}

static void finish(struct boss *b)
{
	io_proc_stop(b->p);
	loop_free(b->l);
}

static bool has_frame(void *arg)
{
	return ((struct boss *)arg)->frames > 0;
}

static bool has_two(void *arg)
{
	return ((struct boss *)arg)->frames >= 2;
}

static bool has_hundred(void *arg)
{
	return ((struct boss *)arg)->frames >= 100;
}

static bool is_down(void *arg)
{
	return ((struct boss *)arg)->downs > 0;
}

static bool is_up_again(void *arg)
{
	struct boss *b = arg;

	return b->downs > 0 && b->p && io_proc_up(b->p);
}

static bool has_three_lines(void *arg)
{
	return ((struct boss *)arg)->lines >= 3;
}

static bool five_downs(void *arg)
{
	return ((struct boss *)arg)->downs >= 5;
}

TEST(proc_echoes_frames)
{
	struct boss b;

	OK(start(&b, 0));
	CHECK(io_proc_up(b.p) && io_proc_pid(b.p) > 0);
	for (int i = 0; i < 100; i++)
		OK(io_proc_send(b.p, 'e', SV("hello")));
	CHECK(t_wait(b.l, has_hundred, &b, 10000));
	EQ(b.kind, 'E');
	EQ(b.bytes, 500);
	STR_EQ(b.last, "hello");
	EQ(b.ups, 1);
	finish(&b);
}

struct ahead {
	int program, child;          /* niceness */
};

/* A thread that is ahead of the program (where the system allows it) starts a worker. */
static void *start_ahead(void *arg)
{
	struct ahead *a = arg;
	struct boss b;

	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), a->program - 5);
	if (start(&b, 8) == 0)
		a->child = getpriority(PRIO_PROCESS, (id_t)io_proc_pid(b.p));
	/* the child sets it after the fork */
	for (int i = 0; i < 100 && a->child != a->program + 5; i++) {
		(void)loop_run_once(b.l, 20);
		a->child = getpriority(PRIO_PROCESS, (id_t)io_proc_pid(b.p));
	}
	finish(&b);
	return NULL;
}

TEST(proc_is_behind_the_program_whoever_starts_it)
{
	struct ahead a = { .program = getpriority(PRIO_PROCESS, (id_t)getpid()), .child = -100 };
	pthread_t t;

	if (a.program > 14)
		return;              /* no niceness is left below */
	EQ(pthread_create(&t, NULL, start_ahead, &a), 0);
	EQ(pthread_join(t, NULL), 0);
	EQ(a.child, a.program + 5);
}

TEST(proc_carries_the_largest_frame)
{
	struct boss b;
	char *big = xalloc(LIM_PROC_FRAME + 1);

	memset(big, 'x', LIM_PROC_FRAME);
	OK(start(&b, 0));
	OK(io_proc_send(b.p, 'e', sv_n(big, LIM_PROC_FRAME)));
	EQ(io_proc_send(b.p, 'e', sv_n(big, LIM_PROC_FRAME + 1)), ERR_TOOBIG);
	OK(io_proc_send(b.p, 'e', SV_NULL));
	CHECK(t_wait(b.l, has_two, &b, 20000));
	EQ(b.bytes, LIM_PROC_FRAME);
	finish(&b);
	xfree(big);
}

TEST(proc_has_only_its_descriptors)
{
	struct boss b;
	int extra = open("/dev/null", O_RDONLY); /* without CLOEXEC, as libraries do */

	OK(start(&b, 0));
	OK(io_proc_send(b.p, 'f', SV_NULL));
	CHECK(t_wait(b.l, has_frame, &b, 10000));
	STR_EQ(b.last, "4");
	finish(&b);
	(void)close(extra);
}

TEST(proc_restarts_after_exit_and_delivers_last_words)
{
	struct boss b;
	int64_t restarts = metric_get(M_WORKER_RESTARTS);

	OK(start(&b, 0));
	OK(io_proc_send(b.p, 'p', SV_NULL));
	CHECK(t_wait(b.l, is_down, &b, 10000));
	EQ(b.frames, 1);
	STR_EQ(b.last, "bye");
	CHECK(WIFEXITED(b.status) && WEXITSTATUS(b.status) == 7);
	CHECK(has_three_lines(&b));
	STR_EQ(b.line[0], "on stdout");
	STR_EQ(b.line[1], "on stderr");
	STR_EQ(b.line[2], "last words");
	EQ(io_proc_send(b.p, 'e', SV("x")), ERR_CLOSED);
	EQ(io_proc_pid(b.p), 0);
	CHECK(t_wait(b.l, is_up_again, &b, 10000));
	EQ(metric_get(M_WORKER_RESTARTS), restarts + 1);
	OK(io_proc_send(b.p, 'e', SV("again")));
	b.frames = 0;
	CHECK(t_wait(b.l, has_frame, &b, 10000));
	STR_EQ(b.last, "again");
	finish(&b);
}

TEST(proc_survives_a_crash_nonsense_and_a_hang)
{
	static const char kinds[] = "cnh";

	for (const char *k = kinds; *k; k++) {
		struct boss b;

		OK(start(&b, 0));
		OK(io_proc_send(b.p, (uint8_t)*k, SV_NULL));
		if (*k == 'h') {
			OK(io_proc_send(b.p, 'e', SV("unheard")));
			(void)loop_run_once(b.l, 20);
			io_proc_kill(b.p);
		}
		CHECK(t_wait(b.l, is_up_again, &b, 20000));
		CHECK(WIFSIGNALED(b.status));
		EQ(b.frames, 0);
		finish(&b);
	}
}

TEST(proc_queue_is_bounded)
{
	struct boss b;
	char chunk[10000] = { 0 };
	int n = 0;

	OK(start(&b, 50000));
	OK(io_proc_send(b.p, 'h', SV_NULL)); /* it reads no more */
	while (n < 1000 && io_proc_send(b.p, 'e', sv_n(chunk, sizeof(chunk))) == 0)
		n++;
	CHECK(n < 1000);
	EQ(io_proc_send(b.p, 'e', sv_n(chunk, sizeof(chunk))), ERR_FULL);
	CHECK(io_proc_queued(b.p) <= 50000);
	finish(&b);
}

TEST(proc_may_be_stopped_in_its_callbacks)
{
	struct boss b;

	OK(start(&b, 0));
	b.stop_on_frame = true;
	for (int i = 0; i < 5; i++)
		OK(io_proc_send(b.p, 'e', SV("x")));
	CHECK(t_wait(b.l, has_frame, &b, 10000));
	(void)loop_run_once(b.l, 20);
	EQ(b.frames, 1);
	EQ(b.downs, 0);
	finish(&b);
	OK(start(&b, 0));
	b.stop_on_down = true;
	OK(io_proc_send(b.p, 'c', SV_NULL));
	CHECK(t_wait(b.l, is_down, &b, 10000));
	CHECK(!b.p);
	finish(&b);
}

TEST(proc_stop_leaves_no_child_behind)
{
	struct boss b;
	int pid;

	OK(start(&b, 0));
	pid = io_proc_pid(b.p);
	finish(&b);
	EQ(kill(pid, 0), -1);
	EQ(waitpid(-1, NULL, WNOHANG), -1);
}

TEST(proc_that_cannot_run)
{
	static const char *const none[] = { "/nonexistent/program", NULL };
	static const char *const text[] = { "/etc/passwd", NULL };
	struct boss b = { .l = loop_new() };
	struct io_proc_opts o = { .argv = none, .on_frame = on_frame, .arg = &b };

	EQ(io_proc_start(&b.p, b.l, &o), ERR_NOTFOUND);
	o.argv = text;
	EQ(io_proc_start(&b.p, b.l, &o), ERR_DENIED);
	CHECK(!b.p);
	finish(&b);
}

TEST(proc_backs_off_while_it_keeps_dying)
{
	static const char *const argv[] = { "/bin/false", NULL };
	struct boss b = { .l = loop_new() };
	struct io_proc_opts o = { .argv = argv,
				  .on_frame = on_frame,
				  .on_state = on_state,
				  .on_line = on_line,
				  .arg = &b,
				  .backoff_min_ms = 10,
				  .backoff_max_ms = 80 };
	int64_t begin = clk_mono_us();

	OK(io_proc_start(&b.p, b.l, &o));
	CHECK(t_wait(b.l, five_downs, &b, 20000));
	CHECK(clk_mono_us() - begin >= (10 + 20 + 40 + 80) * 1000);
	finish(&b);
}

/* ---- programs that talk over their standard streams ---- */

static void on_bytes(void *arg, sv bytes)
{
	struct boss *b = arg;
	size_t len = strlen(b->last);

	b->bytes += bytes.n;
	(void)snprintf(b->last + len, sizeof(b->last) - len, SV_FMT,
		       SV_ARG(sv_slice(bytes, 0, 60)));
}

static bool six_bytes(void *arg)
{
	return ((struct boss *)arg)->bytes >= 6;
}

TEST(proc_over_standard_streams)
{
	static const char *const argv[] = { "/proc/self/exe", NULL };
	static const char *const envp[] = { "CALLM_T_STDIO=1", "ASAN_OPTIONS=detect_leaks=0",
					    NULL };
	struct boss b = { .l = loop_new() };
	struct io_proc_opts o = { .argv = argv, .envp = envp, .on_bytes = on_bytes,
		.on_state = on_state, .on_line = on_line, .arg = &b, .backoff_min_ms = 20,
		.queue_max = 1000 };
	char big[1001] = { 0 };

	OK(io_proc_start(&b.p, b.l, &o));
	OK(io_proc_write(b.p, SV("a\n\0b\n!")));
	CHECK(t_wait(b.l, six_bytes, &b, 20000));
	EQ(b.bytes, 6);
	STR_EQ(b.line[0], "3 descriptors");          /* 0, 1, 2 and nothing of ours */
	EQ(io_proc_write(b.p, sv_n(big, sizeof(big))), ERR_FULL);
	io_proc_hangup(b.p);
	EQ(io_proc_write(b.p, SV("x")), ERR_CLOSED);
	CHECK(t_wait(b.l, is_down, &b, 20000));
	CHECK(WIFEXITED(b.status) && WEXITSTATUS(b.status) == 0);
	STR_EQ(b.line[1], "end of input");
	(void)loop_run_once(b.l, 60);                /* its end was wanted: it stays down */
	EQ(b.ups, 1);
	finish(&b);
}

TEST(child_refuses_broken_frames)
{
	int fd[2];
	uint8_t kind = 0;
	struct sb in;

	sb_init(&in, LIM_PROC_FRAME);
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	OK(io_child_write(fd[0], 9, SV("ok")));
	OK(io_child_read(fd[1], &kind, &in));
	EQ(kind, 9);
	SV_EQ(sb_sv(&in), "ok");
	EQ(write(fd[0], "\0\0\x20\0z", 5), 5); /* 2 MiB announced */
	EQ(io_child_read(fd[1], &kind, &in), ERR_TOOBIG);
	EQ(write(fd[0], "\x05\0\0\0zab", 7), 7); /* cut short */
	(void)close(fd[0]);
	EQ(io_child_read(fd[1], &kind, &in), ERR_CLOSED);
	EQ(io_child_read(fd[1], &kind, &in), ERR_CLOSED);
	EQ(io_child_write(fd[1], 1, SV("x")), ERR_CLOSED);
	(void)close(fd[1]);
	sb_done(&in);
}
