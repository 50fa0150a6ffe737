/* assist.h: help for the person who serves: what to answer, what to do next, what is still to be
 * done, what must not be said; and afterwards what it all came to (docs/assist.md).
 *
 *	struct assist_case *c = assist_case_new();
 *	assist_case_row(c, row);                         each row of the conversation
 *	jv *s = assist_summary(c, &with);                what it came to
 *	assist_case_free(c);
 *
 *	assist_open(&as, &opts, &e);                     live: a thread of its own
 *	assist_watch(as, conversation);                  an agent has it
 *	assist_row(as, conversation, row);  ...          opts.out tells
 *	assist_leave(as, conversation);
 *	assist_close(as);
 *
 * Everything built in is extractive and deterministic: it repeats what stands in the rows. A
 * language model may only word it otherwise, and each sentence of it is checked against the rows.
 * Nothing here judges an agent: moods are the customer's alone.
 */
#ifndef CALLM_ASSIST_H
#define CALLM_ASSIST_H

#include "base.h"
#include "store.h"

struct cal_zone;
struct cfg_report;
struct kb_index;
struct llm;
struct policy_table;
struct feel_catalogue;

/* ---- what the company has written: an obj, immutable, any thread ---- */

struct assist_plan;
struct assist_file {
	const char *name;        /* "dispositions.yaml", for messages */
	sv yaml;
};
/* Files with any of the lists dispositions, canned, actions, checks, rules; of entries with the
 * same id the last one counts. 0, or ERR_INVAL: rep tells file:line, what is wrong, how to mend
 * it; the caller ends rep. */
int assist_plan_new(struct assist_plan **ret, const struct assist_file *files, size_t n,
		    struct cfg_report *rep);
/* {"items":[{id,title:{zh,en},..}]} of a list by its name, for the desk. ERR_NOTFOUND. */
int assist_plan_json(const struct assist_plan *p, const char *list, struct sb *out);

/* ---- what a conversation's rows tell; one thread at a time ---- */

struct assist_case;
struct assist_case *assist_case_new(void);
void assist_case_free(struct assist_case *c);    /* accepts NULL */
/* {seq, ts, turn, kind, actor, body} as in GET /conversations/{id}/events. A row that was there
 * already (by seq) or is of no kind we know says nothing. */
void assist_case_row(struct assist_case *c, const jv *row);
/* All rows of the river after the last one that is known; a worker. ERR_NOTFOUND when there is
 * none, ERR_DB. */
int assist_case_load(struct assist_case *c, struct store_db *db, sv conversation);
/* "zh" or "en": what the customer speaks. */
const char *assist_case_lang(const struct assist_case *c);
int64_t assist_case_seq(const struct assist_case *c);    /* of the last row */

/* What names things; all may be empty. Lives as long as it is used. */
struct assist_tool {
	sv name, title[2];       /* zh, en */
	const jv *schema;        /* of its arguments, or NULL; read only */
};
struct assist_with {
	const struct assist_plan *plan;
	const struct assist_tool *tool;
	size_t n_tool;
	/* Title of a service flow, appended; nothing when there is none. Any thread; may be
	 * NULL. */
	void (*flow_title)(void *arg, sv flow, const char *lang, struct sb *out);
	void *arg;
	const struct cal_zone *zone;     /* of the company; NULL: tz_min */
	int tz_min;                      /* minutes east of UTC */
	const char *country;     /* ISO 3166, for dates; may be NULL */
	const struct feel_catalogue *products;   /* may be NULL */
};

/* ---- what it came to ---- */

/* {language, channel, text, issue{text,intent,flow,turn}, more[], facts[{type,value,label,turn}],
 * done[{tool,title,text,turn}], looked[], tried[{tool,outcome,title,turn}], promises[{text,by,who,
 * when,turn}], outcome, open[{kind,text,turn}], mood{start,end,worst,trend,turning[]},
 * disposition{id,title}|null, follow_ups[{kind,when,text}], citations[{article_id,title}],
 * truncated: true (there was more than is kept), builtin: true}; the caller's. Pure. */
jv *assist_summary(const struct assist_case *c, const struct assist_with *w);
/* The grounding check: how many statements of s do not stand in the rows of c: a text that is
 * quoted, a number, a date, a code, a person, an action. Independent of how s was made; out (may
 * be NULL) names them, one a line. */
size_t assist_invented(const struct assist_case *c, const struct assist_with *w, const jv *s,
		       struct sb *out);
