/* chan_asock.c: AudioSocket connections: greeted on one loop, served on the shard of their
 * conversation.
 *
 * The greeting loop accepts, looks at the address and waits for the UUID, five seconds at most,
 * and for the first sound, which tells the rate; without any within 200 ms it is 8 kHz. Then a
 * place is picked and the connection moves there, with what it has received, by mailbox: on a
 * shard there is no connection without a conversation, whose end is its end. A call that we end
 * tells the far side and goes back to the greeting loop, which waits until the far side has
 * closed too: an early close would reset the connection, and the reset may overtake our word.
 *
 * The chan_asock is counted: each call holds it. A call belongs to the greeting loop's thread
 * while it is in the list, then to its shard's; between them to the message under way. It is
 * counted too, for callbacks that it does not survive. */
#include "chan_asock.h"
#include "pcm.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum {
	GREET_MS = 5000,             /* for the UUID */
	GREET_MAX = 64,              /* connections that wait, with those that end */
	RATE_MS = 200,               /* for the first sound */
	LINGER_MS = 2000,
	LATE_FRAMES = 10,            /* unsent: the far side does not read, frames are dropped */
	STUCK_FRAMES = 250,          /* and after so many in a row the call is over */
	SEND_BUF = 16 << 10,         /* of the kernel: what is there cannot be taken back */
};

struct chan_asock {
	struct chan_asock_opts o;
	char data_dir[4096], language[8];
	struct io_tcp_srv *srv;
	int port;
	struct asock_call *first;    /* the greeting loop's */
	int n_waiting;
	_Atomic int active;
	_Atomic bool draining, down;
};

struct asock_call {
	struct chan_asock *a;
	struct io_tcp *c;
	struct loop_timer timer;
	struct chan_place place;
	struct chan_line *line;
	struct asock_call *next, *prev;  /* on the greeting loop */
	char from[IO_ADDR_STR], uuid[CHAN_ASOCK_UUID_STR], id[27], interaction[27];
	bool named;                  /* its UUID came */
	bool over;                   /* nothing that comes counts any more */
	int hz;                      /* of its first sound */
	int dropped;                 /* frames in a row */
};

static void note(const struct asock_call *k, const char *what)
{
	if (k->a->o.note)
		k->a->o.note(k->a->o.arg, k->from, what);
}

static void call_done(void *obj)
{
	struct asock_call *k = obj;
	obj_unref(k->a);
}

/* Once. */
static void call_free(struct asock_call *k)
{
	k->over = true;
	loop_timer_stop(&k->timer);
	chan_line_free(k->line);
	k->line = NULL;
	io_tcp_close(k->c);
	k->c = NULL;
	obj_unref(k);
}

static void say_hangup(struct asock_call *k)
{
	unsigned char m[CHAN_ASOCK_HEAD];
	size_t n = chan_asock_put(CHAN_ASOCK_HANGUP, SV_NULL, m, sizeof(m));
	(void)io_tcp_send(k->c, sv_n((char *)m, n));
	io_tcp_shutdown(k->c);
}

static const char *bad_text(int rc)
{
	return rc == ERR_TOOBIG ? "a message is too long" : "this is not AudioSocket";
}

/* ---- the greeting loop ---- */

static void link_call(struct asock_call *k)
{
	struct chan_asock *a = k->a;
	k->prev = NULL;
	k->next = a->first;
	if (a->first)
		a->first->prev = k;
	a->first = k;
	a->n_waiting++;
}

static void unlink_call(struct asock_call *k)
{
	struct chan_asock *a = k->a;
	if (k->prev)
		k->prev->next = k->next;
	else
		a->first = k->next;
	if (k->next)
		k->next->prev = k->prev;
	a->n_waiting--;
}

static void drop(struct asock_call *k, const char *why)
{
	if (why)
		note(k, why);
	unlink_call(k);
	call_free(k);
}

static void on_drop(void *arg)
{
	struct asock_call *k = arg;
	drop(k, k->over ? NULL : "no UUID came");
}

