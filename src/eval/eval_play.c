/* eval_play.c: one conversation of a suite: a peer of the engine like any channel's, that says
 * the script's (or a played customer's) words and keeps what comes back.
 *
 * Nothing happens inside the engine's calls: a reply arms a timer of 0 ms, and the next step is
 * taken from the loop. The greeting is not a reply. On the phone whatever is said counts as
 * heard to its end at once. A conversation that the company closes early ends the script there.
 * Owned by itself until on_done; the loop's thread. */
#include "eval_int.h"

#include <stdio.h>

struct eval_play {
	struct chan_peer peer;       /* first */
	const jv *kase;
	const struct eval_opts *o;
	sv language;
	struct loop_timer step, limit, played;
	uint32_t played_id;
	struct eval_mind *mind;
	int64_t began_us, asked_us;
	size_t turn;                 /* of the script: the next one */
	bool open, asked, left, failed, closing;
	enum chan_close_by by;
	jv *run, *turns, *events, *all_events, *reply;
	sv said;                     /* in the tree of turns */
	void (*on_done)(void *arg, jv *run);
	void *arg;
};

static void next(void *arg);

static bool is_voice(const struct eval_play *p)
{
	return (p->peer.caps & CHAN_VOICE) != 0;
}

static void later(struct eval_play *p)
{
	loop_after(p->o->loop, &p->step, 0, next, p);
}

/* ---- what the engine does to a peer ---- */

static void keep_event(struct eval_play *p, sv json)
{
	jv *ev = jv_parse(json, NULL), *small = jv_obj();
	sv kind = jv_get_str(ev, "kind");
	jv_set_str(small, "kind", kind);
	if (sv_starts(kind, SV("tool.")) || sv_starts(kind, SV("model.")))
		jv_set(small, "body", jv_copy(jv_get(ev, "body")));
	jv_push(p->all_events, jv_copy(small));
	jv_push(p->events, small);
	jv_free(ev);
}

static void on_played(void *arg)
{
	struct eval_play *p = arg;
	struct chan_msg m = { .kind = CHAN_PLAYED, .say_id = p->played_id };
	if (p->open)
		p->peer.sink->on_msg(p->peer.user, &m);
}

static int play_say(struct chan_peer *peer, const struct chan_out *x)
{
	struct eval_play *p = (struct eval_play *)(void *)peer;
	if (!x->final)
		return 0;
	if (is_voice(p)) {
		p->played_id = x->say_id;
		loop_after(p->o->loop, &p->played, 0, on_played, p);
	}
	if (!p->asked || p->reply || !x->event_json.n)
		return 0;
	p->reply = talk_reply_of(x->event_json);
	if (!p->reply)
		return 0;
	jv_set_num(p->reply, "wait_ms",
		   (double)(loop_now_us(p->o->loop) - p->asked_us) / 1000);
	loop_timer_stop(&p->limit);
	later(p);
	return 0;
}

static void play_hush(struct chan_peer *peer, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
}

static void play_event(struct chan_peer *peer, sv json)
{
	keep_event((struct eval_play *)(void *)peer, json);
}

static void play_hangup(struct chan_peer *peer, enum chan_close_by by)
{
	struct eval_play *p = (struct eval_play *)(void *)peer;
	p->by = by;
	p->closing = true;
	if (by == CHAN_BY_SYSTEM) {
		p->open = false;
		peer->sink->on_close(peer->user, by);
	}
	if (!p->asked || p->reply || by == CHAN_BY_SYSTEM)
		later(p);
}

/* ---- the end ---- */

static void deliver(void *arg)
{
	struct eval_play *p = arg;
	jv *run = p->run;
	jv_set_bool(run, "ok", !p->failed);
	jv_set_num(run, "ms", (double)(loop_now_us(p->o->loop) - p->began_us) / 1000);
	loop_timer_stop(&p->limit);
	loop_timer_stop(&p->played);
	eval_mind_cancel(p->mind);
	jv_free(p->events);
	jv_free(p->all_events);
	jv_free(p->reply);
	p->on_done(p->arg, run);
	xfree(p);
}

