/* Quality and surveys over HTTP: who sees what, a person's scores, appeal to archive, forms,
 * sampling, links. */
#include "guard_access.h"
#include "t_api_world.h"
#include "t_qa_help.h"

struct both {
	struct aw w;
	struct qw q;                 /* the same store */
};

/* access: roles of the company, taken over; NULL = those compiled in. */
static bool up_with(struct both *b, struct guard_access *access)
{
	struct qw first;
	*b = (struct both){ 0 };
	b->w.o.access = access;
	if (!qw_up(&first))
		return false;
	b->q.fs = obj_ref(first.fs);
	b->q.surveys = obj_ref(first.surveys);
	qw_down(&first);
	b->w.o.qa_forms = snap_new(obj_ref(b->q.fs));
	b->w.o.surveys = b->q.surveys;
	if (!aw_up(&b->w))
		return false;
	b->q.st = b->w.store;
	return store_reader(b->q.st, &b->q.db) == 0;
}

static bool up(struct both *b)
{
	return up_with(b, NULL);
}

static void down(struct both *b)
{
	aw_down(&b->w);
	obj_unref(b->w.o.access);
	snap_free(b->w.o.qa_forms);
	obj_unref(b->q.fs);
	obj_unref(b->q.surveys);
}

static const char *token(struct both *b, const char *who)
{
	static char out[8][API_TOKEN_MAX];
	static int i;
	char *p = out[i++ % 8];
	return api_token_make(b->w.api, "user", sv_of(who), clk_wall_ms() + 60000, p,
			      API_TOKEN_MAX) ? p : "";
}

static int call(struct both *b, const char *method, const char *path, const char *who,
		const char *body, struct resp *r)
{
	char line[600];
	snprintf(line, sizeof(line), "%s /api/v1%s", method, path);
	return http(&b->w, line, who[0] ? token(b, who) : NULL, body, r);
}

static int on(struct both *b, const char *method, const char *id, const char *verb, const char *who,
	      const char *body, struct resp *r)
{
	char path[120];
	snprintf(path, sizeof(path), "/qa/reviews/%s%s", id, verb);
	return call(b, method, path, who, body, r);
}

/* Who may what: every route against every role. */
TEST(api_qa_permissions_cell_by_cell)
{
	static const struct { const char *method, *path, *body; const char *may; } routes[] = {
		{ "GET", "/qa/forms", NULL, "admin supervisor quality agent" },
		{ "GET", "/qa/forms/chat", NULL, "admin supervisor quality agent" },
		{ "PUT", "/qa/forms/chat", "{\"text\":\"x\"}", "admin supervisor quality" },
		{ "GET", "/qa/reviews", NULL, "admin supervisor quality agent" },
		{ "GET", "/qa/reviews/01N", NULL, "admin supervisor quality agent" },
		{ "PUT", "/qa/reviews/01N", "{\"items\":{}}", "admin supervisor quality" },
		{ "POST", "/qa/reviews/01N/appeal", "{}", "admin supervisor quality agent" },
		{ "POST", "/qa/reviews/01N/withdraw", "{}", "admin supervisor quality agent" },
		{ "POST", "/qa/reviews/01N/recheck", "{}", "admin supervisor quality" },
		{ "POST", "/qa/reviews/01N/arbitrate", "{}", "admin supervisor quality" },
		{ "POST", "/qa/reviews/01N/archive", "{}", "admin supervisor quality" },
		{ "POST", "/qa/reviews/01N/take", "{}", "admin supervisor quality" },
		{ "POST", "/qa/reviews/01N/giveback", "{}", "admin supervisor quality" },
		{ "POST", "/qa/sample", "{}", "admin supervisor quality" },
		{ "GET", "/qa/calibration", NULL, "admin supervisor quality" },
		{ "GET", "/surveys", NULL, "admin supervisor quality agent" },
		{ "POST", "/surveys", "{}", "admin supervisor quality agent" },
	};
	static const char *const roles[] = { "admin", "supervisor", "quality", "agent", "viewer" };
	struct both b;
	struct resp r = { 0 };
	CHECK(up(&b));
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		for (size_t k = 0; k < 5; k++) {
			char who[40];
			snprintf(who, sizeof(who), "%s:x", roles[k]);
			int status = call(&b, routes[i].method, routes[i].path, who, routes[i].body,
					  &r);
			bool may = strstr(routes[i].may, roles[k]) != NULL;
			if ((status != 403) != may || status >= 500) {
				printf("# %s %s as %s: %d\n", routes[i].method, routes[i].path,
				       roles[k], status);
				CHECK(false);
			}
		}
		EQ(call(&b, routes[i].method, routes[i].path, "", routes[i].body, &r), 401);
		CHECK(is_problem(&r));
	}
	resp_done(&r);
	down(&b);
}

