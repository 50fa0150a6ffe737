/* talk_rating.c: how it was: one question on a scale (CSAT 1 to 5, NPS 0 to 10, CES 1 to 7), by
 * key, number or words.
 *
 * Bound to the person who served, else to the bot. Asked once of each kind, and never of who is
 * upset: they are heard otherwise. An answer that is none is asked for once more; who asks
 * something instead is answered, and the survey is over. Words for the steps of a scale are
 * data (prompts/texts.*.yaml, "csat_5"). Pure like the rest of the core. */
#include "talk_core.h"

#include <ctype.h>
#include <stdio.h>

enum { TRIES = 2, SHORT = 40 };

static const struct {
	const char *name;
	int least, most, low;        /* low: up to here it was bad */
} scale[SURVEYS] = {
	[SURVEY_NONE] = { "", 0, 0, 0 },
	[SURVEY_CSAT] = { "csat", 1, 5, 2 },
	[SURVEY_NPS] = { "nps", 0, 10, 6 },
	[SURVEY_CES] = { "ces", 1, 7, 3 },
};

const char *talk_survey_name(enum talk_survey s)
{
	return (unsigned)s < SURVEYS ? scale[s].name : "";
}

enum talk_survey talk_survey_of(sv name)
{
	for (int i = 1; i < SURVEYS; i++)
		if (sv_eq(name, sv_of(scale[i].name)))
			return (enum talk_survey)i;
	return SURVEY_NONE;
}

/* ---- reading ---- */

enum { NO_NUMBER = -1, OF_ELSE = -2 };

/* "3 days", "5次": a number of something else. */
static bool counts_else(sv rest)
{
	static const char *const units[] = { "day",  "hour", "minute", "week", "month", "year",
					     "time", "call", "天",     "小时", "分钟",  "周",
					     "个月", "年",   "次",     "遍",   "点钟",  "号" };
	rest = sv_trim(rest);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		sv unit = sv_of(units[i]);
		if (sv_eq_nocase(sv_slice(rest, 0, unit.n), unit))
			return true;
	}
	return false;
}

/* The number in it, if it is the only one. "10/10", "4 of 5" give the first. */
static int number(sv text)
{
	int v = NO_NUMBER;
	for (size_t i = 0; i < text.n; i++) {
		if (!isdigit((unsigned char)text.p[i]))
			continue;
		int n = 0;
		for (; i < text.n && isdigit((unsigned char)text.p[i]) && n < 1000; i++)
			n = n * 10 + (text.p[i] - '0');
		if (counts_else(sv_slice(text, i, text.n)))
			return OF_ELSE;
		if (v < 0)
			v = n;
		else if (n != v && n != 5 && n != 7 && n != 10)
			return NO_NUMBER;
	}
	return v;
}

/* "三天", "three days": the same in words. */
static bool words_of_else(sv text)
{
	char d[1];
	for (size_t i = 1; i < text.n; i++) {
		sv before = sv_trim(sv_slice(text, 0, i));
		size_t from = before.n;
		while (from && before.p[from - 1] != ' ' && before.n - from < 3)
			from--;              /* a rune, or the end of a word */
		while (from && talk_latin(before.p[from]) && before.p[from - 1] != ' ')
			from--;
		if (counts_else(sv_slice(text, i, text.n)) &&
		    talk_digits(sv_slice(before, from, before.n), d, 1) == 1)
			return true;
	}
	return false;
}

static int spoken(sv text)
{
	char d[3];
	if (words_of_else(text))
		return NO_NUMBER;
	int n = talk_digits(text, d, 2);
	return n == 1 ? d[0] - '0' : n == 2 && d[0] == '1' && d[1] == '0' ? 10 : -1;
}

int talk_rating_value(const struct talk_core *c, enum talk_survey kind, sv text)
{
	char key[16];
	int v = number(text);
	if ((unsigned)kind >= SURVEYS || sv_runes(text) > SHORT)
		return -1;
	if (v >= 0)
		return v >= scale[kind].least && v <= scale[kind].most ? v : -1;
	/* the bad first, then from the best down: "not satisfied", "very satisfied" and
	 * "satisfied" */
	int n = scale[kind].most - scale[kind].least + 1;
	for (int k = 0; k < n; k++) {
		int i = k <= n / 2 ? scale[kind].least + k : scale[kind].most + n / 2 + 1 - k;
		snprintf(key, sizeof(key), "%s_%d", scale[kind].name, i);
		if (talk_says_one_of(c, text, key))
			return i;
	}
	v = v == OF_ELSE ? NO_NUMBER : spoken(text);
	return v >= scale[kind].least && v <= scale[kind].most ? v : -1;
}

