/* t_api_scope.c: whose conversations and hand-overs an agent sees, and that who hears a
 * recording is written down. */
#include "t_api_desk.h"

#define MINE "01ARZ3NDEKTSV4RRFFQ69G5FA1"
#define WAITS "01ARZ3NDEKTSV4RRFFQ69G5FA2"
#define OTHERS "01ARZ3NDEKTSV4RRFFQ69G5FA3"
#define EARLIER "01ARZ3NDEKTSV4RRFFQ69G5FA4"
#define ELSEWHERE "01ARZ3NDEKTSV4RRFFQ69G5FA5"
#define SPOKE "01ARZ3NDEKTSV4RRFFQ69G5FA6"
#define ALIKE "01ARZ3NDEKTSV4RRFFQ69G5FA7"
#define PARTY "01ARZ3NDEKTSV4RRFFQ69G5FA8"

static int fill(void *arg, struct store_db *db)
{
	return *(int *)arg = store_exec(
		db,
		"INSERT INTO conversation (id, interaction_id, channel, customer_id, started_ms, "
		"last_ms, recording) VALUES "
		"('" MINE "','" MINE "','webchat','c1',1,6,'recordings/a.wav'),"
		"('" WAITS "','" WAITS "','webchat','c2',1,5,''),"
		"('" OTHERS "','" OTHERS "','webchat','c3',1,4,'recordings/a.wav'),"
		"('" EARLIER "','" EARLIER "','webchat','c1',1,3,''),"
		"('" ELSEWHERE "','" ELSEWHERE "','webchat','',1,2,''),"
		"('" SPOKE "','" SPOKE "','webchat','',1,1,'');"
		"INSERT INTO handover (id, conversation, customer, queue, media, state, agent, "
		"since_ms, live) VALUES "
		"('" MINE "','" MINE "','c1','general','chat','ENDED','mei',1,0),"
		"('" WAITS "','" WAITS "','c2','general','chat','QUEUED','',1,1),"
		"('" OTHERS "','" OTHERS "','c3','general','chat','ENDED','tom',1,0),"
		"('" ELSEWHERE "','" ELSEWHERE "','','vip','chat','QUEUED','',1,1);"
		"INSERT INTO event (pos, id, ts_ms, conversation, seq, kind, actor, body) VALUES "
		"(900001,'e1',1,'" SPOKE "',1,'turn.agent','user:mei','{}'),"
		"(900002,'e2',1,'" OTHERS "',1,'feedback','user:mei','{}')");
}

static bool up(struct aw *w)
{
	int rc = -1;
	*w = (struct aw){ .queues = queues };
	if (aw_up(w) && store_write(w->store, fill, &rc, NULL, NULL) == 0 &&
	    store_flush(w->store) == 0 && rc == 0)
		return true;
	t_fail(__FILE__, __LINE__, "the rows");
	return false;
}

static int get(struct aw *w, const char *path, const char *id, const char *rest, const char *role,
	       struct resp *r)
{
	char line[200];
	(void)snprintf(line, sizeof(line), "GET /api/v1/%s/%s%s", path, id, rest);
	return http(w, line, aw_token_of(w, role, "mei"), NULL, r);
}

TEST(api_scope_conversations)
{
	static const struct { const char *id; int agent; } all[] = {
		{ MINE, 200 },      { WAITS, 200 }, { OTHERS, 403 }, { EARLIER, 200 },
		{ ELSEWHERE, 403 }, { SPOKE, 200 }, { "01ARZ3NDEKTSV4RRFFQ69G5FAZ", 404 },
	};
	struct aw w;
	struct resp r = { 0 };
	bool ok = true;
	CHECK(up(&w));
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int got = get(&w, "conversations", all[i].id, "", "agent", &r);
		int rows = get(&w, "conversations", all[i].id, "/events", "agent", &r);
		int boss = get(&w, "conversations", all[i].id, "", "supervisor", &r);
		int judge = get(&w, "conversations", all[i].id, "", "quality", &r);
		bool there = all[i].agent != 404;
		if (got != all[i].agent || rows != (there ? got : 200) ||
		    boss != (there ? 200 : 404) || judge != boss) {
			printf("# %s: %d %d %d %d\n", all[i].id, got, rows, boss, judge);
			ok = false;
		}
	}
	resp_done(&r);
	aw_down(&w);
	CHECK(ok);
}

