/* chan_media.c: browser voice: the shard keeps the 20 ms clock, the door passes bytes.
 *
 * What the microphone sends is queued (a second at most, the oldest goes first) and taken one
 * whole frame a tick; if the queue never fell below 80 ms for a second, a burst left it that
 * long, and the surplus goes: delay does not stay. What is to be heard goes out one frame a
 * tick, silence is not sent. One counted object: the door's reference, the shard's while the
 * voice lives, one for each message under way. Each half of the struct belongs to one thread;
 * the fixed part is written before the first message and never again. */
#include "chan_media.h"

#include <stdio.h>

#define RATE 16000
#define FRAME 320
#define QUEUE_MAX RATE               /* samples: one second */
#define SLACK (4 * FRAME)            /* more than this for a second is surplus */
#define SLACK_TICKS 50

struct chan_media {
	/* fixed */
	struct mbox *door;
	struct chan_place place;
	char data_dir[4096], id[27], interaction[27], language[8], name[128];
	const char *channel;
	bool (*pull)(void *arg, int16_t *frame);
	void *pull_arg;
	/* the shard's */
	struct chan_voice *voice;
	struct loop_timer tick;
	int64_t next_us;
	int16_t queue[QUEUE_MAX];
	size_t n, least;             /* waiting; the least of the last second */
	int ticks;
	/* the door's */
	struct chan_media_cb cb;
	void *arg;
	bool gone;
	uint8_t odd;                 /* half a sample left from the last chunk */
	bool has_odd;
};

enum up_kind { UP_AUDIO, UP_TEXT, UP_CLOSED };
struct up {
	struct chan_media *m;
	enum up_kind kind;
	size_t n;
	char bytes[];
};
struct down {
	struct chan_media *m;
	char digit;
	size_t n;
	int16_t s[];
};

static void door_got(void *arg)
{
	struct up *u = arg;
	struct chan_media *m = u->m;
	if (!m->gone && u->kind == UP_AUDIO)
		m->cb.on_audio(m->arg, sv_n(u->bytes, u->n));
	else if (!m->gone && u->kind == UP_TEXT)
		m->cb.on_text(m->arg, sv_n(u->bytes, u->n));
	else if (!m->gone)
		m->cb.on_closed(m->arg);
	xfree(u);
	obj_unref(m);
}

static void post_up(struct chan_media *m, enum up_kind kind, sv bytes)
{
	struct up *u = xalloc(sizeof(*u) + bytes.n + 1);
	*u = (struct up){ .m = obj_ref(m), .kind = kind, .n = bytes.n };
	if (bytes.n)
		memcpy(u->bytes, bytes.p, bytes.n);
	if (mbox_post(m->door, door_got, u)) {
		obj_unref(m);
		xfree(u);
	}
}

static void post_frame(struct chan_media *m, const char *head, sv body, const char *tail)
{
	struct sb b;
	sb_init(&b, LIM_WS_MSG);
	sb_cstr(&b, head);
	sb_put(&b, body);
	sb_cstr(&b, tail);
	post_up(m, UP_TEXT, sb_sv(&b));
	sb_done(&b);
}

/* ---- the shard ---- */

static void on_event(void *arg, sv json)
{
	post_frame(arg, "{\"type\":\"event\",\"data\":", json, "}");
}

static void on_partial(void *arg, sv text)
{
	struct sb b;
	sb_init(&b, LIM_WS_MSG);
	sb_json(&b, text);
	post_frame(arg, "{\"type\":\"partial\",\"data\":{\"text\":", sb_sv(&b), "}}");
	sb_done(&b);
}

static void on_flush(void *arg)
{
	post_up(arg, UP_TEXT, SV("{\"type\":\"flush\"}"));
}

static void voice_end(struct chan_media *m)
{
	if (!m->voice)
		return;
	loop_timer_stop(&m->tick);
	chan_voice_free(m->voice);
	m->voice = NULL;
	post_up(m, UP_CLOSED, SV_NULL);
	obj_unref(m);
}

/* The voice allows to be freed from here. */
static void on_hangup(void *arg, enum chan_close_by by)
{
	voice_end(arg);
}

static void drop_oldest(struct chan_media *m, size_t n)
{
	m->n -= n;
	memmove(m->queue, m->queue + n, m->n * sizeof(m->queue[0]));
}

static void trim_queue(struct chan_media *m)
{
	if (m->ticks == 0 || m->n < m->least)
		m->least = m->n;
	if (++m->ticks < SLACK_TICKS)
		return;
	if (m->least > SLACK)
		drop_oldest(m, m->least - FRAME);
	m->ticks = 0;
}

static void take_frame(struct chan_media *m, int16_t *in)
{
	if (m->pull) {
		m->pull(m->pull_arg, in);
		return;
	}
	trim_queue(m);
	if (m->n >= FRAME) {
		memcpy(in, m->queue, sizeof(*in) * FRAME);
		drop_oldest(m, FRAME);
	}
}

