/* bench_sip.c: the callers' signalling: a small SIP user agent of its own over UDP (RFC 3261), so
 * that the server is not judged by its own stack and can be treated badly.
 *
 * One socket for all calls, calls told apart by Call-ID. It knows INVITE, ACK, BYE, CANCEL,
 * re-INVITE both ways and answers whatever else comes; PCMU and telephone-event only. Requests
 * are repeated every half second until answered, eight times at most. */
#include "bench_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PING "bench-ping-"
enum { RESEND_US = 500000, TRIES = 8, DATAGRAM = 8192 };

/* ---- reading ---- */

sv bench_msg_header(const struct bench_msg *m, const char *name, char brief)
{
	sv rest = m->raw, line;
	(void)sv_line(&rest, &line);
	while (sv_line(&rest, &line) && line.n) {
		sv head;
		if (!sv_cut(&line, ':', &head))
			continue;
		head = sv_trim(head);
		bool same = sv_eq_nocase(head, sv_of(name)) ||
			    (head.n == 1 && brief && (head.p[0] | 32) == brief);
		if (same)
			return sv_trim(line);
	}
	return SV_NULL;
}

static void put_cstr(char *out, size_t cap, sv s)
{
	(void)snprintf(out, cap, SV_FMT, SV_ARG(s));
}

bool bench_msg_parse(struct bench_msg *m, sv raw)
{
	sv rest = raw, word;
	*m = (struct bench_msg){ .raw = raw };
	if (!sv_line(&rest, &m->first))
		return false;
	ptrdiff_t gap = sv_find(raw, SV("\r\n\r\n"));
	m->body = gap < 0 ? SV_NULL : sv_slice(raw, (size_t)gap + 4, raw.n);
	if (sv_starts(m->first, SV("SIP/2.0 "))) {
		m->status = (int)strtol(m->first.p + 8, NULL, 10);
		sv cseq = bench_msg_header(m, "CSeq", 0);
		(void)sv_cut(&cseq, ' ', &word);
		put_cstr(m->method, sizeof(m->method), sv_trim(cseq));
		return m->status >= 100;
	}
	sv first = m->first;
	(void)sv_cut(&first, ' ', &word);
	put_cstr(m->method, sizeof(m->method), word);
	return m->method[0] != 0;
}

/* "...;tag=abc;x" -> abc */
static sv tag_of(sv h)
{
	ptrdiff_t at = sv_find(h, SV("tag="));
	if (at < 0)
		return SV_NULL;
	sv rest = sv_slice(h, (size_t)at + 4, h.n), tag;
	(void)sv_cut(&rest, ';', &tag);
	(void)sv_cut(&tag, '>', &rest);
	return sv_trim(rest);
}

static void uri_of(sv h, char *out, size_t cap)
{
	ptrdiff_t a = sv_find_ch(h, '<');
	sv rest = a < 0 ? h : sv_slice(h, (size_t)a + 1, h.n), uri;
	(void)sv_cut(&rest, '>', &uri);
	put_cstr(out, cap, sv_trim(uri));
}

bool bench_sip_media(sv body, struct sockaddr_in *ret)
{
	sv line;
	char ip[32] = "127.0.0.1";
	int port = 0;
	while (sv_line(&body, &line)) {
		if (sv_starts(line, SV("c=IN IP4 ")))
			put_cstr(ip, sizeof(ip), sv_trim(sv_slice(line, 9, line.n)));
		if (sv_starts(line, SV("m=audio ")))
			port = (int)strtol(line.p + 8, NULL, 10);
	}
	if (port <= 0 || inet_pton(AF_INET, ip, &ret->sin_addr) != 1)
		return false;
	ret->sin_family = AF_INET;
	ret->sin_port = htons((uint16_t)port);
	return true;
}

static bool sdp(struct bench_phone *p, sv body)
{
	if (!bench_sip_media(body, &p->rtp))
		return false;
	p->rtp_known = true;
	return true;
}

