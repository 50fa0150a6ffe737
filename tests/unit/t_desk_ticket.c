/* t_desk_ticket.c: opening, moving, noting, changing, linking; numbers, history. */
#include "t_desk_help.h"

static void numbers(struct dw *w)
{
	char n[DESK_NUMBER];
	dw_at(w, when("2026-11-26T10:00:00+08:00"));
	OK(dw_open(w, DESK_ENQUIRY, -1, "one", &w->mei, n));
	STR_EQ(n, "T2026-000001");
	OK(dw_open(w, DESK_COMPLAINT, -1, "two", &w->bot, n));
	STR_EQ(n, "C26000001");
	OK(dw_open(w, DESK_RETURN, -1, "three", &w->mei, n));
	STR_EQ(n, "T2026-000002");
	dw_at(w, when("2026-12-31T16:30:00Z"));          /* 2027 where the desk is */
	OK(dw_open(w, DESK_COMPLAINT, -1, "four", &w->bot, n));
	STR_EQ(n, "C27000001");
	struct err e = { 0 };
	struct desk_new_ticket t = { .type = DESK_LEAD, .severity = -1, .title = SV("five"),
				     .idem = SV("key-1") };
	char again[DESK_NUMBER] = "";
	OK(desk_open(w->desk, w->db, &t, &w->mei, n, &e));
	EQ(desk_open(w->desk, w->db, &t, &w->mei, again, &e), ERR_EXISTS);
	STR_EQ(again, n);
	EQ(dw_count(w, "SELECT COUNT(*) FROM ticket"), 5);
	EQ(dw_count(w, "SELECT COUNT(*) FROM event WHERE kind='ticket.opened'"), 5);
}

TEST(desk_numbers_by_kind_and_year)
{
	dw_run(numbers);
}

static int move(struct dw *w, const char *n, enum desk_status to, const char *why,
		const struct desk_by *by)
{
	struct err e = { 0 };
	return desk_state(w->desk, w->db, sv_of(n), to, sv_of(why), by, &e);
}

/* Every pair of states and every role: what may be is done, what may not changes nothing. */
static void moves(struct dw *w)
{
	char n[DESK_NUMBER];
	dw_at(w, when("2026-11-26T10:00:00+08:00"));
	OK(dw_open(w, DESK_ENQUIRY, -1, "x", &w->mei, n));
	for (int k = 0; k < 4000; k++) {
		const struct desk_by head = { SV("head"), TOOL_MANAGER, w->boss.now_ms };
		const struct desk_by *who[] = { &w->bot, &w->mei, &w->boss, &head, &w->sys };
		enum tool_role role = (enum tool_role)rng_below(t_rng(), 5);
		enum desk_status to = (enum desk_status)rng_below(t_rng(), DESK_STATUSES);
		jv *before = dw_get(w, n);
		int from = desk_status_of(jv_get_str(before, "state"));
		int64_t events = (int64_t)jv_len(jv_get(before, "history"));
		bool may = desk_may_move((enum desk_status)from, to, role);
		int rc = move(w, n, to, "because", who[role]);
		jv *after = dw_get(w, n);
		int is = desk_status_of(jv_get_str(after, "state"));
		int64_t more = (int64_t)jv_len(jv_get(after, "history")) - events;
		jv_free(before);
		jv_free(after);
		if (from == (int)to) {
			EQ(rc, 0);
			EQ(more, 0);
		} else if (may) {
			EQ(rc, 0);
			EQ(is, to);
			CHECK(more == 1 || events == 1000);
		} else {
			CHECK(rc == ERR_STATE || rc == ERR_DENIED);
			EQ(is, from);
			EQ(more, 0);
		}
		if (k % 400 == 399)              /* the history shown is bounded */
			OK(dw_open(w, DESK_ENQUIRY, -1, "x", &w->mei, n));
	}
}

TEST(desk_moves_are_the_tables)
{
	dw_run(moves);
}