/* Does this sentence say only what the rows say: each number and code, and enough of its words? */
bool assist_grounded(const struct assist_case *c, sv sentence);

/* How much of the text an agent changed: edits by characters / the longer length, 0..1. */
double assist_edit_share(sv was, sv is);

/* Table summary. get: what is kept, else what the rows say now; *ret_version 0 = never kept. A
 * worker. ERR_NOTFOUND. */
int assist_summary_get(struct store_db *db, sv conversation, const struct assist_with *w, jv **ret,
		       int64_t *ret_version);
struct assist_edit {
	sv conversation, by;
	/* {text, disposition, follow_ups[]}: what is not there stays. */
	const jv *body;
	int64_t version;         /* that was looked at; 0 = never kept */
	int64_t now_ms;
	const struct assist_with *with;
	/* filled: */
	int64_t new_version;
	double share;
	const char *why;         /* of a refusal; static */
};
/* On the scribe: with a row summary.edited of the river (no conversation, the id in its body).
 * ERR_CONFLICT another version, ERR_INVAL, ERR_NOTFOUND. */
int assist_summary_put(struct store_db *db, struct assist_edit *x);

/* ---- between two languages ---- */

struct assist_words {            /* that are never translated: names of products, of the company */
	const sv *v;
	size_t n;
};
/* Does the translation keep every number, code, address and each of the words that stand in the
 * text? *ret_why (may be NULL) is static. Pure. */
bool assist_translated_ok(sv text, sv translation, const struct assist_words *w,
			  const char **ret_why);

/* ---- before it is said ---- */

enum assist_who { ASSIST_CUSTOMER, ASSIST_BOT, ASSIST_AGENT };
/* What the company's rules say to a text: [{id, kind, text:{zh,en}}], the caller's; empty when all
 * is well. level: how well the customer is known. Pure. */
jv *assist_warnings(const struct assist_plan *p, enum assist_who by, sv text, int level);

/* ---- live ---- */

struct assist;
struct assist_opts {
	struct store *store;
	struct loop *loop;               /* NULL: a thread of its own, "assist" */
	struct snap *kb;                 /* as people have it; may be NULL */
	struct snap *forms;              /* struct qa_forms, for the checklist; may be NULL */
	struct assist_with with;         /* copied; what it points to outlives assist */
	/* The strategy in use: a reference for assist, or NULL. On assist's thread; may be NULL. */
	struct policy_table *(*strategy)(void *arg);
	void *strategy_arg;
	/* Opens the model for translations and wording, on assist's thread, where it is closed
	 * again; NULL: there is none; failing: none now, it is tried again when asked next. */
	int (*model)(void *arg, struct loop *l, struct llm **ret);
	void *model_arg;
	struct assist_words keep;        /* for translations; copied */
	/* An event of the desk: type "assist.suggestion", ..., json its data. On assist's
	 * thread. */
	void (*out)(void *arg, const char *type, sv conversation, sv json);
	/* Somebody looked for something (assist_find), and found so many articles; may be NULL. */
	void (*searched)(void *arg, sv conversation, sv login, sv query, size_t found);
	void *out_arg;
};
int assist_open(struct assist **ret, const struct assist_opts *o, struct err *e);
void assist_close(struct assist *as);            /* accepts NULL; nothing is told afterwards */

/* What things are named by; immutable, any thread. */
const struct assist_with *assist_named(const struct assist *as);
/* Any thread; copied; nothing when it is full, or when there is no assist (NULL). */
void assist_watch(struct assist *as, sv conversation);
void assist_row(struct assist *as, sv conversation, sv row_json);
void assist_leave(struct assist *as, sv conversation);
/* Suggestions for what an agent looks for; they come as events. Without a query: for what the
 * customer said last. */
void assist_find(struct assist *as, sv conversation, sv login, sv query);

/* done(arg, err, text) on back's owner (NULL: on assist's thread); never when back is closed before
 * it, or stays full. ERR_FULL, ERR_CLOSED: not called. */
typedef void assist_done_fn(void *arg, int err, sv text);
/* ERR_NOTFOUND: no model is there; ERR_DENIED: what it wrote is no faithful translation. lang:
 * "zh", "en". */
int assist_translate(struct assist *as, sv text, const char *from, const char *to,
		     struct mbox *back, assist_done_fn *done, void *arg);
/* The summary worded by the model: text is the JSON of the summary; sentences that do not
 * hold stay as they were built in. Without a model it is the built-in one. */
int assist_reword(struct assist *as, sv conversation, struct mbox *back, assist_done_fn *done,
		  void *arg);

#endif
