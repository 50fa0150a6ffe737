/* talk_offer.c: nobody comes: a call back or a message is offered, taken down and passed on; and
 * words about the wait itself.
 *
 * A number is read back and needs a yes; on the record and in a model's context it is [phone]. Who
 * asks for a person meanwhile leaves the offer and asks anew; any other wish leaves it too. Pure
 * like the rest of the core. */
#include "talk_core.h"

#include <stdio.h>

enum { DIGITS_LEAST = 5, DIGITS_MOST = 20, LAST = 4, UNCLEAR_MAX = 2, WORDS_MAX = 128 };

/* ---- words ---- */

/* "HH2026-100186": letters right before digits are a code, no number to call. */
static bool holds_code(sv text)
{
	for (size_t i = 1; i < text.n; i++)
		if (talk_latin(text.p[i - 1]) && text.p[i] >= '0' && text.p[i] <= '9')
			return true;
	return false;
}

/* A walk over the texts under key, in both languages. */
struct words {
	const char *key;
	int lang;
	unsigned at;
};

static bool next_word(const struct talk_core *c, struct words *w, sv *ret)
{
	static const char *const langs[] = { "zh", "en" };
	for (; w->lang < 2; w->lang++, w->at = 0) {
		sv lang = sv_of(langs[w->lang]), first = talk_text(c->cfg->texts, lang, w->key, 0);
		*ret = talk_text(c->cfg->texts, lang, w->key, w->at);
		if (ret->n && w->at < WORDS_MAX && !(w->at && sv_eq(*ret, first)))
			return w->at++, true;
	}
	return false;
}

bool talk_says_one_of(const struct talk_core *c, sv text, const char *key)
{
	struct words w = { .key = key };
	sv word;
	while (next_word(c, &w, &word))
		if (sv_says(text, word))
			return true;
	return false;
}

/* How much of text's beginning is the longest of the texts under key, in either language. */
static size_t begins_with(const struct talk_core *c, sv text, const char *key)
{
	struct words w = { .key = key };
	size_t most = 0;
	sv word;
	while (next_word(c, &w, &word)) {
		bool open = talk_latin(*word.p) && word.n < text.n && talk_latin(text.p[word.n]);
		if (word.n > most && !open && sv_eq_nocase(sv_slice(text, 0, word.n), word))
			most = word.n;
	}
	return most;
}

static void say(struct talk_core *c, sv text, sv as, const char *expect, struct arena *a,
		struct talk_acts *acts)
{
	struct talk_reply r = { .text = text, .as = as, .action = POL_CLARIFY, .expect = expect,
				.grounded = true };
	talk_reply(c, &r, a, acts);
}

static void say_key(struct talk_core *c, const char *key, const char *expect, struct arena *a,
		    struct talk_acts *acts)
{
	say(c, talk_own(c, key), SV_NULL, expect, a, acts);
}

/* ---- the offer ---- */

/* A word that offers one thing by its reason offers that, whatever else the queue does. */
static enum talk_offer offer_of(const struct talk_word *w)
{
	if (sv_eq(w->why, SV("voicemail")))
		return OFFER_MESSAGE;
	if (!w->no_callback || sv_eq(w->why, SV("callback_offer")))
		return OFFER_CALLBACK;
	return w->voicemail ? OFFER_MESSAGE : OFFER_NOTHING;
}

static const char *question_of(const struct talk_core *c)
{
	const struct talk_person *p = &c->person;
	if (p->offer == OFFER_MESSAGE)
		return c->voice ? "message_ask_voice" : "message_ask";
	return p->number ? "callback_here" : "callback_offer";
}

