/* talk_tape.c: what a conversation keeps of itself: pause and secret, and what follows from them.
 *
 * While something secret is entered (a payment, a PIN) the core hears nothing of it: keys and
 * words become masked rows and no turns, only the silence is counted, more patiently. A card or
 * identity number that was said all the same, in one utterance or in groups with pauses, is
 * taken out of the text before the core sees it and out of the recording. Who changes what is
 * recorded stands in the river. Shard's thread, but talk_hub_record: any. */
#include "talk_int.h"
#include "guard.h"

#include <stdio.h>

enum { SECRET_PATIENCE = 4, BREATH_MS = 6000 };

static void row(struct talk *t, const char *rec, const char *actor, sv body)
{
	struct talk_act x = { .kind = TACT_RECORD, .rec = rec, .actor = actor,
			      .n = t->core.turn, .text = body };
	talk_record(t, &x);
	talk_row_flush(t);
}

static void wait_on(struct talk *t)
{
	int patience = t->record == CHAN_RECORD_SECRET ? SECRET_PATIENCE : 1;
	talk_silence_after(t, t->core.cfg->limits.silence_ms * patience);
}

static void masked_words(struct talk *t, const struct chan_msg *m)
{
	char body[160];
	snprintf(body, sizeof(body),
		 "{\"text\":\"" CHAN_MASKED "\",\"via\":\"speech\",\"start_ms\":%lld,"
		 "\"end_ms\":%lld}",
		 (long long)m->start_ms, (long long)m->end_ms);
	row(t, "turn.customer", "customer", sv_of(body));
	if (t->mouth_open)           /* the core waits for the words */
		talk_feed_event(t, &(struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
	t->mouth_open = false;
	wait_on(t);
}

bool talk_tape_msg(struct talk *t, const struct chan_msg *m)
{
	bool secret = t->record == CHAN_RECORD_SECRET;
	switch (m->kind) {
	case CHAN_RECORDED:
		row(t, "recording.closed", "system", m->text);
		return true;
	case CHAN_KEY:
		if (!secret)
			return false;
		row(t, "call.dtmf", "customer", SV("{\"digit\":\"*\"}"));
		wait_on(t);
		return true;
	case CHAN_SPEECH_START:
		t->mouth_open |= !secret;
		return secret;
	case CHAN_SPEECH_PARTIAL:
	case CHAN_SPEECH_LIKELY:
		return secret;
	case CHAN_SPEECH_FINAL:
		if (m->text.n && (secret || sv_eq(m->text, SV(CHAN_MASKED)))) {
			masked_words(t, m);
			return true;
		}
		t->mouth_open &= secret;
		return secret;
	default:
		return false;
	}
}

static bool is_card(const struct guard_span *s)
{
	return s->type == PII_BANK_CARD || s->type == PII_ID_CARD;
}

static void blank(struct talk *t, int64_t from_ms, int64_t to_ms)
{
	if (t->peer && to_ms > from_ms)
		chan_blank(t->peer, from_ms, to_ms);
}

/* What was said just before, in one breath with this: its bytes, 0 when too long ago. */
static size_t before(const struct talk *t, const struct chan_msg *m, struct sb *out)
{
	int64_t at = m->start_ms;
	int first = t->n_said;
	while (first > 0 && at - t->said[first - 1].to_ms < BREATH_MS)
		at = t->said[--first].from_ms;
	for (int i = first; i < t->n_said; i++)
		sb_fmt(out, "%s ", t->said[i].text);
	return out->n;
}

static void keep_said(struct talk *t, const struct chan_msg *m, sv text)
{
	if (t->n_said == TALK_SAID)
		memmove(&t->said[0], &t->said[1], sizeof(t->said[0]) * (size_t)--t->n_said);
	struct talk_said_at *x = &t->said[t->n_said++];
	*x = (struct talk_said_at){ .from_ms = m->start_ms, .to_ms = m->end_ms };
	size_t n = sizeof(x->text) - 1;
	sv tail = text.n > n ? sv_slice(text, text.n - n, text.n) : text;
	while (tail.n && ((unsigned char)tail.p[0] & 0xC0) == 0x80)
		tail = sv_slice(tail, 1, tail.n);
	memcpy(x->text, tail.p ? tail.p : "", tail.n);
}

/* A number dictated in groups is one only when they are put together: then the last group is
 * masked in the words, and all of them on the recording. */
static void guard_groups(struct talk *t, const struct chan_msg *m, struct guard_in *in)
{
	struct sb b;
	struct guard_in all;
	sb_init(&b, 4096);
	size_t head = before(t, m, &b);
	sb_put(&b, in->clean);
	sv joint = arena_sv(&t->turn, sb_sv(&b));
	sb_done(&b);
	if (!head || !joint.n || guard_inbound(joint, &t->turn, &all) ||
	    all.clean.n != joint.n)
		return;
	for (size_t i = 0; i < all.n; i++) {
		const struct guard_span *s = &all.spans[i];
		if (!is_card(s) || s->start >= head || s->end <= head)
			continue;
		sv rest = sv_slice(joint, s->end, joint.n);
		in->clean = in->model = in->masked =
			sv_of(arena_fmt(&t->turn, "[%s]" SV_FMT, guard_pii_name(s->type),
					SV_ARG(rest)));
		for (int k = 0; k < t->n_said; k++)
			blank(t, t->said[k].from_ms, t->said[k].to_ms);
		blank(t, m->start_ms, m->end_ms);
	}
}

void talk_tape_guard(struct talk *t, const struct chan_msg *m, struct guard_in *in)
{
	bool card = false;
	for (size_t i = 0; i < in->n; i++)
		card |= is_card(&in->spans[i]);
	talk_seal(t, in);
	if (card) {
		in->clean = in->model = in->masked;
		blank(t, m->start_ms, m->end_ms);
	} else if (m->kind == CHAN_SPEECH_FINAL) {
		guard_groups(t, m, in);
	}
	if (m->kind == CHAN_SPEECH_FINAL)
		keep_said(t, m, in->clean);
}

/* ---- from outside ---- */

struct order {
	struct talk_hub *hub;
	size_t shard;                /* asked next */
	char id[27], by[65];
	enum chan_record how;
	struct mbox *back;
	void (*done)(void *arg, int err);
	void *arg;
	int err;
};

static void answer(void *arg)
{
	struct order *o = arg;
	o->done(o->arg, o->err);
	xfree(o);
}

struct talk *talk_find(struct talk_shard *s, sv id)
{
	struct talk *t = s->first;
	while (t && !sv_eq(id, sv_of(t->id)))
		t = t->next;
	return t;
}

int talk_set_record(struct talk *t, enum chan_record how, sv by)
{
	static const char *const rec[] = { "recording.on", "recording.paused",
					   "recording.secret" };
	if (!t->peer || !t->peer->ops->record || !t->row.recording)
		return ERR_UNSUPPORTED;
	if (t->record == how)
		return 0;
	t->record = how;
	chan_set_record(t->peer, how);
	struct sb b;
	sb_init(&b, 1024);
	sb_cstr(&b, "{\"by\":");
	sb_json(&b, by);
	sb_ch(&b, '}');
	row(t, rec[how], by.n ? "agent" : "system", sb_sv(&b));
	sb_done(&b);
	if (t->core.sm.now == TS_LISTENING)
		wait_on(t);
	return 0;
}

/* One shard after the other: a conversation is on one of them. */
static void look(void *arg)
{
	struct order *o = arg;
	struct talk *t = talk_find(&o->hub->shards[o->shard], sv_of(o->id));
	if (t) {
		o->err = talk_set_record(t, o->how, sv_of(o->by));
	} else if (++o->shard < o->hub->n) {
		if (mbox_post(o->hub->shards[o->shard].mbox, look, o) == 0)
			return;
		o->err = ERR_FULL;
	}
	if (mbox_post(o->back, answer, o))
		xfree(o);
}

int talk_hub_record(struct talk_hub *h, const struct talk_record_order *r)
{
	struct order *o = xalloc(sizeof(*o));
	*o = (struct order){ .hub = h, .how = r->how, .back = r->back, .done = r->done,
			     .arg = r->arg, .err = ERR_NOTFOUND };
	snprintf(o->id, sizeof(o->id), SV_FMT, SV_ARG(r->id));
	snprintf(o->by, sizeof(o->by), SV_FMT, SV_ARG(r->by));
	int rc = r->id.n == 26 ? mbox_post(h->shards[0].mbox, look, o) : ERR_NOTFOUND;
	if (rc)
		xfree(o);
	return rc;
}
