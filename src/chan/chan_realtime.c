/* chan_realtime.c: between the browser's voice and the engine: a sink to the one, a peer to the
 * other.
 *
 * Verbs of the engine pass down and messages of the voice pass up; on the way the door is told of
 * them, words are kept back, speech is made uninterruptible or silent, as the mode says. Sound
 * that came in a burst waits here and is heard at the speed of sound, so that the recording,
 * the clock and the ledger stay true; a commit lies in it as a mark. One counted object: the
 * door's reference, one for the voice below (from opening to its close), one for each message
 * under way. Each half of the struct belongs to one thread. */
#include "chan_realtime.h"

#include <stdio.h>

#define FRAME 320
#define FRAME_MS 20
#define ONSET_MS 80              /* voice before the voice detector is sure, and the frame */
#define MARKS 16
#define TICKS 2048               /* 40 s: longer than an utterance */

struct chan_realtime {
	/* fixed */
	struct mbox *door;
	struct chan_place place;
	bool greet, remind;
	char lang[8];
	/* the shard's */
	struct chan_peer peer;       /* what the engine sees */
	struct chan_peer *voice;     /* NULL before and after */
	struct loop_timer unheard;   /* mute: what was said counts as played, soon */
	uint32_t unheard_say;
	size_t unheard_bytes;
	struct chan_resume begin;    /* no past, no greeting */
	unsigned mode;
	VEC(int16_t) in;             /* sound not yet heard; off of it was */
	size_t off;
	uint64_t got, taken;         /* samples, in all */
	uint64_t marks[MARKS];       /* commits lie at these */
	int n_marks;
	int64_t ticks, taken_ms;     /* frames asked for, sound given */
	uint32_t at[TICKS];          /* taken_ms after each of the last ticks */
	struct sb kept;              /* words that wait for respond */
	double kept_sure;
	int64_t kept_start, kept_end;
	bool has_kept;
	int owed;                    /* commits whose words did not come yet */
	bool respond_due;
	struct sb respond_text;
	uint32_t stop_say;           /* the far side's report, for the hush that follows */
	int64_t stop_ms;
	/* the door's */
	struct chan_media *media;
	struct chan_realtime_cb cb;
	void *arg;
	bool gone;
};

struct up {                      /* shard -> door; text and row behind it */
	struct chan_realtime *rt;
	struct chan_rt_ev ev;
	char bytes[];
};
enum down_kind { DOWN_SOUND, DOWN_MODE, DOWN_COMMIT, DOWN_CLEAR, DOWN_RESPOND, DOWN_STOP };
struct down {                    /* door -> shard */
	struct chan_realtime *rt;
	enum down_kind kind;
	unsigned mode;
	uint32_t say_id;
	int64_t ms;
	size_t n;
	_Alignas(int16_t) char bytes[];
};

static void rt_free(void *obj)
{
	struct chan_realtime *rt = obj;
	VEC_FREE(&rt->in);
	sb_done(&rt->kept);
	sb_done(&rt->respond_text);
}

/* ---- to the door ---- */

static void door_got(void *arg)
{
	struct up *u = arg;
	struct chan_realtime *rt = u->rt;
	if (!rt->gone)
		rt->cb.on_ev(rt->arg, &u->ev);
	xfree(u);
	obj_unref(rt);
}

static void tell(struct chan_realtime *rt, const struct chan_rt_ev *ev)
{
	struct up *u = xalloc(sizeof(*u) + ev->text.n + ev->row.n);
	u->rt = obj_ref(rt);
	u->ev = *ev;
	if (ev->text.n)
		memcpy(u->bytes, ev->text.p, ev->text.n);
	if (ev->row.n)
		memcpy(u->bytes + ev->text.n, ev->row.p, ev->row.n);
	u->ev.text = sv_n(u->bytes, ev->text.n);
	u->ev.row = sv_n(u->bytes + ev->text.n, ev->row.n);
	if (mbox_post(rt->door, door_got, u)) {
		obj_unref(rt);
		xfree(u);
	}
}

/* The door's chan_media callbacks. */
static void on_audio(void *arg, sv pcm)
{
	struct chan_realtime *rt = arg;
	if (!rt->gone)
		rt->cb.on_audio(rt->arg, pcm);
}

