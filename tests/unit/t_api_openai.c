/* The agent as a model for OpenAI clients: keys, requests, streams, conversations that are found
 * again, functions with and without a language model. */
#include "t_api_world.h"
#include "api_openai.h"
#define LLVMFuzzerTestOneInput f_openai
#include "../fuzz/f_api_openai.c"
#undef LLVMFuzzerTestOneInput

#define ASK "{\"role\":\"user\",\"content\":\"How long may I return goods?\"}"
#define BODY(more, messages) "{\"model\":\"callm\"," more "\"messages\":[" messages "]}"

static int chat(struct aw *w, const char *body, struct resp *r)
{
	return http(w, "POST /v1/chat/completions", aw_token(w, "admin"), body, r);
}

static sv content(const struct resp *r)
{
	return jv_as_str(jv_path(r->json, "choices.0.message.content"));
}

static bool is_error(const struct resp *r, const char *code)
{
	const jv *e = jv_get(r->json, "error");
	return sv_eq(jv_get_str(e, "code"), sv_of(code)) && jv_get_str(e, "message").n &&
	       jv_get_str(e, "type").n && jv_get(e, "param");
}

/* ---- keys ---- */

TEST(openai_keys_open_the_door_and_are_taken_back)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char key[API_APIKEY_MAX], old[API_APIKEY_MAX];
	struct err e = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "GET /v1/models", NULL, NULL, &r), 401);
	CHECK(is_error(&r, "invalid_api_key"));
	HAS(sb_sv(&r.head), "WWW-Authenticate: Bearer");
	EQ(http(&w, "GET /v1/models", "sk-callm-000000000000000000000000000000000000000000000000",
		NULL, &r),
	   401);
	EQ(http(&w, "POST /api/v1/keys", aw_token(&w, "agent"), "{\"name\":\"shop\"}", &r), 403);
	EQ(http(&w, "POST /api/v1/keys", aw_token(&w, "admin"), "{\"name\":\"\"}", &r), 400);
	EQ(http(&w, "POST /api/v1/keys", aw_token(&w, "admin"), "{\"name\":\"shop\"}", &r), 201);
	snprintf(old, sizeof(old), SV_FMT, SV_ARG(jv_get_str(r.json, "key")));
	CHECK(sv_starts(sv_of(old), SV("sk-callm-")) && strlen(old) == 9 + 48);
	EQ(http(&w, "GET /v1/models", old, NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "data.0.id")), "callm");
	SV_EQ(jv_get_str(r.json, "object"), "list");
	EQ(http(&w, "GET /v1/models/callm", old, NULL, &r), 200);
	EQ(http(&w, "GET /v1/models/gpt", old, NULL, &r), 404);
	CHECK(is_error(&r, "model_not_found"));
	EQ(http(&w, "GET /api/v1/conversations", old, NULL, &r),
	   403); /* its list has bot.use alone */
	EQ(http(&w, "POST /api/v1/keys", aw_token(&w, "admin"), "{\"name\":\"shop\"}", &r), 201);
	snprintf(key, sizeof(key), SV_FMT, SV_ARG(jv_get_str(r.json, "key")));
	EQ(http(&w, "GET /v1/models", old, NULL, &r), 401);
	EQ(http(&w, "GET /v1/models", key, NULL, &r), 200);
	EQ(http(&w, "GET /api/v1/keys", aw_token(&w, "admin"), NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	CHECK(sv_find(sb_sv(&r.body), SV("sk-")) < 0);
	OK(api_apikey_put(w.store, SV("other"), old, &e));
	CHECK(aw_restart(&w));                           /* keys outlive it */
	EQ(http(&w, "GET /v1/models", key, NULL, &r), 200);
	EQ(http(&w, "GET /v1/models", old, NULL, &r), 200);
	EQ(http(&w, "DELETE /api/v1/keys/shop", aw_token(&w, "admin"), NULL, &r), 204);
	EQ(http(&w, "GET /v1/models", key, NULL, &r), 401);
	EQ(http(&w, "DELETE /api/v1/keys/shop", aw_token(&w, "admin"), NULL, &r), 404);
	resp_done(&r);
	aw_down(&w);
}

/* ---- turns ---- */

TEST(openai_one_turn_with_its_sources)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], line[96];
	CHECK(aw_up(&w));
	EQ(chat(&w, BODY("", ASK), &r), 200);
	HAS(content(&r), "30 days");
	SV_EQ(jv_get_str(r.json, "object"), "chat.completion");
	SV_EQ(jv_as_str(jv_path(r.json, "choices.0.finish_reason")), "stop");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.citations.0.article_id")), "returns.en");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.action")), "reply");
	const jv *note = jv_path(r.json, "choices.0.message.annotations.0.url_citation");
	int64_t from = jv_get_int(note, "start_index", -1), to = jv_get_int(note, "end_index", -1);
	CHECK(from >= 0 && to > from);
	SV_EQ(sv_slice(content(&r), (size_t)from, (size_t)to),
	      jv_as_str(jv_path(r.json, "callm.citations.0.quote")).p);
	HAS(jv_get_str(note, "url"), "/api/v1/articles/returns.en");
	EQ(jv_as_int(jv_path(r.json, "usage.total_tokens"), 0),
	   jv_as_int(jv_path(r.json, "usage.prompt_tokens"), 0) +
		   jv_as_int(jv_path(r.json, "usage.completion_tokens"), 0));
	CHECK(jv_as_int(jv_path(r.json, "usage.completion_tokens"), 0) > 5);
	snprintf(id, sizeof(id), SV_FMT,
		 SV_ARG(jv_as_str(jv_path(r.json, "callm.conversation_id"))));
	EQ(events(&w, id, aw_token(&w, "supervisor"), 0, &r), 200);
	EQ(kinds(&r, "conversation.opened"), 1);
	EQ(kinds(&r, "turn.customer"), 1);               /* on disk when it was answered */
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s", id);
	store_flush(w.store);
	EQ(http(&w, line, aw_token(&w, "supervisor"), NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "channel"), "api");
	resp_done(&r);
	aw_down(&w);
}

