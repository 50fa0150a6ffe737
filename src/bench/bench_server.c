/* bench_server.c: the server under test: our own program as a child with a data folder, a
 * configuration and a small knowledge base of its own, on ports that the kernel chose; or
 * another server, whose address was given. Its figures come from /proc and its own API. */
#include "bench_int.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 30000, STOP_MS = 40000, OUT_MAX = 1 << 16 };

/* ---- files ---- */

static int write_articles(struct bench *b, struct err *e)
{
	char path[4200];
	int rc = 0;
	(void)snprintf(path, sizeof(path), "%s/kb", b->srv.dir);
	rc = file_mkdirs(path, e);
	for (int i = 0; i < BENCH_TOPICS && !rc; i++) {
		struct sb text;
		sb_init(&text, LIM_SB);
		bench_article(&bench_topics[i], &text);
		(void)snprintf(path, sizeof(path), "%s/kb/%s.md", b->srv.dir, bench_topics[i].key);
		rc = file_write(path, sb_sv(&text), e);
		sb_done(&text);
	}
	(void)snprintf(path, sizeof(path), "%s/kb/zh.md", b->srv.dir);
	rc = rc ? rc : file_write(path, sv_of(bench_article_zh), e);
	(void)snprintf(path, sizeof(path), "%s/company.yaml", b->srv.dir);
	return rc ? rc : file_write(path, sv_of(bench_company), e);
}