static void on_text(void *arg, sv json)
{
	/* partial words and flushes: the door learns of them in another way */
}

static void on_closed(void *arg)
{
	struct chan_realtime *rt = arg;
	if (!rt->gone)
		rt->cb.on_closed(rt->arg);
}

/* ---- the engine's verbs, on their way down; shard ---- */

static struct chan_realtime *of(struct chan_peer *p)
{
	return (struct chan_realtime *)((char *)p - offsetof(struct chan_realtime, peer));
}

static void up(struct chan_realtime *rt, const struct chan_msg *m)
{
	if (rt->voice)
		rt->place.sink->on_msg(rt->peer.user, m);
}

static void tell_played(struct chan_realtime *rt, const struct chan_msg *m)
{
	tell(rt, &(struct chan_rt_ev){ .kind = CHAN_RT_PLAYED, .say_id = m->say_id });
	up(rt, m);
}

static void on_unheard(void *arg)
{
	struct chan_realtime *rt = obj_ref(arg);
	struct chan_msg m = { .kind = CHAN_PLAYED, .say_id = rt->unheard_say };
	rt->unheard_say = 0;
	tell_played(rt, &m);
	obj_unref(rt);
}

/* Nobody wants sound: what is said is played when it is whole. */
static int say_mute(struct chan_realtime *rt, const struct chan_out *o)
{
	if (rt->unheard_say != o->say_id)
		rt->unheard_bytes = 0;
	rt->unheard_say = o->say_id;
	rt->unheard_bytes += o->text.n;
	if (o->final)
		loop_after(rt->place.loop, &rt->unheard, 0, on_unheard, rt);
	return 0;
}

static int rt_say(struct chan_peer *p, const struct chan_out *o)
{
	struct chan_realtime *rt = of(p);
	struct chan_out down = *o;
	if (!rt->voice)
		return ERR_CLOSED;
	tell(rt, &(struct chan_rt_ev){ .kind = CHAN_RT_SAY, .text = o->text, .row = o->event_json,
				       .say_id = o->say_id, .final = o->final });
	if (rt->mode & CHAN_RT_MUTE)
		return say_mute(rt, o);
	down.event_json = SV_NULL;
	down.uninterruptible |= (rt->mode & CHAN_RT_STEADY) != 0;
	return chan_say(rt->voice, &down);
}

/* Who plays our sound may be behind us: what it says it played counts, if it is less. */
static void believe(struct chan_realtime *rt, struct chan_heard *h)
{
	int64_t sent = h->end_ms - h->start_ms;
	if (rt->stop_say != h->say_id || !h->say_id || sent <= 0)
		return;
	if (rt->stop_ms < sent)
		h->bytes = (size_t)((int64_t)h->bytes * rt->stop_ms / sent);
	rt->stop_say = 0;
}

static void rt_hush(struct chan_peer *p, struct chan_heard *ret)
{
	struct chan_realtime *rt = of(p);
	*ret = (struct chan_heard){ 0 };
	if (!rt->voice)
		return;
	if (rt->unheard_say) {
		*ret = (struct chan_heard){ .say_id = rt->unheard_say, .bytes = rt->unheard_bytes };
		rt->unheard_say = 0;
		loop_timer_stop(&rt->unheard);
	} else {
		chan_hush(rt->voice, ret);
		believe(rt, ret);
	}
	tell(rt, &(struct chan_rt_ev){ .kind = CHAN_RT_CUT, .say_id = ret->say_id,
				       .bytes = ret->bytes });
}

static void rt_hangup(struct chan_peer *p, enum chan_close_by by)
{
	struct chan_realtime *rt = of(p);
	if (rt->voice)
		chan_hangup(rt->voice, by);
}

/* ---- the voice's messages, on their way up; shard ---- */

static void keep(struct chan_realtime *rt, const struct chan_msg *m)
{
	if (!rt->has_kept) {
		rt->kept_start = m->start_ms;
		rt->kept_sure = m->confidence;
	}
	if (m->text.n && rt->kept.n)
		sb_ch(&rt->kept, ' ');
	sb_put(&rt->kept, m->text);
	if (m->text.n && m->confidence < rt->kept_sure)
		rt->kept_sure = m->confidence;
	rt->kept_end = m->end_ms;
	rt->has_kept = true;
}

