/* sb.c: bounded string builder.
 *
 * The buffer doubles up to max + 1 (the terminator) and belongs to the builder until sb_take.
 * The first put that does not fit sets err and changes nothing; later puts are ignored.
 * One thread at a time.
 */
#include "sb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "err.h"

void sb_init(struct sb *b, size_t max)
{
	*b = (struct sb){ .max = max };
}

void sb_done(struct sb *b)
{
	free(b->p);
	*b = (struct sb){ .max = b->max };
}

void sb_reset(struct sb *b)
{
	b->n = 0;
	b->err = 0;
	if (b->p)
		b->p[0] = '\0';
}

/* Room for n more bytes and the terminator. */
static bool reserve(struct sb *b, size_t n)
{
	size_t cap;
	char *p;

	if (b->err)
		return false;
	if (n > b->max || b->n > b->max - n) {
		b->err = ERR_TOOBIG;
		return false;
	}
	if (b->n + n < b->cap)
		return true;
	cap = b->cap ? b->cap : 64;
	while (cap < b->n + n + 1)
		cap *= 2;
	p = realloc(b->p, cap);
	ASSERT(p != NULL);
	b->p = p;
	b->cap = cap;
	return true;
}

void sb_put(struct sb *b, sv s)
{
	if (!reserve(b, s.n))
		return;
	if (s.n)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = '\0';
}

void sb_cstr(struct sb *b, const char *s)
{
	sb_put(b, sv_of(s));
}

void sb_ch(struct sb *b, char c)
{
	sb_put(b, sv_n(&c, 1));
}

void sb_rune(struct sb *b, uint32_t r)
{
	char buf[4];
	size_t n = sv_encode(r, buf);

	sb_put(b, sv_n(buf, n));
}

void sb_fmt(struct sb *b, const char *fmt, ...)
{
	char small[256];
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	if ((size_t)n < sizeof(small)) {
		sb_put(b, sv_n(small, (size_t)n));
	} else if (reserve(b, (size_t)n)) {
		(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

/* Bytes at the start of s that stand for themselves inside a JSON string. */
static size_t json_plain(sv s)
{
	size_t i = 0;

	while (i < s.n) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F || c >= 0x80)
			break;
		i++;
	}
	return i;
}

static void json_escape(struct sb *b, uint32_t r)
{
	static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
	const char *at = r && r < 0x80 ? strchr(from, (int)r) : NULL;

	if (at) {
		sb_ch(b, '\\');
		sb_ch(b, to[at - from]);
	} else if (r < 0x20 || r == 0x7F) {
		sb_fmt(b, "\\u%04x", (unsigned)r);
	} else {
		sb_rune(b, r);
	}
}

void sb_json(struct sb *b, sv s)
{
	sb_ch(b, '"');
	while (s.n && !b->err) {
		size_t n = json_plain(s);

		sb_put(b, sv_n(s.p, n));
		s.p += n;
		s.n -= n;
		if (s.n)
			json_escape(b, sv_rune(&s));
	}
	sb_ch(b, '"');
}

void sb_html(struct sb *b, sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '&': sb_cstr(b, "&amp;"); break;
		case '<': sb_cstr(b, "&lt;"); break;
		case '>': sb_cstr(b, "&gt;"); break;
		case '"': sb_cstr(b, "&quot;"); break;
		case '\'': sb_cstr(b, "&#39;"); break;
		default: sb_ch(b, s.p[i]);
		}
	}
}

void sb_url(struct sb *b, sv s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || (c && strchr("-._~", c));
		char esc[3] = { '%', hex[c >> 4], hex[c & 15] };

		sb_put(b, plain ? sv_n(s.p + i, 1) : sv_n(esc, 3));
	}
}

void sb_base64(struct sb *b, const void *p, size_t n)
{
	static const char abc[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)s[i] << 16;
		char q[4];

		if (i + 1 < n)
			v |= (uint32_t)s[i + 1] << 8;
		if (i + 2 < n)
			v |= s[i + 2];
		q[0] = abc[v >> 18];
		q[1] = abc[v >> 12 & 63];
		q[2] = (char)(i + 1 < n ? abc[v >> 6 & 63] : '=');
		q[3] = (char)(i + 2 < n ? abc[v & 63] : '=');
		sb_put(b, sv_n(q, 4));
	}
}

void sb_truncate(struct sb *b, size_t n)
{
	if (n >= b->n)
		return;
	b->n = n;
	b->p[n] = '\0';
}

int sb_err(const struct sb *b)
{
	return b->err;
}

sv sb_sv(const struct sb *b)
{
	return sv_n(b->p ? b->p : "", b->n);
}

const char *sb_str(const struct sb *b)
{
	return b->p ? b->p : "";
}

char *sb_take(struct sb *b)
{
	char *p;

	if (!b->p) {
		p = calloc(1, 1);
		ASSERT(p != NULL);
	} else {
		p = b->p;
	}
	*b = (struct sb){ .max = b->max };
	return p;
}
