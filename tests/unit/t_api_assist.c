/* t_api_assist.c: summaries, lists, translations, thumbs and follow-ups over HTTP. */
#include "t_api_world.h"
#include "assist.h"
#include "guard_access.h"
#include "model.h"
#include "tool.h"

static const char lists[] =
	"dispositions:\n"
	"  - {id: asked, title: {zh: 咨询, en: Asked}}\n"
	"canned:\n"
	"  - {id: bye, title: {zh: 再见, en: Goodbye}, text: {zh: 再见, en: Goodbye}}\n";

static const char tools[] =
	"tools:\n"
	"  - name: ticket_open\n"
	"    source: desk\n"
	"    title: {zh: 工单, en: Ticket}\n"
	"    about: {zh: 工单, en: Opens a ticket.}\n"
	"    effect: true\n    level: nobody\n"
	"    schema: {type: object, required: [what], properties: {what: {type: string}, when: "
	"{type: string}}}\n"
	"  - name: callback_request\n"
	"    source: desk\n"
	"    title: {zh: 回电, en: Call back}\n"
	"    about: {zh: 回电, en: Books a call.}\n"
	"    effect: true\n    level: nobody\n"
	"    confirm: {zh: 可以吗, en: Shall I}\n"
	"    schema: {type: object, required: [at, about], properties: {at: {type: string}, about: "
	"{type: string}}}\n";

static const char script[] =
	"[{\"match\":\"HH2026\",\"say\":[\"Order HH2026-100102 is on its way\"]},"
	"{\"match\":\"退款\",\"say\":[\"You get 900 yuan\"]}]";

struct sw {
	struct aw w;
	struct assist *as;
	struct assist_plan *plan;
	struct tool_kit *kit;
	struct tool_box *box;
	struct resp r;
	jv *script;
	char id[40], etag[40], customer[300], feedback[120];
	const char *agent;
};

/* Tickets are numbered; calls are booked at ten only. */
static int desk_write(void *arg, struct tool_run *r, struct store_db *db)
{
	bool call = strcmp(r->decl->name, "callback_request") == 0;
	if (call && !sv_ends(jv_get_str(r->args, "at"), SV("T10:00"))) {
		tool_outcome(r, TOOL_REFUSED, "at ten only");
		return 0;
	}
	jv_set_str(r->body, "number", call ? SV("B1") : SV("T1"));
	return store_exec(db, call ? "INSERT INTO kv (k, v, updated_ms) VALUES ((SELECT 'call' || "
				     "COUNT(*) FROM kv WHERE k LIKE 'call%'), 'x', 0)" :
				     "INSERT INTO kv (k, v, updated_ms) VALUES ((SELECT 'tick' || "
				     "COUNT(*) FROM kv WHERE k LIKE 'tick%'), 'x', 0)");
}

static const struct tool_ops desk = { .name = "desk", .write = desk_write };

static int open_model(void *arg, struct loop *l, struct llm **ret)
{
	struct sw *t = arg;
	struct model_spec s = { .kind = "scripted", .script = t->script };
	struct err e = { 0 };
	return t->script ? llm_open(ret, &s, l, &e) : ERR_NOTFOUND;
}

static bool open_help(struct sw *t)
{
	const struct assist_file f = { "lists.yaml", { lists, sizeof(lists) - 1 } };
	struct cfg_report rep = { 0 };
	struct err e = { 0 };
	if (assist_plan_new(&t->plan, &f, 1, &rep)) {
		t_fail(__FILE__, __LINE__, rep.n ? rep.v[0].what : "lists");
		return false;
	}
	struct assist_opts o = { .store = t->w.store, .with = { .plan = t->plan },
				 .model = open_model, .model_arg = t };
	return assist_open(&t->as, &o, &e) == 0;
}

static bool open_kit(struct sw *t)
{
	struct tool_file f = { "tools/desk.yaml", { tools, sizeof(tools) - 1 } };
	struct cfg_report rep = { 0 };
	if (tool_box_new(&t->box, &f, 1, &rep)) {
		t_fail(__FILE__, __LINE__, rep.n ? rep.v[0].what : "tools");
		return false;
	}
	struct tool_kit_opts o = { .store = t->w.store, .pool = t->w.pool, .box = t->box };
	return tool_kit_open(&t->kit, &o, NULL) == 0 && tool_source_add(t->kit, &desk, NULL) == 0;
}

