/* t_api_tool.c: business actions over REST: the list, a call through the gate, a key, approvals. */
#include "t_api_world.h"
#include "tool.h"

#define CALL "POST /api/v1/tools/refund/call"
/* With room for the print. */
#define ASKED \
	"{\"args\":{\"amount\":5,\"card\":\"6222021234567890\"},\"customer\":\"C-1\"," \
	"\"lang\":\"en\",\"checked\":\"called back on 13800138000\"%s%s%s}"
#define BIG \
	"{\"args\":{\"amount\":%d,\"card\":\"secret\"},\"customer\":\"C-1\"," \
	"\"checked\":\"badge\"%s%s%s}"

static const char yaml[] = "tools:\n"
			   "  - name: refund\n"
			   "    source: till\n"
			   "    title: {zh: 退款, en: Refund}\n"
			   "    about: {zh: 退款, en: Pays back.}\n"
			   "    role: agent\n"
			   "    level: proven\n"
			   "    effect: true\n"
			   "    confirm: {zh: \"退{amount}元？\", en: \"Pay back {amount}?\"}\n"
			   "    schema:\n"
			   "      type: object\n"
			   "      required: [amount]\n"
			   "      properties: {amount: {type: number, minimum: 1}, card: "
			   "{type: string, personal: true}}\n";

static int till_write(void *arg, struct tool_run *r, struct store_db *db)
{
	double amount = jv_get_num(r->args, "amount", 0);
	if (r->who->role < (amount > 5000 ? TOOL_MANAGER : amount > 100 ? TOOL_SUPERVISOR : 0))
		return tool_ask_person(r, db, "refund over 100", amount);
	return store_exec(db, "INSERT INTO kv (k, v, updated_ms) VALUES "
			      "((SELECT 'till' || COUNT(*) FROM kv WHERE k LIKE 'till%'), 'x', 0)");
}

static const struct tool_ops till = { .name = "till", .write = till_write };

struct tw {
	struct aw w;
	struct tool_kit *kit;
	struct tool_box *box;
	struct resp r;
	const char *agent, *boss;
};

static bool up(struct tw *t)
{
	struct tool_file f = { "tools/till.yaml", sv_of(yaml) };
	struct cfg_report rep = { 0 };
	*t = (struct tw){ 0 };
	if (tool_box_new(&t->box, &f, 1, &rep) || !aw_up(&t->w))
		return false;
	struct tool_kit_opts o = { .store = t->w.store, .pool = t->w.pool, .box = t->box };
	if (tool_kit_open(&t->kit, &o, NULL) || tool_source_add(t->kit, &till, NULL))
		return false;
	t->w.api->o.kit = t->kit;            /* as api_open would, before the first request */
	t->agent = aw_token(&t->w, "agent");
	t->boss = aw_token(&t->w, "supervisor");
	return true;
}

static void down(struct tw *t)
{
	resp_done(&t->r);
	tool_kit_close(t->kit);
	aw_down(&t->w);
	obj_unref(t->box);
}

static int64_t count(struct tw *t, const char *sql)
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

static const char *outcome(struct tw *t)
{
	static char out[32];
	snprintf(out, sizeof(out), SV_FMT, SV_ARG(jv_get_str(t->r.json, "outcome")));
	return out;
}

TEST(api_tools_are_listed_to_who_is_signed_in)
{
	struct tw t;
	CHECK(up(&t));
	EQ(http(&t.w, "GET /api/v1/tools", NULL, NULL, &t.r), 401);
	EQ(http(&t.w, "GET /api/v1/tools", t.agent, NULL, &t.r), 200);
	SV_EQ(jv_as_str(jv_path(t.r.json, "items.0.name")), "refund");
	SV_EQ(jv_as_str(jv_path(t.r.json, "items.0.role")), "agent");
	down(&t);
}

