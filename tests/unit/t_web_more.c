/* Assets, files with ranges, streams, TLS, small helpers. */
#include <stdio.h>
#include <zlib.h>
#include "web_help.h"

struct world {
	struct loop *l;
	struct web_srv *s;
	struct web_req *stream;
	char file[300];
};

static unsigned char gz_bytes[4096];
static size_t gz_n;
static char raw_text[2000];
static struct web_asset assets[3];

static void make_assets(void)
{
	z_stream z = { 0 };
	for (size_t i = 0; i < sizeof raw_text; i++)
		raw_text[i] = (char)('a' + i * 7 % 26);
	deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)raw_text;
	z.avail_in = sizeof raw_text;
	z.next_out = gz_bytes;
	z.avail_out = sizeof gz_bytes;
	deflate(&z, Z_FINISH);
	gz_n = z.total_out;
	deflateEnd(&z);
	assets[0] = (struct web_asset){ "/assets/app-1.js", "text/javascript", gz_bytes, gz_n,
					sizeof raw_text, "\"e1\"", NULL };
	assets[1] = (struct web_asset){ "/chat/index.html", "text/html", gz_bytes, gz_n,
					sizeof raw_text, "\"e2\"", "X-Extra: 1\r\n" };
	assets[2] = (struct web_asset){ "/broken.js", "text/javascript", gz_bytes, gz_n - 9,
					sizeof raw_text, "\"e3\"", NULL };
}

static void h_file(struct web_req *r, void *arg)
{
	web_reply_file(r, ((struct world *)arg)->file, "audio/wav", "X-Own: 1\r\n");
}

static void h_missing(struct web_req *r, void *arg)
{
	web_reply_file(r, "/nonexistent/file.wav", "audio/wav", NULL);
}

static void h_dir(struct web_req *r, void *arg)
{
	web_reply_file(r, "/tmp", "audio/wav", NULL);
}

static void h_stream(struct web_req *r, void *arg)
{
	struct world *w = arg;
	if (web_stream_begin(r, 200, "text/event-stream", NULL) != 0) {
		web_stream_end(r);
		return;
	}
	w->stream = r;
	web_stream_event(r, "hello", SV("line 1\nline 2"));
}

static void h_override(struct web_req *r, void *arg)
{
	web_reply(r, 200, "text/html", SV("x"), "Content-Security-Policy: frame-ancestors *\r\n"
		  "Cross-Origin-Resource-Policy: cross-origin\r\n");
}

static const struct web_route routes[] = {
	{ "GET", "/file", h_file },     { "GET", "/missing", h_missing },
	{ "GET", "/dir", h_dir },       { "GET", "/stream", h_stream },
	{ "GET", "/over", h_override },
};

static bool up(struct world *w, const char *cert, const char *key)
{
	struct err e = { 0 };
	memset(w, 0, sizeof *w);
	make_assets();
	w->l = loop_new();
	struct web_srv_opts o = { .routes = routes, .n_routes = sizeof routes / sizeof *routes,
				  .assets = assets, .n_assets = 3, .arg = w, .server_name = "callm",
				  .tls_cert = cert, .tls_key = key };
	return web_srv_open(&w->s, w->l, &o, &e) == 0;
}

static void down(struct world *w)
{
	web_srv_close(w->s);
	if (w->stream)
		web_stream_end(w->stream);
	loop_free(w->l);
}

static void ask(struct world *w, struct raw *r, const char *head)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "%s HTTP/1.1\r\nHost: t\r\n", head);
	raw_open(r, web_srv_port(w->s));
	raw_send(r, w->l, sb_sv(&b));
	sb_done(&b);
}

static void rest(struct world *w, struct raw *r, const char *headers)
{
	raw_send(r, w->l, sv_of(headers));
	raw_send(r, w->l, SV("\r\n"));
	raw_wait(r, w->l, 1, 3000);
}