static void complaints_close(struct dw *w)
{
	char n[DESK_NUMBER];
	struct err e = { 0 };
	dw_at(w, when("2026-11-26T10:00:00+08:00"));
	OK(dw_open(w, DESK_COMPLAINT, -1, "x", &w->bot, n));
	OK(move(w, n, DESK_SOLVED, "new sofa sent", &w->mei));
	EQ(move(w, n, DESK_CLOSED, "", &w->mei), ERR_INVAL);     /* not without the word */
	EQ(desk_state(w->desk, w->db, sv_of(n), DESK_CLOSED, SV_NULL, &w->mei, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "customer's word");
	OK(move(w, n, DESK_CLOSED, "she said it is fine now", &w->mei));
	jv *t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "closed_by"), "customer_word");
	jv_free(t);
	OK(move(w, n, DESK_REOPENED, "broke again", &w->bot));
	OK(move(w, n, DESK_CLOSED, "never mind", &w->bot));
	t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "closed_by"), "withdrawn");
	jv_free(t);
	dw_at(w, w->now + 31 * CAL_DAY);                         /* past the 30 days */
	EQ(move(w, n, DESK_REOPENED, "again", &w->bot), ERR_STATE);
	EQ(move(w, n, DESK_REOPENED, "again", &w->mei), ERR_STATE);
	OK(move(w, n, DESK_REOPENED, "we look at it", &w->boss));
	EQ(move(w, "C99000001", DESK_WORKING, "", &w->mei), ERR_NOTFOUND);
}

TEST(desk_complaint_needs_the_customers_word)
{
	dw_run(complaints_close);
}

static void notes(struct dw *w)
{
	char n[DESK_NUMBER];
	struct err e = { 0 };
	dw_at(w, when("2026-11-26T10:00:00+08:00"));
	OK(dw_open(w, DESK_COMPLAINT, -1, "x", &w->bot, n));
	OK(desk_note(w->desk, w->db, sv_of(n), SV("inside only"), false, &w->mei, &e));
	jv *t = dw_get(w, n);
	CHECK(jv_is_null(jv_path(t, "clocks.0.ended_at")));      /* no answer to the customer yet */
	jv_free(t);
	OK(desk_note(w->desk, w->db, sv_of(n), SV("We look into it"), true, &w->mei, &e));
	t = dw_get(w, n);
	SV_EQ(jv_as_str(jv_path(t, "clocks.0.kind")), "first_response");
	CHECK(!jv_is_null(jv_path(t, "clocks.0.ended_at")));
	EQ(jv_as_int(jv_path(t, "clocks.1.round"), 0), 2);       /* the next update is due anew */
	jv_free(t);
	OK(move(w, n, DESK_PENDING_CUSTOMER, "which colour?", &w->mei));
	OK(desk_note(w->desk, w->db, sv_of(n), SV("blue"), true, &w->bot, &e));
	t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "state"), "open");
	jv_free(t);
	EQ(desk_note(w->desk, w->db, sv_of(n), SV("  "), true, &w->mei, &e), ERR_INVAL);
	struct sb b;                                             /* what the customer may see */
	sb_init(&b, 1u << 20);
	OK(desk_get(w->desk, w->db, sv_of(n), TOOL_CUSTOMER, w->now, NULL, &b));
	CHECK(sv_find(sb_sv(&b), SV("inside only")) < 0);
	HAS(sb_sv(&b), "We look into it");
	sb_done(&b);
	EQ(dw_count(w, "SELECT COUNT(*) FROM event WHERE body LIKE '%inside only%' OR body LIKE "
		       "'%blue%'"), 0);                          /* no words in the river */
}

TEST(desk_notes_answer_and_wake)
{
	dw_run(notes);
}

static int change(struct dw *w, const char *n, const char *json, int64_t version, struct err *e)
{
	jv *patch = jv_parse(sv_of(json), NULL);
	int rc = desk_change(w->desk, w->db, sv_of(n), patch, version, &w->mei, e);
	jv_free(patch);
	return rc;
}

