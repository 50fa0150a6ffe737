/* ing_net.c: one web page at a time, for the thread that syncs: a small loop and client of its
 * own.
 *
 * Every address is looked at before it is connected to, also after a redirect or a second
 * answer of the name server (fetch asks for each socket): private networks, this machine and
 * the like are refused unless the configuration allows them. No compression is asked for, so a
 * page costs what it sends. Blocking, at most PAGE_MS a page.
 */
#include <arpa/inet.h>
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

static bool v4_private(uint32_t a)
{
	static const struct {
		uint32_t net;
		int bits;
	} nets[] = {
		/* IANA special-purpose registry, RFC 6890 and later */
		{ 0x00000000, 8 }, { 0x0A000000, 8 }, { 0x64400000, 10 }, { 0x7F000000, 8 },
		{ 0xA9FE0000, 16 }, { 0xAC100000, 12 }, { 0xC0000000, 24 }, { 0xC0000200, 24 },
		{ 0xC0586300, 24 }, { 0xC0A80000, 16 }, { 0xC6120000, 15 }, { 0xC6336400, 24 },
		{ 0xCB007100, 24 }, { 0xE0000000, 4 }, { 0xF0000000, 4 },
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++)
		if (((a ^ nets[i].net) >> (32 - nets[i].bits)) == 0)
			return true;
	return false;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool ing_addr_private(const char *addr)
{
	static const uint8_t zeros[12];
	struct in_addr v4;
	struct in6_addr v6;
	const uint8_t *b = v6.s6_addr;

	if (inet_pton(AF_INET, addr, &v4) == 1)
		return v4_private(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, addr, &v6) != 1)
		return true;
	if (memcmp(b, zeros, 10) == 0 && b[10] == 0xFF && b[11] == 0xFF)
		return v4_private(be32(b + 12)); /* ::ffff:1.2.3.4 */
	if (memcmp(b, zeros, 12) == 0)
		return true; /* ::, ::1, ::1.2.3.4 */
	if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xFF && b[3] == 0x9B)
		return v4_private(be32(b + 12)); /* NAT64 */
	if (b[0] == 0x20 && b[1] == 0x02)
		return v4_private(be32(b + 2)); /* 6to4 */
	if (b[0] == 0x20 && b[1] == 0x01 && b[2] < 2)
		return true; /* Teredo, ORCHID ... */
	if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8)
		return true; /* documentation */
	return (b[0] & 0xE0) != 0x20; /* only 2000::/3 is given out */
}

static bool allow(void *arg, const char *addr, int port)
{
	struct ing_net *n = arg;

	if (n->o->allow_private || !ing_addr_private(addr))
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
