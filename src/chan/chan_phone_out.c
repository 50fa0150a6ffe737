/* chan_phone_out.c: calls that we place: they ring, somebody or something answers, and once it is
 * a person the conversation begins.
 *
 * Until then the call has no voice (chan_voice) but a detector (chan_amd), a recogniser that
 * listens for what machines say, and a playout for our few words: "hello?" into silence, who we
 * are to a screening assistant, the message after the beep. The sound of the first words is made
 * while it rings. What happens is told by on_call, with numbers that rise. Memory: struct
 * call_out hangs on its call and goes with it. Made on any thread, then the shard's. */
#include "chan_phone_int.h"
#include "chan_amd.h"

#include <stdio.h>

enum {
	RING_MS = 30000,
	RING_MAX_MS = 55000,
	SETTLE_MS = 200,             /* after our own words their echo may come */
	BYE_MS = 300,                /* after the last sample of the message */
	TEST_MS = 4000,              /* a person hears that their line works */
	SCREENS_MAX = 2,
	SCREEN_QUIET_MS = 600,       /* who asks is let finish */
};
enum said { SAID_NOTHING, SAID_HELLO, SAID_WHO, SAID_MESSAGE };

struct call_out {
	struct call *c;
	char uri[CHAN_URI], call_id[27];
	char *opening, *message, *purpose;      /* owned */
	char lang[8];
	bool up, rang, test;
	int news, screens;
	const char *why;             /* of the end */
	struct amd amd;
	struct amd_words words;
	struct asr_run *asr;
	struct chan_warm *warm;
	struct playout play;
	bool playing, was_said;
	bool screen_due;             /* asked who we are; told once they are silent */
	int quiet_ms;
	enum said saying;
	int settle_ms;
	struct loop_timer timer;
};

static void tell(struct call_out *o, const char *state, const char *why, int status)
{
	const struct chan_phone_opts *po = &o->c->ph->o;
	struct chan_call_news n = { .id = o->call_id,
				    .n = ++o->news,
				    .state = state,
				    .why = why,
				    .status = status,
				    .conversation = o->c->voice ? o->c->id : "" };
	if (po->on_call)
		po->on_call(po->arg, &n);
}

static sv text(const struct call_out *o, const char *key, unsigned variant)
{
	const struct chan_phone_opts *po = &o->c->ph->o;
	return po->text ? po->text(po->arg, key, sv_of(o->lang), variant) : SV("");
}

/* ---- what machines say: all variants of a key, in both languages ---- */

static void phrases(const struct call_out *o, const char *key, struct amd_list *l)
{
	static const char *const langs[] = { "en", "zh" };
	const struct chan_phone_opts *po = &o->c->ph->o;
	for (int k = 0; po->text && k < 2; k++) {
		sv first = po->text(po->arg, key, sv_of(langs[k]), 0), next = first;
		for (unsigned v = 1; next.n && l->n < AMD_PHRASES; v++) {
			l->v[l->n++] = next;
			next = po->text(po->arg, key, sv_of(langs[k]), v);
			if (next.p == first.p)
				break;
		}
	}
}

static void words_load(struct call_out *o)
{
	phrases(o, "amd_machine", &o->words.machine);
	phrases(o, "amd_screen", &o->words.screen);
	phrases(o, "amd_full", &o->words.full);
	phrases(o, "amd_human", &o->words.human);
}

/* ---- our words before the conversation ---- */

static void on_played(void *arg, uint32_t say_id, size_t bytes)
{
	((struct call_out *)arg)->was_said = true; /* looked at after the pull */
}

static void on_first(void *arg, uint32_t say_id)
{
}

static void say(struct call_out *o, enum said what, sv words)
{
	struct chan_out out = { .say_id = (uint32_t)o->news + 1000,
				.text = words,
				.lang = sv_of(o->lang),
				.final = true };
	if (!o->playing) {
		playout_init(&o->play, o->c->place.speech, PCM_HZ);
		o->play.on_played = on_played;
		o->play.on_first = on_first;
		o->play.arg = o;
		o->playing = true;
	}
	o->saying = what;
	o->was_said = false;
	(void)playout_say(&o->play, &out);
}

static void hang_up(struct call_out *o, const char *why)
{
	o->why = why;
	tel_leg_hangup(o->c->leg, 200);
}

static void on_bye(void *arg)
{
	struct call_out *o = arg;
	hang_up(o, "machine");
}

static void ears_off(struct call_out *o);
static void ears_on(struct call_out *o);

/* Our words are out. The recogniser begins anew: what it heard before belongs to the past. */
static void said(struct call_out *o)
{
	enum said what = o->saying;
	o->saying = SAID_NOTHING;
	o->settle_ms = SETTLE_MS;
	if (what == SAID_MESSAGE) {
		tell(o, "message", "", 0);
		loop_after(o->c->place.loop, &o->timer, BYE_MS, on_bye, o);
	} else {
		amd_again(&o->amd);
		ears_off(o);
		ears_on(o);
		o->amd.hears = o->asr != NULL;
	}
}