static void changes(struct dw *w)
{
	char n[DESK_NUMBER], other[DESK_NUMBER];
	struct err e = { 0 };
	dw_at(w, when("2026-11-26T10:00:00+08:00"));
	OK(dw_open(w, DESK_AFTERSALE, -1, "lamp", &w->mei, n));
	OK(dw_open(w, DESK_ENQUIRY, -1, "other", &w->mei, other));
	OK(change(w, n, "{\"owner\":\"li\",\"category\":\"faulty/lamp\",\"severity\":\"high\"}", 1,
		  &e));
	jv *t = dw_get(w, n);
	SV_EQ(jv_get_str(t, "owner"), "li");
	SV_EQ(jv_get_str(t, "severity"), "high");
	EQ(jv_get_int(t, "priority", 0), 2);
	EQ(jv_get_int(t, "version", 0), 2);
	SV_EQ(jv_as_str(jv_path(t, "history.1.body.severity.to")), "high");
	jv_free(t);
	EQ(change(w, n, "{\"owner\":\"mei\"}", 1, &e), ERR_CONFLICT);
	OK(change(w, n, "{}", 0, &e));
	static const char *const bad[] = { "{\"ownr\":\"x\"}", "{\"severity\":\"huge\"}",
					   "{\"priority\":5}", "{\"owner\":7}",
					   "{\"type\":\"complaint\"}",
					   "{\"promised_at\":\"2020-01-01\"}" };
	for (size_t i = 0; i < 6; i++) {
		e.msg[0] = 0;
		EQ(change(w, n, bad[i], 0, &e), ERR_INVAL);
		CHECK(e.msg[0]);
	}
	OK(desk_link(w->desk, w->db, sv_of(n), SV("order"), SV("HH2026-100108"), &w->mei, &e));
	OK(desk_link(w->desk, w->db, sv_of(n), SV("order"), SV("HH2026-100108"), &w->mei, &e));
	OK(desk_link(w->desk, w->db, sv_of(n), SV("ticket"), sv_of(other), &w->mei, &e));
	EQ(desk_link(w->desk, w->db, sv_of(n), SV("ticket"), sv_of(n), &w->mei, &e), ERR_INVAL);
	EQ(desk_link(w->desk, w->db, sv_of(n), SV("ticket"), SV("T1"), &w->mei, &e), ERR_INVAL);
	EQ(desk_link(w->desk, w->db, sv_of(n), SV("planet"), SV("x"), &w->mei, &e), ERR_INVAL);
	t = dw_get(w, other);                                    /* from the other side too */
	SV_EQ(jv_as_str(jv_path(t, "links.0.ref")), n);
	jv_free(t);
	t = dw_get(w, n);
	EQ(jv_len(jv_get(t, "links")), 2);
	jv_free(t);
}

TEST(desk_changes_and_links)
{
	dw_run(changes);
}

/* ---- lists ---- */

static void fill(struct dw *w)
{
	static const char *const titles[] = { "沙发送货延误", "lamp does not light",
					      "Lieferung 沙发 坏了", "refund for the sofa",
					      "宽带不能上网" };
	char n[DESK_NUMBER];
	struct err e = { 0 };
	dw_at(w, when("2026-11-23T10:00:00+08:00"));
	for (int i = 0; i < 60; i++) {
		dw_at(w, w->now + CAL_HOUR);
		OK(dw_open(w, (enum desk_type)(i % DESK_TYPES), i % 7 ? -1 : DESK_HIGH,
			   titles[i % 5], &w->mei, n));
		if (i % 4 == 0)
			OK(move(w, n, DESK_SOLVED, "", &w->mei));
		if (i % 3 == 0)
			OK(change(w, n, "{\"owner\":\"li\",\"category\":\"delivery/late\"}", 0,
				  &e));
	}
}

