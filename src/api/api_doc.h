/* api_doc.h: what api_doc.c (reading, trying) and api_doc_edit.c (saving, publishing) share: the
 * documents a company edits as text. docs/rules.md has the HTTP side. */
#ifndef CALLM_API_DOC_H
#define CALLM_API_DOC_H

#include "api_int.h"

enum doc_kind { DOC_RULES, DOC_FLOW, DOC_TOOL, DOC_KINDS };
enum { DOC_TEXT_MAX = 256 << 10, DOC_ID_MAX = 60, DOC_NOTE_MAX = 200 };
extern const char *const doc_kind_names[DOC_KINDS];      /* as in the table */

/* What was in use at start: the folder's text unless one was published. Never changed: any
 * thread. */
struct doc_file {
	enum doc_kind kind;
	char *id, *text;
};
struct doc_files {
	struct doc_file *v;
	size_t n, cap;
	bool busy;                   /* something is being published; door's thread */
};
/* or NULL. */
const char *doc_file_text(const struct doc_files *f, enum doc_kind kind, sv id);

/* One version, and what is known of the others; strings in the arena it was read into. */
struct doc {
	enum doc_kind kind;
	sv id, state, text, note, by;
	int64_t version, at_ms;      /* version 0: the file, never edited */
	int64_t draft;               /* its version; 0 = none */
	int64_t newest;              /* the highest; 0 = no rows */
	int64_t changed_ms;          /* any of them */
	sv folder;                   /* what the company's own folder holds; p NULL: nothing */
};
/* version > 0: that one; DOC_IN_USE: the published, else the file, else (nothing else is there) the
 * draft; DOC_DRAFT: the draft. ERR_NOTFOUND. */
enum { DOC_IN_USE = 0, DOC_DRAFT = -1 };
int doc_load(struct store_db *db, const struct doc_files *f, struct arena *a, enum doc_kind kind,
	     sv id, int64_t version, struct doc *ret);
void doc_etag(const struct doc *d, char out[48]);

/* Reads the text alone. 0, or ERR_INVAL with rep. shape (may be NULL): its drawn form as JSON. */
int doc_check(enum doc_kind kind, sv id, sv text, struct cfg_report *rep, struct sb *shape);
/* Tables: all cases tried. True when it is right; *ret (the caller's) has the figures. */
bool doc_conform(sv id, sv text, jv **ret);
void doc_issues(const struct cfg_report *rep, struct sb *b);     /* "issues":[..] */
/* Answers 422 with all of them. */
void doc_refuse(struct web_req *r, const struct cfg_report *faults);

/* api_doc_flow.c: q->p is the body; writes {turns, slots, issues} into q->out. */
void doc_flow_try(struct api_query *q, sv text);
const char *doc_flow_bad(const jv *body);    /* NULL, or what is wrong with it */

enum doc_kind doc_kind_of(const struct web_req *r);      /* by its path */
/* {id} of the path, in the request's memory; false: answered 400. */
bool doc_id_of(struct web_req *r, sv *ret);

#endif
