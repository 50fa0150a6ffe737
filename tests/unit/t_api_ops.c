/* Operations: health, metrics, the description of the API, errors everywhere, going down under
 * load; and the fuzz corpora as unit tests. */
#include "../fuzz/f_api_ws_chat.c"

#include <poll.h>

TEST(api_ops_health_and_friends)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "GET /healthz", NULL, NULL, &r), 200);
	EQ(http(&w, "GET /readyz", NULL, NULL, &r), 200);
	EQ(http(&w, "GET /version", NULL, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "name"), "callm");
	EQ(http(&w, "GET /metrics", NULL, NULL, &r), 200);
	HAS(sb_sv(&r.body), "callm_http_requests_total");
	HAS(sb_sv(&r.head), "text/plain; version=0.0.4");
	EQ(http(&w, "GET /api/v1/health", aw_token(&w, "agent"), NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "company.name.en")), "Test Ltd");
	CHECK(jv_is_num(jv_path(r.json, "gauges.live_conversations")));
	CHECK(jv_as_int(jv_path(r.json, "gauges.rss_bytes"), 0) > 1000000);
	SV_EQ(jv_as_str(jv_path(r.json, "components.0.name")), "database");
	api_drain(w.api);
	while (http(&w, "GET /readyz", NULL, NULL, &r) == 200)
		;
	EQ(r.status, 503);
	CHECK(is_problem(&r));
	EQ(http(&w, "POST /api/v1/conversations", NULL, "{}", &r), 503);
	CHECK(is_problem(&r));
	EQ(http(&w, "GET /healthz", NULL, NULL, &r), 200);
	resp_done(&r);
	aw_down(&w);
}

static void one_model(void *arg, jv *list)
{
	jv *o = jv_obj();
	jv_set_str(o, "name", sv_of(arg));
	jv_set_str(o, "state", SV("ready"));
	jv_push(list, o);
}

TEST(api_ops_models_are_listed)
{
	struct aw w = { .o.models = one_model, .o.models_arg = "gemma" };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "GET /api/v1/models", NULL, NULL, &r), 401);
	CHECK(is_problem(&r));
	EQ(http(&w, "GET /api/v1/models", aw_token(&w, "agent"), NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.name")), "gemma");
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.state")), "ready");
	resp_done(&r);
	aw_down(&w);
}

static bool described(const jv *paths, const char *method, const char *path)
{
	char name[16];
	size_t n = strlen(method);
	for (size_t i = 0; i <= n; i++)
		name[i] = method[i] >= 'A' && method[i] <= 'Z' ? (char)(method[i] + 32) : method[i];
	return jv_is_obj(jv_get(jv_get(paths, path), name));
}

TEST(api_ops_every_route_is_described_and_nothing_else)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "GET /openapi.json", NULL, NULL, &r), 200);
	SV_EQ(sv_slice(jv_get_str(r.json, "openapi"), 0, 3), "3.1");
	const jv *paths = jv_get(r.json, "paths");
	size_t n, told = 0;
	const struct web_route *t = api_routes(&n);
	for (size_t i = 0; i < n; i++)
		if (!described(paths, t[i].method, t[i].path))
			t_fail(__FILE__, __LINE__, t[i].path);
	void *it = NULL, *in;
	sv path, method;
	jv *of, *op;
	while (jv_next(paths, &it, &path, &of))
		for (in = NULL; jv_next(of, &in, &method, &op);) {
			told += sv_eq(method, SV("get")) || sv_eq(method, SV("post")) ||
				sv_eq(method, SV("put")) || sv_eq(method, SV("delete")) ||
				sv_eq(method, SV("patch"));
			CHECK(jv_is_obj(jv_get(op, "responses")));
		}
	EQ(told, n);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_ops_errors_are_problems)
{
	static const struct {
		const char *line;
		int status;
	} bad[] = {
		{ "GET /api/v1/nothing", 404 },
		{ "POST /api/v1/nothing", 404 },
		{ "DELETE /api/v1/conversations", 405 },
		{ "GET /api/v1/auth/login", 405 },
		{ "GET /ws/chat", 426 },
		{ "GET /api/v1/conversations/x", 401 },
		{ "GET /api/v1/conversations/x/recording", 401 },
		{ "GET /api/v1/articles/..%2f..%2fetc", 404 },
		{ "GET /%ff", 400 },
		{ "GET /api/v1/articles?q=%ff", 400 },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EQ(http(&w, bad[i].line, NULL, "", &r), bad[i].status);
		CHECK(is_problem(&r));
	}
	resp_done(&r);
	aw_down(&w);
}