static void keep_etag(struct sw *t)
{
	ptrdiff_t at = sv_find(sb_sv(&t->r.head), SV("ETag: "));
	sv line = at < 0 ? SV("") : sv_slice(sb_sv(&t->r.head), (size_t)at + 6, t->r.head.n);
	sv tag = SV("");
	(void)sv_line(&line, &tag);
	(void)snprintf(t->etag, sizeof(t->etag), "If-Match: " SV_FMT "\r\n", SV_ARG(tag));
}

/* A world with a conversation in which something was asked; roles NULL: those of the demo. */
static bool up_with(struct sw *t, bool model, const char *roles)
{
	struct cfg_report rep = { 0 };
	*t = (struct sw){ .script = model ? jv_parse(sv_of(script), NULL) : NULL };
	bool ok = !roles || guard_access_new(&t->w.o.access, sv_of(roles), "roles.yaml", &rep) == 0;
	cfg_report_done(&rep);
	if (!ok || !aw_up(&t->w))
		return false;
	if (!open_help(t) || !open_kit(t)) {
		t_fail(__FILE__, __LINE__, "the company's lists or tools");
		return false;
	}
	t->w.api->o.assist = t->as;          /* as api_open would, before the first request */
	t->w.api->o.kit = t->kit;
	t->agent = aw_token(&t->w, "supervisor");
	if (http(&t->w, "POST /api/v1/conversations", NULL, "{\"channel\":\"webchat\"}", &t->r) >=
	    300) {
		t_fail(__FILE__, __LINE__, sb_str(&t->r.body));
		return false;
	}
	(void)snprintf(t->id, sizeof(t->id), SV_FMT, SV_ARG(jv_get_str(t->r.json, "id")));
	char line[200];
	(void)snprintf(t->customer, sizeof(t->customer), SV_FMT,
		       SV_ARG(jv_get_str(t->r.json, "token")));
	(void)snprintf(t->feedback, sizeof(t->feedback), "POST /api/v1/conversations/%s/feedback",
		       t->id);
	(void)snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", t->id);
	if (http(&t->w, line, t->customer, "{\"text\":\"How long may I return goods?\"}",
		 &t->r) < 300)
		return true;
	t_fail(__FILE__, __LINE__, sb_str(&t->r.body));
	return false;
}

static bool up(struct sw *t, bool model)
{
	return up_with(t, model, NULL);
}

static void down(struct sw *t)
{
	resp_done(&t->r);
	t->w.api->o.assist = NULL;           /* nothing is asked any more */
	assist_close(t->as);
	tool_kit_close(t->kit);
	aw_down(&t->w);
	obj_unref(t->box);
	obj_unref(t->plan);
	obj_unref(t->w.o.access);
	jv_free(t->script);
}

static int ask(struct sw *t, const char *verb, const char *what, const char *headers,
	       const char *body)
{
	char line[200];
	(void)snprintf(line, sizeof(line), "%s /api/v1/conversations/%s/%s", verb, t->id, what);
	return http_with(&t->w, line, t->agent, headers, body, &t->r);
}

