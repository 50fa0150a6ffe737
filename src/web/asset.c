/* asset.c: files that are compiled into the program, and files on disk.
 *
 * Assets are stored as gzip and go out as they are to everybody who takes gzip (all
 * browsers); for the others they are inflated. Files on disk are read in pieces by the
 * pump, with Range for recordings. Nothing is owned; the loop's thread.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include "web_int.h"

static const struct web_asset *exact(const struct web_srv *s, sv path, sv tail)
{
	for (size_t i = 0; i < s->o.n_assets; i++) {
		sv p = sv_of(s->o.assets[i].path);
		if (p.n == path.n + tail.n && sv_starts(p, path) && sv_ends(p, tail))
			return &s->o.assets[i];
	}
	return NULL;
}

const struct web_asset *web_asset_find(const struct web_srv *s, sv path)
{
	const struct web_asset *a = exact(s, path, SV(""));
	if (a)
		return a;
	return exact(s, path, sv_ends(path, SV("/")) ? SV("index.html") : SV("/index.html"));
}

/* If-None-Match: "*" or a list of tags, weak or not. */
static bool tag_matches(sv list, sv etag)
{
	sv one;
	if (sv_eq(sv_trim(list), SV("*")))
		return true;
	while (sv_cut(&list, ',', &one)) {
		one = sv_trim(one);
		if (sv_starts(one, SV("W/")))
			one = sv_slice(one, 2, one.n);
		if (sv_eq(one, etag))
			return true;
	}
	return false;
}

/* malloc'd; NULL when damaged. */
static char *inflate_all(const struct web_asset *a)
{
	z_stream z = { 0 };
	char *out = xalloc(a->raw_len + 1);
	z.next_in = (unsigned char *)(uintptr_t)a->gz;
	z.avail_in = (unsigned)a->gz_len;
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned)a->raw_len + 1;
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
		xfree(out);
		return NULL;
	}
	int e = inflate(&z, Z_FINISH);
	bool ok = e == Z_STREAM_END && z.total_out == a->raw_len;
	inflateEnd(&z);
	if (!ok) {
		xfree(out);
		return NULL;
	}
	return out;
}

void web_reply_asset(struct web_req *r, const struct web_asset *a)
{
	struct sb h;
	char *raw = NULL;
	bool hashed = sv_starts(sv_of(a->path), SV("/assets/"));
	bool same = tag_matches(web_req_header(r, "if-none-match"), sv_of(a->etag));
	sb_init(&h, LIM_HTTP_HEAD);
	sb_fmt(&h, "ETag: %s\r\nVary: Accept-Encoding\r\n", a->etag);
	if (!a->headers || !strstr(a->headers, "Cache-Control:"))
		sb_fmt(&h, "Cache-Control: %s\r\n",
		       hashed ? "public, max-age=31536000, immutable" : "no-cache");
	if (a->headers)
		sb_cstr(&h, a->headers);
	if (!same && r->gzip_ok)
		sb_cstr(&h, "Content-Encoding: gzip\r\n");
	if (same)
		web_reply(r, 304, NULL, SV_NULL, sb_str(&h));
	else if (r->gzip_ok)
		web_reply(r, 200, a->mime, sv_n((const char *)a->gz, a->gz_len), sb_str(&h));
	else if ((raw = inflate_all(a)) != NULL)
		web_reply(r, 200, a->mime, sv_n(raw, a->raw_len), sb_str(&h));
	else
		web_reply_problem(r, 500, "the asset is damaged");
	xfree(raw);
	sb_done(&h);
}

/* "bytes=a-b", "bytes=a-", "bytes=-n" on a file of size: 1 = a range, 0 = ignore the
 * header (several ranges, other units, nonsense: RFC 9110 14.2), -1 = not satisfiable. */
