/* t_hook_cdr.c: one record of each interaction, when it is over and wrapped up. */
#include "t_hook_help.h"

#define T0 "1767225600000"           /* 2026-01-01T00:00:00Z */

/* A row of the conversation, s seconds after its start. */
static bool row(struct hw *w, int seq, int s, const char *kind, const char *body)
{
	const struct store_event ev = { .conversation = SV(CONV), .seq = seq,
					.ts_ms = 1767225600000 + s * INT64_C(1000),
					.kind = sv_of(kind), .actor = SV("system"),
					.body = sv_of(body) };
	return store_append(w->store, &ev, NULL, NULL, NULL) == 0 && store_flush(w->store) == 0;
}

#define OPEN \
	"INSERT INTO conversation (id, interaction_id, channel, language, started_ms, " \
	"last_ms, turns) " \
	"VALUES ('" CONV "','i1','phone','en'," T0 "," T0 ",4)"
#define CLOSE(by) \
	"UPDATE conversation SET state='closed', end_by='" by "', ended_ms=" T0 "+100000, " \
	"recording='recordings/x.wav'"
#define HANDOVER \
	"INSERT INTO handover (id, conversation, queue, media, state, live, since_ms, " \
	"ended_ms, hold_ms, " \
	"wrap) VALUES ('h1','" CONV "','returns','voice','ENDED',0," T0 "," T0 "+95000,5000," \
	"'{\"disposition\":\"refund_given\"}')"

struct got {
	int n;
	jv *v;
};

static int take(void *arg, int64_t ended_ms, sv conversation, jv *record)
{
	struct got *g = arg;
	g->n++;
	jv_free(g->v);
	g->v = jv_copy(record);
	return 0;
}

static jv *cdr(struct hw *w, int *ret_n)
{
	struct store_db *db;
	struct got g = { 0 };
	const struct hook_cdr_query all = { .to = INT64_MAX, .limit = 10 };
	if (store_reader(w->store, &db) == 0)
		(void)hook_cdrs(db, &all, take, &g);
	*ret_n = g.n;
	return g.v;
}

TEST(hook_cdr_of_a_call_with_a_person)
{
	struct hw w = { 0 };
	int n;

	CHECK(hw_up(&w) && hw_exec(&w, OPEN));
	CHECK(row(&w, 1, 10, "handover", "{}") && row(&w, 2, 11, "handover.queued", "{}"));
	CHECK(row(&w, 3, 31, "handover.accepted", "{\"agent\":\"mei\"}"));
	CHECK(row(&w, 4, 51, "handover.queued", "{}"));
	CHECK(row(&w, 5, 55, "handover.accepted", "{\"agent\":\"tom\"}"));
	CHECK(row(&w, 6, 95, "handover.ended", "{}"));
	CHECK(hw_exec(&w, HANDOVER) && hw_exec(&w, CLOSE("agent")));
	CHECK(row(&w, 7, 100, "conversation.closed", "{\"by\":\"agent\"}"));
	/* looked at and not wrapped up: no record yet */
	CHECK(hw_wait(&w, "SELECT v+0 FROM kv WHERE k='hook/cdr'",
		      hw_number(&w, "SELECT max(pos) FROM event")));
	EQ(hw_number(&w, "SELECT count(*) FROM cdr"), 0);
	CHECK(hw_exec(&w, "UPDATE handover SET wrapped_ms=" T0 "+120000"));
	CHECK(hw_event(&w, "queue.wrapped", 0, "{\"conversation\":\"" CONV "\"}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM event WHERE kind='interaction.ended'", 1));
	jv *o = cdr(&w, &n);
	EQ(n, 1);
	SV_EQ(jv_get_str(o, "interaction_id"), "i1");
	SV_EQ(jv_get_str(o, "direction"), "inbound");
	SV_EQ(jv_get_str(o, "started_at"), "2026-01-01T00:00:00.000Z");
	SV_EQ(jv_get_str(o, "queue"), "returns");
	SV_EQ(jv_get_str(o, "end_reason"), "agent_ended");
	SV_EQ(jv_as_str(jv_path(o, "agents.1")), "tom");
	SV_EQ(jv_as_str(jv_path(o, "dispositions.0")), "refund_given");
	SV_EQ(jv_get_str(o, "recording"), "recordings/x.wav");
	EQ(jv_get_int(o, "duration_ms", 0), 100000);
	EQ(jv_get_int(o, "queue_wait_ms", 0), 20000 + 4000);
	EQ(jv_get_int(o, "talk_ms", 0), 20000 + 40000 - 5000);
	EQ(jv_get_int(o, "hold_ms", 0), 5000);
	EQ(jv_get_int(o, "wrap_up_ms", 0), 25000);
	EQ(jv_get_int(o, "transfers", 0), 1);
	CHECK(!jv_get_bool(o, "contained", true));
	CHECK(jv_is_null(jv_get(o, "csat")));
	jv_free(o);
	/* an opinion that comes later is in what is read */
	CHECK(hw_exec(&w, "INSERT INTO survey (conversation, kind, asked_ms, answered_ms, value) "
			  "VALUES ('" CONV "','csat',1,2,5)"));
	o = cdr(&w, &n);
	EQ(jv_get_int(o, "csat", 0), 5);
	jv_free(o);
	hw_down(&w);
}

