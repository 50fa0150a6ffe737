/* api_chat_replay.c: every row once, in order, without a gap: what a socket lacks is read from
 * the river.
 *
 * A socket that resumes, that found a gap (a row was lost in a full mailbox) or whose
 * conversation has ended gets the rows after the last one it was sent. The read waits for the
 * scribe, so that no row falls between river and live; rows that come meanwhile are held. It
 * goes in pages, the next one when the socket has sent the last. A row that could not be
 * written is in no replay: the held one then goes out, and the gap stays. Door's thread,
 * page_run on a worker. */
#include "api_chat.h"

#include <stdio.h>

#define PAGE_ROWS 200
#define PAGE_BYTES (256u << 10)

struct page {
	struct api_sock *s;
	int64_t after, last;
	bool more;
};

static void page_run(struct api_query *q, struct store_db *db)
{
	struct page *p = q->p;
	struct store_stmt *st;
	if (store_prep(db, &st,
		       "SELECT " API_EVENT_COLS " FROM event WHERE conversation=?1 AND seq>?2 "
		       "ORDER BY seq LIMIT ?3")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_int(st, 2, p->after);
	store_bind_int(st, 3, PAGE_ROWS);
	int n = 0;
	while (q->out.n < PAGE_BYTES && api_row(q, st)) {
		if (api_event_public(st, &q->out))
			sb_ch(&q->out, '\n');
		n++;
	}
	store_reset(st);
	p->more = n == PAGE_ROWS || q->out.n >= PAGE_BYTES;
}

static void next_page(struct api_sock *s);

static void through(struct api_sock *s)
{
	s->replaying = false;
	for (size_t i = 0; i < s->held.n; i++) {
		chat_send_row(s, sv_of(s->held.v[i]));
		xfree(s->held.v[i]);
	}
	VEC_FREE(&s->held);
	if (!s->closing)
		return;
	bool passing = strcmp(s->closing, "busy") == 0 || strcmp(s->closing, "denied") == 0;
	struct sb b;
	sb_init(&b, 256);
	sb_fmt(&b,
	       passing ? "{\"type\":\"error\",\"data\":{\"code\":\"%s\",\"detail\":\"The "
			 "conversation could "
			 "not be opened.\"}}" :
			 "{\"type\":\"closed\",\"data\":{\"reason\":\"%s\"}}",
	       s->closing);
	web_ws_send(s->ws, sb_sv(&b), false);
	sb_done(&b);
	s->closing = NULL;
}

static void page_done(struct api_query *q)
{
	struct page *p = q->p;
	struct api_sock *s = p->s;
	sv rest = sb_sv(&q->out), line;
	s->replays--;
	while (!s->gone && sv_line(&rest, &line))
		if (line.n)
			chat_send_row(s, line);
	bool more = p->more || s->missed, failed = q->status != 200;
	api_query_free(q);
	if (s->gone) {
		chat_sock_free(s);
	} else if (failed) {
		web_ws_close(s->ws, 1011, SV("the database could not be read"));
	} else if (!more) {
		through(s);
	} else if (web_ws_queued(s->ws)) {
		s->paused = true;
	} else {
		next_page(s);
	}
}

static void next_page(struct api_sock *s)
{
	struct api_query *q = api_query_new(s->a, NULL);
	struct page *p = arena_new(&q->arena, struct page, 1);
	*p = (struct page){ .s = s, .after = s->sent_seq };
	s->paused = s->missed = false;
	s->replays++;
	q->p = p;
	q->s1 = arena_sv(&q->arena, sv_of(s->id));
	q->settled = true;
	q->run = page_run;
	q->done = page_done;
	api_query_start(q);
}

void chat_sock_drained(struct api_sock *s)
{
	if (s->paused)
		next_page(s);
}

void chat_sock_replay(struct api_sock *s)
{
	s->replaying = true;
	if (!s->replays && !s->paused)
		next_page(s);
}

void chat_sock_closed(struct api_sock *s, const char *why)
{
	chat_detach(s);
	s->closing = why;
	if (!s->gone && !s->a->ending)
		chat_sock_replay(s);
}

void chat_sock_free(struct api_sock *s)
{
	if (!s->gone || s->replays)
		return;
	for (size_t i = 0; i < s->held.n; i++)
		xfree(s->held.v[i]);
	VEC_FREE(&s->held);
	xfree(s);
}
