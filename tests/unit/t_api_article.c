/* t_api_article.c: articles written over REST: new, changed, refused when somebody else was
 * quicker, retired, brought back; every version can be read; who did it stands in the river. */
#include "t_api_world.h"

#define BASE "/api/v1/articles"
#define NEW \
	"{\"title\":\"Where are you\",\"body_md\":\"Our house stands in Long Street 4.\"," \
	"\"aliases\":[\"address\",\" \",\"how do I get to you\"],\"category\":\"house\"}"

/* The answer's ETag as a header line. */
static const char *tag_line(const struct resp *r, const char *name)
{
	static char out[80];
	sv head = sb_sv(&r->head);
	ptrdiff_t at = sv_find(head, SV("ETag: "));
	sv rest = at < 0 ? SV("") : sv_slice(head, (size_t)at + 6, head.n), tag;
	sv_cut(&rest, '\r', &tag);
	(void)snprintf(out, sizeof(out), "%s: " SV_FMT "\r\n", name, SV_ARG(tag));
	return out;
}

static int count(struct aw *w, const char *kind)
{
	struct store_db *db;
	struct store_stmt *q;
	int n = -1;
	if (store_flush(w->store) || store_reader(w->store, &db) ||
	    store_prep(db, &q,
		       "SELECT count(*) FROM event WHERE kind=?1 AND actor='user:tester'"))
		return n;
	store_bind_sv(q, 1, sv_of(kind));
	if (store_step(q) == 1)
		n = (int)store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(api_article_is_written_and_changed)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char line[96];
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http_with(&w, "PUT " BASE "/where.en", t, "If-None-Match: *\r\n", NEW, &r), 200);
	SV_EQ(jv_get_str(r.json, "lang"), "en");
	SV_EQ(jv_get_str(r.json, "aliases"), "address\nhow do I get to you");
	SV_EQ(jv_get_str(r.json, "source"), "console");
	EQ(jv_get_int(r.json, "version", 0), 1);
	(void)snprintf(line, sizeof(line), "%s", tag_line(&r, "If-Match"));
	EQ(http_with(&w, "PUT " BASE "/where.en", t, "If-None-Match: *\r\n", NEW, &r), 412);
	/* what is not named stays; the same text is no new version */
	EQ(http_with(&w, "PUT " BASE "/where.en", t, line, "{\"title\":\"Where we are\"}", &r),
	   200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	SV_EQ(jv_get_str(r.json, "category"), "house");
	SV_EQ(jv_get_str(r.json, "body_md"), "Our house stands in Long Street 4.");
	EQ(http(&w, "PUT " BASE "/where.en", t, "{\"title\":\"Where we are\"}", &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	/* the second of two editors is told */
	EQ(http_with(&w, "PUT " BASE "/where.en", t, line, "{\"title\":\"Mine\"}", &r), 412);
	CHECK(is_problem(&r));
	EQ(http(&w, "PUT " BASE "/where.en", t,
		"{\"valid_to\":\"2030-01-01T00:00:00Z\",\"valid_from\":null}", &r),
	   200);
	SV_EQ(sv_slice(jv_get_str(r.json, "valid_to"), 0, 10), "2030-01-01");
	EQ(count(&w, "article.put"), 3);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_article_versions_and_the_way_back)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "admin"), *agent = aw_token(&w, "agent");
	EQ(http(&w, "PUT " BASE "/returns.en", t, "{\"body_md\":\"You have 45 days.\"}", &r), 200);
	EQ(http(&w, "GET " BASE "/returns.en/versions", agent, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	EQ(jv_as_int(jv_path(r.json, "items.0.version"), 0), 2);
	SV_EQ(jv_as_str(jv_path(r.json, "items.1.state")), "former");
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.by")), "user:tester");
	EQ(http(&w, "GET " BASE "/returns.en/versions/1", agent, NULL, &r), 200);
	CHECK(sv_find(jv_get_str(r.json, "body_md"), SV("30 days")) > 0);
	EQ(http(&w, "GET " BASE "/returns.en/versions/9", agent, NULL, &r), 404);
	EQ(http(&w, "GET " BASE "/returns.en/versions/x", agent, NULL, &r), 404);
	EQ(http(&w, "POST " BASE "/returns.en/rollback", t, "{\"version\":9}", &r), 404);
	EQ(http(&w, "POST " BASE "/returns.en/rollback", t,
		"{\"version\":1,\"note\":\"it was right\"}", &r),
	   200);
	EQ(jv_get_int(r.json, "version", 0), 3);
	CHECK(sv_find(jv_get_str(r.json, "body_md"), SV("30 days")) > 0);
	SV_EQ(jv_get_str(r.json, "group_id"), "");
	/* retired: still there to be read, and back by a save */
	EQ(http(&w, "DELETE " BASE "/returns.en", t, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "status"), "retired");
	EQ(http(&w, "DELETE " BASE "/returns.en", t, NULL, &r), 200);
	EQ(count(&w, "article.retire"), 1);
	EQ(http(&w, "DELETE " BASE "/nothing.en", t, NULL, &r), 404);
	EQ(http(&w, "PUT " BASE "/returns.en", t, "{}", &r), 200);
	SV_EQ(jv_get_str(r.json, "status"), "published");
	resp_done(&r);
	aw_down(&w);
}

static const char *audience_of(struct aw *w, const char *id)
{
	static char out[130];
	struct store_db *db;
	struct store_stmt *q;
	out[0] = 0;
	if (store_flush(w->store) || store_reader(w->store, &db) ||
	    store_prep(db, &q, "SELECT audience FROM article WHERE id=?1"))
		return out;
	store_bind_sv(q, 1, sv_of(id));
	if (store_step(q) == 1)
		(void)snprintf(out, sizeof(out), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return out;
}

/* What is for staff alone stays so through a save and on the way back; only the word opens it. */
TEST(api_article_keeps_who_may_read_it)
{
	static const char *const bad[] = { "", "everybody", "role:", "role:Boss!", "agents" };
	struct aw w = { 0 };
	struct resp r = { 0 };
	char line[120];
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "PUT " BASE "/where.en", t, NEW, &r), 200);
	SV_EQ(jv_get_str(r.json, "audience"), "public");
	EQ(http(&w, "PUT " BASE "/where.en", t,
		"{\"body_md\":\"The key lies under the stone.\",\"audience\":\"agent\"}", &r),
	   200);
	SV_EQ(jv_get_str(r.json, "audience"), "agent");
	EQ(http(&w, "PUT " BASE "/where.en", t, "{\"title\":\"Where the key is\"}", &r), 200);
	SV_EQ(jv_get_str(r.json, "audience"), "agent");
	EQ(http(&w, "GET " BASE "/where.en", t, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "audience"), "agent");
	/* the first version was for everybody: its text comes back, the door stays shut */
	EQ(http(&w, "POST " BASE "/where.en/rollback", t, "{\"version\":1}", &r), 200);
	HAS(jv_get_str(r.json, "body_md"), "Long Street");
	STR_EQ(audience_of(&w, "where.en"), "agent");
	EQ(http(&w, "PUT " BASE "/where.en", t, "{\"audience\":\"public\"}", &r), 200);
	STR_EQ(audience_of(&w, "where.en"), "public");
	/* and what was for staff then is so again */
	EQ(http(&w, "POST " BASE "/where.en/rollback", t, "{\"version\":2}", &r), 200);
	HAS(jv_get_str(r.json, "body_md"), "under the stone");
	STR_EQ(audience_of(&w, "where.en"), "agent");
	EQ(http(&w, "PUT " BASE "/where.en", t, "{\"audience\":\"role:supervisor\"}", &r), 200);
	STR_EQ(audience_of(&w, "where.en"), "role:supervisor");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		(void)snprintf(line, sizeof(line), "{\"audience\":\"%s\"}", bad[i]);
		EQ(http(&w, "PUT " BASE "/where.en", t, line, &r), 400);
	}
	STR_EQ(audience_of(&w, "where.en"), "role:supervisor");
	resp_done(&r);
	aw_down(&w);
}

