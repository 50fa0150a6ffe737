/* sse.c: splits a byte stream into server-sent events (WHATWG HTML, section 9.2.6).
 *
 * Lines are collected until LF, CR or CRLF, wherever the pieces are cut; a blank line
 * ends an event. Everything kept is bounded by the max of fetch_sse_init; the error
 * sticks. Owner: the caller. Any one thread.
 */
#include "fetch.h"

void fetch_sse_init(struct fetch_sse *s, size_t max, int (*on_event)(void *, sv, sv, sv), void *arg)
{
	memset(s, 0, sizeof *s);
	sb_init(&s->line, max);
	sb_init(&s->data, max);
	sb_init(&s->event, 256);
	sb_init(&s->id, 1024);
	s->retry_ms = -1;
	s->on_event = on_event;
	s->arg = arg;
}

void fetch_sse_done(struct fetch_sse *s)
{
	sb_done(&s->line);
	sb_done(&s->data);
	sb_done(&s->event);
	sb_done(&s->id);
}

/* A blank line: hand the event over. An event without data is forgotten (the standard
 * says so). */
static int dispatch(struct fetch_sse *s)
{
	int stop = 0;
	sv name = s->event.n ? sb_sv(&s->event) : SV("message");
	if (s->has_data)
		stop = s->on_event(s->arg, name, sb_sv(&s->data), sb_sv(&s->id));
	sb_reset(&s->data);
	sb_reset(&s->event);
	s->has_data = false;
	return stop ? ERR_CANCELED : 0;
}

static void set(struct sb *b, sv v)
{
	sb_reset(b);
	sb_put(b, v);
}

static void field(struct fetch_sse *s, sv name, sv val)
{
	int64_t ms;
	if (sv_eq(name, SV("data"))) {
		if (s->has_data)
			sb_ch(&s->data, '\n');
		sb_put(&s->data, val);
		s->has_data = true;
	} else if (sv_eq(name, SV("event"))) {
		set(&s->event, val);
	} else if (sv_eq(name, SV("id")) && !memchr(val.p ? val.p : "", 0, val.n)) {
		set(&s->id, val);
	} else if (sv_eq(name, SV("retry")) && sv_i64(val, &ms) == 0 && ms >= 0 && ms < 86400000) {
		s->retry_ms = (int)ms;
	}
}

static int end_line(struct fetch_sse *s)
{
	sv line = sb_sv(&s->line);
	if (!s->begun && sv_starts(line, SV("\xef\xbb\xbf")))
		line = sv_slice(line, 3, line.n);
	s->begun = true;
	int e = 0;
	if (line.n == 0) {
		e = dispatch(s);
	} else if (line.p[0] != ':') {
		ptrdiff_t colon = sv_find_ch(line, ':');
		sv name = colon < 0 ? line : sv_slice(line, 0, (size_t)colon);
		sv val = colon < 0 ? SV("") : sv_slice(line, (size_t)colon + 1, line.n);
		if (val.n && val.p[0] == ' ')
			val = sv_slice(val, 1, val.n);
		field(s, name, val);
	}
	sb_reset(&s->line);
	if (sb_err(&s->data) || sb_err(&s->event) || sb_err(&s->id))
		e = ERR_TOOBIG;
	return e;
}

int fetch_sse_feed(struct fetch_sse *s, sv piece)
{
	size_t i = 0;
	while (i < piece.n && !s->err) {
		if (s->cr && piece.p[i] == '\n')
			i++;
		s->cr = false;
		size_t from = i;
		while (i < piece.n && piece.p[i] != '\n' && piece.p[i] != '\r')
			i++;
		if (i > from)
			sb_put(&s->line, sv_n(piece.p + from, i - from));
		if (sb_err(&s->line)) {
			s->err = ERR_TOOBIG;
		} else if (i < piece.n) {
			s->cr = piece.p[i++] == '\r';
			s->err = end_line(s);
		}
	}
	return s->err;
}

int fetch_sse_end(struct fetch_sse *s)
{
	if (!s->err && s->line.n)
		s->err = end_line(s);
	if (!s->err)
		s->err = dispatch(s);
	return s->err;
}
