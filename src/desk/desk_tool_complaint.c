/* desk_tool_complaint.c: a complaint from taking down to the customer's word, as tools. On the
 * scribe's thread, in the gate's savepoint. */
#include "desk_tool.h"
#include "policy_rules.h"

#include <stdio.h>

/* ---- taking down ---- */

static jv *facts_of(const jv *args)
{
	static const char *const keys[] = { "what",   "when",   "product",   "order",
					    "wants",  "effect", "contact",   "evidence",
					    "safety", "legal",  "vulnerable" };
	jv *o = jv_obj();
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const jv *v = jv_get(args, keys[i]);
		if (v && !jv_is_null(v))
			jv_set(o, keys[i], jv_copy(v));
	}
	return o;
}

/* The contact masked: what is said is kept as it is. */
static void read_back(struct desk_call *c, const jv *facts)
{
	struct sb b;
	sv shown;
	jv *o = jv_copy(facts);
	sb_init(&b, DESK_BODY);
	if (desk_contact_ok(c, jv_get_str(o, "contact"), &shown))
		jv_set_str(o, "contact", shown);
	desk_read_back(o, c->r->who->lang, &b);
	jv_free(o);
	jv_set_str(c->r->body, "read_back", sb_sv(&b));
	sb_done(&b);
}

static sv opened_text(struct desk_call *c, const struct ticket *t)
{
	sv by = desk_date(c, t->promised);
	if (sv_starts(c->r->who->lang, SV("en")))
		return sv_of(arena_fmt(c->r->arena,
				       "Your complaint is registered as %s. You will have a "
				       "solution by " SV_FMT ".",
				       t->number, SV_ARG(by)));
	return sv_of(arena_fmt(c->r->arena,
			       "您的投诉已登记，编号 %s。我们会在" SV_FMT "前给您解决方案。",
			       t->number, SV_ARG(by)));
}

static int tell_opened(struct desk_call *c, const char *number)
{
	struct ticket t;
	int rc = ticket_load(c->d, c->db, sv_of(number), &t);
	if (rc == 0) {
		const struct desk_clock *first = &t.clock[DESK_FIRST_RESPONSE];
		jv_set_str(c->r->body, "number", sv_of(t.number));
		jv_set_str(c->r->body, "severity", sv_of(desk_severity_name(t.severity)));
		jv_set_str(c->r->body, "promised_on", desk_date(c, t.promised));
		jv_set_int(c->r->body, "answer_hours", (first->target + CAL_HOUR - 1) / CAL_HOUR);
		jv_set_bool(c->r->body, "repeat", jv_get_str(t.body, "repeat_of").n > 0);
		sv code = jv_get_str(t.body, "code");
		if (code.n)
			jv_set_str(c->r->body, "code", code);
		tool_say(c->r, code.n ? "opened_unreachable" :
				jv_get_bool(c->r->body, "repeat", false) ? "opened_again" :
									   "opened");
		rc = desk_message(c, t.customer, opened_text(c, &t));
	}
	ticket_done(&t);
	return rc;
}

/* Nobody can answer whoever is not known and left no address: that is asked for first (with:
 * {contact: asked}). Who gives none has a code, which opens the complaint later. A contact that is
 * no address matters only where there is no other way to them. DESK_SAID or 0. */
