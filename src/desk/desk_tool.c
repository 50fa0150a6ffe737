/* desk_tool.c: the tools of source "desk": what a conversation or an agent may do with tickets.
 *
 * Reads run on a worker, writes on the scribe's thread in the gate's savepoint (tool.h). A customer
 * reaches own tickets only, and those opened in the same conversation; whether another customer has
 * a ticket of a number cannot be told from any answer. */
#include "cust.h"
#include "desk_tool.h"
#include "guard.h"

#include <stdio.h>

/* ---- helpers ---- */

static bool staff(const struct tool_run *r)
{
	return r->who->role > TOOL_CUSTOMER;
}

int desk_outcome(struct desk_call *c, int rc)
{
	static const struct { int rc; enum tool_outcome o; } rows[] = {
		{ ERR_INVAL, TOOL_INVALID }, { ERR_NOTFOUND, TOOL_NOT_FOUND },
		{ ERR_STATE, TOOL_REFUSED }, { ERR_DENIED, TOOL_REFUSED },
		{ ERR_EXISTS, TOOL_DONE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].rc != rc)
			continue;
		tool_outcome(c->r, rows[i].o, c->e.msg[0] ? c->e.msg : err_text(rc));
		return DESK_SAID;
	}
	return rc;
}

sv desk_date(struct desk_call *c, int64_t ms)
{
	struct sb b;
	sb_init(&b, 256);
	if (ms)
		desk_date_text(c->d, ms, c->r->who->lang, &b);
	sv s = arena_sv(c->r->arena, sb_sv(&b));
	sb_done(&b);
	return s;
}

/* Whose a new ticket is. A caller's number can be forged: who is only claimed leaves one that is
 * nobody's, in this conversation; nothing of the named customer's is touched. */
sv desk_asker(const struct desk_call *c)
{
	const struct tool_who *w = c->r->who;
	return staff(c->r) || w->level >= TOOL_KNOWN ? w->customer : SV_NULL;
}

/* Where whoever is not known can be reached: what was said, else where they call or write from, if
 * that is an address at all (a hidden number is none). */
void desk_contact(const struct desk_call *c, jv *facts)
{
	static const char *const ways[] = { "phone", "sms", "email", "whatsapp", "wechat" };
	const struct tool_who *w = c->r->who;
	enum cust_kind kind = cust_kind_of_channel(w->channel);
	sv plain;
	if (desk_asker(c).n || !w->address.n || jv_get_str(facts, "contact").n ||
	    cust_normal(kind, w->address, SV("86"), c->r->arena, &plain))
		return;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (sv_eq(w->channel, sv_of(ways[i])))
			jv_set_str(facts, "contact", w->address);
}

bool desk_contact_ok(const struct desk_call *c, sv contact, sv *shown)
{
	static const enum cust_kind kinds[] = { CUST_PHONE, CUST_EMAIL };
	struct arena *a = c->r->arena;
	for (size_t i = 0; i < 2; i++) {
		sv plain;
		if (cust_normal(kinds[i], contact, SV("86"), a, &plain))
			continue;
		*shown = cust_masked(kinds[i], plain, a);
		return true;
	}
	return false;
}

int desk_message(struct desk_call *c, sv customer, sv text)
{
	if (!customer.n)
		return 0;
	jv *o = jv_obj();
	jv_set_str(o, "customer", customer);
	jv_set_str(o, "lang", c->r->who->lang);
	jv_set_str(o, "text", text);
	return tool_send(c->r, c->db, "sms", o);
}

/* "c 2600 0123" as the desk keeps it; eight digits alone are a complaint's. */
static sv number_of(struct desk_call *c)
{
	sv raw = jv_get_str(c->r->args, "number");
	char kept[CUST_CASE_MAX];
	if (raw.n >= 8 && raw.p[0] >= '0' && raw.p[0] <= '9')
		raw = sv_of(arena_fmt(c->r->arena, "C" SV_FMT, SV_ARG(raw)));
	return cust_case_number(raw, kept) ? arena_sv(c->r->arena, sv_of(kept)) : raw;
}

