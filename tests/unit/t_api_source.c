/* t_api_source.c: sources of knowledge over HTTP: add, look at, sync, the report, delete; and
 * who may. */
#include <sys/stat.h>
#include <unistd.h>
#include "ingest.h"
#include "t_api_world.h"

static bool source_synced(void *arg)
{
	struct aw *w = arg;
	struct resp r = { 0 };
	bool done;

	(void)http(w, "GET /api/v1/kb/sources", aw_token(w, "admin"), NULL, &r);
	done = !jv_get_bool(jv_at(jv_get(r.json, "items"), 0), "waiting", true);
	resp_done(&r);
	return done;
}

TEST(api_source_life)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct ing *g;
	struct err e = { 0 };
	char dir[400], path[500], body[700], line[200], id[40];

	CHECK(aw_up(&w));
	EQ(http(&w, "GET /api/v1/kb/sources", aw_token(&w, "admin"), NULL, &r), 503);
	(void)snprintf(dir, sizeof(dir), "%s/docs", t_tmpdir());
	const char *const roots[] = { dir, NULL };
	/* /bin/true is no reader: its documents are told as unreadable, which is all this test
	 * needs */
	OK(ing_open(&g,
		    &(struct ing_opts){
			    .store = w.store, .reader = "/bin/true", .roots = roots },
		    &e));
	w.api->o.ingest = g;
	EQ(mkdir(dir, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/help.md", dir);
	OK(file_write(path, SV("# Help\n\nText.\n"), &e));
	(void)snprintf(
		body, sizeof(body),
		"{\"kind\":\"folder\",\"place\":\"%s\",\"owner\":\"anna\",\"every_s\":60}",
		dir);
	EQ(http(&w, "POST /api/v1/kb/sources", aw_token(&w, "agent"), body, &r), 403);
	EQ(http(&w, "POST /api/v1/kb/sources", aw_token(&w, "admin"), body, &r), 201);
	SV_EQ(jv_get_str(r.json, "owner"), "anna");
	SV_EQ(jv_get_str(r.json, "created_by"), "tester");
	CHECK(jv_get_bool(r.json, "waiting", false));
	(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	/* again: the same source */
	EQ(http(&w, "POST /api/v1/kb/sources", aw_token(&w, "admin"), body, &r), 201);
	SV_EQ(jv_get_str(r.json, "id"), id);
	EQ(jv_get_int(r.json, "version", 0), 2);
	OK(ing_start(g));
	CHECK(t_wait(w.loop, source_synced, &w, 20000));
	(void)snprintf(line, sizeof(line), "GET /api/v1/kb/sources/%s/documents?state=bad", id);
	EQ(http(&w, line, aw_token(&w, "admin"), NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	const jv *note = jv_at(jv_get(jv_at(jv_get(r.json, "items"), 0), "notes"), 0);
	SV_EQ(jv_get_str(note, "code"), "crashed");
	CHECK(jv_get_str(jv_get(note, "mend"), "zh").n);
	(void)snprintf(line, sizeof(line), "GET /api/v1/kb/sources/%s/documents?state=strange", id);
	EQ(http(&w, line, aw_token(&w, "admin"), NULL, &r), 400);
	(void)snprintf(line, sizeof(line), "POST /api/v1/kb/sources/%s/sync", id);
	EQ(http(&w, line, aw_token(&w, "admin"), "{}", &r), 202);
	(void)snprintf(line, sizeof(line), "GET /api/v1/kb/sources/%s", id);
	EQ(http(&w, line, aw_token(&w, "agent"), NULL, &r), 403);
	EQ(http(&w, line, aw_token(&w, "admin"), NULL, &r), 200);
	(void)snprintf(line, sizeof(line), "DELETE /api/v1/kb/sources/%s", id);
	EQ(http(&w, line, aw_token(&w, "admin"), "", &r), 200);
	EQ(http(&w, line, aw_token(&w, "admin"), "", &r), 404);
	resp_done(&r);
	ing_close(g);
	w.api->o.ingest = NULL;
	aw_down(&w);
}

TEST(api_source_bad_ones)
{
	static const struct {
		const char *body;
		int status;
	} bad[] = {
		{ "{\"kind\":\"folder\",\"place\":\"/etc\"}", 403 },
		{ "{\"kind\":\"file\",\"place\":\"/etc/passwd\"}", 403 },
		{ "{\"kind\":\"folder\",\"place\":\"docs\"}", 400 },
		{ "{\"kind\":\"cloud\",\"place\":\"/x\"}", 400 },
		{ "{\"kind\":\"url\",\"place\":\"ftp://a.example/\"}", 400 },
		{ "{\"kind\":\"url\",\"place\":7}", 400 },
		{ "{\"kind\":\"url\",\"place\":\"https://a.example/\",\"depth\":-1}", 400 },
		{ "{\"kind\":\"table\",\"place\":\"users\"}", 400 },
		{ "{}", 400 },
		{ "[]", 400 },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct ing *g;
	struct err e = { 0 };
	const char *const roots[] = { t_tmpdir(), NULL };

	CHECK(aw_up(&w));
	OK(ing_open(&g,
		    &(struct ing_opts){
			    .store = w.store, .reader = "/bin/true", .roots = roots },
		    &e));
	w.api->o.ingest = g;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(http(&w, "POST /api/v1/kb/sources", aw_token(&w, "admin"), bad[i].body, &r),
		   bad[i].status);
	EQ(http(&w, "GET /api/v1/kb/sources?cursor=x", aw_token(&w, "admin"), NULL, &r), 400);
	EQ(http(&w, "GET /api/v1/kb/sources/nosuch/documents", aw_token(&w, "admin"), NULL, &r),
	   404);
	resp_done(&r);
	ing_close(g);
	w.api->o.ingest = NULL;
	aw_down(&w);
}

/* ---- documents that are sent ---- */

static int send_piece(struct aw *w, const char *who, const char *query, const char *body,
		      struct resp *r)
{
	char line[300];
	snprintf(line, sizeof(line), "POST /api/v1/kb/uploads?%s", query);
	return http_with(w, line, aw_token(w, who), "Content-Type: application/octet-stream\r\n",
			 body, r);
}

TEST(api_source_a_document_comes_in_pieces)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct ing *g;
	struct err e = { 0 };
	struct sb b;
	char path[500];
	const char *const roots[] = { t_tmpdir(), NULL };

	CHECK(aw_up(&w));
	EQ(send_piece(&w, "admin", "name=a.md&at=0&total=3", "abc", &r), 503);
	OK(ing_open(&g,
		    &(struct ing_opts){
			    .store = w.store, .reader = "/bin/true", .roots = roots },
		    &e));
	w.api->o.ingest = g;
	EQ(send_piece(&w, "agent", "name=a.md&at=0&total=3", "abc", &r), 403);
	EQ(send_piece(&w, "admin", "name=%E5%B8%AE%E5%8A%A9.md&at=0&total=8", "# He", &r), 200);
	EQ(jv_get_int(r.json, "have", 0), 4);
	(void)snprintf(path, sizeof(path), "%s/uploads/帮助.md", roots[0]);
	CHECK(!file_exists(path));
	/* a piece that was lost, one that comes twice */
	EQ(send_piece(&w, "admin", "name=%E5%B8%AE%E5%8A%A9.md&at=6&total=8", "lp", &r), 409);
	EQ(jv_get_int(r.json, "have", 0), 4);
	EQ(send_piece(&w, "admin", "name=%E5%B8%AE%E5%8A%A9.md&at=4&total=8", "lp\n\n", &r), 201);
	CHECK(id_ok(jv_get_str(r.json, "source")));
	CHECK(!jv_get_bool(r.json, "replaced", true));
	sb_init(&b, 100);
	OK(file_read(path, 100, &b, &e));
	SV_EQ(sb_sv(&b), "# Help\n\n");
	sb_done(&b);
	EQ(http(&w, "GET /api/v1/kb/sources", aw_token(&w, "admin"), NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.name")), "uploads");
	CHECK(jv_as_bool(jv_path(r.json, "items.0.waiting"), false));
	/* the next version of it, in the same source */
	EQ(send_piece(&w, "admin", "name=%E5%B8%AE%E5%8A%A9.md&at=0&total=3", "abc", &r), 201);
	CHECK(jv_get_bool(r.json, "replaced", false));
	EQ(http(&w, "GET /api/v1/kb/sources", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	resp_done(&r);
	ing_close(g);
	w.api->o.ingest = NULL;
	aw_down(&w);
}

TEST(api_source_what_cannot_be_a_document_is_refused)
{
	static const struct {
		const char *query;
		int status;
	} bad[] = {
		{ "name=a.md", 400 },
		{ "name=a.md&at=0&total=x", 400 },
		{ "at=0&total=3", 400 },
		{ "name=..%2Fa.md&at=0&total=3", 400 },
		{ "name=.a.md&at=0&total=3", 400 },
		{ "name=a%5Cb.md&at=0&total=3", 400 },
		{ "name=a%FF.md&at=0&total=3", 400 },
		{ "name=a.md&at=-1&total=3", 400 },
		{ "name=a.md&at=0&total=2", 400 },
		{ "name=a.md&at=9&total=3", 400 },
		{ "name=a.md&at=0&total=0", 400 },
		{ "name=a.md&at=0&total=33554433", 413 },
		{ "name=a.exe&at=0&total=3", 415 },
		{ "name=md&at=0&total=3", 415 },
		{ "name=a.md&at=3&total=6", 409 },
		{ "name=a.md&at=0&total=3&upload=a%2Fb", 400 },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct ing *g;
	struct err e = { 0 };
	char path[500];
	const char *const roots[] = { t_tmpdir(), NULL };

	CHECK(aw_up(&w));
	OK(ing_open(&g,
		    &(struct ing_opts){
			    .store = w.store, .reader = "/bin/true", .roots = roots },
		    &e));
	w.api->o.ingest = g;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int got = send_piece(&w, "admin", bad[i].query, "abc", &r);
		if (got != bad[i].status)
			printf("# %s\n", bad[i].query);
		EQ(got, bad[i].status);
		CHECK(got == 409 || is_problem(&r));
	}
	(void)snprintf(path, sizeof(path), "%s/uploads/a.md", roots[0]);
	CHECK(!file_exists(path));
	EQ(http(&w, "GET /api/v1/kb/sources", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	resp_done(&r);
	ing_close(g);
	w.api->o.ingest = NULL;
	aw_down(&w);
}

/* A file of so many bytes, none of them on the disk. */
static void big(const char *root, const char *name, int64_t bytes)
{
	struct err e = { 0 };
	char path[500];
	(void)snprintf(path, sizeof(path), "%s/uploads/%s", root, name);
	OK(file_write(path, SV(""), &e));
	EQ(truncate(path, bytes), 0);
}

TEST(api_source_a_document_that_was_sent_is_taken_back)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct ing *g;
	struct ing_report rep;
	struct err e = { 0 };
	char id[40], line[300];
	const char *const roots[] = { t_tmpdir(), NULL };

	CHECK(aw_up(&w));
	const char *admin = aw_token_of(&w, "admin", "root");
	OK(ing_open(&g,
		    &(struct ing_opts){
			    .store = w.store, .reader = "/bin/true", .roots = roots },
		    &e));
	w.api->o.ingest = g;
	EQ(send_piece(&w, "admin", "name=a.md&at=0&total=3&upload=w1", "abc", &r), 201);
	(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "source")));
	EQ(send_piece(&w, "admin", "name=%E6%8A%A5%E4%BB%B7.md&at=0&total=3", "abc", &r), 201);
	OK(ing_sync(g, sv_of(id), &rep, &e));
	/* one by its name */
	(void)snprintf(line, sizeof(line),
		       "GET /api/v1/kb/sources/%s/documents?uri=%%E6%%8A%%A5%%E4%%BB%%B7.md", id);
	EQ(http(&w, line, admin, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.uri")), "报价.md");
	(void)snprintf(line, sizeof(line),
		       "DELETE /api/v1/kb/sources/%s/documents?name=%%E6%%8A%%A5%%E4%%BB%%B7.md",
		       id);
	EQ(http(&w, line, aw_token(&w, "supervisor"), NULL, &r), 403);
	EQ(http(&w, line, admin, NULL, &r), 200);
	EQ(jv_get_int(r.json, "articles_retired", -1), 0);
	EQ(http(&w, line, admin, NULL, &r), 404);
	CHECK(is_problem(&r));
	SV_EQ(jv_get_str(r.json, "detail"), "there is no such document");
	(void)snprintf(line, sizeof(line), "DELETE /api/v1/kb/sources/%s/documents", id);
	EQ(http(&w, line, admin, NULL, &r), 400);
	EQ(http(&w, "DELETE /api/v1/kb/sources/nosuch/documents?name=a.md", admin, NULL, &r), 404);
	SV_EQ(jv_get_str(r.json, "detail"), "there is no such source");
	(void)snprintf(line, sizeof(line), "{\"kind\":\"folder\",\"place\":\"%s\"}", roots[0]);
	EQ(http(&w, "POST /api/v1/kb/sources", admin, line, &r), 201);
	(void)snprintf(line, sizeof(line),
		       "DELETE /api/v1/kb/sources/" SV_FMT "/documents?name=a.md",
		       SV_ARG(jv_get_str(r.json, "id")));
	EQ(http(&w, line, admin, NULL, &r), 409);
	/* no room */
	big(roots[0], "big.md", LIM_UPLOADS_BYTES);
	EQ(send_piece(&w, "admin", "name=b.md&at=0&total=3", "abc", &r), 507);
	CHECK(is_problem(&r));
	resp_done(&r);
	ing_close(g);
	w.api->o.ingest = NULL;
	aw_down(&w);
}

/* What the audit tells of the newest request that it has this word for. */
static void told(struct aw *w, const char *what, struct resp *r)
{
	char line[100];
	(void)snprintf(line, sizeof(line), "GET /api/v1/audit?what=%s", what);
	EQ(http(w, line, aw_token(w, "admin"), NULL, r), 200);
}

TEST(api_source_the_audit_names_what_was_sent_and_taken_back)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct ing *g;
	struct err e = { 0 };
	char line[300];
	const char *const roots[] = { t_tmpdir(), NULL };

	CHECK(aw_up(&w));
	OK(ing_open(&g,
		    &(struct ing_opts){
			    .store = w.store, .reader = "/bin/true", .roots = roots },
		    &e));
	w.api->o.ingest = g;
	EQ(send_piece(&w, "admin", "name=%E6%8A%A5%E4%BB%B7.md&at=0&total=4", "ab", &r), 200);
	told(&w, "source.upload", &r);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(send_piece(&w, "admin", "name=%E6%8A%A5%E4%BB%B7.md&at=2&total=4", "cd", &r), 201);
	(void)snprintf(line, sizeof(line),
		       "DELETE /api/v1/kb/sources/" SV_FMT
		       "/documents?name=%%E6%%8A%%A5%%E4%%BB%%B7.md",
		       SV_ARG(jv_get_str(r.json, "source")));
	EQ(http(&w, line, aw_token_of(&w, "admin", "root"), NULL, &r), 200);
	EQ(send_piece(&w, "admin", "name=tel%2013800138000.md&at=0&total=3", "abc", &r), 201);
	told(&w, "source.upload", &r);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	SV_EQ(jv_as_str(jv_path(r.json, "items.1.subject")), "报价.md");
	SV_EQ(jv_as_str(jv_path(r.json, "items.1.who")), "user:tester");
	EQ(jv_as_int(jv_path(r.json, "items.1.outcome"), 0), 201);
	CHECK(sv_find(jv_as_str(jv_path(r.json, "items.0.subject")), SV("13800138000")) < 0);
	told(&w, "source.removed_document", &r);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.subject")), "报价.md");
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.who")), "user:root");
	EQ(http(&w, "POST /api/v1/audit/verify", aw_token(&w, "admin"), "{}", &r), 200);
	CHECK(jv_get_bool(r.json, "ok", false));
	resp_done(&r);
	ing_close(g);
	w.api->o.ingest = NULL;
	aw_down(&w);
}
