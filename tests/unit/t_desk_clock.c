/* t_desk_clock.c: clocks against a model that walks minute by minute, the tick, the ladder. */
#include "policy_rules.h"
#include "t_desk_help.h"

/* The office of the demo in a stretch without holidays, written down a second time. */
static bool office_open(int64_t ms)
{
	int64_t minute = (ms / CAL_MINUTE + 480) % 1440, day = (ms + 8 * CAL_HOUR) / CAL_DAY;
	int weekday = (int)((day + 3) % 7);
	return weekday < 5 && ((minute >= 540 && minute < 720) || (minute >= 780 && minute < 1080));
}

struct model {
	char number[DESK_NUMBER];
	enum desk_status state;
	int64_t now, spent, target, ended, breached;
};

/* What the resolution clock has run, one minute after the other. */
static void live_until(struct model *m, int64_t to)
{
	for (; m->now < to; m->now += CAL_MINUTE) {
		if (m->ended || m->state == DESK_PENDING_CUSTOMER || !office_open(m->now))
			continue;
		m->spent += CAL_MINUTE;
		if (m->spent == m->target && !m->breached)
			m->breached = m->now + CAL_MINUTE;
	}
}

static void model_move(struct model *m, enum desk_status to)
{
	bool over = m->state == DESK_SOLVED || m->state == DESK_CLOSED;
	if (to == DESK_REOPENED)
		m->spent = m->ended = m->breached = 0;
	else if (!over && (to == DESK_SOLVED || to == DESK_CLOSED))
		m->ended = m->now;
	m->state = to;
}

static bool agrees(struct dw *w, const struct model *m)
{
	struct ticket t;
	bool ok = ticket_load(w->desk, w->db, sv_of(m->number), &t) == 0;
	const struct desk_clock *c = &t.clock[DESK_RESOLUTION];
	ok = ok && t.state == m->state && clock_spent(c, c->ended ? c->ended : m->now) == m->spent;
	ok = ok && (c->ended != 0) == (m->ended != 0);
	/* late is known at the latest when a clock stops or a tick came */
	ok = ok && (!c->breached || c->breached == m->breached);
	if (ok && c->running && !c->breached && !m->breached) {
		struct model x = *m;
		live_until(&x, m->now + 40 * CAL_DAY);
		ok = c->due == x.breached;
	}
	if (!ok)
		printf("# %s %s: spent %lld want %lld, breached %lld want %lld, due %lld\n",
		       m->number, desk_status_name(t.state), (long long)clock_spent(c, m->now),
		       (long long)m->spent, (long long)c->breached, (long long)m->breached,
		       (long long)c->due);
	ticket_done(&t);
	return ok;
}

static bool random_step(struct dw *w, struct model *m)
{
	const struct desk_by *who[] = { &w->bot, &w->mei, &w->boss, &w->sys };
	enum tool_role role = (enum tool_role)rng_below(t_rng(), 4);
	enum desk_status to = (enum desk_status)rng_below(t_rng(), DESK_STATUSES);
	struct desk_did did;
	struct err e = { 0 };
	live_until(m, m->now + (int64_t)rng_below(t_rng(), 1200) * CAL_MINUTE);
	dw_at(w, m->now);
	switch (rng_below(t_rng(), 3)) {
	case 0:
		if (desk_tick(w->desk, w->db, NULL, m->now, &did))
			return false;
		if (did.closed)
			m->state = DESK_CLOSED;
		break;
	case 1:
		(void)desk_note(w->desk, w->db, sv_of(m->number), SV("a word"), true, who[role],
				&e);
		if (role == TOOL_CUSTOMER && m->state == DESK_PENDING_CUSTOMER)
			model_move(m, DESK_WORKING);
		break;
	default:
		if (desk_state(w->desk, w->db, sv_of(m->number), to, SV("so"), who[role], &e) ==
			    0 &&
		    to != m->state)
			model_move(m, to);
		break;
	}
	return agrees(w, m);
}

static void clocks_by_model(struct dw *w)
{
	for (int k = 0; k < 60; k++) {
		int64_t day = (int64_t)rng_below(t_rng(), 20);
		struct model m = { .now = when("2026-11-02T00:00:00+08:00") + day * CAL_DAY +
					  (int64_t)rng_below(t_rng(), 1440) * CAL_MINUTE,
				   .target = 40 * CAL_HOUR };    /* five days of eight hours */
		dw_at(w, m.now);
		OK(dw_open(w, DESK_AFTERSALE, -1, "x", &w->mei, m.number));
		for (int i = 0; i < 12; i++)
			CHECK(random_step(w, &m));
		OK(store_exec(w->db, "DELETE FROM ticket; DELETE FROM ticket_clock"));
	}
}

