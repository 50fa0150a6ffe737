/* chan_move.c: transfers: the customer hears a tune, a person's telephone rings, the person is
 * told what it is about, then both are joined here.
 *
 * The person's leg is dialled on the customer's shard, so joining is exchanging frames between
 * two legs of one loop: a pipe of at most 80 ms each way, no resampling. Where the person is to
 * take the call with a key, that is asked first and the briefing comes after the key: a voicemail
 * hears nothing of the customer. What the person says
 * goes out as sound under ours (move_under), so the recording, the echo reference and hold see
 * it as they see our own voice. A cold transfer asks the other side to call by itself (REFER,
 * RFC 3515) and falls back to joining here when it will not. Every end goes through move_stop,
 * which gives the person's leg back (CANCEL while it rings, BYE afterwards). Callbacks come
 * last, since the owner may free the call from within. Shard's thread. */
#include "chan_move.h"

#include <math.h>

enum {
	RING_MS = 25000,
	RING_MAX_MS = 55000,         /* tel gives up after 60 s */
	BRIEF_MAX_MS = 60000,        /* a voice that never ends */
	KEY_MS = 8000,               /* for the person to press one, twice */
};

const char *move_why(int status)
{
	switch (status) {
	case 486:
	case 600: return "busy";
	case 408:
	case 480:
	case 487: return "no answer";
	case 403:
	case 603: return "declined";
	default: return "unreachable";
	}
}

/* ---- the tune: four soft notes that fade, C E G A, one a second ---- */

void move_tune(uint64_t pos, int16_t out[PCM_FRAME])
{
	static const double hz[] = { 523.25, 659.25, 783.99, 880.0 };
	for (int i = 0; i < PCM_FRAME; i++, pos++) {
		double t = (double)(pos % PCM_HZ) / PCM_HZ;
		double f = hz[pos / PCM_HZ % 4];
		double gain = t < 0.02 ? t / 0.02 : t > 0.95 ? (1 - t) / 0.05 : 1;
		out[i] = (int16_t)lrint(2000 * gain * exp(-1.5 * t) * sin(2 * M_PI * f * t));
	}
}

/* ---- the bridge ---- */

static void pipe_put(struct move_pipe *p, const int16_t *s)
{
	if (p->n == MOVE_PIPE) { /* the reader was late: the oldest is too old */
		p->at = (p->at + 1) % MOVE_PIPE;
		p->n--;
	}
	memcpy(p->s[(p->at + p->n++) % MOVE_PIPE], s, sizeof(p->s[0]));
}

static bool pipe_get(struct move_pipe *p, int16_t *s)
{
	if (!p->n)
		return false;
	memcpy(s, p->s[p->at], sizeof(p->s[0]));
	p->at = (p->at + 1) % MOVE_PIPE;
	p->n--;
	return true;
}

/* ---- ends and steps ---- */

void move_stop(struct move *m)
{
	if (m->step == MOVE_IDLE)
		return;
	loop_timer_stop(&m->timer);
	if (m->playing)
		playout_done(&m->play);
	tel_leg_free(m->human);
	xfree(m->briefing);
	*m = (struct move){ 0 };
}

static void fail(struct move *m, const char *why, int status)
{
	struct move_place p = m->p;
	LOG(INFO, "move.failed", "why=\"%s\" status=%d", why, status);
	move_stop(m);
	p.told(p.arg, "failed", why, status);
}

static void leave(struct move *m)
{
	struct move_place p = m->p;
	move_stop(m);
	p.left(p.arg);
}

static void join(struct move *m)
{
	loop_timer_stop(&m->timer);
	if (m->playing)
		playout_done(&m->play);
	m->playing = false;
	m->step = MOVE_JOINED;
	m->p.told(m->p.arg, "joined", "", 0);
}

/* ---- the briefing ---- */

static void on_played(void *arg, uint32_t say_id, size_t bytes)
{
	((struct move *)arg)->said = (int)say_id; /* looked at after the pull */
}

static void on_first(void *arg, uint32_t say_id)
{
}

static void say(struct move *m, uint32_t id, sv text)
{
	struct chan_out o = { .say_id = id, .text = text, .lang = sv_of(m->lang), .final = true };
	(void)playout_say(&m->play, &o);
}

static void on_no_key(void *arg);

static void ask(struct move *m)
{
	const struct move_opts *o = &m->p.o;
	sv text = o->text ? o->text(o->text_arg, "transfer_confirm", sv_of(m->lang), 0) : SV("");
	m->asked++;
	say(m, 2, text);
	loop_after(m->p.loop, &m->timer, playout_owed_ms(&m->play) + KEY_MS, on_no_key, m);
}

/* A machine presses no key: without one the customer is not given away, and nothing is told of
 * them. */
static void on_no_key(void *arg)
{
	struct move *m = arg;
	if (m->asked < 2)
		ask(m);
	else
		fail(m, "no answer", 0);
}

static void on_too_long(void *arg)
{
	join(arg);
}

static void brief(struct move *m)
{
	if (!m->briefing[0]) {
		join(m);
		return;
	}
	loop_after(m->p.loop, &m->timer, BRIEF_MAX_MS, on_too_long, m);
	say(m, 1, sv_of(m->briefing));
	m->p.told(m->p.arg, "briefing", "", 0);
}

static int human_pull(void *arg, int16_t out[160])
{
	struct move *m = arg;
	if (m->step == MOVE_JOINED)
		return pipe_get(&m->to_human, out) ? PCM_FRAME : 0;
	if (!m->playing)
		return 0;
	int n = playout_pull(&m->play, out);
	if (m->said == 1)
		join(m);
	return n;
}

static void human_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	struct move *m = arg;
	if (m->step == MOVE_JOINED)
		pipe_put(&m->to_customer, s);
}

