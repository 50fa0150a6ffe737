/* talk_dialog.c: a whole conversation without a channel: words in, the reply with what decided it
 * out, one after the other. For scores and try-outs.
 *
 * The peer collects what the engine says and its rows; what is spoken counts as heard at once.
 * Without a language model, an embedding model and tools a turn is over when talk_feed_event
 * returns; else the shard's loop, which must be the caller's and not run, runs until the reply is
 * there. Nothing is recorded. Shard's thread. */
#include "talk_int.h"

struct talk_dialog {
	struct chan_peer peer;       /* first */
	struct talk *talk;
	jv *reply, *rows;            /* of this turn; rows: array of kinds */
	uint32_t say_id;             /* said, not told as heard yet */
	int rate;
	bool over, waits;
};

static int dialog_say(struct chan_peer *p, const struct chan_out *o)
{
	struct talk_dialog *d = (struct talk_dialog *)(void *)p;
	if (!o->final)
		return 0;
	d->say_id = o->say_id;
	d->rate = o->rate;
	if (o->event_json.n) {
		jv_free(d->reply);
		d->reply = talk_reply_of(o->event_json);
	}
	if (d->waits)
		loop_stop(p->loop);
	return 0;
}

static void dialog_event(struct chan_peer *p, sv json)
{
	struct talk_dialog *d = (struct talk_dialog *)(void *)p;
	jv *ev = jv_parse(json, NULL);
	jv_push(d->rows, jv_copy(jv_get(ev, "kind")));
	jv_free(ev);
}

static void dialog_hush(struct chan_peer *p, struct chan_heard *ret)
{
	(void)p;
	*ret = (struct chan_heard){ 0 };
}

static void dialog_hangup(struct chan_peer *p, enum chan_close_by by)
{
	struct talk_dialog *d = (struct talk_dialog *)(void *)p;
	(void)by;
	d->over = true;
	if (d->waits)
		loop_stop(p->loop);
}

/* Nobody is there to be connected with: the customer stays with us. */
static int dialog_transfer(struct chan_peer *p, const struct chan_move *m)
{
	(void)p;
	(void)m;
	return 0;
}

static void heard(struct talk_dialog *d)
{
	for (int i = 0; i < 8 && d->say_id && !d->over; i++) {
		struct chan_msg m = { .kind = CHAN_PLAYED, .say_id = d->say_id };
		d->say_id = 0;
		d->peer.sink->on_msg(d->talk, &m);
	}
}

struct talk_dialog *talk_dialog_open(struct talk_shard *s, const struct talk_dialog_opts *o)
{
	static const struct chan_ops ops = { .name = "dialog", .say = dialog_say,
					     .hush = dialog_hush, .event = dialog_event,
					     .hangup = dialog_hangup, .transfer = dialog_transfer };
	unsigned caps = (o->voice ? CHAN_VOICE | CHAN_ASR | CHAN_PATIENT : 0) |
			(o->can_move ? CHAN_MOVES : 0);
	struct talk_dialog *d = xalloc(sizeof(*d));
	d->peer = (struct chan_peer){ .ops = &ops, .sink = talk_sink(), .loop = s->loop,
				      .caps = caps };
	d->rows = jv_arr();
	struct chan_info info = { .channel = "dialog", .caps = caps, .language = o->lang,
				  .profile = o->profile };
	d->talk = talk_open_on(s, &d->peer, &info, false);
	d->peer.user = d->talk;
	talk_feed_event(d->talk, &(struct talk_ev){ .kind = TEV_OPEN, .via = "dialog",
						    .profile = o->profile });
	heard(d);
	return d;
}

jv *talk_dialog_say(struct talk_dialog *d, sv text)
{
	struct chan_msg m = { .kind = d->talk->core.voice ? CHAN_SPEECH_FINAL : CHAN_TEXT,
			      .text = text, .confidence = 1 };
	jv_free(d->reply);
	jv_free(d->rows);
	d->reply = NULL;
	d->rows = jv_arr();
	d->rate = 0;
	if (d->over)
		return NULL;
	d->peer.sink->on_msg(d->talk, &m);
	d->waits = !d->reply && !d->over && d->talk->core.in_turn;
	if (d->waits)
		loop_run(d->peer.loop);
	d->waits = false;
	jv *out = d->reply;
	d->reply = NULL;
	if (!out)
		return NULL;
	jv_set(out, "rows", jv_copy(d->rows));
	jv_set_int(out, "rate", d->rate);
	heard(d);
	return out;
}

void talk_dialog_close(struct talk_dialog *d)
{
	if (!d)
		return;
	talk_sink()->on_close(d->talk, CHAN_BY_SYSTEM);
	jv_free(d->reply);
	jv_free(d->rows);
	xfree(d);
}