int web_range_parse(sv h, int64_t size, int64_t *from, int64_t *to)
{
	int64_t a = 0, b = 0;
	sv left;
	if (!sv_starts(h, SV("bytes=")))
		return 0;
	h = sv_slice(h, 6, h.n);
	ptrdiff_t dash = sv_find_ch(h, '-');
	if (dash < 0 || sv_find_ch(h, ',') >= 0)
		return 0;
	left = sv_trim(sv_slice(h, 0, (size_t)dash));
	sv right = sv_trim(sv_slice(h, (size_t)dash + 1, h.n));
	if ((left.n && (sv_i64(left, &a) != 0 || a < 0)) ||
	    (right.n && (sv_i64(right, &b) != 0 || b < 0)) || (!left.n && !right.n))
		return 0;
	if (!left.n) {
		if (b == 0 || size == 0)
			return -1;
		*from = b >= size ? 0 : size - b;
		*to = size - 1;
		return 1;
	}
	if (right.n && b < a)
		return 0;
	if (a >= size)
		return -1;
	*from = a;
	*to = right.n && b < size ? b : size - 1;
	return 1;
}

static void file_headers(struct sb *h, const struct stat *st, const char *headers)
{
	char date[40];
	struct tm tm;
	gmtime_r(&st->st_mtime, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	sb_fmt(h, "Accept-Ranges: bytes\r\nLast-Modified: %s\r\nETag: \"%llx-%llx\"\r\n", date,
	       (unsigned long long)st->st_mtime, (unsigned long long)st->st_size);
	if (headers)
		sb_cstr(h, headers);
}

static void send_file(struct web_req *r, int fd, const struct stat *st, const char *type,
		      struct sb *h)
{
	int64_t from = 0, to = st->st_size - 1;
	int ranged = web_range_parse(web_req_header(r, "range"), st->st_size, &from, &to);
	if (ranged < 0) {
		sb_reset(h);
		sb_fmt(h, "Content-Range: bytes */%lld\r\n", (long long)st->st_size);
		close(fd);
		web_reply_problem_with(r, 416, "the range lies behind the end", sb_str(h));
		return;
	}
	if (ranged)
		sb_fmt(h, "Content-Range: bytes %lld-%lld/%lld\r\n", (long long)from, (long long)to,
		       (long long)st->st_size);
	struct sb b;
	static const char pre[LWS_PRE + WEB_PIECE];
	sb_init(&b, LWS_PRE + WEB_PIECE + 2 * LIM_HTTP_HEAD);
	sb_put(&b, sv_n(pre, LWS_PRE));
	web_reply_head(r, &b, ranged ? 206 : 200, type, to - from + 1, sb_str(h));
	r->out_n = b.n - LWS_PRE;
	sb_put(&b, sv_n(pre, WEB_PIECE));     /* room for the pieces that follow */
	r->out = sb_take(&b);
	r->status = ranged ? 206 : 200;
	r->fd = fd;
	r->fd_off = from;
	r->fd_left = r->head ? 0 : to - from + 1;
	r->phase = WEB_HAVE;
	web_answered(r);
}

void web_reply_file(struct web_req *r, const char *path, const char *type, const char *headers)
{
	struct stat st;
	struct sb h;
	char etag[48];
	if (web_req_gone(r)) {
		web_reply(r, 404, NULL, SV_NULL, NULL);
		return;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		web_reply_problem(r, 404, "there is no such file");
		return;
	}
	sb_init(&h, LIM_HTTP_HEAD);
	file_headers(&h, &st, headers);
	lws_snprintf(etag, sizeof etag, "\"%llx-%llx\"", (unsigned long long)st.st_mtime,
		     (unsigned long long)st.st_size);
	if (tag_matches(web_req_header(r, "if-none-match"), sv_of(etag))) {
		close(fd);
		web_reply(r, 304, NULL, SV_NULL, sb_str(&h));
	} else {
		send_file(r, fd, &st, type, &h);
	}
	sb_done(&h);
}
