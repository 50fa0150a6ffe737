/* t_api_cust.c: customers over HTTP: masked for everybody, shown to administrators with a note
 * in the river, changed with a version, joined and parted, erased. */
#include "t_api_world.h"
#include "cust.h"

#define C "/api/v1/customers"

static const unsigned char data_key[32] = { 4, 2 };

struct cu {
	struct aw w;
	struct cust_keys *k;
	struct resp r;
	int rc;
};

static int fill(void *arg, struct store_db *db)
{
	static const char people[] =
		"{\"id\":\"c1\",\"name\":\"吴建华\",\"language\":\"zh\",\"tier\":\"gold\","
		"\"phone\":"
		"\"15400001037\",\"email\":\"wu.jianhua@example.cn\",\"address\":{\"city\":"
		"\"南京\","
		"\"line\":\"白鹭里55号\"},\"created_at\":\"2022-08-31T05:16:00+08:00\"}\n"
		"{\"id\":\"c2\",\"name\":\"Chloe Dubois\",\"language\":\"en\",\"phone\":"
		"\"15400001074\",\"created_at\":\"2025-11-16T11:55:00+08:00\"}\n";
	struct cu *u = arg;
	struct err e = { 0 };
	u->rc = cust_import(db, u->k, sv_of(people), SV("86"), 1790000000000, NULL, &e);
	return u->rc;
}

static bool up(struct cu *u)
{
	*u = (struct cu){ .rc = -1 };
	if (cust_keys_new(&u->k, data_key))
		return false;
	u->w.o.cust = u->k;
	return aw_up(&u->w) && store_write(u->w.store, fill, u, NULL, NULL) == 0 &&
	       store_flush(u->w.store) == 0 && u->rc == 0;
}

static void down(struct cu *u)
{
	resp_done(&u->r);
	aw_down(&u->w);
	obj_unref(u->k);
}

static int call(struct cu *u, const char *line, const char *role, const char *body)
{
	return http(&u->w, line, role ? aw_token(&u->w, role) : NULL, body, &u->r);
}

static sv at(const struct cu *u, const char *path)
{
	return jv_as_str(jv_path(u->r.json, path));
}

