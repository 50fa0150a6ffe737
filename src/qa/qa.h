/* qa.h: quality: forms, and the score of a conversation by a form (docs/qa.md).
 *
 *	struct qa_form *f;
 *	qa_form_new(&f, yaml, "general.yaml", &rep);
 *	qa_talk_load(&t, db, conversation);               on a reader: its rows
 *	qa_score(&s, f, t, SV("bot"), NULL);              or an agent's login
 *	qa_marks_json(s, &out);
 *	qa_score_free(s); qa_talk_free(t); obj_unref(f);
 *
 * A form is data: sections of items, each worth points (plus), costing points (minus) or forbidden
 * (taboo), looked at by a rule over the rows of the river, by a model under a rubric, or by people
 * alone. The bot and people are scored by the same forms. Moods are read of customers only: a form
 * that asks for an employee's emotion is refused (EU AI Act, Article 5(1)(f)).
 * Reviews, sampling, appeals: qa_review.h. Satisfaction: qa_survey.h.
 */
#ifndef CALLM_QA_H
#define CALLM_QA_H

#include "base.h"
#include "store.h"

enum { QA_ITEMS = 64, QA_SECTIONS = 16, QA_FORMS = 32, QA_PARTIES = 8, QA_EVIDENCE = 4 };

/* ---- forms ---- */

struct qa_form;                      /* an obj; immutable, any thread */
/* 0, or ERR_INVAL: rep tells file:line, what is wrong, how to mend it; the caller ends rep. */
int qa_form_new(struct qa_form **ret, sv yaml, const char *name, struct cfg_report *rep);
sv qa_form_id(const struct qa_form *f);
int qa_form_version(const struct qa_form *f);
sv qa_form_text(const struct qa_form *f);        /* the YAML it was made of */
/* {"id","version","title":{zh,en},"pass","sections":[{"id","title","items":[{"id","title","type",
 * "weight","auto":"rule|model|person","rule"}]}]} */
void qa_form_json(const struct qa_form *f, struct sb *out);
size_t qa_form_items(const struct qa_form *f);
sv qa_form_item(const struct qa_form *f, size_t i);      /* its id */
bool qa_form_ruled(const struct qa_form *f, size_t i);   /* a rule looks at it */
const sv *qa_form_title(const struct qa_form *f, size_t i);      /* zh, en: views into f */
/* neither rule nor model: for people. */
bool qa_form_by_hand(const struct qa_form *f, size_t i);
int qa_form_find(const struct qa_form *f, sv item);      /* -1 */

struct qa_forms;                     /* an obj: a set of forms; immutable, any thread */
struct qa_text {
	const char *name;            /* "qa/general.yaml", for messages */
	sv text;
};
/* All of them, or ERR_INVAL with every fault in rep. A later text with an id takes the place of an
 * earlier one. */
int qa_forms_new(struct qa_forms **ret, const struct qa_text *v, size_t n, struct cfg_report *rep);
size_t qa_forms_n(const struct qa_forms *fs);
const struct qa_form *qa_forms_at(const struct qa_forms *fs, size_t i);
const struct qa_form *qa_forms_find(const struct qa_forms *fs, sv id);   /* NULL */
/* A new set: old's forms (which may be NULL) with f in its place or added. ERR_FULL. */
int qa_forms_with(struct qa_forms **ret, const struct qa_forms *old, const struct qa_form *f);
/* Puts the forms that were saved over *fs (which it replaces); on a reader. One that cannot be read
 * any more is passed over, rep tells. */
int qa_forms_saved(struct qa_forms **fs, struct store_db *db, struct cfg_report *rep);
/* Saves f; on the scribe. ERR_EXISTS: a version that is not above was (0 = there is none). */
int qa_form_save(struct store_db *db, const struct qa_form *f, int was, sv by, int64_t now_ms);

/* ---- a conversation as its rows ---- */

