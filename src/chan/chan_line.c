/* chan_line.c: the 20 ms clock of a call whose sound comes as a stream.
 *
 * What comes is brought to the voice's rate (8 kHz, or 16 kHz for anything else) and queued: a
 * second at most, the oldest goes first. One whole frame a tick is heard, silence when there is
 * none and then until two are there, so that a far side that is late now and then makes one gap,
 * not many; if the queue never fell below 80 ms for a second, a burst left it that long, and the
 * surplus goes: delay does not stay. What is said is brought to the far side's rate through a
 * short queue, since a resampler gives a sample more or less than a frame. A counted object:
 * a tick holds it, so callbacks may free the line. Shard's thread. */
#include "chan_line.h"
#include "pcm.h"

#define RATE_MAX 16000
#define FRAME_MAX (RATE_MAX / 50)
#define QUEUE_MAX RATE_MAX           /* samples: a second, or two at 8 kHz */
#define CUSHION_FRAMES 2             /* wait for so many after a gap: the next late one is no gap */
#define SLACK_FRAMES 4               /* more than these for a second is surplus */
#define SLACK_TICKS 50
#define CHUNK 480                    /* of what comes, at a time through the resampler */
#define OUT_MAX (CHAN_LINE_HZ_MAX / 50)

struct chan_line {
	struct chan_line_opts o;
	struct chan_voice *voice;    /* NULL once it is over */
	struct loop_timer tick;
	int64_t next_us, heard_us;
	int rate;                    /* the voice's */
	size_t frame;                /* its 20 ms */
	struct pcm_rs *in, *out;     /* NULL at equal rates */
	int16_t queue[QUEUE_MAX];
	size_t n, least;             /* waiting; the least of the last second */
	int ticks;
	bool filling;                /* until the cushion is there */
	int16_t due[2 * OUT_MAX + 64]; /* resampled, for the far side */
	size_t n_due;
	bool speech;                 /* of the last frame */
	bool paused;
	int ahead;                   /* frames of silence that the far side still has */
};

static void line_done(void *obj)
{
	struct chan_line *l = obj;
	pcm_rs_close(l->in);
	pcm_rs_close(l->out);
}

/* Both directions at the far side's rate. */
static int set_hz(struct chan_line *l, int hz)
{
	struct pcm_rs *in = NULL, *out = NULL;
	if (hz < 4000 || hz > CHAN_LINE_HZ_MAX)
		return ERR_INVAL;
	int rc = hz == l->rate ? 0 : pcm_rs_open(&in, hz, l->rate, 3);
	if (rc == 0 && hz != l->rate)
		rc = pcm_rs_open(&out, l->rate, hz, 5);
	if (rc) {
		pcm_rs_close(in);
		return rc;
	}
	pcm_rs_close(l->in);
	pcm_rs_close(l->out);
	l->in = in;
	l->out = out;
	l->o.hz = hz;
	memset(l->due, 0, sizeof(l->due));
	l->n_due = out ? 8 : 0;      /* a frame is never a sample short */
	return 0;
}

/* ---- what comes ---- */

static void drop_oldest(struct chan_line *l, size_t n)
{
	l->n -= n;
	memmove(l->queue, l->queue + n, l->n * sizeof(l->queue[0]));
}

static void queue_put(struct chan_line *l, const int16_t *s, size_t n)
{
	if (n > QUEUE_MAX) {
		s += n - QUEUE_MAX;
		n = QUEUE_MAX;
	}
	if (l->n + n > QUEUE_MAX)
		drop_oldest(l, l->n + n - QUEUE_MAX);
	memcpy(l->queue + l->n, s, n * sizeof(*s));
	l->n += n;
}

void chan_line_rx(struct chan_line *l, const int16_t *s, size_t n, int hz)
{
	int16_t buf[CHUNK * 4 + 64];
	if (!l->voice || (hz != l->o.hz && set_hz(l, hz)))
		return;
	l->heard_us = loop_now_us(l->o.place.loop);
	if (!l->in) {
		queue_put(l, s, n);
		return;
	}
	while (n) {
		size_t k = n < CHUNK ? n : CHUNK;
		ASSERT(pcm_rs_cap(l->in, k) <= sizeof(buf) / sizeof(*buf));
		queue_put(l, buf, pcm_rs_run(l->in, s, k, buf, sizeof(buf) / sizeof(*buf)));
		s += k;
		n -= k;
	}
}

static void trim_queue(struct chan_line *l)
{
	if (l->ticks == 0 || l->n < l->least)
		l->least = l->n;
	if (++l->ticks < SLACK_TICKS)
		return;
	if (l->least > SLACK_FRAMES * l->frame)
		drop_oldest(l, l->least - l->frame);
	l->ticks = 0;
}

static void take_frame(struct chan_line *l, int16_t *in)
{
	trim_queue(l);
	l->filling = l->n < (l->filling ? CUSHION_FRAMES : 1) * l->frame;
	if (l->filling)
		return;
	memcpy(in, l->queue, l->frame * sizeof(*in));
	drop_oldest(l, l->frame);
}

