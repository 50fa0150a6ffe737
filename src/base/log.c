/* log.c: structured log lines, one write(2) each.
 *
 * The format string of LOG() is a row of key=%conversion; before formatting, the blanks in
 * front of keys are replaced by a separator, so that values may hold blanks and "k=v" without
 * forging fields. The line is built on the caller's stack. If the descriptor cannot take it
 * within 20 ms the line is dropped and counted; the next line that gets through tells how many.
 * Any thread.
 */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "clk.h"
#include "err.h"
#include "sb.h"

enum { LINE_MAX_BYTES = 4000, FIELDS_MAX = 24, SEP = 0x1f, WAIT_MS = 20 };

static _Atomic int min_level = LOG_LV_INFO;
static _Atomic int out_fd = 2;
static _Atomic bool as_json;
static _Atomic unsigned dropped;

static const char *const level_name[] = { "debug", "info", "warn", "error", "off" };

/* A key with its '=', and whether the format prints a number there. */
struct field {
	sv key;
	bool number;
};

void log_init(enum log_level min, enum log_format fmt, int fd)
{
	atomic_store(&min_level, min);
	atomic_store(&out_fd, fd);
	atomic_store(&as_json, fmt == LOG_FMT_JSON || (fmt == LOG_FMT_AUTO && !isatty(fd)));
}

int log_level_parse(sv s, enum log_level *ret)
{
	for (int i = 0; i <= LOG_LV_OFF; i++) {
		if (sv_eq_nocase(s, sv_of(level_name[i]))) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return ERR_INVAL;
}

bool log_on(enum log_level lv)
{
	return (int)lv >= atomic_load_explicit(&min_level, memory_order_relaxed);
}

/* Length of "name=" at p, 0 when there is none. */
static size_t key_len(const char *p)
{
	size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n && p[n] == '=' ? n + 1 : 0;
}

/* Finds the fields of fmt and copies it to out with SEP before each key. */
static size_t split_format(const char *fmt, char *out, size_t cap, struct field f[FIELDS_MAX])
{
	size_t n = 0, i = 0, klen;

	for (const char *p = fmt; *p && i + 1 < cap; p++) {
		bool start = p == fmt || p[-1] == ' ';

		klen = start && n < FIELDS_MAX ? key_len(p) : 0;
		if (klen) {
			const char *conv = p + klen;

			if (*conv == '%')
				conv += 1 + strspn(conv + 1, "-+ #0123456789.*hlzjt");
			f[n].key = sv_n(p, klen);
			f[n++].number = p[klen] == '%' && *conv && strchr("diufgeFGE", *conv);
			if (p > fmt)
				out[i - 1] = SEP;
		}
		out[i++] = *p;
	}
	out[i] = '\0';
	return n;
}

static void put_json_value(struct sb *b, sv val, bool number)
{
	double ignored;

	if (number && sv_f64(val, &ignored) == 0)
		sb_put(b, val);
	else
		sb_json(b, val);
}

static void put_json(struct sb *b, sv text, const struct field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sv val;

		if (!sv_starts(text, f[i].key)) {
			sb_cstr(b, ",\"msg\":");
			sb_json(b, text);
			return;
		}
		val = sv_slice(text, f[i].key.n, text.n);
		text = SV_NULL;
		for (size_t at = 0; i + 1 < n && at < val.n; at++) {
			if (val.p[at] != SEP ||
			    !sv_starts(sv_slice(val, at + 1, val.n), f[i + 1].key))
				continue;
			text = sv_slice(val, at + 1, val.n);
			val = sv_slice(val, 0, at);
		}
		sb_ch(b, ',');
		sb_json(b, sv_slice(f[i].key, 0, f[i].key.n - 1));
		sb_ch(b, ':');
		put_json_value(b, val, f[i].number);
	}
	if (!n && text.n) {
		sb_cstr(b, ",\"msg\":");
		sb_json(b, text);
	}
}

static void put_text(struct sb *b, sv text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		sb_ch(b, c == SEP ? ' ' : c < 0x20 || c == 0x7F ? '?' : (char)c);
	}
}

/* lost: lines dropped before this one, which the line tells about. */
static void emit(sv line, unsigned lost)
{
	struct pollfd p = { .fd = atomic_load(&out_fd), .events = POLLOUT };

	if (poll(&p, 1, WAIT_MS) <= 0 || !(p.revents & POLLOUT) || write(p.fd, line.p, line.n) < 0)
		(void)atomic_fetch_add(&dropped, lost + 1);
}

void log_write(enum log_level lv, const char *event, const char *fmt, ...)
{
	char format[512], text[LINE_MAX_BYTES], ts[32];
	struct field f[FIELDS_MAX];
	unsigned lost = atomic_exchange(&dropped, 0);
	struct sb b;
	size_t nf;
	sv body;
	va_list ap;
	int n;

	nf = split_format(fmt, format, sizeof(format), f);
	va_start(ap, fmt);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = vsnprintf(text, sizeof(text), format, ap);
#pragma GCC diagnostic pop
	va_end(ap);
	body = sv_n(text, n < 0 ? 0 : n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
	clk_rfc3339(clk_wall_ms(), ts);
	sb_init(&b, (size_t)LINE_MAX_BYTES * 8);
	if (atomic_load(&as_json)) {
		sb_fmt(&b, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":", ts, level_name[lv]);
		sb_json(&b, sv_of(event));
		put_json(&b, body, f, nf);
		if (lost)
			sb_fmt(&b, ",\"lost_lines\":%u", lost);
		sb_cstr(&b, "}\n");
	} else {
		sb_fmt(&b, "%s %-5s %s ", ts, level_name[lv], event);
		put_text(&b, body);
		if (lost)
			sb_fmt(&b, " lost_lines=%u", lost);
		sb_ch(&b, '\n');
	}
	emit(sb_sv(&b), lost);
	sb_done(&b);
}

const char *pii(sv s)
{
	static _Thread_local char buf[8][16];
	static _Thread_local unsigned turn;
	char *out = buf[turn++ % 8];
	size_t runes = sv_runes(s), last = sv_rune_offset(s, runes ? runes - 1 : 0), n = 0;
	sv head = sv_slice(s, 0, sv_rune_offset(s, 1)), tail = sv_slice(s, last, s.n);

	if (runes > 2) {
		memcpy(out, head.p, head.n);
		n = head.n;
	}
	memcpy(out + n, "***", 3);
	n += 3;
	if (runes > 2) {
		memcpy(out + n, tail.p, tail.n);
		n += tail.n;
	}
	out[n] = '\0';
	return out;
}