TEST(api_tool_call_passes_the_gate)
{
	struct tw t;
	char body[300];
	CHECK(up(&t));
	EQ(http(&t.w, CALL, NULL, "{}", &t.r), 401);
	EQ(http(&t.w, "POST /api/v1/tools/none/call", t.agent, "{}", &t.r), 200);
	STR_EQ(outcome(&t), "denied");
	EQ(http(&t.w, CALL, t.agent, "{\"args\":{\"amount\":\"x\"}}", &t.r), 200);
	STR_EQ(outcome(&t), "invalid");
	HAS(jv_get_str(t.r.json, "why"), "amount");
	EQ(http(&t.w, CALL, t.agent, "{\"args\":{\"amount\":5},\"customer\":\"C-1\"}", &t.r), 200);
	STR_EQ(outcome(&t), "verify");
	SV_EQ(jv_get_str(t.r.json, "need_level"), "proven");
	snprintf(body, sizeof(body), ASKED, "", "", "");
	EQ(http_with(&t.w, CALL, t.agent, "Idempotency-Key: k-1\r\n", body, &t.r), 200);
	STR_EQ(outcome(&t), "confirm");
	SV_EQ(jv_get_str(t.r.json, "say"), "Pay back 5?");
	char print[40];
	snprintf(print, sizeof(print), SV_FMT, SV_ARG(jv_get_str(t.r.json, "print")));
	EQ(strlen(print), 16);
	snprintf(body, sizeof(body), ASKED, ",\"confirmed\":\"", print, "\"");
	for (int i = 0; i < 3; i++) {
		EQ(http_with(&t.w, CALL, t.agent, "Idempotency-Key: k-1\r\n", body, &t.r), 200);
		STR_EQ(outcome(&t), "done");
		EQ(jv_get_bool(t.r.json, "again", false), i > 0);
	}
	EQ(count(&t, "SELECT COUNT(*) FROM kv WHERE k LIKE 'till%'"), 1);
	EQ(count(&t, "SELECT COUNT(*) FROM event WHERE kind = 'customer.checked' AND customer = "
		     "'C-1' AND actor = 'user:tester'"),
	   4);
	EQ(count(&t, "SELECT COUNT(*) FROM event WHERE body LIKE '%6222021234567890%' OR body LIKE "
		     "'%13800138000%'"),
	   0);
	down(&t);
}

TEST(api_tool_call_refuses_bad_requests)
{
	static const char *const bad[] = {
		"{\"args\":[1]}",
		"{\"args\":3}",
		"{\"checked\":\"by voice\"}",
		"{\"confirmed\":\"12\"}",
		"{\"confirmed\":\"zzzzzzzzzzzzzzzz\"}",
		"[]",
		"{",
	};
	struct tw t;
	CHECK(up(&t));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		EQ(http(&t.w, CALL, t.agent, bad[i], &t.r), 400);
		CHECK(is_problem(&t.r));
	}
	EQ(http_with(&t.w, CALL, t.agent, "Idempotency-Key: a b\r\n", "{}", &t.r), 400);
	struct sb big;
	sb_init(&big, 1 << 20);
	sb_cstr(&big, "{\"args\":{\"amount\":1,\"card\":\"");
	for (int i = 0; i < 20000; i++)
		sb_ch(&big, 'x');
	sb_cstr(&big, "\"}}");
	EQ(http(&t.w, CALL, t.agent, sb_str(&big), &t.r), 413);
	sb_done(&big);
	EQ(count(&t, "SELECT COUNT(*) FROM event WHERE kind LIKE 'tool.%'"), 0);
	down(&t);
}

/* Asks for a big refund as an agent; the id of the approval. */
static void big(struct tw *t, int amount, char id[40])
{
	char body[200];
	snprintf(body, sizeof(body), BIG, amount, "", "", "");
	http(&t->w, CALL, t->agent, body, &t->r);
	char print[40];
	snprintf(print, sizeof(print), SV_FMT, SV_ARG(jv_get_str(t->r.json, "print")));
	snprintf(body, sizeof(body), BIG, amount, ",\"confirmed\":\"", print, "\"");
	http(&t->w, CALL, t->agent, body, &t->r);
	snprintf(id, 40, SV_FMT, SV_ARG(jv_as_str(jv_path(t->r.json, "body.approval"))));
}

TEST(api_approvals_are_a_supervisors)
{
	struct tw t;
	char id[40], second[40], line[100];
	CHECK(up(&t));
	big(&t, 500, id);
	STR_EQ(outcome(&t), "approve");
	big(&t, 500, second);
	EQ(http(&t.w, "GET /api/v1/approvals?state=waiting", t.agent, NULL, &t.r), 200);
	EQ(jv_len(jv_get(t.r.json, "items")), 2);
	SV_EQ(jv_as_str(jv_path(t.r.json, "items.1.id")), id);
	SV_EQ(jv_as_str(jv_path(t.r.json, "items.0.title.en")), "Refund");
	SV_EQ(jv_as_str(jv_path(t.r.json, "items.0.args.card")), "***");
	CHECK(jv_is_null(jv_get(t.r.json, "next")));
	snprintf(line, sizeof(line), "POST /api/v1/approvals/%s", id);
	EQ(http(&t.w, line, t.agent, "{\"yes\":true}", &t.r), 403);
	EQ(http(&t.w, line, t.boss, "{}", &t.r), 400);
	EQ(http(&t.w, line, t.boss, "{\"yes\":true,\"note\":\"fine\"}", &t.r), 200);
	STR_EQ(outcome(&t), "done");
	EQ(http(&t.w, line, t.boss, "{\"yes\":true}", &t.r), 409);
	EQ(http(&t.w, "POST /api/v1/approvals/none", t.boss, "{\"yes\":true}", &t.r), 404);
	snprintf(line, sizeof(line), "POST /api/v1/approvals/%s", second);
	EQ(http(&t.w, line, t.boss, "{\"yes\":false}", &t.r), 200);
	STR_EQ(outcome(&t), "refused");
	EQ(http(&t.w, "GET /api/v1/approvals?state=no", t.boss, NULL, &t.r), 200);
	EQ(jv_len(jv_get(t.r.json, "items")), 1);
	EQ(http(&t.w, "GET /api/v1/approvals?state=maybe", t.boss, NULL, &t.r), 400);
	EQ(http(&t.w, "GET /api/v1/approvals?cursor=x", t.boss, NULL, &t.r), 400);
	EQ(count(&t, "SELECT COUNT(*) FROM kv WHERE k LIKE 'till%'"), 1);
	down(&t);
}

