/* mcp_stdio.c: a server as a child process: one JSON-RPC message a line on its stdin and
 * stdout, supervised by io_proc (killed with its whole group, started again after a growing
 * pause).
 *
 * It gets a small environment, since ours may hold keys of others. Lines on stdout that are no
 * JSON are allowed to a degree (programs greet), a line that begins like a message and is none,
 * or a line without end, is not: the process is ended. Loop's thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcp_int.h"

enum { JUNK_LINES = 64, ENV_MAX = 64, QUEUE_MAX = 8 << 20 };

static int on_message(void *arg, sv line)
{
	struct mcp *m = arg;
	char why[200];

	line = sv_trim(line);
	if (!line.n)
		return 0;
	mcp_enter(m);
	if (line.p[0] != '{' && ++m->junk <= JUNK_LINES) {
		if (m->o.on_line)
			m->o.on_line(m->o.arg, line);
	} else if (line.p[0] != '{' || !mcp_take(m, NULL, line)) {
		(void)snprintf(why, sizeof(why), "%.100s wrote what is no JSON-RPC message",
			       m->name);
		mcp_fall(m, ERR_UPSTREAM, why);
	}
	/* After its fall nothing of this life is read any more. */
	int stop = m->dead || m->state == MCP_DOWN ? ERR_CLOSED : 0;
	return mcp_leave(m) ? stop : ERR_CLOSED;
}

static void on_bytes(void *arg, sv bytes)
{
	struct mcp *m = arg;
	char why[200];

	mcp_enter(m);
	if (m->state != MCP_DOWN &&
	    mcp_lines_feed(&m->lines, bytes, on_message, m) == ERR_TOOBIG) {
		(void)snprintf(why, sizeof(why), "%.100s wrote a message of more than %d bytes",
			       m->name, MCP_MSG);
		mcp_fall(m, ERR_TOOBIG, why);
	}
	(void)mcp_leave(m);
}

static void on_line(void *arg, sv line)
{
	struct mcp *m = arg;

	if (m->o.on_line)
		m->o.on_line(m->o.arg, line);
}

static void on_state(void *arg, bool is_up, int status)
{
	struct mcp *m = arg;
	char why[200];

	if (!m->proc)
		return;              /* mcp_stdio_open looks itself */
	mcp_enter(m);
	mcp_lines_done(&m->lines);
	mcp_lines_init(&m->lines, MCP_MSG);
	m->junk = 0;
	if (is_up) {
		m->state = MCP_DOWN;
		mcp_connect(m);
	} else if (m->state != MCP_DOWN) {
		if (status >= 0 && WIFEXITED(status))
			(void)snprintf(why, sizeof(why), "%.100s ended with status %d", m->name,
				       WEXITSTATUS(status));
		else
			(void)snprintf(why, sizeof(why), "%.100s ended (signal %d)", m->name,
				       status >= 0 ? WTERMSIG(status) : 0);
		mcp_down(m, ERR_UPSTREAM, why);
	}
	(void)mcp_leave(m);
}

/* ---- the program ---- */

/* The path of a program as a shell would find it. */
static bool find_program(const char *name, char *out, size_t cap)
{
	sv path = sv_of(getenv("PATH")), dir;

	if (strchr(name, '/')) {
		(void)snprintf(out, cap, "%s", name);
		return access(out, X_OK) == 0;
	}
	if (!path.n)
		path = SV("/usr/local/bin:/usr/bin:/bin");
	while (sv_cut(&path, ':', &dir)) {
		int n = snprintf(out, cap, SV_FMT "/%s", SV_ARG(dir), name);
		if (dir.n && n > 0 && (size_t)n < cap && access(out, X_OK) == 0)
			return true;
	}
	return false;
}

static char **make_env(struct mcp *m)
{
	static const char *const names[] = {
		"PATH", "HOME",   "USER",           "LANG",          "LC_ALL",
		"TERM", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"
	};
	char **env = xalloc((ENV_MAX + 1) * sizeof(*env));
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *v = getenv(names[i]);
		struct sb b;

		if (!v)
			continue;
		sb_init(&b, 64u << 10);
		sb_fmt(&b, "%s=%s", names[i], v);
		env[n++] = xstrdup(sb_sv(&b));
		sb_done(&b);
	}
	for (char **s = m->env; s && *s && n < ENV_MAX; s++)
		env[n++] = xstrdup(sv_of(*s));
	return env;
}

int mcp_stdio_open(struct mcp *m, struct err *e)
{
	char path[1024];

	mcp_lines_init(&m->lines, MCP_MSG);
	if (!find_program(m->argv[0], path, sizeof(path)))
		return err_set(e, ERR_NOTFOUND, "%s: there is no program %s", m->name, m->argv[0]);
	xfree(m->argv[0]);
	m->argv[0] = xstrdup(sv_of(path));
	char **env = make_env(m);
	struct io_proc_opts o = { .argv = (const char *const *)m->argv,
				  .envp = (const char *const *)env, .name = m->name,
				  .on_bytes = on_bytes, .on_state = on_state, .on_line = on_line,
				  .arg = m, .queue_max = QUEUE_MAX, .backoff_min_ms = 200 };
	int rc = io_proc_start(&m->proc, m->loop, &o);
	xfrees(env);
	if (rc)
		return err_set(e, rc, "%s: %s cannot be started: %s", m->name, path, err_text(rc));
	if (io_proc_up(m->proc))
		mcp_connect(m);
	else
		mcp_say_why(m, "%s cannot be started", m->name);
	return 0;
}

static int stdio_send(struct mcp *m, struct mcp_req *r, sv json)
{
	struct sb b;

	(void)r;
	sb_init(&b, json.n + 1);
	sb_put(&b, json);
	sb_ch(&b, '\n');
	int rc = io_proc_write(m->proc, sb_sv(&b));
	sb_done(&b);
	if (rc == ERR_CLOSED) {
		mcp_say_why(m, "%s has ended", m->name);
		rc = ERR_UPSTREAM;
	}
	return rc;
}

static void stdio_drop(struct mcp *m, struct mcp_req *r)
{
	(void)m;
	(void)r;                     /* a late answer finds nobody */
}

static void stdio_close(struct mcp *m)
{
	io_proc_stop(m->proc);
	m->proc = NULL;
	mcp_lines_done(&m->lines);
}

const struct mcp_link mcp_stdio = { stdio_send, stdio_drop, stdio_close };