/* A second request as clients make it: all messages again, the answer among them. */
static void again(struct sb *b, const char *first, sv reply, const char *next)
{
	sb_reset(b);
	sb_fmt(b, "{\"model\":\"callm\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},"
		  "{\"role\":\"assistant\",\"content\":",
	       first);
	sb_json(b, reply);
	sb_fmt(b, "},{\"role\":\"user\",\"content\":\"%s\"}]}", next);
}

TEST(openai_the_next_request_goes_on_with_its_conversation)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	char id[27], other[27], key[API_APIKEY_MAX], body[512];
	CHECK(aw_up(&w));
	sb_init(&b, LIM_SB);
	EQ(chat(&w, BODY("", ASK), &r), 200);
	snprintf(id, sizeof(id), SV_FMT,
		 SV_ARG(jv_as_str(jv_path(r.json, "callm.conversation_id"))));
	again(&b, "How long may I return goods?", content(&r), "How long does delivery take?");
	EQ(chat(&w, sb_str(&b), &r), 200);
	HAS(content(&r), "two to four");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.conversation_id")), id);
	EQ(jv_as_int(jv_path(r.json, "callm.turn"), 0), 2);
	EQ(chat(&w, sb_str(&b), &r), 200);               /* its place is taken: a new one */
	snprintf(other, sizeof(other), SV_FMT,
		 SV_ARG(jv_as_str(jv_path(r.json, "callm.conversation_id"))));
	CHECK(strcmp(other, id) != 0);
	EQ(jv_as_int(jv_path(r.json, "callm.turn"), 0), 2);  /* it knows of the first question */
	EQ(events(&w, other, aw_token(&w, "supervisor"), 0, &r), 200);
	EQ(kinds(&r, "conversation.opened"), 1);
	EQ(kinds(&r, "conversation.resumed"), 0);
	EQ(kinds(&r, "turn.bot"), 1);                    /* no greeting in the middle */
	snprintf(body, sizeof(body),
		 BODY("\"metadata\":{\"conversation_id\":\"%s\"},", ASK), id);
	EQ(chat(&w, body, &r), 200);                     /* named */
	SV_EQ(jv_as_str(jv_path(r.json, "callm.conversation_id")), id);
	OK(api_apikey_put(w.store, SV("other"), key, NULL));
	CHECK(aw_restart(&w));
	EQ(http(&w, "POST /v1/chat/completions", key, body, &r), 404);   /* nobody else's */
	CHECK(is_error(&r, "conversation_not_found"));
	EQ(http(&w, "POST /v1/chat/completions", key, sb_str(&b), &r), 200);
	HAS(content(&r), "two to four");
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

