/* chan_party.c: one person of a call: their telephone rings or their browser is taken, they are
 * told what it is about, then they are in the call; until then they hear nothing of it.
 *
 * A telephone is dialled on the customer's shard, so it shares the customer's clock but for its
 * phase. Where the person is to take the call with a key, that is asked first and the briefing
 * comes after it: a voicemail presses none, and hears nothing of the customer. A browser was
 * answered at the desk: no ringing and no key. All ends go through party_free, which gives the
 * line back (CANCEL while it rings, BYE afterwards); news of it is parties_tell's. */
#include "chan_parties.h"
#include "chan_seat.h"

enum {
	RING_MS = 25000,
	RING_MAX_MS = 55000,         /* tel gives up after 60 s */
	BRIEF_MAX_MS = 60000,        /* a voice that never ends */
	KEY_MS = 8000,               /* for the person to press one, twice */
	CUSHION_MS = 20,             /* of a telephone: its phase may turn round */
	CUSHION_SEAT_MS = 40,
	SEAT_HZ = 16000,
	SAY_BRIEFING = 1,
	SAY_QUESTION = 2,
};

const char *parties_why(int status)
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

/* ---- the end ---- */

void party_free(struct party *p)
{
	struct parties *ps = p->ps;
	parties_freed(ps, p);
	loop_timer_stop(&p->timer);
	loop_timer_stop(&p->tick);
	party_ear_off(p);
	if (p->playing)
		playout_done(&p->play);
	tel_leg_free(p->leg);
	seat_release(p->seat);
	pcm_rs_close(p->rs_in);
	pcm_rs_close(p->rs_out);
	xfree(p->briefing);
	*p = (struct party){ 0 };
	parties_settle(ps);
}

void party_end(struct party *p, const char *why, int status)
{
	bool was = p->step == PARTY_JOINED;
	LOG(INFO, "party.end", "joined=%d why=\"%s\" status=%d", was, why, status);
	parties_tell(p, was ? "left" : "failed", why, status);
	party_free(p);
}

/* ---- before they join ---- */

static void hush(struct party *p)
{
	if (p->playing)
		playout_done(&p->play);
	p->playing = false;
}

static void join(struct party *p)
{
	loop_timer_stop(&p->timer);
	hush(p);
	p->step = PARTY_JOINED;
	pipe_init(&p->in, p->ps->o.rate, p->seat ? CUSHION_SEAT_MS : CUSHION_MS);
	pipe_init(&p->out, p->rate, CUSHION_MS);
	parties_joined(p);
}

static void on_played(void *arg, uint32_t say_id, size_t bytes)
{
	((struct party *)arg)->said = say_id; /* looked at after the pull */
}

static void on_first(void *arg, uint32_t say_id)
{
}

static void say(struct party *p, uint32_t id, sv text)
{
	struct chan_out o = { .say_id = id, .text = text, .lang = sv_of(p->lang), .final = true };
	(void)playout_say(&p->play, &o);
}

static void on_too_long(void *arg)
{
	join(arg);
}

static void brief(struct party *p)
{
	p->step = PARTY_BRIEFED;
	if (!p->briefing) {
		join(p);
		return;
	}
	loop_after(p->ps->o.loop, &p->timer, BRIEF_MAX_MS, on_too_long, p);
	say(p, SAY_BRIEFING, sv_of(p->briefing));
	parties_tell(p, "briefing", "", 0);
}

/* A machine presses no key: without one the customer is not given away. */
static void on_no_key(void *arg);

static void ask(struct party *p)
{
	const struct chan_people_opts *o = &p->ps->o.people->o;
	sv text = o->text ? o->text(o->arg, "transfer_confirm", sv_of(p->lang), 0) : SV("");
	p->asked++;
	say(p, SAY_QUESTION, text);
	loop_after(p->ps->o.loop, &p->timer, playout_owed_ms(&p->play) + KEY_MS, on_no_key, p);
}

static void on_no_key(void *arg)
{
	struct party *p = arg;
	if (p->asked < 2)
		ask(p);
	else
		party_end(p, "no answer", 0);
}

static void mouth_on(struct party *p)
{
	playout_init(&p->play, p->ps->o.speech, p->rate);
	p->play.on_played = on_played;
	p->play.on_first = on_first;
	p->play.arg = p;
	p->playing = true;
}

static void on_key(void *arg, char digit)
{
	struct party *p = arg;
	struct chan_heard unheard;
	if (digit == '1' && p->step == PARTY_BRIEFED && p->asked) {
		join(p);             /* knows enough */
	} else if (digit == '1' && p->step == PARTY_ASKED) {
		loop_timer_stop(&p->timer);
		playout_hush(&p->play, &unheard);
		brief(p);
	} else if (digit == '2' &&
		   (p->step == PARTY_ASKED || (p->step == PARTY_BRIEFED && p->asked))) {
		party_end(p, "declined", 0);
	}
}

/* ---- their 20 ms ---- */

/* Nobody drives the call yet: who was rung first waits with a tune. */
static int lonely(struct party *p, int16_t *out)
{
	struct parties *ps = p->ps;
	parties_music(ps, p->rate, out);
	return p->rate / 50;
}

static int pull(struct party *p, int16_t *out)
{
	int all = p->rate / 50;
	if (p->step == PARTY_JOINED && !p->ps->driven)
		return lonely(p, out);
	if (p->step == PARTY_JOINED)
		return pipe_get(&p->out, out) ? all : 0;
	if (!p->playing)
		return 0;
	int n = playout_pull(&p->play, out);
	if (p->said == SAY_BRIEFING)
		join(p);
	return n;
}