static void fail(struct eval_play *p, const char *why)
{
	p->failed = true;
	if (!jv_get(p->run, "error"))
		jv_set_str(p->run, "error", sv_of(why));
}

static void on_verdict(void *arg, int err, bool pass, sv reason)
{
	struct eval_play *p = arg;
	jv *j = jv_obj();
	p->mind = NULL;
	jv_set_bool(j, "ok", err == 0 && pass);
	jv_set_str(j, "reason", err ? sv_of(err_text(err)) : reason);
	jv_set(p->run, "judge", j);
	p->failed = p->failed || err || !pass;
	loop_after(p->o->loop, &p->step, 0, deliver, p);
}

static const char *by_name(const struct eval_play *p)
{
	static const char *const names[] = { "customer", "bot", "agent", "system", "timeout" };
	return p->left || !p->closing ? "customer" : names[p->by];
}

static void check_end(struct eval_play *p)
{
	jv *state = jv_obj(), *replies = jv_arr(), *checks = jv_arr();
	const jv *last = jv_at(p->turns, jv_len(p->turns) ? jv_len(p->turns) - 1 : 0);
	static const char *const keys[] = { "action", "language", "emotion" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		jv_set_str(state, keys[i], jv_get_str(last, keys[i]));
	for (size_t i = 0; i < jv_len(p->turns); i++)
		jv_push(replies, jv_str(jv_get_str(jv_at(p->turns, i), "reply")));
	jv_set_int(state, "turns", (int64_t)jv_len(p->turns));
	jv_set_bool(state, "closed", p->closing);
	jv_set_str(state, "by", sv_of(by_name(p)));
	jv_set(state, "replies", replies);
	jv_set(state, "events", jv_copy(p->all_events));
	if (!eval_check_end(jv_get(p->kase, "end"), state, checks))
		p->failed = true;
	jv_set(p->run, "checks", checks);
	jv_free(state);
}

static void finish(struct eval_play *p)
{
	sv rubric = jv_get_str(p->kase, "judge");
	check_end(p);
	if (p->open) {
		p->open = false;
		p->peer.sink->on_close(p->peer.user, p->closing ? p->by : CHAN_BY_CUSTOMER);
	}
	if (rubric.n && p->o->helper)
		p->mind = eval_mind_judge(p->o->helper, rubric, p->turns, on_verdict, p);
	else if (rubric.n)
		fail(p, "a judge is asked for, but no language model is there");
	if (!p->mind)
		loop_after(p->o->loop, &p->step, 0, deliver, p);
}

/* ---- a turn ---- */

static void on_limit(void *arg)
{
	struct eval_play *p = arg;
	fail(p, "no reply came");
	p->left = true;
	later(p);
}

static void say(struct eval_play *p, sv text, bool key)
{
	jv *t = jv_obj();
	jv_set_str(t, "user", text);
	jv_push(p->turns, t);
	p->said = jv_get_str(t, "user");
	jv_free(p->events);
	p->events = jv_arr();
	p->asked = true;
	p->asked_us = loop_now_us(p->o->loop);
	loop_after(p->o->loop, &p->limit, EVAL_TURN_MS, on_limit, p);
	struct chan_msg m = { .kind = key ? CHAN_KEY : is_voice(p) ? CHAN_SPEECH_FINAL : CHAN_TEXT,
			      .text = p->said,
			      .confidence = 1 };
	if (is_voice(p) && !key) {
		struct chan_msg start = { .kind = CHAN_SPEECH_START };
		p->peer.sink->on_msg(p->peer.user, &start);
	}
	if (p->open)
		p->peer.sink->on_msg(p->peer.user, &m);
}

/* What came back goes into the transcript, with its checks. */
static void close_turn(struct eval_play *p)
{
	jv *t = jv_at(p->turns, jv_len(p->turns) - 1), *checks = jv_arr(), *v;
	const jv *turn = jv_at(jv_get(p->kase, "turns"), p->turn - 1), *want = NULL;
	void *it = NULL;
	sv key;
	if (p->turn > 0)
		want = jv_get(turn, "expect");
	if (!eval_check_turn(want, p->reply, p->events, checks))
		p->failed = true;
	while (jv_next(p->reply, &it, &key, &v)) {
		char name[40];
		snprintf(name, sizeof(name), SV_FMT, SV_ARG(key));
		jv_set(t, name, jv_copy(v));
	}
	jv_set(t, "events", jv_copy(p->events));
	jv_set(t, "checks", checks);
	jv_free(p->reply);
	p->reply = NULL;
	p->asked = false;
}

static void on_text(void *arg, int err, sv text, bool leaves)
{
	struct eval_play *p = arg;
	p->mind = NULL;
	p->left = leaves || err;
	if (err)
		fail(p, "the model that plays the customer failed");
	if (err || !text.n)
		later(p);
	else
		say(p, text, false);
}

static void next_played(struct eval_play *p, const jv *user)
{
	size_t most = (size_t)jv_get_int(user, "turns_max", 12);
	if (p->left || p->closing || jv_len(p->turns) >= most)
		finish(p);
	else
		p->mind = eval_mind_speak(p->o->helper, user, p->turns, p->language, on_text, p);
}

static void next(void *arg)
{
	struct eval_play *p = arg;
	const jv *user = jv_get(p->kase, "user"), *turns = jv_get(p->kase, "turns");
	if (p->asked)
		close_turn(p);
	if (user) {
		next_played(p, user);
		return;
	}
	if (p->turn < jv_len(turns) && p->closing && !p->failed)
		fail(p, "the company closed the conversation before the script was over");
	if (p->turn == jv_len(turns) || p->closing || p->left) {
		p->left = !p->closing;
		finish(p);
		return;
	}
	const jv *turn = jv_at(turns, p->turn++);
	sv key = jv_get_str(turn, "key");
	say(p, key.n ? key : jv_get_str(turn, "user"), key.n > 0);
}

static unsigned caps_of(sv channel)
{
	static const struct {
		const char *name;
		unsigned caps;
	} table[] = { { "phone", CHAN_VOICE | CHAN_ASR | CHAN_DTMF },
		      { "webchat", CHAN_STREAM | CHAN_RICH } };
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (sv_eq(channel, sv_of(table[i].name)))
			return table[i].caps;
	return CHAN_ASYNC;
}

void eval_play_start(void *ctx, const jv *kase, const struct eval_opts *o, sv language,
		     void (*on_done)(void *arg, jv *run), void *arg)
{
	static const struct chan_ops ops = { .name = "eval", .say = play_say, .hush = play_hush,
					     .event = play_event, .hangup = play_hangup };
	struct eval_play *p = xalloc(sizeof(*p));
	sv channel = jv_get_str(kase, "channel");
	p->peer = (struct chan_peer){ .ops = &ops, .sink = talk_sink(), .loop = o->loop,
				      .caps = caps_of(channel) };
	*p = (struct eval_play){ .peer = p->peer, .kase = kase, .o = o, .language = language,
				 .on_done = on_done, .arg = arg };
	p->run = jv_obj();
	p->turns = jv_arr();
	jv_set(p->run, "turns", p->turns);
	p->events = jv_arr();
	p->all_events = jv_arr();
	p->began_us = loop_now_us(o->loop);
	struct chan_info info = { .channel = channel.p,
				  .caps = p->peer.caps,
				  .language = language };
	if (jv_get(kase, "user") && !o->helper) {
		fail(p, "a played customer is asked for, but no language model is there");
		loop_after(o->loop, &p->step, 0, deliver, p);
	} else if (p->peer.sink->on_open(o->shard, &p->peer, &info, &p->peer.user)) {
		fail(p, "the engine has no room for another conversation");
		loop_after(o->loop, &p->step, 0, deliver, p);
	} else {
		p->open = true;
		later(p);
	}
}