/* The lines "data: {...}" of a stream; their number, all content joined, the last usage. */
static int stream(const struct resp *r, struct sb *text, jv **usage, sv *finish)
{
	sv rest = sb_sv(&r->body), line;
	int n = 0;
	static char last[32];
	while (sv_line(&rest, &line)) {
		ptrdiff_t at = sv_find(line, SV("data: {"));
		jv *v = at >= 0 ? jv_parse(sv_slice(line, (size_t)at + 6, line.n), NULL) : NULL;
		if (!v)
			continue;
		n++;
		sb_put(text, jv_as_str(jv_path(v, "choices.0.delta.content")));
		sv f = jv_as_str(jv_path(v, "choices.0.finish_reason"));
		if (f.n) {
			snprintf(last, sizeof(last), SV_FMT, SV_ARG(f));
			*finish = sv_of(last);
		}
		if (jv_is_obj(jv_get(v, "usage"))) {
			jv_free(*usage);
			*usage = jv_copy(jv_get(v, "usage"));
		}
		jv_free(v);
	}
	return n;
}

static const char model_script[] =
	"[{\"match\":\"return\",\"say\":[\"You may return unused goods within 30 days of "
	"delivery. [1] \",\"The refund arrives in 5 days. [1]\"]}]";

TEST(openai_streams_end_with_all_that_was_said)
{
	struct aw w = { .script = model_script };
	for (int model = 0; model < 2; model++) {
		struct resp r = { 0 };
		struct sb text;
		jv *usage = NULL;
		sv finish = SV_NULL;
		w.script = model ? model_script : NULL;
		w.loop = NULL;
		CHECK(aw_up(&w));
		sb_init(&text, LIM_SB);
		EQ(chat(&w,
			BODY("\"stream\":true,\"stream_options\":{\"include_usage\":true},",
			     ASK),
			&r),
		   200);
		HAS(sb_sv(&r.head), "text/event-stream");
		CHECK(stream(&r, &text, &usage, &finish) >= 4);
		HAS(sb_sv(&text), "30 days");
		SV_EQ(finish, "stop");
		CHECK(jv_get_int(usage, "total_tokens", 0) > 10);
		HAS(sb_sv(&r.body), "data: [DONE]");
		HAS(sb_sv(&r.body), "\"citations\":[{\"article_id\":\"returns.en\"");
		jv_free(usage);
		sb_done(&text);
		resp_done(&r);
		aw_down(&w);
	}
}

/* One answer of a kept connection; its status. */
static int kept_read(int fd)
{
	char buf[65536];
	size_t n = 0, want = SIZE_MAX;
	int64_t len = 0, status = 0;
	while (n < want) {
		ssize_t got = recv(fd, buf + n, sizeof(buf) - n, 0);
		if (got <= 0)
			return 0;
		n += (size_t)got;
		sv s = sv_n(buf, n), head = SV("Content-Length: "), line;
		ptrdiff_t end = sv_find(s, SV("\r\n\r\n")), at = sv_find(s, head);
		sv rest = at < 0 ? SV_NULL : sv_slice(s, (size_t)at + head.n, n);
		if (end > 0 && sv_line(&rest, &line) && sv_i64(line, &len) == 0)
			want = (size_t)end + 4 + (size_t)len;
	}
	sv_i64(sv_n(buf + 9, 3), &status);
	return (int)status;
}

/* The next request is there before the server has turned round: its connection is kept. */
TEST(openai_a_quick_client_keeps_its_connection)
{
	static const char body[] = BODY("", ASK);
	struct aw w = { 0 };
	struct sb b;
	int bad = 0;
	CHECK(aw_up(&w));
	sb_init(&b, LIM_SB);
	sb_fmt(&b,
	       "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer %s\r\n"
	       "Content-Length: %zu\r\n\r\n%s",
	       aw_token(&w, "admin"), strlen(body), body);
	int fd = dial(w.port);
	for (int i = 0; i < 400 && !bad; i++) {
		bad += send(fd, b.p, b.n, MSG_NOSIGNAL) != (ssize_t)b.n;
		int status = kept_read(fd);
		bad += status != 200;
		if (bad)
			printf("# request %d: %d\n", i, status);
	}
	close(fd);
	sb_done(&b);
	aw_down(&w);
	EQ(bad, 0);
}