void talk_offer_nobody(struct talk_core *c, const struct talk_word *w, struct arena *a,
		       struct talk_acts *acts)
{
	static const char *const known[] = { "closed", "full", "timeout", "voicemail",
					     "callback_offer" };
	struct talk_person *p = &c->person;
	char key[40] = "nobody_timeout";
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (sv_eq(w->why, sv_of(known[i])))
			snprintf(key, sizeof(key), "nobody_%s", known[i]);
	p->offer = offer_of(w);
	p->no_callback = w->no_callback;
	p->unclear = 0;
	sv text = talk_own(c, key);
	if (p->offer)
		text = talk_two(c, text, talk_own(c, question_of(c)), a);
	c->expect = p->offer == OFFER_CALLBACK ? CHAN_EXPECT_YESNO : CHAN_EXPECT_OPEN;
	talk_notice(c, text, true, a, acts);
	if (c->voice && c->sm.now == TS_LISTENING)
		talk_await_customer(c, acts);
}

/* A question of ours that is open has the plain words: "no", "never mind", "when". */
static bool else_asked(const struct talk_core *c)
{
	return c->svc.waits != WAITS_NOTHING || c->flow;
}

void talk_offer_meanwhile(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	if (!p->no_callback && !p->offer && !p->rating && !else_asked(c)) {
		p->offer = OFFER_CALLBACK;
		p->unclear = 0;
		text = talk_two(c, text, talk_own(c, question_of(c)), a);
		c->expect = CHAN_EXPECT_YESNO;
	}
	talk_notice(c, text, false, a, acts);
}

bool talk_offer_asks(const struct talk_core *c)
{
	enum talk_offer is = c->person.offer;
	return is == OFFER_CALLBACK || is == OFFER_READ || is == OFFER_PERSON || is == OFFER_STOP;
}

static void drop(struct talk_core *c)
{
	c->person.offer = OFFER_NOTHING;
	talk_set(&c->person.digits, SV_NULL);
}

static void failed(struct talk_core *c, const char *why, struct arena *a, struct talk_acts *acts)
{
	talk_act_record(c, acts, "handover.failed", "system",
			sv_of(arena_fmt(a, "{\"why\":\"%s\"}", why)));
}

static void agreed(struct talk_core *c, sv number, struct arena *a, struct talk_acts *acts)
{
	talk_act_record(c, acts, "callback.asked", "customer",
			sv_of(arena_fmt(a, "{\"number\":\"%s\"}", number.n ? "[phone]" : "")));
	talk_act_add(acts, TACT_CALLBACK)->text = arena_sv(a, number);
	if (c->move == MOVE_ASKED)
		failed(c, "callback", a, acts);
	talk_person_leave(c, "callback", acts);
	drop(c);
	say_key(c, "callback_done", "open", a, acts);
}

static void refused(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const char *key = c->person.offer == OFFER_MESSAGE ? "message_not" :
			  c->move == MOVE_ASKED		   ? "callback_waits" :
							     "callback_not";
	drop(c);
	say_key(c, key, "open", a, acts);
}

/* ---- the number ---- */

static void read_back(struct talk_core *c, const char *digits, struct arena *a,
		      struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	size_t n = strlen(digits);
	struct sb b;
	talk_set(&p->digits, sv_of(digits));
	p->offer = OFFER_READ;
	p->unclear = 0;
	sb_init(&b, 256);
	for (size_t i = 0; i < n; i++)       /* one by one, in groups of four */
		sb_fmt(&b, "%s%c", i == 0 ? "" : i % 4 == 0 ? ", " : " ", digits[i]);
	sv whole[] = { SV("number"), sb_sv(&b) }, hidden[] = { SV("number"), SV("[phone]") };
	sv last[] = { SV("number"), sv_of(digits + (n > LAST ? n - LAST : 0)) };
	sv text = talk_own(c, c->voice ? "callback_read" : "callback_read_end");
	if (c->voice)
		say(c, talk_fill(a, text, whole, 2), talk_fill(a, text, hidden, 2), "yes_no", a,
		    acts);
	else
		say(c, talk_fill(a, text, last, 2), SV_NULL, "yes_no", a, acts);
	sb_done(&b);
}