TEST(web_assets_go_out_as_gzip_or_inflated_with_etag)
{
	struct world w;
	struct raw r;
	CHECK(up(&w, NULL, NULL));
	ask(&w, &r, "GET /assets/app-1.js");
	rest(&w, &r, "Accept-Encoding: br, gzip;q=0.8\r\n");
	EQ(raw_status(&r), 200);
	HAS(sb_sv(&r.got), "Content-Encoding: gzip\r\n");
	HAS(sb_sv(&r.got), "Cache-Control: public, max-age=31536000, immutable\r\n");
	HAS(sb_sv(&r.got), "Server: callm\r\n");
	CHECK(sv_ends(sb_sv(&r.got), sv_n((char *)gz_bytes, gz_n)));
	raw_close(&r);
	ask(&w, &r, "GET /chat");
	rest(&w, &r, "Accept-Encoding: gzip;q=0\r\n");
	CHECK(sv_ends(sb_sv(&r.got), sv_n(raw_text, sizeof raw_text)));
	CHECK(sv_find(sb_sv(&r.got), SV("Content-Encoding")) < 0);
	HAS(sb_sv(&r.got), "Cache-Control: no-cache\r\n");
	HAS(sb_sv(&r.got), "X-Extra: 1\r\n");
	raw_close(&r);
	ask(&w, &r, "GET /chat/");
	rest(&w, &r, "If-None-Match: W/\"x\", \"e2\"\r\n");
	EQ(raw_status(&r), 304);
	raw_close(&r);
	ask(&w, &r, "GET /broken.js");
	rest(&w, &r, "");
	EQ(raw_status(&r), 500);
	raw_close(&r);
	ask(&w, &r, "DELETE /chat");
	rest(&w, &r, "");
	EQ(raw_status(&r), 405);
	raw_close(&r);
	down(&w);
}

static void write_file(struct world *w)
{
	snprintf(w->file, sizeof w->file, "%s/a.wav", t_tmpdir());
	FILE *f = fopen(w->file, "w");
	for (int i = 0; i < 200000; i++)
		fputc('0' + i % 10, f);
	fclose(f);
}

TEST(web_files_answer_ranges)
{
	static const struct {
		const char *range;
		int status;
		const char *has;
		const char *end;
	} cases[] = {
		{ "", 200, "Content-Length: 200000\r\n", "6789" },
		{ "Range: bytes=0-3\r\n", 206, "Content-Range: bytes 0-3/200000\r\n",
		  "\r\n\r\n0123" },
		{ "Range: bytes=199998-\r\n", 206, "Content-Length: 2\r\n", "\r\n\r\n89" },
		{ "Range: bytes=-3\r\n", 206, "bytes 199997-199999/200000", "\r\n\r\n789" },
		{ "Range: bytes=5-999999\r\n", 206, "bytes 5-199999/200000", "789" },
		{ "Range: bytes=200000-\r\n", 416, "Content-Range: bytes */200000\r\n", "}" },
		{ "Range: bytes=0-1,5-6\r\n", 200, "Content-Length: 200000\r\n", "789" },
		{ "Range: lines=1-2\r\n", 200, "Content-Length: 200000\r\n", "789" },
		{ "Range: bytes=3-1\r\n", 200, "Content-Length: 200000\r\n", "789" },
		{ "Range: bytes=99999999999999999999-\r\n", 200, "", "789" },
	};
	struct world w;
	struct raw r;
	CHECK(up(&w, NULL, NULL));
	write_file(&w);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ask(&w, &r, "GET /file");
		rest(&w, &r, cases[i].range);
		EQ(raw_status(&r), cases[i].status);
		HAS(sb_sv(&r.got), cases[i].has);
		CHECK(sv_ends(sb_sv(&r.got), sv_of(cases[i].end)));
		raw_close(&r);
	}
	ask(&w, &r, "HEAD /file");
	raw_send(&r, w.l, SV("\r\n"));
	CHECK(raw_wait_text(&r, w.l, "\r\n\r\n", 2000));
	HAS(sb_sv(&r.got), "Content-Length: 200000\r\n");
	HAS(sb_sv(&r.got), "Accept-Ranges: bytes\r\n");
	CHECK(sv_ends(sb_sv(&r.got), SV("\r\n\r\n")));
	raw_close(&r);
	ask(&w, &r, "GET /missing");
	rest(&w, &r, "");
	EQ(raw_status(&r), 404);
	raw_close(&r);
	ask(&w, &r, "GET /dir");
	rest(&w, &r, "");
	EQ(raw_status(&r), 404);
	raw_close(&r);
	down(&w);
}

