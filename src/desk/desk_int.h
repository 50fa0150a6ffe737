/* desk_int.h: what the files of the room share; no other room includes it. */
#ifndef CALLM_DESK_INT_H
#define CALLM_DESK_INT_H

#include "desk.h"

enum {
	DESK_CALS = 32,
	DESK_SLAS = 64,
	DESK_SIGNS = 8,              /* kinds of signs */
	DESK_TOPICS = 32,            /* categories that words tell */
	DESK_SIGN_WORDS = 200,
	DESK_WORDS = 400,            /* of one ticket, for full text */
	DESK_ASKED = 6,              /* words of a search */
	DESK_WORD = 48,              /* bytes of one */
	DESK_TICKED = 200,           /* tickets a tick */
	DESK_BODY = 32768,           /* bytes of a ticket's facts */
};

/* ---- rules (desk_rules.c) ---- */

struct desk_sla {
	int type, severity;          /* -1 = any */
	const struct cal *cal[DESK_CLOCKS];
	int64_t ms[DESK_CLOCKS];     /* 0 = no such clock */
	int warn;                    /* percent */
};
struct desk_sign {
	const char *name;
	enum desk_severity severity;
	sv *words[2];                /* zh, en */
	size_t n[2];
};
struct desk {                        /* an obj */
	struct arena a;
	struct cal *cals[DESK_CALS];
	const char *titles[DESK_CALS][2];
	size_t n_cals;
	struct desk_sla slas[DESK_SLAS];
	size_t n_slas;
	struct desk_sign signs[DESK_SIGNS];
	size_t n_signs;
	struct desk_sign topics[DESK_TOPICS];    /* without severity */
	size_t n_topics;
	const struct cal *cal, *callback_cal;
	int64_t auto_close_ms, reopen_ms, callback_ahead_ms, follow_ms;
	int follow_tries, repeat_days;
	sv follow_text[2];           /* zh, en; may be empty: nothing is sent */
	char currency[4];            /* the company's: "CNY" */
};
const struct desk_sla *desk_sla_for(const struct desk *d, enum desk_type t, enum desk_severity s);
/* Bits of the signs that the words show, and the highest severity of them (or least). */
unsigned desk_signs_in(const struct desk *d, sv text, enum desk_severity *severity);
/* The category most of whose words stand in the text; empty = none. */
sv desk_topic_of(const struct desk *d, sv text);

/* ---- a ticket in hand (desk_row.c) ---- */

struct desk_clock {
	bool there;                  /* has been started at all */
	int round;
	const struct cal *cal;
	int64_t target, started, spent;
	int64_t running;             /* since when; 0 = stands */
	int64_t due, warned, breached, ended;    /* 0 = not */
};
struct ticket {
	struct arena a;              /* of the strings */
	int64_t seq, version;
	char number[DESK_NUMBER];
	enum desk_type type;
	enum desk_severity severity;
	enum desk_status state;
	int priority, late, rung, tries;
	sv category, title, customer, owner, language, channel, closed_by;
	jv *body;
	/* ms, 0 = not. */
	int64_t promised, due, look, follow, opened, changed, solved, closed;
	struct desk_clock clock[DESK_CLOCKS];    /* the last round of each */
};
/* t is to be ended by ticket_done, also after an error. ERR_NOTFOUND. */
int ticket_load(const struct desk *d, struct store_db *db, sv number, struct ticket *t);
int ticket_load_seq(const struct desk *d, struct store_db *db, int64_t seq, struct ticket *t);
/* Computes what is due, counts the version up, writes row and clocks. */
int ticket_save(const struct desk *d, struct store_db *db, struct ticket *t, int64_t now_ms);
int ticket_insert(struct store_db *db, const struct ticket *t, sv idem);
void ticket_done(struct ticket *t);

/* One row of the history and of the river: kind "state", "note" ...; text may be empty and is only
 * in the history; body (may be NULL) in both, so nothing personal is in it. */