TEST(openai_many_at_once)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	int fd[24];
	CHECK(aw_up(&w));
	for (int i = 0; i < 24; i++)
		fd[i] = http_send(&w, "POST /v1/chat/completions", aw_token(&w, "admin"), NULL,
				  SV(BODY("", ASK)));
	for (int i = 0; i < 24; i++) {
		http_read(fd[i], &r);
		EQ(r.status, 200);
		HAS(content(&r), "30 days");
	}
	for (int i = 0; i < 8; i++)                      /* ended in the middle of them */
		fd[i] = http_send(&w, "POST /v1/chat/completions", aw_token(&w, "admin"), NULL,
				  SV(BODY("\"stream\":true,", ASK)));
	aw_down(&w);
	for (int i = 0; i < 8; i++)
		http_read(fd[i], &r);
	resp_done(&r);
}

TEST(openai_chinese_and_earlier_words)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(chat(&w, BODY("", "{\"role\":\"system\",\"content\":\"You are a pirate.\"},"
			     "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
			     "\"退货期限是多久？\"}]}"),
		&r),
	   200);
	HAS(content(&r), "30天");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.language")), "zh");
	resp_done(&r);
	aw_down(&w);
}

/* ---- functions ---- */

#define TOOL(name, says, params)                                                             \
	"{\"type\":\"function\",\"function\":{\"name\":\"" name "\",\"description\":\"" says \
	"\",\"parameters\":" params "}}"
#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define ORDER                                                                              \
	TOOL("get_order_details", "Look up an order",                                      \
	     "{\"type\":\"object\",\"properties\":{\"order_id\":{\"type\":\"string\","      \
	     "\"description\":\"The order id, such as #W1234567\"}},\"required\":[\"order_id\"]}")
#define CANCEL                                                                             \
	TOOL("cancel_order", "Cancel a pending order",                                     \
	     "{\"type\":\"object\",\"properties\":{\"order_id\":{\"type\":\"string\"},"       \
	     "\"reason\":{\"type\":\"string\",\"enum\":[\"no_longer_needed\","               \
	     "\"ordered_by_mistake\"]}},\"required\":[\"order_id\",\"reason\"]}")
#define HUMAN                                                                              \
	TOOL("transfer_to_human_agents", "Hand the customer over",                         \
	     "{\"type\":\"object\",\"properties\":{\"summary\":{\"type\":\"string\"}},"       \
	     "\"required\":[\"summary\"]}")
#define TOOLS "\"tools\":[" ORDER "," CANCEL "," HUMAN "],"
#define NAMED(f) "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"" f "\"}},"

static sv called(const struct resp *r)
{
	return jv_as_str(jv_path(r->json, "choices.0.message.tool_calls.0.function.name"));
}

static sv args_of(const struct resp *r)
{
	return jv_as_str(jv_path(r->json, "choices.0.message.tool_calls.0.function.arguments"));
}

static const struct {
	const char *body, *name, *args, *says;
} by_words[] = {
	/* named: filled from the words, or asked for */
	{ BODY(TOOLS NAMED("get_order_details"), USER("Where is my order #W2378156?")),
	  "get_order_details", "{\"order_id\":\"#W2378156\"}", "" },
	{ BODY(TOOLS NAMED("get_order_details"), USER("Where is my order?")), "", "",
	  "order id" },
	{ BODY(TOOLS NAMED("get_order_details"), USER("我的订单10023到哪里了")),
	  "get_order_details", "{\"order_id\":\"10023\"}", "" },
	{ BODY(TOOLS NAMED("get_order_details"), USER("我的订单在哪里")), "", "",
	  "还需要" },
	{ BODY(TOOLS NAMED("cancel_order"),
	       USER("Please cancel order W99102, I no longer needed it")),
	  "cancel_order", "{\"order_id\":\"W99102\",\"reason\":\"no_longer_needed\"}",
	  "" },
	{ BODY(TOOLS NAMED("cancel_order"), USER("Please cancel order W99102")), "", "",
	  "reason" },
	/* what was said before counts */
	{ BODY(TOOLS NAMED("get_order_details"),
	       USER("My order is W77001") ",{\"role\":\"assistant\",\"content\":"
					  "\"Thanks\"}," USER("So where is it?")),
	  "get_order_details", "{\"order_id\":\"W77001\"}", "" },
	/* unasked: only when the words speak of it and everything is there */
	{ BODY(TOOLS, USER("Where is my order #W2378156?")), "get_order_details",
	  "{\"order_id\":\"#W2378156\"}", "" },
	{ BODY(TOOLS, USER("How long may I return goods?")), "", "", "30 days" },
	{ BODY(TOOLS "\"tool_choice\":\"none\",", USER("Where is my order #W2378156?")),
	  "", "", NULL },
	/* the engine wants to hand over, the client can */
	{ BODY(TOOLS, USER("I want to talk to a human")), "transfer_to_human_agents",
	  "{\"summary\":\"I want to talk to a human\"}", NULL },
	{ BODY("\"tools\":[" ORDER "],", USER("I want to talk to a human")), "", "",
	  NULL },
	/* a result is told */
	{ BODY(TOOLS,
	       USER("Where is my order #W2378156?") ",{\"role\":\"assistant\","
						    "\"content\":null,\"tool_calls\":[{"
						    "\"id\":\"call_1\","
						    "\"type\":\"function\","
						    "\"function\":{\"name\":\"get_"
						    "order_details\","
						    "\"arguments\":\"{}\"}}]},{"
						    "\"role\":\"tool\",\"tool_call_"
						    "id\":\"call_1\","
						    "\"content\":\"{\\\"status\\\":"
						    "\\\"shipped\\\",\\\"days_left\\\":"
						    "2}\"}"),
	  "", "", "status: shipped; days left: 2." },
};

