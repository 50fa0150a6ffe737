/* talk_people.c: the driver's part of the people's side: what a word does to the conversation it is
 * for. Shard's thread. */
#include "talk_int.h"

#include <stdio.h>

static void row(struct talk *t, const char *rec, const char *actor, sv body)
{
	struct talk_act x = { .kind = TACT_RECORD, .rec = rec, .actor = actor,
			      .n = t->core.turn, .text = body, .inner = true };
	talk_record(t, &x);
	talk_row_flush(t);
}

/* Colleagues read it; the customer's channel never gets it. */
static int note(struct talk *t, const struct talk_word *w)
{
	struct sb b;
	if (!w->text.n)
		return ERR_INVAL;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, talk_masked(w->text, &t->turn));
	sb_cstr(&b, ",\"by\":");
	sb_json(&b, w->agent);
	sb_ch(&b, '}');
	row(t, "note.agent", "agent", sb_sv(&b));
	sb_done(&b);
	return 0;
}

int talk_take_word(struct talk *t, const struct talk_word *w)
{
	switch (w->kind) {
	case WORD_NOTE:
		return note(t, w);
	case WORD_TYPING:
		if (t->peer)
			chan_typing(t->peer);
		return 0;
	default:
		return ERR_STATE;
	}
}
