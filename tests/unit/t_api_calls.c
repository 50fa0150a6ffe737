/* t_api_calls.c: who may have somebody called, what is answered, and the rows that stay. (That a
 * telephone rings then: t_chan_out.c; both together: tests/e2e/outbound.mjs.) */
#include "cust.h"
#include "guard.h"
#include "t_api_world.h"

struct called {                      /* what reached the telephone */
	int n, rc;
	char id[27], to[64], opening[64], message[64], language[8];
};

static int on_call(void *arg, const struct api_call *c)
{
	struct called *x = arg;
	x->n++;
	snprintf(x->id, sizeof(x->id), SV_FMT, SV_ARG(c->id));
	snprintf(x->to, sizeof(x->to), SV_FMT, SV_ARG(c->to));
	snprintf(x->opening, sizeof(x->opening), SV_FMT, SV_ARG(c->opening));
	snprintf(x->message, sizeof(x->message), SV_FMT, SV_ARG(c->message));
	snprintf(x->language, sizeof(x->language), SV_FMT, SV_ARG(c->language));
	return x->rc;
}

static bool up(struct aw *w, struct called *x)
{
	*x = (struct called){ 0 };
	*w = (struct aw){ 0 };
	w->o.call = on_call;
	w->o.call_arg = x;
	return aw_up(w);
}

static int call(struct aw *w, const char *role, const char *body, struct resp *r)
{
	return http(w, "POST /api/v1/calls", role ? aw_token(w, role) : NULL, body, r);
}

static const char good[] = "{\"to\":\"sip:+4961550123@trunk\",\"text\":\"Your parcel is here.\","
			   "\"message\":\"Call us.\",\"language\":\"zh\",\"purpose\":\"a parcel\"}";