static void answer(struct chan_realtime *rt)
{
	struct sb words = rt->kept;
	struct chan_msg m = { .kind = rt->has_kept ? CHAN_SPEECH_FINAL : CHAN_TEXT,
			      .confidence = rt->has_kept ? rt->kept_sure : 1,
			      .start_ms = rt->has_kept ? rt->kept_start : 0,
			      .end_ms = rt->has_kept ? rt->kept_end : 0 };
	bool any = rt->has_kept || rt->respond_text.n;
	if (words.n && rt->respond_text.n)
		sb_ch(&words, '\n');
	sb_put(&words, sb_sv(&rt->respond_text));
	m.text = sb_sv(&words);
	sb_init(&rt->kept, LIM_WS_MSG);
	sb_reset(&rt->respond_text);
	rt->has_kept = rt->respond_due = false;
	if (any)
		up(rt, &m);
	sb_done(&words);
}

/* The voice's clock runs always, the far side's sound only when it sends some. */
static int64_t of_sound(const struct chan_realtime *rt, int64_t voice_ms)
{
	int64_t tick = voice_ms / FRAME_MS;
	if (tick >= rt->ticks)
		return rt->taken_ms;
	return tick < 0 || tick <= rt->ticks - TICKS ? 0 : rt->at[tick % TICKS];
}

static void words(struct chan_realtime *rt, const struct chan_msg *m)
{
	struct chan_rt_ev ev = { .kind = CHAN_RT_WORDS, .text = sv_trim(m->text),
				 .start_ms = of_sound(rt, m->start_ms),
				 .end_ms = of_sound(rt, m->end_ms) };
	tell(rt, &ev);
	if (rt->owed)
		rt->owed--;
	if (!(rt->mode & CHAN_RT_KEEP)) {
		up(rt, m);
		return;
	}
	keep(rt, m);
	if (rt->respond_due && !rt->owed)
		answer(rt);
}

static void on_msg(void *user, const struct chan_msg *m)
{
	struct chan_realtime *rt = user;
	if (m->kind == CHAN_SPEECH_FINAL) {
		words(rt, m);
		return;
	}
	if (m->kind == CHAN_SPEECH_START)
		tell(rt, &(struct chan_rt_ev){
				 .kind = CHAN_RT_START,
				 .start_ms = rt->taken_ms > ONSET_MS ? rt->taken_ms - ONSET_MS :
								       0 });
	if (m->kind == CHAN_PLAYED)
		tell_played(rt, m);
	else
		up(rt, m);
}

static int on_open(void *arg, struct chan_peer *voice, const struct chan_info *info,
		   void **ret_user)
{
	static const struct chan_ops ops = { .name = "realtime", .say = rt_say, .hush = rt_hush,
					     .hangup = rt_hangup };
	struct chan_realtime *rt = arg;
	struct chan_info in = *info;
	in.caps |= rt->remind ? 0u : (unsigned)CHAN_PATIENT;
	rt->begin.language = sv_of(rt->lang);
	rt->begin.started_ms = loop_wall_ms(rt->place.loop);
	if (!rt->greet)
		in.resume = &rt->begin;
	rt->voice = voice;
	rt->peer = (struct chan_peer){ .ops = &ops, .sink = rt->place.sink,
				       .loop = rt->place.loop, .caps = in.caps };
	*ret_user = rt;
	chan_voice_manual(chan_voice_of(voice), (rt->mode & CHAN_RT_MANUAL) != 0);
	int rc = rt->place.sink->on_open(rt->place.sink_arg, &rt->peer, &in, &rt->peer.user);
	if (rc == 0)
		return 0;
	rt->voice = NULL;
	loop_timer_stop(&rt->unheard);
	obj_unref(rt);
	return rc;
}

static void on_close(void *user, enum chan_close_by by)
{
	struct chan_realtime *rt = user;
	rt->voice = NULL;
	loop_timer_stop(&rt->unheard);
	rt->place.sink->on_close(rt->peer.user, by);
	obj_unref(rt);
}