static int has_link(struct store_db *db, int64_t seq, sv conversation, bool *ret)
{
	struct store_stmt *q;
	*ret = false;
	if (!conversation.n)
		return 0;
	int rc = store_prep(db, &q, "SELECT 1 FROM ticket_link WHERE ticket=?1 AND "
				    "kind='conversation' AND ref=?2");
	if (rc)
		return rc;
	store_bind_int(q, 1, seq);
	store_bind_sv(q, 2, conversation);
	rc = store_step(q);
	*ret = rc == 1;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* Opened by who was only claimed to be this customer then, and is known to be now. */
static int claimed_then(struct desk_call *c, const struct ticket *t, bool *ret)
{
	struct store_stmt *q;
	*ret = false;
	int rc = store_prep(c->db, &q,
			    CUST_GROUP_SQL
			    "SELECT 1 FROM ticket_link l JOIN conversation k ON k.id=l.ref JOIN g "
			    "ON g.id=k.customer_id WHERE l.ticket=?2 AND l.kind='conversation'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, c->r->who->customer);
	store_bind_int(q, 2, t->seq);
	rc = store_step(q);
	*ret = rc == 1;
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* The last one that is not closed; 0 = none. */
static int last_of(struct desk_call *c, bool complaint, int64_t *seq)
{
	static const char by_customer[] =
		CUST_GROUP_SQL
		"SELECT t.seq FROM g JOIN ticket t ON t.customer=g.id WHERE (?2=0 OR "
		"t.type='complaint') ORDER BY (t.state='closed'), t.seq DESC LIMIT 1";
	static const char by_conversation[] =
		"SELECT t.seq FROM ticket_link l JOIN ticket t ON t.seq=l.ticket WHERE "
		"l.kind='conversation' AND l.ref=?1 AND (?2=0 OR t.type='complaint') ORDER BY "
		"t.seq "
		"DESC LIMIT 1";
	const struct tool_who *w = c->r->who;
	*seq = 0;
	for (int i = 0; i < 2 && !*seq; i++) {
		struct store_stmt *q;
		sv key = i ? w->conversation : w->level >= TOOL_KNOWN ? w->customer : SV_NULL;
		if (!key.n)
			continue;
		int rc = store_prep(c->db, &q, i ? by_conversation : by_customer);
		if (rc)
			return rc;
		store_bind_sv(q, 1, key);
		store_bind_int(q, 2, complaint);
		rc = store_step(q);
		*seq = rc == 1 ? store_col_int(q, 0) : 0;
		store_reset(q);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int not_yours(struct desk_call *c)
{
	const struct tool_who *w = c->r->who;
	bool sure = staff(c->r) || (w->customer.n && w->level >= TOOL_KNOWN);
	tool_outcome(c->r, sure ? TOOL_NOT_FOUND : TOOL_VERIFY,
		     sure ? "this customer has no such ticket" :
			    "the customer must be verified first");
	return DESK_SAID;
}

/* The customer's own, under any of the ids that were joined. */
static int is_own(struct desk_call *c, const struct ticket *t, bool *own)
{
	const struct tool_who *w = c->r->who;
	char me[CUST_ID_MAX], whose[CUST_ID_MAX];
	*own = false;
	if (!w->customer.n || w->level < TOOL_KNOWN)
		return 0;
	if (!t->customer.n)
		return claimed_then(c, t, own);
	*own = sv_eq(w->customer, t->customer);
	if (*own)
		return 0;
	int rc = cust_lead(c->db, w->customer, me);
	if (rc == 0)
		rc = cust_lead(c->db, t->customer, whose);
	*own = rc == 0 && strcmp(me, whose) == 0;
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int desk_mine(struct desk_call *c, bool complaint, struct ticket *t)
{
	const struct tool_who *w = c->r->who;
	sv number = number_of(c);
	int64_t seq = 0;
	bool here = false, own = false;
	memset(t, 0, sizeof(*t));
	int rc = number.n ? 0 : last_of(c, complaint, &seq);
	if (rc == 0)
		rc = number.n ? ticket_load(c->d, c->db, number, t) :
		     seq      ? ticket_load_seq(c->d, c->db, seq, t) : ERR_NOTFOUND;
	if (rc == 0)
		rc = has_link(c->db, t->seq, w->conversation, &here);
	if (rc == ERR_NOTFOUND)
		return not_yours(c);
	if (rc == 0)
		rc = is_own(c, t, &own);
	if (rc)
		return rc;
	if ((!own && !here && !staff(c->r)) || (complaint && t->type != DESK_COMPLAINT))
		return not_yours(c);
	return 0;
}

/* ---- status ---- */

/* The last public note that is not the customer's. */
static int last_word(struct desk_call *c, const struct ticket *t)
{
	struct arena *a = c->r->arena;
	struct store_stmt *q;
	int rc = store_prep(c->db, &q, "SELECT text, at_ms FROM ticket_event WHERE ticket=?1 AND "
				       "kind='note' AND shown=1 AND by_whom<>'customer' AND "
				       "by_whom<>'bot' ORDER BY n DESC LIMIT 1");
	if (rc)
		return rc;
	store_bind_int(q, 1, t->seq);
	rc = store_step(q);
	if (rc == 1) {
		jv_set_str(c->r->body, "last_note", guard_model_text(store_col_sv(q, 0), a));
		jv_set_str(c->r->body, "last_note_on", desk_date(c, store_col_int(q, 1)));
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* What customers and agents wrote may hold a phone number or an address: as a model may see it. */
int desk_put_status(struct desk_call *c, const struct ticket *t)
{
	jv *b = c->r->body;
	const jv *offer = jv_get(t->body, "proposal");
	jv_set_str(b, "number", sv_of(t->number));
	jv_set_str(b, "type", sv_of(desk_type_name(t->type)));
	jv_set_str(b, "state", sv_of(desk_status_name(t->state)));
	jv_set_str(b, "about", guard_model_text(t->title, c->r->arena));
	jv_set_str(b, "opened_on", desk_date(c, t->opened));
	if (t->promised)
		jv_set_str(b, "promised_on", desk_date(c, t->promised));
	if (t->owner.n)
		jv_set_str(b, "owner", t->owner);
	if (sv_eq(jv_get_str(offer, "state"), SV("offered")))
		jv_set_str(b, "offer", guard_model_text(jv_get_str(offer, "text"), c->r->arena));
	return last_word(c, t);
}

static int status(struct desk_call *c, bool complaint)
{
	struct ticket t;
	char key[48];
	int rc = desk_mine(c, complaint, &t);
	if (rc == 0)
		rc = desk_put_status(c, &t);
	if (rc == 0) {
		(void)snprintf(key, sizeof(key), "%s%s", desk_status_name(t.state),
			       t.promised || t.state >= DESK_SOLVED ? "" : "_open");
		tool_say(c->r, key);
	}
	ticket_done(&t);
	return rc;
}

static int complaint_status(struct desk_call *c)
{
	return status(c, true);
}

static int ticket_status(struct desk_call *c)
{
	return status(c, false);
}

/* ---- tickets ---- */

static int ticket_open(struct desk_call *c)
{
	static const char *const keys[] = { "what",  "when",  "product",
					    "order", "wants", "contact" };
	const jv *args = c->r->args;
	const struct tool_who *w = c->r->who;
	int type = desk_type_of(jv_get_str(args, "type"));
	char number[DESK_NUMBER] = "";
	struct ticket t = { 0 };
	if (type < 0 || type == DESK_COMPLAINT)
		type = DESK_ENQUIRY;
	if (type == DESK_INTERNAL && !staff(c->r))
		type = DESK_ENQUIRY;
	jv *facts = jv_obj();
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (jv_get_str(args, keys[i]).n)
			jv_set_str(facts, keys[i], jv_get_str(args, keys[i]));
	desk_contact(c, facts);
	struct desk_new_ticket n = { .type = (enum desk_type)type,
				     .severity = -1,
				     .category = jv_get_str(args, "category"),
				     .customer = desk_asker(c),
				     .language = w->lang,
				     .channel = w->channel,
				     .body = facts,
				     .conversation = w->conversation,
				     .order = jv_get_str(args, "order") };
	int rc = desk_open(c->d, c->db, &n, &c->by, number, &c->e);
	jv_free(facts);
	if (rc)
		return desk_outcome(c, rc);
	rc = ticket_load(c->d, c->db, sv_of(number), &t);
	if (rc == 0 && c->r->confirmed) {
		jv_set_str(c->r->body, "number", sv_of(number));
		if (t.promised)
			jv_set_str(c->r->body, "promised_on", desk_date(c, t.promised));
		tool_say(c->r, t.promised ? "opened" : "opened_only");
	}
	ticket_done(&t);
	return rc;
}

static int ticket_note(struct desk_call *c)
{
	struct ticket t;
	bool shown = !staff(c->r) || jv_get_bool(c->r->args, "public", false);
	int rc = desk_mine(c, false, &t);
	if (rc == 0)
		rc = desk_outcome(c, desk_note(c->d, c->db, sv_of(t.number),
					       jv_get_str(c->r->args, "text"), shown, &c->by,
					       &c->e));
	if (rc == 0) {
		jv_set_str(c->r->body, "number", sv_of(t.number));
		tool_say(c->r, "noted");
	}
	ticket_done(&t);
	return rc;
}

/* ---- a call back ---- */

/* RFC 3339, or the clock on the wall: "2026-11-27T14:00". */
static bool moment(const struct cal_zone *z, sv s, int64_t *ret)
{
	struct cal_time t = { 0 };
	int64_t days, v[2];
	if (clk_parse_rfc3339(s, ret) == 0 && s.n > 16)
		return true;
	if (s.n != 16 || (s.p[10] != 'T' && s.p[10] != ' ') || s.p[13] != ':' ||
	    clk_parse_rfc3339(sv_slice(s, 0, 10), &days) || sv_i64(sv_slice(s, 11, 13), &v[0]) ||
	    sv_i64(sv_slice(s, 14, 16), &v[1]) || v[0] < 0 || v[0] > 23 || v[1] < 0 || v[1] > 59)
		return false;
	cal_date(days / CAL_DAY, &t);
	t.hour = (int)v[0];
	t.minute = (int)v[1];
	*ret = cal_instant(z, &t);
	return true;
}

/* Two hours inside the calendar, not in the past and not too far ahead. */
static const char *bad_window(const struct desk *d, int64_t at, int64_t now)
{
	if (at < now)
		return "too_early";
	if (at > now + d->callback_ahead_ms)
		return "too_late";
	return cal_between(d->callback_cal, at, at + 2 * CAL_HOUR) == 2 * CAL_HOUR ? NULL :
										     "closed";
}

static sv window_text(struct desk_call *c, int64_t at)
{
	struct cal_time a, b;
	const struct cal_zone *z = cal_zone_of(c->d->callback_cal);
	cal_local(z, at, &a);
	cal_local(z, at + 2 * CAL_HOUR, &b);
	return sv_of(arena_fmt(c->r->arena, SV_FMT " %02d:%02d-%02d:%02d", SV_ARG(desk_date(c, at)),
			       a.hour, a.minute, b.hour ? b.hour : 24, b.minute));
}

static int keep_window(struct desk_call *c, sv number, int64_t at)
{
	char when[32];
	jv *patch = jv_obj();
	clk_rfc3339(at, when);
	jv_set_str(patch, "promised_at", sv_of(when));
	struct desk_by by = c->by;
	by.now_ms--;                     /* a window may begin now */
	int rc = desk_change(c->d, c->db, number, patch, 0, &by, &c->e);
	jv_free(patch);
	return rc;
}

int desk_callback_request(struct desk_call *c)
{
	const jv *args = c->r->args;
	const struct tool_who *w = c->r->who;
	char number[DESK_NUMBER] = "";
	int64_t at;
	if (!moment(cal_zone_of(c->d->callback_cal), jv_get_str(args, "at"), &at)) {
		tool_outcome(c->r, TOOL_INVALID, "at must be like 2026-11-27T14:00");
		return DESK_SAID;
	}
	const char *bad = bad_window(c->d, at, c->r->now_ms);
	if (bad) {
		tool_outcome(c->r, TOOL_REFUSED, bad);
		tool_say(c->r, bad);
		return DESK_SAID;
	}
	sv window = window_text(c, at);
	jv *facts = jv_obj();
	jv_set_str(facts, "what", jv_get_str(args, "about"));
	jv_set_str(facts, "window", window);
	if (jv_get_str(args, "phone").n)
		jv_set_str(facts, "contact", jv_get_str(args, "phone"));
	desk_contact(c, facts);
	struct desk_new_ticket n = { .type = DESK_ENQUIRY,
				     .severity = -1,
				     .category = SV("callback"),
				     .customer = desk_asker(c),
				     .language = w->lang,
				     .channel = w->channel,
				     .body = facts,
				     .conversation = w->conversation };
	int rc = desk_open(c->d, c->db, &n, &c->by, number, &c->e);
	jv_free(facts);
	if (rc == 0)
		rc = keep_window(c, sv_of(number), at);
	if (rc)
		return desk_outcome(c, rc);
	jv_set_str(c->r->body, "window", window);
	if (c->r->confirmed)
		jv_set_str(c->r->body, "number", sv_of(number));
	tool_say(c->r, "booked");
	return 0;
}

/* ---- the source ---- */

typedef int op_fn(struct desk_call *c);
static const struct { const char *op; op_fn *fn; bool reads; } ops[] = {
	{ "complaint_status", complaint_status, true },
	{ "ticket_status", ticket_status, true },
	{ "complaint_open", desk_complaint_open, false },
	{ "complaint_add", desk_complaint_add, false },
	{ "complaint_accept", desk_complaint_accept, false },
	{ "complaint_withdraw", desk_complaint_withdraw, false },
	{ "resolution_propose", desk_resolution_propose, false },
	{ "ticket_open", ticket_open, false },
	{ "ticket_note", ticket_note, false },
	{ "callback_request", desk_callback_request, false },
};

static int carry_out(void *arg, struct tool_run *r, struct store_db *db, bool reads)
{
	const struct tool_who *w = r->who;
	struct desk_call c = { .d = arg, .r = r, .db = db };
	c.by = (struct desk_by){ .who = w->role == TOOL_CUSTOMER ? SV("customer") :
					w->actor.n		 ? w->actor : SV("system"),
				 .role = w->role, .now_ms = r->now_ms };
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		if (ops[i].reads != reads || strcmp(ops[i].op, r->decl->op) != 0)
			continue;
		int rc = ops[i].fn(&c);
		return rc == DESK_SAID ? 0 : rc;
	}
	return ERR_UNSUPPORTED;
}

static int desk_read(void *arg, struct tool_run *r, struct store_db *db)
{
	return carry_out(arg, r, db, true);
}

static int desk_write(void *arg, struct tool_run *r, struct store_db *db)
{
	return carry_out(arg, r, db, false);
}

const struct tool_ops desk_tools = { .name = "desk", .read = desk_read, .write = desk_write };
