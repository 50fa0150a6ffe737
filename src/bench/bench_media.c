/* bench_media.c: the callers' sound: G.711 mu-law over RTP (RFC 3550), keys as RFC 4733 events,
 * a line as bad as wanted; what comes is stamped by the kernel and judged in blocks of 5 ms.
 *
 * The 20 ms clock has absolute deadlines. Our silence is not digital silence: the lowest bits
 * carry who we are and which frame this is (bench_mark_put, -72 dBFS), so that the fake
 * recogniser knows whose sound it gets and what of it. */
#include "bench_int.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	FRAME_US = 20000,
	BLOCK = 40,            /* 5 ms */
	RUN_GAP_US = 60000,    /* less silence does not end what is loud */
	HEARD_MAX = PCM_HZ * 900,
	ECHO_RING = 1 << 14,
	PT_KEY = 101,
	PT_COMFORT = 13,       /* RFC 3389 */
	COMFORT_EVERY = 10,    /* frames */
	KEY_END = 3,
	LATE_US = 200000,
	MARK_MAGIC = 0xB5C3,
};
#define LOUD_RMS 120.0         /* -48.7 dBFS */

int64_t bench_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- marks ---- */

void bench_mark_put(int16_t s[PCM_FRAME], unsigned id, unsigned frame)
{
	uint64_t bits = (uint64_t)MARK_MAGIC << 48 | (uint64_t)(id & 0xFFFF) << 32 |
			(uint64_t)(frame & 0xFFFF) << 16 |
			((id ^ frame ^ 0x5A5A) & 0xFFFF);
	for (int i = 0; i < PCM_FRAME; i++) {
		int v = i < 64 ? (bits >> (63 - i) & 1 ? 8 : -8) : (i * 7 + i / 9) % 3 * 8 - 8;
		s[i] = (int16_t)v;
	}
}

bool bench_mark_find(struct bench_mark *m, int16_t s, unsigned *id, unsigned *frame)
{
	if (s != 8 && s != -8) {
		m->n = 0;
		return false;
	}
	m->bits = m->bits << 1 | (s > 0);
	if (++m->n < 64 || m->bits >> 48 != MARK_MAGIC)
		return false;
	*id = m->bits >> 32 & 0xFFFF;
	*frame = m->bits >> 16 & 0xFFFF;
	return ((*id ^ *frame ^ 0x5A5A) & 0xFFFF) == (m->bits & 0xFFFF);
}

/* ---- what is heard ---- */

static void loud_block(struct bench_phone *p, int64_t at)
{
	struct bench_run *r = p->runs.n ? &p->runs.v[p->runs.n - 1] : NULL;
	if (r && at - r->to_us < RUN_GAP_US) {
		r->to_us = at + 5000;
		return;
	}
	r = VEC_PUSH(&p->runs, 1000000);
	if (r)
		*r = (struct bench_run){ at, at + 5000 };
}

static bool loud(const int16_t *s)
{
	double sum = 0;
	for (int i = 0; i < BLOCK; i++)
		sum += (double)s[i] * s[i];
	return sum > LOUD_RMS * LOUD_RMS * BLOCK;
}

double bench_loud_ms(const int16_t *s, size_t n)
{
	size_t k = 0;
	for (size_t i = 0; i + BLOCK <= n; i += BLOCK)
		k += loud(s + i);
	return (double)k * 5;
}

static void echo_in(struct bench_phone *p, const int16_t *s, size_t n)
{
	for (size_t i = 0; p->echo && i < n; i++)
		p->echo[p->echo_in++ % ECHO_RING] = s[i];
}

static void keep(struct bench_phone *p, const int16_t *s, size_t n, int64_t at, uint32_t ts)
{
	struct bench_rx *r = p->heard.n + n < HEARD_MAX ? VEC_PUSH(&p->rx, HEARD_MAX / 80) : NULL;
	if (!r)
		return;
	*r = (struct bench_rx){ at, ts, (uint32_t)p->heard.n };
	for (size_t i = 0; i < n; i++)
		*VEC_PUSH(&p->heard, HEARD_MAX) = s[i];
}

static void on_rtp(struct bench_phone *p, const uint8_t *d, size_t n, int64_t at)
{
	int16_t s[960];
	if (n < 12 || d[0] >> 6 != 2 || (d[1] & 127) != 0 || n - 12 > 960) {
		p->bad += n >= 2 && (d[1] & 127) != PT_KEY && (d[1] < 200 || d[1] > 207);
		return;
	}
	uint16_t seq = (uint16_t)(d[2] << 8 | d[3]);
	uint32_t ts = (uint32_t)d[4] << 24 | (uint32_t)d[5] << 16 | (uint32_t)d[6] << 8 | d[7];
	uint32_t ssrc = (uint32_t)d[8] << 24 | (uint32_t)d[9] << 16 | (uint32_t)d[10] << 8 | d[11];
	if (p->packets && ssrc == p->rx_ssrc && (uint16_t)(seq - p->rx_seq) > 1)
		p->lost += (uint16_t)(seq - p->rx_seq - 1) < 1000 ?
				   (uint16_t)(seq - p->rx_seq - 1) :
				   0;
	if (p->packets && p->last_rx_us && p->b->on_gap)
		p->b->on_gap(p, at - p->last_rx_us, ts - p->rx_ts);
	p->rx_seq = seq;
	p->rx_ts = ts;
	p->rx_ssrc = ssrc;
	p->packets++;
	p->last_rx_us = at;
	if (!p->first_rx_us)
		p->first_rx_us = at;
	pcm_ulaw_decode(d + 12, n - 12, s);
	for (size_t i = 0; i + BLOCK <= n - 12; i += BLOCK)
		if (loud(s + i))
			loud_block(p, at + (int64_t)i * 125);
	echo_in(p, s, n - 12);
	if (p->kept)
		keep(p, s, n - 12, at, ts);
}

