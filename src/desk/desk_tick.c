/* desk_tick.c: what is due by the clock: warnings, breaches, the ladder of escalation, follow-ups
 * of complaints, closing. On the scribe's thread.
 *
 * Each ticket carries the next moment at which it wants to be looked at, so a tick reads only those
 * that are due. A tick that comes late finds everything that happened meanwhile and dates breaches
 * by their due moment. Two ticks at once do nothing twice. Each ticket has a savepoint of its own:
 * one that cannot be looked at is put off for an hour, with a row "alert", and the others go on. */
#include "desk_int.h"
#include "policy_rules.h"

#include <stdio.h>

#define PUT_OFF_MS CAL_HOUR

struct tick {
	const struct desk *d;
	struct store_db *db;
	const struct policy_rules *rules;
	struct desk_by by;
	struct desk_did *did;
	int64_t seq;                     /* the one that is looked at */
};

static int tell_clock(struct tick *k, struct ticket *t, const char *what, int kind, int64_t due)
{
	char when[32];
	jv *o = jv_obj();
	clk_rfc3339(due, when);
	jv_set_str(o, "clock", sv_of(desk_clock_name((enum desk_clock_kind)kind)));
	jv_set_str(o, "due_at", sv_of(when));
	jv_set_str(o, "owner", t->owner.n ? t->owner : SV(""));
	int rc = ticket_event(k->db, t, what, &k->by, SV_NULL, false, o);
	jv_free(o);
	return rc;
}

static int look_at_clocks(struct tick *k, struct ticket *t)
{
	int64_t now = k->by.now_ms;
	int rc = 0;
	for (int i = 0; i < DESK_CLOCKS && rc == 0; i++) {
		struct desk_clock *c = &t->clock[i];
		/* a clock that is due at no moment cannot be late */
		if (!c->there || c->ended || !c->running || c->breached || c->due <= 0)
			continue;
		if (c->due <= now) {
			c->breached = c->due;
			t->late = 1;
			k->did->breached++;
			rc = tell_clock(k, t, "breach", i, c->due);
		} else if (!c->warned && clock_warn_at(k->d, t, c) <= now) {
			c->warned = now;
			k->did->warned++;
			rc = tell_clock(k, t, "warning", i, c->due);
		}
	}
	return rc;
}

/* Without a table: the supervisor hears of it once. */
static jv *ask_ladder(struct tick *k, const struct ticket *t, int clock, int64_t hours)
{
	jv *facts = jv_obj(), *d = NULL;
	jv_set_str(facts, "type", sv_of(desk_type_name(t->type)));
	jv_set_str(facts, "severity", sv_of(desk_severity_name(t->severity)));
	jv_set_str(facts, "clock", sv_of(desk_clock_name((enum desk_clock_kind)clock)));
	jv_set_int(facts, "hours_late", hours);
	jv_set_int(facts, "rung", t->rung);
	jv_set_bool(facts, "repeat", jv_get_str(t->body, "repeat_of").n > 0);
	if (!k->rules || policy_decide(k->rules, SV("escalation"), facts, &d)) {
		jv_free(d);
		d = jv_obj();
		jv_set_int(d, "rung", 1);
		jv_set_str(d, "notify", SV("supervisor"));
	}
	jv_free(facts);
	return d;
}

static int step_up(struct tick *k, struct ticket *t, int clock, int64_t hours, const jv *d)
{
	sv rule = jv_get_str(d, "rule"), to = jv_get_str(d, "notify");
	int raise = desk_severity_of(jv_get_str(d, "raise"));
	jv *o = jv_obj();
	t->rung = (int)jv_get_int(d, "rung", 0);
	jv_set_int(o, "rung", t->rung);
	jv_set_str(o, "to", to.n ? to : SV("supervisor"));
	jv_set_str(o, "clock", sv_of(desk_clock_name((enum desk_clock_kind)clock)));
	jv_set_int(o, "hours_late", hours);
	jv_set_str(o, "rule", rule.n ? rule : SV(""));
	k->did->escalated++;
	int rc = ticket_event(k->db, t, "escalated", &k->by, SV_NULL, false, o);
	jv_free(o);
	return rc == 0 && raise > (int)t->severity ?
		       ticket_severity(k->d, k->db, t, (enum desk_severity)raise, "escalation",
				       &k->by) :
		       rc;
}

/* Each clock that is late may ask for a rung; the highest counts. Hours are working hours. */
static int climb(struct tick *k, struct ticket *t)
{
	jv *best = NULL;
	int clock = 0, rc = 0;
	int64_t hours = 0;
	for (int i = 0; i < DESK_CLOCKS; i++) {
		const struct desk_clock *c = &t->clock[i];
		if (!c->there || c->ended || !c->breached)
			continue;
		int64_t late = (clock_spent(c, k->by.now_ms) - c->target) / CAL_HOUR;
		jv *d = ask_ladder(k, t, i, late > 0 ? late : 0);
		if (!best || jv_get_int(d, "rung", 0) > jv_get_int(best, "rung", 0)) {
			jv_free(best);
			best = d;
			clock = i;
			hours = late > 0 ? late : 0;
		} else {
			jv_free(d);
		}
	}
	if (best && jv_get_int(best, "rung", 0) > t->rung)
		rc = step_up(k, t, clock, hours, best);
	jv_free(best);
	return rc;
}

