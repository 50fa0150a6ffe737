/* desk.h: the people's side: tickets and complaints with their clocks.
 *
 *	struct desk *d;
 *	desk_new(&d, yaml, "calendars.yaml", NULL, &rep);              an obj; immutable, any thread
 *	tool_source_add(kit, &desk_tools, d);
 *	...on the scribe:
 *	struct desk_by by = { .who = SV("mei"), .role = TOOL_AGENT, .now_ms = now };
 *	desk_open(d, db, &(struct desk_new_ticket){ .type = DESK_ENQUIRY, ... }, &by, number, &e);
 *	desk_state(d, db, SV("T2026-000123"), DESK_SOLVED, SV("new cable sent"), &by, &e);
 *	desk_tick(d, db, rules, now, &did);                    every few seconds
 *	...on a reader:
 *	desk_list(db, &q, &out);
 *
 * A ticket changes only here, on the scribe's thread, inside one savepoint with its history row and
 * its row of the river (ticket.opened, ticket.state, ...: no words of the customer in them). Texts
 * of tickets are never logged. docs/desk.md.
 */
#ifndef CALLM_DESK_H
#define CALLM_DESK_H

#include "base.h"
#include "store.h"
#include "tool.h"

struct policy_rules;
struct cfg_report;

enum desk_type { DESK_ENQUIRY, DESK_AFTERSALE, DESK_RETURN, DESK_COMPLAINT, DESK_LEAD,
		 DESK_INTERNAL, DESK_TYPES };
enum desk_severity { DESK_LOW, DESK_NORMAL, DESK_HIGH, DESK_CRITICAL, DESK_SEVERITIES };
enum desk_status { DESK_NEW, DESK_WORKING, DESK_PENDING_CUSTOMER, DESK_PENDING_THIRD, DESK_SOLVED,
		   DESK_CLOSED, DESK_REOPENED, DESK_STATUSES };
enum desk_clock_kind { DESK_FIRST_RESPONSE, DESK_NEXT_UPDATE, DESK_RESOLUTION, DESK_CLOCKS };
const char *desk_type_name(enum desk_type t);            /* "enquiry" ... */
const char *desk_severity_name(enum desk_severity s);    /* "low" ... */
/* "new", "open", "pending_customer" ... */
const char *desk_status_name(enum desk_status s);
const char *desk_clock_name(enum desk_clock_kind k);     /* "first_response" ... */
int desk_type_of(sv s);              /* -1: no such name; the same for the next two */
int desk_severity_of(sv s);
int desk_status_of(sv s);
/* May somebody of this role move a ticket so? A solved complaint is closed by the customer's
 * word, or by the system after its tries. */
bool desk_may_move(enum desk_status from, enum desk_status to, enum tool_role role);

/* ---- rules: calendars, times, complaints (demo/calendars.yaml) ---- */

struct desk;                         /* an obj */
/* Of the company's own file: what its calendars and texts take where they say nothing. */
struct desk_home {
	sv currency;                 /* ISO 4217; empty = CNY */
	sv zone;                     /* of calendars without one; empty = Asia/Shanghai */
};
/* home may be NULL. 0, or ERR_INVAL: rep tells file:line, what is wrong, how to mend it; the caller
 * ends rep. */
int desk_new(struct desk **ret, sv yaml, const char *name, const struct desk_home *home,
	     struct cfg_report *rep);
/* A calendar by its name, the desk's own for ""; NULL = there is none. Lives as long as d. */
const struct cal *desk_cal(const struct desk *d, sv name);
/* {"items":[{"id","title":{zh,en},"zone","day_ms","open":bool,"next_open_at"}]} */
void desk_cals_json(const struct desk *d, int64_t now_ms, struct sb *out);
/* "4 November 2026" / "2026年11月4日", in the zone of the desk's calendar. */
void desk_date_text(const struct desk *d, int64_t ms, sv lang, struct sb *out);

/* ---- writing: on the scribe ---- */

