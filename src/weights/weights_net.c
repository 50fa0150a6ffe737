/* weights_net.c: pages and files over HTTP, blocking, on a loop of its own.
 *
 * A file comes into PATH.part, hashed as it comes; when the connection breaks, the next attempt
 * asks for the rest (Range), and so does the next run. Attempts go on as long as they bring
 * bytes; after ATTEMPTS that brought nothing it is given up. Only what has the pinned hash gets
 * the name PATH; a file that was pieced together and has another hash is fetched once more from
 * the start. Owner: the caller of weights_net_new; one thread.
 */
#include "weights_int.h"
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ATTEMPTS = 5, PAUSE_MAX_MS = 20000, PAGE_MAX = 4 << 20, TURN_MS = 100 };

struct weights_net {
	struct loop *loop;
	struct fetch *fetch;
	struct loop_timer pause;
	const struct weights_watch *watch;
	int retry_ms;
	bool woken;
};

/* One request. */
struct get {
	struct weights_net *n;
	struct fetch_req *r;
	const char *url;
	int64_t from;             /* asked for the rest from here */
	bool ended, json, bad_range;
	int err, status;
	char why[256];
	/* a page */
	struct sb *page;
	/* a file */
	const struct weights_get *f;
	int fd, io_error;
	struct weights_sha *sha;
	int64_t have;
	bool resumed;
};

struct weights_net *weights_net_new(int retry_ms, const struct weights_watch *watch)
{
	struct weights_net *n = xalloc(sizeof(*n));
	n->loop = loop_new();
	n->fetch = fetch_new(n->loop);
	n->watch = watch;
	n->retry_ms = retry_ms > 0 ? retry_ms : 500;
	return n;
}

void weights_net_free(struct weights_net *n)
{
	if (!n)
		return;
	fetch_free(n->fetch);
	loop_timer_stop(&n->pause);
	loop_free(n->loop);
	xfree(n);
}

void weights_net_hide(const char *url, char *out, size_t cap)
{
	const char *host = strstr(url, "://"), *at;
	size_t end = host ? strcspn(host + 3, "/?#") : 0;
	at = host ? memrchr(host + 3, '@', end) : NULL;
	if (at)
		(void)snprintf(out, cap, "%.*s%s", (int)(host + 3 - url), url, at + 1);
	else
		(void)snprintf(out, cap, "%s", url);
}

static bool stopped(const struct weights_net *n)
{
	return n->watch && n->watch->stop && n->watch->stop(n->watch->arg);
}

static int canceled(struct err *e)
{
	return err_set(e, ERR_CANCELED, "stopped; what has come so far is kept");
}

/* ---- callbacks of fetch ---- */

/* "bytes 100-199/200" */
static bool range_from(sv s, int64_t from)
{
	int64_t at;
	ptrdiff_t dash = sv_find_ch(s, '-');
	return sv_starts(s, SV("bytes ")) && dash > 6 &&
	       sv_i64(sv_slice(s, 6, (size_t)dash), &at) == 0 && at == from;
}

/* The server sends the whole file although the rest was asked for. */
static void begin_again(struct get *g)
{
	char hex[65];
	weights_sha_end(g->sha, hex);
	g->have = 0;
	g->resumed = false;
	if (ftruncate(g->fd, 0) < 0 || lseek(g->fd, 0, SEEK_SET) < 0)
		g->io_error = errno;
}

static void on_head(void *arg, int status, struct fetch_req *r)
{
	struct get *g = arg;
	sv type = fetch_header(r, "content-type");
	g->json = sv_find(type, SV("json")) >= 0;
	g->status = status;
	if (g->f && g->have && status == 200)
		begin_again(g);
	if (g->f && status == 206 && !range_from(fetch_header(r, "content-range"), g->have))
		g->bad_range = true;
}

static int put_bytes(struct get *g, sv piece)
{
	weights_sha_add(g->sha, piece.p, piece.n);
	while (piece.n) {
		ssize_t n = write(g->fd, piece.p, piece.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			g->io_error = errno;
			return -1;
		}
		g->have += n;
		piece = sv_slice(piece, (size_t)n, piece.n);
	}
	if (g->f->on_bytes)
		g->f->on_bytes(g->f->arg, g->have);
	return 0;
}

