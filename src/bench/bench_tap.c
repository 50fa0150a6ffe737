/* bench_tap.c: the wire between another's telephone and the server under test. Its signalling and
 * its sound pass through here unchanged but for addresses, as through a router that translates
 * them, and are judged on the way like those of our own phones.
 *
 * Signalling: one socket for all; "127.0.0.1:port" of one side becomes ours for the other, the
 * sound's port in SDP that of the phone's sockets. Sound: what comes from the server is what a
 * phone of ours would have heard; in what comes from the telephone the marks of its background
 * tell the place, so that the moment a word left is known as exactly as with our own. */
#include "bench_int.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM = 8192, FRAME_US = 20000, RTP_HEAD = 12 };

/* ---- addresses ---- */

struct swap { int from[2], to[2]; };

static int swapped(const struct swap *w, int port)
{
	for (int i = 0; i < 2; i++)
		if (w->from[i] == port)
			return w->to[i];
	return port;
}

static void put_swapped(struct sb *out, sv s, const struct swap *w)
{
	const sv host = SV("127.0.0.1:");
	for (;;) {
		ptrdiff_t at = sv_find(s, host);
		if (at < 0)
			break;
		size_t k = (size_t)at + host.n;
		int port = 0;
		sb_put(out, sv_slice(s, 0, k));
		for (; k < s.n && s.p[k] >= '0' && s.p[k] <= '9' && port < 100000; k++)
			port = port * 10 + s.p[k] - '0';
		if (port)
			sb_fmt(out, "%d", swapped(w, port));
		s = sv_slice(s, k, s.n);
	}
	sb_put(out, s);
}

static void put_sdp(struct sb *out, sv body, int port)
{
	sv line;
	while (sv_line(&body, &line)) {
		if (sv_starts(line, SV("c="))) {
			sb_cstr(out, "c=IN IP4 127.0.0.1\r\n");
		} else if (sv_starts(line, SV("m=audio "))) {
			sv rest = sv_slice(line, 8, line.n), old;
			(void)sv_cut(&rest, ' ', &old);
			sb_fmt(out, "m=audio %d " SV_FMT "\r\n", port, SV_ARG(rest));
		} else if (!sv_starts(line, SV("a=rtcp:"))) {
			sb_fmt(out, SV_FMT "\r\n", SV_ARG(line));
		}
	}
}

/* The message as the other side is to see it. */
void bench_tap_rewrite(const struct bench_msg *m, const int from[2], const int to[2], int port,
		       struct sb *out)
{
	struct swap w = { { from[0], from[1] }, { to[0], to[1] } };
	struct sb body;
	sb_init(&body, DATAGRAM);
	if (m->body.n)
		put_sdp(&body, m->body, port);
	sv rest = m->raw, line;
	while (sv_line(&rest, &line) && line.n) {
		sv value = line, name;
		(void)sv_cut(&value, ':', &name);
		if (sv_eq_nocase(name, SV("Content-Length")) || sv_eq_nocase(name, SV("l")))
			continue;
		put_swapped(out, line, &w);
		sb_cstr(out, "\r\n");
	}
	sb_fmt(out, "Content-Length: %zu\r\n\r\n", body.n);
	sb_put(out, sb_sv(&body));
	sb_done(&body);
}

/* ---- what is signalled ---- */

static void on_answer(struct bench_phone *p, const struct bench_msg *m, bool down)
{
	bool invite = strcmp(m->method, "INVITE") == 0;
	if (strcmp(m->method, "BYE") == 0 && m->status >= 200)
		bench_sip_over(p, 200);
	if (!invite || !down || m->status == 100)
		return;
	if (p->state == PH_CALLING || p->state == PH_RINGING)
		p->resend_us = 0;
	if (m->status < 200 && p->state == PH_CALLING) {
		p->state = PH_RINGING;
		p->ring_us = bench_now_us();
		p->early = m->body.n > 0;
	} else if (m->status >= 300 && !p->up_us) {
		sv after = bench_msg_header(m, "Retry-After", 0);
		p->retry_after_s = after.n ? (int)strtol(after.p, NULL, 10) : 0;
		bench_sip_over(p, m->status);
	} else if (m->status >= 200 && m->status < 300) {
		p->answered = true;
	}
}

static void on_asked(struct bench_phone *p, const struct bench_msg *m, bool down)
{
	if (strcmp(m->method, "ACK") == 0 && !down && p->answered && !p->up_us) {
		p->up_us = bench_now_us();
		if (p->state != PH_ENDING)
			p->state = PH_UP;
	} else if (strcmp(m->method, "BYE") == 0 && down) {
		p->got_bye = true;
		p->bye_us = bench_now_us();
		bench_sip_over(p, 200);
	} else if (strcmp(m->method, "INVITE") == 0 && down) {
		p->offers++;
	}
}

/* "<sip:line3@127.0.0.1>;tag=..." -> the call of that line. */
static struct bench_phone *by_line(struct bench *b, sv from)
{
	ptrdiff_t at = sv_find(from, SV("sip:line"));
	int n = at < 0 ? 0 : (int)strtol(from.p + at + 8, NULL, 10);
	return n >= 1 && n <= (int)b->uas.n ? b->uas.v[n - 1]->p : NULL;
}

