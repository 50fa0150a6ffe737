/* desk_tool.h: one call of a tool, for the files that carry it out; private to desk. */
#ifndef CALLM_DESK_TOOL_H
#define CALLM_DESK_TOOL_H

#include "desk_int.h"

struct desk_call {
	const struct desk *d;
	struct tool_run *r;
	struct store_db *db;
	struct desk_by by;
	struct err e;
};
enum { DESK_SAID = 1 };              /* the outcome is set: no more is to be done */
/* The ticket of args.number, or the customer's last one that fits (complaint: only complaints),
 * when it is the caller's: the customer's own, or opened in this conversation. 0, DESK_SAID
 * (VERIFY, NOT_FOUND), negative. t is to be ended in any case. */
int desk_mine(struct desk_call *c, bool complaint, struct ticket *t);
/* An error of desk_open and friends as an outcome: DESK_SAID, or the error itself. */
int desk_outcome(struct desk_call *c, int rc);
/* number, state, dates, who looks after it and the last word about it into the body. */
int desk_put_status(struct desk_call *c, const struct ticket *t);
/* A message to the customer with the text that is said, when there is somebody to send it to. */
int desk_message(struct desk_call *c, sv customer, sv text);
sv desk_date(struct desk_call *c, int64_t ms);       /* in who.lang, in the run's arena */
/* Whose a new ticket is; empty: nobody's (who asks is not known). */
sv desk_asker(const struct desk_call *c);
/* Puts "contact" of a ticket that is nobody's into its facts: where the channel reaches them. */
void desk_contact(const struct desk_call *c, jv *facts);
/* Is it a phone number or an e-mail address? *shown gets it as it may stand in a record; in the
 * run's arena. */
bool desk_contact_ok(const struct desk_call *c, sv contact, sv *shown);

/* desk_promise.c: does the text promise more than amount? NULL, or why it may not be said. Pure. */
struct desk_promise {
	double amount;
	sv currency;                 /* of amount: "CNY" */
	bool staff;                  /* may speak of percentages and count things */
	int64_t now_ms;
};
const char *desk_promise_wrong(sv text, const struct desk_promise *p);

int desk_complaint_open(struct desk_call *c);
int desk_complaint_add(struct desk_call *c);
int desk_complaint_accept(struct desk_call *c);
int desk_complaint_withdraw(struct desk_call *c);
int desk_resolution_propose(struct desk_call *c);
int desk_callback_request(struct desk_call *c);

#endif
