/* eval_sum_play.c: the engine's part of a conversation whose summary is judged: a peer that says
 * the script's words and keeps every row that comes.
 *
 * The next turn is said a moment after the reply's row, so that what is told late is heard. No
 * reply in LIMIT_MS ends it as silent. Owned by itself until on_over; the loop's thread. */
#include "eval_sum_int.h"

#include <stdio.h>

#define LIMIT_MS 60000
#define SETTLE_MS 2

struct play {
	struct chan_peer peer;       /* first */
	struct sum_talk *out;
	struct loop_timer step, limit, played;
	uint32_t played_id;
	size_t turn;
	char id[27];
	bool voice, open, asked, answered, closing;
	enum chan_close_by by;
};

static void next(void *arg);

static void keep_row(struct play *p, sv json)
{
	jv *row = jv_parse(json, NULL);
	if (row)
		jv_push(p->out->rows, row);
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
	if (!x->final)
		return 0;
	if (p->voice) {
		p->played_id = x->say_id;
		loop_after(peer->loop, &p->played, 0, on_played, p);
	}
	if (!x->event_json.n)
		return 0;
	keep_row(p, x->event_json);
	jv *reply = p->asked && !p->answered ? talk_reply_of(x->event_json) : NULL;
	if (reply) {
		jv *t = jv_at(p->out->turns, jv_len(p->out->turns) - 1);
		jv_set_str(t, "reply", jv_get_str(reply, "reply"));
		p->answered = true;
		loop_after(peer->loop, &p->step, SETTLE_MS, next, p);
	}
	jv_free(reply);
	return 0;
}

static void play_hush(struct chan_peer *peer, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
}

static void play_event(struct chan_peer *peer, sv json)
{
	keep_row((struct play *)(void *)peer, json);
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

static void over(void *arg)
{
	struct play *p = arg;
	struct sum_talk *out = p->out;
	loop_timer_stop(&p->limit);
	loop_timer_stop(&p->played);
	xfree(p);
	out->on_over(out->arg);
}

static void finish(struct play *p)
{
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
	struct chan_msg m = { .kind = p->voice ? CHAN_SPEECH_FINAL : CHAN_TEXT,
			      .text = jv_get_str(t, "user"),
			      .confidence = 1 };
	if (p->voice) {
		struct chan_msg start = { .kind = CHAN_SPEECH_START };
		p->peer.sink->on_msg(p->peer.user, &start);
	}
	if (p->open)
		p->peer.sink->on_msg(p->peer.user, &m);
}

static void next(void *arg)
{
	struct play *p = arg;
	const jv *turn = jv_at(jv_get(p->out->kase, "turns"), p->turn++);
	if (!jv_is_str(turn) || p->closing)
		finish(p);
	else
		say(p, jv_as_str(turn));
}

static const struct chan_ops ops = { .name = "eval", .say = play_say, .hush = play_hush,
				     .event = play_event, .hangup = play_hangup };

int sum_play(struct sum_talk *t, struct loop *l, struct talk_hub *hub)
{
	struct play *p = xalloc(sizeof(*p));
	p->voice = sv_eq(jv_get_str(t->kase, "channel"), SV("phone"));
	unsigned caps = p->voice ? CHAN_VOICE | CHAN_ASR | CHAN_DTMF : CHAN_STREAM | CHAN_RICH;
	p->peer = (struct chan_peer){ .ops = &ops, .sink = talk_sink(), .loop = l, .caps = caps };
	p->out = t;
	id_new(p->id);
	struct chan_info info = { .channel = p->voice ? "phone" : "webchat",
				  .caps = caps,
				  .language = jv_get_str(t->kase, "lang"),
				  .id = sv_of(p->id) };
	int rc = p->peer.sink->on_open(talk_hub_pick(hub, 0), &p->peer, &info, &p->peer.user);
	if (rc) {
		xfree(p);
		return rc;
	}
	p->open = true;
	loop_after(l, &p->step, SETTLE_MS, next, p);
	return 0;
}
