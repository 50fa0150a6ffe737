/* talk_aside.c: what is said beside replies: that a machine speaks (at the start of a call), a
 * short filler when the answer is late, and news that wait for a moment of silence.
 *
 * An aside has its own say and its own row (turn.aside); it is never in a model's context and
 * never the answer. A filler comes only while an answer is owed and nothing of it sounds; the
 * answer queues behind it in the playout, so they cannot collide, and whoever begins to speak
 * ends both. Pure like the rest of the core. */
#include "talk_core.h"

/* From the customer's last sound to the filler: words are known FINAL_MS after it at the least,
 * and a pause is told PAUSE_MS after it. */
#define FILLER_MS 1450
#define FINAL_MS 450
#define PAUSE_MS 200
#define FILLER_LEAST_MS 150
#define DRAFT_MS 400             /* a sentence is half written: it is waited for */
#define PROGRESS_MS 4500         /* from the end of one phrase to the next */

static void say_aside(struct talk_core *c, sv text, const char *key, const char *what,
		      struct arena *a, struct talk_acts *acts)
{
	struct sb b;
	if (!text.n)
		return;
	c->aside = ++c->say_id;
	xfree(c->aside_text);
	c->aside_text = xstrdup(text);
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, text);
	sb_fmt(&b, ",\"say_id\":%u,\"language\":\"%s\",\"what\":\"%s\"}", c->aside, c->lang, what);
	talk_act_record(c, acts, "turn.aside", "bot", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
	struct talk_act *x = talk_act_add(acts, TACT_SAY);
	x->text = arena_sv(a, text);
	x->lang = sv_of(c->lang);
	x->say_id = c->aside;
	x->final = x->aside = true;
	x->uninterruptible = c->legal = talk_text_legal(c->cfg->texts, sv_of(c->lang), key);
	x->expect = CHAN_EXPECT_OPEN;
	x->rate = talk_pace(c);
}

void talk_aside(struct talk_core *c, const char *key, const char *what, struct arena *a,
		struct talk_acts *acts)
{
	say_aside(c, talk_text(c->cfg->texts, sv_of(c->lang), key, c->variety++), key, what, a,
		  acts);
}

void talk_aside_text(struct talk_core *c, sv text, const char *what, struct arena *a,
		     struct talk_acts *acts)
{
	say_aside(c, text, "", what, a, acts);
}

/* ---- fillers ---- */

static void arm(struct talk_core *c, int64_t ms, struct talk_acts *acts)
{
	c->filling = true;
	talk_act_timer(acts, TT_FILLER, (int)(ms > FILLER_LEAST_MS ? ms : FILLER_LEAST_MS));
}

void talk_filler_arm(struct talk_core *c, struct talk_acts *acts)
{
	if (!c->voice || (c->caps & CHAN_PATIENT))
		return;
	int64_t ms = FILLER_MS - FINAL_MS;
	if (c->guess.on && c->guess.sure)
		ms = FILLER_MS - PAUSE_MS - (c->now_us - c->guess.at_us) / 1000;
	c->filled = 0;
	arm(c, ms, acts);
}

void talk_filler_stop(struct talk_core *c, struct talk_acts *acts)
{
	if (!c->filling)
		return;
	c->filling = false;
	talk_act_timer(acts, TT_FILLER, 0);
}

static bool answer_owed(const struct talk_core *c)
{
	return c->in_turn && c->t.sentences == 0 && c->sm.now == TS_THINKING && !c->speaking &&
	       !c->aside && !c->mouth;
}

void talk_on_filler(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	c->filling = false;
	if (!answer_owed(c))
		return;
	if (c->t.draft.n && !c->t.waited) {
		c->t.waited = true;
		arm(c, DRAFT_MS, acts);
		return;
	}
	c->tally.fillers++;
	sv slow = talk_slow_phrase(c);
	if (slow.n)
		talk_aside_text(c, slow, "progress", a, acts), c->filled++;
	else if (c->filled++)
		talk_aside(c, "progress", "progress", a, acts);
	else
		talk_aside(c, "filler", "filler", a, acts);
}

bool talk_aside_played(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts)
{
	if (!c->aside || ev->say_id != c->aside)
		return false;
	struct chan_heard h = { c->aside, strlen(c->aside_text), ev->start_ms, ev->end_ms };
	talk_record_heard(c, "turn.played", c->aside_text, &h, a, acts);
	c->aside = 0;
	if (answer_owed(c))
		arm(c, PROGRESS_MS, acts);
	return true;
}

/* ---- news ---- */

/* Nobody speaks, and no number is being keyed in. */
static bool silence(const struct talk_core *c)
{
	return c->sm.now == TS_LISTENING && !c->in_turn && !c->speaking && !c->n_digits;
}

static void say_notice(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_reply r = { .text = c->notice ? arena_sv(a, sv_of(c->notice)) : SV_NULL,
				.action = POL_REPLY };
	xfree(c->notice);
	c->notice = NULL;
	talk_reply(c, &r, a, acts);  /* and what a tool did while the customer spoke */
}

void talk_notice(struct talk_core *c, sv text, bool now, struct arena *a, struct talk_acts *acts)
{
	xfree(c->notice);
	c->notice = text.n ? xstrdup(text) : NULL;   /* news alone is told all the same */
	if (silence(c) && (now || !c->mouth))
		say_notice(c, a, acts);
}

bool talk_notice_due(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if ((!c->notice && !c->svc.news) || !silence(c))
		return false;
	say_notice(c, a, acts);
	return true;
}