static const struct { struct desk_query q; int n; } rows[] = {
	{ { .limit = 200 }, 60 },
	{ { .state = { "solved", 6 }, .limit = 200 }, 15 },
	{ { .state = { "live", 4 }, .limit = 200 }, 45 },
	{ { .type = { "complaint", 9 }, .limit = 200 }, 10 },
	{ { .severity = { "high", 4 }, .limit = 200 }, 9 },
	{ { .owner = { "li", 2 }, .limit = 200 }, 20 },
	{ { .owner = { "li", 2 }, .state = { "solved", 6 }, .limit = 200 }, 5 },
	{ { .category = { "delivery", 8 }, .limit = 200 }, 20 },
	{ { .category = { "deliver", 7 }, .limit = 200 }, 0 },
	{ { .text = { "沙发", 6 }, .limit = 200 }, 24 },
	{ { .text = { "SOFA", 4 }, .limit = 200 }, 12 },
	{ { .text = { "沙发 lieferung", 16 }, .limit = 200 }, 12 },
	{ { .text = { "沙发", 6 }, .state = { "solved", 6 }, .limit = 200 }, 6 },
	{ { .text = { "nothing", 7 }, .limit = 200 }, 0 },
	{ { .text = { "!!", 2 }, .limit = 200 }, 0 },
	{ { .text = { "C26000002", 9 }, .limit = 200 }, 1 },
	{ { .customer = { "c002", 4 }, .limit = 200 }, 0 },
};
/* Page by page it is the same. */
static int by_sevens(struct dw *w, struct desk_query q)
{
	char cursor[64] = "", last[DESK_NUMBER] = "";
	int seen = 0;
	q.limit = 7;
	do {
		q.cursor = sv_of(cursor);
		jv *l = dw_list(w, &q);
		const jv *items = jv_get(l, "items");
		sv id = jv_get_str(jv_at(items, 0), "id");
		if (jv_len(items) && sv_eq(id, sv_of(last)))
			return -1;
		seen += (int)jv_len(items);
		(void)snprintf(last, sizeof(last), SV_FMT, SV_ARG(id));
		(void)snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(l, "next")));
		jv_free(l);
	} while (cursor[0]);
	return seen;
}

static void lists(struct dw *w)
{
	fill(w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		jv *l = dw_list(w, &rows[i].q);
		int n = (int)jv_len(jv_get(l, "items"));
		jv_free(l);
		EQ(n, rows[i].n);
		EQ(by_sevens(w, rows[i].q), rows[i].n);
	}
	struct desk_query bad = { .cursor = SV("x"), .limit = 5 };
	CHECK(dw_list(w, &bad) == NULL);
	struct desk_query due = { .due_by_ms = w->now + 30 * CAL_DAY, .limit = 200 };
	jv *l = dw_list(w, &due);
	const jv *items = jv_get(l, "items");
	EQ(jv_len(items), 45);
	for (size_t i = 1; i < jv_len(items); i++)
		CHECK(sv_cmp(jv_get_str(jv_at(items, i - 1), "due_at"),
			     jv_get_str(jv_at(items, i), "due_at")) <= 0);
	jv_free(l);
}

TEST(desk_lists_filter_search_and_page)
{
	dw_run(lists);
}

static void board(struct dw *w)
{
	char n[DESK_NUMBER];
	struct sb b;
	dw_at(w, when("2026-11-24T10:00:00+08:00"));
	for (int i = 0; i < 60; i++)
		OK(dw_open(w, i % 2 ? DESK_COMPLAINT : DESK_ENQUIRY, -1, "x", &w->mei, n));
	OK(move(w, n, DESK_PENDING_CUSTOMER, "", &w->mei));
	sb_init(&b, 4u << 20);
	struct desk_board q = { .type = SV("complaint"), .now_ms = w->now };
	OK(desk_board(w->desk, w->db, &q, &b));
	jv *o = jv_parse(sb_sv(&b), NULL);
	SV_EQ(jv_as_str(jv_path(o, "columns.0.state")), "new");
	EQ(jv_as_int(jv_path(o, "columns.0.count"), 0), 29);
	EQ(jv_len(jv_path(o, "columns.0.items")), 29);
	EQ(jv_as_int(jv_path(o, "columns.3.count"), 0), 1);
	CHECK(jv_as_bool(jv_path(o, "columns.3.items.0.clocks.0.paused"), false));
	CHECK(!jv_as_bool(jv_path(o, "columns.0.items.0.clocks.0.paused"), true));
	jv_free(o);
	sb_reset(&b);
	q.type = SV_NULL;
	OK(desk_board(w->desk, w->db, &q, &b));
	o = jv_parse(sb_sv(&b), NULL);
	EQ(jv_as_int(jv_path(o, "columns.0.count"), 0), 59);
	EQ(jv_len(jv_path(o, "columns.0.items")), 50);           /* the most urgent */
	jv_free(o);
	sb_reset(&b);
	q.severity = SV("high");
	OK(desk_board(w->desk, w->db, &q, &b));
	o = jv_parse(sb_sv(&b), NULL);
	EQ(jv_as_int(jv_path(o, "columns.0.count"), -1), 0);
	jv_free(o);
	sb_done(&b);
}

TEST(desk_board_counts_and_clocks)
{
	dw_run(board);
}