/* ---- what goes ---- */

static void send_silence(struct chan_line *l)
{
	static const int16_t none[OUT_MAX];
	l->o.on_frame(l->o.arg, none, (size_t)l->o.hz / 50, l->o.hz);
}

static void send_frame(struct chan_line *l, const int16_t *s, bool speech)
{
	bool begins = speech && !l->speech;
	l->speech = speech;
	if (!speech && !l->o.steady) {
		l->ahead -= l->ahead > 0;
		return;
	}
	for (; begins && l->ahead < l->o.lead; l->ahead++)
		send_silence(l);
	l->o.on_frame(l->o.arg, s, (size_t)l->o.hz / 50, l->o.hz);
}

/* s: a frame at the voice's rate, n of it speech. The last millisecond of a sentence may stay in
 * the resampler. */
static void say_frame(struct chan_line *l, const int16_t *s, int n)
{
	size_t want = (size_t)l->o.hz / 50;
	if (!l->out) {
		send_frame(l, s, n > 0);
		return;
	}
	size_t room = sizeof(l->due) / sizeof(*l->due) - l->n_due;
	ASSERT(pcm_rs_cap(l->out, l->frame) <= room);
	l->n_due += pcm_rs_run(l->out, s, l->frame, l->due + l->n_due, room);
	if (l->n_due < want)
		return;
	send_frame(l, l->due, n > 0);
	l->n_due -= want;
	memmove(l->due, l->due + want, l->n_due * sizeof(*l->due));
}

/* ---- the clock and the end ---- */

static void stop(struct chan_line *l)
{
	loop_timer_stop(&l->tick);
	chan_voice_free(l->voice);
	l->voice = NULL;
}

/* The voice allows to be freed from here. */
static void on_hangup(void *arg, enum chan_close_by by)
{
	struct chan_line *l = obj_ref(arg);
	stop(l);
	l->o.on_end(l->o.arg, by);
	obj_unref(l);
}

static void on_flush(void *arg)
{
	struct chan_line *l = arg;
	l->ahead = 0;
	l->speech = false;
	if (l->o.on_flush)
		l->o.on_flush(l->o.arg);
}

static void time_out(struct chan_line *l)
{
	chan_voice_gone(l->voice, CHAN_BY_TIMEOUT);
	on_hangup(l, CHAN_BY_TIMEOUT);
}

static void on_tick(void *arg)
{
	struct chan_line *l = obj_ref(arg);
	int16_t in[FRAME_MAX] = { 0 }, out[FRAME_MAX];
	int64_t now = loop_now_us(l->o.place.loop), slot = l->next_us;
	l->next_us += 20000;
	if (now - l->next_us > 60000)    /* never race to catch up more than three frames */
		l->next_us = now;
	loop_at_us(l->o.place.loop, &l->tick, l->next_us, on_tick, l);
	take_frame(l, in);
	if (l->o.silent_ms && now - l->heard_us > (int64_t)l->o.silent_ms * 1000)
		time_out(l);
	if (l->voice && !l->paused)
		say_frame(l, out, chan_voice_tx(l->voice, out));
	if (l->voice)
		chan_voice_rx(l->voice, in, l->frame, slot / 1000);
	obj_unref(l);
}

int chan_line_open(struct chan_line **ret, const struct chan_line_opts *o)
{
	struct chan_line *l = obj_new(sizeof(*l), line_done);
	l->o = *o;
	l->rate = o->hz == PCM_HZ ? PCM_HZ : RATE_MAX;
	l->frame = (size_t)l->rate / 50;
	struct chan_voice_opts v = {
		.loop = o->place.loop,
		.sink = o->place.sink,
		.sink_arg = o->place.sink_arg,
		.speech = o->place.speech,
		.rate = l->rate,
		.data_dir = o->data_dir,
		.hangup = on_hangup,
		.flush = on_flush,
		.arg = l,
		.people = o->place.people,
		.box = o->place.box,
		.info = o->info,
	};
	int rc = set_hz(l, o->hz);
	if (rc == 0)
		rc = chan_voice_open(&l->voice, &v);
	if (rc) {
		obj_unref(l);
		return rc;
	}
	l->o.info = (struct chan_info){ 0 };
	l->heard_us = loop_now_us(o->place.loop);
	l->filling = true;
	l->next_us = l->heard_us + 20000;
	loop_at_us(o->place.loop, &l->tick, l->next_us, on_tick, l);
	*ret = l;
	return 0;
}

void chan_line_key(struct chan_line *l, char digit)
{
	if (!l->voice)
		return;
	l->heard_us = loop_now_us(l->o.place.loop);
	chan_voice_key(l->voice, digit);
}

void chan_line_pause(struct chan_line *l, bool on)
{
	l->paused = on;
}

void chan_line_gone(struct chan_line *l, enum chan_close_by by)
{
	if (l->voice)
		chan_voice_gone(l->voice, by);
	stop(l);
}

void chan_line_free(struct chan_line *l)
{
	if (!l)
		return;
	chan_line_gone(l, CHAN_BY_SYSTEM);
	obj_unref(l);
}
