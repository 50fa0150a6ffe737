/* t_api_set.c: test sets over HTTP: made, imported with faults by line, added to one by one, run,
 * compared; what is refused. */
#include "learn_set.h"
#include "t_api_world.h"

/* What the server's thread does when it is told. */
static void run_now(void *arg)
{
	struct aw *w = arg;
	size_t n;
	const struct learn_set_work k = { .store = w->store, .kb = w->kb };
	(void)learn_sets_work(&k, &n);
}

static bool over(void *arg)
{
	struct aw *w = arg;
	struct resp r = { 0 };
	(void)http(w, "GET /api/v1/kb/sets", aw_token(w, "admin"), NULL, &r);
	bool is = !jv_get_bool(jv_at(jv_get(r.json, "items"), 0), "waiting", true);
	resp_done(&r);
	return is;
}

static int at(struct aw *w, const char *verb, const char *path, const char *id, const char *more,
	      const char *body, struct resp *r)
{
	char line[200];
	(void)snprintf(line, sizeof(line), "%s /api/v1/kb/%s/%s%s", verb, path, id, more);
	return http(w, line, aw_token(w, "supervisor"), body, r);
}

static void copy(char to[40], sv from)
{
	(void)snprintf(to, 40, SV_FMT, SV_ARG(from));
}

/* A run beside that of arg. */
static int add_trial(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO kb_set_run (id, kb_set, state, draft, at_ms) SELECT "
			    "'01HZZZZZZZZZZZZZZZZZZZZTRY', kb_set, 'done', 'x', 1 FROM "
			    "kb_set_run WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(arg));
	return store_run(q);
}