static int64_t count(struct sw *t, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	if (store_flush(t->w.store) || store_reader(t->w.store, &db) || store_prep(db, &q, sql))
		return -1;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

static void summaries(struct sw *t)
{
	EQ(http(&t->w, "GET /api/v1/conversations/none/summary", NULL, NULL, &t->r), 401);
	EQ(http(&t->w, "GET /api/v1/conversations/none/summary", t->agent, NULL, &t->r), 404);
	EQ(ask(t, "GET", "summary", NULL, NULL), 200);
	HAS(jv_as_str(jv_path(t->r.json, "issue.text")), "return goods");
	EQ(jv_get_int(t->r.json, "version", -1), 0);
	keep_etag(t);
	HAS(sv_of(t->etag), "\"0\"");
	EQ(ask(t, "PUT", "summary", NULL, "{\"text\":\"x\"}"), 428);
	EQ(ask(t, "PUT", "summary", "If-Match: \"7\"\r\n", "{\"text\":\"x\"}"), 412);
	EQ(ask(t, "PUT", "summary", t->etag, "{\"disposition\":\"none such\"}"), 400);
	EQ(ask(t, "PUT", "summary", t->etag, "{\"text\":\"Asked how long.\",\"disposition\":"
					     "\"asked\"}"), 200);
	SV_EQ(jv_get_str(t->r.json, "text"), "Asked how long.");
	keep_etag(t);
	HAS(sv_of(t->etag), "\"1\"");
	EQ(ask(t, "GET", "summary", NULL, NULL), 200);
	SV_EQ(jv_as_str(jv_path(t->r.json, "disposition.id")), "asked");
	EQ(ask(t, "PUT", "summary", "If-Match: \"0\"\r\n", "{\"text\":\"y\"}"), 412);
	EQ(ask(t, "POST", "summary", NULL, "{}"), 200);         /* worded by the model */
	HAS(jv_get_str(t->r.json, "text"), "return goods");
	EQ(http(&t->w, "PUT /api/v1/conversations/none/summary", NULL, "{}", &t->r), 401);
}

/* An agent who sees "****8000" in it saves no stars over the number. */
TEST(api_summaries_written_by_who_sees_masks)
{
	static const char roles[] =
		"roles:\n"
		"  - id: admin\n    title: {zh: 一, en: one}\n    may: [\"*\"]\n"
		"  - id: writer\n    title: {zh: 写, en: Writer}\n"
		"    may: [conversation.read, conversation.read_all, summary.*]\n"
		"    masks: {phone: part}\n";
	struct sw t;
	CHECK(up_with(&t, false, roles));
	const char *agent = aw_token(&t.w, "writer"), *admin = aw_token(&t.w, "admin");
	t.agent = admin;
	EQ(ask(&t, "GET", "summary", NULL, NULL), 200);
	keep_etag(&t);
	EQ(ask(&t, "PUT", "summary", t.etag,
	       "{\"text\":\"Call +86 138 0013 8000 "
	       "back.\",\"disposition\":\"asked\",\"follow_ups\":"
	       "[{\"kind\":\"callback\",\"text\":\"Ring 139 1234 5678\"}]}"),
	   200);
	keep_etag(&t);
	t.agent = agent;
	EQ(ask(&t, "GET", "summary", NULL, NULL), 200);
	SV_EQ(jv_get_str(t.r.json, "text"), "Call ****8000 back.");
	EQ(ask(&t, "PUT", "summary", t.etag, "{\"text\":\"Call ****9999 back.\"}"), 400);
	HAS(jv_get_str(t.r.json, "detail"), "may not see");
	EQ(ask(&t, "PUT", "summary", t.etag,
	       "{\"text\":\"Call ****8000 back. Done.\",\"follow_ups\":"
	       "[{\"kind\":\"ticket\",\"text\":\"New\"},"
	       "{\"kind\":\"callback\",\"text\":\"Ring ****5678\"}]}"), 200);
	t.agent = admin;
	EQ(ask(&t, "GET", "summary", NULL, NULL), 200);
	SV_EQ(jv_get_str(t.r.json, "text"), "Call +86 138 0013 8000 back. Done.");
	SV_EQ(jv_as_str(jv_path(t.r.json, "follow_ups.1.text")), "Ring 139 1234 5678");
	down(&t);
}

TEST(api_summaries_are_read_kept_and_versioned)
{
	struct sw t;
	CHECK(up(&t, false));
	summaries(&t);
	down(&t);
}

static void translations(struct sw *t)
{
	EQ(ask(t, "POST", "translate", NULL,
	       "{\"text\":\"订单HH2026-100102到哪了\",\"to\":\"en\"}"),
	   200);
	SV_EQ(jv_get_str(t->r.json, "text"), "Order HH2026-100102 is on its way");
	EQ(ask(t, "POST", "translate", NULL, "{\"text\":\"退款三元\",\"to\":\"en\"}"), 502);
	EQ(ask(t, "POST", "translate", NULL, "{\"text\":\"hello\",\"to\":\"en\"}"), 200);
	SV_EQ(jv_get_str(t->r.json, "text"), "hello");          /* it is English already */
	EQ(ask(t, "POST", "translate", NULL, "{\"text\":\"hello\",\"to\":\"fr\"}"), 400);
	EQ(ask(t, "POST", "translate", NULL, "{\"text\":\" \",\"to\":\"zh\"}"), 400);
	EQ(ask(t, "POST", "translate", NULL, "[]"), 400);
}

TEST(api_translations_are_checked)
{
	struct sw t;
	CHECK(up(&t, true));
	translations(&t);
	down(&t);
	CHECK(up(&t, false));
	EQ(ask(&t, "POST", "translate", NULL, "{\"text\":\"你好\",\"to\":\"en\"}"), 503);
	SV_EQ(jv_get_str(t.r.json, "code"), "no_model");        /* the desk knows it by this */
	CHECK(jv_get_str(t.r.json, "detail").n && jv_get_int(t.r.json, "status", 0) == 503);
	down(&t);
}

TEST(api_lists_and_thumbs)
{
	struct sw t;
	CHECK(up(&t, false));
	EQ(http(&t.w, "GET /api/v1/canned", NULL, NULL, &t.r), 401);
	EQ(http(&t.w, "GET /api/v1/canned", t.agent, NULL, &t.r), 200);
	SV_EQ(jv_as_str(jv_path(t.r.json, "items.0.shortcut")), "/bye");
	EQ(http(&t.w, "GET /api/v1/dispositions", t.agent, NULL, &t.r), 200);
	SV_EQ(jv_as_str(jv_path(t.r.json, "items.0.title.en")), "Asked");
	EQ(ask(&t, "POST", "feedback", NULL, "{\"value\":\"sideways\"}"), 400);
	EQ(ask(&t, "POST", "feedback", NULL, "{\"value\":\"down\",\"turn\":1}"), 204);
	EQ(count(&t, "SELECT COUNT(*) FROM event WHERE kind='feedback' AND conversation IS NOT "
		     "NULL "
		     "AND body LIKE '%down%'"),
	   1);
	/* the customer's own thumb, of this conversation alone */
	EQ(http(&t.w, t.feedback, t.customer, "{\"value\":\"up\",\"turn\":1}", &t.r), 204);
	EQ(count(&t, "SELECT COUNT(*) FROM event WHERE kind='feedback' AND actor='customer' AND "
		     "conversation IS NOT NULL"),
	   1);
	EQ(http(&t.w, "POST /api/v1/conversations/01J00000000000000000000000/feedback", t.customer,
		"{\"value\":\"up\",\"turn\":1}", &t.r),
	   403);
	down(&t);
}

/* An agent has nothing worded and says nothing of a conversation that they may not read. */
TEST(api_assist_of_own_conversations)
{
	struct sw t;
	CHECK(up(&t, false));
	t.agent = aw_token_of(&t.w, "agent", "mei");
	EQ(ask(&t, "GET", "summary", NULL, NULL), 403);
	EQ(ask(&t, "POST", "summary", NULL, "{}"), 403);
	CHECK(is_problem(&t.r));
	EQ(ask(&t, "POST", "feedback", NULL, "{\"value\":\"down\",\"turn\":1}"), 403);
	CHECK(is_problem(&t.r));
	EQ(count(&t, "SELECT COUNT(*) FROM event WHERE kind='feedback'"), 0);
	down(&t);
}

static void follow_ups(struct sw *t)
{
	static const char two[] =
		"{\"items\":[{\"kind\":\"ticket\",\"text\":\"Send the label\"},{\"kind\":"
		"\"callback\",\"when\":\"2026-11-30T10:00\",\"text\":\"Hear whether all is well\"},"
		"{\"kind\":\"callback\",\"when\":\"2026-11-30T03:00\",\"text\":\"At night\"}]}";
	for (int i = 0; i < 2; i++) {
		EQ(ask(t, "POST", "follow_ups", NULL, two), 200);
		EQ(jv_len(jv_get(t->r.json, "items")), 3);
		SV_EQ(jv_as_str(jv_path(t->r.json, "items.0.number")), "T1");
		SV_EQ(jv_as_str(jv_path(t->r.json, "items.1.kind")), "callback");
		SV_EQ(jv_as_str(jv_path(t->r.json, "items.1.outcome")), "done");
		SV_EQ(jv_as_str(jv_path(t->r.json, "items.2.kind")), "ticket");
	}
	EQ(count(t, "SELECT COUNT(*) FROM kv WHERE k LIKE 'tick%'"), 2);        /* each once */
	EQ(count(t, "SELECT COUNT(*) FROM kv WHERE k LIKE 'call%'"), 1);
	EQ(ask(t, "POST", "follow_ups", NULL, "{\"items\":[]}"), 400);
	EQ(ask(t, "POST", "follow_ups", NULL, "{\"items\":[{\"kind\":\"x\",\"text\":\"yy\"}]}"),
	   400);
	EQ(http(&t->w, "POST /api/v1/conversations/none/follow_ups", t->agent, two, &t->r), 404);
}

TEST(api_follow_ups_become_tickets_and_calls_once)
{
	struct sw t;
	CHECK(up(&t, false));
	follow_ups(&t);
	down(&t);
}
