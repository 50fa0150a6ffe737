/* t_weights_world.h: a package index in a thread, archives made by libarchive, and a registry over
 * them. Included by the t_weights_*.c that need it. */
#ifndef CALLM_T_WEIGHTS_WORLD_H
#define CALLM_T_WEIGHTS_WORLD_H

#include <archive.h>
#include <archive_entry.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"
#include "weights_int.h"

/* ---- the server: one connection at a time, closed after each answer ---- */

struct page {
	char path[160];
	struct sb body;
	const char *type;
	int status;              /* 0 = 200 */
	int cuts;                /* so many answers break off ... */
	size_t cut_at;           /* ... after so many bytes of body */
	bool no_range;           /* sends everything, whatever is asked for */
	bool stall;              /* sends cut_at bytes and then nothing, until the end */
	int dead_after;          /* answers this many requests, then hangs up; 0 = for ever */
	int hits;
	long long last_from;     /* of the last request's Range, -1 = none */
};
struct site {
	int lfd, port;
	pthread_t thread;
	pthread_mutex_t lock;
	struct page pages[24];
	size_t n;
};

static inline struct page *page_of(struct site *s, sv path)
{
	for (size_t i = 0; i < s->n; i++)
		if (sv_eq(path, sv_of(s->pages[i].path)))
			return &s->pages[i];
	return NULL;
}

static inline void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
		if (k <= 0)
			return;
		p += k;
		n -= (size_t)k;
	}
}

static inline void answer(struct site *s, int fd, sv head)
{
	sv line, method, path;
	long long from = 0;
	char text[300];
	ptrdiff_t range = sv_find(head, SV("Range: bytes="));
	(void)sv_line(&head, &line);
	(void)sv_cut(&line, ' ', &method);
	(void)sv_cut(&line, ' ', &path);
	if (range >= 0)
		from = strtoll(method.p + range + 13, NULL, 10);
	pthread_mutex_lock(&s->lock);
	struct page *p = page_of(s, path);
	int status = !p ? 404 : p->status ? p->status : 200;
	if (p) {
		p->hits++;
		p->last_from = range >= 0 ? from : -1;
	}
	if (p && p->dead_after && p->hits > p->dead_after) {
		pthread_mutex_unlock(&s->lock);
		return;
	}
	bool part = p && status == 200 && range >= 0 && !p->no_range;
	size_t at = part ? (size_t)from : 0, whole = p ? p->body.n : 0;
	if (part && at >= whole)
		status = 416, whole = at = 0;
	size_t n = whole - at;
	int len = snprintf(text, sizeof(text),
			   "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Type: %s\r\n"
			   "Content-Length: %zu\r\n",
			   part && status == 200 ? 206 : status, p ? p->type : "text/plain", n);
	if (part && status == 200)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"Content-Range: bytes %zu-%zu/%zu\r\n", at, whole - 1, whole);
	len += snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
	send_all(fd, text, (size_t)len);
	bool cut = p && (p->stall || (p->cuts > 0 && p->cuts--));
	if (cut && n > p->cut_at)
		n = p->cut_at;
	bool stall = p && p->stall;
	if (p)
		send_all(fd, p->body.p + at, n);
	pthread_mutex_unlock(&s->lock);
	char c;
	if (stall)              /* until the client hangs up or the test is over */
		while (recv(fd, &c, 1, 0) > 0)
			;
}

static inline void *serve(void *arg)
{
	struct site *s = arg;
	for (;;) {
		int fd = accept4(s->lfd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return NULL;
		char buf[8192];
		size_t n = 0;
		ssize_t k;
		while (n < sizeof(buf) - 1 && (k = recv(fd, buf + n, sizeof(buf) - 1 - n, 0)) > 0) {
			n += (size_t)k;
			buf[n] = 0;
			if (strstr(buf, "\r\n\r\n")) {
				answer(s, fd, sv_n(buf, n));
				break;
			}
		}
		close(fd);
	}
}

static inline void site_up(struct site *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	memset(s, 0, sizeof(*s));
	s->lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)bind(s->lfd, (struct sockaddr *)&a, sizeof(a));
	(void)listen(s->lfd, 16);
	(void)getsockname(s->lfd, (struct sockaddr *)&a, &len);
	s->port = ntohs(a.sin_port);
	pthread_mutex_init(&s->lock, NULL);
	pthread_create(&s->thread, NULL, serve, s);
}