static void compare_runs(struct aw *w, const char *set)
{
	struct resp r = { 0 };
	char first[40], second[40];
	EQ(at(w, "POST", "sets", set, "/runs", "{}", &r), 202);
	copy(first, jv_get_str(r.json, "run"));
	CHECK(t_wait(w->loop, over, w, 20000));
	EQ(at(w, "GET", "runs", first, "", NULL, &r), 200);
	EQ(jv_get_int(jv_get(r.json, "run"), "right", 0), 2);
	CHECK(jv_is_null(jv_get(r.json, "against")));
	EQ(http(w, "PUT /api/v1/articles/parking.en", aw_token(w, "supervisor"),
		"{\"title\":\"Where may I park a camper van\",\"body_md\":\"Behind the "
		"shop.\"}",
		&r),
	   200);
	EQ(at(w, "POST", "sets", set, "/runs", "{}", &r), 202);
	copy(second, jv_get_str(r.json, "run"));
	CHECK(t_wait(w->loop, over, w, 20000));
	EQ(at(w, "GET", "runs", second, "", NULL, &r), 200);
	SV_EQ(jv_get_str(jv_get(r.json, "against"), "id"), first);
	EQ(jv_get_int(r.json, "better_n", 0), 1);
	EQ(jv_get_int(r.json, "worse_n", 9), 0);
	SV_EQ(jv_get_str(jv_at(jv_get(r.json, "better"), 0), "article"), "parking.en");
	EQ(at(w, "GET", "runs", second, "/answers?outcome=right", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 3);
	EQ(at(w, "GET", "sets", set, "/runs", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	/* with a draft: listed when they are asked for */
	OK(store_write(w->store, add_trial, second, NULL, NULL));
	OK(store_flush(w->store));
	EQ(at(w, "GET", "sets", set, "/runs?cursor=1", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	EQ(at(w, "GET", "sets", set, "/runs?drafts=true", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 3);
	resp_done(&r);
}

TEST(api_set_life)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[40];
	CHECK(aw_up(&w));
	w.api->o.sets_arg = &w;
	EQ(http(&w, "POST /api/v1/kb/sets", aw_token(&w, "supervisor"),
		"{\"name\":\"Shop\",\"rows\":\"how long may I return goods,returns\\n"
		"can you repair my spaceship,-\\n\"}", &r),
	   201);
	EQ(jv_get_int(r.json, "added", 0), 2);
	copy(id, jv_get_str(r.json, "id"));
	EQ(at(&w, "POST", "sets", id, "/runs", "{}", &r), 503);
	w.api->o.sets = run_now;
	/* one key on the test bench: this question must find this article */
	EQ(at(&w, "POST", "sets", id, "/questions",
	      "{\"question\":\"where may I park a camper van\",\"article\":\"parking.en\"}", &r),
	   200);
	EQ(jv_get_int(r.json, "added", 0), 1);
	EQ(at(&w, "GET", "sets", id, "/questions?limit=2", NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	SV_EQ(jv_get_str(r.json, "next"), "2");
	SV_EQ(jv_get_str(jv_at(jv_get(r.json, "items"), 0), "by"), "tester");
	EQ(at(&w, "GET", "sets", id, "/questions?cursor=2", NULL, &r), 200);
	CHECK(!jv_get_bool(jv_at(jv_get(r.json, "items"), 0), "known", true));
	compare_runs(&w, id);
	EQ(at(&w, "PUT", "sets", id, "", "{\"name\":\"The shop\"}", &r), 200);
	EQ(at(&w, "DELETE", "sets", id, "/questions/1", "", &r), 200);
	EQ(at(&w, "DELETE", "sets", id, "/questions/1", "", &r), 404);
	EQ(at(&w, "GET", "sets", id, "", NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "name"), "The shop");
	EQ(jv_get_int(r.json, "questions", 0), 2);
	EQ(jv_get_int(jv_get(r.json, "last"), "right", 0), 3);
	EQ(at(&w, "DELETE", "sets", id, "", "", &r), 200);
	EQ(at(&w, "GET", "sets", id, "", NULL, &r), 404);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_set_refuses)
{
	static const struct {
		const char *body;
		int status;
	} bad[] = {
		{ "{}", 400 },
		{ "{\"name\":\"  \"}", 400 },
		{ "{\"name\":\"x\",\"rows\":\"a,b\",\"question\":\"c\"}", 400 },
		{ "{\"name\":\"x\",\"question\":\"c\"}", 400 },
		{ "{\"name\":\"x\",\"question\":\"c\\nd\",\"article\":\"a\"}", 400 },
		{ "{\"name\":\"x\",\"question\":\"c\",\"article\":\"a\",\"nothing\":true}", 400 },
		/* what a table may not hold, one question may not either */
		{ "{\"name\":\"x\",\"question\":\"c\",\"article\":\"-\"}", 400 },
		{ "{\"name\":\"x\",\"question\":\"c\",\"article\":\"None\"}", 400 },
		{ "{\"name\":\"x\",\"question\":\"c\",\"article\":\"a b\"}", 400 },
		{ "{\"name\":\"x\",\"question\":\"c\",\"article\":\"a\",\"lang\":\"EN\"}", 400 },
		{ "{\"name\":\"x\",\"question\":\"c\",\"nothing\":true,\"lang\":\"x\"}", 400 },
		{ "[]", 400 },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[40];
	CHECK(aw_up(&w));
	w.api->o.sets = run_now;
	w.api->o.sets_arg = &w;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(http(&w, "POST /api/v1/kb/sets", aw_token(&w, "supervisor"), bad[i].body, &r),
		   bad[i].status);
	/* a bad line: all are told, nothing is taken */
	EQ(http(&w, "POST /api/v1/kb/sets", aw_token(&w, "supervisor"),
		"{\"name\":\"Shop\",\"rows\":\"good,returns\\nno "
		"article,en,\\n,en,returns\\n\"}",
		&r),
	   422);
	EQ(jv_len(jv_get(r.json, "issues")), 2);
	SV_EQ(jv_get_str(jv_at(jv_get(r.json, "issues"), 0), "where"), "2");
	EQ(http(&w, "GET /api/v1/kb/sets", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(http(&w, "POST /api/v1/kb/sets", aw_token(&w, "supervisor"), "{\"name\":\"Shop\"}", &r),
	   201);
	copy(id, jv_get_str(r.json, "id"));
	EQ(http(&w, "POST /api/v1/kb/sets", aw_token(&w, "supervisor"), "{\"name\":\"Shop\"}", &r),
	   409);
	EQ(at(&w, "POST", "sets", id, "/runs", "{}", &r), 409); /* no questions */
	EQ(at(&w, "POST", "sets", id, "/questions", "{}", &r), 400);
	EQ(at(&w, "POST", "sets", id, "/questions", "{\"question\":\"x\",\"nothing\":true}",
	      &r),
	   200);
	EQ(at(&w, "POST", "sets", id, "/runs", "{\"draft\":\"01HZZZZZZZZZZZZZZZZZZZZZZZ\"}", &r),
	   404);
	EQ(at(&w, "POST", "sets", "nosuch", "/runs", "{}", &r), 404);
	EQ(at(&w, "POST", "sets", "nosuch", "/questions", "{\"rows\":\"a,b\"}", &r), 404);
	EQ(at(&w, "GET", "runs", "nosuch", "", NULL, &r), 404);
	EQ(at(&w, "GET", "sets", id, "/questions?cursor=x", NULL, &r), 400);
	EQ(at(&w, "DELETE", "sets", id, "/questions/x", "", &r), 400);
	resp_done(&r);
	aw_down(&w);
}
