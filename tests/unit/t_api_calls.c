/* t_api_calls.c: who may have somebody called, what is answered, and the rows that stay. (That a
 * telephone rings then: t_chan_out.c; both together: tests/e2e/outbound.mjs.) */
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
