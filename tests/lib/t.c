/* t.c: the unit-test framework: runs registered tests, prints TAP, accounts for leaks.
 *
 * One process, one thread of tests; --isolate forks each. A test that hangs for 60 s or crashes
 * is named on the way out. After each test live objects, counted bytes and open descriptors
 * must be back where they were.
 */
#include "t.h"

/* Nets that are opened once and kept, and their readers, one for each thread that asks at the same
 * time, would look like a leak of the first test that asks them. */
#define AT_ONCE 8
extern void feel_warm(int threads) __attribute__((weak));

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef T_SRCDIR
#define T_SRCDIR "."
#endif

enum { HANG_S = 60, SKIPPED = 77 };

static struct t_case *cases;
static const char *now_running;
static bool failed, skipped, verbose;
static char tmpdir[256];
static struct rng test_rng;
static uint64_t seed;

void t_register(struct t_case *c)
{
	struct t_case **at = &cases;

	while (*at && (strcmp((*at)->file, c->file) < 0 || !strcmp((*at)->file, c->file)))
		at = &(*at)->next;
	c->next = *at;
	*at = c;
}

__attribute__((format(printf, 3, 4))) static void note(const char *file, int line,
						       const char *fmt, ...)
{
	va_list ap;

	failed = true;
	(void)printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)printf("\n");
}

void t_fail(const char *file, int line, const char *what)
{
	note(file, line, "failed: %s", what);
}

bool t_eq(const char *file, int line, const char *what, long long a, long long b)
{
	if (a == b)
		return true;
	note(file, line, "%s is %lld, not %lld", what, a, b);
	return false;
}

bool t_near(const char *file, int line, const char *what, double a, double b, double eps)
{
	if (fabs(a - b) <= eps)
		return true;
	note(file, line, "%s is %.9g, not within %g of %.9g", what, a, eps, b);
	return false;
}

bool t_sv_eq(const char *file, int line, const char *what, sv a, sv b)
{
	if (sv_eq(a, b))
		return true;
	note(file, line, "%s is \"" SV_FMT "\", not \"" SV_FMT "\"", what, SV_ARG(a), SV_ARG(b));
	return false;
}

bool t_has(const char *file, int line, const char *what, sv hay, sv needle)
{
	if (sv_find(hay, needle) >= 0)
		return true;
	note(file, line, "%s lacks \"" SV_FMT "\": \"" SV_FMT "\"", what, SV_ARG(needle),
	     SV_ARG(hay));
	return false;
}

void t_skip(const char *why)
{
	skipped = true;
	(void)printf("# skipped: %s\n", why);
}

struct rng *t_rng(void)
{
	return &test_rng;
}

const char *t_srcdir(void)
{
	return T_SRCDIR;
}

const char *t_tmpdir(void)
{
	const char *base = getenv("TMPDIR");

	if (tmpdir[0])
		return tmpdir;
	(void)snprintf(tmpdir, sizeof(tmpdir), "%s/t-XXXXXX",
		       base && strlen(base) < 200 ? base : "/tmp");
	ASSERT(mkdtemp(tmpdir) != NULL);
	return tmpdir;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_tmpdir(void)
{
	if (tmpdir[0])
		(void)nftw(tmpdir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	tmpdir[0] = '\0';
}


bool t_wait(struct loop *l, bool (*cond)(void *arg), void *arg, int ms)
{
	int64_t end = clk_mono_us() + (int64_t)ms * 1000;

	while (!cond(arg)) {
		int64_t left = (end - clk_mono_us()) / 1000;

		if (left <= 0)
			return cond(arg);
		(void)loop_run_once(l, left < 50 ? left : 50);
	}
	return true;
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

static void run_body(const struct t_case *c)
{
	size_t objs = obj_live(), bytes = arena_live_bytes();
	int fds = open_fds();

	rng_seed(&test_rng, seed);
	c->fn();
	remove_tmpdir();
	if (failed || skipped)
		return; /* it left in the middle */
	if (obj_live() != objs)
		note(c->file, 0, "leak: %zd objects", (ssize_t)(obj_live() - objs));
	if (arena_live_bytes() != bytes)
		note(c->file, 0, "leak: %zd bytes", (ssize_t)(arena_live_bytes() - bytes));
	if (open_fds() != fds)
		note(c->file, 0, "leak: %d descriptors", open_fds() - fds);
}

static void on_signal(int sig)
{
	const char *what = sig == SIGALRM ? " hangs\n" : " crashed\n";

	(void)!write(1, "not ok - ", 9);
	(void)!write(1, now_running, strlen(now_running));
	(void)!write(1, what, strlen(what));
	(void)signal(sig, SIG_DFL);
	(void)raise(sig == SIGALRM ? SIGKILL : sig);
}

static void run_isolated(const struct t_case *c)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	ASSERT(pid >= 0);
	if (pid == 0) {
		(void)alarm(HANG_S);
		run_body(c);
		(void)fflush(stdout);
		_exit(failed ? 1 : skipped ? SKIPPED : 0);
	}
	ASSERT(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skipped = true;
	else if (status)
		failed = true;
}

static bool wanted(const struct t_case *c, int argc, char **argv)
{
	bool any = false;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue;
		any = true;
		if (strstr(c->name, argv[i]))
			return true;
	}
	return !any;
}

static bool has_option(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

static void set_seed(void)
{
	const char *s = getenv("CALLM_TEST_SEED");

	if (s)
		seed = strtoull(s, NULL, 0);
	else
		rng_secure(&seed, sizeof(seed));
	(void)printf("# seed %llu\n", (unsigned long long)seed);
}

int main(int argc, char **argv)
{
	bool list = has_option(argc, argv, "-l"), isolate = has_option(argc, argv, "--isolate");
	int n = 0, bad = 0;

	verbose = has_option(argc, argv, "-v");
	if (!list) {
		set_seed();
		(void)signal(SIGPIPE, SIG_IGN);
		(void)signal(SIGALRM, on_signal);
		(void)signal(SIGABRT, on_signal);
	}
	if (!list && feel_warm)
		feel_warm(AT_ONCE);
	for (struct t_case *c = cases; c; c = c->next) {
		int64_t start = clk_mono_us();

		if (!wanted(c, argc, argv))
			continue;
		if (list) {
			(void)puts(c->name);
			continue;
		}
		failed = skipped = false;
		now_running = c->name;
		if (isolate) {
			run_isolated(c);
		} else {
			(void)alarm(HANG_S);
			run_body(c);
			(void)alarm(0);
		}
		n++;
		bad += failed;
		(void)printf("%s %d - %s%s\n", failed ? "not ok" : "ok", n, c->name,
			     skipped ? " # SKIP" : "");
		if (verbose)
			(void)printf("#   %.1f ms\n", (double)(clk_mono_us() - start) / 1000);
		(void)fflush(stdout);
	}
	if (!list)
		(void)printf("1..%d\n", n);
	return bad ? 1 : 0;
}
