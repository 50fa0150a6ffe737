/* feel.c: one customer turn into the state of the conversation. Reads the tables of feel/data
 * only; owns nothing; any thread, one state per conversation.
 */
#include "feel_int.h"

#include <stdio.h>

static void set_language(struct feel_state *f, sv text, sv fallback)
{
	char lang[4] = "";
	double p = feel_language(text, lang);

	if (p > 0 && lang[0]) {
		memcpy(f->lang, lang, sizeof(lang));
		f->lang_p = p;
	} else if (!f->lang[0]) {
		snprintf(f->lang, sizeof(f->lang), SV_FMT, (int)(fallback.n < 3 ? fallback.n : 3),
			 fallback.p ? fallback.p : "");
		f->lang_p = 0;
	}
}

void feel_turn(struct feel_state *f, sv text, sv fallback_lang)
{
	struct feel_text t;

	text = sv_slice(text, 0, 4 * LIM_TEXT_MSG);
	feel_prepare(text, &t);
	set_language(f, text, fallback_lang);
	f->wants_human = feel_wants_human(&t);
	feel_small(&t, f);
	feel_intent(&t, f);
	if (f->wants_human) {
		f->small_talk = false;
		snprintf(f->intent, sizeof(f->intent), "talk_to_human");
		f->intent_p = f->intent_p > 0.9 ? f->intent_p : 0.9;
		f->out_of_scope = false;
	}
	bool greets = strcmp(f->small, "hello") == 0, thanks = strcmp(f->small, "thanks") == 0;
	if (f->small_talk && (greets || thanks)) {
		snprintf(f->intent, sizeof(f->intent), greets ? "greeting" : "thanks");
		f->intent_p = 0.95;
	}
	if (f->small_talk)
		f->out_of_scope = false;
	feel_mood(&t, f);
	f->turns++;
}

void feel_says(sv text, const sv *pattern, size_t n, bool *ret)
{
	struct feel_text t;

	feel_prepare(sv_slice(text, 0, 4 * LIM_TEXT_MSG), &t);
	for (size_t i = 0; i < n; i++)
		ret[i] = feel_match(&t, pattern[i]);
}