TEST(api_article_refuses_too_many_names)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "PUT " BASE "/where.en", t, NEW, &r), 200);
	sb_init(&b, 1u << 20);
	sb_cstr(&b, "{\"aliases\":[\"first\"");
	for (int i = 0; i < 2000; i++)
		sb_fmt(&b, ",\"another way to ask %d\"", i);
	sb_cstr(&b, "]}");
	EQ(http(&w, "PUT " BASE "/where.en", t, sb_str(&b), &r), 400);
	CHECK(is_problem(&r));
	EQ(http(&w, "GET " BASE "/where.en", t, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "aliases"), "address\nhow do I get to you");
	EQ(jv_get_int(r.json, "version", 0), 1);
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_article_refuses_what_is_no_article)
{
	static const struct {
		const char *line, *body;
		int status;
	} bad[] = {
		{ "PUT " BASE "/new.en", "{}", 400 },
		{ "PUT " BASE "/new.en", "{\"title\":\"T\"}", 400 },
		{ "PUT " BASE "/new.en", "{\"title\":\" \",\"body_md\":\"B\"}", 400 },
		{ "PUT " BASE "/new", "{\"title\":\"T\",\"body_md\":\"B\"}", 400 },
		{ "PUT " BASE "/new.en", "{\"title\":\"T\",\"body\":\"B\"}", 400 },
		{ "PUT " BASE "/new.en",
		  "{\"title\":\"T\",\"body_md\":\"B\",\"valid_to\":\"soon\"}", 400 },
		{ "PUT " BASE "/new.en",
		  "{\"title\":\"T\",\"body_md\":\"B\",\"valid_from\":\"2030-01-02\",\"valid_"
		  "to\":"
		  "\"2030-01-01\"}",
		  400 },
		{ "PUT " BASE "/new%20one",
		  "{\"title\":\"T\",\"body_md\":\"B\",\"lang\":\"en\"}", 400 },
		{ "PUT " BASE "/.en", "{\"title\":\"T\",\"body_md\":\"B\"}", 400 },
		{ "PUT " BASE "/new.v2", "{\"title\":\"T\",\"body_md\":\"B\"}", 400 },
		{ "PUT " BASE "/new.e", "{\"title\":\"T\",\"body_md\":\"B\"}", 400 },
		{ "PUT " BASE "/new.en",
		  "{\"title\":\"T\",\"body_md\":\"B\",\"lang\":\"English\"}", 400 },
		{ "PUT " BASE "/returns.en", "{\"lang\":\"zh\"}", 409 },
		{ "PUT " BASE "/returns.en", "[]", 400 },
		{ "POST " BASE "/returns.en/rollback", "{}", 400 },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EQ(http(&w, bad[i].line, t, bad[i].body, &r), bad[i].status);
		CHECK(is_problem(&r));
	}
	struct sb b;
	sb_init(&b, 1u << 20);
	sb_cstr(&b, "{\"title\":\"T\",\"body_md\":\"");
	for (int i = 0; i < 210 << 10; i++)
		sb_ch(&b, 'x');
	sb_cstr(&b, "\"}");
	EQ(http(&w, "PUT " BASE "/new.en", t, sb_str(&b), &r), 400);
	sb_done(&b);
	EQ(http(&w, "GET " BASE "/new.en", t, NULL, &r), 404);
	/* who may not */
	EQ(http(&w, "PUT " BASE "/new.en", NULL, NEW, &r), 401);
	EQ(http(&w, "PUT " BASE "/new.en", aw_token(&w, "agent"), NEW, &r), 403);
	EQ(http(&w, "DELETE " BASE "/returns.en", aw_token(&w, "agent"), NULL, &r), 403);
	EQ(count(&w, "article.put"), 0);
	resp_done(&r);
	aw_down(&w);
}

