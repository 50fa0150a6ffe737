/* t_ingest_web.c: pages and sitemaps from a server of the test: changed, same, gone, forbidden, and
 * servers that redirect for ever, send for ever, or hang up. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fetch.h"
#include "ingest_paths.h"
#include "t_ingest_help.h"

/* ---- a server: one thread, a connection a request ---- */

struct site {
	int fd, port;
	pthread_t thread;
	atomic_int version, gone, asked, same;
	atomic_bool end;
};

static void say(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t k = send(fd, text, n, MSG_NOSIGNAL);

		if (k <= 0)
			return;
		text += k;
		n -= (size_t)k;
	}
}

static void reply(int fd, const char *status, const char *headers, const char *body)
{
	struct sb b;

	sb_init(&b, 1u << 20);
	sb_fmt(&b, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s",
	       status, strlen(body), headers, body);
	say(fd, sb_str(&b), b.n);
	sb_done(&b);
}

static void page(struct site *s, int fd, const char *req)
{
	char tag[60], text[400];

	(void)snprintf(tag, sizeof(tag), "\"v%d\"", atomic_load(&s->version));
	if (strstr(req, "If-None-Match") && strstr(req, tag)) {
		atomic_fetch_add(&s->same, 1);
		reply(fd, "304 Not Modified", "", "");
		return;
	}
	(void)snprintf(text, sizeof(text),
		       "<html><title>Help</title><body><p>Version %d.</p><a "
		       "href='/help/more.html'>m</a><a href="
		       "'/other/x.html'>x</a><a "
		       "href='http://elsewhere.example/help/'>e</a></body></html>",
		       atomic_load(&s->version));
	(void)snprintf(tag, sizeof(tag), "ETag: \"v%d\"\r\nContent-Type: text/html\r\n",
		       atomic_load(&s->version));
	reply(fd, "200 OK", tag, text);
}

static void endless(struct site *s, int fd)
{
	static char block[65536];

	memset(block, 'x', sizeof(block));
	say(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", 44);
	for (int i = 0; i < 2000 && !atomic_load(&s->end); i++)
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) <= 0)
			return;
}

static void sitemap(struct site *s, int fd, bool index)
{
	char text[1000];
	const char *more = atomic_load(&s->gone) ?
				   "" :
				   "<url><loc>http://127.0.0.1:%d/help/more.html</loc></url>";
	char part[200];

	(void)snprintf(part, sizeof(part),
		       more[0] ? "<url><loc>http://127.0.0.1:%d/help/more.html</loc></url>" :
				 "<!-- %d -->",
		       s->port);
	if (index)
		(void)snprintf(text, sizeof(text),
			       "<sitemapindex><sitemap><loc>http://127.0.0.1:%d/map.xml</loc>"
			       "</sitemap></sitemapindex>",
			       s->port);
	else
		(void)snprintf(text, sizeof(text),
			       "<urlset><url><loc>http://127.0.0.1:%d/help/</loc></url>%s<url>"
			       "<loc>http://10.0.0.1/secret</loc></url></urlset>",
			       s->port, part);
	reply(fd, "200 OK", "Content-Type: application/xml\r\n", text);
}

static void serve(struct site *s, int fd)
{
	char req[8192], path[1000] = "";
	ssize_t n, all = 0;

	while (all < (ssize_t)sizeof(req) - 1 &&
	       (n = recv(fd, req + all, sizeof(req) - 1 - (size_t)all, 0)) > 0) {
		all += n;
		req[all] = 0;
		if (strstr(req, "\r\n\r\n"))
			break;
	}
	req[all > 0 ? all : 0] = 0;
	sv line = sv_of(req), word = SV_NULL;
	if (sv_cut(&line, ' ', &word) && sv_cut(&line, ' ', &word))
		(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(word));
	atomic_fetch_add(&s->asked, 1);
	if (strcmp(path, "/robots.txt") == 0)
		reply(fd, "200 OK", "",
		      "User-agent: *\nDisallow: /help/closed\nDisallow: /*.pdf$\n");
	else if (strcmp(path, "/help/") == 0)
		page(s, fd, req);
	else if (strcmp(path, "/help/more.html") == 0)
		reply(fd, atomic_load(&s->gone) ? "404 Not Found" : "200 OK",
		      "Content-Type: text/html\r\n",
		      atomic_load(&s->gone) ? "gone" : "<title>More</title><p>More text.</p>");
	else if (strcmp(path, "/index.xml") == 0 || strcmp(path, "/map.xml") == 0)
		sitemap(s, fd, path[1] == 'i');
	else if (strncmp(path, "/loop", 5) == 0)
		reply(fd, "302 Found", "Location: /loop?again\r\n", "");
	else if (strcmp(path, "/endless") == 0)
		endless(s, fd);
	else if (strcmp(path, "/bomb") == 0)
		reply(fd, "200 OK", "Content-Type: text/html\r\nContent-Encoding: gzip\r\n",
		      "\x1F\x8B\x08 not text");
	else if (strcmp(path, "/noindex") == 0)
		reply(fd, "200 OK", "Content-Type: text/html\r\n",
		      "<meta name=robots content=noindex><title>N</title><p>Text.</p>");
	else if (strcmp(path, "/closed") == 0)
		reply(fd, "403 Forbidden", "", "no");
	else if (strcmp(path, "/cut") == 0)
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf", 45);
	else if (strcmp(path, "/bad") == 0)
		say(fd, "\x01\x02garbage\r\n\r\n", 13);
	else if (strcmp(path, "/slow") == 0)
		for (int i = 0;
		     i < 200 && !atomic_load(&s->end) && send(fd, "H", 1, MSG_NOSIGNAL) > 0;
		     i++)
			(void)usleep(100000);
	else
		reply(fd, "404 Not Found", "", "no");
}

