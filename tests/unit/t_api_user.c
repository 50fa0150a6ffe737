/* t_api_user.c: users over HTTP: made, changed, put out of use; what they were signed in to ends.
 */
#include "t_api_world.h"

#define MAKE \
	"{\"login\":\"mei\",\"name\":\"梅\",\"role\":\"agent\",\"password\":\"correct horse\"}"

/* The token of a sign-in; empty when refused. */
static bool sign_in(struct aw *w, const char *password, char out[API_TOKEN_MAX])
{
	struct resp r = { 0 };
	char body[200];
	(void)snprintf(body, sizeof(body), "{\"login\":\"mei\",\"password\":\"%s\"}", password);
	bool ok = http(w, "POST /api/v1/auth/login", NULL, body, &r) == 200;
	(void)snprintf(out, API_TOKEN_MAX, SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	resp_done(&r);
	return ok;
}

static int patch(struct aw *w, const char *match, const char *body, struct resp *r)
{
	char head[80];
	(void)snprintf(head, sizeof(head), "If-Match: %s\r\n", match ? match : "");
	return http_with(w, "PATCH /api/v1/users/mei", aw_token_of(w, "admin", "root"),
			 match ? head : NULL, body, r);
}

static int me(struct aw *w, const char *token)
{
	struct resp r = { 0 };
	int status = http(w, "GET /api/v1/me", token, NULL, &r);
	resp_done(&r);
	return status;
}

/* Rows of that kind in the river. */
static int64_t rows(struct aw *w, const char *kind)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	store_flush(w->store);
	if (store_reader(w->store, &db) ||
	    store_prep(db, &q, "SELECT count(*) FROM event WHERE kind=?1"))
		return n;
	store_bind_sv(q, 1, sv_of(kind));
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(api_user_made_listed_and_refused)
{
	static const char *const bad[] = {
		"{}",
		"{\"login\":\"Mei Li\",\"role\":\"agent\",\"password\":\"correct horse\"}",
		"{\"login\":\"li\",\"role\":\"king\",\"password\":\"correct horse\"}",
		"{\"login\":\"li\",\"role\":\"agent\",\"password\":\"short\"}",
		"{\"login\":\"li\",\"role\":\"agent\",\"password\":12345678901}",
		"{\"login\":\"li\",\"role\":\"agent\",\"password\":\"correct "
		"horse\",\"hat\":\"red\"}",
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	char token[API_TOKEN_MAX];

	if (!aw_up(&w))
		return;
	const char *root = aw_token_of(&w, "admin", "root");
	EQ(http(&w, "POST /api/v1/users", root, MAKE, &r), 201);
	SV_EQ(jv_get_str(r.json, "role"), "agent");
	CHECK(sv_find(sb_sv(&r.body), SV("hash")) < 0 && sv_find(sb_sv(&r.body), SV("argon")) < 0);
	EQ(http(&w, "POST /api/v1/users", root, MAKE, &r), 409);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(http(&w, "POST /api/v1/users", root, bad[i], &r), 400);
	CHECK(sign_in(&w, "correct horse", token) && me(&w, token) == 200);
	EQ(http(&w, "POST /api/v1/users", root,
		"{\"login\":\"tom\",\"role\":\"viewer\",\"password\":\"correct horse\"}", &r), 201);
	EQ(http(&w, "GET /api/v1/users?limit=1", root, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_get_str(r.json, "next"), "mei");
	EQ(http(&w, "GET /api/v1/users?limit=1&cursor=mei", root, NULL, &r), 200);
	SV_EQ(jv_get_str(jv_at(jv_get(r.json, "items"), 0), "login"), "tom");
	CHECK(jv_is_null(jv_get(r.json, "next")));
	EQ(http(&w, "GET /api/v1/users?limit=x", root, NULL, &r), 400);
	EQ(http(&w, "GET /api/v1/users/nobody", root, NULL, &r), 404);
	EQ(http(&w, "GET /api/v1/roles", root, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 6);
	EQ(rows(&w, "user.made"), 2);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_user_changed_and_signed_out)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char first[API_TOKEN_MAX], second[API_TOKEN_MAX];

	if (!aw_up(&w))
		return;
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	CHECK(sign_in(&w, "correct horse", first));
	EQ(patch(&w, "\"1\"", "{\"name\":\"Mei\"}", &r), 200); /* no reason to sign in again */
	EQ(me(&w, first), 200);
	EQ(patch(&w, "\"1\"", "{\"name\":\"May\"}", &r), 412);
	EQ(patch(&w, "\"x\"", "{\"name\":\"May\"}", &r), 412);
	EQ(patch(&w, "*", "{\"role\":\"king\"}", &r), 400);
	EQ(patch(&w, "*", "{\"login\":\"may\"}", &r), 400);
	EQ(patch(&w, "\"2\"", "{\"password\":\"battery staple\"}", &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 3);
	EQ(me(&w, first), 401);
	CHECK(!sign_in(&w, "correct horse", second) && sign_in(&w, "battery staple", second));
	EQ(me(&w, second), 200);
	EQ(patch(&w, "*", "{\"disabled\":true}", &r), 200);
	CHECK(jv_get_bool(r.json, "disabled", false));
	EQ(me(&w, second), 401);
	CHECK(!sign_in(&w, "battery staple", first));
	CHECK(aw_restart(&w));
	EQ(me(&w, second), 401);             /* known again after a restart */
	EQ(patch(&w, "*", "{\"disabled\":false}", &r), 200);
	CHECK(sign_in(&w, "battery staple", first) && me(&w, first) == 200);
	EQ(rows(&w, "user.changed"), 4);
	resp_done(&r);
	aw_down(&w);
}

/* A password that is being checked while they are put out of use signs in to nothing. */
TEST(api_user_a_sign_in_under_way_ends)
{
	static const char body[] = "{\"login\":\"mei\",\"password\":\"correct horse\"}";
	struct aw w = { 0 };
	struct resp r = { 0 };
	char token[API_TOKEN_MAX];

	if (!aw_up(&w))
		return;
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	int fd = http_send(&w, "POST /api/v1/auth/login", NULL, NULL, sv_of(body));
	EQ(patch(&w, "*", "{\"disabled\":true}", &r), 200);
	http_read(fd, &r);
	(void)snprintf(token, sizeof(token), SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	CHECK(r.status == 401 || (r.status == 200 && me(&w, token) == 401));
	resp_done(&r);
	aw_down(&w);
}

/* Another name, role and password on the command line; the rest stays. */
TEST(api_user_replaced_keeps_the_rest)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct err e = { 0 };
	char made[40], token[API_TOKEN_MAX];

	if (!aw_up(&w))
		return;
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	EQ(patch(&w, "\"1\"", "{\"disabled\":true}", &r), 200);
	(void)snprintf(made, sizeof(made), SV_FMT, SV_ARG(jv_get_str(r.json, "created_at")));
	EQ(api_user_put(w.store, SV("mei"), SV("May"), SV("viewer"), SV("battery staple"), true,
			&e),
	   0);
	EQ(http(&w, "GET /api/v1/users/mei", aw_token_of(&w, "admin", "root"), NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 3);
	CHECK(jv_get_bool(r.json, "disabled", false));
	SV_EQ(jv_get_str(r.json, "created_at"), made);
	SV_EQ(jv_get_str(r.json, "name"), "May");
	CHECK(!sign_in(&w, "battery staple", token));
	EQ(rows(&w, "user.changed"), 2);
	EQ(api_user_put(w.store, SV("tom"), SV("Tom"), SV("agent"), SV("battery staple"), true,
			&e),
	   0);
	EQ(rows(&w, "user.made"), 2);
	resp_done(&r);
	aw_down(&w);
}

/* Nobody locks themselves out, so an administrator remains. */
TEST(api_user_keeps_their_own_access)
{
	struct aw w = { 0 };
	struct resp r = { 0 };

	if (!aw_up(&w))
		return;
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	EQ(patch(&w, "*", "{\"role\":\"admin\"}", &r), 200);
	const char *own = aw_token_of(&w, "admin", "lin");
	EQ(http(&w, "POST /api/v1/users", own,
		"{\"login\":\"lin\",\"role\":\"admin\",\"password\":\"correct horse\"}", &r), 201);
	EQ(http(&w, "PATCH /api/v1/users/lin", own, "{\"disabled\":true}", &r), 409);
	EQ(http(&w, "PATCH /api/v1/users/lin", own, "{\"role\":\"agent\"}", &r), 409);
	EQ(http(&w, "PATCH /api/v1/users/lin", own, "{\"name\":\"Lin\"}", &r), 200);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_user_sockets_end)
{
	static const char *const paths[] = { "/ws/supervisor", "/ws/agent" };
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct wsc c[2];
	char token[API_TOKEN_MAX], url[API_TOKEN_MAX + 64];

	if (!aw_up(&w))
		return;
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	EQ(patch(&w, "*", "{\"role\":\"supervisor\"}", &r), 200);
	CHECK(sign_in(&w, "correct horse", token));
	for (int i = 0; i < 2; i++) {
		(void)snprintf(url, sizeof(url), "%s?token=%s", paths[i], token);
		CHECK(wsc_open(&w, &c[i], url));
	}
	EQ(patch(&w, "*", "{\"disabled\":true}", &r), 200);
	CHECK(wsc_gone(&w, &c[0]) && wsc_gone(&w, &c[1]));
	EQ(c[0].code, 1008);
	for (int i = 0; i < 2; i++)
		wsc_close(&w, &c[i]);
	resp_done(&r);
	aw_down(&w);
}

/* Given a new password by another process, they sign in at once: what is learned of it later ends
 * what was signed in to before, and nothing newer. */
TEST(api_user_newer_sockets_stay)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct wsc old, fresh;
	struct err e = { 0 };
	char token[API_TOKEN_MAX], url[API_TOKEN_MAX + 64];

	if (!aw_up(&w))
		return;
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	CHECK(sign_in(&w, "correct horse", token));
	(void)snprintf(url, sizeof(url), "/ws/agent?token=%s", token);
	CHECK(wsc_open(&w, &old, url));
	EQ(api_user_put(w.store, SV("mei"), SV("Mei"), SV("agent"), SV("battery staple"), true, &e),
	   0);
	CHECK(sign_in(&w, "battery staple", token));
	(void)snprintf(url, sizeof(url), "/ws/agent?token=%s", token);
	CHECK(wsc_open(&w, &fresh, url));
	CHECK(wsc_gone(&w, &old));
	EQ(old.code, 1008);
	EQ(me(&w, token), 200);
	CHECK(!fresh.closed);
	wsc_send(&fresh, "{\"id\":\"x\",\"op\":\"dance\"}");
	EQ(me(&w, token), 200);              /* the door has looked at it by now */
	CHECK(!fresh.closed);
	wsc_close(&w, &old);
	wsc_close(&w, &fresh);
	resp_done(&r);
	aw_down(&w);
}

/* ---- what they are signed in to ---- */

static int sessions(struct aw *w, const char *method, struct resp *r)
{
	char line[80];
	(void)snprintf(line, sizeof(line), "%s /api/v1/users/mei/sessions", method);
	return http(w, line, aw_token_of(w, "admin", "root"), NULL, r);
}

TEST(api_user_sessions_are_listed)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char one[API_TOKEN_MAX];

	if (!aw_up(&w))
		return;
	EQ(sessions(&w, "GET", &r), 404);
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	EQ(sessions(&w, "GET", &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(http_with(&w, "POST /api/v1/auth/login", NULL, "User-Agent: Desk 1\r\n",
		     "{\"login\":\"mei\",\"password\":\"correct horse\"}", &r), 200);
	(void)snprintf(one, sizeof(one), SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	EQ(me(&w, one), 200);
	EQ(sessions(&w, "GET", &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	const jv *x = jv_at(jv_get(r.json, "items"), 0);
	SV_EQ(jv_get_str(x, "agent"), "Desk 1");
	SV_EQ(jv_get_str(x, "from"), "127.0.0.1");
	CHECK(id_ok(jv_get_str(x, "id")));
	CHECK(sv_cmp(jv_get_str(x, "last_at"), jv_get_str(x, "made_at")) >= 0);
	CHECK(aw_restart(&w));
	EQ(me(&w, one), 200);
	EQ(sessions(&w, "GET", &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_user_signed_out_everywhere)
{
	struct aw w = { .queues = "languages: [en]\nskills: []\nqueues:\n  - id: q\n    title: "
				  "{zh: q, en: q}\ndefault_queue: q\nagents:\n  people: []\n" };
	struct resp r = { 0 };
	struct wsc desk;
	char one[API_TOKEN_MAX], two[API_TOKEN_MAX], url[API_TOKEN_MAX + 40];

	if (!aw_up(&w))
		return;
	EQ(sessions(&w, "DELETE", &r), 404);
	EQ(http(&w, "POST /api/v1/users", aw_token_of(&w, "admin", "root"), MAKE, &r), 201);
	CHECK(sign_in(&w, "correct horse", one) && sign_in(&w, "correct horse", two));
	EQ(sessions(&w, "GET", &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	(void)snprintf(url, sizeof(url), "/ws/agent?token=%s", one);
	CHECK(wsc_open(&w, &desk, url));
	usleep(2000);                /* a later millisecond than the sign-ins */
	EQ(sessions(&w, "DELETE", &r), 204);
	CHECK(wsc_gone(&w, &desk));
	EQ(desk.code, 1008);
	CHECK(me(&w, one) == 401 && me(&w, two) == 401);
	EQ(sessions(&w, "GET", &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(rows(&w, "user.signed_out"), 1);
	usleep(2000);
	CHECK(sign_in(&w, "correct horse", one) && me(&w, one) == 200);
	CHECK(aw_restart(&w));
	CHECK(me(&w, two) == 401 && me(&w, one) == 200);
	wsc_close(&w, &desk);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_user_commands)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct err e = { 0 };
	jv *list = NULL;

	if (!aw_up(&w))
		return;
	EQ(api_user_put(w.store, SV("root"), SV("Root"), SV("admin"), SV("correct horse"),
			false, &e),
	   0);
	EQ(api_user_put(w.store, SV("mei"), SV("Mei"), SV("agent"), SV("correct horse"), false,
			&e),
	   0);
	EQ(api_user_set(w.store, SV("root"), SV_NULL, 1, &e), ERR_STATE);
	CHECK(strstr(e.msg, "last administrator"));
	EQ(api_user_set(w.store, SV("nobody"), SV_NULL, 1, &e), ERR_NOTFOUND);
	EQ(api_user_set(w.store, SV("mei"), SV("short"), -1, &e), ERR_INVAL);
	EQ(api_user_set(w.store, SV("mei"), SV("battery staple"), -1, &e), 0);
	char token[API_TOKEN_MAX];
	CHECK(!sign_in(&w, "correct horse", token) && sign_in(&w, "battery staple", token));
	EQ(api_user_set(w.store, SV("mei"), SV_NULL, 1, &e), 0);
	CHECK(!sign_in(&w, "battery staple", token));
	EQ(api_user_list(w.store, &list, &e), 0);
	EQ(jv_len(list), 2);
	CHECK(jv_get_bool(jv_at(list, 0), "disabled", false));
	jv_free(list);
	EQ(api_user_set(w.store, SV("mei"), SV_NULL, 0, &e), 0);
	CHECK(sign_in(&w, "battery staple", token));
	EQ(rows(&w, "user.changed"), 3);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_user_commands_leave_an_administrator)
{
	static const char *const bad[] = { "", "a/b", "%", "Ann", "ann lee", "a:b" };
	struct aw w = { 0 };
	struct err e = { 0 };
	sv word = SV("correct horse");

	if (!aw_up(&w))
		return;
	EQ(api_user_put(w.store, SV("mei"), SV("Mei"), SV("agent"), word, false, &e), 0);
	EQ(api_user_set(w.store, SV("mei"), SV_NULL, 1, &e), 0);     /* no administrator yet */
	EQ(api_user_put(w.store, SV("root"), SV("Root"), SV("admin"), word, false, &e), 0);
	EQ(api_user_put(w.store, SV("root"), SV("Root"), SV("viewer"), word, true, &e), ERR_STATE);
	CHECK(strstr(e.msg, "root is the last administrator"));
	EQ(rows(&w, "user.changed"), 1);
	EQ(api_user_put(w.store, SV("root"), SV("Root"), SV("admin"), word, true, &e), 0);
	EQ(api_user_put(w.store, SV("lin"), SV("Lin"), SV("admin"), word, false, &e), 0);
	EQ(api_user_put(w.store, SV("root"), SV("Root"), SV("viewer"), word, true, &e), 0);
	EQ(api_user_set(w.store, SV("lin"), SV_NULL, 1, &e), ERR_STATE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(api_user_put(w.store, sv_of(bad[i]), SV("x"), SV("agent"), word, false, &e),
		   ERR_INVAL);
	aw_down(&w);
}

/* Whoever asks, and whatever they are: somebody must be able to let others in. */
TEST(api_user_the_last_administrator_stays)
{
	static const char *const less[] = { "{\"disabled\":true}", "{\"role\":\"agent\"}" };
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct err e = { 0 };
	sv word = SV("correct horse");

	if (!aw_up(&w))
		return;
	EQ(api_user_put(w.store, SV("mei"), SV("Mei"), SV("admin"), word, false, &e), 0);
	for (size_t i = 0; i < 2; i++) {
		EQ(patch(&w, NULL, less[i], &r), 409);
		CHECK(is_problem(&r));
		HAS(sb_sv(&r.body), "last administrator");
	}
	EQ(patch(&w, "\"9\"", "{\"name\":\"M\"}", &r), 412);
	EQ(patch(&w, NULL, "{\"name\":\"M\"}", &r), 200);
	EQ(api_user_put(w.store, SV("lin"), SV("Lin"), SV("admin"), word, false, &e), 0);
	EQ(patch(&w, NULL, less[0], &r), 200);
	EQ(patch(&w, NULL, less[1], &r), 200);       /* out of use: none less by it */
	resp_done(&r);
	aw_down(&w);
}
