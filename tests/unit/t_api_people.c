/* Agents' sockets and orders, with the real queues and conversations behind: from the bot to
 * agents and back, races, a restart while somebody waits, a supervisor. */
#include "t_api_desk.h"

#include "api_people.h"
#include "guard_access.h"

/* Turns of agents that say that the words were suggested to them. */
static int suggested(const struct resp *r)
{
	const jv *items = jv_get(r->json, "items");
	int n = 0;
	for (size_t i = 0; i < jv_len(items); i++)
		n += sv_eq(jv_get_str(jv_at(items, i), "kind"), SV("turn.agent")) &&
		     jv_as_bool(jv_path(jv_at(items, i), "body.suggested"), false);
	return n;
}

TEST(api_people_from_the_bot_to_agents_and_back)
{
	struct aw w = { .queues = queues };
	struct desk mei = { 0 }, tom = { 0 };
	struct wsc c;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], h[27], line[200];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	CHECK(desk_open(&w, &mei, "agent", "mei", 0) && desk_open(&w, &tom, "agent", "tom", 0));
	const jv *hello = wsc_find(&mei.c, "hello", 0);
	CHECK(says(hello, "data.me.login", "mei") && says(hello, "data.me.extension", "1001"));
	CHECK(says(hello, "data.reasons.1", "lunch") && jv_len(jv_path(hello, "data.queues")) == 2);
	EQ(order(&w, &mei, "state", "{\"state\":\"ready\"}"), 200);
	start(&w, &c, id, token);
	write_text(&c, "m1", "I want to talk to a person please");
	CHECK(offered(&w, &mei, h));
	EQ(order_on(&w, &tom, "accept", h, id, ""), 409);       /* it is not his */
	EQ(order_on(&w, &tom, "note", h, id, ",\"text\":\"mine?\""), 403);
	EQ(order_on(&w, &mei, "accept", h, id, ""), 200);
	CHECK(wsc_wait(&w, &mei.c, "handover.accepted") && row(&w, &c, "handover.accepted", NULL));
	EQ(order_on(&w, &mei, "say", h, id,
		    ",\"text\":\"Good morning, Mei here\",\"client_id\":\"a1\""),
	   200);
	CHECK(row(&w, &c, "turn.agent", "Mei here"));
	EQ(order_on(&w, &mei, "check", h, id, ",\"item\":\"extra_mile\""), 200);
	EQ(order_on(&w, &mei, "check", h, id, ",\"item\":\"a\\\"b\""), 400);
	EQ(order_on(&w, &mei, "check", h, id, ""), 400);
	EQ(order_on(&w, &tom, "check", h, id, ",\"item\":\"extra_mile\""), 403);
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"您好\",\"translate\":true"), 503);
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"Hello\",\"translate\":true"), 200);
	CHECK(row(&w, &c, "turn.agent", "Hello"));
	write_text(&c, "m2", "My sofa came broken");
	CHECK(row(&w, &mei.c, "turn.customer", "sofa"));
	CHECK(wsc_wait(&w, &mei.c, "emotion.updated"));
	EQ(order_on(&w, &mei, "note", h, id, ",\"text\":\"sounds honest\""), 200);
	CHECK(row(&w, &mei.c, "note.agent", "honest"));
	EQ(order(&w, &tom, "state", "{\"state\":\"ready\"}"), 200);
	EQ(order_on(&w, &mei, "transfer", h, id, ",\"agent\":\"tom\",\"note\":\"sofa\""), 200);
	CHECK(offered(&w, &tom, h));
	EQ(order_on(&w, &tom, "accept", h, id, ""), 200);
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"still me\""), 403);
	EQ(order_on(&w, &tom, "say", h, id, ",\"text\":\"Tom now\",\"suggested\":true"), 200);
	CHECK(row(&w, &c, "turn.agent", "Tom now"));
	EQ(order_on(&w, &tom, "return", h, id, ",\"instruction\":\"tell the return window\""), 200);
	CHECK(row(&w, &c, "handover.returned", NULL) && wsc_wait(&w, &tom.c, "handover.returned"));
	/* what colleagues wrote and what the hand-over carries stays inside */
	EQ(events(&w, id, token, 0, &r), 200);
	CHECK(kinds(&r, "turn.agent") == 3 && kinds(&r, "note.agent") == 0);
	EQ(suggested(&r), 1);
	CHECK(sv_find(sb_sv(&r.body), SV("\"packet\"")) < 0);
	snprintf(line, sizeof(line), "GET /api/v1/handovers?conversation=%s", id);
	EQ(http(&w, line, aw_token_of(&w, "supervisor", "lin"), NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.state")), "RETURNED");
	resp_done(&r);
	wsc_close(&w, &mei.c);
	wsc_close(&w, &tom.c);
	wsc_close(&w, &c);
	aw_down(&w);
}

TEST(api_people_two_race_and_one_wraps_up)
{
	struct aw w = { .queues = queues };
	struct desk mei = { 0 }, tom = { 0 };
	struct wsc c;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], h[27], h2[27], line[200];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	CHECK(desk_open(&w, &mei, "agent", "mei", 0) && desk_open(&w, &tom, "agent", "tom", 0));
	EQ(order(&w, &mei, "state", "{\"state\":\"ready\"}"), 200);
	start(&w, &c, id, token);
	write_text(&c, "m1", "human agent please");
	CHECK(offered(&w, &mei, h));
	EQ(order(&w, &tom, "state", "{\"state\":\"ready\"}"), 200);
	EQ(order_on(&w, &mei, "accept", h, id, ""), 200);
	mei.c.from = mei.c.frames.n;
	EQ(order_on(&w, &mei, "transfer", h, id, ",\"queue\":\"all\""), 200);
	EQ(order(&w, &mei, "wrap", "{}"), 400);
	EQ(order_on(&w, &mei, "wrap", h, id, ",\"disposition\":\"other\",\"summary\":\"x\""), 200);
	CHECK(offered(&w, &mei, h) && offered(&w, &tom, h2));
	STR_EQ(h, h2);
	/* both accept: over REST and by frame */
	snprintf(line, sizeof(line), "POST /api/v1/handovers/%s/accept", h);
	int fd = http_send(&w, line, tom.token, NULL, SV("{}"));
	int a = order_on(&w, &mei, "accept", h, id, "");
	http_read(fd, &r);
	EQ(a + r.status, 200 + 409);
	struct desk *won = a == 200 ? &mei : &tom;
	EQ(order_on(&w, won, "end", h, id, ",\"survey\":false"), 200);
	CHECK(row(&w, &c, "conversation.closed", NULL));
	CHECK(wsc_wait(&w, &won->c, "handover.wrapup") || wsc_wait(&w, &won->c, "handover.ended"));
	EQ(order_on(&w, won, "wrap", h, id,
		    ",\"disposition\":\"solved\",\"summary\":\"done\",\"follow_ups\":[]"), 200);
	snprintf(line, sizeof(line), "GET /api/v1/handovers/%s", h);
	EQ(http(&w, line, won->token, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "ENDED");
	EQ(http(&w, line, won == &mei ? tom.token : mei.token, NULL, &r), 403);
	resp_done(&r);
	wsc_close(&w, &mei.c);
	wsc_close(&w, &tom.c);
	wsc_close(&w, &c);
	aw_down(&w);
}

TEST(api_people_restart_while_somebody_waits)
{
	struct aw w = { .queues = queues };
	struct desk mei = { 0 };
	struct wsc c, d;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], h[27], h2[27], frame[API_TOKEN_MAX + 160];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	start(&w, &c, id, token);
	write_text(&c, "m1", "I want to talk to a person please");
	CHECK(row(&w, &c, "handover.queued", NULL));
	aw_stop(&w);
	w.api = NULL;
	CHECK(wsc_gone(&w, &c));
	wsc_close(&w, &c);
	CHECK(aw_up(&w) && desk_open(&w, &mei, "agent", "mei", 0));
	EQ(order(&w, &mei, "state", "{\"state\":\"ready\"}"), 200);
	CHECK(offered(&w, &mei, h));
	/* nobody has the conversation in memory: it is loaded for the agent */
	EQ(order_on(&w, &mei, "accept", h, id, ""), 200);
	CHECK(wsc_wait(&w, &mei.c, "handover.accepted"));
	CHECK(row(&w, &mei.c, "handover.accepted", NULL));
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"sorry for the wait\""), 200);
	CHECK(wsc_open(&w, &d, "/ws/chat"));
	snprintf(frame, sizeof(frame),
		 "{\"op\":\"session.resume\",\"data\":{\"id\":\"%s\",\"token\":\"%s\","
		 "\"after\":0}}", id, token);
	wsc_send(&d, frame);
	CHECK(row(&w, &d, "turn.agent", "sorry"));
	write_text(&d, "m2", "at last");
	CHECK(row(&w, &mei.c, "turn.customer", "at last"));
	/* and another restart while she serves: hello has it, the words go on */
	aw_stop(&w);
	w.api = NULL;
	CHECK(wsc_gone(&w, &mei.c) && wsc_gone(&w, &d));
	wsc_close(&w, &mei.c);
	wsc_close(&w, &d);
	CHECK(aw_up(&w) && desk_open(&w, &mei, "agent", "mei", 0));
	const jv *hello = wsc_find(&mei.c, "hello", 0);
	EQ(jv_len(jv_path(hello, "data.work")), 1);
	snprintf(h2, sizeof(h2), SV_FMT, SV_ARG(jv_as_str(jv_path(hello, "data.work.0.id"))));
	STR_EQ(h2, h);
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"here I am again\""), 200);
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "turn.agent"), 2);
	EQ(kinds(&r, "handover.queued") >= 1, 1);
	resp_done(&r);
	wsc_close(&w, &mei.c);
	aw_down(&w);
}