static void *run(void *arg)
{
	struct site *s = arg;

	while (!atomic_load(&s->end)) {
		int fd = accept(s->fd, NULL, NULL);

		if (fd < 0)
			break;
		serve(s, fd);
		(void)close(fd);
	}
	return NULL;
}

static bool site_open(struct site *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);

	memset(s, 0, sizeof(*s));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&a, sizeof(a)) || listen(s->fd, 16) ||
	    getsockname(s->fd, (struct sockaddr *)&a, &n))
		return false;
	s->port = ntohs(a.sin_port);
	return pthread_create(&s->thread, NULL, run, s) == 0;
}

static void site_close(struct site *s)
{
	atomic_store(&s->end, true);
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->fd);
}

/* ---- */

struct world {
	struct store *st;
	struct ing *g;
	struct site site;
	char id[27];
	struct ing_report r;
	struct err e;
};

static int world_open(struct world *w, bool allow)
{
	int rc;

	memset(w, 0, sizeof(*w));
	rc = site_open(&w->site) ? 0 : ERR_NET;
	if (!rc)
		rc = store_open(&w->st, &(struct store_opts){ .dir = "" }, &w->e);
	if (!rc)
		rc = ing_open(&w->g, &(struct ing_opts){ .store = w->st, .reader = INGEST_READER,
							 .allow_private = allow }, &w->e);
	return rc;
}

static void world_close(struct world *w)
{
	ing_close(w->g);
	store_close(w->st);
	site_close(&w->site);
}

static int take(struct world *w, enum ing_kind kind, const char *path, int depth)
{
	char url[200];
	struct ing_source s = { .kind = kind, .depth = depth };
	int rc;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", w->site.port, path);
	s.place = sv_of(url);
	w->e.msg[0] = 0;
	rc = ing_source_add(w->g, &s, SV("t"), w->id, &w->e);
	return rc ? rc : ing_sync(w->g, sv_of(w->id), &w->r, &w->e);
}