ssize_t bench_recv(int fd, uint8_t *d, size_t cap, int64_t *ret_us)
{
	char ctl[128];
	struct iovec io = { d, cap };
	struct msghdr h = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = ctl,
			    .msg_controllen = sizeof(ctl) };
	ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT);
	if (n <= 0)
		return n;
	*ret_us = bench_now_us();
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		struct timespec t;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		*ret_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	}
	return n;
}

static void on_read(void *arg, int fd, unsigned events)
{
	struct bench_phone *p = arg;
	uint8_t d[2048];
	int64_t at;
	ssize_t n;
	while ((n = bench_recv(fd, d, sizeof(d), &at)) > 0) {
		if (p->ua)
			bench_tap_down(p, d, (size_t)n);
		on_rtp(p, d, (size_t)n, at);
	}
}

int bench_media_socket(int *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &len)) {
		(void)close(fd);
		return -1;
	}
	*ret_port = ntohs(a.sin_port);
	return fd;
}

int bench_media_open(struct bench_phone *p)
{
	p->fd = bench_media_socket(&p->port);
	if (p->fd < 0)
		return ERR_FULL;
	return loop_io_start(p->b->loop, &p->io, p->fd, LOOP_READ, on_read, p);
}

void bench_media_close(struct bench_phone *p)
{
	if (p->fd <= 0)
		return;
	loop_io_stop(&p->io);
	(void)close(p->fd);
	p->fd = 0;
}

int bench_media_move(struct bench_phone *p)
{
	bench_media_close(p);
	return bench_media_open(p);
}

/* ---- what is said ---- */

/* What came echo_ms ago, so much softer. True when there was anything loud. */
static bool add_echo(struct bench_phone *p, int16_t out[PCM_FRAME])
{
	uint64_t lag = (uint64_t)p->echo_ms * 8;
	if (!p->echo || p->echo_in < lag + PCM_FRAME)
		return false;
	if (p->echo_out + lag + ECHO_RING / 2 < p->echo_in || p->echo_out + lag > p->echo_in)
		p->echo_out = p->echo_in - lag - PCM_FRAME;
	double k = pow(10, p->echo_db / 20);
	bool any = false;
	for (int i = 0; i < PCM_FRAME && p->echo_out < p->echo_in; i++) {
		int v = (int)(p->echo[p->echo_out++ % ECHO_RING] * k);
		any |= v > 40 || v < -40;
		v += out[i];
		out[i] = (int16_t)(v > 32000 ? 32000 : v < -32000 ? -32000 : v);
	}
	return any;
}

static void add_clip(struct bench_phone *p, int16_t out[PCM_FRAME], int64_t now)
{
	const struct bench_clip *c = p->clip;
	size_t from = p->clip_at, n = c->n - from < PCM_FRAME ? c->n - from : PCM_FRAME;
	memcpy(out, c->s + from, n * sizeof(*out));
	if (p->clip_db < 0 || p->clip_db > 0)
		pcm_gain(out, n, p->clip_db);
	/* a frame leaves when it is full: its first sample is 20 ms old */
	if (from <= c->loud_from && c->loud_from < from + PCM_FRAME)
		p->said_from_us = now - FRAME_US + (int64_t)(c->loud_from - from) * 125;
	if (from < c->loud_to && c->loud_to <= from + PCM_FRAME)
		p->said_to_us = now - FRAME_US + (int64_t)(c->loud_to - from) * 125;
	p->clip_at += n;
	if (p->clip_at >= c->n)
		p->clip = NULL;
}

/* The next frame; false: digital silence that nobody needs to see. */
bool bench_media_frame(struct bench_phone *p, int16_t out[PCM_FRAME])
{
	bool spoke = p->clip != NULL;
	memset(out, 0, PCM_FRAME * sizeof(*out));
	if (spoke)
		add_clip(p, out, bench_now_us());
	p->echoing = p->echo && add_echo(p, out);
	if (!spoke && !p->echoing && !p->silent_codec) {
		memset(out, 0, PCM_FRAME * sizeof(*out));
		bench_mark_put(out, (unsigned)p->id, (unsigned)(p->sent / PCM_FRAME));
	}
	return spoke;
}

/* ---- packets ---- */

static void put32(uint8_t *d, uint32_t v)
{
	d[0] = (uint8_t)(v >> 24);
	d[1] = (uint8_t)(v >> 16);
	d[2] = (uint8_t)(v >> 8);
	d[3] = (uint8_t)v;
}