TEST(api_people_supervisor_sees_sets_and_takes_over)
{
	struct aw w = { .queues = queues };
	struct desk mei = { 0 }, lin = { 0 };
	struct wsc c, board;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], h[27], path[API_TOKEN_MAX + 64];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	CHECK(desk_open(&w, &mei, "agent", "mei", 0));
	CHECK(desk_open(&w, &lin, "supervisor", "lin", 0));
	snprintf(path, sizeof(path), "/ws/supervisor?token=%s", lin.token);
	CHECK(wsc_open(&w, &board, path));
	CHECK(wsc_wait(&w, &board, "queue.realtime") && wsc_wait(&w, &board, "agent.realtime"));
	EQ(http(&w, "PUT /api/v1/agents/tom/state", mei.token, "{\"state\":\"ready\"}", &r), 403);
	EQ(http(&w, "PUT /api/v1/agents/mei/state", lin.token,
		"{\"state\":\"ready\",\"reason\":\"\"}", &r), 200);
	CHECK(wsc_wait(&w, &mei.c, "agent.state"));
	CHECK(wsc_wait(&w, &board, "agent.state"));
	start(&w, &c, id, token);
	write_text(&c, "m1", "I want to talk to a person please");
	CHECK(offered(&w, &mei, h));
	EQ(order_on(&w, &mei, "accept", h, id, ""), 200);
	EQ(order_on(&w, &mei, "takeover", h, id, ""), 403);
	EQ(order_on(&w, &mei, "monitor", h, id, ""), 403);
	write_text(&c, "m2", "This is outrageous, you are useless and I am furious!!!");
	const jv *alert = wsc_wait(&w, &board, "alert.raised");
	CHECK(says(alert, "data.kind", "customer_angry") && says(alert, "data.agent", "mei"));
	EQ(order_on(&w, &lin, "monitor", h, id, ",\"line\":\"web\""), 501);     /* no call */
	EQ(order_on(&w, &lin, "takeover", h, id, ""), 200);
	CHECK(wsc_wait(&w, &lin.c, "handover.accepted"));
	EQ(order_on(&w, &lin, "say", h, id, ",\"text\":\"Lin, the supervisor\""), 200);
	CHECK(row(&w, &c, "turn.agent", "supervisor"));
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"and I\""), 403);
	resp_done(&r);
	wsc_close(&w, &mei.c);
	wsc_close(&w, &lin.c);
	wsc_close(&w, &board);
	wsc_close(&w, &c);
	aw_down(&w);
}

