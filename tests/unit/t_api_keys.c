/* t_api_keys.c: API keys with a list of what each may: made, used, listed, ended, revoked;
 * never more than who makes them may. */
#include "guard_access.h"
#include "t_api_world.h"

/* Makes one; its key. */
static bool make(struct aw *w, const char *token, const char *body, int status,
		 char out[API_APIKEY_MAX])
{
	struct resp r = { 0 };
	int got = http(w, "POST /api/v1/keys", token, body, &r);
	snprintf(out, API_APIKEY_MAX, SV_FMT, SV_ARG(jv_get_str(r.json, "key")));
	if (got != status)
		printf("# %s: %d " SV_FMT "\n", body, got, SV_ARG(sb_sv(&r.body)));
	resp_done(&r);
	return got == status && (status != 201 || out[0]);
}

static int ask(struct aw *w, const char *line, const char *token)
{
	struct resp r = { 0 };
	int status = http(w, line, token, "{}", &r);
	resp_done(&r);
	return status;
}

TEST(api_keys_may_what_is_in_their_list)
{
	struct aw w = { 0 };
	char plain[API_APIKEY_MAX], crm[API_APIKEY_MAX];
	CHECK(aw_up(&w));
	const char *root = aw_token(&w, "admin");
	CHECK(make(&w, root, "{\"name\":\"bot\"}", 201, plain));
	CHECK(make(&w, root, "{\"name\":\"crm\",\"may\":[\"ticket.read\",\"queue.read\"]}", 201,
		   crm));
	EQ(ask(&w, "GET /api/v1/queues", crm), 503);         /* allowed; there are none here */
	EQ(ask(&w, "GET /api/v1/tickets", crm), 503);
	EQ(ask(&w, "GET /api/v1/customers", crm), 403);
	EQ(ask(&w, "GET /api/v1/users", crm), 403);
	EQ(ask(&w, "GET /v1/models", crm), 401);             /* not bot.use */
	EQ(ask(&w, "POST /mcp", crm), 401);
	EQ(ask(&w, "GET /v1/models", plain), 200);
	EQ(ask(&w, "GET /api/v1/queues", plain), 403);
	EQ(ask(&w, "GET /api/v1/conversations", plain), 403);
	EQ(ask(&w, "GET /api/v1/queues",
	       "sk-callm-000000000000000000000000000000000000000000000000"),
	   401);
	struct resp r = { 0 };
	EQ(http(&w, "GET /api/v1/me", crm, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "login"), "key:crm");
	SV_EQ(jv_get_str(r.json, "role"), "key");
	EQ((int)jv_len(jv_get(r.json, "may")), 2);
	CHECK(jv_is_bool(jv_get(r.json, "sample_history")) &&
	      !jv_get_bool(r.json, "sample_history", true));
	CHECK(!jv_get(r.json, "timezone"));
	jv_set_str(w.company, "timezone", SV("Asia/Shanghai"));
	EQ(http(&w, "GET /api/v1/me", crm, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "timezone"), "Asia/Shanghai");
	resp_done(&r);
	aw_down(&w);
}

