/* chan_web.c: the written channel: a door half and a shard half joined by two mailboxes.
 *
 * One object, counted: the door holds one reference, the shard half one more while it is open,
 * and every message under way one. Door fields are touched on the door's thread only, shard
 * fields on the shard's. Texts cross as owned copies. When the door lets go (chan_web_unref)
 * its callbacks are switched off there. Each text is answered by one ack, also when the
 * conversation ended meanwhile: so the door keeps on_closed back until none is unanswered. */
#include "chan_web.h"

#define UNANSWERED_MAX 64

struct chan_web {
	struct chan_peer peer;           /* first; the shard's half */
	/* fixed after open */
	struct mbox *door_box, *shard_box;
	void *sink_arg;
	char id[27];
	struct chan_info info;           /* strings owned below */
	struct chan_resume resume;
	struct arena strings;
	/* the shard's */
	bool open;
	enum chan_close_by end_by;
	struct loop_timer end;
	/* the door's */
	struct chan_web_cb cb;
	void *arg, *user;
	bool gone, closed, told_closed;
	int unanswered, close_err;
};

enum up_kind { UP_EVENT, UP_DELTA, UP_TYPING, UP_ACK, UP_CLOSED };
struct up {                              /* shard -> door */
	struct chan_web *w;
	enum up_kind kind;
	int64_t seq;
	int err;
	size_t n;
	char text[];
};
struct down {                            /* door -> shard; also the ticket of a text */
	struct chan_web *w;
	char *text, *client_id;
};

static void web_free(void *obj)
{
	struct chan_web *w = obj;
	arena_done(&w->strings);
}

/* ---- to the door ---- */

static void tell_closed(struct chan_web *w)
{
	if (w->gone || w->told_closed || w->unanswered > 0)
		return;
	w->told_closed = true;
	w->cb.on_closed(w->arg, w, w->close_err);
}

static void door_tell(struct chan_web *w, const struct up *u)
{
	sv text = sv_n(u->text, u->n);
	switch (u->kind) {
	case UP_EVENT: w->cb.on_event(w->arg, w, text); return;
	case UP_DELTA:
		if (w->cb.on_delta)
			w->cb.on_delta(w->arg, w, text);
		return;
	case UP_TYPING:
		if (w->cb.on_typing)
			w->cb.on_typing(w->arg, w);
		return;
	case UP_ACK: w->cb.on_ack(w->arg, w, text, u->seq, u->err); return;
	case UP_CLOSED: return;
	}
}

static void door_got(void *arg)
{
	struct up *u = arg;
	struct chan_web *w = u->w;
	if (u->kind == UP_ACK)
		w->unanswered--;
	if (u->kind == UP_CLOSED) {
		w->closed = true;
		w->close_err = u->err;
	}
	if (!w->gone)
		door_tell(w, u);
	if (w->closed)
		tell_closed(w);
	xfree(u);
	obj_unref(w);
}

static int post_up(struct chan_web *w, enum up_kind kind, sv text, int64_t seq, int err)
{
	struct up *u = xalloc(sizeof(*u) + text.n + 1);
	*u = (struct up){ .w = obj_ref(w), .kind = kind, .seq = seq, .err = err, .n = text.n };
	if (text.n)
		memcpy(u->text, text.p, text.n);
	int rc = mbox_post(w->door_box, door_got, u);
	if (rc) {
		obj_unref(w);
		xfree(u);
	}
	return rc;
}

/* ---- the shard's half ---- */

static struct chan_web *of(struct chan_peer *p)
{
	return (struct chan_web *)(void *)p;
}

static int web_say(struct chan_peer *p, const struct chan_out *o)
{
	int rc = 0;
	if (o->delta && o->text.n)
		rc = post_up(of(p), UP_DELTA, o->text, 0, 0);
	if (o->final && o->event_json.n)
		rc = post_up(of(p), UP_EVENT, o->event_json, 0, 0);
	return rc;
}

static void web_hush(struct chan_peer *p, struct chan_heard *ret)
{
	*ret = (struct chan_heard){ 0 };
}

static void web_typing(struct chan_peer *p)
{
	post_up(of(p), UP_TYPING, SV_NULL, 0, 0);
}

static void down_free(struct down *d)
{
	obj_unref(d->w);
	xfree(d->text);
	xfree(d->client_id);
	xfree(d);
}

static void web_ack(struct chan_peer *p, void *ticket, int64_t seq, int err)
{
	struct down *d = ticket;
	post_up(of(p), UP_ACK, sv_of(d->client_id), seq, err);
	down_free(d);
}

static void web_event(struct chan_peer *p, sv event_json)
{
	post_up(of(p), UP_EVENT, event_json, 0, 0);
}

static void end_now(struct chan_web *w)
{
	if (!w->open)
		return;
	w->open = false;
	loop_timer_stop(&w->end);
	w->peer.sink->on_close(w->peer.user, w->end_by);
	post_up(w, UP_CLOSED, SV_NULL, 0, 0);
	obj_unref(w);
}

static void on_end(void *arg)
{
	end_now(arg);
}

