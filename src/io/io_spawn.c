/* io_spawn.c: fork and execve of one child with a channel, a line pipe and a pidfd; killing and
 * reaping it.
 *
 * Between fork and execve only async-signal-safe calls are made, since other threads of ours
 * may hold locks. The child dies with the thread that started it (PR_SET_PDEATHSIG), and has no
 * descriptor but 0..3 (0..2 when the channel is its standard streams).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io_int.h"

extern char **environ;

enum { REAP_WAIT_MS = 200, FD_SAFE = 10 };

static void set_up_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP)
			(void)signal(s, SIG_DFL);
}

/* Everything above the channel is closed; false when the kernel has no close_range. */
static void close_rest(void)
{
	struct rlimit lim;

	if (syscall(SYS_close_range, IO_CHILD_FD + 1, ~0U, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur > 65536)
		lim.rlim_cur = 65536;
	for (int fd = IO_CHILD_FD + 1; fd < (int)lim.rlim_cur; fd++)
		(void)close(fd);
}

struct birth {
	char *const *argv, *const *envp;
	int channel, lines;
	pid_t parent;
	bool stdio;
};

/* Gives the child's descriptors their numbers; they were moved out of the way first. */
static void place(const struct birth *b, int channel, int lines, int null)
{
	(void)dup2(b->stdio ? channel : null, 0);
	(void)dup2(b->stdio ? channel : lines, 1);
	(void)dup2(lines, 2);
	if (b->stdio)
		(void)close(IO_CHILD_FD);
	else
		(void)dup2(channel, IO_CHILD_FD);
	close_rest();
}

_Noreturn static void become(const struct birth *b)
{
	static const char sorry[] = "the program cannot be started\n";
	int null, channel, lines;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != b->parent)
		_exit(127);
	(void)setpgid(0, 0); /* a group of its own, so that killing it reaches its own children */
	set_up_signals();
	/* Out of the way first: they may be any of 0..3. */
	channel = fcntl(b->channel, F_DUPFD, FD_SAFE);
	lines = fcntl(b->lines, F_DUPFD, FD_SAFE);
	null = open("/dev/null", O_RDONLY);
	null = null < 0 ? null : fcntl(null, F_DUPFD, FD_SAFE);
	if (channel < 0 || lines < 0 || null < 0)
		_exit(127);
	place(b, channel, lines, null);
	(void)execve(b->argv[0], b->argv, b->envp ? b->envp : environ);
	(void)!write(2, sorry, sizeof(sorry) - 1);
	_exit(127);
}

static int open_pair(int channel[2], int lines[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		return err_from_errno(errno);
	if (pipe2(lines, O_CLOEXEC) < 0) {
		int rc = err_from_errno(errno);

		(void)close(channel[0]);
		(void)close(channel[1]);
		return rc;
	}
	(void)fcntl(channel[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(lines[0], F_SETFL, O_NONBLOCK);
	return 0;
}

/* A thread that sound depends on is ahead of the program; its children are not. */
static int child_nice(int nice_by)
{
	int own = getpriority(PRIO_PROCESS, 0),
	    main_thread = getpriority(PRIO_PROCESS, (id_t)getpid());

	return (own > main_thread ? own : main_thread) + nice_by;
}

int io_spawn(struct io_spawned *ret, char *const *argv, char *const *envp, int nice_by, bool stdio)
{
	int channel[2], lines[2], rc = open_pair(channel, lines);
	pid_t me = getpid(), pid;

	if (rc)
		return rc;
	int nice = child_nice(nice_by);

	pid = fork();
	if (pid == 0) {
		(void)setpriority(PRIO_PROCESS, 0, nice);
		become(&(struct birth){ argv, envp, channel[1], lines[1], me, stdio });
	}
	rc = pid < 0 ? err_from_errno(errno) : 0;
	(void)close(channel[1]);
	(void)close(lines[1]);
	*ret = (struct io_spawned){ pid, -1, channel[0], lines[0] };
	if (pid > 0) {
		ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (ret->pidfd < 0)
			rc = err_from_errno(errno);
	}
	if (!rc)
		return 0;
	(void)io_reap(ret);
	return rc == ERR_AGAIN ? ERR_FULL : rc;
}

static void *reap_late(void *arg)
{
	(void)waitpid((pid_t)(intptr_t)arg, NULL, 0);
	return NULL;
}

/* A killed child with a lot of memory may take a while to go: that must not hold up a loop. */
static int collect(const struct io_spawned *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	pthread_attr_t detached;
	pthread_t t;
	int status = -1;

	(void)kill(-c->pid, SIGKILL);
	(void)kill(c->pid, SIGKILL);
	if (c->pidfd < 0 || poll(&p, 1, REAP_WAIT_MS) != 0) {
		while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
			;
		return status;
	}
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	(void)pthread_create(&t, &detached, reap_late, (void *)(intptr_t)c->pid);
	(void)pthread_attr_destroy(&detached);
	return SIGKILL;
}

int io_reap(struct io_spawned *c)
{
	int status = c->pid > 0 ? collect(c) : -1;

	if (c->pidfd >= 0)
		(void)close(c->pidfd);
	(void)close(c->channel);
	(void)close(c->lines);
	*c = (struct io_spawned){ 0, -1, -1, -1 };
	return status;
}