TEST(desk_clocks_agree_with_a_walk_by_minutes)
{
	dw_run(clocks_by_model);
}

static int64_t events(struct dw *w, const char *kind)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, "SELECT COUNT(*) FROM event WHERE kind=?1"))
		return -1;
	store_bind_sv(q, 1, sv_of(kind));
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return n;
}

static void tick_to(struct dw *w, const char *rfc3339)
{
	struct desk_did did;
	dw_at(w, when(rfc3339));
	do
		OK(desk_tick(w->desk, w->db, NULL, w->now, &did));
	while (did.looked == DESK_TICKED);
	OK(desk_tick(w->desk, w->db, NULL, w->now, &did));       /* twice does nothing twice */
	EQ(did.warned + did.breached + did.escalated + did.followed + did.closed, 0);
}

/* A complaint on a Thursday morning: the first answer within 24 hours by the clock on the wall, the
 * solution within five working days. */
static void warn_and_breach(struct dw *w)
{
	char n[DESK_NUMBER];
	dw_at(w, when("2026-11-26T09:00:00+08:00"));
	OK(dw_open(w, DESK_COMPLAINT, -1, "x", &w->bot, n));
	jv *t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "due_at"), "2026-11-27T01:00:00.000Z");
	SV_EQ(jv_get_str(t, "promised_at"), "2026-12-02T10:00:00.000Z");
	jv_free(t);
	tick_to(w, "2026-11-27T02:59:00+08:00");
	EQ(events(w, "ticket.warning"), 0);
	tick_to(w, "2026-11-27T03:00:00+08:00");                 /* 75 percent of 24 hours */
	EQ(events(w, "ticket.warning"), 1);
	tick_to(w, "2026-11-27T08:59:59+08:00");
	EQ(events(w, "ticket.breach"), 0);
	tick_to(w, "2026-11-27T09:00:00+08:00");
	EQ(events(w, "ticket.breach"), 1);
	EQ(events(w, "ticket.escalated"), 1);
	t = dw_get(w, n);
	CHECK(jv_get_bool(t, "late", false));
	EQ(jv_get_int(t, "escalation", 0), 1);
	SV_EQ(jv_as_str(jv_path(t, "breaches.0.clock")), "first_response");
	SV_EQ(jv_as_str(jv_path(t, "breaches.0.at")), "2026-11-27T01:00:00.000Z");
	jv_free(t);
	tick_to(w, "2026-12-10T09:00:00+08:00");                 /* it was forgotten */
	EQ(events(w, "ticket.breach"), 3);
	t = dw_get(w, n);
	SV_EQ(jv_as_str(jv_path(t, "breaches.2.at")), "2026-12-02T10:00:00.000Z");
	jv_free(t);
}

TEST(desk_tick_warns_and_breaches)
{
	dw_run(warn_and_breach);
}

/* The breach is dated by its due moment, also when the ticket is solved before anybody looks. */
static void late_unseen(struct dw *w)
{
	char n[DESK_NUMBER];
	struct err e = { 0 };
	dw_at(w, when("2026-11-26T09:00:00+08:00"));
	OK(dw_open(w, DESK_COMPLAINT, -1, "x", &w->bot, n));
	dw_at(w, when("2026-12-08T09:00:00+08:00"));
	OK(desk_state(w->desk, w->db, sv_of(n), DESK_SOLVED, SV("done"), &w->mei, &e));
	jv *t = dw_get(w, n);
	EQ(jv_len(jv_get(t, "breaches")), 3);
	SV_EQ(jv_as_str(jv_path(t, "breaches.0.at")), "2026-11-27T01:00:00.000Z");
	jv_free(t);
}

TEST(desk_breach_without_a_tick)
{
	dw_run(late_unseen);
}