static int reachable(struct desk_call *c, jv *facts)
{
	sv contact = jv_get_str(c->r->args, "contact");
	bool none = sv_eq_nocase(contact, SV("none"));
	char id[27];
	desk_contact(c, facts);
	if (contact.n && !none && !desk_asker(c).n && !jv_get_str(facts, "contact").n) {
		tool_outcome(c->r, TOOL_INVALID,
			     "contact is no phone number and no e-mail address");
		jv_set_str(c->r->body, "need", SV("contact"));
		tool_say(c->r, "bad_contact");
		return DESK_SAID;
	}
	bool asked = sv_eq(jv_get_str(c->r->decl->with, "contact"), SV("asked"));
	if (!asked || c->by.role > TOOL_CUSTOMER || desk_asker(c).n ||
	    jv_get_str(facts, "contact").n)
		return 0;
	if (!none) {
		jv_set_str(c->r->body, "need", SV("contact"));
		tool_outcome(c->r, TOOL_REFUSED,
			     "nobody could answer: ask for a phone number or an e-mail address; "
			     "contact: none when the customer leaves none");
		tool_say(c->r, "need_contact");
		return DESK_SAID;
	}
	id_new(id);
	jv_set_str(facts, "code",
		   sv_of(arena_fmt(c->r->arena, "%04d", (int)(sv_hash(sv_of(id)) % 10000))));
	return 0;
}

int desk_complaint_open(struct desk_call *c)
{
	const jv *args = c->r->args;
	const struct tool_who *w = c->r->who;
	char number[DESK_NUMBER] = "";
	jv *facts = facts_of(args);
	sv shown;
	if (!desk_contact_ok(c, jv_get_str(facts, "contact"), &shown))
		jv_del(facts, "contact");        /* none, or no address */
	read_back(c, facts);     /* the same each time it is asked: what is said yes to */
	int rc = reachable(c, facts);
	if (rc) {
		jv_free(facts);
		return rc;
	}
	struct desk_new_ticket n = { .type = DESK_COMPLAINT,
				     .severity = -1,
				     .category = jv_get_str(args, "category"),
				     .customer = desk_asker(c),
				     .language = w->lang,
				     .channel = w->channel,
				     .body = facts,
				     .conversation = w->conversation,
				     .order = jv_get_str(args, "order") };
	rc = desk_open(c->d, c->db, &n, &c->by, number, &c->e);
	jv_free(facts);
	if (rc)
		return desk_outcome(c, rc);
	return c->r->confirmed ? tell_opened(c, number) : 0;
}

/* ---- adding ---- */

static jv *more_evidence(const struct ticket *t, const jv *args)
{
	const jv *old = jv_get(t->body, "evidence"), *more = jv_get(args, "evidence");
	if (!jv_len(more))
		return NULL;
	jv *list = old ? jv_copy(old) : jv_arr(), *o = jv_obj();
	for (size_t i = 0; i < jv_len(more); i++)
		jv_push(list, jv_copy(jv_at(more, i)));
	jv_set(o, "evidence", list);
	return o;
}

int desk_complaint_add(struct desk_call *c)
{
	struct ticket t;
	sv text = jv_get_str(c->r->args, "text");
	int rc = desk_mine(c, true, &t);
	jv *facts = rc == 0 ? more_evidence(&t, c->r->args) : NULL;
	if (rc == 0 && !text.n && !facts)
		rc = desk_outcome(c, err_set(&c->e, ERR_INVAL, "text or evidence is needed"));
	if (rc == 0 && text.n)
		rc = desk_outcome(c, desk_note(c->d, c->db, sv_of(t.number), text, true, &c->by,
					       &c->e));
	if (rc == 0 && facts)
		rc = desk_outcome(c, desk_facts(c->d, c->db, sv_of(t.number), facts, &c->by,
						&c->e));
	if (rc == 0) {
		jv_set_str(c->r->body, "number", sv_of(t.number));
		tool_say(c->r, "added");
	}
	jv_free(facts);
	ticket_done(&t);
	return rc;
}

/* ---- a proposal ---- */

