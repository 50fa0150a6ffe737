/* Tickets over REST: open, list, one, change, note, move, link, board; who may; bad input. */
#include "t_api_world.h"
#include "desk.h"

static struct desk *rules(void)
{
	struct desk *d = NULL;
	char path[512];
	struct sb b;
	sb_init(&b, 1u << 20);
	snprintf(path, sizeof(path), "%s/demo/calendars.yaml", t_srcdir());
	if (file_read(path, 1u << 20, &b, NULL) == 0)
		(void)desk_new(&d, sb_sv(&b), "calendars.yaml", NULL, NULL);
	sb_done(&b);
	return d;
}

static bool up(struct aw *w)
{
	*w = (struct aw){ 0 };
	w->o.desk = rules();
	return w->o.desk && aw_up(w);
}

static void down(struct aw *w)
{
	aw_down(w);
	obj_unref((void *)(uintptr_t)w->o.desk);
}

static const char COMPLAINT[] = "{\"type\":\"complaint\",\"category\":\"delivery/"
				"late\",\"facts\":{\"what\":\"sofa is late\","
				"\"wants\":\"money\"}}";

static int post(struct aw *w, const char *path, const char *token, const char *body, struct resp *r)
{
	char line[160];
	snprintf(line, sizeof(line), "POST /api/v1/tickets%s", path);
	return http(w, line, token, body, r);
}