static void follow_ups(struct dw *w)
{
	char n[DESK_NUMBER];
	struct err e = { 0 };
	struct desk_did did;
	dw_at(w, when("2026-11-23T09:00:00+08:00"));
	OK(dw_open(w, DESK_COMPLAINT, -1, "x", &w->bot, n));
	OK(desk_state(w->desk, w->db, sv_of(n), DESK_SOLVED, SV("done"), &w->mei, &e));
	for (int day = 24; day <= 27; day++) {                   /* three tries, then closed */
		dw_at(w, when("2026-11-23T18:00:00+08:00") + (day - 23) * CAL_DAY);
		OK(desk_tick(w->desk, w->db, NULL, w->now, &did));
		EQ(did.followed, day < 27);
		EQ(did.closed, day == 27);
	}
	jv *t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "state"), "closed");
	SV_EQ(jv_get_str(t, "closed_by"), "no_answer");
	EQ(jv_get_int(t, "tries", 0), 3);
	jv_free(t);
	EQ(dw_count(w, "SELECT COUNT(*) FROM tool_outbox WHERE kind='sms' AND customer='c001' AND "
		       "body LIKE '%C26000001%'"), 3);           /* each time it was asked */
	OK(dw_open(w, DESK_ENQUIRY, -1, "y", &w->mei, n));       /* others close by themselves */
	OK(desk_state(w->desk, w->db, sv_of(n), DESK_SOLVED, SV("done"), &w->mei, &e));
	tick_to(w, "2026-12-04T17:59:00+08:00");
	t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "state"), "solved");
	jv_free(t);
	tick_to(w, "2026-12-04T18:00:00+08:00");
	t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "closed_by"), "time");
	jv_free(t);
}

TEST(desk_follow_ups_then_closing)
{
	dw_run(follow_ups);
}

/* One that cannot be read holds up no other, is not looked at again at once, and is on record. */
static void one_is_bad(struct dw *w)
{
	char n[3][DESK_NUMBER];
	struct desk_did did;
	dw_at(w, when("2026-11-26T09:00:00+08:00"));
	for (int i = 0; i < 3; i++)
		OK(dw_open(w, DESK_COMPLAINT, -1, "x", &w->bot, n[i]));
	OK(store_exec(w->db, "UPDATE ticket SET body='{\"what\":' WHERE number='C26000001'"));
	dw_at(w, when("2026-11-27T09:00:00+08:00"));
	OK(desk_tick(w->desk, w->db, NULL, w->now, &did));
	EQ(did.looked, 3);
	EQ(did.failed, 1);
	EQ(did.breached, 2);
	EQ(events(w, "alert"), 1);
	EQ(dw_count(w, "SELECT COUNT(*) FROM ticket WHERE number='C26000001' AND body='{\"what\":' "
		       "AND late=0"), 1);
	OK(desk_tick(w->desk, w->db, NULL, w->now, &did));
	EQ(did.looked, 0);
	OK(store_exec(w->db, "UPDATE ticket SET body='{}' WHERE number='C26000001'"));
	dw_at(w, w->now + CAL_HOUR);
	OK(desk_tick(w->desk, w->db, NULL, w->now, &did));
	EQ(did.failed, 0);
	EQ(did.breached, 1);
}

TEST(desk_tick_one_bad_ticket_stops_no_other)
{
	dw_run(one_is_bad);
}

/* A clock of a calendar that never opens is due at no moment: that is not late. */
static void due_never(struct dw *w)
{
	char n[DESK_NUMBER];
	struct desk_did did;
	dw_at(w, when("2026-11-26T09:00:00+08:00"));
	OK(dw_open(w, DESK_COMPLAINT, -1, "x", &w->bot, n));
	OK(store_exec(w->db, "UPDATE ticket_clock SET due_ms=NULL"));
	OK(store_exec(w->db, "UPDATE ticket SET look_ms=1"));
	OK(desk_tick(w->desk, w->db, NULL, w->now + CAL_HOUR, &did));
	EQ(did.looked, 1);
	EQ(did.breached + did.warned + did.failed, 0);
	EQ(events(w, "ticket.breach"), 0);
}

TEST(desk_tick_due_never_is_not_late)
{
	dw_run(due_never);
}

/* More tickets than one tick takes: all are found in the end, each once. */
static void many(struct dw *w)
{
	char n[DESK_NUMBER];
	dw_at(w, when("2026-11-26T09:00:00+08:00"));
	for (int i = 0; i < 450; i++)
		OK(dw_open(w, DESK_LEAD, -1, "x", &w->mei, n));
	tick_to(w, "2026-11-27T12:00:00+08:00");
	EQ(events(w, "ticket.breach"), 450);
	EQ(dw_count(w, "SELECT COUNT(*) FROM ticket WHERE late=1 AND rung=1"), 450);
}