TEST(web_streams_send_chunks_when_they_like)
{
	struct world w;
	struct raw r;
	CHECK(up(&w, NULL, NULL));
	ask(&w, &r, "GET /stream");
	raw_send(&r, w.l, SV("\r\n"));
	CHECK(raw_wait_text(&r, w.l, "event: hello\ndata: line 1\ndata: line 2\n\n", 2000));
	HAS(sb_sv(&r.got), "Content-Type: text/event-stream\r\n");
	EQ(web_srv_pending(w.s), 1);
	for (int i = 0; i < 50; i++) {
		OK(web_stream_send(w.stream, SV("0123456789")));
		if (i % 7 == 0)
			spin(w.l, 3);
	}
	struct web_req *s = w.stream;
	w.stream = NULL;
	web_stream_end(s);
	CHECK(raw_wait_text(&r, w.l, "0\r\n\r\n", 2000));
	EQ(web_srv_pending(w.s), 0);
	/* the connection lives on */
	sb_reset(&r.got);
	raw_send(&r, w.l, SV("GET /missing HTTP/1.1\r\nHost: t\r\n\r\n"));
	CHECK(raw_wait(&r, w.l, 1, 2000));
	EQ(raw_status(&r), 404);
	raw_close(&r);
	down(&w);
}

static bool stream_gone(void *arg)
{
	return web_req_gone(((struct world *)arg)->stream);
}

TEST(web_streams_end_when_the_reader_is_slow_or_gone)
{
	struct world w;
	struct raw r;
	int e = 0;
	CHECK(up(&w, NULL, NULL));
	ask(&w, &r, "GET /stream");
	raw_send(&r, w.l, SV("\r\n"));
	CHECK(raw_wait_text(&r, w.l, "line 2", 2000));
	char *p = xalloc(65536);
	for (int i = 0; i < 1000 && e == 0; i++) {
		e = web_stream_send(w.stream, sv_n(p, 65536));
		loop_run_once(w.l, 0);
	}
	EQ(e, ERR_FULL);
	xfree(p);
	raw_close(&r);
	CHECK(t_wait(w.l, stream_gone, &w, 5000));
	EQ(web_stream_send(w.stream, SV("x")), ERR_CLOSED);
	web_stream_end(w.stream);
	w.stream = NULL;
	down(&w);
}

TEST(web_answers_may_replace_security_headers)
{
	struct world w;
	struct raw r;
	CHECK(up(&w, NULL, NULL));
	ask(&w, &r, "GET /over");
	rest(&w, &r, "");
	HAS(sb_sv(&r.got), "Content-Security-Policy: frame-ancestors *\r\n");
	CHECK(sv_find(sb_sv(&r.got), SV("default-src")) < 0);
	CHECK(sv_find(sb_sv(&r.got), SV("Cross-Origin-Resource-Policy: same-origin")) < 0);
	HAS(sb_sv(&r.got), "X-Content-Type-Options: nosniff\r\n");
	raw_close(&r);
	down(&w);
}

TEST(web_url_decode_is_strict)
{
	struct arena a;
	arena_init(&a, 65536);
	SV_EQ(web_url_decode(&a, SV("a%20b+c"), false), "a b+c");
	SV_EQ(web_url_decode(&a, SV("a%20b+c"), true), "a b c");
	SV_EQ(web_url_decode(&a, SV("%E4%BD%A0"), true), "\xe4\xbd\xa0");
	CHECK(web_url_decode(&a, SV("%"), true).p == NULL);
	CHECK(web_url_decode(&a, SV("%4"), true).p == NULL);
	CHECK(web_url_decode(&a, SV("%zz"), true).p == NULL);
	CHECK(web_url_decode(&a, SV("%00"), true).p == NULL);
	CHECK(web_url_decode(&a, SV("%ff"), true).p == NULL);
	arena_done(&a);
	STR_EQ(web_status_text(404), "Not Found");
	STR_EQ(web_status_text(999), "Status");
}