static int64_t count(struct cu *u, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	store_flush(u->w.store);
	if (store_reader(u->w.store, &db) || store_prep(db, &q, sql))
		return -2;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

static int run_sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

TEST(api_cust_list_and_card_are_masked)
{
	struct cu u;
	CHECK(up(&u));
	EQ(call(&u, "GET " C, NULL, NULL), 401);
	EQ(call(&u, "GET " C, "agent", NULL), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 2);
	EQ(call(&u, "GET " C "?q=15400001037", "agent", NULL), 200);
	SV_EQ(at(&u, "items.0.id"), "c1");
	SV_EQ(at(&u, "items.0.phone_masked"), "+86 154 **** 1037");
	EQ(sv_find(sb_sv(&u.r.body), SV("15400001037")), -1);
	EQ(call(&u, "GET " C "?cursor=junk", "agent", NULL), 400);
	CHECK(is_problem(&u.r));
	EQ(call(&u, "GET " C "/c1", "agent", NULL), 200);
	SV_EQ(at(&u, "name"), "吴建华");
	SV_EQ(at(&u, "address.city"), "南京");
	EQ(sv_find(sb_sv(&u.r.body), SV("白鹭里")), -1);
	EQ(sv_find(sb_sv(&u.r.body), SV("wu.jianhua")), -1);
	HAS(sb_sv(&u.r.head), "ETag: \"");
	EQ(call(&u, "GET " C "/c9", "agent", NULL), 404);
	CHECK(is_problem(&u.r));
	down(&u);
}

TEST(api_cust_reveal_is_for_few_and_on_record)
{
	struct cu u;
	CHECK(up(&u));
	EQ(call(&u, "GET " C "/c1?reveal=1", "agent", NULL), 403);
	EQ(call(&u, "GET " C "/c1?reveal=1", "quality", NULL), 403);
	EQ(call(&u, "GET " C "/c1/export", "supervisor", NULL), 403);
	EQ(count(&u, "SELECT count(*) FROM event WHERE kind='pii.revealed'"), 0);
	EQ(call(&u, "GET " C "/c1?reveal=1", "supervisor", NULL), 200);
	HAS(sb_sv(&u.r.body), "\"value\":\"+8615400001037\"");
	EQ(count(&u, "SELECT count(*) FROM event WHERE kind='pii.revealed'"), 1);
	EQ(call(&u, "GET " C "/c1?reveal=1", "admin", NULL), 200);
	HAS(sb_sv(&u.r.body), "\"value\":\"+8615400001037\"");
	HAS(sb_sv(&u.r.body), "白鹭里55号");
	EQ(call(&u, "GET " C "/c1/export", "admin", NULL), 200);
	SV_EQ(at(&u, "customers.0.name"), "吴建华");
	CHECK(jv_is_arr(jv_get(u.r.json, "conversations")));
	EQ(count(&u, "SELECT count(*) FROM event WHERE kind='pii.revealed' AND customer='c1' AND "
		     "actor='user:tester'"),
	   3);
	EQ(call(&u, "GET " C "/c9/export", "admin", NULL), 404);
	down(&u);
}

TEST(api_cust_changes_with_a_version)
{
	struct cu u;
	char tag[64];
	CHECK(up(&u));
	EQ(call(&u, "GET " C "/c1", "agent", NULL), 200);
	snprintf(tag, sizeof(tag), "If-Match: \"%lld\"\r\n",
		 (long long)jv_get_int(u.r.json, "version", 0));
	EQ(http_with(&u.w, "PATCH " C "/c1", aw_token(&u.w, "agent"), tag,
		     "{\"tier\":\"silver\",\"preferences\":{\"channel\":\"email\"}}", &u.r),
	   200);
	SV_EQ(at(&u, "tier"), "silver");
	SV_EQ(at(&u, "preferences.channel"), "email");
	SV_EQ(at(&u, "name"), "吴建华");
	EQ(jv_len(jv_get(u.r.json, "identities")), 2);
	EQ(http_with(&u.w, "PATCH " C "/c1", aw_token(&u.w, "agent"), tag, "{\"tier\":\"gold\"}",
		     &u.r),
	   412);
	CHECK(is_problem(&u.r));
	EQ(http_with(&u.w, "PATCH " C "/c1", aw_token(&u.w, "agent"), "If-Match: \"x\"\r\n",
		     "{\"tier\":\"gold\"}", &u.r),
	   412);
	EQ(call(&u, "PATCH " C "/c1", "agent", "{\"shoe\":42}"), 400);
	EQ(call(&u, "PATCH " C "/c1", "agent", "{\"name\":7}"), 400);
	EQ(call(&u, "PATCH " C "/c9", "agent", "{\"name\":\"x\"}"), 404);
	EQ(call(&u, "PATCH " C "/c1", NULL, "{\"name\":\"x\"}"), 401);
	EQ(count(&u, "SELECT count(*) FROM event WHERE kind='customer.changed' AND "
		     "actor='user:tester'"),
	   1);
	down(&u);
}

TEST(api_cust_identities_and_consent)
{
	struct cu u;
	char line[200];
	CHECK(up(&u));
	EQ(call(&u, "POST " C "/c1/identities", "agent",
		"{\"kind\":\"phone\",\"value\":\"139 0000 0000\"}"),
	   200);
	EQ(jv_len(jv_get(u.r.json, "identities")), 3);
	SV_EQ(at(&u, "identities.2.masked"), "+86 139 **** 0000");
	snprintf(line, sizeof(line), "DELETE " C "/c1/identities/" SV_FMT,
		 SV_ARG(at(&u, "identities.2.id")));
	EQ(call(&u, line, "agent", NULL), 200);
	EQ(jv_len(jv_get(u.r.json, "identities")), 2);
	EQ(call(&u, line, "agent", NULL), 404);
	EQ(call(&u, "POST " C "/c1/identities", "agent", "{\"kind\":\"fax\",\"value\":\"1\"}"),
	   400);
	EQ(call(&u, "POST " C "/c1/identities", "agent", "{\"kind\":\"email\",\"value\":\"1\"}"),
	   400);
	EQ(call(&u, "PUT " C "/c1/consent", "agent",
		"{\"channel\":\"sms\",\"purpose\":\"marketing\",\"yes\":false,\"source\":"
		"\"console\"}"),
	   200);
	SV_EQ(at(&u, "consent.0.channel"), "sms");
	CHECK(!jv_get_bool(jv_path(u.r.json, "consent.0"), "yes", true));
	EQ(call(&u, "PUT " C "/c1/consent", "agent",
		"{\"channel\":\"fax\",\"purpose\":\"marketing\",\"yes\":false}"),
	   400);
	EQ(call(&u, "PUT " C "/c1/consent", "agent", "{\"channel\":\"sms\",\"purpose\":\"x\"}"),
	   400);
	down(&u);
}

TEST(api_cust_joined_and_parted)
{
	struct cu u;
	CHECK(up(&u));
	EQ(call(&u, "POST " C "/join", "agent", "{\"a\":\"c1\",\"b\":\"c2\"}"), 400);
	EQ(call(&u, "POST " C "/join", "agent",
		"{\"a\":\"c1\",\"b\":\"c2\",\"reason\":\"said so\"}"),
	   200);
	SV_EQ(at(&u, "joined.0.b"), "c2");
	EQ(jv_len(jv_get(u.r.json, "identities")), 3);
	EQ(call(&u, "POST " C "/join", "agent",
		"{\"a\":\"c1\",\"b\":\"c1\",\"reason\":\"said so\"}"),
	   400);
	EQ(call(&u, "POST " C "/join", "agent",
		"{\"a\":\"c1\",\"b\":\"c9\",\"reason\":\"said so\"}"),
	   404);
	EQ(call(&u, "GET " C "/c2/timeline?limit=3", "agent", NULL), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 3);
	CHECK(jv_is_str(jv_get(u.r.json, "next")));
	EQ(call(&u, "GET " C "/c9/timeline", "agent", NULL), 404);
	EQ(call(&u, "GET " C "/c1/timeline?cursor=x", "agent", NULL), 400);
	EQ(call(&u, "POST " C "/unjoin", "agent", "{\"a\":\"c1\",\"b\":\"c2\"}"), 200);
	EQ(jv_len(jv_get(u.r.json, "joined")), 0);
	EQ(call(&u, "POST " C "/unjoin", "agent", "{\"a\":\"c1\",\"b\":\"c2\"}"), 404);
	/* the same phone for both: a proposal, and a no */
	EQ(call(&u, "POST " C "/c2/identities", "agent",
		"{\"kind\":\"email\",\"value\":\"wu.jianhua@example.cn\"}"),
	   200);
	EQ(call(&u, "GET /api/v1/joins", "agent", NULL), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 0);    /* parted before: not proposed again */
	EQ(call(&u, "POST /api/v1/joins/no", "agent", "{\"a\":\"c1\",\"b\":\"c9\"}"), 404);
	down(&u);
}

TEST(api_cust_erased)
{
	struct cu u;
	CHECK(up(&u));
	EQ(call(&u, "DELETE " C "/c1", "supervisor", NULL), 403);
	EQ(call(&u, "DELETE " C "/c9", "admin", NULL), 404);
	EQ(call(&u, "DELETE " C "/c1", "admin", NULL), 200);
	CHECK(jv_get_bool(u.r.json, "erased", false));
	EQ(call(&u, "GET " C "/c1", "agent", NULL), 200);
	SV_EQ(at(&u, "name"), "");
	CHECK(jv_get_bool(u.r.json, "erased", false));
	EQ(jv_len(jv_get(u.r.json, "identities")), 0);
	EQ(call(&u, "PATCH " C "/c1", "agent", "{\"name\":\"back\"}"), 409);
	EQ(call(&u, "GET " C, "agent", NULL), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 1);
	EQ(count(&u, "SELECT count(*) FROM event WHERE kind='customer.erased' AND "
		     "actor='user:tester'"),
	   1);
	down(&u);
}

TEST(api_cust_files_of_an_erased_customer)
{
	char path[4200];
	const char *dir = t_tmpdir();
	static const char *const made[] = { "v1.wav", "i1.jsonl", "i1.2.jsonl", "other.wav" };
	snprintf(path, sizeof(path), "%s/recordings", dir);
	OK(file_mkdirs(path, NULL));
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/recordings/%s", dir, made[i]);
		OK(file_write(path, SV("x"), NULL));
	}
	EQ(api_erase_files(dir, SV("recordings/v1.wav\nrecordings/i1.jsonl\nrecordings/i9.jsonl\n"
				   "recordings/../x\n../x\n/etc/x\nother.wav\n")),
	   3);
	snprintf(path, sizeof(path), "%s/recordings/other.wav", dir);
	CHECK(file_exists(path));
}

