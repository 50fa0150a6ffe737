/* ing_net.c: one web page at a time, for the thread that syncs: a small loop and client of its
 * own.
 *
 * Every address is looked at before it is connected to, also after a redirect or a second
 * answer of the name server (fetch asks for each socket): private networks, this machine and
 * the like are refused unless the configuration allows them. No compression is asked for, so a
 * page costs what it sends. Blocking, at most PAGE_MS a page.
 */
#include <stdio.h>
#include "fetch.h"
#include "ing_int.h"

enum { PAGE_MS = 9000 };

struct ing_net {
	const struct ing_opts *o;
	struct loop *l;
	struct fetch *f;
	struct ing_page *page;
	struct arena *a;
	struct fetch_req *req;
	bool done;
};

static bool allow(void *arg, const char *addr, int port)
{
	struct ing_net *n = arg;

	if (n->o->allow_private || !fetch_addr_private(addr))
		return true;
	n->page->private_addr = true;
	return false;
}

static void on_head(void *arg, int status, struct fetch_req *r)
{
	struct ing_net *n = arg;

	n->page->status = status;
	n->page->etag = arena_sv(n->a, sv_slice(fetch_header(r, "ETag"), 0, 300));
	n->page->modified = arena_sv(n->a, sv_slice(fetch_header(r, "Last-Modified"), 0, 100));
	n->page->type = arena_sv(n->a, sv_slice(fetch_header(r, "Content-Type"), 0, 200));
}

static int on_data(void *arg, sv piece)
{
	struct ing_net *n = arg;

	sb_put(&n->page->body, piece);
	return sb_err(&n->page->body);
}

static void on_end(void *arg, int err, int status)
{
	struct ing_net *n = arg;

	n->page->err = err;
	if (err && n->req)
		n->page->why = arena_sv(n->a, sv_of(fetch_error(n->req)));
	n->done = true;
	loop_stop(n->l);
}

struct ing_net *ing_net_new(const struct ing_opts *o)
{
	struct ing_net *n = xalloc(sizeof(*n));

	n->o = o;
	n->l = loop_new();
	n->f = n->l ? fetch_new(n->l) : NULL;
	return n;
}

void ing_net_free(struct ing_net *n)
{
	if (!n)
		return;
	fetch_free(n->f);
	loop_free(n->l);
	xfree(n);
}

static bool header_safe(sv v)
{
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < 32 || (unsigned char)v.p[i] > 126)
			return false;
	return v.n > 0;
}

void ing_net_get(struct ing_net *n, struct arena *a, const char *url, sv etag, sv modified,
		 size_t max, struct ing_page *page)
{
	struct sb h;
	struct err e = { 0 };
	struct fetch_opts o = { .url = url, .connect_ms = 5000, .first_byte_ms = PAGE_MS,
				.stall_ms = PAGE_MS, .total_ms = PAGE_MS, .max_bytes = max,
				.redirects = 3, .any_host = true, .ca_file = n->o->ca_file,
				.allow_addr = allow, .on_head = on_head, .on_data = on_data,
				.on_end = on_end, .arg = n };

	n->page = page;
	n->a = a;
	n->done = false;
	n->req = NULL;
	sb_init(&h, 2000);
	sb_cstr(&h, "User-Agent: callm\r\nAccept: text/html, text/*, application/*;q=0.8\r\n");
	if (header_safe(etag))
		sb_fmt(&h, "If-None-Match: " SV_FMT "\r\n", SV_ARG(etag));
	if (header_safe(modified))
		sb_fmt(&h, "If-Modified-Since: " SV_FMT "\r\n", SV_ARG(modified));
	o.headers = sb_str(&h);
	page->err = n->f ? fetch_start(&n->req, n->f, &o, &e) : ERR_NOMEM;
	if (page->err)
		page->why = arena_sv(a, sv_of(e.msg));
	else
		while (!n->done)
			loop_run(n->l);
	sb_done(&h);
}