TEST(hook_cdr_once_also_after_a_restart)
{
	struct hw w = { 0 };
	int n;

	CHECK(hw_up(&w) && hw_exec(&w, OPEN) && row(&w, 1, 5, "turn.customer", "{}"));
	CHECK(hw_exec(&w, CLOSE("customer")) && row(&w, 2, 100, "conversation.closed", "{}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM cdr", 1));
	hook_stop(w.hook);
	CHECK(hw_exec(&w, "UPDATE kv SET v='0' WHERE k='hook/cdr'"));
	store_close(w.store);
	hook_close(w.hook);
	CHECK(hw_up(&w));
	/* even when the river is read from the beginning */
	CHECK(hw_event(&w, "queue.wrapped", 0, "{\"conversation\":\"" CONV "\"}"));
	CHECK(hw_wait(&w, "SELECT v+0 FROM kv WHERE k='hook/cdr'",
		      hw_number(&w, "SELECT max(pos) FROM event")));
	EQ(hw_number(&w, "SELECT count(*) FROM event WHERE kind='interaction.ended'"), 1);
	jv *o = cdr(&w, &n);
	EQ(n, 1);
	CHECK(jv_get_bool(o, "contained", false));
	SV_EQ(jv_get_str(o, "end_reason"), "customer_left");
	jv_free(o);
	hw_down(&w);
}

/* The queue hears of it after the conversation has ended, and says whether it was an abandon. */
TEST(hook_cdr_of_who_gave_up_waiting)
{
	struct hw w = { 0 };
	int n;

	CHECK(hw_up(&w) && hw_exec(&w, OPEN) && row(&w, 1, 40, "handover.queued", "{}"));
	CHECK(hw_exec(&w, "INSERT INTO handover (id, conversation, queue, media, state, live, "
			  "since_ms) VALUES ('h1','" CONV "','returns','voice','QUEUED',1," T0
			  ")"));
	CHECK(hw_exec(&w, CLOSE("customer")) && row(&w, 2, 100, "conversation.closed", "{}"));
	CHECK(hw_wait(&w, "SELECT v+0 FROM kv WHERE k='hook/cdr'",
		      hw_number(&w, "SELECT max(pos) FROM event")));
	EQ(hw_number(&w, "SELECT count(*) FROM cdr"), 0);
	CHECK(hw_exec(&w, "UPDATE handover SET live=0, state='FAILED', why='abandoned'"));
	CHECK(hw_event(&w, "queue.left", 0, "{\"conversation\":\"" CONV "\"}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM cdr", 1));
	jv *o = cdr(&w, &n);
	SV_EQ(jv_get_str(o, "end_reason"), "abandoned");
	EQ(jv_get_int(o, "queue_wait_ms", 0), 60000);
	CHECK(!jv_get_bool(o, "contained", true));
	jv_free(o);
	hw_down(&w);
}