static int fill_alike(void *arg, struct store_db *db)
{
	return *(int *)arg = store_exec(
		db,
		"INSERT INTO conversation (id, interaction_id, channel, started_ms, last_ms) "
		"VALUES ('" ALIKE "','" ALIKE "','webchat',1,1),"
		"('" PARTY "','" PARTY "','phone',1,1);"
		"INSERT INTO handover (id, conversation, customer, queue, media, state, agent, "
		"since_ms, live) VALUES "
		"('" ALIKE "','" ALIKE "','','gen_ral','chat','QUEUED','',1,1);"
		"INSERT INTO event (pos, id, ts_ms, conversation, seq, kind, actor, body) VALUES "
		"(900003,'e3',1,'" PARTY "',1,'call.party','agent','{\"id\":\"consult:mei\","
		"\"step\":\"up\"}')");
}

/* A name with _ in it is that name, not every name of its length. */
TEST(api_scope_of_names_alike)
{
	struct aw w;
	struct resp r = { 0 };
	int rc = -1;
	CHECK(up(&w));
	OK(store_write(w.store, fill_alike, &rc, NULL, NULL));
	OK(store_flush(w.store));
	OK(rc);
	EQ(get(&w, "conversations", ALIKE, "", "agent", &r), 403);
	EQ(get(&w, "conversations", PARTY, "", "agent", &r), 200);
	EQ(http(&w, "GET /api/v1/conversations/" PARTY, aw_token_of(&w, "agent", "m_i"), NULL, &r),
	   403);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_scope_list)
{
	struct aw w;
	struct resp r = { 0 };
	CHECK(up(&w));
	EQ(http(&w, "GET /api/v1/conversations", aw_token_of(&w, "agent", "mei"), NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.id")), MINE);
	SV_EQ(jv_as_str(jv_path(r.json, "items.1.id")), EARLIER);
	EQ(http(&w, "GET /api/v1/conversations", aw_token_of(&w, "supervisor", "mei"), NULL,
		&r),
	   200);
	EQ(jv_len(jv_get(r.json, "items")), 6);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_scope_handovers)
{
	struct aw w;
	struct resp r = { 0 };
	CHECK(up(&w));
	EQ(get(&w, "handovers", MINE, "", "agent", &r), 200);
	EQ(get(&w, "handovers", WAITS, "", "agent", &r), 200);
	EQ(get(&w, "handovers", OTHERS, "", "agent", &r), 403);
	CHECK(is_problem(&r) && sv_find(sb_sv(&r.body), SV("tom")) < 0);
	EQ(get(&w, "handovers", ELSEWHERE, "", "agent", &r), 403);
	EQ(get(&w, "handovers", ELSEWHERE, "", "supervisor", &r), 200);
	EQ(http(&w, "PUT /api/v1/agents/ghost/state", aw_token(&w, "supervisor"),
		"{\"state\":\"ready\"}", &r), 404);
	resp_done(&r);
	aw_down(&w);
}

static int64_t heard(struct aw *w)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	store_flush(w->store);
	if (store_reader(w->store, &db) ||
	    store_prep(db, &q, "SELECT count(*) FROM event WHERE kind='audit.look' AND "
			       "actor='user:mei' AND body LIKE '%recording.play%' AND body LIKE "
			       "'%" MINE "%'"))
		return -2;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(api_scope_recordings_are_theirs_and_on_record)
{
	struct aw w;
	struct resp r = { 0 };
	char path[600];
	CHECK(up(&w));
	snprintf(path, sizeof(path), "%s/recordings", t_tmpdir());
	OK(file_mkdirs(path, NULL));
	snprintf(path, sizeof(path), "%s/recordings/a.wav", t_tmpdir());
	OK(file_write(path, SV("RIFF0123456789"), NULL));
	EQ(get(&w, "conversations", OTHERS, "/recording", "agent", &r), 403);
	EQ(heard(&w), 0);
	EQ(get(&w, "conversations", MINE, "/recording", "agent", &r), 200);
	SV_EQ(sb_sv(&r.body), "RIFF0123456789");
	EQ(heard(&w), 1);
	resp_done(&r);
	aw_down(&w);
}

/* ---- "make an article of this" ---- */

#define TYPED "01ARZ3NDEKTSV4RRFFQ69G5FB1"

static int fill_typed(void *arg, struct store_db *db)
{
	return *(int *)arg =
		       store_exec(db,
				  "INSERT INTO conversation (id, interaction_id, channel, "
				  "started_ms, last_ms) VALUES "
				  "('" TYPED "','" TYPED "','webchat',1,1);"
				  "INSERT INTO event (pos, id, ts_ms, conversation, seq, kind, "
				  "actor, body) VALUES "
				  "(900011,'e11',1,'" TYPED
				  "',1,'turn.customer','customer','{\"text\":\"Can I rent a "
				  "drill for the weekend?\",\"language\":\"en\"}'),"
				  "(900012,'e12',2,'" TYPED
				  "',2,'turn.agent','user:mei','{\"text\":\"Drills are rented "
				  "for CNY 30 a weekend.\",\"by\":\"mei\"}'),"
				  "(900013,'e13',1,'" OTHERS
				  "',2,'turn.customer','customer','{\"text\":\"Can I rent a "
				  "saw?\",\"language\":\"en\"}'),"
				  "(900014,'e14',2,'" OTHERS
				  "',3,'turn.agent','user:tom','{\"text\":\"Saws are rented "
				  "for CNY 40.\",\"by\":\"tom\"}')");
}

static int propose(struct aw *w, const char *id, const char *role, const char *body, struct resp *r)
{
	char line[200];
	(void)snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/draft", id);
	return http(w, line, aw_token_of(w, role, "mei"), body, r);
}

/* The desk shows a turn before it is on disk: who is quick waits for it. */
TEST(api_scope_a_draft_waits_for_its_turn)
{
	struct aw w = { .queues = queues, .group_ms = 300 };
	struct resp r = { 0 };
	int rc = -1;
	CHECK(aw_up(&w));
	(void)aw_token_of(&w, "supervisor", "mei");
	OK(store_write(w.store, fill_typed, &rc, NULL, NULL));
	EQ(propose(&w, TYPED, "supervisor", "{\"seq\":2}", &r), 201);
	resp_done(&r);
	aw_down(&w);
}

/* An agent makes a draft of what they wrote themselves; others decide about it. */
TEST(api_scope_drafts_of_ones_own_words)
{
	struct aw w;
	struct resp r = { 0 };
	int rc = -1;
	char draft[40], line[100];
	CHECK(up(&w));
	OK(store_write(w.store, fill_typed, &rc, NULL, NULL));
	OK(store_flush(w.store));
	OK(rc);
	EQ(propose(&w, OTHERS, "agent", "{\"seq\":3}", &r), 403);
	EQ(propose(&w, OTHERS, "supervisor", "{\"seq\":3}", &r), 201);
	EQ(propose(&w, TYPED, "knowledge", "{\"seq\":2}", &r), 403);
	EQ(propose(&w, TYPED, "agent", "{}", &r), 400);
	EQ(propose(&w, TYPED, "agent", "{\"seq\":1}", &r), 404);
	EQ(propose(&w, TYPED, "agent", "{\"seq\":2}", &r), 201);
	HAS(jv_get_str(r.json, "title"), "rent a drill");
	(void)snprintf(draft, sizeof(draft), SV_FMT, SV_ARG(jv_get_str(r.json, "draft")));
	EQ(propose(&w, TYPED, "agent", "{\"seq\":2}", &r), 200);
	SV_EQ(jv_get_str(r.json, "draft"), draft);
	(void)snprintf(line, sizeof(line), "GET /api/v1/kb/drafts/%s", draft);
	EQ(http(&w, line, aw_token_of(&w, "agent", "mei"), NULL, &r), 200);
	HAS(jv_get_str(r.json, "body_md"), "CNY 30");
	SV_EQ(jv_get_str(r.json, "by"), "mei");
	(void)snprintf(line, sizeof(line), "POST /api/v1/kb/drafts/%s", draft);
	EQ(http(&w, line, aw_token_of(&w, "agent", "mei"), "{\"action\":\"approve\"}", &r), 403);
	EQ(http(&w, line, aw_token_of(&w, "supervisor", "mei"), "{\"action\":\"approve\"}", &r),
	   403);
	HAS(jv_get_str(r.json, "detail"), "You proposed it yourself");
	EQ(http(&w, line, aw_token_of(&w, "supervisor", "lead"), "{\"action\":\"approve\"}",
		&r),
	   200);
	resp_done(&r);
	aw_down(&w);
}
