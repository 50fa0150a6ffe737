/* feel_voice.h: what a customer's voice tells beside the words: arousal and anger.
 *
 *	struct feel_voice v = { 0 };                           a call begins
 *	feel_turn(&f, text, lang);
 *	if (!feel_voice_turn(&v, FEEL_LEG_CUSTOMER, &prosody)) each turn that was spoken
 *		feel_voice_mix(&v, &f);
 *	feel_track_turn(&track, &f.now, turn);
 *
 * Customers only. Emotion is never read from an employee's voice: the EU's AI Act forbids it at
 * work (Regulation (EU) 2024/1689, Art. 5(1)(f)), so that leg is refused here, whoever asks.
 * Pure functions, any thread; no sound is kept, only how this caller usually sounds.
 */
#ifndef CALLM_FEEL_VOICE_H
#define CALLM_FEEL_VOICE_H

#include "feel.h"
#include "pcm_prosody.h"

enum feel_leg { FEEL_LEG_UNKNOWN, FEEL_LEG_CUSTOMER, FEEL_LEG_EMPLOYEE };
enum { FEEL_CUES = 5 };          /* pitch, level, hardness, pace, liveliness */

struct feel_voice {              /* of one customer in one call; all zero at the beginning */
	double heard_s;          /* voice in what is usual, up to FEEL_VOICE_USUAL_S */
	double usual[FEEL_CUES]; /* means of it */
	/* the last turn */
	bool known;              /* there was voice enough to tell */
	double z[FEEL_CUES];     /* deviations from the usual, each about normal when calm */
	double activation;       /* of them all, about normal when calm */
	double arousal;          /* -1..1: what a listener would expect by the voice alone */
	double anger;            /* 0..1: probability of anger by the voice alone */
	double trust;            /* 0..1: how much the voice counts beside the words */
	/* the strongest: "pitch", "loudness" ...; "" when none stands out. */
	const char *cue;
};
#define FEEL_VOICE_USUAL_S 10.0

/* Takes one turn's prosody. ERR_DENIED: not surely the customer's leg, nothing was looked at;
 * ERR_AGAIN: too little voice to tell, v->known is false. s NULL is too little. */
int feel_voice_turn(struct feel_voice *v, enum feel_leg leg, const struct pcm_prosody_sum *s);
/* Lets the voice of the last turn change what its words told: f->now, and f's arousal and emotion
 * with it. Nothing when !v->known. */
void feel_voice_mix(const struct feel_voice *v, struct feel_state *f);

#endif