TEST(desk_tick_reaches_them_all)
{
	dw_run(many);
}

TEST(desk_rules_faults_are_told)
{
	static const struct {
		const char *yaml, *where, *what;
	} rows[] = {
		{ "sla: []\n", "calendars", "no calendar" },
		{ "calendars:\n  a: {zone: Mars, week: {mon: []}}\n", "calendars.a", "Mars" },
		{ "calendars:\n  a: {zone: UTC, week: {mon: []}}\nsla:\n  - {type: "
		  "complaint}\n",
		  "sla", "no row fits" },
		{ "calendars:\n  a: {zone: UTC, week: {mon: []}}\nsla:\n  - {first_response: "
		  "\"5x\"}\n",
		  "sla[0].first_response", "length of time" },
		{ "calendars:\n  a: {zone: UTC, week: {mon: []}}\nsla:\n  - {calendar: b}\n",
		  "sla[0]", "no calendar" },
		{ "calendars:\n  a: {zone: UTC, week: {mon: []}}\nsla:\n  - {warn: 75}\n  - "
		  "{type: lead}\n",
		  "sla[1]", "ever" },
		{ "calendars:\n  a: {zone: UTC, week: {mon: []}}\nsla:\n  - {tipe: lead}\n",
		  "sla[0].tipe", "unknown key" },
		{ "calendars:\n  a: {zone: UTC, week: {mon: []}}\nsla:\n  - {warn: "
		  "75}\ncomplaint:\n"
		  "  signs:\n    x: {severity: high, zh: [\"a\"]}\n",
		  "complaint.signs.x", "zh and en" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cfg_report rep = { 0 };
		struct desk *d = NULL;
		EQ(desk_new(&d, sv_of(rows[i].yaml), "calendars.yaml", NULL, &rep), ERR_INVAL);
		bool found = false;
		for (size_t k = 0; k < rep.n; k++)
			found |= sv_find(sv_of(rep.v[k].where), sv_of(rows[i].where)) >= 0 &&
				 sv_find(sv_of(rep.v[k].what), sv_of(rows[i].what)) >= 0 &&
				 rep.v[k].mend[0];
		if (!found)
			printf("# row %zu: %s: %s\n", i, rep.n ? rep.v[0].where : "",
			       rep.n ? rep.v[0].what : "");
		cfg_report_done(&rep);
		CHECK(found);
	}
}

TEST(desk_signs_weigh)
{
	struct desk *d = dw_rules();
	static const struct { const char *text; enum desk_severity want; } rows[] = {
		{ "the sofa came late", DESK_NORMAL },
		{ "The lamp caught FIRE", DESK_CRITICAL },
		{ "there is an issue with my tissue box", DESK_NORMAL }, /* no "sue" in it */
		{ "I will sue you", DESK_HIGH },
		{ "插座漏电", DESK_CRITICAL },
		{ "我要打12315", DESK_HIGH },
		{ "家里有老人", DESK_HIGH },
		{ "my number is 612315", DESK_NORMAL },
		{ "fireplace", DESK_NORMAL },
	};
	CHECK(d != NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum desk_severity s = DESK_NORMAL;
		desk_signs_in(d, sv_of(rows[i].text), &s);
		if (s != rows[i].want)
			printf("# %s\n", rows[i].text);
		EQ(s, rows[i].want);
	}
	obj_unref(d);
}

TEST(desk_categories_by_words)
{
	struct desk *d = dw_rules();
	static const struct { const char *text, *want; } rows[] = {
		{ "沙发送来坐垫是破的", "delivery/damaged" },
		{ "等了两周还没到货", "delivery/late" },
		{ "客服态度太差，还骂人", "service/staff" },
		{ "打了三次电话没人理，宽带断网，上不了网", "broadband/fault" },
		{ "My parcel is LATE", "delivery/late" },
		{ "I was charged twice on the last bill", "billing" },
		{ "the lamp is broken", "product/faulty" },
		{ "the latest catalogue", "" },
		{ "我不高兴", "" },
	};
	CHECK(d != NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		SV_EQ(desk_topic_of(d, sv_of(rows[i].text)), rows[i].want);
	obj_unref(d);
}
