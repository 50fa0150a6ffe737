/* io_proc.c: a supervised worker process: frames in and out, its lines, its death and its next
 * life.
 *
 * Three descriptors are watched: the channel (frames; also writable while bytes wait), the line
 * pipe, and the pidfd that tells of the child's end. At the end what the child still wrote is
 * delivered first, then on_state(down). Queued bytes are one bounded buffer with a read
 * position. Callbacks may call io_proc_stop: the handle is then marked dead and freed when the
 * outermost callback returns, and nothing fires any more. Loop's thread.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io_int.h"

enum {
	QUEUE_DEFAULT = 4 << 20,
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 10000,
	LINE_BYTES = 1000,       /* longer lines are cut into pieces */
	READS_A_TURN = 16,       /* a busy child must not starve the loop */
	IN_MAX = IO_HEAD + LIM_PROC_FRAME + 65536,
};

struct io_proc {
	struct loop *loop;
	struct io_proc_opts o;
	char **argv, **envp, *name;
	struct io_spawned child;
	bool up, dead;
	bool ending;              /* hung up: its end is wanted */
	int busy;                 /* callbacks on the stack */
	struct loop_io channel_io, lines_io, pid_io;
	struct loop_timer restart;
	int backoff_ms;
	int64_t born_ms;
	struct sb in, line;       /* frames and a line being assembled */
	struct sb out;            /* bytes to write, from out_pos on */
	size_t out_pos;
};

static void start_child(struct io_proc *p);

static void destroy(struct io_proc *p)
{
	xfrees(p->argv);
	xfrees(p->envp);
	xfree(p->name);
	sb_done(&p->in);
	sb_done(&p->out);
	sb_done(&p->line);
	xfree(p);
}

static void enter(struct io_proc *p)
{
	p->busy++;
}

/* False: the handle is gone. */
static bool leave(struct io_proc *p)
{
	if (--p->busy || !p->dead)
		return !p->dead;
	destroy(p);
	return false;
}

static void watch_nothing(struct io_proc *p)
{
	loop_io_stop(&p->channel_io);
	loop_io_stop(&p->lines_io);
	loop_io_stop(&p->pid_io);
}

static void give_line(struct io_proc *p, sv line)
{
	struct sb b;

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (p->o.on_line) {
		p->o.on_line(p->o.arg, line);
		return;
	}
	sb_init(&b, LINE_BYTES + 200);
	sb_fmt(&b, "[%.100s] " SV_FMT "\n", p->name, SV_ARG(line));
	(void)!write(STDERR_FILENO, sb_str(&b), b.n);
	sb_done(&b);
}

static void take_lines(struct io_proc *p, sv text)
{
	while (text.n && !p->dead) {
		ptrdiff_t at = sv_find_ch(text, '\n');
		size_t room = LINE_BYTES - p->line.n, n = at < 0 ? text.n : (size_t)at;
		bool whole = at >= 0 && n <= room;

		n = n < room ? n : room;
		sb_put(&p->line, sv_n(text.p, n));
		text = sv_slice(text, n + whole, text.n);
		if (!whole && p->line.n < LINE_BYTES)
			continue;
		give_line(p, sb_sv(&p->line));
		sb_reset(&p->line);
	}
}