struct desk_by {
	sv who;                      /* "bot", a login, "system" */
	enum tool_role role;
	int64_t now_ms;
};
#define DESK_NUMBER 20
enum { DESK_TITLE = 200, DESK_TEXT = 8000, DESK_IDEM = 80 };     /* bytes */
struct desk_new_ticket {
	enum desk_type type;
	int severity;                /* enum desk_severity; -1 = by the facts, else normal */
	int priority;                /* 1 (first) .. 4; 0 = by severity */
	sv category, title, customer, owner, language, channel;
	const jv *body;              /* facts, an object: docs/desk.md; may be NULL */
	sv conversation, order;      /* linked when they are not empty */
	sv idem;                     /* the same again gives the same ticket; may be empty */
};
/* number gets what people say. ERR_INVAL and e: what does not fit. ERR_EXISTS: idem came before,
 * number is the first one's. */
int desk_open(const struct desk *d, struct store_db *db, const struct desk_new_ticket *n,
	      const struct desk_by *by, char number[DESK_NUMBER], struct err *e);
/* ERR_NOTFOUND; ERR_STATE, ERR_DENIED: this role may not move it so, e says what is possible. For a
 * complaint an agent closes, why is the customer's word. */
int desk_state(const struct desk *d, struct store_db *db, sv number, enum desk_status to, sv why,
	       const struct desk_by *by, struct err *e);
/* shown: the customer may read it; by an agent it is a response. What a customer says while we
 * wait for it opens the ticket again. */
int desk_note(const struct desk *d, struct store_db *db, sv number, sv text, bool shown,
	      const struct desk_by *by, struct err *e);
/* patch: title, category, severity, priority, owner, type, promised_at. version: what the caller
 * saw, 0 = any; ERR_CONFLICT when it has changed since. */
int desk_change(const struct desk *d, struct store_db *db, sv number, const jv *patch,
		int64_t version, const struct desk_by *by, struct err *e);
/* kind: "conversation", "order", "return", "ticket". Twice is fine. */
int desk_link(const struct desk *d, struct store_db *db, sv number, sv kind, sv ref,
	      const struct desk_by *by, struct err *e);
/* Adds facts to the body (members of facts replace those of the same name) and looks at the
 * severity again. */
int desk_facts(const struct desk *d, struct store_db *db, sv number, const jv *facts,
	       const struct desk_by *by, struct err *e);

struct desk_did {
	int looked, warned, breached, escalated, followed, closed, failed;
};
/* What is due by the clock: warnings, breaches, the escalation ladder (table "escalation" of rules,
 * which may be NULL), follow-ups of complaints, closing. At most 200 tickets a call. One that fails
 * (a row "alert") holds up no other. */
int desk_tick(const struct desk *d, struct store_db *db, const struct policy_rules *rules,
	      int64_t now_ms, struct desk_did *ret);

/* ---- reading ---- */

struct desk_query {
	sv state;                    /* a name, "live", or empty = any */
	/* empty = any; category with all below it. */
	sv type, severity, owner, customer, category;
	sv text;                     /* words that must all be there */
	/* only what is due by then, soonest first; 0 = any, newest first. */
	int64_t due_by_ms;
	sv cursor;
	int limit;                   /* 1..200 */
};
/* {"items":[..],"next":CURSOR|null}. ERR_INVAL: the cursor is none. */
int desk_list(struct store_db *db, const struct desk_query *q, struct sb *out);
/* One ticket whole: facts, clocks, history, links, and where this role may move it. version (may be
 * NULL) is what desk_change takes. ERR_NOTFOUND. */
int desk_get(const struct desk *d, struct store_db *db, sv number, enum tool_role role,
	     int64_t now_ms, int64_t *version, struct sb *out);
struct desk_board {
	sv type, owner, severity;    /* empty = any */
	int64_t now_ms;
};
/* Columns by state with counts and the 50 most urgent tickets of each with their clocks. */
int desk_board(const struct desk *d, struct store_db *db, const struct desk_board *b,
	       struct sb *out);

/* ---- tools (tool.h): source "desk", its arg is the struct desk ---- */
extern const struct tool_ops desk_tools;

#endif