TEST(api_qa_review_from_score_to_archive)
{
	struct both b;
	struct resp r = { 0 };
	char talk[27], id[QR_ID];
	CHECK(up(&b));
	OK(qw_chat(&b.q, "mei", "angry", QNOW, talk));
	EQ(qw_watch(&b.q), 2);
	CHECK(qw_review(&b.q, talk, "mei", id));
	EQ(call(&b, "GET", "/qa/reviews", "quality:qin", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	EQ(call(&b, "GET", "/qa/reviews?agent=bot", "agent:mei", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);  /* own ones, whatever is asked */
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.agent")), "mei");
	EQ(call(&b, "GET", "/qa/reviews?state=gone", "quality:qin", NULL, &r), 400);
	EQ(call(&b, "GET", "/qa/reviews?cursor=x", "quality:qin", NULL, &r), 400);
	EQ(on(&b, "GET", id, "", "agent:tom", NULL, &r), 404);
	EQ(on(&b, "GET", id, "", "agent:mei", NULL, &r), 200);
	HAS(sb_sv(&r.head), "ETag: \"1\"");
	SV_EQ(jv_as_str(jv_path(r.json, "moves.0")), "appeal");
	EQ(on(&b, "POST", id, "/take", "quality:qin", "{}", &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "dis");
	SV_EQ(jv_get_str(r.json, "reviewer"), "qin");
	EQ(on(&b, "PUT", id, "", "quality:qin", "{\"items\":{\"rude\":\"nope\"}}", &r), 400);
	HAS(jv_get_str(r.json, "detail"), "pass, fail or n_a");
	char line[120];
	snprintf(line, sizeof(line), "PUT /api/v1/qa/reviews/%s", id);
	EQ(http_with(&b.w, line, token(&b, "quality:qin"), "If-Match: \"1\"\r\n",
		     "{\"items\":{}}", &r), 412);
	EQ(http_with(&b.w, line, token(&b, "quality:qin"), "If-Match: \"2\"\r\n",
		     "{\"items\":{\"rude\":\"fail\"},\"comment\":\"rough\"}", &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "done");
	EQ(on(&b, "POST", id, "/appeal", "agent:tom", "{\"reason\":\"mine too\"}", &r), 404);
	EQ(on(&b, "POST", id, "/appeal", "agent:mei", "{\"reason\":\"\"}", &r), 400);
	EQ(on(&b, "POST", id, "/appeal", "agent:mei", "{\"reason\":\"it was a joke\"}", &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "appeal");
	EQ(on(&b, "POST", id, "/archive", "quality:qin", "{}", &r), 409);
	EQ(on(&b, "POST", id, "/arbitrate", "quality:qin", "{\"reason\":\"no joke\"}", &r), 200);
	EQ(on(&b, "POST", id, "/archive", "quality:qin", "{\"reason\":\"that is it\"}", &r), 403);
	EQ(on(&b, "POST", id, "/archive", "supervisor:lin", "{\"reason\":\"that is it\"}", &r),
	   200);
	SV_EQ(jv_get_str(r.json, "state"), "archive");
	CHECK(jv_len(jv_get(r.json, "history")) >= 6);
	EQ(call(&b, "POST", "/qa/sample", "quality:qin", "{\"per_agent\":0}", &r), 400);
	EQ(call(&b, "POST", "/qa/sample", "quality:qin", "{\"days\":92,\"seed\":5}", &r), 200);
	EQ(jv_get_int(r.json, "seed", 0), 5);
	EQ(call(&b, "GET", "/qa/calibration?form=chat", "quality:qin", NULL, &r), 200);
	resp_done(&r);
	down(&b);
}

/* What a role may and sees decides, not what it is called. */
TEST(api_qa_roles_of_the_company)
{
	static const char yaml[] =
		"roles:\n  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
		"  - id: floor\n    title: {zh: 坐, en: floor}\n    scope: own\n"
		"    may: [qa.read, qa.appeal]\n"
		"  - id: judge\n    title: {zh: 评, en: judge}\n    scope: tenant\n"
		"    may: [\"qa.*\"]\n"
		"  - id: boss\n    title: {zh: 长, en: boss}\n    scope: tenant\n"
		"    may: [\"qa.*\", approval.decide]\n";
	struct guard_access *access = NULL;
	struct cfg_report rep = { 0 };
	struct both b;
	struct resp r = { 0 };
	char talk[27], id[QR_ID];
	EQ(guard_access_new(&access, sv_of(yaml), "roles.yaml", &rep), 0);
	cfg_report_done(&rep);
	CHECK(up_with(&b, access));
	OK(qw_chat(&b.q, "mei", "angry", QNOW, talk));
	EQ(qw_watch(&b.q), 2);
	CHECK(qw_review(&b.q, talk, "mei", id));
	EQ(on(&b, "GET", id, "", "floor:tom", NULL, &r), 404);
	EQ(on(&b, "POST", id, "/appeal", "floor:mei", "{\"reason\":\"a joke\"}", &r), 200);
	EQ(on(&b, "POST", id, "/withdraw", "floor:mei", "{}", &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "nodis");
	EQ(on(&b, "POST", id, "/appeal", "floor:mei", "{\"reason\":\"a joke\"}", &r), 200);
	EQ(on(&b, "POST", id, "/arbitrate", "judge:qin", "{\"reason\":\"no joke\"}", &r), 200);
	EQ(on(&b, "POST", id, "/archive", "judge:qin", "{\"reason\":\"that is it\"}", &r), 403);
	EQ(on(&b, "POST", id, "/archive", "boss:lin", "{\"reason\":\"that is it\"}", &r), 200);
	resp_done(&r);
	down(&b);
}

TEST(api_qa_forms_are_read_checked_and_replaced)
{
	struct both b;
	struct resp r = { 0 };
	struct sb body;
	CHECK(up(&b));
	EQ(call(&b, "GET", "/qa/forms", "agent:mei", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	EQ(call(&b, "GET", "/qa/forms/none", "agent:mei", NULL, &r), 404);
	EQ(call(&b, "GET", "/qa/forms/chat", "quality:qin", NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "sections.0.items.0.id")), "greeting");
	sv text = jv_get_str(r.json, "text");
	ptrdiff_t at = sv_find(text, SV("version: 1"));
	CHECK(at > 0);
	sb_init(&body, LIM_SB);
	for (int version = 1; version <= 2; version++) {
		struct sb now;
		char line[32];
		sb_init(&now, LIM_SB);
		sb_put(&now, sv_slice(text, 0, (size_t)at));
		snprintf(line, sizeof(line), "version: %d", version);
		sb_cstr(&now, line);
		sb_put(&now, sv_slice(text, (size_t)at + 10, text.n));
		sb_reset(&body);
		sb_cstr(&body, "{\"text\":");
		sb_json(&body, sb_sv(&now));
		sb_ch(&body, '}');
		sb_done(&now);
		struct resp put = { 0 };
		EQ(call(&b, "PUT", "/qa/forms/chat", "quality:qin", sb_str(&body), &put),
		   version == 1 ? 409 : 200);
		if (version == 1)        /* the address must be its id */
			EQ(call(&b, "PUT", "/qa/forms/other", "quality:qin", sb_str(&body), &put),
			   400);
		resp_done(&put);
	}
	sb_done(&body);
	EQ(call(&b, "GET", "/qa/forms/chat", "quality:qin", NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	EQ(qw_count(&b.q, "SELECT MAX(version) FROM qa_form WHERE id='chat'"), 2);
	EQ(call(&b, "PUT", "/qa/forms/chat", "quality:qin", "{\"text\":\"id: chat\\n\"}", &r), 422);
	HAS(jv_as_str(jv_path(r.json, "issues.0.where")), "chat:");
	EQ(http_with(&b.w, "PUT /api/v1/qa/forms/chat", token(&b, "quality:qin"),
		     "If-Match: \"1\"\r\n", "{\"text\":\"x\"}", &r), 412);
	EQ(call(&b, "PUT", "/qa/forms/chat", "quality:qin",
		"{\"text\":\"id: chat\\n\",\"check\":true}", &r), 200);
	CHECK(!jv_get_bool(r.json, "ok", true) && jv_len(jv_get(r.json, "issues")) > 2);
	EQ(call(&b, "PUT", "/qa/forms/chat", "quality:qin", "{}", &r), 400);
	/* A start later has the saved one again. */
	struct qa_forms *fs = obj_ref(b.q.fs);
	OK(qa_forms_saved(&fs, b.q.db, NULL));
	EQ(qa_form_version(qa_forms_find(fs, SV("chat"))), 2);
	obj_unref(fs);
	resp_done(&r);
	down(&b);
}

TEST(api_survey_by_link)
{
	struct both b;
	struct resp r = { 0 };
	char talk[27], path[700], body[120];
	CHECK(up(&b));
	OK(qw_chat(&b.q, "mei", "good", QNOW, talk));
	snprintf(body, sizeof(body), "{\"conversation\":\"%s\",\"kind\":\"csat\"}", talk);
	EQ(call(&b, "POST", "/surveys", "agent:mei", "{\"conversation\":\"x\",\"kind\":\"csat\"}",
		&r), 400);
	EQ(call(&b, "POST", "/surveys", "agent:mei",
		"{\"conversation\":\"01N0B0DY000000000000000000\",\"kind\":\"csat\"}", &r), 404);
	EQ(call(&b, "POST", "/surveys", "agent:mei", body, &r), 201);
	snprintf(path, sizeof(path), "/surveys/" SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	EQ(call(&b, "GET", path, "", NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "kind"), "csat");
	CHECK(jv_as_str(jv_path(r.json, "question.zh")).n > 0);
	CHECK(sv_find(sb_sv(&r.body), sv_of(talk)) < 0);
	EQ(call(&b, "POST", path, "", "{\"value\":9}", &r), 400);
	EQ(call(&b, "POST", path, "", "{\"value\":\"5\"}", &r), 400);
	EQ(call(&b, "POST", path, "", "{\"value\":2}", &r), 200);
	CHECK(jv_as_str(jv_path(r.json, "thanks.en")).n > 0);
	EQ(call(&b, "POST", path, "", "{\"value\":5,\"text\":\"quick\"}", &r), 200);
	EQ(qw_count(&b.q, "SELECT value FROM survey WHERE agent='mei'"), 5);
	EQ(call(&b, "GET", "/surveys?by=agent", "quality:qin", NULL, &r), 200);
	EQ(jv_as_int(jv_path(r.json, "items.0.answered"), 0), 1);
	EQ(jv_len(jv_get(r.json, "surveys")), 3);
	EQ(call(&b, "GET", "/surveys?by=moon", "quality:qin", NULL, &r), 400);
	EQ(call(&b, "GET", "/surveys?from=soon", "quality:qin", NULL, &r), 400);
	/* Tokens of another kind, changed or cut ones are none. */
	size_t n = strlen(path);
	path[n - 1] = path[n - 1] == 'A' ? 'B' : 'A';
	EQ(call(&b, "GET", path, "", NULL, &r), 404);
	EQ(call(&b, "POST", path, "", "{\"value\":1}", &r), 404);
	snprintf(path, sizeof(path), "/surveys/%s", token(&b, "agent:mei"));
	EQ(call(&b, "GET", path, "", NULL, &r), 404);
	EQ(call(&b, "POST", "/surveys/x", "", "{\"value\":1}", &r), 404);
	resp_done(&r);
	down(&b);
}
