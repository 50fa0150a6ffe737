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

/* The emotions of CONTRACT, in the order of its list. */
enum feel_mood { FEEL_NEUTRAL, FEEL_SATISFIED, FEEL_CONFUSED, FEEL_ANXIOUS, FEEL_FRUSTRATED,
		 FEEL_ANGRY, FEEL_SAD, FEEL_RELIEVED, FEEL_MOODS };
const char *feel_mood_name(int mood);    /* "angry"; "" when there is none of that number */
int feel_mood_of(sv name);               /* -1 when it is none */
double feel_mood_valence(int mood);      /* -1..1; 0 when there is none of that number */
double feel_mood_arousal(int mood);

/* One turn alone: what feel_track.c follows. Whoever knows more (the voice) changes it between
 * feel_turn and feel_track_turn. */
struct feel_reading {
	double share[FEEL_MOODS];        /* sum 1 */
	double valence, arousal;         /* -1..1 */
	int mood;                        /* of the greatest share */
	char cue[24];                    /* the word of our table that weighed most, or "" */
	bool voice;                      /* the voice changed it */
};

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
	struct feel_reading now;         /* of the last turn alone */
};
/* Updates f with one customer turn. fallback_lang is used when the text tells nothing (digits,
 * emoji). */
void feel_turn(struct feel_state *f, sv text, sv fallback_lang);
/* Opens the nets in the program now, not with the first turn (some milliseconds), with readers
 * (1 MB each) for so many threads that ask at the same time; more are made when they do. Any
 * thread. */
void feel_warm(int threads);
/* Language by script and function words: ISO code into out, returns the probability; 0 and out
 * as it was when the text tells nothing. */
double feel_language(sv text, char out[4]);
/* Which of n patterns stand in text: terms joined by " + " must all, those with '!' must not; a
 * term is "a|b|c", '~' at the end of a Latin word makes it a beginning. Pure. */
void feel_says(sv text, const sv *pattern, size_t n, bool *ret);

/* ---- feel_track.c: the mood of a conversation over its turns ---- */

#define FEEL_TURNINGS 8
#define FEEL_TREND 6             /* turns that the trend looks at */
struct feel_turning {            /* the mood became another one */
	int turn, from, to;
	double valence;          /* of that turn */
	char why[24];            /* a word of our table; "voice"; "calm" when it faded */
};
struct feel_track {              /* all zero at the beginning */
	double p[FEEL_MOODS];    /* how much of each is left, 0..1; neutral is not kept */
	int mood;                /* held: changes with hysteresis */
	double valence, arousal; /* smoothed */
	double trend;            /* of valence, a turn; < 0 = it gets worse */
	int turns;
	/* turns of anger since it began; frustration beside it counts. */
	int angry;
	int upset;               /* turns of anger or frustration */
	double lowest;           /* valence */
	int lowest_turn;
	double last[FEEL_TREND]; /* valences, oldest first */
	struct feel_turning turning[FEEL_TURNINGS];  /* the last ones, oldest first */
	int n_turning;
};
/* Follows one more turn (its number in the conversation); true when the mood turned: the last of
 * t->turning tells how. Pure. */
bool feel_track_turn(struct feel_track *t, const struct feel_reading *r, int turn);

/* ---- slots: what a text names, as values a program can use ----
 *
 *	struct feel_slot_ctx c = { .now_ms = clk_wall_ms(), .tz_min = 480, .country = "CN" };
 *	feel_slots(SV("下周三下午三点送两箱"), &c, &arena, &slot, &n);
 *	date "2026-12-02", time "15:00", quantity "2"
 */
struct feel_slot {
	/* phone email id_card bank_card address name order_number plate date_of_birth (from
	 * .seen), date time datetime duration money quantity percent product. */
	const char *type;
	/* What was said, normalised (docs/feel.md has the forms): ISO 8601 dates, 24 h times and
	 * durations, "12.50 CNY", E.164 numbers. In the arena. */
	sv value;
	size_t start, end;       /* bytes of text */
	size_t cp_start, cp_end; /* code points of text */
};
/* A span another room found in the same text: guard's personal data. */
struct feel_seen {
	const char *type;
	size_t start, end;       /* bytes */
};
struct feel_product {
	sv id;
	sv name;                 /* names of one product, '|' between them */
};
/* The names of products, made ready once; the products are copied. NULL: they are more than 256
 * MB. */
struct feel_catalogue;
struct feel_catalogue *feel_catalogue_new(const struct feel_product *p, size_t n);
void feel_catalogue_free(struct feel_catalogue *c);      /* accepts NULL */
struct feel_slot_ctx {
	int64_t now_ms;          /* the moment it is said, ms since 1970 UTC */
	int tz_min;              /* its time zone, minutes east of UTC */
	/* ISO 3166 of the customer, NULL = unknown: reads 03/04, plain phone numbers, "dollars"
	 * and the sign of yuan and yen. */
	const char *country;
	const struct feel_seen *seen;
	size_t n_seen;
	const struct feel_catalogue *catalogue;  /* NULL: no products */
};
#define FEEL_SLOTS_MAX 256
/* Slots of text in their order, never overlapping; past LIM_TEXT_MSG code points or
 * FEEL_SLOTS_MAX slots the rest is not looked at. *ret lives in a. ERR_TOOBIG when a is full. */
int feel_slots(sv text, const struct feel_slot_ctx *c, struct arena *a, struct feel_slot **ret,
	       size_t *ret_n);

#endif