static int looked;
static int look(void *arg)
{
	(void)arg;
	return looked++ ? ERR_AGAIN : 0;
}

TEST(api_kb_learn_when_asked)
{
	struct aw w = { .o.learn = look };
	struct resp r = { 0 };
	looked = 0;
	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/kb/learn", aw_token(&w, "agent"), "{}", &r), 403);
	EQ(looked, 0);
	EQ(http(&w, "POST /api/v1/kb/learn", aw_token(&w, "supervisor"), "{}", &r), 202);
	EQ(http(&w, "POST /api/v1/kb/learn", aw_token(&w, "supervisor"), "{}", &r), 409);
	CHECK(is_problem(&r));
	EQ(looked, 2);
	resp_done(&r);
	aw_down(&w);
}

static int on_trial(void *arg, struct store_db *db)
{
	return store_exec(db, "UPDATE article SET canary=10 WHERE id='open.en'");
}

#define CONV "01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define READ "GET /api/v1/conversations/" CONV "/articles/"

/* Behind an answer the customer reads what the knowledge base serves now, and nothing else. */
TEST(api_article_as_customers_read_it)
{
	static const struct {
		const char *id, *body;
		int status;
	} rows[] = {
		{ "open.en", "{\"title\":\"Open\",\"body_md\":\"From nine to six.\"}", 200 },
		{ "staff.en",
		  "{\"title\":\"Key\",\"body_md\":\"Under the stone.\",\"audience\":\"agent\"}",
		  404 },
		{ "role.en",
		  "{\"title\":\"Key\",\"body_md\":\"Under it.\",\"audience\":\"role:quality\"}",
		  404 },
		{ "past.en",
		  "{\"title\":\"Old\",\"body_md\":\"Long "
		  "ago.\",\"valid_to\":\"2020-01-01T00:00:00Z\"}",
		  404 },
		{ "next.en",
		  "{\"title\":\"New\",\"body_md\":\"Some "
		  "day.\",\"valid_from\":\"2090-01-01T00:00:00Z\"}",
		  404 },
		{ "nothing.en", NULL, 404 },
		{ "nothing%20at%20all", NULL, 404 },
	};
	struct aw w = { 0 };
	struct resp r = { 0 };
	char line[200], token[API_TOKEN_MAX], other[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	CHECK(api_token_make(w.api, "conv", SV(CONV), 0, token, sizeof(token)));
	CHECK(api_token_make(w.api, "conv", SV("01ARZ3NDEKTSV4RRFFQ69G5FAA"), 0, other,
			     sizeof(other)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(line, sizeof(line), "PUT " BASE "/%s", rows[i].id);
		if (rows[i].body)
			EQ(http(&w, line, t, rows[i].body, &r), 200);
		(void)snprintf(line, sizeof(line), READ "%s", rows[i].id);
		EQ(http(&w, line, token, NULL, &r), rows[i].status);
		EQ(http(&w, line, other, NULL, &r), 403);
		EQ(http(&w, line, NULL, NULL, &r), 401);
	}
	EQ(http(&w, READ "open.en", token, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "body_md"), "From nine to six.");
	CHECK(!jv_get(r.json, "aliases") && !jv_get(r.json, "source"));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_article_of_two_versions_the_one_that_is_served)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	CHECK(api_token_make(w.api, "conv", SV(CONV), 0, token, sizeof(token)));
	EQ(http(&w, "PUT " BASE "/open.en", t,
		"{\"title\":\"Open\",\"body_md\":\"From nine to six.\"}", &r), 200);
	/* one that begins later: until then the one before, whichever was cited */
	EQ(http(&w, "PUT " BASE "/open.en", t,
		"{\"body_md\":\"From ten.\",\"valid_from\":\"2090-01-01T00:00:00Z\"}", &r), 200);
	EQ(http(&w, READ "open.en?version=2", token, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "body_md"), "From nine to six.");
	/* on trial: the version that was cited, the former for the rest */
	EQ(http(&w, "PUT " BASE "/open.en", t,
		"{\"body_md\":\"From eight.\",\"valid_from\":null}", &r), 200);
	EQ(store_write_now(w.store, on_trial, NULL), 0);
	EQ(http(&w, READ "open.en", token, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "body_md"), "From nine to six.");
	EQ(http(&w, READ "open.en?version=3", token, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "body_md"), "From eight.");
	EQ(http(&w, READ "open.en?version=x", token, NULL, &r), 400);
	/* taken back */
	EQ(http(&w, "DELETE " BASE "/open.en", t, NULL, &r), 200);
	EQ(http(&w, READ "open.en?version=1", token, NULL, &r), 404);
	resp_done(&r);
	aw_down(&w);
}