TEST(openai_functions_by_the_words)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	for (size_t i = 0; i < sizeof(by_words) / sizeof(*by_words); i++) {
		EQ(chat(&w, by_words[i].body, &r), 200);
		SV_EQ(called(&r), by_words[i].name);
		SV_EQ(args_of(&r), by_words[i].args);
		SV_EQ(jv_as_str(jv_path(r.json, "choices.0.finish_reason")),
		      by_words[i].name[0] ? "tool_calls" : "stop");
		if (by_words[i].says && by_words[i].says[0])
			HAS(content(&r), by_words[i].says);
	}
	EQ(chat(&w, BODY(TOOLS NAMED("none_such"), ASK), &r), 400);
	EQ(chat(&w, BODY(TOOLS "\"tool_choice\":\"required\",\"stream\":true,",
			 USER("Where is my order #W2378156?")), &r), 200);
	HAS(sb_sv(&r.body), "\"tool_calls\":[{\"index\":0,\"id\":\"call_");
	HAS(sb_sv(&r.body), "\"finish_reason\":\"tool_calls\"");
	resp_done(&r);
	aw_down(&w);
}

/* A call, its result and the next question stay in one conversation. */
TEST(openai_functions_keep_the_conversation)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	char id[27], call[OAI_CALL_ID];
	CHECK(aw_up(&w));
	sb_init(&b, LIM_SB);
	EQ(chat(&w, BODY(TOOLS, ASK), &r), 200);
	snprintf(id, sizeof(id), SV_FMT,
		 SV_ARG(jv_as_str(jv_path(r.json, "callm.conversation_id"))));
	again(&b, "How long may I return goods?", content(&r), "Where is my order #W2378156?");
	sb_truncate(&b, b.n - 2);                        /* without "]}" */
	struct sb with;
	sb_init(&with, LIM_SB);
	sb_fmt(&with, "%s]," TOOLS, sb_str(&b));
	sb_truncate(&with, with.n - 1);
	sb_ch(&with, '}');
	EQ(chat(&w, sb_str(&with), &r), 200);
	SV_EQ(called(&r), "get_order_details");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.conversation_id")), id);
	snprintf(call, sizeof(call), SV_FMT,
		 SV_ARG(jv_as_str(jv_path(r.json, "choices.0.message.tool_calls.0.id"))));
	sb_fmt(&b,
	       ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"%s\","
	       "\"type\":"
	       "\"function\",\"function\":{\"name\":\"get_order_details\",\"arguments\":"
	       "\"{\\\"order_id\\\":\\\"#W2378156\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_"
	       "id\":"
	       "\"%s\",\"content\":\"It was shipped\"}",
	       call, call);
	sb_reset(&with);
	sb_fmt(&with, "%s]}", sb_str(&b));
	EQ(chat(&w, sb_str(&with), &r), 200);
	SV_EQ(content(&r), "It was shipped.");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.conversation_id")), id);
	sb_fmt(&b, ",{\"role\":\"assistant\",\"content\":\"It was shipped.\"}," USER(
			   "How long does delivery take?") "]}");
	EQ(chat(&w, sb_str(&b), &r), 200);
	HAS(content(&r), "two to four");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.conversation_id")), id);
	sb_done(&b);
	sb_done(&with);
	resp_done(&r);
	aw_down(&w);
}