static void on_tick(void *arg)
{
	struct chan_media *m = obj_ref(arg);
	int16_t in[FRAME] = { 0 }, out[FRAME];
	int64_t now = loop_now_us(m->place.loop), slot = m->next_us;
	m->next_us += 20000;
	if (now - m->next_us > 60000)    /* never race to catch up more than three frames */
		m->next_us = now;
	loop_at_us(m->place.loop, &m->tick, m->next_us, on_tick, m);
	take_frame(m, in);
	if (chan_voice_tx(m->voice, out) > 0)
		post_up(m, UP_AUDIO, sv_n((char *)out, sizeof(out)));
	chan_voice_rx(m->voice, in, FRAME, slot / 1000);
	obj_unref(m);
}

static void shard_open(void *arg)
{
	struct chan_media *m = arg;
	struct chan_voice_opts o = {
		.loop = m->place.loop,
		.sink = m->place.sink,
		.sink_arg = m->place.sink_arg,
		.speech = m->place.speech,
		.rate = RATE,
		.data_dir = m->data_dir[0] ? m->data_dir : NULL,
		.hangup = on_hangup,
		.flush = on_flush,
		.partial = on_partial,
		.event = on_event,
		.arg = m,
		.people = m->place.people,
		.box = m->place.box,
		.info = { .channel = m->channel,
			  .language = sv_of(m->language),
			  .id = sv_of(m->id),
			  .interaction_id = sv_of(m->interaction),
			  .customer_name = sv_of(m->name) },
	};
	if (chan_voice_open(&m->voice, &o)) {
		post_up(m, UP_CLOSED, SV_NULL);
		obj_unref(m);
		return;
	}
	m->next_us = loop_now_us(m->place.loop) + 20000;
	loop_at_us(m->place.loop, &m->tick, m->next_us, on_tick, m);
}

static void shard_audio(void *arg)
{
	struct down *d = arg;
	struct chan_media *m = d->m;
	size_t n = d->n > QUEUE_MAX ? QUEUE_MAX : d->n;
	if (m->n + n > QUEUE_MAX)
		drop_oldest(m, m->n + n - QUEUE_MAX);
	memcpy(m->queue + m->n, d->s + (d->n - n), n * sizeof(*d->s));
	m->n += n;
	xfree(d);
	obj_unref(m);
}

static void shard_key(void *arg)
{
	struct down *d = arg;
	if (d->m->voice)
		chan_voice_key(d->m->voice, d->digit);
	obj_unref(d->m);
	xfree(d);
}

static void shard_close(void *arg)
{
	struct chan_media *m = arg;
	if (m->voice)
		chan_voice_gone(m->voice, CHAN_BY_CUSTOMER);
	voice_end(m);
	obj_unref(m);
}

/* ---- the door ---- */

static void copy_name(char *to, size_t cap, sv from)
{
	snprintf(to, cap, SV_FMT, SV_ARG(sv_slice(from, 0, cap - 1)));
}

int chan_media_open(struct chan_media **ret, const struct chan_media_opts *o)
{
	struct chan_media *m = obj_new(sizeof(*m), NULL);
	m->door = o->door;
	m->place = o->place;
	m->cb = o->cb;
	m->channel = o->channel ? o->channel : "talk";
	m->pull = o->pull;
	m->pull_arg = o->pull_arg;
	m->arg = o->arg;
	snprintf(m->data_dir, sizeof(m->data_dir), "%s", o->data_dir ? o->data_dir : "");
	copy_name(m->id, sizeof(m->id), o->id);
	copy_name(m->interaction, sizeof(m->interaction), o->interaction_id);
	copy_name(m->language, sizeof(m->language), o->language);
	copy_name(m->name, sizeof(m->name), o->customer_name);
	int rc = mbox_post(m->place.box, shard_open, obj_ref(m));
	if (rc) {
		obj_unref(m);
		obj_unref(m);
		return rc;
	}
	*ret = m;
	return 0;
}

void chan_media_rx(struct chan_media *m, sv bytes)
{
	if (bytes.n == 0)
		return;
	size_t total = bytes.n + m->has_odd;
	struct down *d = xalloc(sizeof(*d) + total + 2);
	uint8_t *to = (uint8_t *)d->s;
	if (m->has_odd)
		*to++ = m->odd;
	memcpy(to, bytes.p, bytes.n);
	d->n = total / 2;
	m->has_odd = total % 2;
	if (m->has_odd)
		m->odd = ((uint8_t *)d->s)[total - 1];
	d->m = obj_ref(m);
	if (mbox_post(m->place.box, shard_audio, d)) {
		obj_unref(m);
		xfree(d);
	}
}

void chan_media_key(struct chan_media *m, char digit)
{
	struct down *d = xalloc(sizeof(*d));
	*d = (struct down){ .m = obj_ref(m), .digit = digit };
	if (mbox_post(m->place.box, shard_key, d)) {
		obj_unref(m);
		xfree(d);
	}
}

void chan_media_close(struct chan_media *m)
{
	if (!m)
		return;
	m->gone = true;
	if (mbox_post(m->place.box, shard_close, obj_ref(m)))
		obj_unref(m);
	obj_unref(m);
}