static int on_data(void *arg, sv piece)
{
	struct get *g = arg;
	if (g->io_error || g->bad_range)
		return -1;
	if (g->status != 200 && g->status != 206)
		return 0;       /* the page of an error */
	if (g->f)
		return put_bytes(g, piece);
	sb_put(g->page, piece);
	return sb_err(g->page);
}

static void on_end(void *arg, int err, int status)
{
	struct get *g = arg;
	g->ended = true;
	g->err = err;
	if (!err || status)
		g->status = status;
	(void)snprintf(g->why, sizeof(g->why), "%s", fetch_error(g->r));
	g->r = NULL;
}

/* ---- one attempt ---- */

static const char *ca_file(void)
{
	static const char *const names[] = { "SSL_CERT_FILE", "CURL_CA_BUNDLE", "PIP_CERT" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *v = getenv(names[i]);
		if (v && *v && access(v, R_OK) == 0)
			return v;
	}
	return NULL;
}

static int run(struct get *g, const char *headers, struct err *e)
{
	struct fetch_opts o = {
		.url = g->url, .headers = headers, .redirects = 3, .any_host = true,
		.connect_ms = 10000, .total_ms = INT_MAX, .ca_file = ca_file(),
		.max_bytes = !g->f	 ? PAGE_MAX :
			     g->f->bytes ? (size_t)(g->f->bytes - g->have) :
					   (size_t)WEIGHTS_FILE_MAX,
		.on_head = on_head, .on_data = on_data, .on_end = on_end, .arg = g,
	};
	g->ended = g->bad_range = false;
	g->err = g->status = g->io_error = 0;
	g->from = g->have;
	if (g->f && g->f->bytes && g->from)
		o.max_bytes = (size_t)g->f->bytes;  /* the server may send the whole of it */
	int rc = fetch_start(&g->r, g->n->fetch, &o, e);
	while (!rc && !g->ended) {
		(void)loop_run_once(g->n->loop, TURN_MS);
		if (!g->ended && stopped(g->n)) {
			fetch_cancel(g->r);
			rc = canceled(e);
		}
	}
	return rc;
}

static void on_pause(void *arg)
{
	((struct weights_net *)arg)->woken = true;
}

static int wait_ms(struct weights_net *n, int64_t ms, struct err *e)
{
	n->woken = false;
	loop_after(n->loop, &n->pause, ms, on_pause, n);
	while (!n->woken) {
		if (stopped(n)) {
			loop_timer_stop(&n->pause);
			return canceled(e);
		}
		(void)loop_run_once(n->loop, TURN_MS);
	}
	return 0;
}

static int64_t pause_of(const struct weights_net *n, int failures)
{
	int64_t ms = (int64_t)n->retry_ms << (failures > 10 ? 10 : failures - 1);
	return ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : ms;
}

/* May another attempt help? */
static bool passing(const struct get *g)
{
	if (g->io_error || g->err == ERR_DENIED || g->err == ERR_TOOBIG)
		return false;
	if (g->err || g->status == 0)
		return true;
	return g->status == 408 || g->status == 429 || g->status >= 500;
}

static bool came(const struct get *g)
{
	return g->err == 0 && (g->status == 200 || (g->status == 206 && g->f));
}

/* The line for people about an attempt that failed for good. */
static int explain(const struct get *g, struct err *e)
{
	char url[600];
	weights_net_hide(g->url, url, sizeof(url));
	if (g->io_error)
		return weights_disk_error(g->io_error, g->f->path, e);
	if (g->err == ERR_TOOBIG)
		return err_set(e, ERR_CORRUPT,
			       "%.250s is larger than the registry says; it was not kept", url);
	if (g->err == ERR_TIMEOUT)
		return err_set(e, ERR_TIMEOUT,
			       "%.200s: %.80s; check the network and run it again, what came is "
			       "kept",
			       url, g->why);
	if (g->err)
		return err_set(e, g->err == ERR_DENIED ? ERR_DENIED : ERR_NET,
			       "%.200s: %.80s; check the network (or proxy) and run it again, "
			       "what came is kept",
			       url, g->why[0] ? g->why : err_text(g->err));
	if (g->status == 404 || g->status == 410)
		return err_set(e, ERR_NOTFOUND,
			       "%.250s is not there (HTTP %d); is the mirror complete?", url,
			       g->status);
	if (g->status == 401 || g->status == 403)
		return err_set(e, ERR_DENIED,
			       "%.250s is refused (HTTP %d); check the address of the mirror",
			       url, g->status);
	return err_set(e, ERR_UPSTREAM, "%.250s answers HTTP %d; try again later", url, g->status);
}