int out_pull(struct call *c, int16_t *out)
{
	struct call_out *o = c->out;
	if (!o->playing)
		return 0;
	int n = playout_pull(&o->play, out);
	if (o->was_said && o->saying)
		said(o);
	return n;
}

/* ---- who is there? ---- */

static void ears_off(struct call_out *o)
{
	if (o->asr)
		o->c->place.speech->ops->asr_cancel(o->asr);
	o->asr = NULL;
}

static void mouth_off(struct call_out *o)
{
	if (o->playing)
		playout_done(&o->play);
	o->playing = false;
	o->saying = SAID_NOTHING;
}

/* A person: the conversation begins, with our words. */
static void talk(struct call_out *o)
{
	struct call *c = o->c;
	ears_off(o);
	mouth_off(o);
	if (call_talk(c, sv_of(o->opening))) {
		hang_up(o, "no room");
		return;
	}
	tell(o, "human", "", 0);
}

static void screened(struct call_out *o)
{
	char buf[2048];
	sv tmpl = text(o, "outbound_screen", 0), head;
	sv why = sv_of(o->purpose[0] ? o->purpose : o->opening);
	ptrdiff_t at = sv_find(tmpl, SV("{purpose}"));
	tell(o, "screening", "", 0);
	if (o->screens++ >= SCREENS_MAX) {
		hang_up(o, "screened");
		return;
	}
	head = at < 0 ? tmpl : sv_slice(tmpl, 0, (size_t)at);
	sv tail = at < 0 ? SV("") : sv_slice(tmpl, (size_t)at + 9, tmpl.n);
	snprintf(buf, sizeof(buf), SV_FMT SV_FMT SV_FMT, SV_ARG(head),
		 SV_ARG(at < 0 ? SV("") : sv_slice(why, 0, sv_rune_offset(why, 300))),
		 SV_ARG(tail));
	say(o, SAID_WHO, sv_of(buf));
}

static void decided(struct call_out *o, enum amd_ev e)
{
	bool asked = o->amd.asked;
	switch (e) {
	case AMD_NONE:
		return;
	case AMD_HUMAN:
		talk(o);
		return;
	case AMD_SILENT:
		if (asked)
			talk(o);
		else
			say(o, SAID_HELLO, text(o, "outbound_hello", 0));
		return;
	case AMD_MACHINE:
		tell(o, "machine", "", 0);
		return;
	case AMD_SCREEN:
		o->screen_due = true;
		o->quiet_ms = 0;
		return;
	case AMD_FULL:
		hang_up(o, "mailbox full");
		return;
	case AMD_BEEP:
		ears_off(o);
		if (o->message[0])
			say(o, SAID_MESSAGE, sv_of(o->message));
		else
			hang_up(o, "machine");
		return;
	}
}

static void on_words(void *arg, sv words)
{
	struct call_out *o = arg;
	if (!o->saying && !o->c->voice && !o->why)
		decided(o, amd_words(&o->amd, words));
}

static void on_final(void *arg, sv words, double confidence)
{
	on_words(arg, words);
}

static void on_asr_error(void *arg, int err)
{
	struct call_out *o = arg;
	o->asr = NULL;
	o->amd.hears = false;
}

static void ears_on(struct call_out *o)
{
	static const struct asr_cb cb = { on_words, on_final, on_asr_error };
	const struct chan_speech *sp = o->c->place.speech;
	if (!sp->asr || !sp->ops->asr_serves(sp->asr, sv_of(o->lang)) ||
	    sp->ops->asr_start(sp->asr, sv_of(o->lang), &cb, o, &o->asr))
		o->asr = NULL;
}

void out_frame(struct call *c, const int16_t *s)
{
	struct call_out *o = c->out;
	if (!o->up || o->why)
		return;
	if (o->saying)
		return;
	if (o->settle_ms > 0) {
		o->settle_ms -= PCM_FRAME_MS;
		return;
	}
	if (o->asr)
		c->place.speech->ops->asr_feed(o->asr, s, PCM_FRAME, PCM_HZ);
	decided(o, amd_push(&o->amd, s));
	if (!o->screen_due)
		return;
	o->quiet_ms = o->amd.vad.voiced ? 0 : o->quiet_ms + PCM_FRAME_MS;
	if (o->quiet_ms >= SCREEN_QUIET_MS) {
		o->screen_due = false;
		screened(o);
	}
}

/* ---- the leg ---- */

void out_ring(struct call *c)
{
	if (!c->out->up && !c->out->rang)
		tell(c->out, "ringing", "", 0);
	c->out->rang = true;
}

void out_up(struct call *c)
{
	struct call_out *o = c->out;
	loop_timer_stop(&o->timer);
	o->up = true;
	tell(o, "answered", "", 0);
	if (c->ph->o.outbound.no_amd || c->parties) {    /* the person hears who it is */
		talk(o);
		return;
	}
	words_load(o);
	ears_on(o);
	amd_init(&o->amd, &o->words, o->asr != NULL);
}