static void take(struct move *m)
{
	struct chan_heard unheard;
	m->taken = true;
	loop_timer_stop(&m->timer);
	playout_hush(&m->play, &unheard);
	brief(m);
}

static void human_key(void *arg, char digit)
{
	struct move *m = arg;
	if (m->step != MOVE_BRIEFING || !m->p.o.confirm)
		return;
	if (digit == '1' && m->taken)
		join(m);             /* knows enough */
	else if (digit == '1')
		take(m);
	else if (digit == '2')
		fail(m, "declined", 0);
}

static void human_hold(void *arg, bool held)
{
	((struct move *)arg)->human_held = held;
}

static void human_ring(void *arg)
{
	struct move *m = arg;
	bool first = !m->rang;
	m->rang = true;
	if (first && m->step == MOVE_RINGING)
		m->p.told(m->p.arg, "ringing", "", 0);
}

static void human_up(void *arg)
{
	struct move *m = arg;
	loop_timer_stop(&m->timer);
	m->step = MOVE_BRIEFING;
	playout_init(&m->play, m->p.speech, PCM_HZ);
	m->play.on_played = on_played;
	m->play.on_first = on_first;
	m->play.arg = m;
	m->playing = true;
	if (m->p.o.confirm)
		ask(m);
	else
		brief(m);
}

static void human_close(void *arg, int status, const char *reason)
{
	struct move *m = arg;
	if (m->step == MOVE_JOINED && m->p.o.end)
		leave(m);
	else if (m->step == MOVE_JOINED)
		fail(m, "gone", status);
	else if (m->step == MOVE_BRIEFING)
		fail(m, "declined", status);
	else
		fail(m, move_why(status), status);
}

/* ---- the person's telephone ---- */

static const struct tel_leg_cb human_cb = { .on_ring = human_ring,
					    .on_up = human_up,
					    .on_frame = human_frame,
					    .on_pull = human_pull,
					    .on_dtmf = human_key,
					    .on_hold = human_hold,
					    .on_close = human_close };

static void on_ring_late(void *arg)
{
	fail(arg, "no answer", 408);
}

static int dial(struct move *m)
{
	struct err e = { 0 };
	const char *from = m->p.o.dial->from;
	struct tel_dial_opts o = { .uri = m->uri, .from_user = from[0] ? from : NULL };
	if (!m->p.tel)
		return ERR_STATE;
	int rc = tel_dial(m->p.tel, &o, m->p.loop, m->p.box, &human_cb, m, &m->human, &e);
	if (rc)
		return rc;
	m->step = MOVE_RINGING;
	loop_after(m->p.loop, &m->timer, m->ring_ms, on_ring_late, m);
	return 0;
}

/* 603 is what a telephone says that takes no REFER at all (RFC 3515, 2.4.2 leaves the code
 * open); busy and no answer are the person's own. */
void move_referred(struct move *m, int status)
{
	if (m->step != MOVE_REFER)
		return;
	const char *why = move_why(status);
	if (status < 200) {
		if (m->rang)
			return;
		m->rang = true;
		m->p.told(m->p.arg, "ringing", "", 0);
	} else if (status < 300) {
		leave(m);
	} else if (strcmp(why, "busy") == 0 || strcmp(why, "no answer") == 0) {
		fail(m, why, status);
	} else if (dial(m)) {
		fail(m, "unreachable", status);
	}
}

/* The other side neither moved nor said so. */
static void on_refer_late(void *arg)
{
	fail(arg, "no answer", 408);
}

int move_start(struct move *m, const struct move_place *p, const struct chan_move *how)
{
	char uri[CHAN_URI];
	if (m->step != MOVE_IDLE)
		return ERR_STATE;
	int rc = chan_dial_uri(p->o.dial, how->to, uri);
	if (rc)
		return rc;
	int ring = how->ring_ms > 0 ? how->ring_ms : p->o.ring_ms > 0 ? p->o.ring_ms : RING_MS;
	*m = (struct move){ .p = *p, .ring_ms = ring < RING_MAX_MS ? ring : RING_MAX_MS };
	memcpy(m->uri, uri, sizeof(m->uri));
	m->briefing = xstrdup(how->briefing);
	size_t n = how->lang.n < 3 ? how->lang.n : 3;
	memcpy(m->lang, n ? how->lang.p : "en", n ? n : 2);
	if (!how->warm && tel_leg_refer(p->leg, uri, NULL) == 0) {
		m->step = MOVE_REFER;
		loop_after(p->loop, &m->timer, RING_MAX_MS, on_refer_late, m);
		return 0;
	}
	rc = dial(m);
	if (rc) {
		xfree(m->briefing);
		*m = (struct move){ 0 };
	}
	return rc;
}

/* ---- the customer's side ---- */

int move_under(struct move *m, int16_t *out, int n)
{
	int16_t s[PCM_FRAME];
	if (m->step == MOVE_IDLE)
		return n;
	if (m->step == MOVE_JOINED && !m->human_held) {
		if (!pipe_get(&m->to_customer, s))
			return n;
		pcm_mix(out, s, PCM_FRAME);
		return PCM_FRAME;
	}
	if (n) { /* we speak: the tune begins anew afterwards */
		m->tune = 0;
		return n;
	}
	move_tune(m->tune, out);
	m->tune += PCM_FRAME;
	return PCM_FRAME;
}

void move_hear(struct move *m, const int16_t *s)
{
	if (m->step == MOVE_JOINED)
		pipe_put(&m->to_human, s);
}

void move_key(struct move *m, char digit)
{
	char keys[2] = { digit, '\0' };
	if (m->step == MOVE_JOINED)
		(void)tel_leg_dtmf(m->human, keys);
}