TEST(api_ticket_from_open_to_closed)
{
	struct aw w;
	struct resp r = { 0 };
	CHECK(up(&w));
	const char *agent = aw_token(&w, "agent");
	EQ(post(&w, "", agent, COMPLAINT, &r), 201);
	sv id = jv_get_str(r.json, "id");
	CHECK(id.n == 9 && id.p[0] == 'C');
	HAS(sb_sv(&r.head), "Location: /api/v1/tickets/C");
	HAS(sb_sv(&r.head), "ETag: \"1\"");
	char n[32], line[160];
	snprintf(n, sizeof(n), "/" SV_FMT, SV_ARG(id));
	SV_EQ(jv_get_str(r.json, "title"), "sofa is late");
	EQ(jv_len(jv_get(r.json, "clocks")), 3);
	CHECK(jv_get_str(r.json, "promised_at").n > 0);
	snprintf(line, sizeof(line), "PATCH /api/v1/tickets%s", n);
	EQ(http_with(&w, line, agent, "If-Match: \"1\"\r\n",
		     "{\"owner\":\"mei\",\"facts\":{\"fault\":\"carrier\"}}", &r), 200);
	SV_EQ(jv_get_str(r.json, "owner"), "mei");
	SV_EQ(jv_as_str(jv_path(r.json, "facts.fault")), "carrier");
	EQ(http_with(&w, line, agent, "If-Match: \"1\"\r\n", "{\"owner\":\"li\"}", &r), 412);
	CHECK(is_problem(&r));
	snprintf(line, sizeof(line), "%s/notes", n);
	EQ(post(&w, line, agent, "{\"text\":\"we look into it\",\"public\":true}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "clocks.0.kind")), "first_response");
	CHECK(!jv_is_null(jv_path(r.json, "clocks.0.ended_at")));
	snprintf(line, sizeof(line), "%s/link", n);
	EQ(post(&w, line, agent, "{\"kind\":\"order\",\"ref\":\"HH2026-100108\"}", &r), 200);
	EQ(jv_len(jv_get(r.json, "links")), 1);
	snprintf(line, sizeof(line), "%s/state", n);
	EQ(post(&w, line, agent, "{\"state\":\"solved\",\"why\":\"a voucher\"}", &r), 200);
	EQ(post(&w, line, agent, "{\"state\":\"closed\"}", &r), 400);    /* without the word */
	HAS(jv_get_str(r.json, "detail"), "customer's word");
	EQ(post(&w, line, agent, "{\"state\":\"open\"}", &r), 409);
	HAS(jv_get_str(r.json, "detail"), "possible: closed, reopened");
	EQ(post(&w, line, agent, "{\"state\":\"closed\",\"why\":\"she is content\"}", &r), 200);
	SV_EQ(jv_get_str(r.json, "closed_by"), "customer_word");
	CHECK(jv_len(jv_get(r.json, "history")) >= 7);
	resp_done(&r);
	down(&w);
}

TEST(api_ticket_list_and_board)
{
	struct aw w;
	struct resp r = { 0 };
	CHECK(up(&w));
	const char *agent = aw_token(&w, "agent");
	for (int i = 0; i < 5; i++)
		EQ(post(&w, "", agent, COMPLAINT, &r), 201);
	EQ(post(&w, "", agent,
		"{\"type\":\"lead\",\"title\":\"wants 40 chairs\",\"owner\":\"tester\"}", &r),
	   201);
	EQ(http(&w, "GET /api/v1/tickets?limit=4", agent, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 4);
	char line[200];
	snprintf(line, sizeof(line), "GET /api/v1/tickets?limit=4&cursor=" SV_FMT,
		 SV_ARG(jv_get_str(r.json, "next")));
	EQ(http(&w, line, agent, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	CHECK(jv_is_null(jv_get(r.json, "next")));
	static const struct {
		const char *args;
		int n;
	} rows[] = {
		{ "type=complaint", 5 },
		{ "type=lead&state=new", 1 },
		{ "q=sofa", 5 },
		{ "q=CHAIRS", 1 },
		{ "owner=me", 1 },
		{ "due=late", 0 },
		{ "due=30d", 6 },
		{ "severity=critical", 0 },
		{ "state=live&category=delivery", 5 },
		{ "customer=x", 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(line, sizeof(line), "GET /api/v1/tickets?%s", rows[i].args);
		EQ(http(&w, line, agent, NULL, &r), 200);
		EQ(jv_len(jv_get(r.json, "items")), rows[i].n);
	}
	EQ(http(&w, "GET /api/v1/tickets/board?type=complaint", agent, NULL, &r), 200);
	EQ(jv_as_int(jv_path(r.json, "columns.0.count"), 0), 5);
	EQ(jv_len(jv_path(r.json, "columns.0.items.0.clocks")), 3);
	EQ(http(&w, "GET /api/v1/calendars", agent, NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.zone")), "Asia/Shanghai");
	resp_done(&r);
	down(&w);
}

TEST(api_ticket_same_key_is_one_ticket)
{
	struct aw w;
	struct resp r = { 0 };
	char id[32] = "";
	CHECK(up(&w));
	const char *agent = aw_token(&w, "agent");
	for (int i = 0; i < 3; i++) {
		EQ(http_with(&w, "POST /api/v1/tickets", agent, "Idempotency-Key: abc\r\n",
			     COMPLAINT, &r),
		   i ? 200 : 201);
		if (!i)
			snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
		SV_EQ(jv_get_str(r.json, "id"), id);
	}
	EQ(http(&w, "GET /api/v1/tickets", agent, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	resp_done(&r);
	down(&w);
}

/* A note, a move, a link, a change with a key: twice is once; the key of another request is no
 * key. */
TEST(api_ticket_changes_with_a_key_happen_once)
{
	static const struct {
		const char *verb, *path, *body, *other;
	} rows[] = {
		{ "POST", "/notes", "{\"text\":\"once\",\"public\":true}", "{\"text\":\"two\"}" },
		{ "POST", "/link", "{\"kind\":\"order\",\"ref\":\"HH1\"}",
		  "{\"kind\":\"order\",\"ref\":\"HH2\"}" },
		{ "PATCH", "", "{\"owner\":\"mei\"}", "{\"owner\":\"li\"}" },
		{ "POST", "/state", "{\"state\":\"solved\",\"why\":\"done\"}",
		  "{\"state\":\"reopened\"}" },
	};
	struct aw w;
	struct resp r = { 0 };
	char id[32], line[160], head[80];
	CHECK(up(&w));
	const char *agent = aw_token(&w, "agent");
	EQ(post(&w, "", agent, COMPLAINT, &r), 201);
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t history = 0;
		snprintf(line, sizeof(line), "%s /api/v1/tickets/%s%s", rows[i].verb, id,
			 rows[i].path);
		snprintf(head, sizeof(head), "Idempotency-Key: key-%zu\r\n", i);
		for (int k = 0; k < 3; k++) {
			EQ(http_with(&w, line, agent, head, rows[i].body, &r), 200);
			size_t n = jv_len(jv_get(r.json, "history"));
			CHECK(k == 0 || n == history);
			history = n;
		}
		EQ(http_with(&w, line, agent, head, rows[i].other, &r), 422);
		CHECK(is_problem(&r));
	}
	snprintf(line, sizeof(line), "POST /api/v1/tickets/%s/notes", id);
	EQ(http_with(&w, line, agent, "Idempotency-Key: more\r\n", "{\"text\":\"mine\"}", &r), 200);
	EQ(http(&w, line, agent, "{\"text\":\"keyless\"}", &r), 200);
	EQ(http(&w, line, agent, "{\"text\":\"keyless\"}", &r), 200);
	int notes = 0;
	for (size_t i = 0; i < jv_len(jv_get(r.json, "history")); i++)
		notes += sv_eq(jv_get_str(jv_at(jv_get(r.json, "history"), i), "kind"), SV("note"));
	EQ(notes, 4);
	/* what was refused may be asked again under its key */
	EQ(http_with(&w, line, agent, "Idempotency-Key: bad\r\n", "{\"text\":\"\"}", &r), 400);
	EQ(http_with(&w, line, agent, "Idempotency-Key: bad\r\n", "{\"text\":\"ok\"}", &r), 200);
	resp_done(&r);
	down(&w);
}

TEST(api_ticket_who_may_and_bad_input)
{
	static const struct {
		const char *line, *body;
		int status;
	} rows[] = {
		{ "GET /api/v1/tickets?state=lost", NULL, 400 },
		{ "GET /api/v1/tickets?type=x", NULL, 400 },
		{ "GET /api/v1/tickets?due=soon", NULL, 400 },
		{ "GET /api/v1/tickets?cursor=%27%20OR%201", NULL, 400 },
		{ "GET /api/v1/tickets/board?type=x", NULL, 400 },
		{ "GET /api/v1/tickets/C99999999", NULL, 404 },
		{ "POST /api/v1/tickets", "{}", 400 },
		{ "POST /api/v1/tickets", "[]", 400 },
		{ "POST /api/v1/tickets", "{\"type\":\"lead\"}", 400 },
		{ "POST /api/v1/tickets",
		  "{\"type\":\"lead\",\"title\":\"x\",\"colour\":\"red\"}", 400 },
		{ "POST /api/v1/tickets",
		  "{\"type\":\"lead\",\"title\":\"x\",\"customer\":\"nobody\"}", 400 },
		{ "POST /api/v1/tickets",
		  "{\"type\":\"lead\",\"title\":\"x\",\"facts\":{\"what\":7}}", 400 },
		{ "POST /api/v1/tickets",
		  "{\"type\":\"lead\",\"title\":\"x\",\"facts\":{\"proposal\":{}}}", 400 },
		{ "POST /api/v1/tickets/C99999999/notes", "{\"text\":\"x\"}", 404 },
		{ "POST /api/v1/tickets/C99999999/state", "{\"state\":\"gone\"}", 400 },
		{ "PATCH /api/v1/tickets/C99999999", "{\"owner\":\"x\"}", 404 },
	};
	struct aw w;
	struct resp r = { 0 };
	CHECK(up(&w));
	const char *agent = aw_token(&w, "agent");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		EQ(http(&w, rows[i].line, agent, rows[i].body, &r), rows[i].status);
		CHECK(is_problem(&r));
		EQ(http(&w, rows[i].line, NULL, rows[i].body, &r), 401);
	}
	EQ(http(&w, "GET /api/v1/tickets", agent, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	resp_done(&r);
	down(&w);
}