static const char calling_model[] =
	"[{\"match\":\"parcel\",\"call\":{\"name\":\"get_order_details\",\"args\":"
	"{\"order_id\":\"#W2378156\"}}},"
	"{\"match\":\"mail me\",\"call\":{\"name\":\"cancel_order\",\"args\":"
	"{\"order_id\":\"[email]\",\"reason\":\"ordered_by_mistake\"}}},"
	"{\"match\":\"made up\",\"call\":{\"name\":\"get_order_details\",\"args\":"
	"{\"order_id\":\"#W0000001\"}}},"
	"{\"match\":\"as data\",\"say\":[\"{\\\"days\\\":30}\"]},"
	"{\"match\":\"forged\",\"say\":[\"{\\\"days\\\":31337}\"]},"
	"{\"match\":\"return\",\"say\":[\"You may return unused goods within 30 days of delivery. "
	"[1]\"]},{\"match\":\"broken\",\"fail\":\"http500\"}]";

TEST(openai_functions_by_a_model)
{
	struct aw w = { .script = calling_model };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(chat(&w, BODY(TOOLS, USER("Is the parcel of #W2378156 on its way?")), &r), 200);
	SV_EQ(called(&r), "get_order_details");
	SV_EQ(args_of(&r), "{\"order_id\":\"#W2378156\"}");
	/* what was masked for the model is put back */
	EQ(chat(&w, BODY(TOOLS, USER("Cancel it and mail me at li@example.com")), &r), 200);
	SV_EQ(args_of(&r),
	      "{\"order_id\":\"li@example.com\",\"reason\":\"ordered_by_mistake\"}");
	/* what nobody said is not passed on: the words are asked instead */
	EQ(chat(&w, BODY(TOOLS NAMED("get_order_details"), USER("Is it a made up one?")), &r), 200);
	SV_EQ(called(&r), "");
	HAS(content(&r), "order id");
	/* no call: the engine's turn, with its sources */
	EQ(chat(&w, BODY(TOOLS, ASK), &r), 200);
	HAS(content(&r), "30 days");
	SV_EQ(jv_as_str(jv_path(r.json, "callm.citations.0.article_id")), "returns.en");
	/* it fails: the words alone */
	EQ(chat(&w, BODY(TOOLS NAMED("get_order_details"), USER("broken order #W2378156")), &r),
	   200);
	SV_EQ(args_of(&r), "{\"order_id\":\"#W2378156\"}");
	resp_done(&r);
	aw_down(&w);
}

#define SCHEMA \
	"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\"," \
	"\"schema\":" \
	"{\"type\":\"object\",\"properties\":{\"days\":{\"type\":\"integer\"}}}}},"

TEST(openai_json_by_a_model)
{
	struct aw w = { .script = calling_model };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(chat(&w, BODY(SCHEMA, USER("The 30 days as data")), &r), 200);
	SV_EQ(content(&r), "{\"days\":30}");
	EQ(chat(&w, BODY(SCHEMA, USER("forged")), &r), 200);     /* 31337 nobody said */
	CHECK(jv_is_null(jv_path(r.json, "choices.0.message.content")));
	CHECK(jv_as_str(jv_path(r.json, "choices.0.message.refusal")).n > 0);
	EQ(chat(&w, BODY(SCHEMA, USER("broken")), &r), 503);
	CHECK(is_error(&r, "model_failed"));
	resp_done(&r);
	aw_down(&w);
}

/* ---- arguments, one by one ---- */