TEST(api_keys_are_listed_with_use_and_revoked)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char key[API_APIKEY_MAX], other[API_APIKEY_MAX];
	CHECK(aw_up(&w));
	const char *root = aw_token(&w, "admin");
	CHECK(make(&w, root, "{\"name\":\"crm\",\"may\":[\"article.read\"],\"days\":30}", 201,
		   key));
	EQ(http(&w, "GET /api/v1/keys", root, NULL, &r), 200);
	const jv *x = jv_at(jv_get(r.json, "items"), 0);
	SV_EQ(jv_get_str(x, "name"), "crm");
	CHECK(jv_is_null(jv_get(x, "last_used_at")) && jv_get_str(x, "expires_at").n == 24);
	SV_EQ(jv_as_str(jv_path(x, "may.0")), "article.read");
	CHECK(sv_find(sb_sv(&r.body), SV("sk-callm")) < 0);
	EQ(ask(&w, "GET /api/v1/articles", key), 200);
	EQ(http(&w, "GET /api/v1/keys", root, NULL, &r), 200);
	CHECK(jv_get_str(jv_at(jv_get(r.json, "items"), 0), "last_used_at").n == 24);
	/* the same name again: the old one is no longer good */
	CHECK(make(&w, root, "{\"name\":\"crm\",\"may\":[\"queue.read\"]}", 201, other));
	EQ(ask(&w, "GET /api/v1/articles", key), 401);
	EQ(ask(&w, "GET /api/v1/articles", other), 403);
	CHECK(aw_restart(&w));
	EQ(ask(&w, "GET /api/v1/articles", other), 403);
	root = aw_token(&w, "admin");
	EQ(ask(&w, "DELETE /api/v1/keys/crm", root), 204);
	EQ(ask(&w, "DELETE /api/v1/keys/crm", root), 404);
	EQ(ask(&w, "GET /api/v1/articles", other), 401);
	EQ(http(&w, "GET /api/v1/keys", root, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_keys_refused)
{
	static const char *const bad[] = {
		"{}",
		"{\"name\":\"x\",\"may\":[]}",
		"{\"name\":\"x\",\"may\":\"queue.read\"}",
		"{\"name\":\"x\",\"may\":[\"queue.*\"]}",
		"{\"name\":\"x\",\"may\":[\"queue.raed\"]}",
		"{\"name\":\"x\",\"may\":[7]}",
		"{\"name\":\"x\",\"days\":0}",
		"{\"name\":\"x\",\"days\":\"ten\"}",
	};
	struct aw w = { 0 };
	char key[API_APIKEY_MAX], none[API_APIKEY_MAX];
	CHECK(aw_up(&w));
	const char *root = aw_token(&w, "admin");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(make(&w, root, bad[i], 400, none));
	/* a key that makes keys gives no more than it has */
	CHECK(make(&w, root, "{\"name\":\"k\",\"may\":[\"key.manage\",\"queue.read\"]}", 201, key));
	CHECK(make(&w, key, "{\"name\":\"a\",\"may\":[\"queue.read\"]}", 201, none));
	CHECK(make(&w, key, "{\"name\":\"b\",\"may\":[\"queue.read\",\"user.manage\"]}", 403,
		   none));
	aw_down(&w);
}

/* What masks hide from whoever makes a key, the key does not show. */
TEST(api_keys_see_no_more_than_who_makes_them)
{
	static const char roles[] =
		"roles:\n"
		"  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
		"  - id: keeper\n    title: {zh: 钥, en: Keeper}\n"
		"    may: [key.manage, customer.read, personal.reveal]\n"
		"    masks: {all: hidden}\n";
	static const char all[] =
		"{\"name\":\"k\",\"may\":[\"customer.read\",\"personal.reveal\"]}";
	struct cfg_report rep = { 0 };
	struct aw w = { 0 };
	char key[API_APIKEY_MAX];
	OK(guard_access_new(&w.o.access, sv_of(roles), "roles.yaml", &rep));
	cfg_report_done(&rep);
	CHECK(aw_up(&w));
	const char *keeper = aw_token(&w, "keeper");
	CHECK(make(&w, keeper, all, 403, key));
	CHECK(make(&w, keeper, "{\"name\":\"k\",\"may\":[\"customer.read\"]}", 201, key));
	CHECK(make(&w, aw_token(&w, "admin"), all, 201, key));
	aw_down(&w);
	obj_unref(w.o.access);
}

/* One that says where events go neither widens nor moves what goes out unmasked. */
TEST(api_keys_of_webhooks)
{
	static const unsigned char seal[32] = { 5 };
	static const char *const refused[] = { "{\"url\":\"https://b.example/in\"}",
					       "{\"events\":[\"*\"]}", "{\"new_secret\":true}",
					       "{\"unmasked\":true}" };
	struct aw w = { .o = { .hook_key = seal } };
	struct resp r = { 0 };
	char key[API_APIKEY_MAX], line[120];
	CHECK(aw_up(&w));
	const char *root = aw_token(&w, "admin");
	CHECK(make(&w, root, "{\"name\":\"h\",\"may\":[\"webhook.manage\"]}", 201, key));
	static const char one[] = "{\"url\":\"https://a.example/in\",\"events\":[\"a.*\"],"
				  "\"unmasked\":true}";
	EQ(http(&w, "POST /api/v1/webhooks", key, one, &r), 403);
	EQ(http(&w, "POST /api/v1/webhooks", root, one, &r), 201);
	(void)snprintf(line, sizeof(line), "PUT /api/v1/webhooks/" SV_FMT,
		       SV_ARG(jv_get_str(r.json, "id")));
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		EQ(http(&w, line, key, refused[i], &r), 403);
		CHECK(is_problem(&r));
	}
	EQ(http(&w, line, key, "{\"note\":\"x\"}", &r), 200);
	SV_EQ(jv_get_str(r.json, "url"), "https://a.example/in");
	EQ(http(&w, line, root, refused[0], &r), 200);
	EQ(http(&w, line, key, "{\"events\":[\"*\"],\"unmasked\":false}", &r), 200);
	CHECK(!jv_get_bool(r.json, "unmasked", true));
	(void)snprintf(line, sizeof(line), "GET /api/v1/webhooks/" SV_FMT "/deliveries?cursor=x-y",
		       SV_ARG(jv_get_str(r.json, "id")));
	EQ(http(&w, line, key, NULL, &r), 400);
	resp_done(&r);
	aw_down(&w);
}