static size_t discard(void *arg, sv bytes)
{
	return bytes.n;
}

static void linger_end(void *arg, int why)
{
	drop(arg, NULL);
}

/* Our last word is said: until the far side closes. */
static void linger(void *arg)
{
	static const struct io_tcp_opts how = { .on_bytes = discard, .on_end = linger_end };
	struct asock_call *k = arg;
	struct io_tcp_opts o = how;
	struct chan_asock *a = k->a;
	k->over = true;
	o.arg = k;
	if (a->down || a->n_waiting >= GREET_MAX) {
		call_free(k);
		return;
	}
	link_call(k);
	loop_after(a->o.loop, &k->timer, LINGER_MS, on_drop, k);
	if (io_tcp_attach(k->c, a->o.loop, &o))
		drop(k, NULL);
}

static void refuse(struct asock_call *k, const char *why)
{
	metric_inc(M_ASOCK_REFUSED);
	note(k, why);
	say_hangup(k);
	linger(k);
}

static void take_call(void *arg);

/* Its UUID and rate are known, what came behind waits in the connection. */
static void hand_over(void *arg)
{
	struct asock_call *k = arg;
	struct chan_asock *a = k->a;
	io_tcp_detach(k->c);
	unlink_call(k);
	metric_inc(M_ASOCK_TOTAL);
	if (a->draining || a->active >= a->o.max_calls || a->o.pick(a->o.arg, &k->place)) {
		refuse(k, a->draining ? "refused: we are closing" :
					"refused: too many calls");
		return;
	}
	a->active++;
	metric_add(M_ASOCK_ACTIVE, 1);
	if (mbox_post(k->place.box, take_call, k) == 0)
		return;
	a->active--;
	metric_add(M_ASOCK_ACTIVE, -1);
	refuse(k, "refused: the shard is busy");
}

/* What follows the UUID is only looked at. */
static void greet_rate(struct asock_call *k, sv rest)
{
	int hz = rest.n ? chan_asock_hz((uint8_t)rest.p[0]) : 0;
	k->hz = hz ? hz : PCM_HZ;
	loop_after(k->a->o.loop, &k->timer, rest.n ? 0 : RATE_MS, hand_over, k);
}

static size_t greet_bytes(void *arg, sv bytes)
{
	struct asock_call *k = arg;
	struct chan_asock_msg m;
	sv rest = bytes;
	int rc = k->named ? 1 : chan_asock_next(&rest, &m);
	if (rc == 0)
		return 0;
	if (rc < 0 || (!k->named && m.kind != CHAN_ASOCK_UUID)) {
		drop(k, rc < 0 ? bad_text(rc) :
		     m.kind == CHAN_ASOCK_HANGUP ? NULL : "it does not begin with a UUID");
		return 0;
	}
	if (!k->named)
		chan_asock_uuid_str(m.body, k->uuid);
	k->named = true;
	greet_rate(k, rest);
	return bytes.n - rest.n;
}

static void greet_end(void *arg, int why)
{
	drop(arg, NULL);
}

static bool allowed(const struct chan_asock *a, const struct sockaddr_in *from)
{
	return io_net_has(a->o.allow, a->o.n_allow, from);
}

static void on_conn(void *arg, struct io_tcp *c, const struct sockaddr_in *from)
{
	struct chan_asock *a = arg;
	struct asock_call *k = obj_new(sizeof(*k), call_done);
	k->a = obj_ref(a);
	k->c = c;
	io_addr_str(from, k->from);
	if (!allowed(a, from) || a->n_waiting >= GREET_MAX) {
		metric_inc(M_ASOCK_REFUSED);
		note(k, allowed(a, from) ? "refused: too many connections wait" :
					   "refused: the address is not allowed");
		call_free(k);
		return;
	}
	link_call(k);
	loop_after(a->o.loop, &k->timer, a->o.greet_ms, on_drop, k);
	struct io_tcp_opts o = {
		.on_bytes = greet_bytes, .on_end = greet_end, .arg = k, .send_buf = SEND_BUF
	};
	if (io_tcp_attach(c, a->o.loop, &o))
		drop(k, "the connection cannot be watched");
}

