/* app_history_int.h: what the files of the made-up history share: its book of words, a day of it,
 * the people who serve. */
#ifndef CALLM_APP_HISTORY_INT_H
#define CALLM_APP_HISTORY_INT_H

#include "base.h"
#include "store.h"

enum { HIST_TOPICS = 32, HIST_WORDS = 24, HIST_PEOPLE = 5, HIST_LANGS = 2, HIST_ID = 27 };
#define HIST_LATE_DAYS 2             /* before the end deliveries failed */

/* ---- words (app_history_book.c) ---- */

struct hist_list { sv v[HIST_WORDS]; size_t n; };
struct hist_article { sv id, title, quote; int version; };       /* id empty: none answers */
struct hist_topic {
	sv id, queue, disposition;
	double share, handed, mood, aht_s;
	struct hist_list say[HIST_LANGS];
	struct hist_article article[HIST_LANGS];
};
enum hist_words { HW_PRODUCTS, HW_OPENS, HW_MORE, HW_GLAD, HW_PERSON, HW_LATE, HW_AGENTS,
		  HW_SORRY, HW_SETTLED, HW_LISTS };
enum hist_says { HS_HELLO, HS_VOICE, HS_UNKNOWN, HS_HANDOFF, HS_BYE, HS_SAYS };
struct hist_book {
	struct arena a;
	struct hist_topic topic[HIST_TOPICS];
	size_t topics;
	struct hist_list words[HW_LISTS][HIST_LANGS];
	sv says[HS_SAYS][HIST_LANGS];
	struct hist_list customers[HIST_LANGS];      /* ids */
	struct cal *office;                          /* its holidays */
	struct cal_zone *zone;
};
/* From the demo's files and its articles in db. hist_book_done in any case. */
int hist_book_open(struct hist_book *b, struct store_db *db, const char *zone, struct err *e);
void hist_book_done(struct hist_book *b);
extern const char *const hist_langs[HIST_LANGS];

/* ---- a day (app_history_day.c) ---- */

struct hist_row {
	int64_t ts_ms;
	int talk, order;             /* index of talks, -1 = of none; as they were made */
	bool outside;                /* of a talk, and not within it: the queue's */
	sv conversation, customer, body;
	int seq, turn;               /* from 1 within a conversation, else 0 */
	const char *kind, *actor;
};
struct hist_talk {
	char id[HIST_ID], interaction[HIST_ID];
	const char *channel, *lang, *end_by, *last_actor, *last_action, *emotion;
	sv customer, last_text;
	/* last: of all its rows, the wrap-up too */
	int64_t started_ms, ended_ms, last_ms;
	int turns, seq;
};
struct hist_plan {
	int64_t first_day, days;     /* days since 1970; today is the last, days+1 in all */
	int64_t end_ms;
	uint64_t seed;
};
struct hist_day {
	const struct hist_book *b;
	const struct hist_plan *p;
	int64_t day;                 /* since 1970 */
	struct arena a;
	struct rng rng;
	VEC(struct hist_row) rows;
	VEC(struct hist_talk) talks;
};
/* The rows of one day in order of time, none after the end; talks that do not end before it are
 * left out. hist_day_done in any case; ERR_TOOBIG. */
int hist_day_make(struct hist_day *d, const struct hist_book *b, const struct hist_plan *p,
		  int64_t day);
void hist_day_done(struct hist_day *d);
/* The moment at which the wall reads minute of the day. */
int64_t hist_at(const struct hist_day *d, int minute);
void hist_ulid(struct hist_day *d, int64_t ms, char out[HIST_ID]);
/* A row of a talk (-1: of none); the body is moved. NULL: the day is full. */
struct hist_row *hist_row(struct hist_day *d, int talk, int64_t ts, const char *kind,
			  const char *actor, jv *body);
/* About med, long tail to the right. */
int64_t hist_long_ms(struct hist_day *d, double med_s, double least_s, double most_s);

/* ---- people (app_history_team.c) ---- */

struct hist_agent {
	int64_t from, to, free, lunch, since;
	const char *state;
	bool lunched;
};
struct hist_team { struct hist_agent v[HIST_PEOPLE]; };
/* Who comes today, and when. */
void hist_team_open(struct hist_team *t, struct hist_day *d);
/* Who takes what came at ts, and when; -1: nobody any more. Asked in order of time. */
int hist_team_find(struct hist_team *t, struct hist_day *d, int64_t ts, int lang, int64_t *ret);
/* They serve from, to, and are done with the wrap-up at done. */
void hist_team_serve(struct hist_team *t, struct hist_day *d, int who, const int64_t at[3]);
void hist_team_close(struct hist_team *t, struct hist_day *d);
/* {shifts: [..]} of a weekday (1 Monday), as ins_rota_edit takes it; the caller's. */
jv *hist_roster(int weekday);
const char *hist_login(int who);
const char *hist_name(int who);

#endif
