/* chan_ear_cut.c: somebody is heard while we speak: are we to stop?
 *
 * Pause first, decide later. At the onset we duck; after HALT_MS of voice we stand still at the
 * sample we have reached; the sound right before the onset counts, since the detector is sure of
 * a voice only some 100 ms after it began. Who still speaks LET_GO_MS after that has probably
 * something to say: voice and language model are let go (on_over), and asked for the rest should
 * it be nothing after all. Then it is decided. A recognised word that is no listener's murmur, or
 * a voice that goes on for GO_ON_MS, is an interruption: what was heard of ours is what was sent
 * until we stood still. If it ends before, and its words are a murmur (chan_ear_back.c) or
 * there are none, we go on with the next sample; at the latest LET_ON_MS after the onset, should
 * the recogniser be slow: its words still count when they come. A murmur counts where we just
 * asked something, a yes or a no where one is asked for at all. What is much softer than this
 * customer usually is (a television) does not count by its length.
 *
 * While we must not be cut (legal text) what is said is kept and told afterwards. Without a
 * recogniser nothing can be understood: we stand still for who speaks on, for STILL_MS at most,
 * and go on. Part of an ear; shard's thread. */
#include "chan_ear.h"

enum {
	GO_ON_MS = 700,              /* of voice, over ours: an interruption whatever it says */
	AGAIN_MS = 200,              /* of one who was speaking before our say began */
	HALT_MS = 100,               /* of sound that turned out to be voice: we stand still */
	LET_GO_MS = 240,             /* since the sound began: nobody makes more for us */
	WORD_MS = 100,               /* a recognised word counts from here */
	LET_ON_MS = 1080,
	STILL_MS = 3000,
};
#define DUCK_DB (-12.0)
#define SOFT_DB (-12.0)              /* against the customer's usual level */
#define SURE_ENOUGH 0.3              /* words of less confidence are noise */

static int64_t now(const struct ear *e)
{
	return e->o.tape->ms;
}

void ear_duck(struct ear *e)
{
	e->over_ms = e->start_ms;
	e->paused_ms = 0;
	if (e->asr && playout_busy(e->o.play) && playout_may_cut(e->o.play))
		e->o.play->gain_db = DUCK_DB;
}

static void tell_over(struct ear *e, bool on)
{
	if (e->over_told == on)
		return;
	e->over_told = on;
	if (on)
		playout_let_go(e->o.play);
	if (e->o.on_over)
		e->o.on_over(e->o.arg, on);
}

void ear_let_on(struct ear *e)
{
	e->o.play->gain_db = 0;
	e->paused_ms = 0;
	playout_go(e->o.play);
	tell_over(e, false);
}

/* The engine hushes us from within on_start, or lets us go on. */
void ear_take_turn(struct ear *e)
{
	struct ear_pending *const both[] = { &e->flying, &e->due };
	for (int i = 0; i < 2; i++)
		both[i]->counts |= both[i]->is && both[i]->utterance == e->utterance;
	e->told = e->barged = true;
	e->over_told = false;        /* that is what it was */
	e->o.on_start(e->o.arg);
	if (!ear_over(e))
		ear_let_on(e);
}

/* The customer is told from a television in the room by how loud he was before. */
static bool too_soft(const struct ear *e)
{
	return e->caller_db < 0 && e->loud_n &&
	       e->loud_sum / e->loud_n < e->caller_db + SOFT_DB;
}

static bool counts(const struct ear *e, sv text)
{
	enum ear_back back = ear_backchannel(text);
	if (back == EAR_SPEAKS || back == EAR_NO)
		return true;
	if (back == EAR_SILENT)
		return false;
	if (!playout_busy(e->o.play) || playout_asked(e->o.play))
		return true;
	return back == EAR_YES && e->expect == CHAN_EXPECT_YESNO;
}

static void stand_still(struct ear *e)
{
	if (e->paused_ms || e->voiced_ms + e->lead_ms < HALT_MS || too_soft(e))
		return;
	playout_pause(e->o.play);
	e->paused_ms = now(e);
}

/* Nobody here understands: a person would still not talk over somebody. */
static void judge_deaf(struct ear *e)
{
	if (e->paused_ms && now(e) - e->paused_ms >= STILL_MS)
		playout_go(e->o.play);
	else if (e->voiced_ms >= AGAIN_MS)
		stand_still(e);
}

static void judge_over(struct ear *e)
{
	sv words = sb_sv(&e->partial);
	bool word = words.n && now(e) - e->start_ms >= WORD_MS && counts(e, words);
	bool was_on = e->spoken_ms - e->voiced_ms >= AGAIN_MS || e->told;
	stand_still(e);
	if (too_soft(e))
		return;
	if (word || e->voiced_ms >= (was_on ? AGAIN_MS : GO_ON_MS))
		ear_take_turn(e);
	else if (e->paused_ms && !e->ended_wait &&
		 now(e) - e->over_ms + e->lead_ms >= LET_GO_MS)
		tell_over(e, true);
}

void ear_judge(struct ear *e)
{
	if (e->barged || e->manual || !playout_may_cut(e->o.play))
		return;
	if (playout_busy(e->o.play) && e->asr)
		judge_over(e);
	else if (playout_busy(e->o.play))
		judge_deaf(e);
	else if (e->vad.voiced && e->spoken_ms >= EAR_SPOKE_MS)
		ear_take_turn(e);    /* a click holds no turn: its words do, if there are any */
}

bool ear_undecided(const struct ear *e)
{
	return e->paused_ms && e->asr && ear_waits(e) && now(e) - e->over_ms < LET_ON_MS;
}

/* ---- what was not told when it was said */

static void keep(struct ear *e, const struct ear_pending *p, sv text, double confidence)
{
	if (!e->kept.n) {
		e->kept_start_ms = p->start_ms;
		e->kept_confidence = confidence;
	} else {
		sb_ch(&e->kept, ' ');
	}
	sb_put(&e->kept, text);
	e->kept_end_ms = p->end_ms;
	e->kept_confidence = confidence < e->kept_confidence ? confidence : e->kept_confidence;
}

void ear_tell_kept(struct ear *e)
{
	if (!e->kept.n || !playout_may_cut(e->o.play))
		return;
	void *owner = obj_ref(e->o.arg);
	struct sb b = e->kept;
	sb_init(&e->kept, EAR_WORDS_MAX);
	if (e->speaking && !e->told)
		ear_take_turn(e);
	else if (!e->speaking)
		e->o.on_start(e->o.arg);
	if (!ear_over(e)) {
		ear_add_words(e, sb_sv(&b), e->kept_confidence, e->kept_start_ms);
		if (!e->speaking && !ear_waits(e))
			ear_tell_words(e, e->kept_end_ms, loop_now_us(e->o.loop));
	}
	sb_done(&b);
	obj_unref(owner);
}

bool ear_maybe(struct ear *e, const struct ear_pending *p, sv text, double confidence)
{
	bool open = e->speaking && p->utterance == e->utterance && !e->told;
	bool heard = text.n && confidence >= SURE_ENOUGH && counts(e, text);
	/* a click holds words only when nothing of ours was in the way */
	heard = heard && (p->spoke || !playout_busy(e->o.play) || e->expect == CHAN_EXPECT_YESNO);
	if (heard && !playout_may_cut(e->o.play)) {
		keep(e, p, text, confidence);
		return false;
	}
	if (heard && open) {
		ear_take_turn(e);
		return true;
	}
	if (heard) {
		e->o.on_start(e->o.arg);
		return true;
	}
	if (open && e->ended_wait)
		ear_close(e);
	return false;
}
