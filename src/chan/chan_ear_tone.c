/* chan_ear_tone.c: how it was said: the prosody of an utterance (pcm_prosody.h).
 *
 * Measured while somebody speaks, told with the words, then freed: a silent call holds nothing.
 * Words that are kept until more come share one measure. What goes with our own sound counts as
 * over ours. A part of an ear; shard's thread. */
#include "chan_ear.h"

enum { ONSET_FRAMES = 2 };       /* voice of the pre-roll: START comes with the third */

void ear_tone_drop(struct ear *e)
{
	pcm_prosody_close(e->tone);
	e->tone = NULL;
}

void ear_tone_begin(struct ear *e)
{
	size_t n = (size_t)e->o.rate / 50, frames = e->pre_n / n;
	if (!e->words_held && !e->flying.is && !e->due.is)
		ear_tone_drop(e);            /* of something that was nothing */
	if (e->o.speech->no_tone || (!e->tone && pcm_prosody_open(&e->tone, e->o.rate)))
		return;
	/* one more than is voice: a frame is looked at together with the one before it */
	size_t from = frames > ONSET_FRAMES ? frames - ONSET_FRAMES - 1 : 0;
	for (size_t i = from; i < frames; i++)
		(void)pcm_prosody_push(e->tone, e->pre + i * n, n, frames - i <= ONSET_FRAMES,
				       false);
}

void ear_tone_hear(struct ear *e, const int16_t *s, size_t n, bool ours)
{
	if (e->tone)
		(void)pcm_prosody_push(e->tone, s, n, e->vad.voiced, ours);
}

const struct pcm_prosody_sum *ear_tone_end(struct ear *e, struct pcm_prosody_sum *room)
{
	bool known = e->tone && pcm_prosody_sum(e->tone, room);
	ear_tone_drop(e);
	return known ? room : NULL;
}