/* ---- sound; shard ---- */

static void commit_here(struct chan_realtime *rt)
{
	memmove(&rt->marks[0], &rt->marks[1], sizeof(rt->marks[0]) * (size_t)--rt->n_marks);
	if (rt->voice)
		chan_voice_commit(chan_voice_of(rt->voice));
}

static void forget_taken(struct chan_realtime *rt)
{
	if (rt->off < 16000 && rt->off < rt->in.n)
		return;
	memmove(rt->in.v, rt->in.v + rt->off, (rt->in.n - rt->off) * sizeof(*rt->in.v));
	rt->in.n -= rt->off;
	rt->off = 0;
}

/* A frame is whole, or the last before a mark, or waits for its rest. */
static bool take(struct chan_realtime *rt, int16_t *frame)
{
	size_t have = rt->in.n - rt->off, n = FRAME;
	uint64_t to_mark = rt->n_marks ? rt->marks[0] - rt->taken : UINT64_MAX;
	if (to_mark < n)
		n = (size_t)to_mark;
	else if (have < n)
		return false;
	if (n) {
		memcpy(frame, rt->in.v + rt->off, n * sizeof(*frame));
		rt->off += n;
		rt->taken += n;
		rt->taken_ms = (int64_t)(rt->taken / 16);
		forget_taken(rt);
	}
	/* the last frame is heard first, the commit comes with the next call */
	if (n == 0 && rt->n_marks)
		commit_here(rt);
	return n > 0;
}

static bool pull(void *arg, int16_t *frame)
{
	struct chan_realtime *rt = arg;
	bool any = take(rt, frame);
	rt->at[rt->ticks++ % TICKS] = (uint32_t)rt->taken_ms;
	return any;
}

static void put_sound(struct chan_realtime *rt, const int16_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int16_t *slot = VEC_PUSH(&rt->in, rt->off + (size_t)16000 * CHAN_RT_BACKLOG_S);
		if (!slot)
			return;
		*slot = s[i];
		rt->got++;
	}
}

static void put_mark(struct chan_realtime *rt)
{
	if (rt->n_marks == MARKS) {      /* nobody speaks that fast */
		tell(rt, &(struct chan_rt_ev){ .kind = CHAN_RT_WORDS });
		return;
	}
	rt->owed++;
	rt->marks[rt->n_marks++] = rt->got;
}

static void clear(struct chan_realtime *rt)
{
	/* sound before the last mark was committed: it stays */
	uint64_t keep_to = rt->n_marks ? rt->marks[rt->n_marks - 1] : rt->taken;
	rt->in.n = rt->off + (size_t)(keep_to - rt->taken);
	rt->got = keep_to;
	if (!rt->n_marks && rt->voice)
		chan_voice_clear(chan_voice_of(rt->voice));
}

/* ---- the door's words; shard ---- */

static void set_mode(struct chan_realtime *rt, unsigned mode)
{
	rt->mode = mode;
	if (rt->voice)
		chan_voice_manual(chan_voice_of(rt->voice), (mode & CHAN_RT_MANUAL) != 0);
}

static void respond(struct chan_realtime *rt, sv text)
{
	if (text.n && rt->respond_text.n)
		sb_ch(&rt->respond_text, '\n');
	sb_put(&rt->respond_text, text);
	if (rt->owed)
		rt->respond_due = true;
	else
		answer(rt);
}

static void stop(struct chan_realtime *rt, uint32_t say_id, int64_t ms)
{
	rt->stop_say = say_id;
	rt->stop_ms = ms;
	up(rt, &(struct chan_msg){ .kind = CHAN_SPEECH_START });
	rt->stop_say = 0;
	rt->respond_due = false;
	tell(rt, &(struct chan_rt_ev){ .kind = CHAN_RT_CANCELLED });
}

