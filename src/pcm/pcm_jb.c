/* pcm_jb.c: adaptive jitter buffer on samples, with concealment.
 *
 * G.711 has no state between packets, so packets are decoded on arrival and their
 * samples written into a ring indexed by RTP timestamp, with one mark per sample that
 * is there. Reordering, duplicates, odd packet lengths and overlap then need no code at
 * all: the reader takes 160 samples a tick and conceals what has no mark (pcm_plc.c).
 * speexdsp's jitter buffer was looked at and left: it copies each packet into memory it
 * allocates, hands out packets rather than samples (so a 30 ms packet does not fit a 20
 * ms clock), and its delay is a cost function in "late packets", not a window of
 * milliseconds that we can promise.
 *
 * Delay: when the ring runs dry the reader waits, concealing, for at most max_ms: a
 * delayed packet is then played, not lost. That, and a late packet, raise the target by
 * a frame, up to the maximum; four seconds without lower it by a frame, down to the
 * minimum. What is ahead of the reader is compared with the target once a second: too
 * much (clock drift, burst) drops a frame, too little inserts one. Owned by one thread
 * (the shard). No allocation after open.
 */
#include "pcm_int.h"

enum {
	RING = 8192,        /* samples: 1.02 s; a power of two */
	JUMP = RING - 1024, /* a timestamp further off than this is a new stream */
	CALM_FRAMES = 200,  /* 4 s without a late packet: try a shorter delay */
	CHECK_FRAMES = 50,  /* depth is judged once a second */
	LATE_RUN = 5,       /* so many late ones in a row are not jitter */
};

struct pcm_jb {
	int16_t s[RING];
	uint8_t have[RING];
	uint32_t rd;  /* timestamp the reader is at */
	uint32_t top; /* one past the newest sample */
	int min_smp, max_smp, target;
	int least,
		seen; /* smallest depth within the present check window, frames in it */
	int calm, held, late_run;
	bool on, primed; /* a packet came; enough came to start reading */
	bool paused;     /* nothing is missing when dry */
	struct pcm_plc plc;
	struct pcm_jb_stats st;
};

int pcm_jb_open(struct pcm_jb **ret, int min_ms, int max_ms)
{
	if (min_ms < 20 || max_ms < min_ms || max_ms > 200)
		return ERR_INVAL;
	struct pcm_jb *jb = xalloc(sizeof(*jb));

	jb->min_smp = min_ms * PCM_HZ / 1000;
	jb->max_smp = max_ms * PCM_HZ / 1000;
	jb->target = jb->min_smp;
	*ret = jb;
	return 0;
}

void pcm_jb_close(struct pcm_jb *jb)
{
	xfree(jb);
}

void pcm_jb_reset(struct pcm_jb *jb)
{
	memset(jb->have, 0, sizeof(jb->have));
	jb->on = jb->primed = jb->paused = false;
	jb->least = jb->seen = jb->calm = 0;
}

void pcm_jb_pause(struct pcm_jb *jb)
{
	jb->paused = true;
}

static int depth(const struct pcm_jb *jb)
{
	return (int)(int32_t)(jb->top - jb->rd);
}

static void raise_target(struct pcm_jb *jb)
{
	jb->calm = 0;
	if (jb->target + PCM_FRAME <= jb->max_smp)
		jb->target += PCM_FRAME;
}

static void note_late(struct pcm_jb *jb)
{
	jb->st.late++;
	raise_target(jb);
}

static void begin(struct pcm_jb *jb, uint32_t ts)
{
	memset(jb->have, 0, sizeof(jb->have));
	jb->on = true;
	jb->primed = false;
	jb->rd = jb->top = ts;
	jb->least = RING;
	jb->seen = jb->calm = jb->held = jb->late_run = 0;
}

/* Of n samples from at on, how many lie before the ring's end. */
static size_t until_end(uint32_t at, size_t n)
{
	return n < RING - at ? n : RING - at;
}

static size_t count(const uint8_t *marks, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += marks[i];
	return sum;
}