static int count_of(struct aw *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int n = -1;
	if (store_flush(w->store) || store_reader(w->store, &db) || store_prep(db, &q, sql))
		return n;
	if (store_step(q) == 1)
		n = (int)store_col_int(q, 0);
	store_reset(q);
	return n;
}

/* The bot alone serves the chat: the customer hears who is there, the river who took it. */
TEST(api_people_supervisor_takes_a_chat_from_the_bot)
{
	struct aw w = { .queues = queues };
	struct desk lin = { 0 };
	struct wsc c;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[120];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	CHECK(desk_open(&w, &lin, "supervisor", "lin", 0));
	start(&w, &c, id, token);
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/takeover", id);
	EQ(http(&w, line, aw_token_of(&w, "agent", "mei"), "{}", &r), 403);
	EQ(http(&w, line, lin.token, "{}", &r), 200);
	CHECK(wsc_wait(&w, &lin.c, "handover.accepted"));
	CHECK(row(&w, &c, "handover.accepted", NULL) &&
	      row(&w, &c, "turn.bot", "now talking with"));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/say", id);
	EQ(http(&w, line, lin.token, "{\"text\":\"I have read it all\"}", &r), 200);
	CHECK(row(&w, &c, "turn.agent", "read it all"));
	snprintf(line, sizeof(line), "GET /api/v1/handovers?conversation=%s", id);
	EQ(http(&w, line, lin.token, NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.agent")), "lin");
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.reason")), "taken");
	EQ(count_of(&w, "SELECT count(*) FROM event WHERE kind='audit.asked' AND "
			"actor='user:lin' AND body LIKE '%handover.take%'"), 1);
	/* one that is over, one that never was */
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "{}", &r), 200);
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/takeover", id);
	EQ(http(&w, line, lin.token, "{}", &r), 404);
	EQ(http(&w, "POST /api/v1/conversations/01ARZ3NDEKTSV4RRFFQ69G5FAV/takeover", lin.token,
		"{}", &r), 404);
	resp_done(&r);
	wsc_close(&w, &lin.c);
	wsc_close(&w, &c);
	aw_down(&w);
}

