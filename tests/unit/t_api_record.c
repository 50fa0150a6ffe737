/* t_api_record.c: who may change what a recording keeps, and what the door answers. (That it is
 * changed then: t_talk_tape.c; both together: tests/e2e/recording.mjs.) */
#include "t_api_world.h"

static int set(struct aw *w, const char *id, const char *token, const char *body, struct resp *r)
{
	char line[160];
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/recording", id);
	return http(w, line, token, body, r);
}

TEST(api_record_who_may_and_what_is_answered)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];
	const char *paused = "{\"state\":\"paused\"}";
	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/conversations", NULL, "{}", &r), 201);
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	snprintf(token, sizeof(token), SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	EQ(set(&w, id, NULL, paused, &r), 401);
	EQ(set(&w, id, token, paused, &r), 401);         /* not its customer */
	EQ(set(&w, id, aw_token(&w, "visitor"), paused, &r), 403);
	EQ(set(&w, id, aw_token(&w, "agent"), "{\"state\":\"off\"}", &r), 400);
	HAS(sb_sv(&r.body), "on, paused or secret");
	EQ(set(&w, id, aw_token(&w, "agent"), "{}", &r), 400);
	EQ(set(&w, id, aw_token(&w, "agent"), "[", &r), 400);
	EQ(set(&w, id, aw_token(&w, "agent"), paused, &r), 409);  /* a chat has none */
	HAS(sb_sv(&r.body), "not recorded");
	EQ(set(&w, "01J0000000000000000000000Z", aw_token(&w, "agent"), paused, &r), 404);
	EQ(set(&w, "x", aw_token(&w, "agent"), paused, &r), 404);
	EQ(http(&w, "GET /openapi.json", NULL, NULL, &r), 200);
	HAS(sb_sv(&r.body), "post_conversations_id_recording");
	resp_done(&r);
	aw_down(&w);
}
