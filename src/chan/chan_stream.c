/* chan_stream.c: between the door's thread and the shard's: bytes of a codec one way and back,
 * keys, pauses, the end.
 *
 * One counted object: the door's reference, the shard's while the line lives, one for each
 * message under way. The codec's work is done on the shard. Each half of the struct belongs to
 * one thread; the fixed part is written before the first message and never again. */
#include "chan_stream.h"
#include "pcm.h"

#include <stdio.h>

#define RX_MAX 16384                 /* bytes of one message; more of it is dropped */

struct chan_stream {
	/* fixed */
	struct chan_stream_opts o;
	char data_dir[4096], ref[128], language[8], address[128], name[128];
	char id[27], interaction[27];
	/* the shard's */
	struct chan_line *line;
	/* the door's */
	bool gone;
};

enum what { AUDIO, FLUSH, CLOSED, KEY, PAUSE, GO_ON };
struct crossing {                    /* one message, either way */
	struct chan_stream *s;
	enum what what;
	enum chan_close_by by;
	char digit;
	size_t n;
	unsigned char bytes[];
};

static struct crossing *crossing_new(struct chan_stream *s, enum what what, size_t n)
{
	struct crossing *x = xalloc(sizeof(*x) + n);
	*x = (struct crossing){ .s = obj_ref(s), .what = what, .n = n };
	return x;
}

static void crossing_free(struct crossing *x)
{
	obj_unref(x->s);
	xfree(x);
}

/* ---- the door ---- */

static void door_got(void *arg)
{
	struct crossing *x = arg;
	const struct chan_stream_cb *cb = &x->s->o.cb;
	void *to = x->s->o.arg;
	if (!x->s->gone && x->what == AUDIO)
		cb->on_audio(to, sv_n((char *)x->bytes, x->n));
	else if (!x->s->gone && x->what == FLUSH)
		cb->on_flush(to);
	else if (!x->s->gone)
		cb->on_closed(to, x->by);
	crossing_free(x);
}

static void post_up(struct crossing *x)
{
	if (mbox_post(x->s->o.door, door_got, x))
		crossing_free(x);
}

/* ---- the shard ---- */

static void on_frame(void *arg, const int16_t *s, size_t n, int hz)
{
	struct chan_stream *st = arg;
	bool wide = st->o.codec == CHAN_SLIN;
	struct crossing *x = crossing_new(st, AUDIO, wide ? 2 * n : n);
	if (st->o.codec == CHAN_ULAW)
		pcm_ulaw_encode(s, n, x->bytes);
	else if (st->o.codec == CHAN_ALAW)
		pcm_alaw_encode(s, n, x->bytes);
	for (size_t i = 0; wide && i < n; i++) {
		x->bytes[2 * i] = (unsigned char)(s[i] & 0xff);
		x->bytes[2 * i + 1] = (unsigned char)((uint16_t)s[i] >> 8);
	}
	post_up(x);
}

static void on_flush(void *arg)
{
	post_up(crossing_new(arg, FLUSH, 0));
}

static void tell_closed(struct chan_stream *st, enum chan_close_by by)
{
	struct crossing *x = crossing_new(st, CLOSED, 0);
	x->by = by;
	post_up(x);
}

static void on_end(void *arg, enum chan_close_by by)
{
	struct chan_stream *st = arg;
	chan_line_free(st->line);
	st->line = NULL;
	tell_closed(st, by);
	obj_unref(st);
}

static void shard_open(void *arg)
{
	struct chan_stream *st = arg;
	struct chan_line_opts o = {
		.place = st->o.place,
		.data_dir = st->data_dir[0] ? st->data_dir : NULL,
		.hz = st->o.hz,
		.silent_ms = st->o.silent_ms,
		.lead = st->o.lead,
		.on_frame = on_frame,
		.on_flush = on_flush,
		.on_end = on_end,
		.arg = st,
		.info = { .channel = "phone",
			  .way = sv_of(st->o.way),
			  .ref = sv_of(st->ref),
			  .language = sv_of(st->language),
			  .address = sv_of(st->address),
			  .customer_name = sv_of(st->name),
			  .id = sv_of(st->id),
			  .interaction_id = sv_of(st->interaction) },
	};
	if (chan_line_open(&st->line, &o) == 0)
		return;              /* the line holds the message's reference */
	st->line = NULL;
	tell_closed(st, CHAN_BY_SYSTEM);
	obj_unref(st);
}