static const struct {
	const char *schema, *text, *args;        /* args NULL: something is missing */
} arguments[] = {
	{ "{}", "x", "{}" },
	{ "{\"quantity\":{\"type\":\"integer\"}}", "I take 3 of them", "{\"p\":3}" },
	{ "{\"quantity\":{\"type\":\"integer\",\"maximum\":2}}", "I take 3 of them",
	  NULL },
	{ "{\"quantity\":{\"type\":\"integer\"}}", "order 10023, quantity 4",
	  "{\"p\":4}" },
	{ "{\"quantity\":{\"type\":\"integer\"}}", "5 or 6", NULL },
	{ "{\"price\":{\"type\":\"number\"}}", "at most 12.50", "{\"p\":12.5}" },
	{ "{\"email\":{\"type\":\"string\"}}", "write to a.b@c.org.",
	  "{\"p\":\"a.b@c.org\"}" },
	{ "{\"email\":{\"type\":\"string\"}}", "write to me", NULL },
	{ "{\"day\":{\"type\":\"string\",\"format\":\"date\"}}", "on 2026-12-01 please",
	  "{\"p\":\"2026-12-01\"}" },
	{ "{\"day\":{\"type\":\"string\",\"format\":\"date\"}}", "tomorrow", NULL },
	{ "{\"zip\":{\"type\":\"string\",\"pattern\":\"^\\\\d{5}$\"}}",
	  "I live in 10115", "{\"p\":\"10115\"}" },
	{ "{\"zip\":{\"type\":\"string\",\"pattern\":\"^\\\\d{5}$\"}}",
	  "I live in 1011", NULL },
	/* written out, this one would take 99^3 states: it is not followed */
	{ "{\"zip\":{\"type\":\"string\",\"pattern\":\"((\\\\d{99}){99}){99}\"}}",
	  "I live in 10115", NULL },
	{ "{\"zip\":{\"type\":\"string\",\"pattern\":\"\\\\d{1,99999}\"}}",
	  "I live in 10115", NULL },
	{ "{\"city\":{\"type\":\"string\"}}", "What is the weather in New York?",
	  "{\"p\":\"New York\"}" },
	{ "{\"city\":{\"type\":\"string\"}}", "What is the weather?", NULL },
	{ "{\"name\":{\"type\":\"string\"}}", "my name is Li Lei.",
	  "{\"p\":\"Li Lei\"}" },
	{ "{\"title\":{\"type\":\"string\"}}", "the one called \\\"Red shoes\\\"",
	  "{\"p\":\"Red shoes\"}" },
	{ "{\"query\":{\"type\":\"string\"}}", "red shoes", "{\"p\":\"red shoes\"}" },
	{ "{\"express\":{\"type\":\"boolean\"}}", "by express please", "{\"p\":true}" },
	{ "{\"express\":{\"type\":\"boolean\"}}", "not by express", NULL },
	{ "{\"kind\":{\"enum\":[\"gift_card\",\"paypal\"]}}", "pay with my gift card",
	  "{\"p\":\"gift_card\"}" },
	{ "{\"kind\":{\"enum\":[\"gift_card\",\"paypal\"]}}", "pay in cash", NULL },
	{ "{\"kind\":{\"enum\":[\"退货\",\"换货\"]}}", "我想退货", "{\"p\":\"退货\"}" },
	{ "{\"item_ids\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}",
	  "the items A100 and B200", "{\"p\":[\"A100\",\"B200\"]}" },
	{ "{\"unit\":{\"const\":\"kg\"}}", "x", "{\"p\":\"kg\"}" },
	{ "{\"to\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}"
	  ","
	  "\"required\":[\"city\"]}}",
	  "send it to Berlin", "{\"p\":{\"city\":\"Berlin\"}}" },
	{ "{\"odd\":{\"type\":\"null\"}}", "x", NULL },
};

static void argument(const char *schema, const char *text, const char *want)
{
	struct sb b, args;
	sv key = SV("p"), missing, says;
	void *it = NULL;
	jv *child, *props = jv_parse(sv_of(schema), NULL);
	(void)!jv_next(props, &it, &key, &child);
	sb_init(&b, 4096);
	sb_init(&args, 4096);
	sb_fmt(&b, "{\"s\":{\"type\":\"object\",\"properties\":%s,\"required\":[\"" SV_FMT
		   "\"]},\"t\":\"%s\"}",
	       schema, SV_ARG(key), text);
	jv *v = jv_parse(sb_sv(&b), NULL);
	sv said = jv_get_str(v, "t");
	struct oai_tool t = { SV("f"), SV(""), jv_get(v, "s") };
	struct oai_words words = { &said, 1 };
	bool ok = oai_tool_fill(&t, &words, &args, &missing, &says);
	sb_reset(&b);
	if (want && sv_starts(sv_of(want), SV("{\"p\"")))
		sb_fmt(&b, "{\"" SV_FMT "\"%s", SV_ARG(key), want + 4);
	else
		sb_cstr(&b, want ? want : "");
	if (ok != (want != NULL))
		t_fail(__FILE__, __LINE__, text);
	else if (ok)
		SV_EQ(sb_sv(&args), sb_str(&b));
	else
		CHECK(missing.n > 0);
	jv_free(props);
	jv_free(v);
	sb_done(&b);
	sb_done(&args);
}