static void shard_got(void *arg)
{
	struct down *d = arg;
	struct chan_realtime *rt = d->rt;
	switch (d->kind) {
	case DOWN_SOUND:
		put_sound(rt, (const int16_t *)(const void *)d->bytes, d->n / 2);
		break;
	case DOWN_MODE:
		set_mode(rt, d->mode);
		break;
	case DOWN_COMMIT:
		put_mark(rt);
		break;
	case DOWN_CLEAR:
		clear(rt);
		break;
	case DOWN_RESPOND:
		respond(rt, sv_n(d->bytes, d->n));
		break;
	case DOWN_STOP:
		stop(rt, d->say_id, d->ms);
		break;
	}
	xfree(d);
	obj_unref(rt);
}

/* ---- the door ---- */

static struct down *down_new(struct chan_realtime *rt, enum down_kind kind, const void *p, size_t n)
{
	struct down *d = xalloc(sizeof(*d) + n);
	d->rt = obj_ref(rt);
	d->kind = kind;
	d->n = n;
	if (n)
		memcpy(d->bytes, p, n);
	return d;
}

static void send(struct down *d)
{
	if (mbox_post(d->rt->place.box, shard_got, d)) {
		obj_unref(d->rt);
		xfree(d);
	}
}

static int open_media(struct chan_realtime *rt, const struct chan_realtime_opts *o)
{
	static const struct chan_sink sink = { on_open, on_msg, on_close };
	struct chan_media_opts m = { .door = o->door,
				     .place = o->place,
				     .data_dir = o->data_dir,
				     .id = o->id,
				     .interaction_id = o->interaction_id,
				     .language = o->language,
				     .customer_name = o->customer_name,
				     .channel = "realtime",
				     .pull = pull,
				     .pull_arg = rt,
				     .cb = { on_audio, on_text, on_closed },
				     .arg = rt };
	m.place.sink = &sink;
	m.place.sink_arg = obj_ref(rt);          /* until on_close */
	int rc = chan_media_open(&rt->media, &m);
	if (rc)
		obj_unref(rt);
	return rc;
}

int chan_realtime_open(struct chan_realtime **ret, const struct chan_realtime_opts *o)
{
	struct chan_realtime *rt = obj_new(sizeof(*rt), rt_free);
	rt->door = o->door;
	rt->place = o->place;
	rt->greet = o->greet;
	rt->remind = o->remind;
	rt->cb = o->cb;
	rt->arg = o->arg;
	snprintf(rt->lang, sizeof(rt->lang), SV_FMT, SV_ARG(sv_slice(o->language, 0, 7)));
	sb_init(&rt->kept, LIM_WS_MSG);
	sb_init(&rt->respond_text, LIM_WS_MSG);
	rt->mode = o->mode;
	int rc = open_media(rt, o);
	if (rc) {
		rt->gone = true;
		obj_unref(rt);
		return rc;
	}
	*ret = rt;
	return 0;
}

void chan_realtime_rx(struct chan_realtime *rt, const int16_t *s, size_t n)
{
	if (n)
		send(down_new(rt, DOWN_SOUND, s, n * sizeof(*s)));
}

void chan_realtime_key(struct chan_realtime *rt, char digit)
{
	chan_media_key(rt->media, digit);
}

void chan_realtime_mode(struct chan_realtime *rt, unsigned mode)
{
	struct down *d = down_new(rt, DOWN_MODE, NULL, 0);
	d->mode = mode;
	send(d);
}

void chan_realtime_commit(struct chan_realtime *rt)
{
	send(down_new(rt, DOWN_COMMIT, NULL, 0));
}

void chan_realtime_clear(struct chan_realtime *rt)
{
	send(down_new(rt, DOWN_CLEAR, NULL, 0));
}

void chan_realtime_respond(struct chan_realtime *rt, sv text)
{
	send(down_new(rt, DOWN_RESPOND, text.p, text.n));
}

void chan_realtime_cancel(struct chan_realtime *rt)
{
	send(down_new(rt, DOWN_STOP, NULL, 0));
}

void chan_realtime_stop(struct chan_realtime *rt, uint32_t say_id, int64_t heard_ms)
{
	struct down *d = down_new(rt, DOWN_STOP, NULL, 0);
	d->say_id = say_id;
	d->ms = heard_ms > 0 ? heard_ms : 0;
	send(d);
}

void chan_realtime_close(struct chan_realtime *rt)
{
	if (!rt)
		return;
	rt->gone = true;
	chan_media_close(rt->media);
	obj_unref(rt);
}
