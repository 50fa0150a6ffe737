/* weights_convert.c: runs the program that turns what was downloaded into what an engine reads:
 * PROGRAM --convert IN... OUT, in the new folder of the entry, once.
 *
 * The program lies beside callm. Its last words on stderr become the error's. It is killed when
 * the pull is stopped or after LIMIT_MS. Blocking; the thread of the pull.
 */
#include "weights_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 15 * 60 * 1000, TURN_MS = 100, WORDS = 160 };

extern char **environ;

struct child {
	pid_t pid;
	int fd;                /* what it says on stderr */
	char words[WORDS + 1]; /* the last of it */
	size_t n;
};

static void program_path(const struct weights *w, const struct weights_item *it,
			 char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", w->programs, it->recipe->program);
}

int weights_convert_there(const struct weights *w, const struct weights_item *it,
			  struct err *e)
{
	char path[PATH_MAX];
	if (!it->recipe->program)
		return 0;
	program_path(w, it, path);
	if (access(path, X_OK) == 0)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "%s needs the program %s to be prepared, and it is not in %.150s; build it "
		       "(./run.sh --build-only) and run callm models pull %s",
		       it->name, it->recipe->program, w->programs, it->name);
}

/* argv of the program: IN and OUT as whole paths; freed by free_args. */
static char **make_args(const struct weights_item *it, const char *program, const char *folder)
{
	const struct weights_recipe *c = it->recipe;
	char **argv = xalloc(sizeof(*argv) * (c->n_in + 4));
	char path[PATH_MAX];
	size_t n = 0;
	argv[n++] = xstrdup(sv_of(program));
	argv[n++] = xstrdup(SV("--convert"));
	for (size_t i = 0; i <= c->n_in; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder,
			       i < c->n_in ? c->in[i] : c->out);
		argv[n++] = xstrdup(sv_of(path));
	}
	return argv;
}

static int start(struct child *ch, char **argv, struct err *e)
{
	posix_spawn_file_actions_t fa;
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(e, err_from_errno(errno), "no pipe: %s", strerrordesc_np(errno));
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&fa, fds[1], 2);
	int rc = posix_spawn(&ch->pid, argv[0], &fa, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa);
	close(fds[1]);
	ch->fd = fds[0];
	if (rc == 0)
		return 0;
	close(ch->fd);
	return err_set(e, err_from_errno(rc), "%.200s cannot be started: %s", argv[0],
		       strerrordesc_np(rc));
}

/* Keeps the last WORDS bytes; false at the end. */
static bool hear(struct child *ch)
{
	char buf[512];
	ssize_t n = read(ch->fd, buf, sizeof(buf));
	for (ssize_t i = 0; i < n; i++) {
		if (ch->n == WORDS) {
			memmove(ch->words, ch->words + 1, WORDS - 1);
			ch->n--;
		}
		ch->words[ch->n++] = (char)(buf[i] == '\n' || buf[i] == '\r' ? ' ' : buf[i]);
	}
	ch->words[ch->n] = 0;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Until it closes its stderr. 0, ERR_CANCELED, ERR_TIMEOUT; then it is killed. */
static int attend(struct child *ch, const struct weights_watch *watch)
{
	struct pollfd p = { .fd = ch->fd, .events = POLLIN };
	int64_t until = clk_mono_us() + (int64_t)LIMIT_MS * 1000;
	for (;;) {
		int n = poll(&p, 1, TURN_MS);
		if (n > 0 && !hear(ch))
			return 0;
		int rc = watch && watch->stop && watch->stop(watch->arg) ? ERR_CANCELED :
			 clk_mono_us() > until				 ? ERR_TIMEOUT :
									   0;
		if (rc) {
			(void)kill(ch->pid, SIGKILL);
			return rc;
		}
	}
}

static int judge(const struct weights_item *it, const struct child *ch, int status,
		 struct err *e)
{
	sv words = sv_trim(sv_n(ch->words, ch->n));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_FAIL, "%s: %s died by signal %d", it->name,
			       it->recipe->program, WTERMSIG(status));
	return err_set(e, ERR_FAIL, "%s: %s could not convert it: " SV_FMT, it->name,
		       it->recipe->program, SV_ARG(words));
}

int weights_convert(const struct weights *w, const struct weights_item *it, const char *folder,
		    const struct weights_watch *watch, struct err *e)
{
	char program[PATH_MAX];
	struct child ch = { .fd = -1 };
	int status = 0;
	int rc = weights_convert_there(w, it, e);
	if (rc)
		return rc;
	program_path(w, it, program);
	char **argv = make_args(it, program, folder);
	rc = start(&ch, argv, e);
	xfrees(argv);
	if (rc)
		return rc;
	rc = attend(&ch, watch);
	while (waitpid(ch.pid, &status, 0) < 0 && errno == EINTR)
		;
	close(ch.fd);
	if (rc)
		return err_set(e, rc, "%s: converting was %s", it->name,
			       rc == ERR_CANCELED ? "stopped" : "given up after 15 minutes");
	return judge(it, &ch, status, e);
}