/* What is a colleague's, or a supervisor's, is not an agent's to move. */
TEST(api_people_hands_off_what_is_anothers)
{
	struct aw w = { .queues = queues };
	struct desk mei = { 0 }, tom = { 0 }, lin = { 0 };
	struct wsc c;
	char id[27], token[API_TOKEN_MAX], h[27];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	CHECK(desk_open(&w, &mei, "agent", "mei", 0) && desk_open(&w, &tom, "agent", "tom", 0));
	CHECK(desk_open(&w, &lin, "supervisor", "lin", 0));
	EQ(order(&w, &tom, "state", "{\"state\":\"paused\",\"reason\":\"break\"}"), 200);
	EQ(order(&w, &mei, "state", "{\"state\":\"ready\"}"), 200);
	start(&w, &c, id, token);
	write_text(&c, "m1", "human agent please");
	CHECK(offered(&w, &mei, h));
	EQ(order_on(&w, &tom, "transfer", h, id, ",\"agent\":\"tom\""), 409);
	EQ(order_on(&w, &mei, "accept", h, id, ""), 200);
	CHECK(row(&w, &c, "handover.accepted", NULL));
	const jv *got = wsc_wait(&w, &mei.c, "handover.accepted");
	const struct api_agent *g = api_agent_find(w.api, SV("mei"));
	int64_t seq = jv_get_int(got, "seq", 0);
	CHECK(seq && !api_agent_lost(g, seq, sv_of(id)) && api_agent_lost(g, 1, sv_of(id)));
	EQ(order_on(&w, &mei, "drop", h, id, ",\"party\":\"super:lin\""), 403);
	EQ(order_on(&w, &mei, "merge", h, id, ",\"party\":\"super:lin\""), 403);
	EQ(order_on(&w, &mei, "mute", h, id, ",\"party\":\"super:lin\""), 403);
	EQ(order_on(&w, &lin, "drop", h, id, ",\"party\":\"super:lin\""), 501);     /* no call */
	EQ(order_on(&w, &mei, "end", h, id, ",\"survey\":false"), 200);
	/* a hello that was read before that must not bring it back */
	CHECK(wsc_wait(&w, &mei.c, "handover.ended"));
	CHECK(api_agent_lost(g, seq, sv_of(id)) && !api_agent_lost(g, seq, SV("another")));
	EQ(order_on(&w, &tom, "wrap", h, id, ",\"disposition\":\"spam\""), 409);
	EQ(order_on(&w, &mei, "wrap", h, id, ",\"disposition\":\"solved\""), 200);
	wsc_close(&w, &mei.c);
	wsc_close(&w, &tom.c);
	wsc_close(&w, &lin.c);
	wsc_close(&w, &c);
	aw_down(&w);
}