struct qa_talk;
/* ERR_NOTFOUND, ERR_TOOBIG, ERR_DB. */
int qa_talk_load(struct qa_talk **ret, struct store_db *db, sv conversation);
/* From an array of rows {ts_ms, turn, kind, actor, body}. ERR_INVAL and e. */
int qa_talk_of(struct qa_talk **ret, const jv *rows, struct err *e);
void qa_talk_free(struct qa_talk *t);            /* accepts NULL */
sv qa_talk_lang(const struct qa_talk *t);        /* of most of the customer's words: zh, en */
bool qa_talk_voice(const struct qa_talk *t);
/* Who served: "bot" and logins, in the order they came. */
size_t qa_talk_parties(const struct qa_talk *t, sv out[QA_PARTIES]);
/* The first form that is for such a conversation and such a party; NULL = none. */
const struct qa_form *qa_forms_for(const struct qa_forms *fs, const struct qa_talk *t, sv party);
/* The same before anything was said: for the bot, or for people, on a channel. fs may be NULL. */
const struct qa_form *qa_forms_on(const struct qa_forms *fs, sv channel, bool bot);

/* ---- the score ---- */

enum qa_state { QA_NA, QA_PASS, QA_FAIL, QA_ABSTAIN, QA_STATES };
const char *qa_state_name(enum qa_state s);      /* "n_a", "pass", "fail", "abstain" */
int qa_state_of(sv s);                           /* -1 */
struct qa_evidence {
	int64_t seq;                 /* of the row */
	int turn;
	/* code points of the row's text; start == end: the row as a whole. */
	size_t start, end;
	sv text;                     /* those words, or what was measured */
};
struct qa_mark {                     /* of one item */
	enum qa_state state;
	struct qa_evidence ev[QA_EVIDENCE];
	size_t n_ev;
	sv why;                      /* of a rule or model, English; may be empty */
};
struct qa_score {
	struct arena a;
	const struct qa_form *form;  /* a reference */
	sv party;
	double score;                /* 0..100; -1 = nothing could be judged */
	/* a taboo was broken; score reaches the form's pass mark. */
	bool taboo, passed;
	struct qa_mark marks[QA_ITEMS];  /* in the form's order */
	size_t n, judged;            /* marks; those with pass or fail */
};
/* Answers one rubric about one conversation; blocking, on a worker. The answer is
 * {"state":"pass|fail|n_a|abstain","why":"..","quotes":[{"seq":n,"text":".."}]}. 0 or an error
 * (then the item abstains); ERR_CANCELED: the server stops, nothing is scored. */
struct qa_mind {
	int (*ask)(void *arg, sv system, sv user, struct sb *answer);
	void *arg;
};
/* mind may be NULL: model items abstain. A model's quote that does not stand literally in the row
 * it names makes its item abstain. ERR_CANCELED of the mind. */
int qa_score(struct qa_score **ret, const struct qa_form *f, const struct qa_talk *t, sv party,
	     const struct qa_mind *mind);
void qa_score_free(struct qa_score *s);          /* accepts NULL */
/* The sum over marks (n_a and abstain count nowhere): 100 * points of plus items passed /
 * points of those judged, less the points of minus items failed; 0 with a taboo broken. -1:
 * nothing judged. */
double qa_sum(const struct qa_form *f, const enum qa_state *states, size_t n, bool *taboo);
bool qa_passes(const struct qa_form *f, double score, bool taboo);
/* [{"item","state","why","evidence":[{"seq","turn","start","end","text"}]}] */
void qa_marks_json(const struct qa_score *s, struct sb *out);

/* ---- agreement ---- */

/* Cohen's kappa of two raters over n things in k kinds (0..k-1), Educ. Psychol. Meas. 20 (1960)
 * 37. NaN: nothing, or both always say the same one kind (chance agrees as often); *agree gets the
 * plain share of agreement. */
double qa_kappa_cohen(const int *a, const int *b, size_t n, int k, double *agree);
/* Fleiss' kappa, Psychol. Bull. 76 (1971) 378: count[i * k + j] raters put thing i into kind j; the
 * same number of raters (2 or more) for each thing. NaN as above, or when numbers differ. */
double qa_kappa_fleiss(const int *count, size_t n, int k);

#endif