/* ---- the shard ---- */

static void uncount(struct asock_call *k)
{
	k->a->active--;
	metric_add(M_ASOCK_ACTIVE, -1);
}

/* The far side is gone, or worth no farewell. */
static void finish(struct asock_call *k, enum chan_close_by by)
{
	if (k->line)
		chan_line_gone(k->line, by);
	uncount(k);
	call_free(k);
}

/* We end it. */
static void farewell(struct asock_call *k)
{
	uncount(k);
	say_hangup(k);
	chan_line_free(k->line);
	k->line = NULL;
	io_tcp_detach(k->c);
	if (k->a->down || mbox_post(k->a->o.box, linger, k))
		call_free(k);
}

/* From a timer, or because the shard ends. */
static void line_end(void *arg, enum chan_close_by by)
{
	struct asock_call *k = arg;
	if (by == CHAN_BY_TIMEOUT)
		note(k, "no sound came for too long");
	if (by != CHAN_BY_SYSTEM) {
		farewell(k);
		return;
	}
	say_hangup(k);               /* the shard ends: its loop runs no more */
	uncount(k);
	call_free(k);
}

static void line_frame(void *arg, const int16_t *s, size_t n, int hz)
{
	struct asock_call *k = arg;
	unsigned char m[CHAN_ASOCK_HEAD + 2 * (CHAN_LINE_HZ_MAX / 50)];
	char le[2 * (CHAN_LINE_HZ_MAX / 50)];
	for (size_t i = 0; i < n; i++) {
		le[2 * i] = (char)(s[i] & 0xff);
		le[2 * i + 1] = (char)(s[i] >> 8);
	}
	size_t len = chan_asock_put(chan_asock_kind_of(hz), sv_n(le, 2 * n), m, sizeof(m));
	bool late = io_tcp_queued(k->c) > LATE_FRAMES * len;
	if (late || io_tcp_send(k->c, sv_n((char *)m, len)) == ERR_FULL)
		k->dropped++;
	else
		k->dropped = 0;
}

static int open_line(struct asock_call *k)
{
	struct chan_asock *a = k->a;
	struct chan_line_opts o = {
		.place = k->place,
		.data_dir = a->data_dir[0] ? a->data_dir : NULL,
		.hz = k->hz,
		.silent_ms = a->o.silent_ms,
		.steady = true,
		.on_frame = line_frame,
		.on_end = line_end,
		.arg = k,
		.info = { .channel = "phone",
			  .way = SV("audiosocket"),
			  .ref = sv_of(k->uuid),
			  .language = sv_of(a->language),
			  .id = sv_of(k->id),
			  .interaction_id = sv_of(k->interaction) },
	};
	id_new(k->id);
	id_new(k->interaction);
	int rc = chan_line_open(&k->line, &o);
	if (rc)
		k->line = NULL;
	return rc;
}

static void hear(struct asock_call *k, sv body, int hz)
{
	int16_t s[CHAN_ASOCK_BODY / 2];
	const unsigned char *p = (const unsigned char *)body.p;
	size_t n = body.n / 2;
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)(p[2 * i] | p[2 * i + 1] << 8);
	chan_line_rx(k->line, s, n, hz);
}

static void call_msg(struct asock_call *k, const struct chan_asock_msg *m)
{
	int hz = chan_asock_hz(m->kind);
	if (hz)
		hear(k, m->body, hz);
	if (m->kind == CHAN_ASOCK_DTMF && pcm_dtmf_ok(m->body.p[0]))
		chan_line_key(k->line, m->body.p[0]);
	if (m->kind == CHAN_ASOCK_ERROR)
		note(k, "the far side reports an error");
	if (m->kind == CHAN_ASOCK_ERROR || m->kind == CHAN_ASOCK_HANGUP)
		finish(k, CHAN_BY_CUSTOMER);
}

