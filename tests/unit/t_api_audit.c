/* t_api_audit.c: who looked and who changed: written ahead of the act, found again, and missed when
 * somebody touches the rows. */
#include "api_audit.h"
#include "t_api_world.h"

static int64_t number(struct aw *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	store_flush(w->store);
	if (store_reader(w->store, &db) || store_prep(db, &q, sql))
		return -2;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

static int exec_write(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

static int64_t verdict(struct aw *w, bool *ret_ok, bool *ret_view)
{
	struct api_audit_verdict v;
	*ret_ok = api_audit_verify(w->store, &v) == 0;
	*ret_view = v.view;
	return v.bad_pos;
}

static const jv *first(const struct resp *r)
{
	return jv_at(jv_get(r->json, "items"), 0);
}

TEST(api_audit_a_look_is_one_row_before_the_answer)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[200];

	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(events(&w, id, aw_token_of(&w, "quality", "mei"), 0, &r), 200);
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind='audit.look'"), 1);
	/* the customer's own looks and lists are none */
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(http(&w, "GET /api/v1/conversations", aw_token(&w, "agent"), NULL, &r), 200);
	EQ(http(&w, "GET /healthz", NULL, NULL, &r), 200);
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind LIKE 'audit.%'"), 1);
	/* but a recording that is not there is */
	(void)snprintf(line, sizeof(line), "GET /api/v1/conversations/%s/recording", id);
	EQ(http(&w, line, aw_token_of(&w, "quality", "tom"), NULL, &r), 404);

	EQ(http(&w, "GET /api/v1/audit?who=mei", aw_token(&w, "admin"), NULL, &r), 200);
	EQ((int)jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_get_str(first(&r), "who"), "user:mei");
	SV_EQ(jv_get_str(first(&r), "what"), "conversation.read");
	SV_EQ(jv_get_str(first(&r), "role"), "quality");
	SV_EQ(jv_get_str(first(&r), "subject"), id);
	SV_EQ(jv_get_str(first(&r), "group"), "conversations");
	SV_EQ(jv_get_str(first(&r), "route"), "GET /api/v1/conversations/{id}/events");
	SV_EQ(jv_get_str(first(&r), "from"), "127.0.0.1");
	EQ((int)jv_get_int(first(&r), "outcome", 0), 200);
	EQ(http(&w, "GET /api/v1/audit?what=recording.*", aw_token(&w, "admin"), NULL, &r), 200);
	EQ((int)jv_get_int(first(&r), "outcome", 0), 404);
	/* looking at the audit is a look */
	EQ(http(&w, "GET /api/v1/audit?what=audit.read&limit=1", aw_token(&w, "admin"), NULL, &r),
	   200);
	EQ((int)jv_len(jv_get(r.json, "items")), 1);
	CHECK(jv_get_str(r.json, "next").n > 0);
	resp_done(&r);
	aw_down(&w);
}

#define MAKE \
	"{\"login\":\"mei\",\"name\":\"Mei\",\"role\":\"agent\",\"password\":\"correct horse\"}"

TEST(api_audit_a_change_is_written_ahead_of_it)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	int64_t asked = number(&w, "SELECT pos FROM event WHERE kind='audit.asked'"),
		made = number(&w, "SELECT pos FROM event WHERE kind='user.made'"),
		done = number(&w, "SELECT pos FROM event WHERE kind='audit.done'");
	CHECK(asked > 0 && asked < made && made < done);
	EQ(number(&w, "SELECT count(*) FROM event WHERE body LIKE '%correct horse%'"), 0);
	/* refused ones are there too, once */
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "agent", "tom"), MAKE, &r), 403);
	EQ(http(&w, "GET /api/v1/audit?who=tom", aw_token(&w, "admin"), NULL, &r), 200);
	EQ((int)jv_len(jv_get(r.json, "items")), 1);
	EQ((int)jv_get_int(first(&r), "outcome", 0), 403);
	EQ(http(&w, "GET /api/v1/audit?subject=mei&what=user.manage", aw_token(&w, "admin"), NULL,
		&r),
	   200);
	EQ((int)jv_get_int(first(&r), "outcome", 0), 201);
	/* nobody's requests leave nothing */
	int64_t before = number(&w, "SELECT count(*) FROM audit");
	EQ(http(&w, "POST /api/v1/users", NULL, MAKE, &r), 401);
	EQ(number(&w, "SELECT count(*) FROM audit"), before);
	resp_done(&r);
	aw_down(&w);
}