static int put_tier(struct desk_call *c, sv customer, jv *facts)
{
	struct store_stmt *q;
	int rc = store_prep(c->db, &q, "SELECT tier FROM customer WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, customer.n ? customer : SV(""));
	rc = store_step(q);
	if (rc == 1 && store_col_sv(q, 0).n)
		jv_set_str(facts, "tier", store_col_sv(q, 0));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* More than any limit when it is more than money can be. */
static int64_t fen_of(double amount)
{
	return amount < 1e12 ? (int64_t)(amount * 100 + 0.5) : INT64_MAX;
}

/* How far whoever asks may go, by the table "compensation"; without one as far as what costs
 * nothing. What happened is what an agent says; a conversation cannot choose a better rule. */
static int authority(struct desk_call *c, const struct ticket *t, int64_t *limit_fen)
{
	static const char *const keys[] = { "bot_fen", "agent_fen", "supervisor_fen",
					    "supervisor_fen", "supervisor_fen" };
	const jv *args = c->r->args;
	sv fault = jv_get_str(t->body, "fault"), cause = jv_get_str(args, "cause");
	jv *facts = jv_obj(), *d = NULL;
	jv_set_str(facts, "severity", sv_of(desk_severity_name(t->severity)));
	jv_set_str(facts, "fault", fault.n ? fault : SV("unclear"));
	jv_set_bool(facts, "repeat", jv_get_str(t->body, "repeat_of").n > 0);
	jv_set_str(facts, "kind", cause.n && c->by.role > TOOL_CUSTOMER ? cause : SV("general"));
	jv_set_int(facts, "price_fen", fen_of(jv_get_num(args, "price", 0)));
	jv_set_int(facts, "days_since_delivery", jv_get_int(args, "days_since_delivery", 0));
	jv_set_int(facts, "days_late", jv_get_int(args, "days_late", 0));
	int rc = put_tier(c, t->customer, facts);
	if (rc) {
		jv_free(facts);
		return rc;
	}
	*limit_fen = 0;
	rc = tool_decide(c->r, "compensation", facts, &d);
	if (rc == 0 && jv_len(jv_get(d, "missing"))) {
		jv_free(d);
		return DESK_SAID;            /* nothing is decided on what is not known */
	}
	if (rc == 0) {
		*limit_fen = jv_get_int(d, keys[c->by.role], 0);
		jv_set_str(c->r->body, "rule", jv_get_str(d, "rule"));
	}
	jv_free(d);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int check_proposal(struct desk_call *c, const struct ticket *t)
{
	const jv *old = jv_get(t->body, "proposal");
	const char *why = NULL;
	if (t->state == DESK_SOLVED || t->state == DESK_CLOSED)
		why = "the complaint is not open";
	else if (c->by.role == TOOL_CUSTOMER && old)
		why = "one proposal was made already; the next is a colleague's";
	else if (c->by.role == TOOL_CUSTOMER && jv_get_str(t->body, "repeat_of").n)
		why = "it is not the first time: a colleague decides";
	if (!why)
		return 0;
	tool_outcome(c->r, TOOL_REFUSED, why);
	tool_say(c->r, "colleague");
	return DESK_SAID;
}

static int offer(struct desk_call *c, struct ticket *t, sv kind, double amount, sv text)
{
	char when[32];
	jv *p = jv_obj(), *told = jv_obj();
	clk_rfc3339(c->by.now_ms, when);
	jv_set_str(p, "kind", kind);
	jv_set_num(p, "amount", amount);
	jv_set_str(p, "text", text);
	jv_set_str(p, "by", c->by.role == TOOL_CUSTOMER ? SV("bot") : c->by.who);
	jv_set_str(p, "at", sv_of(when));
	jv_set_str(p, "state", SV("offered"));
	jv_set(t->body, "proposal", p);
	jv_set_str(told, "kind", kind);
	jv_set_num(told, "amount", amount);
	int rc = ticket_event(c->db, t, "proposal", &c->by, text, true, told);
	jv_free(told);
	if (rc == 0)
		rc = ticket_move(c->d, c->db, t, DESK_PENDING_CUSTOMER, SV_NULL, &c->by, &c->e);
	return rc ? rc : ticket_save(c->d, c->db, t, c->by.now_ms);
}

/* A supervisor is the last who can be asked. */
static int beyond(struct desk_call *c, const struct ticket *t, sv kind, double amount)
{
	if (c->by.role >= TOOL_SUPERVISOR) {
		tool_outcome(c->r, TOOL_REFUSED, "beyond a supervisor's limit");
		tool_say(c->r, "too_much");
		return DESK_SAID;
	}
	int rc = tool_ask_person(c->r, c->db,
				 arena_fmt(c->r->arena, SV_FMT " for complaint %s", SV_ARG(kind),
					   t->number),
				 amount);
	tool_say(c->r, "asked");
	return rc ? rc : DESK_SAID;
}

/* No limit holds what has no price: of that the bot itself offers an apology only. */
static bool unpriced(const struct desk_call *c, sv kind, int64_t fen)
{
	return c->by.role == TOOL_CUSTOMER && fen <= 0 && !sv_eq(kind, SV("apology"));
}

static int propose(struct desk_call *c, struct ticket *t)
{
	const jv *args = c->r->args;
	sv kind = jv_get_str(args, "kind"), text = jv_get_str(args, "text");
	double amount = jv_get_num(args, "amount", 0);
	int64_t fen = fen_of(amount), limit;
	const struct desk_promise promise = { amount, sv_of(c->d->currency),
					      c->by.role > TOOL_CUSTOMER, c->by.now_ms };
	int rc = check_proposal(c, t);
	if (rc)
		return rc;
	const char *wrong = desk_promise_wrong(text, &promise);
	if (wrong) {
		tool_outcome(c->r, TOOL_INVALID, wrong);
		return DESK_SAID;
	}
	rc = authority(c, t, &limit);
	if (rc)
		return rc;
	jv_set_str(c->r->body, "number", sv_of(t->number));
	jv_set_str(c->r->body, "kind", kind);
	jv_set_num(c->r->body, "amount", amount);
	jv_set_str(c->r->body, "text", text);
	if (fen > limit || unpriced(c, kind, fen))
		return beyond(c, t, kind, amount);
	rc = offer(c, t, kind, amount, text);
	tool_say(c->r, amount > 0 ? "offered_money" : "offered");
	return desk_outcome(c, rc);
}

int desk_resolution_propose(struct desk_call *c)
{
	struct ticket t;
	int rc = desk_mine(c, true, &t);
	if (rc == 0)
		rc = propose(c, &t);
	ticket_done(&t);
	return rc;
}

/* ---- the customer's word ---- */

/* What was promised is still to be done when the complaint is closed: a ticket of its own. */
static int carry_it_out(struct desk_call *c, const struct ticket *t, const jv *p)
{
	char number[DESK_NUMBER];
	sv kind = jv_get_str(p, "kind");
	if (jv_get_num(p, "amount", 0) <= 0 && !sv_eq(kind, SV("replacement")) &&
	    !sv_eq(kind, SV("repair")) && !sv_eq(kind, SV("visit")))
		return 0;
	jv *facts = jv_obj();
	jv_set_str(facts, "what",
		   sv_of(arena_fmt(c->r->arena, "Carry out: " SV_FMT " %.2f, complaint %s",
				   SV_ARG(kind), jv_get_num(p, "amount", 0), t->number)));
	struct desk_new_ticket n = { .type = DESK_INTERNAL, .severity = (int)t->severity,
				     .category = SV("compensation"), .customer = t->customer,
				     .owner = t->owner, .language = t->language, .body = facts };
	struct desk_by by = { SV("system"), TOOL_SYSTEM, c->by.now_ms };
	int rc = desk_open(c->d, c->db, &n, &by, number, &c->e);
	jv_free(facts);
	if (rc == 0)
		jv_set_str(c->r->body, "to_do", sv_of(number));
	return rc ? rc : desk_link(c->d, c->db, sv_of(number), SV("ticket"), sv_of(t->number), &by,
				   &c->e);
}

static int say_yes(struct desk_call *c, struct ticket *t, sv words)
{
	struct desk_by system = { SV("system"), TOOL_SYSTEM, c->by.now_ms };
	jv *p = jv_get(t->body, "proposal");
	bool offered = sv_eq(jv_get_str(p, "state"), SV("offered"));
	int rc = 0;
	if (t->state != DESK_SOLVED && !offered) {
		tool_outcome(c->r, TOOL_REFUSED, "nothing was proposed or solved yet");
		tool_say(c->r, "nothing_yet");
		return DESK_SAID;
	}
	if (offered) {
		jv_set_str(p, "state", SV("accepted"));
		rc = carry_it_out(c, t, p);
	}
	if (rc == 0 && t->state != DESK_SOLVED)
		rc = ticket_move(c->d, c->db, t, DESK_SOLVED, SV_NULL, &system, &c->e);
	if (rc == 0)
		rc = ticket_move(c->d, c->db, t, DESK_CLOSED, words, &c->by, &c->e);
	if (rc == 0)
		tool_say(c->r, "closed");
	return rc;
}

static int say_no(struct desk_call *c, struct ticket *t, sv words)
{
	jv *p = jv_get(t->body, "proposal");
	bool over = t->state == DESK_SOLVED || t->state == DESK_CLOSED;
	bool offered = sv_eq(jv_get_str(p, "state"), SV("offered"));
	int rc = 0;
	if (offered)
		jv_set_str(p, "state", SV("declined"));
	if (over)
		rc = ticket_move(c->d, c->db, t, DESK_REOPENED, words, &c->by, &c->e);
	else if (t->state == DESK_PENDING_CUSTOMER)
		rc = ticket_move(c->d, c->db, t, DESK_WORKING, words, &c->by, &c->e);
	if (rc == 0 && (over || offered))
		rc = ticket_alert(c->db, t, "supervisor", over ? "solution_does_not_hold" :
								 "proposal_declined", &c->by);
	if (rc == 0)
		tool_say(c->r, over ? "reopened" : "declined");
	return rc;
}

int desk_complaint_accept(struct desk_call *c)
{
	struct ticket t;
	bool yes = jv_get_bool(c->r->args, "satisfied", false);
	sv words = jv_get_str(c->r->args, "words");
	int rc = desk_mine(c, true, &t);
	if (rc == 0 && yes && t.state == DESK_CLOSED) {
		jv_set_str(c->r->body, "number", sv_of(t.number));
		tool_say(c->r, "closed");
		ticket_done(&t);
		return 0;
	}
	if (rc == 0 && yes && c->by.role != TOOL_CUSTOMER && !words.n)
		rc = err_set(&c->e, ERR_INVAL, "words: what the customer said is needed");
	if (rc == 0)
		rc = yes ? say_yes(c, &t, words) : say_no(c, &t, words);
	if (rc == 0)
		rc = ticket_save(c->d, c->db, &t, c->by.now_ms);
	if (rc == 0)
		jv_set_str(c->r->body, "number", sv_of(t.number));
	ticket_done(&t);
	return desk_outcome(c, rc);
}

/* ---- taken back ---- */

int desk_complaint_withdraw(struct desk_call *c)
{
	struct ticket t;
	int rc = desk_mine(c, true, &t);
	if (rc == 0)
		jv_set_str(c->r->body, "number", sv_of(t.number));
	bool over = rc == 0 && t.state == DESK_CLOSED;
	if (over)
		tool_outcome(c->r, TOOL_REFUSED, "it is closed already");
	if (over)
		tool_say(c->r, "over");
	if (rc == 0 && !over)
		rc = ticket_move(c->d, c->db, &t, DESK_CLOSED, SV("withdrawn by the customer"),
				 &c->by, &c->e);
	if (rc == 0 && !over)
		rc = ticket_save(c->d, c->db, &t, c->by.now_ms);
	if (rc == 0 && !over)
		tool_say(c->r, "withdrawn");
	ticket_done(&t);
	return desk_outcome(c, rc);
}