/* Reads what is there, at most `turns` buffers. False at end of file or error. */
static bool drain_lines(struct io_proc *p, int turns)
{
	char buf[4096];

	while (turns-- && !p->dead) {
		ssize_t n = read(p->child.lines, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		take_lines(p, sv_n(buf, (size_t)n));
	}
	return true;
}

/* Delivers whole frames from p->in. False when the child talks nonsense. */
static bool give_frames(struct io_proc *p)
{
	sv rest = sb_sv(&p->in);

	while (rest.n >= IO_HEAD && !p->dead) {
		const unsigned char *head = (const unsigned char *)rest.p;
		size_t n = io_head_len(head);

		if (n > LIM_PROC_FRAME)
			return false;
		if (rest.n < IO_HEAD + n)
			break;
		p->o.on_frame(p->o.arg, head[4], sv_slice(rest, IO_HEAD, IO_HEAD + n));
		rest = sv_slice(rest, IO_HEAD + n, rest.n);
	}
	if (rest.n && rest.p != p->in.p)
		memmove(p->in.p, rest.p, rest.n);
	sb_truncate(&p->in, rest.n);
	return true;
}

/* As drain_lines, for frames or bytes; false also for a broken frame. */
static bool drain_frames(struct io_proc *p, int turns)
{
	char buf[65536];

	while (turns-- && !p->dead) {
		ssize_t n = read(p->child.channel, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		if (p->o.on_bytes) {
			p->o.on_bytes(p->o.arg, sv_n(buf, (size_t)n));
			continue;
		}
		sb_put(&p->in, sv_n(buf, (size_t)n));
		if (!give_frames(p))
			return false;
	}
	return true;
}

static void forget_child_data(struct io_proc *p)
{
	sb_done(&p->in);
	sb_done(&p->out);
	sb_reset(&p->line);
	p->out_pos = 0;
}

static void on_restart(void *arg)
{
	struct io_proc *p = arg;

	metric_inc(M_WORKER_RESTARTS);
	enter(p);
	start_child(p);
	(void)leave(p);
}

static void schedule_restart(struct io_proc *p)
{
	if (p->born_ms && loop_now_ms(p->loop) - p->born_ms >= p->o.backoff_max_ms)
		p->backoff_ms = p->o.backoff_min_ms;
	loop_after(p->loop, &p->restart, p->backoff_ms, on_restart, p);
	p->backoff_ms = p->backoff_ms > p->o.backoff_max_ms / 2 ? p->o.backoff_max_ms :
								  p->backoff_ms * 2;
}

static void child_gone(struct io_proc *p, int status)
{
	p->up = false;
	forget_child_data(p);
	if (!p->ending)
		schedule_restart(p);
	if (p->o.on_state)
		p->o.on_state(p->o.arg, false, status);
}

static void on_exit_of_child(void *arg, int fd, unsigned events)
{
	struct io_proc *p = arg;

	(void)fd;
	(void)events;
	enter(p);
	/* Its last words are bounded by the kernel's buffers. */
	(void)drain_frames(p, INT16_MAX);
	(void)drain_lines(p, INT16_MAX);
	if (p->line.n && !p->dead)
		give_line(p, sb_sv(&p->line));
	if (!p->dead) {
		watch_nothing(p);
		child_gone(p, io_reap(&p->child));
	}
	(void)leave(p);
}

static void on_lines(void *arg, int fd, unsigned events)
{
	struct io_proc *p = arg;

	(void)fd;
	(void)events;
	enter(p);
	if (!drain_lines(p, READS_A_TURN) && !p->dead)
		loop_io_stop(&p->lines_io); /* it closed its stdout: allowed */
	(void)leave(p);
}

static void on_channel(void *arg, int fd, unsigned events);

static void watch_channel(struct io_proc *p)
{
	bool more = p->out_pos < p->out.n;

	ASSERT(loop_io_start(p->loop, &p->channel_io, p->child.channel,
			     LOOP_READ | (more ? LOOP_WRITE : 0), on_channel, p) == 0);
}

/* Write what waits. Errors show as the child's end. */
static void flush(struct io_proc *p)
{
	bool had = p->out_pos < p->out.n;

	while (p->out_pos < p->out.n) {
		ssize_t n = send(p->child.channel, p->out.p + p->out_pos, p->out.n - p->out_pos,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		p->out_pos += (size_t)n;
	}
	if (p->out_pos == p->out.n) {
		sb_reset(&p->out);
		p->out_pos = 0;
		if (p->ending)
			(void)shutdown(p->child.channel, SHUT_WR);
	}
	if (had)
		watch_channel(p);
}

static void on_channel(void *arg, int fd, unsigned events)
{
	struct io_proc *p = arg;

	(void)fd;
	enter(p);
	if (events & LOOP_WRITE)
		flush(p);
	if ((events & LOOP_READ) && !drain_frames(p, READS_A_TURN) && !p->dead) {
		loop_io_stop(&p->channel_io); /* it hung up or talks nonsense: end it */
		(void)kill(p->child.pid, SIGKILL);
	}
	(void)leave(p);
}

static void start_child(struct io_proc *p)
{
	int rc = io_spawn(&p->child, p->argv, p->envp, p->o.nice_by, p->o.on_bytes != NULL);

	p->born_ms = loop_now_ms(p->loop);
	if (rc) {
		child_gone(p, -1);
		return;
	}
	p->up = true;
	watch_channel(p);
	ASSERT(loop_io_start(p->loop, &p->lines_io, p->child.lines, LOOP_READ, on_lines, p) == 0);
	ASSERT(loop_io_start(p->loop, &p->pid_io, p->child.pidfd, LOOP_READ, on_exit_of_child,
			     p) == 0);
	if (p->o.on_state)
		p->o.on_state(p->o.arg, true, 0);
}

static void fill_defaults(struct io_proc *p)
{
	if (p->o.backoff_min_ms <= 0)
		p->o.backoff_min_ms = BACKOFF_MIN_MS;
	if (p->o.backoff_max_ms < p->o.backoff_min_ms)
		p->o.backoff_max_ms = BACKOFF_MAX_MS;
	if (!p->o.queue_max)
		p->o.queue_max = QUEUE_DEFAULT;
	p->backoff_ms = p->o.backoff_min_ms;
}

int io_proc_start(struct io_proc **ret, struct loop *l, const struct io_proc_opts *opts)
{
	struct io_proc *p;

	ASSERT(opts->argv && opts->argv[0] && (opts->on_frame || opts->on_bytes));
	if (access(opts->argv[0], X_OK) < 0)
		return err_from_errno(errno);
	p = xalloc(sizeof(*p));
	p->loop = l;
	p->o = *opts;
	p->argv = xstrdups(opts->argv);
	p->envp = xstrdups(opts->envp);
	p->name = xstrdup(sv_of(opts->name ? opts->name : opts->argv[0]));
	p->child = (struct io_spawned){ 0, -1, -1, -1 };
	fill_defaults(p);
	sb_init(&p->in, IN_MAX);
	sb_init(&p->out, p->o.queue_max);
	sb_init(&p->line, LINE_BYTES);
	start_child(p);
	*ret = p;
	return 0;
}

/* Queues head and payload, both or none. */
static int queue(struct io_proc *p, sv head, sv payload)
{
	size_t waiting = io_proc_queued(p), need = head.n + payload.n;

	if (!p->up || p->dead || p->ending)
		return ERR_CLOSED;
	if (waiting + need > p->o.queue_max)
		return ERR_FULL;
	if (p->out_pos && p->out.n + need > p->out.max) {
		memmove(p->out.p, p->out.p + p->out_pos, waiting);
		sb_truncate(&p->out, waiting);
		p->out_pos = 0;
	}
	sb_put(&p->out, head);
	sb_put(&p->out, payload);
	ASSERT(!sb_err(&p->out));
	if (!waiting)
		flush(p);
	return 0;
}

int io_proc_send(struct io_proc *p, uint8_t kind, sv payload)
{
	unsigned char head[IO_HEAD];

	ASSERT(!p->o.on_bytes);
	if (payload.n > LIM_PROC_FRAME)
		return p->up && !p->dead ? ERR_TOOBIG : ERR_CLOSED;
	io_put_head(head, kind, payload.n);
	return queue(p, sv_n((const char *)head, IO_HEAD), payload);
}

int io_proc_write(struct io_proc *p, sv bytes)
{
	ASSERT(p->o.on_bytes);
	return queue(p, SV(""), bytes);
}

void io_proc_hangup(struct io_proc *p)
{
	if (p->ending || p->dead)
		return;
	p->ending = true;
	loop_timer_stop(&p->restart);
	if (p->up && !io_proc_queued(p))
		(void)shutdown(p->child.channel, SHUT_WR);
}

bool io_proc_up(const struct io_proc *p)
{
	return p->up;
}

int io_proc_pid(const struct io_proc *p)
{
	return p->up ? p->child.pid : 0;
}

size_t io_proc_queued(const struct io_proc *p)
{
	return p->out.n - p->out_pos;
}

void io_proc_kill(struct io_proc *p)
{
	if (p->up)
		(void)kill(p->child.pid, SIGKILL);
}

void io_proc_stop(struct io_proc *p)
{
	if (!p || p->dead)
		return;
	p->dead = true;
	loop_timer_stop(&p->restart);
	watch_nothing(p);
	if (p->up)
		(void)io_reap(&p->child);
	p->up = false;
	if (!p->busy)
		destroy(p);
}