/* Whom an agent calls is in the audit, however it is asked for; refused or not. */
TEST(api_audit_of_calls)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	CHECK(aw_up(&w));
	const char *own = "{\"to\":\"+4961550123\"}";
	http(&w, "POST /api/v1/calls", aw_token_of(&w, "agent", "tom"), own, &r);
	int status = r.status;
	EQ(http(&w, "GET /api/v1/audit?who=tom&what=call.place", aw_token(&w, "admin"), NULL, &r),
	   200);
	EQ((int)jv_len(jv_get(r.json, "items")), 1);
	EQ((int)jv_get_int(first(&r), "outcome", 0), status);
	SV_EQ(jv_get_str(first(&r), "route"), "POST /api/v1/calls");
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind='audit.asked' AND actor='user:tom'"),
	   1);
	EQ(number(&w, "SELECT count(*) FROM event WHERE body LIKE '%61550%'"), 0);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_audit_of_sign_ins)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/users", aw_token(&w, "admin"), MAKE, &r), 201);
	EQ(http(&w, "POST /api/v1/auth/login", NULL,
		"{\"login\":\"mei\",\"password\":\"correct horse\"}", &r),
	   200);
	EQ(http(&w, "POST /api/v1/auth/login", NULL,
		"{\"login\":\"my password\",\"password\":\"oops\"}", &r),
	   401);
	EQ(http(&w, "GET /api/v1/audit?what=auth.login", aw_token(&w, "admin"), NULL, &r), 200);
	EQ((int)jv_len(jv_get(r.json, "items")), 2);
	EQ((int)jv_get_int(first(&r), "outcome", 0), 401);
	SV_EQ(jv_get_str(first(&r), "who"), "");
	SV_EQ(jv_get_str(jv_at(jv_get(r.json, "items"), 1), "who"), "user:mei");
	EQ(number(&w, "SELECT count(*) FROM event WHERE body LIKE '%my password%'"), 0);
	resp_done(&r);
	aw_down(&w);
}

/* What is no id does not come in, and a telephone number keeps its end only. */
TEST(api_audit_holds_no_personal_data)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	CHECK(aw_up(&w));
	http(&w, "GET /api/v1/conversations/13800138000", aw_token(&w, "agent"), NULL, &r);
	http(&w, "GET /api/v1/conversations/Ann%20Lee", aw_token(&w, "agent"), NULL, &r);
	EQ(number(&w, "SELECT count(*) FROM audit WHERE subject='*00'"), 1);
	EQ(number(&w, "SELECT count(*) FROM audit WHERE subject='?'"), 1);
	EQ(number(&w, "SELECT count(*) FROM event WHERE body LIKE '%138001%' OR body LIKE '%Ann%'"),
	   0);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_audit_as_csv)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;

	CHECK(aw_up(&w));
	EQ(http(&w, "GET /api/v1/users", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(http(&w, "GET /api/v1/users", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(http(&w, "GET /api/v1/audit?format=csv&limit=1", aw_token(&w, "admin"), NULL, &r), 200);
	CHECK(sv_starts(sb_sv(&r.body), SV("at,who,what,")));
	CHECK(sv_find(sb_sv(&r.body), SV(",user:tester,user.manage,,admin,127.0.0.1,"
					 "GET /api/v1/users,users,200,")) > 0);
	CHECK(sv_find(sb_sv(&r.head), SV("X-Next-Cursor: ")) > 0);
	EQ(http(&w, "GET /api/v1/audit?from=yesterday", aw_token(&w, "admin"), NULL, &r), 400);
	CHECK(is_problem(&r));
	EQ(http(&w, "GET /api/v1/audit?limit=0", aw_token(&w, "admin"), NULL, &r), 400);
	resp_done(&r);
	aw_down(&w);

	sb_init(&b, 1000);
	api_csv(&b, SV("=1+1"));
	sb_ch(&b, ',');
	api_csv(&b, SV("a \"b\", c"));
	SV_EQ(sb_sv(&b), "\"'=1+1\",\"a \"\"b\"\", c\"");
	sb_done(&b);
}

TEST(api_audit_touched_rows_are_found)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	bool ok, view;

	CHECK(aw_up(&w));
	EQ(http(&w, "GET /api/v1/users", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(http(&w, "GET /api/v1/keys", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(verdict(&w, &ok, &view), 0);
	CHECK(ok);
	EQ(http(&w, "POST /api/v1/audit/verify", aw_token(&w, "admin"), NULL, &r), 200);
	CHECK(jv_get_bool(r.json, "ok", false));
	int64_t pos = number(&w, "SELECT min(pos) FROM audit");
	OK(store_write(w.store, exec_write, "UPDATE audit SET who='user:tom' WHERE pos=(SELECT "
					    "min(pos) FROM audit)", NULL, NULL));
	OK(store_flush(w.store));
	EQ(verdict(&w, &ok, &view), pos);
	CHECK(!ok && view);
	OK(store_write(w.store, exec_write, "DELETE FROM audit WHERE who='user:tom'", NULL, NULL));
	OK(store_flush(w.store));
	EQ(verdict(&w, &ok, &view), pos);
	CHECK(!ok && view);
	OK(store_write(
		w.store, exec_write,
		"UPDATE event SET body=replace(body,'admin','agent') WHERE kind='audit.look'",
		NULL, NULL));
	OK(store_flush(w.store));
	EQ(verdict(&w, &ok, &view), pos);
	CHECK(!ok && !view);
	resp_done(&r);
	aw_down(&w);
}

/* What cannot be written down is neither shown nor done. */
TEST(api_audit_no_row_no_answer)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	CHECK(aw_up(&w));
	OK(store_write(w.store, exec_write, "DROP TABLE audit", NULL, NULL));
	OK(store_flush(w.store));
	EQ(http(&w, "GET /api/v1/users", aw_token(&w, "admin"), NULL, &r), 503);
	CHECK(is_problem(&r));
	CHECK(sv_find(sb_sv(&r.body), SV("items")) < 0);
	resp_done(&r);
	aw_down(&w);
}