static int write_recording(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	const char *const *v = arg;
	int rc = store_prep(db, &q, "UPDATE conversation SET recording=?2 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(v[0]));
	store_bind_sv(q, 2, sv_of(v[1]));
	return store_run(q);
}

TEST(api_ops_recordings_come_from_their_folder_only)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128], path[512];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	snprintf(path, sizeof(path), "%s/recordings", t_tmpdir());
	OK(file_mkdirs(path, NULL));
	snprintf(path, sizeof(path), "%s/recordings/a.wav", t_tmpdir());
	OK(file_write(path, SV("RIFF0123456789"), NULL));
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s/recording", id);
	const char *user = aw_token(&w, "quality");
	static const struct {
		const char *name;
		int status;
	} files[] = { { "recordings/../token.key", 500 },
		      { "token.key", 500 },
		      { "/etc/passwd", 500 },
		      { "recordings/none.wav", 404 },
		      { "recordings/a.wav", 200 } };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *v[2] = { id, files[i].name };
		OK(store_write(w.store, write_recording, v, NULL, NULL));
		OK(store_flush(w.store));
		EQ(http(&w, line, user, NULL, &r), files[i].status);
		if (files[i].status == 200)
			SV_EQ(sb_sv(&r.body), "RIFF0123456789");
		else
			CHECK(is_problem(&r));
	}
	EQ(http_with(&w, line, user, "Range: bytes=4-6\r\n", NULL, &r), 206);
	SV_EQ(sb_sv(&r.body), "012");
	resp_done(&r);
	aw_down(&w);
}

/* Fifty open chats, sockets on ten of them, and one request under way in each: every request is
 * answered or its connection closed, and nothing is left behind (the framework counts). */
static void go_down(bool taken)
{
	struct aw w = { .o = { .chats_per_addr = 100 }, .group_ms = 20 };
	struct wsc c[10];
	char id[50][27], token[50][API_TOKEN_MAX], line[128], path[API_TOKEN_MAX + 40],
		text[API_TOKEN_MAX + 128];
	int fd[50];
	CHECK(aw_up(&w));
	for (int i = 0; i < 50; i++)
		CHECK(begin(&w, id[i], token[i]));
	for (int i = 0; i < 10; i++) {
		CHECK(wsc_open(&w, &c[i], "/ws/chat"));
		snprintf(text, sizeof(text),
			 "{\"op\":\"session.resume\",\"data\":{\"id\":\"%.26s\",\"token\":\"%."
			 "500s\"}}",
			 id[i], token[i]);
		wsc_send(&c[i], text);
	}
	struct wsc console;
	snprintf(path, sizeof(path), "/ws/supervisor?token=%s", aw_token(&w, "admin"));
	CHECK(wsc_open(&w, &console, path));
	for (int i = 0; i < 50; i++) {
		const char *user = aw_token(&w, "admin");
		snprintf(line, sizeof(line), "POST /api/v1/conversations/%.26s/messages", id[i]);
		if (i % 5 == 0)
			fd[i] = http_send(&w, "POST /api/v1/bot/turn", user, NULL,
					  SV("{\"text\":\"return goods\"}"));
		else if (i % 5 == 1)
			fd[i] = http_send(&w, "POST /api/v1/kb/search", user, NULL,
					  SV("{\"query\":\"return\"}"));
		else if (i % 5 == 2)
			fd[i] = http_send(&w, "POST /api/v1/conversations", NULL,
					  "Idempotency-Key: 0123456789abcdef\r\n",
					  SV("{\"text\":\"return goods\"}"));
		else
			fd[i] = http_send(&w, line, token[i], NULL,
					  SV("{\"text\":\"How long may I return goods?\"}"));
	}
	struct resp ok = { 0 };
	if (taken) /* the door has read all requests when it answers this one */
		EQ(http(&w, "GET /healthz", NULL, NULL, &ok), 200);
	resp_done(&ok);
	aw_stop(&w);
	for (int i = 0; i < 50; i++) {
		struct resp r = { 0 };
		http_read(fd[i], &r);     /* ends: closed or answered, never left hanging */
		CHECK(r.status == 0 || r.status == 200 || r.status == 201 || r.status == 503);
		resp_done(&r);
	}
	for (int i = 0; i < 10; i++)
		wsc_close(&w, &c[i]);
	wsc_close(&w, &console);
	w.api = NULL;
	CHECK(aw_up(&w));                 /* what was acknowledged is there */
	for (int i = 3; i < 50; i += 5) {
		struct resp r = { 0 };
		EQ(events(&w, id[i], token[i], 0, &r), 200);
		CHECK(kinds(&r, "turn.customer") <= 1);
		resp_done(&r);
	}
	aw_down(&w);
}