static inline void site_down(struct site *s)
{
	(void)shutdown(s->lfd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->lfd);
	pthread_mutex_destroy(&s->lock);
	for (size_t i = 0; i < s->n; i++)
		sb_done(&s->pages[i].body);
}

/* Takes over body's memory. */
static inline struct page *site_add(struct site *s, const char *path, const char *type,
				    struct sb *body)
{
	pthread_mutex_lock(&s->lock);
	struct page *p = &s->pages[s->n++];
	(void)snprintf(p->path, sizeof(p->path), "%s", path);
	p->type = type;
	p->body = *body;
	p->last_from = -1;
	memset(body, 0, sizeof(*body));
	pthread_mutex_unlock(&s->lock);
	return p;
}

/* ---- archives ---- */

struct entry {
	const char *name;
	sv data;
	const char *link;        /* a symbolic link to it */
};

static inline la_ssize_t to_sb(struct archive *a, void *arg, const void *p, size_t n)
{
	sb_put(arg, sv_n(p, n));
	return (la_ssize_t)n;
}

static inline void make_archive(bool zip, const struct entry *v, size_t n, struct sb *out)
{
	struct archive *a = archive_write_new();
	sb_init(out, 64u << 20);
	if (zip) {
		archive_write_set_format_zip(a);
	} else {
		archive_write_set_format_gnutar(a);
		archive_write_add_filter_gzip(a);
	}
	archive_write_open(a, out, NULL, to_sb, NULL);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();
		archive_entry_set_pathname(e, v[i].name);
		archive_entry_set_perm(e, 0644);
		archive_entry_set_filetype(e, v[i].link ? AE_IFLNK : AE_IFREG);
		if (v[i].link)
			archive_entry_set_symlink(e, v[i].link);
		archive_entry_set_size(e, v[i].link ? 0 : (la_int64_t)v[i].data.n);
		archive_write_header(a, e);
		if (!v[i].link)
			archive_write_data(a, v[i].data.p, v[i].data.n);
		archive_entry_free(e);
	}
	archive_write_close(a);
	archive_write_free(a);
}

static inline void hash_of(sv s, char hex[65])
{
	struct weights_sha *h = weights_sha_new();
	weights_sha_add(h, s.p, s.n);
	weights_sha_end(h, hex);
	weights_sha_free(h);
}

/* n bytes that do not compress. */
static inline sv noise(struct arena *a, size_t n)
{
	char *p = arena_alloc(a, n);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)rng_u64(t_rng());
	return sv_n(p, n);
}

/* ---- a registry and what is opened over it ---- */

struct world {
	struct site site;
	struct arena mem;
	struct sb yaml;
	struct weights *w;
	char cache[300], data[300], registry[300], pypi[64], npm[64], programs[300];
	struct err e;
};

static inline void world_up(struct world *d)
{
	memset(d, 0, sizeof(*d));
	site_up(&d->site);
	arena_init(&d->mem, 64u << 20);
	sb_init(&d->yaml, 1u << 20);
	sb_cstr(&d->yaml, "models:\n");
	(void)snprintf(d->cache, sizeof(d->cache), "%s/cache", t_tmpdir());
	(void)snprintf(d->data, sizeof(d->data), "%s/data", t_tmpdir());
	(void)snprintf(d->registry, sizeof(d->registry), "%s/r.yaml", t_tmpdir());
	(void)snprintf(d->programs, sizeof(d->programs), "%s", t_tmpdir());
	(void)snprintf(d->pypi, sizeof(d->pypi), "http://127.0.0.1:%d/simple", d->site.port);
	(void)snprintf(d->npm, sizeof(d->npm), "http://127.0.0.1:%d/npm/", d->site.port);
}

static inline void world_down(struct world *d)
{
	weights_close(d->w);
	site_down(&d->site);
	sb_done(&d->yaml);
	arena_done(&d->mem);
}

