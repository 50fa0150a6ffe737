/* qa_survey.h: how satisfied customers are: CSAT, NPS, CES (docs/qa.md).
 *
 *	struct qa_surveys *s;
 *	qa_surveys_new(&s, yaml, "surveys.yaml", &rep);
 *	...on the scribe:
 *	qa_survey_asked(db, conversation, SV("csat"), SV("mei"), now);
 *	qa_survey_answer(db, s, conversation, SV("csat"), 5, SV(""), SV("link"), true, now, &e);
 *	...on a reader:
 *	qa_survey_report(db, s, &(struct qa_survey_query){ .by = SV("agent") }, &out);
 *
 * A question and its answer are one row a conversation and kind, bound to whoever served last (an
 * agent's login, or "bot"). One answer counts: the last one within a day of the first.
 */
#ifndef CALLM_QA_SURVEY_H
#define CALLM_QA_SURVEY_H

#include "base.h"
#include "store.h"

struct qa_surveys;                   /* an obj; immutable, any thread */
/* 0, or ERR_INVAL: rep tells file:line; the caller ends rep. */
int qa_surveys_new(struct qa_surveys **ret, sv yaml, const char *name, struct cfg_report *rep);
/* {"items":[{"id","kind","min","max","good","question":{zh,en},"why":{..},"thanks":{..}}]} */
void qa_surveys_json(const struct qa_surveys *s, struct sb *out);
/* One definition as an object; false: there is none of that id. */
bool qa_survey_json(const struct qa_surveys *s, sv id, struct sb *out);
int qa_surveys_days(const struct qa_surveys *s); /* how long a link is good */

enum { QA_SURVEY_TEXT = 1000 };      /* bytes of what the customer adds */
/* Asked again is asked once. agent empty = whoever is there already, else who served last, else
 * "bot". On the scribe. */
int qa_survey_asked(struct store_db *db, sv conversation, sv kind, sv agent, int64_t now_ms);
/* On the scribe. ERR_NOTFOUND: no such conversation or question; ERR_RANGE: no value of it;
 * ERR_STATE: answered more than a day ago. Personal data in text is masked. river: with a row
 * survey.taken (not for what came from a row of the river). */
int qa_survey_answer(struct store_db *db, const struct qa_surveys *s, sv conversation, sv kind,
		     int64_t value, sv text, sv via, bool river, int64_t now_ms, struct err *e);

struct qa_survey_query {
	int64_t from_ms, to_ms;      /* asked in; 0 = any */
	sv by;                       /* "agent", "channel", "language", "" = kinds alone */
	sv agent;                    /* only theirs; empty = all */
};
/* {"items":[{"kind","by","asked","answered","rate","mean","good","nps"|null,
 * "spread":[{"value","n"}]}]}: rate answered of asked; good the share of answers of `good` or more
 * (CSAT: top two); nps the share of 9..10 less that of 0..6, in points. ERR_INVAL: by. */
int qa_survey_report(struct store_db *db, const struct qa_surveys *s,
		     const struct qa_survey_query *q, struct sb *out);

#endif