static const char *ask(struct world *w, const char *sql)
{
	static char out[2000];
	struct store_db *db;
	struct store_stmt *q;

	out[0] = 0;
	if (store_reader(w->st, &db) || store_prep(db, &q, sql))
		return "(no statement)";
	if (store_step(q) == 1)
		(void)snprintf(out, sizeof(out), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return out;
}

#define LIVE "SELECT count(*) FROM article WHERE status = 'published'"

TEST(ingest_page_same_by_etag_and_changed)
{
	struct world w;

	OK(world_open(&w, true));
	OK(take(&w, ING_URL, "/help/", 0));
	EQ(w.r.made, 1);
	CHECK(strstr(ask(&w, "SELECT body_md FROM article WHERE id = 'help.en'"), "Version 0."));
	OK(take(&w, ING_URL, "/help/", 0));
	EQ(w.r.same, 1);
	EQ(atomic_load(&w.site.same), 1);
	atomic_store(&w.site.version, 7);
	OK(take(&w, ING_URL, "/help/", 0));
	EQ(w.r.made, 1);
	CHECK(strstr(ask(&w, "SELECT body_md FROM article WHERE id = 'help.en'"), "Version 7."));
	world_close(&w);
}

TEST(ingest_links_below_the_folder_and_no_others)
{
	struct world w;

	OK(world_open(&w, true));
	OK(take(&w, ING_URL, "/help/", 1));
	EQ(w.r.docs, 2);
	STR_EQ(ask(&w, LIVE), "2");
	atomic_store(&w.site.gone, 1);
	OK(take(&w, ING_URL, "/help/", 1));
	STR_EQ(ask(&w, LIVE), "1");
	STR_EQ(ask(&w, "SELECT state FROM source_doc WHERE uri LIKE '%more.html'"), "refused");
	world_close(&w);
}

TEST(ingest_sitemap_of_a_sitemap)
{
	struct world w;

	OK(world_open(&w, true));
	OK(take(&w, ING_SITEMAP, "/index.xml", 0));
	EQ(w.r.docs, 2);
	STR_EQ(ask(&w, LIVE), "2");
	atomic_store(&w.site.gone, 1); /* no longer in the map */
	OK(take(&w, ING_SITEMAP, "/index.xml", 0));
	EQ(w.r.gone, 1);
	STR_EQ(ask(&w, LIVE), "1");
	world_close(&w);
}

TEST(ingest_robots_are_obeyed)
{
	static const char txt[] =
		"User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /a\nAllow: /a/b\n"
		"Disallow: /*.pdf$\nCrawl-delay: 2\n";
	static const struct {
		const char *path;
		bool ok;
	} rows[] = { { "/", true },          { "/a", false },     { "/ax", false },
		     { "/a/b/c", true },     { "/x.pdf", false }, { "/x.pdf?y", true },
		     { "/robots.txt", true } };
	struct world w;
	int delay = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		EQ(ing_robots_allow(sv_of(txt), sv_of(rows[i].path), &delay), rows[i].ok);
	EQ(delay, 2000);
	EQ(ing_robots_allow(SV("user-agent: callm\ndisallow:\n\nuser-agent: *\ndisallow: /\n"),
			    SV("/x"), NULL),
	   true);
	OK(world_open(&w, true));
	OK(take(&w, ING_URL, "/help/closed", 0));
	EQ(w.r.refused, 1);
	EQ(atomic_load(&w.site.asked), 1);
	CHECK(strstr(ask(&w, "SELECT notes FROM source_doc"), "ROBOTS"));
	world_close(&w);
}

TEST(ingest_servers_that_mean_harm)
{
	static const struct {
		const char *path, *note;
		int rc;
	} rows[] = {
		{ "/loop", "NO_ANSWER", 0 }, { "/endless", "TOO_BIG", 0 },
		{ "/bomb", "BINARY", 0 },    { "/noindex", "NO_INDEX", 0 },
		{ "/closed", "REFUSED", 0 }, { "/cut", "NO_ANSWER", 0 },
		{ "/bad", "NO_ANSWER", 0 },  { "/none", "NOT_FOUND", 0 },
		{ "/slow", "NO_ANSWER", 0 },
	};
	struct world w;

	OK(world_open(&w, true));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char sql[200];

		if (strcmp(rows[i].path, "/slow") == 0 && !getenv("CALLM_HOSTILE"))
			continue; /* takes the nine seconds that a page may */
		EQ(take(&w, ING_URL, rows[i].path, 0), rows[i].rc);
		(void)snprintf(sql, sizeof(sql),
			       "SELECT notes FROM source_doc WHERE uri LIKE '%%%s'",
			       rows[i].path);
		HAS(sv_of(ask(&w, sql)), rows[i].note);
	}
	STR_EQ(ask(&w, LIVE), "0");
	world_close(&w);
}

TEST(ingest_a_site_that_is_down_keeps_its_articles)
{
	struct world w;

	OK(world_open(&w, true));
	OK(take(&w, ING_URL, "/help/", 0));
	site_close(&w.site);
	CHECK(ing_sync(w.g, sv_of(w.id), &w.r, &w.e) < 0);
	STR_EQ(ask(&w, LIVE), "1");
	STR_EQ(ask(&w, "SELECT state FROM source"), "error");
	ing_close(w.g);
	store_close(w.st);
}

TEST(ingest_private_addresses_are_not_asked)
{
	static const char *const inside[] = {
		"127.0.0.1",
		"10.1.2.3",
		"172.16.0.1",
		"172.31.255.255",
		"192.168.1.1",
		"169.254.169.254",
		"0.0.0.0",
		"100.64.0.1",
		"198.18.0.1",
		"224.0.0.1",
		"255.255.255.255",
		"::1",
		"::",
		"fe80::1",
		"fc00::1",
		"fd12::1",
		"ff02::1",
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"::127.0.0.1",
		"64:ff9b::7f00:1",
		"2002:7f00:0001::",
		"2001:0:1::1",
		"2001:db8::1",
		"localhost",
		"",
		"127.1",
	};
	static const char *const outside[] = { "8.8.8.8",          "1.1.1.1",
					       "172.32.0.1",       "2606:4700::1111",
					       "64:ff9b::808:808", "::ffff:8.8.8.8",
					       "2002:808:808::1" };
	struct world w;

	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (!fetch_addr_private(inside[i]))
			t_fail(__FILE__, __LINE__, inside[i]);
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		if (fetch_addr_private(outside[i]))
			t_fail(__FILE__, __LINE__, outside[i]);
	OK(world_open(&w, false));
	EQ(take(&w, ING_URL, "/help/", 0), ERR_DENIED);
	HAS(sv_of(w.e.msg), "private network");
	EQ(atomic_load(&w.site.asked), 0);
	world_close(&w);
}
