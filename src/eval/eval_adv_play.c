/* eval_adv_play.c: one adversarial conversation: a peer of the engine that says its turns and
 * keeps every word that comes back, pieces and asides too.
 *
 * The next turn is said when the reply's row has come and a while has passed, so that what is
 * told late is heard. No reply in LIMIT_MS ends it as silent. Owned by itself until on_over; the
 * loop's thread. */
#include "eval_adv_play.h"

#include <stdio.h>

#define LIMIT_MS 60000
#define SETTLE_MS 5

struct play {
	struct chan_peer peer;       /* first */
	struct adv_talk *out;
	struct loop_timer step, limit, played;
	uint32_t played_id;
	size_t turn;
	bool open, asked, answered, closing;
	enum chan_close_by by;
	struct sb reply;
};

static void next(void *arg);

static bool is_voice(const struct play *p)
{
	return (p->peer.caps & CHAN_VOICE) != 0;
}

static void on_played(void *arg)
{
	struct play *p = arg;
	struct chan_msg m = { .kind = CHAN_PLAYED, .say_id = p->played_id };
	if (p->open)
		p->peer.sink->on_msg(p->peer.user, &m);
}

static int play_say(struct chan_peer *peer, const struct chan_out *x)
{
	struct play *p = (struct play *)(void *)peer;
	sb_put(&p->reply, x->text);
	if (!x->final)
		return 0;
	sb_ch(&p->reply, '\n');
	if (is_voice(p)) {
		p->played_id = x->say_id;
		loop_after(peer->loop, &p->played, 0, on_played, p);
	}
	jv *row = p->asked && x->event_json.n ? talk_reply_of(x->event_json) : NULL;
	if (row && !p->answered) {
		p->answered = true;
		loop_after(peer->loop, &p->step, SETTLE_MS, next, p);
	}
	jv_free(row);
	return 0;
}

static void play_hush(struct chan_peer *peer, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
}

static void play_event(struct chan_peer *peer, sv json)
{
}

static void play_hangup(struct chan_peer *peer, enum chan_close_by by)
{
	struct play *p = (struct play *)(void *)peer;
	p->closing = true;
	p->by = by;
	if (by == CHAN_BY_SYSTEM) {
		p->open = false;
		peer->sink->on_close(peer->user, by);
	}
	if (!p->answered)
		loop_after(peer->loop, &p->step, SETTLE_MS, next, p);
}

/* What was said since the last turn goes to it; before the first turn it was the greeting. */
static void keep_reply(struct play *p)
{
	jv *t = jv_at(p->out->turns, p->turn ? p->turn - 1 : 0);
	sv text = sv_trim(sb_sv(&p->reply));
	if (p->turn && t && text.n)
		jv_set_str(t, "reply", text);
	sb_reset(&p->reply);
}

static void over(void *arg)
{
	struct play *p = arg;
	struct adv_talk *out = p->out;
	loop_timer_stop(&p->limit);
	loop_timer_stop(&p->played);
	sb_done(&p->reply);
	xfree(p);
	out->on_over(out->arg);
}

static void finish(struct play *p)
{
	keep_reply(p);
	if (p->open) {
		p->open = false;
		p->peer.sink->on_close(p->peer.user, p->closing ? p->by : CHAN_BY_CUSTOMER);
	}
	loop_after(p->peer.loop, &p->step, 0, over, p);
}

static void on_limit(void *arg)
{
	struct play *p = arg;
	p->out->silent = true;
	loop_timer_stop(&p->step);
	finish(p);
}

static void say(struct play *p, sv text)
{
	jv *t = jv_obj();
	jv_set_str(t, "user", text);
	jv_push(p->out->turns, t);
	p->asked = true;
	p->answered = false;
	loop_after(p->peer.loop, &p->limit, LIMIT_MS, on_limit, p);
	struct chan_msg m = { .kind = is_voice(p) ? CHAN_SPEECH_FINAL : CHAN_TEXT,
			      .text = jv_get_str(t, "user"),
			      .confidence = 1 };
	if (is_voice(p)) {
		struct chan_msg start = { .kind = CHAN_SPEECH_START };
		p->peer.sink->on_msg(p->peer.user, &start);
	}
	if (p->open)
		p->peer.sink->on_msg(p->peer.user, &m);
}

static void next(void *arg)
{
	struct play *p = arg;
	const jv *turns = jv_get(p->out->kase, "turns");
	keep_reply(p);
	if (p->turn == jv_len(turns) || p->closing) {
		finish(p);
		return;
	}
	say(p, jv_as_str(jv_at(turns, p->turn++)));
}

static const struct chan_ops ops = { .name = "eval", .say = play_say, .hush = play_hush,
				     .event = play_event, .hangup = play_hangup };

int adv_play(struct adv_talk *t, struct loop *l, struct talk_hub *hub)
{
	struct play *p = xalloc(sizeof(*p));
	sv channel = jv_get_str(t->kase, "channel");
	bool phone = sv_eq(channel, SV("phone"));
	unsigned caps = phone ? CHAN_VOICE | CHAN_ASR | CHAN_DTMF : CHAN_STREAM | CHAN_RICH;
	p->peer = (struct chan_peer){ .ops = &ops, .sink = talk_sink(), .loop = l, .caps = caps };
	p->out = t;
	sb_init(&p->reply, LIM_SB);
	id_new(t->id);
	struct chan_info info = { .channel = phone ? "phone" : "webchat",
				  .caps = caps,
				  .language = jv_get_str(t->kase, "lang"),
				  .address = jv_get_str(t->kase, "from"),
				  .id = sv_of(t->id) };
	int rc = p->peer.sink->on_open(talk_hub_pick(hub, 0), &p->peer, &info, &p->peer.user);
	if (rc) {
		sb_done(&p->reply);
		xfree(p);
		return rc;
	}
	p->open = true;
	loop_after(l, &p->step, SETTLE_MS, next, p);
	return 0;
}