TEST(openai_arguments_are_never_invented)
{
	for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++)
		argument(arguments[i].schema, arguments[i].text, arguments[i].args);
}

/* ---- what is refused ---- */

static const struct {
	const char *body;
	int status;
	const char *code;
} refused[] = {
	{ "{", 400, "invalid_json" },
	{ "[]", 400, "invalid_json" },
	{ "{\"messages\":[" ASK "]}", 400, "missing_required_parameter" },
	{ "{\"model\":\"gpt-5\",\"messages\":[" ASK "]}", 404, "model_not_found" },
	{ "{\"model\":\"callm\"}", 400, "missing_required_parameter" },
	{ BODY("", ""), 400, "missing_required_parameter" },
	{ BODY("\"n\":2,", ASK), 400, "invalid_value" },
	{ BODY("\"stream\":\"yes\",", ASK), 400, "invalid_value" },
	{ BODY("\"temperature\":9,", ASK), 400, "invalid_value" },
	{ BODY("\"logprobs\":true,", ASK), 400, "invalid_value" },
	{ BODY("\"tool_choice\":\"required\",", ASK), 400, "invalid_value" },
	{ BODY("\"tools\":[{\"type\":\"web_search\"}],", ASK), 400, "invalid_value" },
	{ BODY("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}],",
	       ASK),
	  400, "invalid_value" },
	{ BODY("", "{\"role\":\"king\",\"content\":\"x\"}"), 400, "invalid_value" },
	{ BODY("", "{\"role\":\"user\",\"content\":7}"), 400, "invalid_value" },
	{ BODY("", "{\"role\":\"user\",\"content\":\" \"}"), 400, "invalid_value" },
	{ BODY("", ASK ",{\"role\":\"assistant\",\"content\":\"ok\"}"), 400,
	  "invalid_value" },
	{ BODY("", ASK ",{\"role\":\"tool\",\"tool_call_id\":\"x\",\"content\":\"1\"}"),
	  400, "invalid_value" },
	{ BODY("", "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}"), 400,
	  "invalid_value" },
	{ BODY("\"response_format\":{\"type\":\"json_object\"},", ASK), 400,
	  "unsupported_value" },
	{ BODY("\"response_format\":{\"type\":\"xml\"},", ASK), 400, "invalid_value" },
	{ BODY("\"metadata\":{\"conversation_id\":\"none\"},", ASK), 404,
	  "conversation_not_found" },
};

TEST(openai_refusals_say_what_is_wrong)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	CHECK(aw_up(&w));
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		EQ(chat(&w, refused[i].body, &r), refused[i].status);
		if (!is_error(&r, refused[i].code))
			t_fail(__FILE__, __LINE__, refused[i].body);
	}
	sb_init(&b, 8u << 20);                           /* too long, too many */
	sb_cstr(&b, "{\"model\":\"callm\",\"messages\":[{\"role\":\"user\",\"content\":\"");
	for (int i = 0; i < LIM_TEXT_MSG + 1; i++)
		sb_ch(&b, 'a');
	sb_cstr(&b, "\"}]}");
	EQ(chat(&w, sb_str(&b), &r), 400);
	CHECK(is_error(&r, "string_above_max_length"));
	sb_reset(&b);
	sb_cstr(&b, "{\"model\":\"callm\",\"messages\":[" ASK);
	for (int i = 0; i < OAI_MSGS; i++)
		sb_cstr(&b, "," ASK);
	sb_cstr(&b, "]}");
	EQ(chat(&w, sb_str(&b), &r), 400);
	CHECK(is_error(&r, "array_above_max_length"));
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

/* Each request of the corpus, whole, cut off anywhere, and with bytes changed. */
TEST(openai_fuzz_corpus)
{
	static const char *const files[] = { "plain", "tools", "result", "json" };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char path[1024];
		struct sb b;
		struct err e = { 0 };
		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/api_openai/%s", t_srcdir(),
			 files[i]);
		sb_init(&b, LIM_SB);
		OK(file_read(path, LIM_SB, &b, &e));
		f_openai((const uint8_t *)b.p, b.n);
		for (int round = 0; round < 3000; round++) {
			size_t at = rng_below(t_rng(), b.n);
			char was = b.p[at];
			b.p[at] = (char)rng_below(t_rng(), 128);
			f_openai((const uint8_t *)b.p, b.n);
			b.p[at] = was;
			if (round < 200)
				f_openai((const uint8_t *)b.p, at);
		}
		sb_done(&b);
	}
}