static int write_config(struct bench *b, const struct bench_set *o, struct err *e)
{
	struct sb c;
	char path[4200];
	int port = b->web_port;
	sb_init(&c, LIM_SB);
	sb_fmt(&c, "company: %s/company.yaml\nhttp:\n  listen: 127.0.0.1:0\nsip:\n"
		   "  listen: 127.0.0.1:0\n  rtp_min: 20000\n  rtp_max: 39999\n  max_calls: %d\n"
		   "  max_cps: 2000\n  language: en\n  record: %s\n",
	       b->srv.dir, o->max_calls ? o->max_calls : 1000, o->record ? "true" : "false");
	sb_fmt(&c,
	       "llm:\n  - kind: openai\n    url: http://127.0.0.1:%d/v1\n    model: bench\n",
	       port);
	if (o->second)
		sb_fmt(&c, "  - kind: openai\n    url: http://127.0.0.1:%d/second/v1\n"
			   "    model: second\n", port);
	if (o->person)
		sb_fmt(&c, "transfer:\n  to: sip:human@127.0.0.1:%d\n  ring_s: %d\n", b->sip_port,
		       o->ring_s ? o->ring_s : 5);
	if (o->outbound)
		sb_cstr(&c, "outbound:\n  allow: [\"sip:*@127.0.0.1\"]\n  ring_s: 10\n");
	if (o->replay)
		sb_cstr(&c, "recording:\n  replay: true\n");
	sb_fmt(&c, "asr:\n  - kind: realtime\n    url: ws://127.0.0.1:%d/v1/realtime\n", port);
	sb_fmt(&c, "tts:\n  - kind: openai\n    url: http://127.0.0.1:%d/v1\n", port);
	sb_fmt(&c, "emb: [builtin]\nvad: \"%s\"\nturn: \"%s\"\nshards: %d\nmodels:\n  pull: false\n"
		   "log: info\n",
	       o->vad ? o->vad : "", o->turn ? o->turn : "", o->shards ? o->shards : 1);
	(void)snprintf(path, sizeof(path), "%s/callm.yaml", b->srv.dir);
	int rc = file_write(path, sb_sv(&c), e);
	sb_done(&c);
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

int bench_dir(struct bench *b, struct err *e)
{
	struct bench_server *s = &b->srv;
	if (s->dir[0])
		return 0;
	if (b->o.keep) {
		(void)snprintf(s->dir, sizeof(s->dir), "%s", b->o.keep);
		return file_mkdirs(s->dir, e);
	}
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(s->dir, sizeof(s->dir), "%s/callm-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	s->made = true;
	return mkdtemp(s->dir) ? 0 : err_set(e, ERR_IO, "no temporary folder in %s", s->dir);
}

/* ---- the process ---- */

/* So that "on one core" is true, and the bench does not sit on it. */
static void pin_to_last_core(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static int spawn(struct bench *b, const char *const *argv, int *ret_pid, struct err *e)
{
	char log[4200];
	int out[2];
	pid_t parent = getpid();
	(void)snprintf(log, sizeof(log), "%s/server.log", b->srv.dir);
	if (pipe2(out, O_CLOEXEC))
		return err_set(e, ERR_FULL, "no pipe: %s", strerror(errno));
	int err_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (b->set.pin)
			pin_to_last_core();
		if (getppid() != parent)
			_exit(127);
		(void)dup2(out[1], 1);
		if (err_fd >= 0)
			(void)dup2(err_fd, 2);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	(void)close(out[1]);
	if (err_fd >= 0)
		(void)close(err_fd);
	if (pid < 0) {
		(void)close(out[0]);
		return err_set(e, ERR_FULL, "no process: %s", strerror(errno));
	}
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	b->srv.out_fd = out[0];
	*ret_pid = pid;
	return 0;
}

static int port_after(const char *text, const char *what)
{
	const char *at = strstr(text, what);
	return at ? (int)strtol(at + strlen(what), NULL, 10) : 0;
}

struct starting {
	struct bench *b;
	char text[OUT_MAX];
	size_t n;
};

static bool is_up(void *arg)
{
	struct starting *s = arg;
	struct bench_server *v = &s->b->srv;
	ssize_t k = read(v->out_fd, s->text + s->n, sizeof(s->text) - 1 - s->n);
	if (k > 0)
		s->n += (size_t)k;
	s->text[s->n] = 0;
	v->http_port = port_after(s->text, "console   http://127.0.0.1:");
	v->sip_port = port_after(s->text, "sip:service@127.0.0.1:");
	return strstr(s->text, "stop with") || !bench_server_alive(s->b);
}

static bool is_gone(void *arg)
{
	return !bench_server_alive(arg);
}

int bench_command(struct bench *b, const char *const *argv)
{
	int pid;
	struct err e;
	if (spawn(b, argv, &pid, &e))
		return -1;
	b->srv.pid = pid;
	(void)bench_wait(b, is_gone, b, START_MS);
	(void)close(b->srv.out_fd);
	int status = b->srv.status;
	b->srv.status = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int import(struct bench *b, struct err *e)
{
	char kb[4200], data[4200];
	int pid;
	(void)snprintf(kb, sizeof(kb), "%s/kb", b->srv.dir);
	(void)snprintf(data, sizeof(data), "%s/data", b->srv.dir);
	const char *argv[] = { b->o.exe, "kb", "import", kb, "--empty", "--data", data, NULL };
	int rc = spawn(b, argv, &pid, e);
	if (rc)
		return rc;
	b->srv.pid = pid;
	(void)bench_wait(b, is_gone, b, START_MS);
	(void)close(b->srv.out_fd);
	return 0;
}

int bench_server_start(struct bench *b, const struct bench_set *o, struct err *e)
{
	char conf[4200], data[4200];
	struct bench_server *s = &b->srv;
	if (b->o.target)
		return 0;
	bool fresh = !s->dir[0];
	int rc = bench_dir(b, e);
	rc = rc ? rc : write_config(b, o, e);
	if (!rc && fresh) {
		rc = write_articles(b, e);
		rc = rc ? rc : import(b, e);
	}
	if (rc)
		return rc;
	(void)snprintf(conf, sizeof(conf), "%s/callm.yaml", s->dir);
	(void)snprintf(data, sizeof(data), "%s/data", s->dir);
	(void)snprintf(s->password, sizeof(s->password), "bench-%016llx",
		       (unsigned long long)rng_u64(&b->rng));
	(void)setenv("CALLM_ADMIN_PASSWORD", s->password, 1);
	const char *argv[] = { b->o.exe, "demo", "--config", conf, "--data", data, NULL };
	struct starting *st = xalloc(sizeof(*st));
	st->b = b;
	s->sip_port = s->http_port = 0;
	rc = spawn(b, argv, &s->pid, e);
	if (rc == 0) {
		(void)bench_wait(b, is_up, st, START_MS);
		if (!bench_server_alive(b) || !s->sip_port)
			rc = err_set(e, ERR_STATE, "the server did not start; see %s/server.log",
				     s->dir);
	}
	xfree(st);
	b->target.sin_port = htons((uint16_t)s->sip_port);
	return rc;
}

bool bench_server_alive(struct bench *b)
{
	int status;
	if (b->srv.pid <= 0)
		return false;
	if (waitpid(b->srv.pid, &status, WNOHANG) != b->srv.pid)
		return true;
	b->srv.pid = 0;
	b->srv.status = status;
	return false;
}

int bench_server_stop(struct bench *b, bool kill_it)
{
	struct bench_server *s = &b->srv;
	if (s->pid > 0) {
		(void)kill(s->pid, kill_it ? SIGKILL : SIGTERM);
		if (!bench_wait(b, is_gone, b, STOP_MS)) {
			(void)kill(s->pid, SIGKILL);
			(void)bench_wait(b, is_gone, b, STOP_MS);
		}
		(void)close(s->out_fd);
	}
	xfree(s->token);
	s->token = NULL;
	return WIFEXITED(s->status) ? WEXITSTATUS(s->status) : -1;
}

void bench_server_clean(struct bench *b)
{
	if (b->srv.made && b->srv.dir[0])
		(void)nftw(b->srv.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	b->srv.dir[0] = 0;
}

/* ---- figures ---- */

static int read_proc(int pid, const char *name, char *out, size_t cap)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOTFOUND;
	ssize_t n = read(fd, out, cap - 1);
	(void)close(fd);
	out[n > 0 ? n : 0] = 0;
	return n > 0 ? 0 : ERR_IO;
}

/* Fields 14 and 15 of proc(5) stat, counted from behind the name. */
int64_t bench_server_cpu_us(struct bench *b)
{
	char text[1024];
	int64_t ticks = 0;
	if (b->srv.pid <= 0 || read_proc(b->srv.pid, "stat", text, sizeof(text)))
		return 0;
	const char *at = strrchr(text, ')');
	sv rest = sv_of(at ? at + 2 : ""), field;
	for (int i = 3; i <= 15 && sv_cut(&rest, ' ', &field); i++)
		if (i >= 14)
			ticks += strtoll(field.p, NULL, 10);
	return ticks * 1000000 / sysconf(_SC_CLK_TCK);
}

int64_t bench_server_rss_kb(struct bench *b)
{
	char text[8192];
	if (b->srv.pid <= 0 || read_proc(b->srv.pid, "status", text, sizeof(text)))
		return 0;
	const char *at = strstr(text, "VmRSS:");
	return at ? strtoll(at + 6, NULL, 10) : 0;
}

int bench_server_fds(struct bench *b)
{
	char path[64];
	int n = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", b->srv.pid);
	DIR *d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n > 2 ? n - 2 : 0;
}

struct got {
	struct sb *out;
	int err, status;
	bool done;
};

static int on_data(void *arg, sv piece)
{
	struct got *g = arg;
	sb_put(g->out, piece);
	return 0;
}

static void on_end(void *arg, int err, int status)
{
	struct got *g = arg;
	g->err = err;
	g->status = status;
	g->done = true;
}

static bool is_done(void *arg)
{
	return ((struct got *)arg)->done;
}

static int ask(struct bench *b, const char *path, sv body, struct sb *out)
{
	char url[600], head[600];
	struct err e;
	struct fetch_req *r;
	struct got g = { .out = out };
	if (!b->srv.http_port)
		return ERR_UNSUPPORTED;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", b->srv.http_port, path);
	(void)snprintf(head, sizeof(head), "%s%s%s%s", b->srv.token ? "Authorization: Bearer " : "",
		       b->srv.token ? b->srv.token : "", b->srv.token ? "\r\n" : "",
		       body.n ? "Content-Type: application/json\r\n" : "");
	struct fetch_opts o = { .url = url, .headers = head[0] ? head : NULL, .body = body,
				.total_ms = 10000, .on_data = on_data, .on_end = on_end,
				.arg = &g };
	int rc = fetch_start(&r, b->fetch, &o, &e);
	if (rc)
		return rc;
	if (!bench_wait(b, is_done, &g, 12000)) {
		fetch_cancel(r);
		return ERR_TIMEOUT;
	}
	return g.err ? g.err : g.status == 200 || g.status == 202 ? 0 : ERR_UPSTREAM;
}

int bench_get(struct bench *b, const char *path, struct sb *out)
{
	return ask(b, path, SV_NULL, out);
}

int bench_post(struct bench *b, const char *path, sv body, struct sb *out)
{
	int rc = bench_server_login(b);
	return rc ? rc : ask(b, path, body, out);
}

int bench_server_login(struct bench *b)
{
	char body[200];
	struct sb out;
	struct err e;
	if (b->srv.token)
		return 0;
	(void)snprintf(body, sizeof(body), "{\"login\":\"admin\",\"password\":\"%s\"}",
		       b->srv.password);
	sb_init(&out, LIM_SB);
	int rc = ask(b, "/api/v1/auth/login", sv_of(body), &out);
	jv *o = rc ? NULL : jv_parse(sb_sv(&out), &e);
	sv token = jv_get_str(o, "token");
	if (token.n)
		b->srv.token = xstrdup(token);
	jv_free(o);
	sb_done(&out);
	return b->srv.token ? 0 : rc ? rc : ERR_AUTH;
}

static jv *get_json(struct bench *b, const char *path)
{
	struct sb out;
	struct err e;
	sb_init(&out, 8 << 20);
	jv *o = bench_server_login(b) || bench_get(b, path, &out) ? NULL :
								    jv_parse(sb_sv(&out), &e);
	sb_done(&out);
	return o;
}

/* Addresses are masked there: the conversation that began with the call is meant; the bench
 * begins them a quarter of a second apart. */
static bool conversation(struct bench *b, int64_t began_us, char id[64])
{
	id[0] = 0;
	int64_t best = 125;
	jv *list = get_json(b, "/api/v1/conversations?channel=phone&state=all&limit=200");
	const jv *items = jv_get(list, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *x = jv_at(items, i);
		int64_t ms;
		if (clk_parse_rfc3339(jv_get_str(x, "started_at"), &ms))
			continue;
		int64_t off = ms - began_us / 1000;
		off = off < 0 ? -off : off;
		if (off < best) {
			best = off;
			(void)snprintf(id, 64, SV_FMT, SV_ARG(jv_get_str(x, "id")));
		}
	}
	jv_free(list);
	return id[0] != 0;
}

jv *bench_events(struct bench *b, int64_t began_us)
{
	char path[200], id[64];
	if (!conversation(b, began_us, id))
		return NULL;
	jv *all = jv_arr();
	for (int64_t after = 0;;) {
		(void)snprintf(path, sizeof(path), "/api/v1/conversations/%s/events?after=%lld", id,
			       (long long)after);
		jv *page = get_json(b, path);
		size_t n = jv_len(jv_get(page, "items"));
		for (size_t i = 0; i < n; i++)
			jv_push(all, jv_copy(jv_at(jv_get(page, "items"), i)));
		after = n ? jv_get_int(jv_at(jv_get(page, "items"), n - 1), "seq", after + 1) : 0;
		jv_free(page);
		if (!n)
			return all;
	}
}

int bench_metric(struct bench *b, const char *name, double *ret)
{
	struct sb out;
	sb_init(&out, 4 << 20);
	int rc = bench_get(b, "/metrics", &out);
	sv rest = sb_sv(&out), line;
	*ret = 0;
	while (!rc && sv_line(&rest, &line)) {
		size_t n = strlen(name);
		if (!sv_starts(line, sv_of(name)) || line.n < n + 2 ||
		    (line.p[n] != ' ' && line.p[n] != '{'))
			continue;
		ptrdiff_t at = sv_find_ch(line, ' ');
		double v;
		if (at > 0 && sv_f64(sv_trim(sv_slice(line, (size_t)at, line.n)), &v) == 0)
			*ret += v;
	}
	sb_done(&out);
	return rc;
}