static void party_row(struct aw *w, const char *id, const char *party, const char *mode)
{
	char text[200];
	snprintf(text, sizeof(text),
		 "{\"body\":{\"id\":\"%s\",\"step\":\"joined\",\"mode\":\"%s\"}}", party, mode);
	jv *row = jv_parse(sv_of(text), NULL);
	api_call_row(w->api, sv_of(id), row);
	jv_free(row);
}

/* A take-over that did not come about is forgotten: who listens later has taken nothing; and who
 * was only asked does not take the call for themselves. */
TEST(api_people_who_listens_has_not_taken_over)
{
	struct aw w = { .queues = queues };
	struct desk mei = { 0 }, tom = { 0 }, lin = { 0 };
	struct wsc c;
	char id[27], token[API_TOKEN_MAX], h[27];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	CHECK(desk_open(&w, &mei, "agent", "mei", 0) && desk_open(&w, &tom, "agent", "tom", 0));
	CHECK(desk_open(&w, &lin, "supervisor", "lin", 0));
	EQ(order(&w, &mei, "state", "{\"state\":\"ready\"}"), 200);
	start(&w, &c, id, token);
	write_text(&c, "m1", "human agent please");
	CHECK(offered(&w, &mei, h));
	EQ(order_on(&w, &mei, "accept", h, id, ""), 200);
	CHECK(wsc_wait(&w, &mei.c, "handover.accepted"));
	struct api_served *x = api_served(w.api, sv_of(id));
	CHECK(x != NULL);
	x->voice = true;                     /* as of a call */
	EQ(order_on(&w, &lin, "takeover", h, id, ""), 400);     /* no telephone of hers */
	party_row(&w, id, "super:lin", "listens");
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"still Mei\""), 200);
	CHECK(row(&w, &c, "turn.agent", "still Mei"));
	party_row(&w, id, "consult:tom", "consults");
	EQ(order_on(&w, &tom, "transfer", h, id, ",\"warm\":true,\"agent\":\"tom\""), 409);
	CHECK(api_serves(w.api, sv_of(id), SV("mei")));
	/* to whom it is not Tom's, whoever is in the call; and a number outside is no user */
	EQ(order_on(&w, &mei, "transfer", h, id, ",\"warm\":true,\"agent\":\"bob\""), 400);
	EQ(order_on(&w, &mei, "transfer", h, id, ",\"warm\":true,\"to\":\"1003\""), 501);
	party_row(&w, id, "consult:out", "consults");
	CHECK(!api_serves(w.api, sv_of(id), SV("out")));
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"Mei yet\""), 200);
	EQ(order_on(&w, &mei, "transfer", h, id, ",\"warm\":true,\"agent\":\"tom\""), 200);
	EQ(order_on(&w, &tom, "say", h, id, ",\"text\":\"Tom now\""), 200);
	EQ(order_on(&w, &mei, "say", h, id, ",\"text\":\"and I\""), 403);
	wsc_close(&w, &mei.c);
	wsc_close(&w, &tom.c);
	wsc_close(&w, &lin.c);
	wsc_close(&w, &c);
	aw_down(&w);
}