static void ask_number(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	c->person.offer = OFFER_NUMBER;
	c->person.unclear = 0;
	say_key(c, c->voice ? "callback_number_voice" : "callback_number", "phone", a, acts);
}

/* Neither yes nor no, no number: put once more, then left. */
static bool unclear(struct talk_core *c, const char *key, const char *expect, sv text,
		    struct arena *a, struct talk_acts *acts)
{
	bool wish = talk_is_question(text) || (c->feel.intent[0] && !c->feel.small_talk);
	if (wish || ++c->person.unclear >= UNCLEAR_MAX) {
		drop(c);
		return false;
	}
	say_key(c, key, expect, a, acts);
	return true;
}

static bool callback_words(struct talk_core *c, sv text, const char *digits, struct arena *a,
			   struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	enum flow_yes yes = talk_yes(text);
	if (*digits) {
		read_back(c, digits, a, acts);
		return true;
	}
	if (p->offer == OFFER_NUMBER && yes != FLOW_NO)
		return unclear(c, c->voice ? "callback_number_voice" : "callback_number", "phone",
			       text, a, acts);
	if (yes == FLOW_UNSURE)
		return unclear(c, "callback_yes_or_no", "yes_no", text, a, acts);
	if (p->offer == OFFER_READ && yes == FLOW_NO)
		ask_number(c, a, acts);
	else if (yes == FLOW_NO)
		refused(c, a, acts);
	else if (p->offer == OFFER_READ)
		agreed(c, arena_sv(a, sv_of(p->digits)), a, acts);
	else if (p->number)
		agreed(c, SV_NULL, a, acts);
	else
		ask_number(c, a, acts);
	return true;
}

/* ---- a message ---- */

static void take_message(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct sb b;
	if (talk_yes(text) == FLOW_NO && sv_runes(text) < 8) {
		refused(c, a, acts);
		return;
	}
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, talk_masked(text, a));
	sb_ch(&b, '}');
	talk_act_record(c, acts, "voicemail", "customer", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
	talk_act_add(acts, TACT_LEAVE)->text = SV("voicemail");
	c->move = MOVE_NONE;
	drop(c);
	say_key(c, "message_done", "open", a, acts);
}

/* ---- a colleague, asked or not ---- */

bool talk_offer_may(const struct talk_core *c)
{
	return talk_can_move(c) && c->move == MOVE_NONE && !c->person.offer && !c->person.rating &&
	       c->svc.waits == WAITS_NOTHING && !c->flow;
}

void talk_offer_person(struct talk_core *c, const char *key, struct arena *a,
		       struct talk_acts *acts)
{
	bool may = talk_offer_may(c);
	sv text = talk_vary(c, key);
	sv then = talk_own(c, may ? "person_offer" : "person_where");
	c->person.offer = may ? OFFER_PERSON : c->person.offer;
	say(c, talk_two(c, text, then, a), SV_NULL, may ? "yes_no" : "open", a, acts);
}

static void stop_waiting(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	talk_act_record(c, acts, "handover.returned", "customer",
			SV("{\"by\":\"customer\",\"instruction\":\"\"}"));
	talk_person_leave(c, "bot", acts);
	say_key(c, "wait_stopped", "open", a, acts);
}

/* Yes or no to a colleague, or to waiting no longer; whatever else is said leaves the question. */
static bool person_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	enum flow_yes yes = talk_yes(text);
	bool stop = c->person.offer == OFFER_STOP;
	drop(c);
	if (yes == FLOW_UNSURE || (stop && c->move != MOVE_ASKED))
		return false;
	if (stop && yes == FLOW_YES)
		stop_waiting(c, a, acts);
	else if (yes == FLOW_YES)
		talk_canned(c, talk_hand_over(c, "handoff"), POL_HANDOFF, a, acts);
	else
		say_key(c, stop ? "callback_waits" : "message_not", "open", a, acts);
	return true;
}