static struct bench_phone *call_of(struct bench *b, const struct bench_msg *m)
{
	sv id = bench_msg_header(m, "Call-ID", 'i');
	struct bench_phone *p = map_get(b->by_call, id);
	if (p || m->status || strcmp(m->method, "INVITE") != 0)
		return p;
	p = by_line(b, bench_msg_header(m, "From", 'f'));
	if (!p || p->call_id[0])
		return NULL;
	(void)snprintf(p->call_id, sizeof(p->call_id), SV_FMT, SV_ARG(id));
	map_put(b->by_call, id, p);
	return p;
}

bool bench_tap_packet(struct bench *b, const struct bench_msg *m, const struct sockaddr_in *from)
{
	struct bench_phone *p = b->uas.n ? call_of(b, m) : NULL;
	if (!p || !p->ua)
		return false;
	struct bench_ua *u = p->ua;
	bool down = from->sin_port == b->target.sin_port;
	if (!down)
		u->sip = *from;
	int theirs = ntohs(b->target.sin_port), its = ntohs(u->sip.sin_port);
	int up_from[2] = { b->sip_port, its }, up_to[2] = { theirs, b->sip_port };
	int down_from[2] = { b->sip_port, theirs }, down_to[2] = { its, b->sip_port };
	if (m->body.n && down)
		p->rtp_known |= bench_sip_media(m->body, &p->rtp);
	else if (m->body.n)
		p->tap_known |= bench_sip_media(m->body, &p->tap_rtp);
	if (m->status)
		on_answer(p, m, down);
	else
		on_asked(p, m, down);
	struct sb out;
	sb_init(&out, DATAGRAM);
	if (down)
		bench_tap_rewrite(m, down_from, down_to, p->tap_port, &out);
	else
		bench_tap_rewrite(m, up_from, up_to, p->port, &out);
	const struct sockaddr_in *to = down ? &u->sip : &b->target;
	(void)sendto(b->sip_fd, out.p, out.n, 0, (const struct sockaddr *)to, sizeof(*to));
	sb_done(&out);
	return true;
}

/* ---- sound ---- */

static void spoken(struct bench_phone *p, uint64_t x, int64_t at)
{
	const struct bench_said *s = p->said.n ? &p->said.v[p->said.n - 1] : NULL;
	if (!s || !p->clip || x + PCM_FRAME <= s->at)
		return;
	uint64_t from = s->at + p->clip->loud_from, to = s->at + p->clip->loud_to;
	if (from >= x && from < x + PCM_FRAME)
		p->said_from_us = at - FRAME_US + (int64_t)(from - x) * 125;
	if (to > x && to <= x + PCM_FRAME)
		p->said_to_us = at - FRAME_US + (int64_t)(to - x) * 125;
	p->clip_at = (size_t)(x + PCM_FRAME - s->at);
	if (p->clip_at >= p->clip->n)
		p->clip = NULL;
}

/* One frame of the telephone's: the mark in it, if any, tells which; else it is the next. */
void bench_tap_frame(struct bench_phone *p, const int16_t s[PCM_FRAME], int64_t at)
{
	unsigned id, frame;
	uint64_t x = p->sent;
	for (unsigned i = 0; i < PCM_FRAME; i++) {
		if (!bench_mark_find(&p->tap_mark, s[i], &id, &frame) ||
		    id != ((unsigned)p->id & 0xFFFF))
			continue;
		int64_t now = (int64_t)(p->sent / PCM_FRAME);
		int64_t f = now + (int16_t)(uint16_t)(frame - (uint64_t)now);
		x = f > 0 || i < 64 ? (uint64_t)(f * PCM_FRAME + 63 - i) : 0;
	}
	spoken(p, x, at);
	p->sent = x + PCM_FRAME;
}

void bench_tap_down(struct bench_phone *p, const uint8_t *d, size_t n)
{
	if (p->tap_known)
		(void)sendto(p->tap_fd, d, n, 0, (const struct sockaddr *)&p->tap_rtp,
			     sizeof(p->tap_rtp));
}

static void on_read(void *arg, int fd, unsigned events)
{
	struct bench_phone *p = arg;
	uint8_t d[2048];
	int16_t s[PCM_FRAME];
	int64_t at;
	ssize_t n;
	while ((n = bench_recv(fd, d, sizeof(d), &at)) > 0) {
		bool rtcp = n >= 2 && d[1] >= 200 && d[1] <= 207;
		if (n < RTP_HEAD || rtcp)
			continue;
		if ((d[1] & 127) == 0 && n == RTP_HEAD + PCM_FRAME) {
			pcm_ulaw_decode(d + RTP_HEAD, PCM_FRAME, s);
			bench_tap_frame(p, s, at);
		}
		(void)bench_line_send(p, d, (size_t)n);
	}
}

int bench_tap_open(struct bench_phone *p)
{
	p->tap_fd = bench_media_socket(&p->tap_port);
	if (p->tap_fd < 0)
		return ERR_FULL;
	return loop_io_start(p->b->loop, &p->tap_io, p->tap_fd, LOOP_READ, on_read, p);
}

void bench_tap_close(struct bench_phone *p)
{
	if (p->tap_fd <= 0)
		return;
	loop_io_stop(&p->tap_io);
	(void)close(p->tap_fd);
	p->tap_fd = 0;
}