int weights_net_page(struct weights_net *n, const char *url, const char *accept,
		     struct sb *out, bool *ret_json, struct err *e)
{
	struct get g = { .n = n, .url = url, .page = out, .fd = -1 };
	char headers[200];
	(void)snprintf(headers, sizeof(headers), "Accept: %s", accept);
	for (int failures = 1;; failures++) {
		sb_reset(out);
		int rc = run(&g, headers, e);
		if (rc)
			return rc;
		if (came(&g))
			break;
		if (!passing(&g) || failures == ATTEMPTS)
			return explain(&g, e);
		rc = wait_ms(n, pause_of(n, failures), e);
		if (rc)
			return rc;
	}
	*ret_json = g.json;
	return 0;
}

/* ---- files ---- */

/* What an earlier run has left is hashed and gone on with. */
static int open_part(struct get *g, const char *part, struct err *e)
{
	char *buf = xalloc(WEIGHTS_IO_BYTES);
	ssize_t n;
	g->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	g->sha = weights_sha_new();
	int rc = g->fd < 0 ? weights_disk_error(errno, part, e) : 0;
	while (!rc && (n = read(g->fd, buf, WEIGHTS_IO_BYTES)) > 0) {
		weights_sha_add(g->sha, buf, (size_t)n);
		g->have += n;
		if (stopped(g->n))
			rc = canceled(e);
	}
	xfree(buf);
	g->resumed = g->have > 0;
	if (!rc && g->f->bytes && g->have > g->f->bytes)
		begin_again(g);
	return rc;
}

static int get_rest(struct get *g, struct err *e)
{
	char headers[64];
	int failures = 0;
	while (!g->f->bytes || g->have < g->f->bytes) {
		int64_t before = g->have;
		(void)snprintf(headers, sizeof(headers), "Range: bytes=%lld-",
			       (long long)g->have);
		int rc = run(g, g->have ? headers : NULL, e);
		if (rc)
			return rc;
		if (came(g))
			return 0;
		if (g->bad_range || (g->status == 416 && before && !g->err)) {
			begin_again(g);
			before = 0;
		} else if (!passing(g)) {
			return explain(g, e);
		}
		failures = g->have > before ? 1 : failures + 1;
		if (failures >= ATTEMPTS)
			return explain(g, e);
		g->resumed = g->have > 0;
		rc = wait_ms(g->n, pause_of(g->n, failures), e);
		if (rc)
			return rc;
	}
	return 0;
}

static int other_contents(const struct get *g, const char *hex, struct err *e)
{
	char url[600];
	weights_net_hide(g->url, url, sizeof(url));
	return err_set(e, ERR_CORRUPT,
		       "%.160s has other contents than pinned (sha256 %.16s..., not %.16s...); "
		       "it was thrown away. Check the mirror or proxy, or the registry's entry",
		       url, hex, g->f->sha256);
}

static int keep(struct get *g, const char *part, struct err *e)
{
	if (fsync(g->fd) < 0 || rename(part, g->f->path) < 0)
		return weights_disk_error(errno, g->f->path, e);
	return 0;
}

int weights_net_file(struct weights_net *n, const struct weights_get *f, struct err *e)
{
	struct get g = { .n = n, .url = f->url, .f = f, .fd = -1 };
	char part[PATH_MAX], hex[65] = "";
	(void)snprintf(part, sizeof(part), "%s.part", f->path);
	int rc = open_part(&g, part, e);
	for (int round = 0; !rc; round++) {
		rc = get_rest(&g, e);
		if (rc)
			break;
		bool resumed = g.resumed;
		weights_sha_end(g.sha, hex);
		if (strcmp(hex, f->sha256) == 0) {
			rc = keep(&g, part, e);
			break;
		}
		if (!resumed || round) {
			rc = other_contents(&g, hex, e);
			(void)unlink(part);
		} else {
			begin_again(&g);
		}
	}
	if (rc == ERR_CORRUPT)
		(void)unlink(part);
	weights_sha_free(g.sha);
	if (g.fd >= 0)
		close(g.fd);
	return rc;
}