static void dispatch(struct bench_phone *p, const uint8_t *d, size_t n)
{
	(void)sendto(p->fd, d, n, 0, (struct sockaddr *)&p->rtp, sizeof(p->rtp));
}

bool bench_line_send(struct bench_phone *p, const uint8_t *d, size_t n)
{
	struct bench *b = p->b;
	bool lost = p->line.loss > 0 && rng_unit(&b->rng) < p->line.loss;
	if (p->mute || !p->rtp_known || lost)
		return false;
	bool late = p->line.jitter_ms || (p->line.reorder && rng_below(&b->rng, 10) == 0);
	struct bench_late *x =
		late && n <= sizeof(p->late.v->p) ? VEC_PUSH(&p->late, 64) : NULL;
	if (!x) {
		dispatch(p, d, n);
		return true;
	}
	int ms = p->line.jitter_ms ? (int)rng_below(&b->rng, (uint64_t)p->line.jitter_ms) : 30;
	x->due_us = bench_now_us() + ms * 1000;
	x->n = (uint16_t)n;
	memcpy(x->p, d, n);
	return true;
}

static bool packet(struct bench_phone *p, int pt, bool marker, uint32_t ts, const uint8_t *body,
		   size_t n)
{
	uint8_t d[200];
	d[0] = 0x80;
	d[1] = (uint8_t)(pt | (marker ? 128 : 0));
	d[2] = (uint8_t)(p->seq >> 8);
	d[3] = (uint8_t)p->seq++;
	put32(d + 4, ts);
	put32(d + 8, p->ssrc);
	memcpy(d + 12, body, n);
	return bench_line_send(p, d, n + 12);
}

static void flush_late(struct bench_phone *p, int64_t now)
{
	for (size_t i = 0; i < p->late.n;) {
		if (p->late.v[i].due_us > now) {
			i++;
			continue;
		}
		dispatch(p, p->late.v[i].p, p->late.v[i].n);
		p->late.v[i] = p->late.v[--p->late.n];
	}
}

/* One packet of the key that is pressed (RFC 4733): the timestamp stays, the duration grows, the
 * end is sent three times. Of each key one packet at least comes through: a key that is lost whole
 * (0.8 % of those of 40 ms at 30 % loss) nobody could know. */
static void send_key(struct bench_phone *p)
{
	static const char names[] = "0123456789*#ABCD";
	const struct bench_key *k = &p->keys.v[p->key_at];
	const char *at = strchr(names, k->digit);
	bool first = p->key_ms == 0;
	if (first)
		p->key_ts = p->ts;
	p->key_ms += 20;
	bool end = p->key_ms >= k->ms;
	uint32_t long_ = (uint32_t)(p->key_ms < k->ms ? p->key_ms : k->ms) * 8;
	uint8_t body[4] = { (uint8_t)(at ? at - names : 0), (uint8_t)(10 | (end ? 128 : 0)),
			    (uint8_t)(long_ >> 8), (uint8_t)long_ };
	p->key_came &= !first;
	p->key_came |= packet(p, PT_KEY, first && !k->no_marker, p->key_ts, body, 4);
	if (!end)
		return;
	double loss = p->line.loss;
	for (int i = 1; i < KEY_END; i++) {
		p->line.loss = p->key_came || i + 1 < KEY_END ? loss : 0;
		p->key_came |= packet(p, PT_KEY, false, p->key_ts, body, 4);
	}
	p->line.loss = loss;
	p->key_at++;
	p->key_ms = -k->gap_ms;
}

static void send_frame(struct bench_phone *p)
{
	int16_t s[PCM_FRAME];
	uint8_t law[PCM_FRAME];
	bool key = p->key_at < p->keys.n && p->key_ms >= 0;
	bool spoke = bench_media_frame(p, s);
	if (p->key_ms < 0)
		p->key_ms = p->key_ms + 20 > 0 ? 0 : p->key_ms + 20;
	if (key) {
		send_key(p);
	} else if (p->comfort && !spoke) {
		static const uint8_t level = 70; /* -70 dBov */
		if (p->sent / PCM_FRAME % COMFORT_EVERY == 0)
			(void)packet(p, PT_COMFORT, false, p->ts, &level, 1);
	} else {
		pcm_ulaw_encode(s, PCM_FRAME, law);
		(void)packet(p, 0, p->sent == 0, p->ts, law, PCM_FRAME);
	}
	p->ts += PCM_FRAME;
	p->sent += PCM_FRAME;
}

void bench_media_tick(struct bench_phone *p, int64_t now)
{
	flush_late(p, now);
	if (p->ua) {
		bench_ua_tick(p, now);
		return;
	}
	bool sounds = p->state == PH_UP || (p->early_out && p->state == PH_RINGING);
	if (!sounds || !p->rtp_known)
		return;
	if (!p->next_us || now - p->next_us > LATE_US)
		p->next_us = now;
	while (p->next_us <= now) {
		send_frame(p);
		p->next_us += FRAME_US;
	}
}