static void web_hangup(struct chan_peer *p, enum chan_close_by by)
{
	struct chan_web *w = of(p);
	if (!w->open)
		return;
	w->end_by = by;
	if (by == CHAN_BY_SYSTEM)
		end_now(w);
	else
		loop_after(p->loop, &w->end, 0, on_end, w);
}

static void shard_open(void *arg)
{
	struct chan_web *w = arg;
	w->open = true;
	int rc = w->peer.sink->on_open(w->sink_arg, &w->peer, &w->info, &w->peer.user);
	if (rc == 0)
		return;
	w->open = false;
	post_up(w, UP_CLOSED, SV_NULL, 0, rc);
	obj_unref(w);
}

static void shard_text(void *arg)
{
	struct down *d = arg;
	struct chan_web *w = d->w;
	if (!w->open) {
		web_ack(&w->peer, d, 0, ERR_CLOSED);
		return;
	}
	struct chan_msg m = { .kind = CHAN_TEXT, .text = sv_of(d->text), .confidence = 1,
			      .client_id = sv_of(d->client_id), .ticket = d };
	w->peer.sink->on_msg(w->peer.user, &m);
}

static void shard_close(void *arg)
{
	struct chan_web *w = arg;
	w->end_by = CHAN_BY_CUSTOMER;
	end_now(w);
	obj_unref(w);
}

/* ---- the door's half ---- */

static void copy_info(struct chan_web *w, const struct chan_info *from)
{
	struct arena *a = &w->strings;
	w->info = *from;
	w->info.language = arena_sv(a, from->language);
	w->info.address = arena_sv(a, from->address);
	w->info.customer_name = arena_sv(a, from->customer_name);
	w->info.recording = SV_NULL;
	w->info.id = arena_sv(a, from->id);
	w->info.interaction_id = arena_sv(a, from->interaction_id);
	w->info.token_hash = arena_sv(a, from->token_hash);
	w->info.caps = CHAN_STREAM | CHAN_RICH;
	if (!from->resume)
		return;
	w->resume = *from->resume;
	w->resume.language = arena_sv(a, from->resume->language);
	w->resume.last_question = arena_sv(a, from->resume->last_question);
	w->resume.last_reply = arena_sv(a, from->resume->last_reply);
	w->resume.owed = arena_sv(a, from->resume->owed);
	w->resume.flow = arena_sv(a, from->resume->flow);
	w->resume.flow_key = arena_sv(a, from->resume->flow_key);
	w->resume.agent = arena_sv(a, from->resume->agent);
	w->resume.agent_name = arena_sv(a, from->resume->agent_name);
	w->resume.customer = arena_sv(a, from->resume->customer);
	w->info.resume = &w->resume;
}

int chan_web_open(struct chan_web **ret, const struct chan_web_opts *o)
{
	static const struct chan_ops ops = { .name = "webchat",
					     .say = web_say,
					     .hush = web_hush,
					     .typing = web_typing,
					     .ack = web_ack,
					     .event = web_event,
					     .hangup = web_hangup };
	if (o->info.id.n != 26)
		return ERR_INVAL;
	struct chan_web *w = obj_new(sizeof(*w), web_free);
	arena_init(&w->strings, 64u << 10);
	copy_info(w, &o->info);
	memcpy(w->id, o->info.id.p, 26);
	w->peer = (struct chan_peer){ .ops = &ops, .sink = o->sink, .loop = o->shard_loop,
				      .caps = w->info.caps };
	w->sink_arg = o->sink_arg;
	w->door_box = o->door;
	w->shard_box = o->shard;
	w->cb = o->cb;
	w->arg = o->arg;
	int rc = mbox_post(w->shard_box, shard_open, obj_ref(w));
	if (rc) {
		obj_unref(w);
		obj_unref(w);
		return rc;
	}
	*ret = w;
	return 0;
}

int chan_web_send(struct chan_web *w, sv text, sv client_id)
{
	if (w->closed)
		return ERR_CLOSED;
	if (w->unanswered >= UNANSWERED_MAX)
		return ERR_FULL;
	struct down *d = xalloc(sizeof(*d));
	*d = (struct down){ obj_ref(w), xstrdup(text), xstrdup(client_id) };
	int rc = mbox_post(w->shard_box, shard_text, d);
	if (rc)
		down_free(d);
	else
		w->unanswered++;
	return rc;
}

void chan_web_close(struct chan_web *w)
{
	if (w->closed)
		return;
	if (mbox_post(w->shard_box, shard_close, obj_ref(w)))
		obj_unref(w);
}

void chan_web_unref(struct chan_web *w)
{
	if (!w)
		return;
	w->gone = true;
	obj_unref(w);
}

const char *chan_web_id(const struct chan_web *w)
{
	return w->id;
}

bool chan_web_closed(const struct chan_web *w)
{
	return w->closed;
}

void *chan_web_user(const struct chan_web *w)
{
	return w->user;
}

void chan_web_set_user(struct chan_web *w, void *user)
{
	w->user = user;
}