/* ---- writing ---- */

static void send_to(struct bench *b, const struct sockaddr_in *to, const struct sb *m)
{
	(void)sendto(b->sip_fd, m->p, m->n, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void put_sdp(struct bench_phone *p, struct sb *out, const char *way)
{
	struct sb body;
	sb_init(&body, 1024);
	sb_fmt(&body,
	       "v=0\r\no=- %d %u IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	       "m=audio %d RTP/AVP 0 13 101\r\na=rtpmap:0 PCMU/8000\r\n"
	       "a=rtpmap:13 CN/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 "
	       "0-15\r\na=ptime:20\r\n"
	       "a=%s\r\n",
	       p->id, p->cseq + 1, p->port, way);
	sb_fmt(out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n", body.n);
	sb_put(out, sb_sv(&body));
	sb_done(&body);
}

static void head(struct bench_phone *p, struct sb *m, const char *method, unsigned cseq)
{
	struct bench *b = p->b;
	sb_fmt(m, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s;rport\r\n"
		  "Max-Forwards: 70\r\n",
	       method, p->remote_uri, b->sip_port, p->branch);
	if (p->incoming)
		sb_fmt(m, "From: %s;tag=%s\r\nTo: %s\r\n", p->their_to, p->tag, p->their_from);
	else
		sb_fmt(m, "From: <sip:%s@127.0.0.1:%d>;tag=%s\r\nTo: <sip:service@127.0.0.1:%d>%s%s"
			  "\r\n",
		       p->user, b->sip_port, p->tag, ntohs(b->target.sin_port),
		       p->remote_tag[0] ? ";tag=" : "", p->remote_tag);
	sb_fmt(m, "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:%s@127.0.0.1:%d>\r\n", p->call_id,
	       cseq, method, p->user, b->sip_port);
}

static void new_branch(struct bench_phone *p)
{
	(void)snprintf(p->branch, sizeof(p->branch), "%d-%016llx", p->id,
		       (unsigned long long)rng_u64(&p->b->rng));
}

static void request(struct bench_phone *p, const char *method, unsigned cseq, const char *way)
{
	struct sb m;
	sb_init(&m, DATAGRAM);
	head(p, &m, method, cseq);
	if (way) {
		sb_cstr(&m, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, REFER, "
			    "NOTIFY\r\n"
			    "User-Agent: bench\r\n");
		put_sdp(p, &m, way);
	} else {
		sb_cstr(&m, "Content-Length: 0\r\n\r\n");
	}
	send_to(p->b, &p->peer, &m);
	sb_done(&m);
}

void bench_sip_invite(struct bench_phone *p)
{
	new_branch(p);
	p->invite_cseq = p->cseq = 1;
	p->resend_us = bench_now_us() + RESEND_US;
	p->tries = 1;
	request(p, "INVITE", p->invite_cseq, "sendrecv");
}

void bench_sip_reinvite(struct bench_phone *p, bool hold)
{
	new_branch(p);
	p->invite_cseq = ++p->cseq;
	request(p, "INVITE", p->invite_cseq, hold ? "sendonly" : "sendrecv");
}

void bench_sip_bye(struct bench_phone *p)
{
	int64_t now = bench_now_us();
	if (p->state == PH_OVER)
		return;
	if (p->ua) {
		bench_ua_bye(p);
		return;
	}
	if (p->incoming && p->state != PH_UP)
		p->state = PH_OVER;
	else if (p->state == PH_UP) {
		new_branch(p);
		request(p, "BYE", ++p->cseq, NULL);
		p->state = PH_ENDING;
	} else if (p->state != PH_ENDING) {
		request(p, "CANCEL", p->invite_cseq, NULL);
		p->state = PH_ENDING;
	}
	p->ours_to_end = true;
	p->resend_us = now + RESEND_US;
	p->tries = 1;
}

void bench_sip_over(struct bench_phone *p, int status)
{
	p->state = PH_OVER;
	p->status = status;
	p->over_us = bench_now_us();
	p->resend_us = 0;
}

void bench_sip_tick(struct bench_phone *p, int64_t now)
{
	if (!p->resend_us || now < p->resend_us)
		return;
	if (p->ua) { /* the telephone repeats what it asked; this is its last moment */
		bench_sip_over(p, 408);
		return;
	}
	p->resend_us = now + RESEND_US;
	if (p->incoming && p->state == PH_RINGING)
		return;
	if (++p->tries > TRIES) {
		bench_sip_over(p, 408);
		return;
	}
	if (p->state == PH_CALLING)
		request(p, "INVITE", p->invite_cseq, "sendrecv");
	else if (p->state == PH_ENDING && p->up_us)
		request(p, "BYE", p->cseq, NULL);
	else
		p->resend_us = 0;
}

/* ---- answers to what we asked ---- */

static void ack(struct bench_phone *p, const struct bench_msg *m)
{
	char branch[sizeof(p->branch)];
	(void)snprintf(branch, sizeof(branch), "%s", p->branch);
	if (m->status < 300)
		new_branch(p);
	if (m->status >= 300)
		put_cstr(p->remote_tag, sizeof(p->remote_tag),
			 tag_of(bench_msg_header(m, "To", 't')));
	request(p, "ACK", p->invite_cseq, NULL);
	(void)snprintf(p->branch, sizeof(p->branch), "%s", branch);
}

static void accepted(struct bench_phone *p, const struct bench_msg *m)
{
	put_cstr(p->remote_tag, sizeof(p->remote_tag), tag_of(bench_msg_header(m, "To", 't')));
	sv contact = bench_msg_header(m, "Contact", 'm');
	if (contact.n)
		uri_of(contact, p->remote_uri, sizeof(p->remote_uri));
	(void)sdp(p, m->body);
	bool first = p->state == PH_CALLING || p->state == PH_RINGING;
	ack(p, m);
	if (first) {
		p->state = PH_UP;
		p->up_us = bench_now_us();
		p->resend_us = 0;
	} else if (p->state == PH_ENDING && !p->up_us) { /* crossed our CANCEL */
		p->up_us = bench_now_us();
		p->state = PH_UP;
		bench_sip_bye(p);
	}
}

static void refused(struct bench_phone *p, const struct bench_msg *m)
{
	sv after = bench_msg_header(m, "Retry-After", 0);
	ack(p, m);
	p->retry_after_s = after.n ? (int)strtol(after.p, NULL, 10) : 0;
	if (!p->up_us)
		bench_sip_over(p, m->status);
}

static void on_response(struct bench_phone *p, const struct bench_msg *m)
{
	if (strcmp(m->method, "INVITE") != 0) {
		if (strcmp(m->method, "BYE") == 0 && m->status >= 200)
			bench_sip_over(p, 200);
		return;
	}
	sv cseq = bench_msg_header(m, "CSeq", 0);
	if ((unsigned)strtoul(cseq.p, NULL, 10) != p->invite_cseq)
		return;
	if (m->status >= 300)
		refused(p, m);
	else if (m->status >= 200)
		accepted(p, m);
	else if (p->state == PH_CALLING && m->status > 100) {
		p->state = PH_RINGING;
		p->ring_us = bench_now_us();
		p->resend_us = 0;
	}
	if (m->status > 100 && m->status < 200 && m->body.n)
		p->early = sdp(p, m->body);
}

/* ---- what is asked of us ---- */

static void put_vias(const struct bench_msg *m, struct sb *out)
{
	sv rest = m->raw, line;
	(void)sv_line(&rest, &line);
	while (sv_line(&rest, &line) && line.n) {
		bool via = sv_starts(line, SV("Via:")) || sv_starts(line, SV("v:")) ||
			   sv_starts(line, SV("Record-Route:"));
		if (via)
			sb_fmt(out, SV_FMT "\r\n", SV_ARG(line));
	}
}

static void respond(struct bench *b, struct bench_phone *p, const struct bench_msg *m,
		    const struct sockaddr_in *to, int status, const char *way)
{
	struct sb r;
	sv to_h = bench_msg_header(m, "To", 't');
	sb_init(&r, DATAGRAM);
	sb_fmt(&r, "SIP/2.0 %d %s\r\n", status, web_status_text(status));
	put_vias(m, &r);
	sb_fmt(&r, "From: " SV_FMT "\r\nTo: " SV_FMT, SV_ARG(bench_msg_header(m, "From", 'f')),
	       SV_ARG(to_h));
	if (p && !tag_of(to_h).n)
		sb_fmt(&r, ";tag=%s", p->tag);
	sb_fmt(&r,
	       "\r\nCall-ID: " SV_FMT "\r\nCSeq: " SV_FMT
	       "\r\nContact: <sip:%s@127.0.0.1:%d>\r\n",
	       SV_ARG(bench_msg_header(m, "Call-ID", 'i')), SV_ARG(bench_msg_header(m, "CSeq", 0)),
	       p ? p->user : "bench", b->sip_port);
	if (p && way)
		put_sdp(p, &r, way);
	else
		sb_cstr(&r, "Content-Length: 0\r\n\r\n");
	send_to(b, to, &r);
	sb_done(&r);
}

/* A call from the server to a person. */
static void on_invite(struct bench *b, const struct bench_msg *m, const struct sockaddr_in *from)
{
	struct bench_phone *p = b->on_call ? bench_phone_incoming(b) : NULL;
	if (!p) {
		respond(b, NULL, m, from, 404, NULL);
		return;
	}
	put_cstr(p->call_id, sizeof(p->call_id), bench_msg_header(m, "Call-ID", 'i'));
	map_put(b->by_call, sv_of(p->call_id), p);
	p->peer = *from;
	put_cstr(p->their_from, sizeof(p->their_from), bench_msg_header(m, "From", 'f'));
	put_cstr(p->their_to, sizeof(p->their_to), bench_msg_header(m, "To", 't'));
	uri_of(bench_msg_header(m, "Contact", 'm'), p->remote_uri, sizeof(p->remote_uri));
	p->invites = 1;
	p->cseq = 100;
	(void)sdp(p, m->body);
	b->on_call(b, p);
	p->invite_raw = xstrdup(m->raw);
	p->ring_us = bench_now_us();
	respond(b, p, m, from, p->early_out ? 183 : 180, p->early_out ? "sendrecv" : NULL);
}

void bench_sip_answer(struct bench_phone *p, int status)
{
	struct bench_msg m;
	if (!p->invite_raw || !bench_msg_parse(&m, sv_of(p->invite_raw)))
		return;
	p->answer_us = bench_now_us();
	respond(p->b, p, &m, &p->peer, status, status < 300 ? "sendrecv" : NULL);
	if (status >= 300)
		bench_sip_over(p, status);
}

static void on_refer(struct bench_phone *p, const struct bench_msg *m,
		     const struct sockaddr_in *from)
{
	p->refers++;
	uri_of(bench_msg_header(m, "Refer-To", 'r'), p->refer_to, sizeof(p->refer_to));
	respond(p->b, p, m, from, 202, NULL);
	struct sb n;
	sb_init(&n, DATAGRAM);
	new_branch(p);
	head(p, &n, "NOTIFY", ++p->cseq);
	const char *frag = p->refer_refuse ? "SIP/2.0 486 Busy Here\r\n" : "SIP/2.0 200 OK\r\n";
	sb_fmt(&n, "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n"
		   "Content-Type: message/sipfrag\r\nContent-Length: %zu\r\n\r\n%s",
	       strlen(frag), frag);
	send_to(p->b, from, &n);
	sb_done(&n);
}

static void on_request(struct bench *b, struct bench_phone *p, const struct bench_msg *m,
		       const struct sockaddr_in *from)
{
	bool invite = strcmp(m->method, "INVITE") == 0;
	if (strcmp(m->method, "ACK") == 0) {
		if (p && p->incoming && p->state == PH_RINGING && p->answered) {
			p->state = PH_UP;
			p->up_us = bench_now_us();
		}
		return;
	}
	if (!p) {
		if (invite)
			on_invite(b, m, from);
		else
			respond(b, NULL, m, from, 481, NULL);
		return;
	}
	if (strcmp(m->method, "REFER") == 0) {
		on_refer(p, m, from);
		return;
	}
	if (invite && p->state == PH_RINGING)
		return; /* said again: our answer is on its way */
	if (invite && p->state == PH_UP) {
		p->offers++;
		p->held = sv_find(m->body, SV("a=sendonly")) >= 0 ||
			  sv_find(m->body, SV("a=inactive")) >= 0;
		(void)sdp(p, m->body);
	}
	respond(b, p, m, from, 200, invite ? (p->held ? "recvonly" : "sendrecv") : NULL);
	if (strcmp(m->method, "BYE") == 0) {
		p->got_bye = true;
		p->bye_us = bench_now_us();
		bench_sip_over(p, 200);
	} else if (strcmp(m->method, "CANCEL") == 0 && p->state == PH_RINGING) {
		p->cancelled = true;
		bench_sip_answer(p, 487);
	}
}

void bench_sip_ping(struct bench *b)
{
	struct sb m;
	unsigned n = (unsigned)rng_u64(&b->rng);
	int to = ntohs(b->target.sin_port);
	sb_init(&m, DATAGRAM);
	sb_fmt(&m,
	       "OPTIONS sip:service@127.0.0.1:%d SIP/2.0\r\n"
	       "Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKp%08x;rport\r\n"
	       "Max-Forwards: 70\r\nFrom: <sip:bench@127.0.0.1:%d>;tag=%08x\r\n"
	       "To: <sip:service@127.0.0.1:%d>\r\nCall-ID: " PING "%08x\r\nCSeq: 1 OPTIONS\r\n"
	       "Content-Length: 0\r\n\r\n",
	       to, b->sip_port, n, b->sip_port, n, to, n);
	send_to(b, &b->target, &m);
	sb_done(&m);
}

/* ---- the socket ---- */

static void on_packet(struct bench *b, sv raw, const struct sockaddr_in *from)
{
	struct bench_msg m;
	if (!bench_msg_parse(&m, raw) || bench_tap_packet(b, &m, from))
		return;
	if (m.status && sv_starts(bench_msg_header(&m, "Call-ID", 'i'), SV(PING)))
		b->target_up = true;
	struct bench_phone *p = map_get(b->by_call, bench_msg_header(&m, "Call-ID", 'i'));
	if (m.status) {
		if (p && !p->gone)
			on_response(p, &m);
	} else {
		on_request(b, p, &m, from);
	}
}

static void on_read(void *arg, int fd, unsigned events)
{
	char buf[DATAGRAM];
	struct sockaddr_in from;
	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);
		if (n <= 0)
			return;
		buf[n] = 0;
		on_packet(arg, sv_n(buf, (size_t)n), &from);
	}
}

int bench_sip_open(struct bench *b, struct err *e)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int big = 4 << 20;
	b->sip_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (b->sip_fd < 0 || bind(b->sip_fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(b->sip_fd, (struct sockaddr *)&a, &len))
		return err_set(e, ERR_NET, "no UDP socket: %s", strerror(errno));
	(void)setsockopt(b->sip_fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	b->sip_port = ntohs(a.sin_port);
	return loop_io_start(b->loop, &b->sip_io, b->sip_fd, LOOP_READ, on_read, b);
}

void bench_sip_close(struct bench *b)
{
	if (b->sip_fd <= 0)
		return;
	loop_io_stop(&b->sip_io);
	(void)close(b->sip_fd);
	b->sip_fd = 0;
}