void out_close(struct call *c, int status)
{
	struct call_out *o = c->out;
	if (o->up)
		tell(o, "ended", o->why ? o->why : "", status);
	else
		tell(o, "failed", o->why ? o->why : parties_why(status), status);
}

void out_free(struct call *c)
{
	struct call_out *o = c->out;
	if (!o)
		return;
	loop_timer_stop(&o->timer);
	ears_off(o);
	mouth_off(o);
	chan_warm_free(o->warm);
	xfree(o->opening);
	xfree(o->message);
	xfree(o->purpose);
	xfree(o);
	c->out = NULL;
}

static void on_ring_late(void *arg)
{
	struct call_out *o = arg;
	o->why = "no answer";
	tel_leg_hangup(o->c->leg, 487); /* CANCEL; on_close follows */
}

static void dial_customer(struct call *c)
{
	struct call_out *o = c->out;
	struct chan_phone *ph = c->ph;
	struct err e = { 0 };
	struct tel *t = ph->people->tel;
	struct tel_dial_opts d = { .uri = o->uri,
				   .from_user = ph->outbound.from[0] ? ph->outbound.from : NULL };
	int rc = t ? tel_dial(t, &d, c->place.loop, c->place.box, &call_leg_cb, c, &c->leg, &e) :
		     ERR_STATE;
	if (rc) {
		out_close(c, 503);
		call_free(c);
		return;
	}
	int ring = ph->o.outbound.ring_ms > 0 ? ph->o.outbound.ring_ms : RING_MS;
	loop_after(c->place.loop, &o->timer, ring < RING_MAX_MS ? ring : RING_MAX_MS,
		   on_ring_late, o);
	o->warm = chan_warm_start(c->place.speech, sv_of(o->opening), sv_of(o->lang), PCM_HZ);
}

static void on_tested(void *arg)
{
	struct call *c = arg;
	out_close(c, 0);
	call_free(c);
}

void out_first(struct call *c)
{
	tell(c->out, "agent", "", 0);
	c->out->up = c->out->test;
	if (c->out->test)
		loop_after(c->place.loop, &c->out->timer, TEST_MS, on_tested, c);
	else
		dial_customer(c);
}

void out_first_gone(struct call *c, int status)
{
	c->out->why = "agent";
	if (c->leg) {
		tel_leg_hangup(c->leg, 487); /* CANCEL or BYE; on_close follows */
		return;
	}
	out_close(c, status);
	call_free(c);
}

/* On the shard. */
static void dial_here(void *arg)
{
	struct call *c = arg;
	if (!c->party_to[0])
		dial_customer(c);
	else if (first_ring(c))
		out_first_gone(c, 0);
}

static void copy(char *to, size_t cap, sv s)
{
	snprintf(to, cap, SV_FMT, SV_ARG(sv_slice(s, 0, cap - 1)));
}

static struct call *call_make(struct chan_phone *ph, const struct chan_call_opts *o)
{
	struct call *c = xalloc(sizeof(*c));
	struct call_out *x = c->out = xalloc(sizeof(*x));
	x->c = c;
	c->ph = obj_ref(ph);
	copy(c->from, sizeof(c->from), o->to);
	copy(c->name, sizeof(c->name), o->name);
	copy(c->customer, sizeof(c->customer), o->customer);
	x->test = o->test;
	copy(c->language, sizeof(c->language), o->language.n ? o->language : sv_of(ph->language));
	copy(x->lang, sizeof(x->lang), sv_of(c->language[0] ? c->language : "en"));
	copy(x->call_id, sizeof(x->call_id), o->id);
	copy(c->party, sizeof(c->party), o->agent_party);
	copy(c->party_to, sizeof(c->party_to), o->agent_to);
	copy(c->agent, sizeof(c->agent), o->agent);
	copy(c->agent_name, sizeof(c->agent_name), o->agent_name);
	x->opening = xstrdup(o->opening);
	x->message = xstrdup(o->message);
	x->purpose = xstrdup(o->purpose);
	return c;
}

int chan_phone_dial(struct chan_phone *ph, const struct chan_call_opts *o)
{
	char uri[CHAN_URI] = "";
	int rc = o->test ? 0 : chan_dial_uri(&ph->outbound, o->to, uri);
	if (rc || (o->test && !o->agent_to.n))
		return rc ? rc : ERR_INVAL;
	if (!ph->people->tel)
		return ERR_STATE;
	struct call *c = call_make(ph, o);
	memcpy(c->out->uri, uri, sizeof(uri));
	rc = ph->o.pick(ph->o.arg, &c->place);
	if (rc == 0)
		rc = mbox_post(c->place.box, dial_here, c);
	if (rc)
		call_free(c);
	return rc;
}
