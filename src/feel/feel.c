/* feel.c: one customer turn into the state of the conversation, by the nets of feel_net.c and
 * the tables of feel/data; owns nothing; any thread, one state per conversation.
 */
#include "feel_int.h"

#include <stdio.h>

#define MOOD_BYTES 2000

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

/* The mood of the words: how loud they are written is counted by feel_mood.c, and makes the net
 * take joy for anger. known: the ear has read all of text. */
static void ask_mood(struct feel_ear *x, sv text, bool known, struct feel_net *net)
{
	char words[MOOD_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < sizeof(words); i++)
		if (text.p[i] != '!')
			words[n++] = text.p[i];
	if (!known || n < text.n)
		feel_ear_read(x, FEEL_NET_EMOTION, sv_n(words, n));
	feel_ear_say(x, FEEL_NET_EMOTION, net);
}

/* Intent and mood of what is more than small talk, which its phrases settle. The ear that mood's
 * names live in, to be given back; NULL: none was asked. */
static struct feel_ear *ask_nets(struct feel_state *f, sv text, const struct feel_text *t,
				 struct feel_net *mood)
{
	struct feel_net intent = { .n = 0 };
	struct feel_ear *x = NULL;
	bool asked = !f->small_talk;

	mood->n = 0;
	if (!f->small_talk || f->wants_human)
		x = feel_ear_take();
	if (asked) {
		feel_ear_read(x, FEEL_NET_INTENT, text);
		feel_ear_say(x, FEEL_NET_INTENT, &intent);
	}
	feel_intent(t, &intent, f);
	if (x)
		ask_mood(x, text, asked, mood);
	return x;
}

/* "??" */
static bool only_asks(sv text)
{
	bool asks = false;
	while (text.n) {
		uint32_t r = sv_rune(&text);
		bool mark = r == '?' || r == 0xFF1F;
		asks |= mark;
		if (!mark && r != ' ' && r != '!' && r != 0xFF01)
			return false;
	}
	return asks;
}

void feel_turn(struct feel_state *f, sv text, sv fallback_lang)
{
	struct feel_text t;
	struct feel_net net;

	text = sv_slice(text, 0, 4 * LIM_TEXT_MSG);
	feel_prepare(text, &t);
	set_language(f, text, fallback_lang);
	f->wants_human = feel_wants_human(&t);
	feel_small(&t, f);
	if (only_asks(text)) {
		f->small_talk = true;
		memcpy(f->small, "help", 5);
	}
	struct feel_ear *x = ask_nets(f, text, &t, &net);
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
	feel_mood(&t, &net, f);
	if (x)
		feel_ear_give(x);
	f->turns++;
}

void feel_says(sv text, const sv *pattern, size_t n, bool *ret)
{
	struct feel_text t;

	feel_prepare(sv_slice(text, 0, 4 * LIM_TEXT_MSG), &t);
	for (size_t i = 0; i < n; i++)
		ret[i] = feel_match(&t, pattern[i]);
}