/* A role that a company made for listening in needs no permission to take over. */
TEST(api_people_listens_with_that_permission_alone)
{
	static const char yaml[] = "roles:\n"
				   "  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
				   "  - id: ear\n    title: {zh: 耳, en: Ear}\n"
				   "    may: [call.monitor, conversation.say]\n";
	static const char *const orders[] = { "monitor", "whisper", "barge", "say" };
	struct aw w = { .queues = queues };
	struct cfg_report rep = { 0 };
	struct resp r = { 0 };
	struct wsc c;
	char id[27], token[API_TOKEN_MAX], line[120];
	EQ(guard_access_new(&w.o.access, sv_of(yaml), "roles.yaml", &rep), 0);
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	start(&w, &c, id, token);
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/%s", id, orders[i]);
		/* it is no call; and speaking to the customer is for who serves them */
		EQ(http(&w, line, aw_token(&w, "ear"), "{\"line\":\"web\",\"text\":\"x\"}", &r),
		   i < 3 ? 501 : 403);
	}
	resp_done(&r);
	wsc_close(&w, &c);
	aw_down(&w);
	obj_unref(w.o.access);
	cfg_report_done(&rep);
}

/* n events of that many bytes for mei. */
static void feed(struct aw *w, int n, size_t bytes)
{
	struct sb b;
	sb_init(&b, 4u << 20);
	sb_cstr(&b, "{\"handover\":\"");
	while (b.n + 2 < bytes)
		sb_ch(&b, 'x');
	sb_cstr(&b, "\"}");
	for (int i = 0; i < n; i++)
		api_people_feed(w->api, "handover.revoked", SV("mei"), sb_sv(&b));
	sb_done(&b);
}

/* Comes again until what was fed is in the ring: meanwhile it may be told that too much happens. */
static bool comes_again(struct aw *w, struct desk *d, int64_t after)
{
	for (int i = 0; i < 50; i++) {
		if (desk_open(w, d, "agent", "mei", after))
			return true;
		wsc_close(w, &d->c);
	}
	return false;
}

static bool eight_there(void *arg)
{
	const struct wsc *c = arg;
	int n = 0;
	for (size_t i = 0; i < c->frames.n; i++)
		n += sv_eq(jv_get_str(c->frames.v[i], "type"), SV("handover.revoked"));
	return c->closed || n >= 8;
}

static int64_t last_seq(const struct wsc *c, int64_t seq)
{
	for (size_t i = 0; i < c->frames.n; i++) {
		int64_t one = jv_get_int(c->frames.v[i], "seq", 0);
		seq = one > seq ? one : seq;
	}
	return seq;
}

/* Whoever comes again gets what they lack; when that is more than a socket holds they get told to
 * read it instead of being closed, and closed again. */
TEST(api_people_resumes_what_a_socket_holds)
{
	static const struct {
		int n;
		size_t bytes;
	} much[] = { { 21, 50000 }, { 1, 1100000 } };
	struct aw w = { .queues = queues };
	struct desk mei = { 0 };
	CHECK(aw_up(&w) && desk_open(&w, &mei, "agent", "mei", 0));
	int64_t after = jv_get_int(wsc_find(&mei.c, "hello", 0), "seq", 0);
	wsc_close(&w, &mei.c);
	feed(&w, 8, 50000);
	CHECK(after && comes_again(&w, &mei, after));
	CHECK(jv_as_bool(jv_path(wsc_find(&mei.c, "hello", 0), "data.resumed"), false));
	CHECK(t_wait(w.loop, eight_there, &mei.c, 15000) && !mei.c.closed);
	for (int i = 0; i < 2; i++) {
		after = last_seq(&mei.c, after);
		wsc_close(&w, &mei.c);
		feed(&w, much[i].n, much[i].bytes);
		CHECK(comes_again(&w, &mei, after));
		CHECK(!jv_as_bool(jv_path(wsc_find(&mei.c, "hello", 0), "data.resumed"), true));
		EQ(order(&w, &mei, "state", "{\"state\":\"ready\"}"), 200);
	}
	api_drain(w.api);
	bool why = false;            /* the door hears of it a moment later */
	for (int k = 0; k < 100 && !why; k++) {
		EQ(order(&w, &mei, "call", "{\"to\":\"1003\",\"line\":\"web\"}"), 503);
		for (size_t i = 0; i < mei.c.frames.n; i++)
			why |= sv_find(jv_get_str(mei.c.frames.v[i], "detail"),
				       SV("about to stop")) >= 0;
	}
	CHECK(why);
	wsc_close(&w, &mei.c);
	aw_down(&w);
}
