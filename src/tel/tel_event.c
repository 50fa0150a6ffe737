/* tel_event.c: keys as RTP telephone events (RFC 4733). Pure, any thread.
 *
 * All packets of one key press carry the same RTP timestamp, so the timestamp is the
 * identity of a press: the first packet seen with a new one reports the digit,
 * whichever packet that is (start, middle or a repeat of the end; the marker bit is
 * often wrong). Timestamps of the last eight presses are kept, so that reordered
 * packets of an older press neither repeat it nor are lost. When packets before the first one
 * of a press are missing, they may be an earlier press that was overtaken: the key waits three
 * slots for it, and keys are told by the time they were pressed. Some gateways move the
 * timestamp within a press: the same key, not ended, starting before the last one can
 * have ended, is the same press.
 */
#include "tel_int.h"

static const char keys[] = "0123456789*#ABCD";

enum {
	KEEP = TEL_EV_KEEP,
	HOLD = 3, /* slots that a key waits for what it overtook */
	OLD = PCM_HZ,   /* a packet of a press more than 1 s older than the newest is
			   stale */
	ON_FRAMES = 5,  /* 100 ms a key */
	ALL_FRAMES = 8, /* and 60 ms of pause */
};

static bool seen(const struct tel_ev_rx *e, uint32_t ts)
{
	for (int i = 0; i < e->n; i++)
		if (e->ts[i] == ts)
			return true;
	return false;
}

static void keep(struct tel_ev_rx *e, uint32_t ts)
{
	if (e->n < KEEP)
		e->n++;
	memmove(e->ts + 1, e->ts, (size_t)(e->n - 1) * sizeof(*e->ts));
	e->ts[0] = ts;
}

/* Puts a key among those that wait, by time. */
static void wait_turn(struct tel_ev_rx *e, uint32_t ts, char key, int wait)
{
	int at = e->n_q;

	if (e->n_q == KEEP)
		return; /* eight keys within three slots: nobody's finger */
	while (at > 0 && (int32_t)(e->q[at - 1].ts - ts) > 0) {
		e->q[at] = e->q[at - 1];
		at--;
	}
	e->q[at].ts = ts;
	e->q[at].key = key;
	e->q[at].wait = wait;
	e->n_q++;
}

char tel_ev_next(struct tel_ev_rx *e)
{
	char key;

	if (!e->n_q || e->q[0].wait > 0)
		return 0;
	key = e->q[0].key;
	e->n_q--;
	memmove(e->q, e->q + 1, (size_t)e->n_q * sizeof(*e->q));
	return key;
}

void tel_ev_tick(struct tel_ev_rx *e)
{
	for (int i = 0; i < e->n_q; i++)
		e->q[i].wait--;
}

/* A packet of a press that was begun: does it go on? */
static bool goes_on(struct tel_ev_rx *e, uint32_t ts, const uint8_t *p)
{
	int32_t ahead = (int32_t)(ts - e->ts[0]);
	uint16_t dur = (uint16_t)(p[2] << 8 | p[3]);
	bool end = p[1] & 0x80;

	if (seen(e, ts)) {
		if (!ahead) {
			e->dur = dur > e->dur ? dur : e->dur;
			e->ended |= end;
		}
		return true;
	}
	if (ahead <= 0 || p[0] != e->event || e->ended || ahead > e->dur + PCM_FRAME)
		return false;
	e->ts[0] = ts; /* the same press, its timestamp moved */
	e->ended = end;
	return true;
}

void tel_ev_take(struct tel_ev_rx *e, uint32_t ts, bool gap, const uint8_t *p, size_t n)
{
	int32_t ahead;

	if (n < 4 || p[0] >= sizeof(keys) - 1)
		return;
	ahead = e->n ? (int32_t)(ts - e->ts[0]) : 1;
	if (ahead < -OLD || (e->n && goes_on(e, ts, p)))
		return;
	if (ahead > 0) {
		e->event = p[0];
		e->dur = (uint16_t)(p[2] << 8 | p[3]);
		e->ended = p[1] & 0x80;
	}
	keep(e, ts);
	if (ahead < 0) { /* an older one came late: the newest stays first */
		uint32_t t = e->ts[0];

		e->ts[0] = e->ts[1];
		e->ts[1] = t;
	}
	wait_turn(e, ts, keys[p[0]], gap && ahead > 0 ? HOLD : 0);
}

int tel_ev_step(struct tel_ev_tx *e, uint32_t now_ts, uint32_t unit, uint8_t p[4], bool *marker,
		int *copies)
{
	const char *at;
	uint32_t dur;

	if (!e->n)
		return TEL_EV_NONE;
	if (!e->step)
		e->ts = now_ts;
	e->step++;
	if (e->step > ON_FRAMES) {
		if (e->step >= ALL_FRAMES) {
			e->n--;
			memmove(e->queue, e->queue + 1, (size_t)e->n);
			e->step = 0;
		}
		return TEL_EV_GAP;
	}
	at = memchr(keys, e->queue[0], sizeof(keys) - 1);
	dur = (uint32_t)e->step * unit;
	p[0] = (uint8_t)(at - keys);
	p[1] = (uint8_t)((e->step == ON_FRAMES ? 0x80 : 0) | 10); /* -10 dBm0 */
	p[2] = (uint8_t)(dur >> 8);
	p[3] = (uint8_t)dur;
	*marker = e->step == 1;
	*copies = e->step == ON_FRAMES ?
			  3 :
			  1; /* the end is sent three times (section 2.5.1.4) */
	return TEL_EV_PACKET;
}