static size_t call_bytes(void *arg, sv bytes)
{
	struct asock_call *k = obj_ref(arg);
	struct chan_asock_msg m;
	sv rest = bytes;
	int rc = 0;
	while (!k->over && (rc = chan_asock_next(&rest, &m)) == 1)
		call_msg(k, &m);
	if (!k->over && (rc < 0 || k->dropped >= STUCK_FRAMES)) {
		note(k, rc < 0 ? bad_text(rc) : "the far side does not read");
		finish(k, CHAN_BY_CUSTOMER);
	}
	obj_unref(k);
	return bytes.n - rest.n;
}

static void call_end(void *arg, int why)
{
	struct asock_call *k = arg;
	if (why != ERR_CLOSED)
		note(k, err_text(why));
	finish(k, CHAN_BY_CUSTOMER);
}

static void take_call(void *arg)
{
	struct asock_call *k = arg;
	struct io_tcp_opts o = {
		.on_bytes = call_bytes, .on_end = call_end, .arg = k, .send_buf = SEND_BUF
	};
	if (k->a->down) {
		finish(k, CHAN_BY_SYSTEM);
	} else if (open_line(k)) {
		metric_inc(M_ASOCK_REFUSED);
		note(k, "refused: no conversation could be opened");
		farewell(k);
	} else if (io_tcp_attach(k->c, k->place.loop, &o)) {
		note(k, "the connection cannot be watched");
		finish(k, CHAN_BY_CUSTOMER);
	}
}

/* ---- up and down ---- */

static void listen_here(void *arg)
{
	struct chan_asock *a = arg;
	if (!a->srv || io_tcp_srv_attach(a->srv, a->o.loop, on_conn, a) == 0)
		return;
	io_tcp_srv_close(a->srv);
	a->srv = NULL;
	if (a->o.note)
		a->o.note(a->o.arg, "-", "the listener cannot be watched");
}

static void stop_here(void *arg)
{
	struct chan_asock *a = arg;
	io_tcp_srv_close(a->srv);
	a->srv = NULL;
	while (a->first) {
		say_hangup(a->first);
		drop(a->first, NULL);
	}
	obj_unref(a);
}

int chan_asock_open(struct chan_asock **ret, const struct chan_asock_opts *o, struct err *e)
{
	struct chan_asock *a = obj_new(sizeof(*a), NULL);
	a->o = *o;
	snprintf(a->data_dir, sizeof(a->data_dir), "%s", o->data_dir ? o->data_dir : "");
	snprintf(a->language, sizeof(a->language), "%s", o->language ? o->language : "");
	if (a->o.greet_ms <= 0)
		a->o.greet_ms = GREET_MS;
	if (a->o.n_allow == 0)
		a->o.allow[a->o.n_allow++] = (struct io_net){ 127u << 24, 0xffu << 24 };
	int rc = io_tcp_listen(&a->srv, o->ip, o->port);
	if (rc) {
		obj_unref(a);
		return err_set(e, rc, "AudioSocket cannot listen on %s:%d: %s", o->ip, o->port,
			       rc == ERR_BUSY ? "the port is taken" : err_text(rc));
	}
	a->port = io_tcp_srv_port(a->srv);
	rc = mbox_post(o->box, listen_here, a);
	if (rc) {
		io_tcp_srv_close(a->srv);
		obj_unref(a);
		return err_set(e, rc, "AudioSocket: the shard is busy");
	}
	*ret = a;
	return 0;
}

int chan_asock_port(const struct chan_asock *a)
{
	return a->port;
}

int chan_asock_calls(const struct chan_asock *a)
{
	return a->active;
}

void chan_asock_drain(struct chan_asock *a)
{
	if (a)
		a->draining = true;
}

void chan_asock_stop(struct chan_asock *a)
{
	const struct timespec pause = { 0, 1000000 };
	if (!a || a->down)
		return;
	a->draining = true;
	a->down = true;
	obj_ref(a);
	while (mbox_post(a->o.box, stop_here, a) == ERR_FULL)
		nanosleep(&pause, NULL);
}

void chan_asock_close(struct chan_asock *a)
{
	obj_unref(a);
}