/* Welcomed by name, and the river has no name: it could not be erased there. */
TEST(api_cust_river_names_nobody)
{
	static const struct chan_profile li = { .id = SV("c1"), .name = SV("Li Wei"),
						.language = SV("en") };
	struct cu u = { .w = { .profile = &li } };
	CHECK(aw_up(&u.w));
	EQ(call(&u, "POST /api/v1/conversations", "agent",
		"{\"channel\":\"webchat\",\"customer\":{\"id\":\"c1\"}}"),
	   201);
	HAS(at(&u, "greeting"), "Welcome back, Li Wei");
	EQ(count(&u, "SELECT count(*) FROM event WHERE body LIKE '%Li Wei%'"), 0);
	EQ(count(&u, "SELECT count(*) FROM event WHERE kind='turn.bot' AND body LIKE '%Welcome "
		     "back, "
		     "[name]%'"),
	   1);
	down(&u);
}

TEST(api_cust_none_without_keys)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "GET " C, aw_token(&w, "agent"), NULL, &r), 503);
	CHECK(is_problem(&r));
	resp_done(&r);
	aw_down(&w);
}

/* "Make an article of this": the customer's own name and identities go with their clauses. */
TEST(api_cust_is_not_named_in_a_draft)
{
	static char chat[] =
		"INSERT INTO conversation (id, interaction_id, channel, customer_id, started_ms, "
		"last_ms) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FC1','x','webchat','c2',1,1);"
		"INSERT INTO event (pos, id, ts_ms, conversation, seq, kind, actor, body) VALUES "
		"(900011,'e11',1,'01ARZ3NDEKTSV4RRFFQ69G5FC1',1,'turn.customer','customer',"
		"'{\"text\":\"Can I rent a drill for the weekend?\",\"language\":\"en\"}'),"
		"(900012,'e12',2,'01ARZ3NDEKTSV4RRFFQ69G5FC1',2,'turn.agent','user:mei',"
		"'{\"text\":\"Well then dubois, drills are rented for CNY 30 a weekend.\","
		"\"by\":\"mei\"}')";
	struct cu u;
	char line[100];
	CHECK(up(&u));
	OK(store_write(u.w.store, run_sql, chat, NULL, NULL));
	OK(store_flush(u.w.store));
	EQ(call(&u, "POST /api/v1/conversations/01ARZ3NDEKTSV4RRFFQ69G5FC1/draft", "supervisor",
		"{\"seq\":2}"),
	   201);
	(void)snprintf(line, sizeof(line), "GET /api/v1/kb/drafts/" SV_FMT,
		       SV_ARG(at(&u, "draft")));
	EQ(call(&u, line, "supervisor", NULL), 200);
	SV_EQ(at(&u, "body_md"), "drills are rented for CNY 30 a weekend.");
	down(&u);
}