static void put(struct party *p, const int16_t *s, size_t n)
{
	int16_t buf[PCM_FRAME * 8];
	if (p->step != PARTY_JOINED)
		return;
	if (!p->rs_in) {
		pipe_put(&p->in, s, n);
		return;
	}
	while (n) {
		size_t k = n < PCM_FRAME ? n : PCM_FRAME;
		pipe_put(&p->in, buf, pcm_rs_run(p->rs_in, s, k, buf, sizeof(buf) / sizeof(*buf)));
		s += k;
		n -= k;
	}
}

void party_send(struct party *p, const int16_t *s)
{
	int16_t buf[PCM_FRAME * 8];
	size_t n = (size_t)p->ps->o.rate / 50;
	if (p->rs_out) {
		n = pcm_rs_run(p->rs_out, s, n, buf, sizeof(buf) / sizeof(*buf));
		s = buf;
	}
	pipe_put(&p->out, s, n);
}

bool party_take(struct party *p, int16_t *s)
{
	return pipe_get(&p->in, s);
}

static int rates(struct party *p, int rate)
{
	int room = p->ps->o.rate;
	p->rate = rate;
	if (rate == room)
		return 0;
	int rc = pcm_rs_open(&p->rs_in, rate, room, 5);
	return rc ? rc : pcm_rs_open(&p->rs_out, room, rate, 5);
}

/* ---- a telephone ---- */

static void leg_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	put(arg, s, PCM_FRAME);
}

static int leg_pull(void *arg, int16_t out[160])
{
	return pull(arg, out);
}

static void leg_hold(void *arg, bool held)
{
	struct party *p = arg;
	p->held = held;
	parties_settle(p->ps);
}

static void leg_ring(void *arg)
{
	struct party *p = arg;
	if (!p->rang && p->step == PARTY_RINGING)
		parties_tell(p, "ringing", "", 0);
	p->rang = true;
}

static void leg_up(void *arg)
{
	struct party *p = arg;
	loop_timer_stop(&p->timer);
	mouth_on(p);
	if (p->ps->o.people->o.transfer.confirm) {
		p->step = PARTY_ASKED;
		ask(p);
	} else {
		brief(p);
	}
}

static void leg_close(void *arg, int status, const char *reason)
{
	struct party *p = arg;
	if (p->step == PARTY_JOINED)
		party_end(p, "gone", status);
	else if (p->step != PARTY_RINGING)
		party_end(p, "declined", status);
	else
		party_end(p, parties_why(status), status);
}

static const struct tel_leg_cb leg_cb = { .on_ring = leg_ring,
					  .on_up = leg_up,
					  .on_frame = leg_frame,
					  .on_pull = leg_pull,
					  .on_dtmf = on_key,
					  .on_hold = leg_hold,
					  .on_close = leg_close };

static void on_ring_late(void *arg)
{
	party_end(arg, "no answer", 408);
}

static int dial(struct party *p, sv to, int ring_ms)
{
	struct parties *ps = p->ps;
	struct chan_people *who = ps->o.people;
	struct err e = { 0 };
	char uri[CHAN_URI];
	int rc = chan_dial_uri(&who->dial, to, uri);
	struct tel *t = who->tel;
	if (rc || !t)
		return rc ? rc : ERR_STATE;
	struct tel_dial_opts o = { .uri = uri,
				   .from_user = who->dial.from[0] ? who->dial.from : NULL };
	rc = rates(p, PCM_HZ);
	if (rc == 0)
		rc = tel_dial(t, &o, ps->o.loop, ps->o.box, &leg_cb, p, &p->leg, &e);
	if (rc)
		return rc;
	int ring = ring_ms > 0 ? ring_ms : who->o.transfer.ring_ms;
	ring = ring > 0 ? ring : RING_MS;
	loop_after(ps->o.loop, &p->timer, ring < RING_MAX_MS ? ring : RING_MAX_MS, on_ring_late, p);
	return 0;
}

/* ---- a browser: its 20 ms are a timer's ---- */

static void on_seat_gone(void *arg)
{
	party_end(arg, "gone", 0);
}

static void seat_tick(void *arg)
{
	struct party *p = arg;
	struct parties *ps = p->ps;
	int16_t out[MIX_FRAME] = { 0 };
	int64_t now = loop_now_us(ps->o.loop);
	p->next_us += 20000;
	if (now - p->next_us > 60000)    /* never race to catch up more than three frames */
		p->next_us = now;
	loop_at_us(ps->o.loop, &p->tick, p->next_us, seat_tick, p);
	(void)pull(p, out);
	seat_send(p->seat, out);
}

static void seat_away(void *arg, bool away)
{
	struct party *p = arg;
	if (p->step != PARTY_JOINED) {
		if (away)
			party_end(p, "gone", 0);
		return;
	}
	if (away)
		loop_after(p->ps->o.loop, &p->timer, CHAN_SEAT_MS, on_seat_gone, p);
	else
		loop_timer_stop(&p->timer);
}

static void seat_sound(void *arg, const int16_t *s, size_t n)
{
	put(arg, s, n);
}

static const struct seat_call_cb seat_cb = { seat_sound, seat_away };

static int sit(struct party *p, sv token)
{
	struct parties *ps = p->ps;
	int rc = rates(p, SEAT_HZ);
	if (rc == 0)
		rc = seat_take(ps->o.people, token, sv_of(p->id), ps->o.box, &seat_cb, p, &p->seat);
	if (rc)
		return rc;
	p->next_us = loop_now_us(ps->o.loop);
	loop_after(ps->o.loop, &p->tick, 0, seat_tick, p);
	mouth_on(p);
	brief(p);
	return 0;
}

int party_ring(struct party *p, sv to, int ring_ms)
{
	return sv_starts(to, SV("web:")) ? sit(p, sv_slice(to, 4, to.n)) : dial(p, to, ring_ms);
}