void pcm_jb_put(struct pcm_jb *jb, uint32_t ts, const int16_t *s, size_t n)
{
	int32_t off;
	size_t i = 0, dup = 0;

	if (!n || n > 960)
		return;
	jb->st.put++;
	jb->paused = false;
	if (!jb->on)
		begin(jb, ts);
	off = (int32_t)(ts - jb->rd);
	if (off > JUMP || off < -JUMP) {
		jb->st.resets++;
		begin(jb, ts);
		off = 0;
	}
	if (!jb->primed && off < 0) { /* an older one overtaken before reading began */
		jb->rd = ts;
		off = 0;
	}
	if (off + (int32_t)n <= 0) {
		note_late(jb);
		if (++jb->late_run < LATE_RUN)
			return;
		jb->st.resets++; /* the sender's timestamps stood still in a pause:
				    follow them */
		begin(jb, ts);
		off = 0;
	}
	jb->late_run = 0;
	if (off < 0) {
		note_late(jb);
		i = (size_t)-off;
	}
	while (i < n) { /* in one piece, or two where the ring ends */
		uint32_t at = (ts + (uint32_t)i) & (RING - 1);
		size_t k = until_end(at, n - i);

		dup += count(jb->have + at, k);
		memcpy(jb->s + at, s + i, k * sizeof(*s));
		memset(jb->have + at, 1, k);
		i += k;
	}
	if (dup == n)
		jb->st.dup++;
	if ((int32_t)(ts + (uint32_t)n - jb->top) > 0)
		jb->top = ts + (uint32_t)n;
}

/* Takes one frame at the reader; marks are cleared so that the ring can go round. What
 * is missing comes from the concealment, what is there goes over it. */
static int take(struct pcm_jb *jb, int16_t out[PCM_FRAME])
{
	uint32_t at = jb->rd & (RING - 1);
	size_t first = until_end(at, PCM_FRAME), rest = PCM_FRAME - first;
	size_t got = count(jb->have + at, first) + count(jb->have, rest);

	jb->rd += PCM_FRAME;
	if (got == PCM_FRAME) {
		memcpy(out, jb->s + at, first * sizeof(*out));
		memcpy(out + first, jb->s, rest * sizeof(*out));
		pcm_plc_good(&jb->plc, out, PCM_FRAME);
		jb->held = 0;
	} else {
		pcm_plc_fill(&jb->plc, out, PCM_FRAME);
		jb->st.concealed++;
		for (uint32_t i = 0; got && i < PCM_FRAME; i++)
			if (jb->have[(at + i) & (RING - 1)])
				out[i] = jb->s[(at + i) & (RING - 1)];
	}
	memset(jb->have + at, 0, first);
	memset(jb->have, 0, rest);
	return (int)got;
}

/* Once a second: is what we hold more or less than the target? Returns frames to skip
 * (1), repeat (-1), 0. */
static int judge(struct pcm_jb *jb)
{
	int d = depth(jb), move = 0;

	jb->least = d < jb->least ? d : jb->least;
	if (++jb->calm >= CALM_FRAMES) {
		jb->calm = 0;
		if (jb->target - PCM_FRAME >= jb->min_smp)
			jb->target -= PCM_FRAME;
	}
	if (++jb->seen < CHECK_FRAMES && jb->least < jb->target + 6 * PCM_FRAME)
		return 0;
	if (jb->least >= jb->target + PCM_FRAME)
		move = 1;
	else if (jb->least + PCM_FRAME <= jb->target && jb->least > 0)
		move = -1;
	jb->least = RING;
	jb->seen = 0;
	return move;
}

/* A frame of concealment without moving the reader: the delay grows by 20 ms. */
static int stretch(struct pcm_jb *jb, int16_t out[PCM_FRAME])
{
	jb->st.stretched++;
	pcm_plc_fill(&jb->plc, out, PCM_FRAME);
	return 0;
}

int pcm_jb_get(struct pcm_jb *jb, int16_t out[PCM_FRAME])
{
	int move;

	if (jb->on && !jb->primed && depth(jb) >= jb->target)
		jb->primed = true;
	if (!jb->primed) {
		memset(out, 0, PCM_FRAME * sizeof(*out));
		return 0;
	}
	if (depth(jb) <=
	    -(RING / 2)) { /* half a second of nothing: wait for a fresh start */
		pcm_jb_reset(jb);
		memset(out, 0, PCM_FRAME * sizeof(*out));
		return 0;
	}
	if (depth(jb) <= 0 && jb->paused) { /* time goes on, nothing is concealed */
		memset(out, 0, PCM_FRAME * sizeof(*out));
		jb->rd += PCM_FRAME;
		return 0;
	}
	if (depth(jb) <= 0 && jb->held * PCM_FRAME < jb->max_smp) {
		jb->held++;
		raise_target(jb);
		return stretch(jb, out);
	}
	move = judge(jb);
	if (move < 0)
		return stretch(jb, out);
	if (move > 0) {
		jb->st.dropped++;
		take(jb, out);
	}
	return take(jb, out);
}

struct pcm_jb_stats pcm_jb_stats(const struct pcm_jb *jb)
{
	struct pcm_jb_stats st = jb->st;
	int d = depth(jb);

	st.target_ms = jb->target * 1000 / PCM_HZ;
	st.depth_ms = jb->primed && d > 0 ? d * 1000 / PCM_HZ : 0;
	return st;
}
