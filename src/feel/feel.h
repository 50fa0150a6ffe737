/* feel.h: what the customer's words tell: language, intent, sentiment, emotion. First form:
 * scripts, word lists and patterns kept as data (feel/data); customers only, never employees.
 *
 *	struct feel_state f = { 0 };
 *	feel_turn(&f, SV("我要退货，太慢了！"), SV("en"));
 *	f.lang == "zh", f.intent == "return_goods", f.emotion == "angry"
 *
 * Pure functions, any thread.
 */
#ifndef CALLM_FEEL_H
#define CALLM_FEEL_H

#include "base.h"

struct feel_state {              /* of a conversation, smoothed over its turns */
	char lang[4];            /* ISO 639-1 of the last turn with evidence */
	double lang_p;
	char intent[32];         /* CONTRACT's names, "" when none */
	double intent_p;
	bool out_of_scope;
	char emotion[16];        /* CONTRACT's names */
	double emotion_p, sentiment, arousal;   /* sentiment and arousal -1..1 */
	bool small_talk;         /* greeting, thanks, goodbye, who are you ... */
	/* which: hello thanks bye who how_are_you joke praise insult ok no off_topic. */
	char small[24];
	bool wants_human;
	int turns;
};
/* Updates f with one customer turn. fallback_lang is used when the text tells nothing (digits,
 * emoji). */
void feel_turn(struct feel_state *f, sv text, sv fallback_lang);
/* Language by script and function words: ISO code into out, returns the probability; 0 and out
 * as it was when the text tells nothing. */
double feel_language(sv text, char out[4]);

#endif