static int ask_customer(struct tick *k, const struct ticket *t)
{
	bool en = sv_starts(t->language, SV("en"));
	sv text = k->d->follow_text[en];
	ptrdiff_t at = sv_find(text, SV("{number}"));
	struct sb b;
	if (!t->customer.n || at < 0)
		return 0;
	sb_init(&b, 4096);
	sb_put(&b, sv_slice(text, 0, (size_t)at));
	sb_cstr(&b, t->number);
	sb_put(&b, sv_slice(text, (size_t)at + 8, text.n));
	jv *o = jv_obj();
	jv_set_str(o, "customer", t->customer);
	jv_set_str(o, "lang", en ? SV("en") : SV("zh"));
	jv_set_str(o, "text", sb_sv(&b));
	sb_done(&b);
	return tool_post(k->db, "sms", o, t->customer, k->by.now_ms);
}

/* "Does it hold?", some times; then it is closed and says that nobody answered. */
static int follow_up(struct tick *k, struct ticket *t)
{
	if (t->tries >= k->d->follow_tries) {
		k->did->closed++;
		return ticket_move(k->d, k->db, t, DESK_CLOSED, SV_NULL, &k->by, NULL);
	}
	jv *o = jv_obj();
	t->tries++;
	t->follow = cal_add(k->d->cal, k->by.now_ms, k->d->follow_ms);
	jv_set_int(o, "try", t->tries);
	jv_set_int(o, "of", k->d->follow_tries);
	jv_set_str(o, "channel", t->channel.n ? t->channel : SV(""));
	jv_set_str(o, "language", t->language.n ? t->language : SV(""));
	k->did->followed++;
	int rc = ticket_event(k->db, t, "follow_up", &k->by, SV_NULL, false, o);
	jv_free(o);
	return rc ? rc : ask_customer(k, t);
}

static int look_at_solved(struct tick *k, struct ticket *t)
{
	if (t->follow)
		return t->follow <= k->by.now_ms ? follow_up(k, t) : 0;
	if (t->solved + k->d->auto_close_ms > k->by.now_ms)
		return 0;
	k->did->closed++;
	return ticket_move(k->d, k->db, t, DESK_CLOSED, SV_NULL, &k->by, NULL);
}

static int look_at(void *arg, struct store_db *db)
{
	struct tick *k = arg;
	struct ticket t;
	int rc = ticket_load_seq(k->d, db, k->seq, &t);
	if (rc == 0)
		rc = t.state == DESK_SOLVED ? look_at_solved(k, &t) : look_at_clocks(k, &t);
	if (rc == 0 && t.state != DESK_SOLVED)
		rc = climb(k, &t);
	if (rc == 0)
		rc = ticket_save(k->d, db, &t, k->by.now_ms);
	ticket_done(&t);
	return rc;
}

/* It is tried again later; nothing else of it was changed. */
static int put_off(struct tick *k, int why)
{
	struct store_stmt *q;
	char body[160];
	int rc = store_prep(k->db, &q, "UPDATE ticket SET look_ms=?2 WHERE seq=?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, k->seq);
	store_bind_int(q, 2, k->by.now_ms + PUT_OFF_MS);
	rc = store_run(q);
	if (rc)
		return rc;
	(void)snprintf(body, sizeof(body), "{\"what\":\"ticket\",\"seq\":%lld,\"why\":\"%s\"}",
		       (long long)k->seq, err_text(why));
	struct store_event ev = { .ts_ms = k->by.now_ms, .kind = SV("alert"),
				  .actor = SV("system"), .body = sv_of(body) };
	return store_event_put(k->db, &ev);
}

/* What came to nothing is not counted either. */
static int look_alone(struct tick *k, int64_t seq)
{
	struct desk_did before = *k->did;
	k->seq = seq;
	int rc = store_try(k->db, look_at, k);
	if (rc) {
		*k->did = before;
		k->did->failed++;
		rc = put_off(k, rc);
	}
	k->did->looked++;
	return rc;
}

int desk_tick(const struct desk *d, struct store_db *db, const struct policy_rules *rules,
	      int64_t now_ms, struct desk_did *ret)
{
	struct tick k = { d, db, rules, { SV("system"), TOOL_SYSTEM, now_ms }, ret, 0 };
	int64_t seqs[DESK_TICKED];
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
				   "SELECT seq FROM ticket WHERE look_ms<=?1 ORDER BY look_ms, "
				   "seq LIMIT ?2");
	memset(ret, 0, sizeof(*ret));
	if (rc)
		return rc;
	store_bind_int(q, 1, now_ms);
	store_bind_int(q, 2, DESK_TICKED);
	while ((rc = store_step(q)) == 1 && n < DESK_TICKED)
		seqs[n++] = store_col_int(q, 0);
	store_reset(q);
	for (int i = 0; i < n && rc >= 0; i++)
		rc = look_alone(&k, seqs[i]);
	return rc < 0 ? rc : 0;
}