/* Without a server; one that ended is as none. */
TEST(api_keys_of_commands)
{
	struct aw w = { 0 };
	struct err e = { 0 };
	struct sb b;
	char key[API_APIKEY_MAX];
	struct api_apikey k = { SV("crm"), SV("queue.read, article.read"), 1 };
	CHECK(aw_up(&w));
	sb_init(&b, LIM_SB);
	EQ(api_apikey_make(w.store, &k, key, &e), 0);
	CHECK(aw_restart(&w));
	EQ(ask(&w, "GET /api/v1/articles", key), 200);
	EQ(api_apikey_list(w.store, &b, &e), 0);
	HAS(sb_sv(&b), "\"may\":[\"queue.read\",\"article.read\"]");
	k.may = SV("queue.read,moon");
	EQ(api_apikey_make(w.store, &k, key, &e), ERR_INVAL);
	EQ(api_apikey_drop(w.store, SV("none"), &e), ERR_NOTFOUND);
	EQ(store_flush(w.store), 0);
	struct store_event ev = { .kind = SV("x"), .body = SV("{}") };
	EQ(store_append(w.store, &ev, NULL, NULL, NULL), 0);
	EQ(api_apikey_drop(w.store, SV("crm"), &e), 0);
	CHECK(aw_restart(&w));
	EQ(ask(&w, "GET /api/v1/articles", key), 401);
	sb_done(&b);
	aw_down(&w);
}

static int age(void *arg, struct store_db *db)
{
	return store_exec(db, "UPDATE kv SET v='{\"may\":[\"article.read\"],\"expires_ms\":1000}' "
			      "WHERE k LIKE 'apikeyinfo/%'");
}

TEST(api_keys_end)
{
	struct aw w = { 0 };
	char key[API_APIKEY_MAX];
	CHECK(aw_up(&w));
	CHECK(make(&w, aw_token(&w, "admin"), "{\"name\":\"k\",\"may\":[\"article.read\"]}",
		   201, key));
	EQ(ask(&w, "GET /api/v1/articles", key), 200);
	EQ(store_write(w.store, age, NULL, NULL, NULL), 0);
	EQ(store_flush(w.store), 0);
	CHECK(aw_restart(&w));
	EQ(ask(&w, "GET /api/v1/articles", key), 401);
	aw_down(&w);
}