int ticket_event(struct store_db *db, const struct ticket *t, const char *kind,
		 const struct desk_by *by, sv text, bool shown, const jv *body);
/* An alert for people: river ticket.alert {ticket,to,why}. */
int ticket_alert(struct store_db *db, const struct ticket *t, const char *to, const char *why,
		 const struct desk_by *by);
int ticket_words(struct store_db *db, const struct ticket *t, sv text);

/* ---- clocks (desk_clock.c): pure ---- */

void clocks_begin(const struct desk *d, struct ticket *t, enum desk_clock_kind k, int64_t now_ms);
void clock_end(struct ticket *t, enum desk_clock_kind k, int64_t now_ms);
void clocks_end(struct ticket *t, int64_t now_ms);
void clocks_pause(struct ticket *t, int64_t now_ms);
void clocks_resume(struct ticket *t, int64_t now_ms);
/* After another type or severity: the new row's times for the clocks that live. */
void clocks_retarget(const struct desk *d, struct ticket *t, int64_t now_ms);
/* due of each, the ticket's due and look. */
void clocks_settle(const struct desk *d, struct ticket *t, int64_t now_ms);
/* Working time it has run by now; left until due (negative when late). */
int64_t clock_spent(const struct desk_clock *c, int64_t now_ms);
int64_t clock_warn_at(const struct desk *d, const struct ticket *t, const struct desk_clock *c);

/* ---- moving (desk_ticket.c) ---- */

int ticket_move(const struct desk *d, struct store_db *db, struct ticket *t, enum desk_status to,
		sv why, const struct desk_by *by, struct err *e);
int ticket_severity(const struct desk *d, struct store_db *db, struct ticket *t,
		    enum desk_severity s, const char *why, const struct desk_by *by);
int ticket_check_facts(const jv *facts, struct err *e);   /* ERR_INVAL */
int ticket_link(struct store_db *db, const struct ticket *t, sv kind, sv ref,
		const struct desk_by *by);

/* ---- complaints (desk_complaint.c) ---- */

/* Of the facts: signs into the body, the severity they ask for. */
enum desk_severity desk_weigh(const struct desk *d, jv *body, enum desk_severity least);
/* The same customer with the same category within repeat_days: linked, one severity up, alert. Sets
 * *repeat. */
int desk_repeat_watch(const struct desk *d, struct store_db *db, struct ticket *t,
		      const struct desk_by *by, bool *repeat);
/* What was said, in the customer's language, to be read back. */
void desk_read_back(const jv *facts, sv lang, struct sb *out);

/* ---- words (desk_word.c) ---- */

typedef int desk_word_fn(void *arg, sv word);
/* Calls fn for each word of text, folded; a non-zero return stops and is returned. */
int desk_each_word(sv text, desk_word_fn *fn, void *arg);

/* Columns of a clock's row, and the clock of a row that begins with them; -1: of no known kind. */
#define DESK_CLOCK_COLS \
	"kind, round, calendar, target_ms, started_ms, spent_ms, running_ms, due_ms, warned_ms, " \
	"breached_ms, ended_ms"
int desk_clock_of(const struct desk *d, struct store_stmt *q, struct desk_clock *ret);

/* JSON pieces (desk_read.c) */
void desk_put_time(struct sb *b, const char *key, int64_t ms);
void desk_put_text(struct sb *b, const char *key, sv v);
void desk_put_clock(const struct desk_clock *c, const char *kind, int64_t now_ms, struct sb *b);
/* A row of DESK_LIST_COLS as an object that is still open. */
void desk_put_row(struct store_stmt *q, struct sb *b);
#define DESK_LIST_COLS \
	"t.number, t.type, t.category, t.severity, t.priority, t.state, t.title, t.customer, " \
	"t.owner, t.language, t.channel, t.opened_ms, t.changed_ms, t.due_ms, t.promised_ms, " \
	"t.late, t.rung, t.seq"

#endif
