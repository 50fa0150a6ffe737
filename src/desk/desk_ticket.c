/* desk_ticket.c: opening and changing tickets, on the scribe's thread.
 *
 * Every public function loads, checks, changes and saves in the caller's savepoint: an error leaves
 * nothing behind once the caller rolls back. What happened is one row of the history and one of the
 * river each.
 */
#include "desk_int.h"

#include <stdio.h>

/* C26000123 for complaints (article complaint-how: C and 8 digits), else T2026-000123. */
static int next_number(const struct desk *d, struct store_db *db, struct ticket *t, int64_t now)
{
	struct cal_time at;
	struct store_stmt *q;
	char key[16];
	int64_t n;
	bool c = t->type == DESK_COMPLAINT;
	cal_local(cal_zone_of(d->cal), now, &at);
	(void)snprintf(key, sizeof(key), c ? "C%02d" : "T%d", c ? at.year % 100 : at.year);
	int rc = store_prep(db, &q,
			    "INSERT INTO ticket_count (k, n) VALUES (?1, 1) ON CONFLICT (k) "
			    "DO UPDATE SET n=ticket_count.n+1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(key));
	rc = store_run(q);
	if (rc == 0)
		rc = store_one_int(db, "SELECT n FROM ticket_count WHERE k=?1", sv_of(key), &n);
	if (rc == 0)
		(void)snprintf(t->number, sizeof(t->number), "%s%s%06lld", key, c ? "" : "-",
			       (long long)n);
	return rc ? rc :
		    store_one_int(db, "SELECT COALESCE(MAX(seq),0)+1 FROM ticket", SV_NULL,
				  &t->seq);
}

/* ---- facts ---- */

static bool text_fits(const jv *v, size_t max)
{
	return jv_is_str(v) && jv_as_str(v).n <= max;
}

static bool list_fits(const jv *v)
{
	if (!jv_is_arr(v) || jv_len(v) > 20)
		return false;
	for (size_t i = 0; i < jv_len(v); i++)
		if (!text_fits(jv_at(v, i), 500))
			return false;
	return true;
}

static bool fact_fits(sv key, const jv *v)
{
	static const char *const texts[] = { "what", "when", "product", "order", "wants", "effect",
					     "contact", "fault", "place", "window",
					     "code" };
	static const char *const flags[] = { "safety", "legal", "vulnerable" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (sv_eq(key, sv_of(texts[i])))
			return text_fits(v, 4000);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (sv_eq(key, sv_of(flags[i])))
			return jv_is_bool(v);
	return sv_eq(key, SV("evidence")) && list_fits(v);
}

int ticket_check_facts(const jv *facts, struct err *e)
{
	void *it = NULL;
	sv key;
	jv *v;
	if (facts && !jv_is_obj(facts))
		return err_set(e, ERR_INVAL, "facts must be an object");
	while (jv_next(facts, &it, &key, &v))
		if (!fact_fits(key, v))
			return err_set(
				e, ERR_INVAL,
				"facts.%.40s: there is no such fact, or its value does not fit "
				"(texts up to 4000 bytes, evidence a list of up to 20 texts)",
				key.p);
	return 0;
}

static int fact_words(struct store_db *db, const struct ticket *t)
{
	static const char *const keys[] = { "what",  "wants",  "product",
					    "order", "effect", "place" };
	int rc = ticket_words(db, t, sv_of(t->number));
	if (rc == 0)
		rc = ticket_words(db, t, t->title);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && rc == 0; i++)
		rc = ticket_words(db, t, jv_get_str(t->body, keys[i]));
	return rc;
}

/* ---- opening ---- */

static int check_new(const struct desk_new_ticket *n, struct err *e)
{
	if (n->type >= DESK_TYPES)
		return err_set(e, ERR_INVAL, "there is no such type of ticket");
	if (n->severity >= DESK_SEVERITIES || n->priority < 0 || n->priority > 4)
		return err_set(e, ERR_INVAL, "severity or priority is out of range");
	if (n->title.n > DESK_TITLE || n->category.n > 100 || n->owner.n > 64 ||
	    n->customer.n > 64 || n->idem.n > DESK_IDEM || n->order.n > 64 ||
	    n->conversation.n > 64 || n->channel.n > 32 || n->language.n > 16)
		return err_set(e, ERR_INVAL, "a text is too long: title 200 bytes, category 100, "
					     "owner and customer 64");
	if (!n->title.n && !jv_get_str(n->body, "what").n)
		return err_set(e, ERR_INVAL, "a title, or facts.what, is needed");
	return ticket_check_facts(n->body, e);
}

/* The first line of what happened, cut at a sign's border. */
static sv title_of(struct arena *a, const struct desk_new_ticket *n)
{
	sv s = n->title.n ? n->title : jv_get_str(n->body, "what"), line;
	if (!sv_line(&s, &line))
		line = s;
	size_t max = sv_rune_offset(line, 60);
	return arena_sv(a, sv_slice(line, 0, max < DESK_TITLE ? max : DESK_TITLE));
}

static void fill(struct ticket *t, const struct desk_new_ticket *n, int64_t now)
{
	arena_init(&t->a, 1u << 20);
	t->type = n->type;
	t->severity = n->severity < 0 ? DESK_NORMAL : (enum desk_severity)n->severity;
	t->state = DESK_NEW;
	t->category = arena_sv(&t->a, n->category);
	t->title = title_of(&t->a, n);
	t->customer = arena_sv(&t->a, n->customer);
	t->owner = arena_sv(&t->a, n->owner);
	t->language = arena_sv(&t->a, n->language);
	t->channel = arena_sv(&t->a, n->channel);
	t->body = n->body ? jv_copy(n->body) : jv_obj();
	t->opened = t->changed = now;
	t->version = 1;
}

static void begin_clocks(const struct desk *d, struct ticket *t, int64_t now)
{
	for (int k = 0; k < DESK_CLOCKS; k++)
		clocks_begin(d, t, (enum desk_clock_kind)k, now);
	t->promised = t->clock[DESK_RESOLUTION].ended ? 0 : t->clock[DESK_RESOLUTION].due;
	if (t->promised == CAL_NEVER)
		t->promised = 0;
}

static int first_links(struct store_db *db, const struct ticket *t,
		       const struct desk_new_ticket *n, const struct desk_by *by)
{
	int rc = 0;
	if (n->conversation.n)
		rc = ticket_link(db, t, SV("conversation"), n->conversation, by);
	if (rc == 0 && n->order.n)
		rc = ticket_link(db, t, SV("order"), n->order, by);
	return rc;
}

/* 1 and number: the same was opened before. */
static int opened_before(struct store_db *db, sv idem, char number[DESK_NUMBER])
{
	struct store_stmt *q;
	if (!idem.n)
		return 0;
	int rc = store_prep(db, &q, "SELECT number FROM ticket WHERE idem=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, idem);
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(number, DESK_NUMBER, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc;
}

static int open_it(const struct desk *d, struct store_db *db, const struct desk_new_ticket *n,
		   struct ticket *t, const struct desk_by *by)
{
	bool repeat = false;
	int rc = next_number(d, db, t, by->now_ms);
	if (rc == 0 && t->type == DESK_COMPLAINT) {
		if (!t->category.n)
			t->category = desk_topic_of(d, jv_get_str(t->body, "what"));
		t->severity = desk_weigh(d, t->body, t->severity);
		rc = desk_repeat_watch(d, db, t, by, &repeat);
	}
	if (rc)
		return rc;
	t->priority = n->priority ? n->priority : DESK_SEVERITIES - (int)t->severity;
	begin_clocks(d, t, by->now_ms);
	clocks_settle(d, t, by->now_ms);
	rc = ticket_insert(db, t, n->idem);
	if (rc == 0)
		rc = ticket_event(db, t, "opened", by, SV_NULL, true, NULL);
	if (rc == 0 && repeat)
		rc = ticket_alert(db, t, "supervisor", "repeat_complaint", by);
	else if (rc == 0 && t->type == DESK_COMPLAINT && t->severity == DESK_CRITICAL)
		rc = ticket_alert(db, t, "supervisor", "critical_complaint", by);
	if (rc == 0)
		rc = first_links(db, t, n, by);
	return rc ? rc : fact_words(db, t);
}

int desk_open(const struct desk *d, struct store_db *db, const struct desk_new_ticket *n,
	      const struct desk_by *by, char number[DESK_NUMBER], struct err *e)
{
	struct ticket t = { 0 };
	int rc = check_new(n, e);
	if (rc == 0)
		rc = opened_before(db, n->idem, number);
	if (rc)
		return rc < 0 ? rc : ERR_EXISTS;
	fill(&t, n, by->now_ms);
	rc = open_it(d, db, n, &t, by);
	if (rc == 0)
		memcpy(number, t.number, DESK_NUMBER);
	ticket_done(&t);
	return rc ? err_set(e, rc, "the ticket could not be kept: %s", err_text(rc)) : 0;
}

/* ---- moving ---- */

static int cannot(const struct ticket *t, enum desk_status to, const struct desk_by *by,
		  struct err *e)
{
	char can[160] = "";
	size_t at = 0;
	bool somebody = false;
	for (int s = 0; s < DESK_STATUSES; s++)
		if (desk_may_move(t->state, (enum desk_status)s, by->role) && at < 120)
			at += (size_t)snprintf(can + at, sizeof(can) - at, "%s%s", at ? ", " : "",
					       desk_status_name((enum desk_status)s));
	for (int r = 0; r <= TOOL_SYSTEM; r++)
		somebody |= desk_may_move(t->state, to, (enum tool_role)r);
	return err_set(e, somebody ? ERR_DENIED : ERR_STATE,
		       "a ticket that is %s cannot be moved to %s%s; possible: %s",
		       desk_status_name(t->state), desk_status_name(to),
		       somebody ? " by this role" : "", at ? can : "nothing");
}

static bool leads(enum tool_role role)
{
	return role == TOOL_SUPERVISOR || role == TOOL_MANAGER;
}

static bool is_person(enum tool_role role)
{
	return role == TOOL_AGENT || leads(role);
}

static int check_move(const struct desk *d, const struct ticket *t, enum desk_status to, sv why,
		      const struct desk_by *by, struct err *e)
{
	bool person = is_person(by->role);
	if (!desk_may_move(t->state, to, by->role))
		return cannot(t, to, by, e);
	if (to == DESK_CLOSED && t->type == DESK_COMPLAINT && person && !why.n)
		return err_set(e, ERR_INVAL,
			       "a complaint is closed with the customer's word: write "
			       "in why what the customer said");
	if (to == DESK_CLOSED && t->state != DESK_SOLVED && leads(by->role) && !why.n)
		return err_set(e, ERR_INVAL, "why is needed to close a ticket that is not solved");
	if (t->state == DESK_CLOSED && by->role < TOOL_SUPERVISOR &&
	    by->now_ms - t->closed > d->reopen_ms)
		return err_set(e, ERR_STATE,
			       "it was closed too long ago to be opened again; open a "
			       "new one and link it");
	return 0;
}

static const char *closer(const struct ticket *t, const struct desk_by *by)
{
	if (by->role == TOOL_CUSTOMER)
		return t->state == DESK_SOLVED ? "customer" : "withdrawn";
	if (by->role == TOOL_SYSTEM)
		return t->type == DESK_COMPLAINT ? "no_answer" : "time";
	if (t->type == DESK_COMPLAINT && t->state == DESK_SOLVED)
		return "customer_word";
	return leads(by->role) ? "supervisor" : "agent";
}

static void enter(const struct desk *d, struct ticket *t, enum desk_status to,
		  const struct desk_by *by)
{
	enum desk_status from = t->state;
	int64_t now = by->now_ms;
	bool person = is_person(by->role);
	if (person && (to == DESK_PENDING_CUSTOMER || to == DESK_SOLVED))
		clock_end(t, DESK_FIRST_RESPONSE, now);
	if (to == DESK_CLOSED)
		t->closed_by = sv_of(closer(t, by));
	t->state = to;
	if (to == DESK_PENDING_CUSTOMER)
		clocks_pause(t, now);
	else if (from == DESK_PENDING_CUSTOMER)
		clocks_resume(t, now);
	t->follow = 0;
	if (to == DESK_SOLVED || to == DESK_CLOSED)
		clocks_end(t, now);
	if (to == DESK_SOLVED) {
		t->solved = now;
		t->tries = 0;
		t->follow = t->type == DESK_COMPLAINT ? cal_add(d->cal, now, d->follow_ms) : 0;
	} else if (to == DESK_CLOSED) {
		t->closed = now;
	} else if (to == DESK_REOPENED) {
		t->solved = t->closed = 0;
		t->closed_by = SV_NULL;
		t->rung = 0;
		begin_clocks(d, t, now);
	}
}

int ticket_move(const struct desk *d, struct store_db *db, struct ticket *t, enum desk_status to,
		sv why, const struct desk_by *by, struct err *e)
{
	if (t->state == to)
		return 0;
	int rc = check_move(d, t, to, why, by, e);
	if (rc)
		return rc;
	jv *o = jv_obj();
	jv_set_str(o, "from", sv_of(desk_status_name(t->state)));
	enter(d, t, to, by);
	jv_set_str(o, "to", sv_of(desk_status_name(to)));
	if (to == DESK_CLOSED)
		jv_set_str(o, "closed_by", t->closed_by);
	t->changed = by->now_ms;
	rc = ticket_event(db, t, "state", by, why, true, o);
	jv_free(o);
	return rc;
}

int desk_state(const struct desk *d, struct store_db *db, sv number, enum desk_status to, sv why,
	       const struct desk_by *by, struct err *e)
{
	struct ticket t;
	int rc = ticket_load(d, db, number, &t);
	if (rc == 0 && why.n > DESK_TEXT)
		rc = err_set(e, ERR_INVAL, "why is too long: %d bytes at most", DESK_TEXT);
	if (rc == 0)
		rc = ticket_move(d, db, &t, to, why, by, e);
	if (rc == 0)
		rc = ticket_save(d, db, &t, by->now_ms);
	ticket_done(&t);
	return rc;
}

/* ---- notes ---- */

int desk_note(const struct desk *d, struct store_db *db, sv number, sv text, bool shown,
	      const struct desk_by *by, struct err *e)
{
	struct ticket t;
	bool person = is_person(by->role);
	int rc = ticket_load(d, db, number, &t);
	if (rc == 0 && (!sv_trim(text).n || text.n > DESK_TEXT))
		rc = err_set(e, ERR_INVAL, "a note has 1 to %d bytes", DESK_TEXT);
	if (rc == 0)
		rc = ticket_event(db, &t, "note", by, text, shown, NULL);
	if (rc == 0 && person && shown && t.state != DESK_SOLVED && t.state != DESK_CLOSED) {
		clock_end(&t, DESK_FIRST_RESPONSE, by->now_ms);
		clock_end(&t, DESK_NEXT_UPDATE, by->now_ms);
		rc = ticket_save(d, db, &t, by->now_ms); /* the round that ends is kept */
		clocks_begin(d, &t, DESK_NEXT_UPDATE, by->now_ms);
	}
	if (rc == 0 && by->role == TOOL_CUSTOMER && t.state == DESK_PENDING_CUSTOMER)
		rc = ticket_move(d, db, &t, DESK_WORKING, SV_NULL, by, e);
	t.changed = by->now_ms;
	if (rc == 0)
		rc = ticket_words(db, &t, text);
	if (rc == 0)
		rc = ticket_save(d, db, &t, by->now_ms);
	ticket_done(&t);
	return rc;
}

/* ---- links ---- */

int ticket_link(struct store_db *db, const struct ticket *t, sv kind, sv ref,
		const struct desk_by *by)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "INSERT INTO ticket_link (ticket, kind, ref, at_ms, by_whom) "
				    "VALUES (?1,?2,?3,?4,?5) ON CONFLICT (ticket, kind, ref) DO "
				    "NOTHING");
	if (rc)
		return rc;
	store_bind_int(q, 1, t->seq);
	store_bind_sv(q, 2, kind);
	store_bind_sv(q, 3, ref);
	store_bind_int(q, 4, by->now_ms);
	store_bind_sv(q, 5, by->who.n ? by->who : SV("system"));
	rc = store_run(q);
	if (rc || !store_changes(db))
		return rc;
	jv *o = jv_obj();
	jv_set_str(o, "kind", kind);
	jv_set_str(o, "ref", ref);
	rc = ticket_event(db, t, "link", by, SV_NULL, false, o);
	jv_free(o);
	return rc;
}

int desk_link(const struct desk *d, struct store_db *db, sv number, sv kind, sv ref,
	      const struct desk_by *by, struct err *e)
{
	static const char *const kinds[] = { "conversation", "order", "return", "ticket" };
	struct ticket t;
	bool known = false;
	for (size_t i = 0; i < 4; i++)
		known |= sv_eq(kind, sv_of(kinds[i]));
	if (!known || !ref.n || ref.n > 64)
		return err_set(e, ERR_INVAL,
			       "kind is conversation, order, return or ticket; ref has "
			       "1 to 64 bytes");
	int rc = ticket_load(d, db, number, &t);
	int64_t there = 1;
	if (rc == 0 && sv_eq(kind, SV("ticket")))
		rc = store_one_int(db, "SELECT COUNT(*) FROM ticket WHERE number=?1", ref, &there);
	if (rc == 0 && (!there || sv_eq(ref, sv_of(t.number))))
		rc = err_set(e, ERR_INVAL, "ref must be the number of another ticket");
	if (rc == 0)
		rc = ticket_link(db, &t, kind, ref, by);
	t.changed = by->now_ms;
	if (rc == 0)
		rc = ticket_save(d, db, &t, by->now_ms);
	ticket_done(&t);
	return rc;
}
