/* talk_tone.c: how the customer said it, beside what was said.
 *
 * Between the words' reading and whoever follows the mood: the voice changes the reading by its
 * confidence (feel_voice.h), and the turn's row says what it told and by which cue. Only words
 * from the customer's own line come here with a tone; a person who is on the call with them is
 * on another leg, which is never measured. A part of the core: pure. */
#include "talk_core.h"

void talk_hear_tone(struct talk_core *c, const struct talk_ev *ev)
{
	if (feel_voice_turn(&c->tone, FEEL_LEG_CUSTOMER, c->voice ? ev->tone : NULL) == 0)
		feel_voice_mix(&c->tone, &c->feel);
}

void talk_tone_json(const struct talk_core *c, struct sb *b)
{
	const struct feel_voice *v = &c->tone;
	if (!v->known)
		return;
	sb_fmt(b, ",\"voice\":{\"arousal\":%.2f,\"anger\":%.2f,\"trust\":%.2f", v->arousal,
	       v->anger, v->trust);
	if (v->cue[0])
		sb_fmt(b, ",\"cue\":\"%s\"", v->cue);
	sb_cstr(b, c->feel.now.voice ? ",\"decided\":true}" : "}");
}