TEST(api_ops_goes_down_with_everything_in_flight)
{
	go_down(true);
}

TEST(api_ops_goes_down_at_once)
{
	go_down(false);
}

/* Clients that hang up before their answers: the answers go nowhere, the conversation goes on. */
TEST(api_ops_clients_hang_up)
{
	struct aw w = { .group_ms = 30 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128], body[96];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", id);
	for (int i = 0; i < 10; i++) {
		snprintf(body, sizeof(body),
			 "{\"text\":\"How long may I return goods?\",\"client_id\":\"h%d\"}",
			 i);
		close(http_send(&w, line, token, NULL, sv_of(body)));
	}
	EQ(say(&w, id, token, "{\"text\":\"How long does delivery take?\"}", &r), 200);
	HAS(jv_get_str(r.json, "reply"), "two to four");
	resp_done(&r);
	aw_down(&w);
}

/* ---- the corpora ---- */

struct tally {
	int n;
	char bad[200];
};

static int one_rest(void *arg, const char *path)
{
	struct tally *t = arg;
	struct sb b;
	sv name = sv_of(strrchr(path, '/') + 1);
	sb_init(&b, 1u << 20);
	if (file_read(path, 1u << 20, &b, NULL) == 0) {
		fuzz_rest_one((const uint8_t *)b.p, b.n);
		t->n++;
		if (sv_starts(name, SV("ok_")) != (fuzz_status < 300) && !t->bad[0])
			snprintf(t->bad, sizeof(t->bad), SV_FMT " was answered %d",
				 SV_ARG(name), fuzz_status);
	}
	sb_done(&b);
	return 0;
}

static int one_ws(void *arg, const char *path)
{
	struct tally *t = arg;
	struct sb b;
	sb_init(&b, 1u << 20);
	if (file_read(path, 1u << 20, &b, NULL) == 0) {
		LLVMFuzzerTestOneInput((const uint8_t *)b.p, b.n);
		t->n++;
	}
	sb_done(&b);
	return 0;
}

static void walk(const char *what, int (*fn)(void *, const char *), struct tally *t)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", t_srcdir(), what);
	file_walk(path, fn, t);
}

TEST(api_fuzz_corpus_of_bodies)
{
	struct tally t = { 0 };
	walk("api_rest", one_rest, &t);
	STR_EQ(t.bad, "");
	CHECK(t.n >= 25);
	fuzz_down();
}

TEST(api_fuzz_corpus_of_frames)
{
	struct tally t = { 0 };
	walk("api_ws_chat", one_ws, &t);
	CHECK(t.n >= 20);
	fuzz_down();
}