/* ---- the wait itself ---- */

bool talk_says_only(const struct talk_core *c, sv text, const char *key, const char *small)
{
	bool met = false;
	while (text.n) {
		size_t most = begins_with(c, text, key), other;
		met |= most > 0;
		other = begins_with(c, text, small);
		most = other > most ? other : most;
		sv after = text;
		uint32_t r = sv_rune(&after);
		bool mark = r < 0x80 ? !talk_latin((char)r) : r < 0x3040 || r >= 0xFF00;
		if (!most && !mark)
			return false;
		text = most ? sv_slice(text, most, text.n) : after;
	}
	return met;
}

/* Said into the sentence that told of the wish, or before anything else was said. */
static bool refused_at_once(const struct talk_core *c)
{
	return c->voice && c->person.wished_in == c->say_id && strcmp(c->feel.small, "no") == 0;
}

/* "How long will it take?" means the queue; a call back that was offered stays offered. */
static bool wait_place(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	const struct talk_person *p = &c->person;
	if (!talk_says_one_of(c, text, "wait_long") &&
	    (else_asked(c) || !talk_says_only(c, text, "wait_long_alone", "wait_small")))
		return false;
	sv place = talk_person_place(c, a);
	if (p->minutes < 0 && !p->nobody)
		place = talk_two(c, place, talk_own(c, "wait_unknown"), a);
	bool offered = p->offer == OFFER_CALLBACK;
	if (offered)
		place = talk_two(c, place, talk_own(c, question_of(c)), a);
	say(c, place, SV_NULL, offered ? "yes_no" : "open", a, acts);
	return true;
}

/* "Never mind the person", "call me back instead". */
static bool wait_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	if (talk_says_one_of(c, text, "wait_stop") || refused_at_once(c)) {
		stop_waiting(c, a, acts);
		return true;
	}
	if (!else_asked(c) && talk_says_only(c, text, "wait_stop_maybe", "wait_small")) {
		c->person.offer = OFFER_STOP;
		say_key(c, "wait_stop_ask", "yes_no", a, acts);
		return true;
	}
	if (!else_asked(c) && strcmp(c->feel.small, "no") == 0 && c->feel.small_talk && !c->voice) {
		say_key(c, "wait_kept", "open", a, acts);    /* no goodbye: a colleague comes */
		return true;
	}
	if (wait_place(c, text, a, acts))
		return true;
	if (!talk_says_one_of(c, text, "wait_callback"))
		return false;
	if (c->person.no_callback) {
		say_key(c, "callback_none", "open", a, acts);
		return true;
	}
	c->person.offer = OFFER_CALLBACK;
	c->person.unclear = 0;
	if (!c->person.number) {
		ask_number(c, a, acts);
		return true;
	}
	say_key(c, "callback_here", "yes_no", a, acts);
	return true;
}

bool talk_offer_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	char digits[DIGITS_MOST + 1] = "";
	if (p->rating && talk_rating_words(c, text, a, acts))
		return true;
	if (p->offer == OFFER_MESSAGE) {
		take_message(c, text, a, acts);
		return true;
	}
	if (p->offer == OFFER_PERSON || p->offer == OFFER_STOP)
		return person_words(c, text, a, acts);
	if (p->offer == OFFER_NOTHING || c->notice)  /* it is still to be told */
		return c->move == MOVE_ASKED && p->there && wait_words(c, text, a, acts);
	if (c->feel.wants_human) {
		drop(c);
		return false;
	}
	bool waits = c->move == MOVE_ASKED && p->there;
	if (waits && p->offer == OFFER_CALLBACK && wait_place(c, text, a, acts))
		return true;
	int n = holds_code(text) ? 0 : talk_digits(text, digits, DIGITS_MOST);
	digits[n < DIGITS_LEAST ? 0 : n] = '\0';
	return callback_words(c, text, digits, a, acts) ||
	       (waits && wait_words(c, text, a, acts));
}