static void hear(struct chan_stream *st, const unsigned char *p, size_t n)
{
	int16_t s[RX_MAX];
	if (st->o.codec == CHAN_SLIN)
		n /= 2;
	if (st->o.codec == CHAN_ULAW)
		pcm_ulaw_decode(p, n, s);
	else if (st->o.codec == CHAN_ALAW)
		pcm_alaw_decode(p, n, s);
	else
		for (size_t i = 0; i < n; i++)
			s[i] = (int16_t)(p[2 * i] | p[2 * i + 1] << 8);
	chan_line_rx(st->line, s, n, st->o.hz);
}

static void shard_got(void *arg)
{
	struct crossing *x = arg;
	struct chan_stream *st = x->s;
	if (st->line && x->what == AUDIO)
		hear(st, x->bytes, x->n);
	else if (st->line && x->what == KEY)
		chan_line_key(st->line, x->digit);
	else if (st->line)
		chan_line_pause(st->line, x->what == PAUSE);
	crossing_free(x);
}

static void shard_close(void *arg)
{
	struct chan_stream *st = arg;
	if (st->line) {
		chan_line_gone(st->line, CHAN_BY_CUSTOMER);
		chan_line_free(st->line);
		st->line = NULL;
		obj_unref(st);
	}
	obj_unref(st);
}

/* ---- the door again ---- */

static void copy(char *to, size_t cap, sv from)
{
	snprintf(to, cap, SV_FMT, SV_ARG(sv_slice(from, 0, cap - 1)));
}

int chan_stream_open(struct chan_stream **ret, const struct chan_stream_opts *o)
{
	if (o->hz < 4000 || o->hz > CHAN_LINE_HZ_MAX)
		return ERR_INVAL;
	struct chan_stream *st = obj_new(sizeof(*st), NULL);
	st->o = *o;
	copy(st->data_dir, sizeof(st->data_dir), sv_of(o->data_dir ? o->data_dir : ""));
	copy(st->ref, sizeof(st->ref), o->ref);
	copy(st->language, sizeof(st->language), o->language);
	copy(st->address, sizeof(st->address), o->address);
	copy(st->name, sizeof(st->name), o->name);
	id_new(st->id);
	id_new(st->interaction);
	int rc = mbox_post(o->place.box, shard_open, obj_ref(st));
	if (rc) {
		obj_unref(st);
		obj_unref(st);
		return rc;
	}
	*ret = st;
	return 0;
}

static void post_down(struct chan_stream *st, struct crossing *x)
{
	if (mbox_post(st->o.place.box, shard_got, x))
		crossing_free(x);
}

void chan_stream_rx(struct chan_stream *st, sv bytes)
{
	size_t n = bytes.n < RX_MAX ? bytes.n : RX_MAX;
	if (n == 0)
		return;
	struct crossing *x = crossing_new(st, AUDIO, n);
	memcpy(x->bytes, bytes.p, n);
	post_down(st, x);
}

void chan_stream_key(struct chan_stream *st, char digit)
{
	struct crossing *x = crossing_new(st, KEY, 0);
	x->digit = digit;
	post_down(st, x);
}

void chan_stream_pause(struct chan_stream *st, bool on)
{
	post_down(st, crossing_new(st, on ? PAUSE : GO_ON, 0));
}

void chan_stream_close(struct chan_stream *st)
{
	if (!st)
		return;
	st->gone = true;
	if (mbox_post(st->o.place.box, shard_close, obj_ref(st)))
		obj_unref(st);
	obj_unref(st);
}
