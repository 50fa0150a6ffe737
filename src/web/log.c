/* log.c: where libwebsockets' own messages go, and how many descriptors it may plan
 * for.
 *
 * The library keeps its log settings in globals, so these are process wide; set them
 * before servers open.
 */
#include <sys/resource.h>
#include "web_int.h"

static void (*sink)(int level, const char *line);

static void emit(int level, const char *line)
{
	if (sink)
		sink(level, line);
}

void web_log_init(void)
{
	lws_set_log_level(sink ? LLL_ERR | LLL_WARN : 0, emit);
}

void web_log_to(void (*fn)(int level, const char *line))
{
	sink = fn;
	web_log_init();
}

/* The library allocates tables for as many descriptors as the process may open, which
 * is a billion in some containers, and refuses to think beyond 10 million. Lower the
 * soft limit while it looks. Returns what to give to web_fd_uncap, 0 = nothing changed. */
size_t web_fd_cap(void)
{
	struct rlimit rl;
	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur <= 65536)
		return 0;
	size_t was = rl.rlim_cur;
	rl.rlim_cur = 65536;
	return setrlimit(RLIMIT_NOFILE, &rl) == 0 ? was : 0;
}

void web_fd_uncap(size_t was)
{
	struct rlimit rl;
	if (was == 0 || getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return;
	rl.rlim_cur = was;
	setrlimit(RLIMIT_NOFILE, &rl);
}