/* What is above a supervisor waits for who may do everything. */
TEST(api_approvals_above_a_supervisor)
{
	struct tw t;
	char id[40], line[100];
	CHECK(up(&t));
	big(&t, 6000, id);
	snprintf(line, sizeof(line), "POST /api/v1/approvals/%s", id);
	EQ(http(&t.w, line, t.boss, "{\"yes\":true}", &t.r), 403);
	CHECK(sv_find(jv_get_str(t.r.json, "detail"), SV("above your authority")) >= 0);
	EQ(count(&t, "SELECT COUNT(*) FROM kv WHERE k LIKE 'till%'"), 0);
	EQ(http(&t.w, line, aw_token(&t.w, "admin"), "{\"yes\":true}", &t.r), 200);
	STR_EQ(outcome(&t), "done");
	EQ(count(&t, "SELECT COUNT(*) FROM kv WHERE k LIKE 'till%'"), 1);
	down(&t);
}

static int refuse_all(void *arg, sv id, sv kind, const jv *body)
{
	return ERR_INVAL;
}

static int post_letter(void *arg, struct store_db *db)
{
	jv *m = jv_obj();
	jv_set_str(m, "text", SV("your refund"));
	return tool_post(db, "sms", m, SV("C-9"), 1);
}

/* What was given up stands where supervisors look for what waits. */
TEST(api_approvals_show_what_could_not_be_delivered)
{
	struct tw t;
	size_t n;
	CHECK(up(&t));
	EQ(http(&t.w, "GET /api/v1/approvals", t.boss, NULL, &t.r), 200);
	EQ(jv_as_int(jv_path(t.r.json, "undelivered.count"), -1), 0);
	OK(store_write(t.w.store, post_letter, NULL, NULL, NULL));
	OK(store_flush(t.w.store));
	OK(tool_outbox_run(t.kit, refuse_all, NULL, &n));
	EQ(http(&t.w, "GET /api/v1/approvals?state=waiting", t.boss, NULL, &t.r), 200);
	EQ(jv_as_int(jv_path(t.r.json, "undelivered.count"), -1), 1);
	SV_EQ(jv_as_str(jv_path(t.r.json, "undelivered.items.0.kind")), "sms");
	SV_EQ(jv_as_str(jv_path(t.r.json, "undelivered.items.0.customer")), "C-9");
	CHECK(sv_find(sb_sv(&t.r.body), SV("your refund")) < 0);
	char line[100];
	snprintf(line, sizeof(line), "POST /api/v1/outbox/" SV_FMT,
		 SV_ARG(jv_as_str(jv_path(t.r.json, "undelivered.items.0.id"))));
	EQ(http(&t.w, line, t.agent, "{\"again\":true}", &t.r), 403);
	EQ(http(&t.w, line, t.boss, "{}", &t.r), 400);
	EQ(http(&t.w, line, t.boss, "{\"again\":true,\"seen\":true}", &t.r), 400);
	EQ(http(&t.w, "POST /api/v1/outbox/none", t.boss, "{\"seen\":true}", &t.r), 404);
	EQ(http(&t.w, line, t.boss, "{\"again\":true}", &t.r), 200);
	SV_EQ(jv_get_str(t.r.json, "state"), "waiting");
	EQ(http(&t.w, line, t.boss, "{\"again\":true}", &t.r), 409);
	OK(tool_outbox_run(t.kit, refuse_all, NULL, &n));
	EQ(http(&t.w, line, t.boss, "{\"seen\":true}", &t.r), 200);
	EQ(http(&t.w, "GET /api/v1/approvals", t.boss, NULL, &t.r), 200);
	EQ(jv_as_int(jv_path(t.r.json, "undelivered.count"), -1), 0);
	EQ(count(&t, "SELECT COUNT(*) FROM event WHERE kind IN ('outbox.again','outbox.seen') AND "
		     "actor='user:tester'"), 2);
	down(&t);
}

TEST(api_tools_without_a_kit_say_so)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "GET /api/v1/tools", aw_token(&w, "agent"), NULL, &r), 503);
	EQ(http(&w, CALL, aw_token(&w, "agent"), "{}", &r), 503);
	resp_done(&r);
	aw_down(&w);
}