/* ---- asking ---- */

static bool upset(const struct talk_core *c)
{
	return c->track.mood == FEEL_ANGRY || c->heard_mood.share[FEEL_ANGRY] >= 0.5 ||
	       strcmp(c->feel.emotion, "angry") == 0;
}

static sv question(struct talk_core *c)
{
	char key[32];
	snprintf(key, sizeof(key), "survey_%s%s", scale[c->person.rating].name,
		 c->voice ? "_voice" : "");
	return talk_own(c, key);
}

static void say(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_reply r = { .text = text, .action = POL_CLARIFY, .grounded = true,
				.expect = c->person.rating == SURVEY_NPS ? "digits" : "open" };
	talk_reply(c, &r, a, acts);
}

static void put_whom(struct talk_core *c, struct sb *b)
{
	const char *agent = c->person.rates;
	sb_fmt(b, ",\"of\":\"%s\",\"agent\":", agent ? "agent" : "bot");
	sb_json(b, sv_of(agent));
}

bool talk_rating_ask(struct talk_core *c, enum talk_survey kind, bool ends, sv before,
		     struct arena *a, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	struct sb b;
	if (kind == SURVEY_NONE || (unsigned)kind >= SURVEYS || (p->rated >> kind & 1) ||
	    upset(c) || c->sm.now == TS_AWAY)
		return false;
	p->rated |= 1u << kind;
	p->rating = kind;
	p->rating_ends = ends;
	p->rating_tries = 0;
	sv q = question(c);
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"kind\":\"%s\",\"question\":", scale[kind].name);
	sb_json(&b, q);
	put_whom(c, &b);
	sb_ch(&b, '}');
	talk_act_record(c, acts, "survey", "bot", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
	say(c, talk_two(c, before, q, a), a, acts);
	return true;
}

/* ---- the answer ---- */

static void over(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	bool ends = c->person.rating_ends;
	c->person.rating = SURVEY_NONE;
	c->goodbye = ends;
	text = ends ? talk_two(c, text, talk_own(c, "closing"), a) : text;
	if (!text.n) {
		talk_await_customer(c, acts);
		return;
	}
	talk_reply(c, &(struct talk_reply){ .text = text, .action = ends ? POL_END : POL_REPLY,
					    .expect = "open" },
		   a, acts);
}

static void answered(struct talk_core *c, int v, sv words, struct arena *a,
		     struct talk_acts *acts)
{
	enum talk_survey kind = c->person.rating;
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"kind\":\"%s\",\"value\":%d,\"text\":", scale[kind].name, v);
	sb_json(&b, talk_masked(words, a));
	put_whom(c, &b);
	sb_ch(&b, '}');
	talk_act_record(c, acts, "survey.answer", "customer", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
	over(c, talk_own(c, v <= scale[kind].low ? "survey_thanks_low" : "survey_thanks"), a,
	     acts);
}

bool talk_rating_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	int v = talk_rating_value(c, p->rating, text);
	bool no = talk_yes(text) == FLOW_NO || strcmp(c->feel.small, "bye") == 0;
	if (v >= 0 && !c->feel.wants_human) {
		answered(c, v, text, a, acts);
		return true;
	}
	if (no && !c->feel.wants_human) {
		over(c, talk_own(c, "survey_not"), a, acts);
		return true;
	}
	bool wish = c->feel.wants_human || talk_is_question(text) ||
		    (c->feel.intent[0] && !c->feel.small_talk && sv_runes(text) > 8);
	if (wish || ++p->rating_tries >= TRIES) {
		p->rating = SURVEY_NONE;
		return false;
	}
	say(c, talk_two(c, talk_own(c, "survey_again"), question(c), a), a, acts);
	return true;
}

/* One key is the answer, where the scale has one digit. */
bool talk_rating_key(struct talk_core *c, char key, struct arena *a, struct talk_acts *acts)
{
	enum talk_survey kind = c->person.rating;
	int v = key - '0';
	if (kind == SURVEY_NONE || scale[kind].most > 9 || v < scale[kind].least ||
	    v > scale[kind].most)
		return false;
	answered(c, v, sv_n(&key, 1), a, acts);
	return true;
}

/* Who says nothing has answered. */
bool talk_rating_silence(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	if (p->rating == SURVEY_NONE || !c->voice)
		return false;
	if (p->rating_tries++ == 0)
		say(c, question(c), a, acts);
	else
		over(c, SV_NULL, a, acts);
	return true;
}