TEST(api_calls_who_may_and_what_arrives)
{
	struct aw w;
	struct called x;
	struct resp r = { 0 };
	CHECK(up(&w, &x));
	EQ(call(&w, NULL, good, &r), 401);
	EQ(call(&w, "agent", good, &r), 403);
	EQ(x.n, 0);
	EQ(call(&w, "supervisor", good, &r), 202);
	EQ(x.n, 1);
	SV_EQ(jv_get_str(r.json, "id"), x.id);
	SV_EQ(jv_get_str(r.json, "state"), "dialling");
	STR_EQ(x.to, "sip:+4961550123@trunk");
	STR_EQ(x.opening, "Your parcel is here.");
	STR_EQ(x.message, "Call us.");
	STR_EQ(x.language, "zh");
	char line[80];
	snprintf(line, sizeof(line), "GET /api/v1/calls/%s", x.id);
	EQ(http(&w, line, NULL, NULL, &r), 401);
	EQ(http(&w, line, aw_token(&w, "agent"), NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "requested");
	const jv *row = jv_at(jv_get(r.json, "events"), 0);
	HAS(jv_get_str(row, "actor"), "user:");
	SV_EQ(jv_as_str(jv_path(row, "body.to")), "...123");
	SV_EQ(jv_as_str(jv_path(row, "body.purpose")), "a parcel");
	CHECK(sv_find(sb_sv(&r.body), SV("61550")) < 0); /* the number is nowhere */
	EQ(http(&w, "GET /api/v1/calls/x", aw_token(&w, "agent"), NULL, &r), 404);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_calls_the_row_is_masked_the_call_is_not)
{
	struct aw w;
	struct called x;
	struct resp r = { 0 };
	char line[80];
	CHECK(up(&w, &x));
	EQ(call(&w, "admin",
		"{\"to\":\"112\",\"text\":\"Call us at 13800138000.\",\"purpose\":\"card 4111 1111 "
		"1111 1111\"}", &r), 202);
	STR_EQ(x.opening, "Call us at 13800138000.");
	snprintf(line, sizeof(line), "GET /api/v1/calls/%s", x.id);
	EQ(http(&w, line, aw_token(&w, "admin"), NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(jv_at(jv_get(r.json, "events"), 0), "body.text")),
	      "Call us at [phone].");
	CHECK(sv_find(sb_sv(&r.body), SV("[bank_card]")) > 0);
	CHECK(sv_find(sb_sv(&r.body), SV("1111")) < 0);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_calls_steps_are_told)
{
	struct aw w;
	struct called x;
	struct resp r = { 0 };
	char line[80];
	CHECK(up(&w, &x));
	EQ(call(&w, "admin", good, &r), 202);
	const char *const rows[] = { "{\"state\":\"ringing\"}",
				     "{\"state\":\"human\",\"conversation_id\":\"C\"}",
				     "{\"state\":\"ended\",\"sip_status\":200}" };
	for (int i = 0; i < 3; i++) {
		struct store_event ev = { .conversation = sv_of(x.id), .seq = i + 2,
					  .kind = SV("outbound.step"), .body = sv_of(rows[i]) };
		OK(store_append(w.store, &ev, NULL, NULL, NULL));
	}
	snprintf(line, sizeof(line), "GET /api/v1/calls/%s", x.id);
	EQ(http(&w, line, aw_token(&w, "admin"), NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "ended");
	SV_EQ(jv_get_str(r.json, "conversation_id"), "C");
	EQ(jv_get_int(r.json, "sip_status", 0), 200);
	EQ(jv_len(jv_get(r.json, "events")), 4);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_calls_refused)
{
	static const struct {
		int rc, status;
		const char *why;
	} all[] = { { ERR_INVAL, 403, "not allowed" },
		    { ERR_STATE, 503, "no telephone" },
		    { ERR_FULL, 503, "no room" } };
	struct aw w;
	struct called x;
	struct resp r = { 0 };
	char line[80];
	CHECK(up(&w, &x));
	for (int i = 0; i < 3; i++) {
		x.rc = all[i].rc;
		EQ(call(&w, "admin", good, &r), all[i].status);
		snprintf(line, sizeof(line), "GET /api/v1/calls/%s", x.id);
		EQ(http(&w, line, aw_token(&w, "admin"), NULL, &r), 200);
		SV_EQ(jv_get_str(r.json, "state"), "failed");
		SV_EQ(jv_get_str(r.json, "reason"), all[i].why);
	}
	resp_done(&r);
	aw_down(&w);
}

TEST(api_calls_bad_bodies)
{
	static const char *const bad[] = {
		"[",
		"{}",
		"{\"to\":\"sip:a@b\"}",
		"{\"text\":\"x\"}",
		"{\"to\":7,\"text\":\"x\"}",
		"{\"to\":\"sip:a@b\",\"text\":\"x\",\"language\":\"fr\"}",
		"{\"to\":\"sip:a@b\",\"text\":\"x\\r\\ny\"}",
		"{\"to\":\"sip:a@b\",\"text\":\"x\",\"message\":{}}",
	};
	struct aw w;
	struct called x;
	struct resp r = { 0 };
	CHECK(up(&w, &x));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		EQ(call(&w, "admin", bad[i], &r), 400);
	EQ(x.n, 0);
	api_drain(w.api);
	for (int i = 0; i < 100 && call(&w, "admin", good, &r) != 503; i++)
		usleep(10000);
	EQ(r.status, 503);
	resp_done(&r);
	aw_down(&w);
}

/* ---- whom: the number is found here and told nobody ---- */

static const unsigned char data_key[32] = { 4, 2 };

struct whom {
	struct cust_keys *keys;
	char sealed[300];
	int rc;
};

static int whom_fill(void *arg, struct store_db *db)
{
	static const char people[] =
		"{\"id\":\"c1\",\"name\":\"Wu\",\"phone\":\"13912345678\",\"created_at\":"
		"\"2022-08-31T05:16:00+08:00\"}\n"
		"{\"id\":\"c2\",\"name\":\"Li\",\"created_at\":\"2022-08-31T05:16:00+08:00\"}\n";
	static const char hand[] =
		"INSERT INTO handover (id, conversation, customer, queue, media, state, agent, "
		"since_ms, number_sealed, live) VALUES "
		"('01ARZ3NDEKTSV4RRFFQ69G5FA1','01ARZ3NDEKTSV4RRFFQ69G5FAV','c1','q','voice',"
		"'QUEUED','',1,'',1),"
		"('01ARZ3NDEKTSV4RRFFQ69G5FA2','01ARZ3NDEKTSV4RRFFQ69G5FAV','c1','q','voice',"
		"'ENDED','tester',1,?1,0),"
		"('01ARZ3NDEKTSV4RRFFQ69G5FA3','01ARZ3NDEKTSV4RRFFQ69G5FAX','','q','voice',"
		"'ENDED','other',1,'',0)";
	struct whom *x = arg;
	struct store_stmt *q;
	x->rc = cust_import(db, x->keys, sv_of(people), SV("86"), 1790000000000, NULL, NULL);
	if (x->rc == 0)
		x->rc = store_prep(db, &q, hand);
	if (x->rc == 0) {
		store_bind_sv(q, 1, sv_of(x->sealed));
		x->rc = store_run(q);
	}
	return x->rc;
}

static bool whom_up(struct aw *w, struct called *c, struct whom *x)
{
	struct sb b;
	*x = (struct whom){ .rc = -1 };
	*c = (struct called){ 0 };
	*w = (struct aw){ .o = { .call = on_call, .call_arg = c, .acd_key = data_key } };
	sb_init(&b, 1024);
	bool ok = cust_keys_new(&x->keys, data_key) == 0 &&
		  guard_seal(data_key, SV("+8613900001111"), SV("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
			     &b) == 0;
	snprintf(x->sealed, sizeof(x->sealed), SV_FMT, SV_ARG(sb_sv(&b)));
	sb_done(&b);
	w->o.cust = x->keys;
	return ok && aw_up(w) && store_write(w->store, whom_fill, x, NULL, NULL) == 0 &&
	       store_flush(w->store) == 0 && x->rc == 0;
}

TEST(api_calls_by_customer_or_handover)
{
	static const struct {
		const char *role, *body;
		int status;
		const char *to;
	} cases[] = {
		{ "agent", "{\"customer\":\"c1\",\"line\":\"web\"}", 200, "+8613912345678" },
		{ "supervisor", "{\"customer\":\"c1\",\"text\":\"Hello.\"}", 202,
		  "+8613912345678" },
		{ "agent", "{\"customer\":\"c1\",\"text\":\"Hello.\"}", 403, NULL },
		{ "viewer", "{\"customer\":\"c1\",\"line\":\"web\"}", 403, NULL },
		{ "supervisor", "{\"handover\":\"01ARZ3NDEKTSV4RRFFQ69G5FA1\",\"line\":\"web\"}",
		  200, "+8613912345678" },
		{ "agent", "{\"handover\":\"01ARZ3NDEKTSV4RRFFQ69G5FA2\",\"line\":\"web\"}",
		  200, "+8613900001111" },
		{ "agent", "{\"handover\":\"01ARZ3NDEKTSV4RRFFQ69G5FA3\",\"line\":\"web\"}",
		  403, NULL },
		{ "supervisor",
		  "{\"handover\":\"01ARZ3NDEKTSV4RRFFQ69G5FA3\",\"line\":\"web\"}", 404, NULL },
		{ "agent", "{\"customer\":\"c2\",\"line\":\"web\"}", 409, NULL },
		{ "agent", "{\"customer\":\"c9\",\"line\":\"web\"}", 404, NULL },
		{ "agent", "{\"customer\":\"c1\",\"to\":\"112\",\"line\":\"web\"}", 400, NULL },
		{ "agent", "{\"line\":\"web\"}", 400, NULL },
		{ "agent", "{\"customer\":7,\"line\":\"web\"}", 400, NULL },
	};
	struct aw w;
	struct called c;
	struct whom x;
	struct resp r = { 0 };
	bool ok = true;
	CHECK(whom_up(&w, &c, &x));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		c = (struct called){ 0 };
		int status = call(&w, cases[i].role, cases[i].body, &r);
		bool fine = status == cases[i].status && (cases[i].to ?
			    strcmp(c.to, cases[i].to) == 0 : c.n == 0) &&
			    sv_find(sb_sv(&r.body), SV("139")) < 0;
		if (!fine)
			printf("# %s: %d, \"%s\" is called\n", cases[i].body, status, c.to);
		ok = ok && fine;
	}
	resp_done(&r);
	aw_down(&w);
	obj_unref(x.keys);
	CHECK(ok);
}
