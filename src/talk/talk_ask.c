/* talk_ask.c: one turn without a channel: a peer that collects the reply and closes. Shard's
 * thread. */
#include "talk_int.h"

struct ask {
	struct chan_peer peer;       /* first */
	struct talk *talk;
	struct loop_timer end;
	void (*on_reply)(void *arg, jv *reply);
	void *arg;
	bool asked;
	jv *reply;
};

static void finish(void *arg)
{
	struct ask *a = arg;
	jv *reply = a->reply;
	a->reply = NULL;
	talk_sink()->on_close(a->talk, CHAN_BY_SYSTEM);
	a->on_reply(a->arg, reply);
	xfree(a);
}

static int ask_say(struct chan_peer *p, const struct chan_out *o)
{
	struct ask *a = (struct ask *)(void *)p;
	if (!a->asked || !o->final || a->reply)
		return 0;
	a->reply = talk_reply_of(o->event_json);
	if (a->reply)
		loop_after(p->loop, &a->end, 0, finish, a);
	return 0;
}

static void ask_hush(struct chan_peer *p, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
}

/* The shard ends before the reply: answered with NULL. */
static void ask_hangup(struct chan_peer *p, enum chan_close_by by)
{
	struct ask *a = (struct ask *)(void *)p;
	if (by != CHAN_BY_SYSTEM)
		return;
	loop_timer_stop(&a->end);
	jv_free(a->reply);
	a->reply = NULL;
	finish(a);
}

int talk_ask(struct talk_shard *s, sv text, sv lang,
	     void (*on_reply)(void *arg, jv *reply_moved), void *arg)
{
	static const struct chan_ops ops = { .name = "ask", .say = ask_say, .hush = ask_hush,
					     .hangup = ask_hangup };
	struct ask *a = xalloc(sizeof(*a));
	a->peer = (struct chan_peer){ .ops = &ops, .sink = talk_sink(), .loop = s->loop };
	a->on_reply = on_reply;
	a->arg = arg;
	char guess[4] = "en";
	if (!lang.n)
		feel_language(text, guess);
	struct chan_info info = { .channel = "ask", .language = lang.n ? lang : sv_of(guess) };
	a->talk = talk_open_on(s, &a->peer, &info, false);
	a->peer.user = a->talk;
	talk_feed_event(a->talk, &(struct talk_ev){ .kind = TEV_OPEN, .via = "ask" });
	a->asked = true;
	struct chan_msg m = { .kind = CHAN_TEXT, .text = text, .confidence = 1 };
	a->peer.sink->on_msg(a->talk, &m);
	if (!a->talk->core.in_turn && !a->reply) /* refused: nothing of it is text */
		loop_after(s->loop, &a->end, 0, finish, a);
	return 0;
}