static inline int world_open(struct world *d)
{
	const struct weights_opts o = { .cache = d->cache, .data = d->data, .registry = d->registry,
					.only_registry = true, .programs = d->programs,
					.pypi = d->pypi, .npm = d->npm, .retry_ms = 1 };
	int rc = file_write(d->registry, sb_sv(&d->yaml), &d->e);
	weights_close(d->w);
	d->w = NULL;
	rc = rc ? rc : weights_open(&d->w, &o, &d->e);
	if (rc)
		printf("# %s\n", d->e.msg);
	return rc;
}

static inline void world_entry(struct world *d, const char *name, const char *role)
{
	sb_fmt(&d->yaml,
	       "  - name: %s\n    role: %s\n    kind: k\n    version: \"1\"\n    licence: "
	       "MIT\n",
	       name, role);
}

/* A source of kind url, pypi or npm whose body is at path; body is taken over. With pin: that
 * hash instead of its own. Call in the order of the YAML, after "sources:\n". */
static inline struct page *world_source(struct world *d, const char *from, const char *path,
					struct sb *body, const char *pin)
{
	char hex[65];
	hash_of(sb_sv(body), hex);
	if (strcmp(from, "url") == 0)
		sb_fmt(&d->yaml, "      - url: http://127.0.0.1:%d%s\n", d->site.port, path);
	else
		sb_fmt(&d->yaml, "      - %s\n", from);
	sb_fmt(&d->yaml, "        sha256: %s\n        bytes: %zu\n", pin ? pin : hex, body->n);
	return site_add(&d->site, path, "application/octet-stream", body);
}

static inline struct page *world_page(struct world *d, const char *path, const char *type,
				      const char *text)
{
	struct sb b;
	sb_init(&b, 1u << 20);
	sb_cstr(&b, text);
	return site_add(&d->site, path, type, &b);
}

/* The server's thread may still be at its last answer. */
static inline int hits(struct world *d, const struct page *p)
{
	pthread_mutex_lock(&d->site.lock);
	int n = p->hits;
	pthread_mutex_unlock(&d->site.lock);
	return n;
}

static inline long long last_from(struct world *d, const struct page *p)
{
	pthread_mutex_lock(&d->site.lock);
	long long n = p->last_from;
	pthread_mutex_unlock(&d->site.lock);
	return n;
}

static inline void break_off(struct world *d, struct page *p, int cuts, size_t cut_at)
{
	pthread_mutex_lock(&d->site.lock);
	p->cuts = cuts;
	p->cut_at = cut_at;
	pthread_mutex_unlock(&d->site.lock);
}

static inline void flip(struct world *d, struct page *p, size_t at)
{
	pthread_mutex_lock(&d->site.lock);
	p->body.p[at] ^= 1;
	pthread_mutex_unlock(&d->site.lock);
}

static inline const struct weights_item *item(struct world *d, const char *name)
{
	return weights_named(d->w, sv_of(name));
}

static inline bool is_file(const struct world *d, const char *below, sv what)
{
	char path[700];
	struct sb b;
	sb_init(&b, 32u << 20);
	(void)snprintf(path, sizeof(path), "%s/models/%s", d->cache, below);
	bool same = file_read(path, 32u << 20, &b, NULL) == 0 && sv_eq(sb_sv(&b), what);
	sb_done(&b);
	return same;
}

static inline bool exists(const struct world *d, const char *below)
{
	char path[700];
	(void)snprintf(path, sizeof(path), "%s/models/%s", d->cache, below);
	return file_exists(path);
}

/* The simplest entry: one zip at /one.zip with a.bin of n bytes. */
static inline sv world_simple(struct world *d, size_t n, struct page **ret)
{
	struct sb zip;
	sv data = noise(&d->mem, n);
	const struct entry v[] = { { "pkg/a.bin", data, NULL } };
	make_archive(true, v, 1, &zip);
	world_entry(d, "one", "llm");
	sb_cstr(&d->yaml, "    default: true\n    sources:\n");
	*ret = world_source(d, "url", "/one.zip", &zip, NULL);
	sb_fmt(&d->yaml, "    take:\n      - to: a.bin\n        from: [\"1:pkg/a.bin\"]\n"
			 "        bytes: %zu\n    file: a.bin\n", n);
	return data;
}

#endif