/* What does not fit is no half record, and what comes after it goes on. */
TEST(hook_cdr_too_large)
{
	struct hw w = { 0 };

	CHECK(hw_up(&w) && hw_exec(&w, OPEN) && hw_exec(&w, HANDOVER));
	CHECK(hw_exec(&w, "UPDATE handover SET wrapped_ms=" T0 "+120000, "
			  "wrap='{\"disposition\":\"' || hex(zeroblob(600000)) || '\"}'"));
	CHECK(hw_exec(&w, CLOSE("agent")) && row(&w, 1, 100, "conversation.closed", "{}"));
	CHECK(hw_wait(&w, "SELECT v+0 FROM kv WHERE k='hook/cdr'",
		      hw_number(&w, "SELECT max(pos) FROM event")));
	EQ(hw_number(&w, "SELECT count(*) FROM cdr"), 0);
	EQ(hw_number(&w, "SELECT count(*) FROM event WHERE kind='interaction.ended'"), 0);
	hw_down(&w);
}

/* One whole interaction of these rows, closed by the customer. */
static jv *record_of(struct hw *w, const char *kind, const char *body, const char *why)
{
	char sql[256];
	int n;
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO handover (id, conversation, queue, media, state, live, why, "
		       "since_ms) VALUES ('h1','" CONV "','returns','voice','FAILED',0,'%s',1)",
		       why);
	bool good = hw_up(w) && hw_exec(w, OPEN) && (!kind || row(w, 1, 5, kind, body)) &&
		    (!why[0] || hw_exec(w, sql)) && hw_exec(w, CLOSE("customer")) &&
		    row(w, 2, 100, "conversation.closed", "{}") &&
		    hw_wait(w, "SELECT count(*) FROM cdr", 1);
	jv *o = good ? cdr(w, &n) : NULL;
	hw_down(w);
	return o;
}

/* As the reports have it: the customer spoke, and no person was asked for or spoke. */
TEST(hook_cdr_contained_and_abandoned_as_in_reports)
{
	static const struct {
		const char *kind, *body, *why, *reason;
		bool contained;
	} rows[] = {
		{ "turn.customer", "{}", "", "customer_left", true },
		{ NULL, NULL, "", "customer_left", false },
		{ "turn.agent", "{}", "", "customer_left", false },
		{ "call.transfer", "{\"state\":\"asked\"}", "", "customer_left", false },
		{ "handover", "{}", "short_abandoned", "short_abandoned", false },
		{ "handover", "{}", "callback", "customer_left", false },
		{ "handover", "{}", "timeout", "customer_left", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hw w = { 0 };
		(void)snprintf(w.dir, sizeof(w.dir), "%s/%zu", t_tmpdir(), i);
		jv *o = record_of(&w, rows[i].kind, rows[i].body, rows[i].why);
		SV_EQ(jv_get_str(o, "end_reason"), rows[i].reason);
		EQ(jv_get_bool(o, "contained", !rows[i].contained), rows[i].contained);
		jv_free(o);
	}
}

/* The rows of a placed call stand under the call's own id; one of them names the conversation. */
TEST(hook_cdr_of_a_call_that_was_placed)
{
	static const char other[] = "01ARZ3NDEKTSV4RRFFQ69G5FAX";
	struct hw w = { 0 };
	const struct store_event of_another = {
		.conversation = SV("01ARZ3NDEKTSV4RRFFQ69G5FAY"), .seq = 1,
		.ts_ms = 1767225600000, .kind = SV("outbound.human"), .actor = SV("system"),
		.body = SV("{\"conversation_id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAZ\"}")
	};
	const struct store_event ours = {
		.conversation = sv_of(other), .seq = 4, .ts_ms = 1767225600020,
		.kind = SV("outbound.human"), .actor = SV("system"),
		.body = SV("{\"state\":\"human\",\"conversation_id\":\"" CONV "\"}")
	};
	for (int placed = 0; placed < 2; placed++) {
		int n;
		(void)snprintf(w.dir, sizeof(w.dir), "%s/%d", t_tmpdir(), placed);
		CHECK(hw_up(&w) && hw_exec(&w, OPEN));
		OK(store_append(w.store, &of_another, NULL, NULL, NULL));
		if (placed)
			OK(store_append(w.store, &ours, NULL, NULL, NULL));
		CHECK(hw_exec(&w, CLOSE("customer")));
		CHECK(row(&w, 2, 100, "conversation.closed", "{}"));
		CHECK(hw_wait(&w, "SELECT count(*) FROM cdr", 1));
		jv *o = cdr(&w, &n);
		SV_EQ(jv_get_str(o, "direction"), placed ? "outbound" : "inbound");
		jv_free(o);
		hw_down(&w);
	}
}
