/* qa_int.h: what the files of the room share; no other room includes it. */
#ifndef CALLM_QA_INT_H
#define CALLM_QA_INT_H

#include "qa.h"

enum {
	QA_WORDS = 200,              /* of one list */
	QA_NAMES = 40,               /* topics, tools of one item */
	QA_LINES = 20000,            /* rows of one conversation */
	QA_FORM_BYTES = 256 << 10,
	QA_GAP = 24,                 /* code points that a * may stand for */
};

/* ---- forms (qa_form.c) ---- */

enum qa_type { QA_PLUS, QA_MINUS, QA_TABOO, QA_TYPES };
extern const char *const qa_type_names[QA_TYPES];    /* qa_form.c */
struct qa_list {
	sv *v;
	size_t n;
};
struct qa_rule;
struct qa_item {
	sv id, title[2];             /* zh, en */
	int section;
	enum qa_type type;
	double weight;
	const struct qa_rule *rule;  /* NULL: rubric, or people alone */
	sv rubric[2];
	/* For rules; qa_rule.c tells which one takes what. */
	struct qa_list words[2], when[2], topics, tools;
	double seconds, first;       /* negative = not said */
	int most, within;            /* negative = not said */
	bool chat;                   /* disclosure: in chats too */
};
struct qa_form {                     /* an obj */
	struct arena a;
	sv id, text, title[2];
	int version;
	double pass;
	unsigned who;                /* bits: 1 bot, 2 agent */
	struct qa_list channels;     /* empty = all */
	struct { sv id, title[2]; } sections[QA_SECTIONS];
	size_t n_sections;
	struct qa_item items[QA_ITEMS];
	size_t n;
};

/* ---- rows (qa_talk.c) ---- */

enum qa_who { QW_SYSTEM, QW_CUSTOMER, QW_BOT, QW_AGENT };
struct qa_line {
	int64_t seq, ts_ms;
	int turn;
	enum qa_who who;             /* QW_SYSTEM: nothing was said in it */
	sv kind, actor, by, text, lang;
	sv holder;                   /* party in charge when it came */
	int64_t start_ms, end_ms;    /* of the sound, from the call's start; 0 = unknown */
	bool aside;                  /* disclosure, filler, progress */
	bool cut;                    /* not heard to its end */
	const jv *body;
};
struct qa_talk {
	struct arena a;
	jv *rows;                    /* what bodies point into */
	sv channel, lang, ended_by;
	bool voice;
	int64_t ended_ms;            /* 0 = it has not ended */
	struct qa_line *v;
	size_t n;
	sv parties[QA_PARTIES];
	size_t n_parties;
};
static inline bool qa_said_by(const struct qa_line *l, sv party)
{
	return (l->who == QW_BOT || l->who == QW_AGENT) && sv_eq(l->by, party);
}

/* ---- words (qa_word.c) ---- */

/* The first of list that stands in text, case, width and kind of quotes aside; a letter beside it
 * ends no match of Latin words; * in it stands for up to QA_GAP code points of one sentence.
 * *start, *end: code points. */
bool qa_word_in(sv text, const struct qa_list *list, size_t *start, size_t *end);
/* Either language's list. */
bool qa_words_in(sv text, const struct qa_list lists[2], size_t *start, size_t *end);
/* Code points start..end of text. */
sv qa_cut(sv text, size_t start, size_t end);

/* ---- rules (qa_rule.c and qa_rule_*.c) ---- */

struct qa_ask {
	const struct qa_talk *t;
	const struct qa_item *it;
	sv self;                     /* the party */
	bool bot;                    /* it is the bot */
	struct arena *a;
	struct qa_mark *m;           /* begins as n_a */
};
struct qa_rule {
	const char *name;
	const char *keys;            /* it takes: "|words|within|" */
	const char *needs;           /* of those, must be there */
	void (*run)(struct qa_ask *k);
};
const struct qa_rule *qa_rule_find(sv name);
void qa_rule_names(struct sb *out);              /* "a, b, c" */
void qa_set(struct qa_ask *k, enum qa_state s, const char *why);
/* Adds a place of a line as evidence; the first QA_EVIDENCE are kept. */
void qa_show(struct qa_ask *k, const struct qa_line *l, size_t start, size_t end);
void qa_show_line(struct qa_ask *k, const struct qa_line *l);    /* its words, 200 at most */
void qa_show_fact(struct qa_ask *k, const struct qa_line *l, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The next line after i said by the party; n = none. Asides count only with asides. */
size_t qa_next_own(const struct qa_ask *k, size_t i, bool asides);
bool qa_is(const struct qa_line *l, const char *kind);
/* A ticket of this type was opened for, or linked to, the conversation. */
bool qa_linked(const struct qa_line *l, const char *type);
bool qa_last_party(const struct qa_ask *k);  /* of those who served, the party came last */
bool qa_named(const struct qa_list *list, sv name);

/* qa_rule_said.c */
void qa_run_early(struct qa_ask *k);
void qa_run_late(struct qa_ask *k);
void qa_run_taboo(struct qa_ask *k);
void qa_run_phrase(struct qa_ask *k);
void qa_run_empathy(struct qa_ask *k);
void qa_run_mood(struct qa_ask *k);
void qa_run_language(struct qa_ask *k);
void qa_run_repeated(struct qa_ask *k);
/* qa_rule_time.c */
void qa_run_dead_air(struct qa_ask *k);
void qa_run_cut_in(struct qa_ask *k);
void qa_run_hold(struct qa_ask *k);
void qa_run_response(struct qa_ask *k);
/* qa_rule_fact.c */
void qa_run_disclosure(struct qa_ask *k);
void qa_run_identity(struct qa_ask *k);
void qa_run_promise(struct qa_ask *k);
void qa_run_read_back(struct qa_ask *k);
void qa_run_grounded(struct qa_ask *k);
void qa_run_survey(struct qa_ask *k);
void qa_run_others(struct qa_ask *k);
void qa_run_disposition(struct qa_ask *k);
void qa_run_transfer(struct qa_ask *k);

/* qa_mind.c: one rubric through the model. 0, or ERR_CANCELED: the server stops. */
int qa_run_rubric(struct qa_ask *k, const struct qa_mind *mind);

#endif
